"""The words of the ledger (停电性质, 停电原因): the full DL/T 836.1 tree of natures as dotted leaves, and groups of causes.

>>> Nature.TEMPORARY_MAINTENANCE_EXTERNAL.parents
('prearranged', 'temporary', 'temporary.maintenance')
>>> (
...     Nature("fault.external").external,
...     Nature("rationing.network").prearranged,
...     Nature("planned.switching_over").label.zh,
... )
(True, True, '调电停电')
"""

from enum import StrEnum

from everlit.kernel import Text


class SubjectKind(StrEnum):
    """Who is off: a usage point (用电点: one load with its households) or an MV statistic unit (中压统计单位)."""

    USAGE_POINT = "usage_point"
    MV_UNIT = "mv_unit"


class Nature(StrEnum):
    """Nature of an interruption (停电性质), DL/T 836.1 figure 1: one leaf an event. Momentary or sustained is another axis."""

    FAULT_INTERNAL = "fault.internal"
    FAULT_EXTERNAL = "fault.external"
    PLANNED_MAINTENANCE_INTERNAL = "planned.maintenance.internal"
    PLANNED_MAINTENANCE_EXTERNAL = "planned.maintenance.external"
    PLANNED_CONSTRUCTION_INTERNAL = "planned.construction.internal"
    PLANNED_CONSTRUCTION_EXTERNAL = "planned.construction.external"
    PLANNED_CONSTRUCTION_CONNECTION = "planned.construction.connection"
    PLANNED_CONSTRUCTION_MUNICIPAL = "planned.construction.municipal"
    PLANNED_CUSTOMER_REQUEST = "planned.customer_request"
    PLANNED_SWITCHING_OVER = "planned.switching_over"
    TEMPORARY_MAINTENANCE_INTERNAL = "temporary.maintenance.internal"
    TEMPORARY_MAINTENANCE_EXTERNAL = "temporary.maintenance.external"
    TEMPORARY_CONSTRUCTION_INTERNAL = "temporary.construction.internal"
    TEMPORARY_CONSTRUCTION_EXTERNAL = "temporary.construction.external"
    TEMPORARY_CONSTRUCTION_CONNECTION = "temporary.construction.connection"
    TEMPORARY_CONSTRUCTION_MUNICIPAL = "temporary.construction.municipal"
    TEMPORARY_CUSTOMER_REQUEST = "temporary.customer_request"
    TEMPORARY_SWITCHING_OVER = "temporary.switching_over"
    RATIONING_SOURCE_SHORTAGE = "rationing.source_shortage"
    RATIONING_NETWORK = "rationing.network"

    @property
    def fault(self) -> bool:
        """A forced interruption (故障停电)."""
        return self.value.startswith("fault.")

    @property
    def prearranged(self) -> bool:
        """Pre-arranged (预安排停电): planned, temporary or rationing."""
        return not self.fault

    @property
    def planned(self) -> bool:
        """In the approved plan (计划停电)."""
        return self.value.startswith("planned.")

    @property
    def temporary(self) -> bool:
        """Approved, but not in the plan (临时停电)."""
        return self.value.startswith("temporary.")

    @property
    def rationing(self) -> bool:
        """Supply rationed (限电)."""
        return self.value.startswith("rationing.")

    @property
    def external(self) -> bool:
        """Caused outside the plant the utility manages (外部影响): what the -2 indices leave out."""
        return self.value.endswith(".external")

    @property
    def source_shortage(self) -> bool:
        """Rationing for shortage of the system's sources (系统电源不足限电): what the -3 indices leave out."""
        return self is Nature.RATIONING_SOURCE_SHORTAGE

    @property
    def label(self) -> Text:
        """The leaf in both languages."""
        return _TITLES[self]

    @property
    def parents(self) -> tuple[str, ...]:
        """The branches above the leaf from the root down; `BRANCHES` has their titles."""
        parts = self.value.split(".")
        above = tuple(".".join(parts[:length]) for length in range(1, len(parts)))
        return above if self.fault else ("prearranged", *above)


