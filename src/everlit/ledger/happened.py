"""The events of a period (停电事件): when, of which nature, in how many segments, who was off, and customer-hours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from everlit.ledger.columns import Interruptions
from everlit.ledger.model import CAUSES, NATURES, Cause, Nature, SubjectKind
from everlit.ledger.segments import Segments, segments
from everlit.ledger.statement import Statement

HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Happened:
    """One event: customers are distinct, hours are sums over all its intervals, never mixed between the bases."""

    event_id: str
    nature: Nature
    cause: Cause
    start: datetime
    end: datetime
    segments: int
    usage_points: int
    households: int
    units: int
    kva: float
    household_hours: float
    unit_hours: float

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "event": self.event_id,
            "nature": self.nature.value,
            "nature_label": self.nature.label.as_json(),
            "cause": self.cause.value,
            "cause_label": self.cause.label.as_json(),
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "segments": self.segments,
            "usage_points": self.usage_points,
            "households": self.households,
            "units": self.units,
            "kva": round(self.kva, 3),
            "household_hours": round(self.household_hours, 6),
            "unit_hours": round(self.unit_hours, 6),
        }


@dataclass(frozen=True, eq=False)
class Event:
    """One event: everything said about it, and its segments as settled, of usage points and of MV units."""

    statements: Sequence[Statement]
    segments: Mapping[SubjectKind, Segments]


@dataclass(frozen=True, slots=True)
class _Sums:
    """Of each event by identity: distinct subjects and their weights, customer-hours, first off, last on, segments."""

    customers: dict[str, tuple[int, int, int, float]]
    hours: dict[str, tuple[float, float]]
    span: dict[str, tuple[int, int, int]]


def happened(points: Interruptions, units: Interruptions) -> list[Happened]:
    """The events in the interruptions of usage points and of MV units, in order of time."""
    leaves = {
        event: (NATURES[nature], CAUSES[cause])
        for rows in (units, points)
        for event, nature, cause in zip(
            rows.events.ids.to_pylist(), rows.events.nature.tolist(), rows.events.cause.tolist(), strict=True
        )
    }
    low, medium = _sums(points), _sums(units)
    found = [_event(event, *leaves[event], low, medium) for event in leaves]
    return sorted(found, key=lambda one: (one.start, one.event_id))


def _sums(rows: Interruptions) -> _Sums:
    names, parts = rows.events.ids.to_pylist(), segments(rows)
    pairs = np.unique(rows.event.astype(np.int64) * (len(rows.subjects) + 1) + rows.subject)
    event, who = pairs // (len(rows.subjects) + 1), pairs % (len(rows.subjects) + 1)
    n, subjects = len(names), rows.subjects
    weights: list[Any] = [np.ones(len(subjects)), subjects.households, subjects.units, subjects.kva]
    count, households, units, kva = (np.bincount(event, weight[who], n).tolist() for weight in weights)
    hours = (parts.end_s - parts.start_s) / HOUR_S
    household_h, unit_h = (
        np.bincount(parts.event, base * hours, n).tolist() for base in (parts.households, parts.units)
    )
    first, last = np.full(n, np.iinfo(np.int64).max), np.full(n, np.iinfo(np.int64).min)
    np.minimum.at(first, rows.event, rows.start_s)
    np.maximum.at(last, rows.event, rows.end_s)
    many = np.bincount(parts.event, minlength=n).tolist()
    customers = {
        name: (int(count[k]), int(households[k]), int(units[k]), float(kva[k])) for k, name in enumerate(names)
    }
    span = {name: (int(first[k]), int(last[k]), int(many[k])) for k, name in enumerate(names)}
    return _Sums(customers, {name: (household_h[k], unit_h[k]) for k, name in enumerate(names)}, span)


def _event(event: str, nature: Nature, cause: Cause, low: _Sums, medium: _Sums) -> Happened:
    spans = [sums.span[event] for sums in (low, medium) if event in sums.span]
    points, households, _, _ = low.customers.get(event, (0, 0, 0, 0.0))
    _, _, units, kva = medium.customers.get(event, (0, 0, 0, 0.0))
    start, end = (
        datetime.fromtimestamp(at, UTC) for at in (min(one[0] for one in spans), max(one[1] for one in spans))
    )
    household_h, unit_h = low.hours.get(event, (0.0, 0.0))[0], medium.hours.get(event, (0.0, 0.0))[1]
    return Happened(
        event, nature, cause, start, end, max(one[2] for one in spans), points, households, units, kva, household_h, unit_h
    )  # fmt: skip


def segments_json(parts: Segments) -> Sequence[dict[str, Any]]:
    """Segments as the API shows them."""
    columns = (parts.start_s, parts.end_s, parts.customers, parts.households, parts.units, parts.kva)
    names = parts.events.ids.take(parts.event).to_pylist()
    return [
        {
            "event": name,
            "start": datetime.fromtimestamp(start, UTC).isoformat(),
            "end": datetime.fromtimestamp(end, UTC).isoformat(),
            "customers": customers,
            "households": households,
            "units": units,
            "kva": round(kva, 3),
        }
        for name, start, end, customers, households, units, kva in zip(
            names, *(column.tolist() for column in columns), strict=True
        )
    ]
