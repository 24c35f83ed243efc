"""The monthly report: every figure on paper is the figure of the rules, in both languages, as it was reported."""

import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pypdf import PdfReader

from everlit.kernel import Text
from everlit.reliability.calendar import UnableToUsePeriod, month_period
from everlit.reliability.model import Base, Book
from everlit.reliability.report import page, report_pages, report_pdf
from tests.ledger.drawn import EDITOR, SHANGHAI, Hand, app_on, sheet
from tests.reliability.test_service import ROWS

FAR = "F9,b,2026-05-30 08:00,2026-05-30 09:00,fault"


@pytest.fixture
def app(tmp_path):
    app = app_on(f"sqlite:///{tmp_path / 'everlit.db'}", tmp_path, Hand())
    app.ledger.import_file("drawn", sheet(*ROWS), actor=EDITOR)
    yield app
    app.engine.dispose()


def made(app, **told):
    return app.reliability.report("drawn", "2026-05", allotted_h={("east", "2026-05"): 6.0}, committed_h={}, **told)


def words(document):
    return ["".join(one.extract_text().split()) for one in PdfReader(io.BytesIO(document)).pages]


def test_the_chinese_report_shows_the_figures_of_the_rules(app):
    report = made(app, transferred_h=3.0)
    text = "".join(words(report_pdf(report)))
    saidi = (
        app.reliability.indices("drawn", month_period("2026-05", SHANGHAI))
        .counted[Base.UNITS]
        .index("SAIDI-1", Book.DLT)
    )
    for expected in (
        f"{saidi.value:.4f}",
        "供电可靠性月报",
        "2026-05",
        "未封账",
        "FA",
        "内部故障停电",
        "计划停电转供率",
        "重大事件日",
        "8.50",
    ):
        assert expected in text, expected


def test_the_english_report_says_the_same(app):
    text = "".join(words(report_pdf(made(app), language="en")))
    for expected in ("Reliabilityreport", "notclosed", "2.1250", "99.7144", "faultinsidethemanagedplant", "yeartodate"):
        assert expected in text, expected
    assert not any("\u4e00" <= letter <= "\u9fff" for letter in text)


def test_a_month_not_over_says_so_and_one_not_begun_is_refused(app):
    app.clock.now = month_period("2026-05", SHANGHAI).end - timedelta(seconds=1)
    assert (
        "暂定" in page(made(app), language="zh")["standing"]
        and "PROVISIONAL" in page(made(app), language="en")["standing"]
    )
    assert "暂定" in "".join(words(report_pdf(made(app))))
    app.clock.later(seconds=1)
    assert "暂定" not in page(made(app), language="zh")["standing"]
    app.clock.now = month_period("2026-05", SHANGHAI).start - timedelta(seconds=1)
    with pytest.raises(UnableToUsePeriod):
        made(app)


def test_charts_and_rankings_add_up_to_the_month(app):
    shown = page(made(app), language="zh")
    (may,) = [bar for bar in shown["months"] if bar["label"] == "05"]
    assert may["values"] == [5.5, 3.0] and shown["months"][3]["values"] == [pytest.approx(121 / 60), 0.0]
    assert len(shown["days"]) == 31 and shown["days"][2]["values"] == [pytest.approx(5.5 * 60 / 4)]
    assert sum(float(row["value"]) for row in shown["causes"]) == 8.5 and shown["causes"][-1]["cumulated"] == "100%"
    assert [row[:2] for row in shown["feeders"]["rows"]] == [["FA", "5.50"], ["FB", "3.00"]]
    assert [row[0] for row in shown["events"]["rows"]] == ["S1", "S2"]
    (east,) = [row for row in shown["budget"]["rows"] if row[0] == "east"]
    assert east == ["east", "6.00", "0.00", "0.00", "6.00"]


def test_a_closed_month_is_shown_as_reported_with_what_would_be_different(app):
    closed = app.reliability.close_month("drawn", "2026-05", actor=EDITOR)
    app.clock.later(days=1)
    app.ledger.import_file("drawn", sheet(FAR), actor=EDITOR)
    report = made(app)
    shown = page(report, language="en")
    assert shown["tiles"][3]["value"] == "8.50" and closed.fingerprint[:12] in shown["standing"]
    changed = {row[0]: row[1:] for row in shown["changes"]["rows"]}
    assert changed["TH-1 (dlt, MV statistic units)"] == ["8.50", "9.50"]
    text = "".join(words(report_pdf(report, language="en")))
    assert "Whatwouldbedifferentnow" in text and "closed,version1,byLin" in text


def test_only_the_shipped_font_is_used_and_the_bytes_repeat(app):
    report = made(app)
    first = report_pdf(report)
    assert first == report_pdf(report)
    for one in PdfReader(io.BytesIO(first)).pages:
        fonts: Any = one["/Resources"]["/Font"]  # type: ignore[index]
        names = {font.get_object()["/BaseFont"] for font in fonts.values()}
        assert names and all("NotoSansSC" in name for name in names)
    pictures = report_pages(report, dots_per_inch=40)
    assert len(pictures) == len(words(first)) and all(picture.startswith(b"\x89PNG") for picture in pictures)


def test_names_are_words_never_markup_and_nothing_happened_is_a_report(tmp_path):
    app = app_on(f"sqlite:///{tmp_path / 'everlit.db'}", tmp_path, Hand())
    report = made(app)
    assert page(report, language="zh")["tiles"][0]["value"] == "0.0000"
    hostile = replace(report, title=Text('#panic("x") *b* $a$', '#panic("x") </svg> \\'))
    assert report_pdf(hostile).startswith(b"%PDF") and report_pdf(hostile, language="en").startswith(b"%PDF")
    app.engine.dispose()
