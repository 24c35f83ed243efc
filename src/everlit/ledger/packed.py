"""Rows of many statements in one piece (列存): what is read for a year is whole columns, not a million rows.

A piece is derived from the rows in the same transaction and never changes, because rows are only added. Its fingerprint
is the hash of its bytes: a piece that does not agree with it is not used, the rows are read instead.
"""

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.ipc

from everlit.ledger.settle import Darkness

PIECE_ROWS = 500_000
"""Rows of one piece at most, unless one statement alone has more."""


class UnableToUnpack(ValueError):
    """A piece is not what was packed."""


def pack(rows: Darkness) -> bytes:
    """Rows of statements (owner: number of the statement, subject: its number in the register) as compressed columns."""
    table = pa.table(
        {
            "statement": pa.array(rows.owner.astype(np.int32)),
            "subject": pa.array(rows.subject.astype(np.int32)),
            "start": pa.array(rows.start_s),
            "seconds": pa.array(rows.end_s - rows.start_s),
        }
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def unpack(piece: bytes, fingerprint: str) -> Darkness:
    """The rows of a piece; raises UnableToUnpack when its bytes are not those of the fingerprint."""
    if fingerprint_of(piece) != fingerprint:
        raise UnableToUnpack(fingerprint)
    table = pa.ipc.open_stream(piece).read_all().combine_chunks()
    statement, subject, start, seconds = (np.asarray(column.combine_chunks()) for column in table.columns)
    return Darkness(subject, start, start + seconds, statement)


def fingerprint_of(piece: bytes) -> str:
    """Hash of the bytes of a piece."""
    return hashlib.sha256(piece).hexdigest()


def cuts(first_rows: list[int], total: int) -> list[tuple[int, int]]:
    """Statements [a, b) of each piece, from the row where each statement begins.

    >>> cuts([0, 200_000, 450_000, 900_000], 1_000_000)
    [(0, 2), (2, 3), (3, 4)]
    """
    made, begin = [], 0
    for number in range(1, len(first_rows) + 1):
        end = first_rows[number] if number < len(first_rows) else total
        if end - first_rows[begin] > PIECE_ROWS and number - 1 > begin:
            made.append((begin, number - 1))
            begin = number - 1
    if first_rows:
        made.append((begin, len(first_rows)))
    return made
