"""Reference pages written by the program itself: its commands, its API, its rules.

`python -m tests.docs.reference` writes them; a test compares, so that nothing new stays undocumented.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import typer

from everlit.api import create_api
from everlit.app import SHIPPED_POLICIES, App
from everlit.cli.main import application
from everlit.kernel import Policy

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"
WRITTEN = "<!-- Written by `python -m tests.docs.reference`; edit the code, not this page. -->"


def commands() -> str:
    """Every command with every option."""
    page = [
        "# Commands",
        WRITTEN,
        "`./run everlit …` in a clone, `everlit …` where it is installed. `--json` prints one JSON value on standard output;"
        "\nfindings for people go to standard error. A command exits with 0 only when it did what was asked: 1 is a refusal"
        '\n(`{"refused", "title", "findings"}` with `--json`), 2 a command typed wrongly. Texts follow `EVERLIT_LANG`'
        " ([settings](settings.md)).",
    ]
    for path, command in leaves(typer.main.get_command(application)):
        page += [f"## everlit {' '.join(path)}", str(command.help)]
        rows = [parameter(one) for one in command.params]
        if rows:
            page.append("\n".join(["| argument, option | default | meaning |", "|---|---|---|", *rows]))
    return "\n\n".join(page) + "\n"


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The commands under a group, each with its words."""
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, below in command.commands.items():
        yield from leaves(below, (*path, name))


def parameter(one: Any) -> str:
    """One row: how it is typed, what it is unless told, what it means."""
    argument = one.param_type_name == "argument"
    typed = one.name.upper() if argument else ", ".join([*one.opts, *one.secondary_opts])
    shown = "required" if one.required else "–" if one.default in (None, "", [], False) else f"`{one.default}`"
    return f"| `{typed}` | {shown} | {one.help or ''} |"


def api() -> str:
    """Every operation of the API."""
    description = create_api(cast(App, None)).openapi()
    page = [
        "# API",
        WRITTEN,
        "JSON over HTTP on the port of the control room (`everlit serve`), this machine only. The full description is"
        "\n`/api/openapi.json` (OpenAPI 3.1). Identities are those of the tables; times are ISO 8601 with an offset. The network"
        "\nis a query parameter, `?network=`, and the one shown first unless named. A change names who acts in the headers"
        "\n`X-Actor` (percent-encoded UTF-8) and `X-Role`. A refusal is a problem document (RFC 9457) with `title`, `detail` and"
        "\n`findings` in both languages: 404 for what does not exist, 403 for who may not, 409 for what changed meanwhile (a"
        "\nstale assessment, another version), 422 for the rest.",
    ]
    groups: dict[str, list[str]] = {}
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            row = f"| `{method.upper()}` | `{path}` | {operation['summary']}. {operation['description']} |"
            groups.setdefault(operation["tags"][0], []).append(row)
    for group, rows in groups.items():
        page += [f"## {group}", "\n".join(["| | path | what it does |", "|---|---|---|", *rows])]
    return "\n\n".join(page) + "\n"


def policies() -> str:
    """Every shipped rule."""
    rows = SHIPPED_POLICIES.rows
    unverified = sum(not row.verified for row in rows)
    page = [
        "# Rules",
        WRITTEN,
        f"The {len(rows)} thresholds that ship, {unverified} of them unverified. *Hardness*: a breach of a legal row is a"
        " violation, of a standard or\npromise a failure, of an internal row a warning. *Confidence*: V1 the text of the document"
        " was read, V2 a quotation of it\nwas, C computed, G general knowledge, **G? unverified: a number to start with, to be"
        " replaced by the utility's own**.\n[How to replace a row](../how-to/put-a-stricter-rule.md).",
    ]
    groups: dict[str, list[Policy]] = {}
    for row in rows:
        groups.setdefault(row.key.partition(".")[0], []).append(row)
    head = ["| key | threshold | what | 中文 | hardness | document | confidence |", "|---|---|---|---|---|---|---|"]
    for group, members in sorted(groups.items()):
        page += [f"## {group}", "\n".join([*head, *(map(policy, sorted(members, key=lambda row: row.key)))])]
    return "\n\n".join(page) + "\n"


def policy(row: Policy) -> str:
    """One row of the register."""
    confidence = row.confidence if row.verified else f"**{row.confidence} unverified**"
    threshold = f"{row.comparator} {row.value:g} {row.unit}"
    cells = (f"`{row.key}`", threshold, row.title.en, row.title.zh, row.hardness.value, row.document or "–", confidence)
    return f"| {' | '.join(cells)} |"


PAGES: Mapping[str, Callable[[], str]] = {"commands.md": commands, "api.md": api, "policies.md": policies}


if __name__ == "__main__":
    for name, made in PAGES.items():
        (FOLDER / name).write_text(made(), encoding="utf-8")
        sys.stdout.write(f"{name}\n")
