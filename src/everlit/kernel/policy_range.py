"""What a threshold may be (限值范围): the unit of a row says which numbers mean anything.

A window of −3 days, a share of 1.4, half a short message, a thousand years to look back: no document says such a thing,
and whoever computes with it fails far from where it was entered. So a number is held against its unit when it is set.

>>> from everlit.kernel.text import Text
>>> row = Policy("budget.planned_share", 1.4, "share", "<=", Text("planned share", "计划占比"))
>>> unusable(row).message.zh
'budget.planned_share 为 1.4 share,应在 0 与 1 之间。'
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from everlit.kernel.finding import Finding
from everlit.kernel.policy import Policy
from everlit.kernel.text import Text


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `low` to `high`, both included; with `whole` only integers."""

    low: float
    high: float
    whole: bool = False

    def holds(self, value: float) -> bool:
        """True for a number of the range.

        >>> Range(0, 5, whole=True).holds(3), Range(0, 5, whole=True).holds(2.5), Range(0, 5).holds(-0.1)
        (True, False, False)
        """
        return isfinite(value) and self.low <= value <= self.high and (not self.whole or float(value).is_integer())


_SWITCH = Range(0, 1, whole=True)
_YEAR_H = 8784
_COUNT = Range(0, 10_000_000, whole=True)
_MONEY = Range(0, 10_000_000)
_RATE = Range(0, 1000)

RANGES: Mapping[str, Range] = {
    "-": _SWITCH, "yes": _SWITCH,
    "share": Range(0, 1), "p.u.": Range(0, 100), "%": Range(-100, 100), "β": Range(0, 100),
    "s": Range(0, _YEAR_H * 3600), "min": Range(0, _YEAR_H * 60), "h": Range(0, _YEAR_H), "d": Range(0, 3660),
    "a": Range(1, 50, whole=True), "day of month": Range(1, 31, whole=True),
    "times": Range(0, 1000, whole=True), "parts": Range(1, 100, whole=True), "characters": Range(1, 100_000, whole=True),
    "users": _COUNT, "customers": _COUNT, "households": _COUNT, "zones": _COUNT, "units": _COUNT, "periods": _COUNT,
    "states": _COUNT, "sections": _COUNT,
    "customer-hours": Range(0, 10_000_000), "points": Range(0, 1_000_000),
    "deg": Range(-360, 360), "deg of arc": Range(0.001, 10), "m": Range(0, 1_000_000), "A": Range(0, 1_000_000),
    "kW": Range(0, 10_000_000), "1/a": _RATE, "1/(km·a)": _RATE,
    "yuan": _MONEY, "yuan/h": _MONEY, "yuan/m": _MONEY, "yuan/kWh": _MONEY,
}  # fmt: skip
"""What each unit of the register allows; times end with a year (days with ten), so that no clock runs over."""


def unusable(row: Policy) -> Finding | None:
    """The finding against a number that means nothing in the unit of its row; None for one that does.

    A unit the register does not know allows every number that is not negative.
    """
    allowed = RANGES.get(row.unit, Range(0, 1e12))
    if allowed.holds(row.value):
        return None
    evidence = {"value": str(row.value), "unit": row.unit, "low": allowed.low, "high": allowed.high}
    whole = Text(", whole", "的整数") if allowed.whole else Text("", "")
    words = Text(
        f"{row.key} is {row.value:g} {row.unit}, must lie between {allowed.low:g} and {allowed.high:g}{whole.en}.",
        f"{row.key} 为 {row.value:g} {row.unit},应在 {allowed.low:g} 与 {allowed.high:g} 之间{whole.zh}。",
    )
    return Finding("policy.value", row.key, words, {**evidence, "whole": allowed.whole})
