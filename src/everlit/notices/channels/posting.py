"""One HTTP request and what its outcome says about the message it carried.

    not connected, 408 425 429 503, 401 403 407     FAILED    it surely did not arrive, or was surely not taken
    2xx                                             ACCEPTED
    3xx, other 4xx                                  REFUSED
    cut off or timed out after sending began,
    409 (still at it), other 5xx                    UNKNOWN   it may have been taken: ask, do not send again

A gateway that answers 500 may have passed the message on before it fell over, so 500 is not FAILED. Redirects are not
followed, and of an answer only the first 64 KiB are read.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from everlit.notices.channel import Answer, Sent
from everlit.notices.channels.clean import one_line

BODY_BYTES = 65_536
NOT_TAKEN = frozenset({401, 403, 407, 408, 425, 429, 503})
STILL_AT_IT = 409
SURELY_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
NO_REQUEST = (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.LocalProtocolError)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: `status` is 0 when nothing did, and then `sent` says what that means for the message."""

    sent: Sent
    status: int = 0
    body: bytes = b""
    detail: str = ""

    def answer(self, receipt: str = "") -> Answer:
        """The reply as an answer of a channel."""
        return Answer(self.sent, receipt if self.sent is Sent.ACCEPTED else "", self.detail)


def new_client() -> httpx.AsyncClient:
    """A client that trusts the system's certificates, takes no proxy from the environment and follows no redirect."""
    return httpx.AsyncClient(verify=ssl.create_default_context(), trust_env=False, follow_redirects=False)


async def request(
    client: httpx.AsyncClient, method: str, url: str, *, headers: Mapping[str, str], body: bytes, seconds: float
) -> Reply:
    """Make one request, `seconds` in all. Never raises for what the other side does or does not do."""
    status = 0
    received = bytearray()
    try:
        async with asyncio.timeout(seconds):
            patience = httpx.Timeout(seconds, connect=seconds / 2, pool=seconds / 2)
            async with client.stream(method, url, headers=dict(headers), content=body, timeout=patience) as response:
                status = response.status_code
                async for piece in response.aiter_raw():
                    received += piece[: BODY_BYTES - len(received)]
                    if len(received) >= BODY_BYTES:
                        break
    except SURELY_NOT_SENT as error:
        return Reply(Sent.FAILED, detail=_why(error))
    except NO_REQUEST as error:
        return Reply(Sent.REFUSED, detail=_why(error))
    except (httpx.HTTPError, TimeoutError, OSError) as error:
        if not status:
            return Reply(Sent.UNKNOWN, detail=_why(error))
    return Reply(meaning(status), status, bytes(received), f"HTTP {status} {_words(received)}".rstrip())


def meaning(status: int) -> Sent:
    """What a status says of the message.

    >>> [meaning(status).value for status in (202, 302, 404, 409, 429, 500, 503)]
    ['accepted', 'refused', 'refused', 'unknown', 'failed', 'unknown', 'failed']
    """
    if status in NOT_TAKEN:
        return Sent.FAILED
    if status == STILL_AT_IT or status >= 500 or status < 200:
        return Sent.UNKNOWN
    return Sent.ACCEPTED if status < 300 else Sent.REFUSED


def _why(error: BaseException) -> str:
    return one_line(f"{type(error).__name__} {error}")


def _words(body: bytes | bytearray) -> str:
    return one_line(bytes(body[:400]).decode("utf-8", errors="replace"), 120)
