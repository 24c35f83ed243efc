"""A file of interruptions as columns of text (停电记录文件): CSV in UTF-8, GBK or UTF-16, Parquet, or a spreadsheet.

Every column is coded: each different cell stands once in `values`, and the rows hold its number. A million rows have few
different days, events and words, so whatever looks at cells looks at each only once.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from everlit.grid.columns import Ints
from everlit.kernel import Finding, Refusal, Text

MEBIBYTE = 1 << 20
MOST_BYTES = 512 * MEBIBYTE
MOST_ROWS = 20_000_000
MOST_RAGGED = 10_000
BATCH_ROWS = 65_536
EMPTY = ("", "nan", "nat", "null", "none", "n/a", "#n/a", "-", "--")
"""Cells that say nothing, in small letters."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "event_id": ("event", "outage_id", "事件编号", "停电编号", "停电事件", "事件"),
    "subject": ("subject_id", "usage_point_id", "consumer_id", "用户编号", "户号", "用电点", "停电对象"),
    "place": (
        "place_id",
        "equipment_id",
        "feeder_id",
        "transformer_id",
        "线路",
        "馈线",
        "台区",
        "配变",
        "停电设备",
        "停电范围",
    ),
    "off": ("off_at", "start", "停电时间", "停电开始时间", "开始时间", "停电起始时间"),
    "on": ("on_at", "end", "复电时间", "送电时间", "恢复时间", "结束时间", "停电终止时间"),
    "nature": ("停电性质", "性质", "停电类型"),
    "cause": ("停电原因", "原因", "责任原因"),
    "source": ("来源", "数据来源"),
    "source_ref": ("reference", "来源编号", "记录编号"),
    "revision": ("修订", "修订号", "版本"),
}
"""Columns of the format, and the other names they go by."""

TIMES = ("off", "on")
NEEDED = ("event_id", "off", "on", "nature")


class UnableToReadInterruptions(Refusal):
    """The file as a whole cannot be read."""

    title = Text(en="The file of interruptions could not be read.", zh="停电记录文件无法读取。")


@dataclass(frozen=True, eq=False)
class Coded:
    """A column: `values` are its different cells, trimmed; `codes` [rows] number them, -1 for an empty cell."""

    values: Sequence[str]
    codes: Ints


@dataclass(frozen=True, eq=False)
class Sheet:
    """A file as read: its columns by their names of the format, and the line of each row.

    `serial` are the rows of a column of times where a spreadsheet has a number and no date format.
    """

    name: str
    columns: Mapping[str, Coded]
    rows: int
    lines: Ints
    ragged: tuple[int, ...] = ()
    serial: Mapping[str, Ints] = field(default_factory=dict)


def read_sheet(source: Path | bytes, *, name: str = "") -> Sheet:
    """Read a file by the ending of its name; raises UnableToReadInterruptions when it is none of the format."""
    name = name or (source.name if isinstance(source, Path) else "interruptions.csv")
    content = _content(source, name)
    readers = {".csv": _from_csv, ".txt": _from_csv, ".parquet": _from_parquet, ".xlsx": _from_xlsx}
    reader = readers.get(Path(name).suffix.lower())
    if reader is None:
        raise _refused(
            "format", name, f"{name} is none of .csv, .parquet, .xlsx.", f"{name} 不是 .csv、.parquet 或 .xlsx 文件。"
        )
    try:
        return reader(content, name)
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as reason:
        cause = str(reason).split("\n")[0][:300]
        raise _refused("unreadable", name, f"{name} cannot be read: {cause}", f"无法读取 {name}:{cause}") from reason


def _content(source: Path | bytes, name: str) -> bytes:
    size = source.stat().st_size if isinstance(source, Path) else len(source)
    if size > MOST_BYTES:
        raise _refused("too_large", name, f"{name} has {size:,} bytes: split it.", f"{name} 为 {size:,} 字节:请拆分。")
    content = source.read_bytes() if isinstance(source, Path) else source
    if not content.strip():
        raise _refused("empty", name, f"{name} is empty.", f"{name} 为空文件。")
    return content


