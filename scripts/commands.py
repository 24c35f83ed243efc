"""The table of commands of `./run`."""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

from scripts.environments import environment
from scripts.gate import run_gate
from scripts.pages import build_pages
from scripts.progress import UnableToFinishStep, say
from scripts.stamps import ROOT

USAGE = """\
./run demo [--check] [--city urban] [--port 8000]   set everything up, plan a month, open the control room
./run test [--long] [--only CHECK,…] [pytest …]     set everything up and run every check
./run bench [--json] [--only NAME] [--write]        measure, each figure beside its peer
./run everlit …                                     the command line of the program itself
./run convert                                       regenerate the shipped cities from their sources
"""

# The converters that regenerate the shipped networks, bit for bit; `--check` compares and writes nothing.
CONVERTERS = ("everlit.sources.simbench", "everlit.sources.oberrhein", "everlit.sources.cases")


def demo(words: list[str]) -> int:
    """Set up, then plan a month of a city and serve it."""
    python = product()
    build_pages()
    say("everlit demo")
    become(python, ["-P", "-m", "everlit", "demo", *words], cwd=ROOT)


def test(words: list[str]) -> int:
    """Run every check."""
    return run_gate(words)


def bench(words: list[str]) -> int:
    """Measure."""
    become(environment(ROOT / ".venv-bench", from_lock="bench"), ["-m", "bench", *words], cwd=ROOT)


def everlit(words: list[str]) -> int:
    """Pass everything to the program's own command line, in the caller's folder."""
    become(product(), ["-P", "-m", "everlit", *words], cwd=Path.cwd())


def convert(words: list[str]) -> int:
    """Regenerate the shipped cities with the packages that only this needs."""
    python = environment(ROOT / ".venv-convert", from_lock="convert")
    for module in CONVERTERS:
        say(f"python -m {module}")
        status = os.spawnv(os.P_WAIT, python, [str(python), "-m", module, *words])
        if status:
            raise UnableToFinishStep(f"{module} ended with {status}")
    return 0


COMMANDS: Mapping[str, Callable[[list[str]], int]] = {
    "demo": demo,
    "test": test,
    "bench": bench,
    "everlit": everlit,
    "convert": convert,
}


def main(words: list[str]) -> int:
    """Run one command; a refusal is a message and a number, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    if not words or words[0] not in COMMANDS:
        asked = bool(words) and words[0] in {"-h", "--help", "help"}
        print(USAGE, end="", file=sys.stdout if asked else sys.stderr)
        return 0 if asked else 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return COMMANDS[words[0]](words[1:])
    except UnableToFinishStep as refusal:
        say(f"stopped: {refusal}")
        return 1
    except KeyboardInterrupt:
        say("interrupted; the next run continues where this one stopped")
        return 130


def product() -> Path:
    """The environment of the product; the checks' environment contains it."""
    return environment(ROOT / ".venv", from_lock="base", also=("dev",))


def become(python: Path, words: list[str], *, cwd: Path) -> NoReturn:
    """Replace this process, so that signals and the exit code are the program's own.

    The store stands in this repository, whatever folder the command was called from.
    """
    os.chdir(cwd)
    os.environ.setdefault("EVERLIT_HOME", str(ROOT / ".everlit"))
    os.execv(python, [str(python), *words])
