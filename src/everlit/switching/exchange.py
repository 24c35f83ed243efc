"""Branch exchange (支路交换): close one open edge, open another on the loop it makes, and the tree stays a tree.

Vertices draw fixed currents, so the losses of a tree are Σ r·|i|² and one walk round a loop prices all its exchanges.
With the tie u–v closed and the edge above w (on u's side) opened, the current i(w) moves from one side to the other:

    Δ = R·|i(w)|² − 2·i(w)·(Σ r·i on u's side − Σ r·i on v's side)        R: resistance round the loop, tie included

A search descends by the best exchange of each loop, then kicks itself out of the valley with a few random exchanges and
descends again (iterated local search). Currents are vectors: real and imaginary part of every scenario.
"""

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]

LEAST_GAIN = 1e-10
# Now and then a valley a little worse than home becomes home; after so many kicks in vain home is the best one again.
SLACK, SLACK_EVERY, HOMESICK = 2e-4, 50, 500


class Edges(NamedTuple):
    """A graph on vertices 0 (the source) to n−1: both ends, resistance, and whether the edge can be opened."""

    one: Ints
    other: Ints
    r: Floats
    openable: Bools


class TreeState(NamedTuple):
    """A spanning tree: per vertex its parent, the edge to it and the current through that edge; the edges left open."""

    parent: Ints
    edge: Ints
    current: Floats
    open: Ints


@numba.njit(cache=True)
def spanning_tree(edges: Edges, drawn: Floats, is_open: Bools) -> tuple[TreeState, int]:
    """The tree of the edges not open, with its currents, and how many vertices it reaches."""
    n, m = len(drawn), len(edges.one)
    starts = np.zeros(n + 1, np.int32)
    for edge in range(m):
        starts[edges.one[edge] + 1] += 1
        starts[edges.other[edge] + 1] += 1
    starts = np.cumsum(starts).astype(np.int32)
    fill, at = starts[:-1].copy(), np.empty(2 * m, np.int32)
    for edge in range(m):
        for end in (edges.one[edge], edges.other[edge]):
            at[fill[end]] = edge
            fill[end] += 1
    parent, via, order = np.full(n, -1, np.int32), np.full(n, -1, np.int32), np.empty(n, np.int32)
    order[0], reached, here = 0, 1, 0
    while here < reached:
        vertex = order[here]
        for slot in range(starts[vertex], starts[vertex + 1]):
            edge = at[slot]
            there = edges.other[edge] if edges.one[edge] == vertex else edges.one[edge]
            if not is_open[edge] and there != 0 and via[there] < 0 and edge != via[vertex]:
                parent[there], via[there], order[reached] = vertex, edge, there
                reached += 1
        here += 1
    current = drawn.copy()
    for index in range(reached - 1, 0, -1):
        current[parent[order[index]]] += current[order[index]]
    in_tree = np.zeros(m, np.bool_)
    for vertex in range(n):
        if via[vertex] >= 0:
            in_tree[via[vertex]] = True
    return TreeState(parent, via, current, np.flatnonzero(~in_tree).astype(np.int32)), reached


@numba.njit(cache=True)
def tree_loss(edges: Edges, tree: TreeState) -> float:
    """Σ r·|i|² over the tree."""
    loss = 0.0
    for vertex in range(1, len(tree.parent)):
        for k in range(tree.current.shape[1]):
            loss += edges.r[tree.edge[vertex]] * tree.current[vertex, k] ** 2
    return loss


