"""Everything that may happen on a small tree, one world after the other: the slow and obvious way."""

import itertools
import math

import numpy as np

from everlit.faults.problem import Problem


def worlds(problem: Problem, most_faults: int = 99):
    """Every world: what happens where, which devices open, how groups speak; its logarithm, and who is in which state."""
    n, kinds = problem.prior.shape
    devices = range(n)
    tops = [v for v in range(n) if problem.top[v]]
    for happens in itertools.product(range(kinds), repeat=n):
        if sum(kind > 0 for kind in happens) > most_faults:
            continue
        for opened in itertools.product((False, True), repeat=n):
            chance = _opening(problem, happens, opened)
            if chance is None:
                continue
            states = _states(problem, happens, opened)
            for truths in itertools.product(range(3), repeat=len(tops)):
                speaks = _speaking(problem, dict(zip(tops, truths, strict=True)))
                weight = chance + sum(problem.truth[way] for way in truths)
                for v in devices:
                    weight += problem.prior[v, happens[v]] + problem.said[v, happens[v]]
                    weight += problem.told[v, states[v], speaks[v]]
                yield weight, happens, opened, states


def _children(problem, v):
    return [c for c in range(problem.size) if problem.parent[c] == v]


def _opening(problem, happens, opened):
    """Logarithm of how the devices act and what is said at them; None for what cannot be."""
    weight = 0.0

    def climb(v):
        """Short circuit seen above the edge, uncleared, earth fault seen."""
        nonlocal weight
        short, uncleared, earth = happens[v] == 1, happens[v] == 1, happens[v] == 2
        for child in _children(problem, v):
            s, u, e = climb(child)
            short, uncleared, earth = short or s, uncleared or u, earth or e
        weight += problem.edge[v, int(opened[v]), int(short), int(earth)]
        refuse, alone = math.exp(problem.refuses[v]), math.exp(problem.alone[v])
        probability = (1 - refuse if opened[v] else refuse) if uncleared else (alone if opened[v] else 1 - alone)
        weight += math.log(probability) if probability > 0 else -math.inf
        uncleared = uncleared and not opened[v]
        if problem.ends[v]:
            short, earth = uncleared, False
        if problem.parent[v] < 0 and uncleared:
            weight = -math.inf
        return short, uncleared, earth

    for v in range(problem.size):
        if problem.parent[v] < 0:
            climb(v)
    return None if weight == -math.inf else weight


def _states(problem, happens, opened):
    """Lost phases of each place as a set, told as the states of the problem."""
    lost, states = [], []
    for v in range(problem.size):
        mine = set() if problem.parent[v] < 0 else set(lost[problem.parent[v]])
        if opened[v]:
            mine = {"A", "B", "C"}
        if happens[v] >= 3:
            mine |= {"ABC"[happens[v] - 3]}
        if len(mine) > 1:
            mine = {"A", "B", "C"}
        lost.append(mine)
        states.append(0 if not mine else 1 if len(mine) == 3 else 2 + "ABC".index(next(iter(mine))))
    return states


def _speaking(problem, ways):
    speaks = []
    for v in range(problem.size):
        speaks.append(ways[v] if v in ways else speaks[problem.parent[v]] if problem.inside[v] else 0)
    return speaks


def by_enumeration(problem: Problem, most_faults: int = 99):
    """Posterior of happenings, states and openings, by adding up all worlds."""
    n, kinds = problem.prior.shape
    happened, state, opened = np.zeros((n, kinds)), np.zeros((n, problem.told.shape[1])), np.zeros(n)
    found = list(worlds(problem, most_faults))
    top = max(weight for weight, *_ in found)
    total = 0.0
    for weight, happens, opening, states in found:
        share = math.exp(weight - top)
        total += share
        happened[range(n), happens] += share
        state[range(n), states] += share
        opened += share * np.array(opening)
    return happened / total, state / total, opened / total, top + math.log(total)
