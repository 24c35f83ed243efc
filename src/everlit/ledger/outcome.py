"""What became of something brought to the ledger (登记结果): how much is new, unchanged, refused, and every finding."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from everlit.kernel import Finding, Refusal, Severity, Text
from everlit.ledger.faults import Faults


class UnableToRecord(Refusal):
    """Nothing was recorded."""

    title = Text(en="Nothing was recorded in the ledger.", zh="台账未登记任何内容。")


class UnableToFindSubject(Refusal):
    """Nobody of that identity can be off."""

    title = Text(en="No such customer.", zh="没有该停电对象。")


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording: its batch (0: nothing new), statements and rows added, statements that said nothing new."""

    batch: int
    statements: int
    rows: int
    unchanged: int
    revised: int = 0

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {name: getattr(self, name) for name in Recording.__slots__}


@dataclass(frozen=True, eq=False)
class Imported:
    """A file imported: rows read, rows that were not kept, what was recorded, and the faults of its rows."""

    file: str
    rows: int
    refused: int
    recording: Recording
    faults: Faults

    @property
    def clean(self) -> bool:
        """True when every row was kept."""
        return self.refused == 0

    def findings(self, *, shown: int | None = 100) -> Iterator[Finding]:
        """Findings of the rows, at most `shown` of each kind, all of them with None."""
        return self.faults.listed(shown=shown)

    def as_json(self) -> dict[str, Any]:
        """As `everlit ledger import --json` and the API show it."""
        found: Sequence[Finding] = list(self.findings())
        return {
            "file": self.file,
            "rows": self.rows,
            "kept": self.rows - self.refused,
            "refused": self.refused,
            "recording": self.recording.as_json(),
            "errors": sum(one.severity is Severity.ERROR for one in found),
            "findings": [one.as_json() for one in found],
        }
