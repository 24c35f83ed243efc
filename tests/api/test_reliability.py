"""Reliability over HTTP: the figures, their files, what they are the sum of, months closed by whom."""

import csv
import io

import pytest
from fastapi.testclient import TestClient

from everlit.api import create_api
from everlit.app import App
from tests.ledger.drawn import EDITOR, Hand, network, sheet
from tests.reliability.test_service import ROWS

RELIABILITY = {"X-Actor": "Lin", "X-Role": "reliability"}
MAY = {"network": "drawn", "year": 2026, "month": 5}
BASE = "/api/reliability"


@pytest.fixture
def app(tmp_path):
    app = App.open(tmp_path, clock=Hand())
    app.import_network(network())
    app.ledger.import_file("drawn", sheet(*ROWS), actor=EDITOR)
    return app


@pytest.fixture
def client(app):
    return TestClient(create_api(app), base_url="http://127.0.0.1", raise_server_exceptions=False)


def hours(body, part=""):
    (here,) = [one for one in body["parts"] if one["key"] == part]
    return next(index["value"] for index in here["bases"]["units"]["dlt"]["all"] if index["key"] == "TH-1")


def test_indices_whole_in_parts_and_as_known(client):
    assert hours(client.get(f"{BASE}/indices", params=MAY).json()) == 8.5
    assert hours(client.get(f"{BASE}/indices", params={**MAY, "by": "feeder"}).json(), "FB") == 3.0
    calm = client.get(f"{BASE}/indices", params={**MAY, "by": "feeder", "view": "without_major"}).json()
    assert {view for part in calm["parts"] for view in part["bases"]["units"]["dlt"]} == {"without_major"}
    before = client.get(f"{BASE}/indices", params={**MAY, "known_at": "2020-01-01T00:00:00Z"}).json()
    assert hours(before) == 0 and before["customers"] == "period_end"


def test_the_file_has_a_name_and_the_same_figures(client):
    answer = client.get(f"{BASE}/export", params={**MAY, "format": "csv"})
    assert answer.headers["content-disposition"] == 'attachment; filename="indices.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["value"] for row in rows if (row["base"], row["view"], row["key"]) == ("units", "all", "TH-1")] == [
        "8.5"
    ]
    assert client.get(f"{BASE}/export", params={**MAY, "format": "xlsx"}).content.startswith(b"PK")


def test_an_index_leads_to_its_events(client):
    body = client.get(f"{BASE}/drill", params={**MAY, "index": "SAIFI-1", "base": "households"}).json()
    assert sum(row["adds"] for row in body["events"]) == body["index"]["numerator"]
    assert body["customers_in_all"] == len(body["customers"]) == 4
    missing = client.get(f"{BASE}/drill", params={**MAY, "index": "SADI"})
    assert missing.status_code == 404 and missing.json()["findings"][0]["kind"] == "index.unknown"


def test_a_month_is_closed_by_whom_it_concerns_and_restated_with_a_reason(client, app):
    month = f"{BASE}/months/2026-05"
    refused = client.post(
        f"{month}/close", params={"network": "drawn"}, json={}, headers={**RELIABILITY, "X-Role": "crew"}
    )
    assert refused.status_code == 403
    first = client.post(f"{month}/close", params={"network": "drawn"}, json={}, headers=RELIABILITY)
    assert first.status_code == 201 and first.json()["version"] == 1
    app.clock.later(hours=1)
    app.ledger.withdraw("drawn", "S2", reason="it never happened", actor=EDITOR)
    changed = client.get(month, params={"network": "drawn"}).json()["changes"]
    assert any(
        one["key"] == "TH-1" and one["before"]["value"] == 8.5 and one["after"]["value"] == 5.5 for one in changed
    )
    without = client.post(f"{month}/close", params={"network": "drawn"}, json={"reason": "  "}, headers=RELIABILITY)
    assert without.status_code == 422 and "重述须说明原因" in without.json()["detail_zh"]
    again = client.post(
        f"{month}/close", params={"network": "drawn"}, json={"reason": "S2 withdrawn"}, headers=RELIABILITY
    )
    assert again.json()["version"] == 2
    listed = client.get(f"{BASE}/months", params={"network": "drawn"}).json()
    assert [one["version"] for one in listed] == [1, 2] and "figures" not in listed[0]


