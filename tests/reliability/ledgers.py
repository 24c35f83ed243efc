"""Small ledgers for the tests: the golden ten customers, and random ones that make counting hard."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from everlit.kernel import Period, utc
from everlit.ledger.columns import Events, Interruptions, Subjects
from everlit.ledger.model import Cause, Nature, SubjectKind
from everlit.reliability.indices import Counted
from everlit.reliability.indices import indices as all_bases
from everlit.reliability.model import Base

GOLDEN = Path(__file__).parents[1] / "cases" / "reliability" / "golden"
YEAR = Period(utc("2026-01-01T00:00Z"), utc("2027-01-01T00:00Z"))


@dataclass(frozen=True)
class Who:
    """One customer: his weights, and where he belongs (-1 none)."""

    units: int = 1
    households: int = 1
    kva: float = 100.0
    area: int = 0
    feeder: int = -1
    unit: int = -1


Row = tuple[int, int, int, int]
"""Customer, event, start and end in seconds since the epoch."""


def ledger(who: Sequence[Who], events: Sequence[tuple[Nature, Cause]], rows: Iterable[Row]) -> Interruptions:
    """The columns of some rows; two feeders of one substation, two operating units."""
    names = [pa.array(["F1", "F2"]), pa.array(["S1"]), pa.array(["east 城东", "west 城西"])]
    feeder = np.array([one.feeder for one in who], np.int32)
    subjects = Subjects(
        SubjectKind.MV_UNIT,
        pa.array([f"c{number}" for number in range(1, len(who) + 1)], pa.string()),
        np.array([one.households for one in who], np.int32),
        np.array([one.units for one in who], np.int32),
        np.array([one.kva for one in who], np.float64),
        np.array([one.area for one in who], np.int8),
        feeder, names[0], np.minimum(feeder, 0).astype(np.int32), names[1],
        np.array([one.unit for one in who], np.int32), names[2],
    )  # fmt: skip
    made = Events(
        pa.array([f"E{number}" for number in range(1, len(events) + 1)], pa.string()),
        np.array([tuple(Nature).index(nature) for nature, _ in events], np.int8),
        np.array([tuple(Cause).index(cause) for _, cause in events], np.int8),
    )
    ordered = sorted(rows, key=lambda row: (row[0], row[2]))
    columns = np.array(ordered, np.int64).reshape(-1, 4).T
    return Interruptions(
        subjects, made, columns[0].astype(np.int32), columns[2], columns[3], columns[1].astype(np.int32)
    )


def golden() -> Interruptions:
    """The ten customers of domain rule 2.5."""
    with (GOLDEN / "interruptions.csv").open(encoding="utf-8") as file:
        read = list(csv.DictReader(file))
    names = sorted({row["event"] for row in read})
    nature = {row["event"]: Nature(row["nature"]) for row in read}
    rows = [
        (
            int(row["customer"][1:]) - 1,
            names.index(row["event"]),
            *(int(utc(row[end]).timestamp()) for end in ("start", "end")),
        )
        for row in read
    ]
    return ledger([Who()] * 10, [(nature[name], Cause.UNKNOWN) for name in names], rows)


@st.composite
def random_ledgers(draw, *, days: int = 40, first: date = date(2025, 12, 25)) -> Interruptions:
    """Up to five customers and five events, rows of seconds to days, many close to the limits, some before the year."""
    who = draw(
        st.lists(
            st.builds(
                Who, st.integers(0, 3), st.integers(0, 400), st.sampled_from([0.0, 12.5, 315.0]), st.integers(0, 4),
                st.integers(-1, 1), st.integers(-1, 1),
            ),
            min_size=1, max_size=5,
        )
    )  # fmt: skip
    events = draw(st.lists(st.tuples(st.sampled_from(Nature), st.sampled_from(Cause)), min_size=1, max_size=5))
    begin = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp())
    lengths = st.sampled_from([1, 15, 179, 180, 181, 299, 300, 301, 14_399, 14_400, 28_800]) | st.integers(1, 200_000)
    gaps = st.sampled_from([0, 1, 20, 179, 180, 181, 299, 300, 301]) | st.integers(0, days * 86_400)
    rows: list[Row] = []
    for customer in range(len(who)):
        at = begin
        for event, gap, length in draw(st.lists(st.tuples(st.integers(0, len(events) - 1), gaps, lengths), max_size=8)):
            rows.append((customer, event, at + gap, at + gap + length))
            at += gap + length
    return ledger(who, events, rows)


def indices(one: Interruptions, *, base: Base, **asked) -> Counted:
    """The indices on one base."""
    return all_bases(one, bases=[base], **asked)[base]
