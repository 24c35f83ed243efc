"""The published JSON Schema says the same as the validation, and the reference page is made from the schema."""

import jsonschema
import pytest

from everlit.grid.schema import SCHEMA, TABLES, json_schema
from everlit.grid.synthetic import random_network
from scripts.table_format import PAGE, page
from tests.grid.first_feeder import FILES

VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def rows(network):
    return {name: table.to_pylist() for name, table in network.tables.items()}


def test_it_is_a_json_schema():
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("seed", range(5))
def test_valid_networks_match(seed):
    assert not list(VALIDATOR.iter_errors(rows(random_network(seed))))


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("nodes", "nominal_kv", None),
        ("nodes", "nominal_kv", "ten"),
        ("nodes", "nominal_kv", 1e308),
        ("nodes", "node_id", ""),
        ("nodes", "lat_deg", 113.3),
        ("lines", "length_m", -1.0),
        ("lines", "kind", "rope"),
        ("switches", "kind", "Breaker"),
        ("switches", "normal_open", "maybe"),
        ("consumers", "households", 1.5),
        ("usage_points", "importance", "royal"),
    ],
)
def test_what_validation_refuses_the_schema_refuses(table, column, value):
    network = rows(random_network(1))
    network[table][0][column] = value
    assert list(VALIDATOR.iter_errors(network))


def test_every_column_says_what_it_is_in_both_languages_and_its_unit():
    units = {
        "deg",
        "kv",
        "m",
        "ohm",
        "us",
        "a",
        "kva",
        "percent",
        "kw",
        "pu",
        "kvar",
        "min",
        "mva",
        "factor",
        "year",
        "h",
    }
    for table in SCHEMA:
        assert table.meaning.en
        assert table.meaning.zh
        for column in table.columns:
            assert column.meaning.en
            assert column.meaning.zh
            if column.kind.value == "number":
                assert column.name.rpartition("_")[2] in units, column.name
            if column.table:
                assert column.table in TABLES


def test_the_reference_page_is_that_of_the_schema():
    assert PAGE.read_text("utf-8") == page(), "run: python -m scripts.table_format"


def test_the_tutorial_shows_the_feeder_the_tests_use():
    text = (PAGE.parent.parent / "tutorial" / "first-feeder.md").read_text("utf-8")
    for name in ("nodes.csv", "lines.csv", "switches.csv", "transformers.csv", "consumers.csv"):
        assert f"<!-- file: feeder/{name} -->" in text
        assert FILES[name].split("\n")[0].split(",")[0] in text
