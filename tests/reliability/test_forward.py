"""The reliability test system to every printed digit, its cases made by changing the network and nothing else."""

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from everlit.grid import compile_network, load_network
from everlit.reliability.forward import forward
from everlit.reliability.forward_effect import with_spares
from everlit.reliability.model import Base
from tests.reliability.forward_networks import rates, with_tables
from tests.reliability.paper import CASES, rows, system, year

EXPECTED = Path(__file__).parents[1] / "cases" / "reliability" / "rbts2" / "expected.csv"
ENDS = ("node_id", "from_node_id", "to_node_id", "hv_node_id", "lv_node_id")


def soldered(network, kind):
    """The network with every switch of that kind replaced by a solid joint."""
    switches = network.tables["switches"]
    gone = pc.equal(switches.column("kind"), kind)
    joints = {row["to_node_id"]: row["from_node_id"] for row in switches.filter(gone).to_pylist()}
    nodes = network.tables["nodes"]
    tables = {
        "nodes": nodes.filter(pc.invert(pc.is_in(nodes.column("node_id"), value_set=pa.array(list(joints))))),
        "switches": switches.filter(pc.invert(gone)),
    }
    for name in ("lines", "switches", "transformers", "consumers"):
        table = tables.get(name, network.tables[name])
        for column in set(ENDS) & set(table.column_names):
            names = [joints.get(node, node) for node in table.column(column).to_pylist()]
            table = table.set_column(table.column_names.index(column), column, pa.array(names, pa.string()))
        tables[name] = table
    return with_tables(network, **tables)


def without_ties(network):
    switches = network.tables["switches"]
    return with_tables(network, switches=switches.filter(pc.invert(switches.column("normal_open"))))


def limited_ties(network, kw):
    own = network.tables["failure_rates"].to_pylist()
    own = [row | ({"transfer_kw": kw} if row["equipment_id"] in ("T12", "T34") else {}) for row in own]
    return with_tables(network, failure_rates=rates(own))


def made(case):
    network = load_network("rbts2")
    if not case.isolators:
        network = soldered(network, "disconnector")
    if not case.fuses:
        network = soldered(network, "fuse")
    if not case.ties:
        network = without_ties(network)
    return with_spares(compile_network(network)) if case.spares else network


def figures(result):
    households = result.promises[Base.HOUSEHOLDS]
    return households.saifi, households.saidi_h, households.caidi_h, result.ens_kwh / 1000


def points(result):
    return {point.consumer_id: (point.failures_per_year, point.hours_per_year) for point in result.load_points}


def agree(found, expected):
    assert found.keys() == expected.keys()
    for point, values in expected.items():
        assert found[point] == pytest.approx(values, rel=1e-12), point


def published():
    with EXPECTED.open(encoding="utf-8") as file:
        return [(row.pop("case"), row) for row in csv.DictReader(file)]


@pytest.mark.parametrize(("case", "printed"), published())
@pytest.mark.parametrize("limited", [True, False])
def test_the_published_figures_to_every_digit(case, printed, limited):
    result = forward(compile_network(made(CASES[case])), limited=limited)
    for value, digits in zip(figures(result), printed.values(), strict=True):
        assert f"{value:.{len(digits.partition('.')[2])}f}" == digits
    assert result.promises[Base.HOUSEHOLDS].customers == sum(int(row["customers"]) for row in rows("loadpoints"))


def test_the_figures_as_printed_in_the_paper():
    network = load_network("rbts2")
    for case, printed in (("A", "case_a"), ("E", "case_e")):
        shown = network.manifest["published"][printed]
        result = figures(forward(compile_network(made(CASES[case]))))
        for value, digits in zip(result, (str(shown[key]) for key in shown), strict=True):
            assert f"{value:.{len(digits.partition('.')[2])}f}" == digits


@pytest.mark.parametrize("name", CASES)
def test_every_case_and_load_point_as_worked_out_by_hand(name):
    result, expected = forward(compile_network(made(CASES[name]))), year(CASES[name])
    agree(points(result), expected)
    assert figures(result) == pytest.approx(system(expected), rel=1e-12)


@pytest.mark.parametrize("kw", [0, 453, 454, 1000, 1149, 1150, 1473, 1474, 2500, 1e6])
@pytest.mark.parametrize("name", ["A", "D"])
def test_a_tie_takes_whole_zones_while_they_fit(name, kw):
    network = limited_ties(made(CASES[name]), float(kw))
    agree(points(forward(compile_network(network))), year(CASES[name], float(kw)))
    agree(points(forward(compile_network(network), limited=False)), year(CASES[name]))


def test_load_points_carry_what_the_indices_are_made_of():
    result = forward(compile_network(load_network("rbts2")))
    households = result.promises[Base.HOUSEHOLDS]
    assert sum(p.households * p.failures_per_year for p in result.load_points) == pytest.approx(
        households.interruptions
    )
    assert sum(p.households * p.hours_per_year for p in result.load_points) == pytest.approx(households.hours)
    assert sum(p.ens_kwh for p in result.load_points) == pytest.approx(result.ens_kwh)
    assert households.asai_percent == pytest.approx(100 * (1 - households.saidi_h / 8760))
    assert all(p.hours_each == pytest.approx(p.hours_per_year / p.failures_per_year) for p in result.load_points)
    assert {p.feeder_id for p in result.load_points} == {"F1", "F2", "F3", "F4"}


def test_a_network_in_which_nothing_can_fail_says_so():
    result = forward(compile_network(load_network("case33")))
    assert [finding.kind for finding in result.findings] == ["forward.nothing_fails"]
    assert result.promises[Base.UNITS].saifi == 0
    assert result.promises[Base.UNITS].caidi_h is None
