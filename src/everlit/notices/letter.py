"""One row of the outbox as the message its reader gets: the text of the announcement, their times, their address."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from everlit.customers.model import DOOR, Contact, ContactRole, Priority
from everlit.notices.channel import Message
from everlit.notices.content.compose import fill, said, tail_of
from everlit.notices.model import URGENT, Announcement, Claimed, Spans, instant
from everlit.notices.outbox import Letter

SHORT = frozenset({"sms"})
"""Channels that take the short form."""


@dataclass(frozen=True, slots=True)
class Saying:
    """What all readers of one kind are told alike: the title, the text with the account left open, the facts."""

    announcement: Announcement
    channel: str
    language: str
    title: str
    text: str
    not_after: datetime
    facts: Mapping[str, Any]

    def to(self, customer: str, address: str) -> Message:
        """The message to one of them."""
        return Message(
            key_of(customer, self.announcement, self.channel),
            self.channel,
            address,
            self.language,
            self.title,
            fill(self.text, tail=tail_of(customer)),
            self.not_after,
            {**self.facts, "customer": customer},
        )


def saying_of(row: Claimed, *, announcement: Announcement, spans: Spans, contact: Contact, zone: tzinfo) -> Saying:
    """What the reader of a row is told, as far as others are told the same."""
    form, language = "short" if row.channel in SHORT else "long", contact.language
    texts = announcement.body["texts"][language][form]
    facts = {
        **announcement.body["facts"],
        "event_id": announcement.event_id,
        "kind": announcement.kind.value,
        "version": announcement.version,
        "start": instant(spans[0][0]).isoformat(),
        "end": instant(spans[-1][1]).isoformat(),
        "certain": row.certain,
        "accounts": row.accounts,
    }
    when = said(spans, language=language, zone=zone)
    text = fill(texts[_reader(row, contact)], when=when, count=str(row.accounts))
    return Saying(announcement, row.channel, language, texts["title"], text, instant(row.not_after_s), facts)


def alike(row: Claimed, contact: Contact) -> tuple[Any, ...]:
    """Rows with the same value have the same saying."""
    return (
        row.announcement_id,
        row.span_id,
        row.channel,
        contact.language,
        _reader(row, contact),
        row.certain,
        row.accounts,
    )


def address_of(row: Claimed, contact: Contact, place: str) -> str:
    """Where a row goes; `place` is the address of the door."""
    return place if row.channel == DOOR else contact.address(row.channel)


def _reader(row: Claimed, contact: Contact) -> str:
    if contact.role is not ContactRole.HOLDER:
        return "reader_many"
    return "reader" if row.certain else "reader_may"


def key_of(customer: str, announcement: Announcement, channel: str) -> str:
    """The idempotency key: customer, event, kind, version and channel make one message, however often it is tried."""
    parts = (customer, announcement.event_id, announcement.kind.value, str(announcement.version), channel)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def letter_of(row: Claimed, contact: Contact) -> Letter:
    """What the rules of the outbox look at; the try in hand is counted."""
    return Letter(
        row.notice_id,
        row.channel,
        row.attempts + 1,
        row.doubt_s,
        row.not_after_s,
        row.stale,
        row.priority <= Priority.IMPORTANT,
        further(contact, row.channel),
        row.receipt,
        row.sent_s,
    )


def further(contact: Contact, channel: str) -> str:
    """The reader's next channel after `channel`; the door is the last.

    >>> from everlit.customers.model import Way
    >>> who = Contact("x", ways=(Way("sms", "+99900000001"), Way("email", "x@example.invalid")))
    >>> [further(who, channel) for channel in ("sms", "email", "door", "inbox")]
    ['email', 'door', '', 'sms']
    """
    channels = contact.channels
    at = channels.index(channel) + 1 if channel in channels else 0
    return channels[at] if at < len(channels) else ""


def held_back_s(row: Claimed, announcement: Announcement, contact: Contact, *, now: datetime, zone: tzinfo) -> int:
    """Seconds a message still waits for its reader's quiet hours; 0 for urgent kinds, life support, and when it would be
    too late."""
    if contact.quiet is None or announcement.kind in URGENT or row.priority == Priority.LIFE_SUPPORT:
        return 0
    local = now.astimezone(zone)
    wait_s = contact.quiet.minutes_left(local.hour * 60 + local.minute) * 60
    last_s = announcement.not_after_s if announcement.deadline_s is None else announcement.deadline_s
    last_s = min(last_s, announcement.not_after_s)
    return wait_s if now.timestamp() + wait_s <= last_s else 0
