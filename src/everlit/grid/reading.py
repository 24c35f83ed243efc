"""Reading a network folder (读取): each file is looked at before it is read, and whatever it holds, findings come out.

A file may be missing, a folder, a link, too large, in GBK, cut off in the middle or plain noise. None of that may
crash, fill the memory or let half a network in.
"""

import csv
import mmap
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from everlit.grid.manifest import read_manifest
from everlit.grid.report import Findings
from everlit.grid.schema import SCHEMA, TABLES, TableSchema
from everlit.kernel import Finding, Severity, Text

MEBIBYTE = 1 << 20
HEADER_BYTES = 64 * 1024
BATCH_ROWS = 4_096


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one table may be, so that a wrong file is refused at once instead of filling the memory."""

    max_bytes: int = 512 * MEBIBYTE
    max_rows: int = 20_000_000


@dataclass(frozen=True, slots=True)
class RawTable:
    """One file as it was read: named columns of raw cells, and where each row stands in the file."""

    file: str
    columns: Mapping[str, pa.ChunkedArray]
    rows: int
    lines: "LineNumbers"


class LineNumbers:
    """Where a row stands in its file: CSV lines count from 1 with the header, Parquet rows count from 1."""

    def __init__(self, csv_file: Path | None = None, skipped: tuple[int, ...] = ()) -> None:
        self._file, self._skipped = csv_file, skipped
        self._lines: npt.NDArray[np.int64] | None = None

    def __call__(self, row: int) -> int:
        """The line of a row, counted from 0 in the table."""
        if self._file is None:
            return row + 1
        if self._lines is None:
            self._lines = _filled_lines(self._file, self._skipped)
        return int(self._lines[row]) if row < len(self._lines) else row + 2


@dataclass(frozen=True, slots=True)
class Folder:
    """What a folder holds, as far as it could be read."""

    manifest: Mapping[str, object]
    tables: Mapping[str, RawTable] = field(default_factory=dict)


def read_folder(folder: Path, findings: Findings, *, limits: Limits) -> Folder | None:
    """Read `network.json` and every table of the format; what is wrong goes to `findings`. None when it is no folder."""
    if not folder.is_dir():
        say = Text(en=f"{folder} is not a folder.", zh=f"{folder} 不是文件夹。")
        findings.add(Finding("folder.missing", str(folder), say))
        return None
    manifest = read_manifest(folder, findings)
    tables = {schema.name: _read_table(folder, schema, findings, limits) for schema in SCHEMA}
    _strangers(folder, findings)
    return Folder(manifest, {name: table for name, table in tables.items() if table is not None})


def _strangers(folder: Path, findings: Findings) -> None:
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in (".csv", ".parquet") and path.stem not in TABLES:
            known = ", ".join(TABLES)
            say = Text(
                en=f"{path.name} is no table of the format ({known}).", zh=f"{path.name} 不是格式中的表({known})。"
            )
            findings.add(Finding("folder.unknown_file", path.name, say, {"table": path.stem}, Severity.WARNING))


def _read_table(folder: Path, schema: TableSchema, findings: Findings, limits: Limits) -> RawTable | None:
    paths = [folder / f"{schema.name}{suffix}" for suffix in (".csv", ".parquet")]
    there = [path for path in paths if path.is_symlink() or path.exists()]
    if len(there) == 2:
        say = Text(
            en=f"Both {paths[0].name} and {paths[1].name} are there.",
            zh=f"{paths[0].name} 与 {paths[1].name} 同时存在。",
        )
        findings.add(Finding("table.twice", schema.name, say, {"table": schema.name}))
        return None
    if not there:
        if schema.required:
            say = Text(en=f"Table {schema.name} is missing.", zh=f"缺少表 {schema.name}。")
            findings.add(Finding("table.missing", schema.name, say, {"table": schema.name}))
        return None
    problem = _unfit(there[0], limits)
    if problem is not None:
        findings.add(Finding(problem[0], there[0].name, problem[1], {"table": schema.name}))
        return None
    reader = _read_csv if there[0].suffix == ".csv" else _read_parquet
    try:
        return reader(there[0], schema, findings, limits)
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as reason:
        cause = str(reason).split("\n")[0][:300]
        say = Text(en=f"{there[0].name} cannot be read: {cause}", zh=f"无法读取 {there[0].name}:{cause}")
        findings.add(Finding("table.unreadable", there[0].name, say, {"table": schema.name}))
        return None


def _unfit(path: Path, limits: Limits) -> tuple[str, Text] | None:
    """Why a path is not worth opening, told from its directory entry alone."""
    name, entry = path.name, path.lstat()
    if not stat.S_ISREG(entry.st_mode):
        return "table.not_a_file", Text(en=f"{name} is not a regular file.", zh=f"{name} 不是普通文件。")
    if entry.st_size > limits.max_bytes:
        size, most = entry.st_size / MEBIBYTE, limits.max_bytes / MEBIBYTE
        return "table.too_large", Text(
            en=f"{name} has {size:,.0f} MiB, at most {most:,.0f} MiB are read.",
            zh=f"{name} 为 {size:,.0f} MiB,上限 {most:,.0f} MiB。",
        )
    if entry.st_size == 0:
        return "table.empty", Text(en=f"{name} is empty, not even a header.", zh=f"{name} 为空文件,连表头也没有。")
    return None


# --------------------------------------------------------------------------------------------------- CSV


def _read_csv(path: Path, schema: TableSchema, findings: Findings, limits: Limits) -> RawTable | None:
    header = _header(path, schema, findings)
    if header is None:
        return None
    names = _known_columns(path, header, schema, findings)
    if not names:
        return RawTable(path.name, {}, 0, LineNumbers())
    ragged: list[int] = []

    def on_ragged(row: pyarrow.csv.InvalidRow) -> str:
        ragged.append(int(row.number) if row.number is not None else 0)
        _report_ragged(path, schema, row, ragged[-1], findings)
        return "skip" if len(ragged) < findings.limit else "error"

    try:
        table = pyarrow.csv.read_csv(
            path,
            read_options=pyarrow.csv.ReadOptions(
                use_threads=False,
                column_names=header,
                skip_rows=1,
                block_size=min(8 * MEBIBYTE, path.stat().st_size + 1024),
            ),
            parse_options=pyarrow.csv.ParseOptions(invalid_row_handler=on_ragged),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=names,
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as reason:
        if "Empty CSV" not in str(reason):
            raise
        table = pa.table({name: pa.array([], pa.string()) for name in names})
    if _too_many(path, schema, table.num_rows, findings, limits):
        return None
    lines = LineNumbers(path, tuple(ragged))
    return RawTable(path.name, {name: table.column(name) for name in names}, table.num_rows, lines)


def _header(path: Path, schema: TableSchema, findings: Findings) -> list[str] | None:
    """The column names, or None with a finding when the beginning of the file is not text."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        start = content[:HEADER_BYTES]
        nul = content.find(b"\0")
        line = content[:nul].count(b"\n") + 1 if nul >= 0 else 0
        utf8 = _is_utf8(pa.py_buffer(content))
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        findings.add(_wrong_encoding(path, schema, "UTF-16"))
        return None
    if nul >= 0:
        say = Text(en=f"{path.name} line {line} has a NUL byte.", zh=f"{path.name} 第 {line} 行含有 NUL 字节。")
        findings.add(Finding("table.nul", path.name, say, {"table": schema.name, "row": line}))
        return None
    if not utf8:
        findings.add(_encoding(path, schema))
        return None
    first = start.removeprefix(b"\xef\xbb\xbf").split(b"\n")[0].rstrip(b"\r")
    try:
        words = next(csv.reader([first.decode("utf-8", "replace")], strict=True), [])
    except csv.Error:
        words = []
    return [word.strip() for word in words]


