"""Searching the order (操作顺序寻优): the safe way through switch positions that interrupts the fewest customers.

Positions are vertices, one operation is an edge, and every edge that breaks a safety predicate is missing. What is left is
a shortest path problem, solved exactly from the start outward: cost is customers without supply times minutes, then time.
An operation brings along what makes it safe: reclosing off before a parallel and on after it, generators confirmed
disconnected before an island could live on. Where the positions are too many the same edges are searched greedily, and
the answer says that it is not proven.
"""

import heapq
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from everlit.grid.compile import Floats
from everlit.kernel import Finding
from everlit.switching.safety import PREDICATES, Situation, check, loop_feeders
from everlit.switching.scene import Scene, resolved
from everlit.switching.state import Move, State
from everlit.switching.step import Action, Step, double_name, is_remote

COSTLY = ("flow", "loop_test")
"""Predicates that need a power flow: asked only along routes that every other predicate lets through."""

CHEAP_PREDICATES = tuple(predicate for predicate in PREDICATES if predicate.key not in COSTLY)
COSTLY_PREDICATES = tuple(predicate for predicate in PREDICATES if predicate.key in COSTLY)

MOST_BARRED = 60
"""Edges barred for a power flow before an exact search is given up."""
LOOP_FAILURES = 4
"""Failed loop tests of one tie after which it is no longer tried hot; the answer is then not called proven."""

Cost = tuple[float, float, float]
"""Unit-minutes, household-minutes without supply, minutes."""


@dataclass(frozen=True)
class Draft:
    """A step about to be taken, with its indices."""

    step: Step
    move: Move


@dataclass(frozen=True)
class Hop:
    """One operation with what it brings along: where it leads and what it adds to the cost."""

    switch: int
    state: State
    cost: Cost
    drafts: tuple[Draft, ...]


@dataclass(frozen=True)
class Place:
    """A vertex reached: its state, what it cost, and the hop that led there from the vertex before."""

    state: State
    cost: Cost
    before: "Place | None" = None
    hop: Hop | None = None

    @property
    def minute(self) -> float:
        """Minutes since the first step, travel left out."""
        return self.cost[2]

    def hops(self) -> list[tuple[State, Hop]]:
        """Every hop from the first vertex to here, each with the state it starts from."""
        found: list[tuple[State, Hop]] = []
        place: Place | None = self
        while place is not None and place.before is not None and place.hop is not None:
            found.append((place.before.state, place.hop))
            place = place.before
        return found[::-1]

    def route(self) -> tuple[Draft, ...]:
        """Every draft from the first vertex to here."""
        return tuple(draft for _, hop in self.hops() for draft in hop.drafts)


@dataclass(frozen=True)
class Route:
    """The way found: its last vertex, whether it is proven cheapest, how many vertices were expanded."""

    search: "Search"
    end: Place
    proven: bool
    examined: int


