"""The compiled passes of the radial sweep: one tree, LANES scenarios beside each other in memory.

A block of scenarios is gathered, swept until its worst lane stands still, and read out before the next one starts, so
the working arrays stay in the processor's cache whatever the number of scenarios.
"""

from typing import NamedTuple

import numba
import numpy as np

from everlit.grid.compile import Bools, Floats, Ints
from everlit.grid.electrical import BASE_KVA, Electrical
from everlit.grid.flow import Complexes
from everlit.grid.tree import Tree

LANES = 16
MAX_SWEEPS = 200
# Reassociation and contraction let the lanes vectorise; nan and infinity keep their meaning (divergence must show).
_FAST = {"contract", "reassoc", "nsz", "arcp"}


class Answer(NamedTuple):
    """Room for the answer, [row, scenario]."""

    real: Floats
    imaginary: Floats
    series_a: Floats
    delivered: Complexes
    loss: Floats
    converged: Bools


class End(NamedTuple):
    """One end of every live line and transformer: the place it feeds, the place of this end, and |turn·i + y·v|."""

    here: Ints
    at: Ints
    turn: Floats
    g: Floats
    b: Floats
    base_a: Floats


class Block(NamedTuple):
    """Working arrays of one block, [place, lane]: load, voltage, current."""

    p: Floats
    q: Floats
    v_re: Floats
    v_im: Floats
    i_re: Floats
    i_im: Floats


def ends_of(wires: Electrical, tree: Tree) -> tuple[End, End]:
    """Near and far end of what is live. A transformer is read at its high side: its other end gets a base of 0 A."""
    at = np.flatnonzero((tree.parent >= 0) & ~tree.switched)
    branch, before, here = tree.branch[at], tree.parent[at], tree.place[at]
    forward = wires.branch_from[branch] == tree.order[before]
    g, b, at_from = wires.end_g_pu[branch], wires.end_b_pu[branch], wires.ratio[branch] ** -2.0
    near, far = np.where(forward, at_from, 1.0), -np.where(forward, 1.0, at_from)
    line = branch < wires.n_lines
    near_a = np.where(line | forward, wires.base_a[tree.order[before]], 0.0)
    far_a = np.where(line | ~forward, wires.base_a[tree.order[at]], 0.0)
    return (
        End(here, tree.place[before], tree.a[here], near * g, near * b, near_a),
        End(here, here, np.ones(len(here)), far * g, far * b, far_a),
    )


@numba.njit(cache=True, nogil=True, error_model="numpy")
def sweep_lanes(
    wires: Electrical, tree: Tree, ends: tuple[End, End], load_place: Ints, p_kw: Floats, q_kvar: Floats,
    beyond: Complexes, tolerance: float, answer: Answer,
) -> None:  # fmt: skip
    """Solve every scenario and fill `answer`; `load_place` is the place of every load column, −1 where dead."""
    block, moved, exit_place = _block(len(tree.above)), np.empty(LANES), tree.place[tree.exit_at]
    for start in range(0, len(answer.converged), LANES):
        _gather(load_place, p_kw, q_kvar, exit_place, beyond, start, block.p, block.q)
        _flat_start(wires, tree, block)
        for _ in range(MAX_SWEEPS):
            _backward(tree.above, tree.a, tree.g, tree.b, *block[0:6])
            _forward(tree.above, tree.a, tree.r, tree.x, *block[2:], moved)
            if moved.max() <= tolerance * tolerance:
                break
        _backward(tree.above, tree.a, tree.g, tree.b, *block[0:6])
        _read_voltages(block.v_re, block.v_im, tree.turn, start, answer.real, answer.imaginary)
        _read_losses(block.v_re, block.v_im, block.i_re, block.i_im, tree.r, tree.g, start, answer.loss)
        _read_sources(tree, block, start, answer.delivered)
        for end in ends:
            _read_end(end, block.i_re, block.i_im, block.v_re, block.v_im, start, answer.series_a)
        for k in range(LANES):
            answer.converged[start + k] = moved[k] <= tolerance * tolerance and np.isfinite(answer.loss[start + k])
    _blank(answer)


