"""The promise of restoration (送电承诺): watched while it runs, explained when broken, learned from when it recurs.

    60 min before      30 min before      due            + tolerance
    ────────┼────────────────┼─────────────┼──────────────────┼──────►
     first alarm       second alarm    promise due       late: a reason is mandatory

The expected restoration is read off the plan: what is left of the way out and of the work, then the way back of the
ticket. An outage that will be late is at risk long before the first alarm. Causes are counted by operating unit, crew and
department, so that "material, crew 3, for the fourth time" is found without looking.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from everlit.kernel import Policies
from everlit.planning.model import DelayCode, PlannedOutage, State

RUNNING = (State.PERMITTED, State.IN_PROGRESS, State.WORK_DONE, State.RESTORING)


class Risk(StrEnum):
    """How the promise stands."""

    QUIET = "quiet"
    AT_RISK = "at_risk"
    FIRST = "first_alarm"
    SECOND = "second_alarm"
    DUE = "due"
    LATE = "late"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Course:
    """Minutes of an outage as planned: the way out until people may work, the work, the way back."""

    out_min: float = 0.0
    work_min: float = 0.0
    back_min: float = 0.0


def course_of(assessment: Mapping[str, Any]) -> Course:
    """The course of a stored assessment (`Assessment.as_json`)."""
    ticket = assessment["ticket"]
    return Course(float(ticket["out"]["minutes"]), float(ticket["work_min"]), float(ticket["back"]["minutes"]))


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise at one moment: minutes left until it is due, minutes it is expected to be missed by."""

    outage_id: str
    due: datetime
    left_min: float
    expected: datetime
    risk: Risk
    policy: str

    @property
    def expected_late_min(self) -> float:
        """Minutes restoration is expected after the promise; 0 when in time."""
        return max(0.0, (self.expected - self.due) / timedelta(minutes=1))

    def as_json(self) -> dict[str, Any]:
        """As the control view shows it."""
        return {
            "outage_id": self.outage_id,
            "due": self.due.isoformat(),
            "left_min": round(self.left_min, 3),
            "expected": self.expected.isoformat(),
            "expected_late_min": round(self.expected_late_min, 3),
            "risk": self.risk.value,
            "policy": self.policy,
        }


def promise(outage: PlannedOutage, *, now: datetime, course: Course, policies: Policies) -> Promise:
    """How the promise of an outage stands when it goes on as planned."""
    due = outage.period.end
    left = (due - now) / timedelta(minutes=1)
    expected = _expected(outage, now, course)
    done = outage.execution.restored_at
    if done is not None:
        late = (done - due) / timedelta(minutes=1)
        row = policies.row("late_restore.tolerance", on=due.date())
        return Promise(outage.outage_id, due, left, done, Risk.KEPT if row.holds(late) else Risk.LATE, row.key)
    risk, key = _risk(left, (expected - due) / timedelta(minutes=1), policies, due)
    return Promise(outage.outage_id, due, left, expected, risk, key)


def _risk(left_min: float, expected_late_min: float, policies: Policies, due: datetime) -> tuple[Risk, str]:
    tolerance, last = (policies.row(key, on=due.date()) for key in ("late_restore.tolerance", "delay.alarm.3"))
    if not tolerance.holds(-left_min):
        return Risk.LATE, tolerance.key
    if not tolerance.holds(expected_late_min) and not last.holds(left_min):
        return Risk.AT_RISK, tolerance.key
    for level, risk in ((3, Risk.DUE), (2, Risk.SECOND), (1, Risk.FIRST)):
        row = policies.row(f"delay.alarm.{level}", on=due.date())
        if row.holds(left_min):
            return risk, row.key
    return Risk.QUIET, "delay.alarm.1"


def _expected(outage: PlannedOutage, now: datetime, course: Course) -> datetime:
    """When supply is back if nothing more goes wrong: what is left of the way out and of the work, then the way back."""
    back = timedelta(minutes=course.back_min)
    execution = outage.execution
    if outage.state is State.RESTORING and execution.restoring_at is not None:
        return max(now, execution.restoring_at + back)
    if outage.state is State.WORK_DONE or execution.work_done_at is not None:
        return now + back
    begun = execution.off_at or max(now, outage.period.start)
    return max(now, begun + timedelta(minutes=course.out_min + course.work_min)) + back


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause of late restorations: how often, how long, where, and whether it recurs."""

    code: DelayCode
    times: int
    minutes: float
    subjects: Mapping[str, int]
    recurring: bool

    def as_json(self) -> dict[str, Any]:
        """As the ranking shows it."""
        return {
            "code": self.code.value,
            "times": self.times,
            "minutes": round(self.minutes, 3),
            "subjects": dict(self.subjects),
            "recurring": self.recurring,
        }


def causes(
    outages: Iterable[PlannedOutage], *, policies: Policies, workers: Mapping[str, Sequence[str]] | None = None
) -> list[Cause]:
    """Causes of late restorations, costliest first.

    `workers` names crews and departments of each outage. A cause recurs when it came as often as row `delay.recurring` says.
    """
    minutes: dict[DelayCode, float] = defaultdict(float)
    times: Counter[DelayCode] = Counter()
    subjects: dict[DelayCode, Counter[str]] = defaultdict(Counter)
    day = None
    for outage in outages:
        if outage.delay is None:
            continue
        day = day or outage.period.start.date()
        code = outage.delay.code
        minutes[code] += outage.delay.minutes
        times[code] += 1
        subjects[code].update([*outage.units, *(workers or {}).get(outage.outage_id, ())])
    if day is None:
        return []
    often = policies.row("delay.recurring", on=day)
    found = [
        Cause(code, times[code], minutes[code], dict(subjects[code].most_common()), often.holds(times[code]))
        for code in times
    ]
    return sorted(found, key=lambda cause: (-cause.minutes, cause.code))
