"""What was said about an event, read again: the facts an announcement keeps, and what every account heard in all."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from everlit.customers.model import DOOR
from everlit.kernel import Period, Text
from everlit.notices.channel import Kind
from everlit.notices.model import REACHED, STANDS, TOLD, Announcement, Happening
from everlit.notices.reconcile import Addressed


def facts_of(happening: Happening) -> dict[str, Any]:
    """The facts of a happening as an announcement keeps them."""
    return {
        "sender": happening.sender.as_json(),
        "cause": happening.cause.as_json(),
        "area": happening.area.as_json(),
        "contact": happening.contact,
        "start": happening.period.start.isoformat(),
        "end": happening.period.end.isoformat(),
        **happening.facts,
    }


def happening_again(
    said: Announcement, kind: Kind, *, cause: Text | None = None, end: datetime | None = None
) -> Happening:
    """What was said last, to be spoken of once more."""
    facts = dict(said.body["facts"])
    words = {name: Text(**facts.pop(name)) for name in ("sender", "cause", "area")}
    period = Period(*(datetime.fromisoformat(facts.pop(name)) for name in ("start", "end")))
    if end is not None and end > period.start:
        period = replace(period, end=end)
    return Happening(
        said.event_id, said.network, kind, period, (), cause or words["cause"], words["area"], words["sender"],
        facts.pop("contact"), facts,
    )  # fmt: skip


def addressed_of(rows: Sequence[Any]) -> list[Addressed]:
    """What was said to every account, put together from all its messages."""
    mine: dict[str, list[Any]] = {}
    for row in rows:
        mine.setdefault(row.account_id, []).append(row)
    found = []
    for name, some in mine.items():
        some.sort(key=lambda row: row.notice_id)
        words = [row for row in some if row.kind in STANDS]
        reached = [row.sent_s for row in words if row.state in REACHED and row.channel != DOOR]
        last = next((row for row in reversed(some) if row.state in TOLD), None)
        stands = last is None or last.kind != Kind.CANCELLED
        found.append(
            Addressed(
                name, some[0].consumer_id, min(reached, default=0), all(row.channel == DOOR for row in words),
                any(row.certain for row in words), stands,
            )
        )  # fmt: skip
    return found
