"""Who may do what next (停电管理流程): one table of transitions, each with its roles and its gates.

    draft ► submitted ► assessed ► merged ► balanced ► approved ► notified ► permitted ► in_progress ► work_done
          ► restoring ► restored ► analysed ► closed                     rejected, postponed, cancelled on the side

A request walks the first part alone; a merge (一停多用) puts it into an outage, which walks the rest. A gate looks at
the facts of the case and answers with a finding that cites its policy row, or with nothing. `advance` changes nothing
it is given: it returns the next outage or raises `UnableToAdvance` with every gate that said no.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from everlit.kernel import Finding, Period, Policies, Policy, Refusal, Text
from everlit.planning.grounds import announced
from everlit.planning.model import (
    LADDER,
    Approval,
    Delay,
    DelayCode,
    Execution,
    Gate,
    Nature,
    Outcome,
    PlannedOutage,
    Role,
    State,
)
from everlit.planning.temporary import too_late


class Command(StrEnum):
    """What people ask for."""

    SUBMIT = "submit"
    ASSESS = "assess"
    REVISE = "revise"
    MERGE = "merge"
    MOVE = "move"
    RESIZE = "resize"
    BALANCE = "balance"
    APPROVE = "approve"
    NOTIFY = "notify"
    PERMIT = "permit"
    START = "start"
    FINISH = "finish"
    SWITCH_BACK = "switch_back"
    RESTORE = "restore"
    ANALYSE = "analyse"
    CLOSE = "close"
    REJECT = "reject"
    POSTPONE = "postpone"
    CANCEL = "cancel"


class UnableToAdvance(Refusal):
    """The command is not possible now, not for this role, or a gate says no."""

    title = Text(en="The outage cannot take this step.", zh="停电单不能执行此步骤。")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the lifecycle needs to know of an assessment: on what facts it stands, what it blocks, who must approve."""

    fingerprint: str
    gates: tuple[Gate, ...]
    approver: Role
    period: Period
    notice_deadline: datetime | None
    notice_policy: str
    safe_ticket: bool
    path_min: float = 0.0
    """Minutes from the first switching step out to the last one back, the work between them included."""
    announcement: str = ""
    """What people would be told by it: the name of the period and the households."""

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "Verdict":
        """The verdict of a stored assessment (`Assessment.as_json`)."""
        due, ticket = body["notice_deadline"], body["ticket"]
        return cls(
            body["fingerprint"],
            tuple(Gate.from_json(gate) for gate in body["gates"]),
            Role(body["approver"]),
            Period(datetime.fromisoformat(body["start"]), datetime.fromisoformat(body["end"])),
            None if due is None else datetime.fromisoformat(due),
            body["notice_policy"],
            bool(body["safe_ticket"]),
            float(ticket["out"]["minutes"]) + float(ticket["work_min"]) + float(ticket["back"]["minutes"]),
            announced(body),
        )

    @property
    def blocks(self) -> tuple[Gate, ...]:
        """The gates nobody can approve away."""
        return tuple(gate for gate in self.gates if gate.outcome is Outcome.BLOCK)


@dataclass(frozen=True, slots=True)
class Case:
    """A command with its facts. `facts_now` is the fingerprint of the facts as they are at this moment, `against` what
    the requests and the other outages have against its time, `told` the announcement people were given,
    `planned_by` who assessed or balanced it, `happened` when
    a step in the field was taken, where that is not now."""

    outage: PlannedOutage
    command: Command
    actor: str
    role: Role
    at: datetime
    policies: Policies
    verdict: Verdict | None = None
    facts_now: str = ""
    reason: str = ""
    delay_code: DelayCode | None = None
    period: Period | None = None
    against: tuple[Finding, ...] = ()
    told: str = ""
    planned_by: tuple[str, ...] = ()
    happened: datetime | None = None

    @property
    def when(self) -> datetime:
        """When it really happened: as told (`happened`), else now."""
        return self.happened or self.at

    def row(self, key: str) -> Policy:
        """The policy row in force today."""
        return self.policies.row(key, on=self.at.date())


