"""The promise clock: quiet, first and second alarm, due, late; and causes that come again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from everlit.kernel import Period
from everlit.planning.delays import Course, Risk, causes, promise
from everlit.planning.lifecycle import package
from everlit.planning.model import Delay, DelayCode, Execution, Nature, State
from everlit.planning.policies import DEFAULT_POLICIES
from everlit.planning.temporary import freeze_of, nature_of, temporary_share, too_late
from tests.planning.drawn import NOON, request

MINUTE = timedelta(minutes=1)
PERIOD = Period(NOON, NOON + timedelta(hours=6))


def running(state=State.IN_PROGRESS, identity="O1", **times):
    one = package(identity, network="n", request_ids=["R1"], equipment_ids=["lb"], period=PERIOD, units=["east"])
    return replace(one, state=state, execution=Execution(off_at=NOON, **times))


@pytest.mark.parametrize(
    ("left", "risk"),
    [
        (61, Risk.QUIET),
        (60, Risk.FIRST),
        (31, Risk.FIRST),
        (30, Risk.SECOND),
        (1, Risk.SECOND),
        (0, Risk.DUE),
        (-30, Risk.DUE),
        (-31, Risk.LATE),
    ],
)
def test_alarms_come_in_order(left, risk):
    made = promise(running(), now=PERIOD.end - left * MINUTE, course=Course(10, 300, 20), policies=DEFAULT_POLICIES)
    assert made.risk is risk and made.left_min == left
    assert made.policy.startswith(("delay.alarm", "late_restore"))


def test_what_is_left_of_the_work_and_the_way_back_make_the_expectation():
    now = NOON + timedelta(hours=2)
    working = promise(running(), now=now, course=Course(30, 300, 20), policies=DEFAULT_POLICIES)
    assert working.expected == NOON + 350 * MINUTE and working.expected_late_min == 0
    overrun = promise(running(), now=NOON + timedelta(hours=6), course=Course(30, 300, 20), policies=DEFAULT_POLICIES)
    assert overrun.expected_late_min == 20
    done = running(State.WORK_DONE, work_done_at=now)
    assert promise(done, now=now, course=Course(30, 300, 20), policies=DEFAULT_POLICIES).expected == now + 20 * MINUTE
    back = running(State.RESTORING, work_done_at=now, restoring_at=now)
    assert (
        promise(back, now=now + 5 * MINUTE, course=Course(30, 300, 20), policies=DEFAULT_POLICIES).expected
        == now + 20 * MINUTE
    )


def test_an_outage_that_began_late_is_at_risk_hours_before_it_is_due():
    """Begun at 13:25 with 350 min to go, due at 18:00: back at 19:15, said at 13:26 and not at 17:00."""
    late = replace(running(), execution=Execution(off_at=NOON + 85 * MINUTE))
    made = promise(late, now=NOON + 86 * MINUTE, course=Course(30, 300, 20), policies=DEFAULT_POLICIES)
    assert (made.expected, made.risk) == (PERIOD.end + 75 * MINUTE, Risk.AT_RISK)
    assert made.policy == "late_restore.tolerance"
    tolerated = promise(running(), now=NOON, course=Course(40, 330, 20), policies=DEFAULT_POLICIES)
    assert (tolerated.expected_late_min, tolerated.risk) == (30, Risk.QUIET)


@pytest.mark.parametrize(("late", "risk"), [(-5, Risk.KEPT), (30, Risk.KEPT), (31, Risk.LATE)])
def test_a_promise_is_kept_or_broken_for_good(late, risk):
    restored = running(State.RESTORED, restored_at=PERIOD.end + late * MINUTE)
    made = promise(restored, now=PERIOD.end + timedelta(days=3), course=Course(), policies=DEFAULT_POLICIES)
    assert made.risk is risk and made.as_json()["risk"] == risk.value


def delayed(identity, code, minutes, unit="east"):
    delay = Delay(identity, minutes, code, "", "li", NOON)
    return replace(running(State.RESTORED, identity), delay=delay, units=(unit,))


def test_recurring_causes_are_ranked_by_what_they_cost():
    outages = [
        delayed("O1", DelayCode.MATERIAL, 40), delayed("O2", DelayCode.MATERIAL, 35, "west"), delayed("O3", DelayCode.MATERIAL, 31),
        delayed("O4", DelayCode.WEATHER, 300), running(),
    ]  # fmt: skip
    ranked = causes(outages, policies=DEFAULT_POLICIES, workers={"O1": ["crew 3"], "O3": ["crew 3"]})
    assert [(cause.code, cause.times, cause.recurring) for cause in ranked] == [
        (DelayCode.WEATHER, 1, False), (DelayCode.MATERIAL, 3, True),
    ]  # fmt: skip
    assert ranked[1].subjects == {"east": 2, "crew 3": 2, "west": 1} and ranked[1].minutes == 106
    assert causes([], policies=DEFAULT_POLICIES) == []


def test_the_list_of_causes_is_that_of_the_rules():
    assert len(DelayCode) == 11


# ------------------------------------------------------------------------------------------ temporary outages
def test_after_the_freeze_a_request_is_temporary():
    freeze = freeze_of(PERIOD, policies=DEFAULT_POLICIES)
    assert freeze.isoformat() == "2026-05-21T00:00:00+08:00"
    early, late = request("R1", submitted_at=freeze - MINUTE), request("R2", submitted_at=freeze)
    assert nature_of([early], PERIOD, policies=DEFAULT_POLICIES) is Nature.PLANNED
    assert nature_of([early, late], PERIOD, policies=DEFAULT_POLICIES) is Nature.TEMPORARY


def test_a_temporary_outage_is_approved_hours_before():
    temporary = replace(running(State.BALANCED), nature=Nature.TEMPORARY)
    assert too_late(temporary, now=NOON - timedelta(hours=6), policies=DEFAULT_POLICIES) is None
    refused = too_late(temporary, now=NOON - timedelta(hours=5), policies=DEFAULT_POLICIES)
    assert refused is not None and refused.evidence["policy"] == "plan.temporary_notice"
    assert too_late(running(State.BALANCED), now=NOON, policies=DEFAULT_POLICIES) is None


def test_the_share_of_temporary_outages():
    outages = [running(), running(), running(), replace(running(), nature=Nature.TEMPORARY), running(State.CANCELLED)]
    assert temporary_share(outages).rate == 0.25
    assert temporary_share([]).rate is None
