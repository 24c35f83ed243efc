"""Signals as columns (信号列): in one order whatever the order of arrival, each once, their subjects found in the network.

A signal that came twice (same source and id) is one signal: the copy that arrived first. The order is that of occurrence,
so out-of-order arrival changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from everlit.faults.model import AT_EDGES, AT_PLACES, Signal, SignalKind
from everlit.grid import Grid
from everlit.grid.columns import Bools, Floats, Ints
from everlit.grid.identities import Identities
from everlit.kernel import Finding, Text

KINDS = tuple(SignalKind)
PHASES = ("", "A", "B", "C")


@dataclass(frozen=True, eq=False)
class Columns:
    """Signals of use, in order: `age` in seconds at the instant asked about, `at`; `group` -1 where none passed it on.

    `where` is a branch for what is said of an edge, else a node. `meter` tells customers apart, -1 for other signals.
    """

    signals: Sequence[Signal]
    at: float
    kind: npt.NDArray[np.int8]
    value: Bools
    occurred: Floats
    age: Floats
    phase: npt.NDArray[np.int8]
    group: Ints
    where: Ints
    meter: Ints

    def __len__(self) -> int:
        return len(self.signals)

    def of(self, *kinds: SignalKind) -> Ints:
        """Rows of some kinds."""
        return np.flatnonzero(np.isin(self.kind, [KINDS.index(kind) for kind in kinds])).astype(np.int32)


def columns_of(grid: Grid, signals: Sequence[Signal], *, at: datetime) -> tuple[Columns, list[Finding]]:
    """The signals that had arrived at an instant; findings for those whose subject the network does not know."""
    distinct = _distinct(signals, at)
    kind = np.array([KINDS.index(one.kind) for one in distinct], np.int8)
    where, meter = _found(grid, kind, pa.array([one.subject for one in distinct], pa.string()))
    known = np.flatnonzero(where >= 0)
    findings = [_unknown(distinct[row]) for row in np.flatnonzero(where < 0).tolist()]
    kept = [distinct[row] for row in known.tolist()]
    occurred = np.array([one.occurred_at.timestamp() for one in kept], np.float64)
    groups = {name: number for number, name in enumerate(sorted({one.group for one in kept if one.group}))}
    columns = Columns(
        kept,
        at.timestamp(),
        kind[known],
        np.array([one.value for one in kept], np.bool_),
        occurred,
        np.maximum(at.timestamp() - occurred, 0.0),
        np.array([PHASES.index(one.phase) for one in kept], np.int8),
        np.array([groups.get(one.group, -1) for one in kept], np.int32),
        where[known],
        meter[known],
    )
    return columns, findings


def _distinct(signals: Sequence[Signal], at: datetime) -> list[Signal]:
    """Every signal that had arrived, once, in order of occurrence."""
    first: dict[tuple[str, str], Signal] = {}
    for one in signals:
        if one.arrived_at <= at:
            key = (one.source, one.source_id)
            other = first.get(key)
            if other is None or _rank(one) < _rank(other):
                first[key] = one
    return sorted(first.values(), key=lambda one: (one.occurred_at, *_rank(one)))


def _rank(one: Signal) -> tuple[datetime, str, str, str, str, bool, datetime, str, str]:
    return (
        one.arrived_at, one.source, one.source_id, one.kind.value, one.subject, one.value, one.occurred_at, one.phase,
        one.group,
    )  # fmt: skip


def _found(grid: Grid, kind: npt.NDArray[np.int8], subjects: pa.Array) -> tuple[Ints, Ints]:
    """Branch or node of each signal, and the number of its meter."""
    where, meter = np.full(len(kind), -1, np.int32), np.full(len(kind), -1, np.int32)
    edges = np.isin(kind, [KINDS.index(one) for one in AT_EDGES])
    places = np.isin(kind, [KINDS.index(one) for one in AT_PLACES])
    _fill(where, edges, subjects, grid.switch_ids, grid.first_switch + np.arange(grid.n_switches))
    indicators = np.isin(kind, [KINDS.index(SignalKind.OVERCURRENT), KINDS.index(SignalKind.EARTH)])
    tables = grid.network.tables
    _fill(where, indicators, subjects, tables["lines"].column(0), np.arange(grid.n_lines))
    points, loads = tables["usage_points"], Identities(tables["consumers"].column(0))
    load_of_point = loads.rows(points.column("consumer_id"))
    _fill(meter, ~edges, subjects, points.column(0), np.arange(points.num_rows))
    _fill(meter, ~edges, subjects, tables["consumers"].column(0), points.num_rows + np.arange(len(grid.consumer_node)))
    load = np.append(load_of_point, np.arange(len(grid.consumer_node)))
    met = np.flatnonzero(meter >= 0)
    where[met] = grid.consumer_node[load[meter[met]]]
    _fill(where, places, subjects, tables["transformers"].column(0), grid.transformer_lv)
    _fill(where, places, subjects, grid.node_ids, np.arange(grid.n_nodes))
    _fill(where, places, subjects, tables["lines"].column(0), _behind(grid, np.arange(grid.n_lines)))
    switches = grid.first_switch + np.arange(grid.n_switches)
    _fill(where, places, subjects, grid.switch_ids, _behind(grid, switches))
    meter[places] = -1
    return where, meter


def _fill(out: Ints, rows: Bools, subjects: pa.Array, identities: pa.Array, values: npt.NDArray[np.integer]) -> None:
    """Put the value of each identity where it is named and nothing was found yet."""
    wanted = np.flatnonzero(rows & (out < 0))
    if not len(wanted) or not len(values):
        return
    found = Identities(identities).rows(subjects.take(pa.array(wanted)))
    out[wanted[found >= 0]] = values[found[found >= 0]]


def _behind(grid: Grid, branches: npt.NDArray[np.integer]) -> Ints:
    """The end of each branch that is farther from the sources in the normal state."""
    return np.asarray(np.maximum(grid.branch_from[branches], grid.branch_to[branches]), np.int32)


def _unknown(one: Signal) -> Finding:
    words = Text(
        en=f"{one.kind.value} of {one.subject}: the network has no such {'switch' if one.kind in AT_EDGES else 'thing'}.",
        zh=f"{one.kind.value} {one.subject}:网络中没有该{'开关' if one.kind in AT_EDGES else '对象'}。",
    )
    evidence = {"source": one.source, "source_id": one.source_id}
    return Finding("fault.signal.unknown", one.subject, words, evidence)
