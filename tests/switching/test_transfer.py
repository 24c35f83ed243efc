"""Transfer against exhaustive search over all positions of all switches, every state judged by full power flow."""

from collections import Counter
from itertools import product

import numpy as np
import pytest

from everlit.grid import Importance, SwitchKind, compile_network, supply
from everlit.grid.electrical import UnableToSolveFlow, electrical
from everlit.grid.judge import judge
from everlit.grid.schema import IMPORTANCES
from everlit.grid.sweep import radial_flow
from everlit.grid.synthetic import random_network
from everlit.switching import DEFAULT_LIMITS, UnableToIsolate, isolate, transfer
from tests.switching.drawing import network_from

AT_MOST_SWITCHES = 11


# ------------------------------------------------------------------------------------------ oracle
def movable(grid, isolation, live):
    """Switches a transfer may operate, by the rules as written in the documentation, not as coded."""
    dead = set(isolation.dead_sections)
    work = set(isolation.work_sections)
    found = []
    for switch in range(grid.n_switches):
        ends = {int(grid.switch_section_from[switch]), int(grid.switch_section_to[switch])}
        outside = ends - dead
        if not ends & dead or ends <= work or len(ends) == 1:
            continue
        if any(not live[end] for end in outside) or grid.switch_locked[switch]:
            continue
        if grid.nominal_kv[grid.switch_from[switch]] <= 1.0:
            continue
        is_open = not isolation.closed_after[switch]
        if is_open and not grid.switch_phased[switch]:
            continue
        if is_open and outside and grid.switch_kind[switch] in (SwitchKind.DISCONNECTOR, SwitchKind.FUSE):
            continue
        found.append(switch)
    return found


def worth(grid, sections):
    """(weight, units, households) of some sections, counted from the tables."""
    points = grid.network.tables["usage_points"].to_pylist()
    consumers = {row["consumer_id"]: row for row in grid.network.tables["consumers"].to_pylist()}
    weight = 0
    for point in points:
        node = grid.node(consumers[point["consumer_id"]]["node_id"])
        if int(grid.section_of_node[node]) in sections:
            weight += DEFAULT_LIMITS.weights[Importance(IMPORTANCES.index(point["importance"]))]
    chosen = sorted(sections)
    return weight, int(grid.section_units[chosen].sum()), int(grid.section_households[chosen].sum())


def radial(grid, isolation, state, first):
    """The supply of a state when it is radial, keeps the work dead and feeds no transformer backwards; else None."""
    now = supply(grid, state)
    restored = np.flatnonzero(now.energised & ~first.energised)
    if now.looped.any() or now.energised[list(isolation.work_sections)].any():
        return None
    if not set(restored.tolist()) <= set(isolation.dead_sections):
        return None
    for section in restored.tolist():
        nodes = np.flatnonzero(grid.section_of_node == section)
        entry = grid.nominal_kv[grid.switch_from[now.parent_switch[section]]]
        if entry < grid.nominal_kv[nodes].max():
            return None
    return set(restored.tolist())


def keeps_limits(grid, base, flow):
    """The limits of the documentation on full arrays."""
    rated, factor = electrical(grid).rated_a, np.ones(grid.n_branches)
    kv = grid.nominal_kv[grid.branch_from]
    factor[(kv > 1) & (kv <= 20)] = 0.8
    factor[grid.n_lines : grid.first_switch] = 1.0
    known = np.isfinite(rated)
    before, after = base.branch_a[:, known] / rated[known], flow.branch_a[:, known] / rated[known]
    if (after > np.where(before > factor[known], before + 0.005, factor[known]) + 1e-9).any():
        return False
    judged = np.flatnonzero(grid.nominal_kv <= 20)
    before, after = np.nan_to_num(base.voltage_pu[:, judged], nan=1.0), flow.voltage_pu[:, judged]
    low, high = np.where(before < 0.93, before - 0.005, 0.93), np.where(before > 1.07, before + 0.005, 1.07)
    return not ((after < low - 1e-9) | (after > high + 1e-9)).any()


