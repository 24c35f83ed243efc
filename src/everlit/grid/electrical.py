"""The network in per unit (标幺值): impedances, ratios and shunts as arrays, computed once per compiled grid.

Every branch is one π: an ideal ratio k at its from side, a series impedance, and half of its shunt at each end:

    from ──k:1──┬── r + jx ──┬── to        line: k = 1, shunt = jb        transformer: from = high-voltage side,
               y/2          y/2                                           shunt = iron losses and magnetising branch

Switches have no impedance and sources (上级电源) hold their voltage: the busbar above is regulated, so its
short-circuit impedance is not part of a load flow. Base power is 1 MVA, base voltage the nominal voltage of a node.
"""

import re
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from everlit.grid.compile import Floats, Grid, Ints
from everlit.kernel import Finding, Refusal, Text

BASE_KVA = 1000.0


class UnableToSolveFlow(Refusal):
    """No power flow can be computed for this network, state or load."""

    title = Text(en="The power flow could not be computed.", zh="无法进行潮流计算。")


class Electrical(NamedTuple):
    """Per-unit arrays of a grid; `r_pu` to `end_b_pu` are per line and transformer, in branch order.

    A named tuple of writable arrays, so that compiled kernels take it whole and are compiled once. Loads are consumers
    first, generators after them.
    """

    branch_from: Ints
    branch_to: Ints
    n_lines: int
    first_switch: int

    r_pu: Floats
    x_pu: Floats
    ratio: Floats
    shift_deg: Floats
    end_g_pu: Floats
    end_b_pu: Floats
    node_g_pu: Floats
    node_b_pu: Floats
    base_a: Floats
    rated_a: Floats
    starts: Ints
    neighbours: Ints
    load_node: Ints
    load_starts: Ints
    load_columns: Ints
    n_consumers: int
    source_node: Ints
    section_of_node: Ints
    source_pu: npt.NDArray[np.complex128]


def electrical(grid: Grid) -> Electrical:
    """The per-unit arrays of `grid`, computed at the first call and kept with it."""
    kept: Electrical | None = vars(grid).get("_electrical")
    if kept is None:
        kept = vars(grid).setdefault("_electrical", _compile(grid))
    return kept


def branch_id(grid: Grid, branch: int) -> str:
    """Identity of a branch by its index."""
    if branch >= grid.first_switch:
        return grid.switch_id(branch - grid.first_switch)
    table, row = ("lines", branch) if branch < grid.n_lines else ("transformers", branch - grid.n_lines)
    return str(grid.network.tables[table].column(0)[int(row)].as_py())


def clock(vector_group: str) -> int:
    """Clock number (钟时序数) at the end of a vector group; each hour turns the low side back by 30°.

    >>> clock("Dyn11"), clock("Yyn0"), clock("Dyn")
    (11, 0, 0)
    """
    found = re.search(r"(\d+)\s*$", vector_group)
    return int(found.group(1)) % 12 if found else 0


def _compile(grid: Grid) -> Electrical:
    _check_levels(grid)
    r_line, x_line, b_line = _lines(grid)
    r_trafo, x_trafo, g_trafo, b_trafo, ratio, shift = _transformers(grid)
    n_lines = grid.n_lines
    g = np.concatenate([np.zeros(n_lines), g_trafo]) / 2
    b = np.concatenate([b_line, b_trafo]) / 2
    k = np.concatenate([np.ones(n_lines), ratio])
    starts, neighbours = _incidence(grid.n_nodes, grid.branch_from, grid.branch_to)
    load_node = np.concatenate([grid.consumer_node, _generator_nodes(grid)]).astype(np.int32)
    load_starts, load_columns = _members(grid.n_nodes, load_node)
    return Electrical(
        branch_from=grid.branch_from.copy(),
        branch_to=grid.branch_to.copy(),
        n_lines=n_lines,
        first_switch=grid.first_switch,
        r_pu=np.concatenate([r_line, r_trafo]),
        x_pu=np.concatenate([x_line, x_trafo]),
        ratio=k,
        shift_deg=np.concatenate([np.zeros(n_lines), shift]),
        end_g_pu=g,
        end_b_pu=b,
        node_g_pu=_at_nodes(grid, g / k**2, g),
        node_b_pu=_at_nodes(grid, b / k**2, b),
        base_a=BASE_KVA / (np.sqrt(3) * grid.nominal_kv),
        rated_a=_ratings(grid),
        starts=starts,
        neighbours=neighbours,
        load_node=load_node,
        load_starts=load_starts,
        load_columns=load_columns,
        n_consumers=len(grid.consumer_node),
        source_node=grid.source_nodes.copy(),
        section_of_node=grid.section_of_node.copy(),
        source_pu=_sources(grid),
    )


def _at_nodes(grid: Grid, at_from: Floats, at_to: Floats) -> Floats:
    """Sum of what branches put at their two ends, per node."""
    total = np.zeros(grid.n_nodes)
    np.add.at(total, grid.branch_from[: grid.first_switch], at_from)
    np.add.at(total, grid.branch_to[: grid.first_switch], at_to)
    return total


