"""The table format (表格格式): a network is a folder of CSV or Parquet tables, units in the column names.

This module is its single source. Readers, validation, the published JSON Schema and the reference page come from it.

    substations ── feeders ── switches ─┬─ nodes ─┬─ lines
                                        │         ├─ transformers ── nodes ── consumers ── usage_points
                                        └─ …      └─ sources, generators
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from everlit.kernel import Text


class Kind(Enum):
    """What a column holds."""

    KEY = "key"
    REFERENCE = "reference"
    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what it holds, whether it must be filled, what is assumed when it is not, and its sane range."""

    name: str
    kind: Kind
    meaning: Text
    required: bool = True
    default: Any = None
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    table: str = ""


@dataclass(frozen=True, slots=True)
class TableSchema:
    """One table: its CIM class and its columns; the first column is the key."""

    name: str
    cim: str
    meaning: Text
    columns: tuple[Column, ...]
    required: bool = False
    later: bool = False
    """Added after networks were fingerprinted: without rows it leaves a fingerprint as it was."""

    @property
    def key(self) -> str:
        """Name of the key column."""
        return self.columns[0].name

    def column(self, name: str) -> Column:
        """The column of that name; KeyError when there is none."""
        return {column.name: column for column in self.columns}[name]


def _key(name: str, en: str, zh: str) -> Column:
    return Column(name, Kind.KEY, Text(en, zh))


def _ref(name: str, table: str, en: str, zh: str, *, required: bool = True) -> Column:
    return Column(name, Kind.REFERENCE, Text(en, zh), required=required, table=table)


def _text(
    name: str, en: str, zh: str, *, choices: tuple[str, ...] = (), default: str | None = None, required: bool = False
) -> Column:
    return Column(name, Kind.TEXT, Text(en, zh), required=required, default=default, choices=choices)


def _number(
    name: str,
    en: str,
    zh: str,
    low: float | None,
    high: float | None,
    *,
    default: float | None = None,
    required: bool = True,
) -> Column:
    return Column(name, Kind.NUMBER, Text(en, zh), required and default is None, default, low, high)


def _integer(
    name: str, en: str, zh: str, low: int, high: int, *, default: int | None = None, required: bool = True
) -> Column:
    return Column(name, Kind.INTEGER, Text(en, zh), required and default is None, default, low, high)


def _flag(name: str, en: str, zh: str, *, default: bool | None = None) -> Column:
    return Column(name, Kind.FLAG, Text(en, zh), required=default is None, default=default)


SWITCH_KINDS = (
    "breaker",
    "load_break_switch",
    "disconnector",
    "fuse",
    "recloser",
    "sectionaliser",
    "ground_disconnector",
)
LINE_KINDS = ("overhead", "cable")
OWNERSHIPS = ("utility", "public", "customer")
IMPORTANCES = ("ordinary", "sensitive", "temporary", "second", "first", "special")
GENERATOR_KINDS = ("pv", "battery", "wind", "hydro", "diesel", "biomass", "other")

_LON = _number("lon_deg", "longitude, WGS-84", "经度", -180, 180, required=False)
_LAT = _number("lat_deg", "latitude, WGS-84", "纬度", -90, 90, required=False)
_NAME = _text("name", "name", "名称")

