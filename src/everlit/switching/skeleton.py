"""The skeleton (骨架): of a whole network, only the paths on which transferred load can flow.

    source ══ bus ── a ── b ∙tie∙ c ── d        a, b, c, d stay; the laterals, transformers and low voltage at them
                     ┴    ┴       ┴    ┴        become one load each, and one voltage below which something there breaks

Everything else hangs on a point of such a path and never changes its shape. What it draws is known from the flow before:
its load, its losses (which go with 1/v²) and its shunts (with v²). What it can bear is known too: a voltage inside it is
`k·v − d·v₀/v`, a current `i₀·v₀/v`, so all its limits together are a lowest and a highest voltage at the point where it
hangs. A state of the whole city is then judged on some dozen points, thousands of times a second. The approximation is
of second order in the voltage change; a verdict that close to a limit is left to the full flow.
"""

from collections import deque
from dataclasses import dataclass

import numba
import numpy as np

from everlit.grid.compile import Bools, Floats, Ints
from everlit.grid.electrical import BASE_KVA, electrical
from everlit.switching.area import Area
from everlit.switching.search import Plan
from everlit.switching.window import Excess, Verdict, Window

LANES = 16
SWEEPS = 60
TOLERANCE = 1e-7
FOR_SURE = 2e-3
"""A quarter-hour that breaks a limit by this much (of the rating, or pu) settles the matter; the others are not solved."""


@dataclass(frozen=True)
class Skeleton:
    """Points (nodes of the network) and bars (branches of it) on which load can move; arrays are [point, step] pu.

    `limited` are the branches with a current limit: the bars, then the switches of the area's edges; `bar_limit` is in
    per unit of rating. `low` and `high` bound the voltage of a point on behalf of all that hangs there.
    """

    area: Area
    window: Window
    points: Ints
    bars: Ints
    bar_one: Ints
    bar_other: Ints
    limited: Ints
    bar_limit: Floats
    p: Floats
    q: Floats
    loss_p: Floats
    loss_q: Floats
    g: Floats
    b: Floats
    v0: Floats
    low: Floats
    high: Floats
    source_pu: Floats
    roots: Ints
    ends: Ints
    step_order: Ints
    at: tuple[tuple[int, ...], ...]

    def judge(self, plan: Plan) -> Verdict:
        """Solve the plan on the skeleton; `clearance` says how far the verdict stands from being the other one."""
        tree = self._tree(plan)
        order, parent, bar = (np.array(column, np.int32) for column in tree)
        a, r, x, scale = self._along(order, parent, bar)
        worst, found, loss, converged = _solve(
            order, parent, bar, a, r, x, scale, self.bar_limit, self.p, self.q, self.loss_p, self.loss_q, self.g, self.b,
            self.v0, self.low, self.high, self.source_pu, self.step_order,
        )  # fmt: skip
        return self._verdict(order, bar, worst, found, float(loss) * self.window.hours_per_step * 1000, bool(converged))

    def _tree(self, plan: Plan) -> tuple[list[int], list[int], list[int]]:
        """Points outward from the sources over the bars and the edges in use; the bar by which each is fed.

        An edge in use stands as its switch; it comes after all bars, numbered by its place in the area.
        """
        n_bars, ends = len(self.bars), self.ends
        joined: dict[int, list[tuple[int, int]]] = {}
        for index in plan.used:
            one, other = int(ends[index, 0]), int(ends[index, 1])
            joined.setdefault(one, []).append((other, n_bars + index))
            joined.setdefault(other, []).append((one, n_bars + index))
        order, parent, bar = [], [], []
        queue = deque((int(root), -1, -1) for root in self.roots)
        while queue:
            here, before, via = queue.popleft()
            position = len(order)
            order.append(here)
            parent.append(before)
            bar.append(via)
            for each in self.at[here]:
                if each != via:
                    there = int(self.bar_other[each] if self.bar_one[each] == here else self.bar_one[each])
                    queue.append((there, position, each))
            for there, each in joined.get(here, ()):
                if each != via:
                    queue.append((there, position, each))
        return order, parent, bar

    def _along(self, order: Ints, parent: Ints, bar: Ints) -> tuple[Floats, Floats, Floats, Floats]:
        """Ratio and impedance of each bar in the direction away from the source, and its loading per pu of current."""
        wires = electrical(self.window.grid)
        a, r, x, scale = np.ones(len(order)), np.zeros(len(order)), np.zeros(len(order)), np.zeros(len(order))
        fed = np.flatnonzero(bar >= 0)
        branch = self.limited[bar[fed]]
        scale[fed] = wires.base_a[wires.branch_from[branch]] / wires.rated_a[branch]
        series = branch < wires.first_switch
        fed, branch = fed[series], branch[series]
        forward = self.points[order[parent[fed]]] == wires.branch_from[branch]
        k = wires.ratio[branch]
        a[fed] = np.where(forward, 1 / k, k)
        refer = np.where(forward, 1.0, k * k)
        r[fed], x[fed] = wires.r_pu[branch] * refer, wires.x_pu[branch] * refer
        scale[fed] *= np.where(forward, a[fed], 1.0)
        return a, r, x, scale

    def _verdict(self, order: Ints, bar: Ints, worst: Floats, found: Ints, loss_kwh: float, converged: bool) -> Verdict:
        if not converged:
            return Verdict(None, None, False, float("inf"), None, None, float("inf"))
        over, low, high = (float(each) for each in worst)
        overload = voltage = None
        if over > 0:
            overload = self._overload(int(bar[found[0]]), int(found[1]), over)
        if max(low, high) > 0:
            at = found[2:4] if low >= high else found[4:6]
            point, step = int(order[at[0]]), int(at[1])
            limit = float((self.low if low >= high else self.high)[point, step])
            value = limit - low if low >= high else limit + high
            voltage = Excess("voltage", int(self.points[point]), step, value, limit)
        clearance = abs(max(over, low, high))
        return Verdict(overload, voltage, True, loss_kwh, None, None, clearance)

    def _overload(self, bar: int, step: int, over: float) -> Excess:
        """`over` is the excess over the rating."""
        branch = int(self.limited[bar])
        rated = float(electrical(self.window.grid).rated_a[branch])
        limit = float(self.bar_limit[bar, step]) * rated
        return Excess("current", branch, step, limit + over * rated, limit)


