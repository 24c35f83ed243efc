"""Why a place is not allowed: every rule against one start of one job on a board, and who stands in the way.

The board itself only says no, quickly. Here the same rules answer one by one, each with the jobs that take up what it
limits; `kind` and `subject` are those the judge's findings carry.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from everlit.kernel import Finding, Text
from everlit.planning.board import Board, Dark, window_holds
from everlit.planning.check import date_findings


@dataclass(frozen=True, slots=True, order=True)
class Objection:
    """One rule against one place; `jobs` are the others involved."""

    kind: str
    subject: str
    jobs: tuple[int, ...] = ()

    @property
    def rule(self) -> tuple[str, str]:
        """The rule alone, whoever is involved."""
        return self.kind, self.subject

    def finding(self, board: Board, job: int) -> Finding:
        """The objection as a finding about the job."""
        jobs = board.compiled.problem.jobs
        names = [jobs[other].job_id for other in self.jobs]
        en, zh = SAYS[self.kind]
        others = (f" (with {', '.join(names)})", f"（涉及 {'、'.join(names)}）") if names else ("", "")
        text = Text(
            en=f"{jobs[job].job_id}: {en.format(subject=self.subject)}{others[0]}.",
            zh=f"{jobs[job].job_id}：{zh.format(subject=self.subject)}{others[1]}。",
        )
        return Finding(self.kind, jobs[job].job_id, text, {"rule": self.subject, "jobs": names})


SAYS = {
    "schedule.horizon": ("it does not fit its planning day", "超出计划日"),
    "schedule.notice": ("legal notice is no longer possible", "已过法定通知期"),
    "schedule.period": ("outside the period it asked for", "不在申请期内"),
    "schedule.window": ("outside its daily window", "不在允许时段内"),
    "schedule.rest_day": ("not on a rest day", "休息日不可作业"),
    "schedule.forbidden": ("protected period {subject}", "保电时段：{subject}"),
    "schedule.precedence": ("its order with {subject}", "与 {subject} 的先后次序"),
    "schedule.crew": ("crews {subject} are taken that day", "班组 {subject} 当日不足"),
    "schedule.repeat": ("repeat limit of {subject}", "重复停电限制：{subject}"),
    "schedule.dual": ("both sources of {subject} would be dead", "双电源同停：{subject}"),
    "schedule.concurrency": ("too many outages at once at {subject}", "同时停电数超限：{subject}"),
}


def objections(board: Board, job: int, start: int, *, naming: bool = True) -> list[Objection]:
    """Every rule against placing an unplaced job there; none when `Board.weigh` allows it.

    `naming=False` leaves out who else is involved in a repeat limit, which takes most of the time.
    """
    problem = board.compiled.problem
    found = [Objection(f.kind, str(f.evidence.get("rule", ""))) for f in date_findings(problem, job, start)]
    if any(objection.kind == "schedule.horizon" for objection in found):
        return found
    dark = board.priced(job, start).dark
    day = start // board.slots
    found += _crews(board, job, day)
    found += _order(board, job, start)
    found += _concurrency(board, job, start)
    found += _repeats(board, job, day, dark, naming)
    found += _duals(board, job, day, dark)
    return found


def _crews(board: Board, job: int, day: int) -> Iterator[Objection]:
    problem = board.compiled.problem
    task = problem.jobs[job]
    if task.crew >= 0 and board.crews[task.crew][day] < task.crew_count:
        taken = (other for other in board.days[day] if problem.jobs[other].crew == task.crew)
        yield Objection("schedule.crew", problem.crews[task.crew].crew_id, tuple(sorted(taken)))


def _order(board: Board, job: int, start: int) -> Iterator[Objection]:
    problem = board.compiled.problem
    for rule in problem.jobs[job].after:
        before = board.starts[rule.job]
        if before is None or not board.follows(before, rule.job, start, rule.lag_days):
            yield Objection("schedule.precedence", problem.jobs[rule.job].job_id, (rule.job,))
    for later in board.compiled.successors[job]:
        begun = board.starts[later]
        lags = [rule.lag_days for rule in problem.jobs[later].after if rule.job == job]
        if begun is not None and not all(board.follows(start, job, begun, lag) for lag in lags):
            yield Objection("schedule.precedence", problem.jobs[later].job_id, (later,))


def _concurrency(board: Board, job: int, start: int) -> Iterator[Objection]:
    problem = board.compiled.problem
    day = start // board.slots
    for rule, site in board.compiled.sites[job]:
        if not board.site_fits(rule, site, job, start):
            others = (other for other in board.days[day] if any(its == rule for its, _ in board.compiled.sites[other]))
            yield Objection("schedule.concurrency", problem.concurrency[rule].name, tuple(sorted(others)))


def _repeats(board: Board, job: int, day: int, dark: Dark, naming: bool) -> Iterator[Objection]:
    problem = board.compiled.problem
    rule = problem.repeat
    for number, (dead, held) in sorted(dark.items()):
        days, block = board.off_days[number], board.compiled.blocks[number]
        if not (dead or (held and rule.transfer_counts)) or days >> day & 1:
            continue
        days |= 1 << day
        if days.bit_count() > block.room or not window_holds(days, block.recent_days, rule.window, rule.window_days):
            near = board.compiled.related[job][1:] if naming else ()
            placed = sorted(other for other in near if board.starts[other] is not None)
            others = tuple(other for other in placed if number in board.blocks_of([other]))
            yield Objection("schedule.repeat", problem.sections[block.sections[0]].section_id, others)


def _duals(board: Board, job: int, day: int, dark: Dark) -> Iterator[Objection]:
    problem = board.compiled.problem
    for dual, (first, second) in zip(problem.duals, board.compiled.duals, strict=True):
        if first not in dark and second not in dark:
            continue
        one, two = (dark.get(block) or board.dark[day].get(block, (0, 0)) for block in (first, second))
        if one[0] & two[0]:
            others = (o for o in board.days[day] if o != job and not board.blocks_of([o]).isdisjoint({first, second}))
            yield Objection("schedule.dual", dual.customer_id, tuple(sorted(others)))
