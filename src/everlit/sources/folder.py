"""Writing a network folder so that the same tables always give the same bytes.

Parquet files carry no statistics, no pandas metadata and no file dates, and the writer's version is fixed by the lock;
CSV files write every number in its shortest exact form. `SHA256SUMS` lists what was written, in the format of the
command of that name.
"""

import csv
import hashlib
import json
import shutil
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from sys import stdout
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from everlit.grid.schema import SCHEMA, TableSchema
from everlit.grid.tables import ARROW_TYPES
from everlit.kernel import Finding, Refusal, Text

SUMS = "SHA256SUMS"
QUARTER_HOURS_OF_A_LEAP_YEAR = 366 * 96


class UnableToConvert(Refusal):
    """The source is not what the mapping expects; the findings say where."""

    title = Text(en="The source could not be converted.", zh="数据源无法转换。")


@dataclass(frozen=True, slots=True)
class Converted:
    """A network as a converter made it, before it is written: tables by name, manifest, and how to store them."""

    name: str
    tables: Mapping[str, pa.Table]
    manifest: Mapping[str, Any]
    style: Literal["csv", "parquet"] = "parquet"
    findings: Sequence[Finding] = field(default_factory=tuple)


def prose(text: str) -> str:
    """Wrapped text as one paragraph.

    >>> prose("one \\n  two")
    'one two'
    """
    return " ".join(text.split())


def shipped_folder() -> Path:
    """Where the networks that come with the product stand."""
    return Path(str(files("everlit"))) / "data" / "networks"


def write_folder(converted: Converted, folder: Path) -> str:
    """Write the network below `folder` and return its sums; what stood there before is replaced."""
    place = folder / converted.name
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for schema in SCHEMA:
        table = converted.tables.get(schema.name)
        if table is not None and table.num_rows:
            write = _write_parquet if converted.style == "parquet" else _write_csv
            write(_trimmed(table, schema), place / f"{schema.name}.{converted.style}")
    manifest = {**converted.manifest, "findings": [finding.as_json() for finding in converted.findings]}
    text = json.dumps({"name": converted.name, **manifest}, ensure_ascii=False, indent=2, allow_nan=False)
    (place / "network.json").write_text(text + "\n", "utf-8")
    sums = sums_of(place)
    (place / SUMS).write_text(sums, "utf-8")
    return sums


def sums_of(folder: Path) -> str:
    """Hash and name of every file of the folder but the list itself."""
    names = sorted(path.name for path in folder.iterdir() if path.is_file() and path.name != SUMS)
    return "".join(f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names)


def differences(converted: Converted, shipped: Path) -> list[str]:
    """Names of files that are not the same, bit for bit, when the network is written anew."""
    with tempfile.TemporaryDirectory() as scratch:
        fresh = set(write_folder(converted, Path(scratch)).splitlines())
    place = shipped / converted.name
    stored = set(sums_of(place).splitlines()) if place.is_dir() else set()
    return sorted({line.split("  ", 1)[1] for line in fresh ^ stored})


def convert_main(convert: Callable[[], Sequence[Converted]], arguments: Sequence[str] | None = None) -> int:
    """The command line every converter shares: write, or `--check` against what is shipped; 0 only on success."""
    parser = ArgumentParser(description="Convert a source into networks in the table format.")
    parser.add_argument("--check", action="store_true", help="compare with the shipped folders, write nothing")
    parser.add_argument("--out", type=Path, default=shipped_folder(), help="where the network folders go")
    options = parser.parse_args(arguments)
    failed = False
    for converted in convert():
        for finding in converted.findings:
            stdout.write(f"{converted.name}: {finding.kind} {finding.subject}: {finding.message}\n")
        if options.check:
            wrong = differences(converted, options.out)
            failed = failed or bool(wrong)
            stdout.write(
                f"{converted.name}: {'differs in ' + ', '.join(wrong) if wrong else 'the same, bit for bit'}\n"
            )
        else:
            write_folder(converted, options.out)
            size = sum(path.stat().st_size for path in (options.out / converted.name).iterdir())
            stdout.write(f"{converted.name}: {size / 1024:.0f} KiB written to {options.out / converted.name}\n")
    return 1 if failed else 0


def _trimmed(table: pa.Table, schema: TableSchema) -> pa.Table:
    """The columns of the format that hold anything, in its order and types."""
    extra = set(table.column_names) - {column.name for column in schema.columns}
    if extra:
        text = Text(en=f"Columns not in the format: {sorted(extra)}.", zh=f"格式中没有的列:{sorted(extra)}。")
        raise UnableToConvert(Finding("convert.columns", schema.name, text))
    kept = {}
    for column in schema.columns:
        if column.name in table.column_names and table.column(column.name).null_count < table.num_rows:
            kept[column.name] = table.column(column.name).cast(ARROW_TYPES[column.kind])
    return pa.table(kept)


def _write_parquet(table: pa.Table, path: Path) -> None:
    counted = [name for name in table.column_names if name == "quarter_hour"]
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=19,
        write_statistics=False,
        store_schema=False,
        use_dictionary=[name for name in table.column_names if name not in counted],
        column_encoding=dict.fromkeys(counted, "DELTA_BINARY_PACKED") or None,
        row_group_size=QUARTER_HOURS_OF_A_LEAP_YEAR if counted else None,
    )


def _write_csv(table: pa.Table, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.column_names)
        for row in zip(*(table.column(name).to_pylist() for name in table.column_names), strict=True):
            writer.writerow([_cell(value) for value in row])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return str(value)
