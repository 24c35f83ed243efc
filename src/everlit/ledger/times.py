"""Instants as people write them (时刻): ISO 8601, 2026/6/1 8:05, 20260601080500, 2026年6月1日8时5分; local unless an offset stands.

>>> from zoneinfo import ZoneInfo
>>> clock = Clock(ZoneInfo("Asia/Shanghai"))
>>> clock.read("2026-06-01 08:00") == clock.read("2026-06-01T00:00Z") == clock.read("2026年6月1日8时0分")
True
>>> clock.read("2026-06-01"), clock.read("31.6.2026"), Clock(ZoneInfo("Europe/Berlin")).read("2026-03-29 02:30")
('day', 'unreadable', 'skipped')
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from everlit.kernel import Text
from everlit.ledger.columns import Seconds

YEARS = range(2000, 2100)
_FREE = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?[ T]*(\d{1,2})[:时点](\d{1,2})(?:[:分](\d{1,2})(?:[.,]\d+)?秒?|分)?"
)
_DIGITS = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?")
_PLAIN = r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?$"
_DAY = re.compile(r"\d{8}|\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?")
DAY_S, UNREAD = 86_400, np.int64(-(2**62))
EPOCH_DAY = date(1970, 1, 1).toordinal()

REASONS: dict[str, Text] = {
    "unreadable": Text("is no instant", "不是时刻"),
    "day": Text("names a day but no time", "只有日期,没有时间"),
    "year": Text(f"lies outside {YEARS.start}–{YEARS.stop - 1}", f"不在 {YEARS.start}–{YEARS.stop - 1} 年内"),
    "skipped": Text("does not exist on the local clock that day", "在当地时钟上不存在"),
    "twice": Text("came twice on the local clock that day: name the offset", "在当地时钟上出现两次:请写明时区"),
}
"""Why a cell is no instant."""


@dataclass(frozen=True)
class Clock:
    """Reads instants as seconds since the epoch, UTC; what names no offset is local time of `zone`."""

    zone: tzinfo
    _offsets: dict[date, int | None] = field(default_factory=dict, repr=False, compare=False)

    def read(self, text: str) -> int | str:
        """Whole seconds, or the key of `REASONS` that says why not."""
        if _DAY.fullmatch(text):
            return "day"
        try:
            instant = _instant(text)
        except (ValueError, OverflowError):
            return "unreadable"
        if instant is None:
            return "unreadable"
        if instant.year not in YEARS:
            return "year"
        if instant.tzinfo is not None:
            return int(instant.timestamp() // 1)
        return self._local(instant)

    def read_all(self, texts: Sequence[str]) -> tuple[Seconds, list[tuple[int, str]]]:
        """Whole seconds of each text, and which are no instants, why. The plain format is read a column at a time."""
        seconds = self._plain(texts)
        wrong: list[tuple[int, str]] = []
        for place in np.flatnonzero(seconds == UNREAD).tolist():
            read = self.read(texts[place])
            seconds[place] = read if isinstance(read, int) else 0
            if isinstance(read, str):
                wrong.append((place, read))
        return seconds, wrong

    def _plain(self, texts: Sequence[str]) -> Seconds:
        """What is written YYYY-MM-DD HH:MM[:SS] on days without a change of the clock; UNREAD for the rest."""
        column, seconds = pa.array(texts, pa.string()), np.full(len(texts), UNREAD)
        plain = np.flatnonzero(np.asarray(pc.match_substring_regex(column, _PLAIN), np.bool_))
        try:
            local = np.asarray(column.take(pa.array(plain)).cast(pa.timestamp("s")).cast(pa.int64()))
        except pa.ArrowInvalid:
            return seconds
        days, which = np.unique(local // DAY_S, return_inverse=True)
        dates = [date(1970, 1, 1) + timedelta(days=day) for day in days.tolist()]
        offsets = [self._offset(day) if day.year in YEARS else None for day in dates]
        known = np.array([offset is not None for offset in offsets], np.bool_)[which]
        east = np.array([offset or 0 for offset in offsets], np.int64)[which]
        seconds[plain[known]] = (local - east)[known]
        return seconds

    def _offset(self, day: date) -> int | None:
        """Seconds east of UTC all through a local day, None when the clock is changed near it."""
        if day not in self._offsets:
            self._offsets[day] = self._offset_of(day)
        return self._offsets[day]

    def _local(self, naive: datetime) -> int | str:
        seconds = (naive.toordinal() - EPOCH_DAY) * DAY_S + naive.hour * 3600 + naive.minute * 60 + naive.second
        offset = self._offset(naive.date())
        if offset is not None:
            return seconds - offset
        local = naive.replace(tzinfo=self.zone)
        if local.astimezone(UTC).astimezone(self.zone).replace(tzinfo=None) != naive:
            return "skipped"
        if local.utcoffset() != local.replace(fold=1).utcoffset():
            return "twice"
        return int(local.timestamp() // 1)

    def _offset_of(self, day: date) -> int | None:
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=self.zone)
        around = {(noon + timedelta(days=step)).utcoffset() for step in (-1, 0, 1)}
        only = around.pop()
        return None if around or only is None else int(only.total_seconds())


def _instant(text: str) -> datetime | None:
    """The instant a cell names, naive when it names no offset; ValueError for an impossible one."""
    digits = _DIGITS.fullmatch(text)
    if digits:
        return _at(*(int(part or 0) for part in digits.groups()))
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        free = _FREE.fullmatch(text)
    if free is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in free.groups())
    late = hour == 24 and minute == second == 0
    instant = _at(year, month, day, 0 if late else hour, minute, second)
    return instant + timedelta(days=1) if late else instant


def _at(year: int, month: int, day: int, hour: int, minute: int, second: int) -> datetime:
    """An instant of the local clock, without its offset."""
    return datetime.combine(date(year, month, day), time(hour, minute, second))
