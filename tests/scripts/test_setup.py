"""`./run` itself: what is done is remembered, what failed is not, and the machine's own package settings are kept."""

import os
import pwd
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts import commands, environments, gate, postgres
from scripts.progress import UnableToFinishStep, call
from scripts.registry import read_settings, uv_variables
from scripts.stamps import ROOT, digest, digest_tree, holds, stamped


def run(*words: str, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    bare = {"HOME": str(cwd), "PATH": "/usr/bin:/bin", **variables}
    return subprocess.run([str(ROOT / "run"), *words], cwd=cwd, env=bare, capture_output=True, text=True)


# ---------------------------------------------------------------------------------------------- stamps


def test_stamp_only_after_success(tmp_path):
    stamp = tmp_path / "stamp"
    with stamped(stamp, "one"):
        assert not stamp.exists()
    assert holds(stamp, "one")
    assert not holds(stamp, "two")
    for interruption in (KeyboardInterrupt, UnableToFinishStep):
        with pytest.raises(interruption), stamped(stamp, "two"):
            raise interruption
        assert not stamp.exists()


def test_digest_sees_every_change(tmp_path):
    (tmp_path / "a.lock").write_text("x==1")
    first = digest(tmp_path / "a.lock", "3.11")
    assert first == digest(tmp_path / "a.lock", "3.11") != digest(tmp_path / "a.lock", "3.12")
    (tmp_path / "a.lock").write_text("x==2")
    assert digest(tmp_path / "a.lock", "3.11") != first


def test_digest_of_a_tree_sees_names_and_contents(monkeypatch, tmp_path):
    monkeypatch.setattr("scripts.stamps.ROOT", tmp_path)
    (tmp_path / "web" / "node_modules").mkdir(parents=True)
    source = tmp_path / "web" / "map.ts"
    source.write_text("let a = 1")
    first = digest_tree([tmp_path / "web"])
    (tmp_path / "web" / "node_modules" / "x.js").write_text("not ours")
    assert digest_tree([tmp_path / "web"]) == first
    renamed = source.rename(tmp_path / "web" / "board.ts")
    second = digest_tree([tmp_path / "web"])
    renamed.write_text("let a = 2")
    assert len({first, second, digest_tree([tmp_path / "web"])}) == 3


def test_checks_environment_serves_the_product(monkeypatch, tmp_path):
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.touch()
    (tmp_path / environments.STAMP).write_text(environments.wanted("dev"))
    assert environments.ready(tmp_path, "base", "dev")
    assert not environments.ready(tmp_path, "base")
    (tmp_path / environments.STAMP).write_text("dev of another lock")
    assert not environments.ready(tmp_path, "base", "dev")
    assert environments.held(tmp_path) == "dev"
    filled = []
    monkeypatch.setattr(environments, "fill", lambda _folder, _uv, name, **_: filled.append(name))
    monkeypatch.setattr(environments, "installer", lambda: Path("uv"))
    environments.environment(tmp_path, from_lock="base", also=("dev",))
    assert filled == ["dev"], "a demo takes the checks' packages from nobody"


def test_base_python_is_outside_every_environment():
    assert not Path(environments.base_python()).is_relative_to(ROOT)


# -------------------------------------------------------------------------------------------- registry


def test_environment_ranks_over_files():
    listing = (
        "global.timeout='10'\ninstall.timeout='20'\n:env:.timeout='30'\nglobal.cert='/a b/c.crt'\nfreeze.timeout='9'\n"
    )
    assert read_settings(listing) == {"timeout": "30", "cert": "/a b/c.crt"}


def test_pip_settings_become_uv_variables():
    pip = {
        "index-url": "https://mirror.example/index",
        "extra-index-url": "\nhttps://a.example/index\nfile:///srv/index",
        "find-links": "/srv/wheels /srv/more",
        "trusted-host": "mirror.example",
        "cert": "/etc/ca.crt",
    }
    uv = uv_variables(pip, {})
    assert uv["UV_DEFAULT_INDEX"] == "https://mirror.example/index"
    assert uv["UV_INDEX"] == "https://a.example/index file:///srv/index"
    assert uv["UV_FIND_LINKS"] == "/srv/wheels,/srv/more"
    assert uv["SSL_CERT_FILE"] == "/etc/ca.crt"
    assert uv["UV_INSECURE_HOST"] == "mirror.example"
    assert "UV_NO_INDEX" not in uv


def test_what_is_set_for_uv_stays():
    assert "UV_DEFAULT_INDEX" not in uv_variables({"index-url": "x"}, {"UV_DEFAULT_INDEX": "y"})


# ------------------------------------------------------------------------------------- the run command


def test_usage_and_unknown_commands():
    assert "./run demo" in run("--help").stdout
    assert run("--help").returncode == 0
    unknown = run("dance")
    assert unknown.returncode == 2
    assert "./run demo" in unknown.stderr
    assert unknown.stdout == ""


def test_no_python_is_said_clearly(tmp_path):
    done = run("demo", EVERLIT_PYTHON="/no/such/python")
    assert done.returncode == 1
    assert "no Python 3.11 or newer was found" in done.stderr


def test_old_python_is_not_taken(tmp_path):
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")  # fails the version question
    old.chmod(0o755)
    assert run("demo", EVERLIT_PYTHON=str(old)).returncode == 1


BECOMES = """\
import sys
from pathlib import Path
from scripts.commands import become
become(sys.argv[1], ["-c", sys.argv[2]], cwd=Path.cwd())
"""


def test_passing_through_is_quiet_quick_and_keeps_the_folder(tmp_path):
    began = time.monotonic()
    program = [sys.executable, "-c", BECOMES, sys.executable, "import os; print(os.getcwd())"]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(program, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert (done.stdout, done.stderr, done.returncode) == (f"{tmp_path}\n", "", 0)
    assert time.monotonic() - began < 3
    began = time.monotonic()
    run("--help", cwd=tmp_path)
    assert time.monotonic() - began < 3


def test_a_refusal_is_a_message_and_a_number(monkeypatch, capsys):
    def refuse(words: list[str]) -> int:
        raise UnableToFinishStep("no registry")

    monkeypatch.setattr(commands, "COMMANDS", {"demo": refuse})
    assert commands.main(["demo"]) == 1
    said = capsys.readouterr()
    assert "no registry" in said.err
    assert "Traceback" not in said.err + said.out


def test_failing_call_shows_the_end_of_its_output():
    with pytest.raises(UnableToFinishStep, match=r"(?s)cannot install \(exit 3\).*line 99") as refusal:
        call(
            [sys.executable, "-c", "import sys; [print('line', n) for n in range(100)]; sys.exit(3)"],
            what="cannot install",
        )
    assert "line 10\n" not in str(refusal.value)
    with pytest.raises(UnableToFinishStep, match="could not be started"):
        call(["/no/such/program"], what="cannot install")


# ------------------------------------------------------------------------------------------------ gate


def test_closing_table_and_exit_code(capsys):
    passed = gate.check("mypy", lambda: "")

    def fails() -> str:
        raise UnableToFinishStep("failed (exit 1)")

    failed = gate.check("tests", fails)
    assert gate.close([passed], seconds=1.0) == 0
    assert "everything passed" in capsys.readouterr().out
    assert gate.close([passed, failed], seconds=1.0) == 1
    assert "FAILED: tests" in capsys.readouterr().out


def test_a_failing_tool_fails_its_check():
    assert gate.stream([sys.executable, "-c", "pass"], env=dict(os.environ)) == ""
    with pytest.raises(UnableToFinishStep, match="exit 7"):
        gate.stream([sys.executable, "-c", "raise SystemExit(7)"], env=dict(os.environ))


# ------------------------------------------------------------------------------------------- PostgreSQL


def test_postgres_lives_for_one_block_only(monkeypatch):
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import OperationalError

    monkeypatch.delenv("EVERLIT_TEST_POSTGRES_URL", raising=False)
    with postgres.postgres() as url:
        engine = create_engine(url)
        with engine.connect() as connection:
            assert connection.execute(text("SELECT 6 * 7")).scalar_one() == 42
            place = Path(connection.execute(text("SHOW data_directory")).scalar_one())
        engine.dispose()
        assert place.exists()
        if os.geteuid() == 0:
            assert pwd.getpwuid(place.stat().st_uid).pw_name != "root"
    assert not place.parent.exists()
    with pytest.raises(OperationalError):
        create_engine(url).connect()


def test_postgres_that_does_not_start_is_explained(monkeypatch, tmp_path):
    monkeypatch.delenv("EVERLIT_TEST_POSTGRES_URL", raising=False)
    for name in ("initdb", "postgres"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\necho broken on purpose; exit 1\n")
        program.chmod(0o755)
    monkeypatch.setattr(postgres, "installations", lambda: [tmp_path])
    with pytest.raises(UnableToFinishStep, match="EVERLIT_TEST_POSTGRES_URL"), postgres.postgres():
        pass


def test_a_given_server_is_taken(monkeypatch):
    monkeypatch.setenv("EVERLIT_TEST_POSTGRES_URL", "postgresql+psycopg://given")
    with postgres.postgres() as url:
        assert url == "postgresql+psycopg://given"
