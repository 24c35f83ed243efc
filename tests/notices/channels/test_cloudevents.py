"""The webhook: valid CloudEvents whatever the facts are, posted signed, and only to hosts the utility names."""

import asyncio
import json
from datetime import date, datetime
from enum import Enum
from pathlib import Path

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from everlit.kernel import Text
from everlit.notices.channel import Sent
from everlit.notices.channels.cloudevents import Webhook, event
from tests.notices.channels.gateway import SECRET, Gateway, gateway
from tests.notices.channels.messages import HOSTILE, NOW, clock, message

SCHEMA = json.loads(
    (Path(__file__).resolve().parents[2] / "cases/notices/cloudevents/event.schema.json").read_text("utf-8")
)
CHECK = jsonschema.Draft7Validator(SCHEMA, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER)
SOURCE = "urn:everlit:utility.example"


def test_the_event_says_what_the_message_says():
    made = event(message(), source=SOURCE, at=NOW)
    CHECK.validate(made)
    assert made["id"] == message().key and made["source"] == SOURCE and made["subject"] == "PO-2026-0601"
    assert made["type"] == "everlit.notice.planned" and made["time"] == "2026-06-01T02:00:00Z"
    assert made["data"]["start"] == "2026-06-08T00:00:00Z" and made["data"]["body"] == message().body


class _Odd(Enum):
    ONE = 1.5


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[]), max_size=10)
    | st.datetimes() | st.dates() | st.sampled_from([_Odd.ONE, Text("a", "b"), NOW, object()]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(
    st.dictionaries(st.sampled_from(["kind", "event_id", "area", "id", "specversion"]), VALUES),
    st.sampled_from(HOSTILE),
)
def test_any_facts_make_a_valid_event(facts, text):
    made = event(message(facts=facts, title=text, body=text), source=SOURCE, at=NOW)
    again = json.loads(json.dumps(made, allow_nan=False))
    CHECK.validate(again)
    assert again["specversion"] == "1.0" and again["id"] == message().key
    assert all(name.isascii() and name.isalnum() and name == name.lower() for name in again)
    json.dumps(made, ensure_ascii=False).encode("utf-8")


def test_a_date_is_no_instant():
    facts = {"day": date(2026, 6, 1), "naive": datetime.fromisoformat("2026-06-01T08:00")}
    data = event(message(facts=facts), source=SOURCE, at=NOW)["data"]
    assert (data["day"], data["naive"]) == ("2026-06-01", "2026-06-01T08:00:00")


def channel(*hosts: str, **options) -> Webhook:
    return Webhook(SECRET, frozenset(hosts), source=SOURCE, clock=clock, seconds=5.0, **options)


def posted(hook: Webhook, address: str):
    async def run():
        try:
            return await hook.send(message(address=address))
        finally:
            await hook.close()

    return asyncio.run(run())


def test_an_event_is_posted_in_structured_mode_and_signed():
    with gateway() as here:
        answer = posted(channel(f"127.0.0.1:{here.port}"), here.url)
    assert answer.sent is Sent.ACCEPTED and answer.receipt == message().key
    ((headers, body),) = here.posts
    assert headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    CHECK.validate(json.loads(body))


def test_only_named_hosts_are_posted_to_and_redirects_are_not_followed():
    with gateway() as inner, gateway(Gateway(statuses=[307], headers={"location": inner.url})) as here:
        assert posted(channel("hooks.example.com"), here.url).sent is Sent.REFUSED
        assert not here.posts
        assert posted(channel("127.0.0.1"), here.url).sent is Sent.REFUSED
        assert here.posts and not inner.posts


def test_where_a_second_event_is_thrown_away_it_is_safe_to_send_again():
    assert asyncio.run(channel("h", keyed=True).lookup(message(), "")).sent is Sent.FAILED
    assert asyncio.run(channel("h").lookup(message(), "")) is None
