"""Notices in headless Chromium: queue, failures and receipts at a desk, steps beside a switch by phone."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from everlit.notices.channels.not_opened import REASON
from everlit.platform.database import sqlite_url
from everlit.policies import ASTRAY
from everlit.switching.step import SWITCHED
from tests.browser.conftest import Open, Site, served
from tests.browser.test_control_room import width_of
from tests.control.conftest import NETWORK, OUT, START, Room
from tests.notices.town import important, without_door


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Room:
    home = Path(tmp_path_factory.mktemp("notices"))
    made = Room(sqlite_url(home), home, customers=True)
    without_door(made.app.engine)
    important(made.app.engine)
    return made


@pytest.fixture(scope="module")
def site(room: Room) -> Iterator[Site]:
    with served(room.app, NETWORK) as one:
        yield one


def sent(room: Room) -> None:
    """Everything that is due goes out; in a thread of its own, because the browser's event loop runs in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(room.app.send_due).result()


def test_what_waits_fails_and_goes_on_is_told_apart_by_words(window: Open, room: Room):
    one = window(role="marketing")
    page, queue = one.page, one.page.locator("section[aria-labelledby=queue]")
    one.go("/notices")
    expect(page.locator(".banner.warn").first).to_contain_text("not set up")
    expect(queue).to_contain_text("! not set up")
    page.get_by_role("group", name="Show").get_by_role("link", name="failed").click()
    expect(page.locator("section[aria-labelledby=events] tbody")).to_contain_text("None.")
    sent(room)
    one.go("/notices")
    expect(page.locator(".banner.warn")).to_have_count(0)
    failed = page.locator("section[aria-labelledby=failed] tbody")
    expect(failed).to_contain_text("text message")
    expect(failed).to_contain_text(REASON)
    page.get_by_role("group", name="Show").get_by_role("link", name="failed").click()
    expect(page.get_by_role("group", name="Show").locator("[aria-current]")).to_have_text("✓ failed")
    page.locator("section[aria-labelledby=events] tbody a", has_text=room.outage).click()
    page.wait_for_url(f"**/notices/{room.outage}")
    expect(page.get_by_role("link", name="Walking list, PDF")).to_be_visible()


def test_queueing_again_is_for_those_no_channel_reached(window: Open, room: Room):
    one, nowhere = window(role="marketing"), room.app.notices.centre().undelivered(room.outage)
    assert len(nowhere) == 3
    one.go(f"/notices/{room.outage}")
    section = one.page.locator("section[aria-labelledby=undelivered]")
    expect(section.locator("tbody tr")).to_have_count(len(nowhere))
    expect(section).to_contain_text(f"text message: {REASON}")
    section.get_by_role("button", name="Queue for them once more").click()
    expect(one.page.locator("section[aria-labelledby=messages] tbody th").first).to_contain_text("2")
    second = [row for row in room.app.notices.status(room.outage)["counts"] if row["version"] == 2]
    assert sum(row["count"] for row in second) == len(nowhere)
    sent(room)
    planner = window(role="planner")
    planner.go(f"/notices/{room.outage}")
    expect(planner.page.get_by_role("button", name="Queue for them once more")).to_have_count(0)


def test_a_receipt_is_entered_by_keyboard(window: Open, room: Room):
    owed = room.app.notices.status(room.outage)["unsigned"]
    assert owed
    one = window(role="marketing", width=390)
    one.go(f"/notices/{room.outage}")
    receipts = one.page.locator("section[aria-labelledby=receipts]")
    form = receipts.locator("form").first
    account = form.locator("[name=account_id]").input_value()
    form.get_by_label("Signed by").fill("王 <b>医生</b>")
    form.get_by_label("Signed by").press("Enter")
    expect(receipts.locator("ul.plain li").first).to_contain_text(account)
    expect(receipts.locator("ul.plain li").first).to_contain_text("王 <b>医生</b>")


def test_a_step_done_otherwise_by_phone_tells_whoever_it_darkens(window: Open, room: Room):
    room.begun()
    event, steps = f"{room.outage}{ASTRAY}", room.steps[OUT]
    phone = window(width=390, role="crew")
    page = phone.page
    phone.go(f"/outages/{room.outage}/steps")
    for step in steps:
        room.now = START + timedelta(minutes=step.at_min)
        expect(page.locator("section.now h2 .soft")).to_have_text(f"{step.number} / {len(steps)}")
        if step.device == "A1" and step.action in SWITCHED:
            page.locator("summary", has_text="otherwise").click()
            page.get_by_label("Device really operated").fill("A0")
            page.get_by_label("Why").fill("A1 was stuck")
            page.get_by_role("button", name="Record it so").click()
        else:
            page.get_by_role("button", name="Done now").click()
        if step.device == "A2" and step.action in SWITCHED:
            break
    alert = page.locator(".refused[role=alert]", has_text="Dead against the plan")
    expect(alert).to_contain_text(re.compile(r": \d+ households"))
    expect(page.locator("ol.walk").first).to_contain_text("A1 was stuck")
    scroll, client = width_of(phone)
    assert scroll <= client
    concerned = room.app.notices.status(event)["counts"]
    assert {row["kind"] for row in concerned} == {"fault"}
    desk = window(role="dispatcher")
    desk.go(f"/notices/{event}")
    expect(desk.page.locator("section[aria-labelledby=messages] tbody")).to_contain_text("text message")
    assert str(room.app.control.execution(room.outage).astray.as_json()["dead"]["households"]) in alert.inner_text()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("width", [1440, 390])
def test_pages_load_clean_and_fit(window: Open, room: Room, width: int, lang: str):
    one = window(width=width, lang=lang, role="marketing")
    for path in ["/notices", "/notices?show=failed", f"/notices/{room.outage}", f"/outages/{room.outage}/steps"]:
        one.go(path)
        scroll, client = width_of(one)
        assert scroll <= client, f"{path} is {scroll} wide in {client}"
        assert one.page.locator("h1").count() == 1, path
