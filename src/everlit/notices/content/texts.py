"""The texts as shipped (`texts.csv`): for each form, kind and part the words in Chinese and English; `*` is for every kind.

>>> book = shipped()
>>> book.of("short", Kind.PLANNED)["may_change"].zh, book.of("short", Kind.CANCELLED)["todo"].en
('如有变化再通知。', 'You need not prepare.')
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from everlit.kernel import Text
from everlit.notices.channel import Kind

FORMS = ("short", "long")
LANGUAGES = ("zh", "en")
READERS = ("reader", "reader_may", "reader_many")
"""Who will be dark, who may be affected, who receives for many."""
PARTS = ("who", "when", "why", "affected", "todo", "safety", "may_change", "contact", "id")
"""What every notice says, in this order (domain rule 3.1): who informs, from when to when, why, what is affected, what to
do, safety, that it may change, whom to ask, and the number of the notice."""


@dataclass(frozen=True, slots=True)
class Book:
    """All texts by form, kind (or `*`) and part."""

    rows: Mapping[tuple[str, str, str], Text]

    def of(self, form: str, kind: Kind) -> dict[str, Text]:
        """The parts of one form of one kind; a kind's own words come before those for every kind."""
        shared = {part: text for (where, whose, part), text in self.rows.items() if (where, whose) == (form, "*")}
        own = {part: text for (where, whose, part), text in self.rows.items() if (where, whose) == (form, kind.value)}
        return {**shared, **own}


@cache
def shipped() -> Book:
    """The texts that come with the product."""
    content = (files("everlit.notices.content") / "texts.csv").read_text("utf-8")
    return Book({
        (row["form"], row["kind"], row["part"]): Text(en=row["en"], zh=row["zh"])
        for row in csv.DictReader(content.splitlines())
    })  # fmt: skip
