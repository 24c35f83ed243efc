"""Dead intervals as bars (停电时段): every group of households that is dark at the same times is one lane."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Lane:
    """Households dark at the same times; spans as left and width in percent of the outage, with their minutes."""

    households: int
    minutes: float
    spans: tuple[tuple[float, float, float, float], ...]


def lanes(body: Mapping[str, Any], *, most: int = 8) -> list[Lane]:
    """The lanes of an assessment, the largest first; small ones beyond `most` are left to the table.

    >>> body = {
    ...     "patterns": [[[0, 60]], [[0, 10], [110, 120]]],
    ...     "households": [{"pattern": 0, "households": 5}, {"pattern": 1, "households": 7}],
    ... }
    >>> [(lane.households, lane.minutes, len(lane.spans)) for lane in lanes(body)]
    [(7, 20, 2), (5, 60, 1)]
    """
    count: dict[int, int] = defaultdict(int)
    for row in body["households"]:
        count[row["pattern"]] += row["households"]
    patterns = body["patterns"]
    end = max((span[1] for pattern in patterns for span in pattern), default=1) or 1
    found = [
        Lane(
            households,
            sum(last - first for first, last in patterns[number]),
            tuple((100 * first / end, 100 * (last - first) / end, first, last) for first, last in patterns[number]),
        )
        for number, households in count.items()
    ]
    return sorted(found, key=lambda lane: (-lane.households, -lane.minutes))[:most]
