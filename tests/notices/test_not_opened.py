"""A channel nobody opens keeps nobody waiting: its messages go on at once, and whoever no channel reaches is listed."""

from datetime import timedelta

import pytest

from everlit.kernel import Severity
from everlit.notices.channels.configured import UnableToOpenChannels, channels_from, unopened
from everlit.notices.channels.inbox import KeptHere
from everlit.notices.channels.not_opened import REASON, NotOpened
from everlit.notices.store import queue
from everlit.platform.database import writing
from tests.notices.town import DAY, NIGHT, NOON, WHO, Gateway, Town, account, delegate, spans


@pytest.fixture
def town(database_url) -> Town:
    return Town(database_url)


def ways(town: Town) -> list[tuple[str, str]]:
    return [(channel, state) for *_, channel, state in town.rows("channel", "state")]


def test_messages_go_on_along_the_ways_a_reader_allows_at_once(town) -> None:
    town.people([
        account("A", "a", "sms", "email"), account("B", "a", "sms", "!email"), account("C", "a", "email", quiet=NIGHT),
    ])  # fmt: skip
    town.announce({"a": spans()})
    email, door, before = Gateway("email"), Gateway("door"), town.now
    town.send(NotOpened("sms"), email, door)
    assert [message.facts["customer"] for message in email.messages] == ["C", "A"]
    assert [message.facts["customer"] for message in door.messages] == ["B"]
    assert sorted(ways(town)) == [
        ("door", "accepted"), ("email", "accepted"), ("email", "accepted"), ("sms", "refused"), ("sms", "refused"),
    ]  # fmt: skip
    assert town.now - before < timedelta(seconds=5) and not town.notices.centre().undelivered("O-1")


def test_thousands_on_a_closed_channel_are_not_paced_like_sent_ones(town) -> None:
    town.people(account(f"A{number}", "a", "sms") for number in range(600))
    town.announce({"a": spans()})
    before = town.now
    town.send(NotOpened("sms"), Gateway("door"), rates={"door": 1e6})
    assert town.now - before < timedelta(seconds=1)
    assert set(ways(town)) == {("sms", "refused"), ("door", "accepted")}


def test_whoever_no_channel_reaches_is_listed_alarmed_and_signed_for(town) -> None:
    nowhere = account("A", "a", "sms", life_support=True)
    object.__setattr__(nowhere, "address", "")
    town.people([nowhere, account("B", "a", "sms")], [delegate("P", "B")])
    town.announce({"a": spans()})
    town.send(NotOpened("sms"), KeptHere("door"))
    found = town.notices.centre().undelivered("O-1")
    assert [one.customer for one in found] == ["A", "contact:P"]
    assert all(one.tried == {"sms": REASON, "door": "no address on this channel"} for one in found)
    town.now = DAY.start - timedelta(days=7) + timedelta(hours=1)
    late = [one for one in town.notices.alarms("town") if one.kind == "notices.late"]
    assert [one.severity for one in late] == [Severity.ERROR] and "2 notices" in late[0].message.en
    town.notices.sign("town", "O-1", "A", signed_by="wang", how="visit", actor=WHO)
    assert [one.customer for one in town.notices.centre().undelivered("O-1")] == ["contact:P"]
    (late,) = (one for one in town.notices.alarms("town") if one.kind == "notices.late")
    assert "1 notices" in late.message.en


def test_a_doubt_on_a_channel_that_was_closed_since_ends_on_the_next_one(town) -> None:
    town.people([account("A", "a", "sms")])
    town.announce({"a": spans()})
    with writing(town.engine) as connection:
        queue.claim(connection, "sms", limit=1, now_s=int(NOON.timestamp()), lease_s=60, token="lost")
    door = Gateway("door")
    for _ in range(60):
        town.now += timedelta(minutes=30)
        town.send(NotOpened("sms"), door)
    assert [message.facts["customer"] for message in door.messages] == ["A"]


def test_what_another_sender_serves_is_left_to_it() -> None:
    def clock():
        return NOON

    def names(**environment: str) -> list[str]:
        return [one.name for one in unopened(environment, channels_from(environment, clock=clock))]

    assert names() == ["sms", "email", "webhook"]
    assert names(EVERLIT_SENT_ELSEWHERE="sms, email") == ["webhook"]
    assert names(EVERLIT_REHEARSAL="1", EVERLIT_SMS_URL="https://sms.example") == []
    with pytest.raises(UnableToOpenChannels):
        names(EVERLIT_SENT_ELSEWHERE="pigeon")


def test_a_gateway_that_says_late_that_it_did_not_arrive_hands_on_once(town) -> None:
    town.people([account("A", "a", "sms", "email"), account("B", "a", "sms")])
    town.announce({"a": spans()})
    town.send(Gateway("sms"))
    receipts = [receipt for *_, receipt in town.rows("receipt")]
    assert [town.notices.report("sms", receipt, delivered=False) for receipt in [*receipts, *receipts]] == [1, 1, 0, 0]
    assert sorted(ways(town)) == [
        ("door", "queued"), ("email", "queued"), ("sms", "given_up"), ("sms", "given_up"),
    ]  # fmt: skip
    email = Gateway("email")
    town.send(email, Gateway("door"))
    assert [message.facts["customer"] for message in email.messages] == ["A"]


def test_a_report_that_it_arrived_hands_nothing_on(town) -> None:
    town.people([account("A", "a", "sms", "email")])
    town.announce({"a": spans()})
    town.send(Gateway("sms"))
    [(*_, receipt)] = town.rows("receipt")
    assert town.notices.report("sms", receipt, delivered=True) == 1
    assert ways(town) == [("sms", "delivered")]


def test_a_long_list_of_the_unreached_leaves_the_least_important_out(town, monkeypatch) -> None:
    monkeypatch.setattr("everlit.notices.store.undelivered.MOST", 1)
    pressing = account("B", "a", "sms", life_support=True)
    people = [account("A", "a", "sms"), pressing, account("C", "a", "sms")]
    for one in people:
        object.__setattr__(one, "address", "")
    town.people(people)
    town.announce({"a": spans()})
    town.send(NotOpened("sms"), KeptHere("door"))
    assert [one.customer for one in town.notices.centre().undelivered("O-1")] == ["B"]
