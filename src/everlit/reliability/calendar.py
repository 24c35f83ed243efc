"""Local days (统计日): a period cut where the utility's day begins, and which of them are major event days.

>>> from zoneinfo import ZoneInfo
>>> from everlit.kernel import utc
>>> june = Period(utc("2026-06-01T00:00+08:00"), utc("2026-07-01T00:00+08:00"))
>>> dates, days = days_of(june, ZoneInfo("Asia/Shanghai"))
>>> len(days), str(dates[0]), str(dates[-1])
(30, '2026-06-01', '2026-06-30')
"""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo

import numpy as np

from everlit.kernel import Finding, Period, Refusal, Text
from everlit.ledger.columns import epoch_s
from everlit.reliability.model import Book
from everlit.reliability.tally import Days

MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")
YEARS = range(2000, 2100)


class UnableToUsePeriod(Refusal):
    """A month is written YYYY-MM, a year lies between 2000 and 2099, and what is told of them has begun."""

    title = Text(en="The period is not clear.", zh="统计期间不明确。")


def days_of(
    period: Period, zone: tzinfo, *, major: Mapping[Book, Collection[date]] | None = None, books: Sequence[Book] = ()
) -> tuple[list[date], Days]:
    """The local days a period touches, its first and last cut to it; `major` marks some of them for each book."""
    first = period.start.astimezone(zone).date()
    dates, begin = [first], [epoch_s(period.start)]
    while (midnight := datetime.combine(dates[-1] + timedelta(days=1), time(), zone)) < period.end:
        dates.append(midnight.date())
        begin.append(epoch_s(midnight))
    marked = np.zeros((len(books), len(dates)), np.bool_)
    for row, book in enumerate(books):
        chosen = set((major or {}).get(book, ()))
        marked[row] = [day in chosen for day in dates]
    return dates, Days(np.array([*begin, epoch_s(period.end)], np.int64), marked)


def months_of(period: Period, zone: tzinfo) -> list[tuple[str, Period]]:
    """The local months a period touches, cut to it, as YYYY-MM."""
    months, start = [], period.start
    while start < period.end:
        local = start.astimezone(zone)
        after = datetime(local.year + local.month // 12, local.month % 12 + 1, 1, tzinfo=zone)
        months.append((f"{local:%Y-%m}", Period(start, min(after, period.end))))
        start = after
    return months


def month_period(month: str, zone: tzinfo) -> Period:
    """The local month YYYY-MM; raises UnableToUsePeriod."""
    if not MONTH.fullmatch(month):
        words = Text(en=f"{month[:20]} is no month YYYY-MM.", zh=f"{month[:20]} 不是 YYYY-MM 月份。")
        raise UnableToUsePeriod(Finding("month.invalid", month[:20], words))
    year, number = int(month[:4]), int(month[5:])
    after = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=zone)
    return Period(datetime(year, number, 1, tzinfo=zone), after)


def begun(period: Period, *, now: datetime) -> Period:
    """A period of which there is something to tell; raises UnableToUsePeriod for one that has not begun."""
    if now < period.start:
        day = f"{period.start.date()}"
        words = Text(f"{day} has not come: there is nothing to tell.", f"{day} 尚未到来,没有可统计的数据。")
        raise UnableToUsePeriod(Finding("period.future", day, words))
    return period


def year_period(year: int, zone: tzinfo, *, years: int = 1) -> Period:
    """`years` local years from 1 January of `year` on; raises UnableToUsePeriod."""
    if year not in YEARS:
        words = Text(en=f"{year} lies outside 2000-2099.", zh=f"{year} 不在2000至2099年内。")
        raise UnableToUsePeriod(Finding("year.invalid", str(year), words))
    return Period(datetime(year, 1, 1, tzinfo=zone), datetime(year + years, 1, 1, tzinfo=zone))


def last_day(period: Period, zone: tzinfo) -> date:
    """The local day a period ends on; the rules of that day count it."""
    return (period.end - timedelta(microseconds=1)).astimezone(zone).date()
