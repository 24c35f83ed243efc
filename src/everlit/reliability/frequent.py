"""Who is interrupted too often (频繁停电用户, 频繁停电线路), this year until today, read from the ledger.

A record is one event that put one user out. Records are dropped, merged and counted by `repeats`; here stands what the
rule says of the records themselves, and what follows from the counts: reason, warning list, feeders. A frequent user or
feeder stands in no warning list; a feeder that has dedicated users only (专用线路) stands in none of the feeder lists.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

import numpy as np
import numpy.typing as npt

from everlit.grid import Grid
from everlit.grid.columns import Bools, Ints, codes, floats
from everlit.grid.schema import OWNERSHIPS
from everlit.kernel import Period, Policies
from everlit.ledger.columns import Interruptions, Subjects, epoch_s
from everlit.ledger.segments import Starts, starts
from everlit.reliability.calendar import year_period
from everlit.reliability.policies import most
from everlit.reliability.repeats import (
    COMPLAINT_RULES,
    FREQUENT_RULES,
    WARNING_RULES,
    Counts,
    count_repeats,
    holds,
    spans_of,
)


@dataclass(frozen=True, slots=True)
class FeederRepeats:
    """A feeder with its users above the limits, or close to them; area class and unit are those of most of them."""

    feeder_id: str
    frequent_users: int
    warned_users: int
    frequent: bool
    area_class: int
    unit: str

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {name: getattr(self, name) for name in FeederRepeats.__slots__}


@dataclass(frozen=True, eq=False)
class Frequent:
    """The repeat counts of every user, [n]: `reason` and `warning` are positions of rules, -1 for none."""

    until: datetime
    subjects: Subjects
    counts: Counts
    reason: Ints
    warning: Ints
    complaint: Bools
    feeders: tuple[FeederRepeats, ...]

    def as_json(self, *, most_users: int = 1000) -> dict[str, Any]:
        """As the API shows it: totals, then the users, worst first."""
        frequent, warned = np.flatnonzero(self.reason >= 0), np.flatnonzero(self.warning >= 0)
        users = self.subjects.households
        return {
            "until": self.until.isoformat(),
            "frequent_users": int(users[frequent].sum()),
            "warned_users": int(users[warned].sum()),
            "complaint_users": int(users[self.complaint].sum()),
            "reasons": {key: int(users[self.reason == place].sum()) for place, (key, _) in enumerate(FREQUENT_RULES)},
            "frequent_feeders": [one.as_json() for one in self.feeders if one.frequent],
            "warned_feeders": [one.as_json() for one in self.feeders if not one.frequent],
            "frequent": [self._row(row, self.reason, FREQUENT_RULES) for row in self._worst(frequent)[:most_users]],
            "warned": [self._row(row, self.warning, WARNING_RULES) for row in self._worst(warned)[:most_users]],
        }

    def _worst(self, rows: npt.NDArray[np.int64]) -> list[int]:
        order = np.lexsort((rows, -self.counts.window[rows], -self.counts.year[rows]))
        return [int(row) for row in rows[order]]

    def _row(self, row: int, rule: Ints, rules: Sequence[tuple[str, str]]) -> dict[str, Any]:
        feeder = int(self.subjects.feeder[row])
        return {
            "subject": self.subjects.ids[row].as_py(),
            "feeder": self.subjects.feeder_ids[feeder].as_py() if feeder >= 0 else "",
            "users": int(self.subjects.households[row]),
            "rule": rules[int(rule[row])][0],
            **{
                name: int(getattr(self.counts, name)[row]) for name in ("year", "window", "planned", "last30", "last50")
            },
        }


def frequent(
    rows: Interruptions,
    *,
    now: datetime,
    policies: Policies,
    zone: tzinfo,
    major: Collection[date] = (),
    dedicated: Bools | None = None,
) -> Frequent:
    """The counts of the local year of `now`, until then. `rows` are dead intervals of usage points that touch the year.

    `major` are its major event days; `dedicated` says per user whether he has plant of his own (MV customers unless told).
    """
    today = now.astimezone(zone).date()
    begun = rows.begun_in(Period(year_period(today.year, zone).start, now + timedelta(seconds=1)))
    records = starts(begun)
    kept = recorded(records, begun.subjects, policies=policies, on=today, zone=zone, major=major)
    counts = count_repeats(
        records.subject[kept],
        records.start_s[kept],
        records.prearranged[kept],
        units=len(begun.subjects),
        now_s=epoch_s(now),
        spans=spans_of(policies, on=today),
    )
    reason = holds(counts, FREQUENT_RULES, policies=policies, on=today)
    warning = np.where(reason >= 0, -1, holds(counts, WARNING_RULES, policies=policies, on=today)).astype(np.int32)
    own = begun.subjects.units > 0 if dedicated is None else dedicated
    complaint = holds(counts, COMPLAINT_RULES, policies=policies, on=today) >= 0
    feeders = _feeders(begun.subjects, reason >= 0, warning >= 0, own, policies, today)
    return Frequent(now, begun.subjects, counts, reason, warning, complaint, feeders)


def recorded(
    records: Starts, subjects: Subjects, *, policies: Policies, on: date, zone: tzinfo, major: Collection[date] = ()
) -> Bools:
    """The records that count: long enough, not on a major event day, not of one single user; [records]."""
    short = records.seconds <= most(policies.row("rep.min_duration", on=on), per=60)
    events = int(records.event.max(initial=-1)) + 1
    users = np.bincount(records.event, subjects.households[records.subject], events)
    alone = users[records.event] <= most(policies.row("rep.single_user_excluded", on=on))
    on_major = np.zeros(len(records.subject), np.bool_)
    if policies.value("rep.major_days_excluded", on=on) == 1:
        for day in major:
            begin, end = (epoch_s(datetime.combine(one, time(), zone)) for one in (day, day + timedelta(days=1)))
            on_major |= (records.start_s >= begin) & (records.start_s < end)
    return ~(short | alone | on_major)


def dedicated_users(grid: Grid) -> Bools:
    """Users with plant of their own (专用用户), [consumers]: MV customers, and whoever hangs under a customer's transformer."""
    transformers, consumers = grid.network.tables["transformers"], grid.network.tables["consumers"]
    own = floats(consumers, "mv_units") > 0
    theirs = np.flatnonzero(codes(transformers, "ownership", OWNERSHIPS) == OWNERSHIPS.index("customer"))
    under = np.zeros(grid.n_nodes + 1, np.int64)
    np.add.at(under, grid.transformer_lv[theirs], 1)
    np.add.at(under, grid.node_last[grid.transformer_lv[theirs]], -1)
    return np.asarray(own | (np.cumsum(under)[grid.consumer_node] > 0))


