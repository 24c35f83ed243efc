"""Lines of the spool: length, CRC-32, sequence number, JSON; a line that is not as it was written is passed over."""

from collections.abc import Iterator
from zlib import crc32

HEAD = 18
"""Letters before the payload of a line: length and checksum in hexadecimal digits, a space behind each."""


def line_of(number: int, body: bytes) -> bytes:
    """A record as its line.

    >>> line_of(7, b'{"a":1}')
    b'00000009 9e58a832 7 {"a":1}\\n'
    """
    payload = b"%d %b" % (number, body)
    return b"%08x %08x %b\n" % (len(payload), crc32(payload), payload)


def lines_of(content: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Number, body and end of every good line; whatever else stands there is passed over.

    >>> [line[:2] for line in lines_of(line_of(7, b"{}") + b"00000004 torn" + b"\\n" + line_of(8, b"[]") + b"0000")]
    [(7, b'{}'), (8, b'[]')]
    """
    begin = 0
    while (end := content.find(b"\n", begin)) >= 0:
        payload = content[begin + HEAD : end]
        if content[begin : begin + HEAD] == b"%08x %08x " % (len(payload), crc32(payload)):
            number, _, body = payload.partition(b" ")
            yield int(number), body, end + 1
        begin = end + 1
