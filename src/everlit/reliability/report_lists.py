"""Charts and lists of the monthly report: months, days, causes, feeders, events, budget, repeats, restatements."""

from datetime import date
from typing import Any

from everlit.kernel import Text
from everlit.ledger.model import Cause, Nature
from everlit.reliability.model import Base, Book, View
from everlit.reliability.month_report import MonthReport
from everlit.reliability.parts import AREAS
from everlit.reliability.report_words import MOST_CHANGES, MOST_EVENTS, MOST_FEEDERS, figure, said
from everlit.reliability.sheet import Sheet


def charts(report: MonthReport, language: str) -> dict[str, Any]:
    """Customer-hours of every month so far, and the daily SAIDI with the limit of major event days."""
    counted, month = report.months.counted[Base.UNITS], report.sheet.period
    bars = []
    for number, part in enumerate(counted.parts):
        values = [counted.index(f"TH-{suffix}", Book.DLT, part=number).value or 0.0 for suffix in "FS"]
        bars.append({"label": part.key[5:], "values": values, "marked": False})
    days = _days_of(report, month.start.astimezone(report.sheet.zone).date())
    limit = report.limit.minutes
    words = Text("No limit of major event days: too few days are known.", "历史数据不足,未确定重大事件日界限值。")
    if limit is not None:
        many = len([one for one in report.major if f"{one.day:%Y-%m}" == report.month])
        words = Text(
            f"Limit of major event days {limit:.3f} min, from {report.limit.days} days; {many} in this month.",
            f"重大事件日界限值 {limit:.3f} 分钟({report.limit.days} 天数据);本月 {many} 天。",
        )
    shown = limit if limit is not None and limit <= 2 * max((sum(one["values"]) for one in days), default=0) else None
    return {"months": bars, "days": days, "limit": shown, "limit-words": words.in_language(language)}


def _days_of(report: MonthReport, first: date) -> list[dict[str, Any]]:
    marked = {one.day for one in report.major}
    mine = [day for day in sorted(report.daily) if (day.year, day.month) == (first.year, first.month)]
    rows = [{"label": str(day.day), "values": [report.daily[day]], "marked": day in marked} for day in mine]
    return rows or [{"label": "", "values": [0.0], "marked": False}]


def causes(report: MonthReport, language: str) -> dict[str, Any]:
    """Customer-hours by cause, each with the share all up to it have of the whole."""
    ranked = _ranked(report.causes)
    total, upto, rows = sum(hours for _, _, hours in ranked), 0.0, []
    for label, _, hours in ranked:
        upto += hours
        row = {"label": label.in_language(language), "share": hours / total, "value": f"{hours:,.2f}"}
        rows.append({**row, "cumulated": f"{upto / total:.0%}"})
    return {"causes": rows or [{"label": said("none", language), "share": 0.0, "value": "", "cumulated": ""}]}


def feeders(report: MonthReport, language: str) -> dict[str, Any]:
    """The feeders with the most customer-hours."""
    counted, rows = report.feeders.counted[Base.UNITS], []
    for label, part, hours in _ranked(report.feeders)[:MOST_FEEDERS]:
        found = [counted.index(key, Book.DLT, part=part) for key in ("SAIDI-1", "SAIFI-1")]
        figures = [figure(one.key, one.unit, one.value) for one in found]
        rows.append([label.in_language(language), f"{hours:,.2f}", *figures])
    head = [said("feeder", language), said("hours", language), "SAIDI-1 h", "SAIFI-1"]
    return {"feeders": {"head": head, "rows": rows}}


def events(report: MonthReport, language: str) -> dict[str, Any]:
    """The events with the most customer-hours."""
    rows = []
    for row in report.events.events()[:MOST_EVENTS]:
        labels = Nature(row["nature"]).label, Cause(row["cause"]).label
        words = [label.in_language(language) for label in labels]
        rows.append([row["event"], *words, str(row["customers"]), f"{row['adds'] / 3600:,.2f}"])
    head = [said(key, language) for key in ("event", "nature", "cause", "customers", "hours")]
    return {"events": {"head": head, "rows": rows}}


def _ranked(sheet: Sheet) -> list[tuple[Text, int, float]]:
    """Parts with customer-hours, most first: label, place, hours."""
    counted = sheet.counted[Base.UNITS]
    hours = [counted.index("TH-1", Book.DLT, part=part).value or 0.0 for part in range(len(counted.parts))]
    order = sorted(range(len(hours)), key=lambda part: (-hours[part], counted.parts[part].key))
    return [(counted.parts[part].label, part, hours[part]) for part in order if hours[part]]


def budget(report: MonthReport, language: str) -> dict[str, Any]:
    """The budget of each unit in this month."""
    head = [said(key, language) for key in ("team", "budgeted", "used", "committed", "left")]
    lines = [line for line in report.budget.lines if line.month == report.month]
    rows = [
        [line.unit, *(f"{hours:,.2f}" for hours in (line.budget_h, line.used_h, line.committed_h, line.left_h))]
        for line in lines
    ]
    return {"budget": {"head": head, "rows": rows}}


def management(report: MonthReport, language: str) -> dict[str, Any]:
    """The management indices with what they divide."""
    rows = [
        [
            index.title.in_language(language),
            "–" if index.value is None else f"{index.value:.2%}",
            f"{index.numerator:,} / {index.denominator:,.0f}",
        ]
        for index in report.management
    ]
    return {"management": {"head": [said(key, language) for key in ("index", "value", "of")], "rows": rows}}


def repeats(report: MonthReport, language: str) -> dict[str, Any]:
    """Frequent feeders, and how many users are frequent or close to it."""
    body = report.frequent.as_json(most_users=0)
    rows = [
        [one["feeder_id"], str(one["frequent_users"]), AREAS[one["area_class"]].in_language(language), one["unit"]]
        for one in body["frequent_feeders"][:MOST_FEEDERS]
    ]
    words = Text(
        f"{body['frequent_users']} frequently interrupted users, {body['warned_users']} in the warning list, "
        f"{len(body['frequent_feeders'])} frequent feeders.",
        f"频繁停电用户 {body['frequent_users']} 户,预警 {body['warned_users']} 户,频繁停电线路 {len(body['frequent_feeders'])} 条。",
    )
    head = [said(key, language) for key in ("feeder", "users", "area", "team")]
    return {"repeats": {"head": head, "rows": rows, "words": words.in_language(language)}}


def changes(report: MonthReport, language: str) -> dict[str, Any]:
    """Of a closed month the figures that would be different now."""
    rows = []
    for one in report.standing.changes:
        base, book, view, _, key = one.named
        if view == View.ALL.value and key.startswith(("TH", "SAIDI", "SAIFI", "CMI")):
            sides = [figure(key, side["unit"], side["value"]) if side else "–" for side in (one.before, one.after)]
            rows.append([f"{key} ({book}, {Base(base).label.in_language(language)})", *sides])
    head = [said(key, language) for key in ("index", "before", "after")]
    return {"changes": {"head": head, "rows": rows[:MOST_CHANGES]}}
