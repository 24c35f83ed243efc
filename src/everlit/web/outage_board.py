"""The outage board (停电看板): what is off now, until when was promised, what is expected, who was told; then what comes next.

Promises and their alarms come from planning and control, who is off from the positions of the switches as told. A lane
is the way from switching off to the promise, with the alarms on it:

    off ├──────────────────┼──60 min──┼──30 min──┤ promise      ▲ now      ◆ expected
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from everlit.app import App
from everlit.control.model import Progress
from everlit.control.steps import next_step
from everlit.grid import Grid, supply
from everlit.grid.columns import Bools
from everlit.kernel import Finding
from everlit.notices.model import OPEN, REACHED
from everlit.notices.model import State as Sending
from everlit.notices.service import UnableToFindNotice
from everlit.planning.delays import Promise, Risk
from everlit.planning.model import PlannedOutage, State, WorkRequest
from everlit.planning.store import UnableToFindPlanned
from everlit.switching.step import Step

Households = npt.NDArray[np.int64]
AHEAD = timedelta(hours=24)
BEFORE = (State.MERGED, State.BALANCED, State.APPROVED, State.NOTIFIED)
"""States of outages that are still to come."""
ALARMS_MIN = (60, 30, 0)
"""Minutes to the promise at which the lane has a mark (rule rows delay.alarm.*)."""


@dataclass(frozen=True, slots=True)
class Told:
    """How many messages about an outage reached somebody and wait, how many readers no channel reached (`failed`), and how
    many receipts are missing."""

    reached: int = 0
    waiting: int = 0
    failed: int = 0
    unsigned: int = 0


@dataclass(frozen=True, slots=True)
class Lane:
    """The way to the promise: percent of the drawing of now, of the expected restoration, of the promise and the marks."""

    now: float
    expected: float
    due: float
    marks: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Card:
    """An outage under way, or one to come (`promise` and `lane` are None then)."""

    outage: PlannedOutage
    requests: tuple[WorkRequest, ...]
    households: int | None
    dark: int
    important: int
    told: Told | None
    alarms: tuple[Finding, ...]
    promise: Promise | None = None
    lane: Lane | None = None
    progress: Progress | None = None
    next: Step | None = None
    astray: int = 0

    @property
    def off(self) -> bool:
        """Whether switching off has begun."""
        return self.outage.execution.off_at is not None


@dataclass(frozen=True, slots=True)
class Board:
    """The board at one moment: under way, most pressing first; coming, soonest first; households off in the network."""

    now: datetime
    running: tuple[Card, ...]
    coming: tuple[Card, ...]
    dark: int

    @property
    def pressing(self) -> int:
        """Outages under way whose promise is at risk, due or broken."""
        return sum(
            card.promise is not None and card.promise.risk not in (Risk.QUIET, Risk.KEPT) for card in self.running
        )


def read_board(app: App, network: str) -> Board:
    """Everything the board shows of a network, now."""
    now, grid = app.clock(), app.grid(network)
    dark = dark_households(grid, app.closed(network))
    alarms = app.notices.alarms(network)
    running = [
        _running(app, promise, _card(app, app.planning.outage(promise.outage_id), grid, dark, alarms), now)
        for promise in app.control.promises(network)
    ]
    outages = app.planning.outages(network, states=BEFORE)
    coming = [one for one in outages if now - AHEAD < one.period.start < now + AHEAD and one.period.end > now]
    cards = [_card(app, one, grid, dark, alarms) for one in sorted(coming, key=lambda one: one.period.start)]
    return Board(now, tuple(running), tuple(cards), int(dark.sum()))


def dark_households(grid: Grid, closed: Bools) -> Households:
    """Households of each load that are off now and are not in the normal state, [consumers]."""
    households = np.asarray(grid.network.tables["consumers"].column("households")).astype(np.int64)
    live = [supply(grid, one).energised_nodes[grid.consumer_node] for one in (closed, grid.switch_normal_closed)]
    return np.where(live[1] & ~live[0], households, 0)


def _card(app: App, outage: PlannedOutage, grid: Grid, dark: Households, alarms: Sequence[Finding]) -> Card:
    body = _assessment(app, outage.outage_id)
    rows = [grid.find(row["consumer_id"], "consumers") for row in body["households"]] if body else []
    return Card(
        outage,
        tuple(app.planning.request(outage.network, name).request for name in outage.request_ids),
        int(body["affected"]["households"]) if body else None,
        int(dark[[row for row in rows if row >= 0]].sum()),
        len(body["important"]) if body else 0,
        _told(app, outage.outage_id),
        tuple(one for one in alarms if one.subject == outage.outage_id),
    )


def _assessment(app: App, outage_id: str) -> Mapping[str, Any] | None:
    try:
        return app.planning.assessment_of(outage_id=outage_id).body
    except UnableToFindPlanned:
        return None


def _told(app: App, outage_id: str) -> Told | None:
    """None where nothing was said about an outage."""
    try:
        status = app.notices.status(outage_id)
    except UnableToFindNotice:
        return None

    def many(states: Iterable[Sending]) -> int:
        chosen = {state.value for state in states}
        return sum(row["count"] for row in status["counts"] if row["state"] in chosen)

    nowhere = len(app.notices.centre().undelivered(outage_id))
    return Told(many(REACHED), many(OPEN), nowhere, len(status["unsigned"]))


def _running(app: App, promise: Promise, card: Card, now: datetime) -> Card:
    """The card with its promise and the steps told so far."""
    execution = app.control.execution(promise.outage_id)
    way = next((one for one, told in execution.progress.items() if not told.complete), None)
    astray = execution.as_json()["astray"]
    return replace(
        card,
        promise=promise,
        lane=lane(card.outage.execution.off_at or card.outage.period.start, promise, now),
        progress=execution.progress[way] if way else None,
        next=next_step(execution.tickets[way], execution.done) if way else None,
        astray=astray["dead"]["households"] + astray["supplied"]["households"],
    )


def lane(start: datetime, promise: Promise, now: datetime) -> Lane:
    """Places on the lane from `start` to the latest of promise, expectation and now, with some room after it.

    >>> from everlit.kernel import utc
    >>> due = utc("2026-12-04T02:00Z")
    >>> found = lane(utc("2026-12-04T00:00Z"), Promise("O", due, 30, due, Risk.SECOND, ""), utc("2026-12-04T01:30Z"))
    >>> round(found.now, 1), round(found.due, 1), [(minutes, round(place, 1)) for minutes, place in found.marks]
    (71.4, 95.2, [(60, 47.6), (30, 71.4), (0, 95.2)])
    """
    last = max(promise.due, promise.expected, now)
    whole = (last - start) * 1.05 or timedelta(seconds=1)

    def place(at: datetime) -> float:
        return 100 * min(max((at - start) / whole, 0.0), 1.0)

    marks = tuple((minutes, place(promise.due - timedelta(minutes=minutes))) for minutes in ALARMS_MIN)
    return Lane(place(now), place(promise.expected), place(promise.due), marks)
