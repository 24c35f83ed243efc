"""Mutants of a module: one copy per condition of its functions, with that condition negated or swapped."""

import ast
import inspect
import signal
import sys
from collections.abc import Callable, Iterator
from types import ModuleType

PATIENCE_S = 6.0
"""Processor seconds after which a mutant is taken to run for ever, which is noticed too."""

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
    made = ModuleType("mutated_module")
    made.__dict__["__name__"] = "mutated_module"
    sys.modules["mutated_module"] = made
    exec(compile(tree, "<mutant>", "exec"), made.__dict__)
    return made


class Endless(BaseException):
    """A mutant ran for ever."""


def _stop(*_: object) -> None:
    raise Endless


def survivors(module: ModuleType, alike: Callable[[ModuleType], bool], *, every: int = 1) -> tuple[int, list[str]]:
    """How many mutants were made (each `every`th), and which of them are `alike` the original."""
    tree = ast.parse(inspect.getsource(module))
    assert _within_patience(alike, module_of(tree)), "the unmutated copy must behave like the original"
    count, alive = 0, []
    for number, (name, mutated) in enumerate(mutants(tree)):
        if number % every == 0:
            count += 1
            if _within_patience(alike, module_of(mutated)):
                alive.append(name)
    return count, alive


def _within_patience(alike: Callable[[ModuleType], bool], mutant: ModuleType) -> bool:
    before = signal.signal(signal.SIGVTALRM, _stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE_S)
    try:
        return alike(mutant)
    except Endless:
        return False
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
