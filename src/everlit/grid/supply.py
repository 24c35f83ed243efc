"""Who is fed from where (供电森林): the supply forest of a state, as Euler intervals.

For a state of the switches the sections are walked outward from the sources in depth-first order. Everything that hangs
under a section is then one slice of that order, and "who hangs under this switch" is two reads of a running sum:

    order   a  b  c  d  e        under the switch feeding b (b, c, d): order[first[b]:last[b]]
            └─ b ─┬─ c ─ d
                  └…
"""

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from everlit.grid.compile import Bools, Floats, Grid, Ints


@dataclass(frozen=True, slots=True)
class Counts:
    """Customers three ways: MV statistic units (时户), households and capacity."""

    units: int
    households: int
    kva: float

    def as_json(self) -> dict[str, float]:
        """As the API shows it."""
        return {"units": self.units, "households": self.households, "kva": round(self.kva, 3)}


@dataclass(frozen=True)
class Supply:
    """The supply forest of one state; arrays are per section unless said otherwise, -1 where nothing applies."""

    grid: Grid
    closed: Bools
    energised: Bools
    looped: Bools
    feeder: Ints
    parent_section: Ints
    parent_switch: Ints
    order: Ints
    first: Ints
    last: Ints
    running_units: npt.NDArray[np.int64]
    running_households: npt.NDArray[np.int64]
    running_kva: Floats

    def under(self, switch: int) -> Counts:
        """Who loses supply if this one switch opens and nothing else changes; nobody when it carries no tree branch."""
        section = self.child_section(switch)
        if section < 0:
            return Counts(0, 0, 0.0)
        first, last = self.first[section], self.last[section]
        return Counts(
            int(self.running_units[last] - self.running_units[first]),
            int(self.running_households[last] - self.running_households[first]),
            float(self.running_kva[last] - self.running_kva[first]),
        )

    def child_section(self, switch: int) -> int:
        """The section fed through this switch, -1 when none is."""
        for section in (self.grid.switch_section_from[switch], self.grid.switch_section_to[switch]):
            if self.parent_switch[section] == switch:
                return int(section)
        return -1

    def sections_under(self, section: int) -> Ints:
        """The section and all fed through it."""
        return self.order[self.first[section] : self.last[section]]


def supply(grid: Grid, closed: Bools) -> Supply:
    """The supply forest of state `closed` (bool per switch)."""
    one, other = grid.switch_section_from, grid.switch_section_to
    starts, neighbours = _adjacency(grid.n_sections, one, other)
    roots = grid.section_of_node[grid.source_nodes]
    head_feeder = np.full(grid.n_switches, -1, np.int32)
    known = grid.feeder_head >= 0
    head_feeder[grid.feeder_head[known]] = np.flatnonzero(known).astype(np.int32)
    parent, via, order, first, last, looped, feeder = _walk(
        grid.n_sections, starts, neighbours, one, other, closed, roots, head_feeder
    )
    energised = first >= 0

    def running(values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        return np.concatenate([np.zeros(1, values.dtype), np.cumsum(values[order], dtype=values.dtype)])

    return Supply(
        grid, closed, energised, looped, feeder, parent, via, order, first, last,
        running(grid.section_units), running(grid.section_households), running(grid.section_kva),  # type: ignore[arg-type]
    )  # fmt: skip


@numba.njit(cache=True)
def _adjacency(n: int, one: Ints, other: Ints) -> tuple[Ints, Ints]:
    """Switches at each section: `neighbours[starts[s]:starts[s + 1]]`; switches inside one section are left out."""
    starts = np.zeros(n + 1, np.int32)
    for switch in range(len(one)):
        if one[switch] != other[switch]:
            starts[one[switch] + 1] += 1
            starts[other[switch] + 1] += 1
    starts = np.cumsum(starts).astype(np.int32)
    fill, neighbours = starts[:-1].copy(), np.empty(starts[-1], np.int32)
    for switch in range(len(one)):
        if one[switch] != other[switch]:
            for end in (one[switch], other[switch]):
                neighbours[fill[end]] = switch
                fill[end] += 1
    return starts, neighbours


@numba.njit(cache=True)
def _walk(
    n: int, starts: Ints, neighbours: Ints, one: Ints, other: Ints, closed: Bools, roots: Ints, head_feeder: Ints
) -> tuple[Ints, Ints, Ints, Ints, Ints, Bools, Ints]:
    parent, via = np.full(n, -1, np.int32), np.full(n, -1, np.int32)
    order, first, last = np.empty(n, np.int32), np.full(n, -1, np.int32), np.full(n, -1, np.int32)
    feeder, looped = np.full(n, -1, np.int32), np.zeros(n, np.bool_)
    stack, fill = np.empty(n + 1, np.int32), starts[:-1].copy()
    visited, extra = 0, np.zeros(n, np.int32)
    loops = np.empty(len(one), np.int32)
    n_loops = 0
    is_root = np.zeros(n, np.bool_)
    for root in roots:
        is_root[root] = True
    for root in roots:
        if first[root] >= 0:
            continue
        depth = 0
        stack[0] = root
        first[root] = visited
        order[visited] = root
        visited += 1
        while depth >= 0:
            here = stack[depth]
            if fill[here] == starts[here + 1]:
                last[here] = visited
                depth -= 1
                continue
            switch = neighbours[fill[here]]
            fill[here] += 1
            if not closed[switch] or switch == via[here]:
                continue
            there = other[switch] if one[switch] == here else one[switch]
            if first[there] < 0:
                first[there], parent[there], via[there] = visited, here, switch
                feeder[there] = head_feeder[switch] if head_feeder[switch] >= 0 else feeder[here]
                order[visited] = there
                visited += 1
                depth += 1
                stack[depth] = there
            elif first[there] < first[here] or last[there] >= 0:
                loops[n_loops] = switch
                n_loops += 1
    # sections on a cycle, or on the path between two sources: count each extra edge up to the common ancestor
    for index in range(n_loops):
        a, b = one[loops[index]], other[loops[index]]
        while a != b:
            if first[a] < first[b]:
                a, b = b, a
            looped[a] = True
            if parent[a] < 0:
                looped[b] = True
                break
            a = parent[a]
        looped[a] = True
    return parent, via, order[:visited].copy(), first, last, looped, feeder
