"""The gate: every check of the project, in the order in which they are cheapest to fail, each with its seconds.

All checks run even when one fails, so that one run shows everything; the closing table says what passed.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from scripts.chromium import chromium
from scripts.environments import environment
from scripts.pages import build_pages, check_pages
from scripts.postgres import postgres
from scripts.progress import UnableToFinishStep, say
from scripts.stamps import ROOT

SOURCES = [name for name in ("src", "tests", "scripts", "bench") if (ROOT / name).is_dir()]
WORKERS = "2"
DOCTESTS = ("--doctest-modules", "--ignore-glob=*/migrations/*", "src", "scripts", "bench")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one check ended."""

    name: str
    passed: bool
    seconds: float
    note: str = ""


def run_gate(words: list[str]) -> int:
    """Install what the checks need, run them, print the table; 0 only when everything passed."""
    only, words = take_option(words, "--only")
    began = time.monotonic()
    python = environment(ROOT / ".venv", from_lock="dev")
    environment_of_tests: dict[str, str] = {}
    with ExitStack() as stack:
        checks: dict[str, Callable[[], str]] = {
            "ruff check": lambda: tool(python, "ruff", "check", "--quiet", "--output-format=concise", *SOURCES),
            "ruff format": lambda: tool(python, "ruff", "format", "--check", "--output-format=concise", *SOURCES),
            "mypy": lambda: tool(python, "mypy"),
            "imports": lambda: tool(python, "lint-imports", "--no-logo"),
            "web": web,
            "chromium": lambda: provide(environment_of_tests, "EVERLIT_CHROMIUM", str(chromium())),
            "postgresql": lambda: provide(
                environment_of_tests, "EVERLIT_TEST_POSTGRES_URL", stack.enter_context(postgres()), show=False
            ),
            "doctests": lambda: pytest(python, environment_of_tests, *DOCTESTS),
            "tests": lambda: pytest(python, environment_of_tests, *words),
            "convert": conversion,
        }
        wanted = only.split(",") if only else [name for name in checks if name != "convert" or "--long" in words]
        unknown = set(wanted) - set(checks)
        if unknown:
            raise UnableToFinishStep(f"no check is called {', '.join(sorted(unknown))}; there are: {', '.join(checks)}")
        if "tests" in wanted:
            wanted = [name for name in checks if name in {*wanted, "chromium", "postgresql"}]
        outcomes = [check(name, checks[name]) for name in wanted]
    return close(outcomes, seconds=time.monotonic() - began)


def take_option(words: list[str], option: str) -> tuple[str, list[str]]:
    """Take `--option value` or `--option=value` out of the words.

    >>> take_option(["-x", "--only", "mypy", "-v"], "--only")
    ('mypy', ['-x', '-v'])
    """
    for place, word in enumerate(words):
        if word == option and place + 1 < len(words):
            return words[place + 1], words[:place] + words[place + 2 :]
        if word.startswith(option + "="):
            return word.partition("=")[2], words[:place] + words[place + 1 :]
    return "", words


def check(name: str, action: Callable[[], str]) -> Outcome:
    """Run one check and keep how it ended; its own output goes straight through."""
    say(f"── {name}")
    began = time.monotonic()
    try:
        note, passed = action(), True
    except UnableToFinishStep as refusal:
        note, passed = str(refusal), False
        say(f"  {refusal}")
    return Outcome(
        name=name, passed=passed, seconds=time.monotonic() - began, note=note.splitlines()[0] if note else ""
    )


def tool(python: Path, name: str, *words: str) -> str:
    """Run a program of the environment over the sources, its output straight to the reader."""
    return stream([python.parent / name, *words], env=dict(os.environ))


def pytest(python: Path, extra: dict[str, str], *words: str) -> str:
    """Run pytest on two workers; whole files stay together, so that what a file prepares is prepared once."""
    spread = [] if any(word.startswith(("-n", "--numprocesses")) for word in words) else ["-n", WORKERS]
    shared = ["--dist", "loadfile", "--durations", "10", "--durations-min", "5"]
    env = dict(os.environ) | extra
    return stream([python, "-m", "pytest", "-q", *spread, *shared, *words], env=env)


def conversion() -> str:
    """The shipped networks made again from their sources: the same bytes, the same load flow as the sources' packages."""
    python = environment(ROOT / ".venv-convert", from_lock="convert")
    return stream([python, "-m", "pytest", "-q", "--convert", "tests/sources/test_conversion.py"], env=dict(os.environ))


def web() -> str:
    """Check and build the web pages."""
    check_pages()
    build_pages()
    return ""


def provide(extra: dict[str, str], name: str, value: str, *, show: bool = True) -> str:
    """Hand something the tests need over to them."""
    extra[name] = value
    return value if show else ""


def stream(command: list[str | Path], *, env: dict[str, str]) -> str:
    """Run a command with its output straight to the reader; raise when it fails."""
    env = env | {"PYTHONUNBUFFERED": "1"}
    done = subprocess.run([str(word) for word in command], cwd=ROOT, env=env, stdout=sys.stderr)
    if done.returncode:
        raise UnableToFinishStep(f"failed (exit {done.returncode})")
    return ""


def close(outcomes: list[Outcome], *, seconds: float) -> int:
    """Print the closing table on standard output."""
    failed = [outcome.name for outcome in outcomes if not outcome.passed]
    width = max(len(outcome.name) for outcome in outcomes)
    print(flush=True)
    for outcome in outcomes:
        mark = "passed" if outcome.passed else "FAILED"
        print(f"  {outcome.name:<{width}}  {mark}  {outcome.seconds:7.1f} s  {outcome.note}".rstrip())
    verdict = f"FAILED: {', '.join(failed)}" if failed else "everything passed"
    print(f"  {verdict} ({seconds:.0f} s)", flush=True)
    return 1 if failed else 0
