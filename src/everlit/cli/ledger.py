"""`everlit ledger …`: interruptions of the past imported, what happened to a meter, events, corrections, differences."""

import csv
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from everlit.app import App
from everlit.cli.acting import ActorName, ActorRole, acting
from everlit.cli.indices import MonthNumber, Year, known, period_of
from everlit.cli.output import Json, complaints, console, language, show, show_findings, table
from everlit.cli.switching import KnownAt, NetworkName, instant
from everlit.kernel import Finding
from everlit.ledger.correcting import Correction
from everlit.ledger.happened import Happened, segments_json
from everlit.ledger.model import Cause, Nature, SubjectKind
from everlit.ledger.outcome import Imported
from everlit.ledger.timeline import Timeline
from everlit.planning.model import Role

application = typer.Typer(help="The ledger: who was off, from when to when. 停电台账。", no_args_is_help=True)
Kind = Annotated[SubjectKind | None, typer.Option("--kind", help="Usage point or MV unit. 对象类型。")]
MOST_SHOWN = 40


@application.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="Interruptions, .csv, .parquet or .xlsx. 停电记录文件。")],
    network: NetworkName = "urban",
    said_by: Annotated[
        str, typer.Option("--source", help="Who says so where the file does not. 数据来源。")
    ] = "import",
    revise: Annotated[str, typer.Option("--revise", help="Why references may now say something else. 修订原因。")] = "",
    faulty: Annotated[
        Path | None, typer.Option("--faulty", help="Write every finding to this CSV file. 问题清单文件。")
    ] = None,
    actor: ActorName = "",
    role: ActorRole = Role.RELIABILITY,
    as_json: Json = False,
) -> None:
    """Import interruptions of the past; good rows are kept, the same file again changes nothing. 导入历史停电。

    Ends with 0 only when every row was kept.
    """
    app = App.open()
    app.grid(network)
    done = app.ledger.import_file(
        network, file, actor=acting(actor, role), name=file.name, said_by=said_by, revise=revise
    )
    if faulty is not None:
        _write_faults(done, faulty)
    show(done.as_json(), as_json=as_json, people=lambda: _show_imported(done))
    if not done.clean:
        raise typer.Exit(1)


def _show_imported(done: Imported) -> None:
    show_findings(done.findings())
    kept = done.recording
    console.print(
        f"{done.file}: {done.rows - done.refused:,} of {done.rows:,} rows kept 已登记; "
        f"{kept.statements:,} statements 停电记录, {kept.rows:,} intervals 停电时段, {kept.unchanged:,} unchanged 未变",
        highlight=False,
    )


