"""The nouns of notices: spans of darkness as told, announcements, the states of a message in the outbox."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from everlit.kernel import Period, Text
from everlit.notices.channel import Kind

Spans = tuple[tuple[int, int], ...]
"""Disjoint half-open times without supply, in order, as seconds since the epoch (UTC): what one reader is told."""

FRESH = (Kind.PLANNED, Kind.TEMPORARY, Kind.FAULT)
"""The first word about an event."""
STANDS = (*FRESH, Kind.CHANGED, Kind.DELAYED)
"""After these a reader believes in the spans told; after the others in none."""
URGENT = (Kind.FAULT, Kind.RESTORED_EARLY, Kind.DELAYED)
"""Quiet hours do not hold these back: power is off, or back on while people may work on the installation."""


class State(StrEnum):
    """Where a message stands (发件状态).

    queued ─► sending ─┬─► accepted ─► delivered        confirming: accepted, its delivery is asked for
       ▲               ├─► refused, given_up            the reader's next channel takes over
       └── failed ─────┤
                       └─► unknown ─► asked again       nothing is sent while it may have been sent
    superseded: a later version took its place          expired: too late to be of use
    """

    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"
    CONFIRMING = "confirming"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    REFUSED = "refused"
    GIVEN_UP = "given_up"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"


IN_DOUBT = (State.SENDING, State.UNKNOWN)
REACHED = (State.CONFIRMING, State.ACCEPTED, State.DELIVERED)
TOLD = (*IN_DOUBT, *REACHED)
"""Who was told, or perhaps was: a correction goes to all of them."""
OPEN = (State.QUEUED, *IN_DOUBT)
FAILED = (State.REFUSED, State.GIVEN_UP, State.EXPIRED)
"""Not told by this message; another channel may have taken over."""


@dataclass(frozen=True, slots=True)
class Group:
    """Loads that are dark at the same times."""

    spans: Spans
    consumer_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Happening:
    """What people have to be told about (停电事件): who is dark when by the final plan, or by what is known of a fault.

    `period` is what is announced; `groups` say exactly which loads are dark when, each load in one of them.
    """

    event_id: str
    network: str
    kind: Kind
    period: Period
    groups: tuple[Group, ...]
    cause: Text
    area: Text
    sender: Text
    contact: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def whole(self) -> Spans:
        """The announced period as one span."""
        return ((seconds(self.period.start), seconds(self.period.end)),)


@dataclass(frozen=True, slots=True)
class Announcement:
    """One version of what is said about an event, with the texts it is said in."""

    announcement_id: int
    network: str
    event_id: str
    version: int
    kind: Kind
    created_s: int
    not_after_s: int
    deadline_s: int | None
    body: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "announcement_id": self.announcement_id,
            "network": self.network,
            "event_id": self.event_id,
            "version": self.version,
            "kind": self.kind.value,
            "created_at": instant(self.created_s).isoformat(),
            "not_after": instant(self.not_after_s).isoformat(),
            "deadline": None if self.deadline_s is None else instant(self.deadline_s).isoformat(),
            "facts": dict(self.body["facts"]),
        }


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row of the outbox in hand."""

    notice_id: int
    announcement_id: int
    account_no: int
    contact_no: int
    channel: str
    span_id: int
    certain: bool
    stale: bool
    priority: int
    accounts: int
    attempts: int
    queued_s: int
    not_after_s: int
    doubt_s: int
    sent_s: int
    receipt: str


@dataclass(frozen=True, slots=True)
class Queued:
    """What a decision put into the outbox: messages by kind, and apart from them who may be affected."""

    event_id: str
    version: int
    counts: Mapping[str, int]
    may_be_affected: tuple[str, ...]
    superseded: int

    @property
    def total(self) -> int:
        """Messages queued."""
        return sum(self.counts.values())

    def as_json(self) -> dict[str, Any]:
        """As the API and `--json` show it."""
        return {
            "event_id": self.event_id,
            "version": self.version,
            "queued": self.total,
            "counts": dict(self.counts),
            "superseded": self.superseded,
            "may_be_affected": list(self.may_be_affected),
        }


def seconds(at: datetime) -> int:
    """Whole seconds since the epoch."""
    return int(at.timestamp())


def instant(at_s: int) -> datetime:
    """The instant of some seconds since the epoch, UTC."""
    return datetime.fromtimestamp(at_s, UTC)
