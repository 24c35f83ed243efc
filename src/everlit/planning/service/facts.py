"""What decisions stand on (依据): switch positions as an outage finds them, what counts for repeats, fingerprints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from everlit.grid.compile import Bools
from everlit.kernel import Period, Policies
from everlit.planning import store
from everlit.planning.grounds import announced, dark_sections, facts_fingerprint, put_back
from everlit.planning.history import NOTHING, Agreed, History, history_of
from everlit.planning.model import Nature, PlannedOutage, WorkRequest
from everlit.planning.service.desk import Desk
from everlit.planning.service.periods import year_period
from everlit.planning.service.refusals import outage_subject
from everlit.planning.service.states import SWITCHED, TO_COME
from everlit.platform.database import reading


@dataclass
class Facts:
    """Reads what decisions stand on, as it is now."""

    desk: Desk

    def positions(self, network: str) -> Bools:
        """Switch positions as an outage to come finds them: what those under way have operated is put back (`grounds`)."""
        with reading(self.desk.engine) as connection:
            under_way = store.outages(connection, network, states=SWITCHED)
            kept = [self.desk.own_assessment(connection, one) for one in under_way]
        return put_back(self.desk.grid(network), self.desk.closed(network), [one.body["ticket"] for one in kept if one])

    def before(self, connection: Connection, network: str, month: Period) -> History:
        """What counts in the year of a month before it begins."""
        year, policies = year_period(month.start, self.desk.zone), self.desk.rules(connection)
        if year.start == month.start:
            return NOTHING
        window = Period(year.start, month.start)
        return self.counting(connection, network, window, policies, on=month.start.date())

    def counting(
        self, connection: Connection, network: str, window: Period, policies: Policies, *, on: date, but: str = ""
    ) -> History:
        """The outages that begin in `window` and count: happened by the ledger, or agreed and to come, but one of these.

        The agreed ones are read first: one that is restored meanwhile is then named by the ledger too, and counts once.
        """
        coming = [one for one in store.outages(connection, network, states=TO_COME) if one.outage_id != but]
        standing = {outage_subject(one): one.assessment for one in coming if one.assessment}
        dark = store.dark_loads(connection, network, standing)
        agreed = [
            Agreed.of(one.outage_id, one.nature, one.execution.off_at or one.period.start, dark[subject])
            for one in coming
            if (subject := outage_subject(one)) in dark
        ]
        past = self.desk.past(network, window)
        return history_of(
            self.desk.grid(network), past, agreed, window=window, policies=policies, on=on, zone=self.desk.zone
        )

    def told(self, connection: Connection, outage: PlannedOutage) -> str:
        """The announcement people were given of an outage; empty while they know of none."""
        if not outage.noticed:
            return ""
        subject = outage_subject(outage)
        stored = store.find_assessment(connection, subject=subject, fingerprint=outage.noticed)
        return announced(stored.body) if stored else ""

    def of_outage(self, connection: Connection, outage: PlannedOutage, assessment: Mapping[str, Any]) -> str:
        """The fingerprint of what an assessment of the outage stands on, as it is now."""
        requests = self.desk.requests_of(connection, outage)
        return self.of_requests(
            connection, outage.network, requests, assessment, outage.equipment_ids, outage.period, outage.nature
        )

    def of_requests(
        self,
        connection: Connection,
        network: str,
        requests: Sequence[WorkRequest],
        assessment: Mapping[str, Any],
        equipment_ids: Sequence[str],
        period: Period,
        nature: Nature,
    ) -> str:
        """The fingerprint of what an assessment stands on, as it is now."""
        grid = self.desk.grid(network)
        return facts_fingerprint(
            requests,
            grid=grid,
            closed=self.positions(network),
            dark=dark_sections(grid, assessment),
            equipment_ids=equipment_ids,
            period=period,
            nature=nature,
            forecast=self.desk.forecasts(grid, self.desk.time_zone),
            policies=self.desk.rules(connection),
        )
