"""What dispatchers meet: nested faults, concentrators, planned work, one phase, earth faults, one customer alone."""

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from everlit.faults.locate import locate
from everlit.faults.model import FaultKind, Signal, SignalKind
from everlit.faults.policies import FAULT_POLICIES, rules_of
from everlit.faults.sketch import network
from everlit.grid import compile_network, load_network
from everlit.grid.reference_utility import reference_utility
from everlit.reliability.failure_data import assumptions, components_of

K = SignalKind
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
RULES = rules_of(FAULT_POLICIES, on=NOON.date())
CITY = compile_network(reference_utility(1, customers=1_200, feeders=4))
FAILURES = components_of(CITY, assumptions()).failures


def said(kind, subject, value=True, *, at=0, phase="", group="", source="test"):
    """A signal that many minutes before noon's end; its id follows from what it says."""
    when = NOON + timedelta(minutes=at)
    return Signal(source, f"{kind}-{subject}-{at}-{value}", kind, subject, value, when, when, phase, group)


def located(grid, signals, *, closed=None, at=10, failures=None, rules=RULES):
    state = grid.switch_normal_closed if closed is None else closed
    found, findings = locate(grid, state, signals, at=NOON + timedelta(minutes=at), rules=rules, failures=failures)
    assert not findings
    return found


def in_city(signals, **options):
    return located(CITY, signals, failures=FAILURES, **options)


def area(number=5):
    """A distribution transformer of the city: its identity, its branches, and the loads of each."""
    transformer = int(np.flatnonzero(CITY.nominal_kv[CITY.transformer_lv] < 1)[number])
    low = int(CITY.transformer_lv[transformer])
    section = CITY.section_of_node[CITY.consumer_node]
    starts, switches = CITY.section_switches
    home = int(CITY.section_of_node[low])
    branches = []
    for switch in switches[starts[home] : starts[home + 1]].tolist():
        far = int(CITY.switch_section_from[switch] + CITY.switch_section_to[switch] - home)
        loads = np.flatnonzero(section == far).tolist()
        if loads:
            branches.append((CITY.switch_id(switch), CITY.section_name(far), names("consumers", loads)))
    return names("transformers", [transformer])[0], CITY.section_name(home), branches


def names(table, rows):
    column = CITY.network.tables[table].column(0)
    return [column[row].as_py() for row in rows]


TRANSFORMER, AREA, BRANCHES = area()
EVERYBODY = [load for _, _, loads in BRANCHES for load in loads]


def test_the_city_has_branches_with_several_customers():
    assert len(BRANCHES) >= 4 and len(EVERYBODY) >= 15


# ------------------------------------------------------------------------------------------ medium voltage


def test_nested_faults_are_both_found():
    grid = network("S a | a b | b c:fuse | c d | a e")
    passed = [said(K.OVERCURRENT, name) for name in ("s1", "s2", "s4", "s5")]
    found = located(grid, [*passed, said(K.TRIP, "s1"), said(K.TRIP, "s3")])
    assert {place.section for place in found.places[:2]} == {"sec:d", "sec:e"}
    assert all(place.p > 0.6 for place in found.places[:2])
    assert {device.equipment for device in found.devices[:2]} == {"s1", "s3"}
    assert 1.7 < found.faults_expected < 2.01


def test_where_the_nearest_device_refuses_the_next_has_opened():
    grid = network("S a | a b:breaker | b c:fuse | c d")
    passed = [said(K.OVERCURRENT, name) for name in ("s1", "s2", "s3", "s4")]
    positions = [said(K.POSITION, "s3", False), said(K.POSITION, "s2", True), said(K.TRIP, "s2")]
    found = located(grid, [*passed, *positions])
    assert found.places[0].section == "sec:d" and found.places[0].p > 0.9
    assert found.devices[0].equipment == "s2"


def test_a_trip_before_the_breaker_was_seen_closed_again_is_past():
    grid = network("S a | a b")
    trip = said(K.TRIP, "s1")
    assert located(grid, [trip]).devices[0].p > 0.5
    again = located(grid, [trip, said(K.POSITION, "s1", False, at=3)])
    assert not [device for device in again.devices if device.p > 0.01]