def test_days_repeats_budget_management_and_report(client):
    year = {"network": "drawn", "year": 2026}
    assert client.get(f"{BASE}/days", params=year).json()["daily_min"]["2026-05-03"] == 82.5
    assert client.get(f"{BASE}/repeats", params={"network": "drawn"}).json()["frequent_users"] == 0
    assert client.get(f"{BASE}/budget", params=year).json()["total"]["used_h"] == 3.0
    told = client.get(f"{BASE}/management", params=MAY).json()
    keys = {one["key"] for one in told["indices"]}
    assert keys == {"temporary", "arranged_hours", "repeated_feeders", "repeated_customers", "transferred"}
    assert [one["subject"] for one in told["untold"]] == ["live_line"] and "带电" in told["untold"][0]["message"]["zh"]
    known = client.get(f"{BASE}/management", params={**MAY, "live_line_h": 1.0}).json()
    assert {one["key"]: one["value"] for one in known["indices"]}["live_line"] == 0.25 and known["untold"] == []
    before = client.get(f"{BASE}/management", params={**MAY, "known_at": "2026-06-01T00:00:00Z"}).json()
    assert [one["subject"] for one in before["untold"]] == ["transferred", "live_line"]
    assert client.get(f"{BASE}/management", params={**MAY, "live_line_h": -1}).status_code == 422
    report = client.get(f"{BASE}/months/2026-05/report.pdf", params={"network": "drawn", "lang": "en"})
    assert report.headers["content-type"] == "application/pdf" and report.content.startswith(b"%PDF")


def test_two_states_of_knowledge_are_told_figure_by_figure(app, client):
    then = app.clock().isoformat()
    later = app.clock.later(hours=1).isoformat()
    app.ledger.withdraw("drawn", "S2", reason="it never happened", actor=EDITOR)
    told = client.get(f"{BASE}/indices", params={**MAY, "known_at": then, "compare": later}).json()
    (hours_of,) = [
        one for one in told["changes"]
        if (one["base"], one["book"], one["view"], one["key"]) == ("units", "dlt", "all", "TH-1")
    ]  # fmt: skip
    assert (hours_of["before"]["value"], hours_of["after"]["value"], hours_of["difference"]) == (8.5, 5.5, -3.0)
    assert [(one["event"], one["reason"]) for one in told["arrived"]] == [("S2", "it never happened")]
    back = client.get(f"{BASE}/indices", params={**MAY, "known_at": later, "compare": then}).json()
    assert len(back["changes"]) == len(told["changes"]) < told["figures"] and back["arrived"] == told["arrived"]
    same = client.get(f"{BASE}/indices", params={**MAY, "known_at": then, "compare": then}).json()
    assert same["changes"] == same["arrived"] == []
    nothing = client.get(f"{BASE}/indices", params={**MAY, "compare": then})
    assert nothing.status_code == 422 and nothing.json()["findings"][0]["kind"] == "indices.compare.known_at"


def test_a_month_that_has_not_begun_has_no_report(client):
    answer = client.get(f"{BASE}/months/2099-01/report.pdf", params={"network": "drawn"})
    assert answer.status_code == 422 and answer.json()["findings"][0]["kind"] == "period.future"


@pytest.mark.parametrize("known_at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "1899-12-31T00:00:00Z"])
@pytest.mark.parametrize("path", ["/api/reliability/indices", "/api/ledger/events", "/api/ledger/diff"])
def test_instants_no_calendar_reaches_are_refused(client, path, known_at):
    answer = client.get(path, params={**MAY, "known_at": known_at})
    assert answer.status_code == 422 and answer.json()["findings"][0]["kind"] == "request.field"
