"""Rows become statements (形成停电记录): all rows of one source reference and revision are one statement about one event.

The rows of a statement are settled here: what is said twice is kept once. Statements are numbered in the order of their
events' names, in which the indices of a database take them fastest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from everlit.grid.columns import Ints
from everlit.kernel import Finding, Severity, Text
from everlit.ledger.faults import Faults
from everlit.ledger.model import CAUSES, NATURES
from everlit.ledger.places import Places
from everlit.ledger.reading import Names, Records, column_of
from everlit.ledger.settle import Darkness, settle
from everlit.ledger.statement import Drafts
from everlit.ledger.tabular import Coded, Sheet, UnableToReadInterruptions

MOST_INTERVALS = 20_000_000
"""More intervals than this in one file fill the memory; a place may stand for a city."""

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Drafted:
    """Statements of a file, and the statement of each of its rows, -1 for a row that is not kept."""

    drafts: Drafts
    statement: Ints


def draft(sheet: Sheet, records: Records, places: Places, faults: Faults, *, source: str) -> Drafted:
    """Statements from the good rows; `source` is who says so where the file names nobody.

    Raises UnableToReadInterruptions when the places named stand for too many interruptions at once.
    """
    event = column_of(sheet, "event_id")
    origin, refs = column_of(sheet, "source"), column_of(sheet, "source_ref")
    ref = np.where(refs.codes < 0, event.codes, refs.codes + len(event.values)).astype(np.int64)
    statement = _grouped(faults, event, origin, ref, records)
    good = np.flatnonzero(statement >= 0)
    first = _first_rows(statement, good)
    rows = _spread(sheet, places, records, faults, good, statement)
    words = [*event.values, *refs.values]
    drafts = Drafts(
        [event.values[code] for code in event.codes[first].tolist()],
        records.nature[first].astype(np.int8),
        records.cause[first].astype(np.int8),
        [origin.values[code] if code >= 0 else source for code in origin.codes[first].tolist()],
        [words[code] for code in ref[first].tolist()],
        records.revision[first],
        records.revision[first] > 1,
        rows,
    )
    return Drafted(drafts, statement)


def _grouped(faults: Faults, event: Coded, origin: Coded, ref: Rows, records: Records) -> Ints:
    """The statement of each row, numbered by name; rows that contradict the first of theirs become faults."""
    good = np.flatnonzero(~faults.bad)
    keys = np.stack([origin.codes[good].astype(np.int64), ref[good], records.revision[good].astype(np.int64)])
    group = _numbered(keys)
    leader = good[_leaders(group)][group] if len(good) else good
    for name, values, severity, said in (
        ("event_id", event.codes, Severity.ERROR, event.values),
        ("nature", records.nature, Severity.ERROR, [leaf.value for leaf in NATURES]),
        ("cause", records.cause, Severity.WARNING, [leaf.value for leaf in CAUSES]),
    ):
        _contradictions(faults, name, good, leader, values, severity, said)
    statement = np.full(len(faults.bad), -1, np.int32)
    statement[good] = group
    statement[faults.bad] = -1
    return _by_name(statement, event, ref, origin.codes, records.revision)


def _numbered(keys: Rows) -> Ints:
    """Number columns of keys: equal ones get the same number."""
    order = np.lexsort(keys)
    new = np.any(np.diff(keys[:, order], axis=1, prepend=-2) != 0, axis=0)
    number = np.empty(keys.shape[1], np.int32)
    number[order] = np.cumsum(new) - 1
    return number


def _leaders(group: Ints) -> Rows:
    """The first row of each group."""
    leader = np.full(int(group.max(initial=-1)) + 1, len(group), np.int64)
    np.minimum.at(leader, group, np.arange(len(group)))
    return leader


def _contradictions(
    faults: Faults, name: str, good: Rows, leader: Rows, values: Ints, severity: Severity, said: Sequence[str]
) -> None:
    rows = np.flatnonzero(values[good] != values[leader])
    words = Text("the first row of this statement says {other}.", "与该记录首行({other})不一致。")
    faults.note(
        f"{name}.differs", name, good[rows], words, severity=severity,
        other=[said[code] for code in values[leader[rows]].tolist()],
    )  # fmt: skip


def _by_name(statement: Ints, event: Coded, *others: npt.NDArray[Any]) -> Ints:
    """Renumber statements by the name of their event, then by what else names them; those that lost all rows go."""
    good = np.flatnonzero(statement >= 0)
    first = _first_rows(statement, good)
    rank = np.empty(len(event.values), np.int32)
    rank[np.asarray(pc.sort_indices(pa.array(event.values, pa.string())))] = np.arange(len(event.values))
    order = np.lexsort((*(other[first] for other in others), rank[event.codes[first]]))
    renumbered = np.full(int(statement.max(initial=-1)) + 2, -1, np.int32)
    renumbered[statement[first][order]] = np.arange(len(order), dtype=np.int32)
    return renumbered[statement]


def _first_rows(statement: Ints, good: Rows) -> Rows:
    """The first row of each statement as they stand in the file, in the order of statements."""
    order: Rows = good[np.argsort(statement[good], kind="stable")]
    first: Rows = order[np.diff(statement[order], prepend=-2) != 0]
    return first


# ------------------------------------------------------------------------------------------- intervals


def _spread(sheet: Sheet, places: Places, records: Records, faults: Faults, good: Rows, statement: Ints) -> Darkness:
    """One interval for everyone each row names, settled within its statement; repeated and overlapping rows are told."""
    pieces = [_slices(names, good) for names in records.who]
    first, last = (np.concatenate([piece[place] for piece in pieces]) for place in (1, 2))
    total = int((last - first).sum())
    if total > MOST_INTERVALS:
        words = Text(f"{total:,} interruptions in one file: split it.", f"一个文件含{total:,}条停电:请拆分。")
        raise UnableToReadInterruptions(Finding("ledger.file.too_large", sheet.name, words))
    which, subject = places.expand(first.astype(np.int32), last.astype(np.int32))
    row = np.concatenate([piece[0] for piece in pieces])[which]
    order = np.lexsort((row, records.on_s[row], records.off_s[row], subject, statement[row]))
    row, subject = row[order], subject[order]
    said = Darkness(subject, records.off_s[row], records.on_s[row], statement[row])
    return _once(said, row, faults)


def _slices(names: Names, good: Rows) -> tuple[Rows, Ints, Ints]:
    """Row and slice of the roster, for every name in the good rows."""
    cell = names.codes[good]
    begin, count = names.starts[cell], np.diff(names.starts)[cell]
    row = np.repeat(good, count)
    within = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    place = np.repeat(begin, count) + within
    return row, names.first[place], names.last[place]


def _once(said: Darkness, row: Rows, faults: Faults) -> Darkness:
    """Sorted rows of statements without what is said twice."""
    same = (said.owner[1:] == said.owner[:-1]) & (said.subject[1:] == said.subject[:-1])
    equal = same & (said.start_s[1:] == said.start_s[:-1]) & (said.end_s[1:] == said.end_s[:-1])
    across = same & (row[1:] != row[:-1])
    again = np.unique(row[1:][equal & across])
    words = Text("it repeats another row of its event.", "与同一事件的其他行重复。")
    faults.note("repeated", "subject", again, words, severity=Severity.WARNING)
    overlapping = np.unique(row[1:][across & ~equal & (said.start_s[1:] < said.end_s[:-1])])
    words = Text("its time overlaps another row of its event: joined.", "与同一事件的其他行时间重叠:已合并。")
    faults.note("overlapping", "off", overlapping, words, severity=Severity.WARNING)
    if not (same & (said.start_s[1:] <= said.end_s[:-1])).any():
        return said
    pair = np.cumsum(np.append(True, ~same)).astype(np.int32) - 1 if len(said) else said.subject
    first = np.flatnonzero(np.append(True, ~same))
    once = settle(Darkness(pair, said.start_s, said.end_s, np.zeros(len(pair), np.int32)))
    leader = first[once.subject]
    return Darkness(said.subject[leader], once.start_s, once.end_s, said.owner[leader])
