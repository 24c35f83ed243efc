"""What a plan leaves of the outages that stand: the same work at the same time is the same outage."""

from dataclasses import replace
from datetime import timedelta

import pytest

from everlit.kernel import Period
from everlit.planning.adoption import Proposal, adoption, replanned
from everlit.planning.lifecycle import package
from everlit.planning.model import Nature
from tests.planning.drawn import NOON


def at(hours):
    return NOON + timedelta(hours=hours)


def outage(*names, start=0.0, end=6.0, starts=(), name="O"):
    made = package(name, network="n", request_ids=names, equipment_ids=["lb"], period=Period(at(start), at(end)),
                   starts=[at(hour) for hour in starts])  # fmt: skip
    return replace(made, assessment="f")


def planned(start=0.0, end=6.0, **starts):
    return Proposal({name: at(hour) for name, hour in starts.items()}, Period(at(start), at(end)))


def shape(made):
    return len(made.kept), len(made.moved), len(made.dissolved), len(made.formed)


@pytest.mark.parametrize(
    ("standing", "proposals", "expected"),
    [
        (outage("A", "B"), [planned(A=0, B=0)], (1, 0, 0, 0)),
        (outage("A", "B", start=0.25, end=6.25), [planned(A=0, B=0)], (1, 0, 0, 0)),
        (outage("A", "B", end=8), [planned(A=0, B=0)], (1, 0, 0, 0)),
        (outage("A", "B"), [planned(A=0), planned(B=0)], (1, 0, 0, 0)),
        (outage("A", "B", starts=(0, 2)), [planned(A=0, B=2)], (1, 0, 0, 0)),
        (outage("A", "B", starts=(0, 2)), [planned(A=0, B=0)], (0, 1, 0, 0)),
        (outage("A", "B"), [planned(24, 30, A=24, B=24)], (0, 1, 0, 0)),
        (outage("A", "B"), [planned(0, 7, A=0, B=0)], (0, 1, 0, 0)),
        (outage("A", "B"), [planned(A=0), planned(24, 30, B=24)], (0, 0, 1, 2)),
        (outage("A"), [planned(A=0, B=0)], (0, 0, 1, 1)),
        (outage("A", "B"), [planned(A=0)], (0, 0, 1, 1)),
        (outage("A"), [planned(B=0)], (0, 0, 1, 1)),
    ],
)
def test_what_stays_what_moves_what_is_dissolved(standing, proposals, expected):
    assert shape(adoption([standing], proposals)) == expected


def test_a_moved_outage_keeps_its_name_and_loses_its_assessment():
    told = replace(outage("A", "B"), noticed="f")
    after = replanned(told, planned(24, 30, A=24, B=25), nature=Nature.TEMPORARY)
    assert (after.outage_id, after.assessment, after.renotice, after.version) == ("O", "", True, told.version + 1)
    assert after.period.start == at(24) and after.start_of("B") == at(25) and after.nature is Nature.TEMPORARY
