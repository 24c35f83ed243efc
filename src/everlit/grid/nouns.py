"""The things of the network under their CIM names (设备对象): one row of a table, made when somebody asks for it.

A utility has a million of everything and keeps it in columns; a noun is what a person or a rule talks about. Its fields
are the columns of its table, units in their names, and it refuses what the table format would refuse.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from everlit.grid.schema import TABLES, Column, Kind
from everlit.kernel import Finding, Refusal, Text


class UnableToMakeNoun(Refusal):
    """A field holds what the table format does not allow."""

    title = Text(en="No such thing can exist.", zh="设备数据无效。")


@dataclass(frozen=True, slots=True)
class IdentifiedObject:
    """Anything with an identity; checks its own fields against the column of the same name."""

    table: ClassVar[str] = ""

    def __post_init__(self) -> None:
        names = {field.name for field in fields(self)}
        columns = [column for column in TABLES[self.table].columns if column.name in names]
        findings = [finding for column in columns for finding in _wrong(column, getattr(self, column.name))]
        if findings:
            raise UnableToMakeNoun(*findings)

    @property
    def identity(self) -> str:
        """The value of the key column."""
        return str(getattr(self, TABLES[self.table].key))


@dataclass(frozen=True, slots=True)
class Substation(IdentifiedObject):
    """变电站."""

    table: ClassVar[str] = "substations"
    substation_id: str
    name: str
    name_zh: str | None = None
    lon_deg: float | None = None
    lat_deg: float | None = None


@dataclass(frozen=True, slots=True)
class ConnectivityNode(IdentifiedObject):
    """连接点: where ends of equipment meet."""

    table: ClassVar[str] = "nodes"
    node_id: str
    nominal_kv: float
    lon_deg: float | None = None
    lat_deg: float | None = None
    substation_id: str | None = None
    area_class: int | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class EnergySource(IdentifiedObject):
    """上级电源: an infeed from the grid above."""

    table: ClassVar[str] = "sources"
    source_id: str
    node_id: str
    voltage_pu: float = 1.0
    angle_deg: float = 0.0
    short_circuit_mva: float | None = None


@dataclass(frozen=True, slots=True)
class Feeder(IdentifiedObject):
    """馈线: what one switch of a substation feeds in the normal state."""

    table: ClassVar[str] = "feeders"
    feeder_id: str
    name: str
    substation_id: str
    head_switch_id: str
    name_zh: str | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class ACLineSegment(IdentifiedObject):
    """线路: a line or cable; r, x and b are those of the whole segment."""

    table: ClassVar[str] = "lines"
    line_id: str
    from_node_id: str
    to_node_id: str
    length_m: float
    r_ohm: float
    x_ohm: float
    b_us: float = 0.0
    rated_a: float | None = None
    kind: str = "cable"
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Switch(IdentifiedObject):
    """开关设备; the class says which kind."""

    table: ClassVar[str] = "switches"
    switch_id: str
    from_node_id: str
    to_node_id: str | None
    normal_open: bool
    rated_a: float | None = None
    remote: bool = False
    locked: bool = False
    phased: bool = True
    name: str | None = None


class Breaker(Switch):
    """断路器: breaks load and fault current."""

    __slots__ = ()


class LoadBreakSwitch(Switch):
    """负荷开关: breaks load current."""

    __slots__ = ()


class Disconnector(Switch):
    """刀闸: a visible break, breaks no load."""

    __slots__ = ()


class Fuse(Switch):
    """熔断器."""

    __slots__ = ()


class Recloser(Switch):
    """重合器."""

    __slots__ = ()


class Sectionaliser(Switch):
    """分段器."""

    __slots__ = ()


class GroundDisconnector(Switch):
    """接地刀闸: earths its node; it has no other side."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class PowerTransformer(IdentifiedObject):
    """变压器: 主变, 公变 or 专变 by its ownership."""

    table: ClassVar[str] = "transformers"
    transformer_id: str
    hv_node_id: str
    lv_node_id: str
    rated_kva: float
    hv_kv: float
    lv_kv: float
    uk_percent: float
    pk_kw: float
    i0_percent: float = 0.0
    p0_kw: float = 0.0
    vector_group: str = "Dyn11"
    tap_pu: float = 0.0
    ownership: str = "public"
    mv_units: int = 1
    name: str | None = None


