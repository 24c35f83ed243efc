"""The skeleton (骨架): of a whole network, only the paths on which transferred load can flow.

    source ══ bus ── a ── b ∙tie∙ c ── d        a, b, c, d stay; the laterals, transformers and low voltage at them
                     ┴    ┴       ┴    ┴        become one load each, and one voltage below which something there breaks

Everything else hangs on a point of such a path and never changes its shape. What it draws is known from the flow
before: its load, its losses (which go with 1/v²) and its shunts (with v²). What it can bear is known too: a voltage
inside it is `k·v − d·v₀/v`, a current `i₀·v₀/v`, so all its limits together are a lowest and a highest voltage at the
point where it hangs. A state of the whole city is then judged on some dozen points, about a thousand times a second.
"""

from collections import deque
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numba
import numpy as np

from everlit.grid.compile import Bools, Floats, Ints
from everlit.grid.electrical import BASE_KVA, Electrical, electrical
from everlit.switching.area import Area
from everlit.switching.lean_flow import Answer, Block, Points, Tree, lean_flow
from everlit.switching.search import Plan
from everlit.switching.window import NO_SOLUTION, Excess, Verdict, Window

_NOTHING = np.zeros((0, 0))


@dataclass(frozen=True)
class Skeleton:
    """Points (nodes of the network) and bars (branches of it) on which load can move.

    `limited` are the branches with a current limit: the bars, then the switches of the area's edges; `limit` and
    `before` are their loadings [row, step]. `ends` are the points at both ends of every edge, `at` the bars at a point.
    """

    area: Area
    window: Window
    nodes: Ints
    points: Points
    n_bars: int
    bar_ends: Ints
    limited: Ints
    limit: Floats
    before: Floats
    root_pu: Floats
    roots: Ints
    ends: Ints
    hardest: Ints
    at: tuple[tuple[int, ...], ...]

    @cached_property
    def wires(self) -> Electrical:
        """The network in per unit."""
        return electrical(self.area.grid)

    def judge(self, plan: Plan) -> Verdict:
        """Solve the plan on the skeleton and compare with every limit of the network."""
        tree = self.tree(plan)
        keep = Block(*(_NOTHING,) * 10)
        return self._verdict(tree, lean_flow(self.points, tree, self.limit, self.before, self.hardest, keep))

    def solved(self, plan: Plan) -> tuple[Tree, Block]:
        """The solution itself, [position, step]: voltages, and currents into every point from above."""
        tree = self.tree(plan)
        size = (len(tree.order), self.window.steps)
        keep = Block(*(_NOTHING,) * 6, *(np.full(size, np.nan) for _ in range(4)))
        lean_flow(self.points, tree, self.limit, self.before, self.hardest, keep)
        return tree, keep

    def tree(self, plan: Plan) -> Tree:
        """Points outward from the sources over the bars and the edges in use."""
        order, parent, bar = self._walk(plan)
        wires, n = self.wires, len(order)
        a, r, x, scale = np.ones(n), np.zeros(n), np.zeros(n), np.zeros(n)
        fed = np.flatnonzero(bar >= 0)
        branch = self.limited[bar[fed]]
        scale[fed] = wires.base_a[wires.branch_from[branch]] / wires.rated_a[branch]
        series = branch < wires.first_switch
        fed, branch = fed[series], branch[series]
        forward = self.nodes[order[parent[fed]]] == wires.branch_from[branch]
        k = wires.ratio[branch]
        a[fed] = np.where(forward, 1 / k, k)
        refer = np.where(forward, 1.0, k * k)
        r[fed], x[fed] = wires.r_pu[branch] * refer, wires.x_pu[branch] * refer
        scale[fed] *= np.where(forward, a[fed], 1.0)
        return Tree(order, parent, bar, a, r, x, scale, self.root_pu)

    def _walk(self, plan: Plan) -> tuple[Ints, Ints, Ints]:
        """Points, the position that feeds each, and the bar by which; edges in use are numbered after all bars."""
        joined: dict[int, list[tuple[int, int]]] = {}
        for index in plan.used:
            one, other = int(self.ends[index, 0]), int(self.ends[index, 1])
            joined.setdefault(one, []).append((other, self.n_bars + index))
            joined.setdefault(other, []).append((one, self.n_bars + index))
        found: list[tuple[int, int, int]] = []
        queue = deque((int(root), -1, -1) for root in self.roots)
        ends = self.bar_ends
        while queue:
            here, before, via = queue.popleft()
            position = len(found)
            found.append((here, before, via))
            for each in self.at[here]:
                if each != via:
                    queue.append((int(ends[each, 0] + ends[each, 1] - here), position, each))
            for there, each in joined.get(here, ()):
                if each != via:
                    queue.append((there, position, each))
        columns = np.array(found, np.int32).reshape(-1, 3)
        return tuple(np.ascontiguousarray(columns[:, index]) for index in range(3))  # type: ignore[return-value]

    def _verdict(self, tree: Tree, answer: Answer) -> Verdict:
        loss, unsure, settled = (float(each) for each in answer.tally)
        if not settled:
            return NO_SOLUTION
        over, low, high = (float(each) for each in answer.worst)
        overload = self._overload(tree, answer, over) if over > 0 else None
        voltage, reach = None, 0.0
        if max(low, high) > 0:
            at, kind = (2, -1.0) if low >= high else (4, 1.0)
            point, step = int(tree.order[answer.where[at]]), int(answer.where[at + 1])
            limit = float((self.points.low if low >= high else self.points.high)[point, step])
            voltage = Excess("voltage", int(self.nodes[point]), step, limit + kind * max(low, high), limit)
            reach = self._reach(tree, int(answer.where[at]))
        loss_kwh = loss * self.window.hours_per_step * BASE_KVA
        broken = overload is not None or voltage is not None
        return Verdict(overload, voltage, True, loss_kwh, sure=broken or not unsure, reach_pu=reach)

    def _reach(self, tree: Tree, position: int) -> float:
        """Resistance plus reactance between a position and its source."""
        total = 0.0
        while position >= 0:
            total += abs(float(tree.r[position])) + abs(float(tree.x[position]))
            position = int(tree.parent[position])
        return total

    @cached_property
    def piece_loads(self) -> tuple[Floats, Floats]:
        """Load of each piece, [piece, step] in MW and Mvar."""
        points, piece = self.points, self._piece
        p, q = (np.zeros((self.area.n_pieces, self.window.steps)) for _ in range(2))
        np.add.at(p, piece[piece >= 0], points.p[piece >= 0])
        np.add.at(q, piece[piece >= 0], points.q[piece >= 0])
        return p, q

    @cached_property
    def pushes(self) -> Floats:
        """MVA each piece could push into the network at most: generation, and charging of cables beyond its load."""
        p, q = self.piece_loads
        charging = np.zeros_like(q)
        inside = self._piece >= 0
        np.add.at(charging, self._piece[inside], 1.15 * self.points.b[inside])
        return np.asarray(np.maximum(-p, 0).max(axis=1) + np.maximum(charging - q, 0).max(axis=1))

    @cached_property
    def _piece(self) -> Ints:
        """The piece every point lies in, −1 outside the area."""
        return self.area.piece_of_section[self.area.grid.section_of_node[self.nodes]]

    def _overload(self, tree: Tree, answer: Answer, over: float) -> Excess:
        bar, step = int(tree.bar[answer.where[0]]), int(answer.where[1])
        branch = int(self.limited[bar])
        rated = float(self.wires.rated_a[branch])
        limit = float(self.limit[bar, step]) * rated
        return Excess("current", branch, step, limit + over * rated, limit)


