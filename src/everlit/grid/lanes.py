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
    """Room for the answer, [column, scenario]; the rows say where a live node's branch writes."""

    branch_row: Ints
    switch_row: Ints
    magnitude: Floats
    real: Floats
    imaginary: Floats
    current: Floats
    through: Complexes
    delivered: Complexes
    loss: Floats
    converged: Bools


class Block(NamedTuple):
    """Working arrays of one block: own load (p, q) and current (j) per live node, the rest per place."""

    own_p: Floats
    own_q: Floats
    j_re: Floats
    j_im: Floats
    p: Floats
    q: Floats
    v_re: Floats
    v_im: Floats
    i_re: Floats
    i_im: Floats


@numba.njit(cache=True, nogil=True, error_model="numpy")
def sweep_lanes(
    wires: Electrical, tree: Tree, p_kw: Floats, q_kvar: Floats, beyond: Complexes, tolerance: float, answer: Answer
) -> None:
    """Solve every scenario and fill `answer`."""
    live, places = (len(tree.order), LANES), (len(tree.above), LANES)
    block = Block(
        np.empty(live), np.empty(live), np.empty(live), np.empty(live), np.empty(places), np.empty(places),
        np.empty(places), np.empty(places), np.empty(places), np.empty(places),
    )  # fmt: skip
    moved = np.empty(LANES)
    for start in range(0, len(answer.converged), LANES):
        _gather(wires, tree, p_kw, q_kvar, beyond, start, block)
        _flat_start(wires, tree, block)
        for _ in range(MAX_SWEEPS):
            _backward(tree.above, tree.a, tree.g, tree.b, *block[4:])
            _forward(tree.above, tree.a, tree.r, tree.x, *block[6:], moved)
            if moved.max() <= tolerance * tolerance:
                break
        _backward(tree.above, tree.a, tree.g, tree.b, *block[4:])
        _read_places(tree, block, start, answer)
        _read_branches(wires, tree, block, start, answer)
        for k in range(LANES):
            answer.converged[start + k] = moved[k] <= tolerance * tolerance and np.isfinite(answer.loss[start + k])
    _blank(answer)


@numba.njit(cache=True, nogil=True)
def _gather(
    wires: Electrical, tree: Tree, p_kw: Floats, q_kvar: Floats, beyond: Complexes, start: int, block: Block
) -> None:
    """Load of every live node and place in per unit; generators come last among the columns and may be absent."""
    count = min(LANES, len(p_kw) - start)
    block.own_p[:] = 0.0
    block.own_q[:] = 0.0
    for position in range(len(tree.order)):
        node = tree.order[position]
        for slot in range(wires.load_starts[node], wires.load_starts[node + 1]):
            column = wires.load_columns[slot]
            if column < p_kw.shape[1]:
                for k in range(count):
                    block.own_p[position, k] += p_kw[start + k, column] / BASE_KVA
            if column < q_kvar.shape[1]:
                for k in range(count):
                    block.own_q[position, k] += q_kvar[start + k, column] / BASE_KVA
    for index in range(len(tree.exit_at)):
        for k in range(count):
            block.own_p[tree.exit_at[index], k] += beyond[index, start + k].real
            block.own_q[tree.exit_at[index], k] += beyond[index, start + k].imag
    block.p[:] = 0.0
    block.q[:] = 0.0
    for position in range(len(tree.order)):
        here = tree.place[position]
        for k in range(LANES):
            block.p[here, k] += block.own_p[position, k]
            block.q[here, k] += block.own_q[position, k]


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


