"""Compute before you cut (先算后停): everything one outage does, before anybody is cut off.

    requests ─► isolation ─► transfer ─► steps out and back ─► dead intervals ─┬─► households, customer-hours, energy
                                                                               ├─► important customers, both sources
                                                                               ├─► repeat counts, budget, notices
                                                                               └─► gates ─► who must approve

`assess` is pure: the same facts give the same assessment, and its fingerprint names the facts it stands on (`grounds`).
When any of them changes the assessment is stale (过期) and no longer carries an approval.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

import numpy as np

from everlit.grid import Grid, supply
from everlit.grid.compile import Bools
from everlit.kernel import Hardness, Period, Policies
from everlit.planning.affected import (
    Affected,
    Energy,
    Hours,
    affected,
    customer_hours,
    energy,
    households_json,
    loads_of,
)
from everlit.planning.alternatives import Setting, alternatives
from everlit.planning.forecast import Forecast
from everlit.planning.gates import GATES, Facts, NoticeDue, approver
from everlit.planning.grounds import announcement, facts_fingerprint
from everlit.planning.history import NOTHING, History
from everlit.planning.important import Concerned, Sources, concerned, sources_under
from everlit.planning.lifecycle import Verdict
from everlit.planning.model import Alternative, Budget, Gate, Nature, ProtectedPeriod, Role, WorkRequest
from everlit.planning.path import DeadTimes, dead_times_of
from everlit.planning.reading import CHINA
from everlit.planning.repeats import Repeats, repeats_after
from everlit.planning.switching_plan import SwitchingPlan, plan_switching
from everlit.planning.worktime import missing_min, work_periods


@dataclass(frozen=True)
class Assessment:
    """What an outage does to whom; the arrays stay with it, `as_json` is what is stored and shown."""

    fingerprint: str
    request_ids: tuple[str, ...]
    equipment_ids: tuple[str, ...]
    period: Period
    nature: Nature
    computed_at: datetime
    grid: Grid
    plan: SwitchingPlan
    hours: Hours
    hours_without_transfer: Hours
    unit_hours: Mapping[str, float]
    energy: Energy
    who: Affected
    important: tuple[Concerned, ...]
    sources: tuple[Sources, ...]
    repeats: Repeats
    budgets: Mapping[str, Budget]
    notices: tuple[NoticeDue, ...]
    alternatives: tuple[Alternative, ...]
    gates: tuple[Gate, ...]
    approver: Role

    @property
    def verdict(self) -> Verdict:
        """What the lifecycle needs to know."""
        legal = [due for due in self.notices if due.policy.hardness is Hardness.LEGAL]
        first = min(legal, key=lambda due: due.deadline) if legal else None
        safe = not self.plan.violations
        deadline, row = (first.deadline, first.policy.key) if first else (None, "")
        return Verdict(
            self.fingerprint, self.gates, self.approver, self.period, deadline, row, safe, self.plan.path_min,
            announcement(self.period, loads_of(self.grid, self.who)),
        )  # fmt: skip

    def as_json(self, *, households: bool = True) -> dict[str, Any]:
        """The whole assessment by identities; without `households` only the counts."""
        verdict, transfer = self.verdict, self.plan.transfer.as_json()
        return {
            "fingerprint": self.fingerprint,
            "request_ids": list(self.request_ids),
            "equipment_ids": list(self.equipment_ids),
            "network": self.grid.network.name,
            "network_fingerprint": self.grid.network.fingerprint,
            "start": self.period.start.isoformat(),
            "end": self.period.end.isoformat(),
            "nature": self.nature.value,
            "computed_at": self.computed_at.isoformat(),
            "isolation": transfer.pop("isolation"),
            "certificate": transfer.pop("certificate"),
            "transfer": transfer,
            "ticket": self._ticket_json(),
            "hours": self.hours.as_json(),
            "hours_without_transfer": self.hours_without_transfer.as_json(),
            "unit_hours": {unit: round(hours, 6) for unit, hours in self.unit_hours.items()},
            "energy": self.energy.as_json(),
            "affected": {"loads": len(self.who.consumer), "households": self.who.count},
            "patterns": [[list(span) for span in pattern] for pattern in self.who.patterns],
            "households": households_json(self.grid, self.who) if households else [],
            "important": [one.as_json() for one in self.important],
            "sources": [one.as_json() for one in self.sources],
            "repeats": self.repeats.as_json(),
            "budgets": [
                {**budget.as_json(), "this_h": round(self.unit_hours.get(unit, 0.0), 6)}
                for unit, budget in self.budgets.items()
            ],
            "notices": [due.as_json() for due in self.notices],
            "notice_deadline": verdict.notice_deadline and verdict.notice_deadline.isoformat(),
            "notice_policy": verdict.notice_policy,
            "alternatives": [one.as_json() for one in self.alternatives],
            "gates": [gate.as_json() for gate in self.gates],
            "approver": self.approver.value,
            "safe_ticket": verdict.safe_ticket,
        }

    def _ticket_json(self) -> dict[str, Any]:
        plan = self.plan
        starts = {"out": 0.0, "back": plan.path_min - plan.back_min}
        tickets = plan.tickets.as_json()
        for way, ticket in tickets.items():
            for step in ticket["steps"]:
                done = self.period.start + timedelta(minutes=starts[way] + step["at_min"])
                step["done_at"] = done.isoformat()
        return {**tickets, "work_min": plan.work_min, "violations": [one.as_json() for one in plan.violations]}


def assess(
    requests: Sequence[WorkRequest],
    *,
    grid: Grid,
    closed: Bools,
    period: Period,
    forecast: Forecast,
    policies: Policies,
    now: datetime,
    equipment_ids: Sequence[str] | None = None,
    starts: Mapping[str, datetime] | None = None,
    nature: Nature = Nature.PLANNED,
    history: History = NOTHING,
    budgets: Mapping[str, Budget] | None = None,
    protected: Sequence[ProtectedPeriod] = (),
    plans: Collection[str] = (),
    told: str = "",
    zone: tzinfo = CHINA,
) -> Assessment:
    """Assess one outage that serves `requests`; raises UnableToIsolate, UnableToFindEquipment, UnableToFindPolicy.

    `plans` names usage points and customers with an approved emergency plan. `told` is the announcement people were
    given (`grounds.announcement`): the same period and households need no other. `equipment_ids` default to those of
    the requests; `starts` say when a request begins that does not begin with the outage.
    """
    equipment = tuple(dict.fromkeys(equipment_ids or [name for request in requests for name in request.equipment_ids]))
    on, minutes = period.start.date(), period.hours * 60
    loads = forecast.loads(grid, period)
    plan = plan_switching(grid, closed, equipment, period=period, loads=loads, policies=policies, on=on)
    sustained = policies.value("rel.sustained_min.dlt", on=on)
    hours = customer_hours(grid, plan.times, sustained_min=sustained)
    who = affected(grid, plan.times)
    important = tuple(concerned(grid, plan.times, plans=plans))
    before, at_work = supply(grid, closed), supply(grid, plan.at_work)
    sources = tuple(sources_under(grid, plan.times, before=before, at_work=at_work, plans=plans))
    repeats = _repeats(grid, who, history, period, nature, policies, zone)
    unit_hours = hours_by_unit(grid, plan.times)
    notices = notices_due(period, nature, who.count, important, policies)
    works = work_periods(requests, period.start, starts or {}, out_min=plan.out_min)
    missing = missing_min(works, period.end, back_min=plan.back_min)
    facts = Facts(
        period, nature, now, zone, tuple(unit_hours), plan, missing, hours, unit_hours, budgets or {}, important, sources,
        repeats, protected, notices, policies, plans, told == announcement(period, loads_of(grid, who)),
    )  # fmt: skip
    gates = tuple(gate(facts) for gate in GATES)
    lost = energy(grid, plan.times, expected_kw=forecast.expected_kw(grid, period), high_kw=loads[0], period=period)
    worked = np.asarray(plan.isolation.zone_sections, np.int32)
    setting = Setting(grid, plan.times, worked, at_work.energised, loads[0], period.hours, policies, on)
    name = facts_fingerprint(
        requests,
        grid=grid,
        closed=closed,
        dark=(*plan.isolation.dead_sections, *plan.isolation.zone_sections),
        equipment_ids=equipment,
        period=period,
        nature=nature,
        forecast=forecast,
        policies=policies,
    )
    return Assessment(
        name, tuple(request.request_id for request in requests), equipment, period, nature, now, grid, plan, hours,
        customer_hours(grid, _without_transfer(plan, minutes), sustained_min=sustained), unit_hours,
        lost, who, important, sources, repeats, dict(budgets or {}), notices,
        alternatives(setting, requests), gates, approver(hours.units_h, gates, policies=policies, on=period.start),
    )  # fmt: skip


def _without_transfer(plan: SwitchingPlan, minutes: float) -> DeadTimes:
    """Who would be dark without any transfer: everything the isolation cuts off, for the whole period."""
    return dead_times_of([(section, 0.0, minutes) for section in plan.isolation.dead_sections])


def _repeats(
    grid: Grid,
    who: Affected,
    history: History,
    period: Period,
    nature: Nature,
    policies: Policies,
    zone: tzinfo,
) -> Repeats:
    short = policies.row("rep.min_duration", on=period.start.date())
    long_enough = np.array([not short.holds(longest) for longest in who.longest_min.tolist()], np.bool_)
    return repeats_after(
        grid,
        history,
        who.consumer,
        counts=long_enough & (who.count > 1),
        period=period,
        nature=nature,
        policies=policies,
        zone=zone,
    )


def hours_by_unit(grid: Grid, times: DeadTimes) -> dict[str, float]:
    """Customer-hours by the operating unit that owns the feeder in the normal state (budget owner)."""
    units = [unit or "" for unit in grid.network.tables["feeders"].column("unit").to_pylist()]
    feeder = grid.normal_feeder[times.sections]
    lost = grid.section_units[times.sections] * times.total_min / 60
    found: dict[str, float] = {}
    for index, hours in zip(feeder.tolist(), lost.tolist(), strict=True):
        unit = units[index] if index >= 0 else ""
        found[unit] = found.get(unit, 0.0) + hours
    return found


def notices_due(
    period: Period, nature: Nature, households: int, important: Sequence[Concerned], policies: Policies
) -> tuple[NoticeDue, ...]:
    """The notices a planned or temporary outage owes (domain rule 3.1), first deadline first."""
    on = period.start.date()
    names = tuple(one.point.usage_point_id for one in important)

    def due(audience: str, key: str, count: int, points: tuple[str, ...] = ()) -> NoticeDue:
        row = policies.row(key, on=on)
        lead = timedelta(days=row.value) if row.unit == "d" else timedelta(hours=row.value)
        return NoticeDue(audience, period.start - lead, count, points, row)

    if nature is Nature.TEMPORARY:
        found = [due("important", "notice.temporary", len(names), names)] if names else []
    else:
        found = [due("target", "notice.target_internal", households), due("everybody", "notice.planned", households)]
        found += [due("important", "notice.important", len(names), names)] if names else []
    return tuple(sorted(found, key=lambda one: one.deadline))