@numba.njit(cache=True, nogil=True)
def _block(places: int) -> Block:
    room = (places, LANES)
    return Block(np.empty(room), np.empty(room), np.empty(room), np.empty(room), np.empty(room), np.empty(room))


@numba.njit(cache=True, nogil=True)
def _gather(
    row: Ints, p_kw: Floats, q_kvar: Floats, exit_row: Ints, beyond: Complexes, start: int, p: Floats, q: Floats
) -> None:
    """Load of every row (place or live node) in per unit, and what leaves through the exits."""
    count = min(LANES, len(p_kw) - start)
    p[:] = 0.0
    q[:] = 0.0
    _add_loads(row, p_kw, start, count, p)
    _add_loads(row, q_kvar, start, count, q)
    for index in range(len(exit_row)):
        for k in range(count):
            p[exit_row[index], k] += beyond[index, start + k].real
            q[exit_row[index], k] += beyond[index, start + k].imag


@numba.njit(cache=True, nogil=True)
def _add_loads(row: Ints, load_kw: Floats, start: int, count: int, total: Floats) -> None:
    for column in range(load_kw.shape[1]):
        here = row[column]
        if here >= 0:
            for k in range(count):
                total[here, k] += load_kw[start + k, column] / BASE_KVA


@numba.njit(cache=True, nogil=True)
def _flat_start(wires: Electrical, tree: Tree, block: Block) -> None:
    """No-load voltages: the source's, through the ratios."""
    for index in range(len(tree.source_place)):
        if tree.source_place[index] >= 0:
            block.v_re[tree.source_place[index]] = wires.source_pu[index].real
            block.v_im[tree.source_place[index]] = wires.source_pu[index].imag
    for here in range(len(tree.above)):
        if tree.above[here] >= 0:
            for k in range(LANES):
                block.v_re[here, k] = tree.a[here] * block.v_re[tree.above[here], k]
                block.v_im[here, k] = tree.a[here] * block.v_im[tree.above[here], k]


@numba.njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _backward(
    above: Ints, a: Floats, g: Floats, b: Floats,
    p: Floats, q: Floats, v_re: Floats, v_im: Floats, i_re: Floats, i_im: Floats,
) -> None:  # fmt: skip
    """Current into every place from above: its own load and shunt, and all that flows on."""
    for here in range(len(above)):
        g_here, b_here = g[here], b[here]
        for k in range(LANES):
            e, f = v_re[here, k], v_im[here, k]
            inverse = 1.0 / (e * e + f * f)
            i_re[here, k] = (p[here, k] * e + q[here, k] * f) * inverse + g_here * e - b_here * f
            i_im[here, k] = (p[here, k] * f - q[here, k] * e) * inverse + g_here * f + b_here * e
    for here in range(len(above) - 1, -1, -1):
        before, ratio = above[here], a[here]
        if before >= 0:
            for k in range(LANES):
                i_re[before, k] += ratio * i_re[here, k]
                i_im[before, k] += ratio * i_im[here, k]


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def _forward(
    above: Ints, a: Floats, r: Floats, x: Floats, v_re: Floats, v_im: Floats, i_re: Floats, i_im: Floats, moved: Floats
) -> None:
    """Voltage of every place from the one above; `moved` is the largest squared change of each lane."""
    moved[:] = 0.0
    for here in range(len(above)):
        before, ratio, r_here, x_here = above[here], a[here], r[here], x[here]
        if before >= 0:
            for k in range(LANES):
                e = ratio * v_re[before, k] - r_here * i_re[here, k] + x_here * i_im[here, k]
                f = ratio * v_im[before, k] - r_here * i_im[here, k] - x_here * i_re[here, k]
                d_e, d_f = e - v_re[here, k], f - v_im[here, k]
                change = d_e * d_e + d_f * d_f
                moved[k] = change if change > moved[k] else moved[k]
                v_re[here, k] = e
                v_im[here, k] = f


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def _read_voltages(v_re: Floats, v_im: Floats, turn: Complexes, start: int, real: Floats, imaginary: Floats) -> None:
    """Voltages, turned by the vector groups."""
    for here in range(len(v_re)):
        a, b = turn[here].real, turn[here].imag
        for k in range(LANES):
            e, f = v_re[here, k], v_im[here, k]
            real[here, start + k] = e * a - f * b
            imaginary[here, start + k] = e * b + f * a


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def _read_losses(
    v_re: Floats, v_im: Floats, i_re: Floats, i_im: Floats, r: Floats, g: Floats, start: int, loss: Floats
) -> None:
    """Losses of every series resistance and shunt conductance, kW."""
    for here in range(len(v_re)):
        r_here, g_here = r[here] * BASE_KVA, g[here] * BASE_KVA
        for k in range(LANES):
            current = i_re[here, k] * i_re[here, k] + i_im[here, k] * i_im[here, k]
            voltage = v_re[here, k] * v_re[here, k] + v_im[here, k] * v_im[here, k]
            loss[start + k] += r_here * current + g_here * voltage


