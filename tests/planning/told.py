"""What the ledger told, for tests of planning that have no ledger: some loads off in some events."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from everlit.grid import Grid
from everlit.ledger.columns import Events, Interruptions, epoch_s, subjects_of
from everlit.ledger.model import Cause, Nature, SubjectKind
from everlit.planning import model as planned
from everlit.planning.history import Agreed, History, Past, history_of
from everlit.planning.policies import DEFAULT_POLICIES
from everlit.planning.repeats import counting_window

LOCAL = ZoneInfo("Asia/Shanghai")
LEAVES = {
    planned.Nature.PLANNED: Nature.PLANNED_MAINTENANCE_INTERNAL,
    planned.Nature.TEMPORARY: Nature.TEMPORARY_MAINTENANCE_INTERNAL,
    planned.Nature.FAULT: Nature.FAULT_INTERNAL,
    planned.Nature.RATIONING: Nature.RATIONING_NETWORK,
}
Row = tuple[str, planned.Nature, datetime, float, tuple[str, ...]]
"""Event, nature, when it began, minutes, the loads that were off."""


def past_of(grid: Grid, *told: Row, major=()) -> Past:
    """The interruptions of some rows; rows of one event have one nature."""
    subjects = subjects_of(grid, SubjectKind.USAGE_POINT)
    names, nature = sorted({event for event, *_ in told}), {event: LEAVES[kind] for event, kind, *_ in told}
    rows = sorted(
        (subjects.ids.index(load).as_py(), epoch_s(at), epoch_s(at + timedelta(minutes=minutes)), names.index(event))
        for event, _, at, minutes, loads in told
        for load in loads
    )
    codes = np.array([tuple(Nature).index(nature[name]) for name in names], np.int8)
    events = Events(
        pa.array(names, pa.string()), codes, np.full(len(names), tuple(Cause).index(Cause.UNKNOWN), np.int8)
    )
    who, off, on, event = np.array(rows, np.int64).reshape(-1, 4).T
    return Past(Interruptions(subjects, events, who.astype(np.int32), off, on, event.astype(np.int32)), tuple(major))


def agreed_of(*rows: Row) -> list[Agreed]:
    """The same said of outages that are agreed."""
    return [
        Agreed(event, kind, at, pa.array(list(loads), pa.string()), np.full(len(loads), minutes, np.float64))
        for event, kind, at, minutes, loads in rows
    ]


def counting(grid: Grid, *told: Row, beside: datetime, agreed=(), major=(), zone=LOCAL, window=None) -> History:
    """What counts beside an outage that begins at `beside`."""
    window = window or counting_window(beside, policies=DEFAULT_POLICIES, zone=zone)
    past = past_of(grid, *told, major=major)
    made = agreed_of(*agreed)
    return history_of(grid, past, made, window=window, policies=DEFAULT_POLICIES, on=beside.date(), zone=zone)
