"""What checking a network found (检查报告): how much was looked at, the checks made, every finding with its place.

A city can be wrong a million times in the same way, so each check shows its first hundred places and counts the rest.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from everlit.grid.model import Network
from everlit.kernel import Finding, Severity, Text


@dataclass(frozen=True, slots=True)
class Report:
    """The result of checking: `counts` rows per table, `checked` the checks made, `more` findings only counted.

    `network` is there only when no error was found: a network is taken whole or not at all.
    """

    subject: str
    counts: Mapping[str, int]
    checked: tuple[str, ...]
    findings: tuple[Finding, ...]
    more: Mapping[str, int] = field(default_factory=dict)
    network: Network | None = None

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that refuse the network."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings that are shown and kept."""
        return tuple(finding for finding in self.findings if finding.severity is not Severity.ERROR)

    @property
    def valid(self) -> bool:
        """True when the network can be taken."""
        return self.network is not None

    def as_json(self) -> dict[str, Any]:
        """As `everlit network validate --json` shows it."""
        return {
            "subject": self.subject,
            "valid": self.valid,
            "counts": dict(self.counts),
            "checked": list(self.checked),
            "errors": len(self.errors),
            "warnings": len(self.warnings),
            "findings": [finding.as_json() for finding in self.findings],
            "more": dict(self.more),
        }


class Findings:
    """Collects findings while checking: `per_check` of one kind at most, `limit` in all (errors twice), others counted."""

    def __init__(self, *, limit: int = 1000, per_check: int = 100) -> None:
        self.limit, self.per_check = limit, per_check
        self.found: list[Finding] = []
        self.seen: Counter[tuple[str, Any, Any]] = Counter()
        self.more: Counter[str] = Counter()
        self.failed = False

    def add(self, finding: Finding) -> None:
        """Keep a finding, or count it when there are enough like it."""
        key = (finding.kind, finding.evidence.get("table"), finding.evidence.get("column"))
        self.failed |= finding.severity is Severity.ERROR
        self.seen[key] += 1
        most = 2 * self.limit if finding.severity is Severity.ERROR else self.limit
        if self.seen[key] > self.per_check or len(self.found) >= most:
            self.more[finding.kind] += 1
        else:
            self.found.append(finding)

    def add_rows(self, rows: npt.NDArray[Any], make: Callable[[int], Finding]) -> None:
        """One finding for each row, made only for those that will be shown."""
        if not len(rows):
            return
        shown = [make(row) for row in rows[: self.per_check].tolist()]
        for finding in shown:
            self.add(finding)
        if len(rows) > len(shown):
            self.more[shown[0].kind] += len(rows) - len(shown)

    def listed(self) -> tuple[Finding, ...]:
        """What was found, and a last note when some findings are only counted."""
        if not self.more:
            return tuple(self.found)
        total = sum(self.more.values())
        text = Text(en=f"{total:,} more findings are not listed.", zh=f"另有 {total:,} 条未列出。")
        note = Finding("findings.more", "findings", text, dict(self.more), Severity.NOTE)
        return (*self.found, note)
