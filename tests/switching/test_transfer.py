"""Transfer against exhaustive search over all positions of all switches, every state judged by full power flow."""

from collections import Counter
from dataclasses import dataclass
from itertools import product

import numpy as np
import pyarrow as pa
import pytest

from everlit.grid import Importance, SwitchKind, compile_network, supply
from everlit.grid.electrical import UnableToSolveFlow, electrical
from everlit.grid.judge import judge
from everlit.grid.schema import IMPORTANCES
from everlit.grid.sweep import radial_flow
from everlit.grid.synthetic import random_network
from everlit.grid.tables import network_of
from everlit.switching import DEFAULT_LIMITS, UnableToIsolate, isolate, transfer
from tests.switching.drawing import network_from

AT_MOST_SWITCHES = 11


# ------------------------------------------------------------------------------------------ oracle
def movable(grid, isolation, live, unusable=(), avoid_sections=()):
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
        if grid.switch_id(switch) in unusable or outside & set(avoid_sections):
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


@dataclass(frozen=True)
class Best:
    """What exhaustive search found: the best value (weight, units, households, −operations) and its least loss.

    `by_units` is the best (units, households) when nobody counts as important.
    """

    value: tuple[int, int, int, int]
    loss_kwh: float
    by_units: tuple[int, int]


def exhaustive(grid, isolation, p, q, solve, **asked):
    """The best over every combination of positions; None when there are too many."""
    closed, start = isolation.closed_before, isolation.closed_after
    first = supply(grid, start)
    switches = movable(grid, isolation, first.energised, **asked)
    if len(switches) > AT_MOST_SWITCHES:
        return None
    base, solved = solve(grid, closed, p, q), {}

    def keeps(state):
        """The losses of a state, None when it breaks a limit; nothing switched is always allowed."""
        key = state.tobytes()
        if key not in solved:
            flow = solve(grid, state, p, q)
            good = (flow.converged.all() and keeps_limits(grid, base, flow)) or (state == start).all()
            solved[key] = float(flow.loss_kw.sum()) / 4 if good else None
        return solved[key]

    candidates = []
    for positions in product((False, True), repeat=len(switches)):
        state = start.copy()
        state[switches] = positions
        restored = radial(grid, isolation, state, first)
        if restored is not None:
            candidates.append((*worth(grid, restored), -int((state != start).sum()), state))
    candidates.sort(key=lambda each: each[:4], reverse=True)
    best = next(each[:4] for each in candidates if keeps(each[4]) is not None)
    losses = [keeps(each[4]) for each in candidates if each[:4] == best]
    plain = sorted(candidates, key=lambda each: each[1:3], reverse=True)
    by_units = next(each[1:3] for each in plain if each[1:3] <= best[1:3] or keeps(each[4]) is not None)
    return Best(best, min(loss for loss in losses if loss is not None), by_units)


def with_important(network, seed, share):
    """The network with a share of its customers important, in all grades."""
    rng, points = np.random.default_rng(seed + 1_000_000), network.tables["usage_points"]
    grades = [grade for grade in IMPORTANCES if grade != "ordinary"]
    column = [
        grades[int(rng.integers(len(grades)))] if rng.random() < share else grade
        for grade in points.column("importance").to_pylist()
    ]
    index = points.schema.get_field_index("importance")
    points = points.set_column(index, points.schema.field(index), pa.array(column, points.schema.field(index).type))
    return network_of({**network.tables, "usage_points": points}, dict(network.manifest))


def scenario(seed, *, steps=3, important=0.0, heaviest=10.0, **sizes):
    """A random network, a line of it to work on, and loads of up to `heaviest` times its own, that make ties short."""
    network = random_network(seed, **sizes)
    grid = compile_network(with_important(network, seed, important) if important else network)
    rng = np.random.default_rng(seed)
    lines = grid.network.tables["lines"].column("line_id").to_pylist()
    identity = lines[int(rng.integers(len(lines)))]
    isolation = isolate(grid, grid.switch_normal_closed, identity)
    consumers = grid.network.tables["consumers"]
    shape = rng.uniform(heaviest / 10, heaviest) * rng.uniform(0.4, 1, (steps, 1))
    shape = shape * rng.uniform(0.7, 1.3, (steps, consumers.num_rows))
    return grid, isolation, shape * consumers["p_kw"].to_numpy(), shape * consumers["q_kvar"].to_numpy()


def star(seed, *, steps=4, branches=4):
    """A hub behind the work, branches with loads and customers of all grades, and two ties that carry some of them."""
    rng = np.random.default_rng(seed)
    rows = ["S a: b1", "a b: line l1", "b h: s1", "R: source", "R g: line l2", "h g: t1 open", "m0 g: t2 open"]
    for branch in range(branches):
        kw, households = int(rng.integers(1, 10)) * 100, int(rng.integers(1, 50))
        grade = str(rng.choice(IMPORTANCES))
        rows += [f"h n{branch}: k{branch}", f"n{branch} m{branch}: line c{branch}"]
        rows += [f"m{branch}: load {kw} {households} {grade}"]
    grid = compile_network(network_from(*rows, rated_a=float(rng.uniform(40, 200))))
    shape = rng.uniform(0.5, 1, (steps, 1)) * rng.uniform(0.8, 1.2, (steps, branches))
    p = shape * grid.network.tables["consumers"]["p_kw"].to_numpy()
    return grid, isolate(grid, grid.switch_normal_closed, "l1"), p, 0.2 * p


