"""The notice centre on pages (通知中心): alarms first, then the queue, what failed, what was said; each event laid open."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from everlit.api.context import TheApp, acting
from everlit.app import App
from everlit.kernel import Refusal
from everlit.notices.service import HOW_SIGNED, SIGNERS
from everlit.planning.roles import MAY
from everlit.planning.store import UnableToFindPlanned
from everlit.web.notice_centre import SHARES, read_desk, read_event
from everlit.web.rendering import network_of, refused, render, see

router = APIRouter(include_in_schema=False)


@router.get("/notices")
def notices(request: Request, app: TheApp, show: str = "") -> HTMLResponse:
    """What needs somebody now, how the queue stands, what was said last, and how exact the months were."""
    response = render(request, "notices.html", desk=read_desk(app, network_of(request), shown=show), shares=SHARES)
    response.headers["Cache-Control"] = "no-store"
    return response


@router.get("/notices/{event_id:path}")
def notices_of(request: Request, app: TheApp, event_id: str) -> HTMLResponse:
    """One event: its words, its messages, receipts, who may be affected, who was told and who was off."""
    return render(request, "notice.html", refusal=None, **_facts(request, app, event_id))


def _facts(request: Request, app: App, event_id: str) -> dict[str, Any]:
    role = request.cookies.get("role", "")
    return {
        **read_event(app, event_id),
        "ways": HOW_SIGNED,
        "may_sign": role in SIGNERS,
        "may_queue": role in MAY["notices.queue"],
        "planned": _is_planned(app, event_id),
        "shares": SHARES,
    }


def _is_planned(app: App, event_id: str) -> bool:
    """Whether the event is an outage that has a page of its own."""
    try:
        app.planning.outage(event_id)
    except UnableToFindPlanned:
        return False
    return True


@router.post("/notices/{event_id:path}")
async def act(request: Request, app: TheApp, event_id: str) -> Response:
    """Keep a receipt, queue the notices again, or compare once more who was told with who was off."""
    form = await request.form()
    text = {name: str(value).strip() for name, value in form.items()}
    try:
        actor, command = acting(request), text.get("do", "")
        if command == "sign":
            network = app.notices.status(event_id)["announcements"][-1]["network"]
            app.notices.sign(
                network, event_id, text.get("account_id", ""), signed_by=text.get("signed_by", ""), actor=actor,
                how=text.get("how", ""), note=text.get("note", ""),
            )  # fmt: skip
        elif command == "queue":
            app.queue_notices(event_id, actor=actor)
        elif command == "compare":
            app.reconcile(event_id, actor=actor)
    except Refusal as refusal:
        return refused(request, refusal, "notice.html", **_facts(request, app, event_id))
    return see(str(request.url.path))
