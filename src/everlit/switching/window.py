"""The window of a transfer (转供校核): whether a state keeps every loading and voltage limit in every quarter-hour.

A limit is a row times a rating. What was beyond its limit before anybody switched may get a little worse, not more:
otherwise one overloaded house connection would forbid every transfer on its feeder. So with the flow before as base

    current ≤ factor · rating,  or base + ε · rating where base is beyond that
    voltage ≥ low end,          or base − ε where base is below it; likewise at the high end
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
from everlit.grid.sweep import TOLERANCE_PU, radial_flow
from everlit.switching.limits import Limits

MEDIUM_VOLTAGE_KV = (1.0, 20.0)
WHOLE_BELOW_NODES = 2000
"""Networks up to this size are always solved whole and sharply: nothing is gained by leaving part of them out."""
CITY_TOLERANCE_PU = 1e-8
BREACH = 1e-9


@dataclass(frozen=True, slots=True)
class Excess:
    """A place against its limit: `index` is a branch or a node, `step` the quarter-hour, in A or pu."""

    kind: str
    index: int
    step: int
    value: float
    limit: float

    @property
    def amount(self) -> float:
        """How far from the limit, in A or pu."""
        return abs(self.value - self.limit)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a flow says of a state: the worst breaches (none: feasible), the losses, and the tightest places.

    `sure` is False when the figures come from an approximation too close to a limit to decide. `reach_pu` is the
    impedance (per MVA) between the source and the worst voltage: what power pushed back there could lift at most.
    """

    overload: Excess | None
    voltage: Excess | None
    converged: bool
    loss_kwh: float
    loading: Excess | None = None
    lowest: Excess | None = None
    sure: bool = True
    reach_pu: float = 0.1

    @property
    def feasible(self) -> bool:
        """True when every limit holds in every quarter-hour."""
        return self.converged and self.overload is None and self.voltage is None


NO_SOLUTION = Verdict(None, None, converged=False, loss_kwh=float("inf"))


