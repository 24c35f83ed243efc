"""`everlit faults …`: where the fault is and what has opened, from a file of signals."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from everlit.app import App
from everlit.cli import signals as intake
from everlit.cli.output import Json, console, language, show, show_findings, table
from everlit.cli.switching import NetworkName, instant
from everlit.faults.automation import WORDS, automation_of, field_timeline
from everlit.faults.model import FaultKind, Located
from everlit.faults.reading import Read, read_signals
from everlit.kernel import Finding

application = typer.Typer(help="Faults: located from evidence. 故障研判。", no_args_is_help=True)


MOST_SHOWN = 8


intake.add_to_faults(application)


@application.command("locate")
def locate(
    signals: Annotated[
        Path | None,
        typer.Option("--signals", help="Signals, .csv, .xlsx, .parquet or .json; the log unless told. 信号文件。"),
    ] = None,
    network: NetworkName = "urban",
    at: Annotated[str, typer.Option("--at", help="As known then; now unless told. 研判时刻。")] = "",
    uniform: Annotated[
        bool, typer.Option("--uniform", help="All places equally likely beforehand. 先验均匀。")
    ] = False,
    as_json: Json = False,
) -> None:
    """Where the fault is, which device has opened, why, and what would decide it. 故障定位。

    Ends with 0 only when every signal was understood.
    """
    app = App.open()
    asked = instant(app, at) if at else None
    read = _read(app, signals, network, asked)
    located, unknown = app.faults.locate(network, read.signals, at=asked, uniform=uniform)
    findings = [*read.findings, *unknown]
    answer = {**located.as_json(), "rows": read.checked, "findings": [finding.as_json() for finding in findings]}
    show(answer, as_json=as_json, people=lambda: _show(located, findings))
    if findings:
        raise typer.Exit(1)


@application.command("field")
def in_the_field(
    fault: Annotated[int, typer.Option("--fault", help="Section, 0 behind the breaker. 故障区段序号。")],
    sectionalisers: Annotated[int, typer.Option("--sectionalisers", min=1, max=100, help="分段开关数。")] = 3,
    as_json: Json = False,
) -> None:
    """What voltage-time automation does by itself after a permanent fault on a feeder. 就地重合式馈线自动化推演。"""
    app = App.open()
    feeder = automation_of(app.planning.policies(), on=app.today(), sectionalisers=sectionalisers)
    said = field_timeline(feeder, fault=fault)
    rows = [(f"{one.at_s} s", one.device, WORDS[one.what].in_language(language())) for one in said]
    answer = {"settings": asdict(feeder), "timeline": [asdict(one) for one in said]}
    show(answer, as_json=as_json, people=lambda: table("", ("after 时刻", "device 设备", "does 动作"), rows))


def _read(app: App, file: Path | None, network: str, at: datetime | None) -> Read:
    """Signals of a file, or those of the log that weigh at that time."""
    if file is not None:
        return read_signals(file.read_bytes(), name=file.name)
    signals = tuple(app.faults.evidence(network, at=at))
    return Read(signals, (), len(signals))


def _show(located: Located, findings: list[Finding]) -> None:
    show_findings(findings)
    rows = [
        (f"{place.p:.1%}", place.section, ", ".join(place.equipment), _kind(place.kinds), place.feeder)
        for place in located.places[:MOST_SHOWN]
    ]
    table("places 可疑区段", ("p", "section 区段", "equipment 设备", "fault 故障", "feeder 馈线"), rows)
    for place in located.places[:1]:
        for reason in place.reasons:
            console.print(
                f"  {reason.weight:+.1f} {reason.subject}: {reason.words.in_language(language())}",
                markup=False, highlight=False,
            )  # fmt: skip
    devices = [(f"{one.p:.1%}", one.equipment, one.households) for one in located.devices]
    table("opened 已动作", ("p", "device 设备", "households 户"), devices)
    tests = [(one.action, one.subject, one.section, f"{one.bits:.2f}") for one in located.decide]
    table("would decide 下一步核实", ("", "subject 对象", "section 区段", "bits"), tests)
    for names, word in (
        (located.customer_side, "off for themselves 用户侧停电"),
        (located.explained, "explained 已知停电"),
        (located.unused, "feed nobody, not used 未带电,未采用"),
    ):
        if names:
            shown = ", ".join(names[:MOST_SHOWN]) + (" …" if len(names) > MOST_SHOWN else "")
            console.print(f"{word} ({len(names)}): {shown}", markup=False, highlight=False)
    console.print(
        f"{located.faults_expected:.2f} faults expected 预计故障数, {located.signals} signals 信号", highlight=False
    )


def _kind(kinds: Mapping[FaultKind, float]) -> str:
    best = max(kinds, key=lambda kind: kinds[kind])
    return best.label.in_language(language())
