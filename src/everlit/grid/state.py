"""Switch positions as of any instant (任一时刻的开关状态): the normal state, then every operation up to that instant.

An operation is true at one time and known at another; asking "as known then" leaves out what was learnt later.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from everlit.grid.compile import Bools, Grid


class Operation(Protocol):
    """A switch operated: which, to what, true when, known when."""

    @property
    def switch_id(self) -> str: ...
    @property
    def closed(self) -> bool: ...
    @property
    def at(self) -> datetime: ...
    @property
    def known_at(self) -> datetime: ...


def positions(
    grid: Grid, operations: Iterable[Operation], *, at: datetime, known_at: datetime | None = None
) -> Bools:
    """State (bool per switch, True closed) at instant `at`, optionally as known at `known_at`; ties go to the later row."""
    closed = grid.switch_normal_closed.copy()
    for operation in sorted(operations, key=lambda operation: operation.at):
        if operation.at <= at and (known_at is None or operation.known_at <= known_at):
            closed[grid.switch(operation.switch_id)] = operation.closed
    return closed
