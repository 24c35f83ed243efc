"""Reading a network folder: `network.json` and one CSV or Parquet file per table, whole or not at all."""

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from everlit.grid.model import Network
from everlit.grid.schema import SCHEMA, Column, Kind, TableSchema
from everlit.kernel import Finding, Refusal, Text

ARROW_TYPES = {
    Kind.KEY: pa.string(),
    Kind.REFERENCE: pa.string(),
    Kind.TEXT: pa.string(),
    Kind.NUMBER: pa.float64(),
    Kind.INTEGER: pa.int64(),
    Kind.FLAG: pa.bool_(),
}


class UnableToLoadNetwork(Refusal):
    """The folder is not a valid network; the findings say where."""

    title = Text(en="The network could not be loaded.", zh="无法载入网络。")


def shipped_networks() -> dict[str, Path]:
    """The networks that come with the product, by name."""
    folder = Path(str(files("everlit"))) / "data" / "networks"
    return {path.parent.name: path.parent for path in sorted(folder.glob("*/network.json"))}


def load_network(name_or_folder: str | Path) -> Network:
    """Read a shipped network by name or a folder; raises UnableToLoadNetwork with every finding."""
    folder = shipped_networks().get(str(name_or_folder), Path(name_or_folder))
    if not (folder / "network.json").is_file():
        text = Text(en=f"{name_or_folder} holds no network.json.", zh=f"{name_or_folder} 中没有 network.json。")
        raise UnableToLoadNetwork(Finding("network.manifest", str(name_or_folder), text))
    manifest = json.loads((folder / "network.json").read_text("utf-8"))
    return network_of({schema.name: _read(folder, schema) for schema in SCHEMA}, manifest)


def network_of(tables: Mapping[str, pa.Table], manifest: Mapping[str, Any]) -> Network:
    """A network from tables in memory: defaults filled, columns in schema order, content fingerprinted."""
    whole = {schema.name: _complete(tables.get(schema.name), schema) for schema in SCHEMA}
    title = manifest.get("title", {})
    name = manifest["name"]
    return Network(name, Text(title.get("en", name), title.get("zh", name)), whole, content_hash(whole), manifest)


def content_hash(tables: Mapping[str, pa.Table]) -> str:
    """SHA-256 over every table's column buffers in schema order; equal content, equal hash, whatever file it came from."""
    digest = hashlib.sha256()
    for name, table in tables.items():
        digest.update(name.encode())
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table.combine_chunks())
        digest.update(sink.getvalue())
    return digest.hexdigest()


def _read(folder: Path, schema: TableSchema) -> pa.Table | None:
    types = {column.name: ARROW_TYPES[column.kind] for column in schema.columns}
    parquet, csv = folder / f"{schema.name}.parquet", folder / f"{schema.name}.csv"
    if parquet.is_file():
        return pa.parquet.read_table(parquet)
    if csv.is_file():
        options = pa.csv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""])
        return pa.csv.read_csv(csv, convert_options=options)
    return None


def _complete(table: pa.Table | None, schema: TableSchema) -> pa.Table:
    rows = 0 if table is None else table.num_rows
    return pa.table({column.name: _column(table, column, rows) for column in schema.columns})


def _column(table: pa.Table | None, column: Column, rows: int) -> pa.ChunkedArray:
    kind = ARROW_TYPES[column.kind]
    if table is None or column.name not in table.column_names:
        return pa.chunked_array([pa.array([column.default] * rows, kind)])
    values = table.column(column.name).cast(kind)
    return values if column.default is None else values.fill_null(column.default)
