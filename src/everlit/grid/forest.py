"""The normal supply forest (正常供电森林): nodes numbered in the order in which power reaches them.

A depth-first walk from the sources over everything closed in the normal state gives each node a label smaller than all
labels under it, and everything under a node is one interval of labels (its Euler interval):

    S ── a ── b          labels  S 0, a 1, b 2, c 3        under a: [1, 3)     under c: [3, 4)
    └─── c

Neighbours in the network become neighbours in memory, which is what makes whole-city questions one pass over arrays.
Nodes no source reaches in the normal state come last, each island a tree of its own.
"""

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Forest:
    """Per label: `row` in the nodes table, `parent` label, `via` branch, `last`: the end of its interval; -1 for none.

    `label` goes from row to label; labels below `n_alive` are energised in the normal state.
    """

    label: Ints
    row: Ints
    parent: Ints
    via: Ints
    last: Ints
    n_alive: int


def normal_forest(n_nodes: int, branch_from: Ints, branch_to: Ints, closed: Bools, source_nodes: Ints) -> Forest:
    """Number the nodes; ends and sources are rows of the nodes table, `closed` is per branch."""
    starts, touching = adjacency(n_nodes, branch_from, branch_to)
    label, row, parent, via, last, n_alive = _number(
        n_nodes, starts, touching, branch_from, branch_to, closed, source_nodes
    )
    return Forest(label, row, parent, via, last, int(n_alive))


@numba.njit(cache=True)
def adjacency(n: int, one: Ints, other: Ints) -> tuple[Ints, Ints]:
    """Edges at each place: `touching[starts[v]:starts[v + 1]]`; edges from a place to itself are left out."""
    starts = np.zeros(n + 1, np.int32)
    for edge in range(len(one)):
        if one[edge] != other[edge]:
            starts[one[edge] + 1] += 1
            starts[other[edge] + 1] += 1
    for place in range(n):
        starts[place + 1] += starts[place]
    fill, touching = starts[:-1].copy(), np.empty(starts[-1], np.int32)
    for edge in range(len(one)):
        if one[edge] != other[edge]:
            touching[fill[one[edge]]] = edge
            fill[one[edge]] += 1
            touching[fill[other[edge]]] = edge
            fill[other[edge]] += 1
    return starts, touching


@numba.njit(cache=True)
def _number(
    n: int, starts: Ints, touching: Ints, one: Ints, other: Ints, closed: Bools, source_nodes: Ints
) -> tuple[Ints, Ints, Ints, Ints, Ints, int]:
    label, row = np.full(n, -1, np.int32), np.empty(n, np.int32)
    parent, via, last = np.full(n, -1, np.int32), np.full(n, -1, np.int32), np.empty(n, np.int32)
    fill, stack = starts[:-1].copy(), np.empty(n + 1, np.int32)
    is_source = np.zeros(n, np.bool_)
    is_source[source_nodes] = True
    next_label, n_alive = 0, 0
    for turn in range(len(source_nodes) + n):
        if turn == len(source_nodes):
            n_alive = next_label
        root = source_nodes[turn] if turn < len(source_nodes) else turn - len(source_nodes)
        if label[root] >= 0:
            continue
        depth, stack[0] = 0, root
        label[root], row[next_label] = next_label, root
        next_label += 1
        while depth >= 0:
            here = stack[depth]
            if fill[here] == starts[here + 1]:
                last[label[here]] = next_label
                depth -= 1
                continue
            edge = touching[fill[here]]
            fill[here] += 1
            there = one[edge] + other[edge] - here
            if closed[edge] and label[there] < 0 and not is_source[there]:
                label[there], row[next_label] = next_label, there
                parent[next_label], via[next_label] = label[here], edge
                next_label += 1
                depth += 1
                stack[depth] = there
    return label, row, parent, via, last, n_alive
