"""Indices of a period (指标计算): one pass for all bases, both books side by side, whole or in parts, three views.

The caller hands in the dead intervals and gets a `Counted`: integers by part, and every index as a ratio of them.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Any

import numpy as np

from everlit.grid.columns import Floats
from everlit.kernel import Period, Policies, Text
from everlit.ledger.columns import Interruptions
from everlit.ledger.model import SubjectKind
from everlit.reliability.calendar import days_of, last_day, months_of
from everlit.reliability.customers import customers_by, weight_of
from everlit.reliability.formulas import Formula, Totals, evaluate, formulas_of
from everlit.reliability.model import Base, Book, By, Customers, Index, View
from everlit.reliability.parts import WHOLE, Part, parts_of_customers, parts_of_events
from everlit.reliability.policies import Limits, limits_of
from everlit.reliability.tally import Tally, Whole, stacked, tally

BOOKS = tuple(Book)
KIND: Mapping[Base, SubjectKind] = {
    Base.UNITS: SubjectKind.MV_UNIT,
    Base.KVA: SubjectKind.MV_UNIT,
    Base.HOUSEHOLDS: SubjectKind.USAGE_POINT,
    Base.POWER: SubjectKind.USAGE_POINT,
}
"""Whose dead intervals a base is counted from."""
MajorDays = Mapping[Book, Collection[date]]


@dataclass(frozen=True, eq=False)
class Counted:
    """A period counted on one base: `customers` [parts] weigh the denominators, `period_s` [parts] is their time."""

    base: Base
    period: Period
    parts: tuple[Part, ...]
    customers: Floats
    convention: Customers
    period_s: Whole
    limits: tuple[Limits, ...]
    tally: Tally

    def of(self, book: Book, *, view: View = View.ALL, part: int = 0) -> tuple[Index, ...]:
        """Every index of a book for one part."""
        return self._evaluated(self.formulas(book), book, view, part)

    def formulas(self, book: Book) -> tuple[Formula, ...]:
        """The formulas of a book on this base."""
        limits = self.limits[BOOKS.index(book)]
        return formulas_of(book, self.base, limits.repeats, limits.repeats_from)

    def index(self, key: str, book: Book, *, view: View = View.ALL, part: int = 0) -> Index:
        """One index by its standard name; KeyError where the base has none of it."""
        chosen = {formula.key: formula for formula in self.formulas(book)}[key]
        return self._evaluated((chosen,), book, view, part)[0]

    def _evaluated(self, formulas: Iterable[Formula], book: Book, view: View, part: int) -> tuple[Index, ...]:
        counted = Totals.of(self.tally, BOOKS.index(book), part, view)
        about = float(self.customers[part]), int(self.period_s[part])
        return tuple(evaluate(formula, counted, *about) for formula in formulas)


def indices(
    rows: Interruptions,
    *,
    bases: Sequence[Base],
    period: Period,
    policies: Policies,
    zone: tzinfo,
    by: By | None = None,
    major: MajorDays | None = None,
    customers: Mapping[Base, Mapping[str, float]] | None = None,
    convention: Customers = Customers.PERIOD_END,
    power_w: Whole | None = None,
) -> dict[Base, Counted]:
    """Count a period on some bases, whole or in parts.

    `rows` are dead intervals of the kind all of `bases` count (`KIND`), those of the last minutes before the period
    included. `major` names the major event days of each book. `customers` weighs each part by its key on a base, as
    `convention` says (see `customers`); where it says nothing those of `rows.subjects` divide.
    """
    limits = tuple(limits_of(policies, book, on=last_day(period, zone)) for book in BOOKS)
    weights = [weight_of(rows.subjects, base, power_w) for base in bases]

    def scan(span: Period, **what: Any) -> list[Tally]:
        days = days_of(span, zone, major=major, books=BOOKS)[1]
        return tally(rows, weights, days=days, limits=limits, **what)

    parts, counted = _parted(scan, rows, period, by, zone)
    spans = dict(months_of(period, zone)) if by is By.MONTH else {}
    seconds = np.array([round(spans.get(part.key, period).duration.total_seconds()) for part in parts], np.int64)
    found = {}
    for base, weight, one in zip(bases, weights, counted, strict=True):
        there = (customers or {}).get(base) or customers_by(rows.subjects, weight, by)
        divided = [there.get(part.key if by is not None and by.of_customer else WHOLE.key, 0.0) for part in parts]
        found[base] = Counted(base, period, tuple(parts), np.array(divided), convention, seconds, limits, one)
    return found


def _parted(
    scan: Callable[..., list[Tally]], rows: Interruptions, period: Period, by: By | None, zone: tzinfo
) -> tuple[list[Part], list[Tally]]:
    """The parts of a breakdown and a tally per base: customers stand in one part each, so one pass counts them all."""
    if by is None:
        return [WHOLE], scan(period)
    if by.of_customer:
        parts, place = parts_of_customers(rows.subjects, by)
        return parts, scan(period, part=place, parts=len(parts))
    if by is By.MONTH:
        months = months_of(period, zone)
        parts, scans = [Part(key, Text(key, key)) for key, _ in months], [scan(month) for _, month in months]
    else:
        parts, events = parts_of_events(rows.events, by)
        scans = [scan(period, counted=mine) for mine in events]
    return parts, [stacked(of_base) for of_base in zip(*scans, strict=True)]
