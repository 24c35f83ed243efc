"""Assessments (评估) that are made, compared with what else is agreed, or found again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from everlit.kernel import Finding, Period
from everlit.planning import store
from everlit.planning.agreement import Reach, Standing, disagreements, reach_of, reach_of_equipment
from everlit.planning.assess import Assessment, assess
from everlit.planning.important import sources_of
from everlit.planning.lifecycle import Command
from everlit.planning.model import Nature, Outcome, PlannedOutage, State, WorkRequest
from everlit.planning.month import SLOT_MIN, slots_of
from everlit.planning.repeats import counting_window
from everlit.planning.service.desk import Desk
from everlit.planning.service.facts import Facts
from everlit.planning.service.given import Given
from everlit.planning.service.periods import wanted_start
from everlit.planning.service.refusals import outage_subject, unknown
from everlit.planning.service.states import COMMITTED, FIXED, OPEN, SWITCHED
from everlit.planning.store import Stored
from everlit.platform.database import reading


@dataclass
class Studies:
    """What would this do, and what stands against it?"""

    desk: Desk
    given: Given
    facts: Facts

    def study_request(self, network: str, request: WorkRequest, *, start: datetime | None = None) -> Assessment:
        """One request on its own, that is not kept: its work and the switching it takes, in whole half hours."""
        begin = wanted_start(request, start)
        bare = self.study(network, [request], period=Period(begin, begin + request.duration))
        slots = slots_of(request.duration_min + bare.plan.out_min + bare.plan.back_min)
        return self.study(network, [request], period=Period(begin, begin + timedelta(minutes=SLOT_MIN * slots)))

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
        grid, policies = self.desk.grid(network), self.desk.policies()
        month = f"{period.start.astimezone(self.desk.zone):%Y-%m}"
        with reading(self.desk.engine) as connection:
            window = counting_window(period.start, policies=policies, zone=self.desk.zone)
            history = self.facts.counting(
                connection, network, window, policies, on=period.start.date(), but=except_outage
            )
            protected = self.given.protected_in(connection, network, period)
            plans = store.emergency_plans(connection, network)
            budgets = self.given.budgets_in(connection, network, month, {except_outage})
        return assess(
            requests,
            grid=grid,
            closed=self.facts.positions(network),
            period=period,
            forecast=self.desk.forecasts(grid, self.desk.time_zone),
            policies=policies,
            now=self.desk.clock(),
            equipment_ids=equipment_ids,
            starts=starts,
            nature=nature,
            history=history,
            budgets=budgets,
            protected=protected,
            plans=plans,
            told=told,
            zone=self.desk.zone,
        )

    def study_outage(self, outage: PlannedOutage) -> Assessment:
        """An assessment of an outage, as it stands or might stand, that is not kept."""
        with reading(self.desk.engine) as connection:
            requests, told = self.desk.requests_of(connection, outage), self.facts.told(connection, outage)
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
        outage = self._standing(outage_id)
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

    def _standing(self, outage_id: str) -> PlannedOutage:
        with reading(self.desk.engine) as connection:
            return self.desk.find_outage(connection, outage_id)

    def _conflicts(self, outage: PlannedOutage, made: Assessment) -> list[Finding]:
        """What stands against an outage at its time, proposed outages included."""
        with reading(self.desk.engine) as connection:
            reach = reach_of(made.grid, self.facts.positions(outage.network), made.as_json(households=False))
            return self._disagreements(connection, outage, reach, beside=(*OPEN, *COMMITTED))

    def against(
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
        ended = min(self.desk.clock(), outage.period.start)
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
        grid, mine = self.desk.grid(outage.network), self.desk.requests_of(connection, outage)
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
            Standing(one, tuple(self.desk.requests_of(connection, one)), self._reach(connection, one))
            for name, one in near.items()
            if name != outage.outage_id
        ]
        for name in sorted(linked - set(near) - {outage.outage_id, ""}):
            one = self.desk.find_outage(connection, name)
            others.append(Standing(one, tuple(self.desk.requests_of(connection, one)), Reach()))
        return disagreements(
            Standing(outage, tuple(mine), reach),
            others,
            zone=self.desk.zone,
            sources={name: {grid.section_name(point.section) for point in points}
                     for name, points in sources_of(grid).items()},
            unplaced=wanted - {one.request.request_id for one in placed},
            calendar=self.given.working(connection),
        )  # fmt: skip

    def _reach(self, connection: Connection, outage: PlannedOutage) -> Reach:
        """What an outage takes of the network by its newest assessment, else at least what is worked on."""
        grid = self.desk.grid(outage.network)
        stored = store.find_assessment(connection, subject=outage_subject(outage))
        if stored is None:
            return reach_of_equipment(grid, outage.equipment_ids)
        return reach_of(grid, self.facts.positions(outage.network), stored.body)

    def assessment(self, identity: int) -> Stored:
        """A stored assessment; raises UnableToFindPlanned."""
        with reading(self.desk.engine) as connection:
            found = store.find_assessment(connection, identity=identity)
        if found is None:
            raise unknown("assessment", str(identity))
        return found

    def assessment_of(self, *, outage_id: str = "", request_id: str = "", network: str = "") -> Stored:
        """The newest assessment of an outage or a request; raises UnableToFindPlanned."""
        subject = f"outage:{outage_id}" if outage_id else f"request:{network}/{request_id}"
        with reading(self.desk.engine) as connection:
            found = store.find_assessment(connection, subject=subject)
        if found is None:
            raise unknown("assessment", subject)
        return found
