"""Headroom (转供裕度): the most active power each tie could still deliver, whatever the arrangement behind it.

With nothing fed yet the flow on the way to a tie is known. Feeding more can only add to the power on that way and lower
its voltage, so two inequalities hold for every plan (P, Q the load added behind the tie, losses only make it worse):

    cos φ · P + sin φ · Q ≤ V · I_limit − what flows there now          for any angle φ, at every bar on the way
    R · P + X · Q         ≤ (V² − V_low²) / 2                           at every point on the way

Summed over the ties they cap what a plan can feed: a knapsack whose fractional value bounds the search. What pieces
push back (generation, charging of cables) is granted to every tie in full, so the bound stays a bound.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from everlit.grid.compile import Floats
from everlit.switching.area import LIVE
from everlit.switching.lean_flow import Block, Tree
from everlit.switching.search import Plan
from everlit.switching.skeleton import Skeleton

MARGIN = 1.002
WATCHED_STEPS = 6
LIFT = 0.1
"""Per unit of voltage that a MVA pushed back can lift a point: a short-circuit power of 10 MVA, below any real one."""
NOTHING_FED = Plan((), frozenset(), 0, 0)


Watts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Headroom:
    """Watts at the few quarter-hours where it is tightest: what every piece takes, and what groups of ties can add.

    Ways to the ties form a tree, so groups of ties behind one bar lie inside each other; `groups` has small ones first.
    """

    groups: tuple[tuple[frozenset[int], Watts], ...]
    piece_w: Watts
    order: tuple[tuple[int, ...], ...]
    worth: tuple[int, ...]
    _totals: dict[frozenset[int], Watts] = field(default_factory=dict)

    def tie_w(self, tie: int) -> Watts:
        """What one tie can add alone."""
        return np.asarray(np.min([most for ties, most in self.groups if tie in ties], axis=0))

    def total_w(self, ties: frozenset[int]) -> Watts:
        """What some ties can add together: through every bar no more than it bears, from the ties inward."""
        if ties not in self._totals:
            blocks: dict[frozenset[int], Watts] = {}
            for group, most in self.groups:
                inside = [block for block in blocks if block <= group]
                nothing = np.zeros_like(most)
                have = sum((blocks.pop(block) for block in inside), nothing) if inside else most
                blocks[group] = np.minimum(most, have) if ties & group else nothing
            self._totals[ties] = sum(blocks.values(), np.zeros(self.piece_w.shape[1], np.int64))
        return self._totals[ties]

    def overdrawn(self, taken_w: Mapping[int, Watts]) -> bool:
        """True when ties cannot deliver what is taken from each, whatever else is done."""
        for group, most in self.groups:
            taken = [watts for tie, watts in taken_w.items() if tie in group]
            if taken and (np.sum(taken, axis=0) > most).any():
                return True
        return False

    def useless(self, tie: int) -> bool:
        """True when a tie cannot feed a single piece with anybody in it."""
        counted = [piece for piece, worth in enumerate(self.worth) if worth]
        return bool((self.piece_w[counted] > self.tie_w(tie)).any(axis=1).all())

    def bound(self, fed: frozenset[int], reachable: set[int], ties: Iterable[int]) -> int:
        """Most worth a plan can reach that feeds `fed`, may add `reachable` and draws from `ties`; −1 when too much."""
        left = self.total_w(frozenset(ties)) - self.piece_w[list(fed)].sum(axis=0)
        if (left < 0).any():
            return -1
        worth = sum(self.worth[piece] for piece in fed)
        return worth + min(self._filled(step, watts, fed, reachable) for step, watts in enumerate(left.tolist()))

    def _filled(self, step: int, left_w: int, fed: frozenset[int], reachable: set[int]) -> int:
        """Fractional knapsack: the worthiest per watt first, the last one in part."""
        total = 0
        for piece in self.order[step]:
            if piece in fed or piece not in reachable:
                continue
            need = int(self.piece_w[piece, step])
            if need > left_w:
                return total + self.worth[piece] * left_w // need
            left_w -= need
            total += self.worth[piece]
        return total


def headroom(skeleton: Skeleton) -> Headroom:
    """The headroom of the ties of an area over the flow with nothing fed."""
    area = skeleton.area
    p, _ = skeleton.piece_loads
    caps = _caps(skeleton)
    demand, surplus = np.maximum(p, 0), np.maximum(-p, 0).sum(axis=0)
    caps = {group: cap * MARGIN + surplus for group, cap in caps.items()}
    watched = _tightest(caps, demand.sum(axis=0))
    piece_w = np.floor(demand[:, watched] * 1e6).astype(np.int64)
    order = tuple(
        tuple(sorted(range(area.n_pieces), key=lambda i: -area.worth[i] / max(int(piece_w[i, k]), 1)))
        for k in range(len(watched))
    )
    groups = sorted(caps.items(), key=lambda each: (len(each[0]), sorted(each[0])))
    watts = tuple((group, np.ceil(np.minimum(cap[watched], 1e6) * 1e6).astype(np.int64)) for group, cap in groups)
    return Headroom(watts, piece_w, order, area.worth)


def _caps(skeleton: Skeleton) -> dict[frozenset[int], Floats]:
    """MW the ways to the ties leave, per step, for every group of ties behind one bar or point."""
    area = skeleton.area
    p, q = skeleton.piece_loads
    push, lean = float(skeleton.pushes.sum()), _least_ratio(p, q)
    tree, flow = skeleton.solved(NOTHING_FED)
    where = {int(point): position for position, point in enumerate(tree.order)}
    behind: dict[int, set[int]] = defaultdict(set)
    caps: dict[frozenset[int], Floats] = {}
    for index, edge in enumerate(area.edges):
        if LIVE not in edge.ends:
            continue
        here = next(where[int(end)] for end in skeleton.ends[index] if int(end) in where)
        caps[frozenset({index})] = _own_cap(skeleton, flow, here, skeleton.n_bars + index, push)
        while here >= 0:
            behind[here].add(index)
            here = int(tree.parent[here])
    r_sum, x_sum = _ways(tree)
    for here, ties in behind.items():
        group = frozenset(ties)
        cap = np.minimum(
            _bar_cap(skeleton, tree, flow, here, lean, push),
            _drop_cap(skeleton, tree, flow, here, r_sum[here] + x_sum[here] * lean, (r_sum[here] + x_sum[here]) * push),
        )
        caps[group] = np.maximum(np.minimum(caps.get(group, np.inf), cap), 0.0)
    return caps


def _tightest(caps: Mapping[frozenset[int], Floats], demand: Floats) -> npt.NDArray[np.int64]:
    """The steps to watch: where each of the tightest groups is shortest of the demand."""
    share = np.array([cap / np.maximum(demand, 1e-9) for cap in caps.values()]).reshape(len(caps), len(demand))
    own = share.argmin(axis=1)[np.argsort(share.min(axis=1), kind="stable")]
    kept = list(dict.fromkeys(own.tolist()))[: WATCHED_STEPS - 1]
    return np.unique([*kept, int(demand.argmax())])


def _least_ratio(p: Floats, q: Floats) -> Floats:
    """Least reactive per active power among the pieces, per step; 0 at least."""
    ratio = np.where(p > 0, np.maximum(q, 0) / np.where(p > 0, p, 1), np.inf)
    least = ratio.min(axis=0)
    return np.where(np.isfinite(least), least, 0.0)


def _own_cap(skeleton: Skeleton, flow: Block, here: int, row: int, push: float) -> Floats:
    """MW the tie's own switch leaves; its rating counts at the voltage of its live end."""
    branch = int(skeleton.limited[row])
    rated = float(skeleton.window.rated_a[branch])
    if not np.isfinite(rated):
        return np.full(skeleton.window.steps, np.inf)
    base = float(skeleton.wires.base_a[skeleton.wires.branch_from[branch]])
    volts = np.hypot(flow.e[here], flow.f[here]) + push * LIFT
    return np.asarray(skeleton.limit[row] * rated / base * volts + push)


