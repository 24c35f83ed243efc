"""`everlit network import|validate|export|list`: networks in and out of the store; `operate` stands in `facts`."""

from pathlib import Path
from typing import Annotated

import typer

from everlit.app import App
from everlit.cli.acting import ActorName, ActorRole, acting
from everlit.cli.output import Json, console, language, show, show_findings, table
from everlit.grid import load_network
from everlit.grid.export import write_network
from everlit.grid.tables import shipped_networks
from everlit.grid.validate import validate_folder
from everlit.kernel import Finding, Severity, Text
from everlit.planning.model import Role

application = typer.Typer(help="Networks: import, validate, export, list, operate. 网络。", no_args_is_help=True)
Folder = Annotated[str, typer.Argument(help="Folder of tables, or the name of a shipped city. 表格目录或内置城市。")]


@application.command("import")
def import_network(
    folder: Folder, actor: ActorName = "", role: ActorRole = Role.PLANNER, as_json: Json = False
) -> None:
    """Validate a folder of tables and keep it as a new version; nothing is half-imported. 导入网络。"""
    network, app = load_network(folder), App.open()
    before = {row["network"]: row["version"] for row in app.networks()}.get(network.name)
    version = app.import_network(network, actor=acting(actor, role))
    counts = {name: network.count(name) for name in network.tables}
    answer = {"network": network.name, "version": version, "fingerprint": network.fingerprint, "counts": counts}
    answer |= {"unchanged": version == before}
    title = f"{network.name} v{version}" + (" unchanged 未变" if version == before else "")
    show(answer, as_json=as_json, people=lambda: table(title, ("table", "rows"), counts.items()))
    if network.name in shipped_networks() and folder != network.name:
        show_findings([_hides(network.name)])


def _hides(name: str) -> Finding:
    en = f"From now on {name} is this network, no longer the shipped city."
    return Finding(
        "network.hides_shipped", name, Text(en, f"今后 {name} 指本网络,不再是内置城市。"), {}, Severity.WARNING
    )


@application.command("validate")
def validate(folder: Folder, as_json: Json = False) -> None:
    """Check a folder of tables and list what is wrong, with table, row and column. 校验网络。"""
    report = validate_folder(folder)
    show(report.as_json(), as_json=as_json, people=lambda: show_findings(report.findings))
    if not report.valid:
        raise typer.Exit(1)
    if not as_json:
        console.print(f"[green]✓[/] {folder}")


@application.command("export")
def export(
    name: Annotated[str, typer.Argument(help="Network name. 网络名称。")],
    folder: Annotated[Path, typer.Argument(help="Folder to write. 输出目录。")],
    format: Annotated[str, typer.Option(help="csv or parquet. 格式。")] = "csv",
    as_json: Json = False,
) -> None:
    """Write a kept or shipped network as a folder of tables, present positions included. 导出网络。"""
    write_network(App.open().exported(name), folder, format=format)
    show({"network": name, "folder": str(folder)}, as_json=as_json, people=lambda: console.print(str(folder)))


@application.command("list")
def list_them(as_json: Json = False) -> None:
    """Networks kept in the store, and shipped ones nobody has asked for yet. 电网清单。"""
    found = App.open().networks()
    rows = [
        (
            one["network"],
            one["version"] or "shipped 内置",
            one["counts"].get("nodes", ""),
            one["counts"].get("consumers", ""),
            one["title"].get(language(), ""),
        )
        for one in found
    ]
    columns = ("network", "version", "nodes", "loads", "title")
    show(found, as_json=as_json, people=lambda: table("networks", columns, rows))
