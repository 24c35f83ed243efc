"""Sending out of the database: messages are claimed in batches, each batch with a token, and marked in batches.

A claim is a lease: when it runs out before the mark, the message is in doubt, because it may have been sent. A mark that
comes with another token than the row carries changes nothing: whoever was too late does not overwrite whoever came after.
On PostgreSQL several senders pass each other by (`SKIP LOCKED`), on SQLite they take turns.
"""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    String,
    and_,
    case,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from everlit.customers.model import Priority
from everlit.notices.channel import Kind
from everlit.notices.model import REACHED, Announcement, Claimed, Spans, State
from everlit.notices.outbox import Mark
from everlit.notices.store.fan_out import COLUMNS
from everlit.notices.store.tables import IN_FLIGHT, READY, announcements, outbox, spans
from everlit.platform.lists import rows_of

DETAIL, RECEIPT = 200, 200


_HAND = tuple(outbox.c[name] for name in Claimed.__slots__)


def claim(
    connection: Connection, channel: str, *, limit: int, now_s: int, lease_s: int, token: str, rank: int | None = None
) -> list[Claimed]:
    """Take up to `limit` messages of a channel that are due, the most pressing first (or of one priority only)."""
    taken: list[Claimed] = []
    for priority in Priority if rank is None else (rank,):
        if len(taken) < limit:
            where = (READY, outbox.c.priority == int(priority), outbox.c.due_s <= now_s, outbox.c.not_after_s > now_s)
            values = {"state": State.SENDING.value, "token": token, "due_s": now_s + lease_s}
            taken += _take(connection, channel, where, values, limit - len(taken))
    return taken


def claim_waiting(
    connection: Connection, channel: str, *, limit: int, now_s: int, since_s: int, lease_s: int, token: str
) -> list[Claimed]:
    """Take messages of a channel that rests and that cannot wait: those of life support and important customers, and
    whatever was queued before `since_s`."""
    pressing = (outbox.c.priority <= int(Priority.IMPORTANT)) | (outbox.c.queued_s <= since_s)
    where = (READY, outbox.c.due_s <= now_s, outbox.c.not_after_s > now_s, pressing)
    values = {"state": State.SENDING.value, "token": token, "due_s": now_s + lease_s}
    return _take(connection, channel, where, values, limit)


def claim_doubts(
    connection: Connection, channel: str, *, limit: int, now_s: int, lease_s: int, token: str
) -> list[Claimed]:
    """Take messages of a channel whose gateway has to be asked: leases that ran out, unknown ones, those whose delivery
    is waited for."""
    doubt = case((outbox.c.state == State.CONFIRMING.value, 0), (outbox.c.doubt_s == 0, now_s), else_=outbox.c.doubt_s)
    state = case((outbox.c.state == State.CONFIRMING.value, outbox.c.state), else_=State.UNKNOWN.value)
    where = (IN_FLIGHT, outbox.c.due_s <= now_s)
    values = {"state": state, "token": token, "due_s": now_s + lease_s, "doubt_s": doubt}
    return _take(connection, channel, where, values, limit)


def _take(
    connection: Connection, channel: str, where: Sequence[Any], values: dict[str, Any], limit: int
) -> list[Claimed]:
    chosen = (
        select(outbox.c.notice_id)
        .where(outbox.c.channel == channel, *where)
        .order_by(outbox.c.due_s)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("chosen")
    )
    query = update(outbox).where(outbox.c.notice_id.in_(select(chosen.c.notice_id))).values(values).returning(*_HAND)
    return [Claimed(*row) for row in connection.execute(query).all()]


def mark(connection: Connection, marks: Sequence[Mark], *, token: str) -> None:
    """Note what became of messages taken with `token`. A refused or given-up one is queued once more on the reader's next
    channel."""
    if not marks:
        return
    for one in marks:
        if one.onward:
            hand_on(connection, one, token=token)
    each = rows_of(connection, [_MARK(one) for one in marks])
    number, state, due, doubt, sent, receipt, detail, doubled, tried = (each.c.value[at] for at in range(9))
    corrected = and_(outbox.c.stale, state.as_string() == State.QUEUED.value)
    query = update(outbox).where(outbox.c.notice_id == number.as_integer(), outbox.c.token == token)
    query = query.values(
        state=case((corrected, State.SUPERSEDED.value), else_=state.as_string()),
        due_s=due.as_integer(),
        doubt_s=doubt.as_integer(),
        sent_s=sent.as_integer(),
        receipt=func.substr(receipt.as_string(), 1, RECEIPT),
        detail=func.substr(detail.as_string(), 1, DETAIL),
        doubled=outbox.c.doubled + doubled.as_integer(),
        attempts=outbox.c.attempts + tried.as_integer(),
        token="",
    )
    connection.execute(query)


