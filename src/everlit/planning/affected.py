"""Who is affected and how much (停电影响): exact loads and households, customer-hours, energy not served.

Counted on all three bases and never mixed: MV statistic units (中压时户数, what regulators count), households
(低压户, what people feel) and capacity (kVA, for the equivalent indices). TH = Σ n·t, domain rule 3.3:

>>> round((34 * 7 + 50 * (1 / 6) * 2), 1)  # 34 units 7 h, 50 more only during two cold changeovers of 10 min
254.7
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from everlit.grid import Grid
from everlit.grid.compile import Floats, Ints
from everlit.kernel import Period
from everlit.planning.path import DeadTimes

QUARTER_MIN = 15.0
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Hours:
    """Customer-hours on the three bases, of all interruptions and of the momentary ones among them."""

    units_h: float
    households_h: float
    kva_h: float
    units: int
    households: int
    kva: float
    momentary_units_h: float
    momentary_households: int

    def as_json(self) -> dict[str, float]:
        """As the assessment shows it."""
        return {name: round(float(getattr(self, name)), 6) for name in Hours.__slots__}


@dataclass(frozen=True)
class Affected:
    """Every load that is dark at some time, ascending; `pattern` says which of `patterns` its intervals are."""

    consumer: Ints
    section: Ints
    minutes: Floats
    longest_min: Floats
    pattern: Ints
    patterns: tuple[tuple[tuple[float, float], ...], ...]
    households: npt.NDArray[np.int64]

    @property
    def count(self) -> int:
        """Households among them."""
        return int(self.households.sum())


def customer_hours(grid: Grid, times: DeadTimes, *, sustained_min: float) -> Hours:
    """Customer-hours of dead times. A customer counts once among `units`, however often it is dark."""
    sections, hours = times.sections, times.total_min / 60
    span = times.to_min - times.from_min
    momentary_h = np.where(span <= sustained_min, span, 0.0) / 60
    only_momentary = sections[times.longest_min <= sustained_min]
    return Hours(
        float(grid.section_units[sections] @ hours),
        float(grid.section_households[sections] @ hours),
        float(grid.section_kva[sections] @ hours),
        int(grid.section_units[sections].sum()),
        int(grid.section_households[sections].sum()),
        float(grid.section_kva[sections].sum()),
        float(grid.section_units[times.section] @ momentary_h),
        int(grid.section_households[only_momentary].sum()),
    )


def affected(grid: Grid, times: DeadTimes) -> Affected:
    """The loads in the dead sections with their intervals."""
    section_of_consumer = grid.section_of_node[grid.consumer_node]
    dark = np.zeros(grid.n_sections, np.bool_)
    dark[times.section] = True
    consumer = np.flatnonzero(dark[section_of_consumer]).astype(np.int32)
    at = np.searchsorted(times.sections, section_of_consumer[consumer])
    patterns: dict[tuple[tuple[float, float], ...], int] = {}
    pattern_of = [patterns.setdefault(tuple(times.of(section)), len(patterns)) for section in times.sections.tolist()]
    households = np.asarray(grid.network.tables["consumers"].column("households"))[consumer].astype(np.int64)
    return Affected(
        consumer,
        section_of_consumer[consumer],
        times.total_min[at],
        times.longest_min[at],
        np.array(pattern_of, np.int32)[at],
        tuple(patterns),
        households,
    )


@dataclass(frozen=True, slots=True)
class Energy:
    """Energy not served (缺供电量, ENS = Σ P·t) and the highest power lost at one time."""

    not_served_kwh: float
    peak_lost_kw: float

    def as_json(self) -> dict[str, float]:
        """As the assessment shows it."""
        return {"not_served_kwh": round(self.not_served_kwh, 6), "peak_lost_kw": round(self.peak_lost_kw, 6)}


def energy(grid: Grid, times: DeadTimes, *, expected_kw: Floats, high_kw: Floats, period: Period) -> Energy:
    """ENS on the expected load, the peak lost on the high one, [quarter-hours the period touches × consumers]."""
    sections = times.sections
    if not len(sections):
        return Energy(0.0, 0.0)
    first_min = -((period.start - EPOCH) / timedelta(minutes=1) % QUARTER_MIN)
    steps = first_min + np.arange(len(expected_kw)) * QUARTER_MIN
    row = np.searchsorted(sections, times.section)
    overlap = np.minimum(times.to_min[:, None], steps + QUARTER_MIN) - np.maximum(times.from_min[:, None], steps)
    overlap = np.clip(overlap, 0.0, QUARTER_MIN)
    lost = _section_load(grid, sections, expected_kw)[:, row] * overlap.T
    dark = np.zeros((len(sections), len(steps)), np.bool_)
    np.logical_or.at(dark, row, overlap > 0)
    peak = (_section_load(grid, sections, high_kw) * dark.T).sum(axis=1).max(initial=0.0)
    return Energy(float(lost.sum() / 60), float(peak))


def _section_load(grid: Grid, sections: Ints, p_kw: Floats) -> Floats:
    """Load [quarter-hours × sections] of some sections; what feeds in is not load."""
    section = grid.section_of_node[grid.consumer_node]
    dark = np.zeros(grid.n_sections, np.bool_)
    dark[sections] = True
    consumer = np.flatnonzero(dark[section])
    column = np.searchsorted(sections, section[consumer])
    load = np.zeros((len(p_kw), len(sections)))
    order = np.argsort(column, kind="stable")
    starts = np.flatnonzero(np.diff(column[order], prepend=-1))
    if len(order):
        load[:, column[order][starts]] = np.add.reduceat(p_kw[:, consumer[order]], starts, axis=1)
    return load


@lru_cache(maxsize=8)
def _area_cache(fingerprint: str) -> dict[str, Ints]:  # noqa: ARG001
    return {}


def area_of_node(grid: Grid) -> Ints:
    """Row of the distribution transformer (台区) above each node in the normal state, -1 where there is none."""
    cache = _area_cache(grid.network.fingerprint)
    if "area" not in cache:
        counted = np.asarray(grid.network.tables["transformers"].column("mv_units")) > 0
        cache["area"] = _areas(grid.node_parent, grid.node_via, counted, grid.n_lines, grid.first_switch)
    return cache["area"]


@numba.njit(cache=True)
def _areas(parent: Ints, via: Ints, counted: npt.NDArray[np.bool_], n_lines: int, first_switch: int) -> Ints:
    """Hand areas down the normal forest: a parent has the smaller label."""
    area = np.full(len(parent), -1, np.int32)
    for node in range(len(parent)):
        branch = via[node]
        if parent[node] < 0:
            continue
        transformer = branch - n_lines
        if n_lines <= branch < first_switch and counted[transformer]:
            area[node] = transformer
        else:
            area[node] = area[parent[node]]
    return area


def loads_of(grid: Grid, who: Affected) -> list[str]:
    """The names of the affected loads."""
    return list(grid.network.tables["consumers"].column("consumer_id").take(who.consumer).to_pylist())


def households_json(grid: Grid, who: Affected) -> list[dict[str, Any]]:
    """One row a load: who it is, its transformer area and feeder, and which pattern of dark intervals it shares."""
    tables = grid.network.tables
    names = loads_of(grid, who)
    areas = area_of_node(grid)[grid.consumer_node[who.consumer]]
    transformers = tables["transformers"].column("transformer_id").to_pylist()
    feeders = grid.feeder_ids.to_pylist()
    feeder = grid.normal_feeder[who.section]
    return [
        {
            "consumer_id": name,
            "transformer_id": transformers[area] if area >= 0 else None,
            "feeder_id": feeders[fed] if fed >= 0 else None,
            "households": households,
            "minutes": minutes,
            "pattern": pattern,
        }
        for name, area, fed, households, minutes, pattern in zip(
            names, areas.tolist(), feeder.tolist(), who.households.tolist(), np.round(who.minutes, 3).tolist(),
            who.pattern.tolist(), strict=True,
        )
    ]  # fmt: skip
