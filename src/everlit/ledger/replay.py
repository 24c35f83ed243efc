"""Switching replayed (操作回放): from operations in the field to who was dead from which second to which.

The operations lead from state to state; in each state everyone is live or dead. A cold transfer of seconds is an
interval of seconds, and there and back are two of one event. Nobody is counted for having been dead before the first
operation: his darkness is another event's, until he has been live again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Protocol

import numpy as np

from everlit.grid import energised_nodes
from everlit.grid.columns import Bools
from everlit.kernel import Finding, Refusal, Text
from everlit.ledger.columns import epoch_s
from everlit.ledger.roster import Roster
from everlit.ledger.settle import Darkness

NEVER = -1


class UnableToReplay(Refusal):
    """The operations do not say until when somebody was dead."""

    title = Text(en="The switching could not be replayed.", zh="无法回放倒闸操作。")


class Operated(Protocol):
    """A switch operated in the field: which, to what, when (`grid.store.SwitchOperation` is one)."""

    @property
    def switch_id(self) -> str: ...
    @property
    def closed(self) -> bool: ...
    @property
    def at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Operation:
    """One switch operated, for steps that are not in the store."""

    switch_id: str
    closed: bool
    at: datetime


def replay(roster: Roster, before: Bools, operations: Iterable[Operated], *, until: datetime | None = None) -> Darkness:
    """Who was dead when, from state `before` (bool per switch) through `operations`; owners are 0.

    Operations of one second act together; earthing switches feed nobody and are passed over. What is dead at the end
    is dead until `until`. Raises UnableToReplay when no end is given, UnableToFindEquipment for an unknown switch.
    """
    states = list(_states(roster, before, sorted(operations, key=lambda one: one.at)))
    live = _live(roster, before)
    was_live, since = live.copy(), np.full(len(roster), NEVER, np.int64)
    found: list[tuple[np.ndarray, np.ndarray, int]] = []
    for at, closed in states:
        live = _live(roster, closed)
        back = np.flatnonzero(live & (since != NEVER))
        found.append((back, since[back], at))
        since[back] = NEVER
        since[~live & was_live & (since == NEVER)] = at
        was_live |= live
    left = np.flatnonzero(since != NEVER)
    if len(left):
        found.append((left, since[left], _end(roster, left.tolist(), since[left].max().item(), until)))
    subject = np.concatenate([rows for rows, _, _ in found]) if found else np.zeros(0)
    start = np.concatenate([begun for _, begun, _ in found]) if found else np.zeros(0)
    end = np.repeat([at for _, _, at in found], [len(rows) for rows, _, _ in found])
    return Darkness(
        subject.astype(np.int32), start.astype(np.int64), end.astype(np.int64), np.zeros(len(subject), np.int32)
    )


def _states(roster: Roster, before: Bools, operations: Sequence[Operated]) -> Iterator[tuple[int, Bools]]:
    grid, closed = roster.grid, before.copy()
    for at, together in groupby(operations, key=lambda one: epoch_s(one.at)):
        for one in together:
            if grid.find(one.switch_id, "earths") < 0:
                closed[grid.switch(one.switch_id)] = one.closed
        yield at, closed.copy()


def _live(roster: Roster, closed: Bools) -> Bools:
    return energised_nodes(roster.grid, closed)[roster.node]


def _end(roster: Roster, left: list[int], begun: int, until: datetime | None) -> int:
    if until is not None and epoch_s(until) > begun:
        return epoch_s(until)
    first = str(roster.ids[left[0]].as_py())
    words = Text(
        en=f"After the last operation {len(left)} are still dead, {first} among them: say until when.",
        zh=f"最后一步操作后仍有{len(left)}个停电对象未复电(如 {first}):请给出复电时间。",
    )
    raise UnableToReplay(Finding("replay.still_dead", first, words, {"dead": len(left)}))
