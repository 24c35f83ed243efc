"""Control and review from the command line: steps done, the promise clock, recurring causes, the month, ties."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from everlit.app import App
from everlit.cli.acting import ActorName, ActorRole, acting
from everlit.cli.output import Json, console, language, show, table
from everlit.cli.switching import NetworkName, instant
from everlit.control.model import DoneStep
from everlit.control.reading import read_steps
from everlit.facts import calendar_year
from everlit.planning.model import Role
from everlit.switching.ticket import Direction

MonthOption = Annotated[str, typer.Option("--month", help="YYYY-MM")]


def add_to_plan(application: typer.Typer) -> None:
    """Add the commands."""
    application.command("steps")(steps)
    application.command("promises")(promises)
    application.command("causes")(causes)
    application.command("review")(review)
    application.command("ties")(ties)


def steps(
    outage: Annotated[str, typer.Argument(help="Outage id. 停电单编号。")],
    done: Annotated[
        list[str], typer.Option("--done", help="A step done, WAY:NUMBER such as out:3; repeatable. 已执行步骤。")
    ] = [],
    file: Annotated[
        Path | None, typer.Option("--import", help="Steps done, CSV: way,number,at,device,note. 导入。")
    ] = None,
    at: Annotated[str, typer.Option("--at", help="When, ISO 8601; now unless told. 执行时间。")] = "",
    device: Annotated[str, typer.Option("--device", help="The device really operated. 实际操作设备。")] = "",
    left_out: Annotated[bool, typer.Option("--left-out", help="Nothing was done. 未执行。")] = False,
    note: Annotated[str, typer.Option("--note", help="Why it was done otherwise. 说明。")] = "",
    actor: ActorName = "",
    role: ActorRole = Role.CREW,
    as_json: Json = False,
) -> None:
    """Steps of an outage as planned and as done; tell those that were done. 操作步骤执行。"""
    app = App.open()
    told: list[DoneStep] = []
    if done or file:
        who = acting(actor, role)
        when = instant(app, at) if at else app.clock()
        told = [DoneStep(*_place(word), when, who.name, device, left_out, note) for word in done]
        told += read_steps(file, by=who.name, zone=app.zone) if file else []
        app.control.tell(outage, told, actor=who)
    answer = app.control.execution(outage).as_json()
    show(answer, as_json=as_json, people=lambda: show_steps(answer, app))


def _place(word: str) -> tuple[Direction, int]:
    """WAY:NUMBER as typed; raises typer.BadParameter."""
    way, _, number = word.partition(":")
    if way not in set(Direction) or not number.isdecimal():
        raise typer.BadParameter(f"{word} is no WAY:NUMBER such as out:3 or back:1.")
    return Direction(way), int(number)


def show_steps(answer: dict[str, Any], app: App) -> None:
    """Both tickets, each step with the time it was done; then who is dead against the plan."""
    for way, ticket in answer["ways"].items():
        late = "" if ticket["late_min"] is None else f", {ticket['late_min']:+.0f} min"
        rows = [(row["number"], row["item"][language()], *_done(row["done"], app)) for row in ticket["rows"]]
        table(f"{way} {ticket['done']}/{ticket['steps']}{late}", ("#", "step 步骤", "done 执行", "note 说明"), rows)
    for side, words in (("dead", "dead against the plan 计划外停电"), ("supplied", "still supplied 计划停而未停")):
        if answer["astray"][side]["households"]:
            console.print(f"! {words}: {answer['astray'][side]['households']}", markup=False)


def _done(done: dict[str, Any] | None, app: App) -> tuple[str, str]:
    if done is None:
        return "", ""
    at = datetime.fromisoformat(done["at"]).astimezone(app.zone)
    other = f"{done['device']}: " if done["device"] else ""
    return ("–" if done["left_out"] else f"{at:%H:%M:%S}"), other + done["note"]


def promises(network: NetworkName = "urban", as_json: Json = False) -> None:
    """Outages under way: minutes left, expected restoration, the alarm that stands. 送电承诺。"""
    app = App.open()
    app.grid(network)
    found = app.control.promises(network)
    rows = [
        (one.outage_id, one.due.astimezone(app.zone), f"{one.left_min:.0f}", f"{one.expected_late_min:.0f}", one.risk)
        for one in found
    ]
    columns = ("outage", "due 承诺", "left, min 剩余", "late, min 预计延时", "risk 风险")
    show([one.as_json() for one in found], as_json=as_json, people=lambda: table("promises 送电承诺", columns, rows))


def causes(
    year: Annotated[int | None, typer.Option("--year", help="This year unless told. 年份。")] = None,
    network: NetworkName = "urban",
    as_json: Json = False,
) -> None:
    """Why restorations were late, costliest first, and which causes recur. 延时原因。"""
    app = App.open()
    app.grid(network)
    found = app.planning.delay_causes(network, year=calendar_year(app.today().year if year is None else year))
    rows = [
        (one.code, one.times, f"{one.minutes:.0f}", ", ".join(one.subjects), "✓" if one.recurring else "")
        for one in found
    ]
    columns = ("cause", "times 次数", "minutes 分钟", "where 对象", "recurring 频发")
    show([one.as_json() for one in found], as_json=as_json, people=lambda: table("delays 延时", columns, rows))


def review(month: MonthOption, network: NetworkName = "urban", as_json: Json = False) -> None:
    """Planned against actual of a month, with the management indices. 月度回顾。"""
    app = App.open()
    app.grid(network)
    answer = app.planning.review_month(network, month, with_feeders=True).as_json()
    show(answer, as_json=as_json, people=lambda: show_review(answer))


def show_review(answer: dict[str, Any]) -> None:
    """Every index with what it divides, then each executed outage."""
    rows = [
        (
            one["title"][language()],
            "–" if one["value"] is None else f"{one['value']:.1%}",
            f"{one['numerator']:g} / {one['denominator']:g}",
        )
        for one in answer["indices"]
    ]
    table("indices 指标", ("", "value", "of"), rows)
    if answer["deviations"]:
        lines = [
            (one["outage_id"], f"{one['planned_min']:.0f}", f"{one['actual_min']:.0f}", f"{one['end_min']:+.0f}")
            for one in answer["deviations"]
        ]
        table("executed 已执行", ("outage", "planned, min 计划", "actual, min 实际", "late, min 延时"), lines)


def ties(month: MonthOption, network: NetworkName = "urban", as_json: Json = False) -> None:
    """Which missing or weak ties cost the month's outages the most. 缺失联络。"""
    app = App.open()
    app.grid(network)
    found = app.missing_ties(network, month)
    rows = [(one.kind, one.where, one.plans, f"{one.customer_hours:.2f}", f"{one.short_a:.1f}") for one in found]
    columns = ("kind", "where", "outages 停电", "customer-hours 时户数", "short, A 缺额")
    show(
        [one.as_json() for one in found], as_json=as_json, people=lambda: table("missing ties 缺失联络", columns, rows)
    )
