"""The pass (统计): one scan over the dead intervals of a period, everything any index needs as integers.

An interruption is not a row. Rows of one customer and one event that follow one another within the sustained limit are
one interruption, as long as its dead seconds together: a breaker that recloses twice interrupts once. IEEE 1366 calls
this a momentary interruption event ("all reclosing operations that occur within five minutes of the first
interruption"); each row of it is an operation. DL/T 836 counts the same with its own limit.

    row      ▁▁    ▁▁                          ▁▁▁▁▁▁▁▁▁▁▁▁
    gap         ≤                  >
    counted  └ one interruption ┘             └ another, of the same event ┘

An interruption belongs whole to the instant it began (domain rule 2.4), so that days add up to months and months to
years. Weights are integers (units, households, VA, W): sums are exact, and parts add up to the whole.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import reduce
from itertools import pairwise
from typing import Self, TypeVar

import numba
import numpy as np
import numpy.typing as npt

from everlit.grid.columns import Bools, Ints
from everlit.ledger.columns import Codes, Interruptions, Seconds
from everlit.ledger.model import Nature
from everlit.reliability.policies import Limits

Made = TypeVar("Made")
Whole = npt.NDArray[np.int64]
ROWS_A_TASK = 250_000
VIEWS, CALM = 4, 3
"""While counting, customers without an interruption on a major day are added up once, for both views they stand in."""


@dataclass(frozen=True, eq=False)
class Days:
    """Local days as the instants they begin, [d + 1] with the end of the last, and which are major, [books, d]."""

    begin_s: Seconds
    major: Bools

    def __len__(self) -> int:
        return len(self.begin_s) - 1


@dataclass(frozen=True, eq=False)
class Tally:
    """What the books count on one base, weighted integers by book and part, [b, p, …].

    `interruptions` and `seconds` [b, p, ordinary or major day, nature, sustained or momentary]; `operations` of momentary
    interruptions [b, p, day, nature]. By customer, [b, p, view (all, without, only major days), …]: `sustained` and
    `events` are histograms of how many sustained interruptions, and how many of any length, a customer had (the first
    class is empty, the last holds all above); `long_single` and `long_total` had long ones.
    """

    interruptions: Whole
    seconds: Whole
    operations: Whole
    sustained: Whole
    events: Whole
    long_single: Whole
    long_total: Whole

    @classmethod
    def nothing(cls, bases: int, books: int, parts: int, natures: int, classes: int) -> Self:
        """Tallies of some bases to count into, the base as one more axis behind: one interruption touches one place."""
        shapes = (
            (2, natures, 2), (2, natures, 2), (2, natures), (VIEWS, classes), (VIEWS, classes), (VIEWS,), (VIEWS,),
        )  # fmt: skip
        return cls(*(np.zeros((books, parts, *shape, bases), np.int64) for shape in shapes))

    @property
    def columns(self) -> tuple[Whole, ...]:
        """The arrays, in order of the fields."""
        return tuple(getattr(self, field.name) for field in fields(self))

    def plus(self, other: "Tally") -> "Tally":
        """Both together, of different customers."""
        return Tally(*(mine + theirs for mine, theirs in zip(self.columns, other.columns, strict=True)))


def tally(
    rows: Interruptions,
    weights: Sequence[Whole],
    *,
    days: Days,
    limits: Sequence[Limits],
    counted: Bools | None = None,
    part: Ints | None = None,
    parts: int = 1,
) -> list[Tally]:
    """Count the interruptions that began in `days`: one pass, one tally per base, one book per `limits`.

    `weights` say per base what each customer weighs, [subjects]. `counted` [events] leaves events out, `part` [subjects]
    puts each customer into one of `parts`. Rows before the first day are read to know whether an interruption began
    there: hand in those of the last few minutes before it as well.
    """
    nature = rows.events.nature if counted is None else np.where(counted, rows.events.nature, np.int8(-1))
    of_part = np.zeros(len(rows.subjects), np.int32) if part is None else part
    classes = 1 + max(count for book in limits for count in book.repeats_from)
    bounds = np.array([(book.sustained_s, book.single_s, book.total_s) for book in limits], np.int64)
    weighing = np.stack(weights, axis=1)

    def counted_between(ends: tuple[int, int]) -> Tally:
        mine = Tally.nothing(len(weights), len(limits) + 1, parts, len(Nature), classes)
        _count(
            *ends, rows.subject, rows.start_s, rows.end_s, rows.event, nature, weighing, of_part,
            days.begin_s, days.major, bounds, *mine.columns,
        )  # fmt: skip
        return mine

    every, books = reduce(Tally.plus, spread(counted_between, rows.subject)), len(limits)
    by_interruption = [column[:books] + column[books:] for column in every.columns[:3]]
    columns = (*by_interruption, *(_views(column[:books]) for column in every.columns[3:]))
    return [Tally(*(np.ascontiguousarray(column[..., base]) for column in columns)) for base in range(len(weights))]


def _views(counted: Whole) -> Whole:
    """[b, p, view, …] of the three views, the customers of calm days in the two they stand in."""
    calm = counted[:, :, CALM]
    return np.stack([counted[:, :, 0] + calm, counted[:, :, 1] + calm, counted[:, :, 2]], axis=2)


def stacked(parts: Sequence[Tally]) -> Tally:
    """Tallies of different events or times as the parts of one."""
    return Tally(*(np.concatenate(columns, axis=1) for columns in zip(*(one.columns for one in parts), strict=True)))


def spread(work: Callable[[tuple[int, int]], Made], subject: Ints) -> list[Made]:
    """What `work` makes of (first row, last row) for slices of the rows on all cores; a customer stays in one slice."""
    tasks = max(1, min(2 * (os.cpu_count() or 1), len(subject) // ROWS_A_TASK))
    wanted = [len(subject) * number // tasks for number in range(1, tasks)]
    ends = [0, *(_end_of_customer(subject, row) for row in wanted), len(subject)]
    slices = list(pairwise(ends))
    if len(slices) == 1:
        return [work(slices[0])]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(work, slices))


def _end_of_customer(subject: Ints, row: int) -> int:
    return int(np.searchsorted(subject, subject[row], side="right"))


@numba.njit(cache=True, nogil=True)
def gathered(
    row: int, first: int, last: int, start_s: Seconds, end_s: Seconds, event: Ints, limit_s: int
) -> tuple[int, int]:
    """Dead seconds and rows of the interruption that begins with a row; no rows where an earlier one began it."""
    before = row - 1
    while before >= first and start_s[row] - end_s[before] < limit_s:
        if event[before] == event[row]:
            return 0, 0
        before -= 1
    dead, rows, end, after = end_s[row] - start_s[row], 1, end_s[row], row + 1
    while after < last and start_s[after] - end < limit_s:
        if event[after] == event[row]:
            dead += end_s[after] - start_s[after]
            rows, end = rows + 1, end_s[after]
        after += 1
    return dead, rows


@numba.njit(cache=True, nogil=True)
def day_of(instant_s: int, begin_s: Seconds) -> int:
    """The day an instant lies in; days last about 86,400 s."""
    day = min((instant_s - begin_s[0]) // 86_400, len(begin_s) - 2)
    while begin_s[day] > instant_s:
        day -= 1
    while begin_s[day + 1] <= instant_s:
        day += 1
    return int(day)


@numba.njit(cache=True, nogil=True)
def _count(
    row: int, until: int, subject: Ints, start_s: Seconds, end_s: Seconds, event: Ints, nature: Codes, weight: Whole,
    part: Ints, begin_s: Seconds, major: Bools, bounds: Whole,
    interruptions: Whole, seconds: Whole, operations: Whole, sustained: Whole, events: Whole,
    long_single: Whole, long_total: Whole,
) -> None:  # fmt: skip
    """Most interruptions are the same in all books: these are added up once, in one more slot behind those of the books."""
    bases, books, narrow, wide = weight.shape[1], len(bounds), bounds[:, 0].min(), bounds[:, 0].max()
    parts, natures = interruptions.shape[1], interruptions.shape[3]
    number, dead_s, acts = interruptions.reshape(-1, bases), seconds.reshape(-1, bases), operations.reshape(-1, bases)
    agreed = np.array([major[:, day].all() or not major[:, day].any() for day in range(major.shape[1])])
    own = np.zeros((books + 1, 2, 4), np.int64)  # of one customer, by day: sustained, momentary, longest, total
    while row < until:
        who, first, place = subject[row], row, part[subject[row]]
        while row < until and subject[row] == who:
            row += 1
        own[:] = 0
        for at in range(first, row):
            kind = nature[event[at]]
            if kind < 0 or start_s[at] < begin_s[0] or start_s[at] >= begin_s[-1]:
                continue
            day, dead, rows = day_of(start_s[at], begin_s), end_s[at] - start_s[at], 1
            alone = _alone(at, first, row, start_s, end_s, wide)
            alike = alone and agreed[day] and (dead < narrow or dead >= wide)
            for slot in range(books if alike else 0, books + 1 if alike else books):
                book = min(slot, books - 1)
                if not alone:
                    dead, rows = gathered(at, first, row, start_s, end_s, event, bounds[book, 0])
                    if rows == 0:
                        continue
                momentary, flag = int(dead < bounds[book, 0]), int(major[book, day])
                leaf = ((slot * parts + place) * 2 + flag) * natures + kind
                for base in range(bases):
                    number[2 * leaf + momentary, base] += weight[who, base]
                    dead_s[2 * leaf + momentary, base] += weight[who, base] * dead
                    if momentary:
                        acts[leaf, base] += weight[who, base] * rows
                _note(own, slot, flag, momentary, dead)
        for book in range(books):
            _merge(own, book)
            _close(own[book], weight[who], place, bounds[book], book, sustained, events, long_single, long_total)


@numba.njit(cache=True, nogil=True)
def _alone(row: int, first: int, last: int, start_s: Seconds, end_s: Seconds, limit_s: int) -> bool:
    """Whether no other row of the customer is so near that it could be of the same interruption."""
    after_others = row == first or start_s[row] - end_s[row - 1] >= limit_s
    return bool(after_others and (row + 1 == last or start_s[row + 1] - end_s[row] >= limit_s))


@numba.njit(cache=True, nogil=True)
def _note(own: Whole, slot: int, flag: int, momentary: int, dead: int) -> None:
    own[slot, flag, momentary] += 1
    if not momentary:
        own[slot, flag, 2] = max(own[slot, flag, 2], dead)
        own[slot, flag, 3] += dead


@numba.njit(cache=True, nogil=True)
def _merge(own: Whole, book: int) -> None:
    alike = len(own) - 1
    for flag in range(2):
        own[book, flag, 0] += own[alike, flag, 0]
        own[book, flag, 1] += own[alike, flag, 1]
        own[book, flag, 2] = max(own[book, flag, 2], own[alike, flag, 2])
        own[book, flag, 3] += own[alike, flag, 3]


@numba.njit(cache=True, nogil=True)
def _close(
    own: Whole, weight: Whole, part: int, bounds: Whole, book: int,
    sustained: Whole, events: Whole, long_single: Whole, long_total: Whole,
) -> None:  # fmt: skip
    """What the interruptions of one customer make of him, in each view and on each base."""
    most = sustained.shape[3] - 1
    calm = own[1, 0] + own[1, 1] == 0
    for view in range(CALM if calm else 0, VIEWS if calm else CALM):
        lasting, any_length, long_one, long_all = _seen(own, view, bounds)
        if any_length == 0:
            continue
        for base in range(len(weight)):
            events[book, part, view, min(any_length, most), base] += weight[base]
            if lasting > 0:
                sustained[book, part, view, min(lasting, most), base] += weight[base]
            if long_one:
                long_single[book, part, view, base] += weight[base]
            if long_all:
                long_total[book, part, view, base] += weight[base]


@numba.njit(cache=True, nogil=True)
def _seen(own: Whole, view: int, bounds: Whole) -> tuple[int, int, bool, bool]:
    """One customer in one view: sustained interruptions, interruptions of any length, a long one, long ones together."""
    lasting = short = longest = total = 0
    for flag in range(2):
        if view in (0, CALM) or view == flag + 1:
            lasting, short = lasting + own[flag, 0], short + own[flag, 1]
            longest, total = max(longest, own[flag, 2]), total + own[flag, 3]
    return lasting, lasting + short, lasting > 0 and longest >= bounds[1], lasting > 0 and total >= bounds[2]
