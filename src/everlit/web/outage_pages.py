"""The assessment page (先算后停): what one outage does to whom, why, who must agree, and what may be done next."""

import csv
import io
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from everlit.api.context import TheApp, acting
from everlit.app import App
from everlit.kernel import Period, Refusal
from everlit.planning import store
from everlit.planning.lifecycle import STAMPS, Command, possible
from everlit.planning.model import DelayCode, PlannedOutage, Role
from everlit.platform.database import reading
from everlit.platform.events import history
from everlit.switching.ticket import Ticket
from everlit.switching.ticket_pdf import ticket_pdf
from everlit.web.month import feeder_titles
from everlit.web.outage_drawing import drawing
from everlit.web.rendering import refused, render, see
from everlit.web.timeline import lanes
from everlit.web.typed import chosen, instant, whole

router = APIRouter(include_in_schema=False)
PAGE = 25


@router.get("/outages/{outage_id}")
def outage_page(request: Request, app: TheApp, outage_id: str, q: str = "", page: int = 1) -> HTMLResponse:
    """The whole assessment; with htmx asking for the households, only their table."""
    facts = _facts(request, app, outage_id, q, page)
    part = request.headers.get("hx-request") == "true" and request.headers.get("hx-target", "").endswith("households")
    return render(request, "households.html" if part else "outage.html", refusal=None, **facts)


def _facts(request: Request, app: App, outage_id: str, q: str = "", page: int = 1) -> dict[str, Any]:
    outage = app.planning.outage(outage_id)
    grid = app.grid(outage.network)
    with reading(app.engine) as connection:
        stored = store.find_assessment(connection, subject=f"outage:{outage_id}")
        events = history(connection, subject=f"outage:{outage_id}", newest=True)
    role = request.cookies.get("role", "planner")
    commands = possible(outage.state, Role(role)) if role in set(Role) else []
    facts: dict[str, Any] = {
        "outage": outage,
        "requests": [app.planning.request(outage.network, name).request for name in outage.request_ids],
        "assessment": None,
        "events": events,
        "commands": sorted((one for one in commands if one not in WITH_A_TIME), key=_rank),
        "step": _step(commands, stored is not None and stored.fingerprint == outage.assessment),
        "movable": Command.MOVE in commands,
        "resizable": Command.RESIZE in commands,
        "delay_codes": list(DelayCode),
        "stamps": STAMPS,
        "late": _late(app, outage),
        "now": app.clock(),
    }
    if stored is not None:
        body = stored.body
        titles = dict(zip(grid.feeder_ids.to_pylist(), feeder_titles(grid), strict=True))
        facts |= {
            "assessment": body,
            "assessment_id": stored.identity,
            "fresh": stored.fingerprint == outage.assessment,
            "drawing": drawing(grid, body),
            "timeline": lanes(body),
            "feeders": titles,
            **households(body, q, page),
        }
    return facts


WITH_A_TIME = (Command.MOVE, Command.RESIZE)
"""Commands that name a time, in forms of their own."""
LAST = (Command.ASSESS, Command.REJECT, Command.POSTPONE, Command.CANCEL)


def _rank(command: Command) -> int:
    """Steps forward first, then computing again, then the ways out."""
    return LAST.index(command) + 1 if command in LAST else 0


def _step(commands: list[Command], fresh: bool) -> Command | None:
    """The step to take next: compute what is not computed, else go forward."""
    if not fresh:
        return Command.ASSESS if Command.ASSESS in commands else None
    return next((command for command in commands if command not in (*LAST, *WITH_A_TIME)), None)


def _lasting(period: Period, minutes: str) -> Period | None:
    """The period with so many minutes; None where they are no number of minutes, which the lifecycle refuses."""
    whole = int(minutes) if minutes.isdecimal() and len(minutes) < MOST_DIGITS else 0
    return Period(period.start, period.start + timedelta(minutes=whole)) if whole else None


MOST_DIGITS = 6


def _late(app: App, outage: PlannedOutage) -> bool:
    return outage.execution.restoring_at is not None and app.clock() > outage.period.end


def households(body: Mapping[str, Any], q: str, page: int) -> dict[str, Any]:
    """One page of the loads concerned, those that hold `q` in their name, transformer or feeder."""
    words = q.strip().lower()
    rows = [row for row in body["households"] if not words or any(words in str(value).lower() for value in _named(row))]
    last = max(1, -(-len(rows) // PAGE))
    number = min(max(page, 1), last)
    return {
        "rows": rows[(number - 1) * PAGE : number * PAGE],
        "found": len(rows),
        "q": q,
        "page": number,
        "last": last,
    }


def _named(row: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    return row["consumer_id"], row["transformer_id"], row["feeder_id"]


@router.get("/outages/{outage_id}/households.csv")
def households_file(app: TheApp, outage_id: str) -> Response:
    """Everybody concerned with their dark intervals, as a file for the notice service."""
    stored = app.planning.assessment_of(outage_id=outage_id)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["consumer_id", "transformer_id", "feeder_id", "households", "dark_minutes", "dark_from_to_minute"])
    for row in stored.body["households"]:
        spans = "; ".join(f"{start:g}-{end:g}" for start, end in stored.body["patterns"][row["pattern"]])
        writer.writerow([*(_safe(value) for value in _named(row)), row["households"], row["minutes"], spans])
    name = "".join(letter for letter in outage_id if letter.isalnum() or letter in "-_")
    headers = {"Content-Disposition": f'attachment; filename="{name}-households.csv"'}
    return Response("\ufeff" + text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _safe(value: Any) -> str:
    """A cell no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text


@router.get("/outages/{outage_id}/ticket-{direction}.pdf")
def ticket_file(app: TheApp, outage_id: str, direction: str, lang: str = "zh") -> Response:
    """The operation ticket as it is printed."""
    stored = app.planning.assessment_of(outage_id=outage_id)
    ticket = Ticket.from_json(stored.body["ticket"]["back" if direction == "back" else "out"])
    return Response(ticket_pdf(ticket, language="en" if lang == "en" else "zh"), media_type="application/pdf")


@router.post("/outages/{outage_id}")
async def act(request: Request, app: TheApp, outage_id: str) -> Response:
    """One step of the outage's life, from the page's own forms; refused with every gate that says no."""
    form = await request.form()
    text = {name: str(value).strip() for name, value in form.items()}
    try:
        actor, command = acting(request), chosen("command", text.get("command", ""), Command)
        if command is Command.ASSESS:
            app.planning.assess_outage(outage_id, actor=actor)
        else:
            code, minutes = text.get("delay_code", ""), text.get("minutes", "")
            app.planning.act(
                outage_id, command, actor=actor, version=whole("version", text["version"]) if "version" in text else None,
                reason=text.get("reason", ""), delay_code=chosen("delay_code", code, DelayCode) if code else None,
                period=_lasting(app.planning.outage(outage_id).period, minutes) if minutes else None,
                at=instant(text.get("at", ""), app.zone), with_requests=text.get("with_requests") == "yes",
            )  # fmt: skip
    except Refusal as refusal:
        return refused(request, refusal, "outage.html", **_facts(request, app, outage_id))
    return see(f"/outages/{outage_id}")
