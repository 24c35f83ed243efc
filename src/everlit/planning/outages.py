"""Merged outages (一停多用): jobs of a day that share sections and hours are one outage to those in the dark."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from everlit.planning.check import Starts, cost, darkness
from everlit.planning.problem import MILLI, MonthProblem


@dataclass(frozen=True, slots=True)
class Outage:
    """One merged outage: its jobs, from the first start to the last end, who is dead, who is transferred, its cost."""

    jobs: tuple[int, ...]
    start: int
    end: int
    dead: tuple[int, ...]
    transferred: tuple[int, ...]
    cost: int

    def as_json(self, problem: MonthProblem) -> dict[str, Any]:
        """With ids and local times."""
        return {
            "jobs": [problem.jobs[job].job_id for job in self.jobs],
            "start": problem.horizon.instant(self.start).isoformat(),
            "end": problem.horizon.instant(self.end).isoformat(),
            "dead": [problem.sections[section].section_id for section in self.dead],
            "transferred": [problem.sections[section].section_id for section in self.transferred],
            "customer_hours": self.cost / MILLI,
        }


def outages(problem: MonthProblem, starts: Starts) -> tuple[Outage, ...]:
    """The merged outages of a plan, in order of time."""
    by_day: defaultdict[int, list[int]] = defaultdict(list)
    for job, start in enumerate(starts):
        if start is not None:
            by_day[problem.horizon.day(start)].append(job)
    made = [_outage(problem, starts, group) for jobs in by_day.values() for group in _merged(problem, starts, jobs)]
    return tuple(sorted(made, key=lambda outage: (outage.start, outage.jobs)))


def _merged(problem: MonthProblem, starts: Starts, jobs: list[int]) -> list[list[int]]:
    """Groups of jobs linked by a shared section while both are on, or one right after the other."""
    groups: list[list[int]] = []
    for job in jobs:
        linked = [group for group in groups if any(_together(problem, starts, job, other) for other in group)]
        groups = [group for group in groups if group not in linked]
        groups.append(sorted([job, *(member for group in linked for member in group)]))
    return groups


def _together(problem: MonthProblem, starts: Starts, one: int, two: int) -> bool:
    a, b = starts[one], starts[two]
    if a is None or b is None:
        return False
    meet = a <= b + problem.jobs[two].duration and b <= a + problem.jobs[one].duration
    zones = (problem.zones[problem.jobs[one].zone], problem.zones[problem.jobs[two].zone])
    first, second = ({*zone.worked, *zone.carried} for zone in zones)
    return meet and not first.isdisjoint(second)


def _outage(problem: MonthProblem, starts: Starts, jobs: list[int]) -> Outage:
    """The group priced with everything else that is off that day: blocked transfers show."""
    begun = [starts[job] or 0 for job in jobs]
    day = problem.horizon.day(begun[0])
    today = [s if s is not None and problem.horizon.day(s) == day else None for s in starts]
    mine = {
        s for job in jobs for zone in (problem.zones[problem.jobs[job].zone],) for s in (*zone.worked, *zone.carried)
    }
    others = [None if job in jobs else start for job, start in enumerate(today)]
    dark = {section: off for (section, _), off in darkness(problem, today).items() if section in mine}
    return Outage(
        jobs=tuple(jobs),
        start=min(begun),
        end=max(start + problem.jobs[job].duration for job, start in zip(jobs, begun, strict=True)),
        dead=tuple(section for section, off in sorted(dark.items()) if off.dead),
        transferred=tuple(section for section, off in sorted(dark.items()) if off.transferred and not off.dead),
        cost=cost(problem, today).dark - cost(problem, others).dark,
    )
