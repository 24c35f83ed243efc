"""The operation ticket (操作票): one task, its steps in order, who ordered, operated and watched (6.2).

One ticket is one task; steps are read out, repeated back (复诵), carried out, checked and ticked one by one; at doubt people
stop. The ticket here is the computed part; times and signatures are filled in when it is carried out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from everlit.kernel import Text
from everlit.switching.step import Step


class Direction(StrEnum):
    """Out: towards work; back: towards supply."""

    OUT = "out"
    BACK = "back"


TASKS: Mapping[Direction, Text] = {
    Direction.OUT: Text("Take out of service and permit work", "停电并许可工作"),
    Direction.BACK: Text("Close the work and restore supply", "工作终结并恢复送电"),
}


class OperationKind(StrEnum):
    """How the ticket is operated (操作方式)."""

    SUPERVISED = "supervised"
    SINGLE = "single"
    MAINTENANCE = "maintenance"


KINDS: Mapping[OperationKind, Text] = {
    OperationKind.SUPERVISED: Text("supervised operation", "监护下操作"),
    OperationKind.SINGLE: Text("single-person operation", "单人操作"),
    OperationKind.MAINTENANCE: Text("operation by maintenance staff", "检修人员操作"),
}


@dataclass(frozen=True, slots=True)
class Header:
    """What stands above and below the rows; empty fields are left to be written by hand."""

    number: str = ""
    unit: str = ""
    issuer: str = ""
    receiver: str = ""
    issued_at: str = ""
    started_at: str = ""
    ended_at: str = ""
    kind: OperationKind = OperationKind.SUPERVISED
    operator: str = ""
    guardian: str = ""
    duty_leader: str = ""
    remarks: str = ""

    def as_json(self) -> dict[str, str]:
        """All fields."""
        return {name: str(getattr(self, name)) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class Ticket:
    """Ordered steps from one state to another.

    `unit_min` and `household_min` are customers interrupted on the way times minutes; `proven` says that no safe order of
    these switches interrupts fewer, `examined` how many states were looked at.
    """

    direction: Direction
    task: Text
    steps: tuple[Step, ...]
    header: Header = field(default_factory=Header)
    unit_min: float = 0.0
    household_min: float = 0.0
    proven: bool = True
    examined: int = 0

    @property
    def minutes(self) -> float:
        """From the first order to the last step done."""
        return self.steps[-1].at_min if self.steps else 0.0

    def with_header(self, header: Header) -> "Ticket":
        """The same ticket under another header."""
        return replace(self, header=header)

    def as_json(self) -> dict[str, Any]:
        """The ticket as stored and shown by the API."""
        return {
            "direction": self.direction.value,
            "task": self.task.as_json(),
            "header": self.header.as_json(),
            "minutes": self.minutes,
            "unit_min": round(self.unit_min, 3),
            "household_min": round(self.household_min, 3),
            "proven": self.proven,
            "examined": self.examined,
            "steps": [step.as_json() for step in self.steps],
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "Ticket":
        """The ticket `as_json` wrote."""
        header = {**row["header"], "kind": OperationKind(row["header"]["kind"])}
        return cls(
            Direction(row["direction"]), Text(**row["task"]), tuple(Step.from_json(step) for step in row["steps"]), Header(**header),
            row["unit_min"], row["household_min"], row["proven"], row["examined"],
        )  # fmt: skip

    def text(self, language: str = "zh") -> str:
        """The ticket as plain text."""
        return "\n".join(self._lines(language))

    def _lines(self, language: str) -> Iterator[str]:
        def say(en: str, zh: str) -> str:
            return Text(en, zh).in_language(language)

        yield say("Operation ticket", "操作票") + (f" {self.header.number}" if self.header.number else "")
        yield say("Task: ", "操作任务：") + self.task.in_language(language)
        yield say("Kind: ", "操作方式：") + KINDS[self.header.kind].in_language(language)
        for step in self.steps:
            hot = say("  (hot)", "(合环)") if step.hot else ""
            yield f"{step.number:>3}  {step.at_min:>6.1f} min  {step.item.in_language(language)}{hot}"
        yield say(
            f"Duration {self.minutes:.0f} min; interrupted on the way: {self.household_min:.0f} household-minutes",
            f"预计用时 {self.minutes:.0f} 分钟；操作过程停电 {self.household_min:.0f} 户·分钟",
        )


@dataclass(frozen=True, slots=True)
class Tickets:
    """The way out and the way back of one job."""

    out: Ticket
    back: Ticket

    def as_json(self) -> dict[str, Any]:
        """Both."""
        return {"out": self.out.as_json(), "back": self.back.as_json()}
