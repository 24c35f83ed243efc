"""`everlit notices …`: queued, sent, how they stand, signed for, and compared with who was really off."""

from datetime import datetime
from typing import Annotated, Any

import typer

from everlit.app import App
from everlit.cli.acting import ActorName, ActorRole, acting
from everlit.cli.output import Json, complaints, console, show, show_findings, table
from everlit.cli.switching import NetworkName, instant
from everlit.notices.reasons import tried
from everlit.planning.model import Role
from everlit.reliability.calendar import month_period

application = typer.Typer(help="Notices: who was told what, and who was off. 停电通知。", no_args_is_help=True)
Event = Annotated[str, typer.Argument(help="Outage or event id. 停电单或事件编号。")]
MOST_SHOWN = 40


@application.command("queue")
def queue(outage: Event, actor: ActorName = "", role: ActorRole = Role.MARKETING, as_json: Json = False) -> None:
    """Queue the notices of an outage as its final plan says; asked twice, only for whoever does not know it yet. 加入发送队列。

    Refused with every gate that says no when the outage is not approved, or was assessed anew since.
    """
    app = App.open()
    app.queue_notices(outage, actor=acting(actor, role))
    _show_status(app, outage, as_json=as_json)


@application.command("status")
def status(
    event: Annotated[str, typer.Argument(help="Event; all of them unless told. 事件编号。")] = "",
    network: NetworkName = "urban",
    as_json: Json = False,
) -> None:
    """How the notices of an event stand; without one the alarms, the queue and the events last spoken about. 通知状态。"""
    app = App.open()
    if event:
        _show_status(app, event, as_json=as_json)
        return
    app.grid(network)
    centre = app.notices.centre()
    answer = app.notices.overview(network)
    answer |= {"queue": centre.queue(network), "failures": centre.failures(network)}
    show(answer, as_json=as_json, people=lambda: _show_overview(app, network, answer))


def _show_status(app: App, event: str, *, as_json: bool) -> None:
    answer = app.notices.status(event)
    centre = app.notices.centre()
    nowhere = [one.as_json() for one in centre.undelivered(event)]
    answer |= {"failures": centre.failures("", event), "undelivered": nowhere}
    show(answer, as_json=as_json, people=lambda: _people_status(app, answer))


def _people_status(app: App, answer: dict[str, Any]) -> None:
    said = [
        (one["version"], one["kind"], _local(app, one["created_at"]), _span(app, one["facts"]))
        for one in answer["announcements"]
    ]
    table("said 已发布", ("version 版次", "kind 类型", "at 时间", "off 停电时段"), said)
    rows = [[row[name] for name in ("version", "kind", "channel", "state", "count")] for row in answer["counts"]]
    table("messages 通知", ("version", "kind 类型", "channel 渠道", "state 状态", "count 条数"), rows)
    _show_failures(answer["failures"])
    for one in answer["undelivered"]:
        console.print(f"! cannot be delivered 无法送达: {one['customer']} ({tried(one['tried'])})", markup=False)
    for one in answer["unsigned"]:
        console.print(f"! not signed 未签收: {one['account_id']} ({one['state']})", markup=False)
    for one in answer["receipts"]:
        console.print(f"signed 已签收: {one['account_id']} {one['signed_by']} ({one['how']})", markup=False)
    if answer["perhaps_twice"]:
        console.print(f"perhaps told twice 可能重复: {answer['perhaps_twice']}")


def _show_overview(app: App, network: str, answer: dict[str, Any]) -> None:
    show_findings(app.notices.alarms(network))
    rows = [(row["channel"], row["state"], row["count"], _waits(row["oldest_s"])) for row in answer["queue"]]
    table("queue 队列", ("channel 渠道", "state 状态", "count 条数", "oldest waits 最久等待"), rows)
    _show_failures(answer["failures"])
    events = [
        (one["event_id"], ", ".join(f"{state} {count}" for state, count in sorted(one["states"].items())))
        for one in answer["events"][:MOST_SHOWN]
    ]
    table("events 事件", ("event", "messages 通知"), events)


def _show_failures(failures: list[dict[str, Any]]) -> None:
    if failures:
        names = ("event_id", "channel", "state", "detail", "count")
        rows = [[row[name] for name in names] for row in failures[:MOST_SHOWN]]
        table("failed 失败", ("event", "channel 渠道", "state 状态", "reason 原因", "count 条数"), rows)


def _waits(seconds: int | None) -> str:
    return "" if seconds is None else f"{seconds // 60} min"


