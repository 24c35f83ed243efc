"""Public alerts, judged by a checker that reads the structure of the standard and is itself judged by its example."""

from datetime import timedelta
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from everlit.kernel import Period, Text
from everlit.notices.channel import Kind
from everlit.notices.channels.cap import Authority, alert, token
from everlit.notices.channels.clean import plain
from everlit.notices.channels.outage import Place
from tests.notices.channels.cap_checker import CASES, NAMESPACE, faults
from tests.notices.channels.messages import HOSTILE
from tests.notices.channels.outages import SQUARE, later, outage, outages

SHANGHAI = ZoneInfo("Asia/Shanghai")
AUTHORITY = Authority("dispatch@utility.example", Text("North supply station", "城北供电所"), "95598")


def made(one, **options) -> bytes:
    return alert(one, AUTHORITY, **{"zone": SHANGHAI, "few": 5, "cell_deg": 0.05} | options)


def read(document: bytes) -> ElementTree.Element:
    assert not faults(document)
    return ElementTree.fromstring(document)


def say(node: ElementTree.Element, path: str) -> str | None:
    return node.findtext("/".join(NAMESPACE + name for name in path.split("/")))


def test_the_checker_accepts_the_example_of_the_standard():
    assert not faults((CASES / "thunderstorm.xml").read_bytes())


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("<status>Actual</status>", "<status>actual</status>"),
        ("<status>Actual</status>", ""),
        ("<scope>Public</scope>", "<scope>Public</scope><scope>Public</scope>"),
        ("<msgType>Alert</msgType>", "<msgType>Update</msgType>"),
        ("2003-06-17T14:57:00-07:00", "2003-06-17T14:57:00Z"),
        ("2003-06-17T16:00:00-07:00", "2003-06-17 16:00"),
        ("KSTO1055887203", "KSTO 1055887203"),
        ("KSTO@NWS.NOAA.GOV", "KSTO,NWS"),
        ("<category>Met</category>", "<category>Weather</category>"),
        ("<category>Met</category>", ""),
        ("<urgency>Immediate</urgency>", ""),
        ("<event>SEVERE THUNDERSTORM</event>", "<event>A<b/></event>"),
        ("38.62,-119.89 38.47,-120.14", "38.62,-119.89"),
        ("38.34,-119.95", "98.34,-119.95"),
        ("<value>SVR</value>", ""),
        ("<info>", "<info><language>中文</language>"),
        ("<contact>BARUFFALDI/JUSKIE</contact>", "<kontakt/>"),
        ("<headline>SEVERE", "<headline/><headline>SEVERE"),
        ("cap:1.2", "cap:1.1"),
    ],
)
def test_the_checker_refuses_the_example_with_a_rule_broken(right, wrong):
    text = (CASES / "thunderstorm.xml").read_text("utf-8")
    assert right in text and faults(text.replace(right, wrong).encode())


def test_an_outage_is_an_alert_in_two_languages():
    root = read(made(outage()))
    assert say(root, "identifier") == "PO-2026-0601.1" and say(root, "msgType") == "Alert"
    assert say(root, "sent") == "2026-06-01T10:00:00+08:00" and say(root, "incidents") == "PO-2026-0601"
    chinese, english = root.findall(f"{NAMESPACE}info")
    assert (say(chinese, "language"), say(english, "language")) == ("zh-CN", "en")
    assert (say(chinese, "event"), say(english, "event")) == ("计划停电", "Planned power outage")
    assert say(chinese, "headline") == "计划停电" and say(chinese, "senderName") == "城北供电所"
    assert say(english, "description") == outage().body.en and say(chinese, "instruction") == "请勿使用电梯。"
    assert (
        say(chinese, "onset") == "2026-06-08T08:00:00+08:00" and say(chinese, "expires") == "2026-06-08T17:00:00+08:00"
    )
    assert say(chinese, "eventCode/value") == "planned" and say(chinese, "urgency") == "Future"
    assert say(chinese, "area/areaDesc") == "城北新村1–6栋"
    corners = say(chinese, "area/polygon").split(" ")
    assert corners[0] == corners[-1] and set(corners) == {
        f"{one.latitude:.6f},{one.longitude:.6f}" for one in SQUARE[:4]
    }


