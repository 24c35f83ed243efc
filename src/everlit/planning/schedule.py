"""The month optimiser (月度综合停电优化): all requests at once, least darkness, with a proven gap.

    greedy merge ─► walk ─► bound of what is served ─► days the bound leans to ─► walk from there ─┐
     (feasible         ▲                                                                           │
      at once)         └────────────── again from the best plan, until the gap closes or time is up ┘

A plan serves as many requests as it can (refusals are priced above darkness) and among those plans is the least dark;
the bound is about the requests it serves. Same problem, seed and rounds: same plan; the clock can only end the search
earlier.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from everlit.planning.board import Board
from everlit.planning.bound import Bound, month_bound
from everlit.planning.check import Cost, cost
from everlit.planning.compiled import Compiled, compile_problem
from everlit.planning.greedy import as_requested, best_placement, greedy, heaviest_first, in_order
from everlit.planning.outages import Outage, outages
from everlit.planning.problem import MILLI, MonthProblem
from everlit.planning.search import Starts, ruin_and_recreate

Clock = Callable[[], float]


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
        """Darkness and prices of dates, in customer-hours: what the bound is a bound on."""
        return (self.cost.dark + self.cost.dates) / MILLI

    @property
    def gap(self) -> float:
        """How much of the bound the plan lies above it: 0.01 is one per cent."""
        return gap(self.cost.dark + self.cost.dates, self.bound.value)

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
            "savings": self.savings.as_json(),
            "bound": self.bound.as_json(),
            "gap": self.gap,
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
        self.deadline = self.began + seconds
        self.rounds, self.first_feasible = 0, 0.0
        self.best: Starts = ()
        self.best_cost = 0
        self.bound: Bound | None = None
        self.history: list[tuple[float, int]] = []

    # ------------------------------------------------------------------------------------------ phases
    def begin(self, warm: Sequence[int | None] | None) -> None:
        """The greedy merge, or the earlier plan completed by it, whichever is better."""
        board = greedy(self.compiled)
        self.first_feasible = self.clock() - self.began
        self._keep(board)
        if warm is not None:
            self._keep(self._complete(warm))

    def run(self) -> None:
        """Walk, bound, lean on the bound's days, and again."""
        size = max(1, len(self.problem.jobs))
        board = Board(self.compiled, self.best)
        self._walk(board, rounds=min(10 * size, 4000), heat=0.05)
        self._prove()
        if not self.done():
            self._keep(self._lean())
        heat, lap = 0.05, 0
        while not self.done():
            board = Board(self.compiled, self.best)
            before = self.best_cost
            self._walk(board, rounds=min(20 * size, 6000), heat=heat)
            if self.best_cost < before:
                self._prove()
            lap += 1
            heat = (0.1, 0.02, 0.05)[lap % 3]

    def done(self) -> bool:
        """Time is up, rounds are up, or the gap is small enough."""
        if self.clock() >= self.deadline or self.rounds_left <= 0:
            return True
        return self.bound is not None and self._covers() and gap(self._darkness(), self.bound.value) <= self.enough

    def plan(self) -> MonthPlan:
        """The best plan with everything that is said about it."""
        self._keep(self._complete(self.best))
        if self.bound is None or not self._covers():
            self._prove()
        assert self.bound is not None
        problem, starts = self.problem, self.best
        paid = cost(problem, starts)
        merged = cost(problem, starts, transfers=False).dark / MILLI
        served = [job for job, start in enumerate(starts) if start is not None]
        asked = as_requested(problem, jobs=served) / MILLI
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
    def _walk(self, board: Board, *, rounds: int, heat: float) -> None:
        rounds = min(rounds, self.rounds_left)
        walk = ruin_and_recreate(
            board, rng=self.rng, rounds=rounds, heat=heat, until=lambda: self.clock() >= self.deadline
        )
        self.rounds += walk.rounds
        self.rounds_left -= max(1, walk.rounds)
        self._keep(board)

    def _keep(self, board: Board) -> None:
        if not self.best or board.cost < self.best_cost:
            self.best, self.best_cost = tuple(board.starts), board.cost
            self.history.append((round(self.clock() - self.began, 3), board.cost))

    def _prove(self) -> None:
        served = [job for job, start in enumerate(self.best) if start is not None]
        if self.bound is None or tuple(served) != self.bound.served:
            self.bound = month_bound(self.compiled, served, seed=self.seed, workers=self.workers, before=self.bound)

    def _lean(self) -> Board:
        """A plan on the days the bound's clusters chose; what does not fit there goes where it is cheapest."""
        assert self.bound is not None
        days = {job: day for cluster in self.bound.clusters for job, day in cluster.days.items() if day is not None}
        slots = self.problem.horizon.slots_per_day
        leaning = replace(
            self.compiled,
            starts=tuple(
                tuple(start for start in starts if job not in days or start // slots == days[job])
                for job, starts in enumerate(self.compiled.starts)
            ),
        )
        return self._complete(greedy(leaning).starts)

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
        served = tuple(job for job, start in enumerate(self.best) if start is not None)
        return self.bound is not None and self.bound.served == served

    def _darkness(self) -> int:
        refusals = sum(j.refusal_price for j, s in zip(self.problem.jobs, self.best, strict=True) if s is None)
        return self.best_cost - refusals
