"""Fault location at the size of the reference utility: 100,000 last gasps, from signals to the posterior of every place.

Intake is measured beside the same bytes appended to a file in the same batches, each followed by an fsync.

Peers of location only count the same rows: by section, which shows what finding them in the network costs, and under each device by
a walk of the tree, as the usual rule of thumb does; that one is measured on a part of the devices and told per device.
"""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import networkx as nx
import numpy as np
import pyarrow as pa

from bench.harness import Measurement, benchmark, fresh_process, measured, seconds_of
from everlit.app import App
from everlit.faults.columns import columns_of
from everlit.faults.locate import believe_signals, locate
from everlit.faults.model import Signal, SignalKind
from everlit.faults.places import places_of
from everlit.faults.policies import FAULT_POLICIES, rules_of
from everlit.faults.reading import read_signals
from everlit.grid import Grid, compile_network
from everlit.grid.identities import Identities
from everlit.grid.reference_utility import reference_utility
from everlit.platform.events import Actor
from everlit.reliability.failure_data import assumptions, components_of

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
GASPS = 100_000
PEER_FEEDERS = 20
BATCH, WRITERS, CALLS = 1_000, 32, 4_000
HEAD_END = Actor("head end", "dispatcher")
GIBIBYTE = 1 << 30


@benchmark("faults.locate")
def located() -> Iterator[Measurement]:
    """100,000 last gasps within a minute at 1.1 million customers."""
    done = fresh_process("bench.faults:located_in_city")
    got = done.answer
    whole = got["read_s"] + got["locate_s"]
    yield measured(f"{GASPS:,} last gasps, from a CSV file to places and reasons", whole, "s", at_most=10)
    yield measured(
        f"{GASPS:,} last gasps located, {got['places']:,} places", got["locate_s"], "s",
        peer="counting by section alone", peer_value=got["count_s"],
    )  # fmt: skip
    yield measured(
        "the same, per device", got["locate_s"] / got["devices"] * 1e6, "µs",
        peer="counting under each device (networkx)", peer_value=got["walk_s"] * 1e6,
    )  # fmt: skip
    yield measured("feeders put dark that were found", got["found"], "%", at_least=95)
    yield measured("memory", done.peak_bytes / GIBIBYTE, "GiB", at_most=4)


def located_in_city() -> dict[str, Any]:
    """All figures, in a process of its own."""
    grid = compile_network(reference_utility(1))
    rules = rules_of(FAULT_POLICIES, on=NOON.date())
    failures = components_of(grid, assumptions()).failures
    signals, dark = storm(grid)
    at = NOON + timedelta(minutes=1)

    def ours() -> Any:
        return locate(grid, grid.switch_normal_closed, signals, at=at, rules=rules, failures=failures)[0]

    ours()
    began = time.perf_counter()
    ours()
    took = time.perf_counter() - began
    places = places_of(grid, grid.switch_normal_closed)
    file = as_csv(signals)
    return {
        "places": places.size,
        "devices": int(places.protected.sum()),
        "read_s": seconds_of(lambda: read_signals(file, name="signals.csv"), rounds=1),
        "locate_s": took,
        "count_s": seconds_of(lambda: counted(grid, signals), rounds=3),
        "walk_s": walked(grid, signals),
        "found": 100.0 * found(grid, signals, dark),
    }


def storm(grid: Grid) -> tuple[list[Signal], list[int]]:
    """Feeders trip until enough meters have gasped, of which four in ten arrive within a minute; their heads are seen open."""
    rng = np.random.default_rng(1)
    feeder = grid.normal_feeder[grid.section_of_node[grid.consumer_node]]
    names = grid.network.tables["consumers"].column(0).to_pylist()
    dark, rows = [], np.zeros(0, np.int64)
    for one in rng.permutation(len(grid.feeder_ids)).tolist():
        dark.append(one)
        mine = np.flatnonzero(feeder == one)
        rows = np.append(rows, mine[rng.random(len(mine)) < 0.4])
        if len(rows) >= GASPS:
            break
    seconds = rng.uniform(0, 60, len(rows))
    signals = []
    for row, second in zip(rows[:GASPS].tolist(), seconds.tolist(), strict=False):
        when = NOON + timedelta(seconds=second)
        signals.append(Signal("ams", f"{row}", SignalKind.POWER_OFF, names[row], True, when, when))
    heads = [grid.switch_id(int(head)) for head in grid.feeder_head[dark]]
    signals += [Signal("scada", head, SignalKind.POSITION, head, True, NOON, NOON) for head in heads]
    return signals, dark


