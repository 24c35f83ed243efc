"""Transfers and tickets over HTTP: who judged, what is said of earth faults, what is refused."""

from fastapi.testclient import TestClient

CASE = "/api/networks/case33"
WORK = {"equipment": ["l7"], "from": "2026-12-01T08:00Z", "to": "2026-12-01T16:00Z"}


def test_a_transfer_names_its_judge_and_its_certificate_holds(client: TestClient) -> None:
    answer = client.post(f"{CASE}/transfer", json=WORK).json()
    assert answer["judgement"]["judged_by"] == "power-grid-model"
    assert answer["judgement"]["largest_difference_pu"] < 1e-6
    assert answer["certificate_findings"] == []


def test_no_tie_of_a_disturbed_feeder_is_closed_hot(client: TestClient) -> None:
    asked = client.post(f"{CASE}/ticket", json=WORK).json()
    assert "undisturbed" in [step["action"] for step in asked["back"]["steps"]]
    assert any(step["hot"] for step in asked["back"]["steps"])
    told = client.post(f"{CASE}/ticket", json={**WORK, "disturbed": ["f1"]}).json()
    assert not any(step["hot"] for way in ("out", "back") for step in told[way]["steps"])
    strange = client.post(f"{CASE}/ticket", json={**WORK, "disturbed": ["f99"]})
    assert strange.status_code == 404 and strange.headers["content-type"] == "application/problem+json"
