"""Who can be off in a network (停电对象): usage points and MV statistic units, one after the other, each at its node."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from everlit.grid import Grid
from everlit.grid.columns import Ints
from everlit.grid.identities import Identities
from everlit.ledger.columns import Subjects, subjects_of
from everlit.ledger.model import SubjectKind

UNKNOWN = -1


@dataclass(frozen=True, eq=False)
class Roster:
    """Usage points, then MV units, of one compiled network; a row of the roster counts through both."""

    grid: Grid
    points: Subjects
    units: Subjects

    def __len__(self) -> int:
        return len(self.points) + len(self.units)

    def of(self, kind: SubjectKind) -> Subjects:
        """The subjects of one kind."""
        return self.points if kind is SubjectKind.USAGE_POINT else self.units

    def first(self, kind: SubjectKind) -> int:
        """Row where a kind begins."""
        return 0 if kind is SubjectKind.USAGE_POINT else len(self.points)

    def kind(self, row: int) -> SubjectKind:
        """Kind of a row."""
        return SubjectKind.USAGE_POINT if row < len(self.points) else SubjectKind.MV_UNIT

    @cached_property
    def ids(self) -> pa.Array:
        """Identity of each row; a load that is an MV unit too has two rows."""
        return pa.concat_arrays([self.points.ids, self.units.ids])

    @cached_property
    def node(self) -> Ints:
        """Label of the node with which each row is dead: a load's own, a transformer's high side."""
        grid = self.grid
        return np.concatenate([grid.consumer_node, grid.transformer_hv[self.counted], grid.consumer_node[self.own]])

    def rows(self, kind: SubjectKind, identities: pa.Array) -> Ints:
        """Row of each subject of a kind, -1 for those that are not there."""
        found = self._known[kind].rows(identities)
        return np.where(found >= 0, found + self.first(kind), UNKNOWN).astype(np.int32)

    @cached_property
    def is_unit(self) -> npt.NDArray[np.bool_]:
        """Per transformer: whether it counts as MV units."""
        return np.asarray(self.grid.network.tables["transformers"].column("mv_units")) > 0

    @cached_property
    def counted(self) -> npt.NDArray[Any]:
        """The transformers that count as MV units, in the order of their rows."""
        return np.flatnonzero(self.is_unit)

    @cached_property
    def own(self) -> npt.NDArray[Any]:
        """The loads that count as MV units, in the order of their rows."""
        return np.flatnonzero(np.asarray(self.grid.network.tables["consumers"].column("mv_units")) > 0)

    @cached_property
    def _known(self) -> dict[SubjectKind, Identities]:
        return {kind: Identities(self.of(kind).ids) for kind in SubjectKind}


def roster(grid: Grid) -> Roster:
    """The roster of a compiled network."""
    return Roster(grid, *(subjects_of(grid, kind) for kind in (SubjectKind.USAGE_POINT, SubjectKind.MV_UNIT)))
