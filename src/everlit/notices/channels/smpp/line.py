"""The channel over SMPP: what submitting the pieces of one message says about the message.

    status of the first piece    0 → on with the next     temporary → FAILED     any other → REFUSED
    no answer to a piece         UNKNOWN
    a later piece refused        UNKNOWN: a part of the text is out, and again would be twice

SMPP has no idempotency key, so this channel is at least once: only its receipts tell, after a time-out, whether a
household was told. The text is not delivered after the message's `not_after`.
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from everlit.notices.channel import Answer, Message, Sent
from everlit.notices.channels.clean import one_line, phone, plain
from everlit.notices.channels.loops import PerLoop
from everlit.notices.channels.smpp.parts import Part, parts
from everlit.notices.channels.smpp.pdu import (
    Command,
    Delivery,
    Garbled,
    Number,
    Pdu,
    Status,
    bind,
    message_id,
    queried_state,
    query,
    submit,
)
from everlit.notices.channels.smpp.receipts import STATES, Receipts, read, worst
from everlit.notices.channels.smpp.session import Centre, NoAnswer, NotSent, Session

TEMPORARY = frozenset({
    Status.SYSTEM_ERROR, Status.QUEUE_FULL, Status.SUBMIT_FAILED, Status.THROTTLED, Status.TEMPORARY,
    0x04,  # not bound in the right way: ours, not the message's
})  # fmt: skip
LATER_TRIES = 5


class Smpp:
    """The channel of one message centre. `rate` is the most pieces a second, `longest` the most characters of a body.

    After a failed connection it rests `rest_s` seconds before the next. ValueError when the centre's login or the sender
    do not fit into the fields of the protocol.
    """

    keyed = False

    def __init__(
        self,
        centre: Centre,
        *,
        clock: Callable[[], datetime],
        sender: str = "",
        rate: float = 200.0,
        name: str = "sms",
        longest: int | None = 670,
        rest_s: float = 1.0,
    ) -> None:
        self.name, self.longest = name, longest
        self._centre, self._sender, self._clock = centre, Number.read(sender), clock
        bind(centre.system_id, centre.password, centre.system_type)
        self._sender.encoded()
        self._rest_s = rest_s
        self._receipts = Receipts()
        self._line = PerLoop(lambda: _Line(_Pace(rate)))

    async def send(self, message: Message) -> Answer:
        """Submit the pieces of the message, one after the other."""
        number = phone(message.address)
        if number is None:
            return Answer(Sent.REFUSED, detail="no telephone number")
        if message.not_after <= self._clock():
            return Answer(Sent.REFUSED, detail="too late")
        try:
            pieces = self._pieces(message)
        except ValueError as error:
            return Answer(Sent.REFUSED, detail=one_line(str(error)))
        ids: list[str] = []
        for piece in pieces:
            answer = await self._submitted(piece, message, Number.read(number), again=LATER_TRIES if ids else 0)
            if answer.sent is not Sent.ACCEPTED:
                lost = Sent.UNKNOWN if ids else answer.sent
                return Answer(lost, ",".join(ids), answer.detail)
            ids.append(answer.receipt)
        return Answer(Sent.ACCEPTED, ",".join(ids))

    async def lookup(self, message: Message, receipt: str) -> Answer | None:
        """What the receipts say, and what the centre says when asked for the ids the receipts do not name."""
        ids = receipt.split(",")
        try:
            pieces = len(self._pieces(message))
        except ValueError:
            return None
        if len(ids) < pieces or not all(ids):
            number = phone(message.address) or ""
            state = self._receipts.of_reference(number, reference_of(message.key), pieces=pieces)
        else:
            state = worst([self._receipts.of(one) or await self._asked(one) for one in ids])
        return None if state is None else Answer(state, receipt)

    async def close(self) -> None:
        """Take leave of the centre."""
        line = self._line.take()
        if line is not None and line.session is not None:
            await line.session.close()

    def _pieces(self, message: Message) -> list[Part]:
        return parts(plain(message.body), reference=reference_of(message.key))

    async def _submitted(self, piece: Part, message: Message, target: Number, *, again: int) -> Answer:
        body = submit(
            self._sender,
            target,
            piece.text,
            header=piece.header,
            coding=piece.coding,
            until=message.not_after,
            reference=reference_of(message.key),
        )
        for left in range(again, -1, -1):
            answer = await self._tried(body)
            if answer.sent is not Sent.FAILED or not left:
                break
            await asyncio.sleep(self._rest_s)
        return answer

    async def _tried(self, body: bytes) -> Answer:
        try:
            response = await self._request(Command.SUBMIT_SM, body)
            return answer_of(response)
        except NotSent as error:
            return Answer(Sent.FAILED, detail=one_line(str(error)))
        except (NoAnswer, Garbled) as error:
            return Answer(Sent.UNKNOWN, detail=one_line(str(error)))

    async def _asked(self, ident: str) -> Sent | None:
        try:
            response = await self._request(Command.QUERY_SM, query(ident, self._sender))
            return STATES.get(queried_state(response.body)) if response.status == Status.OK else None
        except (NotSent, NoAnswer, Garbled, ValueError):
            return None

    async def _request(self, command: Command, body: bytes) -> Pdu:
        await self._line.get().pace.turn()
        return await (await self._bound()).request(command, body)

    async def _bound(self) -> Session:
        line, now = self._line.get(), asyncio.get_running_loop().time
        async with line.opening:
            if line.session is not None and line.session.alive:
                return line.session
            if now() < line.rests_until:
                raise NotSent(f"resting after: {line.trouble}")
            try:
                line.session = await Session.open(self._centre, self._received)
            except NotSent as error:
                line.rests_until, line.trouble = now() + self._rest_s, str(error)
                raise
            return line.session

    def _received(self, delivery: Delivery) -> None:
        receipt = read(delivery)
        if receipt is not None:
            self._receipts.keep(receipt)


class _Pace:
    """Turns `rate` a second, in the order of asking; a pause gives no right to a burst."""

    def __init__(self, rate: float) -> None:
        self._gap_s = 1.0 / rate
        self._next = 0.0

    async def turn(self) -> None:
        now = asyncio.get_running_loop().time()
        self._next = max(self._next, now)
        wait, self._next = self._next - now, self._next + self._gap_s
        if wait > 0:
            await asyncio.sleep(wait)


@dataclass(slots=True)
class _Line:
    """The connection of one event loop."""

    pace: _Pace
    session: Session | None = None
    rests_until: float = 0.0
    trouble: str = ""
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)


def answer_of(response: Pdu) -> Answer:
    """What the answer to a submit says of the piece."""
    if response.status == Status.OK:
        return Answer(Sent.ACCEPTED, message_id(response.body))
    temporary = response.status in TEMPORARY
    return Answer(Sent.FAILED if temporary else Sent.REFUSED, detail=f"SMPP status 0x{response.status:08X}")


def reference_of(key: str) -> int:
    """Sixteen bits of the key: the reference that comes back with a receipt, its low octet the one of the pieces."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:2], "big")
