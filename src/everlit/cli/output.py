"""How a command answers: a table for people, one JSON value for programs; refusals with their findings, exit code 1."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from everlit.kernel import Finding, Refusal

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value. 输出 JSON。")]
Network = Annotated[str, typer.Option("--network", "-n", help="Network name. 网络名称。")]

console = Console()
complaints = Console(stderr=True)


def language() -> str:
    """Language of what is shown: $EVERLIT_LANG, else the locale's, else English."""
    chosen = os.environ.get("EVERLIT_LANG") or os.environ.get("LC_ALL") or os.environ.get("LANG") or "en"
    return "zh" if chosen.lower().startswith("zh") else "en"


def show(value: Any, *, as_json: bool, people: Callable[[], None]) -> None:
    """Print `value` as JSON, or let `people` print it for people."""
    if as_json:
        sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")
    else:
        people()


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """One plain table; on a narrow terminal cells are folded, nothing of them is left out."""
    drawn = Table(title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*(escape(str(cell)) for cell in row))
    console.print(drawn)


def show_findings(findings: Iterable[Finding]) -> None:
    """Findings, one per line, on standard error."""
    for finding in findings:
        mark = {"error": "[red]✗[/]", "warning": "[yellow]![/]", "note": "·"}[finding.severity.value]
        words = escape(f"{finding.subject}: {finding.message.in_language(language())}")
        complaints.print(f"{mark} {words} [dim]({finding.kind})[/]")


def refuse(refusal: Refusal, *, as_json: bool) -> None:
    """Say no out loud and leave with exit code 1."""
    if as_json:
        body = {
            "refused": type(refusal).__name__,
            "title": refusal.title.as_json(),
            "findings": [finding.as_json() for finding in refusal.findings],
        }
        sys.stdout.write(json.dumps(body, ensure_ascii=False, indent=2, default=str) + "\n")
    else:
        complaints.print(f"[red]{refusal.title.in_language(language())}[/]")
        show_findings(refusal.findings)
    raise typer.Exit(1)
