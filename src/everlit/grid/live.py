"""The network as it is switched (实时状态): after one operation only what it touches is looked at again.

Opening a switch gathers what hung under it and asks who else can feed it; closing one lets power flow into what was
dark. Both walk the sections concerned and their neighbours, never the city.
"""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from everlit.grid.compile import Bools, Grid, Ints
from everlit.grid.supply import Counts, Supply, supply


@dataclass(frozen=True, slots=True)
class Change:
    """What one operation did: the sections that went dark or came back, and whether it closed a loop."""

    sections: Ints
    energised: bool
    loop_closed: bool
    counts: Counts


class Live:
    """A state that is operated switch by switch; always equal to `supply(grid, closed)` of the same positions.

    Where loops are closed, which of two ways feeds a section is a matter of convention and may differ from `supply`.
    """

    def __init__(self, grid: Grid, closed: Bools | None = None) -> None:
        self.grid = grid
        self.closed = (grid.switch_normal_closed if closed is None else closed).copy()
        start = supply(grid, self.closed)
        self.energised, self.feeder = start.energised.copy(), start.feeder.copy()
        self.parent_section, self.parent_switch = start.parent_section.copy(), start.parent_switch.copy()
        self.energised_nodes = start.energised_nodes.copy()
        self._queue = np.empty(grid.n_sections, np.int32)
        starts, switches = grid.section_switches
        self._where = (grid.switch_section_from, grid.switch_section_to, starts, switches)
        self._tree = (self.parent_section, self.parent_switch, self.energised, self.feeder)
        self._heads = (grid.head_feeder, grid.head_far_section)
        self._counted = (grid.section_units, grid.section_households, grid.section_kva)
        self._nodes = grid.section_nodes

    def operate(self, switch: int, *, close: bool) -> Change:
        """Open or close one switch; operating it into the position it has changes nothing."""
        if bool(self.closed[switch]) == close:
            return Change(self._queue[:0].copy(), close, loop_closed=False, counts=Counts(0, 0, 0.0))
        operate = _close if close else _open
        touched, loop = operate(switch, self.closed, self._where, self._tree, self._heads, self._queue)
        sections = self._queue[:touched].copy()
        counts = _settle(sections, close, self.energised_nodes, self._nodes, self._counted)
        return Change(sections, close, bool(loop), Counts(int(counts[0]), int(counts[1]), float(counts[2])))

    def under(self, switch: int) -> Counts:
        """Who hangs under a switch now, by walking what it feeds."""
        touched = _gather(_fed_by(switch, self._where, self._tree), self._where, self._tree, self._queue)
        sections = self._queue[:touched]
        units, households, kva = (values[sections].sum() for values in self._counted)
        return Counts(int(units), int(households), float(kva))

    def supply(self) -> Supply:
        """The whole forest of the present state, computed afresh."""
        return supply(self.grid, self.closed.copy())


@numba.njit(cache=True)
def _fed_by(switch: int, where: Any, tree: Any) -> int:
    """The section fed through this switch, -1 when none is."""
    for section in (where[0][switch], where[1][switch]):
        if tree[1][section] == switch:
            return int(section)
    return -1


@numba.njit(cache=True)
def _gather(section: int, where: Any, tree: Any, queue: Ints) -> int:
    """Put `section` and all that is fed through it into the queue; how many."""
    one, other, starts, switches = where
    parent, via = tree[0], tree[1]
    if section < 0:
        return 0
    queue[0], count, done = section, 1, 0
    while done < count:
        here = queue[done]
        done += 1
        for index in range(starts[here], starts[here + 1]):
            switch = switches[index]
            there = one[switch] + other[switch] - here
            if via[there] == switch and parent[there] == here:
                queue[count] = there
                count += 1
    return count


@numba.njit(cache=True)
def _feed(there: int, here: int, switch: int, tree: Any, heads: Any) -> None:
    parent, via, alive, feeder = tree
    alive[there], parent[there], via[there] = True, here, switch
    outward = heads[0][switch] >= 0 and heads[1][switch] == there
    feeder[there] = heads[0][switch] if outward else feeder[here]


@numba.njit(cache=True)
def _flow(begin: int, count: int, closed: Bools, where: Any, tree: Any, heads: Any, queue: Ints) -> int:
    """Let power flow from the queue's live sections into the dark ones closed to them; the queue's new end."""
    one, other, starts, switches = where
    done = begin
    while done < count:
        here = queue[done]
        done += 1
        for index in range(starts[here], starts[here + 1]):
            switch = switches[index]
            there = one[switch] + other[switch] - here
            if closed[switch] and not tree[2][there]:
                _feed(there, here, switch, tree, heads)
                queue[count] = there
                count += 1
    return count


@numba.njit(cache=True)
def _close(switch: int, closed: Bools, where: Any, tree: Any, heads: Any, queue: Ints) -> tuple[int, bool]:
    closed[switch] = True
    a, b = where[0][switch], where[1][switch]
    alive = tree[2]
    if alive[a] == alive[b]:
        return 0, alive[a]
    here, there = (a, b) if alive[a] else (b, a)
    _feed(there, here, switch, tree, heads)
    queue[0] = there
    return _flow(0, 1, closed, where, tree, heads, queue), False


@numba.njit(cache=True)
def _open(switch: int, closed: Bools, where: Any, tree: Any, heads: Any, queue: Ints) -> tuple[int, bool]:
    closed[switch] = False
    one, other, starts, switches = where
    parent, via, alive, feeder = tree
    count = _gather(_fed_by(switch, where, tree), where, tree, queue)
    cut_off = queue[:count].copy()
    for section in cut_off:
        alive[section], parent[section], via[section], feeder[section] = False, -1, -1, -1
    entered = 0
    for there in cut_off:
        for index in range(starts[there], starts[there + 1]):
            edge = switches[index]
            here = one[edge] + other[edge] - there
            if closed[edge] and alive[here] and not alive[there]:
                _feed(there, here, edge, tree, heads)
                queue[entered] = there
                entered += 1
                entered = _flow(entered - 1, entered, closed, where, tree, heads, queue)
    dead = 0
    for section in cut_off:
        if not alive[section]:
            queue[dead] = section
            dead += 1
    return dead, False


@numba.njit(cache=True)
def _settle(sections: Ints, energised: bool, node_flags: Bools, nodes: Any, counted: Any) -> tuple[int, int, float]:
    """Set the flags of the sections' nodes and count who is concerned."""
    starts, members = nodes
    units, households, kva = 0, 0, 0.0
    for section in sections:
        units += counted[0][section]
        households += counted[1][section]
        kva += counted[2][section]
        for index in range(starts[section], starts[section + 1]):
            node_flags[members[index]] = energised
    return units, households, kva
