"""Reading requests files (停电申请文件): CSV, JSON or JSON lines in, requests and findings out, nothing half-read.

A record with a fault is quarantined (隔离) with row, column and reason; the others go on. A file that is not a requests
file at all (no header, not text, too large) is refused whole with `UnableToReadRequests`. Headers and choices may be
Chinese, text may be UTF-8 or GB 18030. The format is described in docs/reference/requests.md.
"""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo
from pathlib import Path
from typing import Any

from everlit.grid import Grid, UnableToFindEquipment
from everlit.kernel import Finding, Refusal, Severity, Text
from everlit.kernel.reading import CHINA
from everlit.kernel.records import Refuse, csv_records, decoded, limited
from everlit.planning.model import UnableToReadRequest, WorkRequest

LARGEST_FILE_BYTES = 64 * 1024 * 1024
MOST_ROWS = 100_000
MOST_FINDINGS = 1_000
A_DAY = timedelta(days=1)

COLUMNS: tuple[str, ...] = (
    "request_id",
    "department",
    "kind",
    "title_en",
    "title_zh",
    "equipment_ids",
    "duration_min",
    "earliest",
    "latest",
    "wanted",
    "window_from",
    "window_to",
    "crew",
    "crew_size",
    "precedence",
    "live_line_possible",
    "generator_kw",
    "priority",
    "submitted_at",
    "requester",
    "night_allowed",
    "rest_allowed",
)
REQUIRED: tuple[str, ...] = ("request_id", "department", "kind", "equipment_ids", "duration_min", "earliest", "latest")

CHINESE_HEADERS = {
    "申请编号": "request_id",
    "部门": "department",
    "申报部门": "department",
    "工作类别": "kind",
    "工作内容": "title_zh",
    "英文名称": "title_en",
    "停电设备": "equipment_ids",
    "设备": "equipment_ids",
    "工作时长(分)": "duration_min",
    "工作时长": "duration_min",
    "停电时长(分)": "duration_min",
    "停电时长": "duration_min",
    "最早开始": "earliest",
    "最晚结束": "latest",
    "期望开始": "wanted",
    "每日开始": "window_from",
    "每日结束": "window_to",
    "班组": "crew",
    "班组人数": "crew_size",
    "前置申请": "precedence",
    "可带电作业": "live_line_possible",
    "发电车容量(kW)": "generator_kw",
    "优先级": "priority",
    "提报时间": "submitted_at",
    "申请人": "requester",
    "可夜间作业": "night_allowed",
    "可休息日作业": "rest_allowed",
}


class UnableToReadRequests(Refusal):
    """The file as a whole is not a requests file."""

    title = Text(en="The requests file could not be read.", zh="停电申请文件无法读取。")


@dataclass(frozen=True, slots=True)
class Batch:
    """What a file gave: the usable requests, and the findings of the quarantined rows. `checked` rows were read."""

    requests: tuple[WorkRequest, ...]
    findings: tuple[Finding, ...]
    checked: int
    quarantined: int

    def as_json(self) -> dict[str, Any]:
        """As `--json` and the API show it."""
        return {
            "checked": self.checked,
            "accepted": len(self.requests),
            "quarantined": self.quarantined,
            "requests": [request.as_json() for request in self.requests],
            "findings": [finding.as_json() for finding in self.findings],
        }


@dataclass(slots=True)
class _Reading:
    """Findings so far; a hostile file may not produce an endless report."""

    findings: list[Finding] = field(default_factory=list)
    quarantined: int = 0

    def refuse(self, findings: Sequence[Finding]) -> None:
        self.quarantined += 1
        room = MOST_FINDINGS - len(self.findings)
        self.findings.extend(findings[:room])


def read_requests(source: Path | bytes, *, name: str = "", grid: Grid | None = None, zone: tzinfo = CHINA) -> Batch:
    """Read a requests file; with a `grid`, equipment is looked up too. UnableToReadRequests refuses the whole file."""
    records = _records(source, name or str(source if isinstance(source, Path) else "requests"), required=REQUIRED)
    reading = _Reading()
    requests = _wishes(records, reading, zone)
    requests = _without_duplicates(requests, reading)
    if grid is not None:
        requests = _with_known_equipment(requests, grid, reading)
    usable = _with_known_precedence([request for _, request in requests], reading)
    _tell_long_work(usable, reading)
    return Batch(tuple(usable), tuple(reading.findings), len(records), reading.quarantined)


