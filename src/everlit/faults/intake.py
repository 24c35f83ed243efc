"""Intake (信号接入): a signal is taken at once, spooled, and answered with its number; database and inference may be down.

Whoever sends repeats what was not answered: a signal that comes twice, by source and its identity there, is one signal.
What is taken is what was said, with the source's own clock and offset, and when it arrived here.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from everlit.faults.model import Signal
from everlit.faults.spool import Spool
from everlit.kernel import Finding, Text

AHEAD = timedelta(hours=1)
"""How far the clock of a source may be ahead of ours."""
REMEMBERED = 200_000
"""Signals remembered to tell at once that one came twice; the store knows all of them."""
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """What the spool keeps of a signal: for which network, who handed it in, and what else was told, of a call."""

    network: str
    signal: Signal
    by: str
    told: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to one signal: its sequence number here, and whether it is known to have come before."""

    seq: int
    source: str
    source_id: str
    arrived_at: datetime
    duplicate: bool

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "seq": self.seq, "source": self.source, "source_id": self.source_id,
            "arrived_at": self.arrived_at.isoformat(), "duplicate": self.duplicate,
        }  # fmt: skip


@dataclass(eq=False)
class Intake:
    """Takes signals into a spool; the clock comes from outside."""

    spool: Spool
    clock: Callable[[], datetime]
    _recent: OrderedDict[tuple[str, str, str], None] = field(default_factory=OrderedDict)

    def take(self, entries: Sequence[Entry]) -> list[Receipt]:
        """Keep entries, all of them or none, and return a receipt for each; raises UnableToAccept."""
        if not entries:
            return []
        numbers = self.spool.append([encoded(one) for one in entries])
        receipts = []
        for seq, one in zip(numbers, entries, strict=True):
            said, key = one.signal, (one.network, one.signal.source, one.signal.source_id)
            receipts.append(Receipt(seq, said.source, said.source_id, said.arrived_at, key in self._recent))
            self._recent[key] = None
        for _ in range(len(self._recent) - REMEMBERED):
            self._recent.popitem(last=False)
        return receipts

    def arrived(self, signals: Iterable[Signal], *, as_told: bool = False) -> tuple[list[Signal], list[Finding]]:
        """Signals stamped with this instant as their arrival, unless it is told; findings for those from the future."""
        now, taken, findings = self.clock(), [], []
        for one in signals:
            stamped = replace(
                one, occurred_at=to_the_minute(one.occurred_at), arrived_at=one.arrived_at if as_told else now
            )
            if stamped.occurred_at > now + AHEAD or stamped.arrived_at > now + AHEAD:
                findings.append(_ahead(one))
            else:
                taken.append(stamped)
        return taken, findings


def encoded(entry: Entry) -> bytes:
    """An entry as the spool keeps it."""
    return msgspec.json.encode(entry)


def decoded(body: bytes) -> Entry:
    """The entry again; raises ValueError for what is none.

    >>> from everlit.faults.model import SignalKind
    >>> noon = datetime.fromisoformat("2026-06-01T12:00:00+08:00")
    >>> entry = Entry("case33", Signal("ams", "7", SignalKind.POWER_OFF, "c7", True, noon, noon), "head end")
    >>> decoded(encoded(entry)) == entry, decoded(encoded(entry)).signal.occurred_at.utcoffset() == noon.utcoffset()
    (True, True)
    """
    return msgspec.json.decode(body, type=Entry)


def to_the_minute(at: datetime) -> datetime:
    """The same instant; in UTC when its offset is no whole number of minutes, which no format carries.

    >>> to_the_minute(datetime.fromisoformat("1899-12-31T12:05:43+08:05:43")).isoformat()
    '1899-12-31T04:00:00+00:00'
    """
    offset = at.utcoffset()
    return at.astimezone(UTC) if offset is None or offset % MINUTE else at


def _ahead(one: Signal) -> Finding:
    shown = one.occurred_at.isoformat()
    words = Text(
        en=f"{shown} lies in the future: set the clock of {one.source}.",
        zh=f"{shown} 晚于当前时间,请核对 {one.source} 的时钟。",
    )
    return Finding("signals.time.ahead", one.source_id, words, {"column": "occurred_at", "value": shown})
