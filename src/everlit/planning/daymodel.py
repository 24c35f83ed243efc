"""The day model of one cluster of jobs, solved exactly by CP-SAT: the least this cluster can cost.

Crews outside the cluster are a price, not a wall: with `crew_prices` the cluster pays for every crew it takes and the
bound gives the whole capacity back, so what clusters compete for is counted (Lagrangian relaxation). All numbers are
integers; the solver's proven bound is used, never its best plan.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everlit.planning.relaxation import Relaxation, Repeated, Shared

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

CrewPrices = Mapping[tuple[int, int], int]


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
    crew_prices: CrewPrices,
    seed: int,
    effort: float,
    workers: int = 1,
) -> ClusterBound:
    """Solve one cluster within `effort` units of CP-SAT's deterministic time."""
    problem = relaxation.compiled.problem
    if len(jobs) == 1:
        return _alone(relaxation, jobs[0], crew_prices)
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    done, refused = _choices(model, relaxation, jobs)
    inside = set(jobs)
    costs: list[tuple[cp_model.IntVar, int]] = [(x, problem.jobs[job].refusal_price) for job, x in refused.items()]
    for job in jobs:
        task = problem.jobs[job]
        for day, literal in done[job].items():
            crews = task.crew_count * crew_prices.get((task.crew, day), 0) if task.crew >= 0 else 0
            costs.append((literal, relaxation.price[job][day] + crews))
    dark: defaultdict[tuple[int, int], list[cp_model.IntVar]] = defaultdict(list)
    for part in relaxation.shared:
        if not inside.isdisjoint(part.least):
            for day, amount in _darkness(model, part, done).items():
                costs.append((amount, 1))
                for job in part.least:
                    dark[job, day].append(amount)
    costs.extend((more, 1) for more in _pairs(model, relaxation, done, dark))
    for limit in relaxation.repeated:
        if not inside.isdisjoint(limit.jobs):
            _limit_repeats(model, limit, done)
    _order(model, relaxation, jobs, done)
    _limit_crews(model, relaxation, jobs, done)
    model.minimize(cp_model.LinearExpr.weighted_sum([term for term, _ in costs], [amount for _, amount in costs]))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = workers
    solver.parameters.random_seed = seed
    solver.parameters.max_deterministic_time = effort
    solver.parameters.linearization_level = 2
    status = solver.solve(model)
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    days = (
        {job: next((d for d, x in done[job].items() if solver.boolean_value(x)), None) for job in jobs} if found else {}
    )
    return ClusterBound(tuple(jobs), proven(solver.best_objective_bound), status == cp_model.OPTIMAL, days)


