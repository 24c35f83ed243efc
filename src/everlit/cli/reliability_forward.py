"""`everlit reliability forward`: what a year will bring, what a change is worth, what a plan risks meanwhile."""

from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from everlit.app import App
from everlit.cli.output import Json, console, language, show, table
from everlit.cli.switching import NetworkName
from everlit.kernel import Finding
from everlit.reliability.forward import BASES, Forward, Promise, forward
from everlit.reliability.forward_effect import Effect, Risk
from everlit.reliability.forward_question import LONGEST_H, Change, Plan, one_question, risk, worth


def add_to_reliability(application: typer.Typer) -> None:
    """Add the command to the group `reliability`."""
    application.command("forward")(forecast_year)


def forecast_year(
    network: NetworkName = "urban",
    limits: Annotated[
        bool, typer.Option("--limits/--no-limits", help="Whether ties carry only what they can. 联络容量约束。")
    ] = True,
    add_tie: Annotated[
        tuple[str, str] | None, typer.Option("--add-tie", help="Two nodes to join by a new tie. 增设联络。")
    ] = None,
    automate: Annotated[
        list[str], typer.Option("--automate", help="Switch to control remotely; repeatable. 开关自动化改造。")
    ] = [],
    spares: Annotated[
        bool, typer.Option("--spares", help="With spares in stock of what can be replaced. 备品。")
    ] = False,
    open_: Annotated[list[str], typer.Option("--open", help="Switch a plan opens; repeatable. 计划断开的开关。")] = [],
    close: Annotated[
        list[str], typer.Option("--close", help="Switch a plan closes; repeatable. 计划合上的开关。")
    ] = [],
    hours: Annotated[
        float, typer.Option("--hours", min=0, max=LONGEST_H, help="How long the plan lasts, h. 计划时长。")
    ] = 0.0,
    points: Annotated[int, typer.Option("--points", min=0, help="Load points shown, worst first. 显示负荷点数。")] = 5,
    as_json: Json = False,
) -> None:
    """Expected interruptions and hours off in a year; what a tie, switch or spare is worth; what a plan risks. 可靠性预测。"""
    app = App.open()
    grid = app.grid(network)
    asked = app.forward_asked(limited=limits)
    change, plan = Change(add_tie, tuple(automate), spares), Plan(tuple(open_), tuple(close), hours)
    one_question(change, plan)
    if plan:
        found = risk(grid, plan, asked=asked)
        show({"network": network, **found.as_json()}, as_json=as_json, people=lambda: show_risk(found))
    elif change:
        effect = worth(grid, change, asked=asked)
        show(effect.as_json(), as_json=as_json, people=lambda: show_effect(effect))
    else:
        year = forward(grid, **asked)
        show(year.as_json(), as_json=as_json, people=lambda: show_year(year, points))


def show_year(year: Forward, points: int) -> None:
    """The indices on three bases, energy, and the load points that are off longest."""
    rows = [(name, *(_figure(value(year.promises[base])) for base in BASES)) for name, value in INDICES]
    table("expected in a year 年度预测", ("", *HEADS), rows)
    console.print(f"energy not supplied 缺供电量: {year.ens_kwh / 1000:,.3f} MWh")
    worst = sorted(year.load_points, key=lambda point: (-point.hours_per_year, point.consumer_id))[:points]
    if worst:
        cells = [
            (
                point.consumer_id,
                point.feeder_id or "–",
                _figure(point.failures_per_year),
                _figure(point.hours_each),
                _figure(point.hours_per_year),
            )
            for point in worst
        ]
        table("load points 负荷点", ("", "feeder 馈线", "λ 1/a", "r h", "U h/a"), cells)
    _remarks(year.findings)


def show_effect(effect: Effect) -> None:
    """Before and after on every base."""
    before, after = effect.before, effect.after
    rows = [
        (name, *(f"{_figure(value(before.promises[b]))} → {_figure(value(after.promises[b]))}" for b in BASES))
        for name, value in INDICES
    ]
    table("worth of the change 改造效果", ("", *HEADS), rows)
    was, now = before.ens_kwh / 1000, after.ens_kwh / 1000
    console.print(f"energy not supplied 缺供电量: {was:,.3f} → {now:,.3f} MWh")
    _remarks(before.findings)


def show_risk(risk: Risk) -> None:
    """What a plan adds to the failures of its hours."""
    rows = [
        ("interruptions 停电次数", *(f"{risk.interruptions[base]:+.4f}" for base in BASES)),
        ("customer-hours 时户数", *(f"{risk.customer_hours[base]:+.4f}" for base in BASES)),
    ]
    table(f"risk of {risk.hours:g} h 计划期间风险", ("", *HEADS), rows)
    console.print(f"energy not supplied 缺供电量: {risk.ens_kwh:+,.3f} kWh")


HEADS = ("MV units 中压户", "households 户", "kVA 容量")
INDICES: tuple[tuple[str, Callable[[Promise], float | None]], ...] = (
    ("SAIFI 1/a", lambda promise: promise.saifi),
    ("SAIDI h/a", lambda promise: promise.saidi_h),
    ("CAIDI h", lambda promise: promise.caidi_h),
    ("ASAI %", lambda promise: promise.asai_percent),
)


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _remarks(findings: Sequence[Finding]) -> None:
    for finding in findings:
        console.print(f"  {finding.kind}: {finding.message.in_language(language())}", markup=False)
