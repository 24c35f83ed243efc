"""Energised, dead, looped and fed by whom, against networkx on networks without manners."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everlit.grid import Grid, compile_network, supply
from everlit.grid.synthetic import random_network
from tests.grid.messy import GROUND, looped_by_networkx, messy_grid, node_graph, random_state, section_graph


def check_supply(grid: Grid, closed: np.ndarray) -> None:
    got = supply(grid, closed)
    nodes = nx.node_connected_component(node_graph(grid, closed), GROUND)
    energised = np.array([node in nodes for node in range(grid.n_nodes)])
    graph = section_graph(grid, closed)
    assert (got.energised_nodes == energised).all()
    assert (got.looped == looped_by_networkx(graph, grid.n_sections)).all()
    check_forest(grid, closed, got)
    check_under(grid, closed, got)


def check_forest(grid, closed, got):
    assert sorted(got.order.tolist()) == np.flatnonzero(got.energised).tolist()
    for section in range(grid.n_sections):
        parent, via = int(got.parent_section[section]), int(got.parent_switch[section])
        if parent < 0:
            assert via == -1
            assert bool(got.energised[section]) == bool(grid.section_is_source[section])
            assert got.feeder[section] == -1
            continue
        assert closed[via]
        assert {parent, section} == {int(grid.switch_section_from[via]), int(grid.switch_section_to[via])}
        assert got.first[parent] < got.first[section] < got.last[section] <= got.last[parent]
        head = int(grid.head_feeder[via])
        begins = head >= 0 and grid.head_far_section[via] == section
        assert got.feeder[section] == (head if begins else got.feeder[parent])


def check_under(grid, closed, got):
    """In a state without loops, what hangs under a switch is what goes dark when it opens."""
    if got.looped.any():
        return
    for switch in np.flatnonzero(closed):
        without = closed.copy()
        without[switch] = False
        dark = got.energised & ~supply(grid, without).energised
        counts = got.under(int(switch))
        assert counts.units == grid.section_units[dark].sum()
        assert counts.households == grid.section_households[dark].sum()
        assert counts.kva == pytest.approx(grid.section_kva[dark].sum())
        child = got.child_section(int(switch))
        assert set(got.sections_under(child).tolist() if child >= 0 else []) == set(np.flatnonzero(dark).tolist())


@pytest.mark.parametrize("hundred", range(12))
def test_supply_of_messy_networks(hundred):
    for seed in range(100 * hundred, 100 * hundred + 100):
        grid, rng = messy_grid(seed), np.random.default_rng(seed)
        for _ in range(3):
            check_supply(grid, random_state(grid, rng))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.data())
def test_supply_of_any_state(seed, data):
    grid = messy_grid(seed)
    closed = data.draw(st.lists(st.booleans(), min_size=grid.n_switches, max_size=grid.n_switches))
    check_supply(grid, np.array(closed, bool))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_supply_of_radial_networks_with_ties(seed, other):
    grid = compile_network(random_network(seed, feeders=4, nodes=5, ties=4))
    assert not supply(grid, grid.switch_normal_closed).looped.any()
    check_supply(grid, random_state(grid, np.random.default_rng(other)))


@pytest.mark.parametrize("seed", range(300))
def test_labels_follow_the_normal_supply_forest(seed):
    grid = messy_grid(seed)
    nodes = nx.node_connected_component(node_graph(grid, grid.switch_normal_closed), GROUND)
    assert nodes - {GROUND} == set(range(grid.n_alive))
    assert (grid.node_parent < np.arange(grid.n_nodes)).all()
    assert (grid.section_parent < np.arange(grid.n_sections)).all()
    assert grid.node_ids.to_pylist() == grid.network.tables["nodes"].column("node_id").take(grid.node_row).to_pylist()
    for label in range(grid.n_nodes):
        below = {label}
        for child in range(label + 1, grid.n_nodes):
            below |= {child} if grid.node_parent[child] in below else set()
        assert below == set(range(label, grid.node_last[label]))


def test_two_feeders_in_parallel_keep_their_own_feeder_and_are_looped():
    """S ─/f1/─ a ─/t (open)/─ b ─/f2/─ S: closing the tie loops both, opening f2 then feeds b from f1."""
    grid = two_feeders()
    closed = grid.switch_normal_closed.copy()
    a, b = (int(grid.section_of_node[grid.node(node)]) for node in ("a", "b"))
    closed[grid.switch("t")] = True
    both = supply(grid, closed)
    assert both.looped[[a, b]].all()
    assert grid.feeder_ids.take(both.feeder[[a, b]]).to_pylist() == ["F1", "F2"]
    closed[grid.switch("f2")] = False
    moved = supply(grid, closed)
    assert not moved.looped.any()
    assert moved.energised.all()
    assert grid.feeder_ids.take(moved.feeder[[a, b]]).to_pylist() == ["F1", "F1"]
    assert grid.feeder_ids.take(moved.normal_feeder[[a, b]]).to_pylist() == ["F1", "F2"]


def test_a_bus_fed_backwards_over_a_head_keeps_the_feeding_feeder():
    """The station of F2 has lost its source side: F1 feeds F2 over the tie, and F2's head feeds the bus backwards."""
    grid = two_feeders(stations=2)
    closed = grid.switch_normal_closed.copy()
    closed[grid.switch("t")] = True
    closed[grid.switch("in2")] = False
    moved = supply(grid, closed)
    bus, c = (int(grid.section_of_node[grid.node(node)]) for node in ("bus2", "c"))
    assert moved.energised[[bus, c]].all()
    assert grid.feeder_ids.take(moved.feeder[[bus, c]]).to_pylist() == ["F1", "F3"]


def two_feeders(stations: int = 1) -> Grid:
    import pyarrow as pa

    from everlit.grid.tables import network_of

    def table(*rows):
        names = {name for row in rows for name in row}
        return pa.table({name: [row.get(name) for row in rows] for name in sorted(names)})

    def switch(name, one, other, *, normal_open=False):
        return {
            "switch_id": name,
            "kind": "breaker",
            "from_node_id": one,
            "to_node_id": other,
            "normal_open": normal_open,
        }

    def feeder(name, head):
        return {"feeder_id": name, "name": name, "substation_id": "st", "head_switch_id": head}

    nodes, sources = ["S", "a", "b"], ["S"]
    switches = [switch("f1", "S", "a"), switch("t", "a", "b", normal_open=True)]
    feeders = [feeder("F1", "f1"), feeder("F2", "f2")]
    if stations == 1:
        switches.append(switch("f2", "b", "S"))
    else:
        nodes, sources = [*nodes, "S2", "bus2", "c"], ["S", "S2"]
        switches += [switch("in2", "S2", "bus2"), switch("f2", "b", "bus2"), switch("f3", "c", "bus2")]
        feeders.append(feeder("F3", "f3"))
    tables = {
        "nodes": table(*({"node_id": node, "nominal_kv": 10.0} for node in nodes)),
        "sources": table(*({"source_id": f"src{node}", "node_id": node} for node in sources)),
        "switches": table(*switches),
        "feeders": table(*feeders),
    }
    return compile_network(network_of(tables, {"name": "two"}))