def _write_faults(done: Imported, path: Path) -> None:
    """Every finding as a row: line, column, cell, severity, reason in both languages."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["row", "column", "value", "severity", "kind", "message", "原因"])
        rows.writerows(_fault(finding) for finding in done.findings(shown=None))


def _fault(finding: Finding) -> list[Any]:
    place = [finding.evidence.get(name, "") for name in ("row", "column", "value")]
    return [*place, finding.severity.value, finding.kind, finding.message.en, finding.message.zh]


@application.command("show")
def show_subject(
    subject: Annotated[str, typer.Argument(help="Usage point, load or transformer. 用电点、负荷或配变。")],
    network: NetworkName = "urban",
    kind: Kind = None,
    known_at: KnownAt = "",
    as_json: Json = False,
) -> None:
    """What happened to this meter, and everything that was ever said of it. 停电履历。"""
    app = App.open()
    app.grid(network)
    story = app.ledger.timeline(network, subject, kind=kind, known_at=known(app, known_at))
    show(story.as_json(), as_json=as_json, people=lambda: _show_story(app, story))


def _show_story(app: App, story: Timeline) -> None:
    rows = [
        (
            _local(app, spell.start),
            _local(app, spell.end),
            f"{(spell.end - spell.start).total_seconds() / 60:,.1f}",
            spell.event_id,
            spell.nature.label.in_language(language()),
            spell.cause.label.in_language(language()),
        )
        for spell in story.spells
    ]
    columns = ("off 停电", "on 复电", "min 分钟", "event 事件", "nature 性质", "cause 原因")
    table(f"{story.subject_id} ({story.kind.value})", columns, rows)
    said = [
        (
            _local(app, one.statement.known_at),
            one.statement.event_id,
            f"{one.statement.source} r{one.statement.revision}",
            "; ".join(f"{_local(app, start)} – {_local(app, end)}" for start, end in one.off) or "–",
            "✓" if one.stands else "",
            one.statement.reason,
        )
        for one in story.said
    ]
    table("said 记录", ("known 获知", "event", "source 来源", "off 停电时段", "stands 有效", "reason 原因"), said)


@application.command("events")
def events(
    event: Annotated[str, typer.Option("--event", help="Only this event, with its segments. 事件编号。")] = "",
    year: Year = None,
    month: MonthNumber = None,
    network: NetworkName = "urban",
    known_at: KnownAt = "",
    as_json: Json = False,
) -> None:
    """The events of a year or month: nature, customers, customer-hours; of one event, its segments. 停电事件。"""
    app = App.open()
    app.grid(network)
    period, when = period_of(app, year, month), known(app, known_at)
    if event:
        _one_event(app, network, event, known_at=known_at, as_json=as_json)
        return
    found = app.ledger.events(network, period, known_at=when)
    show([one.as_json() for one in found], as_json=as_json, people=lambda: _show_events(app, found))


def _one_event(app: App, network: str, event: str, *, known_at: str, as_json: bool) -> None:
    found = app.ledger.event(network, event, known_at=known(app, known_at))
    segments = {kind.value: segments_json(parts) for kind, parts in found.segments.items()}
    answer = {"statements": [one.as_json() for one in found.statements], "segments": segments}

    def people() -> None:
        for kind, parts in segments.items():
            rows = [
                (*_times(app, row), row["customers"], row["households"], row["units"], f"{row['kva']:g}")
                for row in parts
            ]
            table(f"{event} ({kind})", ("off 停电", "on 复电", "customers 对象", "households 户", "units", "kVA"), rows)
        said = [
            (one.revision, one.source, one.nature.label.in_language(language()), one.rows, one.actor, one.reason)
            for one in found.statements
        ]
        table("said 记录", ("revision", "source 来源", "nature 性质", "rows", "by", "reason 原因"), said)

    show(answer, as_json=as_json, people=people)


def _show_events(app: App, found: list[Happened]) -> None:
    rows = [
        (
            one.event_id,
            _local(app, one.start),
            _local(app, one.end),
            one.nature.label.in_language(language()),
            one.segments,
            one.units,
            one.households,
            f"{one.unit_hours:,.2f}",
        )
        for one in found[:MOST_SHOWN]
    ]
    columns = ("event", "off 停电", "on 复电", "nature 性质", "segments 段", "units 中压户", "households 户", "时户 h")
    table("events 停电事件", columns, rows)
    if len(found) > MOST_SHOWN:
        complaints.print(f"{len(found) - MOST_SHOWN:,} more: --json shows all.", highlight=False)


@application.command("correct")
def correct(
    event: Annotated[str, typer.Argument(help="Event. 事件编号。")],
    reason: Annotated[str, typer.Option("--reason", help="Why. 原因。")],
    subject: Annotated[
        list[str], typer.Option("--subject", help="Whom it concerns, or a place; repeatable. 停电对象或范围。")
    ] = [],
    off: Annotated[str, typer.Option("--off", help="Off from, ISO 8601; without --off and --on: not off. 停电。")] = "",
    on: Annotated[str, typer.Option("--on", help="On again. 复电。")] = "",
    nature: Annotated[Nature | None, typer.Option("--nature", help="Its nature is this. 性质。")] = None,
    cause: Annotated[Cause | None, typer.Option("--cause", help="Its cause is this. 原因类别。")] = None,
    only: Annotated[bool, typer.Option("--only", help="Nobody else was off in it. 仅此对象停电。")] = False,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Nobody was off in it at all. 撤销事件。")] = False,
    network: NetworkName = "urban",
    actor: ActorName = "",
    role: ActorRole = Role.RELIABILITY,
    as_json: Json = False,
) -> None:
    """Correct or withdraw an event: a new statement, what was said stays recorded. 更正停电记录。"""
    app = App.open()
    app.grid(network)
    who = acting(actor, role)
    if withdraw:
        done = app.ledger.withdraw(network, event, reason=reason, actor=who)
    else:
        times = tuple(instant(app, text) if text else None for text in (off, on))
        rows = [Correction(name, *times) for name in subject]
        done = app.ledger.correct(
            network, event, rows=rows, nature=nature, cause=cause, only=only, reason=reason, actor=who
        )
    answer = {"event": event, **done.as_json()}
    people = f"{event}: corrected 已更正, batch {done.batch}"
    show(answer, as_json=as_json, people=lambda: console.print(people, highlight=False))


@application.command("diff")
def diff(
    known_at: Annotated[str, typer.Option("--known-at", help="What was known then. 当时已知。")],
    against: Annotated[str, typer.Option("--against", help="What was known then; now unless told. 对比时刻。")] = "",
    year: Year = None,
    month: MonthNumber = None,
    kind: Annotated[SubjectKind, typer.Option("--kind", help="Usage points or MV units. 对象类型。")] = (
        SubjectKind.USAGE_POINT
    ),
    network: NetworkName = "urban",
    as_json: Json = False,
) -> None:
    """What a report of a year or month said then and would say now. 台账差异。"""
    app = App.open()
    app.grid(network)
    found = app.ledger.difference(
        network, period_of(app, year, month), instant(app, known_at), known(app, against), kind=kind
    )
    answer = found.as_json(most=None if as_json else MOST_SHOWN)

    def people() -> None:
        rows = [
            (mark, row["subject"], *_times(app, row), row["event"])
            for mark, side in (("−", "gone"), ("+", "come"))
            for row in answer[side]
        ]
        table("difference 差异", ("", "subject 对象", "off 停电", "on 复电", "event 事件"), rows)
        hours = found.customer_s / 3600
        console.print(f"{len(found.events)} events 事件, {hours:+,.2f} customer-hours", highlight=False)

    show(answer, as_json=as_json, people=people)


def _times(app: App, row: dict[str, Any]) -> list[str]:
    """Off and on of a row as JSON, in local time."""
    return [_local(app, datetime.fromisoformat(row[name])) for name in ("start", "end")]


def _local(app: App, at: datetime) -> str:
    return f"{at.astimezone(app.zone):%Y-%m-%d %H:%M:%S}"
