"""The difference between two states of knowledge (台账差异): what a report said then and would say now."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from everlit.grid.columns import Bools
from everlit.grid.identities import Identities
from everlit.ledger.columns import Interruptions, Seconds
from everlit.ledger.model import NATURES

SUBJECT_BITS = 36
"""Seconds since the epoch below, the subject above."""


@dataclass(frozen=True, eq=False)
class Difference:
    """Rows that only the earlier knowledge holds (`gone`) and rows that only the later one holds (`come`).

    Both index the same subjects. An event whose nature or cause changed has all its rows on both sides.
    """

    gone: Interruptions
    come: Interruptions

    @property
    def nothing(self) -> bool:
        """True when both say the same."""
        return not len(self.gone) and not len(self.come)

    @property
    def customer_s(self) -> int:
        """Customer-seconds the later knowledge has more."""
        return int(self.come.seconds.sum() - self.gone.seconds.sum())

    def as_json(self, *, most: int | None = None) -> dict[str, Any]:
        """As the API and `everlit ledger diff --json` show it, `most` rows of a side."""
        return {
            "events": self.events,
            "customer_seconds": self.customer_s,
            "rows_gone": len(self.gone),
            "rows_come": len(self.come),
            "gone": _rows(self.gone, most),
            "come": _rows(self.come, most),
        }

    @property
    def events(self) -> list[str]:
        """Identities of the events that differ."""
        return sorted({name for side in (self.gone, self.come) for name in _named(side).to_pylist()})


def _rows(side: Interruptions, most: int | None) -> list[dict[str, Any]]:
    rows = side.select(np.arange(len(side)) < most) if most is not None else side
    names, events = rows.subjects.ids.take(pa.array(rows.subject)), rows.events.ids.take(pa.array(rows.event))
    return [
        {
            "subject": subject,
            "start": datetime.fromtimestamp(start, UTC).isoformat(),
            "end": datetime.fromtimestamp(end, UTC).isoformat(),
            "event": event,
            "nature": NATURES[nature].value,
        }
        for subject, start, end, event, nature in zip(
            names.to_pylist(), rows.start_s.tolist(), rows.end_s.tolist(), events.to_pylist(),
            rows.events.nature[rows.event].tolist(), strict=True,
        )
    ]  # fmt: skip


def difference(before: Interruptions, after: Interruptions) -> Difference:
    """What differs between two settled answers over the same subjects."""
    known = Identities(pc.unique(pa.concat_arrays([before.events.ids, after.events.ids])))
    changed, also = _unmatched(before, after, known), _unmatched(after, before, known)
    return Difference(before.select(changed), after.select(also))


def _unmatched(rows: Interruptions, others: Interruptions, known: Identities) -> Bools:
    """Per row: whether the others lack it. A subject has one row at most that begins at an instant, on either side."""
    keys = _keys(others)
    place = np.searchsorted(keys, _keys(rows))
    same = place < len(keys)
    place = np.where(same, place, 0)
    if not len(keys):
        return np.ones(len(rows), np.bool_)
    for mine, theirs in zip(_columns(rows, known), _columns(others, known), strict=True):
        same &= mine == theirs[place]
    return ~same


def _keys(rows: Interruptions) -> Seconds:
    """Subject and start as one number; sorted, as the rows are."""
    return (rows.subject.astype(np.int64) << SUBJECT_BITS) + rows.start_s


def _columns(rows: Interruptions, known: Identities) -> list[npt.NDArray[Any]]:
    event = known.rows(rows.events.ids)[rows.event]
    return [_keys(rows), rows.end_s, event, rows.events.nature[rows.event], rows.events.cause[rows.event]]


def _named(rows: Interruptions) -> pa.Array:
    return rows.events.ids.take(pa.array(np.unique(rows.event)))
