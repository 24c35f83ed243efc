"""Drill-down (指标穿透): from any index to the interruptions, events and customers it was counted from.

Every interruption gets the integer it adds to the numerator, and the sum is the numerator exactly. An index that counts
customers (CEMI, CELID) is laid on the interruption that brought each of them over the limit: the n-th, the first long
one, the one with which the hours together became long.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from everlit.grid.columns import Bools, Ints
from everlit.kernel import Finding, Period, Refusal, Text
from everlit.ledger.columns import Interruptions, Seconds
from everlit.ledger.model import Cause, Nature
from everlit.reliability.calendar import months_of
from everlit.reliability.formulas import MOMENTARY, SUSTAINED, Formula, Measure
from everlit.reliability.model import By, View
from everlit.reliability.parts import Part, parts_of_customers, parts_of_events
from everlit.reliability.policies import Limits
from everlit.reliability.tally import Days, Whole, day_of, gathered, spread


class UnableToDrill(Refusal):
    """No index, part or customer base of that name."""

    title = Text(en="There is no such index to look into.", zh="没有可穿透的该项指标。")


@dataclass(frozen=True, eq=False)
class Interrupted:
    """The interruptions one book counts in a period, [g], in order of customer and time; see `tally` for what one is."""

    rows: Interruptions
    subject: Ints
    event: Ints
    start_s: Seconds
    dead_s: Seconds
    operations: Seconds
    momentary: Bools
    major: Bools

    @property
    def nature(self) -> npt.NDArray[np.int8]:
        """Code of the nature of each."""
        return self.rows.events.nature[self.event]


@dataclass(frozen=True, eq=False)
class Drilled:
    """An index laid open: what each interruption adds to its numerator, [g] as in `found`."""

    formula: Formula
    found: Interrupted
    adds: Whole

    @property
    def total(self) -> int:
        """The numerator of the index."""
        return int(self.adds.sum())

    def events(self) -> list[dict[str, Any]]:
        """One row per event that adds something, most first."""
        kept = np.flatnonzero(self.adds)
        events = self.found.rows.events
        sums = np.zeros(len(events), np.int64)
        np.add.at(sums, self.found.event[kept], self.adds[kept])
        customers = np.zeros(len(events), np.int64)
        pairs = np.unique(np.stack([self.found.event[kept], self.found.subject[kept]]), axis=1)
        np.add.at(customers, pairs[0], 1)
        order = np.lexsort((np.arange(len(events)), -sums))
        return [
            {
                "event": events.ids[row].as_py(),
                "nature": tuple(Nature)[events.nature[row]].value,
                "cause": tuple(Cause)[events.cause[row]].value,
                "customers": int(customers[row]),
                "adds": int(sums[row]),
            }
            for row in order[: int((sums != 0).sum())].tolist()
        ]

    def customers(self) -> list[dict[str, Any]]:
        """One row per customer who adds something, most first."""
        subjects = self.found.rows.subjects
        sums = np.zeros(len(subjects), np.int64)
        np.add.at(sums, self.found.subject, self.adds)
        order = np.lexsort((np.arange(len(subjects)), -sums))
        chosen = order[: int((sums != 0).sum())].tolist()
        return [{"subject": subjects.ids[row].as_py(), "adds": int(sums[row])} for row in chosen]


def interrupted(rows: Interruptions, days: Days, limits: Limits, *, book: int) -> Interrupted:
    """The interruptions that began in `days`, as the book of `limits` (row `book` of the major days) counts them."""

    def between(ends: tuple[int, int]) -> npt.NDArray[np.int64]:
        found = np.empty((4, ends[1] - ends[0]), np.int64)
        many = _list(*ends, rows.subject, rows.start_s, rows.end_s, rows.event, days.begin_s, limits.sustained_s, found)
        return found[:, :many]

    at, dead_s, operations, day = np.concatenate(spread(between, rows.subject), axis=1)
    return Interrupted(
        rows, rows.subject[at], rows.event[at], rows.start_s[at], dead_s, operations,
        dead_s < limits.sustained_s, days.major[book, day] if len(day) else np.zeros(0, np.bool_),
    )  # fmt: skip


def drill(found: Interrupted, formula: Formula, weight: Whole, limits: Limits, *, view: View = View.ALL) -> Drilled:
    """What each interruption adds to the numerator of `formula` in a view; customers weigh `weight` [subjects]."""
    seen = np.ones(len(found.subject), np.bool_) if view is View.ALL else found.major == (view is View.ONLY)
    kind = np.where(found.momentary, MOMENTARY, SUSTAINED)
    counted, heavy = seen & formula.leaves[found.nature, kind], weight[found.subject]
    plain: Mapping[Measure, Whole] = {
        Measure.SECONDS: found.dead_s,
        Measure.INTERRUPTIONS: np.ones(len(heavy), np.int64),
        Measure.OPERATIONS: found.operations,
    }
    if formula.measure in plain:
        return Drilled(formula, found, np.where(counted, plain[formula.measure] * heavy, 0))
    lasting = seen & ~found.momentary
    if formula.measure is Measure.OFTEN_ANY:
        over = _nth(found.subject, seen, formula.least)
    elif formula.measure is Measure.OFTEN:
        over = _nth(found.subject, lasting, formula.least)
    elif formula.measure is Measure.LONG_SINGLE:
        over = _nth(found.subject, lasting & (found.dead_s >= limits.single_s), 1)
    else:
        together = _running(found.subject, np.where(lasting, found.dead_s, 0))
        over = _nth(found.subject, lasting & (together >= limits.total_s), 1)
    return Drilled(formula, found, np.where(over, heavy, 0))


def chosen_formula(formulas: tuple[Formula, ...], key: str) -> Formula:
    """The formula of a standard name; raises UnableToDrill."""
    found = {one.key: one for one in formulas}.get(key)
    if found is None:
        known = ", ".join(one.key for one in formulas)
        words = Text(en=f"No index {key[:40]}; there are: {known}.", zh=f"没有指标 {key[:40]};可用:{known}。")
        raise UnableToDrill(Finding("index.unknown", key[:40], words))
    return found


def narrowed(
    rows: Interruptions, weight: Whole, period: Period, by: By | None, key: str, parts: Sequence[Part], zone: tzinfo
) -> tuple[int, Interruptions, Whole, Period]:
    """Rows, weights and period of one part of a breakdown, and its place among `parts`; raises UnableToDrill."""
    number = next((place for place, part in enumerate(parts) if part.key == key), -1)
    if number < 0:
        words = Text(en=f"No part {key[:80]} of {by or 'the whole'}.", zh=f"没有分组 {key[:80]}。")
        raise UnableToDrill(Finding("part.unknown", key[:80], words))
    if by is None:
        return number, rows, weight, period
    if by.of_customer:
        _, place = parts_of_customers(rows.subjects, by)
        return number, rows, np.where(place == number, weight, 0), period
    if by is By.MONTH:
        return number, rows, weight, dict(months_of(period, zone))[key]
    _, events = parts_of_events(rows.events, by)
    return number, rows.select(events[number][rows.event]), weight, period


def _nth(subject: Ints, chosen: Bools, number: int) -> Bools:
    """The `number`-th chosen row of each customer, rows being in order of customer and time."""
    rows = np.flatnonzero(chosen)
    mine = subject[rows]
    first = np.searchsorted(mine, mine, side="left")
    over = np.zeros(len(subject), np.bool_)
    over[rows[np.arange(len(rows)) - first == number - 1]] = True
    return over


def _running(subject: Ints, values: Whole) -> Whole:
    """Running sum within each customer."""
    total = np.concatenate([np.zeros(1, np.int64), np.cumsum(values)])
    return np.asarray(total[1:] - total[np.searchsorted(subject, subject, side="left")], np.int64)


@numba.njit(cache=True, nogil=True)
def _list(
    row: int, until: int, subject: Ints, start_s: Seconds, end_s: Seconds, event: Ints, begin_s: Seconds, limit_s: int,
    found: Whole,
) -> int:  # fmt: skip
    many = 0
    while row < until:
        who, first = subject[row], row
        while row < until and subject[row] == who:
            row += 1
        for at in range(first, row):
            if start_s[at] < begin_s[0] or start_s[at] >= begin_s[-1]:
                continue
            dead, rows = gathered(at, first, row, start_s, end_s, event, limit_s)
            if rows > 0:
                found[0, many], found[1, many], found[2, many] = at, dead, rows
                found[3, many] = day_of(start_s[at], begin_s)
                many += 1
    return many