def _refused(kind: str, name: str, en: str, zh: str) -> UnableToReadInterruptions:
    return UnableToReadInterruptions(Finding(f"ledger.file.{kind}", name, Text(en, zh)))


# --------------------------------------------------------------------------------------------------- CSV


def _from_csv(content: bytes, name: str) -> Sheet:
    text = _utf8(content, name)
    first = text[: 64 * 1024].partition(b"\n")[0].rstrip(b"\r").decode("utf-8", "replace")
    mark = max(",;\t", key=first.count)
    header = _format_names(next(csv.reader([first], delimiter=mark), []), name)
    ragged: list[int] = []

    def on_ragged(row: pyarrow.csv.InvalidRow) -> str:
        ragged.append(int(row.number or 0))
        return "skip" if len(ragged) < MOST_RAGGED else "error"

    wanted = [column for column in header if column in COLUMNS]
    table = pyarrow.csv.read_csv(
        pa.BufferReader(text),
        pyarrow.csv.ReadOptions(use_threads=False, column_names=header, skip_rows=1, block_size=8 * MEBIBYTE),
        pyarrow.csv.ParseOptions(delimiter=mark, invalid_row_handler=on_ragged),
        pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(wanted, pa.dictionary(pa.int32(), pa.string())), include_columns=wanted
        ),
    )
    return _sheet(name, table, _filled_lines(text, ragged), tuple(ragged))


