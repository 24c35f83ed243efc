"""Off the plan (偏差): who is dead now and was to stay supplied, who is supplied and was told to be dead.

The same steps are taken on two copies of the network: as the ticket has them, and as they were done. Where both agree on
who is live, a deviation is a matter of minutes; where they do not, people are dark that nobody told.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from everlit.control.model import DoneStep
from everlit.control.steps import Tickets
from everlit.grid import Grid, supply
from everlit.grid.columns import Bools, Ints
from everlit.ledger.columns import Seconds
from everlit.switching.step import SWITCHED, Action

NOBODY = (np.zeros(0, np.int32), np.zeros(0, np.int32))


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
    (dead, supplied), since = NOBODY, None
    for at, lost, kept in _walked(grid, before, tickets, done):
        since = since if np.array_equal(lost, dead) else at
        dead, supplied = lost, kept
    return Astray(grid, dead, supplied, since if len(dead) else None)


def cut_off(grid: Grid, before: Bools, now: Bools) -> Ints:
    """Consumers (rows of the network's table) who were supplied `before` and are not `now`; both bool per switch."""
    return np.flatnonzero(_live(grid, before) & ~_live(grid, now)).astype(np.int32)


@dataclass(frozen=True)
class Spells:
    """Half-open times [start_s, end_s), [n], in seconds since the epoch, in which loads were dead against the plan."""

    consumer_ids: Sequence[str]
    start_s: Seconds
    end_s: Seconds


def spells(grid: Grid, before: Bools, tickets: Tickets, done: Iterable[DoneStep], *, until: datetime) -> Spells:
    """Every load that was ever dead against the plan, from when to when; who still is, `until` supply came back."""
    began: dict[int, datetime] = {}
    found: list[tuple[int, datetime, datetime]] = []
    for at, lost, _ in (*_walked(grid, before, tickets, done), (until, *NOBODY)):
        now = set(lost.tolist())
        found += [(row, began.pop(row), at) for row in sorted(began.keys() - now)]
        began |= dict.fromkeys(now - began.keys(), at)
    mine = [(row, int(start.timestamp()), int(end.timestamp())) for row, start, end in found if start < end]
    rows, start_s, end_s = np.array(mine, np.int64).reshape(-1, 3).T
    names = grid.network.tables["consumers"].column("consumer_id").take(rows).to_pylist()
    return Spells(names, start_s, end_s)


def _walked(
    grid: Grid, before: Bools, tickets: Tickets, done: Iterable[DoneStep]
) -> Iterator[tuple[datetime, Ints, Ints]]:
    """After each switching step: when, who is dead against the plan, who is supplied against it."""
    really, planned = before.copy(), before.copy()
    for one in sorted(done, key=lambda one: one.at):
        step = tickets[one.way].steps[one.number - 1]
        if step.action not in SWITCHED:
            continue
        _operate(grid, planned, step.device, step.action)
        if not one.left_out:
            _operate(grid, really, one.device or step.device, step.action)
        live, wanted = _live(grid, really), _live(grid, planned)
        lost, kept = np.flatnonzero(wanted & ~live), np.flatnonzero(live & ~wanted)
        yield one.at, lost.astype(np.int32), kept.astype(np.int32)


def _operate(grid: Grid, closed: Bools, device: str, action: Action) -> None:
    if grid.find(device, "earths") < 0:
        closed[grid.switch(device)] = action is Action.CLOSE


def _live(grid: Grid, closed: Bools) -> Bools:
    live: Bools = supply(grid, closed).energised[grid.section_of_node[grid.consumer_node]]
    return live
