"""Load forecast (负荷预测) by day type: what a load shape does at 14:15 on a working day in June.

Domain rule 3.3: a transfer is judged on the P90 load of the day type. Days of the profile year are grouped by month and
by weekday or weekend (Saturday, Sunday); per quarter-hour the group's quantile is taken with linear interpolation
between the two nearest order statistics (Hyndman and Fan type 7, NumPy's default), active and reactive each by itself.
A consumer without a load shape keeps factor 1: its table row is then the load to plan with.

Profiles run in local standard time, so summer time is taken off before an instant is looked up. Generation is never
netted against load here: it trips with its section and may be away when it is needed, so window loads are gross, and
`window_generation` gives it as columns of its own for studies of back-feed and high voltage.
"""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from everlit.grid import Grid, Network
from everlit.kernel import Finding, Period, Refusal, Text, fingerprint

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

QUARTERS = 96
STEP = timedelta(minutes=15)
DEFAULT_YEAR = 2016
DEFINITION = "month x weekday/weekend x quarter-hour; quantile type 7; standard time; version 1"


class Case(StrEnum):
    """Which side of the expectation: the high load (P90), the low one (P10) or the mean."""

    HIGH = "p90"
    LOW = "p10"
    MEAN = "mean"


class UnableToForecast(Refusal):
    """The load shapes of the network do not make whole days."""

    title = Text(en="No forecast can be made from these load shapes.", zh="无法根据这些负荷曲线进行预测。")


@dataclass(frozen=True, slots=True)
class Forecast:
    """Factors [month 0–11, weekend 0/1, quarter-hour of the day, profile] per case; the last profile is "none", 1."""

    profile_ids: pa.Array
    p: Mapping[Case, Floats]
    q: Mapping[Case, Floats]
    year: int
    fingerprint: str

    def factors(self, month: int, weekend: bool, case: Case = Case.HIGH) -> tuple[Floats, Floats]:
        """Active and reactive factors [96, profile] of a day type; `month` is 1 to 12."""
        return self.p[case][month - 1, int(weekend)], self.q[case][month - 1, int(weekend)]

    def profile_of(self, column: pa.ChunkedArray) -> Indices:
        """Index of each load shape named in `column`; a missing name gets the last one, factor 1."""
        found = pc.fill_null(pc.index_in(column, value_set=self.profile_ids), len(self.profile_ids))
        return np.asarray(found.combine_chunks(), dtype=np.int64)


class WindowLoads(NamedTuple):
    """Loads of a window: [quarter-hour, consumer] in kW and kvar, and the UTC instant each quarter-hour starts at."""

    p_kw: Floats
    q_kvar: Floats
    instants: tuple[datetime, ...]


def forecast(network: Network) -> Forecast:
    """The forecast of a network, kept for the networks used last; raises UnableToForecast on broken load shapes."""
    return _forecast(_Identity(network))


class _Identity:
    """A network that is equal to every network of the same content, so that the cache can hold it."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def __hash__(self) -> int:
        return hash(self.network.fingerprint)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and other.network.fingerprint == self.network.fingerprint


@lru_cache(maxsize=4)
def _forecast(identity: _Identity) -> Forecast:
    network = identity.network
    year = int(network.manifest.get("profile_year", network.manifest.get("year", DEFAULT_YEAR)))
    profile_ids, p, q = _days(network.tables["profiles"])
    groups = _day_groups(year, p.shape[1])
    mark = fingerprint({"network": network.fingerprint, "definition": DEFINITION, "year": year})
    return Forecast(profile_ids, _cases(p, groups), _cases(q, groups), year, mark)


def _days(profiles: pa.Table) -> tuple[pa.Array, Floats, Floats]:
    """Load shapes as [profile, day, quarter-hour]; refuses gaps, repeats and broken days."""
    names = profiles.column("profile_id").combine_chunks()
    profile_ids = pc.unique(names).sort()
    quarter = profiles.column("quarter_hour").to_numpy()
    quarters = int(quarter.max()) + 1 if len(quarter) else 0
    row = np.asarray(pc.index_in(names, value_set=profile_ids), dtype=np.int64)
    seen = np.bincount(row * max(quarters, 1) + quarter, minlength=len(profile_ids) * quarters)
    if quarters % QUARTERS or (seen != 1).any():
        wrong = [str(profile_ids[int(at)]) for at in np.unique(np.flatnonzero(seen != 1) // max(quarters, 1))[:20]]
        text = Text(
            en=f"Load shapes need whole days without gaps or repeats; {quarters} quarter-hours were found.",
            zh=f"负荷曲线应为完整的日,不得缺失或重复;现有 {quarters} 个刻钟。",
        )
        evidence = {"quarter_hours": quarters, "profiles": wrong}
        raise UnableToForecast(Finding("forecast.profiles", "profiles", text, evidence))
    shapes = []
    for column in ("p_factor", "q_factor"):
        shape = np.empty((len(profile_ids), quarters))
        shape[row, quarter] = profiles.column(column).to_numpy()
        shapes.append(shape.reshape(len(profile_ids), quarters // QUARTERS, QUARTERS))
    return profile_ids, shapes[0], shapes[1]


def _day_groups(year: int, days: int) -> list[list[Indices]]:
    """Days of the profile year per month and weekend; an empty group borrows its day type's, then every day."""
    dates = [date(year, 1, 1) + timedelta(days=day) for day in range(days)]
    month = np.array([day.month for day in dates], dtype=np.int64)
    weekend = np.array([is_weekend(day) for day in dates], dtype=np.bool_)
    groups = []
    for number in range(1, 13):
        of_type = [np.flatnonzero((month == number) & (weekend == kind)) for kind in (False, True)]
        groups.append([_borrow(group, weekend == kind) for group, kind in zip(of_type, (False, True), strict=True)])
    return groups


