"""The outage board on a page (停电看板): read without scripts; with them it counts down and asks again by itself."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from everlit.api.context import TheApp
from everlit.web.outage_board import read_board
from everlit.web.rendering import network_of, render

router = APIRouter(include_in_schema=False)


@router.get("/now")
def outages_now(request: Request, app: TheApp) -> HTMLResponse:
    """What is off now and what comes in the next 24 hours."""
    response = render(request, "now.html", board=read_board(app, network_of(request)))
    response.headers["Cache-Control"] = "no-store"
    return response
