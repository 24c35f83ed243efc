"""The compiled network (编译后的网络): identities as small integers, a city as a small graph of sections.

Branches are ordered lines, transformers, switches. A section (开关区段) is everything joined without passing a switch:

    S1 ──/ b1 /── n1 ── n2 ──/ b2 /── n3          sections {S1} {n1 n2} {n3}, joined by switches b1, b2

Ground disconnectors are not branches: closing one earths its node, it feeds nobody. Node labels follow the normal
supply forest (see `forest`); sections are numbered by their first node, so each after the one that feeds it.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from everlit.grid.columns import Bools, Floats, Ints, codes, flags
from everlit.grid.forest import adjacency
from everlit.grid.identities import Identities
from everlit.grid.model import Importance, Network
from everlit.grid.schema import IMPORTANCES
from everlit.kernel import Finding, Refusal, Text

EQUIPMENT_TABLES = ("switches", "earths", "lines", "transformers", "nodes", "generators", "consumers", "usage_points")


class UnableToFindEquipment(Refusal):
    """No equipment of that identity."""

    title = Text(en="No such equipment.", zh="没有该设备。")


@dataclass(frozen=True, slots=True)
class Equipment:
    """A thing of the network: its table, its index there (a switch: its switch index), the sections it touches."""

    kind: str
    identity: str
    index: int
    sections: tuple[int, ...]
    nodes: tuple[int, ...]


@dataclass(frozen=True)
class Grid:
    """A compiled network. Nobody writes to its arrays; shapes are [nodes], [branches], [switches], [sections] as named.

    `node_row` leads from a label to the row of the nodes table. `node_parent`, `node_via` (branch) and `node_last`
    are the normal supply forest: what hangs under node v in the normal state is the interval [v, node_last[v]), and
    labels below `n_alive` are energised in it.
    """

    network: Network
    node_ids: pa.Array
    node_row: Ints
    node_parent: Ints
    node_via: Ints
    node_last: Ints
    n_alive: int
    switch_ids: pa.Array
    nominal_kv: Floats
    branch_from: Ints
    branch_to: Ints
    n_lines: int
    n_transformers: int
    switch_kind: npt.NDArray[np.int8]
    switch_rated_a: Floats
    switch_locked: Bools
    switch_phased: Bools
    switch_normal_closed: Bools
    earth_ids: pa.Array
    earth_node: Ints
    source_nodes: Ints
    section_of_node: Ints
    n_sections: int
    node_units: npt.NDArray[np.int64]
    node_households: npt.NDArray[np.int64]
    node_kva: Floats
    node_p_kw: Floats
    node_importance: npt.NDArray[np.int8]
    consumer_node: Ints
    transformer_hv: Ints
    transformer_lv: Ints
    feeder_ids: pa.Array
    feeder_head: Ints

    @property
    def n_nodes(self) -> int:
        """Number of connectivity nodes."""
        return len(self.node_ids)

    @property
    def n_branches(self) -> int:
        """Lines, transformers and switches together."""
        return len(self.branch_from)

    @property
    def n_switches(self) -> int:
        """Number of switches that can join two nodes (earths not among them)."""
        return len(self.switch_ids)

    @property
    def first_switch(self) -> int:
        """Branch index of switch 0."""
        return self.n_lines + self.n_transformers

    @cached_property
    def switch_from(self) -> Ints:
        """Node on one side of each switch."""
        return self.branch_from[self.first_switch :]

    @cached_property
    def switch_to(self) -> Ints:
        """Node on the other side of each switch."""
        return self.branch_to[self.first_switch :]

    @cached_property
    def switch_section_from(self) -> Ints:
        """Section on one side of each switch."""
        return self.section_of_node[self.switch_from]

    @cached_property
    def switch_section_to(self) -> Ints:
        """Section on the other side of each switch."""
        return self.section_of_node[self.switch_to]

    @cached_property
    def section_units(self) -> npt.NDArray[np.int64]:
        """MV statistic units of each section."""
        return np.bincount(self.section_of_node, self.node_units, self.n_sections).astype(np.int64)

    @cached_property
    def section_households(self) -> npt.NDArray[np.int64]:
        """Households of each section."""
        return np.bincount(self.section_of_node, self.node_households, self.n_sections).astype(np.int64)

    @cached_property
    def section_kva(self) -> Floats:
        """Transformer and contract capacity of each section, kVA."""
        return np.bincount(self.section_of_node, self.node_kva, self.n_sections).astype(np.float64)

    @cached_property
    def section_p_kw(self) -> Floats:
        """Nameplate load of each section, kW."""
        return np.bincount(self.section_of_node, self.node_p_kw, self.n_sections).astype(np.float64)

    @cached_property
    def section_importance(self) -> npt.NDArray[np.int8]:
        """Weightiest importance grade in each section."""
        grades = np.zeros(self.n_sections, np.int8)
        np.maximum.at(grades, self.section_of_node, self.node_importance)
        return grades

    @cached_property
    def section_is_source(self) -> Bools:
        """Sections with a source of their own; these are the roots of every supply forest."""
        return np.bincount(self.section_of_node[self.source_nodes], minlength=self.n_sections) > 0

    @cached_property
    def section_meshed(self) -> Bools:
        """Sections whose own lines and transformers close a loop (parallel cables, paralleled transformers)."""
        of_branch = self.section_of_node[self.branch_from[: self.first_switch]]
        nodes = np.bincount(self.section_of_node, minlength=self.n_sections)
        return np.bincount(of_branch, minlength=self.n_sections) >= nodes

    @cached_property
    def first_node_of_section(self) -> Ints:
        """Smallest label of each section: the node where normal supply enters it."""
        first = np.full(self.n_sections, self.n_nodes, np.int32)
        np.minimum.at(first, self.section_of_node, np.arange(self.n_nodes, dtype=np.int32))
        return first

    @cached_property
    def section_via(self) -> Ints:
        """Switch through which each section is fed in the normal state, -1 for roots and islands."""
        entry = self.first_node_of_section
        fed = (self.node_parent[entry] >= 0) & ~self.section_is_source
        return np.where(fed, self.node_via[entry] - self.first_switch, -1).astype(np.int32)

    @cached_property
    def section_parent(self) -> Ints:
        """Section that feeds each section in the normal state, always of a smaller number; -1 for roots and islands."""
        before = self.section_of_node[self.node_parent[self.first_node_of_section]]
        return np.where(self.section_via >= 0, before, -1).astype(np.int32)

    @cached_property
    def chord_switches(self) -> Ints:
        """Switches outside the normal supply forest: ties, and whatever closes a mesh."""
        tree = np.zeros(self.n_switches, np.bool_)
        tree[self.section_via[self.section_via >= 0]] = True
        return np.flatnonzero(~tree).astype(np.int32)

    @cached_property
    def section_switches(self) -> tuple[Ints, Ints]:
        """`starts, switches`: the switches at section s are switches[starts[s]:starts[s + 1]]."""
        starts, switches = adjacency(self.n_sections, self.switch_section_from, self.switch_section_to)
        return starts, switches

    @cached_property
    def section_nodes(self) -> tuple[Ints, Ints]:
        """`starts, nodes`: the nodes of section s are nodes[starts[s]:starts[s + 1]]."""
        counts = np.bincount(self.section_of_node, minlength=self.n_sections)
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        return starts, np.argsort(self.section_of_node, kind="stable").astype(np.int32)

    @cached_property
    def node_behind_switch(self) -> Ints:
        """Node that each switch feeds in the normal supply forest, -1 for switches outside it."""
        behind = np.full(self.n_switches, -1, np.int32)
        fed = np.flatnonzero(self.node_via >= self.first_switch)
        behind[self.node_via[fed] - self.first_switch] = fed
        return behind

    @cached_property
    def standing_chords(self) -> tuple[Ints, Ints, Ints]:
        """Branches closed in the normal state yet outside its forest: both ends, and the switch (-1 for lines)."""
        outside = np.concatenate([np.ones(self.first_switch, np.bool_), self.switch_normal_closed])
        outside[self.node_via[self.node_via >= 0]] = False
        branches = np.flatnonzero(outside & (self.branch_from != self.branch_to)).astype(np.int32)
        switch = np.where(branches >= self.first_switch, branches - self.first_switch, -1).astype(np.int32)
        return self.branch_from[branches], self.branch_to[branches], switch

    @cached_property
    def island_roots(self) -> Ints:
        """First node of every part that no source reaches in the normal state."""
        labels = np.arange(self.n_alive, self.n_nodes, dtype=np.int32)
        return labels[self.node_parent[self.n_alive :] < 0]

    @cached_property
    def important_rows(self) -> tuple[Ints, Ints]:
        """Rows of usage points that are important customers or have life support, and the section of each."""
        points = self.network.tables["usage_points"]
        grades, life = codes(points, "importance", IMPORTANCES), flags(points, "life_support")
        rows = np.flatnonzero((grades > Importance.ORDINARY) | life).astype(np.int32)
        names = points.column("consumer_id").take(pa.array(rows))
        consumers = Identities(self.network.tables["consumers"].column("consumer_id")).rows(names)
        return rows, self.section_of_node[self.consumer_node[consumers]]

    @cached_property
    def head_feeder(self) -> Ints:
        """Feeder whose head each switch is, -1 for all others."""
        feeder = np.full(self.n_switches, -1, np.int32)
        known = np.flatnonzero(self.feeder_head >= 0)
        feeder[self.feeder_head[known]] = known
        return feeder

    @cached_property
    def head_far_section(self) -> Ints:
        """Section on the feeder's side of each head switch, -1 for all others.

        That is the side fed through it in the normal state; for a head that is normally open, the side outside the
        feeder's substation; when neither decides, the `to` side.
        """
        far = np.full(self.n_switches, -1, np.int32)
        stations = self.network.tables["nodes"].column("substation_id").take(pa.array(self.node_row)).combine_chunks()
        owners = self.network.tables["feeders"].column("substation_id").to_pylist()
        for feeder, head in enumerate(self.feeder_head.tolist()):
            if head < 0:
                continue
            one, other = int(self.switch_section_from[head]), int(self.switch_section_to[head])
            if self.section_via[one] == head or self.section_via[other] == head:
                far[head] = one if self.section_via[one] == head else other
            else:
                inside = [
                    stations[int(end[head])].as_py() == owners[feeder] for end in (self.switch_from, self.switch_to)
                ]
                far[head] = one if inside == [False, True] else other
        return far

    @cached_property
    def normal_feeder(self) -> Ints:
        """Feeder of each section in the normal state, -1 outside all feeders."""
        feeder = np.full(self.n_sections, -1, np.int32)
        heads, far = self.head_feeder, self.head_far_section
        _inherit(self.section_parent, self.section_via, self.section_is_source, heads, far, feeder)
        return feeder

    @cached_property
    def under_switch(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
        """Units, households and kVA under each switch in the normal state: differences of running sums over labels."""
        label = self.node_behind_switch
        fed = (label >= 0) & (label < self.n_alive)
        first, last = label[fed], self.node_last[label[fed]]
        counts: list[Any] = []
        for values in (self.node_units, self.node_households, self.node_kva):
            running = np.concatenate([np.zeros(1, values.dtype), np.cumsum(values)])
            under = np.zeros(self.n_switches, values.dtype)
            under[fed] = running[last] - running[first]
            counts.append(under)
        return counts[0], counts[1], counts[2]

    @cached_property
    def _indices(self) -> dict[str, Identities]:
        return {}

    def find(self, identity: str, table: str) -> int:
        """Index of `identity` in a table of the compiled network, -1 when it is not there."""
        index = self._indices.get(table)
        if index is None:
            own = {
                "nodes": self.node_ids,
                "switches": self.switch_ids,
                "earths": self.earth_ids,
                "feeders": self.feeder_ids,
            }
            index = Identities(own[table] if table in own else self.network.tables[table].column(0))
            self._indices[table] = index
        return index.find(identity)

    def node(self, identity: str) -> int:
        """Label of a node; raises UnableToFindEquipment."""
        return self._index(identity, "nodes")

    def switch(self, identity: str) -> int:
        """Index of a switch; raises UnableToFindEquipment, saying so for an earthing switch, which joins nothing."""
        if self.find(identity, "earths") >= 0:
            text = Text(en=f"{identity} is an earthing switch: it feeds nobody.", zh=f"{identity} 是接地刀闸,不供电。")
            raise UnableToFindEquipment(Finding("equipment.earth", identity, text))
        return self._index(identity, "switches")

    def switch_id(self, index: int) -> str:
        """Identity of a switch."""
        return str(self.switch_ids[int(index)].as_py())

    def node_id(self, label: int) -> str:
        """Identity of a node."""
        return str(self.node_ids[int(label)].as_py())

    def section_name(self, section: int) -> str:
        """A stable name of a section: that of its alphabetically first node."""
        return "sec:" + str(self._section_names[int(section)])

    @cached_property
    def _section_names(self) -> list[str]:
        table = pa.table({"section": self.section_of_node, "node": self.node_ids})
        smallest = table.group_by("section").aggregate([("node", "min")]).sort_by("section")
        return list(smallest.column("node_min").to_pylist())

    def feeder(self, identity: str) -> int:
        """Index of a feeder; raises UnableToFindEquipment."""
        return self._index(identity, "feeders")

    def _index(self, identity: str, table: str) -> int:
        index = self.find(identity, table)
        if index < 0:
            raise _unknown(identity, table)
        return index

    def equipment(self, identity: str) -> Equipment:
        """Anything of the network by identity; raises UnableToFindEquipment."""
        for table in EQUIPMENT_TABLES:
            index = self.find(identity, table)
            if index >= 0:
                break
        else:
            raise _unknown(identity, "equipment")
        nodes = self._nodes_of(table, index)
        sections = tuple(sorted({int(self.section_of_node[node]) for node in nodes}))
        return Equipment(table, identity, index, sections, nodes)

    def _nodes_of(self, table: str, index: int) -> tuple[int, ...]:
        if table == "nodes":
            return (index,)
        if table == "earths":
            return (int(self.earth_node[index]),)
        if table == "consumers":
            return (int(self.consumer_node[index]),)
        if table == "usage_points":
            consumer = self.network.tables["usage_points"].column("consumer_id")[index].as_py()
            return (int(self.consumer_node[self._index(consumer, "consumers")]),)
        if table == "generators":
            return (self.node(self.network.tables["generators"].column("node_id")[index].as_py()),)
        offset = {"lines": 0, "transformers": self.n_lines, "switches": self.first_switch}[table]
        return (int(self.branch_from[offset + index]), int(self.branch_to[offset + index]))


def _unknown(identity: str, table: str) -> UnableToFindEquipment:
    text = Text(en=f"No {table} called {identity}.", zh=f"没有名为 {identity} 的设备({table})。")
    return UnableToFindEquipment(Finding("equipment.unknown", identity, text))


@numba.njit(cache=True)
def _inherit(parent: Ints, via: Ints, is_source: Bools, head_feeder: Ints, far: Ints, feeder: Ints) -> None:
    """Hand feeders down the normal forest; a section that is fed has a parent of a smaller number."""
    fed = is_source.copy()
    for section in range(len(parent)):
        if parent[section] >= 0 and fed[parent[section]]:
            fed[section] = True
            outward = head_feeder[via[section]] >= 0 and far[via[section]] == section
            feeder[section] = head_feeder[via[section]] if outward else feeder[parent[section]]
