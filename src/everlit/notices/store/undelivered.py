"""Who cannot be told by any channel (无法送达): every way they allow failed, or it was too late, and nothing is under way.

They are what the desk has to do by telephone or in person, so each stands with every way that was tried and why it failed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Integer, cast, exists, func, select
from sqlalchemy.sql.selectable import Select

from everlit.customers.model import Priority
from everlit.customers.store import accounts, contacts
from everlit.notices.model import FAILED, OPEN, REACHED
from everlit.notices.store.tables import announcements, outbox

MOST = 2_000
"""Readers listed at most; more is no list but a channel out of order."""


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A reader of the last word whom no channel reached: an account, or a delegate (`contact:…`); `tried` by channel."""

    customer: str
    consumer_id: str
    address: str
    priority: Priority
    kind: str
    tried: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As the API shows it; the address is for the desk's list alone."""
        return {
            "customer": self.customer,
            "consumer_id": self.consumer_id,
            "important": self.priority <= Priority.IMPORTANT,
            "kind": self.kind,
            "tried": dict(self.tried),
        }


def count_undelivered(connection: Connection, announcement_id: int) -> tuple[int, int]:
    """Readers of an announcement whom no channel reached: all of them, and those who are important."""
    some = _readers().where(outbox.c.announcement_id == announcement_id).subquery()
    pressing = func.coalesce(func.sum(cast(some.c.priority < int(Priority.ORDINARY), Integer)), 0)
    everybody, important = connection.execute(select(func.count(), pressing).select_from(some)).one()
    return int(everybody), int(important)


def undelivered(connection: Connection, event_id: str) -> list[Undelivered]:
    """Readers of the last word about an event whom no channel reached, the most important first."""
    newest = select(func.max(announcements.c.version)).where(announcements.c.event_id == event_id).scalar_subquery()
    said = select(announcements.c.announcement_id).where(
        announcements.c.event_id == event_id, announcements.c.version == newest
    )
    who = _readers().where(outbox.c.announcement_id.in_(said)).order_by(outbox.c.priority).limit(MOST).subquery()
    query = (
        select(
            who.c.account_no, who.c.contact_no, who.c.priority, announcements.c.kind, outbox.c.channel, outbox.c.detail,
            outbox.c.state, accounts.c.account_id, accounts.c.consumer_id, accounts.c.address, contacts.c.contact_id,
        )
        .join_from(who, outbox, (outbox.c.announcement_id == who.c.announcement_id)
                   & (outbox.c.account_no == who.c.account_no) & (outbox.c.contact_no == who.c.contact_no))
        .join(announcements, announcements.c.announcement_id == who.c.announcement_id)
        .join(accounts, accounts.c.account_no == who.c.account_no, isouter=True)
        .join(contacts, contacts.c.contact_no == who.c.contact_no, isouter=True)
        .order_by(who.c.priority, accounts.c.account_id, contacts.c.contact_id, outbox.c.notice_id)
    )  # fmt: skip
    found: dict[tuple[int, int], Undelivered] = {}
    for row in connection.execute(query):
        name = row.account_id or f"contact:{row.contact_id}"
        one = found.setdefault(
            (row.account_no, row.contact_no),
            Undelivered(name, row.consumer_id or "", row.address or "", Priority(row.priority), row.kind, {}),
        )
        found[row.account_no, row.contact_no] = _tried(one, row.channel, row.detail or row.state)
    return list(found.values())


def _tried(one: Undelivered, channel: str, why: str) -> Undelivered:
    return Undelivered(one.customer, one.consumer_id, one.address, one.priority, one.kind, {**one.tried, channel: why})


def _readers() -> Select[Any]:
    """Readers with a failed message and none that is open or reached them, once each."""
    other = outbox.alias("other")
    elsewhere = exists().where(
        other.c.account_no == outbox.c.account_no,
        other.c.contact_no == outbox.c.contact_no,
        other.c.announcement_id == outbox.c.announcement_id,
        other.c.state.in_([state.value for state in (*OPEN, *REACHED)]),
    )
    columns = (outbox.c.announcement_id, outbox.c.account_no, outbox.c.contact_no, outbox.c.priority)
    return select(*columns).where(outbox.c.state.in_([state.value for state in FAILED]), ~elsewhere).distinct()
