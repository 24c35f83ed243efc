"""`network.json`, the face of a network folder: its name, its title in both languages, licence and provenance."""

import json
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from everlit.grid.report import Findings
from everlit.kernel import Finding, Text

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
    name, title = manifest.get("name"), manifest.get("title", {})
    if not (isinstance(name, str) and NAME.fullmatch(name) and ".." not in name):
        en = "needs a name of letters, digits, '_', '-' and '.', at most 100 of them."
        problems.append(_wrong("manifest.name", en, "的 name 只能由字母、数字、'_'、'-'、'.' 组成,最多 100 个字符。"))
    if not (isinstance(title, dict) and all(isinstance(title.get(key, ""), str) for key in ("en", "zh"))):
        problems.append(
            _wrong("manifest.title", 'needs a title {"en": …, "zh": …}.', '的 title 应为 {"en": …, "zh": …}。')
        )
    return problems


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
