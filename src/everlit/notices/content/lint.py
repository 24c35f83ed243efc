"""The check of every text (通知内容检查): complete, plain, short enough, in both languages.

`lint_parts` looks at the texts as they are kept: a part that is missing, a part that does not carry its slot, words of the
trade. `lint_composed` looks at what one event would send: every slot filled, the length of a letter, the parts of a short
message. Words of the trade in what a planner typed (the cause, the area) are warnings: the notice is owed all the same.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from everlit.kernel import Finding, Severity, Text
from everlit.notices.channel import Kind
from everlit.notices.content.compose import Composed, fill
from everlit.notices.content.sms import parts, seven_bit
from everlit.notices.content.texts import FORMS, LANGUAGES, PARTS, READERS, Book

SLOTS: Mapping[str, str] = {
    "who": "sender",
    "when": "when",
    "why": "cause",
    "affected": "reader",
    "reader": "tail",
    "reader_may": "tail",
    "reader_many": "count",
    "contact": "contact",
    "id": "event",
}
"""What a part must carry to say what it is there for."""
NEEDED = ("title", *PARTS, *READERS)
JARGON: Mapping[str, re.Pattern[str]] = {
    "zh": re.compile(
        "台区|馈线|开关站|刀闸|倒闸|断路器|重合闸|母线|主变|配变|户变|环网|转供|转电|时户数|操作票|工作票|检修票|限电序位|拉闸|失电|低压侧"
    ),
    "en": re.compile(
        r"\b(feeders?|busbars?|switchgear|isolat\w+|disconnectors?|reclosers?|sectionalis\w+|transformer areas?|substations?"
        r"|de-energis\w+|SCADA|SAIDI|SAIFI|[LM]V|kVA|customer-hours|load transfer)\b",
        re.IGNORECASE,
    ),
}
SAFETY: Mapping[str, re.Pattern[str]] = {
    "zh": re.compile("有电|当心|留意|勿碰|不要触碰"),
    "en": re.compile(r"\b(live|mind|one by one|touch)\b"),
}
"""A safety part warns of something."""
SAMPLE_WHEN = {"zh": "12月30日22:00至12月31日05:00", "en": "30 December 22:00 to 31 December 05:00"}
SAMPLE_TAIL = "0000"


@dataclass(frozen=True, slots=True)
class Lengths:
    """The most a short message (parts) and a letter (characters) may have."""

    sms_parts: int
    characters: int


def lint_parts(book: Book, kind: Kind) -> list[Finding]:
    """What is wrong with the texts of a kind, all forms and languages."""
    found: list[Finding] = []
    for form in FORMS:
        texts = book.of(form, kind)
        for language in LANGUAGES:
            where = f"{kind.value}/{form}/{language}"
            for part in NEEDED:
                words = texts[part].in_language(language).strip() if part in texts else ""
                found.extend(_part(where, part, words, language))
    return found


def _part(where: str, part: str, words: str, language: str) -> Iterator[Finding]:
    if not words:
        yield _finding("part.missing", where, f"{part} is missing.", f"缺少 {part}。")
        return
    slot = SLOTS.get(part)
    if slot and f"{{{slot}}}" not in words:
        yield _finding("part.empty", where, f"{part} does not name its {slot}.", f"{part} 未包含 {slot}。")
    if found := JARGON[language].search(words):
        yield _finding("jargon", where, f"{part} says {found[0]}.", f"{part} 使用术语“{found[0]}”。")
    if part == "safety" and not SAFETY[language].search(words):
        yield _finding("part.empty", where, "safety warns of nothing.", "safety 未提示任何危险。")
    if language == "en" and re.search(r"[\u3000-\u9fff\uff00-\uffef]", words):
        yield _finding("language", where, f"{part} is not English.", f"{part} 不是英文。")
    if language == "zh" and part not in ("who", "affected", "id") and not re.search(r"[\u4e00-\u9fff]", words):
        yield _finding("language", where, f"{part} is not Chinese.", f"{part} 不是中文。")


def lint_composed(composed: Composed, kind: Kind, lengths: Lengths) -> list[Finding]:
    """What is wrong with the texts of one event before they are queued."""
    found: list[Finding] = []
    for language, forms in composed.items():
        for form, texts in forms.items():
            where = f"{kind.value}/{form}/{language}"
            for reader in READERS:
                text = fill(texts[reader], when=SAMPLE_WHEN[language], tail=SAMPLE_TAIL, count="20000")
                found.extend(_message(f"{where}/{reader}", text, form, language, lengths))
    return found


def _message(where: str, text: str, form: str, language: str, lengths: Lengths) -> Iterator[Finding]:
    if left := re.search(r"\{\w*\}", text):
        yield _finding("slot", where, f"{left[0]} is not filled.", f"{left[0]} 未填写。")
    if form == "short" and parts(text) > lengths.sms_parts:
        number = parts(text)
        en = f"The message takes {number} parts of {lengths.sms_parts}."
        yield _finding("length", where, en, f"短信需 {number} 条，最多 {lengths.sms_parts} 条。")
    if form == "short" and language == "en" and not seven_bit(text):
        yield _finding("alphabet", where, "A letter is outside the GSM alphabet.", "含有 GSM 字符集以外的字符。")
    if len(text) > lengths.characters:
        en = f"The letter has {len(text)} characters of {lengths.characters}."
        yield _finding("length", where, en, f"正文 {len(text)} 字，最多 {lengths.characters} 字。")
    if found := JARGON[language].search(text):
        words = f"It says {found[0]}.", f"使用术语“{found[0]}”。"
        yield _finding("jargon", where, *words, severity=Severity.WARNING)


def _finding(kind: str, subject: str, en: str, zh: str, *, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(f"notices.text.{kind}", subject, Text(en, zh), {}, severity)
