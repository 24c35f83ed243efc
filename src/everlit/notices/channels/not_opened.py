"""A channel nobody opens (未开通渠道): no setting names it and no other sender serves it.

A message on it would wait until it is of no use. It is refused instead, at once and whatever the hour, so that the reader's
next channel takes over; the door is the last, and whoever has none is listed for the desk.
"""

from everlit.notices.channel import Answer, Message, Sent

REASON = "channel not set up"


class NotOpened:
    """Stands in for a channel by its name; nothing is ever sent over it."""

    keyed = False
    longest: int | None = None

    def __init__(self, name: str) -> None:
        self.name = name

    async def send(self, message: Message) -> Answer:
        """Refuse: the next channel takes over."""
        return Answer(Sent.REFUSED, receipt=message.key, detail=REASON)

    async def lookup(self, message: Message, receipt: str) -> Answer:
        """Nobody can tell what became of a message that was sent while it was open."""
        return Answer(Sent.UNKNOWN, receipt=receipt or message.key, detail=REASON)

    async def close(self) -> None:
        """Nothing is open."""
