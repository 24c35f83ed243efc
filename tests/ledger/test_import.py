"""Files as people send them: every fault with its row and reason in both languages, good rows kept, nothing half."""

import io
import zipfile
from datetime import UTC, datetime, time, timedelta

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everlit.grid import compile_network
from everlit.kernel import Period, Refusal, Severity, utc
from everlit.ledger.drafting import draft
from everlit.ledger.faults import Faults
from everlit.ledger.model import Cause, Nature
from everlit.ledger.outcome import UnableToRecord
from everlit.ledger.places import Places
from everlit.ledger.policies import LEDGER_POLICIES
from everlit.ledger.reading import read_records
from everlit.ledger.roster import roster
from everlit.ledger.spreadsheet import FIRST_DAY, instant_text
from everlit.ledger.tabular import UnableToReadInterruptions, read_sheet
from everlit.ledger.words import CAUSE_WORDS, NATURE_WORDS
from tests.ledger.drawn import EDITOR, HEADER, NOON, SHANGHAI, Hand, app_on, network, sheet

PLACES = Places(roster(compile_network(network())))
GOOD = "G,a,2026-05-03 08:00,2026-05-03 10:00,fault.internal"
NAIVE = datetime.fromisoformat("2026-05-03T00:00")
CHINESE = (
    "停电编号,用户编号,停电时间,复电时间,停电性质,停电原因\nG,a,2026年5月3日8时,2026/5/3 10:00,计划检修停电,设备老化\n"
)


def read(content, *, name="f.csv", zone=SHANGHAI):
    """Rows, statements and faults of a file, without a store."""
    read_ = read_sheet(content, name=name)
    faults = Faults(read_)
    records = read_records(read_, PLACES, faults, zone=zone, now=NOON, review=LEDGER_POLICIES.rows[0])
    return draft(read_, records, PLACES, faults, source="import").drafts, faults


def kinds(faults, *, at_least=Severity.NOTE):
    order = [Severity.NOTE, Severity.WARNING, Severity.ERROR]
    return [one.kind for one in faults.listed() if order.index(one.severity) >= order.index(at_least)]


def span(drafts):
    rows = drafts.rows
    return [datetime.fromtimestamp(at, UTC).isoformat() for at in (rows.start_s.min(), rows.end_s.max())]


@pytest.mark.parametrize(
    ("row", "kind", "column", "zh"),
    [
        (",a,2026-05-03 08:00,2026-05-03 10:00,fault", "missing", "event_id", "为空"),
        ("X,a,,2026-05-03 10:00,fault", "missing", "off", "为空"),
        ("X,a,2026-05-03 08:00,NaN,fault", "missing", "on", "为空"),
        ("X,a,2026-05-03 08:00,2026-05-03 10:00,", "missing", "nature", "为空"),
        ("X,,2026-05-03 08:00,2026-05-03 10:00,fault", "missing", "subject", "未指明"),
        ("X,a,2026-05-03 08:00,2026-05-03 08:00,fault", "order", "on", "不晚于停电时间"),
        ("X,a,2026-05-03 10:00,2026-05-03 08:00,fault", "order", "on", "不晚于停电时间"),
        ("X,a,yesterday,2026-05-03 08:00,fault", "time.unreadable", "off", "不是时刻"),
        ("X,a,2026-02-30 08:00,2026-05-03 08:00,fault", "time.unreadable", "off", "不是时刻"),
        ("X,a,2026-05-03,2026-05-03 08:00,fault", "time.day", "off", "只有日期"),
        ("X,a,1026-05-03 07:00,2026-05-03 08:00,fault", "time.year", "off", "年内"),
        ("X,a,2026-06-02 08:00,2026-06-03 08:00,fault", "future", "off", "晚于当前时间"),
        ("X,a,2026-05-30 08:00,2026-06-03 08:00,fault", "future", "on", "晚于当前时间"),
        ("X,nobody,2026-05-03 08:00,2026-05-03 10:00,fault", "subject.absent", "subject", "不在电网模型中"),
        ("X,a;nobody,2026-05-03 08:00,2026-05-03 10:00,fault", "subject.absent", "subject", "不在电网模型中"),
        ("X,T,2026-05-03 08:00,2026-05-03 10:00,fault", "subject.nobody", "subject", "未向任何用户供电"),
        ("X,a,2026-05-03 08:00,2026-05-03 10:00,blackout", "nature", "nature", "不是 DL/T 836 停电性质"),
        (f"{'X' * 121},a,2026-05-03 08:00,2026-05-03 10:00,fault", "text", "event_id", "超过120字"),
        ("X\u202e,a,2026-05-03 08:00,2026-05-03 10:00,fault", "text", "event_id", "控制字符"),
        ("G,b,2026-05-03 08:00,2026-05-03 10:00,planned.switching_over", "nature.differs", "nature", "与该记录首行"),
    ],
)
def test_a_faulty_row_is_told_and_the_good_one_kept(row, kind, column, zh):
    drafts, faults = read(sheet(GOOD, row))
    (found,) = [one for one in faults.listed() if one.severity is Severity.ERROR]
    assert (found.kind, found.evidence["column"], found.evidence["row"]) == (f"ledger.{kind}", column, 3)
    assert zh in found.message.zh and "第3行" in found.message.zh and "Row 3" in found.message.en
    assert list(drafts.event_ids) == ["G"]
    assert faults.bad.tolist() == [False, True]


