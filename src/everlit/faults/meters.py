"""What customers said (用户侧证据): of every meter, how probable its signals are if it is supplied and if it is off.

A customer's signs of life after his last gasp take it back. Silence speaks only for meters known to report, and only as
much as their misses allow. Anybody may be off for a reason of his own, while all around him are lit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from everlit.faults.columns import KINDS, Columns
from everlit.faults.model import SignalKind
from everlit.faults.places import Places
from everlit.faults.policies import LEAST, Rates, Rules
from everlit.faults.problem import TRUTHS
from everlit.grid.columns import Bools, Floats, Ints


def weighed(rates: Rates, said: Bools, age: Floats) -> tuple[Floats, Floats]:
    """Logarithms of how probable what was said is, if it is not so and if it is so; half the weight at the half-life.

    >>> no, yes = weighed(Rates(0.1, 0.02, 3600.0), np.array([True, True, False]), np.array([0.0, 3600.0, 0.0]))
    >>> (yes - no).round(3).tolist()
    [3.807, 1.903, -2.282]
    """
    fresh = freshness(rates, age)
    no = np.where(said, np.log(rates.false), np.log1p(-rates.false))
    yes = np.where(said, np.log1p(-rates.miss), np.log(rates.miss))
    return fresh * no, fresh * yes


def freshness(rates: Rates, age: Floats) -> Floats:
    """What is left of the weight of signals of some age, in seconds; one for those that come from the future."""
    return np.asarray(np.exp2(-np.maximum(age, 0.0) / rates.half_s))


@dataclass(frozen=True, eq=False)
class Meters:
    """Customers of whom anything was said: place, phase (0 unknown), logarithms [meters, TRUTHS] if on and if off.

    `own` is the probability that he is off for himself if his place is lit. `off`, `on`, `silent`: what he said last.
    """

    subject: Sequence[str]
    place: Ints
    phase: npt.NDArray[np.int8]
    lit: npt.NDArray[np.float64]
    dark: npt.NDArray[np.float64]
    own: Floats
    off: Bools
    on: Bools
    silent: Bools
    pinged: Bools


def meters_of(columns: Columns, places: Places, rules: Rules) -> tuple[Meters, Ints]:
    """Everybody something was said of, and the concentrator each speaks through (-1: none)."""
    rows = np.flatnonzero((columns.meter >= 0) & (places.of_node[columns.where] >= 0))
    number, first, who = np.unique(columns.meter[rows], return_index=True, return_inverse=True)
    n = len(number)
    fact = _Facts(columns, rows, who, n)
    off_at, on_at = fact.latest(SignalKind.POWER_OFF), fact.latest(SignalKind.POWER_ON)
    call_at, alive_at, dead_at = (
        fact.latest(SignalKind.CALL),
        fact.latest(SignalKind.PING, value=True),
        fact.latest(SignalKind.PING, value=False),
    )
    life = np.maximum(on_at, alive_at)
    loss = np.maximum(np.maximum(off_at, call_at), dead_at)
    on = (life >= loss) & (life > -np.inf)
    lit, dark = np.zeros((n, TRUTHS)), np.zeros((n, TRUTHS))
    through = fact.newest_of(columns.group, -1)
    for kind, at, said_off in (
        (SignalKind.CALL, call_at, True),
        (SignalKind.PING, dead_at, True),
        (SignalKind.POWER_ON, on_at, False),
        (SignalKind.PING, alive_at, False),
    ):
        counts = np.isfinite(at) & (~on & (at > life) if said_off else on & (at > loss - 1e-9))
        _count(lit, dark, counts, kind, said_off, fact.now - at, rules)
    gasped = np.isfinite(off_at) & ~on & (off_at > life)
    reports = np.isfinite(fact.latest(SignalKind.REPORTING, value=True))
    silent = reports & ~on & ~gasped
    _gasps(lit, dark, gasped, silent, through >= 0, fact, off_at, rules)
    own = np.where(fact.last_value(SignalKind.DISCONNECTED), 1 - LEAST, rules.own)
    off_any = ~on & (loss > life)
    with np.errstate(divide="ignore"):
        mixed = np.logaddexp(np.log1p(-own)[:, None] + lit, np.log(own)[:, None] + dark)
    own_if_lit = np.exp(np.log(own) + dark[:, 0] - mixed[:, 0])
    where = columns.where[rows[first]]
    meters = Meters(
        [columns.signals[row].subject for row in rows[first].tolist()],
        places.of_node[where],
        fact.newest_of(columns.phase, 0).astype(np.int8),
        mixed,
        dark,
        own_if_lit,
        off_any,
        on,
        silent,
        np.isfinite(np.maximum(alive_at, dead_at)),
    )
    return meters, through.astype(np.int32)


def _count(
    lit: npt.NDArray[np.float64], dark: npt.NDArray[np.float64], rows: Bools, kind: SignalKind, said_off: bool,
    age: Floats, rules: Rules,
) -> None:  # fmt: skip
    """Add one kind of word of the customers in `rows`: a call says he is off, a power-on that he is supplied.

    A ping asks for life, so its rates are those of an answer.
    """
    chosen = np.flatnonzero(rows)
    said = np.full(len(chosen), kind is SignalKind.CALL or not said_off)
    no, yes = weighed(rules.rates[kind], said, age[chosen])
    if kind is SignalKind.CALL:
        lit[chosen] += no[:, None]
        dark[chosen] += yes[:, None]
    else:
        lit[chosen] += yes[:, None]
        dark[chosen] += no[:, None]


def _gasps(
    lit: npt.NDArray[np.float64], dark: npt.NDArray[np.float64], gasped: Bools, silent: Bools, through: Bools,
    fact: "_Facts", off_at: Floats, rules: Rules,
) -> None:  # fmt: skip
    """Last gasps and silence; of a meter behind a concentrator by how the concentrator speaks: truly, all, nothing."""
    kinds = ((SignalKind.POWER_OFF, gasped, off_at, True), (SignalKind.REPORTING, silent, None, False))
    for kind, rows, at, said in kinds:
        chosen, rates = np.flatnonzero(rows), rules.rates[kind]
        age = fact.now - (fact.latest(SignalKind.REPORTING)[chosen] if at is None else at[chosen])
        no, yes = weighed(rates, np.full(len(chosen), said), age)
        # what gets lost on the way gets lost of a false report, too: it must not look like a true one for being whole
        reported = (1 - rates.miss) * rules.certain
        over, mute = (reported, 1 - rules.certain) if said else (1 - reported, rules.certain)
        fresh, behind = freshness(rates, age), through[chosen]
        for table, value in ((lit, no), (dark, yes)):
            table[chosen, 0] += value
            table[chosen, 1] += np.where(behind, fresh * np.log(over), value)
            table[chosen, 2] += np.where(behind, fresh * np.log(mute), value)


class _Facts:
    """Of each customer, when he last said something; rows stand in order of occurrence."""

    def __init__(self, columns: Columns, rows: npt.NDArray[np.intp], who: npt.NDArray[np.intp], n: int) -> None:
        self.columns, self.rows, self.who, self.n = columns, rows, who, n
        self.now = columns.at

    def latest(self, kind: SignalKind, *, value: bool | None = None) -> Floats:
        """When each last said this, minus infinity for never."""
        mine = self.columns.kind[self.rows] == KINDS.index(kind)
        if value is not None:
            mine &= self.columns.value[self.rows] == value
        found = np.full(self.n, -np.inf)
        np.maximum.at(found, self.who[mine], self.columns.occurred[self.rows[mine]])
        return found

    def last_value(self, kind: SignalKind) -> Bools:
        """What each last said of it, False for nothing."""
        mine = self.columns.kind[self.rows] == KINDS.index(kind)
        found = np.zeros(self.n, np.bool_)
        found[self.who[mine]] = self.columns.value[self.rows[mine]]
        return found

    def newest_of(self, column: npt.NDArray[np.generic], nothing: int) -> Ints:
        """The newest filled cell of a column."""
        values = column[self.rows].astype(np.int32)
        filled = values != nothing
        found = np.full(self.n, nothing, np.int32)
        found[self.who[filled]] = values[filled]
        return found
