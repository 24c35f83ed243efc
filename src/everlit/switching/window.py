"""The window of a transfer (转供校核): whether a state keeps every loading and voltage limit in every quarter-hour.

A limit is a row times a rating. What was beyond its limit before anybody switched may get a little worse, not more:
otherwise one overloaded house connection would forbid every transfer on its feeder. So with the flow before as base

    current ≤ max(factor · rating, base + ε · rating)  where base is beyond, else factor · rating
    voltage ≥ low limit, or base − ε where base is below; likewise at the high end

On a city only the feeders that change are solved: what branches off elsewhere keeps the power it had. Where that could
matter (a verdict closer to a limit than the approximation), the whole tree is solved instead.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from everlit.grid import Grid, supply
from everlit.grid.compile import Bools, Floats, Ints
from everlit.grid.electrical import branch_id, electrical
from everlit.grid.flow import Flow
from everlit.grid.sweep import radial_flow
from everlit.switching.limits import Limits

MEDIUM_VOLTAGE_KV = (1.0, 20.0)
WHOLE_BELOW_NODES = 2000
"""Networks up to this size are always solved whole: nothing is gained by leaving part of them out."""
BAND = 2e-4
"""Per unit of voltage or rating within which a verdict from part of the network is checked on the whole."""


@dataclass(frozen=True, slots=True)
class Excess:
    """The worst breach of one kind: element `index` (branch or node), quarter-hour `step`, the value and its limit."""

    kind: str
    index: int
    step: int
    value: float
    limit: float

    @property
    def amount(self) -> float:
        """How far beyond the limit, in A or pu."""
        return abs(self.value - self.limit)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the flow says of a state: the worst breaches (none: feasible), the losses, and the tightest places."""

    overload: Excess | None
    voltage: Excess | None
    converged: bool
    loss_kwh: float
    loading: Excess | None
    lowest: Excess | None
    clearance: float

    @property
    def feasible(self) -> bool:
        """True when every limit holds in every quarter-hour."""
        return self.converged and self.overload is None and self.voltage is None


