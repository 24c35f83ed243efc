"""The day model as a linear programme: a first bound, and what a crew is worth on each day.

Solved by OR-Tools (imported when called: it takes a second). The answer is not trusted: `crew_prices` are used as
multipliers in a bound that holds for any non-negative prices, see `bound`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from everlit.planning.relaxation import Relaxation, Shared

Prices = dict[tuple[int, int], float]
MANY_PAIRS = 200


@dataclass(slots=True)
class _Programme:
    """Columns and rows in the order they are made; minimise `costs`."""

    costs: list[float] = field(default_factory=list)
    uppers: list[float] = field(default_factory=list)
    lows: list[float] = field(default_factory=list)
    highs: list[float] = field(default_factory=list)
    entries: list[tuple[int, int, float]] = field(default_factory=list)
    whole: set[int] = field(default_factory=set)

    def column(self, cost: float, upper: float) -> int:
        self.costs.append(cost)
        self.uppers.append(upper)
        return len(self.costs) - 1

    def row(self, terms: Sequence[tuple[int, float]], low: float, high: float) -> int:
        number = len(self.lows)
        self.lows.append(low)
        self.highs.append(high)
        self.entries.extend((number, column, value) for column, value in terms if value)
        return number


@dataclass(frozen=True, slots=True)
class Linear:
    """The optimum of the linear day model, and the price of a crew on a day (crew, day)."""

    value: float
    crew_prices: Prices


def solve_linear(relaxation: Relaxation, *, seconds: float) -> Linear | None:
    """The linear day model; None when time runs out."""
    programme = _Programme()
    done = _choices(programme, relaxation)
    parts = _shared(programme, relaxation, done)
    if len(relaxation.pairs) <= MANY_PAIRS:
        _pairs(programme, relaxation, done, parts)
    _repeats(programme, relaxation, done)
    _order(programme, relaxation, done)
    crews = _crews(programme, relaxation, done)
    answer = _solve(programme, seconds)
    if answer is None:
        return None
    value, duals = answer
    prices = {key: max(0.0, -duals[row]) for key, row in crews.items()}
    return Linear(value, {key: price for key, price in prices.items() if price > 1e-9})


def prove_whole(relaxation: Relaxation, *, crew_prices: Mapping[tuple[int, int], int], seconds: float) -> float:
    """A bound on the day model in whole days, by HiGHS's branch and bound: a second opinion on `daymodel`."""
    programme = _Programme()
    done = _choices(programme, relaxation)
    for job, task in enumerate(relaxation.compiled.problem.jobs):
        programme.whole.update(done[job].values())
        for day, column in done[job].items():
            programme.costs[column] += task.crew_count * crew_prices.get((task.crew, day), 0) if task.crew >= 0 else 0
    _pairs(programme, relaxation, done, _shared(programme, relaxation, done))
    _repeats(programme, relaxation, done)
    _order(programme, relaxation, done)
    _crews(programme, relaxation, done)
    from ortools.math_opt.python import mathopt

    limits = mathopt.SolveParameters(time_limit=timedelta(seconds=seconds), relative_gap_tolerance=0.0)
    result = mathopt.solve(_model(programme), mathopt.SolverType.HIGHS, params=limits)
    return float(result.dual_bound())


def _choices(programme: _Programme, relaxation: Relaxation) -> list[dict[int, int]]:
    done = []
    for job, prices in enumerate(relaxation.price):
        days = {day: programme.column(price, 1.0) for day, price in prices.items()}
        terms = [(column, 1.0) for column in days.values()]
        if relaxation.may_refuse(job):
            price_of_none = 0 if relaxation.served is not None else relaxation.compiled.problem.jobs[job].refusal_price
            terms.append((programme.column(price_of_none, 1.0), 1.0))
        programme.row(terms, 1.0, 1.0)
        done.append(days)
    return done


def _shared(
    programme: _Programme, relaxation: Relaxation, done: list[dict[int, int]]
) -> dict[tuple[int, int], set[int]]:
    """The darkness columns, and (job, day) → those the job has a part in."""
    parts: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
    for part in relaxation.shared:
        for day in part.days:
            dark = programme.column(1.0, float("inf"))
            programme.row([(dark, 1.0), *_layered(programme, part, day, done)], 0.0, float("inf"))
            for chain in part.chains:
                inside = [job for job in chain if day in part.least[job]]
                if len(inside) > 1:
                    terms = [(done[job][day], -float(part.least[job][day])) for job in inside]
                    programme.row([(dark, 1.0), *terms], 0.0, float("inf"))
            for job, days in part.least.items():
                if day in days:
                    parts[job, day].add(dark)
    return dict(parts)


def _layered(programme: _Programme, part: Shared, day: int, done: list[dict[int, int]]) -> list[tuple[int, float]]:
    """Minus what the layers of a day cost that are reached."""
    reached: list[tuple[int, float]] = []
    for added, jobs in part.layers(day):
        column = programme.column(0.0, 1.0)
        for before in (*(column for column, _ in reached[-1:]), *(done[job][day] for job in jobs)):
            programme.row([(column, 1.0), (before, -1.0)], 0.0, 1.0)
        reached.append((column, -float(added)))
    return reached


