"""Reconfiguration (网络重构): which switches to leave open so that the network loses least, every node fed, no loop.

The live part is boiled down to its loops (`everlit.switching.decisions`). On that small graph
`everlit.switching.exchange` searches with the currents of the last power flow; each tree it proposes is solved as AC,
its voltages give new currents, and the search goes on until AC losses fall no further. At last the likeliest single
exchanges are tried by AC itself. Dead parts, locked switches and fuses stay as they are, and so do open switches
without a phase record. Losses are the mean over the scenarios given.
"""

from dataclasses import dataclass, field
from math import inf
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

from everlit.grid import Grid
from everlit.grid.electrical import BASE_KVA, electrical
from everlit.grid.flow import Flow, loading
from everlit.grid.judge import judge
from everlit.grid.sweep import UnableToSweep, load_columns, radial_flow
from everlit.kernel import Finding, Refusal, Text
from everlit.switching.decisions import Decisions, decisions, spare_edges
from everlit.switching.exchange import TreeState, loop_gains, search, spanning_tree, tree_loss

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

ROUNDS = 8
KICKS = 200_000
PATIENCE, PATIENCE_PER_LOOP = 500, 100
VALLEYS = 16
CANDIDATES_PER_LOOP = 4
# Fixed currents rank states this close to each other (share of all losses) not always as AC does: those are solved.
MARGIN = 5e-3


class UnableToReconfigure(Refusal):
    """No radial state with every live node fed exists, or its power flow has no solution."""

    title = Text(en="The network could not be reconfigured.", zh="无法进行网络重构。")


@dataclass(frozen=True, slots=True)
class Reconfiguration:
    """The state of least losses found, beside the one it started from."""

    open: tuple[str, ...]
    to_open: tuple[str, ...]
    to_close: tuple[str, ...]
    loss_kw_before: float
    loss_kw_after: float
    lowest_pu: tuple[float, float]
    highest_loading: tuple[float, float]
    evaluations: int
    seconds: float
    closed: Bools = field(repr=False, compare=False)

    def as_json(self) -> dict[str, Any]:
        """As the CLI and the API show it; pairs are (before, after)."""
        return {
            "loss_kw_before": round(self.loss_kw_before, 6),
            "loss_kw_after": round(self.loss_kw_after, 6),
            "open": list(self.open),
            "to_open": list(self.to_open),
            "to_close": list(self.to_close),
            "lowest_voltage_pu": [round(value, 6) for value in self.lowest_pu],
            "highest_loading": [round(value, 6) for value in self.highest_loading],
            "evaluations": self.evaluations,
            "seconds": round(self.seconds, 3),
        }


def reconfigure(
    grid: Grid, closed: Bools, p_kw: Floats, q_kvar: Floats, *, seed: int = 0, seconds: float = 20.0
) -> Reconfiguration:
    """Search from `closed` until nothing is gained or `seconds` have passed; raises UnableToReconfigure.

    The seconds count from the end of the first round: the very first call on a machine compiles its kernels there.
    """
    began = perf_counter()
    before = _present(grid, closed, p_kw, q_kvar)
    if not before.converged.all():
        text = Text(en="The power flow of the present state has no solution.", zh="当前运行方式潮流不收敛。")
        raise UnableToReconfigure(Finding("reconfigure.flow", grid.network.name, text))
    quest = _Quest(grid, closed, p_kw, q_kvar)
    quest.run(before, seed, seconds)
    after = quest.best_flow
    switch_ids = np.array(grid.switch_ids.to_pylist(), dtype=object)

    def ids(chosen: Bools) -> tuple[str, ...]:
        return tuple(sorted(switch_ids[chosen]))

    return Reconfiguration(
        open=ids(~quest.best),
        to_open=ids(closed & ~quest.best),
        to_close=ids(~closed & quest.best),
        loss_kw_before=float(before.loss_kw.mean()),
        loss_kw_after=float(after.loss_kw.mean()),
        lowest_pu=(float(np.nanmin(before.place_pu)), float(np.nanmin(after.place_pu))),
        highest_loading=(float(loading(grid, before).max(initial=0)), float(loading(grid, after).max(initial=0))),
        evaluations=quest.evaluations,
        seconds=perf_counter() - began,
        closed=quest.best,
    )


def _present(grid: Grid, closed: Bools, p_kw: Floats, q_kvar: Floats) -> Flow:
    """The flow of the present state, looped or not."""
    try:
        return radial_flow(grid, closed, p_kw, q_kvar)
    except UnableToSweep:
        return judge(grid, closed, p_kw, q_kvar)