@pytest.mark.parametrize(
    ("row", "kind", "severity"),
    [
        ("L,a,2026-03-03 08:00,2026-05-03 10:00,fault.internal", "review", Severity.WARNING),
        (GOOD, "repeated", Severity.WARNING),
        ("G,a,2026-05-03 09:00,2026-05-03 11:00,fault.internal", "overlapping", Severity.WARNING),
        ("L,b,2026-05-03 08:00,2026-05-03 10:00,故障停电", "word", Severity.NOTE),
    ],
)
def test_what_is_odd_is_kept_with_a_word(row, kind, severity):
    _, faults = read(sheet(GOOD, row))
    (found,) = faults.listed()
    assert (found.kind, found.severity, found.evidence["row"]) == (f"ledger.{kind}", severity, 3)
    assert not faults.bad.any()


def test_thirty_days_are_not_yet_too_long():
    _, faults = read(sheet("L,a,2026-04-01 08:00,2026-05-01 08:00,fault.internal"))
    assert kinds(faults) == []


def test_an_unknown_cause_is_unknown():
    drafts, faults = read(sheet(f"{GOOD},gremlins", header=f"{HEADER},cause"))
    assert kinds(faults) == ["ledger.cause"]
    assert drafts.cause.tolist() == [0]


def test_overlapping_and_repeated_rows_are_one_interval():
    drafts, _ = read(sheet(GOOD, GOOD, "G,a,2026-05-03 09:00,2026-05-03 11:00,fault.internal"))
    ids = PLACES.roster.ids.to_pylist()
    assert [ids[row] for row in drafts.rows.subject.tolist()] == ["a", "a"], "the load and the MV unit it is"
    assert set((drafts.rows.end_s - drafts.rows.start_s).tolist()) == {3 * 3600}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_chinese_files_in_every_coding(encoding, newline):
    drafts, faults = read(CHINESE.replace("8时,", "8时0分,").replace("\n", newline).encode(encoding))
    assert kinds(faults, at_least=Severity.WARNING) == []
    assert span(drafts) == ["2026-05-03T00:00:00+00:00", "2026-05-03T02:00:00+00:00"]


def test_local_time_is_of_the_utility_unless_an_offset_stands():
    rows = ("Z,a,2026-05-03T00:00Z,2026-05-03T11:00+09:00,fault.internal",)
    drafts, _ = read(sheet(*rows))
    assert span(drafts) == ["2026-05-03T00:00:00+00:00", "2026-05-03T02:00:00+00:00"]


