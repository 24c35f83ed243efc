"""The window of a transfer (转供校核): whether a state keeps every loading and voltage limit in every quarter-hour.

A limit is a row times a rating. What was beyond its limit before anybody switched may get a little worse, not more:
otherwise one overloaded house connection would forbid every transfer on its feeder. So with the flow before as base

    current ≤ factor · rating,  or base + ε · rating where base is beyond that
    voltage ≥ low end,          or base − ε where base is below it; likewise at the high end
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

import numba
import numpy as np

from everlit.grid import Grid
from everlit.grid.compile import Bools, Floats, Ints
from everlit.grid.electrical import branch_id, electrical
from everlit.grid.flow import Flow
from everlit.grid.sweep import TOLERANCE_PU, radial_flow
from everlit.switching.limits import Limits

MEDIUM_VOLTAGE_KV = (1.0, 20.0)
SMALL_NODES = 2000
"""Networks up to this size are solved as sharply as can be."""
CITY_TOLERANCE_PU = 1e-8
BREACH = 1e-9
QUARTER_HOUR = timedelta(minutes=15)


def instant(step: int, starts_at: datetime | None) -> str:
    """The quarter-hour `step` of a window as clock time, or its number when the window has no date."""
    return str(step) if starts_at is None else (starts_at + step * QUARTER_HOUR).isoformat()


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

    `flows` counts the power flows of the whole network solved so far.
    """

    grid: Grid
    closed: Bools
    p_kw: Floats
    q_kvar: Floats
    limits: Limits
    hours_per_step: float = 0.25
    flows: list[int] = field(default_factory=lambda: [0])

    @property
    def steps(self) -> int:
        """Number of quarter-hours."""
        return len(self.p_kw)

    @property
    def hours(self) -> float:
        """Length of the window."""
        return self.steps * self.hours_per_step

    @property
    def small(self) -> bool:
        """True when a flow costs nothing, so that it is solved sharply and asked often."""
        return self.grid.n_nodes <= SMALL_NODES

    @property
    def tolerance_pu(self) -> float:
        """How sharply flows are solved."""
        return TOLERANCE_PU if self.small else CITY_TOLERANCE_PU

    @cached_property
    def base(self) -> Flow:
        """The flow before anybody switched."""
        return self.solve(self.closed)

    def solve(self, state: Bools) -> Flow:
        """The flow of a state of the whole network, by the radial sweep."""
        self.flows[0] += 1
        return radial_flow(self.grid, state, self.p_kw, self.q_kvar, tolerance_pu=self.tolerance_pu)

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
    def judge(self, state: Bools) -> Verdict:
        """Solve `state` and compare with every limit of the network."""
        return self.verdict(self.solve(state))

    def verdict(self, flow: Flow) -> Verdict:
        """Compare a flow of these steps, of the whole network, with every limit."""
        if not flow.converged.all():
            return NO_SOLUTION
        overload, loading = self._currents(flow)
        voltage, lowest = self._voltages(flow)
        return Verdict(overload, voltage, True, float(flow.loss_kw.sum()) * self.hours_per_step, loading, lowest)

    def _currents(self, flow: Flow) -> tuple[Excess | None, Excess | None]:
        """Worst breach and highest loading among the branches with a rating."""
        base, first, rated = self.base, self.grid.first_switch, self.rated_a
        found = [
            _loadings(
                flow.series, flow.series_a.T, base.series, base.series_a.T, rated, self.factor, self.limits.worsening
            )
        ]
        switches = np.flatnonzero(np.isfinite(rated[first:])).astype(np.int32)
        if len(switches):
            now, before = np.isin(flow.switches, switches), np.isin(base.switches, switches)
            found.append(
                _loadings(
                    (flow.switches[now] + first).astype(np.int32), flow.switch_a.T[now],
                    (base.switches[before] + first).astype(np.int32), base.switch_a.T[before],
                    rated, self.factor, self.limits.worsening,
                )
            )  # fmt: skip
        over, loading = (max((each[row] for each in found), key=lambda figures: float(figures[0])) for row in (0, 1))
        return self._current(over) if over[0] > BREACH else None, self._current(loading) if loading[0] > 0 else None

    def _current(self, figures: Floats) -> Excess:
        _, branch, step, share, limit = figures.tolist()
        rated = float(self.rated_a[int(branch)])
        return Excess("current", int(branch), int(step), share * rated, limit * rated)

    def _voltages(self, flow: Flow) -> tuple[Excess | None, Excess | None]:
        """Worst breach and lowest voltage among the nodes that are judged."""
        low, high = self.voltage_ends
        breach, lowest = _deviations(
            flow.place, flow.place_pu.T, self.base.place, self.base.place_pu.T, low, high, self.limits.worsening
        )
        return _voltage(breach) if breach[0] > BREACH else None, _voltage(lowest) if np.isfinite(lowest[0]) else None

    def name(self, excess: Excess) -> str:
        """Identity of the branch or node an excess is about."""
        return branch_id(self.grid, excess.index) if excess.kind == "current" else self.grid.node_id(excess.index)


