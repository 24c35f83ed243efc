"""Random networks, radial and not: the compiled calculation against a walk node by node."""

from dataclasses import replace

import numpy as np
import pytest

from everlit.grid import compile_network
from everlit.grid.synthetic import random_network
from everlit.kernel import Policies
from everlit.reliability.failure_data import assumptions
from everlit.reliability.forward import forward
from everlit.switching.limits import TRANSFER_POLICIES
from tests.grid.messy import messy_network
from tests.reliability.forward_networks import rates, spiced, with_tables
from tests.reliability.forward_oracle import Reference

SHARES = ("transfer.operate_lv", "transfer.disconnector_tie")


def rules(allowed):
    """Transfer rules that do or do not allow low-voltage operation and ties of any kind."""
    return Policies(tuple(replace(row, value=float(allowed)) for row in TRANSFER_POLICIES.rows if row.key in SHARES))


def tangled(seed):
    return messy_network(seed)


def radial(seed):
    return random_network(seed, ties=1 + seed % 5, lv_ties=seed % 3, feeders=2 + seed % 3)


def found(grid, **asked):
    result = forward(grid, **asked)
    return {point.consumer_id: (point.failures_per_year, point.hours_per_year) for point in result.load_points}


def agree(ours, theirs):
    assert ours.keys() == theirs.keys()
    for point, values in theirs.items():
        assert ours[point] == pytest.approx(values, rel=1e-9, abs=1e-12), point


@pytest.mark.parametrize("seed", [*range(20), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(20, 300))])
@pytest.mark.parametrize("make", [radial, tangled])
def test_it_agrees_with_the_walk(make, seed):
    network, allowed = spiced(make(seed), seed), bool(seed % 2)
    grid = compile_network(network)
    reference = Reference(network, assumptions(), operate_lv=allowed, disconnector_tie=allowed)
    agree(found(grid, limited=False, policies=rules(allowed)), reference.year())


@pytest.mark.parametrize("seed", range(8))
def test_it_agrees_in_any_state_with_switches_that_must_not_be_touched(seed):
    network = spiced(radial(seed), seed)
    grid, rng = compile_network(network), np.random.default_rng(seed)
    closed = grid.switch_normal_closed & (rng.random(grid.n_switches) > 0.1)
    held = rng.random(grid.n_switches) < 0.2
    names = grid.switch_ids.to_pylist()
    kept = {name for name, one in zip(names, held.tolist(), strict=True) if one}
    reference = Reference(network, assumptions(), closed=dict(zip(names, closed.tolist(), strict=True)), held=kept)
    agree(found(grid, limited=False, closed=closed, held=held), reference.year())


@pytest.mark.parametrize("seed", range(12))
def test_limits_only_take_away_what_ties_give(seed):
    network, rng = spiced(radial(seed), seed), np.random.default_rng(seed)
    switches = network.tables["switches"].to_pylist()
    own = [row for row in network.tables["failure_rates"].to_pylist() if row["transfer_kw"] is None]
    known = {row["equipment_id"]: row for row in own}
    for row in switches:
        if row["normal_open"]:
            known[row["switch_id"]] = known.get(row["switch_id"], {"equipment_id": row["switch_id"]}) | {
                "transfer_kw": float(rng.uniform(0, 300))
            }
    bounded = compile_network(with_tables(network, failure_rates=rates(known.values())))
    nothing = [row | {"transfer_kw": 0.0} for row in known.values()]
    shut = compile_network(with_tables(network, failure_rates=rates(nothing)))
    limited, free = found(bounded), found(bounded, limited=False)
    alone = found(bounded, limited=False, held=~bounded.switch_normal_closed)
    for point, (often, hours) in limited.items():
        assert often == free[point][0] == alone[point][0]
        assert free[point][1] - 1e-9 <= hours <= alone[point][1] + 1e-9
    loaded = {p.consumer_id for p in forward(bounded).load_points if p.load_kw > 0}
    for point, values in found(shut).items():
        if point in loaded:
            assert values == pytest.approx(alone[point], rel=1e-9)
