"""The few that are decided outside SQL: accounts whose place is in doubt, and delegates who receive for several."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, func, insert, select, union_all
from sqlalchemy.sql.elements import ColumnElement

from everlit.customers.model import Priority, Quiet
from everlit.customers.store import accounts, contacts, delegations, links
from everlit.notices.delegates import Bundle
from everlit.notices.model import Group, State
from everlit.notices.recipients import Place
from everlit.notices.store.fan_out import When
from everlit.notices.store.tables import covered, outbox
from everlit.platform.lists import InOrder, among


@dataclass(frozen=True, slots=True)
class Row:
    """One message decided here: to the holder of an account (`contact_no` 0), or to a delegate (`account_no` 0)."""

    account_no: int
    contact_no: int
    span_id: int
    certain: bool
    priority: int = 3
    accounts: int = 1


def queue_rows(connection: Connection, announcement_id: int, rows: Sequence[Row], *, when: When) -> int:
    """Put messages into the outbox; channel, quiet hours and a holder's priority are looked up."""
    holders = _reach(connection, accounts, accounts.c.priority, [row.account_no for row in rows if not row.contact_no])
    others = _reach(connection, contacts, contacts.c.contact_no, [row.contact_no for row in rows if row.contact_no])
    made = []
    for row in rows:
        channel, begin, end, rank = others[row.contact_no] if row.contact_no else holders[row.account_no]
        quiet = None if begin is None or end is None else Quiet(begin, end)
        priority = row.priority if row.contact_no else rank
        due = due_s(None if priority == Priority.LIFE_SUPPORT else quiet, when)
        made.append(_values(announcement_id, row, channel, priority, due, when))
    if made:
        connection.execute(insert(outbox), made)
    return len(made)


def due_s(quiet: Quiet | None, when: When) -> int:
    """When a message may go out: now, or at the end of the reader's quiet hours when that is not too late."""
    left_s = quiet.minutes_left(when.local_minute) * 60 if quiet else 0
    return when.now_s + left_s if when.now_s + left_s <= when.quiet_until_s else when.now_s


def _values(announcement_id: int, row: Row, channel: str, priority: int, due: int, when: When) -> dict[str, Any]:
    return {
        "announcement_id": announcement_id, "account_no": row.account_no, "contact_no": row.contact_no,
        "channel": channel, "span_id": row.span_id, "certain": row.certain, "stale": False, "priority": priority,
        "accounts": row.accounts, "state": State.QUEUED.value, "attempts": 0, "doubled": 0, "queued_s": when.now_s,
        "due_s": due, "not_after_s": when.not_after_s, "doubt_s": 0, "sent_s": 0, "token": "", "receipt": "",
        "detail": "",
    }  # fmt: skip


def _reach(
    connection: Connection, table: Any, rank: ColumnElement[Any], numbers: Sequence[int]
) -> Mapping[int, tuple[str, int | None, int | None, int]]:
    if not numbers:
        return {}
    key = table.primary_key.columns.values()[0]
    query = select(key, table.c.channel, table.c.quiet_from, table.c.quiet_to, rank)
    query = query.where(among(connection, key, numbers))
    return {row[0]: (row[1], row[2], row[3], row[4]) for row in connection.execute(query)}


def cover(connection: Connection, announcement_id: int, bundles: Iterable[Bundle]) -> None:
    """Note which accounts the message of each delegate is about."""
    rows = [
        {"announcement_id": announcement_id, "contact_no": bundle.contact_no, "account_no": number}
        for bundle in bundles
        for number in sorted(bundle.account_nos)
    ]
    if rows:
        connection.execute(insert(covered), rows)


def doubtful_places(connection: Connection, network: str, *, certain: float) -> list[Place]:
    """Every place where accounts may hang whose recorded place is not certain."""
    unsure = and_(accounts.c.network == network, accounts.c.link_probability < certain, accounts.c.link_probability < 1)
    recorded = select(accounts.c.account_no, accounts.c.consumer_id, accounts.c.link_probability).where(unsure)
    others = select(links.c.account_no, links.c.consumer_id, links.c.probability)
    others = others.join(accounts, accounts.c.account_no == links.c.account_no).where(unsure)
    return [Place(*row) for row in connection.execute(union_all(recorded, others))]


def names_of(connection: Connection, numbers: Iterable[int]) -> dict[int, str]:
    """Account identities by number."""
    wanted = among(connection, accounts.c.account_no, list(numbers))
    query = select(accounts.c.account_no, accounts.c.account_id).where(wanted)
    return {row.account_no: row.account_id for row in connection.execute(query)}


def delegations_at(
    connection: Connection, network: str, groups: Sequence[Group], *, extra: Collection[int]
) -> list[tuple[int, int, str, float, int]]:
    """(contact, account, load, its certainty, priority) of the delegations of accounts at some loads, or among `extra`.
    When there are more loads than delegations, those of the whole network: the caller passes over the others."""
    account = (accounts.c.account_no, accounts.c.consumer_id, accounts.c.link_probability, accounts.c.priority)
    query = select(delegations.c.contact_no, *account)
    query = query.select_from(InOrder(delegations, accounts, accounts.c.account_no == delegations.c.account_no))
    query = query.where(accounts.c.network == network)
    kept = int(connection.execute(select(func.count()).select_from(delegations)).scalar_one())
    if sum(len(group.consumer_ids) for group in groups) > kept:
        return [tuple(row) for row in connection.execute(query)]
    names = [name for group in groups for name in group.consumer_ids]
    at = query.where(among(connection, accounts.c.consumer_id, names))
    doubt = query.where(among(connection, accounts.c.account_no, list(extra)))
    return [tuple(row) for row in connection.execute(at.union(doubt))]
