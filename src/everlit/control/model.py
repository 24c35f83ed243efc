"""The nouns of control: a step as it was done, and how far a ticket has come."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from everlit.switching.ticket import Direction

LONGEST_NOTE = 400


@dataclass(frozen=True, slots=True)
class DoneStep:
    """One step of a ticket as it was carried out (已执行步骤).

    `device` is the one really operated, when it was another than the ticket's; `left_out` when nothing was done. Both
    need a `note`. Telling a step again with a note corrects it: the newest telling counts.
    """

    way: Direction
    number: int
    at: datetime
    by: str
    device: str = ""
    left_out: bool = False
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "way": self.way.value,
            "number": self.number,
            "at": self.at.isoformat(),
            "by": self.by,
            "device": self.device,
            "left_out": self.left_out,
            "note": self.note,
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """The step `as_json` wrote."""
        at = datetime.fromisoformat(row["at"])
        return cls(Direction(row["way"]), row["number"], at, row["by"], row["device"], row["left_out"], row["note"])


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one ticket has come: steps done of all, minutes behind the plan at the last one, when it will be done.

    `late_min` is None before the first step; `ends_at` then too.
    """

    way: Direction
    done: int
    steps: int
    late_min: float | None = None
    ends_at: datetime | None = None

    @property
    def complete(self) -> bool:
        """True when every step is done."""
        return self.done == self.steps

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "way": self.way.value,
            "done": self.done,
            "steps": self.steps,
            "late_min": None if self.late_min is None else round(self.late_min, 3),
            "ends_at": self.ends_at and self.ends_at.isoformat(),
            "complete": self.complete,
        }
