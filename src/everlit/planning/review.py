"""Planned and actual (事后分析): what was promised, what happened, and the indices of management (domain rule 3.5).

Each outage first: times, customer-hours, deviation. Then the indices over many, each with its numerator and
denominator, so that nobody has to believe a percentage.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from everlit.kernel import Policies, Text
from everlit.planning.model import PlannedOutage, State
from everlit.planning.temporary import temporary_share

EXECUTED = (State.RESTORED, State.ANALYSED, State.CLOSED)
GONE = (State.REJECTED, State.CANCELLED, State.POSTPONED)


@dataclass(frozen=True, slots=True)
class Deviation:
    """One executed outage, planned against actual; minutes, positive is later or longer."""

    outage_id: str
    planned_min: float
    actual_min: float
    start_min: float
    end_min: float
    planned_hours: float
    actual_hours: float
    late: bool
    reason: str

    @property
    def ratio(self) -> float:
        """Deviation of time (停送电时间偏差) = (actual − planned) ÷ planned duration.

        >>> Deviation("O", 360, 405, 0, 45, 588, 661.5, True, "weather").ratio
        0.125
        """
        return (self.actual_min - self.planned_min) / self.planned_min

    def as_json(self) -> dict[str, Any]:
        """As the review page shows it."""
        values = {name: getattr(self, name) for name in Deviation.__slots__}
        return {**values, "ratio": round(self.ratio, 6)}


def deviation(outage: PlannedOutage, *, customer_hours: float, policies: Policies) -> Deviation | None:
    """Planned against actual of an executed outage; None when it was not executed.

    `customer_hours` are those of its assessment; the actual ones are scaled by the time really off. The exact actual
    hours come from the executed steps, once the ledger keeps them.
    """
    off, back = outage.execution.off_at, outage.execution.restored_at
    if outage.state not in EXECUTED or off is None or back is None:
        return None
    planned = outage.period.duration / timedelta(minutes=1)
    actual = (back - off) / timedelta(minutes=1)
    late = (back - outage.period.end) / timedelta(minutes=1)
    tolerance = policies.row("late_restore.tolerance", on=outage.period.start.date())
    return Deviation(
        outage.outage_id,
        planned,
        actual,
        (off - outage.period.start) / timedelta(minutes=1),
        late,
        customer_hours,
        customer_hours * actual / planned,
        not tolerance.holds(late),
        outage.delay.code.value if outage.delay else "",
    )


@dataclass(frozen=True, slots=True)
class Index:
    """One management index: its share with numerator and denominator."""

    key: str
    title: Text
    numerator: float
    denominator: float

    @property
    def value(self) -> float | None:
        """The share, None when there is nothing to divide by."""
        return self.numerator / self.denominator if self.denominator else None

    def as_json(self) -> dict[str, Any]:
        """As the review page shows it."""
        return {
            "key": self.key,
            "title": self.title.as_json(),
            "numerator": round(self.numerator, 6),
            "denominator": round(self.denominator, 6),
            "value": None if self.value is None else round(self.value, 6),
        }


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a review needs beside an outage: its assessment's hours, live jobs, and how well its notices reached people.

    `told`: accounts that were told and off, and those that were either; None as long as nobody has compared them: such an
    outage is in no index of notices.
    """

    outage: PlannedOutage
    customer_hours: float = 0.0
    hours_without_transfer: float = 0.0
    live_line_jobs: int = 0
    told: tuple[int, int] | None = None

    @property
    def stands(self) -> bool:
        """False for one that was called off: it saved nothing, cost nothing and repeated nothing."""
        return self.outage.state not in GONE

    @property
    def promised(self) -> bool:
        """True for one people count on: it stands, or was called off after they had been told."""
        return self.stands or bool(self.outage.noticed) or self.outage.renotice


def indices(
    reviewed: Sequence[Reviewed],
    *,
    policies: Policies,
    outages_by_feeder: Mapping[str, int] | None = None,
    feeders: int = 0,
    transferable: tuple[int, int] | None = None,
) -> tuple[Index, ...]:
    """The management indices over some outages (all of a month, or of a unit).

    `transferable` are the feeders that pass the transfer check and all with load (`transferable`); None where nobody counted
    them: no share is shown then.
    """
    standing = [one for one in reviewed if one.stands]
    executed = [one for one in reviewed if one.outage.state in EXECUTED]
    changes = [deviation(one.outage, customer_hours=one.customer_hours, policies=policies) for one in executed]
    deviations = [one for one in changes if one is not None]
    share = temporary_share([one.outage for one in standing])
    jobs = sum(len(one.outage.request_ids) for one in executed)
    merged = sum(len(one.outage.request_ids) for one in executed if len(one.outage.request_ids) > 1)
    lost = sum(one.customer_hours for one in standing)
    avoided = sum(max(0.0, one.hours_without_transfer - one.customer_hours) for one in standing)
    live = sum(one.live_line_jobs for one in standing)
    notices = [one.told for one in executed if one.told is not None]
    told, concerned = (sum(counts) for counts in zip(*notices, strict=True)) if notices else (0, 0)
    repeated = sum(count >= 2 for count in (outages_by_feeder or {}).values())
    planned = [one for one in reviewed if one.promised]
    passing, checked = transferable or (0, 0)
    kept = [one for one in deviations if not one.late and abs(one.start_min) <= 30]
    return (
        Index(
            "transferable",
            Text("feeders that pass the transfer check", "可转供电率"),
            passing,
            checked,
        ),
        Index("transferred", Text("customer-hours avoided by transfer", "计划停电转供率"), avoided, avoided + lost),
        Index("merged", Text("jobs done in merged outages", "综合停电率"), merged, jobs),
        Index("temporary", Text("temporary outages", "临时停电率"), share.temporary, share.planned + share.temporary),
        Index("repeated", Text("feeders with two or more arranged outages", "重复停电率"), repeated, feeders),
        Index("executed", Text("outages executed as planned", "停电计划执行率"), len(kept), len(planned)),
        Index("late", Text("late restorations", "延时送电率"), sum(one.late for one in deviations), len(deviations)),
        Index("live_line", Text("jobs done live", "带电作业化率"), live, live + jobs),
        Index("told", Text("customers told exactly", "停电信息到户准确率"), told, concerned),
    )


@dataclass(frozen=True, slots=True)
class Review:
    """A review of many outages: each deviation, the indices, mean and worst deviation, what stood in the way."""

    deviations: tuple[Deviation, ...]
    indices: tuple[Index, ...]
    reasons: Mapping[str, int]
    reviewed_at: datetime

    def as_json(self) -> dict[str, Any]:
        """As the review page shows it."""
        return {
            "deviations": [one.as_json() for one in self.deviations],
            "indices": [one.as_json() for one in self.indices],
            "reasons": dict(self.reasons),
            "reviewed_at": self.reviewed_at.isoformat(),
        }


def review(reviewed: Iterable[Reviewed], *, policies: Policies, now: datetime, **counts: Any) -> Review:
    """Review some outages; `counts` as for `indices`."""
    every = list(reviewed)
    found = [deviation(one.outage, customer_hours=one.customer_hours, policies=policies) for one in every]
    deviations = tuple(sorted((one for one in found if one), key=lambda one: (-one.end_min, one.outage_id)))
    reasons = Counter(one.reason for one in deviations if one.reason)
    return Review(deviations, indices(every, policies=policies, **counts), dict(reasons.most_common()), now)
