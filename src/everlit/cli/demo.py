"""`everlit demo`: a city, a fictional month of requests from five departments, the plan, and the control room.

What the demo makes stays in the data folder; a second run finds it there and starts at once, an interrupted one goes on.
"""

import os
import time
import webbrowser
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

import typer
from rich.progress import Progress, TaskID

from everlit.app import App
from everlit.cli.demo_history import with_past
from everlit.cli.output import Json, complaints, console, show
from everlit.cli.planning import show_plan
from everlit.cli.serve import serve
from everlit.notices.channels.configured import REHEARSAL
from everlit.planning.demo_month import demo_month
from everlit.planning.lifecycle import Command, UnableToAdvance
from everlit.planning.model import Budget, PlannedOutage, Role, State
from everlit.planning.store import UnableToRecord
from everlit.platform.database import reading, writing
from everlit.platform.events import Actor, Event, history, record

ACTOR = Actor("demo 演示", Role.PLANNER)
APPROVER = "demo approver 演示审批"
APPROVED_DAYS = 10
"""The first days of the month are approved by the demo; the rest is left for whoever tries it."""

ADOPTED, PREPARED = "planning.month.adopted", "demo.prepared"
"""Events that say how far a demo came."""

PAST_REQUESTS, PAST_SECONDS = 45, 2.0
"""Requests of each past month, and the time to search for its plan."""

BUDGET_H = 300.0
"""Customer-hours each operating unit may use in the month; fictional."""


def add_to(application: typer.Typer) -> None:
    """Add the command."""
    application.command("demo")(demo)


def demo(
    check: Annotated[bool, typer.Option("--check", help="All but serving; print one JSON object. 只检查。")] = False,
    city: Annotated[str, typer.Option(help="Shipped city. 内置城市。")] = "urban",
    requests: Annotated[int, typer.Option(min=1, max=5000, help="Requests of the month. 申请数量。")] = 100,
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
    plan = prepared(app, city, month, requests=requests, seconds=seconds, seed=seed)
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
        os.environ.setdefault(REHEARSAL, str(seed))
        console.print(f"control room 控制室: http://127.0.0.1:{port}  (Ctrl-C to stop 停止)")
        if browser:
            webbrowser.open(f"http://127.0.0.1:{port}")
        serve(port=port, network=city)


def month_after(today: date) -> date:
    """First day of the next month."""
    return date(today.year + today.month // 12, today.month % 12 + 1, 1)


def prepared(app: App, city: str, month: date, *, requests: int, seconds: float, seed: int) -> Mapping[str, Any]:
    """The plan of the month: the one in the store, or a new one made, adopted and assessed outage by outage.

    A demo that was interrupted goes on where it stopped; one that was finished is left as people changed it. What it
    does is told on standard error.
    """
    name = f"{month:%Y-%m}"
    kept = app.planning.month(city, name)["plan"]
    done = [event.kind for event in events_of(app, city, name)]
    if kept is not None and PREPARED in done:
        return dict(kept)
    with Progress(console=complaints, disable=not complaints.is_terminal) as progress:
        step = progress.add_task("", total=None)
        tell(progress, step, f"city 城市 {city}")
        past = min(PAST_REQUESTS, requests), min(PAST_SECONDS, seconds)
        with_past(
            app, city, seed=seed, requests=past[0], seconds=past[1],
            tell=lambda words, total: tell(progress, step, words, total=total), advance=lambda: progress.advance(step),
        )  # fmt: skip
        if kept is None:
            tell(progress, step, f"{requests} fictional requests 虚构申请, {name}")
            submit_demo(app, city, month, requests=requests, seed=seed)
        if ADOPTED not in done:
            tell(progress, step, f"month plan 月计划, search ≤ {seconds:g} s")
            kept = adopt(app, city, name, kept=kept, seconds=seconds, seed=seed)
        outages = formed(app, city, name)
        tell(progress, step, f"assessments 事前评估 of {len(outages)} outages", total=len(outages))
        for outage in outages:
            settle(app, outage)
            progress.advance(step)
        with writing(app.engine) as connection:
            record(connection, actor=ACTOR, at=app.clock(), kind=PREPARED, subject=f"month:{city}/{name}")
    return dict(kept or {})


def tell(progress: Progress, step: TaskID, words: str, *, total: int | None = None) -> None:
    """Say what is being done: in the bar of a terminal, as a line of its own anywhere else."""
    progress.update(step, description=words, total=total, completed=0)
    if not progress.console.is_terminal:
        progress.console.print(f"{words} …")


def events_of(app: App, city: str, month: str) -> list[Event]:
    """What happened to the month, newest first."""
    with reading(app.engine) as connection:
        return history(connection, subject=f"month:{city}/{month}", newest=True, limit=1000)


def submit_demo(app: App, city: str, month: date, *, requests: int, seed: int) -> None:
    """Fictional budgets and requests; what is there already stays."""
    name, grid = f"{month:%Y-%m}", app.grid(city)
    for unit in sorted(set(grid.network.tables["feeders"].column("unit").to_pylist()) - {None}):
        app.planning.set_budget(city, Budget(unit, name, BUDGET_H), actor=ACTOR)
    made = demo_month(grid, month=month, requests=requests, seed=seed, zone=app.zone)
    app.planning.submit(city, made, actor=ACTOR)


def adopt(
    app: App, city: str, month: str, *, kept: Mapping[str, Any] | None, seconds: float, seed: int
) -> Mapping[str, Any]:
    """Form the outages of the plan kept, or of a new one where none is kept or what it stands on has changed."""
    if kept is not None:
        try:
            app.planning.adopt_month(city, month, actor=ACTOR)
        except UnableToRecord:
            return adopt(app, city, month, kept=None, seconds=seconds, seed=seed)
        return kept
    plan = app.planning.plan_month(city, month, actor=ACTOR, seconds=seconds, seed=seed).body
    app.planning.adopt_month(city, month, actor=ACTOR)
    return plan


def formed(app: App, city: str, month: str) -> list[PlannedOutage]:
    """The outages the newest adoption formed that nobody has agreed or called off since."""
    adoption = next(event for event in events_of(app, city, month) if event.kind == ADOPTED)
    names = set(adoption.body["outages"])
    standing = app.planning.outages(city, month=month, states=(State.MERGED, State.BALANCED))
    return [outage for outage in standing if outage.outage_id in names]


def settle(app: App, outage: PlannedOutage) -> None:
    """Assess an outage that has no assessment, and agree it if it lies in the first days of the month."""
    if outage.assessment:
        approver = Role(app.planning.assessment_of(outage_id=outage.outage_id).body["approver"])
    else:
        approver = app.planning.assess_outage(outage.outage_id, actor=ACTOR)[1].approver
    if outage.period.start.astimezone(app.zone).day <= APPROVED_DAYS:
        agree(app, outage, approver)


def agree(app: App, outage: PlannedOutage, approver: Role) -> None:
    """Balance and approve an outage; one that a gate blocks stays where it is, for people to look at."""
    try:
        if outage.state is State.MERGED:
            app.planning.act(outage.outage_id, Command.BALANCE, actor=ACTOR)
        app.planning.act(outage.outage_id, Command.APPROVE, actor=Actor(APPROVER, approver))
    except UnableToAdvance:
        return
