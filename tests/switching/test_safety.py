"""Each safety predicate sees its own danger, says why in both languages, and leaves sound steps alone."""

import numpy as np
import pytest

from everlit.kernel import Policies
from everlit.switching.policies import SWITCHING_POLICIES, rulebook
from everlit.switching.safety import PREDICATES, predicate
from everlit.switching.simulate import simulate
from tests.switching.dangers import DANGERS, SOUND, Danger
from tests.switching.sketch import kinds, sketch, steps_of

BY_NAME = {"ids": lambda danger: danger.predicate}


@pytest.mark.parametrize("danger", DANGERS, **BY_NAME)
def test_the_danger_is_refused_by_its_predicate_alone(danger: Danger) -> None:
    (finding,) = danger.trace().violations
    assert finding.kind == f"safety.{danger.predicate}"
    assert finding.evidence["clause"] == predicate(danger.predicate).clause
    assert finding.message.en and any("一" <= sign <= "鿿" for sign in finding.message.zh)


def test_every_predicate_has_a_danger() -> None:
    assert [row.key for row in PREDICATES] == list(
        dict.fromkeys(danger.predicate for danger in DANGERS if danger.first)
    )


@pytest.mark.parametrize("sound", SOUND, ids=lambda sound: sound.predicate)
def test_sound_steps_are_let_through(sound: Danger) -> None:
    assert sound.trace().violations == ()


def test_findings_cite_the_row_they_compare_with() -> None:
    danger = next(each for each in DANGERS if each.predicate == "parallel_time")
    (finding,) = danger.trace().violations
    assert finding.evidence["policy"] == "loop.max_time"
    assert finding.evidence["limit"] == 15 and finding.evidence["confidence"] == "G?"


def test_a_replaced_row_changes_the_verdict() -> None:
    danger = next(each for each in DANGERS if each.predicate == "parallel_time")
    from dataclasses import replace

    longer = Policies([replace(SWITCHING_POLICIES.row("loop.max_time", on=rulebook().on), value=30.0)])
    assert danger.trace(policies=longer).violations == ()


def test_unknown_loads_count_as_nameplate() -> None:
    grid = sketch("S a: d1 disconnector", "a: load 10")
    idle = (np.zeros((1, 1)), np.zeros((1, 1)))
    assert kinds(grid, "open d1") == ["disconnector_load"]
    assert kinds(grid, "open d1", loads=idle) == []


def test_the_worst_scenario_decides() -> None:
    grid = sketch("S a: s1 a=10", "a: load 1000")
    loads = (np.array([[10.0], [1000.0]]), np.zeros((2, 1)))
    assert kinds(grid, "open s1", loads=loads) == ["breaking_rating"]


def test_a_proof_is_lost_when_the_part_becomes_live_again() -> None:
    grid = sketch("S a: s1", "a: load 10")
    assert kinds(grid, "open s1", "test a", "close s1", "open s1", "earth a") == ["earth_tested"]


def test_a_charged_cable_may_be_switched_by_a_disconnector_up_to_its_limit() -> None:
    short = sketch("S a: d1 disconnector", "a b: line l1 b=500")
    long = sketch("S a: d1 disconnector", "a b: line l1 b=1000")
    assert kinds(short, "open d1") == []
    assert kinds(long, "open d1") == ["disconnector_load"]
    assert simulate(long, long.switch_normal_closed, steps_of("open d1")).violations[0].evidence[
        "charging_a"
    ] == pytest.approx(10e3 / np.sqrt(3) * 1000e-6, rel=1e-3)


def test_a_ring_is_not_opened_by_a_disconnector() -> None:
    grid = sketch("S a: s1", "S b: s2", "a b: d1 disconnector", "a: load 10")
    assert kinds(grid, "open d1") == ["disconnector_load"]


def test_an_untagged_pocket_counts_up_to_the_next_tag() -> None:
    """The tag may hang further out than the nearest open point: what lies between is part of the guarded zone."""
    grid = sketch("S a: s1", "a b: s2 open", "b: load 5", "S b: s3 open")
    sound = ("open s1", "test a", "earth a", "tag s1", "test b", "earth b")
    assert kinds(grid, *sound, "tag s3", "permit p sec:a") == []
    assert kinds(grid, *sound[:-2], "tag s2", "permit p sec:a") == []
    assert kinds(grid, *sound, "permit p sec:a") == ["permit_tagged"]
