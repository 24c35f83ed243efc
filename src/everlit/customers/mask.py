"""Contact data as lists show it (脱敏): enough to recognise, not enough to use (个人信息, domain rule 15).

>>> (
...     masked("sms", "+99900012345"),
...     masked("email", "lin@example.invalid"),
...     masked("webhook", "https://example.invalid/x"),
... )
('+999*****345', 'l***@example.invalid', 'https://example.invalid/***')
>>> masked_words("示例路 12 号 3 栋"), masked_words("林")
('示例***', '*')
"""

from urllib.parse import urlsplit

from everlit.customers.model import Contact


def masked(channel: str, address: str) -> str:
    """An address with its middle hidden."""
    if channel == "email":
        name, at, domain = address.partition("@")
        return f"{name[:1]}***{at}{domain}"
    if channel == "webhook":
        parts = urlsplit(address)
        return f"{parts.scheme}://{parts.hostname or ''}/***"
    shown = 4 if address.startswith("+") else 3
    hidden = max(len(address) - shown - 3, 0)
    return address[:shown] + "*" * hidden + address[shown + hidden :] if hidden else "*" * len(address)


def masked_words(words: str) -> str:
    """A name or a place of which only the beginning is shown."""
    return words[:2] + "***" if len(words) > 2 else "*" * len(words)


def masked_ways(contact: Contact) -> list[dict[str, object]]:
    """The ways of a person as a list shows them."""
    return [
        {"channel": way.channel, "address": masked(way.channel, way.address), "consent": way.consent}
        for way in contact.ways
    ]
