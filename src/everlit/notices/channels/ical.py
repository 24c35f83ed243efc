"""Outages as a calendar (日历订阅): an iCalendar feed (RFC 5545) for an area, or for the accounts of one customer.

Each event keeps its UID for ever; a later version has a higher SEQUENCE in its place, so that a calendar moves the entry
instead of showing two, and an outage that will not take place stays in the feed as CANCELLED. Times are UTC, which every
calendar shows in its owner's zone, so no VTIMEZONE is needed. The same outages give the same bytes: DTSTAMP is when the
version was issued.

>>> content_line("SUMMARY", "电" * 30).count("\\r\\n ")
1
>>> text("1\\\\2; 3, 4\\nnext")
'1\\\\\\\\2\\\\; 3\\\\, 4\\\\nnext'
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from everlit.kernel import Text
from everlit.notices.channels.clean import one_line, plain
from everlit.notices.channels.outage import PublicOutage

CONTENT_TYPE = "text/calendar; charset=utf-8"
LINE_OCTETS = 75
PRODUCT = "-//Everlit//Everlit 1//EN"
UPDATED = Text("Version {version}", "第{version}版")
TENTATIVE = Text("may be affected", "可能停电")
CANCELLED = Text("cancelled", "已取消")


def calendar(
    outages: Iterable[PublicOutage], *, name: Text, host: str, language: str, refresh_minutes: int = 60
) -> bytes:
    """The feed: the newest version of every event in `outages`, by start. `host` makes the identities worldwide.

    Where it is, is told in words alone: a point would show whose outage it is when few are affected.
    """
    head = (
        ("BEGIN", "VCALENDAR"),
        ("VERSION", "2.0"),
        ("PRODID", PRODUCT),
        ("CALSCALE", "GREGORIAN"),
        ("METHOD", "PUBLISH"),
        ("NAME", text(one_line(name.in_language(language)))),
        ("X-WR-CALNAME", text(one_line(name.in_language(language)))),
        ("REFRESH-INTERVAL;VALUE=DURATION", f"PT{refresh_minutes}M"),
        ("X-PUBLISHED-TTL", f"PT{refresh_minutes}M"),
    )
    lines = [content_line(*property_) for property_ in head]
    for outage in newest(outages):
        lines += [content_line(*property_) for property_ in _event(outage, host, language)]
    return "".join([*lines, content_line("END", "VCALENDAR")]).encode()


def newest(outages: Iterable[PublicOutage]) -> list[PublicOutage]:
    """One version of each event, the highest, ordered by start."""
    kept: dict[str, PublicOutage] = {}
    for outage in outages:
        before = kept.get(outage.event_id)
        if before is None or outage.version > before.version:
            kept[outage.event_id] = outage
    return sorted(kept.values(), key=lambda outage: (outage.period.start, outage.event_id))


def _event(outage: PublicOutage, host: str, language: str) -> Iterator[tuple[str, str]]:
    tag = "zh-CN" if language.startswith("zh") else "en"
    title = outage.title.in_language(language)
    mark = CANCELLED if outage.cancelled else TENTATIVE if outage.tentative else None
    body = [outage.body, outage.instruction, Text(UPDATED.en, UPDATED.zh)]
    words = [plain(one.in_language(language)).strip().replace("{version}", str(outage.version)) for one in body]
    yield "BEGIN", "VEVENT"
    yield "UID", text(f"{one_line(outage.event_id)}@{host}")
    yield "SEQUENCE", str(outage.version)
    yield "DTSTAMP", utc_time(outage.issued)
    yield "LAST-MODIFIED", utc_time(outage.issued)
    yield "DTSTART", utc_time(outage.period.start)
    yield "DTEND", utc_time(outage.period.end)
    yield f"SUMMARY;LANGUAGE={tag}", text(one_line(f"{title} ({mark.in_language(language)})" if mark else title))
    yield f"DESCRIPTION;LANGUAGE={tag}", text("\n".join(filter(None, words)))
    yield f"LOCATION;LANGUAGE={tag}", text(one_line(outage.area.in_language(language)))
    if outage.contact:
        yield "CONTACT", text(one_line(outage.contact))
    yield "CATEGORIES", text(outage.kind.value)
    yield "STATUS", "CANCELLED" if outage.cancelled else "TENTATIVE" if outage.tentative else "CONFIRMED"
    yield "TRANSP", "TRANSPARENT"
    yield "CLASS", "PUBLIC"
    yield "END", "VEVENT"


def text(value: str) -> str:
    """A TEXT value (3.3.11): backslash, semicolon, comma and line feed escaped."""
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\n", "\\n")


def utc_time(moment: datetime) -> str:
    """A DATE-TIME in UTC (3.3.5, form 2).

    >>> utc_time(datetime(2026, 6, 8, 0, 30, tzinfo=UTC))
    '20260608T003000Z'
    """
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def content_line(name: str, value: str) -> str:
    """A content line, folded after at most 75 octets and never inside a character (3.1)."""
    folded, octets = [], 0
    for character in f"{name}:{value}":
        size = len(character.encode())
        if octets + size > LINE_OCTETS:
            folded.append("\r\n ")
            octets = 1
        folded.append(character)
        octets += size
    return "".join(folded) + "\r\n"
