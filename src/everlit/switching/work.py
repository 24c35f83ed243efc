"""The work a ticket makes room for (工作): which sections people enter, and which open points guard them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class IsolationLike(Protocol):
    """What is read of an isolation (隔离)."""

    @property
    def work_sections(self) -> Sequence[int]: ...
    @property
    def switches(self) -> Sequence[int]: ...
    @property
    def equipment_ids(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Work:
    """Sections to be entered under a permit named `name`.

    `guards` are the switches to be locked and tagged; more are added where an untagged one would leave a way in.
    """

    sections: tuple[int, ...]
    guards: tuple[int, ...] = ()
    name: str = "permit-1"
    equipment: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What the work is on, as a ticket says it."""
        return " + ".join(self.equipment) or self.name


def work_of(isolation: IsolationLike, *, name: str | None = None) -> Work:
    """The work of an isolation; the permit is named after the equipment when nobody names it."""
    label = name if name is not None else "permit-" + "+".join(isolation.equipment_ids)
    sections = tuple(int(section) for section in isolation.work_sections)
    guards = tuple(int(switch) for switch in isolation.switches)
    return Work(sections, guards, label, tuple(isolation.equipment_ids))