class _Quest:
    """One search: the graph, the best radial state so far and its flow."""

    def __init__(self, grid: Grid, closed: Bools, p_kw: Floats, q_kvar: Floats) -> None:
        self.grid, self.closed = grid, closed
        self.p_kw, self.q_kvar = p_kw, q_kvar
        self.power = _node_power(grid, p_kw, q_kvar)
        self.graph: Decisions = decisions(grid, closed, (self.power != 0).any(axis=1))
        self.evaluations = 0
        self.tried: dict[bytes, float] = {}

    def run(self, before: Flow, seed: int, seconds: float) -> None:
        """Rounds of search on fixed currents, each checked by AC, then exchanges by AC alone."""
        drawn = self._currents(before)
        start = self._radial_start()
        self.best, self.best_flow = start, self._flow(start)
        deadline = inf
        for round_number in range(ROUNDS):
            tree = self._tree(self.best, drawn)
            number, patience = seed * ROUNDS + round_number, PATIENCE + PATIENCE_PER_LOOP * len(tree.open)
            losses, opened, priced = search(self.graph.edges, tree, number, KICKS, patience, VALLEYS)
            self.evaluations += priced
            likely = opened[losses <= losses[0] * (1 + MARGIN)]
            gained = [self._try(self.graph.state(self.closed, valley)) for valley in likely]
            drawn = self._currents(self.best_flow)
            deadline = min(deadline, perf_counter() + seconds)
            if not any(gained) or perf_counter() > deadline:
                break
        while self._polish(drawn, deadline) and perf_counter() < deadline:
            drawn = self._currents(self.best_flow)

    def _radial_start(self) -> Bools:
        """The present state when it is radial; otherwise one that opens what closes its loops."""
        spare = spare_edges(self.graph, self.graph.open_edges(self.closed))
        if spare is None:
            text = Text(en="A loop has no switch that may be opened.", zh="存在没有可操作开关的环路。")
            raise UnableToReconfigure(Finding("reconfigure.loop", self.grid.network.name, text))
        return self.graph.state(self.closed, spare)

    def _tree(self, closed: Bools, drawn: Floats) -> TreeState:
        tree, _ = spanning_tree(self.graph.edges, drawn, self.graph.open_edges(closed))
        return tree

    def _flow(self, closed: Bools) -> Flow:
        self.evaluations += 1
        try:
            return radial_flow(self.grid, closed, self.p_kw, self.q_kvar)
        except UnableToSweep as refused:
            raise UnableToReconfigure(*refused.findings) from refused

    def _try(self, closed: Bools) -> bool:
        """Solve a state by AC and keep it when it loses less."""
        key = closed.tobytes()
        if key in self.tried:
            return False
        flow = self._flow(closed)
        self.tried[key] = float(flow.loss_kw.mean())
        if not flow.converged.all() or self.tried[key] >= float(self.best_flow.loss_kw.mean()) * (1 - 1e-9):
            return False
        self.best, self.best_flow = closed, flow
        return True

    def _polish(self, drawn: Floats, deadline: float) -> bool:
        """Try the likeliest exchanges of every loop by AC; True when one was taken."""
        tree = self._tree(self.best, drawn)
        for index in range(len(tree.open)):
            edges, gains = loop_gains(self.graph.edges, tree, index)
            likely = np.argsort(-gains)[:CANDIDATES_PER_LOOP]
            for choice in likely[gains[likely] > -MARGIN * tree_loss(self.graph.edges, tree)]:
                swapped = tree.open.copy()
                swapped[index] = edges[choice]
                if self._try(self.graph.state(self.closed, swapped)):
                    return True
                if perf_counter() > deadline:
                    return False
        return False

    def _currents(self, flow: Flow) -> Floats:
        """Current drawn at every node, [node, (real, imaginary) × scenario], in the frame of its own vector group."""
        phasor = (flow.place_re + 1j * flow.place_im).T
        phasor *= np.exp(-1j * np.pi / 6 * np.round(np.angle(phasor) / (np.pi / 6)))
        node_v = np.where(flow.place[:, None] >= 0, phasor[flow.place], 1.0)
        current = np.conj(self.power / node_v) / np.sqrt(flow.scenarios)
        return self.graph.drawn(np.hstack([current.real, current.imag]))


def _node_power(grid: Grid, p_kw: Floats, q_kvar: Floats) -> npt.NDArray[np.complex128]:
    """Complex load of every node in per unit, [node, scenario]."""
    wires = electrical(grid)
    total = np.zeros((grid.n_nodes, len(np.atleast_2d(p_kw))), np.complex128)
    for load, unit in ((load_columns(wires, p_kw), 1), (load_columns(wires, q_kvar), 1j)):
        np.add.at(total, wires.load_node[: load.shape[1]], load.T * unit / BASE_KVA)
    return total