def skeleton(area: Area, window: Window) -> Skeleton:
    """The skeleton of everything the area's edges can feed and are fed from."""
    grid, wires, base = area.grid, electrical(area.grid), window.base
    ends = _edge_ends(area)
    alive = (base.place >= 0) & ~_for_good(area)[grid.section_of_node]
    keep = np.zeros(grid.n_nodes, np.bool_)
    keep[ends.ravel()] = True
    source = grid.source_nodes[alive[grid.source_nodes]]
    keep[source] = True
    passable = np.ones(grid.n_branches, np.bool_)
    passable[grid.first_switch :] = area.closed
    passable[[grid.first_switch + edge.switch for edge in area.edges]] = False
    owner, factor, owner_branch, core = _peel(
        wires.starts, wires.neighbours, wires.branch_from, wires.branch_to, wires.first_switch, passable, alive, keep,
        wires.ratio,
    )  # fmt: skip
    points = np.flatnonzero(core).astype(np.int32)
    label = np.full(grid.n_nodes, -1, np.int32)
    label[points] = np.arange(len(points))
    hangs = np.where(owner >= 0, label[np.maximum(owner, 0)], -1).astype(np.int32)
    both = passable & core[wires.branch_from] & core[wires.branch_to]
    bars = np.flatnonzero(both).astype(np.int32)
    on_point = np.where(owner_branch >= 0, label[np.maximum(owner_branch, 0)], -1).astype(np.int32)
    p, q, loss_p, loss_q, g, b, v0, low, high = _hang(area, window, points, hangs, factor, on_point)
    bar_one, bar_other = label[wires.branch_from[bars]], label[wires.branch_to[bars]]
    at: list[list[int]] = [[] for _ in points]
    for index, (one, other) in enumerate(zip(bar_one.tolist(), bar_other.tolist(), strict=True)):
        at[one].append(index)
        at[other].append(index)
    limited = np.concatenate([bars, [grid.first_switch + edge.switch for edge in area.edges]]).astype(np.int32)
    return Skeleton(
        area=area, window=window, points=points, bars=bars, bar_one=bar_one, bar_other=bar_other, limited=limited,
        bar_limit=_limits(window, limited), source_pu=np.abs(wires.source_pu[alive[grid.source_nodes]]),
        p=p, q=q, loss_p=loss_p, loss_q=loss_q, g=g, b=b, v0=v0, low=low, high=high,
        roots=label[source], ends=label[ends].reshape(-1, 2),
        step_order=_hardest_first(p), at=tuple(tuple(each) for each in at),
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


def _hardest_first(p: Floats) -> Ints:
    """Steps by falling load of everything in sight."""
    return np.argsort(-p.sum(axis=0), kind="stable").astype(np.int32)


def _currents(window: Window, branches: Ints) -> Floats:
    """Currents before, [branch, step] in A; 0 where nothing flowed."""
    base, grid = window.base, window.grid
    found = np.zeros((len(branches), window.steps))
    row = np.full(grid.n_branches, -1, np.int64)
    row[base.series] = np.arange(len(base.series))
    series = (branches < grid.first_switch) & (row[branches] >= 0)
    found[series] = base.series_a.T[row[branches[series]]]
    switches = (branches >= grid.first_switch) & np.isfinite(window.rated_a[branches])
    if switches.any():
        row[base.switches + grid.first_switch] = np.arange(len(base.switches))
        live = switches & (row[branches] >= 0)
        found[live] = base.switch_a.T[row[branches[live]]]
    return found


def _limits(window: Window, branches: Ints) -> Floats:
    """Current limit of each branch and step over its rating; infinite where no rating is known."""
    rated, factor = window.rated_a[branches][:, None], window.factor[branches][:, None]
    share = np.where(np.isfinite(rated), _currents(window, branches) / rated, 0.0)
    limit = np.where(share > factor, share + window.limits.worsening, factor)
    return np.ascontiguousarray(np.where(np.isfinite(rated), limit, np.inf))


def _hang(
    area: Area, window: Window, points: Ints, hangs: Ints, factor: Floats, on_point: Ints
) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats, Floats, Floats, Floats]:
    """All that hangs on each point: load, losses and shunts before, and the voltages it can bear."""
    grid, wires, base = area.grid, electrical(area.grid), window.base
    shape = (len(points), window.steps)
    p, q, loss_p, loss_q, g, b = (np.zeros(shape) for _ in range(6))
    signs = np.ones(len(wires.load_node))
    signs[wires.n_consumers :] = -1.0
    _add_loads(hangs[wires.load_node], signs, window.p_kw / BASE_KVA, window.q_kvar / BASE_KVA, p, q)
    volts = np.ascontiguousarray(base.place_pu.T)
    v0 = np.ascontiguousarray(volts[base.place[points]])
    rows = np.flatnonzero(on_point[base.series] >= 0)
    branch = base.series[rows]
    to_pu = wires.ratio[branch] / wires.base_a[wires.branch_from[branch]]
    amps = np.ascontiguousarray(base.series_a.T)
    _add_losses(on_point[branch], rows, amps, to_pu, wires.r_pu[branch], wires.x_pu[branch], loss_p, loss_q)
    low, high = np.full(shape, -np.inf), np.full(shape, np.inf)
    low_end, high_end = window.voltage_ends
    worse = window.limits.worsening
    _add_nodes(
        hangs,
        factor,
        base.place,
        volts,
        v0,
        wires.node_g_pu,
        wires.node_b_pu,
        low_end,
        high_end,
        worse,
        g,
        b,
        low,
        high,
    )
    limited = np.flatnonzero((on_point >= 0) & np.isfinite(window.rated_a)).astype(np.int32)
    share = _currents(window, limited) / window.rated_a[limited][:, None]
    _add_ratings(on_point[limited], share, window.factor[limited], worse, v0, low)
    return p, q, loss_p, loss_q, g, b, v0, low, high


