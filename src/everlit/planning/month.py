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
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from everlit.grid import Grid, Importance, supply
from everlit.grid.compile import Bools
from everlit.kernel import Finding, Period, Policies, Severity, Text, fingerprint
from everlit.planning import problem as posed
from everlit.planning.forecast import Forecast, Loads
from everlit.planning.important import important_points, sources_of
from everlit.planning.model import Budget, PastOutage, ProtectedPeriod, WorkRequest
from everlit.planning.outages import Outage, outages
from everlit.planning.repeats import history_of
from everlit.switching import Isolation, UnableToIsolate, Window, isolate, limits_of, transfer
from everlit.switching.limits import Limits

DAY_BEGINS_MIN = 7 * 60
SLOT_MIN = 30
NIGHT = (28, 48)
"""Slots of the planning day from 21:00 on."""
MINUTES_A_DAY = 1440
FIXED_PRICE = 60_000
"""Milli customer-hours for moving a published date: sixty customer-hours, so that it moves only for good reason."""
REFUSAL_PRICE = 10_000_000
IMPORTANT = Importance.TEMPORARY


@dataclass(frozen=True)
class _Zone:
    """An isolated zone with its transfers, in sections of the grid."""

    isolation: Isolation = field(repr=False)
    worked: frozenset[int]
    carried: frozenset[int]
    transfers: tuple["_Transfer", ...] = ()


@dataclass(frozen=True)
class _Transfer:
    """A tie in use: what it restores, the live path behind it, the feeder that helps, the load it takes over."""

    tie: int
    restores: frozenset[int]
    path: tuple[int, ...]
    feeder: int
    load_kva: float
    room_kva: float
    classes: frozenset[int]


@dataclass(frozen=True)
class MonthCase:
    """A problem with what is needed to read a plan of it back."""

    problem: posed.MonthProblem
    requests: tuple[WorkRequest, ...]
    findings: tuple[Finding, ...]
    network: str
    zone_equipment: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class _Setting:
    grid: Grid
    closed: Bools
    policies: Policies
    limits: Limits
    on: date
    rows: tuple[Loads, ...]
    """Highest load: of the month, of working days, of rest days, of nights; and no load at all. One row each."""


def month_problem(
    requests: Sequence[WorkRequest],
    *,
    grid: Grid,
    closed: Bools,
    month: date,
    forecast: Forecast,
    policies: Policies,
    now: datetime,
    history: Sequence[PastOutage] = (),
    budgets: Mapping[str, Budget] | None = None,
    protected: Sequence[ProtectedPeriod] = (),
    published: Mapping[str, datetime] | None = None,
    fixed: Sequence[str] = (),
    done: Mapping[str, datetime] | None = None,
    time_zone: str = "Asia/Shanghai",
    cache: "ZoneCache | None" = None,
) -> MonthCase:
    """Pose a month.

    `published` starts are kept where possible, those of `fixed` requests always. `done` says when the work of requests
    outside this problem ends: who waits for them begins later. Requests whose equipment cannot be isolated, or whose
    predecessor has no time, come back as findings. Raises UnableToFindEquipment, UnableToFindPolicy.
    """
    first = month.replace(day=1)
    horizon = _horizon(first, time_zone)
    on = first
    setting = _Setting(grid, closed, policies, limits_of(policies, on=on), on, _rows(grid, forecast, horizon))
    facts = fingerprint(
        [grid.network.fingerprint, closed.tobytes().hex(), forecast.fingerprint, policies.as_json(), str(first)]
    )
    kept, findings, zone_of, zones = _zones(requests, setting, (cache or ZoneCache()).of(facts))
    groups = _Groups.of(zones, grid)
    sections = _sections(groups, grid, history, policies, first, time_zone)
    crews = sorted({request.crew for request in kept if request.crew})
    notice = timedelta(days=policies.value("notice.planned", on=on))
    jobs = _jobs(kept, zone_of, horizon, crews, now + notice, published or {}, frozenset(fixed), done or {})
    findings += [_waits(*pair) for pair in _undated(kept, done or {})]
    problem = posed.MonthProblem(
        horizon=horizon,
        sections=sections,
        zones=tuple(_posed_zone(number, zones, groups, grid) for number in range(len(zones))),
        jobs=jobs,
        crews=tuple(posed.Crew(crew, (1,) * horizon.days) for crew in crews),
        calendars=_calendars(horizon),
        forbidden=_forbidden(protected, sections, horizon),
        duals=_duals(groups, grid),
        budgets=tuple(
            posed.Budget(unit, round(max(budget.left_h, 0.0), 6)) for unit, budget in sorted((budgets or {}).items())
        ),
        repeat=_repeat(policies, on),
        prices=posed.Prices(unit=1.0, changeover_min=policies.value("transfer.changeover", on=on)),
        night=NIGHT,
    )
    return MonthCase(
        problem, tuple(kept), tuple(findings), grid.network.name, tuple(one.isolation.equipment_ids for one in zones)
    )


