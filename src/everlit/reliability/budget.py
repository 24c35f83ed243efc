"""The customer-hour budget (时户数预算): the target of the year as hours, parted by unit and month, and what is used.

Budget of the year = target SAIDI × customers; planned work gets a share of it. A month gets its seasonal weight, a unit
the share of its customers (domain rule 3.4). What people allotted stands beside the proposal and counts before it. Used
is what the ledger says of pre-arranged interruptions, committed what the agreed outages still ahead will use.

>>> from everlit.reliability.policies import RELIABILITY_POLICIES
>>> year = yearly_budget(12_000, policies=RELIABILITY_POLICIES, on=date(2026, 1, 1))
>>> year.total_h, round(year.planned_h, 6), round(588 / year.planned_h, 3)
(14400.0, 8640.0, 0.068)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from everlit.kernel import Policies


@dataclass(frozen=True, slots=True)
class YearlyBudget:
    """Customer-hours of a year: of the whole target, and the share given to planned work."""

    total_h: float
    planned_h: float


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """One unit in one month, customer-hours; `allotted_h` is None where nobody allotted anything."""

    unit: str
    month: str
    proposed_h: float
    allotted_h: float | None
    used_h: float
    committed_h: float
    fault_h: float

    @property
    def budget_h(self) -> float:
        """What counts: the allotment, else the proposal."""
        return self.proposed_h if self.allotted_h is None else self.allotted_h

    @property
    def left_h(self) -> float:
        """What is left of it."""
        return self.budget_h - self.used_h - self.committed_h

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        hours = ("proposed_h", "budget_h", "used_h", "committed_h", "fault_h", "left_h")
        rounded = {name: round(getattr(self, name), 6) for name in hours}
        return {"unit": self.unit, "month": self.month, "allotted_h": self.allotted_h, **rounded}


@dataclass(frozen=True, slots=True)
class BudgetView:
    """The budget of a year: its target, and a line for every unit and month."""

    year: int
    customers: float
    target: YearlyBudget
    lines: tuple[BudgetLine, ...]

    def as_json(self) -> dict[str, Any]:
        """As the API shows it, with the sums over the year."""
        names = ("proposed_h", "budget_h", "used_h", "committed_h", "fault_h", "left_h")
        return {
            "year": self.year,
            "customers": self.customers,
            "target_h": round(self.target.total_h, 6),
            "planned_h": round(self.target.planned_h, 6),
            "total": {name: round(sum(getattr(line, name) for line in self.lines), 6) for name in names},
            "lines": [line.as_json() for line in self.lines],
        }


def yearly_budget(customers: float, *, policies: Policies, on: date) -> YearlyBudget:
    """The hours of a year for so many customers."""
    total = policies.value("budget.target_saidi", on=on) * customers
    return YearlyBudget(total, total * policies.value("budget.planned_share", on=on))


def budget_view(
    year: int,
    customers: Mapping[str, float],
    *,
    used_h: Mapping[tuple[str, str], float],
    fault_h: Mapping[tuple[str, str], float],
    allotted_h: Mapping[tuple[str, str], float],
    committed_h: Mapping[tuple[str, str], float],
    policies: Policies,
    months: Sequence[float] = (1.0,) * 12,
) -> BudgetView:
    """The budget of a year by unit and month (YYYY-MM); `customers` by unit, `months` are the seasonal weights."""
    everyone = sum(customers.values())
    target = yearly_budget(everyone, policies=policies, on=date(year, 12, 31))
    lines = []
    for unit in sorted({*customers, *(unit for unit, _ in allotted_h)}):
        for number, weight in enumerate(months, 1):
            here = unit, f"{year}-{number:02d}"
            share = weight / sum(months) * (customers.get(unit, 0.0) / everyone if everyone else 0.0)
            told = (table.get(here, 0.0) for table in (used_h, committed_h, fault_h))
            lines.append(BudgetLine(*here, target.planned_h * share, allotted_h.get(here), *told))
    return BudgetView(year, everyone, target, tuple(lines))
