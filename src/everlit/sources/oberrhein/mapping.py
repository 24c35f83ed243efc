"""Joining the LV town to the MV country: which transformer hangs at which bus, and which MV loads it replaces.

The MV network models every LV area as one load behind a station transformer. Where the LV town has the real grid of
that station, the station's transformer and its one load give way to it; its roof-top plants move to the LV busbar.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from everlit.grid.shapes import made_up_shapes
from everlit.kernel import Finding, Severity, Text
from everlit.sources.folder import Converted, UnableToConvert, prose
from everlit.sources.invented import operating_units, usage_points
from everlit.sources.oberrhein import networks as pp

SEED = 20_200_806
WITHIN_M = 30.0
PREFIX = "T_idx_"
BESIDE_M = 5.0
TOWN_CLASS, COUNTRY_CLASS = 3, 4
RING_OPENED_AT = "LV line 13417 @ N3209"  # the one LV ring the town is delivered with
STATION_NAMES = {"58": ("Substation East", "东变电站"), "318": ("Substation West", "西变电站")}


@dataclass(frozen=True, slots=True)
class Join:
    """An LV transformer, the MV bus it names, and the station transformer and load of the MV model it replaces."""

    transformer: int
    name: str
    mv_bus: int
    distance_m: float
    station: int | None
    load: int | None


def read_networks() -> tuple[pp.Source, pp.Source]:
    """Both networks from the files inside the installed package, scenario "load"; only converting needs the package."""
    try:
        import pandapower.networks as library
    except ModuleNotFoundError as missing:
        text = Text(en="The package pandapower is not installed.", zh="未安装 pandapower 包。")
        raise UnableToConvert(Finding("convert.package", "pandapower", text)) from missing
    country = library.mv_oberrhein(scenario="load", include_substations=True)
    town = library.lv_schutterwald(include_heat_pumps=False)
    return pp.Source(country, partial(_country_name, country)), pp.Source(town, partial(_town_name, town))


def _country_name(net: Any, table: str, index: int) -> str:
    return str(net[table].name.at[index])


def _town_name(net: Any, table: str, index: int) -> str:
    """Delivered names; lines and switches of the town have none of their own, and two of its buses are called alike."""
    if table in ("line", "switch"):
        return f"LV {table} {index}"
    name = str(net[table].name.at[index])
    return f"{name} ({index})" if table == "bus" and (net.bus.name == name).sum() > 1 else name


def join(country: pp.Source, town: pp.Source) -> tuple[list[Join], list[Finding]]:
    """Which LV transformer hangs where, and a finding for each that cannot be placed or fits badly."""
    joins, findings = [], []
    for index, row in town.net.trafo.iterrows():
        number = row["name"].removeprefix(PREFIX)
        bus = int(number) if number.isdigit() else -1
        place = town.place(row.hv_bus)
        if bus not in country.net.bus.index or pp.metres_between(place, country.place(bus)) > WITHIN_M:
            findings.append(_unmatched(country, town, index))
            continue
        station = country.net.trafo.index[(country.net.trafo.hv_bus == bus) & (country.net.trafo.vn_lv_kv < 1)]
        load = country.net.load.index[country.net.load.bus.isin(country.net.trafo.lv_bus.loc[station])]
        away = round(pp.metres_between(place, country.place(bus)), 1)
        found = Join(index, row["name"], bus, away, *(int(part[0]) if len(part) else None for part in (station, load)))
        joins.append(found)
        if found.station is None:
            findings.append(_added(found))
    return joins, findings


def _unmatched(country: pp.Source, town: pp.Source, index: int) -> Finding:
    row = town.net.trafo.loc[index]
    place = town.place(row.hv_bus)
    mv = [bus for bus in country.net.bus.index if country.net.bus.vn_kv.at[bus] > 1]
    nearest = min(mv, key=lambda bus: pp.metres_between(place, country.place(bus)))
    zone = town.net.bus.zone == row["name"]
    evidence = {
        "nearest_bus": country.node(nearest),
        "nearest_m": round(pp.metres_between(place, country.place(nearest)), 1),
        "lv_buses": int(zone.sum()),
        "households": int(town.net.load.bus.map(zone).sum()),
    }
    text = Text(
        en=f"Transformer {row['name']} names no MV bus; the nearest is {evidence['nearest_m']} m away. "
        f"Its LV grid with {evidence['households']} customers is left out.",
        zh=f"变压器 {row['name']} 未对应任何中压节点,最近的相距 {evidence['nearest_m']} 米;"
        f"其低压网({evidence['households']} 户)未纳入。",
    )
    return Finding("convert.join.unmatched", str(row["name"]), text, evidence, Severity.WARNING)


def _added(found: Join) -> Finding:
    text = Text(
        en=f"The MV network has no station at the bus of {found.name}; its LV grid was added there.",
        zh=f"中压网在 {found.name} 的节点处没有配电站,已在此接入其低压网。",
    )
    return Finding("convert.join.added", found.name, text, {"distance_m": found.distance_m}, Severity.NOTE)


def _open_ring(switches: pp.Rows) -> Finding:
    """The town is delivered with one closed LV ring; operated radially it has an open point, here at its far switch."""
    place = next(row for row in switches if row["to_node_id"] == RING_OPENED_AT)
    place["normal_open"] = True
    text = Text(
        en=f"The LV ring of transformer T_idx_78 is delivered closed; {place['switch_id']} was set normally open.",
        zh=f"变压器 T_idx_78 的低压环网原为合环,已将 {place['switch_id']} 设为常开。",
    )
    return Finding("convert.ring.opened", place["switch_id"], text, {"node": RING_OPENED_AT}, Severity.WARNING)


# ------------------------------------------------------------------------------------------------ the city
def convert() -> Converted:
    """The city `ortenau`."""
    country, town = read_networks()
    pp.check(country)
    pp.check(town)
    joins, findings = join(country, town)
    rows = _country_rows(country, joins)
    for table, more in _town_rows(country, town, joins).items():
        rows[table] = rows.get(table, []) + more
    findings.append(_open_ring(rows["switches"]))
    rows |= {"substations": _substations(country), "sources": _sources(country), "feeders": _feeders(country)}
    _mark_station_nodes(country, rows)
    tables = {name: pa.Table.from_pylist(part) for name, part in rows.items()}
    people = tables["consumers"].filter(np.asarray([not row["aggregate"] for row in rows["consumers"]]))
    tables["consumers"] = tables["consumers"].drop_columns(["aggregate"])
    tables["usage_points"] = usage_points(people, seed=SEED)
    tables["profiles"] = made_up_shapes(SEED)
    return Converted("ortenau", tables, _manifest(joins), findings=tuple(findings))


def _country_rows(country: pp.Source, joins: Sequence[Join]) -> dict[str, pp.Rows]:
    net = country.net
    replaced = {found.station for found in joins}
    gone_buses = {net.trafo.lv_bus.at[station] for station in replaced if station is not None}
    lines, switches, behind = pp.line_rows(country, area_class=COUNTRY_CLASS)
    gone_nodes = {country.node(bus) for bus in gone_buses}
    nodes = [row for row in pp.bus_rows(country, area_class=COUNTRY_CLASS) if row["node_id"] not in gone_nodes]
    for row in nodes:
        if row["nominal_kv"] < 1:  # delivered at the very place of the MV bus
            row["lat_deg"] = round(row["lat_deg"] - BESIDE_M / pp.METRES_PER_DEGREE[1], 7)
    return {
        "nodes": nodes + behind,
        "lines": lines,
        "switches": [{**row, "remote": row["kind"] == "breaker"} for row in switches],
        "transformers": [pp.transformer_row(country, index) for index in net.trafo.index if index not in replaced],
        "consumers": [
            _country_consumer(country, index) for index in net.load.index if net.load.bus.at[index] not in gone_buses
        ],
        "generators": _country_generators(country, joins),
    }


def _country_consumer(country: pp.Source, index: int) -> dict[str, Any]:
    """An MV customer, or the one load that stands for a whole LV area; nobody counted the homes behind the latter."""
    aggregate = country.net.load.type.at[index] == "MV/LV Station"
    profile = "home" if aggregate else "works"
    row = pp.consumer_row(country, index, profile=profile, households=0, mv_units=0 if aggregate else 1)
    return {**row, "aggregate": aggregate}


def _country_generators(country: pp.Source, joins: Sequence[Join]) -> pp.Rows:
    lv_bus, buses = country.net.trafo.lv_bus, country.net.sgen.bus
    moved = {lv_bus.at[found.station]: f"NS_bus_idx_{found.mv_bus}" for found in joins if found.station is not None}
    nodes = {index: moved.get(bus, country.node(bus)) for index, bus in buses.items()}
    return [pp.generator_row(country, index, node=node) for index, node in nodes.items()]


def _town_rows(country: pp.Source, town: pp.Source, joins: Sequence[Join]) -> dict[str, pp.Rows]:
    """The LV grids that were placed, each behind a switch of its own at its MV bus."""
    zones = {found.name for found in joins}
    zone_of = town.net.bus.zone
    inside = {town.node(bus) for bus in town.net.bus.index if zone_of.at[bus] in zones}
    lines, switches, behind = pp.line_rows(town, area_class=TOWN_CLASS)
    home = {row["node_id"]: row["node_id"].split(" @ ")[-1] for row in behind}

    def placed(row: dict[str, Any]) -> bool:
        return all(home.get(row[end], row[end]) in inside for end in ("from_node_id", "to_node_id"))

    lines = [row for row in lines if placed(row)]
    kept = {row[end] for row in lines for end in ("from_node_id", "to_node_id")}
    return {
        "nodes": [row for row in pp.bus_rows(town, area_class=TOWN_CLASS) if row["node_id"] in inside]
        + [row for row in behind if row["node_id"] in kept],
        "lines": lines,
        "switches": [_station_switch(country, town, found) for found in joins]
        + [{**row, "remote": False} for row in switches if row["to_node_id"] in kept],
        "transformers": [pp.transformer_row(town, found.transformer) for found in joins],
        "consumers": [
            {**pp.consumer_row(town, index, profile="home", households=1), "aggregate": False}
            for index in town.net.load.index
            if town.node(town.net.load.bus.at[index]) in inside
        ],
    }


def _station_switch(country: pp.Source, town: pp.Source, found: Join) -> dict[str, Any]:
    return {
        "switch_id": f"{found.name} switch", "kind": "load_break_switch", "from_node_id": country.node(found.mv_bus),
        "to_node_id": town.node(town.net.trafo.hv_bus.at[found.transformer]), "normal_open": False, "remote": False,
    }  # fmt: skip


# -------------------------------------------------------------------------------------------------- stations
def _mains(country: pp.Source) -> Any:
    return country.net.trafo[country.net.trafo.vn_hv_kv > 50]


def _substations(country: pp.Source) -> pp.Rows:
    rows = []
    for bus in _mains(country).hv_bus:
        name, name_zh = STATION_NAMES[str(bus)]
        lon, lat = (round(value, 7) for value in country.place(bus))
        rows.append(
            {"substation_id": f"station {bus}", "name": name, "name_zh": name_zh, "lon_deg": lon, "lat_deg": lat}
        )
    return rows


def _mark_station_nodes(country: pp.Source, rows: dict[str, pp.Rows]) -> None:
    station = {
        country.node(row[end]): f"station {row.hv_bus}"
        for _, row in _mains(country).iterrows()
        for end in ("hv_bus", "lv_bus")
    }
    for row in rows["nodes"]:
        row["substation_id"] = station.get(row["node_id"])


def _sources(country: pp.Source) -> pp.Rows:
    return [
        {
            "source_id": row["name"],
            "node_id": country.node(row.bus),
            "voltage_pu": float(row.vm_pu),
            "angle_deg": float(row.va_degree),
        }
        for _, row in country.net.ext_grid.iterrows()
    ]


def _feeders(country: pp.Source) -> pp.Rows:
    """A feeder begins at every breaker of a 20 kV busbar."""
    rows: pp.Rows = []
    east, north = [], []
    net = country.net
    middle = np.mean([country.place(bus) for bus in _mains(country).lv_bus], axis=0)
    for _, main in _mains(country).iterrows():
        heads = net.switch[(net.switch.bus == main.lv_bus) & (net.switch.type == "CB")]
        for index, head in heads.iterrows():
            line = net.line.loc[head.element]
            far = country.place(line.to_bus if line.from_bus == main.lv_bus else line.from_bus)
            east.append((far[0] - middle[0]) * pp.METRES_PER_DEGREE[0])
            north.append((far[1] - middle[1]) * pp.METRES_PER_DEGREE[1])
            number = len(rows) + 1
            rows.append({
                "feeder_id": f"feeder {number}", "name": f"Feeder {number} ({line['name']})",
                "name_zh": f"{number}号馈线",
                "substation_id": f"station {main.hv_bus}", "head_switch_id": country.name("switch", index),
            })  # fmt: skip
    units = operating_units(np.array(east), np.array(north), np.ones(len(rows)), units=2)
    return [{**row, "unit": unit} for row, unit in zip(rows, units, strict=True)]


def _manifest(joins: Sequence[Join]) -> dict[str, Any]:
    return {
        "title": {"en": "Ortenau (Upper Rhine)", "zh": "奥尔特瑙(上莱茵)"},
        "licence": "BSD-3-Clause",
        "provenance": prose("""
            pandapower networks mv_oberrhein (scenario load, with substations) and lv_schutterwald (no heat
            pumps). Copyright (c) 2016-2026 University of Kassel, Fraunhofer IEE and the pandapower
            contributors, BSD 3-Clause. Schutterwald: Energies 13(16) 4052, 2020. Coordinates WGS-84 as
            delivered. Where the LV grid of a station is known it replaces the station's transformer and load.
            Every other value as delivered but for the findings; the scenario's load scaling of 0.6 is part of
            p_kw.
        """),
        "generated": prose("""
            Load and generation shapes (formulas with a seed). A switch at the high side of every joined
            transformer. Importance grades, life support, names of usage points (fictional). Operating units,
            area classes, names of substations. Breakers of 20 kV busbars count as remote-controlled. LV busbars
            of stations without an LV grid stand 5 m south of their MV bus, nodes behind switches a few metres
            along the line. Households are known only where the LV grid is known: one per LV load.
        """),
        "joined": [{"transformer": j.name, "mv_bus": j.mv_bus, "distance_m": j.distance_m} for j in joins],
    }
