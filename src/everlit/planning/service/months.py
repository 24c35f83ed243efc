"""Whole months (月计划): posed, planned, shown, and made outages of."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from everlit.kernel import Period, fingerprint
from everlit.planning import store
from everlit.planning.adoption import Proposal, adoption, replanned
from everlit.planning.history import days_by_section
from everlit.planning.lifecycle import Command, Verdict, advance
from everlit.planning.model import LADDER, PlannedOutage, State
from everlit.planning.month import MonthCase, month_problem
from everlit.planning.packages import packages
from everlit.planning.reasons import conflicts, reasons
from everlit.planning.schedule import schedule_month
from everlit.planning.service.desk import Desk
from everlit.planning.service.facts import Facts
from everlit.planning.service.filing import Filing
from everlit.planning.service.given import Given
from everlit.planning.service.outages import Outages
from everlit.planning.service.periods import month_period
from everlit.planning.service.refusals import fault, only, outage_subject, request_subject, unknown
from everlit.planning.service.states import AGREED, ALONE, FIXED, OPEN
from everlit.planning.store import FiledRequest, Stored
from everlit.planning.temporary import nature_of, temporary_share
from everlit.planning.zones import ZoneCache
from everlit.platform.database import reading, writing
from everlit.platform.events import Actor


@dataclass
class Months:
    """Plans months and adopts the plans."""

    desk: Desk
    given: Given
    facts: Facts
    filing: Filing
    outages: Outages
    _zones: ZoneCache = field(default_factory=ZoneCache)

    def plan_month(
        self, network: str, month: str, *, actor: Actor, seconds: float = 30.0, seed: int = 0, workers: int = 2
    ) -> Stored:
        """Plan a month: open requests get dates, agreed outages stay; the plan is kept, nothing else changes yet."""
        only(actor, "month.plan")
        with reading(self.desk.engine) as connection:
            facts = self.month_facts(connection, network, month)
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
        with writing(self.desk.engine) as connection:
            identity = store.keep_plan(connection, network=network, month=month, at=self.desk.clock(), body=body)
            told = {"plan_id": identity, "gap": body["gap"], "savings": body["savings"], "refused": body["refused"]}
            self.desk.event(connection, actor, "month.planned", f"month:{network}/{month}", told)
        return Stored(identity, network, month, body["problem"], self.desk.clock(), body)

    def month_case(self, network: str, month: str) -> tuple[MonthCase, list[PlannedOutage]]:
        """The problem of a month as it stands now, and the outages already in it."""
        grid, period = self.desk.grid(network), month_period(month, self.desk.zone)
        with reading(self.desk.engine) as connection:
            outages = store.outages(connection, network, during=period, states=(*OPEN, *FIXED))
            requests = store.filed_requests(connection, network, during=period, states=(*ALONE, *OPEN, *FIXED))
            history = self.facts.before(connection, network, period)
            protected = self.given.protected_in(connection, network, period)
            standing = {name: outage for outage in outages for name in outage.request_ids}
            chosen = [one.request for one in requests if one.state in ALONE or one.request.request_id in standing]
            names = {request.request_id for request in chosen}
            inside = {outage.outage_id for outage in outages if names.issuperset(outage.request_ids)}
            budgets = self.given.budgets_in(connection, network, month, inside)
            done = self._done(connection, network, {name for one in chosen for name in one.precedence} - names)
        case = month_problem(
            chosen,
            grid=grid,
            closed=self.facts.positions(network),
            month=date.fromisoformat(f"{month}-01"),
            forecast=self.desk.forecasts(grid, self.desk.time_zone),
            policies=self.desk.policies(),
            now=self.desk.clock(),
            history=history,
            budgets=budgets,
            protected=protected,
            published={name: Period(outage.start_of(name), outage.period.end) for name, outage in standing.items()},
            fixed=[name for name, outage in standing.items() if outage.state in AGREED],
            done=done,
            calendar=self.given.calendar(),
            time_zone=self.desk.time_zone,
            cache=self._zones,
        )
        return case, outages

    def _done(self, connection: Connection, network: str, names: Iterable[str]) -> dict[str, datetime]:
        """When the work of requests that stand in outages ends; those without an outage are left out."""
        ends = {}
        for name in sorted(names):
            filed = store.find_request(connection, network, name)
            if filed is not None and filed.outage_id and filed.state in (*OPEN, *FIXED):
                ends[name] = self.desk.find_outage(connection, filed.outage_id).period.end
        return ends

    def month_facts(self, connection: Connection, network: str, month: str) -> str:
        """The name of what a month plan stands on: requests, outages agreed and proposed, rules, loads, the past, the calendar.

        The past ends where the month begins, and is told as the problem reads it: outages agreed since are told by the
        outages themselves, and a correction of the ledger that changes no count changes nothing.
        Emergency plans are not read by a month plan; the assessment of each outage asks for them.
        """
        period, calendar = month_period(month, self.desk.zone), self.given.working(connection)
        policies = self.desk.rules(connection)
        past = days_by_section(
            self.desk.grid(network), self.facts.before(connection, network, period),
            first=period.start.date(), policies=policies, zone=self.desk.zone,
        )  # fmt: skip
        filed = store.filed_requests(connection, network, during=period, states=(*ALONE, *OPEN, *FIXED))
        outages = store.outages(connection, network, during=period, states=(*OPEN, *FIXED))
        protected = store.protected_periods(connection, network, during=period)
        budgets = store.budgets(connection, network, month)
        return fingerprint({
            "network": self.desk.grid(network).network.fingerprint,
            "switches": fingerprint(self.facts.positions(network).tolist()),
            "policies": policies.as_json(),
            "requests": [[one.request.content_hash, one.outage_id] for one in filed],
            "outages": [[one.outage_id, one.state in AGREED, one.period.as_json()] for one in outages],
            "protected": [one.as_json() for one in protected],
            "budgets": {unit: budget.allotted_h for unit, budget in budgets.items()},
            "forecast": self.desk.forecasts(self.desk.grid(network), self.desk.time_zone).fingerprint,
            "history": sorted(past.items()),
            "rests": [calendar.rests(period.start.date() + timedelta(days=day)) for day in range(period.duration.days)],
        })  # fmt: skip

    def month(self, network: str, month: str) -> dict[str, Any]:
        """The month board: the newest plan, the outages as they stand, the requests without a date."""
        with reading(self.desk.engine) as connection:
            stored = store.find_plan(connection, network, month)
            period = month_period(month, self.desk.zone)
            outages = store.outages(connection, network, during=period)
            requests = store.filed_requests(connection, network, during=period)
            budgets = self.given.budgets_in(connection, network, month)
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
        only(actor, "month.adopt")
        with writing(self.desk.engine) as connection:
            stored = store.find_plan(connection, network, month)
            if stored is None:
                raise unknown("plan", f"{network}/{month}")
            _still_the_plan(stored, plan_id, self.month_facts(connection, network, month))
            period = month_period(month, self.desk.zone)
            standing = store.outages(connection, network, during=period, states=(State.MERGED,))
            meant = adoption(standing, [Proposal.of(row) for row in stored.body["packages"]])
            for outage in meant.dissolved:
                self._dissolve(connection, outage, stored.identity, actor)
            made = [*meant.kept, *(self._replan(connection, *pair, stored.identity, actor) for pair in meant.moved)]
            for proposal in meant.formed:
                filed = [self.desk.find_request(connection, network, name) for name in proposal.starts]
                if any(one.outage_id for one in filed):
                    continue  # agreed already, or taken up by an outage of another month
                ready = [self._assessed_by_month(connection, one, stored, actor) for one in filed]
                starts = list(proposal.starts.values())
                made.append(self.outages.package(connection, network, ready, proposal.period, None, actor, starts))
            made.sort(key=lambda outage: (outage.period.start, outage.outage_id))
            told = {
                "plan_id": stored.identity,
                "outages": [outage.outage_id for outage in made],
                "kept": [outage.outage_id for outage in meant.kept],
                "moved": [outage.outage_id for outage, _ in meant.moved],
                "dissolved": [outage.outage_id for outage in meant.dissolved],
            }
            self.desk.event(connection, actor, "month.adopted", f"month:{network}/{month}", told)
        return made

    def _replan(
        self, connection: Connection, outage: PlannedOutage, planned: Proposal, plan_id: int, actor: Actor
    ) -> PlannedOutage:
        """An outage set to the time a plan gives its requests."""
        requests = self.desk.requests_of(connection, outage)
        nature = nature_of(requests, planned.period, policies=self.desk.policies(), zone=self.desk.zone)
        after = replanned(outage, planned, nature=nature)
        store.change_outage(connection, after, made_on=outage.version)
        body = {"plan_id": plan_id, "version": after.version, "period": after.period.as_json()}
        self.desk.event(connection, actor, "outage.replanned", outage_subject(outage), body)
        return after

    def _dissolve(self, connection: Connection, outage: PlannedOutage, plan_id: int, actor: Actor) -> None:
        case = self.desk.case(outage, Command.CANCEL, actor, verdict=None, facts_now="")
        after = advance(replace(case, reason=f"planned anew in plan {plan_id}"))
        store.change_outage(connection, after, made_on=outage.version)
        self.outages.follow(connection, after)
        self.desk.event(connection, actor, "outage.cancel", outage_subject(outage), {"reason": after.reason})

    def _assessed_by_month(
        self, connection: Connection, filed: FiledRequest, plan: Stored, actor: Actor
    ) -> FiledRequest:
        """A request the month's own computation covers counts as assessed by it, on facts that were just compared.

        One that was assessed on its own keeps that; the outage is assessed as a whole either way.
        """
        mark = str(plan.body["problem"])
        verdict, after = _bare_verdict(mark, filed.request.window), filed
        if filed.state is not State.ASSESSED:
            state = self.filing.allow(filed, Command.ASSESS, actor, verdict=verdict, facts_now=mark)
            after = store.change_request(connection, replace(filed, state=state, assessment=mark))
            body = {"plan_id": plan.identity, "fingerprint": mark}
            self.desk.event(connection, actor, "request.assessed", request_subject(filed), body)
        self.filing.allow(replace(after, assessment=mark), Command.MERGE, actor, verdict=verdict, facts_now=mark)
        return after


def _still_the_plan(stored: Stored, plan_id: int | None, facts: str) -> None:
    """Refuse to adopt a plan that is not the one looked at, or stands on facts that changed."""
    if plan_id is not None and plan_id != stored.identity:
        en = f"Plan {plan_id} is not the newest of the month, {stored.identity} is."
        zh = f"计划 {plan_id} 不是本月最新计划，最新为 {stored.identity}。"
        raise store.UnableToRecord(fault("conflict", stored.subject, en, zh))
    if stored.body.get("facts") != facts:
        en = "Requests, outages, rules or the network changed after the plan was made: plan the month again."
        zh = "编制计划后申请、停电单、规则或电网已变化，请重新编制。"
        raise store.UnableToRecord(fault("conflict", stored.subject, en, zh))


def _bare_verdict(fingerprint: str, period: Period) -> Verdict:
    """What a month plan says of a request: that it was computed, and on which facts."""
    return Verdict(fingerprint, (), LADDER[0], period, None, "", False)
