"""What counts for the repeat limits: what happened, by the ledger, and what is agreed and still to come.

    ledger   who was off, settled ────────┐
                                          ├─► one row for each event and load ─► those that count
    agreed   who will be, as assessed ────┘

The rule of what counts (`everlit.reliability.frequent.recorded`) reads both alike. Nobody counts twice for one event: for
whomever the ledger names in it, the ledger speaks. What is called off stands in neither.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from everlit.grid import Grid
from everlit.grid.columns import Bools, Floats, Ints
from everlit.kernel import Period, Policies
from everlit.ledger.columns import Interruptions, Seconds, epoch_s
from everlit.ledger.segments import Starts, starts
from everlit.planning.model import Nature
from everlit.reliability.frequent import recorded
from everlit.reliability.policies import most

DAY_S = 86_400
Days = tuple[tuple[int, ...], int]
"""Days of a customer's outages, counted from a first day, and how many of them were pre-arranged."""


@dataclass(frozen=True, eq=False)
class Past:
    """Who was off by the ledger, as known now, and the major event days (重大事件日) of those years."""

    rows: Interruptions
    major: tuple[date, ...] = ()


@dataclass(frozen=True, eq=False)
class Agreed:
    """An outage agreed and not restored yet: from when, and for how long at the longest each of its loads is dark, [loads]."""

    outage_id: str
    nature: Nature
    start: datetime
    consumer_ids: pa.Array
    minutes: Floats

    @classmethod
    def of(cls, outage_id: str, nature: Nature, start: datetime, assessment: Mapping[str, Any]) -> Self:
        """As its assessment says (the parts `households` and `patterns`)."""
        rows = assessment["households"]
        longest = np.array([max((end - begin for begin, end in one), default=0.0) for one in assessment["patterns"]])
        pattern = np.array([row["pattern"] for row in rows], np.int32)
        names = pa.array([row["consumer_id"] for row in rows], pa.string())
        return cls(outage_id, nature, start, names, longest[pattern] if len(rows) else np.zeros(0))


@dataclass(frozen=True, eq=False)
class History:
    """The outages that count, one row for each event and load, [k], sorted by load, then start."""

    consumer: Ints
    start_s: Seconds
    arranged: Bools

    def of(self, consumer: int) -> slice:
        """The rows of one load."""
        first, last = np.searchsorted(self.consumer, [consumer, consumer + 1])
        return slice(int(first), int(last))


NOTHING = History(np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0, np.bool_))


def history_of(
    grid: Grid,
    past: Past,
    agreed: Sequence[Agreed] = (),
    *,
    window: Period,
    policies: Policies,
    on: date,
    zone: tzinfo,
) -> History:
    """The outages of the loads of `grid` that begin in `window` and count, by the rules in force `on` a day."""
    subjects, consumers = past.rows.subjects, grid.network.tables["consumers"].column("consumer_id").combine_chunks()
    records = _joined(starts(past.rows.begun_in(window)), _to_come(past.rows, agreed, window))
    kept = recorded(records, subjects, policies=policies, on=on, zone=zone, major=past.major)
    load = np.asarray(pc.fill_null(pc.index_in(subjects.ids, value_set=consumers), -1), np.int32)[records.subject]
    kept &= load >= 0
    load, start_s, arranged = load[kept], records.start_s[kept], records.prearranged[kept]
    order = np.lexsort((~arranged, start_s, load))
    return History(load[order], start_s[order], arranged[order])


def _to_come(rows: Interruptions, agreed: Sequence[Agreed], window: Period) -> Starts:
    """A row for each agreed outage that begins in `window` and each of its loads the ledger does not name in it."""
    coming = [one for one in agreed if window.contains(one.start)]
    names = pa.concat_arrays([pa.array([], pa.string()), *(one.consumer_ids for one in coming)])
    ids = pa.array([one.outage_id for one in coming], pa.string())
    event = np.asarray(pc.fill_null(pc.index_in(ids, value_set=rows.events.ids), -1), np.int32)
    event = np.where(event < 0, len(rows.events) + np.arange(len(coming)), event).astype(np.int32)
    outage = np.repeat(np.arange(len(coming)), [len(one.consumer_ids) for one in coming])
    subject = np.asarray(pc.fill_null(pc.index_in(names, value_set=rows.subjects.ids), -1), np.int64)
    begin = np.array([epoch_s(one.start) for one in coming], np.int64)
    arranged = np.array([one.nature.arranged for one in coming], np.bool_)
    minutes = np.concatenate([np.zeros(0), *(one.minutes for one in coming)])
    same = np.isin(rows.event, event)
    told = _pairs(rows.event[same].astype(np.int64), rows.subject[same], len(rows.subjects))
    new = (subject >= 0) & ~np.isin(_pairs(event[outage].astype(np.int64), subject, len(rows.subjects)), told)
    mine, who = outage[new], subject[new].astype(np.int32)
    seconds, many = np.rint(minutes[new] * 60).astype(np.int64), np.bincount(mine, minlength=len(coming))
    return Starts(who, begin[mine], seconds, event[mine], arranged[mine], many[mine])


def _pairs(event: Seconds, subject: Any, subjects: int) -> Seconds:
    """One number for each event and subject."""
    return np.asarray(event * subjects + subject, np.int64)


def _joined(one: Starts, other: Starts) -> Starts:
    return Starts(*(np.concatenate([getattr(one, name), getattr(other, name)]) for name in Starts.__dataclass_fields__))


def days_by_section(grid: Grid, history: History, *, first: date, policies: Policies, zone: tzinfo) -> dict[int, Days]:
    """What of the past a month plan reads, for the month that begins on `first`: outages of the worst customer of each
    section that began before it in its year, those within the merging span of the one before left out."""
    year, begin = (epoch_s(datetime.combine(day, time(), zone)) for day in (date(first.year, 1, 1), first))
    gap_s = most(policies.row("rep.merge_gap", on=first), per=3600)
    inside = (history.start_s >= year) & (history.start_s < begin)
    section = grid.section_of_node[grid.consumer_node]
    columns = (history.consumer[inside], history.start_s[inside], history.arranged[inside])
    kept: dict[int, list[tuple[int, bool]]] = {}
    for load, start, planned in zip(*(column.tolist() for column in columns), strict=True):
        mine = kept.setdefault(load, [])
        if not mine or start - mine[-1][0] > gap_s:
            mine.append((start, planned))
    found: dict[int, Days] = {}
    for load, rows in kept.items():
        counted = tuple((start - begin) // DAY_S for start, _ in rows), sum(planned for _, planned in rows)
        here = int(section[load])
        found[here] = worst_days([counted, found.get(here, counted)])
    return found


def worst_days(several: Iterable[Days]) -> Days:
    """The most outages, then the most pre-arranged ones, then the latest: no order of customers decides.

    >>> worst_days([((-10,), 1), ((-40, -30), 0)])
    ((-40, -30), 0)
    """
    return max(several, key=lambda one: (len(one[0]), one[1], one[0]), default=((), 0))
