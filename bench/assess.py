"""Compute before you cut: the whole assessment of an outage of 5,000 households, beside a plain walk over the graph.

The peer answers only the first question, who is dark for how long, the way a script would: networkx, one component search
per state of the same switching path, households summed in Python. Ours answers all of them: isolation, transfer, ticket,
households with their intervals, hours, energy, important customers, repeats, budget, notices, gates, and the page as JSON.
"""

import json
import statistics
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from time import perf_counter

import networkx as nx
import numpy as np

from bench.harness import Measurement, benchmark, measured
from everlit.grid import Grid, compile_network, supply
from everlit.grid.compile import Floats
from everlit.grid.synthetic import reference_utility
from everlit.kernel import Period, Text, utc
from everlit.planning.assess import Assessment, assess
from everlit.planning.forecast import Forecast, forecast_of
from everlit.planning.history import History
from everlit.planning.model import Department, WorkKind, WorkRequest
from everlit.planning.policies import DEFAULT_POLICIES
from everlit.switching.step import Action

HOUSEHOLDS = 5_000
START = utc("2026-06-10T08:00+08:00")
PERIOD = Period(START, START + timedelta(hours=8))
ROUNDS = 5
DIVERSITY = 0.3
"""The homes of a feeder do not peak together: five thousand of them draw 0.7 kW each, not the 2.4 kW of one alone."""


@dataclass(frozen=True)
class Diverse:
    """The load shapes of the town with the diversity of a whole feeder."""

    shapes: Forecast
    fingerprint: str = "diverse"

    def loads(self, grid: Grid, period: Period) -> tuple[Floats, Floats]:
        p_kw, q_kvar = self.shapes.loads(grid, period)
        return DIVERSITY * p_kw, DIVERSITY * q_kvar

    def expected_kw(self, grid: Grid, period: Period) -> Floats:
        return DIVERSITY * self.shapes.expected_kw(grid, period)


@dataclass(frozen=True)
class Town:
    """Six large feeders, as many nodes as the city `urban`; the one nearest to 5,000 households is cut at its first line."""

    grid: Grid
    forecast: Forecast
    history: History
    line: str


@cache
def town() -> Town:
    network = reference_utility(1, customers=30_000, feeders=6, areas_per_feeder=40, profiles=True)
    grid = compile_network(network)
    state = supply(grid, grid.switch_normal_closed)
    feeder = min(range(6), key=lambda row: abs(state.under(int(grid.feeder_head[row])).households - HOUSEHOLDS))
    section = grid.section_of_node[grid.branch_from[: grid.n_lines]]
    mine = np.flatnonzero((state.feeder[section] == feeder) & (grid.nominal_kv[grid.branch_from[: grid.n_lines]] > 1))
    first = min(mine.tolist(), key=lambda row: max(int(grid.branch_from[row]), int(grid.branch_to[row])))
    line = network.tables["lines"].column("line_id")[first].as_py()
    return Town(grid, Diverse(forecast_of(network)), year_so_far(grid), line)


def year_so_far(grid: Grid) -> History:
    """Two faults of every load since New Year, as the ledger would tell them."""
    loads, rng = grid.network.count("consumers"), np.random.default_rng(1)
    new_year, start = utc("2026-01-01T00:00+08:00").timestamp(), START.timestamp()
    consumer = np.repeat(np.arange(loads, dtype=np.int32), 2)
    at = rng.integers(int(new_year), int(start), (loads, 2))
    return History(consumer, np.sort(at, axis=1).ravel(), np.zeros(2 * loads, np.bool_))


def ours() -> Assessment:
    """Everything of the assessment page."""
    here, end = town(), START + timedelta(days=1)
    wish = WorkRequest(
        "R1", Department.OPERATIONS, WorkKind.MAINTENANCE, Text("overhaul", "检修"), (here.line,), 480, START, end
    )
    return assess(
        [wish],
        grid=here.grid,
        closed=here.grid.switch_normal_closed,
        period=PERIOD,
        forecast=here.forecast,
        policies=DEFAULT_POLICIES,
        now=START - timedelta(days=20),
        history=here.history,
    )


def by_graph_walk(made: Assessment) -> float:
    """The peer: household-hours of the same path, one networkx component search per state."""
    grid, closed = made.grid, made.grid.switch_normal_closed.copy()
    fixed = list(
        zip(grid.branch_from[: grid.first_switch].tolist(), grid.branch_to[: grid.first_switch].tolist(), strict=True)
    )
    ends = list(zip(grid.switch_from.tolist(), grid.switch_to.tolist(), strict=True))
    households, sources = grid.node_households.tolist(), grid.source_nodes.tolist()
    graph = nx.Graph(fixed)
    graph.add_nodes_from(range(grid.n_nodes))
    graph.add_edges_from(ends[switch] for switch in np.flatnonzero(closed).tolist())
    total, dark, before = 0.0, 0, 0.0
    plan = made.plan
    for ticket, offset in ((plan.tickets.out, 0.0), (plan.tickets.back, plan.path_min - plan.back_min)):
        for step in ticket.steps:
            if step.action not in (Action.OPEN, Action.CLOSE):
                continue
            at = offset + step.at_min
            total += dark * (at - before) / 60
            change = graph.add_edge if step.action is Action.CLOSE else graph.remove_edge
            change(*ends[grid.switch(step.device)])
            lit = set().union(*(nx.node_connected_component(graph, source) for source in sources))
            dark, before = sum(count for node, count in enumerate(households) if node not in lit), at
    return total + dark * (plan.path_min - before) / 60


@benchmark("assess.households_5000")
def five_thousand_households() -> list[Measurement]:
    """Assessment and its page, beside the walk; both must agree on the household-hours."""
    made = ours()
    mine, page, peer = [], [], []
    for _ in range(ROUNDS):
        began = perf_counter()
        made = ours()
        computed = perf_counter()
        json.dumps(made.as_json())
        written = perf_counter()
        walked = by_graph_walk(made)
        peer.append(perf_counter() - written)
        mine.append(computed - began)
        page.append(written - computed)
        if abs(walked - made.hours.households_h) > 1e-6 * max(1.0, walked):
            raise AssertionError(f"the walk says {walked} household-hours, the assessment {made.hours.households_h}")
    whole = statistics.median(a + b for a, b in zip(mine, page, strict=True))
    name = "networkx, only who is dark"
    return [
        measured("assess.households_5000", whole, "s", peer=name, peer_value=statistics.median(peer), at_most=1.0),
        measured("assess.households_5000.page", statistics.median(page), "s"),
        measured("assess.households_5000.cut_off", made.plan.isolation.households, "households", at_least=4_000),
    ]