@numba.njit(cache=True)
def _peel(
    starts: Ints, neighbours: Ints, one: Ints, other: Ints, first_switch: int, passable: Bools, alive: Bools, keep: Bools,
    ratio: Floats,
) -> tuple[Ints, Floats, Ints, Bools]:  # fmt: skip
    """Strip leaves that need not be kept: the point each node hangs on, its no-load ratio to it, and the same for branches."""
    n = len(alive)
    degree, owner, factor = np.zeros(n, np.int32), np.full(n, -1, np.int32), np.ones(n)
    owner_branch, core = np.full(len(one), -1, np.int32), alive.copy()
    for branch in range(len(one)):
        if passable[branch] and alive[one[branch]] and alive[other[branch]]:
            degree[one[branch]] += 1
            degree[other[branch]] += 1
    leaves, via, count = np.empty(n, np.int32), np.full(n, -1, np.int32), 0
    for node in range(n):
        if alive[node] and not keep[node] and degree[node] <= 1:
            leaves[count] = node
            count += 1
    done = 0
    while done < count:
        node = leaves[done]
        done += 1
        core[node] = False
        for slot in range(starts[node], starts[node + 1]):
            branch = neighbours[slot]
            there = one[branch] + other[branch] - node
            if passable[branch] and alive[there] and core[there]:
                owner[node], via[node] = there, branch
                degree[there] -= 1
                if degree[there] == 1 and not keep[there]:
                    leaves[count] = there
                    count += 1
    for index in range(count - 1, -1, -1):
        node = leaves[index]
        above, branch = owner[node], via[node]
        if above < 0:
            continue
        if branch < first_switch:
            factor[node] = 1 / ratio[branch] if one[branch] == above else ratio[branch]
        if not core[above]:
            factor[node] *= factor[above]
            owner[node] = owner[above]
        owner_branch[branch] = owner[node]
    for node in range(n):
        if core[node]:
            owner[node] = node
    return owner, factor, owner_branch, core


