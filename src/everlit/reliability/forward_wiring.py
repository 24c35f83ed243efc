"""The network as `fault` reads it (故障推演的网络): which devices trip, which can be operated when, what ties can carry.

A tie's limit is the smallest of what the table says it may take over, its own ampere rating, and the reserve on the
way from the source to its live end: rating less the load that flows there already. Ratings become kilowatts at the power
factor of the network's load. Two ties on one feeder are each given its whole reserve.
"""

import numba
import numpy as np

from everlit.grid import Grid, SwitchKind, supply
from everlit.grid.columns import Bools, Floats, Ints, floats
from everlit.grid.forest import normal_forest
from everlit.reliability.failure_data import (
    LOW_VOLTAGE_KV,
    Assumptions,
    Components,
    operating_hours,
    tie_limits_kw,
)
from everlit.reliability.fault_graph import Faults, Wiring
from everlit.switching.limits import Limits

PROTECTION = (SwitchKind.BREAKER, SwitchKind.RECLOSER, SwitchKind.FUSE)
MAKES_NO_LOAD = (SwitchKind.DISCONNECTOR, SwitchKind.FUSE)
LONGEST_H = 1e9


def stage_hours(grid: Grid, assumed: Assumptions) -> Floats:
    """The hours after a fault at which more switches can be operated, ascending; each is a stage."""
    hours = operating_hours(grid, assumed)
    return np.unique(np.append(hours[np.isfinite(hours)], assumed.automated_h))


def wire(
    grid: Grid,
    closed: Bools,
    held: Bools,
    load_kw: Floats,
    *,
    assumed: Assumptions,
    rules: Limits,
    limited: bool,
) -> Wiring:
    """`grid` in state `closed`; `held` switches stay as they are, `load_kw` is per consumer."""
    state, stages = supply(grid, closed), stage_hours(grid, assumed)
    hours = np.where(held, np.inf, operating_hours(grid, assumed))
    tie = _ties(grid, closed, hours, rules)
    kv = grid.nominal_kv[grid.switch_from]
    judged = load_kw * assumed.tie_load
    limit, reserve = np.full(grid.n_switches, np.inf), np.full(grid.n_nodes, np.inf)
    if limited:
        factor = power_factor(grid)
        limit = np.minimum(tie_limits_kw(grid), _kw(kv, grid.switch_rated_a, factor))
        reserve = reserve_kw(grid, closed, judged, factor)
    one_kw, other_kw = reserve[grid.switch_from], reserve[grid.switch_to]
    starts, touching = grid.section_switches
    fuse = grid.switch_kind == SwitchKind.FUSE
    top_kv = np.zeros(grid.n_sections)
    np.maximum.at(top_kv, grid.section_of_node, grid.nominal_kv)
    return Wiring(
        one=grid.switch_section_from,
        other=grid.switch_section_to,
        starts=starts,
        touching=touching,
        closed=closed,
        trips=np.isin(grid.switch_kind, PROTECTION),
        opens=np.searchsorted(stages, np.where(fuse, np.inf, hours)).astype(np.int32),
        closes=np.searchsorted(stages, hours).astype(np.int32),
        tie=tie,
        rank=_ranks(np.minimum(limit, np.maximum(one_kw, other_kw))),
        limit_kw=limit,
        reserve_one_kw=one_kw,
        reserve_other_kw=other_kw,
        switch_kv=kv,
        energised=state.energised,
        parent=state.parent_section,
        via=state.parent_switch,
        order=state.order,
        first=state.first,
        last=state.last,
        section_kv=top_kv,
        load_kw=np.bincount(grid.section_of_node[grid.consumer_node], judged, grid.n_sections).astype(np.float64),
        source=grid.section_is_source,
        source_stage=int(np.searchsorted(stages, assumed.automated_h)),
        stages=len(stages),
    )


def faults_of(grid: Grid, components: Components, stages: Floats) -> Faults:
    """Failures by section: what fails there together, and what of its repair is over before a stage of switching."""
    rate, hours, section = components.failures, np.minimum(components.hours, LONGEST_H), components.section

    def total(values: Floats) -> Floats:
        return np.bincount(section, values, grid.n_sections).astype(np.float64)

    failures = total(rate)
    where = np.flatnonzero(failures > 0).astype(np.int32)
    staged = [total(rate * np.minimum(hours, stage))[where] for stage in stages.tolist()]
    return Faults(where, failures[where], total(rate * hours)[where], np.ascontiguousarray(np.transpose(staged)))


def power_factor(grid: Grid) -> float:
    """Active over apparent power of the network's load; 1 where it has none."""
    consumers = grid.network.tables["consumers"]
    p_kw, q_kvar = floats(consumers, "p_kw").sum(), floats(consumers, "q_kvar").sum()
    apparent = float(np.hypot(p_kw, q_kvar))
    return abs(float(p_kw)) / apparent if apparent else 1.0


def reserve_kw(grid: Grid, closed: Bools, load_kw: Floats, factor: float) -> Floats:
    """Power that could still be fed to each node over the way it is fed in state `closed`; infinite without ratings."""
    every = np.concatenate([np.ones(grid.first_switch, np.bool_), closed])
    forest = normal_forest(grid.n_nodes, grid.branch_from, grid.branch_to, every, grid.source_nodes)
    load = np.bincount(forest.label[grid.consumer_node], load_kw, grid.n_nodes)
    running = np.concatenate([[0.0], np.cumsum(load)])
    under = running[forest.last] - running[:-1]
    found = _least_reserve(forest.parent, forest.via, _ratings_kw(grid, factor), under)
    return found[forest.label]


@numba.njit(cache=True)
def _least_reserve(parent: Ints, via: Ints, rated_kw: Floats, under_kw: Floats) -> Floats:
    """The smallest reserve on the way to each label; parents have smaller labels."""
    reserve = np.full(len(parent), np.inf)
    for label in range(len(parent)):
        if parent[label] >= 0:
            reserve[label] = min(reserve[parent[label]], max(rated_kw[via[label]] - under_kw[label], 0.0))
    return reserve


def _ratings_kw(grid: Grid, factor: float) -> Floats:
    kv = grid.nominal_kv[grid.branch_from]
    lines, transformers = grid.network.tables["lines"], grid.network.tables["transformers"]
    amperes = np.concatenate([floats(lines, "rated_a"), np.zeros(transformers.num_rows), grid.switch_rated_a])
    rated = _kw(kv, amperes, factor)
    rated[grid.n_lines : grid.first_switch] = floats(transformers, "rated_kva") * factor
    return rated


def _kw(kv: Floats, amperes: Floats, factor: float) -> Floats:
    """Power at a current, infinite where no current is known."""
    return np.where(np.isnan(amperes), np.inf, np.sqrt(3) * kv * amperes * factor)


def _ties(grid: Grid, closed: Bools, hours: Floats, rules: Limits) -> Bools:
    """Open switches that may pick up load: operable, phased, and of a kind and voltage the transfer rules allow."""
    kv = grid.nominal_kv[grid.switch_from]
    allowed = ~closed & np.isfinite(hours) & grid.switch_phased
    if not rules.disconnector_tie:
        allowed &= ~np.isin(grid.switch_kind, MAKES_NO_LOAD)
    if not rules.operate_lv:
        allowed &= kv > LOW_VOLTAGE_KV
    return allowed


def _ranks(room_kw: Floats) -> Ints:
    """Place of each switch when those with more room come first; equal ones by index."""
    ranks = np.empty(len(room_kw), np.int32)
    ranks[np.argsort(-room_kw, kind="stable")] = np.arange(len(room_kw))
    return ranks
