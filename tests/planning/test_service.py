"""Planning as people use it, on both databases: idempotent submission, stale approvals, two planners, events."""

import threading
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pytest

from everlit.grid import compile_network
from everlit.grid.synthetic import random_network
from everlit.kernel import Period, Text
from everlit.kernel.reading import CHINA
from everlit.ledger.service import Ledger
from everlit.planning.demo_month import demo_month
from everlit.planning.forecast import Nameplate
from everlit.planning.history import Past
from everlit.planning.holidays import CalendarDay
from everlit.planning.lifecycle import Command, UnableToAdvance
from everlit.planning.model import (
    LADDER,
    Budget,
    DailyWindow,
    DelayCode,
    Nature,
    Outcome,
    ProtectedPeriod,
    Role,
    State,
)
from everlit.planning.roles import MAY
from everlit.planning.service import Planning, UnableToPlan, wanted_start
from everlit.planning.store import UnableToFindPlanned, UnableToRecord
from everlit.platform.database import migrate, open_engine, reading
from everlit.platform.events import Actor, UnableToAct, history
from everlit.reliability.model import Book
from everlit.reliability.service import Reliability
from tests.planning.drawn import NOON, request, two_feeders

START = NOON - timedelta(hours=4)
LI, WANG = Actor("li", "planner"), Actor("wang", "requester")


class Desk:
    """A planning office on the drawn network; its clock and its switches are set by the test."""

    def __init__(self, url: str) -> None:
        self.now = START - timedelta(days=20)
        self.network = two_feeders()
        self.state = self.network.switch_normal_closed.copy()
        engine = open_engine(url)
        migrate(engine)
        grid, clock = (lambda _name: self.network), (lambda: self.now)
        self.planning = Planning(engine, grid, lambda _name: self.state, clock, self.past)
        self.ledger = Ledger(engine, grid, clock, CHINA, self.planning.policies)
        self.reliability = Reliability(engine, grid, self.ledger, clock, CHINA, self.planning.policies)

    def past(self, network, period):
        """What happened, by the ledger."""
        return Past(self.ledger.interruptions(network, period), self.reliability.major(network, period)[Book.DLT])

    def told(self, *days, loads=("c-a", "c-b"), nature="planned.maintenance.internal", hours=2, revise=""):
        """The ledger is told of outages so many days before the start."""
        rows = [f"H{day},{load},{(START - timedelta(days=day)).isoformat()},"
                f"{(START - timedelta(days=day, hours=-hours)).isoformat()},{nature}" for day in days for load in loads]  # fmt: skip
        file = "\n".join(["event_id,subject,off,on,nature", *rows]).encode()
        return self.ledger.import_file("n", file, actor=LI, revise=revise)

    def submitted(self, *requests, actor=WANG):
        """File requests, each on the day it names."""
        requests, now = requests or (ONE,), self.now
        self.now = min([one.submitted_at or now for one in requests])
        made = self.planning.submit("n", requests, actor=actor)
        self.now = now
        return made

    def merged(self, *names):
        for name in names or ["R1"]:
            self.planning.assess_request("n", name, actor=LI)
        return self.planning.merge("n", names or ["R1"], period=Period(START, START + timedelta(hours=6)), actor=LI)

    def act(self, outage_id, command, role, name="", **given):
        who = Actor(name or ("chen" if role in LADDER else "li"), role.value)
        return self.planning.act(outage_id, command, actor=who, **given)

    def balanced(self, *, submit=True):
        if submit:
            self.submitted()
        outage = self.merged()
        self.planning.assess_outage(outage.outage_id, actor=LI)
        return self.act(outage.outage_id, Command.BALANCE, Role.PLANNER)

    def approved(self):
        return self.act(self.balanced().outage_id, Command.APPROVE, Role.VICE_DIRECTOR)

    def events(self, subject):
        with reading(self.planning.engine) as connection:
            return history(connection, subject=subject)


ONE = request(
    "R1", "lb", wanted=START, submitted_at=START - timedelta(days=40), earliest=START, latest=START + timedelta(days=6)
)


@pytest.fixture
def desk(database_url: str) -> Desk:
    return Desk(database_url)


def test_submitting_twice_changes_nothing(desk):
    assert desk.submitted().accepted == ("R1",)
    again = desk.submitted()
    assert (again.accepted, again.unchanged, again.findings) == ((), ("R1",), ())
    assert len(desk.events("request:n/R1")) == 1


def test_the_same_again_without_a_date_changes_nothing(desk):
    bare = replace(ONE, submitted_at=None, requester="")
    assert desk.submitted(bare).accepted == ("R1",)
    desk.now += timedelta(days=1)
    assert desk.submitted(bare).unchanged == ("R1",)


def test_a_request_counts_as_filed_when_it_came_in(desk):
    """Only who plans may date a request back, nobody forward; a revision keeps its day unless the work is another."""
    desk.planning.submit("n", [ONE], actor=WANG)
    assert desk.planning.request("n", "R1").request.submitted_at == desk.now
    for name, stated in (("R2", ONE.submitted_at), ("R3", desk.now + timedelta(days=1))):
        desk.planning.submit("n", [replace(ONE, request_id=name, submitted_at=stated)], actor=LI)
    filed = [desk.planning.request("n", name).request.submitted_at for name in ("R2", "R3")]
    assert filed == [ONE.submitted_at, desk.now]
    desk.now += timedelta(hours=1)
    same = desk.planning.revise("n", replace(ONE, request_id="R2", submitted_at=None, duration_min=60), actor=WANG)
    assert same.request.submitted_at == ONE.submitted_at
    for other in (
        replace(ONE, request_id="R2", equipment_ids=("lc",)),
        replace(ONE, request_id="R2", earliest=START - timedelta(days=1)),
    ):
        assert desk.planning.revise("n", other, actor=WANG).request.submitted_at == desk.now


def test_other_content_is_refused_until_revised(desk):
    desk.submitted()
    other = replace(ONE, duration_min=120)
    refused = desk.submitted(other)
    assert [finding.kind for finding in refused.findings] == ["planning.request.changed"]
    assert desk.planning.request("n", "R1").request.duration_min == 240
    revised = desk.planning.revise("n", other, actor=WANG)
    assert revised.version == 2 and desk.planning.request("n", "R1").request.duration_min == 120


