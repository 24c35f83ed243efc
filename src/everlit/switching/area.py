"""The dead area (失电区): what an isolation leaves without supply, cut into the pieces that switching can move.

    live ∙t1∙ [a] ─s1─ [b] ─s2─ [WORK] ─s3─ [c] ─s4─ [d] ∙t2∙ live
                                                └─∙t3∙─ live

A piece is everything joined by switches nobody may operate: low-voltage areas hang on their transformer, locked
switches stay as they are. Between pieces, and between a piece and the live network, lie the switches a transfer may
use. A piece is entered only from above: at its highest voltage, so that no transformer is fed backwards.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from everlit.grid import Grid, Importance, SwitchKind, supply
from everlit.grid.compile import Bools, Floats, Ints
from everlit.grid.components import components
from everlit.grid.schema import IMPORTANCES
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
    hold the work itself, or were dead before anybody switched: they stay as they are. `unusable` switches and `avoided`
    sections are those the question left out.
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
    unusable: frozenset[int] = frozenset()
    avoided: frozenset[int] = frozenset()

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
    def onward(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """From each piece: the edges over which power may pass on into another, and that piece."""
        return tuple(
            tuple(
                (index, far)
                for index in edges
                if (far := self.edges[index].far(piece)) >= 0 and not self.stuck[far] and self.edges[index].enters(far)
            )
            for piece, edges in enumerate(self.at)
        )

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
    zone, work = _mask(grid, isolation.zone_sections), _mask(grid, isolation.work_sections)
    lost = _mask(grid, isolation.dead_sections)
    dead = lost | zone
    rule, avoided = _Rules(grid, closed, limits, frozenset(unusable)), frozenset(avoid_sections)
    sections, piece = _pieces(grid, dead, closed & rule.fixed)
    edges, barred = _borders(grid, closed, dead, piece, sections, rule, avoided)
    return Area(
        grid=grid, limits=limits, closed_before=isolation.closed_before, closed=closed, sections=sections,
        worth=_worths(grid, limits, sections), edges=edges, barred=barred, piece_of_section=piece,
        stuck=_any(work | (zone & ~lost), piece, len(sections)), zone=_any(zone, piece, len(sections)),
        unusable=rule.unusable, avoided=avoided,
    )  # fmt: skip


def _mask(grid: Grid, sections: Iterable[int]) -> Bools:
    mask = np.zeros(grid.n_sections, np.bool_)
    mask[list(sections)] = True
    return mask


def _any(mask: Bools, piece: Ints, count: int) -> Bools:
    """Which pieces hold a section of the mask."""
    found = np.zeros(count, np.bool_)
    found[piece[mask & (piece >= 0)]] = True
    return found


def _borders(
    grid: Grid, closed: Bools, dead: Bools, piece: Ints, sections: Sequence[Ints], rule: "_Rules", avoided: Set[int]
) -> tuple[tuple[Edge, ...], tuple[Barred, ...]]:
    """The switches between pieces and between a piece and what is live: usable ones, and those a rule takes out."""
    one, other = grid.switch_section_from, grid.switch_section_to
    live, top_kv = supply(grid, closed).energised, _top_kv(grid, sections)
    borders = (
        (piece[one] != piece[other]) & (dead[one] | dead[other]) & (dead[one] | live[one]) & (dead[other] | live[other])
    )
    edges, barred = [], []
    for switch in np.flatnonzero(borders).tolist():
        ends = int(piece[one[switch]]), int(piece[other[switch]])
        outside = next((int(end) for end in (one[switch], other[switch]) if not dead[end]), -1)
        why = rule.against(switch, tie=outside >= 0) or ("avoided" if outside in avoided else "")
        if why:
            barred.append(Barred(switch, max(ends), min(ends), why))
            continue
        kv = grid.nominal_kv[grid.switch_from[switch]]
        into_one, into_other = (end >= 0 and bool(kv >= top_kv[end]) for end in ends)
        edges.append(Edge(switch, ends[0], ends[1], bool(closed[switch]), into_one, into_other, outside))
    return tuple(edges), tuple(barred)


@dataclass(frozen=True, slots=True)
class _Rules:
    """Which switches a transfer may not move, and why."""

    grid: Grid
    closed: Bools
    limits: Limits
    unusable: frozenset[int]

    @property
    def fixed(self) -> Bools:
        """Switches that stay as they are."""
        kv = self.grid.nominal_kv[self.grid.switch_from]
        fixed = self.grid.switch_locked | ((kv <= LOW_VOLTAGE_KV) & (not self.limits.operate_lv))
        fixed[list(self.unusable)] = True
        return np.asarray(fixed)

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


def _pieces(grid: Grid, dead: Bools, fixed: Bools) -> tuple[tuple[Ints, ...], Ints]:
    """Dead sections grouped by the closed switches that cannot be opened."""
    local = np.cumsum(dead) - 1
    one, other = grid.switch_section_from, grid.switch_section_to
    joined = fixed & dead[one] & dead[other]
    group, count = components(
        int(dead.sum()), local[one[joined]].astype(np.int32), local[other[joined]].astype(np.int32)
    )
    piece, members = np.full(grid.n_sections, LIVE, np.int32), np.flatnonzero(dead).astype(np.int32)
    piece[members] = group
    members = members[np.argsort(group, kind="stable")]
    return tuple(np.split(members, np.cumsum(np.bincount(group, minlength=count))[:-1])) if count else (), piece


def _top_kv(grid: Grid, sections: Iterable[Ints]) -> list[float]:
    """Highest nominal voltage in each piece."""
    kept: Floats | None = vars(grid).get("_section_top_kv")
    if kept is None:
        kept = np.zeros(grid.n_sections)
        np.maximum.at(kept, grid.section_of_node, grid.nominal_kv)
        vars(grid)["_section_top_kv"] = kept
    return [float(kept[each].max()) for each in sections]


def _worths(grid: Grid, limits: Limits, sections: Iterable[Ints]) -> tuple[int, ...]:
    weight, units, households = section_weights(grid, limits), grid.section_units, grid.section_households
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
