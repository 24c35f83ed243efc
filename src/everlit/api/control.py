"""Control and review over HTTP: promises under way, recurring causes of delay, the month looked back on, missing ties."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from everlit.api.context import Instant, Month, TheActor, TheApp, TheNetwork, json_response
from everlit.control.model import LONGEST_NOTE, DoneStep
from everlit.facts import calendar_year
from everlit.switching.ticket import Direction

router = APIRouter(prefix="/api", tags=["control"])
OutageId = Annotated[str, Path(max_length=120)]


class Told(BaseModel):
    """One step as it was done: `at` now unless told; another device, or left out, with a note that says why."""

    way: Direction
    number: Annotated[int, Field(ge=1, le=100_000)]
    at: Instant | None = None
    device: Annotated[str, Field(max_length=200)] = ""
    left_out: bool = False
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = ""


@router.get("/outages/{outage_id}/steps", summary="Steps of an outage as planned and as done")
def steps(app: TheApp, outage_id: OutageId) -> Response:
    """How far each ticket has come, how late it is, the next step, and who is dead against the plan."""
    return json_response(app.control.execution(outage_id).as_json())


@router.post("/outages/{outage_id}/steps", summary="Tell steps as they were done, all or none")
def tell(
    app: TheApp, actor: TheActor, outage_id: OutageId, told: Annotated[list[Told], Field(min_length=1, max_length=500)]
) -> Response:
    """A step that operates a switch moves its present position; a step told again with a note is a correction."""
    now = app.clock()
    done = [
        DoneStep(one.way, one.number, one.at or now, actor.name, one.device, one.left_out, one.note) for one in told
    ]
    return json_response(app.control.tell(outage_id, done, actor=actor).as_json(), 201)


@router.get("/promises", summary="The promise clock: outages under way and whether they will be late")
def promises(app: TheApp, network: TheNetwork) -> Response:
    """Minutes left, the expected restoration, and the alarm that stands; most pressing first."""
    return json_response([one.as_json() for one in app.control.promises(network)])


@router.get("/delays", summary="Causes of late restorations of a year, costliest first")
def delays(app: TheApp, network: TheNetwork, year: Annotated[int | None, Query()] = None) -> Response:
    """By unit and crew; a cause that came as often as the rule says is marked recurring."""
    chosen = calendar_year(app.today().year if year is None else year)
    return json_response([one.as_json() for one in app.planning.delay_causes(network, year=chosen)])


@router.get("/months/{month}/review", summary="Planned against actual of a month, with the management indices")
def review_month(app: TheApp, network: TheNetwork, month: Month) -> Response:
    """Each executed outage's deviation; each index with numerator and denominator."""
    return json_response(app.planning.review_month(network, month, with_feeders=True).as_json())


@router.get("/months/{month}/ties", summary="Missing ties of a month, dearest first")
def missing_ties(app: TheApp, network: TheNetwork, month: Month) -> Response:
    """What the transfer certificates of its outages ask for: ties that are short, unphased, forbidden or not there."""
    return json_response([one.as_json() for one in app.missing_ties(network, month)])
