"""Loop closing: the formula and its worked examples, the vectors against the power flow of the closed loop, every check."""

from dataclasses import replace

import numpy as np
import pytest

from everlit.grid import compile_network, supply
from everlit.grid.judge import judge
from everlit.grid.synthetic import random_network
from everlit.kernel import Policies
from everlit.switching import paths
from everlit.switching.flows import StateFlows, nameplate
from everlit.switching.loop import Closing, branch_current_a, loop_current_a, loop_test, phasor
from everlit.switching.loop import tested as verdict_on
from everlit.switching.paths import ring, tree
from everlit.switching.policies import NEWEST, SWITCHING_POLICIES, rulebook
from tests.switching.sketch import sketch

TWO_FEEDERS = (
    "S a: b1 breaker", "S b: b2 breaker", "a c: line l1 r=0.6 x=0.6 a=400", "b d: line l2 r=0.6 x=0.6 a=400",
    "c d: t open a=400", "b1: feeder f1", "b2: feeder f2",
)  # fmt: skip


@pytest.mark.parametrize(
    ("kv", "degrees", "volts", "amperes"),
    [(10.4, -1, 208, 100), (10.3, -3, 580, 279), (10.2, -5, 951, 458), (10.5, -30, 5435, 2615)],
)
def test_the_worked_examples(kv: float, degrees: float, volts: float, amperes: float) -> None:
    assert abs(10.5 - phasor(kv, degrees)) * 1000 == pytest.approx(volts, abs=0.5)
    assert abs(loop_current_a(10.5, phasor(kv, degrees), 1.2)) == pytest.approx(amperes, abs=0.5)


def closing_of(grid, closed, switch, loads) -> Closing:
    flows = StateFlows(grid, loads)
    after = closed.copy()
    after[switch] = True
    ends = (int(grid.switch_from[switch]), int(grid.switch_to[switch]))
    up = tree(grid, closed)
    apart, together = flows.whole(closed), flows.whole(after)
    assert apart is not None and together is not None
    return Closing(grid, switch, ends, up, ring(up, *ends), apart, together)


def live_ties() -> list[tuple]:
    """Ties of random networks whose two sides are live and turned alike, with some load.

    Left out are ties that merely short-circuit one line: the power flow then joins its two ends to one node.
    """
    found = []
    for seed in range(60):
        grid = compile_network(random_network(seed, ties=4, odd_switches=0.0))
        closed = grid.switch_normal_closed
        live, up = supply(grid, closed).energised, tree(grid, closed)
        for switch in np.flatnonzero(~closed).tolist():
            ends = (int(grid.switch_from[switch]), int(grid.switch_to[switch]))
            sections = grid.section_of_node[list(ends)]
            if live[sections].all() and sections[0] != sections[1] and up.hours_apart(*ends) == 0:
                joined = ring(up, *ends)
                if sum(branch < grid.first_switch for branch in (*joined.one, *joined.other)) < 2:
                    continue
                p_kw, q_kvar = nameplate(grid)
                found.append((seed, grid, closed, switch, (p_kw * 0.3, q_kvar * 0.3)))
    return found


TIES = live_ties()


def test_there_are_ties_to_compare_on() -> None:
    assert len(TIES) > 60
    assert {float(grid.nominal_kv[grid.switch_from[switch]]) for _, grid, _, switch, _ in TIES} == {0.4, 10.0}


@pytest.mark.parametrize("case", TIES, ids=lambda case: f"{case[0]}-{case[3]}")
def test_the_formula_gives_the_current_of_the_closed_tie(case: tuple) -> None:
    """The tie carried nothing before, so afterwards it carries the loop current; constant-power loads bend it a little."""
    _, grid, closed, switch, loads = case
    closing = closing_of(grid, closed, switch, loads)
    after = closed.copy()
    after[switch] = True
    judged = branch_current_a(grid, judge(grid, after, *loads), grid.first_switch + switch, toward=closing.ends[1])
    assert np.abs(closing.loop_a - judged).max() <= 0.05 * np.abs(judged).max() + 0.05