@dataclass(frozen=True, slots=True)
class EnergyConsumer(IdentifiedObject):
    """负荷: nameplate power, scaled by its load shape."""

    table: ClassVar[str] = "consumers"
    consumer_id: str
    node_id: str
    p_kw: float
    q_kvar: float = 0.0
    profile_id: str | None = None
    households: int = 1
    capacity_kva: float | None = None
    mv_units: int = 0
    name: str | None = None


@dataclass(frozen=True, slots=True)
class UsagePoint(IdentifiedObject):
    """用电点: the join between grid and customer."""

    table: ClassVar[str] = "usage_points"
    usage_point_id: str
    consumer_id: str
    importance: str = "ordinary"
    bearable_min: float | None = None
    life_support: bool = False
    name: str | None = None


@dataclass(frozen=True, slots=True)
class PowerElectronicsConnection(IdentifiedObject):
    """分布式电源: generation or storage at a node."""

    table: ClassVar[str] = "generators"
    generator_id: str
    node_id: str
    kind: str
    p_kw: float
    q_kvar: float = 0.0
    rated_kva: float | None = None
    profile_id: str | None = None
    can_island: bool = False
    name: str | None = None


SWITCH_CLASSES: Mapping[str, type[Switch]] = {
    "breaker": Breaker,
    "load_break_switch": LoadBreakSwitch,
    "disconnector": Disconnector,
    "fuse": Fuse,
    "recloser": Recloser,
    "sectionaliser": Sectionaliser,
    "ground_disconnector": GroundDisconnector,
}
CLASSES: Mapping[str, type[IdentifiedObject]] = {
    noun.table: noun
    for noun in (
        Substation,
        ConnectivityNode,
        EnergySource,
        Feeder,
        ACLineSegment,
        Switch,
        PowerTransformer,
        EnergyConsumer,
        UsagePoint,
        PowerElectronicsConnection,
    )
}


PYTHON_TYPES: Mapping[Kind, tuple[type, ...]] = {
    Kind.NUMBER: (int, float),
    Kind.INTEGER: (int,),
    Kind.FLAG: (bool,),
}


def noun_of(table: str, row: Mapping[str, Any]) -> IdentifiedObject:
    """The noun a row stands for; raises UnableToMakeNoun for fields the format does not allow.

    >>> noun_of(
    ...     "switches",
    ...     {"switch_id": "Q1", "kind": "fuse", "from_node_id": "A", "to_node_id": "B", "normal_open": False},
    ... )
    Fuse(switch_id='Q1', from_node_id='A', to_node_id='B', normal_open=False, rated_a=None, remote=False, ...)
    """
    cells = dict(row)
    if table != "switches":
        return CLASSES[table](**cells)
    kind = cells.pop("kind", None)
    if kind not in SWITCH_CLASSES:
        raise UnableToMakeNoun(*_wrong(TABLES["switches"].column("kind"), kind))
    return SWITCH_CLASSES[kind](**cells)


def _wrong(column: Column, value: Any) -> list[Finding]:
    """What the column does not allow about one value."""
    if value is None:
        if not column.required and column.default is None:
            return []
        return [_finding(column, "must be filled", "不能为空", value)]
    wanted = PYTHON_TYPES.get(column.kind, (str,))
    if not isinstance(value, wanted) or (isinstance(value, bool) and column.kind is not Kind.FLAG):
        return [_finding(column, f"cannot be {value!r}", f"不能为 {value!r}", value)]
    if column.choices and value not in column.choices:
        return [_finding(column, f"is none of {', '.join(column.choices)}", f"不是 {'、'.join(column.choices)}", value)]
    low, high = column.low, column.high
    if isinstance(value, (int, float)) and not (low is None or high is None or low <= value <= high):
        return [_finding(column, f"is not in {low} … {high}", f"不在 {low} … {high} 之内", value)]
    return []


def _finding(column: Column, en: str, zh: str, value: Any) -> Finding:
    say = Text(en=f"{column.name} {en}.", zh=f"{column.name}({column.meaning.zh}){zh}。")
    return Finding("noun.field", column.name, say, {"column": column.name, "value": repr(value)[:100]})
