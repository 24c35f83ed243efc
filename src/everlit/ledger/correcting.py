"""Corrections (更正) and withdrawals (撤销): a new statement of the next revision; what was said stays recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from everlit.kernel import Finding, Text
from everlit.ledger.book import Recorded
from everlit.ledger.columns import epoch_s
from everlit.ledger.model import CAUSES, NATURES, Cause, Nature
from everlit.ledger.outcome import UnableToRecord
from everlit.ledger.places import Places
from everlit.ledger.settle import Darkness, settle
from everlit.ledger.statement import Drafts, weight

CORRECTION = "correction"


@dataclass(frozen=True, slots=True)
class Correction:
    """Somebody, or everybody normally fed through a place, was off from `off` to `on`; without both he was not off."""

    name: str
    off: datetime | None = None
    on: datetime | None = None


def correction(
    known: Sequence[Recorded],
    places: Places,
    rows: Sequence[Correction],
    *,
    nature: Nature | None,
    cause: Cause | None,
    only: bool,
    now: datetime,
) -> Drafts:
    """The statement that corrects an event of which `known` is said; raises UnableToRecord with every fault."""
    found = [finding for row in rows for finding in _faults(row, now)]
    first, last = places.spans(pa.array([row.name for row in rows], pa.string()))
    for row, begin, end in zip(rows, first.tolist(), last.tolist(), strict=True):
        if begin < 0:
            words = Text(f"{row.name} is not in the network.", f"{row.name} 不在电网模型中。")
            found.append(Finding("subject.unknown", row.name, words))
        elif begin == end:
            words = Text(f"{row.name} feeds nobody.", f"{row.name} 未向任何用户供电。")
            found.append(Finding("ledger.subject.nobody", row.name, words))
    if not rows and nature is None and cause is None:
        words = Text("Say what is corrected: times, nature or cause.", "请说明更正内容:时间、性质或原因。")
        found.append(Finding("ledger.correction.empty", known[0].event_id, words))
    if found:
        raise UnableToRecord(*found)
    which, subject = places.expand(first, last)
    began = min(one.starts_s for one in known)
    times = [(epoch_s(row.off), epoch_s(row.on)) if row.off and row.on else (began, began) for row in rows]
    off, on = np.array(times, np.int64).reshape(-1, 2).T
    said = Darkness(subject, off[which], on[which], np.zeros(len(which), np.int32))
    return _draft(known, nature, cause, _with_denials(said), whole=only)


def withdrawal(known: Sequence[Recorded]) -> Drafts:
    """The statement that nobody was off in an event."""
    nobody = np.zeros(0, np.int64)
    rows = Darkness(nobody.astype(np.int32), nobody, nobody, nobody.astype(np.int32))
    return _draft(known, None, None, rows, whole=True)


def _faults(row: Correction, now: datetime) -> list[Finding]:
    if (row.off is None) != (row.on is None):
        return [_finding("order", row.name, "name off and on, or neither.", "停电与复电时间须同时给出或同时省略。")]
    if row.off is None or row.on is None:
        return []
    if epoch_s(row.on) <= epoch_s(row.off):
        return [_finding("order", row.name, "on is not after off.", "复电时间不晚于停电时间。")]
    if row.on > now:
        return [_finding("future", row.name, "on lies in the future.", "复电时间晚于当前时间。")]
    return []


def _finding(kind: str, name: str, en: str, zh: str) -> Finding:
    return Finding(f"ledger.{kind}", name, Text(f"{name}: {en}", f"{name}:{zh}"))


def _with_denials(said: Darkness) -> Darkness:
    """Settled rows, and one empty row for each subject of which only that is said, sorted by subject."""
    off = settle(said)
    denied = ~np.isin(said.subject, off.subject)
    _, first = np.unique(said.subject[denied], return_index=True)
    nobody = said.take(np.flatnonzero(denied)[first])
    names = ("subject", "start_s", "end_s", "owner")
    rows = Darkness(*(np.concatenate([getattr(off, name), getattr(nobody, name)]) for name in names))
    return rows.take(np.lexsort((rows.start_s, rows.subject)))


def _draft(
    known: Sequence[Recorded], nature: Nature | None, cause: Cause | None, rows: Darkness, *, whole: bool
) -> Drafts:
    """A statement above all that is known, of the nature and cause that stand unless others are given."""
    top = max(known, key=lambda one: weight(one.revision, one.source, one.content_hash, one.source_ref))
    revision = max(one.revision for one in known) + 1
    return Drafts(
        [top.event_id],
        np.array([NATURES.index(nature or Nature(top.nature))], np.int8),
        np.array([CAUSES.index(cause or Cause(top.cause))], np.int8),
        [CORRECTION],
        [top.event_id],
        np.array([revision], np.int32),
        np.array([whole]),
        rows,
    )
