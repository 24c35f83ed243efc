"""Calls (报修电话): somebody says that the power is off, to an agent, to the voice menu (IVR) or on the web page.

A call names a place, by usage point, by account or by an address in words; only the first needs no database, so the others
are looked up when the spool is drained. The telephone number is kept for the call back and shown masked.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from everlit.faults.model import Signal, SignalKind
from everlit.kernel import Finding
from everlit.kernel.reading import Row

_PHONE = re.compile(r"\+?\d[\d -]{3,18}\d")
PLACES = ("usage_point", "account", "address")


class CallForm(StrEnum):
    """Through which form a call came."""

    AGENT = "agent"
    IVR = "ivr"
    WEB = "web"


FORM_WORDS = {"坐席": CallForm.AGENT, "语音": CallForm.IVR, "网页": CallForm.WEB}


@dataclass(frozen=True, slots=True)
class Call:
    """A call as a signal, and what else was told: telephone number, account, address, words."""

    signal: Signal
    told: Mapping[str, str]


def read_call(cells: Mapping[str, Any], *, at: datetime, name: str) -> tuple[Call | None, list[Finding]]:
    """A call from its form, or what is wrong with it; `at` and `name` stand in for an instant and an identity not told.

    >>> at = datetime.fromisoformat("2026-06-01T12:00:00+08:00")
    >>> call, _ = read_call({"form": "ivr", "account": "7", "phone": "138 0000 5678"}, at=at, name="n1")
    >>> call.signal.source, call.signal.source_id, call.signal.subject, call.told["phone"]
    ('call.ivr', 'n1', '', '13800005678')
    >>> [one.kind for one in read_call({"form": "web", "phone": "x"}, at=at, name="n2")[1]]
    ['call.phone', 'call.place']
    """
    row = Row(cells, "call", prefix="call")
    form = row.choice("form", CallForm, words=FORM_WORDS)
    identity = row.text("call_id", default=name, longest=120)
    places = {word: row.text(word, default="", longest=200) or "" for word in PLACES}
    said = row.text("said", default="") or ""
    phone = re.sub(r"[ -]", "", row.text("phone", default="", longest=24) or "")
    occurred = at if row.raw("occurred_at") is None else row.instant("occurred_at")
    if phone and not _PHONE.fullmatch(phone):
        row.note("phone", "phone", "phone is no telephone number.", "phone 不是电话号码。")
    if not any(places.values()):
        row.note("account", "place", "Name a usage point, an account or an address.", "请提供用电点、户号或地址。")
    if row.refused or form is None or identity is None or occurred is None:
        return None, row.findings
    told = {"phone": phone, "account": places["account"], "address": places["address"], "said": said}
    source, subject = f"call.{form.value}", places["usage_point"]
    signal = Signal(source, identity, SignalKind.CALL, subject, True, occurred, at)
    return Call(signal, {word: value for word, value in told.items() if value}), row.findings


def masked(told: Mapping[str, str]) -> dict[str, str]:
    """What was told of a call, as it may be shown.

    >>> masked({"phone": "13800005678", "said": "dark"}), masked({"phone": "12345"})["phone"]
    ({'phone': '138****5678', 'said': 'dark'}, '***45')
    """
    shown = dict(told)
    if number := shown.get("phone"):
        head, tail = (number[:3], number[-4:]) if len(number) > 8 else ("", number[-2:])
        shown["phone"] = f"{head}{'*' * (len(number) - len(head) - len(tail))}{tail}"
    return shown
