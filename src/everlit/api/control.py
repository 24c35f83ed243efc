"""Control and review over HTTP: promises under way, recurring causes of delay, the month looked back on, missing ties."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from everlit.api.context import Month, TheApp, TheNetwork, json_response
from everlit.facts import calendar_year

router = APIRouter(prefix="/api", tags=["control"])


@router.get("/promises", summary="The promise clock: outages under way and whether they will be late")
def promises(app: TheApp, network: TheNetwork) -> Response:
    """Minutes left, the expected restoration, and the alarm that stands; most pressing first."""
    return json_response([one.as_json() for one in app.planning.promises(network)])


@router.get("/delays", summary="Causes of late restorations of a year, costliest first")
def delays(app: TheApp, network: TheNetwork, year: Annotated[int | None, Query()] = None) -> Response:
    """By unit and crew; a cause that came as often as the rule says is marked recurring."""
    chosen = calendar_year(app.today().year if year is None else year)
    return json_response([one.as_json() for one in app.planning.delay_causes(network, year=chosen)])


@router.get("/months/{month}/review", summary="Planned against actual of a month, with the management indices")
def review_month(app: TheApp, network: TheNetwork, month: Month) -> Response:
    """Each executed outage's deviation; each index with numerator and denominator."""
    return json_response(app.planning.review_month(network, month).as_json())


@router.get("/months/{month}/ties", summary="Missing ties of a month, dearest first")
def missing_ties(app: TheApp, network: TheNetwork, month: Month) -> Response:
    """What the transfer certificates of its outages ask for: ties that are short, unphased, forbidden or not there."""
    return json_response([one.as_json() for one in app.missing_ties(network, month)])
