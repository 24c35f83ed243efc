"""One outage as a switching plan (停电方案): isolate, re-supply, the steps out and back, and the states they pass.

Planning asks switching here and nowhere else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from everlit.grid import Grid
from everlit.grid.compile import Bools, Floats
from everlit.kernel import Finding, Policies
from everlit.planning.path import DeadTimes, TimedState, dead_times, out_and_back
from everlit.switching import Isolation, isolate, limits_of
from everlit.switching.step import Action, Phase, Step

Loads = tuple[Floats, Floats]


@dataclass(frozen=True)
class SwitchingPlan:
    """What switching says: the isolation, the transfer with its certificate, the ticket, and who is dark when."""

    isolation: Isolation
    at_work: Bools = field(repr=False)
    steps_out: tuple[Step, ...]
    steps_back: tuple[Step, ...]
    times: DeadTimes
    path_min: float
    transfer: dict[str, Any] | None = None
    certificate: tuple[dict[str, Any], ...] = ()
    uncertified: int = 0
    violations: tuple[Finding, ...] = ()

    @property
    def out_min(self) -> float:
        """Minutes until people may work."""
        return self.steps_out[-1].at_min if self.steps_out else 0.0

    @property
    def back_min(self) -> float:
        """Minutes of switching back."""
        return self.steps_back[-1].at_min if self.steps_back else 0.0


def plan_switching(
    grid: Grid,
    closed: Bools,
    equipment_ids: Sequence[str],
    *,
    minutes: float,
    loads: Loads,
    policies: Policies,
    on: date,
) -> SwitchingPlan:
    """The plan for an outage of `minutes`; raises UnableToIsolate, UnableToFindEquipment."""
    isolation = isolate(grid, closed, equipment_ids, limits=limits_of(policies, on=on))
    at_work = isolation.closed_after
    operate = policies.value("minutes.manual", on=on)
    names = [grid.switch_id(switch) for switch in (*isolation.companions, *isolation.to_open)]
    steps_out = tuple(
        Step(Action.OPEN, name, number=number, minutes=operate, at_min=operate * number)
        for number, name in enumerate(names, 1)
    )
    steps_back = tuple(
        Step(Action.CLOSE, name, number=number, phase=Phase.RESTORE, minutes=operate, at_min=operate * number)
        for number, name in enumerate(reversed(names), 1)
    )
    path = out_and_back(closed, timed(grid, closed, steps_out), timed(grid, at_work, steps_back), end_min=minutes)
    path_min = max(minutes, path[-1].from_min)
    times = dead_times(grid, closed, path, end_min=path_min)
    return SwitchingPlan(isolation, at_work, steps_out, steps_back, times, path_min)


def timed(grid: Grid, start: Bools, steps: Sequence[Step]) -> list[TimedState]:
    """The states the switching steps lead through, each from the minute its step is done."""
    states, closed = [], start
    for step in steps:
        if step.action in (Action.OPEN, Action.CLOSE):
            closed = closed.copy()
            closed[grid.switch(step.device)] = step.action is Action.CLOSE
            states.append(TimedState(step.at_min, closed))
    return states
