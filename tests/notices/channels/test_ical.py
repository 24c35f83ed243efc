"""The calendar feed, read back by a library that knows nothing of us."""

from datetime import timedelta

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everlit.kernel import Text
from everlit.notices.channel import Kind
from everlit.notices.channels.clean import one_line, plain
from everlit.notices.channels.ical import calendar, content_line, newest
from tests.notices.channels.messages import HOSTILE
from tests.notices.channels.outages import ANY_TEXT, START, later, outage, outages

NAME = Text("Outages in North town", "城北停电日历")


def feed(*found, language="zh") -> icalendar.Calendar:
    return icalendar.Calendar.from_ical(calendar(found, name=NAME, host="utility.example", language=language))


def test_an_outage_is_an_event():
    (event,) = feed(outage()).events
    assert event["UID"] == "PO-2026-0601@utility.example" and event["SEQUENCE"] == 1
    assert event["DTSTART"].dt == START and event["DTEND"].dt == START + timedelta(hours=9)
    assert event["SUMMARY"] == "计划停电" and event["SUMMARY"].params["LANGUAGE"] == "zh-CN"
    assert event["DESCRIPTION"] == "城北线检修，请提前做好准备。\n请勿使用电梯。\n第1版"
    assert event["LOCATION"] == "城北新村1–6栋" and event["STATUS"] == "CONFIRMED" and event["CONTACT"] == "95598"
    assert "GEO" not in event


def test_the_feed_says_what_it_is():
    made = feed(language="en")
    assert made["VERSION"] == "2.0" and made["METHOD"] == "PUBLISH" and made["NAME"] == NAME.en
    assert not made.events
    assert not made.errors


def test_a_later_version_takes_the_place_of_the_earlier_one():
    first = outage()
    moved = later(
        first, Kind.CHANGED, period=outage().period.__class__(START + timedelta(days=1), START + timedelta(days=2))
    )
    gone = later(moved, Kind.CANCELLED)
    for order in ([first, moved, gone], [gone, first, moved]):
        (event,) = feed(*order).events
        assert (
            event["UID"] == "PO-2026-0601@utility.example" and event["SEQUENCE"] == 3 and event["STATUS"] == "CANCELLED"
        )
        assert "已取消" in event["SUMMARY"]
    (event,) = feed(first, moved).events
    assert (
        event["SEQUENCE"] == 2 and event["STATUS"] == "CONFIRMED" and event["DTSTART"].dt == START + timedelta(days=1)
    )
    assert event["DTSTAMP"].dt == moved.issued


def test_an_uncertain_link_makes_a_tentative_event():
    (event,) = feed(outage(tentative=True), language="en").events
    assert event["STATUS"] == "TENTATIVE" and event["SUMMARY"] == "Planned outage (may be affected)"


def test_the_same_outages_give_the_same_bytes_in_any_order():
    two = [outage(), outage(event_id="PO-2", period=later(outage(), Kind.CHANGED).period)]
    made = [calendar(order, name=NAME, host="h", language="zh") for order in (two, two[::-1])]
    assert made[0] == made[1]


@given(st.lists(outages(), max_size=4), st.sampled_from(["zh", "en"]))
def test_any_outages_are_read_back_as_they_are(found, language):
    made = calendar(found, name=NAME, host="utility.example", language=language)
    lines = made.split(b"\r\n")
    assert all(len(line) <= 75 for line in lines) and not any(
        control in made.replace(b"\r\n", b"") for control in b"\r\n\0"
    )
    read = icalendar.Calendar.from_ical(made)
    kept = newest(found)
    assert len(read.events) == len(kept) and not read.errors
    for event, one in zip(read.events, kept, strict=True):
        assert not event.errors and not event.subcomponents
        assert event["UID"] == f"{one_line(one.event_id)}@utility.example" and event["SEQUENCE"] == one.version
        assert event["DTSTART"].dt == one.period.start and event["DTEND"].dt == one.period.end
        body = plain(one.body.in_language(language)).strip()
        assert event["DESCRIPTION"].startswith(body) and event["LOCATION"] == one_line(one.area.in_language(language))


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_begins_a_property_of_its_own(text):
    made = calendar(
        [outage(title=Text(text, text), body=Text(text, text))], name=Text(text, text), host="h", language="zh"
    )
    assert made.count(b"\r\nBEGIN:") == 1 and made.count(b"\r\nEND:VEVENT") == 1 and b"\r\nBcc" not in made


@given(ANY_TEXT.map(plain).map(lambda text: text.replace("\n", " ")))
def test_a_folded_line_unfolds_to_itself(text):
    line = content_line("SUMMARY", text)
    assert line.replace("\r\n ", "") == f"SUMMARY:{text}\r\n"
    assert all(len(part.encode()) <= 75 for part in line.split("\r\n"))