def _known_columns(path: Path, header: list[str], schema: TableSchema, findings: Findings) -> list[str]:
    """The columns of the format in this file; strangers, twins and a wrong separator are reported."""
    known = {column.name for column in schema.columns}
    if len(header) <= 1 and any(mark in "".join(header) for mark in ";\t"):
        say = Text(en=f"{path.name} must separate its columns by commas.", zh=f"{path.name} 的列必须用逗号分隔。")
        findings.add(Finding("table.separator", path.name, say, {"table": schema.name}))
    report_columns(path.name, header, schema, findings)
    return [name for name in dict.fromkeys(header) if name in known and header.count(name) == 1]


def report_columns(file: str, header: list[str], schema: TableSchema, findings: Findings) -> None:
    """Unknown columns are a warning, a column that stands twice is an error and is not read."""
    known = {column.name for column in schema.columns}
    for name in dict.fromkeys(header):
        place = {"table": schema.name, "column": name[:100]}
        if name not in known:
            say = Text(en=f"{file}: column {name[:100]!r} is not used.", zh=f"{file}:列 {name[:100]!r} 不使用。")
            findings.add(Finding("column.unknown", file, say, place, Severity.WARNING))
        elif header.count(name) > 1:
            say = Text(en=f"{file}: column {name} stands twice.", zh=f"{file}:列 {name} 重复出现。")
            findings.add(Finding("column.twice", file, say, place))


def _report_ragged(path: Path, schema: TableSchema, row: pyarrow.csv.InvalidRow, line: int, findings: Findings) -> None:
    wanted, got = row.expected_columns, row.actual_columns
    say = Text(
        en=f"{path.name} line {line} has {got} columns, the header has {wanted}.",
        zh=f"{path.name} 第 {line} 行有 {got} 列,表头为 {wanted} 列。",
    )
    findings.add(Finding("table.ragged", path.name, say, {"table": schema.name, "row": line, "text": row.text[:200]}))


