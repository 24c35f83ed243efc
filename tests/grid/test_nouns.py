"""Rows as things with CIM names; bad fields are refused."""

from dataclasses import FrozenInstanceError

import pytest

from everlit.grid import nouns
from everlit.grid.model import UnableToFindThing
from everlit.grid.nouns import CLASSES, SWITCH_CLASSES, UnableToMakeNoun, noun_of
from everlit.grid.schema import SCHEMA, SWITCH_KINDS, TABLES
from everlit.grid.synthetic import random_network


def test_every_row_of_a_network_is_a_noun_with_its_values():
    network = random_network(5)
    for name, table in network.tables.items():
        for row in table.to_pylist() if name in CLASSES else []:
            noun = network.noun(row[TABLES[name].key])
            assert noun.identity == row[TABLES[name].key]
            assert noun.table == name
            assert {key: getattr(noun, key) for key in row if key != "kind" or name != "switches"} == {
                key: value for key, value in row.items() if key != "kind" or name != "switches"
            }


def test_classes_carry_cim_names():
    assert {table.name: table.cim for table in SCHEMA if table.name in CLASSES} == {
        name: noun.__name__ for name, noun in CLASSES.items()
    }
    assert tuple(SWITCH_CLASSES) == SWITCH_KINDS
    assert all(issubclass(noun, nouns.Switch) for noun in SWITCH_CLASSES.values())


def test_nouns_are_frozen():
    noun = random_network(5).noun("s1")
    assert isinstance(noun, nouns.Breaker)
    with pytest.raises(FrozenInstanceError):
        noun.normal_open = True  # type: ignore[misc]


@pytest.mark.parametrize(
    ("table", "changed"),
    [
        ("nodes", {"nominal_kv": -10.0}),
        ("nodes", {"nominal_kv": float("nan")}),
        ("nodes", {"nominal_kv": "10"}),
        ("nodes", {"node_id": None}),
        ("nodes", {"area_class": 7}),
        ("nodes", {"area_class": True}),
        ("lines", {"kind": "rope"}),
        ("lines", {"length_m": float("inf")}),
        ("switches", {"kind": "lever"}),
        ("switches", {"normal_open": 1}),
        ("consumers", {"households": 1.5}),
        ("usage_points", {"importance": "royal"}),
    ],
)
def test_bad_fields_are_refused(table, changed):
    row = random_network(5).tables[table].to_pylist()[0]
    noun_of(table, row)
    with pytest.raises(UnableToMakeNoun) as refused:
        noun_of(table, row | changed)
    assert refused.value.findings[0].subject == next(iter(changed))


def test_an_unknown_identity_is_refused():
    with pytest.raises(UnableToFindThing):
        random_network(5).noun("nobody")
