"""The search for the best re-supply (转供寻优): which pieces to feed, over which switches.

Power grows outward from the live network. At each turn one switch at its edge is either used, which feeds the next
piece, or ruled out; so every radial arrangement is met exactly once, and a branch is dropped as soon as it cannot beat
the best plan found. Two facts keep it short: what is within reach and what the ties can carry bounds what can still be
kept; and a plan that breaks a limit is not mended by feeding more, so the search jumps back to before the first state
on its way that breaks one.

    value = (important customers, MV units, households, −operations, −losses)   compared from left to right

The search is exact when it ends; when it runs out of its budget it says how much better a plan could still be.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from time import perf_counter
from typing import Protocol

import numpy as np
import numpy.typing as npt

from everlit.grid.compile import Bools
from everlit.switching.area import LIVE, Area
from everlit.switching.window import Verdict

Watts = npt.NDArray[np.int64]
Judge = Callable[["Plan"], Verdict]


class Room(Protocol):
    """What the ties can carry at most: bounds on plans that need no power flow (see `headroom`)."""

    @property
    def piece_w(self) -> Watts:
        """Watts each piece takes, [piece, watched step]."""

    def tie_w(self, tie: int) -> Watts:
        """What one tie can add alone, per watched step."""

    def overdrawn(self, taken_w: Mapping[int, Watts]) -> bool:
        """True when ties cannot deliver what is taken from each, whatever else is done."""

    def useless(self, tie: int) -> bool:
        """True when a tie cannot feed a single piece with anybody in it."""

    def bound(self, fed: frozenset[int], reachable: set[int], ties: Iterable[int]) -> int:
        """Most worth of any plan that feeds `fed`, adds of `reachable` and draws from `ties`; −1 when impossible."""


Relief = Callable[["Plan", Verdict], bool]


@dataclass(frozen=True, slots=True)
class Plan:
    """Edges that carry supply (`used`) in order, the pieces they feed, and what it takes."""

    used: tuple[int, ...]
    fed: frozenset[int]
    worth: int
    operations: int

    def key(self) -> frozenset[int]:
        """Two plans with the same used edges are the same state."""
        return frozenset(self.used)


def state_of(area: Area, used: Iterable[int], fed: Iterable[int]) -> Bools:
    """Switch positions of a plan: at what is fed only the used switches are closed, all else stays."""
    state = area.closed.copy()
    for piece in fed:
        for index in area.at[piece]:
            state[area.edges[index].switch] = False
    for index in used:
        state[area.edges[index].switch] = True
    return state


@dataclass(frozen=True, slots=True)
class Outcome:
    """The plans nothing but losses can tell apart, a proven bound on worth, and how much was looked at.

    Without any plan that keeps the limits and is better than feeding nothing, `plans` holds that one: feeding nothing.
    """

    plans: tuple[Plan, ...]
    bound: int
    complete: bool
    nodes: int
    judged: int


@dataclass
class _Node:
    """A turn of the search: what is fed, what is ruled out, what it has cost so far."""

    used: tuple[int, ...]
    fed: frozenset[int]
    banned: frozenset[int]
    worth: int
    operations: int
    tie_of: dict[int, int]
    taken_w: dict[int, Watts]


@dataclass
class _Search:
    area: Area
    judge: Judge
    monotone: Relief
    room: Room
    max_judged: int
    seconds: float
    deadline_s: float = inf
    best: Plan | None = None
    verdicts: dict[frozenset[int], Verdict] = field(default_factory=dict)
    nodes: int = 0
    open_bound: int = -1
    rivals: list[Plan] = field(default_factory=list)

    # ---------------------------------------------------------------------------------------- judging
    def verdict(self, plan: Plan) -> Verdict:
        key = plan.key()
        if key not in self.verdicts:
            self.verdicts[key] = self.judge(plan)
        return self.verdicts[key]

    def beats(self, worth: int, operations: int) -> int:
        """1 when that is better than the best plan, 0 when equal before losses, −1 when worse."""
        if self.best is None:
            return 1
        mine, best = (worth, -operations), (self.best.worth, -self.best.operations)
        return (mine > best) - (mine < best)

    def offer(self, plan: Plan) -> bool:
        """Judge a finished plan and keep it when it is the best so far; False when it breaks a limit."""
        verdict = self.verdict(plan)
        if not verdict.feasible:
            return False
        if self.beats(plan.worth, plan.operations) > 0:
            self.best, self.rivals = plan, []
        self.rivals.append(plan)
        return True

    # ---------------------------------------------------------------------------------------- growing
    def choose(self, node: _Node) -> int:
        """The switch to decide next: closed ones at the edge first, as they cost nothing; −1 when none is left."""
        area, tie = self.area, -1
        for piece in node.fed:
            for index, far in area.onward[piece]:
                if index in node.banned or far in node.fed:
                    continue
                if area.edges[index].closed:
                    return index
                tie = index if tie < 0 else min(tie, index)
        if tie >= 0:
            return tie
        for index in self.roots:
            edge = area.edges[index]
            piece = max(edge.one, edge.other)
            if index not in node.banned and piece not in node.fed:
                return index
        return -1

    @property
    def roots(self) -> list[int]:
        """Ties from the live network that can feed anybody, the strongest first."""
        return self._roots

    def __post_init__(self) -> None:
        area = self.area
        usable = [
            index
            for index, edge in enumerate(area.edges)
            if LIVE in (edge.one, edge.other)
            and edge.enters(max(edge.one, edge.other))
            and not area.stuck[max(edge.one, edge.other)]
            and not self.room.useless(index)
        ]
        self._roots = sorted(usable, key=lambda index: -int(self.room.tie_w(index).min()))

    def use(self, node: _Node, index: int) -> _Node:
        """Feed the next piece over a switch; every other switch between it and what is fed stays or becomes open."""
        area = self.area
        edge = area.edges[index]
        piece = edge.one if edge.one >= 0 and edge.one not in node.fed else edge.other
        opened, banned = 0, set(node.banned)
        for other in area.at[piece]:
            if other == index or other in node.banned:
                continue
            across = area.edges[other]
            far = across.far(piece)
            if far == LIVE or far in node.fed or area.stuck[far] or not across.enters(far):
                banned.add(other)
                opened += across.closed
        operations = node.operations + opened + (not edge.closed)
        tie = index if LIVE in edge.ends else node.tie_of[edge.far(piece)]
        taken = node.taken_w.get(tie, 0) + self.room.piece_w[piece]
        return _Node(
            (*node.used, index), node.fed | {piece}, frozenset(banned), node.worth + area.worth[piece], operations,
            {**node.tie_of, piece: tie}, {**node.taken_w, tie: taken},
        )  # fmt: skip

    def ban(self, node: _Node, index: int) -> _Node:
        """Rule a switch out; a closed one at the edge must then be opened."""
        opened = int(self.area.edges[index].closed)
        banned = node.banned | {index}
        return _Node(node.used, node.fed, banned, node.worth, node.operations + opened, node.tie_of, node.taken_w)

    def reachable(self, node: _Node) -> int:
        """Most worth that could still be fed: all within reach, as far as the ties left can carry it."""
        area, seen, banned, onward = self.area, set(node.fed), node.banned, self.area.onward
        stack = list(node.fed)
        for index in self._roots:
            piece = max(area.edges[index].one, area.edges[index].other)
            if index not in banned and piece not in seen:
                seen.add(piece)
                stack.append(piece)
        while stack:
            here = stack.pop()
            for index, far in onward[here]:
                if far not in seen and index not in banned:
                    seen.add(far)
                    stack.append(far)
        return self.room.bound(node.fed, seen, (tie for tie in self._roots if tie not in node.banned))

    def plan(self, node: _Node) -> Plan:
        return Plan(node.used, node.fed, node.worth, node.operations)

    def valid(self, node: _Node) -> bool:
        """Whether every border between work and supply shows its break."""
        return all((one in node.fed) == (other in node.fed) for one, other in self.area.blind)

    # --------------------------------------------------------------------------------------- searching
    def run(self) -> None:
        """Depth first, feeding before ruling out, jumping back over every state proven to break a limit."""
        root = _Node((), frozenset(), frozenset(), 0, 0, {}, {})
        self.best = self.plan(root)
        path: list[tuple[_Node, int]] = []
        node: _Node | None = root
        while True:
            node, path = self.descend(node, path) if node is not None else (None, path)
            self.deadline_s = min(self.deadline_s, perf_counter() + self.seconds)
            if self.exhausted():
                self.open_bound = max((self.reachable(self.ban(*each)) for each in path), default=-1)
                return
            if not path:
                return
            parent, index = path.pop()
            node = self.ban(parent, index)

    def exhausted(self) -> bool:
        return len(self.verdicts) >= self.max_judged or perf_counter() > self.deadline_s

    def descend(self, node: _Node, path: list[tuple[_Node, int]]) -> tuple[_Node | None, list[tuple[_Node, int]]]:
        """Follow one line of decisions to its end; returns the path of "used" decisions still to be ruled out."""
        while True:
            self.nodes += 1
            if self.room.overdrawn(node.taken_w) or self.beats(self.reachable(node), node.operations) < 0:
                return None, path
            index = self.choose(node)
            if index < 0:
                worthwhile = node.used and self.beats(node.worth, node.operations) >= 0 and self.valid(node)
                if worthwhile and not self.offer(self.plan(node)):
                    path = self.jump_back(node, path)
                return None, path
            path = [*path, (node, index)]
            node = self.use(node, index)

    def jump_back(self, leaf: _Node, path: list[tuple[_Node, int]]) -> list[tuple[_Node, int]]:
        """The path up to the first decision after which a limit is already broken for good (by halving)."""
        if not self.monotone(self.plan(leaf), self.verdict(self.plan(leaf))):
            return path
        good, bad = 0, len(path)
        states = [node for node, _ in path] + [leaf]
        while bad - good > 1:
            middle = (good + bad) // 2
            plan = self.plan(states[middle])
            verdict = self.verdict(plan)
            if not verdict.feasible and self.monotone(plan, verdict):
                bad = middle
            else:
                good = middle
        return path[:bad]


def best_plans(
    area: Area,
    judge: Judge,
    *,
    monotone: Relief,
    room: Room,
    max_judged: int = 20_000,
    seconds: float = inf,
) -> Outcome:
    """The best radial re-supplies of an area: `judge` says whether a plan keeps every limit.

    `monotone(plan, verdict)` says whether a plan that broke a limit stays broken whatever else is fed; `room`
    bounds what the ties can carry. `seconds` count
    from the end of the first line of decisions, where the very first call on a machine compiles its kernels.
    """
    search = _Search(area, judge, monotone, room, max_judged, seconds)
    search.run()
    best = search.best
    assert best is not None
    complete = search.open_bound < 0
    most = best.worth if complete else max(best.worth, search.open_bound)
    return Outcome(tuple(search.rivals) or (best,), most, complete, search.nodes, len(search.verdicts))
