"""Outages as public alerts (公共预警): the Common Alerting Protocol 1.2 (OASIS; GB/T 35965 in China), in Chinese and English.

    first version    msgType Alert
    later version    msgType Update, cancelled → Cancel; `references` names every earlier version
    supply is back   Update with responseType AllClear

An outage is category Infra and nobody's life is in danger from the alert's point of view, so severity is Minor for what
is announced and Moderate for what is not. The area is a polygon or a circle as `places.shape` allows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from urllib.parse import quote
from xml.etree.ElementTree import Element

from everlit.kernel import Text
from everlit.notices.channel import Kind
from everlit.notices.channels.clean import one_line, plain
from everlit.notices.channels.outage import Place, PublicOutage
from everlit.notices.channels.places import Circle, shape
from everlit.notices.channels.xml import document, element

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
CONTENT_TYPE = "application/cap+xml"
LANGUAGES = ("zh-CN", "en")
EVENTS = {
    Kind.PLANNED: Text("Planned power outage", "计划停电"),
    Kind.TEMPORARY: Text("Temporary power outage", "临时停电"),
    Kind.FAULT: Text("Power outage", "故障停电"),
    Kind.CHANGED: Text("Power outage changed", "停电变更"),
    Kind.CANCELLED: Text("Power outage cancelled", "停电取消"),
    Kind.RESTORED_EARLY: Text("Power restored early", "提前送电"),
    Kind.DELAYED: Text("Power restoration delayed", "延时送电"),
    Kind.RESTORED: Text("Power restored", "恢复送电"),
}
UNANNOUNCED = frozenset({Kind.FAULT, Kind.DELAYED})
SOON = timedelta(hours=1)
"""Urgency Expected is for what comes within the next hour (CAP 1.2, 3.2.2); a message is good for that long at least."""


@dataclass(frozen=True, slots=True)
class Authority:
    """Who issues: `sender` is worldwide the utility's own (an e-mail address or a host), `name` is shown to people."""

    sender: str
    name: Text
    contact: str = ""
    status: str = "Actual"


def alert(outage: PublicOutage, authority: Authority, *, zone: tzinfo, few: int, cell_deg: float) -> bytes:
    """One version of an outage as a CAP message. At `few` customers or fewer only a cell of `cell_deg` degrees is told."""
    earlier = [_reference(outage.event_id, one.version, one.at, authority, zone) for one in outage.before]
    kind = "Cancel" if outage.cancelled and earlier else "Update" if earlier else "Alert"
    return document(
        _element(
            "alert",
            _element("identifier", identifier(outage.event_id, outage.version)),
            _element("sender", token(authority.sender)),
            _element("sent", local_time(outage.issued, zone)),
            _element("status", authority.status),
            _element("msgType", kind),
            _element("scope", "Public"),
            _element("references", " ".join(earlier)) if earlier else None,
            _element("incidents", token(outage.event_id)),
            *(_info(outage, authority, language, zone, few, cell_deg) for language in LANGUAGES),
        ),
        NAMESPACE,
    )


def identifier(event_id: str, version: int) -> str:
    """The identifier of one version.

    >>> identifier("PO-2026-0601", 2)
    'PO-2026-0601.2'
    """
    return f"{token(event_id)}.{version}"


def token(text: str) -> str:
    """A text without space, comma, < and &, as identifiers must be (CAP 1.2, 3.2.1); two texts never become one.

    >>> token("城北, <1>")
    '%E5%9F%8E%E5%8C%97%2C%20%3C1%3E'
    """
    return quote(text, safe="@:/+!*'();=$-_.~", errors="replace")


def local_time(moment: datetime, zone: tzinfo) -> str:
    """An instant as CAP writes it: seconds and a numeric offset, never Z.

    >>> from datetime import UTC
    >>> local_time(datetime(2026, 6, 8, tzinfo=UTC), UTC)
    '2026-06-08T00:00:00+00:00'
    """
    return moment.astimezone(zone).isoformat(timespec="seconds")


def _reference(event_id: str, version: int, at: datetime, authority: Authority, zone: tzinfo) -> str:
    return f"{token(authority.sender)},{identifier(event_id, version)},{local_time(at, zone)}"


def _info(
    outage: PublicOutage, authority: Authority, language: str, zone: tzinfo, few: int, cell_deg: float
) -> Element:
    def say(text: Text) -> str:
        return plain(text.in_language(language)).strip()

    def when(name: str, moment: datetime) -> Element:
        return _element(name, local_time(moment, zone))

    contact = one_line(outage.contact or authority.contact)
    facts = [("affected", str(max(outage.affected, 0))), ("cause", one_line(say(outage.cause)))]
    if outage.tentative:
        facts.append(("tentative", "true"))
    return _element(
        "info",
        _element("language", language),
        _element("category", "Infra"),
        _element("event", EVENTS[outage.kind].in_language(language)),
        _element("responseType", _response(outage)),
        _element("urgency", _urgency(outage)),
        _element("severity", "Moderate" if outage.kind in UNANNOUNCED else "Minor"),
        _element("certainty", _certainty(outage)),
        _named("eventCode", "urn:everlit:notice", outage.kind.value),
        when("effective", outage.issued),
        when("onset", outage.period.start),
        when("expires", max(outage.period.end, outage.issued + SOON)),
        _element("senderName", one_line(say(authority.name))),
        _element("headline", one_line(say(outage.title), 160)),
        _element("description", say(outage.body)),
        _element("instruction", say(outage.instruction)) if say(outage.instruction) else None,
        _element("contact", contact) if contact else None,
        *(_named("parameter", f"urn:everlit:{name}", value) for name, value in facts),
        _element("area", _element("areaDesc", one_line(say(outage.area))), *_shape(outage, few, cell_deg)),
    )


def _response(outage: PublicOutage) -> str:
    if outage.cancelled or outage.over:
        return "AllClear"
    return "Monitor" if outage.kind in UNANNOUNCED else "Prepare"


def _urgency(outage: PublicOutage) -> str:
    if outage.cancelled or outage.over:
        return "Past"
    ahead = outage.period.start - outage.issued
    return "Immediate" if ahead <= timedelta(0) else "Expected" if ahead <= SOON else "Future"


def _certainty(outage: PublicOutage) -> str:
    if outage.tentative:
        return "Possible"
    return "Observed" if outage.period.start <= outage.issued or outage.cancelled or outage.over else "Likely"


def _shape(outage: PublicOutage, few: int, cell_deg: float) -> Iterator[Element]:
    found = shape(outage.places, affected=outage.affected, few=few, cell_deg=cell_deg)
    if isinstance(found, Circle):
        yield _element("circle", f"{_pair(found.centre)} {found.radius_km:.3f}")
    elif found:
        yield _element("polygon", " ".join(_pair(place) for place in (*found, found[0])))


def _pair(place: Place) -> str:
    return f"{place.latitude:.6f},{place.longitude:.6f}"


def _named(name: str, value_name: str, value: str) -> Element:
    return _element(name, _element("valueName", value_name), _element("value", value))


def _element(name: str, *content: Element | str | None) -> Element:
    return element(name, NAMESPACE, *content)