def skeleton(area: Area, window: Window) -> Skeleton:
    """The skeleton of everything the area's edges can feed and are fed from."""
    grid, wires, base = area.grid, electrical(area.grid), window.base
    ends = _edge_ends(area)
    alive = (base.place >= 0) & ~_for_good(area)[grid.section_of_node]
    keep = np.zeros(grid.n_nodes, np.bool_)
    keep[ends.ravel()] = True
    keep[grid.source_nodes] = True
    passable = np.ones(grid.n_branches, np.bool_)
    passable[grid.first_switch :] = area.closed
    edges = np.array([grid.first_switch + edge.switch for edge in area.edges], np.int32)
    passable[edges] = False
    passable &= alive[wires.branch_from] & alive[wires.branch_to]
    hanging = _hanging(wires, passable, alive, keep)
    nodes = np.flatnonzero(hanging.core).astype(np.int32)
    label = np.full(grid.n_nodes + 1, -1, np.int32)
    label[nodes] = np.arange(len(nodes))
    bars = np.flatnonzero(passable & hanging.core[wires.branch_from] & hanging.core[wires.branch_to]).astype(np.int32)
    bar_ends = np.stack([label[wires.branch_from[bars]], label[wires.branch_to[bars]]], axis=1)
    at: list[list[int]] = [[] for _ in nodes]
    for index, (one, other) in enumerate(bar_ends.tolist()):
        at[one].append(index)
        at[other].append(index)
    limited = np.concatenate([bars, edges])
    points = _points(window, nodes, label[hanging.owner], hanging.factor, label[hanging.branch_owner])
    unrated = ~np.isfinite(window.rated_a[limited])[:, None]
    return Skeleton(
        area=area, window=window, nodes=nodes, points=points, n_bars=len(bars), bar_ends=bar_ends, limited=limited,
        limit=np.where(unrated, np.inf, window.share_limit(limited)), before=window.share_before(limited),
        root_pu=np.abs(wires.source_pu), roots=label[grid.source_nodes], ends=label[ends].reshape(-1, 2),
        hardest=np.argsort(-points.p.sum(axis=0), kind="stable").astype(np.int32),
        at=tuple(tuple(each) for each in at),
    )  # fmt: skip