SCHEMA: tuple[TableSchema, ...] = (
    TableSchema(
        "substations",
        "Substation",
        Text("substations", "变电站"),
        (
            _key("substation_id", "identity", "标识"),
            _text("name", "name", "名称", required=True),
            _text("name_zh", "Chinese name", "中文名"),
            _LON,
            _LAT,
        ),
    ),
    TableSchema(
        "nodes",
        "ConnectivityNode",
        Text("connectivity nodes", "连接点"),
        (
            _key("node_id", "identity", "标识"),
            _number("nominal_kv", "nominal voltage, line to line", "标称电压", 0.05, 1200),
            _LON,
            _LAT,
            _ref("substation_id", "substations", "substation it lies in", "所属变电站", required=False),
            _integer("area_class", "area class: 1 centre, 2 urban, 3 town, 4 rural", "地区特征", 1, 4, required=False),
            _NAME,
        ),
        required=True,
    ),
    TableSchema(
        "sources",
        "EnergySource",
        Text("infeeds from the grid above", "上级电源"),
        (
            _key("source_id", "identity", "标识"),
            _ref("node_id", "nodes", "where it feeds", "接入点"),
            _number("voltage_pu", "voltage", "电压", 0.5, 1.5, default=1.0),
            _number("angle_deg", "angle", "相角", -180, 180, default=0.0),
            _number("short_circuit_mva", "short-circuit power", "短路容量", 1e-6, 1e7, required=False),
        ),
        required=True,
    ),
    TableSchema(
        "feeders",
        "Feeder",
        Text("feeders", "馈线"),
        (
            _key("feeder_id", "identity", "标识"),
            _text("name", "name", "名称", required=True),
            _text("name_zh", "Chinese name", "中文名"),
            _ref("substation_id", "substations", "substation it starts in", "起点变电站"),
            _ref("head_switch_id", "switches", "switch at its head", "出线开关"),
            _text("unit", "operating unit that owns its budget", "运维单位"),
        ),
    ),
    TableSchema(
        "lines",
        "ACLineSegment",
        Text("lines and cables", "线路"),
        (
            _key("line_id", "identity", "标识"),
            _ref("from_node_id", "nodes", "one end", "首端"),
            _ref("to_node_id", "nodes", "other end", "末端"),
            _number("length_m", "length", "长度", 0, 1e6),
            _number("r_ohm", "series resistance, whole segment", "电阻", 0, 1e5),
            _number("x_ohm", "series reactance, whole segment", "电抗", -1e5, 1e5),
            _number("b_us", "shunt susceptance, whole segment", "电纳", 0, 1e7, default=0.0),
            _number("rated_a", "current rating", "额定电流", 1e-3, 1e6, required=False),
            _text("kind", "overhead line or cable", "类型", choices=LINE_KINDS, default="cable"),
            _NAME,
        ),
    ),
    TableSchema(
        "switches",
        "Switch",
        Text("switching devices", "开关设备"),
        (
            _key("switch_id", "identity", "标识"),
            _text("kind", "CIM class of switch", "类型", choices=SWITCH_KINDS, required=True),
            _ref("from_node_id", "nodes", "one side", "一侧"),
            _ref("to_node_id", "nodes", "other side; empty for a ground disconnector", "另一侧", required=False),
            _flag("normal_open", "open in the normal state", "常开"),
            _number("rated_a", "current rating", "额定电流", 1e-3, 1e6, required=False),
            _flag("remote", "can be operated from the control room", "可遥控", default=False),
            _flag("locked", "must not be operated", "闭锁", default=False),
            _flag("phased", "phase identity verified across it", "已核相", default=True),
            _NAME,
        ),
    ),
    TableSchema(
        "transformers",
        "PowerTransformer",
        Text("two-winding transformers", "变压器"),
        (
            _key("transformer_id", "identity", "标识"),
            _ref("hv_node_id", "nodes", "high-voltage side", "高压侧"),
            _ref("lv_node_id", "nodes", "low-voltage side", "低压侧"),
            _number("rated_kva", "rated power", "额定容量", 1e-3, 1e7),
            _number("hv_kv", "rated voltage, high side", "高压额定电压", 0.05, 1200),
            _number("lv_kv", "rated voltage, low side", "低压额定电压", 0.05, 1200),
            _number("uk_percent", "short-circuit voltage", "短路阻抗", 1e-6, 100),
            _number("pk_kw", "load losses at rated current", "负载损耗", 0, 1e6),
            _number("i0_percent", "no-load current", "空载电流", 0, 100, default=0.0),
            _number("p0_kw", "no-load losses", "空载损耗", 0, 1e6, default=0.0),
            _text("vector_group", "vector group", "联结组别", default="Dyn11"),
            _number("tap_pu", "off-nominal ratio of the high side, 0 is nominal", "分接", -0.5, 0.5, default=0.0),
            _text(
                "ownership", "utility 主变, public 公变 or customer 专变", "产权", choices=OWNERSHIPS, default="public"
            ),
            _integer("mv_units", "MV statistic units it counts as", "中压统计户数", 0, 100, default=1),
            _NAME,
        ),
    ),
    TableSchema(
        "consumers",
        "EnergyConsumer",
        Text("loads", "负荷"),
        (
            _key("consumer_id", "identity", "标识"),
            _ref("node_id", "nodes", "where it hangs", "接入点"),
            _number("p_kw", "active power at profile factor 1", "有功", -1e6, 1e6),
            _number("q_kvar", "reactive power at profile factor 1", "无功", -1e6, 1e6, default=0.0),
            _text("profile_id", "load shape", "负荷曲线"),
            _integer("households", "households", "户数", 0, 10_000_000, default=1),
            _number("capacity_kva", "contract capacity", "合同容量", 0, 1e7, required=False),
            _integer("mv_units", "MV statistic units it counts as", "中压统计户数", 0, 100, default=0),
            _NAME,
        ),
    ),
    TableSchema(
        "usage_points",
        "UsagePoint",
        Text("usage points", "用电点"),
        (
            _key("usage_point_id", "identity", "标识"),
            _ref("consumer_id", "consumers", "load it belongs to", "所属负荷"),
            _text("importance", "importance grade", "重要等级", choices=IMPORTANCES, default="ordinary"),
            _number("bearable_min", "interruption it can bear", "可承受停电时间", 0, 1e6, required=False),
            _flag("life_support", "life-support equipment at home", "生命支持", default=False),
            _NAME,
        ),
    ),
    TableSchema(
        "generators",
        "PowerElectronicsConnection",
        Text("generation and storage", "分布式电源"),
        (
            _key("generator_id", "identity", "标识"),
            _ref("node_id", "nodes", "where it feeds", "接入点"),
            _text("kind", "kind", "类型", choices=GENERATOR_KINDS, required=True),
            _number("p_kw", "active power at profile factor 1", "有功", -1e6, 1e6),
            _number("q_kvar", "reactive power", "无功", -1e6, 1e6, default=0.0),
            _number("rated_kva", "rated power", "额定容量", 0, 1e7, required=False),
            _text("profile_id", "generation shape", "出力曲线"),
            _flag("can_island", "may keep an island alive", "可孤岛运行", default=False),
            _NAME,
        ),
    ),
    TableSchema(
        "profiles",
        "LoadShape",
        Text("shapes of one year in quarter-hours", "负荷曲线"),
        (
            Column("profile_id", Kind.TEXT, Text("load shape", "曲线"), required=True),
            _integer("quarter_hour", "quarter-hour of the year, local standard time", "刻钟序号", 0, 35_135),
            _number("p_factor", "active power over p_kw", "有功系数", -1e3, 1e3),
            _number("q_factor", "reactive power over q_kvar", "无功系数", -1e3, 1e3),
        ),
    ),
    TableSchema(
        "failure_rates",
        "ReliabilityInfo",
        Text("how often equipment fails and how long it takes, where the policy rows do not fit", "故障率参数"),
        (
            Column("equipment_id", Kind.REFERENCE, Text("line, transformer or switch", "线路、变压器或开关")),
            _number(
                "failures_per_year", "failures of the whole line or transformer", "年故障次数", 0, 1e3, required=False
            ),
            _number("repair_h", "time to repair it", "修复时间", 0, 1e5, required=False),
            _number("replace_h", "time to replace it from stock", "更换时间", 0, 1e5, required=False),
            _flag("spare", "a spare is in stock: replaced, not repaired", "有备品", default=False),
            _number(
                "operate_h", "time until a switch is operated after a fault", "故障后操作时间", 0, 1e3, required=False
            ),
            _number("transfer_kw", "power a tie may take over", "联络可转供功率", 0, 1e7, required=False),
        ),
        later=True,
    ),
    TableSchema(
        "positions",
        "SwitchState",
        Text("present positions of switches that are not in their normal one", "当前开关位置"),
        (
            _ref("switch_id", "switches", "switch or earthing switch", "开关"),
            _flag("open", "open at the time of the export", "断开"),
        ),
        later=True,
    ),
)

