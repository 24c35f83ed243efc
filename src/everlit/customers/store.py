"""Where customers are kept: accounts with their holders, delegates with the accounts they receive for.

What a notice needs to find its readers (place, priority, channel, quiet hours) has columns, so that a fan-out is one
`INSERT … SELECT` over one index; names and addresses stand beside in JSON. Every function works inside the caller's
transaction and is the same on SQLite and PostgreSQL.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    update,
)

from everlit.customers.model import Account, AccountKind, Contact, ContactRole, Delegate, Quiet, Way
from everlit.grid import Importance
from everlit.platform.database import metadata
from everlit.platform.lists import among

_SEQ = BigInteger().with_variant(Integer, "sqlite")
_AT_ONCE = 2_000
Thing = TypeVar("Thing")

IN_DOUBT = text("link_probability < 1")
"""Accounts whose place is not sure: few, and looked through for every outage."""

accounts = Table(
    "customers_accounts",
    metadata,
    Column("account_no", _SEQ, primary_key=True, autoincrement=True),
    Column("network", String(100), nullable=False),
    Column("account_id", String(80), nullable=False),
    Column("consumer_id", String(200), nullable=False),
    Column("usage_point_id", String(200), nullable=False),
    Column("link_probability", Float, nullable=False),
    Column("importance", Integer, nullable=False),
    Column("life_support", Boolean, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("name", String(100), nullable=False),
    Column("address", String(200), nullable=False),
    Column("language", String(2), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("quiet_from", Integer),
    Column("quiet_to", Integer),
    Column("ways", JSON, nullable=False),
    UniqueConstraint("network", "account_id"),
    Index(
        "ix_customers_accounts_place",
        "network", "consumer_id", "link_probability", "priority", "channel", "quiet_from", "quiet_to",
    ),
    Index(
        "ix_customers_accounts_doubt", "network", "link_probability",
        sqlite_where=IN_DOUBT, postgresql_where=IN_DOUBT,
    ),
)  # fmt: skip
links = Table(
    "customers_links",
    metadata,
    Column("account_no", BigInteger, primary_key=True),
    Column("consumer_id", String(200), primary_key=True),
    Column("probability", Float, nullable=False),
    Index("ix_customers_links_consumer_id", "consumer_id"),
)
contacts = Table(
    "customers_contacts",
    metadata,
    Column("contact_no", _SEQ, primary_key=True, autoincrement=True),
    Column("network", String(100), nullable=False),
    Column("contact_id", String(80), nullable=False),
    Column("role", String(20), nullable=False),
    Column("name", String(100), nullable=False),
    Column("language", String(2), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("quiet_from", Integer),
    Column("quiet_to", Integer),
    Column("ways", JSON, nullable=False),
    UniqueConstraint("network", "contact_id"),
)
delegations = Table(
    "customers_delegations",
    metadata,
    Column("contact_no", BigInteger, primary_key=True),
    Column("account_no", BigInteger, primary_key=True),
    Index("ix_customers_delegations_account_no", "account_no"),
)
TABLES: tuple[Table, ...] = (accounts, links, contacts, delegations)


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody a message is written to: the holder of an account (`contact_no` 0), or a delegate."""

    contact: Contact
    account_id: str = ""
    address: str = ""


# ------------------------------------------------------------------------------------------------- keeping
def keep_accounts(connection: Connection, network: str, given: Iterable[Account]) -> int:
    """Keep accounts; one that is there already keeps its number and gets the new content. Returns how many."""
    count = 0
    for some in batches(given, _AT_ONCE):
        rows = [_account_row(network, account) for account in some]
        numbers = account_numbers(connection, network, [account.account_id for account in some])
        new = [row for row in rows if row["account_id"] not in numbers]
        old = [{**row, "no": numbers[row["account_id"]]} for row in rows if row["account_id"] in numbers]
        if new:
            connection.execute(insert(accounts), new)
        if old:
            connection.execute(update(accounts).where(accounts.c.account_no == bindparam("no")), old)
        _keep_links(connection, network, some)
        count += len(some)
    return count


def _keep_links(connection: Connection, network: str, some: Sequence[Account]) -> None:
    numbers = account_numbers(connection, network, [account.account_id for account in some])
    connection.execute(delete(links).where(links.c.account_no.in_(list(numbers.values()))))
    rows = [
        {"account_no": numbers[account.account_id], "consumer_id": place, "probability": share}
        for account in some
        for place, share in account.possible
    ]
    if rows:
        connection.execute(insert(links), rows)


def _account_row(network: str, account: Account) -> dict[str, Any]:
    return {
        "network": network,
        "account_id": account.account_id,
        "consumer_id": account.consumer_id,
        "usage_point_id": account.usage_point_id,
        "link_probability": account.link_probability,
        "importance": int(account.importance),
        "life_support": account.life_support,
        "priority": int(account.priority),
        "kind": account.kind.value,
        "address": account.address,
        **_contact_row(account.holder),
    }


def _contact_row(contact: Contact) -> dict[str, Any]:
    quiet = contact.quiet
    return {
        "name": contact.name,
        "language": contact.language,
        "channel": contact.channels[0],
        "quiet_from": quiet and quiet.from_minute,
        "quiet_to": quiet and quiet.to_minute,
        "ways": [way.as_json() for way in contact.ways],
    }