def _edge_ends(area: Area) -> Ints:
    """Nodes at both ends of every edge."""
    grid = area.grid
    switches = [edge.switch for edge in area.edges]
    return np.stack([grid.switch_from[switches], grid.switch_to[switches]], axis=1).astype(np.int32)


def _for_good(area: Area) -> Bools:
    """Sections that no plan feeds."""
    dead = np.zeros(area.grid.n_sections, np.bool_)
    for piece in np.flatnonzero(area.stuck):
        dead[area.sections[piece]] = True
    return dead


class Hanging(NamedTuple):
    """Which nodes are points (`core`); on which one every other node hangs, its no-load ratio to it, and on which every
    branch does; −1 for none."""

    core: Bools
    owner: Ints
    factor: Floats
    branch_owner: Ints


def _hanging(wires: Electrical, passable: Bools, alive: Bools, keep: Bools) -> Hanging:
    """Strip leaf after leaf that need not be kept; what is left are the paths between what is kept."""
    leaves, above, via, core = _strip(wires, passable, alive, keep)
    owner, factor, branch_owner = _trace(wires, leaves, above, via, core)
    return Hanging(core, owner, factor, branch_owner)


@numba.njit(cache=True)
def _strip(wires: Electrical, passable: Bools, alive: Bools, keep: Bools) -> tuple[Ints, Ints, Ints, Bools]:
    """The stripped nodes in order, the node and branch by which each hung on the rest, and what remains."""
    n, one, other = len(alive), wires.branch_from, wires.branch_to
    degree, above, via = np.zeros(n, np.int32), np.full(n, -1, np.int32), np.full(n, -1, np.int32)
    core, leaves, count = alive.copy(), np.empty(n, np.int32), 0
    for branch in np.flatnonzero(passable):
        degree[one[branch]] += 1
        degree[other[branch]] += 1
    for node in range(n):
        if alive[node] and not keep[node] and degree[node] <= 1:
            leaves[count] = node
            count += 1
    done = 0
    while done < count:
        node = leaves[done]
        done += 1
        core[node] = False
        for branch in wires.neighbours[wires.starts[node] : wires.starts[node + 1]]:
            there = one[branch] + other[branch] - node
            if passable[branch] and core[there]:
                above[node], via[node] = there, branch
                degree[there] -= 1
                if degree[there] == 1 and not keep[there]:
                    leaves[count] = there
                    count += 1
    return leaves[:count].copy(), above, via, core


@numba.njit(cache=True)
def _trace(wires: Electrical, leaves: Ints, above: Ints, via: Ints, core: Bools) -> tuple[Ints, Floats, Ints]:
    """From what each leaf hung on to the point at the end, multiplying the ratios on the way."""
    owner, factor, branch_owner = above.copy(), np.ones(len(above)), np.full(len(wires.branch_from), -1, np.int32)
    for node in leaves[::-1]:
        upper, branch = above[node], via[node]
        if upper < 0:
            continue
        if branch < wires.first_switch:
            ratio = wires.ratio[branch]
            factor[node] = 1 / ratio if wires.branch_from[branch] == upper else ratio
        if not core[upper]:
            factor[node] *= factor[upper]
            owner[node] = owner[upper]
        branch_owner[branch] = owner[node]
    for node in np.flatnonzero(core):
        owner[node] = node
    return owner, factor, branch_owner