def test_unknown_equipment_is_refused_and_the_rest_filed(desk):
    made = desk.submitted(ONE, request("R2", "nothing"))
    assert made.accepted == ("R1",) and made.findings[0].subject == "R2"
    with pytest.raises(UnableToFindPlanned):
        desk.planning.request("n", "R2")


def test_from_request_to_closed_with_an_event_for_every_step(desk):
    outage = desk.approved()
    name = outage.outage_id
    assert outage.approval.role is Role.VICE_DIRECTOR and outage.units == ("east",)
    desk.act(name, Command.NOTIFY, Role.MARKETING)
    desk.now = START
    desk.act(name, Command.PERMIT, Role.DISPATCHER)
    desk.act(name, Command.START, Role.CREW)
    desk.act(name, Command.FINISH, Role.CREW)
    desk.now = START + timedelta(hours=7)
    desk.act(name, Command.SWITCH_BACK, Role.DISPATCHER)
    with pytest.raises(UnableToAdvance):
        desk.act(name, Command.RESTORE, Role.DISPATCHER)
    desk.act(name, Command.RESTORE, Role.DISPATCHER, delay_code=DelayCode.MATERIAL, reason="clamp missing")
    desk.act(name, Command.ANALYSE, Role.RELIABILITY, reason="keep clamps in store")
    closed = desk.act(name, Command.CLOSE, Role.PLANNER)
    assert closed.state is State.CLOSED and closed.delay.minutes == 60
    assert desk.planning.request("n", "R1").state is State.CLOSED
    events = desk.events(f"outage:{name}")
    kinds = [event.kind.removeprefix("planning.outage.") for event in events]
    assert kinds == [
        "merged", "assessed", "balance", "approve", "notify", "permit", "start", "finish", "switch_back", "restore",
        "analyse", "close",
    ]  # fmt: skip
    assert events[-3].body["delay"]["code"] == "material"
    assert {event.actor.role for event in events} >= {"planner", "vice_director", "marketing", "dispatcher", "crew"}


def test_approval_of_a_stale_assessment_is_refused_for_every_kind_of_change(desk):
    desk.submitted()
    name = desk.merged().outage_id
    desk.planning.assess_outage(name, actor=LI)
    desk.act(name, Command.BALANCE, Role.PLANNER)

    def refused():
        with pytest.raises(UnableToAdvance) as caught:
            desk.act(name, Command.APPROVE, Role.VICE_DIRECTOR)
        return [finding.kind for finding in caught.value.findings]

    normal = desk.state
    desk.state = np.where(np.arange(len(normal)) == desk.network.switch("T"), True, normal)
    assert refused() == ["lifecycle.approve.fresh"]
    desk.state, network = normal, desk.network
    desk.network = two_feeders(b=150.0)
    assert refused() == ["lifecycle.approve.fresh"]
    desk.network = network
    usual = desk.planning.policies().row("approve.duration", on=START.date())
    desk.planning.set_policy(replace(usual, value=4.0, document="ours"), actor=LI)
    assert refused() == ["lifecycle.approve.fresh"]
    desk.planning.assess_outage(name, actor=LI)
    desk.planning.set_policy(replace(usual, document="ours"), actor=LI)
    assert refused() == ["lifecycle.approve.fresh"]
    desk.planning.assess_outage(name, actor=LI)
    assert desk.act(name, Command.APPROVE, Role.VICE_DIRECTOR).state is State.APPROVED


def test_what_is_far_away_or_set_back_leaves_an_approval_alone(desk):
    desk.network = two_feeders(far=True)
    desk.state = usual = desk.network.switch_normal_closed
    name = desk.approved().outage_id
    row = desk.planning.policies().row("alt.generator.kwh", on=START.date())
    desk.planning.set_policy(replace(row, value=3.1), actor=LI)
    hours = desk.planning.policies().row("approve.duration", on=START.date())
    desk.planning.set_policy(replace(hours, value=4.0), actor=LI)
    desk.planning.set_policy(replace(hours, document="ours"), actor=LI)
    desk.state = np.where(np.arange(len(usual)) == desk.network.switch("C1"), False, usual)
    desk.act(name, Command.NOTIFY, Role.MARKETING)
    desk.now = START
    assert desk.act(name, Command.PERMIT, Role.DISPATCHER).state is State.PERMITTED


def test_what_an_outage_under_way_operated_does_not_decide_another(desk):
    desk.submitted(ONE, request("R2", "lc", submitted_at=ONE.submitted_at, earliest=START, latest=ONE.latest))
    first, second = put(desk, "R1"), put(desk, "R2", at=START + timedelta(days=1))
    for name in (first, second):
        desk.act(name, Command.BALANCE, Role.PLANNER)
        desk.act(name, Command.APPROVE, Role.VICE_DIRECTOR)
        desk.act(name, Command.NOTIFY, Role.MARKETING)
    desk.now = START
    desk.act(first, Command.PERMIT, Role.DISPATCHER)
    desk.act(first, Command.START, Role.CREW)
    desk.state = desk.planning.study_outage(desk.planning.outage(first)).plan.at_work
    assert (desk.planning.positions("n") == desk.network.switch_normal_closed).all()
    same = desk.planning.study_outage(desk.planning.outage(second)).fingerprint
    assert same == desk.planning.outage(second).assessment
    desk.now = START + timedelta(days=1)
    with pytest.raises(UnableToAdvance) as caught:
        desk.act(second, Command.PERMIT, Role.DISPATCHER)
    assert caught.value.findings[0].kind == "planning.conflict.zone", "the first one should have ended a day ago"
    for command, role in ((Command.FINISH, Role.CREW), (Command.SWITCH_BACK, Role.DISPATCHER)):
        desk.act(first, command, role)
    desk.act(first, Command.RESTORE, Role.DISPATCHER, delay_code=DelayCode.WEATHER, reason="storm")
    with pytest.raises(UnableToAdvance) as caught:
        desk.act(second, Command.PERMIT, Role.DISPATCHER)
    assert caught.value.findings[0].kind == "lifecycle.approve.fresh", (
        "restored, but its switches were left as they were"
    )
    desk.state = desk.network.switch_normal_closed
    assert desk.act(second, Command.PERMIT, Role.DISPATCHER).state is State.PERMITTED