_MARK = attrgetter("notice_id", "state", "due_s", "doubt_s", "sent_s", "receipt", "detail", "doubled", "tried")


def hand_on(connection: Connection, one: Mark, *, token: str) -> None:
    """The same message on the reader's next channel, unless it is there already."""
    again = outbox.alias("again")
    there = exists().where(
        again.c.account_no == outbox.c.account_no,
        again.c.contact_no == outbox.c.contact_no,
        again.c.announcement_id == outbox.c.announcement_id,
        again.c.channel == one.onward,
    )
    new: dict[str, ColumnElement[Any]] = {
        "channel": literal(one.onward, String),
        "state": literal(State.QUEUED.value, String),
        "attempts": literal(0, Integer),
        "doubled": literal(0, Integer),
        "due_s": literal(one.due_s, BigInteger),
        "doubt_s": literal(0, BigInteger),
        "sent_s": literal(0, BigInteger),
        "token": literal("", String),
        "receipt": literal("", String),
        "detail": literal("", String),
    }
    row = select(*(new.get(name, outbox.c[name]) for name in COLUMNS))
    row = row.where(outbox.c.notice_id == one.notice_id, outbox.c.token == token, ~outbox.c.stale, ~there)
    connection.execute(insert(outbox).from_select(COLUMNS, row))


def report(connection: Connection, channel: str, receipt: str, *, delivered: bool, now_s: int) -> list[Claimed]:
    """A gateway says by itself what became of a message it took; returns the rows that was about."""
    state = State.DELIVERED if delivered else State.GIVEN_UP
    query = update(outbox).where(
        outbox.c.channel == channel,
        outbox.c.receipt == receipt,
        outbox.c.receipt != "",
        outbox.c.state.in_([one.value for one in REACHED]),
    )
    query = query.values(state=state.value, due_s=now_s, token="").returning(*_HAND)
    return [Claimed(*row) for row in connection.execute(query).all()]


def expire(connection: Connection, *, now_s: int) -> int:
    """Queued messages that are of no use any more; returns how many."""
    query = update(outbox).where(READY, outbox.c.not_after_s <= now_s)
    return int(connection.execute(query.values(state=State.EXPIRED.value, due_s=now_s)).rowcount)


def next_due(connection: Connection, channels: Iterable[str]) -> int | None:
    """When the next message of some channels is due, None when none is waiting."""
    found = [
        connection.execute(select(func.min(outbox.c.due_s)).where(where, outbox.c.channel == channel)).scalar()
        for channel in channels
        for where in (READY, IN_FLIGHT)
    ]
    return min((int(due) for due in found if due is not None), default=None)


def standing(connection: Connection, event_id: str, channel: str, *, limit: int) -> list[Claimed]:
    """The messages of the newest version about an event on a channel that were not replaced."""
    newest = select(func.max(announcements.c.version)).where(announcements.c.event_id == event_id).scalar_subquery()
    query = (
        select(*_HAND)
        .join(announcements, announcements.c.announcement_id == outbox.c.announcement_id)
        .where(
            announcements.c.event_id == event_id, announcements.c.version == newest, outbox.c.channel == channel,
            outbox.c.state != State.SUPERSEDED.value,
        )
        .order_by(outbox.c.notice_id)
        .limit(limit)
    )  # fmt: skip
    return [Claimed(*row) for row in connection.execute(query).all()]


def kept_announcement(connection: Connection, announcement_id: int) -> Announcement:
    """An announcement by number."""
    row = connection.execute(select(announcements).where(announcements.c.announcement_id == announcement_id)).one()
    return announcement_of(row)


def announcement_of(row: Any) -> Announcement:
    """The announcement of a row."""
    return Announcement(
        row.announcement_id, row.network, row.event_id, row.version, Kind(row.kind), row.created_s, row.not_after_s,
        row.deadline_s, row.body,
    )  # fmt: skip


def kept_spans(connection: Connection, span_id: int) -> Spans:
    """The times of a number."""
    body = connection.execute(select(spans.c.body).where(spans.c.span_id == span_id)).scalar_one()
    return tuple((first, last) for first, last in body)
