"""Settling (停电时段归并): whatever was said, a customer is dead at most once at one instant, and in one event.

The union of darkness is kept. An instant belongs to the event whose darkness there began first; of events that began
together to the one first in the order of identities. A fault during a planned outage is its own event from where the
planned one ends; what lies inside another's darkness adds nothing:

    planned    ├───────────────┤                      planned    ├───────────────┤
    fault                ├───────────┤        ─►      fault                      ├─────┤
    late word         ├────┤

So defined, the answer is a function of what was said alone: it knows no order of arrival.
"""

from dataclasses import dataclass
from typing import Any, Self

import numba
import numpy as np

from everlit.grid.columns import Bools, Ints
from everlit.ledger.columns import Seconds


@dataclass(frozen=True, eq=False)
class Darkness:
    """Rows "subject was dead in [start_s, end_s)", [k]; `owner` is the event, or the statement, that the row belongs to."""

    subject: Ints
    start_s: Seconds
    end_s: Seconds
    owner: Ints

    def __len__(self) -> int:
        return len(self.subject)

    def take(self, rows: Any) -> Self:
        """The rows chosen by a mask or by their numbers, in that order; nothing is copied when all are."""
        if isinstance(rows, np.ndarray) and rows.dtype == np.bool_ and rows.all():
            return self
        return type(self)(self.subject[rows], self.start_s[rows], self.end_s[rows], self.owner[rows])


def darkness(rows: list[tuple[int, int, int, int]]) -> Darkness:
    """Darkness from (subject, start, end, owner) rows, for few of them."""
    columns = np.array(rows, np.int64).reshape(-1, 4)
    return Darkness(
        columns[:, 0].astype(np.int32), columns[:, 1].copy(), columns[:, 2].copy(), columns[:, 3].astype(np.int32)
    )


def settle(said: Darkness) -> Darkness:
    """Disjoint rows, sorted by subject, then start; owners are events, numbered in the order of their identities.

    >>> planned, fault, late = (7, 0, 100, 0), (7, 60, 130, 1), (7, 40, 70, 2)
    >>> settled = settle(darkness([late, fault, planned]))
    >>> list(zip(settled.start_s.tolist(), settled.end_s.tolist(), settled.owner.tolist()))
    [(0, 100, 0), (100, 130, 1)]

    Rows of one event that touch or overlap are one interval; empty rows are none.
    """
    n = int(said.subject.max(initial=-1)) + 1
    first, start, end, owner = _by_subject(said.subject, said.start_s, said.end_s, said.owner, n)
    subject = np.empty(len(said), np.int32)
    kept = _sweep(first, subject, start, end, owner)
    return Darkness(subject[:kept].copy(), start[:kept].copy(), end[:kept].copy(), owner[:kept].copy())


def disjoint(said: Darkness) -> Bools:
    """Per row of sorted darkness: whether it begins no earlier than the row of its subject before it ends."""
    apart = np.ones(len(said), np.bool_)
    apart[1:] = (said.subject[1:] != said.subject[:-1]) | (said.start_s[1:] >= said.end_s[:-1])
    return apart


@numba.njit(cache=True)
def _by_subject(
    subject: Ints, start_s: Seconds, end_s: Seconds, owner: Ints, n: int
) -> tuple[Seconds, Seconds, Seconds, Ints]:
    """Counting sort: where the rows of each subject begin, and the three columns in that order."""
    first = np.zeros(n + 1, np.int64)
    for row in range(len(subject)):
        first[subject[row] + 1] += 1
    for index in range(n):
        first[index + 1] += first[index]
    place = first[:-1].copy()
    start, end, event = np.empty_like(start_s), np.empty_like(end_s), np.empty_like(owner)
    for row in range(len(subject)):
        to = place[subject[row]]
        place[subject[row]] += 1
        start[to], end[to], event[to] = start_s[row], end_s[row], owner[row]
    return first, start, end, event


@numba.njit(cache=True)
def _sweep(first: Seconds, subject: Ints, start: Seconds, end: Seconds, owner: Ints) -> int:
    """Settle every subject, writing the result over the columns; returns how many rows there are.

    A subject never gets more rows than it had, so that what is written lies before what is still to be read.
    """
    kept = 0
    for here in range(len(first) - 1):
        begun, a, b = kept, first[here], first[here + 1]
        b = a + _filled(start[a:b], end[a:b], owner[a:b])
        _sort(start[a:b], end[a:b], owner[a:b])
        if _touching(start[a:b], end[a:b]):
            b = a + _join(start[a:b], end[a:b], owner[a:b])
        reach = np.int64(-(2**62))
        for row in range(a, b):
            at, until, event = max(start[row], reach), end[row], owner[row]
            if until <= at:
                continue
            reach = until
            if kept > begun and end[kept - 1] == at and owner[kept - 1] == event:
                end[kept - 1] = until
            else:
                subject[kept], start[kept], end[kept], owner[kept] = here, at, until, event
                kept += 1
    return kept


@numba.njit(cache=True)
def _filled(start: Seconds, end: Seconds, owner: Ints) -> int:
    """Move the rows that last to the front; returns how many they are."""
    kept = 0
    for row in range(len(start)):
        if end[row] > start[row]:
            start[kept], end[kept], owner[kept] = start[row], end[row], owner[row]
            kept += 1
    return kept


@numba.njit(cache=True)
def _sort(first: Any, last: Any, second: Any) -> None:
    """Sort rows in place by `first`, `second`, `last`: by insertion over shrinking gaps, as most subjects have few."""
    gap = 1
    while gap < len(first) // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for index in range(gap, len(first)):
            one, two, three, place = first[index], second[index], last[index], index
            while place >= gap:
                to = place - gap
                if first[to] < one or (first[to] == one and (second[to], last[to]) <= (two, three)):
                    break
                first[place], second[place], last[place] = first[to], second[to], last[to]
                place = to
            first[place], second[place], last[place] = one, two, three
        gap //= 3


@numba.njit(cache=True)
def _touching(start: Seconds, end: Seconds) -> bool:
    """Whether any row, sorted by start, begins before or when an earlier one ends."""
    reach = np.int64(-(2**62))
    for row in range(len(start)):
        if start[row] <= reach:
            return True
        reach = end[row]
    return False


@numba.njit(cache=True)
def _join(start: Seconds, end: Seconds, owner: Ints) -> int:
    """Make touching rows of one owner one, and sort again; returns how many rows are left."""
    _sort(owner, end, start)
    kept = 0
    for row in range(len(start)):
        if kept > 0 and owner[kept - 1] == owner[row] and start[row] <= end[kept - 1]:
            end[kept - 1] = max(end[kept - 1], end[row])
        else:
            start[kept], end[kept], owner[kept] = start[row], end[row], owner[row]
            kept += 1
    _sort(start[:kept], end[:kept], owner[:kept])
    return kept
