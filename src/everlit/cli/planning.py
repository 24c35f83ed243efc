"""`everlit plan …`: a month of requests in, a plan out; one request assessed; a fictional month to try with."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from everlit.app import App
from everlit.cli.acting import ActorName, acting
from everlit.cli.assessment import show_assessment
from everlit.cli.output import Json, console, show, show_findings, table
from everlit.cli.switching import NetworkName, instant
from everlit.kernel import Finding, Refusal, Text
from everlit.planning.demo_month import demo_month
from everlit.planning.model import Role
from everlit.planning.requests import UnableToReadRequests, read_requests, write_requests

application = typer.Typer(help="Planned outages: months, assessments, requests. 停电计划。", no_args_is_help=True)


class UnableToReadMonth(Refusal):
    """A month is written YYYY-MM, and the requests of one plan lie in one month."""

    title = Text(en="The month is not clear.", zh="月份不明确。")


@application.command("month")
def month(
    requests: Annotated[Path, typer.Option("--requests", help="Requests, CSV or JSON. 停电申请文件。")],
    network: NetworkName = "urban",
    month: Annotated[str, typer.Option(help="YYYY-MM; the requests' own month unless told. 月份。")] = "",
    seconds: Annotated[float, typer.Option(min=1, max=600, help="Time for the search. 搜索时间。")] = 30.0,
    seed: Annotated[int, typer.Option(help="Seed of the search. 随机种子。")] = 0,
    adopt: Annotated[bool, typer.Option("--adopt", help="Form the outages of the plan. 采用计划。")] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Plan without the requests that are refused. 跳过有误申请。")
    ] = False,
    actor: ActorName = "",
    as_json: Json = False,
) -> None:
    """Submit the requests of a file and plan their month: merged, scheduled, transferred. 编制月计划。

    One request that cannot be read, or was submitted before with other content, refuses the file: nothing is filed.
    """
    app = App.open()
    batch = read_requests(requests, grid=app.grid(network), zone=app.zone)
    if batch.quarantined and not (skip_bad and batch.requests):
        raise UnableToReadRequests(*batch.findings)
    show_findings(batch.findings)
    who = acting(actor, Role.PLANNER)
    submitted = app.planning.submit(network, batch.requests, actor=who, whole=not skip_bad)
    show_findings(submitted.findings)
    chosen = month or _month_of([one.wanted or one.earliest for one in batch.requests], app)
    plan = app.planning.plan_month(network, chosen, actor=who, seconds=seconds, seed=seed).body
    if adopt:
        app.planning.adopt_month(network, chosen, actor=who)
    answer = {**plan, "submitted": {**submitted.as_json(), "quarantined": batch.quarantined}}
    show(answer, as_json=as_json, people=lambda: show_plan(plan))


@application.command("assess")
def assess(
    request: Annotated[str, typer.Argument(help="Request id. 申请编号。")],
    network: NetworkName = "urban",
    start: Annotated[str, typer.Option("--from", help="Start, ISO 8601; its wanted start unless told. 开始。")] = "",
    actor: ActorName = "",
    households: Annotated[bool, typer.Option("--households", help="List every household. 列出用户。")] = False,
    as_json: Json = False,
) -> None:
    """Compute before you cut: everything one request would do. 先算后停。"""
    app = App.open()
    who = acting(actor, Role.PLANNER)
    at = instant(app, start) if start else None
    identity, made = app.planning.assess_request(network, request, actor=who, start=at)
    answer = {"assessment_id": identity, **made.as_json(households=households)}
    show(answer, as_json=as_json, people=lambda: show_assessment(answer, zone=app.zone))


@application.command("requests")
def list_requests(
    network: NetworkName = "urban",
    month: Annotated[str, typer.Option(help="YYYY-MM. 月份。")] = "",
    as_json: Json = False,
) -> None:
    """Requests in the store and where they stand. 停电申请。"""
    app = App.open()
    app.grid(network)
    filed = app.planning.requests(network, month=month or None)
    rows = [
        (one.request.request_id, one.request.department, one.state, one.request.title, one.outage_id) for one in filed
    ]
    columns = ("request", "department", "state", "title", "outage")
    show([one.as_json() for one in filed], as_json=as_json, people=lambda: table("requests", columns, rows))


@application.command("demo-requests")
def demo_requests(
    file: Annotated[Path, typer.Argument(help="File to write, .csv or .json. 输出文件。")],
    month: Annotated[str, typer.Option(help="YYYY-MM. 月份。")],
    network: NetworkName = "urban",
    count: Annotated[int, typer.Option(min=1, max=5000, help="How many. 数量。")] = 300,
    seed: Annotated[int, typer.Option(help="Seed. 随机种子。")] = 1,
    as_json: Json = False,
) -> None:
    """Write a fictional month of requests from five departments on real equipment. 生成虚构的月度申请。"""
    app = App.open()
    made = demo_month(app.grid(network), month=first_day(month), requests=count, seed=seed, zone=app.zone)
    write_requests(made, file)
    answer = {"file": str(file), "requests": len(made), "fictional": True}
    show(answer, as_json=as_json, people=lambda: console.print(f"{file}: {len(made)} fictional requests 虚构申请"))


def first_day(month: str) -> date:
    """First day of YYYY-MM; raises UnableToReadMonth."""
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError:
        raise _unclear(month) from None


def _month_of(starts: list[datetime], app: App) -> str:
    months = {f"{start.astimezone(app.zone):%Y-%m}" for start in starts}
    if len(months) != 1:
        raise _unclear(", ".join(sorted(months)) or "-")
    return months.pop()


def _unclear(found: str) -> UnableToReadMonth:
    words = Text(en=f"Name one month as YYYY-MM; found: {found}.", zh=f"请用 YYYY-MM 指明一个月份;现为:{found}。")
    return UnableToReadMonth(Finding("month.unclear", found, words))


def show_plan(plan: Mapping[str, Any]) -> None:
    """The headline of a month."""
    hours = plan["savings"]
    rows = [
        ("as requested 各自停电", f"{hours['as_requested']:,.1f}"),
        ("merged 一停多用", f"{hours['merged']:,.1f}"),
        ("transferred 能转必转", f"{hours['transferred']:,.1f}"),
    ]
    table("customer-hours 时户数", ("", "h"), rows)
    console.print(
        f"{plan['scheduled']} scheduled 已排, {len(plan['refused'])} refused 未排; "
        + (
            "no bound above nothing 无下界"
            if plan["gap"] is None
            else f"at most {plan['gap']:.1%} above the proven bound 距下界"
        )
    )
