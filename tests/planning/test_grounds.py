"""What an assessment stands on: what is near and what decides makes it stale, what is far or only told does not."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from everlit.grid import compile_network
from everlit.grid.synthetic import random_network
from everlit.kernel import Policies
from everlit.planning.forecast import Nameplate
from everlit.planning.gates import GATES
from everlit.planning.grounds import DECIDING, announced, facts_fingerprint, numbers, put_back, switches_involved
from everlit.planning.model import Nature
from everlit.planning.policies import DEFAULT_POLICIES
from everlit.switching import UnableToIsolate, isolate
from tests.planning.drawn import request, two_feeders
from tests.planning.test_assess import GRID, SIX_HOURS, START, assessed

FAR = two_feeders(far=True)
SHARED = {"requests": [request("R1", "lb")], "equipment_ids": ("lb",), "forecast": Nameplate()}
SAME = {"period": SIX_HOURS, "nature": Nature.PLANNED, "policies": DEFAULT_POLICIES}


def name(*operated, grid=FAR, **changes):
    closed = grid.switch_normal_closed.copy()
    for switch in operated:
        closed[grid.switch(switch)] ^= True
    dark = isolate(grid, grid.switch_normal_closed, ["lb"]).dead_sections
    return facts_fingerprint(**{**SHARED, **SAME, "grid": grid, "closed": closed, "dark": dark, **changes})


@pytest.mark.parametrize("switch", ["A0", "A1", "A2", "T", "B1", "B0"])
def test_every_switch_of_the_own_and_the_helping_feeder_counts(switch):
    assert name(switch) != name()


@pytest.mark.parametrize("switch", ["C0", "C1"])
def test_a_switch_of_a_feeder_that_cannot_help_does_not(switch):
    assert name(switch) == name()


def test_a_switch_that_is_not_involved_changes_nothing_in_the_answer():
    """The oracle is the answer. Only the power flow told for the whole network notices what happened elsewhere."""

    def answer(made):
        body = made.as_json()
        del body["transfer"]["flow"], body["transfer"]["judgement"]
        return body

    tried = 0
    for seed in range(8):
        grid = compile_network(random_network(seed, feeders=8, sources=3, ties=4))
        line = grid.network.tables["lines"].column("line_id")[seed].as_py()
        try:
            usual = assessed(line, grid=grid)
        except UnableToIsolate:
            continue
        closed, isolation = grid.switch_normal_closed, usual.plan.isolation
        dark = (*isolation.dead_sections, *isolation.zone_sections)
        involved = set(switches_involved(grid, closed, dark).tolist())
        for switch in sorted(set(range(grid.n_switches)) - involved)[:4]:
            other = closed.copy()
            other[switch] ^= True
            again = assessed(line, grid=grid, closed=other)
            assert again.fingerprint == usual.fingerprint
            assert answer(again) == answer(usual), (seed, grid.switch_id(switch))
            tried += 1
    assert tried > 10


def test_the_numbers_of_the_rules_count_and_not_who_wrote_them():
    row = DEFAULT_POLICIES.row("approve.duration", on=START.date())
    stricter = DEFAULT_POLICIES.replaced([replace(row, value=4.0)])
    retold = DEFAULT_POLICIES.replaced([replace(row, document="ours", jurisdiction="local", confidence="V1")])
    later = DEFAULT_POLICIES.replaced([replace(row, value=4.0, valid_from=date(2031, 1, 1))])
    assert name(policies=stricter) != name() == name(policies=retold) == name(policies=later)


def test_a_row_that_is_not_named_changes_nothing_in_an_assessment():
    """Every other row of the register is set to an absurd number in turn; only what an alternative costs may change."""
    grid = two_feeders({"usage_point_id": "vip", "consumer_id": "c-b", "importance": "first", "bearable_min": 30.0})

    def told(policies):
        body = assessed("lb", grid=grid, policies=policies).as_json()
        for one in body["alternatives"]:
            one.pop("cost_yuan")
        return body

    others = {row.key for row in DEFAULT_POLICIES.rows} - set(numbers(DEFAULT_POLICIES, on=START.date()))
    assert {"delay.recurring", "alt.generator.kwh", "plan.freeze_day"} <= others
    usual = told(DEFAULT_POLICIES)
    for key in sorted(others):
        row = DEFAULT_POLICIES.row(key, on=START.date())
        assert told(DEFAULT_POLICIES.replaced([replace(row, value=7 * row.value + 1000)])) == usual, key


def test_every_gate_cites_a_row_that_counts():
    cited = {gate.policy.key for gate in assessed("lb").gates}
    assert len(assessed("lb").gates) == len(GATES) and all(key.startswith(DECIDING) for key in cited)
    assert numbers(Policies([]), on=START.date()) == {}


def test_what_an_outage_under_way_operated_is_put_back():
    made = assessed("lb")
    during = made.plan.at_work
    assert (during != GRID.switch_normal_closed).any()
    ticket = made.as_json()["ticket"]
    assert (put_back(GRID, during, [ticket]) == GRID.switch_normal_closed).all()
    left = np.where(np.arange(GRID.n_switches) == GRID.switch("B1"), False, during)
    assert np.flatnonzero(put_back(GRID, left, [ticket]) != GRID.switch_normal_closed).tolist() == [GRID.switch("B1")]


def test_an_announcement_is_the_period_and_the_households():
    made = assessed("lb")
    again = assessed("lb", now=START)
    assert announced(made.as_json()) == made.verdict.announcement == again.verdict.announcement
    assert assessed("lc").verdict.announcement != made.verdict.announcement