@dataclass
class Search:
    """A search through the positions of `switches` in a scene from `start` to the closed set `goal`.

    `refused` remembers, for the vertices nearest to the goal, which move was refused and why. With `one_loop` nothing
    is closed while feeders are paralleled, as crews do it: far fewer routes, none of them called proven.
    """

    scene: Scene
    start: State
    goal: frozenset[int]
    switches: tuple[int, ...]
    one_loop: bool = False
    examined: int = 0
    refused: dict[int, list[Finding]] = field(default_factory=dict)
    _drafts: dict[tuple[Action, str], Draft] = field(default_factory=dict)
    _weights: dict[frozenset[int], tuple[float, float]] = field(default_factory=dict)
    _hops: dict[tuple[State, int], Hop | None] = field(default_factory=dict)
    _barred: set[tuple[State, int]] = field(default_factory=set)
    _failed: dict[int, int] = field(default_factory=dict)
    _generalised: bool = False
    _limit: int = 0

    def __post_init__(self) -> None:
        blocks, grid = self.scene.blocks, self.scene.grid
        self._units: Floats = blocks.sums(grid.section_units.astype(np.float64))
        self._households: Floats = blocks.sums(grid.section_households.astype(np.float64))
        first = self.scene.islands(self.start)
        last = self.scene.islands(replace(self.start, closed=self.goal))
        self._counted = tuple(block for block in blocks.at if first.live(block) or last.live(block))

    # --------------------------------------------------------------------------------------------- searching
    def exact(self, *, limit: int) -> Route | None:
        """The cheapest route, None when there is none; gives up (`cut_short`) after `limit` vertices."""
        return self._found(limit, greedy=False)

    def greedy(self, *, limit: int) -> Route | None:
        """Some route, found by always going on, with whatever switches fewest off."""
        return self._found(limit, greedy=True)

    @property
    def cut_short(self) -> bool:
        """True when a search ended for its bounds, not for want of edges."""
        return self.examined >= self._limit or len(self._barred) >= MOST_BARRED

    def _found(self, limit: int, *, greedy: bool) -> Route | None:
        """Routes by the cheap predicates, cheapest first, until the power flow refuses none of its edges.

        An edge it refuses is barred and the search run again: flows are computed only along routes worth taking.
        """
        self.examined, self._limit = 0, limit
        while self.examined < limit and len(self._barred) < MOST_BARRED:
            end = self._run(limit, greedy=greedy)
            if end is None:
                return None
            stop = self._unaffordable(end)
            if stop is None:
                return Route(self, end, not (greedy or self._generalised or self.one_loop), self.examined)
            self._bar(*stop)
        return None

    def _run(self, limit: int, *, greedy: bool) -> Place | None:
        count = itertools.count()
        origin = Place(self.start, (0.0, 0.0, 0.0))
        queue = [(self._rank(origin, greedy), next(count), origin)]
        done: set[State] = set()
        while queue and self.examined < limit:
            _, _, place = heapq.heappop(queue)
            key = _key(place.state)
            if key in done:
                continue
            done.add(key)
            self.examined += 1
            if place.state.closed == self.goal:
                return place
            for follower in self._followers(place):
                if _key(follower.state) not in done:
                    heapq.heappush(queue, (self._rank(follower, greedy), next(count), follower))
        return None

    def _rank(self, place: Place, greedy: bool) -> tuple[float, ...]:
        left = float(len(place.state.closed ^ self.goal))
        if greedy:
            return (left, *self.weight(place.state), *place.cost)
        units, households, minutes = place.cost
        return (units, households, minutes + left * self._least_minutes, left)

    @property
    def _least_minutes(self) -> float:
        return min(self.scene.rules.value("minutes.remote"), self.scene.rules.value("minutes.manual"))

    def _unaffordable(self, end: Place) -> tuple[State, Hop, tuple[Finding, ...]] | None:
        """The first hop of a route that a predicate with a power flow refuses."""
        for before, hop in end.hops():
            state = before
            for draft in hop.drafts:
                after = self.scene.after(state, draft.move)
                found = check(Situation(self.scene, state, draft.move, after), COSTLY_PREDICATES)
                if found:
                    return before, hop, found
                state = after
        return None

    def _bar(self, before: State, hop: Hop, found: tuple[Finding, ...]) -> None:
        """Bar an edge; a tie whose loop test failed in several states is no longer tried hot in any."""
        self._refuse(before, found)
        self._barred.add((_key(before), hop.switch))
        if any(finding.kind == "safety.loop_test" for finding in found):
            self._failed[hop.switch] = self._failed.get(hop.switch, 0) + 1
            self._generalised |= self._failed[hop.switch] >= LOOP_FAILURES

    def _followers(self, place: Place) -> Iterator[Place]:
        for switch in self.switches:
            is_closed = switch in place.state.closed
            if is_closed == (switch in self.goal) and not self._is_helper(switch):
                continue
            if self.one_loop and place.state.paralleled_since is not None and not is_closed:
                continue
            hop = None if (_key(place.state), switch) in self._barred else self._hop(place, switch, is_closed=is_closed)
            if hop is None or (self._failed.get(switch, 0) >= LOOP_FAILURES and hop.state.paralleled_since is not None):
                continue
            cost = (place.cost[0] + hop.cost[0], place.cost[1] + hop.cost[1], place.cost[2] + hop.cost[2])
            yield Place(hop.state, cost, place, hop)

    def _is_helper(self, switch: int) -> bool:
        return (switch in self.start.closed) == (switch in self.goal)

    def _hop(self, place: Place, switch: int, *, is_closed: bool) -> Hop | None:
        """The operation of a switch in a state; None when a predicate refuses it. Only parallels depend on the minute."""
        if place.state.paralleled_since is not None:
            return self._take(place.state, place.minute, switch, is_closed=is_closed)
        key = (place.state, switch)
        if key not in self._hops:
            self._hops[key] = self._take(place.state, 0.0, switch, is_closed=is_closed)
        hop = self._hops[key]
        if hop is None or hop.state.paralleled_since is None:
            return hop
        return replace(hop, state=replace(hop.state, paralleled_since=hop.state.paralleled_since + place.minute))

    def _take(self, state: State, minute: float, switch: int, *, is_closed: bool) -> Hop | None:
        units = households = spent = 0.0
        first, drafts = state, []
        for draft in self._with_companions(state, Action.OPEN if is_closed else Action.CLOSE, switch):
            weight = self.weight(state)
            units += weight[0] * draft.step.minutes
            households += weight[1] * draft.step.minutes
            spent += draft.step.minutes
            move = replace(draft.move, at_min=minute + spent)
            after = self.scene.after(state, move)
            found = check(Situation(self.scene, state, move, after), CHEAP_PREDICATES)
            if found:
                self._refuse(first, found)
                return None
            drafts.append(Draft(draft.step, move))
            state = after
        return Hop(switch, state, (units, households, spent), tuple(drafts))

    def _refuse(self, state: State, found: Iterable[Finding]) -> None:
        left = len(state.closed ^ self.goal)
        kept = self.refused.setdefault(left, [])
        known = {(finding.kind, finding.subject) for finding in kept}
        kept.extend(finding for finding in found if (finding.kind, finding.subject) not in known)

    # -------------------------------------------------------------------------------------------------- moves
    def _with_companions(self, state: State, action: Action, switch: int) -> Iterator[Draft]:
        """The operation with what must go before and after it, as told by the states it joins."""
        scene = self.scene
        main = self.draft(action, scene.grid.switch_id(switch))
        after = scene.after(state, main.move)
        hot = action == Action.CLOSE and all(scene.live(state, block) for block in scene.blocks.ends(switch))
        ends_loop = state.paralleled_since is not None and after.paralleled_since is None
        if hot:
            for feeder in sorted(loop_feeders(scene, state, switch) - state.reclosing_off):
                yield self.draft(Action.RECLOSING_OFF, str(scene.grid.feeder_ids[feeder].as_py()))
            yield self.draft(Action.UNDISTURBED, main.step.device)
        for row in self._islanding(state, after):
            yield self.draft(Action.GENERATOR_OFF, self._generator(row))
        yield Draft(replace(main.step, hot=True), main.move) if hot or ends_loop else main
        if ends_loop:
            for feeder in sorted(state.reclosing_off):
                yield self.draft(Action.RECLOSING_ON, str(scene.grid.feeder_ids[feeder].as_py()))
        for row in self._reconnectable(state, after):
            yield self.draft(Action.GENERATOR_ON, self._generator(row))

    def _islanding(self, state: State, after: State) -> list[int]:
        """Generators that could keep alive what this operation cuts off, or what it would close onto."""
        scene = self.scene
        changed = [block for block in scene.blocks.at if scene.live(state, block) != scene.live(after, block)]
        can_island = scene.grid.network.tables["generators"].column("can_island")
        return [row for row in scene.generators(state, changed) if can_island[row].as_py()]

    def _reconnectable(self, state: State, after: State) -> list[int]:
        """Generators confirmed off for an island that is live again."""
        scene = self.scene
        woken = [block for block in scene.blocks.at if scene.live(after, block) and not scene.live(state, block)]
        rows = {row for block in woken for row in scene.blocks.generators.get(block, ())}
        return sorted(rows & (state.generators_off | set(self._islanding(state, after))))

    def _generator(self, row: int) -> str:
        return str(self.scene.grid.network.tables["generators"].column("generator_id")[row].as_py())

    def draft(self, action: Action, device: str) -> Draft:
        """A step of an action on a device, with its name and minutes."""
        key = (action, device)
        if key not in self._drafts:
            step = drafted(self.scene, action, device)
            self._drafts[key] = Draft(step, resolved(self.scene.grid, step))
        return self._drafts[key]

    # -------------------------------------------------------------------------------------------------- weights
    def weight(self, state: State) -> tuple[float, float]:
        """Units and households without supply in a state, of those that are live before or after."""
        if state.closed not in self._weights:
            dead = [block for block in self._counted if not self.scene.live(state, block)]
            self._weights[state.closed] = (float(self._units[dead].sum()), float(self._households[dead].sum()))
        return self._weights[state.closed]


