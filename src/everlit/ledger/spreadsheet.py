"""Spreadsheets (电子表格): the first sheet of an .xlsx file as cells. python-calamine is imported only here.

A date is a number in a spreadsheet, days since its first one; only the format of the cell says that it is a date. Where
people export numbers without the format, a number of the right size in a column of times is that serial date (日期序列号):

>>> instant_text(46147.25, first=FIRST_DAY), instant_text(46147.0, first=FIRST_DAY), instant_text(7.5, first=FIRST_DAY)
('2026-05-05 06:00:00', '2026-05-05', '7.5')
>>> instant_text(46147.25 - 1462, first=FIRST_DAY_1904)
'2026-05-05 06:00:00'
"""

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import python_calamine

FIRST_DAY, FIRST_DAY_1904, DAY_S = date(1899, 12, 30), date(1904, 1, 1), 86_400
"""Day nought of the two systems; in the older one that day is right from March 1900 on, when its error of a day is past."""
YEARS = range(2000, 2100)
WORKBOOK = "xl/workbook.xml"
MOST_WORKBOOK = 1 << 20
_SINCE_1904 = re.compile(rb"<(?:\w+:)?workbookPr\b[^>]*\bdate1904\s*=\s*[\"'](?:1|true|on)[\"']")


@dataclass(frozen=True, eq=False)
class Cells:
    """The rows of a sheet that are not empty, the line of each, and the day its serial dates are counted from."""

    rows: list[Sequence[object]]
    lines: list[int]
    first_day: date


def read_cells(content: bytes, *, most_bytes: int) -> Cells:
    """The first sheet of a spreadsheet; ValueError for what is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > most_bytes:
                raise ValueError("it unpacks to too much")
            first_day = _first_day(archive)
        sheet = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
        rows = sheet.to_python(skip_empty_area=False)
    except (zipfile.BadZipFile, python_calamine.CalamineError, IndexError) as reason:
        raise ValueError(f"no spreadsheet ({type(reason).__name__})") from reason
    filled = [number for number, row in enumerate(rows) if any(cell != "" for cell in row)]
    return Cells([rows[number] for number in filled], [number + 1 for number in filled], first_day)


def _first_day(archive: zipfile.ZipFile) -> date:
    """What the book says its dates are counted from."""
    if WORKBOOK not in archive.namelist():
        return FIRST_DAY
    with archive.open(WORKBOOK) as file:
        return FIRST_DAY_1904 if _SINCE_1904.search(file.read(MOST_WORKBOOK)) else FIRST_DAY


def cell_text(cell: object) -> str | None:
    """A cell as a person would write it: whole numbers without a point, instants in ISO 8601."""
    if cell == "":
        return None
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, datetime | date) else str(cell)


def is_serial(cell: object, *, first: date) -> bool:
    """Whether a number can be a serial date: one of the years an interruption may lie in."""
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return False
    low, high = ((date(year, 1, 1) - first).days for year in (YEARS.start, YEARS.stop))
    return low <= cell < high


def instant_text(cell: object, *, first: date) -> str | None:
    """A cell of a column of times: a serial date as the day, or day and second, it is; other cells as they are."""
    if not is_serial(cell, first=first) or not isinstance(cell, int | float):
        return cell_text(cell)
    days, second = divmod(round(cell * DAY_S), DAY_S)
    day = str(first + timedelta(days=days))
    return day if float(cell).is_integer() else f"{day} {timedelta(seconds=second)!s:0>8}"
