"""The whole site: the JSON API, the built assets and the pages in one ASGI application."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from everlit.api import create_api
from everlit.api.problems import status_of
from everlit.api.sending import Lifespan
from everlit.app import App
from everlit.kernel import Finding, Refusal, Text
from everlit.web import (
    forward_pages,
    notice_pages,
    outage_board_pages,
    outage_pages,
    pages,
    reliability_pages,
    request_pages,
    steps_page,
    timeline_pages,
)
from everlit.web.rendering import render

STATIC = Path(__file__).parent / "static"
NOT_FOUND = Text(en="This page does not exist.", zh="没有该页面。")
FAILED = Text(en="This page cannot be shown.", zh="页面无法显示。")


def create_site(app: App, *, network: str = "urban", lifespan: Lifespan | None = None) -> FastAPI:
    """API and pages for `app`; `network` is shown first, `lifespan` is what runs beside the server."""
    site = create_api(app, lifespan=lifespan)
    site.state.network = network
    STATIC.mkdir(exist_ok=True)
    site.mount("/static", StaticFiles(directory=STATIC), name="static")
    for module in (
        pages,
        request_pages,
        outage_pages,
        steps_page,
        reliability_pages,
        forward_pages,
        timeline_pages,
        outage_board_pages,
        notice_pages,
    ):
        site.include_router(module.router)
    for kind in (Refusal, HTTPException):
        site.add_exception_handler(kind, _on_page(site.exception_handlers[kind]))
    return site


def _on_page(problem_document: Any) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Refusals of pages are pages; those of the API stay problem documents."""

    async def answer(request: Request, failure: Exception) -> Response:
        if request.url.path.startswith(("/api/", "/static/")):
            answered: Response = await problem_document(request, failure)
            return answered
        if isinstance(failure, Refusal):
            return _page(request, status_of(failure), failure.title, list(failure.findings))
        status = failure.status_code if isinstance(failure, HTTPException) else 500
        return _page(request, status, NOT_FOUND if status == 404 else FAILED, [])

    return answer


def _page(request: Request, status: int, title: Text, findings: list[Finding]) -> Response:
    return render(request, "problem.html", status=status, title=title, findings=findings)