def _horizon(first: date, time_zone: str) -> posed.Horizon:
    days = (date(first.year + first.month // 12, first.month % 12 + 1, 1) - first).days
    rest = tuple((first + timedelta(days=day)).weekday() >= 5 for day in range(days))
    return posed.Horizon(first, days, SLOT_MIN, DAY_BEGINS_MIN, time_zone, rest)


# --------------------------------------------------------------------------------------------------- loads
def _rows(grid: Grid, forecast: Forecast, horizon: posed.Horizon) -> tuple[Loads, ...]:
    """Highest loads of the month and of its three classes of hours, every load at its own highest."""
    by_class: list[list[Loads]] = [[], [], []]
    for rests in (False, True):
        day = next((day for day in range(horizon.days) if horizon.rests(day) is rests), 0)
        midnight = datetime.combine(horizon.first + timedelta(days=day), time(), ZoneInfo(horizon.time_zone))
        p_kw, q_kvar = forecast.loads(grid, Period(midnight, midnight + timedelta(days=1)))
        clock = np.arange(len(p_kw)) * 15
        night = (clock >= 21 * 60) | (clock < DAY_BEGINS_MIN)
        by_class[int(rests)].append((p_kw[~night], q_kvar[~night]))
        by_class[2].append((p_kw[night], q_kvar[night]))
    rows = [_highest(parts) for parts in by_class]
    nothing = np.zeros_like(rows[0][0])
    return (_highest(rows), *rows, (nothing, nothing))


def _highest(parts: Sequence[Loads]) -> Loads:
    p_kw, q_kvar = (np.concatenate([part[index] for part in parts]) for index in (0, 1))
    return p_kw.max(axis=0, keepdims=True), q_kvar.max(axis=0, keepdims=True)


# --------------------------------------------------------------------------------------------------- zones
@dataclass
class ZoneCache:
    """Isolations and zones computed before on the same facts; planning a month again is then fast."""

    facts: str = ""
    isolations: dict[frozenset[int], Isolation | Sequence[Finding]] = field(default_factory=dict)
    zones: dict[tuple[frozenset[int], ...], _Zone] = field(default_factory=dict)

    def of(self, facts: str) -> "ZoneCache":
        """This cache for these facts: emptied when they are others."""
        if facts != self.facts:
            self.facts = facts
            self.isolations.clear()
            self.zones.clear()
        return self


def _zones(
    requests: Sequence[WorkRequest], setting: _Setting, cache: ZoneCache
) -> tuple[list[WorkRequest], list[Finding], list[int], list[_Zone]]:
    """The distinct zones of the requests: isolation once a set of sections, transfers once a zone."""
    kept: list[WorkRequest] = []
    findings: list[Finding] = []
    zone_of: list[int] = []
    isolations = cache.isolations
    zones: dict[tuple[frozenset[int], ...], int] = {}
    found: list[_Zone] = []
    windows = [Window(setting.grid, setting.closed, *row, setting.limits) for row in setting.rows]
    for request in requests:
        wanted = frozenset(s for name in request.equipment_ids for s in setting.grid.equipment(name).sections)
        if wanted not in isolations:
            isolations[wanted] = _isolated(request, setting)
        isolation = isolations[wanted]
        if not isinstance(isolation, Isolation):
            findings.extend(isolation)
            continue
        key = tuple(map(frozenset, (isolation.work_sections, isolation.zone_sections, isolation.dead_sections)))
        if key not in zones:
            zones[key] = len(found)
            if key not in cache.zones:
                cache.zones[key] = _zone(isolation, tuple(_transfers(isolation, setting, windows)))
            found.append(cache.zones[key])
        kept.append(request)
        zone_of.append(zones[key])
    return kept, findings, zone_of, found


def _zone(isolation: Isolation, transfers: tuple[_Transfer, ...]) -> _Zone:
    """The zone with its transfers: what a transfer can split off and feed, even inside the cuts, is carried."""
    fed = frozenset(section for one in transfers for section in one.restores)
    worked = frozenset(isolation.zone_sections) - fed
    return _Zone(isolation, worked, frozenset(isolation.dead_sections) - worked, transfers)


def _isolated(request: WorkRequest, setting: _Setting) -> Isolation | Sequence[Finding]:
    try:
        return isolate(setting.grid, setting.closed, request.equipment_ids, limits=setting.limits)
    except UnableToIsolate as refusal:
        return refusal.findings


def _transfers(isolation: Isolation, setting: _Setting, windows: Sequence[Window]) -> list[_Transfer]:
    """The ties of a zone: one plan for always when it keeps everybody, else a plan for each class of hours."""
    grid, work = setting.grid, set(isolation.work_sections)
    healthy = [section for section in isolation.dead_sections if section not in work]
    if not healthy or not (grid.section_units[healthy].any() or grid.section_households[healthy].any()):
        return []
    always = _plan(isolation, setting, windows[0], ALL_CLASSES)
    restored = {section for one in always for section in one.restores}
    left = [section for section in healthy if section not in restored]
    if not left or not grid.section_units[left].any():
        return always
    unloaded = _plan(isolation, setting, windows[4], ALL_CLASSES)
    if {section for one in unloaded for section in one.restores} <= restored:
        return always  # no load, however small, would change who can be reached
    by_class = [_plan(isolation, setting, windows[1 + number], frozenset({number})) for number in range(3)]
    merged: dict[tuple[int, frozenset[int]], _Transfer] = {}
    for one in (one for plan in by_class for one in plan):
        key = one.tie, one.restores
        classes = one.classes | (merged[key].classes if key in merged else frozenset())
        merged[key] = _Transfer(one.tie, one.restores, one.path, one.feeder, one.load_kva, one.room_kva, classes)
    return list(merged.values())


def _plan(isolation: Isolation, setting: _Setting, window: Window, classes: frozenset[int]) -> list[_Transfer]:
    """The optimal transfer on one row of loads, taken apart by tie."""
    grid, loads = setting.grid, (window.p_kw, window.q_kvar)
    made = transfer(grid, setting.closed, isolation, loads, setting.policies, on=setting.on, window=window, seconds=3.0)
    restored = frozenset(made.restored)
    if not restored:
        return []
    state = supply(grid, made.state)
    found = []
    for tie, _, _ in made.feeds:
        child = state.child_section(tie)
        restores = restored & set(state.sections_under(child).tolist())
        path, parent = [], int(state.parent_section[child])
        while parent >= 0:
            path.append(parent)
            parent = int(state.parent_section[parent])
        load_kva = _load_kva(grid, restores, window)
        room_kva = _room_kva(grid, setting.closed, tie, path[0], window)
        found.append(_Transfer(tie, restores, tuple(path), int(state.feeder[child]), load_kva, room_kva, classes))
    return found


def _load_kva(grid: Grid, sections: frozenset[int], window: Window) -> float:
    """Highest apparent load of some sections."""
    inside = np.zeros(grid.n_sections, np.bool_)
    inside[list(sections)] = True
    members = np.flatnonzero(inside[grid.section_of_node[grid.consumer_node]])
    p_kw, q_kvar = (part[:, members].sum(axis=1) for part in (window.p_kw, window.q_kvar))
    return float(np.hypot(p_kw, q_kvar).max(initial=0.0))


def _room_kva(grid: Grid, closed: Bools, tie: int, live: int, window: Window) -> float:
    """What the path to the live side of a tie can carry more; 0 when it is not fed as in the normal state."""
    ends = (int(grid.switch_from[tie]), int(grid.switch_to[tie]))
    node = ends[0] if grid.section_of_node[ends[0]] == live else ends[1]
    branches = []
    while grid.node_parent[node] >= 0:
        branches.append(int(grid.node_via[node]))
        node = int(grid.node_parent[node])
    path = np.array(branches, np.int32)
    switches = path[path >= grid.first_switch] - grid.first_switch
    if not closed[switches].all() or not len(path):
        return 0.0
    free_a = (window.factor[path] - window.share_before(path).max(axis=-1)) * window.rated_a[path]
    kv = np.maximum(grid.nominal_kv[grid.branch_from[path]], grid.nominal_kv[grid.branch_to[path]])
    return float(max(0.0, (np.sqrt(3) * kv * free_a).min()))


# ------------------------------------------------------------------------------------------------ sections
@dataclass(frozen=True)
class _Groups:
    """Sections that every zone treats alike, as one; `of_section` is -1 for those no zone touches."""

    of_section: npt.NDArray[np.int32]
    members: tuple[npt.NDArray[np.intp], ...]

    @classmethod
    def of(cls, zones: Sequence[_Zone], grid: Grid) -> "_Groups":
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
    groups: _Groups, grid: Grid, history: Sequence[PastOutage], policies: Policies, first: date, time_zone: str
) -> tuple[posed.Section, ...]:
    past = _past_by_section(grid, history, policies, first, time_zone)
    important = np.zeros(grid.n_sections, np.int64)
    for point in important_points(grid):
        if point.importance >= IMPORTANT or point.life_support:
            important[point.section] += 1
    names, owner = _unit_names(grid), _unit_numbers(grid)
    made = []
    for members in groups.members:
        worst = max((past[section] for section in members.tolist() if section in past), default=((), 0))
        days = worst[0]
        made.append(
            posed.Section(
                grid.section_name(int(members[0])),
                float(grid.section_units[members].sum()),
                int(grid.section_households[members].sum()),
                int(important[members].sum()),
                names[int(owner[members[0]])],
                len(days),
                worst[1],
                days,
            )
        )
    return tuple(made)


def _past_by_section(
    grid: Grid, history: Sequence[PastOutage], policies: Policies, first: date, time_zone: str
) -> dict[int, tuple[tuple[int, ...], int]]:
    """Section to (days of its worst customer's counted outages, before day 0; how many were pre-arranged)."""
    zone = ZoneInfo(time_zone)
    begin = datetime.combine(first, time(), zone)
    before = [one for one in history if one.period.start < begin]
    known = history_of(grid, before, policies=policies, year=first.year, zone=zone)
    gap_min = policies.value("rep.merge_gap", on=first) * 60
    section = grid.section_of_node[grid.consumer_node]
    day0_min = begin.timestamp() / 60
    found: dict[int, tuple[tuple[int, ...], int]] = {}
    for consumer in np.unique(known.consumer).tolist():
        rows, kept, arranged = known.of(consumer), list[float](), 0
        for start, planned in zip(known.start_min[rows].tolist(), known.arranged[rows].tolist(), strict=True):
            if not kept or start - kept[-1] > gap_min:
                kept.append(start)
                arranged += planned
        days = tuple(int((start - day0_min) // MINUTES_A_DAY) for start in kept)
        here = int(section[consumer])
        if here not in found or (len(days), arranged) > (len(found[here][0]), found[here][1]):
            found[here] = days, arranged
    return found


def _posed_zone(number: int, zones: Sequence[_Zone], groups: _Groups, grid: Grid) -> posed.Zone:
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


def _excluded(number: int, mine: _Transfer, zones: Sequence[_Zone]) -> tuple[int, ...]:
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
ALL_CLASSES = frozenset({0, 1, 2})


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
    requests: Sequence[WorkRequest],
    zone_of: Sequence[int],
    horizon: posed.Horizon,
    crews: Sequence[str],
    notice_until: datetime,
    published: Mapping[str, datetime],
    fixed: frozenset[str],
    done: Mapping[str, datetime],
) -> tuple[posed.Job, ...]:
    place = {request.request_id: position for position, request in enumerate(requests)}
    notice_day = max(0, horizon.at(notice_until) // horizon.slots_per_day + 1)
    number_of = {crew: number for number, crew in enumerate(crews)}
    hopeless = {request_id for request_id, _ in _undated(requests, done)}
    return tuple(
        _job(
            request,
            zone,
            horizon,
            number_of,
            place,
            notice_day,
            published.get(request.request_id),
            request.request_id in fixed,
            None if request.request_id in hopeless else [done[name] for name in request.precedence if name in done],
        )
        for request, zone in zip(requests, zone_of, strict=True)
    )


def _job(
    request: WorkRequest,
    zone: int,
    horizon: posed.Horizon,
    crews: Mapping[str, int],
    place: Mapping[str, int],
    notice_day: int,
    published: datetime | None,
    fixed: bool,
    before: Sequence[datetime] | None,
) -> posed.Job:
    duration = -(-request.duration_min // SLOT_MIN)
    window, first, last = _offered(request, horizon, duration)
    if before is None:
        first, last = 0, -1
    while before and first <= last and horizon.instant(horizon.start(first, window[0])) < max(before):
        first += 1
    start = None if published is None else horizon.at(published)
    if fixed and start is not None:
        first = last = horizon.day(start)
        window = (horizon.slot(start), horizon.slot(start) + duration)
    return posed.Job(
        job_id=request.request_id,
        zone=zone,
        duration=duration,
        earliest_day=first,
        latest_day=last,
        window=window,
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


def _undated(requests: Sequence[WorkRequest], done: Mapping[str, datetime]) -> list[tuple[str, str]]:
    """Requests that wait for one that stands neither in this month nor in another outage."""
    known = {request.request_id for request in requests} | set(done)
    return [(request.request_id, name) for request in requests for name in request.precedence if name not in known]


def _waits(request_id: str, before: str) -> Finding:
    text = Text(
        f"{request_id} waits for {before}, which has no time.", f"{request_id} 的前置申请 {before} 尚无停电时间。"
    )
    return Finding("request.precedence.undated", request_id, text, {"before": before}, Severity.WARNING)


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


# ------------------------------------------------------------------------------------------ a plan read back
@dataclass(frozen=True, slots=True)
class Package:
    """Jobs that stand in one outage (一停多用); `dark` and `kept`: MV units and households dead, transferred."""

    request_ids: tuple[str, ...]
    equipment_ids: tuple[str, ...]
    period: Period
    feeder: str
    starts: Mapping[str, datetime]
    dark: tuple[float, int]
    kept: tuple[float, int]
    customer_hours: float

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
        }


def packages(case: MonthCase, starts: Sequence[int | None]) -> list[Package]:
    """The outages of a plan, in order of time: jobs that share sections and hours become one."""
    made = []
    for outage in outages(case.problem, tuple(starts)):
        members = [(job, start) for job in outage.jobs if (start := starts[job]) is not None]
        made.append(_package(case, members, outage))
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
    return Package(names, tuple(equipment), period, feeder, starts, dark, kept, outage.cost / posed.MILLI)
