"""A place named instead of its customers (停电范围): everyone who is fed through it in the normal state is meant.

The roster stands in the order of the normal supply forest, so that a place is one slice of it:

    feeder F ──/── line ── ∙ transformer T ∙ ── loads a, b        T: [a b T]      F: [… a b T …]
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from everlit.grid.columns import Bools, Ints
from everlit.grid.identities import Identities
from everlit.ledger.roster import UNKNOWN, Roster

AS_SUBJECT = ("consumers", "usage_points", "transformers", "feeders", "switches", "lines", "nodes", "sections")
AS_PLACE = ("feeders", "transformers", "switches", "lines", "nodes", "sections", "consumers", "usage_points")
"""Where a name is looked for, one table after the other."""


@dataclass(frozen=True, eq=False)
class Places:
    """The places of a network as slices of `order`."""

    roster: Roster

    @cached_property
    def order(self) -> Ints:
        """Rows in the order of the supply forest, both rows of a load beside each other."""
        return np.lexsort((self._owner, self._label)).astype(np.int32)

    def spans(self, names: pa.Array, tables: tuple[str, ...] = AS_SUBJECT) -> tuple[Ints, Ints]:
        """Slice [first, last) of `order` each name stands for, looked for in `tables` one after the other.

        An unknown name gives (-1, -1); a place that feeds nobody in the normal state an empty slice.
        """
        first, last = np.full(len(names), UNKNOWN, np.int32), np.full(len(names), UNKNOWN, np.int32)
        for table in tables:
            open_ = np.flatnonzero(first < 0)
            if not len(open_):
                break
            rows = self._rows_of(table, names.take(pa.array(open_)))
            known = np.flatnonzero(rows >= 0)
            first[open_[known]], last[open_[known]] = self._slices(table, rows[known])
        return first, last

    def expand(self, first: Ints, last: Ints) -> tuple[Ints, Ints]:
        """Everyone in some slices: which slice, and the row of the roster."""
        count = last - first
        which = np.repeat(np.arange(len(first), dtype=np.int32), count)
        within = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        return which, self.order[np.repeat(first, count) + within]

    def _rows_of(self, table: str, names: pa.Array) -> Ints:
        grid, tables = self.roster.grid, self.roster.grid.network.tables
        if table == "usage_points":
            points, loads = tables["usage_points"], Identities(tables["consumers"].column(0))
            found = Identities(points.column("usage_point_id")).rows(names)
            return np.append(loads.rows(points.column("consumer_id")), np.int32(UNKNOWN))[found].astype(np.int32)
        if table == "sections":
            return self._section_rows(names)
        own = {"nodes": grid.node_ids, "switches": grid.switch_ids, "feeders": grid.feeder_ids}
        return Identities(own[table] if table in own else tables[table].column(0)).rows(names)

    def _section_rows(self, names: pa.Array) -> Ints:
        """A section is called after one of its nodes."""
        grid, rows = self.roster.grid, np.full(len(names), UNKNOWN, np.int32)
        for place, name in enumerate(names.to_pylist()):
            node = grid.find(name.removeprefix("sec:"), "nodes") if name and name.startswith("sec:") else UNKNOWN
            section = int(grid.section_of_node[node])
            if node >= 0 and grid.section_name(section) == name:
                rows[place] = section
        return rows

    def _slices(self, table: str, rows: Ints) -> tuple[Ints, Ints]:
        grid = self.roster.grid
        if table in ("consumers", "usage_points"):
            return self._of_owner(rows)
        if table == "transformers":
            return self._of_transformer(rows)
        if table == "lines":
            return self._of_label(self._behind(rows))
        if table == "sections":
            return self._of_label(grid.first_node_of_section[rows])
        if table == "nodes":
            return self._of_label(rows)
        switches = rows if table == "switches" else grid.feeder_head[rows]
        return self._of_label(np.where(switches >= 0, grid.node_behind_switch[switches], UNKNOWN))

    def _of_label(self, labels: npt.NDArray[Any]) -> tuple[Ints, Ints]:
        """What hangs under nodes in the normal state; label -1 stands for nobody."""
        known, inside = self._label[self.order], labels >= 0
        first = np.searchsorted(known, labels)
        last = np.where(inside, np.searchsorted(known, self.roster.grid.node_last[labels]), first)
        return first.astype(np.int32), last.astype(np.int32)

    def _of_owner(self, owners: npt.NDArray[Any]) -> tuple[Ints, Ints]:
        """Both rows of loads, or the row of transformers."""
        first, count = self._owned
        return first[owners], first[owners] + count[owners]

    def _of_transformer(self, rows: Ints) -> tuple[Ints, Ints]:
        """All below the low side and the unit itself; a transformer that feeds nobody is itself alone."""
        first, last = self._of_label(np.where(self._feeds[rows], self.roster.grid.transformer_lv[rows], UNKNOWN))
        alone = np.flatnonzero((first == last) & self.roster.is_unit[rows])
        first[alone], last[alone] = self._of_owner(len(self.roster.points) + rows[alone])
        return first, last

    def _behind(self, lines: Ints) -> Ints:
        """The end of each line that is fed through it, -1 where neither is."""
        one, other = self.roster.grid.branch_from[lines], self.roster.grid.branch_to[lines]
        via = self.roster.grid.node_via
        return np.where(via[other] == lines, other, np.where(via[one] == lines, one, UNKNOWN)).astype(np.int32)

    @cached_property
    def _feeds(self) -> Bools:
        """Transformers whose low side is fed through them in the normal state."""
        grid = self.roster.grid
        return np.asarray(grid.node_via[grid.transformer_lv] == grid.n_lines + np.arange(grid.n_transformers))

    @cached_property
    def _label(self) -> Ints:
        """Node under which each row is counted: a unit stands below its transformer, where that feeds."""
        grid, mine = self.roster.grid, self.roster.counted
        at = np.where(self._feeds[mine], grid.transformer_lv[mine], grid.transformer_hv[mine])
        return np.concatenate([grid.consumer_node, at, grid.consumer_node[self.roster.own]]).astype(np.int32)

    @cached_property
    def _owner(self) -> Ints:
        """The load behind each row, or the number of loads plus the transformer."""
        loads = len(self.roster.points)
        return np.concatenate([np.arange(loads), loads + self.roster.counted, self.roster.own]).astype(np.int32)

    @cached_property
    def _owned(self) -> tuple[Ints, Ints]:
        """First place in `order`, and number of rows, of each owner."""
        count = np.bincount(self._owner, minlength=len(self.roster.points) + self.roster.grid.n_transformers)
        first = np.zeros(len(count), np.int32)
        first[self._owner[self.order][::-1]] = np.arange(len(self.order), dtype=np.int32)[::-1]
        return first, count.astype(np.int32)