@pytest.mark.parametrize(
    ("off", "kind"), [("2026-03-29 02:30", "skipped"), ("2025-10-26 02:30", "twice"), ("2025-10-26T02:30+01:00", None)]
)
def test_hours_the_clock_shows_twice_or_never_need_an_offset(off, kind):
    from zoneinfo import ZoneInfo

    _, faults = read(sheet(f"X,a,{off},2026-04-03 08:00,fault.internal"), zone=ZoneInfo("Europe/Berlin"))
    assert kinds(faults, at_least=Severity.ERROR) == ([f"ledger.time.{kind}"] if kind else [])


def test_parquet_with_typed_cells():
    table = pa.table(
        {
            "event": pa.array([7.0, 8.0]),
            "subject": pa.array([["a", "b"], ["c"]]),
            "off": pa.array([datetime(2026, 5, 3, tzinfo=UTC)] * 2, pa.timestamp("ms", "UTC")),
            "on": pa.array([NAIVE.replace(hour=10, second=30), None], pa.timestamp("us")),
            "nature": pa.array(["fault.internal", "fault.internal"]).dictionary_encode(),
        }
    )
    sink = io.BytesIO()
    pa.parquet.write_table(table, sink)
    drafts, faults = read(sink.getvalue(), name="f.parquet")
    assert list(drafts.event_ids) == ["7"]
    assert span(drafts) == ["2026-05-03T00:00:00+00:00", "2026-05-03T02:00:30+00:00"]
    assert [(one.kind, one.evidence["row"]) for one in faults.listed()] == [("ledger.missing", 2)]


def test_a_spreadsheet_with_typed_cells():
    import xlsxwriter

    sink = io.BytesIO()
    with xlsxwriter.Workbook(sink, {"in_memory": True}) as book:
        page = book.add_worksheet()
        day = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        page.write_row(0, 0, HEADER.split(","))
        page.write_row(2, 0, [12, "a"])
        page.write_datetime(2, 2, NAIVE.replace(hour=8), day)
        page.write_datetime(2, 3, NAIVE.replace(hour=9, minute=30), day)
        page.write_string(2, 4, "外部故障停电")
        page.write_row(3, 0, ["13", "nobody", "2026-05-03 08:00", "2026-05-03 09:00", "fault"])
    drafts, faults = read(sink.getvalue(), name="f.xlsx")
    assert list(drafts.event_ids) == ["12"]
    assert span(drafts) == ["2026-05-03T00:00:00+00:00", "2026-05-03T01:30:00+00:00"]
    errors = [one for one in faults.listed() if one.severity is Severity.ERROR]
    assert [(one.kind, one.evidence["row"]) for one in errors] == [("ledger.subject.absent", 4)]


def numbered(rows, **book):
    """A spreadsheet of these cells, numbers without a format."""
    import xlsxwriter

    sink = io.BytesIO()
    with xlsxwriter.Workbook(sink, {"in_memory": True, **book}) as made:
        page = made.add_worksheet()
        for number, row in enumerate([HEADER.split(","), *rows]):
            page.write_row(number, 0, row)
    return sink.getvalue()


@pytest.mark.parametrize(("book", "less"), [({}, 0), ({"date_1904": True}, 1462)])
def test_bare_numbers_in_a_column_of_times_are_serial_dates_told_once_a_column(book, less):
    first = ["12", "a", 46145.25 - less, 46145 + 8 / 24 + 30 / 86400 - less, "fault"]
    content = numbered([first, ["13", "b", 46146.5 - less, "2026-05-04 13:00", "fault"]], **book)
    drafts, faults = read(content, name="f.xlsx")
    assert list(drafts.event_ids) == ["12", "13"]
    assert span(drafts) == ["2026-05-02T22:00:00+00:00", "2026-05-04T05:00:00+00:00"]
    told = [one for one in faults.listed() if one.kind == "ledger.time.serial"]
    assert [(one.evidence["column"], one.evidence["row"], one.severity) for one in told] == [
        ("off", 2, Severity.NOTE), ("on", 2, Severity.NOTE),
    ]  # fmt: skip
    assert told[0].message.en.endswith("2 numbers are read as spreadsheet dates, first 2026-05-03 06:00:00.")


