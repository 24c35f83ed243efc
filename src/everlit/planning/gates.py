"""The gates of an assessment (评估关口): block, approve or warn, each citing the policy row it measured against.

Domain rule 3.3 names them. A blocking gate stops every approval; an approving gate raises the level of the ladder by
one (提级审批); a warning is shown and kept. A gate that passes is listed too: people see what was checked.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from everlit.grid import Importance
from everlit.kernel import Hardness, Period, Policies, Policy, Text
from everlit.planning.affected import Hours
from everlit.planning.important import Concerned, Sources
from everlit.planning.model import LADDER, Budget, Gate, Nature, Outcome, ProtectedPeriod, Role
from everlit.planning.repeats import Repeats
from everlit.planning.switching_plan import SwitchingPlan


@dataclass(frozen=True, slots=True)
class NoticeDue:
    """A notice that has to be given (通知): to whom, how many, until when, by which row."""

    audience: str
    deadline: datetime
    households: int
    usage_points: tuple[str, ...]
    policy: Policy

    def as_json(self) -> dict[str, object]:
        """As the assessment shows it."""
        return {
            "audience": self.audience,
            "deadline": self.deadline.isoformat(),
            "households": self.households,
            "usage_points": list(self.usage_points),
            "policy": self.policy.as_json(),
        }


@dataclass(frozen=True)
class Facts:
    """Everything the gates look at."""

    period: Period
    nature: Nature
    now: datetime
    zone: tzinfo
    units: Sequence[str]
    plan: SwitchingPlan
    missing_work_min: float
    hours: Hours
    unit_hours: Mapping[str, float]
    budgets: Mapping[str, Budget]
    important: Sequence[Concerned]
    sources: Sequence[Sources]
    repeats: Repeats
    protected: Sequence[ProtectedPeriod]
    notices: Sequence[NoticeDue]
    policies: Policies
    plans: Collection[str]
    told: bool

    def row(self, key: str) -> Policy:
        """The row in force on the day of the outage."""
        return self.policies.row(key, on=self.period.start.date())


def _gate(
    facts: Facts,
    key: str,
    measured: float,
    *,
    holds: bool,
    otherwise: Outcome,
    en: str,
    zh: str,
    subjects: Sequence[str] = (),
) -> Gate:
    """A gate that passes when `holds`; its message tells the measured value either way."""
    outcome = Outcome.PASS if holds else otherwise
    return Gate(key, outcome, facts.row(key), float(measured), Text(en, zh), tuple(subjects))


MOST_SHARE = 999.0
"""The highest share of a budget that is told."""


def isolated(facts: Facts) -> Gate:
    """A visible break on every infeed."""
    hidden = [each.behind for each in facts.plan.isolation.breaks if not each.visible]
    en, zh = f"{len(hidden)} infeeds rest on a withdrawn device.", f"{len(hidden)} 个来电侧以设备拉出作为断开点。"
    return _gate(
        facts,
        "isolate.visible_break",
        float(not hidden),
        holds=not hidden,
        otherwise=Outcome.WARN,
        en=en,
        zh=zh,
        subjects=hidden,
    )


def safe(facts: Facts) -> Gate:
    """No state on the path breaks a safety predicate (五防)."""
    broken = facts.plan.violations
    en, zh = f"{len(broken)} unsafe steps on the path.", f"操作路径上有 {len(broken)} 处不安全。"
    subjects = [finding.subject for finding in broken[:20]]
    return _gate(
        facts, "path.safe", len(broken), holds=not broken, otherwise=Outcome.BLOCK, en=en, zh=zh, subjects=subjects
    )


def certified(facts: Facts) -> Gate:
    """Who could be transferred is transferred (能转必转): each healthy section left dark carries its checked reason."""
    left = facts.plan.uncertified
    en, zh = f"{left} healthy sections are dark without a reason.", f"{left} 个非工作区段失电且无校核原因。"
    return _gate(facts, "transfer.must", left, holds=left == 0, otherwise=Outcome.BLOCK, en=en, zh=zh)


def in_time(facts: Facts) -> Gate:
    """Out, work and back fit the announced period."""
    over = facts.plan.path_min - facts.period.hours * 60
    switching = facts.plan.out_min + facts.plan.back_min
    en = f"Switching takes {switching:.0f} min of {facts.period.hours * 60:.0f}."
    zh = f"停送电操作需 {switching:.0f} 分钟，停电时段 {facts.period.hours * 60:.0f} 分钟。"
    return _gate(facts, "path.time", max(0.0, over), holds=over <= 0, otherwise=Outcome.BLOCK, en=en, zh=zh)


def work_time(facts: Facts) -> Gate:
    """Every request has the minutes it asked for between permit and return."""
    missing, left = facts.missing_work_min, facts.plan.work_min
    en, zh = f"{left:.0f} min are left for work.", f"可工作时间 {left:.0f} 分钟。"
    if missing > 0:
        en = f"{left:.0f} min are left for work, {missing:.0f} fewer than asked for: lengthen the outage."
        zh = f"可工作时间 {left:.0f} 分钟，较申请少 {missing:.0f} 分钟：请延长停电时段。"
    return _gate(facts, "work.time", missing, holds=missing <= 0, otherwise=Outcome.BLOCK, en=en, zh=zh)


def both_sources(facts: Facts) -> Gate:
    """Both sources of a customer are never off together."""
    worst = max((one.together_dark_min for one in facts.sources), default=0.0)
    row = facts.row("important.both_sources")
    off = [one.customer for one in facts.sources if not row.holds(one.together_dark_min)]
    en, zh = f"{len(off)} customers lose all their sources together.", f"{len(off)} 个双电源用户两路同停。"
    return _gate(facts, row.key, worst, holds=not off, otherwise=Outcome.BLOCK, en=en, zh=zh, subjects=off)


def on_one_source(facts: Facts) -> Gate:
    """A customer with two sources keeps two, or has an approved plan."""
    bare = [one.customer for one in facts.sources if one.on_one_source and not one.plan]
    en, zh = (
        f"{len(bare)} customers are left on one source without a plan.",
        f"{len(bare)} 个双电源用户仅剩一路且无预案。",
    )
    return _gate(facts, "important.n1", len(bare), holds=not bare, otherwise=Outcome.BLOCK, en=en, zh=zh, subjects=bare)


def bearable(facts: Facts) -> Gate:
    """Important customers are dark no longer than they can bear; without a plan special and first grade block."""
    beyond = [one for one in facts.important if not one.bears_it and one.point.importance >= Importance.TEMPORARY]
    worst = max((one.longest_min / max(one.point.bearable_min or 0.0, 1.0) for one in beyond), default=0.0)
    hard = [one for one in beyond if one.point.importance >= Importance.FIRST and not one.plan]
    en, zh = (
        f"{len(beyond)} important customers are dark longer than they can bear.",
        f"{len(beyond)} 个重要用户停电超过可承受时长。",
    )
    return _gate(
        facts,
        "important.bearable",
        worst,
        holds=not beyond,
        otherwise=Outcome.BLOCK if hard else Outcome.APPROVE,
        en=en,
        zh=zh,
        subjects=[one.point.usage_point_id for one in beyond],
    )


def life_support(facts: Facts) -> Gate:
    """Households with life support are visited and supplied before they are cut off."""
    homes = [one.point.usage_point_id for one in facts.important if one.point.life_support and not one.plan]
    en, zh = (
        f"{len(homes)} households with life support need their own supply.",
        f"{len(homes)} 户有生命支持设备，须落实保障。",
    )
    return _gate(
        facts, "life_support", len(homes), holds=not homes, otherwise=Outcome.APPROVE, en=en, zh=zh, subjects=homes
    )


def not_repeated(facts: Facts) -> Gate:
    """No frequent customer is cut off once more, and none becomes frequent."""
    return repetition(facts.repeats, period=facts.period, policies=facts.policies)


def repetition(repeats: Repeats, *, period: Period, policies: Policies) -> Gate:
    """The repeat gate on counts alone, so that it can be asked again when the history has grown."""
    beyond, reasons = int(repeats.beyond.sum()), repeats.reasons
    newly = int((repeats.beyond & ~repeats.already_frequent).sum())
    key = max(reasons, key=lambda name: reasons[name]) if beyond else "rep.year_total"
    worst = max((getattr(one, _FIELDS[key]) for one in repeats.counted), default=0)
    message = Text(
        f"{newly} customers become frequently interrupted, {beyond - newly} who are already would be cut off again.",
        f"{newly} 个用户将成为频繁停电用户，{beyond - newly} 个已频繁停电用户将再次停电。",
    )
    row = policies.row(key, on=period.start.date())
    return Gate(key, Outcome.BLOCK if beyond else Outcome.PASS, row, float(worst), message)


_FIELDS = {"rep.year_total": "year", "rep.window60": "window", "rep.planned_year": "planned"}


def repeat_warning(facts: Facts) -> Gate:
    """Customers close to the repeat limits are named before they reach them."""
    warned = int(facts.repeats.warned.sum())
    en, zh = f"{warned} customers come close to the repeat limits.", f"{warned} 个用户达到重复停电预警。"
    return _gate(facts, "rep.warn_year", warned, holds=warned == 0, otherwise=Outcome.WARN, en=en, zh=zh)


def notice_possible(facts: Facts) -> Gate:
    """Every legal notice can still be given, or was given: people know this very period and are the same."""
    legal = [due for due in facts.notices if due.policy.hardness is Hardness.LEGAL]
    late = [due for due in legal if facts.now > due.deadline and not facts.told]
    first = min(late or legal, key=lambda due: due.deadline) if legal else None
    key = first.policy.key if first else "notice.temporary"
    left_h = (first.deadline - facts.now) / timedelta(hours=1) if first else 0.0
    en = f"Legal notice was due {-left_h:.0f} h ago." if late else f"Legal notice is due in {left_h:.0f} h."
    zh = f"法定通知已逾期 {-left_h:.0f} 小时。" if late else f"距法定通知时限 {left_h:.0f} 小时。"
    if first is None:
        en, zh = "No legal notice is due.", "无须履行法定通知。"
    elif facts.told:
        en, zh = "People were told this outage.", "已按本时段和范围通知用户。"
    return _gate(facts, key, left_h, holds=not late, otherwise=Outcome.BLOCK, en=en, zh=zh)


def notice_target(facts: Facts) -> Gate:
    """The utility's own notice target."""
    row = facts.row("notice.target_internal")
    days = (facts.period.start - facts.now) / timedelta(days=1)
    holds = facts.told or facts.nature is not Nature.PLANNED or row.holds(days)
    en, zh = f"{days:.1f} days until the outage.", f"距停电 {days:.1f} 天。"
    return _gate(facts, row.key, days, holds=holds, otherwise=Outcome.WARN, en=en, zh=zh)


