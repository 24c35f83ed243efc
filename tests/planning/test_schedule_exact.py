"""Exhaustive search is the oracle: the exact model finds its optimum, and no bound is above it."""

from math import prod

import pytest

from everlit.planning.bound import month_bound
from everlit.planning.check import check_plan, cost
from everlit.planning.compiled import compile_problem
from everlit.planning.daymodel import bound_cluster
from everlit.planning.exact import solve_exact
from everlit.planning.linear import solve_linear
from everlit.planning.relaxation import over_floor, relax
from tests.planning.months import every_plan, small_month

PLANS = 3_000


def exhaustive(problem, compiled):
    """The cheapest plan without findings, tried one by one by the judge."""
    best, best_starts = None, None
    for starts in every_plan(compiled.starts):
        total = cost(problem, starts).total
        if (best is None or total < best) and not check_plan(problem, starts):
            best, best_starts = total, starts
    return best, best_starts


def small_enough(seed):
    problem = small_month(seed)
    compiled = compile_problem(problem)
    return problem, compiled, prod(len(options) + 1 for options in compiled.starts) <= PLANS


SEEDS = [seed for seed in range(700) if small_enough(seed)[2]][:250]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_exact_model_and_every_bound_against_exhaustive_search(seed):
    problem, compiled, _ = small_enough(seed)
    truth, best = exhaustive(problem, compiled)
    relaxation = relax(compiled)
    everything = dict(enumerate(compiled.starts))

    plain = solve_exact(compiled, everything, effort=20)
    assert plain.closed
    assert plain.starts is not None
    assert check_plan(problem, list(plain.starts.values())) == []
    assert plain.cost == plain.bound == truth == cost(problem, list(plain.starts.values())).total

    cut = solve_exact(compiled, everything, relaxation=relaxation, effort=20)
    assert cut.cost == truth

    served = [job for job, start in enumerate(best) if start is not None]
    paid_for = cost(problem, best)
    assert over_floor(compiled, served, {}) <= paid_for.over
    for price in range(problem.prices.over_budget + 1):
        dear = {budget.unit: price for budget in problem.budgets}
        assert month_bound(compiled, served, effort=5, budget_prices=dear).value <= paid_for.served

    linear = solve_linear(relaxation, seconds=10)
    assert linear is not None
    assert linear.value <= truth + 1e-3
    for scale in (0.0, 1.0, 3.7):
        prices = {key: int(scale * price) for key, price in linear.crew_prices.items()}
        paid = sum(price * problem.crews[crew].capacity[day] for (crew, day), price in prices.items())
        by_day = [
            bound_cluster(relaxation, jobs, crew_prices=prices, seed=0, effort=5).bound for jobs in relaxation.clusters
        ]
        assert sum(by_day) - paid <= truth
        by_slot = [
            solve_exact(compiled, {job: compiled.starts[job] for job in jobs}, crew_prices=prices).bound
            for jobs in relaxation.clusters
        ]
        assert sum(by_slot) - paid <= truth
