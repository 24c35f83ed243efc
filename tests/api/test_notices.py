"""Notices over HTTP: state, receipts, signed reports of a gateway, published feeds read by libraries nobody tuned."""

import json
import time
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from fastapi.testclient import TestClient

from everlit.api import create_api
from everlit.api.sending import sending
from everlit.notices.channels.signature import signed_headers
from everlit.notices.service import SIGNERS
from everlit.planning.lifecycle import OUTAGE_TRANSITIONS, Command
from everlit.planning.model import Role
from everlit.planning.roles import MAY
from everlit.platform.database import sqlite_url
from tests.control.conftest import NETWORK, START, Room
from tests.notices.town import important, without_door

SECRET = "a secret of sixteen octets"
SUN = {"X-Actor": "sun", "X-Role": "marketing"}


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(sqlite_url(tmp_path), tmp_path, customers=True)


@pytest.fixture
def client(room: Room) -> TestClient:
    api = create_api(room.app)
    api.state.network = NETWORK
    return TestClient(api, base_url="http://127.0.0.1", raise_server_exceptions=False)


def test_overview_names_what_waits_for_nothing(client: TestClient, room: Room):
    answer = client.get("/api/notices").json()
    assert answer["unserved"] == ["email", "sms"]
    assert [one["event_id"] for one in answer["events"]] == [room.outage]
    status = client.get(f"/api/notices/events/{room.outage}").json()
    assert sum(row["count"] for row in status["counts"]) == sum(row["count"] for row in answer["queue"])
    assert client.get("/api/notices/events/nothing").status_code == 404
    assert client.get(f"/api/notices/events/{room.outage}/reconciliation").status_code == 404
    early = client.post(f"/api/notices/events/{room.outage}/reconciliation", headers=SUN)
    assert (early.status_code, early.headers["content-type"]) == (409, "application/problem+json")
    wrong = client.post(f"/api/notices/events/{room.outage}/queue", headers=SUN | {"X-Role": "planner"})
    assert wrong.status_code in (403, 409, 422) and wrong.json()["title_zh"]


def test_receipts_are_kept_by_those_who_may(client: TestClient, room: Room):
    room.app.send_due()
    account = next(
        row["account_id"] for row in room.app.customers.page(NETWORK, limit=1000)
        if any(one["state"] == "accepted" for one in room.app.notices.told_account(NETWORK, row["account_id"]))
    )  # fmt: skip
    path, body = f"/api/notices/events/{room.outage}/receipts", {"account_id": account, "signed_by": "王"}
    assert client.post(path, json=body, headers=SUN).status_code == 201
    assert client.post(path, json=body, headers=SUN | {"X-Role": "planner"}).status_code == 403
    assert client.post(path, json=body | {"how": "pigeon"}, headers=SUN).status_code == 422
    assert client.get(f"/api/notices/accounts/{account}").json()[0]["state"] == "delivered"


def test_who_may_tell_and_who_may_sign_is_what_the_tables_say(client: TestClient, room: Room):
    important(room.app.engine)
    room.app.send_due()
    signing = client.get(f"/api/notices/events/{room.outage}").json()["unsigned"][0]["account_id"]
    body = {"account_id": signing, "signed_by": "王"}
    for role in Role:
        acting = {"X-Actor": "sun", "X-Role": role.value}
        told = client.post(f"/api/notices/events/{room.outage}/queue", headers=acting)
        assert told.status_code == (200 if role in MAY["notices.queue"] else 403), role
        signed = client.post(f"/api/notices/events/{room.outage}/receipts", json=body, headers=acting)
        assert signed.status_code == (201 if role in SIGNERS else 403), role
    assert MAY["notices.queue"] == {Role.MARKETING} == roles_that(Command.NOTIFY)


def roles_that(command: Command) -> set[Role]:
    """Roles the lifecycle gives a command to, in any state."""
    return {role for row in OUTAGE_TRANSITIONS if row.command is command for role in row.roles}


def test_whom_no_channel_reached_is_listed_and_printed(client: TestClient, room: Room):
    path = f"/api/notices/events/{room.outage}/undelivered"
    assert client.get(path).json() == [] and client.get(f"{path}.pdf").json()["title_zh"]
    without_door(room.app.engine, 3)
    room.app.send_due()
    nowhere = client.get(path).json()
    assert len(nowhere) == 3 and all(list(one["tried"])[-1] == "door" for one in nowhere)
    for language in ("zh", "en"):
        printed = client.get(f"{path}.pdf", params={"language": language})
        assert (printed.status_code, printed.content[:5]) == (200, b"%PDF-")
    assert client.get("/api/notices/events/nothing/undelivered").status_code == 404


def test_only_a_signed_report_of_the_gateway_counts(client: TestClient, room: Room, monkeypatch: pytest.MonkeyPatch):
    body, at = json.dumps([{"receipt": "r-1", "state": "delivered"}]).encode(), int(room.now.timestamp())
    path = "/api/notices/reports/sms"
    headers = signed_headers(SECRET.encode(), key="k", at=at, body=body)
    assert client.post(path, content=body, headers=headers).status_code == 401
    monkeypatch.setenv("EVERLIT_SMS_URL", "https://sms.example/v1")
    monkeypatch.setenv("EVERLIT_SMS_SECRET", SECRET)
    assert client.post(path, content=body, headers=headers).json() == {"reports": 1, "known": 0}
    assert client.post(path, content=body + b" ", headers=headers).status_code == 401
    old = signed_headers(SECRET.encode(), key="k", at=at - 3600, body=body)
    assert client.post(path, content=body, headers=old).status_code == 401
    noise = signed_headers(SECRET.encode(), key="k", at=at, body=b"{")
    assert client.post(path, content=b"{", headers=noise).status_code == 422


def test_feeds_say_the_outage_and_nobody_in_it(client: TestClient, room: Room):
    east, west = (client.get("/api/notices/calendar.ics", params={"unit": unit}).text for unit in ("east", "west"))
    assert (east.count("BEGIN:VEVENT"), west.count("BEGIN:VEVENT")) == (1, 0)
    assert f"UID:{room.outage}@everlit.invalid" in east
    assert client.get("/api/notices/calendar.ics", params={"feeder": "nowhere"}).status_code == 404
    alert = ElementTree.fromstring(client.get(f"/api/notices/events/{room.outage}/cap").content)
    space = "{urn:oasis:names:tc:emergency:cap:1.2}"
    assert [one.text for one in alert.iter(f"{space}language")] == ["zh-CN", "en"]
    assert alert.findtext(f"{space}status") == "Test"  # nobody said whose the identities are
    assert client.get("/api/notices/odin", params={"format": "json"}).json() == {"PubOutages": {"Outage": []}}
    room.now = START + timedelta(minutes=10)
    assert len(client.get("/api/notices/odin", params={"format": "json"}).json()["PubOutages"]["Outage"]) == 1
    for name in ("doors.pdf", "list.pdf"):
        assert client.get(f"/api/notices/events/{room.outage}/{name}").content.startswith(b"%PDF")


def test_the_server_sends_what_is_due_and_stops_cleanly(room: Room):
    with TestClient(create_api(room.app, lifespan=sending(room.app)), base_url="http://127.0.0.1"):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and "queued" in _states(room):
            time.sleep(0.05)
    assert _states(room) == {"accepted", "refused"}
    counts = room.app.notices.status(room.outage)["counts"]
    assert all(row["channel"] == "door" for row in counts if row["state"] == "accepted"), "no other channel is open"


def _states(room: Room) -> set[str]:
    return {row["state"] for row in room.app.notices.status(room.outage)["counts"]}
