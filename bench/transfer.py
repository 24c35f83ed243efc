"""Load transfer on the city: the optimal re-supply of single sections over a whole winter day, every quarter-hour judged.

The peer does what is done by hand: try every tie alone, judge each by a bare power-grid-model batch, keep the best.
"""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from time import perf_counter

import numpy as np

from bench.harness import Measurement, benchmark, measured
from everlit.grid import Grid, compile_network, load_network
from everlit.grid.compile import Floats
from everlit.grid.judge import judge
from everlit.grid.supply import supply
from everlit.kernel import Period, utc
from everlit.metering.forecast import forecast, window_loads
from everlit.switching import DEFAULT_LIMITS, Isolation, Transfer, Window, isolate, transfer
from everlit.switching.area import LIVE, dead_area

WINTER_DAY = Period(utc("2026-01-14T00:00+01:00"), utc("2026-01-15T00:00+01:00"))
EVERY = 4
"""Every fourth of the medium-voltage sections is measured, the peer on every fourth of those."""
HEAVY = 2.0


@dataclass(frozen=True)
class City:
    """The city, a line in every medium-voltage section, and the loads of the day."""

    grid: Grid
    lines: tuple[str, ...]
    p_kw: Floats
    q_kvar: Floats


@cache
def city() -> City:
    network = load_network("urban")
    grid = compile_network(network)
    loads = window_loads(grid, forecast(network), WINTER_DAY, "Europe/Berlin")
    names = network.tables["lines"].column("line_id").to_pylist()
    medium = np.flatnonzero(grid.nominal_kv[grid.branch_from[: grid.n_lines]] > 1)
    lines = tuple(names[row] for row in medium if grid.section_via[grid.section_of_node[grid.branch_from[row]]] >= 0)
    return City(grid, lines[::EVERY], loads.p_kw, loads.q_kvar)


def cut(line: str) -> Isolation:
    return isolate(city().grid, city().grid.switch_normal_closed, line)


def ours(isolation: Isolation, factor: float, window: Window | None = None) -> Transfer:
    here = city()
    loads = here.p_kw * factor, here.q_kvar * factor
    return transfer(here.grid, here.grid.switch_normal_closed, isolation, loads, window=window)


def one_tie_at_a_time(isolation: Isolation, window: Window) -> tuple[int, int]:
    """The peer: (units, households) that the best single tie keeps, without splitting a block."""
    grid, best = isolation.grid, (0, 0)
    dark = ~supply(grid, isolation.closed_after).energised
    for edge in dead_area(isolation, limits=DEFAULT_LIMITS).edges:
        if LIVE not in edge.ends:
            continue
        state = isolation.closed_after.copy()
        state[edge.switch] = True
        fed = np.flatnonzero(supply(grid, state).energised & dark)
        if set(fed.tolist()) & set(isolation.work_sections):
            continue
        kept = int(grid.section_units[fed].sum()), int(grid.section_households[fed].sum())
        if kept > best and window.verdict(judge(grid, state, window.p_kw, window.q_kvar)).feasible:
            best = kept
    return best


def seconds_each(factor: float) -> Iterator[tuple[float, Transfer]]:
    """One section after the other, everything included: its isolation, the flow before, the search, the last check."""
    for line in city().lines:
        began = perf_counter()
        plan = ours(cut(line), factor)
        yield perf_counter() - began, plan


@benchmark("transfer.section")
def single_sections() -> list[Measurement]:
    """Optimal transfer of single sections of urban, 96 quarter-hours, AC-judged, nothing prepared."""
    ours(cut(city().lines[0]), 1.0)
    timed = [(seconds, plan.proven, plan.judgement) for seconds, plan in seconds_each(1.0)]
    window = Window(city().grid, city().grid.switch_normal_closed, city().p_kw, city().q_kvar, DEFAULT_LIMITS)
    shared, peer = [], []
    for line in city().lines[::EVERY]:
        isolation = cut(line)
        began = perf_counter()
        ours(isolation, 1.0, window)
        between = perf_counter()
        one_tie_at_a_time(isolation, window)
        shared.append(between - began)
        peer.append(perf_counter() - between)
    median, by_hand = statistics.median(seconds for seconds, _, _ in timed), statistics.median(peer)
    proven = sum(proven for _, proven, _ in timed) / len(timed)
    apart = max(word.difference_pu if word else np.inf for _, _, word in timed)
    name = "every tie alone, judged by power-grid-model"
    return [
        measured("transfer.section", median, "s", peer=name, peer_value=by_hand, at_most=0.3),
        measured("transfer.section.flow_shared", statistics.median(shared), "s", peer=name, peer_value=by_hand),
        measured("transfer.section.worst", max(seconds for seconds, _, _ in timed), "s"),
        measured("transfer.section.proven", 100 * proven, "%", at_least=99),
        measured("transfer.section.judge_differs", apart, "pu", at_most=1e-6),
    ]


@benchmark("transfer.kept")
def kept_under_heavy_load() -> list[Measurement]:
    """MV units kept at twice the load, where single ties are short, beside the best single tie."""
    here = city()
    window = Window(here.grid, here.grid.switch_normal_closed, here.p_kw * HEAVY, here.q_kvar * HEAVY, DEFAULT_LIMITS)
    kept, peer, lost, gaps = 0, 0, 0, []
    for line in here.lines[::EVERY]:
        isolation = cut(line)
        plan = ours(isolation, HEAVY, window)
        kept += plan.kept[1]
        peer += one_tie_at_a_time(isolation, window)[0]
        lost += plan.dark[0]
        gaps.append(plan.gap)
    name = "best single tie"
    return [
        measured("transfer.kept", kept, "MV units", peer=name, peer_value=peer, at_least=peer),
        measured("transfer.kept.dark", lost, "MV units"),
        measured("transfer.kept.proven", 100 * sum(gap == 0 for gap in gaps) / len(gaps), "%"),
    ]
