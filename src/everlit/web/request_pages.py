"""Requests (停电申请): the list, a form with findings beside each field, and why a request stands where it stands."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from everlit.api.context import TheApp, acting
from everlit.kernel import Finding, Refusal
from everlit.planning import store
from everlit.planning.lifecycle import REQUEST_TRANSITIONS, Command, possible
from everlit.planning.model import Department, Role, State, WorkKind, WorkRequest
from everlit.platform.database import reading
from everlit.platform.events import history
from everlit.web.month import GONE
from everlit.web.rendering import network_of, refused, render, see

router = APIRouter(include_in_schema=False)
FIELDS = (
    "request_id", "department", "kind", "title_en", "title_zh", "equipment_ids", "duration_min", "earliest", "latest",
    "wanted", "window_from", "window_to", "crew", "crew_size", "precedence", "generator_kw", "priority",
)  # fmt: skip
PAGE = 50
OFFERED = (Command.ASSESS, Command.REJECT, Command.POSTPONE, Command.CANCEL)


@router.get("/requests")
def request_list(
    request: Request, app: TheApp, department: str = "", state: str = "", q: str = "", page: int = 1
) -> HTMLResponse:
    """All requests of the network, filtered."""
    filed = app.planning.requests(network_of(request))
    words = q.strip().lower()
    kept = [
        one
        for one in filed
        if (not department or one.request.department.value == department)
        and (not state or one.state.value == state)
        and (not words or any(words in text.lower() for text in _texts(one.request)))
    ]
    last = max(1, -(-len(kept) // PAGE))
    number = min(max(page, 1), last)
    return render(
        request, "requests.html", rows=kept[(number - 1) * PAGE : number * PAGE], total=len(kept), page=number,
        last=last, department=department, state=state, q=q, states=list(State), departments=list(Department),
    )  # fmt: skip


def _texts(request: WorkRequest) -> list[str]:
    return [request.request_id, request.title.en, request.title.zh, request.crew, *request.equipment_ids]


@router.get("/requests/new")
def new_request(request: Request, app: TheApp, equipment: str = "") -> HTMLResponse:
    """An empty form; the equipment may be named by the map."""
    now = app.clock().astimezone(app.zone)
    first = (now + timedelta(days=10)).replace(hour=8, minute=0, second=0, microsecond=0)
    values = {
        "request_id": f"R-{now:%y%m%d-%H%M%S}",
        "equipment_ids": equipment,
        "duration_min": "240",
        "earliest": f"{first:%Y-%m-%dT%H:%M}",
        "latest": f"{first + timedelta(days=14, hours=10):%Y-%m-%dT%H:%M}",
        "window_from": "08:00",
        "window_to": "18:00",
        "crew_size": "4",
        "priority": "3",
        "generator_kw": "0",
    }
    return _form(request, values, [])


def _form(request: Request, values: Mapping[str, str], findings: Sequence[Finding], status: int = 200) -> HTMLResponse:
    by_field: dict[str, list[Finding]] = {}
    for finding in findings:
        by_field.setdefault(str(finding.evidence.get("column", "")), []).append(finding)
    return render(
        request, "request_form.html", status=status, values=values, findings=by_field, kinds=list(WorkKind),
        departments=list(Department), whole=[finding for name, many in by_field.items() if name not in FIELDS for finding in many],
    )  # fmt: skip


@router.post("/requests/new")
async def submit_request(request: Request, app: TheApp) -> Response:
    """File the request, or show the form again with a finding beside each faulty field."""
    form = {name: str(value) for name, value in (await request.form()).items()}
    try:
        actor = acting(request)
        asked = WorkRequest.from_json(_cells(form, app.zone), zone=app.zone)
        done = app.planning.submit(network_of(request), [asked], actor=actor)
    except Refusal as refusal:
        return _form(request, form, refusal.findings, 422)
    if not done.accepted and not done.unchanged:
        return _form(request, form, done.findings, 422)
    return see(f"/requests/{asked.request_id}")


def _cells(form: Mapping[str, str], zone: tzinfo) -> dict[str, Any]:
    """The form as a record: empty fields left out, local times with the utility's offset."""
    cells: dict[str, Any] = {name: form.get(name, "").strip() for name in FIELDS}
    for name in ("earliest", "latest", "wanted"):
        with suppress(ValueError):
            cells[name] = datetime.fromisoformat(cells[name]).replace(tzinfo=zone).isoformat()
    cells["live_line_possible"] = "live_line_possible" in form
    return {name: value for name, value in cells.items() if value != ""}


@router.get("/requests/{request_id}")
def request_page(request: Request, app: TheApp, request_id: str) -> HTMLResponse:
    """One request: its facts, where it stands and why."""
    return render(request, "request.html", **_facts(request, app, request_id), refusal=None)


def _facts(request: Request, app: TheApp, request_id: str) -> dict[str, Any]:
    network = network_of(request)
    filed = app.planning.request(network, request_id)
    month = f"{filed.request.earliest.astimezone(app.zone):%Y-%m}"
    subject = f"request:{network}/{request_id}"
    with reading(app.engine) as connection:
        plan = store.find_plan(connection, network, month)
        assessment = store.find_assessment(connection, subject=subject)
        events = history(connection, subject=subject, newest=True)
        outage = store.find_outage(connection, filed.outage_id) if filed.outage_id else None
    body: Mapping[str, Any] = plan.body if plan else {}
    role = request.cookies.get("role", "planner")
    allowed = possible(filed.state, Role(role), table=REQUEST_TRANSITIONS) if role in set(Role) else []
    return {
        "filed": filed,
        "outage": outage,
        "assessment": assessment,
        "reason": next((one for one in body.get("reasons", []) if one["job"] == request_id), None),
        "conflict": next((one for one in body.get("conflicts", []) if one["subject"] == request_id), None),
        "commands": [
            one for one in allowed if one in (Command.ASSESS, Command.REJECT, Command.POSTPONE, Command.CANCEL)
        ],
        "events": events,
        "gone": GONE,
        "never": datetime.max.replace(tzinfo=UTC),
    }


@router.post("/requests/{request_id}")
async def act_on_request(request: Request, app: TheApp, request_id: str) -> Response:
    """One step of the request's life, from the page's own forms."""
    form = await request.form()
    network = network_of(request)
    try:
        actor, command = acting(request), Command(str(form.get("command", "")))
        if command is Command.ASSESS:
            app.planning.assess_request(network, request_id, actor=actor)
        else:
            reason = str(form.get("reason", "")).strip()
            app.planning.act_on_request(network, request_id, command, actor=actor, reason=reason)
    except Refusal as refusal:
        return refused(request, refusal, "request.html", **_facts(request, app, request_id))
    return see(f"/requests/{request_id}")
