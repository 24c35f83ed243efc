"""What happened to this meter (停电履历): every interval it was dead, and everything that was ever said of it.

What was said and does not count any longer stays in sight: superseded by a higher revision or a better source, denied,
or swallowed by the darkness of another event.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from everlit.ledger.book import Book
from everlit.ledger.model import CAUSES, NATURES, Cause, Nature, SubjectKind
from everlit.ledger.settle import settle
from everlit.ledger.statement import Statement, events_of, standing


@dataclass(frozen=True, slots=True)
class Spell:
    """One dead interval of a subject, as settled."""

    start: datetime
    end: datetime
    event_id: str
    nature: Nature
    cause: Cause

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "seconds": int((self.end - self.start).total_seconds()),
            "event": self.event_id,
            "nature": self.nature.value,
            "nature_label": self.nature.label.as_json(),
            "cause": self.cause.value,
            "cause_label": self.cause.label.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Said:
    """What one statement says of a subject, and whether it stands; an empty list: it was not off."""

    statement: Statement
    off: tuple[tuple[datetime, datetime], ...]
    stands: bool

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        off = [{"start": start.isoformat(), "end": end.isoformat()} for start, end in self.off]
        return {**self.statement.as_json(), "off": off, "stands": self.stands}


@dataclass(frozen=True, slots=True)
class Timeline:
    """The story of one subject: its dead intervals in order of time, what was said in order of recording."""

    subject_id: str
    kind: SubjectKind
    spells: tuple[Spell, ...]
    said: tuple[Said, ...]

    def as_json(self) -> dict[str, Any]:
        """As the API and `everlit ledger show --json` show it."""
        return {
            "subject": self.subject_id,
            "kind": self.kind.value,
            "spells": [spell.as_json() for spell in self.spells],
            "said": [one.as_json() for one in self.said],
        }


def timeline(told: Book, statements: Sequence[Statement], *, subject_id: str, kind: SubjectKind) -> Timeline:
    """The story of a subject from a book of its rows alone; `statements` are those of the book, in its order."""
    events = events_of(told.statements)
    stood = standing(told.rows, told.statements)
    settled = settle(stood)
    names = events.ids.to_pylist()
    spells = tuple(
        Spell(_at(start), _at(end), names[event], NATURES[events.nature[event]], CAUSES[events.cause[event]])
        for start, end, event in zip(
            settled.start_s.tolist(), settled.end_s.tolist(), settled.owner.tolist(), strict=True
        )
    )
    said = tuple(_said(told, one, statement) for one, statement in enumerate(statements))
    return Timeline(subject_id, kind, spells, said)


def _said(told: Book, one: int, statement: Statement) -> Said:
    """A statement counts for a subject when no other of its event has a higher precedence and says something of it."""
    rows = told.rows.take(told.rows.owner == one)
    order = np.argsort(rows.start_s, kind="stable")
    pairs = zip(rows.start_s[order].tolist(), rows.end_s[order].tolist(), strict=True)
    speaks = np.isin(np.arange(len(told.statements.event)), told.rows.owner) | told.statements.whole
    rivals = speaks & (told.statements.event == told.statements.event[one])
    stands = bool(speaks[one]) and told.statements.precedence[one] == told.statements.precedence[rivals].max()
    return Said(statement, tuple((_at(start), _at(end)) for start, end in pairs if end > start), bool(stands))


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
