"""Certificates: every claim computed again by another engine, every tampered claim found, sums over plans."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from everlit.grid import compile_network
from everlit.grid.electrical import UnableToSolveFlow
from everlit.grid.sweep import radial_flow
from everlit.kernel import Hardness, Policies, Policy, Text
from everlit.switching import Isolation, Transfer, UnableToIsolate, isolate, limits_of, transfer
from everlit.switching.certificate import certify
from everlit.switching.certificate_check import check_certificate
from everlit.switching.missing_ties import rank_missing_ties
from everlit.switching.reason import KINDS, Reason, said
from tests.switching.drawing import network_from
from tests.switching.test_transfer import CHAIN, scenario

SIZES = {"feeders": 3, "nodes": 5, "ties": 4, "switch_density": 0.7, "odd_switches": 0.15}
AT_TWO = datetime.fromisoformat("2026-07-01T14:00+08:00")


@dataclass(frozen=True)
class Case:
    """A plan, the loads it was made for, and what else was asked of it."""

    isolation: Isolation
    loads: tuple[np.ndarray, np.ndarray]
    plan: Transfer
    asked: dict[str, Any] = field(default_factory=dict)

    @property
    def certificate(self) -> tuple[Reason, ...]:
        """The reasons as they were written, before anybody checked them."""
        plan = self.plan
        return certify(self.isolation, plan.area, plan.plan, plan.window, starts_at=plan.starts_at)

    def wrong(self, reasons):
        """What the check says of some reasons."""
        return check_certificate(self.isolation, reasons, state=self.plan.state, loads=self.loads, **self.asked)


def planned(grid, isolation, loads, **asked):
    return Case(isolation, loads, transfer(grid, isolation.closed_before, isolation, loads, **asked), asked)


def cases(seeds, *, rows=None, **sizes):
    """Plans on random networks; in turn with a date, switches that may not be used and sections to be left alone."""
    for seed in seeds:
        try:
            grid, isolation, p, q = scenario(seed, **{**SIZES, **sizes})
            if rows is not None:
                isolation = isolate(grid, grid.switch_normal_closed, isolation.equipment_ids, limits=limits_of(rows))
            if not isolation.dead_sections or not radial_flow(grid, isolation.closed_before, p, q).converged.all():
                continue
        except (UnableToIsolate, UnableToSolveFlow):
            continue
        rng = np.random.default_rng(seed)
        asked: dict[str, Any] = {} if rows is None else {"policies": rows}
        asked |= {"starts_at": AT_TWO} if seed % 2 else {}
        banned = [grid.switch_id(int(each)) for each in rng.integers(grid.n_switches, size=3)]
        asked |= {"unusable": banned} if seed % 3 == 0 else {}
        asked |= {"avoid_sections": rng.integers(grid.n_sections, size=3).tolist()} if seed % 5 == 0 else {}
        yield planned(grid, isolation, (p, q), **asked)


def row(key, value):
    return Policies([Policy(key, value, "yes", "=", Text("tried", "试"), Hardness.INTERNAL)])


def test_every_claim_stands_when_computed_again():
    kinds: Counter[str] = Counter()
    for case in [*cases(range(3000, 3150), lv=False), *cases(range(3150, 3200), lv_ties=2)]:
        reasons, grid = case.certificate, case.isolation.grid
        assert case.wrong(reasons) == ()
        assert case.plan.certificate == reasons and case.plan.certificate_findings == ()
        told = {name for reason in reasons for name in reason.sections}
        assert told == {grid.section_name(section) for section in case.plan.dead}, "somebody dark without a reason"
        kinds.update(reason.kind for reason in reasons)
        assert case.wrong([Reason.from_json(reason.as_json()) for reason in reasons]) == ()
    assert min(kinds[kind] for kind in ("tie_overload", "no_tie", "not_phased", "forbidden", "work")) > 0, kinds
    assert kinds["not_searched"] == 0


@pytest.mark.long
def test_every_claim_stands_on_thousands():
    kinds: Counter[str] = Counter()
    for sizes in ({"lv": False}, {"lv_ties": 2}, {"nodes": 6, "ties": 6, "switch_density": 0.9}):
        for case in cases(range(20_000, 21_000), **sizes):
            assert case.plan.certificate_findings == ()
            kinds.update(reason.kind for reason in case.plan.certificate)
    assert kinds["tie_overload"] > 100 and kinds["no_tie"] > 500, kinds


# --------------------------------------------------------------------------------------------- tampering
FIGURES = ("value", "limit", "short_a", "voltage_pu")


def spoilt(key, value):
    """Evidence that is not what it was."""
    if key in FIGURES:
        return value * 1.01
    if key == "step":
        return value + 1
    if key in ("close", "open"):
        return value[1:] if value else ["no such switch"]
    if key == "collapse":
        return False
    return "locked" if key == "rule" and value != "locked" else "not_phased" if key == "rule" else value + "x"


def tampered(reason):
    """A reason with one field or one piece of evidence changed, each with what was changed."""
    for kind in {*KINDS, "nonsense"} - {reason.kind}:
        yield f"kind:{kind}", replace(reason, kind=kind)
        try:
            yield f"kind and words:{kind}", replace(reason, kind=kind, message=said(kind, reason.evidence))
        except KeyError:
            continue
    yield "kind:empty of nobody", replace(reason, kind="empty", units=0, households=0, message=said("empty", {}))
    for name, by in (("units", 7), ("households", 7), ("hours", 9)):
        yield name, replace(reason, **{name: getattr(reason, name) + by})
    yield "section", replace(reason, section="sec:nowhere")
    yield "sections", replace(reason, sections=reason.sections[1:])
    yield "sections", replace(reason, sections=(*reason.sections, "sec:nowhere"))
    yield "message", replace(reason, message=Text("Because.", "因故。"))
    for key, value in reason.evidence.items():
        wrong = {**reason.evidence, key: spoilt(key, value)}
        yield f"evidence:{key}", replace(reason, evidence=wrong)
        yield f"without:{key}", replace(reason, evidence={k: v for k, v in reason.evidence.items() if k != key})
        try:
            yield f"evidence and words:{key}", replace(reason, evidence=wrong, message=said(reason.kind, wrong))
        except (KeyError, ValueError, TypeError):
            continue
    yield "evidence:more", replace(reason, evidence={**reason.evidence, "note": "trust me"})


def rare():
    """Plans with the reasons that random networks hardly give."""
    for name, value in (("isolate.withdrawn_breaker", 0), ("transfer.operate_lv", 1)):
        yield from cases(range(3300, 3360), rows=row(name, value), lv_ties=2)
    rows = [*(each.replace("line l5", "line l5 r=12") for each in CHAIN), "d: load 3000", "f: load 3000", "h: load 9"]
    for tie in ("t1 open", "t1 open disconnector", "t1 open unphased"):
        grid = compile_network(network_from(*(each.replace("t1 open", tie) for each in rows)))
        p = grid.network.tables["consumers"]["p_kw"].to_numpy()[None]
        yield planned(grid, isolate(grid, grid.switch_normal_closed, "l1"), (p, 0 * p))


def test_every_tampered_field_of_every_kind_is_found():
    found: Counter[tuple[str, str]] = Counter()
    kept: Counter[tuple[str, str]] = Counter()
    for case in [*cases(range(3200, 3260), lv=False), *cases(range(3260, 3290)), *rare()]:
        reasons = case.certificate
        assert case.wrong(reasons) == ()
        for index, reason in enumerate(reasons):
            about = reason.kind, "collapse" if "collapse" in reason.evidence else str(reason.evidence.get("rule", ""))
            kept[about] += 1
            if kept[about] > 3:
                continue
            rest = [*reasons[:index], *reasons[index + 1 :]]
            for what, wrong in tampered(reason):
                if wrong == reason:
                    continue
                assert case.wrong([*rest, wrong]), (what, reason, wrong)
                found[reason.kind, what] += 1
            assert case.wrong(rest), ("dropped", reason)
            assert not reason.evidence or case.wrong([*reasons, reason]), ("twice", reason)
        assert case.wrong([replace(reason, hours=reason.hours + 9) for reason in reasons]) or not reasons
    assert {kind for kind, _ in found} == set(KINDS) - {"not_searched"}
    rules = {"locked", "unusable", "avoided", "low_voltage", "no_load_make", "backfeed", "no_visible_break"}
    assert {rule for kind, rule in kept if kind == "forbidden"} == rules, kept
    assert kept["voltage", "collapse"] and kept["voltage", ""], kept


def test_a_short_tie_says_how_much_when_and_where():
    rows = [*CHAIN, "d: load 900", "f: load 700", "h: load 700"]
    grid = compile_network(network_from(*rows, rated_a=110))
    closed = grid.switch_normal_closed
    isolation = isolate(grid, closed, "l1")
    shape = np.array([0.5, 1.0, 0.9])[:, None]
    p = shape * grid.network.tables["consumers"]["p_kw"].to_numpy()
    plan = transfer(grid, closed, isolation, (p, 0 * p), starts_at=AT_TWO)
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
    assert plan.certificate_findings == ()


def test_work_on_what_was_dead_before_leaves_nobody_to_explain():
    grid = compile_network(network_from("S a: s1", "a: load 9", "a b: s2 open", "b c: line l2", "c d: s3", "d: load 9"))
    closed = grid.switch_normal_closed
    plan = transfer(grid, closed, isolate(grid, closed, "l2"), (np.ones((1, 2)), np.zeros((1, 2))))
    assert (plan.certificate, plan.certificate_findings) == ((), ())


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
