"""Local months and years."""

from datetime import date, datetime, time, timedelta, tzinfo

from everlit.kernel import Period
from everlit.planning.model import WorkRequest
from everlit.planning.service.refusals import UnableToPlan, fault


def month_period(month: str, zone: tzinfo) -> Period:
    """A month YYYY-MM in local time; raises UnableToPlan when it is none."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        en, zh = f"{month} is no month YYYY-MM.", f"{month} 不是 YYYY-MM 月份。"
        raise UnableToPlan(fault("month", month, en, zh)) from None
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return Period(datetime.combine(first, time(), zone), datetime.combine(after, time(), zone))


def year_of(year: int, zone: tzinfo) -> Period:
    """A local calendar year."""
    return Period(datetime(year, 1, 1, tzinfo=zone), datetime(year + 1, 1, 1, tzinfo=zone))


def year_period(instant: datetime, zone: tzinfo) -> Period:
    """The local calendar year an instant lies in."""
    return year_of(instant.astimezone(zone).year, zone)


def wanted_start(request: WorkRequest, start: datetime | None = None) -> datetime:
    """The start a request asks for: the wanted one, else as early as its daily window allows."""
    return start or request.wanted or request.earliest + timedelta(minutes=request.daily_window.from_minute)
