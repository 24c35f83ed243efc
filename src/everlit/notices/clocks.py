"""The clocks of the law (通知时限): by when whom, and the alarm while there is still time.

    planned      7 days before    everybody                          电力供应与使用条例 Art 28(1)
    temporary    24 hours before  important customers                Art 28(2)
                 (province)       everybody, where a row says so
    fault        at once

Provinces are rows: of several layers of one key the strictest holds. `deadlines` is what planning asks before anybody
decides, `at_risk` what is asked afterwards, of what is queued and not delivered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from everlit.kernel import Finding, Policies, Policy, Severity, Text
from everlit.notices.channel import Kind

EVERYBODY, IMPORTANT = "everybody", "important"


@dataclass(frozen=True, slots=True)
class Deadline:
    """By when an audience has to be told, and by which row."""

    audience: str
    at: datetime
    policy: Policy


def deadlines(kind: Kind, start: datetime, *, policies: Policies) -> tuple[Deadline, ...]:
    """The deadlines of the law for an outage that starts then, first one first; none for a kind that owes none."""
    rows = {
        Kind.PLANNED: ((EVERYBODY, "notice.planned"), (IMPORTANT, "notice.important")),
        Kind.TEMPORARY: ((IMPORTANT, "notice.temporary"), (EVERYBODY, "notice.temporary_public")),
    }.get(kind, ())
    found = []
    for audience, key in rows:
        layers = policies.all(key, on=start.date())
        strict = max(layers, key=_lead, default=None)
        if strict is not None and strict.value > 0:
            found.append(Deadline(audience, start - _lead(strict), strict))
    return tuple(sorted(found, key=lambda one: one.at))


def _lead(row: Policy) -> timedelta:
    return timedelta(days=row.value) if row.unit == "d" else timedelta(hours=row.value)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What of an announcement is not delivered yet, by who is owed it."""

    event_id: str
    kind: Kind
    start: datetime
    everybody: int
    important: int
    unsigned: int = 0


def at_risk(waiting: Sequence[Waiting], *, now: datetime, policies: Policies) -> list[Finding]:
    """An alarm for every deadline that is near or over while somebody is not told, and for important customers who have
    not signed; the most pressing first."""
    found: list[tuple[float, Finding]] = []
    for one in waiting:
        for due in deadlines(one.kind, one.start, policies=policies):
            left_h = (due.at - now) / timedelta(hours=1)
            missing = one.everybody if due.audience == EVERYBODY else one.important
            near = policies.row("alarm.notice_left", on=now.date()).holds(left_h)
            if missing and near and now < one.start:
                found.append((left_h, _alarm(one, due.policy, missing, left_h)))
        sign = policies.row("receipt.before", on=now.date())
        left_h = (one.start - now) / timedelta(hours=1)
        if one.unsigned and 0 <= left_h < sign.value:
            found.append((left_h, _unsigned(one, sign, left_h)))
    return [finding for _, finding in sorted(found, key=lambda pair: pair[0])]


def _alarm(one: Waiting, row: Policy, missing: int, left_h: float) -> Finding:
    late = left_h < 0
    when = f"{-left_h:.1f} h ago" if late else f"in {left_h:.1f} h"
    zh = f"已逾期 {-left_h:.1f} 小时" if late else f"距时限 {left_h:.1f} 小时"
    text = Text(
        en=f"{one.event_id}: {missing} notices are not delivered, due {when}.",
        zh=f"{one.event_id}：{missing} 条通知未送达，{zh}。",
    )
    severity = Severity.ERROR if late else Severity.WARNING
    return Finding("notices.late" if late else "notices.at_risk", one.event_id, text, _cited(row, left_h), severity)


def _unsigned(one: Waiting, row: Policy, left_h: float) -> Finding:
    text = Text(
        en=f"{one.event_id}: {one.unsigned} important customers have not signed, {left_h:.1f} h before the outage.",
        zh=f"{one.event_id}：{one.unsigned} 个重要用户未签收，距停电 {left_h:.1f} 小时。",
    )
    return Finding("notices.unsigned", one.event_id, text, _cited(row, left_h), Severity.WARNING)


def _cited(row: Policy, left_h: float) -> dict[str, Any]:
    return {
        "policy": row.key, "value": row.value, "unit": row.unit, "document": row.document, "left_h": round(left_h, 3),
    }  # fmt: skip
