"""Steps as they are done: in their order, acting on positions and promise at once, booked in the ledger when supply is back."""

from datetime import timedelta

import pytest

from everlit.control.model import DoneStep
from everlit.control.steps import UnableToTick
from everlit.grid import UnableToFindEquipment, supply
from everlit.kernel import Period
from everlit.ledger.model import Cause, Nature
from everlit.planning.delays import Risk
from everlit.planning.lifecycle import UnableToAdvance
from everlit.planning.model import DelayCode, State
from everlit.platform.database import reading
from everlit.platform.events import Actor, history
from everlit.switching.step import SWITCHED
from tests.control.conftest import BACK, CREW, DISPATCHER, NETWORK, OUT, START

MINUTE = timedelta(minutes=1)


def kinds(caught):
    return [finding.kind for finding in caught.value.findings]


def dead_seconds(room):
    """Seconds each load was dead, as the ledger has it."""
    rows = room.app.ledger.interruptions(NETWORK, Period(START - timedelta(days=1), START + timedelta(days=2)))
    names = rows.subjects.ids.to_pylist()
    found = dict.fromkeys(names, 0)
    for subject, start, end in zip(rows.subject.tolist(), rows.start_s.tolist(), rows.end_s.tolist(), strict=True):
        found[names[subject]] += end - start
    return found


def walked_by_hand(room, told):
    """The same by simulation second by second between operations: nothing shared with the ledger's replay."""
    grid = room.grid
    closed, seconds = (
        grid.switch_normal_closed.copy(),
        dict.fromkeys(grid.network.tables["consumers"].column(0).to_pylist(), 0.0),
    )
    at_section = grid.section_of_node[grid.consumer_node]
    for (switch, is_closed, at), after in zip(told, [*[one[2] for one in told[1:]], None], strict=True):
        closed[grid.switch(switch)] = is_closed
        if after is not None:
            live = supply(grid, closed).energised[at_section]
            for name, on in zip(seconds, live.tolist(), strict=True):
                seconds[name] += 0 if on else (after - at).total_seconds()
    return seconds


def switched(room, done):
    steps = room.steps
    rows = [(steps[one.way][one.number - 1], one) for one in done]
    return sorted(
        ((one.device or step.device, step.action.value == "close", one.at) for step, one in rows
         if step.action in SWITCHED and not one.left_out),
        key=lambda row: row[2],
    )  # fmt: skip


def test_a_step_moves_its_switch_at_the_minute_it_was_done(room):
    room.begun()
    first = next(step for step in room.steps[OUT] if step.action in SWITCHED)
    switch = room.grid.switch(first.device)
    for step in room.steps[OUT][: first.number]:
        room.tell(OUT, step.number, START + step.at_min * MINUTE)
    done_at = START + first.at_min * MINUTE
    before = room.app.closed(NETWORK, at=done_at - MINUTE / 60)[switch]
    assert bool(room.app.closed(NETWORK, at=done_at)[switch]) != bool(before)
    with reading(room.app.engine) as connection:
        told = [one for one in history(connection, subject=f"outage:{room.outage}") if one.kind == "control.step"]
    assert [one.body["number"] for one in told] == list(range(1, first.number + 1))
    assert {one.actor for one in told} == {CREW}


def test_steps_are_told_in_their_order_in_the_past_and_by_who_takes_them(room):
    with pytest.raises(UnableToTick) as caught:
        room.tell(OUT, 1, START - timedelta(days=1))
    assert kinds(caught) == ["control.step.state"]
    room.begun()
    wrong = [
        ((OUT, 2, START), {}, "control.step.skipped"),
        ((OUT, 99, START), {}, "control.step.unknown"),
        ((OUT, 0, START), {}, "control.step.unknown"),
        ((BACK, 1, START), {}, "control.step.state"),
        ((OUT, 1, START - MINUTE), {}, "control.step.time"),
        ((OUT, 1, START), {"left_out": True}, "control.step.note"),
        ((OUT, 1, START), {"device": "A0"}, "control.step.note"),
        ((OUT, 1, START), {"left_out": True, "note": "x" * 401}, "control.step.note"),
        ((OUT, 1, START), {"actor": Actor("li", "planner")}, "control.role"),
    ]
    for place, given, kind in wrong:
        with pytest.raises(UnableToTick) as caught:
            room.tell(*place, **given)
        assert kinds(caught) == [kind]
    future = DoneStep(OUT, 1, room.now + MINUTE, "chen")
    with pytest.raises(UnableToTick) as caught:
        room.app.control.tell(room.outage, [future], actor=CREW)
    assert kinds(caught) == ["control.step.time"]
    with pytest.raises(UnableToFindEquipment):
        room.tell(OUT, 1, START, device="nowhere", note="mistyped")
    assert room.app.control.execution(room.outage).done == ()


def test_all_or_none_when_many_are_told_at_once(room):
    room.begun()
    room.now = START + timedelta(hours=1)
    good = [DoneStep(OUT, number, START + number * MINUTE, "chen") for number in (1, 2)]
    with pytest.raises(UnableToTick):
        room.app.control.tell(room.outage, [*good, DoneStep(OUT, 4, START + 9 * MINUTE, "chen")], actor=DISPATCHER)
    assert room.app.control.execution(room.outage).done == ()
    assert len(room.app.control.tell(room.outage, good, actor=DISPATCHER).done) == 2


