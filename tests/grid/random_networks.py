"""Random networks for the power-flow tests: two voltage levels, several sources, shunts, taps, generators, ties."""

import numpy as np
import pyarrow as pa

from everlit.grid import compile_network
from everlit.grid.tables import network_of

VECTOR_GROUPS = ("Dyn11", "Yyn0", "Dyn5", "YNyn0")


def random_grid(seed, *, nodes=30, sources=1, ties=3):
    """A radial network with open ties: nodes hang from earlier ones by a line, a switch, a transformer or both ways."""
    rng = np.random.default_rng(seed)
    tables = _Tables(rng, sources)
    for node in range(sources, nodes):
        tables.attach(node)
    for _ in range(ties):
        tables.tie()
    return compile_network(network_of(tables.as_tables(), {"name": f"random{seed}"}))


class _Tables:
    def __init__(self, rng, sources):
        self.rng = rng
        self.kv = [10.0] * sources
        self.sources = [
            {
                "source_id": f"S{i}",
                "node_id": f"n{i}",
                "voltage_pu": rng.uniform(0.98, 1.05),
                "angle_deg": rng.uniform(-20, 20),
            }
            for i in range(sources)
        ]
        self.lines, self.switches, self.transformers, self.consumers, self.generators = [], [], [], [], []

    def attach(self, node):
        parent = int(self.rng.integers(max(0, node - 12), node))
        kind = self.rng.choice(["line", "line", "switch", "transformer"])
        if kind == "transformer":
            self._transformer(parent, node)
        else:
            self.kv.append(self.kv[parent])
            one, other = (parent, node) if self.rng.random() < 0.5 else (node, parent)
            if kind == "line":
                self._line(one, other)
            else:
                self._switch(one, other, normal_open=False)
        if self.rng.random() < 0.6:
            scale = 60 if self.kv[node] > 1 else 6
            self.consumers.append(
                {
                    "consumer_id": f"c{node}", "node_id": f"n{node}", "p_kw": scale * self.rng.uniform(-0.2, 1),
                    "q_kvar": scale * self.rng.uniform(-0.3, 0.6),
                }
            )  # fmt: skip
        if self.rng.random() < 0.1:
            self.generators.append({"generator_id": f"g{node}", "node_id": f"n{node}", "kind": "pv", "p_kw": 5.0})

    def tie(self):
        one, other = (int(i) for i in self.rng.integers(0, len(self.kv), 2))
        if one != other and self.kv[one] == self.kv[other]:
            self._switch(one, other, normal_open=True)

    def _line(self, one, other):
        ohm = 0.3 if self.kv[one] > 1 else 0.03
        self.lines.append(
            {
                "line_id": f"l{one}-{other}", "from_node_id": f"n{one}", "to_node_id": f"n{other}", "length_m": 100.0,
                "r_ohm": ohm * self.rng.uniform(0.1, 1), "x_ohm": ohm * self.rng.uniform(0.1, 1),
                "b_us": self.rng.choice([0.0, 50.0]), "rated_a": 200.0,
            }
        )  # fmt: skip

    def _switch(self, one, other, *, normal_open):
        self.switches.append(
            {
                "switch_id": f"s{len(self.switches)}", "kind": "load_break_switch", "from_node_id": f"n{one}",
                "to_node_id": f"n{other}", "normal_open": normal_open,
            }
        )  # fmt: skip

    def _transformer(self, parent, node):
        down = self.kv[parent] > 1
        self.kv.append(0.4 if down else 10.0)
        hv, lv = (parent, node) if down else (node, parent)
        self.transformers.append(
            {
                "transformer_id": f"t{node}", "hv_node_id": f"n{hv}", "lv_node_id": f"n{lv}", "rated_kva": 400.0,
                "hv_kv": 10.5, "lv_kv": 0.4, "uk_percent": 4.0, "pk_kw": 4.6, "i0_percent": 0.5, "p0_kw": 0.8,
                "vector_group": str(self.rng.choice(VECTOR_GROUPS)), "tap_pu": self.rng.choice([-0.05, 0.0, 0.025]),
            }
        )  # fmt: skip

    def as_tables(self):
        nodes = [{"node_id": f"n{i}", "nominal_kv": kv} for i, kv in enumerate(self.kv)]
        named = {
            "nodes": nodes, "sources": self.sources, "lines": self.lines, "switches": self.switches,
            "transformers": self.transformers, "consumers": self.consumers, "generators": self.generators,
        }  # fmt: skip
        return {name: pa.Table.from_pylist(rows) for name, rows in named.items() if rows}


def loads(grid, seed, scenarios=20, *, generators=False):
    """Scenario loads between a fifth and nine fifths of the table row, active and reactive apart."""
    rng = np.random.default_rng(seed)
    consumers = grid.network.tables["consumers"]
    p, q = consumers.column("p_kw").to_numpy(), consumers.column("q_kvar").to_numpy()
    shape = (scenarios, len(p))
    p_kw, q_kvar = p * rng.uniform(0.2, 1.8, shape), q * rng.uniform(0.2, 1.8, shape)
    if generators:
        delivered = rng.uniform(0, 8, (scenarios, grid.network.count("generators")))
        p_kw, q_kvar = np.hstack([p_kw, delivered]), np.hstack([q_kvar, delivered / 5])
    return p_kw, q_kvar
