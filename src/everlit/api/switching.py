"""Isolation, transfer and tickets over HTTP: the questions a dispatcher asks of one network in its present state."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from everlit.api.context import Instant, TheApp, TheState, json_response, period_of
from everlit.kernel import Period
from everlit.switching import isolate
from everlit.switching.ticket_pdf import ticket_pdf

router = APIRouter(prefix="/api/networks/{name}", tags=["switching"])
Name = Annotated[str, Path(max_length=100)]
Ids = Annotated[list[Annotated[str, Field(max_length=200)]], Field(min_length=1, max_length=500)]


class Work(BaseModel):
    """Equipment to be worked on."""

    equipment: Ids


class TimedWork(Work):
    """Equipment to be worked on, and when."""

    start: Instant = Field(alias="from")
    end: Instant = Field(alias="to")

    @property
    def period(self) -> Period:
        """The half-open period; raises UnableToUsePeriod."""
        return period_of(self.start, self.end)


class SwitchedWork(TimedWork):
    """Timed work, and the feeders with an earth fault or an abnormal neutral; left out while nobody has said."""

    disturbed: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=500)] | None = None


@router.post("/isolate", summary="The smallest set of switches with a visible break on every infeed")
def isolate_equipment(app: TheApp, name: Name, work: Work, state: TheState) -> Response:
    """What must be opened to work on the equipment, and who loses supply before any transfer."""
    return json_response(isolate(app.grid(name), state.closed(app, name), work.equipment).as_json())


@router.post("/transfer", summary="The optimal re-supply, and why the rest stays dead")
def transfer_equipment(app: TheApp, name: Name, work: TimedWork, state: TheState) -> Response:
    """Ties to close and switches to open so that the most important, then the most, customers keep supply."""
    done = app.transfer(name, work.equipment, work.period, at=state.at, known_at=state.known_at)
    return json_response(done.as_json())


@router.post("/ticket", summary="Operation tickets there and back")
def tickets(app: TheApp, name: Name, work: SwitchedWork) -> Response:
    """Every step with its predicates checked; `violations` tell why a plan must not be operated."""
    plan = app.switching_plan(name, work.equipment, work.period, disturbed=work.disturbed)
    answer = {**plan.tickets.as_json(), "violations": [finding.as_json() for finding in plan.violations]}
    return json_response(answer)


@router.post("/ticket.pdf", summary="One operation ticket as PDF")
def printed_ticket(
    app: TheApp,
    name: Name,
    work: SwitchedWork,
    direction: Literal["out", "back"] = "out",
    lang: Literal["zh", "en"] = "zh",
) -> Response:
    """The ticket out to the work, or back, as it is printed."""
    made = app.switching_plan(name, work.equipment, work.period, disturbed=work.disturbed).tickets
    return Response(ticket_pdf(getattr(made, direction), language=lang), media_type="application/pdf")
