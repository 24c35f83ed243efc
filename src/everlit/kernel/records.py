"""Records of a file somebody sends (文件记录): text in whatever encoding, a header in two languages, numbered rows out.

Only what makes a file no file of its kind is refused here, whole: not text, no header, too large. What is wrong inside
a row is the business of `reading.Row`. Nothing is opened here; bytes come in.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from everlit.kernel.finding import Refusal

Refuse = Callable[[str, str, str], Refusal]
"""Makes the refusal of a file from the kind of its fault, the words in English and in Chinese."""


def decoded(content: bytes, *, most_bytes: int, refuse: Refuse) -> str:
    """The text of a file, UTF-8 or GB 18030."""
    if len(content) > most_bytes:
        size = most_bytes // 1024 // 1024
        raise refuse("too_large", f"The file is larger than {size} MB.", f"文件超过 {size} MB。")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        return text
    raise refuse("encoding", "The file is neither UTF-8 nor GB 18030 text.", "文件不是 UTF-8 或 GB 18030 文本。")


def csv_records(
    text: str, *, required: Sequence[str], headers: Mapping[str, str], most_rows: int, refuse: Refuse
) -> list[tuple[int, Any]]:
    """Numbered rows by column, None for a row with more cells than the header; the first data row is row 2, as a
    spreadsheet shows it. `headers` gives the column a header in another language stands for."""
    first_line = text.partition("\n")[0]
    delimiter = max(",\t;", key=first_line.count) if first_line else ","
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise refuse("csv", f"The file is not valid CSV: {error}.", f"文件不是有效的 CSV：{error}。") from error
    header = [headers.get(cell.strip(), cell.strip().lower()) for cell in rows[0]] if rows else []
    missing = [column for column in required if column not in header]
    if missing:
        shown = ", ".join(missing)
        raise refuse("header", f"The header lacks {shown}.", f"表头缺少 {shown}。")
    doubled = sorted({column for column in header if column and header.count(column) > 1})
    if doubled:
        raise refuse("header", f"The header names {doubled[0]} twice.", f"表头列 {doubled[0]} 重复。")
    records = [
        (number, _cells(header, row)) for number, row in enumerate(rows[1:], 2) if any(cell.strip() for cell in row)
    ]
    return limited(records, most_rows=most_rows, refuse=refuse)


def _cells(header: Sequence[str], row: Sequence[str]) -> Mapping[str, Any] | None:
    return None if len(row) > len(header) else dict(zip(header, row, strict=False))


def limited(records: list[tuple[int, Any]], *, most_rows: int, refuse: Refuse) -> list[tuple[int, Any]]:
    """The records, unless there are too many."""
    if len(records) > most_rows:
        raise refuse("too_large", f"The file has more than {most_rows} rows.", f"文件超过 {most_rows} 行。")
    return records