@numba.njit(cache=True, nogil=True)
def _read_places(tree: Tree, block: Block, start: int, answer: Answer) -> None:
    """Voltages turned by the vector groups, losses in series and shunt, and what each source delivers."""
    for here in range(len(tree.above)):
        t_re, t_im, r, g = tree.turn[here].real, tree.turn[here].imag, tree.r[here], tree.g[here]
        for k in range(LANES):
            e, f = block.v_re[here, k], block.v_im[here, k]
            square = e * e + f * f
            answer.magnitude[here, start + k] = np.sqrt(square)
            answer.real[here, start + k] = e * t_re - f * t_im
            answer.imaginary[here, start + k] = e * t_im + f * t_re
            current = block.i_re[here, k] ** 2 + block.i_im[here, k] ** 2
            answer.loss[start + k] += (r * current + g * square) * BASE_KVA
    for index in range(len(tree.source_place)):
        here = tree.source_place[index]
        if here >= 0:
            for k in range(LANES):
                v = complex(block.v_re[here, k], block.v_im[here, k])
                drawn = complex(block.i_re[here, k], block.i_im[here, k])
                answer.delivered[index, start + k] = v * drawn.conjugate() * BASE_KVA


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _read_branches(wires: Electrical, tree: Tree, block: Block, start: int, answer: Answer) -> None:
    """Current of every live branch; that of a switch is what its far side draws, summed within its place."""
    for position in range(len(tree.order)):
        here, node = tree.place[position], tree.order[position]
        g, b = wires.node_g_pu[node], wires.node_b_pu[node]
        for k in range(LANES):
            e, f = block.v_re[here, k], block.v_im[here, k]
            p, q, inverse = block.own_p[position, k], block.own_q[position, k], 1.0 / (e * e + f * f)
            block.j_re[position, k] = (p * e + q * f) * inverse + g * e - b * f
            block.j_im[position, k] = (p * f - q * e) * inverse + g * f + b * e
    for position in range(len(tree.order) - 1, -1, -1):
        if tree.parent[position] >= 0:
            if tree.branch[position] >= wires.first_switch:
                _read_switch(wires, tree, block, position, start, answer)
            else:
                _read_line(wires, tree, block, position, start, answer)


@numba.njit(cache=True, nogil=True)
def _read_switch(wires: Electrical, tree: Tree, block: Block, position: int, start: int, answer: Answer) -> None:
    branch, before, here = tree.branch[position], tree.parent[position], tree.place[position]
    sign = BASE_KVA if wires.branch_from[branch] == tree.order[before] else -BASE_KVA
    base_a, row, switch_row = (
        wires.base_a[tree.order[position]],
        answer.branch_row[position],
        answer.switch_row[position],
    )
    for k in range(LANES):
        re, im = block.j_re[position, k], block.j_im[position, k]
        block.j_re[before, k] += re
        block.j_im[before, k] += im
        answer.current[row, start + k] = np.sqrt(re * re + im * im) * base_a
        v = complex(block.v_re[here, k], block.v_im[here, k])
        answer.through[switch_row, start + k] = sign * v * complex(re, -im)


@numba.njit(cache=True, nogil=True)
def _read_line(wires: Electrical, tree: Tree, block: Block, position: int, start: int, answer: Answer) -> None:
    """Both ends of a π: the series current plus half of the shunt at the near end, less half of it at the far end."""
    branch, before, here, row = (
        tree.branch[position],
        tree.parent[position],
        tree.place[position],
        answer.branch_row[position],
    )
    above, turn, g, b = tree.place[before], tree.a[here], wires.end_g_pu[branch], wires.end_b_pu[branch]
    forward = wires.branch_from[branch] == tree.order[before]
    at_from = 1.0 / (wires.ratio[branch] * wires.ratio[branch])
    near, far = (at_from, 1.0) if forward else (1.0, at_from)
    near_a, far_a = wires.base_a[tree.order[before]], wires.base_a[tree.order[position]]
    for k in range(LANES):
        re, im = turn * block.i_re[here, k], turn * block.i_im[here, k]
        block.j_re[before, k] += re
        block.j_im[before, k] += im
        e, f = block.v_re[above, k], block.v_im[above, k]
        near_end = abs(complex(re + near * (g * e - b * f), im + near * (g * f + b * e))) * near_a
        e, f = block.v_re[here, k], block.v_im[here, k]
        re, im = block.i_re[here, k], block.i_im[here, k]
        far_end = abs(complex(re - far * (g * e - b * f), im - far * (g * f + b * e))) * far_a
        if branch < wires.n_lines:
            answer.current[row, start + k] = max(near_end, far_end)
        else:
            answer.current[row, start + k] = near_end if forward else far_end


@numba.njit(cache=True, nogil=True)
def _blank(answer: Answer) -> None:
    """A scenario without a solution says so everywhere."""
    for scenario in range(len(answer.converged)):
        if not answer.converged[scenario]:
            answer.magnitude[:, scenario] = np.nan
            answer.real[:, scenario] = np.nan
            answer.imaginary[:, scenario] = np.nan
            answer.current[:, scenario] = np.nan
            answer.through[:, scenario] = np.nan
            answer.delivered[:, scenario] = np.nan
            answer.loss[scenario] = np.nan
