"""Made-up networks (合成网络): small random ones to search for counter-examples, a utility of any size to measure on.

    S1 ═ T ═ bus ─/b─ n ── n ─/s─ n ── n ─ ∙ tie ∙ ─ n ─/s─ n ─/b─ bus ═ T ═ S2
                           │           │
                          T/LV ∙ LV tie ∙ T/LV

`random_network` is radial in its normal state and has everything that makes switching hard: several sources, ties
between and inside feeders, LV ties (低压联络), generators that feed back, locked and unphased switches, earths.
A seed and sizes are its only input, so a failing example is one integer. Nobody in these networks exists.
"""

import math
from collections import defaultdict
from typing import Any

import numpy as np
import pyarrow as pa

from everlit.grid.model import Network
from everlit.grid.reference_utility import reference_utility
from everlit.grid.schema import SCHEMA
from everlit.grid.shapes import made_up_shapes
from everlit.grid.tables import ARROW_TYPES, network_of

__all__ = ["random_network", "reference_utility"]

MV_KV, LV_KV, HV_KV = 10.0, 0.4, 110.0


def random_network(
    seed: int,
    *,
    feeders: int = 3,
    nodes: int = 6,
    ties: int = 3,
    sources: int = 2,
    generators: int = 2,
    lv_ties: int = 1,
    lv: bool = True,
    transformers: bool = True,
    switch_density: float = 0.5,
    odd_switches: float = 0.05,
    earths: int = 2,
    profiles: bool = False,
) -> Network:
    """A small radial network with ties. `nodes` is the number of places on each MV feeder.

    `switch_density` is the share of MV spans behind a switch; `odd_switches` the share locked and the share unphased
    (核相 missing). `lv=False` hangs loads at the transformers' LV bushings, `transformers=False` leaves plain MV loads
    (then there is no main transformer either: a one-voltage network as in the literature).

    >>> network = random_network(7, feeders=2, nodes=4)
    >>> network.count("feeders"), network.fingerprint == random_network(7, feeders=2, nodes=4).fingerprint
    (2, True)
    """
    rng = np.random.default_rng(seed)
    builder = _Builder(rng, switch_density=switch_density, odd_switches=odd_switches, shapes=profiles)
    builder.stations(max(1, min(sources, feeders)), transformers=transformers)
    for number in range(feeders):
        builder.feeder(number, places=nodes, lv=lv, transformers=transformers)
    builder.mv_ties(ties)
    builder.lv_ties(lv_ties if lv and transformers else 0)
    builder.generators(generators)
    builder.earths(earths)
    manifest = {
        "name": f"random-{seed}",
        "title": {"en": f"Random network {seed}", "zh": f"随机网络 {seed}"},
        "licence": "Apache-2.0",
        "provenance": "random_network",
        "generated": "everything",
    }
    tables = builder.tables()
    if profiles:
        tables["profiles"] = made_up_shapes(seed)
    return network_of(tables, manifest)


