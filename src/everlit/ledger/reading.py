"""Rows of a file, checked and understood (停电记录校验): event, who, off, on, nature, cause, who says so.

Every check looks at the different cells of a column once. What is wrong becomes a fault of its rows; the other rows
are kept as numbers, ready to become statements.
"""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from everlit.grid.columns import Bools, Ints
from everlit.kernel import Policy, Severity, Text
from everlit.ledger.columns import Seconds, epoch_s
from everlit.ledger.faults import Faults
from everlit.ledger.model import CAUSES, NATURES, Cause
from everlit.ledger.places import AS_PLACE, AS_SUBJECT, Places
from everlit.ledger.tabular import Coded, Sheet
from everlit.ledger.times import DAY_S, REASONS, Clock
from everlit.ledger.words import cause_of, nature_of

LONGEST = {"event_id": 120, "source": 40, "source_ref": 200}
MOST_REVISIONS = 1000


@dataclass(frozen=True, eq=False)
class Names:
    """The names in a column of subjects or places: cell c names slices [starts[c], starts[c + 1]) of `first`, `last`."""

    codes: Ints
    starts: Seconds
    first: Ints
    last: Ints


@dataclass(frozen=True, eq=False)
class Records:
    """The rows of a file as numbers, [rows]; where a row is bad its numbers mean nothing."""

    off_s: Seconds
    on_s: Seconds
    nature: Ints
    cause: Ints
    revision: Ints
    who: tuple[Names, ...]


def read_records(
    sheet: Sheet, places: Places, faults: Faults, *, zone: tzinfo, now: datetime, review: Policy
) -> Records:
    """Check every row; faults go to `faults`. Local times are of `zone`, nothing may lie after `now`, and what lasts as
    many days as `review` names is kept with a warning."""
    _texts(sheet, faults)
    clock = Clock(zone)
    off, on = (_times(sheet, faults, clock, column) for column in ("off", "on"))
    _order(faults, off, on, now=now, review=review)
    return Records(
        off, on, _natures(sheet, faults), _causes(sheet, faults), _revisions(sheet, faults), _who(sheet, places, faults)
    )  # fmt: skip


def column_of(sheet: Sheet, name: str) -> Coded:
    """A column, all empty where the file has none."""
    return sheet.columns.get(name) or Coded([], np.full(sheet.rows, -1, np.int32))


def _texts(sheet: Sheet, faults: Faults) -> None:
    for name, longest in LONGEST.items():
        column = column_of(sheet, name)
        if name == "event_id":
            faults.note("missing", name, column.codes < 0, Text("it is missing.", "为空。"))
        unfit = np.array([*(len(text) > longest or not text.isprintable() for text in column.values), False])
        words = Text(
            f"{{value}} is longer than {longest} letters or not printable.", f"{{value}} 超过{longest}字或含控制字符。"
        )
        faults.note("text", name, unfit[column.codes], words)


def _times(sheet: Sheet, faults: Faults, clock: Clock, name: str) -> Seconds:
    column = column_of(sheet, name)
    faults.note("missing", name, column.codes < 0, Text("it is missing.", "为空。"))
    if name in sheet.serial:
        count = len(sheet.serial[name])
        words = Text(
            f"{count:,} numbers are read as spreadsheet dates, first {{value}}.",
            f"{count:,} 个数字按电子表格日期序列号读取,首个为 {{value}}。",
        )
        faults.note("time.serial", name, sheet.serial[name][:1], words, severity=Severity.NOTE)
    seconds, wrong = clock.read_all(column.values)
    for reason, words in REASONS.items():
        cells = np.array([place for place, why in wrong if why == reason], np.int64)
        rows = _marked(column, cells)
        faults.note(f"time.{reason}", name, rows, Text(f"{{value}} {words.en}.", f"{{value}} {words.zh}。"))
    return np.append(seconds, np.int64(0))[column.codes]


def _order(faults: Faults, off: Seconds, on: Seconds, *, now: datetime, review: Policy) -> None:
    fine, today = ~faults.bad, epoch_s(now)
    faults.note("order", "on", fine & (on <= off), Text("{value} is not after off.", "{value} 不晚于停电时间。"))
    faults.note("future", "off", fine & (off > today), Text("{value} lies in the future.", "{value} 晚于当前时间。"))
    late = fine & (off <= today) & (on > today)
    faults.note("future", "on", late, Text("{value} lies in the future.", "{value} 晚于当前时间。"))
    days = (on - off) / DAY_S
    long = np.flatnonzero(~faults.bad & (days >= review.value))
    long = long[[review.holds(days[row]) for row in long.tolist()]]
    words = Text(f"it lasted longer than {review.value:g} days: needs review.", f"停电超过{review.value:g}天,需复核。")
    faults.note("review", "on", long, words, severity=Severity.WARNING)


