"""A year of reliability as its page shows it (可靠性总览): headline, both books beside each other, trend, causes, feeders, days.

Nothing is computed here: every figure comes from the reliability service with the link that lays it open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from everlit.app import App
from everlit.kernel import Period, Text
from everlit.reliability.calendar import month_period, year_period
from everlit.reliability.days import MajorDay, Threshold
from everlit.reliability.indices import Counted
from everlit.reliability.model import Base, Book, By, Index
from everlit.reliability.sheet import Sheet
from everlit.web.day_calendar import YearOfDays, year_of_days
from everlit.web.feeder_map import FeederMap, feeder_map, shade
from everlit.web.month import feeder_titles
from everlit.web.pareto_chart import Share, pareto
from everlit.web.reliability_asked import SHOWN, Asked
from everlit.web.trend_chart import Point, Trend, trend

TILES = ("SAIDI-1", "SAIFI-1", "ASAI-1", "TH-1")
PAIRS = (
    ("SAIDI-1", ""), ("SAIDI-4", "SAIDI"), ("SAIDI-2", ""), ("SAIDI-3", ""), ("SAIDI-F", ""), ("SAIDI-S", ""),
    ("SAIFI-1", ""), ("SAIFI-4", "SAIFI"), ("ASAI-1", ""), ("ASAI-4", "ASAI"), ("CAIDI-4", "CAIDI"),
    ("CTAIDI-4", "CTAIDI"), ("CAIFI-4", "CAIFI"), ("MAIFI", "MAIFI"), ("MAIFI_E", "MAIFI_E"), ("CEMI_3", "CEMI_3"),
    ("CEMSMI_3", "CEMSMI_3"), ("CELID_S", "CELID_S"), ("CELID_T", "CELID_T"), ("TH-1", ""), ("TH-4", "CMI"),
    ("", "CI"),
)  # fmt: skip
"""Names in DL/T 836 and in IEEE 1366 of what stands on one line of the table; empty where a book has none."""
TRENDS = (("SAIDI-4", "SAIDI"), ("SAIFI-4", "SAIFI"), ("ASAI-4", "ASAI"))
"""What is drawn: sustained interruptions in both books, so that the bars differ by the rules alone."""
YEARS_BACK = 3
YEARS_WIDTH, MONTHS_WIDTH = 160.0, 290.0
MOST_FEEDERS = 12


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure and its link."""

    index: Index | None
    link: str


