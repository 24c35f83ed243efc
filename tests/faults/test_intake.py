"""Signals from the door to the log: over HTTP and at the command line, good rows kept and bad ones told, database up or down."""

import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from everlit.api import create_api
from everlit.api.signals import create_intake
from everlit.app import App
from everlit.cli.main import application
from everlit.customers.model import Account, Contact
from everlit.customers.store import keep_accounts
from everlit.kernel import Period
from everlit.planning.model import Role
from everlit.planning.roles import MAY
from everlit.platform.database import writing
from everlit.platform.events import Actor, history

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
NOW = NOON + timedelta(minutes=10)
DAY = Period(NOON - timedelta(hours=12), NOON + timedelta(hours=12))
HEAD_END = Actor("head end", "dispatcher")
DISPATCHER = {"X-Actor": "Wu", "X-Role": "dispatcher"}
SERVICE_DESK = {"X-Actor": "Sun", "X-Role": "marketing"}
URL = "/api/faults/signals?network=case33"


def said(number, **changes):
    row = {"source": "ams", "source_id": str(number), "kind": "power_off", "subject": f"c{number}",
           "occurred_at": "2026-06-01T20:00:00+08:00"}  # fmt: skip
    return row | changes


@pytest.fixture
def app(database_url, tmp_path):
    app = App.open(tmp_path, url=database_url, clock=lambda: NOW)
    yield app
    app.engine.dispose()


@pytest.fixture
def client(app):
    with TestClient(create_api(app), base_url="http://localhost") as client:
        yield client


def test_from_the_door_to_the_log(app, client):
    answer = client.post(URL, json=[said(1), said(2), said(1)], headers=DISPATCHER)
    assert answer.status_code == 202
    assert [(one["seq"], one["duplicate"]) for one in answer.json()["receipts"]] == [(1, False), (2, False), (3, True)]
    assert client.post(URL, json=said(3), headers=DISPATCHER).json()["accepted"] == 1
    assert client.get("/api/faults/intake").json()["backlog"] == 4
    drained = app.faults.drain(actor=HEAD_END)
    assert (drained.new, drained.duplicate, drained.refused, drained.findings) == (3, 1, 0, ())
    assert app.faults.drain(actor=HEAD_END).through == 0
    listed = client.get(f"{URL}&start=2026-06-01T00:00:00Z").json()
    assert [one["source_id"] for one in listed["signals"]] == ["1", "2", "3"] and not listed["more"]
    assert listed["signals"][0]["occurred_at"] == "2026-06-01T20:00:00+08:00", "the source's own offset"
    assert listed["signals"][0]["by"] == "Wu"
    state = client.get("/api/faults/intake").json()
    assert state["accepting"] and state["backlog"] == 0 and state["taken"] == 4
    with app.engine.connect() as connection:
        (event,) = [one for one in history(connection) if one.kind == "faults.drained"]
    assert event.body["new"] == 3 and event.body["through"] == 4


def test_good_rows_are_kept_and_bad_ones_told(app, client):
    rows = [said(1), said(2, kind="howl"), "nonsense", said(3, occurred_at="2026-06-01 12:00"), said(4, source=""),
            said(5, occurred_at="2026-06-02T12:00:00Z"), said(6, subject="x" * 121), said(7, value="no")]  # fmt: skip
    answer = client.post(URL, json=rows, headers=DISPATCHER).json()
    assert answer["accepted"] == 1
    assert {(one["kind"], one["evidence"].get("row")) for one in answer["findings"]} >= {
        ("signals.choice", 2), ("signals.cells", 3), ("signals.time.naive", 4), ("signals.missing", 5),
        ("signals.too_long", 7), ("signals.one_way", 8),
    }  # fmt: skip
    assert "signals.time.ahead" in {one["kind"] for one in answer["findings"]}
    assert all(one["message"]["zh"] and one["message"]["en"] for one in answer["findings"])
    assert client.post(URL, json=[said(2, kind="howl")], headers=DISPATCHER).status_code == 422
    assert client.post(URL, json=[said(1)] * 5001, headers=DISPATCHER).status_code == 422
    assert app.faults.drain(actor=HEAD_END).new == 1


