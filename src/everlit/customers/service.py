"""Customers as people use them: import, invent, list masked, read by name for a reason.

Whoever reads contact data leaves an event behind: who, in which role, whose data, why (个人信息, domain rule 15). The
notifier reads addresses only to send what stands in the outbox, and the outbox is the record of that.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from everlit.customers import store
from everlit.customers.fictional import fictional_customers
from everlit.customers.mask import masked_ways, masked_words
from everlit.customers.model import Account, Contact, Delegate
from everlit.customers.reading import Places, UnableToReadCustomers, read_accounts, read_delegates
from everlit.grid import Grid
from everlit.kernel import Finding, Refusal, Text
from everlit.platform.database import reading, writing
from everlit.platform.events import Actor, record

IMPORTERS = ("marketing", "system")
"""Roles that bring in customers."""
READERS = ("marketing", "dispatcher", "system")
"""Roles that read contact data in clear."""


class UnableToReadContact(Refusal):
    """There is no such account, or nobody said why its contact data is wanted."""

    title = Text(en="The contact data was not shown.", zh="未显示联系信息。")


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a file: accounts and delegates kept, rows checked, findings of the faulty ones."""

    accounts: int
    delegates: int
    checked: int
    findings: tuple[Finding, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As the API and `--json` show it."""
        counts = {"accounts": self.accounts, "delegates": self.delegates, "checked": self.checked}
        return {**counts, "findings": [finding.as_json() for finding in self.findings]}


@dataclass
class Customers:
    """The use cases of customers on one store."""

    engine: Engine
    grid: Callable[[str], Grid]
    clock: Callable[[], datetime]

    def keep(
        self, network: str, accounts: Iterable[Account], delegates: Iterable[Delegate] = (), *, actor: Actor
    ) -> Kept:
        """Keep accounts and delegates as they are; an identity that is there already gets the new content."""
        with writing(self.engine) as connection:
            count = store.keep_accounts(connection, network, accounts)
            others = store.keep_delegates(connection, network, delegates)
            body = {"accounts": count, "delegates": others}
            self._record(connection, actor, "kept", f"network:{network}", body)
        return Kept(count, others, count + others)

    def import_files(
        self, network: str, *, accounts: bytes | None = None, contacts: bytes | None = None, actor: Actor
    ) -> Kept:
        """Keep the usable rows of an account file and a contact file; the others come back as findings.

        Raises UnableToReadCustomers for a file that is none, for no file, and for who may not.
        """
        if actor.role not in IMPORTERS:
            words = Text(f"Customers are imported by {IMPORTERS[0]}.", f"客户由 {IMPORTERS[0]} 导入。")
            raise UnableToReadCustomers(Finding("customers.role", actor.name, words))
        if accounts is None and contacts is None:
            words = Text("Name a file of accounts, of contacts, or both.", "请指明户表、联系人表或两者。")
            raise UnableToReadCustomers(Finding("customers.no_file", network, words))
        grid = self.grid(network)
        holders = read_accounts(accounts, name="accounts", places=places_of(grid)) if accounts is not None else None
        with reading(self.engine) as connection:
            known = store.account_names(connection, network) if contacts is not None else set()
        known |= {account.account_id for account in holders.accounts} if holders else set()
        others = read_delegates(contacts, name="contacts", accounts=known) if contacts is not None else None
        kept = self.keep(network, holders.accounts if holders else (), others.delegates if others else (), actor=actor)
        parts = [part for part in (holders, others) if part]
        findings = tuple(finding for part in parts for finding in part.findings)
        return Kept(kept.accounts, kept.delegates, sum(part.checked for part in parts), findings)

    def invent(self, network: str, *, seed: int = 1, actor: Actor) -> Kept:
        """Fictional customers for every load of a network."""
        accounts, delegates = fictional_customers(self.grid(network).network, seed=seed)
        return self.keep(network, accounts, delegates, actor=actor)

    def count(self, network: str) -> int:
        """How many accounts a network has."""
        with reading(self.engine) as connection:
            return store.count_accounts(connection, network)

    def page(self, network: str, *, offset: int = 0, limit: int = 100) -> list[dict[str, Any]]:
        """Accounts of a network, contact data masked."""
        with reading(self.engine) as connection:
            return [masked_account(one) for one in store.kept_accounts(connection, network, offset=offset, limit=limit)]

    def contact_data(self, network: str, account_id: str, *, why: str, actor: Actor) -> dict[str, Any]:
        """The contact data of one account and of its delegates, in clear; the reading is an event."""
        if actor.role not in READERS:
            names = ", ".join(READERS[:2])
            raise _refused("role", actor.name, f"Contact data is read by {names}.", f"联系信息由 {names} 查看。")
        if not why.strip():
            raise _refused("why", account_id, "Say why the contact data is needed.", "请说明查看联系信息的原因。")
        with writing(self.engine) as connection:
            found = store.kept_account(connection, network, account_id)
            if found is None:
                raise _refused("unknown", account_id, f"No account {account_id}.", f"没有户号 {account_id}。")
            number, account = found
            delegates = store.delegates_of(connection, number)
            body = {"why": why.strip()[:200], "delegates": [one.contact_id for one in delegates]}
            self._record(connection, actor, "contact.read", f"account:{network}/{account_id}", body)
        return {
            **masked_account(account),
            **_clear(account.holder),
            "address": account.address,
            "delegates": [
                {"contact_id": one.contact_id, "role": one.contact.role.value, **_clear(one.contact)}
                for one in delegates
            ],
        }

    def _record(self, connection: Any, actor: Actor, kind: str, subject: str, body: Mapping[str, Any]) -> None:
        record(connection, actor=actor, at=self.clock(), kind=f"customers.{kind}", subject=subject, body=body)


def places_of(grid: Grid) -> Places:
    """The loads of a network and the load of each usage point."""
    points = grid.network.tables["usage_points"]
    names, loads = (points.column(name).to_pylist() for name in ("usage_point_id", "consumer_id"))
    consumers = frozenset(grid.network.tables["consumers"].column("consumer_id").to_pylist())
    return Places(consumers, dict(zip(names, loads, strict=True)))


def masked_account(account: Account) -> dict[str, Any]:
    """An account as lists show it."""
    return {
        "account_id": account.account_id,
        "consumer_id": account.consumer_id,
        "usage_point_id": account.usage_point_id,
        "name": masked_words(account.holder.name),
        "address": masked_words(account.address),
        "kind": account.kind.value,
        "importance": account.importance.name.lower(),
        "life_support": account.life_support,
        "priority": account.priority.name.lower(),
        "language": account.holder.language,
        "ways": masked_ways(account.holder),
        "link_probability": account.link_probability,
        "possible": [list(place) for place in account.possible],
    }


def _clear(contact: Contact) -> dict[str, Any]:
    return {"name": contact.name, "ways": [way.as_json() for way in contact.ways]}


def _refused(kind: str, subject: str, en: str, zh: str) -> UnableToReadContact:
    return UnableToReadContact(Finding(f"customers.contact.{kind}", subject[:100], Text(en, zh)))
