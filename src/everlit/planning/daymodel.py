"""The day model of one cluster of jobs, solved exactly by CP-SAT: the least this cluster can cost.

Crews outside the cluster are a price, not a wall: with `crew_prices` the cluster pays for every crew it takes and the
bound gives the whole capacity back, so what clusters compete for is counted (Lagrangian relaxation). All numbers are
integers; the solver's proven bound is used, never its best plan.
"""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everlit.planning.pairs import Pair
from everlit.planning.relaxation import Relaxation, Repeated, Shared

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

CrewPrices = Mapping[tuple[int, int], int]
FEW_JOBS = 20
"""Up to so many jobs the costs of all pairs are in the model from the start."""


@dataclass(frozen=True, slots=True)
class ClusterBound:
    """No plan of these jobs costs less than `bound` at these prices; `days`: the best day plan seen."""

    jobs: tuple[int, ...]
    bound: int
    closed: bool
    days: dict[int, int | None]


def bound_cluster(
    relaxation: Relaxation,
    jobs: Sequence[int],
    *,
    crew_prices: CrewPrices | None = None,
    seed: int = 0,
    effort: float = 4.0,
    seconds: float = 1e6,
    crews: Sequence[Sequence[int]] | None = None,
    hint: Mapping[int, int | None] | None = None,
) -> ClusterBound:
    """Solve one cluster within `effort` units of CP-SAT's deterministic time.

    In a large cluster the costs of pairs join the model only where its answer breaks them: most never matter, and all of
    them together are a burden. Every round proves a bound; the last is the best.

    `crews`: those the cluster may take per crew and day, where others have theirs already; then the answer is about this
    neighbourhood of a plan, and its bound is none on the month. `hint`: the days of a plan to begin from.
    """
    if len(jobs) == 1 and crews is None:
        return _alone(relaxation, jobs[0], crew_prices or {})
    model = _DayModel(relaxation, jobs, crew_prices or {}, crews)
    model.hint(hint or {})
    waiting = [pair for pair in relaxation.pairs if pair.first in model.done]
    if len(jobs) <= FEW_JOBS:
        model.add_pairs(waiting)
        waiting = []
    best, days = _floor(relaxation, jobs), dict[int, int | None]()
    until = time.monotonic() + seconds
    while True:
        answer = model.solve(seed, max(effort, 0.05), max(until - time.monotonic(), 0.05))
        best, days = max(best, answer.bound), answer.days or days
        broken = [pair for pair in waiting if model.breaks(pair, answer)]
        if not answer.closed or not broken:
            return ClusterBound(tuple(jobs), best, answer.closed, days)
        effort -= answer.spent
        if effort <= 0 or time.monotonic() >= until:
            return ClusterBound(tuple(jobs), best, False, days)
        model.add_pairs(broken)
        model.hint(days)
        waiting = [pair for pair in waiting if pair not in broken]