def test_later_versions_name_every_earlier_one():
    first = outage()
    second = later(first, Kind.CHANGED)
    third = later(second, Kind.CANCELLED)
    assert say(read(made(second)), "msgType") == "Update"
    root = read(made(third))
    assert say(root, "msgType") == "Cancel"
    assert say(root, "references").split(" ") == [
        "dispatch@utility.example,PO-2026-0601.1,2026-06-01T10:00:00+08:00",
        "dispatch@utility.example,PO-2026-0601.2,2026-06-01T11:00:00+08:00",
    ]
    for earlier, one in ((first, "references"), (second, "references")):
        document = read(made(earlier))
        named = ",".join(str(say(document, name)) for name in ("sender", "identifier", "sent"))
        assert named in say(root, one)


@pytest.mark.parametrize(
    ("kind", "begins_h", "said"),
    [
        (Kind.PLANNED, 48.0, ("Prepare", "Future", "Minor", "Likely")),
        (Kind.TEMPORARY, 1.0, ("Prepare", "Expected", "Minor", "Likely")),
        (Kind.FAULT, -0.5, ("Monitor", "Immediate", "Moderate", "Observed")),
        (Kind.DELAYED, -3.0, ("Monitor", "Immediate", "Moderate", "Observed")),
        (Kind.RESTORED, -3.0, ("AllClear", "Past", "Minor", "Observed")),
        (Kind.RESTORED_EARLY, -3.0, ("AllClear", "Past", "Minor", "Observed")),
        (Kind.CANCELLED, 48.0, ("AllClear", "Past", "Minor", "Observed")),
    ],
)
def test_how_urgent_how_grave_how_sure(kind, begins_h, said):
    begins = outage().issued + timedelta(hours=begins_h)
    one = outage(kind=kind, period=Period(begins, begins + timedelta(hours=1)))
    info = read(made(one)).find(f"{NAMESPACE}info")
    assert tuple(say(info, name) for name in ("responseType", "urgency", "severity", "certainty")) == said
    assert say(info, "expires") > say(info, "effective")


def test_an_area_that_may_be_affected_is_possible():
    info = read(made(outage(tentative=True))).find(f"{NAMESPACE}info")
    assert say(info, "certainty") == "Possible"


@pytest.mark.parametrize("affected", [0, 1, 5])
def test_a_few_customers_are_told_by_a_cell_that_others_share(affected):
    homes = [(Place(23.1111, 113.2222),), (Place(23.1444, 113.2444), Place(23.1333, 113.2011))]
    cells = {
        say(read(made(outage(affected=affected, places=home))).find(f"{NAMESPACE}info"), "area/circle")
        for home in homes
    }
    assert cells == {"23.125000,113.225000 3.777"}
    document = made(outage(affected=affected, places=homes[0]))
    assert b"1111" not in document and b"polygon" not in document


def test_places_that_make_no_area_are_a_circle_and_none_are_none():
    two = read(made(outage(places=SQUARE[:2]))).find(f"{NAMESPACE}info")
    centre, radius = say(two, "area/circle").split(" ")
    assert centre == "23.100000,113.225000" and 2.5 < float(radius) < 2.6
    assert say(read(made(outage(places=SQUARE[:1]))), "info/area/circle").endswith(" 0.100")
    nowhere = read(made(outage(places=(Place(float("nan"), 1.0), Place(91.0, 0.0)))))
    assert say(nowhere, "info/area/circle") is None and say(nowhere, "info/area/polygon") is None


@given(outages())
def test_any_outage_is_an_alert(one):
    root = read(made(one))
    assert len(root.findall(f"{NAMESPACE}info")) == 2
    chinese = root.find(f"{NAMESPACE}info")
    assert (say(chinese, "description") or "") == plain(one.body.zh).strip()
    assert (say(root, "references") or "").count(",") == 2 * len(one.before)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_an_element(text):
    document = made(
        outage(title=Text(text, text), body=Text(text, text), contact=text, event_id=text, area=Text(text, text))
    )
    assert len(read(document).findall(f"{NAMESPACE}info")) == 2
    assert b"<!ENTITY" not in document and b"<script" not in document


def test_ids_that_differ_stay_different():
    ids = ["a b", "a,b", "a%20b", "a<b", "a&b", "a-b", "城北", "城南", "a\nb"]
    assert len({token(one) for one in ids}) == len(ids)
