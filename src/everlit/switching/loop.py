"""Loop closing (合环): may two live feeders be joined for a moment, so that nobody notices the transfer?

    bus A ─ path 1 ─ n1 ∙ tie ∙ n2 ─ path 2 ─ bus B         I_loop = |U1 − U2| / (√3·|Z1 + Z2|)

Every check of domain.md 6.3 on the loads of the time: phase record, one system, equal vector groups, voltage and angle
difference, loop current on top of load current against ratings and protection, inrush. The loop current is added to
the load currents as vectors, and the power flow of the closed loop has the last word.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from everlit.grid import Grid
from everlit.grid.compile import Bools, Floats
from everlit.grid.electrical import BASE_KVA, branch_id, electrical
from everlit.grid.flow import Complexes, Flow
from everlit.kernel import Finding, Policies, Policy, Text
from everlit.switching.flows import Loads, StateFlows, nameplate
from everlit.switching.paths import Ring, Tree, ring, tree
from everlit.switching.policies import NEWEST, Rulebook, rulebook
from everlit.switching.scene import Scene
from everlit.switching.state import State

Disturbed = tuple[str, ...] | None
"""Feeders with an earth fault or an abnormal neutral; None while nobody has said."""


def loop_current_a(one_kv: complex, other_kv: complex, impedance_ohm: complex) -> complex:
    """İ_loop = (U̇1 − U̇2)/(√3·Z_Σ) from side 1 to side 2, voltages line to line (6.3).

    With 10.5 kV∠0° and 1.2 Ω around the loop: a pass, a check of the rating, a failure on a 400 A tie, and never:

    >>> other_side = [(10.4, -1), (10.3, -3), (10.2, -5), (10.5, -30)]
    >>> [round(abs(loop_current_a(10.5, phasor(kv, deg), 1.2))) for kv, deg in other_side]
    [100, 279, 458, 2615]
    """
    return complex((one_kv - other_kv) * 1000 / (np.sqrt(3) * impedance_ohm))


def phasor(size: float, angle_deg: float) -> complex:
    """A vector from its size and angle.

    >>> f"{abs(10.5 - phasor(10.5, -30)) * 1000:.0f} V across a tie whose vector groups differ by one hour"
    '5435 V across a tie whose vector groups differ by one hour'
    """
    return complex(size * np.exp(1j * np.deg2rad(angle_deg)))


@dataclass(frozen=True, slots=True)
class LoopCheck:
    """One check of a loop closing: what was measured against which row.

    What nobody told the program is not `known`: it stops nothing here, and is confirmed with the dispatcher before the
    tie is closed (a step of the ticket).
    """

    key: str
    passed: bool
    measured: float | None
    policy: Policy | None
    message: Text
    known: bool = True

    def as_json(self) -> dict[str, Any]:
        """The check with the row it cites."""
        row = self.policy
        limit = (
            None
            if row is None
            else {
                "policy": row.key,
                "limit": row.value,
                "unit": row.unit,
                "comparator": row.comparator,
                "confidence": row.confidence,
            }
        )
        measured = None if self.measured is None else round(self.measured, 4)
        return {
            "key": self.key,
            "passed": self.passed,
            "known": self.known,
            "measured": measured,
            "limit": limit,
            "message": self.message.as_json(),
        }


@dataclass(frozen=True, slots=True)
class LoopTest:
    """The verdict on closing one tie hot in one state under some loads; the worst load decides every check.

    It has passed when nothing known speaks against it; what is `to_confirm` has still to be asked.
    """

    switch_id: str
    checks: tuple[LoopCheck, ...]
    loop_a: float | None = None

    @property
    def passed(self) -> bool:
        """True when every check passes."""
        return all(check.passed for check in self.checks)

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The checks that do not pass, as findings."""
        return tuple(
            Finding(f"loop.{check.key}", self.switch_id, check.message, check.as_json())
            for check in self.checks
            if not check.passed
        )

    @property
    def to_confirm(self) -> tuple[LoopCheck, ...]:
        """What is not known and must be confirmed before the tie is closed."""
        return tuple(check for check in self.checks if not check.known)

    def check(self, key: str) -> LoopCheck:
        """The check of that key; KeyError when it was not reached."""
        return {check.key: check for check in self.checks}[key]

    def as_json(self) -> dict[str, Any]:
        """Verdict and checks."""
        loop_a = None if self.loop_a is None else round(self.loop_a, 3)
        return {
            "switch": self.switch_id,
            "passed": self.passed,
            "to_confirm": [check.key for check in self.to_confirm],
            "loop_a": loop_a,
            "checks": [check.as_json() for check in self.checks],
        }


