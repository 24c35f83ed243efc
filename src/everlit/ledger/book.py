"""The book of a period (台账): recorded statements and their rows, and the interruptions they come to.

The rows speak of subjects by their number in the register, which a network that is loaded anew does not change.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from everlit.grid.columns import Ints
from everlit.kernel import Period
from everlit.ledger.columns import Events, Interruptions, Subjects, epoch_s
from everlit.ledger.reading import CAUSES, NATURES
from everlit.ledger.settle import Darkness, settle
from everlit.ledger.statement import Statements, events_of, precedences, standing


@dataclass(frozen=True, slots=True)
class Recorded:
    """A statement as the store keeps it, with what decides between statements."""

    number: int
    event_id: str
    nature: str
    cause: str
    source: str
    source_ref: str
    revision: int
    whole: bool
    content_hash: str
    starts_s: int


@dataclass(frozen=True, eq=False)
class Book:
    """Statements in the order of their numbers, and their rows: owners index `statements`, subjects are register numbers."""

    statements: Statements
    rows: Darkness


def book(recorded: Sequence[Recorded], rows: Darkness) -> Book:
    """A book from statements and their rows, whose owners are the statements' numbers; rows of others are left out."""
    ordered = sorted(recorded, key=lambda one: one.number)
    names = sorted({one.event_id for one in ordered})
    place = {name: index for index, name in enumerate(names)}
    event = np.array([place[one.event_id] for one in ordered], np.int32)
    natures = {leaf.value: code for code, leaf in enumerate(NATURES)}
    causes = {leaf.value: code for code, leaf in enumerate(CAUSES)}
    statements = Statements(
        pa.array(names, pa.string()),
        event,
        np.array([natures[one.nature] for one in ordered], np.int8),
        np.array([causes[one.cause] for one in ordered], np.int8),
        np.array([one.whole for one in ordered], np.bool_),
        precedences(event, [(one.revision, one.source, one.content_hash, one.source_ref) for one in ordered]),
    )
    numbers = np.array([one.number for one in ordered], np.int32)
    owner = np.searchsorted(numbers, rows.owner).astype(np.int32)
    known = np.append(numbers, np.int32(-1))[owner] == rows.owner
    return Book(statements, Darkness(rows.subject, rows.start_s, rows.end_s, owner).take(known))


def interruptions(told: Book, subjects: Subjects, place: Ints, period: Period) -> Interruptions:
    """What touches `period`, settled, with true starts and ends; `place` leads from register number to subject, or -1."""
    mine = place[told.rows.subject]
    rows = Darkness(mine, told.rows.start_s, told.rows.end_s, told.rows.owner).take(mine >= 0)
    settled = settle(standing(rows, told.statements))
    first, last = epoch_s(period.start), epoch_s(period.end)
    settled = settled.take((settled.start_s < last) & (settled.end_s > first))
    used = np.flatnonzero(np.bincount(settled.owner, minlength=len(told.statements.event_ids)))
    renumbered = np.zeros(len(told.statements.event_ids) + 1, np.int32)
    renumbered[used] = np.arange(len(used), dtype=np.int32)
    every = events_of(told.statements)
    events = Events(every.ids.take(pa.array(used)), every.nature[used], every.cause[used])
    return Interruptions(
        subjects, events, settled.subject, settled.start_s, settled.end_s, renumbered[settled.owner]
    )  # fmt: skip


def earlier(rows: Darkness, before_s: int, among: Ints | None) -> tuple[int, Ints] | None:
    """How far back rows reach that span the instant `before_s`, and whose they are; None when none do.

    What came before a period decides to which event its first instant belongs, but only for who was dead then.
    """
    spanning = (rows.start_s < before_s) & (rows.end_s > before_s)
    if among is not None:
        spanning &= np.isin(rows.subject, among)
    if not spanning.any():
        return None
    return int(rows.start_s[spanning].min()), np.unique(rows.subject[spanning])
