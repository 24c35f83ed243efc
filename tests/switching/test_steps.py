"""Tickets: safe whoever checks them, the cheapest of all orders, cold where hot is not allowed, refused with the reason."""

import json
from itertools import permutations

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from everlit.grid import compile_network, supply
from everlit.grid.compiled import UnableToFindEquipment
from everlit.grid.synthetic import random_network
from everlit.grid.tables import network_of
from everlit.kernel import Policies
from everlit.switching.dead import dead_intervals
from everlit.switching.flows import nameplate
from everlit.switching.isolate import UnableToIsolate, isolate
from everlit.switching.policies import NEWEST, SWITCHING_POLICIES, rulebook
from everlit.switching.simulate import simulate
from everlit.switching.step import Action, Phase, Step, is_remote
from everlit.switching.steps import UnableToOrder, order_job, order_steps
from everlit.switching.ticket import Direction, Header, Ticket
from everlit.switching.work import Work
from tests.switching.sketch import sketch

RING = (
    "S a: b1 breaker remote", "a b: line l1", "b c: s1 remote", "c d: line l2", "d e: s2 remote", "e f: line l3", "f g: t open remote",
    "S h: b2 breaker remote", "h g: line l4", "b: load 50 5", "d: load 50 7", "f: load 50 9", "b1: feeder f1", "b2: feeder f2",
)  # fmt: skip


def positions(grid, *, opened: str = "", closed: str = ""):
    goal = grid.switch_normal_closed.copy()
    goal[[grid.switch(name) for name in opened.split()]] = False
    goal[[grid.switch(name) for name in closed.split()]] = True
    return goal


def told(ticket: Ticket, *phases: Phase) -> list[str]:
    return [f"{step.action} {step.device}" for step in ticket.steps if not phases or step.phase in phases]


# ------------------------------------------------------------------------------------------------ hot and cold
def test_make_before_break_where_the_loop_test_passes() -> None:
    grid = sketch(*RING)
    job = order_job(
        grid,
        grid.switch_normal_closed,
        positions(grid, opened="s1 s2", closed="t"),
        work=isolate(grid, grid.switch_normal_closed, "l2"),
    )
    assert told(job.out) == [
        "reclosing_off f1", "reclosing_off f2", "undisturbed t", "close t", "open s1", "reclosing_on f1", "reclosing_on f2",
        "open s2", "test c", "earth c", "tag s1", "test d", "earth d", "tag s2", "permit permit-l2",
    ]  # fmt: skip
    assert [step.device for step in job.out.steps if step.hot] == ["t", "s1"]
    assert told(job.back)[:7] == [
        "return permit-l2",
        "unearth c",
        "unearth d",
        "untag s1",
        "untag s2",
        "close s1",
        "reclosing_off f1",
    ]
    assert told(job.back)[7:] == [
        "reclosing_off f2", "undisturbed s2", "close s2", "open t", "reclosing_on f1", "reclosing_on f2",
    ]  # fmt: skip
    dead = dead_intervals(grid, grid.switch_normal_closed, job.out, 60, job.back)
    assert set(dead.sections.tolist()) == {int(grid.section_of_node[grid.node("d")])}
    assert job.out.household_min == 0.0


def test_no_tie_of_a_disturbed_feeder_is_closed_hot() -> None:
    grid = sketch(*RING)
    start, goal = grid.switch_normal_closed, positions(grid, opened="s1", closed="t")
    assert told(order_steps(grid, start, goal)).index("undisturbed t") == 2
    by_hand = sketch(*(row.replace("t open remote", "t open") for row in RING))
    steps = order_steps(by_hand, start, goal).steps
    asked = next(index for index, step in enumerate(steps) if step.action is Action.UNDISTURBED)
    assert steps[asked + 1].travel_min == 0 < steps[asked].travel_min, "the word is fresh when the tie is closed"
    assert order_steps(grid, start, goal, disturbed=()).household_min == 0
    cold = order_steps(grid, start, goal, disturbed=("f2",))
    assert told(cold) == ["open s1", "close t"] and cold.household_min > 0
    with pytest.raises(UnableToFindEquipment) as refusal:
        order_steps(grid, start, goal, disturbed=("f9",))
    assert refusal.value.findings[0].kind == "equipment.unknown"


