"""Delivery receipts (状态报告): what the centre says became of a short message, kept until somebody asks.

A receipt names the message by the id the centre gave it; where the answer with that id was lost, the reference we gave
it comes back instead, if the centre returns it. Receipts are remembered while the process runs, the newest hundred
thousand; older states are asked for with query_sm.

>>> read(
...     Delivery(
...         "13800138000",
...         4,
...         b"id:7f3 sub:001 dlvrd:001 submit date:2606010800 done date:2606010801 stat:DELIVRD err:000 text:",
...     )
... )
Receipt(message_id='7f3', sent=<Sent.DELIVERED: 'delivered'>, reference=None, number='13800138000')
"""

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from everlit.notices.channel import Sent
from everlit.notices.channels.smpp.pdu import RECEIPT, Delivery, Tag, written

STATES = {
    1: Sent.ACCEPTED,  # en route
    2: Sent.DELIVERED,
    3: Sent.REFUSED,  # expired
    4: Sent.REFUSED,  # deleted
    5: Sent.REFUSED,  # undeliverable
    6: Sent.ACCEPTED,
    8: Sent.REFUSED,
}
"""Message states (SMPP 3.4, 5.2.28); 7 is unknown to the centre itself."""
WORDS = {"ENROUTE": 1, "DELIVRD": 2, "EXPIRED": 3, "DELETED": 4, "UNDELIV": 5, "ACCEPTD": 6, "UNKNOWN": 7, "REJECTD": 8}
TEXT = re.compile(rb"\bid:\s*(\S+).*?\bstat:\s*([A-Za-z]+)", re.DOTALL)
MOST = 100_000
DIGITS = 10
"""Last digits by which numbers are compared: a centre may add or leave out the country."""
FINAL = (Sent.DELIVERED, Sent.REFUSED)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the centre says of one short message. `sent` is None when the centre does not know either."""

    message_id: str
    sent: Sent | None
    reference: int | None
    number: str


def read(delivery: Delivery) -> Receipt | None:
    """The receipt in a deliver_sm, None when it is something else."""
    if not delivery.esm_class & RECEIPT:
        return None
    extras = delivery.extras
    told = TEXT.search(delivery.text or extras.get(Tag.MESSAGE_PAYLOAD, b""))
    named = extras.get(Tag.RECEIPTED_MESSAGE_ID, b"").rstrip(b"\0") or (told.group(1) if told else b"")
    word = WORDS.get(told.group(2).decode().upper()) if told else None
    state = extras.get(Tag.MESSAGE_STATE) or bytes([word or 7])
    reference = extras.get(Tag.USER_MESSAGE_REFERENCE, b"")
    number = int.from_bytes(reference, "big") if len(reference) == 2 else None
    return Receipt(written(named), STATES.get(state[0]), number, delivery.source)


class Receipts:
    """The receipts that came, by message id and by our reference."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._by_id: OrderedDict[str, Sent | None] = OrderedDict()
        self._by_reference: OrderedDict[tuple[str, int], dict[str, Sent | None]] = OrderedDict()

    def keep(self, receipt: Receipt) -> None:
        """Remember a receipt; what is final stays, though an "accepted" overtook it on the way."""
        before = self._by_id.pop(receipt.message_id, None)
        sent = before if before in FINAL else receipt.sent
        self._by_id[receipt.message_id] = sent
        if receipt.reference is not None:
            place = (receipt.number[-DIGITS:], receipt.reference)
            pieces = self._by_reference.pop(place, {})
            self._by_reference[place] = pieces | {receipt.message_id: sent}
        for kept in (self._by_id, self._by_reference):
            while len(kept) > self._most:
                kept.popitem(last=False)

    def of(self, message_id: str) -> Sent | None:
        """What is known of the message with that id."""
        return self._by_id.get(message_id)

    def of_reference(self, number: str, reference: int, *, pieces: int) -> Sent | None:
        """What is known of a message of which only our reference is known: only when all its pieces were told of."""
        known = self._by_reference.get((number[-DIGITS:], reference), {})
        return worst(list(known.values())) if len(known) >= pieces else None


def worst(states: Sequence[Sent | None]) -> Sent | None:
    """The state of a message made of pieces: it is delivered when all of them are, and lost when one of them is.

    >>> worst([Sent.DELIVERED, Sent.ACCEPTED]), worst([Sent.DELIVERED, Sent.REFUSED]), worst([Sent.DELIVERED, None])
    (<Sent.ACCEPTED: 'accepted'>, <Sent.REFUSED: 'refused'>, None)
    """
    if Sent.REFUSED in states:
        return Sent.REFUSED
    if not states or None in states:
        return None
    return Sent.DELIVERED if set(states) == {Sent.DELIVERED} else Sent.ACCEPTED
