"""The ledger over HTTP."""

import pytest

RELIABILITY = {"X-Actor": "Lin", "X-Role": "reliability"}
CASE = {"network": "case33"}


@pytest.fixture
def point(app):
    return app.grid("case33").network.tables["consumers"].column("consumer_id")[3].as_py()


def bring(client, *rows, headers=RELIABILITY, **params):
    text = "event_id,subject,off,on,nature\n" + "\n".join(rows)
    files = {"file": ("storm.csv", text.encode())}
    return client.post("/api/ledger/import", params={**CASE, **params}, files=files, headers=headers)


def storm(point, on="09:30"):
    return f"S1,{point},2026-05-03 08:00,2026-05-03 {on},内部故障"


def test_a_file_is_imported_once(client, point):
    first = bring(client, storm(point))
    assert (first.status_code, first.json()["recording"]["statements"]) == (201, 1)
    again = bring(client, storm(point))
    assert (again.status_code, again.json()["recording"]["unchanged"]) == (200, 1)
    other = bring(client, storm(point, on="10:00"))
    assert (other.status_code, other.json()["type"]) == (409, "urn:everlit:problem:UnableToRecord")
    assert bring(client, storm(point, on="10:00"), revise="meter data").status_code == 201


def test_faults_are_told_in_both_languages(client, point):
    mixed = bring(client, storm(point), "S2,nobody,2026-05-03 08:00,2026-05-03 09:00,故障").json()
    assert mixed["refused"] == 1
    (error,) = [finding for finding in mixed["findings"] if finding["severity"] == "error"]
    assert error["evidence"]["row"] == 3 and "不在电网模型中" in error["message"]["zh"]


def test_story_event_correction_difference(client, point):
    bring(client, storm(point))
    said = client.get("/api/ledger/show", params={**CASE, "subject": point}).json()
    assert [spell["seconds"] for spell in said["spells"]] == [5400]
    row = {"subject": point, "off": "2026-05-03T08:00+08:00", "on": "2026-05-03T08:30+08:00"}
    body = {"event": "S1", "reason": "crew log", "rows": [row], "cause": "natural.lightning"}
    done = client.post("/api/ledger/correct", params=CASE, json=body, headers=RELIABILITY)
    assert (done.status_code, done.json()["statements"]) == (201, 1)
    (event,) = client.get("/api/ledger/events", params={**CASE, "month": 5}).json()
    assert (event["cause"], event["unit_hours"], event["cause_label"]["zh"]) == ("natural.lightning", 0.5, "雷击")
    one = client.get("/api/ledger/event", params={**CASE, "event": "S1"}).json()
    assert [statement["reason"] for statement in one["statements"]] == ["", "crew log"]
    known = {**CASE, "known_at": "2026-11-05T00:59:59Z", "month": 5}
    assert client.get("/api/ledger/diff", params=known).json()["customer_seconds"] == 1800
    withdrawn = {"event": "S1", "reason": "a test", "withdraw": True}
    assert client.post("/api/ledger/correct", params=CASE, json=withdrawn, headers=RELIABILITY).status_code == 201
    assert client.get("/api/ledger/events", params={**CASE, "month": 5}).json() == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "show?subject=nobody", 404),
        ("GET", "event?event=S9", 404),
        ("GET", "diff", 422),
        ("GET", "events?year=1999", 422),
    ],
)
def test_refusals_are_problem_documents(client, method, path, status):
    answer = client.request(method, f"/api/ledger/{path}", params=None)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_who_may_write(client, point):
    assert bring(client, storm(point), headers={}).status_code == 403
    assert bring(client, storm(point), headers={"X-Actor": "Wu", "X-Role": "crew"}).status_code == 403
    assert bring(client, "S2,nobody,2026-05-03 08:00,2026-05-03 09:00,故障").status_code == 422