def loop_test(
    grid: Grid,
    closed: Bools,
    switch: int,
    loads: Loads | None = None,
    *,
    policies: Policies | None = None,
    on: date = NEWEST,
    minutes: float | None = None,
    disturbed: Disturbed = None,
) -> LoopTest:
    """Every check of 6.3 for closing `switch` between two live sides in state `closed`.

    `minutes` is how long the loop is to last, `disturbed` the feeders with an earth fault or abnormal neutral, None
    while nobody has said. Checks that need currents are made only where the documents allow a loop at all; without loads consumers take nameplate.
    """
    flows = StateFlows(grid, nameplate(grid) if loads is None else loads)
    return tested(flows, closed, switch, rules=rulebook(policies, on=on), minutes=minutes, disturbed=disturbed)


def tested(
    flows: StateFlows,
    closed: Bools,
    switch: int,
    *,
    rules: Rulebook,
    minutes: float | None = None,
    disturbed: Disturbed = None,
) -> LoopTest:
    """The loop test on flows that others may have asked for already."""
    grid, supply_tree = flows.grid, tree(flows.grid, closed)
    ends = (int(grid.switch_from[switch]), int(grid.switch_to[switch]))
    checks = [*_documents(grid, supply_tree, switch, ends, rules, minutes), _quiet(flows, closed, switch, disturbed)]
    if not all(check.passed for check in checks):
        return LoopTest(grid.switch_id(switch), tuple(checks))
    after = closed.copy()
    after[switch] = True
    apart, together = flows.whole(closed), flows.whole(after)
    if apart is None or together is None:
        text = Text("the power flow of the closed loop has no solution", "合环潮流无解")
        return LoopTest(
            grid.switch_id(switch), (*checks, LoopCheck("loading", False, None, rules.row("loop.loading"), text))
        )
    closing = Closing(grid, switch, ends, supply_tree, ring(supply_tree, *ends), apart, together)
    return LoopTest(grid.switch_id(switch), (*checks, *closing.checks(rules)), closing.loop_a_max)


def _documents(
    grid: Grid,
    supply_tree: Tree,
    switch: int,
    ends: tuple[int, int],
    book: Rulebook,
    minutes: float | None,
) -> Iterator[LoopCheck]:
    """What stands in records, before anything is computed."""
    live = all(supply_tree.live(node) for node in ends)
    missing: tuple[int, ...] = () if grid.switch_phased[switch] else (switch,)
    missing += ring(supply_tree, *ends).unphased(grid) if live else ()
    names = ", ".join(grid.switch_id(each) for each in missing)
    words = (
        (f"no phase record at {names}", f"{names} 无核相记录") if missing else ("phase records present", "核相记录齐全")
    )
    yield LoopCheck("phased", not missing, None, None, Text(*words))
    same = live and (
        supply_tree.source[ends[0]] == supply_tree.source[ends[1]] or book.value("loop.across_sources") == 1.0
    )
    words = (
        ("both sides hang on one system", "两侧属同一系统")
        if same
        else ("both sides hang on different systems", "两侧不属同一系统")
    )
    yield LoopCheck("same_system", same, None, book.row("loop.across_sources"), Text(*words))
    shift = book.row("loop.shift")
    hours = supply_tree.hours_apart(*ends) if live else 0
    degrees = 30.0 * min(hours, 12 - hours)
    text = Text(f"vector groups of both paths differ by {degrees:.0f}°", f"两侧联结组别相差 {degrees:.0f}°")
    yield LoopCheck("shift", shift.holds(degrees), degrees, shift, text)
    if minutes is not None:
        row = book.row("loop.max_time")
        text = Text(f"joined for {minutes:.0f} min", f"合环 {minutes:.0f} 分钟")
        yield LoopCheck("time", row.holds(minutes), minutes, row, text)


def _quiet(flows: StateFlows, closed: Bools, switch: int, disturbed: Disturbed) -> LoopCheck:
    """No earth fault and a normal neutral on both sides, as far as anybody said so."""
    if disturbed is None:
        text = Text(
            "earth faults and neutral not known: confirm with the dispatcher", "接地故障及中性点方式未知：须向调度确认"
        )
        return LoopCheck("undisturbed", True, None, None, text, known=False)
    grid, feeder = flows.grid, flows.supply(closed).feeder
    sides = {int(feeder[section]) for section in (grid.switch_section_from[switch], grid.switch_section_to[switch])}
    here = sorted({str(grid.feeder_ids[side].as_py()) for side in sides if side >= 0} & set(disturbed))
    words = (
        (f"abnormal: {', '.join(here)}", f"异常：{'、'.join(here)}")
        if here
        else ("no earth fault, normal neutral, as told", "据告知无接地故障，中性点方式正常")
    )
    return LoopCheck("undisturbed", not here, None, None, Text(*words))


