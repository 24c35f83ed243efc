"""The month problem made ready for search: same meaning, fewer and faster parts.

Sections that every zone treats alike are one **block** (供电块): their costs add up, their darkness is the same. Who
blocks which transfer, which zones touch each other and every allowed start are worked out once. Sets of slots of a day
are the bits of an integer, so a union is `|` and a dead time is `bit_count()`.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from everlit.planning.check import alone_cost, blocks, unit_costs
from everlit.planning.problem import Job, MonthProblem


@dataclass(frozen=True, slots=True)
class Block:
    """Sections that are always dead, transferred or live together."""

    sections: tuple[int, ...]
    slot_cost: int
    changeover_cost: int
    unit: str
    unit_slot: int
    unit_changeover: int
    room: int
    recent_days: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Tie:
    """A transfer as the search sees it: the carried blocks it restores, the zones that block it, when it fits."""

    restores: frozenset[int]
    blockers: frozenset[int]
    calendar: int


@dataclass(frozen=True, slots=True)
class Compiled:
    """Everything derived from a problem.

    `calendars` are bit sets over all slots of the horizon; `near[zone]` are the zones whose outage at the same time can
    change its cost, `harms[zone]` those whose transfers it can block; `related[job]` are the jobs of near zones, itself
    first; `weight[job]` is its cost done alone; `first_starts[job]`: on each day the first start of its kind;
    `hours[job]`: the slots of a day it may ever cover; `sites[job]`: the concurrency rules it counts for, and as which site.
    """

    problem: MonthProblem
    blocks: tuple[Block, ...]
    worked: tuple[tuple[int, ...], ...]
    carried: tuple[tuple[int, ...], ...]
    ties: tuple[tuple[Tie, ...], ...]
    calendars: tuple[int, ...]
    near: tuple[frozenset[int], ...]
    harms: tuple[frozenset[int], ...]
    starts: tuple[tuple[int, ...], ...]
    hours: tuple[int, ...]
    start_sets: tuple[frozenset[int], ...]
    first_starts: tuple[frozenset[int], ...]
    successors: tuple[tuple[int, ...], ...]
    related: tuple[tuple[int, ...], ...]
    weight: tuple[int, ...]
    duals: tuple[tuple[int, int], ...]
    sites: tuple[tuple[tuple[int, int], ...], ...]

    def fitting(self, zone: int, start: int, duration: int) -> tuple[Tie, ...]:
        """The ties of `zone` whose calendar allows the whole job."""
        if not self.ties[zone]:
            return ()
        span = ((1 << duration) - 1) << start
        return tuple(tie for tie in self.ties[zone] if tie.calendar < 0 or span & self.calendars[tie.calendar] == span)


@lru_cache(maxsize=8)
def compile_problem(problem: MonthProblem) -> Compiled:
    """Work out blocks, blockers, neighbours and starts of a problem."""
    blocks_, block_of = _blocks(problem)
    worked = tuple(_unique(block_of[s] for s in zone.worked) for zone in problem.zones)
    carried = tuple(_unique(block_of[s] for s in zone.carried if s not in zone.worked) for zone in problem.zones)
    ties = _ties(problem, block_of)
    successors: list[list[int]] = [[] for _ in problem.jobs]
    for position, job in enumerate(problem.jobs):
        for rule_ in job.after:
            successors[rule_.job].append(position)
    duals = tuple((block_of[dual.first], block_of[dual.second]) for dual in problem.duals)
    near = _near(worked, carried, ties, duals)
    starts = tuple(possible_starts(problem, job) for job in problem.jobs)
    calendars = tuple(sum(1 << at for at, fit in enumerate(calendar) if fit) for calendar in problem.calendars)
    return Compiled(
        problem=problem,
        blocks=blocks_,
        worked=worked,
        carried=carried,
        ties=ties,
        calendars=calendars,
        near=near,
        harms=_harms(ties),
        related=_related(problem, near),
        weight=tuple(alone_cost(problem, job) for job in range(len(problem.jobs))),
        starts=starts,
        hours=tuple(_hours(problem, job, options) for job, options in zip(problem.jobs, starts, strict=True)),
        start_sets=tuple(frozenset(options) for options in starts),
        first_starts=tuple(
            _first_starts(problem, job, options, ties, calendars)
            for job, options in zip(problem.jobs, starts, strict=True)
        ),
        successors=tuple(tuple(after) for after in successors),
        duals=duals,
        sites=_sites(problem),
    )


def _sites(problem: MonthProblem) -> tuple[tuple[tuple[int, int], ...], ...]:
    of_zone: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, rule in enumerate(problem.concurrency):
        for site, zones in enumerate(rule.sites):
            for zone in zones:
                of_zone[zone].append((number, site))
    return tuple(
        tuple((rule, site) for rule, site in of_zone.get(job.zone, ()) if problem.concurrency[rule].counts(job))
        for job in problem.jobs
    )


def possible_starts(problem: MonthProblem, job: Job) -> tuple[int, ...]:
    """Every start the rules of dates allow (the same that `check.date_findings` finds nothing against), ascending."""
    horizon = problem.horizon
    windows = [job.window, problem.night] if job.night_allowed else [job.window]
    slots = sorted(
        {
            slot
            for first, last in windows
            for slot in range(max(first, 0), min(last, horizon.slots_per_day) - job.duration + 1)
        }
    )
    found = {
        horizon.start(day, slot)
        for day in range(max(job.earliest_day, job.notice_day, 0), min(job.latest_day + 1, horizon.days))
        if job.rest_allowed or not horizon.rests(day)
        for slot in slots
    }
    if job.published is not None and _inside(problem, job, job.published):
        found.add(job.published)
    zone = problem.zones[job.zone]
    touched = {*zone.worked, *zone.carried}
    for period in problem.forbidden:
        if not period.sections or not touched.isdisjoint(period.sections):
            found = {start for start in found if not (start < period.end and period.start < start + job.duration)}
    return tuple(sorted(found))


def _inside(problem: MonthProblem, job: Job, start: int) -> bool:
    day, slot = divmod(start, problem.horizon.slots_per_day)
    return 0 <= day < problem.horizon.days and slot + job.duration <= problem.horizon.slots_per_day


def _unique(values: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(set(values)))


def _room(problem: MonthProblem, section: int) -> int:
    """Days the section may still be off this month under the yearly limits; at least zero."""
    rule, history = problem.repeat, problem.sections[section]
    return max(0, min(rule.year - history.year_outages, rule.planned_year - history.year_planned, problem.horizon.days))


def _blocks(problem: MonthProblem) -> tuple[tuple[Block, ...], dict[int, int]]:
    """Sections in no zone belong to no block, except where a rule names them."""
    seen: defaultdict[int, list[tuple[int, int, tuple[int, ...]]]] = defaultdict(list)
    for number, zone in enumerate(problem.zones):
        for section in set(zone.worked):
            seen[section].append((number, 1, ()))
        for section in set(zone.carried) - set(zone.worked):
            held = tuple(at for at, transfer in enumerate(zone.transfers) if section in transfer.restores)
            seen[section].append((number, 0, held))
    named = {section for dual in problem.duals for section in (dual.first, dual.second)}
    groups: defaultdict[object, list[int]] = defaultdict(list)
    for section in sorted({*seen, *named}):
        history = problem.sections[section]
        alike = (tuple(seen[section]), history.unit, _room(problem, section), tuple(sorted(history.recent_days)))
        groups[(alike, section if section in named else -1)].append(section)
    made: list[Block] = []
    block_of: dict[int, int] = {}
    for members in groups.values():
        block_of.update(dict.fromkeys(members, len(made)))
        units = [unit_costs(problem, section) for section in members]
        made.append(
            Block(
                sections=tuple(members),
                slot_cost=sum(problem.slot_cost(section) for section in members),
                changeover_cost=sum(problem.changeover_cost(section) for section in members),
                unit=problem.sections[members[0]].unit,
                unit_slot=sum(slot for slot, _ in units),
                unit_changeover=sum(pair for _, pair in units),
                room=_room(problem, members[0]),
                recent_days=problem.sections[members[0]].recent_days,
            )
        )
    return tuple(made), block_of


def _ties(problem: MonthProblem, block_of: dict[int, int]) -> tuple[tuple[Tie, ...], ...]:
    off = [frozenset((*zone.worked, *zone.carried)) for zone in problem.zones]
    touching: defaultdict[int, set[int]] = defaultdict(set)
    for number, sections in enumerate(off):
        for section in sections:
            touching[section].add(number)
    made = []
    for number, zone in enumerate(problem.zones):
        mine = []
        for transfer in zone.transfers:
            against = {*transfer.excludes, *(z for section in transfer.needs for z in touching[section])} - {number}
            restores = frozenset(block_of[s] for s in transfer.restores if s in zone.carried and s not in zone.worked)
            mine.append(Tie(restores, frozenset(z for z in against if blocks(problem, z, transfer)), transfer.calendar))
        made.append(tuple(mine))
    return tuple(made)


def _near(
    worked: tuple[tuple[int, ...], ...],
    carried: tuple[tuple[int, ...], ...],
    ties: tuple[tuple[Tie, ...], ...],
    duals: tuple[tuple[int, int], ...],
) -> tuple[frozenset[int], ...]:
    """Per zone the zones whose outage at the same time can change its cost or be changed by it, itself included."""
    holders: defaultdict[int, set[int]] = defaultdict(set)
    for number in range(len(worked)):
        for block in (*worked[number], *carried[number]):
            holders[block].add(number)
    near = [{number} for number in range(len(worked))]
    for zones in holders.values():
        for zone in zones:
            near[zone] |= zones
    for number, mine in enumerate(ties):
        for tie in mine:
            near[number] |= tie.blockers
            for other in tie.blockers:
                near[other].add(number)
    for first, second in duals:
        for zone in holders[first]:
            near[zone] |= holders[second]
        for zone in holders[second]:
            near[zone] |= holders[first]
    return tuple(frozenset(zones) for zones in near)


def _first_starts(
    problem: MonthProblem,
    job: Job,
    starts: tuple[int, ...],
    ties: tuple[tuple[Tie, ...], ...],
    calendars: tuple[int, ...],
) -> frozenset[int]:
    """Per day the first start by daylight and by night under each set of fitting ties, with the wanted and the published."""
    seen: dict[object, int] = {}
    span = (1 << job.duration) - 1
    for start in starts:
        day, slot = divmod(start, problem.horizon.slots_per_day)
        fitting = tuple(
            number
            for number, tie in enumerate(ties[job.zone])
            if tie.calendar < 0 or calendars[tie.calendar] >> start & span == span
        )
        seen.setdefault((day, slot + job.duration > problem.night[0], fitting), start)
    named = {start for start in (job.published, job.wanted) if start is not None}
    return frozenset(seen.values()) | (named & set(starts))


def _hours(problem: MonthProblem, job: Job, starts: tuple[int, ...]) -> int:
    mask = 0
    for slot in {start % problem.horizon.slots_per_day for start in starts}:
        mask |= ((1 << job.duration) - 1) << slot
    return mask


def _harms(ties: tuple[tuple[Tie, ...], ...]) -> tuple[frozenset[int], ...]:
    harms: list[set[int]] = [set() for _ in ties]
    for zone, mine in enumerate(ties):
        for tie in mine:
            for other in tie.blockers:
                harms[other].add(zone)
    return tuple(frozenset(zones) for zones in harms)


def _related(problem: MonthProblem, near: tuple[frozenset[int], ...]) -> tuple[tuple[int, ...], ...]:
    by_zone: defaultdict[int, list[int]] = defaultdict(list)
    for job, task in enumerate(problem.jobs):
        by_zone[task.zone].append(job)
    return tuple(
        (job, *(other for zone in sorted(near[task.zone]) for other in by_zone.get(zone, ()) if other != job))
        for job, task in enumerate(problem.jobs)
    )
