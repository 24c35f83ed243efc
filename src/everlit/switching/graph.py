"""The graph of sections (区段图): which switches stand at which section, kept with the grid as every rule walks it."""

from dataclasses import dataclass

import numpy as np

from everlit.grid import Grid


@dataclass(frozen=True, slots=True)
class SectionGraph:
    """Sections joined by switches, as plain lists: walks from one section touch a few hundred entries, not arrays.

    Switches with both ends in one section join nothing and are left out of `neighbours`.
    """

    one: list[int]
    other: list[int]
    starts: list[int]
    neighbours: list[int]

    def at(self, section: int) -> list[int]:
        """Switches at a section."""
        return self.neighbours[self.starts[section] : self.starts[section + 1]]

    def across(self, switch: int, section: int) -> int:
        """The section on the other side of a switch."""
        return self.other[switch] if self.one[switch] == section else self.one[switch]


def section_graph(grid: Grid) -> SectionGraph:
    """The graph of `grid`, built at the first call and kept with it."""
    kept: SectionGraph | None = vars(grid).get("_section_graph")
    if kept is None:
        kept = vars(grid).setdefault("_section_graph", _build(grid))
    return kept


def _build(grid: Grid) -> SectionGraph:
    one, other = grid.switch_section_from, grid.switch_section_to
    joins = np.flatnonzero(one != other)
    ends = np.concatenate([one[joins], other[joins]])
    order = np.lexsort((np.concatenate([joins, joins]), ends))
    starts = np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=grid.n_sections))])
    neighbours = np.concatenate([joins, joins])[order]
    return SectionGraph(one.tolist(), other.tolist(), starts.tolist(), neighbours.tolist())
