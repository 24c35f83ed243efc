"""The public outage feed: elements as the profile lists them, and nothing that points at a household."""

import csv
import json
import re
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everlit.kernel import Period, Text
from everlit.notices.channel import Kind
from everlit.notices.channels.odin import AREAS, CAUSES, NAMESPACE, Utility, as_json, as_xml, outage_id, records
from everlit.notices.channels.outage import PublicOutage
from tests.notices.channels.messages import HOSTILE
from tests.notices.channels.outages import SQUARE, START, later, outage, outages

CASES = Path(__file__).resolve().parents[2] / "cases" / "notices" / "odin"
NS = f"{{{NAMESPACE}}}"
UTILITY = Utility("0001", "North supply station", "EXAMPLE", "Figures may change.")
NOON = START + timedelta(hours=4)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
KINDS = {
    "OutageCauseKind": CAUSES,
    "OutageStatusKind": {"confirmed", "predicted", "partiallyRestored", "restored", "closed"},
}
INSIDE = {
    "DateTimeInterval": ["start", "end"],
    "EstimatedRestorationTime": ["ert", "confidenceKind"],
    "Incident": ["Location"],
    "Name": ["name", "NameType"],
    "OutageArea": ["earliestReportedTime", "metersServed", "outageAreaKind"],
}
PROFILE = list(csv.DictReader((CASES / "profile.csv").read_text("utf-8").splitlines()))


def faults(document: bytes, *, names: bool = True) -> list[str]:
    """What in a feed is not as the profile says."""
    root = ElementTree.fromstring(document)
    found = [] if root.tag == f"{NS}PubOutages" else [root.tag]
    order = [row["element"] for row in PROFILE]
    for record in root:
        tags = [child.tag.removeprefix(NS) for child in record]
        found += [tag for tag in tags if tag not in order]
        places = [order.index(tag) for tag in tags if tag in order]
        found += ["order"] if places != sorted(places) else []
        for row in PROFILE:
            nodes = record.findall(NS + row["element"])
            least = int(row["least"]) if names or row["element"] != "Names" else 0
            found += [f"{row['element']} {len(nodes)}"] * (not least <= len(nodes) <= int(row["most"] or 99))
            found += [fault for node in nodes for fault in value_faults(node, row["type"])]
    return found


def value_faults(node: ElementTree.Element, kind: str) -> list[str]:
    text, tags = node.text or "", [child.tag.removeprefix(NS) for child in node]
    if kind in INSIDE:
        return [f"{kind} {tags}"] * (tags != [name for name in INSIDE[kind] if name in tags])
    good = {
        "string": True, "integer": text.isdigit(), "dateTime": bool(TIME.fullmatch(text)),
    } | {name: text in values for name, values in KINDS.items()}  # fmt: skip
    return [] if good[kind] and not tags else [f"{kind} {text!r}"]


def feed(*found: PublicOutage, now=NOON, few=5, language="en") -> list[dict]:
    return records(found, UTILITY, now=now, few=few, kept_h=2.0, language=language)


def test_the_checker_accepts_a_public_feed_and_refuses_what_is_none():
    document = (CASES / "feed.xml").read_text("utf-8")
    assert not faults(document.encode(), names=False) and faults(document.encode())
    for right, wrong in (
        ("metersAffected>12", "metersAffected>a dozen"),
        ("Outage>\n    <mRID", "Outage>\n    <cause/><mRID"),
        ("2014", "2015"),
    ):
        assert right in document and faults(document.replace(right, wrong, 1).encode(), names=False)


