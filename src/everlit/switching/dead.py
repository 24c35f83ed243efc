"""Dead intervals (停电时段): who is without supply from which minute to which, read off the path of states.

The clock starts with the first order of the ticket out; work follows the permit; the ticket back follows the work. A step
acts when it is done. A cold transfer shows as two intervals of a minute or two, hours apart: nobody is counted for the
hours between, and nobody's minute is forgotten.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from everlit.grid import Grid
from everlit.grid.compile import Bools, Floats, Ints
from everlit.switching.blocks import Islands, blocks
from everlit.switching.step import SWITCHED, Action, Step


class TicketLike(Protocol):
    """What is read of a ticket."""

    @property
    def steps(self) -> tuple[Step, ...]: ...
    @property
    def minutes(self) -> float: ...


@dataclass(frozen=True)
class DeadIntervals:
    """Disjoint half-open intervals [from_min, to_min) by section, rows in order of section, then time.

    `until_min` is when the last step of the way back is done: what is still dead then is dead up to it.
    """

    grid: Grid = field(repr=False, compare=False)
    section: Ints
    from_min: Floats
    to_min: Floats
    until_min: float

    def of(self, section: int) -> list[tuple[float, float]]:
        """The intervals of one section."""
        first, last = np.searchsorted(self.section, [section, section + 1])
        return [(float(a), float(b)) for a, b in zip(self.from_min[first:last], self.to_min[first:last], strict=True)]

    def by_section(self) -> dict[int, list[tuple[float, float]]]:
        """The intervals of every section that has any."""
        return {int(section): self.of(int(section)) for section in np.unique(self.section)}

    @property
    def minutes(self) -> Floats:
        """Dead minutes per section of the grid."""
        minutes = np.bincount(self.section, self.to_min - self.from_min, self.grid.n_sections)
        return minutes.astype(np.float64)

    @property
    def interruptions(self) -> Ints:
        """Number of interruptions per section of the grid."""
        return np.bincount(self.section, minlength=self.grid.n_sections).astype(np.int32)

    @property
    def sections(self) -> Ints:
        """Every section that is dead at any time."""
        return np.unique(self.section)

    @property
    def unit_hours(self) -> float:
        """MV customer-hours (时户数)."""
        return float(self.minutes @ self.grid.section_units) / 60

    @property
    def household_hours(self) -> float:
        """Household-hours."""
        return float(self.minutes @ self.grid.section_households) / 60

    @property
    def kva_hours(self) -> float:
        """Capacity without supply times hours."""
        return float(self.minutes @ self.grid.section_kva) / 60

    def as_json(self) -> list[dict[str, Any]]:
        """Rows by section name."""
        return [
            {"section": self.grid.section_name(int(section)), "from_min": float(start), "to_min": float(end)}
            for section, start, end in zip(self.section, self.from_min, self.to_min, strict=True)
        ]


def dead_intervals(
    grid: Grid, start: Bools, ticket_out: TicketLike, work_minutes: float = 0.0, ticket_back: TicketLike | None = None
) -> DeadIntervals:
    """Dead intervals of a job from positions `start`: the way out, the work, the way back.

    A section that is dead before the first step counts only once it has been live.
    """
    timed = list(_timed(ticket_out.steps, 0.0))
    until = ticket_out.minutes + work_minutes
    if ticket_back is not None:
        timed.extend(_timed(ticket_back.steps, until))
        until += ticket_back.minutes
    switched = [(minute, grid.switch(step.device), step.action) for minute, step in timed]
    joined = blocks(grid, start, (switch for _, switch, _ in switched))
    closed = frozenset(switch for switch in joined.touched if start[switch])
    times, dead = [0.0], [_dead(Islands(joined, closed))]
    for minute, switch, action in switched:
        closed = closed | {switch} if action is Action.CLOSE else closed - {switch}
        times.append(minute)
        dead.append(_dead(Islands(joined, closed)))
    block, from_min, to_min = _intervals(np.array(times), np.array(dead, dtype=np.bool_), until)
    return _per_section(grid, joined.of_section, sorted(joined.at), block, from_min, to_min, until)


def _timed(steps: Iterable[Step], after: float) -> Iterator[tuple[float, Step]]:
    return ((after + step.at_min, step) for step in steps if step.action in SWITCHED)


def _dead(islands: Islands) -> list[bool]:
    return [not islands.live(block) for block in sorted(islands.blocks.at)]


def _intervals(times: Floats, dead: Bools, until: float) -> tuple[Ints, Floats, Floats]:
    """Intervals of each column of `dead`, whose rows hold from their time to the next."""
    lasting = np.diff(np.append(times, until)) > 0
    live = ~dead & lasting[:, None]
    live[0] = ~dead[0]
    counted = dead & np.logical_or.accumulate(live, axis=0)
    times, counted = times[lasting], counted[lasting]
    edges = np.diff(counted.astype(np.int8), axis=0, prepend=0, append=0)
    ends = np.append(times, until)
    block, begin = np.nonzero(edges.T == 1)
    _, finish = np.nonzero(edges.T == -1)
    return block.astype(np.int32), ends[begin], ends[finish]


def _per_section(
    grid: Grid, of_section: Ints, local: list[int], block: Ints, from_min: Floats, to_min: Floats, until: float
) -> DeadIntervals:
    """Every section of a block shares its intervals."""
    place = np.full(int(of_section.max(initial=0)) + 1, -1, np.int32)
    place[local] = np.arange(len(local))
    touched = np.flatnonzero(place[of_section] >= 0)
    mine = place[of_section[touched]]
    count = np.bincount(block, minlength=len(local))
    first = np.concatenate([[0], np.cumsum(count)])[:-1]
    repeat = count[mine]
    within = np.arange(int(repeat.sum())) - np.repeat(np.cumsum(repeat) - repeat, repeat)
    row = np.repeat(first[mine], repeat) + within
    return DeadIntervals(grid, np.repeat(touched, repeat).astype(np.int32), from_min[row], to_min[row], until)
