"""Repeat outages (重复停电, 频繁停电): how often each customer was off, and what one more outage makes of it.

The rule in use in Guangdong (domain rule 2.6), every number a policy row. Per customer and calendar year: an outage
on a major event day, shorter than 5 minutes or with one single customer is dropped; a start within 6 hours after the
last counted start is the same outage. A customer is frequent with more than 5 in the year, more than 3 in any 60
days, or more than 3 pre-arranged ones.

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
from everlit.kernel.reading import CHINA
from everlit.planning.model import Nature, PastOutage

MINUTES_A_DAY = 1440.0


@dataclass(frozen=True, slots=True)
class Counted:
    """Outages of one customer: in the year, pre-arranged, in the fullest window, in the last 30 and 50 days."""

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


def history_of(
    grid: Grid, past: Sequence[PastOutage], *, policies: Policies, year: int, zone: tzinfo = CHINA
) -> History:
    """Resolve past outages of the local `year` to loads; names the network no longer has are passed over."""
    on = date(year, 12, 31)
    too_short = policies.row("rep.min_duration", on=on)
    order = np.argsort(grid.consumer_node, kind="stable")
    labels = grid.consumer_node[order]
    households = np.asarray(grid.network.tables["consumers"].column("households"))
    rows: list[tuple[Ints, float, bool]] = []
    for outage in past:
        local_year = outage.period.start.astimezone(zone).year
        if local_year != year or outage.major_event_day or too_short.holds(outage.minutes):
            continue
        found = [order[slice(*np.searchsorted(labels, span))] for span in _spans(grid, outage.place_ids)]
        loads = [grid.find(place, "consumers") for place in outage.place_ids]
        found.append(np.array([load for load in loads if load >= 0], np.intp))
        consumers = np.unique(np.concatenate(found))
        if households[consumers].sum() > 1:  # one single customer is not a repeat outage
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
    """Count the starts of one customer, oldest first, after merging those within `gap_min` of the last counted one."""
    kept: list[float] = []
    planned = 0
    for start, is_planned in zip(starts, arranged, strict=True):
        if kept and start - kept[-1] <= gap_min:
            continue
        kept.append(float(start))
        planned += bool(is_planned)
    now = (kept[-1] if kept else 0.0) if now_min is None else now_min
    fullest, first = 0, 0
    for last, start in enumerate(kept):
        while start - kept[first] >= window_days * MINUTES_A_DAY:
            first += 1
        fullest = max(fullest, last - first + 1)
    recent = [sum(1 for start in kept if now - days * MINUTES_A_DAY <= start <= now) for days in (30, 50)]
    return Counted(len(kept), planned, fullest, *recent)


@dataclass(frozen=True)
class Repeats:
    """Counts of each affected load after the job, and what they mean. Arrays go with `consumer`."""

    consumer: Ints
    counted: tuple[Counted, ...]
    frequent: npt.NDArray[np.bool_]
    already_frequent: npt.NDArray[np.bool_]
    warned: npt.NDArray[np.bool_]
    reasons: Mapping[str, int]
    frequent_feeders: int

    @property
    def newly_frequent(self) -> npt.NDArray[np.bool_]:
        """Frequent only because of this job."""
        return self.frequent & ~self.already_frequent

    def as_json(self) -> dict[str, Any]:
        """Totals for the assessment; the counts of each load stand with its row."""
        spread = Counter(one.year for one in self.counted)
        return {
            "loads": len(self.counted),
            "frequent": int(self.frequent.sum()),
            "newly_frequent": int(self.newly_frequent.sum()),
            "warned": int(self.warned.sum()),
            "frequent_feeders": self.frequent_feeders,
            "reasons": dict(self.reasons),
            "loads_by_outages_in_year": {str(count): spread[count] for count in sorted(spread)},
        }


FREQUENT_RULES: tuple[tuple[str, str], ...] = (
    ("rep.year_total", "year"),
    ("rep.window60", "window"),
    ("rep.planned_year", "planned"),
)
WARNING_RULES: tuple[tuple[str, str], ...] = (
    ("rep.warn30", "last30"),
    ("rep.warn50", "last50"),
    ("rep.warn_year", "year"),
)


def repeats_after(
    history: History,
    consumers: Ints,
    *,
    counts: npt.NDArray[np.bool_],
    period: Period,
    nature: Nature,
    policies: Policies,
) -> Repeats:
    """Repeat counts of `consumers` after one more outage beginning with `period`.

    `counts` says for whom it counts at all: long enough dark, and not the only customer.
    """
    on = period.start.date()
    gap_min = policies.value("rep.merge_gap", on=on) * 60
    window = policies.value("rep.window60_days", on=on)
    start, arranged = minute(period.start), nature.arranged
    memo: dict[tuple[Any, ...], tuple[Counted, Counted]] = {}
    after: list[Counted] = []
    before: list[Counted] = []
    for consumer, counting in zip(consumers.tolist(), counts.tolist(), strict=True):
        rows = history.of(consumer)
        key = (history.start_min[rows].tobytes(), history.arranged[rows].tobytes(), counting)
        if key not in memo:
            events = sorted(zip(history.start_min[rows].tolist(), history.arranged[rows].tolist(), strict=True))
            past = _count(events, gap_min, window, start)
            memo[key] = past, _count(sorted([*events, (start, arranged)]), gap_min, window, start) if counting else past
        past, now = memo[key]
        before.append(past)
        after.append(now)
    frequent = _any_rule(after, FREQUENT_RULES, policies, on)
    warned = _any_rule(after, WARNING_RULES, policies, on) & ~frequent
    least = policies.row("rep.feeder_min_users", on=on)
    by_feeder = Counter(history.feeder[consumers[frequent]].tolist())
    return Repeats(
        consumers,
        tuple(after),
        frequent,
        _any_rule(before, FREQUENT_RULES, policies, on),
        warned,
        {key: sum(policies.row(key, on=on).holds(getattr(one, name)) for one in after) for key, name in FREQUENT_RULES},
        sum(least.holds(users) for users in by_feeder.values()),
    )


def _count(events: Sequence[tuple[float, bool]], gap_min: float, window: float, now: float) -> Counted:
    starts, arranged = [start for start, _ in events], [planned for _, planned in events]
    return count_starts(starts, arranged, gap_min=gap_min, window_days=window, now_min=now)


def _any_rule(
    counted: Sequence[Counted], rules: Sequence[tuple[str, str]], policies: Policies, on: date
) -> npt.NDArray[np.bool_]:
    rows = [(policies.row(key, on=on), name) for key, name in rules]
    return np.array([any(row.holds(getattr(one, name)) for row, name in rows) for one in counted], np.bool_)
