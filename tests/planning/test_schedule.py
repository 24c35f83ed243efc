"""The month optimiser as a whole: exhaustive truth on small months, feasibility, bound, repeatability, re-planning."""

from dataclasses import replace
from math import prod

import pytest

from everlit.planning.bound import Bound, month_bound, verify_bound
from everlit.planning.check import alone_cost, check_plan, cost
from everlit.planning.compiled import compile_problem
from everlit.planning.greedy import greedy
from everlit.planning.outages import outages
from everlit.planning.schedule import gap, schedule_month
from everlit.planning.synthetic import synthetic_month
from tests.planning.months import small_month
from tests.planning.test_schedule_exact import PLANS, exhaustive

SEEDS = [
    seed
    for seed in range(1000, 1500)
    if prod(len(options) + 1 for options in compile_problem(small_month(seed)).starts) <= PLANS
][:120]


@pytest.mark.parametrize("seed", SEEDS)
def test_small_months_are_planned_as_well_as_exhaustive_search_does(seed):
    problem = small_month(seed)
    truth, _ = exhaustive(problem, compile_problem(problem))
    plan = schedule_month(problem, seconds=20, seed=seed)
    assert plan.cost == cost(problem, plan.starts)
    assert plan.cost.total == truth
    assert check_plan(problem, plan.starts) == []
    assert plan.bound.value <= plan.cost.served


@pytest.mark.parametrize("seed", range(4))
def test_a_month_is_lawful_better_than_greedy_and_above_its_bound(seed):
    problem = synthetic_month(seed, requests=60)
    plan = schedule_month(problem, seconds=20, seed=1, rounds=1500)
    assert check_plan(problem, plan.starts) == []
    assert plan.cost == cost(problem, plan.starts)
    assert plan.cost.total <= greedy(compile_problem(problem)).cost
    assert plan.bound.value <= plan.cost.served
    assert plan.gap <= 0.05
    assert plan.first_feasible_seconds < 5
    assert plan.savings.as_requested >= plan.savings.merged >= plan.savings.transferred
    served = [job for job, start in enumerate(plan.starts) if start is not None]
    assert plan.savings.as_requested == sum(alone_cost(problem, job) for job in served) / 1000


def test_the_same_seed_and_rounds_give_the_same_plan():
    problem = synthetic_month(9, requests=50)
    plans = [schedule_month(problem, seconds=600, seed=3, rounds=900) for _ in range(2)]
    assert plans[0].starts == plans[1].starts
    assert plans[0].bound == plans[1].bound


def test_a_bound_survives_storage_and_still_holds():
    problem = synthetic_month(2, requests=40)
    plan = schedule_month(problem, seconds=10, seed=1, rounds=300)
    stored = Bound.from_json(plan.as_json(problem)["bound"])
    assert stored.value == plan.bound.value
    again = month_bound(compile_problem(problem), plan.bound.served, seed=77)
    assert again.value <= plan.cost.served


@pytest.mark.parametrize("seed", range(3))
def test_another_solver_proves_the_bound_again(seed):
    problem = synthetic_month(seed, requests=45)
    plan = schedule_month(problem, seconds=10, seed=1, rounds=300)
    stored = Bound.from_json(plan.as_json(problem)["bound"])
    seen = verify_bound(problem, stored)
    assert seen.holds, seen.unconfirmed
    assert seen.value == plan.bound.value
    lifted = replace(stored.clusters[0], bound=stored.clusters[0].bound + 2000)
    assert not verify_bound(problem, replace(stored, clusters=(lifted, *stored.clusters[1:]))).holds
    assert not verify_bound(problem, replace(stored, clusters=stored.clusters[1:])).holds


def test_every_job_is_in_one_outage_and_outages_add_up_when_none_touch():
    problem = synthetic_month(4, requests=80)
    starts = greedy(compile_problem(problem)).starts
    made = outages(problem, starts)
    placed = sorted(job for outage in made for job in outage.jobs)
    assert placed == [job for job, start in enumerate(starts) if start is not None]
    for outage in made:
        alone = [start if job in outage.jobs else None for job, start in enumerate(starts)]
        assert outage.cost >= 0
        assert cost(problem, alone).dark >= 0


def test_nothing_to_do_is_a_plan():
    problem = replace(synthetic_month(1, requests=5), jobs=())
    assert schedule_month(problem, seconds=1).gap == 0


def test_a_gap_is_a_share_of_the_bound():
    assert gap(105, 100) == 0.05
    assert gap(99, 100) == 0.0
    assert gap(1, 0) == float("inf")
