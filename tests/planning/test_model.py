"""The nouns: exact inverses, no impossible values, the policy register complete and honest."""

import doctest
import importlib
import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everlit.kernel import Hardness, Period
from everlit.planning.lifecycle import package
from everlit.planning.model import (
    Approval,
    DailyWindow,
    Delay,
    DelayCode,
    Department,
    Execution,
    Nature,
    PlannedOutage,
    Role,
    State,
    WorkKind,
    WorkRequest,
)
from everlit.planning.policies import (
    DEFAULT_POLICIES,
    PROVINCE_EXAMPLE,
    in_force,
    protected_calendar,
    unverified,
    with_overrides,
)
from tests.planning.drawn import NOON, request

DAY = date(2026, 6, 1)
INSTANTS = st.integers(0, 400_000).map(lambda minutes: NOON + timedelta(minutes=minutes))
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20).filter(
    lambda name: not set(name) & set(";；,，")
)


@pytest.mark.parametrize(
    "module", ["model", "policies", "reading", "affected", "path", "repeats", "important", "demo_month"]
)
def test_worked_examples(module):
    assert doctest.testmod(importlib.import_module(f"everlit.planning.{module}")).failed == 0


@given(
    st.builds(
        request,
        NAMES,
        NAMES,
        minutes=st.integers(1, 1439),
        night_allowed=st.booleans(),
        rest_allowed=st.booleans(),
        department=st.sampled_from(Department),
        kind=st.sampled_from(WorkKind),
        daily_window=st.just(DailyWindow()) | st.just(DailyWindow(0, 1439)),
        crew=NAMES,
        crew_size=st.integers(1, 500),
        live_line_possible=st.booleans(),
        generator_kw=st.floats(0, 1e5),
        priority=st.integers(1, 5),
        submitted_at=st.none() | INSTANTS,
        precedence=st.just(()),
        requester=NAMES,
    )
)
def test_a_request_survives_json(one):
    again = WorkRequest.from_json(json.loads(json.dumps(one.as_json())))
    assert again == one and again.content_hash == one.content_hash


@given(st.sampled_from(State), st.sampled_from(Nature), st.booleans(), INSTANTS)
def test_an_outage_survives_json(state, nature, full, instant):
    one = package(
        "O",
        network="n",
        request_ids=["a", "b"],
        equipment_ids=["e"],
        period=Period(NOON, NOON + timedelta(hours=1)),
        nature=nature,
    )
    one = replace(one, state=state)
    if full:
        approval = Approval("li", Role.VICE_MANAGER, instant, "f")
        delay = Delay("O", 45.0, DelayCode.MATERIAL, "late", "li", instant)
        execution = Execution(off_at=instant, restored_at=instant)
        one = replace(
            one,
            approval=approval,
            delay=delay,
            execution=execution,
            noticed="f",
            renotice=True,
            reason="r",
            units=("east",),
        )
    assert PlannedOutage.from_json(json.loads(json.dumps(one.as_json()))) == one


def test_impossible_requests_are_refused():
    with pytest.raises(ValueError):
        request(minutes=0)
    with pytest.raises(ValueError):
        replace(request(), latest=request().earliest)


def test_a_window_over_midnight():
    assert DailyWindow(21 * 60, 6 * 60).minutes == 9 * 60
    assert DailyWindow(0, 1440).minutes == 1440


def test_the_register_is_complete_bilingual_and_honest():
    rows = DEFAULT_POLICIES.rows
    assert len({row.key for row in rows}) == len(rows)
    for row in rows:
        assert row.title.en and row.title.zh and row.comparator in {">", ">=", "<", "<=", "="}
        assert row.confidence in {"V1", "V2", "C", "G", "G?"} and row.document
        assert row.hardness is not Hardness.LEGAL or row.verified, f"{row.key}: a legal row nobody verified"
    assert {row.key for row in unverified(DEFAULT_POLICIES)} >= {"approve.ladder.1", "late_restore.tolerance"}
    assert DEFAULT_POLICIES.value("notice.planned", on=DAY) == 7
    assert DEFAULT_POLICIES.row("notice.planned", on=DAY).hardness is Hardness.LEGAL
    assert DEFAULT_POLICIES.value("notice.temporary", on=DAY) == 24


def test_every_row_the_rules_ask_for_is_in_the_register():
    import re
    from importlib.resources import files

    known = {row.key for row in DEFAULT_POLICIES.rows}
    asked = set()
    for path in files("everlit.planning").iterdir():
        if path.name.endswith(".py"):
            asked |= set(re.findall(r'(?:row|value)\("([a-z_0-9]+\.[a-z_.0-9]+)"', path.read_text("utf-8")))
    assert asked and asked <= known


def test_a_province_replaces_a_row():
    policies = with_overrides(DEFAULT_POLICIES, PROVINCE_EXAMPLE)
    assert policies.value("notice.planned", on=DAY) == 10
    assert len(in_force(policies, on=DAY)) == len(in_force(DEFAULT_POLICIES, on=DAY))


def test_the_protected_calendar_is_in_local_days():
    exam = protected_calendar(2026)[0]
    assert exam.period.start.isoformat() == "2026-06-06T16:00:00+00:00"
    assert exam.period.hours == 72
