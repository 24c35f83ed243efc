"""An independent reading of the table format: rows straight into power-grid-model, closed switches merged by networkx.

Nothing of the product's compiled arrays or flow solvers is used, so a conversion and a solver cannot share a mistake.
"""

from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
from power_grid_model import CalculationMethod, ComponentType, LoadGenType, PowerGridModel, initialize_array

CLOCKS = {"Dyn5": 5, "YNd5": 5, "Dyn11": 11, "YNd11": 11, "YNyn0": 0}
WINDINGS = {"D": 2, "d": 2, "YN": 1, "yn": 1, "Y": 0, "y": 0}
STIFF_VA = 1e18


@dataclass(frozen=True)
class Reading:
    """A load flow of the tables: voltage of every live node, per unit of its nominal voltage, and the losses."""

    voltage_pu: dict[str, float]
    loss_kw: float
    line_a: dict[str, float]


def load_flow(tables: Any, *, closed: dict[str, bool] | None = None, with_generators: bool = True) -> Reading:
    """Newton load flow at nameplate powers; `closed` overrides normal positions by switch identity."""
    rows = {name: tables[name].to_pylist() for name in tables if name not in ("profiles", "usage_points")}
    merged, graph = _islands(rows, closed or {})
    live = nx.node_connected_component(graph, "sky")
    label = {node: merged[node] for node in merged if merged[node] in live}
    ids = {root: index for index, root in enumerate(sorted(set(label.values())))}
    at = {node: ids[root] for node, root in label.items()}
    kv = {at[row["node_id"]]: row["nominal_kv"] for row in rows["nodes"] if row["node_id"] in at}
    count, parts = len(ids), {ComponentType.node: _nodes(kv)}
    offset = count
    for kind, maker in (
        (ComponentType.line, _lines),
        (ComponentType.transformer, _transformers),
        (ComponentType.source, _sources),
        (ComponentType.sym_load, _loads),
    ):
        if kind == ComponentType.sym_load and not with_generators:
            rows = {**rows, "generators": []}
        part = maker(rows, at, offset)
        offset += len(part)
        if len(part):
            parts[kind] = part
    model = PowerGridModel(parts)
    result = model.calculate_power_flow(
        symmetric=True, error_tolerance=1e-10, max_iterations=50, calculation_method=CalculationMethod.newton_raphson
    )
    pu = result[ComponentType.node]["u_pu"]
    loss = sum(float((result[kind]["p_from"] + result[kind]["p_to"]).sum()) for kind in parts if kind in _BRANCHES)
    in_line_order = [row["line_id"] for row in rows["lines"] if row["from_node_id"] in at]
    current: Any = result[ComponentType.line]["i_from"] if ComponentType.line in parts else []
    return Reading(
        {node: float(pu[index]) for node, index in at.items()},
        loss / 1e3,
        dict(zip(in_line_order, map(float, current), strict=True)),
    )


_BRANCHES = (ComponentType.line, ComponentType.transformer)


def _islands(rows: Any, closed: dict[str, bool]) -> tuple[dict[str, str], nx.Graph]:
    merging = nx.Graph()
    merging.add_nodes_from(row["node_id"] for row in rows["nodes"])
    for row in rows["switches"]:
        if row.get("to_node_id") and closed.get(row["switch_id"], not row["normal_open"]):
            merging.add_edge(row["from_node_id"], row["to_node_id"])
    merged = {node: min(part) for part in nx.connected_components(merging) for node in part}
    graph = nx.Graph()
    graph.add_nodes_from(set(merged.values()))
    for name, one, other in (("lines", "from_node_id", "to_node_id"), ("transformers", "hv_node_id", "lv_node_id")):
        graph.add_edges_from((merged[row[one]], merged[row[other]]) for row in rows.get(name, []))
    graph.add_edges_from(("sky", merged[row["node_id"]]) for row in rows["sources"])
    return merged, graph


