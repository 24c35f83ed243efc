"""The control room served on loopback and looked at with a real browser, which may speak to nobody else."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from everlit.app import App
from everlit.web import create_site
from everlit.web.site import STATIC
from tests.web.planned import NETWORK, planned_app

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-gl=angle", "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]  # fmt: skip


@dataclass
class Site:
    """A running site and the store behind it."""

    url: str
    app: App


@dataclass
class Window:
    """A page with everything that went wrong on it."""

    page: Page
    site: Site
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(self.site.url + path, wait_until="networkidle")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served(planned_app(Path(tmp_path_factory.mktemp("browser"))), NETWORK) as one:
        yield one


@contextmanager
def served(app: App, network: str) -> Iterator[Site]:
    """The site of an app on a free port, as long as the block lasts."""
    if not (STATIC / "built" / "site.js").is_file():
        pytest.fail("the web assets are not built: `./run test` builds them")
    config = uvicorn.Config(create_site(app, network=network), host="127.0.0.1", port=0, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Site(f"http://127.0.0.1:{port}", app)
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A browser for the tests of one module: as long as it is open, its event loop runs in this thread."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        opened.close()


Open = Callable[..., Window]


@pytest.fixture
def window(browser: Browser, site: Site) -> Iterator[Open]:
    """`window(width=…, lang=…, role=…)` opens a page; at the end nothing may have gone wrong on any of them."""
    opened: list[Window] = []

    def make(*, width: int = 1440, lang: str = "en", role: str = "planner", actor: str = "Lin") -> Window:
        context = browser.new_context(viewport={"width": width, "height": 900 if width > 700 else 844})
        context.add_cookies(
            [
                {"name": name, "value": value, "url": site.url}
                for name, value in (("lang", lang), ("role", role), ("actor", actor))
            ]
        )
        page = context.new_page()
        page.set_default_timeout(30_000)
        one = Window(page, site)
        page.on("pageerror", lambda error: one.complaints.append(f"error: {error}"))
        page.on("console", lambda message: _listen(one, message.type, message.text))
        page.on("request", lambda request: _foreign(one, request.url))
        page.on("response", lambda answer: _failed(one, answer.status, answer.url))
        opened.append(one)
        return one

    yield make
    for one in opened:
        one.page.context.close()
    assert [complaint for one in opened for complaint in one.complaints] == []


def _listen(window: Window, kind: str, text: str) -> None:
    if kind in ("error", "warning") and "GPU stall due to ReadPixels" not in text:
        window.complaints.append(f"console {kind}: {text}")


def _foreign(window: Window, url: str) -> None:
    if not url.startswith((window.site.url, "blob:", "data:")):
        window.complaints.append(f"request to {url}")


def _failed(window: Window, status: int, url: str) -> None:
    if status >= 500:
        window.complaints.append(f"{status} {url}")
