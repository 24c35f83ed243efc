"""The ledger over HTTP: import, one meter's story, events, corrections, differences; as known at any instant."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, UploadFile
from pydantic import BaseModel, Field

from everlit.api.context import Instant, TheActor, TheApp, TheNetwork, json_response
from everlit.app import App
from everlit.kernel import Period
from everlit.ledger.correcting import Correction
from everlit.ledger.happened import segments_json
from everlit.ledger.model import Cause, Nature, SubjectKind
from everlit.ledger.service import LONGEST_REASON
from everlit.reliability.calendar import month_period, year_period

router = APIRouter(prefix="/api/ledger", tags=["ledger"])
Name = Annotated[str, Query(max_length=200)]
Year = Annotated[int, Query(ge=2000, le=2099, description="Local year; this one unless told.")]
MonthNumber = Annotated[int, Query(ge=1, le=12, description="Month of the year; all of it unless told.")]
Identity = Annotated[str, Field(min_length=1, max_length=200)]
Reason = Annotated[str, Field(max_length=LONGEST_REASON)]
MOST_ROWS = 5_000


class Off(BaseModel):
    """Somebody, or everybody normally fed through a place, was off in [off, on); without both he was not off."""

    subject: Identity
    off: Instant | None = None
    on: Instant | None = None


class Correcting(BaseModel):
    """What is corrected of an event, and why; `only`: nobody else was off; `withdraw`: nobody was off at all."""

    event: Identity
    reason: Reason
    rows: Annotated[list[Off], Field(max_length=10_000)] = []
    nature: Nature | None = None
    cause: Cause | None = None
    only: bool = False
    withdraw: bool = False


@router.post("/import", summary="Import interruptions of the past from a file: CSV, Parquet or XLSX")
def import_file(
    app: TheApp,
    actor: TheActor,
    network: TheNetwork,
    file: UploadFile,
    source: Annotated[str, Query(min_length=1, max_length=40)] = "import",
    revise: Annotated[str, Query(max_length=LONGEST_REASON)] = "",
) -> Response:
    """Good rows are kept in one transaction, faulty ones are told; the same file again changes nothing.

    Where a reference now says something else it is refused, unless `revise` says why.
    """
    name = file.filename or "interruptions.csv"
    done = app.ledger.import_file(network, file.file.read(), actor=actor, name=name, said_by=source, revise=revise)
    return json_response(done.as_json(), 201 if done.recording.batch else 200)


@router.get("/show", summary="What happened to this meter, and what was ever said of it")
def show_subject(
    app: TheApp,
    network: TheNetwork,
    subject: Name,
    kind: SubjectKind | None = None,
    known_at: Instant | None = None,
) -> Response:
    """Dead intervals with event, nature and cause; every statement, and whether it stands."""
    return json_response(app.ledger.timeline(network, subject, kind=kind, known_at=known_at).as_json())


@router.get("/events", summary="Events of a year or a month")
def events(
    app: TheApp,
    network: TheNetwork,
    year: Year | None = None,
    month: MonthNumber | None = None,
    known_at: Instant | None = None,
) -> Response:
    """When, of which nature, in how many segments, who was off, customer-hours; in order of time."""
    found = app.ledger.events(network, _period(app, year, month), known_at=known_at)
    return json_response([one.as_json() for one in found])


@router.get("/event", summary="One event: its statements and segments")
def event(app: TheApp, network: TheNetwork, event: Name, known_at: Instant | None = None) -> Response:
    """Segments: who shares off and on time, of usage points and of MV units."""
    found = app.ledger.event(network, event, known_at=known_at)
    return json_response(
        {
            "statements": [one.as_json() for one in found.statements],
            "segments": {kind.value: segments_json(parts) for kind, parts in found.segments.items()},
        }
    )


@router.post("/correct", status_code=201, summary="Correct or withdraw an event")
def correct(app: TheApp, actor: TheActor, network: TheNetwork, wanted: Correcting) -> Response:
    """A new statement of the next revision; what was said stays recorded and can be asked for."""
    if wanted.withdraw:
        done = app.ledger.withdraw(network, wanted.event, reason=wanted.reason, actor=actor)
    else:
        rows = [Correction(row.subject, row.off, row.on) for row in wanted.rows]
        done = app.ledger.correct(
            network, wanted.event, rows=rows, nature=wanted.nature, cause=wanted.cause, only=wanted.only,
            reason=wanted.reason, actor=actor,
        )  # fmt: skip
    return json_response({"event": wanted.event, **done.as_json()}, 201)


@router.get("/diff", summary="What a report of a year or month said then and says now")
def diff(
    app: TheApp,
    network: TheNetwork,
    known_at: Instant,
    against: Instant | None = None,
    year: Year | None = None,
    month: MonthNumber | None = None,
    kind: SubjectKind = SubjectKind.USAGE_POINT,
) -> Response:
    """Intervals only the knowledge of `known_at` holds, and only that of `against` (now unless told)."""
    found = app.ledger.difference(network, _period(app, year, month), known_at, against, kind=kind)
    return json_response(found.as_json(most=MOST_ROWS))


def _period(app: App, year: int | None, month: int | None) -> Period:
    chosen = year or app.today().year
    return month_period(f"{chosen}-{month:02d}", app.zone) if month else year_period(chosen, app.zone)