def exhaustive(grid, isolation, p, q, solve):
    """The best value over every combination of positions; None when there are too many."""
    closed, start = isolation.closed_before, isolation.closed_after
    first = supply(grid, start)
    switches = movable(grid, isolation, first.energised)
    if len(switches) > AT_MOST_SWITCHES:
        return None
    base = solve(grid, closed, p, q)
    candidates = []
    for positions in product((False, True), repeat=len(switches)):
        state = start.copy()
        state[switches] = positions
        restored = radial(grid, isolation, state, first)
        if restored is not None:
            candidates.append((*worth(grid, restored), -int((state != start).sum()), state))
    candidates.sort(key=lambda each: each[:4], reverse=True)
    best, loss = None, np.inf
    for *value, state in candidates:
        if best is not None and value != best:
            break
        flow = solve(grid, state, p, q)
        if (flow.converged.all() and keeps_limits(grid, base, flow)) or (value[3] == 0 and (state == start).all()):
            best, loss = value, min(loss, float(flow.loss_kw.sum()) / 4)
    return best, loss, len(switches)


def scenario(seed, *, steps=3, **sizes):
    """A random network, a line of it to work on, and loads that make ties short."""
    grid = compile_network(random_network(seed, **sizes))
    rng = np.random.default_rng(seed)
    lines = grid.network.tables["lines"].column("line_id").to_pylist()
    identity = lines[int(rng.integers(len(lines)))]
    isolation = isolate(grid, grid.switch_normal_closed, identity)
    consumers = grid.network.tables["consumers"]
    shape = rng.uniform(1, 10) * rng.uniform(0.4, 1, (steps, 1)) * rng.uniform(0.7, 1.3, (steps, consumers.num_rows))
    return grid, isolation, shape * consumers["p_kw"].to_numpy(), shape * consumers["q_kvar"].to_numpy()


def check_one(seed, *, solve=radial_flow, **sizes):
    try:
        grid, isolation, p, q = scenario(seed, **sizes)
        if not isolation.dead_sections or not radial_flow(grid, isolation.closed_before, p, q).converged.all():
            return "nothing"
    except (UnableToIsolate, UnableToSolveFlow):
        return "nothing"
    oracle = exhaustive(grid, isolation, p, q, solve)
    if oracle is None:
        return "too many"
    (weight, units, households, operations), loss, _ = oracle
    plan = transfer(grid, isolation.closed_before, isolation, (p, q))
    assert plan.proven
    assert plan.gap == 0
    assert (*plan.kept, -plan.operations) == (weight, units, households, operations), seed
    assert plan.verdict.loss_kwh == pytest.approx(loss, rel=1e-6), seed
    now = supply(grid, plan.state)
    assert not now.looped.any()
    assert set(np.flatnonzero(now.energised & ~supply(grid, isolation.closed_after).energised)) == set(plan.restored)
    everything = worth(grid, set(isolation.dead_sections) - set(isolation.work_sections))
    return "partial" if plan.kept < everything else "full"


def test_equals_exhaustive_search():
    sizes = {"feeders": 3, "nodes": 4, "ties": 4, "lv": False, "switch_density": 0.7}
    outcomes = Counter(check_one(seed, **sizes) for seed in range(400))
    assert outcomes["full"] > 40
    assert outcomes["partial"] > 60


def test_equals_exhaustive_search_with_low_voltage():
    sizes = {"feeders": 2, "nodes": 4, "ties": 3, "lv_ties": 2, "switch_density": 0.7}
    outcomes = Counter(check_one(seed, **sizes) for seed in range(1000, 1080))
    assert outcomes["full"] + outcomes["partial"] > 30


