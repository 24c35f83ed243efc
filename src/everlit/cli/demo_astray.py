"""Which switch the demo lets a crew open in place of the planned one: the zone is dead all the same, and others with it.

planned:   source ─── A0 ─── A1 ─ ✕ ─ zone          zone dead
really:    source ─── A0 ─ ✕ ─ A1 ─── zone          whoever hangs between A0 and A1 as well
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from everlit.control.astray import astray
from everlit.control.model import DoneStep
from everlit.control.steps import Tickets
from everlit.grid import Grid
from everlit.switching.step import Action
from everlit.switching.ticket import Direction


def neighbour(grid: Grid, tickets: Tickets, *, at: datetime) -> tuple[str, str] | None:
    """The planned switch and the one beside it that darkens the fewest further households, but some; None without any.
    `at` is when the ticket out begins."""
    out = tickets[Direction.OUT].steps
    plan = [DoneStep(Direction.OUT, one.number, at + timedelta(minutes=one.at_min), "") for one in out]
    used, found = {one.device for one in out}, []
    for row, step in enumerate(out):
        if step.action is not Action.OPEN:
            continue
        for other in set(_beside(grid, step.device)) - used:
            done = [*plan[:row], replace(plan[row], device=other), *plan[row + 1 :]]
            off = astray(grid, grid.switch_normal_closed, tickets, done).as_json()
            if off["dead"]["households"] and not off["supplied"]["households"]:
                found.append((off["dead"]["households"], step.device, other))
    return min(found)[1:] if found else None


def _beside(grid: Grid, device: str) -> Iterator[str]:
    """The closed switches that share a section with another one."""
    names = grid.network.tables["switches"].column("switch_id")
    planned = grid.switch(device)
    places = grid.section_of_node[[grid.switch_from[planned], grid.switch_to[planned]]]
    ends = (grid.section_of_node[grid.switch_from], grid.section_of_node[grid.switch_to])
    beside = (np.isin(ends[0], places) | np.isin(ends[1], places)) & grid.switch_normal_closed
    return (names[row].as_py() for row in np.flatnonzero(beside).tolist() if row != planned)
