"""`everlit reliability …`: major days, repeats, budgets, drill-down, months closed, the monthly report."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from everlit.app import App
from everlit.cli.acting import ActorName, acting
from everlit.cli.indices import ByOption, MonthNumber, Year, chosen_year, figure, known, period_of
from everlit.cli.output import Json, console, language, show, table
from everlit.cli.switching import KnownAt, NetworkName
from everlit.planning.model import Role
from everlit.reliability.calendar import month_period
from everlit.reliability.closing import LONGEST_REASON, MonthStanding
from everlit.reliability.model import Base, Book, View
from everlit.reliability.parts import AREAS
from everlit.reliability.report import report_pdf

BookOption = Annotated[Book, typer.Option("--book", help="ieee or dlt. 统计口径。")]
MonthName = Annotated[str, typer.Argument(help="YYYY-MM. 月份。")]
MOST_SHOWN = 20
MOST_HOURS = 10_000_000.0
MAIN = ("TH-1", "SAIDI-1", "SAIFI-1", "SAIDI", "SAIFI")
"""The figures of a closed month that are told to people when they change; `--json` tells all."""


def add_to_reliability(application: typer.Typer) -> None:
    """Add the commands to the group `reliability`."""
    commands = (
        ("days", days),
        ("repeats", repeats),
        ("budget", budget),
        ("drill", drill_down),
        ("management", management),
        ("month", month_standing),
        ("close-month", close_month),
        ("report", report),
    )
    for name, command in commands:
        application.command(name)(command)


def days(
    year: Year = None,
    book: BookOption = Book.DLT,
    network: NetworkName = "urban",
    known_at: KnownAt = "",
    as_json: Json = False,
) -> None:
    """Major event days of a year by 2.5 β, their limit, and what it was made of. 重大事件日。"""
    app = App.open()
    app.grid(network)
    limit, found, daily = app.reliability.days(
        network, chosen_year(app, year), book=book, known_at=known(app, known_at)
    )
    answer = {
        "threshold": limit.as_json(),
        "major_days": [one.as_json() for one in found],
        "daily_min": {str(day): round(value, 6) for day, value in daily.items() if value},
    }

    def people() -> None:
        shown = "–" if limit.minutes is None else f"{limit.minutes:.5f} min"
        console.print(f"limit 界限值: {shown} ({limit.days} days, {limit.first} … {limit.last})")
        rows = [(str(one.day), f"{one.saidi_min:.3f}", "✓" if one.catastrophic else "") for one in found]
        table("major event days 重大事件日", ("day", "SAIDI, min", "catastrophic 灾难日"), rows)

    show(answer, as_json=as_json, people=people)


def repeats(network: NetworkName = "urban", known_at: KnownAt = "", as_json: Json = False) -> None:
    """Frequently interrupted users and feeders this year, and the warning list. 频繁停电。"""
    app = App.open()
    app.grid(network)
    answer = app.reliability.repeats(network, known_at=known(app, known_at)).as_json()

    def people() -> None:
        console.print(
            f"{answer['frequent_users']} frequent users 频繁停电用户, {answer['warned_users']} warned 预警, "
            f"{answer['complaint_users']} in the complaint class 投诉口径"
        )
        feeders = [
            (one["feeder_id"], one["frequent_users"], AREAS[one["area_class"]].in_language(language()), one["unit"])
            for one in answer["frequent_feeders"]
        ]
        table("frequent feeders 频繁停电线路", ("feeder", "users 用户", "area 地区特征", "unit"), feeders)
        columns = ("subject", "feeder", "rule", "year", "window", "planned")
        users = [tuple(row[name] for name in columns) for row in answer["frequent"][:MOST_SHOWN]]
        table("frequent users 频繁停电用户", columns, users)

    show(answer, as_json=as_json, people=people)


def budget(year: Year = None, network: NetworkName = "urban", known_at: KnownAt = "", as_json: Json = False) -> None:
    """Customer-hours of a year by unit and month: target, allotted, used, committed, left. 时户数预算。"""
    app = App.open()
    app.grid(network)
    view = app.budget_year(network, chosen_year(app, year), known_at=known(app, known_at))
    answer = view.as_json()
    names = ("budget_h", "used_h", "committed_h", "fault_h", "left_h")
    rows = [
        (line["month"], line["unit"], *(f"{line[name]:,.1f}" for name in names))
        for line in answer["lines"]
        if any(line[name] for name in ("used_h", "committed_h", "fault_h")) or line["allotted_h"] is not None
    ]
    columns = ("month", "unit", "budget 预算", "used 已用", "committed 已占", "fault 故障", "left 剩余")
    title = f"planned budget of {view.year}: {view.target.planned_h:,.1f} h of {view.target.total_h:,.1f} h"
    show(answer, as_json=as_json, people=lambda: table(title, columns, rows))


def drill_down(
    index: Annotated[str, typer.Argument(help="Index by its standard name, such as SAIDI-1 or CEMI_3. 指标。")],
    year: Year = None,
    month: MonthNumber = None,
    book: BookOption = Book.DLT,
    base: Annotated[Base, typer.Option("--base", help="Customer base. 统计单位。")] = Base.UNITS,
    view: Annotated[View, typer.Option("--view", help="With, without or only major event days. 视图。")] = View.ALL,
    by: ByOption = None,
    part: Annotated[str, typer.Option("--part", help="Part of the breakdown. 分组值。")] = "",
    network: NetworkName = "urban",
    known_at: KnownAt = "",
    as_json: Json = False,
) -> None:
    """The events and customers an index is the sum of, to the last integer. 指标穿透。"""
    app = App.open()
    app.grid(network)
    found, made = app.reliability.drill(
        network, period_of(app, year, month), index, book=book, base=base, view=view, by=by, part=part,
        known_at=known(app, known_at),
    )  # fmt: skip
    events, customers = made.events(), made.customers()
    answer = {"index": found.as_json(), "events": events, "customers": customers}

    def people() -> None:
        console.print(
            f"{found.key} = {figure(found)} {found.unit} = {found.numerator} / {found.denominator:g}", markup=False
        )
        rows = [tuple(row.values()) for row in events[:MOST_SHOWN]]
        table("events 事件", ("event", "nature", "cause", "customers", "adds"), rows)

    show(answer, as_json=as_json, people=people)


def management(
    year: Year = None,
    month: Annotated[str, typer.Option("--month", help="YYYY-MM; all of the year unless told. 月份。")] = "",
    network: NetworkName = "urban",
    known_at: KnownAt = "",
    live_line_h: Annotated[
        float | None,
        typer.Option(
            "--live-line-hours",
            min=0,
            max=MOST_HOURS,
            help="Customer-hours live-line works saved. 带电作业节约时户数。",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Management indices of a year or month, each with what it divides. 管理指标。"""
    app = App.open()
    app.grid(network)
    period = month_period(month, app.zone) if month else period_of(app, year, None)
    found = app.management(network, period, known_at=known(app, known_at), live_line_h=live_line_h)

    def people() -> None:
        rows = [
            (
                one.title.in_language(language()),
                "–" if one.value is None else f"{100 * one.value:.1f} %",
                f"{one.numerator:,} / {one.denominator:,.0f}",
            )
            for one in found.indices
        ]
        table("management indices 管理指标", ("index 指标", "share 比率", "of 分子/分母"), rows)
        for finding in found.untold:
            console.print(f"  {finding.kind}: {finding.message.in_language(language())}", highlight=False, markup=False)

    show(found.as_json(), as_json=as_json, people=people)


