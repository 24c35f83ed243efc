"""What no plan can undercut, day by day: the relaxation every bound is computed from.

On a day, a block is dark at least as long as the longest job there keeps it dark when nothing else is off; all that
other jobs can do is add darkness or take away a transfer. So with x[j,d] = 1 when job j is done on day d,

    cost  >=  sum x[j,d] * price[j,d]  +  sum over blocks b and days d of  max over jobs j of  a[b,j,d] * x[j,d]

where a[b,j,d] is the least block b costs for j alone on day d. Only the day counts: slots, ties blocked by others,
concurrency and dual supplies are left out; crews, precedence and repeat limits stay, and what hours above budgets cost
at least comes on top (`over_floor`). Jobs that can never
overlap (one after the other, or night against daylight) add up instead of sharing: a group of such jobs is a **chain**.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from everlit.planning.check import date_price
from everlit.planning.compiled import Compiled
from everlit.planning.pairs import Pair, costly_pairs
from everlit.planning.problem import MILLI


@dataclass(frozen=True, slots=True)
class Shared:
    """Blocks that the same jobs darken alike: `least[j][d]` is what they cost at least for job j alone on day d.

    `chains`: sets of jobs that cannot overlap and keep the blocks dead; every job is at least in a chain of its own.
    """

    blocks: tuple[int, ...]
    least: dict[int, dict[int, int]]
    chains: tuple[tuple[int, ...], ...]

    @property
    def days(self) -> list[int]:
        """Days on which some job may darken the blocks."""
        return sorted({day for days in self.least.values() for day in days})

    def layers(self, day: int) -> list[tuple[int, list[int]]]:
        """The darkness of a day layer by layer, the uppermost first: what it adds, and the jobs that end in it.

        A layer is paid for when a job that ends in it or above is done. On whole days that is the maximum over the jobs;
        in a linear programme it is the most that can be known of it (the Lovász extension of the maximum).
        """
        ends: defaultdict[int, list[int]] = defaultdict(list)
        for job, days in self.least.items():
            if days.get(day):
                ends[days[day]].append(job)
        heights = sorted(ends, reverse=True)
        return [(top - below, ends[top]) for top, below in zip(heights, (*heights[1:], 0), strict=False)]


@dataclass(frozen=True, slots=True)
class Repeated:
    """A block that may be off on `room` days, on n of them up to day d for each (d, n) of `by_day`.

    `jobs[j]`: the days on which job j surely darkens it.
    """

    room: int
    by_day: tuple[tuple[int, int], ...]
    jobs: dict[int, frozenset[int]]


@dataclass(frozen=True, slots=True)
class Relaxation:
    """The day model of a month; `price[j][d]` holds what only job j pays when done on day d.

    `served`: the jobs that must be done, when the model is about them alone; None: about all, each may be refused.
    """

    compiled: Compiled
    price: tuple[dict[int, int], ...]
    shared: tuple[Shared, ...]
    repeated: tuple[Repeated, ...]
    pairs: tuple[Pair, ...]
    clusters: tuple[tuple[int, ...], ...]
    served: frozenset[int] | None = None

    def may_refuse(self, job: int) -> bool:
        """True when the model may leave the job out at its price."""
        return self.served is None or job not in self.served


def relax(compiled: Compiled, *, served: frozenset[int] | None = None, whole: Relaxation | None = None) -> Relaxation:
    """The day model of a compiled month, of all its jobs or of those `served`.

    `whole`: the model of all jobs, where it is at hand; what its pairs cost is true of any choice of jobs.
    """
    if served is not None:
        kept = tuple(starts if job in served else () for job, starts in enumerate(compiled.starts))
        compiled = replace(compiled, starts=kept)
    days = [_days(compiled, job) for job in range(len(compiled.problem.jobs))]
    touching: defaultdict[int, list[int]] = defaultdict(list)
    for job, task in enumerate(compiled.problem.jobs):
        if days[job]:
            for block in (*compiled.worked[task.zone], *compiled.carried[task.zone]):
                touching[block].append(job)
    kinds = [_kinds(compiled, job, days[job]) for job in range(len(compiled.problem.jobs))]
    groups = _groups(touching, kinds)
    shared = tuple(_shared(compiled, blocks, jobs, days, kinds) for jobs, blocks in groups if len(jobs) > 1)
    own = {block for block, jobs in touching.items() if len(jobs) == 1}
    repeated = tuple(_repeated(compiled, touching, days, kinds))
    price = tuple(_prices(compiled, job, days[job], own) for job in range(len(compiled.problem.jobs)))
    return Relaxation(
        compiled=compiled,
        price=price,
        shared=shared,
        repeated=repeated,
        pairs=tuple(costly_pairs(compiled, days, _known(price, shared)))
        if whole is None
        else _among(whole.pairs, served),
        clusters=_clusters(compiled, shared, repeated, served),
        served=served,
    )


def dearer(compiled: Compiled, budget_prices: Mapping[str, int]) -> Compiled:
    """The month with every MV-unit hour of some units paid once more at a price, whether above the budget or not.

    At a price p of at most `over_budget`, over_budget * max(0, spent - limit) >= p * (spent - limit): a bound on the dearer
    month, less p * limit, is one on the month itself.
    """
    blocks = tuple(
        replace(
            block,
            slot_cost=block.slot_cost + budget_prices.get(block.unit, 0) * block.unit_slot,
            changeover_cost=block.changeover_cost + budget_prices.get(block.unit, 0) * block.unit_changeover,
        )
        for block in compiled.blocks
    )
    return replace(compiled, blocks=blocks) if budget_prices else compiled


def over_floor(compiled: Compiled, served: Iterable[int], budget_prices: Mapping[str, int]) -> int:
    """What hours above budgets cost at least, whatever the dates of the `served`: milli customer-hours.

    Units with a price of their own (`dearer`) are told by it, as far as their budget does not pay it back.

    A block is dark at least as long as the one of its jobs that needs it longest, so a unit spends at least the sum of
    that over its blocks. It adds to any bound on darkness and dates, which leaves budgets out.
    """
    problem, least = compiled.problem, dict[int, int]()
    for job in served if problem.prices.over_budget and problem.budgets else ():
        task = problem.jobs[job]
        held = {block for tie in compiled.ties[task.zone] for block in tie.restores}
        for number in (*compiled.worked[task.zone], *compiled.carried[task.zone]):
            block = compiled.blocks[number]
            dark = block.unit_slot * task.duration
            alone = min(dark, block.unit_changeover) if number in held else dark
            least[number] = max(least.get(number, 0), alone)
    spent: defaultdict[str, int] = defaultdict(int)
    for number, hours in least.items():
        spent[compiled.blocks[number].unit] += hours
    limits = {one.unit: round(MILLI * one.limit_unit_hours) for one in problem.budgets}
    over = sum(max(0, spent[unit] - limit) for unit, limit in limits.items() if unit not in budget_prices)
    return problem.prices.over_budget * over - sum(price * limits[unit] for unit, price in budget_prices.items())


def _days(compiled: Compiled, job: int) -> dict[int, list[int]]:
    """Day → the starts of the job on it."""
    days: defaultdict[int, list[int]] = defaultdict(list)
    for start in compiled.starts[job]:
        days[compiled.problem.horizon.day(start)].append(start)
    return dict(days)


def _kinds(compiled: Compiled, job: int, days: dict[int, list[int]]) -> dict[int, frozenset[int]]:
    """Day → blocks that some start of the job might hold by transfer."""
    task = compiled.problem.jobs[job]
    if not compiled.ties[task.zone]:
        return dict.fromkeys(days, frozenset())
    held = {}
    for day, starts in days.items():
        ties = {tie for start in starts for tie in compiled.fitting(task.zone, start, task.duration)}
        held[day] = frozenset(block for tie in ties for block in tie.restores)
    return held


def _groups(
    touching: dict[int, list[int]], kinds: Sequence[dict[int, frozenset[int]]]
) -> list[tuple[tuple[int, ...], list[int]]]:
    """Blocks with the same jobs that hold them on the same days, together."""
    groups: defaultdict[object, list[int]] = defaultdict(list)
    for block, jobs in touching.items():
        alike = tuple((job, tuple(day for day, held in kinds[job].items() if block in held)) for job in jobs)
        groups[alike].append(block)
    return [(tuple(touching[blocks[0]]), blocks) for blocks in groups.values()]


def _least(compiled: Compiled, block: int, job: int, held: bool) -> int:
    dark = compiled.blocks[block].slot_cost * compiled.problem.jobs[job].duration
    return min(dark, compiled.blocks[block].changeover_cost) if held else dark


def _shared(
    compiled: Compiled,
    blocks: list[int],
    jobs: tuple[int, ...],
    days: Sequence[dict[int, list[int]]],
    kinds: Sequence[dict[int, frozenset[int]]],
) -> Shared:
    least = {
        job: {day: sum(_least(compiled, b, job, b in kinds[job][day]) for b in blocks) for day in days[job]}
        for job in jobs
    }
    dead = [job for job in jobs if not any(blocks[0] in held for held in kinds[job].values())]
    return Shared(tuple(blocks), least, _chains(compiled, jobs, dead))


def _chains(compiled: Compiled, jobs: tuple[int, ...], dead: list[int]) -> tuple[tuple[int, ...], ...]:
    """Grow a chain from every job among those that always keep the blocks dead; drop chains inside others."""
    apart = {(a, b) for a in dead for b in dead if a != b and never_together(compiled, a, b)}
    chains: list[frozenset[int]] = []
    for job in sorted(jobs, key=lambda j: -compiled.problem.jobs[j].duration):
        chain = [job]
        for other in sorted(dead, key=lambda j: -compiled.problem.jobs[j].duration):
            if job in dead and all((other, member) in apart for member in chain):
                chain.append(other)
        chains.append(frozenset(chain))
    kept = [chain for chain in dict.fromkeys(chains) if not any(chain < other for other in chains)]
    return tuple(tuple(sorted(chain)) for chain in kept)


def never_together(compiled: Compiled, a: int, b: int) -> bool:
    """True when no two starts of the jobs overlap, by precedence or because their hours of the day differ."""
    jobs = compiled.problem.jobs
    if any(rule.job == b for rule in jobs[a].after) or any(rule.job == a for rule in jobs[b].after):
        return True
    return compiled.hours[a] & compiled.hours[b] == 0


def _prices(compiled: Compiled, job: int, days: dict[int, list[int]], own: set[int]) -> dict[int, int]:
    """The least a job pays alone on each day: the price of the date and the blocks that only it darkens."""
    problem, task = compiled.problem, compiled.problem.jobs[job]
    worked = sum(compiled.blocks[b].slot_cost for b in compiled.worked[task.zone] if b in own) * task.duration
    carried = [b for b in compiled.carried[task.zone] if b in own]

    def pays(start: int) -> int:
        kept = (
            {b for tie in compiled.fitting(task.zone, start, task.duration) for b in tie.restores} if carried else set()
        )
        return date_price(problem, task, start) + sum(_least(compiled, b, job, b in kept) for b in carried)

    return {day: worked + min(map(pays, starts)) for day, starts in days.items()}


def _among(pairs: Sequence[Pair], served: frozenset[int] | None) -> tuple[Pair, ...]:
    return tuple(pair for pair in pairs if served is None or {pair.first, pair.second} <= served)


def _known(price: Sequence[dict[int, int]], shared: Sequence[Shared]) -> dict[tuple[int, int], dict[int, int]]:
    """(job, job) → day → what the day model says the two cost at least together."""
    alone = [dict(days) for days in price]
    less: defaultdict[tuple[int, int], defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
    for part in shared:
        for job, days in part.least.items():
            for day, least in days.items():
                alone[job][day] += least
        chained = {(a, b) for chain in part.chains for a in chain for b in chain}
        jobs = sorted(part.least)
        for at, first in enumerate(jobs):
            for second in jobs[at + 1 :]:
                saved = less[first, second]
                if (first, second) not in chained:
                    for day in part.least[first].keys() & part.least[second].keys():
                        saved[day] += min(part.least[first][day], part.least[second][day])
    return {
        (first, second): {
            day: alone[first][day] + alone[second][day] - saved[day]
            for day in sorted(alone[first].keys() & alone[second].keys())
        }
        for (first, second), saved in sorted(less.items())
    }


def _repeated(
    compiled: Compiled,
    touching: dict[int, list[int]],
    days: Sequence[dict[int, list[int]]],
    kinds: Sequence[dict[int, frozenset[int]]],
) -> Iterable[Repeated]:
    """Repeat limits that can bind: more jobs than days allowed."""
    rule, horizon = compiled.problem.repeat, compiled.problem.horizon
    seen: set[object] = set()
    for block, jobs in touching.items():
        part = compiled.blocks[block]
        surely = {
            job: frozenset(day for day in days[job] if rule.transfer_counts or block not in kinds[job][day])
            for job in jobs
        }
        surely = {job: off for job, off in surely.items() if off}
        by_day = tuple(_allowed_by(part.recent_days, rule.window, rule.window_days, horizon.days))
        by_day = by_day if horizon.days <= rule.window_days else ()
        tightest = min((part.room, *(allowed for _, allowed in by_day)))
        key = (part.room, by_day, tuple(surely.items()))
        if len(surely) > tightest and key not in seen:
            seen.add(key)
            yield Repeated(part.room, by_day, surely)


def _allowed_by(recent: tuple[int, ...], limit: int, span: int, days: int) -> Iterable[tuple[int, int]]:
    """(d, n): up to day d, within the rolling window that ends there, at most n new off days; where n changes."""
    last = None
    for day in reversed(range(days)):
        allowed = max(0, limit - sum(1 for past in recent if day - span < past <= day))
        if allowed != last:
            yield day, allowed
        last = allowed


def _clusters(
    compiled: Compiled, shared: Sequence[Shared], repeated: Sequence[Repeated], served: frozenset[int] | None
) -> tuple[tuple[int, ...], ...]:
    """Jobs joined by shared blocks, repeat limits or precedence; within a cluster the day model decides alone."""
    parent = list(range(len(compiled.problem.jobs)))

    def root(job: int) -> int:
        while parent[job] != job:
            parent[job] = parent[parent[job]]
            job = parent[job]
        return job

    def join(jobs: Iterable[int]) -> None:
        roots = sorted({root(job) for job in jobs})
        for other in roots[1:]:
            parent[other] = roots[0]

    for part in shared:
        join(part.least)
    for limit in repeated:
        join(limit.jobs)
    for job, task in enumerate(compiled.problem.jobs):
        join((job, *(rule.job for rule in task.after)))
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for job in range(len(parent)) if served is None else sorted(served):
        groups[root(job)].append(job)
    return tuple(tuple(members) for members in groups.values())
