"""Telling half a million: deciding and queueing beside a bare copy, claiming and marking, the first ten thousand told.

The peer inserts the very same rows into the very same indexed table from a plain table that holds nothing else: what is
left over is the deciding itself. Both end with their commit, on SQLite and on PostgreSQL.
"""

import asyncio
import json
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter
from uuid import uuid4

from sqlalchemy import Engine, create_engine, make_url, text

from bench.harness import Measurement, benchmark, measured
from everlit.kernel import Period, Text
from everlit.notices.channel import Answer, Kind, Message, Sent
from everlit.notices.model import Group, Happening, State, seconds
from everlit.notices.outbox import Mark
from everlit.notices.service import Notices
from everlit.notices.store.fan_out import COLUMNS
from everlit.planning.policies import DEFAULT_POLICIES
from everlit.platform.database import migrate, open_engine, writing
from everlit.platform.events import Actor

NOTICES, ACCOUNTS, ROUNDS = 500_000, 600_000, 3
BATCH = 2_000
"""Messages claimed at once where they are counted by the second."""
UNSURE, MANAGED = 200, 100
"""One account in so many hangs somewhere else perhaps; one in so many has a property manager, who has a hundred."""
WHO = Actor("bench", "system")
NOON = datetime(2031, 5, 1, 4, tzinfo=UTC)
PERIOD = Period(NOON + timedelta(days=20), NOON + timedelta(days=20, hours=8))
SERIES = {
    "sqlite": "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count})",
    "postgresql": "WITH s(n) AS (SELECT generate_series(1, {count}))",
}