STAMPS: Mapping[Command, str] = {
    Command.PERMIT: "permitted_at",
    Command.START: "off_at",
    Command.FINISH: "work_done_at",
    Command.SWITCH_BACK: "restoring_at",
    Command.RESTORE: "restored_at",
}
"""Steps taken in the field, in their order, and where the execution keeps their instants."""

GateRule = Callable[[Case], Finding | None]
"""A gate of a transition: a finding when it says no."""


def _no(case: Case, key: str, en: str, zh: str, **evidence: Any) -> Finding:
    row = case.row(key)
    cited = {"policy": row.key, "value": row.value, "unit": row.unit, "document": row.document, **evidence}
    return Finding(f"lifecycle.{key}", case.outage.outage_id, Text(en, zh), cited)


def fresh(case: Case) -> Finding | None:
    """An assessment exists and stands on exactly the present facts."""
    if case.verdict is None or not case.outage.assessment:
        return _no(case, "approve.fresh", "There is no assessment yet.", "尚未进行评估。")
    if case.verdict.fingerprint == case.outage.assessment == case.facts_now:
        return None
    return _no(
        case,
        "approve.fresh",
        "The facts changed after the assessment: assess again.",
        "评估后条件已变化，请重新评估。",
        assessed=case.outage.assessment,
        now=case.facts_now,
    )


def assessed(case: Case) -> Finding | None:
    """The request was assessed on its own, or by the month plan that forms the outage, and that still holds."""
    if case.verdict is None:
        en, zh = "It has to be assessed on its own before it is merged.", "综合前须对申请单独评估。"
        return _no(case, "merge.assessed", en, zh)
    if case.verdict.fingerprint == case.outage.assessment == case.facts_now:
        return None
    en, zh = "The facts changed after the request was assessed: assess it again.", "申请评估后条件已变化，请重新评估。"
    return _no(case, "merge.assessed", en, zh, assessed=case.outage.assessment, now=case.facts_now)


def not_blocked(case: Case) -> Finding | None:
    """No gate of the assessment blocks; the finding is that of the first, and names them all."""
    blocks = [gate.as_finding() for gate in (case.verdict.blocks if case.verdict else ())]
    if not blocks:
        return None
    first, *more = blocks
    words = Text(" ".join(one.message.en for one in blocks), "".join(one.message.zh for one in blocks))
    return replace(first, message=words, evidence={**first.evidence, "more": [one.as_json() for one in more]})


def high_enough(case: Case) -> Finding | None:
    """The approver stands high enough on the ladder (审批层级)."""
    needed = case.verdict.approver if case.verdict else LADDER[-1]
    if case.role in LADDER and LADDER.index(case.role) >= LADDER.index(needed):
        return None
    row = f"approve.ladder.{min(LADDER.index(needed) + 1, 3)}"
    return _no(
        case, row, f"This needs the approval of {needed.value}.", f"须由 {needed.value} 审批。", needed=needed.value
    )


def soon_enough(case: Case) -> Finding | None:
    """A temporary outage is approved hours before, not minutes."""
    return too_late(case.outage, now=case.at, policies=case.policies)


def not_own(case: Case) -> Finding | None:
    """Who asked does not approve."""
    if not same_person(case.actor, case.outage.requesters):
        return None
    return _no(case, "approve.separation", "Who asks for an outage does not approve it.", "申请人不得审批本人的申请。")


def not_own_plan(case: Case) -> Finding | None:
    """Who assessed or balanced does not approve, while the row asks for it (1); a small utility may set it to 0."""
    if not (case.row("approve.separation_plan").value and same_person(case.actor, case.planned_by)):
        return None
    en, zh = "Who assessed or balanced an outage does not approve it.", "评估或平衡该停电单的人员不得审批。"
    return _no(case, "approve.separation_plan", en, zh)


