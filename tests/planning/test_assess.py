"""Compute before you cut: dead times against a state-by-state oracle, counts by brute force, every gate both ways."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everlit.grid import compile_network, supply
from everlit.grid.synthetic import random_network
from everlit.kernel import Hardness, Period, Text
from everlit.planning.affected import affected, customer_hours, energy
from everlit.planning.assess import assess
from everlit.planning.forecast import DayTypes, Nameplate, forecast_of
from everlit.planning.gates import approver
from everlit.planning.grounds import facts_fingerprint
from everlit.planning.model import LADDER, AlternativeKind, Budget, Nature, Outcome, ProtectedPeriod, Role
from everlit.planning.path import dead_times_of
from everlit.planning.policies import DEFAULT_POLICIES
from everlit.planning.repeats import repeats_after
from everlit.switching import UnableToIsolate
from everlit.switching.step import Action
from tests.planning.drawn import NOON, request, two_feeders
from tests.planning.told import counting

START = NOON - timedelta(hours=4)
SIX_HOURS = Period(START, START + timedelta(hours=6))
GRID = two_feeders()


def assessed(*equipment, grid=GRID, period=SIX_HOURS, requests=None, **given_facts):
    facts = {
        "closed": grid.switch_normal_closed,
        "forecast": Nameplate(),
        "policies": DEFAULT_POLICIES,
        "now": START - timedelta(days=30),
        **given_facts,
    }
    return assess(requests or [request("R1", *equipment)], grid=grid, period=period, **facts)


def outcome(assessment, key):
    (gate,) = [gate for gate in assessment.gates if gate.key == key]
    assert gate.policy.key == key and gate.message.zh and gate.message.en
    return gate.outcome


def oracle(grid, closed, plan):
    """Minute by minute over every step: who has no supply, from the step that took it to the step that gave it back."""
    moments, state = [(0.0, closed)], closed.copy()
    for ticket, begins in ((plan.tickets.out, 0.0), (plan.tickets.back, plan.path_min - plan.back_min)):
        for step in ticket.steps:
            if step.action in (Action.OPEN, Action.CLOSE):
                state = state.copy()
                state[grid.switch(step.device)] = step.action is Action.CLOSE
                moments.append((begins + step.at_min, state))
    fed = supply(grid, closed).energised
    minutes = np.zeros(grid.n_sections)
    for index, (moment, positions) in enumerate(moments):
        until = moments[index + 1][0] if index + 1 < len(moments) else plan.path_min
        minutes += (fed & ~supply(grid, positions).energised) * (until - moment)
    return minutes


# ------------------------------------------------------------------------------------------ hours and energy
def test_the_worked_example_of_the_rules():
    grid = two_feeders(units={"a": 34, "b": 50, "c": 60, "d": 1, "e": 1})
    a, b, c = (int(grid.section_of_node[grid.node(name)]) for name in "abc")

    def hours(*rows):
        return customer_hours(grid, dead_times_of([*rows]), sustained_min=3).units_h

    alone = hours((a, 0, 360), (b, 0, 360)) + hours((a, 0, 300), (b, 0, 300)) + hours((c, 0, 240))
    assert alone == pytest.approx(84 * 6 + 84 * 5 + 60 * 4) == pytest.approx(1164)
    assert hours((a, 0, 420), (b, 0, 420)) == pytest.approx(588)
    assert hours((a, 0, 420), (b, 0, 10), (b, 410, 420)) == pytest.approx(254.67, abs=0.01)


def test_momentary_interruptions_are_counted_and_told_apart():
    b, c = (int(GRID.section_of_node[GRID.node(name)]) for name in "bc")
    hours = customer_hours(GRID, dead_times_of([(b, 0, 60), (c, 0, 3), (c, 10, 12)]), sustained_min=3)
    assert hours.units_h == pytest.approx(34 * 1 + 50 * 5 / 60)
    assert hours.momentary_units_h == pytest.approx(50 * 5 / 60)
    assert (hours.units, hours.households, hours.momentary_households) == (84, 840, 500)
    assert hours.kva == 630 and hours.kva_h == pytest.approx(315 * 1 + 315 * 5 / 60)


def test_energy_follows_the_load_of_each_quarter_hour():
    b = int(GRID.section_of_node[GRID.node("b")])
    column = GRID.network.tables["consumers"].column("consumer_id").to_pylist().index("c-b")
    expected, high = np.zeros((4, 5)), np.zeros((4, 5))
    expected[:, column], high[:, column] = [100, 200, 300, 400], [110, 220, 330, 440]
    lost = energy(GRID, dead_times_of([(b, 5, 35)]), expected_kw=expected, high_kw=high, period=SIX_HOURS)
    assert lost.not_served_kwh == pytest.approx((100 * 10 + 200 * 15 + 300 * 5) / 60)
    assert lost.peak_lost_kw == 330
    later = Period(START + timedelta(minutes=10), START + timedelta(hours=1))
    shifted = energy(GRID, dead_times_of([(b, 0, 20)]), expected_kw=expected, high_kw=high, period=later)
    assert shifted.not_served_kwh == pytest.approx((100 * 5 + 200 * 15) / 60)


# -------------------------------------------------------------------------------------- the drawn network
def test_who_is_dark_and_who_is_kept():
    made = assessed("lb")
    who = {GRID.network.tables["consumers"].column("consumer_id")[int(c)].as_py() for c in made.who.consumer}
    assert "c-b" in who and "c-a" not in who
    assert made.plan.transfer.close == (GRID.switch("T"),)
    b = int(GRID.section_of_node[GRID.node("b")])
    minutes = oracle(GRID, GRID.switch_normal_closed, made.plan)
    assert minutes[b] > 300
    assert made.hours.units_h == pytest.approx(float(GRID.section_units @ minutes) / 60)
    assert made.hours_without_transfer.units_h == pytest.approx((34 + 50) * 6)
    assert made.unit_hours.keys() <= {"east", "west"} and sum(made.unit_hours.values()) == pytest.approx(
        made.hours.units_h
    )


def test_the_json_holds_everything_and_only_identities():
    body = assessed("lb").as_json()
    assert body["isolation"]["to_open"] and body["ticket"]["out"]["steps"][0]["done_at"].endswith("+00:00")
    assert {row["consumer_id"] for row in body["households"]} >= {"c-b"}
    row = next(row for row in body["households"] if row["consumer_id"] == "c-b")
    spans = body["patterns"][row["pattern"]]
    assert sum(end - start for start, end in spans) == pytest.approx(row["minutes"])
    assert body["certificate"] == [] or all("kind" in reason for reason in body["certificate"])
    assert body["approver"] in {role.value for role in LADDER}
    assert assessed("lb").as_json(households=False)["households"] == []


def test_the_fingerprint_names_every_fact():
    policies, other = DEFAULT_POLICIES, DEFAULT_POLICIES.replaced([replace(DEFAULT_POLICIES.rows[0], value=1.5)])
    isolation = assessed("lb").plan.isolation
    base: dict[str, Any] = {
        "grid": GRID,
        "closed": GRID.switch_normal_closed,
        "dark": [*isolation.dead_sections, *isolation.zone_sections],
        "equipment_ids": ["lb"],
        "period": SIX_HOURS,
        "nature": Nature.PLANNED,
        "forecast": Nameplate(),
        "policies": policies,
    }
    closed = GRID.switch_normal_closed.copy()
    closed[GRID.switch("T")] = True
    changes: list[dict[str, Any]] = [
        {},
        {"grid": two_feeders(b=101.0)},
        {"closed": closed},
        {"equipment_ids": ["lc"]},
        {"nature": Nature.TEMPORARY},
        {"period": Period(START, START + timedelta(hours=5))},
        {"forecast": Nameplate("other")},
        {"policies": other},
    ]
    names = [facts_fingerprint([request("R1", "lb")], **{**base, **change}) for change in changes]
    names.append(facts_fingerprint([request("R1", "lb", minutes=300)], **base))
    assert len(set(names)) == len(names)
    assert assessed("lb").fingerprint == names[0]


def test_the_code_version_is_a_fact(monkeypatch):
    before = assessed("lb").fingerprint
    monkeypatch.setattr("everlit.planning.grounds.__version__", "99")
    assert assessed("lb").fingerprint != before


# --------------------------------------------------------------------------------------------------- gates
HOSPITAL = {"consumer_id": "c-b", "importance": "first", "bearable_min": 15.0, "name": "City hospital (fictional)"}


def test_bearable_minutes_block_without_a_plan():
    grid = two_feeders(HOSPITAL)
    assert outcome(assessed("lb", grid=grid), "important.bearable") is Outcome.BLOCK
    made = assessed("lb", grid=grid, plans={"u-0"})
    assert outcome(made, "important.bearable") is Outcome.APPROVE
    assert made.important[0].longest_min > 300 and not made.important[0].bears_it
    assert (
        outcome(assessed("la", grid=two_feeders({**HOSPITAL, "bearable_min": 500.0})), "important.bearable")
        is Outcome.PASS
    )


def test_both_sources_of_one_customer_never_together():
    both = [HOSPITAL, {**HOSPITAL, "consumer_id": "c-c"}]
    grid = two_feeders(*both)
    cut = grid.switch_normal_closed.copy()
    requests = [request("R1", "lb"), request("R2", "lc")]
    made = assessed(grid=grid, requests=requests, plans={"u-0", "u-1"}, closed=cut)
    assert outcome(made, "important.both_sources") is Outcome.BLOCK
    assert made.sources[0].together_dark_min > 300
    assert outcome(assessed("ld", grid=grid), "important.both_sources") is Outcome.PASS


def test_one_source_left_needs_a_plan():
    grid = two_feeders({**HOSPITAL, "bearable_min": 500.0}, {**HOSPITAL, "consumer_id": "c-d", "bearable_min": 500.0})
    made = assessed("lb", grid=grid)
    assert outcome(made, "important.n1") is Outcome.BLOCK
    assert outcome(made, "important.both_sources") is Outcome.PASS
    assert outcome(assessed("lb", grid=grid, plans={HOSPITAL["name"]}), "important.n1") is Outcome.PASS


def test_a_transfer_that_puts_both_sources_on_one_feeder_is_seen():
    grid = two_feeders({**HOSPITAL, "consumer_id": "c-c"}, {**HOSPITAL, "consumer_id": "c-d"})
    made = assessed("lb", grid=grid)
    assert [one.customer for one in made.sources] == [HOSPITAL["name"]]
    assert (made.sources[0].feeders_before, made.sources[0].feeders_at_work) == (2, 1)
    assert outcome(made, "important.n1") is Outcome.BLOCK


def test_life_support():
    grid = two_feeders({"consumer_id": "c-b", "life_support": True})
    assert outcome(assessed("lb", grid=grid), "life_support") is Outcome.APPROVE
    assert outcome(assessed("lb", grid=grid, plans={"u-0"}), "life_support") is Outcome.PASS


def past(days, nature=Nature.PLANNED, places=("c-b",), minutes=60, of=START, major=False):
    """Outages so many days before a start, or agreed for as many days after it."""
    rows = [(f"H{day}", nature, of - timedelta(days=day), minutes, places) for day in days]
    told, agreed = ([row for row in rows if (row[2] < of) is before] for before in (True, False))
    event_days = [row[2].astimezone(ZoneInfo("Asia/Shanghai")).date() for row in rows] if major else ()
    return counting(GRID, *told, agreed=agreed, beside=of, major=event_days)


@pytest.mark.parametrize(
    ("history", "key", "expected"),
    [
        (past([10, 70, 130]), "rep.planned_year", Outcome.BLOCK),
        (past([10, 70]), "rep.year_total", Outcome.PASS),
        (past([10, 20, 30], Nature.FAULT), "rep.window60", Outcome.BLOCK),
        (past([10, 61, 122, 140, 150], Nature.FAULT), "rep.year_total", Outcome.BLOCK),
        (past([10, 70, 130], minutes=4), "rep.year_total", Outcome.PASS),
        (past([10, 70, 130], places=("c-e",)), "rep.year_total", Outcome.PASS),
        (past([10, 70, 130], major=True), "rep.year_total", Outcome.PASS),
        (past([200, 220, 240, 260, 300]), "rep.year_total", Outcome.PASS),
        (past([-10, -70, -130]), "rep.planned_year", Outcome.BLOCK),
        (past([10, -5, -20], Nature.FAULT), "rep.window60", Outcome.BLOCK),
        (past([10, 70, 130, 140]), "rep.planned_year", Outcome.BLOCK),
        (past([10, 70, 130, 0.1]), "rep.year_total", Outcome.PASS),
        (past([130, 135, 140, 145], Nature.FAULT), "rep.year_total", Outcome.PASS),
    ],
)
def test_repeat_limits(history, key, expected):
    assert outcome(assessed("lb", history=history), key) is expected


def test_a_window_reaches_over_new_year():
    january = datetime(2027, 1, 5, 0, tzinfo=UTC)
    december = past([10, 20, 30], Nature.FAULT, of=january)
    made = assessed("lb", period=Period(january, january + timedelta(hours=6)), history=december)
    assert outcome(made, "rep.window60") is Outcome.BLOCK
    assert {one.year for one in made.repeats.counted} == {1}


@pytest.mark.parametrize(("days", "words"), [([10, 70, 130], "1 customers become"), ([10, 70, 130, 140], "1 who are")])
def test_who_becomes_frequent_and_who_is_already_are_told_apart(days, words):
    made = assessed("lb", history=past(days))
    (gate,) = [gate for gate in made.gates if gate.key == "rep.planned_year"]
    assert gate.measured == len(days) + 1 and words in gate.message.en
    assert made.repeats.as_json()["beyond"] == 1


def test_a_warning_comes_before_the_limit():
    assert outcome(assessed("lb", history=past([10])), "rep.warn_year") is Outcome.WARN
    assert outcome(assessed("lb"), "rep.warn_year") is Outcome.PASS


def test_notice_by_the_law_and_by_the_own_target():
    made = assessed("lb", now=START - timedelta(days=7, minutes=1))
    assert outcome(made, "notice.planned") is Outcome.PASS
    assert outcome(made, "notice.target_internal") is Outcome.WARN
    assert outcome(assessed("lb", now=START - timedelta(days=6, hours=23)), "notice.planned") is Outcome.BLOCK
    assert made.verdict.notice_deadline == START - timedelta(days=7)
    due = {one.audience: one for one in made.notices}
    assert due["everybody"].households == made.who.count and due["everybody"].policy.hardness is Hardness.LEGAL


def test_a_temporary_outage_owes_notice_to_important_customers():
    grid = two_feeders({**HOSPITAL, "bearable_min": 600.0})
    made = assessed("lb", grid=grid, nature=Nature.TEMPORARY, now=START - timedelta(hours=25))
    assert [(one.audience, one.usage_points) for one in made.notices] == [("important", ("u-0",))]
    assert outcome(made, "notice.temporary") is Outcome.PASS
    late = assessed("lb", grid=grid, nature=Nature.TEMPORARY, now=START - timedelta(hours=23))
    assert outcome(late, "notice.temporary") is Outcome.BLOCK
    nobody = assessed("lb", nature=Nature.TEMPORARY, now=START - timedelta(hours=7))
    assert nobody.notices == () and nobody.verdict.notice_deadline is None
    assert outcome(nobody, "notice.temporary") is Outcome.PASS


def test_protected_periods_of_the_unit_concerned():
    exam = ProtectedPeriod("exam", Text("exam", "考试"), Period(START + timedelta(hours=5), START + timedelta(days=1)))
    assert outcome(assessed("lb", protected=[exam]), "protected.period") is Outcome.BLOCK
    assert outcome(assessed("lb", protected=[replace(exam, units=("west",))]), "protected.period") is Outcome.PASS
    after = replace(exam, period=Period(SIX_HOURS.end, SIX_HOURS.end + timedelta(days=1)))
    assert outcome(assessed("lb", protected=[after]), "protected.period") is Outcome.PASS


def test_budget_duration_households_and_night_raise_the_approver():
    made = assessed("lb")
    enough = Budget("east", "2026-06", 1000.0, used_h=500.0)
    short = Budget("east", "2026-06", 600.0, used_h=500.0)
    assert outcome(assessed("lb", budgets={"east": enough}), "budget.month") is Outcome.PASS
    over = assessed("lb", budgets={"east": short})
    assert outcome(over, "budget.month") is Outcome.APPROVE
    nothing = assessed("lb", budgets={"east": Budget("east", "2026-06", 0.0)})
    assert outcome(nothing, "budget.month") is Outcome.APPROVE and nothing.approver is over.approver
    (gate,) = [gate for gate in nothing.gates if gate.key == "budget.month"]
    assert "of a budget of 0" in gate.message.en and math.isfinite(gate.measured) and gate.subjects == ("east",)
    unused = assessed("lb", budgets={"west": Budget("west", "2026-06", 0.0)})
    assert outcome(unused, "budget.month") is Outcome.PASS
    assert LADDER.index(over.approver) == LADDER.index(made.approver) + 1
    long = Period(START, START + timedelta(hours=8, minutes=1))
    assert outcome(assessed("lb", period=long), "approve.duration") is Outcome.APPROVE
    late = Period(START + timedelta(hours=8), START + timedelta(hours=13, minutes=30))
    assert outcome(assessed("lb", period=late), "approve.night_from") is Outcome.APPROVE
    many = two_feeders(units={"b": 201})
    assert outcome(assessed("lb", grid=many), "approve.households") is Outcome.APPROVE
    for key in ("approve.duration", "approve.night_from", "approve.households"):
        assert outcome(made, key) is Outcome.PASS


def test_a_period_too_short_for_the_switching_is_refused():
    made = assessed("lb", period=Period(START, START + timedelta(minutes=30)))
    assert outcome(made, "path.time") is Outcome.BLOCK
    assert made.plan.path_min > 30
    assert outcome(assessed("lb"), "path.time") is Outcome.PASS


@pytest.mark.parametrize(
    ("hours", "role"),
    [
        (0, Role.OPERATION_MANAGER),
        (50, Role.OPERATION_MANAGER),
        (50.1, Role.VICE_MANAGER),
        (200, Role.VICE_MANAGER),
        (500, Role.DEPARTMENT_HEAD),
        (501, Role.VICE_DIRECTOR),
    ],
)
def test_the_ladder_by_customer_hours(hours, role):
    assert approver(hours, [], policies=DEFAULT_POLICIES, on=START) is role


def test_alternatives_say_what_they_keep_and_cost():
    options = {one.kind: one for one in assessed("lb").alternatives}
    assert not options[AlternativeKind.LIVE_LINE].possible
    live = assessed(requests=[request("R1", "lb", live_line_possible=True)])
    option = live.alternatives[0]
    assert option.possible and option.customer_hours == pytest.approx(live.hours.units_h)
    assert option.cost_yuan == pytest.approx(8000 + 1500 * 4)
    locked = GRID.switch_normal_closed.copy()
    bypass = {one.kind: one for one in assessed("lb", grid=two_feeders(d=90000.0), closed=locked).alternatives}[
        AlternativeKind.BYPASS_CABLE
    ]
    assert bypass.reason.en and bypass.reason.zh


# ------------------------------------------------------------------------------------------------ properties
@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_any_outage_on_random_networks_agrees_with_the_oracle(seed, pick):
    grid = compile_network(random_network(seed % 200, feeders=3, nodes=5, ties=3, profiles=False))
    lines = grid.network.tables["lines"].column("line_id").to_pylist()
    name = lines[pick % len(lines)]
    try:
        made = assessed(name, grid=grid)
    except UnableToIsolate as refusal:
        assert refusal.findings  # noqa: PT017
        return
    minutes = oracle(grid, grid.switch_normal_closed, made.plan)
    got = np.zeros(grid.n_sections)
    got[made.plan.times.sections] = made.plan.times.total_min
    assert np.allclose(got, minutes)
    sections = grid.section_of_node[grid.consumer_node]
    assert made.who.consumer.tolist() == np.flatnonzero(minutes[sections] > 0).tolist()
    assert made.hours.households_h == pytest.approx(float(grid.section_households @ minutes) / 60)
    expected = sum(
        p * m / 60
        for p, m in zip(np.asarray(grid.network.tables["consumers"].column("p_kw")), minutes[sections], strict=True)
    )
    if made.plan.path_min <= 360:
        assert made.energy.not_served_kwh == pytest.approx(expected)
    assert sum(row["households"] for row in made.as_json()["households"]) == made.who.count


def test_repeats_by_load_follow_the_history():
    consumers = np.arange(5, dtype=np.int32)
    made = repeats_after(
        GRID,
        past([10, 20]),
        consumers,
        counts=np.ones(5, np.bool_),
        period=SIX_HOURS,
        nature=Nature.PLANNED,
        policies=DEFAULT_POLICIES,
    )
    names = GRID.network.tables["consumers"].column("consumer_id").to_pylist()
    assert {name: one.year for name, one in zip(names, made.counted, strict=True)} == {
        "c-a": 1,
        "c-b": 3,
        "c-c": 1,
        "c-d": 1,
        "c-e": 1,
    }
    assert made.as_json()["loads_by_outages_in_year"] == {"1": 4, "3": 1}


def test_the_forecast_is_that_of_the_load_shapes():
    shaped = compile_network(random_network(5, feeders=2, nodes=4, profiles=True))
    forecast = forecast_of(shaped.network)
    assert (
        isinstance(forecast, DayTypes)
        and forecast.fingerprint != forecast_of(shaped.network, time_zone="UTC").fingerprint
    )
    p_kw, _ = forecast.loads(shaped, SIX_HOURS)
    assert p_kw.shape == (24, shaped.network.count("consumers"))
    assert (forecast.expected_kw(shaped, SIX_HOURS) <= p_kw + 1e-9).all()
    assert isinstance(forecast_of(GRID.network), Nameplate)
    made = assessed(shaped.network.tables["lines"].column("line_id")[0].as_py(), grid=shaped, forecast=forecast)
    assert made.energy.not_served_kwh >= 0 and datetime.now(UTC) > made.computed_at


def test_affected_loads_share_patterns():
    sections = [int(GRID.section_of_node[GRID.node(name)]) for name in "abc"]
    who = affected(
        GRID, dead_times_of([(sections[0], 0, 60), (sections[1], 0, 60), (sections[2], 0, 5), (sections[2], 50, 60)])
    )
    assert len(who.patterns) == 2 and who.count == 1140
