"""Networks written as text: `"S a: s1"` is a closed load-break switch, `"a b: line l1"` a line, `"b: load 50"` a load.

The node `S` is a source; `"R: source"` makes another. A switch takes words: its kind, `open`, `locked`, `unphased`.
"""

from collections import defaultdict
from typing import Any

import pyarrow as pa

from everlit.grid.schema import SCHEMA, SWITCH_KINDS
from everlit.grid.tables import ARROW_TYPES, network_of


def network_from(*rows: str, kv: float = 10.0, r_ohm: float = 0.1, x_ohm: float = 0.1, rated_a: float | None = None):
    """The network drawn by `rows`; lines take `r=`, `x=`, `a=`, loads `load KW [HOUSEHOLDS] [importance]`."""
    tables: dict[str, list[dict[str, Any]]] = defaultdict(list)
    nodes: dict[str, None] = {"S": None}
    tables["sources"].append({"source_id": "src-S", "node_id": "S"})
    for row in rows:
        ends, _, what = row.partition(": ")
        places, words = ends.split(), what.split()
        nodes.update(dict.fromkeys(places))
        if len(places) == 1:
            add_at(tables, places[0], words)
        else:
            add_between(tables, places[0], places[1], words, (r_ohm, x_ohm, rated_a))
    tables["nodes"] = [{"node_id": node, "nominal_kv": kv} for node in nodes]
    made = {}
    for schema in SCHEMA:
        rows_of = tables[schema.name]
        columns = {c.name: pa.array([row.get(c.name) for row in rows_of], ARROW_TYPES[c.kind]) for c in schema.columns}
        made[schema.name] = pa.table(columns)
    return network_of(made, {"name": "drawn"})


def add_between(tables, one, other, words, electrical):
    if words[0] == "line":
        given = dict(word.split("=") for word in words[2:])
        r_ohm, x_ohm, rated_a = (given.get(key, default) for key, default in zip("rxa", electrical, strict=True))
        tables["lines"].append(
            {"line_id": words[1], "from_node_id": one, "to_node_id": other, "length_m": 100.0, "r_ohm": float(r_ohm),
             "x_ohm": float(x_ohm), "rated_a": None if rated_a is None else float(rated_a)}
        )  # fmt: skip
        return
    kind = next((word for word in words[1:] if word in SWITCH_KINDS), "load_break_switch")
    tables["switches"].append(
        {"switch_id": words[0], "kind": kind, "from_node_id": one, "to_node_id": other, "normal_open": "open" in words,
         "locked": "locked" in words, "phased": "unphased" not in words, "remote": "remote" in words}
    )  # fmt: skip


def add_at(tables, node, words):
    count = len(tables["consumers"]) + 1
    if words[0] == "source":
        tables["sources"].append({"source_id": f"src-{node}", "node_id": node})
    elif words[0] == "generator":
        tables["generators"].append(
            {"generator_id": words[1], "node_id": node, "kind": "pv", "p_kw": 10.0, "rated_kva": 11.0}
        )
    elif words[0] == "earth":
        tables["switches"].append(
            {"switch_id": words[1], "kind": "ground_disconnector", "from_node_id": node, "normal_open": True}
        )
    else:
        households = int(words[2]) if len(words) > 2 else 1
        tables["consumers"].append(
            {"consumer_id": f"c{count}", "node_id": node, "p_kw": float(words[1]), "q_kvar": 0.0,
             "households": households, "mv_units": 1}
        )  # fmt: skip
        if len(words) > 3:
            point = {"usage_point_id": f"u{count}", "consumer_id": f"c{count}", "importance": words[3]}
            tables["usage_points"].append(point)
