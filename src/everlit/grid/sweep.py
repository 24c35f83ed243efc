"""Radial power flow (辐射潮流) of many scenarios by backward/forward sweep over the supply forest.

A distribution feeder runs radial, so a current is the sum of the currents beyond it and a voltage is the one before it
less a drop. Two passes over the tree, repeated until no voltage moves, solve constant-power loads:

    backward   i(node) = conj(s/v) + y·v + Σ i(children)
    forward    v(node) = a·v(parent) − z·i(node)          a, z: ratio and impedance of the branch from the parent

Nodes joined by closed switches share one place in the tree, so a city of switches costs what its lines and
transformers cost. Scenarios run in lanes beside each other in memory, so that a processor takes several at once. The
judge (`everlit.grid.judge`) solves the same network by Newton's method; both agree to 1e-6 pu, which is tested.
"""

import numba
import numpy as np
import numpy.typing as npt

from everlit.grid.compile import Bools, Floats, Grid, Ints
from everlit.grid.electrical import BASE_KVA, Electrical, UnableToSolveFlow, branch_id, electrical
from everlit.grid.flow import Complexes, Flow
from everlit.grid.lanes import LANES, Answer, ends_of, sweep_lanes, switch_lanes
from everlit.grid.supply import Supply, supply
from everlit.grid.tree import Tree, grow_tree
from everlit.kernel import Finding, Text

TOLERANCE_PU = 1e-8
# Sections to solve: indices or a mask.
Selection = npt.NDArray[np.integer] | Bools


class UnableToSweep(UnableToSolveFlow):
    """The state is not radial (or the restriction does not fit), so a sweep cannot solve it; the judge can."""

    title = Text(en="The radial sweep cannot solve this state.", zh="该运行方式无法用辐射潮流求解。")


def radial_flow(
    grid: Grid,
    closed: Bools,
    p_kw: Floats,
    q_kvar: Floats,
    *,
    sections: Selection | None = None,
    outside: Flow | None = None,
    forest: Supply | None = None,
    tolerance_pu: float = TOLERANCE_PU,
) -> Flow:
    """Power flow of every scenario in radial state `closed`; raises UnableToSweep when it is not radial.

    Loads are [scenario, consumer] (or one scenario), optionally followed by one column per generator, positive when it
    delivers. With `sections` (indices or a mask) only what feeds them and hangs on the way is solved, and columns are
    compact. With `outside`, a flow of the same scenarios in another state, only `sections` and the path feeding them
    are solved and every other branch-off keeps the power it had there: what changed must lie inside `sections`.
    """
    wires, closed = electrical(grid), closed.copy()
    p, q = load_columns(wires, p_kw), load_columns(wires, q_kvar)
    inside = None if sections is None else _inside(grid, closed, sections, outside, forest)
    tree = _tree(grid, wires, closed, inside)
    beyond = _beyond(grid, tree, outside, len(p))
    return _solve(grid, wires, closed, tree, p, q, beyond, compact=inside is not None, tolerance_pu=tolerance_pu)


def load_columns(wires: Electrical, load: Floats) -> Floats:
    """Loads as [scenario, column], generators turned to negative loads; raises UnableToSolveFlow on another width."""
    # writable rows in any case: compiled kernels would otherwise be compiled once more for read-only ones
    rows = np.require(np.atleast_2d(load), np.float64, ["C", "W"])
    width, consumers, loads = rows.shape[1], wires.n_consumers, len(wires.load_node)
    if width == loads > consumers:
        rows = rows.copy()
        rows[:, consumers:] *= -1
    elif width != consumers:
        text = Text(en=f"{width} load columns, {consumers} consumers.", zh=f"负荷 {width} 列,用户 {consumers} 个。")
        raise UnableToSolveFlow(Finding("flow.loads", "loads", text, {"columns": width, "consumers": consumers}))
    return rows


def _inside(grid: Grid, closed: Bools, sections: Selection, outside: Flow | None, forest: Supply | None) -> Bools:
    """Which sections to solve: the wanted ones with the path that feeds them, or all that hangs on their sources."""
    here = forest if forest is not None else supply(grid, closed)
    inside = np.zeros(grid.n_sections, np.bool_)
    inside[sections] = True
    if outside is None:
        return _whole_trees(inside, here.parent_section, here.order)
    there = supply(grid, outside.closed)
    inside = _with_ancestors(inside, here.parent_section)
    moved = (here.parent_switch != there.parent_switch) | (here.energised != there.energised)
    stray = np.flatnonzero(moved & ~inside)
    if len(stray):
        names = [grid.section_name(section) for section in stray[:20]]
        text = Text(en="Supply changed outside the sections to be solved.", zh="待求区段之外的供电关系也发生了变化。")
        raise UnableToSweep(Finding("flow.outside", names[0], text, {"sections": names}))
    return inside


