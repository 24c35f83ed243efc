"""Power flow of the city's whole day: 96 quarter-hours of P90 load, beside power-grid-model on the same input.

Every peer gets what favours it: nodes joined by closed switches already merged, loads already summed per node, columnar
output of only what a flow shows. Its fastest method is measured too, not only the judge's.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from bench.harness import Measurement, benchmark, measured, paired
from everlit.grid import Grid, compile_network, load_network, supply
from everlit.grid.compile import Bools, Floats
from everlit.grid.flow import Flow
from everlit.grid.judge import FREQUENCY_HZ, OUTPUT, Model, judge, model_of
from everlit.grid.sweep import radial_flow
from everlit.kernel import Period, utc
from everlit.metering import forecast, window_loads

DAY = Period(utc("2026-06-05T00:00+08:00"), utc("2026-06-06T00:00+08:00"))
CITY = "urban, 96 quarter-hours"
ROUNDS = 5


class Day(NamedTuple):
    """The city in its normal state and the loads of one working day."""

    grid: Grid
    closed: Bools
    p_kw: Floats
    q_kvar: Floats
    model: Model


@cache
def day() -> Day:
    """Compiled once for all rows."""
    network = load_network("urban")
    grid = compile_network(network)
    loads = window_loads(grid, forecast(network), DAY, "Asia/Shanghai")
    closed = grid.switch_normal_closed
    return Day(grid, closed, loads.p_kw, loads.q_kvar, model_of(grid, closed, loads.p_kw, loads.q_kvar))


def bare(model: Model, method: str) -> Callable[[], Any]:
    """power-grid-model itself: build the model, solve the batch."""
    from power_grid_model import CalculationMethod, PowerGridModel

    def call() -> Any:
        return PowerGridModel(model.input_data, system_frequency=FREQUENCY_HZ).calculate_power_flow(
            update_data=model.update_data,
            calculation_method=CalculationMethod[method],
            error_tolerance=1e-8,
            max_iterations=50,
            output_component_types=OUTPUT,  # type: ignore[arg-type]
            continue_on_batch_error=True,
        )

    return call


@benchmark("power.judge")
def layer() -> Measurement:
    """What our layer adds to the bare power-grid-model call on the same input."""
    city = day()
    ours, theirs = paired(
        lambda: judge(city.grid, city.closed, city.p_kw, city.q_kvar), bare(city.model, "newton_raphson"), rounds=ROUNDS
    )
    peer = "bare power-grid-model call"
    return measured(f"AC judge, {CITY}", ours * 1e3, "ms", peer=peer, peer_value=theirs * 1e3, of_peer_at_most=1.1)


@benchmark("power.sweep")
def sweep() -> Iterator[Measurement]:
    """The radial sweep beside power-grid-model's load batch, and how far the two are apart."""
    city = day()

    def ours() -> Flow:
        return radial_flow(city.grid, city.closed, city.p_kw, city.q_kvar)

    for method in ("newton_raphson", "iterative_current"):
        mine, theirs = paired(ours, bare(city.model, method), rounds=ROUNDS)
        yield measured(
            f"radial sweep, {CITY}", mine * 1e3, "ms", peer=f"power-grid-model batch, {method}",
            peer_value=theirs * 1e3, peer_needs_at_least=5,
        )  # fmt: skip
    apart = np.nanmax(np.abs(ours().voltage_pu - judge(city.grid, city.closed, city.p_kw, city.q_kvar).voltage_pu))
    yield measured(f"radial sweep against the judge, {CITY}", float(apart), "pu", at_most=1e-6)


@benchmark("power.feeders")
def feeders() -> Iterator[Measurement]:
    """Two feeders of the city after a change, the rest held as it was, beside the whole city."""
    city = day()
    base = radial_flow(city.grid, city.closed, city.p_kw, city.q_kvar)
    forest = supply(city.grid, city.closed)
    tie, section = changed_between(city.grid, forest.feeder)
    changed = city.closed.copy()
    changed[tie], changed[forest.parent_switch[section]] = True, False
    touched = forest.feeder[[city.grid.switch_section_from[tie], city.grid.switch_section_to[tie]]]
    sections = np.flatnonzero(np.isin(forest.feeder, touched))

    def part() -> Flow:
        return radial_flow(city.grid, changed, city.p_kw, city.q_kvar, sections=sections, outside=base)

    def whole() -> Flow:
        return radial_flow(city.grid, changed, city.p_kw, city.q_kvar)

    mine, theirs = paired(part, whole, rounds=ROUNDS)
    name = f"two feeders re-solved, {CITY}"
    yield measured(name, mine * 1e3, "ms", peer="whole city", peer_value=theirs * 1e3)
    apart = np.nanmax(np.abs(part().voltage_pu - whole().voltage_pu[:, part().nodes]))
    yield measured(f"two feeders against the whole, {CITY}", float(apart), "pu", at_most=1e-6)


def changed_between(grid: Grid, feeder: Any) -> tuple[int, int]:
    """An open switch between two feeders and the section on one side of it."""
    for switch in np.flatnonzero(~grid.switch_normal_closed):
        one, other = int(grid.switch_section_from[switch]), int(grid.switch_section_to[switch])
        if feeder[one] != feeder[other] and min(feeder[one], feeder[other]) >= 0:
            return int(switch), one
    raise LookupError("no tie between feeders")
