"""The indices against the golden example, and against a slow oracle on random ledgers."""

import csv
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everlit.kernel import Period, Policy, Text, utc
from everlit.ledger.model import Cause, Nature
from everlit.reliability.formulas import Measure
from everlit.reliability.indices import BOOKS
from everlit.reliability.model import Base, Book, By, Customers, View
from everlit.reliability.policies import RELIABILITY_POLICIES, UnableToUseRule
from tests.reliability.ledgers import GOLDEN, YEAR, Who, golden, indices, ledger, random_ledgers
from tests.reliability.oracle import expected

JANUARY = Period(utc("2026-01-01T00:00Z"), utc("2026-02-01T00:00Z"))
COUNT = {"policies": RELIABILITY_POLICIES, "zone": UTC}
WEIGHTS = {
    Base.UNITS: lambda who: who.units.tolist(),
    Base.HOUSEHOLDS: lambda who: who.households.tolist(),
    Base.KVA: lambda who: [round(kva * 1000) for kva in who.kva.tolist()],
}


OF_INTERRUPTIONS = (Measure.SECONDS, Measure.INTERRUPTIONS, Measure.OPERATIONS)
"""What adds up over events and months too: a customer interrupted by two causes is one customer in each."""


def printed():
    with (GOLDEN / "indices.csv").open(encoding="utf-8") as file:
        return [tuple(row.values()) for row in csv.DictReader(file)]


@pytest.mark.parametrize(("book", "key", "unit", "figure"), printed())
def test_the_golden_example_to_every_printed_digit(book, key, unit, figure):
    index = indices(golden(), base=Base.UNITS, period=YEAR, **COUNT).index(key, Book(book))
    factor = {("min", "h"): 1 / 60, ("h", "min"): 60}.get((index.unit, unit), 1)
    decimals = len(figure.partition(".")[2])
    assert f"{index.value * factor:.{decimals}f}" == figure


def rows_of(one):
    return list(zip(one.subject.tolist(), one.event.tolist(), one.start_s.tolist(), one.end_s.tolist(), strict=True))


def natures(one):
    return [tuple(Nature)[code].value for code in one.events.nature.tolist()]


def renamed(key, base):
    return key.replace("ASIFI", "SAIFI").replace("ASIDI", "SAIDI") if base is Base.KVA else key


def agree(counted, book, view, part, wanted, base):
    scale = {"CI", "CMI", *(f"TH-{suffix}" for suffix in "1234FS")} if base is Base.KVA else set()
    got = {renamed(index.key, base): index.value for index in counted.of(book, view=view, part=part)}
    assert set(got) == set(wanted)
    for key, value in wanted.items():
        true = value / 1000 if key in scale and value is not None else value
        assert (got[key] is None) == (true is None), key
        assert got[key] is None or got[key] == pytest.approx(float(true), rel=1e-12, abs=1e-12), key


@given(
    random_ledgers(), st.sampled_from(sorted(WEIGHTS)), st.sets(st.integers(0, 31), max_size=6), st.sampled_from(Book)
)
def test_every_index_equals_the_oracle_in_every_view(one, base, offsets, book):
    major = {date(2026, 1, 1) + timedelta(days=offset) for offset in offsets}
    counted = indices(one, base=base, period=JANUARY, major={book: major}, **COUNT)
    first, last = (int(end.timestamp()) for end in (JANUARY.start, JANUARY.end))
    weight = WEIGHTS[base](one.subjects)
    for view in View:
        wanted = expected(
            rows_of(one), weight, natures(one), first, last, book=book.value, view=view.value, major=major
        )
        agree(counted, book, view, 0, wanted, base)


