"""A network from tables in memory: defaults filled in, columns in schema order, content fingerprinted."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from everlit.grid.identities import string_buffers
from everlit.grid.model import Network
from everlit.grid.schema import SCHEMA, TABLES, Column, Kind, TableSchema
from everlit.kernel import Text

ARROW_TYPES = {
    Kind.KEY: pa.string(),
    Kind.REFERENCE: pa.string(),
    Kind.TEXT: pa.string(),
    Kind.NUMBER: pa.float64(),
    Kind.INTEGER: pa.int64(),
    Kind.FLAG: pa.bool_(),
}


def network_of(tables: Mapping[str, pa.Table], manifest: Mapping[str, Any]) -> Network:
    """The network these tables are; they are trusted to be valid (see `validate`)."""
    whole = {schema.name: _complete(tables.get(schema.name), schema) for schema in SCHEMA}
    title = manifest.get("title", {})
    name = manifest["name"]
    return Network(name, Text(title.get("en", name), title.get("zh", name)), whole, content_hash(whole), manifest)


def content_hash(tables: Mapping[str, pa.Table]) -> str:
    """SHA-256 over the values of every column in schema order: equal content, equal hash, whatever file it came from.

    Each column counts with its name, which cells are filled, and the filled values: numbers as IEEE doubles or 64-bit
    integers, texts as their lengths and UTF-8 bytes. A table the format got later counts only when it has rows.
    """
    digest = hashlib.sha256()
    for name, table in tables.items():
        if TABLES[name].later and not table.num_rows:
            continue
        digest.update(f"{name} {table.num_rows}\n".encode())
        for column in table.column_names:
            digest.update(f"{column}\n".encode())
            _hash_values(digest, table.column(column).combine_chunks())
    return digest.hexdigest()


def _hash_values(digest: Any, values: pa.Array) -> None:
    if values.null_count:
        digest.update(np.packbits(values.is_valid().to_numpy(zero_copy_only=False)).tobytes())
    if pa.types.is_string(values.type):
        content, offsets = string_buffers(pc.fill_null(values, "") if values.null_count else values)
        digest.update(np.diff(offsets).astype("<u4").tobytes())
        digest.update(content[int(offsets[0]) : int(offsets[-1])].tobytes())
    elif pa.types.is_boolean(values.type):
        digest.update(np.packbits(pc.fill_null(values, False).to_numpy(zero_copy_only=False)).tobytes())
    else:
        kind = "<f8" if pa.types.is_floating(values.type) else "<i8"
        digest.update(pc.fill_null(values, 0).to_numpy(zero_copy_only=False).astype(kind).tobytes())


def _complete(table: pa.Table | None, schema: TableSchema) -> pa.Table:
    rows = 0 if table is None else table.num_rows
    return pa.table({column.name: _column(table, column, rows) for column in schema.columns})


def _column(table: pa.Table | None, column: Column, rows: int) -> pa.ChunkedArray:
    kind = ARROW_TYPES[column.kind]
    if table is None or column.name not in table.column_names:
        return pa.chunked_array([pa.repeat(pa.scalar(column.default, kind), rows)])
    values = table.column(column.name).cast(kind)
    return values if column.default is None else values.fill_null(column.default)