@pytest.mark.parametrize(
    ("number", "kind"),
    [(46145, "day"), (7.5, "unreadable"), (-1.5, "unreadable"), (1e12, "unreadable"), (36525.5, "unreadable"),
     (73051.5, "unreadable"), (True, "unreadable")],
)  # fmt: skip
def test_numbers_that_are_no_plausible_date_are_refused_with_row_and_column(number, kind):
    content = numbered([["12", "a", number, "2026-05-04 13:00", "fault"], ["13", "a", 46145.25, 46145.5, "fault"]])
    drafts, faults = read(content, name="f.xlsx")
    assert list(drafts.event_ids) == ["13"]
    (wrong,) = [one for one in faults.listed() if one.severity is Severity.ERROR]
    assert (wrong.kind, wrong.evidence["row"], wrong.evidence["column"]) == (f"ledger.time.{kind}", 2, "off")


@given(st.datetimes(NAIVE.replace(year=2000), NAIVE.replace(year=2099)))
def test_a_serial_date_is_the_second_a_spreadsheet_means(at):
    at = at.replace(microsecond=0)
    serial = (at - NAIVE.replace(year=1899, month=12, day=30)) / timedelta(days=1)
    told = instant_text(serial, first=FIRST_DAY)
    assert told == (f"{at:%Y-%m-%d %H:%M:%S}" if at.time() != time() else f"{at:%Y-%m-%d}")


def zipped(name, content):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (b"", "f.csv", "empty"),
        (b"\n \n", "f.csv", "empty"),
        (b"event_id,subject\0", "f.csv", "nul"),
        (b"\xff\xff\xfe\x81", "f.csv", "encoding"),
        (b"event_id,subject,off,on\n", "f.csv", "column_missing"),
        (b"event_id,off,on,nature\n", "f.csv", "column_missing"),
        (b"event_id,subject,off,on,nature,nature\n", "f.csv", "column_twice"),
        ("event_id,用户编号,subject,off,on,nature\n".encode(), "f.csv", "column_twice"),
        (b"hello", "f.pdf", "format"),
        (b"PK\x03\x04noise", "f.xlsx", "unreadable"),
        (zipped("a.txt", b"hello"), "f.xlsx", "unreadable"),
        (b"PAR1 noise PAR1", "f.parquet", "unreadable"),
        (b"{}", "f.parquet", "unreadable"),
    ],
)
def test_a_file_that_is_none_is_refused_whole(content, name, kind):
    with pytest.raises(UnableToReadInterruptions) as refused:
        read(content, name=name)
    assert {finding.kind for finding in refused.value.findings} == {f"ledger.file.{kind}"}


def test_lines_of_another_width_are_rows_that_were_not_kept(tmp_path):
    app = app_on(f"sqlite:///{tmp_path / 'e.db'}", tmp_path, Hand())
    content = sheet(GOOD, "X,a", "", GOOD.replace("G,", "H,"), "Y,nobody,2026-05-03 08:00,2026-05-03 09:00,fault")
    done = app.ledger.import_file("drawn", content, actor=EDITOR, name="f.csv")
    assert (done.rows, done.refused, done.recording.statements) == (4, 2, 2)
    errors = [one for one in done.findings() if one.severity is Severity.ERROR]
    assert [(one.kind, one.evidence["row"]) for one in errors] == [
        ("ledger.row.ragged", 3),
        ("ledger.subject.absent", 6),
    ]
    with pytest.raises(UnableToRecord):
        app.ledger.import_file("drawn", sheet("Y,nobody,2026-05-03 08:00,2026-05-03 09:00,fault"), actor=EDITOR)


