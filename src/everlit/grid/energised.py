"""Energised or dead, for every node of a city at once (带电节点).

Node labels follow the normal supply forest, so opening a switch takes one interval of labels out, and the answer for a
whole city is the normal answer with a few slices repainted:

    labels   0 1 2 3 4 5 6 7 8 9        opened above 2 and above 4:   [2, 9) ⊃ [4, 6)
    dead         ▓ ▓ ▒ ▒ ▓ ▓ ▓          a tie closed from 9 to 5 brings ▒ back, ▓ stays dark

The pieces (intervals less the intervals inside them) are few; closed ties and meshes join pieces by union-find.
"""

import numba
import numpy as np
import numpy.typing as npt

from everlit.grid.compile import Bools, Grid

Ints = npt.NDArray[np.signedinteger]


def energised_nodes(grid: Grid, closed: Bools) -> Bools:
    """Energised, per node label, in state `closed` (bool per switch): a copy of the normal answer plus what changed."""
    energised = np.empty(grid.n_nodes, np.bool_)
    energised[: grid.n_alive], energised[grid.n_alive :] = True, False
    changed = np.flatnonzero(closed != grid.switch_normal_closed)
    if len(changed):
        one, other, switch = grid.standing_chords
        opened = grid.node_behind_switch[changed[~closed[changed]]]
        joined = changed[closed[changed]]
        standing = (switch < 0) | closed[switch]
        ends = np.concatenate([grid.switch_from[joined], one[standing]])
        others = np.concatenate([grid.switch_to[joined], other[standing]])
        _repaint(energised, np.sort(opened[opened >= 0]), grid.node_last, grid.island_roots, ends, others)
    return energised


@numba.njit(cache=True)
def _repaint(energised: Bools, opened: Ints, node_last: Ints, islands: Ints, ends: Ints, others: Ints) -> None:
    """Repaint the slices under the opened switches; `opened` is sorted."""
    if len(ends) == 0:
        dark_until = 0
        for label in opened:
            if label >= dark_until:
                dark_until = node_last[label]
                energised[label:dark_until] = False
        return
    cuts = np.unique(np.concatenate((opened, islands)))
    around, piece_alive = _pieces(cuts, node_last, ends, others)
    at, open_piece = 0, -1
    for piece in range(len(cuts)):
        while open_piece >= 0 and node_last[cuts[open_piece]] <= cuts[piece]:
            energised[at : node_last[cuts[open_piece]]] = piece_alive[open_piece]
            at, open_piece = node_last[cuts[open_piece]], around[open_piece]
        if open_piece >= 0:
            energised[at : cuts[piece]] = piece_alive[open_piece]
        at, open_piece = cuts[piece], piece
    while open_piece >= 0:
        energised[at : node_last[cuts[open_piece]]] = piece_alive[open_piece]
        at, open_piece = node_last[cuts[open_piece]], around[open_piece]


@numba.njit(cache=True)
def _pieces(cuts: Ints, node_last: Ints, ends: Ints, others: Ints) -> tuple[Ints, Bools]:
    """For each cut the cut around it (-1: what the sources still feed), and whether its piece is energised."""
    n = len(cuts)
    around, merged = np.full(n, -1, np.int64), np.arange(n + 1)
    for piece in range(1, n):
        outer = piece - 1
        while outer >= 0 and node_last[cuts[outer]] <= cuts[piece]:
            outer = around[outer]
        around[piece] = outer
    for index in range(len(ends)):
        one = _root(merged, _piece_of(ends[index], cuts, node_last, around))
        other = _root(merged, _piece_of(others[index], cuts, node_last, around))
        merged[min(one, other)] = max(one, other)
    alive = np.empty(n, np.bool_)
    for piece in range(n):
        alive[piece] = _root(merged, piece) == n
    return around, alive


@numba.njit(cache=True)
def _piece_of(label: int, cuts: Ints, node_last: Ints, around: Ints) -> int:
    """The innermost cut a node lies in; the number of cuts stands for what the sources feed."""
    piece = np.searchsorted(cuts, label, side="right") - 1
    while piece >= 0 and node_last[cuts[piece]] <= label:
        piece = around[piece]
    return int(piece) if piece >= 0 else len(cuts)


@numba.njit(cache=True)
def _root(merged: Ints, piece: int) -> int:
    while merged[piece] != piece:
        merged[piece] = merged[merged[piece]]
        piece = merged[piece]
    return piece
