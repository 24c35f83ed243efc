"""Major event days (重大事件日): days so bad that they hide how the other days went. IEEE 1366, the 2.5 β method.

The daily SAIDI of the years before are taken as log-normal: α is the mean, β the standard deviation of their logarithms,
and T = exp(α + 2.5 β). A day of the reporting year above T is a major event day. Nothing is deleted: every index is told
with, without and only those days. What the texts leave open (days without interruption, midnight, the divisor of the
standard deviation, catastrophic days) are rows of the register.

>>> ten = [0.12, 0.45, 1.10, 0.08, 0.30, 2.5, 0.9, 0.05, 0.6, 0.22]
>>> alpha, beta = log_normal(ten, ddof=1)
>>> round(alpha, 5), round(beta, 5), round(exp(alpha + 2.5 * beta), 5)
(-1.07629, 1.23674, 7.50485)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from math import exp, log, sqrt
from typing import Any

import numba
import numpy as np

from everlit.grid.columns import Ints
from everlit.kernel import Period, Policies, Policy
from everlit.ledger.columns import Interruptions, Seconds
from everlit.reliability.calendar import days_of
from everlit.reliability.customers import weight_of
from everlit.reliability.model import Base, Book
from everlit.reliability.policies import Limits
from everlit.reliability.tally import Days, Whole, gathered, spread

DailySaidi = Mapping[date, float]
"""Minutes per customer of each local day; days of the ledger without interruption stand with 0."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """The limit (重大事件日界限值) and what it was made of; `minutes` is None where too few days are known."""

    book: Book
    year: int
    first: date | None
    last: date | None
    days: int
    zero_days: int
    left_out: int
    alpha: float | None
    beta: float | None
    minutes: float | None
    catastrophic_minutes: float | None
    policy: Policy

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        values = {name: getattr(self, name) for name in Threshold.__slots__}
        for name in ("alpha", "beta", "minutes", "catastrophic_minutes"):
            values[name] = None if values[name] is None else round(values[name], 6)
        days = {name: values[name] and str(values[name]) for name in ("first", "last")}
        return {**values, **days, "book": self.book.value, "policy": self.policy.as_json()}


@dataclass(frozen=True, slots=True)
class MajorDay:
    """One day above the limit, with its SAIDI in minutes; `catastrophic` (灾难日) above the higher one too."""

    day: date
    saidi_min: float
    catastrophic: bool

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {"day": str(self.day), "saidi_min": round(self.saidi_min, 6), "catastrophic": self.catastrophic}


def log_normal(saidi_min: Sequence[float], *, ddof: int) -> tuple[float, float]:
    """α and β: mean and standard deviation of the logarithms; ValueError for too few values or one that is not positive."""
    logs = [log(value) for value in saidi_min]
    if len(logs) <= ddof:
        raise ValueError("too few days")
    alpha = sum(logs) / len(logs)
    return alpha, sqrt(sum((one - alpha) ** 2 for one in logs) / (len(logs) - ddof))


def threshold(daily: DailySaidi, year: int, book: Book, *, policies: Policies) -> Threshold:
    """The limit for the days of `year`, from the days before it that are known, as many years as the book asks for."""
    on = date(year, 12, 31)
    row = policies.row("rel.med.k", on=on)
    years = policies.row(f"rel.med.years.{book.value}", on=on)
    window = {day: value for day, value in daily.items() if day.year < year and years.holds(year - day.year)}
    positive = sorted(value for value in window.values() if value > 0)
    zero_days = len(window) - len(positive)
    used = positive
    if positive and policies.value("rel.med.zero_days", on=on) == 1:
        used = [positive[0]] * zero_days + positive
    ddof, beyond = round(policies.value("rel.med.sd_ddof", on=on)), policies.value("rel.cat.k", on=on)
    limits = _limits(used, ddof, row.value, beyond)
    left_out = 0
    if limits is not None and policies.value("rel.cat.left_out", on=on) == 1:
        kept = [value for value in used if value <= limits[3]]
        left_out, limits = len(used) - len(kept), _limits(kept, ddof, row.value, beyond)
    alpha, beta, minutes, catastrophic = limits or (None, None, None, None)
    return Threshold(
        book, year, min(window, default=None), max(window, default=None), len(used) - left_out, zero_days, left_out,
        alpha, beta, minutes, catastrophic, row,
    )  # fmt: skip


def _limits(saidi_min: Sequence[float], ddof: int, k: float, beyond: float) -> tuple[float, float, float, float] | None:
    if len(saidi_min) <= max(ddof, 1):
        return None
    alpha, beta = log_normal(saidi_min, ddof=ddof)
    return alpha, beta, exp(alpha + k * beta), exp(alpha + beyond * beta)


def major_days(daily: DailySaidi, limit: Threshold) -> tuple[MajorDay, ...]:
    """The days of the reporting year above the limit, in order; none where there is no limit."""
    if limit.minutes is None or limit.catastrophic_minutes is None:
        return ()
    above = Policy(limit.policy.key, limit.minutes, "min", limit.policy.comparator, limit.policy.title)
    mine = sorted((day, value) for day, value in daily.items() if day.year == limit.year and above.holds(value))
    return tuple(MajorDay(day, value, value > limit.catastrophic_minutes) for day, value in mine)


def daily_saidi(rows: Interruptions, window: Period, limits: Limits, zone: tzinfo, *, split: bool) -> dict[date, float]:
    """Minutes per MV statistic unit of every local day of `window`, from the day of the first row on."""
    units = weight_of(rows.subjects, Base.UNITS)
    if not len(rows) or not units.sum():
        return {}
    dates, days = days_of(window, zone)
    first = datetime.fromtimestamp(int(rows.start_s.min()), UTC).astimezone(zone).date()
    minutes = (daily_seconds(rows, units, days, limits, split=split) / units.sum() / 60).tolist()
    return {day: value for day, value in zip(dates, minutes, strict=True) if day >= first}


def daily_seconds(rows: Interruptions, weight: Whole, days: Days, limits: Limits, *, split: bool = False) -> Whole:
    """Customer-seconds of sustained interruptions by day, [days]: whole on the day they began, or `split` at midnight."""

    def between(ends: tuple[int, int]) -> Whole:
        seconds = np.zeros(len(days), np.int64)
        _daily(
            *ends, rows.subject, rows.start_s, rows.end_s, rows.event, weight, days.begin_s, limits.sustained_s, split, seconds
        )  # fmt: skip
        return seconds

    total: Whole = np.sum(spread(between, rows.subject), axis=0, dtype=np.int64)
    return total


@numba.njit(cache=True, nogil=True)
def _daily(
    row: int, until: int, subject: Ints, start_s: Seconds, end_s: Seconds, event: Ints, weight: Whole, begin_s: Seconds,
    limit_s: int, split: bool, seconds: Whole,
) -> None:  # fmt: skip
    while row < until:
        who, first = subject[row], row
        while row < until and subject[row] == who:
            row += 1
        for at in range(first, row):
            dead, rows = gathered(at, first, row, start_s, end_s, event, limit_s)
            if rows == 0 or dead < limit_s:
                continue
            if not split:
                _book(start_s[at], start_s[at] + 1, weight[who] * dead, begin_s, seconds)
                continue
            end, after = start_s[at], at
            while after < row and start_s[after] - end < limit_s:
                if event[after] == event[at]:
                    _book(start_s[after], end_s[after], weight[who], begin_s, seconds)
                    end = end_s[after]
                after += 1


@numba.njit(cache=True, nogil=True)
def _book(start_s: int, end_s: int, weight: int, begin_s: Seconds, seconds: Whole) -> None:
    """Add `weight` for each second of an interval to the day it lies in."""
    day = max(int(np.searchsorted(begin_s, start_s, side="right")) - 1, 0)
    while day < len(seconds) and begin_s[day] < end_s:
        seconds[day] += weight * max(0, min(end_s, begin_s[day + 1]) - max(start_s, begin_s[day]))
        day += 1
