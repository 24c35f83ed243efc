"""Time is UTC and periods are half-open: [start, end). Two outages that touch do not overlap; no minute is counted twice.

>>> day = Period(utc("2026-06-01T00:00Z"), utc("2026-06-02T00:00Z"))
>>> day.hours
24.0
>>> day.overlaps(Period(day.end, utc("2026-06-02T01:00Z")))
False
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


def utc(text: str) -> datetime:
    """Read an ISO 8601 instant that names its offset, as UTC. ValueError when the offset is missing.

    >>> utc("2026-06-01T08:00+08:00")
    datetime.datetime(2026, 6, 1, 0, 0, tzinfo=datetime.timezone.utc)
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} names no offset: write +08:00 or Z")
    return instant.astimezone(UTC)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The half-open period [start, end) between two aware instants; ValueError when naive or when it would be empty."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a period needs instants with an offset")
        if self.end <= self.start:
            raise ValueError(f"a period must end after it starts: {self.start.isoformat()} .. {self.end.isoformat()}")

    @property
    def duration(self) -> timedelta:
        """Length of the period."""
        return self.end - self.start

    @property
    def hours(self) -> float:
        """Length in hours."""
        return self.duration / timedelta(hours=1)

    def overlaps(self, other: "Period") -> bool:
        """True when both share at least an instant."""
        return self.start < other.end and other.start < self.end

    def contains(self, instant: datetime) -> bool:
        """True for start <= instant < end."""
        return self.start <= instant < self.end

    def intersection(self, other: "Period") -> "Period | None":
        """The shared period, or None."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Period(start, end) if start < end else None

    def as_json(self) -> dict[str, str]:
        """ISO 8601 instants in UTC."""
        return {"start": self.start.isoformat(), "end": self.end.isoformat()}
