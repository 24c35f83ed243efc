"""The sheet of a period (指标表): every base side by side, with what it was computed from.

It says the period, what was known when, which customers divide, which days are major; then per base, book and view
every index with its ratio. Rows of it are what is shown, exported and stored when a month is closed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from everlit.kernel import Period
from everlit.reliability.indices import Counted
from everlit.reliability.model import Base, Book, By, Customers, View
from everlit.reliability.parts import Part


@dataclass(frozen=True, eq=False)
class Sheet:
    """The indices of a period on several bases, whole or parted by `by`; `known_at` is None for what is known now.

    Of the whole all three views are told, of parts the one that is asked for: `view`.
    """

    network: str
    period: Period
    zone: tzinfo
    known_at: datetime | None
    customers: Customers
    major: Mapping[Book, Sequence[date]]
    by: By | None
    counted: Mapping[Base, Counted]
    view: View = View.ALL

    @property
    def parts(self) -> tuple[Part, ...]:
        """Every part any base has, in order."""
        return tuple({part.key: part for one in self.counted.values() for part in one.parts}.values())

    @property
    def views(self) -> tuple[View, ...]:
        """The views told: three of the whole, one of parts."""
        return tuple(View) if self.by is None else (self.view,)

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row per base, part, book, view and index."""
        for base, counted in self.counted.items():
            for number, part in enumerate(counted.parts):
                for book in Book:
                    for view in self.views:
                        for index in counted.of(book, view=view, part=number):
                            about = {"base": base.value, "book": book.value, "view": view.value, "part": part.key}
                            yield {**about, **index.as_json()}

    def as_json(self) -> dict[str, Any]:
        """As the API and `--json` show it."""
        return {
            "network": self.network,
            "period": self.period.as_json(),
            "known_at": self.known_at and self.known_at.isoformat(),
            "customers": self.customers.value,
            "major_days": {book.value: [str(day) for day in days] for book, days in self.major.items()},
            "by": self.by and self.by.value,
            "parts": [self._part(part) for part in self.parts],
        }

    def _part(self, part: Part) -> dict[str, Any]:
        bases = {}
        for base, counted in self.counted.items():
            keys = [one.key for one in counted.parts]
            if part.key in keys:
                bases[base.value] = self._base(counted, keys.index(part.key))
        return {"key": part.key, "label": part.label.as_json(), "bases": bases}

    def _base(self, counted: Counted, part: int) -> dict[str, Any]:
        books = {
            book.value: {
                view.value: [index.as_json() for index in counted.of(book, view=view, part=part)] for view in self.views
            }
            for book in Book
        }
        return {"customers": float(counted.customers[part]), **books}
