"""From the SimBench tables to the table format. MW become kW, types become values, line-end switches stay switches.

SimBench places a switch between a bus and an auxiliary node at which a line or transformer begins:

    Bus 11 ─/Switch 13─ Bus 11_2 ──Line 2── Bus 12_2 ─/Switch 14─ Bus 12

and so does the table format, which is why nothing has to be merged or invented for the topology.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from everlit.kernel import Finding, Severity, Text
from everlit.sources.folder import QUARTER_HOURS_OF_A_LEAP_YEAR, Converted, UnableToConvert, prose
from everlit.sources.invented import operating_units, usage_points
from everlit.sources.simbench.positions import METRES_PER_DEGREE, map_positions

CODE = "1-MVLV-urban-all-0-sw"
STATION = "HV1_MV3.101_Substation"
BASE_STATION = "MV3.101_Base_Station"
SEED = 20_160_101
EXACT_DIGITS = 9  # finer than any value of the files, coarser than the error of a product with 1000
SWITCH_KINDS = {"CB": "breaker", "LBS": "load_break_switch", "LS": "load_break_switch", "DS": "disconnector"}
AREA_CLASS = {"LV3": 3, "LV4": 2, "LV5": 2, "LV6": 1}  # rural, semi-urban, semi-urban, urban LV grid types
Frames = Mapping[str, pd.DataFrame]


def read_frames() -> Frames:
    """The tables of this one grid from the data inside the installed package; only converting needs the package."""
    try:
        from simbench.networks import extract_simbench_grids_from_csv as extract
    except ModuleNotFoundError as missing:
        text = Text(en="The package simbench is not installed.", zh="未安装 simbench 包。")
        raise UnableToConvert(Finding("convert.package", "simbench", text)) from missing
    folder = extract.complete_data_path(0)
    frames: Frames = extract.get_extracted_csv_data(extract.get_relevant_subnets(CODE, folder), folder)
    return frames


def convert() -> Converted:
    """The city `urban`."""
    frames = read_frames()
    nodes, coincident = _nodes(frames)
    consumers = _consumers(frames)
    tables = {
        "substations": _substations(nodes),
        "nodes": pa.Table.from_pandas(nodes, preserve_index=False),
        "sources": _sources(frames),
        "feeders": _feeders(frames, nodes),
        "lines": _lines(frames),
        "switches": _switches(frames),
        "transformers": _transformers(frames),
        "consumers": consumers,
        "usage_points": usage_points(consumers, seed=SEED),
        "generators": _generators(frames),
        "profiles": _profiles(frames),
    }
    return Converted("urban", tables, _manifest(), findings=(coincident,))


# ------------------------------------------------------------------------------------------------- places
def _nodes(frames: Frames) -> tuple[pd.DataFrame, Finding]:
    at = frames["Coordinates"].set_index("id")
    node = frames["Node"]
    places = at[["x", "y"]].loc[node.coordID].to_numpy()
    delivered = pd.DataFrame(places, index=node.id, columns=["lon", "lat"])
    placed = map_positions(delivered, frames)
    classes = node.subnet.str.extract(r"(LV\d)")[0].map(AREA_CLASS).fillna(2).astype(int)
    made = pd.DataFrame({
        "node_id": node.id.to_numpy(), "nominal_kv": node.vmR.to_numpy(), "lon_deg": placed.lon.to_numpy(),
        "lat_deg": placed.lat.to_numpy(), "area_class": classes.to_numpy(),
        "substation_id": node.substation.where(node.substation.notna(), None).to_numpy(),
    })  # fmt: skip
    behind_switch = (node.type == "auxiliary") & ~node.id.str.contains(r"node\d$")
    return made, _coincident(delivered[~behind_switch.to_numpy()])


def _coincident(delivered: pd.DataFrame) -> Finding:
    """Buses that were delivered at the place of another one, mostly of a neighbouring LV grid."""
    again = int(delivered.duplicated(["lon", "lat"]).sum())
    shared = int(delivered.duplicated(["lon", "lat"], keep=False).sum())
    text = Text(
        en=f"{again} of {len(delivered)} buses stand where another already stands; they were moved apart for the map.",
        zh=f"{len(delivered)} 个母线节点中有 {again} 个与其他节点坐标重合,制图时已分开。",
    )
    evidence = {"buses": len(delivered), "where_another_stands": again, "sharing_a_place": shared}
    return Finding("convert.coordinates.shared", "nodes", text, evidence, Severity.NOTE)


def _substations(nodes: pd.DataFrame) -> pa.Table:
    first = nodes.dropna(subset=["substation_id"]).groupby("substation_id", sort=False).first()
    names = {STATION: ("110/10 kV substation", "110千伏变电站"), BASE_STATION: ("Base station (switching)", "开闭所")}
    return pa.table({
        "substation_id": first.index.to_numpy(), "name": [names[key][0] for key in first.index],
        "name_zh": [names[key][1] for key in first.index], "lon_deg": first.lon_deg.to_numpy(),
        "lat_deg": first.lat_deg.to_numpy(),
    })  # fmt: skip


def _sources(frames: Frames) -> pa.Table:
    external = frames["ExternalNet"]
    setpoint = frames["Node"].set_index("id").loc[external.node]
    return pa.table({
        "source_id": external.id.to_numpy(), "node_id": external.node.to_numpy(),
        "voltage_pu": setpoint.vmSetp.to_numpy(), "angle_deg": setpoint.vaSetp.to_numpy(),
    })  # fmt: skip


# ---------------------------------------------------------------------------------------------- equipment
def _lines(frames: Frames) -> pa.Table:
    line = frames["Line"]
    kind = frames["LineType"].set_index("id").loc[line.type]
    km = line.length.to_numpy()
    return pa.table({
        "line_id": line.id.to_numpy(), "from_node_id": line.nodeA.to_numpy(), "to_node_id": line.nodeB.to_numpy(),
        "length_m": _exact(km * 1e3), "r_ohm": kind.r.to_numpy() * km, "x_ohm": kind.x.to_numpy() * km,
        "b_us": kind.b.to_numpy() * km, "rated_a": _exact(kind.iMax.to_numpy() * line.loadingMax.to_numpy() / 100),
        "kind": kind.type.map({"cable": "cable", "ohl": "overhead"}).to_numpy(), "name": line.type.to_numpy(),
    })  # fmt: skip


def _switches(frames: Frames) -> pa.Table:
    switch = frames["Switch"]
    return pa.table({
        "switch_id": switch.id.to_numpy(), "kind": switch.type.map(SWITCH_KINDS).to_numpy(),
        "from_node_id": switch.nodeA.to_numpy(), "to_node_id": switch.nodeB.to_numpy(),
        "normal_open": (switch.cond == 0).to_numpy(),
        "remote": ((switch.type == "CB") & (switch.voltLvl < 7)).to_numpy(),
    })  # fmt: skip


def _transformers(frames: Frames) -> pa.Table:
    unit = frames["Transformer"]
    kind = frames["TransformerType"].set_index("id").loc[unit.type]
    main = (kind.vmHV > 50).to_numpy()
    tap = (unit.tappos.to_numpy() - kind.tapNeutr.to_numpy()) * kind.dVm.to_numpy() / 100
    if not (kind.tapside == "HV").all():
        text = Text(en="A tap changer is not on the high side.", zh="存在非高压侧分接开关。")
        raise UnableToConvert(Finding("convert.tap", "Transformer", text))
    return pa.table({
        "transformer_id": unit.id.to_numpy(),
        "hv_node_id": unit.nodeHV.to_numpy(), "lv_node_id": unit.nodeLV.to_numpy(),
        "rated_kva": _exact(kind.sR.to_numpy() * 1e3), "hv_kv": kind.vmHV.to_numpy(), "lv_kv": kind.vmLV.to_numpy(),
        "uk_percent": kind.vmImp.to_numpy(), "pk_kw": kind.pCu.to_numpy(), "i0_percent": kind.iNoLoad.to_numpy(),
        "p0_kw": kind.pFe.to_numpy(), "vector_group": unit.type.str.extract(r"((?:Dyn|YNd)\d+)")[0].to_numpy(),
        "tap_pu": _exact(tap), "ownership": np.where(main, "utility", "public"), "mv_units": np.where(main, 0, 1),
        "name": unit.type.to_numpy(),
    })  # fmt: skip


def _feeders(frames: Frames, nodes: pd.DataFrame) -> pa.Table:
    """A feeder begins at every breaker between a busbar of a station and the line that leaves it."""
    node, switch, line = frames["Node"].set_index("id"), frames["Switch"], frames["Line"].set_index("nodeA")
    outgoing = switch[(node.type.loc[switch.nodeA] == "busbar").to_numpy() & switch.nodeB.isin(line.index).to_numpy()]
    outgoing = outgoing[
        (node.vmR.loc[outgoing.nodeA] == 10).to_numpy() & node.substation.loc[outgoing.nodeA].notna().to_numpy()
    ]
    leaving = line.loc[outgoing.nodeB]
    names = [
        subnet if "Feeder" in subnet else f"{identity} (feeder)"
        for subnet, identity in zip(leaving.subnet, leaving.id, strict=True)
    ]
    numbers = pd.Series(names).str.extract(r"Feeder(\d+)$")[0]
    return pa.table({
        "feeder_id": names,
        "name": [f"Feeder {n}" if isinstance(n, str) else "Reserve line" for n in numbers],
        "name_zh": [f"{n}号馈线" if isinstance(n, str) else "备用线" for n in numbers],
        "substation_id": node.substation.loc[outgoing.nodeA].to_numpy(), "head_switch_id": outgoing.id.to_numpy(),
        "unit": _units(frames, nodes, names),
    })  # fmt: skip


def _units(frames: Frames, nodes: pd.DataFrame, feeders: Sequence[str]) -> Sequence[str]:
    """Sectors round the station by where a feeder's buses lie and how many transformer areas it has."""
    at = nodes.set_index("node_id")
    station = at[at.substation_id == STATION][["lon_deg", "lat_deg"]].mean()
    buses = frames["Node"][lambda frame: (frame.vmR == 10) & (frame.type == "busbar")]
    suffix = buses.subnet.str.extract(r"(Feeder\d+)$")[0]
    east, north, weight = [], [], []
    for name in feeders:
        members = buses.id[suffix == name.rsplit("_", 1)[-1]]
        place = at.loc[members] if len(members) else at[at.substation_id == BASE_STATION]
        east.append((place.lon_deg.mean() - station.lon_deg) * METRES_PER_DEGREE[0])
        north.append((place.lat_deg.mean() - station.lat_deg) * METRES_PER_DEGREE[1])
        weight.append(max(len(members), 1))
    return operating_units(np.array(east), np.array(north), np.array(weight, dtype=float), units=3)


