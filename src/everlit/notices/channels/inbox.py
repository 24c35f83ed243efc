"""The web inbox (站内信箱) and the door (张贴): letters that are kept here until somebody reads them or carries them.

Nothing leaves the program, so nothing can fail: the row in the outbox is the letter, its key is its only copy, and the
channel takes it at once. `inbox` is the pure view of what a customer finds: the newest version of each event first,
what it replaced below it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from everlit.notices.channel import Answer, Message, Sent


class KeptHere:
    """The channel of letters that stay in the store. `name` is `inbox`, or `door` for what is printed and carried."""

    keyed = True
    longest: int | None = None

    def __init__(self, name: str) -> None:
        self.name = name

    async def send(self, message: Message) -> Answer:
        """Take the letter: it is there as soon as the transaction that wrote it is."""
        return Answer(Sent.ACCEPTED, receipt=message.key)

    async def lookup(self, message: Message, receipt: str) -> Answer | None:
        """It is here."""
        return Answer(Sent.ACCEPTED, receipt=receipt or message.key)

    async def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it was put into the inbox, and when it was first read."""

    message: Message
    at: datetime
    read_at: datetime | None = None

    @property
    def event_id(self) -> str:
        """The event the letter is about; a letter about none stands for itself."""
        return str(self.message.facts.get("event_id") or self.message.key)

    @property
    def order(self) -> tuple[int, datetime, str]:
        """Later versions after earlier ones, whatever order they came in."""
        return int(self.message.facts.get("version") or 0), self.at, self.message.key


@dataclass(frozen=True, slots=True)
class Entry:
    """One event in the inbox: its newest letter, and the letters that one replaced, newest first."""

    newest: Letter
    replaced: tuple[Letter, ...]

    @property
    def unread(self) -> bool:
        """True until the newest letter is read: a correction is news even if the first letter was read."""
        return self.newest.read_at is None


def inbox(letters: Iterable[Letter]) -> list[Entry]:
    """The inbox of one customer, events with the latest news first; a letter that came twice stands once."""
    events: dict[str, dict[str, Letter]] = {}
    for letter in letters:
        events.setdefault(letter.event_id, {})[letter.message.key] = letter
    entries = []
    for kept in events.values():
        newest, *older = sorted(kept.values(), key=lambda letter: letter.order, reverse=True)
        entries.append(Entry(newest, tuple(older)))
    return sorted(entries, key=lambda entry: (entry.newest.at, entry.newest.message.key), reverse=True)
