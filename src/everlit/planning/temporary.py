"""Temporary outages (临时停电): what first appears after the monthly freeze takes its own path and is counted as such.

A month's plan closes on a day of the month before (row `plan.freeze_day`). A package is planned only when every
request of it was submitted by then. A temporary outage needs the important customers told 24 h before (law) and an
approval a few hours before; its share of all arranged outages is an index people are measured by (临时停电率).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta, tzinfo
from typing import Any

from everlit.kernel import Finding, Period, Policies, Text
from everlit.kernel.reading import CHINA
from everlit.planning.model import Nature, PlannedOutage, State, WorkRequest


def freeze_of(period: Period, *, policies: Policies, zone: tzinfo = CHINA) -> datetime:
    """The instant the plan of the month in which `period` begins was closed: the end of the freeze day before it.

    >>> from everlit.kernel import utc
    >>> from everlit.planning.policies import DEFAULT_POLICIES
    >>> june = Period(utc("2026-06-10T00:00+08:00"), utc("2026-06-10T06:00+08:00"))
    >>> freeze_of(june, policies=DEFAULT_POLICIES).isoformat()
    '2026-05-21T00:00:00+08:00'
    """
    first = period.start.astimezone(zone).date().replace(day=1)
    before = (first - timedelta(days=1)).replace(day=1)
    day = int(policies.value("plan.freeze_day", on=first))
    return datetime.combine(before, time(), zone) + timedelta(days=day)


def nature_of(requests: Sequence[WorkRequest], period: Period, *, policies: Policies, zone: tzinfo = CHINA) -> Nature:
    """Planned when every request was in by the freeze, temporary otherwise; one without a date was in time."""
    freeze = freeze_of(period, policies=policies, zone=zone)
    late = any(request.submitted_at is not None and request.submitted_at >= freeze for request in requests)
    return Nature.TEMPORARY if late else Nature.PLANNED


def received(request: WorkRequest, *, at: datetime, dated: bool) -> WorkRequest:
    """The request with the instant it counts as filed: when it came in.

    Only who plans may date it back (`dated`): a request taken on paper, or out of another system. Nobody dates forward.
    """
    stated = request.submitted_at
    return request if dated and stated is not None and stated <= at else replace(request, submitted_at=at)


def revised(before: WorkRequest, after: WorkRequest, *, at: datetime) -> WorkRequest:
    """The revised request, filed when the first one was; work elsewhere or on other days is filed now."""
    same_work = set(after.equipment_ids) <= set(before.equipment_ids)
    same_days = after.earliest >= before.earliest and after.latest <= before.latest
    filed = before.submitted_at if same_work and same_days else at
    return replace(after, submitted_at=filed, requester=before.requester or after.requester)


def too_late(outage: PlannedOutage, *, now: datetime, policies: Policies) -> Finding | None:
    """A temporary outage is approved at least `plan.temporary_notice` before; None when it still can be."""
    row = policies.row("plan.temporary_notice", on=outage.period.start.date())
    hours = (outage.period.start - now) / timedelta(hours=1)
    if outage.nature is not Nature.TEMPORARY or row.holds(hours):
        return None
    text = Text(
        f"A temporary outage is approved {row.value:g} h before at least; {hours:.1f} h are left.",
        f"临时停电须至少提前 {row.value:g} 小时审批，现仅余 {hours:.1f} 小时。",
    )
    evidence = {"policy": row.key, "value": row.value, "unit": row.unit, "measured": hours}
    return Finding("planning.temporary.too_late", outage.outage_id, text, evidence)


@dataclass(frozen=True, slots=True)
class TemporaryShare:
    """How many arranged outages were temporary (临时停电率 = temporary ÷ (planned + temporary))."""

    planned: int
    temporary: int

    @property
    def rate(self) -> float | None:
        """The share, None without outages.

        >>> TemporaryShare(planned=19, temporary=1).rate
        0.05
        """
        total = self.planned + self.temporary
        return self.temporary / total if total else None

    def as_json(self) -> dict[str, Any]:
        """As the review shows it."""
        return {"planned": self.planned, "temporary": self.temporary, "rate": self.rate}


def temporary_share(outages: Iterable[PlannedOutage]) -> TemporaryShare:
    """Count arranged outages that were not called off."""
    gone = {State.REJECTED, State.CANCELLED, State.POSTPONED}
    counted = [outage.nature for outage in outages if outage.state not in gone]
    return TemporaryShare(counted.count(Nature.PLANNED), counted.count(Nature.TEMPORARY))
