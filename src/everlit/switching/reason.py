"""A reason (理由): why one block stays dark as far as one tie is concerned, and how it is said.

    no_tie         nothing leads from the block to anything live
    tie_overload   over its tie the block would overload a branch: which, when, by how many ampere
    voltage        over its tie the voltage at some point would leave its limits: where, when, how far
    not_phased     the tie's phases were never checked (未核相)
    forbidden      a rule: locked, in a permit, promised elsewhere, no visible break towards the work …
    work           the work itself, and what no usable switch separates from it
    empty          nobody hangs there, so feeding it would be an operation for nothing
    not_searched   the tie could carry it: the search ended at its time limit before

What is said follows from the kind and the evidence alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from everlit.kernel import Text

KINDS = ("no_tie", "tie_overload", "voltage", "not_phased", "forbidden", "work", "empty", "not_searched")
RULES: Mapping[str, Text] = {
    "locked": Text("it is locked", "已闭锁"),
    "unusable": Text("it may not be operated now", "当前不可操作"),
    "avoided": Text("its feeder must not take load over", "其所属馈线不得转供"),
    "low_voltage": Text("low-voltage switches are not operated for a transfer", "转供不操作低压开关"),
    "no_load_make": Text("it cannot pick up load", "不能带负荷合闸"),
    "backfeed": Text("it would feed a transformer backwards", "将造成变压器反送电"),
    "no_visible_break": Text("the work would lie behind no visible break", "与作业区之间无明显断开点"),
}
_PLAIN: Mapping[str, Text] = {
    "work": Text("Under work, or not separable from it by any usable switch.", "处于作业范围内,或无可用开关与其隔开。"),
    "empty": Text("Nobody is supplied from here.", "该处无用户。"),
    "no_tie": Text("No tie leads from here to anything live.", "该处无联络开关可通向带电侧。"),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one block stays dark, as far as one tie is concerned; `evidence` holds identities, figures and instants."""

    section: str
    sections: tuple[str, ...]
    kind: str
    message: Text
    units: int
    households: int
    hours: float
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The reason by identities."""
        return {
            "section": self.section,
            "sections": list(self.sections),
            "kind": self.kind,
            "message": self.message.as_json(),
            "units": self.units,
            "households": self.households,
            "hours": self.hours,
            "evidence": dict(self.evidence),
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "Reason":
        """The reason `as_json` wrote."""
        return cls(
            section=row["section"], sections=tuple(row["sections"]), kind=row["kind"], message=Text(**row["message"]),
            units=row["units"], households=row["households"], hours=row["hours"], evidence=row["evidence"],
        )  # fmt: skip


def said(kind: str, evidence: Mapping[str, Any]) -> Text:
    """The reason as people read it; KeyError where the evidence lacks what the kind needs.

    >>> said("tie_overload", {"tie": "t1", "branch": "l5", "at": "3", "value": 96.0, "limit": 88.0, "short_a": 8.0}).en
    'Tie t1 is short by 8.0 A at #3: l5 would carry 96.0 A of 88.0 A allowed.'
    """
    if kind in _PLAIN:
        return _PLAIN[kind]
    tie = evidence["tie"]
    if kind == "tie_overload":
        return _overload(tie, evidence)
    if kind == "voltage":
        return _collapse(tie) if evidence.get("collapse") else _voltage(tie, evidence)
    if kind == "not_phased":
        return Text(en=f"The phases across tie {tie} were never checked.", zh=f"联络开关 {tie} 无核相记录。")
    if kind == "forbidden":
        rule = RULES[evidence["rule"]]
        return Text(en=f"Switch {tie} may not be used: {rule.en}.", zh=f"开关 {tie} 不可使用:{rule.zh}。")
    return {"not_searched": _not_searched}[kind](tie)


def clock(at: str) -> str:
    """A quarter-hour as people say it: the time of day, or its number where the window has no date.

    >>> clock("2026-07-01T14:15:00+08:00"), clock("7")
    ('14:15', '#7')
    """
    return f"#{at}" if at.isdigit() else datetime.fromisoformat(at).strftime("%H:%M")


def _overload(tie: str, evidence: Mapping[str, Any]) -> Text:
    branch, at = evidence["branch"], clock(evidence["at"])
    value, limit, short = f"{evidence['value']:.1f}", f"{evidence['limit']:.1f}", f"{evidence['short_a']:.1f}"
    return Text(
        en=f"Tie {tie} is short by {short} A at {at}: {branch} would carry {value} A of {limit} A allowed.",
        zh=f"联络开关 {tie} 在 {at} 容量不足 {short} A:{branch} 将达 {value} A(允许 {limit} A)。",
    )


def _voltage(tie: str, evidence: Mapping[str, Any]) -> Text:
    node, at = evidence["node"], clock(evidence["at"])
    value, limit = f"{evidence['value']:.4f}", f"{evidence['limit']:.4f}"
    return Text(
        en=f"Over tie {tie} the voltage at {node} would be {value} pu at {at} (limit {limit}).",
        zh=f"经联络开关 {tie} 转供时,{node} 在 {at} 电压为 {value} pu(限值 {limit})。",
    )


def _collapse(tie: str) -> Text:
    return Text(
        en=f"Over tie {tie} the load is more than the feeder can carry at any voltage.",
        zh=f"经联络开关 {tie} 转供时潮流无解,超出馈线输送能力。",
    )


def _not_searched(tie: str) -> Text:
    return Text(
        en=f"Tie {tie} could carry it: the search ended at its time limit before.",
        zh=f"联络开关 {tie} 可转供:搜索因时限提前结束。",
    )
