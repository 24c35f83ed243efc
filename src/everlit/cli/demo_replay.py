"""One outage of the demo as it might have gone (重演): told, permitted, switched step by step, restored, analysed.

    notify ── a week ──► permit ► start ► steps out ► finish ► switch back ► steps back ► restore ► analyse
         │        ├────► cancelled the day before, some
         │        └────► not permitted: cancelled, with what stands against it
         └─ important customers sign, most of them

In the first one that allows it another switch than planned is opened: more people are dark than were told, and hear it
at once. Each act goes through the real services at its instant, and only where the outage stands before it: an outage that was
replayed half goes on from there, one that people moved on is left to them. How late it was, why, and which step was left
out follow from the seed and the name of the outage.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import partial

from everlit.app import App
from everlit.cli.demo_astray import neighbour
from everlit.control.model import DoneStep
from everlit.control.steps import UnableToTick
from everlit.notices.channel import Opened
from everlit.notices.channels.inbox import KeptHere
from everlit.notices.channels.rehearsal import FictionalGateway, drawn
from everlit.notices.sender import send_once
from everlit.planning.lifecycle import Command, UnableToAdvance
from everlit.planning.model import DelayCode, PlannedOutage, Role, State
from everlit.platform.events import Actor
from everlit.switching.step import SWITCHED, Step
from everlit.switching.ticket import Direction, Ticket

LATE, CANCELLED, LEFT_OUT = 0.2, 0.06, 0.1
"""Part of the outages that were late, called off, or had a step left out."""
SIGNED = 0.85
"""Part of the important customers who sign for their notice."""
MOST_LATE_MIN = 90
SIGNED_BEFORE = timedelta(days=3)
AT_ONCE = 1e6
"""Messages a second: nothing is sent over any network."""
STUCK = "planned switch stuck, the next one opened 原定开关拒动，改操作相邻开关"
WHY_LATE: Sequence[tuple[DelayCode, str]] = (
    (DelayCode.WEATHER, "thunderstorm, work interrupted 雷雨中断作业"),
    (DelayCode.SCOPE_GREW, "second joint found hot 发现第二处缺陷"),
    (DelayCode.MATERIAL, "cable head came late 电缆头未及时到货"),
    (DelayCode.SWITCHING_CREW_LATE, "switching crew at another site 操作人员未到位"),
    (DelayCode.QUALITY_RETEST, "insulation tested twice 绝缘复试"),
)
PLANNER = Actor("demo 演示", Role.PLANNER)
DISPATCHER = Actor("demo dispatcher 演示调度", Role.DISPATCHER)
CREW = Actor("demo crew 演示班组", Role.CREW)
WHO_SIGNS = "虚构 duty manager 值班负责人"
MARKETING = Actor("demo marketing 演示营销", Role.MARKETING)
ANALYST = Actor("demo reliability 演示可靠性", Role.RELIABILITY)


@dataclass
class PastClock:
    """A clock that stands until it is set."""

    at: datetime

    def __call__(self) -> datetime:
        """The instant it stands at."""
        return self.at


Act = tuple[datetime, str, Callable[[], object]]
"""Instant, outage, what happens."""


@dataclass(frozen=True)
class Replay:
    """The acts of outages on an app whose clock stands in the past; nothing of it happens after `now`."""

    app: App
    clock: PastClock
    seed: int
    now: datetime
    otherwise: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By outage: the switch that was stuck, and the one operated instead."""

    def run(self, outages: Sequence[PlannedOutage], done: Callable[[], object]) -> None:
        """Everything that happened to some outages until now, in order of time; `done` is told after each."""
        self._let_one_stray(outages)
        acts = sorted((act for one in outages for act in self._acts(one)), key=lambda act: act[:2])
        last = {name: number for number, (_, name, _) in enumerate(acts)}
        for number, (at, name, act) in enumerate(acts):
            if at <= self.now:
                self.clock.at = at
                try:
                    act()
                except (UnableToAdvance, UnableToTick):
                    pass  # a gate says no: it stays where it is, for people to look at
            if last[name] == number:
                done()

    def tell(self, outage: PlannedOutage) -> None:
        """Queue the notices of an approved outage."""
        self._takes(outage.outage_id, State.APPROVED, Command.NOTIFY, MARKETING)

    def send(self) -> None:
        """Send what is due over the fictional gateway, the inbox and the door."""
        ways = [FictionalGateway(name, self.seed) for name in ("sms", "email")]
        channels: list[Opened] = [*ways, KeptHere("inbox"), KeptHere("door")]
        rates = {channel.name: AT_ONCE for channel in channels}
        asyncio.run(send_once(partial(self.app.notices.dispatcher, rates=rates), channels))

    # ------------------------------------------------------------------------------------------- one outage
    def _acts(self, outage: PlannedOutage) -> Iterator[Act]:
        name, start = outage.outage_id, outage.period.start
        if self._draw(name, "cancelled") < CANCELLED:
            yield start - timedelta(hours=20), name, partial(self._call_off, name)
            return
        yield start - SIGNED_BEFORE, name, partial(self._sign, outage)
        for act in (partial(self._permit, name), partial(self._start, name)):
            yield start, name, act
        tickets = self.app.control.execution(name).tickets
        out, back = tickets[Direction.OUT], tickets[Direction.BACK]
        off = start + timedelta(minutes=out.minutes)
        finished = off + self._work(outage, out, back)
        yield off, name, partial(self._steps, name, out, start)
        yield finished, name, partial(self._takes, name, State.IN_PROGRESS, Command.FINISH, CREW)
        yield finished, name, partial(self._takes, name, State.WORK_DONE, Command.SWITCH_BACK, DISPATCHER)
        restored = finished + timedelta(minutes=back.minutes)
        yield restored, name, partial(self._steps, name, back, finished)
        yield restored, name, partial(self._restore, outage)
        next_day = datetime.combine(restored.astimezone(self.app.zone).date(), time(17), self.app.zone)
        yield max(next_day, restored) + timedelta(days=1), name, partial(self._analyse, name)

    def _work(self, outage: PlannedOutage, out: Ticket, back: Ticket) -> timedelta:
        """How long the work took: a bit less than there was room for, or longer, sometimes much."""
        room = outage.period.duration - timedelta(minutes=out.minutes + back.minutes)
        if self._draw(outage.outage_id, "late") < LATE:
            return room + timedelta(minutes=35 + round(MOST_LATE_MIN * self._draw(outage.outage_id, "how late")))
        return max(room * (0.75 + 0.25 * self._draw(outage.outage_id, "work")), timedelta(minutes=1))

    def _sign(self, outage: PlannedOutage) -> None:
        """Important customers sign for the notice; a few are not met. An outage that leaves nobody dark told nobody."""
        name = outage.outage_id
        if self._state(name) is not State.NOTIFIED or not self.app.notices.centre().words(name):
            return
        for one in self.app.notices.status(name)["unsigned"]:
            account = one["account_id"]
            if self._draw(name, account) < SIGNED:
                self.app.notices.sign(outage.network, name, account, signed_by=WHO_SIGNS, how="visit", actor=MARKETING)

    def _permit(self, name: str) -> None:
        """Permit it; what a gate refuses does not take place, and people hear that it does not."""
        try:
            self._takes(name, State.NOTIFIED, Command.PERMIT, DISPATCHER)
        except UnableToAdvance as refusal:
            why = f"not permitted 未许可: {refusal.findings[0].message}"[:200]
            self._end(name, DISPATCHER, why)

    def _start(self, name: str) -> None:
        self._takes(name, State.PERMITTED, Command.START, CREW)

    def _steps(self, name: str, ticket: Ticket, begun: datetime) -> None:
        """The steps of a ticket in their planned minutes; sometimes one that switches nothing is left out."""
        wanted = State.IN_PROGRESS if ticket.direction is Direction.OUT else State.RESTORING
        if self._state(name) is not wanted:
            return
        idle = [step.number for step in ticket.steps if step.action not in SWITCHED]
        skip = idle[-1] if idle and self._draw(name, ticket.direction.value) < LEFT_OUT else 0
        told = {one.number for one in self.app.control.execution(name).done if one.way is ticket.direction}
        stuck, instead = self.otherwise.get(name, ("", ""))
        steps = [
            self._done(ticket, step, begun, skip=skip, instead=instead if step.device == stuck else "")
            for step in ticket.steps
            if step.number not in told and begun + timedelta(minutes=step.at_min) <= self.clock()
        ]
        if steps:
            self.app.control.tell(name, steps, actor=CREW)
        if stuck:
            self.send()

    def _done(self, ticket: Ticket, step: Step, begun: datetime, *, skip: int, instead: str) -> DoneStep:
        at, device = begun + timedelta(minutes=step.at_min), instead if step.action in SWITCHED else ""
        left_out = step.number == skip
        note = "done already by the crew before 前一班组已完成" if left_out else STUCK if device else ""
        return DoneStep(ticket.direction, step.number, at, CREW.name, device, left_out, note)

    def _let_one_stray(self, outages: Sequence[PlannedOutage]) -> None:
        """Pick the first outage in which the neighbour of a switch, opened in its place, takes more people with it."""
        for outage in sorted(outages, key=lambda one: (one.period.start, one.outage_id)):
            name = outage.outage_id
            if self.otherwise or self._draw(name, "cancelled") < CANCELLED:
                continue
            tickets = self.app.control.execution(name).tickets
            found = neighbour(self.app.grid(outage.network), tickets, at=outage.period.start)
            if found:
                self.otherwise[name] = found

    def _restore(self, outage: PlannedOutage) -> None:
        name = outage.outage_id
        if self._state(name) is not State.RESTORING:
            return
        late = self.clock() > outage.period.end
        code, why = WHY_LATE[int(len(WHY_LATE) * self._draw(name, "why"))] if late else (None, "")
        self.app.planning.act(name, Command.RESTORE, actor=DISPATCHER, delay_code=code, reason=why)
        self.send()

    def _analyse(self, name: str) -> None:
        if self._state(name) is State.RESTORED:
            why = "discussed in the morning meeting 晨会已分析"
            self.app.planning.act(name, Command.ANALYSE, actor=ANALYST, reason=why)

    def _call_off(self, name: str) -> None:
        if self._state(name) is State.NOTIFIED:
            self._end(name, PLANNER, "storm warning 暴雨预警")

    def _end(self, name: str, actor: Actor, why: str) -> None:
        self.app.planning.act(name, Command.CANCEL, actor=actor, reason=why)
        self._takes(name, State.CANCELLED, Command.NOTIFY, MARKETING)
        self.send()

    # ---------------------------------------------------------------------------------------------- parts
    def _state(self, name: str) -> State:
        return self.app.planning.outage(name).state

    def _takes(self, name: str, state: State, command: Command, actor: Actor) -> None:
        """Take a step from the state it belongs to; nothing where the outage stands elsewhere."""
        if self._state(name) is state:
            self.app.planning.act(name, command, actor=actor)

    def _draw(self, name: str, what: str) -> float:
        return drawn(self.seed, f"{name}/{what}")
