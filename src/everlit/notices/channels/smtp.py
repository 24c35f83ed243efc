"""E-mail (电子邮件) through the utility's own mail server, one message to one address.

    connect, TLS, login     any trouble → FAILED: it is ours, not the message's
    MAIL, RCPT, DATA        4xx → FAILED, 5xx → REFUSED
    after the text began    no answer → UNKNOWN: the server may have taken it

A mail server has no idempotency key: this channel is at least once. Its Message-ID is made of the key, so that a second
copy carries the same one and a mailbox that compares them shows it once. Nobody can be asked afterwards (`lookup` is None).
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_FORMAT
from email.utils import format_datetime

import aiosmtplib

from everlit.notices.channel import Answer, Message, Sent
from everlit.notices.channels.clean import mail_address, one_line, plain
from everlit.notices.channels.loops import PerLoop

SET_UP = frozenset({530, 534, 535, 538})
"""Refusals that speak of our login, not of the message (RFC 4954)."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where and how mail is handed over. `security` is `tls` from the first byte, `starttls` (demanded), or `none`."""

    host: str
    port: int
    security: str = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    trust: ssl.SSLContext | None = None


class Email:
    """The channel of one mail server. `sender` is who writes; at most `connections` are open, and kept while idle.

    The server has `seconds` for each answer, and twice that until it takes the text.
    """

    keyed = False
    longest: int | None = None

    def __init__(
        self,
        server: MailServer,
        sender: Address,
        *,
        clock: Callable[[], datetime],
        name: str = "email",
        seconds: float = 30.0,
        connections: int = 4,
    ) -> None:
        self.name = name
        self._server, self._sender = server, sender
        self._clock, self._seconds = clock, seconds
        self._pool = PerLoop(lambda: _Pool(asyncio.Semaphore(connections)))

    async def send(self, message: Message) -> Answer:
        """Hand the message over once."""
        recipient = mail_address(message.address)
        if recipient is None:
            return Answer(Sent.REFUSED, detail="no e-mail address")
        letter = composed(message, self._sender, recipient, at=self._clock())
        async with self._pool.get().room:
            try:
                async with asyncio.timeout(2 * self._seconds):
                    client = await self._begun(recipient)
            except aiosmtplib.SMTPResponseException as error:
                return answer_of(error)
            except (aiosmtplib.SMTPException, OSError, ValueError) as error:
                return Answer(Sent.FAILED, detail=_why(error))
            return await self._handed_over(client, letter)

    async def lookup(self, message: Message, receipt: str) -> Answer | None:
        """A mail server cannot be asked."""
        del message, receipt
        return None

    async def close(self) -> None:
        """Close the idle connections of the running loop."""
        pool = self._pool.take()
        for client in pool.idle if pool else []:
            client.close()

    async def _begun(self, recipient: str) -> aiosmtplib.SMTP:
        """A connection whose server takes mail from us to `recipient`; idle ones the server gave up are passed over."""
        idle = self._pool.get().idle
        while idle:
            try:
                return await self._enveloped(idle.pop(), recipient)
            except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError):
                continue
        return await self._enveloped(await self._opened(), recipient)

    async def _enveloped(self, client: aiosmtplib.SMTP, recipient: str) -> aiosmtplib.SMTP:
        try:
            await client.mail(self._sender.addr_spec)
            await client.rcpt(recipient)
        except aiosmtplib.SMTPResponseException:
            await self._put_back(client)
            raise
        except BaseException:
            client.close()
            raise
        return client

    async def _handed_over(self, client: aiosmtplib.SMTP, letter: EmailMessage) -> Answer:
        try:
            response = await client.data(letter.as_bytes(policy=SMTP_FORMAT))
        except aiosmtplib.SMTPResponseException as error:
            await self._put_back(client)
            return answer_of(error)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            client.close()
            return Answer(Sent.UNKNOWN, detail=_why(error))
        except BaseException:
            client.close()
            raise
        self._pool.get().idle.append(client)
        return Answer(Sent.ACCEPTED, letter["Message-ID"], one_line(f"{response.code} {response.message}"))

    async def _opened(self) -> aiosmtplib.SMTP:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            username=server.user or None,
            password=server.password or None,
            tls_context=server.trust if server.security != "none" else None,
            local_hostname=self._sender.domain,
            timeout=self._seconds,
        )
        try:
            await client.connect()
        except aiosmtplib.SMTPResponseException as error:
            client.close()
            raise aiosmtplib.SMTPConnectError(f"{error.code} {error.message}") from error
        except BaseException:
            client.close()
            raise
        return client

    async def _put_back(self, client: aiosmtplib.SMTP) -> None:
        """Keep a connection after a refusal, if the server still speaks to us."""
        try:
            await client.rset()
        except (aiosmtplib.SMTPException, OSError):
            client.close()
        else:
            self._pool.get().idle.append(client)


@dataclass(slots=True)
class _Pool:
    """The connections of one event loop: how many more may be opened, and those that wait."""

    room: asyncio.Semaphore
    idle: list[aiosmtplib.SMTP] = field(default_factory=list)


def answer_of(error: aiosmtplib.SMTPResponseException) -> Answer:
    """What a refusing answer of the server says of the message.

    >>> answer_of(aiosmtplib.SMTPRecipientRefused(550, "no such user", "a@b.c")).sent.value
    'refused'
    >>> answer_of(aiosmtplib.SMTPRecipientRefused(451, "try later", "a@b.c")).sent.value
    'failed'
    """
    permanent = error.code >= 500 and error.code not in SET_UP
    return Answer(Sent.REFUSED if permanent else Sent.FAILED, detail=one_line(f"{error.code} {error.message}"))


def composed(message: Message, sender: Address, recipient: str, *, at: datetime) -> EmailMessage:
    """The message as mail to a checked address, plain text in UTF-8."""
    letter = EmailMessage(policy=SMTP_FORMAT)
    letter["From"] = sender
    letter["To"] = Address(addr_spec=recipient)
    letter["Subject"] = one_line(message.title)
    letter["Date"] = format_datetime(at)
    letter["Message-ID"] = f"<{message_id(message.key)}@{sender.domain}>"
    letter["List-Id"] = f"<outages.{sender.domain}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(plain(message.body), charset="utf-8", cte="base64")
    letter["Content-Language"] = "zh-CN" if message.language.startswith("zh") else "en"
    return letter


def message_id(key: str) -> str:
    """The left side of a Message-ID: the key where it may stand there, what is left of it in hexadecimal where not.

    >>> message_id("3f2a-9"), message_id("a b")
    ('3f2a-9', 'x-612062')
    """
    safe = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
    return key if safe else f"x-{key.encode().hex()}"


def _why(error: Exception) -> str:
    return one_line(f"{type(error).__name__} {error}")
