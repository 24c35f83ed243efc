"""The life of requests and outages from the command line: adopted, merged, moved, and every step by the role it is for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from everlit.app import App
from everlit.cli.acting import ActorName, ActorRole, Reason, acting
from everlit.cli.assessment import show_assessment
from everlit.cli.output import Json, console, language, show, table
from everlit.cli.switching import NetworkName, instant, period
from everlit.kernel import Period, Refusal
from everlit.planning.lifecycle import Command
from everlit.planning.model import DelayCode, PlannedOutage, Role
from everlit.planning.requests import UnableToReadRequests, read_requests
from everlit.planning.service import month_period

OutageId = Annotated[str, typer.Argument(help="Outage id. 停电单编号。")]
Version = Annotated[int | None, typer.Option("--version", help="Refuse when it was changed since. 版本。")]


def add_to_plan(application: typer.Typer) -> None:
    """Add the commands."""
    application.command("adopt")(adopt)
    application.command("merge")(merge)
    application.command("revise")(revise)
    application.command("request")(act_on_request)
    application.command("outages")(list_outages)
    application.command("outage")(act_on_outage)
    application.command("move")(move)
    application.command("resize")(resize)


def adopt(
    month: Annotated[str, typer.Argument(help="YYYY-MM")],
    network: NetworkName = "urban",
    plan_id: Annotated[
        int | None, typer.Option("--plan-id", help="Refuse when there is a newer plan. 计划号。")
    ] = None,
    actor: ActorName = "",
    role: ActorRole = Role.PLANNER,
    as_json: Json = False,
) -> None:
    """Form the outages of the month's newest plan. 采用月计划。"""
    app = App.open()
    app.grid(network)
    month_period(month, app.zone)
    made = app.planning.adopt_month(network, month, actor=acting(actor, role), plan_id=plan_id)
    show([one.as_json() for one in made], as_json=as_json, people=lambda: show_outages(app, made))


def merge(
    requests: Annotated[list[str], typer.Argument(help="Assessed requests. 已评估的申请。")],
    start: Annotated[str, typer.Option("--from", help="Start, ISO 8601. 开始。")],
    end: Annotated[str, typer.Option("--to", help="End. 结束。")],
    network: NetworkName = "urban",
    actor: ActorName = "",
    role: ActorRole = Role.PLANNER,
    as_json: Json = False,
) -> None:
    """Merge assessed requests into one outage. 一停多用。"""
    app = App.open()
    span = period(app, start, end)
    made = app.planning.merge(network, requests, period=span, actor=acting(actor, role))
    show(made.as_json(), as_json=as_json, people=lambda: show_outages(app, [made]))


def revise(
    file: Annotated[Path, typer.Argument(help="Requests as they shall be, CSV or JSON. 修改后的申请文件。")],
    network: NetworkName = "urban",
    actor: ActorName = "",
    role: ActorRole = Role.REQUESTER,
    as_json: Json = False,
) -> None:
    """Replace requests that are in no outage yet; they have to be assessed again. 修改申请。"""
    app = App.open()
    batch = read_requests(file, grid=app.grid(network), zone=app.zone)
    if batch.quarantined or not batch.requests:
        raise UnableToReadRequests(*batch.findings)
    who = acting(actor, role)
    done = [app.planning.revise(network, one, actor=who).as_json() for one in batch.requests]
    show(done, as_json=as_json, people=lambda: console.print(f"{len(done)} requests revised 申请已修改"))


def act_on_request(
    request: Annotated[str, typer.Argument(help="Request id. 申请编号。")],
    command: Annotated[str, typer.Argument(help="reject, postpone, cancel or submit; none shows it. 操作。")] = "",
    network: NetworkName = "urban",
    reason: Reason = "",
    actor: ActorName = "",
    role: ActorRole = Role.PLANNER,
    as_json: Json = False,
) -> None:
    """Show a request, or reject, postpone, cancel or submit it again. 申请的查看与处理。"""
    app = App.open()
    done = app.planning.request(network, request)
    if command:
        asked = one_command(command, (Command.REJECT, Command.POSTPONE, Command.CANCEL, Command.SUBMIT))
        done = app.planning.act_on_request(network, request, asked, actor=acting(actor, role), reason=reason)
    show(done.as_json(), as_json=as_json, people=lambda: console.print(f"{request}: {done.state} {done.request.title}"))


def list_outages(
    network: NetworkName = "urban",
    month: Annotated[str, typer.Option("--month", help="YYYY-MM; all unless told. 月份。")] = "",
    as_json: Json = False,
) -> None:
    """Outages and where they stand. 停电单。"""
    app = App.open()
    app.grid(network)
    found = app.planning.outages(network, month=month or None)
    show([one.as_json() for one in found], as_json=as_json, people=lambda: show_outages(app, found))


