"""Statements (停电记录): who says that which subjects were off, in which event, of which nature, and which word counts.

Of several statements about one event and subject the one of the highest revision counts, then of the source that knows
best (`SOURCES`), then by content; never by arrival. A statement may be *whole*: it names everyone the event kept dark,
so that of the others it is said that they were not off; a withdrawal is a whole statement that names nobody. A row
that ends where it begins says that a subject was *not* off.

    revision 1  steps       A ├────────┤   B ├────┤   C ├──┤
    revision 2  correction  A ├────┤       B │                    stands: A to the shorter end, B not at all, C as said
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from everlit.grid.columns import Bools, Ints
from everlit.ledger.columns import Codes, Events
from everlit.ledger.model import Cause, Nature
from everlit.ledger.settle import Darkness

SOURCES = ("import", "crew", "meter", "scada", "steps", "correction")
"""Known sources, the better one later: history, a crew's word, meter events, SCADA, switching steps, a correction."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement as it was recorded: what it says of the event, who says it, since when it is known, and why."""

    number: int
    event_id: str
    nature: Nature
    cause: Cause
    source: str
    source_ref: str
    revision: int
    whole: bool
    rows: int
    known_at: datetime
    actor: str
    reason: str

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "number": self.number,
            "event": self.event_id,
            "nature": self.nature.value,
            "cause": self.cause.value,
            "source": self.source,
            "source_ref": self.source_ref,
            "revision": self.revision,
            "whole": self.whole,
            "rows": self.rows,
            "known_at": self.known_at.isoformat(),
            "actor": self.actor,
            "reason": self.reason,
        }


@dataclass(frozen=True, eq=False)
class Drafts:
    """Statements about to be recorded, [n]; the owners of the rows are statements, their subjects rows of a roster.

    The rows of one statement are settled: disjoint for a subject.
    """

    event_ids: Sequence[str]
    nature: Codes
    cause: Codes
    source: Sequence[str]
    source_ref: Sequence[str]
    revision: Ints
    whole: Bools
    rows: Darkness

    def __len__(self) -> int:
        return len(self.event_ids)


@dataclass(frozen=True, eq=False)
class Statements:
    """Recorded statements, [n]: `event` indexes the sorted `event_ids`; of one event the higher `precedence` counts."""

    event_ids: pa.Array
    event: Ints
    nature: Codes
    cause: Codes
    whole: Bools
    precedence: Ints


def rank(source: str) -> int:
    """How well a source knows; sources nobody has ranked know least.

    >>> rank("scada") > rank("import") > rank("a spreadsheet")
    True
    """
    return SOURCES.index(source) if source in SOURCES else -1


def weight(revision: int, source: str, content_hash: str, source_ref: str) -> tuple[int, int, str, str, str]:
    """What decides between statements of one event: the greater counts."""
    return revision, rank(source), content_hash, source_ref, source


def precedences(event: Ints, words: Callable[[int], tuple[int, str, str, str]]) -> Ints:
    """Precedence of each statement of `event`; `words` gives revision, source, content hash and source reference of one.

    >>> said = [(1, "steps", "b", ""), (1, "scada", "a", ""), (1, "import", "c", "")]
    >>> precedences(np.array([0, 0, 1]), said.__getitem__).tolist()
    [1, 0, 0]
    """
    precedence = np.zeros(len(event), np.int32)
    contested = np.flatnonzero(_contested(event)[event]).tolist()
    seen: dict[int, int] = {}
    for one in sorted(contested, key=lambda one: weight(*words(one))):
        of = int(event[one])
        precedence[one] = seen[of] = seen.get(of, -1) + 1
    return precedence


def standing(said: Darkness, statements: Statements) -> Darkness:
    """The rows that stand, their owners now events: of each event and subject the word that counts.

    Rows by which a subject was not off stay in, empty; `settle` drops them.
    """
    event = statements.event[said.owner].astype(np.int32)
    disputed = _contested(statements.event)[event]
    if not disputed.any():
        return Darkness(said.subject, said.start_s, said.end_s, event)
    floor = np.full(len(statements.event_ids), -1, np.int32)
    np.maximum.at(floor, statements.event[statements.whole], statements.precedence[statements.whole])
    precedence = statements.precedence[said.owner]
    stands = precedence >= floor[event]
    rows = np.flatnonzero(disputed & stands)
    key = event[rows].astype(np.int64) * (int(said.subject.max(initial=0)) + 1) + said.subject[rows]
    found, group = np.unique(key, return_inverse=True)
    best = np.full(len(found), -1, np.int32)
    np.maximum.at(best, group, precedence[rows])
    stands[rows] = precedence[rows] == best[group]
    return Darkness(said.subject, said.start_s, said.end_s, event).take(stands)


def events_of(statements: Statements) -> Events:
    """Every event with the nature and cause its highest statement gives it."""
    chosen = np.zeros(len(statements.event_ids), np.int64)
    order = np.argsort(statements.precedence, kind="stable")
    chosen[statements.event[order]] = order
    return Events(statements.event_ids, statements.nature[chosen], statements.cause[chosen])


def _contested(event: Ints) -> Bools:
    """Per event: whether more than one statement speaks of it."""
    return np.bincount(event, minlength=1) > 1
