"""What a channel (通知渠道) must be able to do: send one message once, and say what became of it.

    outbox ──► send(message) ──► ACCEPTED ──► lookup ──► DELIVERED
                          ├────► REFUSED   never again on this channel: the second channel
                          ├────► FAILED    surely not sent: again later
                          └────► UNKNOWN   perhaps sent: ask by lookup, never blindly again

`keyed` says whether the gateway throws away a second message with the same key. Where it does, a household is told
exactly once; where it does not, a crash between sending and noting it down is told twice at worst (at least once).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


class Kind(StrEnum):
    """What a notice says about its event."""

    PLANNED = "planned"
    TEMPORARY = "temporary"
    FAULT = "fault"
    CHANGED = "changed"
    CANCELLED = "cancelled"
    RESTORED_EARLY = "restored_early"
    DELAYED = "delayed"
    RESTORED = "restored"


class Sent(StrEnum):
    """What one try, or one look-up, says about a message."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Message:
    """One rendered notice to one address. `key` (at most 64 characters) stays the same however often it is tried.

    `facts` are the ids and instants the text was made of: event_id, kind, version, start, end, area, cause, affected,
    contact, sender, customer. Nobody may be told after `not_after`.
    """

    key: str
    channel: str
    address: str
    language: str
    title: str
    body: str
    not_after: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gateway said: its receipt id when it took the message, its words when it did not."""

    sent: Sent
    receipt: str = ""
    detail: str = ""


class Channel(Protocol):
    """A way of telling people. `longest` is the number of characters a body may have, None without a limit."""

    name: str
    keyed: bool
    longest: int | None

    async def send(self, message: Message) -> Answer:
        """Try once. Never raises for what the gateway answers or fails to answer."""
        ...

    async def lookup(self, message: Message, receipt: str) -> Answer | None:
        """Ask what became of a message, by its key and the receipt if one is known; None when nobody can tell."""
        ...


class Opened(Channel, Protocol):
    """A channel that holds connections."""

    async def close(self) -> None:
        """Close the connections of the running loop; sending again opens new ones."""
        ...
