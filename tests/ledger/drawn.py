"""Small networks and ledgers for the tests: two feeders with a tie, a clock that is set by hand, files as text.

P ──/A0── a ──/A1── b ∙T∙ c ──/B0── Q        a: load a, transformer TA with home 1 (2 households) and home 2; b, c: loads
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from everlit.app import App
from everlit.grid.model import Network
from everlit.grid.schema import SCHEMA
from everlit.grid.tables import ARROW_TYPES, network_of
from everlit.platform.events import Actor

NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)
"""12:00 of 1 June 2026 in China."""

SHANGHAI = ZoneInfo("Asia/Shanghai")
EDITOR = Actor("Lin 林", "reliability")
HEADER = "event_id,subject,off,on,nature"


def network(*, gone: tuple[str, ...] = (), name: str = "drawn") -> Network:
    """The network above; loads in `gone` are left out."""
    loads = {
        "a": {"node_id": "a1", "households": 1, "mv_units": 1, "capacity_kva": 100.0},
        "b": {"node_id": "b", "households": 5, "mv_units": 1, "capacity_kva": 200.0},
        "c": {"node_id": "c", "households": 7, "mv_units": 1, "capacity_kva": 300.0},
        "home 1": {"node_id": "lv", "households": 2},
        "home 2": {"node_id": "lv", "households": 1},
    }
    switches = [("A0", "P", "a", False), ("A1", "a1", "b", False), ("T", "b1", "c", True), ("B0", "c1", "Q", False)]
    kv = {"lv": 0.4}
    tables: dict[str, list[dict[str, Any]]] = {
        "substations": [{"substation_id": one, "name": one} for one in ("SP", "SQ")],
        "nodes": [
            {"node_id": node, "nominal_kv": kv.get(node, 10.0), "area_class": 2, "lon_deg": 113.0, "lat_deg": 23.0}
            for node in ("P", "a", "a1", "lv", "b", "b1", "c", "c1", "Q")
        ],
        "sources": [{"source_id": f"x{node}", "node_id": node} for node in ("P", "Q")],
        "feeders": [
            {"feeder_id": "FA", "name": "FA", "substation_id": "SP", "head_switch_id": "A0", "unit": "east"},
            {"feeder_id": "FB", "name": "FB", "substation_id": "SQ", "head_switch_id": "B0", "unit": "west"},
        ],
        "lines": [
            {"line_id": f"L{one}", "from_node_id": one, "to_node_id": f"{one}1", "length_m": 100, "r_ohm": 0.1, "x_ohm": 0.1}
            for one in "abc"
        ],
        "switches": [
            {"switch_id": one, "kind": "breaker", "from_node_id": start, "to_node_id": end, "normal_open": opened}
            for one, start, end, opened in switches
        ],
        "transformers": [
            {
                "transformer_id": "TA", "hv_node_id": "a1", "lv_node_id": "lv", "rated_kva": 400, "hv_kv": 10.0,
                "lv_kv": 0.4, "uk_percent": 4, "pk_kw": 3, "mv_units": 1,
            }
        ],
        "consumers": [{"consumer_id": one, "p_kw": 1.0, **row} for one, row in loads.items() if one not in gone],
        "usage_points": [
            {"usage_point_id": f"meter {one}", "consumer_id": one} for one in loads if one not in gone
        ],
    }  # fmt: skip
    made = {}
    for schema in SCHEMA:
        rows = tables.get(schema.name, [])
        columns = {
            c.name: pa.array([row.get(c.name, c.default) for row in rows], ARROW_TYPES[c.kind]) for c in schema.columns
        }
        made[schema.name] = pa.table(columns)
    return network_of(made, {"name": name})


class Hand:
    """A clock set by hand."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def later(self, **by: float) -> datetime:
        """Set the clock forward and say what it shows."""
        self.now += timedelta(**by)
        return self.now


def app_on(url: str, home, clock: Hand, *, of: Network | None = None) -> App:
    """An application with the network above in its store."""
    app = App.open(home, url=url, clock=clock)
    app.import_network(of or network())
    return app


def sheet(*rows: str, header: str = HEADER) -> bytes:
    """A CSV file of these rows."""
    return "\n".join([header, *rows, ""]).encode()