def as_csv(signals: list[Signal]) -> bytes:
    """The file of some signals."""
    rows = [
        f"{one.source},{one.source_id},{one.kind.value},{one.subject},,{one.occurred_at.isoformat()},{one.arrived_at.isoformat()}"
        for one in signals
    ]
    return "\n".join(["source,source_id,kind,subject,value,occurred_at,arrived_at", *rows]).encode()


def found(grid: Grid, signals: list[Signal], dark: list[int]) -> float:
    """Share of the dark feeders whose head is believed open."""
    columns, _ = columns_of(grid, signals, at=NOON + timedelta(minutes=1))
    rules = rules_of(FAULT_POLICIES, on=NOON.date())
    failures = components_of(grid, assumptions()).failures
    belief = believe_signals(grid, grid.switch_normal_closed, columns, rules=rules, failures=failures)
    heads = belief.places.of_branch[grid.first_switch + grid.feeder_head[dark]]
    return float((belief.posterior.opened[heads] > 0.5).mean())


def counted(grid: Grid, signals: list[Signal]) -> Any:
    """How many gasped in each transformer area: the same rows, only counted."""
    rows = Identities(grid.network.tables["consumers"].column(0)).rows(pa.array([one.subject for one in signals]))
    return np.bincount(grid.section_of_node[grid.consumer_node[rows]], minlength=grid.n_sections)


def walked(grid: Grid, signals: list[Signal]) -> float:
    """Seconds per device to count the gasps under it, for all switches of some feeders, by a walk of the tree for each."""
    counts = counted(grid, signals)
    graph = nx.DiGraph()
    fed = np.flatnonzero(grid.section_parent >= 0)
    graph.add_edges_from(zip(grid.section_parent[fed].tolist(), fed.tolist(), strict=True))
    devices = fed[np.isin(grid.normal_feeder[fed], np.arange(PEER_FEEDERS))].tolist()
    began = time.perf_counter()
    for device in devices:
        sum(int(counts[section]) for section in (device, *nx.descendants(graph, device)))
    return (time.perf_counter() - began) / len(devices)


# ---------------------------------------------------------------------------------------------------- intake


@benchmark("faults.intake")
def taken() -> Iterator[Measurement]:
    """100,000 last gasps taken in batches, single calls of many writers, and draining into SQLite."""
    with TemporaryDirectory() as folder:
        home = Path(folder)
        app = App.open(home / "home", clock=lambda: NOON)
        signals = [
            Signal("ams", f"{row}", SignalKind.POWER_OFF, f"load {row}", True, NOON, NOON) for row in range(GASPS)
        ]
        batches = [signals[begin : begin + BATCH] for begin in range(0, GASPS, BATCH)]
        took = once(lambda: [app.faults.accept("urban", some, actor=HEAD_END) for some in batches])
        content = b"".join(path.read_bytes() for path in sorted((home / "home/spool").glob("*.log")))
        bare = once(lambda: appended(home / "bare", content, len(batches)))
        yield measured(
            f"{GASPS:,} last gasps taken, {BATCH:,} together", took, "s",
            peer="append and fsync of the same bytes", peer_value=bare, at_most=10,
        )  # fmt: skip
        drain = once(lambda: app.faults.drain(actor=HEAD_END))
        yield measured(f"{GASPS:,} drained from the spool into SQLite", drain, "s", at_most=10)
        alone = CALLS / once(lambda: called(app, 1))
        yield measured(f"calls a second, {WRITERS} writers waiting", CALLS / once(lambda: called(app, WRITERS)),
                       "/s", peer="one writer", peer_value=alone, at_least=84)  # fmt: skip
        app.engine.dispose()


def once(work: Callable[[], object]) -> float:
    """Seconds of work that cannot be repeated: what is taken or drained is done."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def appended(path: Path, content: bytes, times: int) -> None:
    """Bytes appended in as many equal parts, each safe on disk before the next."""
    size = -(-len(content) // times)
    with path.open("ab", buffering=0) as file:
        for begin in range(0, len(content), size):
            file.write(content[begin : begin + size])
            os.fsync(file.fileno())


def called(app: App, writers: int) -> None:
    """Single calls, taken one by one by as many writers at once."""

    def take(number: int) -> None:
        call = Signal("call.ivr", f"{writers}.{number}", SignalKind.CALL, "load 1", True, NOON, NOON)
        app.faults.accept("urban", [call], actor=HEAD_END)

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(take, range(CALLS)))
