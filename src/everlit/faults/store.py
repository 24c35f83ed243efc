"""The signal log in the database (信号台账): what the spool took, each signal once, never changed.

A spool is drained in order. How far it has been drained stands in the database and moves in the transaction that keeps the
signals: whoever is stopped anywhere begins again behind the last one kept, and nothing is lost or kept twice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Index,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    and_,
    insert,
    or_,
    select,
    update,
)

from everlit.customers.store import accounts
from everlit.faults.drained import Drained, Key, key_of, read_entries, told_apart
from everlit.faults.intake import Entry
from everlit.faults.model import Signal, SignalKind
from everlit.faults.spool import Spooled
from everlit.kernel import Period
from everlit.platform.database import metadata
from everlit.platform.events import aware

AT_ONCE = 400
"""Identities asked for in one query."""

faults_signals = Table(
    "faults_signals",
    metadata,
    Column("spool", String(32), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("network", String(100), nullable=False),
    Column("source", String(120), nullable=False),
    Column("source_id", String(120), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("value", Boolean, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("offset_min", SmallInteger, nullable=False),
    Column("arrived_at", DateTime(timezone=True), nullable=False),
    Column("body", JSON, nullable=False),
    UniqueConstraint("network", "source", "source_id"),
    Index("ix_faults_signals_occurred", "network", "occurred_at"),
)

faults_spools = Table(
    "faults_spools",
    metadata,
    Column("spool", String(32), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("drained_at", DateTime(timezone=True), nullable=False),
)


@dataclass(frozen=True, slots=True)
class StoredSignal:
    """A signal of the log: its number in its spool, who handed it in, and what else was told."""

    spool: str
    seq: int
    signal: Signal
    by: str
    told: Mapping[str, str]


# ---------------------------------------------------------------------------------------------------- keeping


def drained_through(connection: Connection, spool: str) -> tuple[int, datetime | None]:
    """The last number of a spool that is in the log, and when it was put there."""
    row = connection.execute(select(faults_spools).where(faults_spools.c.spool == spool)).one_or_none()
    return (0, None) if row is None else (int(row.seq), aware(row.drained_at))


def keep_spooled(connection: Connection, spool: str, spooled: Spooled, *, at: datetime) -> Drained:
    """Keep what was read from a spool and move its position, in the caller's transaction."""
    read, faults = read_entries(spool, spooled)
    entries = [(seq, _placed(connection, entry)) for seq, entry in read]
    new, conflicts = told_apart(entries, _known(connection, {key_of(entry) for _, entry in entries}))
    if new:
        connection.execute(insert(faults_signals), [_row(spool, seq, entry) for seq, entry in new])
    _move(connection, spool, spooled.last, at)
    refused = len(spooled.records) - len(read) + len(conflicts)
    return Drained(len(new), len(read) - len(new) - len(conflicts), refused, spooled.last, (*faults, *conflicts))


def _move(connection: Connection, spool: str, seq: int, at: datetime) -> None:
    moved = update(faults_spools).where(faults_spools.c.spool == spool).values(seq=seq, drained_at=at)
    if not connection.execute(moved).rowcount:
        connection.execute(insert(faults_spools).values(spool=spool, seq=seq, drained_at=at))


def _known(connection: Connection, keys: Iterable[Key]) -> dict[Key, Signal]:
    """Signals of the log that are known by one of these."""
    asked: dict[tuple[str, str], list[str]] = {}
    for network, source, source_id in keys:
        asked.setdefault((network, source), []).append(source_id)
    found = {}
    for (network, source), names in asked.items():
        for begin in range(0, len(names), AT_ONCE):
            query = select(faults_signals).where(
                faults_signals.c.network == network, faults_signals.c.source == source,
                faults_signals.c.source_id.in_(names[begin : begin + AT_ONCE]),
            )  # fmt: skip
            for row in connection.execute(query):
                found[network, source, row.source_id] = _stored(row).signal
    return found


def _placed(connection: Connection, entry: Entry) -> Entry:
    """A call that named no place gets the one of its account, or of its address where only one account has it."""
    if entry.signal.subject:
        return entry
    return replace(entry, signal=replace(entry.signal, subject=_place(connection, entry)))


def _place(connection: Connection, entry: Entry) -> str:
    for column, word in ((accounts.c.account_id, "account"), (accounts.c.address, "address")):
        if told := entry.told.get(word):
            query = select(accounts.c.usage_point_id, accounts.c.consumer_id)
            query = query.where(accounts.c.network == entry.network, column == told).limit(2)
            found = {row.usage_point_id or row.consumer_id for row in connection.execute(query)}
            if len(found) == 1:
                return str(found.pop())
    return ""


def _row(spool: str, seq: int, entry: Entry) -> dict[str, Any]:
    signal = entry.signal
    offset = signal.occurred_at.utcoffset() or timedelta()
    body = {"by": entry.by, "phase": signal.phase, "group": signal.group, "told": dict(entry.told)}
    return {
        "spool": spool, "seq": seq, "network": entry.network, "source": signal.source, "source_id": signal.source_id,
        "kind": signal.kind.value, "subject": signal.subject, "value": signal.value, "occurred_at": signal.occurred_at,
        "offset_min": int(offset / timedelta(minutes=1)), "arrived_at": signal.arrived_at, "body": body,
    }  # fmt: skip


# ---------------------------------------------------------------------------------------------------- reading


def signals_in(
    connection: Connection, network: str, period: Period, *, known_at: datetime, limit: int | None = None
) -> list[StoredSignal]:
    """Signals that occurred in a period, as known at an instant, by occurrence; the order of arrival does not show."""
    table = faults_signals.c
    within = and_(table.occurred_at >= period.start, table.occurred_at < period.end)
    query = _of(network, known_at).where(within).order_by(table.occurred_at, table.source, table.source_id)
    return [_stored(row) for row in connection.execute(query.limit(limit))]


def evidence_at(
    connection: Connection, network: str, since: Mapping[SignalKind, datetime], *, known_at: datetime
) -> list[Signal]:
    """Signals of some kinds since an instant of each, as known at an instant."""
    table = faults_signals.c
    young = [and_(table.kind == kind.value, table.occurred_at >= begin) for kind, begin in since.items()]
    query = _of(network, known_at).where(or_(*young), table.subject != "").order_by(table.occurred_at)
    return [_stored(row).signal for row in connection.execute(query)]


def _of(network: str, known_at: datetime) -> Any:
    return select(faults_signals).where(faults_signals.c.network == network, faults_signals.c.arrived_at <= known_at)


def _stored(row: Any) -> StoredSignal:
    zone = timezone(timedelta(minutes=row.offset_min))
    signal = Signal(
        row.source, row.source_id, SignalKind(row.kind), row.subject, row.value, aware(row.occurred_at).astimezone(zone),
        aware(row.arrived_at), row.body["phase"], row.body["group"],
    )  # fmt: skip
    return StoredSignal(row.spool, int(row.seq), signal, row.body["by"], row.body["told"])