def _utf8(content: bytes, name: str) -> bytes:
    """The text of a file in UTF-8, whatever it was written in."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16").encode()
    if b"\0" in content:
        raise _refused("nul", name, f"{name} has NUL bytes.", f"{name} 含有 NUL 字节。")
    content = content.removeprefix(b"\xef\xbb\xbf")
    for encoding in ("utf-8", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return content if encoding == "utf-8" else text.encode()
    raise _refused("encoding", name, f"{name} is neither UTF-8 nor GBK.", f"{name} 既不是 UTF-8 也不是 GBK 编码。")


def _filled_lines(text: bytes, ragged: Sequence[int]) -> Ints:
    """Line number of every row: lines that are neither the header, nor empty, nor of another width than the header."""
    whole = np.frombuffer(text, np.uint8)
    ends = np.append(np.flatnonzero(whole == ord("\n")), len(whole))
    begins = np.append(0, ends[:-1] + 1)
    bare = ends - (whole[np.maximum(ends - 1, 0)] == ord("\r"))
    filled = np.flatnonzero(bare > begins) + 1
    return np.setdiff1d(filled[1:], np.array(ragged, np.int64), assume_unique=True).astype(np.int32)


# ------------------------------------------------------------------------------------- Parquet and XLSX


def _from_parquet(content: bytes, name: str) -> Sheet:
    with pyarrow.parquet.ParquetFile(pa.BufferReader(content)) as file:
        header = _format_names(list(file.schema_arrow.names), name)
        if file.metadata.num_rows > MOST_ROWS:
            raise _refused("too_large", name, f"{name} has too many rows: split it.", f"{name} 行数过多:请拆分。")
        wanted = [place for place, column in enumerate(header) if column in COLUMNS]
        names = [file.schema_arrow.names[place] for place in wanted]
        batches, size = [], 0
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=names):
            batches.append(batch)
            size += batch.nbytes
            if size > 4 * MOST_BYTES:
                raise _refused("too_large", name, f"{name} unpacks to too much.", f"{name} 解压后过大。")
        table = pa.Table.from_batches(batches, pa.schema([file.schema_arrow.field(one) for one in names]))
    columns = [_as_text(table.column(one)) for one in names]
    return _sheet(name, pa.table(columns, names=[header[place] for place in wanted]), np.arange(1, table.num_rows + 1))


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Typed cells as people would write them: instants with their offset, several identities with semicolons."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _as_text(column.cast(kind.value_type))
    if pa.types.is_timestamp(kind):
        text = column.cast(pa.timestamp("us")).cast(pa.string())
        return pc.binary_join_element_wise(text, "Z", "") if kind.tz else text
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pc.binary_join(column.cast(pa.list_(pa.string())), ";")
    if pa.types.is_floating(kind) and pc.all(pc.equal(pc.floor(column), column)).as_py():
        return pc.if_else(pc.is_finite(column), column, None).cast(pa.int64()).cast(pa.string())
    return column.cast(pa.string())


def _from_xlsx(content: bytes, name: str) -> Sheet:
    from everlit.ledger.spreadsheet import cell_text, instant_text, is_serial, read_cells

    sheet = read_cells(content, most_bytes=4 * MOST_BYTES)
    header = _format_names([str(cell) for cell in sheet.rows[0]], name) if sheet.rows else []
    serial: dict[str, Ints] = {}
    columns = {}
    for place, column in enumerate(header):
        cells = [row[place] for row in sheet.rows[1:]] if column in COLUMNS else []
        if column in TIMES:
            numbers = [number for number, cell in enumerate(cells) if is_serial(cell, first=sheet.first_day)]
            serial |= {column: np.array(numbers, np.int32)} if numbers else {}
            columns[column] = pa.array([instant_text(cell, first=sheet.first_day) for cell in cells], pa.string())
        elif column in COLUMNS:
            columns[column] = pa.array([cell_text(cell) for cell in cells], pa.string())
    return replace(_sheet(name, pa.table(columns), np.array(sheet.lines[1:], np.int32)), serial=serial)


# --------------------------------------------------------------------------------------------- columns


def _format_names(header: Sequence[str], name: str) -> list[str]:
    """The columns under their names of the format; strangers keep a name that the format does not know."""
    known = {other: column for column, others in COLUMNS.items() for other in (column, *others)}
    names = [known.get(word.strip().lower(), f"?{place}") for place, word in enumerate(header)]
    twice = sorted({column for column in names if names.count(column) > 1})
    missing = [column for column in NEEDED if column not in names]
    if "subject" not in names and "place" not in names:
        missing.append("subject | place")
    found = [
        Finding("ledger.file.column_twice", name, Text(f"Column {one} stands twice.", f"列 {one} 重复出现。"))
        for one in twice
    ]
    found += [
        Finding("ledger.file.column_missing", name, Text(f"Column {one} is missing.", f"缺少列 {one}。"))
        for one in missing
    ]
    if found:
        raise UnableToReadInterruptions(*found)
    return names


def _sheet(name: str, table: pa.Table, lines: Ints, ragged: tuple[int, ...] = ()) -> Sheet:
    if table.num_rows > MOST_ROWS:
        raise _refused("too_large", name, f"{name} has too many rows: split it.", f"{name} 行数过多:请拆分。")
    columns = {column: _coded(table.column(column)) for column in table.column_names}
    return Sheet(name, columns, table.num_rows, lines, ragged)


def _coded(column: pa.ChunkedArray) -> Coded:
    if not len(column):
        return Coded([], np.zeros(0, np.int32))
    whole = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    whole = whole.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0)
    cells = pc.utf8_trim_whitespace(whole.dictionary)
    values = pc.unique(cells.filter(pc.invert(pc.is_in(pc.utf8_lower(cells), pa.array(EMPTY)))))
    clean = len(values) == len(cells)
    place = np.arange(len(cells)) if clean else np.asarray(pc.fill_null(pc.index_in(cells, values), -1))
    recoded = np.append(place, -1).astype(np.int32)
    return Coded(values.to_pylist(), recoded[np.asarray(pc.fill_null(whole.indices, len(cells)))])
