"""The notice centre on pages: what needs somebody, what was said in its words, receipts by form, who was told and off."""

from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from everlit.platform.database import sqlite_url
from everlit.web import create_site
from tests.control.conftest import BACK, NETWORK, OUT, START, Room


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(sqlite_url(tmp_path), tmp_path, customers=True)


@pytest.fixture
def client(room: Room) -> TestClient:
    cookies = {"actor": "sun", "role": "marketing", "lang": "en"}
    return TestClient(create_site(room.app, network=NETWORK), base_url="http://127.0.0.1", cookies=cookies)


def test_what_waits_for_nothing_and_what_is_owed_stands_on_top(client: TestClient, room: Room):
    text = client.get("/notices").text
    queue = {(row["channel"], row["state"]): row["count"] for row in room.app.notices.centre().queue(NETWORK)}
    assert f"{queue['sms', 'queued']} messages wait for a channel that is not set up: text message." in text
    room.now = START - timedelta(days=7, hours=3)
    assert "notices are not delivered" in client.get("/notices").text
    chinese = client.get("/notices?lang=zh").text
    assert "需要立即处理" in chinese and "距时限" in chinese and "短信" in chinese


def test_an_event_is_said_in_both_languages_and_signed_for_by_form(client: TestClient, room: Room):
    room.app.send_due()
    path = f"/notices/{room.outage}"
    text = client.get(path).text
    (words,) = room.app.notices.centre().words(room.outage)
    for language in ("zh", "en"):
        assert (
            words["texts"][language]["long"]["reader"] in text and "08:" in words["texts"][language]["long"]["reader"]
        )
    account = next(
        row["account_id"] for row in room.app.customers.page(NETWORK, limit=1000)
        if any(one["state"] == "accepted" for one in room.app.notices.told_account(NETWORK, row["account_id"]))
    )  # fmt: skip
    form = {"do": "sign", "account_id": account, "signed_by": "王 <b>医生</b>", "how": "visit"}
    done = client.post(path, data=form)
    assert done.status_code == 200 and "王 &lt;b&gt;医生&lt;/b&gt;" in done.text
    assert client.post(path, data=form | {"signed_by": ""}).status_code == 422
    client.cookies.set("role", "planner")
    assert "Receipts are entered by marketing" in client.post(path, data=form).text
    assert client.get("/notices/nothing").status_code == 404


def test_after_the_outage_everybody_is_accounted_for(client: TestClient, room: Room):
    room.app.send_due()
    room.begun()
    assert "not reached" not in client.get("/now").text, "the door took over where no other channel is set up"
    room.walk(OUT, START)
    room.returning(START + timedelta(hours=4))
    room.walk(BACK, room.now)
    room.restored(room.now + timedelta(minutes=1))
    found = room.app.notices.centre().reconciliation(room.outage)
    assert found is not None and found["causes"]["undelivered"] > 300
    text = client.get(f"/notices/{room.outage}").text
    assert f"<b>{found['causes']['undelivered']}</b> message not delivered" in text
    assert client.post(f"/notices/{room.outage}", data={"do": "compare"}).status_code == 200
    assert '<th scope="row" class="nowrap">2026-06</th>' in client.get("/notices").text
