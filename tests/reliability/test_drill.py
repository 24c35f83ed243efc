"""From any index to interruptions, events and customers: the sums are the numerators, to the last integer."""

from datetime import UTC, date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everlit.kernel import Period, utc
from everlit.ledger.segments import segments
from everlit.reliability.calendar import days_of
from everlit.reliability.customers import weight_of
from everlit.reliability.drill import UnableToDrill, chosen_formula, drill, interrupted
from everlit.reliability.indices import BOOKS
from everlit.reliability.model import Base, Book, View
from everlit.reliability.policies import RELIABILITY_POLICIES
from tests.reliability.ledgers import YEAR, golden, indices, random_ledgers

JANUARY = Period(utc("2026-01-01T00:00Z"), utc("2026-02-01T00:00Z"))


def opened(one, key, book, *, period=JANUARY, base=Base.UNITS, view=View.ALL, major=None):
    counted = indices(one, base=base, period=period, policies=RELIABILITY_POLICIES, zone=UTC, major=major)
    row = BOOKS.index(book)
    days = days_of(period, UTC, major=major, books=BOOKS)[1]
    found = interrupted(one, days, counted.limits[row], book=row)
    formula = chosen_formula(counted.formulas(book), key)
    return counted, drill(found, formula, weight_of(one.subjects, base), counted.limits[row], view=view)


@given(random_ledgers(), st.sampled_from(Book), st.sets(st.integers(0, 31), max_size=6), st.data())
def test_the_sum_over_events_and_over_customers_is_the_index(one, book, offsets, data):
    base = data.draw(st.sampled_from([Base.UNITS, Base.HOUSEHOLDS, Base.KVA]))
    major = {book: {date(2026, 1, 1) + timedelta(days=offset) for offset in offsets}}
    keys = [
        index.key for index in indices(one, base=base, period=JANUARY, policies=RELIABILITY_POLICIES, zone=UTC).of(book)
    ]
    for key in keys:
        view = data.draw(st.sampled_from(View))
        counted, made = opened(one, key, book, base=base, view=view, major=major)
        numerator = counted.index(key, book, view=view).numerator
        assert made.total == numerator == sum(row["adds"] for row in made.events())
        assert numerator == sum(row["adds"] for row in made.customers())


def test_the_golden_saidi_leads_to_its_events():
    _, made = opened(golden(), "SAIDI", Book.IEEE, period=YEAR)
    rows = {row["event"]: (row["adds"] // 60, row["customers"]) for row in made.events()}
    assert rows == {"E3": (1440, 4), "E1": (975, 10), "E7": (360, 4), "E6": (300, 10), "E4": (120, 1)}
    assert [row["event"] for row in made.events()] == ["E3", "E1", "E7", "E6", "E4"], "most first"
    assert {row["subject"]: row["adds"] // 60 for row in made.customers()}["c3"] == 95 + 360 + 30


def test_a_repeated_customer_lies_on_the_interruption_that_made_him_one():
    _, made = opened(golden(), "CEMI_4", Book.DLT, period=YEAR)
    assert made.customers() == [{"subject": "c1", "adds": 1}, {"subject": "c2", "adds": 1}]
    assert [row["event"] for row in made.events()] == ["E6"], "E1, E3, E5, then E6"
    _, long = opened(golden(), "CELID_T", Book.DLT, period=YEAR)
    assert {row["event"]: row["customers"] for row in long.events()} == {"E3": 2, "E6": 2}


def test_an_index_nobody_knows_is_refused():
    with pytest.raises(UnableToDrill, match="SAIDI-1"):
        opened(golden(), "SADI", Book.DLT)


def test_nothing_leads_nowhere():
    none = golden().select(np.zeros(len(golden()), np.bool_))
    _, made = opened(none, "SAIDI-1", Book.DLT)
    assert made.total == 0 and made.events() == [] and made.customers() == []


@given(random_ledgers())
def test_the_sum_over_segments_is_the_sum_over_customers(one):
    parts = segments(one)
    assert parts.customer_s() == int(one.seconds.sum())
    for base, weight in (("households", one.subjects.households), ("units", one.subjects.units)):
        assert parts.customer_s(base) == int((one.seconds * weight.astype(np.int64)[one.subject]).sum())
    shared = list(zip(parts.event.tolist(), parts.start_s.tolist(), parts.end_s.tolist(), strict=True))
    assert shared == sorted(set(shared)), "a segment is an event with one off and one on time, told once"
