"""The last word: a sweep that errs is not shown, and what is solved again is what the whole network would give."""

from dataclasses import replace

import numpy as np
import pytest

from everlit.grid import compile_network, load_network, supply
from everlit.grid.judge import judge
from everlit.grid.sweep import radial_flow
from everlit.kernel import Period, utc
from everlit.metering.forecast import forecast, window_loads
from everlit.switching import UnableToTransfer, isolate, judgement, transfer, window
from everlit.switching.judgement import AGREEMENT_PU
from tests.switching.drawing import network_from
from tests.switching.test_transfer import CHAIN, scenario

MORNING = Period(utc("2026-01-14T07:00+01:00"), utc("2026-01-14T09:00+01:00"))


@pytest.fixture(scope="module")
def chain():
    """A small ring: the grid, its isolation, the loads."""
    grid = compile_network(network_from(*CHAIN, "d: load 100", "f: load 100", "h: load 100", rated_a=110))
    p = grid.network.tables["consumers"]["p_kw"].to_numpy()[None] * np.array([[0.5], [1.0]])
    return grid, isolate(grid, grid.switch_normal_closed, "l1"), (p, 0 * p)


@pytest.fixture(scope="module")
def city():
    """A line of the city whose customers another feeder takes over, for eight quarter-hours."""
    network = load_network("urban")
    grid = compile_network(network)
    p_kw, q_kvar, _ = window_loads(grid, forecast(network), MORNING, "Europe/Berlin")
    return grid, isolate(grid, grid.switch_normal_closed, "MV3.101 Line 1"), (p_kw, q_kvar)


def louder(flow):
    """Voltages a hair too high."""
    return replace(flow, place_re=flow.place_re * 1.0001, place_im=flow.place_im * 1.0001)


def lighter(flow):
    """Currents half of what they are."""
    return replace(flow, series_a=flow.series_a * 0.5)


def lost(flow):
    """No solution in the last quarter-hour."""
    return replace(flow, converged=np.arange(flow.scenarios) < flow.scenarios - 1)


@pytest.mark.parametrize("where", ["chain", "city"])
@pytest.mark.parametrize("lie", [louder, lighter])
def test_a_lying_sweep_is_refused(where, lie, request, monkeypatch):
    grid, isolation, loads = request.getfixturevalue(where)
    monkeypatch.setattr(window, "radial_flow", lambda *args, **options: lie(radial_flow(*args, **options)))
    with pytest.raises(UnableToTransfer) as refusal:
        transfer(grid, grid.switch_normal_closed, isolation, loads)
    (finding,) = refusal.value.findings
    assert finding.kind == "transfer.judge_differs"
    assert finding.evidence["judged_by"] == "power-grid-model"
    assert finding.evidence["largest_difference_pu"] > AGREEMENT_PU


def test_a_sweep_of_other_loads_is_refused(chain, monkeypatch):
    grid, isolation, (p, q) = chain
    monkeypatch.setattr(
        window, "radial_flow", lambda grid, state, p, q, **options: radial_flow(grid, state, 0.9 * p, q, **options)
    )
    with pytest.raises(UnableToTransfer):
        transfer(grid, grid.switch_normal_closed, isolation, (p, q))


def test_where_the_judge_finds_no_solution_nothing_is_shown(chain, monkeypatch):
    grid, isolation, loads = chain
    monkeypatch.setattr(judgement, "judge", lambda *args, **options: lost(judge(*args, **options)))
    with pytest.raises(UnableToTransfer) as refusal:
        transfer(grid, grid.switch_normal_closed, isolation, loads)
    assert refusal.value.findings[0].evidence["largest_difference_pu"] is None


def test_what_is_only_counted_with_is_not_judged(chain, monkeypatch):
    grid, isolation, loads = chain
    monkeypatch.setattr(judgement, "judge", None)
    plan = transfer(grid, grid.switch_normal_closed, isolation, loads, to_be_shown=False)
    assert plan.judgement is None and plan.as_json()["judgement"] is None


def test_the_answer_says_who_judged(chain):
    grid, isolation, loads = chain
    said = transfer(grid, grid.switch_normal_closed, isolation, loads).as_json()["judgement"]
    assert said["judged_by"] == "power-grid-model"
    assert 0 <= said["largest_difference_pu"] < 1e-7
    assert said["sections"] == said["of_sections"] > 0


def test_the_changed_feeders_come_out_as_in_the_whole_city(city, monkeypatch):
    grid, isolation, loads = city
    seen = []

    def watched(*args, **options):
        seen.append(judge(*args, **options))
        return seen[-1]

    monkeypatch.setattr(judgement, "judge", watched)
    plan = transfer(grid, grid.switch_normal_closed, isolation, loads)
    (part,) = seen
    whole, live = judge(grid, plan.state, *loads), part.place >= 0
    np.testing.assert_allclose(part.voltage_pu[:, live], whole.voltage_pu[:, live], atol=1e-7)
    now, before = supply(grid, plan.state), supply(grid, grid.switch_normal_closed)
    touched = (now.feeder != before.feeder) | np.isin(now.feeder, now.feeder[list(plan.restored)])
    solved = np.zeros(grid.n_sections, np.bool_)
    solved[grid.section_of_node[live]] = True
    assert solved[touched & now.energised].all() and solved[list(plan.restored)].all()
    assert plan.judgement.sections < plan.judgement.of_sections / 5
    assert plan.judgement.difference_pu < 1e-7


def test_on_random_networks_both_agree():
    worst = 0.0
    for seed in range(200, 260):
        grid, isolation, p, q = scenario(seed, feeders=3, nodes=4, ties=4, lv_ties=1, switch_density=0.7)
        if isolation.dead_sections and radial_flow(grid, isolation.closed_before, p, q).converged.all():
            worst = max(worst, transfer(grid, isolation.closed_before, isolation, (p, q)).judgement.difference_pu)
    assert 0 < worst < 1e-6
