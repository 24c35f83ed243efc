"""A figure laid open (指标穿透): what each event and each customer adds to it, in the unit it is told in, with the sums.

What is added are whole numbers (seconds, interruptions or customers, times what a customer weighs), so that the events
and the customers come to exactly the numerator that is divided.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from everlit.reliability.drill import Drilled
from everlit.reliability.formulas import Measure
from everlit.reliability.model import Base, Index

HOUR_S = 3600.0
VOLT_AMPERES = 1000.0


@dataclass(frozen=True, slots=True)
class Adds:
    """One event or customer: what it adds as a whole number, in units people read, and in percent of all."""

    name: str
    adds: int
    told: float
    percent: float
    about: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LaidOpen:
    """Events and customers of a figure; `hours` says that `told` is hours, `per` how many of `adds` make one of it."""

    hours: bool
    per: float
    total: int
    events: Sequence[Adds]
    customers: Sequence[Adds]

    @property
    def told(self) -> float:
        """The sum in units people read."""
        return self.total / self.per


def laid_open(index: Index, found: Drilled, base: Base) -> LaidOpen:
    """The parts of a figure; `index.numerator` is their sum."""
    hours = found.formula.measure is Measure.SECONDS
    per = (HOUR_S if hours else 1.0) * (VOLT_AMPERES if base is Base.KVA else 1.0)

    def rows(listed: Sequence[Mapping[str, Any]], name: str) -> list[Adds]:
        whole = index.numerator or 1
        return [Adds(one[name], one["adds"], one["adds"] / per, 100 * one["adds"] / whole, one) for one in listed]

    return LaidOpen(hours, per, found.total, rows(found.events(), "event"), rows(found.customers(), "subject"))
