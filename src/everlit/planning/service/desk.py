"""The desk (工作台) the parts of planning share: store, network, clock, rules; what is kept is found and recorded here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import Connection, Engine

from everlit.grid import Grid
from everlit.grid.compile import Bools
from everlit.kernel import Period, Policies
from everlit.planning import store
from everlit.planning.assess import Assessment
from everlit.planning.forecast import Forecast, forecast_of
from everlit.planning.history import Past
from everlit.planning.lifecycle import Case, Command, Verdict
from everlit.planning.model import PlannedOutage, WorkRequest
from everlit.planning.policies import DEFAULT_POLICIES
from everlit.planning.reading import CHINA
from everlit.planning.service.refusals import outage_subject, role_of, unknown
from everlit.planning.store import FiledRequest, Stored
from everlit.platform.database import reading
from everlit.platform.events import Actor, record


@dataclass
class Desk:
    """What every part of planning works with. `grid` and `closed` give the network and its switch positions now, `past`
    who was off in a period by the ledger, as known now."""

    engine: Engine
    grid: Callable[[str], Grid]
    closed: Callable[[str], Bools]
    clock: Callable[[], datetime]
    past: Callable[[str, Period], Past]
    zone: tzinfo = CHINA
    time_zone: str = "Asia/Shanghai"
    defaults: Policies = DEFAULT_POLICIES
    forecasts: Callable[[Grid, str], Forecast] = field(
        default=lambda grid, zone: forecast_of(grid.network, time_zone=zone)
    )
    reactions: Callable[[Connection, str, str, Mapping[str, Any]], None] = lambda *_: None
    """What others do because of an event, inside its transaction: kind, subject, body."""

    def rules(self, connection: Connection) -> Policies:
        """The register with the local rows over it, within the caller's transaction."""
        return self.defaults.replaced(store.local_policies(connection))

    def policies(self) -> Policies:
        """The register with the local rows over it."""
        with reading(self.engine) as connection:
            return self.rules(connection)

    def own_assessment(self, connection: Connection, outage: PlannedOutage) -> Stored | None:
        """The assessment an outage stands on."""
        if not outage.assessment:
            return None
        subject = outage_subject(outage)
        return store.find_assessment(connection, subject=subject, fingerprint=outage.assessment)

    def requests_of(self, connection: Connection, outage: PlannedOutage) -> list[WorkRequest]:
        """The requests an outage serves."""
        return [self.find_request(connection, outage.network, name).request for name in outage.request_ids]

    def case(
        self, outage: PlannedOutage, command: Command, actor: Actor, *, verdict: Verdict | None, facts_now: str
    ) -> Case:
        """What the lifecycle judges a command by."""
        return Case(outage, command, actor.name, role_of(actor), self.clock(), self.policies(), verdict, facts_now)

    def keep(self, connection: Connection, network: str, subject: str, made: Assessment) -> int:
        """Keep an assessment and return its identity."""
        return store.keep_assessment(
            connection,
            network=network,
            subject=subject,
            fingerprint=made.fingerprint,
            at=made.computed_at,
            body=made.as_json(),
        )

    def find_request(self, connection: Connection, network: str, request_id: str) -> FiledRequest:
        """A filed request; raises UnableToFindPlanned."""
        found = store.find_request(connection, network, request_id)
        if found is None:
            raise unknown("request", f"{network}/{request_id}")
        return found

    def find_outage(self, connection: Connection, outage_id: str) -> PlannedOutage:
        """An outage; raises UnableToFindPlanned."""
        found = store.find_outage(connection, outage_id)
        if found is None:
            raise unknown("outage", outage_id)
        return found

    def event(self, connection: Connection, actor: Actor, kind: str, subject: str, body: Mapping[str, Any]) -> None:
        """Record what happened, and let others react to it, in the same transaction."""
        record(connection, actor=actor, at=self.clock(), kind=f"planning.{kind}", subject=subject, body=body)
        self.reactions(connection, f"planning.{kind}", subject, body)
