"""One bound connection to a message centre (SMSC).

    request ──► window ──► written ──► answered           the answer
                   │           └─────► cut off, silent    NoAnswer: perhaps taken
                   └─────────────────► not connected      NotSent: surely not taken

Commands travel up to `window` at a time; answers find their command by its sequence number, in any order. Delivery
receipts come in unasked and are acknowledged after `on_delivery` has them. A silent line is asked every
`enquire_s` seconds and given up when it does not answer.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from everlit.notices.channels.smpp.pdu import Command, Delivery, Garbled, Pdu, Status, bind, delivery, read_pdu

LAST_SEQUENCE = 0x7FFF_FFFF
TAKEN = b"\0"
"""Body of a deliver_sm answer: an empty id."""


class NotSent(Exception):
    """The command surely did not leave."""


class NoAnswer(Exception):
    """The command left, and nobody knows what became of it."""


@dataclass(frozen=True, slots=True)
class Centre:
    """A message centre and how to bind to it: at most `window` commands unanswered, `seconds` of patience for each."""

    host: str
    port: int
    system_id: str
    password: str = field(default="", repr=False)
    system_type: str = ""
    trust: ssl.SSLContext | None = None
    window: int = 10
    seconds: float = 20.0
    enquire_s: float = 30.0


class Session:
    """A bound connection; made by `Session.open`."""

    def __init__(
        self,
        centre: Centre,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        on_delivery: Callable[[Delivery], None],
    ) -> None:
        self._centre, self._on_delivery = centre, on_delivery
        self._reader, self._writer = streams
        self._room = asyncio.Semaphore(centre.window)
        self._waiting: dict[int, asyncio.Future[Pdu]] = {}
        self._sequence = 0
        self._tasks = [asyncio.create_task(self._listen())]

    @classmethod
    async def open(cls, centre: Centre, on_delivery: Callable[[Delivery], None]) -> "Session":
        """Connect and bind as transceiver; NotSent when the centre is not there or does not want us."""
        body = bind(centre.system_id, centre.password, centre.system_type)
        try:
            async with asyncio.timeout(centre.seconds):
                streams = await asyncio.open_connection(centre.host, centre.port, ssl=centre.trust)
        except (OSError, TimeoutError) as error:
            raise NotSent(f"{type(error).__name__} {error}") from error
        session = cls(centre, streams, on_delivery)
        try:
            answer = await session.request(Command.BIND_TRANSCEIVER, body)
        except NoAnswer as error:
            session.drop()
            raise NotSent(f"no answer to the bind: {error}") from error
        if answer.status != Status.OK:
            session.drop()
            raise NotSent(f"the bind was refused: 0x{answer.status:08X}")
        session._tasks.append(asyncio.create_task(session._keep_alive()))
        return session

    @property
    def alive(self) -> bool:
        """False once the connection is gone."""
        return not (self._writer.is_closing() or self._tasks[0].done())

    async def request(self, command: Command, body: bytes = b"") -> Pdu:
        """Send a command and wait for its answer."""
        async with self._room:
            if not self.alive:
                raise NotSent("not connected")
            self._sequence = self._sequence % LAST_SEQUENCE + 1
            sequence = self._sequence
            answer: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
            answer.add_done_callback(_seen)
            self._waiting[sequence] = answer
            try:
                self._writer.write(Pdu(command, sequence, body=body).encoded())
                async with asyncio.timeout(self._centre.seconds):
                    await self._writer.drain()
                    return await answer
            except (OSError, TimeoutError) as error:
                raise NoAnswer(f"{type(error).__name__} {error}") from error
            finally:
                self._waiting.pop(sequence, None)
                answer.cancel()

    async def close(self) -> None:
        """Take leave and close."""
        try:
            async with asyncio.timeout(1):
                await self.request(Command.UNBIND)
        except (NotSent, NoAnswer, TimeoutError):
            pass
        self.drop()

    def drop(self) -> None:
        """Close at once; whatever waits gets NoAnswer."""
        self._writer.close()
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        self._lost("the connection was closed")

    async def _listen(self) -> None:
        try:
            while True:
                self._came(await read_pdu(self._reader))
        except (OSError, EOFError, Garbled) as error:
            self._lost(f"{type(error).__name__} {error}")
        finally:
            self._writer.close()

    async def _keep_alive(self) -> None:
        try:
            while self.alive:
                await asyncio.sleep(self._centre.enquire_s)
                await self.request(Command.ENQUIRE_LINK)
        except (NotSent, NoAnswer):
            self.drop()

    def _lost(self, why: str) -> None:
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ConnectionError(why))

    def _came(self, pdu: Pdu) -> None:
        if pdu.answers:
            waiting = self._waiting.get(pdu.sequence)
            if waiting is not None and not waiting.done():
                waiting.set_result(pdu)
        elif pdu.command == Command.DELIVER_SM:
            self._answer(pdu, *self._delivered(pdu))
        elif pdu.command in (Command.ENQUIRE_LINK, Command.UNBIND):
            self._answer(pdu)
            if pdu.command == Command.UNBIND:
                raise EOFError("the centre took its leave")
        else:
            self._writer.write(Pdu(Command.GENERIC_NACK, pdu.sequence, Status.INVALID_COMMAND).encoded())

    def _delivered(self, pdu: Pdu) -> tuple[int, bytes]:
        try:
            self._on_delivery(delivery(pdu.body))
        except Garbled:
            return Status.PERMANENT, TAKEN
        return Status.OK, TAKEN

    def _answer(self, pdu: Pdu, status: int = 0, body: bytes = b"") -> None:
        self._writer.write(pdu.answer(status, body).encoded())


def _seen(answer: asyncio.Future[Pdu]) -> None:
    """Look at an error, so that a command nobody waits for any more is not reported as forgotten."""
    if not answer.cancelled():
        answer.exception()
