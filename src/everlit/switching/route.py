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
"""Predicates that need a power flow: asked only of states about to be expanded."""

CHEAP_PREDICATES = tuple(predicate for predicate in PREDICATES if predicate.key not in COSTLY)
COSTLY_PREDICATES = tuple(predicate for predicate in PREDICATES if predicate.key in COSTLY)

Cost = tuple[float, float, float]
"""Unit-minutes, household-minutes without supply, minutes."""


@dataclass(frozen=True)
class Draft:
    """A step about to be taken, with its indices."""

    step: Step
    move: Move


@dataclass(frozen=True)
class Place:
    """A vertex reached: its state, what it cost, and the drafts that led there from the vertex before."""

    state: State
    cost: Cost
    before: "Place | None" = None
    drafts: tuple[Draft, ...] = ()

    @property
    def minute(self) -> float:
        """Minutes since the first step, travel left out."""
        return self.cost[2]

    def route(self) -> tuple[Draft, ...]:
        """Every draft from the first vertex to here."""
        steps: list[tuple[Draft, ...]] = []
        place: Place | None = self
        while place is not None:
            steps.append(place.drafts)
            place = place.before
        return tuple(draft for drafts in reversed(steps) for draft in drafts)


@dataclass(frozen=True)
class Route:
    """The way found: its last vertex, whether it is proven cheapest, how many vertices were expanded."""

    end: Place
    proven: bool
    examined: int


@dataclass
class Search:
    """A search through the positions of `switches` in a scene from `start` to the closed set `goal`.

    `refused` remembers, for the vertices nearest to the goal, which move was refused and why.
    """

    scene: Scene
    start: State
    goal: frozenset[int]
    switches: tuple[int, ...]
    examined: int = 0
    refused: dict[int, list[Finding]] = field(default_factory=dict)
    _drafts: dict[tuple[Action, str], Draft] = field(default_factory=dict)
    _weights: dict[frozenset[int], tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        blocks, grid = self.scene.blocks, self.scene.grid
        self._units: Floats = blocks.sums(grid.section_units.astype(np.float64))
        self._households: Floats = blocks.sums(grid.section_households.astype(np.float64))
        first = self.scene.islands(self.start)
        last = self.scene.islands(replace(self.start, closed=self.goal))
        self._counted = tuple(block for block in blocks.at if first.live(block) or last.live(block))

    # --------------------------------------------------------------------------------------------- searching
    def exact(self, *, limit: int) -> Route | None:
        """The cheapest route, None when there is none; gives up (None, `examined` = limit) after `limit` vertices."""
        return self._run(limit, greedy=False)

    def greedy(self, *, limit: int) -> Route | None:
        """Some route, found by going where fewest are dead and least is left to do."""
        return self._run(limit, greedy=True)

    def _run(self, limit: int, *, greedy: bool) -> Route | None:
        self.examined = 0
        count = itertools.count()
        origin = Place(self.start, (0.0, 0.0, 0.0))
        queue = [(self._rank(origin, greedy), next(count), origin)]
        done: set[State] = set()
        while queue and self.examined < limit:
            _, _, place = heapq.heappop(queue)
            key = replace(place.state, paralleled_since=None)
            if key in done or not self._affordable(place):
                continue
            done.add(key)
            self.examined += 1
            if place.state.closed == self.goal:
                return Route(place, not greedy, self.examined)
            for follower in self._followers(place):
                if replace(follower.state, paralleled_since=None) not in done:
                    heapq.heappush(queue, (self._rank(follower, greedy), next(count), follower))
        return None

    def _rank(self, place: Place, greedy: bool) -> tuple[float, ...]:
        left = float(len(place.state.closed ^ self.goal))
        if greedy:
            return (*self._weight(place.state), left, *place.cost)
        units, households, minutes = place.cost
        return (units, households, minutes + left * self._least_minutes, left)

    @property
    def _least_minutes(self) -> float:
        return min(self.scene.rules.value("minutes.remote"), self.scene.rules.value("minutes.manual"))

    def _affordable(self, place: Place) -> bool:
        """The predicates that need a power flow hold on the last switching step to this place."""
        before = place.before
        if before is None:
            return True
        state = before.state
        for draft in place.drafts:
            after = self.scene.after(state, draft.move)
            found = check(Situation(self.scene, state, draft.move, after), COSTLY_PREDICATES)
            if found:
                self._refuse(before.state, found)
                return False
            state = after
        return True

    def _followers(self, place: Place) -> Iterator[Place]:
        for switch in self.switches:
            is_closed = switch in place.state.closed
            if is_closed == (switch in self.goal) and not self._is_helper(switch):
                continue
            follower = self._take(place, Action.OPEN if is_closed else Action.CLOSE, switch)
            if follower is not None:
                yield follower

    def _is_helper(self, switch: int) -> bool:
        return (switch in self.start.closed) == (switch in self.goal)

    def _take(self, place: Place, action: Action, switch: int) -> Place | None:
        """The place after an operation and what it brings along; None when a predicate refuses it."""
        state, (units, households, minute) = place.state, place.cost
        drafts = []
        for draft in self._with_companions(state, action, switch):
            weight = self._weight(state)
            units += weight[0] * draft.step.minutes
            households += weight[1] * draft.step.minutes
            minute += draft.step.minutes
            move = replace(draft.move, at_min=minute)
            after = self.scene.after(state, move)
            found = check(Situation(self.scene, state, move, after), CHEAP_PREDICATES)
            if found:
                self._refuse(place.state, found)
                return None
            drafts.append(Draft(draft.step, move))
            state = after
        return Place(state, (units, households, minute), place, tuple(drafts))

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
    def _weight(self, state: State) -> tuple[float, float]:
        """Units and households without supply in a state, of those that are live before or after."""
        if state.closed not in self._weights:
            dead = [block for block in self._counted if not self.scene.live(state, block)]
            self._weights[state.closed] = (float(self._units[dead].sum()), float(self._households[dead].sum()))
        return self._weights[state.closed]


MINUTES = {
    Action.WITHDRAW: "minutes.manual", Action.INSERT: "minutes.manual", Action.TEST: "minutes.test",
    Action.EARTH: "minutes.earth", Action.UNEARTH: "minutes.earth", Action.TAG: "minutes.tag", Action.UNTAG: "minutes.tag",
    Action.PERMIT: "minutes.permit", Action.RETURN: "minutes.permit",
    Action.RECLOSING_OFF: "minutes.reclosing", Action.RECLOSING_ON: "minutes.reclosing",
    Action.GENERATOR_OFF: "minutes.confirm", Action.GENERATOR_ON: "minutes.confirm",
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