@dataclass(frozen=True)
class Closing:
    """A tie between two solved states: `apart` with it open, `together` with it closed; columns are the flows' own."""

    grid: Grid
    switch: int
    ends: tuple[int, int]
    supply_tree: Tree
    ring: Ring
    apart: Flow
    together: Flow

    @property
    def kv(self) -> float:
        """Nominal voltage at the tie."""
        return float(self.grid.nominal_kv[self.ends[0]])

    def voltages_kv(self) -> tuple[Complexes, Complexes]:
        """Voltages on both sides with the tie open, per scenario."""
        one, other = (voltage(self.apart, node) * self.kv for node in self.ends)
        return one, other

    @property
    def loop_a(self) -> Complexes:
        """Loop current from the from side to the to side, by the formula, per scenario."""
        one, other = self.voltages_kv()
        impedance = self.ring.ohm(self.kv)
        if impedance == 0:
            return np.where(np.isclose(one, other), 0j, np.inf + 0j)
        return np.asarray((one - other) * 1000 / (np.sqrt(3) * impedance))

    @property
    def loop_a_max(self) -> float:
        """The largest loop current."""
        return float(np.abs(self.loop_a).max())

    def superposed(self) -> Iterator[tuple[int, int, Floats]]:
        """Every branch around the ring, its end nearer the tie, and load plus loop current there, per scenario."""
        for path, node, sign in ((self.ring.one, self.ends[0], 1.0), (self.ring.other, self.ends[1], -1.0)):
            nodes = self.supply_tree.nodes(node)
            for below, branch in zip(nodes, path, strict=False):
                load_a = branch_current_a(self.grid, self.apart, branch, toward=below)
                turn = np.exp(1j * np.deg2rad(30.0 * (self.supply_tree.hours(node) - self.supply_tree.hours(below))))
                loop_a = sign * self.loop_a * turn * self.kv / float(self.grid.nominal_kv[below])
                yield branch, below, np.abs(load_a + loop_a)

    # ------------------------------------------------------------------------------------------------ checks
    def checks(self, book: Rulebook) -> Iterator[LoopCheck]:
        """Voltage, angle, currents; nan where a flow has no solution, which passes nothing."""
        one, other = self.voltages_kv()
        difference = float((np.abs(np.abs(one) - np.abs(other)) / self.kv * 100).max())
        row, hard = book.row("loop.dU"), book.row("loop.dU_hard")
        text = Text(f"voltage difference {difference:.2f} %", f"电压差 {difference:.2f} %")
        yield LoopCheck("dU", row.holds(difference) and hard.holds(difference), difference, row, text)
        angle = float(np.abs(np.rad2deg(np.angle(one / other))).max())
        row = book.row("loop.dDelta")
        yield LoopCheck(
            "dDelta", row.holds(angle), angle, row, Text(f"angle difference {angle:.2f}°", f"相角差 {angle:.2f}°")
        )
        yield self._steady(book)
        yield self._pickup(book)
        yield self._inrush(book)

    def _steady(self, book: Rulebook) -> LoopCheck:
        """Loop plus load current below the rating of every element: by vectors around the ring, and by the closed flow."""
        rated, row = electrical(self.grid).rated_a, book.row("loop.loading")
        rated_at = [
            (branch, float(amps.max()) / self._rating_a(branch, node)) for branch, node, amps in self.superposed()
        ]
        around = list(dict.fromkeys((*self.ring.one, *self.ring.other, self.grid.first_switch + self.switch)))
        columns = np.searchsorted(self.together.branches, around)
        judged = (self.together.branch_a[:, columns] / rated[around]).max(axis=0)
        worst = max([*rated_at, *zip(around, judged.tolist(), strict=True)], key=_nan_first)
        name = branch_id(self.grid, worst[0])
        text = Text(
            f"loop and load current reach {worst[1] * 100:.0f} % at {name}",
            f"{name} 合环后负载率 {worst[1] * 100:.0f} %",
        )
        return LoopCheck("loading", row.holds(worst[1]), worst[1], row, text)

    def _rating_a(self, branch: int, node: int) -> float:
        """The rating of a branch, at the voltage of one of its ends."""
        ratio = self.grid.nominal_kv[self.grid.branch_from[branch]] / self.grid.nominal_kv[node]
        return float(electrical(self.grid).rated_a[branch] * ratio)

    def _heads(self) -> list[tuple[int, float, float]]:
        """Feeder heads on the ring: branch, closed-loop current, rating (of the head, else the weakest line on its path)."""
        rated, heads = electrical(self.grid).rated_a, set(self.grid.feeder_head.tolist())
        found = []
        for path in (self.ring.one, self.ring.other):
            weakest = min((float(rated[branch]) for branch in path if branch < self.grid.n_lines), default=np.inf)
            for branch in path:
                if branch - self.grid.first_switch in heads:
                    column = int(np.searchsorted(self.together.branches, branch))
                    rating = float(rated[branch]) if np.isfinite(rated[branch]) else weakest
                    found.append((branch, float(self.together.branch_a[:, column].max()), rating))
        return found

    def _pickup(self, book: Rulebook) -> LoopCheck:
        """Closed-loop current below the overcurrent pickup of the feeder heads, with its margin."""
        row, times = book.row("loop.pickup_margin"), book.value("loop.pickup")
        margins = [times * rating / current if current > 0 else np.inf for _, current, rating in self._heads()]
        least = min(margins, default=np.inf)
        text = Text(f"protection pickup is {least:.2f} times the current", f"保护定值为合环电流的 {least:.2f} 倍")
        return LoopCheck("pickup", row.holds(least), None if np.isinf(least) else least, row, text)

    def _inrush(self, book: Rulebook) -> LoopCheck:
        """Inrush on top of load current below the instantaneous pickup of the feeder heads."""
        row, factor = book.row("loop.instantaneous"), book.value("loop.inrush")
        worst = 0.0
        for branch, current, rating in self._heads():
            below = int(self.grid.branch_to[branch])
            load_a = float(np.abs(branch_current_a(self.grid, self.apart, branch, toward=below)).max())
            peak = load_a + factor * self.loop_a_max * self.kv / float(self.grid.nominal_kv[below])
            worst = max(worst, max(peak, current) / rating)
        text = Text(
            f"inrush reaches {worst:.2f} times the rating of a feeder head", f"合环冲击电流为出线额定的 {worst:.2f} 倍"
        )
        return LoopCheck("inrush", worst < row.value, worst, row, text)


