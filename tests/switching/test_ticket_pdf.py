"""The printed ticket: every step on paper, in both languages, with the font that ships, on as many pages as it takes."""

import io
from dataclasses import replace
from typing import Any

import pytest
from pypdf import PdfReader

from everlit.kernel import Text
from everlit.switching.step import Action, Phase, Step
from everlit.switching.ticket import Direction, Header, OperationKind, Ticket
from everlit.switching.ticket_pdf import FONTS, ticket_pages, ticket_pdf

STEPS = (
    Step(Action.RECLOSING_OFF, "f1", "F1 城北一线", 1, Phase.TRANSFER, at_min=1),
    Step(Action.CLOSE, "t", "联络开关 T-07", 2, Phase.TRANSFER, at_min=2, hot=True),
    Step(Action.OPEN, "s2", "滘口分段 S2", 3, Phase.TRANSFER, at_min=3, hot=True),
    Step(
        Action.EARTH,
        "n1",
        "n1",
        4,
        Phase.PERMIT,
        at_min=15,
        note=Text("portable earth, work side of S2", "接地线，S2 工作侧"),
    ),
    Step(Action.PERMIT, "p", "l2", 5, Phase.PERMIT, at_min=20),
)
HEADER = Header(number="2026-06-018", unit="城北供电所", kind=OperationKind.SINGLE, remarks="镇区主干线 #12 杆")
TICKET = Ticket(Direction.OUT, Text("Take line l2 out of service", "l2 线路停电检修"), STEPS, HEADER)


def pages(document: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(document)).pages]


def test_everything_of_the_ticket_is_on_the_chinese_sheet() -> None:
    (page,) = pages(ticket_pdf(TICKET))
    words = page.replace(" ", "").replace("\n", "")
    for expected in (
        "电气倒闸操作票",
        "2026-06-018",
        "城北供电所",
        "l2线路停电检修",
        "监护人",
        "值班负责人",
        "镇区主干线#12杆",
        "合环操作",
    ):
        assert expected in words
    for step in STEPS:
        assert step.item.zh.replace(" ", "") in words
    assert "接地线，S2工作侧" in words


def test_the_english_sheet() -> None:
    (page,) = pages(ticket_pdf(TICKET, language="en"))
    for expected in ("Operation ticket", "Take line l2 out of service", "Guardian", "make before break", "earth at n1"):
        assert expected in page


def test_only_the_shipped_font_is_used_and_it_is_embedded() -> None:
    (page,) = PdfReader(io.BytesIO(ticket_pdf(TICKET))).pages
    fonts: Any = page["/Resources"]["/Font"]  # type: ignore[index]
    names = {font.get_object()["/BaseFont"] for font in fonts.values()}
    assert names and all("NotoSansSC" in name for name in names)
    for font in fonts.values():
        (inner,) = font.get_object()["/DescendantFonts"]
        descriptor = inner.get_object()["/FontDescriptor"].get_object()
        assert any(key in descriptor for key in ("/FontFile2", "/FontFile3"))


def test_the_same_ticket_gives_the_same_bytes() -> None:
    assert ticket_pdf(TICKET) == ticket_pdf(TICKET)


def test_a_long_ticket_runs_over_pages_that_repeat_the_head_of_the_table() -> None:
    many = tuple(replace(STEPS[index % 5], number=index + 1) for index in range(90))
    sheets = pages(ticket_pdf(replace(TICKET, steps=many)))
    assert len(sheets) >= 2
    assert all("顺序" in sheet and f"{number} / {len(sheets)}" in sheet for number, sheet in enumerate(sheets, 1))
    numbers = {int(word) for sheet in sheets for word in sheet.split() if word.isdigit()}
    assert set(range(1, 91)) <= numbers


def test_pages_are_images_too() -> None:
    (page,) = ticket_pages(TICKET, dots_per_inch=72)
    assert page.startswith(b"\x89PNG")


@pytest.mark.parametrize("hostile", ['#panic("x")', "*bold* _x_ $a$", "</svg>", "\\ \" ' `", "\u0000", "𠮷野"])
def test_names_are_words_never_markup(hostile: str) -> None:
    step = replace(STEPS[0], name=hostile)
    assert ticket_pdf(replace(TICKET, steps=(step,))).startswith(b"%PDF")


def test_the_font_is_free_and_small() -> None:
    font = FONTS / "NotoSansSC-Regular-GB2312.ttf"
    assert font.stat().st_size < 4_000_000
    assert "SIL OPEN FONT LICENSE Version 1.1" in (FONTS / "OFL.txt").read_text("utf-8")
