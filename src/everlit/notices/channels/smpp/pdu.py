"""The octets of SMPP 3.4: a header of four integers (length, command, status, sequence) and a body of fields.

Only what a sender of notices needs. Strings end with a zero octet, so a zero octet inside one would begin another
field: such a string is refused, and so is one longer than its field. What comes in is read within its bounds or not at
all (`Garbled`).

>>> ask = Pdu(Command.ENQUIRE_LINK, sequence=7)
>>> ask.encoded().hex()
'00000010000000150000000000000007'
>>> c_string("95598\\x00", 21)
Traceback (most recent call last):
ValueError: a string of SMPP is ASCII without a zero octet, at most 20 long
"""

import asyncio
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from urllib.parse import quote_from_bytes, unquote

HEADER = struct.Struct(">IIII")
TLV = struct.Struct(">HH")
LONGEST_PDU = 65_536
ANSWER = 0x8000_0000
VERSION = 0x34
UDH_PRESENT = 0x40
RECEIPT = 0x04


class Command(IntEnum):
    """Commands; an answer has the highest bit set as well."""

    QUERY_SM = 0x03
    SUBMIT_SM = 0x04
    DELIVER_SM = 0x05
    UNBIND = 0x06
    BIND_TRANSCEIVER = 0x09
    ENQUIRE_LINK = 0x15
    GENERIC_NACK = ANSWER


class Status(IntEnum):
    """Statuses that are told apart (SMPP 3.4, 5.1.3)."""

    OK = 0x00
    INVALID_COMMAND = 0x03
    SYSTEM_ERROR = 0x08
    BIND_FAILED = 0x0D
    QUEUE_FULL = 0x14
    SUBMIT_FAILED = 0x45
    THROTTLED = 0x58
    TEMPORARY = 0x64
    PERMANENT = 0x65


class Tag(IntEnum):
    """Optional parameters that are read or written."""

    RECEIPTED_MESSAGE_ID = 0x001E
    USER_MESSAGE_REFERENCE = 0x0204
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427


class Garbled(Exception):
    """Octets that are no PDU."""


@dataclass(frozen=True, slots=True)
class Pdu:
    """One unit of the protocol."""

    command: int
    sequence: int
    status: int = 0
    body: bytes = b""

    @property
    def answers(self) -> bool:
        """True for an answer, and for a generic refusal."""
        return bool(self.command & ANSWER)

    def encoded(self) -> bytes:
        """Header and body."""
        return HEADER.pack(HEADER.size + len(self.body), self.command, self.status, self.sequence) + self.body

    def answer(self, status: int = 0, body: bytes = b"") -> "Pdu":
        """The answer to this command."""
        return Pdu(self.command | ANSWER, self.sequence, status, body)