def test_earth_faults_pass_directional_indicators_and_trip_nothing():
    grid = network("S a | a b | b c | a d")
    signals = [said(K.EARTH, "s1"), said(K.EARTH, "s2"), said(K.EARTH, "s3"), said(K.EARTH, "s4", False)]
    alive = [said(K.PING, name, at=8) for name in "abcd"]
    found = located(grid, [*signals, *alive])
    assert found.places[0].section == "sec:c" and max(found.places[0].kinds, key=found.places[0].kinds.get) is (
        FaultKind.EARTH_FAULT
    )
    assert not found.devices


def test_what_is_said_of_an_open_tie_is_told_to_be_of_no_use():
    grid = compile_network(load_network("case33"))
    found = located(grid, [said(K.OVERCURRENT, "s33"), said(K.OVERCURRENT, "s1")])
    assert found.unused == ("s33",)


def test_an_indicator_on_a_line_parts_its_section():
    grid = CITY
    line = int(np.argmax(grid.branch_from[: grid.n_lines] >= 0))
    name = names("lines", [line])[0]
    found = in_city([said(K.OVERCURRENT, name)])
    assert found.signals == 1 and found.places


def test_the_answer_does_not_depend_on_the_order_of_arrival():
    grid = compile_network(load_network("case33"))
    rng = np.random.default_rng(3)
    signals = [
        said(K.OVERCURRENT, f"s{n}", bool(rng.random() < 0.5), at=int(rng.integers(0, 60))) for n in range(1, 33)
    ]
    signals += [
        said(kind, f"c{n}", at=int(rng.integers(0, 60))) for n in range(2, 20) for kind in (K.POWER_OFF, K.CALL)
    ]
    signals += [said(K.POWER_ON, f"c{n}", at=int(rng.integers(0, 60))) for n in range(5, 12)]
    loads = set(grid.network.tables["consumers"].column(0).to_pylist())
    signals = [one for one in signals if one.kind is K.OVERCURRENT or one.subject in loads]
    signals += signals[:10]
    first = json.dumps(located(grid, signals, at=60).as_json())
    shuffler = random.Random(1)
    for _ in range(1000):
        shuffler.shuffle(signals)
        assert json.dumps(located(grid, signals, at=60).as_json()) == first


# --------------------------------------------------------------------------------------------- low voltage


def test_a_branch_off_and_its_neighbours_on_is_the_branch():
    switch, section, loads = BRANCHES[0]
    off = [said(K.POWER_OFF, load) for load in loads]
    alive = [said(K.PING, load, at=5) for _, _, others in BRANCHES[1:] for load in others[:2]]
    found = in_city([*off, *alive])
    assert found.places[0].section == section and found.places[0].p > 0.9
    assert found.devices[0].equipment == switch


def test_all_branches_off_is_the_transformer_or_above():
    found = in_city([said(K.POWER_OFF, load) for load in EVERYBODY])
    branches = {section for _, section, _ in BRANCHES}
    assert not {place.section for place in found.places if place.p > 0.1} & branches
    assert sum(device.p for device in found.devices) == pytest.approx(1, abs=0.05)
    assert AREA in {place.section for place in found.places}


def test_one_concentrator_is_one_weak_witness():
    crowd = in_city([said(K.POWER_OFF, load) for load in EVERYBODY])
    one_mouth = in_city([said(K.POWER_OFF, load, group="k1") for load in EVERYBODY])
    calls = [said(K.CALL, load) for load in EVERYBODY[:3]]
    with_calls = in_city([*(said(K.POWER_OFF, load, group="k1") for load in EVERYBODY), *calls])
    assert crowd.faults_expected > 0.95
    assert 0.001 < one_mouth.faults_expected < 0.7
    assert one_mouth.places[0].reasons[0].weight < -np.log(RULES.over) + 1 < crowd.places[0].reasons[0].weight / 10
    assert with_calls.faults_expected > 0.95
    word = in_city([said(K.CONCENTRATOR, TRANSFORMER)])
    assert word.faults_expected < 0.1


