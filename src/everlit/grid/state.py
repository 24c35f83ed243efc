"""Switch positions as of any instant (任一时刻的开关状态): the normal state, then every operation up to that instant.

An operation is true at one time and known at another; asking "as known then" leaves out what was learnt later.
Earthing switches are operated too, but they are no part of the state that feeds people: `earthed` lists them.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol

from everlit.grid.compile import Bools, Grid


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


def _in_order(operations: Iterable[Operation], at: datetime, known_at: datetime | None) -> Iterator[Operation]:
    for operation in sorted(operations, key=lambda operation: (operation.at, operation.known_at)):
        if operation.at <= at and (known_at is None or operation.known_at <= known_at):
            yield operation
