"""A thousand orders of arrival, each with copies and stragglers, leave the same log and the same belief."""

import random
from datetime import UTC, datetime, timedelta

from everlit.app import App
from everlit.faults.model import Signal, SignalKind
from everlit.kernel import Period
from everlit.platform.events import Actor

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = Period(NOON - timedelta(hours=12), NOON + timedelta(hours=12))
HOUR = timedelta(hours=1)
WU = Actor("Wu", "dispatcher")
SHUFFLES = 1000
K = SignalKind


def evidence():
    """A fault on the third line of the 33-bus network, as indicators, a protection and meters tell it."""

    def said(source, name, kind, subject, value=True, second=0):
        when = NOON + timedelta(seconds=second)
        return Signal(source, name, kind, subject, value, when, when)

    hits = [
        said("ftu", name, K.OVERCURRENT, name, name in ("s1", "s2", "s3"), 1)
        for name in ("s1", "s2", "s3", "s4", "s22")
    ]
    gasps = [said("ams", f"{number}", K.POWER_OFF, f"c{number}", second=number) for number in range(4, 12)]
    return [said("scada", "17", K.TRIP, "s1"), *hits, *gasps, said("crew", "1", K.CREW, "l4", value=False, second=900)]


def test_the_order_of_arrival_leaves_no_trace(tmp_path):
    clock = [NOON]
    app = App.open(tmp_path, clock=lambda: clock[0])
    told, rng, logs, beliefs = evidence(), random.Random(1), set(), set()
    for shuffle in range(SHUFFLES):
        network, clock[0] = f"shuffle {shuffle}", NOON
        arriving = [*told, *rng.choices(told, k=5)]
        rng.shuffle(arriving)
        for some in (arriving[:9], arriving[9:]):
            clock[0] += timedelta(minutes=rng.randrange(1, 30))
            app.faults.accept(network, some, actor=WU)
            if rng.random() < 0.5:
                app.faults.drain(actor=WU)
        clock[0] = NOON + HOUR
        app.faults.drain(actor=WU)
        stored = [one.signal for one in app.faults.signals(network, DAY)]
        logs.add(
            tuple((one.source, one.source_id, one.kind, one.subject, one.value, one.occurred_at) for one in stored)
        )
        if shuffle % 10 == 0:
            located, _ = app.faults.locate("case33", app.faults.evidence(network))
            beliefs.add(str(located.as_json()))
    assert len(logs) == 1 and len(beliefs) == 1
    assert [one[:2] for one in next(iter(logs))] == [(one.source, one.source_id) for one in sorted(
        told, key=lambda one: (one.occurred_at, one.source, one.source_id))]  # fmt: skip
    assert "sec:b3.s3" in next(iter(beliefs))
