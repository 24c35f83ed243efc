"""Who may talk to the server: programs on this machine, and its own pages.

Accounts do not exist yet, so the server listens on loopback. That alone does not keep a web page elsewhere out: a browser
would carry its posts here (cross-site request), or take a foreign name for this machine (DNS rebinding). Therefore the
name asked for must be one of this machine, and a change must not come from a page of another origin.
"""

import ipaddress
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from everlit.api.problems import problem
from everlit.kernel import Finding, Text

READING = ("GET", "HEAD", "OPTIONS")
OWN_PAGES = ("same-origin", "none")
"""Values of Sec-Fetch-Site, which no page can forge: our own page, or the person at the address bar."""

REFUSED = Text(en="The request does not come from this machine's own pages.", zh="请求并非来自本机页面。")


class Guard:
    """Refuses foreign host names with 421 and changes from foreign pages with 403, before any route is looked at."""

    def __init__(self, app: ASGIApp, names: tuple[str, ...] = ()) -> None:
        self.app = app
        self.names = ("localhost", *names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a refusal, or hand on."""
        refusal = self.refusal(scope) if scope["type"] == "http" else None
        await (refusal or self.app)(scope, receive, send)

    def refusal(self, scope: Scope) -> Response | None:
        """The problem document of a refused request."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not is_own_host(host, self.names):
            words = Text(en=f"{host[:100]} is no name of this machine.", zh=f"{host[:100]} 不是本机名称。")
            return problem(421, REFUSED, [Finding("host.foreign", host[:100], words)], "foreign")
        if scope["method"] not in READING and not is_own_page(headers):
            origin = headers.get("origin", "?")[:100]
            words = Text(en=f"A page of {origin} may not change anything here.", zh=f"来自 {origin} 的页面不得修改。")
            return problem(403, REFUSED, [Finding("origin.foreign", origin, words)], "foreign")
        return None


def is_own_host(host: str, names: tuple[str, ...] = ("localhost",)) -> bool:
    """Whether a Host header names this machine: a loopback address or one of `names`, with any port.

    >>> [is_own_host(host) for host in ("127.0.0.1:8000", "[::1]:8000", "localhost", "evil.example", "127.0.0.1.evil")]
    [True, True, True, False, False]
    """
    try:
        split = urlsplit(f"//{host}")
        name, _ = split.hostname or "", split.port
        if split.username is not None or split.path or split.query or split.fragment:
            return False
        return name in names or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_own_page(headers: Headers) -> bool:
    """Whether a change comes from a page of this server, or from a program that is no browser."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site in OWN_PAGES
    return origin is None or origin in (f"http://{headers.get('host')}", f"https://{headers.get('host')}")


def install(api: FastAPI, *, names: tuple[str, ...] = ()) -> None:
    """Guard an application; `names` are further host names of this machine."""
    api.add_middleware(Guard, names=names)
