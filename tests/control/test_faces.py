"""Steps told over HTTP, from the command line and from a file; files that are none."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from everlit.api import create_api
from everlit.control.reading import UnableToReadSteps, read_steps
from everlit.switching.ticket import Direction
from tests.control.conftest import START, Room

MINUTE = timedelta(minutes=1)


@pytest.fixture
def room(tmp_path) -> Room:
    return Room(f"sqlite:///{tmp_path / 'everlit.db'}", tmp_path).begun()


def test_steps_over_http(room):
    client = TestClient(create_api(room.app), base_url="http://127.0.0.1", raise_server_exceptions=False)
    place, crew = f"/api/outages/{room.outage}/steps", {"X-Actor": quote("陈"), "X-Role": "crew"}
    room.now = START + timedelta(hours=1)
    planned = client.get(place).json()["ways"]["out"]
    assert planned["next"] == 1 and planned["done"] == 0 and planned["rows"][0]["done"] is None
    told = client.post(place, json=[{"way": "out", "number": 1, "at": (START + MINUTE).isoformat()}], headers=crew)
    assert told.status_code == 201 and told.json()["ways"]["out"]["rows"][0]["done"]["by"] == "陈"
    now = client.post(place, json=[{"way": "out", "number": 2}], headers=crew).json()
    assert now["ways"]["out"]["next"] == 3 and now["ways"]["out"]["late_min"] > 30
    refused = client.post(place, json=[{"way": "out", "number": 9}], headers=crew)
    assert refused.status_code == 422 and refused.json()["findings"][0]["kind"] == "control.step.skipped"
    assert client.post(place, json=[], headers=crew).status_code == 422
    assert client.get("/api/outages/nobody/steps").status_code == 404


def file_of(tmp_path, text):
    path = tmp_path / "steps.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_file_in_chinese_is_read(tmp_path):
    rows = "方向,序号,时间,设备,未执行,说明\n停电,1,2026-06-10T08:01+08:00,,否,\n送电,2,2026-06-10T12:00+08:00,K1,否,开关卡涩\n"
    steps = read_steps(file_of(tmp_path, rows.encode("gbk")), by="chen")
    assert [(one.way, one.number, one.device, one.note) for one in steps] == [
        (Direction.OUT, 1, "", ""), (Direction.BACK, 2, "K1", "开关卡涩"),
    ]  # fmt: skip
    assert steps[0].at == START + MINUTE


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "step.header"),
        ("way,number,at\n", "step.nothing"),
        ("number,at\n1,2026-06-10T08:01+08:00\n", "step.header"),
        ("way,number,at\nsideways,1,2026-06-10T08:01+08:00\n", "step.choice"),
        ("way,number,at\nout,none,2026-06-10T08:01+08:00\n", "step.number"),
        ("way,number,at\nout,1,yesterday\n", "step.time.unreadable"),
        ("way,number,at\nout,1,2026-06-10T08:01+08:00,x,y,z\n", "step.ragged"),
        (b"\xff\xfe\x00\x01", "step.encoding"),
    ],
)
def test_a_file_that_is_none_is_refused_with_its_reason(tmp_path, text, kind):
    with pytest.raises(UnableToReadSteps) as caught:
        read_steps(file_of(tmp_path, text), by="chen")
    (finding,) = caught.value.findings
    assert finding.kind == kind and finding.message.en and finding.message.zh


def test_steps_from_the_command_line(room, monkeypatch, capsys, tmp_path):
    import sys

    from everlit.app import App
    from everlit.cli import main

    room.now = START + timedelta(hours=1)
    monkeypatch.setattr(App, "open", classmethod(lambda _cls: room.app))
    monkeypatch.setenv("EVERLIT_LANG", "en")

    def everlit(*words):
        monkeypatch.setattr(sys, "argv", ["everlit", "plan", "steps", room.outage, *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main()
            raise SystemExit(0)
        return left.value.code or 0, capsys.readouterr().out

    assert everlit("--done", "out:1", "--done", "out:2", "--at", "2026-06-10T08:05", "--actor", "Chen")[0] == 0
    file = file_of(tmp_path, "way,number,at,left_out,note\nout,3,2026-06-10T08:09+08:00,yes,was open already\n")
    code, told = everlit("--import", file, "--actor", "Chen")
    assert code == 0 and "08:05:00" in told and "was open already" in told
    assert everlit("--done", "out:9", "--actor", "Chen")[0] == 1
    assert everlit("--done", "third")[0] == 2
    assert len(room.app.control.execution(room.outage).done) == 3
