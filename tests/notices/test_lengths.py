"""The longest a short message gets: long names, several times, a late version of a long event."""

import pytest

from everlit.kernel import Period, Severity, Text, utc
from everlit.kernel.reading import CHINA
from everlit.notices.channel import Kind
from everlit.notices.content.compose import compose, fill, said
from everlit.notices.content.lint import Lengths, lint_composed
from everlit.notices.content.sms import parts
from everlit.notices.content.texts import LANGUAGES, READERS, shipped
from everlit.notices.model import Group, Happening, seconds

DAY = Period(utc("2031-05-20T08:00+08:00"), utc("2031-05-21T06:30+08:00"))
BEGIN = seconds(DAY.start)
THREE = tuple((BEGIN + hour * 3600, BEGIN + hour * 3600 + 1500) for hour in (0, 3, 6))
CAUSE = Text(
    "replacement of transformer and cable heads, insulation test of the whole line section",
    "更换配电变压器及电缆终端头并对全线段进行绝缘预防性试验",
)
AREA = Text(
    "parts of North Main 11, North Main 12, North Main 14 (about 11542 households)",
    "城北主线11号、城北主线12号、城北主线14号部分用户(约11542户)",
)
SENDER = Text("Example City Power Supply Company", "示范市供电公司城东供电所")


@pytest.mark.parametrize("kind", Kind)
def test_the_longest_short_message_has_three_parts(kind: Kind) -> None:
    event = Happening(
        "O-261126-P2611-0011/astray", "town", kind, DAY, (Group(THREE, ("a",)),), CAUSE, AREA, SENDER, "95598",
        {"affected": 11542},
    )  # fmt: skip
    texts = compose(event, kind, version=12, book=shipped())
    assert not [found for found in lint_composed(texts, kind, Lengths(3, 2000)) if found.severity is Severity.ERROR]
    for language in LANGUAGES:
        when = said(THREE, language=language, zone=CHINA)
        for reader in READERS:
            short = fill(texts[language]["short"][reader], when=when, tail="1234", count="20000")
            assert 1 < parts(short) <= 3, short
