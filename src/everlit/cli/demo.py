"""`everlit demo`: a city, a fictional month of requests from five departments, the plan, and the control room.

What the demo makes stays in the data folder; a second run finds it there and starts at once.
"""

import time
import webbrowser
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

import typer
from rich.progress import Progress

from everlit.app import App
from everlit.cli.output import Json, complaints, console, show
from everlit.cli.planning import show_plan
from everlit.cli.serve import serve
from everlit.planning.demo_month import demo_history, demo_month
from everlit.planning.lifecycle import Command, UnableToAdvance
from everlit.planning.model import Budget, Role
from everlit.platform.events import Actor

ACTOR = Actor("demo 演示", Role.PLANNER)
APPROVED_DAYS = 10
"""The first days of the month are approved by the demo; the rest is left for whoever tries it."""

BUDGET_H = 300.0
"""Customer-hours each operating unit may use in the month; fictional."""


def add_to(application: typer.Typer) -> None:
    """Add the command."""
    application.command("demo")(demo)


def demo(
    check: Annotated[bool, typer.Option("--check", help="All but serving; print one JSON object. 只检查。")] = False,
    city: Annotated[str, typer.Option(help="Shipped city. 内置城市。")] = "urban",
    requests: Annotated[int, typer.Option(min=1, max=5000, help="Requests of the month. 申请数量。")] = 300,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="Time for the search. 搜索时间。")] = 60.0,
    seed: Annotated[int, typer.Option(help="Seed. 随机种子。")] = 1,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port. 端口。")] = 8000,
    browser: Annotated[bool, typer.Option(help="Open a browser. 打开浏览器。")] = True,
    as_json: Json = False,
) -> None:
    """Load a city, plan a month, print what it saved, open the control room. 演示。"""
    began = time.monotonic()
    app = App.open()
    month = month_after(app.clock().astimezone(app.zone).date())
    plan = prepared(app, city, month, requests=requests, seconds=seconds, seed=seed, quiet=check or as_json)
    answer = {
        "city": city,
        "requests": plan["requests"],
        "scheduled": plan["scheduled"],
        "refused": len(plan["refused"]),
        "gap": plan["gap"],
        "customer_hours": plan["savings"],
        "seconds": round(time.monotonic() - began, 3),
    }
    show(answer, as_json=check or as_json, people=lambda: show_plan(plan))
    if not check:
        console.print(f"control room 控制室: http://127.0.0.1:{port}  (Ctrl-C to stop 停止)")
        if browser:
            webbrowser.open(f"http://127.0.0.1:{port}")
        serve(port=port, network=city)


def month_after(today: date) -> date:
    """First day of the next month."""
    return date(today.year + today.month // 12, today.month % 12 + 1, 1)


def prepared(
    app: App, city: str, month: date, *, requests: int, seconds: float, seed: int, quiet: bool
) -> Mapping[str, Any]:
    """The plan of the month: the one in the store, or a new one made, adopted and assessed outage by outage."""
    name = f"{month:%Y-%m}"
    if (kept := app.planning.month(city, name)["plan"]) is not None:
        return dict(kept)
    progress = Progress(console=complaints, disable=quiet)
    with progress:
        step = progress.add_task(f"city 城市 {city}", total=None)
        grid = app.grid(city)
        progress.update(step, description=f"{requests} fictional requests 虚构申请, {name}")
        app.planning.keep_history(city, demo_history(grid, month=month, seed=seed, zone=app.zone), actor=ACTOR)
        for unit in sorted(set(grid.network.tables["feeders"].column("unit").to_pylist()) - {None}):
            app.planning.set_budget(city, Budget(unit, name, BUDGET_H), actor=ACTOR)
        made = demo_month(grid, month=month, requests=requests, seed=seed, zone=app.zone)
        app.planning.submit(city, made, actor=ACTOR)
        progress.update(step, description=f"month plan 月计划, search ≤ {seconds:g} s")
        plan = app.planning.plan_month(city, name, actor=ACTOR, seconds=seconds, seed=seed)
        outages = app.planning.adopt_month(city, name, actor=ACTOR)
        progress.update(step, description="assessments 事前评估", total=len(outages), completed=0)
        for outage in outages:
            _, assessed = app.planning.assess_outage(outage.outage_id, actor=ACTOR)
            if outage.period.start.astimezone(app.zone).day <= APPROVED_DAYS:
                agree(app, outage.outage_id, assessed.approver)
            progress.advance(step)
    return plan.body


def agree(app: App, outage_id: str, approver: Role) -> None:
    """Balance and approve an outage; one that a gate blocks stays where it is, for people to look at."""
    try:
        app.planning.act(outage_id, Command.BALANCE, actor=ACTOR)
        app.planning.act(outage_id, Command.APPROVE, actor=Actor(ACTOR.name, approver))
    except UnableToAdvance:
        return
