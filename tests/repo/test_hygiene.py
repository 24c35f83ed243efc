"""The repository as a whole: small, without addresses of registries, without traces of anybody's machine."""

import ast
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from scripts.environments import installer, uv_environment

ROOT = Path(__file__).resolve().parents[2]
MB = 1_000_000
WHOLE_MB = 60
LARGE_MB = 2
# Files above LARGE_MB that may stand here, with the reason.
LARGE = {
    "src/everlit/data/fonts/NotoSansSC-Regular-GB2312.ttf": "the Chinese characters of printed documents",
    "src/everlit/data/networks/urban/profiles.parquet": "a year of quarter-hours of the city's load shapes",
}

FORBIDDEN = {
    "the address of a package registry": re.compile(
        r"https?://[^\s\"'<>)]*(pypi\.|pythonhosted|npmjs\.|npmmirror|/simple\b|artifactory|pkg\.dev|deb\.debian)"
    ),
    "a folder of somebody's machine": re.compile(r"(?<![\w.~$}])/(work|root|home/\w+|Users/\w+)/\w"),
    "unfinished work": re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError|lorem ipsum"),
    "an unresolved merge": re.compile(r"^(<{7}|>{7}) ", re.MULTILINE),
    "a key or a token": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\b(ghp|xox[bap])[_-][0-9A-Za-z]{20}"),
}
# The lines that name these things in order to find them.
MAY_NAME = {
    "tests/repo/test_hygiene.py": set(FORBIDDEN),
    "run": {"a folder of somebody's machine"},  # looks for Python where pyenv puts it
}


