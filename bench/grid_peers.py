"""The same questions asked of graph libraries and network packages: peers of the benchmarks, not parts of the product.

igraph is licensed under the GPL and therefore runs in a process of its own, which gets a file of edges.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.harness import fresh_process, seconds_of
from everlit.grid import Grid


def live_edges(grid: Grid, closed: Any) -> Any:
    """Ends of everything closed, and of one edge from the grid above (the last node) to every source."""
    on = np.concatenate([np.ones(grid.first_switch, np.bool_), closed])
    above = np.full(len(grid.source_nodes), grid.n_nodes, np.int32)
    one = np.concatenate([grid.branch_from[on], above])
    return np.stack([one, np.concatenate([grid.branch_to[on], grid.source_nodes])])


def energised_ms(grid: Grid, closed: Any, wanted: Any, *, everyone: bool) -> dict[str, float]:
    """Milliseconds to find what the sources reach, by the better of two ways of each library.

    `everyone` includes rustworkx, which needs several gigabytes for ten million nodes and is not the fastest.
    """
    edges, n = live_edges(grid, closed), grid.n_nodes + 1
    got = {"scipy": scipy_ms(edges, n, wanted)}
    if everyone:
        got["rustworkx"] = rustworkx_ms(edges, n, wanted)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "edges.npy"
        np.save(path, edges)
        answer = fresh_process("bench.grid_peers:igraph_ms", str(path), n).answer
    assert answer["reached"] == int(wanted.sum()) + 1
    return got | {"igraph": answer["ms"]}


def best_ms(*ways: Callable[[], object]) -> float:
    """The faster of several ways to the same answer."""
    return min(1e3 * seconds_of(way, rounds=3) for way in ways)


def scipy_ms(edges: Any, n: int, wanted: Any) -> float:
    """scipy.sparse.csgraph on a matrix already built."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import breadth_first_order, connected_components

    one, other = np.concatenate([edges[0], edges[1]]), np.concatenate([edges[1], edges[0]])
    matrix = csr_matrix((np.ones(len(one), np.int8), (one, other)), shape=(n, n))

    def components() -> Any:
        _, label = connected_components(matrix, directed=False)
        return label == label[-1]

    def breadth_first() -> Any:
        reached = np.zeros(n, np.bool_)
        reached[breadth_first_order(matrix, n - 1, directed=True, return_predecessors=False)] = True
        return reached

    assert (components()[:-1] == wanted).all()
    assert (breadth_first()[:-1] == wanted).all()
    return best_ms(components, breadth_first)


def rustworkx_ms(edges: Any, n: int, wanted: Any) -> float:
    """rustworkx on a graph already built."""
    import rustworkx

    graph = rustworkx.PyGraph(multigraph=True)
    graph.add_nodes_from([None] * n)
    graph.extend_from_edge_list(list(zip(edges[0].tolist(), edges[1].tolist(), strict=True)))
    assert len(rustworkx.node_connected_component(graph, n - 1)) == int(wanted.sum()) + 1
    return best_ms(
        lambda: rustworkx.node_connected_component(graph, n - 1), lambda: rustworkx.connected_components(graph)
    )


def igraph_ms(path: str, n: int) -> dict[str, Any]:
    """igraph on a graph already built; called in a process of its own."""
    import igraph

    edges = np.load(path)
    graph = igraph.Graph(n=n, edges=edges.T)
    return {
        "reached": len(graph.subcomponent(n - 1)),
        "ms": best_ms(lambda: graph.subcomponent(n - 1), lambda: graph.connected_components().membership),
    }


def power_grid_model_ds_us(grid: Grid) -> float:
    """Microseconds of `get_downstream_nodes` at feeder heads, on a grid already built."""
    from power_grid_model_ds import Grid as Peer
    from power_grid_model_ds.arrays import LinkArray, NodeArray
    from power_grid_model_ds.enums import NodeType

    nodes = NodeArray.zeros(grid.n_nodes)
    nodes.id = np.arange(grid.n_nodes)
    nodes.u_rated = 1e3 * grid.nominal_kv
    nodes.node_type[grid.source_nodes] = NodeType.SUBSTATION_NODE
    on = np.concatenate([np.ones(grid.first_switch, np.bool_), grid.switch_normal_closed])
    links = LinkArray.zeros(int(on.sum()))
    links.id = grid.n_nodes + np.arange(len(links))
    links.from_node, links.to_node = grid.branch_from[on], grid.branch_to[on]
    links.from_status[:], links.to_status[:] = 1, 1
    peer = Peer.empty()
    peer.append(nodes, check_max_id=False)
    peer.append(links, check_max_id=False)
    heads = grid.node_behind_switch[grid.feeder_head[:5]].tolist()
    for head in heads:
        assert len(peer.get_downstream_nodes(head)) == grid.node_last[head] - head - 1

    def ask() -> None:
        for head in heads:
            peer.get_downstream_nodes(head)

    return 1e6 * seconds_of(ask, rounds=3) / len(heads)


def pandapower_us(grid: Grid) -> float:
    """Microseconds of `unsupplied_buses` with one feeder head open, on a net already built."""
    import pandapower
    import pandapower.topology

    net = pandapower.create_empty_network()
    buses = pandapower.create_buses(net, grid.n_nodes, vn_kv=grid.nominal_kv)
    for node in grid.source_nodes.tolist():
        pandapower.create_ext_grid(net, node)
    lines = slice(0, grid.first_switch)
    pandapower.create_lines_from_parameters(
        net, grid.branch_from[lines], grid.branch_to[lines], length_km=1.0, r_ohm_per_km=0.1, x_ohm_per_km=0.1,
        c_nf_per_km=0.0, max_i_ka=1.0,
    )  # fmt: skip
    closed = grid.switch_normal_closed.copy()
    head = int(grid.feeder_head[0])
    closed[head] = False
    pandapower.create_switches(net, grid.switch_from, grid.switch_to, et="b", closed=closed)
    label = int(grid.node_behind_switch[head])
    dark = pandapower.topology.unsupplied_buses(net)
    assert len(buses) == grid.n_nodes
    assert dark == set(range(label, int(grid.node_last[label])))
    return 1e6 * seconds_of(lambda: pandapower.topology.unsupplied_buses(net), rounds=3, least_s=0.0)
