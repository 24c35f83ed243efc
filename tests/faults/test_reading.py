"""Files of signals: every format gives the same, whatever is wrong is told with its row, nothing breaks."""

import csv
import io
import json
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from everlit.faults.model import SignalKind
from everlit.faults.reading import UnableToReadSignals, read_signals, signals_of

ROWS = [
    {"source": "ftu", "source_id": "1", "kind": "overcurrent", "subject": "s1", "value": "0",
     "occurred_at": "2026-06-01T12:00:00+08:00", "arrived_at": "2026-06-01T04:00:05Z", "phase": "", "group": ""},
    {"source": "ams", "source_id": "2", "kind": "power_off", "subject": "户7", "value": "",
     "occurred_at": "2026-06-01T12:00:01.250+08:00", "arrived_at": "", "phase": "b", "group": "k1"},
]  # fmt: skip


def as_csv(rows, encoding="utf-8"):
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def as_xlsx(rows):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for column, name in enumerate(rows[0]):
            sheet.write_string(0, column, name)
            for row, cells in enumerate(rows, 1):
                sheet.write_string(row, column, cells[name])
    return out.getvalue()


def as_parquet(rows):
    out = io.BytesIO()
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", as_csv(ROWS)),
        ("a.CSV", as_csv(ROWS, "gb18030")),
        ("a.json", json.dumps(ROWS).encode()),
        ("a.json", json.dumps({"signals": ROWS}).encode()),
        ("a.parquet", as_parquet(ROWS)),
        ("a.xlsx", as_xlsx(ROWS)),
    ],
)
def test_every_format_gives_the_same(name, content):
    read = read_signals(content, name=name)
    assert not read.findings and read.checked == 2
    one, other = read.signals
    assert (one.kind, one.value, one.subject) == (SignalKind.OVERCURRENT, False, "s1")
    assert one.occurred_at.isoformat() == "2026-06-01T12:00:00+08:00"
    assert one.arrived_at.isoformat() == "2026-06-01T04:00:05+00:00"
    assert (other.value, other.phase, other.group, other.subject) == (True, "B", "k1", "户7")
    assert other.arrived_at == other.occurred_at and other.occurred_at.utcoffset().total_seconds() == 8 * 3600


def test_chinese_headers_and_words():
    text = "来源,信号编号,类型,对象,值,发生时间\n配自,1,故障指示,s1,无,2026-06-01T12:00:00+08:00\n"
    (one,) = read_signals(text.encode("gb18030"), name="信号.csv").signals
    assert one.kind is SignalKind.OVERCURRENT and not one.value


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"kind": "howl"}, "signals.choice"),
        ({"source_id": ""}, "signals.missing"),
        ({"subject": "x\x07"}, "signals.characters"),
        ({"occurred_at": "2026-06-01 12:00"}, "signals.time.naive"),
        ({"occurred_at": "yesterday"}, "signals.time.unreadable"),
        ({"arrived_at": "9999-01-01T00:00:00Z"}, "signals.time.year"),
        ({"phase": "D"}, "signals.phase"),
        ({"value": "perhaps"}, "signals.flag"),
        ({"kind": "call", "value": "0"}, "signals.one_way"),
    ],
)
def test_what_is_wrong_is_told_with_its_row_and_the_others_stay(change, kind):
    read = signals_of(list(enumerate([ROWS[1], {**ROWS[0], **change}], 7)))
    assert [signal.source_id for signal in read.signals] == ["2"]
    assert {finding.kind for finding in read.findings} == {kind}
    assert all(finding.evidence["row"] == 8 and finding.message.zh for finding in read.findings)


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.parquet", "a.xlsx", "a.exe", "a"])
@given(content=st.binary(max_size=300))
@settings(max_examples=20, deadline=None)
def test_any_bytes_are_signals_or_a_refusal(name, content):
    with suppress(UnableToReadSignals):
        assert not read_signals(content, name=name).signals


CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.lists(st.integers(), max_size=2)
)


@given(st.lists(st.one_of(CELLS, st.dictionaries(st.sampled_from([*ROWS[0], "else"]), CELLS)), max_size=5))
@settings(max_examples=100, deadline=None)
def test_any_json_values_are_findings(rows):
    read = signals_of(list(enumerate(rows, 1)))
    assert read.checked == len(rows)
    assert len(read.signals) + len({finding.evidence["row"] for finding in read.findings}) == len(rows)
