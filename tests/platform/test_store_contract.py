"""The storage contract, the same on SQLite and PostgreSQL: atomic, ordered, never half."""

import threading
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, func, insert, inspect, select, text

import everlit.app
from everlit.grid.store import (
    SwitchOperation,
    UnableToFindNetwork,
    list_networks,
    network_tables,
    operations_until,
    record_operations,
    save_network,
    stored_network,
)
from everlit.grid.synthetic import random_network
from everlit.platform.database import (
    MIGRATIONS,
    UnableToMigrate,
    metadata,
    migrate,
    open_engine,
    reading,
    writing,
)
from everlit.platform.events import Actor, events, history, record

PLANNER = Actor("Lin 林", "planner")
NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)
assert everlit.app.App  # importing the application defines every table


@pytest.fixture
def engine(database_url: str) -> Engine:
    engine = open_engine(database_url)
    migrate(engine)
    return engine


def test_migrating_twice_changes_nothing_and_matches_the_tables(engine: Engine) -> None:
    migrate(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_store_of_a_newer_program_is_refused(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UnableToMigrate) as refusal:
        migrate(engine)
    assert [finding.kind for finding in refusal.value.findings] == ["store.newer"]


def test_an_older_store_keeps_its_facts_on_the_way_up_and_down(database_url: str) -> None:
    """What the first schema kept is still there after every later one, and after going back to it."""
    engine = open_engine(database_url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        save_network(connection, random_network(7), actor=PLANNER, at=NOON)
    migrate(engine)
    for _ in ("newest", "first again"):
        with writing(engine) as connection:
            assert [event.actor for event in history(connection)] == [PLANNER]
            assert stored_network(connection, random_network(7).name).fingerprint == random_network(7).fingerprint
            config.attributes["connection"] = connection
            command.downgrade(config, "0001")
    with engine.connect() as connection:
        assert set(inspect(connection).get_table_names()) == {
            "alembic_version", "events", "network_versions", "network_tables", "switch_operations",
        }  # fmt: skip


def test_writers_queue(engine: Engine) -> None:
    """Two planners who each look first and then take the last crew: the second sees that it is gone."""
    taken, started = [], threading.Barrier(2)

    def take(name: str) -> None:
        started.wait(10)
        with writing(engine) as connection:
            if connection.execute(select(func.count()).select_from(events)).scalar_one() == 0:
                time.sleep(0.2)
                record(connection, actor=Actor(name, "planner"), at=NOON, kind="crew.taken", subject="crew/1")
                taken.append(name)

    both = [threading.Thread(target=take, args=(name,)) for name in ("Lin", "Zhou")]
    for one in both:
        one.start()
    for one in both:
        one.join(30)
    assert len(taken) == 1


def test_events_keep_order_actor_and_offset(engine: Engine) -> None:
    with writing(engine) as connection:
        first = record(connection, actor=PLANNER, at=NOON, kind="a.b", subject="s/1", body={"名": 1})
        second = record(connection, actor=PLANNER, at=NOON, kind="a.c", subject="s/2")
    assert first < second
    with reading(engine) as connection:
        [event] = history(connection, subject="s/1")
        assert (event.actor, event.at, event.body) == (PLANNER, NOON, {"名": 1})
        assert [event.seq for event in history(connection, newest=True)] == [second, first]
        assert [event.seq for event in history(connection, after=first)] == [second]


def test_a_failed_transaction_leaves_nothing(engine: Engine) -> None:
    with pytest.raises(RuntimeError), writing(engine) as connection:
        record(connection, actor=PLANNER, at=NOON, kind="a", subject="s")
        raise RuntimeError
    with reading(engine) as connection:
        assert history(connection) == []


def test_a_network_is_kept_whole_and_only_once(engine: Engine) -> None:
    network = random_network(7)
    with writing(engine) as connection:
        assert save_network(connection, network, actor=PLANNER, at=NOON) == 1
    with writing(engine) as connection:
        assert save_network(connection, network, actor=PLANNER, at=NOON) == 1
    with reading(engine) as connection:
        kept = stored_network(connection, network.name)
        assert kept.fingerprint == network.fingerprint
        assert all(kept.tables[name].equals(table) for name, table in network.tables.items())
        [version] = list_networks(connection)
        assert version.counts["nodes"] == network.count("nodes")
        with pytest.raises(UnableToFindNetwork):
            stored_network(connection, "atlantis")


def test_an_import_that_fails_half_way_leaves_no_table(engine: Engine) -> None:
    network = random_network(7)
    with pytest.raises(RuntimeError), writing(engine) as connection:
        save_network(connection, network, actor=PLANNER, at=NOON)
        raise RuntimeError
    with reading(engine) as connection:
        assert list_networks(connection) == []
        assert connection.execute(select(func.count()).select_from(network_tables)).scalar_one() == 0


def test_operations_are_true_when_they_happened_and_known_when_told(engine: Engine) -> None:
    late = SwitchOperation("b1", False, NOON, NOON + timedelta(hours=2))
    early = SwitchOperation("b1", True, NOON - timedelta(hours=1), NOON)
    with writing(engine) as connection:
        record_operations(connection, "n", [late, early], actor=PLANNER, at=NOON)
    with reading(engine) as connection:
        assert operations_until(connection, "n", at=NOON) == [early, late]
        assert operations_until(connection, "n", at=NOON - timedelta(minutes=1)) == [early]
        assert operations_until(connection, "n", at=NOON, known_at=NOON + timedelta(hours=1)) == [early]


def test_an_instant_is_one_instant_whatever_its_offset(engine: Engine) -> None:
    eight_in_shanghai = datetime(2026, 11, 20, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
    operation = SwitchOperation("s", False, eight_in_shanghai, eight_in_shanghai)
    with writing(engine) as connection:
        record_operations(connection, "n", [operation], actor=PLANNER, at=eight_in_shanghai)
    with reading(engine) as connection:
        assert operations_until(connection, "n", at=eight_in_shanghai) == [operation]
        assert operations_until(connection, "n", at=datetime(2026, 11, 20, tzinfo=UTC)) == [operation]
        assert operations_until(connection, "n", at=eight_in_shanghai - timedelta(minutes=1)) == []


def test_writers_queue_instead_of_failing(engine: Engine) -> None:
    def write(start: int) -> None:
        for number in range(start, start + 20):
            with writing(engine) as connection:
                count = connection.execute(select(func.count()).select_from(events)).scalar_one()
                connection.execute(
                    insert(events).values(
                        at=NOON, actor="a", role="r", kind="k", subject=str(number), body={"n": count}
                    )
                )

    writers = [threading.Thread(target=write, args=(start,)) for start in (0, 100)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with reading(engine) as connection:
        assert connection.execute(select(func.count()).select_from(events)).scalar_one() == 40


def test_any_other_database_is_refused() -> None:
    with pytest.raises(ValueError, match="sqlite"):
        open_engine("mysql://x")
