"""The loads a plan is judged on (负荷预测): high ones for what a transfer must carry, mean ones for energy not served.

`DayTypes` reads the load shapes of the network; `Nameplate` takes rated power all the time, for networks without
shapes.
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from everlit.grid import Grid, Network
from everlit.grid.compile import Floats
from everlit.kernel import Period
from everlit.metering import Case
from everlit.metering import Forecast as Shapes
from everlit.metering import forecast as shapes_of
from everlit.metering.forecast import quarter_hours, window_loads

Loads = tuple[Floats, Floats]


class Forecast(Protocol):
    """What an assessment asks of a forecast."""

    @property
    def fingerprint(self) -> str:
        """Names the forecast and its version."""
        ...

    def loads(self, grid: Grid, period: Period) -> Loads:
        """High active and reactive load (P90) [quarter-hours the period touches × consumers]."""
        ...

    def expected_kw(self, grid: Grid, period: Period) -> Floats:
        """Mean active load [quarter-hours the period touches × consumers]."""
        ...


@dataclass(frozen=True, slots=True)
class Nameplate:
    """Every load at its rated power all the time."""

    fingerprint: str = "nameplate"

    def loads(self, grid: Grid, period: Period) -> Loads:
        """Rated power in every quarter-hour."""
        steps = len(quarter_hours(period))
        consumers = grid.network.tables["consumers"]
        p, q = (np.asarray(consumers.column(name), np.float64) for name in ("p_kw", "q_kvar"))
        return np.repeat(p[None, :], steps, axis=0), np.repeat(q[None, :], steps, axis=0)

    def expected_kw(self, grid: Grid, period: Period) -> Floats:
        """Rated power in every quarter-hour."""
        return self.loads(grid, period)[0]


@dataclass(frozen=True)
class DayTypes:
    """Load shapes by month, day type and quarter-hour."""

    shapes: Shapes = field(repr=False)
    time_zone: str = "Asia/Shanghai"

    @property
    def fingerprint(self) -> str:
        """Content of the shapes, how they are grouped, and the zone they are read in."""
        return f"{self.shapes.fingerprint}:{self.time_zone}"

    def loads(self, grid: Grid, period: Period) -> Loads:
        """P90 of the day type."""
        window = window_loads(grid, self.shapes, period, self.time_zone)
        return window.p_kw, window.q_kvar

    def expected_kw(self, grid: Grid, period: Period) -> Floats:
        """Mean of the day type."""
        return window_loads(grid, self.shapes, period, self.time_zone, case=Case.MEAN).p_kw


def forecast_of(network: Network, *, time_zone: str = "Asia/Shanghai") -> Forecast:
    """The forecast of a network: by its load shapes when it has any."""
    if network.tables["profiles"].num_rows == 0:
        return Nameplate()
    return DayTypes(shapes_of(network), time_zone)
