"""Outages (停电单): formed of requests, assessed as a whole, led through the lifecycle step by step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from everlit.grid import Grid
from everlit.kernel import Period
from everlit.planning import store
from everlit.planning.agreement import starts_inside
from everlit.planning.assess import Assessment
from everlit.planning.lifecycle import STAMPS, Command, advance, package, possible
from everlit.planning.model import DelayCode, PlannedOutage, Role, State, WorkRequest
from everlit.planning.service.desk import Desk
from everlit.planning.service.facts import Facts
from everlit.planning.service.filing import Filing
from everlit.planning.service.periods import month_period
from everlit.planning.service.refusals import UnableToPlan, fault, outage_subject, request_subject
from everlit.planning.service.states import CHECKED_AGAIN
from everlit.planning.service.studies import Studies
from everlit.planning.service.verdicts import Verdicts
from everlit.planning.store import FiledRequest
from everlit.planning.temporary import nature_of
from everlit.platform.database import reading, writing
from everlit.platform.events import Actor, history

EVERY_EVENT = 100_000
"""More events than one request or outage ever has."""


@dataclass
class Outages:
    """Forms outages and takes the steps of their lifecycle."""

    desk: Desk
    facts: Facts
    studies: Studies
    verdicts: Verdicts
    filing: Filing

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
        with writing(self.desk.engine) as connection:
            filed = [self.desk.find_request(connection, network, name) for name in dict.fromkeys(request_ids)]
            for one in filed:
                verdict, facts = self.filing.own_study(connection, one)
                self.filing.allow(one, Command.MERGE, actor, verdict=verdict, facts_now=facts)
            return self.package(connection, network, filed, period, outage_id, actor)

    def package(
        self,
        connection: Connection,
        network: str,
        filed: Sequence[FiledRequest],
        period: Period,
        outage_id: str | None,
        actor: Actor,
        starts: Sequence[datetime] = (),
    ) -> PlannedOutage:
        """Put requests into a new outage, within the caller's transaction."""
        if not filed:
            raise UnableToPlan(fault("merge.empty", network, "An outage needs a request.", "停电单至少包含一项申请。"))
        requests = [one.request for one in filed]
        starts = starts or starts_inside(requests, period, zone=self.desk.zone)
        outage = package(
            outage_id or self._outage_name(connection, requests, period),
            network=network,
            request_ids=[one.request_id for one in requests],
            equipment_ids=[name for one in requests for name in one.equipment_ids],
            period=period,
            nature=nature_of(requests, period, policies=self.desk.policies(), zone=self.desk.zone),
            units=units_of(self.desk.grid(network), [name for one in requests for name in one.equipment_ids]),
            requesters=[name for one in filed for name in self._handled_by(connection, one)],
            starts=starts,
        )
        if store.find_outage(connection, outage.outage_id) is not None:
            en, zh = f"{outage.outage_id} exists already.", f"{outage.outage_id} 已存在。"
            raise UnableToPlan(fault("outage.exists", outage.outage_id, en, zh))
        store.open_outage(connection, outage)
        for one in filed:
            store.change_request(connection, replace(one, state=State.MERGED, outage_id=outage.outage_id))
        body = {"requests": list(outage.request_ids), "period": period.as_json(), "nature": outage.nature.value}
        self.desk.event(connection, actor, "outage.merged", outage_subject(outage), body)
        return outage

    def _handled_by(self, connection: Connection, filed: FiledRequest) -> set[str]:
        """Who asks, and everybody who submitted or revised the request: none of them approves it."""
        told = history(connection, subject=request_subject(filed), limit=EVERY_EVENT)
        kinds = {"planning.request.submitted", "planning.request.revised"}
        named = {str(event.body.get("requester", "")) for event in told}
        return {filed.request.requester, *named, *(event.actor.name for event in told if event.kind in kinds)} - {""}

    def _planned_by(self, connection: Connection, outage: PlannedOutage) -> tuple[str, ...]:
        """Everybody who assessed or balanced the outage."""
        told = history(connection, subject=outage_subject(outage), limit=EVERY_EVENT)
        kinds = {"planning.outage.assessed", "planning.outage.balance"}
        return tuple(sorted({event.actor.name for event in told if event.kind in kinds}))

    def _outage_name(self, connection: Connection, requests: Sequence[WorkRequest], period: Period) -> str:
        """A name people can read, and never one that was used before."""
        day = f"{period.start.astimezone(self.desk.zone):%y%m%d}"
        name = f"O-{day}-{min(request.request_id for request in requests)}"
        number, free = 1, name
        while store.find_outage(connection, free) is not None:
            number += 1
            free = f"{name}.{number}"
        return free

    def outage(self, outage_id: str) -> PlannedOutage:
        """One outage; raises UnableToFindPlanned."""
        with reading(self.desk.engine) as connection:
            return self.desk.find_outage(connection, outage_id)

    def outages(self, network: str, *, month: str | None = None, states: Sequence[State] = ()) -> list[PlannedOutage]:
        """Outages of a network by start."""
        with reading(self.desk.engine) as connection:
            during = month_period(month, self.desk.zone) if month else None
            return store.outages(connection, network, during=during, states=states)

    def possible(self, outage_id: str, role: Role | None = None) -> list[Command]:
        """What may be asked of an outage next (by a role); gates are asked when it is tried."""
        return possible(self.outage(outage_id).state, role)

    def assess_outage(self, outage_id: str, *, actor: Actor) -> tuple[int, Assessment]:
        """Assess an outage as a whole at its time; stored, and an approval on other facts is void."""
        outage = self.outage(outage_id)
        made = self.studies.study_outage(outage)
        with writing(self.desk.engine) as connection:
            now = self.desk.find_outage(connection, outage_id)
            facts = self.facts.of_outage(connection, now, made.as_json(households=False))
            case = self.desk.case(now, Command.ASSESS, actor, verdict=made.verdict, facts_now=facts)
            after = advance(replace(case, told=self.facts.told(connection, now)))
            store.change_outage(connection, after, made_on=now.version)
            self.follow(connection, after)
            identity = self.desk.keep(connection, outage.network, outage_subject(outage), made)
            body = {"assessment_id": identity, "fingerprint": made.fingerprint}
            self.desk.event(connection, actor, "outage.assessed", outage_subject(outage), body)
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
        with writing(self.desk.engine) as connection:
            outage = self.desk.find_outage(connection, outage_id)
            if version is not None and version != outage.version:
                en = f"{outage_id} is at version {outage.version}, the change was made on {version}."
                zh = f"{outage_id} 现为版本 {outage.version}，修改基于版本 {version}。"
                raise store.UnableToRecord(fault("conflict", outage_id, en, zh))
            verdict = self.verdicts.of(connection, outage, again=command in CHECKED_AGAIN)
            stored = self.desk.own_assessment(connection, outage)
            facts = self.facts.of_outage(connection, outage, stored.body) if stored else ""
            case = self.desk.case(outage, command, actor, verdict=verdict, facts_now=facts)
            against = self.studies.against(connection, outage, command, period)
            case = replace(case, reason=reason, delay_code=delay_code, period=period, against=against)
            case = replace(case, planned_by=self._planned_by(connection, outage))
            after = advance(replace(case, happened=at if command in STAMPS else None))
            if after.period != outage.period:
                after = self._of_its_month(connection, after)
            store.change_outage(connection, after, made_on=outage.version)
            self.follow(connection, after)
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
            self.desk.event(connection, actor, f"outage.{command.value}", outage_subject(outage), body)
        return after

    def _of_its_month(self, connection: Connection, outage: PlannedOutage) -> PlannedOutage:
        """Planned or temporary as the freeze of the month it was moved to says."""
        requests = self.desk.requests_of(connection, outage)
        nature = nature_of(requests, outage.period, policies=self.desk.policies(), zone=self.desk.zone)
        return replace(outage, nature=nature)

    def follow(self, connection: Connection, outage: PlannedOutage) -> None:
        """The requests of an outage stand where it stands; a rejected or cancelled outage gives them back."""
        released = outage.state in (State.REJECTED, State.CANCELLED)
        for filed in store.filed_requests(connection, outage.network, outage_id=outage.outage_id):
            state = State.ASSESSED if released else outage.state
            owner = "" if released else outage.outage_id
            if (filed.state, filed.outage_id) != (state, owner):
                store.change_request(connection, replace(filed, state=state, outage_id=owner))

    def _cancel_requests(self, connection: Connection, outage: PlannedOutage, actor: Actor, reason: str) -> None:
        for name in outage.request_ids:
            filed = self.desk.find_request(connection, outage.network, name)
            state = self.filing.allow(filed, Command.CANCEL, actor, reason=reason)
            store.change_request(connection, replace(filed, state=state))
            body = {"from": filed.state.value, "to": state.value, "reason": reason, "outage_id": outage.outage_id}
            self.desk.event(connection, actor, "request.cancel", request_subject(filed), body)


def units_of(grid: Grid, equipment_ids: Sequence[str]) -> list[str]:
    """Operating units whose feeders the equipment belongs to in the normal state."""
    units = grid.network.tables["feeders"].column("unit").to_pylist()
    sections = {section for name in equipment_ids for section in grid.equipment(name).sections}
    feeders = {int(grid.normal_feeder[section]) for section in sections} - {-1}
    return sorted({units[feeder] or "" for feeder in feeders})
