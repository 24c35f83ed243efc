"""Measurement (计量): what was consumed, and what to expect; column functions over arrays.

`forecast` turns a year of quarter-hours into expected loads by month, day type and quarter-hour: the high load (P90)
that a transfer must carry, the low one, and the mean that energy not supplied is counted with.
"""

from everlit.metering.forecast import (
    Case,
    Forecast,
    UnableToForecast,
    WindowLoads,
    expected_energy_kwh,
    forecast,
    window_generation,
    window_loads,
)

__all__ = [
    "Case",
    "Forecast",
    "UnableToForecast",
    "WindowLoads",
    "expected_energy_kwh",
    "forecast",
    "window_generation",
    "window_loads",
]
