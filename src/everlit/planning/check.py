"""The judge of month plans: what a plan costs and which rules it breaks, read straight from the definitions.

Written slot by slot with plain sets, apart from every solver and fast evaluator, so that their mistakes show here.
A plan is judged as `starts`: one start a job, None for a refused one.

Of a section on a day the judge knows two sets of slots: **dead** and **transferred** (dead wins). A maximal run of
slots that are either is one outage of the section; it costs its dead slots, and the two cold changeovers once when any
part of it was transferred.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from everlit.kernel import Finding, Text
from everlit.planning.problem import MILLI, Job, MonthProblem, Transfer, Zone

Starts = Sequence[int | None]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a plan costs, in milli customer-hours: the darkness itself, prices of dates, of hours over budgets, of refusals."""

    dark: int
    dates: int
    over: int
    refusals: int

    @property
    def total(self) -> int:
        """What the optimiser minimises."""
        return self.served + self.refusals

    @property
    def served(self) -> int:
        """What the requests that have a date cost: what a bound is a bound on."""
        return self.dark + self.dates + self.over

    @property
    def customer_hours(self) -> float:
        """The darkness in customer-hours (时户)."""
        return self.dark / MILLI


@dataclass(frozen=True, slots=True)
class Off:
    """Slots of one section on one day."""

    dead: frozenset[int]
    transferred: frozenset[int]


def cost(problem: MonthProblem, starts: Starts, *, transfers: bool = True) -> Cost:
    """What the plan costs; `transfers=False` prices the same dates as if nobody could be transferred."""
    dark = 0
    for (section, _), off in darkness(problem, starts, transfers=transfers).items():
        slot, pair = problem.slot_cost(section), problem.changeover_cost(section)
        dark += slot * len(off.dead) + pair * _transferred_runs(off)
    dates = sum(
        date_price(problem, job, start) for job, start in zip(problem.jobs, starts, strict=True) if start is not None
    )
    refusals = sum(job.refusal_price for job, start in zip(problem.jobs, starts, strict=True) if start is None)
    over = problem.prices.over_budget * sum(
        max(0, spent - limit) for spent, limit in budgets_used(problem, starts, transfers=transfers).values()
    )
    return Cost(dark, dates, over, refusals)


def alone_cost(problem: MonthProblem, job: int) -> int:
    """Milli customer-hours of one job done alone without any transfer: what its department asks for."""
    zone = problem.zones[problem.jobs[job].zone]
    return problem.jobs[job].duration * sum(problem.slot_cost(section) for section in {*zone.worked, *zone.carried})


def date_price(problem: MonthProblem, job: Job, start: int) -> int:
    """The price of a start itself: a published date moved, night work, work on a rest day, days from the wanted one."""
    slot, day = problem.horizon.slot(start), problem.horizon.day(start)
    moved = job.moved_price if job.published is not None and start != job.published else 0
    night = problem.prices.night if slot < problem.night[1] and problem.night[0] < slot + job.duration else 0
    rest = problem.prices.rest_day if problem.horizon.rests(day) else 0
    apart = 0 if job.wanted is None else problem.prices.wanted_day * abs(day - problem.horizon.day(job.wanted))
    return moved + night + rest + apart


def darkness(problem: MonthProblem, starts: Starts, *, transfers: bool = True) -> dict[tuple[int, int], Off]:
    """(section, day) → its dead and its transferred slots under the plan."""
    dead: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
    held: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
    for day, today in days_of(problem, starts).items():
        for job, start in today.items():
            first = problem.horizon.slot(start)
            slots = range(first, first + problem.jobs[job].duration)
            zone = problem.zones[problem.jobs[job].zone]
            kept = restored(problem, today, job) if transfers else frozenset()
            for section in {*zone.worked, *zone.carried}:
                holds = section in kept and section not in zone.worked
                (held if holds else dead)[section, day].update(slots)
    return {
        key: Off(frozenset(dead[key]), frozenset(held[key] - dead[key])) for key in sorted({*dead.keys(), *held.keys()})
    }


def days_of(problem: MonthProblem, starts: Starts) -> dict[int, dict[int, int]]:
    """Day → the jobs on it and their starts. No job of a lawful plan reaches into another planning day."""
    days: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for job, start in enumerate(starts):
        if start is not None:
            days[problem.horizon.day(start)][job] = start
    return dict(days)


