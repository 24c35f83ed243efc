"""rbts2: bus 2 of the Roy Billinton Test System, four 11 kV feeders whose reliability is published.

Only the 11 kV feeders fail in it: what lies above the source, breakers and busbars are taken as perfect. Main sections
have an isolator at their upstream end, laterals a fuse; the ends of feeders 1 and 2, and of 3 and 4, meet at an open
point:

    SUB ─/CB1─ S1 ─ N25 ─/IS4─ S4 ─ N26 ─/IS7─ S7 ─ N27 ─/IS10─ S10 ─ N28 ∙ T12 ∙ N30 ─ … feeder 2
                     └/FU2/─ S2 ─ TR1 ═ LP1

This is case A of the paper; its other cases are the same network with less of this equipment, or with spare transformers.
"""

import csv
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from everlit.sources.cases.mapping import PUBLISHED, table_of
from everlit.sources.folder import Converted, prose

Row = dict[str, str]
MV_KV, LV_KV = 11.0, 0.415
OHM_PER_KM, REACTANCE_PER_KM = 0.3, 0.35
SIZES_KVA = (800.0, 1000.0, 2000.0)
LOSSES_KW = {800.0: 8.0, 1000.0: 10.0}
DIGITS = 12


def convert_rbts2() -> Converted:
    """The network in the table format, with its failure rates."""
    sections, points = _rows("sections"), {row["load_point"]: row for row in _rows("loadpoints")}
    feeders = {row["feeder"]: row for row in sections if row["from"] == "SUB"}
    tables = {
        "substations": table_of([{"substation_id": "st1", "name": "Bus 2 substation", "name_zh": "2号母线变电站"}]),
        "nodes": table_of(_nodes(sections)),
        "sources": table_of([{"source_id": "source", "node_id": "SUB", "voltage_pu": 1.0}]),
        "feeders": table_of(_feeder(name) for name in feeders),
        "lines": table_of(map(_line, sections)),
        "switches": table_of(_switches(sections, feeders)),
        "transformers": table_of(_transformer(row, points[row["to"]]) for row in sections if _transformed(row)),
        "consumers": table_of(_consumer(row, points[row["to"]]) for row in sections if row["to"] in points),
        "usage_points": table_of({"usage_point_id": f"{name}.up", "consumer_id": name} for name in points),
    }
    tables["failure_rates"] = table_of(_failure_rates(sections, tables["switches"]))
    return Converted("rbts2", tables, _manifest(), style="csv")


def size_for(peak_kw: float) -> float:
    """The smallest usual size that carries the published peak.

    >>> size_for(866.8)
    1000.0
    """
    return min(size for size in SIZES_KVA if size >= peak_kw)


