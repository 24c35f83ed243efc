"""The pages without a browser: they answer in both languages, keep their security policy, escape what people type."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from everlit.app import App
from everlit.kernel import Period
from everlit.planning.lifecycle import Command
from everlit.planning.model import State
from everlit.web.month import read_month
from everlit.web.waterfall import department_rows, waterfall
from tests.web.planned import MONTH, NETWORK, PLANNER

PAGES = [
    "/", "/map", f"/board/{MONTH}", "/requests", "/requests/new", f"/savings/{MONTH}", "/policies", f"/review/{MONTH}",
]  # fmt: skip


def first_outage(app: App) -> str:
    return app.planning.outages(NETWORK, month=MONTH)[0].outage_id


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_page_answers_in_the_language_asked_for(client: TestClient, path: str, language: str):
    answer = client.get(path, params={"lang": language})
    assert answer.status_code == 200
    assert f'<html lang="{"zh-CN" if language == "zh" else "en"}"' in answer.text
    main = re.sub(r"<[^>]+>", " ", answer.text.split("<main", 1)[1].split("</main>")[0])
    chinese = len(re.findall(r"[\u4e00-\u9fff]", main))
    assert chinese > 10 if language == "zh" and path != "/map" else True
    if language == "en" and path not in ("/policies", f"/savings/{MONTH}"):
        assert chinese == 0, main


@pytest.mark.parametrize("path", [*PAGES, "/no-such-page", "/outages/none"])
def test_page_runs_only_its_own_scripts(client: TestClient, path: str):
    answer = client.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "script-src" not in policy and "unsafe-eval" not in policy
    for script in re.findall(r"<script[^>]*>", answer.text):
        assert 'src="/static/' in script or 'type="application/json"' in script
    assert not re.search(r"\son\w+=", answer.text)
    assert not re.search(r"(?:src|href)=\"https?:", answer.text)


def test_language_of_the_browser_is_used_until_one_is_chosen(client: TestClient):
    assert 'lang="en"' in client.get("/", headers={"accept-language": "en-GB,en"}).text
    assert 'lang="zh-CN"' in client.get("/", headers={"accept-language": "zh-CN"}).text
    client.get("/", params={"lang": "en"})
    assert '<html lang="en"' in client.get("/", headers={"accept-language": "zh-CN"}).text


def test_unknown_things_are_pages_with_404(client: TestClient):
    answer = client.get("/outages/none")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert client.get("/board/2026-13").status_code == 404
    assert client.get("/api/outages/none").headers["content-type"] == "application/problem+json"


def test_outage_page_shows_what_was_computed(client: TestClient, app: App):
    outage_id = first_outage(app)
    body = app.planning.assessment_of(outage_id=outage_id).body
    text = client.get(f"/outages/{outage_id}", params={"lang": "en"}).text
    assert f"{body['affected']['households']:,}" in text
    assert f"{body['hours']['units_h']:,.1f}" in text
    for gate in body["gates"]:
        assert gate["policy"]["key"] in text
    for switch in body["isolation"]["to_open"]:
        assert switch in text
    assert "<svg" in text


def test_households_are_paged_filtered_and_downloaded(client: TestClient, app: App):
    outages = app.planning.outages(NETWORK, month=MONTH)
    bodies = {one.outage_id: app.planning.assessment_of(outage_id=one.outage_id).body for one in outages}
    outage_id = max(bodies, key=lambda name: len(bodies[name]["households"]))
    rows = bodies[outage_id]["households"]
    lines = client.get(f"/outages/{outage_id}/households.csv").text.lstrip("\ufeff").splitlines()
    assert len(lines) == len(rows) + 1
    assert sum(int(line.split(",")[3]) for line in lines[1:]) == sum(row["households"] for row in rows)
    name = rows[-1]["consumer_id"]
    part = client.get(
        f"/outages/{outage_id}", params={"q": name}, headers={"hx-request": "true", "hx-target": "div#households"}
    ).text
    assert name in part and "<html" not in part


def test_ticket_is_a_pdf(client: TestClient, app: App):
    answer = client.get(f"/outages/{first_outage(app)}/ticket-out.pdf", params={"lang": "zh"})
    assert answer.content.startswith(b"%PDF")


def test_a_hostile_request_is_text(client: TestClient, app: App):
    line = str(app.grid(NETWORK).network.tables["lines"].column("line_id")[0].as_py())
    title = '<script>alert("1")</script>'
    form = {
        "request_id": "R-hostile", "department": "operations", "kind": "maintenance", "title_en": title,
        "equipment_ids": line, "duration_min": "60", "earliest": "2027-03-01T08:00", "latest": "2027-03-05T18:00",
        "crew": "=cmd()", "crew_size": "2",
    }  # fmt: skip
    answer = client.post("/requests/new", data=form)
    assert answer.status_code == 200 and answer.url.path == "/requests/R-hostile"
    for page in (answer.text, client.get("/requests").text):
        assert "&lt;script&gt;" in page and "<script>alert" not in page


def test_a_faulty_request_is_shown_again_with_a_finding_at_the_field(client: TestClient):
    form = {
        "request_id": "R-bad", "department": "operations", "kind": "maintenance", "title_zh": "检修",
        "equipment_ids": "no such line", "duration_min": "-5", "earliest": "2027-03-01T08:00", "latest": "soon",
    }  # fmt: skip
    answer = client.post("/requests/new", data=form)
    assert answer.status_code == 422
    assert 'id="duration_min-fault"' in answer.text and 'id="latest-fault"' in answer.text
    assert 'value="no such line"' in answer.text


def test_without_a_name_nothing_is_changed(client: TestClient, app: App):
    outage_id = first_outage(app)
    before = app.planning.outage(outage_id)
    client.cookies.delete("actor")
    answer = client.post(f"/outages/{outage_id}", data={"command": "balance", "version": before.version})
    assert answer.status_code == 422
    assert app.planning.outage(outage_id) == before


def test_one_outage_from_meeting_to_approval(client: TestClient, app: App):
    outage_id = app.planning.outages(NETWORK, month=MONTH)[-1].outage_id
    outage = app.planning.outage(outage_id)
    client.post(f"/outages/{outage_id}", data={"command": "balance", "version": outage.version})
    assert app.planning.outage(outage_id).state is State.BALANCED
    refused = client.post(f"/outages/{outage_id}", data={"command": "approve"})
    assert refused.status_code == 422 and 'role="alert"' in refused.text
    client.cookies.set("actor", "Zhou")
    client.cookies.set("role", "vice_director")
    client.post(f"/outages/{outage_id}", data={"command": "approve"})
    assert app.planning.outage(outage_id).state is State.APPROVED
    stale = client.post(f"/outages/{outage_id}", data={"command": "cancel", "reason": "x", "version": "1"})
    assert stale.status_code in (409, 422) and app.planning.outage(outage_id).state is State.APPROVED


@pytest.mark.parametrize(("language", "words"), [("en", "Switching takes"), ("zh", "停送电操作需")])
def test_the_page_names_the_gate_that_keeps_an_outage_from_the_meeting(client: TestClient, app: App, language, words):
    some = app.planning.request(NETWORK, app.planning.outages(NETWORK, month=MONTH)[0].request_ids[0]).request
    short = replace(some, request_id=f"short-{language}", duration_min=5, precedence=())
    app.planning.submit(NETWORK, [short], actor=PLANNER)
    app.planning.assess_request(NETWORK, short.request_id, actor=PLANNER)
    period = Period(short.earliest, short.earliest + timedelta(minutes=5))
    outage = app.planning.merge(NETWORK, [short.request_id], period=period, actor=PLANNER)
    app.planning.assess_outage(outage.outage_id, actor=PLANNER)
    client.cookies.set("lang", language)
    refused = client.post(f"/outages/{outage.outage_id}", data={"command": "balance"})
    assert refused.status_code == 422 and words in refused.text.partition('role="alert"')[2][:2000]
    assert app.planning.outage(outage.outage_id).state is State.MERGED
    app.planning.act(outage.outage_id, Command.CANCEL, actor=PLANNER, reason="a test")
    app.planning.act_on_request(NETWORK, short.request_id, Command.CANCEL, actor=PLANNER, reason="a test")


def test_an_outage_under_way_shows_on_the_promise_clock_and_in_the_review(client: TestClient, app: App):
    outage = next(one for one in app.planning.outages(NETWORK, month=MONTH) if one.state is State.MERGED)
    path, ends = f"/outages/{outage.outage_id}", outage.period.end
    plain_clock = app.planning.clock
    steps = [
        ("Lin", "planner", "balance"), ("Zhou", "vice_director", "approve"), ("Mei", "marketing", "notify"),
        ("Han", "dispatcher", "permit"), ("Chen", "crew", "start"),
    ]  # fmt: skip
    try:
        for actor, role, command in steps:
            if command == "start":
                app.planning.clock = app.clock = lambda: outage.period.start
            client.cookies.set("actor", actor)
            client.cookies.set("role", role)
            client.post(path, data={"command": command})
        assert app.planning.outage(outage.outage_id).state is State.IN_PROGRESS
        app.planning.clock = app.clock = lambda: ends + timedelta(minutes=50)
        assert outage.outage_id in client.get("/", params={"month": MONTH}).text
        client.post(path, data={"command": "finish"})
        client.cookies.set("role", "dispatcher")
        client.post(path, data={"command": "switch_back"})
        refused = client.post(path, data={"command": "restore"})
        assert refused.status_code == 422 and 'name="delay_code"' in refused.text
        client.post(path, data={"command": "restore", "delay_code": "weather", "reason": "storm"})
        review = client.get(f"/review/{MONTH}", params={"lang": "en"}).text
        assert "weather" in review and "storm" in review and outage.outage_id in review
    finally:
        app.planning.clock = app.clock = plain_clock


def test_savings_add_up(app: App):
    month = read_month(app, NETWORK, MONTH, cache={}, asked=True)
    assert month.plan is not None and month.savings is not None and month.assessed is not None
    assert month.savings.as_requested >= month.savings.merged >= month.savings.transferred
    steps = waterfall(month.savings)
    assert sum(step.hours for step in steps if not step.total) == pytest.approx(steps[-1].hours - steps[0].hours)
    rows = department_rows(month)
    assert sum(row.left_h for row in rows) == pytest.approx(sum(row.units_h or 0 for row in month.standing))
    assert month.assessed.as_requested == pytest.approx(month.savings.as_requested, rel=0.25)


def test_search_finds_every_kind_of_equipment(client: TestClient, app: App):
    tables = app.grid(NETWORK).network.tables
    for table in ("switches", "lines", "transformers", "consumers", "usage_points", "nodes"):
        identity = str(tables[table].column(0)[-1].as_py())
        found = client.get(f"/api/networks/{NETWORK}/search", params={"q": identity}).json()
        assert identity in [one["id"] for one in found]
        hit = next(one for one in found if one["id"] == identity)
        assert hit["at"] is not None
    assert client.get(f"/api/networks/{NETWORK}/search", params={"q": "zzzzzz"}).json() == []


def test_back_after_naming_oneself_stays_on_this_site(client: TestClient):
    answer = client.post("/who", data={"actor": "Lin", "back": "//evil.example/"}, follow_redirects=False)
    assert answer.headers["location"] == "/"
