"""What real data sets leave out (虚构补充): who is important, and which unit owns a feeder. Drawn with a fixed seed.

Network data sets are published without people. Planning needs them, so a few important customers (重要用户) of every
grade and some homes with life support are made up, as are the operating units (运维单位). Each name says that it is
fictional and the manifest of the network lists what was generated.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

UNITS = ("east", "south", "west", "north")


@dataclass(frozen=True, slots=True)
class Grade:
    """How many of a grade there are, the outage they bear in minutes, and what they may be called."""

    importance: str
    bearable_min: float
    mv: int
    lv: int
    names: tuple[str, ...]


GRADES = (
    Grade("special", 0, 1, 0, ("Emergency command centre 应急指挥中心",)),
    Grade("first", 15, 1, 2, ("City hospital 市人民医院", "Water works 自来水厂", "Television tower 广播电视发射台")),
    Grade(
        "second",
        120,
        2,
        6,
        ("Railway station 火车站", "District hospital 区医院", "Data centre 数据中心", "Theatre 剧院"),
    ),
    Grade("temporary", 60, 0, 2, ("Examination site 考点", "Trade fair 展会")),
    Grade("sensitive", 240, 0, 16, ("School 学校", "Nursing home 养老院", "Cold store 冷库", "Pumping station 泵站")),
)
LIFE_SUPPORT_HOMES = 20
LIFE_SUPPORT_BEARABLE_MIN = 30.0


def usage_points(consumers: pa.Table, *, seed: int) -> pa.Table:
    """One usage point per consumer, a few of them important; MV customers are drawn for the heavier grades first."""
    rng = np.random.default_rng(seed)
    ids = consumers.column("consumer_id").to_pylist()
    at_mv = np.asarray(consumers.column("mv_units").to_pylist(), dtype=np.int64) > 0
    size_kw = np.asarray(consumers.column("p_kw").to_pylist(), dtype=np.float64)
    mv = list(rng.permutation(np.flatnonzero(at_mv)))
    large = ~at_mv & (size_kw > np.quantile(size_kw[~at_mv], 0.9))
    small = rng.permutation(np.flatnonzero(~at_mv & ~large))
    homes, lv = small[:LIFE_SUPPORT_HOMES], [*small[LIFE_SUPPORT_HOMES:], *rng.permutation(np.flatnonzero(large))]
    importance, bearable = ["ordinary"] * len(ids), [None] * len(ids)
    names: list[str | None] = [None] * len(ids)
    for grade in GRADES:
        chosen = [mv.pop() for _ in range(min(grade.mv, len(mv)))]
        chosen += [lv.pop() for _ in range(min(grade.lv + grade.mv - len(chosen), len(lv)))]
        for number, row in enumerate(chosen):
            importance[row], bearable[row] = grade.importance, grade.bearable_min  # type: ignore[call-overload]
            turn = number // len(grade.names) + 1
            names[row] = f"{grade.names[number % len(grade.names)]} {turn} (fictional 虚构)"
    for row in homes:
        importance[row], bearable[row] = "sensitive", LIFE_SUPPORT_BEARABLE_MIN  # type: ignore[call-overload]
        names[row] = "Home with life support 生命支持用户 (fictional 虚构)"
    return pa.table({
        "usage_point_id": [f"UP {identity}" for identity in ids], "consumer_id": ids,
        "importance": importance,
        "bearable_min": pa.array(bearable, pa.float64()),
        "life_support": np.isin(np.arange(len(ids)), homes), "name": names,
    })  # fmt: skip


def operating_units(
    east_m: npt.NDArray[np.float64], north_m: npt.NDArray[np.float64], weight: npt.NDArray[np.float64], *, units: int
) -> Sequence[str]:
    """Feeders, seen from their station, cut into sectors of about equal weight; each sector is one operating unit.

    >>> operating_units(np.array([1.0, 0.1, -1.0]), np.array([0.1, -1.0, 0.1]), np.ones(3), units=3)
    ['district-east', 'district-south', 'district-west']
    """
    bearing = np.arctan2(north_m, east_m) % (2 * np.pi)
    order = np.argsort(bearing, kind="stable")
    share = (np.cumsum(weight[order]) - weight[order] / 2) / weight.sum()
    sector = np.empty(len(order), np.int64)
    sector[order] = np.minimum((share * units).astype(np.int64), units - 1)
    labels: dict[int, str] = {}
    for number in range(units):
        members = sector == number
        middle_x, middle_y = east_m[members].mean(), north_m[members].mean()
        labels[number] = _compass(float(middle_x), float(middle_y), set(labels.values()))
    return [f"district-{labels[int(number)]}" for number in sector]


def _compass(east_m: float, north_m: float, taken: set[str]) -> str:
    pulls = {"east": east_m, "west": -east_m, "north": north_m, "south": -north_m}
    return max((name for name in UNITS if name not in taken), key=lambda name: pulls[name])
