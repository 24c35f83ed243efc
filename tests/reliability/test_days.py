"""Major event days: the published example, the logarithms by another library, the midnight rule by hand."""

import csv
import statistics
from datetime import UTC, date, datetime, timedelta
from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everlit.kernel import Period, Policy, Text, utc
from everlit.ledger.model import Cause, Nature
from everlit.reliability.calendar import days_of
from everlit.reliability.days import daily_seconds, major_days, threshold
from everlit.reliability.model import Book
from everlit.reliability.policies import RELIABILITY_POLICIES, limits_of
from tests.reliability.ledgers import GOLDEN, Who, ledger, random_ledgers
from tests.reliability.oracle import LIMIT, interruptions

JANUARY = Period(utc("2025-12-20T00:00Z"), utc("2026-02-10T00:00Z"))


def ruled(**values):
    rows = [
        Policy(key, value, "", RELIABILITY_POLICIES.row(key, on=date(2026, 1, 1)).comparator, Text("a", "甲"))
        for key, value in values.items()
    ]
    return RELIABILITY_POLICIES.replaced(rows)


def daily(values, year=2025):
    return {date(year, 1, 1) + timedelta(days=number): value for number, value in enumerate(values)}


def published():
    with (GOLDEN / "days.csv").open(encoding="utf-8") as file:
        return [tuple(row.values()) for row in csv.DictReader(file)]


@pytest.mark.parametrize(("ddof", "saidi_min", "printed"), published())
def test_the_published_example_to_every_digit(ddof, saidi_min, printed):
    known = daily([float(value) for value in saidi_min.split(";")])
    limit = threshold(known, 2026, Book.IEEE, policies=ruled(**{"rel.med.sd_ddof": float(ddof)}))
    assert f"{limit.minutes:.5f}" == printed and limit.days == 10


@given(st.lists(st.floats(1e-4, 1e3), min_size=2, max_size=60), st.integers(0, 9))
def test_the_limit_is_that_of_the_statistics_module(values, zeros):
    limit = threshold(daily([*values, *[0.0] * zeros]), 2026, Book.DLT, policies=RELIABILITY_POLICIES)
    logs = [log(value) for value in values]
    assert limit.minutes == pytest.approx(exp(statistics.fmean(logs) + 2.5 * statistics.stdev(logs)))
    assert (limit.days, limit.zero_days) == (len(values), zeros)


def test_zero_days_may_count_as_the_least_other_day():
    values = [0.5, 1.0, 2.0]
    limit = threshold(daily([*values, 0.0]), 2026, Book.IEEE, policies=ruled(**{"rel.med.zero_days": 1}))
    assert limit.alpha == pytest.approx(statistics.fmean(log(value) for value in [*values, 0.5]))


@pytest.mark.parametrize(("book", "years"), [(Book.IEEE, 5), (Book.DLT, 3)])
def test_only_the_years_of_the_window_count(book, years):
    known = {date(year, 6, day): 1.0 + day for year in range(2018, 2027) for day in (1, 2)}
    limit = threshold(known, 2026, book, policies=RELIABILITY_POLICIES)
    assert (limit.first.year, limit.last.year, limit.days) == (2026 - years, 2025, 2 * years)


def test_too_few_days_make_no_limit_and_no_major_day():
    limit = threshold(daily([3.0]), 2026, Book.IEEE, policies=RELIABILITY_POLICIES)
    assert limit.minutes is None and major_days({date(2026, 5, 1): 1e6}, limit) == ()


def test_major_and_catastrophic_days_of_the_reporting_year_alone():
    known = {**daily([0.5, 1.0, 2.0, 0.7, 1.4], 2025), **daily([1.0, 5.0, 900.0], 2026), date(2027, 1, 1): 1e9}
    limit = threshold(known, 2026, Book.IEEE, policies=RELIABILITY_POLICIES)
    found = major_days(known, limit)
    assert [(one.day, one.catastrophic) for one in found] == [(date(2026, 1, 2), False), (date(2026, 1, 3), True)]