def test_a_million_faults_are_told_by_the_hundred():
    rows = [f"X{number},nobody {number},2026-05-03 08:00,2026-05-03 09:00,fault.internal" for number in range(250)]
    _, faults = read(sheet(*rows))
    listed = list(faults.listed())
    assert len(listed) == 101
    assert dict(listed[-1].evidence) == {"ledger.subject.absent": 150}
    assert len(list(faults.listed(shown=None))) == 250


def test_places_and_several_subjects_in_one_cell():
    header = "event_id,subject,place,off,on,nature"
    drafts, _ = read(sheet("G,meter a；b,,2026-05-03 08:00,2026-05-03 09:00,限电", header=header))
    ids = PLACES.roster.ids.to_pylist()
    assert sorted(ids[row] for row in drafts.rows.subject.tolist()) == ["a", "a", "b", "b"]
    drafts, _ = read(sheet("G,,FA,2026-05-03 08:00,2026-05-03 09:00,限电", header=header))
    assert sorted(ids[row] for row in drafts.rows.subject.tolist()) == ["TA", "a", "a", "b", "b", "home 1", "home 2"]


def test_every_label_of_the_tree_is_a_word_and_no_word_is_two_things():
    for words, leaves in ((NATURE_WORDS, Nature), (CAUSE_WORDS, Cause)):
        assert all(words[leaf.label.zh].leaf is leaf and words[leaf.label.en].leaf is leaf for leaf in leaves)
        assert all(word == word.strip().lower() for word in words)


@given(st.binary(max_size=400), st.sampled_from(["f.csv", "f.parquet", "f.xlsx"]))
def test_noise_is_refused_never_a_traceback(content, name):
    with pytest.raises(Refusal) as refused:
        read(content, name=name)
    assert all(finding.message.zh and finding.message.en for finding in refused.value.findings)


CELLS = st.one_of(
    st.sampled_from(
        ["a", "G", "2026-05-03 08:00", "2026-05-03 09:00", "fault", "", "nan", "1e999", "-1", "T;a", "２０"]
    ),
    st.text(st.characters(blacklist_characters=',"\r\n\0', blacklist_categories=("Cs",)), max_size=8),
)


@given(st.lists(st.lists(CELLS, min_size=8, max_size=8), max_size=6))
def test_any_cells_are_rows_or_findings(rows):
    header = f"{HEADER},cause,source,revision"
    try:
        drafts, faults = read(sheet(*(",".join(row) for row in rows), header=header))
    except UnableToReadInterruptions:
        return
    errors = [one for one in faults.listed(shown=None) if one.severity is Severity.ERROR]
    assert {one.evidence["row"] for one in errors} == set((faults.bad.nonzero()[0] + 2).tolist())
    assert (drafts.rows.end_s > drafts.rows.start_s).all()


def test_good_rows_of_a_mixed_file_are_one_transaction_and_come_back(tmp_path):
    app = app_on(f"sqlite:///{tmp_path / 'e.db'}", tmp_path, Hand())
    content = sheet(
        GOOD, "X,nobody,2026-05-03 08:00,2026-05-03 09:00,fault", "H,FB,2026-05-04 08:00,2026-05-04 09:00,计划停电"
    )
    done = app.ledger.import_file("drawn", content, actor=EDITOR, name="mixed.csv")
    assert not done.clean and done.as_json()["kept"] == 2
    period = Period(utc("2026-05-01T00:00Z"), utc("2026-06-01T00:00Z"))
    assert [one.event_id for one in app.ledger.events("drawn", period)] == ["G", "H"]
    again = app.ledger.import_file("drawn", content, actor=EDITOR, name="mixed.csv")
    assert (again.recording.statements, again.recording.unchanged, again.refused) == (0, 2, 1)
