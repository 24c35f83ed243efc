"""Networks over HTTP: found, drawn, studied; what is wrong is a problem document, never a crash."""

import pytest
from fastapi.testclient import TestClient

from everlit.app import App
from everlit.platform.events import Actor

CASE = "/api/networks/case33"


def test_a_shipped_network_is_imported_when_first_asked_for(client: TestClient) -> None:
    before = {one["network"]: one for one in client.get("/api/networks").json()}
    assert {"case33", "urban", "ortenau"} <= set(before) and all(one["version"] == 0 for one in before.values())
    network = client.get(CASE).json()
    assert network["counts"]["switches"] == 37
    kept, *waiting = client.get("/api/networks").json()
    assert (kept["network"], kept["version"], kept["shipped"]) == ("case33", 1, True)
    assert {one["network"] for one in waiting} == set(before) - {"case33"}


@pytest.mark.parametrize("name", ["atlantis", "..%2f..%2fetc", "%2fetc%2fpasswd", "a" * 100])
def test_a_name_is_never_a_path(client: TestClient, name: str) -> None:
    answer = client.get(f"/api/networks/{name}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_map_speaks_of_every_switch_and_line(client: TestClient) -> None:
    columns = client.get(f"{CASE}/map").json()
    assert len(columns["switches"]["id"]) == 37
    assert {len(column) for column in columns["lines"].values()} == {37}
    assert max(columns["nodes"]["section"]) < len(columns["sections"]["units"])


def test_study_mode_darkens_what_hangs_under_the_switch_and_operates_nothing(client: TestClient, app: App) -> None:
    answer = client.post(f"{CASE}/trace", json={"open": ["s7"]}).json()
    below = {8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}
    assert answer["dark"]["units"] == len(below)
    assert client.post(f"{CASE}/trace", json={"open": []}).json()["dark"]["units"] == 0
    kept = client.post(f"{CASE}/trace", json={"open": ["s7"], "close": ["s35"]}).json()
    assert kept["dark"]["units"] == 0
    assert app.closed("case33")[app.grid("case33").switch("s7")]


def test_an_operation_in_the_field_changes_what_is_studied(client: TestClient, app: App) -> None:
    app.operate("case33", "s7", closed=False, actor=Actor("Wu", "dispatcher"))
    assert client.post(f"{CASE}/trace", json={"close": ["s7"]}).json()["dark"]["units"] == 0
    assert client.post(f"{CASE}/trace", json={"open": ["s6"]}).json()["dark"]["units"] == 1
    [event] = client.get("/api/events", params={"subject": "network/case33"}).json()[:1]
    assert (event["actor"], event["kind"]) == ("Wu", "switch.operated")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("trace", {"open": ["nothing"]}, 404),
        ("trace", {"open": "s7"}, 422),
        ("trace", {"open": ["x" * 201]}, 422),
        ("isolate", {"equipment": []}, 422),
        ("isolate", {"equipment": ["nothing"]}, 404),
        ("transfer", {"equipment": ["l7"], "from": "2026-12-01T08:00", "to": "2026-12-01T10:00+08:00"}, 422),
        ("transfer", {"equipment": ["l7"], "from": "2026-12-02T08:00Z", "to": "2026-12-01T08:00Z"}, 422),
        ("transfer", {"equipment": ["l7"], "from": "2026-12-02T08:00Z", "to": "2099-12-01T08:00Z"}, 422),
    ],
)
def test_bad_input_is_a_problem_document(client: TestClient, path: str, body: object, status: int) -> None:
    answer = client.post(f"{CASE}/{path}", json=body)
    assert answer.status_code == status, answer.text
    problem = answer.json()
    assert problem["status"] == status
    assert problem["findings"]
    assert problem["detail_zh"]


def test_the_description_is_openapi_3_1(client: TestClient) -> None:
    description = client.get("/api/openapi.json").json()
    assert description["openapi"].startswith("3.1")
    assert "/api/networks/{name}/trace" in description["paths"]
