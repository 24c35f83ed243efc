"""How many parts a short message takes (短信计条): GSM 03.38 seven-bit letters, or UCS-2 as soon as one is not among them.

One part holds 160 seven-bit letters or 70 UCS-2 units; a longer message loses room to its headers: 153 or 67 each part. A
letter of the extension table counts twice, a character outside the basic plane takes two UCS-2 units, and neither is cut in
two at the end of a part.

>>> (
...     parts("停电通知" * 17 + "。"),
...     parts("停电通知" * 17 + "。。。"),
...     parts("a" * 160),
...     parts("a" * 161),
...     parts("€" * 80),
... )
(1, 2, 1, 2, 1)
>>> parts("🔌" * 35), parts("🔌" * 36), parts("a" * 152 + "€" + "b" * 152), parts("")
(1, 2, 3, 0)
"""

SEVEN_BIT = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")


def seven_bit(text: str) -> bool:
    """True when every letter is in the GSM alphabet or its extension."""
    return all(letter in SEVEN_BIT or letter in EXTENDED for letter in text)


def parts(text: str) -> int:
    """Parts a message is sent and paid in."""
    if seven_bit(text):
        return _cut([2 if letter in EXTENDED else 1 for letter in text], single=160, each=153)
    return _cut([2 if ord(letter) > 0xFFFF else 1 for letter in text], single=70, each=67)


def _cut(sizes: list[int], *, single: int, each: int) -> int:
    if sum(sizes) <= single:
        return int(bool(sizes))
    count, room = 1, each
    for size in sizes:
        if size > room:
            count, room = count + 1, each
        room -= size
    return count