def test_a_notice_stands_for_the_same_period_and_households(desk):
    name = desk.approved().outage_id
    desk.act(name, Command.NOTIFY, Role.MARKETING)
    desk.now = START - timedelta(days=3)
    longer = replace(desk.planning.policies().row("approve.duration", on=START.date()), value=4.0)
    desk.planning.set_policy(longer, actor=LI)
    desk.planning.assess_outage(name, actor=LI)
    again = desk.planning.outage(name)
    assert again.noticed == again.assessment and not again.renotice and again.state is State.BALANCED
    desk.act(name, Command.APPROVE, Role.VICE_DIRECTOR)
    desk.act(name, Command.NOTIFY, Role.MARKETING)
    desk.now = START
    assert desk.act(name, Command.PERMIT, Role.DISPATCHER).state is State.PERMITTED


def test_a_notice_does_not_stand_for_other_households(desk):
    name = desk.approved().outage_id
    desk.act(name, Command.NOTIFY, Role.MARKETING)
    desk.now = START - timedelta(days=3)
    desk.state = np.where(np.arange(len(desk.state)) == desk.network.switch("B1"), False, desk.state)
    _, made = desk.planning.assess_outage(name, actor=LI)
    assert desk.planning.outage(name).renotice
    (late,) = [gate for gate in made.gates if gate.key == "notice.planned"]
    assert late.outcome is Outcome.BLOCK, "without the tie other loads are dark, and it is too late to tell them"


def test_a_change_after_approval_stops_the_notice(desk):
    outage = desk.approved()
    desk.state = np.where(np.arange(len(desk.state)) == desk.network.switch("A2"), False, desk.state)
    with pytest.raises(UnableToAdvance):
        desk.act(outage.outage_id, Command.NOTIFY, Role.MARKETING)


def test_the_requester_does_not_approve_his_own(desk):
    desk.submitted()
    name = desk.merged().outage_id
    desk.planning.assess_outage(name, actor=LI)
    desk.act(name, Command.BALANCE, Role.PLANNER)
    with pytest.raises(UnableToAdvance) as caught:
        desk.act(name, Command.APPROVE, Role.VICE_DIRECTOR, name="wang")
    assert [finding.kind for finding in caught.value.findings] == ["lifecycle.approve.separation"]


def test_who_assessed_or_balanced_does_not_approve_unless_the_row_allows_it(desk):
    desk.submitted()
    name = desk.merged().outage_id
    desk.planning.assess_outage(name, actor=Actor("sun", "reliability"))
    desk.act(name, Command.BALANCE, Role.PLANNER, name="Li")
    for person in ("Sun", "li "):
        with pytest.raises(UnableToAdvance) as caught:
            desk.act(name, Command.APPROVE, Role.VICE_DIRECTOR, name=person)
        assert [finding.kind for finding in caught.value.findings] == ["lifecycle.approve.separation_plan"]
    row = desk.planning.policies().row("approve.separation_plan", on=START.date())
    desk.planning.set_policy(replace(row, value=0.0), actor=Actor("zhao", "vice_director"))
    assert desk.act(name, Command.APPROVE, Role.VICE_DIRECTOR, name="li").approval.actor == "li"


def test_two_planners_cannot_overwrite_each_other(desk):
    desk.submitted()
    outage = desk.merged()
    desk.planning.assess_outage(outage.outage_id, actor=LI)
    moved = Period(START + timedelta(days=1), START + timedelta(days=1, hours=6))
    with pytest.raises(UnableToRecord):
        desk.act(outage.outage_id, Command.MOVE, Role.PLANNER, version=outage.version, period=moved)
    after = desk.act(outage.outage_id, Command.MOVE, Role.PLANNER, version=outage.version + 1, period=moved)
    assert after.period == moved and after.assessment == ""


