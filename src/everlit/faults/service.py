"""Fault location on a store: the network of that time, its rules and failure rates, put to the inference.

The state asked about is the one before anything tripped: recorded operations of planned work count, so that whoever is
dark by plan is explained by it; switches whose protection tripped stand as they stood before the first signal.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from everlit.faults.locate import locate
from everlit.faults.model import Located, Signal, SignalKind
from everlit.faults.policies import rules_of
from everlit.grid import Grid
from everlit.grid.columns import Bools
from everlit.kernel import Finding, Policies
from everlit.reliability.failure_data import assumptions, components_of

JUST_BEFORE = timedelta(seconds=1)


@dataclass(frozen=True)
class Faults:
    """Location on one store: networks, recorded positions at an instant, rules in force and the clock come from outside."""

    grid: Callable[[str], Grid]
    closed: Callable[..., Bools]
    policies: Callable[[], Policies]
    clock: Callable[[], datetime]
    zone: ZoneInfo

    def locate(
        self, network: str, signals: Sequence[Signal], *, at: datetime | None = None, uniform: bool = False
    ) -> tuple[Located, list[Finding]]:
        """What is to be believed at an instant (now unless told); `uniform` makes all places equally likely beforehand.

        Findings for signals whose subject the network does not know. Raises what `grid` raises for an unknown network.
        """
        instant = at or self.clock()
        grid, policies = self.grid(network), self.policies()
        on = instant.astimezone(self.zone).date()
        failures = None if uniform else components_of(grid, assumptions(policies, on=on)).failures
        state = self._before(network, grid, [one for one in signals if one.arrived_at <= instant], instant)
        return locate(grid, state, signals, at=instant, rules=rules_of(policies, on=on), failures=failures)

    def _before(self, network: str, grid: Grid, signals: Sequence[Signal], at: datetime) -> Bools:
        """Positions at `at`, those of switches that have tripped as they were before the first signal."""
        state = self.closed(network, at=at).copy()
        tripped = {grid.find(one.subject, "switches") for one in signals if one.kind is SignalKind.TRIP and one.value}
        if tripped := tripped - {-1}:
            first = min(one.occurred_at for one in signals)
            before = self.closed(network, at=min(first, at) - JUST_BEFORE)
            for switch in tripped:
                state[switch] = before[switch]
        return state
