"""What readers believe about an event: the newest message each was, or perhaps was, told, where it still stands."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, select
from sqlalchemy.sql.selectable import Subquery

from everlit.customers.store import accounts
from everlit.notices.model import STANDS, TOLD, Spans, State
from everlit.notices.store.announcements import of_event
from everlit.notices.store.tables import announcements, covered, outbox, spans


@dataclass(frozen=True, slots=True)
class Belief:
    """What a reader was told last about an event, when it still stands."""

    notice_id: int
    announcement_id: int
    account_no: int
    contact_no: int
    span_id: int
    certain: bool
    priority: int


def believed(event_id: str, *, before: int | None = None, waiting: bool = False) -> Subquery:
    """The newest message each reader was, or perhaps was, told about an event (before a version), where it still stands.
    `waiting` counts what is queued as told."""
    states = [state.value for state in (*TOLD, *((State.QUEUED,) if waiting else ()))]
    mine = and_(announcements.c.announcement_id == outbox.c.announcement_id, announcements.c.event_id == event_id)
    query = select(func.max(outbox.c.notice_id).label("notice_id")).join(announcements, mine)
    if before is not None:
        query = query.where(announcements.c.version < before)
    newest = (
        query.where(outbox.c.state.in_(states)).group_by(outbox.c.account_no, outbox.c.contact_no).subquery("newest")
    )
    return (
        select(
            outbox.c.notice_id, outbox.c.announcement_id, outbox.c.account_no, outbox.c.contact_no, outbox.c.span_id,
            outbox.c.certain, outbox.c.priority, outbox.c.accounts,
        )
        .join(newest, newest.c.notice_id == outbox.c.notice_id)
        .join(announcements, announcements.c.announcement_id == outbox.c.announcement_id)
        .where(announcements.c.kind.in_([kind.value for kind in STANDS]))
        .subquery("believed")
    )  # fmt: skip


def spoken(connection: Connection, event_id: str) -> bool:
    """True when anybody was, or perhaps was, told about the event."""
    told = outbox.c.state.in_([state.value for state in TOLD])
    query = select(outbox.c.notice_id).where(outbox.c.announcement_id.in_(of_event(event_id)), told).limit(1)
    return connection.execute(query).first() is not None


def beliefs(connection: Connection, event_id: str, *, doubtful_below: float | None = None) -> list[Belief]:
    """What delegates believe, or, with `doubtful_below`, holders whose place is less certain than that."""
    what = believed(event_id)
    query = select(*(what.c[name] for name in Belief.__slots__))
    if doubtful_below is None:
        query = query.where(what.c.contact_no > 0)
    else:
        query = query.join(accounts, accounts.c.account_no == what.c.account_no)
        query = query.where(what.c.contact_no == 0, accounts.c.link_probability < doubtful_below)
    return [Belief(*row) for row in connection.execute(query)]


def spans_in(connection: Connection, what: Subquery) -> list[tuple[int, Spans]]:
    """The different times that readers believe in, by their number."""
    query = select(spans.c.span_id, spans.c.body).where(spans.c.span_id.in_(select(what.c.span_id)))
    rows = connection.execute(query.order_by(spans.c.span_id))
    return [(row.span_id, tuple((first, last) for first, last in row.body)) for row in rows]


def covered_by(connection: Connection, some: Iterable[Belief]) -> dict[int, frozenset[int]]:
    """The accounts each delegate's message was about, by contact number."""
    found: dict[int, frozenset[int]] = {}
    for belief in some:
        query = select(covered.c.account_no).where(
            covered.c.announcement_id == belief.announcement_id, covered.c.contact_no == belief.contact_no
        )
        found[belief.contact_no] = frozenset(connection.execute(query).scalars())
    return found