def same_person(name: str, others: Collection[str]) -> bool:
    """True when a name is among others; case and blanks around it do not make another person.

    >>> same_person("Wang ", ["li", "wang"]), same_person("", [""])
    (True, False)
    """
    mine = name.strip().casefold()
    return bool(mine) and mine in {other.strip().casefold() for other in others}


def temporary_explained(case: Case) -> Finding | None:
    """A temporary outage says why it could not wait for the month plan (临时停电原因)."""
    if case.outage.nature is not Nature.TEMPORARY or case.reason.strip() or case.outage.why_temporary:
        return None
    en = "A temporary outage needs the reason why it cannot wait for the month plan."
    return _no(case, "plan.temporary_reason", en, "临时停电须说明不能列入月度计划的原因。")


def agrees(case: Case) -> Finding | None:
    """Its time is what was asked for and stands beside the other outages (`agreement`)."""
    if not case.against:
        return None
    first, more = case.against[0], [finding.as_json() for finding in case.against[1:]]
    row = case.row("plan.agrees")
    cited = {**first.evidence, "policy": row.key, "value": row.value, "unit": row.unit, "more": more}
    return replace(first, evidence=cited)


def still_as_approved(case: Case) -> Finding | None:
    """What was approved is what will happen."""
    approval = case.outage.approval
    if approval is not None and approval.fingerprint == case.outage.assessment == case.facts_now:
        return None
    return _no(case, "approve.fresh", "The approval no longer fits the facts.", "审批依据已变化，须重新评估审批。")


def in_time(case: Case) -> Finding | None:
    """The legal notice can still be given, or people were told this outage already."""
    verdict = case.verdict
    if (
        people_told(case) is None
        or verdict is None
        or verdict.notice_deadline is None
        or case.at <= verdict.notice_deadline
    ):
        return None
    deadline = verdict.notice_deadline.isoformat()
    return _no(
        case, verdict.notice_policy, f"Notice was due by {deadline}.", f"通知应不晚于 {deadline}。", deadline=deadline
    )


def people_told(case: Case) -> Finding | None:
    """Everybody was told exactly this outage."""
    if case.outage.noticed and case.outage.noticed == case.outage.assessment and not case.outage.renotice:
        return None
    return _no(case, "notice.given", "People have not been told this outage.", "尚未按现方案通知用户。")


def safe_ticket(case: Case) -> Finding | None:
    """The operation ticket passed the five-prevention check on every state."""
    if case.verdict is not None and case.verdict.safe_ticket:
        return None
    return _no(case, "permit.safety", "There is no safe operation ticket.", "没有校核通过的操作票。")


def not_early(case: Case) -> Finding | None:
    """Nobody is cut off before the time that was announced."""
    if case.when >= case.outage.period.start:
        return None
    start = case.outage.period.start.isoformat()
    return _no(case, "notice.given", f"The announced start is {start}.", f"公告的停电开始时间为 {start}。", start=start)


def not_late(case: Case) -> Finding | None:
    """The work as computed, begun now, still ends by the announced end, or late within what is tolerated."""
    end, tolerance = case.outage.period.end, case.row("late_restore.tolerance")
    path = timedelta(minutes=case.verdict.path_min) if case.verdict else timedelta()
    over = max(case.when + path - end, case.when - end) / timedelta(minutes=1)
    if case.when < end and tolerance.holds(over):
        return None
    en = f"Begun now it would end {over:.0f} min after the announced end: postpone it and announce a new time."
    zh = f"现在开始将超出公告时段 {over:.0f} 分钟：请改期并重新公告。"
    return _no(case, tolerance.key, en, zh, end=end.isoformat(), late_min=over)


def with_reason(case: Case) -> Finding | None:
    """A reason is written down."""
    if case.reason.strip():
        return None
    return _no(case, "order.sequence", "A reason is needed.", "须填写原因。")


