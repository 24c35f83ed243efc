"""Tracing (追踪): who goes dark between two states, and which switches stand around a place.

S ─/b1─ [n1 n2] ─/b2─ [n3] ─ ∙t∙ ─ [n4]      around {n3}: b2 closed (open it), t open (keep it so)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from everlit.grid.compile import Bools, Grid, Ints
from everlit.grid.energised import energised_nodes
from everlit.grid.model import Importance
from everlit.grid.supply import Counts, Supply, supply

__all__ = [
    "Bounds",
    "Dark",
    "ImportantPoint",
    "bounding_switches",
    "dark",
    "energised_nodes",
    "important_points",
    "under",
]


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
