"""The word of an assessment (结论) when a step is taken: gates that others can close since are asked again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlalchemy import Connection

from everlit.kernel import Policy
from everlit.planning.gates import protection, repetition, spending
from everlit.planning.lifecycle import Verdict
from everlit.planning.model import LADDER, Gate, Outcome, PlannedOutage
from everlit.planning.repeats import FREQUENT_RULES, counting_window, repeats_after
from everlit.planning.service.desk import Desk
from everlit.planning.service.facts import Facts
from everlit.planning.service.given import Given


@dataclass
class Verdicts:
    """Verdicts of outages as they stand."""

    desk: Desk
    given: Given
    facts: Facts

    def of(self, connection: Connection, outage: PlannedOutage, *, again: bool) -> Verdict | None:
        """The verdict of the outage's own assessment, its budget gate asked again: others may have used it up.

        With `again` the calendar and the history are asked too: a protected period may have been entered since, and
        other outages agreed or reported that make customers frequent.
        """
        if not outage.assessment:
            return None
        stored = self.desk.own_assessment(connection, outage)
        if stored is None:
            return None
        verdict = Verdict.from_json(stored.body)
        if again:
            verdict = replace(verdict, gates=self._asked_again(connection, outage, stored.body, verdict.gates))
        month = f"{outage.period.start.astimezone(self.desk.zone):%Y-%m}"
        budgets = self.given.budgets_in(connection, outage.network, month, {outage.outage_id})
        hours, policies = stored.body["unit_hours"], self.desk.rules(connection)
        now = spending(budgets, hours, period=outage.period, policies=policies)
        asked = any(gate.outcome is Outcome.APPROVE for gate in verdict.gates)
        if now.outcome is Outcome.PASS or asked:
            return verdict
        return replace(verdict, approver=LADDER[min(LADDER.index(verdict.approver) + 1, len(LADDER) - 1)])

    def _asked_again(
        self, connection: Connection, outage: PlannedOutage, body: Mapping[str, Any], gates: Sequence[Gate]
    ) -> tuple[Gate, ...]:
        """The gates with those of protected periods and repeats as they say now, for whom the assessment found dark."""
        period, grid = outage.period, self.desk.grid(outage.network)
        policies = self.desk.rules(connection)
        protected = self.given.protected_in(connection, outage.network, period)
        window, on = counting_window(period.start, policies=policies, zone=self.desk.zone), period.start.date()
        known = self.facts.counting(connection, outage.network, window, policies, on=on, but=outage.outage_id)
        long_enough = _long_enough(body, policies.row("rep.min_duration", on=on))
        several = int(body["affected"]["households"]) > 1
        rows = [(grid.find(row["consumer_id"], "consumers"), long_enough[row["pattern"]]) for row in body["households"]]
        repeats = repeats_after(
            grid,
            known,
            np.array([consumer for consumer, _ in rows], np.int32),
            counts=np.array([counts and several for _, counts in rows], np.bool_),
            period=period,
            nature=outage.nature,
            policies=policies,
            zone=self.desk.zone,
        )
        now = (
            protection(protected, period=period, units=tuple(body["unit_hours"]), policies=policies),
            repetition(repeats, period=period, policies=policies),
        )
        asked = {"protected.period", *(key for key, _ in FREQUENT_RULES)}
        return (*(gate for gate in gates if gate.key not in asked), *now)


def _long_enough(body: Mapping[str, Any], least: Policy) -> list[bool]:
    """Which dead-interval patterns of an assessment are long enough to count as an outage."""
    return [any(not least.holds(end - start) for start, end in pattern) for pattern in body["patterns"]]
