"""The dark minutes of a plan (停电路径): a plan is a path of states, and who is dead when is read off that path.

Out, at work, and back: every state on the way counts, also the minutes of a cold transfer (先断后合), never the name of
the feeder. Half-open intervals per section become customer-hours, notices and repeats.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from everlit.grid import Grid
from everlit.grid.compile import Floats, Ints


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
