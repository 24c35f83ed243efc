"""The inbox: nothing leaves, nothing is lost, and the newest word about an event stands on top."""

import asyncio
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from everlit.notices.channel import Sent
from everlit.notices.channels.inbox import KeptHere, Letter, inbox
from tests.notices.channels.messages import NOW, message


def letter(event: str, version: int, *, minutes: int = 0, read: bool = False, key: str = "") -> Letter:
    facts = {"event_id": event, "version": version}
    at = NOW + timedelta(minutes=minutes)
    return Letter(message(key=key or f"{event}-{version}", facts=facts), at, at if read else None)


def test_a_letter_is_there_at_once():
    for channel in (KeptHere("inbox"), KeptHere("door")):
        answers = [asyncio.run(channel.send(message())), asyncio.run(channel.lookup(message(), ""))]
        assert [(one.sent, one.receipt) for one in answers] == [(Sent.ACCEPTED, message().key)] * 2 and channel.keyed


def test_a_correction_stands_above_what_it_replaced_and_is_news_again():
    entries = inbox([letter("a", 1, read=True), letter("b", 1, minutes=5, read=True), letter("a", 2, minutes=9)])
    assert [(entry.newest.message.key, entry.unread) for entry in entries] == [("a-2", True), ("b-1", False)]
    assert [one.message.key for one in entries[0].replaced] == ["a-1"]


def test_a_letter_that_came_twice_stands_once_and_one_about_nothing_stands_alone():
    nothing = Letter(message(key="n", facts={}), NOW)
    entries = inbox([letter("a", 1), letter("a", 1, minutes=1), nothing])
    assert [(entry.newest.message.key, entry.replaced) for entry in entries] == [("a-1", ()), ("n", ())]


@given(
    st.lists(st.builds(letter, st.sampled_from("abc"), st.integers(1, 4), minutes=st.integers(0, 9)), max_size=12),
    st.randoms(),
)
def test_no_letter_is_lost_and_the_order_of_arrival_does_not_matter(letters, random):
    by_key = {one.message.key: one for one in letters}
    shuffled = list(by_key.values())
    random.shuffle(shuffled)
    entries = inbox(shuffled)
    assert entries == inbox(by_key.values())
    assert sorted(one.message.key for entry in entries for one in (entry.newest, *entry.replaced)) == sorted(by_key)
    for entry in entries:
        assert all(entry.newest.order > one.order for one in entry.replaced)
    assert [entry.newest.at for entry in entries] == sorted((entry.newest.at for entry in entries), reverse=True)
