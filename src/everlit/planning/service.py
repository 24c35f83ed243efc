"""Planning as people use it: load, decide with the pure rules, record with an event (who, in which role, when).

What is long (an assessment) is computed before the transaction; what decides is read again inside it, so that an
approval rests on the facts at the moment it is given. Sending a request twice changes nothing; sending it with other
content is refused unless it is revised in so many words.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine

from everlit.grid import Grid
from everlit.grid.compile import Bools
from everlit.kernel import Finding, Period, Policies, Policy, Refusal, Severity, Text, fingerprint
from everlit.notices.store.proof import kept_reconciliations
from everlit.planning import store
from everlit.planning.adoption import Proposal, adoption, replanned
from everlit.planning.agreement import Reach, Standing, disagreements, reach_of, reach_of_equipment, starts_inside
from everlit.planning.assess import Assessment, assess
from everlit.planning.delays import RUNNING, Cause, Course, Promise, causes, course_of, promise
from everlit.planning.forecast import Forecast, forecast_of
from everlit.planning.gates import protection, repetition, spending
from everlit.planning.grounds import announced, dark_sections, facts_fingerprint, numbers, put_back
from everlit.planning.history import NOTHING, Agreed, History, Past, days_by_section, history_of
from everlit.planning.holidays import CalendarDay, WorkingCalendar, shipped_days, working_calendar
from everlit.planning.important import sources_of
from everlit.planning.lifecycle import (
    REQUEST_TRANSITIONS,
    STAMPS,
    Case,
    Command,
    Verdict,
    advance,
    package,
    possible,
    transition,
)
from everlit.planning.model import (
    LADDER,
    Budget,
    DelayCode,
    Gate,
    Nature,
    Outcome,
    PlannedOutage,
    ProtectedPeriod,
    Role,
    State,
    WorkRequest,
)
from everlit.planning.month import SLOT_MIN, MonthCase, month_problem, slots_of
from everlit.planning.packages import packages
from everlit.planning.policies import DEFAULT_POLICIES, protected_calendar
from everlit.planning.reading import CHINA
from everlit.planning.reasons import conflicts, reasons
from everlit.planning.repeats import FREQUENT_RULES, counting_window, repeats_after
from everlit.planning.requests import check_requests
from everlit.planning.review import Review, Reviewed, review
from everlit.planning.roles import MAY
from everlit.planning.schedule import schedule_month
from everlit.planning.store import FiledRequest, Stored, UnableToFindPlanned
from everlit.planning.temporary import nature_of, received, revised, temporary_share
from everlit.planning.transferable import FeederTransfer, transferable_feeders
from everlit.planning.zones import ZoneCache
from everlit.platform.database import reading, writing
from everlit.platform.events import Actor, history, record

EXECUTED = (State.RESTORED, State.ANALYSED, State.CLOSED)
COMMITTED = (
    State.APPROVED, State.NOTIFIED, State.PERMITTED, State.IN_PROGRESS, State.WORK_DONE, State.RESTORING,
)  # fmt: skip
SWITCHED = (State.IN_PROGRESS, State.WORK_DONE, State.RESTORING)
"""Outages under way: what they have operated is put back when they end."""
ALONE = (State.SUBMITTED, State.ASSESSED)
OPEN = (State.MERGED, State.BALANCED)
FIXED = (*COMMITTED, *EXECUTED)
"""Outages that were approved: they use up budgets."""
AGREED = (State.BALANCED, *FIXED)
"""Outages whose time is agreed: a new plan leaves them where they stand. To plan a balanced one anew, cancel it."""
TO_COME = (State.BALANCED, *COMMITTED)
"""Outages that are agreed and not restored yet: they count for repeats as assessed. What happened, the ledger tells."""
MOST_KEPT = 32
"""Months whose feeders are kept in memory."""
EVERY_EVENT = 100_000
"""More events than one request or outage ever has."""
CHECKED_AGAIN = (Command.BALANCE, Command.APPROVE, Command.NOTIFY, Command.PERMIT)
"""Steps before which the gates are asked again about what others entered or agreed since the assessment."""


class UnableToPlan(Refusal):
    """The planning command cannot be carried out."""

    title = Text(en="The planning command was refused.", zh="计划操作被拒绝。")


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of submitted requests."""

    accepted: tuple[str, ...]
    unchanged: tuple[str, ...]
    findings: tuple[Finding, ...]

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "accepted": list(self.accepted),
            "unchanged": list(self.unchanged),
            "findings": [finding.as_json() for finding in self.findings],
        }


