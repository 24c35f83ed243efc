"""Who is told (通知对象): the loads dark along the simulated path of the final plan, and the accounts behind them.

    assessment: patterns of dead minutes ─► spans as told (widened to whole five minutes) ─► groups of loads
    account sure to hang there            ─► told that it will be dark
    account that perhaps hangs there      ─► told that it may be affected, and listed apart

An account is dark with probability Σ pᵢ over the dark places where it may hang. From `certain` on it counts as dark, below
`least` it is left in peace, between the two it is told that it may be affected (户变关系存疑时扩大告知).
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from everlit.notices.model import Group, Spans


def spans_told(start: datetime, pattern: Sequence[Sequence[float]], *, rounding_min: float) -> Spans:
    """The dead minutes of a pattern after `start` as people are told them: widened to multiples of `rounding_min`,
    and joined where that makes them touch. Never narrower than the truth.

    >>> from everlit.kernel import utc
    >>> from everlit.notices.model import seconds
    >>> eight = utc("2026-06-10T08:00+08:00")
    >>> spans = spans_told(eight, [[12.0, 14.5], [16.0, 18.0], [470.2, 473.0]], rounding_min=5)
    >>> [((a - seconds(eight)) / 60, (b - seconds(eight)) / 60) for a, b in spans]
    [(10.0, 20.0), (470.0, 475.0)]
    """
    grain = max(round(rounding_min * 60), 1)
    told: list[tuple[int, int]] = []
    for from_min, to_min in pattern:
        first, last = (start + timedelta(minutes=float(minute)) for minute in (from_min, to_min))
        begin = math.floor(first.timestamp() / grain + 1e-9) * grain
        end = max(math.ceil(last.timestamp() / grain - 1e-9) * grain, begin + grain)
        if told and begin <= told[-1][1]:
            told[-1] = (told[-1][0], max(told[-1][1], end))
        else:
            told.append((begin, end))
    return tuple(told)


def groups_of(assessment: Mapping[str, Any], *, rounding_min: float) -> tuple[Group, ...]:
    """The loads of a stored assessment (`patterns`, `households`, `start`) by the spans they are told."""
    start = datetime.fromisoformat(assessment["start"])
    told = [spans_told(start, sorted(pattern), rounding_min=rounding_min) for pattern in assessment["patterns"]]
    loads: dict[Spans, list[str]] = defaultdict(list)
    for row in assessment["households"]:
        if told[row["pattern"]]:
            loads[told[row["pattern"]]].append(row["consumer_id"])
    return tuple(Group(spans, tuple(names)) for spans, names in sorted(loads.items()))


def spans_at(groups: Iterable[Group], loads: set[str]) -> dict[str, Spans]:
    """The times of those of some loads that are dark; an outage may have half a million others."""
    return {name: group.spans for group in groups for name in loads.intersection(group.consumer_ids)}


@dataclass(frozen=True, slots=True)
class Place:
    """One place where an account may hang, with its probability."""

    account_no: int
    consumer_id: str
    probability: float


@dataclass(frozen=True, slots=True)
class Concerned:
    """An account that is told, when it is dark, and whether that is certain."""

    account_no: int
    spans: Spans
    certain: bool


def widened(
    places: Iterable[Place], groups: Sequence[Group], *, whole: Spans, certain: float, least: float
) -> list[Concerned]:
    """The accounts among those whose place is in doubt that are told, by number.

    Where the dark places agree on the times, these are told, else the whole announced period.

    >>> dark = Group(((0, 60),), ("c1", "c2"))
    >>> doubt = [Place(1, "c1", 0.8), Place(1, "c9", 0.2), Place(2, "c9", 0.8), Place(2, "c2", 0.2)]
    >>> doubt += [Place(3, "c1", 0.6), Place(3, "c2", 0.4), Place(4, "c9", 1.0)]
    >>> [(one.account_no, one.certain) for one in widened(doubt, [dark], whole=((0, 90),), certain=0.9, least=0.05)]
    [(1, False), (2, False), (3, True)]
    """
    places = list(places)
    spans_of = spans_at(groups, {place.consumer_id for place in places})
    chances: dict[int, float] = defaultdict(float)
    times: dict[int, set[Spans]] = defaultdict(set)
    for place in places:
        if place.consumer_id in spans_of:
            chances[place.account_no] += place.probability
            times[place.account_no].add(spans_of[place.consumer_id])
    return [
        Concerned(number, times[number].pop() if len(times[number]) == 1 else whole, chance >= certain - 1e-9)
        for number, chance in sorted(chances.items())
        if chance >= least - 1e-9
    ]