@contextmanager
def stores() -> Iterator[list[tuple[str, str]]]:
    """A fresh SQLite file and a fresh database of a PostgreSQL of our own."""
    from scripts.postgres import postgres

    with tempfile.TemporaryDirectory() as folder, postgres() as server:
        name = f"bench_{uuid4().hex[:12]}"
        admin = create_engine(server, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        url = make_url(server).set(database=name).render_as_string(hide_password=False)
        try:
            yield [("sqlite", f"sqlite:///{Path(folder) / 'everlit.db'}"), ("postgresql", url)]
        finally:
            with admin.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
            admin.dispose()


def town(url: str, *, accounts: int) -> Engine:
    """A store with that many accounts, each at a load of its own; nobody in it exists."""
    engine = open_engine(url)
    migrate(engine)
    kind = engine.dialect.name
    series, no = SERIES[kind].format(count=accounts), "false" if kind == "postgresql" else "0"
    ways = json.dumps([{"channel": "sms", "address": "+99900000001", "consent": True}])
    with writing(engine) as connection:
        connection.execute(
            text(
                f"INSERT INTO customers_accounts (account_no, network, account_id, consumer_id, usage_point_id, "
                f"link_probability, importance, life_support, priority, kind, address, name, language, channel, quiet_from, "
                f"quiet_to, ways) {series} SELECT n, 'town', 'A' || n, 'c' || n, 'u' || n, "
                f"CASE WHEN n % {UNSURE} = 0 THEN 0.8 ELSE 1.0 END, CASE WHEN n % 50 = 0 THEN 4 ELSE 0 END, {no}, "
                f"CASE WHEN n % 50 = 0 THEN 1 ELSE 3 END, "
                f"'residential', 'Fictional Road ' || n, 'Fictional resident ' || n, 'zh', "
                f"'sms', 1320, 420, :ways FROM s"
            ),
            {"ways": ways},
        )
        connection.execute(
            text(
                f"INSERT INTO customers_contacts (contact_no, network, contact_id, role, name, language, channel, ways) "
                f"{SERIES[kind].format(count=accounts // MANAGED // 100 + 1)} "
                f"SELECT n, 'town', 'P' || n, 'property_manager', 'Fictional manager', 'zh', 'sms', :ways FROM s"
            ),
            {"ways": ways},
        )
        connection.execute(
            text(
                f"INSERT INTO customers_delegations (contact_no, account_no) {series} "
                f"SELECT 1 + n / {MANAGED} / 100, n FROM s WHERE n % {MANAGED} = 0 AND n < {accounts}"
            )
        )
    settle(engine)
    return engine


def settle(engine: Engine) -> None:
    """What a database does at night: statistics, no old log."""
    if engine.dialect.name == "sqlite":
        raw = engine.raw_connection()
        raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw.close()
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
        connection.execute(text("CHECKPOINT"))


def emptied(engine: Engine) -> None:
    """An outbox without a row."""
    with writing(engine) as connection:
        for table in ("notices_outbox", "notices_covered", "notices_announcements"):
            connection.execute(text(f"DELETE FROM {table}"))
    settle(engine)


def happening(loads: int, event: str) -> Happening:
    """An outage of that many loads, half of them all day and half for an hour."""
    start, names = seconds(PERIOD.start), [f"c{number}" for number in range(1, loads + 1)]
    day, hour = ((start, start + 8 * 3600),), ((start, start + 3600),)
    half = len(names) // 2
    groups = (Group(day, tuple(names[:half])), Group(hour, tuple(names[half:])))
    words = Text("overhaul", "线路检修")
    return Happening(
        event, "town", Kind.PLANNED, PERIOD, groups, words, words, Text("Example Power", "示范供电公司"), "95598"
    )


@benchmark("notices.queue_500000")
def queueing() -> list[Measurement]:
    """Decide and queue half a million notices, beside a bare INSERT … SELECT of the same rows."""
    found = []
    with stores() as given:
        for name, url in given:
            engine = town(url, accounts=ACCOUNTS)
            notices = Notices(engine, lambda: DEFAULT_POLICIES, lambda: NOON)
            mine, bare = [], []
            for turn in range(ROUNDS):
                mine.append(decided(engine, notices, f"O-{turn}"))
                if turn == 0:
                    kept(engine)
                emptied(engine)
                bare.append(copied(engine))
                emptied(engine)
            engine.dispose()
            ours, peer = statistics.median(mine), statistics.median(bare)
            found.append(
                measured(
                    f"notices.queue_500000.{name}", ours, "s", peer="bare INSERT … SELECT", peer_value=peer, at_most=15,
                    of_peer_at_most=1.5,
                )
            )  # fmt: skip
    return found


def decided(engine: Engine, notices: Notices, event: str) -> float:
    """Seconds of deciding and queueing, the commit included."""
    what, began = happening(NOTICES, event), perf_counter()
    with writing(engine) as connection:
        notices.announce(connection, what, actor=WHO)
    return perf_counter() - began


def kept(engine: Engine) -> None:
    """The rows as they were queued, in a plain table."""
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE plain AS SELECT * FROM notices_outbox"))
        rows = connection.execute(text("SELECT count(*) FROM plain")).scalar_one()
        if rows < NOTICES:
            raise AssertionError(f"only {rows} notices were queued")


def copied(engine: Engine) -> float:
    """Seconds of the bare copy, the commit included. The table numbers its rows in both cases."""
    columns = ", ".join(COLUMNS)
    began = perf_counter()
    with writing(engine) as connection:
        connection.execute(text(f"INSERT INTO notices_outbox ({columns}) SELECT {columns} FROM plain"))
    return perf_counter() - began


@benchmark("notices.claim_and_mark")
def claiming() -> list[Measurement]:
    """Messages claimed in batches, with text and address, and marked as taken, a second."""
    found = []
    with stores() as given:
        for name, url in given:
            engine = town(url, accounts=60_000)
            notices = Notices(engine, lambda: DEFAULT_POLICIES, lambda: NOON)
            rates = [claimed_and_marked(engine, notices, f"O-{turn}") for turn in range(ROUNDS)]
            engine.dispose()
            rate = statistics.median(rates)
            found.append(measured(f"notices.claim_and_mark.{name}", rate, "messages/s", at_least=10_000))
    return found


def claimed_and_marked(engine: Engine, notices: Notices, event: str) -> float:
    """Messages a second of 50,000 that wait."""
    with writing(engine) as connection:
        notices.announce(connection, happening(50_000, event), actor=WHO)
    settle(engine)
    outbox, count, began = notices.outbox(), 0, perf_counter()
    while some := outbox.claim("sms", BATCH, f"t{count}"):
        marks = [Mark(one.letter.notice_id, State.ACCEPTED, 0, sent_s=1, receipt=one.message.key[:20]) for one in some]
        outbox.mark(marks, f"t{count}")
        count += len(some)
    return count / (perf_counter() - began)


@dataclass
class Gateway:
    """A gateway that takes what it gets, 20 ms later."""

    name: str
    keyed: bool = True
    longest: int | None = None
    at: list[float] = field(default_factory=list)

    async def send(self, message: Message) -> Answer:
        await asyncio.sleep(0.02)
        self.at.append(perf_counter())
        return Answer(Sent.ACCEPTED, receipt=message.key[:20])

    async def lookup(self, message: Message, receipt: str) -> Answer | None:
        del message
        return Answer(Sent.ACCEPTED, receipt=receipt)


@benchmark("notices.first_10000")
def first_ten_thousand() -> list[Measurement]:
    """From the confirmation to the gateway, 10,000 households at 200 a second: seconds for 95 of 100."""
    found = []
    with stores() as given:
        for name, url in given:
            engine = town(url, accounts=20_000)
            began = perf_counter()
            notices = Notices(engine, lambda: DEFAULT_POLICIES, partial(noon_since, began))
            gateway = Gateway("sms")
            runner = notices.dispatcher([gateway], rates={"sms": 200})
            with writing(engine) as connection:
                notices.announce(connection, happening(10_000, "O-1"), actor=WHO)
            asyncio.run(runner.run())
            took = sorted(at - began for at in gateway.at)
            engine.dispose()
            if len(took) < 10_000:
                raise AssertionError(f"only {len(took)} were told")
            p95 = took[int(0.95 * len(took))]
            found.append(measured(f"notices.first_10000.{name}", p95, "s", at_most=60))
    return found


def noon_since(began: float) -> datetime:
    """The time of a day whose noon was at `began`: at night nobody is told of planned work."""
    return NOON + timedelta(seconds=perf_counter() - began)
