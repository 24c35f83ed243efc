"""The page a crew has in its hand: the next step, told with one press; otherwise with the reason."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from everlit.web import create_site
from tests.control.conftest import NETWORK, OUT, START, Room


@pytest.fixture
def room(tmp_path) -> Room:
    return Room(f"sqlite:///{tmp_path / 'everlit.db'}", tmp_path)


def page(room, role="crew", lang="en"):
    cookies = {"actor": quote("陈"), "role": role, "lang": lang, "network": NETWORK}
    client = TestClient(create_site(room.app, network=NETWORK), base_url="http://127.0.0.1", cookies=cookies)
    return client, f"/outages/{room.outage}/steps"


def test_the_next_step_is_told_with_one_press(room):
    room.begun()
    client, place = page(room)
    first = room.steps[OUT][0]
    assert first.item.en in client.get(place).text
    room.now = START + timedelta(minutes=3)
    after = client.post(place, data={"way": "out", "number": "1"}, headers={"Origin": "http://127.0.0.1"})
    assert after.status_code == 200 and "陈" in after.text and "2 / " in after.text
    (done,) = room.app.control.execution(room.outage).done
    assert (done.at, done.by) == (room.now, "陈")


def test_what_was_done_otherwise_needs_its_reason(room):
    room.begun()
    client, place = page(room)
    body = {"way": "out", "number": "1", "left_out": "on", "at": "2026-06-10T08:00"}
    refused = client.post(place, data=body, headers={"Origin": "http://127.0.0.1"})
    assert "Say why it was done otherwise." in refused.text and room.app.control.execution(room.outage).done == ()
    client.post(place, data={**body, "note": "was open already"}, headers={"Origin": "http://127.0.0.1"})
    (done,) = room.app.control.execution(room.outage).done
    assert done.left_out and done.note == "was open already" and done.at == START


def test_who_may_not_tell_steps_sees_no_button_that_works(room):
    room.begun()
    client, place = page(room, role="planner", lang="zh")
    assert "disabled" in client.get(place).text and "步骤由作业班组或调度员登记。" in client.get(place).text


def test_before_and_after_there_is_nothing_to_press(room):
    client, place = page(room)
    assert '<button class="primary large"' not in client.get(place).text
    assert client.get("/outages/nobody/steps").status_code == 404
