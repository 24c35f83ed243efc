"""What reconfiguration has to decide: the live network boiled down to its loops.

Whatever hangs off the loops is fed the same way by every tree, so it is peeled to a load. In a row of equipment without
load it makes no difference where the row is opened, so the row becomes one edge with several switches:

    ── l1 ──/ s1 /── l2 ──/ s2 /──      becomes      ──── r = r1 + r2, switches s1 s2 ────
"""

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from everlit.grid import Grid, SwitchKind, supply
from everlit.grid.components import components
from everlit.grid.electrical import electrical
from everlit.switching.exchange import Edges

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Decisions:
    """The graph to search, the switches of each of its edges, and where a node's load goes (−1: dead)."""

    edges: Edges
    switches: tuple[tuple[int, ...], ...]
    vertex_of_node: Ints
    n_vertices: int
    superfluous: Ints

    def drawn(self, node_current: Floats) -> Floats:
        """Currents [node, channel] gathered at the vertices."""
        live = self.vertex_of_node >= 0
        total = np.zeros((self.n_vertices, node_current.shape[1]))
        np.add.at(total, self.vertex_of_node[live], node_current[live])
        return total

    def state(self, closed: Bools, open_edges: npt.NDArray[np.integer]) -> Bools:
        """The switch positions in which exactly these edges are open; a row stays open where it was open before."""
        after = closed.copy()
        after[[switch for row in self.switches for switch in row]] = True
        after[self.superfluous] = False
        for edge in open_edges:
            row = self.switches[edge]
            after[next((switch for switch in row if not closed[switch]), row[0])] = False
        return after

    def open_edges(self, closed: Bools) -> Bools:
        """Which edges are open in a state."""
        return np.array([any(not closed[switch] for switch in row) for row in self.switches], dtype=np.bool_)


def spare_edges(graph: Decisions, is_open: Bools) -> npt.NDArray[np.int64] | None:
    """Edges beside a spanning tree that takes what cannot be opened first and what is open last; None if it cannot."""
    edges = graph.edges
    group = list(range(graph.n_vertices))

    def top(vertex: int) -> int:
        while group[vertex] != vertex:
            group[vertex] = group[group[vertex]]
            vertex = group[vertex]
        return vertex

    spare = []
    for edge in np.lexsort((np.arange(len(is_open)), is_open, edges.openable)):
        one, other = top(int(edges.one[edge])), top(int(edges.other[edge]))
        if one != other:
            group[one] = other
        elif edges.openable[edge]:
            spare.append(edge)
        else:
            return None
    return np.array(sorted(spare), dtype=np.int64)


def decisions(grid: Grid, closed: Bools, loaded: Bools) -> Decisions:
    """Boil the live part of `closed` down; `loaded` says which nodes draw anything."""
    live = supply(grid, closed).energised[grid.section_of_node]
    one, other, r, switch, fixed = _live_edges(grid, closed, live)
    vertex, n = _vertices(grid, fixed)
    ends = vertex[one], vertex[other]
    self_loop = ends[0] == ends[1]
    superfluous = switch[self_loop & (switch >= 0)]
    ends, r, switch = (ends[0][~self_loop], ends[1][~self_loop]), r[~self_loop], switch[~self_loop]
    root = int(vertex[grid.source_nodes[0]])
    taken_by, kept = _peel(n, *ends, root)
    rows = [[int(s)] if s >= 0 else [] for s in switch[kept]]
    vertex_of_node = np.where(live, taken_by[vertex], -1).astype(np.int32)
    at_vertex = np.zeros(n, np.bool_)
    at_vertex[vertex_of_node[loaded & live]] = True
    at_vertex[root] = True
    graph = _Rows(list(ends[0][kept]), list(ends[1][kept]), list(r[kept]), rows)
    graph.merge(at_vertex)
    return _numbered(graph, n, vertex_of_node, root, superfluous)


def _live_edges(grid: Grid, closed: Bools, live: Bools) -> tuple[Ints, Ints, Floats, Ints, Bools]:
    """Edges that are or could be in service: ends, resistance, switch (−1: none); and the switches that stay closed."""
    both = live[grid.switch_from] & live[grid.switch_to]
    operable = both & ~grid.switch_locked & (grid.switch_kind != SwitchKind.FUSE)
    decided = np.flatnonzero(operable & (closed | grid.switch_phased))
    first = grid.first_switch
    series = np.flatnonzero(live[grid.branch_from[:first]])
    one = np.concatenate([grid.branch_from[series], grid.switch_from[decided]])
    other = np.concatenate([grid.branch_to[series], grid.switch_to[decided]])
    r = np.concatenate([electrical(grid).r_pu[series], np.zeros(len(decided))])
    switch = np.concatenate([np.full(len(series), -1), decided]).astype(np.int32)
    return one, other, r, switch, both & closed & ~operable


