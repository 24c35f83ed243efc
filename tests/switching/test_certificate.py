"""Certificates: every claim computed again by another engine, every tampered claim found, sums over plans."""

from collections import Counter
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from everlit.grid import compile_network
from everlit.grid.electrical import UnableToSolveFlow
from everlit.grid.sweep import radial_flow
from everlit.switching import UnableToIsolate, isolate, transfer
from everlit.switching.certificate import Reason, check_certificate, rank_missing_ties
from tests.switching.drawing import network_from
from tests.switching.test_transfer import CHAIN, scenario

SIZES = {"feeders": 3, "nodes": 5, "ties": 4, "switch_density": 0.7, "odd_switches": 0.15}


def plans(seeds, **sizes):
    for seed in seeds:
        try:
            grid, isolation, p, q = scenario(seed, **{**SIZES, **sizes})
            if isolation.dead_sections and radial_flow(grid, isolation.closed_before, p, q).converged.all():
                yield grid, isolation, (p, q), transfer(grid, isolation.closed_before, isolation, (p, q))
        except (UnableToIsolate, UnableToSolveFlow):
            continue


def recheck(grid, isolation, loads, plan, reasons):
    return check_certificate(grid, reasons, closed=isolation.closed_before, state=plan.state, loads=loads)


def test_every_claim_stands_when_computed_again():
    kinds: Counter[str] = Counter()
    for grid, isolation, loads, plan in plans(range(3000, 3150), lv=False):
        reasons = plan.certificate
        assert recheck(grid, isolation, loads, plan, reasons) == ()
        told = {name for reason in reasons for name in reason.sections}
        assert told == {grid.section_name(section) for section in plan.dead}, "somebody dark without a reason"
        kinds.update(reason.kind for reason in reasons)
        again = [Reason.from_json(reason.as_json()) for reason in reasons]
        assert recheck(grid, isolation, loads, plan, again) == ()
    assert min(kinds[kind] for kind in ("tie_overload", "no_tie", "not_phased", "forbidden", "work")) > 0, kinds
    assert kinds["not_searched"] == 0


def test_tampered_claims_are_found():
    found: Counter[str] = Counter()
    for grid, isolation, loads, plan in plans(range(3200, 3290), lv=False):
        for reason in plan.certificate:
            evidence = dict(reason.evidence)
            if reason.kind in ("tie_overload", "voltage") and "value" in evidence:
                wrong = replace(reason, evidence={**evidence, "value": evidence["value"] * 1.01})
            elif reason.kind == "not_phased":
                wrong = replace(reason, evidence={**evidence, "tie": grid.switch_id(0)})
            elif reason.kind == "tie_overload" or (reason.kind == "forbidden" and evidence["rule"] == "locked"):
                wrong = replace(reason, kind="no_tie")
            else:
                continue
            found[reason.kind] += len(recheck(grid, isolation, loads, plan, [wrong]))
            assert recheck(grid, isolation, loads, plan, [wrong]), wrong
    assert found["tie_overload"] > 5


def test_a_short_tie_says_how_much_when_and_where():
    rows = [*CHAIN, "d: load 900", "f: load 700", "h: load 700"]
    grid = compile_network(network_from(*rows, rated_a=110))
    closed = grid.switch_normal_closed
    isolation = isolate(grid, closed, "l1")
    shape = np.array([0.5, 1.0, 0.9])[:, None]
    p = shape * grid.network.tables["consumers"]["p_kw"].to_numpy()
    plan = transfer(grid, closed, isolation, (p, 0 * p), starts_at=datetime.fromisoformat("2026-07-01T14:00+08:00"))
    [reason] = [reason for reason in plan.certificate if reason.kind == "tie_overload"]
    flow = radial_flow(grid, plan.state | np.isin(np.arange(grid.n_switches), [grid.switch("s3")]), p, 0 * p)
    expected = flow.branch_a[1, grid.equipment("l5").index] - 0.8 * 110
    assert reason.evidence["short_a"] == pytest.approx(expected, abs=1e-6)
    assert (reason.evidence["tie"], reason.evidence["branch"], reason.evidence["step"]) == ("t1", "l5", 1)
    assert "14:15" in reason.message.zh
    assert "06:15" not in reason.message.en
    assert (reason.units, reason.hours) == (1, 0.75)


def test_a_long_tie_says_which_voltage_fails_where():
    rows = [*(row.replace("line l5", "line l5 r=12") for row in CHAIN), "d: load 300", "f: load 300", "h: load 300"]
    grid = compile_network(network_from(*rows))
    closed = grid.switch_normal_closed
    isolation = isolate(grid, closed, "l1")
    p = grid.network.tables["consumers"]["p_kw"].to_numpy()[None]
    plan = transfer(grid, closed, isolation, (p, 0 * p))
    assert plan.kept == (0, 1, 1)
    [reason] = [reason for reason in plan.certificate if reason.kind == "voltage"]
    assert reason.evidence["node"] in ("c", "d")
    assert (reason.evidence["tie"], reason.evidence["over"]) == ("t1", "s4")
    assert reason.evidence["voltage_pu"] < reason.evidence["limit"] == 0.93
    assert recheck(grid, isolation, (p, 0 * p), plan, plan.certificate) == ()


def test_missing_ties_are_ranked_by_customer_hours():
    rows = [
        "S a: b1",
        "a b: line l1",
        "b c: s2",
        "c d: line l2",
        "d: load 50 40",
        "c e: s3",
        "e f: line l3",
        "f: load 9 7",
    ]
    grid = compile_network(network_from(*rows, "f g: t1 open unphased", "g R: line l5", "R: source"))
    closed = grid.switch_normal_closed
    loads = np.ones((4, 2)) * [50.0, 9.0], np.zeros((4, 2))
    certificates = [
        transfer(grid, closed, isolate(grid, closed, line), loads).certificate for line in ("l1", "l1", "l2")
    ]
    ranked = rank_missing_ties(certificates)
    assert [(each.kind, each.where, each.plans, each.customer_hours) for each in ranked] == [
        ("not_phased", "t1", 3, 5.0)
    ]
    assert ranked[0].household_hours == 2 * 47 + 7
    assert ranked[0].as_json()["plans"] == 3
