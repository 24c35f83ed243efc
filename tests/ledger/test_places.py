"""Who is meant by a place: whoever loses supply in the normal state when it is cut out, by networkx."""

import networkx as nx
import numpy as np
import pyarrow as pa
import pytest

from everlit.grid import compile_network
from everlit.grid.synthetic import random_network
from everlit.ledger.model import SubjectKind
from everlit.ledger.places import AS_PLACE, Places
from everlit.ledger.roster import roster
from tests.ledger.drawn import network


def members(places, name, tables=AS_PLACE):
    first, last = places.spans(pa.array([name]), tables)
    _, rows = places.expand(first, last)
    who = places.roster
    return {(who.kind(row), who.ids[row].as_py()) for row in rows.tolist()}


def graph_without(grid, *, branch=-1, node=-1):
    closed = np.concatenate([np.ones(grid.first_switch, bool), grid.switch_normal_closed])
    graph = nx.MultiGraph()
    graph.add_nodes_from(range(grid.n_nodes))
    ends = enumerate(zip(grid.branch_from.tolist(), grid.branch_to.tolist(), strict=True))
    graph.add_edges_from((one, two) for number, (one, two) in ends if closed[number] and number != branch)
    graph.remove_nodes_from([node] if node >= 0 else [])
    return graph


def live(grid, graph):
    sources = [source for source in set(grid.source_nodes.tolist()) if source in graph]
    return set().union(*(nx.node_connected_component(graph, source) for source in sources))


def lost(who, *, branch=-1, node=-1):
    """Loads by their node, transformers by their low side, that only the whole graph feeds."""
    grid = who.grid
    at = np.concatenate([grid.consumer_node, grid.transformer_lv[who.counted], grid.consumer_node[who.own]])
    before, after = live(grid, graph_without(grid)), live(grid, graph_without(grid, branch=branch, node=node))
    return {(who.kind(row), who.ids[row].as_py()) for row, place in enumerate(at.tolist()) if place in before - after}


@pytest.mark.parametrize("seed", range(12))
def test_every_place_is_who_loses_supply_without_it(seed):
    grid = compile_network(random_network(seed, lv_ties=1))
    who = roster(grid)
    places = Places(who)
    tables = grid.network.tables
    for number, name in enumerate(tables["lines"].column("line_id").to_pylist()):
        assert members(places, name) == lost(who, branch=number), name
    for number, name in enumerate(tables["transformers"].column("transformer_id").to_pylist()):
        own = {(SubjectKind.MV_UNIT, name)} if who.is_unit[number] else set()
        assert members(places, name) == lost(who, branch=grid.n_lines + number) | own, name
    for number, name in enumerate(grid.switch_ids.to_pylist()):
        assert members(places, name) == lost(who, branch=grid.first_switch + number), name
    for number, name in enumerate(grid.feeder_ids.to_pylist()):
        assert members(places, name) == lost(who, branch=grid.first_switch + int(grid.feeder_head[number])), name
    for label in range(0, grid.n_nodes, 3):
        assert members(places, grid.node_id(label)) == lost(who, node=label), grid.node_id(label)


def test_a_name_is_looked_for_where_the_column_says():
    places = Places(roster(compile_network(network())))
    points = {(SubjectKind.USAGE_POINT, name) for name in ("home 1", "home 2")}
    assert members(places, "TA") == points | {(SubjectKind.MV_UNIT, "TA")}
    both = {(SubjectKind.USAGE_POINT, "a"), (SubjectKind.MV_UNIT, "a")}
    assert members(places, "a", ("consumers",)) == both
    assert members(places, "meter a", ("usage_points",)) == both
    assert members(places, "sec:a") >= both | points
    assert members(places, "sec:a1") == members(places, "sec:nobody") == set()


def test_unknown_and_idle_places_are_told_apart():
    first, last = Places(roster(compile_network(network()))).spans(pa.array(["T", "nothing", "", None]), AS_PLACE)
    assert first[0] == last[0] >= 0
    assert first[1:].tolist() == last[1:].tolist() == [-1, -1, -1]


def test_households_of_a_transformer_are_those_it_feeds():
    units = roster(compile_network(network())).units
    found = dict(
        zip(units.ids.to_pylist(), zip(units.households.tolist(), units.kva.tolist(), strict=True), strict=True)
    )
    assert found == {"TA": (3, 400.0), "a": (1, 100.0), "b": (5, 200.0), "c": (7, 300.0)}