def _points(window: Window, nodes: Ints, hangs: Ints, factor: Floats, branch_hangs: Ints) -> Points:
    """All that hangs on each point, added up from the flow before."""
    wires, base = electrical(window.grid), window.base
    size = (len(nodes), window.steps)
    volts, amps = base.place_pu.T, base.series_a.T
    v0 = np.ascontiguousarray(volts[base.place[nodes]])
    p, q, loss_p, loss_q, g, b = (np.zeros(size) for _ in range(6))
    points = Points(p, q, loss_p, loss_q, g, b, v0, np.full(size, -np.inf), np.full(size, np.inf))
    signs = np.full(len(wires.load_node), 1 / BASE_KVA)
    signs[wires.n_consumers :] *= -1
    _add_loads(points, hangs[wires.load_node], signs, window.p_kw, window.q_kvar)
    rows = np.flatnonzero(branch_hangs[base.series] >= 0).astype(np.int32)
    branch = base.series[rows]
    to_pu = wires.ratio[branch] / wires.base_a[wires.branch_from[branch]]
    _add_losses(points, branch_hangs[branch], rows, amps, to_pu, wires.r_pu[branch], wires.x_pu[branch])
    low, high = window.voltage_ends
    worse = window.limits.worsening
    _add_nodes(points, hangs, factor, base.place, volts, wires.node_g_pu, wires.node_b_pu, low, high, worse)
    limited = np.flatnonzero((branch_hangs >= 0) & np.isfinite(window.rated_a)).astype(np.int32)
    _add_ratings(points, branch_hangs[limited], window.share_before(limited), window.factor[limited], worse)
    return points


@numba.njit(cache=True)
def _add_loads(points: Points, on: Ints, scale: Floats, p_kw: Floats, q_kvar: Floats) -> None:
    for step in range(p_kw.shape[0]):
        for column in range(p_kw.shape[1]):
            if on[column] >= 0:
                points.p[on[column], step] += scale[column] * p_kw[step, column]
                points.q[on[column], step] += scale[column] * q_kvar[step, column]


@numba.njit(cache=True)
def _add_losses(points: Points, on: Ints, rows: Ints, amps: Floats, to_pu: Floats, r: Floats, x: Floats) -> None:
    for index in range(len(on)):
        for step in range(amps.shape[1]):
            square = (amps[rows[index], step] * to_pu[index]) ** 2
            points.loss_p[on[index], step] += r[index] * square
            points.loss_q[on[index], step] += x[index] * square


@numba.njit(cache=True)
def _add_nodes(
    points: Points, on: Ints, factor: Floats, place: Ints, volts: Floats, g: Floats, b: Floats, low: Floats,
    high: Floats, worse: float,
) -> None:  # fmt: skip
    """Shunts, and the point's voltages at which a node meets its own limits; nodes of one place are looked at once."""
    seen = np.full(len(volts), -1, np.int32)
    for node in range(len(on)):
        here, there = on[node], place[node]
        if here < 0 or there < 0:
            continue
        if g[node] != 0.0 or b[node] != 0.0:
            for step in range(volts.shape[1]):
                share = (volts[there, step] / points.v0[here, step]) ** 2
                points.g[here, step] += g[node] * share
                points.b[here, step] += b[node] * share
        if seen[there] != here and np.isfinite(low[node]):
            seen[there] = here
            _add_ends(points, here, factor[node], volts[there], low[node], high[node], worse)


@numba.njit(cache=True)
def _add_ends(points: Points, here: int, k: float, volts: Floats, low: float, high: float, worse: float) -> None:
    """With v = k·u − d·u₀/u inside, v meets its limit L where the point's u is (L + √(L² + 4·k·d·u₀)) / 2k."""
    for step in range(len(volts)):
        v, u0 = volts[step], points.v0[here, step]
        least = low if v >= low else v - worse
        most = high if v <= high else v + worse
        under = least * least + 4 * k * (k * u0 - v) * u0
        over = most * most + 4 * k * (k * u0 - v) * u0
        if under > 0:
            points.low[here, step] = max(points.low[here, step], (least + np.sqrt(under)) / (2 * k))
        if over > 0:
            points.high[here, step] = min(points.high[here, step], (most + np.sqrt(over)) / (2 * k))


@numba.njit(cache=True)
def _add_ratings(points: Points, on: Ints, share: Floats, factor: Floats, worse: float) -> None:
    """A constant power draws more current at less voltage: the voltage at which a branch meets its limit."""
    for index in range(len(on)):
        here = on[index]
        for step in range(share.shape[1]):
            now = share[index, step]
            limit = factor[index] if now <= factor[index] else now + worse
            points.low[here, step] = max(points.low[here, step], points.v0[here, step] * now / limit)
