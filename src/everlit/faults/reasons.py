"""Why a place is believed (判断依据): what was said, held against what one fault there would have caused.

A hypothesis says of every edge whether its device has opened and current has passed, and of every place whether it is dark. The
weight of a word is the logarithm of how much more probable it is so than the other way round: 0 says nothing, 2.3 ten to
one for the place, −2.3 ten to one against it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from everlit.faults.columns import KINDS, Columns
from everlit.faults.evidence import EdgeWords, Evidence
from everlit.faults.model import FaultKind, Reason, SignalKind
from everlit.faults.places import Places, branch_name
from everlit.faults.problem import DARK, EARTH, LIT, LOST_A, OPEN_A, SHORT, Posterior, Problem
from everlit.grid.columns import Bools, Floats, Ints
from everlit.kernel import Text

MOST_REASONS = 8
_WORDS = {
    (SignalKind.POSITION, True): Text("is seen open", "遥信为分位"),
    (SignalKind.POSITION, False): Text("is seen closed", "遥信为合位"),
    (SignalKind.TRIP, True): Text("reports a trip", "保护动作"),
    (SignalKind.TRIP, False): Text("reports no trip", "保护未动作"),
    (SignalKind.OVERCURRENT, True): Text("saw fault current", "检测到故障电流"),
    (SignalKind.OVERCURRENT, False): Text("saw no fault current", "未检测到故障电流"),
    (SignalKind.EARTH, True): Text("says the earth fault lies behind it", "指示接地点在其后"),
    (SignalKind.EARTH, False): Text("says no earth fault lies behind it", "指示其后无接地"),
    (SignalKind.CONCENTRATOR, True): Text("concentrator: area lost", "集中器:台区失电"),
    (SignalKind.CONCENTRATOR, False): Text("concentrator: area supplied", "集中器:台区有电"),
    (SignalKind.CREW, True): Text("a crew found a fault", "现场发现故障"),
    (SignalKind.CREW, False): Text("a crew found nothing", "现场未发现故障"),
}


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One fault alone: its place and kind, and the device that opens for it; -1 where none does."""

    place: int
    p: float
    kind: FaultKind
    device: int

    def dark(self, places: Places) -> tuple[int, int]:
        """The interval of places it leaves dark, empty when nobody is."""
        if self.device >= 0:
            return self.device, int(places.last[self.device])
        if self.kind is FaultKind.OPEN_CONDUCTOR:
            return self.place, int(places.last[self.place])
        return self.place, self.place


def hypotheses_of(places: Places, posterior: Posterior, best: Sequence[int]) -> list[Hypothesis]:
    """One hypothesis for each of the most probable places: its likeliest kind, and which of two devices has opened."""
    found = []
    for place in best:
        happened = posterior.happened[place]
        parts = (float(happened[SHORT]), float(happened[EARTH]), float(happened[OPEN_A:].sum()))
        kind = tuple(FaultKind)[int(np.argmax(parts))]
        device = -1
        if kind is FaultKind.SHORT_CIRCUIT:
            nearest = _device_above(places, place)
            next_ = _device_above(places, int(places.parent[nearest])) if places.parent[nearest] >= 0 else nearest
            device = nearest if posterior.opened[nearest] >= posterior.opened[next_] else next_
        found.append(Hypothesis(place, float(1 - happened[0]), kind, device))
    return found


def _device_above(places: Places, place: int) -> int:
    while not places.protected[place]:
        place = int(places.parent[place])
    return place


def reasons_of(
    places: Places, columns: Columns, evidence: Evidence, problem: Problem, one: Hypothesis
) -> tuple[Reason, ...]:
    """What speaks for and against a place, weightiest first."""
    found = [
        *_edge_reasons(places, columns, evidence.edges, one),
        *_witnesses(places, columns, evidence, one),
        *_customers(places, evidence, problem, one),
    ]
    found = [reason for reason in found if abs(reason.weight) > 0.01]
    return tuple(sorted(found, key=lambda reason: (-abs(reason.weight), reason.subject))[:MOST_REASONS])


def _edge_reasons(places: Places, columns: Columns, words: EdgeWords, one: Hypothesis) -> list[Reason]:
    """Words about the edges of the same tree, by what the hypothesis expects there."""
    path = _path(places, one)
    mine = np.flatnonzero(places.root[words.place] == places.root[one.place])
    found = []
    for index in mine.tolist():
        place, row = int(words.place[index]), int(words.row[index])
        kind = KINDS[columns.kind[row]]
        if kind in (SignalKind.POSITION, SignalKind.TRIP):
            expected = place == one.device
        else:
            needs = FaultKind.EARTH_FAULT if kind is SignalKind.EARTH else FaultKind.SHORT_CIRCUIT
            expected = one.kind is needs and bool(path[place])
        sign = 1.0 if expected else -1.0
        weight = sign * float(words.yes[index] - words.no[index])
        name = branch_name(places.grid, int(places.via[place]))
        found.append(Reason(name, _WORDS[kind, bool(columns.value[row])], weight))
    return found


