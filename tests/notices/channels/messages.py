"""A message to send, and texts that try to be more than a text."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from everlit.notices.channel import Message

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)

HOSTILE = (
    "停电通知\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>",
    "a\x00b\x07c\x1b[31m\x7f\x9b",
    "\u202egnp.exe\u2066\u200f",
    '</description><info/>&amp;]]><!ENTITY x "y">',
    "\\;,:\"'\nEND:VEVENT\nBEGIN:VALARM",
    '#import "/etc/passwd": * $x$ #eval("1") *bold* _it_ @ref <label> // /* ]',
    "\ud800half\ufffe\uffff",
    "𠮷野家 👩‍👩‍👧 ñ €[]",
    "\u2028\u2029\u0085\x0b\x0c",
)


def clock() -> datetime:
    return NOW


def message(**changed: Any) -> Message:
    """A planned outage told in Chinese."""
    first = Message(
        key="0f3c9a7e5b1d4c2a",
        channel="sms",
        address="+8613800138000",
        language="zh",
        title="计划停电通知",
        body="尊敬的客户：6月8日08:00至17:00，城北线检修，您处停电。咨询电话95598。编号PO-2026-0601。",
        not_after=datetime(2026, 6, 8, 0, 0, tzinfo=UTC),
        facts={
            "event_id": "PO-2026-0601",
            "kind": "planned",
            "version": 1,
            "start": datetime(2026, 6, 8, 0, 0, tzinfo=UTC),
            "end": datetime(2026, 6, 8, 9, 0, tzinfo=UTC),
            "area": "城北新村 1–6 栋",
            "cause": "线路检修",
            "affected": "照明和动力",
            "contact": "95598",
            "sender": "城北供电所",
            "customer": "C-1001",
        },
    )
    return replace(first, **changed)
