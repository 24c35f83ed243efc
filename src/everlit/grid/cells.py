"""Cells to values (单元格): a column becomes numbers, flags, choices or texts, and what cannot is named by row.

A bad cell becomes empty and is reported once; checking goes on so that one run shows everything.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from everlit.grid.assemble import ARROW_TYPES
from everlit.grid.schema import Column, Kind

NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
CONTROL = r"[\x00-\x1f\x7f]"
TRUE, FALSE = ("true", "1", "yes", "是"), ("false", "0", "no", "否")
LONGEST_TEXT = 500
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class BadCells:
    """Rows of one column that break one rule."""

    kind: str
    rows: npt.NDArray[np.int64]


class UnableToConvert(Exception):
    """The whole column is of a type that cannot hold this kind of value."""


def convert(column: Column, raw: pa.ChunkedArray) -> tuple[pa.Array, list[BadCells]]:
    """The typed column and what is wrong in it; raises UnableToConvert for a Parquet column of a foreign type."""
    cells = _plain(raw)
    if column.kind in (Kind.NUMBER, Kind.INTEGER):
        values, bad = _numbers(cells, whole=column.kind is Kind.INTEGER)
    elif column.kind is Kind.FLAG:
        values, bad = _flags(cells)
    else:
        values, bad = _texts(cells, column)
    if column.required:
        bad = [BadCells("value.missing", np.flatnonzero(_mask(pc.is_null(cells)))), *bad]
    bad = [*bad, *_out_of_range(column, values)]
    bad = [cells for cells in bad if len(cells.rows)]
    return _emptied(values, bad).cast(ARROW_TYPES[column.kind]), bad


def _plain(raw: pa.ChunkedArray) -> pa.Array:
    """Without chunks and dictionaries, texts trimmed, empty texts as nothing."""
    if pa.types.is_dictionary(raw.type):
        raw = pa.chunked_array([_spelt_out(chunk) for chunk in raw.chunks], raw.type.value_type)
    cells = raw.combine_chunks()
    if isinstance(cells, pa.ChunkedArray):
        cells = pa.concat_arrays(cells.chunks)
    if pa.types.is_null(cells.type):
        cells = cells.cast(pa.string())
    if pa.types.is_large_string(cells.type):
        cells = cells.cast(pa.string())
    if not pa.types.is_string(cells.type):
        return cells
    cells = pc.utf8_trim_whitespace(cells)
    return pc.if_else(pc.equal(cells, ""), pa.scalar(None, pa.string()), cells)


def _spelt_out(chunk: pa.DictionaryArray) -> pa.Array:
    """A dictionary's cells; a text too long to be taken is cut before it is repeated a million times."""
    words = chunk.dictionary
    if pa.types.is_string(words.type) or pa.types.is_large_string(words.type):
        words = pc.utf8_slice_codeunits(words, 0, LONGEST_TEXT + 1)
    return words.take(chunk.indices)


def _numbers(cells: pa.Array, *, whole: bool) -> tuple[pa.Array, list[BadCells]]:
    bad = []
    if pa.types.is_string(cells.type):
        cells, unreadable = _read_numbers(cells)
        bad.append(BadCells("value.number", unreadable))
    elif not (pa.types.is_integer(cells.type) or pa.types.is_floating(cells.type)):
        raise UnableToConvert
    values = np.asarray(cells.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False))
    filled = ~_mask(pc.is_null(cells))
    bad.append(BadCells("value.finite", np.flatnonzero(filled & ~np.isfinite(values))))
    if whole:
        with np.errstate(invalid="ignore"):
            odd = (values != np.floor(values)) | (np.abs(values) > 2.0**53)
        odd &= filled & np.isfinite(values)
        bad.append(BadCells("value.integer", np.flatnonzero(odd)))
    array = pa.array(values, mask=~filled)
    return array, bad


def _read_numbers(cells: pa.Array) -> tuple[pa.Array, npt.NDArray[np.int64]]:
    try:
        return cells.cast(pa.float64()), np.zeros(0, np.int64)
    except pa.ArrowInvalid:
        written = pc.fill_null(pc.match_substring_regex(cells, NUMBER), True)
        special = pc.fill_null(pc.is_in(pc.utf8_lower(cells), pa.array(["nan", "inf", "-inf", "+inf"])), False)
        readable = pc.or_(written, special)
        return pc.if_else(readable, cells, None).cast(pa.float64()), np.flatnonzero(~_mask(readable))


def _flags(cells: pa.Array) -> tuple[pa.Array, list[BadCells]]:
    if pa.types.is_boolean(cells.type):
        return cells, []
    if pa.types.is_integer(cells.type):
        cells = cells.cast(pa.string())
    if not pa.types.is_string(cells.type):
        raise UnableToConvert
    words = pc.utf8_lower(cells)
    yes, no = pc.is_in(words, pa.array(TRUE)), pc.is_in(words, pa.array(FALSE))
    known = _mask(pc.or_(yes, no))
    values = pa.array(_mask(yes), mask=~known)
    return values, [BadCells("value.flag", np.flatnonzero(~known & ~_mask(pc.is_null(cells))))]


def _texts(cells: pa.Array, column: Column) -> tuple[pa.Array, list[BadCells]]:
    if not pa.types.is_string(cells.type):
        raise UnableToConvert
    bad = []
    if column.choices:
        known = pc.or_(pc.is_in(cells, pa.array(column.choices)), pc.is_null(cells))
        bad.append(BadCells("value.choice", np.flatnonzero(~_mask(known))))
    else:
        strange = pc.fill_null(pc.match_substring_regex(cells, CONTROL), False)
        too_long = pc.fill_null(pc.greater(pc.binary_length(cells), LONGEST_TEXT), False)
        bad.append(BadCells("value.control", np.flatnonzero(_mask(strange))))
        bad.append(BadCells("value.long", np.flatnonzero(_mask(too_long))))
    return cells, bad


def _out_of_range(column: Column, values: pa.Array) -> Iterator[BadCells]:
    if column.kind not in (Kind.NUMBER, Kind.INTEGER) or (column.low is None and column.high is None):
        return
    numbers = np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)
    low = -np.inf if column.low is None else column.low
    high = np.inf if column.high is None else column.high
    with np.errstate(invalid="ignore"):
        outside = np.isfinite(numbers) & ((numbers < low) | (numbers > high))
    yield BadCells("value.range", np.flatnonzero(outside))


def _emptied(values: pa.Array, bad: list[BadCells]) -> pa.Array:
    if not bad:
        return values
    empty = np.zeros(len(values), np.bool_)
    for cells in bad:
        empty[cells.rows] = True
    return pc.if_else(pa.array(~empty), values, pa.scalar(None, values.type))


def _mask(values: pa.Array) -> Mask:
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False), dtype=np.bool_)
