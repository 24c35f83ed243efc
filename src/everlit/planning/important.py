"""Important customers under an outage (重要用户): how long each can bear it, and whether it keeps a source at all.

A customer with two or more usage points has that many sources; the points share the customer's name. During the work
both may be dark (双电源同停, never allowed), or only one may be left (N-1 lost: needs an approved plan), also when a
transfer puts both on the same feeder.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow.compute as pc

from everlit.grid import Grid, Importance, Supply
from everlit.planning.path import DeadTimes


@dataclass(frozen=True, slots=True)
class Point:
    """One usage point that matters: grade, what it can bear, where it hangs."""

    usage_point_id: str
    name: str
    importance: Importance
    bearable_min: float | None
    life_support: bool
    consumer: int
    section: int


@dataclass(frozen=True, slots=True)
class Concerned:
    """An important usage point that is dark at some time, against what it can bear."""

    point: Point
    longest_min: float
    total_min: float
    plan: bool

    @property
    def bears_it(self) -> bool:
        """True when its longest interruption is within what it can bear; unknown means it cannot."""
        return self.longest_min <= (self.point.bearable_min or 0.0)

    def as_json(self) -> dict[str, Any]:
        """As the assessment shows it."""
        return {
            "usage_point_id": self.point.usage_point_id,
            "name": self.point.name,
            "importance": self.point.importance.name.lower(),
            "life_support": self.point.life_support,
            "bearable_min": self.point.bearable_min,
            "longest_min": round(self.longest_min, 3),
            "total_min": round(self.total_min, 3),
            "bears_it": self.bears_it,
            "plan": self.plan,
        }


@dataclass(frozen=True, slots=True)
class Sources:
    """A customer with several sources: minutes all are dark together, feeders it stands on before and at work."""

    customer: str
    usage_point_ids: tuple[str, ...]
    together_dark_min: float
    feeders_before: int
    feeders_at_work: int
    plan: bool

    @property
    def on_one_source(self) -> bool:
        """Two independent sources before, at most one while people work."""
        return self.feeders_before > 1 >= self.feeders_at_work

    def as_json(self) -> dict[str, Any]:
        """As the assessment shows it."""
        shown = ("customer", "together_dark_min", "feeders_before", "feeders_at_work", "plan")
        names = {name: getattr(self, name) for name in shown}
        return {**names, "usage_point_ids": list(self.usage_point_ids), "on_one_source": self.on_one_source}


@lru_cache(maxsize=8)
def _cache(fingerprint: str) -> dict[str, tuple[Point, ...]]:  # noqa: ARG001
    return {}


def important_points(grid: Grid) -> tuple[Point, ...]:
    """Every usage point above ordinary, and every household with life support."""
    cache = _cache(grid.network.fingerprint)
    if "points" not in cache:
        points = grid.network.tables["usage_points"]
        chosen = points.filter(
            pc.or_(pc.not_equal(points.column("importance"), "ordinary"), points.column("life_support"))
        )
        known = grid.network.tables["consumers"].column("consumer_id").combine_chunks()
        rows = pc.index_in(chosen.column("consumer_id"), value_set=known).to_pylist()
        cache["points"] = tuple(_point(grid, row, at) for row, at in zip(chosen.to_pylist(), rows, strict=True))
    return cache["points"]


def _point(grid: Grid, row: Mapping[str, Any], consumer: int) -> Point:
    section = int(grid.section_of_node[grid.consumer_node[consumer]])
    grade = Importance[str(row["importance"]).upper()]
    return Point(
        row["usage_point_id"],
        row["name"] or "",
        grade,
        row["bearable_min"],
        bool(row["life_support"]),
        consumer,
        section,
    )


def concerned(grid: Grid, times: DeadTimes, *, plans: Collection[str]) -> list[Concerned]:
    """The important usage points that are dark at some time, weightiest first; `plans` names those with a plan."""
    dark = {section: index for index, section in enumerate(times.sections.tolist())}
    total, longest = times.total_min, times.longest_min
    found = [
        Concerned(
            point, float(longest[dark[point.section]]), float(total[dark[point.section]]), point.usage_point_id in plans
        )
        for point in important_points(grid)
        if point.section in dark
    ]
    return sorted(found, key=lambda one: (-one.point.importance, one.point.usage_point_id))


def sources_of(grid: Grid) -> dict[str, list[Point]]:
    """Customers with several sources: usage points of one name, graded temporary important or higher."""
    groups: dict[str, list[Point]] = defaultdict(list)
    for point in important_points(grid):
        if point.name and point.importance >= Importance.TEMPORARY:
            groups[point.name].append(point)
    return {name: points for name, points in groups.items() if len({point.section for point in points}) > 1}


def sources_under(
    grid: Grid, times: DeadTimes, *, before: Supply, at_work: Supply, plans: Collection[str]
) -> list[Sources]:
    """What the outage does to each customer with several sources; only those it touches."""
    found = []
    for name, points in sorted(sources_of(grid).items()):
        sections = sorted({point.section for point in points})
        together = _together([times.of(section) for section in sections])
        feeders = len(_feeders(before, sections)), len(_feeders(at_work, sections))
        if together > 0 or feeders[1] < feeders[0]:
            plan = name in plans or any(point.usage_point_id in plans for point in points)
            found.append(Sources(name, tuple(point.usage_point_id for point in points), together, *feeders, plan))
    return found


def _feeders(state: Supply, sections: list[int]) -> set[int]:
    """Feeders that feed the live ones of some sections."""
    return {int(state.feeder[section]) for section in sections if state.energised[section]}


def _together(intervals: list[list[tuple[float, float]]]) -> float:
    """Minutes during which every list has an interval open.

    >>> _together([[(0, 60)], [(30, 90)]]), _together([[(0, 60)], []])
    (30.0, 0.0)
    """
    edges = sorted({edge for spans in intervals for span in spans for edge in span})
    return float(
        np.sum(
            [
                end - start
                for start, end in pairwise(edges)
                if all(any(a <= start and end <= b for a, b in spans) for spans in intervals)
            ]
        )
    )
