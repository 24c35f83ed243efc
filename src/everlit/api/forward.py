"""The year ahead over HTTP (可靠性预测): what the network promises, what a change is worth, what a plan risks meanwhile.

Rates and times are rules (`rel.rate.*`, `rel.operate.*`, `rel.repair.*`) unless the network knows better; every answer
carries those it was calculated with.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from everlit.api.context import TheApp, TheNetwork, json_response
from everlit.reliability.forward import forward
from everlit.reliability.forward_feeders import by_feeder, by_load_point
from everlit.reliability.forward_question import LONGEST_H, Change, Plan, risk, worth
from everlit.reliability.model import Base

router = APIRouter(prefix="/api/reliability/forward", tags=["reliability"])
Identity = Annotated[str, Field(min_length=1, max_length=200)]
Limits = Annotated[bool, Query(description="Whether ties carry only what they can.")]
MOST_POINTS = 20_000


class Built(BaseModel):
    """What is built: a tie between two nodes, switches to control remotely, spares of what can be replaced."""

    tie: tuple[Identity, Identity] | None = None
    automate: Annotated[list[Identity], Field(max_length=100)] = []
    spares: bool = False


class Switched(BaseModel):
    """Switches a plan opens and closes from the normal state, and for how many hours."""

    open: Annotated[list[Identity], Field(max_length=500)] = []
    close: Annotated[list[Identity], Field(max_length=500)] = []
    hours: Annotated[float, Field(gt=0, le=LONGEST_H, allow_inf_nan=False)]


@router.get("", summary="What a year is expected to bring: the system, its feeders, its load points")
def year(
    app: TheApp,
    network: TheNetwork,
    limits: Limits = True,
    base: Literal[Base.UNITS, Base.HOUSEHOLDS, Base.KVA] = Base.UNITS,
    points: Annotated[int, Query(ge=0, le=MOST_POINTS, description="Load points told, worst first.")] = 100,
) -> Response:
    """Indices on three bases and the energy not supplied; feeders by the customer-hours of one base, load points by U."""
    found = forward(app.grid(network), **app.forward_asked(limited=limits))
    listed = {
        "feeders": [one.as_json() for one in by_feeder(found, base)],
        "load_points": by_load_point(found, points),
        "load_points_in_all": len(found.load_points),
    }
    return json_response({**found.as_json(load_points=False), "base": base, **listed})


@router.post("/value", summary="What a tie, automatic switches or spares are worth in a year")
def value(app: TheApp, network: TheNetwork, built: Built, limits: Limits = True) -> Response:
    """The year before the change and after it, and what is saved on every base; nothing is kept."""
    change = Change(built.tie, tuple(built.automate), built.spares)
    return json_response(worth(app.grid(network), change, asked=app.forward_asked(limited=limits)).as_json())


@router.post("/risk", summary="What failures may cost more while a switched state stands")
def risk_of_plan(app: TheApp, network: TheNetwork, switched: Switched, limits: Limits = True) -> Response:
    """Above the normal state, for its hours only; whoever the state cuts off is left out, what it opened stays open."""
    plan = Plan(tuple(switched.open), tuple(switched.close), switched.hours)
    found = risk(app.grid(network), plan, asked=app.forward_asked(limited=limits))
    return json_response({"network": network, "tie_limits": limits, **found.as_json()})


@router.get("/outages/{outage_id}", summary="What a planned outage risks while people work")
def risk_of_outage(app: TheApp, outage_id: Annotated[str, Path(max_length=200)], limits: Limits = True) -> Response:
    """The state its isolation and transfer leave for the work, from begin to end; the switching is planned afresh."""
    outage = app.planning.outage(outage_id)
    found = app.outage_risk(outage, limited=limits)
    return json_response({"outage": outage_id, "network": outage.network, "tie_limits": limits, **found.as_json()})
