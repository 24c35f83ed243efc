"""Who divides (统计户数): the weight of customers on each base, at the period's end or averaged over its time.

Networks change within a period. Averaged over time, a version counts for the days it was in force; whatever belongs to
no part any more weighs in the part "-".

>>> from everlit.kernel import utc
>>> june = Period(utc("2026-06-01T00:00Z"), utc("2026-07-01T00:00Z"))
>>> time_weighted([(utc("2026-01-01T00:00Z"), {"": 100.0}), (utc("2026-06-16T00:00Z"), {"": 130.0})], june)
{'': 115.0}
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from everlit.kernel import Period
from everlit.ledger.columns import Subjects
from everlit.reliability.model import Base, By, Customers
from everlit.reliability.parts import NOBODY, WHOLE, parts_of_customers
from everlit.reliability.tally import Whole


def weight_of(subjects: Subjects, base: Base, power_w: Whole | None = None) -> Whole:
    """What each customer weighs on a base, integers: units, households, VA, W; `power_w` is his load."""
    if base is Base.UNITS:
        return subjects.units.astype(np.int64)
    if base is Base.HOUSEHOLDS:
        return subjects.households.astype(np.int64)
    if base is Base.KVA:
        return np.rint(subjects.kva * 1000).astype(np.int64)
    return np.zeros(len(subjects), np.int64) if power_w is None else power_w


def customers_by(subjects: Subjects, weight: Whole, by: By | None) -> dict[str, float]:
    """The weight of the customers of each part by its key; the whole, of key "", for what is no part of customers."""
    if by is None or not by.of_customer:
        return {WHOLE.key: float(weight.sum())}
    parts, place = parts_of_customers(subjects, by)
    sums = np.zeros(len(parts), np.int64)
    np.add.at(sums, place, weight)
    return {part.key: float(total) for part, total in zip(parts, sums, strict=True)}


def time_weighted(
    versions: Sequence[tuple[datetime, Mapping[str, float]]], period: Period, known: Sequence[str] = (WHOLE.key,)
) -> dict[str, float]:
    """Customers averaged over a period; `versions` say since when how many, oldest first. `known` are today's parts.

    The first version also stands for the time before it: nobody knows better.
    """
    bounds = [max(period.start, since) for since, _ in versions[1:]]
    begins, ends = [period.start, *bounds], [*bounds, period.end]
    averaged = dict.fromkeys(known, 0.0)
    for begin, end, (_, weights) in zip(begins, ends, versions, strict=True):
        share = (min(end, period.end) - min(begin, period.end)) / period.duration
        for key, weight in weights.items():
            place = key if key in averaged else NOBODY
            averaged[place] = averaged.get(place, 0.0) + share * weight
    return averaged


def in_force(
    versions: Sequence[tuple[int, datetime]], period: Period, convention: Customers
) -> list[tuple[int, datetime]]:
    """The network versions (number, since when), oldest first, whose customers a period has.

    At its end that is one version; averaged over time all that were in force within it. Before the first version was
    known there was it, too.
    """
    before = [one for one in versions if one[1] <= period.start] or list(versions[:1])
    within = [one for one in versions if period.start < one[1] < period.end and one not in before]
    every = [before[-1], *within]
    return every if convention is Customers.TIME_WEIGHTED else every[-1:]
