"""A pandapower network as rows of the table format. Its line-end switches become switches with a node behind them.

    bus ─/switch─ "line @ bus" ──line── other bus

Only what the two networks of this source contain is mapped; anything else is refused, not ignored.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from everlit.kernel import Finding, Text
from everlit.sources.folder import UnableToConvert

DIGITS = 9
SWITCH_KINDS = {"CB": "breaker", "LBS": "load_break_switch"}
VECTOR_GROUPS = {("hv", 150.0): "YNd5", ("mv", 150.0): "Dyn5"}
ALONG_LINE, LARGEST_ALONG_M = 0.12, 12.0
METRES_PER_DEGREE = (111_320 * math.cos(math.radians(48.4)), 111_132.0)
Rows = list[dict[str, Any]]
Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Source:
    """A pandapower network and how its elements are called here, by table and index."""

    net: Any
    name: Callable[[str, int], str]

    def place(self, bus: int) -> Place:
        """Longitude and latitude of a bus as delivered."""
        lon, lat = json.loads(self.net.bus.geo.at[bus])["coordinates"]
        return float(lon), float(lat)

    def node(self, bus: int) -> str:
        """Identity of a bus."""
        return self.name("bus", bus)


def check(source: Source) -> None:
    """Refuse what this mapping would silently get wrong."""
    net = source.net
    odd = {
        "parallel lines": bool((net.line.parallel != 1).any()),
        "derated lines": bool((net.line.df != 1).any()),
        "line conductance": bool((net.line.g_us_per_km != 0).any()),
        "switches not at lines": bool((net.switch.et != "l").any()),
        "equipment out of service": not all(net[table].in_service.all() for table in ("bus", "line", "trafo", "load")),
        "taps not on the high side": bool((net.trafo.tap_side != "hv").any()),
        "voltage-dependent loads": bool((net.load.filter(regex="const_") != 0).any(axis=None)),
    }
    for what in (name for name, found in odd.items() if found):
        text = Text(en=f"The network has {what}.", zh=f"网络含有未支持的内容:{what}。")
        raise UnableToConvert(Finding("convert.unmapped", what, text))


def metres_between(one: Place, other: Place) -> float:
    """Distance on the ground, flat earth, good to a centimetre within a town."""
    return math.hypot(*((a - b) * m for a, b, m in zip(one, other, METRES_PER_DEGREE, strict=True)))


def bus_rows(source: Source, *, area_class: int) -> Rows:
    """Buses as nodes."""
    return [_node(source.node(bus), row.vn_kv, source.place(bus), area_class) for bus, row in source.net.bus.iterrows()]


def _node(identity: str, nominal_kv: float, place: Place, area_class: int) -> dict[str, Any]:
    lon, lat = (round(float(value), 7) for value in place)
    return {
        "node_id": identity,
        "nominal_kv": float(nominal_kv),
        "lon_deg": lon,
        "lat_deg": lat,
        "area_class": area_class,
    }


def line_rows(source: Source, *, area_class: int) -> tuple[Rows, Rows, Rows]:
    """Lines, their end switches, and the nodes behind those switches."""
    lines, switches, nodes = [], [], []
    ends = {(row.bus, row.element): (index, row) for index, row in source.net.switch.iterrows()}
    for index, row in source.net.line.iterrows():
        name = source.name("line", index)
        nodes_of_line = []
        for bus, far in ((row.from_bus, row.to_bus), (row.to_bus, row.from_bus)):
            node = source.node(bus)
            if (bus, index) in ends:
                number, device = ends[bus, index]
                behind = f"{name} @ {node}"
                place = _along(source.place(bus), source.place(far))
                nodes.append(_node(behind, source.net.bus.vn_kv.at[bus], place, area_class))
                switches.append(_switch(source.name("switch", number), device, node, behind))
                node = behind
            nodes_of_line.append(node)
        lines.append(_line(name, row, *nodes_of_line))
    return lines, switches, nodes


def _along(start: Place, goal: Place) -> Place:
    share = min(ALONG_LINE, LARGEST_ALONG_M / max(metres_between(start, goal), 1e-9))
    return start[0] + share * (goal[0] - start[0]), start[1] + share * (goal[1] - start[1])


def _line(name: str, row: Any, one: str, other: str) -> dict[str, Any]:
    km = float(row.length_km)
    return {
        "line_id": name, "from_node_id": one, "to_node_id": other, "length_m": round(km * 1e3, DIGITS),
        "r_ohm": float(row.r_ohm_per_km) * km, "x_ohm": float(row.x_ohm_per_km) * km,
        "b_us": 2 * math.pi * 50 * float(row.c_nf_per_km) * 1e-3 * km,
        "rated_a": round(float(row.max_i_ka) * 1e3, DIGITS),
        "kind": "overhead" if row.type == "ol" else "cable", "name": row.std_type,
    }  # fmt: skip


def _switch(name: str, row: Any, one: str, other: str) -> dict[str, Any]:
    return {
        "switch_id": name, "kind": SWITCH_KINDS[row.type], "from_node_id": one, "to_node_id": other,
        "normal_open": not row.closed,
    }  # fmt: skip


def transformer_row(source: Source, index: int) -> dict[str, Any]:
    """One transformer; main transformers (主变) count as no statistic unit."""
    row = source.net.trafo.loc[index]
    main = row.vn_hv_kv > 50
    kva = round(float(row.sn_mva) * 1e3, DIGITS)
    tap = 0.0 if np.isnan(row.tap_pos) else (row.tap_pos - row.tap_neutral) * row.tap_step_percent / 100
    return {
        "transformer_id": source.name("trafo", index), "hv_node_id": source.node(row.hv_bus),
        "lv_node_id": source.node(row.lv_bus), "rated_kva": kva,
        "hv_kv": float(row.vn_hv_kv), "lv_kv": float(row.vn_lv_kv),
        "uk_percent": float(row.vk_percent), "pk_kw": round(float(row.vkr_percent) / 100 * kva, DIGITS),
        "i0_percent": float(row.i0_percent), "p0_kw": float(row.pfe_kw),
        "vector_group": VECTOR_GROUPS["hv" if main else "mv", float(row.shift_degree)],
        "tap_pu": round(float(tap), DIGITS),
        "ownership": "utility" if main else "public", "mv_units": 0 if main else 1, "name": row.std_type,
    }  # fmt: skip


def consumer_row(source: Source, index: int, *, profile: str, households: int, mv_units: int = 0) -> dict[str, Any]:
    """One load; its scenario scaling is part of its nameplate power."""
    row = source.net.load.loc[index]
    capacity_kva = round(math.hypot(row.p_mw, row.q_mvar) * 1e3, 3)
    return {
        "consumer_id": source.name("load", index), "node_id": source.node(row.bus),
        "p_kw": round(float(row.p_mw * row.scaling) * 1e3, DIGITS),
        "q_kvar": round(float(row.q_mvar * row.scaling) * 1e3, DIGITS),
        "profile_id": profile, "households": households, "capacity_kva": capacity_kva, "mv_units": mv_units,
    }  # fmt: skip


def generator_row(source: Source, index: int, *, node: str) -> dict[str, Any]:
    """One photovoltaic plant at its rated power; the sun's shape scales it."""
    row = source.net.sgen.loc[index]
    return {
        "generator_id": source.name("sgen", index), "node_id": node, "kind": "pv",
        "p_kw": round(float(row.p_mw) * 1e3, DIGITS),
        "q_kvar": round(float(row.q_mvar) * 1e3, DIGITS), "rated_kva": round(float(row.sn_mva) * 1e3, DIGITS),
        "profile_id": "sun", "can_island": False,
    }  # fmt: skip
