"""Outages under way and afterwards (控制与回顾): promises, causes of delay, indices of management."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from everlit.kernel import fingerprint
from everlit.notices.store.proof import kept_reconciliations
from everlit.planning import store
from everlit.planning.delays import RUNNING, Cause, Course, Promise, causes, course_of, promise
from everlit.planning.grounds import numbers
from everlit.planning.model import PlannedOutage
from everlit.planning.review import Review, Reviewed, review
from everlit.planning.service.desk import Desk
from everlit.planning.service.periods import month_period, year_of
from everlit.planning.service.states import EXECUTED
from everlit.planning.transferable import FeederTransfer, transferable_feeders
from everlit.platform.database import reading

MOST_KEPT = 32
"""Months whose feeders are kept in memory."""


@dataclass
class Reviews:
    """Reads how outages go and went."""

    desk: Desk
    _feeders: dict[str, tuple[FeederTransfer, ...]] = field(default_factory=dict)

    def promises(self, network: str, *, courses: Mapping[str, Course] | None = None) -> list[Promise]:
        """How the promised restorations of the outages under way stand, most pressing first.

        `courses` are those of outages whose steps are told while they are taken; the others go on as planned.
        """
        walked = courses or {}
        policies, now = self.desk.policies(), self.desk.clock()
        with reading(self.desk.engine) as connection:
            found = []
            for outage in store.outages(connection, network, states=RUNNING):
                stored = self.desk.own_assessment(connection, outage)
                course = walked.get(outage.outage_id) or (course_of(stored.body) if stored else Course())
                found.append(promise(outage, now=now, course=course, policies=policies))
        return sorted(found, key=lambda one: one.left_min)

    def delay_causes(self, network: str, *, year: int) -> list[Cause]:
        """Causes of the late restorations of a year, costliest first, by unit, crew and department."""
        with reading(self.desk.engine) as connection:
            outages = store.outages(connection, network, during=year_of(year, self.desk.zone), states=EXECUTED)
            late = [outage for outage in outages if outage.delay is not None]
            workers = {outage.outage_id: self._workers(connection, outage) for outage in late}
        return causes(late, policies=self.desk.policies(), workers=workers)

    def _workers(self, connection: Connection, outage: PlannedOutage) -> list[str]:
        """Crews and departments of an outage's requests."""
        requests = self.desk.requests_of(connection, outage)
        return sorted({name for one in requests for name in (one.crew, one.department.value) if name})

    def transferable(self, network: str, month: str) -> tuple[FeederTransfer, ...]:
        """The feeders with load, each with whether its ties carry it in the month (可转供电率). Computed once for the same
        network, loads and rules, then kept in memory."""
        grid, first, policies = (
            self.desk.grid(network),
            month_period(month, self.desk.zone).start.date(),
            self.desk.policies(),
        )
        forecast = self.desk.forecasts(grid, self.desk.time_zone)
        key = fingerprint([grid.network.fingerprint, forecast.fingerprint, numbers(policies, on=first), month])
        if key not in self._feeders:
            if len(self._feeders) >= MOST_KEPT:
                self._feeders.clear()
            self._feeders[key] = transferable_feeders(
                grid, first=first, forecast=forecast, policies=policies, zone=self.desk.zone
            )
        return self._feeders[key]

    def review_month(self, network: str, month: str, *, with_feeders: bool = False) -> Review:
        """Planned against actual of a month, with the indices of management; `with_feeders` their transfers are checked."""
        with reading(self.desk.engine) as connection:
            outages = store.outages(connection, network, during=month_period(month, self.desk.zone))
            reviewed, by_feeder = [], Counter[str]()
            told = {event: _exactly_told(body) for event, _, body in kept_reconciliations(connection, network)}
            for outage in outages:
                stored = self.desk.own_assessment(connection, outage)
                body = stored.body if stored else {"hours": {}, "hours_without_transfer": {}, "households": []}
                live = sum(one.live_line_possible for one in self.desk.requests_of(connection, outage))
                hours = float(body["hours"].get("units_h", 0.0))
                without = float(body["hours_without_transfer"].get("units_h", 0.0))
                done_live = 0 if body["households"] else live
                one = Reviewed(outage, hours, without, done_live, told.get(outage.outage_id))
                reviewed.append(one)
                if one.stands:
                    by_feeder.update({row["feeder_id"] for row in body["households"] if row["feeder_id"]})
        counts: dict[str, Any] = {"outages_by_feeder": by_feeder, "feeders": len(self.desk.grid(network).feeder_ids)}
        if with_feeders:
            checked = self.transferable(network, month)
            counts["transferable"] = sum(one.passes for one in checked), len(checked)
        return review(reviewed, policies=self.desk.policies(), now=self.desk.clock(), **counts)


def _exactly_told(compared: Mapping[str, Any]) -> tuple[int, int]:
    """Accounts told and off, and those that were either, of a kept reconciliation."""
    return compared["right"], compared["told"] + compared["dead"] - compared["right"]
