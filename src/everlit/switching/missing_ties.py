"""Missing ties (缺失联络): what the dark hours of many plans ask for, dearest first.

Every block a plan leaves dark names in its certificate what kept it dark. Summed over the plans of a month or a year
these reasons say where network would have kept customers supplied, and what its absence cost.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from everlit.switching.reason import Reason


@dataclass(frozen=True, slots=True)
class MissingTie:
    """A place where network would have kept customers: a tie that is short, unphased or forbidden, or one not there.

    `short_a` is the most it was ever short by; hours are summed over the plans.
    """

    kind: str
    where: str
    plans: int
    customer_hours: float
    household_hours: float
    short_a: float

    def as_json(self) -> dict[str, Any]:
        """By identities."""
        return {
            "kind": self.kind, "where": self.where, "plans": self.plans, "short_a": round(self.short_a, 3),
            "customer_hours": round(self.customer_hours, 6), "household_hours": round(self.household_hours, 6),
        }  # fmt: skip


def rank_missing_ties(certificates: Iterable[Iterable[Reason]]) -> list[MissingTie]:
    """What the dark hours of many plans ask for, dearest first; each block counts once, for its nearest remedy."""
    sums: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0, 0.0])
    for reasons in certificates:
        by_block: dict[str, list[Reason]] = defaultdict(list)
        for reason in reasons:
            if reason.kind not in ("work", "empty", "not_searched"):
                by_block[reason.section].append(reason)
        for section, choices in by_block.items():
            nearest = min(choices, key=_distance)
            total = sums[nearest.kind, str(nearest.evidence.get("tie", section))]
            total[0] += 1
            total[1] += nearest.units * nearest.hours
            total[2] += nearest.households * nearest.hours
            total[3] = max(total[3], float(nearest.evidence.get("short_a", 0.0)))
    found = [
        MissingTie(kind, where, int(plans), units, households, short)
        for (kind, where), (plans, units, households, short) in sums.items()
    ]
    return sorted(found, key=lambda each: (-each.customer_hours, -each.household_hours, each.where))


def _distance(reason: Reason) -> tuple[int, float]:
    """How far a reason is from being remedied: a phase check, a rule, some ampere, a voltage, a new tie."""
    ladder = ("not_phased", "forbidden", "tie_overload", "voltage", "no_tie")
    return ladder.index(reason.kind), float(reason.evidence.get("short_a", 0.0))