def keep_delegates(connection: Connection, network: str, given: Iterable[Delegate]) -> int:
    """Keep delegates with the accounts they receive for; accounts that are unknown are left out. Returns how many."""
    count = 0
    for some in batches(given, _AT_ONCE):
        for delegate in some:
            number = _keep_contact(connection, network, delegate)
            connection.execute(delete(delegations).where(delegations.c.contact_no == number))
            numbers = account_numbers(connection, network, delegate.account_ids)
            rows = [{"contact_no": number, "account_no": account} for account in sorted(numbers.values())]
            if rows:
                connection.execute(insert(delegations), rows)
        count += len(some)
    return count


def _keep_contact(connection: Connection, network: str, delegate: Delegate) -> int:
    named = (contacts.c.network == network, contacts.c.contact_id == delegate.contact_id)
    row = {
        "network": network,
        "contact_id": delegate.contact_id,
        "role": delegate.contact.role.value,
        **_contact_row(delegate.contact),
    }
    number = connection.execute(select(contacts.c.contact_no).where(*named)).scalar()
    if number is not None:
        connection.execute(update(contacts).where(*named).values(row))
        return int(number)
    return int(connection.execute(insert(contacts).values(row).returning(contacts.c.contact_no)).scalar_one())


# ------------------------------------------------------------------------------------------------- reading
def account_numbers(connection: Connection, network: str, names: Iterable[str]) -> dict[str, int]:
    """The numbers of some accounts by identity; unknown ones are left out."""
    found: dict[str, int] = {}
    for some in batches(names, _AT_ONCE):
        query = select(accounts.c.account_id, accounts.c.account_no)
        query = query.where(accounts.c.network == network, accounts.c.account_id.in_(some))
        found.update({row.account_id: row.account_no for row in connection.execute(query)})
    return found


def account_names(connection: Connection, network: str) -> set[str]:
    """The identities of all accounts of a network."""
    return set(connection.execute(select(accounts.c.account_id).where(accounts.c.network == network)).scalars())


def kept_account(connection: Connection, network: str, account_id: str) -> tuple[int, Account] | None:
    """One account with its number."""
    query = select(accounts).where(accounts.c.network == network, accounts.c.account_id == account_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else (int(row.account_no), _account(connection, row))


def kept_accounts(connection: Connection, network: str, *, offset: int, limit: int) -> list[Account]:
    """Accounts of a network by identity, a page at a time."""
    query = select(accounts).where(accounts.c.network == network).order_by(accounts.c.account_id)
    return [_account(connection, row) for row in connection.execute(query.offset(offset).limit(limit)).all()]


def count_accounts(connection: Connection, network: str) -> int:
    """How many accounts a network has."""
    query = select(func.count()).select_from(accounts).where(accounts.c.network == network)
    return int(connection.execute(query).scalar_one())


def delegates_of(connection: Connection, account_no: int) -> list[Delegate]:
    """Who else receives for an account; each with this account alone."""
    query = (
        select(contacts, accounts.c.account_id)
        .join(delegations, delegations.c.contact_no == contacts.c.contact_no)
        .join(accounts, accounts.c.account_no == delegations.c.account_no)
        .where(delegations.c.account_no == account_no)
        .order_by(contacts.c.contact_id)
    )
    return [
        Delegate(row.contact_id, _contact(row, ContactRole(row.role)), (row.account_id,))
        for row in connection.execute(query)
    ]


def readers(
    connection: Connection, *, account_nos: Collection[int], contact_nos: Collection[int]
) -> tuple[dict[int, Reader], dict[int, Reader]]:
    """Whom messages are written to: holders by account number, delegates by contact number."""
    holders: dict[int, Reader] = {}
    for some in batches(account_nos, _AT_ONCE):
        shown = (accounts.c.account_no, accounts.c.account_id, accounts.c.address, *_contact_columns(accounts))
        for row in connection.execute(select(*shown).where(among(connection, accounts.c.account_no, some))).all():
            holders[row.account_no] = Reader(_contact(row, ContactRole.HOLDER), row.account_id, row.address)
    others: dict[int, Reader] = {}
    for some in batches(contact_nos, _AT_ONCE):
        for row in connection.execute(select(contacts).where(among(connection, contacts.c.contact_no, some))):
            others[row.contact_no] = Reader(_contact(row, ContactRole(row.role)))
    return holders, others


def _contact_columns(table: Table) -> list[Column[Any]]:
    return [table.c[name] for name in ("name", "language", "quiet_from", "quiet_to", "ways")]


def _account(connection: Connection, row: Any) -> Account:
    query = select(links.c.consumer_id, links.c.probability).where(links.c.account_no == row.account_no)
    possible = tuple((link.consumer_id, link.probability) for link in connection.execute(query.order_by(*links.c)))
    return Account(
        row.account_id,
        row.consumer_id,
        _contact(row, ContactRole.HOLDER),
        row.address,
        AccountKind(row.kind),
        Importance(row.importance),
        row.life_support,
        row.usage_point_id,
        row.link_probability,
        possible,
    )


def _contact(row: Any, role: ContactRole) -> Contact:
    quiet = None if row.quiet_from is None else Quiet(row.quiet_from, row.quiet_to)
    ways: Sequence[Mapping[str, Any]] = row.ways
    return Contact(row.name, role, row.language, tuple(Way(**way) for way in ways), quiet)


def batches(things: Iterable[Thing], size: int) -> Iterator[list[Thing]]:
    """Things in lists of at most `size`."""
    rest = iter(things)
    while some := list(islice(rest, size)):
        yield some
