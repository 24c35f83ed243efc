"""What a map needs (地图): columns of places and states, small enough to send whole.

Sections and feeders are numbered as in the compiled grid, so that the answer to "who goes dark?" is a list of numbers.
"""

from typing import Any

import numpy as np
import pyarrow.compute as pc

from everlit.grid.compile import Bools, Grid
from everlit.grid.supply import supply


def map_columns(grid: Grid, closed: Bools) -> dict[str, Any]:
    """Columns of nodes, lines, transformers, switches, sections and feeders in state `closed`."""
    state = supply(grid, closed)
    tables = grid.network.tables
    lines = slice(0, grid.n_lines)
    transformers = slice(grid.n_lines, grid.first_switch)
    return {
        "nodes": {
            "lon": _places(grid, "lon_deg"),
            "lat": _places(grid, "lat_deg"),
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
            "ownership": tables["transformers"].column("ownership").to_pylist(),
        },
        "switches": {
            "id": grid.switch_ids.to_pylist(),
            "from": grid.switch_from.tolist(),
            "to": grid.switch_to.tolist(),
            "kind": grid.switch_kind.tolist(),
            "closed": closed.tolist(),
            "normal_closed": grid.switch_normal_closed.tolist(),
            "locked": grid.switch_locked.tolist(),
        },
        "sections": {
            "feeder": state.feeder.tolist(),
            "energised": state.energised.tolist(),
            "looped": state.looped.tolist(),
            "units": grid.section_units.tolist(),
            "households": grid.section_households.tolist(),
        },
        "feeders": _feeders(grid, state.feeder),
        "substations": _substations(grid),
    }


def _substations(grid: Grid) -> list[dict[str, Any]]:
    return [
        {
            "id": row["substation_id"],
            "name": {"en": row["name"], "zh": row["name_zh"] or row["name"]},
            "lon": row["lon_deg"],
            "lat": row["lat_deg"],
        }
        for row in grid.network.tables["substations"].to_pylist()
    ]


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


def _places(grid: Grid, column: str) -> list[float | None]:
    """A coordinate per node label, seven decimals (a centimetre)."""
    nodes = grid.network.tables["nodes"]
    rows = pc.index_in(grid.node_ids, value_set=nodes.column("node_id").combine_chunks())
    return [None if value is None else round(value, 7) for value in nodes.column(column).take(rows).to_pylist()]
