"""Signatures: the published vector of Standard Webhooks, and every way of cheating."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everlit.notices.channels.signature import PREFIX, SIGNATURE, secret_of, signed_headers, verified

SECRET = secret_of(PREFIX + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
KEY, AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'


def test_the_published_vector():
    headers = signed_headers(SECRET, key=KEY, at=AT, body=BODY)
    assert headers[SIGNATURE] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert verified(SECRET, headers, BODY, now=AT)


@pytest.mark.parametrize("now", [AT - 300, AT + 300])
def test_a_post_counts_for_five_minutes(now):
    assert verified(SECRET, signed_headers(SECRET, key=KEY, at=AT, body=BODY), BODY, now=now)


@pytest.mark.parametrize("now", [AT - 301, AT + 301, AT + 86400])
def test_an_old_post_is_refused(now):
    assert not verified(SECRET, signed_headers(SECRET, key=KEY, at=AT, body=BODY), BODY, now=now)


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "other"},
        {"webhook-timestamp": str(AT + 1)},
        {"webhook-timestamp": "١٦١٤٢٦٥٣٣٠"},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "9" * 400},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,\udc80"},
        {"webhook-signature": "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
    ],
)
def test_changed_headers_are_refused(changed):
    headers = signed_headers(SECRET, key=KEY, at=AT, body=BODY) | changed
    assert not verified(SECRET, headers, BODY, now=AT)


def test_missing_headers_are_refused():
    assert not verified(SECRET, {}, BODY, now=AT)


def test_one_of_two_secrets_is_enough_while_they_are_changed():
    headers = signed_headers(SECRET, key=KEY, at=AT, body=BODY)
    other = signed_headers(b"the next one", key=KEY, at=AT, body=BODY)
    both = headers | {SIGNATURE: f"{other[SIGNATURE]} {headers[SIGNATURE]}"}
    assert verified(SECRET, both, BODY, now=AT) and verified(b"the next one", both, BODY, now=AT)
    assert not verified(b"a third", both, BODY, now=AT)


@given(st.binary(max_size=60), st.binary(min_size=1, max_size=8), st.integers(0, 59))
def test_no_changed_body_passes(body, other, place):
    changed = body[:place] + other + body[place + len(other) :]
    headers = signed_headers(SECRET, key=KEY, at=AT, body=body)
    assert verified(SECRET, headers, changed, now=AT) == (changed == body)


def test_a_secret_behind_the_prefix_is_base64():
    assert secret_of("plain text") == b"plain text"
    with pytest.raises(ValueError, match="base64"):
        secret_of(PREFIX + "not base64!")
