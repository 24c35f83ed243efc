"""Conflicts can spare no rule, alternatives cost what the judge says, and a move changes nothing but what it shows."""

from dataclasses import replace
from time import perf_counter

import pytest

from everlit.planning.board import Board
from everlit.planning.check import check_plan, cost
from everlit.planning.compiled import compile_problem
from everlit.planning.greedy import greedy
from everlit.planning.move import Desk, move
from everlit.planning.objections import objections
from everlit.planning.reasons import conflicts, reasons
from everlit.planning.schedule import schedule_month
from everlit.planning.synthetic import synthetic_month
from tests.planning.months import small_month


def judged_rules(problem, compiled, starts):
    """(kind, subject) of the judge's findings, named as objections name them."""
    first = {
        problem.sections[section].section_id: problem.sections[block.sections[0]].section_id
        for block in compiled.blocks
        for section in block.sections
    }
    dates = {"schedule.horizon", "schedule.notice", "schedule.period", "schedule.window", "schedule.rest_day"}
    rules = set()
    for finding in check_plan(problem, starts):
        if finding.kind in dates:
            rules.add((finding.kind, ""))
        elif finding.kind == "schedule.forbidden":
            rules.add((finding.kind, finding.evidence["rule"]))
        else:
            rules.add((finding.kind, first.get(finding.subject, finding.subject)))
    return rules


@pytest.mark.parametrize("seed", range(150))
def test_objections_are_the_findings_of_the_judge(seed):
    problem = small_month(seed, jobs=6)
    compiled = compile_problem(problem)
    board = greedy(compiled)
    for job in range(len(problem.jobs)):
        old = board.starts[job]
        if old is not None:
            board.lift(job)
        if not any(board.starts[later] is not None for later in compiled.successors[job]):
            for start in range(0, problem.horizon.days * problem.horizon.slots_per_day, 2):
                tried = [*board.starts[:job], start, *board.starts[job + 1 :]]
                ours = {objection.rule for objection in objections(board, job, start)}
                theirs = judged_rules(problem, compiled, tried)
                if ("schedule.horizon", "") in theirs:
                    assert ("schedule.horizon", "") in ours
                    continue
                ours = {("schedule.precedence", "") if kind == "schedule.precedence" else (kind, s) for kind, s in ours}
                theirs = {("schedule.precedence", "") if k == "schedule.precedence" else (k, s) for k, s in theirs}
                assert ours == theirs
        if old is not None:
            board.place(board.priced(job, old))


@pytest.mark.parametrize("seed", range(250))
def test_a_conflict_forbids_every_start_and_can_spare_no_rule(seed):
    problem = small_month(seed, jobs=6)
    compiled = compile_problem(problem)
    board = greedy(compiled)
    for conflict in conflicts(problem, board.starts):
        job, duration = conflict.job, problem.jobs[conflict.job].duration
        slots = problem.horizon.slots_per_day
        basis = [None] * len(problem.jobs) if conflict.alone else list(board.starts)
        broken = []
        for start in range(problem.horizon.days * slots):
            if start % slots + duration <= slots:
                rules = judged_rules(problem, compiled, [*basis[:job], start, *basis[job + 1 :]])
                kept = {r for r in rules if not (conflict.alone and r[0] == "schedule.precedence")}
                broken.append({("schedule.precedence", "") if r[0] == "schedule.precedence" else r for r in kept})
        chosen = {r.rule if r.kind != "schedule.precedence" else (r.kind, "") for r in conflict.rules}
        assert all(rules & chosen for rules in broken), "it forbids every start"
        for rule in chosen:
            assert any(not rules & (chosen - {rule}) for rules in broken), f"{rule} is needed"
        assert conflict.rules, conflict
        assert problem.jobs[job].job_id in conflict.message.en


@pytest.mark.parametrize("seed", range(60))
def test_alternatives_cost_what_the_judge_says(seed):
    problem = small_month(seed, jobs=6)
    compiled = compile_problem(problem)
    board = greedy(compiled)
    here = cost(problem, board.starts).total
    for reason in reasons(problem, board.starts):
        assert board.starts[reason.job] == reason.start
        for other in reason.alternatives:
            tried = [*board.starts[: reason.job], other.start, *board.starts[reason.job + 1 :]]
            if not other.forbidden:
                assert check_plan(problem, tried) == []
            if all(rule.kind != "schedule.horizon" for rule in other.forbidden):
                assert cost(problem, tried).total - here == other.more
        assert {rule for other in reason.alternatives if other.more < 0 for rule in other.forbidden} == set(
            reason.binding
        )


@pytest.mark.parametrize("seed", range(60))
def test_a_move_shows_the_plan_it_would_make(seed):
    problem = small_month(seed, jobs=6)
    board = greedy(compile_problem(problem))
    desk = Desk(problem, tuple(board.starts))
    for job in range(len(problem.jobs)):
        for start in [None, *range(0, problem.horizon.days * problem.horizon.slots_per_day, 5)]:
            seen = desk.move(job, start)
            assert desk.board.starts == board.starts
            assert desk.board.cost == seen.before.cost == cost(problem, board.starts).total
            tried = [*board.starts[:job], start, *board.starts[job + 1 :]]
            if all(finding.kind != "schedule.horizon" for finding in seen.findings):
                assert seen.after.cost == cost(problem, tried).total
            if start is not None:
                assert bool(seen.findings) == bool(check_plan(problem, tried))
                assert all(problem.jobs[job].job_id in finding.message.zh for finding in seen.findings)


def test_a_drag_is_answered_at_once():
    problem = synthetic_month(3, requests=300)
    plan = schedule_month(problem, seconds=3, seed=1, rounds=300)
    job = next(job for job, start in enumerate(plan.starts) if start is not None)
    move(problem, plan, job, plan.starts[job])
    began = perf_counter()
    for day in range(20):
        move(problem, plan, job, day * 48 + 4)
    assert (perf_counter() - began) / 20 < 0.1


def test_a_published_date_stays_unless_moving_pays():
    problem = synthetic_month(5, requests=60)
    first = schedule_month(problem, seconds=10, seed=1, rounds=1500)
    published = tuple(
        replace(job, published=start, moved_price=60_000) for job, start in zip(problem.jobs, first.starts, strict=True)
    )
    extra = replace(published[0], job_id="extra", published=None, moved_price=0, after=())
    again = replace(problem, jobs=(*published, extra))
    second = schedule_month(again, seconds=10, seed=2, rounds=1500, warm=[*first.starts, None])
    assert check_plan(again, second.starts) == []
    moved = sum(a != b for a, b in zip(first.starts, second.starts[:-1], strict=True))
    assert moved <= 1, "sixty customer-hours buy a published date off only for good reason"


def test_a_board_without_jobs_is_no_trouble():
    problem = replace(synthetic_month(1, requests=4), jobs=())
    plan = schedule_month(problem, seconds=1)
    assert plan.starts == ()
    assert plan.gap == 0
    assert Board(compile_problem(problem)).cost == 0