def _path(places: Places, one: Hypothesis) -> Bools:
    """Edges the fault's current passes: up to the source, or to the transformer that hides it."""
    path = np.zeros(places.size, np.bool_)
    place, hidden = one.place, False
    while place >= 0 and not hidden:
        path[place] = True
        hidden = bool(places.transformer[place])
        place = int(places.parent[place])
    return path


def _witnesses(places: Places, columns: Columns, evidence: Evidence, one: Hypothesis) -> list[Reason]:
    """Concentrators of the same tree and crews at the place."""
    found = []
    first, last = one.dark(places)
    for words, everywhere in ((evidence.witness, True), (evidence.crews, False)):
        for index in range(len(words.row)):
            place, row = int(words.place[index]), int(words.row[index])
            if places.root[place] != places.root[one.place] or not (everywhere or place == one.place):
                continue
            sign = 1.0 if not everywhere or first <= place < last else -1.0
            signal = columns.signals[row]
            weight = sign * float(words.yes[index] - words.no[index])
            found.append(Reason(signal.subject, _WORDS[signal.kind, signal.value], weight))
    return found


def _customers(places: Places, evidence: Evidence, problem: Problem, one: Hypothesis) -> list[Reason]:
    """Customers in what the hypothesis leaves dark, and beside it, under the next device above."""
    first, last = one.dark(places)
    root = int(places.root[one.place])
    above = int(places.parent[first]) if last > first else one.place
    around = _device_above(places, above) if above >= 0 else root
    inside, beside = np.zeros(places.size, np.bool_), np.zeros(places.size, np.bool_)
    inside[first:last] = True
    beside[around : places.last[around]] = True
    beside &= ~inside
    phase = int(problem.told.shape[1] > LOST_A and one.kind is FaultKind.OPEN_CONDUCTOR)
    name = branch_name(places.grid, int(places.via[first])) if last > first and places.via[first] >= 0 else (
        places.section(one.place)
    )  # fmt: skip
    found = []
    for area, sign, where in ((inside, 1.0, Text("under", "以下")), (beside, -1.0, Text("beside", "以外"))):
        words = _counted(evidence, area, where)
        if words is not None:
            weight = _weight(problem, evidence, area) if not phase else _phase_weight(evidence, area)
            found.append(Reason(name, words, sign * weight))
    return found


def _counted(evidence: Evidence, area: Bools, where: Text) -> Text | None:
    """How many customers of an area said what; None when nobody said anything."""
    meters = evidence.meters
    mine = area[meters.place]
    off, on, silent = (int((mine & flag).sum()) for flag in (meters.off, meters.on, meters.silent))
    if not off + on + silent:
        return None
    return Text(
        en=f"{where.en} it {off} customers off, {on} supplied, {silent} silent",
        zh=f"{where.zh}停电 {off} 户,有电 {on} 户,无上报 {silent} 户",
    )


def _weight(problem: Problem, evidence: Evidence, area: Bools) -> float:
    """Of all customers of an area together: dark against lit; those of one concentrator can weigh no more than it."""
    groups = evidence.groups
    plain = area & ~groups.inside
    weight = float((problem.told[plain, DARK, 0] - problem.told[plain, LIT, 0]).sum())
    tops = np.flatnonzero(groups.top)
    owner: Ints = np.searchsorted(tops, np.arange(len(area)), side="right").astype(np.int32) - 1
    for index in np.unique(owner[area & groups.inside]).tolist():
        mine = area & groups.inside & (owner == index)
        dark, lit = (problem.told[mine, state].sum(axis=0) for state in (DARK, LIT))
        weight += _sum(problem.truth + dark) - _sum(problem.truth + lit)
    return weight


def _phase_weight(evidence: Evidence, area: Bools) -> float:
    """Of the customers of an area whose own phase is lost: off against on."""
    meters = evidence.meters
    mine = np.flatnonzero(area[meters.place] & (meters.phase > 0) & meters.off)
    return float((meters.dark[mine, 0] - meters.lit[mine, 0]).sum())


def _sum(logarithms: Floats) -> float:
    return float(np.logaddexp.reduce(logarithms))
