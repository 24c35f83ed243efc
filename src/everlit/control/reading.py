"""Steps done, read from a file (步骤导入): one row a step, every fault with its row and column, all or none."""

from datetime import tzinfo
from pathlib import Path

from everlit.control.model import LONGEST_NOTE, DoneStep
from everlit.kernel import Finding, Refusal, Text
from everlit.kernel.reading import CHINA, Row
from everlit.kernel.records import csv_records, decoded
from everlit.switching.ticket import Direction

MOST_BYTES, MOST_ROWS = 1 << 20, 5_000
HEADERS = {"方向": "way", "序号": "number", "时间": "at", "设备": "device", "未执行": "left_out", "说明": "note"}
WAYS = {"停": Direction.OUT, "停电": Direction.OUT, "送": Direction.BACK, "送电": Direction.BACK}


class UnableToReadSteps(Refusal):
    """The file is none, or has a row that is no step."""

    title = Text(en="The steps could not be read.", zh="步骤文件无法读取。")


def read_steps(file: Path, *, by: str, zone: tzinfo = CHINA) -> list[DoneStep]:
    """The steps of a CSV file with columns way, number, at, device, left_out, note; raises UnableToReadSteps."""
    text = decoded(file.read_bytes(), most_bytes=MOST_BYTES, refuse=_refuse)
    records = csv_records(text, required=("way", "number", "at"), headers=HEADERS, most_rows=MOST_ROWS, refuse=_refuse)
    steps, findings = [], []
    for number, cells in records:
        row = Row(cells or {}, subject=str(number), number=number, zone=zone, prefix="step")
        if cells is None:
            row.note("", "ragged", "The row has more cells than the header.", "该行单元格多于表头。")
        step = _step(row, by) if cells is not None else None
        findings += row.findings
        if step is not None and not row.refused:
            steps.append(step)
    if findings or not steps:
        raise UnableToReadSteps(*(findings or [_nothing(str(file))]))
    return steps


def _step(row: Row, by: str) -> DoneStep | None:
    way = row.choice("way", Direction, words=WAYS)
    number = row.integer("number", low=1, high=100_000)
    at = row.instant("at")
    device = row.text("device", default="", longest=200)
    left_out, note = row.flag("left_out"), row.text("note", default="", longest=LONGEST_NOTE)
    if way is None or number is None or at is None:
        return None
    return DoneStep(way, number, at, by, device or "", bool(left_out), note or "")


def _nothing(name: str) -> Finding:
    return Finding("step.nothing", name[:200], Text("The file has no rows.", "文件没有数据行。"))


def _refuse(kind: str, en: str, zh: str) -> UnableToReadSteps:
    return UnableToReadSteps(Finding(f"step.{kind}", "file", Text(en, zh)))
