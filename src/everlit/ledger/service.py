"""The ledger in use (台账): load, decide, record; what was recorded, settled, as known at any instant.

Every recording is one transaction with its event. What is asked is computed from rows that never change, over the
network version that was known at that instant.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Engine

from everlit.grid import Grid, compile_network
from everlit.grid.columns import Bools, Ints
from everlit.grid.store import stored_network
from everlit.kernel import Finding, Period, Policies, Text
from everlit.ledger import store
from everlit.ledger.book import Book, Recorded, book, earlier, interruptions
from everlit.ledger.columns import Interruptions, Seconds, Subjects, epoch_s
from everlit.ledger.content import content_hashes
from everlit.ledger.correcting import Correction, correction, withdrawal
from everlit.ledger.deciding import Revisions, chosen, decide
from everlit.ledger.difference import Difference, difference
from everlit.ledger.drafting import draft
from everlit.ledger.faults import Faults
from everlit.ledger.gone import with_gone
from everlit.ledger.happened import Event, Happened, happened
from everlit.ledger.model import CAUSES, NATURES, Cause, Nature, SubjectKind
from everlit.ledger.outcome import Imported, Recording, UnableToFindSubject, UnableToRecord
from everlit.ledger.places import Places
from everlit.ledger.reading import read_records
from everlit.ledger.register import Register, places_of
from everlit.ledger.replay import Operated, replay
from everlit.ledger.roster import Roster, roster
from everlit.ledger.segments import Segments, Starts, segments, starts
from everlit.ledger.settle import Darkness
from everlit.ledger.statement import Drafts, Statement
from everlit.ledger.tabular import read_sheet
from everlit.ledger.timeline import Timeline, timeline
from everlit.platform.database import reading, writing
from everlit.platform.events import Actor, record

RECORDERS = ("reliability", "dispatcher", "planner", "system")
"""Roles that write to the ledger."""

LONGEST_REASON = 400


@dataclass(frozen=True, slots=True)
class Act:
    """An act of recording: its kind, who acts, why, and from which file."""

    kind: str
    actor: Actor
    reason: str = ""
    file: str = ""


@dataclass
class Ledger:
    """The use cases of the ledger on one store."""

    engine: Engine
    grid: Callable[[str], Grid]
    clock: Callable[[], datetime]
    zone: tzinfo
    policies: Callable[[], Policies]
    _rosters: dict[str, Roster] = field(default_factory=dict)
    _registers: dict[str, Register] = field(default_factory=dict)

    # --------------------------------------------------------------------------------------- recording
    def import_file(
        self,
        network: str,
        source: Path | bytes,
        *,
        actor: Actor,
        name: str = "",
        said_by: str = "import",
        revise: str = "",
    ) -> Imported:
        """Import interruptions of the past: good rows in one transaction, faults told row by row.

        The same file again changes nothing. Where a reference now says something else it is refused, or, with the
        reason `revise`, recorded as its next revision. Raises UnableToReadInterruptions for a file that is none,
        UnableToRecord when no row is good.
        """
        self._may(actor)
        name = name or (source.name if isinstance(source, Path) else "interruptions.csv")
        who, now = self._roster(self.grid(network)), self.clock()
        sheet = read_sheet(source, name=name)
        faults, places = Faults(sheet), Places(who)
        review = self.policies().row("ledger.review", on=now.astimezone(self.zone).date())
        records = read_records(sheet, places, faults, zone=self.zone, now=now, review=review)
        made = draft(sheet, records, places, faults, source=said_by)
        hashes = content_hashes(made.drafts, who)
        with writing(self.engine) as connection:
            store.take_turns(connection)
            known = self._revisions(connection, network, made.drafts)
            decision = decide(made.drafts, hashes, known, revise=bool(revise))
            rows = np.append(decision.contradicts, np.False_)[made.statement]
            words = Text(
                "it says something else than what is recorded under this reference.", "与已登记的同号记录内容不同。"
            )
            faults.note("conflict", "event_id", rows, words)
            kept = [one for one, new in zip(hashes, decision.recorded.tolist(), strict=True) if new]
            act = Act("import", actor, revise, name)
            done = self._append(connection, network, chosen(made.drafts, decision), kept, who, act)
        refused = int(faults.bad.sum()) + len(sheet.ragged)
        recording = replace(done, unchanged=decision.unchanged, revised=int(decision.revised.sum()))
        result = Imported(name, sheet.rows + len(sheet.ragged), refused, recording, faults)
        if not len(made.drafts) or decision.contradicts.all():
            raise UnableToRecord(*(list(result.findings()) or [_nothing(name)]))
        return result

    def record_steps(
        self,
        network: str,
        operations: Iterable[Operated],
        *,
        event_id: str,
        nature: Nature,
        cause: Cause = Cause.UNKNOWN,
        before: Bools,
        actor: Actor,
        until: datetime | None = None,
        revise: str = "",
    ) -> Recording:
        """Record who was dead while switches were operated, from the state `before` (bool per switch).

        Operations are executed or replayed ones; what is dead after the last is dead until `until`. The same steps
        again change nothing; other steps of the same event need the reason `revise`. Raises UnableToReplay,
        UnableToRecord.
        """
        with writing(self.engine) as connection:
            return self.record_steps_in(
                connection, network, operations, event_id=event_id, nature=nature, cause=cause, before=before, actor=actor,
                until=until, revise=revise,
            )  # fmt: skip

    def record_steps_in(
        self,
        connection: Connection,
        network: str,
        operations: Iterable[Operated],
        *,
        event_id: str,
        nature: Nature,
        before: Bools,
        actor: Actor,
        cause: Cause = Cause.UNKNOWN,
        until: datetime | None = None,
        revise: str = "",
    ) -> Recording:
        """`record_steps` inside the caller's transaction: the cause and its darkness are kept together or not at all."""
        self._may(actor)
        who = self._roster(self.grid(network))
        rows = replay(who, before, operations, until=until)
        rows = rows.take(np.lexsort((rows.start_s, rows.subject)))
        drafts = _one(event_id, nature, cause, "steps", rows)
        hashes = content_hashes(drafts, who)
        store.take_turns(connection)
        decision = decide(drafts, hashes, self._revisions(connection, network, drafts), revise=bool(revise))
        if decision.contradicts.any():
            words = Text(
                f"{event_id} was recorded with other steps: give a reason.",
                f"{event_id} 已按其他步骤登记:请说明原因。",
            )
            raise UnableToRecord(Finding("ledger.conflict", event_id, words))
        if not decision.recorded.any():
            return Recording(0, 0, 0, 1)
        made = chosen(drafts, decision)
        done = self._append(connection, network, made, hashes, who, Act("steps", actor, revise))
        return replace(done, revised=int(decision.revised.sum()))

    def correct(
        self,
        network: str,
        event_id: str,
        *,
        reason: str,
        actor: Actor,
        rows: Sequence[Correction] = (),
        nature: Nature | None = None,
        cause: Cause | None = None,
        only: bool = False,
    ) -> Recording:
        """Correct an event by a statement of the next revision: other times for some, others' times, nature or cause.

        With `only`, whoever `rows` do not name was not off. Raises UnableToRecord.
        """
        who = self._roster(self.grid(network))
        with self._correcting(actor, reason) as connection:
            known = self._about(connection, network, event_id)
            made = correction(known, Places(who), rows, nature=nature, cause=cause, only=only, now=self.clock())
            act = Act("correction", actor, reason)
            return self._append(connection, network, made, content_hashes(made, who), who, act)

    def withdraw(self, network: str, event_id: str, *, reason: str, actor: Actor) -> Recording:
        """Withdraw an event: nobody was off in it. What was said stays recorded."""
        who = self._roster(self.grid(network))
        with self._correcting(actor, reason) as connection:
            made = withdrawal(self._about(connection, network, event_id))
            act = Act("withdrawal", actor, reason)
            return self._append(connection, network, made, content_hashes(made, who), who, act)

    # ------------------------------------------------------------------------------------------ asking
    def interruptions(
        self,
        network: str,
        period: Period,
        *,
        kind: SubjectKind = SubjectKind.USAGE_POINT,
        known_at: datetime | None = None,
    ) -> Interruptions:
        """Every dead interval that touches a period, as known at an instant (now unless told); not clipped to it."""
        with reading(self.engine) as connection:
            return self._settled(connection, network, period, kind, known_at)

    def difference(
        self,
        network: str,
        period: Period,
        known_at_a: datetime,
        known_at_b: datetime | None = None,
        *,
        kind: SubjectKind = SubjectKind.USAGE_POINT,
    ) -> Difference:
        """What a report of the period said as known at `a` and says as known at `b` (now unless told)."""
        with reading(self.engine) as connection:
            subjects, place = self._subjects(connection, network, kind, known_at_b)
            sides = [
                interruptions(self._book(connection, network, period, known_at), subjects, place, period)
                for known_at in (known_at_a, known_at_b)
            ]
        return difference(*sides)

    def arrived(
        self, network: str, period: Period, known_at_a: datetime, known_at_b: datetime | None = None, *, most: int
    ) -> tuple[list[Statement], int]:
        """What was said of the events of a period between two states of knowledge: the first `most`, and how many."""
        with reading(self.engine) as connection:
            ends = sorted(store.known_batch(connection, network, at) for at in (known_at_a, known_at_b))
            numbers, count = store.arrived_between(
                connection, network, epoch_s(period.start), epoch_s(period.end), after=ends[0], until=ends[1], most=most
            )
            return store.told(connection, numbers), count

    def timeline(
        self, network: str, subject: str, *, kind: SubjectKind | None = None, known_at: datetime | None = None
    ) -> Timeline:
        """What happened to this meter: a usage point, a load, or an MV unit. Raises UnableToFindSubject."""
        with reading(self.engine) as connection:
            found_kind, identity, number = self._find(connection, network, subject, kind)
            rows = store.rows_about(connection, number) if number else _no_rows()
            batch = store.known_batch(connection, network, known_at)
            mine = {one.event_id for one in store.told(connection, np.unique(rows.owner).tolist())}
            recorded = store.statements_about(connection, network, sorted(mine), batch=batch)
            statements = store.told(connection, [one.number for one in recorded])
        return timeline(book(recorded, rows), statements, subject_id=identity, kind=found_kind)

    def events(self, network: str, period: Period, *, known_at: datetime | None = None) -> list[Happened]:
        """The events that touch a period, in order of time."""
        points, units = (self.interruptions(network, period, kind=kind, known_at=known_at) for kind in SubjectKind)
        return happened(points, units)

    def event(self, network: str, event_id: str, *, known_at: datetime | None = None) -> Event:
        """One event: all that was said, and its segments as settled. Raises UnableToRecord for an unknown one."""
        with reading(self.engine) as connection:
            known = self._about(connection, network, event_id, known_at)
            statements = store.told(connection, [one.number for one in known])
            rows = store.rows_of(connection, network, np.array([one.number for one in known], np.int32))
            told = book(known, rows).rows
            parts: dict[SubjectKind, Segments] = {}
            for kind in SubjectKind:
                found = self._settled(connection, network, _span(told), kind, known_at)
                own = np.asarray(pc.equal(found.events.ids.take(pa.array(found.event)), event_id), np.bool_)
                parts[kind] = segments(found.select(own))
        return Event(statements, parts)

    def dead_in(self, connection: Connection, network: str, event_id: str) -> tuple[list[str], Seconds, Seconds]:
        """Loads with their dead intervals of an event, in seconds since the epoch, as settled within the caller's
        transaction; nobody when nothing is recorded of it."""
        batch = store.known_batch(connection, network)
        known = store.statements_about(connection, network, [event_id], batch=batch)
        if not known:
            return [], np.zeros(0, np.int64), np.zeros(0, np.int64)
        rows = store.rows_of(connection, network, np.array([one.number for one in known], np.int32))
        found = self._settled(connection, network, _span(book(known, rows).rows), SubjectKind.USAGE_POINT, None)
        own = found.select(np.asarray(pc.equal(found.events.ids.take(pa.array(found.event)), event_id), np.bool_))
        return own.subjects.ids.take(pa.array(own.subject)).to_pylist(), own.start_s, own.end_s

    def segments(
        self,
        network: str,
        period: Period,
        *,
        kind: SubjectKind = SubjectKind.USAGE_POINT,
        known_at: datetime | None = None,
    ) -> Segments:
        """Who shares off and on time in an event, for the events that touch a period."""
        return segments(self.interruptions(network, period, kind=kind, known_at=known_at))

    def statements(self, network: str, event_id: str, *, known_at: datetime | None = None) -> list[Statement]:
        """Everything ever said about an event, in order of recording."""
        with reading(self.engine) as connection:
            batch = store.known_batch(connection, network, known_at)
            recorded = store.statements_about(connection, network, [event_id], batch=batch)
            return store.told(connection, [one.number for one in recorded])

    def starts(
        self, network: str, year: int, *, kind: SubjectKind = SubjectKind.USAGE_POINT, known_at: datetime | None = None
    ) -> tuple[Subjects, Starts]:
        """How often everyone was put out in a local year: what the repeat rules count."""
        first, after = (datetime(one, 1, 1, tzinfo=self.zone) for one in (year, year + 1))
        rows = self.interruptions(network, Period(first, after), kind=kind, known_at=known_at)
        return rows.subjects, starts(rows.begun_in(Period(first, after)))

    # --------------------------------------------------------------------------------------- internals
    def _may(self, actor: Actor) -> None:
        if actor.role not in RECORDERS:
            roles = ", ".join(RECORDERS)
            words = Text(
                f"{actor.role} does not write to the ledger; known: {roles}.",
                f"{actor.role} 不能登记台账;可用角色:{roles}。",
            )
            raise UnableToRecord(Finding("ledger.role", actor.name, words))

    @contextmanager
    def _correcting(self, actor: Actor, reason: str) -> Iterator[Connection]:
        """A transaction for somebody who may correct and says why."""
        self._may(actor)
        if not reason.strip() or len(reason) > LONGEST_REASON:
            words = Text(
                f"Give a reason of at most {LONGEST_REASON} letters.", f"请填写原因,不超过{LONGEST_REASON}字。"
            )
            raise UnableToRecord(Finding("ledger.reason", actor.name, words))
        with writing(self.engine) as connection:
            store.take_turns(connection)
            yield connection

    def _about(
        self, connection: Connection, network: str, event_id: str, known_at: datetime | None = None
    ) -> list[Recorded]:
        """Everything said about an event; raises UnableToRecord when nothing is."""
        batch = store.known_batch(connection, network, known_at)
        if known := store.statements_about(connection, network, [event_id], batch=batch):
            return known
        words = Text(f"The ledger knows no event {event_id}.", f"台账中没有事件 {event_id}。")
        raise UnableToRecord(Finding("event.unknown", event_id, words))

    def _append(
        self, connection: Connection, network: str, drafts: Drafts, hashes: Sequence[str], who: Roster, act: Act
    ) -> Recording:
        """Record statements and the event that says so, inside the caller's transaction."""
        if not len(drafts):
            return Recording(0, 0, 0, 0)
        batch = store.next_batch(connection)
        subjects = self._numbers(connection, network, drafts.rows.subject, who)
        store.append_statements(connection, network, batch, drafts, hashes, subjects, epoch_s(self.clock()))
        at = self.clock()
        store.close_batch(connection, network, batch, kind=act.kind, at=at, actor=act.actor.name, reason=act.reason)
        body = {"network": network, "batch": batch, "statements": len(drafts), "rows": len(drafts.rows)}
        body |= {"reason": act.reason, **({"file": act.file} if act.file else {})}
        subject = f"interruption:{drafts.event_ids[0]}" if len(drafts) == 1 else f"ledger:{network}"
        record(connection, actor=act.actor, at=at, kind=f"ledger.{act.kind}", subject=subject, body=body)
        return Recording(batch, len(drafts), len(drafts.rows), 0)

    def _numbers(self, connection: Connection, network: str, rows: Ints, who: Roster) -> Ints:
        """Register numbers of rows of a roster; whoever has none gets one."""
        known, number = self._register(connection, network), np.full(len(who), -1, np.int32)
        used = np.flatnonzero(np.bincount(rows, minlength=len(who)))
        for kind in SubjectKind:
            first = who.first(kind)
            mine = used[(used >= first) & (used < first + len(who.of(kind)))]
            names = who.ids.take(pa.array(mine))
            found = known.find(kind, names)
            new = np.flatnonzero(found < 0)
            found[new] = store.register(connection, network, kind, names.take(pa.array(new)).to_pylist())
            number[mine] = found
        return number[rows]

    def _register(self, connection: Connection, network: str) -> Register:
        known = self._registers.get(network) or Register(
            np.zeros(0, np.int32), np.zeros(0, np.int8), pa.array([], pa.string())
        )
        known = known.joined(store.registered(connection, network, after=known.last))
        self._registers[network] = known
        return known

    def _roster(self, grid: Grid) -> Roster:
        fingerprint = grid.network.fingerprint
        if fingerprint not in self._rosters:
            self._rosters[fingerprint] = roster(grid)
        return self._rosters[fingerprint]

    def _revisions(self, connection: Connection, network: str, drafts: Drafts) -> Revisions:
        return store.revisions(connection, network, set(drafts.source), set(drafts.source_ref))

    def _settled(
        self, connection: Connection, network: str, period: Period, kind: SubjectKind, known_at: datetime | None
    ) -> Interruptions:
        subjects, place = self._subjects(connection, network, kind, known_at)
        return interruptions(self._book(connection, network, period, known_at), subjects, place, period)

    def _book(self, connection: Connection, network: str, period: Period, known_at: datetime | None) -> Book:
        """Everything said about the events of a period, and of what was dark before it to those dark when it begins."""
        batch = store.known_batch(connection, network, known_at)
        first, last = epoch_s(period.start), epoch_s(period.end)
        among: Ints | None = None
        while True:
            recorded = store.statements_during(connection, network, first, last, batch=batch)
            numbers = np.array([one.number for one in recorded], np.int32)
            rows = store.rows_of(connection, network, numbers)
            before = earlier(rows, first, among)
            if before is None:
                return book(recorded, rows)
            first, among = before

    def _subjects(
        self, connection: Connection, network: str, kind: SubjectKind, known_at: datetime | None
    ) -> tuple[Subjects, Ints]:
        """Everyone of the network version as known then, and whoever was ever off and is in another version only; and
        the row of each register number."""
        who, register = self._known_roster(connection, network, known_at), self._register(connection, network)
        subjects = who.of(kind)
        numbers, ids = register.names(kind)
        for version, fingerprint in store.version_numbers(connection, network):
            place = places_of(register, subjects)
            if (place[numbers] >= 0).all():
                break
            subjects = with_gone(subjects, self._version(connection, network, version, fingerprint).of(kind), ids)
        return subjects, places_of(register, subjects)

    def _known_roster(self, connection: Connection, network: str, known_at: datetime | None) -> Roster:
        found = store.version_known(connection, network, known_at) if known_at is not None else None
        if found is None or found[2]:
            return self._roster(self.grid(network))
        return self._version(connection, network, *found[:2])

    def _version(self, connection: Connection, network: str, version: int, fingerprint: str) -> Roster:
        if fingerprint not in self._rosters:
            self._rosters[fingerprint] = roster(compile_network(stored_network(connection, network, version=version)))
        return self._rosters[fingerprint]

    def _find(
        self, connection: Connection, network: str, subject: str, kind: SubjectKind | None
    ) -> tuple[SubjectKind, str, int]:
        """Kind, identity and register number (0: never off) of a subject; raises UnableToFindSubject."""
        grid = self.grid(network)
        point = grid.find(subject, "usage_points")
        load = grid.network.tables["usage_points"].column("consumer_id")[point].as_py() if point >= 0 else subject
        for one, name in ((SubjectKind.USAGE_POINT, load), (SubjectKind.MV_UNIT, subject)):
            if kind in (None, one):
                names = pa.array([name], pa.string())
                number = int(self._register(connection, network).find(one, names)[0])
                if number > 0 or self._roster(grid).rows(one, names)[0] >= 0:
                    return one, name, max(number, 0)
        words = Text(
            f"{subject} is neither a usage point nor an MV unit.", f"{subject} 既不是用电点也不是中压统计单位。"
        )
        raise UnableToFindSubject(Finding("subject.unknown", subject, words))


def _one(event_id: str, nature: Nature, cause: Cause, source: str, rows: Darkness) -> Drafts:
    """One statement of the first revision, its reference the event itself."""
    natures, causes = np.array([NATURES.index(nature)], np.int8), np.array([CAUSES.index(cause)], np.int8)
    return Drafts([event_id], natures, causes, [source], [event_id], np.ones(1, np.int32), np.zeros(1, np.bool_), rows)


def _span(rows: Darkness) -> Period:
    """From the first off to the last on of some rows; a second of the epoch where there are none."""
    first = int(rows.start_s.min(initial=2**40)) if len(rows) else 0
    last = int(rows.end_s.max(initial=0))
    return Period(datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(max(last, first + 1), UTC))


def _no_rows() -> Darkness:
    nothing = np.zeros(0, np.int64)
    return Darkness(nothing.astype(np.int32), nothing, nothing, nothing.astype(np.int32))


def _nothing(name: str) -> Finding:
    return Finding("ledger.nothing", name, Text(f"{name} has no rows.", f"{name} 没有数据行。"))
