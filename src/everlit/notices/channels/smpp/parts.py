"""A text as short messages (短信分条): 70 Chinese characters in one, 67 in each when there are more.

A text whose every character is in the GSM 7-bit alphabet (3GPP TS 23.038) takes 160 of them in one message and 153 in a
piece of several; the ten characters of the extension table count twice. Any other text is UCS-2 (UTF-16, big endian):
70 and 67 units, and a character beyond the basic plane is two units that are never torn apart. Pieces carry a user data
header (3GPP TS 23.040, 9.2.3.24.1) with a reference, their number and their order.

>>> [len(parts("电" * count, reference=7)) for count in (70, 71, 134, 135)]
[1, 2, 2, 3]
>>> [len(parts("a" * count, reference=7)) for count in (160, 161, 306, 307)]
[1, 2, 2, 3]
>>> parts("Planned outage [8-17 h]", reference=7)[0].units
25
"""

from dataclasses import dataclass

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
ESCAPE = 0x1B
EXTENSION = {"^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E, "|": 0x40, "€": 0x65}
GSM7 = {
    **{character: bytes([code]) for code, character in enumerate(BASIC) if code != ESCAPE},
    **{character: bytes([ESCAPE, code]) for character, code in EXTENSION.items()},
}
CODING_GSM7, CODING_UCS2 = 0, 8
MOST_PARTS = 255
ALONE = {CODING_GSM7: 160, CODING_UCS2: 140}
TOGETHER = {CODING_GSM7: 153, CODING_UCS2: 134}
"""Octets of text in one piece; a GSM character travels as one octet and is packed by the centre."""


@dataclass(frozen=True, slots=True)
class Part:
    """One short message: its coding, the user data header (empty when it stands alone), the octets of its text."""

    coding: int
    header: bytes
    text: bytes

    @property
    def units(self) -> int:
        """How much of the 160 or 70 the text takes."""
        return len(self.text) // (2 if self.coding == CODING_UCS2 else 1)


def parts(text: str, *, reference: int) -> list[Part]:
    """The pieces of `text`, all with the low octet of `reference`; ValueError above 255 pieces."""
    coding = CODING_GSM7 if all(character in GSM7 for character in text) else CODING_UCS2
    characters = [GSM7[one] if coding == CODING_GSM7 else one.encode("utf-16-be") for one in text]
    if sum(map(len, characters)) <= ALONE[coding]:
        return [Part(coding, b"", b"".join(characters))]
    pieces = _filled(characters, TOGETHER[coding])
    if len(pieces) > MOST_PARTS:
        raise ValueError(f"{len(pieces)} pieces: a text of more than {MOST_PARTS} short messages is none")
    head = bytes([5, 0, 3, reference & 0xFF, len(pieces)])
    return [Part(coding, head + bytes([number]), piece) for number, piece in enumerate(pieces, start=1)]


def _filled(characters: list[bytes], most: int) -> list[bytes]:
    pieces = [bytearray()]
    for character in characters:
        if len(pieces[-1]) + len(character) > most:
            pieces.append(bytearray())
        pieces[-1] += character
    return [bytes(piece) for piece in pieces]
