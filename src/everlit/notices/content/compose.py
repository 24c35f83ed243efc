"""From texts to messages: what holds for the whole event is filled in when it is queued, what is a reader's own when it is
sent. Both fillings are plain substitution, and nothing that comes from outside can open a slot of its own.

>>> eight, noon = 1781049600, 1781064000
>>> said(((eight, noon),), language="zh", zone=CHINA), said(((eight, noon),), language="en", zone=CHINA)
('6月10日08:00-12:00', '10 June 08:00-12:00')
>>> said(((eight, noon + 20 * 3600),), language="zh", zone=CHINA)
'6月10日08:00至6月11日08:00'
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from everlit.kernel import Text
from everlit.kernel.reading import CHINA
from everlit.notices.channel import Kind
from everlit.notices.content.sms import seven_bit
from everlit.notices.content.texts import FORMS, LANGUAGES, PARTS, READERS, Book
from everlit.notices.model import Happening, Spans, instant

__all__ = ["CHINA", "compose", "fill", "plain", "said", "tail_of"]

MOST_SPANS = 3
SHORT_FACT = {"zh": 16, "en": 36}
LONG_FACT = {"sender": 80, "cause": 150, "area": 200}
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
Composed = dict[str, dict[str, dict[str, str]]]
"""Texts by language, form and reader (`title` beside them), with the slots when, tail and count left open."""


def compose(happening: Happening, kind: Kind, *, version: int, book: Book) -> Composed:
    """The texts of one kind of notice about an event."""
    return {
        language: {form: _form(happening, version, book.of(form, kind), form, language) for form in FORMS}
        for language in LANGUAGES
    }


def _form(happening: Happening, version: int, parts: Mapping[str, Text], form: str, language: str) -> dict[str, str]:
    facts = {
        **{name: _fact(name, getattr(happening, name), form, language) for name in LONG_FACT},
        "contact": plain(happening.contact)[:40],
        "event": plain(happening.event_id)[:120],
        "version": str(version),
    }
    words = {part: text.in_language(language) for part, text in parts.items()}
    joint = "" if language == "zh" else " "
    whole = joint.join(words[part] for part in PARTS if part in words)
    filled = {"title": _put(words.get("title", ""), facts)}
    for reader in READERS:
        filled[reader] = _put(_put(whole, {"reader": words.get(reader, "")}), facts)
    return filled


def fill(text: str, **slots: str) -> str:
    """A text with some of its slots (when, tail, count) filled."""
    return _put(text, slots)


def said(spans: Spans, *, language: str, zone: tzinfo) -> str:
    """Times as people say them, local; of many the first three."""
    shown = [_span(instant(first).astimezone(zone), instant(last).astimezone(zone), language) for first, last in spans]
    more = ("等" if language == "zh" else " and more") if len(shown) > MOST_SPANS else ""
    return ("、" if language == "zh" else ", ").join(shown[:MOST_SPANS]) + more


def _span(first: datetime, last: datetime, language: str) -> str:
    if first.date() == last.date():
        return f"{_day(first, language)}{first:%H:%M}-{last:%H:%M}"
    to = "至" if language == "zh" else " to "
    return f"{_day(first, language)}{first:%H:%M}{to}{_day(last, language)}{last:%H:%M}"


def _day(local: datetime, language: str) -> str:
    return f"{local.month}月{local.day}日" if language == "zh" else f"{local.day} {MONTHS[local.month - 1]} "


def tail_of(account_id: str) -> str:
    """The last four letters of an account's identity: enough for its holder to know which one is meant."""
    return plain(account_id)[-4:]


def plain(words: Any) -> str:
    """One line without control characters and without braces.

    >>> plain("line\\nbreak {when} \\u202e!")
    'line break (when) !'
    """
    kept = str(words)
    if not (kept.isascii() and kept.isprintable()):
        kept = "".join(letter if unicodedata.category(letter)[0] != "C" else " " for letter in kept)
    return re.sub(r"\s+", " ", kept).strip().replace("{", "(").replace("}", ")")


def _fact(name: str, text: Text, form: str, language: str) -> str:
    """A fact in the words of a form. However long it is, the notice is owed: it is cut so that every form keeps its
    length, and English short messages stay in the seven-bit alphabet."""
    words = plain(text.in_language(language))
    if form == "long":
        return words[: LONG_FACT[name]]
    if language == "en":
        words = _seven_bit_only(words)
    most = SHORT_FACT[language]
    return words if len(words) <= most else words[: most - 2].rstrip() + ".."


def _seven_bit_only(words: str) -> str:
    """Letters a short message can carry cheaply; accents are dropped, what has no counterpart is left out."""
    flat = unicodedata.normalize("NFKD", words)
    return " ".join("".join(letter for letter in flat if seven_bit(letter)).split()) or "see our site"


def _put(text: str, slots: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: slots.get(match[1], match[0]), text)
