"""Natures and causes as people write them (停电性质与原因的写法): the leaf, the standard's name, or the everyday word.

An everyday word that leaves the leaf open is taken for the plainest one; `Word.open` says so, and the importer tells.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

from everlit.ledger.model import Cause, Nature

Leaf = TypeVar("Leaf", Nature, Cause)


@dataclass(frozen=True, slots=True)
class Word(Generic[Leaf]):
    """What a word means; `open` when it could have meant another leaf of the same branch."""

    leaf: Leaf
    open: bool = False


_EVERYDAY: dict[str, Nature] = {
    "fault": Nature.FAULT_INTERNAL,
    "forced": Nature.FAULT_INTERNAL,
    "故障": Nature.FAULT_INTERNAL,
    "故障停电": Nature.FAULT_INTERNAL,
    "planned": Nature.PLANNED_MAINTENANCE_INTERNAL,
    "计划": Nature.PLANNED_MAINTENANCE_INTERNAL,
    "计划停电": Nature.PLANNED_MAINTENANCE_INTERNAL,
    "预安排": Nature.PLANNED_MAINTENANCE_INTERNAL,
    "预安排停电": Nature.PLANNED_MAINTENANCE_INTERNAL,
    "maintenance": Nature.PLANNED_MAINTENANCE_INTERNAL,
    "planned maintenance": Nature.PLANNED_MAINTENANCE_INTERNAL,
    "检修": Nature.PLANNED_MAINTENANCE_INTERNAL,
    "检修停电": Nature.PLANNED_MAINTENANCE_INTERNAL,
    "计划检修": Nature.PLANNED_MAINTENANCE_INTERNAL,
    "计划检修停电": Nature.PLANNED_MAINTENANCE_INTERNAL,
    "construction": Nature.PLANNED_CONSTRUCTION_INTERNAL,
    "planned construction": Nature.PLANNED_CONSTRUCTION_INTERNAL,
    "施工": Nature.PLANNED_CONSTRUCTION_INTERNAL,
    "施工停电": Nature.PLANNED_CONSTRUCTION_INTERNAL,
    "计划施工": Nature.PLANNED_CONSTRUCTION_INTERNAL,
    "计划施工停电": Nature.PLANNED_CONSTRUCTION_INTERNAL,
    "temporary": Nature.TEMPORARY_MAINTENANCE_INTERNAL,
    "临时": Nature.TEMPORARY_MAINTENANCE_INTERNAL,
    "临时停电": Nature.TEMPORARY_MAINTENANCE_INTERNAL,
    "临时检修": Nature.TEMPORARY_MAINTENANCE_INTERNAL,
    "临时检修停电": Nature.TEMPORARY_MAINTENANCE_INTERNAL,
    "临时施工": Nature.TEMPORARY_CONSTRUCTION_INTERNAL,
    "临时施工停电": Nature.TEMPORARY_CONSTRUCTION_INTERNAL,
    "rationing": Nature.RATIONING_NETWORK,
    "限电": Nature.RATIONING_NETWORK,
}

_EXACT: dict[str, Nature] = {
    "内部故障": Nature.FAULT_INTERNAL,
    "外部故障": Nature.FAULT_EXTERNAL,
    "外部计划检修": Nature.PLANNED_MAINTENANCE_EXTERNAL,
    "内部计划检修": Nature.PLANNED_MAINTENANCE_INTERNAL,
    "内部计划施工": Nature.PLANNED_CONSTRUCTION_INTERNAL,
    "外部电网建设施工": Nature.PLANNED_CONSTRUCTION_EXTERNAL,
    "业扩": Nature.PLANNED_CONSTRUCTION_CONNECTION,
    "业扩施工": Nature.PLANNED_CONSTRUCTION_CONNECTION,
    "业扩工程施工": Nature.PLANNED_CONSTRUCTION_CONNECTION,
    "市政": Nature.PLANNED_CONSTRUCTION_MUNICIPAL,
    "市政工程施工": Nature.PLANNED_CONSTRUCTION_MUNICIPAL,
    "customer request": Nature.PLANNED_CUSTOMER_REQUEST,
    "用户申请": Nature.PLANNED_CUSTOMER_REQUEST,
    "用户计划申请停电": Nature.PLANNED_CUSTOMER_REQUEST,
    "临时用户申请停电": Nature.TEMPORARY_CUSTOMER_REQUEST,
    "switching over": Nature.PLANNED_SWITCHING_OVER,
    "调电": Nature.PLANNED_SWITCHING_OVER,
    "计划调电停电": Nature.PLANNED_SWITCHING_OVER,
    "source shortage": Nature.RATIONING_SOURCE_SHORTAGE,
    "系统电源不足": Nature.RATIONING_SOURCE_SHORTAGE,
    "供电网限电": Nature.RATIONING_NETWORK,
}

NATURE_WORDS: dict[str, Word[Nature]] = {
    **{word: Word(leaf, open=True) for word, leaf in _EVERYDAY.items()},
    **{leaf.label.en: Word(leaf) for leaf in Nature},
    **{leaf.label.zh: Word(leaf) for leaf in Nature},
    **{word: Word(leaf) for word, leaf in _EXACT.items()},
    **{leaf.value: Word(leaf) for leaf in Nature},
}
"""Every word for a nature, in small letters."""

CAUSE_WORDS: dict[str, Word[Cause]] = {
    "": Word(Cause.UNKNOWN),
    "不明": Word(Cause.UNKNOWN),
    "typhoon": Word(Cause.NATURAL_TYPHOON),
    "台风": Word(Cause.NATURAL_TYPHOON),
    "大风": Word(Cause.NATURAL_TYPHOON),
    "雷电": Word(Cause.NATURAL_LIGHTNING),
    "暴雨": Word(Cause.NATURAL_FLOOD),
    "覆冰": Word(Cause.NATURAL_ICE),
    "自然": Word(Cause.NATURAL_OTHER, open=True),
    "自然灾害": Word(Cause.NATURAL_OTHER, open=True),
    "natural": Word(Cause.NATURAL_OTHER, open=True),
    "异物": Word(Cause.EXTERNAL_FORCE_FOREIGN_OBJECT),
    "外力": Word(Cause.EXTERNAL_FORCE_DAMAGE, open=True),
    "external force": Word(Cause.EXTERNAL_FORCE_DAMAGE, open=True),
    "动物": Word(Cause.EXTERNAL_FORCE_ANIMAL),
    "老化": Word(Cause.EQUIPMENT_AGEING),
    "ageing": Word(Cause.EQUIPMENT_AGEING),
    "设备": Word(Cause.EQUIPMENT_OTHER, open=True),
    "设备故障": Word(Cause.EQUIPMENT_OTHER, open=True),
    "equipment": Word(Cause.EQUIPMENT_OTHER, open=True),
    "过载": Word(Cause.EQUIPMENT_OVERLOAD),
    "用户": Word(Cause.USER_PLANT),
    "用户原因": Word(Cause.USER_PLANT),
    "用户影响": Word(Cause.USER_PLANT),
    "user": Word(Cause.USER_PLANT),
    "operation": Word(Cause.OPERATION_MISTAKE, open=True),
    "上级电网": Word(Cause.UPSTREAM_GRID),
    "施工": Word(Cause.WORK_INSIDE, open=True),
    "工程施工": Word(Cause.WORK_INSIDE, open=True),
    "work": Word(Cause.WORK_INSIDE, open=True),
    "检修": Word(Cause.MAINTENANCE_PLANNED, open=True),
    "maintenance": Word(Cause.MAINTENANCE_PLANNED, open=True),
    **{leaf.label.en: Word(leaf) for leaf in Cause},
    **{leaf.label.zh: Word(leaf) for leaf in Cause},
    **{leaf.value: Word(leaf) for leaf in Cause},
}
"""Every word for a cause, in small letters; nothing said is unknown."""


def nature_of(word: str) -> Word[Nature] | None:
    """The nature a word names, None for no such word.

    >>> nature_of(" 临时停电 "), nature_of("Fault.External"), nature_of("outage")
    (Word(leaf=<Nature.TEMPORARY_MAINTENANCE_INTERNAL: 'temporary.maintenance.internal'>, open=True), \
Word(leaf=<Nature.FAULT_EXTERNAL: 'fault.external'>, open=False), None)
    """
    return NATURE_WORDS.get(word.strip().lower())


def cause_of(word: str) -> Word[Cause] | None:
    """The cause a word names, None for no such word."""
    return CAUSE_WORDS.get(word.strip().lower())
