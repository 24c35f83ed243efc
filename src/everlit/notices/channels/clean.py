"""Text and addresses from outside, made safe for a protocol: no control characters, no second header, no second line.

A title that holds a line break could end a header and begin another; a character that XML forbids makes a whole feed
unreadable; a mark that turns the direction of writing makes a text say something else than it shows. They are taken out
here, once, and what cannot be an address is none.

>>> one_line("Notice\\r\\nBcc: everyone@example.com")
'Notice Bcc: everyone@example.com'
>>> plain("10 kV\\r\\n城北\\x07线")
'10 kV\\n城北线'
>>> phone(" +86 138-0013-8000 "), phone("138\\n0013")
('+8613800138000', None)
"""

import re
from datetime import UTC, datetime
from email.headerregistry import Address
from urllib.parse import SplitResult, urlsplit

BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
FORBIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f"  # C0 and C1 controls
    "\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks that turn the direction of writing
    "\ud800-\udfff\ufeff\ufffe\uffff\ufff9-\ufffb]"  # halves of characters, and what is no character
)
PHONE = re.compile(r"\+?[0-9]{3,15}")
GAPS = re.compile(r"[ ()/.\-\u00a0]")
HOST = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*")
LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
LONGEST_ADDRESS = 254
LONGEST_URL = 2000


def plain(text: str) -> str:
    """`text` with line feeds as its only control characters."""
    return FORBIDDEN.sub("", BREAKS.sub("\n", text).replace("\t", " "))


def one_line(text: str, longest: int = 200) -> str:
    """`text` on one line with single spaces, cut to `longest` characters."""
    return " ".join(plain(text).split())[:longest].rstrip()


def phone(address: str) -> str | None:
    """A telephone number as digits with an optional +, or None when it is none (3 to 15 digits, E.164)."""
    if not address.isprintable():
        return None
    number = GAPS.sub("", address)
    return number if PHONE.fullmatch(number) else None


def mail_address(address: str) -> str | None:
    """One bare e-mail address (RFC 5321, ASCII), or None. Names, lists and quoted local parts are refused."""
    local, at, domain = address.strip(" ").rpartition("@")
    good = at and LOCAL.fullmatch(local) and len(local) <= 64 and host(domain) and len(address) <= LONGEST_ADDRESS
    return f"{local}@{domain}" if good else None


def mailbox(name: str, address: str) -> Address | None:
    """A display name with its address, for a header; None when the address is none."""
    found = mail_address(address)
    return Address(display_name=one_line(name), addr_spec=found) if found else None


def host(name: str) -> str | None:
    """A host name or an IPv4 address, or None."""
    return name if len(name) <= 253 and HOST.fullmatch(name) else None


def web_address(address: str, hosts: frozenset[str]) -> SplitResult | None:
    """An http or https address on one of `hosts`, without user or fragment, or None.

    Addresses of webhooks are typed by customers: only hosts the utility names itself are ever posted to, so that nobody
    makes the program talk to what stands beside it. A host may be written with its port, `host:port`.
    """
    if not address.isascii() or not address.isprintable() or " " in address or len(address) > LONGEST_URL:
        return None
    try:
        parts = urlsplit(address)
        name, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    allowed = name in hosts or f"{name}:{port}" in hosts
    good = parts.scheme in ("http", "https") and allowed and parts.username is None and not parts.fragment
    return parts if good else None


def instant(value: datetime | str) -> datetime:
    """An instant of a message's facts, as UTC; ValueError when it names no offset."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    if moment.tzinfo is None:
        raise ValueError(f"{value} names no offset")
    return moment.astimezone(UTC)