def restored(problem: MonthProblem, today: Mapping[int, int], job: int) -> frozenset[int]:
    """Sections a job's transfers hold during the whole of it, given what else is off on its day."""
    transfers = problem.zones[problem.jobs[job].zone].transfers
    if not transfers:
        return frozenset()
    mine, start = problem.jobs[job], today[job]
    others = {
        problem.jobs[other].zone
        for other, began in today.items()
        if problem.jobs[other].zone != mine.zone
        and began < start + mine.duration
        and start < began + problem.jobs[other].duration
    }
    kept: set[int] = set()
    for transfer in transfers:
        if fits(problem, transfer, start, mine.duration) and not any(
            blocks(problem, zone, transfer) for zone in others
        ):
            kept.update(transfer.restores)
    return frozenset(kept)


def fits(problem: MonthProblem, transfer: Transfer, start: int, duration: int) -> bool:
    """True when the load calendar lets the transfer hold in every slot of the job."""
    return transfer.calendar < 0 or all(problem.calendars[transfer.calendar][start : start + duration])


def blocks(problem: MonthProblem, zone: int, transfer: Transfer) -> bool:
    """True when an outage of `zone` takes away what the transfer needs."""
    off = problem.zones[zone]
    return zone in transfer.excludes or not {*off.worked, *off.carried}.isdisjoint(transfer.needs)


def check_plan(problem: MonthProblem, starts: Starts) -> list[Finding]:
    """Every rule the plan breaks: dates, precedence, crews, repeats, dual supplies, concurrency. Empty: none.

    >>> from datetime import date
    >>> from everlit.planning.problem import Horizon, Section
    >>> job = Job("j", zone=0, duration=4, earliest_day=0, latest_day=0, window=(2, 22))
    >>> two = MonthProblem(Horizon(date(2026, 6, 1), 1), (Section("s"),), (Zone("z", (0,)),), (job,))
    >>> [finding.kind for finding in check_plan(two, [0])]
    ['schedule.window']
    """
    if len(starts) != len(problem.jobs):
        return [
            _finding(
                "schedule.length", "plan", f"{len(starts)} starts for {len(problem.jobs)} jobs", "开工时间与任务数不符"
            )
        ]
    rules = (_dates, _precedence, _crews, _repeats, _duals, _concurrency)
    return [finding for rule in rules for finding in rule(problem, starts)]


def _dates(problem: MonthProblem, starts: Starts) -> Iterator[Finding]:
    for position, start in enumerate(starts):
        if start is not None:
            yield from date_findings(problem, position, start)


def date_findings(problem: MonthProblem, position: int, start: int) -> Iterator[Finding]:
    """The rules of dates one start of one job breaks, whatever else is planned."""
    job, horizon = problem.jobs[position], problem.horizon
    day, slot = divmod(start, horizon.slots_per_day)
    end = slot + job.duration
    if not 0 <= day < horizon.days or end > horizon.slots_per_day:
        yield _finding("schedule.horizon", job.job_id, "leaves its planning day", "超出计划日")
        return
    if start != job.published:
        if day < job.notice_day:
            yield _finding(
                "schedule.notice", job.job_id, f"day {day} is before notice day {job.notice_day}", "早于法定通知期"
            )
        if not job.earliest_day <= day <= job.latest_day:
            yield _finding("schedule.period", job.job_id, f"day {day} is outside its period", "不在申请期内")
        windows = [job.window, problem.night] if job.night_allowed else [job.window]
        if not any(first <= slot and end <= last for first, last in windows):
            yield _finding(
                "schedule.window", job.job_id, f"slots {slot}..{end} are outside its daily window", "不在允许时段内"
            )
        if horizon.rests(day) and not job.rest_allowed:
            yield _finding("schedule.rest_day", job.job_id, f"day {day} is a rest day", "休息日不可作业")
    zone = problem.zones[job.zone]
    for period in problem.forbidden:
        touched = not period.sections or not {*zone.worked, *zone.carried}.isdisjoint(period.sections)
        if touched and start < period.end and period.start < start + job.duration:
            said = _finding("schedule.forbidden", job.job_id, f"falls in {period.name}", f"处于保电时段：{period.name}")
            yield replace(said, evidence={"rule": period.name})


def _precedence(problem: MonthProblem, starts: Starts) -> Iterator[Finding]:
    for job, start in zip(problem.jobs, starts, strict=True):
        for rule in job.after if start is not None else ():
            before = starts[rule.job]
            name = problem.jobs[rule.job].job_id
            if before is None:
                yield _finding(
                    "schedule.precedence", job.job_id, f"needs {name}, which is refused", f"前序任务 {name} 未安排"
                )
                continue
            lag = problem.horizon.day(start or 0) - problem.horizon.day(before)
            if (start or 0) < before + problem.jobs[rule.job].duration or lag < rule.lag_days:
                yield _finding(
                    "schedule.precedence", job.job_id, f"begins too soon after {name}", f"距前序任务 {name} 过近"
                )


