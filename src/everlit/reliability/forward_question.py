"""What is asked about a coming year (预测问题): changes to build together, or a state to stand for some hours.

A change of the network (a tie, switches made automatic, spares) is worth what it saves every year. A state of a plan
costs something for its hours only. The two are different questions, and neither is asked half.
"""

from dataclasses import dataclass

from everlit.grid import Grid, Network, compile_network
from everlit.grid.columns import Bools
from everlit.kernel import Finding, Refusal, Text
from everlit.reliability.forward_effect import Asked, Effect, Risk, automated, risk_of, value_of, with_spares, with_tie

LONGEST_H = 8760.0
"""The longest a state may stand: a year."""


class UnableToAskForward(Refusal):
    """A change of the network and a state of a plan are two questions; a state needs its hours."""

    title = Text(en="The question is not clear.", zh="问题不明确。")


@dataclass(frozen=True, slots=True)
class Change:
    """What is built: a tie between two nodes, switches to control remotely, spares of what can be replaced.

    >>> bool(Change()), bool(Change(automate=("CB1",)))
    (False, True)
    """

    tie: tuple[str, str] | None = None
    automate: tuple[str, ...] = ()
    spares: bool = False

    def __bool__(self) -> bool:
        return self.tie is not None or bool(self.automate) or self.spares

    def built(self, grid: Grid) -> Network:
        """The network with all of it; raises UnableToFindEquipment, UnableToAddTie."""
        changed = grid
        if self.tie is not None:
            changed = compile_network(with_tie(changed, *self.tie))
        if self.automate:
            changed = compile_network(automated(changed, self.automate))
        return with_spares(changed) if self.spares else changed.network


@dataclass(frozen=True, slots=True)
class Plan:
    """What is switched for some hours, from the normal state.

    >>> bool(Plan()), bool(Plan(opened=("IS7",), hours=3))
    (False, True)
    """

    opened: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    hours: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.opened or self.closed or self.hours)

    def state(self, grid: Grid) -> Bools:
        """Positions of every switch; raises UnableToFindEquipment."""
        closed = grid.switch_normal_closed.copy()
        closed[[grid.switch(identity) for identity in self.opened]] = False
        closed[[grid.switch(identity) for identity in self.closed]] = True
        return closed


def worth(grid: Grid, change: Change, *, asked: Asked | None = None) -> Effect:
    """A year before and after a change; raises UnableToAskForward without one."""
    if not change:
        raise _unclear("Name a tie, switches to control remotely, or spares.", "请给出联络、自动化开关或备品。")
    return value_of(grid, change.built(grid), asked=asked)


def risk(grid: Grid, plan: Plan, *, asked: Asked | None = None) -> Risk:
    """What failures may cost more while a plan's state stands; raises UnableToAskForward where half of it is missing."""
    if not (plan.opened or plan.closed) or not 0 < plan.hours <= LONGEST_H:
        raise _unclear(
            "Name switches to open or close, and for how many hours (at most 8760).",
            "计划需同时给出断开或合上的开关及时长(不超过 8760 小时)。",
        )
    return risk_of(grid, plan.state(grid), hours=plan.hours, asked=asked)


def one_question(change: Change, plan: Plan) -> None:
    """Raises UnableToAskForward where a change and a plan are asked at once."""
    if change and plan:
        raise _unclear("A change and a plan are two questions.", "电网改造与停电计划请分别计算。")


def _unclear(en: str, zh: str) -> UnableToAskForward:
    return UnableToAskForward(Finding("forward.unclear", "forward", Text(en=en, zh=zh)))
