"""What would decide it (下一步核实): the meter to ping, the place to patrol, from which most is to be learnt.

A test is worth the information it is expected to give about which of the most probable places it is:

    I = H(Σ p·q) − Σ p·H(q)      p of a place, q the chance of "yes" if it is that place, H the entropy of a coin, bits
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from everlit.faults.evidence import Evidence
from everlit.faults.model import Inquiry, SignalKind
from everlit.faults.places import Places
from everlit.faults.policies import Rules
from everlit.faults.reasons import Hypothesis
from everlit.grid.columns import Bools, Floats, Ints

MOST_HYPOTHESES = 12
MOST_SHOWN = 3
LEAST_BITS = 0.01


def information(p: Floats, q: npt.NDArray[np.float64]) -> Floats:
    """Bits each test is expected to give: `p` [places] of the places, `q` [tests, places] the chance of yes.

    >>> information(np.array([0.5, 0.5]), np.array([[1.0, 0.0], [0.9, 0.1], [0.3, 0.3]])).round(3).tolist()
    [1.0, 0.531, 0.0]
    """
    share = p / p.sum()
    return np.asarray(_entropy(q @ share) - _entropy(q) @ share)


def _entropy(q: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    inner = np.clip(q, 1e-300, 1 - 1e-16)
    return np.asarray(-(inner * np.log2(inner) + (1 - inner) * np.log2(1 - inner)))


def deciding(places: Places, evidence: Evidence, hypotheses: Sequence[Hypothesis], rules: Rules) -> tuple[Inquiry, ...]:
    """The tests from which most is to be learnt about the most probable places, best first."""
    top = hypotheses[:MOST_HYPOTHESES]
    if not top:
        return ()
    p = np.array([one.p for one in top])
    found = [*_pings(places, evidence, top, p, rules), *_patrols(places, evidence, top, p, rules)]
    found = [one for one in found if one.bits >= LEAST_BITS]
    return tuple(sorted(found, key=lambda one: (-round(one.bits, 9), one.action, one.subject))[:MOST_SHOWN])


def _pings(places: Places, evidence: Evidence, top: Sequence[Hypothesis], p: Floats, rules: Rules) -> list[Inquiry]:
    """One meter for every way in which the places differ in who is dark."""
    rates = rules.rates[SignalKind.PING]
    load_place = _open_to_ping(places, evidence)
    candidates = np.flatnonzero(load_place >= 0)
    spans = np.array([one.dark(places) for one in top])
    at = load_place[candidates]
    dark = (at[:, None] >= spans[None, :, 0]) & (at[:, None] < spans[None, :, 1])
    _, first = np.unique(dark @ (1 << np.arange(len(top))), return_index=True)
    patterns = dark[first]
    bits = information(p, np.where(patterns, rates.false, 1 - rates.miss))
    loads = places.grid.network.tables["consumers"].column(0)
    return [
        Inquiry("ping", str(loads[int(candidates[row])].as_py()), places.section(int(at[row])), float(value))
        for row, value in zip(first.tolist(), bits.tolist(), strict=True)
    ]


def _open_to_ping(places: Places, evidence: Evidence) -> Ints:
    """The place of every load, -1 for those not fed and for those whose place was pinged already."""
    place = places.of_node[places.grid.consumer_node]
    pinged: Bools = np.zeros(places.size + 1, np.bool_)
    pinged[evidence.meters.place[evidence.meters.pinged]] = True
    return np.where(pinged[place] & (place >= 0), -1, place)


def _patrols(places: Places, evidence: Evidence, top: Sequence[Hypothesis], p: Floats, rules: Rules) -> list[Inquiry]:
    """A look at each of the places nobody has looked at."""
    rates = rules.rates[SignalKind.CREW]
    seen = set(evidence.crews.place.tolist())
    q = np.where(np.eye(len(top), dtype=np.bool_), 1 - rates.miss, rates.false)
    return [
        Inquiry("patrol", places.equipment(one.place)[0], places.section(one.place), float(bits))
        for one, bits in zip(top, information(p, q).tolist(), strict=True)
        if one.place not in seen
    ]
