"""Closing a month (月度封账): what was reported stays reported; what is learnt later is a restatement with its reason.

A closed month keeps its figures as integers with the instant they were known at, who closed it, and a fingerprint of
figures, rules and network. When the ledger is corrected afterwards, the month is not changed: it shows what it would be
now, figure by figure, until somebody restates it (重述), which is the next version and needs a reason.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from everlit.kernel import Finding, Period, Refusal, Text, fingerprint

LONGEST_REASON = 400
Figure = Mapping[str, Any]
"""One stored index: base, book, view, key, unit, numerator, denominator, value."""
NAMED_BY = ("base", "book", "view", "part", "key")


class UnableToCloseMonth(Refusal):
    """The month is not over, is closed with these very figures, or lacks a reason."""

    title = Text(en="The month was not closed.", zh="月份未封账。")


@dataclass(frozen=True, slots=True)
class Basis:
    """What figures were computed from besides the ledger: network, rules, major days, which customers divide."""

    network: str
    policies: str
    major_days: Mapping[str, Sequence[str]]
    customers: str

    def as_json(self) -> dict[str, Any]:
        """As it is stored."""
        days = {book: list(days) for book, days in self.major_days.items()}
        return {"network": self.network, "policies": self.policies, "major_days": days, "customers": self.customers}


@dataclass(frozen=True, slots=True)
class ClosedMonth:
    """One version of a closed month: 1 as first reported, each later one a restatement of the one before."""

    network: str
    month: str
    version: int
    known_at: datetime
    closed_at: datetime
    actor: str
    reason: str
    basis: Mapping[str, Any]
    figures: tuple[Figure, ...]

    @property
    def fingerprint(self) -> str:
        """Of the figures and of what they were computed from."""
        return fingerprint(
            {"month": self.month, "basis": dict(self.basis), "figures": [dict(one) for one in self.figures]}
        )

    def as_json(self, *, figures: bool = True) -> dict[str, Any]:
        """As the API shows it."""
        about = {
            "network": self.network,
            "month": self.month,
            "version": self.version,
            "known_at": self.known_at.isoformat(),
            "closed_at": self.closed_at.isoformat(),
            "actor": self.actor,
            "reason": self.reason,
            "fingerprint": self.fingerprint,
            "basis": dict(self.basis),
        }
        return {**about, "figures": [dict(one) for one in self.figures]} if figures else about


@dataclass(frozen=True, slots=True)
class Restated:
    """One figure before and after (重述前后); None where one side does not have it."""

    named: tuple[str, ...]
    before: Figure | None
    after: Figure | None

    @property
    def difference(self) -> float | None:
        """The later value less the earlier; None where either side has none.

        >>> Restated(("units",), {"value": 2.5}, {"value": 4.0}).difference
        1.5
        """
        if self.before is None or self.after is None or None in (self.before["value"], self.after["value"]):
            return None
        return round(float(self.after["value"]) - float(self.before["value"]), 6)

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        sides = {"before": self.before and dict(self.before), "after": self.after and dict(self.after)}
        return {**dict(zip(NAMED_BY, self.named, strict=True)), **sides}


def restated(before: Iterable[Figure], after: Iterable[Figure]) -> tuple[Restated, ...]:
    """The figures that differ, in the order of the later side.

    >>> told = {
    ...     "base": "units",
    ...     "book": "dlt",
    ...     "view": "all",
    ...     "part": "",
    ...     "key": "TH-1",
    ...     "numerator": 3600,
    ...     "denominator": 1,
    ... }
    >>> [(one.before["numerator"], one.after["numerator"]) for one in restated([told], [{**told, "numerator": 7200}])]
    [(3600, 7200)]
    """
    old, new = ({tuple(str(one[name]) for name in NAMED_BY): one for one in side} for side in (before, after))
    names = [*new, *(name for name in old if name not in new)]
    return tuple(
        Restated(name, old.get(name), new.get(name)) for name in names if _ratio(old.get(name)) != _ratio(new.get(name))
    )


@dataclass(frozen=True, slots=True)
class MonthStanding:
    """A month as reported and as it would be now: every version, and the figures that differ from the newest."""

    month: str
    versions: tuple[ClosedMonth, ...]
    changes: tuple[Restated, ...]

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "month": self.month,
            "closed": bool(self.versions),
            "versions": [one.as_json(figures=False) for one in self.versions],
            "changes": [one.as_json() for one in self.changes],
        }


def close(
    network: str,
    month: str,
    period: Period,
    figures: Sequence[Figure],
    basis: Basis,
    *,
    before: ClosedMonth | None,
    actor: str,
    reason: str,
    known_at: datetime,
    now: datetime,
) -> ClosedMonth:
    """The next version of a month; `before` is the one that stands. Raises UnableToCloseMonth."""
    version = before.version + 1 if before else 1
    made = ClosedMonth(network, month, version, known_at, now, actor, reason.strip(), basis.as_json(), tuple(figures))
    if wrong := _objections(made, period, before, now):
        raise UnableToCloseMonth(*wrong)
    return made


def _objections(made: ClosedMonth, period: Period, before: ClosedMonth | None, now: datetime) -> list[Finding]:
    found, month = [], made.month
    if now < period.end:
        words = Text(en=f"{month} is not over.", zh=f"{month} 尚未结束。")
        found.append(Finding("month.open", month, words))
    if made.known_at > now:
        words = Text(en="Nothing is known yet of that instant.", zh="不能以未来时点的数据封账。")
        found.append(Finding("month.known_at", month, words))
    if len(made.reason) > LONGEST_REASON or not made.reason.isprintable():
        words = Text(en=f"A reason has at most {LONGEST_REASON} letters.", zh=f"原因最多{LONGEST_REASON}字。")
        found.append(Finding("month.reason", month, words))
    if before is None:
        return found
    if not restated(before.figures, made.figures):
        words = Text(en=f"{month} is closed with these figures.", zh=f"{month} 已按相同数据封账。")
        found.append(Finding("month.unchanged", month, words, {"version": before.version}))
    elif not made.reason:
        words = Text(en=f"{month} is closed; a restatement needs a reason.", zh=f"{month} 已封账,重述须说明原因。")
        found.append(Finding("month.reason", month, words, {"version": before.version}))
    return found


def _ratio(figure: Figure | None) -> tuple[int, float] | None:
    return None if figure is None else (int(figure["numerator"]), float(figure["denominator"]))
