"""From announcements to feeds: what is said in public of an event that says different things to different readers."""

from datetime import timedelta
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import icalendar
from hypothesis import given
from hypothesis import strategies as st

from everlit.kernel import Period, Text
from everlit.notices.channel import Kind
from everlit.notices.channels.cap import Authority, alert
from everlit.notices.channels.ical import calendar
from everlit.notices.channels.odin import Utility, as_xml, records
from everlit.notices.channels.outage import PublicOutage
from everlit.notices.channels.published import WEIGHT, published
from everlit.notices.content.compose import compose
from everlit.notices.content.texts import shipped
from everlit.notices.model import Announcement, Happening, seconds
from everlit.notices.said import facts_of
from tests.notices.channels.cap_checker import faults
from tests.notices.channels.messages import NOW
from tests.notices.channels.outages import SQUARE, START

SHANGHAI = ZoneInfo("Asia/Shanghai")
SAID = Happening(
    "PO-1", "urban", Kind.PLANNED, Period(START, START + timedelta(hours=9)), (), Text("line work", "线路检修"),
    Text("North town", "城北新村"), Text("North station", "城北供电所"), "95598",
)  # fmt: skip


def announced(version: int, kind: Kind, *, hours: int = 0, end_h: float = 9.0) -> Announcement:
    happening = Happening(
        SAID.event_id, SAID.network, kind, Period(START, START + timedelta(hours=end_h)), (), SAID.cause, SAID.area,
        SAID.sender, SAID.contact,
    )  # fmt: skip
    texts = compose(happening, kind, version=version, book=shipped())
    created_s = seconds(NOW + timedelta(hours=hours))
    body = {"facts": facts_of(happening), "texts": texts}
    return Announcement(version, "urban", "PO-1", version, kind, created_s, seconds(START), None, body)


def shown(*announcements: Announcement) -> list[PublicOutage]:
    return published(announcements, zone=SHANGHAI, affected={"PO-1": 186}, places={"PO-1": SQUARE})


def test_an_announcement_in_public():
    (one,) = shown(announced(1, Kind.PLANNED))
    assert (one.event_id, one.version, one.kind, one.affected) == ("PO-1", 1, Kind.PLANNED, 186)
    assert one.title == Text("Notice of a planned power cut", "计划停电通知")
    assert one.body.zh == "6月8日08:00-17:00。停电范围：城北新村。停电原因：线路检修。如有疑问请拨打95598。"
    assert one.body.en == "8 June 08:00-17:00. Area: North town. Reason: line work. If you have questions call 95598."


def test_what_to_do_is_of_its_moment():
    said = {kind: shown(announced(1, kind))[0].instruction.zh for kind in (Kind.PLANNED, Kind.RESTORED, Kind.CANCELLED)}
    assert "当作有电" in said[Kind.PLANNED] and "逐一开启" in said[Kind.RESTORED] and not said[Kind.CANCELLED]


def test_it_is_cancelled_in_public_only_when_it_is_for_everybody():
    first = announced(1, Kind.PLANNED)
    moved = [
        announced(2, Kind.CANCELLED, hours=1),
        announced(2, Kind.CHANGED, hours=1),
        announced(2, Kind.PLANNED, hours=1),
    ]
    assert [one.kind for one in shown(first, *moved)] == [Kind.PLANNED, Kind.CHANGED]
    assert [one.kind for one in shown(first, announced(2, Kind.CANCELLED))] == [Kind.PLANNED, Kind.CANCELLED]


@given(st.permutations(range(4)))
def test_versions_refer_to_all_before_them_in_whatever_order_they_come(order):
    all_of_it = [
        announced(1, Kind.PLANNED),
        announced(2, Kind.CHANGED, hours=2),
        announced(3, Kind.DELAYED, hours=180, end_h=12),
        announced(4, Kind.RESTORED, hours=181, end_h=11),
    ]
    found = shown(*(all_of_it[number] for number in order))
    assert [one.version for one in found] == [1, 2, 3, 4]
    assert [[issued.version for issued in one.before] for one in found] == [[], [1], [1, 2], [1, 2, 3]]
    assert found[-1].affected == 0 and found[-1].at_first == 186


def test_every_kind_has_a_place_and_passes_through_every_feed():
    assert set(WEIGHT) == set(Kind)
    authority, utility = Authority("a@utility.example", Text("a", "甲")), Utility("1", "a", "b")
    for kind in Kind:
        found = shown(announced(1, Kind.PLANNED), announced(2, kind, hours=170))
        assert not faults(alert(found[-1], authority, zone=SHANGHAI, few=5, cell_deg=0.05))
        made = icalendar.Calendar.from_ical(calendar(found, name=Text("a", "甲"), host="h", language="zh"))
        (event,) = made.events
        assert event["SEQUENCE"] == 2 and (event["STATUS"] == "CANCELLED") == (kind is Kind.CANCELLED)
        under_way = records(found, utility, now=START + timedelta(hours=9.5), few=5, kept_h=2, language="zh")
        assert len(ElementTree.fromstring(as_xml(under_way))) == (0 if kind is Kind.CANCELLED else 1)
