"""What people hear while an outage is carried out: delays once, darkness nobody planned at once, supply when it is back."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from everlit.app import UnableToReconcile
from everlit.policies import ASTRAY
from everlit.switching.step import SWITCHED
from tests.control.conftest import BACK, CREW, NETWORK, OUT, START, Room
from tests.notices.town import Gateway

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


def send(room):
    """Everything that is due leaves, by gateways that take it."""
    gateways = [Gateway(name) for name in ("sms", "email", "inbox", "door", "webhook")]
    asyncio.run(room.app.notices.dispatcher(gateways).run())
    return Counter(message.facts["event_id"] for gateway in gateways for message in gateway.messages)


def walk_astray(room, way, begun):
    """Every step of a ticket, A0 operated wherever it says A1."""
    for step in room.steps[way]:
        other = step.device == "A1" and step.action in SWITCHED
        given = {"device": "A0", "note": "A1 was stuck"} if other else {}
        room.tell(way, step.number, begun + step.at_min * MINUTE, **given)


def test_whoever_is_dead_against_the_plan_hears_it_once_and_hears_when_it_is_over(room):
    event, concerned = f"{room.outage}{ASTRAY}", living_at(room, "c-a")
    walk_astray(room, OUT, START)
    assert told(room, event) == {"fault": concerned}
    (said,) = room.app.notices.status(event)["announcements"]
    off = room.app.control.execution(room.outage).astray.as_json()["dead"]["households"]
    assert said["version"] == 1, "the same darkness is no news at the next step"
    assert said["facts"]["area"]["en"] == f"parts of FA (about {off} households)"
    assert send(room)[event] >= len(concerned)
    back_at = START + timedelta(hours=3)
    room.returning(back_at)
    walk_astray(room, BACK, back_at)
    assert told(room, event) == {"fault": concerned, "restored_early": concerned}


def test_what_was_over_before_it_was_told_is_not_told(room):
    walk_astray(room, OUT, START)
    back_at = START + timedelta(hours=3)
    room.returning(back_at)
    walk_astray(room, BACK, back_at)
    assert f"{room.outage}{ASTRAY}" not in send(room)


def test_going_by_the_plan_says_nothing(room):
    before = told(room, room.outage)
    room.walk(OUT, START)
    assert told(room, room.outage) == before and not told(room, f"{room.outage}{ASTRAY}")


def test_who_heard_of_darkness_against_the_plan_is_compared_in_a_row_of_its_own(room):
    event, concerned = f"{room.outage}{ASTRAY}", living_at(room, "c-a")
    walk_astray(room, OUT, START)
    room.now += 10 * MINUTE
    send(room)
    back_at = START + timedelta(hours=3)
    room.returning(back_at)
    walk_astray(room, BACK, back_at)
    room.restored(back_at + timedelta(hours=1))
    found = room.app.notices.centre().reconciliation(event)
    assert (found["dead"], found["unplanned"]) == (len(concerned), True)
    assert found["told"] == found["right"] > 0.9 * len(concerned), "heard while it lasted"
    assert set(found["causes"]) <= {"no_contact"} and found["right"] + sum(found["causes"].values()) == found["dead"]
    planned, against = room.app.notices.trend(NETWORK)
    assert (planned["unplanned"], against["unplanned"]) == (False, True) and against["right"] == found["right"]
    assert planned["causes"]["step_changed"] > 0.9 * len(concerned), "in the outage itself nobody was told before"
    again = room.app.reconcile(event, actor=CREW)
    assert again.unplanned and again.right == found["right"]
    reviewed = room.app.planning.review_month(NETWORK, f"{START:%Y-%m}")
    told = next(one for one in reviewed.indices if one.key == "told")
    assert (told.numerator, told.denominator) == (
        planned["right"],
        planned["told"] + planned["dead"] - planned["right"],
    )


def test_who_never_heard_of_darkness_against_the_plan_is_missed_for_that_reason(room):
    event, concerned = f"{room.outage}{ASTRAY}", living_at(room, "c-a")
    walk_astray(room, OUT, START)
    back_at = START + timedelta(hours=3)
    room.returning(back_at)
    walk_astray(room, BACK, back_at)
    room.restored(back_at + timedelta(hours=1))
    found = room.app.notices.centre().reconciliation(event)
    assert (found["dead"], found["right"]) == (len(concerned), 0)
    assert sum(found["causes"].values()) == len(concerned) and "step_changed" not in found["causes"]


def test_an_outage_that_went_by_the_plan_has_nothing_against_it(room):
    room.walk(OUT, START)
    back_at = START + timedelta(hours=5)
    room.returning(back_at)
    room.walk(BACK, back_at)
    room.restored(back_at + timedelta(hours=1))
    assert room.app.notices.centre().reconciliation(f"{room.outage}{ASTRAY}") is None
    with pytest.raises(UnableToReconcile):
        room.app.reconcile(f"{room.outage}{ASTRAY}", actor=CREW)


def test_the_review_of_the_month_counts_who_was_told_and_off(room):
    send(room)
    room.walk(OUT, START)
    back_at = START + timedelta(hours=5)
    room.returning(back_at)
    room.walk(BACK, back_at)
    room.restored(back_at + timedelta(hours=1))
    (compared,) = room.app.notices.trend(NETWORK)
    reviewed = room.app.planning.review_month(NETWORK, f"{START:%Y-%m}")
    told = next(one for one in reviewed.indices if one.key == "told")
    assert told.numerator == compared["right"] > 0
    assert told.denominator == compared["told"] + compared["dead"] - compared["right"]
