"""The month optimiser (月度综合停电优化): all requests at once, least darkness, with a proven gap.

    greedy merge ─► days of the day model ─► walk ─► mend cluster by cluster ─┐      beside them: the bound
     (feasible                                ▲                               │      of what is served
      at once)                                └── again, until the gap closes ┘

A plan serves as many requests as it can (refusals are priced above darkness) and among those plans is the least dark;
the bound is about the requests it serves. Same problem, seed and rounds: same plan; the clock can only end the search
earlier.
"""

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from everlit.planning.board import Board
from everlit.planning.bound import Bound, month_bound
from everlit.planning.check import Cost, budgets_used, cost
from everlit.planning.compiled import Compiled, compile_problem
from everlit.planning.daymodel import ClusterBound, bound_cluster
from everlit.planning.exact import solve_exact
from everlit.planning.greedy import (
    as_requested,
    best_placement,
    cheapest,
    greedy,
    heaviest_first,
    in_order,
    worthwhile_starts,
)
from everlit.planning.outages import Outage, outages
from everlit.planning.problem import MILLI, MonthProblem
from everlit.planning.relaxation import Relaxation, dearer, relax
from everlit.planning.search import Starts, ruin_and_recreate

Clock = Callable[[], float]
SMALL = 600
"""Starts of all jobs together up to which a month is also solved exactly."""


@dataclass(frozen=True, slots=True)
class Savings:
    """Customer-hours: every request alone → merged as planned but nobody transferred → as planned."""

    as_requested: float
    merged: float
    transferred: float

    def as_json(self) -> dict[str, float]:
        """The three figures of the savings view."""
        return {"as_requested": self.as_requested, "merged": self.merged, "transferred": self.transferred}


@dataclass(frozen=True, slots=True)
class MonthPlan:
    """A plan, what it costs, how far it can be from the best, and how long it took.

    `customer_hours` is the darkness, `objective` adds the prices of dates; `gap` compares the objective with the bound.
    """

    problem_fingerprint: str
    starts: Starts
    cost: Cost
    outages: tuple[Outage, ...]
    savings: Savings
    bound: Bound
    first_feasible_seconds: float
    seconds: float
    rounds: int
    seed: int
    history: tuple[tuple[float, int], ...] = field(default=())

    @property
    def refused(self) -> tuple[int, ...]:
        """Jobs without a date."""
        return tuple(job for job, start in enumerate(self.starts) if start is None)

    @property
    def customer_hours(self) -> float:
        """Darkness in customer-hours (时户)."""
        return self.cost.customer_hours

    @property
    def objective(self) -> float:
        """Darkness with the prices of dates and of hours over budgets, in customer-hours: what the bound is a bound on."""
        return self.cost.served / MILLI

    @property
    def gap(self) -> float:
        """How much of the bound the plan lies above it: 0.01 is one per cent."""
        return gap(self.cost.served, self.bound.value)

    def as_json(self, problem: MonthProblem) -> dict[str, Any]:
        """With ids and local times; what is stored and shown."""
        return {
            "problem": self.problem_fingerprint,
            "starts": {
                job.job_id: None if start is None else problem.horizon.instant(start).isoformat()
                for job, start in zip(problem.jobs, self.starts, strict=True)
            },
            "refused": [problem.jobs[job].job_id for job in self.refused],
            "outages": [outage.as_json(problem) for outage in self.outages],
            "customer_hours": self.customer_hours,
            "objective": self.objective,
            "over_budget": [
                {"unit": unit, "planned_h": spent / MILLI, "left_h": limit / MILLI, "over_h": (spent - limit) / MILLI}
                for unit, (spent, limit) in budgets_used(problem, self.starts).items()
                if spent > limit
            ],
            "savings": self.savings.as_json(),
            "bound": self.bound.as_json(),
            "gap": self.gap if isfinite(self.gap) else None,
            "first_feasible_seconds": round(self.first_feasible_seconds, 3),
            "seconds": round(self.seconds, 3),
            "rounds": self.rounds,
            "seed": self.seed,
        }


def gap(value: int, bound: int) -> float:
    """(value - bound) / bound; nothing above nothing is no gap.

    >>> gap(105, 100), gap(0, 0)
    (0.05, 0.0)
    """
    return 0.0 if value <= bound else (value - bound) / bound if bound > 0 else float("inf")


def schedule_month(
    problem: MonthProblem,
    *,
    seconds: float,
    seed: int = 0,
    workers: int = 2,
    warm: Sequence[int | None] | None = None,
    enough: float = 0.002,
    rounds: int = 400_000,
    clock: Clock = time.monotonic,
) -> MonthPlan:
    """Plan the month within `seconds`; stops earlier when the gap is at most `enough` or after `rounds` rounds.

    `warm`: starts of an earlier plan to begin from; published dates are kept by their prices, not by this.
    """
    search = _Search(compile_problem(problem), seed, workers, seconds, enough, rounds, clock)
    search.begin(warm)
    search.run()
    return search.plan()


