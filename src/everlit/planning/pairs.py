"""What two jobs cost at least when both are done on one day: the detail within the day that the day model misses.

Two outages share darkness only as far as their hours can overlap, and an overlap may take away a transfer. So for two
jobs on one day every pair of starts is tried, and the least they can cost together, `least`, is kept where it is more
than the day model knows. Other jobs on that day can only add to it: of a block's outages on the day the transferred
ones are counted once, however many runs they make, so the figure stays true when a third job joins two runs into one.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from everlit.planning.check import date_price
from everlit.planning.compiled import Compiled


@dataclass(frozen=True, slots=True)
class Pair:
    """Jobs `first` and `second` and, per day, the least their blocks and dates cost when both are done on it.

    `alone[d]` is what each costs at least without the other.
    """

    first: int
    second: int
    least: dict[int, int]
    alone: dict[int, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class _Option:
    """One start within a day: its slots, its date's price, and which ties fit."""

    start: int
    mask: int
    price: int
    ties: frozenset[int]


How = dict[int, frozenset[int]]
Kinds = tuple[tuple[frozenset[int] | None, frozenset[int] | None, int, int], ...]


def costly_pairs(
    compiled: Compiled, days: Sequence[dict[int, list[int]]], known: "dict[tuple[int, int], dict[int, int]]"
) -> Iterator[Pair]:
    """Touching jobs whose least cost together exceeds `known`, what the day model says of them, on some day."""
    cache: dict[object, tuple[int | None, int, int]] = {}
    how = {task.zone: _how(compiled, task.zone) for task in compiled.problem.jobs}
    kinds_of: dict[tuple[int, int], Kinds] = {}
    options = [_options(compiled, job, by_day) for job, by_day in enumerate(days)]
    for (first, second), floor in known.items():
        zones = (compiled.problem.jobs[first].zone, compiled.problem.jobs[second].zone)
        if zones not in kinds_of:
            kinds_of[zones] = _kinds(how[zones[0]], how[zones[1]], compiled)
        kinds = kinds_of[zones]
        least, alone = {}, {}
        for day, day_floor in floor.items():
            mine, other = options[first][day], options[second][day]
            base, other_base = (min(option.price for option in side) for side in (mine, other))
            whole = base + other_base  # days that differ only in what every start of theirs pays are alike
            key = (first, second, day_floor - whole, _shape(mine, base), _shape(other, other_base))
            if key not in cache:
                both, one, two = _least(compiled, first, second, mine, other, kinds, day_floor)
                cache[key] = None if both is None else both - whole, one - base, two - other_base
            more, one, two = cache[key]
            if more is not None and more + whole > day_floor:
                least[day], alone[day] = more + whole, (one + base, two + other_base)
        if least:
            yield Pair(first, second, least, alone)


def _options(compiled: Compiled, job: int, by_day: dict[int, list[int]]) -> dict[int, list[_Option]]:
    task, slots = compiled.problem.jobs[job], compiled.problem.horizon.slots_per_day
    ties = compiled.ties[task.zone]
    found: defaultdict[int, list[_Option]] = defaultdict(list)
    for day, starts in by_day.items():
        for start in starts:
            fitting = compiled.fitting(task.zone, start, task.duration) if ties else ()
            numbers = frozenset(at for at, tie in enumerate(ties) if tie in fitting)
            mask = ((1 << task.duration) - 1) << start % slots
            found[day].append(_Option(start, mask, date_price(compiled.problem, task, start), numbers))
    return dict(found)


def _shape(options: list[_Option], base: int) -> tuple[tuple[int, int, frozenset[int]], ...]:
    return tuple((option.mask, option.price - base, option.ties) for option in options)


def _kinds(one: How, two: How, compiled: Compiled) -> Kinds:
    """The blocks of both zones, those treated alike together: how each darkens them, and what they cost."""
    grouped: defaultdict[tuple[frozenset[int] | None, frozenset[int] | None], list[int]] = defaultdict(lambda: [0, 0])
    for block in one.keys() | two.keys():
        costs = grouped[one.get(block), two.get(block)]
        costs[0] += compiled.blocks[block].slot_cost
        costs[1] += compiled.blocks[block].changeover_cost
    return tuple((*how, slot, pair) for how, (slot, pair) in grouped.items())


def _how(compiled: Compiled, zone: int) -> How:
    """Block → the ties that can hold it, none when it is worked on."""
    carried = {
        block: frozenset(at for at, tie in enumerate(compiled.ties[zone]) if block in tie.restores)
        for block in compiled.carried[zone]
    }
    return carried | dict.fromkeys(compiled.worked[zone], frozenset())


def _least(
    compiled: Compiled,
    first: int,
    second: int,
    mine: list[_Option],
    other: list[_Option],
    kinds: Kinds,
    floor: int,
) -> tuple[int | None, int, int]:
    """Least of both together, of the first alone, of the second alone; None where no order of the two is allowed.

    It stops as soon as `floor` is reached: then the pair tells nothing new.
    """
    jobs = compiled.problem.jobs
    a_ties, b_ties = compiled.ties[jobs[first].zone], compiled.ties[jobs[second].zone]
    a_stays = frozenset(at for at, tie in enumerate(a_ties) if jobs[second].zone not in tie.blockers)
    b_stays = frozenset(at for at, tie in enumerate(b_ties) if jobs[first].zone not in tie.blockers)
    best: int | None = None
    for a in mine:
        for b in other:
            if not _ordered(compiled, first, a, second, b):
                continue
            meet = a.mask & b.mask
            a_held, b_held = (a.ties & a_stays, b.ties & b_stays) if meet else (a.ties, b.ties)
            total = a.price + b.price + _cost(kinds, a.mask, a_held, b.mask, b_held)
            if best is None or total < best:
                best = total
                if best <= floor:
                    return best, 0, 0
    one = min(a.price + _cost(kinds, a.mask, a.ties, 0, frozenset()) for a in mine)
    two = min(b.price + _cost(kinds, 0, frozenset(), b.mask, b.ties) for b in other)
    return best, one, two


def _ordered(compiled: Compiled, first: int, a: _Option, second: int, b: _Option) -> bool:
    jobs = compiled.problem.jobs
    for late, late_at, early, early_at in ((first, a.start, second, b.start), (second, b.start, first, a.start)):
        for rule in jobs[late].after:
            if rule.job == early and (rule.lag_days > 0 or late_at < early_at + jobs[early].duration):
                return False
    return True


def _cost(kinds: Kinds, a: int, a_ties: frozenset[int], b: int, b_ties: frozenset[int]) -> int:
    total = 0
    for a_how, b_how, slot, pair in kinds:
        dead = held = 0
        if a and a_how is not None:
            if a_how & a_ties:
                held |= a
            else:
                dead |= a
        if b and b_how is not None:
            if b_how & b_ties:
                held |= b
            else:
                dead |= b
        total += slot * dead.bit_count() + (pair if held & ~dead else 0)
    return total
