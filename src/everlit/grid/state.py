"""Switch positions as of any instant (任一时刻的开关状态): the normal state, then every operation up to that instant.

An operation is true at one time and known at another; asking "as known then" leaves out what was learnt later.
Earthing switches are operated too, but they are no part of the state that feeds people: `earthed` lists them.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol

import numpy as np
import pyarrow as pa

from everlit.grid.assemble import network_of
from everlit.grid.compile import Bools, Grid
from everlit.grid.model import Network


class Operation(Protocol):
    """A switch operated: which, to what, true when, known when."""

    @property
    def switch_id(self) -> str:
        """Identity of the switch."""

    @property
    def closed(self) -> bool:
        """Position after the operation."""

    @property
    def at(self) -> datetime:
        """When it was true."""

    @property
    def known_at(self) -> datetime:
        """When it was known."""


def positions(grid: Grid, operations: Iterable[Operation], *, at: datetime, known_at: datetime | None = None) -> Bools:
    """State (bool per switch, True closed) at instant `at`, optionally as known at `known_at`.

    Of two operations of one switch at the same instant the one known later counts, then the later row. Raises
    UnableToFindEquipment when an operation names neither a switch nor an earthing switch.
    """
    closed = grid.switch_normal_closed.copy()
    for operation in _in_order(operations, at, known_at):
        if grid.find(operation.switch_id, "earths") < 0:
            closed[grid.switch(operation.switch_id)] = operation.closed
    return closed


def earthed(
    grid: Grid, operations: Iterable[Operation], *, at: datetime, known_at: datetime | None = None
) -> frozenset[str]:
    """Earthing switches (接地刀闸) closed at instant `at`; in the normal state those not normally open."""
    switches = grid.network.tables["switches"].select(["switch_id", "normal_open"])
    normal = dict(zip(*(column.to_pylist() for column in switches.columns), strict=True))
    closed = {earth for earth in grid.earth_ids.to_pylist() if not normal[earth]}
    for operation in _in_order(operations, at, known_at):
        if grid.find(operation.switch_id, "earths") >= 0:
            (closed.add if operation.closed else closed.discard)(operation.switch_id)
    return frozenset(closed)


def stated(network: Network) -> dict[str, bool]:
    """Switch → closed, as the network's own table of present positions says."""
    rows = network.tables["positions"]
    names, opened = (rows.column(name).to_pylist() for name in ("switch_id", "open"))
    return {name: not is_open for name, is_open in zip(names, opened, strict=True)}


def with_positions(grid: Grid, closed: Bools, earths: frozenset[str]) -> Network:
    """The network with its present positions beside it: every switch and earth that is not as it is normally."""
    moved = np.flatnonzero(closed != grid.switch_normal_closed).tolist()
    found = {grid.switch_id(switch): not closed[switch] for switch in moved}
    switches = grid.network.tables["switches"].select(["switch_id", "normal_open"])
    normal = dict(zip(*(column.to_pylist() for column in switches.columns), strict=True))
    for earth in grid.earth_ids.to_pylist():
        if normal[earth] is (earth in earths):
            found[earth] = earth not in earths
    table = pa.table(
        {"switch_id": pa.array(list(found), pa.string()), "open": pa.array(list(found.values()), pa.bool_())}
    )
    return network_of({**grid.network.tables, "positions": table}, grid.network.manifest)


def _in_order(operations: Iterable[Operation], at: datetime, known_at: datetime | None) -> Iterator[Operation]:
    for operation in sorted(operations, key=lambda operation: (operation.at, operation.known_at)):
        if operation.at <= at and (known_at is None or operation.known_at <= known_at):
            yield operation
