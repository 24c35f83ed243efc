"""`everlit trace|isolate|transfer|reconfigure`: questions asked of one network in its present state."""

from datetime import datetime
from typing import Annotated, Any

import numpy as np
import typer

from everlit.app import App
from everlit.cli.output import Json, show, table
from everlit.grid import supply
from everlit.grid.trace import dark
from everlit.kernel import Finding, Period, Refusal, Text
from everlit.switching.isolate import isolate
from everlit.switching.reconfigure import reconfigure

NetworkName = Annotated[str, typer.Option("--network", "-n", help="Network name. 网络名称。")]
EquipmentIds = Annotated[list[str], typer.Option("--equipment", help="Equipment worked on; repeatable. 检修设备。")]


class UnableToReadTime(Refusal):
    """An instant is not ISO 8601, or the period ends before it starts."""

    title = Text(en="The time is not valid.", zh="时间无效。")


def add_to(application: typer.Typer) -> None:
    """Add the commands."""
    application.command("trace")(trace)
    application.command("isolate")(isolate_equipment)
    application.command("transfer")(transfer_equipment)
    application.command("reconfigure")(reconfigure_network)


def trace(
    open_: Annotated[list[str], typer.Option("--open", help="Switch to open; repeatable. 断开的开关。")] = [],
    close: Annotated[list[str], typer.Option("--close", help="Switch to close; repeatable. 合上的开关。")] = [],
    network: NetworkName = "urban",
    as_json: Json = False,
) -> None:
    """Who goes dark if these switches move? Nothing is operated. 谁会停电?"""
    app = App.open()
    grid, before = app.grid(network), app.closed(network)
    after = before.copy()
    after[[grid.switch(identity) for identity in open_]] = False
    after[[grid.switch(identity) for identity in close]] = True
    answer = dark(grid, supply(grid, before), supply(grid, after)).as_json()
    show(answer, as_json=as_json, people=lambda: table("dark", ("what", "value"), _flat(answer)))


def isolate_equipment(equipment: EquipmentIds, network: NetworkName = "urban", as_json: Json = False) -> None:
    """The smallest set of switches with a visible break on every infeed. 隔离方案。"""
    app = App.open()
    answer = isolate(app.grid(network), app.closed(network), equipment).as_json()
    show(answer, as_json=as_json, people=lambda: table("isolation", ("what", "value"), _flat(answer)))


def transfer_equipment(
    equipment: EquipmentIds,
    start: Annotated[str, typer.Option("--from", help="Start, ISO 8601; local time unless an offset is named. 开始。")],
    end: Annotated[str, typer.Option("--to", help="End. 结束。")],
    network: NetworkName = "urban",
    as_json: Json = False,
) -> None:
    """The optimal re-supply of everyone the isolation cuts off, and why the rest stays dead. 转供方案。"""
    app = App.open()
    answer = app.transfer(network, equipment, period(app, start, end)).as_json()
    show(answer, as_json=as_json, people=lambda: table("transfer", ("what", "value"), _flat(answer)))


def reconfigure_network(
    network: NetworkName = "case33",
    seed: Annotated[int, typer.Option(help="Seed of the search. 随机种子。")] = 0,
    as_json: Json = False,
) -> None:
    """Move the open points to where the losses are least. 降损重构。"""
    app = App.open()
    grid = app.grid(network)
    consumers = grid.network.tables["consumers"]
    p_kw, q_kvar = (np.asarray(consumers.column(name).to_numpy()) for name in ("p_kw", "q_kvar"))
    answer = reconfigure(grid, app.closed(network), p_kw, q_kvar, seed=seed).as_json()
    show(answer, as_json=as_json, people=lambda: table("reconfiguration", ("what", "value"), _flat(answer)))


def period(app: App, start: str, end: str) -> Period:
    """A period from what was typed; raises UnableToReadTime."""
    first, last = instant(app, start), instant(app, end)
    if last <= first:
        raise _unreadable(f"{start} .. {end}")
    return Period(first, last)


def instant(app: App, text: str) -> datetime:
    """An instant as typed, naive ones in the utility's zone; raises UnableToReadTime."""
    try:
        typed = datetime.fromisoformat(text)
    except ValueError:
        raise _unreadable(text) from None
    return typed if typed.tzinfo else typed.replace(tzinfo=app.zone)


def _unreadable(text: str) -> UnableToReadTime:
    words = Text(en=f"{text} is no time, or ends before it starts.", zh=f"{text} 不是有效时间,或结束早于开始。")
    return UnableToReadTime(Finding("time.invalid", text, words))


def _flat(answer: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(key, f"{len(value)}: {value[:8]}" if isinstance(value, list) else value) for key, value in answer.items()]
