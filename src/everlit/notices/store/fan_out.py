"""Deciding in the database: who hears what about an event, as one `INSERT … SELECT` per group of loads.

    believes (told before) ╲ dark now      never told      the same times      other times
    dark now                               first word      –                   changed
    not dark now                           –               cancelled           cancelled

Here are the holders of accounts whose place is certain, the many. Accounts whose place is in doubt and delegates are
few: they are decided in Python by the same table (`doubt`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    Integer,
    SmallInteger,
    String,
    and_,
    case,
    exists,
    insert,
    literal,
    or_,
    select,
)
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import Select, Subquery

from everlit.customers.model import Priority
from everlit.customers.store import accounts, contacts
from everlit.notices.model import State
from everlit.notices.store.beliefs import believed
from everlit.notices.store.tables import covered, outbox
from everlit.platform.lists import among, joined

COLUMNS = (
    "announcement_id", "account_no", "contact_no", "channel", "span_id", "certain", "stale", "priority", "accounts",
    "state", "attempts", "doubled", "queued_s", "due_s", "not_after_s", "doubt_s", "sent_s", "token", "receipt",
    "detail",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class When:
    """The clock of one decision: now, the local minute of the day, the end of use, and until when to hold back for quiet
    hours (0: not at all)."""

    now_s: int
    local_minute: int
    not_after_s: int
    quiet_until_s: int


@dataclass(frozen=True, slots=True)
class Dark:
    """What goes dark, for one decision: loads by the number of their times, and from when a place counts as certain."""

    network: str
    loads: Mapping[int, Sequence[str]]
    certain: float

    @property
    def names(self) -> list[str]:
        """All loads."""
        return [name for some in self.loads.values() for name in some]


def queue_dark(connection: Connection, announcement_id: int, dark: Dark, *, when: When, event_id: str = "") -> int:
    """The first word to the holders of all accounts that surely hang on what goes dark. With an `event_id` those who
    believe something about it already are left out."""
    query, _ = _dark(connection, announcement_id, dark, when)
    if event_id:
        what = believed(event_id)
        query = query.where(accounts.c.account_no.not_in(select(what.c.account_no).where(what.c.contact_no == 0)))
    return _put(connection, query)


def queue_changed(connection: Connection, announcement_id: int, dark: Dark, *, when: When, event_id: str) -> int:
    """The change to those among them who believe in other times."""
    query, span = _dark(connection, announcement_id, dark, when)
    what = believed(event_id)
    mine = exists().where(what.c.account_no == accounts.c.account_no, what.c.contact_no == 0, what.c.span_id != span)
    return _put(connection, query.where(mine))


def queue_cancelled(connection: Connection, announcement_id: int, dark: Dark, *, when: When, event_id: str) -> int:
    """That it is off, to the holders who believe in it and hang on none of the loads any more."""
    what = believed(event_id)
    query = (
        _rows(announcement_id, what.c.span_id, when, certain=what.c.certain)
        .join_from(accounts, what, what.c.account_no == accounts.c.account_no)
        .where(what.c.contact_no == 0, accounts.c.network == dark.network, accounts.c.link_probability >= dark.certain)
        .where(~among(connection, accounts.c.consumer_id, dark.names))
    )
    return _put(connection, query)


def queue_told(
    connection: Connection, announcement_id: int, what: Subquery, *, believed_span: int, span_id: int, when: When
) -> int:
    """A word to everybody who believes (`what`) in some times, holders and delegates; those told are `span_id`'s."""
    times = literal(span_id, BigInteger)
    holders = (
        _rows(announcement_id, times, when, certain=what.c.certain)
        .join_from(accounts, what, and_(what.c.account_no == accounts.c.account_no, what.c.contact_no == 0))
        .where(what.c.span_id == believed_span)
    )
    others = (
        _rows(
            announcement_id, times, when, certain=what.c.certain, reader=contacts, priority=what.c.priority,
            account_no=literal(0, BigInteger), contact_no=contacts.c.contact_no, count=what.c.accounts,
        )
        .join_from(contacts, what, what.c.contact_no == contacts.c.contact_no)
        .where(what.c.span_id == believed_span)
    )  # fmt: skip
    about = (
        select(literal(announcement_id, BigInteger), covered.c.contact_no, covered.c.account_no)
        .join_from(
            covered, what,
            and_(what.c.announcement_id == covered.c.announcement_id, what.c.contact_no == covered.c.contact_no),
        )
        .where(what.c.span_id == believed_span)
    )  # fmt: skip
    connection.execute(insert(covered).from_select(["announcement_id", "contact_no", "account_no"], about))
    return _put(connection, holders) + _put(connection, others)


def _dark(
    connection: Connection, announcement_id: int, dark: Dark, when: When
) -> tuple[Select[Any], ColumnElement[int]]:
    where, span = joined(connection, dark.loads, accounts.c.consumer_id)
    query = _rows(announcement_id, span, when).select_from(where)
    return query.where(accounts.c.network == dark.network, accounts.c.link_probability >= dark.certain), span


def _rows(
    announcement_id: int,
    span_id: ColumnElement[Any],
    when: When,
    *,
    certain: ColumnElement[bool] | None = None,
    reader: Any = accounts,
    priority: ColumnElement[Any] = accounts.c.priority,
    account_no: ColumnElement[Any] = accounts.c.account_no,
    contact_no: ColumnElement[Any] | None = None,
    count: ColumnElement[Any] | None = None,
) -> Select[Any]:
    """The columns of new messages, in the order of `COLUMNS`."""
    nothing, no = literal("", String), literal(False, Boolean)
    zero, now_s = literal(0, BigInteger), literal(when.now_s, BigInteger)
    return select(
        literal(announcement_id, BigInteger),
        account_no,
        zero if contact_no is None else contact_no,
        reader.c.channel,
        span_id,
        literal(True, Boolean) if certain is None else certain,
        no,
        priority,
        literal(1, Integer) if count is None else count,
        literal(State.QUEUED.value, String),
        literal(0, SmallInteger),
        literal(0, SmallInteger),
        now_s,
        _due(reader, when, priority),
        literal(when.not_after_s, BigInteger),
        zero,
        zero,
        nothing,
        nothing,
        nothing,
    )


def _due(reader: Any, when: When, priority: ColumnElement[Any]) -> ColumnElement[Any]:
    """`Quiet.minutes_left` in SQL: the end of the reader's quiet hours, or now outside of them, for life support, and when
    it would be too late."""
    now_s = literal(when.now_s, BigInteger)
    if when.quiet_until_s <= when.now_s:
        return now_s
    begin, end = reader.c.quiet_from, reader.c.quiet_to
    length, into = (end - begin + 1440) % 1440, (when.local_minute - begin + 1440) % 1440
    over = now_s + (length - into) * 60
    at_once = or_(begin.is_(None), into >= length, over > when.quiet_until_s, priority == int(Priority.LIFE_SUPPORT))
    return case((at_once, now_s), else_=over)


def _put(connection: Connection, query: Select[Any]) -> int:
    made = insert(outbox).from_select(COLUMNS, query).execution_options(preserve_rowcount=True)
    return int(connection.execute(made).rowcount)
