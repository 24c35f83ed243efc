"""Repeat outages (重复停电, 频繁停电): how often each customer was off, and what one more outage makes of it.

The rule stands in `everlit.reliability.repeats`; here it is asked of the outages that count (`history`), and of the job
that is looked at. Per customer and calendar year: an outage on a major event day, shorter than 5 minutes or with one
single customer is dropped; a start within 6 hours after the last counted start is the same outage. What is agreed for
later counts as what was: the order in which outages are agreed does not matter. Windows reach over New Year.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

import numpy as np
import numpy.typing as npt

from everlit.grid import Grid
from everlit.grid.compile import Ints
from everlit.kernel import Period, Policies
from everlit.ledger.columns import epoch_s
from everlit.planning.history import History
from everlit.planning.model import Nature
from everlit.planning.reading import CHINA
from everlit.reliability.repeats import FREQUENT_RULES, WARNING_RULES, Counts, Spans, count_repeats, holds, spans_of

__all__ = [
    "FREQUENT_RULES",
    "WARNING_RULES",
    "Counted",
    "Repeats",
    "counting_window",
    "repeats_after",
]


@dataclass(frozen=True, slots=True)
class Counted:
    """Outages of one customer: in the year, pre-arranged, in the fullest window, in the last 30 and 50 days.

    The window of `repeats_after` is the fullest that holds the job.
    """

    year: int
    planned: int
    window: int
    last30: int
    last50: int


def counting_window(start: datetime, *, policies: Policies, zone: tzinfo = CHINA) -> Period:
    """When outages begin that count beside one that begins at `start`: in its local year, or in a window with it."""
    window, year = timedelta(days=policies.value("rep.window60_days", on=start.date())), start.astimezone(zone).year
    first, after = (datetime(one, 1, 1, tzinfo=zone) for one in (year, year + 1))
    return Period(min(first, start - window), max(after, start + window))


def _each(counts: Counts) -> tuple[Counted, ...]:
    columns = (counts.year, counts.planned, counts.window, counts.last30, counts.last50)
    return tuple(Counted(*row) for row in zip(*(column.tolist() for column in columns), strict=True))


@dataclass(frozen=True)
class Repeats:
    """Counts of each affected load after the job, and what they mean. Arrays go with `consumer`."""

    consumer: Ints
    counted: tuple[Counted, ...]
    frequent: npt.NDArray[np.bool_]
    already_frequent: npt.NDArray[np.bool_]
    one_more: npt.NDArray[np.bool_]
    warned: npt.NDArray[np.bool_]
    reasons: Mapping[str, int]
    frequent_feeders: int

    @property
    def newly_frequent(self) -> npt.NDArray[np.bool_]:
        """Frequent only because of this job."""
        return self.frequent & ~self.already_frequent

    @property
    def beyond(self) -> npt.NDArray[np.bool_]:
        """Frequent, and this job is one outage more: the limit forbids it."""
        return self.frequent & self.one_more

    def as_json(self) -> dict[str, Any]:
        """Totals for the assessment; the counts of each load stand with its row."""
        spread = Counter(one.year for one in self.counted)
        return {
            "loads": len(self.counted),
            "frequent": int(self.frequent.sum()),
            "newly_frequent": int(self.newly_frequent.sum()),
            "beyond": int(self.beyond.sum()),
            "warned": int(self.warned.sum()),
            "frequent_feeders": self.frequent_feeders,
            "reasons": dict(self.reasons),
            "loads_by_outages_in_year": {str(count): spread[count] for count in sorted(spread)},
        }


def repeats_after(
    grid: Grid,
    history: History,
    consumers: Ints,
    *,
    counts: npt.NDArray[np.bool_],
    period: Period,
    nature: Nature,
    policies: Policies,
    zone: tzinfo = CHINA,
) -> Repeats:
    """Repeat counts of `consumers` with one more outage beginning with `period`, others before and after it.

    `counts` says for whom it counts at all: long enough dark, and not the only customer. `reasons` count the loads each
    rule forbids it for.
    """
    on, spans = period.start.date(), spans_of(policies, on=period.start.date())
    mine = [np.arange(*rows.indices(len(history.consumer))) for rows in map(history.of, consumers.tolist())]
    place = np.repeat(np.arange(len(mine), dtype=np.int32), [len(rows) for rows in mine])
    rows = np.concatenate(mine) if mine else np.zeros(0, np.int64)
    past = place, history.start_s[rows], history.arranged[rows]
    job = np.flatnonzero(counts).astype(np.int32)
    start_s, year = epoch_s(period.start), period.start.astimezone(zone).year
    bounds = [epoch_s(datetime(first, 1, 1, tzinfo=zone)) for first in (year, year + 1)]
    before = _counted(*past, units=len(consumers), now_s=start_s, spans=spans, year=bounds)
    after = _counted(
        np.concatenate([past[0], job]),
        np.concatenate([past[1], np.full(len(job), start_s, np.int64)]),
        np.concatenate([past[2], np.full(len(job), nature.arranged, np.bool_)]),
        units=len(consumers),
        now_s=start_s,
        spans=spans,
        year=bounds,
    )
    one_more = (after.year > before.year) | (after.planned > before.planned) | (after.window > before.window)
    frequent = holds(after, FREQUENT_RULES, policies=policies, on=on) >= 0
    least = policies.row("rep.feeder_min_users", on=on)
    feeder = grid.normal_feeder[grid.section_of_node[grid.consumer_node[consumers[frequent]]]]
    by_feeder = Counter(feeder.tolist())
    return Repeats(
        consumers,
        _each(after),
        frequent,
        holds(before, FREQUENT_RULES, policies=policies, on=on) >= 0,
        one_more,
        (holds(after, WARNING_RULES, policies=policies, on=on) >= 0) & ~frequent,
        {
            rule[0]: int(((holds(after, [rule], policies=policies, on=on) >= 0) & one_more).sum())
            for rule in FREQUENT_RULES
        },
        sum(least.holds(users) for users in by_feeder.values()),
    )


def _counted(
    place: Ints,
    start_s: npt.NDArray[np.int64],
    arranged: npt.NDArray[np.bool_],
    *,
    units: int,
    now_s: int,
    spans: Spans,
    year: Sequence[int],
) -> Counts:
    """Counts in the year [from, to), in the fullest window that holds `now_s`, and in the days before it."""
    order = np.lexsort((start_s, place)).astype(np.int32)

    def count(rows: Ints) -> Counts:
        return count_repeats(place[rows], start_s[rows], arranged[rows], units=units, now_s=now_s, spans=spans)

    at = start_s[order]
    in_year = count(order[(at >= year[0]) & (at < year[1])])
    around, whole = count(order[np.abs(at - now_s) <= spans.window_s]), count(order)
    return Counts(in_year.year, in_year.planned, around.window, whole.last30, whole.last50)
