"""Signal files (信号文件): CSV, XLSX, Parquet or JSON in, signals out, a finding for every faulty row.

    source, source_id, kind, subject, value, occurred_at, arrived_at, phase, group

Instants name their offset, which is kept. `value` is yes or no, yes when blank; for a position open or closed. `arrived_at` is
`occurred_at` when blank, `group` the concentrator that passed the signal on. Any order will do, and so will duplicates.
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from everlit.faults.model import Signal, SignalKind
from everlit.kernel import Finding, Refusal, Text
from everlit.kernel.reading import Row
from everlit.kernel.records import csv_records, decoded, limited
from everlit.ledger.spreadsheet import cell_text, read_cells

MOST_BYTES = 256 * 1024 * 1024
MOST_ROWS = 2_000_000
MOST_FINDINGS = 1_000
REQUIRED = ("source", "source_id", "kind", "subject", "occurred_at")
HEADERS = {
    "来源": "source", "信号编号": "source_id", "类型": "kind", "对象": "subject", "值": "value", "发生时间": "occurred_at",
    "到达时间": "arrived_at", "相别": "phase", "集中器": "group",
}  # fmt: skip
KIND_WORDS = {
    "位置": SignalKind.POSITION, "遥信": SignalKind.POSITION, "保护动作": SignalKind.TRIP, "跳闸": SignalKind.TRIP,
    "过流": SignalKind.OVERCURRENT, "故障指示": SignalKind.OVERCURRENT, "接地": SignalKind.EARTH,
    "停电上报": SignalKind.POWER_OFF, "停电": SignalKind.POWER_OFF, "复电": SignalKind.POWER_ON,
    "复电上报": SignalKind.POWER_ON, "召测": SignalKind.PING, "报修": SignalKind.CALL, "集中器": SignalKind.CONCENTRATOR,
    "现场": SignalKind.CREW, "可上报": SignalKind.REPORTING, "欠费停电": SignalKind.DISCONNECTED,
}  # fmt: skip
YES = frozenset(
    ("", "1", "true", "yes", "open", "hit", "alive", "found", "是", "分", "断开", "动作", "有", "有电", "发现")
)
NO = frozenset(
    ("0", "false", "no", "closed", "clear", "dead", "nothing", "否", "合", "闭合", "未动作", "无", "无电", "未发现")
)
TWO_WAYS = frozenset(SignalKind) - {
    SignalKind.POWER_OFF, SignalKind.POWER_ON, SignalKind.CALL
}  # fmt: skip
"""Kinds whose signal may say no."""
PHASES = {"": "", "a": "A", "b": "B", "c": "C", "l1": "A", "l2": "B", "l3": "C"}


class UnableToReadSignals(Refusal):
    """The file as a whole is no signal file."""

    title = Text(en="The signals could not be read.", zh="信号无法读取。")


@dataclass(frozen=True, slots=True)
class Read:
    """What a file gave: usable signals, findings of the faulty rows, rows checked."""

    signals: tuple[Signal, ...]
    findings: tuple[Finding, ...]
    checked: int


def read_signals(content: bytes, *, name: str) -> Read:
    """Signals of a file by the ending of its name; raises UnableToReadSignals for one that is none.

    >>> read = read_signals(
    ...     b"source,source_id,kind,subject,occurred_at\\nams,1,call,c7,2026-06-01T12:00:00+08:00\\n"
    ...     b"ams,2,howl,c8,2026-06-01 12:00\\n",
    ...     name="signals.csv",
    ... )
    >>> [signal.subject for signal in read.signals], [finding.kind for finding in read.findings]
    (['c7'], ['signals.choice', 'signals.time.naive'])
    """
    reader = {"csv": _csv, "txt": _csv, "json": _json, "parquet": _parquet, "xlsx": _xlsx}.get(_ending(name))
    if reader is None:
        raise _refuse(
            name, "format", "It is none of .csv, .xlsx, .parquet, .json.", "不是 .csv、.xlsx、.parquet、.json 文件。"
        )
    if len(content) > MOST_BYTES:
        raise _refuse(name, "too_large", "The file is too large: split it.", "文件过大:请拆分。")
    try:
        records = reader(content, name)
    except (pa.ArrowException, ValueError, OverflowError, RecursionError, OSError) as error:
        cause = str(error).partition("\n")[0][:200]
        raise _refuse(name, "unreadable", f"It cannot be read: {cause}", f"无法读取:{cause}") from error
    return signals_of(records)


def signals_of(records: Sequence[tuple[int, Any]]) -> Read:
    """Signals of numbered records, each a mapping from column to cell; what is wrong becomes findings."""
    signals: list[Signal] = []
    findings: list[Finding] = []
    for number, cells in records:
        row = Row(cells if isinstance(cells, Mapping) else {}, f"row {number}", number, prefix="signals")
        if not isinstance(cells, Mapping):
            row.note("row", "cells", "The row is no record of the header's columns.", "该行与表头不符。")
        signal = _signal(row) if not row.findings else None
        if signal is not None and not row.refused:
            signals.append(signal)
        findings.extend(row.findings[: max(MOST_FINDINGS - len(findings), 0)])
    return Read(tuple(signals), tuple(findings), len(records))


def _signal(row: Row) -> Signal | None:
    source, source_id, subject = (row.text(name, longest=120) for name in ("source", "source_id", "subject"))
    kind = row.choice("kind", SignalKind, words=KIND_WORDS)
    occurred = _instant(row, "occurred_at")
    arrived = _instant(row, "arrived_at") if row.raw("arrived_at") is not None else occurred
    phase = PHASES.get(str(row.raw("phase") or "").strip().lower())
    if phase is None:
        row.note("phase", "phase", "phase is none of A, B, C.", "相别应为 A、B、C。")
    group = row.text("group", default="", longest=120)
    if row.refused or source is None or source_id is None or subject is None or kind is None:
        return None
    if occurred is None or arrived is None or phase is None or group is None:
        return None
    value = _value(row, kind)
    return Signal(source, source_id, kind, subject, value, occurred, arrived, phase, group)


def _value(row: Row, kind: SignalKind) -> bool:
    word = str("" if row.raw("value") is None else row.raw("value")).strip().lower()
    if word.removesuffix(".0") in YES:
        return True
    if word.removesuffix(".0") not in NO:
        row.note("value", "flag", f"value is neither yes nor no: {word[:40]}.", f"value 不是“是/否”:{word[:40]}。")
    elif kind not in TWO_WAYS:
        row.note("value", "one_way", f"A {kind.value} signal cannot say no.", f"{kind.value} 信号不能为否。")
    return False


def _instant(row: Row, column: str) -> datetime | None:
    """An instant with the offset its source gave it."""
    utc = row.instant(column)
    if utc is None:
        return None
    value = row.raw(column)
    typed = value if isinstance(value, datetime) else _typed(str(value).strip())
    return utc if typed is None or typed.tzinfo is None else utc.astimezone(typed.tzinfo)


def _typed(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


# ----------------------------------------------------------------------------------------------------- files


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _refuse(name: str, kind: str, en: str, zh: str) -> UnableToReadSignals:
    return UnableToReadSignals(Finding(f"signals.file.{kind}", name[-120:], Text(en, zh)))


def _csv(content: bytes, name: str) -> list[tuple[int, Any]]:
    def refuse(kind: str, en: str, zh: str) -> UnableToReadSignals:
        return _refuse(name, kind, en, zh)

    text = decoded(content, most_bytes=MOST_BYTES, refuse=refuse)
    return csv_records(text, required=REQUIRED, headers=HEADERS, most_rows=MOST_ROWS, refuse=refuse)


def _json(content: bytes, name: str) -> list[tuple[int, Any]]:
    value = json.loads(content)
    rows = value.get("signals") if isinstance(value, Mapping) else value
    if not isinstance(rows, list):
        raise _refuse(name, "list", "It holds no list of signals.", "文件中没有信号列表。")
    return _limited(list(enumerate(rows, 1)), name)


def _parquet(content: bytes, name: str) -> list[tuple[int, Any]]:
    with pyarrow.parquet.ParquetFile(io.BytesIO(content)) as file:
        if file.metadata.num_rows > MOST_ROWS:
            raise _refuse(name, "too_large", f"The file has more than {MOST_ROWS} rows.", f"文件超过 {MOST_ROWS} 行。")
        header = [HEADERS.get(column, column.lower()) for column in file.schema_arrow.names]
        _needed(header, name)
        kept = {one for one in file.schema_arrow.names if HEADERS.get(one, one.lower()) in (*REQUIRED, *OPTIONAL)}
        table = file.read(columns=sorted(kept))
    names = [HEADERS.get(column, column.lower()) for column in table.column_names]
    return list(enumerate(table.rename_columns(names).to_pylist(), 1))


OPTIONAL = ("value", "arrived_at", "phase", "group")


def _xlsx(content: bytes, name: str) -> list[tuple[int, Any]]:
    sheet = read_cells(content, most_bytes=4 * MOST_BYTES)
    cells = [[cell_text(cell) for cell in row] for row in sheet.rows]
    words = [str(cell or "").strip() for cell in cells[0]] if cells else []
    header = [HEADERS.get(word, word.lower()) for word in words]
    _needed(header, name)
    rows = [(line, dict(zip(header, row, strict=False))) for line, row in zip(sheet.lines[1:], cells[1:], strict=True)]
    return _limited(rows, name)


def _needed(header: Sequence[str], name: str) -> None:
    missing = [column for column in REQUIRED if column not in header]
    if missing:
        shown = ", ".join(missing)
        raise _refuse(name, "header", f"The header lacks {shown}.", f"表头缺少 {shown}。")


def _limited(records: list[tuple[int, Any]], name: str) -> list[tuple[int, Any]]:
    return limited(records, most_rows=MOST_ROWS, refuse=lambda kind, en, zh: _refuse(name, kind, en, zh))
