"""Isolation against exhaustive search over sets of switches, and the rules drawn as small networks."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from everlit.grid import SwitchKind, compile_network, supply
from everlit.grid.synthetic import random_network
from everlit.kernel import Hardness, Policies, Policy, Text
from everlit.switching import UnableToIsolate, isolate, limits_of
from tests.switching.drawing import network_from


# ------------------------------------------------------------------------------------------ oracle
def reached(grid, removed, start):
    """Sections joined to `start` over every switch that is not removed, whatever its position (plain flood)."""
    seen, stack = set(start), list(start)
    ends = list(zip(grid.switch_section_from.tolist(), grid.switch_section_to.tolist(), strict=True))
    while stack:
        here = stack.pop()
        for switch, (one, other) in enumerate(ends):
            if switch not in removed and here in (one, other):
                there = other if here == one else one
                if there not in seen:
                    seen.add(there)
                    stack.append(there)
    return seen


def infeeds_of(grid):
    generators = grid.network.tables["generators"].column("node_id").to_pylist()
    sources = set(grid.section_of_node[grid.source_nodes].tolist())
    return sources, {int(grid.section_of_node[grid.node(node)]) for node in generators}


def free(grid, closed):
    """Switches in place at no cost: locked in the open position with a visible break; and those that cannot be used."""
    visible = np.isin(grid.switch_kind, [SwitchKind.LOAD_BREAK_SWITCH, SwitchKind.DISCONNECTOR, SwitchKind.FUSE])
    gratis = {int(s) for s in np.flatnonzero(grid.switch_locked & ~closed & visible)}
    stuck = {int(s) for s in np.flatnonzero(grid.switch_locked & closed)}
    return gratis, stuck


def best_cuts(grid, closed, work, at_most):
    """(generators left inside beyond the work, switches) of the best cut, and every zone of that value."""
    sources, generators = infeeds_of(grid)
    gratis, stuck = free(grid, closed)
    usable = [s for s in range(grid.n_switches) if s not in gratis and s not in stuck]
    best: tuple[int, int] | None = None
    zones: list[set[int]] = []
    for size in range(at_most + 1):
        for removed in combinations(usable, size):
            zone = reached(grid, set(removed) | gratis, work)
            if zone & sources:
                continue
            value = (len((zone & generators) - set(work)), size)
            if best is None or value < best:
                best, zones = value, []
            if value == best:
                zones.append(zone)
        if best is not None and best[0] == 0:
            break
    return best, zones


def lost(grid, closed, zone):
    """Units without supply when nothing passes the border of `zone`."""
    inside = np.isin(np.arange(grid.n_sections), sorted(zone))
    crossing = inside[grid.switch_section_from] != inside[grid.switch_section_to]
    now = supply(grid, closed & ~crossing)
    return int(grid.section_units[supply(grid, closed).energised & ~now.energised].sum())


SIZES = {"feeders": 2, "nodes": 3, "ties": 2, "generators": 1, "earths": 1, "odd_switches": 0.12}


def check_one(seed, **sizes):
    grid = compile_network(random_network(seed, **{**SIZES, **sizes}))
    closed = grid.switch_normal_closed
    rng = np.random.default_rng(seed)
    lines = grid.network.tables["lines"].column("line_id").to_pylist()
    identity = lines[int(rng.integers(len(lines)))]
    work = grid.equipment(identity).sections
    at_most = 4 if grid.n_switches > 14 else 7
    best, zones = best_cuts(grid, closed, work, at_most)
    sources, generators = infeeds_of(grid)
    try:
        found = isolate(grid, closed, identity)
    except UnableToIsolate:
        assert best is None, "refused although a cut exists"
        return "refused"
    gratis, _ = free(grid, closed)
    zone = set(found.zone_sections)
    cut = {each.switch for each in found.breaks}
    assert reached(grid, cut | gratis, work) == zone
    assert not zone & sources
    assert not (found.closed_after & ~closed).any()
    dead = supply(grid, found.closed_after)
    assert not dead.energised[list(zone)].any()
    assert set(found.dead_sections) == set(np.flatnonzero(supply(grid, closed).energised & ~dead.energised).tolist())
    if best is None or (best[0] > 0 and len(cut - gratis) > at_most):
        return "beyond the oracle"
    assert (len((zone & generators) - set(work)), len(cut - gratis)) == best
    assert lost(grid, closed, zone) == min(lost(grid, closed, other) for other in zones)
    units = grid.section_units
    assert units[list(zone)].sum() == min(units[list(other)].sum() for other in zones)
    return "equal"


def test_equals_exhaustive_search_on_mv_networks():
    outcomes = [check_one(seed, lv=False, switch_density=0.6) for seed in range(700)]
    assert outcomes.count("equal") > 500


def test_equals_exhaustive_search_on_one_voltage():
    outcomes = [check_one(seed, transformers=False, switch_density=0.8) for seed in range(1000, 1700)]
    assert outcomes.count("equal") > 500


def test_equals_exhaustive_search_with_low_voltage_and_its_ties():
    outcomes = [check_one(seed, nodes=2, ties=1, lv_ties=1, switch_density=0.4) for seed in range(2000, 2060)]
    assert outcomes.count("equal") > 40


@pytest.mark.long
def test_equals_exhaustive_search_on_thousands():
    outcomes = Counter(check_one(seed, lv=False, switch_density=0.6) for seed in range(10_000, 16_000))
    assert outcomes["equal"] > 5500, outcomes


# ------------------------------------------------------------------------------------------ rules
def names(grid, switches):
    return {grid.switch_id(each) for each in switches}


def test_disconnector_in_the_bay_is_the_break_and_its_breaker_goes_with_it():
    grid = compile_network(network_from("S bay: b1 breaker", "bay a: d1 disconnector", "a b: line l1", "b c: s1"))
    found = isolate(grid, grid.switch_normal_closed, "l1")
    assert (names(grid, found.to_open), names(grid, found.companions)) == ({"d1"}, {"b1"})
    grid = compile_network(network_from("S bay: d1 disconnector", "bay a: b1 breaker", "a b: line l1"))
    found = isolate(grid, grid.switch_normal_closed, "l1")
    assert (names(grid, found.to_open), names(grid, found.companions)) == ({"d1"}, {"b1"})
    assert not [f for f in found.findings if f.kind == "isolate.no_visible_break"]
    assert not found.closed_after.any()


def test_lone_breaker_must_be_withdrawn_and_a_row_can_forbid_that():
    grid = compile_network(network_from("S a: b1 breaker", "a b: line l1"))
    found = isolate(grid, grid.switch_normal_closed, "l1")
    assert [f.subject for f in found.findings if f.kind == "isolate.no_visible_break"] == ["b1"]
    row = Policy("isolate.withdrawn_breaker", 0, "yes", "=", Text("never", "不可"), Hardness.INTERNAL)
    with pytest.raises(UnableToIsolate) as refusal:
        isolate(grid, grid.switch_normal_closed, "l1", limits=limits_of(Policies([row])))
    assert refusal.value.findings[0].kind == "isolate.no_usable_switch"


def test_open_tie_is_locked_and_the_nearest_of_equal_cuts_is_taken():
    grid = compile_network(
        network_from(
            "S a: s1", "a b: line l1", "b c: s2", "c d: line l2", "d e: s3", "e f: line l3", "f g: t1 open", "g R: s9",
            "R: source", "f: load 50",
        )
    )  # fmt: skip
    found = isolate(grid, grid.switch_normal_closed, "l2")
    assert names(grid, found.to_open) == {"s2", "s3"}
    assert found.units == 1
    tied = isolate(grid, grid.switch_normal_closed, "l3")
    assert (names(grid, tied.to_open), names(grid, tied.already_open_to_lock)) == ({"s3"}, {"t1"})


def test_locked_switch_is_passed_over_for_the_next():
    grid = compile_network(network_from("S a: s1", "a b: line l1", "b c: s2 locked", "c d: line l2"))
    found = isolate(grid, grid.switch_normal_closed, "l2")
    assert names(grid, found.to_open) == {"s1"}
    assert names(grid, isolate(grid, grid.switch_normal_closed, "l1", unusable=()).to_open) == {"s1"}
    with pytest.raises(UnableToIsolate):
        isolate(grid, grid.switch_normal_closed, "l1", unusable=["s1"])


def test_source_in_the_same_section_refuses():
    grid = compile_network(network_from("S a: line l1", "a b: s1"))
    with pytest.raises(UnableToIsolate) as refusal:
        isolate(grid, grid.switch_normal_closed, "l1")
    assert refusal.value.findings[0].kind == "isolate.source_inside"


def test_back_feed_from_a_generator_needs_a_break_until_it_is_confirmed():
    grid = compile_network(network_from("S a: s1", "a b: line l1", "b c: s2", "c d: line l2", "d: generator g1"))
    found = isolate(grid, grid.switch_normal_closed, "l1")
    assert names(grid, found.to_open) == {"s1", "s2"}
    assert "generator:g1" in found.infeeds
    assert names(grid, isolate(grid, grid.switch_normal_closed, "l1", confirmed=["g1"]).to_open) == {"s1"}
    inside = isolate(grid, grid.switch_normal_closed, "l2")
    assert inside.generators == ("g1",)


def test_work_on_a_switch_isolates_both_its_sides():
    rows = ("S a: s1", "a b: line l1", "b c: s2", "c d: line l2", "d e: s3", "e R: line l3", "R: source")
    grid = compile_network(network_from(*rows))
    closed = grid.switch_normal_closed.copy()
    closed[grid.switch("s3")] = False
    found = isolate(grid, closed, "s2")
    assert (names(grid, found.to_open), names(grid, found.already_open_to_lock)) == ({"s1"}, {"s3"})


def test_json_speaks_in_identities():
    grid = compile_network(network_from("S a: s1", "a b: line l1", "b: load 20"))
    said = isolate(grid, grid.switch_normal_closed, ["l1"]).as_json()
    assert said["to_open"] == ["s1"]
    assert said["dead"] == {"units": 1, "households": 1}
    assert said["dead_sections"] == said["zone_sections"] == said["work_sections"]
