"""The way from a node up to its source (供电路径): the branches on it, their impedance, and how far the vectors turn.

    source ═ main transformer YNd11 ═ bus ─/─ line ─/─ n         path of n: 5 branches, 11 hours, Σz

Two live nodes may be joined only when both ways turn the vectors alike: 30° apart is a short circuit of five kilovolts.
"""

from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np

from everlit.grid import Grid
from everlit.grid.compile import Bools, Ints
from everlit.grid.electrical import BASE_KVA, clock, electrical


@dataclass(frozen=True)
class Tree:
    """The supply tree of one state at node level: the branch and the node each live node is fed through, and its source."""

    grid: Grid
    parent: Ints
    via: Ints
    source: Ints

    def live(self, node: int) -> bool:
        """True when a source reaches the node."""
        return bool(self.source[node] >= 0)

    def path(self, node: int) -> tuple[int, ...]:
        """Branches from the node up to its source."""
        found = []
        while self.parent[node] >= 0:
            found.append(int(self.via[node]))
            node = int(self.parent[node])
        return tuple(found)

    def nodes(self, node: int) -> tuple[int, ...]:
        """Nodes from the node up to its source, both included."""
        found = [node]
        while self.parent[node] >= 0:
            node = int(self.parent[node])
            found.append(node)
        return tuple(found)

    def hours(self, node: int) -> int:
        """Clock hours by which the vector groups on the path turn the vectors back: 30° each."""
        path = self.path(node)
        nodes, n_lines = self.nodes(node)[1:], self.grid.n_lines
        turned = 0
        for branch, above in zip(path, nodes, strict=True):
            if n_lines <= branch < self.grid.first_switch:
                hour = self._clocks[branch - n_lines]
                turned += hour if self.grid.branch_from[branch] == above else -hour
        return turned % 12

    def hours_apart(self, one: int, other: int) -> int:
        """Clock hours between two live nodes; each is 30°."""
        return (self.hours(one) - self.hours(other)) % 12

    @cached_property
    def _clocks(self) -> list[int]:
        return [
            clock(str(group)) for group in self.grid.network.tables["transformers"].column("vector_group").to_pylist()
        ]


@dataclass(frozen=True, slots=True)
class Ring:
    """What closing a tie between two nodes would join: both paths down to where they meet, and the impedance around.

    `one` and `other` are the branches on each side, nearest the tie first; `z_pu` is their sum on the base of 1 MVA, with
    the impedances of both infeeds where the paths end at different sources.
    """

    one: tuple[int, ...]
    other: tuple[int, ...]
    z_pu: complex
    same_source: bool

    def unphased(self, grid: Grid) -> tuple[int, ...]:
        """Switches on either path without a phase record (核相): what one verified further on says nothing any more."""
        switches = (branch - grid.first_switch for branch in (*self.one, *self.other) if branch >= grid.first_switch)
        return tuple(switch for switch in switches if not grid.switch_phased[switch])

    def ohm(self, kv: float) -> complex:
        """The impedance around the ring, seen at a voltage level."""
        return self.z_pu * kv**2 / (BASE_KVA / 1000)


def tree(grid: Grid, closed: Bools) -> Tree:
    """The node-level supply tree of a state; where a state is looped, the shortest way in branches."""
    wires = electrical(grid)
    usable = np.ones(grid.n_branches, np.bool_)
    usable[grid.first_switch :] = closed
    parent, via, source = _grow(
        wires.starts, wires.neighbours, grid.branch_from, grid.branch_to, usable, grid.source_nodes
    )
    return Tree(grid, parent, via, source)


def ring(supply_tree: Tree, one: int, other: int) -> Ring:
    """The ring closed by joining two live nodes."""
    mine, theirs = supply_tree.path(one), supply_tree.path(other)
    same = supply_tree.source[one] == supply_tree.source[other]
    while mine and theirs and mine[-1] == theirs[-1]:
        mine, theirs = mine[:-1], theirs[:-1]
    wires = electrical(supply_tree.grid)
    wired = [branch for branch in (*mine, *theirs) if branch < supply_tree.grid.first_switch]
    z_pu = complex(wires.r_pu[wired].sum(), wires.x_pu[wired].sum())
    if not same:
        z_pu += sum(_infeed_pu(supply_tree.grid, int(supply_tree.source[node])) for node in (one, other))
    return Ring(mine, theirs, z_pu, bool(same))


def _infeed_pu(grid: Grid, source: int) -> complex:
    """Impedance of an infeed from its short-circuit power; nothing where none is known: the loop then carries more."""
    mva = grid.network.tables["sources"].column("short_circuit_mva")[source].as_py()
    return 0j if not mva else complex(0.0, BASE_KVA / 1000 / mva)


@numba.njit(cache=True)
def _grow(
    starts: Ints, neighbours: Ints, one: Ints, other: Ints, usable: Bools, sources: Ints
) -> tuple[Ints, Ints, Ints]:
    n = len(starts) - 1
    parent, via, source = np.full(n, -1, np.int32), np.full(n, -1, np.int32), np.full(n, -1, np.int32)
    queue, head, tail = np.empty(n, np.int32), 0, 0
    for index in range(len(sources)):
        if source[sources[index]] < 0:
            source[sources[index]] = index
            queue[tail] = sources[index]
            tail += 1
    while head < tail:
        here = queue[head]
        head += 1
        for slot in range(starts[here], starts[here + 1]):
            branch = neighbours[slot]
            there = other[branch] if one[branch] == here else one[branch]
            if usable[branch] and source[there] < 0:
                parent[there], via[there], source[there] = here, branch, source[here]
                queue[tail] = there
                tail += 1
    return parent, via, source