def _vertices(grid: Grid, fixed: Bools) -> tuple[Ints, int]:
    """Nodes joined by switches that stay closed are one vertex, and so are all sources."""
    sources = grid.source_nodes
    one = np.concatenate([grid.switch_from[fixed], sources[:-1]]).astype(np.int32)
    other = np.concatenate([grid.switch_to[fixed], sources[1:]]).astype(np.int32)
    return components(grid.n_nodes, one, other)


@numba.njit(cache=True)
def _peel(n: int, one: Ints, other: Ints, root: int) -> tuple[Ints, Ints]:
    """Take off vertices with one edge until none is left: who takes each vertex's load, and the edges that remain."""
    degree, xor = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for edge in range(len(one)):
        for end in (one[edge], other[edge]):
            degree[end] += 1
            xor[end] ^= edge
    gone, into = np.zeros(len(one), np.bool_), np.arange(n).astype(np.int32)
    sequence, count = np.empty(n, np.int32), 0
    for start in range(n):
        here = start
        while degree[here] == 1 and here != root:
            edge = xor[here]
            there = other[edge] if one[edge] == here else one[edge]
            gone[edge], into[here], sequence[count] = True, there, here
            count += 1
            degree[here] = 0
            degree[there] -= 1
            xor[there] ^= edge
            here = there
    for index in range(count - 1, -1, -1):
        into[sequence[index]] = into[into[sequence[index]]]
    return into, np.flatnonzero(~gone).astype(np.int32)


@dataclass(slots=True)
class _Rows:
    """Edges while rows without load are being merged."""

    one: list[int]
    other: list[int]
    r: list[float]
    switches: list[list[int]]

    def merge(self, loaded: Bools) -> None:
        """Join the two edges at every vertex that draws nothing and has only these two."""
        at: dict[int, set[int]] = {}
        for edge, ends in enumerate(zip(self.one, self.other, strict=True)):
            for end in ends:
                at.setdefault(end, set()).add(edge)
        for vertex in list(at):
            if loaded[vertex] or len(at[vertex]) != 2:
                continue
            keep, drop = sorted(at[vertex])
            if self.one[keep] == self.other[keep] or self.one[drop] == self.other[drop]:
                continue
            del at[vertex]
            near, far = self._far(keep, vertex), self._far(drop, vertex)
            self.one[keep], self.other[keep] = near, far
            self.r[keep] += self.r[drop]
            self.switches[keep] += self.switches[drop]
            at[far].discard(drop)
            at[far].add(keep)
            self.one[drop] = -1

    def _far(self, edge: int, vertex: int) -> int:
        return self.other[edge] if self.one[edge] == vertex else self.one[edge]


def _numbered(graph: _Rows, n: int, vertex_of_node: Ints, root: int, superfluous: Ints) -> Decisions:
    """Vertices numbered anew with the source first."""
    kept = [edge for edge, one in enumerate(graph.one) if one >= 0]
    used = np.unique([root, *(graph.one[edge] for edge in kept), *(graph.other[edge] for edge in kept)])
    number = np.full(n, -1, np.int32)
    number[root] = 0
    number[used[used != root]] = np.arange(1, len(used))
    one, other = (np.array([end[edge] for edge in kept], dtype=np.int64) for end in (graph.one, graph.other))
    edges = Edges(
        one=number[one],
        other=number[other],
        r=np.array([graph.r[edge] for edge in kept], dtype=np.float64),
        openable=np.array([len(graph.switches[edge]) > 0 for edge in kept], dtype=np.bool_),
    )
    rows = tuple(tuple(graph.switches[edge]) for edge in kept)
    # a node merged away inside a row draws nothing, so it may stand anywhere: at the source
    placed = np.where(vertex_of_node >= 0, np.maximum(number[vertex_of_node], 0), -1).astype(np.int32)
    return Decisions(edges, rows, placed, len(used), superfluous)