def proven(bound: float) -> int:
    """The bound of an integer objective, an ulp of doubt taken off."""
    return int(bound + 0.5) if abs(bound - round(bound)) < 1e-3 else int(bound // 1)


def _floor(relaxation: Relaxation, jobs: Sequence[int]) -> int:
    """What costs nothing to prove: every job on its cheapest day, all that shares a block at once."""
    if relaxation.served is None:
        return 0
    inside = set(jobs)
    own = sum(min(relaxation.price[job].values(), default=0) for job in jobs)
    return own + sum(
        max(min(days.values(), default=0) for days in part.least.values())
        for part in relaxation.shared
        if not inside.isdisjoint(part.least)
    )


def _alone(relaxation: Relaxation, job: int, crew_prices: CrewPrices) -> ClusterBound:
    """A job that shares nothing: the cheapest of its days, or its refusal."""
    task = relaxation.compiled.problem.jobs[job]
    capacity = relaxation.compiled.problem.crews[task.crew].capacity if task.crew >= 0 else ()
    options: list[tuple[int, int | None]] = [(task.refusal_price, None)] if relaxation.may_refuse(job) else []
    limits = [limit for limit in relaxation.repeated if job in limit.jobs]
    for day, price in relaxation.price[job].items():
        if task.crew >= 0 and capacity[day] < task.crew_count:
            continue
        if any(day in limit.jobs[job] and not _repeat_room(limit, day) for limit in limits):
            continue
        paid = task.crew_count * crew_prices.get((task.crew, day), 0) if task.crew >= 0 else 0
        options.append((price + paid, day))
    cost, chosen = min(options, key=lambda option: option[0])
    return ClusterBound((job,), cost, True, {job: chosen})


def _repeat_room(limit: Repeated, day: int) -> bool:
    return limit.room > 0 and all(allowed > 0 for last, allowed in limit.by_day if day <= last)


@dataclass(frozen=True, slots=True)
class _Answer:
    """One solve: proven bound, the days, what each (job, day) pays in darkness, deterministic time spent."""

    bound: int
    closed: bool
    days: dict[int, int | None]
    paid: Mapping[tuple[int, int], Mapping[int, int]]
    own: Mapping[tuple[int, int], int]
    spent: float


class _DayModel:
    """The CP-SAT model of one cluster; one method per rule."""

    def __init__(
        self,
        relaxation: Relaxation,
        jobs: Sequence[int],
        crew_prices: CrewPrices,
        crews: Sequence[Sequence[int]] | None,
    ) -> None:
        from ortools.sat.python import cp_model

        self.relaxation, self.jobs, self.problem = relaxation, jobs, relaxation.compiled.problem
        self.model = cp_model.CpModel()
        self.done: dict[int, dict[int, cp_model.IntVar]] = {}
        self.costs: list[tuple[cp_model.IntVar, int]] = []
        self.dark: defaultdict[tuple[int, int], list[cp_model.IntVar]] = defaultdict(list)
        self.beyond: dict[tuple[int, int], cp_model.IntVar] = {}
        self.most = max((least for pair in relaxation.pairs for least in pair.least.values()), default=0)
        self._choose(crew_prices)
        for part in relaxation.shared:
            if not self.done.keys().isdisjoint(part.least):
                self._darken(part)
        for limit in relaxation.repeated:
            if not self.done.keys().isdisjoint(limit.jobs):
                self._limit_repeats(limit)
        self._order()
        self._limit_crews(crews or [crew.capacity for crew in self.problem.crews])

    def hint(self, days: Mapping[int, int | None]) -> None:
        """Begin from a day plan."""
        self.model.clear_hints()
        for job, day in days.items():
            for option, literal in self.done[job].items():
                self.model.add_hint(literal, option == day)

    def solve(self, seed: int, effort: float, seconds: float) -> _Answer:
        """The least cost with the rules and pairs so far."""
        from ortools.sat.python import cp_model

        terms, amounts = [term for term, _ in self.costs], [amount for _, amount in self.costs]
        self.model.minimize(cp_model.LinearExpr.weighted_sum(terms, amounts))
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.max_time_in_seconds = seconds
        solver.parameters.random_seed = seed
        solver.parameters.max_deterministic_time = effort
        solver.parameters.linearization_level = 2
        status = solver.solve(self.model)
        bound, spent = proven(solver.best_objective_bound), solver.response_proto.deterministic_time
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return _Answer(bound, False, {}, {}, {}, spent)
        return _Answer(
            bound=bound,
            closed=status == cp_model.OPTIMAL,
            days={
                job: next((day for day, x in options.items() if solver.boolean_value(x)), None)
                for job, options in self.done.items()
            },
            paid={key: {term.index: solver.value(term) for term in terms} for key, terms in self.dark.items()},
            own={key: solver.value(more) for key, more in self.beyond.items()},
            spent=spent,
        )

    def breaks(self, pair: Pair, answer: _Answer) -> bool:
        """True when the answer has both on one day for less than the two cost together."""
        day, jobs = answer.days.get(pair.first), (pair.first, pair.second)
        if day is None or answer.days.get(pair.second) != day or day not in pair.least:
            return False
        dark = {index: value for job in jobs for index, value in answer.paid.get((job, day), {}).items()}
        own = sum(self.relaxation.price[job][day] + answer.own.get((job, day), 0) for job in jobs)
        return sum(dark.values()) + own < pair.least[day]

    def add_pairs(self, pairs: Sequence[Pair]) -> None:
        """Two jobs on one day cost together at least what `pairs` found; `beyond` is what they pay above their prices."""
        for pair in pairs:
            jobs = (pair.first, pair.second)
            for day, least in pair.least.items():
                one, two = (self.done[job][day] for job in jobs)
                alone_one, alone_two = pair.alone[day]
                both = {amount.index: amount for job in jobs for amount in self.dark[job, day]}
                own = sum(
                    self.relaxation.price[job][day] * self.done[job][day] + self._beyond(job, day) for job in jobs
                )
                paid = sum(both.values()) + own
                more = least - alone_one - alone_two
                if more <= 0:
                    self.model.add(paid >= alone_one * one + (least - alone_one) * two)
                    self.model.add(paid >= (least - alone_two) * one + alone_two * two)
                else:
                    self.model.add(paid >= alone_one * one + alone_two * two)
                    self.model.add(paid >= (alone_one + more) * one + (alone_two + more) * two - more)

    def _beyond(self, job: int, day: int) -> "cp_model.IntVar":
        if (job, day) not in self.beyond:
            self.beyond[job, day] = self.model.new_int_var(0, self.most, "")
            self.costs.append((self.beyond[job, day], 1))
        return self.beyond[job, day]

    def _choose(self, crew_prices: CrewPrices) -> None:
        for job in self.jobs:
            task = self.problem.jobs[job]
            self.done[job] = {day: self.model.new_bool_var("") for day in self.relaxation.price[job]}
            options = list(self.done[job].values())
            if self.relaxation.may_refuse(job):
                options.append(self.model.new_bool_var(""))
                self.costs.append((options[-1], task.refusal_price))
            self.model.add_exactly_one(options)
            for day, literal in self.done[job].items():
                paid = task.crew_count * crew_prices.get((task.crew, day), 0) if task.crew >= 0 else 0
                self.costs.append((literal, self.relaxation.price[job][day] + paid))

    def _darken(self, part: Shared) -> None:
        for day in part.days:
            most = sum(days.get(day, 0) for days in part.least.values())
            dark = self.model.new_int_var(0, most, "")
            self.costs.append((dark, 1))
            self.model.add(dark >= self._layered(part, day))
            for chain in part.chains:
                inside = [job for job in chain if day in part.least[job]]
                if len(inside) > 1:
                    self.model.add(dark >= sum(part.least[job][day] * self.done[job][day] for job in inside))
            for job, days in part.least.items():
                if day in days:
                    self.dark[job, day].append(dark)

    def _layered(self, part: Shared, day: int) -> "cp_model.LinearExprT":
        """What the layers of a day cost that are reached."""
        reached: list[cp_model.IntVar] = []
        layers = part.layers(day)
        for _, jobs in layers:
            literal = self.model.new_bool_var("")
            for before in (*reached[-1:], *(self.done[job][day] for job in jobs)):
                self.model.add_implication(before, literal)
            reached.append(literal)
        return sum(added * literal for (added, _), literal in zip(layers, reached, strict=True))

    def _limit_repeats(self, limit: Repeated) -> None:
        off: dict[int, cp_model.IntVar] = {}
        for job, days in limit.jobs.items():
            for day in sorted(days):
                if day not in off:
                    off[day] = self.model.new_bool_var("")
                self.model.add_implication(self.done[job][day], off[day])
        self.model.add(sum(off.values()) <= limit.room)
        for last, allowed in limit.by_day:
            self.model.add(sum(literal for day, literal in off.items() if day <= last) <= allowed)

    def _order(self) -> None:
        for job in self.jobs:
            for rule in self.problem.jobs[job].after:
                for last in sorted(self.done[job]):
                    mine = sum(x for day, x in self.done[job].items() if day <= last)
                    before = sum(x for day, x in self.done[rule.job].items() if day <= last - rule.lag_days)
                    self.model.add(mine <= before)

    def _limit_crews(self, crews: Sequence[Sequence[int]]) -> None:
        need: defaultdict[tuple[int, int], list[tuple[int, cp_model.IntVar]]] = defaultdict(list)
        for job in self.jobs:
            task = self.problem.jobs[job]
            if task.crew >= 0 and task.crew_count:
                for day, literal in self.done[job].items():
                    need[task.crew, day].append((task.crew_count, literal))
        for (crew, day), terms in need.items():
            if sum(count for count, _ in terms) > crews[crew][day]:
                self.model.add(sum(count * literal for count, literal in terms) <= crews[crew][day])