@numba.njit(cache=True, nogil=True)
def _read_sources(tree: Tree, block: Block, start: int, delivered: Complexes) -> None:
    for index in range(len(tree.source_place)):
        here = tree.source_place[index]
        if here >= 0:
            for k in range(LANES):
                v = complex(block.v_re[here, k], block.v_im[here, k])
                drawn = complex(block.i_re[here, k], -block.i_im[here, k])
                delivered[index, start + k] = v * drawn * BASE_KVA


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def _read_end(
    branch: End, i_re: Floats, i_im: Floats, v_re: Floats, v_im: Floats, start: int, series_a: Floats
) -> None:
    """Current at one end of every line and transformer, |turn·i + y·v| in A; of two ends the larger stays."""
    for row in range(len(branch.here)):
        here, at, turn, base_a = branch.here[row], branch.at[row], branch.turn[row], branch.base_a[row]
        g, b = branch.g[row], branch.b[row]
        for k in range(LANES):
            e, f = v_re[at, k], v_im[at, k]
            re = turn * i_re[here, k] + g * e - b * f
            im = turn * i_im[here, k] + g * f + b * e
            amperes = np.sqrt(re * re + im * im) * base_a
            series_a[row, start + k] = amperes if amperes > series_a[row, start + k] else series_a[row, start + k]


@numba.njit(cache=True, nogil=True)
def _blank(answer: Answer) -> None:
    """A scenario without a solution says so everywhere."""
    for scenario in range(len(answer.converged)):
        if not answer.converged[scenario]:
            answer.real[:, scenario] = np.nan
            answer.imaginary[:, scenario] = np.nan
            answer.series_a[:, scenario] = np.nan
            answer.delivered[:, scenario] = np.nan
            answer.loss[scenario] = np.nan


@numba.njit(cache=True, nogil=True, error_model="numpy")
def switch_lanes(
    wires: Electrical, tree: Tree, at: Ints, load_position: Ints, p_kw: Floats, q_kvar: Floats, beyond: Complexes,
    real: Floats, imaginary: Floats, through_p: Floats, through_q: Floats,
) -> None:  # fmt: skip
    """Power through live switches of a solved tree, kW and kvar from its from node to its to node, [row, scenario].

    `at` are the positions the switches feed. A switch carries what its far side draws, summed within the place it
    belongs to, so only the nodes of those places are looked at; `load_position` is the position of every load column.
    """
    near = np.zeros(len(tree.above), np.bool_)
    near[tree.place[at]] = True
    own = np.flatnonzero(near[tree.place]).astype(np.int32)
    row = np.full(len(tree.order), -1, np.int32)
    row[own] = np.arange(len(own)).astype(np.int32)
    carriers = np.flatnonzero((tree.parent >= 0) & near[tree.place[tree.parent]]).astype(np.int32)
    load_place, load_row = _looked_up(tree.place, load_position), _looked_up(row, load_position)
    exit_place, exit_row = tree.place[tree.exit_at], row[tree.exit_at]
    room = (len(own), LANES)
    own_p, own_q, j_re, j_im = np.empty(room), np.empty(room), np.empty(room), np.empty(room)
    block = _block(len(tree.above))
    sign = np.empty(len(at))
    for index in range(len(at)):
        outward = wires.branch_from[tree.branch[at[index]]] == tree.order[tree.parent[at[index]]]
        sign[index] = 1.0 if outward else -1.0
    for start in range(0, real.shape[1], LANES):
        _gather(load_place, p_kw, q_kvar, exit_place, beyond, start, block.p, block.q)
        _gather(load_row, p_kw, q_kvar, exit_row, beyond, start, own_p, own_q)
        _write_voltages(real, imaginary, tree.turn, start, block.v_re, block.v_im)
        _backward(tree.above, tree.a, tree.g, tree.b, *block[0:6])
        _own_currents(
            tree.order[own], tree.place[own], wires.node_g_pu, wires.node_b_pu, own_p, own_q, block.v_re, block.v_im,
            j_re, j_im,
        )  # fmt: skip
        _sum_up(
            row[tree.parent[carriers]], row[carriers], tree.place[carriers], tree.switched[carriers], tree.a,
            block.i_re, block.i_im, j_re, j_im,
        )  # fmt: skip
        _read_switches(row[at], tree.place[at], sign, block.v_re, block.v_im, j_re, j_im, start, through_p, through_q)


