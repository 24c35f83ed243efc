"""Small feeders drawn as text: what limits a tie, what trips, what is automatic, what may never feed backwards."""

from dataclasses import replace

import pytest

from everlit.reliability.failure_data import assumptions
from everlit.reliability.forward import forward
from everlit.reliability.model import Base
from everlit.reliability.policies import RELIABILITY_POLICIES
from tests.reliability.forward_networks import with_rates
from tests.switching.sketch import sketch

AUTOMATED, MANUAL, REPAIR = 0.557, 2.0, 4.0
RING = (
    "S a: CB1 breaker remote", "a b: line la", "b c: d1 disconnector", "c d: line lc", "d: load 100 10",
    "S z: CB2 breaker remote", "z y: line lz a=400", "y: load 50 5", "y x: d2 load_break_switch", "x: load 30 3",
    "d x: tie load_break_switch open a=400",
)  # fmt: skip


def hours_of(rows, failing, *, own=(), **asked):
    """Hours off of each load when `failing` breaks once a year and takes four hours to repair."""
    grid = sketch(*rows)
    names = [name for table in ("lines", "transformers") for name in grid.network.tables[table].column(0).to_pylist()]
    rate = [{"equipment_id": n, "failures_per_year": float(n == failing), "repair_h": REPAIR} for n in names]
    result = forward(with_rates(grid.network, [*rate, *own]), **asked)
    return [point.hours_per_year for point in result.load_points]


def test_a_fault_before_the_isolator_and_one_behind_it():
    assert hours_of(RING, "la") == [MANUAL, 0, 0]
    assert hours_of(RING, "lc") == [REPAIR, 0, 0]
    assert hours_of(RING, "lz") == [0, REPAIR, MANUAL]


def test_automated_switches_come_first_and_hands_finish():
    quick = [row.replace("disconnector", "disconnector remote") for row in RING]
    assert hours_of(quick, "la") == [MANUAL, 0, 0]
    quick[-1] += " remote"
    assert hours_of(quick, "la") == [AUTOMATED, 0, 0]
    half = [
        "S a: CB breaker remote",
        "a b: line l1",
        "b: load 10",
        "b c: d1 disconnector",
        "c d: line l2",
        "d: load 20",
    ]
    assert hours_of([*half, "d e: d2 disconnector remote", "e f: line l3"], "l3") == [AUTOMATED, AUTOMATED]
    assert hours_of([*half, "d e: d2 disconnector", "e f: line l3"], "l3") == [MANUAL, MANUAL]
    assert hours_of([*half, "d e: d2 sectionaliser", "e f: line l3"], "l3") == [AUTOMATED, AUTOMATED]


def test_what_is_repaired_before_anybody_switches_is_off_for_the_repair_only():
    assert hours_of(RING, "la", own=[{"equipment_id": "tie", "operate_h": 9.0}]) == [REPAIR, 0, 0]


@pytest.mark.parametrize(("kw", "off"), [(99.0, REPAIR), (100.0, MANUAL)])
def test_the_power_a_tie_may_take_over(kw, off):
    own = [{"equipment_id": "tie", "transfer_kw": kw}]
    assert hours_of(RING, "la", own=own) == [off, 0, 0]
    assert hours_of(RING, "la", own=own, limited=False) == [MANUAL, 0, 0]


@pytest.mark.parametrize(("ampere", "off"), [(5.7, REPAIR), (5.8, MANUAL)])
def test_the_ampere_rating_of_a_tie(ampere, off):
    """√3 · 10 kV · 5.8 A = 100.5 kW."""
    rows = [*RING[:-1], f"d x: tie load_break_switch open a={ampere}"]
    assert hours_of(rows, "la") == [off, 0, 0]


@pytest.mark.parametrize(("ampere", "off"), [(10.3, REPAIR), (10.4, MANUAL)])
def test_the_reserve_of_the_feeder_that_helps(ampere, off):
    """It carries 80 kW already: 100 kW more need 180 kW, 10.39 A."""
    rows = [row.replace("a=400", f"a={ampere}") if "lz" in row else row for row in RING]
    assert hours_of(rows, "la") == [off, 0, 0]


