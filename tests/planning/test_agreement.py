"""May outages stand beside each other and inside what was asked? Each rule both ways, and symmetric where it is."""

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everlit.kernel import Period, Text
from everlit.planning.agreement import Reach, Standing, disagreements, starts_inside
from everlit.planning.holidays import CalendarDay, working_calendar
from everlit.planning.lifecycle import package
from everlit.planning.model import DailyWindow
from tests.planning.drawn import NOON, request

ZONE = ZoneInfo("Asia/Shanghai")
START = NOON - timedelta(hours=4)  # 08:00 local


def standing(*requests, identity="O1", start=START, hours=6.0, reach=None, starts=()):
    period = Period(start, start + timedelta(hours=hours))
    names = [one.request_id for one in requests]
    outage = package(identity, network="n", request_ids=names, equipment_ids=["lb"], period=period, starts=starts)
    return Standing(outage, requests, reach or Reach())


def kinds(mine, *others, **facts):
    found = disagreements(mine, others, zone=ZONE, **facts)
    return [finding.kind.removeprefix("planning.conflict.") for finding in found]


def test_an_outage_as_asked_stands_alone():
    assert kinds(standing(request("R1"))) == []


@pytest.mark.parametrize(("late", "expected"), [(0, []), (4, []), (5, ["window"]), (90, ["window"]), (-1, ["window"])])
def test_only_on_the_offered_days(late, expected):
    assert kinds(standing(request("R1"), start=START + timedelta(days=late))) == expected


@pytest.mark.parametrize(("hours", "expected"), [(6, []), (7, []), (5.9, ["length"]), (2, ["length"])])
def test_the_outage_is_as_long_as_the_work_asks(hours, expected):
    assert kinds(standing(request("R1", minutes=360), hours=hours)) == expected


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (DailyWindow(8 * 60, 14 * 60), []),
        (DailyWindow(8 * 60, 13 * 60 + 59), ["daily"]),
        (DailyWindow(8 * 60 + 1, 18 * 60), ["daily"]),
        (DailyWindow(22 * 60, 6 * 60), ["daily"]),
        (DailyWindow(20 * 60, 14 * 60), []),
        (DailyWindow(), []),
    ],
)
def test_only_in_the_daily_hours(window, expected):
    assert kinds(standing(request("R1", minutes=360, daily_window=window))) == expected


def test_night_work_and_rest_days_as_the_request_allows():
    by_day = DailyWindow(8 * 60, 18 * 60)
    evening = START + timedelta(hours=14)  # 22:00
    assert kinds(standing(request("R1", daily_window=by_day), start=evening)) == ["daily"]
    assert kinds(standing(request("R1", daily_window=by_day, night_allowed=True), start=evening)) == []
    assert kinds(standing(request("R1", daily_window=by_day, night_allowed=True), start=evening + timedelta(hours=6)))
    rest = working_calendar([CalendarDay(date(2026, 6, 10), True, Text("x", "甲"))])
    free, bound = request("R1"), request("R1", rest_allowed=False)
    assert kinds(standing(bound)) == [] and kinds(standing(free), calendar=rest) == []
    assert kinds(standing(bound), calendar=rest) == ["rest_day"]
    night = standing(replace(bound, night_allowed=True), start=START + timedelta(hours=17))
    assert kinds(night, calendar=rest) == ["rest_day"], "01:00 belongs to the evening before"


def test_what_comes_first_has_ended_wherever_it_stands():
    first, then = request("A"), request("B", precedence=("A",))
    early, late = START, START + timedelta(days=1)
    assert kinds(standing(then, start=late), standing(first, identity="O2", start=early)) == []
    assert kinds(standing(then, start=early), standing(first, identity="O2", start=late)) == ["order"]
    assert kinds(standing(first, start=late), standing(then, identity="O2", start=early)) == ["order"]
    assert kinds(standing(then), unplaced={"A"}) == ["order"]
    together = standing(first, then, hours=12, starts=(START, START + timedelta(hours=6)))
    assert kinds(together) == [] == kinds(standing(first, then, hours=12)), "it waits inside the outage"
    assert kinds(standing(first, then, hours=6)) == ["length"], "there is no time left for the second"


