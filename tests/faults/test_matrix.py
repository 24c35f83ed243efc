"""Signals of all kinds against a model written down once more, signal by signal; and the matrix rule of the trade."""

import math
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from everlit.faults.columns import columns_of
from everlit.faults.locate import believe_signals, locate
from everlit.faults.model import Signal, SignalKind
from everlit.faults.policies import FAULT_POLICIES, Rates, rules_of
from everlit.faults.sketch import network
from tests.faults.worlds import worlds

K = SignalKind
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
RULES = rules_of(FAULT_POLICIES, on=NOON.date())


def said(kind, subject, value=True):
    return Signal("test", f"{kind}-{subject}", kind, subject, value, NOON, NOON)


def random_tree(rng, n, kinds=("load_break_switch", "breaker", "fuse")):
    """Text of a tree of n places under S, and the parent of each; switch s1 feeds place 1."""
    parents = {v: int(rng.integers(1, v)) if v > 1 else 0 for v in range(1, n + 1)}
    names = {0: "S"} | {v: f"n{v}" for v in parents}
    text = " | ".join(f"{names[parents[v]]} {names[v]}:{rng.choice(kinds)}" for v in parents)
    return text, parents


def of_one_place(signals, v, dark, own=RULES.own):
    """Probability of what the customer of a place said, by whether his place is dark; he may be off for himself."""

    def given_off(off):
        probability = 1.0
        for one in signals:
            if one.subject != f"n{v}" or one.kind not in (K.POWER_OFF, K.CALL, K.PING):
                continue
            rates = RULES.rates[one.kind]
            holds = not off if one.kind is K.PING else off
            yes = 1 - rates.miss if holds else rates.false
            probability *= yes if one.value else 1 - yes
        return probability

    return given_off(True) if dark else (1 - own) * given_off(False) + own * given_off(True)


def at_switch(signals, v, *, opened, short, earth):
    probability = 1.0
    truth = {K.POSITION: opened, K.TRIP: opened, K.OVERCURRENT: short, K.EARTH: earth}
    for one in signals:
        if one.subject == f"s{v}" and one.kind in truth:
            rates = RULES.rates[one.kind]
            yes = 1 - rates.miss if truth[one.kind] else rates.false
            probability *= yes if one.value else 1 - yes
    return probability


@given(seed=st.integers(0, 10**6), n=st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_what_signals_mean_is_what_the_text_says(seed, n):
    rng = np.random.default_rng(seed)
    text, parents = random_tree(rng, n)
    grid = network(text)
    signals = []
    for v in parents:
        edge = [said(kind, f"s{v}", bool(rng.random() < 0.5)) for kind in (K.OVERCURRENT, K.EARTH, K.TRIP)]
        home = [said(K.POWER_OFF, f"n{v}"), said(K.CALL, f"n{v}")]
        home = home if rng.random() < 0.5 else [said(K.PING, f"n{v}", bool(rng.random() < 0.5))]
        signals += [one for one in (*edge, *home) if rng.random() < 0.6]
    columns, _ = columns_of(grid, signals, at=NOON)
    belief = believe_signals(grid, grid.switch_normal_closed, columns, rules=RULES, failures=None)
    bare = replace(
        belief.problem, edge=belief.problem.edge * 0, said=belief.problem.said * 0, told=belief.problem.told * 0
    )
    place = {v: int(belief.places.of_node[grid.node(f"n{v}")]) for v in parents}
    below = {v: {w for w in parents if v in lineage(parents, w)} for v in parents}
    happened, total = np.zeros_like(belief.posterior.happened), 0.0
    for weight, happens, opened, states in worlds(bare):
        chance = math.exp(weight)
        for v in parents:
            has = [any(happens[place[w]] == kind for w in below[v]) for kind in (1, 2)]
            chance *= at_switch(signals, v, opened=opened[place[v]], short=has[0], earth=has[1])
            chance *= of_one_place(signals, v, states[place[v]] == 1)
        total += chance
        happened[range(len(happens)), happens] += chance
    np.testing.assert_allclose(belief.posterior.happened, happened / total, rtol=0, atol=1e-9)


def lineage(parents, v):
    found = []
    while v:
        found.append(v)
        v = parents[v]
    return found


@given(seed=st.integers(0, 10**6), n=st.integers(2, 12))
@settings(max_examples=40, deadline=None)
def test_without_errors_it_is_the_matrix_rule(seed, n):
    """P = D·G: D[i, j] where j is the next switch behind i, G[k, k] where k saw no current (domain reference 5.1)."""
    rng = np.random.default_rng(seed)
    text, parents = random_tree(rng, n, kinds=("load_break_switch",))
    fault = int(rng.integers(1, n + 1))
    passed = np.array([v in lineage(parents, fault) for v in range(1, n + 1)])
    behind = np.array([[parents[j] == i for j in range(1, n + 1)] for i in range(1, n + 1)])
    product = behind.astype(int) @ np.diag((~passed).astype(int))
    zones = [i for i in range(n) if passed[i] and (product[i] == behind[i]).all()]
    assert zones == [fault - 1], "the rule itself names one zone"
    rules = replace(RULES, rates=dict(RULES.rates) | {K.OVERCURRENT: Rates(1e-9, 1e-9, 1e9)})
    signals = [said(K.OVERCURRENT, f"s{v}", bool(passed[v - 1])) for v in parents]
    grid = network(text)
    found, _ = locate(grid, grid.switch_normal_closed, signals, at=NOON, rules=rules)
    assert found.places[0].section == f"sec:n{fault}" and found.places[0].p > 0.999