def test_a_factor_on_the_load_of_ties_is_a_row():
    own = [{"equipment_id": "tie", "transfer_kw": 150.0}]
    rows = tuple(replace(row, value=1.6) for row in RELIABILITY_POLICIES.rows if row.key == "rel.tie.load")
    heavier = replace(RELIABILITY_POLICIES, rows=rows)
    assert hours_of(RING, "la", own=own) == [MANUAL, 0, 0]
    assert hours_of(RING, "la", own=own, policies=heavier) == [REPAIR, 0, 0]


TWO_TIES = (
    "S a: CB1 breaker", "a b: line la", "b c: d1 disconnector", "c: load 60",
    "a2 e: t2 load_break_switch open", "c a2: line lx", "S z: CB2 breaker", "z: load 5", "z c: t1 load_break_switch open",
    "a e: d3 disconnector", "e: load 50",
)  # fmt: skip


@pytest.mark.parametrize(("kw", "off"), [(59, (REPAIR, REPAIR)), (60, (MANUAL, REPAIR)), (110, (MANUAL, MANUAL))])
def test_a_tie_behind_a_tie_loads_both(kw, off):
    """la fails; t1 feeds c, and over t2 also e, which can be parted from the fault."""
    own = [{"equipment_id": "t1", "transfer_kw": float(kw)}, {"equipment_id": "t2", "transfer_kw": 50.0}]
    assert hours_of(TWO_TIES, "la", own=own) == [off[0], 0, off[1]]


@pytest.mark.parametrize(("kw", "off"), [(60, MANUAL), (61, REPAIR)])
def test_what_returns_to_its_own_feeder_makes_room_on_a_tie(kw, off):
    """By remote control k feeds t and, over t2, x. By hand the breaker takes x back, and k has room for w."""
    rows = ["S a: CB1 breaker", "a x: qx load_break_switch remote", "x: load 60", "a f: d0 load_break_switch remote"]
    rows += ["f g: line lf", "g t: d1 load_break_switch remote", "t: load 40", "t x: t2 load_break_switch open remote"]
    rows += ["g w: d2 load_break_switch", f"w: load {kw}", "w t: t3 load_break_switch open"]
    rows += ["S z: CB2 breaker", "z: load 5", "z t: k load_break_switch open remote"]
    own = [{"equipment_id": "k", "transfer_kw": 100.0}]
    assert hours_of(rows, "lf", own=own) == [AUTOMATED, AUTOMATED, off, 0]


def test_a_spare_line_open_at_both_ends_serves_as_tie():
    rows = [*RING[:-1], "d m: t1 load_break_switch open", "m n: line spare", "n x: t2 load_break_switch open"]
    assert hours_of(rows, "la") == [MANUAL, 0, 0]
    assert hours_of(rows, "spare") == [0, 0, 0]


def test_ties_that_may_not_be_closed():
    for word in ("unphased", "locked", "disconnector", "fuse"):
        rows = [*RING[:-1], f"d x: tie {word} open"]
        assert hours_of(rows, "la") == [REPAIR, 0, 0], word


def test_the_nearest_protection_trips_and_a_fuse_is_replaced():
    rows = ["S a: CB breaker", "a b: line l1", "b: load 10", "b c: F1 fuse", "c d: line l2", "d: load 20"]
    rows += ["d e: d1 load_break_switch", "e f: line l3", "f: load 30"]
    assert hours_of(rows, "l1") == [REPAIR, REPAIR, REPAIR]
    assert hours_of(rows, "l2") == [0, REPAIR, REPAIR]
    assert hours_of(rows, "l3") == [0, MANUAL, REPAIR]


