"""The life of an outage over HTTP, from five departments' requests to the closed file, each step by the role it is for.

S1 ──/A0/── a ──/A1/── b ──/A2/── c ∙T∙ d ──/B1/── e ──/B0/── S2        (tests/planning/drawn.py)
"""

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from everlit.api import create_api
from everlit.app import App
from everlit.planning.model import LADDER, Role
from everlit.platform.events import Actor
from tests.planning.drawn import NOON, request, two_feeders

START = NOON - timedelta(hours=4)
MONTH = "/api/months/2026-06"
PROBLEM = "application/problem+json"
NAMES = {
    "requester": "wang", "planner": "li", "reliability": "zhao", "dispatcher": "wu", "marketing": "sun", "crew": "gao",
}  # fmt: skip


class Office:
    """A planning office with its own store; the test sets its clock and speaks as whoever it wants."""

    def __init__(self, app: App) -> None:
        self.now = START - timedelta(days=20)
        self.app = app
        app.clock = lambda: self.now
        api = create_api(app)
        api.state.network = "drawn"
        self.http = TestClient(api, base_url="http://127.0.0.1", raise_server_exceptions=False)
        app.import_network(two_feeders().network)

    def get(self, path: str, **parameters: Any) -> Any:
        answer = self.http.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ask(
        self, path: str, body: Any = None, *, role: str = "planner", name: str = "", method: str = "POST"
    ) -> Response:
        who = {"X-Actor": quote(name or NAMES.get(role, "chen")), "X-Role": role}
        return self.http.request(method, path, json={} if body is None else body, headers=who)

    def do(self, path: str, body: Any = None, **who: str) -> Any:
        answer = self.ask(path, body, **who)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def refused(self, status: int, path: str, body: Any = None, **who: str) -> list[str]:
        """The kinds of the findings of a refusal, which is a complete problem document in two languages."""
        answer = self.ask(path, body, **who)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == PROBLEM
        problem = answer.json()
        assert problem["status"] == status and problem["title"] and problem["title_zh"] and problem["detail_zh"]
        return [finding["kind"] for finding in problem["findings"]]

    def submit(self, *rows: dict[str, Any]) -> Any:
        """File requests in time for the month's plan."""
        now, self.now = self.now, START - timedelta(days=40)
        done = self.do("/api/requests", list(rows or (row("R1"),)), role="requester")
        self.now = now
        return done

    def merged(self, *names: str) -> str:
        """An outage of assessed requests; its path."""
        for name in names or ("R1",):
            self.do(f"/api/requests/{name}/assess")
        span = {"start": START.isoformat(), "end": (START + timedelta(hours=6)).isoformat()}
        made = self.do("/api/outages", {"request_ids": list(names or ("R1",)), **span})
        return f"/api/outages/{made['outage_id']}"

    def balanced(self) -> str:
        self.submit()
        outage = self.merged()
        self.do(f"{outage}/assess")
        self.do(f"{outage}/balance")
        return outage

    def too_short(self) -> str:
        """An outage that is merged and assessed, of fewer minutes than its switching takes."""
        self.submit(row("R1", minutes=10))
        self.do("/api/requests/R1/assess")
        span = {"start": START.isoformat(), "end": (START + timedelta(minutes=10)).isoformat()}
        outage = f"/api/outages/{self.do('/api/outages', {'request_ids': ['R1'], **span})['outage_id']}"
        self.do(f"{outage}/assess")
        return outage

    def approver(self, outage: str) -> str:
        """The lowest role that may approve it, as its newest assessment says."""
        return str(self.get(f"/api/assessments/{self.get(outage)['assessment_id']}")["approver"])

    def approved(self) -> str:
        outage = self.balanced()
        self.do(f"{outage}/approve", role=self.approver(outage))
        return outage

    def notified(self) -> str:
        outage = self.approved()
        self.do(f"{outage}/notify", role="marketing")
        return outage


def row(name: str, *equipment: str, **changes: Any) -> dict[str, Any]:
    given = {"wanted": START, "submitted_at": START - timedelta(days=40), "earliest": START}
    return request(name, *(equipment or ("lb",)), **{**given, **changes}).as_json()


@pytest.fixture
def office(app: App) -> Office:
    return Office(app)


# ------------------------------------------------------------------------------------------------ requests


