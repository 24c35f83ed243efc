"""Rules of steps done (执行规则): in their order, in the past, nothing skipped in silence (domain rule 6.2).

    1 ✓ 08:02   2 ✓ 08:09   3 – left out, "was open already"   4 …next      step 5 cannot be told yet

From the steps that were done follow the operations of switches, the minute the ticket will be finished, and, when nobody
told any step, the times the plan had for them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from everlit.control.model import LONGEST_NOTE, DoneStep, Progress
from everlit.kernel import Finding, Refusal, Text
from everlit.ledger.replay import Operation
from everlit.planning.model import Execution, PlannedOutage, State
from everlit.switching.step import SWITCHED, Action, Step
from everlit.switching.ticket import Direction, Ticket

Tickets = Mapping[Direction, Ticket]
WALKED = {Direction.OUT: State.IN_PROGRESS, Direction.BACK: State.RESTORING}
"""In which state of the outage the steps of a ticket are taken."""


class UnableToTick(Refusal):
    """The step cannot have been done like this, or not yet."""

    title = Text(en="The step was not recorded.", zh="该步骤未登记。")


@dataclass(frozen=True)
class Desk:
    """What a step is judged by: the outage, its tickets, the steps done so far, and the present instant."""

    outage: PlannedOutage
    tickets: Tickets
    done: tuple[DoneStep, ...]
    now: datetime


def ticked(desk: Desk, new: DoneStep) -> tuple[DoneStep, ...]:
    """The steps done with a new one, or with one corrected; raises UnableToTick with everything against it."""
    findings = [finding for finding in (_known(desk, new), _open(desk, new), _explained(new)) if finding]
    if not findings:
        findings = [finding for finding in (_in_turn(desk, new), _in_time(desk, new)) if finding]
    if findings:
        raise UnableToTick(*findings)
    kept = [one for one in desk.done if (one.way, one.number) != (new.way, new.number)]
    return tuple(sorted([*kept, new], key=lambda one: (one.way is Direction.BACK, one.number)))


def _no(new: DoneStep, kind: str, en: str, zh: str) -> Finding:
    return Finding(f"control.{kind}", f"{new.way.value} {new.number}", Text(en, zh))


def _known(desk: Desk, new: DoneStep) -> Finding | None:
    last = len(desk.tickets[new.way].steps)
    if 1 <= new.number <= last:
        return None
    return _no(new, "step.unknown", f"The ticket has steps 1 to {last}.", f"操作票共有 1 至 {last} 步。")


def _open(desk: Desk, new: DoneStep) -> Finding | None:
    wanted = WALKED[new.way]
    if desk.outage.state is wanted:
        return None
    en = f"Steps {new.way.value} are taken while the outage is {wanted.value}; it is {desk.outage.state.value}."
    zh = f"该操作票仅可在停电单处于 {wanted.value} 时执行，现为 {desk.outage.state.value}。"
    return _no(new, "step.state", en, zh)


def _explained(new: DoneStep) -> Finding | None:
    if len(new.note) > LONGEST_NOTE:
        return _no(new, "step.note", f"At most {LONGEST_NOTE} letters.", f"说明不超过 {LONGEST_NOTE} 字。")
    if (new.left_out or new.device) and not new.note.strip():
        return _no(new, "step.note", "Say why it was done otherwise.", "与操作票不一致，须说明原因。")
    return None


def _in_turn(desk: Desk, new: DoneStep) -> Finding | None:
    done = {one.number for one in desk.done if one.way is new.way}
    if new.number in done:
        return None if new.note.strip() else _no(
            new, "step.again", "It is done already: correct it with a note.", "该步骤已执行；更正须说明原因。"
        )  # fmt: skip
    first = next(number for number in range(1, new.number + 1) if number not in done)
    if first == new.number:
        return None
    return _no(new, "step.skipped", f"Step {first} comes first.", f"应先执行第 {first} 步。")


def _in_time(desk: Desk, new: DoneStep) -> Finding | None:
    begun = desk.outage.execution.off_at if new.way is Direction.OUT else desk.outage.execution.restoring_at
    earlier = [one.at for one in desk.done if one.way is new.way and one.number < new.number]
    later = [one.at for one in desk.done if one.way is new.way and one.number > new.number]
    floor = max([*earlier, *([begun] if begun else [])], default=new.at)
    ceiling = min([*later, desk.now])
    if floor <= new.at <= ceiling:
        return None
    en = f"It was done between {floor.isoformat()} and {ceiling.isoformat()}, not at {new.at.isoformat()}."
    zh = f"执行时间应在 {floor.isoformat()} 与 {ceiling.isoformat()} 之间，而非 {new.at.isoformat()}。"
    return _no(new, "step.time", en, zh)


def next_step(ticket: Ticket, done: Iterable[DoneStep]) -> Step | None:
    """The step whose turn it is; None when all are done."""
    numbers = {one.number for one in done if one.way is ticket.direction}
    return next((step for step in ticket.steps if step.number not in numbers), None)


def progress(ticket: Ticket, done: Iterable[DoneStep], *, begun: datetime | None) -> Progress:
    """How far a ticket has come; what is left takes as long as the plan says."""
    mine = {one.number: one for one in done if one.way is ticket.direction}
    if not mine or begun is None:
        return Progress(ticket.direction, len(mine), len(ticket.steps))
    last = max(mine.values(), key=lambda one: one.number)
    planned = ticket.steps[last.number - 1].at_min
    late = (last.at - begun) / timedelta(minutes=1) - planned
    return Progress(
        ticket.direction, len(mine), len(ticket.steps), late,
        last.at + timedelta(minutes=ticket.minutes - planned),
    )  # fmt: skip


def operations(tickets: Tickets, done: Iterable[DoneStep]) -> list[Operation]:
    """The switches operated by the steps done, in order of time."""
    found = [
        Operation(one.device or step.device, step.action is Action.CLOSE, one.at)
        for one in done
        for step in [tickets[one.way].steps[one.number - 1]]
        if step.action in SWITCHED and not one.left_out
    ]
    return sorted(found, key=lambda one: one.at)


def as_planned(tickets: Tickets, execution: Execution, *, by: str) -> tuple[DoneStep, ...]:
    """Every step at the time the plan had for it, where nobody told any.

    The way out begins when switching began; the way back is stretched between its first minute and restoration.
    """
    out, back = tickets[Direction.OUT], tickets[Direction.BACK]
    off, turn, end = execution.off_at, execution.restoring_at, execution.restored_at
    if off is None or turn is None or end is None:
        return ()
    room = (min(turn, execution.work_done_at or turn) - off) / timedelta(minutes=1)
    return (
        *_spread(out, off, min(out.minutes, room), by),
        *_spread(back, turn, (end - turn) / timedelta(minutes=1), by),
    )


def _spread(ticket: Ticket, begun: datetime, minutes: float, by: str) -> Sequence[DoneStep]:
    scale = minutes / ticket.minutes if ticket.minutes else 0.0
    return [
        DoneStep(ticket.direction, step.number, begun + timedelta(minutes=step.at_min * scale), by)
        for step in ticket.steps
    ]
