"""Planned against actual, and every index with its numerator and denominator."""

from dataclasses import replace
from datetime import timedelta

import pytest

from everlit.kernel import Period
from everlit.planning.lifecycle import package
from everlit.planning.model import Delay, DelayCode, Execution, Nature, State
from everlit.planning.policies import DEFAULT_POLICIES
from everlit.planning.review import Reviewed, deviation, indices, review
from tests.planning.drawn import NOON

MINUTE = timedelta(minutes=1)
PERIOD = Period(NOON, NOON + timedelta(hours=6))


def done(identity, *, start=0, end=0, requests=1, nature=Nature.PLANNED, code=None):
    names = [f"{identity}-{number}" for number in range(requests)]
    one = package(identity, network="n", request_ids=names, equipment_ids=["lb"], period=PERIOD, nature=nature)
    times = Execution(off_at=NOON + start * MINUTE, restored_at=PERIOD.end + end * MINUTE)
    delay = Delay(identity, end, code, "", "li", NOON) if code else None
    return replace(one, state=State.CLOSED, execution=times, delay=delay)


def called_off(identity, *, noticed=""):
    return replace(done(identity), state=State.CANCELLED, execution=Execution(), noticed=noticed)


def index(made, key):
    (one,) = [one for one in made if one.key == key]
    return one.numerator, one.denominator, one.value


def test_one_outage_planned_against_actual():
    late = deviation(done("O1", end=45, code=DelayCode.WEATHER), customer_hours=588, policies=DEFAULT_POLICIES)
    assert (late.planned_min, late.actual_min, late.end_min, late.late, late.reason) == (360, 405, 45, True, "weather")
    assert late.ratio == 0.125 and late.actual_hours == pytest.approx(661.5)
    early = deviation(done("O2", start=10, end=-20), customer_hours=588, policies=DEFAULT_POLICIES)
    assert not early.late and early.ratio == pytest.approx(-30 / 360)
    assert deviation(replace(done("O3"), state=State.APPROVED), customer_hours=1, policies=DEFAULT_POLICIES) is None


def test_indices():
    reviewed = [
        Reviewed(done("O1", requests=3), 100.0, 400.0, 0, (1, 3)),
        Reviewed(done("O2", end=45, code=DelayCode.MATERIAL), 50.0, 50.0, 1),
        Reviewed(done("O3", nature=Nature.TEMPORARY), 50.0, 150.0),
        Reviewed(called_off("O4", noticed="told"), 70.0, 200.0),
        Reviewed(called_off("O5"), 70.0, 200.0, 1),
    ]
    made = indices(
        reviewed, policies=DEFAULT_POLICIES, outages_by_feeder={"A": 2, "B": 1}, feeders=10, transferable=(8, 10)
    )
    assert index(made, "transferable") == (8, 10, 0.8)
    assert index(made, "transferred") == (400.0, 600.0, pytest.approx(2 / 3))
    assert index(made, "merged") == (3, 5, 0.6)
    assert index(made, "temporary") == (1, 3, pytest.approx(1 / 3))
    assert index(made, "repeated") == (1, 10, 0.1)
    assert index(made, "executed") == (2, 4, 0.5)
    assert index(made, "late") == (1, 3, pytest.approx(1 / 3))
    assert index(made, "live_line") == (1, 6, pytest.approx(1 / 6))
    assert index(made, "told") == (1, 3, pytest.approx(1 / 3))
    unknown = indices([Reviewed(done("O1"))], policies=DEFAULT_POLICIES, feeders=10)
    assert index(unknown, "told")[2] is None, "nobody knows whom the notices reached"
    assert index(unknown, "transferable")[2] is None, "nobody counted"


def test_nothing_to_review_is_no_percentage():
    assert all(one.value is None for one in indices([], policies=DEFAULT_POLICIES))


def test_a_review_ranks_the_worst_first():
    reviewed = [
        Reviewed(done("O1")),
        Reviewed(done("O2", end=45, code=DelayCode.MATERIAL)),
        Reviewed(done("O3", end=-5)),
    ]
    made = review(reviewed, policies=DEFAULT_POLICIES, now=NOON, feeders=3, transferable=(2, 3))
    assert [one.outage_id for one in made.deviations] == ["O2", "O1", "O3"]
    assert made.reasons == {"material": 1} and made.as_json()["indices"][0]["denominator"] == 3