def test_good_rows_are_filed_and_bad_ones_named_one_by_one(office):
    rows = [
        row("R1"),
        {**row("R2"), "duration_min": "soon"},
        {**row("R3"), "department": "astrology"},
        row("R4", "no-such-line"),
        {**row("R5"), "latest": row("R5")["earliest"]},
        {"request_id": "R6"},
        row("R1"),
    ]
    done = office.submit(*rows)
    assert done["accepted"] == ["R1"]
    named = {finding["subject"] for finding in done["findings"]}
    assert {"R2", "R3", "R4", "R5", "R6"} <= named
    assert all(finding["message"]["zh"] and finding["message"]["en"] for finding in done["findings"])
    assert [one["request_id"] for one in office.get("/api/requests")] == ["R1"]


def test_the_same_again_changes_nothing_and_other_content_is_refused(office):
    office.submit()
    assert office.submit()["unchanged"] == ["R1"]
    answer = office.ask("/api/requests", [row("R1", minutes=120)], role="requester")
    assert answer.status_code == 422
    assert office.get("/api/requests/R1")["duration_min"] == row("R1")["duration_min"]


@pytest.mark.parametrize("body", [[], {}, "R1", [1], [["R1"]], [None]])
def test_what_is_no_list_of_rows_is_refused_before_it_is_read(office, body):
    assert office.refused(422, "/api/requests", body, role="requester")


def test_a_request_is_revised_postponed_and_cancelled_by_its_department(office):
    office.submit()
    revised = office.ask("/api/requests/R1", row("R1", minutes=120), role="requester", method="PUT")
    assert revised.status_code == 200 and revised.json()["duration_min"] == 120
    assert office.refused(422, "/api/requests/R1/postpone", {}) == ["lifecycle.order.sequence"]
    assert office.do("/api/requests/R1/postpone", {"reason": "no crew"})["state"] == "postponed"
    gone = office.do("/api/requests/R1/cancel", {"reason": "not needed"}, role="requester")
    assert gone["state"] == "cancelled"
    office.do("/api/requests/R1/assess")  # what it would have done may be asked; it stays cancelled
    assert office.get("/api/requests/R1")["state"] == "cancelled"
    assert office.refused(422, "/api/requests/R1/reject", {"reason": "late"}) == ["lifecycle.order.sequence"]
    assert office.ask("/api/requests/R9", row("R9"), role="requester", method="PUT").status_code == 404


