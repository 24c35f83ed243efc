"""Planned outages over HTTP: requests, assessments, the month, and every step of an outage's life.

The network is a query parameter, the first one kept unless named. Who acts is named by headers or cookies; every change
is an event.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Path, Query, Request, Response
from pydantic import BaseModel, Field

from everlit.api.context import MONTH, Instant, Month, TheActor, TheApp, acting, json_response, network_of, period_of
from everlit.kernel import Finding, Period, Refusal, Text
from everlit.planning.lifecycle import Command
from everlit.planning.model import DelayCode, WorkRequest
from everlit.planning.policies import local_row
from everlit.switching.ticket import Ticket
from everlit.switching.ticket_pdf import ticket_pdf

router = APIRouter(prefix="/api", tags=["planning"])
Identity = Annotated[str, Path(max_length=120)]
NetworkName = Annotated[str, Query(max_length=100)]
Words = Annotated[str, Field(max_length=1000)]


class Act(BaseModel):
    """One step of the lifecycle, made on `version` of the outage."""

    version: int | None = None
    reason: Words = ""
    delay_code: DelayCode | None = None
    at: Instant | None = None
    """When a step in the field was taken; now unless told."""
    with_requests: bool = False
    """With `cancel`: the requests are not needed any more either."""


class Move(BaseModel):
    """A new start; the length stays."""

    start: Instant
    version: int | None = None
    reason: Words = ""


class Resize(BaseModel):
    """A new length: the end, and the start where it changes too."""

    end: Instant
    start: Instant | None = None
    version: int | None = None
    reason: Words = ""


class Merge(BaseModel):
    """Assessed requests that become one outage."""

    request_ids: Annotated[list[Annotated[str, Field(max_length=80)]], Field(min_length=1, max_length=100)]
    start: Instant
    end: Instant


class Rule(BaseModel):
    """A local row in place of the shipped one of its key; what is left out stays as it is shipped."""

    value: Annotated[float, Field(allow_inf_nan=False)]
    document: Words = ""
    confidence: Literal["V1", "V2", "C", "G", "G?"] = "G?"
    valid_from: date | None = None


class UnableToFile(Refusal):
    """Not one of the requests sent can be filed."""

    title = Text(en="No request was filed.", zh="没有申请被受理。")


class Ask(BaseModel):
    """How long the month may be computed."""

    seconds: Annotated[float, Field(gt=0, le=600)] = 30.0
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


@router.get("/requests", summary="Work requests of a network, of a month if named")
def list_requests(
    app: TheApp,
    request: Request,
    network: NetworkName = "",
    month: Annotated[str | None, Query(pattern=MONTH)] = None,
) -> Response:
    """Requests with their state and outage."""
    return json_response([one.as_json() for one in app.planning.requests(network_of(request, network), month=month)])


@router.post("/requests", status_code=201, summary="Submit work requests; the same request twice changes nothing")
def submit(
    app: TheApp,
    actor: TheActor,
    request: Request,
    rows: Annotated[list[dict[str, Any]], Body(min_length=1, max_length=2000)],
    network: NetworkName = "",
) -> Response:
    """Every row is read and checked; faulty rows are named and the others filed, unless not one is any good."""
    read, findings = _read(rows)
    submitted = app.planning.submit(network_of(request, network), read, actor=actor)
    done = replace(submitted, findings=(*findings, *submitted.findings))
    if not done.accepted and not done.unchanged:
        raise UnableToFile(*done.findings)
    return json_response(done.as_json(), 201)


def _read(rows: Sequence[dict[str, Any]]) -> tuple[list[WorkRequest], list[Finding]]:
    read: list[WorkRequest] = []
    findings: list[Finding] = []
    for number, row in enumerate(rows, 1):
        try:
            read.append(WorkRequest.from_json(row, number=number))
        except Refusal as refusal:
            findings.extend(refusal.findings)
    return read, findings


@router.get("/requests/{request_id}", summary="One request, and why it stands where it stands")
def one_request(app: TheApp, request: Request, request_id: Identity, network: NetworkName = "") -> Response:
    """The request and its state."""
    return json_response(app.planning.request(network_of(request, network), request_id).as_json())


@router.put("/requests/{request_id}", summary="Revise a request that is in no outage yet")
def revise(
    app: TheApp,
    actor: TheActor,
    request: Request,
    request_id: Identity,
    row: Annotated[dict[str, Any], Body()],
    network: NetworkName = "",
) -> Response:
    """The revised request has to be assessed again."""
    revised = WorkRequest.from_json({**row, "request_id": request_id})
    return json_response(app.planning.revise(network_of(request, network), revised, actor=actor).as_json())


@router.post("/requests/{request_id}/assess", summary="Assess one request on its own")
def assess_request(
    app: TheApp,
    actor: TheActor,
    request: Request,
    request_id: Identity,
    start: Instant | None = None,
    network: NetworkName = "",
) -> Response:
    """Isolation, transfer, households, ticket, gates; stored under the answer's assessment_id."""
    name = network_of(request, network)
    identity, made = app.planning.assess_request(name, request_id, actor=actor, start=start)
    return json_response({"assessment_id": identity, **made.as_json(households=False)})


