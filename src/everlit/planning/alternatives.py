"""What could be done instead of cutting people off (替代方案): live-line work, a bypass cable, mobile generators.

Each option says whether it is possible here, whom it keeps, for how many customer-hours and at what price, so that the
meeting can compare yuan per customer-hour. The prices are policy rows nobody has verified; a utility enters its own.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from everlit.grid import Grid, SwitchKind
from everlit.grid.compile import Bools, Floats, Ints
from everlit.grid.components import components
from everlit.kernel import Policies, Text
from everlit.planning.affected import area_of_node
from everlit.planning.model import Alternative, AlternativeKind, WorkRequest
from everlit.planning.path import DeadTimes

EARTH_M_PER_DEG = 111_320.0


@dataclass(frozen=True)
class Setting:
    """What the options are judged on: who is dark for how long, who works where, and the load of each consumer."""

    grid: Grid
    times: DeadTimes
    worked: Ints
    alive: Bools
    p_kw: Floats
    hours: float
    policies: Policies
    on: date

    def value(self, key: str) -> float:
        """A policy value."""
        return self.policies.value(key, on=self.on)


def alternatives(setting: Setting, requests: Sequence[WorkRequest]) -> tuple[Alternative, ...]:
    """The three options for an outage."""
    return (live_line(setting, requests), bypass_cable(setting), mobile_generators(setting, requests))


def live_line(setting: Setting, requests: Sequence[WorkRequest]) -> Alternative:
    """Live-line work (带电作业): nobody is cut off when every job of the package can be done that way."""
    grid, times = setting.grid, setting.times
    hopeless = [request.request_id for request in requests if not request.live_line_possible]
    units_h = float(grid.section_units[times.sections] @ times.total_min) / 60
    base, hourly = setting.value("alt.live_line.base"), setting.value("alt.live_line.hour")
    cost = sum(base + hourly * request.duration_min / 60 for request in requests)
    if hopeless or not requests:
        shown = ", ".join(hopeless[:5])
        reason = Text(f"Needs dead equipment: {shown}.", f"须停电作业：{shown}。")
        return Alternative(AlternativeKind.LIVE_LINE, False, reason)
    return Alternative(
        AlternativeKind.LIVE_LINE,
        True,
        Text("Every job can be done live.", "全部工作可带电作业。"),
        int(grid.section_units[times.sections].sum()),
        int(grid.section_households[times.sections].sum()),
        units_h,
        cost,
        tuple(request.request_id for request in requests),
    )


def mobile_generators(setting: Setting, requests: Sequence[WorkRequest]) -> Alternative:
    """Mobile generators (发电车): each carries one transformer area (台区) whose peak it can hold, dearest areas first.

    Connecting and disconnecting interrupt the area twice; that time is not saved.
    """
    offered = max((request.generator_kw for request in requests), default=0.0)
    size = offered or setting.value("alt.generator.kw")
    areas = _areas(setting)
    lost = 2 * setting.value("alt.generator.changeover")
    fitting = [area for area in areas if 0 < area.peak_kw <= size and area.minutes > lost]
    best = sorted(fitting, key=lambda area: (-area.weight, area.name))[: int(setting.value("alt.generator.count"))]
    if not best:
        reason = Text(f"No dark area fits a {size:g} kW generator.", f"没有适合 {size:g} kW 发电车的失电台区。")
        return Alternative(AlternativeKind.MOBILE_GENERATOR, False, reason)
    hours = sum(area.units * (area.minutes - lost) / 60 for area in best)
    energy_kwh = sum(area.mean_kw * (area.minutes - lost) / 60 for area in best)
    cost = len(best) * setting.value("alt.generator.base") + energy_kwh * setting.value("alt.generator.kwh")
    names = ", ".join(area.name for area in best)
    return Alternative(
        AlternativeKind.MOBILE_GENERATOR,
        True,
        Text(f"{size:g} kW each at {names}.", f"{names} 各配 {size:g} kW 发电车。"),
        sum(area.units for area in best),
        sum(area.households for area in best),
        hours,
        cost,
        tuple(area.name for area in best),
    )


@dataclass(frozen=True, slots=True)
class _Area:
    name: str
    units: int
    households: int
    minutes: float
    peak_kw: float
    mean_kw: float

    @property
    def weight(self) -> float:
        """Units first, households to break ties, over the dark minutes."""
        return (self.units + self.households * 1e-3) * self.minutes


def _areas(setting: Setting) -> list[_Area]:
    """Transformer areas whose loads are dark, each with its shortest common darkness and its load."""
    grid, times = setting.grid, setting.times
    section = grid.section_of_node[grid.consumer_node]
    minutes = np.zeros(grid.n_sections)
    minutes[times.sections] = times.total_min
    worked = np.zeros(grid.n_sections, np.bool_)
    worked[setting.worked] = True
    area = area_of_node(grid)[grid.consumer_node]
    dark = np.flatnonzero((minutes[section] > 0) & (area >= 0))
    hv, lv = grid.section_of_node[grid.transformer_hv], grid.section_of_node[grid.transformer_lv]
    tables = grid.network.tables["transformers"]
    names, units = tables.column("transformer_id").to_pylist(), np.asarray(tables.column("mv_units"))
    households = np.asarray(grid.network.tables["consumers"].column("households"))
    found = []
    for row in np.unique(area[dark]).tolist():
        if worked[lv[row]] or worked[hv[row]]:
            continue  # people work there: nothing may feed in
        members = dark[area[dark] == row]
        load = setting.p_kw[:, members].sum(axis=1) if len(setting.p_kw) else np.zeros(1)
        shortest = float(minutes[section[members]].min())
        homes = int(households[members].sum())
        found.append(_Area(names[row], int(units[row]), homes, shortest, float(load.max()), float(load.mean())))
    return found


def bypass_cable(setting: Setting) -> Alternative:
    """A bypass cable (旁路电缆) round the work: from the nearest live node to the largest dark healthy block."""
    block = _largest_block(setting)
    kind = AlternativeKind.BYPASS_CABLE
    if block is None:
        return Alternative(kind, False, Text("No healthy block is dark.", "没有失电的非工作区段。"))
    grid, times = setting.grid, setting.times
    if not _medium_voltage(grid, block).size:
        reason = Text("Only low voltage is dark: a bypass reaches nobody.", "仅低压失电，旁路电缆不适用。")
        return Alternative(kind, False, reason)
    at = np.searchsorted(times.sections, block)
    units_h = float(grid.section_units[block] @ times.total_min[at]) / 60
    distance = _nearest_m(grid, block, setting.alive)
    limit, reach = setting.value("alt.bypass.load"), setting.value("alt.bypass.reach")
    dark = np.zeros(grid.n_sections, np.bool_)
    dark[block] = True
    members = np.flatnonzero(dark[grid.section_of_node[grid.consumer_node]])
    peak_kw = float(setting.p_kw[:, members].sum(axis=1).max(initial=0.0))
    if not math.isfinite(distance) or distance > reach:
        shown = f"{distance:.0f} m" if math.isfinite(distance) else "no coordinates"
        reason = Text(f"The nearest live point is too far: {shown}.", f"最近带电点超出敷设距离：{shown}。")
        return Alternative(kind, False, reason)
    if peak_kw > limit:
        reason = Text(f"{peak_kw:.0f} kW is more than a bypass carries.", f"负荷 {peak_kw:.0f} kW 超过旁路能力。")
        return Alternative(kind, False, reason)
    cost = setting.value("alt.bypass.base") + setting.value("alt.bypass.metre") * distance
    return Alternative(
        kind,
        True,
        Text(f"{distance:.0f} m of cable carry {peak_kw:.0f} kW.", f"敷设 {distance:.0f} m 电缆供 {peak_kw:.0f} kW。"),
        int(grid.section_units[block].sum()),
        int(grid.section_households[block].sum()),
        units_h,
        cost,
        tuple(grid.section_name(section) for section in block[:3].tolist()),
    )


def _largest_block(setting: Setting) -> Ints | None:
    """The connected dark healthy sections with the most customer-minutes."""
    grid, times = setting.grid, setting.times
    healthy = np.zeros(grid.n_sections, np.bool_)
    healthy[times.sections] = True
    healthy[setting.worked] = False
    if not healthy.any():
        return None
    sections = np.flatnonzero(healthy).astype(np.int32)
    block = _blocks(grid, healthy)[sections]
    minutes = times.total_min[np.searchsorted(times.sections, sections)]
    weight = np.bincount(block, (grid.section_units[sections] + 1e-3 * grid.section_households[sections]) * minutes)
    if not weight.max(initial=0.0) > 0:
        return None
    largest: Ints = sections[block == int(weight.argmax())]
    return largest


def _blocks(grid: Grid, member: Bools) -> Ints:
    """Blocks of member sections joined by normally closed switches."""
    joined = grid.switch_normal_closed & member[grid.switch_section_from] & member[grid.switch_section_to]
    joined &= grid.switch_kind != SwitchKind.FUSE
    return components(grid.n_sections, grid.switch_section_from[joined], grid.switch_section_to[joined])[0]


def _is_medium(grid: Grid) -> Bools:
    return (grid.nominal_kv > 1.0) & (grid.nominal_kv < 60.0)


def _medium_voltage(grid: Grid, block: Ints) -> Ints:
    """Medium-voltage nodes of some sections."""
    inside = np.zeros(grid.n_sections, np.bool_)
    inside[block] = True
    return np.flatnonzero(_is_medium(grid) & inside[grid.section_of_node]).astype(np.int32)


def _nearest_m(grid: Grid, block: Ints, alive: Bools) -> float:
    """Metres from the block's medium-voltage nodes to the nearest live one; infinite without coordinates."""
    nodes = grid.network.tables["nodes"]
    columns = (nodes.column(name).to_numpy(zero_copy_only=False) for name in ("lon_deg", "lat_deg"))
    lon, lat = (np.asarray(column, np.float64)[grid.node_row] for column in columns)
    placed = np.isfinite(lon) & np.isfinite(lat)
    here = _medium_voltage(grid, block)
    here = here[placed[here]]
    there = np.flatnonzero(_is_medium(grid) & placed & alive[grid.section_of_node])
    if not len(here) or not len(there):
        return math.inf
    scale = math.cos(math.radians(float(lat[here].mean())))
    best = math.inf
    for node in here.tolist():
        squared = ((lon[there] - lon[node]) * scale) ** 2 + (lat[there] - lat[node]) ** 2
        best = min(best, float(squared.min()))
    return math.sqrt(best) * EARTH_M_PER_DEG