def test_every_role_may_what_its_row_says(client):
    assert client.post(URL, json=said(1)).status_code == 403
    call = {"form": "agent", "usage_point": "c7"}
    for role in Role:
        acting = {"X-Actor": "Wu", "X-Role": role.value}
        taken = client.post(URL, json=said(1), headers=acting).status_code
        assert taken == (202 if role in MAY["faults.signals"] else 403), role
        called = client.post("/api/faults/calls?network=case33", json=call, headers=acting).status_code
        assert called == (202 if role in MAY["faults.calls"] else 403), role


def test_the_same_identity_with_other_words_is_refused_and_the_first_stands(app, client):
    client.post(URL, json=[said(1)], headers=DISPATCHER)
    client.post(URL, json=[said(1, subject="c9"), said(2)], headers=DISPATCHER)
    drained = app.faults.drain(actor=HEAD_END)
    assert (drained.new, drained.refused) == (2, 1)
    assert [one.kind for one in drained.findings] == ["signals.conflict"]
    assert [one.signal.subject for one in app.faults.signals("case33", DAY)] == ["c1", "c2"]


def test_a_network_nobody_knows_is_told_and_kept(app, client):
    client.get("/api/faults/intake")
    answer = client.post("/api/faults/signals?network=nowhere", json=said(1), headers=DISPATCHER).json()
    assert answer["accepted"] == 1 and answer["findings"][0]["kind"] == "signals.network.unknown"


@pytest.mark.parametrize("network", ["%00", "a%0Ab", "x" * 101, "%F0%9F"])
def test_a_name_no_network_can_have_stops_nothing_later(app, client, network):
    answer = client.post(f"/api/faults/signals?network={network}", json=said(1), headers=DISPATCHER)
    assert answer.status_code in (202, 422)
    client.post(URL, json=said(2), headers=DISPATCHER)
    app.faults.drain(actor=HEAD_END)
    assert [one.signal.source_id for one in app.faults.signals("case33", DAY)] == ["2"]


def test_a_call_finds_its_place_and_shows_no_number(app, client):
    homes = [Account("A1", "c7", Contact("A"), address="1 Mill Lane"), Account("A2", "c8", Contact("B"), address="2 Mill Lane"),
             Account("A3", "c9", Contact("C"), address="2 Mill Lane")]  # fmt: skip
    with writing(app.engine) as connection:
        keep_accounts(connection, "case33", homes)
    forms = [
        {"form": "agent", "call_id": "1", "account": "A2", "phone": "138 0000 5678", "said": "全楼停电"},
        {"form": "web", "call_id": "1", "address": "1 Mill Lane"},
        {"form": "ivr", "call_id": "1", "usage_point": "c11", "phone": "12345"},
        {"form": "web", "call_id": "2", "address": "2 Mill Lane"},
    ]
    answers = [client.post("/api/faults/calls?network=case33", json=form, headers=SERVICE_DESK) for form in forms]
    assert [one.status_code for one in answers] == [202] * 4
    assert answers[0].json()["told"]["phone"] == "138****5678"
    assert app.faults.drain(actor=HEAD_END).new == 4
    listed = client.get(f"{URL}&start=2026-06-01T00:00:00Z")
    places = {(one["source"], one["source_id"]): one["subject"] for one in listed.json()["signals"]}
    assert places == {
        ("call.agent", "1"): "c8", ("call.web", "1"): "c7", ("call.ivr", "1"): "c11", ("call.web", "2"): "",
    }, "two live there: nobody's place is guessed"  # fmt: skip
    assert "0000" not in listed.text and "全楼停电" in listed.text
    assert {one.subject for one in app.faults.evidence("case33")} == {"c7", "c8", "c11"}
    wrong = client.post("/api/faults/calls", json={"form": "fax", "phone": "x"}, headers=SERVICE_DESK)
    assert {one["kind"] for one in wrong.json()["findings"]} == {"call.choice", "call.phone", "call.place"}