class Cause(StrEnum):
    """Why it happened (停电原因), by the groups of the regulator's publications (domain rule 2.2)."""

    UNKNOWN = "unknown"
    NATURAL_LIGHTNING = "natural.lightning"
    NATURAL_TYPHOON = "natural.typhoon"
    NATURAL_FLOOD = "natural.flood"
    NATURAL_ICE = "natural.ice"
    NATURAL_OTHER = "natural.other"
    EXTERNAL_FORCE_FOREIGN_OBJECT = "external_force.foreign_object"
    EXTERNAL_FORCE_DAMAGE = "external_force.damage"
    EXTERNAL_FORCE_ANIMAL = "external_force.animal"
    EXTERNAL_FORCE_TREE = "external_force.tree"
    EQUIPMENT_AGEING = "equipment.ageing"
    EQUIPMENT_DEFECT = "equipment.defect"
    EQUIPMENT_OVERLOAD = "equipment.overload"
    EQUIPMENT_OTHER = "equipment.other"
    USER_PLANT = "user.plant"
    OPERATION_MISTAKE = "operation.mistake"
    OPERATION_PROTECTION = "operation.protection"
    UPSTREAM_GRID = "upstream.grid"
    UPSTREAM_SHORTAGE = "upstream.shortage"
    WORK_INSIDE = "work.inside"
    WORK_OUTSIDE = "work.outside"
    MAINTENANCE_PLANNED = "maintenance.planned"
    MAINTENANCE_TEMPORARY = "maintenance.temporary"

    @property
    def group(self) -> str:
        """The group, as `CAUSE_GROUPS` names it."""
        return self.value.split(".", maxsplit=1)[0]

    @property
    def label(self) -> Text:
        """The cause in both languages."""
        return _CAUSE_TITLES[self]


NATURES, CAUSES = tuple(Nature), tuple(Cause)
"""The leaves in order; columns hold their places here."""

BRANCHES: dict[str, Text] = {
    "fault": Text("fault interruption", "故障停电"),
    "prearranged": Text("pre-arranged interruption", "预安排停电"),
    "planned": Text("planned interruption", "计划停电"),
    "planned.maintenance": Text("planned maintenance", "计划检修停电"),
    "planned.construction": Text("planned construction", "计划施工停电"),
    "temporary": Text("temporary interruption", "临时停电"),
    "temporary.maintenance": Text("temporary maintenance", "临时检修停电"),
    "temporary.construction": Text("temporary construction", "临时施工停电"),
    "rationing": Text("rationing", "限电"),
}
"""Titles of the branches of the tree of natures."""

_TITLES: dict[Nature, Text] = {
    Nature.FAULT_INTERNAL: Text("fault inside the managed plant", "内部故障停电"),
    Nature.FAULT_EXTERNAL: Text("fault outside the managed plant", "外部故障停电"),
    Nature.PLANNED_MAINTENANCE_INTERNAL: Text("planned maintenance, own plant", "内部计划检修停电"),
    Nature.PLANNED_MAINTENANCE_EXTERNAL: Text("planned maintenance, plant of others", "外部计划检修停电"),
    Nature.PLANNED_CONSTRUCTION_INTERNAL: Text("planned construction, own works", "内部计划施工停电"),
    Nature.PLANNED_CONSTRUCTION_EXTERNAL: Text("planned construction, outside grid works", "外部电网建设施工停电"),
    Nature.PLANNED_CONSTRUCTION_CONNECTION: Text("planned construction, new connection", "业扩工程施工停电"),
    Nature.PLANNED_CONSTRUCTION_MUNICIPAL: Text("planned construction, municipal works", "市政工程施工停电"),
    Nature.PLANNED_CUSTOMER_REQUEST: Text("planned, at the customer's request", "用户申请停电"),
    Nature.PLANNED_SWITCHING_OVER: Text("planned switching over", "调电停电"),
    Nature.TEMPORARY_MAINTENANCE_INTERNAL: Text("temporary maintenance, own plant", "内部临时检修停电"),
    Nature.TEMPORARY_MAINTENANCE_EXTERNAL: Text("temporary maintenance, plant of others", "外部临时检修停电"),
    Nature.TEMPORARY_CONSTRUCTION_INTERNAL: Text("temporary construction, own works", "内部临时施工停电"),
    Nature.TEMPORARY_CONSTRUCTION_EXTERNAL: Text("temporary construction, outside grid works", "外部电网临时施工停电"),
    Nature.TEMPORARY_CONSTRUCTION_CONNECTION: Text("temporary construction, new connection", "业扩临时施工停电"),
    Nature.TEMPORARY_CONSTRUCTION_MUNICIPAL: Text("temporary construction, municipal works", "市政临时施工停电"),
    Nature.TEMPORARY_CUSTOMER_REQUEST: Text("temporary, at the customer's request", "用户临时申请停电"),
    Nature.TEMPORARY_SWITCHING_OVER: Text("temporary switching over", "临时调电停电"),
    Nature.RATIONING_SOURCE_SHORTAGE: Text("rationing, shortage of the system's sources", "系统电源不足限电"),
    Nature.RATIONING_NETWORK: Text("rationing, limit of the supply network", "供电网限电"),
}

