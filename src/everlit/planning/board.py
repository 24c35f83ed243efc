"""The board (排程板): a plan in the making that knows at once what placing or lifting one job would cost.

It keeps, per day, which jobs stand at which slot and how dark every block is, and updates only what a job can touch:
the jobs of that day reachable from it through shared blocks and blocked transfers. Mutable, used by the search alone;
its answers are those of `check` (a test compares them on random months).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from everlit.planning.check import date_price
from everlit.planning.compiled import Block, Compiled
from everlit.planning.problem import MILLI

Dark = dict[int, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Placement:
    """What placing a job would change: the price of it, and the new darkness of the blocks of that day."""

    job: int
    start: int
    delta: int
    dark: Dark


def held_runs(dead: int, held: int) -> int:
    """Maximal runs of off slots with a transferred part.

    >>> held_runs(dead=0b0000111, held=0b1100000), held_runs(dead=0b0001100, held=0b1000011)
    (1, 2)
    """
    if not held:
        return 0
    both = dead | held
    low = both & -both
    if both & (both + low) == 0:
        return 1
    count = 0
    while both:
        low = both & -both
        run = both & ~(both + low)
        count += bool(run & held)
        both &= ~run
    return count


def block_cost(block: Block, dark: tuple[int, int]) -> int:
    """Milli customer-hours of a block on one day."""
    dead, held = dark
    darkness = block.slot_cost * dead.bit_count()
    return darkness + block.changeover_cost * held_runs(dead, held) if held else darkness


class Board:
    """All jobs, placed or not."""

    def __init__(self, compiled: Compiled, starts: Sequence[int | None] = ()) -> None:
        self.compiled = compiled
        problem = compiled.problem
        self.slots = problem.horizon.slots_per_day
        self.starts: list[int | None] = [None] * len(problem.jobs)
        self.days: list[dict[int, int]] = [{} for _ in range(problem.horizon.days)]
        self.dark: list[Dark] = [{} for _ in range(problem.horizon.days)]
        self.crews = [list(crew.capacity) for crew in problem.crews]
        self.off_days = [0] * len(compiled.blocks)
        self.unit_spent: dict[str, int] = {budget.unit: 0 for budget in problem.budgets}
        self.unit_limit = {budget.unit: round(MILLI * budget.limit_unit_hours) for budget in problem.budgets}
        self._over_price = problem.prices.over_budget if problem.budgets else 0
        self._slot_costs = [block.slot_cost for block in compiled.blocks]
        self._partners: dict[int, list[int]] = {}
        for first, second in compiled.duals:
            self._partners.setdefault(first, []).append(second)
            self._partners.setdefault(second, []).append(first)
        self.cost = sum(job.refusal_price for job in problem.jobs)
        for job, start in enumerate(starts):
            if start is not None:
                self.place(self.priced(job, start))

    # ------------------------------------------------------------------------------------------- asking
    def weigh(self, job: int, start: int) -> Placement | None:
        """What placing an unplaced job there would change, or None where a rule forbids it."""
        if not self._crew_free(job, start) or not self._in_order(job, start) or not self._room_at_once(job, start):
            return None
        placement = self.priced(job, start)
        return placement if self._allowed(placement) else None

    def priced(self, job: int, start: int) -> Placement:
        """The price alone, rules or not."""
        problem = self.compiled.problem
        day, slot = divmod(start, self.slots)
        dark = (
            self._redrawn(day, self._reach(day, job), {job: slot}) if self._harms(day, job) else self._added(job, start)
        )
        delta = date_price(problem, problem.jobs[job], start) - problem.jobs[job].refusal_price
        return Placement(job, start, delta + self._difference(day, dark) + self._over(day, dark), dark)

    # ------------------------------------------------------------------------------------------- changing
    def place(self, placement: Placement) -> None:
        """Carry out what `weigh` priced; nothing else may have changed since."""
        job, day = placement.job, placement.start // self.slots
        self.starts[job] = placement.start
        self.days[day][job] = placement.start % self.slots
        self._book(job, day, -1)
        self._redraw(day, placement.dark)
        self.cost += placement.delta

    def lift(self, job: int) -> None:
        """Take a placed job off the board."""
        start = self.starts[job]
        assert start is not None
        problem, day = self.compiled.problem, start // self.slots
        reach = self._reach(day, job) if self._harms(day, job) else self._beside(day, job)
        touched = self.blocks_of(reach if self._harms(day, job) else (job,))
        del self.days[day][job]
        reach.discard(job)
        redrawn = self._redrawn(day, reach, {})
        dark = {block: redrawn.get(block, (0, 0)) for block in touched}
        self.cost += self._difference(day, dark) + self._over(day, dark)
        self.cost += problem.jobs[job].refusal_price - date_price(problem, problem.jobs[job], start)
        self.starts[job] = None
        self._book(job, day, 1)
        self._redraw(day, dark)

    def _book(self, job: int, day: int, sign: int) -> None:
        task = self.compiled.problem.jobs[job]
        if task.crew >= 0:
            self.crews[task.crew][day] += sign * task.crew_count

    def _redraw(self, day: int, dark: Dark) -> None:
        today, counts = self.dark[day], self.compiled.problem.repeat.transfer_counts
        for number, new in dark.items():
            block, old = self.compiled.blocks[number], today.get(number, (0, 0))
            if block.unit in self.unit_spent:
                self.unit_spent[block.unit] += unit_cost(block, new) - unit_cost(block, old)
            if new[0] or (counts and new[1]):
                self.off_days[number] |= 1 << day
            else:
                self.off_days[number] &= ~(1 << day)
            if new == (0, 0):
                today.pop(number, None)
            else:
                today[number] = new

    # ------------------------------------------------------------------------------------------- darkness
    def _reach(self, day: int, job: int) -> set[int]:
        """The jobs of the day whose cost can depend on `job`: itself, its neighbours, and theirs through blocks."""
        jobs, near = self.compiled.problem.jobs, self.compiled.near
        todo, found = [job], {job}
        today = self.days[day]
        while todo:
            zones = near[jobs[todo.pop()].zone]
            for other in today:
                if other not in found and jobs[other].zone in zones:
                    found.add(other)
                    todo.append(other)
        return found

    def _harms(self, day: int, job: int) -> bool:
        """True when some job of the day has a transfer that this one could block."""
        tasks, harmed = self.compiled.problem.jobs, self.compiled.harms[self.compiled.problem.jobs[job].zone]
        return bool(harmed) and any(tasks[other].zone in harmed for other in self.days[day])

    def _beside(self, day: int, job: int) -> set[int]:
        """The jobs of the day that can share a block with this one, itself included."""
        tasks = self.compiled.problem.jobs
        zones = self.compiled.near[tasks[job].zone]
        return {other for other in self.days[day] if tasks[other].zone in zones}

    def _added(self, job: int, start: int) -> Dark:
        """The darkness of the job's own blocks with it laid over what is there: nobody else is touched."""
        compiled, task, (day, slot) = self.compiled, self.compiled.problem.jobs[job], divmod(start, self.slots)
        mask, today = ((1 << task.duration) - 1) << slot, self.dark[day]
        added: Dark = {}
        for block in compiled.worked[task.zone]:
            dead, held = today.get(block, (0, 0))
            added[block] = (dead | mask, held & ~mask)
        carried = compiled.carried[task.zone]
        kept = self._kept(job, start) if carried else ()
        for block in carried:
            dead, held = today.get(block, (0, 0))
            added[block] = (dead, (held | mask) & ~dead) if block in kept else (dead | mask, held & ~mask)
        return added

    def blocks_of(self, jobs: Iterable[int]) -> set[int]:
        """Every block the zones of the jobs work on or cut off."""
        problem, compiled = self.compiled.problem, self.compiled
        found: set[int] = set()
        for job in jobs:
            zone = problem.jobs[job].zone
            found.update(compiled.worked[zone], compiled.carried[zone])
        return found

    def _redrawn(self, day: int, jobs: Iterable[int], extra: dict[int, int]) -> Dark:
        """How dark every block of `jobs` is on the day, with `extra` jobs at their slots."""
        compiled, tasks, today = self.compiled, self.compiled.problem.jobs, self.days[day]
        placed = [(job, extra[job] if job in extra else today[job]) for job in jobs]
        dead: dict[int, int] = {}
        held: dict[int, int] = {}
        for job, slot in placed:
            task = tasks[job]
            mask = ((1 << task.duration) - 1) << slot
            for block in compiled.worked[task.zone]:
                dead[block] = dead.get(block, 0) | mask
            carried = compiled.carried[task.zone]
            if carried:
                kept = self._kept(job, day * self.slots + slot, extra)
                for block in carried:
                    if block in kept:
                        held[block] = held.get(block, 0) | mask
                    else:
                        dead[block] = dead.get(block, 0) | mask
        dark = {block: (slots, held.get(block, 0) & ~slots) for block, slots in dead.items()}
        for block, slots in held.items():
            if block not in dark:
                dark[block] = (0, slots)
        return dark

    def _kept(self, job: int, start: int, extra: Mapping[int, int] = MappingProxyType({})) -> set[int]:
        """The blocks the job's transfers hold, with everything of the day and the `extra` jobs on."""
        tasks = self.compiled.problem.jobs
        task, (day, slot) = tasks[job], divmod(start, self.slots)
        kept: set[int] = set()
        for tie in self.compiled.fitting(task.zone, start, task.duration):
            blocked = any(
                tasks[other].zone in tie.blockers and at < slot + task.duration and slot < at + tasks[other].duration
                for other, at in (*self.days[day].items(), *extra.items())
            )
            if not blocked:
                kept |= tie.restores
        return kept

    def _difference(self, day: int, dark: Dark) -> int:
        """What the new darkness costs more than the old; blocks nobody pays for are passed over."""
        slot_costs, blocks, today = self._slot_costs, self.compiled.blocks, self.dark[day]
        total = 0
        for number, new in dark.items():
            if slot_costs[number]:
                old = today.get(number)
                if old is None:
                    total += block_cost(blocks[number], new)
                elif old != new:
                    total += block_cost(blocks[number], new) - block_cost(blocks[number], old)
        return total

    def _over(self, day: int, dark: Dark) -> int:
        """What the new darkness pays more than the old for hours above budgets."""
        if not self._over_price:
            return 0
        today, more = self.dark[day], dict[str, int]()
        for number, new in dark.items():
            block, old = self.compiled.blocks[number], today.get(number, (0, 0))
            if block.unit_slot and block.unit in self.unit_spent and new != old:
                more[block.unit] = more.get(block.unit, 0) + unit_cost(block, new) - unit_cost(block, old)
        return self._over_price * sum(
            max(0, self.unit_spent[unit] + extra - self.unit_limit[unit])
            - max(0, self.unit_spent[unit] - self.unit_limit[unit])
            for unit, extra in more.items()
        )

    # ------------------------------------------------------------------------------------------- rules
    def _crew_free(self, job: int, start: int) -> bool:
        task = self.compiled.problem.jobs[job]
        return task.crew < 0 or self.crews[task.crew][start // self.slots] >= task.crew_count

    def _in_order(self, job: int, start: int) -> bool:
        tasks = self.compiled.problem.jobs
        for rule in tasks[job].after:
            before = self.starts[rule.job]
            if before is None or not self.follows(before, rule.job, start, rule.lag_days):
                return False
        for later in self.compiled.successors[job]:
            begun = self.starts[later]
            if begun is not None and not all(
                self.follows(start, job, begun, rule.lag_days) for rule in tasks[later].after if rule.job == job
            ):
                return False
        return True

    def follows(self, before: int, job: int, start: int, lag_days: int) -> bool:
        """True when a job may begin at `start` after `job` begun at `before`."""
        ended = before + self.compiled.problem.jobs[job].duration
        return start >= ended and start // self.slots - before // self.slots >= lag_days

    def _room_at_once(self, job: int, start: int) -> bool:
        return all(self.site_fits(rule, site, job, start) for rule, site in self.compiled.sites[job])

    def site_fits(self, rule: int, site: int, job: int, start: int) -> bool:
        """True when at no slot of the job too many other sites of the rule are off."""
        problem = self.compiled.problem
        day, slot = divmod(start, self.slots)
        end = slot + problem.jobs[job].duration
        masks: dict[int, int] = {}
        for other, at in self.days[day].items():
            task = problem.jobs[other]
            if at < end and slot < at + task.duration:
                for its_rule, its_site in self.compiled.sites[other]:
                    if its_rule == rule and its_site != site:
                        masks[its_site] = masks.get(its_site, 0) | ((1 << task.duration) - 1) << at
        limit = problem.concurrency[rule].limit
        if len(masks) < limit:
            return True
        return all(sum(mask >> at & 1 for mask in masks.values()) < limit for at in range(slot, end))

    def _allowed(self, placement: Placement) -> bool:
        day = placement.start // self.slots
        return self._repeats_hold(day, placement.dark) and self._duals_hold(day, placement.dark)

    def _repeats_hold(self, day: int, dark: Dark) -> bool:
        rule = self.compiled.problem.repeat
        off_days, blocks, bit = self.off_days, self.compiled.blocks, 1 << day
        for number, (dead, held) in dark.items():
            days = off_days[number]
            if days & bit or (not dead and not (held and rule.transfer_counts)):
                continue
            days |= bit
            block = blocks[number]
            if days.bit_count() > block.room or not window_holds(
                days, block.recent_days, rule.window, rule.window_days
            ):
                return False
        return True

    def _duals_hold(self, day: int, dark: Dark) -> bool:
        today = self.dark[day]
        for number, (dead, _) in dark.items():
            for other in self._partners.get(number, ()):
                if dead & (dark.get(other) or today.get(other, (0, 0)))[0]:
                    return False
        return True


def unit_cost(block: Block, dark: tuple[int, int]) -> int:
    """Milli MV-unit hours of a block on one day."""
    dead, held = dark
    return block.unit_slot * dead.bit_count() + block.unit_changeover * held_runs(dead, held)


def window_holds(days: int, recent: tuple[int, ...], limit: int, span: int) -> bool:
    """At most `limit` off days in every rolling window that ends on a new one."""
    if days.bit_count() + len(recent) <= limit:
        return True
    new = [day for day in range(days.bit_length()) if days >> day & 1]
    every = (*recent, *new)
    return all(sum(1 for past in every if day - span < past <= day) <= limit for day in new)
