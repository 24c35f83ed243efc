"""Isolation over HTTP: the questions a dispatcher asks of one network in its present state."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from everlit.api.context import TheApp, json_response
from everlit.switching.isolate import isolate

router = APIRouter(prefix="/api/networks/{name}", tags=["switching"])
Name = Annotated[str, Path(max_length=100)]
Ids = Annotated[list[Annotated[str, Field(max_length=200)]], Field(min_length=1, max_length=500)]


class Work(BaseModel):
    """Equipment to be worked on."""

    equipment: Ids


@router.post("/isolate", summary="The smallest set of switches with a visible break on every infeed")
def isolate_equipment(app: TheApp, name: Name, work: Work) -> Response:
    """What must be opened to work on the equipment, and who loses supply before any transfer."""
    return json_response(isolate(app.grid(name), app.closed(name), work.equipment).as_json())
