"""Reading what people send (数据校验): every cell is checked; a fault becomes a finding with row, column and reason.

A `Row` wraps one record of a file or one JSON object. Its methods return the value or the fallback and note what was
wrong, so that one bad record reports all its faults at once and never stops the file.

>>> row = Row({"duration_min": "-5", "crew": "A"}, subject="R-1", number=3)
>>> row.integer("duration_min", low=1, high=10_080), row.text("crew")
(None, 'A')
>>> row.findings[0].evidence["column"], row.findings[0].evidence["row"], row.findings[0].message.zh
('duration_min', 3, 'duration_min 为 -5，应在 1 与 10080 之间。')
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from enum import StrEnum
from typing import Any, TypeVar

from everlit.kernel import Finding, Severity, Text

Choice = TypeVar("Choice", bound=StrEnum)

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
"""Local time of the utility unless told otherwise; China keeps one zone without summer time."""

LONGEST_TEXT = 400
YEARS = range(2000, 2101)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_YES = {"true", "1", "yes", "y", "是", "√"}
_NO = {"false", "0", "no", "n", "否", "", "×"}


@dataclass(slots=True)
class Row:
    """One record under check; `findings` fills as cells are read. `prefix` is the first word of their kinds."""

    cells: Mapping[str, Any]
    subject: str = ""
    number: int | None = None
    zone: tzinfo = CHINA
    prefix: str = "request"
    findings: list[Finding] = field(default_factory=list)

    def note(self, column: str, kind: str, en: str, zh: str, *, severity: Severity = Severity.ERROR) -> None:
        """Record what is wrong with a column."""
        value = _shown(self.cells.get(column))
        evidence = {"column": column, "value": value, **({} if self.number is None else {"row": self.number})}
        self.findings.append(Finding(f"{self.prefix}.{kind}", self.subject, Text(en, zh), evidence, severity))

    @property
    def refused(self) -> bool:
        """True when an error was noted."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)

    def raw(self, column: str) -> Any:
        """The cell as it came, None when absent or blank."""
        value = self.cells.get(column)
        return None if value is None or (isinstance(value, str) and not value.strip()) else value

    def text(self, column: str, *, default: str | None = None, longest: int = LONGEST_TEXT) -> str | None:
        """A short line of text."""
        value = self.raw(column)
        if value is None:
            if default is None:
                self.note(column, "missing", f"{column} is missing.", f"缺少 {column}。")
            return default
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            self.note(column, "type", f"{column} is not text.", f"{column} 不是文本。")
            return default
        text = str(value).strip()
        if len(text) > longest:
            self.note(
                column,
                "too_long",
                f"{column} is longer than {longest} characters.",
                f"{column} 超过 {longest} 个字符。",
            )
            return default
        if _CONTROL.search(text) or not _encodable(text):
            self.note(column, "characters", f"{column} holds control characters.", f"{column} 含有控制字符。")
            return default
        return text

    def number_between(self, column: str, *, low: float, high: float, default: float | None = None) -> float | None:
        """A finite number within [low, high]."""
        value = self.raw(column)
        if value is None:
            if default is None:
                self.note(column, "missing", f"{column} is missing.", f"缺少 {column}。")
            return default
        number = _number(value)
        if number is None:
            self.note(
                column, "number", f"{column} is not a number: {_shown(value)}.", f"{column} 不是数字：{_shown(value)}。"
            )
            return default
        if not low <= number <= high:
            shown = _shown(value)
            self.note(
                column,
                "range",
                f"{column} is {shown}, must lie between {low:g} and {high:g}.",
                f"{column} 为 {shown}，应在 {low:g} 与 {high:g} 之间。",
            )
            return default
        return number

    def integer(self, column: str, *, low: int, high: int, default: int | None = None) -> int | None:
        """A whole number within [low, high]."""
        number = self.number_between(column, low=low, high=high, default=None if default is None else float(default))
        if number is None:
            return default
        if number != int(number):
            self.note(column, "whole", f"{column} is not a whole number.", f"{column} 不是整数。")
            return default
        return int(number)

    def flag(self, column: str, *, default: bool = False) -> bool:
        """Yes or no."""
        value = self.raw(column)
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        word = str(value).strip().lower()
        if word in _YES:
            return True
        if word not in _NO:
            self.note(
                column,
                "flag",
                f"{column} is neither yes nor no: {_shown(value)}.",
                f"{column} 不是“是/否”：{_shown(value)}。",
            )
        return default

    def choice(
        self, column: str, kind: type[Choice], *, words: Mapping[str, Choice], default: Choice | None = None
    ) -> Choice | None:
        """One word of a closed list, in English or Chinese."""
        value = self.raw(column)
        if value is None and default is not None:
            return default
        word = str(value).strip().lower() if value is not None else ""
        found = words.get(word) or next((item for item in kind if item.value == word), None)
        if found is None:
            allowed = ", ".join(item.value for item in kind)
            self.note(
                column,
                "choice",
                f"{column} is {_shown(value)}, must be one of {allowed}.",
                f"{column} 为 {_shown(value)}，应为 {allowed} 之一。",
            )
        return found or default

    def words(self, column: str, *, most: int, default: Sequence[str] | None = None) -> tuple[str, ...]:
        """Several identities: a JSON list, or one cell separated by semicolons, commas or spaces."""
        value = self.raw(column)
        if value is None or (isinstance(value, list | tuple) and not value):
            if default is None:
                self.note(column, "missing", f"{column} is missing.", f"缺少 {column}。")
            return tuple(default or ())
        parts = (
            list(value)
            if isinstance(value, list | tuple)
            else [part for part in re.split(r"[;；,，]\s*", str(value)) if part.strip()]
        )
        if any(not isinstance(part, str | int) or isinstance(part, bool) for part in parts):
            self.note(column, "type", f"{column} must list identities.", f"{column} 应为标识列表。")
            return tuple(default or ())
        names = tuple(dict.fromkeys(str(part).strip() for part in parts))
        if len(parts) > most:
            self.note(column, "too_many", f"{column} lists more than {most}.", f"{column} 超过 {most} 项。")
            return tuple(default or ())
        if any(not name or len(name) > LONGEST_TEXT or _CONTROL.search(name) or not _encodable(name) for name in names):
            self.note(column, "characters", f"{column} holds an unusable identity.", f"{column} 含有无效标识。")
            return tuple(default or ())
        return names

    def instant(self, column: str, *, end_of_day: bool = False, required: bool = True) -> datetime | None:
        """An instant with its offset, or a date: the local start of that day (its end when `end_of_day`)."""
        value = self.raw(column)
        if value is None:
            if required:
                self.note(column, "missing", f"{column} is missing.", f"缺少 {column}。")
            return None
        found = _instant(value, self.zone, end_of_day=end_of_day)
        if isinstance(found, datetime):
            return found
        reasons = {
            "naive": ("names no offset: write +08:00 or Z", "没有时区：请写 +08:00 或 Z"),
            "year": (f"lies outside {YEARS.start}–{YEARS.stop - 1}", f"不在 {YEARS.start}–{YEARS.stop - 1} 年内"),
            "unreadable": ("is not a date or an instant", "不是日期或时刻"),
        }
        en, zh = reasons[found]
        self.note(column, f"time.{found}", f"{column} {_shown(value)} {en}.", f"{column} {_shown(value)} {zh}。")
        return None

    def minute_of_day(self, column: str, *, default: int) -> int:
        """A local clock time HH:MM as minutes; 24:00 is the end of the day."""
        value = self.raw(column)
        if value is None:
            return default
        text = str(value).strip()
        if text == "24:00":
            return 1440
        try:
            clock = time.fromisoformat(text)
        except ValueError:
            clock = None
        if clock is None or clock.tzinfo is not None:
            self.note(
                column,
                "clock",
                f"{column} is not a clock time HH:MM: {_shown(value)}.",
                f"{column} 不是 HH:MM 时刻：{_shown(value)}。",
            )
            return default
        return clock.hour * 60 + clock.minute


def _instant(value: Any, zone: tzinfo, *, end_of_day: bool) -> datetime | str:
    text = str(value).strip()
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            day = date.fromisoformat(text)
            local = datetime.combine(day, time(), zone) + timedelta(days=1 if end_of_day else 0)
        else:
            local = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return "unreadable"
    if local.tzinfo is None:
        return "naive"
    if local.year not in YEARS:
        return "year"
    return local.astimezone(UTC)


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(value: Any) -> str:
    """At most forty characters of a value, fit for a message."""
    if isinstance(value, int) and value.bit_length() > 200:
        return "a huge number"
    text = _CONTROL.sub("�", str(value)[:80]).encode("utf-8", "replace").decode()
    return text if len(text) <= 40 else text[:40] + "…"
