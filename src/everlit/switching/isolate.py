"""Isolation (隔离): the fewest switches that give a visible break (明显断开点) on every infeed of the work.

    source ═ bus ──/b1/──/d1/── a ──/s2/── WORK ──/s3/── c ∙ tie ∙ ── another feeder
                                             └──/f4/── T ── LV ∙ LV tie ∙ ── neighbour's LV

An infeed (来电侧) is whatever could energise the work whatever others do with their switches: every source, every
generator not confirmed disconnected (反送电), and so also an LV tie and a neighbouring feeder. Here s2, then s3 or the
tie, and the LV side. The answer is a minimum cut between the work and all infeeds on the graph of sections, over all
switches, open or closed: an open tie is no protection until it is locked, so it counts like one to open. Among equally
small sets the one nearest to the work is taken; it is unique, and no other set of that size has fewer customers in its
zone or leaves fewer without supply.

A breaker alone shows no break: where its bay holds a disconnector too, that one is the break and the breaker its
companion, operated first; where none does, the breaker must be withdrawn and a warning says so.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from everlit.grid import Grid, Supply, SwitchKind, supply
from everlit.grid.compile import Bools
from everlit.kernel import Finding, Refusal, Severity, Text
from everlit.switching.graph import SectionGraph, section_graph
from everlit.switching.limits import DEFAULT_LIMITS, Limits

OPERATION = 1
DISCONNECTION = 10**6
IMPOSSIBLE = 10**12
"""Weights of the cut: any number of switches before one generator that its owner must disconnect."""


BREAKS_LOAD = (SwitchKind.BREAKER, SwitchKind.RECLOSER, SwitchKind.LOAD_BREAK_SWITCH)


Costs = npt.NDArray[np.int64]


class UnableToIsolate(Refusal):
    """No set of usable switches separates the equipment from every infeed."""

    title = Text(en="The equipment cannot be isolated.", zh="无法隔离该设备。")


@dataclass(frozen=True, slots=True)
class Break:
    """One switch of the isolation: what it is now, whether it shows its break, and what stands behind it."""

    switch: int
    was_closed: bool
    visible: bool
    behind: str
    inner_section: int
    outer_section: int


@dataclass(frozen=True)
class Isolation:
    """The switches that isolate, and what that costs before any transfer (转电).

    `to_open` are closed now and break the infeeds, `companions` are breakers in series with a disconnector and go
    first, `already_open_to_lock` are open and must be locked open. `zone_sections` lie between the cuts, dead for the
    whole work; `dead_sections` lose their supply (those of the zone and all they feed). `earths` are earthing switches
    inside the zone, `generators` those inside it that somebody must disconnect.
    """

    grid: Grid = field(repr=False, compare=False)
    equipment_ids: tuple[str, ...]
    closed_before: Bools = field(repr=False, compare=False)
    to_open: tuple[int, ...]
    companions: tuple[int, ...]
    already_open_to_lock: tuple[int, ...]
    breaks: tuple[Break, ...]
    work_sections: tuple[int, ...]
    zone_sections: tuple[int, ...]
    dead_sections: tuple[int, ...]
    earths: tuple[int, ...]
    generators: tuple[str, ...]
    findings: tuple[Finding, ...]

    @cached_property
    def closed_after(self) -> Bools:
        """The state with the isolation made."""
        state = self.closed_before.copy()
        state[list(self.to_open + self.companions)] = False
        state.flags.writeable = False
        return state

    @property
    def switches(self) -> tuple[int, ...]:
        """Every switch that must stay open while people work."""
        return tuple(sorted({*self.to_open, *self.companions, *self.already_open_to_lock}))

    @property
    def infeeds(self) -> tuple[str, ...]:
        """What stands behind each break, in the order of `breaks`."""
        return tuple(each.behind for each in self.breaks)

    @property
    def units(self) -> int:
        """MV statistic units without supply before any transfer."""
        return int(self.grid.section_units[list(self.dead_sections)].sum())

    @property
    def households(self) -> int:
        """Households without supply before any transfer."""
        return int(self.grid.section_households[list(self.dead_sections)].sum())

    def as_json(self) -> dict[str, Any]:
        """The isolation by identities."""
        grid = self.grid

        def switches(indices: Iterable[int]) -> list[str]:
            return [grid.switch_id(index) for index in indices]

        def sections(numbers: Iterable[int]) -> list[str]:
            return [grid.section_name(number) for number in numbers]

        return {
            "equipment": list(self.equipment_ids),
            "to_open": switches(self.to_open),
            "companions": switches(self.companions),
            "already_open_to_lock": switches(self.already_open_to_lock),
            "breaks": [
                {
                    "switch": grid.switch_id(each.switch), "was_closed": each.was_closed, "visible": each.visible,
                    "behind": each.behind, "inside": grid.section_name(each.inner_section),
                    "outside": grid.section_name(each.outer_section),
                }
                for each in self.breaks
            ],
            "infeeds": list(self.infeeds),
            "work_sections": sections(self.work_sections),
            "zone_sections": sections(self.zone_sections),
            "dead_sections": sections(self.dead_sections),
            "dead": {"units": self.units, "households": self.households},
            "earths": [str(grid.earth_ids[index].as_py()) for index in self.earths],
            "generators": list(self.generators),
            "findings": [finding.as_json() for finding in self.findings],
        }  # fmt: skip


def isolate(
    grid: Grid,
    closed: Bools,
    equipment_ids: Sequence[str] | str,
    *,
    limits: Limits = DEFAULT_LIMITS,
    confirmed: Iterable[str] = (),
    unusable: Iterable[str] = (),
) -> Isolation:
    """The smallest isolation of the equipment in state `closed`; raises UnableToIsolate, UnableToFindEquipment.

    `confirmed` are generators whose disconnection is assured otherwise; `unusable` are switches that refuse to operate
    or stand in somebody else's permit, beside those marked locked (闭锁): for those the next switch is taken.
    """
    ids = (equipment_ids,) if isinstance(equipment_ids, str) else tuple(equipment_ids)
    graph = section_graph(grid)
    work = sorted({section for identity in ids for section in grid.equipment(identity).sections})
    _refuse_sources_inside(grid, work, ids)
    outside = _generators(grid, limits, confirmed)
    cost = _costs(grid, closed, limits, {grid.switch(identity) for identity in unusable})
    terminals = dict.fromkeys(outside, DISCONNECTION)
    terminals.update((int(section), IMPOSSIBLE) for section in grid.section_of_node[grid.source_nodes])
    zone = _minimum_cut(grid, graph, cost, work, terminals)
    zone |= _bays(grid, graph, cost, zone, terminals, limits)
    return _described(grid, graph, closed, ids, work, zone, cost, outside, limits)


def _refuse_sources_inside(grid: Grid, work: Sequence[int], ids: Sequence[str]) -> None:
    inside = set(work) & set(grid.section_of_node[grid.source_nodes].tolist())
    if inside:
        text = Text(
            en=f"{', '.join(ids)}: a source feeds the same section and no switch lies between.",
            zh=f"{'、'.join(ids)}:与电源处于同一区段,其间没有开关。",
        )
        evidence = {"sections": [grid.section_name(section) for section in sorted(inside)]}
        raise UnableToIsolate(Finding("isolate.source_inside", ids[0], text, evidence))


def _generators(grid: Grid, limits: Limits, confirmed: Iterable[str]) -> dict[int, list[str]]:
    """Generators that count as infeeds, by section."""
    table = grid.network.tables["generators"]
    if not table.num_rows:
        return {}
    assured = set(confirmed)
    nodes = np.asarray(pc.index_in(table.column("node_id"), value_set=grid.node_ids).combine_chunks())
    found: dict[int, list[str]] = {}
    rows = zip(table.column("generator_id").to_pylist(), nodes, table.column("can_island").to_pylist(), strict=True)
    for identity, node, islands in rows:
        if identity not in assured and (limits.generator_break or islands):
            found.setdefault(int(grid.section_of_node[node]), []).append(identity)
    return found


def _costs(grid: Grid, closed: Bools, limits: Limits, unusable: set[int]) -> Costs:
    """What it weighs to have each switch in the cut."""
    visible = np.asarray(limits.visible_break)[grid.switch_kind]
    cost = np.where(visible | limits.withdrawn_breaker, OPERATION, IMPOSSIBLE).astype(np.int64)
    stuck = grid.switch_locked.copy()
    stuck[list(unusable)] = True
    cost[stuck & closed] = IMPOSSIBLE
    cost[grid.switch_locked & ~closed & visible] = 0
    return cost


def _minimum_cut(
    grid: Grid, graph: SectionGraph, cost: Costs, work: Sequence[int], terminals: dict[int, int]
) -> set[int]:
    """Augment shortest paths until no infeed is reached; what is reached then is the smallest side of a minimum cut."""
    flow: dict[int, int] = {}
    drained: dict[int, int] = {}
    while True:
        came, reached = _reach(graph, cost, flow, work, terminals, drained)
        if reached < 0:
            return set(came)
        path = _path(came, reached)
        width = min(terminals[reached] - drained.get(reached, 0), *(_residual(cost, flow, arc) for arc in path))
        if width >= IMPOSSIBLE // 2:
            raise _uncut(grid, reached, path)
        drained[reached] = drained.get(reached, 0) + width
        for switch, sign in path:
            flow[switch] = flow.get(switch, 0) + sign * width


def _bays(
    grid: Grid, graph: SectionGraph, cost: Costs, zone: set[int], terminals: dict[int, int], limits: Limits
) -> set[int]:
    """Empty bays to take into the zone, because the switch beyond shows its break and the one before does not."""
    taken: set[int] = set()
    for switch in _boundary(graph, zone):
        bays: list[int] = []
        outer = graph.other[switch] if graph.one[switch] in zone else graph.one[switch]
        while not _shows(grid, switch, limits) and _is_bay(grid, graph, outer) and outer not in terminals:
            bays.append(outer)
            switch = next(each for each in graph.at(outer) if each != switch)
            outer = graph.across(switch, outer)
        if bays and _shows(grid, switch, limits) and cost[switch] <= OPERATION and outer not in zone:
            taken.update(bays)
    return taken


def _boundary(graph: SectionGraph, zone: set[int]) -> list[int]:
    touching = {switch for section in zone for switch in graph.at(section)}
    return sorted(switch for switch in touching if (graph.one[switch] in zone) != (graph.other[switch] in zone))


def _shows(grid: Grid, switch: int, limits: Limits) -> bool:
    """Whether the open switch is a visible break."""
    return bool(limits.visible_break[grid.switch_kind[switch]])


def _is_bay(grid: Grid, graph: SectionGraph, section: int) -> bool:
    """A piece of busbar between two switches, with nobody on it."""
    return len(graph.at(section)) == 2 and not grid.section_p_kw[section] and not grid.section_units[section]


Arc = tuple[int, int]
"""A switch and the direction it is passed in: +1 from its `from` side."""


def _residual(cost: Costs, flow: dict[int, int], arc: Arc) -> int:
    switch, sign = arc
    return int(cost[switch]) - sign * flow.get(switch, 0)


def _reach(
    graph: SectionGraph,
    cost: Costs,
    flow: dict[int, int],
    work: Sequence[int],
    terminals: dict[int, int],
    drained: dict[int, int],
) -> tuple[dict[int, tuple[int, int, int]], int]:
    """Sections reached from the work over unsaturated switches, and the first infeed met (-1 when none is)."""
    came: dict[int, tuple[int, int, int]] = dict.fromkeys(work, (-1, -1, 0))
    queue = deque(work)
    starts, neighbours, one, other = graph.starts, graph.neighbours, graph.one, graph.other
    inside = set(work)
    while queue:
        here = queue.popleft()
        if here not in inside and terminals.get(here, 0) > drained.get(here, 0):
            return came, here
        for switch in neighbours[starts[here] : starts[here + 1]]:
            sign = 1 if one[switch] == here else -1
            there = other[switch] if sign > 0 else one[switch]
            if there not in came and cost[switch] - sign * flow.get(switch, 0) > 0:
                came[there] = (here, switch, sign)
                queue.append(there)
    return came, -1


def _path(came: dict[int, tuple[int, int, int]], reached: int) -> list[Arc]:
    path: list[Arc] = []
    here, switch, sign = came[reached]
    while switch >= 0:
        path.append((switch, sign))
        here, switch, sign = came[here]
    return path


def _uncut(grid: Grid, infeed: int, path: Sequence[Arc]) -> UnableToIsolate:
    names = [grid.switch_id(switch) for switch, _ in path]
    text = Text(
        en=f"An infeed cannot be cut off: no usable switch on the way from it ({', '.join(names) or 'no switch'}).",
        zh=f"来电侧无法断开:途经开关均不可用({'、'.join(names) or '无开关'})。",
    )
    return UnableToIsolate(Finding("isolate.no_usable_switch", grid.section_name(infeed), text, {"switches": names}))


def _described(
    grid: Grid, graph: SectionGraph, closed: Bools, ids: tuple[str, ...], work: Sequence[int], zone: set[int],
    cost: Costs, outside: dict[int, list[str]], limits: Limits,
) -> Isolation:  # fmt: skip
    """Everything people want to know about a cut whose inner side is `zone`."""
    cut = [s for s in _boundary(graph, zone) if cost[s] > 0 or _leads_to_supply(graph, s, zone, grid, outside)]
    to_open = [switch for switch in cut if closed[switch]]
    companions = sorted({each for s in to_open for each in _companions(grid, graph, closed, s, work)} - set(cut))
    after = closed.copy()
    after[to_open + companions] = False
    before, now = supply(grid, closed), supply(grid, after)
    dead = np.flatnonzero(before.energised & ~now.energised)
    breaks = tuple(_break(grid, graph, switch, zone, closed, now, outside, limits) for switch in cut)
    inside = tuple(sorted(identity for section in zone for identity in outside.get(section, ())))
    earths = np.flatnonzero(np.isin(grid.section_of_node[grid.earth_node], sorted(zone)))
    return Isolation(
        grid=grid, equipment_ids=ids, closed_before=closed, to_open=tuple(to_open), companions=tuple(companions),
        already_open_to_lock=tuple(switch for switch in cut if not closed[switch]), breaks=breaks,
        work_sections=tuple(work), zone_sections=tuple(sorted(zone)), dead_sections=tuple(dead.tolist()),
        earths=tuple(earths.tolist()), generators=inside,
        findings=_findings(grid, breaks, inside, bool(len(earths)), ids),
    )  # fmt: skip


def _leads_to_supply(
    graph: SectionGraph, switch: int, zone: set[int], grid: Grid, outside: dict[int, list[str]]
) -> bool:
    """Whether anything that feeds stands on the far side of a switch that is locked open already."""
    sources = set(grid.section_of_node[grid.source_nodes].tolist())
    start = graph.one[switch] if graph.other[switch] in zone else graph.other[switch]
    seen, stack = {start}, [start]
    while stack:
        here = stack.pop()
        if here in sources or here in outside:
            return True
        for via in graph.at(here):
            there = graph.one[via] + graph.other[via] - here
            if there not in seen and there not in zone:
                seen.add(there)
                stack.append(there)
    return False


def _companions(grid: Grid, graph: SectionGraph, closed: Bools, switch: int, work: Sequence[int]) -> list[int]:
    """Closed breakers that share an empty bay with a disconnector to be opened: they break the load before it."""
    if grid.switch_kind[switch] not in (SwitchKind.DISCONNECTOR, SwitchKind.FUSE):
        return []
    found = []
    for bay in (graph.one[switch], graph.other[switch]):
        if bay in work or not _is_bay(grid, graph, bay):
            continue
        breaker = next(each for each in graph.at(bay) if each != switch)
        if grid.switch_kind[breaker] in BREAKS_LOAD and closed[breaker] and not grid.switch_locked[breaker]:
            found.append(breaker)
    return found


def _break(
    grid: Grid, graph: SectionGraph, switch: int, zone: set[int], closed: Bools, now: Supply,
    outside: dict[int, list[str]], limits: Limits,
) -> Break:  # fmt: skip
    inner = graph.one[switch] if graph.one[switch] in zone else graph.other[switch]
    outer = graph.one[switch] + graph.other[switch] - inner
    if outer in outside:
        behind = "generator:" + outside[outer][0]
    elif not now.energised[outer]:
        behind = "backfeed"
    elif now.feeder[outer] >= 0:
        behind = "feeder:" + str(grid.feeder_ids[int(now.feeder[outer])].as_py())
    else:
        behind = "source"
    return Break(switch, bool(closed[switch]), _shows(grid, switch, limits), behind, inner, outer)


def _findings(
    grid: Grid, breaks: Sequence[Break], generators: Sequence[str], earthed: bool, ids: Sequence[str]
) -> tuple[Finding, ...]:
    found = []
    for each in breaks:
        if not each.visible:
            name = grid.switch_id(each.switch)
            text = Text(
                en=f"{name} shows no visible break and none lies in series: withdraw it to the maintenance position.",
                zh=f"{name} 无明显断开点且无串联刀闸:须拉至检修位置。",
            )
            found.append(Finding("isolate.no_visible_break", name, text, {"behind": each.behind}, Severity.WARNING))
    for name in generators:
        text = Text(
            en=f"Generator {name} lies inside the zone: disconnect it, or have that confirmed, before earthing.",
            zh=f"电源 {name} 位于停电范围内:接地前须断开或确认断开。",
        )
        found.append(Finding("isolate.generator_inside", name, text, {}, Severity.WARNING))
    if not earthed:
        text = Text(
            en="No earthing switch in the zone: portable earths needed.", zh="停电范围内无接地刀闸:须装设接地线。"
        )
        found.append(Finding("isolate.no_earth", ids[0], text, {}, Severity.NOTE))
    return tuple(found)
