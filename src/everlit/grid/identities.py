"""Finding a row by its identity: an open-addressing hash table over the identities' own bytes.

A dictionary of a million Python strings costs seconds and hundreds of megabytes; this index is eight bytes a slot, is
built in milliseconds on first use and compares bytes, so two different identities are never taken for one.
"""

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]
Ints = npt.NDArray[np.int32]
Slots = npt.NDArray[np.int64]


class Identities:
    """Rows by identity. Of equal identities the first row is found, an empty one never is."""

    def __init__(self, identities: pa.Array | pa.ChunkedArray) -> None:
        self._bytes, self._offsets = string_buffers(identities)
        self._slots = _build(self._bytes, self._offsets)

    def find(self, identity: str) -> int:
        """Row of `identity`, -1 when there is none.

        >>> Identities(pa.array(["F1", "馈线2"])).find("馈线2")
        1
        """
        wanted = np.frombuffer(identity.encode("utf-8", "surrogatepass"), np.uint8)
        return int(_find(self._bytes, self._offsets, self._slots, wanted, 0, len(wanted)))

    def rows(self, identities: pa.Array | pa.ChunkedArray) -> Ints:
        """Row of each identity, -1 for those that are not there and for empty cells."""
        wanted, offsets = string_buffers(identities)
        return _find_all(self._bytes, self._offsets, self._slots, wanted, offsets)

    def repeated(self) -> tuple[Ints, Ints]:
        """Rows whose identity stood before, and the first row of each."""
        first = _find_all(self._bytes, self._offsets, self._slots, self._bytes, self._offsets)
        again = np.flatnonzero((first >= 0) & (first != np.arange(len(first)))).astype(np.int32)
        return again, first[again]


def string_buffers(strings: pa.Array | pa.ChunkedArray) -> tuple[Bytes, Offsets]:
    """The UTF-8 bytes of a string column and the offset where each begins, nulls as empty; no copy of the bytes."""
    whole = strings.combine_chunks() if isinstance(strings, pa.ChunkedArray) else strings
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks)
    if whole.null_count:
        whole = pc.fill_null(whole, "")
    if not len(whole):
        return np.zeros(0, np.uint8), np.zeros(1, np.int64)
    large = pa.types.is_large_string(whole.type)
    offsets = np.frombuffer(whole.buffers()[1], np.int64 if large else np.int32)
    data = whole.buffers()[2]
    content = np.zeros(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)
    return content, offsets[whole.offset : whole.offset + len(whole) + 1].astype(np.int64)


@numba.njit(cache=True)
def _hash(content: Bytes, begin: int, end: int) -> np.uint64:
    value = np.uint64(14695981039346656037)
    for index in range(begin, end):
        value = (value ^ np.uint64(content[index])) * np.uint64(1099511628211)
    value ^= value >> np.uint64(29)
    return value * np.uint64(0xBF58476D1CE4E5B9)


@numba.njit(cache=True)
def _same(content: Bytes, begin: int, end: int, other: Bytes, other_begin: int) -> bool:
    for index in range(end - begin):  # noqa: SIM110 - compiled, where a generator costs
        if content[begin + index] != other[other_begin + index]:
            return False
    return True


@numba.njit(cache=True)
def _build(content: Bytes, offsets: Offsets) -> Slots:
    """Each slot holds a row and 32 bits of its hash, so that most misses end without reading any bytes."""
    bits = 3
    while (1 << bits) < 2 * len(offsets):
        bits += 1
    slots, mask = np.full(1 << bits, -1, np.int64), (1 << bits) - 1
    for row in range(len(offsets) - 1):
        begin, end = offsets[row], offsets[row + 1]
        if begin == end:
            continue
        code = _hash(content, begin, end)
        slot, low = _slot(code, bits), np.int64(code & np.uint64(0xFFFFFFFF))
        while slots[slot] >= 0:
            held = slots[slot] >> 32
            if slots[slot] & 0xFFFFFFFF == low and _equal(content, begin, end, content, offsets, held):
                break
            slot = (slot + 1) & mask
        if slots[slot] < 0:
            slots[slot] = (np.int64(row) << 32) | low
    return slots


@numba.njit(cache=True)
def _slot(code: np.uint64, bits: int) -> int:
    return int(np.int64(code >> np.uint64(64 - bits)))


@numba.njit(cache=True)
def _equal(wanted: Bytes, begin: int, end: int, content: Bytes, offsets: Offsets, row: int) -> bool:
    return offsets[row + 1] - offsets[row] == end - begin and _same(wanted, begin, end, content, offsets[row])


@numba.njit(cache=True)
def _find(content: Bytes, offsets: Offsets, slots: Slots, wanted: Bytes, begin: int, end: int) -> int:
    bits, mask = 0, len(slots) - 1
    while (1 << bits) < len(slots):
        bits += 1
    code = _hash(wanted, begin, end)
    slot, low = _slot(code, bits), np.int64(code & np.uint64(0xFFFFFFFF))
    while slots[slot] >= 0:
        row = slots[slot] >> 32
        if slots[slot] & 0xFFFFFFFF == low and _equal(wanted, begin, end, content, offsets, row):
            return int(row)
        slot = (slot + 1) & mask
    return -1


@numba.njit(cache=True)
def _find_all(content: Bytes, offsets: Offsets, slots: Slots, wanted: Bytes, places: Offsets) -> Ints:
    rows = np.empty(len(places) - 1, np.int32)
    for index in range(len(rows)):
        rows[index] = _find(content, offsets, slots, wanted, places[index], places[index + 1])
    return rows