@dataclass
class Planning:
    """The planning use cases on one store. `grid` and `closed` give the network and its switch positions now, `past` who
    was off in a period by the ledger, as known now."""

    engine: Engine
    grid: Callable[[str], Grid]
    closed: Callable[[str], Bools]
    clock: Callable[[], datetime]
    past: Callable[[str, Period], Past]
    zone: tzinfo = CHINA
    time_zone: str = "Asia/Shanghai"
    defaults: Policies = DEFAULT_POLICIES
    forecasts: Callable[[Grid, str], Forecast] = field(
        default=lambda grid, zone: forecast_of(grid.network, time_zone=zone)
    )
    reactions: Callable[[Connection, str, str, Mapping[str, Any]], None] = lambda *_: None
    """What others do because of an event, inside its transaction: kind, subject, body."""
    _zones: ZoneCache = field(default_factory=ZoneCache)
    _feeders: dict[str, tuple[FeederTransfer, ...]] = field(default_factory=dict)

    # ------------------------------------------------------------------------------------------- policies
    def policies(self) -> Policies:
        """The register with the local rows over it."""
        with reading(self.engine) as connection:
            return self.defaults.replaced(store.local_policies(connection))

    def set_policy(self, row: Policy, *, actor: Actor) -> None:
        """Put a local row in place of the shipped ones of its key."""
        _only(actor, "policy.set")
        with writing(self.engine) as connection:
            store.keep_policy(connection, row)
            self._event(connection, actor, "policy.set", f"policy:{row.key}", row.as_json())

    # ------------------------------------------------------------------------------------------- requests
    def submit(self, network: str, requests: Sequence[WorkRequest], *, actor: Actor, whole: bool = False) -> Submission:
        """File requests as submitted. The same request again is left alone, another content refused with a finding.

        With `whole` one fault refuses them all and nothing is filed: raises UnableToPlan.
        """
        _only(actor, "request.submit")
        grid = self.grid(network)
        accepted, unchanged = [], []
        with writing(self.engine) as connection:
            findings = check_requests(requests, grid=grid, filed=self._filed(connection, network))
            refused = {finding.subject for finding in findings if finding.severity is Severity.ERROR}
            for request in requests:
                if request.request_id in refused:
                    continue
                kept = store.find_request(connection, network, request.request_id)
                if kept is None:
                    self._file(connection, network, request, actor)
                    accepted.append(request.request_id)
                elif kept.request.content_hash == request.content_hash:
                    unchanged.append(request.request_id)
                else:
                    findings.append(_other_content(request.request_id))
            wrong = [finding for finding in findings if finding.severity is Severity.ERROR]
            if whole and wrong:
                raise UnableToPlan(*wrong)
        return Submission(tuple(accepted), tuple(dict.fromkeys(unchanged)), tuple(findings))

    def _file(self, connection: Connection, network: str, request: WorkRequest, actor: Actor) -> None:
        kept = received(request, at=self.clock(), dated=role_of(actor) is Role.PLANNER)
        kept = kept if kept.requester else replace(kept, requester=actor.name)
        filed = FiledRequest(network, kept, State.SUBMITTED)
        store.file_request(connection, filed)
        counts = kept.submitted_at and kept.submitted_at.isoformat()
        body = {"content": kept.content_hash, "requester": kept.requester, "filed": counts}
        self._event(connection, actor, "request.submitted", _request_subject(filed), body)

    def _filed(self, connection: Connection, network: str) -> list[WorkRequest]:
        return [one.request for one in store.filed_requests(connection, network)]

    def revise(self, network: str, request: WorkRequest, *, actor: Actor) -> FiledRequest:
        """Replace a request that is not in an outage yet; it has to be assessed again, and stays its requester's."""
        with writing(self.engine) as connection:
            others = self._filed(connection, network)
            findings = check_requests([request], grid=self.grid(network), filed=others)
            if wrong := [finding for finding in findings if finding.severity is Severity.ERROR]:
                raise UnableToPlan(*wrong)
            filed = self._request(connection, network, request.request_id)
            self._allow(filed, Command.REVISE, actor)
            kept = revised(filed.request, request, at=self.clock())
            after = replace(filed, request=kept, state=State.SUBMITTED, assessment="")
            after = store.change_request(connection, after)
            body = {"before": filed.request.content_hash, "after": kept.content_hash}
            self._event(connection, actor, "request.revised", _request_subject(filed), body)
        return after

    def act_on_request(
        self, network: str, request_id: str, command: Command, *, actor: Actor, reason: str = ""
    ) -> FiledRequest:
        """Reject, postpone, cancel, resubmit a request on its own."""
        with writing(self.engine) as connection:
            filed = self._request(connection, network, request_id)
            row = self._allow(filed, command, actor, reason=reason)
            after = store.change_request(connection, replace(filed, state=row))
            body = {"from": filed.state.value, "to": row.value, "reason": reason}
            self._event(connection, actor, f"request.{command.value}", _request_subject(filed), body)
        return after

    def requests(
        self, network: str, *, month: str | None = None, states: Sequence[State] = (), outage_id: str | None = None
    ) -> list[FiledRequest]:
        """Requests of a network, of one month by their offered days."""
        with reading(self.engine) as connection:
            during = month_period(month, self.zone) if month else None
            return store.filed_requests(connection, network, during=during, states=states, outage_id=outage_id)

    def request(self, network: str, request_id: str) -> FiledRequest:
        """One request; raises UnableToFindPlanned."""
        with reading(self.engine) as connection:
            return self._request(connection, network, request_id)

    def assess_request(
        self, network: str, request_id: str, *, actor: Actor, start: datetime | None = None
    ) -> tuple[int, Assessment]:
        """Assess one request on its own, at its wanted start unless told; stored, and the request is assessed."""
        filed = self.request(network, request_id)
        made = self.study_request(network, filed.request, start=start)
        with writing(self.engine) as connection:
            fresh = self._request(connection, network, request_id)
            if fresh.state in (State.SUBMITTED, State.ASSESSED):
                self._allow(fresh, Command.ASSESS, actor, verdict=made.verdict, facts_now=made.fingerprint)
                after = replace(fresh, state=State.ASSESSED, assessment=made.fingerprint)
                store.change_request(connection, after)
            identity = self._keep(connection, network, _request_subject(filed), made)
            body = {"assessment_id": identity, "fingerprint": made.fingerprint}
            self._event(connection, actor, "request.assessed", _request_subject(filed), body)
        return identity, made

    def study_request(self, network: str, request: WorkRequest, *, start: datetime | None = None) -> Assessment:
        """One request on its own, that is not kept: its work and the switching it takes, in whole half hours."""
        begin = wanted_start(request, start)
        bare = self.study(network, [request], period=Period(begin, begin + request.duration))
        slots = slots_of(request.duration_min + bare.plan.out_min + bare.plan.back_min)
        return self.study(network, [request], period=Period(begin, begin + timedelta(minutes=SLOT_MIN * slots)))

    # -------------------------------------------------------------------------------------------- outages
    def merge(
        self,
        network: str,
        request_ids: Sequence[str],
        *,
        period: Period,
        actor: Actor,
        outage_id: str | None = None,
    ) -> PlannedOutage:
        """Put assessed requests into one outage (一停多用); it has to be assessed as a whole."""
        with writing(self.engine) as connection:
            filed = [self._request(connection, network, name) for name in dict.fromkeys(request_ids)]
            for one in filed:
                verdict, facts = self._own_study(connection, one)
                self._allow(one, Command.MERGE, actor, verdict=verdict, facts_now=facts)
            return self._package(connection, network, filed, period, outage_id, actor)

    def _package(
        self,
        connection: Connection,
        network: str,
        filed: Sequence[FiledRequest],
        period: Period,
        outage_id: str | None,
        actor: Actor,
        starts: Sequence[datetime] = (),
    ) -> PlannedOutage:
        if not filed:
            raise UnableToPlan(
                _finding("merge.empty", network, "An outage needs a request.", "停电单至少包含一项申请。")
            )
        requests = [one.request for one in filed]
        starts = starts or starts_inside(requests, period, zone=self.zone)
        outage = package(
            outage_id or self._outage_name(connection, requests, period),
            network=network,
            request_ids=[one.request_id for one in requests],
            equipment_ids=[name for one in requests for name in one.equipment_ids],
            period=period,
            nature=nature_of(requests, period, policies=self.policies(), zone=self.zone),
            units=units_of(self.grid(network), [name for one in requests for name in one.equipment_ids]),
            requesters=[name for one in filed for name in self._handled_by(connection, one)],
            starts=starts,
        )
        if store.find_outage(connection, outage.outage_id) is not None:
            en, zh = f"{outage.outage_id} exists already.", f"{outage.outage_id} 已存在。"
            raise UnableToPlan(_finding("outage.exists", outage.outage_id, en, zh))
        store.open_outage(connection, outage)
        for one in filed:
            store.change_request(connection, replace(one, state=State.MERGED, outage_id=outage.outage_id))
        body = {"requests": list(outage.request_ids), "period": period.as_json(), "nature": outage.nature.value}
        self._event(connection, actor, "outage.merged", _outage_subject(outage), body)
        return outage

    def _handled_by(self, connection: Connection, filed: FiledRequest) -> set[str]:
        """Who asks, and everybody who submitted or revised the request: none of them approves it."""
        told = history(connection, subject=_request_subject(filed), limit=EVERY_EVENT)
        kinds = {"planning.request.submitted", "planning.request.revised"}
        named = {str(event.body.get("requester", "")) for event in told}
        return {filed.request.requester, *named, *(event.actor.name for event in told if event.kind in kinds)} - {""}

    def _planned_by(self, connection: Connection, outage: PlannedOutage) -> tuple[str, ...]:
        """Everybody who assessed or balanced the outage."""
        told = history(connection, subject=_outage_subject(outage), limit=EVERY_EVENT)
        kinds = {"planning.outage.assessed", "planning.outage.balance"}
        return tuple(sorted({event.actor.name for event in told if event.kind in kinds}))

    def _outage_name(self, connection: Connection, requests: Sequence[WorkRequest], period: Period) -> str:
        """A name people can read, and never one that was used before."""
        day = f"{period.start.astimezone(self.zone):%y%m%d}"
        name = f"O-{day}-{min(request.request_id for request in requests)}"
        number, free = 1, name
        while store.find_outage(connection, free) is not None:
            number += 1
            free = f"{name}.{number}"
        return free

    def outage(self, outage_id: str) -> PlannedOutage:
        """One outage; raises UnableToFindPlanned."""
        with reading(self.engine) as connection:
            return self._outage(connection, outage_id)

    def outages(self, network: str, *, month: str | None = None, states: Sequence[State] = ()) -> list[PlannedOutage]:
        """Outages of a network by start."""
        with reading(self.engine) as connection:
            during = month_period(month, self.zone) if month else None
            return store.outages(connection, network, during=during, states=states)

    def possible(self, outage_id: str, role: Role | None = None) -> list[Command]:
        """What may be asked of an outage next (by a role); gates are asked when it is tried."""
        return possible(self.outage(outage_id).state, role)

    def assess_outage(self, outage_id: str, *, actor: Actor) -> tuple[int, Assessment]:
        """Assess an outage as a whole at its time; stored, and an approval on other facts is void."""
        outage = self.outage(outage_id)
        made = self.study_outage(outage)
        with writing(self.engine) as connection:
            now = self._outage(connection, outage_id)
            facts = self._facts(connection, now, made.as_json(households=False))
            case = self._case(now, Command.ASSESS, actor, verdict=made.verdict, facts_now=facts)
            after = advance(replace(case, told=self._told(connection, now)))
            store.change_outage(connection, after, made_on=now.version)
            self._follow(connection, after)
            identity = self._keep(connection, outage.network, _outage_subject(outage), made)
            body = {"assessment_id": identity, "fingerprint": made.fingerprint}
            self._event(connection, actor, "outage.assessed", _outage_subject(outage), body)
        return identity, made

    def act(
        self,
        outage_id: str,
        command: Command,
        *,
        actor: Actor,
        version: int | None = None,
        reason: str = "",
        delay_code: DelayCode | None = None,
        period: Period | None = None,
        at: datetime | None = None,
        with_requests: bool = False,
    ) -> PlannedOutage:
        """Take one step of the lifecycle; raises UnableToAdvance with every gate that says no, UnableToRecord when
        `version` is not the present one.

        A cancelled outage gives its requests back to be planned again; `with_requests` cancels them too, where the work
        is not needed any more.
        """
        with writing(self.engine) as connection:
            outage = self._outage(connection, outage_id)
            if version is not None and version != outage.version:
                en = f"{outage_id} is at version {outage.version}, the change was made on {version}."
                zh = f"{outage_id} 现为版本 {outage.version}，修改基于版本 {version}。"
                raise store.UnableToRecord(_finding("conflict", outage_id, en, zh))
            verdict = self._verdict(connection, outage, again=command in CHECKED_AGAIN)
            stored = self._own_assessment(connection, outage)
            facts = self._facts(connection, outage, stored.body) if stored else ""
            case = self._case(outage, command, actor, verdict=verdict, facts_now=facts)
            against = self._against(connection, outage, command, period)
            case = replace(case, reason=reason, delay_code=delay_code, period=period, against=against)
            case = replace(case, planned_by=self._planned_by(connection, outage))
            after = advance(replace(case, happened=at if command in STAMPS else None))
            if after.period != outage.period:
                after = self._of_its_month(connection, after)
            store.change_outage(connection, after, made_on=outage.version)
            self._follow(connection, after)
            if with_requests and command is Command.CANCEL:
                self._cancel_requests(connection, after, actor, reason)
            body: dict[str, Any] = {"from": outage.state.value, "to": after.state.value}
            body |= {"version": after.version, "reason": reason}
            if at is not None and command in STAMPS:
                body["happened"] = at.isoformat()
            if period is not None:
                body["period"] = period.as_json()
            if command is Command.RESTORE and after.delay is not None:
                body["delay"] = after.delay.as_json()
            self._event(connection, actor, f"outage.{command.value}", _outage_subject(outage), body)
        return after

    def _of_its_month(self, connection: Connection, outage: PlannedOutage) -> PlannedOutage:
        """Planned or temporary as the freeze of the month it was moved to says."""
        requests = self._requests_of(connection, outage)
        nature = nature_of(requests, outage.period, policies=self.policies(), zone=self.zone)
        return replace(outage, nature=nature)

    def _follow(self, connection: Connection, outage: PlannedOutage) -> None:
        """The requests of an outage stand where it stands; a rejected or cancelled outage gives them back."""
        released = outage.state in (State.REJECTED, State.CANCELLED)
        for filed in store.filed_requests(connection, outage.network, outage_id=outage.outage_id):
            state = State.ASSESSED if released else outage.state
            owner = "" if released else outage.outage_id
            if (filed.state, filed.outage_id) != (state, owner):
                store.change_request(connection, replace(filed, state=state, outage_id=owner))

    def _cancel_requests(self, connection: Connection, outage: PlannedOutage, actor: Actor, reason: str) -> None:
        for name in outage.request_ids:
            filed = self._request(connection, outage.network, name)
            state = self._allow(filed, Command.CANCEL, actor, reason=reason)
            store.change_request(connection, replace(filed, state=state))
            body = {"from": filed.state.value, "to": state.value, "reason": reason, "outage_id": outage.outage_id}
            self._event(connection, actor, "request.cancel", _request_subject(filed), body)

    # ---------------------------------------------------------------------------------------- whole months
    def plan_month(
        self, network: str, month: str, *, actor: Actor, seconds: float = 30.0, seed: int = 0, workers: int = 2
    ) -> Stored:
        """Plan a month: open requests get dates, agreed outages stay; the plan is kept, nothing else changes yet."""
        _only(actor, "month.plan")
        with reading(self.engine) as connection:
            facts = self._month_facts(connection, network, month)
        case, outages = self.month_case(network, month)
        plan = schedule_month(case.problem, seconds=seconds, seed=seed, workers=workers)
        formed, refused = packages(case, plan.starts), [case.problem.jobs[job].job_id for job in plan.refused]
        body = {
            **plan.as_json(case.problem),
            "network": network,
            "month": month,
            "requests": len(case.requests) + len(case.unplaced),
            "scheduled": len(case.requests) - len(plan.refused),
            "refused": [*refused, *(one.request_id for one in case.unplaced)],
            "packages": [one.as_json() for one in formed],
            "reasons": [one.as_json(case.problem) for one in reasons(case.problem, plan.starts)],
            "conflicts": [
                *(one.as_json(case.problem) for one in conflicts(case.problem, plan.starts)),
                *(one.as_json() for one in case.unplaced),
            ],
            "findings": [
                finding.as_json() for finding in (*case.findings, *(each for one in formed for each in one.findings))
            ],
            "fixed": [outage.outage_id for outage in outages if outage.state in AGREED],
            "facts": facts,
        }
        with writing(self.engine) as connection:
            identity = store.keep_plan(connection, network=network, month=month, at=self.clock(), body=body)
            told = {"plan_id": identity, "gap": body["gap"], "savings": body["savings"], "refused": body["refused"]}
            self._event(connection, actor, "month.planned", f"month:{network}/{month}", told)
        return Stored(identity, network, month, body["problem"], self.clock(), body)

    def month_case(self, network: str, month: str) -> tuple[MonthCase, list[PlannedOutage]]:
        """The problem of a month as it stands now, and the outages already in it."""
        grid, period = self.grid(network), month_period(month, self.zone)
        with reading(self.engine) as connection:
            outages = store.outages(connection, network, during=period, states=(*OPEN, *FIXED))
            requests = store.filed_requests(connection, network, during=period, states=(*ALONE, *OPEN, *FIXED))
            history = self._before(connection, network, period)
            protected = [*self._calendar(period), *store.protected_periods(connection, network, during=period)]
            standing = {name: outage for outage in outages for name in outage.request_ids}
            chosen = [one.request for one in requests if one.state in ALONE or one.request.request_id in standing]
            names = {request.request_id for request in chosen}
            inside = {outage.outage_id for outage in outages if names.issuperset(outage.request_ids)}
            budgets = self._budgets(connection, network, month, inside)
            done = self._done(connection, network, {name for one in chosen for name in one.precedence} - names)
        case = month_problem(
            chosen,
            grid=grid,
            closed=self.positions(network),
            month=date.fromisoformat(f"{month}-01"),
            forecast=self.forecasts(grid, self.time_zone),
            policies=self.policies(),
            now=self.clock(),
            history=history,
            budgets=budgets,
            protected=protected,
            published={name: Period(outage.start_of(name), outage.period.end) for name, outage in standing.items()},
            fixed=[name for name, outage in standing.items() if outage.state in AGREED],
            done=done,
            calendar=self.calendar(),
            time_zone=self.time_zone,
            cache=self._zones,
        )
        return case, outages

    def _done(self, connection: Connection, network: str, names: Iterable[str]) -> dict[str, datetime]:
        """When the work of requests that stand in outages ends; those without an outage are left out."""
        ends = {}
        for name in sorted(names):
            filed = store.find_request(connection, network, name)
            if filed is not None and filed.outage_id and filed.state in (*OPEN, *FIXED):
                ends[name] = self._outage(connection, filed.outage_id).period.end
        return ends

    def _month_facts(self, connection: Connection, network: str, month: str) -> str:
        """The name of what a month plan stands on: requests, outages agreed and proposed, rules, loads, the past, the calendar.

        The past ends where the month begins, and is told as the problem reads it: outages agreed since are told by the
        outages themselves, and a correction of the ledger that changes no count changes nothing.
        Emergency plans are not read by a month plan; the assessment of each outage asks for them.
        """
        period, calendar = month_period(month, self.zone), self._working(connection)
        policies = self.defaults.replaced(store.local_policies(connection))
        past = days_by_section(
            self.grid(network), self._before(connection, network, period),
            first=period.start.date(), policies=policies, zone=self.zone,
        )  # fmt: skip
        filed = store.filed_requests(connection, network, during=period, states=(*ALONE, *OPEN, *FIXED))
        outages = store.outages(connection, network, during=period, states=(*OPEN, *FIXED))
        protected = store.protected_periods(connection, network, during=period)
        budgets = store.budgets(connection, network, month)
        return fingerprint({
            "network": self.grid(network).network.fingerprint,
            "switches": fingerprint(self.positions(network).tolist()),
            "policies": policies.as_json(),
            "requests": [[one.request.content_hash, one.outage_id] for one in filed],
            "outages": [[one.outage_id, one.state in AGREED, one.period.as_json()] for one in outages],
            "protected": [one.as_json() for one in protected],
            "budgets": {unit: budget.allotted_h for unit, budget in budgets.items()},
            "forecast": self.forecasts(self.grid(network), self.time_zone).fingerprint,
            "history": sorted(past.items()),
            "rests": [calendar.rests(period.start.date() + timedelta(days=day)) for day in range(period.duration.days)],
        })  # fmt: skip

    def month(self, network: str, month: str) -> dict[str, Any]:
        """The month board: the newest plan, the outages as they stand, the requests without a date."""
        with reading(self.engine) as connection:
            stored = store.find_plan(connection, network, month)
            period = month_period(month, self.zone)
            outages = store.outages(connection, network, during=period)
            requests = store.filed_requests(connection, network, during=period)
            budgets = self._budgets(connection, network, month)
        return {
            "network": network,
            "month": month,
            "plan_id": stored and stored.identity,
            "plan": stored and dict(stored.body),
            "outages": [outage.as_json() for outage in outages],
            "requests": [one.as_json() for one in requests],
            "budgets": [budget.as_json() for budget in budgets.values()],
            "temporary": temporary_share(outages).as_json(),
        }

    def adopt_month(self, network: str, month: str, *, actor: Actor, plan_id: int | None = None) -> list[PlannedOutage]:
        """Make outages of the newest plan (`adoption`); returns those that now stand by it, balanced and later ones apart.

        Raises UnableToRecord when `plan_id` is not the newest plan, or when a request, an outage, a rule or the network
        changed since it was made: a plan on other facts would undo what somebody else decided.
        """
        _only(actor, "month.adopt")
        with writing(self.engine) as connection:
            stored = store.find_plan(connection, network, month)
            if stored is None:
                raise _unknown("plan", f"{network}/{month}")
            _still_the_plan(stored, plan_id, self._month_facts(connection, network, month))
            period = month_period(month, self.zone)
            standing = store.outages(connection, network, during=period, states=(State.MERGED,))
            meant = adoption(standing, [Proposal.of(row) for row in stored.body["packages"]])
            for outage in meant.dissolved:
                self._dissolve(connection, outage, stored.identity, actor)
            made = [*meant.kept, *(self._replan(connection, *pair, stored.identity, actor) for pair in meant.moved)]
            for proposal in meant.formed:
                filed = [self._request(connection, network, name) for name in proposal.starts]
                if any(one.outage_id for one in filed):
                    continue  # agreed already, or taken up by an outage of another month
                ready = [self._assessed_by_month(connection, one, stored, actor) for one in filed]
                starts = list(proposal.starts.values())
                made.append(self._package(connection, network, ready, proposal.period, None, actor, starts))
            made.sort(key=lambda outage: (outage.period.start, outage.outage_id))
            told = {
                "plan_id": stored.identity,
                "outages": [outage.outage_id for outage in made],
                "kept": [outage.outage_id for outage in meant.kept],
                "moved": [outage.outage_id for outage, _ in meant.moved],
                "dissolved": [outage.outage_id for outage in meant.dissolved],
            }
            self._event(connection, actor, "month.adopted", f"month:{network}/{month}", told)
        return made

    def _replan(
        self, connection: Connection, outage: PlannedOutage, planned: Proposal, plan_id: int, actor: Actor
    ) -> PlannedOutage:
        """An outage set to the time a plan gives its requests."""
        requests = self._requests_of(connection, outage)
        nature = nature_of(requests, planned.period, policies=self.policies(), zone=self.zone)
        after = replanned(outage, planned, nature=nature)
        store.change_outage(connection, after, made_on=outage.version)
        body = {"plan_id": plan_id, "version": after.version, "period": after.period.as_json()}
        self._event(connection, actor, "outage.replanned", _outage_subject(outage), body)
        return after

    def _dissolve(self, connection: Connection, outage: PlannedOutage, plan_id: int, actor: Actor) -> None:
        case = self._case(outage, Command.CANCEL, actor, verdict=None, facts_now="")
        after = advance(replace(case, reason=f"planned anew in plan {plan_id}"))
        store.change_outage(connection, after, made_on=outage.version)
        self._follow(connection, after)
        self._event(connection, actor, "outage.cancel", _outage_subject(outage), {"reason": after.reason})

    def _assessed_by_month(
        self, connection: Connection, filed: FiledRequest, plan: Stored, actor: Actor
    ) -> FiledRequest:
        """A request the month's own computation covers counts as assessed by it, on facts that were just compared.

        One that was assessed on its own keeps that; the outage is assessed as a whole either way.
        """
        mark = str(plan.body["problem"])
        verdict, after = _bare_verdict(mark, filed.request.window), filed
        if filed.state is not State.ASSESSED:
            state = self._allow(filed, Command.ASSESS, actor, verdict=verdict, facts_now=mark)
            after = store.change_request(connection, replace(filed, state=state, assessment=mark))
            body = {"plan_id": plan.identity, "fingerprint": mark}
            self._event(connection, actor, "request.assessed", _request_subject(filed), body)
        self._allow(replace(after, assessment=mark), Command.MERGE, actor, verdict=verdict, facts_now=mark)
        return after

    # ---------------------------------------------------------------------------------------- computation
    def study(
        self,
        network: str,
        requests: Sequence[WorkRequest],
        *,
        period: Period,
        nature: Nature = Nature.PLANNED,
        equipment_ids: Sequence[str] | None = None,
        starts: Mapping[str, datetime] | None = None,
        except_outage: str = "",
        told: str = "",
    ) -> Assessment:
        """An assessment that is not kept: what would this do?"""
        grid, policies = self.grid(network), self.policies()
        month = f"{period.start.astimezone(self.zone):%Y-%m}"
        with reading(self.engine) as connection:
            window = counting_window(period.start, policies=policies, zone=self.zone)
            history = self._counting(connection, network, window, policies, on=period.start.date(), but=except_outage)
            protected = [*self._calendar(period), *store.protected_periods(connection, network, during=period)]
            plans = store.emergency_plans(connection, network)
            budgets = self._budgets(connection, network, month, {except_outage})
        return assess(
            requests,
            grid=grid,
            closed=self.positions(network),
            period=period,
            forecast=self.forecasts(grid, self.time_zone),
            policies=policies,
            now=self.clock(),
            equipment_ids=equipment_ids,
            starts=starts,
            nature=nature,
            history=history,
            budgets=budgets,
            protected=protected,
            plans=plans,
            told=told,
            zone=self.zone,
        )

    def study_outage(self, outage: PlannedOutage) -> Assessment:
        """An assessment of an outage, as it stands or might stand, that is not kept."""
        with reading(self.engine) as connection:
            requests, told = self._requests_of(connection, outage), self._told(connection, outage)
        return self.study(
            outage.network,
            requests,
            period=outage.period,
            nature=outage.nature,
            equipment_ids=outage.equipment_ids,
            starts={name: outage.start_of(name) for name in outage.request_ids},
            except_outage=outage.outage_id,
            told=told,
        )

    def preview_move(self, outage_id: str, start: datetime, end: datetime | None = None) -> dict[str, Any]:
        """What moving an outage would change, or giving it another length (`end`), before anything is saved."""
        outage = self.outage(outage_id)
        moved = outage.at(Period(start, start + outage.period.duration)) if end is None else (
            outage.lasting(Period(start, end))
        )  # fmt: skip
        before, after = self.study_outage(outage), self.study_outage(moved)
        return {
            "outage_id": outage_id,
            "before": before.as_json(households=False),
            "after": after.as_json(households=False),
            "conflicts": [finding.as_json() for finding in self._conflicts(moved, after)],
            "findings": [gate.as_finding().as_json() for gate in after.gates if gate.outcome is Outcome.BLOCK],
        }

    def _conflicts(self, outage: PlannedOutage, made: Assessment) -> list[Finding]:
        """What stands against an outage at its time, proposed outages included."""
        with reading(self.engine) as connection:
            reach = reach_of(made.grid, self.positions(outage.network), made.as_json(households=False))
            return self._disagreements(connection, outage, reach, beside=(*OPEN, *COMMITTED))

    def _against(
        self, connection: Connection, outage: PlannedOutage, command: Command, period: Period | None
    ) -> tuple[Finding, ...]:
        """What stands against the time of an outage that is moved, balanced, approved or permitted."""
        if command not in (Command.MOVE, Command.RESIZE, Command.BALANCE, Command.APPROVE, Command.PERMIT):
            return ()
        there = outage
        if period is not None and command in (Command.MOVE, Command.RESIZE):
            there = outage.at(period) if command is Command.MOVE else outage.lasting(period)
        overdue = self._overdue(connection, outage) if command is Command.PERMIT else []
        reach, beside = self._reach(connection, outage), (State.BALANCED, *COMMITTED)
        return tuple(self._disagreements(connection, there, reach, beside=beside, overdue=overdue))

    def _overdue(self, connection: Connection, outage: PlannedOutage) -> list[PlannedOutage]:
        """Outages under way that should have ended before this one: until they are restored, they last into it."""
        ended = min(self.clock(), outage.period.start)
        return [
            replace(one, period=Period(one.period.start, outage.period.end))
            for one in store.outages(connection, outage.network, states=SWITCHED)
            if one.period.end <= ended
        ]

    def _disagreements(
        self,
        connection: Connection,
        outage: PlannedOutage,
        reach: Reach,
        *,
        beside: Sequence[State],
        overdue: Sequence[PlannedOutage] = (),
    ) -> list[Finding]:
        """The outage held against those in the states `beside` at its time, and against all it waits for or holds up."""
        grid, mine = self.grid(outage.network), self._requests_of(connection, outage)
        wanted = {name for request in mine for name in request.precedence}
        placed = store.filed_requests(connection, outage.network, states=(*OPEN, *FIXED))
        linked = {
            one.outage_id
            for one in placed
            if one.request.request_id in wanted or not set(outage.request_ids).isdisjoint(one.request.precedence)
        }
        meeting = store.outages(connection, outage.network, during=outage.period, states=beside)
        near = {one.outage_id: one for one in (*meeting, *overdue)}
        others = [
            Standing(one, tuple(self._requests_of(connection, one)), self._reach(connection, one))
            for name, one in near.items()
            if name != outage.outage_id
        ]
        for name in sorted(linked - set(near) - {outage.outage_id, ""}):
            one = self._outage(connection, name)
            others.append(Standing(one, tuple(self._requests_of(connection, one)), Reach()))
        return disagreements(
            Standing(outage, tuple(mine), reach),
            others,
            zone=self.zone,
            sources={name: {grid.section_name(point.section) for point in points}
                     for name, points in sources_of(grid).items()},
            unplaced=wanted - {one.request.request_id for one in placed},
            calendar=self._working(connection),
        )  # fmt: skip

    def _reach(self, connection: Connection, outage: PlannedOutage) -> Reach:
        """What an outage takes of the network by its newest assessment, else at least what is worked on."""
        grid = self.grid(outage.network)
        stored = store.find_assessment(connection, subject=_outage_subject(outage))
        if stored is None:
            return reach_of_equipment(grid, outage.equipment_ids)
        return reach_of(grid, self.positions(outage.network), stored.body)

    def assessment(self, identity: int) -> Stored:
        """A stored assessment; raises UnableToFindPlanned."""
        with reading(self.engine) as connection:
            found = store.find_assessment(connection, identity=identity)
        if found is None:
            raise _unknown("assessment", str(identity))
        return found

    def assessment_of(self, *, outage_id: str = "", request_id: str = "", network: str = "") -> Stored:
        """The newest assessment of an outage or a request; raises UnableToFindPlanned."""
        subject = f"outage:{outage_id}" if outage_id else f"request:{network}/{request_id}"
        with reading(self.engine) as connection:
            found = store.find_assessment(connection, subject=subject)
        if found is None:
            raise _unknown("assessment", subject)
        return found

    # ----------------------------------------------------------------------- what else an assessment reads
    def set_budget(self, network: str, budget: Budget, *, actor: Actor) -> None:
        """Allot customer-hours to a unit for a month."""
        _only(actor, "budget.set")
        with writing(self.engine) as connection:
            store.keep_budget(connection, network, budget)
            self._event(connection, actor, "budget.set", f"network:{network}", budget.as_json())

    def budgets(self, network: str, month: str) -> dict[str, Budget]:
        """Budgets of a month with what is used and committed."""
        with reading(self.engine) as connection:
            return self._budgets(connection, network, month)

    def protect(self, network: str, periods: Iterable[ProtectedPeriod], *, actor: Actor) -> None:
        """Enter protected periods: festivals, elections, weather warnings."""
        _only(actor, "calendar.protected")
        entered = list(periods)
        with writing(self.engine) as connection:
            store.keep_protected(connection, network, entered)
            body = {"periods": [one.as_json() for one in entered]}
            self._event(connection, actor, "calendar.protected", f"network:{network}", body)

    def protected(self, network: str, period: Period) -> list[ProtectedPeriod]:
        """Protected periods that touch a period, those of the yearly calendar included."""
        with reading(self.engine) as connection:
            return [*self._calendar(period), *store.protected_periods(connection, network, during=period)]

    def calendar(self) -> WorkingCalendar:
        """The days people rest: the shipped ones with those entered over them."""
        with reading(self.engine) as connection:
            return self._working(connection)

    def set_days(self, days: Sequence[CalendarDay], *, actor: Actor) -> None:
        """Enter holidays, and days worked in their place."""
        _only(actor, "calendar.days")
        with writing(self.engine) as connection:
            store.keep_days(connection, days)
            body = {"days": [one.as_json() for one in days]}
            self._event(connection, actor, "calendar.days", "calendar", body)

    def _working(self, connection: Connection) -> WorkingCalendar:
        return working_calendar(shipped_days(), store.calendar_days(connection))

    def approve_emergency_plan(self, network: str, name: str, *, actor: Actor) -> None:
        """Record that a customer or usage point has an approved emergency plan."""
        _only(actor, "emergency_plan.approve")
        with writing(self.engine) as connection:
            store.keep_emergency_plan(connection, network, name, at=self.clock())
            self._event(connection, actor, "emergency_plan.approved", f"customer:{name}", {"network": network})

    def _calendar(self, period: Period) -> list[ProtectedPeriod]:
        years = {period.start.astimezone(self.zone).year, period.end.astimezone(self.zone).year}
        yearly = [one for year in sorted(years) for one in protected_calendar(year)]
        return [one for one in yearly if one.period.overlaps(period)]

    def _budgets(
        self, connection: Connection, network: str, month: str, leaving_out: Collection[str] = ()
    ) -> dict[str, Budget]:
        """Budgets of a month; used is what was executed, committed what is approved, each by its own assessment.

        Outages `leaving_out` are not counted: the one that is looked at, or those a month problem counts itself.
        """
        found = store.budgets(connection, network, month)
        used: dict[str, float] = {}
        committed: dict[str, float] = {}
        for outage in store.outages(connection, network, during=month_period(month, self.zone), states=FIXED):
            stored = None if outage.outage_id in leaving_out else self._own_assessment(connection, outage)
            if stored is None:
                continue
            part = used if outage.state in EXECUTED else committed
            for unit, hours in stored.body["unit_hours"].items():
                part[unit] = part.get(unit, 0.0) + float(hours)
        return {
            unit: replace(budget, used_h=round(used.get(unit, 0.0), 6), committed_h=round(committed.get(unit, 0.0), 6))
            for unit, budget in found.items()
        }

    # --------------------------------------------------------------------------------- control and review
    def promises(self, network: str, *, courses: Mapping[str, Course] | None = None) -> list[Promise]:
        """How the promised restorations of the outages under way stand, most pressing first.

        `courses` are those of outages whose steps are told while they are taken; the others go on as planned.
        """
        walked = courses or {}
        policies, now = self.policies(), self.clock()
        with reading(self.engine) as connection:
            found = []
            for outage in store.outages(connection, network, states=RUNNING):
                stored = self._own_assessment(connection, outage)
                course = walked.get(outage.outage_id) or (course_of(stored.body) if stored else Course())
                found.append(promise(outage, now=now, course=course, policies=policies))
        return sorted(found, key=lambda one: one.left_min)

    def delay_causes(self, network: str, *, year: int) -> list[Cause]:
        """Causes of the late restorations of a year, costliest first, by unit, crew and department."""
        with reading(self.engine) as connection:
            outages = store.outages(connection, network, during=year_of(year, self.zone), states=EXECUTED)
            late = [outage for outage in outages if outage.delay is not None]
            workers = {outage.outage_id: self._workers(connection, outage) for outage in late}
        return causes(late, policies=self.policies(), workers=workers)

    def _workers(self, connection: Connection, outage: PlannedOutage) -> list[str]:
        """Crews and departments of an outage's requests."""
        requests = self._requests_of(connection, outage)
        return sorted({name for one in requests for name in (one.crew, one.department.value) if name})

    def transferable(self, network: str, month: str) -> tuple[FeederTransfer, ...]:
        """The feeders with load, each with whether its ties carry it in the month (可转供电率). Computed once for the same
        network, loads and rules, then kept in memory."""
        grid, first, policies = self.grid(network), month_period(month, self.zone).start.date(), self.policies()
        forecast = self.forecasts(grid, self.time_zone)
        key = fingerprint([grid.network.fingerprint, forecast.fingerprint, numbers(policies, on=first), month])
        if key not in self._feeders:
            if len(self._feeders) >= MOST_KEPT:
                self._feeders.clear()
            self._feeders[key] = transferable_feeders(
                grid, first=first, forecast=forecast, policies=policies, zone=self.zone
            )
        return self._feeders[key]

    def review_month(self, network: str, month: str, *, with_feeders: bool = False) -> Review:
        """Planned against actual of a month, with the indices of management; `with_feeders` their transfers are checked."""
        with reading(self.engine) as connection:
            outages = store.outages(connection, network, during=month_period(month, self.zone))
            reviewed, by_feeder = [], Counter[str]()
            told = {event: _exactly_told(body) for event, _, body in kept_reconciliations(connection, network)}
            for outage in outages:
                stored = self._own_assessment(connection, outage)
                body = stored.body if stored else {"hours": {}, "hours_without_transfer": {}, "households": []}
                live = sum(one.live_line_possible for one in self._requests_of(connection, outage))
                hours = float(body["hours"].get("units_h", 0.0))
                without = float(body["hours_without_transfer"].get("units_h", 0.0))
                done_live = 0 if body["households"] else live
                one = Reviewed(outage, hours, without, done_live, told.get(outage.outage_id))
                reviewed.append(one)
                if one.stands:
                    by_feeder.update({row["feeder_id"] for row in body["households"] if row["feeder_id"]})
        counts: dict[str, Any] = {"outages_by_feeder": by_feeder, "feeders": len(self.grid(network).feeder_ids)}
        if with_feeders:
            checked = self.transferable(network, month)
            counts["transferable"] = sum(one.passes for one in checked), len(checked)
        return review(reviewed, policies=self.policies(), now=self.clock(), **counts)

    # ------------------------------------------------------------------------------------------ internals
    def _own_assessment(self, connection: Connection, outage: PlannedOutage) -> Stored | None:
        """The assessment an outage stands on."""
        if not outage.assessment:
            return None
        subject = _outage_subject(outage)
        return store.find_assessment(connection, subject=subject, fingerprint=outage.assessment)

    def _verdict(self, connection: Connection, outage: PlannedOutage, *, again: bool) -> Verdict | None:
        """The verdict of the outage's own assessment, its budget gate asked again: others may have used it up.

        With `again` the calendar and the history are asked too: a protected period may have been entered since, and
        other outages agreed or reported that make customers frequent.
        """
        if not outage.assessment:
            return None
        stored = self._own_assessment(connection, outage)
        if stored is None:
            return None
        verdict = Verdict.from_json(stored.body)
        if again:
            verdict = replace(verdict, gates=self._asked_again(connection, outage, stored.body, verdict.gates))
        month = f"{outage.period.start.astimezone(self.zone):%Y-%m}"
        budgets = self._budgets(connection, outage.network, month, {outage.outage_id})
        hours, policies = stored.body["unit_hours"], self.defaults.replaced(store.local_policies(connection))
        now = spending(budgets, hours, period=outage.period, policies=policies)
        asked = any(gate.outcome is Outcome.APPROVE for gate in verdict.gates)
        if now.outcome is Outcome.PASS or asked:
            return verdict
        return replace(verdict, approver=LADDER[min(LADDER.index(verdict.approver) + 1, len(LADDER) - 1)])

    def _asked_again(
        self, connection: Connection, outage: PlannedOutage, body: Mapping[str, Any], gates: Sequence[Gate]
    ) -> tuple[Gate, ...]:
        """The gates with those of protected periods and repeats as they say now, for whom the assessment found dark."""
        period, grid = outage.period, self.grid(outage.network)
        policies = self.defaults.replaced(store.local_policies(connection))
        protected = [
            *self._calendar(period), *store.protected_periods(connection, outage.network, during=period)
        ]  # fmt: skip
        window, on = counting_window(period.start, policies=policies, zone=self.zone), period.start.date()
        known = self._counting(connection, outage.network, window, policies, on=on, but=outage.outage_id)
        long_enough = _counting_patterns(body, policies.row("rep.min_duration", on=on))
        several = int(body["affected"]["households"]) > 1
        rows = [(grid.find(row["consumer_id"], "consumers"), long_enough[row["pattern"]]) for row in body["households"]]
        repeats = repeats_after(
            grid,
            known,
            np.array([consumer for consumer, _ in rows], np.int32),
            counts=np.array([counts and several for _, counts in rows], np.bool_),
            period=period,
            nature=outage.nature,
            policies=policies,
            zone=self.zone,
        )
        now = (
            protection(protected, period=period, units=tuple(body["unit_hours"]), policies=policies),
            repetition(repeats, period=period, policies=policies),
        )
        asked = {"protected.period", *(key for key, _ in FREQUENT_RULES)}
        return (*(gate for gate in gates if gate.key not in asked), *now)

    def positions(self, network: str) -> Bools:
        """Switch positions as an outage to come finds them: what those under way have operated is put back (`grounds`)."""
        with reading(self.engine) as connection:
            under_way = store.outages(connection, network, states=SWITCHED)
            kept = [self._own_assessment(connection, one) for one in under_way]
        return put_back(self.grid(network), self.closed(network), [one.body["ticket"] for one in kept if one])

    def _before(self, connection: Connection, network: str, month: Period) -> History:
        """What counts in the year of a month before it begins."""
        year, policies = year_period(month.start, self.zone), self.defaults.replaced(store.local_policies(connection))
        if year.start == month.start:
            return NOTHING
        window = Period(year.start, month.start)
        return self._counting(connection, network, window, policies, on=month.start.date())

    def _counting(
        self, connection: Connection, network: str, window: Period, policies: Policies, *, on: date, but: str = ""
    ) -> History:
        """The outages that begin in `window` and count: happened by the ledger, or agreed and to come, but one of these.

        The agreed ones are read first: one that is restored meanwhile is then named by the ledger too, and counts once.
        """
        coming = [one for one in store.outages(connection, network, states=TO_COME) if one.outage_id != but]
        standing = {_outage_subject(one): one.assessment for one in coming if one.assessment}
        dark = store.dark_loads(connection, network, standing)
        agreed = [
            Agreed.of(one.outage_id, one.nature, one.execution.off_at or one.period.start, dark[subject])
            for one in coming
            if (subject := _outage_subject(one)) in dark
        ]
        past = self.past(network, window)
        return history_of(self.grid(network), past, agreed, window=window, policies=policies, on=on, zone=self.zone)

    def _told(self, connection: Connection, outage: PlannedOutage) -> str:
        """The announcement people were given of an outage; empty while they know of none."""
        if not outage.noticed:
            return ""
        subject = _outage_subject(outage)
        stored = store.find_assessment(connection, subject=subject, fingerprint=outage.noticed)
        return announced(stored.body) if stored else ""

    def _facts(self, connection: Connection, outage: PlannedOutage, assessment: Mapping[str, Any]) -> str:
        """The fingerprint of what an assessment of the outage stands on, as it is now."""
        requests = self._requests_of(connection, outage)
        return self._facts_of(
            connection, outage.network, requests, assessment, outage.equipment_ids, outage.period, outage.nature
        )

    def _own_study(self, connection: Connection, filed: FiledRequest) -> tuple[Verdict | None, str]:
        """The assessment of a request on its own, and the fingerprint of what it stands on as it is now."""
        subject = _request_subject(filed)
        stored = store.find_assessment(connection, subject=subject, fingerprint=filed.assessment)
        if stored is None:
            return None, ""
        verdict, request = Verdict.from_json(stored.body), filed.request
        equipment, nature = tuple(dict.fromkeys(request.equipment_ids)), Nature(stored.body["nature"])
        facts = self._facts_of(connection, filed.network, [request], stored.body, equipment, verdict.period, nature)
        return verdict, facts

    def _facts_of(
        self,
        connection: Connection,
        network: str,
        requests: Sequence[WorkRequest],
        assessment: Mapping[str, Any],
        equipment_ids: Sequence[str],
        period: Period,
        nature: Nature,
    ) -> str:
        grid = self.grid(network)
        return facts_fingerprint(
            requests,
            grid=grid,
            closed=self.positions(network),
            dark=dark_sections(grid, assessment),
            equipment_ids=equipment_ids,
            period=period,
            nature=nature,
            forecast=self.forecasts(grid, self.time_zone),
            policies=self.defaults.replaced(store.local_policies(connection)),
        )

    def _requests_of(self, connection: Connection, outage: PlannedOutage) -> list[WorkRequest]:
        return [self._request(connection, outage.network, name).request for name in outage.request_ids]

    def _case(
        self, outage: PlannedOutage, command: Command, actor: Actor, *, verdict: Verdict | None, facts_now: str
    ) -> Case:
        return Case(outage, command, actor.name, role_of(actor), self.clock(), self.policies(), verdict, facts_now)

    def _allow(
        self,
        filed: FiledRequest,
        command: Command,
        actor: Actor,
        *,
        reason: str = "",
        verdict: Verdict | None = None,
        facts_now: str = "",
    ) -> State:
        """The state a request's own command leads to; raises UnableToAdvance."""
        request = filed.request
        stand_in = package(
            request.request_id,
            network=filed.network,
            request_ids=[request.request_id],
            equipment_ids=request.equipment_ids,
            period=request.window,
            requesters=[request.requester],
        )
        stand_in = replace(stand_in, assessment=filed.assessment)
        case = self._case(stand_in, command, actor, verdict=verdict, facts_now=facts_now)
        return transition(replace(case, reason=reason), state=filed.state, table=REQUEST_TRANSITIONS).target

    def _keep(self, connection: Connection, network: str, subject: str, made: Assessment) -> int:
        return store.keep_assessment(
            connection,
            network=network,
            subject=subject,
            fingerprint=made.fingerprint,
            at=made.computed_at,
            body=made.as_json(),
        )

    def _request(self, connection: Connection, network: str, request_id: str) -> FiledRequest:
        found = store.find_request(connection, network, request_id)
        if found is None:
            raise _unknown("request", f"{network}/{request_id}")
        return found

    def _outage(self, connection: Connection, outage_id: str) -> PlannedOutage:
        found = store.find_outage(connection, outage_id)
        if found is None:
            raise _unknown("outage", outage_id)
        return found

    def _event(self, connection: Connection, actor: Actor, kind: str, subject: str, body: Mapping[str, Any]) -> None:
        record(connection, actor=actor, at=self.clock(), kind=f"planning.{kind}", subject=subject, body=body)
        self.reactions(connection, f"planning.{kind}", subject, body)


