"""The past of the demo: made through the services, found on every view, once, and gone on with after an interruption."""

from datetime import UTC, datetime

import pytest

from everlit.app import App
from everlit.cli.demo_history import BEGUN, MADE, with_past
from everlit.cli.demo_replay import STUCK
from everlit.control.service import Control
from everlit.grid.synthetic import random_network
from everlit.kernel import Period
from everlit.notices.channels.rehearsal import REFUSED, drawn
from everlit.planning.model import State
from everlit.platform.database import reading
from everlit.platform.events import history
from everlit.policies import ASTRAY

NOW = datetime(2026, 6, 17, 4, 10, tzinfo=UTC)


def opened(path):
    app = App.open(path, clock=lambda: NOW)
    app.import_network(random_network(5, feeders=4, nodes=12))
    return app, app.networks()[0]["network"]


def past(app, city, said=None):
    words = [] if said is None else said
    with_past(app, city, seed=1, requests=12, seconds=1, tell=lambda text, _: words.append(text), advance=lambda: None)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    app, city = opened(tmp_path_factory.mktemp("past"))
    past(app, city)
    return app, city


def events(app):
    with reading(app.engine) as connection:
        return [(event.kind, event.subject) for event in history(connection, limit=100_000)]


def test_every_view_has_a_past(made):
    app, city = made
    months = [app.planning.outages(city, month=month) for month in ("2026-05", "2026-06")]
    ended = [one for one in months[0] if one.state is State.ANALYSED]
    assert ended
    for one in ended:
        assert one.execution.restored_at < NOW
        assert (one.delay is not None) == (one.execution.restored_at > one.period.end)
    assert not [one for month in months for one in month if one.state in (State.MERGED, State.BALANCED)]
    assert len(app.reliability.month(city, "2026-05").versions) == 1
    assert not app.reliability.month(city, "2026-06").versions
    assert app.reliability.days(city, 2026, book=next(iter(app.reliability.major(city, _may()))))[2]
    assert app.customers.count(city) > 0


def test_one_went_astray_and_whoever_it_darkened_heard_it(made):
    app, city = made
    told = [one["event_id"] for one in app.notices.overview(city, limit=1000)["events"]]
    (event,) = (name for name in told if name.endswith(ASTRAY))
    kinds = [one["kind"] for one in app.notices.status(event)["announcements"]]
    assert kinds[0] == "fault" and set(kinds[1:]) <= {"changed", "restored", "restored_early"} and len(kinds) > 1
    otherwise = [one for one in app.control.execution(event.removesuffix(ASTRAY)).done if one.device]
    assert otherwise and all(one.note == STUCK for one in otherwise)
    compared = app.notices.centre().reconciliation(event)
    assert compared["unplanned"] and compared["right"] > 0


def test_nothing_that_was_not_permitted_stands_as_due(made):
    app, city = made
    overdue = [
        one for one in app.planning.outages(city, states=(State.NOTIFIED, State.PERMITTED)) if one.period.start < NOW
    ]
    assert not overdue
    assert all(one.reason for one in app.planning.outages(city, states=(State.CANCELLED,)))


def test_outages_are_under_way_now(made):
    app, city = made
    running = [one for one in app.planning.outages(city) if one.state is State.IN_PROGRESS]
    assert running
    assert all(one.period.start <= NOW < one.period.end for one in running)
    assert all(promise.left_min > 0 for promise in app.control.promises(city))


def test_once_is_enough(made):
    app, city = made
    before, said = events(app), []
    past(app, city, said)
    assert said == []
    assert events(app) == before


def test_an_interrupted_one_goes_on(made, tmp_path, monkeypatch):
    whole, city = made
    app, _ = opened(tmp_path / "cut")
    really, calls = Control.tell, []

    def cut(self, *words, **more):
        calls.append(words)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return really(self, *words, **more)

    monkeypatch.setattr(Control, "tell", cut)
    with pytest.raises(KeyboardInterrupt):
        past(app, city)
    assert (BEGUN, f"demo:{city}") in events(app)
    assert (MADE, f"demo:{city}") not in events(app)
    past(app, city)
    states = [sorted((one.outage_id, one.state) for one in each.planning.outages(city)) for each in (whole, app)]
    assert states[0] == states[1]


def test_the_gateway_is_drawn_evenly():
    many = [drawn(1, str(number)) for number in range(10_000)]
    assert 0.5 * REFUSED < sum(one < REFUSED for one in many) / 10_000 < 1.5 * REFUSED
    assert many != [drawn(2, str(number)) for number in range(10_000)]


def _may():
    return Period(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC))