def unprotected(facts: Facts) -> Gate:
    """No protected period is touched."""
    return protection(facts.protected, period=facts.period, units=facts.units, policies=facts.policies)


def protection(
    protected: Sequence[ProtectedPeriod], *, period: Period, units: Collection[str], policies: Policies
) -> Gate:
    """The gate of protected periods on the calendar alone, so that it can be asked again when one was entered."""
    hit = [
        one
        for one in protected
        if one.period.overlaps(period) and (not one.units or not set(one.units).isdisjoint(units))
    ]
    message = Text(f"{len(hit)} protected periods are touched.", f"涉及 {len(hit)} 个保供电时段。")
    row, outcome = policies.row("protected.period", on=period.start.date()), Outcome.BLOCK if hit else Outcome.PASS
    return Gate(row.key, outcome, row, float(len(hit)), message, tuple(one.key for one in hit))


def within_budget(facts: Facts) -> Gate:
    """The unit's customer-hours of the month suffice (时户数预算)."""
    return spending(facts.budgets, facts.unit_hours, period=facts.period, policies=facts.policies)


def spending(
    budgets: Mapping[str, Budget], unit_hours: Mapping[str, float], *, period: Period, policies: Policies
) -> Gate:
    """The gate of the budgets on hours alone, so that it can be asked again when others have used them up.

    The share of a budget of nothing is told as `MOST_SHARE` as soon as anything of it is used.
    """
    row, shares = policies.row("budget.month", on=period.start.date()), dict[str, float]()
    used = {
        unit: budgets[unit].used_h + budgets[unit].committed_h + unit_hours[unit]
        for unit in budgets
        if unit in unit_hours
    }
    for unit, hours in used.items():
        allotted = budgets[unit].allotted_h
        shares[unit] = min(hours / allotted, MOST_SHARE) if allotted > 0 else MOST_SHARE * (hours > 0)
    over = [unit for unit, share in shares.items() if not row.holds(share)]
    unit = max(shares, key=lambda name: shares[name], default="")
    worst = shares.get(unit, 0.0)
    message = Text(f"{worst:.0%} of the month's budget would be used.", f"月度时户数预算使用率将达 {worst:.0%}。")
    if worst == MOST_SHARE:
        hours, allotted = used[unit], budgets[unit].allotted_h
        message = Text(
            f"{hours:.1f} customer-hours of a budget of {allotted:g} would be used.",
            f"将使用 {hours:.1f} 时户，预算仅 {allotted:g} 时户。",
        )
    return Gate(row.key, Outcome.APPROVE if over else Outcome.PASS, row, float(worst), message, tuple(over))


