"""May this outage stand where it is put (停电协调)? One pure check for the board, the balance meeting and the approval.

First the time itself, as its requests offered it: days, daily hours, length, and the work that comes before. Then the
outages beside it. Two that overlap in time may not share a crew or a zone (then they are one outage, 一停多用), not
lean on the same tie, not switch off the path over which the other is fed, not load one helping feeder more than it can
carry together, and not take both sources of a customer. What was asked is work (`worktime`); the switching its
assessment found comes on top of it.

    source ── helper path ── tie ── held │ worked on        one outage's reach (停电影响范围): everything in this row
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from everlit.grid import Grid, supply
from everlit.grid.compile import Bools
from everlit.kernel import Finding, Period, Text
from everlit.planning.holidays import WorkingCalendar
from everlit.planning.model import PlannedOutage, WorkRequest
from everlit.planning.worktime import MINUTES_A_DAY, within_days, within_hours, work_periods, working_day


@dataclass(frozen=True, slots=True)
class Reach:
    """What an outage takes of the network, by the names of sections and switches.

    `off` loses its supply, `held` of it is fed over `ties`, `path` is live and feeds it. `loading` is the highest
    loading of the helping feeders over what they may carry, by feeder; the load they have themselves is in it. `out_min`
    and `back_min` are its switching, 0 while nothing was computed.
    """

    off: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    ties: frozenset[str] = frozenset()
    path: frozenset[str] = frozenset()
    loading: Mapping[str, float] | None = None
    out_min: float = 0.0
    back_min: float = 0.0

    @property
    def dark(self) -> frozenset[str]:
        """What stays without supply while people work."""
        return self.off - self.held


def reach_of(grid: Grid, closed: Bools, assessment: Mapping[str, Any]) -> Reach:
    """The reach an assessment (`Assessment.as_json`) found, with the live path behind every tie it closes."""
    off, moved = frozenset(assessment["isolation"]["dead_sections"]), assessment["transfer"]
    state, path = supply(grid, closed), set[str]()
    for feed in moved["feeds"]:
        tie = grid.switch(feed["tie"])
        for section in (int(grid.switch_section_from[tie]), int(grid.switch_section_to[tie])):
            while section >= 0 and state.energised[section] and grid.section_name(section) not in off:
                path.add(grid.section_name(section))
                section = int(state.parent_section[section])
    highest = moved["flow"]["highest_loading"]
    share = highest["value"] / highest["limit"] if highest else 0.0
    ties, feeders = (frozenset(feed[key] for feed in moved["feeds"]) for key in ("tie", "feeder"))
    out_min, back_min = (float(assessment["ticket"][way]["minutes"]) for way in ("out", "back"))
    return Reach(
        off,
        frozenset(moved["restored_sections"]),
        ties,
        frozenset(path),
        dict.fromkeys(feeders, share),
        out_min,
        back_min,
    )


def reach_of_equipment(grid: Grid, equipment_ids: Sequence[str]) -> Reach:
    """At least what is worked on, while nothing more was computed."""
    sections = {section for name in equipment_ids for section in grid.equipment(name).sections}
    return Reach(frozenset(grid.section_name(section) for section in sections))


@dataclass(frozen=True, slots=True)
class Standing:
    """An outage with its requests and its reach."""

    outage: PlannedOutage
    requests: tuple[WorkRequest, ...]
    reach: Reach = Reach()

    def work(self, request: WorkRequest) -> Period:
        """When a request works, after the way out and whom it waits for inside the outage."""
        outage = self.outage
        starts = {name: outage.start_of(name) for name in outage.request_ids}
        return work_periods(self.requests, outage.period.start, starts, out_min=self.reach.out_min)[request.request_id]

    def part(self, request: WorkRequest) -> Period:
        """The part of the outage a request answers for: from its start to the end of the way back after its work."""
        end = self.work(request).end + timedelta(minutes=self.reach.back_min)
        return Period(self.outage.start_of(request.request_id), end)


def disagreements(
    mine: Standing,
    others: Sequence[Standing],
    *,
    zone: tzinfo,
    sources: Mapping[str, Collection[str]] | None = None,
    unplaced: Collection[str] = (),
    calendar: WorkingCalendar = WorkingCalendar(),
) -> list[Finding]:
    """Everything that speaks against an outage at its time; empty when it may stand there.

    `calendar` tells on which days people rest.
    `sources` names the sections that feed each customer with several sources. `unplaced` are requests the work waits
    for that have no time yet.
    """
    beside = [other for other in others if other.outage.period.overlaps(mine.outage.period)]
    found = [finding for request in mine.requests for finding in _as_asked(mine, request, zone, calendar)]
    found += _in_order(mine, others, unplaced)
    found += [finding for other in beside for finding in _side_by_side(mine, other, sources or {})]
    return found


# ------------------------------------------------------------------------------------------ what was asked
def _as_asked(mine: Standing, request: WorkRequest, zone: tzinfo, calendar: WorkingCalendar) -> Iterator[Finding]:
    """The offered days, the daily hours, no rest day where it may not be one, and room for the whole work."""
    part, outage, name = mine.part(request), mine.outage, request.request_id
    if not within_days(request, part):
        yield _finding("window", name, f"{name} did not offer this time.", f"{name} 申请的可停时段不含该时间。")
    if not within_hours(request, part, zone=zone):
        hours = "–".join(request.daily_window.as_json().values())
        yield _finding("daily", name, f"{name} may be off {hours} only.", f"{name} 每日仅可在 {hours} 停电。")
    if not request.rest_allowed and calendar.rests(day := working_day(part.start, zone=zone)):
        yield _finding(
            "rest_day", name, f"{name} may not be on {day}, a rest day.", f"{name} 不可在休息日 {day} 作业。"
        )
    if part.start < outage.period.start or part.end > outage.period.end:
        asked, missing = request.duration_min, (part.end - outage.period.end) / timedelta(minutes=1)
        given = asked - max(missing, 0.0)
        en = f"{name} asks for {asked} min of work, the outage leaves it {given:.0f}."
        zh = f"{name} 申请工作 {asked} 分钟，停电单仅余 {given:.0f} 分钟。"
        yield _finding("length", name, en, zh, asked_min=asked, left_min=given)


def _in_order(mine: Standing, others: Sequence[Standing], unplaced: Collection[str]) -> Iterator[Finding]:
    """What comes first has ended (前置申请), and what waits for this one has not begun."""
    placed = {request.request_id: (one, request) for one in (*others, mine) for request in one.requests}
    for request in mine.requests:
        name, start = request.request_id, mine.work(request).start
        for before in request.precedence:
            if before in placed and placed[before][0].work(placed[before][1]).end > start:
                yield _finding("order", name, f"{name} comes after {before}.", f"{name} 须在 {before} 之后。")
            elif before not in placed and before in unplaced:
                en, zh = f"{name} waits for {before}, which has no time yet.", f"{name} 的前置申请 {before} 尚未安排。"
                yield _finding("order", name, en, zh)
    for one in others:
        for request in one.requests:
            for before in set(request.precedence) & {each.request_id for each in mine.requests}:
                if mine.work(placed[before][1]).end > one.work(request).start:
                    en, zh = f"{request.request_id} waits for {before}.", f"{request.request_id} 须在 {before} 之后。"
                    yield _finding("order", before, en, zh)


# -------------------------------------------------------------------------------------- what stands beside
def _side_by_side(mine: Standing, other: Standing, sources: Mapping[str, Collection[str]]) -> Iterator[Finding]:
    one, two, beside = mine.reach, other.reach, other.outage.outage_id

    def found(kind: str, names: Collection[str], en: str, zh: str) -> Iterator[Finding]:
        shown = ", ".join(sorted(names)[:5])
        if names:
            yield _finding(
                kind, mine.outage.outage_id, f"{en.format(shown)} ({beside})", f"{zh.format(shown)}（{beside}）",
                beside=beside, names=sorted(names)[:50],
            )  # fmt: skip

    crews = ({request.crew for request in side.requests} - {""} for side in (mine, other))
    yield from found("crew", set.intersection(*crews), "{} works in both outages.", "{} 同时在两个停电单作业。")
    yield from found("zone", one.off & two.off, "{} is off in both: merge them.", "{} 重复停电，应合并。")
    yield from found("tie", one.ties & two.ties, "Both lean on the tie {}.", "两个停电单使用同一联络开关 {}。")
    cut = (one.path & two.off) | (two.path & one.off)
    yield from found("path", cut, "{} is off while it feeds the other.", "{} 停电，而另一停电单由其转供。")
    yield from found("feeder", _crowded(one, two), "Together they overload {}.", "两个停电单合计使 {} 过载。")
    both = {
        customer
        for customer, sections in sources.items()
        if set(sections) <= one.dark | two.dark and set(sections) & one.dark and set(sections) & two.dark
    }
    yield from found("sources", both, "{} loses all its sources together.", "{} 两路电源同停。")


def _crowded(one: Reach, two: Reach) -> set[str]:
    """Helping feeders that might not carry both loads: the sum is safe, as each has the feeder's own load in it."""
    first, second = one.loading or {}, two.loading or {}
    return {feeder for feeder in first.keys() & second.keys() if first[feeder] + second[feeder] > 1.0}


# -------------------------------------------------------------------------------- work inside one outage
def starts_inside(requests: Sequence[WorkRequest], period: Period, *, zone: tzinfo) -> tuple[datetime, ...]:
    """When each request of a package begins: with the outage, later only where its hours or its predecessors ask it."""
    placed: dict[str, Period] = {}
    waiting = list(requests)
    while waiting:
        names = {request.request_id for request in waiting}
        ready = next((one for one in waiting if names.isdisjoint(one.precedence)), waiting[0])
        ends = [placed[name].end for name in ready.precedence if name in placed]
        begin = max(period.start, ready.earliest, *ends)
        window = ready.daily_window
        if not within_hours(ready, Period(begin, begin + ready.duration), zone=zone):
            local = begin.astimezone(zone)
            begin += timedelta(minutes=(window.from_minute - local.hour * 60 - local.minute) % MINUTES_A_DAY)
        begin = begin if begin < period.end else period.start
        placed[ready.request_id] = Period(begin, begin + ready.duration)
        waiting.remove(ready)
    return tuple(placed[request.request_id].start for request in requests)


def _finding(kind: str, subject: str, en: str, zh: str, **evidence: object) -> Finding:
    return Finding(f"planning.conflict.{kind}", subject, Text(en, zh), evidence)
