"""The supply forest at node level (供电树): what the sweep walks along.

Live nodes stand parents first. Nodes joined by closed switches share one place, and every branch is turned to point
away from the source, whichever way round it is stored:

    order   S1  n1  n2  n3 …        S1 ──/ b1 /── n1 ── n2 ──/ b2 /── n3
    place    0   0   1   1                 same place     same place
"""

from typing import NamedTuple

import numba
import numpy as np

from everlit.grid.compile import Bools, Floats, Ints
from everlit.grid.electrical import Electrical
from everlit.grid.flow import Complexes


class Tree(NamedTuple):
    """`order`, `parent` (position), `branch`, `switched` and `place` are per live node, `above` to `turn` per place.

    `a`, `r`, `x` belong to the branch from the place above, `g` and `b` are shunts; roots have parent, above and branch
    −1. `turn` is the rotation by vector groups. An exit is a closed switch that leaves the part grown here.
    """

    order: Ints
    parent: Ints
    branch: Ints
    switched: Bools
    place: Ints
    above: Ints
    a: Floats
    r: Floats
    x: Floats
    g: Floats
    b: Floats
    turn: Complexes
    source_place: Ints
    exit_switch: Ints
    exit_at: Ints


def grow_tree(wires: Electrical, closed: Bools, inside: Bools) -> tuple[Tree, int]:
    """The forest from the sources over the sections `inside`, and the branch that closes a loop (−1: radial)."""
    order, parent, branch, exits, loop = _walk(wires, closed, inside)
    place, above, a, r, x, g, b, turn_deg = _places(wires, order, parent, branch)
    position = {int(order[root]): int(place[root]) for root in np.flatnonzero(parent < 0)}
    tree = Tree(
        order=order,
        parent=parent,
        branch=branch,
        switched=branch >= wires.first_switch,
        place=place,
        above=above,
        a=a,
        r=r,
        x=x,
        g=g,
        b=b,
        turn=np.exp(1j * np.deg2rad(turn_deg)),
        source_place=np.array([position.get(int(node), -1) for node in wires.source_node], np.int32),
        exit_switch=exits[:, 0].copy(),
        exit_at=exits[:, 1].copy(),
    )
    return tree, int(loop)


@numba.njit(cache=True)
def _walk(wires: Electrical, closed: Bools, inside: Bools) -> tuple[Ints, Ints, Ints, Ints, int]:
    """Live nodes depth first, their parents, the branches between, exits (switch, position), and a loop's branch."""
    n, first_switch = len(wires.starts) - 1, wires.first_switch
    position = np.full(n, -1, np.int32)
    order, parent, via = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
    exits = np.empty((len(closed), 2), np.int32)
    stack = np.empty((len(wires.neighbours) + 1, 3), np.int32)
    visited, leaving, loop = 0, 0, -1
    section = wires.section_of_node
    for source in wires.source_node:
        if not inside[section[source]]:
            continue
        stack[0, 0], stack[0, 1], stack[0, 2] = source, -1, -1
        depth = 1
        while depth > 0 and loop < 0:
            depth -= 1
            here, came, before = stack[depth, 0], stack[depth, 1], stack[depth, 2]
            if position[here] >= 0:
                loop = came if came >= 0 else via[position[here]]
                break
            position[here], order[visited], via[visited], parent[visited] = visited, here, came, before
            visited += 1
            for slot in range(wires.starts[here], wires.starts[here + 1]):
                branch = wires.neighbours[slot]
                if branch == came or (branch >= first_switch and not closed[branch - first_switch]):
                    continue
                there = wires.branch_to[branch] if wires.branch_from[branch] == here else wires.branch_from[branch]
                if not inside[section[there]]:
                    exits[leaving, 0], exits[leaving, 1] = branch - first_switch, visited - 1
                    leaving += 1
                elif position[there] >= 0:
                    loop = branch
                else:
                    stack[depth, 0], stack[depth, 1], stack[depth, 2] = there, branch, visited - 1
                    depth += 1
    return order[:visited].copy(), parent[:visited].copy(), via[:visited].copy(), exits[:leaving].copy(), loop


@numba.njit(cache=True)
def _places(
    wires: Electrical, order: Ints, parent: Ints, via: Ints
) -> tuple[Ints, Ints, Floats, Floats, Floats, Floats, Floats, Floats]:
    """Merge what switches join, and turn each branch so that it points away from the source."""
    n = len(order)
    place, above = np.empty(n, np.int32), np.full(n, -1, np.int32)
    a, r, x = np.ones(n), np.zeros(n), np.zeros(n)
    g, b, turn = np.zeros(n), np.zeros(n), np.zeros(n)
    count = 0
    for position in range(n):
        branch = via[position]
        if branch >= wires.first_switch:
            here = place[parent[position]]
        else:
            here = count
            count += 1
            if branch >= 0:
                before, k = place[parent[position]], wires.ratio[branch]
                forward = wires.branch_from[branch] == order[parent[position]]
                scale = 1.0 if forward else k * k
                above[here], a[here] = before, 1 / k if forward else k
                r[here], x[here] = wires.r_pu[branch] * scale, wires.x_pu[branch] * scale
                turn[here] = turn[before] + (-wires.shift_deg[branch] if forward else wires.shift_deg[branch])
        place[position] = here
        g[here] += wires.node_g_pu[order[position]]
        b[here] += wires.node_b_pu[order[position]]
    above, a, r, x = above[:count].copy(), a[:count].copy(), r[:count].copy(), x[:count].copy()
    return place, above, a, r, x, g[:count].copy(), b[:count].copy(), turn[:count].copy()
