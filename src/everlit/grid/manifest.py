"""`network.json`, the face of a network folder: its name, its title in both languages, licence and provenance."""

import json
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unicodedata import category

from everlit.grid.report import Findings
from everlit.kernel import Finding, Severity, Text

MAX_BYTES = 1 << 20
NAME = re.compile(r"\w[\w.-]{0,99}")


def read_manifest(folder: Path, findings: Findings) -> Mapping[str, Any]:
    """The manifest, or an empty one with findings."""
    path = folder / "network.json"
    problem = _unfit(path)
    if problem is not None:
        findings.add(problem)
        return {}
    try:
        manifest = json.loads(path.read_bytes().decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        findings.add(_wrong("manifest.encoding", "is not UTF-8: save it as UTF-8.", "不是 UTF-8 编码,请另存为 UTF-8。"))
        return {}
    except (ValueError, RecursionError) as reason:
        cause = str(reason)[:200]
        findings.add(_wrong("manifest.invalid", f"is not valid JSON: {cause}", f"不是有效的 JSON:{cause}"))
        return {}
    for problem in manifest_problems(manifest):
        findings.add(problem)
    return manifest if isinstance(manifest, dict) else {}


def manifest_problems(manifest: Any) -> list[Finding]:
    """What is wrong with a manifest; it becomes part of addresses and file names, so its name is plain."""
    if not isinstance(manifest, dict):
        return [_wrong("manifest.invalid", "must hold one object.", "必须是一个对象。")]
    problems = []
    if unspeakable := next((words for words in _words_of(manifest) if not _fit_to_print(words)), None):
        shown = ascii(unspeakable[:40])
        en, zh = f"holds characters nobody can print: {shown}", f"含有无法显示的字符:{shown}"
        problems.append(_wrong("manifest.characters", f"{en}.", f"{zh}。"))
    name, title = manifest.get("name"), manifest.get("title", {})
    if not (isinstance(name, str) and NAME.fullmatch(name) and ".." not in name):
        en = "needs a name of letters, digits, '_', '-' and '.', at most 100 of them."
        problems.append(_wrong("manifest.name", en, "的 name 只能由字母、数字、'_'、'-'、'.' 组成,最多 100 个字符。"))
    if not (isinstance(title, dict) and all(isinstance(title.get(key, ""), str) for key in ("en", "zh"))):
        problems.append(
            _wrong("manifest.title", 'needs a title {"en": …, "zh": …}.', '的 title 应为 {"en": …, "zh": …}。')
        )
    if "bounds" in manifest and _no_box(manifest["bounds"]):
        en, zh = "needs bounds [west, south, east, north] in degrees.", "的 bounds 应为 [西, 南, 东, 北](度)。"
        problems.append(_wrong("manifest.bounds", en, zh))
    return problems


def findings_of(manifest: Mapping[str, Any]) -> list[Finding]:
    """What the conversion of a network found and wrote into its manifest (`findings`): shown again at every check.

    Such a finding no longer refuses anything: the tables are as they are. What is no finding is passed over.
    """
    told = manifest.get("findings")
    rows = [row for row in told if isinstance(row, dict)] if isinstance(told, list) else []
    return [
        Finding(
            str(row.get("kind", "convert")),
            str(row.get("subject", "")),
            Text(**{language: str(row["message"].get(language, "")) for language in ("en", "zh")}),
            row["evidence"] if isinstance(row.get("evidence"), dict) else {},
            Severity.WARNING if row.get("severity") in ("error", "warning") else Severity.NOTE,
        )
        for row in rows
        if isinstance(row.get("message"), dict)
    ]


def bounds_of(manifest: Mapping[str, Any]) -> tuple[float, float, float, float] | None:
    """`bounds`, the box the network lies in: west, south, east, north in degrees; None when the manifest names none."""
    box = manifest.get("bounds")
    return None if box is None else (float(box[0]), float(box[1]), float(box[2]), float(box[3]))


def _no_box(box: Any) -> bool:
    if not (isinstance(box, list) and len(box) == 4 and all(type(side) in (int, float) for side in box)):
        return True
    west, south, east, north = box
    return not (-180 <= west < east <= 180 and -90 <= south < north <= 90)


def _words_of(value: Any) -> Iterator[str]:
    """Every text in a JSON value, keys included; its depth is bounded by how JSON is read."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield key
            yield from _words_of(part)
    elif isinstance(value, list):
        for part in value:
            yield from _words_of(part)


def _fit_to_print(words: str) -> bool:
    return not any(category(letter) in ("Cs", "Cc") and letter not in "\n\t" for letter in words)


def _unfit(path: Path) -> Finding | None:
    if not (path.is_symlink() or path.exists()):
        return _wrong("manifest.missing", "is missing.", "不存在。")
    entry = path.lstat()
    if not stat.S_ISREG(entry.st_mode):
        return _wrong("manifest.not_a_file", "is not a regular file.", "不是普通文件。")
    if entry.st_size > MAX_BYTES:
        return _wrong("manifest.too_large", "is larger than 1 MiB.", "大于 1 MiB。")
    return None


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON number")


def _wrong(kind: str, en: str, zh: str) -> Finding:
    return Finding(kind, "network.json", Text(en=f"network.json {en}", zh=f"network.json {zh}"))
