"""Working days (工作日历): which days rest, as weekends, public holidays (节假日) and made-up working days (调休上班) say.

The shipped days are `holidays.csv`: 2025 and 2026 as the State Council announced them, 2024 from memory of it, 2027 only
the statutory days, as its announcement was not read: those are marked "G?" and every utility replaces them. A day that is
entered stands in place of the shipped one. A day nobody names rests on Saturdays and Sundays.

>>> calendar = working_calendar(shipped_days())
>>> [calendar.rests(date(2026, 10, day)) for day in (1, 8, 10, 11)]  # National Day, Thursday, made-up Saturday, Sunday
[True, False, False, True]
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Any, Self

from everlit.kernel import Text

SATURDAY = 5


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One day that is not what its weekday says: a holiday (`rest`), or a day worked in its place."""

    day: date
    rest: bool
    name: Text
    confidence: str = "G?"
    document: str = ""

    def as_json(self) -> dict[str, Any]:
        """As the calendar shows it."""
        return {
            "day": self.day.isoformat(),
            "rest": self.rest,
            "name": self.name.as_json(),
            "confidence": self.confidence,
            "document": self.document,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Inverse of as_json."""
        day, name = date.fromisoformat(raw["day"]), Text(**raw["name"])
        return cls(day, bool(raw["rest"]), name, raw["confidence"], raw["document"])


@dataclass(frozen=True)
class WorkingCalendar:
    """The days that are not what their weekday says, newest word last."""

    days: Mapping[date, CalendarDay] = field(default_factory=dict)

    def rests(self, day: date) -> bool:
        """True on a day people rest."""
        named = self.days.get(day)
        return day.weekday() >= SATURDAY if named is None else named.rest


def working_calendar(*rows: Iterable[CalendarDay]) -> WorkingCalendar:
    """The calendar of some rows; later ones stand in place of earlier ones."""
    return WorkingCalendar({one.day: one for part in rows for one in part})


@lru_cache(maxsize=1)
def shipped_days() -> tuple[CalendarDay, ...]:
    """The days Everlit comes with, one a day."""
    text = (files("everlit.planning") / "holidays.csv").read_text("utf-8")
    return tuple(one for row in csv.DictReader(io.StringIO(text)) for one in _days(row))


def _days(row: Mapping[str, str]) -> Iterable[CalendarDay]:
    first, last = date.fromisoformat(row["first"]), date.fromisoformat(row["last"])
    name = Text(row["name_en"], row["name_zh"])
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        yield CalendarDay(day, row["rest"] == "yes", name, row["confidence"], row["document"])
