"""What draining tells apart (信号去重): new signals, such as came before, and what is refused with its reason.

A signal is known by its source and its identity there. The same words again are a duplicate; other words under the same
identity are refused, and the first ones stand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from everlit.faults.intake import Entry, decoded
from everlit.faults.model import Signal
from everlit.faults.spool import Spooled
from everlit.kernel import Finding, Severity, Text

Key = tuple[str, str, str]
"""What makes a signal one: network, source, identity at the source."""


@dataclass(frozen=True, slots=True)
class Drained:
    """What draining did: signals new to the log, such as came before, such as were refused, and why."""

    new: int = 0
    duplicate: int = 0
    refused: int = 0
    through: int = 0
    findings: tuple[Finding, ...] = ()

    def __add__(self, other: "Drained") -> "Drained":
        """Both together."""
        return Drained(
            self.new + other.new, self.duplicate + other.duplicate, self.refused + other.refused,
            max(self.through, other.through), self.findings + other.findings,
        )  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        """As events and the command line show it."""
        return {
            "new": self.new, "duplicate": self.duplicate, "refused": self.refused, "through": self.through,
            "findings": [one.as_json() for one in self.findings],
        }  # fmt: skip


def read_entries(spool: str, spooled: Spooled) -> tuple[list[tuple[int, Entry]], list[Finding]]:
    """Numbered entries of what was read from a spool; findings for missing numbers and for what is no entry."""
    findings = [_missing(spool, spooled)] if spooled.missing else []
    entries: list[tuple[int, Entry]] = []
    for seq, body in spooled.records:
        try:
            entries.append((seq, decoded(body)))
        except ValueError as error:
            findings.append(_unreadable(seq, error))
    return entries, findings


def told_apart(
    entries: Sequence[tuple[int, Entry]], known: Mapping[Key, Signal]
) -> tuple[list[tuple[int, Entry]], list[Finding]]:
    """The entries that are new beside the known signals, in order, and findings for those refused; the rest came before."""
    standing, new, findings = dict(known), [], []
    for seq, entry in entries:
        before = standing.setdefault(key_of(entry), entry.signal)
        if before is entry.signal:
            new.append((seq, entry))
        elif not _same(before, entry.signal):
            findings.append(_conflict(entry.signal, before))
    return new, findings


def key_of(entry: Entry) -> Key:
    """By what a signal is known."""
    return entry.network, entry.signal.source, entry.signal.source_id


def _same(one: Signal, other: Signal) -> bool:
    """Whether two say the same; when they arrived does not count."""
    return replace(one, arrived_at=other.arrived_at) == other


def _missing(spool: str, spooled: Spooled) -> Finding:
    words = Text(
        en=f"{spooled.missing} numbers before {spooled.last} are missing in the spool: damaged on disk, or swept away.",
        zh=f"信号缓存中 {spooled.last} 之前缺少 {spooled.missing} 个序号:磁盘损坏或已清理。",
    )
    return Finding("signals.spool.gap", spool, words, {"missing": spooled.missing}, Severity.WARNING)


def _unreadable(seq: int, error: ValueError) -> Finding:
    words = Text(en=f"Record {seq} of the spool is no signal: {error}", zh=f"信号缓存第 {seq} 条不是信号:{error}")
    return Finding("signals.spool.unreadable", str(seq), words)


def _conflict(signal: Signal, before: Signal) -> Finding:
    words = Text(
        en=f"{signal.source} said something else under {signal.source_id} before; the first one stands.",
        zh=f"{signal.source} 曾以 {signal.source_id} 上报不同内容,以首次为准。",
    )
    return Finding("signals.conflict", signal.source_id, words, {"first": before.as_json(), "now": signal.as_json()})
