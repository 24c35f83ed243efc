"""The book of a period (台账): recorded statements and their rows, and the interruptions they come to.

The rows speak of subjects by their number in the register, which a network that is loaded anew does not change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from everlit.grid.columns import Ints
from everlit.kernel import Period
from everlit.ledger.columns import Codes, Events, Interruptions, Subjects, epoch_s
from everlit.ledger.model import CAUSES, NATURES
from everlit.ledger.settle import Darkness, settle
from everlit.ledger.statement import Statements, events_of, precedences, standing


class Recorded(NamedTuple):
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
    ends_s: int


@dataclass(frozen=True, eq=False)
class Book:
    """Statements in the order of their numbers, and their rows: owners index `statements`, subjects are register numbers."""

    statements: Statements
    rows: Darkness


def book(recorded: Sequence[Recorded], rows: Darkness) -> Book:
    """A book from statements and their rows, whose owners are the statements' numbers; rows of others are left out.

    Statements come in the order of their numbers.
    """
    columns = list(zip(*recorded, strict=True)) or [()] * len(Recorded._fields)
    coded = pa.array(columns[1], pa.string()).dictionary_encode()
    by_name = pc.sort_indices(coded.dictionary)
    rank = np.empty(len(by_name), np.int32)
    rank[np.asarray(by_name)] = np.arange(len(by_name), dtype=np.int32)
    event = rank[np.asarray(coded.indices)]
    statements = Statements(
        coded.dictionary.take(by_name),
        event,
        _codes(columns[2], NATURES),
        _codes(columns[3], CAUSES),
        np.array(columns[7], np.bool_),
        precedences(event, lambda one: _words(recorded[one])),
    )
    owner = _places(np.array(columns[0], np.int32), int(rows.owner.max(initial=0)))[rows.owner]
    return Book(statements, Darkness(rows.subject, rows.start_s, rows.end_s, owner).take(owner >= 0))


def _places(numbers: Ints, last: int) -> Ints:
    """Place of each number up to `last` among `numbers`, -1 where it is not there."""
    place = np.full(max(last, int(numbers.max(initial=0))) + 1, -1, np.int32)
    place[numbers] = np.arange(len(numbers), dtype=np.int32)
    return place


def _words(one: Recorded) -> tuple[int, str, str, str]:
    return one.revision, one.source, one.content_hash, one.source_ref


def _codes(words: Sequence[str], leaves: Sequence[str]) -> Codes:
    return np.asarray(pc.index_in(pa.array(words, pa.string()), pa.array([str(leaf) for leaf in leaves])), np.int8)


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
