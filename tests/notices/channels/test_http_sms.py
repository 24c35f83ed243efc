"""The HTTP gateway: what is posted, what each outcome means, and that a gateway with keys tells nobody twice."""

import asyncio
import json
import socket
from typing import Any

import pytest

from everlit.notices.channel import Answer, Sent
from everlit.notices.channels.http_sms import HttpSms
from everlit.notices.channels.posting import BODY_BYTES
from tests.notices.channels.gateway import SECRET, Gateway, gateway
from tests.notices.channels.messages import HOSTILE, clock, message


def channel(url: str, **options: Any) -> HttpSms:
    return HttpSms(url, SECRET, **{"clock": clock, "sender": "95598", "keyed": True, "seconds": 5.0} | options)


def run(work) -> Any:
    async def with_channel(url, options, calls):
        sms = channel(url, **options)
        try:
            return [await call(sms) for call in calls]
        finally:
            await sms.close()

    return asyncio.run(with_channel(*work))


def sent(here: Gateway, *messages, **options) -> list[Answer]:
    return run((here.url, options, [lambda sms, one=one: sms.send(one) for one in messages or [message()]]))


def asked(here: Gateway, one=None, receipt: str = "", **options) -> Answer | None:
    (answer,) = run((here.url, options, [lambda sms: sms.lookup(one or message(), receipt)]))
    return answer


def test_a_message_is_posted_signed_and_with_its_key():
    with gateway() as here:
        (answer,) = sent(here)
    assert answer == Answer(Sent.ACCEPTED, f"r-{message().key}", answer.detail)
    ((headers, body),) = here.posts
    assert headers["idempotency-key"] == headers["webhook-id"] == message().key
    assert headers["content-type"].startswith("application/json")
    assert json.loads(body) == {
        "key": message().key,
        "to": "+8613800138000",
        "from": "95598",
        "text": message().body,
        "not_after": "2026-06-08T00:00:00+00:00",
    }


def test_a_gateway_with_keys_tells_once_and_one_without_tells_twice():
    with gateway() as here:
        assert [one.sent for one in sent(here, message(), message(), message(key="other"))] == [Sent.ACCEPTED] * 3
        assert len(here.told) == 2
    with gateway(Gateway(keeps_keys=False)) as here:
        sent(here, message(), message())
        assert len(here.told) == 2


@pytest.mark.parametrize(
    ("status", "meaning"),
    [(200, "accepted"), (202, "accepted"), (400, "refused"), (422, "refused"), (404, "refused"), (301, "refused")]
    + [(401, "failed"), (403, "failed"), (429, "failed"), (503, "failed"), (408, "failed")]
    + [(409, "unknown"), (500, "unknown"), (502, "unknown"), (504, "unknown")],
)
def test_the_meaning_of_a_status(status, meaning):
    with gateway(Gateway(statuses=[status], headers={"location": "http://127.0.0.1:9/"})) as here:
        (answer,) = sent(here)
    assert answer.sent == meaning and (f"HTTP {status}" in answer.detail)


@pytest.mark.parametrize(
    ("body", "meaning", "receipt"),
    [
        (b'{"id": "m-1"}', "accepted", "m-1"),
        (b'{"receipt": 7, "state": "queued"}', "accepted", "7"),
        (b'{"state": "DELIVERED"}', "delivered", ""),
        (b'{"state": "rejected", "receipt": "x"}', "refused", "x"),
        (b'{"state": ["odd"]}', "accepted", ""),
        (b"OK", "accepted", ""),
        (b"", "accepted", ""),
        (b"[]", "accepted", ""),
        (b"\xff\xfe\x00", "accepted", ""),
        (b"[" * 60_000, "accepted", ""),
        (b'{"receipt": "a\\r\\nb' + b"x" * 500 + b'"}', "accepted", "a b" + "x" * 117),
    ],
)
def test_what_a_gateway_may_say_in_its_body(body, meaning, receipt):
    with gateway(Gateway(body=body)) as here:
        (answer,) = sent(here)
    assert (answer.sent, answer.receipt) == (meaning, receipt)
    assert answer.detail.isprintable() and len(answer.detail) < 200


def test_silence_hanging_up_and_garbage_are_unknown_and_the_gateway_is_asked():
    with gateway(Gateway(silent_s=3.0)) as here:
        (answer,) = sent(here, seconds=1.5)
        assert answer.sent is Sent.UNKNOWN and len(here.told) == 1
        here.silent_s = 0
        assert asked(here) == Answer(
            Sent.ACCEPTED, f"r-{message().key}", 'HTTP 200 {"receipt": "r-0f3c9a7e5b1d4c2a", "state": "accepted"}'
        )
        here.states[message().key] = "delivered"
        assert asked(here).sent is Sent.DELIVERED
    with gateway(Gateway(hang_up=True)) as here:
        assert sent(here)[0].sent is Sent.UNKNOWN


def test_an_answer_that_never_ends_is_cut_off():
    with gateway(Gateway(body=b"x" * 1000, drip=True)) as here:
        (answer,) = sent(here, seconds=0.5)
    assert answer.sent is Sent.ACCEPTED
    with gateway(Gateway(body=b"x" * (BODY_BYTES * 20))) as here:
        (answer,) = sent(here)
    assert answer.sent is Sent.ACCEPTED and len(answer.detail) < 200


def test_a_key_never_seen_means_again_only_where_keys_are_kept():
    with gateway() as here:
        assert asked(here).sent is Sent.FAILED
        assert asked(here, keyed=False) is None
        here.states["a/b c"] = "undeliverable"
        assert asked(here, message(key="a/b c"), "r").sent is Sent.REFUSED


def test_a_question_that_gets_no_answer_leaves_it_open():
    with gateway() as here:
        pass
    assert asked(here) is None


def test_nobody_there_and_no_listener_that_speaks():
    with gateway() as here:
        pass
    assert sent(here)[0].sent is Sent.FAILED
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        (answer,) = run((f"http://127.0.0.1:{port}/", {"seconds": 1.5}, [lambda sms: sms.send(message())]))
    assert answer.sent is Sent.UNKNOWN


def test_a_wrong_secret_is_our_fault_not_the_messages():
    with gateway() as here:
        sms = HttpSms(here.url, b"another", clock=clock)
        assert asyncio.run(sms.send(message())).sent is Sent.FAILED
        assert not here.told


@pytest.mark.parametrize("address", ["", "nobody", "1380013\r\nx: y", "95598;95599"])
def test_what_is_no_number_is_refused(address):
    with gateway() as here:
        assert sent(here, message(address=address))[0].sent is Sent.REFUSED
        assert not here.posts


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_is_one_string_of_the_post(text):
    with gateway() as here:
        (answer,) = sent(here, message(body=text, title=text))
    assert answer.sent is Sent.ACCEPTED
    (told,) = here.told
    assert set(told) == {"key", "to", "from", "text", "not_after"} and told["to"] == "+8613800138000"
