"""A plan read back into outages (一停多用): jobs that share sections and hours become one package with its period.

One switching path serves all of a package. Where its zones differ, that path is longer than any one job was given in
the plan, so the package is lengthened until every job has the work time it asked for: at its end where the hours of its
requests allow, else at its beginning. Where neither does, a finding says how much is missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from everlit.kernel import Finding, Period, Severity, Text
from everlit.planning.model import WorkRequest
from everlit.planning.month import SLOT_MIN, MonthCase, slots_of
from everlit.planning.outages import Outage, outages
from everlit.planning.problem import MILLI
from everlit.planning.worktime import missing_min, within_days, within_hours, work_periods
from everlit.planning.zones import Zone


@dataclass(frozen=True, slots=True)
class Package:
    """Jobs that stand in one outage; `dark` and `kept`: MV units and households dead, transferred.

    `lengthened_min`: how much longer it is than its jobs alone, for the switching of all its zones; `short_min`: what
    its jobs miss of the work time they asked for all the same.
    """

    request_ids: tuple[str, ...]
    equipment_ids: tuple[str, ...]
    period: Period
    feeder: str
    starts: Mapping[str, datetime]
    dark: tuple[float, int]
    kept: tuple[float, int]
    customer_hours: float
    lengthened_min: int = 0
    short_min: int = 0

    def as_json(self) -> dict[str, Any]:
        """A row of the month board."""
        return {
            "request_ids": list(self.request_ids),
            "equipment_ids": list(self.equipment_ids),
            **self.period.as_json(),
            "feeder_id": self.feeder,
            "starts": {name: start.isoformat() for name, start in self.starts.items()},
            "dark": {"units": self.dark[0], "households": self.dark[1]},
            "kept": {"units": self.kept[0], "households": self.kept[1]},
            "customer_hours": self.customer_hours,
            "lengthened_min": self.lengthened_min,
            "short_min": self.short_min,
        }

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the planner has to look at."""
        if not self.short_min:
            return ()
        names = ", ".join(self.request_ids)
        en = f"Together {names} need {self.short_min} min more for switching than their hours allow: divide them."
        zh = f"{names} 合并后倒闸操作尚缺 {self.short_min} 分钟，超出可停时段：请拆分。"
        evidence = {"short_min": self.short_min}
        return (Finding("month.short", self.request_ids[0], Text(en, zh), evidence, Severity.WARNING),)


def packages(case: MonthCase, starts: Sequence[int | None]) -> list[Package]:
    """The outages of a plan, in order of time: jobs that share sections and hours become one."""
    made = []
    for outage in outages(case.problem, tuple(starts)):
        members = [(job, start) for job in outage.jobs if (start := starts[job]) is not None]
        made.append(_long_enough(case, _package(case, members, outage), outage))
    return made


def _package(case: MonthCase, members: Sequence[tuple[int, int]], outage: Outage) -> Package:
    problem = case.problem
    horizon = problem.horizon
    ordered = sorted(members, key=lambda member: (member[1], member[0]))
    names = tuple(case.requests[job].request_id for job, _ in ordered)
    equipment = dict.fromkeys(name for job, _ in ordered for name in case.requests[job].equipment_ids)
    period = Period(horizon.instant(outage.start), horizon.instant(outage.end))
    feeder = problem.zones[problem.jobs[ordered[0][0]].zone].feeder
    starts = {case.requests[job].request_id: horizon.instant(at) for job, at in ordered}
    dark, kept = (
        (sum(problem.sections[at].units for at in part), sum(problem.sections[at].households for at in part))
        for part in (outage.dead, outage.transferred)
    )
    return Package(names, tuple(equipment), period, feeder, starts, dark, kept, outage.cost / MILLI)


def _long_enough(case: MonthCase, package: Package, outage: Outage) -> Package:
    """The package with the time its switching needs, as far as the hours of its requests allow."""
    several = len({case.problem.jobs[job].zone for job in outage.jobs}) > 1
    zone = case.zones.of(package.equipment_ids) if several else None
    if not isinstance(zone, Zone) or case.agreed.issuperset(package.request_ids):
        return package
    missing = _missing_min(case, package, zone)
    if missing <= 0:
        return package
    slots = slots_of(missing)
    more = timedelta(minutes=SLOT_MIN * slots)
    hours = slots * sum(case.problem.slot_cost(section) for section in outage.dead) / MILLI
    start, end = package.period.start, package.period.end
    for period in (Period(start, end + more), Period(start - more, end)):
        begun = starts_with(package.starts, package.period, period)
        longer = replace(package, period=period, starts=begun, lengthened_min=SLOT_MIN * slots)
        if _within_hours(case, longer, zone):
            return replace(longer, customer_hours=package.customer_hours + hours)
    return replace(package, short_min=round(missing))


def _missing_min(case: MonthCase, package: Package, zone: Zone) -> float:
    works = work_periods(_members(case, package), package.period.start, package.starts, out_min=zone.out_min)
    return missing_min(works, package.period.end, back_min=zone.back_min)


def _within_hours(case: MonthCase, package: Package, zone: Zone) -> bool:
    """Every request has its work time, and the part of the outage it answers for lies in the hours it offered."""
    clock, back = ZoneInfo(case.problem.horizon.time_zone), timedelta(minutes=zone.back_min)
    requests = _members(case, package)
    works = work_periods(requests, package.period.start, package.starts, out_min=zone.out_min)
    parts = {
        one.request_id: Period(package.starts[one.request_id], works[one.request_id].end + back) for one in requests
    }
    return all(
        parts[one.request_id].end <= package.period.end
        and within_days(one, parts[one.request_id])
        and within_hours(one, parts[one.request_id], zone=clock)
        for one in requests
    )


def _members(case: MonthCase, package: Package) -> list[WorkRequest]:
    return [request for request in case.requests if request.request_id in package.starts]


def starts_with(starts: Mapping[str, datetime], before: Period, after: Period) -> dict[str, datetime]:
    """The starts of jobs in an outage with another period: those that began with it begin with it again."""
    return {name: after.start if at == before.start else max(at, after.start) for name, at in starts.items()}
