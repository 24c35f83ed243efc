"""From what was announced to what anybody may know: announcements become public outages for the feeds.

One version of an event may say different things to different readers: planned to those who are new in it, changed to those
who knew, cancelled to those it no longer concerns. In public it is one outage, and it is cancelled only when it is for
everybody. The words are made of the facts of the event alone; no reader is in them.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from everlit.kernel import Period, Text
from everlit.notices.channel import Kind
from everlit.notices.channels.outage import NOBODY, Issued, Place, PublicOutage
from everlit.notices.content.compose import said
from everlit.notices.model import Announcement, instant, seconds

WEIGHT = (
    Kind.CANCELLED, Kind.RESTORED, Kind.RESTORED_EARLY, Kind.TEMPORARY, Kind.PLANNED, Kind.FAULT, Kind.CHANGED, Kind.DELAYED,
)  # fmt: skip
"""Which of the kinds of a version is said in public: the last of these."""
BODY = Text(
    "{when}. Area: {area}. Reason: {cause}. If you have questions call {contact}.",
    "{when}。停电范围：{area}。停电原因：{cause}。如有疑问请拨打{contact}。",
)
SAFETY = Text(
    "Treat all wires and sockets as live while the power is off.", "停电期间请把线路和插座当作有电，不要触碰。"
)
BACK_ON = Text(
    "Switch appliances on one by one and mind those that start by themselves.",
    "请逐一开启电器，并留意会自行启动的设备。",
)


def published(
    announcements: Iterable[Announcement],
    *,
    zone: tzinfo,
    affected: Mapping[str, int],
    places: Mapping[str, Sequence[Place]],
) -> list[PublicOutage]:
    """Every version of every event, oldest first. `affected` are the customers of an event, `places` where they are."""
    events: dict[str, dict[int, Announcement]] = {}
    for one in announcements:
        versions = events.setdefault(one.event_id, {})
        before = versions.get(one.version)
        if before is None or WEIGHT.index(one.kind) > WEIGHT.index(before.kind):
            versions[one.version] = one
    found = []
    for event_id, versions in events.items():
        earlier: tuple[Issued, ...] = ()
        for number in sorted(versions):
            one = versions[number]
            found.append(_outage(one, earlier, zone, affected.get(event_id, 0), tuple(places.get(event_id, ()))))
            earlier = (*earlier, Issued(number, instant(one.created_s)))
    return sorted(found, key=lambda outage: (outage.issued, outage.event_id, outage.version))


def _outage(
    one: Announcement, earlier: tuple[Issued, ...], zone: tzinfo, affected: int, places: tuple[Place, ...]
) -> PublicOutage:
    facts: Mapping[str, Any] = one.body["facts"]
    titles = {language: one.body["texts"][language]["long"]["title"] for language in ("en", "zh")}
    start, end = (datetime.fromisoformat(facts[name]) for name in ("start", "end"))
    over = one.kind in (Kind.RESTORED, Kind.RESTORED_EARLY)
    return PublicOutage(
        event_id=one.event_id,
        version=one.version,
        kind=one.kind,
        issued=instant(one.created_s),
        period=Period(start, end),
        title=Text(**titles),
        body=Text(*(_body(facts, language, zone) for language in ("en", "zh"))),
        area=Text(**facts["area"]),
        cause=Text(**facts["cause"]),
        affected=0 if over or one.kind is Kind.CANCELLED else affected,
        at_first=affected,
        places=places,
        instruction=BACK_ON if over else NOBODY if one.kind is Kind.CANCELLED else SAFETY,
        contact=str(facts["contact"]),
        before=earlier,
    )


def _body(facts: Mapping[str, Any], language: str, zone: tzinfo) -> str:
    span = tuple(seconds(datetime.fromisoformat(facts[name])) for name in ("start", "end"))
    when = said(((span[0], span[1]),), language=language, zone=zone)
    words = {"when": when, "contact": str(facts["contact"])} | {
        name: str(facts[name][language]) for name in ("area", "cause")
    }
    text = BODY.in_language(language)
    for name, word in words.items():
        text = text.replace(f"{{{name}}}", word.replace("{", "(").replace("}", ")"))
    return text
