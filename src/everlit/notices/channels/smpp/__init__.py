"""Short messages over SMPP 3.4: a client of our own for the message centre (短信中心, SMSC) of an operator.

    parts      the text in pieces a telephone puts together again: GSM 7-bit or UCS-2, 160/153 or 70/67 characters
    pdu        the octets: bind, submit, query, delivery receipts
    session    one bound connection: window, time-outs, keep-alive, what comes in unasked
    receipts   what became of the pieces, as far as the centre has said
    line       the channel: pace, reconnection, and what all of it means for one message

Why our own and not the library `smpp34` (1.5.0, compiled): asked with a centre that hangs up before a submit, one that
hangs up after it and one that never answers, it raises the same error three times, so that "surely not sent" and
"perhaps sent" cannot be told apart; it has no `query_sm`; its time-out is fixed at 30 s. The tests keep it as a peer.
"""

from everlit.notices.channels.smpp.line import Smpp
from everlit.notices.channels.smpp.parts import Part, parts
from everlit.notices.channels.smpp.session import Centre

__all__ = ["Centre", "Part", "Smpp", "parts"]
