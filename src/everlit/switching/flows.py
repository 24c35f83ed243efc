"""Flows of the states of a ticket (操作过程潮流), each solved once: loop tests and limit checks ask for the same ones.

Radial states are swept, looped ones go to the judge. Both give the same `Flow`, whole network, every scenario.
"""

from dataclasses import dataclass, field

import numpy as np

from everlit.grid import Grid, Supply, supply
from everlit.grid.compile import Bools, Floats
from everlit.grid.electrical import UnableToSolveFlow
from everlit.grid.flow import Flow
from everlit.grid.judge import judge
from everlit.grid.sweep import UnableToSweep, radial_flow

Loads = tuple[Floats, Floats]
"""Active and reactive load, [scenarios × consumers]: the quarter-hours during which the switching may happen."""


@dataclass(frozen=True)
class StateFlows:
    """Flows of one grid under some loads by switch positions; None where there is no solution."""

    grid: Grid
    loads: Loads
    _flows: dict[bytes, Flow | None] = field(default_factory=dict)
    _supplies: dict[bytes, Supply] = field(default_factory=dict)

    def whole(self, closed: Bools) -> Flow | None:
        """The flow of the whole network in a state."""
        key = closed.tobytes()
        if key not in self._flows:
            self._flows[key] = self._solve(closed)
        return self._flows[key]

    def changed(self, closed: Bools, *, since: Bools) -> Flow | None:
        """The flow of a state where it can differ from that of another: feeders that changed hands, and what they feed."""
        base, here, before = self.whole(since), self.supply(closed), self.supply(since)
        if closed.tobytes() in self._flows or base is None or self.looped(closed) or self.looped(since):
            return self.whole(closed)
        moved = (here.parent_switch != before.parent_switch) | (here.energised != before.energised)
        feeders = {int(feeder) for feeder in np.concatenate([here.feeder[moved], before.feeder[moved]])} - {-1}
        inside = moved | np.isin(here.feeder, list(feeders)) | np.isin(before.feeder, list(feeders))
        if not feeders or not here.energised[inside].any():
            return self.whole(closed)
        try:
            flow = radial_flow(self.grid, closed, *self.loads, sections=inside, outside=base, forest=here)
        except UnableToSweep:
            return self.whole(closed)
        return flow if flow.converged.all() else None

    def supply(self, closed: Bools) -> Supply:
        """The supply forest of a state."""
        key = closed.tobytes()
        if key not in self._supplies:
            self._supplies[key] = supply(self.grid, closed)
        return self._supplies[key]

    def looped(self, closed: Bools) -> bool:
        """True when a sweep cannot solve the state."""
        return bool(self.supply(closed).looped.any())

    def _solve(self, closed: Bools) -> Flow | None:
        solve = judge if self.looped(closed) else radial_flow
        try:
            flow = solve(self.grid, closed, *self.loads)
        except UnableToSweep:
            flow = judge(self.grid, closed, *self.loads)
        except UnableToSolveFlow:
            return None
        return flow if flow.converged.all() else None


def nameplate(grid: Grid) -> Loads:
    """Every consumer at the power of its row, as one scenario."""
    table = grid.network.tables["consumers"]
    p_kw, q_kvar = (np.asarray(table.column(name), dtype=np.float64)[None, :] for name in ("p_kw", "q_kvar"))
    return p_kw, q_kvar
