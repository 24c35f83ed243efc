"""The month posed and read back: zones by isolation, transfers by tie and by hour, rules into arrays, plans into outages."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from everlit.grid import compile_network, supply
from everlit.grid.synthetic import random_network
from everlit.kernel import Finding, Period, Text
from everlit.planning.check import check_plan, cost, date_findings, date_price
from everlit.planning.demo_month import demo_month
from everlit.planning.forecast import Nameplate, forecast_of
from everlit.planning.holidays import CalendarDay, shipped_days, working_calendar
from everlit.planning.model import Budget, DailyWindow, Department, Nature, ProtectedPeriod
from everlit.planning.month import month_problem, slots_of
from everlit.planning.packages import packages
from everlit.planning.policies import DEFAULT_POLICIES
from everlit.planning.reasons import reasons
from everlit.planning.schedule import schedule_month
from everlit.planning.switching_plan import plan_switching
from everlit.planning.zones import ZoneCache
from everlit.switching import UnableToIsolate, isolate, transfer
from tests.planning.drawn import request, two_feeders
from tests.planning.told import counting

LOCAL = ZoneInfo("Asia/Shanghai")
JUNE = date(2026, 6, 1)
NO_SWITCHING = DEFAULT_POLICIES.replaced(
    [replace(row, value=0.0) for row in DEFAULT_POLICIES.rows if row.key.startswith("minutes.")]
)
"""Rules under which operations take no time: hours of outages are then hours of work."""
NOW = datetime(2026, 5, 21, tzinfo=LOCAL)
FIRST = datetime(2026, 6, 1, tzinfo=LOCAL)
GRID = two_feeders()


def day(number, hour=0, minute=0):
    return FIRST + timedelta(days=number - 1, hours=hour, minutes=minute)


def wish(name, *equipment, minutes=240, first=8, last=20, **changes):
    window = DailyWindow(8 * 60, 18 * 60)
    given = {
        "earliest": day(first),
        "latest": day(last + 1),
        "daily_window": window,
        "wanted": day(first, 8),
        **changes,
    }
    return request(name, *equipment, minutes=minutes, **given)


def posed(*requests, grid=GRID, **given):
    facts = {
        "closed": grid.switch_normal_closed,
        "forecast": Nameplate(),
        "policies": NO_SWITCHING,
        "now": NOW,
        **given,
    }
    return month_problem(requests, grid=grid, month=JUNE, **facts)


def names(case, positions):
    return {case.problem.sections[position].section_id for position in positions}


def section(name, grid=GRID):
    return grid.section_name(int(grid.section_of_node[grid.node(name)]))


def test_a_zone_is_what_isolation_makes_of_it():
    case = posed(wish("R1", "lb"), wish("R2", "lb"), wish("R3", "lc"))
    assert [job.zone for job in case.problem.jobs] == [0, 0, 1]
    zone = case.problem.zones[0]
    assert names(case, zone.worked) == {section("b")} and names(case, zone.carried) == {section("c")}
    (tie,) = zone.transfers
    assert tie.transfer_id.startswith("T:") and names(case, tie.restores) == {section("c")} and tie.calendar == -1
    assert zone.feeder == "FA"
    assert sum(one.units for one in case.problem.sections) == 34 + 50


def test_work_inside_what_a_transfer_holds_takes_it_away():
    case = posed(wish("R1", "lb"), wish("R2", "lc"), wish("R3", "ld"), wish("R4", "la"))
    zone_of = {request.request_id: job.zone for request, job in zip(case.requests, case.problem.jobs, strict=True)}
    tie = case.problem.zones[zone_of["R1"]].transfers[0]
    assert zone_of["R2"] in tie.excludes, "work on c, which the tie would feed"
    helping = case.problem.zones[zone_of["R3"]]
    assert set(tie.needs) & set(helping.worked), "the tie hangs on d"
    assert zone_of["R4"] not in tie.excludes or case.problem.zones[zone_of["R4"]].transfers


def test_a_tie_too_weak_by_day_is_open_at_night():
    loads = {"c": 6000.0, "d": 100.0, "e": 100.0}

    class ByNight(Nameplate):
        def loads(self, grid, period):
            p_kw, q_kvar = Nameplate().loads(grid, period)
            clock = np.arange(len(p_kw)) * 15
            light = np.where((clock >= 21 * 60) | (clock < 7 * 60), 0.1, 1.0)[:, None]
            return p_kw * light, q_kvar * light

    case = posed(wish("R1", "lb"), grid=two_feeders(**loads), forecast=ByNight())
    (tie,) = case.problem.zones[0].transfers
    calendar = case.problem.calendars[tie.calendar]
    assert tie.transfer_id == "T:2"
    assert calendar[28:48] == (True,) * 20 and not any(calendar[:28])
    assert posed(wish("R1", "lb"), grid=two_feeders(c=50_000.0)).problem.zones[0].transfers == ()


def test_two_loads_on_one_helper_exclude_each_other_when_it_has_no_room():
    light = posed(wish("R1", "lb"), wish("R2", "la"))
    assert [zone.transfers[0].excludes for zone in light.problem.zones][1] == (0,), (
        "work on b, inside what T holds for a"
    )
    assert light.problem.zones[0].transfers[0].excludes == ()
    heavy = posed(wish("R1", "lb"), wish("R2", "la"), grid=two_feeders(b=1000.0, c=3500.0))
    excluded = [zone.transfers[0].excludes if zone.transfers else None for zone in heavy.problem.zones]
    assert excluded[0] == (1,) or excluded[1] is None


def test_windows_days_and_notice():
    case = posed(wish("R1", "lb", first=3, last=12, minutes=250))
    (job,) = case.problem.jobs
    assert job.duration == 9 and job.window == (2, 22)
    assert (job.earliest_day, job.latest_day) == (2, 11)
    assert posed(wish("R1", "lb"), now=day(10)).problem.jobs[0].notice_day == 16
    night = posed(wish("R1", "lb", minutes=300, daily_window=DailyWindow(21 * 60, 6 * 60))).problem.jobs[0]
    assert night.window == (28, 46)
    whole = posed(wish("R1", "lb", daily_window=DailyWindow())).problem.jobs[0]
    assert whole.window == (0, 48)


def test_hours_offered_on_a_single_day_are_kept():
    one = wish("R1", "lb", earliest=day(9, 10, 15), latest=day(9, 16), wanted=None, daily_window=DailyWindow())
    job = posed(one).problem.jobs[0]
    assert (job.earliest_day, job.latest_day, job.window) == (8, 8, (7, 18)), "10:30 to 16:00 of 9 June"
    nothing = posed(replace(one, duration_min=345)).problem.jobs[0]
    assert nothing.earliest_day > nothing.latest_day, "5:45 h from 10:15 do not fit the half hours"


def test_a_predecessor_of_another_month_is_a_first_day():
    waits = wish("R1", "lb", precedence=("P",))
    assert posed(waits, done={"P": day(12, 9)}).problem.jobs[0].earliest_day == 12
    assert posed(waits, done={"P": day(-3)}).problem.jobs[0].earliest_day == 7


def test_nights_rest_days_and_prices_are_posed():
    calendar = working_calendar(shipped_days(), [CalendarDay(day(9).date(), True, Text("x", "甲"))])
    wishes = [wish("R1", "lb", night_allowed=True), wish("R2", "lb", rest_allowed=False)]
    problem = posed(*wishes, calendar=calendar).problem
    assert [problem.horizon.rests(one) for one in (4, 5, 7, 8, 18, 21)] == [False, True, False, True, True, False]
    assert [job.night_allowed for job in problem.jobs] == [True, False]
    assert [job.rest_allowed for job in problem.jobs] == [True, False]
    weekend = problem.horizon.start(12, 2)
    assert {found.kind for found in date_findings(problem, 1, weekend)} == {"schedule.rest_day"}
    assert list(date_findings(problem, 0, problem.horizon.start(9, 30))) == []
    job = problem.jobs[0]
    monday, night = problem.horizon.start(7, 2), problem.horizon.start(9, 30)
    assert date_price(problem, job, monday) == 0
    assert date_price(problem, job, weekend) == 2000 + 5 * 10, "Saturday, five days from the wanted Monday"
    assert date_price(problem, job, night) == 4000 + 2 * 10
    assert problem.prices.over_budget == 1


def test_how_many_zones_may_be_off_at_a_time():
    few = NO_SWITCHING.replaced(
        [
            replace(DEFAULT_POLICIES.row(key, on=JUNE), value=1.0)
            for key in ("plan.at_once.unit", "plan.at_once.department")
        ]
    )
    wishes = [wish("R1", "lb"), wish("R2", "la"), wish("R3", "le", department=Department.METERING)]
    rules = posed(*wishes, policies=few).problem.concurrency
    assert (rules[0].name, len(rules[0].sites), rules[0].limit) == ("east", 2, 1)
    assert {rule.departments for rule in rules[1:]} == {(one.value,) for one in Department}
    assert posed(*wishes).problem.concurrency == (), "three zones are fewer than the rows allow"


def test_of_equally_dark_days_the_wanted_one_is_taken_or_the_reason_told():
    case = posed(wish("R1", "lb", wanted=day(11, 8)))
    plan = schedule_month(case.problem, seconds=5, seed=1, workers=1)
    assert case.problem.horizon.instant(plan.starts[0]).date() == day(11).date()
    exam = ProtectedPeriod("exam", Text("e", "考"), Period(day(11), day(12)))
    case = posed(wish("R1", "lb", wanted=day(11, 8)), protected=[exam])
    plan = schedule_month(case.problem, seconds=5, seed=1, workers=1)
    (reason,) = reasons(case.problem, plan.starts)
    assert abs(case.problem.horizon.day(plan.starts[0]) - 10) == 1, "the day before or after"
    assert reason.wanted is not None and [rule.kind for rule in reason.wanted.forbidden] == ["schedule.forbidden"]
    assert "wanted 2026-06-11: forbidden by forbidden exam" in reason.message.en and "期望日期" in reason.message.zh


def test_over_budget_is_planned_paid_for_and_marked():
    case = posed(wish("R1", "lb"), budgets={"east": Budget("east", "2026-06", 0.0)})
    plan = schedule_month(case.problem, seconds=5, seed=1, workers=1)
    assert plan.refused == () and plan.cost.over == plan.cost.dark > 0 and plan.gap == 0
    (row,) = plan.as_json(case.problem)["over_budget"]
    assert row["unit"] == "east" and row["over_h"] == pytest.approx(plan.customer_hours) and row["left_h"] == 0


def test_who_waits_for_one_without_a_time_is_named():
    chain = [wish("R1", "lb", precedence=("P",)), wish("R2", "lc", precedence=("R1",)), wish("R3", "ld")]
    case = posed(*chain)
    assert [one.request_id for one in case.requests] == ["R3"]
    assert [(one.request_id, one.kind, one.subject) for one in case.unplaced] == [
        ("R1", "schedule.precedence", "P"), ("R2", "schedule.precedence", "R1"),
    ]  # fmt: skip
    agreed = posed(*chain, published={"R1": Period(day(10, 9), day(10, 13))}, fixed=["R1"])
    assert [one.request_id for one in agreed.requests] == ["R1", "R2", "R3"] and agreed.unplaced == ()


def test_longer_than_a_planning_day_is_named():
    case = posed(wish("R1", "lb", minutes=3 * 1440, daily_window=DailyWindow()), wish("R2", "lb"))
    assert [(one.request_id, one.kind) for one in case.unplaced] == [("R1", "schedule.longer_than_day")]
    assert [one.request_id for one in case.requests] == ["R2"]


def test_the_outage_is_as_long_as_work_and_switching():
    case = posed(wish("R1", "lb"), policies=DEFAULT_POLICIES)
    zone = case.zones.of(("lb",))
    plan = plan_switching(
        GRID, GRID.switch_normal_closed, ["lb"], period=Period(day(10, 8), day(10, 16)),
        loads=Nameplate().loads(GRID, Period(day(10, 8), day(10, 16))), policies=DEFAULT_POLICIES, on=JUNE,
    )  # fmt: skip
    assert zone.out_min >= plan.out_min > 10 and zone.back_min >= plan.back_min > 10
    assert case.problem.jobs[0].duration == slots_of(240 + zone.switching_min)


def test_a_package_of_several_zones_is_long_enough_for_all_of_their_switching():
    def formed(to_minute):
        hours = DailyWindow(8 * 60, to_minute)
        wishes = [wish(name, at, first=9, last=9, daily_window=hours) for name, at in (("R1", "lb"), ("R2", "lc"))]
        case = posed(*wishes, policies=DEFAULT_POLICIES)
        bare = tuple(replace(job, duration=8) for job in case.problem.jobs)  # as if each alone took no switching
        zone = case.zones.of(("lb", "lc"))
        (made,) = packages(replace(case, problem=replace(case.problem, jobs=bare)), [case.problem.jobs[0].wanted] * 2)
        return made, 240 + zone.switching_min

    made, needed = formed(18 * 60)
    assert made.period.start == day(9, 8) and made.period.hours * 60 >= needed > made.period.hours * 60 - 30
    assert made.lengthened_min == made.period.hours * 60 - 240 and made.short_min == 0
    assert made.customer_hours == pytest.approx((34 + 50) * made.period.hours)
    short, _ = formed(12 * 60 + 30)
    assert short.period.hours == 4 and 0 < short.short_min == pytest.approx(needed - 240, abs=1)
    assert [one.kind for one in short.findings] == ["month.short"]


def test_published_dates_and_agreed_outages():
    start = day(10, 9)
    moved = posed(wish("R1", "lb"), published={"R1": Period(start, day(10, 13))}).problem.jobs[0]
    assert moved.published == 9 * 48 + 4 and moved.moved_price > 0 and moved.earliest_day < moved.latest_day
    fixed = posed(wish("R1", "lb"), published={"R1": Period(start, day(10, 15))}, fixed=["R1"]).problem.jobs[0]
    assert (fixed.earliest_day, fixed.latest_day, fixed.window, fixed.duration) == (9, 9, (4, 16), 12)
    days = posed(wish("R1", "lb"), published={"R1": Period(start, day(12, 15))}, fixed=["R1"]).problem.jobs[0]
    assert (days.window, days.duration) == ((4, 48), 44), "of three days the first"


def test_crews_precedence_budgets_protected_periods():
    exam = ProtectedPeriod("exam", Text("e", "考"), Period(day(7), day(10)), ("east",))
    away = replace(exam, key="west", units=("north",))
    case = posed(
        wish("R1", "lb", crew="A"), wish("R2", "lc", crew="A", precedence=("R1",)),
        protected=[exam, away], budgets={"east": Budget("east", "2026-06", 100.0, 10.0, 20.0)},
    )  # fmt: skip
    problem = case.problem
    assert [crew.crew_id for crew in problem.crews] == ["A"] and problem.jobs[1].crew_count == 1
    assert [rule.job for rule in problem.jobs[1].after] == [0]
    assert [budget.limit_unit_hours for budget in problem.budgets] == [70.0]
    assert [rule.name for rule in problem.forbidden] == ["exam"]
    assert problem.forbidden[0].start == 6 * 48 - 14 and problem.forbidden[0].end == 9 * 48 - 14


def test_history_becomes_repeat_counts_before_day_zero():
    happened = [
        ("H1", Nature.PLANNED, day(-9), 120, ("c-b",)),
        ("H2", Nature.FAULT, day(-30), 120, ("c-b", "c-c")),
        ("H4", Nature.FAULT, day(-9, 4), 120, ("c-b",)),
        ("H5", Nature.FAULT, day(-200), 120, ("c-b",)),
    ]
    agreed = [("H3", Nature.PLANNED, day(5), 120, ("c-b",))]
    case = posed(wish("R1", "lb"), history=counting(GRID, *happened, agreed=agreed, beside=FIRST))
    by_name = {one.section_id: one for one in case.problem.sections}
    b, c = by_name[section("b")], by_name[section("c")]
    assert (b.year_outages, b.year_planned, b.recent_days) == (2, 1, (-31, -10))
    assert (c.year_outages, c.year_planned, c.recent_days) == (1, 0, (-31,))


def test_what_cannot_be_isolated_comes_back_as_a_finding():
    locked = replace(GRID, switch_locked=np.ones(GRID.n_switches, np.bool_))
    case = posed(wish("R1", "lb"), wish("R2", "lc"), grid=locked)
    assert case.requests == () and {finding.kind.split(".")[0] for finding in case.findings} == {"isolate"}
    assert [(one.request_id, one.kind) for one in case.unplaced] == [
        ("R1", "schedule.isolate"), ("R2", "schedule.isolate")
    ]  # fmt: skip
    assert all(one.as_json()["kind"] == "schedule.refused" and one.message.zh for one in case.unplaced)


def test_a_plan_becomes_outages_and_the_two_requests_merge():
    case = posed(wish("R1", "lb"), wish("R2", "lb", minutes=120), wish("R3", "le", first=9, last=9))
    plan = schedule_month(case.problem, seconds=5, seed=1, workers=1)
    assert plan.refused == () and check_plan(case.problem, plan.starts) == []
    made = packages(case, plan.starts)
    merged = next(one for one in made if "R1" in one.request_ids)
    assert set(merged.request_ids) == {"R1", "R2"} and merged.equipment_ids == ("lb",)
    assert merged.period.hours == 4.0 and merged.dark == (34.0, 340) and merged.kept == (50.0, 500)
    assert sorted(name for one in made for name in one.request_ids) == ["R1", "R2", "R3"]
    for one in made:
        for name, start in one.starts.items():
            wanted = next(request for request in case.requests if request.request_id == name)
            assert wanted.earliest <= start and one.period.start <= start < one.period.end <= wanted.latest


def test_savings_are_those_of_the_worked_example():
    grid = two_feeders(units={"a": 1, "b": 34, "c": 50, "d": 1, "e": 1})
    case = posed(wish("R1", "lb", minutes=360), wish("R2", "lb", minutes=300), grid=grid)
    plan = schedule_month(case.problem, seconds=5, seed=1, workers=1)
    assert plan.savings.as_requested == pytest.approx(84 * 11)
    assert plan.savings.merged == pytest.approx(84 * 6)
    assert plan.savings.transferred == pytest.approx(34 * 6 + 50 * 2 * 3 / 60, abs=0.01)


def test_the_groups_lose_nobody():
    grid = compile_network(random_network(8, feeders=6, nodes=14, ties=8))
    requests = demo_month(grid, month=JUNE, requests=60, seed=2)
    case = posed(*requests, grid=grid)
    problem = case.problem
    for wanted, job in zip(case.requests, problem.jobs, strict=True):
        isolation = isolate(grid, grid.switch_normal_closed, wanted.equipment_ids)
        zone = problem.zones[job.zone]
        dead, both = list(isolation.dead_sections), {*zone.worked, *zone.carried}
        assert set(zone.worked).isdisjoint(zone.carried)
        assert sum(problem.sections[at].units for at in both) == grid.section_units[dead].sum()
        assert sum(problem.sections[at].households for at in both) == grid.section_households[dead].sum()


def test_transfers_restore_what_the_optimal_transfer_restores():
    grid = compile_network(random_network(8, feeders=6, nodes=14, ties=8))
    requests = demo_month(grid, month=JUNE, requests=25, seed=2)
    case = posed(*requests, grid=grid)
    p_kw, q_kvar = Nameplate().loads(grid, Period(day(1), day(1, 1)))
    for wanted, job in zip(case.requests, case.problem.jobs, strict=True):
        isolation = isolate(grid, grid.switch_normal_closed, wanted.equipment_ids)
        made = transfer(grid, grid.switch_normal_closed, isolation, (p_kw[:1], q_kvar[:1]), DEFAULT_POLICIES, on=JUNE)
        zone = case.problem.zones[job.zone]
        restored = {at for tie in zone.transfers for at in tie.restores}
        assert sum(case.problem.sections[at].units for at in restored) == grid.section_units[list(made.restored)].sum()
        live = supply(grid, made.state)
        for tie in zone.transfers:
            path = {case.problem.sections[at].section_id for at in tie.needs}
            assert path <= {grid.section_name(int(s)) for s in np.flatnonzero(live.energised)}


def test_planning_again_asks_switching_nothing(monkeypatch):
    cache, wishes = ZoneCache(), [wish("R1", "lb"), wish("R2", "lc")]
    first = posed(*wishes, cache=cache)
    calls = []

    def asked(*args, **_given):
        calls.append(args)
        raise UnableToIsolate(Finding("isolate.test", "x", Text("a", "甲")))

    monkeypatch.setattr("everlit.planning.zones.isolate", asked)
    assert posed(*wishes, cache=cache).problem == first.problem and calls == []
    closed = GRID.switch_normal_closed.copy()
    closed[GRID.switch("B1")] = False
    assert posed(*wishes, cache=cache, closed=closed).requests == ()
    assert len(calls) == 2, "another state of the network is asked anew"


def test_the_same_month_is_the_same_problem():
    grid = compile_network(random_network(8, feeders=4, nodes=10, profiles=True))
    requests = demo_month(grid, month=JUNE, requests=30, seed=2)
    given = {"grid": grid, "forecast": forecast_of(grid.network), "policies": DEFAULT_POLICIES}
    one, other = posed(*requests, **given), posed(*requests, **given)
    assert one.problem.fingerprint == other.problem.fingerprint
    assert cost(one.problem, [None] * len(one.problem.jobs)).dark == 0