def act_on_outage(
    outage: OutageId,
    command: Annotated[str, typer.Argument(help="assess, balance, approve, … ; none shows it. 操作。")] = "",
    reason: Reason = "",
    delay_code: Annotated[DelayCode | None, typer.Option("--delay-code", help="Why it was late. 延时原因。")] = None,
    at: Annotated[str, typer.Option("--at", help="When a step in the field was taken; now unless told. 时间。")] = "",
    with_requests: Annotated[
        bool, typer.Option("--with-requests", help="cancel: its requests too, not needed any more. 一并取消申请。")
    ] = False,
    version: Version = None,
    actor: ActorName = "",
    role: ActorRole = Role.PLANNER,
    as_json: Json = False,
) -> None:
    """Show an outage and what may be asked of it, or take one step; refused with every gate that says no. 停电单流转。"""
    app = App.open()
    asked = one_command(command, steps()) if command else None
    if asked is Command.ASSESS:
        app.planning.assess_outage(outage, actor=acting(actor, role))
    elif asked is not None:
        when = instant(app, at) if at else None
        app.planning.act(
            outage, asked, actor=acting(actor, role), version=version, reason=reason, delay_code=delay_code, at=when,
            with_requests=with_requests,
        )  # fmt: skip
    now = app.planning.outage(outage)
    answer: dict[str, Any] = {**now.as_json(), "possible": [one.value for one in app.planning.possible(outage)]}
    try:
        answer["assessment_id"] = app.planning.assessment_of(outage_id=outage).identity
    except Refusal:
        answer["assessment_id"] = None
    if asked is Command.ASSESS:
        computed = {**app.planning.assessment(answer["assessment_id"]).body, "households": []}
        answer["assessed"] = computed
    show(answer, as_json=as_json, people=lambda: show_one(app, now, answer))


def move(
    outage: OutageId,
    start: Annotated[str, typer.Option("--to", help="New start, ISO 8601; the length stays. 新的开始时间。")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it would do. 只看后果。")] = False,
    reason: Reason = "",
    version: Version = None,
    actor: ActorName = "",
    role: ActorRole = Role.PLANNER,
    as_json: Json = False,
) -> None:
    """Move an outage, or see what moving it would do: hours before and after, conflicts, gates. 改期。"""
    app = App.open()
    begin = instant(app, start)
    answer = app.planning.preview_move(outage, begin)
    if not dry_run:
        span = Period(begin, begin + app.planning.outage(outage).period.duration)
        who = acting(actor, role)
        done = app.planning.act(outage, Command.MOVE, actor=who, version=version, reason=reason, period=span)
        answer = {**answer, "outage": done.as_json()}
    show(answer, as_json=as_json, people=lambda: show_move(answer))


def resize(
    outage: OutageId,
    end: Annotated[str, typer.Option("--to", help="New end, ISO 8601. 新的结束时间。")],
    start: Annotated[str, typer.Option("--from", help="New start; the old one unless told. 新的开始时间。")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it would do. 只看后果。")] = False,
    reason: Reason = "",
    version: Version = None,
    actor: ActorName = "",
    role: ActorRole = Role.PLANNER,
    as_json: Json = False,
) -> None:
    """Give an outage another length, such as the assessment asks for; it is assessed anew. 调整停电时长。"""
    app = App.open()
    now = app.planning.outage(outage).period
    span = period(app, start or now.start.isoformat(), end)
    answer = app.planning.preview_move(outage, span.start, span.end)
    if not dry_run:
        who = acting(actor, role)
        done = app.planning.act(outage, Command.RESIZE, actor=who, version=version, reason=reason, period=span)
        answer = {**answer, "outage": done.as_json()}
    show(answer, as_json=as_json, people=lambda: show_move(answer))


def one_command(text: str, known: tuple[Command, ...]) -> Command:
    """A command as typed; raises typer.BadParameter."""
    if text not in known:
        raise typer.BadParameter(f"{text} is none of {', '.join(known)}.")
    return Command(text)


def steps() -> tuple[Command, ...]:
    """Steps of an outage that are taken by their name alone; moving and merging have commands of their own."""
    elsewhere = (Command.MOVE, Command.RESIZE, Command.MERGE, Command.REVISE, Command.SUBMIT)
    return tuple(one for one in Command if one not in elsewhere)


def show_outages(app: App, outages: list[PlannedOutage]) -> None:
    """One line per outage."""
    rows = [
        (one.outage_id, f"{one.period.start.astimezone(app.zone):%Y-%m-%d %H:%M}", f"{one.period.hours:.1f}", one.state)
        for one in outages
    ]
    table("outages 停电单", ("outage", "start 开始", "hours", "state"), rows)


def show_one(app: App, outage: PlannedOutage, answer: Mapping[str, Any]) -> None:
    """An outage, its requests, what was just computed of it, and what may be asked of it."""
    show_outages(app, [outage])
    console.print(f"requests 申请: {', '.join(outage.request_ids)}")
    if "assessed" in answer:
        show_assessment(answer["assessed"], zone=app.zone)
    console.print(f"next 下一步: {', '.join(answer['possible']) or '–'}")


def show_move(answer: dict[str, Any]) -> None:
    """Hours, households, notices and energy before and after, and what stands against it."""
    sides = [answer[time] for time in ("before", "after")]
    rows = [
        ("customer-hours 时户数", *(f"{side['hours']['units_h']:.2f}" for side in sides)),
        ("household-hours 低压时户数", *(f"{side['hours']['households_h']:.2f}" for side in sides)),
        ("households 停电户数", *(f"{side['affected']['households']}" for side in sides)),
    ]
    table("move 改期", ("", "before 改前", "after 改后"), rows)
    for finding in (*answer["conflicts"], *answer["findings"]):
        console.print(f"  {finding['subject']}: {finding['message'][language()]} ({finding['kind']})")
