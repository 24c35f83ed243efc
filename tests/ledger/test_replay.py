"""Replayed switching, against the state of every second as networkx sees it."""

from datetime import timedelta

import networkx as nx
import numpy as np
import pytest

from everlit.grid import UnableToFindEquipment, compile_network
from everlit.grid.store import SwitchOperation
from everlit.ledger.columns import epoch_s
from everlit.ledger.replay import Operation, UnableToReplay, replay
from everlit.ledger.roster import roster
from tests.grid.messy import GROUND, messy_grid, node_graph, random_state
from tests.ledger.drawn import NOON, network

START = epoch_s(NOON)


def at(second):
    return NOON + timedelta(seconds=second)


def told(rows):
    columns = (rows.subject, rows.start_s - START, rows.end_s - START)
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


def second_by_second(who, before, operations, until):
    """Intervals of every row of the roster from its state in each second; darkness from the beginning is another's."""
    alive, closed = [], before.copy()
    for second in range(until):
        for one in operations:
            if epoch_s(one.at) - START == second:
                closed[who.grid.switch(one.switch_id)] = one.closed
        component = nx.node_connected_component(node_graph(who.grid, closed), GROUND)
        alive.append(np.array([node in component for node in who.node.tolist()]))
    first = nx.node_connected_component(node_graph(who.grid, before), GROUND)
    found = []
    for row in range(len(who)):
        been, since = int(who.node[row]) in first, None
        for second in range(until):
            live = bool(alive[second][row])
            if live and since is not None:
                found.append((row, since, second))
            since = None if live else (second if been and since is None else since)
            been |= live
        if since is not None:
            found.append((row, since, until))
    return sorted(found)


@pytest.mark.parametrize("seed", range(30))
def test_intervals_are_the_seconds_without_supply(seed):
    grid, rng = messy_grid(seed, nodes=14), np.random.default_rng(seed)
    if not grid.n_switches:
        return
    who, before = roster(grid), random_state(grid, rng)
    seconds = np.sort(rng.integers(0, 12, 8)).tolist()
    operations = [
        Operation(
            grid.switch_id(int(rng.integers(grid.n_switches))),
            bool(rng.random() < 0.5),
            at(second + rng.random() * 0.9),
        )
        for second in seconds
    ]
    operations.sort(key=lambda one: one.at)
    rows = replay(who, before, operations, until=at(14))
    assert told(rows) == second_by_second(who, before, operations, 14)
    assert told(replay(who, before, operations[::-1], until=at(14))) == told(rows)


def test_a_cold_transfer_is_two_interruptions_of_seconds():
    """b goes over to the other feeder, and home again."""
    who = roster(compile_network(network()))
    moves = [("A1", False, 0), ("T", True, 12), ("T", False, 7200), ("A1", True, 7207)]
    operations = [SwitchOperation(switch, closed, at(second), at(9000)) for switch, closed, second in moves]
    rows = replay(who, who.grid.switch_normal_closed, operations)
    names = who.ids.to_pylist()
    assert {(names[row], start, end) for row, start, end in told(rows)} == {("b", 0, 12), ("b", 7200, 7207)}
    assert len(rows) == 4, "the load and the MV unit it is"


def test_what_is_dead_at_the_end_needs_an_end():
    who = roster(compile_network(network()))
    opened = [Operation("A0", False, at(0))]
    with pytest.raises(UnableToReplay, match="still dead"):
        replay(who, who.grid.switch_normal_closed, opened)
    with pytest.raises(UnableToReplay):
        replay(who, who.grid.switch_normal_closed, opened, until=at(0))
    assert {end for _, _, end in told(replay(who, who.grid.switch_normal_closed, opened, until=at(60)))} == {60}


def test_an_unknown_switch_is_refused():
    who = roster(compile_network(network()))
    with pytest.raises(UnableToFindEquipment):
        replay(who, who.grid.switch_normal_closed, [Operation("Z", False, at(0))], until=at(5))
