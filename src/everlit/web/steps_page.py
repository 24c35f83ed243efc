"""Steps as they are done (操作执行), on a phone beside the switch: the next step large, everything done below it."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from everlit.api.context import TheApp, acting
from everlit.app import App
from everlit.control.model import LONGEST_NOTE, DoneStep
from everlit.control.service import TELLERS
from everlit.control.steps import WALKED, next_step
from everlit.kernel import Refusal
from everlit.switching.ticket import Direction
from everlit.web.rendering import refused, render, see
from everlit.web.typed import chosen, instant, whole

router = APIRouter(include_in_schema=False)
TEMPLATE = "steps.html"


@router.get("/outages/{outage_id}/steps")
def steps_page(request: Request, app: TheApp, outage_id: str) -> HTMLResponse:
    """Both tickets of an outage, the step whose turn it is first."""
    return render(request, TEMPLATE, refusal=None, **_facts(request, app, outage_id))


@router.post("/outages/{outage_id}/steps")
async def tell(request: Request, app: TheApp, outage_id: str) -> Response:
    """One step told from the page's form; refused with what stands against it."""
    form = await request.form()
    text = {name: str(value).strip() for name, value in form.items()}
    try:
        actor = acting(request)
        step = DoneStep(
            chosen("way", text.get("way", ""), Direction), whole("number", text.get("number", "")),
            instant(text.get("at", ""), app.zone) or app.clock(), actor.name,
            text.get("device", ""), "left_out" in text, text.get("note", ""),
        )  # fmt: skip
        app.control.tell(outage_id, [step], actor=actor)
    except Refusal as refusal:
        return refused(request, refusal, TEMPLATE, **_facts(request, app, outage_id))
    return see(f"/outages/{outage_id}/steps")


def _facts(request: Request, app: App, outage_id: str) -> dict[str, Any]:
    now = app.control.execution(outage_id)
    turn = next((way for way in Direction if now.outage.state is WALKED[way]), None)
    return {
        "outage": now.outage,
        "tickets": now.tickets,
        "progress": now.progress,
        "done": {(one.way.value, one.number): one for one in now.done},
        "turn": turn,
        "next": next_step(now.tickets[turn], now.done) if turn else None,
        "astray": now.as_json()["astray"],
        "may_tell": request.cookies.get("role") in TELLERS,
        "longest_note": LONGEST_NOTE,
    }
