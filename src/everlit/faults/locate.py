"""Where is the fault, what has opened? (故障定位): signals and a state of the network in, posterior and reasons out.

Every place may hold a fault; how likely it is beforehand follows from its lengths and failure rates. A short circuit
opens the nearest device above it, or, where that refuses, the next; its current passes everything between the source
and the fault; everybody under what has opened is dark. An earth fault of a network with unearthed neutral passes
directional indicators and trips nothing; an open conductor darkens one phase of whoever is below.

The matrix rule of the trade is what remains when indicators never err. 1 → 2 → 3, then 3 → 4 and 3 → 5; 1, 2 and 3
saw current, 4 and 5 did not: it lies between 3 and both.

>>> from datetime import UTC, datetime
>>> from everlit.faults.model import Signal, SignalKind
>>> from everlit.faults.policies import FAULT_POLICIES, rules_of
>>> from everlit.faults.sketch import network
>>> grid = network("S 1 | 1 2 | 2 3 | 3 4 | 3 5")
>>> noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
>>> signals = [Signal("ftu", f"s{n}", SignalKind.OVERCURRENT, f"s{n}", n <= 3, noon, noon) for n in range(1, 6)]
>>> rules = rules_of(FAULT_POLICIES, on=noon.date())
>>> found, findings = locate(grid, grid.switch_normal_closed, signals, at=noon, rules=rules)
>>> found.places[0].section, found.places[0].p > 0.88, found.devices[0].equipment
('sec:3', True, 's1')
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from everlit.faults.columns import Columns, columns_of
from everlit.faults.decide import deciding
from everlit.faults.evidence import Evidence, edges_of, evidence_of, told_of
from everlit.faults.model import Device, FaultKind, Located, Place, Signal, SignalKind
from everlit.faults.passes import believe
from everlit.faults.places import Places, branch_name, places_of
from everlit.faults.policies import LEAST, Rules
from everlit.faults.problem import EARTH, OPEN_A, SHORT, Posterior, Problem
from everlit.faults.reasons import Hypothesis, hypotheses_of, reasons_of
from everlit.faults.steps import NEVER
from everlit.grid import Grid
from everlit.grid.columns import Bools, Floats
from everlit.kernel import Finding

MOST_PLACES = 20
MOST_DEVICES = 20
HOURS_PER_YEAR = 8760.0
ANY_ONE = 1e-4
"""Prior of a fault in each place where all are to be equally likely: small enough that two are rare."""


@dataclass(frozen=True, eq=False)
class Belief:
    """All that was computed: the places, what was said, the question as arrays and its posterior."""

    columns: Columns
    places: Places
    evidence: Evidence
    problem: Problem
    posterior: Posterior

    @property
    def faulty(self) -> Floats:
        """Probability of a fault in each place, whatever its kind."""
        return 1.0 - self.posterior.happened[:, 0]

    @property
    def beforehand(self) -> Floats:
        """The same before anything was said."""
        return np.asarray(-np.expm1(self.problem.prior[:, 0]))


def locate(
    grid: Grid,
    closed: Bools,
    signals: Sequence[Signal],
    *,
    at: datetime,
    rules: Rules,
    failures: Floats | None = None,
) -> tuple[Located, list[Finding]]:
    """What is to be believed at an instant, and findings for signals about what the network does not know.

    `closed` are the switches as they were before anything tripped. `failures` are per year of each line and transformer
    [branches before the switches]; without them every place is equally likely.
    """
    columns, findings = columns_of(grid, signals, at=at)
    belief = believe_signals(grid, closed, columns, rules=rules, failures=failures)
    return _answer(belief, at, rules), findings


def believe_signals(grid: Grid, closed: Bools, columns: Columns, *, rules: Rules, failures: Floats | None) -> Belief:
    """The posterior of all places, as arrays."""
    lines = sorted({int(branch) for branch in _said_of_lines(columns, grid)})
    places = places_of(grid, closed, lines)
    evidence = evidence_of(columns, places, rules)
    problem = problem_of(places, columns, evidence, rules, failures)
    return Belief(columns, places, evidence, problem, believe(problem))


def _said_of_lines(columns: Columns, grid: Grid) -> Sequence[int]:
    rows = columns.of(SignalKind.OVERCURRENT, SignalKind.EARTH)
    return [branch for branch in columns.where[rows].tolist() if branch < grid.n_lines]


def problem_of(places: Places, columns: Columns, evidence: Evidence, rules: Rules, failures: Floats | None) -> Problem:
    """The question as arrays; phases are told apart only where somebody's phase is known."""
    kinds, states = (6, 5) if bool(np.any(evidence.meters.phase > 0)) else (3, 2)
    root, switch = places.parent < 0, places.via >= places.grid.first_switch
    alone = np.where(switch | places.transformer, np.log(rules.alone), NEVER)
    refuses = np.where(places.protected, np.log(rules.refuses), 0.0)
    said = np.zeros((places.size, kinds))
    crews = evidence.crews
    np.add.at(said[:, 0], crews.place, crews.no)
    np.add.at(said[:, 1:], crews.place, crews.yes[:, None])
    truth = np.array([max(1 - rules.over - rules.mute, LEAST), rules.over, rules.mute])
    return Problem(
        parent=places.parent,
        refuses=np.where(root, NEVER, refuses),
        alone=np.where(root, np.log(rules.source_lost), alone),
        ends=places.transformer,
        edge=edges_of(evidence, columns, places),
        prior=priors(places, rules, failures, kinds),
        said=said,
        told=told_of(evidence, places, states),
        top=evidence.groups.top,
        inside=evidence.groups.inside,
        truth=np.log(truth / truth.sum()),
    )


