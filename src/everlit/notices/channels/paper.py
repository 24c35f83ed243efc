"""Notices on paper (张贴通知、派送清单): a page for each door, and the list of whoever walks from door to door.

The page repeats the letter, and shows when, where and why in large print; the list is sorted by building and door as
people read them (2栋 before 10栋), with a column to tick and one to sign. Both are PDF in Chinese or English with the
font that ships, the same bytes each time. Everything comes in as data: no text is ever read as markup.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from importlib.resources import files
from pathlib import Path
from typing import Any

from everlit.kernel import Text
from everlit.notices.channel import Kind, Message
from everlit.notices.channels.clean import instant, one_line, plain

FONTS = Path(str(files("everlit"))) / "data" / "fonts"
WORDS: Mapping[str, Text] = {
    "when": Text("When", "停电时间"),
    "was": Text("Was to be", "原定时间"),
    "where": Text("Where", "停电范围"),
    "why": Text("Why", "停电原因"),
    "contact": Text("Call", "咨询电话"),
    "number": Text("No.", "编号"),
    "version": Text("version", "版次"),
    "replaces": Text("This notice replaces the earlier one.", "本通知代替此前发出的通知。"),
    "date": Text("Date of notice", "通知日期"),
    "list": Text("Notices to hand out", "停电通知派送清单"),
    "order": Text("No.", "序号"),
    "door": Text("Door", "门牌"),
    "account": Text("Account", "户号"),
    "name": Text("Name", "户名"),
    "given": Text("Given", "送达"),
    "at": Text("Time", "时间"),
    "signed": Text("Signed", "签收"),
    "remark": Text("Remark", "备注"),
    "doors": Text("doors", "户"),
    "carrier": Text("Handed out by", "派送人"),
    "checked": Text("Checked by", "复核人"),
}
RULE = Text(
    "Tick when the notice is in the hands of an adult or fixed to the door; write down who could not be reached.",
    "通知交到成年住户手中或张贴于门上后打勾；无法送达的，在备注中写明。",
)
DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Door:
    """One line of the list: where to go, whose it is (already masked as the list needs it), what to mind."""

    building: str
    door: str
    account: str
    name: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """What the list is about."""

    event_id: str
    version: int
    when: str
    area: str
    sender: str


def door_pages(messages: Iterable[Message], *, zone: tzinfo, issued: datetime) -> bytes:
    """One A5 page for each message, each in its own language; `issued` is the date printed on it."""
    pages = [_page(message, zone, issued) for message in messages]
    return _compiled("door.typ", {"pages": pages})


def walking_list(doors: Iterable[Door], heading: Heading, *, language: str) -> bytes:
    """The list on A4, grouped by building."""
    return _compiled("list.typ", sheet(doors, heading, language=language))


def sheet(doors: Iterable[Door], heading: Heading, *, language: str) -> dict[str, Any]:
    """Everything the list shows, in one language."""
    ordered = sorted(doors, key=lambda door: (natural(door.building), natural(door.door), door.account))
    groups: dict[str, list[list[str]]] = {}
    for number, door in enumerate(ordered, start=1):
        groups.setdefault(one_line(door.building), []).append([str(number), *_line(door)])
    return {
        "language": _tag(language),
        "words": _words(language),
        "rule": RULE.in_language(language),
        "heading": {
            "event": one_line(heading.event_id),
            "version": str(heading.version),
            "when": one_line(heading.when),
            "area": one_line(heading.area),
            "sender": one_line(heading.sender, 60),
        },
        "total": str(len(ordered)),
        "groups": [{"building": name, "doors": some} for name, some in groups.items()],
    }


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key by which numbers in a text count as numbers.

    >>> sorted(["10栋", "2栋", "B座", "1栋2单元", "1栋10单元"], key=natural)
    ['1栋2单元', '1栋10单元', '2栋', '10栋', 'B座']
    """
    pieces: Sequence[str] = [piece for piece in DIGITS.split(text) if piece]
    return tuple((0, int(piece[:18]), piece) if piece.isdecimal() else (1, 0, piece) for piece in pieces)


def _page(message: Message, zone: tzinfo, issued: datetime) -> dict[str, Any]:
    facts, language = message.facts, message.language
    version = int(facts.get("version") or 1)
    rows = [
        ("was" if facts.get("kind") == Kind.CANCELLED else "when", _span(facts, zone, language)),
        *((word, _said(facts.get(fact), language)) for word, fact in (("where", "area"), ("why", "cause"))),
        ("contact", _said(facts.get("contact"), language)),
    ]
    return {
        "language": _tag(language),
        "words": _words(language),
        "title": one_line(message.title, 40),
        "to": one_line(message.address, 80),
        "rows": [[WORDS[word].in_language(language), said] for word, said in rows if said],
        "body": [line for line in plain(message.body).split("\n") if line.strip()],
        "replaces": version > 1,
        "sender": _said(facts.get("sender"), language),
        "date": _day(issued, zone, language),
        "event": one_line(str(facts.get("event_id") or ""), 60),
        "version": str(version),
    }


def _line(door: Door) -> list[str]:
    return [one_line(text, 60) for text in (door.door, door.account, door.name, door.remark)]


def _span(facts: Mapping[str, Any], zone: tzinfo, language: str) -> str:
    if not facts.get("start") or not facts.get("end"):
        return ""
    start, end = instant(facts["start"]).astimezone(zone), instant(facts["end"]).astimezone(zone)
    day, last = _day(start, zone, language), _day(end, zone, language)
    if language.startswith("zh") and start.year == end.year:
        last = last.partition("年")[2]
    until = f"{end:%H:%M}" if end.date() == start.date() else f"{last} {end:%H:%M}"
    return f"{day} {start:%H:%M} – {until}"


def _day(moment: datetime, zone: tzinfo, language: str) -> str:
    local = moment.astimezone(zone)
    return f"{local.year}年{local.month}月{local.day}日" if language.startswith("zh") else f"{local:%Y-%m-%d}"


def _said(value: Any, language: str) -> str:
    """A fact in one language: a text in two, its JSON, or a word."""
    if isinstance(value, Text):
        return one_line(value.in_language(language))
    if isinstance(value, Mapping):
        return one_line(str(value.get(_tag(language)) or ""))
    return "" if value is None else one_line(str(value))


def _tag(language: str) -> str:
    return "zh" if language.startswith("zh") else "en"


def _words(language: str) -> dict[str, str]:
    return {key: word.in_language(language) for key, word in WORDS.items()}


def _compiled(template: str, data: Mapping[str, Any]) -> bytes:
    import typst

    made = typst.compile(
        str(Path(__file__).with_name(template)),
        format="pdf",
        font_paths=[str(FONTS)],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        timestamp=0,
    )
    return bytes(made)