def test_a_step_told_again_is_a_correction_and_says_why(room):
    room.begun()
    room.tell(OUT, 1, START + MINUTE)
    room.tell(OUT, 2, START + 5 * MINUTE)
    with pytest.raises(UnableToTick) as caught:
        room.tell(OUT, 1, START + 2 * MINUTE)
    assert kinds(caught) == ["control.step.again"]
    with pytest.raises(UnableToTick) as caught:
        room.tell(OUT, 1, START + 6 * MINUTE, note="the clock was wrong")
    assert kinds(caught) == ["control.step.time"], "not after the step that followed it"
    room.now = START + timedelta(hours=1)
    after = room.tell(OUT, 1, START + 2 * MINUTE, note="the clock was wrong")
    assert [(one.number, one.at) for one in after.done] == [(1, START + 2 * MINUTE), (2, START + 5 * MINUTE)]


def test_the_promise_is_late_as_soon_as_the_steps_are(room):
    room.begun()
    quiet = room.app.control.promises(NETWORK)[0]
    assert quiet.risk is Risk.QUIET
    room.tell(OUT, 1, START + timedelta(hours=2))
    (late,) = room.app.control.promises(NETWORK)
    assert late.risk is Risk.AT_RISK and late.expected - quiet.expected > timedelta(minutes=110)
    progress = room.app.control.execution(room.outage).progress[OUT]
    assert progress.done == 1 and progress.late_min == pytest.approx(120 - room.steps[OUT][0].at_min)


def test_what_was_done_is_what_the_ledger_has(room):
    room.begun()
    room.walk(OUT, START, late=5 * MINUTE)
    back_at = START + timedelta(hours=4)
    room.returning(back_at)
    room.walk(BACK, back_at, late=2 * MINUTE)
    done = room.app.control.execution(room.outage).done
    room.restored(room.now + MINUTE)
    assert dead_seconds(room) == walked_by_hand(room, switched(room, done))
    (event,) = room.app.ledger.events(NETWORK, Period(START, START + timedelta(days=1)))
    assert (event.event_id, event.nature, event.cause) == (
        room.outage, Nature.PLANNED_MAINTENANCE_INTERNAL, Cause.MAINTENANCE_PLANNED,
    )  # fmt: skip


def test_supply_is_not_back_while_the_steps_as_told_leave_somebody_off(room):
    room.begun()
    room.walk(OUT, START)
    back_at = START + timedelta(hours=4)
    room.returning(back_at)
    for step in room.steps[BACK]:
        jammed = {"left_out": True, "note": "jammed"} if step.action in SWITCHED else {}
        room.tell(BACK, step.number, back_at + step.at_min * MINUTE, **jammed)
    with pytest.raises(UnableToAdvance) as caught:
        room.restored(room.now + MINUTE)
    assert kinds(caught) == ["control.still_off"] and caught.value.findings[0].evidence["households"] > 0
    assert not any(dead_seconds(room).values()), "nothing of a refused restoration is booked"
    for switch, closed in zip(room.grid.switch_ids.to_pylist(), room.grid.switch_normal_closed.tolist(), strict=True):
        room.app.operate(NETWORK, switch, closed=closed, actor=DISPATCHER)
    assert room.restored(room.now + MINUTE).state is State.RESTORED, "recorded by hand, supply is back as well"


def test_without_steps_the_plan_is_booked_at_the_times_it_really_took(room):
    room.begun()
    back_at = START + timedelta(hours=3)
    room.returning(back_at)
    room.restored(back_at + timedelta(hours=1))
    planned = room.app.planning.assessment_of(outage_id=room.outage).body
    off = {
        row["consumer_id"]: sum(b - a for a, b in planned["patterns"][row["pattern"]]) for row in planned["households"]
    }
    dead = dead_seconds(room)
    assert {name for name, seconds in dead.items() if seconds} == set(off)
    assert all(seconds < 60 * off[name] for name, seconds in dead.items() if seconds > 600), "it was over hours sooner"
    begun = room.app.ledger.interruptions(NETWORK, Period(START, START + timedelta(days=1)))
    assert begun.end_s.max() <= (back_at + timedelta(hours=1)).timestamp()


def test_another_switch_puts_others_in_the_dark_and_says_whom(room):
    room.begun()
    steps = room.steps[OUT]
    cut = next(step for step in steps if step.action in SWITCHED and step.device == "A1")
    for step in steps:
        given = {"device": "A0", "note": "A1 was stuck"} if step is cut else {}
        went = room.tell(OUT, step.number, START + step.at_min * MINUTE, **given)
    closed = room.app.closed(NETWORK)
    assert not closed[room.grid.switch("A0")] and closed[room.grid.switch("A1")]
    assert went.as_json()["astray"]["dead"]["consumers"] == ["c-a"]
    assert went.astray and not len(went.astray.supplied)


def test_a_late_outage_is_booked_with_the_minutes_it_was_late(room):
    room.begun()
    back_at = START + timedelta(hours=6)
    room.returning(back_at)
    room.restored(back_at + timedelta(hours=1), delay_code=DelayCode.WEATHER, reason="thunder")
    late = dead_seconds(room)
    assert max(late.values()) > 6 * 3600