def test_locate_reads_the_log_as_known_then(app, client):
    hits = [said(name, source="ftu", kind="overcurrent", subject=name, value=name in ("s1", "s2", "s3"))
            for name in ("s1", "s2", "s3", "s4", "s22")]  # fmt: skip
    client.post(URL, json=hits, headers=DISPATCHER)
    app.faults.drain(actor=HEAD_END)
    found = client.get("/api/faults/locate?network=case33").json()
    assert found["places"][0]["section"] == "sec:b3.s3" and found["signals"] == 5
    before = client.get(
        "/api/faults/locate", params={"network": "case33", "at": (NOW - timedelta(minutes=1)).isoformat()}
    )
    assert before.json()["signals"] == 0


def test_a_full_disk_is_told_and_nothing_counts_as_taken(app, client, monkeypatch):
    client.post(URL, json=said(1), headers=DISPATCHER)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        answer = client.post(URL, json=said(2), headers=DISPATCHER)
        assert answer.status_code == 503 and answer.json()["findings"][0]["kind"] == "signals.spool.unavailable"
        assert "No space left" in answer.json()["detail"]
    assert client.post(URL, json=said(3), headers=DISPATCHER).json()["receipts"][0]["seq"] == 2
    app.faults.drain(actor=HEAD_END)
    assert [one.signal.source_id for one in app.faults.signals("case33", DAY)] == ["1", "3"]


def test_a_folder_that_is_none_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EVERLIT_SPOOL", str(tmp_path / "file"))
    app = App.open(tmp_path, clock=lambda: NOW)
    with TestClient(create_intake(app), base_url="http://localhost") as client:
        assert client.post(URL, json=said(1), headers=DISPATCHER).status_code == 503
        state = client.get("/api/faults/intake").json()
        assert not state["accepting"] and "spool" in state["words"]["en"]


def test_the_database_goes_and_comes_back(tmp_path, monkeypatch):
    base = tmp_path / "base"
    base.mkdir()
    monkeypatch.setenv("EVERLIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EVERLIT_DATABASE_URL", f"sqlite:///{base / 'everlit.db'}")
    App.open().engine.dispose()
    shutil.move(base, tmp_path / "away")
    app = App.open(needed=False, clock=lambda: NOW)
    with TestClient(create_intake(app), base_url="http://localhost") as client:
        for number in range(3):
            assert client.post(URL, json=said(number), headers=DISPATCHER).status_code == 202
        state = client.get("/api/faults/intake").json()
        assert state["accepting"] and state["database_unreachable_since"] == NOW.isoformat() and state["taken"] == 3
        assert "unreachable since 2026-06-01T20:10:00+08:00" in state["words"]["en"]
        assert client.get(URL).status_code == 503
        assert CliRunner().invoke(application, ["faults", "intake", "--json"]).exit_code == 0
        shutil.move(tmp_path / "away", base)
        assert app.faults.drain(actor=HEAD_END).new == 3
        assert client.get("/api/faults/intake").json()["database_unreachable_since"] is None
        assert len(client.get(f"{URL}&start=2026-06-01T00:00:00Z").json()["signals"]) == 3


def test_at_the_command_line(tmp_path, monkeypatch):
    monkeypatch.setenv("EVERLIT_HOME", str(tmp_path / "home"))
    file = tmp_path / "signals.json"
    file.write_text(json.dumps([said(1, arrived_at="2026-06-01T20:05:00+08:00"), said(2), {"kind": "howl"}]))

    def run(*words):
        answer = CliRunner().invoke(application, ["faults", *words, "--json"], env={"EVERLIT_ACTOR": "Wu"})
        return answer.exit_code, json.loads(answer.stdout)

    case = ("--network", "case33")
    code, added = run("signals", "add", str(file), *case, "--arrived-as-told")
    assert code == 1 and added["accepted"] == 2 and added["findings"]
    assert run("intake")[1]["backlog"] == 2
    assert run("drain")[1]["new"] == 2
    since = ("--start", "2026-06-01T00:00:00Z")
    assert len(run("signals", "list", *case, *since)[1]) == 2
    known = run("signals", "list", *case, *since, "--known-at", "2026-06-01T20:01:00+08:00")[1]
    assert [one["source_id"] for one in known] == ["2"]
    code, found = run("locate", *case, "--at", "2026-06-01T20:06:00+08:00")
    assert code == 1 and [one["subject"] for one in found["findings"]] == ["c1"], "the network has no c1"
