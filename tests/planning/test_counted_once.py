"""Agreed, under way, restored, corrected, called off: an outage counts once for the repeat limits, or not at all."""

from datetime import timedelta

import pytest

from everlit.ledger.correcting import Correction
from everlit.planning.lifecycle import Command, UnableToAdvance
from everlit.planning.model import Role
from everlit.planning.store import UnableToRecord
from everlit.platform.events import Actor
from tests.control.conftest import NETWORK, START, Room
from tests.planning.drawn import request
from tests.planning.test_service import LI, Desk
from tests.planning.test_service import START as BEGIN

EDITOR = Actor("lin", "reliability")


@pytest.fixture
def room(database_url, tmp_path):
    return Room(database_url, tmp_path)


@pytest.fixture
def desk(database_url):
    return Desk(database_url)


def counted(room):
    """Outages of load b this year, with one more a fortnight later."""
    later = START + timedelta(days=14)
    wish = request("R2", "lb", wanted=later, earliest=later, latest=later + timedelta(days=2))
    made = room.app.planning.study_request(NETWORK, wish, start=later)
    rows = {
        row["consumer_id"]: one for row, one in zip(made.as_json()["households"], made.repeats.counted, strict=True)
    }
    return rows["c-b"].year, rows["c-b"].planned


def test_an_outage_counts_once_from_its_agreement_to_its_last_correction(room):
    assert counted(room) == (2, 2), "agreed"
    room.begun()
    assert counted(room) == (2, 2), "under way"
    room.returning(START + timedelta(hours=4))
    assert counted(room) == (2, 2), "coming back"
    room.restored(START + timedelta(hours=5))
    assert [one.event_id for one in room.app.ledger.statements(NETWORK, room.outage)] == [room.outage]
    assert counted(room) == (2, 2), "restored, and in the ledger"
    short = Correction("c-b", START, START + timedelta(minutes=4))
    room.app.ledger.correct(NETWORK, room.outage, rows=[short], reason="meter", actor=EDITOR)
    assert counted(room) == (1, 1), "too short to count"
    room.app.ledger.withdraw(NETWORK, room.outage, reason="other line", actor=EDITOR)
    assert counted(room) == (1, 1)


def test_what_a_file_says_of_an_outage_under_way_is_not_counted_beside_it(room):
    room.begun()
    room.now = START + timedelta(hours=3)
    row = f"{room.outage},c-b,{START.isoformat()},{room.now.isoformat()},planned.maintenance.internal"
    room.app.ledger.import_file(NETWORK, f"event_id,subject,off,on,nature\n{row}".encode(), actor=EDITOR)
    assert counted(room) == (2, 2)


def test_an_outage_called_off_counts_nowhere(room):
    room.act(Command.CANCEL, Role.PLANNER.value, reason="rain")
    assert counted(room) == (1, 1)


def test_a_correction_of_the_ledger_opens_the_gate(desk):
    desk.told(25, 35, 45)
    name = desk.submitted() and desk.merged().outage_id
    desk.planning.assess_outage(name, actor=LI)
    with pytest.raises(UnableToAdvance) as caught:
        desk.act(name, Command.BALANCE, Role.PLANNER)
    assert caught.value.findings[0].kind == "gate.rep.window60"
    desk.ledger.withdraw("n", "H35", reason="another feeder", actor=EDITOR)
    desk.act(name, Command.BALANCE, Role.PLANNER)


def test_a_month_plan_is_stale_when_a_count_moved_and_only_then(desk):
    desk.told(30)
    desk.submitted()

    def adopted_after(change):
        desk.planning.plan_month("n", "2026-06", actor=LI, seconds=0.5, workers=1)
        change()
        desk.planning.adopt_month("n", "2026-06", actor=LI)

    correct = {"reason": "meter", "actor": EDITOR}
    at = BEGIN - timedelta(days=30)
    same_day = Correction("c-a", at + timedelta(minutes=20), at + timedelta(hours=3))
    for change in (
        lambda: desk.told(29, hours=0.05),
        lambda: desk.told(300),
        lambda: desk.ledger.correct("n", "H30", rows=[same_day], **correct),
    ):
        adopted_after(change)
    moved = Correction("c-a", at - timedelta(days=2), at - timedelta(days=2, hours=-2))
    for change in (
        lambda: desk.told(31, loads=("c-c",)),
        lambda: desk.ledger.correct("n", "H30", rows=[moved], **correct),
        lambda: desk.ledger.withdraw("n", "H30", **correct),
    ):
        with pytest.raises(UnableToRecord):
            adopted_after(change)
