"""Budgets by unit and month, and the management indices the ledger tells."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given

from everlit.ledger.model import Cause, Nature
from everlit.reliability.budget import budget_view
from everlit.reliability.management import management
from everlit.reliability.policies import RELIABILITY_POLICIES
from tests.reliability.ledgers import YEAR, Who, golden, ledger, random_ledgers


def view(**more):
    told = {name: {} for name in ("used_h", "fault_h", "allotted_h", "committed_h")}
    return budget_view(2026, {"east": 7_500.0, "west": 4_500.0}, policies=RELIABILITY_POLICIES, **{**told, **more})


def test_the_proposal_adds_up_to_the_planned_share_of_the_target():
    made = view(months=[1, 1, 2, 2, 3, 1, 1, 1, 2, 3, 2, 1])
    assert made.target.planned_h == pytest.approx(8640)
    assert sum(line.proposed_h for line in made.lines) == pytest.approx(8640)
    may = {line.unit: line.proposed_h for line in made.lines if line.month == "2026-05"}
    assert may == {"east": pytest.approx(8640 * 3 / 20 * 7.5 / 12), "west": pytest.approx(8640 * 3 / 20 * 4.5 / 12)}


def test_what_people_allotted_counts_before_the_proposal():
    here = "east", "2026-05"
    made = view(allotted_h={here: 600.0, ("north", "2026-05"): 10.0}, used_h={here: 588.0}, committed_h={here: 20.0})
    lines = {(line.unit, line.month): line for line in made.lines}
    assert lines[here].left_h == pytest.approx(-8) and lines["north", "2026-05"].budget_h == 10
    assert lines["west", "2026-05"].left_h == lines["west", "2026-05"].proposed_h
    assert made.as_json()["total"]["used_h"] == 588


def test_no_customers_have_no_budget():
    nothing = {name: {} for name in ("used_h", "fault_h", "allotted_h", "committed_h")}
    assert budget_view(2026, {"east": 0.0}, policies=RELIABILITY_POLICIES, **nothing).target.planned_h == 0


def told(one, **saved):
    return {index.key: index for index in management(one, period=YEAR, policies=RELIABILITY_POLICIES, **saved)}


def test_the_golden_example():
    made = told(golden(), transferred_h=63.0, live_line_h=13.0)
    assert (made["temporary"].numerator, made["temporary"].denominator) == (1, 2), "E3 planned, E4 temporary"
    assert made["transferred"].value == pytest.approx(63 / (63 + 26)), "24 + 2 customer-hours of works"
    assert made["live_line"].value == pytest.approx(13 / 39)
    assert made["arranged_hours"].value == pytest.approx(26 * 3600 / (3208 * 60))
    assert made["repeated_customers"].numerator == 0


def test_repeated_feeders_and_customers_count_events_not_rows():
    works = [(Nature.PLANNED_SWITCHING_OVER, Cause.UNKNOWN)] * 2
    at, day = 1_770_000_000, 86_400
    rows = [(0, 0, at, at + 60), (0, 0, at + 600, at + 660), (1, 0, at, at + 60), (1, 1, at + day, at + day + 60)]
    made = told(ledger([Who(feeder=0), Who(feeder=0, units=3), Who(feeder=1)], works, rows))
    assert (made["repeated_customers"].numerator, made["repeated_customers"].denominator) == (3, 5)
    assert (made["repeated_feeders"].numerator, made["repeated_feeders"].denominator) == (1, 2)


@given(random_ledgers())
def test_management_indices_equal_a_slow_count(one):
    begun = one.begun_in(YEAR)
    events, by_customer, works, every = set(), defaultdict(set), 0, 0
    for subject, event, seconds in zip(
        begun.subject.tolist(), begun.event.tolist(), begun.seconds.tolist(), strict=True
    ):
        nature, weight = tuple(Nature)[one.events.nature[event]], int(one.subjects.units[subject])
        every += seconds * weight
        if nature.planned or nature.temporary:
            events.add(event)
            by_customer[subject].add(event)
            works += seconds * weight
    made = told(one)
    temporary = sum(tuple(Nature)[one.events.nature[event]].temporary for event in events)
    assert (made["temporary"].numerator, made["temporary"].denominator) == (temporary, len(events))
    assert (made["arranged_hours"].numerator, made["arranged_hours"].denominator) == (works, every)
    often = [subject for subject, mine in by_customer.items() if len(mine) >= 2]
    assert made["repeated_customers"].numerator == int(np.sum(one.subjects.units[often]))
