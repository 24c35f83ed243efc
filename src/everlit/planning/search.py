"""Ruin and recreate: lift some related jobs off the board, put them back in another order, keep what is better.

Related means that the outages could share darkness or block each other, or that they use the same crews around the
same days: only such jobs can make room for one another. Simulated annealing decides what is kept, so the walk leaves
poor valleys early and settles late. It is a function of its seed and its number of rounds; a clock can only cut it
short.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, log

from everlit.planning.board import Board, Placement
from everlit.planning.compiled import Compiled
from everlit.planning.greedy import in_order, worthwhile_starts

Starts = tuple[int | None, ...]
BLINK = 0.04


@dataclass(frozen=True, slots=True)
class Walk:
    """The best plan of a walk, its price, and how many rounds were walked."""

    starts: Starts
    cost: int
    rounds: int


def ruin_and_recreate(
    board: Board,
    *,
    rng: random.Random,
    rounds: int,
    until: Callable[[], bool] = lambda: False,
    pool: Sequence[int] | None = None,
    heat: float = 0.02,
) -> Walk:
    """Walk `rounds` rounds from the plan on the board, which ends at the best plan found; jobs of `pool` may move.

    `heat`: the temperature at the start, as a share of the mean darkness of a job.
    """
    compiled = board.compiled
    movable = [job for job in (range(len(compiled.starts)) if pool is None else pool) if compiled.starts[job]]
    best, best_cost = tuple(board.starts), board.cost
    if not movable:
        return Walk(best, best_cost, 0)
    refusals = sum(
        j.refusal_price for j, start in zip(compiled.problem.jobs, board.starts, strict=True) if start is None
    )
    first = max(1.0, heat * (board.cost - refusals) / len(movable))
    walked = 0
    for walked in range(1, rounds + 1):
        if walked % 16 == 0 and until():
            break
        heat_now = first * exp(-log(1000.0) * walked / rounds)
        before_cost = board.cost
        lifted = _ruin(board, rng, movable)
        before = {job: board.starts[job] for job in lifted}
        _lift(board, lifted)
        _recreate(board, rng, lifted)
        if board.cost - before_cost > -heat_now * log(max(rng.random(), 1e-12)):
            _put_back(board, before)
        elif board.cost < best_cost:
            best, best_cost = tuple(board.starts), board.cost
    _put_back(board, {job: start for job, start in enumerate(best) if start != board.starts[job]})
    return Walk(best, best_cost, walked)


def _ruin(board: Board, rng: random.Random, movable: Sequence[int]) -> list[int]:
    """A seed job, most of its touching jobs, and some that share its day and crew; with all their successors."""
    compiled = board.compiled
    refused = [job for job in movable if board.starts[job] is None]
    seed = rng.choice(refused) if refused and rng.random() < 0.3 else rng.choice(movable)
    wanted = rng.randint(2, 12)
    circle = [job for job in board.compiled.related[seed][1:] if compiled.starts[job]]
    rng.shuffle(circle)
    chosen = [seed, *circle[: wanted - 1]]
    if rng.random() < 0.5 or len(chosen) < 3:
        start = board.starts[seed] if board.starts[seed] is not None else rng.choice(compiled.starts[seed])
        assert start is not None
        crew, day = compiled.problem.jobs[seed].crew, start // board.slots
        at = rng.choice((day, max(0, day - 1), min(len(board.days) - 1, day + 1)))
        same = [job for job in board.days[at] if compiled.problem.jobs[job].crew == crew]
        rng.shuffle(same)
        chosen += same[: rng.randint(1, 4)]
    return _with_successors(compiled, chosen, set(movable))


def _with_successors(compiled: Compiled, jobs: Sequence[int], movable: set[int]) -> list[int]:
    found = list(dict.fromkeys(jobs))
    for job in found:
        found.extend(later for later in compiled.successors[job] if later not in found)
    return found if movable.issuperset(found) else [job for job in found[:1] if not compiled.successors[job]]


def _lift(board: Board, jobs: Sequence[int]) -> None:
    for job in jobs:
        if board.starts[job] is not None:
            board.lift(job)


def _recreate(board: Board, rng: random.Random, jobs: Sequence[int]) -> None:
    """Put the jobs back, each at its cheapest place, now and then blind to one; in an order drawn at random."""
    tasks, compiled = board.compiled.problem.jobs, board.compiled
    order = list(jobs)
    rng.shuffle(order)
    way = rng.random()
    if way < 0.35:
        order.sort(key=lambda job: -compiled.weight[job])
    elif way < 0.5:
        order.sort(key=lambda job: len(compiled.starts[job]))
    elif way < 0.6:
        order.sort(key=lambda job: -tasks[job].duration)
    for job in in_order(compiled, order):
        best: Placement | None = None
        for start in worthwhile_starts(board, job):
            if rng.random() < BLINK:
                continue
            placement = board.weigh(job, start)
            if placement is not None and (best is None or placement.delta < best.delta):
                best = placement
        if best is not None:
            board.place(best)


def _put_back(board: Board, starts: dict[int, int | None]) -> None:
    for job in starts:
        if board.starts[job] is not None:
            board.lift(job)
    for job, start in starts.items():
        if start is not None:
            board.place(board.priced(job, start))
