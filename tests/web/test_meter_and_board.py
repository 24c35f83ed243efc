"""One meter's story and the outage board: what is shown is what ledger, outbox and control say, at the instant asked."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from everlit.app import App
from everlit.customers.model import Account, Contact, Way
from everlit.kernel import Period, Text
from everlit.ledger.model import SubjectKind
from everlit.notices.channel import Kind
from everlit.notices.model import Group, Happening, seconds
from everlit.planning.delays import Risk
from everlit.planning.lifecycle import Command, UnableToAdvance
from everlit.planning.model import PlannedOutage, Role, State
from everlit.platform.database import writing
from everlit.platform.events import Actor
from everlit.web import create_site
from everlit.web.outage_board import dark_households, read_board
from tests.web.planned import MONTH, NETWORK, PLANNER, at, planned_app


@pytest.fixture(scope="module")
def load(app: App) -> str:
    """The load with the most interruptions."""
    rows = app.ledger.interruptions(NETWORK, Period(app.clock() - timedelta(days=1000), app.clock()))
    return str(rows.subjects.ids[int(np.argmax(np.bincount(rows.subject)))].as_py())


@pytest.fixture(scope="module")
def account(app: App, load: str) -> str:
    """An account there that was told of the last interruption three days before, and of one to come."""
    one = Account("A-1", load, Contact("虚构住户", ways=(Way("sms", "+99900000001"),)), "虚构路 1 号")
    last = app.ledger.timeline(NETWORK, load).spells[-1]
    with at(app, last.start - timedelta(days=3)):
        app.customers.keep(NETWORK, [one], actor=PLANNER)
        tell(app, load, last.event_id, Period(last.start, last.end))
    tell(app, load, "O-later", Period(app.clock() + timedelta(days=9), app.clock() + timedelta(days=9, hours=2)))
    return "A-1"


def tell(app: App, load: str, event: str, period: Period) -> None:
    group = Group(((seconds(period.start), seconds(period.end)),), (load,))
    happening = Happening(
        event, NETWORK, Kind.PLANNED, period, (group,), Text("overhaul", "检修"), Text("a street", "一条街"),
        Text("Example Power", "示范供电公司"), "95598",
    )  # fmt: skip
    with writing(app.engine) as connection:
        app.notices.announce(connection, happening, actor=PLANNER)


def test_a_story_is_the_ledger_and_the_outbox_on_one_line(client: TestClient, app: App, account: str, load: str):
    text = client.get("/meter", params={"q": account, "lang": "en"}).text
    told = app.ledger.timeline(NETWORK, load)
    assert text.count('<li class="happened">') == len(told.spells)
    assert text.count('<li class="told">') == len(app.notices.told_account(NETWORK, account)) == 2
    instants = [datetime.fromisoformat(one) for one in re.findall(r'<time datetime="([^"]+)">', text)]
    assert instants[:5] == sorted(instants[:5], reverse=True)
    for spell in told.spells[-3:]:
        assert spell.event_id in text


def test_a_story_is_told_as_known_on_a_day(client: TestClient, app: App, account: str, load: str):
    before = app.ledger.timeline(NETWORK, load).spells[-1].start - timedelta(days=2)
    known = f"{before.astimezone(app.zone):%Y-%m-%dT%H:%M}"
    text = client.get("/meter", params={"q": account, "known": known, "lang": "en"}).text
    assert text.count('<li class="told">') == 1
    assert text.count('<li class="happened">') == len(app.ledger.timeline(NETWORK, load, known_at=before).spells) == 0


def test_a_load_leads_to_its_accounts_and_a_unit_to_its_own_story(
    client: TestClient, app: App, account: str, load: str
):
    assert f'account={account}"' in client.get("/meter", params={"q": load}).text
    rows = app.ledger.interruptions(
        NETWORK, Period(app.clock() - timedelta(days=1000), app.clock()), kind=SubjectKind.MV_UNIT
    )
    unit = rows.subjects.ids[int(rows.subject[0])].as_py()
    text = client.get("/meter", params={"q": unit, "lang": "en"}).text
    assert text.count('<li class="happened">') == int((rows.subject == rows.subject[0]).sum())


def test_nobody_of_that_name_is_said_with_names_that_are_near(client: TestClient, load: str):
    answer = client.get("/meter", params={"q": load[:3], "lang": "en"})
    assert answer.status_code == 404
    assert "Nobody is called" in answer.text and "Did you mean" in answer.text
    hostile = client.get("/meter", params={"q": "<script>alert(1)</script>"})
    assert hostile.status_code == 404 and "<script>alert" not in hostile.text
    assert client.get("/meter", params={"q": load, "known": "noon"}).status_code == 404
    assert client.get("/meter").status_code == 200


# ------------------------------------------------------------------------------------------------ the board
STEPS = (
    ("Lin", Role.PLANNER, Command.BALANCE), ("Zhou", Role.VICE_DIRECTOR, Command.APPROVE),
    ("Mei", Role.MARKETING, Command.NOTIFY), ("Han", Role.DISPATCHER, Command.PERMIT), ("Chen", Role.CREW, Command.START),
)  # fmt: skip


def begun(app: App) -> PlannedOutage:
    """The last outage of the month that nothing blocks, switched off when it was to be."""
    for outage in reversed(app.planning.outages(NETWORK, month=MONTH, states=[State.MERGED])):
        try:
            for name, role, command in STEPS:
                with at(app, outage.period.start if command is Command.START else app.clock()):
                    app.planning.act(outage.outage_id, command, actor=Actor(name, role))
        except UnableToAdvance:
            continue
        return app.planning.outage(outage.outage_id)
    raise AssertionError("every outage is blocked")


def test_an_outage_counts_down_to_its_promise(tmp_path: Path):
    app = planned_app(tmp_path, requests=4)
    client = TestClient(create_site(app, network=NETWORK), base_url="http://127.0.0.1:8000")
    outage = begun(app)
    risks = []
    for minutes in (200, 20, 0, -90):
        with at(app, max(outage.period.end - timedelta(minutes=minutes), outage.period.start)):
            (promise,) = app.control.promises(NETWORK)
            answer = client.get("/now", params={"lang": "en"})
            assert answer.headers["cache-control"] == "no-store"
            assert f'data-risk="{promise.risk.value}" data-outage="{outage.outage_id}"' in answer.text
            assert f'data-due="{outage.period.end.isoformat()}"' in answer.text
            risks.append(promise.risk)
    assert risks[0] is Risk.QUIET and risks[-1] is Risk.LATE
    quiet = max(outage.period.end - timedelta(minutes=200), outage.period.start)
    with at(app, quiet):
        board = read_board(app, NETWORK)
    card = next(one for one in board.running if one.outage.outage_id == outage.outage_id)
    assert card.lane is not None and card.lane.now <= card.lane.due
    assert [minutes for minutes, _ in card.lane.marks] == [60, 30, 0]
    coming = app.planning.outages(NETWORK, month=MONTH, states=[State.MERGED])[0]
    with at(app, coming.period.start - timedelta(hours=3)):
        assert coming.outage_id in [one.outage.outage_id for one in read_board(app, NETWORK).coming]
        text = client.get("/now", params={"lang": "en"}).text
        assert "not approved" in text and ">3 h 00 min<" in text
    with at(app, coming.period.start - timedelta(hours=25)):
        assert coming.outage_id not in [one.outage.outage_id for one in read_board(app, NETWORK).coming]


def test_households_off_are_those_the_open_switches_leave_dark(app: App):
    grid = app.grid(NETWORK)
    closed = grid.switch_normal_closed.copy()
    assert dark_households(grid, closed).sum() == 0
    head = grid.switch(str(grid.network.tables["feeders"].column("head_switch_id")[0].as_py()))
    closed[head] = False
    expected = grid.section_households[grid.normal_feeder == 0].sum()
    assert dark_households(grid, closed).sum() == expected > 0
