"""The whole site: the JSON API, the built assets and the pages in one ASGI application."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from everlit.api import create_api
from everlit.app import App
from everlit.web import outage_pages, pages, request_pages

STATIC = Path(__file__).parent / "static"


def create_site(app: App, *, network: str = "urban") -> FastAPI:
    """API and pages for `app`; `network` is shown first."""
    site = create_api(app)
    site.state.network = network
    STATIC.mkdir(exist_ok=True)
    site.mount("/static", StaticFiles(directory=STATIC), name="static")
    for module in (pages, request_pages, outage_pages):
        site.include_router(module.router)
    return site
