"""Networks over HTTP: what there is, its map, and study mode — open a switch and see at once who goes dark."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from everlit.api.context import TheApp, TheState, json_response
from everlit.grid.diagram import diagram
from everlit.grid.drawing import map_columns
from everlit.grid.trace import study

router = APIRouter(prefix="/api/networks", tags=["networks"])
Name = Annotated[str, Path(max_length=100)]
Switches = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=1000)]


class Positions(BaseModel):
    """Switches to open and to close in study mode; the field is not touched."""

    open: Switches = []
    close: Switches = []


@router.get("", summary="Networks kept in the store, and shipped ones")
def networks(app: TheApp) -> Response:
    """Newest version of every network; a shipped one is kept when it is first asked for, and has no version before."""
    return json_response(app.networks())


@router.get("/{name}", summary="One network: counts, licence, provenance, findings of its conversion")
def network(app: TheApp, name: Name) -> Response:
    """What the network is and where it comes from."""
    kept = app.grid(name).network
    return json_response(
        {
            "network": kept.name,
            "title": kept.title.as_json(),
            "fingerprint": kept.fingerprint,
            "counts": {table: kept.count(table) for table in kept.tables},
            "manifest": dict(kept.manifest),
        }
    )


@router.get("/{name}/map", summary="The network as columns to draw")
def network_map(app: TheApp, name: Name, state: TheState) -> Response:
    """Nodes, lines, switches, transformers and feeders in their state at `at`, now unless told."""
    return json_response(map_columns(app.grid(name), state.closed(app, name)))


@router.get("/{name}/diagram", summary="Single-line layout of the medium-voltage network")
def network_diagram(app: TheApp, name: Name) -> Response:
    """Columns and rows of nodes; branches by compiled index, switches last."""
    grid = app.grid(name)
    return json_response({**diagram(grid).as_json(grid), "first_switch": grid.first_switch, "lines": grid.n_lines})


@router.post("/{name}/trace", summary="Study mode: who goes dark")
def trace(app: TheApp, name: Name, positions: Positions, state: TheState) -> Response:
    """Compare the state at `at`, now unless told, with the studied one."""
    found = study(app.grid(name), state.closed(app, name), opened=positions.open, closed=positions.close)
    return json_response(found.as_json())
