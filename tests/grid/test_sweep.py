"""The radial sweep: published losses, agreement with power-grid-model, physics, restriction, refusals."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everlit.grid import compile_network, load_network, supply
from everlit.grid.electrical import UnableToSolveFlow, electrical
from everlit.grid.flow import loading
from everlit.grid.judge import judge
from everlit.grid.sweep import UnableToSweep, radial_flow
from everlit.grid.tables import network_of, shipped_networks
from tests.grid.random_networks import loads, random_grid

PUBLISHED = {"case33": 202.677, "case16": 511.454, "case70": 225.019}


def table_loads(grid, factor=1.0):
    consumers = grid.network.tables["consumers"]
    return consumers.column("p_kw").to_numpy() * factor, consumers.column("q_kvar").to_numpy() * factor


def assert_equal_flows(one, other, *, pu=1e-6):
    assert (one.converged == other.converged).all()
    np.testing.assert_allclose(one.voltage_pu, other.voltage_pu, atol=pu, rtol=0)
    turn = (one.angle_deg - other.angle_deg + 180) % 360 - 180
    assert np.nanmax(np.abs(turn), initial=0) < 1e-4
    np.testing.assert_allclose(one.branch_a, other.branch_a, atol=2e-4, rtol=1e-6)
    np.testing.assert_allclose(one.loss_kw, other.loss_kw, atol=1e-4, rtol=1e-6)
    np.testing.assert_allclose(one.source_kva, other.source_kva, atol=1e-2, rtol=1e-6)


@pytest.mark.parametrize(("name", "loss_kw"), PUBLISHED.items())
def test_published_losses(name, loss_kw):
    grid = compile_network(load_network(name))
    flow = radial_flow(grid, grid.switch_normal_closed, *table_loads(grid))
    assert round(float(flow.loss_kw[0]), 3) == loss_kw


@pytest.mark.parametrize("name", sorted(shipped_networks()))
def test_agrees_with_the_judge_on_shipped_networks(name):
    grid = compile_network(load_network(name))
    factors = np.linspace(0.1, 0.6, 3)[:, None]
    p, q = table_loads(grid)
    p, q = factors * p, factors * q
    flow, judged = (engine(grid, grid.switch_normal_closed, p, q) for engine in (radial_flow, judge))
    assert flow.converged.all()
    assert_equal_flows(flow, judged)
    live = supply(grid, grid.switch_normal_closed).energised[grid.section_of_node]
    assert (np.isfinite(flow.voltage_pu[0]) == live).all()


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 60), st.integers(1, 3), st.booleans())
def test_agrees_with_the_judge_on_random_networks(seed, nodes, sources, generators):
    grid = random_grid(seed, nodes=nodes + sources, sources=sources)
    if grid.network.count("consumers") == 0:
        return
    p, q = loads(grid, seed, generators=generators)
    closed = grid.switch_normal_closed.copy()
    rng = np.random.default_rng(seed)
    closed[rng.random(len(closed)) < 0.1] = False
    assert_equal_flows(radial_flow(grid, closed, p, q), judge(grid, closed, p, q))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_power_is_balanced(seed):
    grid = random_grid(seed, nodes=25)
    p, q = loads(grid, seed)
    flow = radial_flow(grid, grid.switch_normal_closed, p, q)
    fed = np.isfinite(flow.voltage_pu[0])[grid.consumer_node]
    np.testing.assert_allclose(flow.source_kva.real.sum(axis=1), p[:, fed].sum(axis=1) + flow.loss_kw, atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_a_switch_carries_what_hangs_behind_it(seed):
    grid = random_grid(seed, nodes=25)
    p, q = loads(grid, seed, 3)
    closed = grid.switch_normal_closed.copy()
    flow = radial_flow(grid, closed, p, q)
    for column, switch in enumerate(flow.switches):
        without = closed.copy()
        without[switch] = False
        rest = radial_flow(grid, without, p, q)
        lost = np.isfinite(flow.voltage_pu[0]) & ~np.isfinite(rest.voltage_pu[0])
        drawn = p[:, lost[grid.consumer_node]].sum(axis=1)
        assert (np.abs(flow.switch_kw[:, column]) >= np.abs(drawn) - 1e-6 - flow.loss_kw).all()
        assert (np.abs(np.abs(flow.switch_kw[:, column]) - np.abs(drawn)) <= flow.loss_kw + 1e-6).all()


def test_sections_alone_give_the_same_as_the_whole():
    grid = random_grid(5, nodes=80, sources=3, ties=0)
    p, q = loads(grid, 5)
    whole = radial_flow(grid, grid.switch_normal_closed, p, q)
    section = int(np.argmax(np.bincount(grid.section_of_node)))
    part = radial_flow(grid, grid.switch_normal_closed, p, q, sections=np.array([section]))
    assert 0 < len(part.nodes) < grid.n_nodes
    assert set(np.flatnonzero(grid.section_of_node == section)) <= set(part.nodes)
    np.testing.assert_allclose(part.voltage_pu, whole.voltage_pu[:, part.nodes], atol=1e-12)
    np.testing.assert_allclose(part.branch_a, whole.branch_a[:, part.branches], atol=1e-9)


def urban_with_loads():
    grid = compile_network(load_network("urban"))
    p, q = table_loads(grid, 0.3)
    return grid, np.linspace(0.5, 1, 8)[:, None] * p, np.linspace(0.5, 1, 8)[:, None] * q


def test_a_changed_feeder_inside_an_unchanged_city():
    """Moving a section to its neighbour and solving only the two feeders gives the city's answer to 1e-6 pu."""
    grid, p, q = urban_with_loads()
    normal = grid.switch_normal_closed.copy()
    base, forest = radial_flow(grid, normal, p, q), supply(grid, normal)
    tie, moved = _some_transfer(grid, forest)
    changed = normal.copy()
    changed[tie], changed[forest.parent_switch[moved]] = True, False
    feeders = {forest.feeder[grid.switch_section_from[tie]], forest.feeder[grid.switch_section_to[tie]]}
    sections = np.flatnonzero(np.isin(forest.feeder, list(feeders)))
    part = radial_flow(grid, changed, p, q, sections=sections, outside=base)
    whole, judged = radial_flow(grid, changed, p, q), judge(grid, changed, p, q)
    assert len(part.nodes) < grid.n_nodes / 3
    np.testing.assert_allclose(part.voltage_pu, whole.voltage_pu[:, part.nodes], atol=1e-6)
    np.testing.assert_allclose(part.voltage_pu, judged.voltage_pu[:, part.nodes], atol=1e-6)
    with pytest.raises(UnableToSweep):
        radial_flow(grid, changed, p, q, sections=sections[:1], outside=base)