@pytest.mark.parametrize("case", TIES[::3], ids=lambda case: f"{case[0]}-{case[3]}")
def test_superposed_vectors_give_the_currents_of_the_closed_loop(case: tuple) -> None:
    _, grid, closed, switch, loads = case
    closing = closing_of(grid, closed, switch, loads)
    for branch, node, amperes in closing.superposed():
        judged = np.abs(branch_current_a(grid, closing.together, branch, toward=node))
        assert amperes == pytest.approx(judged, rel=0.05, abs=0.5 * float(10.0 / grid.nominal_kv[node])), branch


@pytest.mark.parametrize("case", TIES[::4], ids=lambda case: f"{case[0]}-{case[3]}")
def test_branch_currents_are_those_of_the_power_flow(case: tuple) -> None:
    """The vectors we add to have the sizes the power flow reports, at both ends of every branch around the ring."""
    _, grid, closed, switch, loads = case
    closing = closing_of(grid, closed, switch, loads)
    flow = closing.apart
    for branch in (*closing.ring.one, *closing.ring.other):
        ends = (int(grid.branch_from[branch]), int(grid.branch_to[branch]))
        sizes = [np.abs(branch_current_a(grid, flow, branch, toward=end)) for end in ends]
        shown = flow.branch_a[:, np.searchsorted(flow.branches, branch)]
        reported = sizes[0] if grid.n_lines <= branch < grid.first_switch else np.maximum(*sizes)
        assert reported == pytest.approx(shown, rel=1e-6, abs=1e-6)


def test_the_impedance_around_the_ring_is_the_sum_of_both_paths() -> None:
    grid = sketch(*TWO_FEEDERS)
    joined = ring(tree(grid, grid.switch_normal_closed), grid.node("c"), grid.node("d"))
    assert joined.ohm(10.0) == pytest.approx(1.2 + 1.2j)
    assert joined.same_source


def test_infeeds_add_their_short_circuit_impedance() -> None:
    grid = sketch(*TWO_FEEDERS[:1], "R: source mva=100", "R b: b2", *TWO_FEEDERS[2:5])
    joined = ring(tree(grid, grid.switch_normal_closed), grid.node("c"), grid.node("d"))
    assert not joined.same_source
    assert joined.ohm(10.0) == pytest.approx(1.2 + 1.2j + 1j * 10.0**2 / 100)


def test_vector_groups_are_added_up_along_the_path() -> None:
    grid = sketch(
        "H: source", "H: kv 110", "H a: trafo m1 YNd11 main kva=20000", "a b: trafo t1 Dyn11", "a c: trafo t2 Yyn0",
        "b x: s1", "c y: s2", "x y: t open",
    )  # fmt: skip
    up = tree(grid, grid.switch_normal_closed)
    assert [up.hours(grid.node(node)) for node in ("H", "a", "b", "c")] == [0, 11, 10, 11]
    assert loop_test(grid, grid.switch_normal_closed, grid.switch("t")).check("shift").measured == 30.0


def test_the_angle_of_the_power_flow_agrees_with_the_clock() -> None:
    """power-grid-model knows nothing of our clock arithmetic."""
    for seed in range(10):
        grid = compile_network(random_network(seed))
        p_kw, q_kvar = nameplate(grid)
        flow, up = judge(grid, grid.switch_normal_closed, p_kw * 0, q_kvar * 0), tree(grid, grid.switch_normal_closed)
        for node in range(grid.n_nodes):
            if up.live(node):
                turned = (flow.angle_deg[0, node] + 30.0 * up.hours(node) + 180) % 360 - 180
                assert turned == pytest.approx(0.0, abs=0.5)


# -------------------------------------------------------------------------------------------------- every check
def failing(*rows: str, loads=None, **options) -> list[str]:
    grid = sketch(*rows)
    return [
        finding.kind
        for finding in loop_test(grid, grid.switch_normal_closed, grid.switch("t"), loads, **options).failed
    ]


def test_alike_feeders_may_be_joined() -> None:
    grid = sketch(*TWO_FEEDERS, "c: load 500", "d: load 700")
    test = loop_test(grid, grid.switch_normal_closed, grid.switch("t"), minutes=5)
    assert test.passed and test.failed == ()
    assert [check.key for check in test.checks] == [
        "phased", "same_system", "shift", "time", "undisturbed", "dU", "dDelta", "loading", "pickup", "inrush",
    ]  # fmt: skip
    assert test.as_json()["passed"] is True


