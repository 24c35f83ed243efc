"""What counts for the repeat limits, against a slow recount of the rows: happened and agreed, nobody twice."""

from datetime import date, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from everlit.kernel import Period
from everlit.planning.history import days_by_section
from everlit.planning.model import Nature
from everlit.planning.policies import DEFAULT_POLICIES
from everlit.planning.repeats import repeats_after
from tests.planning.drawn import NOON, two_feeders
from tests.planning.told import LOCAL, counting

GRID = two_feeders(units={"e": 0})
START = NOON - timedelta(hours=4)
JOB = Period(START, START + timedelta(hours=6))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LOADS = ("c-a", "c-b", "c-c", "c-e")
HOUSEHOLDS = {"c-a": 300, "c-b": 340, "c-c": 500, "c-d": 200, "c-e": 0}
MAJOR = (START - 20 * DAY).astimezone(LOCAL).date()
GAPS = (timedelta(0), HOUR, 6 * HOUR, 6 * HOUR + timedelta(seconds=1), DAY, 20 * DAY, 59 * DAY, 60 * DAY)


@st.composite
def rows(draw, prefix, after, most=7):
    """Events with their loads, hours or months apart, some before the year, some short."""
    made, at = [], START + after
    for number in range(draw(st.integers(0, most))):
        at += draw(st.sampled_from(GAPS))
        loads = tuple(sorted(draw(st.sets(st.sampled_from(LOADS), min_size=1))))
        kind = draw(st.sampled_from(list(Nature)))
        made.append((f"{prefix}{number}", kind, at, draw(st.sampled_from([4, 5, 60])), loads))
    return made


def standing(told, agreed):
    """Every (event, load) with its start, minutes and nature: what the ledger names stands, the rest as agreed."""
    found = {(event, load): (at, minutes, kind) for event, kind, at, minutes, loads in told for load in loads}
    for event, kind, at, minutes, loads in agreed:
        for load in loads:
            found.setdefault((event, load), (at, minutes, kind))
    return found


def kept(found, load, major, *, first, after):
    """Starts of one load that count, the merged ones left out: (start, pre-arranged)."""
    users = {event: sum(HOUSEHOLDS[who] for one, who in found if one == event) for event, _ in found}
    mine = sorted(
        (at, not kind.arranged, event, minutes) for (event, who), (at, minutes, kind) in found.items() if who == load
    )
    counted = []
    for at, fault, event, minutes in mine:
        dropped = minutes < 5 or users[event] <= 1 or at.astimezone(LOCAL).date() in major or not first <= at < after
        if not dropped and (not counted or at - counted[-1][0] > 6 * HOUR):
            counted.append((at, not fault))
    return counted


YEAR = (datetime(2026, 1, 1, tzinfo=LOCAL), datetime(2027, 1, 1, tzinfo=LOCAL))


@given(rows("H", -150 * DAY), rows("A", timedelta(0), 3), st.sampled_from([(), (MAJOR,)]), st.data())
def test_counts_are_those_of_a_slow_recount_in_any_order_of_arrival(told, agreed, major, data):
    twice = data.draw(st.lists(st.sampled_from(told), max_size=2, unique=True)) if told else []
    agreed = [*agreed, *((event, kind, at + HOUR, 60, LOADS) for event, kind, at, _, _ in twice)]
    shuffled = (data.draw(st.permutations(several)) for several in (told, agreed))
    history = counting(GRID, *next(shuffled), agreed=next(shuffled), beside=START, major=major)
    same = counting(GRID, *told, agreed=agreed, beside=START, major=major)
    assert history.consumer.tolist() == same.consumer.tolist() and history.start_s.tolist() == same.start_s.tolist()
    found = standing(told, agreed)
    for load in LOADS:
        consumer = GRID.network.tables["consumers"].column("consumer_id").to_pylist().index(load)
        year = kept(found, load, major, first=YEAR[0], after=YEAR[1])
        made = counted_before(history, consumer)
        assert (made.year, made.planned) == (len(year), sum(arranged for _, arranged in year))
        near = kept(found, load, major, first=START - 60 * DAY + timedelta(seconds=1), after=START + 60 * DAY)
        starts = [at for at, _ in near]
        assert made.window == max((sum(0 * DAY <= at - one < 60 * DAY for at in starts) for one in starts), default=0)


def counted_before(history, consumer):
    """The counts of one load with a job that does not count for it."""
    who = np.array([consumer], np.int32)
    asked = {"period": JOB, "nature": Nature.PLANNED, "policies": DEFAULT_POLICIES}
    made = repeats_after(GRID, history, who, counts=np.zeros(1, np.bool_), **asked)
    return made.counted[0]


@given(rows("H", -200 * DAY), rows("A", -30 * DAY, 4))
def test_a_month_reads_the_worst_customer_of_each_section_before_it_begins(told, agreed):
    first = date(2026, 6, 1)
    begin = datetime(2026, 6, 1, tzinfo=LOCAL)
    history = counting(GRID, *told, agreed=agreed, beside=START)
    days = days_by_section(GRID, history, first=first, policies=DEFAULT_POLICIES, zone=LOCAL)
    users = standing(told, agreed)
    for node, load in (("a", "c-a"), ("b", "c-b"), ("c", "c-c")):
        counted = kept(users, load, (), first=YEAR[0], after=begin)
        section = int(GRID.section_of_node[GRID.node(node)])
        expected = tuple((at - begin) // DAY for at, _ in counted), sum(arranged for _, arranged in counted)
        assert days.get(section, ((), 0)) == expected


def test_an_outage_the_ledger_knows_counts_by_the_ledger_alone():
    agreed = [("O1", Nature.PLANNED, START - 10 * DAY, 60, ("c-a", "c-b"))]
    told = ("O1", Nature.PLANNED, START - 10 * DAY + 8 * HOUR, 60, ("c-a",))
    history = counting(GRID, told, agreed=agreed, beside=START)
    assert len(history.consumer) == 2, (
        "a by the ledger, eight hours later than agreed; b, whom it does not name, as agreed"
    )
    assert sorted(history.start_s.tolist()) == [
        int((START - 10 * DAY + late).timestamp()) for late in (0 * HOUR, 8 * HOUR)
    ]


def test_loads_the_network_does_not_have_are_passed_over():
    assert not len(counting(GRID, agreed=[("O1", Nature.PLANNED, START, 60, ("gone",))], beside=START).consumer)