# -------------------------------------------------------------------------------------- who uses and feeds
def _consumers(frames: Frames) -> pa.Table:
    load = frames["Load"]
    at_mv = (load.voltLvl < 7).to_numpy()
    return pa.table({
        "consumer_id": load.id.to_numpy(), "node_id": load.node.to_numpy(), "p_kw": _exact(load.pLoad.to_numpy() * 1e3),
        "q_kvar": _exact(load.qLoad.to_numpy() * 1e3), "profile_id": load.profile.to_numpy(),
        "households": np.where(at_mv, 0, 1), "capacity_kva": _exact(load.sR.to_numpy() * 1e3),
        "mv_units": np.where(at_mv, 1, 0),
    })  # fmt: skip


def _generators(frames: Frames) -> pa.Table:
    unit = frames["RES"]
    return pa.table({
        "generator_id": unit.id.to_numpy(), "node_id": unit.node.to_numpy(),
        "kind": unit.type.map({"PV": "pv", "Hydro_MV": "hydro"}).to_numpy(), "p_kw": _exact(unit.pRES.to_numpy() * 1e3),
        "q_kvar": _exact(unit.qRES.to_numpy() * 1e3), "rated_kva": _exact(unit.sR.to_numpy() * 1e3),
        "profile_id": unit.profile.to_numpy(), "can_island": np.zeros(len(unit), dtype=bool),
    })  # fmt: skip


