"""Paper: what stands on a door page and on a walking list, in both languages, whatever the texts try to be."""

import io
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from everlit.kernel import Text
from everlit.notices.channels.paper import FONTS, WORDS, Door, Heading, door_pages, natural, sheet, walking_list
from tests.notices.channels.messages import HOSTILE, NOW, message

SHANGHAI = ZoneInfo("Asia/Shanghai")
HEADING = Heading("PO-2026-0601", 1, "2026年6月8日 08:00 – 17:00", "城北新村 1–10 栋", "城北供电所")
DOORS = [
    Door(f"城北新村{building}栋", f"{unit}单元{floor}0{door}", f"4401-{building}{unit}{floor}{door}", "李**")
    for building in (10, 2, 1)
    for unit in (1, 2)
    for floor in (1, 10, 2)
    for door in (1, 2)
]


def read(document: bytes) -> list[str]:
    """The words of each page, without the gaps that setting puts between Chinese characters."""
    return ["".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(document)).pages]


def facts(**changed):
    return {**message().facts, **changed}


def test_a_door_page_says_when_where_why_and_whom_to_call():
    (page,) = read(door_pages([message(address="城北新村3栋2单元501")], zone=SHANGHAI, issued=NOW))
    for expected in (
        "计划停电通知", "城北新村3栋2单元501", "停电时间", "2026年6月8日08:00–17:00", "城北新村1–6栋", "线路检修", "95598",
        "尊敬的客户", "城北供电所", "2026年6月1日", "PO-2026-0601",
    ):  # fmt: skip
        assert "".join(expected.split()) in page
    assert WORDS["replaces"].zh not in page


def test_each_door_has_a_page_in_its_own_language():
    english = message(
        language="en", title="Planned outage", body="Dear customer,\nno lifts, please.",
        facts=facts(area=Text("North town", "城北"), cause={"en": "line work", "zh": "检修"}, sender="North supply station"),
    )  # fmt: skip
    first, second = read(door_pages([message(), english], zone=SHANGHAI, issued=NOW))
    assert "停电原因" in first and "Why" not in first
    assert (
        "Whylinework" in second
        and "WhereNorthtown" in second
        and "2026-06-0808:00–17:00" in second
        and "原因" not in second
    )


def test_a_correction_says_so_and_a_cancelled_outage_was_to_be():
    (page,) = read(door_pages([message(facts=facts(version=2, kind="cancelled"))], zone=SHANGHAI, issued=NOW))
    assert WORDS["replaces"].zh in page and "原定时间" in page and "停电时间" not in page


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("2026-06-08T23:30+08:00", "2026年6月8日08:00–23:30"),
        ("2026-06-09T02:00+08:00", "2026年6月8日08:00–6月9日02:00"),
        (datetime(2027, 1, 1, tzinfo=UTC), "2026年6月8日08:00–2027年1月1日08:00"),
    ],
)
def test_a_period_is_said_in_local_time(end, said):
    (page,) = read(door_pages([message(facts=facts(end=end))], zone=SHANGHAI, issued=NOW))
    assert said in page


def test_a_letter_without_facts_is_still_a_page():
    (page,) = read(door_pages([message(facts={})], zone=SHANGHAI, issued=NOW))
    assert "尊敬的客户" in page and "停电时间" not in page
    assert len(read(door_pages([], zone=SHANGHAI, issued=NOW))) == 1


def test_the_list_goes_from_building_to_building_and_door_to_door():
    made = sheet(DOORS, HEADING, language="zh")
    assert [group["building"] for group in made["groups"]] == ["城北新村1栋", "城北新村2栋", "城北新村10栋"]
    assert [door[1] for door in made["groups"][0]["doors"]][:6] == [
        "1单元101", "1单元102", "1单元201", "1单元202", "1单元1001", "1单元1002",
    ]  # fmt: skip
    pages = read(walking_list(DOORS, HEADING, language="zh"))
    text = "".join(pages)
    assert "停电通知派送清单" in pages[0] and "36户" in pages[0] and "送达" in text and "签收" in text
    assert [text.index(f"4401-{door.building[4:-1]}") for door in (DOORS[-1], DOORS[12], DOORS[0])] == sorted(
        text.index(f"4401-{door.building[4:-1]}") for door in (DOORS[-1], DOORS[12], DOORS[0])
    )
    assert all(door.account in text for door in DOORS)


def test_the_list_in_english():
    (page,) = read(walking_list(DOORS[:5], HEADING, language="en"))
    assert "Noticestohandout" in page and "5doors" in page and "Signed" in page and "送达" not in page


def test_only_the_shipped_font_is_used_and_the_bytes_are_the_same_again():
    document = walking_list(DOORS, HEADING, language="zh")
    assert document == walking_list(DOORS[::-1], HEADING, language="zh") and FONTS.is_dir()
    for page in PdfReader(io.BytesIO(document)).pages:
        fonts: Any = page["/Resources"]["/Font"]  # type: ignore[index]
        names = {font.get_object()["/BaseFont"] for font in fonts.values()}
        assert names and all("NotoSansSC" in name for name in names)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_read_as_markup(text):
    (page,) = read(
        door_pages([message(title=text, body=text, address=text, facts=facts(area=text))], zone=SHANGHAI, issued=NOW)
    )
    shown = "".join(character for character in "".join(text.split()) if 0x20 < ord(character) < 0x7F)[:20]
    assert shown in page
    assert read(walking_list([Door(text, text, text, text, text)], HEADING, language="zh"))


@given(st.text("AB栋-²１", max_size=4), st.integers(0, 10**9), st.integers(0, 10**9), st.text("栋室A", max_size=2))
def test_numbers_in_names_count_as_numbers(before, one, other, after):
    keys = [natural(f"{before}{number}{after}") for number in (one, other)]
    assert (keys[0] < keys[1]) == (one < other) and (keys[0] == keys[1]) == (one == other)


@given(st.lists(st.text(st.sampled_from("0123456789栋单元AB-²１"), max_size=8), max_size=8))
def test_any_names_of_buildings_can_be_sorted(names):
    other = names[::-1]
    assert sorted(names, key=natural) == sorted(other, key=natural)