def asked_of(grid, seed):
    """Switches that may not be used and sections that must not take load over, on two seeds of three each."""
    rng = np.random.default_rng(seed + 2_000_000)
    banned = [grid.switch_id(int(each)) for each in rng.integers(grid.n_switches, size=seed % 3)]
    return {"unusable": banned, "avoid_sections": rng.integers(grid.n_sections, size=(seed // 3) % 3).tolist()}


def compared(seed, *, make=scenario, solve=radial_flow, **sizes):
    """A scenario with what was asked and the oracle's answer; a word where there is nothing to compare."""
    try:
        grid, isolation, p, q = make(seed, **sizes)
        if not isolation.dead_sections or not radial_flow(grid, isolation.closed_before, p, q).converged.all():
            return "nothing"
    except (UnableToIsolate, UnableToSolveFlow):
        return "nothing"
    asked = asked_of(grid, seed)
    oracle = exhaustive(grid, isolation, p, q, solve, **asked)
    return "too many" if oracle is None else (grid, isolation, (p, q), asked, oracle)


def check_one(seed, **sizes):
    """How the plan of a seed compares: whether all are kept, and what decided it."""
    case = compared(seed, **sizes)
    if isinstance(case, str):
        return [case]
    grid, isolation, loads, asked, best = case
    plan = transfer(grid, isolation.closed_before, isolation, loads, **asked)
    assert plan.proven
    assert plan.gap == 0
    assert (*plan.kept, -plan.operations) == best.value, seed
    assert plan.verdict.loss_kwh == pytest.approx(best.loss_kwh, rel=1e-6), seed
    now = supply(grid, plan.state)
    assert not now.looped.any()
    assert set(np.flatnonzero(now.energised & ~supply(grid, isolation.closed_after).energised)) == set(plan.restored)
    everything = worth(grid, set(isolation.dead_sections) - set(isolation.work_sections))
    return [
        "partial" if plan.kept < everything else "full",
        *(["important"] if plan.kept[0] else []),
        *(["weight before units"] if best.by_units > best.value[1:3] else []),
        *(word for word, given in asked.items() if given),
    ]


def outcomes_of(seeds, **sizes):
    """How often each outcome was met."""
    return Counter(outcome for seed in seeds for outcome in check_one(seed, **sizes))


SMALL = {"feeders": 3, "nodes": 4, "ties": 4, "lv": False, "switch_density": 0.7}


def test_equals_exhaustive_search_on_thousands():
    outcomes = outcomes_of(range(2500), important=0.35, heaviest=5.0, **SMALL)
    assert outcomes["full"] + outcomes["partial"] >= 2000, outcomes
    assert outcomes["full"] > 250 and outcomes["partial"] > 400, outcomes
    assert outcomes["important"] > 300, outcomes
    assert min(outcomes["unusable"], outcomes["avoid_sections"]) > 1000, outcomes


def test_important_customers_come_before_many_others():
    outcomes = outcomes_of(range(7000, 7300), make=star)
    assert outcomes["weight before units"] > 40 and outcomes["important"] > 150, outcomes
    assert outcomes["partial"] > 150 and outcomes["full"] > 20, outcomes


def test_equals_exhaustive_search_with_low_voltage():
    sizes = {"feeders": 2, "nodes": 4, "ties": 3, "lv_ties": 2, "switch_density": 0.7}
    outcomes = outcomes_of(range(4000, 4080), important=0.25, steps=8, **sizes)
    assert outcomes["full"] + outcomes["partial"] > 30


def test_equals_exhaustive_search_judged_by_newton():
    sizes = {"feeders": 3, "nodes": 3, "ties": 4, "lv": False, "switch_density": 0.7}
    outcomes = outcomes_of(range(5000, 5040), solve=judge, **sizes)
    assert outcomes["full"] + outcomes["partial"] > 10


@pytest.mark.long
def test_equals_exhaustive_search_on_thousands_of_larger_ones():
    sizes = {"feeders": 3, "nodes": 5, "ties": 5, "lv": False, "switch_density": 0.7, "odd_switches": 0.1}
    outcomes = outcomes_of(range(10_000, 14_000), important=0.25, steps=12, **sizes)
    assert outcomes["full"] + outcomes["partial"] > 2500, outcomes
    assert outcomes["full"] > 300 and outcomes["partial"] > 500 and outcomes["weight before units"] > 30, outcomes


def test_a_search_cut_short_never_claims_too_little():
    """What it keeps is not more, and its bound not less, than the best of exhaustive search."""
    sizes, unproven = {**SMALL, "ties": 6, "switch_density": 0.8}, Counter()
    for seed in range(6000, 6250):
        case = compared(seed, important=0.25, **sizes)
        if isinstance(case, str):
            continue
        grid, isolation, loads, asked, best = case
        for seconds in (0, 1e-9, 0.001):
            plan = transfer(grid, isolation.closed_before, isolation, loads, seconds=seconds, **asked)
            assert plan.kept <= best.value[:3] <= plan.bound, seed
            assert plan.gap >= 0
            assert plan.gap == 0 or not plan.proven
            assert not plan.proven or (*plan.kept, -plan.operations) == best.value
            unproven[seconds] += not plan.proven
            assert plan.certificate_findings == ()
    assert unproven[0] > 50 and unproven[1e-9] > 50, unproven


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
