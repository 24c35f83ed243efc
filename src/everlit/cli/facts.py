"""Facts the rules read, from the command line: switch operations, budgets, protected periods, plans."""

from typing import Annotated

import typer

from everlit.app import App
from everlit.cli.acting import ActorName, ActorRole, acting
from everlit.cli.output import Json, console, show, table
from everlit.cli.switching import NetworkName, instant, unreadable
from everlit.facts import budget, calendar_day, calendar_year, planned_customer, protected_period
from everlit.kernel import Period, Text
from everlit.planning.model import Role


def add_to_network(application: typer.Typer) -> None:
    """Add `network operate`."""
    application.command("operate")(operate)


def add_to_plan(application: typer.Typer) -> None:
    """Add what planning reads beside requests."""
    application.command("budget")(set_budget)
    application.command("protect")(protect)
    application.command("day")(set_day)
    application.command("holidays")(holidays)
    application.command("emergency-plan")(approve_emergency_plan)


def operate(
    switch: Annotated[str, typer.Option("--switch", help="Switch or earthing switch. 开关。")],
    close: Annotated[bool, typer.Option("--close/--open", help="Its position after the operation. 操作后位置。")],
    at: Annotated[str, typer.Option("--at", help="When, ISO 8601; now unless told. 操作时间。")] = "",
    network: NetworkName = "urban",
    actor: ActorName = "",
    role: ActorRole = Role.DISPATCHER,
    as_json: Json = False,
) -> None:
    """Record a switch operated in the field; everything asked from then on starts from it. 登记倒闸操作。"""
    app = App.open()
    when = instant(app, at) if at else None
    done = app.operate(network, switch, closed=close, actor=acting(actor, role), at=when)
    answer = {"network": network, **done.as_json()}
    position = "closed 合上" if done.closed else "open 断开"
    show(answer, as_json=as_json, people=lambda: console.print(f"{switch}: {position}, {done.at.astimezone(app.zone)}"))


def set_budget(
    month: Annotated[str, typer.Option("--month", help="YYYY-MM")],
    unit: Annotated[str, typer.Option("--unit", help="Operating unit; with --hours. 运维单位。")] = "",
    hours: Annotated[float | None, typer.Option("--hours", help="Customer-hours allotted. 时户数。")] = None,
    network: NetworkName = "urban",
    actor: ActorName = "",
    role: ActorRole = Role.RELIABILITY,
    as_json: Json = False,
) -> None:
    """Allot customer-hours to a unit for a month, or show what is allotted, used and left. 时户数预算。"""
    app = App.open()
    grid = app.grid(network)
    if hours is not None:
        app.planning.set_budget(network, budget(grid, unit=unit, month=month, hours=hours), actor=acting(actor, role))
    found = [one for one in app.planning.budgets(network, month).values() if unit in ("", one.unit)]
    rows = [
        (one.unit, f"{one.allotted_h:,.1f}", f"{one.used_h:,.1f}", f"{one.committed_h:,.1f}", f"{one.left_h:,.1f}")
        for one in found
    ]
    columns = ("unit", "allotted 分配", "used 已用", "committed 已占", "left 剩余")
    show([one.as_json() for one in found], as_json=as_json, people=lambda: table(f"budgets {month}", columns, rows))


def protect(
    key: Annotated[str, typer.Argument(help="Short key, such as exam-2026. 键。")],
    start: Annotated[str, typer.Option("--from", help="Start, ISO 8601; local time unless an offset is named. 开始。")],
    end: Annotated[str, typer.Option("--to", help="End. 结束。")],
    name: Annotated[str, typer.Option("--name", help="What it is called. 名称。")] = "",
    name_zh: Annotated[str, typer.Option("--name-zh", help="The same in Chinese. 中文名称。")] = "",
    unit: Annotated[list[str], typer.Option("--unit", help="Unit concerned; repeatable, all unless told. 单位。")] = [],
    network: NetworkName = "urban",
    actor: ActorName = "",
    role: ActorRole = Role.PLANNER,
    as_json: Json = False,
) -> None:
    """Enter a time in which supply is protected: an examination, a festival, a storm. 保供电时段。"""
    app = App.open()
    first, last = instant(app, start), instant(app, end)
    if last <= first:
        raise unreadable(f"{start} .. {end}")
    period, words = Period(first, last), Text(name or name_zh or key, name_zh or name or key)
    entered = protected_period(app.grid(network), key=key, name=words, period=period, units=unit)
    app.planning.protect(network, [entered], actor=acting(actor, role))
    show(entered.as_json(), as_json=as_json, people=lambda: console.print(f"{key}: {words} {period}"))


def set_day(
    day: Annotated[str, typer.Argument(help="YYYY-MM-DD")],
    rest: Annotated[bool, typer.Option("--rest/--work", help="Holiday, or a day worked in its place. 放假或上班。")],
    name: Annotated[str, typer.Option("--name", help="What it is called. 名称。")] = "",
    name_zh: Annotated[str, typer.Option("--name-zh", help="The same in Chinese. 中文名称。")] = "",
    document: Annotated[str, typer.Option("--document", help="Who announced it. 依据文件。")] = "",
    actor: ActorName = "",
    role: ActorRole = Role.PLANNER,
    as_json: Json = False,
) -> None:
    """Enter a holiday or a made-up working day in place of the shipped one. 节假日与调休。"""
    app = App.open()
    entered = calendar_day(day, rest=rest, name=Text(name or name_zh, name_zh or name), document=document)
    app.planning.set_days([entered], actor=acting(actor, role))
    words = "rest 放假" if rest else "work 上班"
    show(entered.as_json(), as_json=as_json, people=lambda: console.print(f"{day}: {words}, {entered.name}"))


def holidays(
    year: Annotated[int | None, typer.Option("--year", help="This year unless told. 年份。")] = None,
    as_json: Json = False,
) -> None:
    """Days that are not what their weekday says, and how sure we are of them. 节假日。"""
    app = App.open()
    chosen = calendar_year(app.today().year if year is None else year)
    found = [one for _, one in sorted(app.planning.calendar().days.items()) if one.day.year == chosen]
    rows = [
        (one.day, "rest 放假" if one.rest else "work 上班", one.name, one.confidence, one.document) for one in found
    ]
    columns = ("day", "", "name 名称", "confidence 可信度", "document 依据")
    show([one.as_json() for one in found], as_json=as_json, people=lambda: table(f"holidays {chosen}", columns, rows))


def approve_emergency_plan(
    customer: Annotated[str, typer.Argument(help="Usage point, or customer with several sources. 用电点或用户。")],
    network: NetworkName = "urban",
    actor: ActorName = "",
    role: ActorRole = Role.MARKETING,
    as_json: Json = False,
) -> None:
    """Record that a customer has an approved emergency plan. 登记应急预案。"""
    app = App.open()
    planned = planned_customer(app.grid(network), customer)
    app.planning.approve_emergency_plan(network, planned, actor=acting(actor, role))
    answer = {"network": network, "customer": planned}
    show(answer, as_json=as_json, people=lambda: console.print(f"{planned}: emergency plan approved 应急预案已批准"))
