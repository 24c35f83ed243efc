"""Could a utility have this network? (网络合理性) Islands, loops, two parents, voltages apart, places far off.

Errors are what would make answers wrong (a customer nobody can feed, a line between 10 kV and 0.4 kV); warnings are
what a planner should look at (a loop in the normal state, a customer 2 km from his transformer). A finding names table
and column and, by its subject, the row.
"""

from collections.abc import Callable

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from everlit.grid.compile import Bools, Floats, Grid, Ints
from everlit.grid.components import components
from everlit.grid.manifest import bounds_of
from everlit.grid.report import Findings
from everlit.grid.supply import supply
from everlit.kernel import Finding, Severity, Text

KV_TOLERANCE = 0.01
TRANSFORMER_KV_TOLERANCE = 0.25
LV_BELOW_KV = 1.0
LV_REACH_M = 500.0
FAR_DEG = 3.0
EARTH_RADIUS_M = 6_371_000.0
NAMED = 8
NODE = {"table": "nodes", "column": "node_id"}
CONSUMER = {"table": "consumers", "column": "node_id"}


def islands(grid: Grid, findings: Findings) -> None:
    """Nodes that no source reaches even with every switch closed; lone nodes with nothing attached are a warning."""
    part, n_parts = components(grid.n_nodes, grid.branch_from, grid.branch_to)
    fed = np.zeros(n_parts, np.bool_)
    fed[part[grid.source_nodes]] = True
    size = np.bincount(part, minlength=n_parts)
    households = np.bincount(part, grid.node_households, n_parts)
    used = size > 1
    used[part[grid.consumer_node]] = True
    first = np.full(n_parts, grid.n_nodes, np.int64)
    np.minimum.at(first, part, np.arange(grid.n_nodes))
    for kind, parts, severity in (
        ("network.island", np.flatnonzero(~fed & used), Severity.ERROR),
        ("network.lone_node", np.flatnonzero(~fed & ~used), Severity.WARNING),
    ):
        findings.add_rows(
            parts,
            lambda p, kind=kind, severity=severity: _island(  # type: ignore[misc]
                kind, grid.node_id(int(first[p])), int(size[p]), int(households[p]), severity
            ),
        )


def _island(kind: str, node: str, size: int, households: int, severity: Severity) -> Finding:
    say = Text(
        en=f"No source can reach {node}, even with every switch closed ({size} nodes, {households} households).",
        zh=f"即使合上所有开关,电源也到不了 {node}({size} 个节点,{households} 户)。",
    )
    return Finding(kind, node, say, {**NODE, "nodes": size, "households": households}, severity)


def dead_in_the_normal_state(grid: Grid, findings: Findings) -> None:
    """Parts that could be fed but are not, normally."""
    roots = grid.island_roots
    part, n_parts = components(grid.n_nodes, grid.branch_from, grid.branch_to)
    fed = np.zeros(n_parts, np.bool_)
    fed[part[grid.source_nodes]] = True
    loaded = np.bincount(grid.consumer_node, minlength=grid.n_nodes)
    running = np.concatenate([[0], np.cumsum(loaded)])
    roots = roots[fed[part[roots]] & (running[grid.node_last[roots]] > running[roots])]
    findings.add_rows(roots, lambda root: _dead(grid, int(root)))


def _dead(grid: Grid, root: int) -> Finding:
    node, last = grid.node_id(root), int(grid.node_last[root])
    households = int(grid.node_households[root:last].sum())
    say = Text(
        en=f"{node} and what hangs on it ({households} households) is dead in the normal state.",
        zh=f"正常方式下 {node} 及其所带 {households} 户不带电。",
    )
    place = {**NODE, "nodes": last - root, "households": households}
    return Finding("network.dead", node, say, place, Severity.WARNING)


def loops(grid: Grid, findings: Findings) -> None:
    """Loops in the normal state, with the switches that close them; and loops no switch can open."""
    normal = supply(grid, grid.switch_normal_closed)
    looped = np.flatnonzero(normal.looped)
    if len(looped):
        one, other = grid.switch_section_from, grid.switch_section_to
        inside = normal.looped[one] & normal.looped[other] & grid.switch_normal_closed
        group, _ = components(grid.n_sections, one[inside], other[inside])
        closing = grid.chord_switches[inside[grid.chord_switches]]
        for member in np.unique(group[looped]).tolist():
            switches = closing[group[one[closing]] == member]
            findings.add(_loop(grid, int((group[looped] == member).sum()), switches))
    one_node, _, switch = grid.standing_chords
    fixed = np.unique(grid.section_of_node[one_node[switch < 0]])
    findings.add_rows(fixed, lambda section: _fixed_loop(grid, int(section)))


