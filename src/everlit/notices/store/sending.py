"""The outbox as the runner asks for it: rows of the store in, messages with text and address out.

Each call is a short transaction of its own that does not wait for planners: rows are locked one by one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import Connection, Engine

from everlit.customers.store import Reader, readers
from everlit.notices.channel import Message
from everlit.notices.dispatch import InHand
from everlit.notices.letter import Saying, address_of, alike, held_back_s, letter_of, saying_of
from everlit.notices.model import Announcement, Claimed, State, seconds
from everlit.notices.outbox import Mark
from everlit.notices.policies import Rules
from everlit.notices.store import queue
from everlit.platform.database import reading, writing

MOST_KEPT = 5_000


@dataclass
class StoredOutbox:
    """The outbox of one store; what was said never changes and is kept at hand."""

    engine: Engine
    clock: Callable[[], datetime]
    zone: tzinfo
    rules: Rules
    _said: dict[int, Announcement] = field(default_factory=dict)
    _sayings: dict[tuple[Any, ...], Saying] = field(default_factory=dict)

    def claim(self, channel: str, limit: int, token: str) -> Sequence[InHand]:
        """Messages of a channel that are due."""
        now_s = seconds(self.clock())
        with self.engine.begin() as connection:
            rows = queue.claim(connection, channel, limit=limit, now_s=now_s, lease_s=self.rules.lease_s, token=token)
            return self._in_hand(connection, rows)

    def claim_waiting(self, channel: str, limit: int, token: str) -> Sequence[InHand]:
        """Messages of a channel that rests and that cannot wait."""
        now_s = seconds(self.clock())
        since_s = now_s - int(self.rules.second_after_s)
        with self.engine.begin() as connection:
            rows = queue.claim_waiting(
                connection,
                channel,
                limit=limit,
                now_s=now_s,
                since_s=since_s,
                lease_s=self.rules.lease_s,
                token=token,
            )
            return self._in_hand(connection, rows)

    def claim_doubts(self, channel: str, limit: int, token: str) -> Sequence[InHand]:
        """Messages whose gateway has to be asked."""
        now_s = seconds(self.clock())
        with self.engine.begin() as connection:
            rows = queue.claim_doubts(
                connection, channel, limit=limit, now_s=now_s, lease_s=self.rules.lease_s, token=token
            )
            return self._in_hand(connection, rows)

    def mark(self, marks: Sequence[Mark], token: str) -> None:
        """Note what became of messages."""
        with self.engine.begin() as connection:
            queue.mark(connection, marks, token=token)

    def report(self, channel: str, receipt: str, *, delivered: bool) -> int:
        """A gateway says by itself what became of a message it took: one that did not arrive goes to the reader's next
        channel. Returns how many messages that was about."""
        now_s = seconds(self.clock())
        with writing(self.engine) as connection:
            rows = queue.report(connection, channel, receipt, delivered=delivered, now_s=now_s)
            for one in () if delivered else self._in_hand(connection, rows):
                lost = Mark(one.letter.notice_id, State.GIVEN_UP, now_s, onward=one.letter.further)
                if lost.onward:
                    queue.hand_on(connection, lost, token="")
            return len(rows)

    def expire(self) -> int:
        """Take out what is of no use any more."""
        with self.engine.begin() as connection:
            return queue.expire(connection, now_s=seconds(self.clock()))

    def next_due(self, channels: Sequence[str]) -> int | None:
        """When the next message is due."""
        with self.engine.connect().execution_options(reading=True) as connection:
            return queue.next_due(connection, channels)

    def letters(self, event_id: str, channel: str, *, limit: int) -> list[Message]:
        """The messages of the last word about an event on a channel as their readers get them; nothing is claimed."""
        with reading(self.engine) as connection:
            rows = queue.standing(connection, event_id, channel, limit=limit)
            return [one.message for one in self._in_hand(connection, rows)]

    def _in_hand(self, connection: Connection, rows: Sequence[Claimed]) -> list[InHand]:
        holders, delegates = readers(
            connection,
            account_nos={row.account_no for row in rows if not row.contact_no},
            contact_nos={row.contact_no for row in rows if row.contact_no},
        )
        return [
            self._one(connection, row, delegates[row.contact_no] if row.contact_no else holders[row.account_no])
            for row in sorted(rows, key=lambda row: (row.priority, row.notice_id))
        ]

    def _one(self, connection: Connection, row: Claimed, reader: Reader) -> InHand:
        announcement = self._announcement(connection, row.announcement_id)
        group = alike(row, reader.contact)
        saying = self._sayings.get(group)
        if saying is None:
            spans = queue.kept_spans(connection, row.span_id)
            saying = saying_of(row, announcement=announcement, spans=spans, contact=reader.contact, zone=self.zone)
            self._sayings[group] = saying
        customer = reader.account_id or f"contact:{row.contact_no}"
        message = saying.to(customer, address_of(row, reader.contact, reader.address))
        quiet_s = held_back_s(row, announcement, reader.contact, now=self.clock(), zone=self.zone)
        return InHand(letter_of(row, reader.contact), message, quiet_s)

    def _announcement(self, connection: Connection, number: int) -> Announcement:
        if number not in self._said:
            if len(self._sayings) > MOST_KEPT:
                self._said.clear()
                self._sayings.clear()
            self._said[number] = queue.kept_announcement(connection, number)
        return self._said[number]
