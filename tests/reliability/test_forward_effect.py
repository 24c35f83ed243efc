"""What a tie, an automatic switch, spares are worth; what a plan risks meanwhile."""

import numpy as np
import pytest

from everlit.grid import UnableToFindEquipment, compile_network, load_network
from everlit.grid.validate import validate_tables
from everlit.reliability.failure_data import assumptions
from everlit.reliability.forward import BASES, forward
from everlit.reliability.forward_effect import (
    Asked,
    UnableToAddTie,
    automated,
    risk_of,
    value_of,
    value_of_switch,
    value_of_tie,
    with_spares,
    with_tie,
)
from everlit.reliability.model import Base
from tests.reliability.forward_networks import with_rates
from tests.switching.sketch import sketch

FEEDER = (
    "S a: CB1 breaker remote", "a b: line l1", "b c: d1 load_break_switch", "c d: line l2", "d: load 100 10",
    "S z: CB2 breaker remote", "z y: line l3", "y: load 50 5",
)  # fmt: skip
ONCE = [{"equipment_id": name, "failures_per_year": 1.0, "repair_h": 4.0} for name in ("l1", "l2", "l3")]


@pytest.fixture
def feeder():
    return with_rates(sketch(*FEEDER).network, ONCE)


def test_a_new_tie_saves_what_it_takes_over(feeder):
    """l1 fails once a year: with the tie d lives after two hours by hand instead of four."""
    effect = value_of_tie(feeder, "d", "y")
    saved = effect.saved(Base.HOUSEHOLDS)
    assert (saved.interruptions, saved.hours) == (0, 10 * 2.0)
    assert saved.saidi_h == pytest.approx(20 / 15)
    assert effect.saved_ens_kwh == pytest.approx(100 * 2.0)
    shown = effect.as_json()["saved"]
    assert (shown["households"]["customer_hours"], shown["ens_mwh"]) == (20.0, 0.2)


def test_an_automatic_switch_saves_the_way_there(feeder):
    tied = compile_network(with_tie(feeder, "d", "y"))
    assert value_of_switch(tied, "d~y").saved(Base.HOUSEHOLDS).hours == 0
    effect = value_of(tied, automated(tied, ["d~y", "d1"]))
    assert effect.saved(Base.HOUSEHOLDS).hours == pytest.approx(10 * (2.0 - assumptions().automated_h))


def test_automation_replaces_the_time_a_switch_had_of_its_own():
    grid = compile_network(load_network("rbts2"))
    changed = compile_network(automated(grid, ["CB1", "IS4"]))
    own = {row["equipment_id"]: row["operate_h"] for row in changed.network.tables["failure_rates"].to_pylist()}
    assert (own["CB1"], own["IS4"], own["IS7"]) == (None, None, 1.0)
    saved = value_of(grid, changed.network).saved(Base.HOUSEHOLDS)
    behind = 0.75 + 0.75 + 0.6  # km of main sections behind IS4: LP1 and LP2, 420 customers, return sooner
    assert saved.hours == pytest.approx(0.065 * behind * 420 * (1.0 - 0.557))


def test_changes_give_valid_networks_and_leave_the_old_one_alone():
    grid = compile_network(load_network("rbts2"))
    before = grid.network.fingerprint
    for changed in (with_tie(grid, "N26", "N32"), automated(grid, ["IS4"]), with_spares(grid)):
        assert validate_tables(changed.tables, {"name": changed.name}).valid
        assert changed.name == "rbts2"
        assert changed.fingerprint != before
    assert load_network("rbts2").fingerprint == before


def test_a_second_tie_of_the_same_places_has_a_name_of_its_own(feeder):
    once = compile_network(with_tie(feeder, "d", "y"))
    twice = compile_network(with_tie(once, "d", "y"))
    assert twice.switch("d~y") != twice.switch("d~y'")


@pytest.mark.parametrize(("one", "other"), [("d", "d"), ("a", "b"), ("d", "t")])
def test_a_tie_that_joins_nothing_is_refused(one, other):
    grid = sketch(*FEEDER, "d t: trafo T Dyn11")
    with pytest.raises(UnableToAddTie) as refused:
        with_tie(grid, one, other)
    assert refused.value.findings[0].kind == "tie.ends"


def test_unknown_equipment_is_refused(feeder):
    with pytest.raises(UnableToFindEquipment):
        value_of_tie(feeder, "d", "nowhere")
    with pytest.raises(UnableToFindEquipment):
        value_of_switch(feeder, "q9")


def test_the_risk_of_a_plan_is_what_may_fail_while_it_stands():
    """d hangs on the other feeder while l1 is worked on: l1 is dead and cannot fail, l3 now takes both along."""
    grid = with_rates(sketch(*FEEDER, "d y: tie open").network, ONCE)
    closed = grid.switch_normal_closed.copy()
    closed[grid.switch("d1")], closed[grid.switch("CB1")], closed[grid.switch("tie")] = False, False, True
    risk = risk_of(grid, closed, hours=8760.0)
    normal, during = forward(grid), forward(grid, closed=closed, held=grid.switch_normal_closed & ~closed)
    assert risk.interruptions[Base.HOUSEHOLDS] == pytest.approx(
        5 * 1
    )  # y: l2 and l3 instead of l3; d: l2 and l3 for l1, l2
    for base in BASES:
        assert risk.customer_hours[base] == pytest.approx(during.promises[base].hours - normal.promises[base].hours)
    assert risk.ens_kwh == pytest.approx(during.ens_kwh - normal.ens_kwh)
    assert risk_of(grid, closed, hours=8.76).ens_kwh == pytest.approx(risk.ens_kwh / 1000)


def test_whom_the_plan_itself_cuts_off_is_left_out():
    grid = with_rates(sketch(*FEEDER).network, ONCE)
    closed = grid.switch_normal_closed & (np.arange(grid.n_switches) != grid.switch("CB1"))
    risk = risk_of(grid, closed, hours=100.0)
    assert risk.customer_hours[Base.HOUSEHOLDS] == risk.interruptions[Base.HOUSEHOLDS] == 0


def test_what_is_asked_is_asked_of_both_sides():
    grid = compile_network(load_network("rbts2"))
    effect = value_of(grid, with_spares(grid), asked=Asked(limited=False))
    assert not effect.before.limited
    assert not effect.after.limited