def _encoding(path: Path, schema: TableSchema) -> Finding:
    """The first line that is not UTF-8, and GBK by name when the file would read as Chinese in GBK."""
    line, gbk, common, rare = 0, True, 0, 0
    with path.open("rb") as file:
        for number, text in enumerate(file, 1):
            if _decodes(text, "utf-8"):
                continue
            line = line or number
            if not _decodes(text, "gb18030"):
                gbk = False
                break
            foreign = [letter for letter in text.decode("gb18030") if not letter.isascii()]
            usual = sum(_encodes(letter, "gb2312") for letter in foreign)
            common, rare = common + usual, rare + len(foreign) - usual
    return _wrong_encoding(path, schema, "GBK" if gbk and common > rare else None, line=line)


def _wrong_encoding(path: Path, schema: TableSchema, encoding: str | None, *, line: int = 1) -> Finding:
    is_en = f"is {encoding}" if encoding else f"is not UTF-8 at line {line}"
    is_zh = f"是 {encoding} 编码" if encoding else f"第 {line} 行不是 UTF-8 编码"
    say = Text(en=f"{path.name} {is_en}: save it as UTF-8.", zh=f"{path.name} {is_zh}:请另存为 UTF-8。")
    return Finding("table.encoding", path.name, say, {"table": schema.name, "row": line, "encoding": encoding})


def _is_utf8(content: pa.Buffer) -> bool:
    """Whether the whole file is UTF-8, without a copy of it."""
    offsets = pa.array([0, content.size], pa.int64()).buffers()[1]
    try:
        pa.Array.from_buffers(pa.large_binary(), 1, [None, offsets, content]).cast(pa.large_string())
    except pa.ArrowInvalid:
        return False
    return True


def _decodes(text: bytes, encoding: str) -> bool:
    try:
        text.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _encodes(letter: str, encoding: str) -> bool:
    try:
        letter.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _filled_lines(path: Path, skipped: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Line number of every row: lines that are neither the header, nor blank, nor skipped as ragged."""
    filled: list[npt.NDArray[np.int64]] = []
    seen = 0
    for lengths in _line_lengths(path):
        filled.append(np.flatnonzero(lengths > 0) + seen + 1)
        seen += len(lengths)
    lines = np.concatenate(filled) if filled else np.zeros(0, np.int64)
    return np.setdiff1d(lines[1:], np.array(skipped, np.int64), assume_unique=True)


def _line_lengths(path: Path) -> Iterator[npt.NDArray[np.int64]]:
    with path.open("rb") as file:
        while lines := file.readlines(16 * MEBIBYTE):
            yield np.array([len(line.rstrip(b"\r\n")) for line in lines], np.int64)


# ----------------------------------------------------------------------------------------------- Parquet


def _read_parquet(path: Path, schema: TableSchema, findings: Findings, limits: Limits) -> RawTable | None:
    with pyarrow.parquet.ParquetFile(path) as file:
        metadata = file.metadata
        unpacked = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
        if _too_many(path, schema, metadata.num_rows, findings, limits) or unpacked > 4 * limits.max_bytes:
            if unpacked > 4 * limits.max_bytes:
                say = Text(en=f"{path.name} unpacks to too much.", zh=f"{path.name} 解压后过大。")
                findings.add(Finding("table.too_large", path.name, say, {"table": schema.name}))
            return None
        header = list(file.schema_arrow.names)
        report_columns(path.name, header, schema, findings)
        known = {column.name for column in schema.columns}
        names = [name for name in header if name in known and header.count(name) == 1]
        table = _unpack(file, names, limits)
    return RawTable(path.name, {name: table.column(name) for name in names}, table.num_rows, LineNumbers())


def _unpack(file: pyarrow.parquet.ParquetFile, names: list[str], limits: Limits) -> pa.Table:
    """Read batch by batch: a small file may unpack to more than the memory holds."""
    batches, size = [], 0
    for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=names):
        batches.append(batch)
        size += batch.nbytes
        if size > 4 * limits.max_bytes:
            raise ValueError(f"it unpacks to more than {4 * limits.max_bytes / MEBIBYTE:,.0f} MiB")
    schema = pa.schema([file.schema_arrow.field(name) for name in names])
    return pa.Table.from_batches(batches, batches[0].schema if batches else schema)


def _too_many(path: Path, schema: TableSchema, rows: int, findings: Findings, limits: Limits) -> bool:
    if rows <= limits.max_rows:
        return False
    say = Text(
        en=f"{path.name} has {rows:,} rows, at most {limits.max_rows:,} are read.",
        zh=f"{path.name} 有 {rows:,} 行,上限 {limits.max_rows:,} 行。",
    )
    findings.add(Finding("table.too_large", path.name, say, {"table": schema.name}))
    return True