@numba.njit(cache=True, nogil=True)
def _looked_up(table: Ints, index: Ints) -> Ints:
    """An entry for every index, −1 where there is none."""
    found = np.full(len(index), -1, np.int32)
    for each in range(len(index)):
        if index[each] >= 0:
            found[each] = table[index[each]]
    return found


@numba.njit(cache=True, nogil=True)
def _write_voltages(real: Floats, imaginary: Floats, turn: Complexes, start: int, v_re: Floats, v_im: Floats) -> None:
    """Voltages as the sweep had them, without the turn of the vector groups."""
    for here in range(len(v_re)):
        a, b = turn[here].real, turn[here].imag
        for k in range(LANES):
            e, f = real[here, start + k], imaginary[here, start + k]
            v_re[here, k] = e * a + f * b
            v_im[here, k] = f * a - e * b


@numba.njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _own_currents(
    order: Ints, place: Ints, node_g: Floats, node_b: Floats, p: Floats, q: Floats, v_re: Floats, v_im: Floats,
    j_re: Floats, j_im: Floats,
) -> None:  # fmt: skip
    """What every live node draws itself: conj(s/v) + y·v."""
    for position in range(len(order)):
        here, g, b = place[position], node_g[order[position]], node_b[order[position]]
        for k in range(LANES):
            e, f = v_re[here, k], v_im[here, k]
            inverse = 1.0 / (e * e + f * f)
            j_re[position, k] = (p[position, k] * e + q[position, k] * f) * inverse + g * e - b * f
            j_im[position, k] = (p[position, k] * f - q[position, k] * e) * inverse + g * f + b * e


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def _sum_up(
    up: Ints, down: Ints, place: Ints, switched: Bools, a: Floats, i_re: Floats, i_im: Floats, j_re: Floats,
    j_im: Floats,
) -> None:  # fmt: skip
    """Add to every node what its branches carry on, so that j is the current through the branch that feeds it.

    `up` and `down` are the rows of j at both ends of each branch, `place` is the place it feeds.
    """
    for index in range(len(up) - 1, -1, -1):
        before, here = up[index], place[index]
        if switched[index]:
            for k in range(LANES):
                j_re[before, k] += j_re[down[index], k]
                j_im[before, k] += j_im[down[index], k]
        else:
            turn = a[here]
            for k in range(LANES):
                j_re[before, k] += turn * i_re[here, k]
                j_im[before, k] += turn * i_im[here, k]


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def _read_switches(
    fed: Ints, place: Ints, sign: Floats, v_re: Floats, v_im: Floats, j_re: Floats, j_im: Floats, start: int,
    through_p: Floats, through_q: Floats,
) -> None:  # fmt: skip
    """Power through switches: v·conj(j) of the node each feeds, whose row of j is `fed`."""
    for row in range(len(fed)):
        at, here, scale = fed[row], place[row], sign[row] * BASE_KVA
        for k in range(LANES):
            e, f, re, im = v_re[here, k], v_im[here, k], j_re[at, k], j_im[at, k]
            through_p[row, start + k] = scale * (e * re + f * im)
            through_q[row, start + k] = scale * (f * re - e * im)
