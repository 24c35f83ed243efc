"""Simulating a ticket (操作票模拟预演): every step applied, every state on the way described, every rule asked.

A switching plan is a path of states. For each of them: who is live, who is dead, what is paralleled, what is overloaded,
and which safety predicates the step that led there breaks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from everlit.grid import Counts, Grid
from everlit.grid.compile import Bools
from everlit.kernel import Finding, Policies
from everlit.switching.flows import Loads, StateFlows, nameplate
from everlit.switching.loop import HotTies
from everlit.switching.policies import NEWEST, Rulebook, rulebook
from everlit.switching.safety import PREDICATES, Predicate, Situation, check
from everlit.switching.scene import Scene, resolved, scene
from everlit.switching.state import State
from everlit.switching.step import SWITCHED, Action, Step
from everlit.switching.step_flow import Overload, StepFlows

POSITIONED = (Action.OPEN, Action.CLOSE, Action.TAG, Action.UNTAG, Action.WITHDRAW, Action.INSERT)


@dataclass(frozen=True)
class StateReport:
    """One state: before the first step (`step` None) or after a step. Masks are per section."""

    grid: Grid = field(repr=False, compare=False)
    step: Step | None
    state: State
    closed: Bools = field(repr=False, compare=False)
    energised: Bools = field(repr=False, compare=False)
    paralleled: Bools = field(repr=False, compare=False)
    overloaded: tuple[Overload, ...]
    violations: tuple[Finding, ...]

    @property
    def dead(self) -> Bools:
        """Sections without supply."""
        return ~self.energised

    @property
    def dead_counts(self) -> Counts:
        """Customers without supply."""
        return counts(self.grid, self.dead)

    def as_json(self) -> dict[str, Any]:
        """The state by identities; live sections are those not named dead."""
        grid = self.grid
        return {
            "step": None if self.step is None else self.step.number,
            "at_min": 0.0 if self.step is None else self.step.at_min,
            "dead": self.dead_counts.as_json(),
            "dead_sections": [grid.section_name(section) for section in np.flatnonzero(self.dead).tolist()],
            "paralleled_sections": [grid.section_name(section) for section in np.flatnonzero(self.paralleled).tolist()],
            "earths": sorted(grid.node_id(node) for node in self.state.earths),
            "tagged": sorted(grid.switch_id(switch) for switch in self.state.tagged),
            "permits": sorted(name for name, _ in self.state.permits),
            "overloaded": [overload.as_json() for overload in self.overloaded],
            "violations": [finding.as_json() for finding in self.violations],
        }


@dataclass(frozen=True)
class Trace:
    """The states of a ticket, the one before its first step first."""

    states: tuple[StateReport, ...]

    @property
    def final(self) -> State:
        """Where it ends."""
        return self.states[-1].state

    @property
    def closed(self) -> Bools:
        """Positions at the end."""
        return self.states[-1].closed

    @property
    def violations(self) -> tuple[Finding, ...]:
        """Every finding on the way."""
        return tuple(finding for state in self.states for finding in state.violations)

    @property
    def safe(self) -> bool:
        """True when no step breaks a predicate."""
        return not self.violations

    def as_json(self) -> dict[str, Any]:
        """All states."""
        return {"safe": self.safe, "states": [state.as_json() for state in self.states]}


def counts(grid: Grid, sections: Bools) -> Counts:
    """Customers three ways in some sections."""
    return Counts(
        int(grid.section_units[sections].sum()),
        int(grid.section_households[sections].sum()),
        float(grid.section_kva[sections].sum()),
    )


def simulate(
    grid: Grid,
    start: Bools,
    steps: Iterable[Step],
    loads: Loads | None = None,
    *,
    state: State | None = None,
    policies: Policies | None = None,
    on: date = NEWEST,
    predicates: Sequence[Predicate] = PREDICATES,
) -> Trace:
    """Apply steps to the positions `start` and describe every state; nothing is refused here, violations are told.

    `state` carries earths, tags and permits already standing when the ticket begins (the way back of a job). Without
    `loads` predicates take every consumer at its nameplate and overloads are not computed.
    """
    flows = StateFlows(grid, nameplate(grid) if loads is None else loads)
    limits = StepFlows(None if loads is None else flows)
    return rehearse(
        grid, start, steps, rules=rulebook(policies, on=on), loads=flows.loads, hot_ties=HotTies(flows), limits=limits,
        state=state, predicates=predicates,
    )  # fmt: skip


def rehearse(
    grid: Grid,
    start: Bools,
    steps: Iterable[Step],
    *,
    rules: Rulebook,
    loads: Loads,
    hot_ties: HotTies,
    limits: StepFlows,
    state: State | None = None,
    predicates: Sequence[Predicate] = PREDICATES,
) -> Trace:
    """`simulate` with flows and loop tests that others may have asked for already."""
    listed = tuple(steps)
    held = () if state is None else (*state.tagged, *state.withdrawn)
    touched = {grid.switch(step.device) for step in listed if step.action in POSITIONED}.union(held)
    goal = positions_after(grid, start, listed)
    at = scene(grid, start, touched, rules=rules, loads=loads, hot_test=hot_ties, flow_test=limits, goal=goal)
    here = at.begin(state)
    reports = [_report(at, None, here, (), limits)]
    for step in listed:
        move = resolved(grid, step)
        there = at.after(here, move)
        found = check(Situation(at, here, move, there), predicates)
        reports.append(_report(at, step, there, found, limits))
        here = there
    return Trace(tuple(reports))


def positions_after(grid: Grid, start: Bools, steps: Iterable[Step]) -> Bools:
    """Where the steps lead: the goal their order is judged by."""
    closed = start.copy()
    for step in steps:
        if step.action in SWITCHED:
            closed[grid.switch(step.device)] = step.action is Action.CLOSE
    return closed


def _report(at: Scene, step: Step | None, state: State, found: tuple[Finding, ...], limits: StepFlows) -> StateReport:
    return StateReport(
        grid=at.grid, step=step, state=state, closed=at.positions(state), energised=at.islands(state).live_sections(),
        paralleled=at.paralleled(state), overloaded=limits.overloads(at, state), violations=found,
    )  # fmt: skip
