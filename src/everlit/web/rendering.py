"""Rendering (页面渲染): templates in the reader's language, times in the utility's zone, the security policy.

The language is ?lang=, else the cookie, else the browser's. Who acts, in which role and on which network is picked in
the header and kept in cookies.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from everlit.api.context import ROLES
from everlit.grid.store import list_networks
from everlit.kernel import Refusal, Text
from everlit.platform.database import reading
from everlit.web import labels
from everlit.web.translate import LANGUAGES, catalogue, translate

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
YEAR_S = 31_536_000
NAVIGATION = (
    ("/", "Overview", ()),
    ("/now", "Outages now", ()),
    ("/map", "Map", ()),
    ("/board", "Plan", (
        ("/board", "Month board"), ("/requests", "Requests"), ("/savings", "Savings"), ("/review", "Review"),
    )),
    ("/notices", "Notices", ()),
    ("/reliability", "Reliability", (
        ("/reliability", "Indices"), ("/reliability/forward", "The year ahead"), ("/meter", "One meter"),
    )),
    ("/policies", "Rules", ()),
)  # fmt: skip
"""The pages by what people do with them: address, title, and the pages behind it, shown below when one of them is open."""
WITHIN = {"/outages": "/board"}
"""Pages that stand in no list, by the page of the list they belong to."""


def language_of(request: Request) -> str:
    """The language asked for: ?lang=, else the cookie, else the browser's, else Chinese."""
    asked = request.query_params.get("lang") or request.cookies.get("lang")
    if asked in LANGUAGES:
        return asked
    header = request.headers.get("accept-language", "zh").lower()
    return "en" if header.startswith("en") else "zh"


def network_of(request: Request) -> str:
    """The network asked for: ?network=, else the cookie, else the one the server shows first."""
    asked = request.query_params.get("network") or unquote(request.cookies.get("network", ""))
    return asked if asked in _names(request) else str(request.app.state.network)


def _names(request: Request) -> dict[str, Text]:
    with reading(request.app.state.app.engine) as connection:
        return {version.network: version.title for version in list_networks(connection)}


def render(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """One page in the reader's language, with its security policy."""
    language = language_of(request)
    page = TEMPLATES.get_template(template).render(**common(request, language), **values)
    response = HTMLResponse(
        page, status, headers={"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Vary": "Cookie"}
    )
    for name, value in (("lang", request.query_params.get("lang")), ("network", request.query_params.get("network"))):
        if value and (name == "network" or value in LANGUAGES):
            response.set_cookie(name, quote(value), max_age=YEAR_S, samesite="strict")
    return response


def common(request: Request, language: str) -> dict[str, Any]:
    """What every template may use."""
    zone = request.app.state.app.zone
    names = _names(request)
    network = network_of(request)
    words = Words(language)
    return {
        "_": words,
        "words": words,
        "catalogue": catalogue(language),
        "language": language,
        "other_language": "en" if language == "zh" else "zh",
        "here": request.url.path,
        "switch_to": switch_query(request),
        "navigation": NAVIGATION,
        "chapter": chapter(request.url.path),
        "actor": unquote(request.cookies.get("actor", "")),
        "role": request.cookies.get("role", "planner"),
        "roles": {str(key): title.in_language(language) for key, title in ROLES.items()},
        "network": network,
        "networks": {name: title.in_language(language) for name, title in names.items()} or {network: network},
        "offset": datetime.now(zone).isoformat()[-6:],
        "labels": labels,
        "say": say(language),
        "number": number,
        "when": When(zone, language),
        "quote": lambda text: quote(str(text), safe=""),
    }


def chapter(path: str) -> str:
    """The first page of the group a page stands in; empty for one that stands in none.

    >>> chapter("/requests/new"), chapter("/outages/O-1"), chapter("/"), chapter("/nowhere")
    ('/board', '/board', '/', '')
    """
    for first, _, pages in NAVIGATION:
        names = [first, *(name for name, _ in pages), *(name for name, within in WITHIN.items() if within == first)]
        if any(path == name or (name != "/" and path.startswith(f"{name}/")) for name in names):
            return first
    return ""


def switch_query(request: Request) -> str:
    """The query of this page in the other language."""
    query = {name: value for name, value in request.query_params.items() if name != "lang"}
    return urlencode({**query, "lang": "en" if language_of(request) == "zh" else "zh"})


class Words:
    """`_("text")`: the text in the reader's language; `_.label(labels.STATES, key)` for keys."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, text: str, **values: Any) -> str:
        found = translate(text, language=self.language)
        return found.format(**values) if values else found

    def label(self, table: Mapping[str, str], key: Any) -> str:
        """What a key is called; the key itself when nobody named it."""
        return self(table.get(str(key), str(key).replace("_", " ")))


def say(language: str) -> Any:
    """A function that says a bilingual message, kept as Text or as {en, zh}."""

    def said(text: Text | Mapping[str, str] | None) -> str:
        if text is None:
            return ""
        return text.in_language(language) if isinstance(text, Text) else str(text[language])

    return said


def number(value: float | int | None, digits: int = 0) -> str:
    """A figure with thousands separated by commas; a dash for none.

    >>> number(12345.678, 1), number(None)
    ('12,345.7', '–')
    """
    return "–" if value is None else f"{float(value):,.{digits}f}"


class When:
    """Instants in the utility's zone, in short forms."""

    def __init__(self, zone: Any, language: str) -> None:
        self.zone, self.language = zone, language

    def local(self, instant: datetime | str) -> datetime:
        """The instant on the wall clock."""
        at = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
        return at.astimezone(self.zone)

    def day(self, instant: datetime | str) -> str:
        """Thu 3 Dec or 12月3日 周四."""
        at = self.local(instant)
        if self.language == "zh":
            return f"{at.month}月{at.day}日 周{'一二三四五六日'[at.weekday()]}"
        return f"{at:%a} {at.day} {at:%b}"

    def clock(self, instant: datetime | str) -> str:
        """08:30."""
        return f"{self.local(instant):%H:%M}"

    def full(self, instant: datetime | str) -> str:
        """2026-12-03 08:30."""
        return f"{self.local(instant):%Y-%m-%d %H:%M}"

    def span(self, start: datetime | str, end: datetime | str) -> str:
        """Thu 3 Dec 08:00–14:00, with the second day when it is another."""
        first, last = self.local(start), self.local(end)
        tail = f"{last:%H:%M}" if first.date() == last.date() else f"{self.day(last)} {last:%H:%M}"
        return f"{self.day(first)} {first:%H:%M}–{tail}"

    def hours(self, start: datetime | str, end: datetime | str) -> str:
        """8–17, for small places."""
        return f"{self.local(start).hour}–{self.local(end).hour}"

    def field(self, instant: datetime | str) -> str:
        """As a datetime-local input holds it."""
        return f"{self.local(instant):%Y-%m-%dT%H:%M}"


def refused(request: Request, refusal: Refusal, template: str, *, status: int = 422, **values: Any) -> HTMLResponse:
    """The page again, with what was refused and why on top."""
    return render(request, template, status=status, refusal=refusal, **values)


def see(path: str) -> RedirectResponse:
    """After a change: look at the result (303), so that reloading repeats nothing."""
    return RedirectResponse(path, 303)