@numba.njit(cache=True)
def _add_loads(point: Ints, signs: Floats, p_in: Floats, q_in: Floats, p: Floats, q: Floats) -> None:
    for step in range(p_in.shape[0]):
        for column in range(p_in.shape[1]):
            here = point[column]
            if here >= 0:
                p[here, step] += signs[column] * p_in[step, column]
                q[here, step] += signs[column] * q_in[step, column]


@numba.njit(cache=True)
def _add_losses(
    point: Ints, rows: Ints, amps: Floats, to_pu: Floats, r: Floats, x: Floats, loss_p: Floats, loss_q: Floats
) -> None:
    for index in range(len(point)):
        for step in range(amps.shape[1]):
            square = (amps[rows[index], step] * to_pu[index]) ** 2
            loss_p[point[index], step] += r[index] * square
            loss_q[point[index], step] += x[index] * square


@numba.njit(cache=True)
def _add_nodes(
    hangs: Ints, factor: Floats, place: Ints, volts: Floats, v0: Floats, node_g: Floats, node_b: Floats, low_end: Floats,
    high_end: Floats, worse: float, g: Floats, b: Floats, low: Floats, high: Floats,
) -> None:  # fmt: skip
    """Shunts seen from the point, and the point's voltages at which a node meets its own limits: k·v − d·v₀/v = limit."""
    seen = np.full(len(volts), -1, np.int32)
    for node in range(len(hangs)):
        here, there = hangs[node], place[node]
        if here < 0 or there < 0:
            continue
        if node_g[node] != 0.0 or node_b[node] != 0.0:
            for step in range(v0.shape[1]):
                share = (volts[there, step] / v0[here, step]) ** 2
                g[here, step] += node_g[node] * share
                b[here, step] += node_b[node] * share
        if seen[there] == here or not (np.isfinite(low_end[node]) or np.isfinite(high_end[node])):
            continue
        seen[there] = here
        k = factor[node]
        for step in range(v0.shape[1]):
            v = volts[there, step]
            four = 4 * k * (k * v0[here, step] - v) * v0[here, step]
            least = low_end[node] if v >= low_end[node] else v - worse
            most = high_end[node] if v <= high_end[node] else v + worse
            if least * least + four > 0:
                low[here, step] = max(low[here, step], (least + np.sqrt(least * least + four)) / (2 * k))
            if most * most + four > 0:
                high[here, step] = min(high[here, step], (most + np.sqrt(most * most + four)) / (2 * k))


@numba.njit(cache=True)
def _add_ratings(point: Ints, share: Floats, factor: Floats, worse: float, v0: Floats, low: Floats) -> None:
    """A constant power draws more current at less voltage: the voltage at which a branch meets its limit."""
    for index in range(len(point)):
        here = point[index]
        for step in range(share.shape[1]):
            now = share[index, step]
            limit = factor[index] if now <= factor[index] else now + worse
            low[here, step] = max(low[here, step], v0[here, step] * now / limit)