@application.command("send")
def send(as_json: Json = False) -> None:
    """Send everything that is due now, over the channels the settings name, and end. 立即发送。

    The control room does this by itself; any number of senders may run beside each other.
    """
    app = App.open()
    noted = app.send_due()
    rows = sorted(noted.items())
    show(dict(rows), as_json=as_json, people=lambda: table("sent 发送", ("state 状态", "count 条数"), rows))


@application.command("sign")
def sign(
    event: Event,
    account: Annotated[str, typer.Argument(help="Account. 户号。")],
    by: Annotated[str, typer.Option("--by", help="Who signed. 签收人。")],
    how: Annotated[str, typer.Option("--how", help="paper, phone, app or visit. 方式。")] = "paper",
    at: Annotated[str, typer.Option("--at", help="When, ISO 8601; now unless told. 签收时间。")] = "",
    note: Annotated[str, typer.Option("--note", help="What else there is to say. 备注。")] = "",
    network: NetworkName = "urban",
    actor: ActorName = "",
    role: ActorRole = Role.MARKETING,
    as_json: Json = False,
) -> None:
    """Keep that somebody signed for the notice of an account. 登记签收。"""
    app = App.open()
    when = instant(app, at) if at else None
    number = app.notices.sign(
        network, event, account, signed_by=by, actor=acting(actor, role), how=how, note=note, at=when
    )
    answer = {"receipt_id": number, "event_id": event, "account_id": account}
    show(answer, as_json=as_json, people=lambda: console.print(f"receipt 签收 {number}: {account}", highlight=False))


@application.command("told")
def told(
    account: Annotated[str, typer.Argument(help="Account. 户号。")],
    network: NetworkName = "urban",
    as_json: Json = False,
) -> None:
    """What an account was told, newest first. 某户收到的通知。"""
    app = App.open()
    answer = app.notices.told_account(network, account)
    rows = [
        (
            _local(app, row["sent_at"] or row["queued_at"]), row["event_id"], row["version"], row["kind"], row["channel"],
            row["state"], "" if row["certain"] else "may be affected 可能停电",
        )
        for row in answer
    ]  # fmt: skip
    columns = ("at 时间", "event", "version 版次", "kind 类型", "channel 渠道", "state 状态", "")
    show(answer, as_json=as_json, people=lambda: table("told 通知", columns, rows))


@application.command("reconcile")
def reconcile(
    event: Annotated[str, typer.Argument(help="Outage; the months unless told. 停电单编号。")] = "",
    month: Annotated[str, typer.Option("--month", help="Months from YYYY-MM on. 起始月份。")] = "",
    network: NetworkName = "urban",
    actor: ActorName = "",
    role: ActorRole = Role.RELIABILITY,
    as_json: Json = False,
) -> None:
    """Compare who was told of an outage with who was off; without one, what was found by month. 到户核对。"""
    app = App.open()
    if not event:
        app.grid(network)
        if month:
            month_period(month, app.zone)
        months = app.notices.trend(network, since=month)
        show(months, as_json=as_json, people=lambda: _show_months(months))
        return
    found = app.reconcile(event, actor=acting(actor, role)).as_json()
    show(found, as_json=as_json, people=lambda: _show_found(found))


def _show_months(months: list[dict[str, Any]]) -> None:
    against = " against the plan 计划外"
    rows = [(f"{one['month']}{against if one['unplanned'] else ''}", one["events"], *_figures(one)) for one in months]
    table("by month 按月", ("month 月份", "events 停电", *COLUMNS), rows)


def _show_found(found: dict[str, Any]) -> None:
    table("told and off 通知与停电", COLUMNS, [_figures(found)])
    for case in found["cases"][:MOST_SHOWN]:
        side = "not told 漏通知" if case["missed"] else "told for nothing 误通知"
        complaints.print(f"{case['account_id']}: {side} ({case['why']})", markup=False, highlight=False)


COLUMNS = ("off 停电", "told 通知", "precision 查准", "recall 查全", "accuracy 到户准确率", "late 迟到", "causes 原因")


def _figures(found: dict[str, Any]) -> tuple[Any, ...]:
    shares = ("–" if found[name] is None else f"{found[name]:.1%}" for name in ("precision", "recall", "accuracy"))
    causes = ", ".join(f"{why} {count}" for why, count in found["causes"].items())
    return found["dead"], found["told"], *shares, found["late"], causes


def _local(app: App, at: str) -> str:
    return f"{datetime.fromisoformat(at).astimezone(app.zone):%Y-%m-%d %H:%M}"


def _span(app: App, facts: dict[str, Any]) -> str:
    return f"{_local(app, facts['start'])} – {_local(app, facts['end'])}"
