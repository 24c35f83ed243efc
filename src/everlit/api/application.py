"""The API application: routers, problem documents, OpenAPI 3.1."""

from fastapi import FastAPI

from everlit import __version__
from everlit.api import (
    control,
    customers,
    events,
    facts,
    faults,
    feeds,
    forward,
    guard,
    ledger,
    networks,
    notices,
    planning,
    problems,
    reliability,
    search,
    signals,
    switching,
)
from everlit.api.sending import Lifespan
from everlit.app import App


def create_api(app: App, *, hosts: tuple[str, ...] = (), lifespan: Lifespan | None = None) -> FastAPI:
    """The ASGI application for `app`; the pages are added by `everlit.web`. `hosts` are further names of this machine,
    `lifespan` is what runs beside the server (`everlit.api.sending`)."""
    api = FastAPI(
        title="Everlit 长明",
        version=__version__,
        description="Compute before you cut: one topology, planned outages, transfers, tickets.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=lifespan,
    )
    api.state.app = app
    problems.install(api)
    guard.install(api, names=hosts)
    for module in (
        networks,
        search,
        switching,
        facts,
        control,
        planning,
        ledger,
        reliability,
        forward,
        faults,
        signals,
        customers,
        feeds,
        notices,
        events,
    ):
        api.include_router(module.router)
    return api
