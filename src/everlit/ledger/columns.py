"""The ledger as columns (列): who is counted, which events there were, who was off from when to when.

Nobody writes to these arrays. Seconds are integers since the epoch, UTC; intervals are half-open. For one subject
the intervals are disjoint: that is the ledger's promise, and every index is a sum over these rows.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from everlit.grid import Grid
from everlit.grid.columns import Bools, Floats, Ints, floats
from everlit.grid.identities import Identities
from everlit.kernel import Period
from everlit.ledger.model import SubjectKind

Seconds = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class Subjects:
    """Everyone of one kind in a network, [n]: identity, weight on each customer base, and where he belongs.

    `area_class` is 0 where unknown. `feeder`, `substation` and `unit` (operating unit) are indices into the names
    beside them, -1 for none, in the normal state.
    """

    kind: SubjectKind
    ids: pa.Array
    households: Ints
    units: Ints
    kva: Floats
    area_class: Codes
    feeder: Ints
    feeder_ids: pa.Array
    substation: Ints
    substation_ids: pa.Array
    unit: Ints
    unit_names: pa.Array

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class Events:
    """The events of some interruptions, [m], in order of identity: `nature` and `cause` index tuple(Nature), tuple(Cause)."""

    ids: pa.Array
    nature: Codes
    cause: Codes

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class Interruptions:
    """Dead intervals [start_s, end_s), [k], sorted by subject, then start; disjoint for one subject.

    `subject` and `event` index `subjects` and `events`. An interval that is not clipped keeps its true start and end
    even where they lie outside the period asked for.
    """

    subjects: Subjects
    events: Events
    subject: Ints
    start_s: Seconds
    end_s: Seconds
    event: Ints

    def __len__(self) -> int:
        return len(self.subject)

    @property
    def seconds(self) -> Seconds:
        """Length of each interval."""
        return self.end_s - self.start_s

    def select(self, chosen: Bools) -> Self:
        """The rows where `chosen` (bool per row) holds."""
        subject, event = self.subject[chosen], self.event[chosen]
        return replace(self, subject=subject, start_s=self.start_s[chosen], end_s=self.end_s[chosen], event=event)

    def during(self, period: Period) -> Self:
        """What lies in `period`, clipped to it: for customer-minutes of a period."""
        first, last = epoch_s(period.start), epoch_s(period.end)
        inside = self.select((self.start_s < last) & (self.end_s > first))
        return replace(inside, start_s=np.maximum(inside.start_s, first), end_s=np.minimum(inside.end_s, last))

    def begun_in(self, period: Period) -> Self:
        """What began in `period`, whole: an interruption is booked to the time it began (domain rule 2.4)."""
        return self.select((self.start_s >= epoch_s(period.start)) & (self.start_s < epoch_s(period.end)))


def epoch_s(instant: datetime) -> int:
    """Whole seconds since the epoch; parts of a second are cut off."""
    return int(instant.timestamp() // 1)


def subjects_of(grid: Grid, kind: SubjectKind) -> Subjects:
    """Everyone of a kind in a compiled network.

    Usage points are the rows of `consumers`: all usage points of a load hang on one node and are dead with it. MV
    statistic units are the transformers, then the consumers, that count as one or more; a transformer's households
    are those it feeds in the normal state.
    """
    tables, consumers = grid.network.tables, grid.network.tables["consumers"]
    households, units = floats(consumers, "households"), floats(consumers, "mv_units")
    kva, names, nodes = (
        np.nan_to_num(floats(consumers, "capacity_kva")),
        consumers.column("consumer_id"),
        grid.consumer_node,
    )
    if kind is SubjectKind.MV_UNIT:
        transformers = tables["transformers"]
        mine, theirs = np.flatnonzero(floats(transformers, "mv_units") > 0), np.flatnonzero(units > 0)
        fed = _households_under(grid, grid.transformer_lv[mine])
        households = np.concatenate([fed, households[theirs]])
        units = np.concatenate([floats(transformers, "mv_units")[mine], units[theirs]])
        kva = np.concatenate([floats(transformers, "rated_kva")[mine], kva[theirs]])
        nodes = np.concatenate([grid.transformer_hv[mine], grid.consumer_node[theirs]])
        names = pa.chunked_array(
            [*_taken(transformers.column("transformer_id"), mine), *_taken(names, theirs)], pa.string()
        )
    feeder = grid.normal_feeder[grid.section_of_node[nodes]]
    return Subjects(
        kind, names.combine_chunks(), households.astype(np.int32), units.astype(np.int32), kva,
        _area_class(grid)[nodes], feeder, grid.feeder_ids, *_substations(grid, nodes, feeder), *_units(grid, feeder),
    )  # fmt: skip


def _taken(column: pa.ChunkedArray, rows: npt.NDArray[Any]) -> list[pa.Array]:
    return list(column.take(pa.array(rows)).chunks)


def _households_under(grid: Grid, nodes: Ints) -> Floats:
    running = np.concatenate([[0], np.cumsum(grid.node_households)])
    return np.asarray(running[grid.node_last[nodes]] - running[nodes], np.float64)


def _area_class(grid: Grid) -> Codes:
    classes = np.nan_to_num(floats(grid.network.tables["nodes"], "area_class"))
    return classes.astype(np.int8)[grid.node_row]


def _substations(grid: Grid, nodes: Ints, feeder: Ints) -> tuple[Ints, pa.Array]:
    """The feeder's substation; where no feeder is, the one the node lies in."""
    tables = grid.network.tables
    ids = tables["substations"].column("substation_id").combine_chunks()
    known = Identities(ids)
    of_feeder = np.append(known.rows(tables["feeders"].column("substation_id")), np.int32(-1))
    of_node = known.rows(tables["nodes"].column("substation_id"))[grid.node_row]
    return np.where(feeder >= 0, of_feeder[feeder], of_node[nodes]).astype(np.int32), ids


def _units(grid: Grid, feeder: Ints) -> tuple[Ints, pa.Array]:
    column = grid.network.tables["feeders"].column("unit").combine_chunks()
    names = pc.unique(column.drop_null()).sort()
    of_feeder = np.append(Identities(names).rows(column), np.int32(-1))
    return of_feeder[feeder].astype(np.int32), names
