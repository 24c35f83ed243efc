"""Networks with everything a ticket can stumble over, written as text.

"S a: s1 breaker open a=400 remote"   a switch: identity, kind, open, locked, unphased, remote, rating
"a b: line l1 r=0.1 x=0.1 a=300"      a line          "a lv: trafo t1 Yyn0"   a transformer 10/0.4 kV (main: 110/10)
"b: load 50 3"                        kW, households   "b: gen g1 island"      a generator, perhaps one that can island
"a: earth e1"   "R: source angle=30"  "s1: feeder f1"  "b: kv 0.4"
"""

from collections import defaultdict
from typing import Any

import pyarrow as pa

from everlit.grid import Grid, compile_network
from everlit.grid.schema import SCHEMA, SWITCH_KINDS
from everlit.grid.tables import ARROW_TYPES, network_of
from everlit.switching.simulate import simulate
from everlit.switching.step import Action, Step


def sketch(*rows: str) -> Grid:
    """The compiled grid drawn by `rows`; node S is a source at 10 kV."""
    tables: dict[str, list[dict[str, Any]]] = defaultdict(list)
    kv: dict[str, float] = {"S": 10.0}
    tables["sources"].append({"source_id": "src-S", "node_id": "S"})
    for row in rows:
        ends, _, what = row.partition(": ")
        words = what.split()
        given = dict(word.split("=") for word in words if "=" in word)
        if words[0] != "feeder":
            for node in ends.split():
                kv.setdefault(node, 10.0)
        (_between if " " in ends else _at)(tables, kv, ends.split(), words, given)
    tables["nodes"] = [{"node_id": node, "nominal_kv": level} for node, level in kv.items()]
    made = {}
    for schema in SCHEMA:
        of = tables[schema.name]
        made[schema.name] = pa.table(
            {c.name: pa.array([row.get(c.name) for row in of], ARROW_TYPES[c.kind]) for c in schema.columns}
        )
    return compile_network(network_of(made, {"name": "sketch"}))


def _between(tables, kv, ends, words, given):
    one, other = ends
    if words[0] == "line":
        row = {"line_id": words[1], "from_node_id": one, "to_node_id": other, "length_m": 100.0, "b_us": given.get("b")}
        row |= {"r_ohm": float(given.get("r", 0.1)), "x_ohm": float(given.get("x", 0.1)), "rated_a": given.get("a")}
        tables["lines"].append({key: float(v) if key in ("rated_a", "b_us") and v else v for key, v in row.items()})
    elif words[0] == "trafo":
        main = "main" in words
        kv[one], kv[other] = (110.0, 10.0) if main else (kv[one], 0.4)
        tables["transformers"].append(
            {"transformer_id": words[1], "hv_node_id": one, "lv_node_id": other, "rated_kva": float(given.get("kva", 630)),
             "hv_kv": kv[one], "lv_kv": kv[other], "uk_percent": 6.0, "pk_kw": 5.0, "i0_percent": float(given.get("i0", 0)),
             "vector_group": words[2], "mv_units": 0 if main else 1}
        )  # fmt: skip
    else:
        level = min(kv[one], kv[other])
        kv[one] = kv[other] = level
        kind = next((word for word in words[1:] if word in SWITCH_KINDS), "load_break_switch")
        flags = {"normal_open": "open", "locked": "locked", "remote": "remote"}
        tables["switches"].append(
            {"switch_id": words[0], "kind": kind, "from_node_id": one, "to_node_id": other, "phased": "unphased" not in words,
             "rated_a": float(given["a"]) if "a" in given else None, **{key: word in words for key, word in flags.items()}}
        )  # fmt: skip


def _at(tables, kv, ends, words, given):
    (node,) = ends
    match words[0]:
        case "kv":
            kv[node] = float(words[1])
        case "source":
            row = {"source_id": f"src-{node}", "node_id": node, "angle_deg": float(given.get("angle", 0))}
            row["voltage_pu"] = float(given.get("u", 1.0))
            row["short_circuit_mva"] = float(given["mva"]) if "mva" in given else None
            tables["sources"].append(row)
        case "gen":
            row = {"generator_id": words[1], "node_id": node, "kind": "pv", "p_kw": 10.0, "rated_kva": 11.0}
            tables["generators"].append({**row, "can_island": "island" in words})
        case "earth":
            row = {"switch_id": words[1], "kind": "ground_disconnector", "from_node_id": node, "normal_open": True}
            tables["switches"].append(row)
        case "feeder":
            tables["feeders"].append({"feeder_id": words[1], "name": words[1], "head_switch_id": node})
        case "load":
            count = len(tables["consumers"]) + 1
            row = {"consumer_id": f"c{count}", "node_id": node, "p_kw": float(words[1]), "q_kvar": 0.0, "mv_units": 1}
            tables["consumers"].append({**row, "households": int(words[2]) if len(words) > 2 else 1})


def steps_of(*texts: str) -> list[Step]:
    """Steps as text: "open s1", "close t @20" (done at minute 20), "permit p sec:a sec:b"."""
    made = []
    for number, text in enumerate(texts, start=1):
        words = text.split()
        at = next((float(word[1:]) for word in words if word.startswith("@")), float(number))
        area = tuple(word for word in words[2:] if not word.startswith("@"))
        named = {word.split("=")[0]: word.split("=")[1] for word in area if word.startswith("name=")}
        area = tuple(word for word in area if not word.startswith("name="))
        made.append(Step(Action(words[0]), words[1], named.get("name", ""), number=number, at_min=at, area=area))
    return made


def kinds(grid: Grid, *texts: str, loads=None, closed=None, **options) -> list[str]:
    """Which predicates some steps break, without their prefix."""
    start = grid.switch_normal_closed if closed is None else closed
    trace = simulate(grid, start, steps_of(*texts), loads, **options)
    return [finding.kind.removeprefix("safety.") for finding in trace.violations]