def check_requests(requests: Iterable[WorkRequest], *, grid: Grid, filed: Iterable[WorkRequest] = ()) -> list[Finding]:
    """Findings of requests on their way into the store beside those `filed` there: unknown equipment, duplicates,
    circles of precedence through both, predecessors nobody has heard of."""
    reading = _Reading()
    usable = _with_known_equipment(_without_duplicates([(0, request) for request in requests], reading), grid, reading)
    _with_known_precedence([request for _, request in usable], reading, filed=filed)
    _tell_long_work([request for _, request in usable], reading)
    return reading.findings


def write_requests(requests: Iterable[WorkRequest], path: Path) -> None:
    """Write a requests file, CSV or JSON by the path's ending; `read_requests` gives the same requests back."""
    rows = [request.as_json() for request in requests]
    if path.suffix.lower() == ".json":
        path.write_text(json.dumps({"requests": rows}, ensure_ascii=False, indent=1) + "\n", "utf-8")
        return
    _write_csv(path, COLUMNS, rows)


def _write_csv(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow(
                {key: "; ".join(value) if isinstance(value, list) else _cell(value) for key, value in row.items()}
            )


def _cell(value: Any) -> Any:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else value


def _wishes(records: Sequence[tuple[int, Any]], reading: _Reading, zone: tzinfo) -> list[tuple[int, WorkRequest]]:
    found = []
    for number, cells in records:
        if not isinstance(cells, Mapping):
            reading.refuse(
                [_finding("record", f"row {number}", "The record is not an object.", "该记录不是对象。", row=number)]
            )
            continue
        try:
            found.append((number, WorkRequest.from_json(cells, number=number, zone=zone)))
        except UnableToReadRequest as refusal:
            reading.refuse(list(refusal.findings))
    return found


def _without_duplicates(
    requests: Sequence[tuple[int, WorkRequest]], reading: _Reading
) -> list[tuple[int, WorkRequest]]:
    """The first row of an identity stays; a later one is a note when its content is the same, else an error."""
    first: dict[str, tuple[int, WorkRequest]] = {}
    for number, request in requests:
        earlier = first.setdefault(request.request_id, (number, request))
        if earlier[1] is request:
            continue
        same = earlier[1] == request
        finding = _finding(
            "duplicate",
            request.request_id,
            f"{request.request_id} stands already in row {earlier[0]}.",
            f"{request.request_id} 与第 {earlier[0]} 行重复。",
            row=number,
            column="request_id",
            severity=Severity.NOTE if same else Severity.ERROR,
        )
        reading.refuse([finding])
    return list(first.values())


def _with_known_equipment(
    requests: Sequence[tuple[int, WorkRequest]], grid: Grid, reading: _Reading
) -> list[tuple[int, WorkRequest]]:
    kept = []
    for number, request in requests:
        unknown = [identity for identity in request.equipment_ids if not _known(grid, identity)]
        if unknown:
            shown = ", ".join(unknown[:5])
            reading.refuse(
                [
                    _finding(
                        "equipment.unknown",
                        request.request_id,
                        f"The network has no {shown}.",
                        f"电网中没有设备 {shown}。",
                        row=number,
                        column="equipment_ids",
                        unknown=unknown[:50],
                    )
                ]
            )
            continue
        kept.append((number, request))
    return kept


def _known(grid: Grid, identity: str) -> bool:
    try:
        grid.equipment(identity)
    except UnableToFindEquipment:
        return False
    return True


def _tell_long_work(requests: Iterable[WorkRequest], reading: _Reading) -> None:
    """Work of a day and more is filed, yet no month plan places it: it is merged by hand, or divided."""
    for request in requests:
        if request.duration >= A_DAY:
            reading.findings.append(
                _finding(
                    "longer_than_day",
                    request.request_id,
                    f"{request.request_id} asks for {request.duration_min / 60:.0f} h of work: a month plan places work of "
                    "less than a day, divide it or merge it by hand.",
                    f"{request.request_id} 申请工作 {request.duration_min / 60:.0f} 小时：月计划只安排不足一日的工作，请拆分或人工合并。",
                    column="duration_min",
                    severity=Severity.WARNING,
                )
            )


def _with_known_precedence(
    requests: Sequence[WorkRequest], reading: _Reading, *, filed: Iterable[WorkRequest] = ()
) -> list[WorkRequest]:
    """A predecessor outside the file is a warning (it may be filed later); a circle refuses all of the file on it."""
    new = {request.request_id for request in requests}
    known = {request.request_id: request for request in (*filed, *requests)}
    names = set(known)
    circle = new & _on_a_circle(
        {name: [other for other in one.precedence if other in names] for name, one in known.items()}
    )
    for request in requests:
        outside = [name for name in request.precedence if name not in names]
        if outside:
            shown = ", ".join(outside[:5])
            reading.findings.append(
                _finding(
                    "precedence.unknown",
                    request.request_id,
                    f"Its predecessor {shown} is not known here.",
                    f"前置申请 {shown} 未知。",
                    column="precedence",
                    severity=Severity.WARNING,
                )
            )
    for name in sorted(circle):
        reading.refuse(
            [
                _finding(
                    "precedence.circle",
                    name,
                    f"{name} waits for itself through its predecessors.",
                    f"{name} 的前置关系成环。",
                    column="precedence",
                )
            ]
        )
    return [request for request in requests if request.request_id not in circle]


def _on_a_circle(before: Mapping[str, Sequence[str]]) -> set[str]:
    """Requests that wait, through others, for themselves: what is left when the ends of all chains are taken away."""
    left = dict(before)
    while True:
        wanted = {name for names in left.values() for name in names}
        done = [name for name, names in left.items() if name not in wanted or not any(other in left for other in names)]
        if not done:
            return set(left)
        for name in done:
            del left[name]


def _records(source: Path | bytes, name: str, *, required: Sequence[str]) -> list[tuple[int, Any]]:
    """Numbered records of a file; the first data row of a CSV is row 2, as a spreadsheet shows it."""
    text = _text(source, name)
    if text.lstrip()[:1] in ("{", "["):
        return _json_records(text, name)
    return csv_records(text, required=required, headers=CHINESE_HEADERS, most_rows=MOST_ROWS, refuse=_refusing(name))


def _text(source: Path | bytes, name: str) -> str:
    try:
        if isinstance(source, Path):
            if source.exists() and not source.is_file():
                raise _refuse("unreadable", name, "This is not a file.", "这不是普通文件。")
            with source.open("rb") as stream:
                source = stream.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise _refuse(
            "unreadable", name, f"The file cannot be opened: {error.strerror}.", f"文件无法打开：{error.strerror}。"
        ) from error
    return decoded(source, most_bytes=LARGEST_FILE_BYTES, refuse=_refusing(name))


def _json_records(text: str, name: str) -> list[tuple[int, Any]]:
    try:
        document = _json(text)
    except (ValueError, RecursionError) as error:
        raise _refuse(
            "json",
            name,
            f"The file is not valid JSON: {str(error)[:120]}.",
            f"文件不是有效的 JSON：{str(error)[:120]}。",
        ) from error
    if isinstance(document, dict):
        document = document.get("requests")
    if not isinstance(document, list):
        raise _refuse(
            "shape", name, 'JSON must be a list, or an object with "requests".', "JSON 应为列表，或含 requests 的对象。"
        )
    records = list(enumerate(document, 1))
    return limited(records, most_rows=MOST_ROWS, refuse=_refusing(name))


def _json(text: str) -> Any:
    """One document, or one object per line."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2:
            raise
        return [json.loads(line) for line in lines]


def _finding(
    kind: str, subject: str, en: str, zh: str, *, severity: Severity = Severity.ERROR, **evidence: Any
) -> Finding:
    return Finding(f"request.{kind}", subject, Text(en, zh), evidence, severity)


def _refuse(kind: str, name: str, en: str, zh: str) -> UnableToReadRequests:
    return UnableToReadRequests(Finding(f"requests.{kind}", name[-120:], Text(en, zh)))


def _refusing(name: str) -> Refuse:
    return lambda kind, en, zh: _refuse(kind, name, en, zh)
