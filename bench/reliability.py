"""All indices of a year for 1.1 M usage points with 20 M dead intervals, beside one plain scan-and-sum of the same columns.

Both begin with Parquet files on disk and read the same four columns of the same dead intervals. The peer is the least
one can do with them: read, then one compiled pass on all cores that adds up household-seconds. Ours reads them as well
and answers everything: daily SAIDI and major event days, both books, with, without and only those days, on households,
load, MV units and kVA, by feeder too. What both say of the household-seconds must agree.
"""

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

import numba
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.harness import Measurement, benchmark, measured
from everlit.ledger.columns import Events, Interruptions, Subjects
from everlit.ledger.model import Cause, Nature, SubjectKind
from everlit.reliability.calendar import year_period
from everlit.reliability.days import daily_saidi, major_days, threshold
from everlit.reliability.indices import Counted, MajorDays, indices
from everlit.reliability.model import Base, Book, By
from everlit.reliability.policies import RELIABILITY_POLICIES, limits_of
from everlit.reliability.tally import Whole, spread

POINTS, ROWS, UNITS, UNIT_ROWS, EVENTS, FEEDERS = 1_100_000, 20_000_000, 30_000, 500_000, 200_000, 1_000
YEAR, ZONE = 2026, ZoneInfo("Asia/Shanghai")
PERIOD = year_period(YEAR, ZONE)
ROUNDS = 5
COLUMNS = ("subject", "start_s", "end_s", "event")


@dataclass(frozen=True)
class Town:
    """Subjects and events in memory, dead intervals of both kinds on disk, the daily SAIDI of the years before."""

    points: Subjects
    units: Subjects
    events: Events
    power_w: Whole
    points_file: Path
    units_file: Path
    before: dict[date, float]


