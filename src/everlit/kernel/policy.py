"""Every threshold is a row (规则即数据): key, value, unit, comparator, who issued it, since when, how sure we are.

The same rule stands in several layers (law, promise, internal) with different numbers and changes with time. A breach of
a legal row is a violation, of a promise a service failure, of an internal row a warning. A refusal cites its row.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from enum import StrEnum
from operator import eq, ge, gt, le, lt
from typing import Any

from everlit.kernel.finding import Finding, Refusal
from everlit.kernel.text import Text


class Hardness(StrEnum):
    """What a breach means: legal → violation, standard/promise → failure, internal → warning."""

    LEGAL = "legal"
    STANDARD = "standard"
    PROMISE = "promise"
    INTERNAL = "internal"


_COMPARE = {">": gt, ">=": ge, "<": lt, "<=": le, "=": eq}


@dataclass(frozen=True, slots=True)
class Policy:
    """One threshold. `confidence` carries the domain code (V1, V2, C, G, G?): a G? row is shipped but unverified."""

    key: str
    value: float
    unit: str
    comparator: str
    title: Text
    hardness: Hardness = Hardness.INTERNAL
    jurisdiction: str = "CN"
    document: str = ""
    confidence: str = "G?"
    valid_from: date = date(2000, 1, 1)
    valid_to: date | None = None

    def holds(self, measured: float) -> bool:
        """True when `measured` <comparator> `value`.

        >>> Policy("rep.window60", 3, "times", ">", Text("a", "b")).holds(4)
        True
        """
        return bool(_COMPARE[self.comparator](measured, self.value))

    @property
    def verified(self) -> bool:
        """False for rows nobody has checked against a text."""
        return self.confidence != "G?"

    def as_json(self) -> dict[str, Any]:
        """The row as the API and documents show it."""
        return {**asdict(self), "valid_from": str(self.valid_from), "valid_to": self.valid_to and str(self.valid_to)}


def register(text: str) -> tuple[Policy, ...]:
    """The rows of a register as a capability ships it (`policies.csv`): one line each, its columns named in the first.

    >>> head = "key,comparator,value,unit,hardness,confidence,document,title_en,title_zh"
    >>> [row.value for row in register(head + "\\nrep.window60,>,3,times,internal,V2,Guangdong rule,often,频繁")]
    [3.0]
    """
    return tuple(
        Policy(
            row["key"],
            float(row["value"]),
            row["unit"],
            row["comparator"],
            Text(row["title_en"], row["title_zh"]),
            Hardness(row["hardness"]),
            document=row["document"],
            confidence=row["confidence"],
        )
        for row in csv.DictReader(text.splitlines())
    )


class UnableToFindPolicy(Refusal):
    """No row of that key is in force on that day."""

    title = Text(en="No such policy is in force.", zh="没有生效的规则。")


@dataclass(frozen=True, slots=True)
class Policies:
    """The rows in force; the strictest layer is the caller's choice, so `all` returns every layer."""

    rows: Sequence[Policy]

    def all(self, key: str, *, on: date) -> list[Policy]:
        """Every layer of `key` in force on day `on`."""
        return [
            row
            for row in self.rows
            if row.key == key and row.valid_from <= on and (row.valid_to is None or on < row.valid_to)
        ]

    def row(self, key: str, *, on: date) -> Policy:
        """The newest row of `key` in force on `on`; raises UnableToFindPolicy when there is none."""
        found = self.all(key, on=on)
        if not found:
            text = Text(en=f"No policy row {key} is in force on {on}.", zh=f"{on} 没有生效的规则 {key}。")
            raise UnableToFindPolicy(Finding("policy.missing", key, text))
        return max(found, key=lambda row: row.valid_from)

    def value(self, key: str, *, on: date) -> float:
        """The value of `row`."""
        return self.row(key, on=on).value

    def replaced(self, rows: Iterable[Policy]) -> "Policies":
        """These policies with `rows` in place of the rows of the same keys: a stricter local rule is a row, not code.

        Until the first day of a new row the old ones stay in force, so that a rule can be entered before it begins.
        """
        new = tuple(rows)
        since = {key: min(row.valid_from for row in new if row.key == key) for key in {row.key for row in new}}
        kept = (_until(row, since.get(row.key)) for row in self.rows)
        return Policies((*(row for row in kept if row is not None), *new))

    def as_json(self) -> list[dict[str, Any]]:
        """All rows, for fingerprints and the settings page."""
        return [row.as_json() for row in self.rows]


def _until(row: Policy, day: date | None) -> Policy | None:
    """`row` as it is in force before `day`, None when it never is."""
    if day is None or (row.valid_to is not None and row.valid_to <= day):
        return row
    return replace(row, valid_to=day) if row.valid_from < day else None
