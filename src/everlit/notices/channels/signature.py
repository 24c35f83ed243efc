"""Signed posts (签名): the receiver can prove who sent a body, that nobody changed it, and that it is not an old one again.

The scheme is Standard Webhooks 1.0 (symmetric): HMAC-SHA256 over `id.timestamp.body`, in the headers `webhook-id`,
`webhook-timestamp` and `webhook-signature`, so that a receiver needs no code of ours. `verified` is what a receiver
does; the test gateways use it, and so does whoever lets us in.

>>> headers = signed_headers(b"a secret of the two", key="k1", at=1_614_265_330, body=b"{}")
>>> verified(b"a secret of the two", headers, b"{}", now=1_614_265_340)
True
>>> verified(b"a secret of the two", headers, b"{ }", now=1_614_265_340)
False
>>> verified(b"a secret of the two", headers, b"{}", now=1_614_265_931)
False
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
PREFIX = "whsec_"
WINDOW_S = 300
"""How old, or how far ahead, a signed post may be: the tolerance of Standard Webhooks."""


def secret_of(text: str) -> bytes:
    """The bytes of a secret: base64 behind `whsec_`, any other text as it is. ValueError when it is no base64."""
    if not text.startswith(PREFIX):
        return text.encode()
    try:
        return base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("a secret behind whsec_ is base64") from error


def signed_headers(secret: bytes, *, key: str, at: int, body: bytes) -> dict[str, str]:
    """The three headers of a post made at the Unix second `at`."""
    return {ID: key, TIMESTAMP: str(at), SIGNATURE: f"v1,{_digest(secret, key, str(at), body)}"}


def verified(secret: bytes, headers: Mapping[str, str], body: bytes, *, now: int, window_s: int = WINDOW_S) -> bool:
    """True when one of the signatures is ours and the post was made within `window_s` seconds of `now`."""
    key, at = headers.get(ID, ""), headers.get(TIMESTAMP, "")
    if not (at.isascii() and at.isdigit() and len(at) <= 12 and abs(now - int(at)) <= window_s):
        return False
    ours = f"v1,{_digest(secret, key, at, body)}".encode()
    given = headers.get(SIGNATURE, "").split(" ")
    return any(hmac.compare_digest(ours, one.encode(errors="replace")) for one in given)


def _digest(secret: bytes, key: str, at: str, body: bytes) -> str:
    mac = hmac.new(secret, f"{key}.{at}.".encode() + body, hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()
