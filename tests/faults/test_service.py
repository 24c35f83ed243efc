"""Location on a store, from the command line and over HTTP: the state of that time, rules in force, what is refused."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from everlit.api import create_api
from everlit.app import App
from everlit.cli.main import application
from everlit.faults.model import Signal, SignalKind
from everlit.planning.policies import local_row
from everlit.platform.events import Actor

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
DISPATCHER = Actor("Wu", "dispatcher")
K = SignalKind
PATH = ("s1", "s2", "s3")
SIGNALS = [
    {"source": "ftu", "source_id": name, "kind": "overcurrent", "subject": name, "value": name in PATH,
     "occurred_at": NOON.isoformat()}
    for name in (f"s{number}" for number in range(1, 33))
]  # fmt: skip


@pytest.fixture
def app(tmp_path):
    return App.open(tmp_path, clock=lambda: NOON + timedelta(hours=1))


@pytest.fixture
def client(app):
    with TestClient(create_api(app), base_url="http://localhost") as client:
        yield client


def gasp(load, minutes=0):
    when = NOON + timedelta(minutes=minutes)
    return Signal("ams", load, K.POWER_OFF, load, True, when, when)


def loads_under(app, switch):
    """Loads that hang under a switch of the 33-bus network in the normal state."""
    grid = app.grid("case33")
    label = int(grid.node_behind_switch[grid.switch(switch)])
    inside = (grid.consumer_node >= label) & (grid.consumer_node < grid.node_last[label])
    names = grid.network.tables["consumers"].column(0)
    return [names[row].as_py() for row in inside.nonzero()[0].tolist()]


def test_whoever_is_dark_by_recorded_work_is_explained_by_it(app):
    off = [gasp(load, 20) for load in loads_under(app, "s18")]
    assert len(off) >= 3
    before, _ = app.faults.locate("case33", off)
    assert before.faults_expected > 0.5 and not before.explained
    app.operate("case33", "s18", closed=False, actor=DISPATCHER, at=NOON + timedelta(minutes=10))
    seen_open = Signal(
        "scada", "18", K.POSITION, "s18", True, NOON + timedelta(minutes=10), NOON + timedelta(minutes=10)
    )
    after, _ = app.faults.locate("case33", [*off, seen_open])
    assert set(after.explained) == {one.subject for one in off}
    assert after.faults_expected < 0.01


def test_a_breaker_that_tripped_stands_as_before_the_signals_came(app):
    app.operate("case33", "s1", closed=False, actor=DISPATCHER, at=NOON)
    trip = Signal("scada", "1", K.TRIP, "s1", True, NOON, NOON)
    found, _ = app.faults.locate("case33", [trip, *(gasp(load) for load in loads_under(app, "s1"))])
    assert not found.explained
    assert found.devices[0].equipment == "s1" and found.devices[0].p > 0.9


def test_what_had_not_arrived_was_not_known(app):
    late = Signal("scada", "1", K.TRIP, "s1", True, NOON, NOON + timedelta(minutes=30))
    assert app.faults.locate("case33", [late], at=NOON + timedelta(minutes=29))[0].signals == 0
    assert app.faults.locate("case33", [late], at=NOON + timedelta(minutes=30))[0].signals == 1


def test_a_local_row_says_how_far_a_source_is_believed(app):
    hit = [Signal("ftu", name, K.OVERCURRENT, name, True, NOON, NOON) for name in PATH]
    before = app.faults.locate("case33", hit)[0].faults_expected
    row = local_row(app.planning.policies(), "fault.overcurrent.false", value=0.3, since=date(2026, 1, 1))
    app.planning.set_policy(row, actor=Actor("Li", "planner"))
    assert app.faults.locate("case33", hit)[0].faults_expected < before / 10


def test_over_http(client):
    answer = client.post("/api/faults/locate?network=case33", json={"signals": SIGNALS}).json()
    assert answer["places"][0]["section"] == "sec:b3.s3" and answer["places"][0]["p"] > 0.7
    assert answer["places"][0]["reasons"] and answer["findings"] == [] and answer["rows"] == 32
    file = {"file": ("signals.json", json.dumps(SIGNALS))}
    assert client.post("/api/faults/locate/file?network=case33", files=file).json()["places"] == answer["places"]


def test_faulty_records_are_told_and_the_rest_is_used(client):
    wrong = [*SIGNALS, {"kind": "howl"}, {"source": "x", "source_id": "y", "kind": "call", "subject": "nobody",
             "occurred_at": NOON.isoformat()}]  # fmt: skip
    answer = client.post("/api/faults/locate?network=case33", json={"signals": wrong}).json()
    kinds = {finding["kind"] for finding in answer["findings"]}
    assert {"signals.choice", "fault.signal.unknown"} <= kinds
    assert answer["places"][0]["section"] == "sec:b3.s3"
    broken = client.post("/api/faults/locate/file?network=case33", files={"file": ("signals.pdf", b"%PDF")})
    assert broken.status_code == 422 and broken.json()["findings"][0]["kind"] == "signals.file.format"


def test_at_the_command_line(tmp_path, monkeypatch):
    monkeypatch.setenv("EVERLIT_HOME", str(tmp_path / "home"))
    file = tmp_path / "signals.json"
    file.write_text(json.dumps(SIGNALS), encoding="utf-8")
    words = ["faults", "locate", "--network", "case33", "--signals", str(file), "--at", "2026-06-01T12:30:00+00:00"]
    answer = CliRunner().invoke(application, [*words, "--json"])
    assert answer.exit_code == 0 and json.loads(answer.stdout)["places"][0]["section"] == "sec:b3.s3"
    shown = CliRunner().invoke(application, words, env={"COLUMNS": "150"})
    assert shown.exit_code == 0 and "sec:b3.s3" in shown.stdout
    file.write_text(json.dumps([*SIGNALS, {"kind": "howl"}]), encoding="utf-8")
    assert CliRunner().invoke(application, [*words, "--json"]).exit_code == 1
