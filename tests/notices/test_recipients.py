"""Exactly the households concerned: what is queued equals an independent trace over the steps of the plan."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select

from everlit.customers.fictional import fictional_customers
from everlit.customers.store import accounts as account_table
from everlit.grid import compile_network
from everlit.grid.synthetic import random_network
from everlit.kernel import Period, Text, utc
from everlit.notices.channel import Kind
from everlit.notices.model import Happening, seconds
from everlit.notices.recipients import Place, groups_of, spans_told, widened
from everlit.notices.store.tables import outbox, spans
from everlit.planning.affected import affected, households_json
from everlit.planning.policies import DEFAULT_POLICIES
from everlit.planning.switching_plan import plan_switching
from everlit.platform.database import reading, writing
from everlit.switching import UnableToIsolate
from everlit.switching.step import Action
from tests.notices.town import WHO, Town

DAY = Period(utc("2031-05-20T08:00+08:00"), utc("2031-05-20T16:00+08:00"))


def plan_of(grid, rng):
    """A real plan for a random piece of equipment: isolation, transfer, steps out and back. None where none exists."""
    lines = grid.network.tables["lines"].column("line_id").to_pylist()
    nothing = np.zeros((1, len(grid.consumer_node)))
    loads = nothing, nothing
    name = lines[int(rng.integers(len(lines)))]
    try:
        return plan_switching(
            grid, grid.switch_normal_closed, [name], period=DAY, loads=loads, policies=DEFAULT_POLICIES,
            on=DAY.start.date(), seconds=1.0,
        )  # fmt: skip
    except UnableToIsolate:
        return None


def dark_by_walking(grid, plan) -> dict[str, list[tuple[float, float]]]:
    """Dark minutes of every load by networkx: one component search for each state of the path."""
    closed = grid.switch_normal_closed.copy()
    states = [(0.0, closed.copy())]
    for ticket, offset in ((plan.tickets.out, 0.0), (plan.tickets.back, plan.path_min - plan.back_min)):
        for step in ticket.steps:
            if step.action in (Action.OPEN, Action.CLOSE):
                closed[grid.switch(step.device)] = step.action is Action.CLOSE
                states.append((offset + step.at_min, closed.copy()))
    names = grid.network.tables["consumers"].column("consumer_id").to_pylist()
    found: dict[str, list[tuple[float, float]]] = {}
    for (begin, state), (end, _) in zip(states, [*states[1:], (plan.path_min, closed)], strict=True):
        lit = lit_nodes(grid, state)
        for name, node in zip(names, grid.consumer_node.tolist(), strict=True):
            if end > begin and node not in lit:
                found.setdefault(name, []).append((begin, end))
    return found


def lit_nodes(grid, closed) -> set[int]:
    graph = nx.Graph()
    graph.add_nodes_from(range(grid.n_nodes))
    fixed = grid.first_switch
    graph.add_edges_from(zip(grid.branch_from[:fixed].tolist(), grid.branch_to[:fixed].tolist(), strict=True))
    ends = zip(grid.switch_from.tolist(), grid.switch_to.tolist(), strict=True)
    graph.add_edges_from(pair for pair, shut in zip(ends, closed.tolist(), strict=True) if shut)
    return set().union(*(nx.node_connected_component(graph, source) for source in grid.source_nodes.tolist()))


Told = dict[str, tuple[tuple[tuple[int, int], ...], bool]]


def told_by(town, happening) -> Told:
    """Who is told what times, and whether that is certain, read off the outbox."""
    with writing(town.engine) as connection:
        town.notices.announce(connection, happening, actor=WHO)
    query = (
        select(account_table.c.account_id, spans.c.body, outbox.c.certain)
        .join_from(outbox, account_table, account_table.c.account_no == outbox.c.account_no)
        .join(spans, spans.c.span_id == outbox.c.span_id)
    )
    with reading(town.engine) as connection:
        rows = connection.execute(query).all()
    assert len({name for name, *_ in rows}) == len(rows), "somebody is told twice"
    return {name: (tuple((first, last) for first, last in body), sure) for name, body, sure in rows}


def to_be_told(accounts, dark, whole) -> Told:
    """Who has to be told, account by account: where the record is as good as sure it counts alone, else every place with
    its chance; several times make the whole period."""
    found: Told = {}
    for account in accounts:
        places = {account.consumer_id: account.link_probability, **dict(account.possible)}
        if account.link_probability >= 0.9:
            places = {account.consumer_id: 1.0}
        chance = sum(sure for load, sure in places.items() if load in dark)
        times = {widely(dark[load]) for load in places if load in dark}
        if times and chance >= 0.05 - 1e-9:
            found[account.account_id] = (times.pop() if len(times) == 1 else whole, chance >= 0.9 - 1e-9)
    return found


def in_doubt(accounts, loads, rng):
    """A third of the accounts hang somewhere else just as well."""
    for account in accounts:
        if rng.random() < 2 / 3:
            yield account
            continue
        sure = float(rng.choice([0.02, 0.5, 0.7, 0.89, 0.91]))
        others = [name for name in rng.choice(loads, 2, replace=False).tolist() if name != account.consumer_id]
        rest = tuple((name, (1 - sure) / len(others)) for name in others)
        yield replace(account, link_probability=sure, possible=rest)


def compare(town: Town, seed: int) -> tuple[int, int, int]:
    """How many are told, how many of them for less than the longest time, how many with a doubt."""
    grid = compile_network(random_network(seed, feeders=3, nodes=5))
    plan = plan_of(grid, np.random.default_rng(seed))
    if plan is None:
        return 0, 0, 0
    accounts, _ = fictional_customers(grid.network, seed=seed, most_per_load=3)
    loads = grid.network.tables["consumers"].column("consumer_id").to_pylist()
    sure = [replace(account, link_probability=1.0, possible=()) for account in accounts]
    accounts = list(in_doubt(sure, loads, np.random.default_rng(seed)))
    with writing(town.engine) as connection:
        connection.execute(delete(account_table))
        connection.execute(delete(outbox))
    town.people(accounts)
    who = affected(grid, plan.times)
    body = {
        "start": DAY.start.isoformat(),
        "patterns": [list(pattern) for pattern in who.patterns],
        "households": households_json(grid, who),
    }
    words = Text("work", "检修")
    happening = Happening(
        f"O-{seed}", "town", Kind.PLANNED, DAY, groups_of(body, rounding_min=5), words, words, words, "95598"
    )
    told, dark = told_by(town, happening), dark_by_walking(grid, plan)
    assert told == to_be_told(accounts, dark, happening.whole)
    lengths = [sum(last - first for first, last in times) for times, _ in told.values()]
    return len(told), sum(length < max(lengths) for length in lengths), sum(not sure for _, sure in told.values())


def widely(dark) -> tuple[tuple[int, int], ...]:
    """Dark minutes as a plain set of five-minute blocks, put together again."""
    start = seconds(DAY.start)
    blocks = set()
    for begin, end in dark:
        first, last = start + begin * 60, start + end * 60
        blocks.update(range(int(first // 300), int(-(-last // 300))))
    found: list[list[int]] = []
    for block in sorted(blocks):
        if found and found[-1][1] == block * 300:
            found[-1][1] += 300
        else:
            found.append([block * 300, block * 300 + 300])
    return tuple((first, last) for first, last in found)


def test_who_is_told_equals_an_independent_trace(tmp_path) -> None:
    town = Town(f"sqlite:///{tmp_path / 'town.db'}")
    told = [compare(town, seed) for seed in range(120)]
    assert sum(count > 0 for count, *_ in told) >= 100
    assert sum(shorter > 0 for _, shorter, _ in told) >= 20, "transfers that bring some back sooner"
    assert sum(doubtful > 0 for *_, doubtful in told) >= 50


@pytest.mark.long
def test_who_is_told_equals_an_independent_trace_a_thousand_times(tmp_path) -> None:
    town = Town(f"sqlite:///{tmp_path / 'town.db'}")
    told = [compare(town, seed) for seed in range(1_000, 2_300)]
    assert sum(count > 0 for count, *_ in told) >= 1_000


minutes = st.floats(0, 600, allow_nan=False)


@given(
    pattern=st.lists(st.tuples(minutes, st.floats(0.01, 120)), min_size=1, max_size=6),
    grain=st.sampled_from([1, 5, 15]),
)
def test_told_times_cover_the_dark_minutes_and_little_more(pattern, grain) -> None:
    dark, at = [], 0.0
    for gap, length in pattern:
        dark.append((at + gap, at + gap + length))
        at = dark[-1][1] + 0.01
    told = spans_told(DAY.start, dark, rounding_min=grain)
    start = DAY.start
    for begin, end in dark:
        first, last = (start + timedelta(minutes=minute) for minute in (begin, end))
        assert any(a <= first.timestamp() + 1e-3 and last.timestamp() - 1e-3 <= b for a, b in told)
    assert all(a % (grain * 60) == 0 and b % (grain * 60) == 0 and a < b for a, b in told)
    assert all(before[1] < after[0] for before, after in pairwise(told))
    needless = sum(b - a for a, b in told) - sum((end - begin) * 60 for begin, end in dark)
    assert needless <= 2 * grain * 60 * len(dark) + sum(
        max(0.0, min(2 * grain, after[0] - before[1])) * 60 for before, after in pairwise(dark)
    )


def test_an_account_is_as_dark_as_the_places_where_it_may_hang() -> None:
    from everlit.notices.model import Group

    early, late = ((0, 60),), ((30, 90),)
    groups = [Group(early, ("a", "b")), Group(late, ("c",))]
    places = [
        Place(1, "a", 0.5), Place(1, "b", 0.4),  # dark either way: certain
        Place(2, "a", 0.5), Place(2, "c", 0.4),  # certain, but not when: the whole period
        Place(3, "a", 0.04), Place(3, "z", 0.96),  # too unlikely to trouble anybody
        Place(4, "a", 0.06), Place(4, "z", 0.94),
    ]  # fmt: skip
    found = widened(places, groups, whole=((0, 90),), certain=0.9, least=0.05)
    assert [(one.account_no, one.spans, one.certain) for one in found] == [
        (1, early, True), (2, ((0, 90),), True), (4, early, False)
    ]  # fmt: skip
