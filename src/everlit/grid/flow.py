"""The answer of a power flow (潮流): voltages, currents and losses of many scenarios at once.

The radial sweep and the judge give the same `Flow`. Arrays are [scenario, column]; `nodes` and `branches` say which
column is what. Dead nodes have voltage nan, dead branches carry 0 A; a scenario without a solution is nan throughout.
Nodes joined by closed switches share one electrical place: voltages are kept per place and spread to nodes on demand.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from everlit.grid.compile import Bools, Floats, Grid, Ints
from everlit.grid.electrical import electrical

Complexes = npt.NDArray[np.complex128]


@dataclass(frozen=True)
class Flow:
    """Power flow of some scenarios in one state.

    `branch_a` is, for lines, the larger of both ends; for transformers the current at the high side. `switch_kva` is
    the complex power through each switch among `branches` (in their order), positive from its from node to its to
    node, and `source_kva` what each source of the grid delivers (0 for one that was not computed).
    """

    closed: Bools
    nodes: Ints
    branches: Ints
    place: Ints
    place_pu: Floats
    place_re: Floats
    place_im: Floats
    branch_a: Floats
    switch_kva: Complexes
    loss_kw: Floats
    source_kva: Complexes
    converged: Bools

    @property
    def scenarios(self) -> int:
        """Number of scenarios."""
        return len(self.converged)

    @cached_property
    def voltage_pu(self) -> Floats:
        """Voltage magnitude [scenario, column of `nodes`]; nan where dead."""
        return self._spread(self.place_pu)

    @cached_property
    def angle_deg(self) -> Floats:
        """Voltage angle [scenario, column of `nodes`], vector groups included; nan where dead."""
        return self._spread(np.degrees(np.arctan2(self.place_im, self.place_re)))

    def _spread(self, values: Floats) -> Floats:
        rows = np.vstack([values.T, np.full((1, self.scenarios), np.nan)])
        return rows[self.place].T


def loading(grid: Grid, flow: Flow) -> Floats:
    """Current over rating (负载率) per scenario and column of `flow.branches`; 0 where no rating is known."""
    return flow.branch_a / electrical(grid).rated_a[flow.branches]
