"""Checking a network before it is taken (校验): whole or not at all; every fault with table, row, column, reason.

Three rounds, each on what the one before left: files and cells (`reading`, `cells`); rows among themselves
(identities, references); the network as a whole (`checks`: islands, loops, voltages, places). All by columns, so a
network of a million nodes is checked in seconds.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from everlit.grid.assemble import ARROW_TYPES, network_of
from everlit.grid.cells import BadCells, UnableToConvert, convert
from everlit.grid.checks import NETWORK_CHECKS
from everlit.grid.compile import compile_network
from everlit.grid.identities import Identities
from everlit.grid.manifest import findings_of, manifest_problems
from everlit.grid.model import Network
from everlit.grid.reading import Limits, LineNumbers, RawTable, read_folder, report_columns
from everlit.grid.report import Findings, Report
from everlit.grid.schema import SCHEMA, TABLES, Column, TableSchema
from everlit.grid.shipped import network_folder
from everlit.kernel import Finding, Severity, Text

EQUIPMENT = ("nodes", "sources", "lines", "switches", "transformers", "consumers", "usage_points", "generators")
LONGEST_PROFILE = 35_136
RATED = ("failures_per_year", "repair_h", "replace_h", "spare")
OPERATED = ("operate_h", "transfer_kw")
CELL_FAULTS = {
    "value.missing": Text("must be filled", "不能为空"),
    "value.number": Text("is no number", "不是数字"),
    "value.integer": Text("is no whole number", "不是整数"),
    "value.finite": Text("is not finite", "不是有限数"),
    "value.flag": Text("is neither true nor false", "不是 true 或 false"),
    "value.choice": Text("is none of the kinds known", "不是已知的类别"),
    "value.range": Text("is out of range", "超出范围"),
    "value.control": Text("has control characters", "含有控制字符"),
    "value.long": Text("is longer than 500 bytes", "超过 500 字节"),
}
Rows = npt.NDArray[np.int64]


def validate_folder(name_or_folder: str | Path, *, limits: Limits | None = None) -> Report:
    """Check a network folder, or a shipped city by name; the report carries the network when nothing refuses it."""
    findings = Findings()
    read = read_folder(network_folder(name_or_folder), findings, limits=limits or Limits())
    if read is None:
        return Report(str(name_or_folder), {}, (), findings.listed())
    return _validate(str(name_or_folder), read.manifest, read.tables, findings)


def validate_tables(tables: Mapping[str, pa.Table], manifest: Mapping[str, Any]) -> Report:
    """Check tables that are in memory already, by the same rules."""
    found, raw = Findings(), {}
    for problem in manifest_problems(manifest):
        found.add(problem)
    for name, table in tables.items():
        if name not in TABLES:
            say = Text(en=f"{name} is no table of the format.", zh=f"{name} 不是格式中的表。")
            found.add(Finding("folder.unknown_file", name, say, {"table": name}, Severity.WARNING))
            continue
        report_columns(name, table.column_names, TABLES[name], found)
        known = {c.name for c in TABLES[name].columns if table.column_names.count(c.name) == 1}
        columns = {column: table.column(column) for column in table.column_names if column in known}
        raw[name] = RawTable(name, columns, table.num_rows, LineNumbers())
    return _validate(str(manifest.get("name", "network")), manifest, raw, found)


def _validate(subject: str, manifest: Mapping[str, Any], raw: Mapping[str, RawTable], findings: Findings) -> Report:
    counts = {schema.name: raw[schema.name].rows if schema.name in raw else 0 for schema in SCHEMA}
    checked, network = ["files", "cells"], None
    tables = {schema.name: _Rows.of(schema, raw.get(schema.name), findings) for schema in SCHEMA}
    for check in (_filled_tables, *ROW_CHECKS):
        check(tables, findings)
        checked.append(check.__name__.strip("_"))
    if not findings.failed and manifest:
        network = network_of({name: rows.table for name, rows in tables.items()}, manifest)
        network = _check_network(network, tables, findings, checked)
    for finding in findings_of(manifest):
        findings.add(finding)
    return Report(subject, counts, tuple(checked), findings.listed(), dict(findings.more), network)


def _check_network(network: Network, tables: "Tables", findings: Findings, checked: list[str]) -> Network | None:
    grid, before = compile_network(network), len(findings.found)
    for check in NETWORK_CHECKS:
        check(grid, findings)
        checked.append(check.__name__)
    findings.found[before:] = [_placed(finding, tables) for finding in findings.found[before:]]
    return None if findings.failed else network


def _placed(finding: Finding, tables: "Tables") -> Finding:
    """A finding about the network as a whole with the line of the file where its subject stands."""
    rows = tables[finding.evidence["table"]]
    row = int(rows.index.rows(pa.array([finding.subject]))[0])
    if row < 0:
        return finding
    return replace(finding, evidence={**finding.evidence, "row": rows.lines(row)})


# ------------------------------------------------------------------------------------------- one table


@dataclass(frozen=True)
class _Rows:
    """One table with typed columns; cells that could not be read are empty."""

    schema: TableSchema
    table: pa.Table
    file: str
    lines: LineNumbers

    @staticmethod
    def of(schema: TableSchema, raw: RawTable | None, findings: Findings) -> "_Rows":
        """Convert a raw table, reporting every bad cell."""
        given = raw is not None
        raw = raw or RawTable(schema.name, {}, 0, LineNumbers())
        columns: dict[str, pa.Array] = {}
        rows = _Rows(schema, pa.table({}), raw.file, raw.lines)
        for column in schema.columns:
            if column.name in raw.columns:
                columns[column.name] = rows.convert(column, raw.columns[column.name], findings)
                if column is schema.columns[0]:
                    rows = _Rows(schema, pa.table(columns), raw.file, raw.lines)
            else:
                columns[column.name] = pa.nulls(raw.rows, ARROW_TYPES[column.kind])
                if column.required and given:
                    findings.add(rows.about_column("column.missing", column, "is missing", "缺失"))
        return _Rows(schema, pa.table(columns), raw.file, raw.lines)

    def convert(self, column: Column, raw: pa.ChunkedArray, findings: Findings) -> pa.Array:
        """The typed column."""
        try:
            values, bad = convert(column, raw)
        except (UnableToConvert, pa.ArrowException) as reason:
            cause = str(reason)[:200] or str(raw.type)
            findings.add(self.about_column("column.type", column, f"has the wrong type: {cause}", f"类型不符:{cause}"))
            return pa.nulls(len(raw), ARROW_TYPES[column.kind])
        for cells in bad:
            findings.add_rows(cells.rows, lambda row, cells=cells: self._bad_cell(column, cells, row, raw))  # type: ignore[misc]
        return values

    def _bad_cell(self, column: Column, cells: BadCells, row: int, raw: pa.ChunkedArray) -> Finding:
        value, fault = str(raw[row].as_py())[:100], CELL_FAULTS[cells.kind]
        more_en = more_zh = ""
        if cells.kind == "value.range":
            allowed = f"{column.low:,.10g} … {column.high:,.10g}"
            more_en, more_zh = f" ({allowed})", f"({allowed})"
            if column.name == "lat_deg":
                more_en, more_zh = more_en + "; swapped with lon_deg?", more_zh + ";是否与 lon_deg 颠倒?"
        if column.choices:
            more_en = more_zh = f": {', '.join(column.choices)}"
        if cells.kind == "value.missing":
            return self.about(cells.kind, row, column.name, fault.en, fault.zh, value=None)
        return self.about(
            cells.kind, row, column.name, f"{value!r} {fault.en}{more_en}", f"“{value}”{fault.zh}{more_zh}", value=value
        )

    def about(
        self, kind: str, row: int, column: str, en: str, zh: str, *, value: object, severity: Severity = Severity.ERROR
    ) -> Finding:
        """A finding about one cell."""
        line, meaning = self.lines(row), self.schema.column(column).meaning
        key = self.table.column(0)[row].as_py() if self.table.num_columns else None
        say = Text(
            en=f"{self.file} row {line}, {column}: {en}.",
            zh=f"{self.file} 第 {line} 行,{column}({meaning.zh}):{zh}。",
        )
        place = {"table": self.schema.name, "row": line, "column": column, "value": value}
        return Finding(kind, str(key or f"{self.schema.name}:{line}"), say, place, severity)

    def about_column(self, kind: str, column: Column, en: str, zh: str) -> Finding:
        """A finding about a whole column."""
        say = Text(en=f"{self.file}: column {column.name} {en}.", zh=f"{self.file}:列 {column.name} {zh}。")
        return Finding(kind, self.schema.name, say, {"table": self.schema.name, "column": column.name})

    @cached_property
    def index(self) -> Identities:
        """Rows by key."""
        return Identities(self.table.column(0))

    def values(self, column: str) -> pa.Array:
        """A column without chunks."""
        return self.table.column(column).combine_chunks()


Tables = Mapping[str, _Rows]


# -------------------------------------------------------------------------------------- rows among rows


def _filled_tables(tables: Tables, findings: Findings) -> None:
    """Tables no network can do without have rows; of those that could not be read that is said already."""
    unread = {finding.evidence.get("table") for finding in findings.found if finding.severity is Severity.ERROR}
    for name, rows in tables.items():
        if rows.schema.required and not rows.table.num_rows and name not in unread:
            say = Text(en=f"{rows.file} has no rows.", zh=f"{rows.file} 没有数据行。")
            findings.add(Finding("table.no_rows", name, say, {"table": name}))


def _unread(tables: Tables, findings: Findings) -> set[str]:
    """Tables that could not be read, or have no identities: what they lack was said in so many words."""
    keys = {name: rows.schema.key for name, rows in tables.items()}
    places = [
        (finding.kind, str(finding.evidence.get("table")), finding.evidence.get("column")) for finding in findings.found
    ]
    whole = {table for kind, table, _ in places if kind.startswith("table.")}
    return whole | {table for kind, table, column in places if kind == "column.missing" and column == keys.get(table)}


def _identities(tables: Tables, findings: Findings) -> None:
    """No identity twice: not in a table, and not in two tables of equipment."""
    for names in (EQUIPMENT, ("substations",), ("feeders",)):
        together = [tables[name] for name in names]
        keys = [rows.values(rows.schema.key) for rows in together]
        begins = np.concatenate([[0], np.cumsum([len(key) for key in keys])])
        again, first = Identities(pa.concat_arrays(keys)).repeated()
        table_of_again, table_of_first = (np.searchsorted(begins, rows, "right") - 1 for rows in (again, first))
        for index, other in itertools.product(range(len(names)), repeat=2):
            found = (table_of_again == index) & (table_of_first == other)
            if found.any():
                _twins(
                    together[index],
                    together[other],
                    again[found] - begins[index],
                    first[found] - begins[other],
                    findings,
                )


def _twins(rows: _Rows, others: _Rows, again: Rows, first: Rows, findings: Findings) -> None:
    stood = dict(zip(again.tolist(), first.tolist(), strict=True))
    if rows is others:
        findings.add_rows(again, lambda row: _duplicate(rows, row, stood[row]))
    else:
        findings.add_rows(again, lambda row: _shared(rows, row, others.schema.name))


def _duplicate(rows: _Rows, row: int, first: int) -> Finding:
    line, key = rows.lines(first), rows.values(rows.schema.key)[row].as_py()
    en, zh = f"{key!r} stands already in row {line}", f"“{key}”已在第 {line} 行出现"
    return rows.about("id.duplicate", row, rows.schema.key, en, zh, value=key)


def _shared(rows: _Rows, row: int, other: str) -> Finding:
    key = rows.values(rows.schema.key)[row].as_py()
    en, zh = f"{key!r} is also an identity in {other}", f"“{key}”也是 {other} 中的标识"
    return rows.about("id.shared", row, rows.schema.key, en, zh, value=key)


def _references(tables: Tables, findings: Findings) -> None:
    """Every reference names a row that is there; nothing is said of tables that could not be read."""
    unread = _unread(tables, findings)
    for rows in tables.values():
        for column in rows.schema.columns:
            target = column.table or (
                "profiles" if column.name == "profile_id" and rows.schema.name != "profiles" else ""
            )
            if not target or target in unread or not rows.table.num_rows:
                continue
            values = rows.values(column.name)
            missing = _filled(values) & (tables[target].index.rows(values) < 0)
            where = np.flatnonzero(missing)
            findings.add_rows(where, lambda row, rows=rows, name=column.name, to=target: _dangling(rows, row, name, to))  # type: ignore[misc]


def _dangling(rows: _Rows, row: int, column: str, target: str) -> Finding:
    value = rows.values(column)[row].as_py()
    en, zh = f"{value!r} is not in {target}", f"“{value}”不在表 {target} 中"
    return rows.about("ref.dangling", row, column, en, zh, value=value)


def _ends(tables: Tables, findings: Findings) -> None:
    """A line, switch or transformer joins two different nodes; an earthing switch has one."""
    pairs = (("lines", "from_node_id", "to_node_id"), ("switches", "from_node_id", "to_node_id"))
    for name, one, other in (*pairs, ("transformers", "hv_node_id", "lv_node_id")):
        rows = tables[name]
        same = np.flatnonzero(_true(pc.equal(rows.values(one), rows.values(other))))
        en, zh = "both ends are the same node", "两端是同一节点"
        _each(rows, same, "branch.same_ends", other, en, zh, findings)
    switches = tables["switches"]
    earth = _true(pc.equal(switches.values("kind"), "ground_disconnector"))
    to = _filled(switches.values("to_node_id"))
    known = _filled(switches.values("kind"))
    _each(
        switches,
        np.flatnonzero(known & ~earth & ~to),
        "value.missing",
        "to_node_id",
        "must be filled",
        "不能为空",
        findings,
    )
    en, zh = "an earthing switch has no other side, leave it empty", "接地刀闸没有另一侧,应为空"
    _each(switches, np.flatnonzero(earth & to), "switch.earth_ends", "to_node_id", en, zh, findings)


def _feeder_heads(tables: Tables, findings: Findings) -> None:
    """A switch is the head of one feeder at most, and no earthing switch: else its customers have two parents."""
    feeders, switches = tables["feeders"], tables["switches"]
    heads = feeders.values("head_switch_id")
    again, first = Identities(heads).repeated()
    stood = dict(zip(again.tolist(), first.tolist(), strict=True))

    def second(row: int) -> Finding:
        other = feeders.values("feeder_id")[stood[row]].as_py()
        en, zh = f"is already the head of feeder {other}: two parents", f"已是馈线 {other} 的出线开关:两个上级"
        return feeders.about("network.two_parents", row, "head_switch_id", en, zh, value=heads[row].as_py())

    findings.add_rows(again, second)
    earths = switches.values("switch_id").filter(pc.equal(switches.values("kind"), "ground_disconnector"))
    wrong = np.flatnonzero(_filled(heads) & _true(pc.is_in(heads, value_set=earths)))
    en, zh = "an earthing switch cannot be a feeder's head", "接地刀闸不能作出线开关"
    _each(feeders, wrong, "feeder.head_kind", "head_switch_id", en, zh, findings)


def _impedances(tables: Tables, findings: Findings) -> None:
    """Lines have an impedance; transformers a short-circuit voltage above their losses, a high side above the low."""
    lines = tables["lines"]
    zero = (_numbers(lines, "r_ohm") == 0) & (_numbers(lines, "x_ohm") == 0)
    en, zh = "r_ohm and x_ohm are both 0: a jumper is a switch", "r_ohm 与 x_ohm 均为 0:连接线应按开关录入"
    _each(lines, np.flatnonzero(zero), "line.zero_impedance", "r_ohm", en, zh, findings)
    transformers = tables["transformers"]
    with np.errstate(invalid="ignore", divide="ignore"):
        losses = 100 * _numbers(transformers, "pk_kw") / _numbers(transformers, "rated_kva")
    high = np.flatnonzero(losses > _numbers(transformers, "uk_percent"))
    en, zh = "losses alone exceed the short-circuit voltage", "负载损耗超过短路阻抗"
    _each(transformers, high, "transformer.losses", "pk_kw", en, zh, findings)
    turned = np.flatnonzero(_numbers(transformers, "hv_kv") < _numbers(transformers, "lv_kv"))
    en, zh = "the high side is below the low side", "高压侧电压低于低压侧"
    _each(transformers, turned, "transformer.sides", "hv_kv", en, zh, findings)


def _profiles(tables: Tables, findings: Findings) -> None:
    """A load shape has every quarter-hour from 0 to its end once."""
    rows = tables["profiles"]
    quarters, names = _numbers(rows, "quarter_hour"), rows.values("profile_id")
    fine = np.isfinite(quarters) & _filled(names)
    if not fine.any():
        return
    encoded = pc.dictionary_encode(names)
    codes = np.asarray(pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False))[fine].astype(np.int64)
    cells = codes * LONGEST_PROFILE + quarters[fine].astype(np.int64)
    table = np.bincount(cells, minlength=len(encoded.dictionary) * LONGEST_PROFILE).reshape(-1, LONGEST_PROFILE)
    end = LONGEST_PROFILE - np.argmax(table[:, ::-1] > 0, axis=1)
    for code, name in enumerate(encoded.dictionary.to_pylist()):
        first = int(np.flatnonzero(codes == code)[0]) if (codes == code).any() else 0
        gaps, twice = np.flatnonzero(table[code, : end[code]] == 0), np.flatnonzero(table[code] > 1)
        for kind, where, en, zh in (
            ("profile.gap", gaps, "lacks quarter-hour", "缺少刻钟"),
            ("profile.twice", twice, "has twice quarter-hour", "重复刻钟"),
        ):
            if len(where):
                at, many = int(where[0]), len(where)
                say_en, say_zh = f"{name!r} {en} {at} ({many} in all)", f"“{name}”{zh} {at}(共 {many} 个)"
                row = int(np.flatnonzero(fine)[first])
                findings.add(rows.about(kind, row, "quarter_hour", say_en, say_zh, value=at))


def _failure_rates(tables: Tables, findings: Findings) -> None:
    """Rows are about lines, transformers and switches, one each; a value that means nothing there is said to be unused."""
    rows = tables["failure_rates"]
    names = rows.values("equipment_id")
    again, first = Identities(names).repeated()
    stood = dict(zip(again.tolist(), first.tolist(), strict=True))
    findings.add_rows(again, lambda row: _duplicate(rows, row, stood[row]))
    is_switch = tables["switches"].index.rows(names) >= 0
    fails = (tables["lines"].index.rows(names) >= 0) | (tables["transformers"].index.rows(names) >= 0)
    unknown = np.flatnonzero(_filled(names) & ~is_switch & ~fails)
    findings.add_rows(unknown, lambda row: _dangling(rows, row, "equipment_id", "lines, transformers, switches"))
    for columns, where in ((RATED, is_switch), (OPERATED, fails)):
        for column in columns:
            _unused(rows, np.flatnonzero(where & _given(rows, column)), column, findings)
    short = np.flatnonzero(_given(rows, "spare") & ~_filled(rows.values("replace_h")))
    en, zh = "must be filled where a spare is in stock", "有备品时不能为空"
    _each(rows, short, "value.missing", "replace_h", en, zh, findings)


def _positions(tables: Tables, findings: Findings) -> None:
    """A switch has one present position."""
    rows = tables["positions"]
    again, first = Identities(rows.values("switch_id")).repeated()
    stood = dict(zip(again.tolist(), first.tolist(), strict=True))
    findings.add_rows(again, lambda row: _duplicate(rows, row, stood[row]))


def _given(rows: _Rows, column: str) -> npt.NDArray[np.bool_]:
    return _filled(rows.values(column))


def _unused(rows: _Rows, where: Rows, column: str, findings: Findings) -> None:
    en, zh = "has no meaning for this equipment and is not used", "对该设备无意义,不使用"
    findings.add_rows(
        where,
        lambda row: rows.about(
            "rate.unused", row, column, en, zh, value=rows.values(column)[row].as_py(), severity=Severity.WARNING
        ),
    )


def _each(rows: _Rows, where: Rows, kind: str, column: str, en: str, zh: str, findings: Findings) -> None:
    findings.add_rows(where, lambda row: rows.about(kind, row, column, en, zh, value=rows.values(column)[row].as_py()))


def _numbers(rows: _Rows, column: str) -> npt.NDArray[np.float64]:
    return np.asarray(rows.values(column).to_numpy(zero_copy_only=False), dtype=np.float64)


def _filled(values: pa.Array) -> npt.NDArray[np.bool_]:
    if pa.types.is_boolean(values.type):
        return _true(values)
    return np.asarray(pc.is_valid(values).to_numpy(zero_copy_only=False), dtype=np.bool_)


def _true(values: pa.Array) -> npt.NDArray[np.bool_]:
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False), dtype=np.bool_)


ROW_CHECKS: tuple[Callable[[Tables, Findings], None], ...] = (
    _identities,
    _references,
    _ends,
    _feeder_heads,
    _impedances,
    _profiles,
    _failure_rates,
    _positions,
)
