"""The tables of notices. What is unique about a message: reader, event, kind, version (one announcement), channel."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    TableValuedAlias,
    UniqueConstraint,
    any_,
    cast,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause, Join

from everlit.platform.database import metadata

_SEQ = BigInteger().with_variant(Integer, "sqlite")

spans = Table(
    "notices_spans",
    metadata,
    Column("span_id", _SEQ, primary_key=True, autoincrement=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("body", JSON, nullable=False),
)
announcements = Table(
    "notices_announcements",
    metadata,
    Column("announcement_id", _SEQ, primary_key=True, autoincrement=True),
    Column("network", String(100), nullable=False),
    Column("event_id", String(120), nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("created_s", BigInteger, nullable=False),
    Column("not_after_s", BigInteger, nullable=False),
    Column("deadline_s", BigInteger),
    Column("body", JSON, nullable=False),
    UniqueConstraint("event_id", "version", "kind"),
    Index("ix_notices_announcements_network_created_s", "network", "created_s"),
)
outbox = Table(
    "notices_outbox",
    metadata,
    Column("notice_id", _SEQ, primary_key=True, autoincrement=True),
    Column("announcement_id", BigInteger, nullable=False),
    Column("account_no", BigInteger, nullable=False),
    Column("contact_no", BigInteger, nullable=False),
    Column("channel", String(20), nullable=False),
    Column("span_id", BigInteger, nullable=False),
    Column("certain", Boolean, nullable=False),
    Column("stale", Boolean, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("accounts", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("attempts", SmallInteger, nullable=False),
    Column("doubled", SmallInteger, nullable=False),
    Column("queued_s", BigInteger, nullable=False),
    Column("due_s", BigInteger, nullable=False),
    Column("not_after_s", BigInteger, nullable=False),
    Column("doubt_s", BigInteger, nullable=False),
    Column("sent_s", BigInteger, nullable=False),
    Column("token", String(32), nullable=False),
    Column("receipt", String(200), nullable=False),
    Column("detail", String(200), nullable=False),
    UniqueConstraint("account_no", "contact_no", "announcement_id", "channel"),
    Index("ix_notices_outbox_announcement_id", "announcement_id", "state", "channel"),
)
READY, IN_FLIGHT = text("state = 'queued'"), text("state IN ('sending', 'unknown', 'confirming')")
"""Predicates of the partial indexes; a query must carry the same words to be served by them."""
RECEIVED = text("receipt <> ''")
Index("ix_notices_outbox_ready", outbox.c.channel, outbox.c.priority, outbox.c.due_s,
      sqlite_where=READY, postgresql_where=READY)  # fmt: skip
Index("ix_notices_outbox_in_flight", outbox.c.channel, outbox.c.due_s,
      sqlite_where=IN_FLIGHT, postgresql_where=IN_FLIGHT)  # fmt: skip
Index("ix_notices_outbox_receipt", outbox.c.receipt, sqlite_where=RECEIVED, postgresql_where=RECEIVED)
covered = Table(
    "notices_covered",
    metadata,
    Column("announcement_id", BigInteger, primary_key=True),
    Column("contact_no", BigInteger, primary_key=True),
    Column("account_no", BigInteger, primary_key=True),
    Index("ix_notices_covered_account_no", "account_no"),
)
receipts = Table(
    "notices_receipts",
    metadata,
    Column("receipt_id", _SEQ, primary_key=True, autoincrement=True),
    Column("notice_id", BigInteger, nullable=False),
    Column("signed_by", String(100), nullable=False),
    Column("signed_at", DateTime(timezone=True), nullable=False),
    Column("how", String(20), nullable=False),
    Column("note", String(400), nullable=False),
    Column("entered_by", String(100), nullable=False),
    Index("ix_notices_receipts_notice_id", "notice_id"),
)
reconciliations = Table(
    "notices_reconciliations",
    metadata,
    Column("event_id", String(120), primary_key=True),
    Column("network", String(100), nullable=False),
    Column("month", String(7), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("body", JSON, nullable=False),
    Index("ix_notices_reconciliations_network", "network", "month"),
)
TABLES: tuple[Table, ...] = (spans, announcements, outbox, covered, receipts, reconciliations)


class _InOrder(Join):
    """A join whose left side SQLite reads first, as its CROSS JOIN promises."""

    inherit_cache = True


@compiles(_InOrder, "sqlite")
def _in_order(join: Join, compiler: Any, **asked: Any) -> str:
    left, right = (compiler.process(side, **{**asked, "asfrom": True}) for side in (join.left, join.right))
    return f"{left} CROSS JOIN {right} ON {compiler.process(join.onclause, **asked)}"


def joined(
    connection: Connection, pairs: Mapping[str, int], what: Column[Any]
) -> tuple[FromClause, ColumnElement[int]]:
    """The table of `what` joined to a long list of its values, and the number that the list gives with each of them.

    SQLite walks the list and looks each value up in an index, which its planner, knowing nothing of the list, would do the
    other way round half of the time. PostgreSQL gets two texts, which are taken apart faster than arrays; it knows how
    long the list is and hashes.
    """
    if connection.dialect.name == "sqlite":
        each = func.json_each(_json(pairs)).table_valued("key", "value", name="listed")
        return _InOrder(each, what.table, what == each.c.key), each.c.value
    words = [func.string_to_array(literal(MARK.join(map(str, side)), String), MARK) for side in (pairs, pairs.values())]
    given = func.unnest(words[0], cast(words[1], ARRAY(BigInteger))).table_valued(
        Column("key", String()), Column("value", BigInteger()), name="listed"
    )
    each = given.render_derived()
    return each.join(what.table, what == each.c.key), each.c.value


MARK = "\x1f"


def among(connection: Connection, what: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """True for what is on a list, which is sent as one parameter however long it is.

    SQLite looks a list in a subquery up value by value in an index of `what`. PostgreSQL knows the length of an array: a
    short one goes through the index, a long one is hashed and the table read once. It gets long ones as one text, which
    is taken apart faster than an array.
    """
    given = list(values)
    if connection.dialect.name == "sqlite":
        return what.in_(select(func.json_each(_json(given)).table_valued("value").c.value))
    if isinstance(what.type, String) and not any(MARK in one for one in given):
        return what == any_(func.string_to_array(literal(MARK.join(given), String), MARK, type_=ARRAY(String)))
    return what == any_(literal(given, ARRAY(what.type)))


def rows_of(connection: Connection, rows: Sequence[Sequence[Any]]) -> TableValuedAlias:
    """Rows as a table whose one column `value` is a JSON array, sent as one parameter."""
    value: Column[Any] = Column("value", JSON())
    if connection.dialect.name == "sqlite":
        return func.json_each(_json(rows)).table_valued(value, name="given")
    return func.json_array_elements(cast(literal(rows, JSON), JSON)).table_valued(value, name="given").render_derived()


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
