"""The judge: looped states, rings of switches, failed scenarios, and that its layer adds little to the bare call."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from power_grid_model import PowerGridModel, initialize_array

from everlit.grid import compile_network, load_network
from everlit.grid.judge import Further, judge
from everlit.grid.tables import network_of
from tests.grid.random_networks import loads, random_grid


def unmerged(grid, closed, p_kw, q_kvar):
    """The same state as power-grid-model sees it with every switch a zero-impedance link and every line in ohms."""
    tables, n = grid.network.tables, grid.n_nodes
    node = initialize_array("input", "node", n)
    node["id"], node["u_rated"] = np.arange(n), grid.nominal_kv * 1e3
    line = initialize_array("input", "line", grid.n_lines)
    line["id"] = n + np.arange(grid.n_lines)
    line["from_node"], line["to_node"] = grid.branch_from[: grid.n_lines], grid.branch_to[: grid.n_lines]
    line["from_status"] = line["to_status"] = 1
    line["r1"], line["x1"] = tables["lines"]["r_ohm"].to_numpy(), tables["lines"]["x_ohm"].to_numpy()
    line["c1"], line["tan1"] = tables["lines"]["b_us"].to_numpy() * 1e-6 / (2 * np.pi * 50), 0
    link = initialize_array("input", "link", grid.n_switches)
    link["id"] = n + grid.n_lines + np.arange(grid.n_switches)
    link["from_node"], link["to_node"] = grid.switch_from, grid.switch_to
    link["from_status"] = link["to_status"] = closed
    load = initialize_array("input", "sym_load", len(p_kw))
    load["id"] = n + grid.n_lines + grid.n_switches + np.arange(len(p_kw))
    load["node"], load["status"], load["type"] = grid.consumer_node, 1, 0
    load["p_specified"], load["q_specified"] = p_kw * 1e3, q_kvar * 1e3
    source = initialize_array("input", "source", len(grid.source_nodes))
    source["id"] = 10**6 + np.arange(len(grid.source_nodes))
    source["node"], source["status"], source["sk"] = grid.source_nodes, 1, 1e17
    source["u_ref"] = tables["sources"]["voltage_pu"].to_numpy()
    model = {"node": node, "line": line, "link": link, "sym_load": load, "source": source}
    return PowerGridModel(model).calculate_power_flow(max_iterations=50)


def table_loads(grid):
    consumers = grid.network.tables["consumers"]
    return consumers.column("p_kw").to_numpy(), consumers.column("q_kvar").to_numpy()


@pytest.mark.parametrize("name", ["case33", "case70", "case16"])
def test_all_ties_closed_as_links_see_it(name):
    grid = compile_network(load_network(name))
    closed = np.ones(grid.n_switches, np.bool_)
    p, q = table_loads(grid)
    flow, bare = judge(grid, closed, p, q), unmerged(grid, closed, p, q)
    np.testing.assert_allclose(flow.voltage_pu[0], bare["node"]["u_pu"], atol=1e-6)
    currents = np.concatenate([bare["line"]["i_from"], bare["link"]["i_from"]])
    np.testing.assert_allclose(flow.branch_a[0], currents, rtol=1e-4, atol=0.05)
    loss = (bare["line"]["p_from"] + bare["line"]["p_to"]).sum() / 1e3
    assert flow.loss_kw[0] == pytest.approx(loss, rel=1e-5)
    np.testing.assert_allclose(flow.switch_kw[0], bare["link"]["p_from"][flow.switches] / 1e3, atol=0.5)


def ringed():
    """Two busbars with two couplers and a bypass of two switches: three parallel ways of no impedance."""
    #  n0 ══ s0, s1 ══ n1 ── l ── n2        n0 ── s2 ── m ── s3 ── n1
    return compile_network(
        network_of(
            {
                "nodes": pa.table({"node_id": ["n0", "n1", "n2", "m"], "nominal_kv": [10.0] * 4}),
                "sources": pa.table({"source_id": ["S"], "node_id": ["n0"]}),
                "lines": pa.table(
                    {
                        "line_id": ["l"], "from_node_id": ["n1"], "to_node_id": ["n2"], "length_m": [1.0],
                        "r_ohm": [0.5], "x_ohm": [0.5],
                    }
                ),
                "switches": pa.table(
                    {
                        "switch_id": ["s0", "s1", "s2", "s3"], "kind": ["breaker"] * 4,
                        "from_node_id": ["n0", "n1", "n0", "m"], "to_node_id": ["n1", "n0", "m", "n1"],
                        "normal_open": [False] * 4,
                    }
                ),
                "consumers": pa.table({"consumer_id": ["c"], "node_id": ["n2"], "p_kw": [500.0], "q_kvar": [0.0]}),
            },
            {"name": "ringed"},
        )
    )  # fmt: skip


def test_rings_of_switches_share_like_equal_impedances():
    grid = ringed()
    flow = judge(grid, np.ones(4, np.bool_), np.array([500.0]), np.array([0.0]))
    total = flow.source_kva[0, 0].real
    by_id = {grid.switch_id(switch): flow.switch_kw[0, i] for i, switch in enumerate(flow.switches)}
    assert by_id["s0"] == pytest.approx(total * 0.4)
    assert by_id["s1"] == pytest.approx(-total * 0.4), "it points the other way"
    assert by_id["s2"] == by_id["s3"] == pytest.approx(total * 0.2)
    opened = judge(grid, np.array([False, False, True, True]), np.array([500.0]), np.array([0.0]))
    np.testing.assert_allclose(opened.switch_kw, total)
    assert opened.branch_a[0, 1] == opened.branch_a[0, 2] == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_kirchhoff_holds_at_every_node_of_a_looped_state(seed):
    grid = random_grid(seed, nodes=25, ties=6)
    p, q = loads(grid, seed, 3)
    # ties between different vector groups would be a short circuit: close only those that are in phase when open
    closed = grid.switch_normal_closed.copy()
    apart = judge(grid, closed, p, q)
    for switch in np.flatnonzero(~closed):
        angle = apart.angle_deg[0, [grid.switch_from[switch], grid.switch_to[switch]]]
        magnitude = apart.voltage_pu[0, [grid.switch_from[switch], grid.switch_to[switch]]]
        closed[switch] = abs((np.diff(angle)[0] + 180) % 360 - 180) < 5 and abs(np.diff(magnitude)[0]) < 0.01
    flow = judge(grid, closed, p, q)
    assert flow.converged.all()
    fed = np.isfinite(flow.voltage_pu[0])[grid.consumer_node]
    np.testing.assert_allclose(flow.source_kva.real.sum(axis=1), p[:, fed].sum(axis=1) + flow.loss_kw, atol=1e-3)
    balance = np.zeros((len(p), grid.n_nodes))
    np.add.at(balance.T, grid.switch_from[flow.switches], flow.switch_kw.T)
    np.add.at(balance.T, grid.switch_to[flow.switches], -flow.switch_kw.T)
    one, other = grid.branch_from[: grid.first_switch], grid.branch_to[: grid.first_switch]
    lonely = np.setdiff1d(np.arange(grid.n_nodes), np.concatenate([one, other, grid.source_nodes]))
    load = np.zeros((len(p), grid.n_nodes))
    np.add.at(load.T, grid.consumer_node, p.T)
    live = lonely[np.isfinite(flow.voltage_pu[0, lonely])]
    np.testing.assert_allclose(balance[:, live], -load[:, live], atol=1e-3)


def test_a_section_wanted_alone_is_solved_with_its_island():
    grid = random_grid(5, nodes=80, sources=3, ties=0)
    p, q = loads(grid, 5)
    whole = judge(grid, grid.switch_normal_closed, p, q)
    section = int(np.argmax(np.bincount(grid.section_of_node)))
    part = judge(grid, grid.switch_normal_closed, p, q, sections=np.array([section]))
    assert 0 < len(part.nodes) < grid.n_nodes
    np.testing.assert_allclose(part.voltage_pu, whole.voltage_pu[:, part.nodes], atol=1e-9)
    np.testing.assert_allclose(part.branch_a, whole.branch_a[:, part.branches], atol=1e-6)


def test_a_line_of_no_impedance_is_a_connection():
    grid = ringed()
    tables = dict(grid.network.tables)
    tables["lines"] = pa.table(
        {
            "line_id": ["l"], "from_node_id": ["n1"], "to_node_id": ["n2"], "length_m": [0.0],
            "r_ohm": [0.0], "x_ohm": [0.0],
        }
    )  # fmt: skip
    short = compile_network(network_of(tables, {"name": "short"}))
    flow = judge(short, np.ones(4, np.bool_), np.array([500.0]), np.array([0.0]))
    np.testing.assert_allclose(flow.voltage_pu, 1.0, atol=1e-6)
    assert flow.loss_kw[0] == pytest.approx(0, abs=1e-3)


def test_further_loads_count_as_those_of_consumers():
    grid = random_grid(7, nodes=40, ties=2)
    p, q = (np.vstack([part, 0.5 * part]) for part in loads(grid, 7))
    whole, half = judge(grid, grid.switch_normal_closed, p, q), np.arange(p.shape[1]) % 2 == 0
    further = Further(grid.consumer_node[half], p[:, half], q[:, half])
    rest = judge(grid, grid.switch_normal_closed, np.where(half, 0.0, p), np.where(half, 0.0, q), further=further)
    np.testing.assert_allclose(rest.voltage_pu, whole.voltage_pu, atol=1e-10)
    np.testing.assert_allclose(rest.branch_a, whole.branch_a, atol=1e-6)


@pytest.mark.parametrize("factor", [1.0, 40.0])
def test_iterated_currents_end_where_newton_does(factor):
    """Also where they do not converge: then Newton's method is asked."""
    unsolved = 0
    for seed in range(5):
        grid = random_grid(seed, nodes=60, sources=2, ties=1)
        p, q = (np.vstack([part, factor * part]) for part in loads(grid, seed))
        newton, iterated = (judge(grid, grid.switch_normal_closed, p, q, iterated=way) for way in (False, True))
        np.testing.assert_array_equal(iterated.converged, newton.converged)
        np.testing.assert_allclose(iterated.voltage_pu, newton.voltage_pu, atol=1e-6)
        unsolved += int((~newton.converged).sum())
    assert (unsolved > 0) == (factor > 1)
