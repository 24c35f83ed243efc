"""One meter's story (用户停电履历): what happened to it and what its customers were told, on one time line.

Interruptions come from the ledger, notices from the outbox, both as known at an instant. An interruption says how long
before it the first word about its event was sent; a notice without one says what did not come, or has not come yet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from everlit.ledger.timeline import Spell

YEAR_WIDTH, ROW, BAR = 1000.0, 26.0, 14.0
THINNEST = 2.2
"""Units an interruption of seconds is drawn wide."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One message of an account: about which event, of which kind, on which way, in which state, sent (or queued) when."""

    account: str
    event_id: str
    kind: str
    version: int
    channel: str
    state: str
    at: datetime
    sent: bool
    certain: bool
    delegate: str
    spans: tuple[tuple[datetime, datetime], ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """One place on the time line: an interruption, or a notice. `told_before` is when the first word was sent."""

    at: datetime
    spell: Spell | None = None
    notice: Notice | None = None
    told_before: datetime | None = None


def notice(row: Mapping[str, Any], account: str) -> Notice:
    """A message as the notices service tells it."""
    spans = tuple((datetime.fromisoformat(first), datetime.fromisoformat(last)) for first, last in row["spans"])
    return Notice(
        account, row["event_id"], row["kind"], row["version"], row["channel"], row["state"],
        datetime.fromisoformat(row["sent_at"] or row["queued_at"]), bool(row["sent_at"]), row["certain"],
        row["delegate"], spans,
    )  # fmt: skip


def story(spells: Sequence[Spell], notices: Sequence[Notice]) -> list[Moment]:
    """Everything on one line, newest first; of two things at one instant the interruption stands above."""
    first: dict[str, datetime] = {}
    for one in notices:
        if one.sent:
            first[one.event_id] = min(one.at, first.get(one.event_id, one.at))
    moments = [
        Moment(spell.start, spell=spell, told_before=_before(first.get(spell.event_id), spell)) for spell in spells
    ]
    moments += [Moment(one.at, notice=one) for one in notices]
    return sorted(moments, key=lambda one: (one.at, one.spell is not None), reverse=True)


def _before(told: datetime | None, spell: Spell) -> datetime | None:
    return told if told is not None and told < spell.start else None


@dataclass(frozen=True, slots=True)
class Strip:
    """A year on one line: bars of darkness (left, width) and ticks of notices, of `YEAR_WIDTH`."""

    year: int
    bars: tuple[tuple[float, float], ...]
    ticks: tuple[float, ...]
    times: int
    hours: float


def strips(moments: Sequence[Moment], zone: tzinfo, *, this_year: int) -> list[Strip]:
    """The years with anything in them and this one, newest first; an interruption counts where it began.

    >>> from datetime import UTC
    >>> from everlit.ledger.model import Cause, Nature
    >>> start = datetime(2026, 7, 2, 12, tzinfo=UTC)
    >>> off = Spell(start, start.replace(hour=14), "E", Nature.FAULT_INTERNAL, Cause.UNKNOWN)
    >>> [
    ...     (one.year, one.times, one.hours, round(one.bars[0][0]))
    ...     for one in strips(story([off], []), UTC, this_year=2026)
    ... ]
    [(2026, 1, 2.0, 500)]
    """
    years = sorted({one.at.astimezone(zone).year for one in moments} | {this_year}, reverse=True)
    return [_strip(year, [one for one in moments if one.at.astimezone(zone).year == year], zone) for year in years]


def _strip(year: int, moments: Sequence[Moment], zone: tzinfo) -> Strip:
    begin, after = (datetime.combine(date(one, 1, 1), datetime.min.time(), zone) for one in (year, year + 1))
    whole = (after - begin).total_seconds()

    def place(at: datetime) -> float:
        return YEAR_WIDTH * min(max((at - begin).total_seconds() / whole, 0.0), 1.0)

    spells = [one.spell for one in moments if one.spell is not None]
    bars = tuple((place(one.start), max(place(one.end) - place(one.start), THINNEST)) for one in spells)
    hours = sum((one.end - one.start).total_seconds() for one in spells) / 3600
    ticks = tuple(place(one.at) for one in moments if one.notice is not None)
    return Strip(year, bars, ticks, len(spells), hours)
