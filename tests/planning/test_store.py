"""The planning store, the same on SQLite and PostgreSQL: exact, versioned, searched by columns."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine

from everlit.kernel import Hardness, Period, Policy, Text
from everlit.planning import store
from everlit.planning.lifecycle import package
from everlit.planning.model import Budget, ProtectedPeriod, State
from everlit.planning.store import FiledRequest, UnableToRecord
from everlit.platform.database import metadata, migrate, open_engine, reading, writing
from tests.planning.drawn import NOON, request

DAY = timedelta(days=1)


@pytest.fixture
def engine(database_url: str) -> Engine:
    engine = open_engine(database_url)
    migrate(engine)
    return engine


def outage(identity="O1", start=NOON, **changes):
    made = package(
        identity,
        network="n",
        request_ids=["R1"],
        equipment_ids=["lb"],
        period=Period(start, start + timedelta(hours=4)),
    )
    return replace(made, **changes)


def test_the_migration_makes_the_tables_as_declared(engine):
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    ours = {table.name for table in store.TABLES}
    assert [one for one in differences if any(name in str(one) for name in ours)] == []


def test_requests_come_back_as_they_went_in(engine):
    one = FiledRequest("n", request("R1", submitted_at=NOON, live_line_possible=True), State.SUBMITTED)
    with writing(engine) as connection:
        store.file_request(connection, one)
        store.file_request(connection, FiledRequest("other", request("R1"), State.DRAFT))
    with reading(engine) as connection:
        assert store.find_request(connection, "n", "R1") == one
        assert store.find_request(connection, "n", "R2") is None
        assert store.filed_requests(connection, "n") == [one]
        assert store.filed_requests(connection, "n", states=[State.DRAFT]) == []
        window = one.request.window
        assert store.filed_requests(connection, "n", during=window) == [one]
        assert store.filed_requests(connection, "n", during=Period(window.end, window.end + DAY)) == []


def test_the_second_of_two_writers_is_refused(engine):
    one = FiledRequest("n", request("R1"), State.SUBMITTED)
    with writing(engine) as connection:
        store.file_request(connection, one)
    with writing(engine) as connection:
        after = store.change_request(connection, replace(one, state=State.ASSESSED))
    assert after.version == 2
    with pytest.raises(UnableToRecord), writing(engine) as connection:
        store.change_request(connection, replace(one, state=State.CANCELLED))
    with reading(engine) as connection:
        found = store.find_request(connection, "n", "R1")
    assert found is not None and found.state is State.ASSESSED


def test_outages_by_time_and_state(engine):
    first, second = outage("O1"), outage("O2", start=NOON + DAY, state=State.APPROVED, units=("east",))
    with writing(engine) as connection:
        store.open_outage(connection, second)
        store.open_outage(connection, first)
    with reading(engine) as connection:
        assert store.outages(connection, "n") == [first, second]
        assert store.outages(connection, "n", states=[State.APPROVED]) == [second]
        assert store.outages(connection, "n", during=Period(first.period.end, second.period.start)) == []
        assert store.outages(connection, "m") == []
    with writing(engine) as connection:
        store.change_outage(connection, replace(first, version=2, reason="moved"), made_on=1)
    with pytest.raises(UnableToRecord), writing(engine) as connection:
        store.change_outage(connection, replace(first, version=2, reason="other"), made_on=1)
    with reading(engine) as connection:
        found = store.find_outage(connection, "O1")
    assert found is not None and found.reason == "moved"


def test_assessments_are_kept_for_ever_and_the_newest_is_found(engine):
    with writing(engine) as connection:
        given = {"network": "n", "subject": "outage:O1", "at": NOON}
        first = store.keep_assessment(connection, fingerprint="a" * 64, body={"名": [1.5]}, **given)
        second = store.keep_assessment(connection, fingerprint="b" * 64, body={}, **given)
    with reading(engine) as connection:
        assert store.find_assessment(connection, subject="outage:O1").identity == second
        found = store.find_assessment(connection, identity=first)
        assert found.body == {"名": [1.5]} and found.at == NOON
        assert store.find_assessment(connection, fingerprint="a" * 64).identity == first
        assert store.find_assessment(connection, subject="outage:O9") is None


def test_plans_of_a_month(engine):
    with writing(engine) as connection:
        store.keep_plan(connection, network="n", month="2026-06", at=NOON, body={"n": 1})
        newest = store.keep_plan(connection, network="n", month="2026-06", at=NOON, body={"n": 2})
    with reading(engine) as connection:
        found = store.find_plan(connection, "n", "2026-06")
        assert found.identity == newest and found.body == {"n": 2}
        assert store.find_plan(connection, "n", "2026-07") is None


def test_budgets_calendar_rules_and_plans(engine):
    exam = ProtectedPeriod("exam", Text("exam", "考试"), Period(NOON, NOON + DAY), ("east",))
    row = Policy(
        "notice.planned",
        9,
        "d",
        ">=",
        Text("a", "甲"),
        Hardness.LEGAL,
        valid_from=date(2026, 1, 1),
        valid_to=date(2027, 1, 1),
    )
    with writing(engine) as connection:
        for _ in range(2):
            store.keep_budget(connection, "n", Budget("east", "2026-06", 120.0))
            store.keep_protected(connection, "n", [exam])
            store.keep_policy(connection, row)
            store.keep_emergency_plan(connection, "n", "hospital", at=NOON)
    with reading(engine) as connection:
        assert store.budgets(connection, "n", "2026-06") == {"east": Budget("east", "2026-06", 120.0)}
        assert store.protected_periods(connection, "n", during=Period(NOON + DAY / 2, NOON + 2 * DAY)) == [exam]
        assert store.local_policies(connection) == [row]
        assert store.emergency_plans(connection, "n") == {"hospital"}
