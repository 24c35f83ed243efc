"""Reference utility R (参考电网): 1.1 million customers, about 1.3 million nodes, 1,000 feeders, or any other size.

Every feeder is a trunk with laterals; every place feeds one transformer area (台区) of LV branches, every customer
has a node of its own; feeders are tied to neighbours at their ends and in the middle. Built column by column, so that
the whole utility is there in seconds. Only the sizes are those of a real utility; everything else is made up.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from everlit.grid.model import Network
from everlit.grid.shapes import made_up_shapes
from everlit.grid.tables import network_of

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
FEEDERS_PER_STATION = 12
LV_BRANCHES = 8


@dataclass(frozen=True, slots=True)
class _Frame:
    """Who belongs to whom, by number; an area is one place with one transformer."""

    stations: int
    station_of_feeder: Ints
    feeder_of_area: Ints
    place_in_feeder: Ints
    parent_area: Ints  # -1: the feeder's root
    switched: npt.NDArray[np.bool_]  # a switch stands before the span to this place
    area_of_customer: Ints

    @property
    def feeders(self) -> int:
        return len(self.station_of_feeder)

    @property
    def areas(self) -> int:
        return len(self.feeder_of_area)

    @property
    def customers(self) -> int:
        return len(self.area_of_customer)


def reference_utility(
    seed: int = 1,
    *,
    customers: int = 1_100_000,
    feeders: int = 1_000,
    areas_per_feeder: int = 11,
    profiles: bool = False,
) -> Network:
    """The reference utility with that many customers and feeders.

    >>> small = reference_utility(1, customers=2_000, feeders=4)
    >>> small.count("consumers"), small.count("feeders"), small.count("nodes")
    (2000, 4, 2969)
    """
    rng = np.random.default_rng(seed)
    frame = _frame(rng, customers, feeders, areas_per_feeder)
    tables = _tables(rng, frame)
    if profiles:
        tables["profiles"] = made_up_shapes(seed)
    shape = pa.scalar("home" if profiles else None, pa.string())
    tables["consumers"] = tables["consumers"].append_column("profile_id", pa.repeat(shape, frame.customers))
    manifest = {
        "name": f"reference-{customers}",
        "title": {"en": f"Reference utility, {customers} customers", "zh": f"参考电网({customers} 户)"},
        "licence": "Apache-2.0",
        "provenance": "reference_utility",
        "generated": "everything",
    }
    return network_of(tables, manifest)


def _frame(rng: np.random.Generator, customers: int, feeders: int, areas_per_feeder: int) -> _Frame:
    stations = max(1, -(-feeders // FEEDERS_PER_STATION))
    sizes = np.clip(rng.poisson(areas_per_feeder, feeders), 2, None)
    first = np.cumsum(sizes) - sizes
    feeder_of_area = np.repeat(np.arange(feeders), sizes)
    place = np.arange(len(feeder_of_area)) - first[feeder_of_area]
    back = rng.geometric(0.75, len(place))  # mostly the place before: a trunk; sometimes one further up: a lateral
    parent = np.where(place == 0, -1, np.maximum(np.arange(len(place)) - back, first[feeder_of_area]))
    weight = rng.gamma(8, 1, len(place))
    edges = np.round(np.cumsum(weight) / weight.sum() * customers).astype(np.int64)
    area_of_customer = np.searchsorted(edges, np.arange(customers), side="right")
    return _Frame(
        stations=stations,
        station_of_feeder=np.arange(feeders) // FEEDERS_PER_STATION,
        feeder_of_area=feeder_of_area,
        place_in_feeder=place,
        parent_area=parent,
        switched=rng.random(len(place)) < 0.5,
        area_of_customer=area_of_customer,
    )


@dataclass(frozen=True, slots=True)
class _Nodes:
    """First node number of every family of nodes; a family is numbered through."""

    infeed: Ints
    bus: Ints
    root: Ints
    place: Ints
    span: Ints  # behind the switch of a switched span, -1 where there is none
    fuse: Ints
    bushing: Ints
    branch: Ints  # [areas × LV_BRANCHES], behind the LV switch
    cabinet: Ints
    customer: Ints
    tie: Ints
    total: int


def _number(frame: _Frame, ties: int) -> _Nodes:
    counts = {
        "infeed": frame.stations,
        "bus": frame.stations,
        "root": frame.feeders,
        "place": frame.areas,
        "span": int(frame.switched.sum()),
        "fuse": frame.areas,
        "bushing": frame.areas,
        "branch": frame.areas * LV_BRANCHES,
        "cabinet": frame.areas * LV_BRANCHES,
        "customer": frame.customers,
        "tie": ties,
    }
    start, made = 0, {}
    for name, count in counts.items():
        made[name] = np.arange(start, start + count)
        start += count
    span = np.full(frame.areas, -1)
    span[frame.switched] = made["span"]
    made["span"] = span
    return _Nodes(**made, total=start)


def _ties(frame: _Frame) -> tuple[Ints, Ints]:
    """Areas joined by ties: last of each feeder to last of the next, a middle one to a middle one seven feeders on."""
    sizes = np.bincount(frame.feeder_of_area, minlength=frame.feeders)
    last = np.cumsum(sizes) - 1
    middle = last - sizes // 2
    one = np.concatenate([last, middle])
    other = np.concatenate([np.roll(last, -1), np.roll(middle, -7)])
    keep = one != other
    return one[keep], other[keep]


def _tables(rng: np.random.Generator, frame: _Frame) -> dict[str, pa.Table]:
    tie_one, tie_other = _ties(frame)
    nodes = _number(frame, len(tie_one))
    return {
        "substations": _substations(frame),
        "nodes": _node_table(rng, frame, nodes, tie_one),
        "sources": pa.table({"source_id": _ids("src", frame.stations), "node_id": _name("n", nodes.infeed)}),
        "feeders": _feeders(frame),
        "lines": _lines(rng, frame, nodes, tie_other),
        "switches": _switches(rng, frame, nodes, tie_one),
        "transformers": _transformers(rng, frame, nodes),
        "consumers": _consumers(rng, frame, nodes),
        "usage_points": _usage_points(rng, frame),
    }


def _name(prefix: str, numbers: Ints) -> pa.Array:
    return pc.binary_join_element_wise(prefix, pc.cast(pa.array(numbers), pa.string()), "")


def _ids(prefix: str, count: int) -> pa.Array:
    return _name(prefix, np.arange(count))


def _substations(frame: _Frame) -> pa.Table:
    lon, lat = _station_places(frame)
    numbers = np.arange(1, frame.stations + 1)
    return pa.table(
        {
            "substation_id": _ids("st", frame.stations),
            "name": _name("Station ", numbers),
            "name_zh": pc.binary_join_element_wise(pc.cast(pa.array(numbers), pa.string()), "号变电站", ""),
            "lon_deg": lon,
            "lat_deg": lat,
        }
    )


def _station_places(frame: _Frame) -> tuple[Floats, Floats]:
    side = int(np.ceil(np.sqrt(frame.stations)))
    number = np.arange(frame.stations)
    return np.round(112.8 + number % side * 0.06, 6), np.round(22.8 + number // side * 0.05, 6)


def _node_table(rng: np.random.Generator, frame: _Frame, nodes: _Nodes, tie_one: Ints) -> pa.Table:
    station_lon, station_lat = _station_places(frame)
    angle = 2 * np.pi * (np.arange(frame.feeders) % FEEDERS_PER_STATION) / FEEDERS_PER_STATION
    reach = 0.002 * (1 + frame.place_in_feeder)
    bend = angle[frame.feeder_of_area] + rng.normal(0, 0.06, frame.areas)
    station = frame.station_of_feeder[frame.feeder_of_area]
    area_lon, area_lat = station_lon[station] + reach * np.cos(bend), station_lat[station] + reach * np.sin(bend)
    lon, lat, kv = np.empty(nodes.total), np.empty(nodes.total), np.full(nodes.total, 10.0)
    owner = np.empty(nodes.total, np.int64)  # area of each node, to place it
    branch_area = np.repeat(np.arange(frame.areas), LV_BRANCHES)
    families = (
        (nodes.place, np.arange(frame.areas)),
        (nodes.fuse, np.arange(frame.areas)),
        (nodes.bushing, np.arange(frame.areas)),
        (nodes.span[frame.switched], np.flatnonzero(frame.switched)),
        (nodes.branch, branch_area),
        (nodes.cabinet, branch_area),
        (nodes.customer, frame.area_of_customer),
        (nodes.tie, tie_one),
    )
    for family, area in families:
        owner[family] = area
    rest = np.arange(nodes.place[0], nodes.total)
    spread = np.where(rest >= nodes.cabinet[0], 0.0008, 0.00005)
    lon[rest] = area_lon[owner[rest]] + spread * rng.uniform(-1, 1, len(rest))
    lat[rest] = area_lat[owner[rest]] + spread * rng.uniform(-1, 1, len(rest))
    for family, stations in (
        (nodes.infeed, np.arange(frame.stations)),
        (nodes.bus, np.arange(frame.stations)),
        (nodes.root, frame.station_of_feeder),
    ):
        lon[family], lat[family] = station_lon[stations], station_lat[stations]
    kv[nodes.infeed] = 110.0
    for family in (nodes.bushing, nodes.branch, nodes.cabinet, nodes.customer):
        kv[family] = 0.4
    return pa.table(
        {"node_id": _ids("n", nodes.total), "nominal_kv": kv, "lon_deg": np.round(lon, 6), "lat_deg": np.round(lat, 6)}
    )


def _feeders(frame: _Frame) -> pa.Table:
    number = np.arange(frame.feeders)
    return pa.table(
        {
            "feeder_id": _ids("f", frame.feeders),
            "name": _name("Feeder ", number + 1),
            "name_zh": pc.binary_join_element_wise(pc.cast(pa.array(number + 1), pa.string()), "号馈线", ""),
            "substation_id": _name("st", frame.station_of_feeder),
            "head_switch_id": _name("s", number),
            "unit": _name("district-", frame.station_of_feeder // 10 + 1),
        }
    )


def _lines(rng: np.random.Generator, frame: _Frame, nodes: _Nodes, tie_other: Ints) -> pa.Table:
    up = np.where(frame.parent_area < 0, nodes.root[frame.feeder_of_area], nodes.place[frame.parent_area])
    start = np.where(frame.switched, nodes.span, up)
    cabinet_of_customer = nodes.cabinet[
        frame.area_of_customer * LV_BRANCHES + rng.integers(0, LV_BRANCHES, frame.customers)
    ]
    parts = (
        (start, nodes.place, 600.0, 0.16, 0.11, 360.0),
        (nodes.tie, nodes.place[tie_other], 400.0, 0.16, 0.11, 360.0),
        (nodes.branch, nodes.cabinet, 60.0, 0.13, 0.08, 357.0),
        (cabinet_of_customer, nodes.customer, 20.0, 0.64, 0.08, 120.0),
    )
    metres = np.concatenate([np.round(mean * rng.uniform(0.5, 1.5, len(one)), 1) for one, _, mean, *_ in parts])

    def per_part(column: int) -> Floats:
        return np.repeat([float(part[column]) for part in parts], [len(part[0]) for part in parts])

    return pa.table(
        {
            "line_id": _ids("l", len(metres)),
            "from_node_id": _name("n", np.concatenate([part[0] for part in parts])),
            "to_node_id": _name("n", np.concatenate([part[1] for part in parts])),
            "length_m": metres,
            "r_ohm": metres * per_part(3) / 1000,
            "x_ohm": metres * per_part(4) / 1000,
            "rated_a": per_part(5),
        }
    )


def _switches(rng: np.random.Generator, frame: _Frame, nodes: _Nodes, tie_one: Ints) -> pa.Table:
    up = np.where(frame.parent_area < 0, nodes.root[frame.feeder_of_area], nodes.place[frame.parent_area])
    parts = (
        ("breaker", nodes.bus[frame.station_of_feeder], nodes.root),
        ("load_break_switch", up[frame.switched], nodes.span[frame.switched]),
        ("fuse", nodes.place, nodes.fuse),
        ("load_break_switch", np.repeat(nodes.bushing, LV_BRANCHES), nodes.branch),
        ("load_break_switch", nodes.place[tie_one], nodes.tie),
    )
    counts = [len(part[1]) for part in parts]
    total = sum(counts)
    return pa.table(
        {
            "switch_id": _ids("s", total),
            "kind": pa.array(np.repeat([part[0] for part in parts], counts)),
            "from_node_id": _name("n", np.concatenate([part[1] for part in parts])),
            "to_node_id": _name("n", np.concatenate([part[2] for part in parts])),
            "normal_open": np.arange(total) >= total - counts[-1],
            "remote": rng.random(total) < np.repeat([1.0, 0.4, 0, 0, 0.6], counts),
        }
    )


def _transformers(rng: np.random.Generator, frame: _Frame, nodes: _Nodes) -> pa.Table:
    mains, areas = frame.stations, frame.areas
    customers = np.bincount(frame.area_of_customer, minlength=areas)
    rating = np.select([customers < 60, customers < 100, customers < 150], [250.0, 400.0, 630.0], 800.0)

    def both(main: Any, area: Any) -> npt.NDArray[Any]:
        return np.concatenate([np.full(mains, main), np.broadcast_to(area, areas)])

    return pa.table(
        {
            "transformer_id": _ids("t", mains + areas),
            "hv_node_id": _name("n", np.concatenate([nodes.infeed, nodes.fuse])),
            "lv_node_id": _name("n", np.concatenate([nodes.bus, nodes.bushing])),
            "rated_kva": both(63_000.0, rating),
            "hv_kv": both(110.0, 10.0),
            "lv_kv": both(10.0, 0.4),
            "uk_percent": both(10.5, 4.5),
            "pk_kw": both(200.0, rating * 0.011),
            "i0_percent": both(0.1, 0.3),
            "p0_kw": both(25.0, rating * 0.0018),
            "vector_group": both("YNd11", "Dyn11"),
            "ownership": both("utility", np.where(rng.random(areas) < 0.75, "public", "customer")),
            "mv_units": both(0, 1),
        }
    )


def _consumers(rng: np.random.Generator, frame: _Frame, nodes: _Nodes) -> pa.Table:
    p_kw = np.round(rng.gamma(4, 0.4, frame.customers), 2)
    return pa.table(
        {
            "consumer_id": _ids("c", frame.customers),
            "node_id": _name("n", nodes.customer),
            "p_kw": p_kw,
            "q_kvar": np.round(p_kw * 0.33, 3),
            "households": np.ones(frame.customers, np.int64),
        }
    )


def _usage_points(rng: np.random.Generator, frame: _Frame) -> pa.Table:
    draw = rng.random(frame.customers)
    edges = [0.00002, 0.0002, 0.001, 0.0015, 0.006]
    grades = np.array(["special", "first", "second", "temporary", "sensitive", "ordinary"])[
        np.searchsorted(edges, draw)
    ]
    return pa.table(
        {
            "usage_point_id": _ids("u", frame.customers),
            "consumer_id": _ids("c", frame.customers),
            "importance": pa.array(grades),
            "life_support": rng.random(frame.customers) < 0.0005,
        }
    )
