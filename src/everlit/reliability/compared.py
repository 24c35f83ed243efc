"""Two states of knowledge side by side (前后对比): each figure as known then and as known later, and what arrived between.

A report that was right when it was written is not wrong because more is known today. Both are told, with the difference
and with the statements that made it: corrections, withdrawals, interruptions that came in late.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from everlit.kernel import Finding, Period, Refusal, Text
from everlit.ledger.statement import Statement
from everlit.reliability.closing import Restated

MOST_TOLD = 1_000
"""Statements listed; the number of all of them is told."""


class UnableToCompare(Refusal):
    """Two instants are compared: one of them was not named."""

    title = Text(en="Nothing was compared.", zh="未进行对比。")


@dataclass(frozen=True, slots=True)
class Compared:
    """The indices of a period as known at `then` and at `later` (None: now): only what differs, and what arrived."""

    network: str
    period: Period
    then: datetime
    later: datetime | None
    figures: int
    changes: tuple[Restated, ...]
    arrived: Sequence[Statement]
    arrived_in_all: int

    def as_json(self) -> dict[str, Any]:
        """As the API and `everlit indices --compare --json` show it."""
        return {
            "network": self.network,
            "period": self.period.as_json(),
            "known_at": self.then.isoformat(),
            "compare": self.later and self.later.isoformat(),
            "figures": self.figures,
            "changes": [{**one.as_json(), "difference": one.difference} for one in self.changes],
            "arrived": [one.as_json() for one in self.arrived],
            "arrived_in_all": self.arrived_in_all,
        }


def named(then: datetime | None) -> datetime:
    """The instant to compare from; raises UnableToCompare where none is named."""
    if then is None:
        words = Text("Name the instant to compare from: known_at.", "请给出对比的起始获知时刻:known_at。")
        raise UnableToCompare(Finding("indices.compare.known_at", "known_at", words))
    return then
