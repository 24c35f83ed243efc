"""Which word counts, against the rule written out as a loop; and never by arrival."""

import random

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from everlit.ledger.settle import darkness, settle
from everlit.ledger.statement import SOURCES, Statements, events_of, precedences, rank, standing

WORDS = st.lists(
    st.fixed_dictionaries(
        {
            "event": st.integers(0, 2),
            "revision": st.integers(1, 3),
            "source": st.sampled_from([*SOURCES, "spreadsheet"]),
            "hash": st.sampled_from("abcd"),
            "whole": st.booleans(),
            "nature": st.integers(0, 19),
            "rows": st.lists(st.tuples(st.integers(0, 2), st.integers(0, 20), st.integers(0, 9)), max_size=4),
        }
    ),
    max_size=7,
    unique_by=lambda one: (one["event"], one["revision"], one["source"], one["hash"]),
)


def columns(words):
    event = np.array([one["event"] for one in words], np.int32)
    statements = Statements(
        pa.array(["E0", "E1", "E2"]),
        event,
        np.array([one["nature"] for one in words], np.int8),
        np.zeros(len(words), np.int8),
        np.array([one["whole"] for one in words], np.bool_),
        precedences(event, [(one["revision"], one["source"], one["hash"], "ref") for one in words].__getitem__),
    )
    rows = [
        (who, start, start + length, place) for place, one in enumerate(words) for who, start, length in one["rows"]
    ]
    return darkness(rows), statements


def stood(words):
    said, statements = columns(words)
    rows = standing(said, statements)
    every = (rows.subject, rows.start_s, rows.end_s, rows.owner)
    return sorted(zip(*(column.tolist() for column in every), strict=True))


def by_the_rule(words):
    def strength(one):
        return one["revision"], rank(one["source"]), one["hash"], "ref", one["source"]

    found = []
    for event in range(3):
        mine = [one for one in words if one["event"] == event]
        for who in range(3):
            speaking = [one for one in mine if one["whole"] or any(row[0] == who for row in one["rows"])]
            best = max(speaking, key=strength, default={"rows": []})
            found += [(who, start, start + length, event) for who2, start, length in best["rows"] if who2 == who]
    return sorted(found)


@given(WORDS)
def test_the_rule(words):
    assert stood(words) == by_the_rule(words)


@given(WORDS, st.randoms(use_true_random=False))
def test_never_by_arrival(words, chance):
    shuffled = random.Random(chance.random()).sample(words, len(words))
    (one, first), (two, second) = columns(words), columns(shuffled)
    settled = [settle(standing(*pair)) for pair in ((one, first), (two, second))]
    for name in ("subject", "start_s", "end_s", "owner"):
        assert getattr(settled[0], name).tolist() == getattr(settled[1], name).tolist()
    said = {one["event"] for one in words}
    natures = [events_of(statements).nature for statements in (first, second) if words]
    assert all(natures[0][event] == natures[1][event] for event in said)


def test_a_row_that_does_not_last_denies():
    words = [
        {
            "event": 0,
            "revision": 1,
            "source": "steps",
            "hash": "a",
            "whole": False,
            "nature": 0,
            "rows": [(0, 0, 9), (1, 0, 9)],
        },
        {
            "event": 0,
            "revision": 2,
            "source": "correction",
            "hash": "b",
            "whole": False,
            "nature": 3,
            "rows": [(1, 0, 0)],
        },
    ]
    said, statements = columns(words)
    assert settle(standing(said, statements)).subject.tolist() == [0]
    assert events_of(statements).nature[0] == 3
