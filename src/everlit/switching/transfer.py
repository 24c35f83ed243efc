"""Load transfer (转电): the best way to keep supplied whom an isolation cuts off (逢停必转、能转必转).

    keep, in this order:  important customers by weight › MV unit-hours › household-hours › few operations › low losses
    radial, every line, switch, transformer and voltage inside its limit in every quarter-hour of the window (P90 load)

One arrangement holds for the whole window, so hours weigh all customers alike and units stand for unit-hours. The
search covers every radial arrangement of the switches at the dead area: closing ties, opening switches to split a block
between ties or to shed what no tie can carry, feeding one dead block through another. It does not move load between two
live feeders to make room. The plan comes with a proven bound, and with a certificate for everybody who stays dark.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from time import perf_counter
from typing import Any

import numpy as np

from everlit.grid import Grid, supply
from everlit.grid.compile import Bools, Floats, Ints
from everlit.grid.flow import Flow
from everlit.kernel import Finding, Policies, Refusal, Text
from everlit.switching.area import LIVE, Area, dead_area, split_worth
from everlit.switching.certificate import certify
from everlit.switching.certificate_check import checked
from everlit.switching.headroom import headroom
from everlit.switching.isolate import Isolation
from everlit.switching.judgement import Judgement, judgement
from everlit.switching.limits import limits_of
from everlit.switching.policies import NEWEST
from everlit.switching.reason import Reason
from everlit.switching.search import Outcome, Plan, best_plans, state_of
from everlit.switching.skeleton import Skeleton, skeleton
from everlit.switching.window import Excess, Verdict, Window, instant

ROUGH_LOSS, FINE_LOSS, FINALISTS = 0.01, 0.001, 8
LOW_PU = 0.9


class UnableToTransfer(Refusal):
    """No transfer can be judged: the flow before switching has no solution, or the judge finds other figures."""

    title = Text(en="The load transfer could not be computed.", zh="无法计算负荷转供。")


@dataclass(frozen=True)
class Transfer:
    """The plan: switches to close and to open after the isolation, who is kept, who stays dark and why.

    `state` is the state of the work. `bound` is the most that any plan of the search space could keep (weight, units,
    households), `gap` how far the plan may be from it at the first of these that differs: 0 is proven optimal.
    `judgement` is the word of a second power flow on the state, None where nobody asked for it.
    """

    isolation: Isolation = field(repr=False, compare=False)
    close: tuple[int, ...]
    open: tuple[int, ...]
    state: Bools = field(repr=False, compare=False)
    restored: tuple[int, ...]
    dead: tuple[int, ...]
    kept: tuple[int, int, int]
    bound: tuple[int, int, int]
    proven: bool
    feeds: tuple[tuple[int, str, int], ...]
    verdict: Verdict
    starts_at: datetime | None
    window: Window = field(repr=False, compare=False)
    area: Area = field(repr=False, compare=False)
    plan: Plan = field(repr=False, compare=False)
    judgement: Judgement | None = None
    judged: int = 0
    seconds: float = 0.0

    @property
    def grid(self) -> Grid:
        """The network."""
        return self.isolation.grid

    @property
    def operations(self) -> int:
        """Switch operations beyond the isolation."""
        return len(self.close) + len(self.open)

    @property
    def hours(self) -> float:
        """Length of the window."""
        return self.window.hours

    @property
    def gap(self) -> float:
        """Relative distance to the bound at the first of weight, units, households that differs."""
        for kept, bound in zip(self.kept, self.bound, strict=True):
            if kept != bound:
                return (bound - kept) / bound
        return 0.0

    @cached_property
    def dark(self) -> tuple[int, int]:
        """MV units and households that stay without supply."""
        dead = list(self.dead)
        return int(self.grid.section_units[dead].sum()), int(self.grid.section_households[dead].sum())

    @property
    def certificate(self) -> tuple[Reason, ...]:
        """Why each block that stays dark does so: the reasons that hold when computed again; computed when asked for."""
        return self._certified[0]

    @property
    def certificate_findings(self) -> tuple[Finding, ...]:
        """What did not hold when the certificate was computed again: nobody counts as explained by it."""
        return self._certified[1]

    @cached_property
    def _certified(self) -> tuple[tuple[Reason, ...], tuple[Finding, ...]]:
        reasons = certify(self.isolation, self.area, self.plan, self.window, starts_at=self.starts_at)
        return checked(
            self.isolation, reasons, state=self.state, window=self.window, unusable=self.area.unusable,
            avoid_sections=self.area.avoided, starts_at=self.starts_at, proven=self.proven,
        )  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        """The plan by identities."""
        grid = self.grid
        names = ("weight", "units", "households")
        return {
            "isolation": self.isolation.as_json(),
            "close": [grid.switch_id(switch) for switch in self.close],
            "open": [grid.switch_id(switch) for switch in self.open],
            "operations": self.operations,
            "restored_sections": [grid.section_name(section) for section in self.restored],
            "dead_sections": [grid.section_name(section) for section in self.dead],
            "kept": dict(zip(names, self.kept, strict=True)),
            "bound": dict(zip(names, self.bound, strict=True)),
            "gap": self.gap,
            "proven": self.proven,
            "dark": {"units": self.dark[0], "households": self.dark[1]},
            "hours": self.hours,
            "feeds": [
                {"tie": grid.switch_id(switch), "feeder": feeder, "units": units}
                for switch, feeder, units in self.feeds
            ],
            "flow": self.flow_as_json(),
            "judgement": None if self.judgement is None else self.judgement.as_json(),
            "certificate": [reason.as_json() for reason in self.certificate],
            "certificate_findings": [finding.as_json() for finding in self.certificate_findings],
        }

    def flow_as_json(self) -> dict[str, Any]:
        """Losses of the solved feeders, the highest loading and the lowest voltage of the window."""
        verdict = self.verdict

        def place(excess: Excess | None) -> dict[str, Any] | None:
            if excess is None:
                return None
            value, limit = round(excess.value, 6), round(excess.limit, 6)
            return {
                "at": instant(excess.step, self.starts_at),
                "where": self.window.name(excess),
                "value": value,
                "limit": limit,
            }

        return {
            "loss_kwh": round(verdict.loss_kwh, 6),
            "highest_loading": place(verdict.loading),
            "lowest_voltage": place(verdict.lowest),
        }


def transfer(
    grid: Grid,
    closed: Bools,
    isolation: Isolation,
    loads: tuple[Floats, Floats],
    policies: Policies | None = None,
    *,
    on: date = NEWEST,
    starts_at: datetime | None = None,
    unusable: Iterable[str] = (),
    avoid_sections: Iterable[int] = (),
    window: Window | None = None,
    seconds: float = 5.0,
    to_be_shown: bool = True,
) -> Transfer:
    """The optimal re-supply of what `isolation`, made from state `closed`, leaves dead.

    `loads` are kW and kvar [quarter-hours × consumers] of the window, P90. `unusable` switches and `avoid_sections`
    (live sections that must not take load over, because their feeder is out or promised elsewhere) are left out of the
    search. `starts_at` is when the window begins; times are said in its own offset. A `window` made before for the same
    state and loads saves its flow. After `seconds` the best plan so far is returned with the bound proven until then.
    A plan `to_be_shown` is judged by a second power flow; raises UnableToTransfer when that finds other figures. Plans
    that are only counted with, and computed anew before anybody sees them, can go without.
    """
    began = perf_counter()
    limits = limits_of(policies, on=on)
    if window is None:
        window = Window(grid, closed, np.atleast_2d(loads[0]), np.atleast_2d(loads[1]), limits)
    _refuse_without_base(window)
    banned = [grid.switch(identity) for identity in unusable]
    area = dead_area(isolation, limits=limits, unusable=banned, avoid_sections=avoid_sections)
    bones = skeleton(area, window)
    jury, room = _Jury(area, window, bones), headroom(bones)
    outcome = best_plans(area, jury.judge, monotone=jury.stays_broken, room=room, seconds=seconds)
    plan, verdict = jury.least_loss(outcome.plans)
    while plan.used and not verdict.feasible:  # the skeleton erred: the full flow has the last word
        jury.settled[plan.key()] = verdict
        outcome = best_plans(area, jury.judge, monotone=jury.stays_broken, room=room, seconds=seconds)
        plan, verdict = jury.least_loss(outcome.plans)
    word = jury.last_word(plan) if to_be_shown else None
    return _described(isolation, area, window, outcome, plan, verdict, word, starts_at, perf_counter() - began)


def _refuse_without_base(window: Window) -> None:
    unsolved = np.flatnonzero(~window.base.converged)
    if len(unsolved):
        text = Text(
            en=f"The flow before switching has no solution in {len(unsolved)} of {window.steps} quarter-hours.",
            zh=f"操作前潮流在 {window.steps} 个刻钟中有 {len(unsolved)} 个无解。",
        )
        raise UnableToTransfer(Finding("transfer.no_base_flow", "flow", text, {"steps": unsolved.tolist()}))


@dataclass(frozen=True)
class _Jury:
    """Judges plans on the skeleton, by full flow where that is too close to call, and ranks equals by their losses."""

    area: Area
    window: Window
    skeleton: Skeleton
    settled: dict[frozenset[int], Verdict] = field(default_factory=dict)
    latest: dict[frozenset[int], Flow] = field(default_factory=dict)

    def judge(self, plan: Plan) -> Verdict:
        """The verdict on a plan."""
        if plan.key() in self.settled:
            return self.settled[plan.key()]
        verdict = self.skeleton.judge(plan)
        return verdict if verdict.sure else self.full(plan)

    def full(self, plan: Plan) -> Verdict:
        """The verdict of the full flow."""
        key = plan.key()
        if key not in self.settled:
            self.settled[key] = self.window.verdict(self.flow(plan))
        return self.settled[key]

    def flow(self, plan: Plan) -> Flow:
        """The full flow; the latest is kept, a day of a city being large."""
        key = plan.key()
        if key not in self.latest:
            self.latest.clear()
            self.latest[key] = self.window.solve(state_of(self.area, plan.used, plan.fed))
        return self.latest[key]

    def last_word(self, plan: Plan) -> Judgement:
        """The judge on the plan; raises UnableToTransfer when he finds other figures."""
        word = judgement(self.window, state_of(self.area, plan.used, plan.fed), self.flow(plan))
        if not word.agrees:
            raise UnableToTransfer(word.finding)
        return word

    def stays_broken(self, plan: Plan, verdict: Verdict) -> bool:
        """Whether feeding more cannot mend a breach: it exceeds all that the pieces left could push against it."""
        left = [piece for piece in range(self.area.n_pieces) if piece not in plan.fed]
        return _stays_broken(verdict, self.window, float(self.skeleton.pushes[left].sum()))

    def least_loss(self, plans: Sequence[Plan]) -> tuple[Plan, Verdict]:
        """Of plans alike in all else the one of least losses, by full flow among those the skeleton leaves close."""
        rough = [self.skeleton.judge(plan).loss_kwh for plan in plans] if len(plans) > 1 else [0.0]
        close = min(rough) * (1 + (ROUGH_LOSS if self.window.small else FINE_LOSS))
        ranked = sorted(zip(rough, range(len(plans)), strict=True))
        finalists = [plans[index] for loss, index in ranked if loss <= close][:FINALISTS]
        verdicts = [self.full(plan) for plan in finalists]
        good = [index for index, verdict in enumerate(verdicts) if verdict.feasible] or [0]
        best = min(good, key=lambda index: verdicts[index].loss_kwh)
        return finalists[best], verdicts[best]


def _stays_broken(verdict: Verdict, window: Window, push_mva: float) -> bool:
    """Whether feeding more cannot mend a breach: it exceeds all that the pieces left could push against it."""
    if not verdict.converged:
        return True
    if verdict.overload is not None:
        kv = float(window.grid.nominal_kv[window.grid.branch_from[verdict.overload.index]])
        if verdict.overload.amount > push_mva * 1000 / (np.sqrt(3) * LOW_PU * kv):
            return True
    worst = verdict.voltage
    return worst is not None and worst.value < worst.limit and worst.amount > push_mva * verdict.reach_pu / LOW_PU


def _described(
    isolation: Isolation, area: Area, window: Window, outcome: Outcome, plan: Plan, verdict: Verdict,
    word: Judgement | None, starts_at: datetime | None, seconds: float,
) -> Transfer:  # fmt: skip
    grid = isolation.grid
    state = state_of(area, plan.used, plan.fed)
    before, after = area.closed, supply(grid, state)
    changed = np.flatnonzero(state != before)
    restored = (
        np.concatenate([area.sections[piece] for piece in sorted(plan.fed)]) if plan.fed else np.zeros(0, np.int32)
    )
    stays = sorted(set(isolation.dead_sections) - set(restored.tolist()))
    state.flags.writeable = False
    return Transfer(
        isolation=isolation, close=tuple(int(s) for s in changed if state[s]),
        open=tuple(int(s) for s in changed if not state[s]),
        state=state, restored=tuple(sorted(restored.tolist())), dead=tuple(stays), kept=split_worth(plan.worth),
        bound=_bound(area, outcome.bound), proven=outcome.complete, feeds=_feeds(area, plan, after.feeder, grid),
        verdict=verdict, starts_at=starts_at, window=window, area=area, plan=plan, judgement=word,
        judged=outcome.judged, seconds=seconds,
    )  # fmt: skip


def _bound(area: Area, worth: int) -> tuple[int, int, int]:
    """A bound as weight, units and households; what a fraction of a unit carries over is capped by who is there."""
    weight, units, households = split_worth(worth)
    most = [split_worth(each) for each in area.worth]
    return weight, min(units, sum(each[1] for each in most)), min(households, sum(each[2] for each in most))


def _feeds(area: Area, plan: Plan, feeder: Ints, grid: Grid) -> tuple[tuple[int, str, int], ...]:
    """Each tie in use with the feeder that feeds through it and the MV units it carries."""
    root: dict[int, int] = {}
    units: dict[int, int] = {}
    for index in plan.used:
        edge = area.edges[index]
        tie = LIVE in (edge.one, edge.other)
        piece = max(edge.one, edge.other) if tie else (edge.other if edge.one in root else edge.one)
        root[piece] = index if tie else root[edge.far(piece)]
        units[root[piece]] = units.get(root[piece], 0) + int(grid.section_units[area.sections[piece]].sum())
    found = []
    for index, count in units.items():
        edge = area.edges[index]
        fed_by = int(feeder[edge.section])
        name = str(grid.feeder_ids[fed_by].as_py()) if fed_by >= 0 else ""
        found.append((edge.switch, name, count))
    return tuple(sorted(found))