@router.post("/requests/{request_id}/{command}", summary="Reject, postpone, cancel or resubmit a request")
def act_on_request(
    app: TheApp,
    actor: TheActor,
    request: Request,
    request_id: Identity,
    command: Literal["reject", "postpone", "cancel", "submit"],
    act: Act,
    network: NetworkName = "",
) -> Response:
    """One step of a request's life."""
    name, asked = network_of(request, network), Command(command)
    done = app.planning.act_on_request(name, request_id, asked, actor=actor, reason=act.reason)
    return json_response(done.as_json())


@router.get("/assessments/{identity}", summary="A stored assessment, households left out")
def assessment(app: TheApp, identity: Annotated[int, Path(ge=1, le=2**62)]) -> Response:
    """Everything the outage would do, as it was computed."""
    body = dict(app.planning.assessment(identity).body)
    return json_response({"assessment_id": identity, **body, "households": []})


@router.get("/assessments/{identity}/households", summary="The households concerned, a page at a time")
def households(
    app: TheApp,
    identity: Annotated[int, Path(ge=1, le=2**62)],
    offset: Annotated[int, Query(ge=0, le=10**7)] = 0,
    limit: Annotated[int, Query(ge=1, le=5000)] = 200,
) -> Response:
    """Exactly who is dead, and which pattern of dead minutes they share."""
    body = app.planning.assessment(identity).body
    rows = body["households"]
    page = rows[offset : offset + limit]
    return json_response({"total": len(rows), "offset": offset, "rows": page, "patterns": body["patterns"]})


@router.get("/assessments/{identity}/ticket.pdf", summary="An operation ticket of the assessment as PDF")
def assessment_ticket(
    app: TheApp,
    identity: Annotated[int, Path(ge=1, le=2**62)],
    direction: Literal["out", "back"] = "out",
    lang: Literal["zh", "en"] = "zh",
) -> Response:
    """The stored ticket, printed."""
    ticket = Ticket.from_json(app.planning.assessment(identity).body["ticket"][direction])
    return Response(ticket_pdf(ticket, language=lang), media_type="application/pdf")


@router.post("/months/{month}/plan", summary="Compute the month: merge, schedule, transfer, with a proven gap")
def plan_month(
    app: TheApp, actor: TheActor, request: Request, month: Month, ask: Ask, network: NetworkName = ""
) -> Response:
    """All open requests of the month at once; agreed outages stay. Nothing changes until the plan is adopted."""
    name = network_of(request, network)
    plan = app.planning.plan_month(name, month, actor=actor, seconds=ask.seconds, seed=ask.seed)
    return json_response({"plan_id": plan.identity, **plan.body})


@router.post("/months/{month}/adopt", summary="Form the outages of the newest plan")
def adopt_month(app: TheApp, actor: TheActor, request: Request, month: Month, network: NetworkName = "") -> Response:
    """Open outages of the month are formed anew, agreed ones stay."""
    made = app.planning.adopt_month(network_of(request, network), month, actor=actor)
    return json_response([outage.as_json() for outage in made])


@router.get("/months/{month}", summary="The month: newest plan, outages, requests, budgets")
def month_board(app: TheApp, request: Request, month: Month, network: NetworkName = "") -> Response:
    """Outages as they stand, savings, bound and gap, and the reason for every request."""
    return json_response(app.planning.month(network_of(request, network), month))


