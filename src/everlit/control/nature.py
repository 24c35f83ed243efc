"""Nature and cause of a planned outage in the ledger (停电性质): what its works are, and whether it was in the month's plan.

Where several works share an outage, the one that asked for the longest time names it.
"""

from collections.abc import Mapping, Sequence

from everlit.ledger.model import Cause, Nature
from everlit.planning import model as planned
from everlit.planning.model import PlannedOutage, WorkKind, WorkRequest

BRANCHES: Mapping[WorkKind, str] = {
    WorkKind.MAINTENANCE: "maintenance.internal",
    WorkKind.TEST: "maintenance.internal",
    WorkKind.CONSTRUCTION: "construction.internal",
    WorkKind.NEW_CONNECTION: "construction.connection",
    WorkKind.MUNICIPAL: "construction.municipal",
}
"""Where a kind of work stands in the DL/T 836 tree, under planned or temporary."""


def nature_of(outage: PlannedOutage, requests: Sequence[WorkRequest]) -> Nature:
    """The leaf of the tree an outage is booked under."""
    trunk = "temporary" if outage.nature is planned.Nature.TEMPORARY else "planned"
    return Nature(f"{trunk}.{BRANCHES[_main(requests)]}")


def cause_of(outage: PlannedOutage, requests: Sequence[WorkRequest]) -> Cause:
    """Why customers were off: works inside or outside the utility, planned or temporary maintenance (domain rule 2.2)."""
    kind = _main(requests)
    if kind in (WorkKind.MAINTENANCE, WorkKind.TEST):
        temporary = outage.nature is planned.Nature.TEMPORARY
        return Cause.MAINTENANCE_TEMPORARY if temporary else Cause.MAINTENANCE_PLANNED
    return Cause.WORK_OUTSIDE if kind is WorkKind.MUNICIPAL else Cause.WORK_INSIDE


def _main(requests: Sequence[WorkRequest]) -> WorkKind:
    longest = max(requests, key=lambda one: (one.duration_min, one.request_id), default=None)
    return longest.kind if longest else WorkKind.MAINTENANCE