CAUSE_GROUPS: dict[str, Text] = {
    "unknown": Text("unknown", "原因不明"),
    "natural": Text("natural", "自然因素"),
    "external_force": Text("external force", "外力因素"),
    "equipment": Text("equipment", "设备因素"),
    "user": Text("user", "用户影响"),
    "operation": Text("operation", "运行操作"),
    "upstream": Text("grid above", "上级电网"),
    "work": Text("works", "工程施工"),
    "maintenance": Text("maintenance", "检修试验"),
}
"""Titles of the groups of causes."""

_CAUSE_TITLES: dict[Cause, Text] = {
    Cause.UNKNOWN: Text("unknown", "原因不明"),
    Cause.NATURAL_LIGHTNING: Text("lightning", "雷击"),
    Cause.NATURAL_TYPHOON: Text("typhoon, storm", "台风大风"),
    Cause.NATURAL_FLOOD: Text("rain, flood", "暴雨洪涝"),
    Cause.NATURAL_ICE: Text("ice, snow", "覆冰积雪"),
    Cause.NATURAL_OTHER: Text("other natural cause", "其他自然因素"),
    Cause.EXTERNAL_FORCE_FOREIGN_OBJECT: Text("short circuit by a foreign object", "异物短路"),
    Cause.EXTERNAL_FORCE_DAMAGE: Text("damage by others", "外力破坏"),
    Cause.EXTERNAL_FORCE_ANIMAL: Text("animal", "动物因素"),
    Cause.EXTERNAL_FORCE_TREE: Text("tree", "树障"),
    Cause.EQUIPMENT_AGEING: Text("ageing of equipment", "设备老化"),
    Cause.EQUIPMENT_DEFECT: Text("defect of equipment", "产品质量"),
    Cause.EQUIPMENT_OVERLOAD: Text("overload", "设备过载"),
    Cause.EQUIPMENT_OTHER: Text("other fault of equipment", "其他设备原因"),
    Cause.USER_PLANT: Text("a customer's plant", "用户设备故障"),
    Cause.OPERATION_MISTAKE: Text("mistaken operation", "误操作"),
    Cause.OPERATION_PROTECTION: Text("protection or automation", "保护及自动化"),
    Cause.UPSTREAM_GRID: Text("grid above", "上级电网影响"),
    Cause.UPSTREAM_SHORTAGE: Text("shortage of supply", "电力供应不足"),
    Cause.WORK_INSIDE: Text("works, own", "内部施工"),
    Cause.WORK_OUTSIDE: Text("works of others", "外部施工"),
    Cause.MAINTENANCE_PLANNED: Text("maintenance, planned", "计划检修"),
    Cause.MAINTENANCE_TEMPORARY: Text("maintenance, temporary", "临时检修"),
}