def _nan_first(item: tuple[int, float]) -> float:
    return np.inf if np.isnan(item[1]) else item[1]


def branch_current_a(grid: Grid, flow: Flow, branch: int, *, toward: int) -> Complexes:
    """The current of a branch flowing to its end `toward`, as a vector in the frame of that end, per scenario."""
    one, other = int(grid.branch_from[branch]), int(grid.branch_to[branch])
    base_a = BASE_KVA / (np.sqrt(3) * float(grid.nominal_kv[toward]))
    if branch >= grid.first_switch:
        column = int(np.flatnonzero(flow.switches == branch - grid.first_switch)[0])
        power = flow.switch_kw[:, column] + 1j * flow.switch_kvar[:, column]
        sign = 1.0 if toward == other else -1.0
        return np.asarray(sign * np.conj(power / BASE_KVA / voltage(flow, toward)) * base_a)
    wires = electrical(grid)
    series = 1.0 / complex(wires.r_pu[branch], wires.x_pu[branch])
    turn = np.exp(-1j * np.deg2rad(wires.shift_deg[branch]))
    inner, outer = voltage(flow, one) / wires.ratio[branch] * turn, voltage(flow, other)
    half = complex(wires.end_g_pu[branch], wires.end_b_pu[branch])
    if toward == other:
        return np.asarray(((inner - outer) * series - half * outer) * base_a)
    back = (outer - inner) * series - half * inner
    return np.asarray(back / wires.ratio[branch] / turn * base_a)


def voltage(flow: Flow, node: int) -> Complexes:
    """Voltage of a node as a vector, per scenario; nan where it is dead."""
    place = int(flow.place[np.searchsorted(flow.nodes, node)])
    if place < 0:
        return np.full(flow.scenarios, np.nan + 0j)
    return np.asarray(flow.place_re[:, place] + 1j * flow.place_im[:, place])


@dataclass(frozen=True)
class HotTies:
    """Loop tests asked for on the way of a ticket, each made once."""

    flows: StateFlows
    disturbed: Disturbed = None
    known: dict[tuple[bytes, int], LoopTest] = field(default_factory=dict)

    def test(self, at: Scene, state: State, switch: int) -> LoopTest:
        """The test of a tie in a state."""
        closed = at.positions(state)
        key = (closed.tobytes(), switch)
        if key not in self.known:
            self.known[key] = tested(self.flows, closed, switch, rules=at.rules, disturbed=self.disturbed)
        return self.known[key]

    def __call__(self, at: Scene, state: State, switch: int) -> tuple[Finding, ...]:
        """Why the tie may not be closed hot; empty when it may."""
        return self.test(at, state, switch).failed