def _crews(problem: MonthProblem, starts: Starts) -> Iterator[Finding]:
    used: Counter[tuple[int, int]] = Counter()
    for job, start in zip(problem.jobs, starts, strict=True):
        if start is not None and job.crew >= 0:
            used[job.crew, problem.horizon.day(start)] += job.crew_count
    for (crew, day), count in sorted(used.items()):
        limit = problem.crews[crew].capacity[day]
        if count > limit:
            name = problem.crews[crew].crew_id
            yield _finding("schedule.crew", name, f"{count} crews on day {day}, {limit} exist", f"第 {day} 日班组不足")


def _repeats(problem: MonthProblem, starts: Starts) -> Iterator[Finding]:
    days: defaultdict[int, set[int]] = defaultdict(set)
    for (number, day), off in darkness(problem, starts).items():
        if off.dead or problem.repeat.transfer_counts:
            days[number].add(day)
    rule = problem.repeat
    for number, off_days in sorted(days.items()):
        section = problem.sections[number]
        every = [*section.recent_days, *off_days]
        worst = max(sum(1 for past in every if day - rule.window_days < past <= day) for day in off_days)
        counts = (section.year_outages + len(off_days), section.year_planned + len(off_days), worst)
        limits = (rule.year, rule.planned_year, rule.window)
        if any(count > limit for count, limit in zip(counts, limits, strict=True)):
            said = f"{counts[0]} in the year, {counts[1]} planned, {counts[2]} in {rule.window_days} days"
            yield _finding("schedule.repeat", section.section_id, said, "重复停电超限")


def budgets_used(problem: MonthProblem, starts: Starts, *, transfers: bool = True) -> dict[str, tuple[int, int]]:
    """Unit with a budget → milli MV-unit hours it spends under the plan, and may spend."""
    used = unit_hours(problem, starts, transfers=transfers) if problem.budgets else {}
    return {one.unit: (used.get(one.unit, 0), round(MILLI * one.limit_unit_hours)) for one in problem.budgets}


def unit_hours(problem: MonthProblem, starts: Starts, *, transfers: bool = True) -> dict[str, int]:
    """Milli MV-unit hours each operating unit spends under the plan."""
    used: defaultdict[str, int] = defaultdict(int)
    for (number, _), off in darkness(problem, starts, transfers=transfers).items():
        slot, pair = unit_costs(problem, number)
        used[problem.sections[number].unit] += slot * len(off.dead) + pair * _transferred_runs(off)
    return dict(used)


def unit_costs(problem: MonthProblem, section: int) -> tuple[int, int]:
    """Milli MV-unit hours of one dead slot of the section, and of its two changeovers."""
    units = MILLI * problem.sections[section].units / 60
    return round(units * problem.horizon.slot_min), round(units * 2 * problem.prices.changeover_min)


def _duals(problem: MonthProblem, starts: Starts) -> Iterator[Finding]:
    off = darkness(problem, starts) if problem.duals else {}
    for dual in problem.duals:
        for day in range(problem.horizon.days):
            first, second = off.get((dual.first, day)), off.get((dual.second, day))
            if first and second and not first.dead.isdisjoint(second.dead):
                said = f"both sources are dead on day {day}"
                yield _finding("schedule.dual", dual.customer_id, said, f"第 {day} 日双电源同停")


def _concurrency(problem: MonthProblem, starts: Starts) -> Iterator[Finding]:
    for rule in problem.concurrency:
        sites = {zone: site for site, zones in enumerate(rule.sites) for zone in zones}
        active: defaultdict[int, set[int]] = defaultdict(set)
        for job, start in zip(problem.jobs, starts, strict=True):
            if start is not None and job.zone in sites and rule.counts(job):
                for slot in range(start, start + job.duration):
                    active[slot].add(sites[job.zone])
        worst = max((len(at_once) for at_once in active.values()), default=0)
        if worst > rule.limit:
            yield _finding(
                "schedule.concurrency", rule.name, f"{worst} at once, {rule.limit} allowed", "同时停电数超限"
            )


def _transferred_runs(off: Off) -> int:
    """Outages of the section on the day that had a transferred part."""
    runs, both = 0, off.dead | off.transferred
    for slot in sorted(both):
        if slot - 1 not in both:
            end = slot
            while end in both:
                end += 1
            runs += any(at in off.transferred for at in range(slot, end))
    return runs


def _finding(kind: str, subject: str, en: str, zh: str) -> Finding:
    return Finding(kind, subject, Text(en=f"{subject}: {en}.", zh=f"{subject}：{zh}。"))


def zone_sections(zone: Zone) -> frozenset[int]:
    """Every section of a zone, worked or carried."""
    return frozenset((*zone.worked, *zone.carried))