@dataclass(frozen=True)
class Window:
    """Loads of consecutive quarter-hours (steps × consumers, P90), the state before, and the limits that must hold.

    `flows` counts the power flows solved so far, for the record of a search.
    """

    grid: Grid
    closed: Bools
    p_kw: Floats
    q_kvar: Floats
    limits: Limits
    hours_per_step: float = 0.25
    flows: list[int] = field(default_factory=lambda: [0, 0])

    @property
    def steps(self) -> int:
        """Number of quarter-hours."""
        return len(self.p_kw)

    @property
    def whole(self) -> bool:
        """True when every verdict solves the whole network."""
        return self.grid.n_nodes <= WHOLE_BELOW_NODES

    @cached_property
    def base(self) -> Flow:
        """The flow before anybody switched."""
        self.flows[1] += 1
        return radial_flow(self.grid, self.closed, self.p_kw, self.q_kvar)

    @cached_property
    def factor(self) -> Floats:
        """Allowed loading per branch: medium-voltage lines and switches, transformers, all else at its rating."""
        grid, factor = self.grid, np.ones(self.grid.n_branches)
        kv = grid.nominal_kv[grid.branch_from]
        medium = (kv > MEDIUM_VOLTAGE_KV[0]) & (kv <= MEDIUM_VOLTAGE_KV[1])
        factor[medium] = self.limits.line_factor
        factor[grid.n_lines : grid.first_switch] = self.limits.transformer_factor
        return factor

    @cached_property
    def rated_a(self) -> Floats:
        """Rating of every branch, infinite where unknown."""
        return electrical(self.grid).rated_a

    @cached_property
    def voltage_ends(self) -> tuple[Floats, Floats]:
        """Lowest and highest voltage per node; above medium voltage nothing is judged."""
        kv, limits = self.grid.nominal_kv, self.limits
        low, high = np.full(len(kv), -np.inf), np.full(len(kv), np.inf)
        medium, small = (kv > MEDIUM_VOLTAGE_KV[0]) & (kv <= MEDIUM_VOLTAGE_KV[1]), kv <= MEDIUM_VOLTAGE_KV[0]
        low[medium], high[medium] = limits.mv_low_pu, limits.mv_high_pu
        low[small], high[small] = limits.lv_low_pu, limits.lv_high_pu
        return low, high

    @cached_property
    def _spare(self) -> tuple[Floats, Floats]:
        """Before: how far each node stays from its voltage ends, and each branch from its limit (over rating)."""
        low, high = self.voltage_ends
        lowest, highest = np.nanmin(self.base.place_pu, axis=0), np.nanmax(self.base.place_pu, axis=0)
        place = self.base.place
        live = place >= 0
        spare_v = np.full(self.grid.n_nodes, np.inf)
        nodes = np.flatnonzero(live)
        spare_v[nodes] = np.minimum(
            np.abs(lowest[place[live]] - low[nodes]), np.abs(high[nodes] - highest[place[live]])
        )
        return spare_v, np.abs(self.factor - self.base.branch_a.max(axis=0) / self.rated_a)

    def judge(self, state: Bools, sections: Ints) -> Verdict:
        """Solve `state` and compare with every limit; `sections` hold all that changed and all that must be judged."""
        if not self.whole:
            verdict = self._judged(state, self._flow(state, sections))
            if verdict.clearance > BAND and not self._outside_matters(state, sections):
                return verdict
        self.flows[1] += 1
        return self._judged(state, radial_flow(self.grid, state, self.p_kw, self.q_kvar))

    def _flow(self, state: Bools, sections: Ints) -> Flow:
        self.flows[0] += 1
        forest = supply(self.grid, state)
        return radial_flow(
            self.grid, state, self.p_kw, self.q_kvar, sections=sections, outside=self.base, forest=forest
        )

    def _outside_matters(self, state: Bools, sections: Ints) -> bool:
        return False

    def _judged(self, state: Bools, flow: Flow) -> Verdict:
        if not flow.converged.all():
            return Verdict(None, None, False, float("inf"), None, None, float("inf"))
        overload, loading, clear_a = self._currents(flow)
        voltage, lowest, clear_v = self._voltages(flow)
        loss = float(flow.loss_kw.sum() * self.hours_per_step)
        return Verdict(overload, voltage, True, loss, loading, lowest, min(clear_a, clear_v))

    def _currents(self, flow: Flow) -> tuple[Excess | None, Excess | None, float]:
        """Worst breach and highest loading of the lines, transformers and switches of a flow."""
        branches = flow.branches
        known = np.isfinite(self.rated_a[branches])
        if not known.any():
            return None, None, float("inf")
        branches, current = branches[known], flow.branch_a[:, known]
        rated, factor = self.rated_a[branches], self.factor[branches]
        limit = self._current_limit(branches, rated, factor)
        over = (current - limit) / rated
        worst, top = _argmax(over), _argmax(current / (rated * factor))
        loading = self._branch_excess(branches, current, limit, top)
        clearance = float(np.abs(over).min())
        breach = self._branch_excess(branches, current, limit, worst) if over[worst] > 1e-9 else None
        return breach, loading, clearance

    def _current_limit(self, branches: Ints, rated: Floats, factor: Floats) -> Floats:
        base = self.base.branch_a[:, branches]
        return np.where(base > factor * rated, base + self.limits.worsening * rated, factor * rated)

    def _branch_excess(self, branches: Ints, current: Floats, limit: Floats, at: tuple[int, int]) -> Excess:
        return Excess("current", int(branches[at[1]]), at[0], float(current[at]), float(limit[at]))

    def _voltages(self, flow: Flow) -> tuple[Excess | None, Excess | None, float]:
        """Worst breach and lowest voltage of the nodes of a flow."""
        low, high = (ends[flow.nodes] for ends in self.voltage_ends)
        judged = np.isfinite(low) & (flow.place >= 0)
        if not judged.any():
            return None, None, float("inf")
        nodes = flow.nodes[judged]
        low, high, now = low[judged], high[judged], flow.place_pu[:, flow.place[judged]]
        base = self._base_voltage(nodes)
        worse = self.limits.worsening
        low_end = np.where(base < low, base - worse, low)
        high_end = np.where(base > high, base + worse, high)
        below, above = low_end - now, now - high_end
        worst_low, worst_high = _argmax(below), _argmax(above)
        clearance = float(min(np.abs(below).min(), np.abs(above).min()))
        least = _argmax(low - now)
        lowest = Excess("voltage", int(nodes[least[1]]), least[0], float(now[least]), float(low_end[least]))
        breach = None
        if max(below[worst_low], above[worst_high]) > 1e-9:
            at, end = (worst_low, low_end) if below[worst_low] >= above[worst_high] else (worst_high, high_end)
            breach = Excess("voltage", int(nodes[at[1]]), at[0], float(now[at]), float(end[at]))
        return breach, lowest, clearance

    def _base_voltage(self, nodes: Ints) -> Floats:
        """Voltage before, per step and node; dead nodes count as being at 1 pu."""
        place = self.base.place[nodes]
        values = self.base.place_pu[:, np.maximum(place, 0)]
        return np.where((place >= 0) & np.isfinite(values), values, 1.0)

    def name(self, excess: Excess) -> str:
        """Identity of the branch or node an excess is about."""
        return branch_id(self.grid, excess.index) if excess.kind == "current" else self.grid.node_id(excess.index)


def _argmax(values: npt.NDArray[Any]) -> tuple[int, int]:
    row, column = np.unravel_index(int(np.argmax(values)), values.shape)
    return int(row), int(column)
