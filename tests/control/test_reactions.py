"""What people hear while an outage is carried out: delays once, darkness nobody planned at once, supply when it is back."""

from collections import Counter
from datetime import timedelta

import pytest

from everlit.policies import ASTRAY
from everlit.switching.step import SWITCHED
from tests.control.conftest import BACK, NETWORK, OUT, START, Room

MINUTE = timedelta(minutes=1)


@pytest.fixture
def room(tmp_path) -> Room:
    room = Room(f"sqlite:///{tmp_path / 'everlit.db'}", tmp_path, customers=True)
    return room.begun()


def told(room, event):
    """Accounts of an event by kind of notice, whatever the channel."""
    found: dict[str, set[str]] = {}
    for account in room.app.customers.page(NETWORK, limit=1000):
        for row in room.app.notices.told_account(NETWORK, account["account_id"]):
            if row["event_id"] == event:
                found.setdefault(row["kind"], set()).add(account["account_id"])
    return found


def living_at(room, *loads):
    return {row["account_id"] for row in room.app.customers.page(NETWORK, limit=1000) if row["consumer_id"] in loads}


def test_a_delay_is_told_once_to_those_who_are_off_and_again_only_half_an_hour_later(room):
    announced = told(room, room.outage)["planned"]
    room.tell(OUT, 1, START + timedelta(hours=2))
    assert told(room, room.outage)["delayed"] == announced
    before = Counter(row["kind"] for name in announced for row in room.app.notices.told_account(NETWORK, name))
    room.tell(OUT, 2, room.now + MINUTE)
    after = Counter(row["kind"] for name in announced for row in room.app.notices.told_account(NETWORK, name))
    assert after == before, "a minute more is no news"


def test_whoever_is_dead_against_the_plan_hears_it_and_hears_when_it_is_over(room):
    steps, event = room.steps[OUT], f"{room.outage}{ASTRAY}"
    cut = next(step for step in steps if step.action in SWITCHED and step.device == "A1")
    for step in steps:
        given = {"device": "A0", "note": "A1 was stuck"} if step is cut else {}
        room.tell(OUT, step.number, START + step.at_min * MINUTE, **given)
    assert told(room, event) == {"fault": living_at(room, "c-a")}
    back_at = START + timedelta(hours=3)
    room.returning(back_at)
    for step in room.steps[BACK]:
        given = (
            {"device": "A0", "note": "A0 was the one opened"} if step.device == "A1" and step.action in SWITCHED else {}
        )
        room.tell(BACK, step.number, back_at + step.at_min * MINUTE, **given)
    assert told(room, event)["restored_early"] == living_at(room, "c-a")


def test_going_by_the_plan_says_nothing(room):
    before = told(room, room.outage)
    room.walk(OUT, START)
    assert told(room, room.outage) == before and not told(room, f"{room.outage}{ASTRAY}")
