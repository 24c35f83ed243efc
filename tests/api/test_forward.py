"""The year ahead over HTTP: the published system, its feeders and load points, changes, plans, and every bad question."""

from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from everlit.api import create_api
from everlit.app import App
from everlit.kernel import Period
from everlit.planning.model import PlannedOutage
from everlit.reliability.model import Base
from tests.ledger.drawn import Hand

BASE = "/api/reliability/forward"
HERE = {"network": "rbts2"}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    app = App.open(tmp_path_factory.mktemp("forward"), clock=Hand())
    return TestClient(create_api(app), base_url="http://127.0.0.1", raise_server_exceptions=False)


def test_the_year_of_the_published_system(client):
    body = client.get(BASE, params=HERE).json()
    households = body["indices"]["households"]
    assert (households["saifi"], households["saidi_h"], body["ens_mwh"]) == (0.248211, 3.612587, 37.745679)
    assert body["assumed"]["repair_transformer_h"] == 10 and body["tie_limits"] is True
    assert body["load_points_in_all"] == len(body["load_points"]) == 22
    off = [point["hours_per_year"] for point in body["load_points"]]
    assert off == sorted(off, reverse=True)


@pytest.mark.parametrize("base", ["units", "households", "kva"])
def test_feeders_add_up_to_the_system(client, base):
    body = client.get(BASE, params={**HERE, "base": base, "points": 3}).json()
    whole, feeders = body["indices"][base], body["feeders"]
    assert len(body["load_points"]) == 3 and {one["feeder"] for one in feeders} == {"F1", "F2", "F3", "F4"}
    assert sum(one["customers"] for one in feeders) == whole["customers"]
    hours = [one["customer_hours"] for one in feeders]
    assert hours == sorted(hours, reverse=True)
    assert sum(hours) == pytest.approx(whole["saidi_h"] * whole["customers"], rel=1e-5)


def test_spares_are_worth_what_the_paper_says(client):
    effect = client.post(f"{BASE}/value", params=HERE, json={"spares": True}).json()
    assert effect["after"]["indices"]["households"]["saidi_h"] == 0.765575
    assert effect["saved"]["ens_mwh"] == pytest.approx(37.745679 - 8.843829, abs=1e-6)


def test_a_tie_and_automatic_switches_together(client):
    built = {"tie": ["N26", "N32"], "automate": ["CB1", "IS4"]}
    both = client.post(f"{BASE}/value", params=HERE, json=built).json()
    alone = client.post(f"{BASE}/value", params=HERE, json={"automate": ["CB1", "IS4"]}).json()
    assert both["saved"]["households"]["customer_hours"] >= alone["saved"]["households"]["customer_hours"] > 0


def test_a_plan_risks_more_the_longer_it_stands(client):
    plan = {"open": ["CB1"], "close": ["T12"], "hours": 8}
    eight = client.post(f"{BASE}/risk", params=HERE, json=plan).json()
    sixteen = client.post(f"{BASE}/risk", params=HERE, json={**plan, "hours": 16}).json()
    assert eight["ens_kwh"] == pytest.approx(3.061, abs=5e-4)
    assert sixteen["customer_hours"]["households"] == pytest.approx(2 * eight["customer_hours"]["households"], abs=2e-6)


def test_an_outage_risks_what_its_switched_state_does(client):
    app = client.app.state.app
    line = app.grid("rbts2").network.tables["lines"].column("line_id")[1].as_py()
    period = Period(datetime(2026, 6, 10, 1, tzinfo=UTC), datetime(2026, 6, 10, 7, tzinfo=UTC))
    outage = PlannedOutage("O-1", "rbts2", ("R-1",), (line,), period)
    closed = app.switching_plan("rbts2", [line], period).at_work
    found = app.outage_risk(outage)
    normal = app.grid("rbts2").switch_normal_closed
    names = app.grid("rbts2").switch_ids.to_pylist()
    moved = {
        "open": [name for name, was, now in zip(names, normal, closed, strict=True) if was and not now],
        "close": [name for name, was, now in zip(names, normal, closed, strict=True) if now and not was],
    }
    same = client.post(f"{BASE}/risk", params=HERE, json={**moved, "hours": 6}).json()
    assert moved["open"] and found.hours == 6
    assert same["ens_kwh"] == pytest.approx(found.ens_kwh, abs=1e-6)
    assert same["customer_hours"]["units"] == pytest.approx(found.customer_hours[Base.UNITS], abs=1e-6)
    assert client.get(f"{BASE}/outages/O-1").status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "status", "kind"),
    [
        ("value", {}, 422, "forward.unclear"),
        ("value", {"automate": ["nobody"]}, 404, "equipment.unknown"),
        ("value", {"tie": ["N26", "nowhere"]}, 404, "equipment.unknown"),
        ("value", {"tie": ["N26", "LP4.lv"]}, 422, "tie.ends"),
        ("value", {"tie": ["N26"]}, 422, "request.field"),
        ("value", {"tie": ["N26", "x" * 300]}, 422, "request.field"),
        ("risk", {"hours": 3}, 422, "forward.unclear"),
        ("risk", {"open": ["nobody"], "hours": 3}, 404, "equipment.unknown"),
        ("risk", {"open": ["IS7"], "hours": 0}, 422, "request.field"),
        ("risk", {"open": ["IS7"], "hours": 9000}, 422, "request.field"),
        ("risk", {"open": ["IS7"]}, 422, "request.field"),
    ],
)
def test_bad_questions_are_refused_with_a_reason(client, path, body, status, kind):
    answer = client.post(f"{BASE}/{path}", params=HERE, json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["findings"][0]["kind"] == kind


def test_an_unknown_network_and_too_many_points(client):
    assert client.get(BASE, params={"network": "nowhere"}).status_code == 404
    assert client.get(BASE, params={**HERE, "points": 10**9}).status_code == 422
    assert client.get(BASE, params={**HERE, "base": "power"}).status_code == 422
