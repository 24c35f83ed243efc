"""Figures as files (导出): CSV for anybody, Parquet for programs, XLSX for the desk; the same rows in all three.

A name is a word in every cell: what begins with "=" is no formula in the workbook, and in CSV it is quoted with an
apostrophe, so that a spreadsheet opened on it computes nothing. The same rows give the same bytes.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from everlit.kernel import Finding, Refusal, Text

FORMATS: Mapping[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""Formats and their media types."""
SHEET_ROWS = 1_048_575
"""Rows a worksheet has below its head."""
FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r")
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""The date workbooks carry: their content decides their bytes, not the hour of writing."""


class UnableToExport(Refusal):
    """Another format, or more rows than a worksheet holds."""

    title = Text(en="The figures could not be exported.", zh="数据无法导出。")


def exported(rows: Iterable[Mapping[str, Any]], *, format: str, title: str = "indices") -> bytes:  # noqa: A002
    """The rows as one file. Texts in two languages become two columns; raises UnableToExport."""
    if format not in FORMATS:
        words = Text(
            en=f"{format[:20]} is none of {', '.join(FORMATS)}.", zh=f"格式 {format[:20]} 不是 {'、'.join(FORMATS)}。"
        )
        raise UnableToExport(Finding("format.unknown", format[:20], words))
    flat = [_flat(row) for row in rows]
    names = list(dict.fromkeys(name for row in flat for name in row))
    if format == "parquet":
        return _parquet(names, flat)
    return _csv(names, flat) if format == "csv" else _xlsx(names, flat, title)


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Cells of one level: `title` of two languages becomes `title_en` and `title_zh`."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}_{language}": text for language, text in value.items()}
        else:
            flat[name] = value
    return flat


def _csv(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_harmless(row.get(name)) for name in names] for row in rows)
    return text.getvalue().encode()


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_BEGINS) and cell != "-" else cell


def _parquet(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    sink = pa.BufferOutputStream()
    table = pa.table({name: pa.array([row.get(name) for row in rows]) for name in names})
    pa.parquet.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue())


def _xlsx(names: Sequence[str], rows: Sequence[Mapping[str, Any]], title: str) -> bytes:
    import xlsxwriter

    if len(rows) > SHEET_ROWS:
        en, zh = (
            f"{len(rows)} rows: a worksheet holds {SHEET_ROWS}.",
            f"{len(rows)} 行,超过工作表上限 {SHEET_ROWS} 行。",
        )
        raise UnableToExport(Finding("export.rows", title, Text(en=en, zh=zh)))
    file = io.BytesIO()
    kept_as_written = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(file, {"in_memory": True, **kept_as_written}) as book:
        book.set_properties({"title": title, "created": EPOCH.replace(tzinfo=None)})
        sheet, bold = book.add_worksheet(title[:31]), book.add_format({"bold": True})
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, len(rows), max(len(names) - 1, 0))
        sheet.write_row(0, 0, names, bold)
        for number, row in enumerate(rows, 1):
            sheet.write_row(number, 0, [_cell(row.get(name)) for name in names])
        sheet.set_column(0, max(len(names) - 1, 0), 14)
    return file.getvalue()


def _cell(value: Any) -> Any:
    """What a worksheet can hold: integers beyond 15 digits would be rounded, so they are told as text."""
    return str(value) if isinstance(value, int) and abs(value) >= 10**15 else value
