"""Hand-made networks for the tests of planning: two stations, two feeders, a tie, named loads.

S1 ──/A0/── a ──/A1/── b ──/A2/── c ∙T∙ d ──/B1/── e ──/B0/── S2
            30 units   34 units   50 units  20      10

With `far`, a third feeder nobody can help or be helped by:      S3 ──/C0/── f ──/C1/── g   1 unit each
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from everlit.grid import Grid, compile_network
from everlit.grid.schema import SCHEMA
from everlit.grid.tables import ARROW_TYPES, network_of
from everlit.kernel import Text
from everlit.planning.model import Department, WorkKind, WorkRequest

NOON = datetime(2026, 6, 10, 4, tzinfo=UTC)
"""12:00 of 10 June 2026 in China."""


def grid_of(tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> Grid:
    made = {}
    for schema in SCHEMA:
        rows = tables.get(schema.name, [])
        columns = {c.name: pa.array([row.get(c.name) for row in rows], ARROW_TYPES[c.kind]) for c in schema.columns}
        made[schema.name] = pa.table(columns)
    return compile_network(network_of(made, {"name": "drawn"}))


LOADS = {"a": 30, "b": 34, "c": 50, "d": 20, "e": 10}
SWITCHES = ("A0 S1 a", "A1 a1 b", "A2 b1 c", "T c1 d", "B1 d1 e", "B0 e1 S2")
LINES = ("la a a1", "lb b b1", "lc c c1", "ld d d1", "le e e1")
FAR_SWITCHES, FAR_LINES, FAR_LOADS = ("C0 S3 f", "C1 f1 g"), ("lf f f1", "lg g g1"), {"f": 1, "g": 1}


def two_feeders(
    *points: Mapping[str, Any], units: Mapping[str, int] | None = None, far: bool = False, **loads: float
) -> Grid:
    """The network above; `units` MV units per node, `loads` kW per node, `points` usage points on load `c-<node>`."""
    switches, lines = (*SWITCHES, *FAR_SWITCHES * far), (*LINES, *FAR_LINES * far)
    spans = [row.split() for row in (*switches, *lines)]
    heads = ("S1", "S2", "S3")[: 2 + far]
    nodes = dict.fromkeys([*heads, *[end for _, *ends in spans for end in ends]])
    places = [{"lon_deg": 113.0 + 0.001 * index, "lat_deg": 23.0} for index in range(len(nodes))]
    stations = [{"substation_id": name, "name": name} for name in "PQR"[: 2 + far]]
    feeders = [("FA", "P", "A0", "east"), ("FB", "Q", "B0", "west"), ("FC", "R", "C0", "south")][: 2 + far]
    counts = {**LOADS, **(FAR_LOADS if far else {}), **(units or {})}
    return grid_of(
        {
            "substations": stations,
            "nodes": [{"node_id": node, "nominal_kv": 10.0, **at} for node, at in zip(nodes, places, strict=True)],
            "sources": [{"source_id": f"x-{node}", "node_id": node} for node in heads],
            "feeders": [
                {"feeder_id": name, "name": name, "substation_id": at, "head_switch_id": head, "unit": unit}
                for name, at, head, unit in feeders
            ],
            "switches": [switch(*row.split()) for row in switches],
            "lines": [line(*row.split()) for row in lines],
            "consumers": [load(node, count, loads.get(node, 100.0)) for node, count in counts.items()],
            "usage_points": [
                {"usage_point_id": f"u-{index}", "importance": "ordinary", "life_support": False, **point}
                for index, point in enumerate(points)
            ],
        }
    )


def switch(name: str, one: str, other: str) -> dict[str, Any]:
    ends = {"switch_id": name, "from_node_id": one, "to_node_id": other}
    return {
        **ends,
        "kind": "load_break_switch",
        "normal_open": name == "T",
        "phased": True,
        "remote": True,
        "rated_a": 400.0,
    }


def line(name: str, one: str, other: str) -> dict[str, Any]:
    ends = {"line_id": name, "from_node_id": one, "to_node_id": other}
    return {**ends, "length_m": 100.0, "r_ohm": 0.01, "x_ohm": 0.01, "rated_a": 400.0}


def load(node: str, units: int, p_kw: float) -> dict[str, Any]:
    counted = {"households": 10 * units, "mv_units": units, "capacity_kva": 315.0}
    return {"consumer_id": f"c-{node}", "node_id": node, "p_kw": p_kw, "q_kvar": 0.0, **counted}


def request(request_id: str = "R1", *equipment: str, minutes: int = 240, **changes: Any) -> WorkRequest:
    start = changes.pop("earliest", NOON - timedelta(hours=4))
    given = {
        "department": Department.OPERATIONS,
        "kind": WorkKind.MAINTENANCE,
        "title": Text("overhaul", "检修"),
        "latest": start + timedelta(days=5),
        "requester": "wang",
        **changes,
    }
    return WorkRequest(
        request_id=request_id, equipment_ids=equipment or ("lb",), duration_min=minutes, earliest=start, **given
    )