def files() -> list[Path]:
    """Everything that is, or would be, committed."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listing.returncode:  # not a clone: everything but what ./run makes
        made = {".venv", ".tools", "node_modules", ".everlit", "__pycache__"}
        return [path for path in ROOT.rglob("*") if path.is_file() and not made & set(path.parts)]
    return [path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def texts() -> list[tuple[str, str]]:
    """The committed files that are text, by name."""
    found = []
    for path in files():
        content = path.read_bytes()
        if b"\0" not in content[:8192]:
            found.append((path.relative_to(ROOT).as_posix(), content.decode("utf-8", errors="replace")))
    return found


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_no_file_contains(kind):
    found = [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match.group(0).strip()}"
        for name, text in texts()
        if kind not in MAY_NAME.get(name, ())
        for match in FORBIDDEN[kind].finditer(text)
    ]
    assert not found, f"{kind}:\n" + "\n".join(found[:40])


def test_large_files_are_known():
    large = {path.relative_to(ROOT).as_posix() for path in files() if path.stat().st_size > LARGE_MB * MB}
    assert large == set(LARGE)


def test_whole_repository_is_small():
    tree = sum(path.stat().st_size for path in files())
    counted = subprocess.run(
        ["git", "rev-list", "--disk-usage", "--objects", "HEAD"], cwd=ROOT, capture_output=True, text=True
    )
    history = int(counted.stdout) if counted.returncode == 0 else 0
    assert tree + history < WHOLE_MB * MB, f"{tree / MB:.1f} MB of files, {history / MB:.1f} MB of history"


def test_file_names_fit_every_system():
    names = [path.relative_to(ROOT).as_posix() for path in files()]
    assert len({name.lower() for name in names}) == len(names)
    assert not [name for name in names if re.search(r"[^A-Za-z0-9._/+@-]", name)]


# ----------------------------------------------------------------------------------------------- locks


LOCKS = sorted(path.name for path in (ROOT / "requirements").glob("*.lock"))


def locked(name: str) -> dict[str, set[str]]:
    """Package to versions of a lock (a universal lock may hold one for each kind of machine)."""
    found: dict[str, set[str]] = {}
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    for package, version in re.findall(r"(?m)^([A-Za-z0-9._-]+)==([^\s;\\]+)", text):
        found.setdefault(package, set()).add(version)
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_locks_are_hashed_and_without_addresses(name):
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    entries = re.split(r"(?m)^(?=[A-Za-z0-9])", text)[1:]
    assert entries
    assert all("--hash=sha256:" in entry and "==" in entry for entry in entries)
    assert "://" not in text


def test_locks_agree():
    base = locked("base.lock")
    for other in ("dev.lock", "bench.lock", "convert.lock"):
        there = locked(other)
        assert {package: there.get(package) for package in base} == base, other


@pytest.mark.long
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("name", ["base.lock", "dev.lock"])
def test_one_lock_serves_every_python(name, version, tmp_path):
    """Every locked package has a wheel for each Python; nothing is downloaded."""
    words = ["pip", "install", "--dry-run", "--quiet", "--only-binary", ":all:", "--require-hashes"]
    where = ["--python-version", version, "--target", str(tmp_path), "-r", str(ROOT / "requirements" / name)]
    done = subprocess.run([installer(), *words, *where], env=uv_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_lock_has_its_wishes():
    wishes = {path.stem for path in (ROOT / "requirements").glob("*.in")}
    assert wishes == {name.removesuffix(".lock") for name in LOCKS}
    for stem in wishes:
        lines = (ROOT / "requirements" / f"{stem}.in").read_text(encoding="utf-8").splitlines()
        wanted = {
            re.split(r"[\[<>=!~; ]", line)[0].lower().replace("_", "-")
            for line in lines
            if line and not line.startswith(("#", "-"))
        }
        assert wanted <= set(locked(f"{stem}.lock"))


def test_package_asks_for_what_base_in_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = (ROOT / "requirements/base.in").read_text(encoding="utf-8").splitlines()
    assert project["dependencies"] == [line for line in lines if line and not line.startswith("#")]


def test_no_lock_of_another_tool():
    assert not [path for path in files() if path.name in {"uv.lock", "poetry.lock", "Pipfile.lock", "yarn.lock"}]


def addresses(node: object) -> list[str]:
    """Every `resolved` of an npm lock."""
    if isinstance(node, dict):
        own = [str(node["resolved"])] if "resolved" in node else []
        return own + [found for value in node.values() for found in addresses(value)]
    return []


def test_npm_lock_has_no_addresses():
    for path in (path for path in files() if path.name == "package-lock.json"):
        lock = json.loads(path.read_text(encoding="utf-8"))
        assert not addresses(lock), path
        packages = [about for name, about in lock["packages"].items() if name and not about.get("link")]
        assert packages
        assert all("integrity" in about for about in packages)


def test_notice_names_what_the_web_build_takes_and_every_network_that_ships():
    notice = " ".join((ROOT / "NOTICE").read_text(encoding="utf-8").split())
    sentence = re.search(r"The web build takes the packages (.+?) from npm", notice)
    assert sentence
    taken = json.loads((ROOT / "web/package.json").read_text(encoding="utf-8"))["dependencies"]
    assert sorted(re.split(r", | and ", sentence[1])) == sorted(taken)
    shipped = [folder.name for folder in (ROOT / "src/everlit/data/networks").iterdir() if folder.is_dir()]
    assert shipped and not [name for name in shipped if name not in notice]


# -------------------------------------------------------------------------------------------- glossary

GLOSSARY = ROOT / "docs" / "glossary.md"
GIVEN_IN_CHINESE = re.compile(r"[(（]([\u4e00-\u9fff]{2,8})[)）]")


def glossary() -> list[list[str]]:
    """The rows of the glossary: English, Chinese, clause, meaning."""
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in GLOSSARY.read_text(encoding="utf-8").splitlines()
        if line.startswith("|") and not re.match(r"^\|[\s:|-]+\|$", line)
    ]
    return rows[1:]


def test_glossary_rows_are_complete_and_unique():
    rows = glossary()
    assert len(rows) > 60
    assert not [row for row in rows if len(row) != 4 or not all(row[:3]) or not re.search(r"[\u4e00-\u9fff]", row[1])]
    names = [row[0].lower() for row in rows]
    assert not {name for name in names if names.count(name) > 1}


def test_nouns_of_the_code_are_in_the_glossary():
    """What a chapter (`__init__`) or a noun (`model.py`) gives in Chinese has a row of its own."""
    known = " ".join(row[1] for row in glossary())
    missing = []
    for path in sorted((ROOT / "src").rglob("*.py")):
        if path.name in {"__init__.py", "model.py"}:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Module | ast.ClassDef):
                    terms = GIVEN_IN_CHINESE.findall(ast.get_docstring(node) or "")
                    missing += [f"{path.relative_to(ROOT)}: {term}" for term in terms if term not in known]
    assert not missing, "give these a row in docs/glossary.md: " + ", ".join(missing)