class _Search:
    """The state of one search: the best plan so far, its bound, the clock."""

    def __init__(
        self, compiled: Compiled, seed: int, workers: int, seconds: float, enough: float, rounds: int, clock: Clock
    ) -> None:
        self.compiled, self.problem = compiled, compiled.problem
        self.seed, self.workers, self.enough, self.rounds_left = seed, workers, enough, rounds
        self.rng, self.clock, self.began = random.Random(seed), clock, clock()
        self.seconds = seconds
        self.deadline = self.began + 0.88 * seconds
        self.effort = 4.0
        self.rounds, self.first_feasible = 0, 0.0
        self.best: Starts = ()
        self.best_cost = 0
        self.bound: Bound | None = None
        self.history: list[tuple[float, int]] = []
        self._relaxed: Relaxation | None = None
        self.budget_prices: dict[str, int] = {}

    # ------------------------------------------------------------------------------------------ phases
    def begin(self, warm: Sequence[int | None] | None) -> None:
        """The greedy merge, or the earlier plan completed by it, whichever is better."""
        board = greedy(self.compiled)
        self.first_feasible = self.clock() - self.began
        self._keep(board)
        if warm is not None:
            self._keep(self._complete(warm))

    def run(self) -> None:
        """Lean on the day model, walk, prove, mend cluster by cluster, and again."""
        if self._solve_small():
            return
        size = max(1, len(self.problem.jobs))
        self._walk(Board(self.compiled, self.best), rounds=min(2 * size, 600), heat=0.05, share=0.1)
        if not self.done():
            self._lean()
        lap = 0
        with ThreadPoolExecutor(max_workers=1) as aside:
            while not self.done():
                proof = aside.submit(self._prove, list(self._served()), self._lap_seconds())
                self._walk(
                    Board(self.compiled, self.best),
                    rounds=min(10 * size, 3000),
                    heat=(0.05, 0.02, 0.1)[lap % 3],
                    share=0.2,
                )
                self._mend(share=0.5)
                proof.result()
                lap += 1

    def _solve_small(self) -> bool:
        """A month small enough is solved slot by slot; True when that proved the best plan."""
        if sum(map(len, self.compiled.starts)) > SMALL:
            return False
        answer = solve_exact(
            self.compiled,
            dict(enumerate(self.compiled.starts)),
            hint=dict(enumerate(self.best)),
            seed=self.seed,
            effort=20.0,
            seconds=self._left(),
        )
        if answer.starts is not None:
            self._keep(Board(self.compiled, [answer.starts[job] for job in range(len(self.problem.jobs))]))
        return answer.closed

    def done(self) -> bool:
        """Time is up, rounds are up, or the gap is small enough."""
        if self.clock() >= self.deadline or self.rounds_left <= 0:
            return True
        return self.bound is not None and self._covers() and gap(self._darkness(), self.bound.value) <= self.enough

    def plan(self) -> MonthPlan:
        """The best plan with everything that is said about it."""
        self._keep(self._complete(self.best))
        if not self._covers():
            self._prove(self._served(), max(0.12 * self.seconds, self._left()))
        assert self.bound is not None
        problem, starts = self.problem, self.best
        paid = cost(problem, starts)
        merged = cost(problem, starts, transfers=False).dark / MILLI
        asked = as_requested(problem, jobs=self._served()) / MILLI
        return MonthPlan(
            problem_fingerprint=problem.fingerprint,
            starts=starts,
            cost=paid,
            outages=outages(problem, starts),
            savings=Savings(asked, merged, paid.customer_hours),
            bound=self.bound,
            first_feasible_seconds=self.first_feasible,
            seconds=self.clock() - self.began,
            rounds=self.rounds,
            seed=self.seed,
            history=tuple(self.history),
        )

    # ------------------------------------------------------------------------------------------ steps
    def _walk(self, board: Board, *, rounds: int, heat: float, share: float) -> None:
        """Walk from the board, for at most this share of the time left."""
        rounds, until = min(rounds, self.rounds_left), self.clock() + share * self._left()
        walk = ruin_and_recreate(board, rng=self.rng, rounds=rounds, heat=heat, until=lambda: self.clock() >= until)
        self.rounds += walk.rounds
        self.rounds_left -= max(1, walk.rounds)
        self._keep(board)

    def _left(self) -> float:
        return max(0.0, self.deadline - self.clock())

    def _keep(self, board: Board) -> None:
        if not self.best or board.cost < self.best_cost:
            self.best, self.best_cost = tuple(board.starts), board.cost
            self.history.append((round(self.clock() - self.began, 3), board.cost))

    def _served(self) -> list[int]:
        return [job for job, start in enumerate(self.best) if start is not None]

    def _lap_seconds(self) -> float:
        return max(0.1 * self.seconds, 0.5 * self._left())

    def _prove(self, served: Sequence[int], seconds: float) -> None:
        """The bound for plans that serve these jobs, harder each time; it runs beside the walk and reads nothing of it."""
        before = self.bound
        if before is not None and before.served == tuple(served):
            if all(cluster.closed for cluster in before.clusters):
                return
            self.effort *= 2
        whole = self._relaxation()
        self.bound = month_bound(
            self.compiled,
            served,
            seed=self.seed,
            effort=self.effort,
            seconds=seconds,
            workers=max(1, self.workers - 1),
            before=before,
            whole=whole,
            budget_prices=self.budget_prices,
        )

    def _lean(self) -> None:
        """A plan on the days the day model chooses cluster by cluster; the rest goes where it is cheapest."""
        relaxation = self._relaxation()
        until = self.clock() + 0.35 * self._left()

        def solve(jobs: tuple[int, ...]) -> ClusterBound:
            left = max(0.1, until - self.clock())
            return bound_cluster(relaxation, jobs, seed=self.seed, effort=4.0, seconds=left)

        with ThreadPoolExecutor(max_workers=self.workers) as pool:
            answers = list(pool.map(solve, sorted(relaxation.clusters, key=len)))
        days = {job: day for answer in answers for job, day in answer.days.items()}
        board = Board(self.compiled)
        for job in in_order(self.compiled, heaviest_first(self.compiled)):
            self._place_on(board, job, days.get(job))
        self._keep(self._complete(board.starts))

    def _mend(self, *, share: float) -> None:
        """Cluster by cluster: the best days for its jobs with the crews the others leave, kept where the plan gains."""
        until = self.clock() + share * self._left()
        relaxation = self._relaxation()
        worst = [jobs for jobs in relaxation.clusters if len(jobs) > 1]
        self.rng.shuffle(worst)
        for jobs in sorted(worst, key=lambda jobs: -sum(self.best[job] is None for job in jobs)):
            if self.clock() >= until:
                return
            self._mend_cluster(relaxation, jobs, min(until - self.clock(), 0.2 * share * self._left() + 0.5))

    def _mend_cluster(self, relaxation: Relaxation, jobs: tuple[int, ...], seconds: float) -> None:
        board, slots = Board(self.compiled, self.best), self.problem.horizon.slots_per_day
        before = {job: None if (start := self.best[job]) is None else start // slots for job in jobs}
        for job in jobs:
            if board.starts[job] is not None:
                board.lift(job)
        answer = bound_cluster(
            relaxation,
            jobs,
            seed=self.rng.randrange(1 << 30),
            effort=2.0,
            seconds=max(0.1, seconds),
            crews=board.crews,
            hint=before,
        )
        if not answer.days or answer.days == before:
            return
        for job in in_order(self.compiled, sorted(jobs, key=lambda job: -self.compiled.weight[job])):
            self._place_on(board, job, answer.days.get(job))
        board = self._complete(board.starts)
        ruin_and_recreate(board, rng=self.rng, rounds=40, pool=jobs, heat=0.01)
        self._keep(board)

    def _place_on(self, board: Board, job: int, day: int | None) -> None:
        """Place a job at its best start of one day, when it has one."""
        slots = self.problem.horizon.slots_per_day
        options = (start for start in worthwhile_starts(board, job) if day is not None and start // slots == day)
        best = cheapest(board, job, options)
        if best is not None:
            board.place(best)

    def _relaxation(self) -> Relaxation:
        if self._relaxed is None:
            over = self.problem.prices.over_budget
            used = budgets_used(self.problem, self.best) if over else {}
            self.budget_prices = {unit: over for unit, (spent, limit) in used.items() if spent > limit}
            self._relaxed = relax(dearer(self.compiled, self.budget_prices))
        return self._relaxed

    def _complete(self, starts: Sequence[int | None]) -> Board:
        """The given starts as far as the rules allow, the rest placed greedily."""
        board = Board(self.compiled)
        order = in_order(self.compiled, heaviest_first(self.compiled))
        for job in order:
            start = starts[job]
            placement = board.weigh(job, start) if start is not None and start in self.compiled.starts[job] else None
            if placement is not None:
                board.place(placement)
        for job in order:
            if board.starts[job] is None:
                best = best_placement(board, job)
                if best is not None:
                    board.place(best)
        return board

    def _covers(self) -> bool:
        return self.bound is not None and self.bound.served == tuple(self._served())

    def _darkness(self) -> int:
        refusals = sum(j.refusal_price for j, s in zip(self.problem.jobs, self.best, strict=True) if s is None)
        return self.best_cost - refusals
