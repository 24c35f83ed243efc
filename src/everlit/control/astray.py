"""Off the plan (偏差): who is dead now and was to stay supplied, who is supplied and was told to be dead.

The same steps are taken on two copies of the network: as the ticket has them, and as they were done. Where both agree on
who is live, a deviation is a matter of minutes; where they do not, people are dark that nobody told.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from everlit.control.model import DoneStep
from everlit.control.steps import Tickets
from everlit.grid import Grid, supply
from everlit.grid.columns import Bools, Ints
from everlit.switching.step import SWITCHED, Action


@dataclass(frozen=True)
class Astray:
    """Consumers (rows of the network's table) who are dead against the plan, and supplied against it.

    `since` is when exactly those who are dead became so; None when nobody is.
    """

    grid: Grid
    dead: Ints
    supplied: Ints
    since: datetime | None = None

    def __bool__(self) -> bool:
        return bool(len(self.dead) or len(self.supplied))

    def as_json(self) -> dict[str, Any]:
        """Counts of households, and the loads by identity."""
        return {"dead": self._side(self.dead), "supplied": self._side(self.supplied)}

    def _side(self, rows: Ints) -> dict[str, Any]:
        table = self.grid.network.tables["consumers"]
        homes = np.asarray(table.column("households"))
        return {"households": int(homes[rows].sum()), "consumers": table.column("consumer_id").take(rows).to_pylist()}


def astray(grid: Grid, before: Bools, tickets: Tickets, done: Iterable[DoneStep]) -> Astray:
    """Compare the state the steps led to with the one they were to lead to; `before` is bool per switch."""
    really, planned = before.copy(), before.copy()
    dead = supplied = np.zeros(0, np.int32)
    since: datetime | None = None
    for one in sorted(done, key=lambda one: one.at):
        step = tickets[one.way].steps[one.number - 1]
        if step.action not in SWITCHED:
            continue
        _operate(grid, planned, step.device, step.action)
        if not one.left_out:
            _operate(grid, really, one.device or step.device, step.action)
        live, wanted = _live(grid, really), _live(grid, planned)
        lost = np.flatnonzero(wanted & ~live).astype(np.int32)
        supplied = np.flatnonzero(live & ~wanted).astype(np.int32)
        if not np.array_equal(lost, dead):
            dead, since = lost, one.at
    return Astray(grid, dead, supplied, since if len(dead) else None)


def _operate(grid: Grid, closed: Bools, device: str, action: Action) -> None:
    if grid.find(device, "earths") < 0:
        closed[grid.switch(device)] = action is Action.CLOSE


def _live(grid: Grid, closed: Bools) -> Bools:
    live: Bools = supply(grid, closed).energised[grid.section_of_node[grid.consumer_node]]
    return live
