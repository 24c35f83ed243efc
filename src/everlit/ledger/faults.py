"""What is wrong with the rows of a file (导入问题): each fault knows all its rows, and tells a hundred of them by default.

A file may be wrong a million times in the same way. Rows are marked in arrays; words are made only for what is shown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import numpy.typing as npt

from everlit.grid.columns import Bools, Ints
from everlit.kernel import Finding, Severity, Text
from everlit.ledger.tabular import Sheet

SHOWN = 100
LONGEST_SHOWN = 60


@dataclass(frozen=True, eq=False)
class Fault:
    """One thing wrong with one column, in `rows`; `words` has the places {value} and {other} (one per row, or none)."""

    kind: str
    column: str
    words: Text
    rows: npt.NDArray[np.int64]
    severity: Severity
    other: Sequence[str] = ()


@dataclass(eq=False)
class Faults:
    """All faults of a sheet; `bad` marks the rows that cannot be kept."""

    sheet: Sheet
    found: list[Fault] = field(default_factory=list)
    bad: Bools = field(init=False)

    def __post_init__(self) -> None:
        self.bad = np.zeros(self.sheet.rows, np.bool_)

    def note(
        self,
        kind: str,
        column: str,
        rows: Bools | npt.NDArray[np.int64] | Ints,
        words: Text,
        *,
        severity: Severity = Severity.ERROR,
        other: Sequence[str] = (),
    ) -> None:
        """Mark rows (a mask or their numbers) with a fault; errors make them bad."""
        numbers = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows.astype(np.int64)
        if len(numbers):
            self.found.append(Fault(kind, column, words, numbers, severity, other))
            if severity is Severity.ERROR:
                self.bad[numbers] = True

    def listed(self, *, shown: int | None = SHOWN) -> Iterator[Finding]:
        """Findings row by row, at most `shown` of each fault (None: all), and a note of how many more there are."""
        more: dict[str, int] = {}
        for line in islice(self.sheet.ragged, shown):
            words = Text(f"Line {line} has not as many cells as the header.", f"第{line}行的列数与表头不符。")
            yield Finding("ledger.row.ragged", f"{self.sheet.name}:{line}", words, {"row": line})
        if shown is not None and len(self.sheet.ragged) > shown:
            more["ledger.row.ragged"] = len(self.sheet.ragged) - shown
        for fault in self.found:
            for place, row in enumerate(fault.rows[:shown].tolist()):
                yield self._finding(fault, row, fault.other[place] if fault.other else "")
            if shown is not None and len(fault.rows) > shown:
                kind = f"ledger.{fault.kind}"
                more[kind] = more.get(kind, 0) + len(fault.rows) - shown
        if more:
            total = sum(more.values())
            words = Text(en=f"{total:,} more findings are not listed.", zh=f"另有 {total:,} 条未列出。")
            yield Finding("findings.more", self.sheet.name, words, more, Severity.NOTE)

    def _finding(self, fault: Fault, row: int, other: str) -> Finding:
        line, value = int(self.sheet.lines[row]), self._cell(fault.column, row)
        places = {"value": value, "other": other[:LONGEST_SHOWN]}
        en, zh = fault.words.en.format(**places), fault.words.zh.format(**places)
        evidence = {"row": line, "column": fault.column, "value": value}
        words = Text(f"Row {line}, {fault.column}: {en}", f"第{line}行 {fault.column}:{zh}")
        return Finding(
            f"ledger.{fault.kind}", self._cell("event_id", row) or f"row {line}", words, evidence, fault.severity
        )

    def _cell(self, column: str, row: int) -> str:
        coded = self.sheet.columns.get(column)
        code = -1 if coded is None else int(coded.codes[row])
        if coded is None or code < 0:
            return ""
        text = "".join(letter if letter.isprintable() else "�" for letter in coded.values[code][:LONGEST_SHOWN])
        return text + ("…" if len(coded.values[code]) > LONGEST_SHOWN else "")
