"""The single-line diagram (单线图): medium voltage as an orthogonal tree, one feeder below the other.

The heaviest branch runs straight on, lighter ones leave downward, so that a trunk reads as a line, a tie as the place
where two lines almost meet:

    S ─■─┬──■──┬──■──□ tie
         │     └──■── T2
         └──■── T1

What hangs from a bus through switches alone (a transformer bay) hangs under it and takes no row of its own. Nodes are
placed in the normal state: a switch operated in study mode changes colour, never
the drawing. Coordinates are columns and rows, not metres.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from everlit.grid.compile import Bools, Floats, Grid

MEDIUM_KV = 1.0
HIGHEST_KV = 36.0
SWITCH_STEP = 0.6
LINE_STEP = 1.0
BAY_STEP = 0.34


@dataclass(frozen=True, slots=True)
class Diagram:
    """Places of the medium-voltage nodes (NaN where a node is not drawn) and the branches between them."""

    column: Floats
    row: Floats
    branches: tuple[int, ...]
    rows: int

    def as_json(self, grid: Grid) -> dict[str, Any]:
        """Columns the page draws: nodes by label, branches by compiled index."""
        shown = np.flatnonzero(~np.isnan(self.column))
        return {
            "nodes": shown.tolist(),
            "x": np.round(self.column[shown], 3).tolist(),
            "y": np.round(self.row[shown], 3).tolist(),
            "branches": [
                {"index": index, "from": int(grid.branch_from[index]), "to": int(grid.branch_to[index])}
                for index in self.branches
            ],
            "rows": self.rows,
        }


def diagram(grid: Grid) -> Diagram:
    """Lay out the medium-voltage part of `grid` in its normal state; nodes no source reaches are left out."""
    medium = (grid.nominal_kv > MEDIUM_KV) & (grid.nominal_kv <= HIGHEST_KV)
    branches = np.flatnonzero(medium[grid.branch_from] & medium[grid.branch_to])
    alive = np.ones(grid.n_branches, np.bool_)
    alive[grid.first_switch :] = grid.switch_normal_closed
    neighbours = _neighbours(grid, branches[alive[branches]])
    weight = grid.node_households + 1
    column, row = np.full(grid.n_nodes, np.nan), np.full(grid.n_nodes, np.nan)
    rows = 0
    for root in _roots(grid, medium):
        if np.isnan(column[root]):
            rows = _place(grid, root, neighbours, weight, column, row, rows) + 1
    drawn = tuple(
        int(index)
        for index in branches
        if not np.isnan(column[grid.branch_from[index]]) and not np.isnan(column[grid.branch_to[index]])
    )
    return Diagram(column, row, drawn, rows)


def _neighbours(grid: Grid, branches: Any) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = {}
    for index in branches.tolist():
        one, other = int(grid.branch_from[index]), int(grid.branch_to[index])
        found.setdefault(one, []).append((other, index))
        found.setdefault(other, []).append((one, index))
    return found


def _roots(grid: Grid, medium: Bools) -> list[int]:
    """Medium-voltage sources, and the medium side of transformers fed from above."""
    sources = [int(node) for node in grid.source_nodes if medium[node]]
    above = grid.nominal_kv[grid.transformer_hv] > HIGHEST_KV
    return sources + [int(node) for node in grid.transformer_lv[above] if medium[node]]


def _place(
    grid: Grid,
    root: int,
    neighbours: dict[int, list[tuple[int, int]]],
    weight: Any,
    column: Floats,
    row: Floats,
    rows: int,
) -> int:
    """Place the tree of one root from row `rows` on and return the number of the next free row."""
    order, parent, step = _walk(grid, root, neighbours)
    heavy, bay = {node: float(weight[node]) for node in order}, dict.fromkeys(order, True)
    children: dict[int, list[int]] = {node: [] for node in order}
    for node in reversed(order[1:]):
        heavy[parent[node]] += heavy[node]
        bay[parent[node]] &= bay[node] and step[node] == SWITCH_STEP
        children[parent[node]].append(node)
    hanging = {node for node in order[1:] if bay[node] and step[node] == SWITCH_STEP}
    column[root], row[root], free = 0.0, float(rows), rows + 1
    stack = [root]
    while stack:
        node = stack.pop()
        if np.isnan(row[node]):
            row[node], free = float(free), free + 1
        ahead = sorted((child for child in children[node] if child not in hanging), key=lambda child: -heavy[child])
        _hang([child for child in children[node] if child in hanging], node, children, column, row)
        for rank, child in enumerate(ahead):
            column[child] = column[node] + step[child]
            row[child] = row[node] if rank == 0 and node != root else np.nan
        stack.extend(reversed(ahead))
    return free


def _hang(bays: list[int], under: int, children: dict[int, list[int]], column: Floats, row: Floats) -> None:
    """Bays hang side by side under their bus."""
    for place, bay in enumerate(bays):
        column[bay], row[bay] = column[under] + BAY_STEP * place, row[under] + BAY_STEP
        _hang(children[bay], bay, children, column, row)


def _walk(
    grid: Grid, root: int, neighbours: dict[int, list[tuple[int, int]]]
) -> tuple[list[int], dict[int, int], dict[int, float]]:
    order, parent, step = [root], {root: -1}, {root: 0.0}
    for node in order:
        for there, branch in neighbours.get(node, ()):
            if there not in parent:
                parent[there] = node
                step[there] = SWITCH_STEP if branch >= grid.first_switch else LINE_STEP
                order.append(there)
    return order, parent, step