def _drop_cap(skeleton: Skeleton, tree: Tree, flow: Block, here: int, drop_per_mw: Floats, lift: float) -> Floats:
    """MW until the voltage of a position meets its low end."""
    low = skeleton.points.low[tree.order[here]]
    square = flow.e[here] ** 2 + flow.f[here] ** 2
    usable = np.isfinite(low) & (drop_per_mw > 1e-9)
    room = (square - np.where(usable, np.maximum(low, 0), 0.0) ** 2) / 2 + lift
    return np.where(usable, room / np.where(usable, drop_per_mw, 1.0), np.inf)


def _bar_cap(skeleton: Skeleton, tree: Tree, flow: Block, here: int, lean: Floats, push: float) -> Floats:
    """MW that the bar feeding a position leaves: the best of a few angles φ."""
    bar = int(tree.bar[here])
    if bar < 0 or tree.scale[here] <= 0 or not np.isfinite(skeleton.limit[bar]).all():
        return np.full(len(lean), np.inf)
    volts = flow.e[here] + 1j * flow.f[here]
    power = volts * np.conj(flow.i_re[here] + 1j * flow.i_im[here])
    most = (np.abs(volts) + push * LIFT) * skeleton.limit[bar] / tree.scale[here]
    cap = np.full(len(lean), np.inf)
    for angle in (0.0, 0.15, 0.3, 0.45):
        room = most - np.cos(angle) * power.real - np.sin(angle) * power.imag + push
        cap = np.minimum(cap, room / (np.cos(angle) + np.sin(angle) * lean))
    return cap


def _ways(tree: Tree) -> tuple[Floats, Floats]:
    """Resistance and reactance from the last transformer above down to each position."""
    r, x = np.zeros(len(tree.order)), np.zeros(len(tree.order))
    for here, above in enumerate(tree.parent.tolist()):
        if above >= 0 and tree.a[here] == 1.0:
            r[here], x[here] = r[above] + tree.r[here], x[above] + tree.x[here]
    return r, x
