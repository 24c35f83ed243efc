"""Repeat outages (重复停电, 频繁停电): how often each customer was off, and what one more outage makes of it.

The rule stands in `everlit.reliability.repeats`; here it is asked of the past outages planning knows, and of the job
that is looked at. Per customer and calendar year: an outage on a major event day, shorter than 5 minutes or with one
single customer is dropped; a start within 6 hours after the last counted start is the same outage. What is agreed for
later counts as what was: the order in which outages are agreed does not matter. Windows reach over New Year.

>>> day = 1440.0
>>> counted = count_starts(
...     [0, 60, 10 * day, 20 * day, 30 * day], [True, True, False, True, True], gap_min=360, window_days=60
... )
>>> counted.year, counted.window, counted.planned  # 01:00 of the first day is merged with 00:00
(4, 4, 3)
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

import numpy as np
import numpy.typing as npt

from everlit.grid import Grid, UnableToFindEquipment
from everlit.grid.compile import Ints
from everlit.kernel import Period, Policies
from everlit.planning.model import Nature, PastOutage
from everlit.planning.reading import CHINA
from everlit.reliability.repeats import FREQUENT_RULES, WARNING_RULES, Counts, Spans, count_repeats, holds, spans_of

__all__ = [
    "FREQUENT_RULES",
    "WARNING_RULES",
    "Counted",
    "History",
    "Repeats",
    "count_starts",
    "history_of",
    "repeats_after",
]

MINUTES_A_DAY = 1440.0


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


@dataclass(frozen=True)
class History:
    """Past outages by load: rows (load, start in minutes since the epoch, pre-arranged), sorted by load and start."""

    consumer: Ints
    start_min: npt.NDArray[np.float64]
    arranged: npt.NDArray[np.bool_]
    feeder: Ints

    def of(self, consumer: int) -> slice:
        """The rows of one load."""
        first, last = np.searchsorted(self.consumer, [consumer, consumer + 1])
        return slice(int(first), int(last))


def near(start: datetime, *, policies: Policies) -> Period:
    """When other outages begin that can share a window with one that begins at `start`."""
    window = timedelta(days=policies.value("rep.window60_days", on=start.date()))
    return Period(start - window, start + window)


def history_of(
    grid: Grid,
    past: Sequence[PastOutage],
    *,
    policies: Policies,
    year: int,
    zone: tzinfo = CHINA,
    also: Period | None = None,
) -> History:
    """Resolve outages of the local `year`, and those that begin in `also`, to loads; unknown names are passed over."""
    on = date(year, 12, 31)
    too_short, single = policies.row("rep.min_duration", on=on), policies.row("rep.single_user_excluded", on=on)
    order = np.argsort(grid.consumer_node, kind="stable")
    labels = grid.consumer_node[order]
    households = np.asarray(grid.network.tables["consumers"].column("households"))
    rows: list[tuple[Ints, float, bool]] = []
    for outage in past:
        start = outage.period.start
        wanted = start.astimezone(zone).year == year or (also is not None and also.contains(start))
        if not wanted or outage.major_event_day or too_short.holds(outage.minutes):
            continue
        found = [order[slice(*np.searchsorted(labels, span))] for span in _spans(grid, outage.place_ids)]
        loads = [grid.find(place, "consumers") for place in outage.place_ids]
        found.append(np.array([load for load in loads if load >= 0], np.intp))
        consumers = np.unique(np.concatenate(found))
        if not single.holds(int(households[consumers].sum())):
            rows.append((consumers.astype(np.int32), minute(outage.period.start), outage.nature.arranged))
    return _stacked(grid, rows)


def _spans(grid: Grid, places: Sequence[str]) -> list[tuple[int, int]]:
    """Label intervals of what hangs under each place in the normal state; a load stands for itself alone."""
    spans = []
    for place in places:
        if grid.find(place, "consumers") >= 0:
            continue
        row = grid.find(place, "transformers")
        if row >= 0:
            label = int(grid.transformer_lv[row])
        else:
            try:
                label = max(grid.equipment(place).nodes)
            except UnableToFindEquipment:
                continue
        spans.append((label, max(label + 1, int(grid.node_last[label]))))
    return spans


def _stacked(grid: Grid, rows: Sequence[tuple[Ints, float, bool]]) -> History:
    consumer = np.concatenate([who for who, _, _ in rows]) if rows else np.zeros(0, np.int32)
    start = np.concatenate([np.full(len(who), at) for who, at, _ in rows]) if rows else np.zeros(0)
    arranged = (
        np.concatenate([np.full(len(who), planned) for who, _, planned in rows]) if rows else np.zeros(0, np.bool_)
    )
    order = np.lexsort((start, consumer))
    feeder = grid.normal_feeder[grid.section_of_node[grid.consumer_node]]
    return History(consumer[order].astype(np.int32), start[order], arranged[order].astype(np.bool_), feeder)


def minute(instant: datetime) -> float:
    """Minutes since the epoch."""
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(minutes=1)


def count_starts(
    starts: Sequence[float],
    arranged: Sequence[bool],
    *,
    gap_min: float,
    window_days: float,
    now_min: float | None = None,
) -> Counted:
    """Count the starts of one customer, in minutes, oldest first, after merging those within `gap_min` of the last one."""
    now = (starts[-1] if len(starts) else 0.0) if now_min is None else now_min
    spans = Spans(round(gap_min * 60), round(window_days * 86_400) - 1, 30 * 86_400, 50 * 86_400)
    unit = np.zeros(len(starts), np.int32)
    return _each(
        count_repeats(
            unit,
            _seconds(np.asarray(starts)),
            np.asarray(arranged, np.bool_),
            units=1,
            now_s=round(now * 60),
            spans=spans,
        )
    )[0]


def _seconds(minutes: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    return np.rint(minutes * 60).astype(np.int64)


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
    past = place, _seconds(history.start_min[rows]), history.arranged[rows]
    job = np.flatnonzero(counts).astype(np.int32)
    start_s, year = round(minute(period.start) * 60), period.start.astimezone(zone).year
    bounds = [round(minute(datetime(first, 1, 1, tzinfo=zone)) * 60) for first in (year, year + 1)]
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
    by_feeder = Counter(history.feeder[consumers[frequent]].tolist())
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
