"""The made-up history: the shares of domain rule 2.2 to a few points, the same for a seed, every row good for the importer."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from everlit.grid import compile_network, load_network
from everlit.grid.columns import floats
from everlit.kernel import Period
from everlit.kernel.reading import CHINA
from everlit.ledger.model import Cause, Nature
from everlit.ledger.synthetic import UnableToInventHistory, fictional_interruptions, file_of
from tests.ledger.drawn import EDITOR, Hand, app_on, network

YEARS = 4
WHOLE = Period(datetime(2022, 1, 1, tzinfo=CHINA), datetime(2022 + YEARS, 1, 1, tzinfo=CHINA))


@pytest.fixture(scope="module")
def city():
    return compile_network(load_network("ortenau"))


def test_hours_come_out_as_published(city):
    weights = {
        name: units
        for table, key in (("transformers", "transformer_id"), ("consumers", "consumer_id"))
        for name, units in zip(
            city.network.tables[table].column(key).to_pylist(),
            floats(city.network.tables[table], "mv_units").tolist(),
            strict=True,
        )
    }
    hours = defaultdict[str, float](float)
    for row in fictional_interruptions(city, WHOLE, seed=1).to_pylist():
        lasted = (row["on"] - row["off"]).total_seconds() / 3600
        units_h = lasted * sum(weights.get(name, 0.0) for name in row["subject"].split(";"))
        kind = "fault" if Nature(row["nature"]).fault else "works"
        hours[kind] += units_h
        hours[f"{kind}.{Cause(row['cause']).group}"] += units_h
    a_year = (hours["fault"] + hours["works"]) / sum(weights.values()) / YEARS
    assert a_year == pytest.approx(4 * 0.59, rel=0.25)
    assert hours["fault"] / (hours["fault"] + hours["works"]) == pytest.approx(0.6733, abs=0.05)
    for group, share in (("external_force", 0.2595), ("equipment", 0.2493), ("natural", 0.2236)):
        assert hours[f"fault.{group}"] / hours["fault"] == pytest.approx(share, abs=0.05), group


def test_a_seed_says_everything_and_a_longer_history_begins_like_a_shorter_one(city):
    rows = fictional_interruptions(city, WHOLE, seed=1)
    assert rows.equals(fictional_interruptions(city, WHOLE, seed=1))
    assert not rows.equals(fictional_interruptions(city, WHOLE, seed=2))
    half = Period(WHOLE.start, datetime(2023, 6, 30, tzinfo=CHINA))
    shorter = fictional_interruptions(city, half, seed=1).to_pylist()
    assert shorter == [row for row in rows.to_pylist() if row["event_id"] in {one["event_id"] for one in shorter}]
    assert all(half.start <= row["off"] < row["on"] <= half.end for row in shorter)


def test_the_importer_finds_nothing_wrong_with_it(tmp_path):
    app = app_on(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path, Hand())
    past = Period(datetime(2024, 1, 1, tzinfo=UTC), app.clock())
    rows = fictional_interruptions(app.grid("drawn"), past, seed=3)
    done = app.ledger.import_file("drawn", file_of(rows), actor=EDITOR, name="fictional.parquet")
    assert done.clean and list(done.findings()) == []
    assert done.recording.statements == len(set(rows["event_id"].to_pylist()))
    assert app.ledger.events("drawn", past)


def test_a_network_without_customers_is_refused():
    drawn = network(gone=("a", "b", "c", "home 1", "home 2"))
    bare = replace(drawn, tables={**drawn.tables, "transformers": drawn.tables["transformers"].slice(0, 0)})
    empty = compile_network(bare)
    with pytest.raises(UnableToInventHistory):
        fictional_interruptions(empty, WHOLE)