def lateness_explained(case: Case) -> Finding | None:
    """Late restoration carries one of the delay codes (延时送电原因), and words of what happened."""
    late = late_minutes(case.outage.period, case.when)
    explained = case.delay_code is not None and bool(case.reason.strip())
    if case.row("late_restore.tolerance").holds(late) or explained:
        return None
    return _no(
        case,
        "late_restore.tolerance",
        f"Restoration is {late:.0f} min late: name the cause and say what happened.",
        f"送电延时 {late:.0f} 分钟，须填写延时原因及说明。",
        late_min=late,
    )


def restored_soon(case: Case) -> Finding | None:
    """Supply is back within the hours of the law after the work is done, or the reason is written down."""
    done, row = case.outage.execution.work_done_at, case.row("restore.after_cause")
    hours = (case.when - done) / timedelta(hours=1) if done else 0.0
    if row.holds(hours) or case.reason.strip():
        return None
    en = f"The work was done {hours:.0f} h ago; the law gives {row.value:g} h: a reason is needed."
    zh = f"工作已于 {hours:.0f} 小时前结束，法定时限 {row.value:g} 小时，须填写原因。"
    return _no(case, row.key, en, zh, hours=hours)


def learned(case: Case) -> Finding | None:
    """Who analyses a late outage writes down what is learned from it."""
    if case.outage.delay is None or case.reason.strip():
        return None
    en, zh = "It was late: write down what is learned.", "该停电延时送电，须填写分析结论。"
    return _no(case, "late_restore.tolerance", en, zh, late_min=case.outage.delay.minutes)


def in_order(case: Case) -> Finding | None:
    """What is told of the field is past, and not before the step before it."""
    times = [getattr(case.outage.execution, name) for name in STAMPS.values()]
    earlier = [time for time in (*times, case.outage.approval and case.outage.approval.at) if time is not None]
    if case.when > case.at:
        return _no(case, "order.sequence", "This has not happened yet.", "该时间尚未到来。")
    if earlier and case.when < max(earlier):
        last = max(earlier).isoformat()
        return _no(case, "order.sequence", f"The step before was at {last}.", f"上一步骤时间为 {last}。", before=last)
    return None


def new_time(case: Case) -> Finding | None:
    """A move names a new time, not in the past."""
    if case.period is not None and case.period.start > case.at:
        return None
    return _no(case, "order.sequence", "A new time in the future is needed.", "须给出将来的新时间。")


def same_length(case: Case) -> Finding | None:
    """A move keeps the length that was computed and agreed; another length is another outage."""
    if case.period is None or case.period.duration == case.outage.period.duration:
        return None
    hours, new = case.outage.period.hours, case.period.hours
    en = f"A move keeps the length: {hours:g} h, not {new:g} h."
    zh = f"改期不改变停电时长：{hours:g} 小时，而非 {new:g} 小时。"
    return _no(case, "order.sequence", en, zh, hours=hours, asked=new)


def other_length(case: Case) -> Finding | None:
    """A resize changes the length; the gates of the next assessment say whether the new one suffices."""
    if case.period is None or case.period.duration != case.outage.period.duration:
        return None
    hours = case.outage.period.hours
    en, zh = f"It is {hours:g} h long already.", f"停电时长已为 {hours:g} 小时。"
    return _no(case, "order.sequence", en, zh, hours=hours)


def told_why(case: Case) -> Finding | None:
    """A move after notice gives its reason: people were told another time."""
    return with_reason(case) if case.outage.noticed else None


def owes_notice(case: Case) -> Finding | None:
    """Only a change after notice has to be told again."""
    return None if case.outage.renotice else _no(case, "notice.again", "Nobody has to be told.", "无需再次通知。")