@given(random_ledgers(), st.sampled_from([By.AREA, By.FEEDER, By.SUBSTATION, By.UNIT, By.CAUSE, By.NATURE]))
def test_every_part_of_a_breakdown_equals_the_oracle(one, by):
    counted = indices(one, base=Base.UNITS, period=JANUARY, by=by, **COUNT)
    subjects, events = one.subjects, one.events
    place = {
        By.AREA: [str(code) if code else "-" for code in subjects.area_class.tolist()],
        By.FEEDER: [["F1", "F2", "-"][code] for code in subjects.feeder.tolist()],
        By.SUBSTATION: [["S1", "-"][code] for code in subjects.substation.tolist()],
        By.UNIT: [["east 城东", "west 城西", "-"][code] for code in subjects.unit.tolist()],
    }.get(by, [])
    why = {By.NATURE: natures(one), By.CAUSE: [tuple(Cause)[code].value for code in events.cause.tolist()]}.get(by)
    for number, part in enumerate(counted.parts):

        def keep(customer, event, key=part.key):
            if why is None:
                return place[customer] == key
            return event is None or why[event] == key

        first, last = (int(end.timestamp()) for end in (JANUARY.start, JANUARY.end))
        weight = subjects.units.tolist()
        for book in Book:
            wanted = expected(rows_of(one), weight, natures(one), first, last, book=book.value, keep=keep)
            agree(counted, book, View.ALL, number, wanted, Base.UNITS)


@given(random_ledgers(days=200), st.sampled_from(By), st.sampled_from(sorted(WEIGHTS)))
def test_the_parts_add_up_to_the_whole_to_the_last_customer_second(one, by, base):
    whole = indices(one, base=base, period=YEAR, **COUNT).tally
    parts = indices(one, base=base, period=YEAR, by=by, **COUNT).tally
    for name in ("interruptions", "seconds", "operations"):
        assert np.array_equal(getattr(parts, name).sum(axis=1), getattr(whole, name).sum(axis=1)), name


@given(random_ledgers(days=200), st.sampled_from(By), st.sampled_from(sorted(WEIGHTS)))
def test_numerators_of_the_parts_add_up_in_both_books_and_all_views(one, by, base):
    whole, parted = (indices(one, base=base, period=YEAR, by=which, **COUNT) for which in (None, by))
    for book in Book:
        formulas = {formula.key: formula for formula in whole.formulas(book)}
        for view in View:
            parts = [parted.of(book, view=view, part=number) for number in range(len(parted.parts))]
            for place, index in enumerate(whole.of(book, view=view)):
                if by.of_customer or formulas[index.key].measure in OF_INTERRUPTIONS:
                    assert sum(part[place].numerator for part in parts) == index.numerator, (index.key, book, view)
    if by.of_customer:
        assert parted.customers.sum() == pytest.approx(whole.customers.sum(), rel=1e-12)


@given(random_ledgers(), st.integers(0, 40))
def test_days_with_and_without_add_up_to_all(one, offset):
    day = date(2025, 12, 25) + timedelta(days=offset)
    counted = indices(one, base=Base.UNITS, period=YEAR, major={book: {day} for book in Book}, **COUNT)
    for book, key in ((Book.IEEE, "CMI"), (Book.IEEE, "CI"), (Book.DLT, "TH-1"), (Book.DLT, "MAIFI")):
        every, without, only = (counted.index(key, book, view=view).numerator for view in View)
        assert every == without + only


def test_a_reclosing_over_midnight_and_month_end_is_one_event_of_the_day_it_began():
    at = int(utc("2026-02-01T00:00Z").timestamp())
    one = ledger(
        [Who()], [(Nature.FAULT_INTERNAL, Cause.UNKNOWN)], [(0, 0, at - 30, at - 15), (0, 0, at + 10, at + 900)]
    )
    february = Period(utc("2026-02-01T00:00Z"), utc("2026-03-01T00:00Z"))
    before, after = (indices(one, base=Base.UNITS, period=month, **COUNT) for month in (JANUARY, february))
    assert before.index("CMI", Book.IEEE).numerator == 15 + 890
    assert after.index("CI", Book.IEEE).numerator == after.index("MAIFI", Book.IEEE).numerator == 0


def test_another_event_in_between_does_not_part_an_interruption():
    one = ledger(
        [Who()],
        [(Nature.FAULT_INTERNAL, Cause.UNKNOWN), (Nature.FAULT_EXTERNAL, Cause.UNKNOWN)],
        [
            (0, 0, 1_768_000_000, 1_768_000_100),
            (0, 1, 1_768_000_110, 1_768_000_120),
            (0, 0, 1_768_000_130, 1_768_000_230),
        ],
    )
    counted = indices(one, base=Base.UNITS, period=YEAR, **COUNT)
    assert counted.index("SAIFI-4", Book.DLT).numerator == 1, "200 s of one event are sustained by DL/T"
    assert counted.index("MAIFI", Book.DLT).numerator == 1, "the other event is momentary"
    assert counted.index("MAIFI", Book.IEEE).numerator == 3 and counted.index("MAIFI_E", Book.IEEE).numerator == 2


