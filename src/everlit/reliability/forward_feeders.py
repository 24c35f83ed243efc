"""A coming year feeder by feeder (分线预测): which ones are expected to be worst, by what their customers will miss."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from everlit.grid import supply
from everlit.grid.columns import Floats
from everlit.reliability.forward import Forward, Promise
from everlit.reliability.model import Base


@dataclass(frozen=True, slots=True)
class FeederYear:
    """One feeder: its row of the table, its identity, and what a year is expected to bring on one base."""

    row: int
    feeder_id: str
    promise: Promise

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {"feeder": self.feeder_id, "customer_hours": round(self.promise.hours, 6), **self.promise.as_json()}


def by_feeder(year: Forward, base: Base) -> list[FeederYear]:
    """Every feeder that feeds customers of a base, most customer-hours first; what no feeder feeds is left out."""
    feeder = supply(year.grid, year.closed).feeder
    fed = np.flatnonzero((feeder >= 0) & year.energised)
    identities = year.grid.feeder_ids.to_pylist()

    def added(values: Floats) -> list[float]:
        counted: list[float] = np.bincount(feeder[fed], values[fed], len(identities)).tolist()
        return counted

    weight = year.weight(base)
    columns = zip(identities, added(weight), added(weight * year.failures), added(weight * year.hours), strict=True)
    found = [
        FeederYear(row, identity, Promise(base, customers, interruptions, hours))
        for row, (identity, customers, interruptions, hours) in enumerate(columns)
        if customers
    ]
    return sorted(found, key=lambda one: (-one.promise.hours, one.feeder_id))


def by_load_point(year: Forward, most: int | None = None) -> list[dict[str, Any]]:
    """The load points that will be off longest, worst first, as JSON."""
    worst = sorted(year.load_points, key=lambda point: (-point.hours_per_year, point.consumer_id))
    return [point.as_json() for point in worst[:most]]
