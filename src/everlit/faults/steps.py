"""One step of a pass over the tree (消息传递): tables [below, state, truth] of logarithms are joined, sent on, brought back.

Sums run in logarithms, all terms are positive, nothing is ever subtracted. Of the last axis only the first `truths`
ways of speaking are looked at: outside the area of a group there is one.
"""

import math
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from everlit.faults.problem import BELOW

Table = npt.NDArray[np.float64]
NEVER = -math.inf


@numba.njit(cache=True)
def _add(one: float, other: float) -> float:
    """Logarithm of the sum of two numbers given by theirs."""
    high, low = (one, other) if one >= other else (other, one)
    return high if low == NEVER else high + math.log1p(math.exp(low - high))


@numba.njit(cache=True)
def _worse(one: int, other: int) -> int:
    """What is below when both are: the worse short circuit, and an earth fault if either has one."""
    return max(one % 3, other % 3) + 3 * max(one // 3, other // 3)


@numba.njit(cache=True)
def _own(kind: int) -> int:
    """What a place adds to what is below: an uncleared short circuit, an earth fault, nothing."""
    return 2 if kind == 1 else 3 if kind == 2 else 0


@numba.njit(cache=True)
def _lost(state: int, kind: int) -> int:
    """The state of a place, and of all below it, whose conductor is open: two phases lost count as dark."""
    if kind < 3 or state == 1:
        return state
    return kind - 1 if state in (0, kind - 1) else 1


@numba.njit(cache=True)
def _beyond(below: int, opened: bool, ends: bool) -> int:
    """What is seen above an edge of what is below it."""
    short, earth = below % 3, below // 3
    if opened and short == 2:
        short = 1
    if ends:
        return 2 if short == 2 else 0
    return short + 3 * earth


@numba.njit(cache=True)
def _chance(below: int, opened: bool, refuses: float, alone: float) -> float:
    """That the device opens, or does not, given what is below it."""
    if below % 3 == 2:
        return math.log1p(-math.exp(refuses)) if opened and refuses < 0 else NEVER if opened else refuses
    return alone if opened else math.log1p(-math.exp(alone))


@numba.njit(cache=True)
def join(one: Table, other: Table, out: Table, truths: int) -> None:
    """What is below, of two who stand beside each other: tables [below, state, truth]."""
    out[:] = NEVER
    for a in range(BELOW):
        for b in range(BELOW):
            both = _worse(a, b)
            for state in range(out.shape[1]):
                for truth in range(truths):
                    value = one[a, state, truth] + other[b, state, truth]
                    if value > NEVER:
                        out[both, state, truth] = _add(out[both, state, truth], value)


@numba.njit(cache=True)
def with_own(joined: Table, happens: Table, told: Table, out: Table, truths: int) -> None:
    """Add what may happen in the place itself, and what its customers said."""
    out[:] = NEVER
    for kind in range(len(happens)):
        for state in range(out.shape[1]):
            here = _lost(state, kind)
            for truth in range(truths):
                weight = happens[kind] + told[here, truth]
                for below in range(BELOW):
                    value = weight + joined[below, here, truth]
                    if value > NEVER:
                        both = _worse(below, _own(kind))
                        out[both, state, truth] = _add(out[both, state, truth], value)


@numba.njit(cache=True)
def send(inner: Table, said: Table, refuses: float, alone: float, ends: bool, out: Table, truths: int) -> None:
    """Send a place's table through the edge above it: the device opens and all below is dark, or it does not."""
    out[:] = NEVER
    for below in range(BELOW):
        short, earth = int(below % 3 > 0), below // 3
        for opened in range(2):
            chance = _chance(below, opened == 1, refuses, alone) + said[opened, short, earth]
            if chance == NEVER:
                continue
            seen = _beyond(below, opened == 1, ends)
            for state in range(out.shape[1]):
                for truth in range(truths):
                    value = chance + inner[below, 1 if opened else state, truth]
                    if value > NEVER:
                        out[seen, state, truth] = _add(out[seen, state, truth], value)


@numba.njit(cache=True)
def average(inner: Table, truth: Any) -> None:
    """Above the area of a group nobody knows how it speaks: every way by its probability."""
    for below in range(inner.shape[0]):
        for state in range(inner.shape[1]):
            total = NEVER
            for way in range(len(truth)):
                total = _add(total, truth[way] + inner[below, state, way])
            inner[below, state, 0] = total


@numba.njit(cache=True)
def around_child(others: Table, context: Table, out: Table, truths: int) -> None:
    """What a child's edge sees of all else, by what the child shows above its edge."""
    out[:] = NEVER
    for mine in range(BELOW):
        for theirs in range(BELOW):
            both = _worse(mine, theirs)
            for state in range(out.shape[1]):
                for truth in range(truths):
                    value = others[theirs, state, truth] + context[both, state, truth]
                    if value > NEVER:
                        out[mine, state, truth] = _add(out[mine, state, truth], value)


@numba.njit(cache=True)
def bring_back(
    inner: Table,
    around: Table,
    said: Table,
    refuses: float,
    alone: float,
    ends: bool,
    root: bool,
    out: Table,
    truths: int,
) -> float:
    """Bring what is around an edge to its place, into `out`; how probable it is that the edge's device has opened."""
    out[:] = NEVER
    open_weight = NEVER
    for below in range(BELOW):
        short, earth = int(below % 3 > 0), below // 3
        for opened in range(2):
            chance = _chance(below, opened == 1, refuses, alone) + said[opened, short, earth]
            if chance == NEVER:
                continue
            seen = _beyond(below, opened == 1, ends)
            for state in range(out.shape[1]):
                if root and state > 0:
                    continue
                here = 1 if opened else state
                for truth in range(truths):
                    value = chance + around[seen, state, truth]
                    if value > NEVER:
                        out[below, here, truth] = _add(out[below, here, truth], value)
                        if opened:
                            open_weight = _add(open_weight, value + inner[below, here, truth])
    return open_weight


@numba.njit(cache=True)
def total_of(inner: Table, outside: Table) -> float:
    """Logarithm of the probability of all that was said in a tree."""
    total = NEVER
    for below in range(BELOW):
        for state in range(inner.shape[1]):
            total = _add(total, inner[below, state, 0] + outside[below, state, 0])
    return total


@numba.njit(cache=True)
def settle(
    outside: Table, joined: Table, happens: Table, told: Table, context: Table, happened: Table, state_of: Table,
    total: float, truths: int,
) -> None:  # fmt: skip
    """Belief of one place, and the context its children's edges stand in: by what all children show, and its state."""
    for kind in range(len(happens)):
        weight = NEVER
        for state in range(outside.shape[1]):
            here = _lost(state, kind)
            for truth in range(truths):
                own = happens[kind] + told[here, truth]
                for below in range(BELOW):
                    value = own + outside[_worse(below, _own(kind)), state, truth]
                    if value == NEVER:
                        continue
                    context[below, here, truth] = _add(context[below, here, truth], value)
                    value += joined[below, here, truth]
                    if value > NEVER:
                        weight = _add(weight, value)
                        state_of[here] += math.exp(value - total)
        happened[kind] = math.exp(weight - total)
