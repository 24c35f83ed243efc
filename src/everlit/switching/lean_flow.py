"""A lean power flow (精简潮流) for one radial state of a skeleton: constant powers whose losses and limits are known.

The same backward/forward sweep as the full flow, on some dozen points instead of a city, sixteen quarter-hours side by
side and the hardest ones first: a state that breaks a limit for sure is dropped before the rest of the day is solved.

Being an approximation it says how sure it is. What did not move cannot have broken anything; what moved by dv is known
to second order, so a voltage counts as decided when it stays `NEAR_V + BAND_V · dv` away from its limit, a current
`BAND_A` of its rating (measured on a city: 7e-6 pu and 7e-4 at a change of 0.02 pu).
"""

from typing import NamedTuple

import numba
import numpy as np

from everlit.grid.compile import Floats, Ints

LANES = 16
SWEEPS = 80
TOLERANCE = 1e-8
BAND_A, BAND_V, NEAR_V = 1e-3, 0.005, 1e-5
STILL_A, STILL_V = 1e-3, 1e-6
FOR_SURE = 2e-3
_FAST = {"contract", "reassoc", "nsz", "arcp"}


class Points(NamedTuple):
    """What hangs on each point, [point, step] per unit: load, losses at voltage v0, shunts, the voltages it bears."""

    p: Floats
    q: Floats
    loss_p: Floats
    loss_q: Floats
    g: Floats
    b: Floats
    v0: Floats
    low: Floats
    high: Floats


class Tree(NamedTuple):
    """A radial state: points outward from the sources, the position that feeds each, the bar between (−1 at a root).

    `a`, `r`, `x` are ratio and impedance in that direction, `scale` the loading of the bar per unit of current.
    """

    order: Ints
    parent: Ints
    bar: Ints
    a: Floats
    r: Floats
    x: Floats
    scale: Floats
    root_pu: Floats


class Block(NamedTuple):
    """Sixteen quarter-hours at work, [position, lane]."""

    p: Floats
    q: Floats
    loss_p: Floats
    loss_q: Floats
    g: Floats
    b: Floats
    e: Floats
    f: Floats
    i_re: Floats
    i_im: Floats


class Answer(NamedTuple):
    """Worst certain excess of current, low and high voltage, where and when (position, step); what else was seen.

    `tally`: losses (pu · steps), 1.0 when something was too close to call, 1.0 when every step settled.
    """

    worst: Floats
    where: Ints
    tally: Floats


@numba.njit(cache=True)
def lean_flow(points: Points, tree: Tree, limit: Floats, before: Floats, hardest: Ints, keep: Block) -> Answer:
    """Solve all steps in the order `hardest`; `limit` and `before` are loadings [bar, step].

    `keep` takes the solution, [position, step], where its arrays are that large; empty arrays keep nothing.
    """
    n = len(tree.order)
    size = (n, LANES)
    block = Block(
        np.empty(size), np.empty(size), np.empty(size), np.empty(size), np.empty(size), np.empty(size), np.empty(size),
        np.empty(size), np.empty(size), np.empty(size),
    )  # fmt: skip
    answer = Answer(np.zeros(3), np.zeros(6, np.int32), np.array([0.0, 0.0, 1.0]))
    for start in range(0, len(hardest), LANES):
        steps = hardest[start : start + LANES]
        _fill(points, tree, steps, block)
        if not _settle(tree, block):
            answer.tally[2] = 0.0
            return answer
        _inspect(points, tree, limit, before, steps, block, answer)
        if len(keep.e) == n:
            for k in range(len(steps)):
                keep.e[:, steps[k]], keep.f[:, steps[k]] = block.e[:, k], block.f[:, k]
                keep.i_re[:, steps[k]], keep.i_im[:, steps[k]] = block.i_re[:, k], block.i_im[:, k]
        if answer.worst.max() > FOR_SURE:
            break
    return answer


