"""Made-up networks: radial in their normal state, whole, the same for the same seed."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everlit.grid import Network, SwitchKind, compile_network, supply
from everlit.grid.shapes import QUARTER_HOURS_OF_A_YEAR, SHAPES, made_up_shapes
from everlit.grid.synthetic import random_network, reference_utility


def closed_graph(network: Network) -> nx.MultiGraph:
    """The normal state as networkx sees it, sources joined at one root: an independent reading of the tables."""
    graph = nx.MultiGraph()
    graph.add_nodes_from(network.tables["nodes"].column("node_id").to_pylist())
    for table, one, other in (
        ("lines", "from_node_id", "to_node_id"),
        ("transformers", "hv_node_id", "lv_node_id"),
        ("switches", "from_node_id", "to_node_id"),
    ):
        for row in network.tables[table].to_pylist():
            if row.get("normal_open") is not True:
                graph.add_edge(row[one], row[other])
    graph.add_edges_from(("sky", row["node_id"]) for row in network.tables["sources"].to_pylist())
    return graph


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10**9),
    feeders=st.integers(1, 4),
    nodes=st.integers(1, 8),
    ties=st.integers(0, 5),
    sources=st.integers(1, 3),
    lv=st.booleans(),
    transformers=st.booleans(),
)
def test_random_networks_are_radial_and_alive(seed, feeders, nodes, ties, sources, lv, transformers):
    network = random_network(
        seed, feeders=feeders, nodes=nodes, ties=ties, sources=sources, lv=lv, transformers=transformers
    )
    assert nx.is_tree(closed_graph(network))
    grid = compile_network(network)
    state = supply(grid, grid.switch_normal_closed)
    assert state.energised.all()
    assert not np.any(state.looped)
    again = random_network(
        seed, feeders=feeders, nodes=nodes, ties=ties, sources=sources, lv=lv, transformers=transformers
    )
    assert again.fingerprint == network.fingerprint


def test_random_networks_hold_what_makes_switching_hard():
    networks = [random_network(seed, odd_switches=0.2) for seed in range(30)]
    switches = [row for network in networks for row in network.tables["switches"].to_pylist()]
    assert any(row["locked"] for row in switches)
    assert any(not row["phased"] for row in switches)
    assert any(row["kind"] == SwitchKind.GROUND_DISCONNECTOR.name.lower() for row in switches)
    generators = [row for network in networks for row in network.tables["generators"].to_pylist()]
    assert any(row["can_island"] for row in generators)
    kv = [
        dict(zip(*(n.tables["nodes"].column(c).to_pylist() for c in ("node_id", "nominal_kv")), strict=True))
        for n in networks
    ]
    ties = [
        level[row["from_node_id"]]
        for network, level in zip(networks, kv, strict=True)
        for row in network.tables["switches"].to_pylist()
        if row["normal_open"] and row["to_node_id"]
    ]
    assert {0.4, 10.0} <= set(ties)


def test_reference_utility_has_the_size_asked_for():
    network = reference_utility(3, customers=20_000, feeders=24, profiles=True)
    assert (network.count("consumers"), network.count("usage_points"), network.count("feeders")) == (20_000, 20_000, 24)
    assert nx.is_tree(closed_graph(network))
    assert network.count("profiles") == len(SHAPES) * QUARTER_HOURS_OF_A_YEAR
    assert (
        reference_utility(3, customers=20_000, feeders=24).fingerprint
        != reference_utility(4, customers=20_000, feeders=24).fingerprint
    )


@pytest.mark.long
def test_reference_utility_at_full_size():
    network = reference_utility()
    assert network.count("consumers") == 1_100_000
    assert network.count("feeders") == 1_000
    assert 1_250_000 < network.count("nodes") < 1_350_000
    grid = compile_network(network)
    state = supply(grid, grid.switch_normal_closed)
    assert state.energised.all()
    assert not np.any(state.looped)


def test_shapes_are_a_year_of_factors():
    table = made_up_shapes(5)
    for name in SHAPES:
        part = table.filter(np.asarray(table.column("profile_id")) == name)
        factor = part.column("p_factor").to_numpy()
        assert len(factor) == QUARTER_HOURS_OF_A_YEAR
        assert factor.min() >= 0
        assert 0.2 < factor.max() <= 1
    sun = table.filter(np.asarray(table.column("profile_id")) == "sun").column("p_factor").to_numpy().reshape(365, 96)
    assert sun[:, :8].max() == 0, "no sun before two in the morning"
