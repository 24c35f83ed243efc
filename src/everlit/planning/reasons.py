"""Why each request stands where it stands (排程理由), and why a refused one has no place (冲突约束).

A placed job is lifted off the finished plan and every other day is tried: what would the plan cost with the job there,
or which rules forbid it. A rule that forbids a *cheaper* place is **binding**: without it the job would stand there.

A refused job breaks at least one rule at every start. The **conflict** is a set of rules that still forbids them all and
cannot spare any: take one away and some start is free of the rest. First the job is tried alone in an empty month; only
if it could stand there, among the others as planned.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any

from everlit.kernel import Finding, Text
from everlit.planning.board import Board
from everlit.planning.check import Starts, date_findings
from everlit.planning.compiled import compile_problem
from everlit.planning.greedy import worthwhile_starts
from everlit.planning.objections import Objection, objections
from everlit.planning.outages import outages
from everlit.planning.problem import MILLI, MonthProblem

Rule = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another day for the job: the best start there and what the plan would cost more (milli customer-hours).

    `forbidden`: the rules against the day where no start of it is allowed; `more` is then the cost without them.
    """

    day: int
    start: int
    more: int
    forbidden: tuple[Objection, ...] = ()

    def as_json(self, problem: MonthProblem) -> dict[str, Any]:
        """With local time and customer-hours."""
        return {
            "start": problem.horizon.instant(self.start).isoformat(),
            "more_customer_hours": self.more / MILLI,
            "forbidden": [{"kind": rule.kind, "subject": rule.subject} for rule in self.forbidden],
        }


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a job stands where it stands; `wanted`: the day it was asked for, where that is another one of the month."""

    job: int
    start: int
    merged_with: tuple[int, ...]
    saves: int
    alternatives: tuple[Alternative, ...]
    binding: tuple[Objection, ...]
    message: Text
    wanted: Alternative | None = None

    def as_json(self, problem: MonthProblem) -> dict[str, Any]:
        """With ids, local times and customer-hours."""
        at = problem.horizon.instant
        return {
            "job": problem.jobs[self.job].job_id,
            "start": at(self.start).isoformat(),
            "merged_with": [problem.jobs[job].job_id for job in self.merged_with],
            "saves_customer_hours": self.saves / MILLI,
            "message": self.message.as_json(),
            "binding": [{"kind": rule.kind, "subject": rule.subject} for rule in self.binding],
            "wanted": self.wanted and self.wanted.as_json(problem),
            "alternatives": [other.as_json(problem) for other in self.alternatives],
        }


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why a refused job has no place: rules that forbid all starts, none to spare; `alone`: in an empty month too."""

    job: int
    alone: bool
    rules: tuple[Objection, ...]
    message: Text

    def finding(self, problem: MonthProblem) -> Finding:
        """The conflict as a finding about the request."""
        name = problem.jobs[self.job].job_id
        rules = [{"kind": rule.kind, "subject": rule.subject} for rule in self.rules]
        return Finding("schedule.refused", name, self.message, {"alone": self.alone, "rules": rules})

    def as_json(self, problem: MonthProblem) -> dict[str, Any]:
        """The finding, with the jobs in the way."""
        jobs = sorted({problem.jobs[job].job_id for rule in self.rules for job in rule.jobs})
        return {**self.finding(problem).as_json(), "jobs": jobs}


def reasons(problem: MonthProblem, starts: Starts) -> tuple[Reason, ...]:
    """One reason for every placed job."""
    compiled = compile_problem(problem)
    board = Board(compiled, starts)
    beside = {job: outage.jobs for outage in outages(problem, starts) for job in outage.jobs}
    empty = Board(compiled)
    return tuple(_reason(board, empty, job, beside[job]) for job, start in enumerate(starts) if start is not None)


def conflicts(problem: MonthProblem, starts: Starts) -> tuple[Conflict, ...]:
    """One conflict for every refused job."""
    compiled = compile_problem(problem)
    board = Board(compiled, starts)
    empty = Board(compiled)
    return tuple(_conflict(board, empty, job) for job, start in enumerate(starts) if start is None)


