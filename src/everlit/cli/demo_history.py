"""The past of the demo (演示历史): years of interruptions, customers, two months of outages replayed, two of today.

    five years ─────────────────────► month before ─► this month ─► today
    fictional statements, imported    planned, told, switched, restored, booked, reconciled, closed    under way

Everything is made by the services people use, with a clock that stands in the past, so each view finds what it would
after years of use. Nothing in it happened. It is made once for a city; an interrupted run goes on where it stopped.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from everlit.app import App
from everlit.cli.demo_replay import ANALYST, PLANNER, PastClock, Replay
from everlit.kernel import Period, Refusal
from everlit.ledger.synthetic import fictional_interruptions, file_of
from everlit.planning.demo_month import demo_month
from everlit.planning.lifecycle import Command, UnableToAdvance
from everlit.planning.model import DailyWindow, PlannedOutage, State, WorkRequest
from everlit.platform.database import reading, writing
from everlit.platform.events import Actor, Event, history, record

BEGUN, MADE = "demo.history.begun", "demo.history.made"
"""Events that say how far the past came; the first keeps the instant it is told from."""
YEARS = 5
"""Years before this one: what the limit of major event days looks back to."""
PLANNED_ON, TOLD_BEFORE = 22, timedelta(days=10)
"""Day of the month before on which a month is planned, and how long before its start people are told an outage."""
TODAY = 2
APART = 2
"""Requests of one programme lie together; so many further on it is another feeder's turn."""
REFUSED = "blocked by a gate 未通过校核"
APPROVER = "demo approver 演示审批"

Tell = Callable[[str, int | None], None]
"""Says what is being done, and how many parts it has."""


