"""Control in use: a step is told, kept, and acts at once: on the positions of switches, the promise, the ledger."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine

from everlit.control import store
from everlit.control.astray import Astray, Spells, astray, cut_off, spells
from everlit.control.model import DoneStep, Progress
from everlit.control.nature import cause_of, nature_of
from everlit.control.steps import Desk, Tickets, UnableToTick, as_planned, next_step, operations, progress, ticked
from everlit.grid import Grid
from everlit.grid.columns import Bools
from everlit.grid.state import positions
from everlit.grid.store import SwitchOperation, operations_until, record_operations
from everlit.kernel import Finding, Text
from everlit.ledger.service import Ledger
from everlit.planning import store as planning_store
from everlit.planning.delays import RUNNING, Course, Promise, course_of, promise
from everlit.planning.model import PlannedOutage, Role
from everlit.planning.service import Planning
from everlit.platform.database import reading, writing
from everlit.platform.events import Actor, record
from everlit.switching.ticket import Direction, Ticket

TELLERS = (Role.CREW.value, Role.DISPATCHER.value)
"""Who tells steps."""


@dataclass(frozen=True)
class Execution:
    """An outage under way as the control room sees it: its tickets, what was done, how far each has come."""

    outage: PlannedOutage
    tickets: Tickets
    done: tuple[DoneStep, ...]
    progress: Mapping[Direction, Progress]
    astray: Astray

    def as_json(self) -> dict[str, Any]:
        """Every step as planned and as done, the next one of each way, and who is dead against the plan."""
        done = {(one.way, one.number): one for one in self.done}
        ways = {}
        for way, ticket in self.tickets.items():
            turn = next_step(ticket, self.done)
            rows = [
                {**step.as_json(), "done": one.as_json() if (one := done.get((way, step.number))) else None}
                for step in ticket.steps
            ]
            ways[way.value] = {**self.progress[way].as_json(), "next": turn and turn.number, "rows": rows}
        return {"outage_id": self.outage.outage_id, "ways": ways, "astray": self.astray.as_json()}


@dataclass
class Control:
    """The use cases of control on one store."""

    engine: Engine
    planning: Planning
    ledger: Ledger
    grid: Callable[[str], Grid]
    clock: Callable[[], datetime]
    reactions: Callable[[Connection, str, str, Mapping[str, Any]], None] = lambda *_: None
    """What others do about a step, inside its transaction."""

    # ----------------------------------------------------------------------------------------- telling
    def tell(
        self,
        outage_id: str,
        steps: Sequence[DoneStep],
        *,
        actor: Actor,
    ) -> Execution:
        """Record steps as done, all or none; raises UnableToTick, UnableToFindPlanned, UnableToFindEquipment.

        A step that operates a switch moves the present position of that switch in the same transaction.
        """
        if actor.role not in TELLERS:
            words = Text(f"Steps are told by {', '.join(TELLERS)}.", f"步骤由 {'、'.join(TELLERS)} 登记。")
            raise UnableToTick(Finding("control.role", actor.name, words))
        now = self.clock()
        with writing(self.engine) as connection:
            outage = self._outage(connection, outage_id)
            grid, tickets = self.grid(outage.network), self._tickets(connection, outage)
            done = store.steps_done(connection, outage_id)
            for step in steps:
                if step.device:
                    grid.switch(step.device)
                done = ticked(Desk(outage, tickets, done, now), step)
                store.keep_step(connection, outage_id, step, told_at=now)
                moved = [SwitchOperation(one.switch_id, one.closed, one.at, now) for one in operations(tickets, [step])]
                record_operations(connection, outage.network, moved, actor=actor, at=now)
                subject, body = f"outage:{outage_id}", step.as_json()
                record(connection, actor=actor, at=now, kind="control.step", subject=subject, body=body)
            self.reactions(connection, "control.step", f"outage:{outage_id}", {"steps": len(steps)})
            return self._execution(connection, outage, tickets, done)

    def execution(self, outage_id: str) -> Execution:
        """How far an outage has come; raises UnableToFindPlanned."""
        with reading(self.engine) as connection:
            outage = self._outage(connection, outage_id)
            done = store.steps_done(connection, outage_id)
            return self._execution(connection, outage, self._tickets(connection, outage), done)

    def going(self, connection: Connection, outage: PlannedOutage) -> tuple[Promise, Astray]:
        """How the promise of an outage stands by its steps, and who is dead against the plan."""
        now = self._execution(
            connection, outage, self._tickets(connection, outage), store.steps_done(connection, outage.outage_id)
        )
        course = self._course(connection, outage) or Course()
        made = promise(outage, now=self.clock(), course=course, policies=self.planning.policies())
        return made, now.astray

    def strayed(self, connection: Connection, outage: PlannedOutage) -> Spells:
        """Who was ever dead against the plan of an outage, by its steps as told, until supply came back."""
        until = outage.execution.restored_at or self.clock()
        done = store.steps_done(connection, outage.outage_id)
        before = self._before(connection, outage)
        return spells(self.grid(outage.network), before, self._tickets(connection, outage), done, until=until)

    def still_off(self, connection: Connection, outage: PlannedOutage) -> Astray:
        """Whom the switches an outage operated leave without supply as they stand now; nobody where no step was told."""
        grid, before = self.grid(outage.network), self._before(connection, outage)
        done = store.steps_done(connection, outage.outage_id)
        moved = operations(self._tickets(connection, outage), done)
        mine = [grid.switch(one.switch_id) for one in moved if grid.find(one.switch_id, "earths") < 0]
        at, now = self.clock(), before.copy()
        now[mine] = positions(grid, operations_until(connection, outage.network, at=at), at=at)[mine]
        off = cut_off(grid, before, now)
        return Astray(grid, off, off[:0])

    def promises(self, network: str) -> list[Promise]:
        """How the promises of outages under way stand, by the steps done so far."""
        with reading(self.engine) as connection:
            running = planning_store.outages(connection, network, states=RUNNING)
            courses = {one.outage_id: course for one in running if (course := self._course(connection, one))}
        return self.planning.promises(network, courses=courses)

    # ------------------------------------------------------------------------------------------ booking
    def book(self, connection: Connection, outage: PlannedOutage, *, actor: Actor) -> None:
        """Write a restored outage into the ledger, inside the caller's transaction: the steps as told, else as planned."""
        tickets = self._tickets(connection, outage)
        done = store.steps_done(connection, outage.outage_id)
        if not done:
            done = as_planned(tickets, outage.execution, by=actor.name)
        moved = operations(tickets, done)
        if not moved or outage.execution.restored_at is None:
            return
        requests = self._requests(connection, outage)
        self.ledger.record_steps_in(
            connection,
            outage.network,
            moved,
            event_id=outage.outage_id,
            nature=nature_of(outage, requests),
            cause=cause_of(outage, requests),
            before=self._before(connection, outage),
            until=max(outage.execution.restored_at, moved[-1].at + timedelta(seconds=1)),
            actor=actor,
        )

    # ---------------------------------------------------------------------------------------- internals
    def _outage(self, connection: Connection, outage_id: str) -> PlannedOutage:
        found = planning_store.find_outage(connection, outage_id)
        if found is None:
            words = Text(f"No outage {outage_id}.", f"没有停电单 {outage_id}。")
            raise planning_store.UnableToFindPlanned(Finding("planning.outage.unknown", outage_id, words))
        return found

    def _tickets(self, connection: Connection, outage: PlannedOutage) -> Tickets:
        """The tickets of the assessment the outage stands on; empty ones where it has none."""
        body = self._assessment(connection, outage)
        if body is None:
            return {way: Ticket(way, Text("", ""), ()) for way in Direction}
        return {way: Ticket.from_json(body["ticket"][way.value]) for way in Direction}

    def _assessment(self, connection: Connection, outage: PlannedOutage) -> Mapping[str, Any] | None:
        subject = f"outage:{outage.outage_id}"
        stored = planning_store.find_assessment(connection, subject=subject, fingerprint=outage.assessment)
        return stored.body if stored and outage.assessment else None

    def _requests(self, connection: Connection, outage: PlannedOutage) -> list[Any]:
        found = [planning_store.find_request(connection, outage.network, name) for name in outage.request_ids]
        return [one.request for one in found if one is not None]

    def _before(self, connection: Connection, outage: PlannedOutage) -> Bools:
        """Positions just before the switching began."""
        begun = (outage.execution.off_at or self.clock()) - timedelta(microseconds=1)
        told = operations_until(connection, outage.network, at=begun)
        return positions(self.grid(outage.network), told, at=begun)

    def _execution(
        self, connection: Connection, outage: PlannedOutage, tickets: Tickets, done: tuple[DoneStep, ...]
    ) -> Execution:
        begun = {Direction.OUT: outage.execution.off_at, Direction.BACK: outage.execution.restoring_at}
        come = {way: progress(ticket, done, begun=begun[way]) for way, ticket in tickets.items()}
        off = astray(self.grid(outage.network), self._before(connection, outage), tickets, done)
        return Execution(outage, tickets, done, come, off)

    def _course(self, connection: Connection, outage: PlannedOutage) -> Course | None:
        """Minutes out, of work and back, those already walked as they were walked; None where nothing is told."""
        body, done = self._assessment(connection, outage), store.steps_done(connection, outage.outage_id)
        if body is None or not done:
            return None
        course, tickets, ran = course_of(body), self._tickets(connection, outage), outage.execution
        out = progress(tickets[Direction.OUT], done, begun=ran.off_at)
        back = progress(tickets[Direction.BACK], done, begun=ran.restoring_at)
        if out.late_min is not None:
            course = replace(course, out_min=course.out_min + out.late_min)
        return course if back.late_min is None else replace(course, back_min=course.back_min + back.late_min)
