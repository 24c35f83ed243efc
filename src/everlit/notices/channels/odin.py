"""Outages under way for whoever watches over a region (公众停电数据): the public outage profile of ODIN, after CIM.

The Outage Data Initiative Nationwide (Oak Ridge National Laboratory) asks utilities for `PubOutages`, a profile of CIM
(IEC 61968-3 `Outage`): <https://odin.ornl.gov/downloadables/CIM/PubOutages.html>. Its elements and their order are taken
from that page, the values of its enumerations from IEC 61968-3; feeds of utilities seen in public show the namespace.

Only what is dark now, or has just come back, is told; what is planned is a notice, not an outage. Outages of few customers
of one community become one record without places and without causes, so that no household can be read out of it.

>>> outage_id("PO-2026-0601")
'e38b92c6-406d-5cf3-a84c-742fac4b9eb7'
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from xml.etree.ElementTree import Element

from everlit.notices.channel import Kind
from everlit.notices.channels.clean import one_line, plain
from everlit.notices.channels.ical import newest
from everlit.notices.channels.outage import PublicOutage
from everlit.notices.channels.places import centre, sound
from everlit.notices.channels.xml import document, element

NAMESPACE = "http://iec.ch/TC57/2014/PubOutages#"
CONTENT_TYPE = "application/xml"
WGS84 = "urn:ogc:def:crs:EPSG::4326"
CAUSES = frozenset({"lightingStrike", "animal", "lineDown", "poleDown", "treeDown"})
"""OutageCauseKind of IEC 61968-3, in its spelling."""
AREAS = frozenset({"borough", "county", "parish", "serviceArea", "state", "township", "ward", "zipcode"})
"""AreaKind of IEC 61968-3."""
DECIMALS = 3
"""Decimal degrees of a published place: about a hundred metres."""
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Utility:
    """Who reports: its number in the register of an authority, its name, what it wants to have said beside the data."""

    number: str
    name: str
    authority: str
    disclaimer: str = ""
    area_kind: str = "serviceArea"


def records(
    outages: Iterable[PublicOutage], utility: Utility, *, now: datetime, few: int, kept_h: float, language: str
) -> list[Record]:
    """The outages under way at `now` and those over since at most `kept_h` hours, newest versions, by identity.

    Those of `few` customers or fewer are joined by community; what has shrunk to so few is told without its place.
    """
    alone, small = [], dict[tuple[str, bool], list[PublicOutage]]()
    for outage in newest(outages):
        community = one_line(outage.area.in_language(language))
        if not (outage.under_way(now) or _just_over(outage, now, kept_h)):
            continue
        if _at_first(outage) > few:
            place = _incident(outage) if outage.affected > few else {}
            alone.append(
                _record(outage_id(outage.event_id), community, [outage], utility, _cause(outage, language), place)
            )
        else:
            small.setdefault((community, outage.over), []).append(outage)
    joined = [
        _record(outage_id(f"few:{community}:{'over' if over else 'open'}"), community, some, utility, {}, {})
        for (community, over), some in small.items()
    ]
    return sorted([*alone, *joined], key=lambda record: str(record["mRID"]))


def as_xml(found: Iterable[Record]) -> bytes:
    """The records as the document a utility publishes."""
    outages = [_element("Outage", *_elements(record)) for record in found]
    return document(_element("PubOutages", *outages), NAMESPACE)


def as_json(found: Iterable[Record]) -> bytes:
    """The same records as JSON, with the names of the profile."""
    return json.dumps({"PubOutages": {"Outage": list(found)}}, ensure_ascii=False).encode()


def outage_id(event_id: str) -> str:
    """The mRID of an event: a UUID that is always the same for it (RFC 4122, version 5)."""
    return str(uuid5(NAMESPACE_URL, f"urn:everlit:outage:{plain(event_id)}"))


def _just_over(outage: PublicOutage, now: datetime, kept_h: float) -> bool:
    return outage.over and timedelta(0) <= now - outage.period.end <= timedelta(hours=kept_h)


def _record(
    ident: str, community: str, outages: list[PublicOutage], utility: Utility, cause: Record, incident: Record
) -> Record:
    """One record, its elements in the order of the profile."""
    at_first, dark = sum(map(_at_first, outages)), sum(0 if one.over else max(one.affected, 0) for one in outages)
    served = outages[0].served if len(outages) == 1 else None
    started, ends = min(one.period.start for one in outages), max(one.period.end for one in outages)
    over = all(one.over for one in outages)
    period = {"start": _instant(started), "end": _instant(ends)}
    return {
        "mRID": ident,
        **cause,
        "communityDescriptor": community,
        "customersRestored": at_first - dark,
        "metersAffected": dark,
        **({} if served is None else {"originalCustomersServed": max(served, 0)}),
        "originalMetersAffected": at_first,
        "outageKind": _state(outages, dark < at_first),
        "reportedStartTime": _instant(started),
        **({"utilityDisclaimer": one_line(utility.disclaimer, 500)} if utility.disclaimer else {}),
        "actualPeriod" if over else "estimatedPeriod": period,
        **({} if over else {"EstimatedRestorationTime": _restoration(outages, ends)}),
        **incident,
        "Names": _names(utility),
        "OutageArea": [
            {
                "earliestReportedTime": _instant(started),
                **({} if served is None else {"metersServed": max(served, 0)}),
                "outageAreaKind": utility.area_kind,
            }
        ],
    }


def _at_first(outage: PublicOutage) -> int:
    return max(outage.affected, outage.at_first or 0, 0)


def _cause(outage: PublicOutage, language: str) -> Record:
    said = one_line(outage.cause.in_language(language))
    kind = {"causeKind": outage.cause_kind} if outage.cause_kind in CAUSES else {}
    return {"cause": said, **kind} if said else kind


def _incident(outage: PublicOutage) -> Record:
    places = [place for place in outage.places if sound(place)]
    if not places:
        return {}
    middle = centre(places)
    point = {"xPosition": f"{middle.longitude:.{DECIMALS}f}", "yPosition": f"{middle.latitude:.{DECIMALS}f}"}
    return {"Incident": [{"Location": {"CoordinateSystem": {"crsUrn": WGS84}, "PositionPoints": [point]}}]}


def _state(outages: list[PublicOutage], some_back: bool) -> str:
    """OutageStatusKind of IEC 61968-3."""
    if all(one.over for one in outages):
        return "restored"
    if all(one.tentative for one in outages):
        return "predicted"
    return "partiallyRestored" if some_back else "confirmed"


def _restoration(outages: list[PublicOutage], ends: datetime) -> Record:
    late = any(one.kind is Kind.DELAYED for one in outages)
    return {"ert": _instant(ends), "confidenceKind": "low" if late else "high"}


def _names(utility: Utility) -> list[Record]:
    authority = {"name": one_line(utility.authority)}
    said = (("UtilityID", utility.number), ("UtilityName", utility.name))
    return [{"name": one_line(name), "NameType": {"name": kind, "NameTypeAuthority": authority}} for kind, name in said]


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _elements(record: Mapping[str, Any]) -> Iterator[Element]:
    for name, value in record.items():
        for one in value if isinstance(value, list) else [value]:
            yield _element(name, *(_elements(one) if isinstance(one, Mapping) else [str(one)]))


def _element(name: str, *content: Element | str) -> Element:
    return element(name, NAMESPACE, *content)
