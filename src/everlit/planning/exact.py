"""The month problem slot by slot as a CP-SAT model: exact on what it is given, so it is kept to small parts.

The same model serves two ways, by what is put in `starts`: all jobs with all their starts (the monolithic peer, and the
truth on small months); one cluster with nothing around it, whose proven bound is a bound on what that cluster costs in
any plan.

    x[j,t]    job j starts at t               u[j,o,t]  it does, and its tie o holds throughout
    dead[b,s] block b is dead in slot s       paid[b,s] block b lies in an outage whose changeovers are paid
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from everlit.planning.check import date_price
from everlit.planning.compiled import Compiled
from everlit.planning.daymodel import proven
from everlit.planning.problem import MILLI
from everlit.planning.relaxation import Relaxation

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

Literal = Any


@dataclass(frozen=True, slots=True)
class Exact:
    """What CP-SAT answered: the best starts (None where it found no plan), its price, the proven bound."""

    starts: dict[int, int | None] | None
    cost: int | None
    bound: int
    closed: bool


def solve_exact(
    compiled: Compiled,
    starts: Mapping[int, Sequence[int]],
    *,
    keep: frozenset[int] = frozenset(),
    crew_prices: Mapping[tuple[int, int], int] | None = None,
    relaxation: Relaxation | None = None,
    hint: Mapping[int, int | None] | None = None,
    seed: int = 0,
    effort: float = 5.0,
    seconds: float = 1e6,
    workers: int = 1,
) -> Exact:
    """Best starts of the jobs in `starts`, each at one of its starts or refused unless in `keep`.

    `effort` is CP-SAT's deterministic time; `relaxation` adds the day model as cuts.
    """
    from ortools.sat.python import cp_model

    builder = _Builder(compiled, starts, keep, crew_prices or {}, cp_model.CpModel())
    builder.build(relaxation)
    for job, start in (hint or {}).items():
        builder.hint(job, start)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = workers
    solver.parameters.random_seed = seed
    solver.parameters.max_deterministic_time = effort
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.linearization_level = 2
    status = solver.solve(builder.model)
    bound = proven(solver.best_objective_bound)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Exact(None, None, bound, False)
    found = {
        job: next((start for start, x in options.items() if solver.boolean_value(x)), None)
        for job, options in builder.x.items()
    }
    return Exact(found, round(solver.objective_value), bound, status == cp_model.OPTIMAL)


class _Builder:
    """The model in the making; one method per rule."""

    def __init__(
        self,
        compiled: Compiled,
        starts: Mapping[int, Sequence[int]],
        keep: frozenset[int],
        crew_prices: Mapping[tuple[int, int], int],
        model: "cp_model.CpModel",
    ) -> None:
        self.compiled, self.problem, self.model = compiled, compiled.problem, model
        self.crew_prices, self.keep = crew_prices, keep
        self.slots = compiled.problem.horizon.slots_per_day
        self.x: dict[int, dict[int, Literal]] = {
            job: {start: model.new_bool_var(f"x{job}.{start}") for start in options} for job, options in starts.items()
        }
        self.refused: dict[int, Literal] = {}
        self.held: dict[int, list[tuple[frozenset[int], frozenset[int], dict[int, Literal]]]] = {}
        self.active: dict[int, dict[int, list[Literal]]] = {}
        self.dead: dict[tuple[int, int], Literal] = {}
        self.changes: dict[int, dict[int, list[Literal]]] = {}
        self.terms: list[tuple[Literal, int]] = []

    def build(self, relaxation: Relaxation | None) -> None:
        self._choose()
        self._transfers()
        self._darkness()
        self._order()
        self._crews()
        self._repeats()
        self._budgets()
        self._duals()
        self._concurrency()
        if relaxation is not None:
            self._day_cuts(relaxation)
        from ortools.sat.python import cp_model

        terms = [(literal, amount) for literal, amount in self.terms if amount]
        self.model.minimize(cp_model.LinearExpr.weighted_sum([t for t, _ in terms], [a for _, a in terms]))

    def hint(self, job: int, start: int | None) -> None:
        for option, x in self.x.get(job, {}).items():
            self.model.add_hint(x, option == start)

    # ------------------------------------------------------------------------------------- starts and prices
    def _choose(self) -> None:
        for job, options in self.x.items():
            task = self.problem.jobs[job]
            self.active[job] = self._covering(options, task.duration)
            if job in self.keep:
                self.model.add_exactly_one(options.values())
            else:
                self.refused[job] = self.model.new_bool_var(f"r{job}")
                self.model.add_exactly_one([self.refused[job], *options.values()])
                self.terms.append((self.refused[job], task.refusal_price))
            for start, x in options.items():
                crews = self.crew_prices.get((task.crew, start // self.slots), 0) * task.crew_count
                self.terms.append((x, date_price(self.problem, task, start) + (crews if task.crew >= 0 else 0)))

    def _covering(self, options: Mapping[int, Literal], duration: int) -> dict[int, list[Literal]]:
        """Slot → the literals of the starts that cover it."""
        covering: defaultdict[int, list[Literal]] = defaultdict(list)
        for start, x in options.items():
            for slot in range(start, start + duration):
                covering[slot].append(x)
        return dict(covering)

    # ------------------------------------------------------------------------------------- transfers
    def _transfers(self) -> None:
        by_zone: defaultdict[int, list[int]] = defaultdict(list)
        for job in self.x:
            by_zone[self.problem.jobs[job].zone].append(job)
        for job, options in self.x.items():
            task, mine = self.problem.jobs[job], []
            for number, tie in enumerate(self.compiled.ties[task.zone]):
                fitting = [start for start in options if tie in self.compiled.fitting(task.zone, start, task.duration)]
                if not fitting or not tie.restores:
                    continue
                kept = {start: self.model.new_bool_var(f"u{job}.{number}.{start}") for start in fitting}
                for start, u in kept.items():
                    self.model.add_implication(u, options[start])
                mine.append((tie.restores, tie.blockers, kept))
                others = [other for zone in tie.blockers for other in by_zone.get(zone, ())]
                self._block(kept, task.duration, others)
            self.held[job] = mine

    def _block(self, kept: Mapping[int, Literal], duration: int, others: Sequence[int]) -> None:
        """While a tie holds, none of the jobs that block it is on."""
        covering = self._covering(kept, duration)
        for other in others:
            for slot, literals in self.active[other].items():
                if slot in covering:
                    self.model.add_at_most_one([*covering[slot], *literals])

    # ------------------------------------------------------------------------------------- darkness and its cost
    def _darkness(self) -> None:
        dead_by: defaultdict[int, list[dict[int, tuple[list[Literal], list[Literal]]]]] = defaultdict(list)
        for job in self.x:
            task = self.problem.jobs[job]
            for block in self.compiled.worked[task.zone]:
                dead_by[block].append({slot: (xs, []) for slot, xs in self.active[job].items()})
            for block in self.compiled.carried[task.zone]:
                kept: defaultdict[int, list[Literal]] = defaultdict(list)
                for restores, _, literals in self.held[job]:
                    if block in restores:
                        for slot, us in self._covering(literals, task.duration).items():
                            kept[slot].extend(us)
                dead_by[block].append({slot: (xs, kept.get(slot, [])) for slot, xs in self.active[job].items()})
        for block, parts in dead_by.items():
            self._block_darkness(block, parts)

    def _block_darkness(self, block: int, parts: list[dict[int, tuple[list[Literal], list[Literal]]]]) -> None:
        costs = self.compiled.blocks[block]
        held_slots = sorted({slot for part in parts for slot, (_, kept) in part.items() if kept})
        for slot in sorted({slot for part in parts for slot in part}):
            dead = self.dead[block, slot] = self.model.new_bool_var("")
            for part in parts:
                if slot in part:
                    on, kept = part[slot]
                    self.model.add(dead >= sum(on) - sum(kept))
            self.terms.append((dead, costs.slot_cost))
        if held_slots:
            self._changeovers(block, parts)

    def _changeovers(self, block: int, parts: list[dict[int, tuple[list[Literal], list[Literal]]]]) -> None:
        """`paid` covers every transferred slot and stays within the outage; each rise of it is one pair of changes."""
        cost = self.compiled.blocks[block].changeover_cost
        changes: defaultdict[int, list[Literal]] = defaultdict(list)
        before: dict[int, Literal] = {}
        for slot in sorted({slot for part in parts for slot in part}):
            paid = self.model.new_bool_var("")
            before[slot] = paid
            self.model.add(paid <= sum(literal for part in parts if slot in part for literal in part[slot][0]))
            for part in parts:
                if slot in part and part[slot][1]:
                    on, kept = part[slot]
                    held = kept if len(kept) <= 1 else [self._any(on, kept)]
                    self.model.add(paid >= sum(held) - self.dead[block, slot])
            rise = self.model.new_bool_var("")
            same_day = slot % self.slots != 0 and slot - 1 in before
            self.model.add(rise >= paid - (before[slot - 1] if same_day else 0))
            self.terms.append((rise, cost))
            changes[slot // self.slots].append(rise)
        self.changes[block] = dict(changes)

    def _any(self, on: list[Literal], kept: list[Literal]) -> Literal:
        """1 when some tie holds; ties of one job may hold together."""
        del on
        either = self.model.new_bool_var("")
        for literal in kept:
            self.model.add_implication(literal, either)
        return either

    # ------------------------------------------------------------------------------------- rules
    def _order(self) -> None:
        for job, options in self.x.items():
            for rule in self.problem.jobs[job].after:
                before = self.x.get(rule.job)
                if before is None:
                    continue
                length = self.problem.jobs[rule.job].duration
                for start, x in options.items():
                    day = start // self.slots - rule.lag_days
                    early = [b for at, b in before.items() if at + length <= start and at // self.slots <= day]
                    self.model.add_bool_or([x.negated(), *early])

    def _crews(self) -> None:
        need: defaultdict[tuple[int, int], list[tuple[int, Literal]]] = defaultdict(list)
        for job, options in self.x.items():
            task = self.problem.jobs[job]
            if task.crew >= 0 and task.crew_count:
                for start, x in options.items():
                    need[task.crew, start // self.slots].append((task.crew_count, x))
        for (crew, day), terms in need.items():
            self.model.add(sum(count * x for count, x in terms) <= self.problem.crews[crew].capacity[day])

    def _repeats(self) -> None:
        rule = self.problem.repeat
        off: defaultdict[int, defaultdict[int, list[Literal]]] = defaultdict(lambda: defaultdict(list))
        for (block, slot), dead in self.dead.items():
            off[block][slot // self.slots].append(dead)
        if rule.transfer_counts:
            for job, options in self.x.items():
                for block in self.compiled.carried[self.problem.jobs[job].zone]:
                    for start, x in options.items():
                        off[block][start // self.slots].append(x)
        for block, days in off.items():
            part = self.compiled.blocks[block]
            spans = [(day, sum(1 for past in part.recent_days if day - rule.window_days < past <= day)) for day in days]
            if len(days) <= part.room and all(count + len(days) <= rule.window for _, count in spans):
                continue
            flags = {day: self.model.new_bool_var("") for day in days}
            for day, literals in days.items():
                for literal in literals:
                    self.model.add_implication(literal, flags[day])
            self.model.add(sum(flags.values()) <= part.room)
            for day, count in spans:
                window = [flag for at, flag in flags.items() if day - rule.window_days < at <= day]
                self.model.add(sum(window) + count <= rule.window).only_enforce_if(flags[day])

    def _budgets(self) -> None:
        for budget in self.problem.budgets:
            terms = []
            for (block, _), dead in self.dead.items():
                if self.compiled.blocks[block].unit == budget.unit:
                    terms.append(self.compiled.blocks[block].unit_slot * dead)
            for block, days in self.changes.items():
                if self.compiled.blocks[block].unit == budget.unit:
                    pair = self.compiled.blocks[block].unit_changeover
                    terms.extend(pair * rise for rises in days.values() for rise in rises)
            if terms and self.problem.prices.over_budget:
                most = sum(self.compiled.blocks[block].unit_slot for block, _ in self.dead) + sum(
                    self.compiled.blocks[block].unit_changeover * len(rises)
                    for block, days in self.changes.items()
                    for rises in days.values()
                )
                over = self.model.new_int_var(0, most, "")
                self.model.add(over >= sum(terms) - round(MILLI * budget.limit_unit_hours))
                self.terms.append((over, self.problem.prices.over_budget))

    def _duals(self) -> None:
        for first, second in self.compiled.duals:
            if first == second:
                for (block, _), dead in self.dead.items():
                    if block == first:
                        self.model.add(dead == 0)
                continue
            for (block, slot), dead in list(self.dead.items()):
                if block == first and (second, slot) in self.dead:
                    self.model.add_at_most_one([dead, self.dead[second, slot]])

    def _concurrency(self) -> None:
        sites: defaultdict[tuple[int, int], defaultdict[int, list[list[Literal]]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for job, covering in self.active.items():
            for rule, site in self.compiled.sites[job]:
                for slot, literals in covering.items():
                    sites[rule, slot][site].append(literals)
        for (rule, _), by_site in sites.items():
            limit = self.problem.concurrency[rule].limit
            if len(by_site) <= limit:
                continue
            flags = []
            for groups in by_site.values():
                flag = self.model.new_bool_var("")
                flags.append(flag)
                for literals in groups:
                    self.model.add(sum(literals) <= flag)
            self.model.add(sum(flags) <= limit)

    # ------------------------------------------------------------------------------------- cuts
    def _day_cuts(self, relaxation: Relaxation) -> None:
        """What a block costs on a day is no less than the day model says."""
        days: defaultdict[tuple[int, int], list[Literal]] = defaultdict(list)
        for job, options in self.x.items():
            for start, x in options.items():
                days[job, start // self.slots].append(x)
        dark: defaultdict[tuple[int, int], list[Any]] = defaultdict(list)
        for (block, slot), dead in self.dead.items():
            dark[block, slot // self.slots].append(self.compiled.blocks[block].slot_cost * dead)
        for block, by_day in self.changes.items():
            for day, rises in by_day.items():
                dark[block, day].extend(self.compiled.blocks[block].changeover_cost * rise for rise in rises)
        for part in relaxation.shared:
            for chain in part.chains:
                for day in {day for job in chain for day in part.least[job]}:
                    terms = [
                        part.least[job][day] * x
                        for job in chain
                        for x in days.get((job, day), ())
                        if day in part.least[job]
                    ]
                    paid = [cost for block in part.blocks for cost in dark.get((block, day), ())]
                    if terms:
                        self.model.add(sum(paid) >= sum(terms))
