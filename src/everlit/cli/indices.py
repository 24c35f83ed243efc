"""`everlit indices`: what a year or a month amounted to, in both books, on every base, whole or in parts."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from everlit.app import App
from everlit.cli.output import Json, console, language, show, table
from everlit.cli.switching import KnownAt, NetworkName, instant
from everlit.kernel import Period
from everlit.reliability.calendar import month_period, year_period
from everlit.reliability.closing import Figure
from everlit.reliability.compared import Compared
from everlit.reliability.export import exported
from everlit.reliability.model import Base, Book, By, Customers, Index, View
from everlit.reliability.sheet import Sheet

Year = Annotated[int | None, typer.Option("--year", help="Local year; this one unless told. 年份。")]
MonthNumber = Annotated[
    int | None, typer.Option("--month", min=1, max=12, help="Month of the year; all unless told. 月份。")
]
ByOption = Annotated[By | None, typer.Option("--by", help="Part the indices by this. 分组。")]
SHOWN = {
    Book.DLT: ("TH-1", "SAIDI-1", "SAIFI-1", "ASAI-1", "SAIDI-F", "SAIDI-S", "CAIDI-1", "MAIFI"),
    Book.IEEE: ("SAIFI", "SAIDI", "CAIDI", "ASAI", "MAIFI_E", "CEMI_3"),
}
PART_SHOWN = ("TH-1", "SAIDI-1", "SAIFI-1", "ASAI-1")
MOST_SHOWN = 40
BASES = (Base.UNITS, Base.HOUSEHOLDS, Base.KVA)


def add_to(application: typer.Typer) -> None:
    """Add the command."""
    application.command("indices")(count)


def count(
    year: Year = None,
    month: MonthNumber = None,
    by: ByOption = None,
    customers: Annotated[
        Customers | None,
        typer.Option("--customers", help="Which customers divide; by the rule unless told. 户数口径。"),
    ] = None,
    view: Annotated[View, typer.Option("--view", help="With, without or only major event days. 视图。")] = View.ALL,
    network: NetworkName = "urban",
    known_at: KnownAt = "",
    compare: Annotated[
        str,
        typer.Option("--compare", help="Tell what differs as known at this instant, or now. 对比时刻(now 为当前)。"),
    ] = "",
    out: Annotated[
        Path | None, typer.Option("--out", help="Also write them, .csv, .parquet or .xlsx. 输出文件。")
    ] = None,
    as_json: Json = False,
) -> None:
    """Every reliability index of IEEE 1366 and DL/T 836 from the ledger, as known at any instant. 可靠性指标。"""
    app = App.open()
    app.grid(network)
    period = period_of(app, year, month)
    asked: dict[str, Any] = {"by": by, "customers": customers, "view": view}
    if compare:
        if out is not None:
            raise typer.BadParameter("a comparison is not written to a file: use --json", param_hint="--out")
        later = None if compare == "now" else instant(app, compare)
        different = app.reliability.compared(network, period, known(app, known_at), later, **asked)
        show(different.as_json(), as_json=as_json, people=lambda: _show_compared(app, different))
        return
    found = app.reliability.indices(network, period, known_at=known(app, known_at), **asked)
    if out is not None:
        out.write_bytes(exported(found.rows(), format=out.suffix.lower().lstrip("."), title=f"{network} indices"))
    show(found.as_json(), as_json=as_json, people=lambda: _show(found))


def chosen_year(app: App, year: int | None) -> int:
    """The year told, this local one unless told."""
    return app.today().year if year is None else year


def period_of(app: App, year: int | None, month: int | None) -> Period:
    """The local year, this one unless told, or one month of it; raises UnableToUsePeriod."""
    chosen = chosen_year(app, year)
    return month_period(f"{chosen}-{month:02d}", app.zone) if month else year_period(chosen, app.zone)


def known(app: App, text: str) -> datetime | None:
    """The instant of `--known-at`, None for now."""
    return instant(app, text) if text else None


def figure(index: Index | None) -> str:
    """A figure as people read it."""
    if index is None or index.value is None:
        return "–"
    return f"{index.value:,.4f}" if index.unit in ("h", "%", "p.u.") else f"{index.value:,.3f}"


def _show(sheet: Sheet) -> None:
    if sheet.by is None:
        _show_whole(sheet)
    else:
        _show_parts(sheet)
    days = {book: days for book, days in sheet.major.items() if days}
    for book, found in days.items():
        console.print(f"{book.label} major event days 重大事件日: {', '.join(str(day) for day in found)}", markup=False)


def _show_compared(app: App, found: Compared) -> None:
    """The figures that differ, of parts and of all days, and what arrived in between."""
    told = [one for one in found.changes if one.named[2] == View.ALL.value and one.named[1] == Book.DLT.value]
    rows = [
        (" ".join(filter(None, (one.named[4], one.named[0], one.named[3]))), *(_side(side) for side in (one.before, one.after)),
         "–" if one.difference is None else f"{one.difference:+g}")
        for one in told[:MOST_SHOWN]
    ]  # fmt: skip
    title = f"{len(found.changes)} of {found.figures} figures differ 数据变化"
    table(title, ("figure 指标", "known then 当时", "known later 之后", "difference 差值"), rows)
    said = [
        (f"{one.known_at.astimezone(app.zone):%Y-%m-%d %H:%M}", one.event_id, f"{one.source} r{one.revision}",
         one.actor, one.reason)
        for one in found.arrived[:MOST_SHOWN]
    ]  # fmt: skip
    columns = ("known 获知", "event 事件", "source 来源", "by", "reason 原因")
    table(f"{found.arrived_in_all} statements arrived in between 其间登记", columns, said)


def _side(figure: Figure | None) -> str:
    return "–" if figure is None or figure["value"] is None else f"{figure['value']:g} {figure['unit']}"


def _show_whole(sheet: Sheet) -> None:
    for book, keys in SHOWN.items():
        of_base = {
            base: {index.key: index for index in sheet.counted[base].of(book, view=sheet.view)} for base in BASES
        }
        rows: list[list[Any]] = []
        for key in keys:
            found = [of_base[base].get(key) or of_base[base].get(_on_kva(key)) for base in BASES]
            unit = next(index.unit for index in found if index is not None)
            rows.append([key, unit, *(figure(index) for index in found)])
        table(_title(book.label.en, sheet.view), ("", "", "MV units 中压户", "households 户", "kVA 容量"), rows)
    ens = sheet.counted[Base.POWER].index("ENS", Book.DLT, view=sheet.view)
    console.print(f"energy not supplied 缺供电量: {figure(ens)} kWh")


def _show_parts(sheet: Sheet) -> None:
    counted, rows = sheet.counted[Base.UNITS], []
    for number, part in enumerate(counted.parts):
        if counted.customers[number] or counted.index("TH-1", Book.DLT, view=sheet.view, part=number).numerator:
            found = [counted.index(key, Book.DLT, view=sheet.view, part=number) for key in PART_SHOWN]
            rows.append((part.label.in_language(language()), *(figure(index) for index in found)))
    table(
        _title(f"DL/T 836 by {sheet.by}", sheet.view),
        (str(sheet.by), "TH-1 h", "SAIDI-1 h", "SAIFI-1", "ASAI-1 %"),
        rows,
    )


def _title(text: str, view: View) -> str:
    """What is counted, and which days when not all."""
    return text if view is View.ALL else f"{text}, {view.label.en} {view.label.zh}"


def _on_kva(key: str) -> str:
    return key.replace("SAIFI", "ASIFI").replace("SAIDI", "ASIDI")
