"""The pages (页面): rendered on the server, readable without scripts; islands make map and board lively."""

from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, select_autoescape

from everlit.api.context import ROLES, TheApp
from everlit.grid.store import list_networks
from everlit.platform.database import reading
from everlit.web.translate import LANGUAGES, catalogue, translate

router = APIRouter(include_in_schema=False)
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=select_autoescape(default=True)
)
POLICY = "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:"


def language_of(request: Request) -> str:
    """The language asked for: ?lang=, else the cookie, else the browser's, else Chinese."""
    asked = request.query_params.get("lang") or request.cookies.get("lang")
    if asked in LANGUAGES:
        return asked
    header = request.headers.get("accept-language", "zh").lower()
    return "en" if header.startswith("en") else "zh"


def render(request: Request, template: str, **values: Any) -> HTMLResponse:
    """One page in the reader's language, with its security policy."""
    language = language_of(request)
    page = TEMPLATES.get_template(template).render(
        _=lambda text: translate(text, language=language),
        language=language,
        words=catalogue(language),
        path=request.url.path,
        actor=unquote(request.cookies.get("actor", "")),
        role=request.cookies.get("role", "planner"),
        roles={key: title.in_language(language) for key, title in ROLES.items()},
        network=request.query_params.get("network") or request.app.state.network,
        offset=datetime.now(request.app.state.app.zone).isoformat()[-6:],
        **values,
    )
    response = HTMLResponse(page, headers={"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"})
    if request.query_params.get("lang") in LANGUAGES:
        response.set_cookie("lang", language, max_age=31_536_000, samesite="strict")
    return response


@router.get("/map")
def map_page(request: Request, app: TheApp) -> HTMLResponse:
    """The network over coordinates and as a single-line diagram, with study mode."""
    with reading(app.engine) as connection:
        networks = list_networks(connection)
    return render(request, "map.html", networks=networks)
