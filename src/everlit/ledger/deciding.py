"""New, the same again, or a contradiction (记录判定): what becomes of statements beside those already recorded.

A reference of a source that says again what it said changes nothing. One that says something else under the same
revision is refused; with a reason it is recorded as the next revision, which then names everyone of the event.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from everlit.grid.columns import Bools, Ints
from everlit.ledger.settle import Darkness
from everlit.ledger.statement import Drafts

Revisions = Mapping[tuple[str, str], Mapping[int, str]]
"""Content hash by revision, of each source and reference."""


@dataclass(frozen=True, eq=False)
class Decision:
    """Which statements are recorded, and under which revision; the others are unchanged or contradict."""

    recorded: Bools
    contradicts: Bools
    revision: Ints
    revised: Bools

    @property
    def unchanged(self) -> int:
        """How many say what was said already."""
        return int((~self.recorded & ~self.contradicts).sum())


def decide(drafts: Drafts, hashes: Sequence[str], known: Revisions, *, revise: bool = False) -> Decision:
    """Compare statements with what is known of their references."""
    n, revision = len(drafts), drafts.revision.astype(np.int32)
    recorded, contradicts, revised = np.ones(n, np.bool_), np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    nothing: Mapping[int, str] = {}
    for one, key in enumerate(zip(drafts.source, drafts.source_ref, strict=True) if known else ()):
        said = known.get(key, nothing)
        if int(revision[one]) not in said:
            continue
        latest = max(said)
        if hashes[one] == said[latest] or (not revise and hashes[one] in said.values()):
            recorded[one] = False
        elif revise:
            revision[one], revised[one] = latest + 1, True
        else:
            recorded[one], contradicts[one] = False, True
    return Decision(recorded, contradicts, revision, revised)


def chosen(drafts: Drafts, decision: Decision) -> Drafts:
    """The statements that are recorded, under their revisions."""
    number = np.cumsum(decision.recorded).astype(np.int32) - 1
    rows = drafts.rows.take(decision.recorded[drafts.rows.owner])
    kept = np.flatnonzero(decision.recorded).tolist()
    return replace(
        drafts,
        event_ids=[drafts.event_ids[one] for one in kept],
        nature=drafts.nature[kept],
        cause=drafts.cause[kept],
        source=[drafts.source[one] for one in kept],
        source_ref=[drafts.source_ref[one] for one in kept],
        revision=decision.revision[kept],
        whole=(drafts.whole | decision.revised)[kept],
        rows=Darkness(rows.subject, rows.start_s, rows.end_s, number[rows.owner]),
    )
