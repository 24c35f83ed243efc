"""Work time (工作时间): a request asks for minutes of work; the outage adds the switching out before and back after it.

    start          out              work of R1               back     end of the outage
      │── steps ──│ permit │───────────────────────│ return │── steps ──│
                           │      │── work of R2 ──│

So the length of an outage follows from what is asked and from the switching of its zone; an outage of the right length
leaves every request the minutes it asked for. A request that begins later than its outage, or waits for another in it,
has what is left from then on.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo

from everlit.kernel import Period
from everlit.planning.model import DailyWindow, WorkRequest

MINUTES_A_DAY = 1440
NIGHT = DailyWindow(21 * 60, 7 * 60)
"""Night belongs to the day whose evening it begins in."""


def work_periods(
    requests: Sequence[WorkRequest], start: datetime, starts: Mapping[str, datetime], *, out_min: float = 0.0
) -> dict[str, Period]:
    """When each request of an outage that begins at `start` works: after the way out, its own start (`starts`) and
    whom it waits for, for as long as it asked."""
    ready = start + timedelta(minutes=out_min)
    placed: dict[str, Period] = {}
    waiting = list(requests)
    while waiting:
        names = {request.request_id for request in waiting}
        one = next((one for one in waiting if names.isdisjoint(one.precedence)), waiting[0])
        ends = [placed[name].end for name in one.precedence if name in placed]
        begin = max(ready, starts.get(one.request_id, start), *ends)
        placed[one.request_id] = Period(begin, begin + one.duration)
        waiting.remove(one)
    return placed


def missing_min(works: Mapping[str, Period], end: datetime, *, back_min: float = 0.0) -> float:
    """Minutes of work an outage that ends at `end` leaves out of what its worst-off request asks for; 0 when none.

    >>> from everlit.kernel import utc
    >>> work = Period(utc("2026-06-10T08:35+08:00"), utc("2026-06-10T12:35+08:00"))
    >>> missing_min({"R1": work}, utc("2026-06-10T13:00+08:00"), back_min=31.0)
    6.0
    """
    back = timedelta(minutes=back_min)
    return max([0.0, *((work.end + back - end) / timedelta(minutes=1) for work in works.values())])


def within_hours(request: WorkRequest, part: Period, *, zone: tzinfo) -> bool:
    """True when a part of an outage lies in one daily window of its request, or in one night where it may; a window as long
    as the day binds nobody."""
    windows = (request.daily_window, NIGHT) if request.night_allowed else (request.daily_window,)
    return any(_inside(window, part, zone) for window in windows)


def working_day(instant: datetime, *, zone: tzinfo) -> date:
    """The day work belongs to: the night to the evening it began in."""
    return (instant.astimezone(zone) - timedelta(minutes=NIGHT.to_minute)).date()


def _inside(window: DailyWindow, part: Period, zone: tzinfo) -> bool:
    if window.minutes == MINUTES_A_DAY:
        return True
    local = part.start.astimezone(zone)
    into = (local.hour * 60 + local.minute - window.from_minute) % MINUTES_A_DAY
    return into + part.duration / timedelta(minutes=1) <= window.minutes


def within_days(request: WorkRequest, part: Period) -> bool:
    """True when a part of an outage lies in the days its request offered."""
    return request.earliest <= part.start and part.end <= request.latest
