"""The scene of a ticket (操作场景): what must be known to judge one step, read once, answered for every state.

Everything a predicate asks stands here: who is live, what feeds what, which open points stand between people and an
infeed, what current a device would make or break, and whether a tie may be closed hot at this time.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from everlit.grid import Grid, Supply, SwitchKind, supply
from everlit.grid.compile import Bools, Floats
from everlit.kernel import Finding, Policy
from everlit.switching.blocks import Blocks, Islands, blocks
from everlit.switching.flows import Loads
from everlit.switching.paths import Tree, ring, tree
from everlit.switching.policies import Rulebook
from everlit.switching.state import Move, State, moved
from everlit.switching.step import SWITCHED, Action, Step

HotTest = Callable[["Scene", State, int], "tuple[Finding, ...]"]
"""Answers why a tie may not be closed hot in a state; empty when it may."""

FlowTest = Callable[["Scene", State], "tuple[Finding, ...]"]
"""Answers which branch or node leaves its limits in a state; empty when none."""

SWITCH_KEYS: dict[SwitchKind, str] = {
    kind: f"visible_break.{kind.name.lower()}" for kind in SwitchKind if kind != SwitchKind.GROUND_DISCONNECTOR
}


@dataclass(frozen=True, slots=True)
class Carried:
    """What a closed switch carries: nothing, a ring (`ring`), or the load and the idle currents of what it feeds, in A."""

    load_a: float = 0.0
    charging_a: float = 0.0
    magnetising_a: float = 0.0
    ring: bool = False

    @property
    def total_a(self) -> float:
        """Load and idle currents together, in the worst phase position."""
        return self.load_a + self.charging_a + self.magnetising_a


@dataclass(frozen=True)
class Scene:
    """A grid, the positions at the start, the switches a ticket touches, loads and rules."""

    blocks: Blocks
    rules: Rulebook
    loads: Loads
    hot_test: HotTest
    flow_test: FlowTest
    goal_open: frozenset[int] = frozenset()
    goal_closed: frozenset[int] = frozenset()
    _islands: dict[frozenset[int], Islands] = field(default_factory=dict)
    _supplies: dict[frozenset[int], Supply] = field(default_factory=dict)
    _trees: dict[frozenset[int], Tree] = field(default_factory=dict)
    _carried: dict[tuple[frozenset[int], int], Carried] = field(default_factory=dict)

    @property
    def grid(self) -> Grid:
        """The compiled network."""
        return self.blocks.grid

    def row(self, key: str) -> Policy:
        """The policy row a predicate compares with and cites."""
        return self.rules.row(key)

    # ------------------------------------------------------------------------------- states and supply
    def start(self) -> State:
        """The state before the first step: only positions."""
        return State(frozenset(switch for switch in self.blocks.touched if self.blocks.start[switch]))

    def begin(self, held: State | None) -> State:
        """The first state: positions of this scene, with the earths, tags and permits that stand already."""
        return self.start() if held is None else replace(held, closed=self.start().closed)

    def islands(self, state: State) -> Islands:
        """Who is joined to whom, cached by positions."""
        if state.closed not in self._islands:
            self._islands[state.closed] = Islands(self.blocks, state.closed)
        return self._islands[state.closed]

    def positions(self, state: State) -> Bools:
        """Closed or not for every switch of the grid."""
        closed = self.blocks.start.copy()
        closed[list(self.blocks.touched)] = False
        closed[list(state.closed)] = True
        return closed

    def supply(self, state: State) -> Supply:
        """The supply forest of the whole grid; walks the city, so it is asked only where feeders matter."""
        if state.closed not in self._supplies:
            self._supplies[state.closed] = supply(self.grid, self.positions(state))
        return self._supplies[state.closed]

    def tree(self, state: State) -> Tree:
        """The node-level supply tree; asked only where two live sides are to be joined."""
        if state.closed not in self._trees:
            self._trees[state.closed] = tree(self.grid, self.positions(state))
        return self._trees[state.closed]

    def unphased(self, state: State, switch: int) -> tuple[int, ...]:
        """The switches without a phase record in the ring that closing this one would make, itself included."""
        own = () if self.grid.switch_phased[switch] else (switch,)
        joined = ring(self.tree(state), int(self.grid.switch_from[switch]), int(self.grid.switch_to[switch]))
        return (*own, *joined.unphased(self.grid))

    def hours_apart(self, state: State, switch: int) -> int:
        """Clock hours between both sides of a switch by the vector groups on their paths; each is 30°."""
        return self.tree(state).hours_apart(int(self.grid.switch_from[switch]), int(self.grid.switch_to[switch]))

    def closed(self, state: State, switch: int) -> bool:
        """Position of any switch."""
        return switch in state.closed if switch in self._touched else bool(self.blocks.start[switch])

    @cached_property
    def _touched(self) -> frozenset[int]:
        return frozenset(self.blocks.touched)

    def after(self, state: State, move: Move) -> State:
        """The state after a move: what was confirmed or proven of the state before is lost where it changed, and the
        clock of a parallel starts or stops."""
        new = moved(state, move)
        if move.action not in SWITCHED:
            return new
        islands = self.islands(new)
        tested = frozenset(node for node in new.tested if not islands.live(self.blocks.of_node(node)))
        extra = bool(islands.paralleled() - self.islands(self.start()).paralleled())
        since = None if not extra else state.paralleled_since if state.paralleled_since is not None else move.at_min
        return replace(new, tested=tested, undisturbed=frozenset(), paralleled_since=since)

    def paralleled(self, state: State) -> Bools:
        """Sections fed twice: on a loop or on the way between two infeeds."""
        if not self.islands(state).paralleled():
            return np.zeros(self.grid.n_sections, np.bool_)
        return self.supply(state).looped

    # -------------------------------------------------------------------------------- zones and infeeds
    def live(self, state: State, block: int) -> bool:
        """True when an infeed reaches the block."""
        return self.islands(state).live(block)

    def zone(self, state: State, seeds: Iterable[int]) -> frozenset[int]:
        """Everything joined to some blocks by closed switches."""
        islands = self.islands(state)
        return frozenset(member for block in seeds for member in islands.island(block))

    def switches_at(self, block: int) -> Iterator[int]:
        """Every switch on the border of a block."""
        yield from self.blocks.at.get(block, ())
        yield from self.blocks.standing_open.get(block, ())

    def open_points(self, state: State, zone: frozenset[int]) -> tuple[tuple[int, int], ...]:
        """The open switches (断开点) at a zone, each with the block inside, in index order.

        One that is open between two blocks of the zone is among them: what is asked of it is what lies beyond the zone,
        and there nothing does.
        """
        found = {
            (switch, block) for block in zone for switch in self.switches_at(block) if not self.closed(state, switch)
        }
        return tuple(sorted(found))

    def within_reach(self, state: State, zone: frozenset[int]) -> frozenset[int]:
        """A zone and all that untagged switches, open or closed, could join to it."""
        return frozenset(self._walk(state, set(zone), through=lambda switch: switch not in state.tagged))

    def untagged_infeed(self, state: State, zone: frozenset[int]) -> int | None:
        """An open point of the zone without tag behind which an infeed stands that no other tag holds back."""
        for switch, block in self.open_points(state, zone):
            there = self.blocks.other_end(switch, block)
            beyond = self._walk(state, {there}, barred=zone, through=lambda at: at not in state.tagged)
            if switch not in state.tagged and any(self.feeds(state, reached) for reached in beyond):
                return switch
        return None

    def infeed_points(self, state: State, zone: frozenset[int]) -> tuple[tuple[int, int], ...]:
        """The tagged open points through which supply or a generator could ever come (来电侧), with the block inside."""
        reach = self.within_reach(state, zone)
        return tuple(
            (switch, block)
            for switch, block in self.open_points(state, reach)
            if self._leads(state, reach, switch, block)
        )

    def _leads(self, state: State, zone: frozenset[int], switch: int, block: int) -> bool:
        there = self.blocks.other_end(switch, block)
        return any(self.feeds(state, reached) for reached in self._walk(state, {there}, barred=zone, through=_any))

    def hidden_infeed(self, state: State, block: int) -> tuple[int, int] | None:
        """An open switch that is no visible break (明显断开点) and leads to an infeed, with the block it leads to."""
        zone = self.zone(state, [block])
        for switch, inside in self.open_points(state, zone):
            if self.visible_break(state, switch):
                continue
            there = self.blocks.other_end(switch, inside)
            weak = self._walk(state, {there}, barred=zone, through=lambda at: not self.visible_break(state, at))
            if any(self.feeds(state, reached) for reached in weak):
                return switch, there
        return None

    def feeds(self, state: State, block: int) -> bool:
        """True for a block that is live or holds a generator nobody confirmed disconnected."""
        return self.live(state, block) or bool(self.generators(state, [block]))

    def generators(self, state: State, zone: Iterable[int]) -> tuple[int, ...]:
        """Generators in some blocks that nobody confirmed disconnected (反送电, 6.4)."""
        rows = (row for block in zone for row in self.blocks.generators.get(block, ()))
        return tuple(sorted(set(rows) - state.generators_off))

    def _walk(
        self, state: State, seeds: set[int], *, through: Callable[[int], bool], barred: frozenset[int] = frozenset()
    ) -> Iterator[int]:
        seen, stack = set(seeds) | barred, list(seeds - barred)
        while stack:
            here = stack.pop()
            yield here
            for switch in self.switches_at(here):
                there = self.blocks.other_end(switch, here)
                if there not in seen and (self.closed(state, switch) or through(switch)):
                    seen.add(there)
                    stack.append(there)

    def visible_break(self, state: State, switch: int) -> bool:
        """True when this device, open, is a break one can see: by its kind, or withdrawn."""
        if switch in state.withdrawn:
            return True
        return self.rules.value(SWITCH_KEYS[SwitchKind(int(self.grid.switch_kind[switch]))]) == 1.0

    # ------------------------------------------------------------------------------------------ currents
    def carried(self, state: State, switch: int) -> Carried:
        """What a closed switch carries, from the loads of the blocks it feeds; generation is not set against them."""
        key = (state.closed, switch)
        if key not in self._carried:
            self._carried[key] = self._carry(state, switch)
        return self._carried[key]

    def _carry(self, state: State, switch: int) -> Carried:
        islands, one = self.islands(state), self.blocks.ends(switch)[0]
        if not islands.live(one):
            return Carried()
        fed = islands.beyond(switch)
        if fed is None:
            return Carried(ring=True)
        members, kv = list(fed), float(self.grid.nominal_kv[self.grid.switch_from[switch]])
        charging, magnetising = self._idle_kva
        return Carried(
            load_a=float(self._load_kva(fed).max(initial=0.0)) / (np.sqrt(3) * kv),
            charging_a=float(charging[members].sum()) / (np.sqrt(3) * kv),
            magnetising_a=float(magnetising[members].sum()) / (np.sqrt(3) * kv),
        )

    def _load_kva(self, members: frozenset[int]) -> Floats:
        inside = np.isin(self._consumer_block, list(members))
        p_kw, q_kvar = self.loads
        return np.asarray(np.hypot(p_kw[:, inside].sum(axis=1), q_kvar[:, inside].sum(axis=1)))

    @cached_property
    def _consumer_block(self) -> npt.NDArray[np.int32]:
        return np.asarray(self.blocks.of_section[self.grid.section_of_node[self.grid.consumer_node]])

    @cached_property
    def _idle_kva(self) -> tuple[Floats, Floats]:
        """Charging power of lines (U²·B) and magnetising power of transformers (i0·S) of each block, kVA."""
        grid, tables, count = self.grid, self.grid.network.tables, self.blocks.count
        block = self.blocks.of_section[grid.section_of_node[grid.branch_from[: grid.first_switch]]]
        kv = grid.nominal_kv[grid.branch_from[: grid.n_lines]]
        charging = np.asarray(tables["lines"].column("b_us"), dtype=np.float64) * kv**2 / 1e3
        rated, i0 = (
            np.asarray(tables["transformers"].column(name), dtype=np.float64) for name in ("rated_kva", "i0_percent")
        )
        lines, transformers = block[: grid.n_lines], block[grid.n_lines :]
        sums = np.bincount(lines, charging, count), np.bincount(transformers, rated * i0 / 100, count)
        return sums[0].astype(np.float64), sums[1].astype(np.float64)


def _any(_switch: int) -> bool:
    return True


def scene(
    grid: Grid,
    start: Bools,
    touched: Iterable[int],
    *,
    rules: Rulebook,
    loads: Loads,
    hot_test: HotTest,
    flow_test: FlowTest,
    goal: Bools | None = None,
) -> Scene:
    """A scene from positions `start` in which the steps touch some switches and lead to `goal`."""
    made = blocks(grid, start, touched)
    differs = [] if goal is None else [switch for switch in made.touched if goal[switch] != start[switch]]
    goal_closed = frozenset(switch for switch in differs if goal is not None and goal[switch])
    return Scene(
        made, rules, loads, hot_test, flow_test,
        goal_open=frozenset(differs) - goal_closed, goal_closed=goal_closed,
    )  # fmt: skip


def resolved(grid: Grid, step: Step) -> Move:
    """The step with indices for identities; raises UnableToFindEquipment."""
    move = Move(step.action, step.device, step.name, step.at_min)
    match step.action:
        case (
            Action.OPEN
            | Action.CLOSE
            | Action.TAG
            | Action.UNTAG
            | Action.WITHDRAW
            | Action.INSERT
            | Action.UNDISTURBED
        ):
            return replace(move, switch=grid.switch(step.device))
        case Action.TEST | Action.EARTH | Action.UNEARTH:
            return replace(move, node=grid.equipment(step.device).nodes[0])
        case Action.PERMIT | Action.RETURN:
            return replace(move, area=frozenset(section_of(grid, name) for name in step.area))
        case Action.RECLOSING_OFF | Action.RECLOSING_ON:
            return replace(move, feeder=grid.feeder_ids.to_pylist().index(step.device))
        case Action.GENERATOR_OFF | Action.GENERATOR_ON:
            return replace(move, generator=grid.equipment(step.device).index)


def section_of(grid: Grid, name: str) -> int:
    """The section a stable section name ("sec:" and a node) stands for; raises UnableToFindEquipment."""
    return int(grid.section_of_node[grid.node(name.removeprefix("sec:"))])