def test_as_many_concentrators_are_as_many_witnesses():
    halves = [
        said(K.POWER_OFF, load, group=f"k{branch}") for branch, (*_, loads) in enumerate(BRANCHES) for load in loads
    ]
    together = [replace(one, group="k") for one in halves]
    assert in_city(halves).faults_expected > in_city(together).faults_expected


def test_one_customer_off_among_neighbours_alive_is_his_own():
    call = said(K.CALL, EVERYBODY[0])
    alive = [said(K.PING, load, at=5) for load in BRANCHES[0][2][1:]]
    found = in_city([call, *alive])
    assert found.customer_side == (EVERYBODY[0],)
    assert found.faults_expected < 0.01


def test_an_arrears_disconnection_explains_its_meter():
    off = [said(K.POWER_OFF, EVERYBODY[0]), said(K.CALL, EVERYBODY[0])]
    cut = said(K.DISCONNECTED, EVERYBODY[0], at=-100)
    assert in_city([*off, cut]).faults_expected < in_city(off).faults_expected / 10
    assert in_city([*off, cut]).explained == (EVERYBODY[0],)


def test_planned_work_explains_who_is_dark_by_it():
    closed = CITY.switch_normal_closed.copy()
    closed[CITY.switch(BRANCHES[0][0])] = False
    off = [said(K.POWER_OFF, load) for load in BRANCHES[0][2]]
    found = in_city(off, closed=closed)
    assert found.faults_expected < 0.01 and not found.devices
    assert set(found.explained) == set(BRANCHES[0][2])


def test_silence_is_no_restoration_and_a_sign_of_life_is():
    _, _, loads = BRANCHES[0]
    off = [said(K.POWER_OFF, load) for load in loads]
    now, later = in_city(off), in_city(off, at=120)
    back = in_city([*off, *(said(K.POWER_ON, load, at=100) for load in loads)], at=120)
    assert now.faults_expected > 0.95 and later.faults_expected > 0.9
    assert back.faults_expected < 0.01
    silent = [said(K.REPORTING, load, at=-60) for _, _, others in BRANCHES[1:] for load in others]
    assert in_city([*off, *silent]).faults_expected > 0.9


def test_a_life_sign_before_the_last_gasp_takes_nothing_back():
    _, _, loads = BRANCHES[0]
    off = [said(K.POWER_OFF, load, at=5) for load in loads]
    assert (
        in_city([*off, *(said(K.PING, load, at=-30) for load in loads)]).as_json()["places"]
        == (in_city(off).as_json()["places"])
    )


def test_one_phase_off_is_an_open_conductor_of_that_phase():
    phases = dict(zip(EVERYBODY, "ABC" * len(EVERYBODY), strict=False))
    off = [said(K.POWER_OFF, load, phase="A") for load, phase in phases.items() if phase == "A"]
    alive = [said(K.PING, load, phase=phase, at=5) for load, phase in phases.items() if phase != "A"]
    found = in_city([*off, *alive])
    best = found.places[0]
    assert max(best.kinds, key=best.kinds.get) is FaultKind.OPEN_CONDUCTOR and best.phase == "A"
    assert found.faults_expected > 0.9
    unknown = in_city([replace(one, phase="") for one in (*off, *alive)])
    assert not [place for place in unknown.places if FaultKind.OPEN_CONDUCTOR in place.kinds]


def test_crews_are_believed_and_what_would_decide_is_not_asked_twice():
    grid = network("S a | a b | b c")
    signals = [said(K.TRIP, "s1")]
    before = located(grid, signals)
    asked = next(one for one in before.decide if one.action == "patrol")
    after = located(grid, [*signals, said(K.CREW, asked.subject, at=5)])
    assert after.places[0].section == asked.section and after.places[0].p > 0.9
    assert asked.subject not in {one.subject for one in after.decide if one.action == "patrol"}


def test_every_place_says_why():
    found = in_city([said(K.POWER_OFF, load) for load in BRANCHES[0][2]])
    best = found.places[0]
    assert best.reasons and best.reasons[0].weight > 0
    assert all(reason.words.en and reason.words.zh for reason in best.reasons)
    assert found.decide and all(one.bits > 0 for one in found.decide)
