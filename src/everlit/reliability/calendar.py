"""Local days (统计日): a period cut where the utility's day begins, and which of them are major event days.

>>> from zoneinfo import ZoneInfo
>>> from everlit.kernel import utc
>>> june = Period(utc("2026-06-01T00:00+08:00"), utc("2026-07-01T00:00+08:00"))
>>> dates, days = days_of(june, ZoneInfo("Asia/Shanghai"))
>>> len(days), str(dates[0]), str(dates[-1])
(30, '2026-06-01', '2026-06-30')
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo

import numpy as np

from everlit.kernel import Period
from everlit.ledger.columns import epoch_s
from everlit.reliability.model import Book
from everlit.reliability.tally import Days


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


def year_period(year: int, zone: tzinfo, *, years: int = 1) -> Period:
    """`years` local years from 1 January of `year` on."""
    return Period(datetime(year, 1, 1, tzinfo=zone), datetime(year + years, 1, 1, tzinfo=zone))


def last_day(period: Period, zone: tzinfo) -> date:
    """The local day a period ends on; the rules of that day count it."""
    return (period.end - timedelta(microseconds=1)).astimezone(zone).date()
