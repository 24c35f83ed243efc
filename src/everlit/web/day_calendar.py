"""A year of days (日历图): twelve small months, a square a day, darker the more it weighed; major event days marked.

Squares are judged by the limit of major event days, so that the same shade is as bad in every year; where too few years
are known for a limit, by the worst day of the year.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

STEPS = (0.02, 0.1, 1 / 3, 1.0)
"""Upper ends of the shades, as parts of the limit."""
SIDE, CELL = 15.0, 12.6
"""Distance from square to square, and their size."""


@dataclass(frozen=True, slots=True)
class Day:
    """One square: where it stands in its month, its minutes (None: not over yet), its shade, whether it is major."""

    day: date
    x: float
    y: float
    minutes: float | None
    shade: int
    major: bool


@dataclass(frozen=True, slots=True)
class CalendarMonth:
    """One month: its number and its days."""

    number: int
    days: tuple[Day, ...]


@dataclass(frozen=True, slots=True)
class YearOfDays:
    """The months, and the minutes at which each shade ends."""

    months: tuple[CalendarMonth, ...]
    ends: tuple[float, ...]
    box: tuple[float, float] = (7 * SIDE, 6 * SIDE)


def year_of_days(
    year: int, daily: Mapping[date, float], *, limit: float | None, major: Collection[date], last: date
) -> YearOfDays:
    """The calendar of a year; days after `last` are not judged.

    >>> july = date(2026, 7, 8)
    >>> found = year_of_days(2026, {july: 18.3, date(2026, 7, 9): 0.2}, limit=15.6, major=[july], last=date(2026, 7, 9))
    >>> [(one.minutes, one.shade, one.major) for one in found.months[6].days[7:10]]
    [(18.3, 5, True), (0.2, 1, False), (None, 0, False)]
    """
    whole = limit or max(daily.values(), default=0.0) or 1.0
    ends = tuple(step * whole for step in STEPS)
    months: list[list[Day]] = [[] for _ in range(12)]
    day = date(year, 1, 1)
    while day.year == year:
        minutes = daily.get(day, 0.0) if day <= last else None
        column, row = day.weekday(), (day.day + day.replace(day=1).weekday() - 1) // 7
        shade = 0 if not minutes else next((n for n, end in enumerate(ends, 1) if minutes <= end), len(ends) + 1)
        months[day.month - 1].append(Day(day, column * SIDE, row * SIDE, minutes, shade, day in major))
        day += timedelta(days=1)
    return YearOfDays(tuple(CalendarMonth(n, tuple(days)) for n, days in enumerate(months, 1)), ends)
