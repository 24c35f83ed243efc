"""A state on the way (操作中间状态): positions of the touched switches, and everything else that makes a step safe or not.

The switches a ticket does not touch stand as they stood at the start, so a state is small, hashable and comparable.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from everlit.switching.step import Action

Permit = tuple[str, frozenset[int]]
"""A work permit (工作许可): its name and the sections people may enter."""


@dataclass(frozen=True, slots=True)
class State:
    """Positions, earths, proofs, tags, permits. Integers are indices of the compiled grid.

    `closed` lists the touched switches that are closed; `tested` the nodes proven dead since they last lost supply;
    `withdrawn` the breakers racked out to show their break (拉至检修位置); `undisturbed` the ties for which the dispatcher
    said, since the last switching, that neither side has an earth fault;
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
    undisturbed: frozenset[int] = frozenset()
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


SETS: Mapping[Action, tuple[str, str, bool]] = {
    Action.OPEN: ("closed", "switch", False),
    Action.CLOSE: ("closed", "switch", True),
    Action.WITHDRAW: ("withdrawn", "switch", True),
    Action.INSERT: ("withdrawn", "switch", False),
    Action.TEST: ("tested", "node", True),
    Action.EARTH: ("earths", "node", True),
    Action.UNEARTH: ("earths", "node", False),
    Action.TAG: ("tagged", "switch", True),
    Action.UNTAG: ("tagged", "switch", False),
    Action.RECLOSING_OFF: ("reclosing_off", "feeder", True),
    Action.RECLOSING_ON: ("reclosing_off", "feeder", False),
    Action.GENERATOR_OFF: ("generators_off", "generator", True),
    Action.GENERATOR_ON: ("generators_off", "generator", False),
    Action.UNDISTURBED: ("undisturbed", "switch", True),
}
"""Each action: the set of the state it changes, which index of the move, and whether it enters or leaves the set."""


def moved(state: State, move: Move) -> State:
    """The state after the move, nothing checked. What the supply makes of it (tests lost, parallels) is the scene's."""
    if move.action is Action.PERMIT:
        return replace(state, permits=state.permits | {(move.device, move.area)})
    if move.action is Action.RETURN:
        return replace(state, permits=frozenset(held for held in state.permits if held[0] != move.device))
    name, index, enters = SETS[move.action]
    held, one = getattr(state, name), frozenset({getattr(move, index)})
    return replace(state, **{name: held | one if enters else held - one})
