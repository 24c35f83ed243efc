"""The proof of notices: receipts somebody signed, and what reconciling an outage found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, case, exists, func, insert, select, union_all, update

from everlit.customers.model import Priority
from everlit.customers.store import accounts, contacts
from everlit.notices.model import FAILED, TOLD, State, seconds
from everlit.notices.store.tables import announcements, covered, outbox, receipts, reconciliations
from everlit.platform.events import aware
from everlit.platform.lists import among

SIGNABLE = [state.value for state in (*TOLD, *FAILED)]
"""Whoever no channel reached may have been told in person: then the receipt is the delivery."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Somebody signed that a message was received (签收): who, when, how, entered by whom."""

    notice_id: int
    signed_by: str
    signed_at: datetime
    how: str
    note: str = ""
    entered_by: str = ""


def keep_receipt(connection: Connection, receipt: Receipt) -> int:
    """Keep a signed receipt; receipts are only added."""
    row = {name: getattr(receipt, name) for name in Receipt.__slots__}
    query = insert(receipts).values(row).returning(receipts.c.receipt_id)
    number = int(connection.execute(query).scalar_one())
    reached = update(outbox).where(outbox.c.notice_id == receipt.notice_id, outbox.c.state.in_(SIGNABLE))
    sent_s = case((outbox.c.sent_s == 0, seconds(receipt.signed_at)), else_=outbox.c.sent_s)
    connection.execute(reached.values(state=State.DELIVERED.value, token="", sent_s=sent_s))
    return number


def receipts_of(connection: Connection, event_id: str) -> list[tuple[str, Receipt]]:
    """The signed receipts of an event with the accounts (or delegates) they are of."""
    query = (
        select(receipts, accounts.c.account_id, contacts.c.contact_id)
        .join(outbox, outbox.c.notice_id == receipts.c.notice_id)
        .join(announcements, announcements.c.announcement_id == outbox.c.announcement_id)
        .join(accounts, accounts.c.account_no == outbox.c.account_no, isouter=True)
        .join(contacts, contacts.c.contact_no == outbox.c.contact_no, isouter=True)
        .where(announcements.c.event_id == event_id)
        .order_by(receipts.c.receipt_id)
    )
    return [
        (
            row.account_id or row.contact_id or "",
            Receipt(row.notice_id, row.signed_by, aware(row.signed_at), row.how, row.note, row.entered_by),
        )
        for row in connection.execute(query)
    ]


def unsigned_of(connection: Connection, announcement_id: int) -> list[tuple[int, str, str]]:
    """(notice, account, state) of important customers who have not signed for an announcement, on any channel."""
    signed = outbox.alias("signed")
    somewhere = exists().where(
        signed.c.announcement_id == announcement_id,
        signed.c.account_no == outbox.c.account_no,
        receipts.c.notice_id == signed.c.notice_id,
    )
    query = (
        select(func.max(outbox.c.notice_id), accounts.c.account_id, func.max(outbox.c.state))
        .join(accounts, accounts.c.account_no == outbox.c.account_no)
        .where(
            outbox.c.announcement_id == announcement_id,
            outbox.c.contact_no == 0,
            outbox.c.priority <= int(Priority.IMPORTANT),
            outbox.c.state != State.SUPERSEDED.value,
            ~somewhere,
        )
        .group_by(accounts.c.account_id)
        .order_by(accounts.c.account_id)
    )
    return [(int(number), name, state) for number, name, state in connection.execute(query)]


def message_exists(connection: Connection, notice_id: int) -> tuple[str, str] | None:
    """Event and state of a message."""
    query = (
        select(announcements.c.event_id, outbox.c.state)
        .join_from(outbox, announcements, announcements.c.announcement_id == outbox.c.announcement_id)
        .where(outbox.c.notice_id == notice_id)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else (row.event_id, row.state)


def notice_of(connection: Connection, event_id: str, network: str, account_id: str) -> int | None:
    """The newest message about an event to the holder of an account."""
    query = (
        select(func.max(outbox.c.notice_id))
        .join(announcements, announcements.c.announcement_id == outbox.c.announcement_id)
        .join(accounts, accounts.c.account_no == outbox.c.account_no)
        .where(
            announcements.c.event_id == event_id, accounts.c.network == network, accounts.c.account_id == account_id,
            outbox.c.state.in_(SIGNABLE),
        )
    )  # fmt: skip
    number = connection.execute(query).scalar()
    return None if number is None else int(number)


# ------------------------------------------------------------------------------------------- reconciliation
def told_rows(connection: Connection, event_id: str) -> list[Any]:
    """Every message about an event by account: to holders, and to delegates once for each account behind them.

    Columns: account_id, consumer_id, link_probability, kind, channel, state, sent_s, certain, times, notice_id.
    """
    shown = (announcements.c.kind, outbox.c.channel, outbox.c.state, outbox.c.sent_s, outbox.c.certain)
    about = and_(announcements.c.announcement_id == outbox.c.announcement_id, announcements.c.event_id == event_id)
    who = (accounts.c.account_id, accounts.c.consumer_id, accounts.c.link_probability)
    holders = (
        select(*who, *shown, outbox.c.span_id, outbox.c.notice_id)
        .join_from(outbox, announcements, about)
        .join(accounts, accounts.c.account_no == outbox.c.account_no)
        .where(outbox.c.contact_no == 0)
    )
    delegates = (
        select(*who, *shown, outbox.c.span_id, outbox.c.notice_id)
        .join_from(outbox, announcements, about)
        .join(
            covered,
            and_(covered.c.announcement_id == outbox.c.announcement_id, covered.c.contact_no == outbox.c.contact_no),
        )
        .join(accounts, accounts.c.account_no == covered.c.account_no)
        .where(outbox.c.contact_no > 0)
    )
    return list(connection.execute(union_all(holders, delegates)))


def accounts_at(connection: Connection, network: str, consumer_ids: Sequence[str]) -> list[tuple[str, str]]:
    """(account, load) of every account recorded at some loads."""
    here = among(connection, accounts.c.consumer_id, consumer_ids)
    query = select(accounts.c.account_id, accounts.c.consumer_id).where(accounts.c.network == network, here)
    return [(name, load) for name, load in connection.execute(query)]


def keep_reconciliation(
    connection: Connection, *, event_id: str, network: str, month: str, at: datetime, body: Mapping[str, Any]
) -> None:
    """Keep what reconciling an event found; once more replaces it."""
    connection.execute(reconciliations.delete().where(reconciliations.c.event_id == event_id))
    row = {"event_id": event_id, "network": network, "month": month, "at": at, "body": dict(body)}
    connection.execute(insert(reconciliations).values(row))


def kept_reconciliations(connection: Connection, network: str, *, since: str = "") -> list[tuple[str, str, Any]]:
    """(event, month, body) of the reconciliations of a network from a month on."""
    query = select(reconciliations).where(reconciliations.c.network == network, reconciliations.c.month >= since)
    rows = connection.execute(query.order_by(reconciliations.c.month, reconciliations.c.event_id))
    return [(row.event_id, row.month, row.body) for row in rows]
