"""`everlit customers …`: accounts and who receives for them come in from files; lists are masked, clear data needs a reason."""

from pathlib import Path
from typing import Annotated, Any

import typer

from everlit.app import App
from everlit.cli.acting import ActorName, ActorRole, acting
from everlit.cli.output import Json, console, show, show_findings, table
from everlit.cli.switching import NetworkName
from everlit.customers.service import Kept
from everlit.planning.model import Role

application = typer.Typer(help="Customers: accounts, contacts, who receives for them. 客户。", no_args_is_help=True)


@application.command("import")
def import_files(
    accounts: Annotated[
        Path | None, typer.Option("--accounts", help="Accounts and their holders, .csv. 户表。")
    ] = None,
    contacts: Annotated[
        Path | None, typer.Option("--contacts", help="Who receives for several accounts, .csv. 联系人表。")
    ] = None,
    network: NetworkName = "urban",
    actor: ActorName = "",
    role: ActorRole = Role.MARKETING,
    as_json: Json = False,
) -> None:
    """Bring in accounts, contacts or both; an account that is there already gets the new content. 导入客户。

    Ends with 0 only when every row was kept.
    """
    app = App.open()
    app.grid(network)
    files = {
        kind: file.read_bytes() for kind, file in (("accounts", accounts), ("contacts", contacts)) if file is not None
    }
    done = app.customers.import_files(network, **files, actor=acting(actor, role))
    show(done.as_json(), as_json=as_json, people=lambda: _show_kept(done))
    if done.findings:
        raise typer.Exit(1)


def _show_kept(done: Kept) -> None:
    show_findings(done.findings)
    console.print(
        f"{done.accounts + done.delegates:,} of {done.checked:,} rows kept 已登记: "
        f"{done.accounts:,} accounts 户, {done.delegates:,} contacts 联系人",
        highlight=False,
    )


@application.command("list")
def list_them(
    offset: Annotated[int, typer.Option("--offset", min=0, help="How many to pass over. 跳过。")] = 0,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many at most. 最多条数。")] = 40,
    network: NetworkName = "urban",
    as_json: Json = False,
) -> None:
    """Accounts with their contact data masked. 客户清单。"""
    app = App.open()
    app.grid(network)
    found = app.customers.page(network, offset=offset, limit=limit)
    show(found, as_json=as_json, people=lambda: _show_accounts(found))


def _show_accounts(found: list[dict[str, Any]]) -> None:
    rows = [(one["account_id"], one["consumer_id"], one["name"], one["priority"], _ways(one)) for one in found]
    table("accounts 户", ("account 户号", "load 负荷", "name 户名", "priority 优先级", "ways 联系方式"), rows)


@application.command("contact")
def contact(
    account: Annotated[str, typer.Argument(help="Account. 户号。")],
    why: Annotated[str, typer.Option("--why", help="Why it is needed; the reading is recorded. 查看原因。")],
    network: NetworkName = "urban",
    actor: ActorName = "",
    role: ActorRole = Role.MARKETING,
    as_json: Json = False,
) -> None:
    """Contact data of one account in clear, and of whoever receives for it; the reading is an event. 查看联系信息。"""
    app = App.open()
    app.grid(network)
    found = app.customers.contact_data(network, account, why=why, actor=acting(actor, role))
    show(found, as_json=as_json, people=lambda: _show_contact(found))


def _show_contact(found: dict[str, Any]) -> None:
    people = [(found["name"], "holder", _ways(found))]
    people += [(one["name"], one["role"], _ways(one)) for one in found["delegates"]]
    table(f"{found['account_id']}, {found['address']}", ("name 姓名", "role 角色", "ways 联系方式"), people)


def _ways(one: dict[str, Any]) -> str:
    return ", ".join(f"{way['channel']} {way['address']}" for way in one["ways"]) or "–"
