"""Finding equipment over HTTP: a few letters of an identity or a name, every kind of equipment, best hits first."""

from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc
from fastapi import APIRouter, Path, Query, Response

from everlit.api.context import TheApp, json_response
from everlit.grid import Grid, Network

router = APIRouter(prefix="/api/networks/{name}", tags=["networks"])
SEARCHED = (
    "feeders",
    "substations",
    "switches",
    "lines",
    "transformers",
    "generators",
    "usage_points",
    "consumers",
    "nodes",
)
MOST = 20


@router.get("/search", summary="Equipment by part of its identity or name")
def search(
    app: TheApp,
    name: Annotated[str, Path(max_length=100)],
    q: Annotated[str, Query(min_length=1, max_length=100)],
) -> Response:
    """At most twenty hits; `at` names the switch, line or transformer where the map shows it."""
    grid = app.grid(name)
    found: list[dict[str, Any]] = []
    for table in SEARCHED:
        found += hits(grid.network, table, q.strip(), most=MOST - len(found))
        if len(found) >= MOST:
            break
    return json_response([{**one, "at": place(grid, one)} for one in found])


def hits(network: Network, table: str, words: str, *, most: int) -> list[dict[str, Any]]:
    """Rows of one table whose identity or name contains `words`; shorter identities, the better matches, first."""
    rows = network.tables[table]
    columns = [rows.column_names[0], *(column for column in ("name", "name_zh") if column in rows.column_names)]
    match = pa.chunked_array([pa.array([False] * rows.num_rows, pa.bool_())])
    for column in columns:
        contains = pc.match_substring(rows.column(column), words, ignore_case=True)
        match = pc.or_(match, pc.fill_null(contains, False))
    kept = rows.filter(match)
    order = pc.sort_indices(pc.utf8_length(kept.column(0)))[: max(most, 0)]
    kind = table.removesuffix("s").replace("switche", "switch")
    return [
        {"kind": kind, "id": row[columns[0]], "name": next((row[c] for c in columns[1:] if row[c]), None)}
        for row in kept.take(order).to_pylist()
    ]


def place(grid: Grid, hit: dict[str, Any]) -> str | None:
    """The switch, line or transformer that shows where something is; None where nothing of the kind is near."""
    tables, kind, identity = grid.network.tables, hit["kind"], hit["id"]
    if kind in ("switch", "line", "transformer"):
        return str(identity)
    if kind == "feeder":
        return str(_cell(tables["feeders"], "feeder_id", identity, "head_switch_id"))
    if kind == "usage_point":
        identity, kind = _cell(tables["usage_points"], "usage_point_id", identity, "consumer_id"), "consumer"
    node = identity if kind == "node" else None
    for table in ("consumers", "generators"):
        if kind == table.removesuffix("s"):
            node = _cell(tables[table], tables[table].column_names[0], identity, "node_id")
    return None if node is None else _branch_at(tables, str(node))


def _cell(table: pa.Table, key: str, identity: str, column: str) -> Any:
    row = pc.index(table.column(key), identity).as_py()
    return table.column(column)[row].as_py() if row >= 0 else None


def _branch_at(tables: Any, node: str) -> str | None:
    for table, ends in (("lines", ("from_node_id", "to_node_id")), ("switches", ("from_node_id", "to_node_id"))):
        for end in ends:
            row = pc.index(tables[table].column(end), node).as_py()
            if row >= 0:
                return str(tables[table].column(0)[row].as_py())
    return None