def _nodes(kv: dict[int, float]) -> Any:
    nodes = initialize_array("input", ComponentType.node, len(kv))
    nodes["id"] = sorted(kv)
    nodes["u_rated"] = [kv[index] * 1e3 for index in sorted(kv)]
    return nodes


def _lines(rows: Any, at: dict[str, int], offset: int) -> Any:
    used = [row for row in rows["lines"] if row["from_node_id"] in at]
    lines = initialize_array("input", ComponentType.line, len(used))
    lines["id"] = offset + np.arange(len(used))
    lines["from_node"] = [at[row["from_node_id"]] for row in used]
    lines["to_node"] = [at[row["to_node_id"]] for row in used]
    lines["from_status"] = lines["to_status"] = 1
    lines["r1"] = [row["r_ohm"] for row in used]
    lines["x1"] = [row["x_ohm"] for row in used]
    lines["c1"] = [(row.get("b_us") or 0) * 1e-6 / (2 * np.pi * 50) for row in used]
    lines["tan1"] = 0
    return lines


def _transformers(rows: Any, at: dict[str, int], offset: int) -> Any:
    used = [row for row in rows.get("transformers", []) if row["hv_node_id"] in at]
    units = initialize_array("input", ComponentType.transformer, len(used))
    units["id"] = offset + np.arange(len(used))
    units["from_node"] = [at[row["hv_node_id"]] for row in used]
    units["to_node"] = [at[row["lv_node_id"]] for row in used]
    units["from_status"] = units["to_status"] = 1
    units["u1"] = [row["hv_kv"] * (1 + (row.get("tap_pu") or 0)) * 1e3 for row in used]
    units["u2"] = [row["lv_kv"] * 1e3 for row in used]
    units["sn"] = [row["rated_kva"] * 1e3 for row in used]
    units["uk"] = [row["uk_percent"] / 100 for row in used]
    units["pk"] = [row["pk_kw"] * 1e3 for row in used]
    units["i0"] = [max((row.get("i0_percent") or 0) / 100, (row.get("p0_kw") or 0) / row["rated_kva"]) for row in used]
    units["p0"] = [(row.get("p0_kw") or 0) * 1e3 for row in used]
    groups = [row["vector_group"] for row in used]
    units["clock"] = [CLOCKS[group] for group in groups]
    units["winding_from"] = [
        WINDINGS[group.rstrip("0123456789").rstrip("abcdefghijklmnopqrstuvwxyz")] for group in groups
    ]
    units["winding_to"] = [
        WINDINGS[group.rstrip("0123456789").lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")] for group in groups
    ]
    units["tap_side"], units["tap_pos"], units["tap_min"], units["tap_max"] = 0, 0, 0, 0
    units["tap_nom"], units["tap_size"] = 0, 0
    return units


def _sources(rows: Any, at: dict[str, int], offset: int) -> Any:
    sources = initialize_array("input", ComponentType.source, len(rows["sources"]))
    sources["id"] = offset + np.arange(len(sources))
    sources["node"] = [at[row["node_id"]] for row in rows["sources"]]
    sources["status"] = 1
    sources["u_ref"] = [row.get("voltage_pu") or 1.0 for row in rows["sources"]]
    sources["u_ref_angle"] = [np.radians(row.get("angle_deg") or 0.0) for row in rows["sources"]]
    sources["sk"] = STIFF_VA
    return sources


def _loads(rows: Any, at: dict[str, int], offset: int) -> Any:
    used = [(row, 1e3) for row in rows["consumers"]] + [(row, -1e3) for row in rows.get("generators", [])]
    used = [(row, sign) for row, sign in used if row["node_id"] in at]
    loads = initialize_array("input", ComponentType.sym_load, len(used))
    loads["id"] = offset + np.arange(len(used))
    loads["node"] = [at[row["node_id"]] for row, _ in used]
    loads["status"] = 1
    loads["type"] = LoadGenType.const_power
    loads["p_specified"] = [row["p_kw"] * sign for row, sign in used]
    loads["q_specified"] = [(row.get("q_kvar") or 0) * sign for row, sign in used]
    return loads
