"""Networks for the forward calculation: random ones with every kind of switch and data of their own."""

import numpy as np
import pyarrow as pa

from everlit.grid import compile_network
from everlit.grid.assemble import ARROW_TYPES
from everlit.grid.schema import SWITCH_KINDS, TABLES
from everlit.grid.tables import network_of

HOURS = (0.05, 0.557, 1.0, 2.0, 6.0)


def rates(rows):
    """Rows of the table failure_rates."""
    columns = TABLES["failure_rates"].columns
    cells = [{"spare": False} | row for row in rows]
    return pa.table({c.name: pa.array([row.get(c.name) for row in cells], ARROW_TYPES[c.kind]) for c in columns})


def with_tables(network, **tables):
    """The network with some tables replaced."""
    return network_of({**network.tables, **tables}, {**network.manifest, "name": network.name})


def with_rates(network, rows):
    """The compiled network with these failure rates."""
    return compile_network(with_tables(network, failure_rates=rates(rows)))


def spiced(network, seed):
    """The same network with switches of any kind and speed, and failure data for some of its equipment."""
    rng = np.random.default_rng(seed)
    switches = network.tables["switches"].to_pylist()
    for row in switches:
        if row["kind"] != "ground_disconnector" and rng.random() < 0.4:
            row["kind"] = str(rng.choice(SWITCH_KINDS[:-1]))
        row["remote"] = bool(rng.random() < 0.3)
    rows = []
    for table in ("lines", "transformers"):
        for name in network.tables[table].column(0).to_pylist():
            if rng.random() < 0.5:
                spare = bool(rng.random() < 0.4)
                rate = float(rng.uniform(0, 2)) if rng.random() < 0.8 else None
                rows.append({"equipment_id": name, "failures_per_year": rate, "repair_h": float(rng.uniform(0.1, 9))})
                rows[-1] |= {"spare": spare, "replace_h": float(rng.uniform(0.1, 9)) if spare else None}
    rows += [
        {"equipment_id": row["switch_id"], "operate_h": float(rng.choice(HOURS))}
        for row in switches
        if rng.random() < 0.3
    ]
    table = pa.Table.from_pylist(switches, network.tables["switches"].schema)
    return with_tables(network, switches=table, failure_rates=rates(rows))
