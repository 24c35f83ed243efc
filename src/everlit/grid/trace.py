"""Tracing (追踪): who goes dark between two states, what other positions would do, which switches bound a place.

S ─/b1─ [n1 n2] ─/b2─ [n3] ─ ∙t∙ ─ [n4]      around {n3}: b2 closed (open it), t open (keep it so)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from everlit.grid.compile import Bools, Grid, Ints
from everlit.grid.energised import energised_nodes
from everlit.grid.model import Importance
from everlit.grid.supply import Counts, Supply, supply
from everlit.kernel import Finding, Refusal, Text

__all__ = [
    "Bounds",
    "Dark",
    "ImportantPoint",
    "bounding_switches",
    "dark",
    "energised_nodes",
    "important_points",
    "moved",
    "study",
    "under",
]


class UnableToStudy(Refusal):
    """The positions asked about contradict each other."""

    title = Text(en="The positions cannot be studied.", zh="无法研究该开关状态。")


@dataclass(frozen=True, slots=True)
class ImportantPoint:
    """A usage point that needs care: an important customer (重要用户) or life support at home."""

    usage_point_id: str
    consumer_id: str
    importance: Importance
    bearable_min: float | None
    life_support: bool
    name: str | None

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "usage_point": self.usage_point_id,
            "consumer": self.consumer_id,
            "importance": self.importance.name.lower(),
            "bearable_min": self.bearable_min,
            "life_support": self.life_support,
            "name": self.name,
        }


@dataclass(frozen=True, slots=True)
class Dark:
    """What loses supply from one state to the next: sections, counts and the important customers, weightiest first."""

    sections: Ints
    nodes: int
    counts: Counts
    important: tuple[ImportantPoint, ...]

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {**self.counts.as_json(), "important": [point.as_json() for point in self.important]}


@dataclass(frozen=True, slots=True)
class Bounds:
    """Switches with one side inside: `closed` must be opened to cut the place off, `opened` must stay open."""

    closed: Ints
    opened: Ints


def dark(grid: Grid, before: Bools | Supply, after: Bools | Supply) -> Dark:
    """What is energised in state `before` and dead in state `after`."""
    was = before if isinstance(before, Supply) else supply(grid, before)
    now = after if isinstance(after, Supply) else supply(grid, after)
    sections = np.flatnonzero(was.energised & ~now.energised).astype(np.int32)
    starts, _ = grid.section_nodes
    return Dark(
        sections=sections,
        nodes=int((starts[sections + 1] - starts[sections]).sum()),
        counts=Counts(
            int(grid.section_units[sections].sum()),
            int(grid.section_households[sections].sum()),
            float(grid.section_kva[sections].sum()),
        ),
        important=important_points(grid, sections),
    )


@dataclass(frozen=True, slots=True)
class Study:
    """What other switch positions would do: who goes dark, what is paralleled, which feeder carries whom.

    `looped` sections are fed over two ways only afterwards; `supplied` counts who was dead and is fed;
    `feeders` names households before and after of every feeder where they change.
    """

    dark: Dark
    supplied: Dark
    looped: Ints
    feeders: tuple[tuple[str, int, int], ...]

    def as_json(self) -> dict[str, Any]:
        """As the API and `everlit trace --json` show it."""
        return {
            "dark": self.dark.as_json(),
            "supplied": self.supplied.as_json(),
            "sections": self.dark.sections.tolist(),
            "looped": self.looped.tolist(),
            "feeders": [{"id": name, "before": before, "after": after} for name, before, after in self.feeders],
        }


def study(grid: Grid, state: Bools, *, opened: Sequence[str], closed: Sequence[str]) -> Study:
    """Compare a state with the one after some switches moved; nothing is operated.

    Raises UnableToFindEquipment, UnableToStudy for a switch that is to be opened and closed at once.
    """
    was, now = supply(grid, state), supply(grid, moved(grid, state, opened=opened, closed=closed))
    return Study(
        dark=dark(grid, was, now),
        supplied=dark(grid, now, was),
        looped=np.flatnonzero(now.looped & ~was.looped).astype(np.int32),
        feeders=_carried(grid, was, now),
    )


def moved(grid: Grid, state: Bools, *, opened: Sequence[str], closed: Sequence[str]) -> Bools:
    """`state` with some switches opened and others closed; raises as `study` does."""
    if both := sorted(set(opened) & set(closed)):
        text = Text(en=f"{both[0]} cannot be opened and closed at once.", zh=f"{both[0]} 不能同时断开又合上。")
        raise UnableToStudy(Finding("switch.both_ways", both[0], text))
    result = state.copy()
    result[[grid.switch(identity) for identity in opened]] = False
    result[[grid.switch(identity) for identity in closed]] = True
    return result


def _carried(grid: Grid, was: Supply, now: Supply) -> tuple[tuple[str, int, int], ...]:
    before, after = (
        np.bincount(state.feeder[state.feeder >= 0], grid.section_households[state.feeder >= 0], len(grid.feeder_ids))
        for state in (was, now)
    )
    return tuple(
        (str(grid.feeder_ids[int(index)]), int(before[index]), int(after[index]))
        for index in np.flatnonzero(before != after)
    )


def important_points(grid: Grid, sections: Ints) -> tuple[ImportantPoint, ...]:
    """Important customers and life support in these sections, weightiest first, then by identity."""
    rows, section_of_row = grid.important_rows
    inside = np.zeros(grid.n_sections, np.bool_)
    inside[sections] = True
    found = grid.network.tables["usage_points"].take(rows[inside[section_of_row]]).to_pylist()
    points = [
        ImportantPoint(
            row["usage_point_id"], row["consumer_id"], Importance[row["importance"].upper()], row["bearable_min"],
            row["life_support"], row["name"],
        )
        for row in found
    ]  # fmt: skip
    return tuple(sorted(points, key=lambda point: (-point.importance, point.usage_point_id)))


def under(grid: Grid, switch: int) -> Counts:
    """Who hangs under a switch in the normal state."""
    units, households, kva = grid.under_switch
    return Counts(units.item(switch), households.item(switch), kva.item(switch))


def bounding_switches(grid: Grid, closed: Bools, sections: Iterable[int]) -> Bounds:
    """The switches between these sections (of equipment: `grid.equipment(id).sections`) and everything else."""
    inside = np.unique(np.fromiter(sections, np.int32))
    starts, switches = grid.section_switches
    touching = np.concatenate([switches[starts[s] : starts[s + 1]] for s in inside.tolist()] or [switches[:0]])
    around, times = np.unique(touching, return_counts=True)
    around = around[times == 1]
    return Bounds(around[closed[around]], around[~closed[around]])
