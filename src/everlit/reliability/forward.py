"""Forward calculation (可靠性预测): what the network as it is built promises, before anything happens.

Every line and transformer that can fail is let fail once on the network; `fault` follows who is off for how long. Over a
year that gives each load point (负荷点) its failure rate λ, its hours off U and the length of one interruption r = U/λ,
and the system the usual indices, on each base of its own (domain rules 2.1, 2.3, 2.7):

    SAIFI = Σ λ·N / ΣN     SAIDI = Σ U·N / ΣN     CAIDI = SAIDI / SAIFI     ASAI = 1 − SAIDI / 8760     ENS = Σ U·L

Protection, isolators, fuses and ties are those of the network: another switch is another row, never another rule here.
Every interruption counts, however short; failures do not overlap; sources, busbars and switches are perfect.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from everlit.grid import Grid, supply
from everlit.grid.columns import Bools, Floats, floats
from everlit.kernel import Finding, Policies, Severity, Text
from everlit.reliability.failure_data import Assumptions, assumptions, average_load_kw, components_of
from everlit.reliability.fault import follow_faults
from everlit.reliability.forward_wiring import faults_of, stage_hours, wire
from everlit.reliability.model import Base
from everlit.switching.limits import limits_of
from everlit.switching.policies import NEWEST

HOURS_OF_A_YEAR = 8760.0
BASES = (Base.UNITS, Base.HOUSEHOLDS, Base.KVA)


@dataclass(frozen=True, slots=True)
class Promise:
    """Expected indices of a year on one base: how many customers, their interruptions and hours off together.

    >>> promise = Promise(Base.HOUSEHOLDS, customers=100, interruptions=25, hours=50)
    >>> promise.saifi, promise.saidi_h, promise.caidi_h, round(promise.asai_percent, 6)
    (0.25, 0.5, 2.0, 99.994292)
    """

    base: Base
    customers: float
    interruptions: float
    hours: float

    @property
    def saifi(self) -> float | None:
        """Interruptions of a customer in a year; None without customers."""
        return self.interruptions / self.customers if self.customers else None

    @property
    def saidi_h(self) -> float | None:
        """Hours off of a customer in a year."""
        return self.hours / self.customers if self.customers else None

    @property
    def caidi_h(self) -> float | None:
        """Hours of one interruption; None where there are none."""
        return self.hours / self.interruptions if self.interruptions else None

    @property
    def asai_percent(self) -> float | None:
        """Share of the year with supply."""
        return None if self.saidi_h is None else 100 * (1 - self.saidi_h / HOURS_OF_A_YEAR)

    def as_json(self) -> dict[str, float | None]:
        """As the command and the API show it."""
        return {
            "customers": self.customers,
            "saifi": _rounded(self.saifi),
            "saidi_h": _rounded(self.saidi_h),
            "caidi_h": _rounded(self.caidi_h),
            "asai_percent": _rounded(self.asai_percent),
        }


@dataclass(frozen=True, slots=True)
class LoadPoint:
    """One load point: what it is, and what a year brings it."""

    consumer_id: str
    feeder_id: str | None
    households: int
    load_kw: float
    failures_per_year: float
    hours_per_year: float

    @property
    def hours_each(self) -> float | None:
        """Hours of one interruption, r = U/λ; None where there are none."""
        return self.hours_per_year / self.failures_per_year if self.failures_per_year else None

    @property
    def ens_kwh(self) -> float:
        """Energy not supplied in a year."""
        return self.hours_per_year * self.load_kw

    def as_json(self) -> dict[str, Any]:
        """As the command and the API show it."""
        return {
            "load_point": self.consumer_id,
            "feeder": self.feeder_id,
            "households": self.households,
            "load_kw": _rounded(self.load_kw),
            "failures_per_year": _rounded(self.failures_per_year),
            "hours_per_year": _rounded(self.hours_per_year),
            "hours_each": _rounded(self.hours_each),
            "ens_kwh": _rounded(self.ens_kwh),
        }


@dataclass(frozen=True)
class Forward:
    """The result: per section interruptions and hours off in a year; `load_kw` is the average of every consumer.

    Sections that are dead in the state asked about count nowhere. `findings` say what was left out or assumed.
    """

    grid: Grid = field(repr=False)
    closed: Bools = field(repr=False)
    limited: bool
    assumed: Assumptions
    energised: Bools = field(repr=False)
    failures: Floats = field(repr=False)
    hours: Floats = field(repr=False)
    load_kw: Floats = field(repr=False)
    findings: tuple[Finding, ...] = ()

    @cached_property
    def promises(self) -> Mapping[Base, Promise]:
        """The indices on every base, never mixed."""
        return {base: self._promise(base) for base in BASES}

    def weight(self, base: Base) -> Floats:
        """What each section weighs on a base, nothing where it is dead in this state."""
        grid = self.grid
        weights = {
            Base.UNITS: grid.section_units,
            Base.HOUSEHOLDS: grid.section_households,
            Base.KVA: grid.section_kva,
        }
        return np.where(self.energised, weights[base], 0.0)

    def _promise(self, base: Base) -> Promise:
        weight = self.weight(base)
        return Promise(base, float(weight.sum()), float(weight @ self.failures), float(weight @ self.hours))

    @cached_property
    def ens_kwh(self) -> float:
        """Energy not supplied in a year, at average load."""
        return float(self.load_kw @ self.hours[self.grid.section_of_node[self.grid.consumer_node]])

    @cached_property
    def load_points(self) -> tuple[LoadPoint, ...]:
        """Every consumer that is fed, in the order of its table."""
        grid, consumers = self.grid, self.grid.network.tables["consumers"]
        section = grid.section_of_node[grid.consumer_node]
        fed = np.flatnonzero(self.energised[section])
        feeder = supply(grid, self.closed).feeder[section]
        feeders = [*grid.feeder_ids.to_pylist(), None]
        rows = consumers.select(["consumer_id", "households"]).take(pa.array(fed)).to_pylist()
        return tuple(
            LoadPoint(
                row["consumer_id"],
                feeders[int(feeder[index])],
                row["households"],
                float(self.load_kw[index]),
                float(self.failures[section[index]]),
                float(self.hours[section[index]]),
            )
            for row, index in zip(rows, fed.tolist(), strict=True)
        )

    def as_json(self, *, load_points: bool = True) -> dict[str, Any]:
        """As the command and the API show it."""
        return {
            "network": self.grid.network.name,
            "tie_limits": self.limited,
            "indices": {base.value: promise.as_json() for base, promise in self.promises.items()},
            "ens_mwh": _rounded(self.ens_kwh / 1000),
            "assumed": asdict(self.assumed),
            **({"load_points": [point.as_json() for point in self.load_points]} if load_points else {}),
            "findings": [finding.as_json() for finding in self.findings],
        }


def forward(
    grid: Grid,
    *,
    policies: Policies | None = None,
    on: date = NEWEST,
    closed: Bools | None = None,
    held: Bools | None = None,
    limited: bool = True,
) -> Forward:
    """What a year is expected to bring the customers of `grid`, with or without (`limited`) the limits of ties.

    The state is the normal one unless `closed` (bool per switch) names another; `held` switches are not operated. Rates
    and times come from the network's table `failure_rates`, else from the policy rows in force on day `on`.
    """
    closed = grid.switch_normal_closed if closed is None else closed
    held = np.zeros(grid.n_switches, np.bool_) if held is None else held
    assumed, load_kw = assumptions(policies, on=on), average_load_kw(grid)
    rules = limits_of(policies, on=on)
    wiring = wire(grid, closed, held, load_kw, assumed=assumed, rules=rules, limited=limited)
    faults = faults_of(grid, components_of(grid, assumed), stage_hours(grid, assumed))
    failures, hours = follow_faults(wiring, faults)
    findings = (*_nothing_fails(grid, faults.failures), *_dead_before(grid, wiring.energised))
    return Forward(grid, closed, limited, assumed, wiring.energised, failures, hours, load_kw, findings)


def _nothing_fails(grid: Grid, failures: Floats) -> tuple[Finding, ...]:
    if not len(failures):
        words = Text(
            en="Nothing in this network can fail: its lines have no length and the table failure_rates has no rates.",
            zh="本网络没有可故障的设备:线路长度为零,且 failure_rates 表没有故障率。",
        )
        return (Finding("forward.nothing_fails", grid.network.name, words, severity=Severity.WARNING),)
    without = int((floats(grid.network.tables["lines"], "length_m") == 0).sum())
    if not without:
        return ()
    words = Text(
        en=f"{without} lines have no length; they fail only by a row of the table failure_rates.",
        zh=f"{without} 条线路长度为零,仅按 failure_rates 表计故障。",
    )
    return (Finding("forward.no_length", grid.network.name, words, {"lines": without}, Severity.NOTE),)


def _dead_before(grid: Grid, energised: Bools) -> tuple[Finding, ...]:
    households = int(grid.section_households[~energised].sum())
    if not households:
        return ()
    words = Text(
        en=f"{households} households are dead in this state already and are not counted.",
        zh=f"{households} 户在该状态下已停电,不计入。",
    )
    return (Finding("forward.dead", grid.network.name, words, {"households": households}, Severity.NOTE),)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
