"""No safety predicate can be lost or bent unnoticed.

Each predicate is removed from the table, and its danger passes. Then the source of the rules itself is mutated, one
condition at a time, and every mutant must be told from the original by the dangers and the sound tickets.
"""

import ast
import inspect
from collections.abc import Iterator
from types import ModuleType

import pytest

from everlit.switching import safety, simulate
from everlit.switching.safety import PREDICATES
from tests.switching.dangers import DANGERS, SOUND, Danger


@pytest.mark.parametrize("danger", DANGERS, ids=lambda danger: danger.predicate)
def test_without_its_predicate_the_danger_passes(danger: Danger) -> None:
    rest = [row for row in PREDICATES if row.key != danger.predicate]
    assert len(rest) == len(PREDICATES) - 1
    assert danger.trace(predicates=rest).violations == ()


# ------------------------------------------------------------------------------------------- mutating the source
SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.And: ast.Or, ast.Or: ast.And, ast.Lt: ast.GtE, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.GtE: ast.Lt,
}  # fmt: skip


def mutants(tree: ast.Module) -> Iterator[tuple[str, ast.Module]]:
    """One copy of the module per condition of its functions, with that condition negated or swapped."""
    places = [
        (function.name, node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.If | ast.IfExp | ast.Compare | ast.BoolOp | ast.UnaryOp)
    ]
    for name, node in places:
        kept = dict(node.__dict__)
        if isinstance(node, ast.If | ast.IfExp):
            node.test = ast.UnaryOp(ast.Not(), node.test)
        elif isinstance(node, ast.Compare):
            node.ops = [SWAPPED[type(op)]() for op in node.ops]
        elif isinstance(node, ast.BoolOp):
            node.op = SWAPPED[type(node.op)]()
        elif isinstance(node.op, ast.Not):
            node.op, node.operand = ast.Not(), ast.UnaryOp(ast.Not(), node.operand)
        else:
            continue
        yield f"{name}:{node.lineno}: {ast.unparse(node)[:90]}", ast.fix_missing_locations(tree)
        node.__dict__.clear()
        node.__dict__.update(kept)


def module_of(tree: ast.Module) -> ModuleType:
    """The mutated module, executed beside the original."""
    made = ModuleType("mutated_safety")
    made.__dict__["__name__"] = "mutated_safety"
    import sys

    sys.modules["mutated_safety"] = made
    exec(compile(tree, "<mutant>", "exec"), made.__dict__)
    return made


JUDGED = [(case, [finding.as_json() for finding in case.trace().violations]) for case in (*DANGERS, *SOUND)]


def survives(mutant: ModuleType, monkeypatch: pytest.MonkeyPatch) -> bool:
    """True when every danger and every sound ticket is judged as by the original."""
    with monkeypatch.context() as patch:
        patch.setattr(simulate, "Situation", mutant.Situation)
        patch.setattr(simulate, "check", mutant.check)
        try:
            for case, judged in JUDGED:
                if [finding.as_json() for finding in case.trace(predicates=mutant.PREDICATES).violations] != judged:
                    return False
        except Exception:
            return False
    return True


def test_every_mutant_of_the_rules_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = ast.parse(inspect.getsource(safety))
    assert survives(module_of(tree), monkeypatch), "the unmutated copy must behave like the original"
    count, alive = 0, []
    for name, mutated in mutants(tree):
        count += 1
        if survives(module_of(mutated), monkeypatch):
            alive.append(name)
    assert count > 100
    assert alive == []