def computed(case: Case) -> Finding | None:
    """An assessment of the present facts was computed, and the outage carries at least one request."""
    if case.verdict is not None and case.verdict.fingerprint == case.facts_now and case.outage.request_ids:
        return None
    return _no(case, "merge.assessed", "There is nothing computed to keep.", "没有可记录的评估结果。")


def late_minutes(planned: Period, restored: datetime) -> float:
    """Minutes after the planned end; negative when early."""
    return (restored - planned.end) / timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: from any of `sources`, `command` by any of `roles` leads to `target` when every gate passes."""

    command: Command
    sources: tuple[State, ...]
    target: State
    roles: frozenset[Role]
    gates: tuple[GateRule, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The row as documents and the API show it."""
        return {
            "command": self.command.value,
            "from": [state.value for state in self.sources],
            "to": self.target.value,
            "roles": sorted(role.value for role in self.roles),
            "gates": [gate.__name__ for gate in self.gates],
        }


_ASKS = frozenset({Role.REQUESTER, Role.PLANNER})
_PLANS = frozenset({Role.PLANNER, Role.RELIABILITY})
_STOPS = frozenset({Role.PLANNER, Role.DISPATCHER, *LADDER})
_APPROVES = frozenset(LADDER)
_DISPATCHES = frozenset({Role.DISPATCHER})
_TELLS = frozenset({Role.MARKETING})
_WORKS = frozenset({Role.CREW, Role.DISPATCHER})
_LEARNS = frozenset({Role.RELIABILITY})
S = State
_ALONE = (S.DRAFT, S.SUBMITTED, S.ASSESSED)
_OPEN = (S.MERGED, S.BALANCED, S.APPROVED, S.NOTIFIED)

REQUEST_TRANSITIONS: tuple[Transition, ...] = (
    Transition(Command.SUBMIT, (S.DRAFT,), S.SUBMITTED, _ASKS),
    Transition(Command.REVISE, (S.SUBMITTED, S.ASSESSED, S.REJECTED, S.POSTPONED), S.DRAFT, _ASKS),
    Transition(Command.ASSESS, (S.SUBMITTED, S.ASSESSED), S.ASSESSED, _PLANS, (computed,)),
    Transition(Command.MERGE, (S.ASSESSED,), S.MERGED, _PLANS, (assessed,)),
    Transition(Command.REJECT, (S.SUBMITTED, S.ASSESSED), S.REJECTED, _STOPS, (with_reason,)),
    Transition(Command.POSTPONE, (S.SUBMITTED, S.ASSESSED), S.POSTPONED, _STOPS, (with_reason,)),
    Transition(Command.CANCEL, (*_ALONE, S.REJECTED, S.POSTPONED), S.CANCELLED, _ASKS, (with_reason,)),
)
"""A request on its own. Once merged, its state is that of its outage."""