def test_no_phase_record() -> None:
    assert failing(*TWO_FEEDERS[:4], "c d: t open unphased") == ["loop.phased"]


def test_a_disturbed_feeder() -> None:
    assert failing(*TWO_FEEDERS, disturbed=("f1",)) == ["loop.undisturbed"]
    assert failing(*TWO_FEEDERS, disturbed=("f3",)) == [], "an earth fault elsewhere is none here"


def test_what_nobody_said_is_not_known() -> None:
    grid = sketch(*TWO_FEEDERS, "c: load 500", "d: load 700")
    unasked = loop_test(grid, grid.switch_normal_closed, grid.switch("t"))
    check = unasked.check("undisturbed")
    assert unasked.passed and (check.known, check.as_json()["known"]) == (False, False)
    assert "confirm with the dispatcher" in check.message.en and "调度" in check.message.zh
    assert unasked.as_json()["to_confirm"] == ["undisturbed"]
    told = loop_test(grid, grid.switch_normal_closed, grid.switch("t"), disturbed=())
    assert told.passed and told.to_confirm == () and "no earth fault" in told.check("undisturbed").message.en


def test_a_long_loop() -> None:
    assert failing(*TWO_FEEDERS, minutes=15) == []
    assert failing(*TWO_FEEDERS, minutes=15.5) == ["loop.time"]


def test_a_dead_side() -> None:
    assert failing("S a: b1", "a b: t open") == ["loop.same_system"]


def test_two_infeeds_where_the_rows_say_they_are_different_systems() -> None:
    rows = ("S a: b1", "R: source", "R b: b2", "a c: line l1", "c b: t open")
    apart = replace(SWITCHING_POLICIES.row("loop.across_sources", on=NEWEST), value=0.0)
    assert failing(*rows) == []
    assert failing(*rows, policies=Policies([apart])) == ["loop.same_system"]


def test_voltage_difference() -> None:
    rows = ("S a: b1", "a c: line l1 r=5 x=5", "R: source u={}", "R d: b2", "c d: t open")
    ok, high = (tuple(row.format(u) for row in rows) for u in (1.04, 1.06))
    assert "loop.dU" not in failing(*ok)
    assert "loop.dU" in failing(*high)


def test_angle_difference() -> None:
    rows = ("S a: b1", "a c: line l1 r=20 x=20", "R: source angle={}", "R d: b2", "c d: t open")
    ok, wide = (tuple(row.format(angle) for row in rows) for angle in (4, 6))
    assert "loop.dDelta" not in failing(*ok)
    assert "loop.dDelta" in failing(*wide)


def test_loading_of_the_weakest_element_around_the_ring() -> None:
    rows = (
        "S a: b1",
        "S b: b2",
        "a c: line l1 r=0.3 x=0.3",
        "b d: line l2 r=0.3 x=0.3 a={}",
        "c d: t open",
        "c: load 3000",
    )
    strong, weak = (tuple(row.format(a) for row in rows) for a in (150, 60))
    assert failing(*strong) == []
    assert failing(*weak) == ["loop.loading"]


def test_pickup_of_the_feeder_heads() -> None:
    """A head with 1.5 × 100 A pickup leaves no margin of 1.1 above 140 A, though its lines could carry them."""
    rows = (
        "S a: b1 breaker", "S b: b2 breaker", "a c: line l1 r=1 x=1", "b d: line l2 r=0.01 x=0.01", "c d: t open", "c: load 2800",
        "b1: feeder f1", "b2: feeder f2",
    )  # fmt: skip
    grid = sketch(*rows)
    assert loop_test(grid, grid.switch_normal_closed, grid.switch("t")).passed
    rated = tuple(row.replace("b2 breaker", "b2 breaker a=145") for row in rows)
    loose = replace(SWITCHING_POLICIES.row("loop.loading", on=NEWEST), value=2.0)
    tight = replace(SWITCHING_POLICIES.row("loop.pickup", on=NEWEST), value=1.05)
    assert failing(*rated, policies=Policies([loose])) == []
    assert failing(*rated, policies=Policies([loose, tight])) == ["loop.pickup"]


