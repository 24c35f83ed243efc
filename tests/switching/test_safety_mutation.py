"""No safety predicate can be lost or bent unnoticed, nor the judgement it rests on.

Each predicate is removed from the table, and its danger passes. Then the source of the rules itself is mutated, one
condition at a time, and every mutant must be told from the original by the dangers and the sound tickets; the scene
they are judged in likewise, and the loop test by its own tests. The normal run takes a sample of the last two.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from everlit.switching import loop, safety, scene, simulate
from everlit.switching.safety import PREDICATES
from everlit.switching.simulate import Trace
from tests.switching import test_loop
from tests.switching.dangers import DANGERS, SOUND, Danger
from tests.switching.mutation import survivors


@pytest.mark.parametrize("danger", DANGERS, ids=lambda danger: danger.predicate)
def test_without_its_predicate_the_danger_passes(danger: Danger) -> None:
    rest = [row for row in PREDICATES if row.key != danger.predicate]
    assert len(rest) == len(PREDICATES) - 1
    assert danger.trace(predicates=rest).violations == ()


def findings(trace: Trace) -> object:
    """What the rules say."""
    return [finding.as_json() for finding in trace.violations]


def states(trace: Trace) -> object:
    """What the rules say and every state on the way."""
    return trace.as_json()


TOLD: dict[Callable[[Trace], object], list[tuple[Danger, object]]] = {
    say: [(case, say(case.trace())) for case in (*DANGERS, *SOUND)] for say in (findings, states)
}


def told_alike(say: Any, **options: Any) -> bool:
    """True when every danger and every sound ticket is told as by the original."""
    try:
        return all(say(case.trace(**options)) == told for case, told in TOLD[say])
    except Exception:
        return False


def test_every_mutant_of_the_rules_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def alike(mutant: ModuleType) -> bool:
        with monkeypatch.context() as patch:
            patch.setattr(simulate, "Situation", mutant.Situation)
            patch.setattr(simulate, "check", mutant.check)
            return told_alike(findings, predicates=mutant.PREDICATES)

    count, alive = survivors(safety, alike)
    assert count > 100
    assert alive == []


def scene_survivors(monkeypatch: pytest.MonkeyPatch, every: int) -> tuple[int, list[str]]:
    def alike(mutant: ModuleType) -> bool:
        with monkeypatch.context() as patch:
            patch.setattr(simulate, "scene", mutant.scene)
            patch.setattr(simulate, "resolved", mutant.resolved)
            return told_alike(states)

    return survivors(scene, alike, every=every)


LOOP_TESTS = [
    test
    for name, test in vars(test_loop).items()
    if name.startswith("test_") and not getattr(test, "pytestmark", ()) and not test.__code__.co_argcount
]
LOOP_NAMES = {
    name: of.__name__ for name, of in vars(test_loop).items() if getattr(of, "__module__", "") == loop.__name__
}


def loop_survivors(monkeypatch: pytest.MonkeyPatch, every: int) -> tuple[int, list[str]]:
    def alike(mutant: ModuleType) -> bool:
        with monkeypatch.context() as patch:
            patch.setattr(simulate, "HotTies", mutant.HotTies)
            for name, own in LOOP_NAMES.items():
                patch.setattr(test_loop, name, getattr(mutant, own))
            try:
                for test in LOOP_TESTS:
                    test()
                for case in test_loop.TIES[::8]:
                    test_loop.test_the_formula_gives_the_current_of_the_closed_tie(case)
                    test_loop.test_superposed_vectors_give_the_currents_of_the_closed_loop(case)
                    test_loop.test_branch_currents_are_those_of_the_power_flow(case)
            except (Exception, pytest.fail.Exception):
                return False
            return told_alike(findings)

    return survivors(loop, alike, every=every)


def test_a_sample_of_mutants_of_scene_and_loop_test_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    for found in (scene_survivors(monkeypatch, 5), loop_survivors(monkeypatch, 5)):
        assert found[0] >= 10 and found[1] == []


@pytest.mark.long
def test_every_mutant_of_the_scene_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    count, alive = scene_survivors(monkeypatch, 1)
    assert count > 40
    assert alive == []


@pytest.mark.long
def test_every_mutant_of_the_loop_test_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    count, alive = loop_survivors(monkeypatch, 1)
    assert count > 50
    assert alive == []
