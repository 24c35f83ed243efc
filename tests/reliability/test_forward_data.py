"""The table of failure rates: what it may say, and that a network without it stays what it was."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from everlit.grid import compile_network, load_network
from everlit.grid.export import write_network
from everlit.grid.synthetic import random_network
from everlit.grid.validate import validate_tables
from everlit.kernel import Severity
from everlit.reliability.failure_data import average_load_kw
from everlit.reliability.forward import forward
from tests.reliability.forward_networks import rates, with_tables

GOOD = {"equipment_id": "l1", "failures_per_year": 0.1}
LINE_AND_SWITCH = [
    ([{"equipment_id": "nobody"}], "ref.dangling", "equipment_id"),
    ([GOOD, GOOD], "id.duplicate", "equipment_id"),
    ([{"equipment_id": None}], "value.missing", "equipment_id"),
    ([GOOD | {"failures_per_year": -1.0}], "value.range", "failures_per_year"),
    ([GOOD | {"repair_h": float("inf")}], "value.finite", "repair_h"),
    ([GOOD | {"spare": True}], "value.missing", "replace_h"),
    ([{"equipment_id": "n1", "repair_h": 1.0}], "ref.dangling", "equipment_id"),
]
UNUSED = [({"equipment_id": "s1", "repair_h": 1.0}, "repair_h"), (GOOD | {"operate_h": 1.0}, "operate_h")]


def checked(rows):
    network = random_network(3)
    return validate_tables({**network.tables, "failure_rates": rates(rows)}, {"name": "n"})


@pytest.mark.parametrize(("rows", "kind", "column"), LINE_AND_SWITCH)
def test_bad_rows_are_refused_with_their_place(rows, kind, column):
    report = checked(rows)
    (found,) = [finding for finding in report.errors if finding.evidence.get("table") == "failure_rates"]
    assert (found.kind, found.evidence["column"]) == (kind, column)
    assert found.evidence["row"] == len(rows)
    assert report.network is None


@pytest.mark.parametrize(("row", "column"), UNUSED)
def test_a_value_that_means_nothing_there_is_said_to_be_unused(row, column):
    report = checked([row])
    (found,) = [finding for finding in report.findings if finding.kind == "rate.unused"]
    assert found.evidence["column"] == column
    assert found.severity is Severity.WARNING
    assert report.valid


def test_without_rows_nothing_changes_and_with_rows_it_does():
    network = random_network(3)
    without = {name: table for name, table in network.tables.items() if name != "failure_rates"}
    report = validate_tables(without, {"name": network.name})
    assert report.network is not None
    assert report.network.fingerprint == network.fingerprint
    assert with_tables(network, failure_rates=rates([GOOD])).fingerprint != network.fingerprint


def test_it_comes_back_as_it_was_written(tmp_path):
    network = load_network("rbts2")
    assert load_network(write_network(network, tmp_path / "rbts2")).fingerprint == network.fingerprint


def test_a_network_kept_before_the_table_existed_is_calculated_all_the_same():
    network = random_network(3)
    old = replace(network, tables={name: table for name, table in network.tables.items() if name != "failure_rates"})
    ours, theirs = forward(compile_network(old)), forward(compile_network(network))
    np.testing.assert_array_equal(ours.hours, theirs.hours)


def test_the_average_load_is_that_of_the_shape_and_never_generation():
    network = random_network(3, profiles=True)
    consumers = network.tables["consumers"].to_pylist()
    consumers[0]["p_kw"] = -5.0
    network = with_tables(network, consumers=pa.Table.from_pylist(consumers, network.tables["consumers"].schema))
    shapes = network.tables["profiles"].to_pandas().groupby("profile_id").p_factor.mean()
    expected = [max(row["p_kw"] * (shapes[row["profile_id"]] if row["profile_id"] else 1.0), 0.0) for row in consumers]
    assert average_load_kw(compile_network(network)) == pytest.approx(expected)