@dataclass(frozen=True, slots=True)
class Number:
    """An address with its type and numbering plan (SMPP 3.4, 5.2.5 and 5.2.6)."""

    digits: str
    kind: int
    plan: int

    @classmethod
    def read(cls, text: str) -> "Number":
        """International with +, a name when it has letters, a number of this network otherwise.

        >>> Number.read("+8613800138000"), Number.read("95598").kind, Number.read("Everlit").kind
        (Number(digits='8613800138000', kind=1, plan=1), 0, 5)
        """
        if text.startswith("+"):
            return cls(text[1:], 1, 1)
        return cls(text, 0, 1) if text.isdigit() or not text else cls(text, 5, 0)

    def encoded(self) -> bytes:
        """Type, plan and digits."""
        return bytes([self.kind, self.plan]) + c_string(self.digits, 21)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a deliver_sm brought: a receipt (`esm_class`) or a message somebody wrote back."""

    source: str
    esm_class: int
    text: bytes = b""
    extras: dict[int, bytes] = field(default_factory=dict)


def bind(system_id: str, password: str, system_type: str = "") -> bytes:
    """Body of bind_transceiver."""
    return c_string(system_id, 16) + c_string(password, 9) + c_string(system_type, 13) + bytes([VERSION, 0, 0, 0])


def submit(
    source: Number, target: Number, text: bytes, *, header: bytes, coding: int, until: datetime, reference: int
) -> bytes:
    """Body of submit_sm: asks for a receipt, and is not delivered after `until`."""
    octets = header + text
    return b"".join([
        c_string("", 6), source.encoded(), target.encoded(),
        bytes([UDH_PRESENT if header else 0, 0, 0]), c_string("", 17), c_string(absolute(until), 17),
        bytes([1, 0, coding, 0, len(octets)]), octets,
        TLV.pack(Tag.USER_MESSAGE_REFERENCE, 2) + struct.pack(">H", reference & 0xFFFF),
    ])  # fmt: skip


def query(ident: str, source: Number) -> bytes:
    """Body of query_sm for a message by its id, as `written` wrote it."""
    return c_string(unquote(ident, encoding="latin-1"), 65) + source.encoded()


def absolute(moment: datetime) -> str:
    """An instant in the absolute format of SMPP 3.4, 7.1.1, in UTC.

    >>> absolute(datetime(2026, 6, 8, 0, 30, tzinfo=UTC))
    '260608003000000+'
    """
    return moment.astimezone(UTC).strftime("%y%m%d%H%M%S") + "000+"


def c_string(text: str, longest: int) -> bytes:
    """A string with its closing zero octet, `longest` octets at most with it."""
    if not text.isascii() or "\0" in text or len(text) >= longest:
        raise ValueError(f"a string of SMPP is ASCII without a zero octet, at most {longest - 1} long")
    return text.encode("ascii") + b"\0"


async def read_pdu(reader: asyncio.StreamReader) -> Pdu:
    """The next PDU; Garbled when its length is none, IncompleteReadError at the end."""
    length, command, status, sequence = HEADER.unpack(await reader.readexactly(HEADER.size))
    if not HEADER.size <= length <= LONGEST_PDU:
        raise Garbled(f"a PDU of {length} octets")
    return Pdu(command, sequence, status, await reader.readexactly(length - HEADER.size))


class Fields:
    """The fields of a body, one after the other."""

    def __init__(self, body: bytes) -> None:
        self._body, self._at = body, 0

    def string(self) -> bytes:
        """A string up to its zero octet."""
        end = self._body.find(b"\0", self._at)
        if end < 0:
            raise Garbled("a string without its end")
        text = self._body[self._at : end]
        self._at = end + 1
        return text

    def octet(self) -> int:
        """One octet."""
        return self.octets(1)[0]

    def octets(self, count: int) -> bytes:
        """So many octets."""
        found = self._body[self._at : self._at + count]
        if len(found) < count:
            raise Garbled("a body that ends too early")
        self._at += count
        return found

    def extras(self) -> dict[int, bytes]:
        """The optional parameters that follow."""
        found: dict[int, bytes] = {}
        while self._at < len(self._body):
            tag, length = TLV.unpack(self.octets(TLV.size))
            found[tag] = self.octets(length)
        return found


def delivery(body: bytes) -> Delivery:
    """Read a deliver_sm; Garbled when it is none."""
    fields = Fields(body)
    fields.string()
    fields.octets(2)
    source = written(fields.string())
    fields.octets(2)
    fields.string()
    esm_class = fields.octet()
    fields.octets(2)
    fields.string()
    fields.string()
    fields.octets(4)
    return Delivery(source, esm_class, fields.octets(fields.octet()), fields.extras())


def message_id(body: bytes) -> str:
    """The id in a submit_sm answer, empty when there is none."""
    return written(Fields(body).string()) if body else ""


def written(octets: bytes) -> str:
    """An id or a number from outside in printable ASCII without comma and space; anything else percent-encoded.

    >>> written(b"7f3-2"), written(b"a,b\\xff")
    ('7f3-2', 'a%2Cb%FF')
    """
    return quote_from_bytes(octets[:64], safe="!#$&'()*+-./:;<=>?@[]^_`{|}~")


def queried_state(body: bytes) -> int:
    """The state in a query_sm answer."""
    fields = Fields(body)
    fields.string()
    fields.string()
    return fields.octet()
