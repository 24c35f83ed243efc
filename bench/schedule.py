"""A month of 300 and of 1,000 fictional requests: how far the plan can be from the best, and how soon there is one.

All are measured on the same month against the same proven bound: the plan, a sensible greedy merge (our first feasible
plan), every request alone on the day it asked for, and one monolithic CP-SAT model given the same time and cores.
"""

from collections.abc import Iterator
from functools import cache

from bench.harness import Measurement, benchmark, measured
from everlit.planning.check import check_plan, cost
from everlit.planning.compiled import compile_problem
from everlit.planning.exact import solve_exact
from everlit.planning.greedy import as_requested, greedy
from everlit.planning.problem import MonthProblem
from everlit.planning.schedule import MonthPlan, schedule_month
from everlit.planning.synthetic import synthetic_month

SEED = 7
SECONDS = {300: 60.0, 1000: 120.0}
CORES = 2


@cache
def month(requests: int) -> MonthProblem:
    return synthetic_month(SEED, requests=requests)


@cache
def plan(requests: int) -> MonthPlan:
    made = schedule_month(month(requests), seconds=SECONDS[requests], seed=1, workers=CORES)
    assert check_plan(month(requests), made.starts) == []
    return made


@cache
def monolithic(requests: int) -> tuple[float | None, int]:
    """Its plan in milli customer-hours with refusals priced, and how many it refuses; None when it found none in time."""
    compiled = compile_problem(month(requests))
    answer = solve_exact(
        compiled,
        dict(enumerate(compiled.starts)),
        effort=1e9,
        workers=CORES,
        seconds=SECONDS[requests],
    )
    if answer.starts is None:
        return None, 0
    starts = [answer.starts[job] for job in range(len(compiled.starts))]
    return cost(month(requests), starts).total, starts.count(None)


def figures(requests: int) -> Iterator[Measurement]:
    made, problem = plan(requests), month(requests)
    name = f"schedule.month_{requests}"
    board = greedy(compile_problem(problem))
    served = [job for job, start in enumerate(made.starts) if start is not None]
    yield measured(f"{name}.first_feasible", made.first_feasible_seconds, "s", at_most=5)
    yield measured(f"{name}.gap", 100 * made.gap, "%", at_most=5)
    yield measured(f"{name}.seconds", made.seconds, "s", at_most=1.1 * SECONDS[requests])
    asked = as_requested(problem, jobs=served) / 1000
    yield measured(
        f"{name}.customer_hours", made.customer_hours, "h", peer="as requested", peer_value=asked, of_peer_at_most=1
    )
    ours = made.cost.total / 1000
    yield measured(f"{name}.cost", ours, "h", peer="greedy merge", peer_value=board.cost / 1000, of_peer_at_most=1)
    refused = float(board.starts.count(None))
    yield measured(f"{name}.refused", len(made.refused), "requests", peer="greedy merge", peer_value=refused)
    peer, peer_refused = monolithic(requests)
    worst = sum(job.refusal_price for job in problem.jobs)
    yield measured(
        f"{name}.cost_monolithic",
        ours,
        "h",
        peer="monolithic CP-SAT" if peer is not None else "monolithic CP-SAT (no plan in time)",
        peer_value=(peer if peer is not None else worst) / 1000,
        of_peer_at_most=1,
    )
    yield measured(
        f"{name}.refused_monolithic",
        len(made.refused),
        "requests",
        peer="monolithic CP-SAT",
        peer_value=float(peer_refused if peer is not None else len(problem.jobs)),
    )


@benchmark("schedule.month_300")
def month_300() -> Iterator[Measurement]:
    """A month of 300 fictional requests in 60 s."""
    yield from figures(300)


@benchmark("schedule.month_1000")
def month_1000() -> Iterator[Measurement]:
    """A month of 1,000 fictional requests in 120 s."""
    yield from figures(1000)