def role_of(actor: Actor) -> Role:
    """The planning role of an actor; raises UnableToPlan for a role planning does not know."""
    try:
        return Role(actor.role)
    except ValueError:
        known = ", ".join(role.value for role in Role)
        en, zh = f"{actor.role} is no planning role; known: {known}.", f"{actor.role} 不是停电计划角色；可用：{known}。"
        raise UnableToPlan(_finding("role", actor.name, en, zh)) from None


def _only(actor: Actor, what: str) -> None:
    """Refuse a command to everybody but the roles it is for; raises UnableToPlan."""
    if role_of(actor) not in MAY[what]:
        names = ", ".join(sorted(role.value for role in MAY[what]))
        raise UnableToPlan(_finding("role", actor.name, f"{what} is for {names}.", f"{what} 限 {names}。"))


def _still_the_plan(stored: Stored, plan_id: int | None, facts: str) -> None:
    """Refuse to adopt a plan that is not the one looked at, or stands on facts that changed."""
    if plan_id is not None and plan_id != stored.identity:
        en = f"Plan {plan_id} is not the newest of the month, {stored.identity} is."
        zh = f"计划 {plan_id} 不是本月最新计划，最新为 {stored.identity}。"
        raise store.UnableToRecord(_finding("conflict", stored.subject, en, zh))
    if stored.body.get("facts") != facts:
        en = "Requests, outages, rules or the network changed after the plan was made: plan the month again."
        zh = "编制计划后申请、停电单、规则或电网已变化，请重新编制。"
        raise store.UnableToRecord(_finding("conflict", stored.subject, en, zh))


