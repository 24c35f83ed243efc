"""The network core beside its peers: who hangs under a switch, who has supply, one operation, loading from the store.

Networks are made up, of the size of a province (1 M and 10 M nodes). Peers that cannot bear that size are measured on a
smaller one, which favours them, and the name says so: what they need grows with the network, what we need does not.
"""

import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numba
import numpy as np

from bench import grid_peers
from bench.harness import Fresh, Measurement, benchmark, fresh_process, measured, seconds_of
from everlit.grid import Grid, Live, compile_network, energised_nodes, supply, under
from everlit.grid.store import save_network, stored_network
from everlit.grid.synthetic import reference_utility
from everlit.platform.database import migrate, open_engine, reading, sqlite_url, writing
from everlit.platform.events import Actor

CUSTOMERS_PER_NODE = 1_100_000 / 1_317_057
SIZES = {"1 M": 1_000_000, "10 M": 10_000_000}


def made(nodes: int) -> Grid:
    """A compiled network of about that many nodes."""
    customers = int(nodes * CUSTOMERS_PER_NODE)
    return compile_network(reference_utility(1, customers=customers, feeders=max(4, customers // 1100)))


def mixed_state(grid: Grid) -> Any:
    """The normal state with fifty switches opened and fifty ties closed, by chance."""
    rng, closed = np.random.default_rng(1), grid.switch_normal_closed.copy()
    opened = rng.choice(np.flatnonzero(closed), 50, replace=False)
    joined = rng.choice(np.flatnonzero(~closed), 50, replace=False)
    closed[opened], closed[joined] = False, True
    return closed


@benchmark("grid.trace")
def trace() -> Iterator[Measurement]:
    """Who hangs under a switch, who has supply, one switch operated: at 1 M and 10 M nodes."""
    searching = fresh_process("bench.grid:searching_peers").answer
    for size, nodes in SIZES.items():
        got = fresh_process("bench.grid:traced", nodes, size == "1 M").answer
        yield from counts(size, got, searching)
        yield from whole_city(size, got)
        yield from one_switch(size, got)


def counts(size: str, got: dict[str, Any], searching: dict[str, Any]) -> Iterator[Measurement]:
    """The rows of one count, each beside a peer that searches the network for it."""
    name, unit = f"who hangs under a switch, {size} nodes", "µs"
    for peer, least in (("power-grid-model-ds", 1_000), ("pandapower", 100_000)):
        theirs = searching[peer]
        yield measured(
            f"{name} (peer at {theirs['nodes']:,})", got["under_us"], unit, at_most=10,
            peer=peer, peer_value=theirs["us"], peer_needs_at_least=least,
        )  # fmt: skip
    yield measured(f"{name}, in any state", got["under_any_us"], unit, at_most=10)


def whole_city(size: str, got: dict[str, Any]) -> Iterator[Measurement]:
    """The rows of "energised for all nodes"."""
    name, ours = f"energised for all nodes, {size}", got["energised_ms"]
    yield measured(name, ours, "ms", peer="bare pass", peer_value=got["bare_pass_ms"], of_peer_at_most=3)
    fastest = min(got["peers_ms"], key=got["peers_ms"].get)
    others = ", ".join(f"{peer} {ms:,.0f}" for peer, ms in sorted(got["peers_ms"].items()))
    yield measured(
        f"{name} (ms: {others})", ours, "ms", peer=fastest, peer_value=got["peers_ms"][fastest], peer_needs_at_least=50
    )
    yield measured(f"{name}, half of all switches moved", got["shuffled_ms"], "ms")
    yield measured(f"supply forest with loops, feeders and counts, {size} nodes", got["supply_ms"], "ms")


def one_switch(size: str, got: dict[str, Any]) -> Iterator[Measurement]:
    """The rows of one operation."""
    yield measured(
        f"one feeder after a switch, {size} nodes, median of all heads", got["operate_us"], "µs", at_most=100
    )
    yield measured(f"one feeder after a switch, {size} nodes, 99th of 100", got["operate_p99_us"], "µs", at_most=100)


# ------------------------------------------------------------------------------ in a process of its own


def traced(nodes: int, all_peers: bool) -> dict[str, Any]:
    """All figures of one size; graph peers get a graph already built for the state that is asked about."""
    grid = made(nodes)
    switches = np.random.default_rng(2).integers(0, grid.n_switches, 1000).tolist()
    normal = supply(grid, grid.switch_normal_closed)
    state = mixed_state(grid)
    shuffled = np.random.default_rng(3).random(grid.n_switches) < 0.5
    parent, flags, out = grid.node_parent, energised_nodes(grid, state), np.empty(grid.n_nodes, np.bool_)
    wanted = flags.copy()
    operate = operations(grid)
    return {
        "nodes": grid.n_nodes,
        "under_us": each(lambda switch: under(grid, switch), switches),
        "under_any_us": each(normal.under, switches),
        "energised_ms": 1e3 * seconds_of(lambda: energised_nodes(grid, state)),
        "shuffled_ms": 1e3 * seconds_of(lambda: energised_nodes(grid, shuffled)),
        "bare_pass_ms": 1e3 * seconds_of(lambda: bare_pass(parent, flags, out)),
        "supply_ms": 1e3 * seconds_of(lambda: supply(grid, state), rounds=3),
        "operate_us": float(np.median(operate)),
        "operate_p99_us": float(np.percentile(operate, 99)),
        "peers_ms": grid_peers.energised_ms(grid, state, wanted, everyone=all_peers),
    }


def each(function: Callable[[int], object], values: list[int]) -> float:
    """Microseconds per call, median of seven rounds over the values."""

    def around() -> None:
        for value in values:
            function(value)

    return 1e6 * seconds_of(around) / len(values)


def operations(grid: Grid) -> Any:
    """Microseconds of every single operation: each feeder's head opened and closed again."""
    live = Live(grid)
    took: list[float] = []
    for round_ in range(2):  # the first round warms up
        took = []
        for head in grid.feeder_head.tolist():
            for close in (False, True):
                began = time.perf_counter()
                live.operate(head, close=close)
                took.append(1e6 * (time.perf_counter() - began))
        assert live.energised.all() or round_ == 0
    return np.array(took)


@numba.njit(cache=True)
def bare_pass(parent: Any, flags: Any, out: Any) -> None:
    """Read what a pass over the forest must read, write what it must write, decide nothing."""
    for node in range(len(parent)):
        out[node] = flags[node] & (parent[node] >= -1)


def searching_peers() -> dict[str, Any]:
    """Microseconds of one count by peers that search the network, each on one it can bear."""
    large, small = made(1_000_000), made(100_000)
    return {
        "power-grid-model-ds": {"nodes": large.n_nodes, "us": grid_peers.power_grid_model_ds_us(large)},
        "pandapower": {"nodes": small.n_nodes, "us": grid_peers.pandapower_us(small)},
    }


# -------------------------------------------------------------------------------------------- compile


@benchmark("grid.compile")
def compile_from_store() -> Iterator[Measurement]:
    """Load and compile 1.3 M nodes with 1.1 M customers from the store, in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        fresh_process("bench.grid:fill_store", folder)
        fresh_process("bench.grid:load_and_compile", folder)  # warms the compiled kernels and the file cache
        got: Fresh = fresh_process("bench.grid:load_and_compile", folder)
        size = f"{got.answer['nodes']:,} nodes with {got.answer['customers']:,} customers"
        whole = fresh_process("bench.grid:read_bytes", folder)
    yield measured(
        f"compile {size} from the store", got.answer["seconds"], "s", at_most=20,
        peer="reading its bytes", peer_value=whole.answer["seconds"],
    )  # fmt: skip
    yield measured(f"memory of that, {size}", got.peak_bytes / 1e9, "GB", at_most=2)


def fill_store(folder: str) -> None:
    """Keep the reference utility in a SQLite store."""
    engine = open_engine(sqlite_url(Path(folder)))
    migrate(engine)
    with writing(engine) as connection:
        save_network(
            connection, reference_utility(1), actor=Actor("bench", "planner"), at=datetime(2026, 1, 1, tzinfo=UTC)
        )


def load_and_compile(folder: str) -> dict[str, Any]:
    """From the store to arrays, with the supply forest of the normal state."""
    began = time.perf_counter()
    with reading(open_engine(sqlite_url(Path(folder)))) as connection:
        network = stored_network(connection, "reference-1100000")
    grid = compile_network(network)
    fed = supply(grid, grid.switch_normal_closed)
    assert fed.energised.all()
    return {"nodes": grid.n_nodes, "customers": len(grid.consumer_node), "seconds": time.perf_counter() - began}


def read_bytes(folder: str) -> dict[str, Any]:
    """Only read the stored columns."""
    path = sqlite_url(Path(folder)).removeprefix("sqlite:///")
    began = time.perf_counter()
    with sqlite3.connect(path) as connection:
        size = sum(len(row[0]) for row in connection.execute("SELECT parquet FROM network_tables"))
    return {"bytes": size, "seconds": time.perf_counter() - began}