def _some_transfer(grid, forest):
    """An open switch between two feeders and the section on one side of it."""
    for switch in np.flatnonzero(~grid.switch_normal_closed):
        one, other = grid.switch_section_from[switch], grid.switch_section_to[switch]
        if forest.feeder[one] != forest.feeder[other] and min(forest.feeder[one], forest.feeder[other]) >= 0:
            return switch, one
    raise AssertionError("urban has ties between feeders")


def test_loops_are_refused_by_name():
    grid = compile_network(load_network("case33"))
    closed = np.ones(grid.n_switches, np.bool_)
    with pytest.raises(UnableToSweep) as refused:
        radial_flow(grid, closed, *table_loads(grid))
    assert refused.value.findings[0].kind == "flow.loop"
    assert refused.value.findings[0].message.zh


def test_two_sources_joined_are_a_loop():
    grid = random_grid(1, nodes=2, sources=2, ties=0)
    tables = dict(grid.network.tables)
    tables["switches"] = pa.table(
        {"switch_id": ["b"], "kind": ["breaker"], "from_node_id": ["n0"], "to_node_id": ["n1"], "normal_open": [False]}
    )
    joined = compile_network(network_of(tables, {"name": "joined"}))
    with pytest.raises(UnableToSweep):
        radial_flow(joined, np.ones(1, np.bool_), np.zeros((1, 0)), np.zeros((1, 0)))


