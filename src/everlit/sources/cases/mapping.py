"""From the tables of the papers to the table format: every branch becomes a switch and a line.

Nothing but r, x, loads, the nominal voltage and which branches are closed is published for these networks; lengths are
therefore 0, ratings empty, and every load bus counts as one MV customer.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from everlit.sources.folder import Converted

PUBLISHED = Path(__file__).parent / "published"


@dataclass(frozen=True, slots=True)
class Bus:
    """A bus of a published network; what it consumes, kW and kvar."""

    name: str
    p_kw: float
    q_kvar: float
    is_source: bool = False
    nominal_kv: float = 12.66


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of a published network, closed or open in its initial configuration."""

    name: str
    from_bus: str
    to_bus: str
    r_ohm: float
    x_ohm: float
    closed: bool
    rated_a: float | None = None


@dataclass(frozen=True, slots=True)
class Paper:
    """A re-typed network: the files it stands in and how it is called here."""

    name: str
    stem: str
    title_en: str
    title_zh: str
    citation: str
    heads: tuple[str, ...]  # branches that leave the source


PAPERS = (
    Paper(
        "case16", "16_civanlar_zhu2002", "Civanlar 16-bus test feeders", "Civanlar 16 节点算例",
        "Civanlar et al. 1988, data as in Zhu 2002; 12.66 kV", ("1-4", "feeder2", "feeder3"),
    ),
    Paper(
        "case33", "33_baranwu", "Baran and Wu 33-bus feeder", "Baran-Wu 33 节点算例",
        "Baran and Wu 1989; 12.66 kV", ("1",),
    ),
    Paper(
        "case70", "70_huang2002", "Huang 70-bus network", "Huang 70 节点算例",
        "Baran and Wu 1989 (PG&E 69-bus) with the ties of Huang 2002; 12.66 kV", ("l1",),
    ),
)  # fmt: skip


def convert_papers() -> list[Converted]:
    """The three re-typed networks."""
    return [_convert_paper(paper) for paper in PAPERS]


def _convert_paper(paper: Paper) -> Converted:
    buses = [
        Bus(row["bus"], float(row["p_kw"]), float(row["q_kvar"]), row["is_source"] == "1")
        for row in _rows(PUBLISHED / f"{paper.stem}_bus.csv")
    ]
    branches = [
        Branch(
            row["branch"],
            row["from"],
            row["to"],
            float(row["r_ohm"]),
            float(row["x_ohm"]),
            row["initially_closed"] == "1",
        )
        for row in _rows(PUBLISHED / f"{paper.stem}_branch.csv")
    ]
    manifest = {
        "title": {"en": paper.title_en, "zh": paper.title_zh},
        "licence": "Facts re-typed from the paper; no licence is needed for them",
        "provenance": f"{paper.citation}. Re-typed bus and branch tables: everlit/sources/cases/published.",
        "generated": "The switch on every branch; lengths and ratings are not published and stay empty.",
        "published": _best_known(paper.stem),
    }
    return Converted(paper.name, tables_of(buses, branches, paper.heads), manifest, style="csv")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _best_known(stem: str) -> dict[str, Any]:
    row = next(row for row in _rows(PUBLISHED / "best_known.csv") if row["network"] == stem)
    return {
        "base_loss_kw": float(row["base_loss_kW"]),
        "base_open": ["s" + name.removeprefix("l") for name in row["base_open"].split()],
        "best_loss_kw": float(row["best_known_loss_kW"]),
        "best_open": ["s" + name.removeprefix("l") for name in row["best_open"].split()],
        "source": row["source"],
    }


def tables_of(
    buses: Sequence[Bus], branches: Sequence[Branch], heads: Sequence[str], busbars: Sequence[str] = ()
) -> dict[str, pa.Table]:
    """The tables of a network in which every branch is a switch and a line.

    >>> buses = [Bus("1", 0, 0, is_source=True), Bus("2", 100, 60)]
    >>> tables = tables_of(buses, [Branch("l1", "1", "2", 0.1, 0.05, closed=True)], ["l1"])
    >>> tables["switches"].to_pylist()[0]["switch_id"], tables["lines"].to_pylist()[0]["from_node_id"]
    ('s1', 'b1.s1')
    """
    level = {bus.name: bus.nominal_kv for bus in buses}
    places = [_place(bus, in_station=bus.is_source or bus.name in busbars) for bus in buses]
    places += [{"node_id": _behind(branch), "nominal_kv": level[branch.from_bus]} for branch in branches]
    return {
        "substations": table_of([{"substation_id": "st1", "name": "Source substation", "name_zh": "电源变电站"}]),
        "nodes": table_of(places),
        "sources": table_of(
            {"source_id": "source", "node_id": f"b{bus.name}", "voltage_pu": 1.0} for bus in buses if bus.is_source
        ),
        "feeders": table_of(_feeder(number + 1, head) for number, head in enumerate(heads)),
        "lines": table_of(map(_line, branches)),
        "switches": table_of(_switch(branch, head=branch.name in heads) for branch in branches),
        "consumers": table_of(map(_consumer, (bus for bus in buses if bus.p_kw or bus.q_kvar))),
        "usage_points": table_of(
            {"usage_point_id": f"u{bus.name}", "consumer_id": f"c{bus.name}"} for bus in buses if bus.p_kw or bus.q_kvar
        ),
    }


def table_of(rows: Iterable[dict[str, Any]]) -> pa.Table:
    """Rows as a table."""
    return pa.Table.from_pylist(list(rows))


def switch_name(branch: str) -> str:
    """Identity of the switch of a published branch: "l18" and "18" both give "s18"."""
    return "s" + branch.removeprefix("l")


def _place(bus: Bus, *, in_station: bool) -> dict[str, Any]:
    station = "st1" if in_station else None
    return {"node_id": f"b{bus.name}", "nominal_kv": bus.nominal_kv, "name": bus.name, "substation_id": station}


def _behind(branch: Branch) -> str:
    return f"b{branch.from_bus}.{switch_name(branch.name)}"


def _feeder(number: int, head: str) -> dict[str, Any]:
    return {
        "feeder_id": f"f{number}", "name": f"Feeder {number}", "name_zh": f"{number}号馈线", "substation_id": "st1",
        "head_switch_id": switch_name(head), "unit": "district",
    }  # fmt: skip


def _line(branch: Branch) -> dict[str, Any]:
    return {
        "line_id": "l" + branch.name.removeprefix("l"),
        "from_node_id": _behind(branch), "to_node_id": f"b{branch.to_bus}", "length_m": 0.0,
        "r_ohm": branch.r_ohm, "x_ohm": branch.x_ohm, "rated_a": branch.rated_a, "kind": "overhead",
        "name": branch.name,
    }  # fmt: skip


def _switch(branch: Branch, *, head: bool) -> dict[str, Any]:
    return {
        "switch_id": switch_name(branch.name), "kind": "breaker" if head else "load_break_switch",
        "from_node_id": f"b{branch.from_bus}", "to_node_id": _behind(branch), "normal_open": not branch.closed,
        "rated_a": branch.rated_a, "name": branch.name,
    }  # fmt: skip


def _consumer(bus: Bus) -> dict[str, Any]:
    return {
        "consumer_id": f"c{bus.name}", "node_id": f"b{bus.name}", "p_kw": bus.p_kw, "q_kvar": bus.q_kvar,
        "households": 1, "mv_units": 1,
    }  # fmt: skip
