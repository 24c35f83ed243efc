"""Exact belief on a tree in two passes (和积算法, sum-product): up from the leaves, down from the grid above.

A message tells, for each *state* of the place above, how probable everything below is together with each kind of what is
*below*. Several faults join by taking the worse of each kind, so a place joins its children one by one; on the way down
each child sees what its elder siblings and its younger siblings said. Both passes are linear in the number of places.
Sums run in logarithms, all terms are positive, nothing is ever subtracted.
"""

import math
from typing import Any

import numba
import numpy as np

from everlit.faults.problem import BELOW, Posterior, Problem
from everlit.faults.steps import (
    NEVER,
    Table,
    around_child,
    average,
    bring_back,
    join,
    send,
    settle,
    total_of,
    with_own,
)


def believe(problem: Problem) -> Posterior:
    """The posterior of every place, edge and state: exact, whatever the number of faults.

    One place behind a breaker that never fails to open, and customers who say they are dark (20 : 1):

    >>> log = np.log
    >>> one = Problem(
    ...     parent=np.array([-1, 0], np.int32),
    ...     refuses=np.full(2, NEVER),
    ...     alone=np.full(2, NEVER),
    ...     ends=np.zeros(2, bool),
    ...     edge=np.zeros((2, 2, 2, 2)),
    ...     prior=log(np.array([[0.98, 0.01, 0.01], [0.98, 0.01, 0.01]])),
    ...     said=np.zeros((2, 3)),
    ...     told=np.stack([np.zeros((2, 3)), log([[1 / 20] * 3, [1] * 3])]),
    ...     top=np.zeros(2, bool),
    ...     inside=np.zeros(2, bool),
    ...     truth=log(np.array([1, 1e-9, 1e-9])),
    ... )
    >>> belief = believe(one)
    >>> belief.happened[1].round(3).tolist(), belief.opened.round(3).tolist()
    ([0.846, 0.145, 0.009], [0.145, 0.145])
    """
    edges = (problem.parent, problem.refuses, problem.alone, problem.ends, problem.edge)
    areas = (problem.prior + problem.said, problem.told, problem.top, problem.inside, problem.truth)
    happened, state, opened, evidence = _down(edges, areas, _up(edges, areas))
    return Posterior(happened, state, opened, evidence)


@numba.njit(cache=True)
def _up(edges: Any, areas: Any) -> tuple[Table, Table, Table, Table]:
    """Tables per place: of its children joined, of its younger siblings, of what it sends, of itself."""
    parent, refuses, alone, ends, edge = edges
    happens, told, top, inside, truth = areas
    n, states, truths = told.shape
    shape = (n, BELOW, states, truths)
    joined, younger, sent, inner = (
        np.full(shape, NEVER),
        np.full(shape, NEVER),
        np.full(shape, NEVER),
        np.full(shape, NEVER),
    )
    joined[:, 0] = 0.0
    spare = np.empty((BELOW, states, truths))
    for v in range(n - 1, -1, -1):
        many = truths if inside[v] else 1
        with_own(joined[v], happens[v], told[v], inner[v], many)
        if top[v]:
            average(inner[v], truth)
        above = parent[v]
        many = truths if above >= 0 and inside[above] else 1
        send(inner[v], edge[v], refuses[v], alone[v], ends[v], sent[v], many)
        if above >= 0:
            younger[v] = joined[above]
            join(younger[v], sent[v], spare, many)
            joined[above] = spare
    return joined, younger, sent, inner


@numba.njit(cache=True)
def _down(edges: Any, areas: Any, tables: Any) -> tuple[Table, Table, Table, Table]:  # fmt: skip
    """Belief per place, each given all that was said outside it."""
    parent, refuses, alone, ends, edge = edges
    happens, told, top, inside, truth = areas
    joined, younger, sent, inner = tables
    n, states, truths = told.shape
    kinds = happens.shape[1]
    happened, state_of = np.zeros((n, kinds)), np.zeros((n, states))
    opened, evidence, total = np.zeros(n), np.zeros(n), np.zeros(n)
    shape = (n, BELOW, states, truths)
    elder, context = np.full(shape, NEVER), np.full(shape, NEVER)
    elder[:, 0] = 0.0
    outside, others = np.empty((BELOW, states, truths)), np.empty((BELOW, states, truths))
    around = np.empty((BELOW, states, truths))
    for v in range(n):
        above = parent[v]
        if above < 0:
            around[:] = NEVER
            around[:, 0, 0] = 0.0
            around[2], around[5] = NEVER, NEVER
            many = 1
        else:
            many = truths if inside[above] else 1
            join(elder[above], younger[v], others, many)
            around_child(others, context[above], around, many)
            join(elder[above], sent[v], others, many)
            elder[above] = others
        opened_here = bring_back(
            inner[v], around, edge[v], refuses[v], alone[v], ends[v], above < 0, outside, many
        )  # fmt: skip
        if above < 0:
            total[v] = total_of(inner[v], outside)
            evidence[v] = total[v]
        else:
            total[v] = total[above]
        opened[v] = math.exp(opened_here - total[v])
        many = truths if inside[v] else 1
        if top[v]:
            for way in range(truths - 1, -1, -1):
                outside[:, :, way] = outside[:, :, 0] + truth[way]
        settle(outside, joined[v], happens[v], told[v], context[v], happened[v], state_of[v], total[v], many)
    return happened, state_of, opened, evidence
