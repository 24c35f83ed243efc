"""Wherever an instant can be named, one that no calendar reaches is refused: never an internal error, nothing kept."""

from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from everlit.app import App
from everlit.web import create_site
from tests.web.planned import MONTH, NETWORK

HOSTILE = (
    "0001-01-01T00:00+14:00", "0001-01-01T00:00", "9999-12-31T23:59:59-12:00", "9999-12-31T23:59", "2026-13-01T00:00",
    "soon", "2026-06-01T08:00+99:00", "--", "1e9", "٢٠٢٦-06-01T08:00", "2026-06-01T08:00; --",
)  # fmt: skip
SCHEMA = "/api/openapi.json"
WHO = {"X-Actor": "Lin", "X-Role": "planner"}


@pytest.fixture
def client(app: App) -> TestClient:
    cookies = {"actor": "Lin", "role": "planner", "network": NETWORK}
    site = create_site(app, network=NETWORK)
    return TestClient(site, base_url="http://127.0.0.1:8000", cookies=cookies, raise_server_exceptions=False)


def is_instant(schema: dict) -> bool:
    return any(one.get("format") == "date-time" for one in (schema, *schema.get("anyOf", ())))


def queries(schema: dict) -> list[tuple[str, str, list[str]]]:
    """Method, path and names of every operation of the API that takes an instant in its query."""
    found = []
    for path, operations in schema["paths"].items():
        for method, one in operations.items():
            names = [p["name"] for p in one.get("parameters", ()) if p["in"] == "query" and is_instant(p["schema"])]
            if names:
                found.append((method, path, names))
    return found


def bodies(schema: dict) -> list[tuple[str, str, dict]]:
    """Method, path and properties of every operation that takes an instant in its body."""
    found = []
    for path, operations in schema["paths"].items():
        for method, one in operations.items():
            for content in one.get("requestBody", {}).get("content", {}).values():
                name = content["schema"].get("$ref", "").rpartition("/")[2]
                fields = schema["components"]["schemas"].get(name, {}).get("properties", {})
                if any(is_instant(field) for field in fields.values()):
                    found.append((method, path, fields))
    return found


def at(path: str) -> str:
    """The path with something in its blanks."""
    return path.replace("{month}", MONTH).replace("{", "").replace("}", "")


@pytest.mark.parametrize("text", HOSTILE)
def test_every_query_of_the_api_refuses_it(client: TestClient, text: str):
    asked = queries(client.get(SCHEMA).json())
    assert len(asked) > 10
    for method, path, names in asked:
        for name in names:
            answer = client.request(method, at(path), params={"network": NETWORK, name: text}, headers=WHO)
            assert answer.status_code in (404, 422), (path, name, answer.text[:300])


@pytest.mark.parametrize("text", HOSTILE)
def test_every_body_of_the_api_refuses_it(client: TestClient, text: str):
    asked = bodies(client.get(SCHEMA).json())
    assert len(asked) > 5
    for method, path, fields in asked:
        body = {name: text for name, field in fields.items() if is_instant(field)}
        answer = client.request(method, at(path), json=body, headers=WHO)
        assert answer.status_code in (404, 422), (path, answer.text[:300])


@pytest.mark.parametrize("text", HOSTILE)
def test_every_page_that_takes_an_instant_refuses_it(client: TestClient, app: App, text: str):
    outage = app.planning.outages(NETWORK, month=MONTH)[0]
    before, place = app.planning.outage(outage.outage_id), f"/outages/{quote(outage.outage_id)}"
    for path, body in (
        (place, {"command": "approve", "at": text}),
        (place, {"command": "move", "at": text}),
        (f"{place}/steps", {"way": "out", "number": "1", "at": text}),
        ("/requests/new", {"request_id": "R-then", "earliest": text, "latest": text, "wanted": text}),
    ):
        answer = client.post(path, data=body)
        assert answer.status_code == 422, (path, answer.status_code)
    for path in ("/reliability", "/reliability/drill", "/reliability/event", "/meter"):
        answer = client.get(path, params={"known": text, "event": "E", "index": "TH-1", "q": "x"})
        assert answer.status_code in (404, 422), (path, answer.status_code)
    assert app.planning.outage(outage.outage_id) == before


@pytest.mark.parametrize(
    ("form", "named"),
    [
        ({"command": "fly"}, "command"),
        ({"command": "approve", "version": "٣"}, "version"),
        ({"command": "approve", "version": "9" * 5000}, "version"),
        ({"command": "restore", "delay_code": "luck"}, "delay_code"),
    ],
)
def test_a_field_that_means_nothing_is_named(client: TestClient, app: App, form: dict, named: str):
    outage = app.planning.outages(NETWORK, month=MONTH)[0]
    answer = client.post(f"/outages/{outage.outage_id}?lang=en", data=form)
    assert answer.status_code == 422 and named in answer.text.partition('role="alert"')[2][:1500]


@pytest.mark.parametrize(
    "form", [{}, {"way": "up", "number": "1"}, {"way": "out", "number": "-1"}, {"way": "out", "number": "x"}]
)
def test_a_step_that_is_none_is_refused(client: TestClient, app: App, form: dict):
    outage = app.planning.outages(NETWORK, month=MONTH)[0]
    assert client.post(f"/outages/{outage.outage_id}/steps", data=form).status_code == 422