def short_enough(facts: Facts) -> Gate:
    """A long outage needs one more level."""
    row, hours = facts.row("approve.duration"), facts.period.hours
    return _gate(
        facts,
        row.key,
        hours,
        holds=row.holds(hours),
        otherwise=Outcome.APPROVE,
        en=f"{hours:.1f} h long.",
        zh=f"停电 {hours:.1f} 小时。",
    )


def few_enough(facts: Facts) -> Gate:
    """Many households need one more level."""
    row, homes = facts.row("approve.households"), facts.hours.households
    return _gate(
        facts,
        row.key,
        homes,
        holds=row.holds(homes),
        otherwise=Outcome.APPROVE,
        en=f"{homes} households.",
        zh=f"停电 {homes} 户。",
    )


def by_daylight(facts: Facts) -> Gate:
    """Restoration at night needs one more level."""
    row, end = facts.row("approve.night_from"), facts.period.end.astimezone(facts.zone)
    hour = end.hour + end.minute / 60
    hour = hour + 24 if hour < 6 else hour
    en, zh = f"Restoration at {end:%H:%M}.", f"{end:%H:%M} 送电。"
    return _gate(facts, row.key, hour, holds=row.holds(hour), otherwise=Outcome.APPROVE, en=en, zh=zh)


GATES: tuple[Callable[[Facts], Gate], ...] = (
    isolated,
    safe,
    certified,
    in_time,
    work_time,
    both_sources,
    on_one_source,
    bearable,
    life_support,
    not_repeated,
    repeat_warning,
    notice_possible,
    notice_target,
    unprotected,
    within_budget,
    short_enough,
    few_enough,
    by_daylight,
)


def approver(customer_hours: float, gates: Sequence[Gate], *, policies: Policies, on: datetime) -> Role:
    """The lowest role that may approve: by customer-hours (审批层级), one level up when a gate asks for it."""
    rows = [policies.row(f"approve.ladder.{level}", on=on.date()) for level in (1, 2, 3)]
    level = sum(not row.holds(customer_hours) for row in rows)
    raised = any(gate.outcome is Outcome.APPROVE for gate in gates)
    return LADDER[min(level + raised, len(LADDER) - 1)]
