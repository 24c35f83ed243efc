"""Every use case of planning under one name; what each does stands with the part that does it.

    given ─┐                 ┌─► verdicts ─┐
           ├─► studies ──────┼─► filing ───┼─► outages ──► months
    facts ─┘                 └─────────────┘                            reviews

A part knows the desk and the parts before it, never one after it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from everlit.grid.compile import Bools
from everlit.kernel import Period, Policy
from everlit.planning.assess import Assessment
from everlit.planning.delays import Cause, Course, Promise
from everlit.planning.holidays import CalendarDay, WorkingCalendar
from everlit.planning.lifecycle import Command
from everlit.planning.model import Budget, DelayCode, Nature, PlannedOutage, ProtectedPeriod, Role, State, WorkRequest
from everlit.planning.month import MonthCase
from everlit.planning.review import Review
from everlit.planning.service.desk import Desk
from everlit.planning.service.facts import Facts
from everlit.planning.service.filing import Filing, Submission
from everlit.planning.service.given import Given
from everlit.planning.service.months import Months
from everlit.planning.service.outages import Outages
from everlit.planning.service.reviews import Reviews
from everlit.planning.service.studies import Studies
from everlit.planning.service.verdicts import Verdicts
from everlit.planning.store import FiledRequest, Stored
from everlit.planning.transferable import FeederTransfer
from everlit.platform.events import Actor


@dataclass
class Planning(Desk):
    """The planning use cases on one store."""

    def __post_init__(self) -> None:
        """Put the parts together, each with those it asks."""
        self._given, self._facts, self._reviews = Given(self), Facts(self), Reviews(self)
        self._studies = Studies(self, self._given, self._facts)
        self._verdicts = Verdicts(self, self._given, self._facts)
        self._filing = Filing(self, self._facts, self._studies)
        self._outages = Outages(self, self._facts, self._studies, self._verdicts, self._filing)
        self._months = Months(self, self._given, self._facts, self._filing, self._outages)

    def set_policy(self, row: Policy, *, actor: Actor) -> None:
        """Put a local row in place of the shipped ones of its key."""
        self._given.set_policy(row, actor=actor)

    def submit(self, network: str, requests: Sequence[WorkRequest], *, actor: Actor, whole: bool = False) -> Submission:
        """File requests as submitted. The same request again is left alone, another content refused with a finding."""
        return self._filing.submit(network, requests, actor=actor, whole=whole)

    def revise(self, network: str, request: WorkRequest, *, actor: Actor) -> FiledRequest:
        """Replace a request that is not in an outage yet; it has to be assessed again, and stays its requester's."""
        return self._filing.revise(network, request, actor=actor)

    def act_on_request(
        self, network: str, request_id: str, command: Command, *, actor: Actor, reason: str = ""
    ) -> FiledRequest:
        """Reject, postpone, cancel, resubmit a request on its own."""
        return self._filing.act_on_request(network, request_id, command, actor=actor, reason=reason)

    def requests(
        self, network: str, *, month: str | None = None, states: Sequence[State] = (), outage_id: str | None = None
    ) -> list[FiledRequest]:
        """Requests of a network, of one month by their offered days."""
        return self._filing.requests(network, month=month, states=states, outage_id=outage_id)

    def request(self, network: str, request_id: str) -> FiledRequest:
        """One request; raises UnableToFindPlanned."""
        return self._filing.request(network, request_id)

    def assess_request(
        self, network: str, request_id: str, *, actor: Actor, start: datetime | None = None
    ) -> tuple[int, Assessment]:
        """Assess one request on its own, at its wanted start unless told; stored, and the request is assessed."""
        return self._filing.assess_request(network, request_id, actor=actor, start=start)

    def study_request(self, network: str, request: WorkRequest, *, start: datetime | None = None) -> Assessment:
        """One request on its own, that is not kept: its work and the switching it takes, in whole half hours."""
        return self._studies.study_request(network, request, start=start)

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
        return self._outages.merge(network, request_ids, period=period, actor=actor, outage_id=outage_id)

    def outage(self, outage_id: str) -> PlannedOutage:
        """One outage; raises UnableToFindPlanned."""
        return self._outages.outage(outage_id)

    def outages(self, network: str, *, month: str | None = None, states: Sequence[State] = ()) -> list[PlannedOutage]:
        """Outages of a network by start."""
        return self._outages.outages(network, month=month, states=states)

    def possible(self, outage_id: str, role: Role | None = None) -> list[Command]:
        """What may be asked of an outage next (by a role); gates are asked when it is tried."""
        return self._outages.possible(outage_id, role)

    def assess_outage(self, outage_id: str, *, actor: Actor) -> tuple[int, Assessment]:
        """Assess an outage as a whole at its time; stored, and an approval on other facts is void."""
        return self._outages.assess_outage(outage_id, actor=actor)

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
        `version` is not the present one."""
        return self._outages.act(
            outage_id, command, actor=actor, version=version, reason=reason, delay_code=delay_code, period=period, at=at,
            with_requests=with_requests,
        )  # fmt: skip

    def plan_month(
        self, network: str, month: str, *, actor: Actor, seconds: float = 30.0, seed: int = 0, workers: int = 2
    ) -> Stored:
        """Plan a month: open requests get dates, agreed outages stay; the plan is kept, nothing else changes yet."""
        return self._months.plan_month(network, month, actor=actor, seconds=seconds, seed=seed, workers=workers)

    def month_case(self, network: str, month: str) -> tuple[MonthCase, list[PlannedOutage]]:
        """The problem of a month as it stands now, and the outages already in it."""
        return self._months.month_case(network, month)

    def month(self, network: str, month: str) -> dict[str, Any]:
        """The month board: the newest plan, the outages as they stand, the requests without a date."""
        return self._months.month(network, month)

    def adopt_month(self, network: str, month: str, *, actor: Actor, plan_id: int | None = None) -> list[PlannedOutage]:
        """Make outages of the newest plan (`adoption`); returns those that now stand by it, balanced and later ones apart."""
        return self._months.adopt_month(network, month, actor=actor, plan_id=plan_id)

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
        return self._studies.study(
            network, requests, period=period, nature=nature, equipment_ids=equipment_ids, starts=starts,
            except_outage=except_outage, told=told,
        )  # fmt: skip

    def study_outage(self, outage: PlannedOutage) -> Assessment:
        """An assessment of an outage, as it stands or might stand, that is not kept."""
        return self._studies.study_outage(outage)

    def preview_move(self, outage_id: str, start: datetime, end: datetime | None = None) -> dict[str, Any]:
        """What moving an outage would change, or giving it another length (`end`), before anything is saved."""
        return self._studies.preview_move(outage_id, start, end)

    def assessment(self, identity: int) -> Stored:
        """A stored assessment; raises UnableToFindPlanned."""
        return self._studies.assessment(identity)

    def assessment_of(self, *, outage_id: str = "", request_id: str = "", network: str = "") -> Stored:
        """The newest assessment of an outage or a request; raises UnableToFindPlanned."""
        return self._studies.assessment_of(outage_id=outage_id, request_id=request_id, network=network)

    def set_budget(self, network: str, budget: Budget, *, actor: Actor) -> None:
        """Allot customer-hours to a unit for a month."""
        self._given.set_budget(network, budget, actor=actor)

    def budgets(self, network: str, month: str) -> dict[str, Budget]:
        """Budgets of a month with what is used and committed."""
        return self._given.budgets(network, month)

    def protect(self, network: str, periods: Iterable[ProtectedPeriod], *, actor: Actor) -> None:
        """Enter protected periods: festivals, elections, weather warnings."""
        self._given.protect(network, periods, actor=actor)

    def protected(self, network: str, period: Period) -> list[ProtectedPeriod]:
        """Protected periods that touch a period, those of the yearly calendar included."""
        return self._given.protected(network, period)

    def calendar(self) -> WorkingCalendar:
        """The days people rest: the shipped ones with those entered over them."""
        return self._given.calendar()

    def set_days(self, days: Sequence[CalendarDay], *, actor: Actor) -> None:
        """Enter holidays, and days worked in their place."""
        self._given.set_days(days, actor=actor)

    def approve_emergency_plan(self, network: str, name: str, *, actor: Actor) -> None:
        """Record that a customer or usage point has an approved emergency plan."""
        self._given.approve_emergency_plan(network, name, actor=actor)

    def promises(self, network: str, *, courses: Mapping[str, Course] | None = None) -> list[Promise]:
        """How the promised restorations of the outages under way stand, most pressing first."""
        return self._reviews.promises(network, courses=courses)

    def delay_causes(self, network: str, *, year: int) -> list[Cause]:
        """Causes of the late restorations of a year, costliest first, by unit, crew and department."""
        return self._reviews.delay_causes(network, year=year)

    def transferable(self, network: str, month: str) -> tuple[FeederTransfer, ...]:
        """The feeders with load, each with whether its ties carry it in the month (可转供电率). Computed once for the same
        network, loads and rules, then kept in memory."""
        return self._reviews.transferable(network, month)

    def review_month(self, network: str, month: str, *, with_feeders: bool = False) -> Review:
        """Planned against actual of a month, with the indices of management; `with_feeders` their transfers are checked."""
        return self._reviews.review_month(network, month, with_feeders=with_feeders)

    def positions(self, network: str) -> Bools:
        """Switch positions as an outage to come finds them: what those under way have operated is put back (`grounds`)."""
        return self._facts.positions(network)
