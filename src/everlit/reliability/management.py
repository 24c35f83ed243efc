"""Management indices (管理指标) that the ledger itself can tell (domain rule 3.5), each with what it divides.

What needs a plan to compare with (execution, late restorations, merged works) stands with planning; what transfers and
live work saved comes in from there and is set against what the ledger says was lost.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from everlit.grid.columns import Bools
from everlit.kernel import Finding, Period, Policies, Severity, Text
from everlit.ledger.columns import Interruptions
from everlit.ledger.model import Nature
from everlit.reliability.model import Index
from everlit.reliability.policies import least

NATURES = tuple(Nature)
NO_METHOD = Text(
    "customer-hours saved by live-line work: not told. A request says whether its work can be done live, and an outage is "
    "assessed as cut off; that a work was done live instead, and what it saved, stands nowhere. Who knows the hours names them.",
    "带电作业化率:未给出。申请只说明能否带电作业,停电按停电方式评估;实际采用带电作业及其节约的时户数未登记。掌握该数据者可直接填报。",
)
AS_KNOWN_NOW = Text(
    "customer-hours avoided by transfer: not told. Planning tells them as known now, not as known at another instant.",
    "计划停电转供率:未给出。计划数据只有当前口径,没有历史获知口径。",
)
PREARRANGED = np.array([one.prearranged and not one.rationing for one in NATURES])
"""Works, planned or temporary; rationing is nobody's work."""
TEMPORARY = np.array([one.temporary for one in NATURES])


@dataclass(frozen=True, slots=True)
class Management:
    """The management indices of a period that can be told, and why others cannot."""

    indices: tuple[Index, ...]
    untold: tuple[Finding, ...]

    def as_json(self) -> dict[str, Any]:
        """As the API and `everlit reliability management --json` show it."""
        return {
            "indices": [one.as_json() for one in self.indices],
            "untold": [one.as_json() for one in self.untold],
        }


def told_with(indices: tuple[Index, ...]) -> Management:
    """The indices with a note for each of those that nobody handed the hours in for."""
    keys, said = {one.key for one in indices}, (("transferred", AS_KNOWN_NOW), ("live_line", NO_METHOD))
    notes = [Finding(f"management.{key}", key, why, severity=Severity.NOTE) for key, why in said if key not in keys]
    return Management(indices, tuple(notes))


def management(
    rows: Interruptions,
    *,
    period: Period,
    policies: Policies,
    transferred_h: float | None = None,
    live_line_h: float | None = None,
) -> tuple[Index, ...]:
    """The indices of a period from the dead intervals of MV statistic units.

    `transferred_h` and `live_line_h` are the customer-hours that transfers and live-line works saved; where nobody knows
    them, no share is told.
    """
    begun = rows.begun_in(period)
    twice = least(policies.row("rep.arranged_twice", on=period.start.date()))
    return tuple(_indices(begun, twice, transferred_h, live_line_h))


def _indices(
    rows: Interruptions, twice: int, transferred_h: float | None, live_line_h: float | None
) -> Iterator[Index]:
    nature, subjects = rows.events.nature[rows.event], rows.subjects
    units = subjects.units.astype(np.int64)
    lost_s = rows.seconds * units[rows.subject]
    arranged = PREARRANGED[nature]
    events = np.unique(rows.event[arranged])
    temporary = int(TEMPORARY[rows.events.nature[events]].sum())
    yield _share("temporary", Text("temporary outages", "临时停电率"), temporary, len(events))
    works_s, all_s = int(lost_s[arranged].sum()), int(lost_s.sum())
    yield _share("arranged_hours", Text("customer-hours of works", "预安排停电时户数占比"), works_s, all_s)
    often = _often(rows, arranged, subjects.feeder[rows.subject], twice)
    text = Text("feeders with repeated arranged outages", "重复停电率(线路)")
    yield _share("repeated_feeders", text, len(often), len(subjects.feeder_ids))
    often = _often(rows, arranged, rows.subject, twice)
    text = Text("customers with repeated arranged outages", "重复停电率(用户)")
    yield _share("repeated_customers", text, int(units[often].sum()), int(units.sum()))
    saved = (
        ("transferred", Text("customer-hours avoided by transfer", "计划停电转供率"), transferred_h),
        ("live_line", Text("customer-hours saved by live-line work", "带电作业化率"), live_line_h),
    )
    for key, title, hours in saved:
        if hours is not None:
            yield _share(key, title, round(hours * 3600), round(hours * 3600) + works_s)


def _often(rows: Interruptions, chosen: Bools, place: np.ndarray, twice: int) -> np.ndarray:
    """Places (feeders or customers, none negative) with `twice` or more events among the chosen rows."""
    kept = chosen & (place >= 0)
    pairs = np.unique(np.stack([place[kept], rows.event[kept]]), axis=1)
    found, count = np.unique(pairs[0], return_counts=True)
    return np.asarray(found[count >= twice])


def _share(key: str, title: Text, part: int, whole: int) -> Index:
    return Index(key, title, "p.u.", part, float(whole))
