"""The webhook (回调): a notice as a CloudEvent 1.0 in structured JSON, signed, posted to an address the customer gave.

Property managers, hospitals and communities let their own systems read notices. `id` is the key of the message, and
`source` with `id` names one event for ever: a receiver that sees the pair twice may throw the second away (CloudEvents
1.0.2, section 3.1.1). Whether it does is a promise of the receivers, `keyed`. Only hosts the utility names are posted to.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

from everlit.notices.channel import Answer, Message, Sent
from everlit.notices.channels.clean import one_line, plain, web_address
from everlit.notices.channels.loops import PerLoop
from everlit.notices.channels.posting import new_client, request
from everlit.notices.channels.signature import signed_headers

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"


class Webhook:
    """The channel to customers' own systems on `hosts`. `source` is the URI that names the utility's installation."""

    longest: int | None = None

    def __init__(
        self,
        secret: bytes,
        hosts: frozenset[str],
        *,
        source: str,
        clock: Callable[[], datetime],
        keyed: bool = False,
        name: str = "webhook",
        seconds: float = 20.0,
    ) -> None:
        self.name, self.keyed = name, keyed
        self._secret, self._hosts, self._source = secret, hosts, source
        self._clock, self._seconds = clock, seconds
        self._client = PerLoop(new_client)

    async def send(self, message: Message) -> Answer:
        """Post the event once."""
        if web_address(message.address, self._hosts) is None:
            return Answer(Sent.REFUSED, detail="no address on a host that may be posted to")
        now = self._clock()
        body = json.dumps(event(message, source=self._source, at=now), ensure_ascii=False, allow_nan=False).encode()
        headers = {
            "content-type": CONTENT_TYPE,
            "idempotency-key": message.key,
            **signed_headers(self._secret, key=message.key, at=int(now.timestamp()), body=body),
        }
        reply = await request(
            self._client.get(), "POST", message.address, headers=headers, body=body, seconds=self._seconds
        )
        return reply.answer(receipt=message.key)

    async def lookup(self, message: Message, receipt: str) -> Answer | None:
        """A webhook cannot be asked. Where a second event is thrown away, sending again is the way to find out."""
        del message, receipt
        return Answer(Sent.FAILED, detail="the receiver throws a second one away") if self.keyed else None

    async def close(self) -> None:
        """Close the connections of the running loop."""
        client = self._client.take()
        if client is not None:
            await client.aclose()


def event(message: Message, *, source: str, at: datetime) -> dict[str, Any]:
    """The message as a CloudEvent; `at` is when it is sent. Facts travel as data, never as attributes."""
    data = {name: _json(value) for name, value in message.facts.items()}
    return {
        "specversion": "1.0",
        "id": message.key,
        "source": source,
        "type": f"everlit.notice.{one_line(str(message.facts.get('kind') or ''), 40) or 'none'}",
        "subject": one_line(str(message.facts.get("event_id") or "")) or message.key,
        "time": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {**data, "language": message.language, "title": one_line(message.title), "body": plain(message.body)},
    }


def _json(value: Any) -> Any:
    """A fact as JSON: instants in UTC, texts in both languages, numbers that are none as null."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value.tzinfo else value.isoformat()
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, Enum):
        return _json(value.value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Mapping):
        return {plain(str(name)): _json(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_json(one) for one in value]
    if hasattr(value, "as_json"):
        return _json(value.as_json())
    return str(value) if isinstance(value, date) else plain(str(value))
