"""The outage drawn (停电单线图): work area, what is transferred, what stays dead, which switches move.

The same single-line layout as the map's, cut to what the outage touches and drawn on the server, so that it is there
without scripts and in print. Meaning is never in colour alone: dead is dashed, transferred is a double line, the work
area is framed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from everlit.grid import Grid
from everlit.grid.diagram import Diagram, diagram
from everlit.kernel import Text
from everlit.web.month import feeder_titles, section_numbers

COLUMN, ROW = 58.0, 96.0
MARGIN = 60.0
LEAST_WIDTH, LEAST_HEIGHT = 420.0, 180.0
OUTLINES = {
    0: "M4 4H16V16H4Z",
    1: "M10 3.5A6.5 6.5 0 1 1 9.99 3.5Z",
    2: "M10 2.5L17.5 10L10 17.5L2.5 10Z",
    3: "M3 6.5H17V13.5H3Z",
    4: "M4 4H16V16H4Z",
    5: "M10 3L17 16H3Z",
    6: "M3 5H17L10 17Z",
}


@dataclass(frozen=True, slots=True)
class Mark:
    """A switch of the drawing: place, outline, whether it is open at work, and what the plan does with it, what is behind."""

    x: float
    y: float
    outline: str
    is_open: bool
    does: str
    name: str
    behind: Text | None


@dataclass(frozen=True, slots=True)
class Drawing:
    """Wires as (path, class), switches, transformers, and the box that holds them."""

    wires: tuple[tuple[str, str], ...]
    marks: tuple[Mark, ...]
    transformers: tuple[tuple[float, float, str], ...]
    box: tuple[float, float, float, float]


def drawing(grid: Grid, body: Mapping[str, Any]) -> Drawing | None:
    """The drawing of a stored assessment; None where the outage touches nothing of the single-line diagram."""
    layout = _layout(grid)
    role = _roles(grid, body)
    moves = _moves(grid, body)
    near = _near(grid, layout, role, moves)
    if not near:
        return None
    x, y = layout.column * COLUMN, layout.row * ROW
    wires: list[tuple[str, str]] = []
    marks: list[Mark] = []
    for branch in layout.branches:
        one, other = int(grid.branch_from[branch]), int(grid.branch_to[branch])
        switch = branch - grid.first_switch
        if switch >= 0 and not grid.switch_normal_closed[switch]:
            if one in near or other in near:
                marks.append(_tie(grid, layout, switch, near, moves, wires))
            continue
        if one not in near or other not in near:
            continue
        wires.append((_route(x[one], y[one], x[other], y[other]), _class(grid, one, other, role)))
        if switch >= 0:
            marks.append(_mark(grid, switch, *_middle(x[one], y[one], x[other], y[other]), moves))
    transformers = [
        (float(x[node]), float(y[node]), role.get(int(grid.section_of_node[node]), "live"))
        for node in grid.transformer_hv.tolist()
        if node in near and not np.isnan(x[node])
    ]
    return Drawing(tuple(wires), tuple(marks), tuple(transformers), _box(near, x, y))


def _layout(grid: Grid) -> Diagram:
    known: Diagram | None = vars(grid).get("_diagram")
    if known is None:
        known = vars(grid)["_diagram"] = diagram(grid)
    return known


def _roles(grid: Grid, body: Mapping[str, Any]) -> dict[int, str]:
    """What becomes of each section: work, dead, moved (transferred); everything else stays live."""
    numbers = section_numbers(grid)
    transfer, isolation = body["transfer"], body["isolation"]
    named = (
        ("moved", transfer["restored_sections"]),
        ("dead", transfer["dead_sections"]),
        ("dead", isolation["zone_sections"]),
        ("work", isolation["work_sections"]),
    )
    return {numbers[name]: role for role, names in named for name in names if name in numbers}


def _moves(grid: Grid, body: Mapping[str, Any]) -> dict[int, str]:
    isolation, transfer = body["isolation"], body["transfer"]
    found: dict[int, str] = {}
    for does, names in (
        ("open", [*isolation["to_open"], *isolation["companions"], *transfer["open"]]),
        ("close", transfer["close"]),
        ("lock", isolation["already_open_to_lock"]),
    ):
        for name in names:
            found[grid.switch(name)] = does
    return found


def _near(grid: Grid, layout: Diagram, role: Mapping[int, str], moves: Mapping[int, str]) -> set[int]:
    """Nodes of the sections concerned, of the switches that move beside them, and two branches further along."""
    drawn = ~np.isnan(layout.column)
    touched = drawn & np.isin(grid.section_of_node, np.fromiter(role, np.int64, len(role)))
    near = {int(node) for node in np.flatnonzero(touched)}
    if not near:
        near = {int(grid.switch_from[switch]) for switch in moves if drawn[grid.switch_from[switch]]}
    for _ in range(2):
        further = set(near)
        for branch in layout.branches:
            one, other = int(grid.branch_from[branch]), int(grid.branch_to[branch])
            if (one in near) != (other in near) and _is_close(layout, one, other):
                further |= {one, other}
        near = further
    return near


def _is_close(layout: Diagram, one: int, other: int) -> bool:
    return abs(float(layout.column[one] - layout.column[other])) < 3 and layout.row[one] == layout.row[other]


def _class(grid: Grid, one: int, other: int, role: Mapping[int, str]) -> str:
    roles = [role.get(int(grid.section_of_node[node]), "live") for node in (one, other)]
    if "live" in roles:
        return "live"
    return (
        "work" if "work" in roles and roles[0] == roles[1] else "moved" if roles[0] == roles[1] == "moved" else "dead"
    )


def _mark(grid: Grid, switch: int, x: float, y: float, moves: Mapping[int, str], behind: Text | None = None) -> Mark:
    does = moves.get(switch, "")
    is_open = does in ("open", "lock") or (does != "close" and not grid.switch_normal_closed[switch])
    outline = OUTLINES[int(grid.switch_kind[switch])]
    return Mark(float(x), float(y), outline, bool(is_open), does, grid.switch_id(switch), behind)


def _tie(
    grid: Grid, layout: Diagram, switch: int, near: set[int], moves: Mapping[int, str], wires: list[tuple[str, str]]
) -> Mark:
    """An open tie stands at the end of its stub, with the feeder behind it; near neighbours are joined."""
    one, other = int(grid.switch_from[switch]), int(grid.switch_to[switch])
    stub, goal = (one, other) if one in near else (other, one)
    x, y = float(layout.column[stub]) * COLUMN, float(layout.row[stub]) * ROW
    kind = "way used" if moves.get(switch) == "close" else "way"
    wires.append((f"M{x:.0f} {y:.0f}h{COLUMN * 0.42:.0f}", kind))
    feeder = int(grid.normal_feeder[grid.section_of_node[goal]])
    behind = _feeder_title(grid, feeder) if feeder >= 0 and moves.get(switch) == "close" else None
    return _mark(grid, switch, x + COLUMN * 0.42, y, moves, behind)


def _feeder_title(grid: Grid, feeder: int) -> Text:
    return feeder_titles(grid)[feeder]


def _route(x1: float, y1: float, x2: float, y2: float) -> str:
    if abs(y1 - y2) < 1 or abs(x1 - x2) < 1:
        return f"M{x1:.0f} {y1:.0f}L{x2:.0f} {y2:.0f}"
    (lx, ly), (rx, ry) = sorted(((x1, y1), (x2, y2)))
    return f"M{lx:.0f} {ly:.0f}V{ry:.0f}H{rx:.0f}"


def _middle(x1: float, y1: float, x2: float, y2: float) -> tuple[float, float]:
    if abs(x1 - x2) < 1:
        return x1, (y1 + y2) / 2
    return (x1 + x2) / 2, y1 if abs(y1 - y2) < 1 else (y2 if x1 < x2 else y1)


def _box(near: set[int], x: Any, y: Any) -> tuple[float, float, float, float]:
    xs, ys = [float(x[node]) for node in near], [float(y[node]) for node in near]
    left, top = min(xs) - MARGIN, min(ys) - MARGIN
    width, height = max(xs) - left + 3 * MARGIN, max(ys) - top + 1.6 * MARGIN
    return left - max(0.0, LEAST_WIDTH - width) / 2, top, max(width, LEAST_WIDTH), max(height, LEAST_HEIGHT)
