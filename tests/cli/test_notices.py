"""`everlit notices …` as it is typed, on an outage from its notice to its reconciliation."""

from datetime import timedelta

import pytest

from everlit.app import App
from everlit.kernel import Period
from everlit.planning.lifecycle import Command
from everlit.platform.database import sqlite_url
from tests.control.conftest import BACK, NETWORK, OUT, START, Room
from tests.notices.town import without_door

DRAWN = ("--network", NETWORK)


@pytest.fixture
def room(home, monkeypatch: pytest.MonkeyPatch) -> Room:
    """A control room whose application the command line opens; everybody has a letter box and nobody a telephone."""
    made = Room(sqlite_url(home), home, customers=True)
    monkeypatch.setattr(App, "open", lambda *_, **__: made.app)
    return made


def counted(answer) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in answer["counts"]:
        found[row["state"]] = found.get(row["state"], 0) + row["count"]
    return found


def test_queued_once_sent_once(everlit, room):
    first = everlit("notices", "status", room.outage, "--json").json
    again = everlit("notices", "queue", room.outage, "--json", "--actor", "sun")
    assert again.code == 0 and counted(again.json)["queued"] == counted(first)["queued"]
    without_door(room.app.engine, 2)
    sent, readers = everlit("notices", "send", "--json"), counted(first)["queued"]
    assert sent.code == 0 and sent.json.keys() == {"accepted", "refused"}
    assert everlit("notices", "send", "--json").json == {}
    status = everlit("notices", "status", room.outage, "--json").json
    assert counted(status) == sent.json | {"superseded": readers}
    assert sent.json["accepted"] + len(status["undelivered"]) == readers
    assert len(status["undelivered"]) == 2 and "无法送达" in everlit("notices", "status", room.outage, lang="zh").out
    told = everlit("notices", "queue", room.outage, "--json", "--actor", "sun").json
    assert sum(row["count"] for row in told["counts"] if row["version"] == 3) == 2


def test_a_plan_that_does_not_stand_is_not_queued(everlit, room):
    room.act(Command.POSTPONE, "planner", reason="storm")
    told = everlit("notices", "queue", room.outage, "--json", "--actor", "sun", "--role", "planner")
    assert told.code == 1 and told.json["refused"] == "UnableToAdvance"
    assert everlit("notices", "queue", "O-none", "--json", "--actor", "sun").code == 1


def test_everybody_is_told_what_stands_in_the_way(everlit, room):
    shown = everlit("notices", "status", *DRAWN, lang="zh")
    assert shown.code == 0 and room.outage in shown.out and "sms" in shown.out
    room.now = START - timedelta(days=7, hours=3)
    alarms = everlit("notices", "status", *DRAWN, "--json").json["alarms"]
    assert [one["kind"] for one in alarms] == ["notices.at_risk"]
    assert "距时限" in everlit("notices", "status", *DRAWN, lang="zh").err
    assert everlit("notices", "status", "nothing", "--json").kinds == ["notices.unknown"]


def test_a_receipt_is_kept_and_what_an_account_was_told(everlit, room):
    everlit("notices", "send")
    account = next(
        row["account_id"] for row in room.app.customers.page(NETWORK, limit=1000)
        if any(one["state"] == "accepted" for one in room.app.notices.told_account(NETWORK, row["account_id"]))
    )  # fmt: skip
    words = ("notices", "sign", room.outage, account, *DRAWN, "--actor", "sun")
    assert everlit(*words, "--by", "王医生", "--how", "visit", "--json").json["account_id"] == account
    assert everlit(*words, "--by", "王医生", "--how", "pigeon", "--json").kinds == ["notices.receipt"]
    assert everlit(*words, "--by", "王医生", "--role", "planner", "--json").kinds == ["notices.role"]
    told = everlit("notices", "told", account, *DRAWN, "--json").json
    assert {one["event_id"] for one in told} == {room.outage} and told[0]["state"] == "delivered"
    assert {one["state"] for one in told[1:]} <= {"refused"}
    assert "王医生" in everlit("notices", "status", room.outage).out
    assert everlit("notices", "told", "nobody", *DRAWN, "--json").code == 1


def test_who_was_told_is_compared_with_who_was_off(everlit, room):
    early = everlit("notices", "reconcile", room.outage, "--actor", "wu", "--json")
    assert (early.code, early.kinds) == (1, ["notices.reconcile.state"])
    everlit("notices", "send")
    room.begun()
    room.walk(OUT, START)
    room.returning(START + timedelta(hours=4))
    room.walk(BACK, room.now)
    room.restored(room.now + timedelta(minutes=1))
    (month,) = everlit("notices", "reconcile", *DRAWN, "--json").json
    found = everlit("notices", "reconcile", room.outage, "--actor", "wu", "--json").json
    rows = room.app.ledger.interruptions(NETWORK, Period(START, START + timedelta(hours=12)))
    off = set(rows.subjects.ids.take(rows.subject).to_pylist())
    homes = [row for row in room.app.customers.page(NETWORK, limit=1000) if row["consumer_id"] in off]
    assert (month["month"], month["events"], month["dead"]) == ("2026-06", 1, found["dead"])
    assert (
        found["dead"] == len(homes) > 300
        and found["told"] == 0
        and set(found["causes"]) == {"undelivered", "no_contact"}
    )
    assert everlit("notices", "reconcile", "--month", "2026-07", *DRAWN, "--json").json == []
    assert everlit("notices", "reconcile", "--month", "2026-13", *DRAWN, "--json").kinds == ["month.invalid"]
    assert "2026-06" in everlit("notices", "reconcile", *DRAWN).out
