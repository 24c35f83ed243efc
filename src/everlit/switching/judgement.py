"""The last word (终校): the state of a plan solved once more by power-grid-model, in every quarter-hour of its window.

The search and its limits rest on the radial sweep. So that a plan is not only as good as that sweep, the feeders the
plan changes are solved again by an independent program, with everything upstream of them up to the source:

    source ══ bus ── feeder that gives ── …          solved again
               │└─── feeder that takes ── tie ── …   solved again
               └──── any other feeder                the power it draws, from the sweep

A small network is solved whole. Where a voltage or a loading differs by more than `AGREEMENT_PU` the plan is refused:
then one of two solvers is wrong, and nobody should switch by either.
"""

from dataclasses import dataclass

import numpy as np

from everlit.grid import Supply, supply
from everlit.grid.compile import Bools, Ints
from everlit.grid.flow import Flow
from everlit.grid.judge import Further, judge
from everlit.kernel import Finding, Text
from everlit.switching.window import Window

JUDGE = "power-grid-model"
AGREEMENT_PU = 1e-5
THIS_THREAD, ALL_PROCESSORS = -1, 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the judge says of a state: the largest difference to the sweep and how much was solved again.

    `difference_pu` is of a voltage, or of a current over its rating; infinite where the judge finds no solution.
    `sections` were solved again, out of `of_sections` live ones.
    """

    difference_pu: float
    sections: int
    of_sections: int
    judged_by: str = JUDGE

    @property
    def agrees(self) -> bool:
        """Whether the sweep is confirmed."""
        return self.difference_pu <= AGREEMENT_PU

    @property
    def finding(self) -> Finding:
        """The disagreement as it is refused."""
        text = Text(
            en=f"The sweep and {self.judged_by} differ by {self.difference_pu:.1e} pu: neither is to be trusted here.",
            zh=f"辐射潮流与 {self.judged_by} 相差 {self.difference_pu:.1e} pu,结果不可信。",
        )
        return Finding("transfer.judge_differs", "flow", text, self.as_json())

    def as_json(self) -> dict[str, object]:
        """Who judged, how far apart, and how much."""
        return {
            "judged_by": self.judged_by,
            "largest_difference_pu": round(self.difference_pu, 12) if np.isfinite(self.difference_pu) else None,
            "sections": self.sections,
            "of_sections": self.of_sections,
        }


def judgement(window: Window, state: Bools, flow: Flow) -> Judgement:
    """Solve `state` again and compare with `flow`, the sweep of its whole network."""
    here = supply(window.grid, state)
    inside = here.energised if window.small else _changed(supply(window.grid, window.closed), here)
    live, count = int(here.energised.sum()), int(inside.sum())
    if not count:
        return Judgement(0.0, 0, live)
    exits = _exits(here, inside)
    cut = state.copy()
    cut[exits] = False
    again = judge(
        window.grid, cut, window.p_kw, window.q_kvar, further=_drawn(window, here, flow, exits),
        threads=THIS_THREAD if window.small else ALL_PROCESSORS, iterated=not window.small,
    )  # fmt: skip
    return Judgement(_difference(window, flow, again), count, live)


def _changed(before: Supply, here: Supply) -> Bools:
    """Live sections of the feeders that changed hands or shape, and all they are and were fed over."""
    moved = (here.parent_switch != before.parent_switch) | (here.energised != before.energised)
    feeders = {int(feeder) for feeder in np.concatenate([here.feeder[moved], before.feeder[moved]])} - {-1}
    inside = moved | np.isin(here.feeder, list(feeders)) | np.isin(before.feeder, list(feeders))
    for forest in (before, here):
        _with_ancestors(inside, forest.parent_section)
    return np.asarray(inside & here.energised)


def _with_ancestors(inside: Bools, parent: Ints) -> None:
    for section in parent[inside].tolist():
        above = section
        while above >= 0 and not inside[above]:
            inside[above] = True
            above = int(parent[above])


def _exits(here: Supply, inside: Bools) -> Ints:
    """The switches over which a part that is not solved again hangs on one that is."""
    parent = here.parent_section
    return here.parent_switch[(parent >= 0) & ~inside & inside[parent]]


def _drawn(window: Window, here: Supply, flow: Flow, exits: Ints) -> Further | None:
    """What hangs behind the exits as loads at their near ends."""
    if not len(exits):
        return None
    grid = window.grid
    child = np.array([here.child_section(switch) for switch in exits.tolist()])
    outward = grid.switch_section_to[exits] == child
    near = np.where(outward, grid.switch_from[exits], grid.switch_to[exits]).astype(np.int32)
    drawn = flow.through_kva(exits) * np.where(outward, 1.0, -1.0)
    return Further(near, drawn.real, drawn.imag)


def _difference(window: Window, flow: Flow, again: Flow) -> float:
    """Largest difference of a voltage in pu, or of a current over its rating."""
    if not (flow.converged.all() and again.converged.all()):
        return np.inf
    places, nodes = np.unique(again.place, return_index=True)
    nodes = nodes[places >= 0]
    voltage = np.abs(again.place_pu[:, again.place[nodes]] - flow.place_pu[:, flow.place[nodes]])
    rated = window.rated_a[again.series]
    known = np.isfinite(rated)
    rows = _rows(window.grid.n_branches, flow.series)[again.series[known]]
    current = np.abs(again.series_a[:, known] - flow.series_a[:, rows]) / rated[known]
    return float(max(voltage.max(initial=0.0), current.max(initial=0.0)))


def _rows(count: int, listed: Ints) -> Ints:
    """Where in a list each of `count` indices stands, −1 for none."""
    row = np.full(count, -1, np.int32)
    row[listed] = np.arange(len(listed))
    return row