def _counting_patterns(body: Mapping[str, Any], least: Policy) -> list[bool]:
    """Which dead-interval patterns of an assessment are long enough to count as an outage."""
    return [any(not least.holds(end - start) for start, end in pattern) for pattern in body["patterns"]]


def units_of(grid: Grid, equipment_ids: Sequence[str]) -> list[str]:
    """Operating units whose feeders the equipment belongs to in the normal state."""
    units = grid.network.tables["feeders"].column("unit").to_pylist()
    sections = {section for name in equipment_ids for section in grid.equipment(name).sections}
    feeders = {int(grid.normal_feeder[section]) for section in sections} - {-1}
    return sorted({units[feeder] or "" for feeder in feeders})


def wanted_start(request: WorkRequest, start: datetime | None = None) -> datetime:
    """The start a request asks for: the wanted one, else as early as its daily window allows."""
    return start or request.wanted or request.earliest + timedelta(minutes=request.daily_window.from_minute)


def month_period(month: str, zone: tzinfo) -> Period:
    """A month YYYY-MM in local time; raises UnableToPlan when it is none."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        en, zh = f"{month} is no month YYYY-MM.", f"{month} 不是 YYYY-MM 月份。"
        raise UnableToPlan(_finding("month", month, en, zh)) from None
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return Period(datetime.combine(first, time(), zone), datetime.combine(after, time(), zone))


def year_of(year: int, zone: tzinfo) -> Period:
    """A local calendar year."""
    return Period(datetime(year, 1, 1, tzinfo=zone), datetime(year + 1, 1, 1, tzinfo=zone))


def year_period(instant: datetime, zone: tzinfo) -> Period:
    """The local calendar year an instant lies in."""
    return year_of(instant.astimezone(zone).year, zone)


def _bare_verdict(fingerprint: str, period: Period) -> Verdict:
    """What a month plan says of a request: that it was computed, and on which facts."""
    return Verdict(fingerprint, (), LADDER[0], period, None, "", False)


def _request_subject(filed: FiledRequest) -> str:
    return f"request:{filed.network}/{filed.request.request_id}"


def _exactly_told(compared: Mapping[str, Any]) -> tuple[int, int]:
    """Accounts told and off, and those that were either, of a kept reconciliation."""
    return compared["right"], compared["told"] + compared["dead"] - compared["right"]


def _outage_subject(outage: PlannedOutage) -> str:
    return f"outage:{outage.outage_id}"


def _finding(kind: str, subject: str, en: str, zh: str) -> Finding:
    return Finding(f"planning.{kind}", subject, Text(en, zh))


def _other_content(request_id: str) -> Finding:
    en = f"{request_id} was submitted before with other content: revise it in so many words."
    return _finding("request.changed", request_id, en, f"{request_id} 已提报且内容不同，请使用修改。")


def _unknown(kind: str, identity: str) -> UnableToFindPlanned:
    words = {"request": "申请", "outage": "停电单", "assessment": "评估", "plan": "月度计划"}
    return UnableToFindPlanned(
        _finding(f"{kind}.unknown", identity, f"No {kind} {identity}.", f"没有{words[kind]} {identity}。")
    )
