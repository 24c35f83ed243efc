"""A state on the way (操作中间状态): positions of the touched switches, and everything else that makes a step safe or not.

The switches a ticket does not touch stand as they stood at the start, so a state is small, hashable and comparable.
"""

from dataclasses import dataclass, replace

from everlit.switching.step import Action

Permit = tuple[str, frozenset[int]]
"""A work permit (工作许可): its name and the sections people may enter."""


@dataclass(frozen=True, slots=True)
class State:
    """Positions, earths, proofs, tags, permits. Integers are indices of the compiled grid.

    `closed` lists the touched switches that are closed; `tested` the nodes proven dead since they last lost supply;
    `withdrawn` the breakers racked out to show their break (拉至检修位置);
    `paralleled_since` the minute at which two live sides were joined, None while nothing is paralleled.
    """

    closed: frozenset[int]
    earths: frozenset[int] = frozenset()
    tested: frozenset[int] = frozenset()
    tagged: frozenset[int] = frozenset()
    withdrawn: frozenset[int] = frozenset()
    permits: frozenset[Permit] = frozenset()
    reclosing_off: frozenset[int] = frozenset()
    generators_off: frozenset[int] = frozenset()
    paralleled_since: float | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """A step with its identities resolved to indices; -1 where nothing applies."""

    action: Action
    device: str
    name: str = ""
    at_min: float = 0.0
    switch: int = -1
    node: int = -1
    feeder: int = -1
    generator: int = -1
    area: frozenset[int] = frozenset()


def moved(state: State, move: Move) -> State:
    """The state after the move, nothing checked. What the supply makes of it (tests lost, parallels) is the scene's."""
    one, node = frozenset({move.switch}), frozenset({move.node})
    permit = frozenset({(move.device, move.area)})
    match move.action:
        case Action.OPEN:
            return replace(state, closed=state.closed - one)
        case Action.CLOSE:
            return replace(state, closed=state.closed | one)
        case Action.TEST:
            return replace(state, tested=state.tested | node)
        case Action.EARTH:
            return replace(state, earths=state.earths | node)
        case Action.UNEARTH:
            return replace(state, earths=state.earths - node)
        case Action.TAG:
            return replace(state, tagged=state.tagged | one)
        case Action.UNTAG:
            return replace(state, tagged=state.tagged - one)
        case Action.WITHDRAW:
            return replace(state, withdrawn=state.withdrawn | one)
        case Action.INSERT:
            return replace(state, withdrawn=state.withdrawn - one)
        case Action.PERMIT:
            return replace(state, permits=state.permits | permit)
        case Action.RETURN:
            return replace(state, permits=frozenset(held for held in state.permits if held[0] != move.device))
        case Action.RECLOSING_OFF:
            return replace(state, reclosing_off=state.reclosing_off | {move.feeder})
        case Action.RECLOSING_ON:
            return replace(state, reclosing_off=state.reclosing_off - {move.feeder})
        case Action.GENERATOR_OFF:
            return replace(state, generators_off=state.generators_off | {move.generator})
        case Action.GENERATOR_ON:
            return replace(state, generators_off=state.generators_off - {move.generator})
