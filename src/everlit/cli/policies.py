"""`everlit policy list|set`: every threshold with its document, and a local number in place of a shipped one."""

from datetime import date
from typing import Annotated

import typer

from everlit.app import App
from everlit.cli.acting import ActorName, ActorRole, acting
from everlit.cli.output import Json, console, language, show, table
from everlit.kernel import Finding, Policy, Refusal, Text
from everlit.planning.model import Role
from everlit.planning.policies import CONFIDENCES, local_row

application = typer.Typer(help="Rules: list, set. 规则。", no_args_is_help=True)


class UnableToReadRule(Refusal):
    """A day is YYYY-MM-DD; roles and confidence codes are those of the register."""

    title = Text(en="The rule is not clear.", zh="规则不明确。")


@application.command("list")
def list_rules(as_json: Json = False) -> None:
    """Every rule with its document and how sure we are of it; local ones included. 规则登记表。"""
    app = App.open()
    rows = app.planning.policies().rows
    coming = [row for row in rows if row.valid_to is None or row.valid_to > app.today()]
    answer = [{**row.as_json(), "verified": row.verified} for row in rows]
    show(answer, as_json=as_json, people=lambda: show_rules(coming))


@application.command("set")
def set_rule(
    key: Annotated[str, typer.Argument(help="Key of the rule. 规则编号。")],
    value: Annotated[float, typer.Argument(help="The local number, in the unit of the rule. 本地限值。")],
    document: Annotated[str, typer.Option(help="Where the number is written. 依据文件。")] = "",
    confidence: Annotated[str, typer.Option(help="V1, V2, C, G or G? (unverified). 可信度。")] = "G?",
    since: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD; today unless told. 生效日期。")] = "",
    actor: ActorName = "",
    role: ActorRole = Role.RELIABILITY,
    as_json: Json = False,
) -> None:
    """Put a local row in place of a shipped rule; what was assessed before has to be assessed again. 设置本地规则。"""
    app = App.open()
    who = acting(actor, role)
    row = local_row(
        app.planning.policies(),
        key,
        value=value,
        since=_day(since) if since else app.today(),
        document=document,
        confidence=_one_of(confidence, CONFIDENCES),
    )
    app.planning.set_policy(row, actor=who)
    answer = {**row.as_json(), "verified": row.verified}
    show(answer, as_json=as_json, people=lambda: console.print(_sentence(row), soft_wrap=True))


def show_rules(rows: list[Policy]) -> None:
    """One line per rule in force or to come; a row nobody has checked against a text is marked."""
    lines = [
        (
            row.key,
            f"{row.comparator} {row.value:g} {row.unit}",
            f"{row.valid_from}–{row.valid_to or ''}" if row.jurisdiction == "local" else row.valid_to or "",
            row.hardness.value,
            row.confidence if row.verified else f"{row.confidence} unverified 未核实",
            row.document,
        )
        for row in rows
    ]
    table(
        "rules 规则", ("key", "threshold 限值", "from–until 有效期", "hardness", "confidence", "document 依据"), lines
    )


def _sentence(row: Policy) -> str:
    title = row.title.in_language(language())
    return f"{row.key} {row.comparator} {row.value:g} {row.unit} from {row.valid_from} 起: {title} ({row.document})"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _unclear(text, "YYYY-MM-DD") from None


def _one_of(text: str, known: list[str]) -> str:
    if text not in known:
        raise _unclear(text, ", ".join(known))
    return text


def _unclear(text: str, known: str) -> UnableToReadRule:
    words = Text(en=f"{text} is none of {known}.", zh=f"{text} 不在 {known} 之中。")
    return UnableToReadRule(Finding("policy.unclear", text, words))
