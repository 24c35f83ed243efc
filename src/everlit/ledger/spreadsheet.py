"""Spreadsheets (电子表格): the first sheet of an .xlsx file as cells of text. python-calamine is imported only here."""

import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime

import python_calamine


def read_cells(content: bytes, *, most_bytes: int) -> tuple[list[Sequence[str | None]], list[int]]:
    """Rows of the first sheet that are not empty, and the number of each; ValueError for what is no spreadsheet."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > most_bytes:
                raise ValueError("it unpacks to too much")
        sheet = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
        rows = sheet.to_python(skip_empty_area=False)
    except (zipfile.BadZipFile, python_calamine.CalamineError, IndexError) as reason:
        raise ValueError(f"no spreadsheet ({type(reason).__name__})") from reason
    filled = [number for number, row in enumerate(rows) if any(cell != "" for cell in row)]
    return [[_text(cell) for cell in rows[number]] for number in filled], [number + 1 for number in filled]


def _text(cell: object) -> str | None:
    """A cell as a person would write it: whole numbers without a point, instants in ISO 8601."""
    if cell == "":
        return None
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, datetime | date) else str(cell)
