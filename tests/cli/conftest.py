"""`everlit …` as it is typed: in this process, with a data folder of its own, its exit code and both its streams."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from everlit.cli import main


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def kinds(self) -> list[str]:
        """Kinds of the findings of a refusal."""
        return [finding["kind"] for finding in self.json["findings"]]


Everlit = Callable[..., Answer]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder nobody used before."""
    monkeypatch.setenv("EVERLIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "150")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def everlit(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Everlit:
    """Run one command. Whatever happens, nothing but SystemExit may come out of it."""

    def run(*words: object, lang: str = "en") -> Answer:
        monkeypatch.setenv("EVERLIT_LANG", lang)
        monkeypatch.setattr(sys, "argv", ["everlit", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
            raise SystemExit(0)
        said = capsys.readouterr()
        return Answer(int(left.value.code or 0), said.out, said.err)

    return run