def test_cold_transfer_where_it_does_not() -> None:
    """No phase record at the tie: whoever moves is off for as long as one remote closing takes, there and back."""
    rows = [row.replace("t open", "t open unphased") for row in RING]
    grid = sketch(*rows)
    job = order_job(
        grid,
        grid.switch_normal_closed,
        positions(grid, opened="s1 s2", closed="t"),
        work=isolate(grid, grid.switch_normal_closed, "l2"),
    )
    assert told(job.out, Phase.TRANSFER, Phase.ISOLATE) == ["open s2", "close t", "open s1"]
    dead = dead_intervals(grid, grid.switch_normal_closed, job.out, 60, job.back)
    moved = dead.of(int(grid.section_of_node[grid.node("f")]))
    assert [end - begin for begin, end in moved] == [1.0, 1.0]
    assert job.out.household_min == 9.0


def test_nobody_travels_while_somebody_waits() -> None:
    """Switches operated on site, far apart: crews stand ready at both before the first is opened."""
    rows = [row.replace("t open", "t open unphased").replace(" remote", "") for row in RING]
    grid = sketch(*rows)
    ticket = order_steps(grid, grid.switch_normal_closed, positions(grid, opened="s2", closed="t"))
    assert told(ticket) == ["open s2", "close t"]
    assert [step.travel_min for step in ticket.steps] == [20.0, 0.0]
    assert [step.at_min for step in ticket.steps] == [23.0, 26.0]


def test_a_goal_reached_needs_no_steps() -> None:
    grid = sketch(*RING)
    ticket = order_steps(grid, grid.switch_normal_closed, grid.switch_normal_closed)
    assert (ticket.steps, ticket.minutes, ticket.proven) == ((), 0.0, True)


# -------------------------------------------------------------------------------------------- devices and order
def test_the_breaker_goes_first_then_load_side_then_source_side() -> None:
    grid = sketch("S a: d1 disconnector", "a b: q1 breaker", "b c: d2 disconnector", "c: load 100 5")
    goal = positions(grid, opened="d1 q1 d2")
    job = order_job(grid, grid.switch_normal_closed, goal)
    assert told(job.out) == ["open q1", "open d2", "open d1"]
    assert told(job.back) == ["close d1", "close d2", "close q1"]


def test_a_transformer_low_side_first() -> None:
    grid = sketch("S a: s1", "a lv: trafo t1 Dyn11", "lv x: s2", "lv y: s3", "x: load 10", "y: load 10")
    job = order_job(grid, grid.switch_normal_closed, positions(grid, opened="s1 s2 s3"))
    assert told(job.out)[-1] == "open s1"
    assert told(job.back)[0] == "close s1"


def test_a_loaded_disconnector_brings_in_the_breaker_before_it() -> None:
    grid = sketch("S a: q0 breaker remote", "a b: d1 disconnector", "a: load 10 3", "b: load 10 4")
    ticket = order_steps(grid, grid.switch_normal_closed, positions(grid, opened="d1"))
    assert told(ticket) == ["open q0", "open d1", "close q0"]
    assert ticket.household_min == 3 * (3 + 4) + 1 * (3 + 4)


def test_a_loaded_fuse_brings_in_the_low_voltage_switches_behind_it() -> None:
    grid = sketch(
        "S a: q0 breaker", "a: load 500 50", "a b: f1 fuse", "b lv: trafo t1 Dyn11", "lv x: s2", "x: load 100 5"
    )
    ticket = order_steps(grid, grid.switch_normal_closed, positions(grid, opened="f1"))
    assert "open q0" not in told(ticket)
    assert told(ticket)[:2] == ["open s2", "open f1"]


