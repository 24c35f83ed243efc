"""Examples in the documentation are run, and what they print is compared with what the page says.

How a page is written:

* a ```` ```console ```` block holds lines `$ command`, continued by lines `> more`, followed by their output. The
  command runs in bash; blocks of one page share one empty folder, in order. A command ends with 0, or its line ends
  with `# exit N`.
* in expected output `...` stands for any text within a line, and a line of `...` alone for any number of lines:
  timings, and what is too long to show.
* a ```` ```python ```` block holds `>>>` examples; blocks of one page share their names.
* `<!-- file: feeder/lines.csv -->` before any other block writes that block into the page's folder.
* `<!-- not run: reason -->` before a block leaves it out, with a reason. Blocks that hold nothing but `./run demo`,
  `test`, `bench` or `convert` without output need no reason. Everything else that looks like a command must run:
  blocks called bash, sh or shell are refused.

`python -m tests.docs.examples --write docs/tutorial.md` runs a page and writes what the commands really print into it.
"""

import doctest
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,}|~{3,})(?P<language>[\w+-]*)")
FILE = re.compile(r"^\s*<!-- file: (?P<name>\S+) -->\s*$")
NOT_RUN = re.compile(r"^\s*<!-- not run: (?P<reason>\S.*) -->\s*$")
OWN_COMMANDS = re.compile(r"^(\.ci/run|\./run (demo|test|bench|convert))\b")
EXIT = re.compile(r"#\s*exit (\d+)\s*$")
SHELLS = {"bash", "sh", "shell", "zsh", "shell-session"}
COMMAND_S = 300


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: where its body begins in the page, its language, its lines, and the marker before it."""

    line: int
    language: str
    body: tuple[str, ...]
    file: str | None = None
    not_run: str | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a console block with the output the page shows; `line` is that of its first output line."""

    line: int
    text: str
    expected: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """What the command should end with."""
        named = EXIT.search(self.text)
        return int(named.group(1)) if named else 0


def pages(root: Path = ROOT) -> list[Path]:
    """All pages whose examples are run."""
    named = [root / name for name in ("README.md", "CONTRIBUTING.md") if (root / name).exists()]
    return named + sorted((root / "docs").rglob("*.md"))


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a page."""
    lines = text.splitlines()
    number, marker = 0, ""
    while number < len(lines):
        fence = FENCE.match(lines[number])
        if not fence:
            marker = lines[number] if lines[number].strip() else marker
            number += 1
            continue
        first = number + 1
        number = first
        while number < len(lines) and lines[number].strip() != fence["fence"]:
            number += 1
        body = tuple(line.removeprefix(fence["indent"]) for line in lines[first:number])
        file, not_run = FILE.match(marker), NOT_RUN.match(marker)
        yield Block(
            line=first,
            language=fence["language"].lower(),
            body=body,
            file=file["name"] if file else None,
            not_run=not_run["reason"] if not_run else None,
        )
        number, marker = number + 1, ""


def commands(block: Block) -> list[Command]:
    """The commands of a console block."""
    found: list[Command] = []
    text, line, expected = "", 0, list[str]()
    for offset, content in enumerate(block.body):
        if content.startswith("$ "):
            if text:
                found.append(Command(line, text, tuple(expected)))
            text, line, expected = content[2:], block.line + offset + 1, []
        elif content.startswith("> ") and text and not expected:
            text, line = text + "\n" + content[2:], block.line + offset + 1
        elif content == ">" and text and not expected:
            text, line = text + "\n", block.line + offset + 1
        else:
            expected.append(content)
    return [*found, Command(line, text, tuple(expected))] if text else found


def problem_of(block: Block) -> str | None:
    """Why a block may not stand in a page, if so."""
    if block.not_run or block.file:
        return None
    if block.language in SHELLS:
        return "write shell examples as ```console with `$ ` before each command, so that they are run"
    if block.language == "console" and not any(line.startswith("$ ") for line in block.body):
        return "a console block needs a line that begins with `$ `"
    if block.language in {"python", "py", "pycon"} and not any(line.startswith(">>> ") for line in block.body):
        return "a python block needs a line that begins with `>>> `"
    return None


def only_names_own_commands(found: list[Command]) -> bool:
    """Whether the block does nothing but name the commands that set everything up, and claims no output."""
    return all(OWN_COMMANDS.match(command.text) and not any(command.expected) for command in found)


# ----------------------------------------------------------------------------------------------- running


def shelf(folder: Path) -> dict[str, str]:
    """Prepare a page's folder: `./run everlit …` works in it; return the environment of its commands."""
    shim = folder / "run"
    body = f'#!/bin/sh\n[ "$1" = everlit ] || exit 64\nshift\nexec {shlex.quote(sys.executable)} -m everlit "$@"\n'
    shim.write_text(body, encoding="utf-8")
    shim.chmod(0o755)
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("EVERLIT_", "PYTEST_"))}
    return plain | {
        "EVERLIT_HOME": str(folder / ".everlit"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '/usr/bin:/bin')}",
        "COLUMNS": "120",
        "NO_COLOR": "1",
        "TERM": "dumb",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PYTHONUTF8": "1",
    }