@dataclass(frozen=True, slots=True)
class Tile:
    """One headline figure on the base asked for, the others beside it, and what it was a year before to the same day."""

    cell: Cell
    others: tuple[tuple[Base, Cell], ...]
    before: Index | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table of both books: per book a figure on each base."""

    title: Text
    names: tuple[str, str]
    cells: tuple[tuple[Cell, ...], tuple[Cell, ...]]


@dataclass(frozen=True, slots=True)
class Course:
    """The course of an index over some periods: its points and their chart."""

    points: tuple[Point, ...]
    chart: Trend


@dataclass(frozen=True, slots=True)
class FeederLine:
    """One feeder: its customer-hours, SAIDI and SAIFI with links."""

    feeder: int
    title: Text
    cells: tuple[Cell, ...]


@dataclass(frozen=True, eq=False)
class Year:
    """Everything of a year that is drawn or listed."""

    asked: Asked
    sheet: Sheet
    tiles: tuple[Tile, ...]
    lines: tuple[Line, ...]
    trends: tuple[tuple[Course, Course], ...]
    causes: Sequence[Share]
    natures: Sequence[Share]
    feeders: tuple[FeederLine, ...]
    map: FeederMap | None
    shades: Mapping[int, int]
    map_links: Mapping[int, FeederLine]
    whole: Index
    calendar: YearOfDays
    limits: Mapping[Book, Threshold]
    major: Mapping[Book, tuple[MajorDay, ...]]


def named(key: str, base: Base) -> str:
    """The name of an index on a base: by capacity the system indices have names of their own.

    >>> named("SAIDI-1", Base.KVA), named("CAIDI", Base.KVA), named("SAIFI", Base.UNITS)
    ('ASIDI-1', 'CAIDI', 'SAIFI')
    """
    if base is Base.KVA:
        return key.replace("SAIDI", "ASIDI").replace("SAIFI", "ASIFI")
    return key


def read_year(app: App, known: Asked) -> Year:
    """Ask the services for everything of a year."""
    whole = app.reliability.indices(known.network, known.period, bases=SHOWN, known_at=known.known_at)
    by = {
        one: app.reliability.indices(
            known.network, known.period, bases=[known.base], by=one, known_at=known.known_at
        ).counted[known.base]
        for one in (By.MONTH, By.CAUSE, By.NATURE, By.FEEDER)
    }
    years = [*_years_back(app, known), (known.year, whole.counted[known.base])]
    begun = _begun(app, known, by[By.MONTH])
    trends = tuple(_courses(known, years, by[By.MONTH], begun, pair) for pair in TRENDS)
    feeders = _feeders(app, known, by[By.FEEDER])
    saidi = whole.counted[known.base].index(named("SAIDI-1", known.base), Book.DLT, view=known.view)
    levels = {line.feeder: line.cells[1].index.value or 0.0 for line in feeders if line.cells[1].index}
    return Year(
        known,
        whole,
        _tiles(app, known, whole),
        tuple(_line(known, whole, *pair) for pair in PAIRS),
        trends,
        _shares(known, by[By.CAUSE], By.CAUSE),
        _shares(known, by[By.NATURE], By.NATURE),
        feeders[:MOST_FEEDERS],
        feeder_map(app.grid(known.network), levels, whole=saidi.value or 0.0),
        {feeder: shade(level, saidi.value or 0.0) for feeder, level in levels.items()},
        {line.feeder: line for line in feeders},
        saidi,
        *_days(app, known),
    )


def _cell(known: Asked, counted: Counted, key: str, book: Book, *, place: int = 0, **words: object) -> Cell:
    """A figure with its link; none where the base or book has no such index."""
    names = {formula.key for formula in counted.formulas(book)}
    if key not in names:
        return Cell(None, "")
    index = counted.index(key, book, view=known.view, part=place)
    return Cell(index, known.drill(key, book, base=counted.base, **words) if index.numerator else "")


def _tiles(app: App, known: Asked, whole: Sheet) -> tuple[Tile, ...]:
    before = _year_before(app, known)
    found = []
    for key in TILES:
        cells = {base: _cell(known, counted, named(key, base), Book.DLT) for base, counted in whole.counted.items()}
        others = tuple((base, cell) for base, cell in cells.items() if base is not known.base)
        last = None if before is None else before.index(named(key, known.base), Book.DLT, view=known.view)
        found.append(Tile(cells[known.base], others, last))
    return tuple(found)


def _year_before(app: App, known: Asked) -> Counted | None:
    """The year before, to the same day when this one is not over; none where nothing was recorded then."""
    last = year_period(known.year - 1, known.zone)
    now = (known.known_at or app.clock()).astimezone(known.zone)
    if now.year == known.year:
        last = Period(last.start, min(last.end, last.start + (now - known.period.start)))
    if last.duration < timedelta(days=1):
        return None
    found = app.reliability.indices(known.network, last, bases=[known.base], known_at=known.known_at)
    counted = found.counted[known.base]
    return counted if counted.index(named("SAIFI-1", known.base), Book.DLT).numerator else None


def _line(known: Asked, whole: Sheet, dlt: str, ieee: str) -> Line:
    cells = tuple(
        tuple(_cell(known, whole.counted[base], named(key, base), book) if key else Cell(None, "") for base in SHOWN)
        for book, key in ((Book.DLT, dlt), (Book.IEEE, ieee))
    )
    title = next(cell.index.title for row in cells for cell in row if cell.index)
    return Line(title, (dlt, ieee), (cells[0], cells[1]))


def _years_back(app: App, known: Asked) -> list[tuple[int, Counted]]:
    """The years before, from the first one with anything in it."""
    found: list[tuple[int, Counted]] = []
    for year in range(known.year - YEARS_BACK, known.year):
        period = year_period(year, known.zone)
        sheet = app.reliability.indices(known.network, period, bases=[known.base], known_at=known.known_at)
        counted = sheet.counted[known.base]
        if found or counted.index(named("SAIFI-1", known.base), Book.DLT).numerator:
            found.append((year, counted))
    return found


def _courses(
    known: Asked, years: Sequence[tuple[int, Counted]], months: Counted, begun: int, keys: tuple[str, str]
) -> tuple[Course, Course]:
    """Years, this one last, and the first `begun` months of this one."""
    pairs = tuple(zip((Book.DLT, Book.IEEE), (named(key, known.base) for key in keys), strict=True))

    def figures(counted: Counted, place: int, **words: object) -> tuple[tuple[Index, str], ...]:
        return tuple(
            (counted.index(key, book, view=known.view, part=place), known.drill(key, book, **words))
            for book, key in pairs
        )

    yearly = tuple(Point(str(year), figures(counted, 0, year=year)) for year, counted in years)
    monthly = tuple(
        Point(str(place + 1), figures(months, place, by=By.MONTH, part=months.parts[place].key))
        for place in range(begun)
    )
    return Course(yearly, trend(yearly, width=YEARS_WIDTH)), Course(monthly, trend(monthly, width=MONTHS_WIDTH))


def _begun(app: App, known: Asked, months: Counted) -> int:
    """How many months of the year have begun."""
    now = known.known_at or app.clock()
    return sum(month_period(part.key, known.zone).start <= now for part in months.parts)


def _shares(known: Asked, counted: Counted, by: By) -> list[Share]:
    """Customer-hours by cause or nature, largest first."""
    found = []
    for place, part in enumerate(counted.parts):
        index = counted.index("TH-1", Book.DLT, view=known.view, part=place)
        found.append((part.label, index.value or 0.0, known.drill("TH-1", Book.DLT, by=by, part=part.key)))
    return pareto(found)


def _feeders(app: App, known: Asked, counted: Counted) -> tuple[FeederLine, ...]:
    """Every feeder with an interruption, most customer-hours first."""
    titles = dict(
        zip(app.grid(known.network).feeder_ids.to_pylist(), feeder_titles(app.grid(known.network)), strict=True)
    )
    rows = {name: row for row, name in enumerate(titles)}
    lines = []
    for place, part in enumerate(counted.parts):
        keys = ("TH-1", named("SAIDI-1", known.base), named("SAIFI-1", known.base))
        cells = tuple(_cell(known, counted, key, Book.DLT, place=place, by=By.FEEDER, part=part.key) for key in keys)
        if cells[2].index and cells[2].index.numerator:
            lines.append(FeederLine(rows.get(part.key, -1), titles.get(part.key, part.label), cells))
    return tuple(sorted(lines, key=lambda line: -(line.cells[0].index.numerator if line.cells[0].index else 0)))


def _days(app: App, known: Asked) -> tuple[YearOfDays, Mapping[Book, Threshold], Mapping[Book, tuple[MajorDay, ...]]]:
    """The year of days by DL/T 836, and limit and major event days of both books."""
    found = {book: app.reliability.days(known.network, known.year, book=book, known_at=known.known_at) for book in Book}
    limit, major, daily = found[Book.DLT]
    last = (known.known_at or app.clock()).astimezone(known.zone).date()
    drawn = year_of_days(known.year, daily, limit=limit.minutes, major=[one.day for one in major], last=last)
    return drawn, {book: one[0] for book, one in found.items()}, {book: one[1] for book, one in found.items()}
