"""Where the ledger is kept (台账存储): batches, statements, their rows, and the same rows as columns. Rows are only added.

    ledger_batches      one recording: since when it is known, who did it, why
    ledger_statements   one statement of it: event, nature, cause, source, reference, revision
    ledger_subjects     the register: a number for every subject that was ever off
    ledger_intervals    (subject, statement, off, on): one row each, together for a subject
    ledger_pieces       the same rows in whole columns, derived, each with its fingerprint

Within a network what is recorded later is known later, also when the clock is set back: a state of knowledge is
a number of batches.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    Select,
    String,
    Table,
    UniqueConstraint,
    func,
    insert,
    select,
)

from everlit.grid.columns import Ints
from everlit.grid.store import network_versions
from everlit.ledger.book import Recorded
from everlit.ledger.model import CAUSES, NATURES, Cause, Nature, SubjectKind
from everlit.ledger.packed import UnableToUnpack, cuts, fingerprint_of, pack, unpack
from everlit.ledger.register import KINDS, Register
from everlit.ledger.settle import Darkness
from everlit.ledger.statement import Drafts, Statement
from everlit.platform.database import metadata
from everlit.platform.events import aware

FEW = 500
"""So many names are asked for one by one; more by reading their whole column."""

CACHE_KIB = 200 * 1024
"""What SQLite may hold of its pages while it records."""

ledger_batches = Table(
    "ledger_batches",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("network", String(100), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("known_at", DateTime(timezone=True), nullable=False),
    Column("actor", String(100), nullable=False),
    Column("reason", String(400), nullable=False),
    Index("ix_ledger_batches_network_known_at", "network", "known_at"),
)
ledger_statements = Table(
    "ledger_statements",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("batch", Integer, nullable=False),
    Column("network", String(100), nullable=False),
    Column("event_id", String(120), nullable=False),
    Column("nature", String(40), nullable=False),
    Column("cause", String(40), nullable=False),
    Column("source", String(40), nullable=False),
    Column("source_ref", String(200), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("whole", Boolean, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("rows", Integer, nullable=False),
    Column("starts_s", BigInteger, nullable=False),
    Column("ends_s", BigInteger, nullable=False),
    UniqueConstraint("network", "source", "source_ref", "revision"),
    Index("ix_ledger_statements_network_event_id", "network", "event_id"),
    Index("ix_ledger_statements_network_ends_s", "network", "ends_s", "starts_s"),
)
ledger_subjects = Table(
    "ledger_subjects",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("network", String(100), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("subject_id", String(200), nullable=False),
    UniqueConstraint("network", "kind", "subject_id"),
)
ledger_intervals = Table(
    "ledger_intervals",
    metadata,
    Column("subject", Integer, primary_key=True, autoincrement=False),
    Column("statement", Integer, primary_key=True, autoincrement=False),
    Column("starts_s", BigInteger, primary_key=True, autoincrement=False),
    Column("ends_s", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
ledger_pieces = Table(
    "ledger_pieces",
    metadata,
    Column("first_statement", Integer, primary_key=True, autoincrement=False),
    Column("last_statement", Integer, nullable=False),
    Column("network", String(100), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Index("ix_ledger_pieces_network", "network"),
)


# ----------------------------------------------------------------------------------------------- writing


def take_turns(connection: Connection) -> None:
    """Recordings queue: numbers are given one after the other. (SQLite's writers queue anyway.)

    SQLite gets memory for the indices of a large recording; with its own two megabytes a million rows take a minute.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE ledger_batches IN SHARE ROW EXCLUSIVE MODE")
    else:
        connection.exec_driver_sql(f"PRAGMA cache_size=-{CACHE_KIB}")


def next_batch(connection: Connection) -> int:
    """Number of the recording that begins."""
    return _highest(connection, ledger_batches.c.number) + 1


def close_batch(
    connection: Connection, network: str, number: int, *, kind: str, at: datetime, actor: str, reason: str
) -> None:
    """End a recording: it is known at `at`, or when the one before it was known if that is later.

    The last word of its transaction, so that it is hardly known before it can be seen.
    """
    query = select(func.max(ledger_batches.c.known_at)).where(ledger_batches.c.network == network)
    before = connection.execute(query).scalar()
    known_at = at if before is None else max(at, aware(before))
    words = {"network": network, "kind": kind, "known_at": known_at, "actor": actor, "reason": reason}
    connection.execute(insert(ledger_batches).values(number=number, **words))


def append_statements(
    connection: Connection,
    network: str,
    batch: int,
    drafts: Drafts,
    hashes: Sequence[str],
    subjects: Ints,
    at_s: int,
) -> None:
    """Add statements with their rows and pieces; `subjects` are the register numbers of the rows.

    A statement that names nobody begins and ends at `at_s`.
    """
    if not len(drafts):
        return
    first = _highest(connection, ledger_statements.c.number) + 1
    rows = Darkness(subjects, drafts.rows.start_s, drafts.rows.end_s, drafts.rows.owner)
    begin = np.searchsorted(rows.owner, np.arange(len(drafts) + 1))
    count, starts, ends = _spans(rows, begin, at_s)
    natures, causes = (np.array([leaf.value for leaf in leaves]) for leaves in (NATURES, CAUSES))
    columns: list[Iterable[Any]] = [
        range(first, first + len(drafts)),
        [batch] * len(drafts),
        [network] * len(drafts),
        drafts.event_ids,
        natures[drafts.nature].tolist(),
        causes[drafts.cause].tolist(),
        drafts.source,
        drafts.source_ref,
        drafts.revision.tolist(),
        drafts.whole.tolist(),
        hashes,
        count.tolist(),
        starts.tolist(),
        ends.tolist(),
    ]
    _insert(connection, ledger_statements, columns)
    owner = (rows.owner + first).astype(np.int32)
    numbered = Darkness(rows.subject, rows.start_s, rows.end_s, owner)
    for one, after in cuts(begin[:-1].tolist(), len(rows)):
        piece = pack(numbered.take(slice(int(begin[one]), int(begin[after]))))
        row = {"first_statement": first + one, "last_statement": first + after - 1, "network": network}
        connection.execute(insert(ledger_pieces).values(**row, fingerprint=fingerprint_of(piece), content=piece))
    kept = numbered.take(np.lexsort((numbered.start_s, numbered.owner, numbered.subject)))
    arrays = (kept.subject, kept.owner, kept.start_s, kept.end_s)
    _insert(connection, ledger_intervals, [array.tolist() for array in arrays])


def _spans(rows: Darkness, begin: npt.NDArray[Any], at_s: int) -> tuple[Any, Any, Any]:
    """Rows, earliest start and latest end of each statement."""
    count = np.diff(begin)
    starts, ends = np.full(len(count), at_s, np.int64), np.full(len(count), at_s, np.int64)
    filled = np.flatnonzero(count)
    if len(filled):
        starts[filled] = np.minimum.reduceat(rows.start_s, begin[filled])
        ends[filled] = np.maximum.reduceat(rows.end_s, begin[filled])
    return count, starts, ends


def register(connection: Connection, network: str, kind: SubjectKind, ids: Sequence[str]) -> Ints:
    """Give numbers to subjects that have none yet."""
    first = _highest(connection, ledger_subjects.c.number) + 1
    numbers = range(first, first + len(ids))
    _insert(connection, ledger_subjects, [numbers, [network] * len(ids), [kind.value] * len(ids), ids])
    return np.arange(first, first + len(ids), dtype=np.int32)


def _insert(connection: Connection, table: Table, columns: Sequence[Iterable[Any]]) -> None:
    """Add rows given as columns, by the fastest way the database has."""
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "postgresql":
        with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copying:
            for row in zip(*columns, strict=True):
                copying.write_row(row)
        return
    marks = ", ".join("?" * len(table.columns))
    driver.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", zip(*columns, strict=True))


def _highest(connection: Connection, column: Column[int]) -> int:
    return int(connection.execute(select(func.coalesce(func.max(column), 0))).scalar_one())


# ----------------------------------------------------------------------------------------------- reading


def known_batch(connection: Connection, network: str, known_at: datetime | None = None) -> int:
    """The last recording known at an instant (now unless told), 0 when there is none."""
    query = select(func.coalesce(func.max(ledger_batches.c.number), 0)).where(ledger_batches.c.network == network)
    if known_at is not None:
        query = query.where(ledger_batches.c.known_at <= known_at)
    return int(connection.execute(query).scalar_one())


def statements_during(connection: Connection, network: str, first_s: int, last_s: int, *, batch: int) -> list[Recorded]:
    """All statements, up to a recording, about events of which any statement touches [first_s, last_s)."""
    t = ledger_statements.c
    mine = select(ledger_statements).where(t.network == network, t.batch <= batch)
    touching = _recorded(connection, mine.where(t.starts_s < last_s, t.ends_s >= first_s))
    several = select(t.event_id).where(t.network == network).group_by(t.event_id).having(func.count() > 1)
    others = _recorded(connection, mine.where(t.event_id.in_(several)))
    others = [one for one in others if not (one.starts_s < last_s and one.ends_s >= first_s)]
    if not others:
        return touching
    events = {one.event_id for one in touching}
    return sorted([*touching, *(one for one in others if one.event_id in events)], key=lambda one: one.number)


def arrived_between(
    connection: Connection, network: str, first_s: int, last_s: int, *, after: int, until: int, most: int
) -> tuple[list[int], int]:
    """Numbers of the statements of the recordings (after, until] about events that any statement by then puts into
    [first_s, last_s): the first `most`, and how many there are."""
    t = ledger_statements.c
    mine = select(t.event_id).where(t.network == network, t.batch <= until, t.starts_s < last_s, t.ends_s >= first_s)
    between = select(t.number).where(t.network == network, t.batch > after, t.batch <= until, t.event_id.in_(mine))
    count = connection.execute(select(func.count()).select_from(between.subquery())).scalar_one()
    return list(connection.execute(between.order_by(t.number).limit(most)).scalars()), int(count)


def statements_about(connection: Connection, network: str, events: Sequence[str], *, batch: int) -> list[Recorded]:
    """All statements, up to a recording, about some events."""
    t = ledger_statements.c
    found: list[Recorded] = []
    for begin in range(0, len(events), FEW):
        wanted = t.event_id.in_(events[begin : begin + FEW])
        found += _recorded(connection, select(ledger_statements).where(t.network == network, wanted, t.batch <= batch))
    return sorted(found, key=lambda one: one.number)


def _recorded(connection: Connection, query: Select[Any]) -> list[Recorded]:
    """Rows with the fields of `Recorded` in its order: a million of them are not copied into anything else."""
    chosen = query.with_only_columns(*(ledger_statements.c[name] for name in Recorded._fields))
    rows: Any = connection.execute(chosen.order_by(ledger_statements.c.number)).all()
    return list(rows)


def told(connection: Connection, numbers: Sequence[int]) -> list[Statement]:
    """Statements with when they are known, who recorded them and why, in the order of recording."""
    batch = ledger_batches.c
    joined = select(*ledger_statements.c, batch.known_at, batch.actor, batch.reason)
    joined = joined.join_from(ledger_statements, ledger_batches, ledger_statements.c.batch == batch.number)
    found: list[Statement] = []
    for begin in range(0, len(numbers), FEW):
        query = joined.where(ledger_statements.c.number.in_(numbers[begin : begin + FEW]))
        rows = connection.execute(query.order_by(ledger_statements.c.number)).mappings()
        found += [_statement(dict(row)) for row in rows]
    return found


def _statement(row: Mapping[str, Any]) -> Statement:
    words = {name: row[name] for name in Statement.__slots__}
    known_at = aware(row["known_at"])
    return Statement(**{**words, "nature": Nature(row["nature"]), "cause": Cause(row["cause"]), "known_at": known_at})


def revisions(
    connection: Connection, network: str, sources: Collection[str], refs: Collection[str]
) -> dict[tuple[str, str], dict[int, str]]:
    """Content hash of every revision recorded under some references of some sources."""
    t = ledger_statements.c
    query = select(t.source, t.source_ref, t.revision, t.content_hash).where(
        t.network == network, t.source.in_(sources)
    )
    query = query.where(t.source_ref.in_(refs)) if len(refs) <= FEW else query
    found: dict[tuple[str, str], dict[int, str]] = {}
    for source, ref, revision, content_hash in connection.execute(query):
        found.setdefault((source, ref), {})[revision] = content_hash
    return found


def rows_of(connection: Connection, network: str, numbers: Ints) -> Darkness:
    """The rows of statements (their numbers sorted), and of others that stand in the same pieces."""
    t = ledger_pieces.c
    ranges = connection.execute(select(t.first_statement, t.last_statement).where(t.network == network)).all()
    found = [
        rows
        for first, last in ranges
        if _any_within(numbers, first, last)
        for rows in [_piece(connection, first, last)]
    ]
    names = ("subject", "start_s", "end_s", "owner")
    kinds = (np.int32, np.int64, np.int64, np.int32)
    return Darkness(
        *(
            np.concatenate([np.zeros(0, kind), *(getattr(rows, name) for rows in found)])
            for name, kind in zip(names, kinds, strict=True)
        )
    )


def _any_within(numbers: Ints, first: int, last: int) -> bool:
    place = int(np.searchsorted(numbers, first))
    return place < len(numbers) and int(numbers[place]) <= last


def _piece(connection: Connection, first: int, last: int) -> Darkness:
    query = select(ledger_pieces.c.content, ledger_pieces.c.fingerprint).where(ledger_pieces.c.first_statement == first)
    content, fingerprint = connection.execute(query).one()
    try:
        return unpack(content, fingerprint)
    except UnableToUnpack:
        t = ledger_intervals.c
        return _intervals(
            connection, select(t.subject, t.starts_s, t.ends_s, t.statement).where(t.statement.between(first, last))
        )


def rows_about(connection: Connection, subject: int) -> Darkness:
    """Every row ever said of one subject."""
    t = ledger_intervals.c
    return _intervals(connection, select(t.subject, t.starts_s, t.ends_s, t.statement).where(t.subject == subject))


def _intervals(connection: Connection, query: Select[Any]) -> Darkness:
    rows = np.array([tuple(row) for row in connection.execute(query)], np.int64).reshape(-1, 4)
    return Darkness(rows[:, 0].astype(np.int32), rows[:, 1].copy(), rows[:, 2].copy(), rows[:, 3].astype(np.int32))


def version_known(connection: Connection, network: str, known_at: datetime) -> tuple[int, str, bool] | None:
    """Number and fingerprint of the network version known at an instant (else the oldest), and whether it is the newest."""
    t = network_versions.c
    query = select(t.version, t.fingerprint, t.imported_at).where(t.network == network).order_by(t.version)
    versions = [(row[0], row[1], aware(row[2])) for row in connection.execute(query)]
    if not versions:
        return None
    number, fingerprint, _ = max((one for one in versions if one[2] <= known_at), default=versions[0])
    return number, fingerprint, number == versions[-1][0]


def version_numbers(connection: Connection, network: str) -> list[tuple[int, str]]:
    """Number and fingerprint of every version of a network, newest first."""
    t = network_versions.c
    query = select(t.version, t.fingerprint).where(t.network == network).order_by(t.version.desc())
    return [(row[0], row[1]) for row in connection.execute(query)]


def registered(connection: Connection, network: str, *, after: int = 0) -> Register:
    """Subjects of a network with numbers above `after`."""
    t = ledger_subjects.c
    query = select(t.number, t.kind, t.subject_id).where(t.network == network, t.number > after).order_by(t.number)
    rows = connection.execute(query).all()
    codes = {kind.value: code for code, kind in enumerate(KINDS)}
    numbers, kinds = np.array([row[0] for row in rows], np.int32), np.array([codes[row[1]] for row in rows], np.int8)
    return Register(numbers, kinds, pa.array([row[2] for row in rows], pa.string()))
