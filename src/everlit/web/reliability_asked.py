"""What a reliability page was asked for (查询条件): year, customer base, which days, as known when; and links that keep it.

A figure on a page is a question with these words; the link on it asks for the same figure laid open.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from urllib.parse import urlencode

from fastapi import Request
from starlette.exceptions import HTTPException

from everlit.api.context import reachable
from everlit.kernel import Period
from everlit.reliability.calendar import YEARS, month_period, year_period
from everlit.reliability.model import Base, Book, By, View

SHOWN = (Base.UNITS, Base.HOUSEHOLDS, Base.KVA)
"""Customer bases that can be picked."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The words every reliability page shares; `known_at` is None for what is known now."""

    network: str
    zone: tzinfo
    year: int
    base: Base = Base.UNITS
    view: View = View.ALL
    known_at: datetime | None = None

    @property
    def period(self) -> Period:
        """The local year."""
        return year_period(self.year, self.zone)

    def query(self, **changes: object) -> str:
        """The query of a link: these words and `changes`, the plain ones left out."""
        plain: dict[str, object] = {"base": Base.UNITS, "view": View.ALL, "known": "", "part": "", "by": None}
        words: dict[str, object] = {"year": self.year, "base": self.base, "view": self.view, "known": self.known}
        words |= changes
        return urlencode({name: str(word) for name, word in words.items() if word not in (plain.get(name), None)})

    @property
    def known(self) -> str:
        """`known_at` as the page's own field holds it."""
        return f"{self.known_at.astimezone(self.zone):%Y-%m-%dT%H:%M}" if self.known_at else ""

    def drill(self, key: str, book: Book, **changes: object) -> str:
        """Where a figure is laid open."""
        return "/reliability/drill?" + self.query(index=key, book=book, **changes)


def asked(request: Request, network: str, zone: tzinfo, *, year: int) -> Asked:
    """Read the query of a page; `year` is the one to show when none is named. 404 for words that mean nothing."""
    words = request.query_params
    try:
        chosen = int(words.get("year") or year)
        base, view = Base(words.get("base") or Base.UNITS), View(words.get("view") or View.ALL)
        known = words.get("known", "").strip()
        known_at = reachable(datetime.fromisoformat(known)).replace(tzinfo=zone) if known else None
    except ValueError:
        raise HTTPException(404) from None
    if chosen not in YEARS or base not in SHOWN:
        raise HTTPException(404)
    return Asked(network, zone, chosen, base, view, known_at)


@dataclass(frozen=True, slots=True)
class Laid:
    """Which figure is to be laid open: the index of a book, of a part, in a year, one of its months or one of its days."""

    index: str
    book: Book
    by: By | None
    part: str
    period: Period
    label: str


def laid(request: Request, known: Asked) -> Laid:
    """Read which figure a drill-down asks for; 404 for words that mean nothing."""
    words = request.query_params
    try:
        book, by = Book(words.get("book") or Book.DLT), By(words["by"]) if words.get("by") else None
        period, label = _period(known, words.get("month", ""), words.get("day", ""))
    except ValueError:
        raise HTTPException(404) from None
    return Laid(words.get("index", "")[:40], book, by, words.get("part", "")[:200], period, label)


def _period(known: Asked, month: str, day: str) -> tuple[Period, str]:
    if day:
        start = datetime.combine(date.fromisoformat(day), time(), known.zone)
        if start.year not in YEARS:
            raise ValueError(day)
        return Period(start, datetime.combine(start.date() + timedelta(days=1), time(), known.zone)), day
    if month:
        return month_period(month, known.zone), month
    return known.period, str(known.year)