def priors(places: Places, rules: Rules, failures: Floats | None, kinds: int) -> npt.NDArray[np.float64]:
    """Logarithms [places, kinds] of what happens beforehand: failures per year over the window before the signals."""
    if failures is None:
        fault = np.full(places.size, ANY_ONE)
    else:
        yearly = places.failures(failures) + rules.place_per_year
        fault = np.clip(yearly * rules.window_h / HOURS_PER_YEAR, LEAST, 0.5)
    earth = np.where(places.medium_voltage, rules.earth_share, LEAST)
    open_ = rules.open_share if kinds > OPEN_A else LEAST
    shares = np.zeros((places.size, kinds))
    shares[:, EARTH] = earth * (1 - open_)
    shares[:, SHORT] = (1 - earth) * (1 - open_)
    shares[:, OPEN_A:] = open_ / 3
    prior = shares * fault[:, None]
    prior[:, 0] = 1 - prior[:, 1:].sum(axis=1)
    return np.asarray(np.log(prior))


# ----------------------------------------------------------------------------------------------- the answer


def _answer(belief: Belief, at: datetime, rules: Rules) -> Located:
    places, posterior = belief.places, belief.posterior
    faulty = belief.faulty
    best = _best(faulty, rules.shown, MOST_PLACES)
    hypotheses = hypotheses_of(places, posterior, best)
    opened = _best(posterior.opened, rules.shown_device, MOST_DEVICES)
    meters = belief.evidence.meters
    own = np.flatnonzero(meters.off & (posterior.state[meters.place, 0] * meters.own > 0.5))
    return Located(
        at,
        len(belief.columns),
        tuple(_place(belief, one) for one in hypotheses),
        tuple(
            Device(_device(places, place), float(posterior.opened[place]), int(places.households[place]))
            for place in opened
        ),
        float(np.maximum(faulty - belief.beforehand, 0.0).sum()),
        tuple(sorted(meters.subject[row] for row in own.tolist())),
        belief.evidence.explained,
        belief.evidence.unused,
        deciding(places, belief.evidence, hypotheses, rules),
    )


def _best(chances: Floats, least: float, most: int) -> list[int]:
    """The most probable numbers, ties by number."""
    shown = np.flatnonzero(chances >= least)
    ranked = shown[np.lexsort((shown, -np.round(chances[shown], 12)))]
    return [int(place) for place in ranked[:most]]


def _place(belief: Belief, one: Hypothesis) -> Place:
    places, happened = belief.places, belief.posterior.happened[one.place]
    kinds = {
        FaultKind.SHORT_CIRCUIT: float(happened[SHORT]),
        FaultKind.EARTH_FAULT: float(happened[EARTH]),
        FaultKind.OPEN_CONDUCTOR: float(happened[OPEN_A:].sum()),
    }
    lost = "ABC"[int(happened[OPEN_A:].argmax())] if one.kind is FaultKind.OPEN_CONDUCTOR else ""
    return Place(
        places.section(one.place),
        places.equipment(one.place),
        places.feeder(one.place),
        float(1 - happened[0]),
        {kind: p for kind, p in kinds.items() if p > LEAST},
        lost,
        reasons_of(places, belief.columns, belief.evidence, belief.problem, one),
    )


def _device(places: Places, place: int) -> str:
    """Identity of the device above a place; a root's is the grid above, named after the root's first node."""
    branch = int(places.via[place])
    return branch_name(places.grid, branch) if branch >= 0 else places.section(place)
