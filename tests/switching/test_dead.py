"""Dead intervals against a simulation asked minute by minute, and their invariants."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everlit.grid import compile_network, supply
from everlit.grid.synthetic import random_network
from everlit.switching.dead import dead_intervals
from everlit.switching.step import Action, Step
from tests.switching.sketch import sketch


@dataclass(frozen=True)
class Timed:
    """Switch operations at given minutes."""

    steps: tuple[Step, ...]

    @property
    def minutes(self) -> float:
        return self.steps[-1].at_min if self.steps else 0.0


def timed(*texts: str) -> Timed:
    """Steps as "open s1 @20"."""
    made = []
    for text in texts:
        action, device, minute = text.split()
        made.append(Step(Action(action), device, at_min=float(minute[1:])))
    return Timed(tuple(made))


FEEDER = (
    "S a: b1",
    "a b: s1",
    "b c: s2",
    "c d: t open",
    "R: source",
    "R d: b2",
    "a: load 1",
    "b: load 2 3",
    "c: load 3 4",
)


def by_name(intervals) -> dict[str, list[tuple[float, float]]]:
    return {intervals.grid.section_name(section): rows for section, rows in intervals.by_section().items()}


def test_a_cold_transfer_is_two_short_intervals_and_the_work_one_long_one() -> None:
    grid = sketch(*FEEDER)
    out = timed("open s2 @10", "close t @11", "open s1 @20")
    back = timed("close s1 @5", "open t @8", "close s2 @9.5")
    dead = dead_intervals(grid, grid.switch_normal_closed, out, 120, back)
    assert by_name(dead) == {"sec:b": [(20.0, 145.0)], "sec:c": [(10.0, 11.0), (148.0, 149.5)]}
    assert dead.until_min == 149.5
    assert dead.household_hours == pytest.approx((3 * 125 + 4 * 2.5) / 60)
    assert dead.interruptions[grid.section_of_node[grid.node("c")]] == 2


def test_what_stays_dead_is_dead_to_the_end_and_what_was_dead_before_is_not_counted() -> None:
    grid = sketch("S a: b1", "a b: s1 open", "b: load 1", "a: load 1")
    dead = dead_intervals(grid, grid.switch_normal_closed, timed("open b1 @3", "close s1 @4"), 10)
    assert by_name(dead) == {"sec:a": [(3.0, 14.0)]}


def test_a_section_counts_from_the_first_time_it_was_live() -> None:
    grid = sketch("S a: b1", "a b: s1 open", "b: load 1")
    dead = dead_intervals(grid, grid.switch_normal_closed, timed("close s1 @2", "open s1 @5"), 5)
    assert by_name(dead) == {"sec:b": [(5.0, 10.0)]}


def test_steps_of_the_same_minute_leave_no_empty_interval() -> None:
    grid = sketch(*FEEDER)
    dead = dead_intervals(grid, grid.switch_normal_closed, timed("open s2 @10", "close t @10"), 60)
    assert by_name(dead) == {}
    assert dead.minutes.sum() == 0


def test_no_steps_no_intervals() -> None:
    grid = sketch(*FEEDER)
    assert len(dead_intervals(grid, grid.switch_normal_closed, Timed(()), 60).section) == 0


def test_the_worked_example_of_customer_hours() -> None:
    """34 units dead for 7 h and 50 moved by two ten-minute changeovers: 254.7 unit-hours (domain 3.3)."""
    rows = ["S a: b1", "a b: s1", "b c: s2", "c d: t open", "R: source", "R d: b2"]
    rows += ["b: load 1"] * 34 + ["c: load 1"] * 50
    grid = sketch(*rows)
    out = timed("open s2 @0", "close t @10", "open s1 @10")
    back = timed("close s1 @0", "open t @0", "close s2 @10")
    dead = dead_intervals(grid, grid.switch_normal_closed, out, 7 * 60, back)
    assert dead.unit_hours == pytest.approx(34 * 7 + 50 / 6 * 2) == pytest.approx(254.667, abs=1e-3)


@given(seed=st.integers(0, 500))
def test_equal_to_a_simulation_asked_at_every_half_minute(seed: int) -> None:
    grid = compile_network(random_network(seed, feeders=3, nodes=4))
    rng = np.random.default_rng(seed)
    start = grid.switch_normal_closed
    closed, events, tickets = start.copy(), [], []
    offset = 0.0
    for _ in range(2):
        steps = []
        for minute in np.sort(rng.integers(0, 12, 6)):
            switch = int(rng.integers(grid.n_switches))
            closed[switch] = not closed[switch]
            steps.append(
                Step(Action.CLOSE if closed[switch] else Action.OPEN, grid.switch_id(switch), at_min=float(minute))
            )
            events.append((offset + float(minute), closed.copy()))
        tickets.append(Timed(tuple(steps)))
        offset += steps[-1].at_min + 5.0
    found = dead_intervals(grid, start, tickets[0], 5.0, tickets[1])
    expected = np.zeros((grid.n_sections,), dtype=float)
    ever = supply(grid, start).energised.copy()
    for instant in np.arange(0.25, found.until_min, 0.5):
        state = next((positions for minute, positions in reversed(events) if minute <= instant), start)
        alive = supply(grid, state).energised
        ever |= alive
        dead = ~alive & ever
        expected += dead * 0.5
        told = np.zeros(grid.n_sections, bool)
        told[found.section[(found.from_min <= instant) & (instant < found.to_min)]] = True
        assert np.array_equal(told, dead)
    assert found.minutes == pytest.approx(expected)
    for rows in found.by_section().values():
        assert all(begin < end for begin, end in rows)
        assert all(first[1] < second[0] for first, second in pairwise(rows))