def row(key, value, comparator, unit="min"):
    return Policy(key, value, unit, comparator, Text("a", "甲"))


@pytest.mark.parametrize(("comparator", "sustained"), [(">", 0), (">=", 1)])
def test_the_comparator_is_part_of_the_rule(comparator, sustained):
    one = ledger([Who()], [(Nature.FAULT_INTERNAL, Cause.UNKNOWN)], [(0, 0, 1_768_000_000, 1_768_000_300)])
    policies = RELIABILITY_POLICIES.replaced([row("rel.sustained_min.ieee", 5, comparator)])
    counted = indices(one, base=Base.UNITS, period=YEAR, policies=policies, zone=UTC)
    assert counted.index("CI", Book.IEEE).numerator == sustained


def test_cemi_by_the_older_comparator():
    policies = RELIABILITY_POLICIES.replaced([row("rel.cemi.comparator", 1, ">", "times")])
    old = indices(golden(), base=Base.UNITS, period=YEAR, policies=policies, zone=UTC)
    new = indices(golden(), base=Base.UNITS, period=YEAR, **COUNT)
    for book in BOOKS:
        assert old.index("CEMI_2", book).value == new.index("CEMI_3", book).value


def test_rules_that_cannot_be_counted_by_are_refused():
    for wrong in (
        row("rel.sustained_min.dlt", 3, "<"),
        row("rel.cemi.comparator", 9, ">="),
        row("rel.celid.single", -1, ">"),
    ):
        with pytest.raises(UnableToUseRule):
            indices(golden(), base=Base.UNITS, period=YEAR, policies=RELIABILITY_POLICIES.replaced([wrong]), zone=UTC)


def test_energy_not_supplied_and_customers_averaged_over_time():
    power = np.full(10, 2_000, np.int64)
    ens = indices(golden(), base=Base.POWER, period=YEAR, power_w=power, **COUNT).index("ENS", Book.DLT)
    assert ens.value == pytest.approx(float(Fraction(3208 * 60 * 2000, 3_600_000)))
    averaged = indices(
        golden(),
        base=Base.UNITS,
        period=YEAR,
        customers={Base.UNITS: {"": 20.0}},
        convention=Customers.TIME_WEIGHTED,
        **COUNT,
    )
    assert averaged.index("SAIFI", Book.IEEE).value == 1.45 and averaged.convention is Customers.TIME_WEIGHTED


def test_a_part_without_customers_and_a_period_without_rows_have_no_averages():
    nobody = ledger([], [], [])
    counted = indices(nobody, base=Base.UNITS, period=YEAR, **COUNT)
    assert counted.index("SAIFI", Book.IEEE).value is None and counted.index("CMI", Book.IEEE).value == 0
    for by in By:
        assert all(
            index.numerator == 0 for index in indices(nobody, base=Base.UNITS, period=YEAR, by=by, **COUNT).of(Book.DLT)
        )


def test_a_day_of_summer_time_is_a_day():
    from zoneinfo import ZoneInfo

    berlin = ZoneInfo("Europe/Berlin")
    at = int(datetime(2026, 10, 25, 23, 30, tzinfo=berlin).timestamp())
    one = ledger([Who()], [(Nature.FAULT_INTERNAL, Cause.UNKNOWN)], [(0, 0, at, at + 900)])
    year = Period(datetime(2026, 1, 1, tzinfo=berlin), datetime(2027, 1, 1, tzinfo=berlin))
    counted = indices(
        one, base=Base.UNITS, period=year, policies=RELIABILITY_POLICIES, zone=berlin,
        major={Book.IEEE: {date(2026, 10, 25)}},
    )  # fmt: skip
    assert counted.index("CI", Book.IEEE, view=View.ONLY).numerator == 1