def test_inrush_against_the_instantaneous_pickup() -> None:
    rows = (
        "S a: b1 breaker a=400", "R: source u=1.03", "R b: b2 breaker a=400", "a c: line l1 r=0.3 x=0.3", "b d: line l2 r=0.3 x=0.3",
        "c d: t open", "b1: feeder f1", "b2: feeder f2",
    )  # fmt: skip
    assert failing(*rows) == []
    low = replace(SWITCHING_POLICIES.row("loop.instantaneous", on=NEWEST), value=1.2)
    assert failing(*rows, policies=Policies([low])) == ["loop.inrush"]


def test_the_worst_scenario_decides() -> None:
    rows = (
        "S a: b1",
        "S b: b2",
        "a c: line l1 r=0.3 x=0.3",
        "b d: line l2 r=0.3 x=0.3 a=60",
        "c d: t open",
        "c: load 3000",
    )
    calm, both = np.array([[300.0]]), np.array([[300.0], [3000.0]])
    assert failing(*rows, loads=(calm, calm * 0)) == []
    assert failing(*rows, loads=(both, both * 0)) == ["loop.loading"]


def test_a_head_without_rating_is_as_strong_as_the_weakest_line_of_its_path() -> None:
    rows = (
        "S a: b1 breaker", "S b: b2 breaker", "a c: line l1 r=1 x=1 a=300", "b e: line l2 r=0.01 x=0.01 a=200",
        "e d: line l3 r=0.01 x=0.01 a=150", "c d: t open", "c: load 2800", "b1: feeder f1", "b2: feeder f2",
    )  # fmt: skip
    grid = sketch(*rows)
    test = loop_test(grid, grid.switch_normal_closed, grid.switch("t"))
    after = np.ones(grid.n_switches, np.bool_)
    flow = judge(grid, after, *nameplate(grid))
    carried = float(flow.branch_a[0, grid.first_switch + grid.switch("b2")])
    assert test.check("pickup").measured == pytest.approx(1.5 * 150 / carried, rel=1e-6)
    plain = sketch(*rows[:-2])
    assert loop_test(plain, plain.switch_normal_closed, plain.switch("t")).check("pickup").measured is None


def test_what_is_said_fits_what_was_found() -> None:
    grid = sketch(*TWO_FEEDERS)
    good = loop_test(grid, grid.switch_normal_closed, grid.switch("t"))
    assert good.check("phased").message.en == "phase records present"
    assert good.check("same_system").message.en == "both sides hang on one system"
    assert good.as_json()["loop_a"] == pytest.approx(0, abs=1e-3)
    weak = sketch("S a: b1 breaker unphased", *TWO_FEEDERS[1:])
    found = loop_test(weak, weak.switch_normal_closed, weak.switch("t"))
    assert [check.key for check in found.checks if not check.passed] == ["phased"]
    assert found.check("phased").message.en == "no phase record at b1"
    assert found.as_json()["loop_a"] is None


def test_either_flow_without_solution_is_a_refusal() -> None:
    grid = sketch(*TWO_FEEDERS)
    closed, switch = grid.switch_normal_closed, grid.switch("t")
    after = closed | (np.arange(grid.n_switches) == switch)
    for unsolved in (closed, after):
        flows = StateFlows(grid, nameplate(grid), {unsolved.tobytes(): None})
        assert [finding.kind for finding in verdict_on(flows, closed, switch, rules=rulebook()).failed] == [
            "loop.loading"
        ]


def test_a_loop_without_solution_is_refused() -> None:
    rows = ("S a: b1", "S b: b2", "a c: line l1 r=5 x=5", "b d: line l2 r=5 x=5", "c d: t open", "c: load 90000")
    assert failing(*rows) == ["loop.loading"]


def test_paths_end_where_supply_begins() -> None:
    grid = sketch(*TWO_FEEDERS)
    up = paths.tree(grid, grid.switch_normal_closed)
    node = grid.node("c")
    assert [grid.node_id(each) for each in up.nodes(node)] == ["c", "a", "S"]
    assert len(up.path(node)) == 2 and up.live(node)