def _feeders(
    subjects: Subjects, is_frequent: Bools, warned: Bools, dedicated: Bools, policies: Policies, on: date
) -> tuple[FeederRepeats, ...]:
    least, users = policies.row("rep.feeder_min_users", on=on), subjects.households.astype(np.int64)
    n = len(subjects.feeder_ids)
    placed = subjects.feeder >= 0

    def by_feeder(chosen: Bools) -> npt.NDArray[np.int64]:
        mine = placed & chosen
        return np.bincount(subjects.feeder[mine], users[mine], n).astype(np.int64)

    public, often, close = by_feeder(~dedicated), by_feeder(is_frequent), by_feeder(warned)
    found = []
    for feeder in np.flatnonzero((public > 0) & (often + close > 0)).tolist():
        if not least.holds(often[feeder]) and not least.holds(close[feeder]):
            continue
        mine = (subjects.feeder == feeder) & (is_frequent if often[feeder] else warned)
        area, unit = (most_frequent(column[mine], users[mine]) for column in (subjects.area_class, subjects.unit))
        found.append(
            FeederRepeats(
                str(subjects.feeder_ids[feeder].as_py()), int(often[feeder]), int(close[feeder]),
                least.holds(often[feeder]), area, str(subjects.unit_names[unit].as_py()) if unit >= 0 else "",
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda one: (-one.frequent_users, -one.warned_users, one.feeder_id)))


def most_frequent(values: npt.NDArray[Any], weight: npt.NDArray[np.int64]) -> int:
    """The value that weighs most, the smallest of those that weigh the same: where areas conflict, the most frequent wins.

    >>> most_frequent(np.array([3, 1, 3, 1, 2]), np.array([1, 1, 1, 1, 2]))
    1
    """
    found, place = np.unique(values, return_inverse=True)
    return int(found[np.argmax(np.bincount(place, weight))])
