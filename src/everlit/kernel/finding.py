"""Bad data and refused commands are answered, never swallowed.

Checking returns a list of `Finding`: kind, subject (what it is about), message in both languages, evidence.
A command that cannot be carried out raises a `Refusal` (named `UnableToX` beside the function) with its findings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from everlit.kernel.text import Text


class Severity(StrEnum):
    """How much a finding weighs: an error refuses, a warning is shown and kept, a note informs."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found while checking: `kind` is a stable dotted key, `subject` names the thing, `evidence` shows it."""

    kind: str
    subject: str
    message: Text
    evidence: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity = Severity.ERROR

    def as_json(self) -> dict[str, Any]:
        """The finding as the API and `--json` show it."""
        return {
            "kind": self.kind,
            "subject": self.subject,
            "severity": self.severity.value,
            "message": self.message.as_json(),
            "evidence": dict(self.evidence),
        }


class Refusal(Exception):
    """A command was refused: `title` says what was not done, `findings` say why."""

    title = Text(en="The command was refused.", zh="操作被拒绝。")

    def __init__(self, *findings: Finding) -> None:
        self.findings: Sequence[Finding] = findings
        super().__init__("; ".join(str(finding.message) for finding in findings) or str(self.title))
