"""The thresholds of reliability as rows (规则登记表): what is long, what is often, what is a major day.

The seed is `policies.csv`. `Limits` is what the counting rules read: each row turned into the integer the pass compares
with, so that "longer than 3 min" and "3 min or longer" differ by one second and not by a guess.

>>> day = date(2026, 12, 31)
>>> [limits_of(RELIABILITY_POLICIES, book, on=day).sustained_s for book in Book]
[301, 181]
"""

import math
from dataclasses import dataclass
from datetime import date
from importlib.resources import files

from everlit.kernel import Finding, Policies, Policy, Refusal, Text
from everlit.kernel.policy import register
from everlit.reliability.model import Book

RELIABILITY_POLICIES = Policies(register((files("everlit.reliability") / "policies.csv").read_text("utf-8")))
"""The rows as shipped."""


class UnableToUseRule(Refusal):
    """A row is in force whose number or comparator the rule cannot work with."""

    title = Text(en="A reliability rule cannot be used.", zh="可靠性规则无法使用。")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one book compares with: seconds from which on something holds, counts from which on CEMI is told."""

    book: Book
    sustained_s: int
    single_s: int
    total_s: int
    repeats: tuple[int, ...]
    at_least: bool

    @property
    def repeats_from(self) -> tuple[int, ...]:
        """The smallest count that makes a customer a repeated one, for each n of CEMI_n."""
        return tuple(n if self.at_least else n + 1 for n in self.repeats)


def limits_of(policies: Policies, book: Book, *, on: date) -> Limits:
    """The limits of a book on a day; raises UnableToFindPolicy, UnableToUseRule."""
    cemi, most = policies.row("rel.cemi.comparator", on=on), policies.row("rel.cemi.most", on=on)
    if cemi.comparator not in (">", ">=") or not 1 <= cemi.value <= most.value <= MOST_REPEATS:
        raise _unusable(cemi)
    return Limits(
        book,
        least(policies.row(f"rel.sustained_min.{book.value}", on=on), per=60),
        least(policies.row("rel.celid.single", on=on), per=3600),
        least(policies.row("rel.celid.total", on=on), per=3600),
        tuple(range(math.ceil(cemi.value), math.floor(most.value) + 1)),
        cemi.comparator == ">=",
    )


MOST_REPEATS = 100
"""Nobody is told apart above so many interruptions in a period."""


def least(row: Policy, *, per: int = 1) -> int:
    """The smallest whole number for which a row that asks for much holds; `per` turns its unit into the one counted.

    >>> three = Policy("rel.sustained", 3, "min", ">", Text("", ""))
    >>> least(three, per=60)
    181
    """
    if row.comparator not in (">", ">=") or not math.isfinite(row.value) or row.value < 0:
        raise _unusable(row)
    value = round(row.value * per, 6)
    return math.floor(value) + 1 if row.comparator == ">" else math.ceil(value)


def most(row: Policy, *, per: int = 1) -> int:
    """The largest whole number for which a row that allows little holds; `per` turns its unit into the one counted.

    >>> most(Policy("rep.window60_days", 60, "d", "<", Text("", "")), per=86_400)
    5183999
    """
    if row.comparator not in ("<", "<=") or not math.isfinite(row.value) or row.value < 0:
        raise _unusable(row)
    value = round(row.value * per, 6)
    return math.ceil(value) - 1 if row.comparator == "<" else math.floor(value)


def _unusable(row: Policy) -> UnableToUseRule:
    said = f"{row.key} {row.comparator} {row.value:g} {row.unit}"
    words = Text(en=f"{said} cannot be used here.", zh=f"规则 {said} 不可用于此处。")
    return UnableToUseRule(Finding("policy.unusable", row.key, words))
