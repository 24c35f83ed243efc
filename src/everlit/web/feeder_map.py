"""The network by feeder (馈线图): medium-voltage lines where they lie, each feeder as dark and as thick as it was bad.

A feeder is judged against the whole network: below half its SAIDI, below it, below twice, above. Points are rounded to
the drawing and what falls together is drawn once, so that a city of any size stays a small picture.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from everlit.grid import Grid
from everlit.grid.columns import Bools, Floats, Ints, floats
from everlit.kernel import Text

LONGEST = 900.0
ASIDE, MARGIN = 130.0, 24.0
"""Room at the sides, for names, and above and below."""
MEDIUM_KV = (1.0, 60.0)
STEPS = (0.5, 1.0, 2.0)
"""Upper ends of the shades, as multiples of the figure of the whole."""


@dataclass(frozen=True, slots=True)
class Wire:
    """A feeder: its row, its path, its shade (0 nothing happened, 4 worst), and where its name may stand."""

    feeder: int
    path: str
    shade: int
    at: tuple[float, float]


@dataclass(frozen=True, slots=True)
class FeederMap:
    """The feeders (the worst on top), the substations with their name, and the size."""

    wires: tuple[Wire, ...]
    substations: tuple[tuple[float, float, Text], ...]
    box: tuple[float, float]


def feeder_map(grid: Grid, figures: Mapping[int, float], *, whole: float) -> FeederMap | None:
    """The map; `figures` are SAIDI by feeder row, `whole` that of the network. None where nothing has a place."""
    nodes = grid.network.tables["nodes"]
    lon, lat = (floats(nodes, name)[grid.node_row] for name in ("lon_deg", "lat_deg"))
    lines = _medium_lines(grid, lon)
    if not len(lines):
        return None
    ends = np.stack([grid.branch_from[lines], grid.branch_to[lines]])
    paper = _paper(lon[ends], lat[ends])
    x, y = paper.places(lon[ends], lat[ends])
    feeder = grid.normal_feeder[grid.section_of_node[ends[0]]]
    middle = float(np.median(x)), float(np.median(y))
    wires = []
    for one in np.unique(feeder[feeder >= 0]).tolist():
        mine = feeder == one
        wires.append(_wire(one, x[:, mine], y[:, mine], shade(figures.get(one, 0.0), whole), middle))
    return FeederMap(tuple(sorted(wires, key=lambda wire: wire.shade)), _substations(grid, paper), paper.box)


def shade(figure: float, whole: float) -> int:
    """How a feeder compares with the whole.

    >>> [shade(figure, 2.0) for figure in (0, 0.5, 1.5, 3, 8)]
    [0, 1, 2, 3, 4]
    """
    if figure <= 0 or whole <= 0:
        return 0
    return next((number for number, step in enumerate(STEPS, 1) if figure <= step * whole), len(STEPS) + 1)


@dataclass(frozen=True, slots=True)
class _Paper:
    """How degrees become units of the drawing: west and north edge, units a degree, size."""

    west: float
    north: float
    across: float
    up: float
    box: tuple[float, float]

    def places(self, lon: Floats, lat: Floats) -> tuple[Ints, Ints]:
        """Whole units from the left and from the top."""
        x = ASIDE + (lon - self.west) * self.across
        y = MARGIN + (self.north - lat) * self.up
        return np.rint(x).astype(np.int32), np.rint(y).astype(np.int32)


def _medium_lines(grid: Grid, lon: Floats) -> Ints:
    """Lines of medium voltage with a place at both ends."""
    start, end = grid.branch_from[: grid.n_lines], grid.branch_to[: grid.n_lines]
    kv: Floats = grid.nominal_kv[start]
    drawn: Bools = (kv > MEDIUM_KV[0]) & (kv < MEDIUM_KV[1]) & ~np.isnan(lon[start]) & ~np.isnan(lon[end])
    return np.flatnonzero(drawn).astype(np.int32)


def _paper(lon: Floats, lat: Floats) -> _Paper:
    """A paper whose longer side is `LONGEST`, a degree of longitude shortened as it is at that latitude."""
    west, east, south, north = float(lon.min()), float(lon.max()), float(lat.min()), float(lat.max())
    narrow = float(np.cos(np.radians((south + north) / 2)))
    up = LONGEST / max((east - west) * narrow, north - south, 1e-9)
    across = up * narrow
    return _Paper(west, north, across, up, ((east - west) * across + 2 * ASIDE, (north - south) * up + 2 * MARGIN))


def _wire(feeder: int, x: Ints, y: Ints, level: int, middle: tuple[float, float]) -> Wire:
    """One feeder; what falls on one point or is there already is left out, its name stands at its far end."""
    rows = np.unique(np.stack([x[0], y[0], x[1], y[1]], axis=1), axis=0)
    rows = rows[(rows[:, 0] != rows[:, 2]) | (rows[:, 1] != rows[:, 3])]
    path = "".join(f"M{a} {b}L{c} {d}" for a, b, c, d in rows.tolist())
    far = int(np.argmax((x[0] - middle[0]) ** 2 + (y[0] - middle[1]) ** 2))
    return Wire(feeder, path, level, (float(x[0, far]), float(y[0, far])))


def _substations(grid: Grid, paper: _Paper) -> tuple[tuple[float, float, Text], ...]:
    """Substations with a place."""
    found = []
    for row in grid.network.tables["substations"].to_pylist():
        if row["lon_deg"] is not None and row["lat_deg"] is not None:
            x, y = paper.places(np.array([row["lon_deg"]]), np.array([row["lat_deg"]]))
            found.append((float(x[0]), float(y[0]), Text(row["name"], row["name_zh"] or row["name"])))
    return tuple(found)
