"""Short messages through an HTTP gateway (短信网关): one signed JSON post for each message, with an idempotency key.

    POST {url}          {"key", "to", "from", "text", "not_after"}    →  {"receipt": …, "state": …}
    GET  {url}/{key}                                                  →  {"receipt": …, "state": …}, 404 never seen

The key travels in the header `Idempotency-Key` and in the signed headers of `signature`. `keyed` is what the operator of
the gateway promises: that a second post with a key it has seen sends nothing. Without the promise nobody can tell after
a time-out whether the household was told, and a crash in between may tell it twice.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from everlit.notices.channel import Answer, Message, Sent
from everlit.notices.channels.clean import one_line, phone, plain
from everlit.notices.channels.loops import PerLoop
from everlit.notices.channels.posting import Reply, new_client, request
from everlit.notices.channels.signature import signed_headers

STATES = {
    "accepted": Sent.ACCEPTED,
    "queued": Sent.ACCEPTED,
    "sent": Sent.ACCEPTED,
    "delivered": Sent.DELIVERED,
    "rejected": Sent.REFUSED,
    "undeliverable": Sent.REFUSED,
    "expired": Sent.REFUSED,
    "failed": Sent.FAILED,
}
"""The states a gateway may name, in the answer to a post and to a question."""
NEVER_SEEN = 404


class HttpSms:
    """The channel of one gateway. `seconds` is the patience for one request, `clock` gives aware instants."""

    def __init__(
        self,
        url: str,
        secret: bytes,
        *,
        clock: Callable[[], datetime],
        sender: str = "",
        keyed: bool = False,
        name: str = "sms",
        longest: int | None = 500,
        seconds: float = 20.0,
    ) -> None:
        self.name, self.keyed, self.longest = name, keyed, longest
        self._url, self._secret, self._sender = url.rstrip("/"), secret, sender
        self._clock, self._seconds = clock, seconds
        self._client = PerLoop(new_client)

    async def send(self, message: Message) -> Answer:
        """Post the message once."""
        number = phone(message.address)
        if number is None:
            return Answer(Sent.REFUSED, detail="no telephone number")
        body = json.dumps(self._post(message, number), ensure_ascii=False).encode()
        return answer_of(await self._request("POST", self._url, message.key, body))

    async def lookup(self, message: Message, receipt: str) -> Answer | None:
        """Ask the gateway by key. That it never saw the key means sending again is safe, if it promised to keep keys."""
        reply = await self._request("GET", f"{self._url}/{quote(message.key, safe='')}", message.key, b"")
        if reply.status == NEVER_SEEN:
            return Answer(Sent.FAILED, detail="the gateway never saw it") if self.keyed else None
        found = answer_of(reply) if reply.sent is Sent.ACCEPTED else None
        return Answer(found.sent, found.receipt or receipt, found.detail) if found else None

    async def close(self) -> None:
        """Close the connections of the running loop."""
        client = self._client.take()
        if client is not None:
            await client.aclose()

    def _post(self, message: Message, number: str) -> dict[str, str]:
        return {
            "key": message.key,
            "to": number,
            "from": self._sender,
            "text": plain(message.body),
            "not_after": message.not_after.astimezone(UTC).isoformat(),
        }

    async def _request(self, method: str, url: str, key: str, body: bytes) -> Reply:
        headers = {
            "content-type": "application/json; charset=utf-8",
            "idempotency-key": key,
            **signed_headers(self._secret, key=key, at=int(self._clock().timestamp()), body=body),
        }
        return await request(self._client.get(), method, url, headers=headers, body=body, seconds=self._seconds)


def answer_of(reply: Reply) -> Answer:
    """A reply read as the gateway's word on the message: a state it names outweighs the bare 2xx.

    >>> answer_of(Reply(Sent.ACCEPTED, 200, b'{"receipt": "r7", "state": "delivered"}')).sent.value
    'delivered'
    """
    told = _told(reply.body) if reply.sent is Sent.ACCEPTED else {}
    receipt = one_line(str(told.get("receipt") or told.get("id") or ""), 120)
    state = STATES.get(str(told.get("state", "accepted")).lower(), Sent.ACCEPTED)
    if reply.sent is not Sent.ACCEPTED:
        return reply.answer()
    return Answer(state, receipt, reply.detail)


def _told(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