def _natures(sheet: Sheet, faults: Faults) -> Ints:
    column = column_of(sheet, "nature")
    faults.note("missing", "nature", column.codes < 0, Text("it is missing.", "为空。"))
    words = [nature_of(value) for value in column.values]
    code = np.array([*(-1 if word is None else NATURES.index(word.leaf) for word in words), 0], np.int32)[column.codes]
    faults.note(
        "nature", "nature", code < 0, Text("{value} is no nature of DL/T 836.", "{value} 不是 DL/T 836 停电性质。")
    )
    _taken(faults, "nature", column, [word is not None and word.open for word in words], code, NATURES)
    return code


def _causes(sheet: Sheet, faults: Faults) -> Ints:
    column = column_of(sheet, "cause")
    words = [cause_of(value) for value in column.values]
    unknown = CAUSES.index(Cause.UNKNOWN)
    code = np.array([*(-1 if word is None else CAUSES.index(word.leaf) for word in words), unknown], np.int32)[
        column.codes
    ]
    strange = Text("{value} is no cause of the list: taken as unknown.", "{value} 不在原因列表中:按“原因不明”处理。")
    faults.note("cause", "cause", code < 0, strange, severity=Severity.WARNING)
    _taken(faults, "cause", column, [word is not None and word.open for word in words], code, CAUSES)
    return np.where(code < 0, unknown, code).astype(np.int32)


def _taken(faults: Faults, name: str, column: Coded, open_: list[bool], code: Ints, leaves: tuple[Any, ...]) -> None:
    """An everyday word is told once, where it first stands."""
    for value, is_open in enumerate(open_):
        if is_open:
            row = int(np.argmax(column.codes == value))
            label = leaves[int(code[row])].label
            words = Text(f"{{value}} is taken as “{label.en}”.", f"{{value}} 按“{label.zh}”处理。")
            faults.note("word", name, np.array([row]), words, severity=Severity.NOTE)


def _revisions(sheet: Sheet, faults: Faults) -> Ints:
    column = column_of(sheet, "revision")
    read = [int(text) if text.isdecimal() and len(text) < 9 else -1 for text in column.values]
    numbers = np.array([*read, 1], np.int32)[column.codes]
    words = Text(f"{{value}} is no number from 1 to {MOST_REVISIONS}.", f"{{value}} 不是1至{MOST_REVISIONS}的整数。")
    faults.note("revision", "revision", (numbers < 1) | (numbers > MOST_REVISIONS), words)
    return numbers


# --------------------------------------------------------------------------------------------- subjects


def _who(sheet: Sheet, places: Places, faults: Faults) -> tuple[Names, ...]:
    columns = {name: column_of(sheet, name) for name in ("subject", "place")}
    nobody = np.logical_and.reduce([column.codes < 0 for column in columns.values()])
    faults.note("missing", "subject", nobody, Text("neither subject nor place is named.", "未指明停电对象或范围。"))
    tables = {"subject": AS_SUBJECT, "place": AS_PLACE}
    return tuple(_names(name, column, places, faults, tables[name]) for name, column in columns.items())


def _names(name: str, column: Coded, places: Places, faults: Faults, tables: tuple[str, ...]) -> Names:
    """The slices of the roster a column's cells name; a cell may name several, separated by semicolons."""
    parts = [[one.strip() for one in cell.replace("；", ";").split(";") if one.strip()] for cell in column.values]
    starts = np.cumsum([0, *(len(part) for part in parts), 0]).astype(np.int64)
    first, last = places.spans(pa.array([one for part in parts for one in part], pa.string()), tables)
    for kind, wrong, words in (
        ("subject.absent", first < 0, Text("{other} is not in the network.", "{other} 不在电网模型中。")),
        ("subject.nobody", (first >= 0) & (first == last), Text("{other} feeds nobody.", "{other} 未向任何用户供电。")),
    ):
        cell = np.searchsorted(starts, np.flatnonzero(wrong), side="right") - 1
        names = dict(zip(cell.tolist(), np.flatnonzero(wrong).tolist(), strict=True))
        rows = np.flatnonzero(_marked(column, cell))
        flat = [one for part in parts for one in part]
        other = [flat[names[code]] for code in column.codes[rows].tolist()]
        faults.note(kind, name, rows, words, other=other)
    return Names(column.codes, starts, first, last)


def _marked(column: Coded, cells: npt.NDArray[Any]) -> Bools:
    mark = np.zeros(len(column.values) + 1, np.bool_)
    mark[cells] = True
    return np.asarray(mark[column.codes])