def _loop(grid: Grid, sections: int, switches: Ints) -> Finding:
    names = [grid.switch_id(switch) for switch in switches[:NAMED].tolist()]
    shown = ", ".join(names) or "—"
    say = Text(
        en=f"The normal state is not radial: {sections} sections in a loop or between two sources, closed by {shown}.",
        zh=f"正常方式非辐射状:{sections} 个区段成环或双电源供电,由 {shown} 闭合。",
    )
    place = {
        "table": "switches",
        "column": "normal_open",
        "sections": sections,
        "closing": names,
        "number": len(switches),
    }
    return Finding("network.loop", names[0] if names else "network", say, place, Severity.WARNING)


def _fixed_loop(grid: Grid, section: int) -> Finding:
    name = grid.section_name(section).removeprefix("sec:")
    say = Text(
        en=f"Lines or transformers around {name} form a loop that no switch opens.",
        zh=f"{name} 处的线路或变压器成环,且无开关可断开。",
    )
    return Finding("network.fixed_loop", name, say, NODE, Severity.WARNING)


def two_parents(grid: Grid, findings: Findings) -> None:
    """Low-voltage lines fed by transformers of two places with no switch between: nobody can make them dead."""
    lines = slice(0, grid.n_lines)
    group, n_groups = components(grid.n_nodes, grid.branch_from[lines], grid.branch_to[lines])
    low = grid.nominal_kv[grid.transformer_lv] < LV_BELOW_KV
    fed, feeding = group[grid.transformer_lv[low]], group[grid.transformer_hv[low]]
    smallest, largest = np.full(n_groups, n_groups, np.int64), np.full(n_groups, -1, np.int64)
    np.minimum.at(smallest, fed, feeding)
    np.maximum.at(largest, fed, feeding)
    doubtful = np.flatnonzero((largest >= 0) & (smallest != largest))
    ids = grid.network.tables["transformers"].column("transformer_id")
    rows = np.flatnonzero(low)

    def finding(area: int) -> Finding:
        names = ids.take(pa.array(rows[fed == area][:NAMED])).to_pylist()
        say = Text(
            en=f"Two parents: {', '.join(names)} feed the same low-voltage lines with no switch between.",
            zh=f"两个上级:{'、'.join(names)} 供同一低压线路且中间无开关。",
        )
        place = {"table": "transformers", "column": "lv_node_id", "transformers": names}
        return Finding("network.two_parents", names[0], say, place, Severity.ERROR)

    findings.add_rows(doubtful, finding)


def voltages(grid: Grid, findings: Findings) -> None:
    """Lines and switches join nodes of one nominal voltage; a transformer's sides fit those of its nodes."""
    for table, first, count in (("lines", 0, grid.n_lines), ("switches", grid.first_switch, grid.n_switches)):
        one, other = (grid.nominal_kv[ends[first : first + count]] for ends in (grid.branch_from, grid.branch_to))
        wrong = np.flatnonzero(np.abs(one - other) > KV_TOLERANCE * np.maximum(one, other))
        ids = grid.switch_ids if table == "switches" else grid.network.tables[table].column(0)
        findings.add_rows(
            wrong,
            lambda row, table=table, ids=ids, one=one, other=other: _kv_apart(  # type: ignore[misc]
                table, ids[row].as_py(), one[row], other[row]
            ),
        )
    for side, nodes in (("hv", grid.transformer_hv), ("lv", grid.transformer_lv)):
        rated, nominal = _floats(grid, "transformers", f"{side}_kv"), grid.nominal_kv[nodes]
        wrong = np.flatnonzero(np.abs(rated - nominal) > TRANSFORMER_KV_TOLERANCE * nominal)
        findings.add_rows(
            wrong,
            lambda row, side=side, rated=rated, nominal=nominal: _kv_unfit(  # type: ignore[misc]
                grid.network.tables["transformers"].column(0)[row].as_py(), f"{side}_kv", rated[row], nominal[row]
            ),
        )