def test_a_day_at_the_limit_is_not_above_it():
    known = daily([0.5, 1.0, 2.0])
    limit = threshold(known, 2026, Book.IEEE, policies=RELIABILITY_POLICIES)
    assert limit.minutes is not None and major_days({date(2026, 1, 1): limit.minutes}, limit) == ()


def test_catastrophic_days_can_be_left_out_of_later_limits():
    known = daily([*[0.5, 1.0, 2.0] * 30, 1e6])
    shifted = threshold(known, 2026, Book.IEEE, policies=RELIABILITY_POLICIES)
    steady = threshold(known, 2026, Book.IEEE, policies=ruled(**{"rel.cat.left_out": 1}))
    alone = threshold(daily([0.5, 1.0, 2.0] * 30), 2026, Book.IEEE, policies=RELIABILITY_POLICIES)
    assert steady.left_out == 1 and steady.minutes == pytest.approx(alone.minutes) and shifted.minutes > alone.minutes


def test_a_log_normal_year_has_about_two_major_days():
    rng = np.random.default_rng(7)
    found = []
    for _ in range(200):
        known = daily(rng.lognormal(-1, 1.2, 365 * 5).tolist(), 2021)
        year = daily(rng.lognormal(-1, 1.2, 365).tolist(), 2026)
        past = {day: value for day, value in known.items() if day.year < 2026}
        found.append(len(major_days(year, threshold(past, 2026, Book.IEEE, policies=RELIABILITY_POLICIES))))
    assert statistics.fmean(found) == pytest.approx(365 * 0.00621, abs=0.35)


def booked(rows, weight, book, days, *, split):
    limit, found = LIMIT[book.value], dict.fromkeys(days, 0)
    for customer, _, chain in interruptions(rows, limit):
        if sum(row[3] - row[2] for row in chain) <= limit:
            continue
        for row in chain:
            for second in range(row[2], row[3]) if split else ():
                day = datetime.fromtimestamp(second, UTC).date()
                found[day] = found.get(day, 0) + weight[customer]
            if not split:
                day = datetime.fromtimestamp(chain[0][2], UTC).date()
                found[day] = found.get(day, 0) + weight[customer] * (row[3] - row[2])
    return [found[day] for day in days]


@given(random_ledgers(days=10), st.sampled_from(Book))
def test_seconds_of_a_day_equal_the_oracle(one, book):
    dates, days = days_of(JANUARY, UTC)
    rows = list(zip(one.subject.tolist(), one.event.tolist(), one.start_s.tolist(), one.end_s.tolist(), strict=True))
    weight = one.subjects.units.astype(np.int64)
    limits = limits_of(RELIABILITY_POLICIES, book, on=date(2026, 1, 31))
    assert daily_seconds(one, weight, days, limits).tolist() == booked(rows, weight.tolist(), book, dates, split=False)


@pytest.mark.parametrize("book", Book)
def test_split_at_midnight_every_second_lies_in_its_own_day(book):
    at = int(utc("2026-01-05T23:58Z").timestamp())
    rows = [
        (0, 0, at, at + 100),
        (0, 0, at + 200, at + 700),
        (1, 0, at - 900, at + 90_000),
        (1, 0, at + 95_000, at + 95_100),
    ]
    one = ledger([Who(units=2), Who()], [(Nature.FAULT_INTERNAL, Cause.UNKNOWN)], rows)
    dates, days = days_of(JANUARY, UTC)
    limits = limits_of(RELIABILITY_POLICIES, book, on=date(2026, 1, 31))
    made = daily_seconds(one, np.array([2, 1], np.int64), days, limits, split=True)
    assert made.tolist() == booked(rows, [2, 1], book, dates, split=True)
    assert made.sum() == 2 * 600 + 90_900