def _rows(what: str) -> list[Row]:
    with (PUBLISHED / f"rbts2_allan1991_{what}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _transformed(row: Row) -> bool:
    return row["transformers"] == "1"


def _is_lateral(row: Row) -> bool:
    return row["to"].startswith("LP")


def _near(row: Row) -> str:
    """Where the line of a section begins: behind the breaker, isolator or fuse at its upstream end."""
    if row["from"] == "SUB" or row["isolators"] or _is_lateral(row):
        return f"{row['from']}.{row['section']}"
    return row["from"]


def _far(row: Row) -> str:
    return f"{row['to']}.mv" if _is_lateral(row) else row["to"]


def _number(row: Row) -> str:
    return row["section"].removeprefix("S")


def _nodes(sections: list[Row]) -> Iterator[dict[str, Any]]:
    yield {"node_id": "SUB", "nominal_kv": MV_KV, "substation_id": "st1"}
    for row in sections:
        for node in dict.fromkeys((_near(row), _far(row))):
            if node not in (row["from"], "SUB"):
                yield {"node_id": node, "nominal_kv": MV_KV}
        if _transformed(row):
            yield {"node_id": f"{row['to']}.lv", "nominal_kv": LV_KV}


def _feeder(name: str) -> dict[str, Any]:
    number = name.removeprefix("F")
    return {
        "feeder_id": name, "name": f"Feeder {number}", "name_zh": f"{number}号馈线", "substation_id": "st1",
        "head_switch_id": f"CB{number}", "unit": "district",
    }  # fmt: skip


def _line(row: Row) -> dict[str, Any]:
    km = float(row["length_km"])
    return {
        "line_id": row["section"], "from_node_id": _near(row), "to_node_id": _far(row), "length_m": round(km * 1000, 3),
        "r_ohm": round(km * OHM_PER_KM, DIGITS), "x_ohm": round(km * REACTANCE_PER_KM, DIGITS), "kind": "overhead",
    }  # fmt: skip


def _switches(sections: list[Row], feeders: dict[str, Row]) -> Iterator[dict[str, Any]]:
    for row in sections:
        name, kind = f"IS{_number(row)}", "disconnector"
        if row["from"] == "SUB":
            name, kind = f"CB{row['feeder'].removeprefix('F')}", "breaker"
        elif _is_lateral(row):
            name, kind = f"FU{_number(row)}", "fuse"
        if _near(row) != row["from"]:
            yield {
                "switch_id": name, "kind": kind, "from_node_id": row["from"], "to_node_id": _near(row),
                "normal_open": False,
            }  # fmt: skip
    for one, other in (("F1", "F2"), ("F3", "F4")):
        yield {
            "switch_id": f"T{one[1:]}{other[1:]}", "kind": "load_break_switch", "from_node_id": feeders[one]["tie_node"],
            "to_node_id": feeders[other]["tie_node"], "normal_open": True,
        }  # fmt: skip


def _transformer(row: Row, point: Row) -> dict[str, Any]:
    kva = size_for(1000 * float(point["peak_load_MW"]))
    return {
        "transformer_id": f"TR{row['to'].removeprefix('LP')}", "hv_node_id": _far(row), "lv_node_id": f"{row['to']}.lv",
        "rated_kva": kva, "hv_kv": MV_KV, "lv_kv": LV_KV, "uk_percent": 4.5, "pk_kw": LOSSES_KW[kva],
    }  # fmt: skip


def _consumer(row: Row, point: Row) -> dict[str, Any]:
    own = not _transformed(row)
    return {
        "consumer_id": row["to"], "node_id": _far(row) if own else f"{row['to']}.lv",
        "p_kw": round(1000 * float(point["avg_load_MW"]), 6), "households": int(point["customers"]),
        "capacity_kva": size_for(1000 * float(point["peak_load_MW"])) if own else None, "mv_units": int(own),
        "name": point["customer_type"],
    }  # fmt: skip


def _failure_rates(sections: list[Row], switches: pa.Table) -> Iterator[dict[str, Any]]:
    for row in sections:
        per_year = float(row["length_km"]) * float(row["lambda_line_per_km"])
        yield _rate(row["section"], failures_per_year=round(per_year, DIGITS), repair_h=float(row["r_line_h"]))
    for row in filter(_transformed, sections):
        yield _rate(
            f"TR{row['to'].removeprefix('LP')}",
            failures_per_year=float(row["lambda_tr"]),
            repair_h=float(row["r_tr_repair_h"]),
            replace_h=float(row["r_tr_replace_h"]),
        )
    (hours,) = {float(row["switching_h"]) for row in sections}
    for name in switches.column("switch_id").to_pylist():
        yield _rate(name, operate_h=hours)


def _rate(
    equipment: str,
    *,
    failures_per_year: float | None = None,
    repair_h: float | None = None,
    replace_h: float | None = None,
    operate_h: float | None = None,
) -> dict[str, Any]:
    return {
        "equipment_id": equipment, "failures_per_year": failures_per_year, "repair_h": repair_h, "replace_h": replace_h,
        "spare": False, "operate_h": operate_h,
    }  # fmt: skip


def _manifest() -> dict[str, Any]:
    return {
        "title": {"en": "RBTS bus 2 distribution system", "zh": "RBTS 2号母线配电系统"},
        "licence": "Facts re-typed from the paper; no licence is needed for them",
        "provenance": prose("""
            R. N. Allan, R. Billinton, I. Sjarief, L. Goel, K. S. So: A reliability test system for educational purposes -
            basic distribution system data and results, IEEE Transactions on Power Systems 6(2), 1991. Re-typed tables:
            everlit/sources/cases/published. Powers are the average loads.
        """),
        "generated": prose("""
            Resistances and reactances, sizes and losses of transformers and the capacity of the two 11 kV customers (the
            next usual size above the published peak). Ratings of lines and switches are not published and stay empty.
        """),
        "published": {
            "case_a": {"saifi": 0.248, "saidi_h": 3.61, "caidi_h": 14.55, "ens_mwh": 37.746},
            "case_e": {"saifi": 0.248, "saidi_h": 0.77, "caidi_h": 3.08, "ens_mwh": 8.844},
        },
    }
