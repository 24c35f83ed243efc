"""Made-up load shapes (合成负荷曲线): one year of quarter-hours for networks that are delivered without any.

A shape is a plain formula of hour, weekday and season, plus a little seeded weather so that days differ. Loads peak
at 1, factors are rounded to four places; they are invented and every network that uses them says so.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

QUARTER_HOURS_OF_A_YEAR = 365 * 96
LOADS = ("home", "shop", "works")
SHAPES = (*LOADS, "sun", "water")


def made_up_shapes(seed: int) -> pa.Table:
    """The profiles table of `SHAPES`: homes, shops and offices, works in shifts, roof-top sun, a river plant.

    >>> table = made_up_shapes(1)
    >>> table.num_rows == len(SHAPES) * QUARTER_HOURS_OF_A_YEAR, table.column("p_factor")[20 * 4].as_py() <= 1
    (True, True)
    """
    factors = _factors(np.random.default_rng(seed))
    columns = {
        "profile_id": np.repeat(np.array(SHAPES, dtype=object), QUARTER_HOURS_OF_A_YEAR),
        "quarter_hour": np.tile(np.arange(QUARTER_HOURS_OF_A_YEAR), len(SHAPES)),
        "p_factor": np.concatenate([factors[name] for name in SHAPES]),
    }
    return pa.table({**columns, "q_factor": columns["p_factor"]})


def _factors(rng: np.random.Generator) -> dict[str, npt.NDArray[np.float64]]:
    quarter = np.arange(QUARTER_HOURS_OF_A_YEAR)
    hour, day = quarter % 96 / 4, quarter // 96
    winter = np.cos(2 * np.pi * (day - 15) / 365)  # 1 in mid January, -1 in mid July; the year begins on a Thursday
    weekend = np.isin(day % 7, (2, 3))
    weather = np.clip(rng.normal(1, 0.05, 365), 0.85, 1.15)[day]
    clouds = rng.beta(3, 1.5, 365)[day]
    home = (
        0.22
        + 0.42 * _bump(hour, 19.5, 2.5)
        + 0.16 * _bump(hour, 7.5, 1.5)
        + (0.24 + 0.06 * weekend) * _bump(hour, 13, 2.5)
    )
    open_hours = (hour >= 8) & (hour < 19) & ~weekend
    shifts = np.where(weekend, 0.35, np.where((hour >= 6) & (hour < 22), 0.85, 0.5))
    sun_hours = 12 - 4 * winter
    sun = np.clip(np.cos(np.pi * (hour - 12.5) / sun_hours), 0, None) * (np.abs(hour - 12.5) < sun_hours / 2)
    shapes = {
        "home": home * (1 + 0.15 * winter) * weather,
        "shop": (0.18 + 0.62 * open_hours * (0.85 + 0.15 * _bump(hour, 11, 3))) * (1 + 0.08 * winter) * weather,
        "works": shifts * weather,
        "sun": sun * (0.65 - 0.3 * winter) * clouds,
        "water": 0.55 + 0.25 * np.cos(2 * np.pi * (day - 100) / 365),
    }
    return {name: np.round(factor / (factor.max() if name in LOADS else 1), 4) for name, factor in shapes.items()}


def _bump(hour: npt.NDArray[np.float64], centre: float, width: float) -> npt.NDArray[np.float64]:
    away = np.abs(hour - centre)
    result: npt.NDArray[np.float64] = np.exp(-((np.minimum(away, 24 - away) / width) ** 2))
    return result