def run(command: Command, *, folder: Path, env: Mapping[str, str]) -> tuple[int, list[str]]:
    """Run a command in the page's folder; return its exit code and its lines, trailing blanks removed."""
    done = subprocess.run(
        ["bash", "-c", command.text],
        cwd=folder,
        env=dict(env),
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=COMMAND_S,
    )
    return done.returncode, trimmed(done.stdout.splitlines())


def trimmed(lines: list[str]) -> list[str]:
    """Lines without trailing blanks and without empty lines at the end."""
    kept = [line.rstrip() for line in lines]
    while kept and not kept[-1]:
        kept.pop()
    return kept


def agrees(expected: list[str], actual: list[str]) -> bool:
    """Whether the output is what the page says, `...` standing for anything.

    >>> agrees(["solved in ... s", "...", "done"], ["solved in 0.3 s", "a", "b", "done"])
    True
    >>> agrees(["solved in ... s"], ["solved in 0.3 s", "and more"])
    False
    """
    parts = [r"(?:.*\n)*?" if line.strip() == "..." else line_expression(line) + r"\n" for line in expected]
    return re.fullmatch("".join(parts), "".join(line + "\n" for line in actual)) is not None


def line_expression(line: str) -> str:
    """One expected line as a regular expression."""
    return ".*?".join(re.escape(piece) for piece in line.split("..."))


def failures(page: Path, *, root: Path = ROOT) -> list[str]:
    """Run all examples of a page in a fresh folder; say what differs."""
    found: list[str] = []
    names: dict[str, object] = {"__name__": "__main__"}
    where = page.relative_to(root)
    with tempfile.TemporaryDirectory(prefix="everlit-docs-") as place:
        folder = Path(place)
        env = shelf(folder)
        for block in blocks(page.read_text(encoding="utf-8")):
            reason = problem_of(block)
            if reason:
                found.append(f"{where}:{block.line}: {reason}")
            elif block.file:
                write_file(folder, block)
            elif not block.not_run and block.language == "console":
                found += [f"{where}:{complaint}" for complaint in console_failures(block, folder=folder, env=env)]
            elif not block.not_run and block.language in {"python", "py", "pycon"}:
                found += [f"{where}:{complaint}" for complaint in python_failures(block, names, folder=folder)]
    return found


def write_file(folder: Path, block: Block) -> None:
    """Put a block the page calls a file into the page's folder."""
    target = (folder / str(block.file)).resolve()
    if folder.resolve() not in target.parents:
        raise ValueError(f"{block.file} is outside the page's folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join(block.body) + "\n", encoding="utf-8")


def console_failures(block: Block, *, folder: Path, env: Mapping[str, str]) -> Iterator[str]:
    """Run a console block; say for each command that differs what it printed."""
    found = commands(block)
    if only_names_own_commands(found):
        return
    for command in found:
        code, actual = run(command, folder=folder, env=env)
        shown = "\n".join(f"    {line}" for line in actual)
        if code != command.exit_code:
            yield f"{command.line}: `{command.text}` ended with {code}, not {command.exit_code}:\n{shown}"
        elif not agrees(trimmed(list(command.expected)), actual):
            yield f"{command.line}: `{command.text}` printed something else:\n{shown}"


def python_failures(block: Block, names: dict[str, object], *, folder: Path) -> Iterator[str]:
    """Run a block of `>>>` examples in the page's folder."""
    example = doctest.DocTestParser().get_doctest("\n".join(block.body) + "\n", names, "page", None, block.line)
    said: list[str] = []
    here = Path.cwd()
    os.chdir(folder)
    try:
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
        runner.run(example, out=said.append, clear_globs=False)
    finally:
        os.chdir(here)
    names.update(example.globs)
    if runner.failures:
        yield f"{block.line}: {''.join(said)}"


# ----------------------------------------------------------------------------------------------- writing


def rewritten(page: Path) -> str:
    """The page with what its commands really print, wherever it differs."""
    text = page.read_text(encoding="utf-8")
    lines = text.splitlines()
    changes: list[tuple[int, int, list[str]]] = []
    with tempfile.TemporaryDirectory(prefix="everlit-docs-") as place:
        folder = Path(place)
        env = shelf(folder)
        for block in blocks(text):
            if block.file:
                write_file(folder, block)
            if block.file or block.not_run or block.language != "console" or only_names_own_commands(commands(block)):
                continue
            for command in commands(block):
                _, actual = run(command, folder=folder, env=env)
                if not agrees(trimmed(list(command.expected)), actual):
                    changes.append((command.line, len(command.expected), actual))
    for line, length, actual in reversed(changes):
        lines[line : line + length] = actual
    return "\n".join(lines) + "\n"


def main(words: list[str]) -> int:
    """Check the named pages, or write what their commands print into them."""
    write = "--write" in words
    named = [Path(word).resolve() for word in words if word != "--write"] or pages()
    complaints: list[str] = []
    for page in named:
        if write:
            page.write_text(rewritten(page), encoding="utf-8")
        complaints += failures(page, root=ROOT if ROOT in page.parents else page.parent)
    print("\n".join(complaints) or f"{len(named)} pages agree with what their examples print")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
