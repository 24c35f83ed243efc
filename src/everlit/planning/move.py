"""Move one request on the board and see what happens before saving it (拖动改期): costs, conflicts, broken rules.

Nothing is planned anew: every other job stays. A `Desk` holds a compiled month and its plan, so that a drag is answered
in milliseconds; `move` keeps the last few desks.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from everlit.kernel import Finding
from everlit.planning.board import Board
from everlit.planning.compiled import compile_problem
from everlit.planning.objections import Objection, objections
from everlit.planning.problem import MILLI, MonthProblem
from everlit.planning.schedule import MonthPlan
from everlit.planning.search import Starts


@dataclass(frozen=True, slots=True)
class Position:
    """The plan with the job at one place: its total price, and the jobs whose outage it then shares."""

    start: int | None
    cost: int
    beside: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Consequences:
    """What a move changes; it may be saved when `findings` is empty."""

    job: int
    before: Position
    after: Position
    conflicts: tuple[Objection, ...]
    findings: tuple[Finding, ...]

    @property
    def more(self) -> int:
        """What the plan costs more after the move, in milli customer-hours."""
        return self.after.cost - self.before.cost

    def as_json(self, problem: MonthProblem) -> dict[str, Any]:
        """With ids, local times and customer-hours."""

        def shown(position: Position) -> dict[str, Any]:
            start = position.start
            return {
                "start": None if start is None else problem.horizon.instant(start).isoformat(),
                "cost_customer_hours": position.cost / MILLI,
                "beside": [problem.jobs[job].job_id for job in position.beside],
            }

        return {
            "job": problem.jobs[self.job].job_id,
            "before": shown(self.before),
            "after": shown(self.after),
            "more_customer_hours": self.more / MILLI,
            "conflicts": [
                {
                    "kind": rule.kind,
                    "subject": rule.subject,
                    "jobs": [problem.jobs[job].job_id for job in rule.jobs],
                }
                for rule in self.conflicts
            ],
            "findings": [finding.as_json() for finding in self.findings],
        }


class Desk:
    """A plan laid out for trying moves; it is the same before and after each of them."""

    def __init__(self, problem: MonthProblem, starts: Starts) -> None:
        self.board = Board(compile_problem(problem), starts)

    def move(self, job: int, start: int | None) -> Consequences:
        """What happens when `job` goes to `start`, or off the plan."""
        board, old = self.board, self.board.starts[job]
        before = Position(old, board.cost, self._beside(job))
        if old is not None:
            board.lift(job)
        against = [] if start is None else objections(board, job, start)
        horizon = any(rule.kind == "schedule.horizon" for rule in against)
        if start is None or horizon:
            after = Position(None, board.cost, ())
        else:
            board.place(board.priced(job, start))
            after = Position(start, board.cost, self._beside(job))
            board.lift(job)
        findings = tuple(rule.finding(board, job) for rule in against)
        if old is not None:
            board.place(board.priced(job, old))
        return Consequences(job, before, after, tuple(against), findings)

    def _beside(self, job: int) -> tuple[int, ...]:
        """The jobs that overlap or touch this one in time and share a block with it."""
        board, tasks = self.board, self.board.compiled.problem.jobs
        start = board.starts[job]
        if start is None:
            return ()
        mine, end, slot = board.blocks_of([job]), start + tasks[job].duration, start // board.slots * board.slots
        return tuple(
            sorted(
                other
                for other, at in board.days[start // board.slots].items()
                if other != job
                and slot + at <= end
                and start <= slot + at + tasks[other].duration
                and not mine.isdisjoint(board.blocks_of([other]))
            )
        )


@lru_cache(maxsize=4)
def desk_of(problem: MonthProblem, starts: Starts) -> Desk:
    """The desk of a plan, kept while it is being worked at."""
    return Desk(problem, starts)


def move(problem: MonthProblem, plan: MonthPlan, job: int, start: int | None) -> Consequences:
    """What happens when one job of the plan goes to another start (None: off the plan)."""
    return desk_of(problem, tuple(plan.starts)).move(job, start)
