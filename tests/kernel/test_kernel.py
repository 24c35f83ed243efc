"""Periods, policies, fingerprints and findings: the words every capability shares."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everlit.kernel import (
    Finding,
    Hardness,
    Period,
    Policies,
    Policy,
    Refusal,
    Text,
    UnableToFindPolicy,
    fingerprint,
    utc,
)

MINUTES = st.integers(0, 10_000)
MIDNIGHT = datetime(2026, 6, 1, tzinfo=UTC)


def period(start: int, length: int) -> Period:
    return Period(MIDNIGHT + timedelta(minutes=start), MIDNIGHT + timedelta(minutes=start + length))


@given(MINUTES, st.integers(1, 500), MINUTES, st.integers(1, 500))
def test_overlap_is_having_a_minute_in_common(start: int, length: int, other_start: int, other_length: int) -> None:
    one, other = period(start, length), period(other_start, other_length)
    shared = set(range(start, start + length)) & set(range(other_start, other_start + other_length))
    assert one.overlaps(other) == other.overlaps(one) == bool(shared)
    common = one.intersection(other)
    assert (common.duration if common else timedelta(0)) == timedelta(minutes=len(shared))


@pytest.mark.parametrize("end", [MIDNIGHT, MIDNIGHT - timedelta(seconds=1)])
def test_an_empty_period_is_refused(end: datetime) -> None:
    with pytest.raises(ValueError, match="must end after"):
        Period(MIDNIGHT, end)


def test_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        utc("2026-06-01T00:00")
    with pytest.raises(ValueError, match="offset"):
        Period(datetime(2026, 6, 1), datetime(2026, 6, 2))  # noqa: DTZ001


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none()))
def test_a_fingerprint_does_not_depend_on_order(value: dict[str, object]) -> None:
    assert fingerprint(value) == fingerprint(dict(reversed(list(value.items()))))


def test_a_fingerprint_refuses_what_json_cannot_hold() -> None:
    with pytest.raises(ValueError, match="JSON"):
        fingerprint(float("nan"))


def row(value: float, valid_from: date, valid_to: date | None = None, comparator: str = ">") -> Policy:
    return Policy("rep.window60", value, "times", comparator, Text("a", "甲"), valid_from=valid_from, valid_to=valid_to)


def test_the_newest_row_in_force_decides() -> None:
    policies = Policies((row(3, date(2020, 1, 1), date(2026, 1, 1)), row(2, date(2026, 1, 1))))
    assert policies.value("rep.window60", on=date(2025, 12, 31)) == 3
    assert policies.value("rep.window60", on=date(2026, 1, 1)) == 2
    with pytest.raises(UnableToFindPolicy):
        policies.row("rep.window60", on=date(2019, 1, 1))


def test_a_local_row_replaces_its_key_and_nothing_else() -> None:
    other = Policy("notice.planned", 7, "d", ">=", Text("b", "乙"), hardness=Hardness.LEGAL)
    policies = Policies((row(3, date(2020, 1, 1)), other)).replaced([row(1, date(2020, 1, 1))])
    assert policies.value("rep.window60", on=date(2026, 1, 1)) == 1
    assert policies.value("notice.planned", on=date(2026, 1, 1)) == 7


def test_a_local_row_waits_for_its_first_day() -> None:
    shipped, ended = row(3, date(2020, 1, 1)), row(2, date(2010, 1, 1), date(2020, 1, 1))
    policies = Policies((ended, shipped)).replaced([row(1, date(2026, 1, 1))])
    assert policies.value("rep.window60", on=date(2019, 12, 31)) == 2
    assert policies.value("rep.window60", on=date(2025, 12, 31)) == 3
    assert policies.value("rep.window60", on=date(2026, 1, 1)) == 1
    assert len(policies.all("rep.window60", on=date(2026, 1, 1))) == 1


@pytest.mark.parametrize(
    ("comparator", "below", "at", "above"),
    [(">", 0, 0, 1), (">=", 0, 1, 1), ("<", 1, 0, 0), ("<=", 1, 1, 0), ("=", 0, 1, 0)],
)
def test_comparators_differ_by_one_outage(comparator: str, below: bool, at: bool, above: bool) -> None:
    policy = row(3, date(2020, 1, 1), comparator=comparator)
    assert [policy.holds(times) for times in (2, 3, 4)] == [below, at, above]


def test_a_refusal_speaks_with_its_findings() -> None:
    refusal = Refusal(Finding("x.y", "s", Text("no tie", "无联络")))
    assert str(refusal) == "no tie"
    assert refusal.findings[0].as_json()["message"] == {"en": "no tie", "zh": "无联络"}
