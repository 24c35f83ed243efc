"""Made-up years of interruptions on a real network (演示停电历史): what a ledger holds after years of use.

Hours are dealt out by the shares regulators publish (domain rule 2.2): 0.40 h of faults and 0.19 h of works a customer in
a quarter, of the faults a quarter each for nature, force from outside and equipment. Inside a share the events are drawn
until its hours are used up, so that small networks come out right too. Weak feeders have more than their part; one storm
a year strikes many feeders on one day; a fault is restored in steps; reclosings leave seconds of darkness; a fuse at low
voltage puts out one load and no MV unit. A repair takes about two hours, switching round three quarters of one, so that a
customer is off one to two times a year, and few more than five. All of it is fictional and says so in every identity.

>>> from everlit.grid.synthetic import random_network
>>> from everlit.grid import compile_network
>>> grid = compile_network(random_network(3, feeders=4, nodes=12))
>>> year = Period(datetime(2025, 1, 1, tzinfo=CHINA), datetime(2026, 1, 1, tzinfo=CHINA))
>>> rows = fictional_interruptions(grid, year, seed=7)
>>> rows.num_rows > 20, rows.equals(fictional_interruptions(grid, year, seed=7)), rows["event_id"][0].as_py()
(True, True, 'FIC-2025-0001')
"""

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from everlit.grid import Grid
from everlit.kernel import Finding, Period, Refusal, Text
from everlit.kernel.reading import CHINA
from everlit.ledger.model import Cause, Nature, SubjectKind
from everlit.ledger.roster import Roster, roster

FAULT_H, WORKS_H = 4 * 0.40, 4 * 0.19
"""Hours a customer and year (domain rule 2.2: the first quarter of a national sample)."""

_Told = tuple[str, str, datetime, datetime, str, str]
WEIGHED = tuple[tuple[float, Nature, Cause], ...]
FAULTS: Mapping[str, tuple[float, WEIGHED]] = {
    "force": (0.2595, (
        (0.5, Nature.FAULT_INTERNAL, Cause.EXTERNAL_FORCE_DAMAGE),
        (0.25, Nature.FAULT_INTERNAL, Cause.EXTERNAL_FORCE_FOREIGN_OBJECT),
        (0.15, Nature.FAULT_INTERNAL, Cause.EXTERNAL_FORCE_TREE),
        (0.1, Nature.FAULT_INTERNAL, Cause.EXTERNAL_FORCE_ANIMAL),
    )),
    "equipment": (0.2493, (
        (0.55, Nature.FAULT_INTERNAL, Cause.EQUIPMENT_AGEING),
        (0.25, Nature.FAULT_INTERNAL, Cause.EQUIPMENT_DEFECT),
        (0.2, Nature.FAULT_INTERNAL, Cause.EQUIPMENT_OVERLOAD),
    )),
    "storm": (0.2236, (
        (0.6, Nature.FAULT_INTERNAL, Cause.NATURAL_TYPHOON),
        (0.4, Nature.FAULT_INTERNAL, Cause.NATURAL_LIGHTNING),
    )),
    "rest": (0.2676, (
        (0.4, Nature.FAULT_INTERNAL, Cause.USER_PLANT),
        (0.25, Nature.FAULT_INTERNAL, Cause.UNKNOWN),
        (0.15, Nature.FAULT_INTERNAL, Cause.OPERATION_PROTECTION),
        (0.2, Nature.FAULT_EXTERNAL, Cause.UPSTREAM_GRID),
    )),
}  # fmt: skip
WORKS: WEIGHED = (
    (0.42, Nature.PLANNED_MAINTENANCE_INTERNAL, Cause.MAINTENANCE_PLANNED),
    (0.2, Nature.PLANNED_CONSTRUCTION_INTERNAL, Cause.WORK_INSIDE),
    (0.1, Nature.PLANNED_CONSTRUCTION_CONNECTION, Cause.WORK_INSIDE),
    (0.08, Nature.PLANNED_CONSTRUCTION_MUNICIPAL, Cause.WORK_OUTSIDE),
    (0.04, Nature.PLANNED_CUSTOMER_REQUEST, Cause.USER_PLANT),
    (0.13, Nature.TEMPORARY_MAINTENANCE_INTERNAL, Cause.MAINTENANCE_TEMPORARY),
    (0.03, Nature.RATIONING_SOURCE_SHORTAGE, Cause.UPSTREAM_SHORTAGE),
)
SEASONS: Mapping[str, tuple[float, ...]] = {
    "storm": (0, 0, 0.2, 0.6, 1, 2, 4, 5, 3, 0.6, 0, 0),
    "works": (0.7, 0.3, 1.2, 1.4, 1.3, 1.0, 0.6, 0.6, 1.1, 1.4, 1.4, 1.0),
    "fault": (0.9, 0.8, 0.8, 0.9, 1.0, 1.1, 1.5, 1.5, 1.0, 0.8, 0.8, 0.9),
}
"""Weight of each month."""
GREAT_STORM = 0.7
"""Part of nature's hours that one day of the year takes."""
MOST_EVENTS = 5_000


