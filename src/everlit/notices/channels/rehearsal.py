"""A fictional gateway (虚构网关) for rehearsals (演练): nothing leaves the program, most messages are delivered, some addresses
refuse.

What becomes of a message follows from the seed and its address alone, so a rehearsal tells the same story on every machine.

>>> drawn(1, "+99900000001") == drawn("1", "+99900000001"), 0 <= drawn(1, "a") < 1
(True, True)
"""

import zlib

from everlit.notices.channel import Answer, Message, Sent

REFUSED = 0.02
"""Part of the addresses that no longer exist."""
GONE = "fictional: no such address"


def drawn(seed: int | str, name: str) -> float:
    """A number in [0, 1) that belongs to a name; another one for another seed."""
    return zlib.crc32(f"{seed}/{name}".encode()) / 2**32


class FictionalGateway:
    """A channel that reaches nobody and answers at once. `name` is the way people gave, such as `sms` or `email`."""

    keyed = True
    longest: int | None = None

    def __init__(self, name: str, seed: int | str) -> None:
        self.name, self.seed = name, seed

    async def send(self, message: Message) -> Answer:
        """Deliver it, or refuse it where the address is one of those that no longer exist."""
        if drawn(self.seed, message.address) < REFUSED:
            return Answer(Sent.REFUSED, detail=GONE)
        return Answer(Sent.DELIVERED, receipt=message.key)

    async def lookup(self, message: Message, receipt: str) -> Answer | None:
        """Whatever was sent was delivered."""
        return Answer(Sent.DELIVERED, receipt=receipt or message.key)

    async def close(self) -> None:
        """Nothing is open."""
