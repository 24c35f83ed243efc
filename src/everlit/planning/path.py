"""The dark minutes of a plan (停电路径): a plan is a path of states, and who is dead when is read off that path.

Out, at work, and back: every state on the way counts, also the seconds of a cold transfer (先断后合), never the
feeder's name.

    minute 0        out        work begins            work ends        back        end of the period
           ├─ s0 ─┬─ s1 ─┬─ s2 ─┼────────── s2 ──────────┼─ s1' ─┬─ s0 ─┤

`dead_times` turns timed states into half-open intervals per section, and those become customer-hours, notices and
repeats.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from everlit.grid import Grid, supply
from everlit.grid.compile import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class TimedState:
    """The switch positions from a minute of the path on, until the next state."""

    from_min: float
    closed: Bools


@dataclass(frozen=True)
class DeadTimes:
    """Dead intervals [from_min, to_min) of sections, sorted by section and time, in minutes from the path's start.

    >>> times = dead_times_of([(7, 0.0, 20.0), (7, 30.0, 32.5), (3, 0.0, 60.0)])
    >>> times.sections.tolist(), times.total_min.tolist(), times.longest_min.tolist()
    ([3, 7], [60.0, 22.5], [60.0, 20.0])
    """

    section: Ints
    from_min: Floats
    to_min: Floats

    @property
    def sections(self) -> Ints:
        """Sections that are dead at some time, ascending."""
        return np.unique(self.section)

    @property
    def total_min(self) -> Floats:
        """Dead minutes of each of `sections`."""
        _, inverse = np.unique(self.section, return_inverse=True)
        return np.bincount(inverse, self.to_min - self.from_min).astype(np.float64)

    @property
    def longest_min(self) -> Floats:
        """Longest dead interval of each of `sections`, minutes."""
        sections, inverse = np.unique(self.section, return_inverse=True)
        longest = np.zeros(len(sections))
        np.maximum.at(longest, inverse, self.to_min - self.from_min)
        return longest

    def of(self, section: int) -> list[tuple[float, float]]:
        """The intervals of one section."""
        first, last = np.searchsorted(self.section, [section, section + 1])
        return [(float(self.from_min[index]), float(self.to_min[index])) for index in range(first, last)]

    def as_json(self, grid: Grid) -> list[dict[str, Any]]:
        """Intervals by section name."""
        return [
            {"section": grid.section_name(section), "dead": [list(interval) for interval in self.of(section)]}
            for section in self.sections.tolist()
        ]


def dead_times_of(rows: Sequence[tuple[int, float, float]]) -> DeadTimes:
    """Dead times from (section, from, to) rows."""
    ordered = sorted(rows)
    columns = np.array(ordered, np.float64).reshape(-1, 3)
    return DeadTimes(columns[:, 0].astype(np.int32), columns[:, 1].copy(), columns[:, 2].copy())


def dead_times(grid: Grid, before: Bools, path: Sequence[TimedState], *, end_min: float) -> DeadTimes:
    """Who is dead when, along the timed states of a path that ends at `end_min`.

    Sections without supply already in the state `before` do not count: the plan does not take anything from them.
    """
    fed = supply(grid, before).energised
    was_alive, since = fed.copy(), np.zeros(grid.n_sections)
    rows: list[tuple[npt.NDArray[Any], npt.NDArray[Any], float]] = []
    for state in path:
        alive = supply(grid, state.closed).energised
        died = np.flatnonzero(was_alive & ~alive & fed)
        rose = np.flatnonzero(~was_alive & alive & fed)
        rows.append((rose, since[rose].copy(), state.from_min))
        since[died] = state.from_min
        was_alive = alive
    dark = np.flatnonzero(~was_alive & fed)
    rows.append((dark, since[dark], end_min))
    section = np.concatenate([who for who, _, _ in rows]).astype(np.int32)
    start = np.concatenate([begin for _, begin, _ in rows])
    stop = np.concatenate([np.full(len(who), end) for who, _, end in rows])
    kept = np.flatnonzero(stop > start)
    order = kept[np.lexsort((start[kept], section[kept]))]
    return DeadTimes(section[order], start[order], stop[order])


def out_and_back(
    before: Bools, out: Sequence[TimedState], back: Sequence[TimedState], *, end_min: float
) -> list[TimedState]:
    """The whole path of one outage: the way out from minute 0, and the way back laid so that it ends at `end_min`.

    `back` counts its own minutes; its last state is the one before the outage. When both ways are longer than the
    period the way back begins as soon as the way out is done, and the path ends late: the assessment says so.
    """
    out_min = out[-1].from_min if out else 0.0
    back_min = back[-1].from_min if back else 0.0
    offset = max(end_min - back_min, out_min)
    returned = [TimedState(offset + state.from_min, state.closed) for state in back]
    return [TimedState(0.0, before), *out, *returned]
