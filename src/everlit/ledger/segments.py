"""Segments (停电分段) and starts: who shares off and on time in an event, and how often each subject was put out.

A feeder fault that is restored in three steps is one event of three segments. The sum over segments is the sum over
customers, because both are sums over the same rows.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from everlit.grid.columns import Bools, Floats, Ints
from everlit.ledger.columns import Events, Interruptions, Seconds
from everlit.ledger.model import Nature

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Segments:
    """Per segment: event, off and on, and how many shared them, [s]; sorted by event, off, on."""

    events: Events
    event: Ints
    start_s: Seconds
    end_s: Seconds
    customers: Counts
    households: Counts
    units: Counts
    kva: Floats

    def __len__(self) -> int:
        return len(self.event)

    def select(self, chosen: Bools) -> "Segments":
        """The segments where `chosen` holds."""
        columns = ("event", "start_s", "end_s", "customers", "households", "units", "kva")
        return replace(self, **{name: getattr(self, name)[chosen] for name in columns})

    def customer_s(self, base: str = "customers") -> Any:
        """Customer-seconds on a base: customers, households, units or kva."""
        return (getattr(self, base) * (self.end_s - self.start_s)).sum()


def segments(rows: Interruptions) -> Segments:
    """The segments of some interruptions."""
    order = np.lexsort((rows.end_s, rows.start_s, rows.event))
    event, start, end = rows.event[order], rows.start_s[order], rows.end_s[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (event[1:] != event[:-1]) | (start[1:] != start[:-1]) | (end[1:] != end[:-1])
    first, who = np.flatnonzero(new), rows.subject[order]

    def summed(values: npt.NDArray[Any]) -> Any:
        return np.add.reduceat(values, first) if len(first) else values[:0]

    subjects = rows.subjects
    return Segments(
        rows.events, event[first], start[first], end[first], summed(np.ones(len(order), np.int64)),
        summed(subjects.households[who].astype(np.int64)), summed(subjects.units[who].astype(np.int64)),
        summed(subjects.kva[who]),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Starts:
    """One row for each event that put a subject out, [p], sorted by subject, then start.

    `seconds` is all its darkness for that subject, `customers` how many subjects the event put out in all.
    """

    subject: Ints
    start_s: Seconds
    seconds: Seconds
    event: Ints
    prearranged: Bools
    customers: Counts


def starts(rows: Interruptions) -> Starts:
    """How often each subject was put out: an event counts once for a subject, however many operations it took."""
    order = np.lexsort((rows.start_s, rows.event, rows.subject))
    subject, event = rows.subject[order], rows.event[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (subject[1:] != subject[:-1]) | (event[1:] != event[:-1])
    first = np.flatnonzero(new)
    seconds = np.add.reduceat(rows.seconds[order], first) if len(first) else rows.seconds[:0]
    begun, event, subject = rows.start_s[order][first], event[first], subject[first]
    again = np.lexsort((event, begun, subject))
    prearranged = np.array([nature.prearranged for nature in Nature])[rows.events.nature]
    customers = np.bincount(event, minlength=len(rows.events))
    event = event[again]
    return Starts(subject[again], begun[again], seconds[again], event, prearranged[event], customers[event])
