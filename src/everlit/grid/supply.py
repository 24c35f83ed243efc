"""Who is fed from where (供电森林): the supply forest of a state, as Euler intervals.

For a state of the switches power is followed outward from the sources: first along the normal forest, one pass in
which everyone stands behind whoever feeds him; then over ties into what was left dark. Everything that hangs under a
section is one slice of the resulting order, and "who hangs under this switch" is two reads of a running sum:

    order   a  b  c  d  e        under the switch feeding b (b, c, d): order[first[b]:last[b]]
            └─ b ─┬─ c ─ d
                  └…

A section is *looped* (合环) when a closed loop of live sections passes through it, or it lies on a path between two
sources; a switch that joins a live section to itself closes a loop too. In the graph of live sections and closed
switches, with one more point for the grid above that is joined to every source: some edge at the section is no bridge.
All of it is linear in the number of sections and switches.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

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

    @property
    def normal_feeder(self) -> Ints:
        """Feeder of each section in the normal state, whoever feeds it now."""
        return self.grid.normal_feeder

    @cached_property
    def energised_nodes(self) -> Bools:
        """Energised, per node label."""
        return self.energised[self.grid.section_of_node]

    @cached_property
    def looped_nodes(self) -> Bools:
        """In a looped section, per node label."""
        return self.looped[self.grid.section_of_node]

    def under(self, switch: int) -> Counts:
        """Who loses supply if this one switch opens and nothing else changes; nobody when it carries no tree branch."""
        units, households, kva = self._under_switch
        return Counts(units.item(switch), households.item(switch), kva.item(switch))

    @cached_property
    def _under_switch(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
        """What hangs under each switch: the difference of two running sums at the interval it feeds."""
        fed = np.flatnonzero(self.parent_switch >= 0)
        switches, first, last = self.parent_switch[fed], self.first[fed], self.last[fed]
        counts: list[Any] = []
        for running in (self.running_units, self.running_households, self.running_kva):
            under = np.zeros(self.grid.n_switches, running.dtype)
            under[switches] = running[last] - running[first]
            counts.append(under)
        return counts[0], counts[1], counts[2]

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
    starts, switches = grid.section_switches
    parent, via, alive, sequence = _spread(
        closed,
        one,
        other,
        starts,
        switches,
        grid.section_parent,
        grid.section_via,
        grid.section_is_source,
        grid.chord_switches,
    )
    order, first, last = _intervals(parent, sequence)
    looped = _loops(closed, one, other, parent, via, alive, first, grid.section_of_node[grid.source_nodes])
    feeder = _feeders(sequence, parent, via, grid.head_feeder, grid.head_far_section)

    def running(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.concatenate([np.zeros(1, values.dtype), np.cumsum(values[order], dtype=values.dtype)])

    return Supply(
        grid, closed, alive, looped, feeder, parent, via, order, first, last,
        running(grid.section_units), running(grid.section_households), running(grid.section_kva),
    )  # fmt: skip


@numba.njit(cache=True)
def _spread(
    closed: Bools,
    one: Ints,
    other: Ints,
    starts: Ints,
    switches: Ints,
    normal_parent: Ints,
    normal_via: Ints,
    is_source: Bools,
    chords: Ints,
) -> tuple[Ints, Ints, Bools, Ints]:
    """Parent, feeding switch, energised, and all live sections in an order in which whoever feeds comes first."""
    n = len(normal_parent)
    parent, via = np.full(n, -1, np.int32), np.full(n, -1, np.int32)
    alive, sequence, reached = is_source.copy(), np.empty(n, np.int32), 0
    for section in range(n):
        before = normal_parent[section]
        if before >= 0 and alive[before] and closed[normal_via[section]]:
            alive[section] = True
            parent[section], via[section] = before, normal_via[section]
        if alive[section]:
            sequence[reached] = section
            reached += 1
    done = reached
    for switch in chords:
        if closed[switch] and alive[one[switch]] != alive[other[switch]]:
            here = one[switch] if alive[one[switch]] else other[switch]
            there = one[switch] + other[switch] - here
            alive[there] = True
            parent[there], via[there] = here, switch
            sequence[reached] = there
            reached += 1
    while done < reached:
        here = sequence[done]
        done += 1
        for index in range(starts[here], starts[here + 1]):
            switch = switches[index]
            there = one[switch] + other[switch] - here
            if closed[switch] and not alive[there]:
                alive[there] = True
                parent[there], via[there] = here, switch
                sequence[reached] = there
                reached += 1
    return parent, via, alive, sequence[:reached].copy()


@numba.njit(cache=True)
def _intervals(parent: Ints, sequence: Ints) -> tuple[Ints, Ints, Ints]:
    """Preorder of the forest and each section's interval in it; `sequence` has parents before children."""
    n = len(parent)
    size, cursor = np.zeros(n, np.int32), np.empty(n, np.int32)
    order, first, last = np.empty(len(sequence), np.int32), np.full(n, -1, np.int32), np.full(n, -1, np.int32)
    for index in range(len(sequence) - 1, -1, -1):
        section = sequence[index]
        size[section] += 1
        if parent[section] >= 0:
            size[parent[section]] += size[section]
    roots = 0
    for section in sequence:
        before = parent[section]
        if before >= 0:
            first[section] = cursor[before]
            cursor[before] += size[section]
        else:
            first[section] = roots
            roots += size[section]
        cursor[section] = first[section] + 1
        last[section] = first[section] + size[section]
        order[first[section]] = section
    return order, first, last


@numba.njit(cache=True)
def _feeders(sequence: Ints, parent: Ints, via: Ints, head_feeder: Ints, far: Ints) -> Ints:
    """A feeder begins where power passes its head outward; everything behind keeps it, also over a tie."""
    feeder = np.full(len(parent), -1, np.int32)
    for section in sequence:
        if parent[section] >= 0:
            outward = head_feeder[via[section]] >= 0 and far[via[section]] == section
            feeder[section] = head_feeder[via[section]] if outward else feeder[parent[section]]
    return feeder


@numba.njit(cache=True)
def _top(merged: Ints, section: int) -> int:
    """The uppermost section reached over edges already known to lie on a loop; -1 is the grid above."""
    top = section
    while top >= 0 and merged[top] != top:
        top = merged[top]
    while section >= 0 and merged[section] != section:
        merged[section], section = top, merged[section]
    return top


@numba.njit(cache=True)
def _loops(
    closed: Bools, one: Ints, other: Ints, parent: Ints, via: Ints, alive: Bools, first: Ints, sources: Ints
) -> Bools:
    """Every closed switch outside the forest loops the tree path between its ends; each tree edge is walked once.

    Walked edges are merged, so that a later loop jumps over them. Of two sections the one later in preorder is never
    above the other, so it climbs. Roots climb to the grid above (-1).
    """
    n = len(parent)
    looped, merged = np.zeros(n, np.bool_), np.arange(n).astype(np.int32)
    for switch in range(len(closed)):
        a, b = one[switch], other[switch]
        if not closed[switch] or not alive[a] or via[a] == switch or via[b] == switch:
            continue
        looped[a] = looped[b] = True
        a, b = _top(merged, a), _top(merged, b)
        while a != b:
            if a < 0 or (b >= 0 and first[a] < first[b]):
                a, b = b, a
            looped[a] = True
            merged[a] = parent[a]
            if parent[a] >= 0:
                looped[parent[a]] = True
            a = _top(merged, parent[a])
    fed_by = np.zeros(n, np.int32)
    for section in sources:
        fed_by[section] += 1
    for section in sources:
        if fed_by[section] > 1:
            looped[section] = True
    return looped