def _kv_apart(table: str, identity: str, one: float, other: float) -> Finding:
    say = Text(en=f"{identity} joins {one:g} kV and {other:g} kV.", zh=f"{identity} 连接 {one:g} kV 与 {other:g} kV。")
    place = {"table": table, "column": "to_node_id", "kv": [float(one), float(other)]}
    return Finding("network.kv_mismatch", identity, say, place)


def _kv_unfit(identity: str, column: str, rated: float, nominal: float) -> Finding:
    say = Text(
        en=f"{identity}: {column} is {rated:g} kV, its node has {nominal:g} kV.",
        zh=f"{identity}:{column} 为 {rated:g} kV,所接节点为 {nominal:g} kV。",
    )
    place = {"table": "transformers", "column": column, "kv": [float(rated), float(nominal)]}
    return Finding("transformer.kv_mismatch", identity, say, place)


def places(grid: Grid, findings: Findings) -> None:
    """Nodes with longitude and latitude swapped, or far from all others.

    One node among others shows by its mirror image that it is swapped. A whole network shows it only against the
    `bounds` its manifest names; without them a network in high latitudes is doubted, not refused.
    """
    lon, lat = node_places(grid)
    known = np.isfinite(lon) & np.isfinite(lat)
    half = np.flatnonzero(np.isfinite(lon) != np.isfinite(lat))
    findings.add_rows(half, lambda node: _half(grid, int(node)))
    if not known.any():
        return
    middle_lon, middle_lat = float(np.median(lon[known])), float(np.median(lat[known]))
    away = np.maximum(np.abs(lon - middle_lon), np.abs(lat - middle_lat))
    turned = np.maximum(np.abs(lat - middle_lon), np.abs(lon - middle_lat))
    with np.errstate(invalid="ignore"):
        far = known & (away > FAR_DEG)
        swapped = far & (turned < FAR_DEG)
    box = bounds_of(grid.network.manifest)
    if box is not None:
        inside, mirrored = _within(box, lon, lat), _within(box, lat, lon)
        swapped |= known & ~inside & mirrored
        far |= known & ~inside
    elif middle_lat > 60 and middle_lon < 55:  # no place in China lies there, its mirror image may
        findings.add(_doubtful(grid, int(np.flatnonzero(known)[0]), middle_lon, middle_lat))
    findings.add_rows(np.flatnonzero(swapped), lambda node: _misplaced(grid, node, lon, lat, swapped=True))
    findings.add_rows(np.flatnonzero(far & ~swapped), lambda node: _misplaced(grid, node, lon, lat, swapped=False))


def _within(box: tuple[float, float, float, float], lon: Floats, lat: Floats) -> Bools:
    west, south, east, north = box
    return (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)


def _doubtful(grid: Grid, node: int, lon: float, lat: float) -> Finding:
    name = grid.node_id(node)
    say = Text(
        en=f"The network lies at {lon:g}, {lat:g}: if that is not so, lon_deg and lat_deg are swapped everywhere. "
        "Name its bounds in network.json.",
        zh=f"全网位于 {lon:g}, {lat:g};若不符,则经纬度整体颠倒。请在 network.json 中给出 bounds。",
    )
    return Finding("place.swapped", name, say, {**NODE, "column": "lon_deg"}, Severity.WARNING)


def _half(grid: Grid, node: int) -> Finding:
    name = grid.node_id(node)
    say = Text(en=f"{name} has only one of lon_deg and lat_deg.", zh=f"{name} 只有经度或纬度之一。")
    return Finding("place.half", name, say, {**NODE, "column": "lon_deg"}, Severity.WARNING)


def _misplaced(grid: Grid, node: int, lon: Floats, lat: Floats, *, swapped: bool) -> Finding:
    name, at = grid.node_id(node), f"{lon[node]:g}, {lat[node]:g}"
    if swapped:
        say = Text(en=f"{name} at {at}: lon_deg and lat_deg are swapped.", zh=f"{name}({at})经纬度颠倒。")
    else:
        say = Text(en=f"{name} at {at} lies far from the network.", zh=f"{name}({at})远离全网。")
    place = {**NODE, "column": "lon_deg", "lon_deg": float(lon[node]), "lat_deg": float(lat[node])}
    kind, severity = ("place.swapped", Severity.ERROR) if swapped else ("place.far", Severity.WARNING)
    return Finding(kind, name, say, place, severity)


