"""Feeders that can be transferred: drawn cases, and every arrangement of the switches on small random networks."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from everlit.grid import compile_network, supply
from everlit.grid.sweep import radial_flow
from everlit.grid.synthetic import random_network
from everlit.kernel import Period
from everlit.metering.forecast import quarter_hours
from everlit.planning.forecast import Nameplate
from everlit.planning.policies import DEFAULT_POLICIES
from everlit.planning.transferable import transferable_feeders
from everlit.switching.isolate import Isolation
from tests.planning.drawn import two_feeders
from tests.switching.test_transfer import exhaustive

JUNE = date(2026, 6, 1)
LOCAL = ZoneInfo("Asia/Shanghai")
MIDNIGHT = datetime(2026, 6, 1, tzinfo=LOCAL)


def checked(grid, forecast=None):
    asked = {"first": JUNE, "forecast": forecast or Nameplate(), "policies": DEFAULT_POLICIES, "zone": LOCAL}
    return {one.feeder_id: one for one in transferable_feeders(grid, **asked)}


class Evening:
    """One load that is heavy from 18:00 to 20:00 of the days that rest, all else at rated power."""

    fingerprint = "evening"

    def __init__(self, load, kw):
        self.load, self.kw = load, kw

    def loads(self, grid, period):
        p_kw, q_kvar = Nameplate().loads(grid, period)
        for row, at in enumerate(quarter_hours(period)):
            local = at.astimezone(LOCAL)
            if local.weekday() >= 5 and 18 <= local.hour < 20:
                p_kw[row, grid.find(self.load, "consumers")] = self.kw
        return p_kw, q_kvar


def test_a_tie_that_carries_everybody_passes_and_no_tie_never_does():
    made = checked(two_feeders(far=True))
    assert {name: (one.tied, one.passes) for name, one in made.items()} == {
        "FA": (True, True), "FB": (True, True), "FC": (False, False),
    }  # fmt: skip
    assert (made["FC"].units_left, made["FC"].households_left) == (2, 20)


def test_the_peak_of_the_feeder_decides():
    """A tie of 400 A at 10 kV carries 6.9 MVA."""
    heavy = checked(two_feeders(c=7_500.0))
    assert not heavy["FA"].passes and heavy["FA"].units_left == 114, "c is too heavy, and the others are fed through it"
    assert not heavy["FB"].passes, "nothing is left over for d and e"
    assert all(one.passes for one in checked(two_feeders()).values())
    evening = checked(two_feeders(), Evening("c-c", 7_500.0))
    assert not evening["FA"].passes, "two hours on a rest day are its peak"
    assert evening["FB"].passes, "its own peak lies at another time, the first of its week"


@dataclass(frozen=True)
class Heavy:
    """Every load so many times its rated power."""

    times: float
    fingerprint: str = "heavy"

    def loads(self, grid, period):
        return tuple(self.times * part for part in Nameplate().loads(grid, period))


def lost(grid, feeder):
    """The feeder with its head open and nobody at work on it."""
    head, closed = int(grid.feeder_head[feeder]), grid.switch_normal_closed
    without = closed.copy()
    without[head] = False
    dead = np.flatnonzero(supply(grid, closed).energised & ~supply(grid, without).energised).tolist()
    return Isolation(grid, (grid.switch_id(head),), closed, (head,), (), (), (), (), (), tuple(dead), (), (), ())


def test_a_feeder_passes_when_one_of_all_arrangements_keeps_everybody():
    outcomes = Counter()
    for seed in range(40):
        grid = compile_network(random_network(seed, feeders=3, nodes=3, ties=2, profiles=False))
        forecast = Heavy(float(np.random.default_rng(seed).uniform(0.5, 12)))
        p_kw, q_kvar = (part[:1] for part in forecast.loads(grid, Period(MIDNIGHT, MIDNIGHT + timedelta(hours=1))))
        if not radial_flow(grid, grid.switch_normal_closed, p_kw, q_kvar).converged.all():
            continue
        made = checked(grid, forecast)
        for row, name in enumerate(grid.feeder_ids.to_pylist()):
            isolation = lost(grid, row)
            best = exhaustive(grid, isolation, p_kw, q_kvar, radial_flow, unusable=isolation.equipment_ids)
            if name in made and best is not None:
                kept = best.by_units == (isolation.units, isolation.households)
                assert made[name].passes == kept, (seed, name)
                outcomes[made[name].tied, kept] += 1
    assert outcomes[True, True] >= 10 and outcomes[True, False] >= 10, outcomes