def test_equals_exhaustive_search_judged_by_newton():
    sizes = {"feeders": 3, "nodes": 3, "ties": 4, "lv": False, "switch_density": 0.7}
    outcomes = Counter(check_one(seed, solve=judge, **sizes) for seed in range(2000, 2040))
    assert outcomes["full"] + outcomes["partial"] > 10


@pytest.mark.long
def test_equals_exhaustive_search_on_thousands():
    sizes = {"feeders": 3, "nodes": 4, "ties": 4, "lv": False, "switch_density": 0.7}
    outcomes = Counter(check_one(seed, **sizes) for seed in range(10_000, 13_000))
    assert outcomes["partial"] > 500


# ------------------------------------------------------------------------------------------ rules
CHAIN = (
    "S a: b1", "a b: line l1", "b c: s2", "c d: line l2", "d e: s3", "e f: line l3", "f g: s4", "g h: line l4",
    "h i: t1 open", "i R: line l5", "R: source",
)  # fmt: skip


def plan_for(*rows, equipment="l1", load_kw=None, **options):
    grid = compile_network(network_from(*rows, **options))
    isolation = isolate(grid, grid.switch_normal_closed, equipment)
    p = grid.network.tables["consumers"]["p_kw"].to_numpy()[None] * np.ones((2, 1))
    return grid, transfer(grid, grid.switch_normal_closed, isolation, (p, 0 * p))


def names(grid, switches):
    return {grid.switch_id(each) for each in switches}


def test_a_ring_keeps_everybody_behind_the_work():
    grid, plan = plan_for(*CHAIN, "d: load 100", "f: load 100", "h: load 100")
    assert (names(grid, plan.close), names(grid, plan.open)) == ({"t1"}, set())
    assert plan.kept == (0, 3, 3)
    assert plan.dark == (0, 0)


def test_a_short_tie_takes_what_it_can_by_splitting_the_block():
    rows = [*CHAIN, "d: load 700", "f: load 700", "h: load 700"]
    grid, plan = plan_for(*rows, rated_a=110)
    assert (names(grid, plan.close), names(grid, plan.open)) == ({"t1"}, {"s3"})
    assert plan.kept == (0, 2, 2)


def test_an_important_customer_outweighs_many_others():
    rows = [*CHAIN, "f j: s5", "j k: line l6", "k: load 900 1 special", "h m: s6", "m n: line l7", "n: load 800 500"]
    grid, plan = plan_for(*rows, rated_a=110)
    assert plan.kept == (1000, 1, 1)
    assert "s6" in names(grid, plan.open)


def test_a_second_level_tie_feeds_one_dead_block_through_another():
    rows = [
        "S a: b1", "a b: line l1", "b c: s2", "c d: line l2", "b e: s3", "e f: line l3", "d f: t2 open",
        "f g: t1 open", "g R: line l5", "R: source", "d: load 50", "f: load 60",
    ]  # fmt: skip
    grid, plan = plan_for(*rows)
    assert names(grid, plan.close) == {"t1", "t2"}
    assert plan.kept == (0, 2, 2)


@pytest.mark.parametrize(
    ("tie", "kept"), [("open", 1), ("open unphased", 0), ("open locked", 0), ("open disconnector", 0)]
)
def test_ties_that_may_not_be_closed(tie, kept):
    rows = [
        "S a: b1",
        "a b: line l1",
        "b c: s2",
        "c d: line l2",
        f"d g: t1 {tie}",
        "g R: line l5",
        "R: source",
        "d: load 9",
    ]
    _, plan = plan_for(*rows)
    assert plan.kept == (0, kept, kept)


def test_json_speaks_in_identities():
    _, plan = plan_for(*CHAIN, "d: load 100", "h: load 100")
    said = plan.as_json()
    assert said["close"] == ["t1"]
    assert said["kept"] == {"weight": 0, "units": 2, "households": 2}
    assert said["proven"] is True
    assert said["feeds"] == [{"tie": "t1", "feeder": "", "units": 2}]
