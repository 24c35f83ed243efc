"""Settling against a clock that ticks second by second: no second twice, none lost, whatever order."""

import random
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from everlit.ledger.settle import Darkness, darkness, disjoint, settle

ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 30), st.integers(0, 12), st.integers(0, 4)), max_size=24
).map(lambda rows: [(subject, start, start + length, event) for subject, start, length, event in rows])


def rows_of(settled):
    columns = (settled.subject, settled.start_s, settled.end_s, settled.owner)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def spell_of(rows, subject, event, second):
    """First second of the unbroken darkness an event keeps a subject in at a second, None when it does not."""
    dark = {at for who, start, end, which in rows if (who, which) == (subject, event) for at in range(start, end)}
    if second not in dark:
        return None
    while second - 1 in dark:
        second -= 1
    return second


def by_the_clock(rows):
    """Owner of each second, by the rule as the module states it."""
    owner = {}
    for subject, start, end, _ in rows:
        for second in range(start, end):
            begun = [(spell_of(rows, subject, event, second), event) for event in {row[3] for row in rows}]
            owner[subject, second] = min(one for one in begun if one[0] is not None)[1]
    return owner


@given(ROWS)
def test_every_second_has_the_owner_of_the_rule_and_no_other(rows):
    settled = rows_of(settle(darkness(rows)))
    told = {}
    for subject, start, end, event in settled:
        for second in range(start, end):
            assert (subject, second) not in told, "dead twice"
            told[subject, second] = event
    assert told == by_the_clock(rows)


@given(ROWS, st.randoms(use_true_random=False))
def test_order_of_arrival_does_not_matter(rows, chance):
    shuffled = random.Random(chance.random()).sample(rows, len(rows))
    assert rows_of(settle(darkness(rows))) == rows_of(settle(darkness(shuffled)))


@given(ROWS)
def test_rows_are_sorted_disjoint_and_as_few_as_they_can_be(rows):
    settled = settle(darkness(rows))
    assert disjoint(settled).all()
    found = rows_of(settled)
    assert found == sorted(found)
    for one, two in pairwise(found):
        assert not (one[0] == two[0] and one[2] == two[1] and one[3] == two[3]), "touching rows of one event"


@given(ROWS)
def test_settling_again_changes_nothing(rows):
    once = settle(darkness(rows))
    assert rows_of(settle(once)) == rows_of(once)


@given(ROWS, st.integers(0, 30))
def test_saying_a_row_in_two_pieces_is_the_same(rows, cut):
    pieces = [
        (subject, *span, event)
        for subject, start, end, event in rows
        for span in ([(start, cut), (cut, end)] if start < cut < end else [(start, end)])
    ]
    assert rows_of(settle(darkness(pieces))) == rows_of(settle(darkness(rows)))


def test_two_operations_of_one_event_stay_two():
    reclosed = [(1, 0, 15, 0), (1, 40, 55, 0)]
    assert rows_of(settle(darkness(reclosed))) == reclosed


def test_a_fault_during_a_planned_outage_extends_it_as_its_own_event():
    planned, fault, inside = (1, 0, 100, 1), (1, 60, 130, 0), (1, 20, 30, 2)
    assert rows_of(settle(darkness([fault, inside, planned]))) == [(1, 0, 100, 1), (1, 100, 130, 0)]


def test_many_rows_of_one_subject_are_sorted_as_few_are():
    """A hostile file puts everything on one meter."""
    rng = np.random.default_rng(5)
    start = rng.integers(0, 10**6, 20_000)
    end = start + rng.integers(0, 300, len(start))
    owner = rng.integers(0, 50, len(start)).astype(np.int32)
    settled = settle(Darkness(np.zeros(len(start), np.int32), start, end, owner))
    covered = np.zeros(10**6 + 400, np.bool_)
    for one, two in zip(start.tolist(), end.tolist(), strict=True):
        covered[one:two] = True
    assert int((settled.end_s - settled.start_s).sum()) == int(covered.sum())
    assert disjoint(settled).all()


def test_nothing_settles_to_nothing():
    assert rows_of(settle(darkness([]))) == []
    assert rows_of(settle(darkness([(3, 5, 5, 0)]))) == []