def made_subjects(kind: SubjectKind, n: int, rng: np.random.Generator) -> Subjects:
    feeder = (np.arange(n, dtype=np.int64) * FEEDERS // n).astype(np.int32)
    names = pa.array([f"F{number}" for number in range(FEEDERS)])
    stations = pa.array([f"S{number}" for number in range(100)])
    return Subjects(
        kind, pa.array(np.arange(n).astype(str)), rng.integers(1, 4, n).astype(np.int32), np.ones(n, np.int32),
        rng.choice([200.0, 315.0, 400.0, 630.0], n), rng.integers(1, 5, n).astype(np.int8), feeder, names,
        (feeder // 10).astype(np.int32), stations, (feeder // 50).astype(np.int32), pa.array([f"U{k}" for k in range(20)]),
    )  # fmt: skip


def made_rows(file: Path, n: int, wanted: int, rng: np.random.Generator) -> None:
    """Dead intervals of `n` subjects over the year, disjoint for each, sorted as the ledger sorts them."""
    count = rng.poisson(wanted / n, n)
    subject = np.repeat(np.arange(n, dtype=np.int32), count)
    first, last = (int(end.timestamp()) for end in (PERIOD.start, PERIOD.end))
    start = rng.integers(first, last, len(subject))
    start = start[np.lexsort((start, subject))]
    length = np.clip(rng.lognormal(7.5, 1.8, len(subject)).astype(np.int64), 5, 200_000)
    room = np.where(np.append(subject[1:] == subject[:-1], False), np.append(start[1:], last) - start, 200_000)
    end = start + np.maximum(np.minimum(length, room), 1)
    event = ((start - first) * EVENTS // (last - first)).astype(np.int32)
    table = pa.table({"subject": subject, "start_s": start, "end_s": end, "event": event})
    pq.write_table(table, file, compression="zstd")


@contextmanager
def town() -> Iterator[Town]:
    """The whole utility, in a folder that goes away."""
    rng = np.random.default_rng(20)
    with tempfile.TemporaryDirectory() as folder:
        points, units = Path(folder) / "points.parquet", Path(folder) / "units.parquet"
        made_rows(points, POINTS, ROWS, rng)
        made_rows(units, UNITS, UNIT_ROWS, rng)
        events = Events(
            pa.array(np.arange(EVENTS).astype(str)),
            rng.integers(0, len(Nature), EVENTS).astype(np.int8),
            rng.integers(0, len(Cause), EVENTS).astype(np.int8),
        )
        days = {
            date(year, month, day): float(rng.lognormal(2, 0.8))
            for year in range(YEAR - 5, YEAR)
            for month in range(1, 13)
            for day in range(1, 29)
        }
        yield Town(
            made_subjects(SubjectKind.USAGE_POINT, POINTS, rng), made_subjects(SubjectKind.MV_UNIT, UNITS, rng),
            events, rng.integers(200, 3000, POINTS).astype(np.int64), points, units, days,
        )  # fmt: skip


def loaded(file: Path, subjects: Subjects, events: Events) -> Interruptions:
    """The four columns from disk, as the indices take them."""
    read = pq.read_table(file, columns=list(COLUMNS))
    subject, start, end, event = (read.column(name).combine_chunks().to_numpy() for name in COLUMNS)
    return Interruptions(subjects, events, subject, start, end, event)


def ours(here: Town) -> dict[Base, Counted]:
    """Everything of the year."""
    points = loaded(here.points_file, here.points, here.events)
    units = loaded(here.units_file, here.units, here.events)
    major: MajorDays = {book: found_days(here, units, book) for book in Book}
    shared: dict[str, Any] = {
        "period": PERIOD, "policies": RELIABILITY_POLICIES, "zone": ZONE, "major": major, "by": By.FEEDER,
    }  # fmt: skip
    return {
        **indices(points, bases=[Base.HOUSEHOLDS, Base.POWER], power_w=here.power_w, **shared),
        **indices(units, bases=[Base.UNITS, Base.KVA], **shared),
    }


def found_days(here: Town, units: Interruptions, book: Book) -> list[date]:
    limits = limits_of(RELIABILITY_POLICIES, book, on=date(YEAR, 12, 31))
    daily = {**here.before, **daily_saidi(units, PERIOD, limits, ZONE, split=False)}
    return [one.day for one in major_days(daily, threshold(daily, YEAR, book, policies=RELIABILITY_POLICIES))]


def scan_and_sum(here: Town) -> int:
    """The peer: household-seconds of the same columns, read and added up on all cores."""
    rows = loaded(here.points_file, here.points, here.events)
    weight = here.points.households.astype(np.int64)

    def between(ends: tuple[int, int]) -> int:
        return int(_added(*ends, rows.subject, rows.start_s, rows.end_s, rows.event, here.events.nature, weight))

    return sum(spread(between, rows.subject))


@numba.njit(cache=True, nogil=True)
def _added(
    first: int, last: int, subject: np.ndarray, start_s: np.ndarray, end_s: np.ndarray, event: np.ndarray,
    nature: np.ndarray, weight: np.ndarray,
) -> int:  # fmt: skip
    total = 0
    for row in range(first, last):
        if nature[event[row]] >= 0:
            total += weight[subject[row]] * (end_s[row] - start_s[row])
    return total


@benchmark("reliability.indices")
def a_year_of_indices() -> list[Measurement]:
    """All indices of a year, 1.1 M usage points, 20 M dead intervals, beside reading and adding up the same columns."""
    with town() as here:
        answer, peer = ours(here), scan_and_sum(here)
        seconds = int(answer[Base.HOUSEHOLDS].tally.seconds[0].sum())
        if seconds != peer:
            raise AssertionError(f"the scan says {peer} household-seconds, the indices {seconds}")
        mine, theirs = [], []
        for _ in range(ROUNDS):
            began = perf_counter()
            ours(here)
            between = perf_counter()
            scan_and_sum(here)
            mine.append(between - began)
            theirs.append(perf_counter() - between)
        rows = pq.read_metadata(here.points_file).num_rows
    return [
        measured(
            "reliability.indices", statistics.median(mine), "s", peer="read and add up", peer_value=statistics.median(theirs),
            at_most=10.0, of_peer_at_most=2.0,
        ),
        measured("reliability.indices.rows", rows, "dead intervals", at_least=0.99 * ROWS),
    ]  # fmt: skip