def _reason(board: Board, empty: Board, job: int, group: Sequence[int]) -> Reason:
    problem, start = board.compiled.problem, board.starts[job]
    assert start is not None
    board.lift(job)
    here = board.priced(job, start)
    alone = empty.priced(job, start).delta
    alternatives = tuple(_alternatives(board, job, start, here.delta))
    board.place(here)
    binding = {rule for other in alternatives if other.more < 0 for rule in other.forbidden}
    merged = tuple(other for other in group if other != job)
    saves = max(0, alone - here.delta)
    asked = problem.jobs[job].wanted
    day = -1 if asked is None else problem.horizon.day(asked)
    wanted = next((other for other in alternatives if other.day == day), None)
    message = _say(problem, job, merged, saves, alternatives, sorted(binding), wanted)
    return Reason(job, start, merged, saves, alternatives, tuple(sorted(binding)), message, wanted)


def _alternatives(board: Board, job: int, start: int, here: int) -> Iterable[Alternative]:
    """The best start of every other day; where none is allowed, the one it would take and what forbids it.

    A day on which the job has no start at all is tried at the present hour.
    """
    by_day: defaultdict[int, list[int]] = defaultdict(list)
    for other in worthwhile_starts(board, job):
        by_day[other // board.slots].append(other)
    for day in range(len(board.days)):
        if day == start // board.slots:
            continue
        options = by_day.get(day) or [day * board.slots + start % board.slots]
        weighed = (board.weigh(job, option) for option in by_day.get(day, ()))
        allowed = [placement for placement in weighed if placement is not None]
        if allowed:
            best = min(allowed, key=lambda placement: (placement.delta, placement.start))
            yield Alternative(day, best.start, best.delta - here)
        else:
            wanted = min((board.priced(job, option) for option in options), key=lambda p: (p.delta, p.start))
            yield Alternative(
                day, wanted.start, wanted.delta - here, tuple(sorted(objections(board, job, wanted.start)))
            )


def _conflict(board: Board, empty: Board, job: int) -> Conflict:
    """Tried alone in an empty month first, where predecessors do not count."""
    problem = board.compiled.problem
    alone = _conflicting(empty, job, apart={"schedule.precedence"})
    chosen = alone or _conflicting(board, job, apart=set())
    if not chosen:
        return _still_free(board, job)
    rules = tuple(sorted(chosen))
    said = [rule.finding(board, job).message for rule in rules]
    name = problem.jobs[job].job_id
    where = ("by itself", "自身") if alone else ("beside the others", "与其他任务")
    message = Text(
        en=f"{name} has no place {where[0]}: " + " ".join(text.en.removeprefix(f"{name}: ") for text in said),
        zh=f"{name} {where[1]}无可行时间：" + "".join(text.zh.removeprefix(f"{name}：") for text in said),
    )
    return Conflict(job, bool(alone), rules, message)


def _still_free(board: Board, job: int) -> Conflict:
    """The plan left the job out although it has room for it: said as it is."""
    name = board.compiled.problem.jobs[job].job_id
    message = Text(en=f"{name} is left out, yet a place for it is free.", zh=f"{name} 未安排，但仍有可行时间。")
    return Conflict(job, False, (), message)


def _conflicting(board: Board, job: int, *, apart: set[str]) -> set[Objection]:
    """A conflict of a job on a board, none of whose rules can be spared; empty when some start is free.

    The starts its dates allow need a smallest set of the other rules; to those come the fewest rules of dates that forbid
    every start outside, unless the others do.
    """
    problem, compiled = board.compiled.problem, board.compiled
    inside = [
        [rule for rule in objections(board, job, start, naming=False) if rule.kind not in apart]
        for start in compiled.starts[job]
    ]
    if not all(inside):
        return set()
    chosen = smallest_conflict([{rule.rule for rule in start} for start in inside])
    last = problem.horizon.slots_per_day - problem.jobs[job].duration
    outside: defaultdict[frozenset[Rule], list[int]] = defaultdict(list)
    for start in (problem.horizon.start(day, slot) for day in range(problem.horizon.days) for slot in range(last + 1)):
        if start not in compiled.start_sets[job]:
            broken = date_findings(problem, job, start)
            outside[frozenset((f.kind, str(f.evidence.get("rule", ""))) for f in broken)].append(start)

    @cache
    def met(start: int) -> bool:
        return bool(chosen) and any(rule.rule in chosen for rule in objections(board, job, start, naming=False))

    dates = _fewest(list(outside), lambda rules: all(met(start) for start in outside[rules]))
    named = [objections(board, job, start) for start in compiled.starts[job][:: len(compiled.starts[job]) // 12 + 1]]
    evidence = [_evidence(rule, [*inside, *named]) for rule in chosen]
    return {*evidence, *(Objection(*rule) for rule in dates)}


def _fewest(sets: list[frozenset[Rule]], spared: Callable[[frozenset[Rule]], bool]) -> frozenset[Rule]:
    """The fewest rules that meet every set which is not `spared`."""
    every = sorted(set().union(*sets))
    for size in range(len(every) + 1):
        for rules in combinations(every, size):
            if all(not one.isdisjoint(rules) or spared(one) for one in sets):
                return frozenset(rules)
    return frozenset(every)


def _evidence(rule: Rule, broken: Iterable[Iterable[Objection]]) -> Objection:
    jobs = {job for start in broken for objection in start if objection.rule == rule for job in objection.jobs}
    return Objection(*rule, tuple(sorted(jobs)))


def smallest_conflict(broken: Sequence[set[Rule]]) -> frozenset[Rule]:
    """A smallest set of rules that meets every start's broken rules; empty when some start breaks none.

    >>> sorted(smallest_conflict([{("a", ""), ("b", "")}, {("b", "")}, {("c", "")}]))
    [('b', ''), ('c', '')]
    """
    needed = [frozenset(rules) for rules in dict.fromkeys(frozenset(rules) for rules in broken)]
    if not all(needed):
        return frozenset()
    needed = [rules for rules in needed if not any(other < rules for other in needed)]
    every = sorted(set().union(*needed))
    for size in range(1, 5):
        for chosen in combinations(every, size):
            if all(not rules.isdisjoint(chosen) for rules in needed):
                return frozenset(chosen)
    kept = set(every)
    for rule in every:
        if all(not rules.isdisjoint(kept - {rule}) for rules in needed):
            kept.discard(rule)
    return frozenset(kept)


def _say(
    problem: MonthProblem,
    job: int,
    merged: tuple[int, ...],
    saves: int,
    alternatives: Sequence[Alternative],
    binding: Sequence[Objection],
    wanted: Alternative | None,
) -> Text:
    """One line for people: with whom, what it saves, why not as wanted, what the next best day costs, which rules bind."""
    name = problem.jobs[job].job_id
    en, zh = [], []
    if merged:
        names = [problem.jobs[other].job_id for other in merged]
        en.append(f"merged with {', '.join(names)}, saving {saves / MILLI:.1f} customer-hours")
        zh.append(f"与 {'、'.join(names)} 合并停电，节约 {saves / MILLI:.1f} 时户")
    if wanted is not None:
        day = problem.horizon.instant(wanted.start).date()
        rules = _rules(wanted.forbidden)
        en.append(f"wanted {day}: " + (f"forbidden by {rules[0]}" if rules[0] else f"{wanted.more / MILLI:.1f} more"))
        zh.append(f"期望日期 {day}：" + (f"受限于 {rules[1]}" if rules[0] else f"多 {wanted.more / MILLI:.1f} 时户"))
    free = [other for other in alternatives if not other.forbidden]
    if free:
        best = min(free, key=lambda other: other.more)
        day = problem.horizon.instant(best.start).date()
        en.append(f"the next best day, {day}, costs {best.more / MILLI:.1f} more")
        zh.append(f"次优日期 {day}，多 {best.more / MILLI:.1f} 时户")
    elif alternatives:
        en.append("every other day is forbidden")
        zh.append("其他日期均受约束")
    else:
        en.append("the month has no other day")
        zh.append("本月无其他日期")
    if binding:
        rules = _rules(binding)
        en.append(f"cheaper days are forbidden by {rules[0]}")
        zh.append(f"更优日期受限于：{rules[1]}")
    return Text(en=f"{name}: {'; '.join(en)}.", zh=f"{name}：{'；'.join(zh)}。")


def _rules(broken: Iterable[Objection]) -> tuple[str, str]:
    """Rules as a list of words, in English and in Chinese; empty when there are none."""
    names = sorted({f"{rule.kind.removeprefix('schedule.')} {rule.subject}".strip() for rule in broken})
    return ", ".join(names), "、".join(names)
