"""Control and review from the command line: the promise clock, recurring causes, the month looked back on, ties."""

from typing import Annotated, Any

import typer

from everlit.app import App
from everlit.cli.output import Json, language, show, table
from everlit.cli.switching import NetworkName
from everlit.facts import calendar_year

MonthOption = Annotated[str, typer.Option("--month", help="YYYY-MM")]


def add_to_plan(application: typer.Typer) -> None:
    """Add the commands."""
    application.command("promises")(promises)
    application.command("causes")(causes)
    application.command("review")(review)
    application.command("ties")(ties)


def promises(network: NetworkName = "urban", as_json: Json = False) -> None:
    """Outages under way: minutes left, expected restoration, the alarm that stands. 送电承诺。"""
    app = App.open()
    app.grid(network)
    found = app.planning.promises(network)
    rows = [
        (one.outage_id, one.due.astimezone(app.zone), f"{one.left_min:.0f}", f"{one.expected_late_min:.0f}", one.risk)
        for one in found
    ]
    columns = ("outage", "due 承诺", "left, min 剩余", "late, min 预计延时", "risk 风险")
    show([one.as_json() for one in found], as_json=as_json, people=lambda: table("promises 送电承诺", columns, rows))


def causes(
    year: Annotated[int, typer.Option("--year", help="This year unless told. 年份。")] = 0,
    network: NetworkName = "urban",
    as_json: Json = False,
) -> None:
    """Why restorations were late, costliest first, and which causes recur. 延时原因。"""
    app = App.open()
    app.grid(network)
    found = app.planning.delay_causes(network, year=calendar_year(year or app.today().year))
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
    answer = app.planning.review_month(network, month).as_json()
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