@numba.njit(cache=True)
def _fill(points: Points, tree: Tree, steps: Ints, block: Block) -> None:
    """Loads of these steps and the no-load voltages; spare lanes repeat the last step."""
    roots = 0
    for here in range(len(tree.order)):
        point, above = tree.order[here], tree.parent[here]
        for k in range(LANES):
            step = steps[min(k, len(steps) - 1)]
            square = points.v0[point, step] ** 2
            block.p[here, k], block.q[here, k] = points.p[point, step], points.q[point, step]
            block.loss_p[here, k] = points.loss_p[point, step] * square
            block.loss_q[here, k] = points.loss_q[point, step] * square
            block.g[here, k], block.b[here, k] = points.g[point, step], points.b[point, step]
            if above < 0:
                block.e[here, k], block.f[here, k] = tree.root_pu[roots], 0.0
            else:
                block.e[here, k], block.f[here, k] = tree.a[here] * block.e[above, k], tree.a[here] * block.f[above, k]
        roots += above < 0


@numba.njit(cache=True)
def _settle(tree: Tree, block: Block) -> bool:
    """Sweep until no voltage moves; False when that does not happen."""
    for _ in range(SWEEPS):
        _backward(tree, block)
        moved = _forward(tree, block)
        if moved < TOLERANCE:
            return True
        if not moved < 10.0:
            return False
    return False


@numba.njit(cache=True, fastmath=_FAST, error_model="numpy")
def _backward(tree: Tree, block: Block) -> None:
    for here in range(len(tree.order)):
        for k in range(LANES):
            e, f = block.e[here, k], block.f[here, k]
            inverse = 1.0 / (e * e + f * f)
            p = block.p[here, k] + block.loss_p[here, k] * inverse
            q = block.q[here, k] + block.loss_q[here, k] * inverse
            block.i_re[here, k] = (p * e + q * f) * inverse + block.g[here, k] * e - block.b[here, k] * f
            block.i_im[here, k] = (p * f - q * e) * inverse + block.g[here, k] * f + block.b[here, k] * e
    for here in range(len(tree.order) - 1, -1, -1):
        above, a = tree.parent[here], tree.a[here]
        if above >= 0:
            for k in range(LANES):
                block.i_re[above, k] += a * block.i_re[here, k]
                block.i_im[above, k] += a * block.i_im[here, k]


@numba.njit(cache=True, fastmath={"contract", "reassoc", "nsz"}, error_model="numpy")
def _forward(tree: Tree, block: Block) -> float:
    moved = 0.0
    for here in range(len(tree.order)):
        above, a, r, x = tree.parent[here], tree.a[here], tree.r[here], tree.x[here]
        if above < 0:
            continue
        for k in range(LANES):
            e = a * block.e[above, k] - r * block.i_re[here, k] + x * block.i_im[here, k]
            f = a * block.f[above, k] - r * block.i_im[here, k] - x * block.i_re[here, k]
            moved = max(moved, abs(e - block.e[here, k]) + abs(f - block.f[here, k]))
            block.e[here, k], block.f[here, k] = e, f
    return moved if np.isfinite(block.e).all() else np.inf


@numba.njit(cache=True)
def _inspect(
    points: Points, tree: Tree, limit: Floats, before: Floats, steps: Ints, block: Block, answer: Answer
) -> None:
    """Compare with the limits, and add up the losses."""
    for here in range(len(tree.order)):
        point, bar = tree.order[here], tree.bar[here]
        for k in range(len(steps)):
            step = steps[k]
            square = block.e[here, k] ** 2 + block.f[here, k] ** 2
            current = block.i_re[here, k] ** 2 + block.i_im[here, k] ** 2
            answer.tally[0] += tree.r[here] * current + block.loss_p[here, k] / square + block.g[here, k] * square
            v = np.sqrt(square)
            moved = abs(v - points.v0[point, step])
            if moved > STILL_V:
                band = NEAR_V + BAND_V * moved
                _note(points.low[point, step] - v, band, 1, here, step, answer)
                _note(v - points.high[point, step], band, 2, here, step, answer)
            if bar >= 0 and tree.scale[here] > 0.0:
                share = np.sqrt(current) * tree.scale[here]
                if abs(share - before[bar, step]) > STILL_A:
                    _note(share - limit[bar, step], BAND_A, 0, here, step, answer)


@numba.njit(cache=True)
def _note(excess: float, band: float, kind: int, here: int, step: int, answer: Answer) -> None:
    if excess > band:
        if excess > answer.worst[kind]:
            answer.worst[kind] = excess
            answer.where[2 * kind], answer.where[2 * kind + 1] = here, step
    elif excess > -band:
        answer.tally[1] = 1.0
