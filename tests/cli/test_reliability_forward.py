"""`everlit reliability forward`: a year ahead, the worth of a change, the risk of a plan, and every way to ask badly."""

from dataclasses import replace

import pytest

from everlit.app import App
from everlit.platform.events import Actor

FORWARD = ("reliability", "forward", "--network", "rbts2")


def test_a_year_ahead_with_every_load_point(everlit):
    year = everlit(*FORWARD, "--json")
    assert year.code == 0
    assert year.json["indices"]["households"] == {
        "customers": 1908.0,
        "saifi": 0.248211,
        "saidi_h": 3.612587,
        "caidi_h": 14.554504,
        "asai_percent": 99.95876,
    }
    assert year.json["ens_mwh"] == 37.745679
    points = {point["load_point"]: point for point in year.json["load_points"]}
    assert len(points) == 22
    assert points["LP8"] | {"hours_each": None, "ens_kwh": None} == {
        "load_point": "LP8", "feeder": "F2", "households": 1, "load_kw": 1000.0, "failures_per_year": 0.13975,
        "hours_per_year": 0.54275, "hours_each": None, "ens_kwh": None,
    }  # fmt: skip
    assert everlit(*FORWARD, "--no-limits", "--json").json["indices"] == year.json["indices"]


def test_people_read_the_same(everlit):
    shown = everlit(*FORWARD, "--points", "2").out
    assert "14.5545" in shown and "37.746 MWh" in shown
    assert shown.count("LP") == 2
    assert "forward.nothing_fails" in everlit("reliability", "forward", "--network", "case33").out
    assert "没有可故障的设备" in everlit("reliability", "forward", "--network", "case33", lang="zh").out


def test_spares_give_the_other_published_case(everlit):
    effect = everlit(*FORWARD, "--spares", "--json").json
    after = effect["after"]["indices"]["households"]
    assert (after["saidi_h"], after["caidi_h"], effect["after"]["ens_mwh"]) == (0.765575, 3.084371, 8.843829)
    assert effect["saved"]["ens_mwh"] == pytest.approx(37.745679 - 8.843829, abs=1e-6)
    assert "37.746 → 8.844 MWh" in everlit(*FORWARD, "--spares").out


def test_changes_add_up(everlit):
    effect = everlit(*FORWARD, "--automate", "CB1", "--automate", "IS4", "--add-tie", "N26", "N32", "--json").json
    assert effect["saved"]["households"]["customer_hours"] > 0
    assert effect["before"]["indices"] == everlit(*FORWARD, "--json").json["indices"]


def test_a_plan_has_its_risk(everlit):
    plan = ("--open", "IS7", "--close", "T12", "--hours", "8")
    risk = everlit(*FORWARD, *plan, "--json")
    assert risk.code == 0
    assert risk.json["ens_kwh"] > 0
    assert everlit(*FORWARD, *plan).out


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["--hours", "3"], "forward.unclear"),
        (["--open", "IS7"], "forward.unclear"),
        (["--open", "IS7", "--hours", "3", "--spares"], "forward.unclear"),
        (["--automate", "nobody"], "equipment.unknown"),
        (["--add-tie", "N26", "nowhere"], "equipment.unknown"),
        (["--add-tie", "N26", "LP4.lv"], "tie.ends"),
        (["--open", "nobody", "--hours", "3"], "equipment.unknown"),
    ],
)
def test_asking_badly_is_refused_with_a_reason(everlit, words, kind):
    answer = everlit(*FORWARD, *words, "--json")
    assert answer.code == 1
    assert answer.kinds == [kind]


@pytest.mark.parametrize(
    "words", [["--hours", "-1"], ["--hours", "nan"], ["--hours", "9999"], ["--points", "-1"], ["--add-tie", "N26"]]
)
def test_typing_wrongly_is_refused(everlit, words):
    assert everlit(*FORWARD, *words).code == 2


def test_local_rules_are_used(everlit):
    before = everlit("reliability", "forward", "--network", "ortenau", "--json").json["indices"]["units"]
    everlit("policy", "set", "rel.rate.cable", "0.5")
    after = everlit("reliability", "forward", "--network", "ortenau", "--json").json["indices"]["units"]
    assert after["saifi"] != before["saifi"]


def test_a_rule_that_is_no_rate_or_time_is_refused(everlit):
    app = App.open()
    row = app.planning.policies().row("rel.operate.manual", on=app.today())
    app.planning.set_policy(replace(row, value=-2.0), actor=Actor("zhao", "reliability"))
    answer = everlit(*FORWARD, "--json")
    assert answer.code == 1
    assert answer.kinds == ["policy.unusable"]
