"""What isolation and load transfer (转电) may use, as rows: visible breaks, loading, voltage, what counts how much.

The rows of the switching ticket stand in `policies`; these stand beside them. A caller's rows replace both by key, and
`Limits` is what the rules read: every number of a transfer is one of its fields.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from everlit.grid import Importance, SwitchKind
from everlit.kernel import Hardness, Policies, Policy, Text
from everlit.switching.policies import NEWEST, SWITCHING_POLICIES

GB_12325 = "GB/T 12325-2008"
GB_26859 = "GB 26859 电力安全工作规程"
COMPANY = "company rule, to be confirmed"
GRADES = (
    ("special", 1000, "特级"), ("first", 100, "一级"), ("second", 10, "二级"), ("temporary", 10, "临时"),
    ("sensitive", 1, "敏感"), ("ordinary", 0, "普通"),
)  # fmt: skip


def _row(
    key: str, value: float, unit: str, comparator: str, en: str, zh: str,
    document: str = COMPANY, confidence: str = "G?",
) -> Policy:  # fmt: skip
    hardness = Hardness.INTERNAL if document == COMPANY else Hardness.STANDARD
    return Policy(key, value, unit, comparator, Text(en, zh), hardness, document=document, confidence=confidence)


def _rows() -> Iterator[Policy]:
    yield _row(
        "isolate.withdrawn_breaker",
        1,
        "yes",
        "=",
        "a withdrawn breaker counts where no visible break exists",
        "无明显断开点时断路器拉至检修位置可作断开点",
    )
    yield _row(
        "isolate.generator_break",
        1,
        "yes",
        "=",
        "a generator not confirmed disconnected needs a visible break",
        "未确认断开的电源须有明显断开点",
        GB_26859,
        "G",
    )
    yield _row(
        "plan.load_factor_transfer",
        0.8,
        "p.u.",
        "<=",
        "load of a re-supplying line or switch over its rating, planned work",
        "计划转供线路负载率上限",
    )
    yield _row(
        "transfer.transformer_factor",
        1.0,
        "p.u.",
        "<=",
        "load of a re-supplying transformer over its rating",
        "转供变压器负载率上限",
    )
    yield _row(
        "transfer.worsening",
        0.005,
        "p.u.",
        "<=",
        "how much a transfer may worsen what was beyond its limit before",
        "原已越限处允许的恶化量",
    )
    yield _row(
        "transfer.operate_lv",
        0,
        "yes",
        "=",
        "low-voltage switches may be operated for a transfer",
        "转供可操作低压开关",
    )
    yield _row(
        "transfer.disconnector_tie",
        0,
        "yes",
        "=",
        "a disconnector or fuse may pick up the load of a tie",
        "隔离开关或熔断器可带负荷合环转供",
        GB_26859,
        "G",
    )
    for level, low_zh in (("mv", "20kV及以下三相"), ("lv", "380V")):
        for end, value, end_zh in (("low", -7, "下限"), ("high", 7, "上限")):
            comparator = ">=" if end == "low" else "<="
            title = f"voltage deviation, {level.upper()} three-phase, {end} end", f"{low_zh}电压偏差{end_zh}"
            yield _row(f"volt.{level}.{end}", value, "%", comparator, *title, GB_12325, "G")
    for grade, weight, zh in GRADES:
        title = f"weight of a {grade} customer kept supplied", f"转供权重:{zh}用户"
        yield _row(f"transfer.weight.{grade}", weight, "points", "=", *title)


TRANSFER_POLICIES = Policies(tuple(_rows()))


@dataclass(frozen=True, slots=True)
class Limits:
    """The rows of isolation and transfer as the rules read them, resolved for one day."""

    visible_break: tuple[bool, ...]
    withdrawn_breaker: bool
    generator_break: bool
    line_factor: float
    transformer_factor: float
    worsening: float
    operate_lv: bool
    disconnector_tie: bool
    mv_low_pu: float
    mv_high_pu: float
    lv_low_pu: float
    lv_high_pu: float
    weights: tuple[int, ...]


def limits_of(policies: Policies | None = None, *, on: date = NEWEST) -> Limits:
    """The caller's rows over the shipped ones, as of `on`.

    >>> limits_of().line_factor, limits_of().mv_low_pu, limits_of().visible_break[SwitchKind.BREAKER]
    (0.8, 0.93, False)
    """
    shipped = Policies((*SWITCHING_POLICIES.rows, *TRANSFER_POLICIES.rows))
    rows = shipped if policies is None else shipped.replaced(policies.rows)

    def value(key: str) -> float:
        return rows.value(key, on=on)

    kinds = [kind for kind in SwitchKind if kind is not SwitchKind.GROUND_DISCONNECTOR]
    return Limits(
        visible_break=tuple(value(f"visible_break.{kind.name.lower()}") > 0 for kind in kinds),
        withdrawn_breaker=value("isolate.withdrawn_breaker") > 0,
        generator_break=value("isolate.generator_break") > 0,
        line_factor=value("plan.load_factor_transfer"),
        transformer_factor=value("transfer.transformer_factor"),
        worsening=value("transfer.worsening"),
        operate_lv=value("transfer.operate_lv") > 0,
        disconnector_tie=value("transfer.disconnector_tie") > 0,
        mv_low_pu=round(1 + value("volt.mv.low") / 100, 9),
        mv_high_pu=round(1 + value("volt.mv.high") / 100, 9),
        lv_low_pu=round(1 + value("volt.lv.low") / 100, 9),
        lv_high_pu=round(1 + value("volt.lv.high") / 100, 9),
        weights=tuple(int(value(f"transfer.weight.{grade.name.lower()}")) for grade in Importance),
    )


DEFAULT_LIMITS = limits_of()
