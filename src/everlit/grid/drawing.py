"""What a map needs (地图): columns of places and states, small enough to send whole.

Sections and feeders are numbered as in the compiled grid, so that the answer to "who goes dark?" is a list of numbers.
"""

from typing import Any

import numpy as np

from everlit.grid.compile import Bools, Floats, Grid
from everlit.grid.supply import supply


def map_columns(grid: Grid, closed: Bools) -> dict[str, Any]:
    """Columns of nodes, lines, transformers, switches, sections and feeders in state `closed`."""
    state = supply(grid, closed)
    tables = grid.network.tables
    lines = slice(0, grid.n_lines)
    transformers = slice(grid.n_lines, grid.first_switch)
    return {
        "nodes": {
            "lon": _rounded(grid.node_lon, 7),
            "lat": _rounded(grid.node_lat, 7),
            "kv": grid.nominal_kv.tolist(),
            "section": grid.section_of_node.tolist(),
        },
        "lines": {
            "id": tables["lines"].column("line_id").to_pylist(),
            "from": grid.branch_from[lines].tolist(),
            "to": grid.branch_to[lines].tolist(),
            "kind": tables["lines"].column("kind").to_pylist(),
        },
        "transformers": {
            "id": tables["transformers"].column("transformer_id").to_pylist(),
            "hv": grid.branch_from[transformers].tolist(),
            "lv": grid.branch_to[transformers].tolist(),
            "kva": tables["transformers"].column("rated_kva").to_pylist(),
            "units": tables["transformers"].column("mv_units").to_pylist(),
        },
        "switches": {
            "id": grid.switch_ids.to_pylist(),
            "from": grid.switch_from.tolist(),
            "to": grid.switch_to.tolist(),
            "kind": grid.switch_kind.tolist(),
            "closed": closed.tolist(),
            "normal_closed": grid.switch_normal_closed.tolist(),
        },
        "sections": {
            "feeder": state.feeder.tolist(),
            "energised": state.energised.tolist(),
            "looped": state.looped.tolist(),
            "units": grid.section_units.tolist(),
            "households": grid.section_households.tolist(),
        },
        "feeders": _feeders(grid, state.feeder),
    }


def _feeders(grid: Grid, feeder: Any) -> list[dict[str, Any]]:
    fed = feeder >= 0
    units = np.bincount(feeder[fed], grid.section_units[fed], len(grid.feeder_ids))
    households = np.bincount(feeder[fed], grid.section_households[fed], len(grid.feeder_ids))
    rows = grid.network.tables["feeders"].to_pylist()
    return [
        {
            "id": row["feeder_id"],
            "name": {"en": row["name"], "zh": row["name_zh"] or row["name"]},
            "head": row["head_switch_id"],
            "substation": row["substation_id"],
            "unit": row["unit"],
            "units": int(units[index]),
            "households": int(households[index]),
        }
        for index, row in enumerate(rows)
    ]


def _rounded(values: Floats, digits: int) -> list[float | None]:
    return [None if np.isnan(value) else round(float(value), digits) for value in values]
