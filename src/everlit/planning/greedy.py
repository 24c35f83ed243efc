"""The plans people make: every request alone on the day it asked for, and a sensible merge by hand (一停多用).

The greedy merge takes the requests that darken most first and puts each where it costs least given what already stands:
beside or inside an outage that needs the same sections when rules allow, on a day of its own otherwise. It is the first
feasible plan of the search and its baseline.
"""

from collections.abc import Iterable, Sequence

from everlit.planning.board import Board, Placement
from everlit.planning.check import alone_cost
from everlit.planning.compiled import Compiled
from everlit.planning.problem import MonthProblem


def as_requested(problem: MonthProblem, *, jobs: Iterable[int] | None = None) -> int:
    """Milli customer-hours when every request (of `jobs`) has its own outage and nobody is transferred."""
    return sum(alone_cost(problem, job) for job in (range(len(problem.jobs)) if jobs is None else jobs))


def greedy(compiled: Compiled, *, order: Sequence[int] | None = None) -> Board:
    """A feasible board: jobs in `order` (heaviest first unless told), each at its cheapest place, or refused."""
    board = Board(compiled)
    for job in in_order(compiled, order if order is not None else heaviest_first(compiled)):
        best = best_placement(board, job)
        if best is not None:
            board.place(best)
    return board


def heaviest_first(compiled: Compiled) -> list[int]:
    """Published jobs, then those that darken most; of equals the one with fewer starts."""
    problem = compiled.problem
    return sorted(
        range(len(problem.jobs)),
        key=lambda job: (
            problem.jobs[job].published is None,
            -compiled.weight[job],
            len(compiled.starts[job]),
            job,
        ),
    )


def in_order(compiled: Compiled, jobs: Iterable[int]) -> list[int]:
    """The same jobs with every predecessor among them before its successors, otherwise unchanged."""
    wanted = list(jobs)
    inside, done, ordered = set(wanted), set[int](), list[int]()

    def visit(job: int) -> None:
        if job in done:
            return
        done.add(job)
        for rule in compiled.problem.jobs[job].after:
            if rule.job in inside:
                visit(rule.job)
        ordered.append(job)

    for job in wanted:
        visit(job)
    return ordered


def best_placement(board: Board, job: int) -> Placement | None:
    """The cheapest allowed place of an unplaced job, the earliest of equals; None when no place is left."""
    return cheapest(board, job, worthwhile_starts(board, job)) or cheapest(board, job, board.compiled.starts[job])


def cheapest(board: Board, job: int, starts: Iterable[int]) -> Placement | None:
    """The cheapest allowed place among `starts`."""
    best: Placement | None = None
    for start in starts:
        placement = board.weigh(job, start)
        if placement is not None and (best is None or placement.delta < best.delta):
            best = placement
    return best


def worthwhile_starts(board: Board, job: int) -> list[int]:
    """On a day with neighbours every start that lines up with one, on an empty day the first of each tie pattern.

    Between two such starts nothing changes but the overlap, which is linear: the ends are enough. Neighbours are jobs
    that can share its darkness or block a transfer, and those it must follow or precede.
    """
    compiled = board.compiled
    return sorted(compiled.first_starts[job] | (_edges(board, job) & compiled.start_sets[job]))


def _edges(board: Board, job: int) -> set[int]:
    """Starts at which the job would line up with a neighbour."""
    jobs, compiled = board.compiled.problem.jobs, board.compiled
    task = jobs[job]
    ordered = [*(rule.job for rule in task.after), *compiled.successors[job]]
    edges: set[int] = set()
    for other in (*compiled.related[job], *ordered):
        at = board.starts[other]
        if at is not None and other != job:
            end = at + jobs[other].duration
            edges.update((at, end, end - task.duration, at - task.duration))
    return edges