def test_wrong_widths_and_mixed_levels_are_refused():
    grid = compile_network(load_network("case33"))
    with pytest.raises(UnableToSolveFlow):
        radial_flow(grid, grid.switch_normal_closed, np.zeros(3), np.zeros(3))
    tables = dict(grid.network.tables)
    levels = tables["nodes"].column("nominal_kv").to_numpy().copy()
    levels[5] = 0.4
    tables["nodes"] = tables["nodes"].set_column(1, "nominal_kv", pa.array(levels))
    mixed = compile_network(network_of(tables, {"name": "mixed"}))
    with pytest.raises(UnableToSolveFlow) as refused:
        electrical(mixed)
    assert refused.value.findings[0].kind == "flow.levels"


@pytest.mark.parametrize("scenarios", [1, 15, 16, 17, 40])
def test_an_impossible_scenario_is_marked_and_spoils_no_other(scenarios):
    grid = compile_network(load_network("case33"))
    p, q = table_loads(grid)
    factor = np.ones((scenarios, 1))
    factor[scenarios // 2] = 50
    flow, judged = (engine(grid, grid.switch_normal_closed, factor * p, factor * q) for engine in (radial_flow, judge))
    for answer in (flow, judged):
        assert list(np.flatnonzero(~answer.converged)) == [scenarios // 2]
        for values in (answer.voltage_pu, answer.branch_a, answer.loss_kw, answer.source_kva):
            assert np.isnan(values[scenarios // 2]).all()
            assert np.isfinite(np.delete(values, scenarios // 2, axis=0)).all()
    np.testing.assert_allclose(np.delete(flow.loss_kw, scenarios // 2), PUBLISHED["case33"], atol=5e-4)


def test_loading_is_current_over_rating():
    grid = compile_network(load_network("case533"))
    flow = radial_flow(grid, grid.switch_normal_closed, *table_loads(grid))
    line = grid.network.tables["lines"].column("line_id").to_pylist().index("l4")
    rated_a = grid.network.tables["lines"].column("rated_a")[line].as_py()
    assert loading(grid, flow)[0, line] == pytest.approx(flow.branch_a[0, line] / rated_a)
    transformer = grid.n_lines
    hv = grid.branch_from[transformer]
    rated_kva = grid.network.tables["transformers"].column("rated_kva")[0].as_py()
    kva = np.sqrt(3) * flow.branch_a[0, transformer] * grid.nominal_kv[hv] * flow.voltage_pu[0, hv]
    assert loading(grid, flow)[0, transformer] == pytest.approx(kva / rated_kva, rel=1e-3)


def test_no_load_leaves_the_source_voltage():
    grid = compile_network(load_network("case70"))
    nothing = np.zeros(grid.network.count("consumers"))
    flow = radial_flow(grid, grid.switch_normal_closed, nothing, nothing)
    np.testing.assert_allclose(flow.voltage_pu[0], 1.0)
    assert flow.loss_kw[0] == 0


@pytest.mark.parametrize("solve", [radial_flow, judge])
def test_a_few_switches_carry_what_they_carry_among_all(solve):
    for seed in range(6):
        grid = random_grid(seed, nodes=60, sources=2)
        p, q = (np.vstack([part, 0.7 * part]) for part in loads(grid, seed))
        flow = solve(grid, grid.switch_normal_closed, p, q)
        some = flow.switches[seed % 2 :: 3][::-1]
        rows = [int(np.flatnonzero(flow.switches == switch)[0]) for switch in some]
        expected = flow.switch_kw[:, rows] + 1j * flow.switch_kvar[:, rows]
        np.testing.assert_allclose(flow.through_kva(some), expected, atol=1e-9)