def _check_levels(grid: Grid) -> None:
    """A line or a switch joins nodes of one voltage level; only transformers change it."""
    one, other = grid.nominal_kv[grid.branch_from], grid.nominal_kv[grid.branch_to]
    wrong = np.abs(one - other) > 1e-9 * one
    wrong[grid.n_lines : grid.first_switch] = False
    if wrong.any():
        shown = np.flatnonzero(wrong)[:20]
        raise UnableToSolveFlow(*(_level_finding(grid, int(branch), one, other) for branch in shown))


def _level_finding(grid: Grid, branch: int, one: Floats, other: Floats) -> Finding:
    name, low, high = branch_id(grid, branch), f"{one[branch]:g}", f"{other[branch]:g}"
    text = Text(
        en=f"{name} joins {low} kV to {high} kV without a transformer.",
        zh=f"{name} 未经变压器连接 {low} kV 与 {high} kV。",
    )
    return Finding("flow.levels", name, text, {"from_kv": float(one[branch]), "to_kv": float(other[branch])})


def _lines(grid: Grid) -> tuple[Floats, Floats, Floats]:
    """Series and shunt of lines in per unit: z_base = kV²/MVA."""
    lines = grid.network.tables["lines"]
    base_ohm = grid.nominal_kv[grid.branch_from[: grid.n_lines]] ** 2 / (BASE_KVA / 1000)
    b_pu = _column(lines, "b_us") * 1e-6 * base_ohm
    return _column(lines, "r_ohm") / base_ohm, _column(lines, "x_ohm") / base_ohm, b_pu


def _transformers(grid: Grid) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
    """Series, shunt, ratio and shift of transformers, seen from the low side: z = uk·U₂²/S, r = pk·U₂²/S²."""
    table = grid.network.tables["transformers"]
    sn, u2 = _column(table, "rated_kva"), _column(table, "lv_kv")
    hv, lv = grid.nominal_kv[grid.transformer_hv], grid.nominal_kv[grid.transformer_lv]
    scale = (u2 / lv) ** 2 * BASE_KVA
    z, r = _column(table, "uk_percent") / 100 / sn * scale, _column(table, "pk_kw") / sn**2 * scale
    y, g = _column(table, "i0_percent") / 100 * sn / scale, _column(table, "p0_kw") / scale
    ratio = _column(table, "hv_kv") * (1 + _column(table, "tap_pu")) / u2 * lv / hv
    shift = np.array([30.0 * clock(group) for group in table.column("vector_group").to_pylist()])
    return r, np.sqrt(np.maximum(z**2 - r**2, 0)), g, -np.sqrt(np.maximum(y**2 - g**2, 0)), ratio, shift


def _ratings(grid: Grid) -> Floats:
    """Current rating of every branch at its from side, A; infinite where none is known. Transformers: S/(√3·U₁)."""
    table = grid.network.tables["transformers"]
    transformer_a = _column(table, "rated_kva") / (np.sqrt(3) * _column(table, "hv_kv"))
    rated = np.concatenate([_column(grid.network.tables["lines"], "rated_a"), transformer_a, grid.switch_rated_a])
    return np.where(np.isnan(rated), np.inf, rated)


def _sources(grid: Grid) -> npt.NDArray[np.complex128]:
    table = grid.network.tables["sources"]
    return np.asarray(_column(table, "voltage_pu") * np.exp(1j * np.deg2rad(_column(table, "angle_deg"))))


def _generator_nodes(grid: Grid) -> Ints:
    found = pc.index_in(grid.network.tables["generators"].column("node_id"), value_set=grid.node_ids)
    return np.asarray(found.combine_chunks(), dtype=np.int32)


def _column(table: pa.Table, name: str) -> Floats:
    return np.asarray(table.column(name).combine_chunks().to_numpy(zero_copy_only=False), dtype=np.float64)


@numba.njit(cache=True)
def _incidence(n: int, one: Ints, other: Ints) -> tuple[Ints, Ints]:
    """Branches at each node: `neighbours[starts[node]:starts[node + 1]]`."""
    starts = np.zeros(n + 1, np.int32)
    for branch in range(len(one)):
        starts[one[branch] + 1] += 1
        starts[other[branch] + 1] += 1
    for node in range(n):
        starts[node + 1] += starts[node]
    fill, neighbours = starts[:-1].copy(), np.empty(starts[-1], np.int32)
    for branch in range(len(one)):
        neighbours[fill[one[branch]]] = branch
        fill[one[branch]] += 1
        neighbours[fill[other[branch]]] = branch
        fill[other[branch]] += 1
    return starts, neighbours


def _members(n: int, group: Ints) -> tuple[Ints, Ints]:
    """Who belongs to each of `n` groups: `members[starts[g]:starts[g + 1]]`."""
    starts = np.concatenate([[0], np.cumsum(np.bincount(group, minlength=n))]).astype(np.int32)
    return starts, np.argsort(group, kind="stable").astype(np.int32)