def test_a_breaker_alone_is_withdrawn_before_anybody_earths_behind_it() -> None:
    grid = sketch("S a: q1 breaker", "a b: line l1", "b: load 10")
    job = order_job(
        grid,
        grid.switch_normal_closed,
        positions(grid, opened="q1"),
        work=isolate(grid, grid.switch_normal_closed, "l1"),
    )
    assert told(job.out) == ["open q1", "withdraw q1", "test a", "earth a", "tag q1", "permit permit-l1"]
    assert told(job.back) == ["return permit-l1", "unearth a", "untag q1", "insert q1", "close q1"]


def test_generators_are_confirmed_before_earthing_and_before_an_island_is_closed_onto() -> None:
    grid = sketch("S a: s1", "a b: line l1", "b: load 10", "b: gen g1", "b: gen g2 island")
    job = order_job(
        grid,
        grid.switch_normal_closed,
        positions(grid, opened="s1"),
        work=Work((int(grid.section_of_node[grid.node("b")]),)),
    )
    assert told(job.out)[:3] == ["generator_off g2", "open s1", "generator_off g1"]
    assert {"generator_on g1", "generator_on g2"} == set(told(job.back)[-2:])


def test_an_earthing_switch_is_used_where_there_is_one() -> None:
    grid = sketch("S a: s1", "a b: line l1", "b: load 10", "b: earth e1")
    job = order_job(
        grid,
        grid.switch_normal_closed,
        positions(grid, opened="s1"),
        work=isolate(grid, grid.switch_normal_closed, "l1"),
    )
    assert told(job.out)[1:3] == ["test e1", "earth e1"]
    assert "unearth e1" in told(job.back)


def test_guards_are_added_where_an_untagged_switch_leaves_a_way_in() -> None:
    grid = sketch("S a: s1", "a b: line l1", "b: load 10", "R: source", "R b: t open")
    ticket = order_steps(
        grid,
        grid.switch_normal_closed,
        positions(grid, opened="s1"),
        work=Work((int(grid.section_of_node[grid.node("b")]),)),
    )
    assert {"tag s1", "tag t", "earth a", "earth b"} <= set(told(ticket))


# --------------------------------------------------------------------------------------------------- refusals
def test_a_locked_switch_is_named_with_its_predicate() -> None:
    grid = sketch("S a: s1 locked", "a: load 10")
    with pytest.raises(UnableToOrder) as refusal:
        order_steps(grid, grid.switch_normal_closed, positions(grid, opened="s1"))
    assert [(finding.kind, finding.subject) for finding in refusal.value.findings] == [("safety.locked", "s1")]


def test_a_disconnector_without_any_breaker_before_it_is_refused() -> None:
    grid = sketch("S a: d1 disconnector", "a: load 10")
    with pytest.raises(UnableToOrder) as refusal:
        order_steps(grid, grid.switch_normal_closed, positions(grid, opened="d1"))
    assert [finding.kind for finding in refusal.value.findings] == ["safety.disconnector_load"]


def test_an_overload_on_the_way_is_refused_and_told() -> None:
    grid = sketch("S a: s1", "a b: line l1 a=100", "b c: s2 open", "c: load 5000")
    with pytest.raises(UnableToOrder) as refusal:
        order_steps(grid, grid.switch_normal_closed, positions(grid, closed="s2"), loads=nameplate(grid))
    (finding,) = refusal.value.findings
    assert (
        finding.kind == "safety.flow"
        and "l1" in finding.message.en
        and finding.evidence["findings"][0]["evidence"]["unit"] == "A"
    )


