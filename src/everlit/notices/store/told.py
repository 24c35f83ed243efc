"""Reading what was said: counts by state, what an account was told, who is still owed a word."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, exists, func, or_, select
from sqlalchemy.sql.selectable import Select

from everlit.customers.model import Priority
from everlit.customers.store import contacts
from everlit.notices.clocks import Waiting
from everlit.notices.model import FRESH, OPEN, Announcement
from everlit.notices.store.proof import unsigned_of
from everlit.notices.store.queue import announcement_of
from everlit.notices.store.tables import announcements, covered, outbox, spans
from everlit.notices.store.undelivered import count_undelivered


@dataclass(frozen=True, slots=True)
class Count:
    """How many messages of one version and kind stand in one state on one channel."""

    version: int
    kind: str
    channel: str
    state: str
    count: int


def counts(connection: Connection, event_id: str, *, version: int | None = None) -> list[Count]:
    """Messages about an event by version, kind, channel and state."""
    columns = (announcements.c.version, announcements.c.kind, outbox.c.channel, outbox.c.state)
    query = select(*columns, func.count()).join_from(
        announcements, outbox, outbox.c.announcement_id == announcements.c.announcement_id
    )
    query = query.where(announcements.c.event_id == event_id)
    if version is not None:
        query = query.where(announcements.c.version == version)
    return [Count(*row) for row in connection.execute(query.group_by(*columns).order_by(*columns))]


def doubled(connection: Connection, event_id: str) -> int:
    """Messages that may have reached their reader twice."""
    query = select(func.count()).where(outbox.c.doubled > 0, outbox.c.announcement_id.in_(_numbers(event_id)))
    return int(connection.execute(query).scalar_one())


def said_about(connection: Connection, event_id: str) -> list[Announcement]:
    """Everything that was said about an event, oldest first."""
    query = select(announcements).where(announcements.c.event_id == event_id)
    rows = connection.execute(query.order_by(announcements.c.announcement_id))
    return [announcement_of(row) for row in rows]


def newest_events(connection: Connection, network: str, *, limit: int) -> list[str]:
    """The events of a network last spoken about."""
    query = select(announcements.c.event_id).where(announcements.c.network == network)
    query = query.group_by(announcements.c.event_id).order_by(func.max(announcements.c.created_s).desc())
    return list(connection.execute(query.limit(limit)).scalars())


def _numbers(event_id: str) -> Select[Any]:
    return select(announcements.c.announcement_id).where(announcements.c.event_id == event_id)


# ------------------------------------------------------------------------------------------ one account
@dataclass(frozen=True, slots=True)
class Told:
    """One message an account was, or will be, told by."""

    notice_id: int
    event_id: str
    version: int
    kind: str
    channel: str
    state: str
    delegate: str
    certain: bool
    queued_s: int
    sent_s: int
    spans: tuple[tuple[int, int], ...]
    announcement_id: int
    span_id: int


def told_account(connection: Connection, account_no: int, *, limit: int = 200) -> list[Told]:
    """What an account was told, newest first: to its holder, and to delegates on its behalf."""
    on_behalf = exists().where(
        covered.c.announcement_id == outbox.c.announcement_id,
        covered.c.contact_no == outbox.c.contact_no,
        covered.c.account_no == account_no,
    )
    query = (
        select(outbox, announcements, contacts.c.contact_id, spans.c.body.label("times"))
        .join(announcements, announcements.c.announcement_id == outbox.c.announcement_id)
        .join(spans, spans.c.span_id == outbox.c.span_id)
        .join(contacts, contacts.c.contact_no == outbox.c.contact_no, isouter=True)
        .where(or_(outbox.c.account_no == account_no, and_(outbox.c.account_no == 0, on_behalf)))
        .order_by(outbox.c.notice_id.desc())
        .limit(limit)
    )
    return [
        Told(
            row.notice_id, row.event_id, row.version, row.kind, row.channel, row.state, row.contact_id or "",
            row.certain, row.queued_s, row.sent_s, tuple((first, last) for first, last in row.times),
            row.announcement_id, row.span_id,
        )
        for row in connection.execute(query)
    ]  # fmt: skip


# ----------------------------------------------------------------------------------------- who is still owed
def waiting(connection: Connection, network: str, *, after_s: int) -> list[tuple[Announcement, Waiting]]:
    """First words about outages that begin after an instant, with how many readers they have not reached."""
    kinds = [kind.value for kind in FRESH]
    query = select(announcements).where(
        announcements.c.network == network, announcements.c.kind.in_(kinds), announcements.c.not_after_s > after_s
    )
    found = []
    for row in connection.execute(query.order_by(announcements.c.announcement_id)).all():
        made = announcement_of(row)
        undelivered = outbox.c.state.in_([state.value for state in OPEN])
        open_ones = and_(outbox.c.announcement_id == made.announcement_id, undelivered)
        everybody = connection.execute(select(func.count()).where(open_ones)).scalar_one()
        pressing = open_ones & (outbox.c.priority < int(Priority.ORDINARY))
        important = connection.execute(select(func.count()).where(pressing)).scalar_one()
        start = datetime.fromisoformat(made.body["facts"]["start"])
        unsigned = len(unsigned_of(connection, made.announcement_id))
        nowhere, pressing_nowhere = count_undelivered(connection, made.announcement_id)
        owed = int(everybody) + nowhere, int(important) + pressing_nowhere
        found.append((made, Waiting(made.event_id, made.kind, start, *owed, unsigned)))
    return found
