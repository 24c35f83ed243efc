"""`everlit trace|isolate|transfer|ticket|reconfigure`: questions asked of one network in its present state."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import numpy as np
import typer

from everlit.app import LONGEST, App
from everlit.cli.output import Json, console, language, show, table
from everlit.grid.trace import bounding_switches, study
from everlit.kernel import Finding, Period, Refusal, Text
from everlit.switching.isolate import isolate
from everlit.switching.reconfigure import reconfigure
from everlit.switching.steps import UnableToOrder
from everlit.switching.ticket import Tickets

NetworkName = Annotated[str, typer.Option("--network", "-n", help="Network name. 网络名称。")]
EquipmentIds = Annotated[list[str], typer.Option("--equipment", help="Equipment worked on; repeatable. 检修设备。")]


At = Annotated[str, typer.Option("--at", help="The state at this instant, ISO 8601; now unless told. 时刻。")]
KnownAt = Annotated[str, typer.Option("--known-at", help="As it was known at this instant. 当时已知。")]


class UnableToReadTime(Refusal):
    """An instant is not ISO 8601 or beyond the calendar; the period ends before it starts or is absurdly long."""

    title = Text(en="The time is not valid.", zh="时间无效。")


def add_to(application: typer.Typer) -> None:
    """Add the commands."""
    application.command("trace")(trace)
    application.command("isolate")(isolate_equipment)
    application.command("transfer")(transfer_equipment)
    application.command("ticket")(ticket_of_work)
    application.command("reconfigure")(reconfigure_network)


def trace(
    open_: Annotated[list[str], typer.Option("--open", help="Switch to open; repeatable. 断开的开关。")] = [],
    close: Annotated[list[str], typer.Option("--close", help="Switch to close; repeatable. 合上的开关。")] = [],
    around: Annotated[str, typer.Option("--around", help="Equipment: which switches bound it. 设备四周的开关。")] = "",
    network: NetworkName = "urban",
    at: At = "",
    known_at: KnownAt = "",
    as_json: Json = False,
) -> None:
    """Who goes dark, what is paralleled, who is fed if these switches move? Nothing is operated. 谁会停电?"""
    app = App.open()
    grid, state = app.grid(network), app.closed(network, **as_of(app, at, known_at))
    found = study(grid, state, opened=open_, closed=close)
    answer = {**found.dark.as_json(), **found.as_json(), "bounding": {}}
    answer["looped"] = [grid.section_name(section) for section in found.looped.tolist()]
    answer["sections"] = [grid.section_name(section) for section in found.dark.sections.tolist()]
    if around:
        bounds = bounding_switches(grid, state, grid.equipment(around).sections)
        answer["bounding"] = {
            "closed": [grid.switch_id(switch) for switch in bounds.closed.tolist()],
            "open": [grid.switch_id(switch) for switch in bounds.opened.tolist()],
        }
    show(answer, as_json=as_json, people=lambda: show_study(answer))


def isolate_equipment(
    equipment: EquipmentIds,
    network: NetworkName = "urban",
    at: At = "",
    known_at: KnownAt = "",
    as_json: Json = False,
) -> None:
    """The smallest set of switches with a visible break on every infeed. 隔离方案。"""
    app = App.open()
    answer = isolate(app.grid(network), app.closed(network, **as_of(app, at, known_at)), equipment).as_json()
    show(answer, as_json=as_json, people=lambda: show_isolation(answer))


def transfer_equipment(
    equipment: EquipmentIds,
    start: Annotated[str, typer.Option("--from", help="Start, ISO 8601; local time unless an offset is named. 开始。")],
    end: Annotated[str, typer.Option("--to", help="End. 结束。")],
    network: NetworkName = "urban",
    at: At = "",
    known_at: KnownAt = "",
    as_json: Json = False,
) -> None:
    """The optimal re-supply of everyone the isolation cuts off, and why the rest stays dead. 转供方案。"""
    app = App.open()
    span = period(app, start, end)
    answer = app.transfer(network, equipment, span, **as_of(app, at, known_at)).as_json()
    show(answer, as_json=as_json, people=lambda: show_transfer(answer))


def ticket_of_work(
    equipment: EquipmentIds,
    start: Annotated[str, typer.Option("--from", help="Start, ISO 8601; local time unless an offset is named. 开始。")],
    end: Annotated[str, typer.Option("--to", help="End. 结束。")],
    network: NetworkName = "urban",
    disturbed: Annotated[
        list[str], typer.Option(help="Feeder with an earth fault or abnormal neutral; repeatable. 接地故障馈线。")
    ] = [],
    undisturbed: Annotated[
        bool, typer.Option("--undisturbed", help="No feeder has one, as told. 无接地故障。")
    ] = False,
    as_json: Json = False,
) -> None:
    """The operation tickets out to the work and back, every state on the way checked; exit 1 where none is safe. 操作票。"""
    app = App.open()
    said = disturbed if disturbed or undisturbed else None
    plan = app.switching_plan(network, equipment, period(app, start, end), disturbed=said)
    if plan.violations:
        raise UnableToOrder(*plan.violations)
    tickets = plan.tickets
    show(tickets.as_json(), as_json=as_json, people=lambda: show_tickets(tickets))


def reconfigure_network(
    network: NetworkName = "case33",
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Seed of the search. 随机种子。")] = 0,
    as_json: Json = False,
) -> None:
    """Move the open points to where the losses are least. 降损重构。"""
    app = App.open()
    grid = app.grid(network)
    consumers = grid.network.tables["consumers"]
    p_kw, q_kvar = (np.asarray(consumers.column(name).to_numpy()) for name in ("p_kw", "q_kvar"))
    answer = reconfigure(grid, app.closed(network), p_kw, q_kvar, seed=seed).as_json()
    show(answer, as_json=as_json, people=lambda: show_reconfiguration(answer))


def as_of(app: App, at: str, known_at: str) -> dict[str, datetime | None]:
    """Which state is asked about: the one at `at`, as known at `known_at`; the present one when both are empty."""
    return {"at": instant(app, at) if at else None, "known_at": instant(app, known_at) if known_at else None}


def period(app: App, start: str, end: str) -> Period:
    """A period from what was typed; raises UnableToReadTime."""
    first, last = instant(app, start), instant(app, end)
    if not timedelta(0) < last - first <= LONGEST:
        raise unreadable(f"{start} .. {end}")
    return Period(first, last)


def instant(app: App, text: str) -> datetime:
    """An instant as typed, naive ones in the utility's zone; raises UnableToReadTime."""
    try:
        typed = datetime.fromisoformat(text)
        return (typed if typed.tzinfo else typed.replace(tzinfo=app.zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise unreadable(text) from None


def unreadable(text: str) -> UnableToReadTime:
    """The refusal of a time or period as typed."""
    words = Text(
        en=f"{text} is no time, ends before it starts, or is longer than {LONGEST.days} days.",
        zh=f"{text} 不是有效时间,或结束早于开始,或超过{LONGEST.days}天。",
    )
    return UnableToReadTime(Finding("time.invalid", text, words))


def show_study(answer: dict[str, Any]) -> None:
    """Who goes dark and who is fed, what is paralleled, which feeder carries how many households."""
    show_dark(answer)
    rows = [
        ("supplied again, households 恢复供电户数", answer["supplied"]["households"]),
        ("paralleled 并列区段", ", ".join(answer["looped"]) or "–"),
        *((f"{one['id']}, households 户", f"{one['before']} → {one['after']}") for one in answer["feeders"]),
    ]
    table("after 操作后", ("", ""), rows)
    if answer["bounding"]:
        around = [(name, ", ".join(switches) or "–") for name, switches in answer["bounding"].items()]
        table("bounding switches 边界开关", ("", ""), around)


def show_dark(answer: dict[str, Any]) -> None:
    """Who goes dark, three ways, and the important among them."""
    rows = [
        ("MV units 中压户", answer["units"]),
        ("households 户", answer["households"]),
        ("kVA 容量", f"{answer['kva']:g}"),
        ("important 重要用户", len(answer["important"])),
    ]
    table("dark 停电", ("", ""), rows)
    for point in answer["important"]:
        console.print(f"  {point['importance']}: {point['name'] or point['usage_point']}", markup=False)


def show_isolation(answer: dict[str, Any]) -> None:
    """What to open, what to lock, who is cut off."""
    rows = [
        ("open 断开", _listed(answer["to_open"])),
        ("lock open 加锁", _listed(answer["already_open_to_lock"])),
        ("infeeds 来电侧", _listed(answer["infeeds"])),
        ("MV units dark 停电中压户", answer["dead"]["units"]),
        ("households dark 停电户数", answer["dead"]["households"]),
    ]
    table("isolation 隔离", ("", ""), rows)
    _remarks(answer["findings"])


def show_transfer(answer: dict[str, Any]) -> None:
    """Ties and openings, who is kept, and why the rest stays dark."""
    loading, lowest = answer["flow"]["highest_loading"], answer["flow"]["lowest_voltage"]
    rows = [
        ("isolate 隔离", _listed(answer["isolation"]["to_open"])),
        ("close 合上", _listed(answer["close"])),
        ("open 断开", _listed(answer["open"])),
        ("kept 转供", f"{answer['kept']['units']} MV units 中压户, {answer['kept']['households']} households 户"),
        ("dark 停电", f"{answer['dark']['units']} MV units 中压户, {answer['dark']['households']} households 户"),
        ("optimal 最优", "proven 已证明" if answer["proven"] else f"gap 差距 {answer['gap']:.2%}"),
    ]
    if loading:
        rows.append(("highest load 最大负载", f"{loading['value']:.1f} / {loading['limit']:.1f} A, {loading['where']}"))
    if lowest:
        rows.append(("lowest voltage 最低电压", f"{lowest['value']:.4f} pu, {lowest['where']}"))
    table("transfer 转供", ("", ""), rows)
    _remarks(answer["certificate"])


def show_tickets(tickets: Tickets) -> None:
    """Both tickets as they are read out."""
    for ticket in (tickets.out, tickets.back):
        console.print(ticket.text(language()), markup=False, highlight=False, soft_wrap=True)


def show_reconfiguration(answer: dict[str, Any]) -> None:
    """Losses before and after, and the switches to move."""
    rows = [
        ("loss before 原损耗", f"{answer['loss_kw_before']:.3f} kW"),
        ("loss after 新损耗", f"{answer['loss_kw_after']:.3f} kW"),
        ("close 合上", _listed(answer["to_close"])),
        ("open 断开", _listed(answer["to_open"])),
    ]
    table("reconfiguration 重构", ("", ""), rows)


def _listed(identities: list[str]) -> str:
    return ", ".join(identities) or "–"


def _remarks(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        console.print(f"  {row['kind']}: {row['message'][language()]}", markup=False)