@router.post("/outages", status_code=201, summary="Merge assessed requests into one outage")
def merge(app: TheApp, actor: TheActor, request: Request, wanted: Merge, network: NetworkName = "") -> Response:
    """One outage for several jobs (一停多用)."""
    name, period = network_of(request, network), period_of(wanted.start, wanted.end)
    done = app.planning.merge(name, wanted.request_ids, period=period, actor=actor)
    return json_response(done.as_json(), 201)


@router.get("/outages/{outage_id}", summary="One outage with its possible next steps and newest assessment")
def one_outage(app: TheApp, outage_id: Identity) -> Response:
    """The outage, what may be asked of it next, and the number of its newest assessment."""
    outage = app.planning.outage(outage_id)
    try:
        newest: int | None = app.planning.assessment_of(outage_id=outage_id).identity
    except Refusal:
        newest = None
    commands = [command.value for command in app.planning.possible(outage_id)]
    return json_response({**outage.as_json(), "possible": commands, "assessment_id": newest})


@router.post("/outages/{outage_id}/assess", summary="Assess an outage as a whole at its time")
def assess_outage(app: TheApp, actor: TheActor, outage_id: Identity) -> Response:
    """A new stored assessment; an approval on other facts is void."""
    identity, made = app.planning.assess_outage(outage_id, actor=actor)
    return json_response({"assessment_id": identity, **made.as_json(households=False)})


@router.post("/outages/{outage_id}/move", summary="Move an outage, or see what moving it would do")
def move(app: TheApp, request: Request, outage_id: Identity, wanted: Move, dry_run: bool = False) -> Response:
    """With dry_run nothing is saved: consequences before and after, conflicts, findings."""
    preview = app.planning.preview_move(outage_id, wanted.start)
    if dry_run:
        return json_response(preview)
    outage = app.planning.outage(outage_id)
    period = Period(wanted.start, wanted.start + outage.period.duration)
    done = app.planning.act(
        outage_id, Command.MOVE, actor=acting(request), version=wanted.version, reason=wanted.reason, period=period
    )
    return json_response({**preview, "outage": done.as_json()})


@router.post("/outages/{outage_id}/resize", summary="Give an outage another length, or see what it would do")
def resize(app: TheApp, request: Request, outage_id: Identity, wanted: Resize, dry_run: bool = False) -> Response:
    """It has to be assessed again; work that began with the outage begins with it again."""
    period = period_of(wanted.start or app.planning.outage(outage_id).period.start, wanted.end)
    preview = app.planning.preview_move(outage_id, period.start, period.end)
    if dry_run:
        return json_response(preview)
    done = app.planning.act(
        outage_id, Command.RESIZE, actor=acting(request), version=wanted.version, reason=wanted.reason, period=period
    )
    return json_response({**preview, "outage": done.as_json()})


@router.post("/outages/{outage_id}/{command}", summary="One step of an outage's life")
def act(app: TheApp, actor: TheActor, outage_id: Identity, command: Command, wanted: Act) -> Response:
    """Refused with every gate that says no, each citing its rule."""
    done = app.planning.act(
        outage_id,
        command,
        actor=actor,
        version=wanted.version,
        reason=wanted.reason,
        delay_code=wanted.delay_code,
        at=wanted.at,
        with_requests=wanted.with_requests,
    )
    return json_response(done.as_json())


@router.get("/policies", summary="Every rule with its document and confidence")
def policies(app: TheApp) -> Response:
    """The register with the local rows over it; `verified` is false where nobody has checked the text."""
    rows = app.planning.policies().rows
    return json_response([{**row.as_json(), "verified": row.verified} for row in rows])


@router.put("/policies/{key}", summary="Put a local row in place of a shipped rule")
def set_policy(app: TheApp, actor: TheActor, key: Identity, rule: Rule) -> Response:
    """Another number for the same rule, from a day on; what was assessed under the old one has to be assessed again."""
    row = local_row(
        app.planning.policies(),
        key,
        value=rule.value,
        since=rule.valid_from or app.today(),
        document=rule.document,
        confidence=rule.confidence,
    )
    app.planning.set_policy(row, actor=actor)
    return json_response({**row.as_json(), "verified": row.verified})