OUTAGE_TRANSITIONS: tuple[Transition, ...] = (
    Transition(Command.ASSESS, (S.MERGED,), S.MERGED, _PLANS, (computed,)),
    Transition(Command.ASSESS, (S.BALANCED, S.APPROVED, S.NOTIFIED), S.BALANCED, _PLANS, (computed,)),
    Transition(Command.MOVE, (*_OPEN, S.POSTPONED), S.MERGED, _PLANS, (new_time, same_length, told_why, agrees)),
    Transition(Command.RESIZE, (*_OPEN, S.POSTPONED), S.MERGED, _PLANS, (new_time, other_length, told_why, agrees)),
    Transition(Command.BALANCE, (S.MERGED,), S.BALANCED, _PLANS, (fresh, not_blocked, temporary_explained, agrees)),
    Transition(
        Command.APPROVE,
        (S.BALANCED,),
        S.APPROVED,
        _APPROVES,
        (fresh, not_blocked, high_enough, not_own, not_own_plan, soon_enough, agrees),
    ),
    Transition(Command.NOTIFY, (S.APPROVED,), S.NOTIFIED, _TELLS, (still_as_approved, not_blocked, in_time)),
    Transition(Command.NOTIFY, (S.POSTPONED,), S.POSTPONED, _TELLS, (owes_notice,)),
    Transition(Command.NOTIFY, (S.CANCELLED,), S.CANCELLED, _TELLS, (owes_notice,)),
    Transition(
        Command.PERMIT,
        (S.NOTIFIED,),
        S.PERMITTED,
        _DISPATCHES,
        (still_as_approved, not_blocked, people_told, safe_ticket, agrees, in_order),
    ),
    Transition(Command.START, (S.PERMITTED,), S.IN_PROGRESS, _WORKS, (people_told, in_order, not_early, not_late)),
    Transition(Command.FINISH, (S.IN_PROGRESS,), S.WORK_DONE, _WORKS, (in_order,)),
    Transition(Command.SWITCH_BACK, (S.WORK_DONE,), S.RESTORING, _DISPATCHES, (in_order,)),
    Transition(Command.RESTORE, (S.RESTORING,), S.RESTORED, _DISPATCHES, (in_order, lateness_explained, restored_soon)),
    Transition(Command.ANALYSE, (S.RESTORED,), S.ANALYSED, _LEARNS, (learned,)),
    Transition(Command.CLOSE, (S.ANALYSED,), S.CLOSED, _PLANS),
    Transition(Command.REJECT, (S.MERGED, S.BALANCED), S.REJECTED, _STOPS, (with_reason,)),
    Transition(Command.POSTPONE, (*_OPEN, S.PERMITTED), S.POSTPONED, _STOPS, (with_reason,)),
    Transition(Command.CANCEL, (*_OPEN, S.PERMITTED, S.POSTPONED), S.CANCELLED, _STOPS, (with_reason,)),
)
"""An outage, from the merge on. Nothing leads to approved but `approve`, and that needs a fresh assessment."""

TRANSITIONS: tuple[Transition, ...] = (*REQUEST_TRANSITIONS, *OUTAGE_TRANSITIONS)


def possible(
    state: State, role: Role | None = None, *, table: Sequence[Transition] = OUTAGE_TRANSITIONS
) -> list[Command]:
    """The commands the table offers in a state (to a role), gates not yet asked."""
    rows = [row for row in table if state in row.sources and (role is None or role in row.roles)]
    return list(dict.fromkeys(row.command for row in rows))


def transition(case: Case, *, state: State, table: Sequence[Transition] = OUTAGE_TRANSITIONS) -> Transition:
    """The row the case takes; raises UnableToAdvance for order, role and gates, all gates asked."""
    row = next((row for row in table if row.command is case.command and state in row.sources), None)
    if row is None:
        return _refuse_order(case, state, table)
    if case.role not in row.roles:
        allowed = ", ".join(sorted(role.value for role in row.roles))
        raise UnableToAdvance(
            _no(
                case,
                "order.sequence",
                f"{case.command.value} is for {allowed}.",
                f"{case.command.value} 限 {allowed}。",
                roles=allowed,
            )
        )
    refusals = [finding for finding in (gate(case) for gate in row.gates) if finding is not None]
    if refusals:
        raise UnableToAdvance(*refusals)
    return row


def _refuse_order(case: Case, state: State, table: Sequence[Transition]) -> Transition:
    offered = ", ".join(command.value for command in possible(state, table=table)) or "—"
    en = f"{case.command.value} is not possible when {state.value}; possible: {offered}."
    zh = f"状态 {state.value} 下不能执行 {case.command.value}；可执行：{offered}。"
    raise UnableToAdvance(_no(case, "order.sequence", en, zh, state=state.value, possible=offered))


def advance(case: Case) -> PlannedOutage:
    """The outage after the command; raises UnableToAdvance."""
    row = transition(case, state=case.outage.state)
    changed = _EFFECTS.get(case.command, _unchanged)(case)
    return replace(changed, state=row.target, version=case.outage.version + 1, reason=case.reason or changed.reason)


