"""The dead area (失电区): what an isolation leaves without supply, cut into the pieces that switching can move.

    live ∙t1∙ [a] ─s1─ [b] ─s2─ [WORK] ─s3─ [c] ─s4─ [d] ∙t2∙ live
                                                └─∙t3∙─ live

A piece is everything joined by switches nobody may operate: low-voltage areas hang on their transformer, locked
switches stay as they are. Between pieces, and between a piece and the live network, lie the switches a transfer may
use. A piece is entered only from above: at its highest voltage, so that no transformer is fed backwards.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from everlit.grid import Grid, Importance, SwitchKind, supply
from everlit.grid.compile import Bools, Ints
from everlit.grid.components import components
from everlit.grid.schema import IMPORTANCES
from everlit.switching.graph import section_graph
from everlit.switching.isolate import Isolation
from everlit.switching.limits import Limits

LIVE = -1
LOW_VOLTAGE_KV = 1.0
HOUSEHOLDS_SPAN = 10**9
UNITS_SPAN = 10**7


@dataclass(frozen=True, slots=True)
class Edge:
    """A switch a transfer may operate, between pieces `one` and `other` (LIVE is negative).

    `section` is the live section of a tie. `into_one` and `into_other` say whether power may enter that piece here.
    """

    switch: int
    one: int
    other: int
    closed: bool
    into_one: bool
    into_other: bool
    section: int

    @property
    def ends(self) -> tuple[int, int]:
        """Both ends."""
        return self.one, self.other

    def far(self, piece: int) -> int:
        """The other end."""
        return self.other if self.one == piece else self.one

    def enters(self, piece: int) -> bool:
        """Whether power may pass into `piece` here."""
        return self.into_one if self.one == piece else self.into_other


@dataclass(frozen=True, slots=True)
class Barred:
    """A switch that could have helped but may not be used, and the rule that says so."""

    switch: int
    piece: int
    other: int
    rule: str


@dataclass(frozen=True)
class Area:
    """The pieces of a dead area, their worth, and the switches between them and the live network.

    `worth` orders what is kept: important customers by weight, then MV units, then households, in one whole number.
    `zone` pieces lie inside the isolation: one may leave it only behind switches that show their break. `stuck` pieces
    hold the work itself, or were dead before anybody switched: they stay as they are.
    """

    grid: Grid
    limits: Limits
    closed_before: Bools
    closed: Bools
    sections: tuple[Ints, ...]
    worth: tuple[int, ...]
    edges: tuple[Edge, ...]
    barred: tuple[Barred, ...]
    zone: npt.NDArray[np.bool_]
    stuck: npt.NDArray[np.bool_]
    piece_of_section: Ints

    @property
    def n_pieces(self) -> int:
        """Number of pieces."""
        return len(self.sections)

    @cached_property
    def at(self) -> tuple[tuple[int, ...], ...]:
        """Edges at each piece."""
        found: list[list[int]] = [[] for _ in range(self.n_pieces)]
        for index, edge in enumerate(self.edges):
            for piece in {edge.one, edge.other}:
                if piece >= 0:
                    found[piece].append(index)
        return tuple(tuple(edges) for edges in found)

    @cached_property
    def live_sections(self) -> tuple[int, ...]:
        """Live sections that a tie could feed from."""
        return tuple(sorted({edge.section for edge in self.edges if edge.section >= 0}))

    @cached_property
    def blind(self) -> tuple[tuple[int, int], ...]:
        """Pairs of zone pieces joined by a switch that may not stand alone between work and supply."""
        pairs = [(edge.switch, edge.one, edge.other) for edge in self.edges]
        pairs += [(each.switch, each.piece, each.other) for each in self.barred]
        shows = np.asarray(self.limits.visible_break) | self.limits.withdrawn_breaker
        return tuple(
            (one, other)
            for switch, one, other in pairs
            if min(one, other) >= 0 and self.zone[one] and self.zone[other] and not shows[self.grid.switch_kind[switch]]
        )


def split_worth(worth: int) -> tuple[int, int, int]:
    """Importance weight, MV units and households back out of a worth.

    >>> split_worth(worth_of(3, 20, 415))
    (3, 20, 415)
    """
    rest, households = divmod(worth, HOUSEHOLDS_SPAN)
    weight, units = divmod(rest, UNITS_SPAN)
    return weight, units, households


def worth_of(weight: int, units: int, households: int) -> int:
    """One number that orders lexicographically: weight before units before households."""
    return (weight * UNITS_SPAN + units) * HOUSEHOLDS_SPAN + households


def dead_area(
    isolation: Isolation, *, limits: Limits, unusable: Iterable[int] = (), avoid_sections: Iterable[int] = ()
) -> Area:
    """The pieces that `isolation` leaves dead. `avoid_sections` are live sections that must not take load over."""
    grid, closed = isolation.grid, isolation.closed_after
    graph = section_graph(grid)
    zone, work = set(isolation.zone_sections), set(isolation.work_sections)
    lost = set(isolation.dead_sections)
    dead, work = lost | zone, work | (zone - lost)
    touching = sorted({switch for section in dead for switch in graph.at(section)})
    rule = _Rules(grid, closed, limits, frozenset(unusable))
    fixed = [
        s for s in touching if closed[s] and rule.against_opening(s) and graph.one[s] in dead and graph.other[s] in dead
    ]
    sections, piece = _pieces(grid, graph.one, graph.other, sorted(dead), fixed)
    stuck = np.array([bool(work.intersection(each.tolist())) for each in sections], np.bool_)
    state, avoided = supply(grid, closed), set(avoid_sections)
    edges, barred = [], []
    top_kv = _top_kv(grid, sections)
    for switch in touching:
        ends = graph.one[switch], graph.other[switch]
        one, other = (int(piece[end]) if end in dead else LIVE for end in ends)
        outside = next((end for end in ends if end not in dead), -1)
        if one == other or (outside >= 0 and not state.energised[outside]):
            continue
        why = rule.against(switch, tie=outside >= 0)
        if not why and outside in avoided:
            why = "avoided"
        if why:
            barred.append(Barred(switch, one if one >= 0 else other, other if one >= 0 else LIVE, why))
            continue
        kv = grid.nominal_kv[grid.switch_from[switch]]
        into = [end >= 0 and kv >= top_kv[end] for end in (one, other)]
        edges.append(Edge(switch, one, other, bool(closed[switch]), into[0], into[1], outside))
    return Area(
        grid=grid, limits=limits, closed_before=isolation.closed_before, closed=closed, sections=sections,
        worth=_worths(grid, limits, sections),
        edges=tuple(edges), barred=tuple(barred), stuck=stuck, piece_of_section=piece,
        zone=np.array([bool(zone.intersection(each.tolist())) for each in sections], np.bool_),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Rules:
    """Which switches a transfer may not move, and why."""

    grid: Grid
    closed: Bools
    limits: Limits
    unusable: frozenset[int]

    def against_opening(self, switch: int) -> str:
        if self.grid.switch_locked[switch]:
            return "locked"
        if switch in self.unusable:
            return "unusable"
        if not self.limits.operate_lv and self.grid.nominal_kv[self.grid.switch_from[switch]] <= LOW_VOLTAGE_KV:
            return "low_voltage"
        return ""

    def against(self, switch: int, *, tie: bool) -> str:
        why = self.against_opening(switch)
        if why or self.closed[switch]:
            return why
        if not self.grid.switch_phased[switch]:
            return "not_phased"
        makes_load = self.grid.switch_kind[switch] not in (SwitchKind.DISCONNECTOR, SwitchKind.FUSE)
        return "" if makes_load or not tie or self.limits.disconnector_tie else "no_load_make"


def _pieces(
    grid: Grid, one: list[int], other: list[int], dead: list[int], fixed: list[int]
) -> tuple[tuple[Ints, ...], Ints]:
    """Dead sections grouped by the closed switches that cannot be opened."""
    local = {section: index for index, section in enumerate(dead)}
    ends = np.array([local[one[s]] for s in fixed], np.int32), np.array([local[other[s]] for s in fixed], np.int32)
    group, count = components(len(dead), *ends)
    piece = np.full(grid.n_sections, -1, np.int32)
    piece[dead] = group
    members: dict[int, list[int]] = defaultdict(list)
    for section, number in zip(dead, group.tolist(), strict=True):
        members[number].append(section)
    return tuple(np.array(members[number], np.int32) for number in range(count)), piece


def _top_kv(grid: Grid, sections: Iterable[Ints]) -> list[float]:
    """Highest nominal voltage in each piece."""
    top = np.zeros(grid.n_sections)
    np.maximum.at(top, grid.section_of_node, grid.nominal_kv)
    return [float(top[each].max()) for each in sections]


def _worths(grid: Grid, limits: Limits, sections: Iterable[Ints]) -> tuple[int, ...]:
    weight = section_weights(grid, limits)
    units, households = grid.section_units, grid.section_households
    return tuple(
        worth_of(int(weight[each].sum()), int(units[each].sum()), int(households[each].sum())) for each in sections
    )


def section_weights(grid: Grid, limits: Limits) -> npt.NDArray[np.int64]:
    """Weight of the important customers in each section, kept with the grid."""
    kept: dict[tuple[int, ...], npt.NDArray[np.int64]] = vars(grid).setdefault("_section_weights", {})
    if limits.weights not in kept:
        points = grid.network.tables["usage_points"]
        consumers = grid.network.tables["consumers"].column("consumer_id").to_pylist()
        row = {identity: index for index, identity in enumerate(consumers)}
        weights = np.zeros(grid.n_sections, np.int64)
        pairs = zip(points.column("consumer_id").to_pylist(), points.column("importance").to_pylist(), strict=True)
        for consumer, grade in pairs:
            weight = limits.weights[Importance(IMPORTANCES.index(grade))]
            if weight:
                weights[grid.section_of_node[grid.consumer_node[row[consumer]]]] += weight
        kept[limits.weights] = weights
    return kept[limits.weights]
