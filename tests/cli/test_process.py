"""The program as a process: what a shell and a pipe see."""

import json
import os
import subprocess
import sys


def everlit(home, *words, lang="en"):
    env = {**os.environ, "EVERLIT_HOME": str(home), "EVERLIT_LANG": lang, "PYTHONUTF8": "1"}
    return subprocess.run(
        [sys.executable, "-m", "everlit", *words], env=env, capture_output=True, text=True, timeout=300
    )


def test_one_json_value_on_standard_output_and_0(tmp_path):
    done = everlit(tmp_path, "trace", "--network", "case33", "--open", "s7", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["units"] == 11


def test_a_refusal_is_1_without_a_traceback(tmp_path):
    done = everlit(tmp_path, "trace", "--network", "case33", "--open", "s99", lang="zh")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr and "s99" in done.stderr


def test_a_data_folder_that_cannot_be_used_is_a_refusal(tmp_path):
    (tmp_path / "file").write_text("")
    done = everlit(tmp_path / "file", "network", "list", "--json")
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    assert json.loads(done.stdout)["findings"]


def test_a_database_that_cannot_be_reached_is_a_refusal_without_the_password(tmp_path, monkeypatch):
    monkeypatch.setenv("EVERLIT_DATABASE_URL", "postgresql+psycopg://me:secret@127.0.0.1:9/none")
    done = everlit(tmp_path, "network", "list", "--json")
    assert done.returncode == 1 and "Traceback" not in done.stderr and "secret" not in done.stdout + done.stderr
    assert json.loads(done.stdout)["findings"][0]["kind"] == "store.unreachable"
    monkeypatch.setenv("EVERLIT_DATABASE_URL", "carrier-pigeon://coop")
    assert "Traceback" not in everlit(tmp_path, "network", "list").stderr
