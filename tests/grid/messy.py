"""Networks without manners for oracle tests: meshes, parallel switches, islands, sources anywhere, self-loops."""

import networkx as nx
import numpy as np
import pyarrow as pa

from everlit.grid import Grid, Network, compile_network
from everlit.grid.schema import SCHEMA
from everlit.grid.tables import ARROW_TYPES, network_of

GROUND = -1


def messy_network(seed: int, *, nodes: int | None = None) -> Network:
    """A random network of that seed; nothing about it is radial."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 16)) if nodes is None else nodes
    ids = [f"n{i}" for i in range(n)]

    def pick() -> str:
        return ids[int(rng.integers(n))]

    rows: dict[str, list[dict]] = {schema.name: [] for schema in SCHEMA}
    rows["nodes"] = [
        {"node_id": i, "nominal_kv": 10.0, "substation_id": "st1" if rng.random() < 0.2 else None} for i in ids
    ]
    rows["substations"] = [{"substation_id": "st1", "name": "one"}]
    for number in range(int(rng.integers(1, 4))):
        rows["sources"].append({"source_id": f"src{number}", "node_id": pick()})
    for number in range(int(rng.integers(0, n + 1))):
        line = {
            "line_id": f"l{number}",
            "from_node_id": pick(),
            "to_node_id": pick(),
            "length_m": 10,
            "r_ohm": 0.1,
            "x_ohm": 0.1,
        }
        rows["lines"].append(line)
    for number in range(int(rng.integers(0, 2 * n + 1))):
        switch = {"switch_id": f"s{number}", "kind": "breaker", "from_node_id": pick(), "to_node_id": pick()}
        rows["switches"].append(switch | {"normal_open": bool(rng.random() < 0.4)})
    for number in range(int(rng.integers(0, 3))):
        earth = {"switch_id": f"e{number}", "kind": "ground_disconnector", "from_node_id": pick(), "normal_open": True}
        rows["switches"].append(earth)
    heads = [row["switch_id"] for row in rows["switches"] if row["kind"] == "breaker"]
    rng.shuffle(heads)
    for number, head in enumerate(heads[: int(rng.integers(0, 4))]):
        rows["feeders"].append({"feeder_id": f"f{number}", "name": "f", "substation_id": "st1", "head_switch_id": head})
    for number in range(int(rng.integers(0, n + 1))):
        load = {"consumer_id": f"c{number}", "node_id": pick(), "p_kw": 1.0, "households": int(rng.integers(0, 9))}
        rows["consumers"].append(load | {"mv_units": int(rng.integers(0, 2)), "capacity_kva": 10.0})
        grade = str(rng.choice(["ordinary", "sensitive", "first", "special"]))
        point = {"usage_point_id": f"u{number}", "consumer_id": f"c{number}", "importance": grade}
        rows["usage_points"].append(point)
    tables = {
        schema.name: pa.table(
            {
                c.name: pa.array([row.get(c.name) for row in rows[schema.name]], ARROW_TYPES[c.kind])
                for c in schema.columns
            }
        )
        for schema in SCHEMA
    }
    return network_of(tables, {"name": f"messy-{seed}"})


def messy_grid(seed: int, **sizes: int) -> Grid:
    return compile_network(messy_network(seed, **sizes))


def random_state(grid: Grid, rng: np.random.Generator) -> np.ndarray:
    """The normal state, or that with some switches operated, or anything at all."""
    closed = grid.switch_normal_closed.copy()
    share = rng.choice([0.0, 0.1, 0.3, 0.5])
    return closed ^ (rng.random(grid.n_switches) < share)


def node_graph(grid: Grid, closed: np.ndarray) -> nx.MultiGraph:
    """Nodes with everything closed between them, and the grid above joined to every source."""
    graph = nx.MultiGraph()
    graph.add_nodes_from([GROUND, *range(grid.n_nodes)])
    for branch, (one, other) in enumerate(zip(grid.branch_from.tolist(), grid.branch_to.tolist(), strict=True)):
        if branch < grid.first_switch or closed[branch - grid.first_switch]:
            graph.add_edge(one, other, key=branch)
    graph.add_edges_from((GROUND, node) for node in grid.source_nodes.tolist())
    return graph


def section_graph(grid: Grid, closed: np.ndarray) -> nx.MultiGraph:
    """Sections with the closed switches between them, and the grid above joined to every source."""
    graph = nx.MultiGraph()
    graph.add_nodes_from([GROUND, *range(grid.n_sections)])
    for switch in np.flatnonzero(closed).tolist():
        graph.add_edge(int(grid.switch_section_from[switch]), int(grid.switch_section_to[switch]), key=switch)
    graph.add_edges_from((GROUND, int(grid.section_of_node[node])) for node in grid.source_nodes)
    return graph


def looped_by_networkx(graph: nx.MultiGraph, sections: int) -> np.ndarray:
    """Sections at some edge of a live component that is no bridge; networkx finds the bridges of the simple graph."""
    live = nx.node_connected_component(graph, GROUND)
    simple = nx.Graph(graph.subgraph(live))
    simple.remove_edges_from(list(nx.selfloop_edges(simple)))
    bridges = {frozenset(edge) for edge in nx.bridges(simple)}
    looped = np.zeros(sections, bool)
    for one, other in graph.subgraph(live).edges(keys=False):
        if one == other or frozenset((one, other)) not in bridges or graph.number_of_edges(one, other) > 1:
            for section in {one, other} - {GROUND}:
                looped[section] = True
    return looped