@numba.njit(cache=True)
def _with_ancestors(inside: Bools, parent: Ints) -> Bools:
    wanted = inside.copy()
    for section in range(len(inside)):
        if inside[section]:
            above = parent[section]
            while above >= 0 and not wanted[above]:
                wanted[above] = True
                above = parent[above]
    return wanted


@numba.njit(cache=True)
def _whole_trees(inside: Bools, parent: Ints, order: Ints) -> Bools:
    """Every section of each tree that holds a wanted one."""
    root = np.full(len(parent), -1, np.int32)
    live = np.zeros(len(parent), np.bool_)
    for section in order:
        root[section] = section if parent[section] < 0 else root[parent[section]]
    for section in order:
        if inside[section]:
            live[root[section]] = True
    wanted = inside.copy()
    for section in order:
        wanted[section] |= live[root[section]]
    return wanted


def _tree(grid: Grid, wires: Electrical, closed: Bools, inside: Bools | None) -> Tree:
    everywhere = np.ones(grid.n_sections, np.bool_) if inside is None else inside
    tree, loop = grow_tree(wires, closed, everywhere)
    if loop >= 0:
        name = branch_id(grid, loop)
        text = Text(en=f"{name} closes a loop: the state is not radial.", zh=f"{name} 构成合环,运行方式不是辐射状。")
        raise UnableToSweep(Finding("flow.loop", name, text))
    return tree


def _beyond(grid: Grid, tree: Tree, outside: Flow | None, scenarios: int) -> Complexes:
    """Power (pu) that leaves the solved part at each of its exits, as in the outside flow: [exit, scenario]."""
    drawn = np.zeros((len(tree.exit_switch), scenarios), np.complex128)
    if outside is None or len(tree.exit_switch) == 0:
        return drawn
    if outside.scenarios != scenarios:
        text = Text(en="The outside flow has other scenarios.", zh="外部潮流的场景数不同。")
        evidence = {"outside": outside.scenarios, "here": scenarios}
        raise UnableToSweep(Finding("flow.outside", "scenarios", text, evidence))
    row = np.full(grid.n_switches, -1, np.int64)
    row[outside.switches] = np.arange(len(outside.switches))
    rows = row[tree.exit_switch]
    power = outside.switch_kw.T[rows] + 1j * outside.switch_kvar.T[rows]
    sign = np.where(grid.switch_from[tree.exit_switch] == tree.order[tree.exit_at], 1.0, -1.0)
    return np.where((rows >= 0)[:, None], power * sign[:, None] / BASE_KVA, 0.0)


def _solve(
    grid: Grid, wires: Electrical, closed: Bools, tree: Tree, p: Floats, q: Floats, beyond: Complexes,
    *, compact: bool, tolerance_pu: float,
) -> Flow:  # fmt: skip
    """Make room for the answer, sweep, and name its columns."""
    scenarios, first = len(p), wires.first_switch
    padded = -(-scenarios // LANES) * LANES
    series, switches = tree.branch[(tree.branch >= 0) & ~tree.switched], tree.branch[tree.switched] - first
    position = np.full(grid.n_nodes, -1, np.int32)
    position[tree.order] = np.arange(len(tree.order))
    load_position = position[wires.load_node]
    load_place = np.where(load_position >= 0, tree.place[load_position], -1).astype(np.int32)
    answer = Answer(
        real=np.empty((len(tree.above), padded)),
        imaginary=np.empty((len(tree.above), padded)),
        series_a=np.zeros((len(series), padded)),
        delivered=np.zeros((len(grid.source_nodes), padded), np.complex128),
        loss=np.zeros(padded),
        converged=np.zeros(padded, np.bool_),
    )
    sweep_lanes(wires, tree, ends_of(wires, tree), load_place, p, q, beyond, tolerance_pu, answer)

    feeding = np.flatnonzero(tree.switched).astype(np.int32)

    def switch_power(rows: Ints) -> tuple[Floats, Floats]:
        power = np.empty((len(rows), padded)), np.empty((len(rows), padded))
        switch_lanes(wires, tree, feeding[rows], load_position, p, q, beyond, answer.real, answer.imaginary, *power)
        return power[0].T[:scenarios], power[1].T[:scenarios]

    if compact:
        nodes, place, branches = tree.order, tree.place, np.concatenate([series, switches + first])
    else:
        nodes, branches = np.arange(grid.n_nodes, dtype=np.int32), np.arange(grid.n_branches, dtype=np.int32)
        place = np.where(position >= 0, tree.place[position], -1).astype(np.int32)
    return Flow(
        closed=closed,
        first_switch=first,
        nodes=nodes,
        branches=branches,
        place=place,
        place_re=answer.real.T[:scenarios],
        place_im=answer.imaginary.T[:scenarios],
        series=series,
        series_a=answer.series_a.T[:scenarios],
        switches=switches,
        switch_place=tree.place[tree.switched],
        switch_base_a=wires.base_a[tree.order[tree.switched]],
        switch_power=switch_power,
        loss_kw=answer.loss[:scenarios],
        source_kva=answer.delivered.T[:scenarios],
        converged=answer.converged[:scenarios],
    )
