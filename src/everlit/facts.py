"""What people tell beside requests, checked: budgets (时户数预算), protected periods (保供电时段), emergency plans (应急预案).

The rules of planning read these facts. Here a fact as typed becomes a noun of planning, or is refused with every fault;
the command line and the API share the checks.
"""

import math
import re
from collections.abc import Sequence
from datetime import date, timedelta

from everlit.grid import Grid
from everlit.kernel import Finding, Period, Refusal, Text
from everlit.planning.holidays import CalendarDay
from everlit.planning.important import sources_of
from everlit.planning.model import Budget, ProtectedPeriod

MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")
KEY = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
MOST_HOURS = 1e9
LONGEST_PROTECTION = timedelta(days=366)
YEARS = range(2000, 2100)


class UnableToKeepFact(Refusal):
    """A budget, protected period or emergency plan that makes no sense in this network."""

    title = Text(en="The fact was not kept.", zh="该事项未被登记。")


def budget(grid: Grid, *, unit: str, month: str, hours: float) -> Budget:
    """Customer-hours allotted to an operating unit for a month; raises UnableToKeepFact."""
    found = [*_unknown_units(grid, [unit])]
    if not MONTH.fullmatch(month):
        found.append(_finding("month.invalid", month, f"{month} is no month YYYY-MM.", f"{month} 不是 YYYY-MM 月份。"))
    if not (math.isfinite(hours) and 0 <= hours <= MOST_HOURS):
        en, zh = f"{hours} is no number of customer-hours.", f"{hours} 不是有效的时户数。"
        found.append(_finding("budget.hours", unit, en, zh))
    if found:
        raise UnableToKeepFact(*found)
    return Budget(unit, month, hours)


def protected_period(grid: Grid, *, key: str, name: Text, period: Period, units: Sequence[str]) -> ProtectedPeriod:
    """A time in which supply is protected, for some units or all; raises UnableToKeepFact."""
    found = [*_unknown_units(grid, units)]
    if not KEY.fullmatch(key):
        en, zh = f"{key} is no key: small letters, digits, . _ -", f"{key} 不是有效的键：小写字母、数字、. _ -"
        found.append(_finding("protected.key", key[:80], en, zh))
    if not (name.en.strip() or name.zh.strip()) or max(len(name.en), len(name.zh)) > 200:
        en, zh = "A protected period needs a name of at most 200 letters.", "保供电时段须有名称，且不超过200字。"
        found.append(_finding("protected.name", key[:80], en, zh))
    if period.duration > LONGEST_PROTECTION or period.start.year not in YEARS:
        en, zh = "It lasts longer than a year, or lies outside 2000-2099.", "时段超过一年，或不在2000至2099年内。"
        found.append(_finding("protected.period", key[:80], en, zh))
    if found:
        raise UnableToKeepFact(*found)
    return ProtectedPeriod(key, Text(name.en or name.zh, name.zh or name.en), period, tuple(dict.fromkeys(units)))


def planned_customer(grid: Grid, name: str) -> str:
    """A usage point, or a customer with several sources, that can have an emergency plan; raises UnableToKeepFact."""
    if grid.find(name, "usage_points") < 0 and name not in sources_of(grid):
        en, zh = f"No usage point or customer {name}.", f"没有用电点或用户 {name}。"
        raise UnableToKeepFact(_finding("customer.unknown", name[:100], en, zh))
    return name


def calendar_day(day: str, *, rest: bool, name: Text, document: str = "") -> CalendarDay:
    """A holiday, or a day worked in its place, as a utility enters it; raises UnableToKeepFact."""
    found = []
    try:
        when = date.fromisoformat(day)
    except ValueError:
        when = date.min
    if when.year not in YEARS:
        en, zh = f"{day[:80]} is no day YYYY-MM-DD of 2000-2099.", f"{day[:80]} 不是2000至2099年内的日期 YYYY-MM-DD。"
        found.append(_finding("day.invalid", day[:80], en, zh))
    if not (name.en.strip() or name.zh.strip()) or max(len(name.en), len(name.zh), len(document)) > 200:
        en, zh = "A day of the calendar needs a name of at most 200 letters.", "日历日期须有名称，且不超过200字。"
        found.append(_finding("day.name", day[:80], en, zh))
    if found:
        raise UnableToKeepFact(*found)
    return CalendarDay(when, rest, Text(name.en or name.zh, name.zh or name.en), "V1" if document else "G?", document)


def calendar_year(year: int) -> int:
    """A year the store can be asked about; raises UnableToKeepFact."""
    if year not in YEARS:
        en, zh = f"{year} lies outside 2000-2099.", f"{year} 不在2000至2099年内。"
        raise UnableToKeepFact(_finding("year.invalid", str(year), en, zh))
    return year


def _unknown_units(grid: Grid, units: Sequence[str]) -> list[Finding]:
    known = {unit for unit in grid.network.tables["feeders"].column("unit").to_pylist() if unit}
    shown = ", ".join(sorted(known)[:20])
    return [
        _finding(
            "unit.unknown",
            unit[:100],
            f"No operating unit {unit[:100]}; known: {shown}.",
            f"没有运维单位 {unit[:100]}；已有：{shown}。",
        )
        for unit in units
        if unit not in known
    ]


def _finding(kind: str, subject: str, en: str, zh: str) -> Finding:
    return Finding(f"fact.{kind}", subject, Text(en, zh))