def _unchanged(case: Case) -> PlannedOutage:
    return case.outage


def _assessed(case: Case) -> PlannedOutage:
    """A new assessment: an approval on other facts is void; the notice stands for the same period and households."""
    outage, verdict = case.outage, case.verdict
    fingerprint, announcement = (verdict.fingerprint, verdict.announcement) if verdict else ("", "")
    told = bool(outage.noticed) and (outage.noticed == fingerprint or case.told == announcement != "")
    noticed = fingerprint if told else outage.noticed
    return replace(outage, assessment=fingerprint, approval=None, noticed=noticed, renotice=bool(noticed) and not told)


def _moved(case: Case) -> PlannedOutage:
    """At its new time, or with its new length: nothing that was computed or approved of the old one stands."""
    outage, period = case.outage, case.period or case.outage.period
    outage = outage.lasting(period) if case.command is Command.RESIZE else outage.at(period)
    return replace(outage, assessment="", approval=None, renotice=outage.renotice or bool(outage.noticed))


def _balanced(case: Case) -> PlannedOutage:
    if case.outage.nature is not Nature.TEMPORARY or not case.reason.strip():
        return case.outage
    return replace(case.outage, why_temporary=case.reason.strip())


def _approved(case: Case) -> PlannedOutage:
    approval = Approval(case.actor, case.role, case.at, case.outage.assessment)
    return replace(case.outage, approval=approval)


def _notified(case: Case) -> PlannedOutage:
    """Telling a cancellation or postponement clears the debt of notice; telling an outage fixes what people know."""
    if case.outage.state is State.APPROVED:
        return replace(case.outage, noticed=case.outage.assessment, renotice=False)
    return replace(case.outage, noticed="", renotice=False)


def _stopped(case: Case) -> PlannedOutage:
    return replace(case.outage, approval=None, renotice=case.outage.renotice or bool(case.outage.noticed))


def _timed(case: Case) -> PlannedOutage:
    return replace(case.outage, execution=replace(case.outage.execution, **{STAMPS[case.command]: case.when}))


def _restored(case: Case) -> PlannedOutage:
    late = late_minutes(case.outage.period, case.when)
    outage = _timed(case)
    if case.delay_code is None or late <= 0:
        return outage
    delay = Delay(outage.outage_id, round(late, 3), case.delay_code, case.reason, case.actor, case.when)
    return replace(outage, delay=delay)


_EFFECTS: Mapping[Command, Callable[[Case], PlannedOutage]] = {
    Command.ASSESS: _assessed,
    Command.MOVE: _moved,
    Command.RESIZE: _moved,
    Command.BALANCE: _balanced,
    Command.APPROVE: _approved,
    Command.NOTIFY: _notified,
    Command.PERMIT: _timed,
    Command.START: _timed,
    Command.FINISH: _timed,
    Command.SWITCH_BACK: _timed,
    Command.RESTORE: _restored,
    Command.POSTPONE: _stopped,
    Command.CANCEL: _stopped,
}


def package(
    outage_id: str,
    *,
    network: str,
    request_ids: Sequence[str],
    equipment_ids: Sequence[str],
    period: Period,
    nature: Nature = Nature.PLANNED,
    units: Sequence[str] = (),
    requesters: Sequence[str] = (),
    starts: Sequence[datetime] = (),
) -> PlannedOutage:
    """A new outage for a set of requests (一停多用); it begins as merged and has to be assessed as a whole."""
    return PlannedOutage(
        outage_id,
        network,
        tuple(dict.fromkeys(request_ids)),
        tuple(dict.fromkeys(equipment_ids)),
        period,
        nature=nature,
        units=tuple(sorted(set(units))),
        requesters=tuple(sorted(set(requesters) - {""})),
        execution=Execution(),
        starts=tuple(starts),
    )
