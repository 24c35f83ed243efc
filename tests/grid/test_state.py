"""Positions as of any instant, and as known at any instant."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everlit.grid import UnableToFindEquipment
from everlit.grid.state import earthed, positions
from everlit.kernel import utc
from tests.grid.messy import messy_grid

NOON = utc("2026-03-02T12:00+08:00")


@dataclass(frozen=True)
class Operated:
    switch_id: str
    closed: bool
    at: datetime
    known_at: datetime


def operated(switch, closed, minute, known=None):
    return Operated(switch, closed, NOON + timedelta(minutes=minute), NOON + timedelta(minutes=known or minute))


@given(
    st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.integers(0, 20), st.integers(0, 20))), st.integers(0, 40)
)
def test_positions_are_the_last_operation_known(rows, horizon):
    grid = messy_grid(7, nodes=12)
    switches = [grid.switch_id(index % grid.n_switches) for index, *_ in rows]
    log = [
        operated(switch, closed, at, at + late) for switch, (_, closed, at, late) in zip(switches, rows, strict=True)
    ]
    instant, known = NOON + timedelta(minutes=10), NOON + timedelta(minutes=horizon)
    got = positions(grid, log, at=instant, known_at=known)
    for index in range(grid.n_switches):
        mine = [o for o in log if o.switch_id == grid.switch_id(index) and o.at <= instant and o.known_at <= known]
        newest = max(((o.at, o.known_at) for o in mine), default=None)
        ties = {o.closed for o in mine if (o.at, o.known_at) == newest}
        assert bool(got[index]) in (ties or {bool(grid.switch_normal_closed[index])})


def test_as_known_then_leaves_out_what_was_learnt_later():
    grid = messy_grid(7, nodes=12)
    switch = grid.switch_id(0)
    log = [operated(switch, True, 1), operated(switch, False, 2, known=30), operated(switch, True, 2, known=60)]
    at = NOON + timedelta(minutes=5)
    assert positions(grid, log, at=at, known_at=NOON + timedelta(minutes=10))[0]
    assert not positions(grid, log, at=at, known_at=NOON + timedelta(minutes=40))[0]
    assert positions(grid, log, at=at)[0]
    assert (positions(grid, [], at=at) == grid.switch_normal_closed).all()


def test_earths_are_no_part_of_the_state():
    grid = next(grid for grid in map(messy_grid, range(100)) if len(grid.earth_ids) and grid.n_switches)
    earth = grid.earth_ids[0].as_py()
    log = [operated(earth, True, 1), operated(earth, False, 9)]
    assert np.array_equal(positions(grid, log, at=NOON + timedelta(minutes=5)), grid.switch_normal_closed)
    assert earthed(grid, log, at=NOON) == frozenset()
    assert earthed(grid, log, at=NOON + timedelta(minutes=5)) == {earth}
    assert earthed(grid, log, at=NOON + timedelta(minutes=9)) == frozenset()


def test_an_unknown_switch_is_refused():
    with pytest.raises(UnableToFindEquipment):
        positions(messy_grid(7), [operated("nowhere", True, 1)], at=NOON + timedelta(minutes=5))