@numba.njit(cache=True)
def search(
    edges: Edges, start: TreeState, seed: int, kicks: int, patience: int, keep: int
) -> tuple[Floats, npt.NDArray[np.int32], int]:
    """The `keep` best valleys found within `kicks` kicks, or `patience` of them without a better one.

    Returns their losses, ascending, the open edges of each, and how many exchanges were priced.
    """
    losses, opened = np.full(keep, np.inf), np.empty((keep, len(start.open)), np.int32)
    tree, home, best = _copy(start), _copy(start), _copy(start)
    mark = np.zeros(len(tree.parent), np.int32)
    work = np.zeros(2, np.int64)  # stamp of the marks, exchanges priced
    random = np.array([seed * 2 + 1], np.uint64)
    home_loss, best_loss, idle = np.inf, np.inf, 0
    for kick in range(kicks):
        descend(edges, tree, mark, work, random)
        loss = tree_loss(edges, tree)
        _remember(losses, opened, loss, tree.open)
        idle += 1
        if loss < best_loss * (1 - LEAST_GAIN):
            _assign(best, tree)
            best_loss, idle = loss, 0
        slack = SLACK if kick % SLACK_EVERY == 0 else LEAST_GAIN
        if loss <= home_loss * (1 + slack):
            _assign(home, tree)
            home_loss = loss
        if idle >= patience or len(tree.open) == 0:
            break
        if idle % HOMESICK == HOMESICK - 1:
            _assign(home, best)
            home_loss = best_loss
        _assign(tree, home)
        for _ in range(2 + _draw(random, 4)):
            _random_exchange(edges, tree, mark, work, random)
    return losses, opened, int(work[1])


@numba.njit(cache=True)
def _remember(losses: Floats, opened: npt.NDArray[np.int32], loss: float, open_edges: Ints) -> None:
    """Insert a valley into the list of the best, unless it is there (equal losses are the same valley)."""
    if not loss < losses[-1]:
        return
    at = np.searchsorted(losses, loss)
    near = loss * LEAST_GAIN
    if (at < len(losses) and losses[at] - loss <= near) or (at > 0 and loss - losses[at - 1] <= near):
        return
    for row in range(len(losses) - 1, at, -1):
        losses[row] = losses[row - 1]
        opened[row] = opened[row - 1]
    losses[at] = loss
    opened[at] = open_edges


@numba.njit(cache=True)
def _copy(tree: TreeState) -> TreeState:
    return TreeState(tree.parent.copy(), tree.edge.copy(), tree.current.copy(), tree.open.copy())


@numba.njit(cache=True)
def _assign(target: TreeState, tree: TreeState) -> None:
    target.parent[:] = tree.parent
    target.edge[:] = tree.edge
    target.current[:] = tree.current
    target.open[:] = tree.open


