"""An HTTP gateway that does what it is told, on a thread of its own: it checks signatures, and keeps keys or does not."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from everlit.notices.channels.signature import verified
from tests.notices.channels.messages import NOW

SECRET = b"between the two of us"


@dataclass
class Gateway:
    """What was posted, what was really sent on (`told`), and how it behaves."""

    keeps_keys: bool = True
    statuses: list[int] = field(default_factory=list)
    body: bytes | None = None
    silent_s: float = 0.0
    drip: bool = False
    hang_up: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    posts: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/sms"

    def post(self, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """One post: taken once for each key when keys are kept."""
        self.posts.append((headers, body))
        if not verified(SECRET, headers, body, now=int(NOW.timestamp())):
            return 401, b"bad signature"
        status = self.statuses.pop(0) if self.statuses else 200
        key = headers["idempotency-key"]
        if status == 200 and not (self.keeps_keys and key in self.states):
            self.states[key] = "accepted"
            self.told.append(json.loads(body))
        return status, self.body if self.body is not None else self._state(key)

    def ask(self, headers: Mapping[str, str], path: str) -> tuple[int, bytes]:
        """One question by key."""
        key = unquote(path.rpartition("/")[2])
        if not verified(SECRET, headers, b"", now=int(NOW.timestamp())):
            return 401, b"bad signature"
        return (200, self._state(key)) if key in self.states else (404, b"")

    def _state(self, key: str) -> bytes:
        return json.dumps({"receipt": f"r-{key}", "state": self.states.get(key, "accepted")}).encode()


@contextmanager
def gateway(told: Gateway | None = None) -> Iterator[Gateway]:
    """The gateway on a free port of this machine."""
    here = told or Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            self._answer(*here.post({name.lower(): value for name, value in self.headers.items()}, body))

        def do_GET(self) -> None:
            self._answer(*here.ask({name.lower(): value for name, value in self.headers.items()}, self.path))

        def _answer(self, status: int, body: bytes) -> None:
            time.sleep(here.silent_s)
            if here.hang_up:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in here.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            for piece in [bytes([one]) for one in body] if here.drip else [body]:
                try:
                    self.wfile.write(piece)
                    self.wfile.flush()
                except OSError:
                    return
                time.sleep(0.05 if here.drip else 0)

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    here.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
