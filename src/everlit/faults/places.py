"""The places of a network (可疑区段): sections, parted again at transformers and at lines that carry an indicator.

    S ──/ b ── n1 ──⊙── n2 ──/ f ── T ── n3       places {S} {n1} {n2} {hv of T} {n3}; ⊙ is an indicator on the line

A transformer is fused on its high side and hides what is behind it, so its low side is a place of its own. Places are
numbered in preorder of the supply forest of a state: everything under place v is the interval [v, last[v]).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from everlit.grid import Grid, SwitchKind
from everlit.grid.columns import Bools, Floats, Ints
from everlit.grid.components import components
from everlit.grid.forest import normal_forest

PROTECTIVE = (SwitchKind.BREAKER, SwitchKind.RECLOSER, SwitchKind.FUSE)
"""Switches that open by themselves on a short circuit."""
MEDIUM_KV = (1.0, 66.0)
"""Nominal voltages where an earth fault may stand without a trip (小电流接地)."""
MOST_NAMED = 5


@dataclass(frozen=True, eq=False)
class Places:
    """Per place: `parent` (-1 for roots), `via` the branch above it, `last`; `of_node` [nodes] is -1 where nothing feeds.

    Only places that are fed in the state are here.
    """

    grid: Grid
    parent: Ints
    via: Ints
    last: Ints
    of_node: Ints

    @property
    def size(self) -> int:
        """Number of places."""
        return len(self.parent)

    @cached_property
    def of_branch(self) -> Ints:
        """The place fed through each branch that is an edge, -1 for all others."""
        found = np.full(self.grid.n_branches, -1, np.int32)
        fed = np.flatnonzero(self.via >= 0)
        found[self.via[fed]] = fed
        return found

    @cached_property
    def nodes(self) -> tuple[Ints, Ints]:
        """`starts, nodes`: the nodes of place v are nodes[starts[v]:starts[v + 1]]."""
        fed = np.flatnonzero(self.of_node >= 0)
        order = fed[np.argsort(self.of_node[fed], kind="stable")].astype(np.int32)
        counts = np.bincount(self.of_node[fed], minlength=self.size)
        return np.append(0, np.cumsum(counts)).astype(np.int32), order

    @cached_property
    def households(self) -> Ints:
        """Households under each place, itself included."""
        fed = self.of_node >= 0
        mine = np.bincount(self.of_node[fed], self.grid.node_households[fed], self.size)
        running = np.append(0.0, np.cumsum(mine))
        return np.asarray(running[self.last] - running[: self.size], np.int32)

    @cached_property
    def root(self) -> Ints:
        """The root above each place."""
        begins = np.flatnonzero(self.parent < 0)
        return begins[np.searchsorted(begins, np.arange(self.size), side="right") - 1].astype(np.int32)

    @cached_property
    def protected(self) -> Bools:
        """Whether a device stands above each place that opens on a short circuit: a root's stands in the grid above.

        At low voltage every switch is taken as fused: breaker of the transformer, branch box, meter box.
        """
        grid = self.grid
        switch = np.maximum(self.via - grid.first_switch, 0)
        is_switch = self.via >= grid.first_switch
        opens = np.isin(grid.switch_kind, PROTECTIVE)[switch] if grid.n_switches else np.zeros(self.size, np.bool_)
        return (self.via < 0) | (is_switch & (opens | (self._kv < MEDIUM_KV[0]))) | self.transformer

    @cached_property
    def transformer(self) -> Bools:
        """Whether each place is fed through a transformer."""
        return (self.via >= self.grid.n_lines) & (self.via < self.grid.first_switch)

    @cached_property
    def medium_voltage(self) -> Bools:
        """Whether earth faults of the place may stand without a trip."""
        return (self._kv > MEDIUM_KV[0]) & (self._kv <= MEDIUM_KV[1])

    @cached_property
    def _kv(self) -> Floats:
        """Nominal voltage of each place."""
        starts, nodes = self.nodes
        return self.grid.nominal_kv[nodes[starts[:-1]]]

    def failures(self, per_branch: Floats) -> Floats:
        """Failures per year of each place, from those of each line and transformer; an edge counts to what it feeds."""
        ends = self.of_node[self.grid.branch_from[: self.grid.first_switch]]
        edge = self.of_branch[: self.grid.first_switch]
        where = np.where(edge >= 0, edge, ends)
        fed = where >= 0
        return np.bincount(where[fed], per_branch[fed], self.size).astype(np.float64)

    def section(self, place: int) -> str:
        """Name of the section a place belongs to."""
        return self.grid.section_name(int(self.grid.section_of_node[self._first(place)]))

    def feeder(self, place: int) -> str:
        """Normal feeder of a place, empty outside all feeders."""
        feeder = int(self.grid.normal_feeder[self.grid.section_of_node[self._first(place)]])
        return str(self.grid.feeder_ids[feeder].as_py()) if feeder >= 0 else ""

    def equipment(self, place: int) -> tuple[str, ...]:
        """Some lines and transformers of a place, else its first node."""
        edge = int(self.via[place])
        found = [edge] if 0 <= edge < self.grid.first_switch else []
        found += self._inside(place)[: MOST_NAMED - len(found)]
        if not found:
            return (self.grid.node_id(self._first(place)),)
        return tuple(branch_name(self.grid, branch) for branch in found)

    def _inside(self, place: int) -> list[int]:
        starts, branches = self._branches
        return [int(branch) for branch in branches[starts[place] : starts[place + 1]]]

    @cached_property
    def _branches(self) -> tuple[Ints, Ints]:
        """`starts, branches`: lines that lie wholly within each place."""
        grid = self.grid
        one, other = (self.of_node[ends[: grid.n_lines]] for ends in (grid.branch_from, grid.branch_to))
        within = np.flatnonzero((one == other) & (one >= 0))
        counts = np.bincount(one[within], minlength=self.size)
        order = within[np.argsort(one[within], kind="stable")]
        return np.append(0, np.cumsum(counts)).astype(np.int32), order.astype(np.int32)

    def _first(self, place: int) -> int:
        starts, nodes = self.nodes
        return int(nodes[starts[place]])


def places_of(grid: Grid, closed: Bools, lines: Sequence[int] = ()) -> Places:
    """The places fed in state `closed` (bool per switch), parted at switches, transformers and some lines."""
    cut = np.zeros(grid.n_branches, np.bool_)
    cut[grid.n_lines :] = True
    cut[list(lines)] = True
    kept, cuts = np.flatnonzero(~cut), np.flatnonzero(cut)
    of_node, n = components(grid.n_nodes, grid.branch_from[kept], grid.branch_to[kept])
    passable = np.concatenate([np.ones(grid.first_switch, np.bool_), closed])[cuts]
    forest = normal_forest(
        n, of_node[grid.branch_from[cuts]], of_node[grid.branch_to[cuts]], passable, of_node[grid.source_nodes]
    )
    alive = forest.n_alive
    via = forest.via[:alive]
    label = np.where(forest.label < alive, forest.label, -1).astype(np.int32)
    branch = np.where(via >= 0, cuts[np.maximum(via, 0)], -1) if len(cuts) else np.full(alive, -1)
    return Places(
        grid, forest.parent[:alive].copy(), branch.astype(np.int32), forest.last[:alive].copy(), label[of_node]
    )


def branch_name(grid: Grid, branch: int) -> str:
    """Identity of a line, transformer or switch by its branch number."""
    if branch >= grid.first_switch:
        return grid.switch_id(branch - grid.first_switch)
    table, row = ("lines", branch) if branch < grid.n_lines else ("transformers", branch - grid.n_lines)
    return str(grid.network.tables[table].column(0)[row].as_py())