def _voltage(figures: Floats) -> Excess:
    _, node, step, value, limit = figures.tolist()
    return Excess("voltage", int(node), int(step), value, limit)


@numba.njit(cache=True)
def _loadings(
    branches: Ints, amps: Floats, base_branches: Ints, base_amps: Floats, rated: Floats, factor: Floats, worse: float
) -> Floats:
    """Rows of (measure, branch, step, loading, limit): the worst excess over a limit, and the highest loading of it."""
    row = np.full(len(rated), -1, np.int32)
    for index in range(len(base_branches)):
        row[base_branches[index]] = index
    worst = np.array([[-np.inf, -1.0, 0.0, 0.0, 0.0], [0.0, -1.0, 0.0, 0.0, 0.0]])
    for index in range(len(branches)):
        branch = branches[index]
        if not np.isfinite(rated[branch]):
            continue
        for step in range(amps.shape[1]):
            share = amps[index, step] / rated[branch]
            before = base_amps[row[branch], step] / rated[branch] if row[branch] >= 0 else 0.0
            limit = before + worse if before > factor[branch] else factor[branch]
            if share - limit > worst[0, 0]:
                worst[0, 0], worst[0, 1], worst[0, 2], worst[0, 3], worst[0, 4] = (
                    share - limit,
                    branch,
                    step,
                    share,
                    limit,
                )
            if share / limit > worst[1, 0]:
                worst[1, 0], worst[1, 1], worst[1, 2], worst[1, 3], worst[1, 4] = (
                    share / limit,
                    branch,
                    step,
                    share,
                    limit,
                )
    return worst


@numba.njit(cache=True)
def _deviations(
    place: Ints, volts: Floats, base_place: Ints, base_volts: Floats, low: Floats, high: Floats, worse: float
) -> Floats:
    """Rows of (measure, node, step, voltage, limit): the worst breach, and the least above its low end.

    Nodes that share their place now and did before are looked at once. What was dead counts as having been at 1 pu.
    """
    worst = np.array([[-np.inf, -1.0, 0.0, 0.0, 0.0], [-np.inf, -1.0, 0.0, 0.0, 0.0]])
    seen = np.full(len(volts), -2, np.int32)
    for node in range(len(place)):
        here, there = place[node], base_place[node]
        if here < 0 or not np.isfinite(low[node]) or seen[here] == there:
            continue
        seen[here] = there
        for step in range(volts.shape[1]):
            v = volts[here, step]
            before = base_volts[there, step] if there >= 0 else 1.0
            least = before - worse if before < low[node] else low[node]
            most = before + worse if before > high[node] else high[node]
            breach, limit = max(least - v, v - most), least if least - v > v - most else most
            if breach > worst[0, 0]:
                worst[0, 0], worst[0, 1], worst[0, 2], worst[0, 3], worst[0, 4] = breach, node, step, v, limit
            if low[node] - v > worst[1, 0]:
                worst[1, 0], worst[1, 1], worst[1, 2], worst[1, 3], worst[1, 4] = low[node] - v, node, step, v, least
    return worst
