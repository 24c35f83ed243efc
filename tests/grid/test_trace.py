"""Who goes dark, which switches stand around a place, and the incremental state against the whole recomputation."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everlit.grid import Importance, compile_network, supply
from everlit.grid.components import components
from everlit.grid.live import Live
from everlit.grid.synthetic import random_network, reference_utility
from everlit.grid.tables import network_of
from everlit.grid.trace import bounding_switches, dark, energised_nodes, under
from tests.grid.messy import GROUND, messy_grid, node_graph, random_state


def make(seed, messy):
    return messy_grid(seed) if messy else compile_network(random_network(seed, feeders=4, nodes=5, ties=5))


@pytest.mark.parametrize("messy", [True, False])
@pytest.mark.parametrize("hundred", range(6))
def test_energised_nodes_are_those_networkx_reaches(hundred, messy):
    for seed in range(100 * hundred, 100 * hundred + 100):
        grid, rng = make(seed, messy), np.random.default_rng(seed)
        for _ in range(3):
            closed = random_state(grid, rng)
            reached = nx.node_connected_component(node_graph(grid, closed), GROUND) if messy else None
            wanted = supply(grid, closed).energised_nodes
            if reached is not None:
                assert reached - {GROUND} == set(np.flatnonzero(wanted).tolist())
            assert (energised_nodes(grid, closed) == wanted).all()


@settings(max_examples=120)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.data())
def test_live_equals_the_whole_recomputation(seed, messy, data):
    grid = make(seed, messy)
    if not grid.n_switches:
        return
    live = Live(grid, random_state(grid, np.random.default_rng(seed)))
    for _ in range(25):
        switch = data.draw(st.integers(0, grid.n_switches - 1))
        check_operation(grid, live, switch, close=data.draw(st.booleans()))


@pytest.mark.parametrize("seed", range(40))
def test_live_over_long_sequences(seed):
    grid, rng = make(seed, messy=seed % 2 == 0), np.random.default_rng(seed)
    live = Live(grid)
    for _ in range(100 if grid.n_switches else 0):
        switch = int(rng.integers(grid.n_switches))
        check_operation(grid, live, switch, close=not live.closed[switch])


def check_operation(grid, live, switch, *, close):
    before = live.supply()
    change = live.operate(switch, close=close)
    after = live.supply()
    assert bool(live.closed[switch]) == close
    assert (live.energised == after.energised).all()
    assert (live.energised_nodes == energised_nodes(grid, live.closed)).all()
    assert sorted(change.sections.tolist()) == np.flatnonzero(before.energised != after.energised).tolist()
    assert change.counts.units == grid.section_units[change.sections].sum()
    assert change.counts.households == grid.section_households[change.sections].sum()
    was_closed = bool(before.closed[switch])
    sides = before.energised[[grid.switch_section_from[switch], grid.switch_section_to[switch]]]
    assert change.loop_closed == (close and not was_closed and bool(sides.all()))
    check_live_forest(grid, live, after)


def check_live_forest(grid, live, after):
    """A forest of the present state; where nothing is looped there is only one, so all of it must be equal."""
    for section in np.flatnonzero(live.energised & ~grid.section_is_source):
        parent, via = int(live.parent_section[section]), int(live.parent_switch[section])
        assert live.closed[via]
        assert {parent, int(section)} == {int(grid.switch_section_from[via]), int(grid.switch_section_to[via])}
        steps = 0
        while parent >= 0 and steps <= grid.n_sections:
            parent, steps = int(live.parent_section[parent]), steps + 1
        assert steps <= grid.n_sections
    if not after.looped.any():
        assert (live.parent_section == after.parent_section).all()
        assert (live.parent_switch == after.parent_switch).all()
        assert (live.feeder == after.feeder).all()
        for switch in range(grid.n_switches):
            assert live.under(switch).households == after.under(switch).households


@pytest.mark.parametrize("messy", [True, False])
@pytest.mark.parametrize("seed", range(150))
def test_dark_counts_by_hand(seed, messy):
    grid, rng = make(seed, messy), np.random.default_rng(seed)
    before, after = random_state(grid, rng), random_state(grid, rng)
    nodes = set(np.flatnonzero(energised_nodes(grid, before) & ~energised_nodes(grid, after)).tolist())
    ids = {grid.node_id(node) for node in nodes}
    tables = {name: table.to_pylist() for name, table in grid.network.tables.items()}
    loads = {row["consumer_id"]: row for row in tables["consumers"] if row["node_id"] in ids}
    transformers = [row for row in tables["transformers"] if row["hv_node_id"] in ids]
    got = dark(grid, before, after)
    assert got.nodes == len(nodes)
    assert got.counts.households == sum(row["households"] for row in loads.values())
    assert got.counts.units == sum(row["mv_units"] for row in [*loads.values(), *transformers])
    kva = sum(row["capacity_kva"] or 0 for row in loads.values() if row["mv_units"])
    kva += sum(row["rated_kva"] for row in transformers if row["mv_units"])
    assert got.counts.kva == pytest.approx(kva)
    important = {
        row["usage_point_id"]
        for row in tables["usage_points"]
        if row["consumer_id"] in loads and (row["importance"] != "ordinary" or row["life_support"])
    }
    assert {point.usage_point_id for point in got.important} == important
    grades = [point.importance for point in got.important]
    assert grades == sorted(grades, reverse=True)
    assert all(isinstance(grade, Importance) for grade in grades)
    assert set(got.as_json()) == {"units", "households", "kva", "important"}


@pytest.mark.parametrize("seed", range(60))
def test_under_in_the_normal_state_is_what_supply_says(seed):
    grid = make(seed, messy=False)
    normal = supply(grid, grid.switch_normal_closed)
    for switch in range(grid.n_switches):
        one, other = under(grid, switch), normal.under(switch)
        assert (one.units, one.households) == (other.units, other.households)
        assert one.kva == pytest.approx(other.kva)


@pytest.mark.parametrize("seed", range(100))
def test_bounding_switches_cut_a_place_off(seed):
    grid, rng = messy_grid(seed), np.random.default_rng(seed)
    closed = random_state(grid, rng)
    sections = np.unique(rng.integers(0, grid.n_sections, 2))
    bounds = bounding_switches(grid, closed, sections.tolist())
    inside = np.isin([grid.switch_section_from, grid.switch_section_to], sections)
    around = np.flatnonzero(inside[0] != inside[1])
    assert sorted([*bounds.closed.tolist(), *bounds.opened.tolist()]) == around.tolist()
    assert closed[bounds.closed].all()
    assert not closed[bounds.opened].any()
    closed[bounds.closed] = False
    after = supply(grid, closed)
    assert all(after.energised[s] == (grid.section_is_source[sections].any() and after.energised[s]) for s in sections)


def test_nothing_bounds_nothing():
    grid = messy_grid(1)
    bounds = bounding_switches(grid, grid.switch_normal_closed, [])
    assert len(bounds.closed) == len(bounds.opened) == 0


def test_a_utility_of_forty_thousand_nodes_switched_for_a_day():
    """Live, the repainted answer and the whole recomputation agree on a network of real shape."""
    grid, rng = compile_network(reference_utility(4, customers=30_000, feeders=30)), np.random.default_rng(4)
    live, sections = Live(grid), (grid.switch_section_from, grid.switch_section_to)
    ties, heads = np.flatnonzero(~grid.switch_normal_closed), grid.feeder_head
    for step in range(400):
        among = (ties, heads, np.arange(grid.n_switches))[step % 3]
        switch = int(rng.choice(among))
        live.operate(switch, close=not live.closed[switch])
        if step % 10 == 0:
            whole = live.supply()
            assert (live.energised == whole.energised).all()
            assert (live.energised_nodes == whole.energised_nodes).all()
            assert (energised_nodes(grid, live.closed) == whole.energised_nodes).all()
            group, groups = components(grid.n_sections, *(ends[live.closed] for ends in sections))
            radial = ~np.bincount(group, whole.looped, groups).astype(bool)[group]
            assert (live.feeder == whole.feeder)[radial].all()
            assert (live.parent_switch == whole.parent_switch)[radial].all()
    assert 0 < live.energised.mean() < 1


@pytest.mark.parametrize("seed", range(20))
def test_answers_do_not_depend_on_the_order_of_rows(seed):
    network, rng = random_network(seed), np.random.default_rng(seed)
    tables = {name: table.take(rng.permutation(table.num_rows)) for name, table in network.tables.items()}
    one, other = compile_network(network), compile_network(network_of(tables, network.manifest))
    opened = rng.choice(one.switch_ids.to_pylist(), 3, replace=False).tolist()
    answers = []
    for grid in (one, other):
        after = grid.switch_normal_closed.copy()
        after[[grid.switch(switch) for switch in opened]] ^= True
        lost = dark(grid, grid.switch_normal_closed, after)
        names = {grid.section_name(section) for section in lost.sections.tolist()}
        looped = {grid.section_name(section) for section in np.flatnonzero(supply(grid, after).looped).tolist()}
        answers.append((lost.counts, lost.nodes, [point.usage_point_id for point in lost.important], names, looped))
    assert answers[0][0].units == answers[1][0].units
    assert answers[0][0].households == answers[1][0].households
    assert answers[0][0].kva == pytest.approx(answers[1][0].kva)
    assert answers[0][1:] == answers[1][1:]
