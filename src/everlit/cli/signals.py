"""`everlit faults signals|intake|drain`: signals handed in and listed, how intake stands, the spool drained by hand."""

from pathlib import Path
from typing import Annotated

import typer

from everlit.api.signals import asked_period, shown
from everlit.app import App, UnableToOpenStore
from everlit.cli.acting import ActorName, ActorRole, acting
from everlit.cli.output import Json, console, language, show, show_findings, table
from everlit.cli.switching import NetworkName, instant
from everlit.faults.reading import read_signals
from everlit.planning.model import Role
from everlit.planning.service.refusals import only

application = typer.Typer(help="Signals: handed in, listed. 信号。", no_args_is_help=True)
AT_ONCE = 1_000
"""Signals of a file taken together."""


def add_to_faults(faults: typer.Typer) -> None:
    """Add the commands."""
    faults.add_typer(application, name="signals")
    faults.command("intake")(intake)
    faults.command("drain")(drain)


@application.command("add")
def add(
    file: Annotated[Path, typer.Argument(help="Signals, .csv, .xlsx, .parquet or .json. 信号文件。")],
    network: NetworkName = "urban",
    as_told: Annotated[
        bool, typer.Option("--arrived-as-told", help="Believe `arrived_at` of the file. 以文件中的到达时间为准。")
    ] = False,
    actor: ActorName = "",
    role: ActorRole = Role.DISPATCHER,
    as_json: Json = False,
) -> None:
    """Take the signals of a file into the spool; the database may be down. 接收信号。

    Ends with 0 only when every row was taken.
    """
    who = acting(actor, role)
    only(who, "faults.signals")
    app = App.open(needed=False)
    read = read_signals(file.read_bytes(), name=file.name)
    taken, findings, duplicates = 0, list(read.findings), 0
    for begin in range(0, len(read.signals), AT_ONCE):
        some = app.faults.accept(network, read.signals[begin : begin + AT_ONCE], actor=who, as_told=as_told)
        taken += len(some.receipts)
        duplicates += sum(receipt.duplicate for receipt in some.receipts)
        findings += some.findings
    answer = {
        "rows": read.checked, "accepted": taken, "duplicates": duplicates,
        "findings": [finding.as_json() for finding in findings],
    }  # fmt: skip
    show_findings([] if as_json else findings)
    words = f"{taken} of {read.checked} accepted 已接收, {duplicates} of them came before 重复"
    show(answer, as_json=as_json, people=lambda: console.print(words, highlight=False))
    if findings:
        raise typer.Exit(1)


@application.command("list")
def list_signals(
    network: NetworkName = "urban",
    start: Annotated[str, typer.Option("--start", help="Occurred since; the last 24 hours unless told. 起。")] = "",
    end: Annotated[str, typer.Option("--end", help="Occurred before. 止。")] = "",
    known_at: Annotated[str, typer.Option("--known-at", help="As known then. 当时已知。")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many. 最多条数。")] = 100,
    as_json: Json = False,
) -> None:
    """Signals of the log, by occurrence. 信号台账。"""
    app = App.open()
    since, until, known = (instant(app, text) if text else None for text in (start, end, known_at))
    period = asked_period(since, until, app.clock())
    rows = [shown(one) for one in app.faults.signals(network, period, known_at=known, limit=limit)]
    columns = ("occurred 发生", "arrived 到达", "source 来源", "id 编号", "kind 类型", "subject 对象", "value 值")
    names = ("occurred_at", "arrived_at", "source", "source_id", "kind", "subject", "value")
    show(
        rows,
        as_json=as_json,
        people=lambda: table("signals 信号", columns, ([str(row[name]) for name in names] for row in rows)),
    )


def intake(as_json: Json = False) -> None:
    """How the intake of signals stands; ends with 1 when it accepts nothing. 信号接入状态。"""
    try:
        app = App.open()
    except UnableToOpenStore:
        app = App.open(needed=False)
    state = app.faults.intake_state()
    words = state.words.in_language(language())
    show(state.as_json(), as_json=as_json, people=lambda: console.print(words, highlight=False, markup=False))
    if not state.accepting:
        raise typer.Exit(1)


def drain(actor: ActorName = "", role: ActorRole = Role.DISPATCHER, as_json: Json = False) -> None:
    """Move what waits in the spool into the log; `everlit serve` does so by itself. 信号入库。"""
    who = acting(actor, role)
    only(who, "faults.signals")
    done = App.open().faults.drain(actor=who)
    show_findings([] if as_json else done.findings)
    words = f"{done.new} new 新增, {done.duplicate} duplicate 重复, {done.refused} refused 拒绝"
    show(done.as_json(), as_json=as_json, people=lambda: console.print(words, highlight=False))