def _borrow(group: Indices, same_type: npt.NDArray[np.bool_]) -> Indices:
    if len(group):
        return group
    return np.flatnonzero(same_type) if same_type.any() else np.arange(len(same_type))


def is_weekend(day: date) -> bool:
    """Saturday or Sunday.

    >>> is_weekend(date(2026, 6, 6)), is_weekend(date(2026, 6, 8))
    (True, False)
    """
    return day.weekday() >= calendar.SATURDAY


def _cases(shape: Floats, groups: list[list[Indices]]) -> dict[Case, Floats]:
    """Factors per case from [profile, day, quarter-hour]; one more profile, constant 1, for loads without a shape."""
    cases = {case: np.ones((12, 2, QUARTERS, len(shape) + 1)) for case in Case}
    if shape.size == 0:  # no load shapes at all
        return cases
    for month, of_type in enumerate(groups):
        for weekend, days in enumerate(of_type):
            chosen = shape[:, days]
            low, high = np.quantile(chosen, [0.1, 0.9], axis=1)
            cases[Case.HIGH][month, weekend, :, :-1] = high.T
            cases[Case.LOW][month, weekend, :, :-1] = low.T
            cases[Case.MEAN][month, weekend, :, :-1] = chosen.mean(axis=1).T
    return cases


def quarter_hours(period: Period) -> tuple[datetime, ...]:
    """Start of every quarter-hour the period touches.

    >>> from everlit.kernel import utc
    >>> [f"{at:%H:%M}" for at in quarter_hours(Period(utc("2026-06-01T08:10Z"), utc("2026-06-01T08:31Z")))]
    ['08:00', '08:15', '08:30']
    """
    start = period.start.astimezone(UTC)
    first = start - (start - datetime(start.year, 1, 1, tzinfo=UTC)) % STEP
    count = -(-(period.end - first) // STEP)
    return tuple(first + index * STEP for index in range(count))


def window_loads(
    grid: Grid, expected: Forecast, period: Period, timezone: str, *, case: Case = Case.HIGH
) -> WindowLoads:
    """Load of every consumer in every quarter-hour the period touches."""
    consumers, instants = grid.network.tables["consumers"], quarter_hours(period)
    profile = expected.profile_of(consumers.column("profile_id"))
    p, q = _factors(expected, instants, timezone, case)
    p_kw = consumers.column("p_kw").to_numpy() * p.take(profile, axis=1)
    return WindowLoads(p_kw, consumers.column("q_kvar").to_numpy() * q.take(profile, axis=1), instants)


def window_generation(
    grid: Grid, expected: Forecast, period: Period, timezone: str, *, case: Case = Case.HIGH
) -> WindowLoads:
    """Output of every generator (positive), to stand after the consumers' columns in a power flow."""
    generators, instants = grid.network.tables["generators"], quarter_hours(period)
    profile = expected.profile_of(generators.column("profile_id"))
    p, q = _factors(expected, instants, timezone, case)
    p_kw = generators.column("p_kw").to_numpy() * p.take(profile, axis=1)
    return WindowLoads(p_kw, generators.column("q_kvar").to_numpy() * q.take(profile, axis=1), instants)


def expected_energy_kwh(grid: Grid, expected: Forecast, period: Period, timezone: str) -> Floats:
    """Energy each consumer would use in exactly this period (mean load): what is not supplied when it is dead."""
    consumers, instants = grid.network.tables["consumers"], quarter_hours(period)
    p, _ = _factors(expected, instants, timezone, Case.MEAN)
    hours = np.array([_overlap_hours(period, at) for at in instants])
    factor_hours = hours @ p
    profile = expected.profile_of(consumers.column("profile_id"))
    return np.asarray(consumers.column("p_kw").to_numpy() * factor_hours[profile])


def _overlap_hours(period: Period, start: datetime) -> float:
    return (min(period.end, start + STEP) - max(period.start, start)) / timedelta(hours=1)


def _factors(expected: Forecast, instants: tuple[datetime, ...], timezone: str, case: Case) -> tuple[Floats, Floats]:
    """Factors [instant, profile], looked up by local standard time."""
    zone = ZoneInfo(timezone)
    local = [_standard_time(at, zone) for at in instants]
    month = np.array([at.month - 1 for at in local], dtype=np.int64)
    weekend = np.array([is_weekend(at.date()) for at in local], dtype=np.int64)
    quarter = np.array([at.hour * 4 + at.minute // 15 for at in local], dtype=np.int64)
    return expected.p[case][month, weekend, quarter], expected.q[case][month, weekend, quarter]


def _standard_time(instant: datetime, zone: ZoneInfo) -> datetime:
    local = instant.astimezone(zone)
    return local.replace(tzinfo=None) - (local.dst() or timedelta(0))