class UnableToInventHistory(Refusal):
    """The network has no feeder with customers."""

    title = Text(en="No history can be made up.", zh="无法生成演示停电历史。")


@dataclass(frozen=True, slots=True)
class _Row:
    """Some places off in [off, on), seconds since the period began."""

    places: tuple[str, ...]
    off_s: int
    on_s: int


@dataclass(frozen=True, slots=True)
class _Event:
    nature: Nature
    cause: Cause
    rows: tuple[_Row, ...]


@dataclass(frozen=True, slots=True)
class _City:
    """The places of each feeder in the order of supply with what they weigh, and how weak each feeder is."""

    feeders: tuple[tuple[tuple[str, float], ...], ...]
    loads: tuple[str, ...]
    weak: tuple[float, ...]

    @property
    def weight(self) -> float:
        return sum(weight for feeder in self.feeders for _, weight in feeder)


def fictional_interruptions(grid: Grid, period: Period, *, seed: int = 1, zone: tzinfo = CHINA) -> pa.Table:
    """Rows of the import format for every local year of `period`, cut to it; raises UnableToInventHistory.

    The years before do not depend on where the period ends, so that a longer history begins like a shorter one.
    """
    city = _city(grid, np.random.default_rng([seed, 0]))
    rows: list[_Told] = []
    for year in range(period.start.astimezone(zone).year, period.end.astimezone(zone).year + 1):
        rng = np.random.default_rng([seed, year])
        new_year = datetime.combine(date(year, 1, 1), time(), zone).astimezone(UTC)
        events = sorted(_year(rng, city, year), key=lambda event: event.rows[0].off_s)
        for number, event in enumerate(events, 1):
            said = [_told(row, event, f"FIC-{year}-{number:04d}", new_year) for row in event.rows]
            if all(period.start <= off and on <= period.end for _, _, off, on, *_ in said):
                rows += said
    names = ("event_id", "subject", "off", "on", "nature", "cause")
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return pa.table({name: pa.array(list(column)) for name, column in zip(names, columns, strict=True)})


def _told(row: _Row, event: _Event, name: str, new_year: datetime) -> _Told:
    off, on = (new_year + timedelta(seconds=at) for at in (row.off_s, row.on_s))
    return name, ";".join(row.places), off, on, event.nature.value, event.cause.value


def file_of(rows: pa.Table) -> bytes:
    """The rows as a Parquet file for the importer."""
    kept = io.BytesIO()
    pyarrow.parquet.write_table(rows, kept)
    return kept.getvalue()


# ------------------------------------------------------------------------------------------------ the city
def _city(grid: Grid, rng: np.random.Generator) -> _City:
    who = roster(grid)
    kind = SubjectKind.MV_UNIT if int(who.units.units.sum()) else SubjectKind.USAGE_POINT
    feeders = _places(who, kind)
    if not feeders:
        words = Text(en="No feeder of the network has customers.", zh="电网中没有带用户的馈线。")
        raise UnableToInventHistory(Finding("synthetic.nobody", grid.network.name, words))
    weak = rng.lognormal(0, 0.7, len(feeders))
    own = set(who.units.ids.to_pylist())
    placed = np.flatnonzero((who.points.feeder >= 0) & (who.points.households > 0)).tolist()
    loads = tuple(name for name in who.points.ids.take(pa.array(placed, pa.int64())).to_pylist() if name not in own)
    return _City(feeders, loads, tuple((weak / weak.sum()).tolist()))


def _places(who: Roster, kind: SubjectKind) -> tuple[tuple[tuple[str, float], ...], ...]:
    subjects, first = who.of(kind), who.first(kind)
    label = who.node[first : first + len(subjects)]
    weight = subjects.units if kind is SubjectKind.MV_UNIT else subjects.households
    names, found = subjects.ids.to_pylist(), dict[int, list[tuple[str, float]]]()
    for row in np.lexsort((label, subjects.feeder)).tolist():
        if subjects.feeder[row] >= 0 and weight[row] > 0:
            found.setdefault(int(subjects.feeder[row]), []).append((names[row], float(weight[row])))
    return tuple(tuple(found[feeder]) for feeder in sorted(found))