TABLES: dict[str, TableSchema] = {table.name: table for table in SCHEMA}


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a whole network: one list of rows per table, as `to_pylist` gives them.

    Columns that are not named here are allowed and not used. References between tables are checked by `validate`.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Everlit network tables",
        "type": "object",
        "required": [table.name for table in SCHEMA if table.required],
        "properties": {table.name: {"type": "array", "items": {"$ref": f"#/$defs/{table.name}"}} for table in SCHEMA},
        "$defs": {table.name: _row_schema(table) for table in SCHEMA},
    }


def _row_schema(table: TableSchema) -> dict[str, Any]:
    return {
        "title": table.cim,
        "description": f"{table.meaning.en} {table.meaning.zh}",
        "type": "object",
        "required": [column.name for column in table.columns if column.required],
        "properties": {column.name: _column_schema(column) for column in table.columns},
    }


JSON_TYPES = {Kind.NUMBER: "number", Kind.INTEGER: "integer", Kind.FLAG: "boolean"}


def _column_schema(column: Column) -> dict[str, Any]:
    kind = JSON_TYPES.get(column.kind, "string")
    schema: dict[str, Any] = {
        "description": f"{column.meaning.en} {column.meaning.zh}",
        "type": kind if column.required else [kind, "null"],
    }
    if kind == "string":
        schema |= {"minLength": 1, "maxLength": 500}
    if column.choices:
        schema["enum"] = [*column.choices] if column.required else [*column.choices, None]
    if column.low is not None:
        schema["minimum"] = column.low
    if column.high is not None:
        schema["maximum"] = column.high
    if column.default is not None:
        schema["default"] = column.default
    return schema
