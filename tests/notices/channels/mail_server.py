"""A mail server that does what it is told: aiosmtpd on a thread of its own, with answers and silences by the stage."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

OK = "250 OK"


@dataclass
class Post:
    """What the server got, and what it answers: a code by stage, seconds it is silent, commands it hangs up on."""

    answers: dict[str, list[str]] = field(default_factory=dict)
    silent: dict[str, float] = field(default_factory=dict)
    hang_up: set[str] = field(default_factory=set)
    letters: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    async def _stage(self, name: str, server: Any) -> str:
        await asyncio.sleep(self.silent.get(name, 0))
        if name in self.hang_up:
            server.transport.close()
        waiting = self.answers.get(name, [])
        return waiting.pop(0) if waiting else OK

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        answer = await self._stage("MAIL", server)
        if answer == OK:
            envelope.mail_from = address
        return answer

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        answer = await self._stage("RCPT", server)
        if answer == OK:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if not self.answers.get("DATA"):  # taken before the answer is given, or is not
            self.letters.append(message_from_bytes(envelope.content, policy=default))
            self.envelopes.append((envelope.mail_from, list(envelope.rcpt_tos)))
        return await self._stage("DATA", server)


class _LetIn:
    def __call__(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"everlit", b"p@ss/word")
        return AuthResult(success=good, handled=False)


class _AnyPort(Controller):
    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server(post: Post | None = None, **options: Any) -> Iterator[Post]:
    """The server on a free port of this machine; `options` are those of aiosmtpd."""
    post = post or Post()
    controller = _AnyPort(post, hostname="127.0.0.1", port=0, ready_timeout=20, **options)
    controller.start()
    try:
        post.port = controller.port
        yield post
    finally:
        controller.stop()


LET_IN = {"authenticator": _LetIn(), "auth_required": True}


def until(true: Any, seconds: float = 5.0) -> None:
    """Wait until the other thread has done it."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