def test_an_outage_under_way():
    (record,) = feed(outage(kind=Kind.FAULT, at_first=200, served=900, cause_kind="treeDown"))
    assert not faults(as_xml([record]))
    assert record["mRID"] == outage_id("PO-2026-0601") and record["communityDescriptor"] == "North town 1–6"
    assert (record["metersAffected"], record["originalMetersAffected"], record["customersRestored"]) == (186, 200, 14)
    assert (
        record["outageKind"] == "partiallyRestored"
        and record["causeKind"] == "treeDown"
        and record["cause"] == "line work"
    )
    assert record["reportedStartTime"] == "2026-06-08T00:00:00Z"
    assert record["EstimatedRestorationTime"] == {"ert": "2026-06-08T09:00:00Z", "confidenceKind": "high"}
    assert record["Incident"][0]["Location"]["PositionPoints"] == [{"xPosition": "113.224", "yPosition": "23.120"}]
    assert record["OutageArea"] == [
        {"earliestReportedTime": "2026-06-08T00:00:00Z", "metersServed": 900, "outageAreaKind": "serviceArea"}
    ]
    assert UTILITY.area_kind in AREAS


def test_what_is_planned_cancelled_or_long_over_is_not_shown():
    assert feed(outage(), now=START - timedelta(minutes=1)) == []
    assert feed(later(outage(), Kind.CANCELLED)) == []
    over = later(outage(), Kind.RESTORED, period=Period(START, START + timedelta(hours=3)))
    (record,) = feed(outage(), over)
    assert (record["outageKind"], record["metersAffected"]) == (
        "restored",
        0,
    ) and "EstimatedRestorationTime" not in record
    assert record["actualPeriod"]["end"] == "2026-06-08T03:00:00Z"
    assert feed(over, now=START + timedelta(hours=6)) == []


def test_a_late_restoration_is_no_restoration():
    (record,) = feed(later(outage(), Kind.DELAYED), now=START + timedelta(hours=20))
    assert record["metersAffected"] == 186 and record["EstimatedRestorationTime"]["confidenceKind"] == "low"


def test_few_customers_are_joined_by_community_without_place_and_cause():
    homes = [outage(event_id=f"e{number}", affected=number, places=SQUARE[:1]) for number in (1, 2, 5)]
    other = outage(event_id="far", affected=3, area=Text("South", "城南"))
    found = feed(*homes, other, outage(event_id="big", affected=6))
    by_size = {record["metersAffected"]: record for record in found}
    assert sorted(by_size) == [3, 6, 8] and not faults(as_xml(found))
    assert by_size[8]["communityDescriptor"] == "North town 1–6" and by_size[3]["communityDescriptor"] == "South"
    for size in (3, 8):
        assert not {"Incident", "cause", "causeKind", "originalCustomersServed"} & set(by_size[size])
    assert "Incident" in by_size[6]


def test_an_outage_that_shrinks_to_a_few_does_not_hide():
    (record,) = feed(outage(affected=2, at_first=300))
    assert (record["metersAffected"], record["originalMetersAffected"]) == (2, 300) and "Incident" not in record


def test_json_says_the_same_as_xml():
    found = feed(outage(), language="zh")
    told = json.loads(as_json(found))["PubOutages"]["Outage"]
    assert told == found and told[0]["cause"] == "线路检修"
    root = ElementTree.fromstring(as_xml(found))
    assert [child.tag.removeprefix(NS) for child in root[0]] == [
        name for name, value in found[0].items() for _ in (value if isinstance(value, list) else [value])
    ]


@given(st.lists(outages(), max_size=5), st.integers(0, 10))
def test_any_outages_make_a_feed_of_the_profile(found, few):
    for now in [one.period.start for one in found] or [START]:
        made = feed(*found, now=now, few=few)
        assert not faults(as_xml(made))
        json.loads(as_json(made))
        assert len({record["mRID"] for record in made}) == len(made)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_an_element(text):
    made = feed(outage(cause=Text(text, text), area=Text(text, text), event_id=text, cause_kind=text))
    document = as_xml(made)
    assert not faults(document) and b"<!ENTITY" not in document and b"<script" not in document


def test_an_empty_feed_is_a_feed():
    assert not faults(as_xml([])) and ElementTree.fromstring(as_xml([])).tag == f"{NS}PubOutages"