def _profiles(frames: Frames) -> pa.Table:
    """Only the shapes in use. Rows follow one another every quarter-hour but their clock labels jump with summer time:
    the row number, not the label, is the quarter-hour of standard time."""
    loads, suns = sorted(set(frames["Load"].profile)), sorted(set(frames["RES"].profile))
    shapes, sun = frames["LoadProfile"], frames["RESProfile"]
    rows = len(shapes)
    if {rows, len(sun)} != {QUARTER_HOURS_OF_A_LEAP_YEAR}:
        text = Text(en=f"{rows} quarter-hours are not a leap year.", zh=f"{rows} 个刻钟不构成闰年。")
        raise UnableToConvert(Finding("convert.profiles", "LoadProfile", text))
    p_factor = [shapes[f"{name}_pload"].to_numpy() for name in loads] + [sun[name].to_numpy() for name in suns]
    q_factor = [shapes[f"{name}_qload"].to_numpy() for name in loads] + [np.ones(rows)] * len(suns)
    return pa.table({
        "profile_id": np.repeat(np.array([*loads, *suns], dtype=object), rows),
        "quarter_hour": np.tile(np.arange(rows), len(loads) + len(suns)),
        "p_factor": np.concatenate(p_factor).astype(np.float64),
        "q_factor": np.concatenate(q_factor).astype(np.float64),
    })  # fmt: skip


def _exact(values: Any) -> Any:
    """Take off the error of a unit change: 0.00656 MW is 6.56 kW."""
    return np.round(np.asarray(values, dtype=np.float64), EXACT_DIGITS)


def _manifest() -> dict[str, Any]:
    return {
        "title": {"en": "Urban city (SimBench)", "zh": "城区电网(SimBench)"},
        "licence": "ODbL-1.0",
        "provenance": prose(f"""
            SimBench {CODE}: S. Meinecke et al., SimBench: A Benchmark Dataset of Electric Power Systems to
            Compare Innovative Solutions Based on Power Flow Analysis, Energies 13(12), 2020. Made available
            under the Open Database License; this converted copy is a derived database under the same licence.
            Units changed to kW, kvar, kVA, metres and ohm per segment; every other value as delivered, load
            shapes of the leap year 2016 included, in standard time.
        """),
        "generated": prose("""
            Map positions of LV nodes: each LV grid shrunk round its own transformer, because neighbours overlap
            as delivered; MV buses stand as delivered; auxiliary nodes and coinciding nodes are set metres
            apart. Importance grades, life support and all names of usage points (fictional). Operating units of
            feeders. Area classes from the SimBench LV grid type. Station and transformer breakers count as
            remote-controlled.
        """),
        "quarter_hours": QUARTER_HOURS_OF_A_LEAP_YEAR,
        "year": 2016,
    }