def test_switching_comes_on_top_of_the_work():
    reach = Reach(out_min=20.0, back_min=10.0)
    assert kinds(standing(request("R1", minutes=360), hours=6.5, reach=reach)) == []
    (finding,) = disagreements(standing(request("R1", minutes=360), hours=6, reach=reach), (), zone=ZONE)
    assert finding.evidence["left_min"] == 330 and "330" in finding.message.zh
    hours = DailyWindow(8 * 60, 14 * 60 + 29)
    assert kinds(standing(request("R1", minutes=360, daily_window=hours), hours=7, reach=reach)) == ["daily"]
    later = standing(request("R1", minutes=60), hours=2, reach=reach, starts=(START + timedelta(hours=1),))
    assert kinds(later) == ["length"], "it begins an hour later and the way back takes ten minutes"


SIDES = [
    ("zone", Reach(off=frozenset("ab")), Reach(off=frozenset("bc"))),
    ("tie", Reach(ties=frozenset("T")), Reach(ties=frozenset("TU"))),
    ("path", Reach(path=frozenset("p")), Reach(off=frozenset("p"))),
    ("feeder", Reach(loading={"F": 0.6}), Reach(loading={"F": 0.5})),
    ("sources", Reach(off=frozenset("x")), Reach(off=frozenset("y"))),
]


@pytest.mark.parametrize(("kind", "one", "two"), SIDES)
def test_what_two_outages_may_not_share(kind, one, two):
    facts = {"sources": {"hospital": {"x", "y"}}}
    mine, other = standing(request("R1"), reach=one), standing(request("R2"), identity="O2", reach=two)
    assert kinds(mine, other, **facts) == kinds(other, mine, **facts) == [kind]
    after = standing(request("R2"), identity="O2", reach=two, start=mine.outage.period.end)
    assert kinds(mine, after, **facts) == []


def test_what_two_outages_may_share():
    light = Reach(loading={"F": 0.6}, ties=frozenset("T")), Reach(loading={"F": 0.4, "G": 1.0}, ties=frozenset("U"))
    assert kinds(standing(request("R1"), reach=light[0]), standing(request("R2"), identity="O2", reach=light[1])) == []
    held = Reach(off=frozenset("x"), held=frozenset("x"))
    pair = standing(request("R1"), reach=held), standing(request("R2"), identity="O2", reach=Reach(off=frozenset("y")))
    assert kinds(*pair, sources={"hospital": {"x", "y"}}) == []


def test_a_crew_is_in_one_place():
    crews = [standing(request(name, crew=crew), identity=name) for name, crew in (("A", "c1"), ("B", "c1"), ("C", ""))]
    assert kinds(crews[0], crews[1]) == ["crew"] and kinds(crews[0], crews[2]) == kinds(crews[2], crews[2]) == []


@given(st.integers(0, 47), st.integers(1, 24), st.integers(0, 47), st.integers(1, 24))
def test_crews_conflict_exactly_when_hours_overlap(one, long, two, longer):
    base = START - timedelta(hours=8)
    offered = {"crew": "c", "earliest": base - timedelta(days=1), "latest": base + timedelta(days=9)}
    sides = [
        standing(
            request(name, minutes=30 * length, **offered),
            identity=name, start=base + timedelta(minutes=30 * at), hours=length / 2,
        )
        for name, at, length in (("A", one, long), ("B", two, longer))
    ]  # fmt: skip
    meet = bool(set(range(one, one + long)) & set(range(two, two + longer)))
    assert kinds(*sides) == (["crew"] if meet else [])


def test_work_inside_a_package_begins_when_its_hours_and_predecessors_let_it():
    first, then = request("A", minutes=120), request("B", minutes=60, precedence=("A",))
    noon = replace(request("C", minutes=60), daily_window=DailyWindow(12 * 60, 14 * 60))
    period = Period(START, START + timedelta(hours=6))
    starts = starts_inside([then, first, noon], period, zone=ZONE)
    assert starts == (START + timedelta(hours=2), START, START + timedelta(hours=4))
    assert kinds(standing(then, first, noon, starts=starts)) == []
