"""Frequent and repeated outages (频繁停电, 重复停电): how often each customer was off, and what that makes of him.

The rule in use in Guangdong (domain rule 2.6), every number a policy row, so that a stricter local rule is a row. Per
user and feeder, in the calendar year: an outage that began on a major event day, was shorter than 5 minutes or hit one
single user is dropped; a start within 6 hours of the last one kept is the same outage. Frequent is who had more than 5
in the year, else more than 3 in any 60 days, else more than 3 pre-arranged ones.

>>> from everlit.reliability.policies import RELIABILITY_POLICIES
>>> day = 86_400
>>> starts = np.array([0, 3600, 10 * day, 20 * day, 30 * day], np.int64)
>>> arranged = np.array([True, True, False, True, True])
>>> spans = spans_of(RELIABILITY_POLICIES, on=date(2026, 6, 1))
>>> counted = count_repeats(np.zeros(5, np.int32), starts, arranged, units=1, now_s=40 * day, spans=spans)
>>> [int(one[0]) for one in counted.columns]  # 01:00 of the first day is merged with 00:00
[4, 3, 4, 3, 4]
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date

import numba
import numpy as np

from everlit.grid.columns import Bools, Ints
from everlit.kernel import Policies
from everlit.ledger.columns import Seconds
from everlit.reliability.policies import most

FREQUENT_RULES: tuple[tuple[str, str], ...] = (
    ("rep.year_total", "year"),
    ("rep.window60", "window"),
    ("rep.planned_year", "planned"),
)
"""Policy row and the count it judges, in the order in which they are reported."""
WARNING_RULES: tuple[tuple[str, str], ...] = (
    ("rep.warn30", "last30"),
    ("rep.warn50", "last50"),
    ("rep.warn_year", "year"),
)
COMPLAINT_RULES: tuple[tuple[str, str], ...] = (("rep.complaint_window", "window"),)
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Spans:
    """The longest spans in seconds: merged with the last kept start, within the rolling window, recent ones."""

    gap_s: int
    window_s: int
    last30_s: int
    last50_s: int


def spans_of(policies: Policies, *, on: date) -> Spans:
    """The spans of the rules in force; raises UnableToFindPolicy, UnableToUseRule."""
    wanted = (
        ("rep.merge_gap", 3600),
        ("rep.window60_days", DAY_S),
        ("rep.warn30_days", DAY_S),
        ("rep.warn50_days", DAY_S),
    )
    return Spans(*(most(policies.row(key, on=on), per=per) for key, per in wanted))


@dataclass(frozen=True, eq=False)
class Counts:
    """Outages by unit (a user on a feeder), [units]: in the year, pre-arranged, in the fullest window, recent ones."""

    year: Ints
    planned: Ints
    window: Ints
    last30: Ints
    last50: Ints

    @property
    def columns(self) -> tuple[Ints, ...]:
        """The counts, in order of the fields."""
        return tuple(getattr(self, field.name) for field in fields(self))


def count_repeats(unit: Ints, start_s: Seconds, arranged: Bools, *, units: int, now_s: int, spans: Spans) -> Counts:
    """Count outages by unit. Rows, [k], are sorted by unit and start, dropped ones already left out."""
    counts = Counts(*(np.zeros(units, np.int32) for _ in fields(Counts)))
    bounds = np.array([spans.gap_s, spans.window_s, spans.last30_s, spans.last50_s], np.int64)
    _count(unit, start_s, arranged, now_s, bounds, *counts.columns)
    return counts


def holds(counts: Counts, rules: Sequence[tuple[str, str]], *, policies: Policies, on: date) -> Ints:
    """The first of `rules` that holds for each unit, [units]: its position, -1 where none does."""
    found = np.full(len(counts.year), -1, np.int32)
    for position, (key, name) in reversed(list(enumerate(rules))):
        row, count = policies.row(key, on=on), getattr(counts, name)
        by_count = np.array([row.holds(number) for number in range(int(count.max(initial=0)) + 1)], np.bool_)
        found[by_count[count]] = position
    return found


@numba.njit(cache=True, nogil=True)
def _count(
    unit: Ints, start_s: Seconds, arranged: Bools, now_s: int, bounds: Seconds,
    year: Ints, planned: Ints, window: Ints, last30: Ints, last50: Ints,
) -> None:  # fmt: skip
    kept, many, fullest = np.empty(len(unit), np.int64), 0, 0
    for row in range(len(unit)):
        who, start = unit[row], start_s[row]
        if row == 0 or unit[row - 1] != who:
            many, fullest = 0, 0
        if many > 0 and start - kept[many - 1] <= bounds[0]:
            continue
        kept[many] = start
        many += 1
        year[who] = many
        planned[who] += arranged[row]
        while start - kept[fullest] > bounds[1]:
            fullest += 1
        window[who] = max(window[who], many - fullest)
        last30[who] += 0 <= now_s - start <= bounds[2]
        last50[who] += 0 <= now_s - start <= bounds[3]