class _Builder:
    """Rows under construction. Kept apart from `Network`, which is frozen."""

    def __init__(self, rng: np.random.Generator, *, switch_density: float, odd_switches: float, shapes: bool) -> None:
        self.rng = rng
        self.switch_density = switch_density
        self.odd_switches = odd_switches
        self.shapes = shapes
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.buses: list[str] = []
        self.places: list[list[str]] = []  # MV places by feeder
        self.lv_places: list[str] = []
        self.where: dict[str, tuple[float, float]] = {}

    def tables(self) -> dict[str, pa.Table]:
        """The rows as Arrow tables of the table format."""
        made = {}
        for schema in SCHEMA:
            columns = {
                c.name: pa.array([row.get(c.name) for row in self.rows[schema.name]], ARROW_TYPES[c.kind])
                for c in schema.columns
            }
            made[schema.name] = pa.table(columns)
        return made

    # ------------------------------------------------------------------------------------------- rows
    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def between(self, low: float, high: float) -> float:
        return round(float(self.rng.uniform(low, high)), 3)

    def pick(self, options: list[Any]) -> Any:
        return options[int(self.rng.integers(len(options)))]

    def add(self, table: str, prefix: str, **values: Any) -> str:
        identity = f"{prefix}{len(self.rows[table]) + 1}"
        key = next(schema.key for schema in SCHEMA if schema.name == table)
        self.rows[table].append({key: identity, **values})
        return identity

    def node(self, nominal_kv: float, near: str | None = None, step_deg: float = 0.004, **values: Any) -> str:
        lon, lat = self.where[near] if near else (113.30, 23.10)
        angle = float(self.rng.uniform(0, 2 * math.pi))
        lon, lat = round(lon + step_deg * math.cos(angle), 6), round(lat + step_deg * math.sin(angle), 6)
        identity = self.add("nodes", "n", nominal_kv=nominal_kv, lon_deg=lon, lat_deg=lat, **values)
        self.where[identity] = (lon, lat)
        return identity

    def line(self, one: str, other: str, nominal_kv: float) -> None:
        metres = self.between(100, 1500) if nominal_kv > 1 else self.between(10, 120)
        ohm_per_km = self.between(0.1, 0.5) if nominal_kv > 1 else self.between(0.12, 0.4)
        self.add(
            "lines",
            "l",
            from_node_id=one,
            to_node_id=other,
            length_m=metres,
            r_ohm=metres / 1000 * ohm_per_km,
            x_ohm=metres / 1000 * self.between(0.08, 0.35),
            b_us=metres / 1000 * (100 if nominal_kv > 1 else 0),
            rated_a=self.pick([200.0, 300.0, 400.0]),
            kind=self.pick(["overhead", "cable"]),
        )

    def switch(self, one: str, other: str, kind: str, *, normal_open: bool = False, plain: bool = False) -> str:
        odd = 0.0 if plain else self.odd_switches
        return self.add(
            "switches",
            "s",
            kind=kind,
            from_node_id=one,
            to_node_id=other,
            normal_open=normal_open,
            rated_a=self.pick([None, 400.0, 630.0]),
            remote=self.chance(0.3),
            locked=self.chance(odd),
            phased=not self.chance(odd),
        )

    # --------------------------------------------------------------------------------------- stations
    def stations(self, count: int, *, transformers: bool) -> None:
        """Each station: a source, its main transformer (主变) and an MV bus."""
        for number in range(count):
            name = {"name": f"Station {number + 1}", "name_zh": f"{number + 1}号变电站"}
            station = self.add("substations", "st", **name)
            infeed = self.node(HV_KV if transformers else MV_KV, step_deg=0.03, substation_id=station)
            self.add("sources", "src", node_id=infeed, voltage_pu=1.0, angle_deg=0.0, short_circuit_mva=1e4)
            bus = infeed
            if transformers:
                bus = self.node(MV_KV, infeed, 0.0002, substation_id=station)
                self.add(
                    "transformers",
                    "t",
                    hv_node_id=infeed,
                    lv_node_id=bus,
                    rated_kva=40_000.0,
                    hv_kv=HV_KV,
                    lv_kv=MV_KV,
                    uk_percent=10.5,
                    pk_kw=140.0,
                    i0_percent=0.1,
                    p0_kw=25.0,
                    vector_group="YNd11",
                    ownership="utility",
                    mv_units=0,
                )
            self.buses.append(bus)

    # ---------------------------------------------------------------------------------------- feeders
    def feeder(self, number: int, *, places: int, lv: bool, transformers: bool) -> None:
        """One radial feeder: a tree of places grown from its head breaker."""
        station = number % len(self.buses)
        area = int(self.rng.integers(1, 5))
        root = self.node(MV_KV, self.buses[station], 0.0002, area_class=area)
        head = self.switch(self.buses[station], root, "breaker", plain=True)
        name = {"name": f"Feeder {number + 1}", "name_zh": f"{number + 1}号馈线", "unit": f"district-{number % 2 + 1}"}
        self.add("feeders", "f", substation_id=f"st{station + 1}", head_switch_id=head, **name)
        grown = [root]
        for _ in range(places):
            parent = grown[-1] if self.chance(0.6) else self.pick(grown)
            start = parent
            if self.chance(self.switch_density):
                start = self.node(MV_KV, parent, 0.0001, area_class=area)
                self.switch(
                    parent, start, self.pick(["breaker", "load_break_switch", "load_break_switch", "disconnector"])
                )
            place = self.node(MV_KV, parent, area_class=area)
            self.line(start, place, MV_KV)
            grown.append(place)
            self.load_at(place, lv=lv, transformers=transformers)
        self.places.append(grown[1:])

    def load_at(self, place: str, *, lv: bool, transformers: bool) -> None:
        """What a place feeds: nothing, an MV customer (专变) or a public transformer (公变) with its LV area (台区)."""
        if not transformers or self.chance(0.15):
            if self.chance(0.8):
                self.consumer(place, self.between(50, 400), households=1, capacity_kva=500.0, mv_units=1)
            return
        if not self.chance(0.75):
            return
        hv = place
        if self.chance(0.5):
            hv = self.node(MV_KV, place, 0.0001)
            self.switch(place, hv, "fuse")
        bushing = self.node(LV_KV, hv, 0.0002)
        self.add(
            "transformers",
            "t",
            hv_node_id=hv,
            lv_node_id=bushing,
            rated_kva=self.pick([250.0, 400.0, 630.0]),
            hv_kv=MV_KV,
            lv_kv=LV_KV,
            uk_percent=4.0,
            pk_kw=4.5,
            i0_percent=0.3,
            p0_kw=0.8,
            tap_pu=self.pick([0.0, 0.0, 0.025, -0.025]),
            ownership="public" if self.chance(0.8) else "customer",
            mv_units=1,
        )
        if not lv:
            self.consumer(bushing, self.between(20, 180), households=int(self.rng.integers(1, 120)))
            return
        for _ in range(int(self.rng.integers(1, 4))):
            start = self.node(LV_KV, bushing, 0.0001)
            self.switch(bushing, start, self.pick(["fuse", "load_break_switch"]))
            end = self.node(LV_KV, start, 0.0006)
            self.line(start, end, LV_KV)
            self.consumer(end, self.between(2, 40), households=int(self.rng.integers(1, 30)))
            self.lv_places.append(end)

    def consumer(self, node: str, p_kw: float, **values: Any) -> None:
        q_kvar = round(p_kw * self.between(0.1, 0.5), 3)
        shape = self.pick(["home", "shop"]) if self.shapes else None
        consumer = self.add("consumers", "c", node_id=node, p_kw=p_kw, q_kvar=q_kvar, profile_id=shape, **values)
        grade = str(
            self.rng.choice(["ordinary", "sensitive", "second", "first", "special"], p=[0.8, 0.08, 0.06, 0.04, 0.02])
        )
        bearable = {"special": 1.0, "first": 15.0, "second": 60.0}.get(grade)
        life = grade == "sensitive" and self.chance(0.3)
        self.add("usage_points", "u", consumer_id=consumer, importance=grade, bearable_min=bearable, life_support=life)

    # ---------------------------------------------------------------------------------- what makes it hard
    def mv_ties(self, count: int) -> None:
        """Normally open ties (联络开关) between places, mostly of different feeders, over a line or in one cabinet."""
        for _ in range(count):
            first = self.pick(self.places)
            others = [places for places in self.places if places is not first] or [first]
            second = self.pick(others) if self.chance(0.85) else first
            one, other = self.pick(first), self.pick(second)
            if one == other:
                continue
            if self.chance(0.5):
                middle = self.node(MV_KV, one, 0.0001)
                self.line(middle, other, MV_KV)
                other = middle
            self.switch(one, other, self.pick(["load_break_switch", "breaker"]), normal_open=True)

    def lv_ties(self, count: int) -> None:
        """Normally open LV ties: the back-feed people forget."""
        if len(self.lv_places) < 2:
            return
        for _ in range(count):
            one, other = (str(place) for place in self.rng.choice(self.lv_places, 2, replace=False))
            self.switch(one, other, "load_break_switch", normal_open=True, plain=True)

    def generators(self, count: int) -> None:
        """Roof-top sun, and now and then a set that can keep an island alive."""
        spots = [row["node_id"] for row in self.rows["consumers"]]
        for _ in range(count if spots else 0):
            kind = self.pick(["pv", "pv", "battery", "diesel"])
            size = self.between(3, 60)
            self.add(
                "generators",
                "g",
                node_id=self.pick(spots),
                kind=kind,
                p_kw=size,
                rated_kva=round(size * 1.1, 3),
                profile_id="sun" if self.shapes and kind == "pv" else None,
                can_island=kind != "pv" and self.chance(0.7),
            )

    def earths(self, count: int) -> None:
        """Earthing switches (接地刀闸), open."""
        for _ in range(count):
            place = self.pick(self.pick(self.places))
            self.add(
                "switches",
                "s",
                kind="ground_disconnector",
                from_node_id=place,
                normal_open=True,
                remote=False,
                locked=False,
                phased=True,
            )
