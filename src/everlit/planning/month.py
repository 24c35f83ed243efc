"""The month as one problem (月度平衡): requests, network and rules in, `MonthProblem` out, a plan back into outages.

    requests ─► zones: what isolating their equipment cuts off ─► who can be transferred over which tie, and when
             ─► sections that every zone treats alike become one ─► jobs, crews, budgets, repeat counts, protected
             periods

Isolation and transfer are computed once a zone, however many requests want it. Transfers are judged on the highest
P90 load of the month; where that is too much, again on working days, rest days and nights apart, each with its own
calendar. The exact quarter-hours are judged when the packaged outage is assessed: the month decides dates, not
permits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from everlit.grid import Grid, Importance
from everlit.grid.compile import Bools
from everlit.kernel import Finding, Period, Policies, Text, fingerprint
from everlit.planning import problem as posed
from everlit.planning.forecast import Forecast
from everlit.planning.history import NOTHING, History, days_by_section, worst_days
from everlit.planning.holidays import WorkingCalendar
from everlit.planning.important import important_points, sources_of
from everlit.planning.model import Budget, Department, ProtectedPeriod, WorkRequest
from everlit.planning.zones import (
    ALL_CLASSES,
    DAY_BEGINS_MIN,
    NIGHT_BEGINS_MIN,
    Setting,
    Zone,
    ZoneCache,
    Zones,
    ZoneTransfer,
    load_rows,
)
from everlit.switching import limits_of

SLOT_MIN = 30
MINUTES_A_DAY = 1440
NIGHT = ((NIGHT_BEGINS_MIN - DAY_BEGINS_MIN) // SLOT_MIN, MINUTES_A_DAY // SLOT_MIN)
"""Slots of the planning day from 21:00 on."""
FIXED_PRICE = 60_000
"""Milli customer-hours for moving a published date: sixty customer-hours, so that it moves only for good reason."""
REFUSAL_PRICE = 10_000_000
IMPORTANT = Importance.TEMPORARY


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A request no plan of the month can serve, and the one rule that is in the way (`kind`, about `subject`)."""

    request_id: str
    kind: str
    message: Text
    subject: str = ""
    jobs: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As the conflicts of refused jobs are shown."""
        evidence = {"alone": True, "rules": [{"kind": self.kind, "subject": self.subject}]}
        finding = Finding("schedule.refused", self.request_id, self.message, evidence)
        return {**finding.as_json(), "jobs": list(self.jobs)}


@dataclass(frozen=True)
class MonthCase:
    """A problem with what is needed to read a plan of it back."""

    problem: posed.MonthProblem
    requests: tuple[WorkRequest, ...]
    unplaced: tuple[Unplaced, ...]
    findings: tuple[Finding, ...]
    network: str
    zones: Zones = field(repr=False)
    agreed: frozenset[str] = frozenset()


def month_problem(
    requests: Sequence[WorkRequest],
    *,
    grid: Grid,
    closed: Bools,
    month: date,
    forecast: Forecast,
    policies: Policies,
    now: datetime,
    history: History = NOTHING,
    budgets: Mapping[str, Budget] | None = None,
    protected: Sequence[ProtectedPeriod] = (),
    published: Mapping[str, Period] | None = None,
    fixed: Sequence[str] = (),
    done: Mapping[str, datetime] | None = None,
    calendar: WorkingCalendar = WorkingCalendar(),
    time_zone: str = "Asia/Shanghai",
    cache: ZoneCache | None = None,
) -> MonthCase:
    """Pose a month.

    `published` says when the part of a request in a standing outage begins and ends: the start is kept where possible,
    start and end of `fixed` requests always. `done` says when the work of requests outside this problem ends: who waits
    for them begins later. Requests no plan can serve come back as `unplaced`. Raises UnableToFindEquipment,
    UnableToFindPolicy.
    """
    first = month.replace(day=1)
    horizon = _horizon(first, calendar, time_zone)
    on = first
    setting = Setting(grid, closed, policies, limits_of(policies, on=on), on, load_rows(grid, forecast, horizon))
    facts = fingerprint(
        [grid.network.fingerprint, closed.tobytes().hex(), forecast.fingerprint, policies.as_json(), str(first)]
    )
    finder = Zones(setting, (cache or ZoneCache()).of(facts))
    found = _found(requests, finder, horizon, frozenset(fixed), done or {})
    kept, zones = found.requests, found.zones
    groups = _Groups.of(zones, grid)
    sections = _sections(groups, grid, history, policies, first, time_zone)
    crews = sorted({request.crew for request in kept if request.crew})
    notice = timedelta(days=policies.value("notice.planned", on=on))
    jobs = _jobs(found, horizon, crews, now + notice, published or {}, frozenset(fixed), done or {})
    problem = posed.MonthProblem(
        horizon=horizon,
        sections=sections,
        zones=tuple(_posed_zone(number, zones, groups, grid) for number in range(len(zones))),
        jobs=jobs,
        crews=tuple(posed.Crew(crew, (1,) * horizon.days) for crew in crews),
        calendars=_calendars(horizon),
        forbidden=_forbidden(protected, sections, horizon),
        duals=_duals(groups, grid),
        concurrency=_at_once(zones, grid, policies, on),
        budgets=tuple(
            posed.Budget(unit, round(max(budget.left_h, 0.0), 6)) for unit, budget in sorted((budgets or {}).items())
        ),
        repeat=_repeat(policies, on),
        prices=_prices(policies, on),
        night=NIGHT,
    )
    return MonthCase(
        problem, tuple(kept), tuple(found.unplaced), tuple(found.findings), grid.network.name, finder, frozenset(fixed)
    )


def _horizon(first: date, calendar: WorkingCalendar, time_zone: str) -> posed.Horizon:
    days = (date(first.year + first.month // 12, first.month % 12 + 1, 1) - first).days
    rest = tuple(calendar.rests(first + timedelta(days=day)) for day in range(days))
    return posed.Horizon(first, days, SLOT_MIN, DAY_BEGINS_MIN, time_zone, rest)


# ------------------------------------------------------------------------------- requests and their zones
@dataclass
class _Found:
    """Requests that can be planned with their zones, and those that cannot with the reason."""

    requests: list[WorkRequest] = field(default_factory=list)
    zone_of: list[int] = field(default_factory=list)
    zones: list[Zone] = field(default_factory=list)
    unplaced: list[Unplaced] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def slots(self, position: int) -> int:
        """Slots the outage of a request takes: way out, the work it asks for, way back."""
        return slots_of(self.requests[position].duration_min + self.zones[self.zone_of[position]].switching_min)


def slots_of(minutes: float) -> int:
    """Slots that hold so many minutes.

    >>> slots_of(240.0), slots_of(240.5)
    (8, 9)
    """
    return -int(-minutes // SLOT_MIN)


def _found(
    requests: Sequence[WorkRequest],
    finder: Zones,
    horizon: posed.Horizon,
    fixed: frozenset[str],
    done: Mapping[str, datetime],
) -> _Found:
    """The distinct zones of the requests, in the order they are first wanted."""
    found, zoned = _Found(), dict[str, tuple[WorkRequest, Zone]]()
    for request in requests:
        zone, agreed = finder.of(request.equipment_ids), request.request_id in fixed
        if not isinstance(zone, Zone):
            found.findings.extend(zone)
            found.unplaced += [] if agreed else [_not_isolated(request, zone)]
        elif not agreed and slots_of(request.duration_min + zone.switching_min) > MINUTES_A_DAY // SLOT_MIN:
            found.unplaced.append(_longer_than_a_day(request, zone))
        elif not agreed and (late := _comes_too_late(request, zone, horizon, done)):
            found.unplaced.append(_waits_past(request, late, done[late]))
        else:
            zoned[request.request_id] = request, zone
    _drop_waiting(zoned, found, fixed, done)
    numbers: dict[int, int] = {}
    for request, zone in zoned.values():
        if id(zone) not in numbers:
            numbers[id(zone)] = len(found.zones)
            found.zones.append(zone)
        found.requests.append(request)
        found.zone_of.append(numbers[id(zone)])
    return found


def _drop_waiting(
    zoned: dict[str, tuple[WorkRequest, Zone]], found: _Found, fixed: frozenset[str], done: Mapping[str, datetime]
) -> None:
    """Take out requests whose predecessor has no time and can get none, and in turn those that wait for them."""
    while True:
        known = {*zoned, *done, *fixed}
        waiting = {
            name: next(before for before in request.precedence if before not in known)
            for name, (request, _) in zoned.items()
            if name not in fixed and not known.issuperset(request.precedence)
        }
        if not waiting:
            return
        found.unplaced += [_waits(*pair) for pair in waiting.items()]
        for name in waiting:
            del zoned[name]


def _comes_too_late(request: WorkRequest, zone: Zone, horizon: posed.Horizon, done: Mapping[str, datetime]) -> str:
    """The predecessor outside the month that ends after the last day the request could be done; empty when none."""
    window, first, last = _offered(request, horizon, slots_of(request.duration_min + zone.switching_min))
    before = max((name for name in request.precedence if name in done), key=lambda name: done[name], default="")
    if not before or first > last:
        return ""
    return before if _day_after(first, window, [done[before]], horizon) > last else ""


def _day_after(day: int, window: tuple[int, int], before: Sequence[datetime], horizon: posed.Horizon) -> int:
    """The first day from `day` on whose window begins after all of `before` have ended."""
    while before and day <= horizon.days and horizon.instant(horizon.start(day, window[0])) < max(before):
        day += 1
    return day


def _waits_past(request: WorkRequest, before: str, ends: datetime) -> Unplaced:
    name, when = request.request_id, f"{ends:%Y-%m-%d}"
    en = f"{name} waits for {before}, which ends on {when}, after the last day {name} offers."
    zh = f"{name} 的前置申请 {before} 于 {when} 结束，已晚于其可停时段。"
    return Unplaced(name, "schedule.precedence", Text(en, zh), before, (before,))


def _waits(request_id: str, before: str) -> Unplaced:
    en, zh = f"{request_id} waits for {before}, which has no time.", f"{request_id} 的前置申请 {before} 尚无停电时间。"
    return Unplaced(request_id, "schedule.precedence", Text(en, zh), before, (before,))


def _not_isolated(request: WorkRequest, why: Sequence[Finding]) -> Unplaced:
    name, reasons = request.request_id, [finding.message for finding in why]
    en = f"{name} cannot be isolated: {' '.join(text.en for text in reasons)}"
    zh = f"{name} 无法隔离：{''.join(text.zh for text in reasons)}"
    return Unplaced(name, "schedule.isolate", Text(en, zh), why[0].subject if why else "")


def _longer_than_a_day(request: WorkRequest, zone: Zone) -> Unplaced:
    name, hours = request.request_id, (request.duration_min + zone.switching_min) / 60
    en = f"{name} takes {hours:.1f} h with its switching, longer than a planning day: divide it, or merge it by hand."
    zh = f"{name} 含倒闸操作共需 {hours:.1f} 小时，超过一个计划日：请拆分申请或人工合并。"
    return Unplaced(name, "schedule.longer_than_day", Text(en, zh))


# ------------------------------------------------------------------------------------------------ sections
@dataclass(frozen=True)
class _Groups:
    """Sections that every zone treats alike, as one; `of_section` is -1 for those no zone touches."""

    of_section: npt.NDArray[np.int32]
    members: tuple[npt.NDArray[np.intp], ...]

    @classmethod
    def of(cls, zones: Sequence[Zone], grid: Grid) -> "_Groups":
        """Group by which zones work on, carry and restore a section, and by the unit that answers for it."""
        rng = np.random.default_rng(1)
        mark = np.zeros(grid.n_sections, np.uint64)
        for zone in zones:
            parts = (zone.worked, zone.carried, *(one.restores for one in zone.transfers))
            for part in parts:
                mark[list(part)] ^= np.uint64(rng.integers(1, 2**63))
        touched = np.zeros(grid.n_sections, np.bool_)
        for zone in zones:
            touched[list(zone.worked | zone.carried)] = True
        sections = np.flatnonzero(touched)
        owner = _unit_numbers(grid)[sections]
        keys = np.stack([mark[sections], owner.astype(np.uint64)], axis=1)
        _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        rank = np.argsort(np.argsort(first))  # groups in the order of their first section: stable whatever the marks
        group = rank[inverse.ravel()]
        of_section = np.full(grid.n_sections, -1, np.int32)
        of_section[sections] = group
        order = np.argsort(group, kind="stable")
        members = np.split(sections[order], np.flatnonzero(np.diff(group[order])) + 1) if len(sections) else []
        return cls(of_section, tuple(members))

    def positions(self, sections: frozenset[int] | Sequence[int]) -> tuple[int, ...]:
        """Groups of some sections, ascending; those no zone touches are left out."""
        found = self.of_section[list(sections)] if sections else np.zeros(0, np.int32)
        return tuple(np.unique(found[found >= 0]).tolist())


def _unit_names(grid: Grid) -> list[str]:
    return sorted({unit or "" for unit in grid.network.tables["feeders"].column("unit").to_pylist()} | {""})


def _unit_numbers(grid: Grid) -> npt.NDArray[np.int32]:
    """Number of the operating unit of each section among `_unit_names`."""
    names = {name: number for number, name in enumerate(_unit_names(grid))}
    units = [names[unit or ""] for unit in grid.network.tables["feeders"].column("unit").to_pylist()]
    return np.array([*units, names[""]], np.int32)[grid.normal_feeder]


def _sections(
    groups: _Groups, grid: Grid, history: History, policies: Policies, first: date, time_zone: str
) -> tuple[posed.Section, ...]:
    past = days_by_section(grid, history, first=first, policies=policies, zone=ZoneInfo(time_zone))
    important = np.zeros(grid.n_sections, np.int64)
    for point in important_points(grid):
        if point.importance >= IMPORTANT or point.life_support:
            important[point.section] += 1
    names, owner = _unit_names(grid), _unit_numbers(grid)
    made = []
    for members in groups.members:
        days, arranged = worst_days(past[section] for section in members.tolist() if section in past)
        made.append(
            posed.Section(
                grid.section_name(int(members[0])),
                float(grid.section_units[members].sum()),
                int(grid.section_households[members].sum()),
                int(important[members].sum()),
                names[int(owner[members[0]])],
                len(days),
                arranged,
                days,
            )
        )
    return tuple(made)


def _posed_zone(number: int, zones: Sequence[Zone], groups: _Groups, grid: Grid) -> posed.Zone:
    zone = zones[number]
    feeder = int(grid.normal_feeder[min(zone.worked)])
    name = str(grid.feeder_ids[feeder].as_py()) if feeder >= 0 else ""
    return posed.Zone(
        f"z{number}:{zone.isolation.equipment_ids[0]}",
        groups.positions(zone.worked),
        groups.positions(zone.carried),
        tuple(
            posed.Transfer(
                f"{grid.switch_id(one.tie)}:{'-'.join(map(str, sorted(one.classes)))}",
                groups.positions(one.restores),
                groups.positions(one.path),
                _excluded(number, one, zones),
                _calendar_number(one.classes),
            )
            for one in zone.transfers
        ),
        name,
    )


def _excluded(number: int, mine: ZoneTransfer, zones: Sequence[Zone]) -> tuple[int, ...]:
    """Zones that take this transfer away: work inside what it holds, or more load than its feeder has room for."""
    found = []
    for other, zone in enumerate(zones):
        if other == number:
            continue
        rivals = (one for one in zone.transfers if one.feeder == mine.feeder)
        crowded = any(mine.load_kva + one.load_kva > min(mine.room_kva, one.room_kva) for one in rivals)
        if crowded or not zone.worked.isdisjoint(mine.restores):
            found.append(other)
    return tuple(found)


# ------------------------------------------------------------------------------- time, rules, jobs and crews
def _calendars(horizon: posed.Horizon) -> tuple[tuple[bool, ...], ...]:
    """One calendar for each set of classes: bit 0 working days by day, bit 1 rest days by day, bit 2 nights."""
    slots = horizon.slots_per_day
    classes = []
    for at in range(horizon.days * slots):
        day, slot = divmod(at, slots)
        classes.append(2 if NIGHT[0] <= slot < NIGHT[1] else int(horizon.rests(day)))
    return tuple(tuple(bool(code >> one & 1) for one in classes) for code in range(1, 8))


def _calendar_number(classes: frozenset[int]) -> int:
    """The calendar of a set of classes, -1 for always."""
    return -1 if classes == ALL_CLASSES else sum(1 << one for one in classes) - 1


def _jobs(
    found: _Found,
    horizon: posed.Horizon,
    crews: Sequence[str],
    notice_until: datetime,
    published: Mapping[str, Period],
    fixed: frozenset[str],
    done: Mapping[str, datetime],
) -> tuple[posed.Job, ...]:
    place = {request.request_id: position for position, request in enumerate(found.requests)}
    notice_day = max(0, horizon.at(notice_until) // horizon.slots_per_day + 1)
    number_of = {crew: number for number, crew in enumerate(crews)}
    return tuple(
        _job(
            request,
            found.zone_of[position],
            found.slots(position),
            horizon,
            number_of,
            place,
            notice_day,
            published.get(request.request_id),
            request.request_id in fixed,
            [done[name] for name in request.precedence if name in done],
        )
        for position, request in enumerate(found.requests)
    )


def _job(
    request: WorkRequest,
    zone: int,
    duration: int,
    horizon: posed.Horizon,
    crews: Mapping[str, int],
    place: Mapping[str, int],
    notice_day: int,
    published: Period | None,
    fixed: bool,
    before: Sequence[datetime],
) -> posed.Job:
    start = None if published is None else horizon.at(published.start)
    if published is not None and start is not None and fixed:
        ends = min(_slot_after(horizon, published.end), horizon.start(horizon.day(start) + 1, 0))
        duration = max(1, ends - start)  # of an outage agreed over several days the month sees the first
        first = last = horizon.day(start)
        window = (horizon.slot(start), horizon.slot(start) + duration)
    else:
        window, first, last = _offered(request, horizon, duration)
        first = _day_after(first, window, before, horizon)
    return posed.Job(
        job_id=request.request_id,
        zone=zone,
        duration=duration,
        earliest_day=first,
        latest_day=last,
        window=window,
        night_allowed=request.night_allowed and not fixed,
        rest_allowed=request.rest_allowed,
        notice_day=0 if start is not None else notice_day,
        crew=crews.get(request.crew, -1),
        crew_count=int(request.crew in crews),
        after=tuple(posed.Precedence(place[name]) for name in request.precedence if name in place),
        wanted=None if request.wanted is None else horizon.at(request.wanted),
        published=start,
        moved_price=FIXED_PRICE if start is not None else 0,
        refusal_price=REFUSAL_PRICE * (6 - request.priority) // 3,
        department=request.department.value,
    )


def _window(request: WorkRequest, duration: int) -> tuple[int, int]:
    """The daily window in slots of the planning day; one that crosses its begin is cut to its longer part."""
    daily = request.daily_window
    first = -(-((daily.from_minute - DAY_BEGINS_MIN) % MINUTES_A_DAY) // SLOT_MIN)
    last = ((daily.from_minute - DAY_BEGINS_MIN) % MINUTES_A_DAY + daily.minutes) // SLOT_MIN
    slots = MINUTES_A_DAY // SLOT_MIN
    if daily.minutes == MINUTES_A_DAY:
        return 0, slots
    if last > slots:
        return (first, slots) if slots - first >= last - slots or slots - first >= duration else (0, last - slots)
    return first, last


def _offered(request: WorkRequest, horizon: posed.Horizon, duration: int) -> tuple[tuple[int, int], int, int]:
    """The daily window, first and last day: days on which the whole window is offered, else the day with most room."""
    first, last = _window(request, duration)
    slots, offer = horizon.slots_per_day, (_slot_after(horizon, request.earliest), horizon.at(request.latest))
    room = {day: (max(first, offer[0] - day * slots), min(last, offer[1] - day * slots)) for day in range(horizon.days)}
    whole = [day for day, window in room.items() if window == (first, last)]
    if whole:
        return (first, last), whole[0], whole[-1]
    best = max(room, key=lambda day: room[day][1] - room[day][0])
    fits = room[best][1] - room[best][0] >= duration
    return (room[best], best, best) if fits else ((first, last), 0, -1)


def _slot_after(horizon: posed.Horizon, instant: datetime) -> int:
    """The first slot that begins at or after an instant."""
    slot = horizon.at(instant)
    return slot if horizon.instant(slot) >= instant else slot + 1


def _forbidden(
    protected: Sequence[ProtectedPeriod], sections: Sequence[posed.Section], horizon: posed.Horizon
) -> tuple[posed.Forbidden, ...]:
    made = []
    end = horizon.days * horizon.slots_per_day
    for one in protected:
        first, last = horizon.at(one.period.start), horizon.at(one.period.end - timedelta(minutes=1)) + 1
        mine = tuple(number for number, section in enumerate(sections) if section.unit in one.units)
        if last > 0 and first < end and (mine or not one.units):
            made.append(posed.Forbidden(one.key, max(0, first), min(end, last), mine))
    return tuple(made)


def _duals(groups: _Groups, grid: Grid) -> tuple[posed.DualSupply, ...]:
    """Pairs of sources of important customers that requests of this month touch."""
    made = []
    for name, points in sorted(sources_of(grid).items()):
        places = sorted({int(groups.of_section[point.section]) for point in points} - {-1})
        made += [posed.DualSupply(name, one, other) for one in places for other in places if one < other]
    return tuple(made)


def _prices(policies: Policies, on: date) -> posed.Prices:
    """What an hour without supply and a date cost, by the rows."""

    def milli(key: str) -> int:
        return round(posed.MILLI * policies.value(key, on=on))

    return posed.Prices(
        unit=1.0,
        changeover_min=policies.value("transfer.changeover", on=on),
        night=milli("plan.price.night"),
        rest_day=milli("plan.price.rest_day"),
        wanted_day=milli("plan.price.wanted_day"),
        over_budget=round(policies.value("plan.price.over_budget", on=on)),
    )


def _at_once(zones: Sequence[Zone], grid: Grid, policies: Policies, on: date) -> tuple[posed.Concurrency, ...]:
    """How many zones of an operating unit, and for one department, may be off at a time; rules that can bind only."""
    units, names = _unit_numbers(grid), _unit_names(grid)
    of_unit: dict[str, list[tuple[int, ...]]] = {}
    for number, zone in enumerate(zones):
        of_unit.setdefault(names[int(units[min(zone.worked)])], []).append((number,))
    each = int(policies.value("plan.at_once.unit", on=on))
    rules = [posed.Concurrency(unit, tuple(sites), each) for unit, sites in sorted(of_unit.items())]
    every = tuple((number,) for number in range(len(zones)))
    each = int(policies.value("plan.at_once.department", on=on))
    rules += [posed.Concurrency(one.value, every, each, (one.value,)) for one in Department]
    return tuple(rule for rule in rules if len(rule.sites) > rule.limit)


def _repeat(policies: Policies, on: date) -> posed.RepeatLimits:
    """The repeat rows as the most that is allowed: "> 3" is frequent, so 3 is allowed."""
    changeover = policies.value("transfer.changeover", on=on)
    return posed.RepeatLimits(
        year=int(policies.value("rep.year_total", on=on)),
        planned_year=int(policies.value("rep.planned_year", on=on)),
        window=int(policies.value("rep.window60", on=on)),
        window_days=int(policies.value("rep.window60_days", on=on)),
        transfer_counts=not policies.row("rep.min_duration", on=on).holds(changeover),
    )
