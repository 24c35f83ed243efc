"""The load behind the energy not supplied (缺供电量): the mean load of each customer over a year of his load shape.

IEEE 1366 takes the load forecast or last measured; without a meter's reading of the minute the mean is the honest
figure: it is right over many interruptions, and no single one claims more.
"""

import numpy as np

from everlit.grid import Grid
from everlit.metering.forecast import Case, forecast
from everlit.reliability.tally import Whole

DAYS_OF_TYPE = np.array([5.0, 2.0]) / 7
"""Weight of working days and weekends."""


def mean_load_w(grid: Grid) -> Whole:
    """Mean load of each consumer of the network in whole watts, [consumers]; raises UnableToForecast."""
    expected, consumers = forecast(grid.network), grid.network.tables["consumers"]
    factor = np.tensordot(DAYS_OF_TYPE, expected.p[Case.MEAN].mean(axis=(0, 2)), axes=1)
    mine = factor[expected.profile_of(consumers.column("profile_id"))]
    return np.rint(np.asarray(consumers.column("p_kw"), np.float64) * mine * 1000).astype(np.int64)
