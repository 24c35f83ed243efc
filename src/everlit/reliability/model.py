"""The nouns of reliability: two books, the bases customers are counted on, three views, and an index with its ratio."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from everlit.kernel import Text


class Book(StrEnum):
    """Whose rules are counted by (统计口径)."""

    IEEE = "ieee"
    DLT = "dlt"

    @property
    def label(self) -> Text:
        """As people call it."""
        return {Book.IEEE: Text("IEEE 1366", "IEEE 1366"), Book.DLT: Text("DL/T 836", "DL/T 836")}[self]


class Base(StrEnum):
    """What a customer weighs (统计单位, domain rule 2.1): never mixed, so each is a pass of its own.

    MV statistic units are what the regulator reads, households what people feel, kVA gives ASIDI, power gives the
    energy not supplied.
    """

    UNITS = "units"
    HOUSEHOLDS = "households"
    KVA = "kva"
    POWER = "power"

    @property
    def label(self) -> Text:
        """As tables head it."""
        return BASE_TITLES[self]


BASE_TITLES: Mapping[Base, Text] = {
    Base.UNITS: Text("MV statistic units", "中压统计单位"),
    Base.HOUSEHOLDS: Text("households", "低压用户"),
    Base.KVA: Text("capacity, kVA", "容量(kVA)"),
    Base.POWER: Text("load", "负荷"),
}


class View(StrEnum):
    """Every index three ways: with major event days (重大事件日), without, and those days alone."""

    ALL = "all"
    WITHOUT = "without_major"
    ONLY = "only_major"

    @property
    def label(self) -> Text:
        """As tables head it."""
        return VIEW_TITLES[self]


VIEW_TITLES: Mapping[View, Text] = {
    View.ALL: Text("all days", "全部"),
    View.WITHOUT: Text("without major event days", "剔除重大事件日"),
    View.ONLY: Text("major event days only", "仅重大事件日"),
}


class By(StrEnum):
    """What a breakdown (分组) parts by; the parts add up to the whole."""

    AREA = "area"
    FEEDER = "feeder"
    SUBSTATION = "substation"
    UNIT = "unit"
    CAUSE = "cause"
    NATURE = "nature"
    MONTH = "month"

    @property
    def of_customer(self) -> bool:
        """True when a customer belongs to one part, so that each part has customers of its own."""
        return self in (By.AREA, By.FEEDER, By.SUBSTATION, By.UNIT)


class Customers(StrEnum):
    """Which customers a period has (统计户数): those at its end, or their average over time. Stored with the result."""

    PERIOD_END = "period_end"
    TIME_WEIGHTED = "time_weighted"


@dataclass(frozen=True, slots=True)
class Index:
    """One index (可靠性指标) with the ratio it is: `value` = numerator ÷ denominator, in its unit.

    The numerator is an integer of seconds, interruptions or customers times their weight; `per` of it make one unit.

    >>> Index("SAIDI", Text("", ""), "min", 191700, 10.0, 60).value
    319.5
    """

    key: str
    title: Text
    unit: str
    numerator: int
    denominator: float
    per: float = 1.0
    complement: bool = False

    @property
    def value(self) -> float | None:
        """The index, None where there is nothing to divide by; an availability is what is left of 100 %."""
        if not self.denominator:
            return None
        if self.complement:
            return (self.denominator - self.numerator) / self.denominator * 100
        return self.numerator / (self.denominator * self.per)

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "key": self.key,
            "title": self.title.as_json(),
            "unit": self.unit,
            "numerator": self.numerator,
            "denominator": self.denominator,
            "value": None if self.value is None else round(self.value, 6),
        }
