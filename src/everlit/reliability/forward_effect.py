"""What a change is worth (投资效果), and what a plan risks: the same year calculated on two networks, or in two states.

A new tie, a switch made automatic, spares in stock: each is the network with one more row. The difference is what a year
would save. A plan that moves load for a day leaves customers on a weaker network: what may fail meanwhile is its risk.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypedDict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from everlit.grid import Grid, Network, compile_network
from everlit.grid.columns import Bools, Floats, flags
from everlit.grid.tables import network_of
from everlit.kernel import Finding, Policies, Refusal, Text
from everlit.reliability.failure_data import TABLE
from everlit.reliability.forward import BASES, HOURS_OF_A_YEAR, Forward, Promise, forward
from everlit.reliability.model import Base


class UnableToAddTie(Refusal):
    """A tie joins two different places of one voltage."""

    title = Text(en="No tie can be built there.", zh="此处不能增设联络开关。")


class Asked(TypedDict, total=False):
    """How a year is calculated, as `forward` takes it."""

    policies: Policies | None
    on: date
    limited: bool


@dataclass(frozen=True, slots=True)
class Effect:
    """A year before a change and after it."""

    before: Forward
    after: Forward

    def saved(self, base: Base) -> Promise:
        """Interruptions and hours a year is spared, on one base; negative where the change does harm."""
        was, now = self.before.promises[base], self.after.promises[base]
        return Promise(base, was.customers, was.interruptions - now.interruptions, was.hours - now.hours)

    @property
    def saved_ens_kwh(self) -> float:
        """Energy a year is spared."""
        return self.before.ens_kwh - self.after.ens_kwh

    def as_json(self) -> dict[str, Any]:
        """As the command and the API show it."""
        saved = {base.value: _saved(self.saved(base)) for base in BASES}
        return {
            "before": self.before.as_json(load_points=False),
            "after": self.after.as_json(load_points=False),
            "saved": {**saved, "ens_mwh": round(self.saved_ens_kwh / 1000, 6)},
        }


@dataclass(frozen=True, slots=True)
class Risk:
    """What failures may cost more than usual in the hours a state lasts; whoever the state itself cuts off is left out."""

    hours: float
    interruptions: Mapping[Base, float]
    customer_hours: Mapping[Base, float]
    ens_kwh: float

    def as_json(self) -> dict[str, Any]:
        """As the command and the API show it."""
        return {
            "hours": self.hours,
            "interruptions": {base.value: round(value, 6) for base, value in self.interruptions.items()},
            "customer_hours": {base.value: round(value, 6) for base, value in self.customer_hours.items()},
            "ens_kwh": round(self.ens_kwh, 6),
        }


def value_of(grid: Grid, changed: Network, *, asked: Asked | None = None) -> Effect:
    """What the changed network is worth beside `grid`."""
    asked = asked or {}
    return Effect(forward(grid, **asked), forward(compile_network(changed), **asked))


def value_of_switch(grid: Grid, switch_id: str, *, asked: Asked | None = None) -> Effect:
    """What making a switch automatic is worth; raises UnableToFindEquipment."""
    return value_of(grid, automated(grid, [switch_id]), asked=asked)


def value_of_tie(grid: Grid, one: str, other: str, *, asked: Asked | None = None) -> Effect:
    """What a tie between two nodes is worth; raises UnableToFindEquipment, UnableToAddTie."""
    return value_of(grid, with_tie(grid, one, other), asked=asked)


def risk_of(grid: Grid, closed: Bools, *, hours: float, asked: Asked | None = None) -> Risk:
    """What failures may cost more than in the normal state while `closed` stands; what it opened stays open."""
    asked = asked or {}
    normal = forward(grid, **asked)
    during = forward(grid, closed=closed, held=grid.switch_normal_closed & ~closed, **asked)
    share = np.where(during.energised & normal.energised, hours / HOURS_OF_A_YEAR, 0.0)
    more_often, longer = share * (during.failures - normal.failures), share * (during.hours - normal.hours)
    weights: dict[Base, Floats] = {
        Base.UNITS: grid.section_units.astype(np.float64),
        Base.HOUSEHOLDS: grid.section_households.astype(np.float64),
        Base.KVA: grid.section_kva,
    }
    return Risk(
        hours,
        {base: float(weight @ more_often) for base, weight in weights.items()},
        {base: float(weight @ longer) for base, weight in weights.items()},
        float(normal.load_kw @ longer[grid.section_of_node[grid.consumer_node]]),
    )


def automated(grid: Grid, switch_ids: Iterable[str]) -> Network:
    """The network with these switches remotely controlled, and no time of their own; raises UnableToFindEquipment."""
    names = pa.array([grid.switch_id(grid.switch(identity)) for identity in switch_ids], pa.string())
    tables = dict(grid.network.tables)
    switches, rates = tables["switches"], tables.get(TABLE)
    chosen = pc.is_in(switches.column("switch_id"), value_set=names)
    tables["switches"] = _with(switches, "remote", pc.or_(switches.column("remote"), chosen))
    if rates is not None:
        theirs = pc.is_in(rates.column("equipment_id"), value_set=names)
        nothing = pa.scalar(None, pa.float64())
        tables[TABLE] = _with(rates, "operate_h", pc.if_else(theirs, nothing, rates.column("operate_h")))
    return network_of(tables, {**grid.network.manifest, "name": grid.network.name})


def with_tie(grid: Grid, one: str, other: str) -> Network:
    """The network with a load-break switch, open and operated by hand, between two nodes of one voltage."""
    ends = grid.node(one), grid.node(other)
    kv = grid.nominal_kv[list(ends)]
    if grid.section_of_node[ends[0]] == grid.section_of_node[ends[1]] or kv[0] != kv[1]:
        words = Text(
            en=f"{one} ({kv[0]:g} kV) and {other} ({kv[1]:g} kV) are not two sections of one voltage.",
            zh=f"{one}({kv[0]:g} kV)与 {other}({kv[1]:g} kV)不是同一电压等级的两个区段。",
        )
        raise UnableToAddTie(Finding("tie.ends", one, words))
    switches = grid.network.tables["switches"]
    row: dict[str, Any] = dict.fromkeys(switches.column_names)
    row |= {"switch_id": _new_name(grid, f"{one}~{other}"), "kind": "load_break_switch", "normal_open": True}
    row |= {"from_node_id": one, "to_node_id": other, "remote": False, "locked": False, "phased": True}
    tables = dict(grid.network.tables)
    tables["switches"] = pa.concat_tables([switches, pa.Table.from_pylist([row], switches.schema)])
    return network_of(tables, {**grid.network.manifest, "name": grid.network.name})


def with_spares(grid: Grid) -> Network:
    """The network with a spare of everything that its table gives a time of replacement for."""
    tables = dict(grid.network.tables)
    rates = tables.get(TABLE)
    if rates is not None:
        spare = np.asarray(rates.column("replace_h").is_valid()) | flags(rates, "spare")
        tables[TABLE] = _with(rates, "spare", pa.array(spare))
    return network_of(tables, {**grid.network.manifest, "name": grid.network.name})


def _with(table: pa.Table, column: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.column_names.index(column), column, values)


def _new_name(grid: Grid, name: str) -> str:
    """A name nothing of the network has."""
    tables = ("switches", "earths", "nodes", "lines", "transformers", "consumers", "generators", "usage_points")
    while any(grid.find(name, table) >= 0 for table in tables):
        name += "'"
    return name


def _saved(promise: Promise) -> dict[str, float | None]:
    return {
        "saifi": None if promise.saifi is None else round(promise.saifi, 6),
        "saidi_h": None if promise.saidi_h is None else round(promise.saidi_h, 6),
        "interruptions": round(promise.interruptions, 6),
        "customer_hours": round(promise.hours, 6),
    }