def test_a_rejected_request_says_why(office):
    office.submit()
    done = office.do("/api/requests/R1/reject", {"reason": "festival"}, role="department_head")
    assert done["state"] == "rejected"
    event = office.get("/api/events", subject="request:drawn/R1")[0]
    assert (event["kind"], event["role"], event["body"]["reason"]) == (
        "planning.request.reject", "department_head", "festival",
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------- assessment


def test_an_assessment_counts_households_and_prints_its_ticket(office):
    office.submit()
    made = office.do("/api/requests/R1/assess")
    kept = office.get(f"/api/assessments/{made['assessment_id']}")
    assert kept["fingerprint"] == made["fingerprint"]
    # lb lies between A1 and A2: b is dead, c is kept over the tie T
    assert set(kept["isolation"]["to_open"]) == {"A1", "A2"} and kept["transfer"]["close"] == ["T"]
    assert (kept["transfer"]["dark"]["units"], kept["affected"]["households"]) == (34, 340)
    page = office.get(f"/api/assessments/{made['assessment_id']}/households", limit=1)
    assert page["total"] >= 1 and len(page["rows"]) == 1 and page["patterns"]
    ticket = office.http.get(f"/api/assessments/{made['assessment_id']}/ticket.pdf", params={"lang": "zh"})
    assert ticket.content.startswith(b"%PDF") and ticket.headers["content-type"] == "application/pdf"
    assert office.http.get("/api/assessments/99").status_code == 404
    assert office.http.get("/api/assessments/nine").status_code == 422


def test_only_planning_roles_assess(office):
    office.submit()
    assert office.refused(422, "/api/requests/R1/assess", role="crew")
    assert office.get("/api/requests/R1")["state"] == "submitted"


def test_what_its_assessment_blocks_is_not_balanced_and_the_gate_is_named(office):
    outage = office.too_short()
    assert "gate.path.time" in office.refused(422, f"{outage}/balance")
    assert "Switching takes" in office.ask(f"{outage}/balance").json()["detail"]
    assert office.get(outage)["state"] == "merged"


# ------------------------------------------------------------------------------------------------- the month


def test_a_month_is_planned_adopted_moved_and_planned_again(office):
    office.submit(row("R1"), row("R2", "lc"), row("R3", "ld", earliest=START + timedelta(days=2), wanted=None))
    plan = office.do(f"{MONTH}/plan", {"seconds": 2})
    assert plan["requests"] == 3 and plan["scheduled"] + len(plan["refused"]) == 3
    hours = plan["savings"]
    assert hours["transferred"] <= hours["merged"] <= hours["as_requested"]
    assert plan["gap"] >= 0 and len(plan["reasons"]) == 3
    board = office.get(MONTH)
    assert board["plan_id"] == plan["plan_id"] and board["outages"] == []

    made = office.do(f"{MONTH}/adopt")
    assert sorted(name for one in made for name in one["request_ids"]) == ["R1", "R2", "R3"]
    standing = {one["outage_id"] for one in office.get(MONTH)["outages"]}
    assert standing == {one["outage_id"] for one in made}

    again = office.do(f"{MONTH}/plan", {"seconds": 2})
    assert {one["start"] for one in again["packages"]} == {one["start"] for one in plan["packages"]}


def test_moving_is_first_seen_then_done(office):
    office.submit()
    outage = office.merged()
    office.do(f"{outage}/assess")
    later = {"start": (START + timedelta(days=1)).isoformat(), "reason": "crew ill"}
    seen = office.do(f"{outage}/move?dry_run=true", later)
    assert seen["before"]["start"] != seen["after"]["start"] and seen["conflicts"] == []
    assert datetime.fromisoformat(office.get(outage)["start"]) == START
    moved = office.do(f"{outage}/move", {**later, "version": office.get(outage)["version"]})["outage"]
    assert datetime.fromisoformat(moved["start"]) == START + timedelta(days=1)
    assert moved["state"] == "merged" and moved["assessment"] == ""

    outside = office.do(f"{outage}/move?dry_run=true", {"start": (START + timedelta(days=20)).isoformat()})
    assert [one["kind"] for one in outside["conflicts"]] == ["planning.conflict.window"]
    past = {"start": (office.now - timedelta(days=1)).isoformat()}
    assert "lifecycle.order.sequence" in office.refused(422, f"{outage}/move", past)
    assert office.refused(422, f"{outage}/move", {"start": "2026-06-10T08:00"}) == ["request.field"]


# --------------------------------------------------------------------------------------------- the whole life


def test_from_balance_to_the_closed_file_each_step_by_its_role(office):
    outage = office.notified()
    office.now = START - timedelta(minutes=30)
    office.do(f"{outage}/permit", role="dispatcher")
    assert office.refused(422, f"{outage}/start", role="crew") == ["lifecycle.notice.given"]
    office.now = START
    office.do(f"{outage}/start", role="crew")
    office.now = START + timedelta(hours=5)
    office.do(f"{outage}/finish", role="crew")
    office.do(f"{outage}/switch_back", role="dispatcher")
    office.now = START + timedelta(hours=7)
    assert office.refused(422, f"{outage}/restore", role="dispatcher") == ["lifecycle.late_restore.tolerance"]
    code_alone = office.refused(422, f"{outage}/restore", {"delay_code": "material"}, role="dispatcher")
    assert code_alone == ["lifecycle.late_restore.tolerance"]
    assert office.refused(422, f"{outage}/restore", {"delay_code": "laziness"}, role="dispatcher") == ["request.field"]
    late = {"delay_code": "material", "reason": "clamp missing"}
    restored = office.do(f"{outage}/restore", late, role="dispatcher")
    assert restored["delay"]["minutes"] == 60 and restored["delay"]["code"] == "material"
    assert office.refused(422, f"{outage}/analyse", role="reliability") == ["lifecycle.late_restore.tolerance"]
    office.do(f"{outage}/analyse", {"reason": "clamps are counted before the crew leaves"}, role="reliability")
    assert office.do(f"{outage}/close")["state"] == "closed"
    assert office.get("/api/requests/R1")["state"] == "closed"
    assert office.get(outage)["possible"] == []

    events = list(reversed(office.get("/api/events", subject=f"outage:{outage.rpartition('/')[2]}")))
    steps = [(event["kind"].rpartition(".")[2], event["role"]) for event in events]
    assert steps == [
        ("merged", "planner"), ("assessed", "planner"), ("balance", "planner"), ("approve", office.approver(outage)),
        ("notify", "marketing"), ("permit", "dispatcher"), ("start", "crew"), ("finish", "crew"),
        ("switch_back", "dispatcher"), ("restore", "dispatcher"), ("reconciled", "system"),
        ("analyse", "reliability"), ("close", "planner"),
    ]  # fmt: skip
    assert all(event["actor"] for event in events)
    times = [datetime.fromisoformat(event["at"]) for event in events]
    assert times == sorted(times) and times[-4] == times[-3] == START + timedelta(hours=7)


def test_every_step_refuses_every_role_it_is_not_for(office):
    outage = office.balanced()
    steps = [
        ("approve", {Role(office.approver(outage))}, START - timedelta(days=20)),
        ("notify", {Role.MARKETING}, START - timedelta(days=19)),
        ("permit", {Role.DISPATCHER}, START - timedelta(minutes=10)),
        ("start", {Role.CREW, Role.DISPATCHER}, START),
        ("finish", {Role.CREW, Role.DISPATCHER}, START + timedelta(hours=1)),
        ("switch_back", {Role.DISPATCHER}, START + timedelta(hours=1)),
        ("restore", {Role.DISPATCHER}, START + timedelta(hours=2)),
        ("analyse", {Role.RELIABILITY}, START + timedelta(days=1)),
        ("close", {Role.PLANNER, Role.RELIABILITY}, START + timedelta(days=1)),
    ]
    for command, allowed, at in steps:
        office.now = at
        before = office.get(outage)
        higher = set(LADDER) if command == "approve" else set()
        for role in sorted(set(Role) - allowed - higher):
            assert office.ask(f"{outage}/{command}", role=role.value).status_code in (403, 422), (command, role)
        assert office.get(outage) == before
        office.do(f"{outage}/{command}", role=sorted(allowed)[0].value)


def test_the_ladder_below_the_needed_step_may_not_approve(office):
    office.submit(row("R1", "la", "lb"))
    outage = office.merged()
    office.do(f"{outage}/assess")
    office.do(f"{outage}/balance")
    needed = LADDER.index(Role(office.approver(outage)))
    assert needed > 0, "the test needs an outage that the lowest step may not approve"
    for role in LADDER[:needed]:
        kinds = office.refused(422, f"{outage}/approve", role=role.value)
        assert any(kind.startswith("lifecycle.approve.ladder") for kind in kinds)
    assert office.do(f"{outage}/approve", role=LADDER[needed].value)["state"] == "approved"


def test_who_assessed_or_balanced_does_not_approve(office):
    outage = office.balanced()
    approver = office.approver(outage)
    kinds = office.refused(403, f"{outage}/approve", role=approver, name=NAMES["planner"])
    assert kinds == ["lifecycle.approve.separation_plan"]


def test_a_request_on_changed_facts_is_not_merged(office):
    office.submit()
    office.do("/api/requests/R1/assess")
    office.app.import_network(two_feeders(b=150.0).network)
    span = {"start": START.isoformat(), "end": (START + timedelta(hours=6)).isoformat()}
    assert office.refused(409, "/api/outages", {"request_ids": ["R1"], **span}) == ["lifecycle.merge.assessed"]


def test_who_asked_does_not_approve(office):
    outage = office.balanced()
    role = office.approver(outage)
    kinds = office.refused(403, f"{outage}/approve", role=role, name="wang")
    assert kinds == ["lifecycle.approve.separation"]
    assert office.do(f"{outage}/approve", role=role, name="chen")["approval"]["actor"] == "chen"


def _switch(office: Office) -> None:
    office.app.operate("drawn", "B1", closed=False, actor=Actor("wu", "dispatcher"))


def _rule(office: Office) -> None:
    office.ask("/api/policies/approve.duration", {"value": 4, "document": "ours"}, role="reliability", method="PUT")


def _import(office: Office) -> None:
    office.app.import_network(two_feeders(b=150.0).network)


@pytest.mark.parametrize("change", [_switch, _rule, _import])
def test_an_approval_on_changed_facts_is_refused_until_assessed_again(office, change):
    outage = office.balanced()
    role = office.approver(outage)
    change(office)
    assert "lifecycle.approve.fresh" in office.refused(409, f"{outage}/approve", role=role)
    assert office.get(outage)["state"] == "balanced"
    office.do(f"{outage}/assess")
    again = office.ask(f"{outage}/approve", role="vice_director")
    assert again.status_code == 200 or "lifecycle.approve.fresh" not in again.text


def test_an_approved_outage_whose_facts_change_is_not_notified(office):
    outage = office.approved()
    _switch(office)
    assert office.refused(409, f"{outage}/notify", role="marketing") == ["lifecycle.approve.fresh"]


def test_a_legal_notice_that_is_too_late_is_refused(office):
    outage = office.approved()
    office.now = START - timedelta(days=2)
    kinds = office.refused(422, f"{outage}/notify", role="marketing")
    assert kinds and kinds[0].startswith("lifecycle.notice")


def test_two_planners_cannot_overwrite_each_other(office):
    outage = office.balanced()
    version = office.get(outage)["version"]
    office.do(f"{outage}/postpone", {"version": version, "reason": "storm"})
    kinds = office.refused(409, f"{outage}/cancel", {"version": version, "reason": "mistake"}, name="he")
    assert kinds == ["planning.conflict"]
    assert office.get(outage)["state"] == "postponed"


@pytest.mark.parametrize(("command", "state"), [("postpone", "postponed"), ("cancel", "cancelled")])
def test_a_told_outage_that_is_stopped_has_to_be_told_again(office, command, state):
    outage = office.notified()
    assert office.refused(422, f"{outage}/{command}") == ["lifecycle.order.sequence"]
    stopped = office.do(f"{outage}/{command}", {"reason": "storm"}, role="dispatcher")
    assert stopped["state"] == state and stopped["renotice"]
    assert not office.do(f"{outage}/notify", role="marketing")["renotice"]
    expected = "assessed" if command == "cancel" else "postponed"
    assert office.get("/api/requests/R1")["state"] == expected


def test_a_rejected_outage_gives_its_requests_back(office):
    outage = office.balanced()
    office.do(f"{outage}/reject", {"reason": "examination week"}, role="vice_manager")
    assert office.get("/api/requests/R1")["state"] == "assessed"
    assert office.refused(422, f"{outage}/approve", role="vice_director") == ["lifecycle.order.sequence"]


@pytest.mark.parametrize("path", ["/api/requests", "/api/requests/R1", MONTH])
def test_a_network_that_does_not_exist_has_no_empty_month(office, path):
    answer = office.http.get(path, params={"network": "../atlantis"})
    assert answer.status_code == 404 and answer.headers["content-type"] == PROBLEM


# ---------------------------------------------------------------------------------------------- who acts


@pytest.mark.parametrize(
    "who",
    [{}, {"X-Actor": "li"}, {"X-Actor": "li", "X-Role": "king"}, {"X-Actor": " ", "X-Role": "planner"},
     {"X-Actor": "x" * 101, "X-Role": "planner"}],
)  # fmt: skip
def test_nobody_changes_anything_without_a_name_and_a_role(office, who):
    answer = office.http.post("/api/requests", json=[row("R1")], headers=who)
    assert answer.status_code in (403, 422) and answer.headers["content-type"] == PROBLEM
    assert office.get("/api/requests") == []


def test_a_chinese_name_is_kept_as_it_is_written(office):
    office.do("/api/requests", [row("R1")], role="requester", name="王芳")
    assert office.get("/api/events", subject="request:drawn/R1")[0]["actor"] == "王芳"


# ---------------------------------------------------------------------------------------------- rules


def test_a_local_rule_stands_over_the_shipped_one_and_is_an_event(office):
    before = {one["key"]: one for one in office.get("/api/policies")}
    assert before["notice.planned"]["value"] == 7
    wanted = {"value": 10, "document": "our province", "confidence": "V1"}
    done = office.ask("/api/policies/notice.planned", wanted, role="reliability", method="PUT")
    assert done.status_code == 200, done.text
    after = {one["key"]: one for one in office.get("/api/policies") if one["value"] != 7}
    assert (after["notice.planned"]["value"], after["notice.planned"]["document"]) == (10, "our province")
    event = office.get("/api/events", subject="policy:notice.planned")[0]
    assert (event["actor"], event["role"], event["body"]["value"]) == ("zhao", "reliability", 10)


@pytest.mark.parametrize(
    ("key", "body", "status"),
    [("no.such.rule", {"value": 1}, 404), ("notice.planned", {}, 422), ("notice.planned", {"value": "many"}, 422),
     ("notice.planned", {"value": 1e400}, 422), ("notice.planned", {"value": -1}, 422),
     ("link.least", {"value": 1.01}, 422)],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_is_refused(office, key, body, status):
    who = {"X-Actor": "zhao", "X-Role": "reliability", "Content-Type": "application/json"}
    answer = office.http.put(f"/api/policies/{key}", content=json.dumps(body), headers=who)
    assert answer.status_code == status, answer.text
