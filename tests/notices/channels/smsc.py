"""A message centre for tests, written from SMPP 3.4 on its own: it shares no code with the client.

It can be told to throttle, to hang up before or after it took a message, to take one and never answer, to answer in
another order, to deliver receipts late, and to know nothing when asked.
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

BIND, SUBMIT, QUERY, DELIVER, ENQUIRE, UNBIND = 0x09, 0x04, 0x03, 0x05, 0x15, 0x06
STATES = {"DELIVRD": 2, "EXPIRED": 3, "UNDELIV": 5, "ACCEPTD": 6, "UNKNOWN": 7}


@dataclass
class Taken:
    """One short message the centre took."""

    ident: str
    source: str
    target: str
    esm_class: int
    coding: int
    octets: bytes
    until: str
    extras: dict[int, bytes]

    @property
    def text(self) -> str:
        body = self.octets[self.octets[0] + 1 :] if self.esm_class & 0x40 else self.octets
        return body.decode("utf-16-be") if self.coding == 8 else body.decode("latin-1")


@dataclass
class Smsc:
    """The centre and how it behaves. The predicates get the number of the submit, counted from 1."""

    bind_status: int = 0
    throttled: Callable[[int], bool] = lambda _: False
    refused: Callable[[int], int] = lambda _: 0
    hang_up_before: Callable[[int], bool] = lambda _: False
    hang_up_after: Callable[[int], bool] = lambda _: False
    silent: Callable[[int], bool] = lambda _: False
    answer_after_s: Callable[[int], float] = lambda _: 0.0
    receipts: str = "DELIVRD"
    receipt_after_s: float = 0.0
    returns_reference: bool = True
    in_text: bool = True
    answers_queries: bool = True
    answers_enquiries: bool = True
    taken: list[Taken] = field(default_factory=list)
    submits: int = 0
    binds: int = 0
    enquiries: int = 0
    receipts_taken: int = 0
    most_open: int = 0
    port: int = 0
    open: int = 0
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def whole(self) -> list[tuple[str, str]]:
        """Target and text of the messages, put together as a telephone does it."""
        alone = [(one.target, one.text) for one in self.taken if not one.esm_class & 0x40]
        pieces: dict[tuple[str, bytes], dict[int, str]] = {}
        for one in self.taken:
            if one.esm_class & 0x40:
                assert one.octets[:3] == b"\x05\x00\x03"
                pieces.setdefault((one.target, one.octets[3:5]), {})[one.octets[5]] = one.text
        for (target, head), found in pieces.items():
            if sorted(found) == list(range(1, head[1] + 1)):
                alone.append((target, "".join(found[number] for number in sorted(found))))
        return alone

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.writers.append(writer)
        try:
            while True:
                length, command, _, sequence = struct.unpack(">IIII", await reader.readexactly(16))
                body = await reader.readexactly(length - 16)
                self._later(self._command(writer, command, sequence, body))
                await asyncio.sleep(0)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            writer.close()

    async def _command(self, writer: asyncio.StreamWriter, command: int, sequence: int, body: bytes) -> None:
        if command == BIND:
            self.binds += 1
            self._answer(writer, command, sequence, b"centre\0", self.bind_status)
        elif command == SUBMIT:
            self.open += 1
            self.most_open = max(self.most_open, self.open)
            await self._submit(writer, sequence, body)
            self.open -= 1
        elif command == QUERY:
            ident = body[: body.index(b"\0")]
            known = [one for one in self.taken if one.ident.encode() == ident]
            if self.answers_queries and known:
                self._answer(
                    writer, command, sequence, ident + b"\0\0" + bytes([STATES[self.receipts or "ACCEPTD"], 0])
                )
            else:
                self._answer(writer, command, sequence, status=0x67)
        elif command == ENQUIRE:
            self.enquiries += 1
            if self.answers_enquiries:
                self._answer(writer, command, sequence)
        elif command == UNBIND:
            self._answer(writer, command, sequence)
        elif command == DELIVER | 0x80000000:
            self.receipts_taken += 1

    async def _submit(self, writer: asyncio.StreamWriter, sequence: int, body: bytes) -> None:
        self.submits += 1
        number = self.submits
        if self.hang_up_before(number):
            writer.transport.abort()
            return
        status = 0x58 if self.throttled(number) else self.refused(number)
        if status:
            self._answer(writer, SUBMIT, sequence, status=status)
            return
        one = _read_submit(body, f"m{number:x}")
        self.taken.append(one)
        if self.receipts:
            self._later(self._receipt(writer, one))
        if self.hang_up_after(number):
            writer.transport.abort()
        elif not self.silent(number):
            await asyncio.sleep(self.answer_after_s(number))
            self._answer(writer, SUBMIT, sequence, one.ident.encode() + b"\0")

    async def _receipt(self, writer: asyncio.StreamWriter, one: Taken) -> None:
        await asyncio.sleep(self.receipt_after_s)
        text = f"id:{one.ident} sub:001 dlvrd:001 submit date:2606010800 done date:2606010801 stat:{self.receipts} err:000 text:"
        tlvs = b""
        if self.returns_reference:
            tlvs += struct.pack(">HH", 0x0204, 2) + one.extras[0x0204]
        if not self.in_text:
            text = ""
            tlvs += struct.pack(">HH", 0x001E, len(one.ident) + 1) + one.ident.encode() + b"\0"
            tlvs += struct.pack(">HHB", 0x0427, 1, STATES[self.receipts])
        body = b"\0\x01\x01" + one.target.encode() + b"\0\x00\x01" + one.source.encode() + b"\0\x04\0\0\0\0\0\0\0\0"
        octets = body + bytes([len(text)]) + text.encode() + tlvs
        while not (bound := [found for found in self.writers if not found.is_closing()]):
            await asyncio.sleep(0.02)
        bound[-1].write(struct.pack(">IIII", 16 + len(octets), DELIVER, 0, 1_000_000 + self.submits) + octets)

    def _answer(
        self, writer: asyncio.StreamWriter, command: int, sequence: int, body: bytes = b"", status: int = 0
    ) -> None:
        if not writer.is_closing():
            writer.write(struct.pack(">IIII", 16 + len(body), command | 0x80000000, status, sequence) + body)

    def _later(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


def _read_submit(body: bytes, ident: str) -> Taken:
    def string(at: int) -> tuple[str, int]:
        end = body.index(b"\0", at)
        return body[at:end].decode("ascii"), end + 1

    _, at = string(0)
    source, at = string(at + 2)
    target, at = string(at + 2)
    esm_class, at = body[at], at + 3
    _, at = string(at)
    until, at = string(at)
    coding, length = body[at + 2], body[at + 4]
    octets, at = body[at + 5 : at + 5 + length], at + 5 + length
    extras = {}
    while at < len(body):
        tag, size = struct.unpack(">HH", body[at : at + 4])
        extras[tag], at = body[at + 4 : at + 4 + size], at + 4 + size
    return Taken(ident, source, target, esm_class, coding, octets, until, extras)


@asynccontextmanager
async def smsc(centre: Smsc | None = None, **options: Any) -> AsyncIterator[Smsc]:
    """The centre on a free port of this machine."""
    centre = centre or Smsc()
    server = await asyncio.start_server(centre.serve, "127.0.0.1", centre.port, **options)
    centre.port = server.sockets[0].getsockname()[1]
    try:
        yield centre
    finally:
        for task in list(centre.tasks):
            task.cancel()
        for writer in centre.writers:
            writer.close()
        server.close()
