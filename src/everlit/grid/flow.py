"""The answer of a power flow (潮流): voltages, currents and losses of many scenarios at once.

The radial sweep and the judge give the same `Flow`. Arrays are [scenario, column]; `nodes` and `branches` say which
column is what. Dead nodes have voltage nan, dead branches carry 0 A; a scenario without a solution is nan throughout.
Nodes joined by closed switches share one electrical place, and only live branches were solved: the solver hands over
places and live branches, which are spread to the columns asked for when somebody looks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from everlit.grid.compile import Bools, Floats, Grid, Ints
from everlit.grid.electrical import BASE_KVA, electrical

Complexes = npt.NDArray[np.complex128]


@dataclass(frozen=True)
class Flow:
    """Power flow of some scenarios in one state.

    `loss_kw` and `converged` are per scenario, `source_kva` what each source of the grid delivers (0 for one outside
    the solved part). As solved: `place_…` per electrical place, `series_a` per live line and transformer (`series`),
    `switch_kw`, `switch_kvar` per live closed switch (`switches`), positive from its from node to its to node;
    `switch_power` works them out, for rows of `switches`, when somebody asks.
    """

    closed: Bools
    first_switch: int
    nodes: Ints
    branches: Ints
    place: Ints
    place_re: Floats
    place_im: Floats
    series: Ints
    series_a: Floats
    switches: Ints
    switch_place: Ints
    switch_base_a: Floats
    switch_power: Callable[[Ints], tuple[Floats, Floats]]
    loss_kw: Floats
    source_kva: Complexes
    converged: Bools

    @property
    def scenarios(self) -> int:
        """Number of scenarios."""
        return len(self.converged)

    @cached_property
    def place_pu(self) -> Floats:
        """Voltage magnitude [scenario, place]."""
        return np.sqrt(self.place_re**2 + self.place_im**2)

    @cached_property
    def voltage_pu(self) -> Floats:
        """Voltage magnitude [scenario, column of `nodes`]; nan where dead."""
        return self._at_nodes(self.place_pu)

    @cached_property
    def angle_deg(self) -> Floats:
        """Voltage angle [scenario, column of `nodes`], vector groups included; nan where dead."""
        return self._at_nodes(np.degrees(np.arctan2(self.place_im, self.place_re)))

    @cached_property
    def _switch_power(self) -> tuple[Floats, Floats]:
        return self.switch_power(np.arange(len(self.switches), dtype=np.int32))

    def through_kva(self, switches: Ints) -> Complexes:
        """Power [scenario, switch] from the from node to the to node of some switches that are live and closed.

        For a few switches of a city much less work than `switch_kw` of all.
        """
        row = np.full(len(self.closed), -1, np.int32)
        row[self.switches] = np.arange(len(self.switches))
        p_kw, q_kvar = self.switch_power(row[switches])
        return np.asarray(p_kw + 1j * q_kvar)

    @property
    def switch_kw(self) -> Floats:
        """Active power [scenario, live switch of `switches`], kW."""
        return self._switch_power[0]

    @property
    def switch_kvar(self) -> Floats:
        """Reactive power [scenario, live switch of `switches`], kvar."""
        return self._switch_power[1]

    @cached_property
    def switch_a(self) -> Floats:
        """Current [scenario, live switch of `switches`], A."""
        power = np.sqrt(self.switch_kw**2 + self.switch_kvar**2) / BASE_KVA
        return power / self.place_pu[:, self.switch_place] * self.switch_base_a

    @cached_property
    def branch_a(self) -> Floats:
        """Current [scenario, column of `branches`]: lines the larger of both ends, transformers at the high side."""
        live = np.concatenate([self.series, self.switches + self.first_switch])
        row = np.zeros(self.first_switch + len(self.closed), np.int64)
        row[live] = np.arange(1, len(live) + 1)
        rows = np.vstack([np.zeros((1, self.scenarios)), self.series_a.T, self.switch_a.T])
        rows[0, ~self.converged] = np.nan
        return rows[row[self.branches]].T

    def _at_nodes(self, values: Floats) -> Floats:
        rows = np.vstack([values.T, np.full((1, self.scenarios), np.nan)])
        return rows[self.place].T


def loading(grid: Grid, flow: Flow) -> Floats:
    """Current over rating (负载率) per scenario and column of `flow.branches`; 0 where no rating is known."""
    return flow.branch_a / electrical(grid).rated_a[flow.branches]