def test_the_order_avoids_an_overload_on_the_way() -> None:
    """f moves to the other feeder only after g's load left it: closing t first would overload l4, so h goes first."""
    rows = (
        "S a: b1", "a b: line l1 a=200", "b c: s1", "c: load 2000 9", "R: source", "R h: b2", "h g: line l4 a=200", "g c: t open unphased",
        "g k: s3", "k: load 2000 1", "Q: source", "Q k: t2 open unphased",
    )  # fmt: skip
    grid = sketch(*rows)
    ticket = order_steps(
        grid, grid.switch_normal_closed, positions(grid, opened="s1 s3", closed="t t2"), loads=nameplate(grid)
    )
    assert told(ticket) == ["open s3", "close t2", "open s1", "close t"]


# ------------------------------------------------------------------------------------- the cheapest of all orders
def without_feeders(network):
    tables = {**network.tables, "feeders": network.tables["feeders"].slice(0, 0)}
    return network_of(tables, {"name": "plain"})


def cheapest_by_trying_all(grid, start, goal, rules) -> tuple[float, float, float] | None:
    """Every permutation of the switches that differ, each simulated with every predicate; what joins two live sides is
    confirmed undisturbed first."""
    differing = np.flatnonzero(start != goal).tolist()
    live = supply(grid, start).energised | supply(grid, goal).energised
    best = None
    for order in permutations(differing):
        steps, minute, closed = [], 0.0, start.copy()
        for switch in order:
            name, now = grid.switch_id(switch), supply(grid, closed).energised
            if goal[switch] and now[grid.switch_section_from[switch]] and now[grid.switch_section_to[switch]]:
                minute += rules.value("minutes.undisturbed")
                steps.append(Step(Action.UNDISTURBED, name, minutes=rules.value("minutes.undisturbed"), at_min=minute))
            closed[switch] = goal[switch]
            minutes = rules.value("minutes.remote" if is_remote(grid, switch) else "minutes.manual")
            minute += minutes
            steps.append(
                Step(
                    Action.CLOSE if goal[switch] else Action.OPEN,
                    name,
                    minutes=minutes,
                    at_min=minute,
                )
            )
        trace = simulate(grid, start, steps)
        if trace.violations:
            continue
        units = households = 0.0
        for step, state in zip(steps, trace.states, strict=False):
            dead = state.dead & live
            units += step.minutes * float(grid.section_units[dead].sum())
            households += step.minutes * float(grid.section_households[dead].sum())
        cost = (units, households, minute)
        best = cost if best is None else min(best, cost)
    return best


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), count=st.integers(2, 5))
def test_no_order_is_cheaper(seed: int, count: int) -> None:
    network = random_network(seed, feeders=3, nodes=4, ties=4, generators=0, odd_switches=0.1)
    grid = compile_network(without_feeders(network))
    rng = np.random.default_rng(seed)
    start, goal = grid.switch_normal_closed, grid.switch_normal_closed.copy()
    chosen = rng.choice(np.flatnonzero(grid.nominal_kv[grid.switch_from] > 1), count, replace=False)
    ties = np.flatnonzero(~start)
    chosen = np.unique(np.concatenate([chosen[1:], rng.choice(ties, 1)])) if len(ties) else chosen
    goal[chosen] = ~goal[chosen]
    expected = cheapest_by_trying_all(grid, start, goal, rulebook())
    try:
        ticket = order_steps(grid, start, goal)
    except UnableToOrder:
        assert expected is None
        return
    if {step.device for step in ticket.steps} == {grid.switch_id(int(switch)) for switch in chosen}:
        assert ticket.proven
        cost = (ticket.unit_min, ticket.household_min, sum(step.minutes for step in ticket.steps))
        assert expected == pytest.approx(cost)
    else:
        assert expected is None, "other switches are brought in only where the order needs them"