def month_standing(month: MonthName, network: NetworkName = "urban", as_json: Json = False) -> None:
    """How a month was reported, and what of it would be different now. 月度封账。"""
    app = App.open()
    app.grid(network)
    standing = app.reliability.month(network, month)
    show(standing.as_json(), as_json=as_json, people=lambda: _show_standing(standing))


def close_month(
    month: MonthName,
    reason: Annotated[
        str, typer.Option("--reason", help=f"Why it is restated, at most {LONGEST_REASON} letters. 重述原因。")
    ] = "",
    network: NetworkName = "urban",
    known_at: KnownAt = "",
    actor: ActorName = "",
    role: Annotated[Role, typer.Option("--role", help="In which role. 角色。")] = Role.RELIABILITY,
    as_json: Json = False,
) -> None:
    """Freeze the figures of a month; once closed, restate them with a reason. 月度封账或重述。"""
    app = App.open()
    app.grid(network)
    closed = app.reliability.close_month(
        network, month, actor=acting(actor, role), reason=reason, known_at=known(app, known_at)
    )
    words = f"{month} closed 已封账: version 版本 {closed.version}, {closed.fingerprint[:12]}"
    show(closed.as_json(), as_json=as_json, people=lambda: console.print(words))


def report(
    file: Annotated[Path, typer.Argument(help="PDF file to write. 输出 PDF 文件。")],
    month: Annotated[str, typer.Option("--month", help="YYYY-MM; the last full month unless told. 月份。")] = "",
    lang: Annotated[Literal["zh", "en"] | None, typer.Option("--lang", help="zh or en. 语言。")] = None,
    network: NetworkName = "urban",
    as_json: Json = False,
) -> None:
    """Write the printable report of a month, with charts. 可靠性月报。"""
    app = App.open()
    app.grid(network)
    today = app.today()
    last = f"{today.year}-{today.month - 1:02d}" if today.month > 1 else f"{today.year - 1}-12"
    chosen = month or last
    document = report_pdf(app.month_report(network, chosen), language=lang or language())
    file.write_bytes(document)
    answer: dict[str, Any] = {"file": str(file), "month": chosen, "bytes": len(document)}
    show(answer, as_json=as_json, people=lambda: console.print(f"{file}: {chosen}", markup=False))


def _show_standing(standing: MonthStanding) -> None:
    if not standing.versions:
        console.print(f"{standing.month}: not closed 未封账")
        return
    rows = [
        (one.version, one.known_at.isoformat(timespec="minutes"), one.actor, one.reason or "–", one.fingerprint[:12])
        for one in standing.versions
    ]
    table(f"{standing.month} closed 已封账", ("version", "known at", "by", "reason", "fingerprint"), rows)
    if not standing.changes:
        return
    told = [one for one in standing.changes if one.named[2] == View.ALL.value and one.named[4] in MAIN]
    changed = [
        (" ".join((one.named[4], one.named[1], one.named[0])), *(_figure(side) for side in (one.before, one.after)))
        for one in told
    ]
    table(f"{len(standing.changes)} figures would differ now 数据变化", ("figure", "reported", "now"), changed)


def _figure(side: Any) -> str:
    return "–" if side is None else f"{side['value']} {side['unit']}"