def test_many_hands_at_once_leave_one_change(desk):
    desk.submitted()
    outage = desk.merged()
    results = []

    def move(day):
        period = Period(START + timedelta(days=day), START + timedelta(days=day, hours=6))
        try:
            results.append(desk.act(outage.outage_id, Command.MOVE, Role.PLANNER, version=1, period=period))
        except UnableToRecord:
            results.append(None)

    threads = [threading.Thread(target=move, args=(day,)) for day in range(1, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = [one for one in results if one is not None]
    assert len(done) == 1 and desk.planning.outage(outage.outage_id) == done[0]


def test_merging_two_requests_makes_one_outage_that_owns_them(desk):
    desk.submitted(ONE, request("R2", "lc", wanted=START, submitted_at=START - timedelta(days=40), earliest=START))
    outage = desk.merged("R1", "R2")
    assert outage.request_ids == ("R1", "R2") and outage.equipment_ids == ("lb", "lc")
    assert {one.outage_id for one in desk.planning.requests("n")} == {outage.outage_id}
    with pytest.raises(UnableToAdvance):
        desk.planning.merge("n", ["R1"], period=outage.period, actor=LI, outage_id="O2")
    desk.act(outage.outage_id, Command.CANCEL, Role.PLANNER, reason="rain")
    assert {(one.state, one.outage_id) for one in desk.planning.requests("n")} == {(State.ASSESSED, "")}


def test_a_request_whose_facts_changed_is_not_merged_until_they_are_as_before(desk):
    desk.submitted()
    desk.planning.assess_request("n", "R1", actor=LI)
    period, usual = Period(START, START + timedelta(hours=6)), desk.state
    desk.state = np.where(np.arange(len(usual)) == desk.network.switch("T"), True, usual)
    with pytest.raises(UnableToAdvance) as caught:
        desk.planning.merge("n", ["R1"], period=period, actor=LI)
    assert [finding.kind for finding in caught.value.findings] == ["lifecycle.merge.assessed"]
    assert desk.planning.outages("n") == []
    desk.state = usual
    assert desk.planning.merge("n", ["R1"], period=period, actor=LI).request_ids == ("R1",)


def test_what_a_month_assessed_is_assessed_on_its_own_before_it_is_merged_by_hand(desk):
    desk.submitted()
    desk.planning.plan_month("n", "2026-06", actor=LI, seconds=1, workers=1)
    (made,) = desk.planning.adopt_month("n", "2026-06", actor=LI)
    desk.act(made.outage_id, Command.CANCEL, Role.PLANNER, reason="rain")
    with pytest.raises(UnableToAdvance) as caught:
        desk.planning.merge("n", ["R1"], period=made.period, actor=LI)
    assert [finding.kind for finding in caught.value.findings] == ["lifecycle.merge.assessed"]
    desk.planning.assess_request("n", "R1", actor=LI)
    assert desk.planning.merge("n", ["R1"], period=made.period, actor=LI).state is State.MERGED


def test_a_request_after_the_freeze_is_temporary(desk):
    desk.submitted(replace(ONE, submitted_at=START - timedelta(days=15)))
    outage = desk.merged()
    assert outage.nature is Nature.TEMPORARY


def test_a_temporary_outage_says_why_and_may_come_soon_when_nobody_important_is_cut_off(desk):
    desk.now = START - timedelta(hours=8)
    desk.submitted(replace(ONE, submitted_at=None))
    name = desk.merged().outage_id
    desk.planning.assess_outage(name, actor=LI)
    for reason in ("", "  "):
        with pytest.raises(UnableToAdvance) as caught:
            desk.act(name, Command.BALANCE, Role.PLANNER, reason=reason)
        assert [finding.kind for finding in caught.value.findings] == ["lifecycle.plan.temporary_reason"]
    balanced = desk.act(name, Command.BALANCE, Role.PLANNER, reason=" a cracked insulator ")
    assert balanced.why_temporary == "a cracked insulator"
    assert desk.planning.outage(name) == balanced and desk.events(f"outage:{name}")[-1].body["reason"].strip()
    desk.act(name, Command.APPROVE, Role.VICE_DIRECTOR)
    assert desk.act(name, Command.NOTIFY, Role.MARKETING).why_temporary == "a cracked insulator"


def test_budgets_count_what_is_committed_and_raise_the_approver(desk):
    desk.planning.set_budget("n", Budget("east", "2026-06", 10.0), actor=LI)
    outage = desk.approved()
    stored = desk.planning.assessment_of(outage_id=outage.outage_id)
    hours = stored.body["unit_hours"]["east"]
    budget = desk.planning.budgets("n", "2026-06")["east"]
    assert budget.committed_h == pytest.approx(hours) and budget.used_h == 0
    assert (
        [gate["outcome"] for gate in stored.body["gates"] if gate["key"] == "budget.month"] == ["approve"]
        if hours > 10
        else True
    )


def test_a_budget_of_nothing_entered_afterwards_raises_the_approver(desk):
    name = desk.balanced().outage_id
    needed = Role(desk.planning.assessment_of(outage_id=name).body["approver"])
    desk.planning.set_budget("n", Budget("east", "2026-06", 0.0), actor=LI)
    with pytest.raises(UnableToAdvance) as caught:
        desk.act(name, Command.APPROVE, needed)
    assert caught.value.findings[0].kind.startswith("lifecycle.approve.ladder.")
    desk.act(name, Command.APPROVE, LADDER[LADDER.index(needed) + 1])


def test_history_makes_the_repeat_gate_block(desk):
    desk.told(25, 35, 45)
    desk.submitted(replace(ONE, equipment_ids=("la",)))
    name = desk.merged().outage_id
    desk.planning.assess_outage(name, actor=LI)
    with pytest.raises(UnableToAdvance) as caught:
        desk.act(name, Command.BALANCE, Role.PLANNER)
    assert caught.value.findings[0].kind.startswith("gate.rep.")


def test_what_its_own_assessment_blocks_is_not_balanced_and_every_gate_is_named(desk):
    desk.submitted(replace(ONE, duration_min=10, latest=START + timedelta(hours=7)))
    desk.now = START - timedelta(days=2)
    desk.planning.assess_request("n", "R1", actor=LI)
    period = Period(START, START + timedelta(minutes=10))
    name = desk.planning.merge("n", ["R1"], period=period, actor=LI).outage_id
    desk.planning.assess_outage(name, actor=LI)
    with pytest.raises(UnableToAdvance) as caught:
        desk.act(name, Command.BALANCE, Role.PLANNER)
    refusal = caught.value.findings[0]
    named = {refusal.kind, *(one["kind"] for one in refusal.evidence["more"])}
    assert named >= {"gate.path.time", "gate.notice.planned"} and refusal.evidence["policy"] == "path.time"
    assert "Switching takes" in refusal.message.en and "Legal notice was due" in refusal.message.en
    assert "停送电操作" in refusal.message.zh and "法定通知" in refusal.message.zh
    assert desk.planning.outage(name).state is State.MERGED


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_the_repeat_limit_does_not_depend_on_the_order_of_the_meeting(desk, order):
    days = [START + timedelta(days=day) for day in (0, 70, 140, 190)]
    for number, day in enumerate(days):
        filed = {"submitted_at": ONE.submitted_at, "earliest": day, "latest": day + timedelta(days=1)}
        desk.submitted(request(f"R{number}", "lb", **filed))
    outages = [put(desk, f"R{number}", at=day) for number, day in enumerate(days)]
    for number in order[:3]:
        desk.act(outages[number], Command.BALANCE, Role.PLANNER)
    with pytest.raises(UnableToAdvance) as caught:
        desk.act(outages[order[3]], Command.BALANCE, Role.PLANNER)
    assert caught.value.findings[0].kind == "gate.rep.planned_year"
    desk.act(outages[order[0]], Command.CANCEL, Role.PLANNER, reason="rain")
    desk.act(outages[order[3]], Command.BALANCE, Role.PLANNER)


def test_a_preview_changes_nothing(desk):
    outage = desk.approved()
    preview = desk.planning.preview_move(outage.outage_id, START + timedelta(days=10))
    assert preview["after"]["start"] != preview["before"]["start"]
    assert [finding["kind"] for finding in preview["conflicts"]] == ["planning.conflict.window"]
    assert desk.planning.outage(outage.outage_id) == outage


def test_unknown_things_and_roles_are_refused(desk):
    for call in (
        lambda: desk.planning.outage("O9"),
        lambda: desk.planning.assessment(99),
        lambda: desk.planning.assessment_of(outage_id="O9"),
        lambda: desk.planning.assess_request("n", "R9", actor=LI),
    ):
        with pytest.raises(UnableToFindPlanned):
            call()
    desk.submitted()
    outage = desk.merged()
    with pytest.raises(UnableToPlan):
        desk.planning.act(outage.outage_id, Command.BALANCE, actor=Actor("x", "astronaut"))
    with pytest.raises(UnableToPlan):
        desk.planning.requests("n", month="2026-13")
    with pytest.raises(UnableToPlan):
        desk.planning.merge("n", [], period=outage.period, actor=LI)


def test_a_failing_record_leaves_no_half_change(desk, monkeypatch):
    desk.submitted()
    outage = desk.merged()

    def broken(*_args, **_given):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("everlit.planning.service.desk.record", broken)
    with pytest.raises(RuntimeError):
        desk.planning.assess_outage(outage.outage_id, actor=LI)
    assert desk.planning.outage(outage.outage_id) == outage


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\nb"])
def test_without_a_name_nothing_is_changed(desk, name):
    nobody = Actor(name, "planner")
    desk.submitted()
    outage = desk.merged()
    row = desk.planning.policies().row("approve.duration", on=START.date())
    before = len(desk.events(None))
    for call in (
        lambda: desk.planning.submit("n", [request("R2", "lc")], actor=nobody),
        lambda: desk.planning.set_policy(replace(row, value=1.0), actor=nobody),
        lambda: desk.planning.assess_outage(outage.outage_id, actor=nobody),
        lambda: desk.planning.act(outage.outage_id, Command.CANCEL, actor=nobody, reason="x"),
    ):
        with pytest.raises(UnableToAct):
            call()
    assert desk.planning.outage(outage.outage_id) == outage and len(desk.events(None)) == before
    assert len(desk.planning.requests("n")) == 1
    assert desk.planning.policies().row("approve.duration", on=START.date()) == row


def test_the_wanted_start():
    assert wanted_start(ONE) == START
    assert wanted_start(replace(ONE, wanted=None)) == START
    assert wanted_start(ONE, NOON) == NOON


def test_no_outage_of_a_demonstration_month_lacks_time_for_its_switching_or_work(desk):
    grid = desk.network = compile_network(random_network(8, feeders=6, nodes=14, ties=8))
    desk.state = grid.switch_normal_closed.copy()
    wishes = demo_month(grid, month=date(2026, 6, 1), requests=30, seed=2)
    desk.submitted(*wishes)
    desk.planning.plan_month("n", "2026-06", actor=LI, seconds=3)
    adopted = desk.planning.adopt_month("n", "2026-06", actor=LI)
    assert any(len(outage.request_ids) > 1 for outage in adopted)
    for outage in adopted:
        gates = {gate.key: gate for gate in desk.planning.study_outage(outage).gates}
        assert gates["path.time"].outcome is gates["work.time"].outcome is Outcome.PASS, gates["work.time"].message


def test_one_request_is_assessed_with_its_work_and_its_switching(desk):
    desk.submitted()
    _, made = desk.planning.assess_request("n", "R1", actor=LI)
    assert made.period.start == START and made.plan.work_min >= 240 > made.plan.work_min - 30
    assert made.plan.out_min > 10 and {gate.key: gate.outcome for gate in made.gates}["work.time"] is Outcome.PASS


def test_an_outage_too_short_for_its_work_is_refused_until_it_is_longer(desk):
    desk.submitted()
    desk.planning.assess_request("n", "R1", actor=LI)
    bare = Period(START, START + timedelta(hours=4))
    name = desk.planning.merge("n", ["R1"], period=bare, actor=LI).outage_id
    _, made = desk.planning.assess_outage(name, actor=LI)
    gate = next(gate for gate in made.gates if gate.key == "work.time")
    assert gate.outcome is Outcome.BLOCK and gate.measured == made.plan.out_min + made.plan.back_min
    with pytest.raises(UnableToAdvance) as caught:
        desk.act(name, Command.BALANCE, Role.PLANNER)
    assert "gate.work.time" in [finding.kind for finding in caught.value.findings]
    longer = Period(START, START + timedelta(hours=6))
    preview = desk.planning.preview_move(name, longer.start, longer.end)
    assert preview["findings"] == [] and preview["after"]["hours"]["units_h"] > preview["before"]["hours"]["units_h"]
    desk.act(name, Command.RESIZE, Role.PLANNER, period=longer)
    desk.planning.assess_outage(name, actor=LI)
    assert desk.act(name, Command.BALANCE, Role.PLANNER).state is State.BALANCED
    with pytest.raises(UnableToAdvance) as caught:
        desk.act(name, Command.RESIZE, Role.PLANNER, period=bare)
    assert [finding.kind for finding in caught.value.findings] == ["planning.conflict.length"]


def test_a_month_is_planned_adopted_and_planned_again(desk):
    offered = {"earliest": START - timedelta(days=2), "latest": START + timedelta(days=9)}
    wishes = [
        request(name, *equipment, wanted=START, submitted_at=START - timedelta(days=40), crew=name, **offered)
        for name, equipment in (("R1", ["lb"]), ("R2", ["lb"]), ("R3", ["le"]), ("R4", ["la"]))
    ]  # fmt: skip
    desk.submitted(*wishes)
    stored = desk.planning.plan_month("n", "2026-06", actor=LI, seconds=4, seed=1, workers=1)
    body = stored.body
    assert body["scheduled"] == 4 and body["refused"] == [] and body["gap"] < 0.05
    assert body["savings"]["as_requested"] > body["savings"]["merged"] >= body["savings"]["transferred"]
    assert {reason["job"] for reason in body["reasons"]} == {"R1", "R2", "R3", "R4"}
    assert desk.planning.outages("n") == []
    made = desk.planning.adopt_month("n", "2026-06", actor=LI)
    assert sorted(name for outage in made for name in outage.request_ids) == ["R1", "R2", "R3", "R4"]
    together = next(outage for outage in made if "R1" in outage.request_ids)
    assert "R2" in together.request_ids and together.state is State.MERGED
    desk.planning.assess_outage(together.outage_id, actor=LI)
    desk.act(together.outage_id, Command.BALANCE, Role.PLANNER)
    approved = desk.act(together.outage_id, Command.APPROVE, Role.VICE_DIRECTOR)
    again = desk.planning.plan_month("n", "2026-06", actor=LI, seconds=4, seed=1, workers=1)
    assert again.body["fixed"] == [together.outage_id]
    assert again.body["starts"]["R1"] == body["starts"]["R1"], "an agreed outage stays"
    desk.planning.adopt_month("n", "2026-06", actor=LI)
    assert desk.planning.outage(together.outage_id) == approved
    board = desk.planning.month("n", "2026-06")
    live = [outage for outage in board["outages"] if outage["state"] not in ("cancelled", "rejected")]
    assert sorted(name for outage in live for name in outage["request_ids"]) == ["R1", "R2", "R3", "R4"]
    assert board["plan_id"] == again.identity and board["temporary"]["temporary"] == 0


def test_an_unchanged_plan_leaves_every_outage_as_it_is_with_its_assessment(desk):
    offered = {"earliest": START - timedelta(days=2), "latest": START + timedelta(days=9)}
    later = {"earliest": START + timedelta(days=4), "latest": START + timedelta(days=9)}
    desk.submitted(*(request(name, at, submitted_at=ONE.submitted_at, crew=name, **days)
                     for name, at, days in (("R1", "lb", offered), ("R2", "lb", offered), ("R3", "lc", later))))  # fmt: skip
    by_hand = desk.merged("R1", "R2").outage_id
    desk.act(by_hand, Command.RESIZE, Role.PLANNER, period=Period(START, START + timedelta(hours=7)))
    desk.planning.assess_outage(by_hand, actor=LI)
    before = desk.planning.outage(by_hand)
    for _ in range(2):
        desk.planning.plan_month("n", "2026-06", actor=LI, seconds=2, seed=1, workers=1)
        desk.planning.adopt_month("n", "2026-06", actor=LI)
    outages = desk.planning.outages("n")
    assert desk.planning.outage(by_hand) == before and before.assessment, "made longer by hand, and left so"
    assert {one.state for one in outages} == {State.MERGED} and all("." not in one.outage_id for one in outages)
    adopted = [event for event in desk.events("month:n/2026-06") if event.kind == "planning.month.adopted"]
    assert by_hand in adopted[-1].body["kept"] and adopted[-1].body["dissolved"] == []


def test_a_plan_on_another_past_another_calendar_or_other_loads_is_not_adopted(desk):
    desk.submitted()
    rest = CalendarDay(START.date() + timedelta(days=1), True, Text("x", "甲"))
    for change in (
        lambda: desk.told(30),
        lambda: desk.planning.set_days([rest], actor=LI),
        lambda: setattr(desk.planning, "forecasts", lambda _grid, _zone: Nameplate("another")),
    ):
        desk.planning.plan_month("n", "2026-06", actor=LI, seconds=1)
        change()
        with pytest.raises(UnableToRecord):
            desk.planning.adopt_month("n", "2026-06", actor=LI)
    assert desk.planning.calendar().rests(rest.day) and desk.planning.calendar().rests(date(2026, 10, 1))
    with pytest.raises(UnableToPlan):
        desk.planning.set_days([rest], actor=WANG)


def test_a_cancelled_outage_gives_its_requests_back_or_takes_them_along(desk):
    name = desk.balanced().outage_id
    desk.act(name, Command.CANCEL, Role.PLANNER, reason="rain")
    assert desk.planning.request("n", "R1").state is State.ASSESSED
    again = desk.merged().outage_id
    with pytest.raises(UnableToAdvance):
        desk.act(again, Command.CANCEL, Role.DISPATCHER, reason="no need", with_requests=True)
    assert desk.planning.outage(again).state is State.MERGED, "a dispatcher cancels no request"
    desk.act(again, Command.CANCEL, Role.PLANNER, reason="no need", with_requests=True)
    gone = desk.planning.request("n", "R1")
    assert (gone.state, gone.outage_id) == (State.CANCELLED, "")
    assert desk.events("request:n/R1")[-1].body["reason"] == "no need"
    assert desk.planning.month_case("n", "2026-06")[0].requests == ()


def test_work_of_a_day_and_more_is_told_when_it_is_filed(desk):
    made = desk.submitted(replace(ONE, duration_min=3 * 1440))
    assert made.accepted == ("R1",) and [one.kind for one in made.findings] == ["request.longer_than_day"]
    plan = desk.planning.plan_month("n", "2026-06", actor=LI, seconds=1).body
    assert (
        plan["refused"] == ["R1"] and plan["conflicts"][0]["evidence"]["rules"][0]["kind"] == "schedule.longer_than_day"
    )


def test_no_plan_to_adopt(desk):
    with pytest.raises(UnableToFindPlanned):
        desk.planning.adopt_month("n", "2026-06", actor=LI)


def test_an_agreed_outage_counts_for_the_repeats_of_the_next_until_it_is_called_off(desk):
    outage = desk.approved()
    later = Period(START + timedelta(days=8), START + timedelta(days=8, hours=6))
    names = desk.network.network.tables["consumers"].column("consumer_id").to_pylist()

    def counted():
        made = desk.planning.study("n", [ONE], period=later).repeats
        return {names[load]: one.year for load, one in zip(made.consumer.tolist(), made.counted, strict=True)}["c-b"]

    assert counted() == 2
    own = desk.planning.study_outage(outage)
    assert {one.year for one in own.repeats.counted} == {1}, "an outage does not repeat itself"
    desk.act(outage.outage_id, Command.CANCEL, Role.PLANNER, reason="rain")
    assert counted() == 1


def test_the_promise_is_watched_and_the_month_reviewed(desk):
    name = desk.approved().outage_id
    desk.act(name, Command.NOTIFY, Role.MARKETING)
    desk.now = START
    desk.act(name, Command.PERMIT, Role.DISPATCHER)
    desk.act(name, Command.START, Role.CREW)
    desk.now = START + timedelta(hours=5, minutes=30)
    (watched,) = desk.planning.promises("n")
    assert watched.left_min == 30 and watched.risk.value == "second_alarm"
    desk.now = START + timedelta(hours=5, minutes=45)
    (watched,) = desk.planning.promises("n")
    assert watched.risk.value == "at_risk", "still at work, and the way back takes longer than what is left"
    desk.act(name, Command.FINISH, Role.CREW)
    desk.act(name, Command.SWITCH_BACK, Role.DISPATCHER)
    desk.now = START + timedelta(hours=7)
    desk.act(name, Command.RESTORE, Role.DISPATCHER, delay_code=DelayCode.WEATHER, reason="storm")
    assert desk.planning.promises("n") == []
    (cause,) = desk.planning.delay_causes("n", year=2026)
    assert cause.code is DelayCode.WEATHER and cause.subjects == {"east": 1, "operations": 1}
    made = desk.planning.review_month("n", "2026-06")
    assert made.deviations[0].end_min == 60 and made.deviations[0].late
    values = {one.key: one.value for one in made.indices}
    assert values["late"] == 1.0 and values["told"] is None and values["temporary"] == 0.0


# ------------------------------------------------------------------- what others enter after the assessment
def test_a_protected_period_entered_afterwards_stops_approval_notice_and_permit(desk):
    exam = ProtectedPeriod("exam", Text("exam", "高考"), Period(START + timedelta(hours=2), START + timedelta(hours=4)))
    away = replace(exam, key="away", units=("west",))
    name = desk.balanced().outage_id
    desk.planning.protect("n", [away], actor=LI)
    steps = (
        (Command.APPROVE, Role.VICE_DIRECTOR, desk.now), (Command.NOTIFY, Role.MARKETING, desk.now),
        (Command.PERMIT, Role.DISPATCHER, START),
    )  # fmt: skip
    for command, role, at in steps:
        desk.now = at
        desk.planning.protect("n", [exam], actor=LI)
        with pytest.raises(UnableToAdvance) as caught:
            desk.act(name, command, role)
        assert [finding.kind for finding in caught.value.findings] == ["gate.protected.period"]
        desk.planning.protect("n", [replace(exam, units=("west",))], actor=LI)  # the exam moved to another unit
        desk.act(name, command, role)


def test_history_reported_afterwards_stops_the_approval(desk):
    name = desk.balanced().outage_id
    desk.told(25, 35, 45)
    with pytest.raises(UnableToAdvance) as caught:
        desk.act(name, Command.APPROVE, Role.VICE_DIRECTOR)
    assert caught.value.findings[0].kind.startswith("gate.rep.")
    fresh = desk.planning.study_outage(desk.planning.outage(name))
    assert any(gate.outcome is Outcome.BLOCK for gate in fresh.gates), "assessing again says the same"


# ------------------------------------------------------------------------- inside what was asked, beside others
def against(desk, outage_id):
    with pytest.raises(UnableToAdvance) as caught:
        desk.act(outage_id, Command.BALANCE, Role.PLANNER)
    (first,) = (one for one in caught.value.findings if not one.kind.startswith("gate."))
    found = [first.kind, *(more["kind"] for more in first.evidence["more"])]
    return [kind.removeprefix("planning.conflict.") for kind in found]


def put(desk, *names, at=START, hours=6.0):
    for name in names:
        desk.planning.assess_request("n", name, actor=LI)
    outage = desk.planning.merge("n", names, period=Period(at, at + timedelta(hours=hours)), actor=LI)
    desk.planning.assess_outage(outage.outage_id, actor=LI)
    return outage.outage_id


def test_a_package_outside_what_was_asked_is_not_balanced(desk):
    desk.submitted()
    far = put(desk, "R1", at=START + timedelta(days=19))
    assert against(desk, far) == ["window"]
    desk.act(far, Command.CANCEL, Role.PLANNER, reason="wrong")
    assert against(desk, put(desk, "R1", hours=2)) == ["length"]


def test_order_and_neighbours_hold_at_the_balance_and_in_the_preview(desk):
    common = {"submitted_at": ONE.submitted_at, "earliest": START, "latest": ONE.latest, "crew": "c1"}
    later = request("R2", "lb", precedence=("R1",), **common)
    beside = request("R3", "lb", **common)
    desk.submitted(replace(ONE, crew="c1"), later, beside)
    assert against(desk, put(desk, "R2", at=START)) == ["order"], "R1 has no time yet"
    first = put(desk, "R1", at=START + timedelta(days=1))
    second = desk.planning.outages("n")[0].outage_id
    assert against(desk, second) == ["order"], "R1 comes later"
    desk.act(second, Command.CANCEL, Role.PLANNER, reason="order")
    desk.act(first, Command.BALANCE, Role.PLANNER)
    third = put(desk, "R3", at=START + timedelta(days=1, hours=3))
    assert against(desk, third)[:2] == ["crew", "zone"]
    shown = desk.planning.preview_move(third, START + timedelta(days=1))["conflicts"]
    assert [one["kind"].removeprefix("planning.conflict.") for one in shown][:2] == ["crew", "zone"]
    free = desk.planning.preview_move(third, START + timedelta(days=2))
    assert free["conflicts"] == []
    with pytest.raises(UnableToAdvance):
        desk.act(
            third,
            Command.MOVE,
            Role.PLANNER,
            period=Period(START + timedelta(days=1), START + timedelta(days=1, hours=6)),
        )
    clear = Period(START + timedelta(days=2), START + timedelta(days=2, hours=6))
    assert desk.act(third, Command.MOVE, Role.PLANNER, period=clear).period == clear


def test_the_path_that_feeds_another_outage_stays_in_service(desk):
    common = {"submitted_at": ONE.submitted_at, "earliest": START, "latest": ONE.latest}
    desk.submitted(ONE, request("R2", "le", **common))
    desk.act(put(desk, "R1"), Command.BALANCE, Role.PLANNER)
    assert "path" in against(desk, put(desk, "R2"))


# --------------------------------------------------------------------------------- who asks and who decides
def test_a_name_taken_off_by_a_revision_still_does_not_approve(desk):
    desk.submitted()
    desk.planning.revise("n", replace(ONE, requester="zhang", priority=2), actor=Actor("sun", "requester"))
    name = desk.balanced(submit=False).outage_id
    assert desk.planning.outage(name).requesters == ("sun", "wang")
    for person in ("wang", "Wang ", "SUN"):
        with pytest.raises(UnableToAdvance) as caught:
            desk.act(name, Command.APPROVE, Role.VICE_DIRECTOR, name=person)
        assert [finding.kind for finding in caught.value.findings] == ["lifecycle.approve.separation"]


ELSEWHERE = {"notices.queue", "faults.signals", "faults.calls"}
"""What is declared in the same table and tested with what it guards (tests/api/test_notices.py, tests/faults)."""


@pytest.mark.parametrize(("what", "role"), [(what, role) for what in MAY for role in Role if what not in ELSEWHERE])
def test_every_command_is_for_the_roles_of_its_row(desk, what, role):
    who, row = Actor("gao", role.value), desk.planning.policies().row("approve.duration", on=START.date())
    commands = {
        "request.submit": lambda: desk.planning.submit("n", [ONE], actor=who),
        "month.plan": lambda: desk.planning.plan_month("n", "2026-06", actor=who, seconds=0.1, workers=1),
        "month.adopt": lambda: desk.planning.adopt_month("n", "2026-06", actor=who),
        "policy.set": lambda: desk.planning.set_policy(row, actor=who),
        "budget.set": lambda: desk.planning.set_budget("n", Budget("east", "2026-06", 1.0), actor=who),
        "calendar.protected": lambda: desk.planning.protect("n", [], actor=who),
        "calendar.days": lambda: desk.planning.set_days([], actor=who),
        "emergency_plan.approve": lambda: desk.planning.approve_emergency_plan("n", "u-0", actor=who),
    }
    if what == "month.adopt":
        desk.planning.plan_month("n", "2026-06", actor=LI, seconds=0.1, workers=1)
    if role in MAY[what]:
        commands[what]()
        return
    with pytest.raises(UnableToPlan) as caught:
        commands[what]()
    assert [finding.kind for finding in caught.value.findings] == ["planning.role"]
    assert desk.planning.requests("n") == [] and desk.planning.policies().row(row.key, on=START.date()) == row


# -------------------------------------------------------------------------------------------------- precedence
def test_circles_of_precedence_are_found_across_batches_and_revisions(desk):
    desk.submitted(replace(ONE, precedence=("R2",)))
    made = desk.submitted(replace(ONE, request_id="R2", precedence=("R1",)))
    assert made.accepted == () and "request.precedence.circle" in {finding.kind for finding in made.findings}
    unknown = desk.submitted(replace(ONE, request_id="R3", precedence=("nobody",)))
    assert unknown.accepted == ("R3",)
    assert [finding.kind for finding in unknown.findings] == ["request.precedence.unknown"]
    assert desk.submitted(replace(ONE, request_id="R2", precedence=("R3",))).accepted == ("R2",)
    with pytest.raises(UnableToPlan):
        desk.planning.revise("n", replace(ONE, request_id="R3", precedence=("R1",)), actor=WANG)


def test_a_predecessor_in_another_month_binds_and_one_without_a_time_is_told(desk):
    june = {
        "submitted_at": ONE.submitted_at,
        "earliest": START - timedelta(days=3),
        "latest": START + timedelta(days=9),
    }
    may = {"earliest": START - timedelta(days=12), "latest": START - timedelta(days=10, hours=-1)}
    desk.submitted(
        replace(ONE, request_id="A", earliest=START, latest=START + timedelta(days=60)),
        request("B", "le", precedence=("A",), **june),
        request("C", "le", precedence=("M",), **june), request("M", "la", submitted_at=ONE.submitted_at, **may),
    )  # fmt: skip
    desk.planning.assess_request("n", "A", actor=LI)
    later = Period(START + timedelta(days=30), START + timedelta(days=30, hours=6))
    desk.planning.merge("n", ["A"], period=later, actor=LI)
    case, _ = desk.planning.month_case("n", "2026-06")
    assert case.requests == (), "A ends in July, B offered June; M has no time"
    assert [(one.request_id, one.kind, one.subject) for one in case.unplaced] == [
        ("B", "schedule.precedence", "A"), ("C", "schedule.precedence", "M"),
    ]  # fmt: skip
    plan = desk.planning.plan_month("n", "2026-06", actor=LI, seconds=2)
    assert (plan.body["requests"], plan.body["scheduled"], plan.body["refused"]) == (2, 0, ["B", "C"])
    assert [one["rules"][0]["kind"] for one in (row["evidence"] for row in plan.body["conflicts"])] == [
        "schedule.precedence", "schedule.precedence",
    ]  # fmt: skip


# ------------------------------------------------------------------------------------------------ whole months
def test_replanning_does_not_count_an_agreed_outage_twice(desk):
    outage = desk.approved()
    hours = desk.planning.assessment_of(outage_id=outage.outage_id).body["unit_hours"]["east"]
    desk.planning.set_budget("n", Budget("east", "2026-06", hours + 1.0), actor=LI)
    assert desk.planning.budgets("n", "2026-06")["east"].left_h == pytest.approx(1.0)
    case, _ = desk.planning.month_case("n", "2026-06")
    assert [budget.limit_unit_hours for budget in case.problem.budgets] == [pytest.approx(hours + 1.0)]


def test_a_plan_on_other_facts_is_not_adopted(desk):
    desk.submitted(ONE, request("R2", "le", submitted_at=ONE.submitted_at, earliest=START))
    plan = desk.planning.plan_month("n", "2026-06", actor=LI, seconds=1, workers=1)
    desk.planning.revise("n", replace(ONE, duration_min=120), actor=WANG)
    with pytest.raises(UnableToRecord):
        desk.planning.adopt_month("n", "2026-06", actor=LI)
    desk.planning.revise("n", ONE, actor=WANG)
    newer = desk.planning.plan_month("n", "2026-06", actor=LI, seconds=1, workers=1)
    with pytest.raises(UnableToRecord):
        desk.planning.adopt_month("n", "2026-06", actor=LI, plan_id=plan.identity)
    made = desk.planning.adopt_month("n", "2026-06", actor=LI, plan_id=newer.identity)
    with pytest.raises(UnableToRecord):
        desk.planning.adopt_month("n", "2026-06", actor=Actor("zhao", "planner"))
    kept = next(outage for outage in made if "R1" in outage.request_ids)
    desk.planning.assess_outage(kept.outage_id, actor=LI)
    balanced = desk.act(kept.outage_id, Command.BALANCE, Role.PLANNER)
    again = desk.planning.plan_month("n", "2026-06", actor=LI, seconds=1, workers=1)
    assert again.body["fixed"] == [kept.outage_id]
    desk.planning.adopt_month("n", "2026-06", actor=LI)
    assert desk.planning.outage(kept.outage_id) == balanced, "a balanced outage is a colleague's decision"


def test_an_inner_start_survives_planning_again(desk):
    noon = replace(ONE, duration_min=120, daily_window=DailyWindow(12 * 60, 14 * 60))
    desk.submitted(noon, request("R2", "lb", minutes=360, submitted_at=ONE.submitted_at, earliest=START))
    outage = desk.merged("R1", "R2")
    assert outage.starts == (START + timedelta(hours=4), START)
    case, _ = desk.planning.month_case("n", "2026-06")
    at = {job.job_id: case.problem.horizon.instant(job.published) for job in case.problem.jobs}
    assert at == {"R1": START + timedelta(hours=4), "R2": START}


def test_the_local_freeze_day_decides_what_is_temporary(desk):
    row = desk.planning.policies().row("plan.freeze_day", on=START.date())
    desk.submitted(replace(ONE, submitted_at=datetime(2026, 5, 15, tzinfo=START.tzinfo)))
    desk.planning.set_policy(replace(row, value=10), actor=LI)
    assert desk.merged().nature is Nature.TEMPORARY
