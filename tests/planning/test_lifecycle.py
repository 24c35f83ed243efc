"""Who may do what next: every state reachable, and no way to approved, notified or started past its gates."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everlit.kernel import Finding, Period, Text
from everlit.planning.lifecycle import (
    OUTAGE_TRANSITIONS,
    REQUEST_TRANSITIONS,
    TRANSITIONS,
    Case,
    Command,
    UnableToAdvance,
    Verdict,
    advance,
    package,
    possible,
    transition,
)
from everlit.planning.model import LADDER, DelayCode, Execution, Gate, Outcome, PlannedOutage, Role, State
from everlit.planning.policies import DEFAULT_POLICIES
from tests.planning.drawn import NOON

START = NOON + timedelta(days=20)
PERIOD = Period(START, START + timedelta(hours=6))
BLOCK = Gate(
    "rep.year_total", Outcome.BLOCK, DEFAULT_POLICIES.row("rep.year_total", on=START.date()), 6, Text("six", "六")
)


def verdict(fingerprint="f1", gates=(), approver=Role.OPERATION_MANAGER, deadline=START - timedelta(days=7), safe=True):
    return Verdict(fingerprint, gates, approver, PERIOD, deadline, "notice.planned", safe)


def outage(**changes):
    return replace(
        package("O1", network="n", request_ids=["R1"], equipment_ids=["lb"], period=PERIOD, requesters=["wang"]),
        **changes,
    )


def case(subject, command, role, **facts):
    given = {"actor": "li", "at": NOON, "verdict": verdict(), "facts_now": "f1", **facts}
    return Case(subject, command, role=role, policies=DEFAULT_POLICIES, **given)


def kinds(caught):
    return [finding.kind for finding in caught.value.findings]


PATH = (
    (Command.ASSESS, Role.PLANNER, NOON),
    (Command.BALANCE, Role.RELIABILITY, NOON),
    (Command.APPROVE, Role.OPERATION_MANAGER, NOON),
    (Command.NOTIFY, Role.MARKETING, NOON),
    (Command.PERMIT, Role.DISPATCHER, START),
    (Command.START, Role.CREW, START),
    (Command.FINISH, Role.CREW, START + timedelta(hours=5)),
    (Command.SWITCH_BACK, Role.DISPATCHER, START + timedelta(hours=5)),
    (Command.RESTORE, Role.DISPATCHER, START + timedelta(hours=6)),
    (Command.ANALYSE, Role.RELIABILITY, START + timedelta(hours=9)),
    (Command.CLOSE, Role.PLANNER, START + timedelta(hours=9)),
)


def walked(until=len(PATH)):
    one = outage()
    for command, role, at in PATH[:until]:
        one = advance(case(one, command, role, at=at))
    return one


def test_the_whole_way_to_the_closed_file():
    closed = walked()
    assert closed.state is State.CLOSED
    assert closed.version == 1 + len(PATH)
    assert closed.execution.off_at == START
    assert closed.execution.restored_at == START + timedelta(hours=6)
    assert closed.approval is not None and closed.approval.fingerprint == "f1"


def test_every_state_is_reachable_and_every_command_is_used():
    reached = {State.DRAFT}
    while True:
        more = reached | {row.target for row in TRANSITIONS if reached & set(row.sources)}
        if more == reached:
            break
        reached = more
    assert reached == set(State)
    assert {row.command for row in TRANSITIONS} == set(Command)


def test_the_table_is_unambiguous():
    for table in (REQUEST_TRANSITIONS, OUTAGE_TRANSITIONS):
        pairs = [(row.command, source) for row in table for source in row.sources]
        assert len(pairs) == len(set(pairs))


def test_closed_is_final_and_work_in_progress_can_only_be_finished():
    assert possible(State.CLOSED) == []
    assert possible(State.IN_PROGRESS) == [Command.FINISH]
    assert possible(State.RESTORING) == [Command.RESTORE]


@pytest.mark.parametrize(("command", "role"), [(c, r) for c, r in product(Command, Role)])
def test_only_the_named_roles(command, role):
    rows = [row for row in OUTAGE_TRANSITIONS if row.command is command]
    for row in rows:
        for source in row.sources:
            if role not in row.roles:
                with pytest.raises(UnableToAdvance) as caught:
                    transition(case(outage(state=source), command, role, reason="because"), state=source)
                assert kinds(caught) == ["lifecycle.order.sequence"]


def test_no_approval_without_an_assessment():
    with pytest.raises(UnableToAdvance) as caught:
        advance(case(outage(state=State.BALANCED), Command.APPROVE, Role.VICE_DIRECTOR, verdict=None))
    assert "lifecycle.approve.fresh" in kinds(caught)


def test_a_stale_assessment_is_refused():
    balanced = walked(2)
    with pytest.raises(UnableToAdvance) as caught:
        advance(case(balanced, Command.APPROVE, Role.VICE_DIRECTOR, facts_now="f2"))
    assert kinds(caught) == ["lifecycle.approve.fresh"]
    assert caught.value.findings[0].evidence["now"] == "f2"


def test_a_blocking_gate_is_refused_and_cites_its_row():
    one = advance(case(outage(), Command.ASSESS, Role.PLANNER, verdict=verdict(gates=(BLOCK,))))
    for command, state in ((Command.BALANCE, State.MERGED), (Command.APPROVE, State.BALANCED)):
        role = Role.PLANNER if command is Command.BALANCE else Role.VICE_DIRECTOR
        with pytest.raises(UnableToAdvance) as caught:
            advance(case(replace(one, state=state), command, role, verdict=verdict(gates=(BLOCK,))))
        assert caught.value.findings[0].evidence["policy"] == "rep.year_total"


def test_another_length_voids_what_was_computed_and_owes_notice():
    told = replace(walked(3), noticed="f1", starts=(PERIOD.start, PERIOD.start + timedelta(hours=2)))
    longer = Period(PERIOD.start - timedelta(hours=1), PERIOD.end)
    done = advance(case(told, Command.RESIZE, Role.PLANNER, period=longer, reason="more switching"))
    assert (done.state, done.assessment, done.approval, done.renotice) == (State.MERGED, "", None, True)
    assert done.period == longer and done.starts == (longer.start, PERIOD.start + timedelta(hours=2))
    for period, reason in (
        (longer, ""),
        (PERIOD, "same"),
        (None, "none"),
        (Period(START - timedelta(days=900), START), "past"),
    ):
        with pytest.raises(UnableToAdvance):
            advance(case(told, Command.RESIZE, Role.PLANNER, period=period, reason=reason))
    with pytest.raises(UnableToAdvance):
        advance(case(told, Command.RESIZE, Role.CREW, period=longer, reason="x"))


@pytest.mark.parametrize(("needed", "acting"), list(product(LADDER, LADDER)))
def test_the_ladder(needed, acting):
    given = case(walked(2), Command.APPROVE, acting, verdict=verdict(approver=needed))
    if LADDER.index(acting) >= LADDER.index(needed):
        assert advance(given).state is State.APPROVED
    else:
        with pytest.raises(UnableToAdvance) as caught:
            advance(given)
        assert caught.value.findings[0].kind.startswith("lifecycle.approve.ladder")


def test_who_asks_does_not_approve():
    with pytest.raises(UnableToAdvance) as caught:
        advance(case(walked(2), Command.APPROVE, Role.VICE_DIRECTOR, actor="wang"))
    assert kinds(caught) == ["lifecycle.approve.separation"]
    with pytest.raises(UnableToAdvance):
        advance(case(walked(2), Command.APPROVE, Role.VICE_DIRECTOR, actor=" Wang "))


def test_notice_after_its_deadline_is_refused_by_the_law():
    late = case(walked(3), Command.NOTIFY, Role.MARKETING, at=START - timedelta(days=6))
    with pytest.raises(UnableToAdvance) as caught:
        advance(late)
    assert caught.value.findings[0].evidence["policy"] == "notice.planned"


def test_nobody_is_cut_off_before_the_announced_start():
    permitted = replace(walked(5), execution=Execution(permitted_at=START - timedelta(hours=1)))
    with pytest.raises(UnableToAdvance) as caught:
        advance(case(permitted, Command.START, Role.CREW, at=START - timedelta(minutes=1)))
    assert kinds(caught) == ["lifecycle.notice.given"]


def test_a_permit_needs_a_safe_ticket_and_unchanged_facts():
    notified = walked(4)
    with pytest.raises(UnableToAdvance) as caught:
        advance(case(notified, Command.PERMIT, Role.DISPATCHER, verdict=verdict(safe=False), facts_now="f9"))
    assert set(kinds(caught)) == {"lifecycle.permit.safety", "lifecycle.approve.fresh"}


def test_work_that_would_end_late_is_not_begun():
    permitted, whole = walked(5), replace(verdict(), path_min=360.0)
    in_time = case(permitted, Command.START, Role.CREW, at=START + timedelta(minutes=30), verdict=whole)
    assert advance(in_time).state is State.IN_PROGRESS
    for late in (timedelta(minutes=31), timedelta(hours=6), timedelta(days=3)):
        with pytest.raises(UnableToAdvance) as caught:
            advance(case(permitted, Command.START, Role.CREW, at=START + late, verdict=whole))
        assert kinds(caught) == ["lifecycle.late_restore.tolerance"]
    with pytest.raises(UnableToAdvance):
        advance(case(permitted, Command.START, Role.CREW, at=PERIOD.end))  # over, however short the work


def test_a_move_keeps_the_length():
    short = Period(START + timedelta(days=1), START + timedelta(days=1, minutes=1))
    with pytest.raises(UnableToAdvance) as caught:
        advance(case(walked(2), Command.MOVE, Role.PLANNER, period=short, reason="quick"))
    assert kinds(caught) == ["lifecycle.order.sequence"] and caught.value.findings[0].evidence["asked"] < 1


def test_a_moved_outage_takes_the_work_inside_along():
    later = START + timedelta(hours=2)
    one = outage(request_ids=("R1", "R2"), starts=(START, later))
    moved = one.at(Period(START + timedelta(days=1), START + timedelta(days=1, hours=6)))
    assert moved.start_of("R2") == later + timedelta(days=1) and moved.start_of("R1") == moved.period.start


@pytest.mark.parametrize(("command", "role", "until"), [
    (Command.BALANCE, Role.PLANNER, 1), (Command.APPROVE, Role.VICE_DIRECTOR, 2), (Command.MOVE, Role.PLANNER, 2),
])  # fmt: skip
def test_what_stands_against_the_time_is_refused_and_cites_its_row(command, role, until):
    against = Finding("planning.conflict.crew", "O1", Text("crew", "班组"), {"beside": "O2"})
    day_later = Period(START + timedelta(days=1), START + timedelta(days=1, hours=6))
    with pytest.raises(UnableToAdvance) as caught:
        advance(case(walked(until), command, role, period=day_later, against=(against, against)))
    evidence = caught.value.findings[0].evidence
    assert kinds(caught) == ["planning.conflict.crew"] and evidence["policy"] == "plan.agrees"
    assert evidence["beside"] == "O2" and len(evidence["more"]) == 1


@pytest.mark.parametrize(("command", "role", "until", "at"), [
    (Command.NOTIFY, Role.MARKETING, 3, NOON), (Command.PERMIT, Role.DISPATCHER, 4, START),
])  # fmt: skip
def test_a_gate_that_blocks_since_stops_notice_and_permit(command, role, until, at):
    with pytest.raises(UnableToAdvance) as caught:
        advance(case(walked(until), command, role, at=at, verdict=verdict(gates=(BLOCK,))))
    assert kinds(caught) == ["gate.rep.year_total"]


def test_late_restoration_needs_its_reason():
    restoring = walked(8)
    late = START + timedelta(hours=6, minutes=45)
    with pytest.raises(UnableToAdvance) as caught:
        advance(case(restoring, Command.RESTORE, Role.DISPATCHER, at=late))
    assert kinds(caught) == ["lifecycle.late_restore.tolerance"]
    done = advance(
        case(restoring, Command.RESTORE, Role.DISPATCHER, at=late, delay_code=DelayCode.WEATHER, reason="thunder")
    )
    assert done.delay is not None and done.delay.minutes == 45 and done.delay.code is DelayCode.WEATHER


def test_what_is_typed_late_keeps_the_time_it_happened():
    """Typed at 20:00 what happened at 18:05: not late. Nothing in the future, nothing before the step before it."""
    restoring, typed = walked(8), START + timedelta(hours=8)
    happened = START + timedelta(hours=6, minutes=5)
    done = advance(case(restoring, Command.RESTORE, Role.DISPATCHER, at=typed, happened=happened))
    assert done.execution.restored_at == happened and done.delay is None
    for wrong in (typed + timedelta(minutes=1), START + timedelta(hours=4)):
        with pytest.raises(UnableToAdvance) as caught:
            advance(case(restoring, Command.RESTORE, Role.DISPATCHER, at=typed, happened=wrong))
        assert "lifecycle.order.sequence" in kinds(caught)
    early = case(walked(5), Command.START, Role.CREW, at=START, happened=START - timedelta(minutes=5))
    with pytest.raises(UnableToAdvance):
        advance(early)


def test_a_code_alone_explains_nothing_and_a_late_outage_is_learned_from():
    restoring, late = walked(8), PERIOD.end + timedelta(minutes=31)
    with pytest.raises(UnableToAdvance) as caught:
        advance(case(restoring, Command.RESTORE, Role.DISPATCHER, at=late, delay_code=DelayCode.WEATHER, reason=" "))
    assert kinds(caught) == ["lifecycle.late_restore.tolerance"]
    restored = advance(
        case(restoring, Command.RESTORE, Role.DISPATCHER, at=late, delay_code=DelayCode.WEATHER, reason="thunder")
    )
    with pytest.raises(UnableToAdvance) as caught:
        advance(case(restored, Command.ANALYSE, Role.RELIABILITY, at=late))
    assert kinds(caught) == ["lifecycle.late_restore.tolerance"]
    learned = advance(case(restored, Command.ANALYSE, Role.RELIABILITY, at=late, reason="keep a spare"))
    assert learned.reason == "keep a spare"


def test_a_day_after_the_work_was_done_the_law_asks_why():
    long = replace(walked(8), period=Period(START, START + timedelta(hours=40)))
    for hours, refused in ((24, False), (25, True)):
        asked = case(long, Command.RESTORE, Role.DISPATCHER, at=START + timedelta(hours=5 + hours))
        if refused:
            with pytest.raises(UnableToAdvance) as caught:
                advance(asked)
            assert kinds(caught) == ["lifecycle.restore.after_cause"]
        else:
            advance(asked)
    advance(case(long, Command.RESTORE, Role.DISPATCHER, at=START + timedelta(hours=30), reason="protection retest"))


def test_within_the_tolerance_no_reason_is_asked():
    done = advance(case(walked(8), Command.RESTORE, Role.DISPATCHER, at=START + timedelta(hours=6, minutes=30)))
    assert done.state is State.RESTORED and done.delay is None


def test_cancelling_after_notice_owes_a_second_notice():
    cancelled = advance(case(walked(4), Command.CANCEL, Role.PLANNER, reason="rain"))
    assert cancelled.renotice
    told = advance(case(cancelled, Command.NOTIFY, Role.MARKETING))
    assert told.state is State.CANCELLED and not told.renotice
    with pytest.raises(UnableToAdvance):
        advance(case(told, Command.NOTIFY, Role.MARKETING))


def test_moving_a_noticed_outage_voids_approval_and_owes_notice():
    new = Period(START + timedelta(days=2), START + timedelta(days=2, hours=6))
    with pytest.raises(UnableToAdvance) as caught:
        advance(case(walked(4), Command.MOVE, Role.PLANNER, period=new))
    assert kinds(caught) == ["lifecycle.order.sequence"], "people were told another time: a reason is owed"
    moved = advance(case(walked(4), Command.MOVE, Role.PLANNER, period=new, reason="storm"))
    assert moved.state is State.MERGED and moved.approval is None and moved.renotice and moved.assessment == ""


def test_assessing_again_voids_an_approval():
    again = advance(case(walked(3), Command.ASSESS, Role.PLANNER, verdict=verdict("f2"), facts_now="f2"))
    assert again.state is State.BALANCED and again.approval is None and again.assessment == "f2"


def test_a_stop_needs_a_reason():
    with pytest.raises(UnableToAdvance):
        advance(case(walked(2), Command.REJECT, Role.PLANNER, reason="  "))


ASIDE = {Command.REJECT, Command.POSTPONE, Command.CANCEL, Command.MOVE, Command.ASSESS}


def random_step(rng: Random, one: PlannedOutage) -> tuple[Case, bool]:
    """Mostly a command the table offers to somebody who may give it, sometimes anything by anybody."""
    rows = [row for row in OUTAGE_TRANSITIONS if one.state in row.sources]
    weights = [1 if row.command in ASIDE else 10 for row in rows]
    row = rng.choices(rows, weights)[0] if rows and rng.random() < 0.9 else rng.choice(OUTAGE_TRANSITIONS)
    role = rng.choice(sorted(row.roles)) if rng.random() < 0.9 else rng.choice(list(Role))
    computed = rng.choice(["f1"] * 9 + ["f2"])
    now = computed if rng.random() < 0.95 else "f2"
    blocked, moved = rng.random() < 0.1, Period(START + timedelta(days=1), START + timedelta(days=1, hours=6))
    made = verdict(computed, (BLOCK,) if blocked else (), rng.choice(LADDER[:2]))
    at = START + timedelta(days=rng.choice([-30, -20, -8, -5, 0, 0, 1, 2]))
    facts = {"actor": rng.choice(["li", "li", "wang"]), "verdict": made, "facts_now": now, "at": at, "period": moved}
    reason, code = rng.choice(["", "why"]), rng.choice([None, DelayCode.WEATHER])
    return case(one, row.command, role, reason=reason, delay_code=code, **facts), blocked


@given(st.integers(0, 2**32))
def test_no_path_whatever_breaks_the_promises(seed):
    """Random commands by random people on changing facts: what is reached was earned."""
    rng = Random(seed)
    one, trail = outage(), []
    for _ in range(60):
        given_case, blocked = random_step(rng, one)
        try:
            after = advance(given_case)
        except UnableToAdvance as refusal:
            uncited = [finding for finding in refusal.findings if "policy" not in finding.evidence]
            if uncited or not refusal.findings:
                pytest.fail("a refusal cites no row")
            continue
        check_promises(one, after, given_case, blocked, trail)
        trail.append(given_case.command)
        one = after


def test_the_random_walks_see_every_state_of_an_outage():
    seen = set()
    for seed in range(600):
        rng, one = Random(seed), outage()
        for _ in range(80):
            try:
                one = advance(random_step(rng, one)[0])
            except UnableToAdvance:
                continue
            seen.add(one.state)
    assert seen == {row.target for row in OUTAGE_TRANSITIONS}


def check_promises(before: PlannedOutage, after: PlannedOutage, given_case: Case, blocked: bool, trail: list[Command]):
    assert after.version == before.version + 1
    if given_case.command is Command.APPROVE:
        assert given_case.verdict is not None
        assert given_case.facts_now == given_case.verdict.fingerprint == before.assessment == after.approval.fingerprint
        assert not blocked and given_case.actor not in before.requesters and given_case.role in LADDER
    if after.state in (State.APPROVED, State.NOTIFIED, State.PERMITTED, State.IN_PROGRESS):
        assert after.approval is not None and after.approval.fingerprint == after.assessment
        assert Command.APPROVE in [*trail, given_case.command]
    if after.state in (State.PERMITTED, State.IN_PROGRESS):
        assert after.noticed == after.assessment and not after.renotice
    if after.state is State.IN_PROGRESS and before.state is not State.IN_PROGRESS:
        assert after.period.start <= given_case.at < after.period.end
