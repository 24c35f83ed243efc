"""Every state of a simulated ticket against networkx, the judge, and the whole-city supply forest."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everlit.grid import compile_network, supply
from everlit.grid.flow import loading
from everlit.grid.judge import judge
from everlit.grid.synthetic import random_network
from everlit.switching.blocks import Islands, blocks
from everlit.switching.flows import nameplate
from everlit.switching.simulate import simulate
from everlit.switching.step import Action, Step
from tests.switching.dangers import DANGERS, SOUND
from tests.switching.sketch import sketch, steps_of


def random_steps(grid, seed: int, count: int) -> list[Step]:
    rng = np.random.default_rng(seed)
    closed, steps = grid.switch_normal_closed.copy(), []
    for number in range(1, count + 1):
        switch = int(rng.integers(grid.n_switches))
        action = Action.OPEN if closed[switch] else Action.CLOSE
        closed[switch] = not closed[switch]
        steps.append(Step(action, grid.switch_id(switch), number=number, at_min=float(number)))
    return steps


def graph_of(grid, closed) -> nx.Graph:
    """Sections joined through closed switches (each a vertex of its own, so that parallels show), sources tied to ground."""
    graph = nx.Graph()
    graph.add_nodes_from(range(grid.n_sections))
    for switch in np.flatnonzero(closed & (grid.switch_section_from != grid.switch_section_to)):
        graph.add_edge(int(grid.switch_section_from[switch]), f"s{switch}")
        graph.add_edge(f"s{switch}", int(grid.switch_section_to[switch]))
    graph.add_edges_from(("ground", int(grid.section_of_node[node])) for node in grid.source_nodes)
    return graph


@given(seed=st.integers(0, 400))
def test_live_and_paralleled_are_what_networkx_says(seed: int) -> None:
    grid = compile_network(random_network(seed, feeders=3, nodes=4, ties=4))
    trace = simulate(grid, grid.switch_normal_closed, random_steps(grid, seed, 8), predicates=())
    for state in trace.states:
        graph = graph_of(grid, state.closed)
        alive = {place for place in nx.node_connected_component(graph, "ground") if isinstance(place, int)}
        assert set(np.flatnonzero(state.energised).tolist()) == alive
        assert np.array_equal(state.dead, ~state.energised)
        ringed = {place for ring in nx.biconnected_components(graph) if len(ring) > 2 for place in ring}
        bridged = state.closed & (grid.switch_section_from == grid.switch_section_to)
        ringed |= set(grid.switch_section_from[bridged].tolist())
        assert set(np.flatnonzero(state.paralleled).tolist()) == ringed & alive


@given(seed=st.integers(0, 300), touched=st.integers(1, 10))
def test_blocks_give_the_supply_of_the_whole_network(seed: int, touched: int) -> None:
    grid = compile_network(random_network(seed))
    rng = np.random.default_rng(seed)
    switches = rng.choice(grid.n_switches, min(touched, grid.n_switches), replace=False).tolist()
    joined = blocks(grid, grid.switch_normal_closed, switches)
    for _ in range(5):
        closed = grid.switch_normal_closed.copy()
        closed[switches] = rng.random(len(switches)) < 0.5
        islands = Islands(joined, frozenset(switch for switch in switches if closed[switch]))
        forest = supply(grid, closed)
        assert np.array_equal(islands.live_sections(), forest.energised)
        for switch in switches:
            fed = islands.beyond(switch) if closed[switch] else frozenset()
            if fed and not forest.looped.any():
                under = sum(int(joined.sums(grid.section_households.astype(float))[block]) for block in fed)
                assert under == forest.under(switch).households


@given(seed=st.integers(0, 60))
def test_overloads_are_those_of_the_judge(seed: int) -> None:
    grid = compile_network(random_network(seed, odd_switches=0.0))
    p_kw, q_kvar = nameplate(grid)
    start, loads = grid.switch_normal_closed, (p_kw * 4, q_kvar * 4)
    base = judge(grid, start, *loads)
    trace = simulate(grid, start, random_steps(grid, seed, 5), loads, predicates=())
    if not base.converged.all():
        return
    before, off_before = loading(grid, base)[0], np.abs(base.voltage_pu[0] - 1)
    for state in trace.states[1:]:
        flow = judge(grid, state.closed, *loads)
        if not flow.converged.all():
            assert [overload.unit for overload in state.overloaded] == ["converged"]
            continue
        now, off = loading(grid, flow)[0], np.nan_to_num(np.abs(flow.voltage_pu[0] - 1))
        assert sum(each.unit == "A" for each in state.overloaded) == int((now > np.maximum(1.0, before + 0.005)).sum())
        limit = np.maximum(0.1, np.nan_to_num(off_before) + 0.005)
        assert sum(each.unit == "pu" for each in state.overloaded) == int((off > limit).sum())


def test_without_loads_nothing_is_called_overloaded() -> None:
    grid = sketch("S a: s1", "a b: line l1 a=1", "b: load 5000")
    assert simulate(grid, grid.switch_normal_closed, steps_of("open s1", "close s1")).states[2].overloaded == ()


def test_a_report_names_everything_by_identity() -> None:
    grid = sketch("S a: s1", "a b: line l1", "b: load 100 5", "a: gen g1")
    trace = simulate(
        grid,
        grid.switch_normal_closed,
        steps_of("open s1", "generator_off g1", "test a", "earth a", "tag s1", "permit p sec:a"),
    )
    assert trace.safe
    shown = trace.as_json()["states"][-1]
    assert shown["dead"] == {"units": 1, "households": 5, "kva": 0.0}
    assert (shown["dead_sections"], shown["earths"], shown["tagged"], shown["permits"]) == (
        ["sec:a"],
        ["a"],
        ["s1"],
        ["p"],
    )
    assert trace.as_json()["states"][0]["step"] is None


def test_the_second_ticket_begins_where_the_first_ended() -> None:
    grid = sketch("S a: s1", "a: load 10")
    out = simulate(grid, grid.switch_normal_closed, steps_of("open s1", "test a", "earth a", "tag s1"))
    assert [f.kind for f in simulate(grid, out.closed, steps_of("close s1")).violations] == []
    held = simulate(grid, out.closed, steps_of("close s1"), state=out.final)
    assert sorted(finding.kind for finding in held.violations) == ["safety.energise_earth", "safety.tagged"]


@pytest.mark.parametrize("case", [*DANGERS, *SOUND], ids=lambda case: case.predicate)
def test_steps_survive_storage(case) -> None:
    steps = steps_of(*case.steps)
    assert [Step.from_json(step.as_json()) for step in steps] == steps