def low_voltage_reach(grid: Grid, findings: Findings) -> None:
    """Customers more than 500 m from the transformer that feeds them (domain rule 14)."""
    lon, lat = node_places(grid)
    transformer = np.full(grid.n_nodes, -1, np.int32)
    _hand_down(grid.node_parent, grid.node_via, grid.n_lines, grid.n_transformers, transformer)
    nodes = grid.consumer_node
    low = np.flatnonzero((grid.nominal_kv[nodes] < LV_BELOW_KV) & (transformer[nodes] >= 0))
    at = grid.transformer_lv[transformer[nodes[low]]]
    metres = distance_m(lon[nodes[low]], lat[nodes[low]], lon[at], lat[at])
    with np.errstate(invalid="ignore"):
        far = np.flatnonzero(metres > LV_REACH_M)
    consumers, areas = (grid.network.tables[table].column(0) for table in ("consumers", "transformers"))

    def finding(row: int) -> Finding:
        consumer = int(low[row])
        name, area = consumers[consumer].as_py(), areas[int(transformer[nodes[consumer]])].as_py()
        say = Text(
            en=f"Customer {name} lies {metres[row]:,.0f} m from its transformer {area}.",
            zh=f"用户 {name} 距其变压器 {area} {metres[row]:,.0f} m。",
        )
        place = {**CONSUMER, "metres": round(float(metres[row]), 1), "transformer": area}
        return Finding("customer.far", name, say, place, Severity.WARNING)

    findings.add_rows(far, finding)


def feeders(grid: Grid, findings: Findings) -> None:
    """Customers that belong to no feeder in the normal state although the network names its feeders."""
    if not len(grid.feeder_ids):
        return
    feeder = grid.normal_feeder[grid.section_of_node[grid.consumer_node]]
    lost = np.flatnonzero((feeder < 0) & (grid.consumer_node < grid.n_alive))
    consumers = grid.network.tables["consumers"].column(0)

    def finding(row: int) -> Finding:
        name = consumers[row].as_py()
        say = Text(en=f"Customer {name} hangs on no feeder.", zh=f"用户 {name} 不属于任何馈线。")
        return Finding("customer.no_feeder", name, say, CONSUMER, Severity.WARNING)

    findings.add_rows(lost, finding)


def node_places(grid: Grid) -> tuple[Floats, Floats]:
    """Longitude and latitude by node label, NaN where unknown."""
    return _floats(grid, "nodes", "lon_deg")[grid.node_row], _floats(grid, "nodes", "lat_deg")[grid.node_row]


def distance_m(lon: Floats, lat: Floats, other_lon: Floats, other_lat: Floats) -> npt.NDArray[np.float64]:
    """Distance on the sphere, good for places of one city.

    >>> float(distance_m(*(np.array([value]) for value in (113.0, 23.0, 113.01, 23.0)))[0].round(1))
    1023.6
    """
    x = np.deg2rad(other_lon - lon) * np.cos(np.deg2rad((lat + other_lat) / 2))
    return np.asarray(EARTH_RADIUS_M * np.hypot(x, np.deg2rad(other_lat - lat)))


def _floats(grid: Grid, table: str, column: str) -> Floats:
    values = grid.network.tables[table].column(column).combine_chunks()
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)


@numba.njit(cache=True)
def _hand_down(parent: Ints, via: Ints, n_lines: int, n_transformers: int, transformer: Ints) -> None:
    """The last transformer on the way from the source to each node; parents have smaller labels."""
    for node in range(len(parent)):
        if parent[node] >= 0:
            index = via[node] - n_lines
            transformer[node] = index if 0 <= index < n_transformers else transformer[parent[node]]


NETWORK_CHECKS: tuple[Callable[[Grid, Findings], None], ...] = (
    islands,
    dead_in_the_normal_state,
    loops,
    two_parents,
    voltages,
    places,
    low_voltage_reach,
    feeders,
)