def _pairs(
    programme: _Programme,
    relaxation: Relaxation,
    done: list[dict[int, int]],
    parts: dict[tuple[int, int], set[int]],
) -> None:
    """The cuts of `daymodel`; `both` stands in for a condition on two columns."""
    beyond: dict[tuple[int, int], int] = {}
    for pair in relaxation.pairs:
        jobs = (pair.first, pair.second)
        for day, least in pair.least.items():
            alone = pair.alone[day]
            together = min(least, sum(alone))
            for job in jobs:
                if (job, day) not in beyond:
                    beyond[job, day] = programme.column(1.0, float("inf"))
            paid = [(column, 1.0) for job in jobs for column in parts.get((job, day), ())]
            paid = [*dict(paid).items(), *((beyond[job, day], 1.0) for job in jobs)]
            for one, two in ((alone[0], together - alone[0]), (together - alone[1], alone[1])):
                shares = [
                    (done[job][day], float(relaxation.price[job][day] - share))
                    for job, share in zip(jobs, (one, two), strict=True)
                ]
                programme.row([*paid, *shares], 0.0, float("inf"))
            if least > sum(alone):
                both = [(done[job][day], float(relaxation.price[job][day] - least)) for job in jobs]
                programme.row([*paid, *both], -float(least), float("inf"))


def _repeats(programme: _Programme, relaxation: Relaxation, done: list[dict[int, int]]) -> None:
    for limit in relaxation.repeated:
        off: dict[int, int] = {}
        for job, days in limit.jobs.items():
            for day in days:
                if day not in off:
                    off[day] = programme.column(0.0, 1.0)
                programme.row([(off[day], 1.0), (done[job][day], -1.0)], 0.0, 1.0)
        programme.row([(column, 1.0) for column in off.values()], 0.0, limit.room)
        for last, allowed in limit.by_day:
            programme.row([(column, 1.0) for day, column in off.items() if day <= last], 0.0, allowed)


def _order(programme: _Programme, relaxation: Relaxation, done: list[dict[int, int]]) -> None:
    for job, task in enumerate(relaxation.compiled.problem.jobs):
        for rule in task.after:
            for last in sorted(done[job]):
                mine = [(column, 1.0) for day, column in done[job].items() if day <= last]
                before = [(column, -1.0) for day, column in done[rule.job].items() if day <= last - rule.lag_days]
                programme.row([*mine, *before], -float("inf"), 0.0)


def _crews(programme: _Programme, relaxation: Relaxation, done: list[dict[int, int]]) -> dict[tuple[int, int], int]:
    problem = relaxation.compiled.problem
    need: defaultdict[tuple[int, int], list[tuple[int, float]]] = defaultdict(list)
    for job, task in enumerate(problem.jobs):
        if task.crew >= 0 and task.crew_count:
            for day, column in done[job].items():
                need[task.crew, day].append((column, float(task.crew_count)))
    return {
        (crew, day): programme.row(terms, 0.0, float(problem.crews[crew].capacity[day]))
        for (crew, day), terms in need.items()
        if sum(count for _, count in terms) > problem.crews[crew].capacity[day]
    }


def _solve(programme: _Programme, seconds: float) -> tuple[float, list[float]] | None:
    from ortools.math_opt.python import mathopt

    model = _model(programme)
    limits = mathopt.SolveParameters(time_limit=timedelta(seconds=seconds), threads=1)
    result = mathopt.solve(model, mathopt.SolverType.GLOP, params=limits)
    if result.termination.reason != mathopt.TerminationReason.OPTIMAL:
        return None
    duals = result.dual_values()
    return result.objective_value(), [duals[row] for row in model.linear_constraints()]


def _model(programme: _Programme) -> Any:
    """The programme as a MathOpt model, filled column by column at once."""
    from ortools.math_opt import model_pb2
    from ortools.math_opt.python import mathopt

    proto = model_pb2.ModelProto()
    columns, rows = len(programme.costs), len(programme.lows)
    proto.variables.ids.extend(range(columns))
    proto.variables.lower_bounds.extend([0.0] * columns)
    proto.variables.upper_bounds.extend(programme.uppers)
    proto.variables.integers.extend(column in programme.whole for column in range(columns))
    proto.objective.linear_coefficients.ids.extend(range(columns))
    proto.objective.linear_coefficients.values.extend(programme.costs)
    proto.linear_constraints.ids.extend(range(rows))
    proto.linear_constraints.lower_bounds.extend(programme.lows)
    proto.linear_constraints.upper_bounds.extend(programme.highs)
    entries = sorted(programme.entries)
    proto.linear_constraint_matrix.row_ids.extend(entry[0] for entry in entries)
    proto.linear_constraint_matrix.column_ids.extend(entry[1] for entry in entries)
    proto.linear_constraint_matrix.coefficients.extend(entry[2] for entry in entries)
    return mathopt.Model.from_model_proto(proto)
