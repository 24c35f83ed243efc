"""The ledger beside a bare database: a million interruptions imported, settled and read back.

Importing checks every cell, resolves every customer, hashes what is said, keeps rows, columns and an event; the peer
inserts the same rows, ready-made, into a table with the same primary key in the same database and nothing else.
"""

import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

from bench.harness import Measurement, benchmark, fresh_process, measured, paired
from everlit.app import App
from everlit.grid.model import Network
from everlit.grid.synthetic import reference_utility
from everlit.kernel import Period
from everlit.ledger.settle import Darkness, disjoint, settle
from everlit.ledger.store import ledger_intervals
from everlit.platform.database import migrate, open_engine, sqlite_url, writing
from everlit.platform.events import Actor

ROWS = 1_000_000
CUSTOMERS = 200_000
BEGIN_S = 1_735_660_800
YEAR = Period(datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
NATURES = ("内部故障停电", "外部故障停电", "内部计划检修停电", "内部临时检修停电")
EDITOR = Actor("bench", "reliability")


@benchmark("ledger.import")
def import_file() -> Iterator[Measurement]:
    """A million rows of CSV: of feeder outages, and each row an event of its own (the worst case)."""
    for shape, events in (("20,000 events", 20_000), ("an event each", ROWS)):
        got = fresh_process("bench.ledger:imported", events).answer
        yield measured(
            f"import of 1,000,000 rows, {shape}", got["import_s"], "s", at_most=20,
            peer="bare INSERT of the same rows", peer_value=got["bare_s"],
        )  # fmt: skip
        yield measured(f"the same file again, {shape}", got["again_s"], "s")
        yield measured(f"the year read and settled, {shape}", got["read_s"], "s")
        yield measured(f"one meter's story, {shape}", 1e3 * got["story_s"], "ms")


@benchmark("ledger.settle")
def settling() -> Measurement:
    """A million rows that overlap at random, settled; the peer sorts the same rows and does nothing else."""
    rng = np.random.default_rng(1)
    start = rng.integers(0, 31_000_000, ROWS)
    said = Darkness(
        rng.integers(0, CUSTOMERS, ROWS).astype(np.int32),
        start,
        start + rng.integers(60, 200_000, ROWS),
        rng.integers(0, 20_000, ROWS).astype(np.int32),
    )
    assert disjoint(settle(said)).all()
    ours, peer = paired(lambda: settle(said), lambda: np.lexsort((said.start_s, said.subject)), rounds=5)
    return measured(
        "1,000,000 rows settled", ours, "s", at_most=2, peer="NumPy sort of the same rows", peer_value=peer
    )  # fmt: skip


# ------------------------------------------------------------------------------ in a process of its own


def imported(events: int) -> dict[str, Any]:
    """Seconds to import a file, to import it again, to read and settle its year, and for the bare insert."""
    with tempfile.TemporaryDirectory() as folder:
        home, network = Path(folder), reference_utility(1, customers=CUSTOMERS, feeders=CUSTOMERS // 1000)
        app = App.open(home / "home", url=sqlite_url(home), clock=lambda: datetime(2026, 6, 1, tzinfo=UTC))
        app.import_network(network)
        app.grid(network.name)
        path = home / "interruptions.csv"
        pyarrow.csv.write_csv(made_up(network, events), path)
        warm_up(app, home)
        took = {}
        for name in ("import_s", "again_s"):
            began = time.perf_counter()
            done = app.ledger.import_file(network.name, path, actor=EDITOR)
            took[name] = time.perf_counter() - began
            assert done.clean
        began = time.perf_counter()
        rows = app.ledger.interruptions(network.name, YEAR)
        took["read_s"] = time.perf_counter() - began
        began = time.perf_counter()
        app.ledger.timeline(network.name, rows.subjects.ids[int(rows.subject[0])].as_py())
        took["story_s"] = time.perf_counter() - began
        return {**took, "bare_s": bare_insert(home, app)}


def made_up(network: Network, events: int) -> pa.Table:
    """Rows as a utility would export them: event by event, neighbours together, restored at different times."""
    rng = np.random.default_rng(1)
    ids = network.tables["consumers"].column("consumer_id").combine_chunks()
    per_event = ROWS // events
    event = np.repeat(np.arange(events), per_event)
    who = np.repeat(rng.integers(0, len(ids) - per_event, events), per_event) + np.tile(np.arange(per_event), events)
    off = BEGIN_S + np.repeat(rng.integers(0, 31_000_000, events), per_event)
    on = off + rng.integers(60, 20_000, ROWS)
    columns = {
        "停电编号": pa.array([f"E{number:07d}" for number in range(events)]).take(pa.array(event)),
        "用户编号": ids.take(pa.array(who)),
        "停电时间": written(off),
        "复电时间": written(on),
        "停电性质": pa.array(NATURES).take(pa.array(np.repeat(rng.integers(0, 4, events), per_event))),
    }
    return pa.table(columns)


def written(seconds: Any) -> pa.Array:
    """Instants as local text."""
    return pa.array(seconds + 8 * 3600).cast(pa.timestamp("s")).cast(pa.string())


def warm_up(app: App, home: Path) -> None:
    """Compile the kernels on one row of another network's ledger."""
    other = reference_utility(2, customers=1000, feeders=2)
    app.import_network(other)
    path = home / "one.csv"
    name = other.tables["consumers"].column("consumer_id")[0].as_py()
    path.write_text(
        f"event,subject,off,on,nature\nW,{name},2025-05-01 08:00,2025-05-01 09:00,fault.internal\n", "utf-8"
    )
    app.ledger.import_file(other.name, path, actor=EDITOR)
    app.ledger.interruptions(other.name, YEAR)


def bare_insert(home: Path, app: App) -> float:
    """Seconds to insert the rows the ledger holds, in its order, into an empty table of the same shape."""
    with app.engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(ledger_intervals.select())]
    engine = open_engine(f"sqlite:///{home / 'bare.db'}")
    migrate(engine)
    began = time.perf_counter()
    with writing(engine) as connection:
        connection.exec_driver_sql("INSERT INTO ledger_intervals VALUES (?, ?, ?, ?)", rows)
    return time.perf_counter() - began