def proven(bound: float) -> int:
    """The bound of an integer objective, an ulp of doubt taken off."""
    return int(bound + 0.5) if abs(bound - round(bound)) < 1e-3 else int(bound // 1)


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
        crews = task.crew_count * crew_prices.get((task.crew, day), 0) if task.crew >= 0 else 0
        options.append((price + crews, day))
    cost, best = min(options, key=lambda option: option[0])
    return ClusterBound((job,), cost, True, {job: best})


def _repeat_room(limit: Repeated, day: int) -> bool:
    return limit.room > 0 and all(allowed > 0 for last, allowed in limit.by_day if day <= last)


def _choices(
    model: "cp_model.CpModel", relaxation: Relaxation, jobs: Sequence[int]
) -> "tuple[dict[int, dict[int, cp_model.IntVar]], dict[int, cp_model.IntVar]]":
    done, refused = {}, {}
    for job in jobs:
        done[job] = {day: model.new_bool_var(f"x{job}.{day}") for day in relaxation.price[job]}
        if relaxation.may_refuse(job):
            refused[job] = model.new_bool_var(f"r{job}")
        model.add_exactly_one([*done[job].values(), *([refused[job]] if job in refused else [])])
    return done, refused


def _darkness(
    model: "cp_model.CpModel", part: Shared, done: "dict[int, dict[int, cp_model.IntVar]]"
) -> "dict[int, cp_model.IntVar]":
    dark = {}
    for day in sorted({day for days in part.least.values() for day in days}):
        most = sum(days.get(day, 0) for days in part.least.values())
        dark[day] = model.new_int_var(0, most, "")
    for chain in part.chains:
        for day in sorted({day for job in chain for day in part.least[job]}):
            model.add(
                dark[day] >= sum(part.least[job][day] * done[job][day] for job in chain if day in part.least[job])
            )
    return dark


def _pairs(
    model: "cp_model.CpModel",
    relaxation: Relaxation,
    done: "dict[int, dict[int, cp_model.IntVar]]",
    dark: "Mapping[tuple[int, int], list[cp_model.IntVar]]",
) -> "list[cp_model.IntVar]":
    """Two jobs on one day cost together at least what `pairs` found; what they pay beyond their prices is returned."""
    beyond: dict[tuple[int, int], cp_model.IntVar] = {}
    most = max((least for pair in relaxation.pairs for least in pair.least.values()), default=0)
    for pair in relaxation.pairs:
        if pair.first not in done:
            continue
        jobs = (pair.first, pair.second)
        for day, least in pair.least.items():
            one, two = (done[job][day] for job in jobs)
            alone_one, alone_two = pair.alone[day]
            for job in jobs:
                if (job, day) not in beyond:
                    beyond[job, day] = model.new_int_var(0, most, "")
            both = {amount.index: amount for job in jobs for amount in dark[job, day]}
            own = sum(relaxation.price[job][day] * done[job][day] + beyond[job, day] for job in jobs)
            paid = sum(both.values()) + own
            if least <= alone_one + alone_two:
                model.add(paid >= alone_one * one + (least - alone_one) * two)
                model.add(paid >= (least - alone_two) * one + alone_two * two)
            else:
                model.add(paid >= least).only_enforce_if([one, two])
    return list(beyond.values())


def _limit_repeats(model: "cp_model.CpModel", limit: Repeated, done: "dict[int, dict[int, cp_model.IntVar]]") -> None:
    off: dict[int, cp_model.IntVar] = {}
    for job, days in limit.jobs.items():
        for day in sorted(days):
            if day not in off:
                off[day] = model.new_bool_var("")
            model.add_implication(done[job][day], off[day])
    model.add(sum(off.values()) <= limit.room)
    for last, allowed in limit.by_day:
        model.add(sum(literal for day, literal in off.items() if day <= last) <= allowed)


def _order(
    model: "cp_model.CpModel",
    relaxation: Relaxation,
    jobs: Sequence[int],
    done: "dict[int, dict[int, cp_model.IntVar]]",
) -> None:
    for job in jobs:
        for rule in relaxation.compiled.problem.jobs[job].after:
            for last in sorted(done[job]):
                mine = sum(literal for day, literal in done[job].items() if day <= last)
                model.add(
                    mine <= sum(literal for day, literal in done[rule.job].items() if day <= last - rule.lag_days)
                )


def _limit_crews(
    model: "cp_model.CpModel",
    relaxation: Relaxation,
    jobs: Sequence[int],
    done: "dict[int, dict[int, cp_model.IntVar]]",
) -> None:
    problem = relaxation.compiled.problem
    need: defaultdict[tuple[int, int], list[tuple[int, cp_model.IntVar]]] = defaultdict(list)
    for job in jobs:
        task = problem.jobs[job]
        if task.crew >= 0 and task.crew_count:
            for day, literal in done[job].items():
                need[task.crew, day].append((task.crew_count, literal))
    for (crew, day), terms in need.items():
        capacity = problem.crews[crew].capacity[day]
        if sum(count for count, _ in terms) > capacity:
            model.add(sum(count * literal for count, literal in terms) <= capacity)
