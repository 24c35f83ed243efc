"""A radial network in one line of text (草图): every word pair is a switch from one place to the next, S the source.

The first switch is a breaker, all others load-break switches unless a kind stands behind a colon; `s1`, `s2`, … in order.
For worked examples; a place is one node with one customer.
"""

from typing import Any

import pyarrow as pa

from everlit.grid import Grid, compile_network
from everlit.grid.tables import network_of


def network(text: str, *, kv: float = 10.0) -> Grid:
    """The compiled network of a sketch.

    >>> grid = network("S a | a b:fuse | a c")
    >>> grid.n_sections, grid.switch_ids.to_pylist()
    (4, ['s1', 's2', 's3'])
    """
    switches: list[dict[str, Any]] = []
    for number, part in enumerate(text.split("|"), 1):
        one, other = part.split()
        other, _, kind = other.partition(":")
        kind = kind or ("breaker" if number == 1 else "load_break_switch")
        switches.append({"switch_id": f"s{number}", "kind": kind, "from_node_id": one, "to_node_id": other})
    names = list(dict.fromkeys(node for row in switches for node in (row["from_node_id"], row["to_node_id"])))
    loads = [name for name in names if name != "S"]
    tables = {
        "nodes": pa.table({"node_id": names, "nominal_kv": [kv] * len(names)}),
        "sources": pa.table({"source_id": ["S"], "node_id": ["S"]}),
        "switches": pa.Table.from_pylist([{**row, "normal_open": False} for row in switches]),
        "consumers": pa.table({"consumer_id": loads, "node_id": loads, "p_kw": [1.0] * len(loads)}),
    }
    return compile_network(network_of(tables, {"name": "sketch", "title": {"en": text, "zh": text}}))