@dataclass(frozen=True)
class Window:
    """Loads of consecutive quarter-hours (steps × consumers, P90), the state before, and the limits that must hold.

    `flows` counts the power flows solved so far: of part of the network, and of all of it.
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
    def small(self) -> bool:
        """True when every verdict solves the whole network."""
        return self.grid.n_nodes <= WHOLE_BELOW_NODES

    @property
    def tolerance_pu(self) -> float:
        """How sharply flows are solved."""
        return TOLERANCE_PU if self.small else CITY_TOLERANCE_PU

    @cached_property
    def base(self) -> Flow:
        """The flow before anybody switched."""
        return self._whole(self.closed)

    def _whole(self, state: Bools) -> Flow:
        self.flows[1] += 1
        return radial_flow(self.grid, state, self.p_kw, self.q_kvar, tolerance_pu=self.tolerance_pu)

    def _part(self, state: Bools, sections: Ints) -> Flow:
        self.flows[0] += 1
        return radial_flow(
            self.grid, state, self.p_kw, self.q_kvar, sections=sections, outside=self.base,
            forest=supply(self.grid, state), tolerance_pu=self.tolerance_pu,
        )  # fmt: skip

    # ----------------------------------------------------------------------------------------- limits
    @cached_property
    def factor(self) -> Floats:
        """Allowed loading per branch: medium-voltage lines and switches, transformers, all else at its rating."""
        grid, factor = self.grid, np.ones(self.grid.n_branches)
        kv = grid.nominal_kv[grid.branch_from]
        factor[(kv > MEDIUM_VOLTAGE_KV[0]) & (kv <= MEDIUM_VOLTAGE_KV[1])] = self.limits.line_factor
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
        small = kv <= MEDIUM_VOLTAGE_KV[0]
        medium = ~small & (kv <= MEDIUM_VOLTAGE_KV[1])
        low[medium], high[medium] = limits.mv_low_pu, limits.mv_high_pu
        low[small], high[small] = limits.lv_low_pu, limits.lv_high_pu
        return low, high

    def share_before(self, branches: Ints) -> Floats:
        """Current over rating before, [branch, step]; 0 where nothing flowed or no rating is known."""
        base, first = self.base, self.grid.first_switch
        found = np.zeros((len(branches), self.steps))
        row = np.full(self.grid.n_branches, -1, np.int64)
        row[base.series] = np.arange(len(base.series))
        row[base.switches + first] = np.arange(len(base.switches))
        known = (row[branches] >= 0) & np.isfinite(self.rated_a[branches])
        lines, switches = known & (branches < first), known & (branches >= first)
        found[lines] = base.series_a.T[row[branches[lines]]]
        if switches.any():
            found[switches] = base.switch_a.T[row[branches[switches]]]
        return np.where(known[:, None], found / self.rated_a[branches][:, None], 0.0)

    def share_limit(self, branches: Ints) -> Floats:
        """Allowed current over rating, [branch, step]."""
        before, factor = self.share_before(branches), self.factor[branches][:, None]
        return np.where(before > factor, before + self.limits.worsening, factor)

    # ---------------------------------------------------------------------------------------- verdicts
    def judge(self, state: Bools, sections: Ints | None = None) -> Verdict:
        """Solve `state` and compare with every limit.

        With `sections` (all that changed and what feeds it) a city is solved only there; what branches off elsewhere
        keeps the power it had, and only what is solved is judged.
        """
        return self.verdict(self._whole(state) if sections is None or self.small else self._part(state, sections))

    def verdict(self, flow: Flow) -> Verdict:
        """Compare a flow of these steps with every limit."""
        if not flow.converged.all():
            return NO_SOLUTION
        overload, loading = self._currents(flow)
        voltage, lowest = self._voltages(flow)
        return Verdict(overload, voltage, True, float(flow.loss_kw.sum()) * self.hours_per_step, loading, lowest)

    def _currents(self, flow: Flow) -> tuple[Excess | None, Excess | None]:
        """Worst breach and highest loading among the branches with a rating."""
        lines = np.flatnonzero(np.isfinite(self.rated_a[flow.series]))
        switches = np.flatnonzero(np.isfinite(self.rated_a[flow.switches + self.grid.first_switch]))
        branches = np.concatenate([flow.series[lines], flow.switches[switches] + self.grid.first_switch])
        if not len(branches):
            return None, None
        amps = flow.series_a.T[lines]
        if len(switches):
            amps = np.concatenate([amps, flow.switch_a.T[switches]])
        share, limit = amps / self.rated_a[branches][:, None], self.share_limit(branches)
        over = share - limit
        worst = self._current(branches, share, limit, _argmax(over))
        return (worst if over.max() > BREACH else None), self._current(branches, share, limit, _argmax(share / limit))

    def _current(self, branches: Ints, share: Floats, limit: Floats, at: tuple[int, int]) -> Excess:
        rated = float(self.rated_a[branches[at[0]]])
        return Excess("current", int(branches[at[0]]), at[1], float(share[at]) * rated, float(limit[at]) * rated)

    def _voltages(self, flow: Flow) -> tuple[Excess | None, Excess | None]:
        """Worst breach and lowest voltage among the nodes that are judged; one node stands for all at its place."""
        low, high = (ends[flow.nodes] for ends in self.voltage_ends)
        before = self.base.place[flow.nodes].astype(np.int64)
        judged = np.flatnonzero(np.isfinite(low) & (flow.place >= 0))
        if not len(judged):
            return None, None
        places = flow.place[judged].astype(np.int64) * (self.base.place_pu.shape[1] + 1) + before[judged]
        judged = judged[np.unique(places, return_index=True)[1]]
        nodes, low, high = flow.nodes[judged], low[judged][:, None], high[judged][:, None]
        now, base = flow.place_pu.T[flow.place[judged]], self._before(before[judged])
        worse = self.limits.worsening
        least = np.where(base < low, base - worse, low)
        most = np.where(base > high, base + worse, high)
        below, above = least - now, now - most
        under, over, lowest = _argmax(below), _argmax(above), _argmax(low - now)
        at, end = (under, least) if below[under] >= above[over] else (over, most)
        breach = _voltage(nodes, now, end, at) if max(below[under], above[over]) > BREACH else None
        return breach, _voltage(nodes, now, least, lowest)

    def _before(self, places: npt.NDArray[np.int64]) -> Floats:
        """Voltage before at some places of the base flow; what was dead counts as being at 1 pu."""
        values = self.base.place_pu.T[np.maximum(places, 0)]
        return np.where((places >= 0)[:, None] & np.isfinite(values), values, 1.0)

    def name(self, excess: Excess) -> str:
        """Identity of the branch or node an excess is about."""
        return branch_id(self.grid, excess.index) if excess.kind == "current" else self.grid.node_id(excess.index)


def _voltage(nodes: Ints, now: Floats, end: Floats, at: tuple[int, int]) -> Excess:
    return Excess("voltage", int(nodes[at[0]]), at[1], float(now[at]), float(end[at]))


def _argmax(values: npt.NDArray[Any]) -> tuple[int, int]:
    row, column = np.unravel_index(int(np.argmax(values)), values.shape)
    return int(row), int(column)
