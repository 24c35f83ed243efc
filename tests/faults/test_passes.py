"""The two passes against adding up every world, on random trees with random devices, groups and evidence."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everlit.faults.passes import believe
from everlit.faults.problem import TRUTHS, Problem
from tests.faults.worlds import by_enumeration


def random_problem(seed: int, n: int, *, phases: bool, groups: bool, strength: float = 3.0) -> Problem:
    rng = np.random.default_rng(seed)
    kinds, states = (6, 5) if phases else (3, 2)
    parent = np.array(
        [-1 if v == 0 or (v > 2 and rng.random() < 0.1) else rng.integers(0, v) for v in range(n)], np.int32
    )
    parent = preorder(parent)
    device = rng.random(n) < 0.6
    prior = rng.uniform(0.01, 0.1, (n, kinds))
    prior[:, 0] = 1 - prior[:, 1:].sum(1)
    top, inside = np.zeros(n, bool), np.zeros(n, bool)
    if groups:
        top[rng.integers(0, n)] = True
        for v in range(n):
            inside[v] = top[v] or (parent[v] >= 0 and inside[parent[v]])
    told = rng.normal(0, strength, (n, states, TRUTHS))
    told[~inside] = told[~inside][:, :, :1]
    with np.errstate(divide="ignore"):
        refuses = np.where(device, np.log(rng.uniform(0.01, 0.3, n)), 0.0)
        refuses[parent < 0] = -math.inf
        alone = np.where(rng.random(n) < 0.7, np.log(rng.uniform(0.001, 0.05, n)), -math.inf)
    return Problem(
        parent, refuses, alone, rng.random(n) < 0.2, rng.normal(0, strength, (n, 2, 2, 2)), np.log(prior),
        rng.normal(0, strength, (n, kinds)), told, top, inside, np.log(np.array([0.8, 0.15, 0.05])),
    )  # fmt: skip


def preorder(parent):
    """The same trees, numbered so that everything under a place follows it."""
    order, children = [], {v: [c for c in range(len(parent)) if parent[c] == v] for v in range(-1, len(parent))}

    def walk(v):
        order.append(v)
        for child in children[v]:
            walk(child)

    for root in children[-1]:
        walk(root)
    label = {v: i for i, v in enumerate(order)}
    return np.array([-1 if parent[v] < 0 else label[parent[v]] for v in order], np.int32)


@pytest.mark.parametrize("groups", [False, True])
@given(seed=st.integers(0, 10**6), n=st.integers(1, 4))
@settings(max_examples=20, deadline=None)
def test_the_passes_add_up_every_world(groups, seed, n):
    problem = random_problem(seed, n, phases=False, groups=groups)
    happened, state, opened, evidence = by_enumeration(problem)
    belief = believe(problem)
    np.testing.assert_allclose(belief.happened, happened, rtol=0, atol=1e-9)
    np.testing.assert_allclose(belief.state, state, rtol=0, atol=1e-9)
    np.testing.assert_allclose(belief.opened, opened, rtol=0, atol=1e-9)
    assert belief.evidence.sum() == pytest.approx(evidence, abs=1e-9)


@given(seed=st.integers(0, 10**6), n=st.integers(1, 3), groups=st.booleans())
@settings(max_examples=20, deadline=None)
def test_with_phases(seed, n, groups):
    problem = random_problem(seed, n, phases=True, groups=groups)
    happened, state, opened, _ = by_enumeration(problem)
    belief = believe(problem)
    np.testing.assert_allclose(belief.happened, happened, rtol=0, atol=1e-9)
    np.testing.assert_allclose(belief.state, state, rtol=0, atol=1e-9)
    np.testing.assert_allclose(belief.opened, opened, rtol=0, atol=1e-9)


def test_overwhelming_evidence_neither_overflows_nor_vanishes():
    """Tens of thousands of witnesses against each other: e to the power of 8,000 has no floating-point number."""
    problem = random_problem(5, 5, phases=False, groups=False, strength=4000.0)
    happened, _, opened, _ = by_enumeration(problem)
    belief = believe(problem)
    np.testing.assert_allclose(belief.happened, happened, rtol=0, atol=1e-9)
    np.testing.assert_allclose(belief.opened, opened, rtol=0, atol=1e-9)