@numba.njit(cache=True, fastmath={"contract", "reassoc", "nsz", "arcp"}, error_model="numpy")
def _solve(
    order: Ints, parent: Ints, bar: Ints, a: Floats, r: Floats, x: Floats, scale: Floats, limit: Floats, p: Floats,
    q: Floats, loss_p: Floats, loss_q: Floats, g: Floats, b: Floats, v0: Floats, low: Floats, high: Floats,
    source_pu: Floats, step_order: Ints,
) -> tuple[Floats, Ints, float, bool]:  # fmt: skip
    """Sweep LANES steps at a time, hardest first; worst excess of current, low and high voltage with where and when."""
    n, steps = len(order), len(step_order)
    worst, found = np.full(3, -np.inf), np.zeros(6, np.int32)
    e, f, i_re, i_im = np.empty((n, LANES)), np.empty((n, LANES)), np.empty((n, LANES)), np.empty((n, LANES))
    own_p, own_q, own_lp, own_lq = (
        np.empty((n, LANES)),
        np.empty((n, LANES)),
        np.empty((n, LANES)),
        np.empty((n, LANES)),
    )
    own_g, own_b = np.empty((n, LANES)), np.empty((n, LANES))
    total, converged = 0.0, True
    for start in range(0, steps, LANES):
        roots = 0
        for here in range(n):
            point = order[here]
            for k in range(LANES):
                step = step_order[min(start + k, steps - 1)]
                own_p[here, k], own_q[here, k] = p[point, step], q[point, step]
                square = v0[point, step] ** 2
                own_lp[here, k], own_lq[here, k] = loss_p[point, step] * square, loss_q[point, step] * square
                own_g[here, k], own_b[here, k] = g[point, step], b[point, step]
            if parent[here] < 0:
                for k in range(LANES):
                    e[here, k], f[here, k] = source_pu[roots], 0.0
                roots += 1
            else:
                for k in range(LANES):
                    e[here, k], f[here, k] = a[here] * e[parent[here], k], a[here] * f[parent[here], k]
        settled = False
        for _ in range(SWEEPS):
            for here in range(n):
                for k in range(LANES):
                    inverse = 1.0 / (e[here, k] ** 2 + f[here, k] ** 2)
                    p_now = own_p[here, k] + own_lp[here, k] * inverse
                    q_now = own_q[here, k] + own_lq[here, k] * inverse
                    i_re[here, k] = (
                        (p_now * e[here, k] + q_now * f[here, k]) * inverse
                        + own_g[here, k] * e[here, k]
                        - own_b[here, k] * f[here, k]
                    )
                    i_im[here, k] = (
                        (p_now * f[here, k] - q_now * e[here, k]) * inverse
                        + own_g[here, k] * f[here, k]
                        + own_b[here, k] * e[here, k]
                    )
            for here in range(n - 1, -1, -1):
                above = parent[here]
                if above >= 0:
                    for k in range(LANES):
                        i_re[above, k] += a[here] * i_re[here, k]
                        i_im[above, k] += a[here] * i_im[here, k]
            moved = 0.0
            for here in range(n):
                above = parent[here]
                if above >= 0:
                    for k in range(LANES):
                        new_e = a[here] * e[above, k] - r[here] * i_re[here, k] + x[here] * i_im[here, k]
                        new_f = a[here] * f[above, k] - r[here] * i_im[here, k] - x[here] * i_re[here, k]
                        moved = max(moved, abs(new_e - e[here, k]) + abs(new_f - f[here, k]))
                        e[here, k], f[here, k] = new_e, new_f
            if moved < TOLERANCE:
                settled = True
                break
            if not moved < 10.0:
                break
        if not settled:
            return worst, found, total, False
        for here in range(n):
            point = order[here]
            for k in range(min(LANES, steps - start)):
                step = step_order[start + k]
                square = e[here, k] ** 2 + f[here, k] ** 2
                v = np.sqrt(square)
                current = i_re[here, k] ** 2 + i_im[here, k] ** 2
                total += r[here] * current + own_lp[here, k] / square + own_g[here, k] * square
                if bar[here] >= 0:
                    over = np.sqrt(current) * scale[here] - limit[bar[here], step]
                    if over > worst[0]:
                        worst[0], found[0], found[1] = over, here, step
                if low[point, step] - v > worst[1]:
                    worst[1], found[2], found[3] = low[point, step] - v, here, step
                if v - high[point, step] > worst[2]:
                    worst[2], found[4], found[5] = v - high[point, step], here, step
        if worst.max() > FOR_SURE:
            break
    return worst, found, total, converged