@dataclass(frozen=True)
class Past:
    """The past of a city seen from `now`."""

    app: App
    city: str
    seed: int
    requests: int
    seconds: float
    now: datetime
    tell: Tell
    advance: Callable[[], None]

    @property
    def months(self) -> tuple[date, date]:
        """First days of the month before and of the present one."""
        present = self.now.astimezone(self.app.zone).date().replace(day=1)
        return (present - timedelta(days=1)).replace(day=1), present

    def midnight(self, day: date) -> datetime:
        """When a local day begins."""
        return datetime.combine(day, time(), self.app.zone).astimezone(UTC)

    def make(self) -> None:
        """Everything, in order of time."""
        clock = PastClock(self.midnight(self.months[0]))
        replay = Replay(replace(self.app, clock=clock), clock, self.seed, self.now)
        replay.app.grid(self.city)
        self._customers(replay)
        before, present = self.months
        first = self.midnight(date(present.year - YEARS, 1, 1))
        today = self.midnight(self.now.astimezone(self.app.zone).date())
        edges = sorted({first, self.midnight(before), min(self.midnight(present), today), today})
        self.tell(f"{YEARS} years of fictional interruptions 虚构停电历史", None)
        for start, end in pairwise(edges):
            clock.at = end
            self._interruptions(replay.app, Period(start, end))
        outages = [*self._month(replay, before, self.requests)]
        outages += [*self._month(replay, present, self.requests // 2 or 1), *self._today(replay)]
        self.tell(f"replaying 重演 of {len(outages)} outages, notices and steps", len(outages))
        replay.run(outages, self.advance)
        clock.at = self.now
        replay.send()
        if not replay.app.reliability.month(self.city, f"{before:%Y-%m}").versions:
            replay.app.reliability.close_month(self.city, f"{before:%Y-%m}", actor=ANALYST)

    def _customers(self, replay: Replay) -> None:
        if not replay.app.customers.count(self.city):
            self.tell("fictional customers 虚构客户", None)
            replay.app.customers.invent(self.city, seed=self.seed, actor=ANALYST)

    def _interruptions(self, app: App, period: Period) -> None:
        """Import what was off in a period; the same statements again change nothing."""
        rows = fictional_interruptions(app.grid(self.city), period, seed=self.seed, zone=app.zone)
        if rows.num_rows:
            name = f"fictional-{period.start:%Y%m%d}-{period.end:%Y%m%d}.parquet"
            app.ledger.import_file(self.city, file_of(rows), actor=ANALYST, name=name)

    # --------------------------------------------------------------------------------------------- months
    def _month(self, replay: Replay, month: date, requests: int) -> list[PlannedOutage]:
        """A month planned on a day of the month before; its outages agreed and told."""
        app, name = replay.app, f"{month:%Y-%m}"
        asked = [
            replace(one, request_id=f"P{one.request_id[1:]}")
            for one in demo_month(app.grid(self.city), month=month, requests=requests, seed=self.seed, zone=app.zone)
        ]
        replay.clock.at = self.midnight((month - timedelta(days=1)).replace(day=PLANNED_ON)) + timedelta(hours=9)
        self.tell(f"{len(asked)} fictional requests 虚构申请, {name}, search ≤ {self.seconds:g} s", None)
        filed = replay.clock.at - timedelta(days=5)
        app.planning.submit(self.city, [_filed(one, filed) for one in asked], actor=PLANNER)
        if app.planning.month(self.city, name)["plan"] is None:
            app.planning.plan_month(self.city, name, actor=PLANNER, seconds=self.seconds, seed=self.seed)
            app.planning.adopt_month(self.city, name, actor=PLANNER)
        mine = [
            one for one in app.planning.outages(self.city, month=name) if one.request_ids[0].startswith(f"P{month:%y%m}-")
        ]  # fmt: skip
        self.tell(f"assessments 事前评估 of {len(mine)} outages, {name}", len(mine))
        for outage in mine:
            self._agreed(replay, outage)
            self.advance()
        replay.send()
        return mine

    def _agreed(self, replay: Replay, outage: PlannedOutage) -> bool:
        """Assess, balance, approve and tell an outage; False when a gate blocks it, and it is rejected."""
        planning = replay.app.planning
        try:
            if outage.state is State.MERGED:
                approver = planning.assess_outage(outage.outage_id, actor=PLANNER)[1].approver
                planning.act(outage.outage_id, Command.BALANCE, actor=PLANNER)
                planning.act(outage.outage_id, Command.APPROVE, actor=Actor(APPROVER, approver))
            replay.tell(outage)
        except UnableToAdvance:
            if planning.outage(outage.outage_id).state in (State.MERGED, State.BALANCED):
                planning.act(outage.outage_id, Command.REJECT, actor=PLANNER, reason=REFUSED)
            return False
        return True

    # ---------------------------------------------------------------------------------------------- today
    def _today(self, replay: Replay) -> list[PlannedOutage]:
        """Outages that began an hour or two ago and end later today; which ones, the network decides."""
        self.tell("outages under way now 正在进行的停电", None)
        app, present = replay.app, self.months[1]
        replay.clock.at = self.now - TOLD_BEFORE
        drawn = demo_month(app.grid(self.city), month=present, requests=40, seed=self.seed + 1, zone=app.zone)
        grid = app.grid(self.city)
        areas_first = sorted(drawn, key=lambda one: grid.find(one.equipment_ids[0], "transformers") < 0)
        found: list[PlannedOutage] = []
        for number, request in enumerate(areas_first[::APART]):
            if len(found) == TODAY:
                break
            begun = _half_hour(self.now) - timedelta(minutes=90 + 30 * len(found))
            period = Period(begun, begun + timedelta(hours=5 + len(found)))
            outage = self._one(replay, request, f"N{self.now:%y%m%d}-{number + 1:04d}", period)
            if outage is not None:
                found.append(outage)
        replay.send()
        return found

    def _one(self, replay: Replay, request: WorkRequest, name: str, period: Period) -> PlannedOutage | None:
        """An outage of one request at a time; None where nobody would be dark or something is against it."""
        planning, outage_id = replay.app.planning, f"O-{name}"
        kept = [one for one in planning.outages(self.city) if one.outage_id == outage_id]
        if kept:
            return kept[0]
        asked = replace(
            request, request_id=name, duration_min=120, earliest=period.start - timedelta(hours=1),
            latest=period.end + timedelta(hours=1), wanted=period.start, daily_window=DailyWindow(), crew=name,
            precedence=(), night_allowed=True,
        )  # fmt: skip
        try:
            planning.submit(self.city, [_filed(asked, replay.clock.at - timedelta(days=25))], actor=PLANNER)
            made = planning.assess_request(self.city, name, actor=PLANNER)[1]
            if not made.as_json(households=False)["affected"]["households"]:
                return None
            outage = planning.merge(self.city, [name], period=period, actor=PLANNER, outage_id=outage_id)
            return outage if self._agreed(replay, outage) else None
        except Refusal:
            return None


def with_past(
    app: App, city: str, *, seed: int, requests: int, seconds: float, tell: Tell, advance: Callable[[], None]
) -> None:
    """Make the past of a city, unless it is there."""
    told = {event.kind: event for event in _events(app, city)}
    if MADE in told:
        return
    if BEGUN not in told:
        _note(app, city, BEGUN)
    now = told[BEGUN].at if BEGUN in told else app.clock()
    Past(app, city, seed, requests, seconds, now, tell, advance).make()
    _note(app, city, MADE)


def _events(app: App, city: str) -> Sequence[Event]:
    with reading(app.engine) as connection:
        return history(connection, subject=f"demo:{city}", limit=1000)


def _note(app: App, city: str, kind: str) -> None:
    with writing(app.engine) as connection:
        record(connection, actor=PLANNER, at=app.clock(), kind=kind, subject=f"demo:{city}")


def _filed(request: WorkRequest, at: datetime) -> WorkRequest:
    """The request, filed at an instant unless it was before."""
    return replace(request, submitted_at=min(at, request.submitted_at or at))


def _half_hour(instant: datetime) -> datetime:
    """The half hour an instant lies in."""
    return instant.replace(minute=instant.minute // 30 * 30, second=0, microsecond=0)
