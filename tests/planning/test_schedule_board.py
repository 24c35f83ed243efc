"""The fast evaluator answers as the judge does, and the greedy plan keeps every rule."""

import random
from datetime import date

import pytest

from everlit.planning.board import Board
from everlit.planning.check import check_plan, cost, date_findings
from everlit.planning.compiled import compile_problem
from everlit.planning.greedy import as_requested, best_placement, greedy
from everlit.planning.problem import Horizon, Job, MonthProblem, Section, Transfer, Zone
from tests.planning.months import small_month


def test_the_worked_example_of_three_jobs_on_one_zone():
    """Domain 3.3: 1,164 customer-hours asked for, 588 merged into 7 hours, 254.7 with 50 of 84 transferred."""
    horizon = Horizon(date(2026, 6, 1), 1)
    sections = (Section("kept", units=34), Section("moved", units=26), Section("moved too", units=24))
    tie = Transfer("tie", restores=(1, 2))

    def month(hours):
        zones = (Zone("all", (0, 1, 2)), Zone("most", (0, 1)), Zone("moved", (0,), (1, 2), (tie,)))
        jobs = tuple(Job(f"j{at}", zone, int(2 * h), 0, 0, (0, 24)) for at, (zone, h) in enumerate(hours))
        return MonthProblem(horizon, sections, zones, jobs)

    assert as_requested(month([(0, 6), (0, 5), (1, 4)])) == 1_164_000
    assert cost(month([(0, 7), (0, 5), (1, 4)]), [0, 2, 4]).dark == 588_000
    assert cost(month([(2, 7), (2, 5), (2, 4)]), [0, 2, 4]).customer_hours == pytest.approx(254.667, abs=0.001)


@pytest.mark.parametrize("seed", range(120))
def test_the_board_prices_as_the_judge_does_while_jobs_come_and_go(seed):
    problem = small_month(seed, jobs=7)
    compiled = compile_problem(problem)
    board, rng = Board(compiled), random.Random(seed)
    for _ in range(40):
        job = rng.randrange(len(problem.jobs))
        if board.starts[job] is not None:
            board.lift(job)
        elif compiled.starts[job]:
            board.place(board.priced(job, rng.choice(compiled.starts[job])))
        assert board.cost == cost(problem, board.starts).total


@pytest.mark.parametrize("seed", range(200))
def test_the_board_allows_exactly_what_the_judge_allows(seed):
    problem = small_month(seed, jobs=6)
    compiled = compile_problem(problem)
    board = Board(compiled)
    for job in range(len(problem.jobs)):
        for start in compiled.starts[job]:
            tried = [*board.starts[:job], start, *board.starts[job + 1 :]]
            placement = board.weigh(job, start)
            assert (placement is None) == bool(check_plan(problem, tried)), (job, start)
        best = best_placement(board, job)
        if best is not None:
            board.place(best)


@pytest.mark.parametrize("seed", range(60))
def test_possible_starts_are_those_without_findings(seed):
    problem = small_month(seed)
    compiled = compile_problem(problem)
    everything = range(-3, problem.horizon.days * problem.horizon.slots_per_day + 3)
    for job in range(len(problem.jobs)):
        allowed = [start for start in everything if not list(date_findings(problem, job, start))]
        assert list(compiled.starts[job]) == allowed


@pytest.mark.parametrize("seed", range(200))
def test_the_greedy_plan_keeps_every_rule(seed):
    problem = small_month(seed, jobs=8, days=4)
    board = greedy(compile_problem(problem))
    assert check_plan(problem, board.starts) == []
    assert board.cost == cost(problem, board.starts).total


@pytest.mark.parametrize("seed", range(20))
def test_a_problem_survives_json(seed):
    problem = small_month(seed)
    again = MonthProblem.from_json(problem.as_json())
    assert again == problem
    assert again.fingerprint == problem.fingerprint
