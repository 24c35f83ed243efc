"""An assessment (事前评估) read in a terminal: what is switched, who is dark, why, what it costs, what stands against it."""

from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Annotated, Any

import typer

from everlit.app import App
from everlit.cli.output import Json, console, language, show, table
from everlit.cli.switching import NetworkName
from everlit.kernel import Refusal
from everlit.planning.store import Stored

Body = Mapping[str, Any]
MOST = 12
"""Lines of a list that are shown; the JSON has them all."""


def add_to_plan(application: typer.Typer) -> None:
    """Add the command."""
    application.command("assessment")(assessment)


def assessment(
    name: Annotated[str, typer.Argument(help="Outage id, request id, or number of the assessment. 编号。")],
    network: NetworkName = "urban",
    households: Annotated[bool, typer.Option("--households", help="List every household. 列出用户。")] = False,
    as_json: Json = False,
) -> None:
    """The newest assessment of an outage or a request, as it was computed. 查看评估。"""
    app = App.open()
    stored = found(app, name, network)
    answer = {"assessment_id": stored.identity, **stored.body}
    if not households:
        answer["households"] = []
    show(answer, as_json=as_json, people=lambda: show_assessment(answer, zone=app.zone))


def found(app: App, name: str, network: str) -> Stored:
    """By the number of the assessment, else of the outage, else of the request; raises UnableToFindPlanned."""
    if name.isdecimal():
        return app.planning.assessment(int(name))
    try:
        return app.planning.assessment_of(outage_id=name)
    except Refusal:
        return app.planning.assessment_of(request_id=name, network=network)


def show_assessment(answer: Body, *, zone: tzinfo) -> None:
    """Everything a planner asks of it, the gates that pass left out."""
    table("assessment 事前评估", ("", ""), headline(answer, zone))
    for title, lines in (
        ("important 重要用户", list(_important(answer))),
        ("stays dark because 未转供原因", list(_certificate(answer))),
        ("notices due 通知时限", list(_notices(answer, zone))),
        ("budget 时户数预算", list(_budgets(answer))),
        ("alternatives 替代方案", list(_alternatives(answer))),
        ("gates 关卡", list(_gates(answer))),
    ):
        if lines:
            console.print(f"\n{title}")
        for line in lines[:MOST]:
            console.print(f"  {line}", markup=False, highlight=False)
        if len(lines) > MOST:
            console.print(f"  … {len(lines) - MOST} more 其余")


def headline(answer: Body, zone: tzinfo) -> list[tuple[str, Any]]:
    """What is switched and what it costs; figures without transfer in brackets."""
    hours, without, ticket = answer["hours"], answer["hours_without_transfer"], answer["ticket"]
    start, end = (datetime.fromisoformat(answer[key]).astimezone(zone) for key in ("start", "end"))
    repeats = answer["repeats"]

    def beside(key: str, form: str = ".2f") -> str:
        return f"{hours[key]:{form}} ({without[key]:{form}})"

    return [
        ("time 时间", f"{start:%Y-%m-%d %H:%M} – {end:%Y-%m-%d %H:%M %z}"),
        ("open 断开", ", ".join(answer["isolation"]["to_open"])),
        ("close 合上", ", ".join(answer["transfer"]["close"]) or "–"),
        ("households 停电户数", answer["affected"]["households"]),
        ("MV units 中压户", beside("units", "g")),
        ("customer-hours 时户数", beside("units_h")),
        ("household-hours 低压时户数", beside("households_h")),
        ("kVA-hours 容量时", beside("kva_h", ".0f")),
        ("not supplied 少供电量", f"{answer['energy']['not_served_kwh']:.0f} kWh"),
        ("repeats 重复停电", f"{repeats['frequent']} frequent 频繁, {repeats['warned']} warned 预警"),
        ("ticket 操作票", " + ".join(f"{len(ticket[way]['steps'])}" for way in ("out", "back")) + " steps 步"),
        ("minutes 分钟", f"{ticket['out']['minutes']:.0f} out 停, {ticket['work_min']:.0f} work 作业, "
                         f"{ticket['back']['minutes']:.0f} back 送"),
        ("approver 审批", answer["approver"]),
    ]  # fmt: skip


def _important(answer: Body) -> Iterator[str]:
    for one in answer["important"]:
        bears = one["bearable_min"]
        against = "" if bears is None else f" of {bears:.0f}"
        mark = "✓" if one["bears_it"] else "✗"
        yield f"{mark} {one['importance']}: {one['name'] or one['usage_point_id']}, {one['longest_min']:.0f}{against} min"


def _certificate(answer: Body) -> Iterator[str]:
    for one in answer["certificate"]:
        if one["units"] or one["households"]:
            yield f"{one['units']} units, {one['households']} households: {one['message'][language()]}"


def _notices(answer: Body, zone: tzinfo) -> Iterator[str]:
    for due in answer["notices"]:
        by = datetime.fromisoformat(due["deadline"]).astimezone(zone)
        yield f"{by:%Y-%m-%d %H:%M}: {due['audience']}, {due['households']} households ({due['policy']['key']})"


def _budgets(answer: Body) -> Iterator[str]:
    for one in answer["budgets"]:
        if one["this_h"]:
            yield f"{one['unit']}: {one['this_h']:.1f} of {one['left_h']:.1f} h left"


def _alternatives(answer: Body) -> Iterator[str]:
    for one in answer["alternatives"]:
        price = f", {one['customer_hours']:.1f} h for ¥ {one['cost_yuan']:,.0f}" if one["possible"] else ""
        yield f"{'✓' if one['possible'] else '–'} {one['kind']}: {one['reason'][language()]}{price}"


def _gates(answer: Body) -> Iterator[str]:
    for gate in answer["gates"]:
        if gate["outcome"] != "pass":
            yield f"{gate['outcome']}: {gate['message'][language()]} ({gate['key']})"