# ------------------------------------------------------------------------------------------ safe whoever checks it
@settings(max_examples=60)
@given(seed=st.integers(0, 100_000))
def test_every_ticket_is_safe_and_leads_there_and_back(seed: int) -> None:
    grid = compile_network(random_network(seed, odd_switches=0.03, lv_ties=2))
    rng = np.random.default_rng(seed)
    start = grid.switch_normal_closed
    lines = grid.network.tables["lines"].column(0).to_pylist()
    try:
        cut = isolate(grid, start, lines[rng.integers(len(lines))])
    except UnableToIsolate:
        return
    goal = cut.closed_after.copy()
    for tie in rng.permutation(np.flatnonzero(~start)):
        live = supply(grid, goal).energised
        ends = live[[grid.switch_section_from[tie], grid.switch_section_to[tie]]]
        if tie not in cut.switches and not grid.switch_locked[tie] and ends.sum() == 1 and rng.random() < 0.7:
            goal[tie] = True
    try:
        job = order_job(grid, start, goal, work=cut, loads=nameplate(grid))
    except UnableToOrder as refusal:
        reasons = [finding.kind for finding in refusal.findings]
        event(f"refused: {reasons}")
        if not reasons or not all(reason.startswith("safety.") for reason in reasons):
            raise
        return
    out, back = (Ticket.from_json(json.loads(json.dumps(ticket.as_json()))) for ticket in (job.out, job.back))
    assert (out, back) == (job.out, job.back)
    there = simulate(grid, start, out.steps, nameplate(grid))
    assert there.violations == ()
    assert np.array_equal(there.closed, goal)
    assert [name for name, _ in there.final.permits] == ["permit-" + "+".join(cut.equipment_ids)]
    assert not there.states[-1].energised[list(cut.work_sections)].any()
    again = simulate(grid, goal, back.steps, nameplate(grid), state=there.final)
    assert again.violations == ()
    assert np.array_equal(again.closed, start)
    final = again.final
    assert not (
        final.permits or final.earths or final.tagged or final.withdrawn or final.generators_off or final.reclosing_off
    )
    minutes = [step.at_min for step in out.steps]
    assert minutes == sorted(minutes) and all(step.minutes > 0 for step in out.steps)
    kept = supply(grid, start).energised & supply(grid, goal).energised
    waits = [bool((kept & ~state.energised).any()) for state in there.states]
    assert all(step.travel_min == 0 for step, waiting in zip(out.steps, waits, strict=False) if waiting)


def test_a_search_cut_short_says_that_it_is_not_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    from everlit.switching import steps

    grid = sketch(*RING)
    goal = positions(grid, opened="s1 s2", closed="t")
    proven = order_steps(grid, grid.switch_normal_closed, goal)
    monkeypatch.setattr(steps, "EXACT_LIMIT", 1)
    rough = order_steps(grid, grid.switch_normal_closed, goal)
    assert (proven.proven, rough.proven) == (True, False)
    assert simulate(grid, grid.switch_normal_closed, rough.steps).safe
    assert rough.household_min >= proven.household_min


def test_rows_change_how_long_things_take() -> None:
    from dataclasses import replace

    grid = sketch("S a: s1", "a: load 10")
    slow = Policies([replace(SWITCHING_POLICIES.row("minutes.manual", on=NEWEST), value=9.0)])
    ticket = order_steps(grid, grid.switch_normal_closed, positions(grid, opened="s1"), policies=slow)
    assert ticket.minutes == 10.0 + 9.0


def test_the_text_of_a_ticket_in_both_languages() -> None:
    grid = sketch(*RING)
    job = order_job(
        grid,
        grid.switch_normal_closed,
        positions(grid, opened="s1 s2", closed="t"),
        work=isolate(grid, grid.switch_normal_closed, "l2"),
    )
    chinese, english = (job.out.with_header(Header(number="7")).text(language) for language in ("zh", "en"))
    assert chinese.startswith("操作票 7") and "断开s1" in chinese and "(合环)" in chinese
    assert english.startswith("Operation ticket 7") and "open s1" in english and job.back.direction is Direction.BACK