def test_no_transformer_is_fed_backwards():
    """The low-voltage tie would reach b through the transformer; allowed or not, it must not."""
    rows = ["S a: CB1 breaker", "a b: line l1", "b c: trafo T1 Dyn11", "c: load 10 4"]
    rows += ["S z: CB2 breaker", "z y: trafo T2 Dyn11", "y: load 20 6", "c y: tie load_break_switch open"]
    allowed = replace(RELIABILITY_POLICIES, rows=tuple(_allowing("transfer.operate_lv")))
    assert hours_of(rows, "l1") == hours_of(rows, "l1", policies=allowed) == [REPAIR, 0]
    behind = [*rows[:3], "c d: q1 breaker", "d: load 10 4", *rows[4:7], "d y: tie load_break_switch open"]
    assert hours_of(behind, "l1") == [REPAIR, 0]
    assert hours_of(behind, "l1", policies=allowed) == [MANUAL, 0]


def _allowing(key):
    from everlit.switching.limits import TRANSFER_POLICIES

    return (replace(row, value=1.0) for row in TRANSFER_POLICIES.rows if row.key == key)


def test_in_a_closed_loop_both_sides_trip_and_the_rest_stays_alive():
    rows = ["S a: q1 breaker", "a b: line l1", "b c: q2 breaker", "c: load 10", "c d: line l2", "d S: q3 breaker"]
    assert hours_of(rows, "l1") == [0]
    assert hours_of(rows, "l2") == [REPAIR]


def test_a_whole_row_of_sections_lives_from_the_far_end_of_a_loop():
    rows = [
        "S a: q1 breaker",
        "a b: line l1",
        "b c: q2 breaker",
        "c: load 10",
        "c d: q4 load_break_switch",
        "d: load 20",
    ]
    rows += ["d e: q5 load_break_switch", "e: load 30", "e S: q3 breaker"]
    assert hours_of(rows, "l1") == [0, 0, 0]


def test_without_protection_the_source_trips_and_returns_by_itself():
    rows = ["S a: d1 load_break_switch", "S: load 10", "a b: line l1", "b: load 20"]
    assert hours_of(rows, "l1") == [MANUAL, REPAIR]
    assert hours_of(rows, "l1", own=[{"equipment_id": "d1", "operate_h": 0.05}]) == [AUTOMATED, REPAIR]


def test_a_main_transformer_fails_and_the_station_next_to_it_helps():
    rows = ["H s: trafo main YNd11 main", "H: source", "s a: CB1 breaker", "a b: line l1", "b: load 10"]
    rows += ["S z: CB2 breaker", "z: load 5", "b z: tie load_break_switch open"]
    assert hours_of(rows, "main") == [MANUAL, 0]


def test_rates_and_times_are_rows_of_the_register():
    assumed = assumptions()
    grid = sketch("S a: CB breaker", "a b: line l1", "b c: trafo T1 Dyn11", "c: load 10 7")
    result = forward(grid)
    often = assumed.cable * 0.1 + assumed.transformer
    hours = assumed.cable * 0.1 * assumed.repair_line_h + assumed.transformer * assumed.repair_transformer_h
    (point,) = result.load_points
    assert (point.failures_per_year, point.hours_per_year) == pytest.approx((often, hours))
    doubled = replace(
        RELIABILITY_POLICIES,
        rows=tuple(replace(r, value=2 * r.value) for r in RELIABILITY_POLICIES.rows if r.key.startswith("rel.rate.")),
    )
    assert forward(grid, policies=doubled).promises[Base.HOUSEHOLDS].saifi == pytest.approx(2 * often)


def test_customers_dead_before_are_not_counted_and_that_is_said():
    grid = sketch("S a: CB breaker", "a b: line l1", "b: load 10 3", "b c: q open", "c: load 20 8")
    result = forward(grid)
    assert result.promises[Base.HOUSEHOLDS].customers == 3
    assert [finding.evidence for finding in result.findings if finding.kind == "forward.dead"] == [{"households": 8}]
    assert len(result.load_points) == 1
