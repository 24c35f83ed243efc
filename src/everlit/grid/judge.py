"""The judge (校核): the same power flow by power-grid-model, Newton's method, any state, looped or radial.

Every transfer is judged here before it is shown. One call solves a batch of scenarios; nodes joined by closed switches
are one node of the model, which makes it smaller and faster than zero-impedance links:

    n1 ──/ closed /── n2 ── line ──        model:  {n1 n2} ── line ──

The current of a switch then follows from what its far side draws. Where closed switches form a ring of no impedance
(two couplers of one busbar) the ring shares like equal impedances do; a line bypassed by switches carries nothing. A
source is as stiff as double precision allows (`SOURCE_VA`), so that it holds its voltage as in the sweep. Scenarios
that failed are blanked: the solver leaves whatever lay in memory there.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from everlit.grid.compile import Bools, Floats, Grid, Ints
from everlit.grid.components import components
from everlit.grid.electrical import BASE_KVA, Electrical, clock, electrical
from everlit.grid.flow import Complexes, Flow
from everlit.grid.sweep import Selection, load_columns

SOURCE_VA = 1e17
# A line of no impedance at all becomes this reactance (pu): 1e-7 pu of voltage at a hundred times base power.
LEAST_X_PU = 1e-9
FREQUENCY_HZ = 50.0
_BRANCH_OUTPUT = ["p_from", "q_from", "i_from", "p_to", "q_to", "i_to"]
OUTPUT = {
    "node": ["u_pu", "u_angle"],
    "line": _BRANCH_OUTPUT,
    "transformer": _BRANCH_OUTPUT,
    "source": ["p", "q"],
}


class Further(NamedTuple):
    """Loads at nodes beside those of the grid: kW and kvar, [scenario, node]."""

    node: Ints
    p_kw: Floats
    q_kvar: Floats


@dataclass(frozen=True, slots=True)
class Model:
    """The live part of a state as power-grid-model input, and which rows of the grid it was made of."""

    input_data: dict[str, npt.NDArray[Any]]
    update_data: dict[str, dict[str, npt.NDArray[Any]]]
    nodes: Ints
    place: Ints
    lines: Ints
    transformers: Ints
    switches: Ints
    sources: Ints
    load_nodes: Ints
    load_p_kw: Floats
    load_q_kvar: Floats


def judge(
    grid: Grid,
    closed: Bools,
    p_kw: Floats,
    q_kvar: Floats,
    *,
    sections: Selection | None = None,
    further: Further | None = None,
    tolerance_pu: float = 1e-8,
    threads: int = -1,
    iterated: bool = False,
) -> Flow:
    """Power flow of every scenario in state `closed`; loads and columns as in `radial_flow`.

    With `sections` only the islands that hold them are solved. `further` are loads at nodes beside those of the grid,
    such as what a part left out draws at its border. `threads` is power-grid-model's: −1 in this thread, 0 all
    processors. `iterated` tries its iterated currents first, which factorise once for the whole batch: twice as fast
    where the load is ordinary. Where any scenario does not converge so, Newton's method solves them all.
    """
    closed = closed.copy()
    model = model_of(grid, closed, p_kw, q_kvar, sections=sections, further=further)
    output, converged = solve(model, tolerance_pu=tolerance_pu, threads=threads, iterated=iterated)
    if iterated and not converged.all():
        output, converged = solve(model, tolerance_pu=tolerance_pu, threads=threads)
    return _flow(grid, closed, model, output, converged, compact=sections is not None)


def model_of(
    grid: Grid, closed: Bools, p_kw: Floats, q_kvar: Floats, *, sections: Selection | None = None,
    further: Further | None = None,
) -> Model:  # fmt: skip
    """The live part of a state as power-grid-model input and batch update."""
    wires = electrical(grid)
    live = _live(grid, closed, sections)
    label, _ = components(grid.n_nodes, *_ends(grid, _closed_branches(grid, closed)))
    nodes = np.flatnonzero(live).astype(np.int32)
    first, place = np.unique(label[nodes], return_index=True)[1], np.full(grid.n_nodes, -1, np.int32)
    place[nodes] = np.unique(label[nodes], return_inverse=True)[1]
    in_service = live[grid.branch_from] & live[grid.branch_to]
    bypassed = in_service & (place[grid.branch_from] == place[grid.branch_to])
    in_service[: grid.first_switch] &= ~bypassed[: grid.first_switch]
    lines = np.flatnonzero(in_service[: grid.n_lines]).astype(np.int32)
    transformers = np.flatnonzero(in_service[grid.n_lines : grid.first_switch]).astype(np.int32)
    switches = np.flatnonzero(in_service[grid.first_switch :] & closed).astype(np.int32)
    sources = np.flatnonzero(live[grid.source_nodes]).astype(np.int32)
    used, p, q = _columns(wires, place, load_columns(wires, p_kw), load_columns(wires, q_kvar), further)
    load_places, update = _loads(used, place, p, q)
    input_data = _input(grid, wires, place, nodes[first], lines, transformers, sources, load_places)
    shorted = np.flatnonzero(bypassed[: grid.n_lines] & (wires.end_b_pu[: grid.n_lines] > 0))
    if len(shorted):
        input_data["shunt"] = _charging(
            grid, wires, place, shorted, 1 + int(input_data["sym_load"]["id"].max(initial=0))
        )
    return Model(input_data, update, nodes, place, lines, transformers, switches, sources, used, p, q)


def solve(model: Model, *, tolerance_pu: float, threads: int, iterated: bool = False) -> tuple[dict[str, Any], Bools]:
    """The bare batch call and which scenarios it solved."""
    from power_grid_model import CalculationMethod, PowerGridModel

    engine = PowerGridModel(model.input_data, system_frequency=FREQUENCY_HZ)
    output: dict[str, Any] = engine.calculate_power_flow(  # type: ignore[assignment]
        update_data=model.update_data,
        calculation_method=CalculationMethod.iterative_current if iterated else CalculationMethod.newton_raphson,
        error_tolerance=tolerance_pu,
        max_iterations=50,
        threading=threads,
        output_component_types=OUTPUT,  # type: ignore[arg-type]
        continue_on_batch_error=True,
    )
    converged = np.ones(len(output["node"]["u_pu"]), np.bool_)
    nothing = np.zeros((len(converged), 0))
    for component, attributes in OUTPUT.items():  # components the model has none of are left out of its answer
        output.setdefault(component, dict.fromkeys(attributes, nothing))
    if engine.batch_error is not None:
        converged[engine.batch_error.failed_scenarios] = False
    return output, converged


def _closed_branches(grid: Grid, closed: Bools) -> Ints:
    return (grid.first_switch + np.flatnonzero(closed)).astype(np.int32)


def _ends(grid: Grid, branches: Ints) -> tuple[Ints, Ints]:
    return grid.branch_from[branches], grid.branch_to[branches]


def _live(grid: Grid, closed: Bools, sections: Selection | None) -> Bools:
    """Nodes of every island with a source, of those with a wanted section when some are wanted."""
    island, count = components(
        grid.n_sections, grid.switch_section_from[closed], grid.switch_section_to[closed]
    )  # fmt: skip
    fed = np.zeros(count, np.bool_)
    fed[island[grid.section_of_node[grid.source_nodes]]] = True
    if sections is not None:
        wanted = np.zeros(count, np.bool_)
        wanted[island[sections]] = True
        fed &= wanted
    return fed[island[grid.section_of_node]]


def _columns(
    wires: Electrical, place: Ints, p: Floats, q: Floats, further: Further | None
) -> tuple[Ints, Floats, Floats]:
    """The node of every load column, kW and kvar; with further loads only those of live nodes."""
    used = wires.load_node[: max(p.shape[1], q.shape[1])]
    if further is None:
        return used, p, q
    live = np.flatnonzero(place[used] >= 0)
    p, q = (_taken(part, live) for part in (p, q))
    nodes = np.concatenate([used[live], further.node]).astype(np.int32)
    return nodes, np.hstack([p, further.p_kw]), np.hstack([q, further.q_kvar])


def _taken(load_kw: Floats, columns: npt.NDArray[np.intp]) -> Floats:
    """Some columns of a load; a missing one (generators may be absent) draws nothing."""
    found = np.zeros((len(load_kw), len(columns)))
    there = columns < load_kw.shape[1]
    found[:, there] = load_kw[:, columns[there]]
    return found


def _loads(used: Ints, place: Ints, p: Floats, q: Floats) -> tuple[Ints, dict[str, dict[str, npt.NDArray[Any]]]]:
    """Loads summed by place, W and var, as a columnar batch update."""
    at = place[used]
    places = np.unique(at[at >= 0]).astype(np.int32)
    row = np.full(max(len(place), 1), -1, np.int32)
    row[places] = np.arange(len(places))
    row_of_load = np.where(at >= 0, row[at], -1).astype(np.int32)
    update = {
        "p_specified": _summed(p, row_of_load, len(places)),
        "q_specified": _summed(q, row_of_load, len(places)),
    }
    return places, {"sym_load": update}


@numba.njit(cache=True, nogil=True)
def _summed(load_kw: Floats, row: Ints, rows: int) -> Floats:
    total = np.zeros((len(load_kw), rows))
    for s in range(len(load_kw)):
        for index in range(load_kw.shape[1]):
            if row[index] >= 0:
                total[s, row[index]] += load_kw[s, index] * 1e3
    return total


def _input(
    grid: Grid, wires: Electrical, place: Ints, place_node: Ints, lines: Ints, transformers: Ints, sources: Ints,
    load_places: Ints,
) -> dict[str, npt.NDArray[Any]]:  # fmt: skip
    from power_grid_model import initialize_array

    counts = {
        "node": len(place_node), "line": len(lines), "transformer": len(transformers), "source": len(sources),
        "sym_load": len(load_places),
    }  # fmt: skip
    data, first = {}, 0
    for component, count in counts.items():
        data[component] = initialize_array("input", component, count)
        data[component]["id"] = np.arange(first, first + count)
        first += count
    data["node"]["u_rated"] = grid.nominal_kv[place_node] * 1e3
    _fill_lines(data["line"], grid, wires, place, lines)
    _fill_transformers(data["transformer"], grid, place, transformers)
    source, load = data["source"], data["sym_load"]
    source["node"], source["status"], source["sk"] = place[grid.source_nodes[sources]], 1, SOURCE_VA
    source["u_ref"], source["u_ref_angle"] = np.abs(wires.source_pu[sources]), np.angle(wires.source_pu[sources])
    load["node"], load["status"], load["type"], load["p_specified"], load["q_specified"] = load_places, 1, 0, 0.0, 0.0
    return data


def _charging(grid: Grid, wires: Electrical, place: Ints, lines: npt.NDArray[np.int64], first_id: int) -> Any:
    """The charging current of lines bypassed by closed switches stays; their series impedance carries nothing."""
    from power_grid_model import initialize_array

    shunt = initialize_array("input", "shunt", len(lines))
    base_ohm = grid.nominal_kv[grid.branch_from[lines]] ** 2 / (BASE_KVA / 1000)
    shunt["id"], shunt["node"] = first_id + np.arange(len(lines)), place[grid.branch_from[lines]]
    shunt["status"], shunt["g1"], shunt["b1"] = 1, 0.0, 2 * wires.end_b_pu[lines] / base_ohm
    return shunt


def _fill_lines(rows: npt.NDArray[Any], grid: Grid, wires: Electrical, place: Ints, lines: Ints) -> None:
    base_ohm = grid.nominal_kv[grid.branch_from[lines]] ** 2 / (BASE_KVA / 1000)
    r, x = wires.r_pu[lines], wires.x_pu[lines]
    rows["from_node"], rows["to_node"] = place[grid.branch_from[lines]], place[grid.branch_to[lines]]
    rows["from_status"] = rows["to_status"] = 1
    rows["r1"], rows["x1"] = r * base_ohm, np.where((r == 0) & (x == 0), LEAST_X_PU, x) * base_ohm
    rows["c1"] = 2 * wires.end_b_pu[lines] / base_ohm / (2 * np.pi * FREQUENCY_HZ)
    rows["tan1"] = 0.0


def _fill_transformers(rows: npt.NDArray[Any], grid: Grid, place: Ints, transformers: Ints) -> None:
    table = grid.network.tables["transformers"].take(transformers)
    number = {name: np.asarray(table.column(name), dtype=np.float64) for name in table.column_names if name in _NUMBERS}
    rows["from_node"], rows["to_node"] = (
        place[grid.transformer_hv[transformers]],
        place[grid.transformer_lv[transformers]],
    )
    rows["from_status"] = rows["to_status"] = 1
    rows["u1"], rows["u2"] = number["hv_kv"] * 1e3 * (1 + number["tap_pu"]), number["lv_kv"] * 1e3
    rows["sn"], rows["uk"], rows["pk"] = number["rated_kva"] * 1e3, number["uk_percent"] / 100, number["pk_kw"] * 1e3
    rows["i0"], rows["p0"] = number["i0_percent"] / 100, number["p0_kw"] * 1e3
    rows["clock"] = [clock(group) for group in table.column("vector_group").to_pylist()]
    # Windings only have to fit the clock: wye-wye for even hours, delta-wye for odd ones; balanced flow sees the clock.
    rows["winding_from"], rows["winding_to"] = np.where(rows["clock"] % 2 == 0, 1, 2), 1
    rows["tap_side"] = rows["tap_pos"] = rows["tap_min"] = rows["tap_max"] = rows["tap_nom"] = 0
    rows["tap_size"] = 0.0


_NUMBERS = ("rated_kva", "hv_kv", "lv_kv", "uk_percent", "pk_kw", "i0_percent", "p0_kw", "tap_pu")


def _flow(grid: Grid, closed: Bools, model: Model, output: dict[str, Any], converged: Bools, *, compact: bool) -> Flow:
    """The answer named by columns of the grid; failed scenarios blanked."""
    failed, wires, first = ~converged, electrical(grid), grid.first_switch
    magnitude, angle = output["node"]["u_pu"], output["node"]["u_angle"]
    magnitude[failed] = np.nan
    phasor = _phasor(magnitude, angle)
    line, transformer = output["line"], output["transformer"]
    loss_w = sum(part[end].sum(axis=1) for part in (line, transformer) for end in ("p_from", "p_to"))
    series_a = np.hstack([np.maximum(line["i_from"], line["i_to"]), transformer["i_from"]])
    source_kva = np.zeros((len(converged), len(grid.source_nodes)), np.complex128)
    source_kva[:, model.sources] = (output["source"]["p"] + 1j * output["source"]["q"]) / 1e3
    for values in (series_a, source_kva):
        values[failed] = np.nan
    series = np.concatenate([model.lines, grid.n_lines + model.transformers]).astype(np.int32)
    if compact:
        nodes, place, branches = model.nodes, model.place[model.nodes], np.concatenate([series, model.switches + first])
    else:
        nodes, place, branches = np.arange(grid.n_nodes, dtype=np.int32), model.place, np.arange(grid.n_branches)
    return Flow(
        closed=closed,
        first_switch=first,
        nodes=nodes,
        branches=branches.astype(np.int32),
        place=place,
        place_re=phasor.real,
        place_im=phasor.imag,
        series=series,
        series_a=series_a,
        switches=model.switches,
        switch_place=model.place[grid.switch_from[model.switches]],
        switch_base_a=wires.base_a[grid.switch_from[model.switches]],
        switch_power=lambda rows: _switches(grid, closed, model, output, phasor, converged, rows),
        loss_kw=np.where(converged, loss_w / 1e3, np.nan),
        source_kva=source_kva,
        converged=converged,
    )


@numba.njit(cache=True, nogil=True)
def _phasor(magnitude: Floats, angle: Floats) -> Complexes:
    phasor = np.empty(magnitude.shape, np.complex128)
    for s in range(magnitude.shape[0]):
        for index in range(magnitude.shape[1]):
            a = angle[s, index]
            phasor[s, index] = complex(magnitude[s, index] * np.cos(a), magnitude[s, index] * np.sin(a))
    return phasor


class Ends(NamedTuple):
    """Power flowing into one end of lines, transformers or sources (W, var; [scenario, row]) and the node it is at."""

    node: Ints
    p: Floats
    q: Floats


def _switches(
    grid: Grid, closed: Bools, model: Model, output: dict[str, Any], phasor: Complexes, converged: Bools, rows: Ints
) -> tuple[Floats, Floats]:
    """Power (kW, kvar, from its from node to its to node) of live closed switches, by their row in the model."""
    wires = electrical(grid)
    column = np.full(grid.n_switches, -1, np.int32)
    column[model.switches] = np.arange(len(model.switches))
    forest, rings = _switch_forest(wires, model.nodes, closed)
    through = np.zeros((len(phasor), len(model.switches)), np.complex128)
    ends = tuple(
        Ends(nodes, output[kind][f"p_{end}"], output[kind][f"q_{end}"])
        for kind, branches in (("line", model.lines), ("transformer", grid.n_lines + model.transformers))
        for end, nodes in (("from", grid.branch_from[branches]), ("to", grid.branch_to[branches]))
    )
    sources = Ends(grid.source_nodes[model.sources], output["source"]["p"], output["source"]["q"])
    loads = Ends(model.load_nodes, model.load_p_kw, model.load_q_kvar)
    _drawn_through(wires, phasor, model.place, ends, sources, loads, forest, column, through)
    if len(rings):
        _share_rings(grid, forest, rings, column, through)
    at = model.place[grid.switch_from[model.switches[rows]]]
    power = phasor[:, at] * np.conj(through[:, rows]) * BASE_KVA
    power[~converged] = np.nan
    return power.real, power.imag


class Forest(NamedTuple):
    """Live nodes ordered so that each follows the one it hangs from (a position) by the closed switch `via`."""

    order: Ints
    parent: Ints
    via: Ints


@numba.njit(cache=True)
def _switch_forest(wires: Electrical, nodes: Ints, closed: Bools) -> tuple[Forest, Ints]:
    """The forest of closed switches among live nodes, and the switches left over: each makes a ring."""
    n, first_switch = len(wires.starts) - 1, wires.first_switch
    position, used = np.full(n, -1, np.int32), np.zeros(len(closed), np.bool_)
    order, parent, via = np.empty(len(nodes), np.int32), np.empty(len(nodes), np.int32), np.empty(len(nodes), np.int32)
    rings, n_rings = np.empty(len(closed), np.int32), 0
    count, reach = 0, 0
    for root in nodes:
        if position[root] >= 0:
            continue
        position[root], order[count], parent[count], via[count] = count, root, -1, -1
        count += 1
        while reach < count:
            here = order[reach]
            for slot in range(wires.starts[here], wires.starts[here + 1]):
                switch = wires.neighbours[slot] - first_switch
                if switch < 0 or not closed[switch] or used[switch]:
                    continue
                used[switch] = True
                branch = switch + first_switch
                there = wires.branch_to[branch] if wires.branch_from[branch] == here else wires.branch_from[branch]
                if position[there] >= 0:
                    rings[n_rings] = switch
                    n_rings += 1
                else:
                    position[there], order[count], parent[count], via[count] = count, there, reach, switch
                    count += 1
            reach += 1
    return Forest(order, parent, via), rings[:n_rings].copy()


@numba.njit(cache=True, nogil=True)
def _drawn_through(
    wires: Electrical, phasor: Complexes, place: Ints, ends: tuple[Ends, ...], sources: Ends, loads: Ends,
    forest: Forest, column: Ints, through: Complexes,
) -> None:  # fmt: skip
    """Per scenario: what each node draws into lines and loads, summed from the far ends of the closed switches."""
    drawn = np.zeros(len(place), np.complex128)
    for s in range(len(phasor)):
        drawn[:] = 0.0
        for end in ends:
            _add_drawn(end, s, phasor, place, 1e-3 / BASE_KVA, drawn)
        _add_drawn(sources, s, phasor, place, -1e-3 / BASE_KVA, drawn)
        _add_drawn(loads, s, phasor, place, 1 / BASE_KVA, drawn)
        for index in range(len(forest.order) - 1, -1, -1):
            if forest.parent[index] >= 0:
                above, switch = forest.order[forest.parent[index]], forest.via[index]
                value = drawn[forest.order[index]]
                drawn[above] += value
                forward = wires.branch_from[wires.first_switch + switch] == above
                through[s, column[switch]] = value if forward else -value


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _add_drawn(end: Ends, scenario: int, phasor: Complexes, place: Ints, scale: float, drawn: Complexes) -> None:
    """Add the currents conj(s/v) of these ends; a missing column (generators may be absent) adds nothing."""
    for index in range(len(end.node)):
        node = end.node[index]
        if place[node] >= 0:
            p = end.p[scenario, index] if index < end.p.shape[1] else 0.0
            q = end.q[scenario, index] if index < end.q.shape[1] else 0.0
            drawn[node] += complex(p, -q) / phasor[scenario, place[node]].conjugate() * scale


def _share_rings(grid: Grid, forest: Forest, rings: Ints, column: Ints, through: Complexes) -> None:
    """Let rings of closed switches share the current as equal impedances would: the least sum of squares."""
    position = np.full(grid.n_nodes, -1, np.int64)
    position[forest.order] = np.arange(len(forest.order))
    rows = [_ring(grid, forest, position, int(switch)) for switch in rings]
    touched = sorted({switch for row in rows for switch in row})
    flow = np.array([[row.get(switch, 0) for switch in touched] for row in rows], dtype=np.float64)
    columns = column[np.array(touched)]
    around = np.linalg.solve(flow @ flow.T, -flow @ through[:, columns].T)
    through[:, columns] += (flow.T @ around).T


def _ring(grid: Grid, forest: Forest, position: npt.NDArray[np.int64], switch: int) -> dict[int, int]:
    """Switches around one ring with the sign a current from `switch`'s from node to its to node has in them."""
    ring = {switch: 1}
    for start, sign in ((int(grid.switch_to[switch]), 1), (int(grid.switch_from[switch]), -1)):
        here = int(position[start])
        while forest.parent[here] >= 0:
            passed = int(forest.via[here])
            upward = 1 if grid.switch_from[passed] == forest.order[here] else -1
            ring[passed] = ring.get(passed, 0) + sign * upward
            here = int(forest.parent[here])
    return {passed: sign for passed, sign in ring.items() if sign}