@numba.njit(cache=True)
def _draw(random: npt.NDArray[np.uint64], below: int) -> int:
    """A number in [0, below) by xorshift64*."""
    x = random[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    random[0] = x
    return np.int64(((x * np.uint64(2685821657736338717)) >> np.uint64(33)) % np.uint64(below))  # type: ignore[return-value]


@numba.njit(cache=True)
def descend(
    edges: Edges, tree: TreeState, mark: Ints, work: npt.NDArray[np.int64], random: npt.NDArray[np.uint64]
) -> None:
    """Take the best exchange of one loop after the other until no loop offers any."""
    ties = len(tree.open)
    index, quiet = _draw(random, max(ties, 1)), 0
    while quiet < ties:
        tie = tree.open[index]
        top = _common(edges, tree, tie, mark, work)
        vertex, side, gain = _best_on_loop(edges, tree, tie, top, work)
        if gain > LEAST_GAIN:
            exchange(edges, tree, index, top, vertex, side)
            quiet = 0
        else:
            quiet += 1
        index = (index + 1) % ties


@numba.njit(cache=True)
def _common(edges: Edges, tree: TreeState, tie: int, mark: Ints, work: npt.NDArray[np.int64]) -> int:
    """Where the two paths from the tie towards the source meet."""
    work[0] += 1
    here = edges.one[tie]
    while here >= 0:
        mark[here] = work[0]
        here = tree.parent[here]
    here = edges.other[tie]
    while mark[here] != work[0]:
        here = tree.parent[here]
    return int(here)


@numba.njit(cache=True)
def _best_on_loop(
    edges: Edges, tree: TreeState, tie: int, top: int, work: npt.NDArray[np.int64]
) -> tuple[int, int, float]:
    """The edge whose opening gains most: the vertex below it, the side of the tie it is on, and the gain."""
    lean, round_r = _lean(edges, tree, tie, top)
    best, best_side, best_gain = -1, 0, 0.0
    for side in range(2):
        here, sign = edges.one[tie] if side == 0 else edges.other[tie], 1.0 if side == 0 else -1.0
        while here != top:
            if edges.openable[tree.edge[here]]:
                gain = _gain(tree.current[here], lean, sign, round_r)
                work[1] += 1
                if gain > best_gain:
                    best, best_side, best_gain = here, side, gain
            here = tree.parent[here]
    return best, best_side, best_gain


@numba.njit(cache=True)
def _lean(edges: Edges, tree: TreeState, tie: int, top: int) -> tuple[Floats, float]:
    """Σ r·i up one side less that up the other, and the resistance round the loop."""
    channels, round_r = tree.current.shape[1], edges.r[tie]
    lean = np.zeros(channels)
    for side in range(2):
        here, sign = edges.one[tie] if side == 0 else edges.other[tie], 1.0 if side == 0 else -1.0
        while here != top:
            r = edges.r[tree.edge[here]]
            round_r += r
            for k in range(channels):
                lean[k] += sign * r * tree.current[here, k]
            here = tree.parent[here]
    return lean, round_r


@numba.njit(cache=True)
def _gain(current: Floats, lean: Floats, sign: float, round_r: float) -> float:
    """Losses saved when this current changes sides.

    Two equal feeders of 1 ohm, 2 A in one and 0 A in the other, tie of 0 ohm: moving 1 A saves 4 − 2 = 2 W.

    >>> _gain(np.array([1.0]), np.array([2.0]), 1.0, 2.0)
    2.0
    """
    gain = 0.0
    for k in range(len(current)):
        gain += 2 * sign * current[k] * lean[k] - round_r * current[k] * current[k]
    return gain


@numba.njit(cache=True)
def exchange(edges: Edges, tree: TreeState, index: int, top: int, vertex: int, side: int) -> None:
    """Close open edge number `index`, open the edge above `vertex` on that side, and hang the part between anew."""
    tie = tree.open[index]
    near = edges.one[tie] if side == 0 else edges.other[tie]
    far = edges.other[tie] if side == 0 else edges.one[tie]
    moved = tree.current[vertex].copy()
    here = tree.parent[vertex]
    while here != top:
        tree.current[here] -= moved
        here = tree.parent[here]
    here = far
    while here != top:
        tree.current[here] += moved
        here = tree.parent[here]
    tree.open[index] = tree.edge[vertex]
    before, via, carried = far, tie, np.zeros(len(moved))
    here = near
    while True:
        above, edge, own = tree.parent[here], tree.edge[here], tree.current[here].copy()
        tree.parent[here], tree.edge[here] = before, via
        tree.current[here] = moved - carried
        if here == vertex:
            break
        before, via, carried, here = here, edge, own, above


@numba.njit(cache=True)
def _random_exchange(
    edges: Edges, tree: TreeState, mark: Ints, work: npt.NDArray[np.int64], random: npt.NDArray[np.uint64]
) -> None:
    """Any exchange on a random loop."""
    index = _draw(random, len(tree.open))
    tie = tree.open[index]
    top = _common(edges, tree, tie, mark, work)
    candidates = 0
    chosen, chosen_side = -1, 0
    for side in range(2):
        here = edges.one[tie] if side == 0 else edges.other[tie]
        while here != top:
            if edges.openable[tree.edge[here]]:
                candidates += 1
                if _draw(random, candidates) == 0:
                    chosen, chosen_side = here, side
            here = tree.parent[here]
    if chosen >= 0:
        exchange(edges, tree, index, top, chosen, chosen_side)


@numba.njit(cache=True)
def loop_gains(edges: Edges, tree: TreeState, index: int) -> tuple[Ints, Floats]:
    """Every edge that could be opened instead of open edge number `index`, and what that gains at fixed currents."""
    tie, mark, work = tree.open[index], np.zeros(len(tree.parent), np.int32), np.zeros(2, np.int64)
    top = _common(edges, tree, tie, mark, work)
    lean, round_r = _lean(edges, tree, tie, top)
    chosen, gains, count = np.empty(len(tree.parent), np.int32), np.empty(len(tree.parent)), 0
    for side in range(2):
        here, sign = edges.one[tie] if side == 0 else edges.other[tie], 1.0 if side == 0 else -1.0
        while here != top:
            if edges.openable[tree.edge[here]]:
                chosen[count], gains[count] = tree.edge[here], _gain(tree.current[here], lean, sign, round_r)
                count += 1
            here = tree.parent[here]
    return chosen[:count].copy(), gains[:count].copy()
