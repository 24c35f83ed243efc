"""One outage as a switching plan (停电方案): isolate, re-supply, the steps out and back, and who is dead when.

Planning asks switching here and nowhere else. The path ends with the announced period: work lasts what the way out
and the way back leave of it.

    minute 0     steps out      permit          work          permit back    steps back     end of the period
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from everlit.grid import Grid
from everlit.grid.compile import Bools, Floats
from everlit.kernel import Finding, Period, Policies
from everlit.planning.path import DeadTimes
from everlit.switching import Isolation, isolate, limits_of
from everlit.switching.dead import dead_intervals
from everlit.switching.loop import Disturbed
from everlit.switching.step import Action, Phase, Step
from everlit.switching.steps import UnableToOrder, order_job
from everlit.switching.ticket import TASKS, Direction, Ticket, Tickets
from everlit.switching.transfer import Transfer, transfer

Loads = tuple[Floats, Floats]
SWITCHING_STEPS = 8
"""Quarter-hours at either end of the period during which the switching may happen."""


@dataclass(frozen=True)
class SwitchingPlan:
    """What switching says: the isolation, the transfer with its certificate, the tickets, and who is dead when."""

    isolation: Isolation
    transfer: Transfer
    tickets: Tickets
    times: DeadTimes
    path_min: float
    violations: tuple[Finding, ...] = ()

    @property
    def at_work(self) -> Bools:
        """Switch positions while people work."""
        return self.transfer.state

    @property
    def out_min(self) -> float:
        """Minutes until people may work."""
        return self.tickets.out.minutes

    @property
    def back_min(self) -> float:
        """Minutes from the end of work to the last step back."""
        return self.tickets.back.minutes

    @property
    def work_min(self) -> float:
        """Minutes people may work."""
        return self.path_min - self.out_min - self.back_min

    @cached_property
    def uncertified(self) -> int:
        """Healthy sections with customers that stay dark without a reason in the certificate."""
        grid = self.isolation.grid
        zone = set(self.isolation.zone_sections)
        explained = {name for reason in self.transfer.certificate for name in reason.sections}
        healthy = (section for section in self.transfer.dead if section not in zone)
        dark = [section for section in healthy if grid.section_name(section) not in explained]
        return int(np.count_nonzero(grid.section_households[dark] + grid.section_units[dark])) if dark else 0


def plan_switching(
    grid: Grid,
    closed: Bools,
    equipment_ids: Sequence[str],
    *,
    period: Period,
    loads: Loads,
    policies: Policies,
    on: date,
    seconds: float = 10.0,
    disturbed: Disturbed = None,
) -> SwitchingPlan:
    """The plan for an outage in `period`; raises UnableToIsolate, UnableToFindEquipment.

    When no safe order of the steps is found, the plan carries the findings as violations and a plain order of
    switches, so that people see both what it would do and why it must not be done. `disturbed` are feeders with an
    earth fault or an abnormal neutral, None while nobody has said.
    """
    minutes, limits = period.hours * 60, limits_of(policies, on=on)
    isolation = isolate(grid, closed, equipment_ids, limits=limits)
    moved = transfer(grid, closed, isolation, loads, policies, on=on, starts_at=period.start, seconds=seconds)
    first = _heaviest(loads, slice(None, SWITCHING_STEPS))
    last = _heaviest(loads, slice(-SWITCHING_STEPS, None))
    tickets, violations = _ordered(
        isolation, moved.state, policies, on, loads=first, loads_back=last, disturbed=disturbed
    )
    work_min = max(0.0, minutes - tickets.out.minutes - tickets.back.minutes)
    dead = dead_intervals(grid, closed, tickets.out, work_min, tickets.back)
    times = DeadTimes(dead.section, dead.from_min, dead.to_min)
    return SwitchingPlan(isolation, moved, tickets, times, dead.until_min, violations)


def switching_min(isolation: Isolation, at_work: Bools, *, policies: Policies, on: date) -> tuple[float, float]:
    """Minutes of the way out and of the way back, before the hour is known.

    Devices break what they may break under nameplate load, and a tie is closed hot only where that passes under it: the
    tickets of an hour with less load are hardly ever longer.
    """
    tickets, _ = _ordered(isolation, at_work, policies, on)
    return tickets.out.minutes, tickets.back.minutes


def _ordered(
    isolation: Isolation,
    at_work: Bools,
    policies: Policies,
    on: date,
    *,
    loads: Loads | None = None,
    loads_back: Loads | None = None,
    disturbed: Disturbed = None,
) -> tuple[Tickets, tuple[Finding, ...]]:
    """The tickets of a job; where no safe order is found, a plain one with the findings against it."""
    grid, closed = isolation.grid, isolation.closed_before
    try:
        tickets = order_job(
            grid, closed, at_work, work=isolation, loads=loads, loads_back=loads_back, policies=policies, on=on,
            disturbed=disturbed,
        )  # fmt: skip
    except UnableToOrder as refusal:
        return _plain(grid, closed, at_work, minutes=policies.value("minutes.manual", on=on)), tuple(refusal.findings)
    return tickets, ()


def _heaviest(loads: Loads, steps: slice) -> Loads:
    """One quarter-hour that no quarter-hour of some steps exceeds: every load at its own highest there.

    Steps are judged on it, so that an hour's delay on site does not turn a safe step into an unsafe one.
    """
    p_kw, q_kvar = (part[steps] for part in loads)
    return p_kw.max(axis=0, keepdims=True), q_kvar.max(axis=0, keepdims=True)


def _plain(grid: Grid, closed: Bools, at_work: Bools, *, minutes: float) -> Tickets:
    """Openings first, closings then, and the reverse: not a ticket to operate by."""
    opened = [grid.switch_id(switch) for switch in np.flatnonzero(closed & ~at_work).tolist()]
    joined = [grid.switch_id(switch) for switch in np.flatnonzero(~closed & at_work).tolist()]
    out = [*((Action.OPEN, name) for name in opened), *((Action.CLOSE, name) for name in joined)]
    back = [*((Action.OPEN, name) for name in joined), *((Action.CLOSE, name) for name in opened)]

    def ticket(direction: Direction, moves: list[tuple[Action, str]], phase: Phase) -> Ticket:
        steps = tuple(
            Step(action, name, number=number, phase=phase, minutes=minutes, at_min=minutes * number)
            for number, (action, name) in enumerate(moves, 1)
        )
        return Ticket(direction, TASKS[direction], steps, proven=False)

    return Tickets(ticket(Direction.OUT, out, Phase.ISOLATE), ticket(Direction.BACK, back, Phase.RESTORE))
