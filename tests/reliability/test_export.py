"""The same rows in three formats, read back by other libraries; names stay words."""

import csv
import io
import zipfile

import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from everlit.reliability.export import FORMATS, UnableToExport, exported

ROWS = [
    {
        "part": "城东 =1+1",
        "key": "SAIDI-1",
        "title": {"en": "duration", "zh": "平均停电时间"},
        "numerator": 191_700,
        "value": 5.325,
    },
    {
        "part": "=cmd|'/c calc'!A1",
        "key": "CAIDI",
        "title": {"en": "each", "zh": "每次"},
        "numerator": 10**17 + 1,
        "value": None,
    },
]
NAMES = ["part", "key", "title_en", "title_zh", "numerator", "value"]


def test_parquet_keeps_types_and_every_digit():
    read = pq.read_table(io.BytesIO(exported(ROWS, format="parquet"))).to_pylist()
    assert [list(row) for row in read] == [NAMES, NAMES]
    assert read[0]["value"] == 5.325 and read[1]["numerator"] == 10**17 + 1 and read[1]["value"] is None


def test_csv_is_plain_and_starts_no_formula():
    read = list(csv.DictReader(io.StringIO(exported(ROWS, format="csv").decode())))
    assert read[0] == {
        "part": "城东 =1+1",
        "key": "SAIDI-1",
        "title_en": "duration",
        "title_zh": "平均停电时间",
        "numerator": "191700",
        "value": "5.325",
    }
    assert read[1]["part"] == "'=cmd|'/c calc'!A1" and read[1]["value"] == ""


def test_the_workbook_holds_words_and_numbers_and_no_formula():
    file = exported(ROWS, format="xlsx", title="indices 2026-05")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(file)).get_sheet_by_index(0).to_python()
    assert rows[0] == NAMES
    assert rows[1][4:] == [191_700, 5.325] and rows[2][0] == "=cmd|'/c calc'!A1" and rows[2][4] == str(10**17 + 1)
    with zipfile.ZipFile(io.BytesIO(file)) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_rows_give_the_same_bytes_and_no_rows_an_empty_file(form):
    assert exported(ROWS, format=form) == exported(ROWS, format=form)
    assert exported([], format=form)


def test_another_format_and_too_many_rows_are_refused(monkeypatch):
    with pytest.raises(UnableToExport, match="csv"):
        exported(ROWS, format="exe")
    monkeypatch.setattr("everlit.reliability.export.SHEET_ROWS", 1)
    with pytest.raises(UnableToExport, match="worksheet"):
        exported(ROWS, format="xlsx")
