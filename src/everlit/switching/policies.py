"""The thresholds of switching as rows (domain.md 6, 16): what a loop closing may show, what a device may break, how long a step takes.

Nothing in the rules is a number: a utility replaces a row and every check, ticket and refusal follows and cites it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from everlit.kernel import Hardness, Policies, Policy, Text

GB_26860 = "GB 26860 电力安全工作规程"
OPERATION = "company switching practice"

NEWEST = date.max
"""The day that sees every open-ended row: rules without a day of their own use the newest rows."""


def _row(
    key: str,
    value: float,
    unit: str,
    comparator: str,
    en: str,
    zh: str,
    document: str = OPERATION,
    confidence: str = "G?",
) -> Policy:
    hardness = Hardness.STANDARD if document == GB_26860 else Hardness.INTERNAL
    return Policy(key, value, unit, comparator, Text(en, zh), hardness, document=document, confidence=confidence)


def _rows() -> Iterator[Policy]:
    """A comparator says what must hold: measured <comparator> value."""
    yield _row("loop.dU", 5.0, "%", "<=", "voltage difference across a tie to be closed hot", "合环点电压差")
    yield _row("loop.dU_hard", 10.0, "%", "<=", "voltage difference across a tie, never above", "合环点电压差上限")
    yield _row("loop.dDelta", 5.0, "deg", "<=", "angle difference across a tie to be closed hot", "合环点相角差")
    yield _row(
        "loop.shift",
        0.0,
        "deg",
        "=",
        "phase shift between the vector groups of both paths",
        "两侧联结组别相位差",
        OPERATION,
        "G",
    )
    yield _row(
        "loop.across_sources",
        1.0,
        "yes",
        "=",
        "infeeds of the model belong to one synchronous system",
        "各上级电源属同一同步系统",
    )
    yield _row(
        "loop.loading",
        1.0,
        "p.u.",
        "<",
        "loop current plus load current over the rating of every element",
        "合环电流与负荷电流之和占额定",
        OPERATION,
        "G",
    )
    yield _row(
        "loop.pickup_margin",
        1.1,
        "p.u.",
        ">=",
        "protection pickup over the closed-loop current",
        "保护定值与合环电流之比",
        OPERATION,
        "G",
    )
    yield _row(
        "loop.pickup",
        1.5,
        "p.u.",
        "=",
        "overcurrent pickup assumed, over the rating of the feeder head",
        "过流保护定值(按额定倍数取)",
    )
    yield _row(
        "loop.instantaneous",
        5.0,
        "p.u.",
        "=",
        "instantaneous pickup assumed, over the rating of the feeder head",
        "速断保护定值(按额定倍数取)",
    )
    yield _row("loop.inrush", 2.5, "p.u.", "=", "loop inrush over steady loop current, upper end", "合环冲击电流倍数")
    yield _row("loop.max_time", 15.0, "min", "<=", "time two feeders stay paralleled", "合环运行时间")
    yield _row(
        "disconnector.charging_a",
        5.0,
        "A",
        "<=",
        "charging current a disconnector may make or break",
        "隔离开关拉合空载线路电容电流",
        GB_26860,
        "G",
    )
    yield _row(
        "disconnector.magnetising_a",
        2.0,
        "A",
        "<=",
        "no-load transformer current a disconnector may make or break",
        "隔离开关拉合空载变压器励磁电流",
        GB_26860,
        "G",
    )
    yield _row(
        "fuse.mv_load_a",
        2.0,
        "A",
        "<=",
        "current an MV drop-out fuse may make or break",
        "跌落式熔断器拉合电流",
        OPERATION,
        "G?",
    )
    yield _row(
        "break.rating",
        1.0,
        "p.u.",
        "<=",
        "current broken over the rating of the device",
        "开断电流占额定",
        OPERATION,
        "G",
    )
    yield _row(
        "visible_break.disconnector",
        1.0,
        "yes",
        "=",
        "an open disconnector is a visible break",
        "隔离开关为明显断开点",
        GB_26860,
        "G",
    )
    yield _row(
        "visible_break.load_break_switch",
        1.0,
        "yes",
        "=",
        "an open load-break switch is a visible break",
        "负荷开关为明显断开点",
        OPERATION,
    )
    yield _row(
        "visible_break.fuse",
        1.0,
        "yes",
        "=",
        "a withdrawn fuse is a visible break",
        "熔断器取下为明显断开点",
        GB_26860,
        "G",
    )
    yield _row(
        "visible_break.breaker",
        0.0,
        "yes",
        "=",
        "an open breaker alone is a visible break",
        "断路器单独作为明显断开点",
        GB_26860,
        "G",
    )
    yield _row(
        "visible_break.recloser",
        0.0,
        "yes",
        "=",
        "an open recloser alone is a visible break",
        "重合器单独作为明显断开点",
    )
    yield _row(
        "visible_break.sectionaliser",
        0.0,
        "yes",
        "=",
        "an open sectionaliser alone is a visible break",
        "分段器单独作为明显断开点",
    )
    yield _row("step.loading", 1.0, "p.u.", "<=", "branch current over rating while switching", "操作过程中支路负载率")
    yield _row(
        "step.worsening",
        0.005,
        "p.u.",
        "<=",
        "how much a step may worsen what was beyond its limit before",
        "操作中原已越限处允许的恶化量",
    )
    yield _row(
        "step.voltage", 10.0, "%", "<=", "voltage deviation while switching", "操作过程中电压偏差", OPERATION, "V2"
    )
    yield _row("minutes.remote", 1.0, "min", "=", "one remote operation with its repeat-back", "一次遥控操作(含复诵)")
    yield _row("minutes.manual", 3.0, "min", "=", "one manual operation with its repeat-back", "一次就地操作(含复诵)")
    yield _row(
        "minutes.travel", 10.0, "min", "=", "travel between two places of manual operation", "两处就地操作之间的路程"
    )
    yield _row(
        "travel.same_place_m",
        150.0,
        "m",
        "<=",
        "distance crews walk without counting it as travel",
        "视为同一操作地点的距离",
    )
    yield _row("minutes.test", 2.0, "min", "=", "one voltage test", "一次验电")
    yield _row("minutes.earth", 4.0, "min", "=", "applying or removing one earth", "装拆一组接地")
    yield _row("minutes.tag", 1.0, "min", "=", "hanging or removing a tag and lock", "挂拆一处标示牌")
    yield _row("minutes.permit", 5.0, "min", "=", "issuing or returning the work permit", "工作许可或终结")
    yield _row(
        "minutes.confirm", 2.0, "min", "=", "confirming a generator disconnected or released", "确认一处电源断开或恢复"
    )
    yield _row(
        "minutes.undisturbed", 1.0, "min", "=", "confirming no earth fault with the dispatcher",
        "向调度确认无接地故障",
    )  # fmt: skip
    yield _row("minutes.reclosing", 1.0, "min", "=", "disabling or enabling reclosing of a feeder", "停用或投入重合闸")


SWITCHING_POLICIES = Policies(tuple(_rows()))


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The rows as of one day, with the shipped switching rows under the caller's own."""

    policies: Policies
    on: date

    def row(self, key: str) -> Policy:
        """The row in force; raises UnableToFindPolicy."""
        return self.policies.row(key, on=self.on)

    def value(self, key: str) -> float:
        """The value in force; raises UnableToFindPolicy."""
        return self.policies.value(key, on=self.on)


def rulebook(policies: Policies | None = None, *, on: date = NEWEST) -> Rulebook:
    """The caller's rows over the shipped ones.

    >>> rulebook(Policies([])).value("loop.max_time")
    15.0
    """
    return Rulebook(SWITCHING_POLICIES if policies is None else SWITCHING_POLICIES.replaced(policies.rows), on)
