"""Customer files (户表、联系人表): CSV in, accounts and delegates out, a finding for every faulty row.

    accounts.csv   account_id, consumer_id or usage_point_id, name, address, kind, importance, life_support,
                   language, ways, consent, quiet, link_probability, possible
    contacts.csv   contact_id, role, accounts, name, language, ways, consent, quiet

`ways` lists channel and address, most preferred first: `sms:+99900000001; email:lin@example.invalid`. `consent` names the
channels agreed to, all of them when the column is blank. `quiet` is `22:00-07:00`. `possible` says where else an account
may hang: `c12:0.2; c13:0.1`.
"""

import re
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from everlit.customers.model import CHANNELS, Account, AccountKind, Contact, ContactRole, Delegate, Quiet, Way
from everlit.grid import Importance
from everlit.kernel import Finding, Refusal, Text
from everlit.kernel.reading import Row
from everlit.kernel.records import csv_records, decoded

MOST_BYTES = 512 * 1024 * 1024
MOST_ROWS = 5_000_000
MOST_FINDINGS = 1_000
MOST_ACCOUNTS = 20_000
ACCOUNT_REQUIRED = ("account_id",)
CONTACT_REQUIRED = ("contact_id", "role", "accounts")
HEADERS = {
    "户号": "account_id", "负荷": "consumer_id", "用电点": "usage_point_id", "户名": "name", "姓名": "name",
    "地址": "address", "用电类别": "kind", "重要等级": "importance", "生命支持": "life_support", "语言": "language",
    "联系方式": "ways", "同意": "consent", "免打扰": "quiet", "户变可信度": "link_probability", "其他可能": "possible",
    "联系人编号": "contact_id", "角色": "role", "代收户号": "accounts",
}  # fmt: skip
ADDRESSES: Mapping[str, re.Pattern[str]] = {
    "sms": re.compile(r"\+?[0-9]{5,20}"),
    "email": re.compile(r"[^@\s<>,;:\"]{1,64}@[^@\s<>,;:\"]{1,190}"),
    "webhook": re.compile(r"https?://[^\s<>\"]{1,300}"),
    "inbox": re.compile(r"[^\s<>\"]{1,100}"),
}
Noun = TypeVar("Noun", Account, Delegate)


class _Grade(StrEnum):
    """The words of `Importance` as a cell spells them."""

    ORDINARY = "ordinary"
    SENSITIVE = "sensitive"
    TEMPORARY = "temporary"
    SECOND = "second"
    FIRST = "first"
    SPECIAL = "special"


class UnableToReadCustomers(Refusal):
    """The file as a whole is no customer file."""

    title = Text(en="The customer file could not be read.", zh="客户文件无法读取。")


@dataclass(frozen=True, slots=True)
class Places:
    """What a network knows: its loads, and the load of each usage point."""

    consumers: Container[str]
    consumer_of: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Customers:
    """What a file gave: usable nouns, findings of the faulty rows, rows checked."""

    accounts: tuple[Account, ...] = ()
    delegates: tuple[Delegate, ...] = ()
    findings: tuple[Finding, ...] = ()
    checked: int = 0


def read_accounts(content: bytes, *, name: str, places: Places) -> Customers:
    """Accounts of a file; raises UnableToReadCustomers for a file that is none."""
    rows = _rows(content, name, ACCOUNT_REQUIRED)
    found, findings = _nouns(rows, lambda row: _account(row, places), key=lambda account: account.account_id)
    return Customers(accounts=tuple(found), findings=findings, checked=len(rows))


def read_delegates(content: bytes, *, name: str, accounts: Container[str]) -> Customers:
    """Delegates of a file, each for accounts that are known; raises UnableToReadCustomers."""
    rows = _rows(content, name, CONTACT_REQUIRED)
    found, findings = _nouns(rows, lambda row: _delegate(row, accounts), key=lambda delegate: delegate.contact_id)
    return Customers(delegates=tuple(found), findings=findings, checked=len(rows))


def _rows(content: bytes, name: str, required: Sequence[str]) -> list[tuple[int, Any]]:
    def refuse(kind: str, en: str, zh: str) -> UnableToReadCustomers:
        return UnableToReadCustomers(Finding(f"customers.{kind}", name[-120:], Text(en, zh)))

    text = decoded(content, most_bytes=MOST_BYTES, refuse=refuse)
    return csv_records(text, required=required, headers=HEADERS, most_rows=MOST_ROWS, refuse=refuse)


def _nouns(
    rows: Sequence[tuple[int, Any]], make: Callable[[Row], Noun | None], *, key: Callable[[Noun], str]
) -> tuple[list[Noun], tuple[Finding, ...]]:
    found: dict[str, Noun] = {}
    findings: list[Finding] = []
    for number, cells in rows:
        row = Row(cells or {}, subject=f"row {number}", number=number, prefix="customers")
        if cells is None:
            row.note("row", "cells", "The row has more cells than the header.", "该行的单元格多于表头。")
        noun = make(row) if not row.findings else None
        if noun is not None and not row.refused and key(noun) in found:
            row.note("row", "duplicate", f"{key(noun)} stands in an earlier row.", f"{key(noun)} 与前面的行重复。")
        if noun is not None and not row.refused:
            found[key(noun)] = noun
        findings.extend(row.findings[: MOST_FINDINGS - len(findings)])
    return list(found.values()), tuple(findings)


