"""What was said, as likelihoods (证据): for every edge and place, how probable the signals are if this or that is so.

Every kind of signal errs both ways and grows old: at its half-life it weighs half, in the end nothing.
Of several signals of one kind the newest counts.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from everlit.faults.columns import KINDS, Columns
from everlit.faults.groups import Groups, groups_of
from everlit.faults.meters import Meters, meters_of, weighed
from everlit.faults.model import AT_EDGES, AT_PLACES, SignalKind
from everlit.faults.places import Places
from everlit.faults.policies import Rules
from everlit.faults.problem import DARK, LIT, LOST_A, TRUTHS
from everlit.grid.columns import Floats, Ints

OFF = (SignalKind.POWER_OFF, SignalKind.CALL)
"""Kinds by which a customer says of his own accord that he is off."""


@dataclass(frozen=True, eq=False)
class EdgeWords:
    """What was said at edges, each the newest of its kind: its place, its row among the signals, and its logarithms.

    `no` and `yes`: if the device has not opened (or no current passed), and if it has.
    """

    place: Ints
    row: Ints
    no: Floats
    yes: Floats


@dataclass(frozen=True, eq=False)
class Evidence:
    """All that was said, by edge, by customer and by place; `witness` are concentrators, `crews` patrols."""

    edges: EdgeWords
    meters: Meters
    witness: EdgeWords
    crews: EdgeWords
    groups: Groups
    explained: tuple[str, ...]
    unused: tuple[str, ...]


def evidence_of(columns: Columns, places: Places, rules: Rules) -> Evidence:
    """Weigh the signals; those of places that are not fed anyway are explained by that."""
    explained = _explained(columns, places)
    edges = _words(columns, _at_edges(columns, places), rules)
    around = places.of_node[columns.where]
    witness = _words(columns, _newest(columns, SignalKind.CONCENTRATOR, around), rules)
    crews = _words(columns, _newest(columns, SignalKind.CREW, around), rules)
    meters, spoken = meters_of(columns, places, rules)
    return Evidence(
        edges, meters, witness, crews, groups_of(places, meters.place, spoken), explained, _unused(columns, places)
    )


def _explained(columns: Columns, places: Places) -> tuple[str, ...]:
    """Customers who say they are off, or were disconnected, where that is known anyway."""
    dead = np.zeros(len(columns), np.bool_)
    off = columns.of(*OFF)
    dead[off] = places.of_node[columns.where[off]] < 0
    cut = {int(columns.meter[row]): bool(columns.value[row]) for row in columns.of(SignalKind.DISCONNECTED)}
    dead[off] |= np.isin(columns.meter[off], [meter for meter, disconnected in cut.items() if disconnected])
    return tuple(sorted({columns.signals[row].subject for row in np.flatnonzero(dead).tolist()}))


def _unused(columns: Columns, places: Places) -> tuple[str, ...]:
    """Switches, lines and places something was said of that feed nobody in this state: it says nothing about a fault."""
    edges, areas = columns.of(*AT_EDGES), columns.of(*AT_PLACES)
    rows = [*edges[places.of_branch[columns.where[edges]] < 0], *areas[places.of_node[columns.where[areas]] < 0]]
    return tuple(sorted({columns.signals[row].subject for row in rows}))


def _newest(columns: Columns, kind: SignalKind, place: Ints) -> tuple[Ints, Ints]:
    """The newest row of a kind of each subject, and its place; rows stand in order of occurrence."""
    rows = columns.of(kind)
    newest = {(int(columns.where[row]), columns.signals[row].subject): row for row in rows.tolist()}
    kept = np.array(sorted(newest.values()), np.int32)
    kept = kept[place[kept] >= 0] if len(kept) else kept
    return kept, place[kept]


def _at_edges(columns: Columns, places: Places) -> tuple[Ints, Ints]:
    """The newest words of each kind at each edge; a trip before the device was seen closed again is past."""
    newest: dict[tuple[int, int], int] = {}
    closed: dict[int, float] = {}
    edges = columns.of(SignalKind.POSITION, SignalKind.TRIP, SignalKind.OVERCURRENT, SignalKind.EARTH)
    for row in edges.tolist():
        newest[int(columns.where[row]), int(columns.kind[row])] = row
    position, trip = KINDS.index(SignalKind.POSITION), KINDS.index(SignalKind.TRIP)
    for (branch, kind), row in newest.items():
        if kind == position and not columns.value[row]:
            closed[branch] = float(columns.occurred[row])
    kept = np.array(
        sorted(
            row
            for (branch, kind), row in newest.items()
            if not (kind == trip and closed.get(branch, -np.inf) > columns.occurred[row])
        ),
        np.int32,
    )
    place = places.of_branch[columns.where[kept]]
    return kept[place >= 0], place[place >= 0]


def _words(columns: Columns, found: tuple[Ints, Ints], rules: Rules) -> EdgeWords:
    rows, place = found
    no, yes = np.zeros(len(rows)), np.zeros(len(rows))
    for code in np.unique(columns.kind[rows]).tolist():
        mine = columns.kind[rows] == code
        no[mine], yes[mine] = weighed(
            rules.rates[KINDS[code]], columns.value[rows[mine]], columns.age[rows[mine]]
        )  # fmt: skip
    return EdgeWords(place, rows, no, yes)


def told_of(evidence: Evidence, places: Places, states: int) -> npt.NDArray[np.float64]:
    """Logarithms [places, states, TRUTHS] of what customers and concentrators said, by the state of their place."""
    told = np.zeros((places.size, states, TRUTHS))
    meters = evidence.meters
    np.add.at(told[:, LIT], meters.place, meters.lit)
    np.add.at(told[:, DARK], meters.place, meters.dark)
    for lost in range(states - LOST_A):
        unknown = np.logaddexp(np.log(2 / 3) + meters.lit, np.log(1 / 3) + meters.dark)
        known = np.where((meters.phase == lost + 1)[:, None], meters.dark, meters.lit)
        np.add.at(told[:, LOST_A + lost], meters.place, np.where((meters.phase == 0)[:, None], unknown, known))
    witness = evidence.witness
    for state in range(states):
        np.add.at(told[:, state], witness.place, (witness.yes if state == DARK else witness.no)[:, None])
    return told


def edges_of(evidence: Evidence, columns: Columns, places: Places) -> npt.NDArray[np.float64]:
    """Logarithms [places, opened, short circuit below, earth fault below] of what was said at each edge."""
    edge = np.zeros((places.size, 2, 2, 2))
    words = evidence.edges
    kind = columns.kind[words.row]
    axes = {SignalKind.OVERCURRENT: 2, SignalKind.EARTH: 3}
    for code in np.unique(kind).tolist():
        mine, axis = kind == code, axes.get(KINDS[code], 1)
        turned = np.moveaxis(edge, axis, 1)
        np.add.at(turned[:, 0], words.place[mine], words.no[mine][:, None, None])
        np.add.at(turned[:, 1], words.place[mine], words.yes[mine][:, None, None])
    return edge