def _key(state: State) -> State:
    """A state without its clock."""
    return state if state.paralleled_since is None else replace(state, paralleled_since=0.0)


MINUTES = {
    Action.WITHDRAW: "minutes.manual", Action.INSERT: "minutes.manual", Action.TEST: "minutes.test",
    Action.EARTH: "minutes.earth", Action.UNEARTH: "minutes.earth", Action.TAG: "minutes.tag", Action.UNTAG: "minutes.tag",
    Action.PERMIT: "minutes.permit", Action.RETURN: "minutes.permit",
    Action.RECLOSING_OFF: "minutes.reclosing", Action.RECLOSING_ON: "minutes.reclosing",
    Action.GENERATOR_OFF: "minutes.confirm", Action.GENERATOR_ON: "minutes.confirm",
    Action.UNDISTURBED: "minutes.undisturbed",
}  # fmt: skip


def drafted(scene: Scene, action: Action, device: str) -> Step:
    """A step with its double name and the minutes it takes; not yet numbered, not yet timed."""
    if action in (Action.OPEN, Action.CLOSE):
        key = "minutes.remote" if is_remote(scene.grid, scene.grid.switch(device)) else "minutes.manual"
    else:
        key = MINUTES[action]
    named = action not in (Action.PERMIT, Action.RETURN, Action.RECLOSING_OFF, Action.RECLOSING_ON)
    name = double_name(scene.grid, device) if named else device
    return Step(action, device, name, minutes=scene.rules.value(key))
