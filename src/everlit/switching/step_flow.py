"""Loading and voltage while switching (操作过程校核): the flow of every state on the way, against the limits of rule 3.3.3.

A switching state lasts minutes, so ratings count in full and voltage may reach the abnormal band. What was beyond its
limit before the first step is not blamed on a step that does not worsen it.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from everlit.grid.electrical import branch_id, electrical
from everlit.grid.flow import Flow, loading
from everlit.kernel import Finding, Text
from everlit.switching.flows import StateFlows
from everlit.switching.scene import Scene
from everlit.switching.state import State


@dataclass(frozen=True, slots=True)
class Overload:
    """A branch beyond its rating (`unit` A) or a node out of its band (`unit` pu), in the worst scenario."""

    identity: str
    unit: str
    measured: float
    limit: float

    def as_json(self) -> dict[str, Any]:
        """Rounded."""
        return {
            "id": self.identity,
            "unit": self.unit,
            "measured": round(self.measured, 4),
            "limit": round(self.limit, 4),
        }

    @property
    def message(self) -> Text:
        """What is beyond what."""
        values = f"{self.measured:.4g} {self.unit}", f"{self.limit:.4g} {self.unit}"
        return Text(
            f"{self.identity}: {values[0]}, limit {values[1]}", f"{self.identity} {values[0]}，限值 {values[1]}"
        )


@dataclass(frozen=True)
class StepFlows:
    """Limits on the way, by state; without flows nothing is computed and nothing is overloaded."""

    flows: StateFlows | None = None
    known: dict[tuple[bytes, bytes], tuple[Overload, ...]] = field(default_factory=dict)

    def __call__(self, at: Scene, state: State) -> tuple[Finding, ...]:
        """What leaves its limits in a state, as findings."""
        return tuple(
            Finding("flow.limit", each.identity, each.message, each.as_json()) for each in self.overloads(at, state)
        )

    def overloads(self, at: Scene, state: State) -> tuple[Overload, ...]:
        """What leaves its limits in a state."""
        if self.flows is None:
            return ()
        key = (at.blocks.start.tobytes(), at.positions(state).tobytes())
        if key not in self.known:
            self.known[key] = _beyond_limits(at, state, self.flows)
        return self.known[key]


def _beyond_limits(at: Scene, state: State, flows: StateFlows) -> tuple[Overload, ...]:
    before = at.positions(at.start())
    base = flows.whole(before)
    if base is None or state.closed == at.start().closed:
        return ()
    flow = flows.changed(at.positions(state), since=before)
    if flow is None:
        return (Overload("network", "converged", 0.0, 1.0),)
    return (*_currents(at, flow, base), *_voltages(at, flow, base))


def _currents(at: Scene, flow: Flow, base: Flow) -> tuple[Overload, ...]:
    limit, worsening = at.rules.value("step.loading"), at.rules.value("step.worsening")
    now = loading(at.grid, flow).max(axis=0, initial=0.0)
    whole = np.zeros(at.grid.n_branches)
    whole[base.branches] = np.nan_to_num(loading(at.grid, base)).max(axis=0, initial=0.0)
    beyond = np.flatnonzero(now > np.maximum(limit, whole[flow.branches] + worsening))
    rated = electrical(at.grid).rated_a[flow.branches]
    return tuple(
        Overload(branch_id(at.grid, int(flow.branches[c])), "A", float(now[c] * rated[c]), float(limit * rated[c]))
        for c in beyond
    )


def _voltages(at: Scene, flow: Flow, base: Flow) -> tuple[Overload, ...]:
    band, worsening = at.rules.value("step.voltage") / 100, at.rules.value("step.worsening")
    whole = np.zeros(at.grid.n_nodes)
    whole[base.nodes] = np.nan_to_num(np.abs(base.voltage_pu - 1)).max(axis=0, initial=0.0)
    off = np.nan_to_num(np.abs(flow.voltage_pu - 1)).max(axis=0, initial=0.0)
    beyond = np.flatnonzero(off > np.maximum(band, whole[flow.nodes] + worsening))
    found = []
    for column in beyond:
        volts = flow.voltage_pu[:, column]
        worst = float(volts[np.argmax(np.nan_to_num(np.abs(volts - 1)))])
        found.append(
            Overload(at.grid.node_id(int(flow.nodes[column])), "pu", worst, 1 - band if worst < 1 else 1 + band)
        )
    return tuple(found)
