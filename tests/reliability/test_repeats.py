"""The repeat rule against a slow reading of its text, and what follows for users and feeders."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everlit.grid import compile_network
from everlit.grid.synthetic import random_network
from everlit.kernel import Policy, Text
from everlit.ledger.model import Cause, Nature
from everlit.reliability.frequent import dedicated_users, frequent
from everlit.reliability.policies import RELIABILITY_POLICIES
from everlit.reliability.repeats import FREQUENT_RULES, WARNING_RULES
from tests.reliability.ledgers import Who, ledger

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
HOUR, DAY = 3600, 86_400
JANUARY = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
KINDS = [Nature.FAULT_INTERNAL, Nature.PLANNED_MAINTENANCE_INTERNAL, Nature.RATIONING_NETWORK]


@st.composite
def years(draw):
    """Three users and up to fourteen events of a year, hours apart or months; each event hits some of them."""
    events, rows, at = [], [], JANUARY - 5 * DAY
    for number in range(draw(st.integers(0, 14))):
        at += draw(st.sampled_from([HOUR, 6 * HOUR, 6 * HOUR + 1, 5 * DAY, 10 * DAY, 20 * DAY, 40 * DAY]))
        seconds = draw(st.sampled_from([60, 299, 300, 3000]))
        events.append((draw(st.sampled_from(KINDS)), Cause.UNKNOWN))
        hit = draw(st.sets(st.integers(0, 2), min_size=1))
        rows += [(user, number, at, at + seconds) for user in hit]
    return ledger([Who(feeder=0), Who(feeder=0), Who(feeder=1, households=3)], events, rows)


def slow(one, user, major):
    """Counts of one user by the letter of domain rule 2.6."""
    rows = list(zip(one.subject.tolist(), one.event.tolist(), one.start_s.tolist(), one.end_s.tolist(), strict=True))
    weight = one.subjects.households.tolist()
    kept = []
    for _, event, start, end in sorted((row for row in rows if row[0] == user), key=lambda row: row[2]):
        begun = datetime.fromtimestamp(start, UTC)
        users = sum(weight[row[0]] for row in rows if row[1] == event)
        if begun.year != 2026 or begun > NOW or begun.date() in major or end - start < 300 or users == 1:
            continue
        if kept and start - kept[-1][0] <= 6 * HOUR:
            continue
        kept.append((start, tuple(Nature)[one.events.nature[event]].prearranged))
    starts, now = [start for start, _ in kept], int(NOW.timestamp())
    return {
        "year": len(kept),
        "planned": sum(planned for _, planned in kept),
        "window": max((sum(0 <= other - first < 60 * DAY for other in starts) for first in starts), default=0),
        "last30": sum(now - 30 * DAY <= start <= now for start in starts),
        "last50": sum(now - 50 * DAY <= start <= now for start in starts),
    }


def verdict(counts):
    if counts["year"] > 5:
        return "rep.year_total", ""
    if counts["window"] > 3:
        return "rep.window60", ""
    if counts["planned"] > 3:
        return "rep.planned_year", ""
    close = [("rep.warn30", counts["last30"] == 2), ("rep.warn50", counts["last50"] == 3)]
    close.append(("rep.warn_year", counts["year"] in (4, 5)))
    return "", next((key for key, holds in close if holds), "")


@given(years(), st.sets(st.integers(0, 300), max_size=5))
def test_counts_reasons_and_warnings_equal_the_slow_reading(one, offsets):
    major = {date(2026, 1, 1) + timedelta(days=offset) for offset in offsets}
    made = frequent(one, now=NOW, policies=RELIABILITY_POLICIES, zone=UTC, major=major)
    for user in range(3):
        wanted = slow(one, user, major)
        assert {name: int(getattr(made.counts, name)[user]) for name in wanted} == wanted
        reason, warning = verdict(wanted)
        assert (FREQUENT_RULES[made.reason[user]][0] if made.reason[user] >= 0 else "") == reason
        assert (WARNING_RULES[made.warning[user]][0] if made.warning[user] >= 0 else "") == warning
        assert bool(made.complaint[user]) == (wanted["window"] >= 3)


def outages(users, starts, *, nature=Nature.FAULT_INTERNAL, seconds=HOUR):
    """All users off at each start, every time an event of its own."""
    rows = [(user, number, at, at + seconds) for number, at in enumerate(starts) for user in range(len(users))]
    return ledger(users, [(nature, Cause.UNKNOWN)] * len(starts), rows)


def every(days, count):
    return [JANUARY + number * days * DAY for number in range(count)]


def judged(one, **more):
    return frequent(one, now=NOW, policies=more.pop("policies", RELIABILITY_POLICIES), zone=UTC, **more)


@pytest.mark.parametrize(
    ("days", "count", "nature", "rule"),
    [
        (45, 6, Nature.FAULT_INTERNAL, "rep.year_total"),
        (45, 5, Nature.FAULT_INTERNAL, None),
        (19, 4, Nature.FAULT_INTERNAL, "rep.window60"),
        (20, 4, Nature.FAULT_INTERNAL, None),
        (60, 4, Nature.PLANNED_MAINTENANCE_INTERNAL, "rep.planned_year"),
        (60, 4, Nature.FAULT_INTERNAL, None),
    ],
)
def test_each_limit_from_both_sides(days, count, nature, rule):
    made = judged(outages([Who(feeder=0), Who(feeder=0)], every(days, count), nature=nature))
    assert [FREQUENT_RULES[place][0] if place >= 0 else None for place in made.reason.tolist()] == [rule, rule]


def test_a_stricter_local_rule_is_a_row():
    one = outages([Who(), Who()], every(45, 3))
    stricter = RELIABILITY_POLICIES.replaced([Policy("rep.year_total", 2, "times", ">", Text("a", "甲"))])
    assert not (judged(one).reason >= 0).any() and (judged(one, policies=stricter).reason == 0).all()


def test_a_feeder_is_frequent_by_two_users_and_stands_in_no_warning_list():
    pair = judged(
        outages(
            [Who(units=0, feeder=0, area=2, unit=1), Who(units=0, feeder=0, area=3, unit=0), Who(units=0, feeder=1)],
            every(45, 6),
        )
    )
    (feeder,) = pair.feeders
    assert (feeder.feeder_id, feeder.frequent_users, feeder.frequent) == ("F1", 2, True)
    assert (feeder.area_class, feeder.unit) == (2, "east 城东"), "of those that weigh the same the smallest"
    heavier = judged(
        outages([Who(units=0, feeder=0, area=2), Who(units=0, feeder=0, area=3, households=2)], every(45, 6))
    )
    assert heavier.feeders[0].area_class == 3, "the most frequent area wins"
    warned = judged(outages([Who(units=0, feeder=0), Who(units=0, feeder=0)], every(45, 4)))
    assert [(one.frequent, one.warned_users) for one in warned.feeders] == [(False, 2)]
    assert [one["feeder_id"] for one in warned.as_json()["warned_feeders"]] == ["F1"]


def test_feeders_of_dedicated_users_alone_are_left_out():
    one = outages([Who(feeder=0), Who(feeder=0), Who(feeder=1), Who(feeder=1)], every(45, 6))
    mixed = judged(one, dedicated=np.array([True, True, True, False]))
    assert [feeder.feeder_id for feeder in mixed.feeders] == ["F2"] and (mixed.reason >= 0).all()


def test_the_list_shows_the_worst_first_and_says_why():
    body = judged(outages([Who(feeder=0, units=0), Who(feeder=0, units=0)], every(9, 7))).as_json(most_users=1)
    assert body["frequent_users"] == 2 and body["reasons"] == {
        "rep.year_total": 2,
        "rep.window60": 0,
        "rep.planned_year": 0,
    }
    (row,) = body["frequent"]
    assert (row["subject"], row["feeder"], row["rule"], row["year"], row["window"]) == (
        "c1",
        "F1",
        "rep.year_total",
        7,
        7,
    )


def test_dedicated_users_hang_under_a_customers_transformer():
    grid = compile_network(random_network(5, feeders=3, nodes=8))
    transformers, consumers = grid.network.tables["transformers"], grid.network.tables["consumers"]
    theirs = {
        name
        for name, own in zip(
            *(transformers.column(one).to_pylist() for one in ("transformer_id", "ownership")), strict=True
        )
        if own == "customer"
    }
    made = dedicated_users(grid)
    for row in range(consumers.num_rows):
        label, over = int(grid.consumer_node[row]), set()
        while label >= 0:
            via = int(grid.node_via[label]) - grid.n_lines
            if 0 <= via < grid.n_transformers:
                over.add(transformers.column("transformer_id")[via].as_py())
            label = int(grid.node_parent[label])
        assert bool(made[row]) == (bool(over & theirs) or consumers.column("mv_units")[row].as_py() > 0)
    assert 0 < made.sum() < len(made)