# ------------------------------------------------------------------------------------------------ one year
def _year(rng: np.random.Generator, city: _City, year: int) -> Iterator[_Event]:
    """The events of a year; a year is better or worse than the mean by some tenths."""
    factor, days = float(rng.lognormal(0, 0.12)), (date(year + 1, 1, 1) - date(year, 1, 1)).days
    for name, (share, kinds) in FAULTS.items():
        hours = FAULT_H * share * factor * city.weight
        if name == "storm":
            day = _day(rng, days, "storm")
            yield from _until(GREAT_STORM * hours, city, partial(_single, rng, city, partial(int, day), kinds))
            hours *= 1 - GREAT_STORM
        season = partial(_day, rng, days, "storm" if name == "storm" else "fault")
        yield from _until(hours, city, partial(_single, rng, city, season, kinds))
    yield from _until(WORKS_H * factor * city.weight, city, partial(_works, rng, city, days))
    for _ in range(round(len(city.feeders) * 1.5)):
        yield _reclosing(rng, city, days)
    for _ in range(len(city.loads) // 200):
        yield _fuse(rng, city, days)


def _until(hours: float, city: _City, drawn: Callable[[], list[_Event]]) -> Iterator[_Event]:
    """Events until they make so many customer-hours together."""
    weights = dict(place for feeder in city.feeders for place in feeder)
    for _ in range(MOST_EVENTS):
        for event in drawn():
            hours -= sum(weights[name] * (row.on_s - row.off_s) / 3600 for row in event.rows for name in row.places)
            yield event
            if hours <= 0:
                return


def _day(rng: np.random.Generator, days: int, season: str) -> int:
    """A day of the year, months weighed as the season says."""
    weights = np.repeat(SEASONS[season], -(-days // 12))[:days]
    return int(rng.choice(days, p=weights / weights.sum()))


def _second(rng: np.random.Generator, day: int, hour: float, spread_h: float) -> int:
    """A second near an hour of the day."""
    at = min(max(float(rng.normal(hour, spread_h)), 0.0), 23.9)
    return day * 86_400 + int(at * 3600)


def _kind(rng: np.random.Generator, kinds: WEIGHED) -> tuple[Nature, Cause]:
    weights = np.array([weight for weight, _, _ in kinds])
    return kinds[int(rng.choice(len(kinds), p=weights / weights.sum()))][1:]


def _stretch(rng: np.random.Generator, city: _City, mean: float) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Neighbouring places of a feeder, weak ones more often, and the places beyond them."""
    names = tuple(name for name, _ in city.feeders[int(rng.choice(len(city.feeders), p=city.weak))])
    size = min(len(names), int(rng.geometric(1 / mean)))
    first = int(rng.integers(len(names) - size + 1))
    return names[first : first + size], names[first + size :]


def _fault(rng: np.random.Generator, city: _City, day: int, kinds: WEIGHED) -> _Event:
    """A fault: everybody beyond it is off until it is switched round, the stretch itself until it is repaired."""
    nature, cause = _kind(rng, kinds)
    off = _second(rng, day, 14, 6)
    if nature is Nature.FAULT_EXTERNAL:
        names = tuple(name for name, _ in city.feeders[int(rng.integers(len(city.feeders)))])
        return _Event(nature, cause, (_Row(names, off, off + int(rng.integers(8, 50)) * 60),))
    stretch, beyond = _stretch(rng, city, 1.5)
    repaired = off + int(np.clip(rng.lognormal(4.7, 0.7), 6, 600)) * 60
    rows = [_Row(stretch, off, repaired)]
    if beyond:
        moved = min(off + int(np.clip(rng.lognormal(3.8, 0.5), 4, 240)) * 60, repaired)
        rows.append(_Row(beyond, off, moved))
    return _Event(nature, cause, tuple(rows))


def _single(rng: np.random.Generator, city: _City, day: Callable[[], int], kinds: WEIGHED) -> list[_Event]:
    return [_fault(rng, city, day(), kinds)]


def _works(rng: np.random.Generator, city: _City, days: int) -> list[_Event]:
    """Works of some hours from the morning on; rationing comes in the evening of summer."""
    nature, cause = _kind(rng, WORKS)
    stretch, _ = _stretch(rng, city, 2.0)
    if nature.rationing:
        off = _second(rng, _day(rng, days, "storm"), 19, 0.5)
        return [_Event(nature, cause, (_Row(stretch, off, off + int(rng.integers(4, 9)) * 900),))]
    off = _second(rng, _day(rng, days, "works"), 8.5, 0.8)
    hours = rng.integers(2, 5) if nature.temporary else rng.integers(3, 9)
    return [_Event(nature, cause, (_Row(stretch, off, off + int(hours) * 3600 + int(rng.integers(-3, 4)) * 600),))]


def _reclosing(rng: np.random.Generator, city: _City, days: int) -> _Event:
    """A reclosing that succeeds at the first or second try: a whole feeder, some seconds."""
    names = tuple(name for name, _ in city.feeders[int(rng.choice(len(city.feeders), p=city.weak))])
    off, rows = _second(rng, _day(rng, days, "storm"), 16, 4), list[_Row]()
    for _ in range(int(rng.choice((1, 2), p=(0.7, 0.3)))):
        rows.append(_Row(names, off, off + int(rng.integers(1, 20))))
        off = rows[-1].on_s + int(rng.integers(10, 60))
    return _Event(Nature.FAULT_INTERNAL, Cause.NATURAL_LIGHTNING, tuple(rows))


def _fuse(rng: np.random.Generator, city: _City, days: int) -> _Event:
    """One load off at low voltage: no MV unit is."""
    off = _second(rng, _day(rng, days, "fault"), 18, 5)
    load = city.loads[int(rng.integers(len(city.loads)))]
    row = _Row((load,), off, off + int(rng.integers(20, 300)) * 60)
    return _Event(Nature.FAULT_INTERNAL, Cause.EQUIPMENT_OTHER, (row,))
