"""Off the plan (偏差): who is dead now and was to stay supplied, who is supplied and was told to be dead.

The same steps are taken on two copies of the network: as the ticket has them, and as they were done. Where both agree on
who is live, a deviation is a matter of minutes; where they do not, people are dark that nobody told.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from everlit.control.model import DoneStep
from everlit.control.steps import Tickets, operations
from everlit.grid import Grid, supply
from everlit.grid.columns import Bools, Ints


@dataclass(frozen=True)
class Astray:
    """Consumers (rows of the network's table) who are dead against the plan, and supplied against it."""

    grid: Grid
    dead: Ints
    supplied: Ints

    def __bool__(self) -> bool:
        return bool(len(self.dead) or len(self.supplied))

    def as_json(self) -> dict[str, Any]:
        """Counts of households, and the loads by identity."""
        return {"dead": self._side(self.dead), "supplied": self._side(self.supplied)}

    def _side(self, rows: Ints) -> dict[str, Any]:
        table = self.grid.network.tables["consumers"]
        homes = np.asarray(table.column("households"))
        return {"households": int(homes[rows].sum()), "consumers": table.column("consumer_id").take(rows).to_pylist()}


def astray(grid: Grid, before: Bools, tickets: Tickets, done: tuple[DoneStep, ...]) -> Astray:
    """Compare the state the steps led to with the one they were to lead to; `before` is bool per switch."""
    exactly = tuple(DoneStep(one.way, one.number, one.at, one.by) for one in done)
    live = [
        supply(grid, _after(grid, before, tickets, steps)).energised[grid.section_of_node[grid.consumer_node]]
        for steps in (done, exactly)
    ]
    really, planned = live
    return Astray(
        grid, np.flatnonzero(planned & ~really).astype(np.int32), np.flatnonzero(really & ~planned).astype(np.int32)
    )


def _after(grid: Grid, before: Bools, tickets: Tickets, done: tuple[DoneStep, ...]) -> Bools:
    closed = before.copy()
    for one in operations(tickets, done):
        if grid.find(one.switch_id, "earths") < 0:
            closed[grid.switch(one.switch_id)] = one.closed
    return closed