def _account(row: Row, places: Places) -> Account | None:
    account_id = row.text("account_id", longest=80)
    usage_point = row.text("usage_point_id", default="", longest=200) or ""
    consumer = row.text("consumer_id", default=places.consumer_of.get(usage_point, ""), longest=200) or ""
    if consumer not in places.consumers:
        row.note("consumer_id", "place.unknown", f"The network has no load {consumer}.", f"电网中没有负荷 {consumer}。")
    importance = row.choice("importance", _Grade, words={}, default=_Grade.ORDINARY)
    possible = _possible(row, places)
    sure = row.number_between("link_probability", low=0, high=1, default=1.0)
    if sure is not None and sure + sum(share for _, share in possible) > 1 + 1e-9:
        row.note("possible", "probability", "The probabilities add up to more than 1.", "各处概率之和大于1。")
    kind = row.choice("kind", AccountKind, words={}, default=AccountKind.RESIDENTIAL)
    holder = _contact(row, ContactRole.HOLDER)
    address = row.text("address", default="", longest=200) or ""
    life_support = row.flag("life_support")
    if row.refused or account_id is None or importance is None or kind is None or sure is None:
        return None
    grade = Importance[importance.name]
    return Account(
        account_id, consumer, holder, address, kind, grade, life_support, usage_point, sure, possible
    )  # fmt: skip


def _delegate(row: Row, accounts: Container[str]) -> Delegate | None:
    contact_id = row.text("contact_id", longest=80)
    role = row.choice("role", ContactRole, words={})
    if role is ContactRole.HOLDER:
        row.note("role", "role", "A holder stands with the account.", "户主随户表登记，不在联系人表。")
    names = row.words("accounts", most=MOST_ACCOUNTS)
    unknown = [name for name in names if name not in accounts]
    if unknown:
        shown = ", ".join(unknown[:5])
        row.note("accounts", "account.unknown", f"No account {shown}.", f"没有户号 {shown}。")
    contact = _contact(row, role or ContactRole.FAMILY)
    if row.refused or contact_id is None:
        return None
    return Delegate(contact_id, contact, names)


def _contact(row: Row, role: ContactRole) -> Contact:
    name = row.text("name", default="", longest=100) or ""
    language = row.text("language", default="zh", longest=10)
    if language not in ("zh", "en"):
        row.note("language", "language", "language is zh or en.", "language 应为 zh 或 en。")
    ways = _ways(row)
    return Contact(name, role, language if language in ("zh", "en") else "zh", ways, _quiet(row))


def _ways(row: Row) -> tuple[Way, ...]:
    parts = [part.partition(":") for part in row.words("ways", most=10, default=())]
    named = [channel.strip().lower() for channel, _, _ in parts]
    consent = row.words("consent", most=10, default=named)
    if strangers := sorted(set(consent) - set(named)):
        row.note("consent", "consent", f"No way is called {strangers[0]}.", f"没有联系方式 {strangers[0]}。")
    found = []
    for channel, (_, _, address) in zip(named, parts, strict=True):
        address = address.strip()
        pattern = ADDRESSES.get(channel)
        if pattern is None:
            row.note("ways", "channel", f"Channels are {', '.join(CHANNELS)}.", f"渠道应为 {'、'.join(CHANNELS)}。")
        elif not pattern.fullmatch(address):
            row.note("ways", "address", f"This is no address for {channel}.", f"{channel} 的地址无效。")
        else:
            found.append(Way(channel, address, channel in consent))
    if len({way.channel for way in found}) < len(found):
        row.note("ways", "twice", "One channel stands twice.", "同一渠道重复。")
    return tuple(found)


def _quiet(row: Row) -> Quiet | None:
    text = row.text("quiet", default="", longest=20) or ""
    if not text:
        return None
    match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)\s*[-–]\s*([01]\d|2[0-3]):([0-5]\d)", text)
    if match is None:
        row.note("quiet", "quiet", "quiet is like 22:00-07:00.", "quiet 的格式为 22:00-07:00。")
        return None
    first, last = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    return Quiet(first, last) if first != last else None


def _possible(row: Row, places: Places) -> tuple[tuple[str, float], ...]:
    found = []
    for part in row.words("possible", most=20, default=()):
        place, _, share = part.rpartition(":")
        try:
            probability = float(share)
        except ValueError:
            probability = -1.0
        if place not in places.consumers or not 0 < probability <= 1:
            row.note("possible", "possible", f"{part[:60]} is no load with a probability.", f"{part[:60]} 无效。")
        else:
            found.append((place, probability))
    return tuple(found)
