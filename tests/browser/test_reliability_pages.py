"""Reliability, one meter and the outage board in headless Chromium: they fit, open by keyboard, count down and warn."""

import re
from datetime import timedelta

import pytest

from everlit.planning.lifecycle import Command, UnableToAdvance
from everlit.planning.model import PlannedOutage, Role, State
from everlit.platform.events import Actor
from tests.browser.conftest import Open, Site
from tests.browser.test_control_room import width_of
from tests.web.planned import MONTH, NETWORK, at

PAGES = [
    "/now", "/reliability?year=2025", "/reliability?year=2025&base=kva&view=without_major",
    "/reliability?year=2025&known=2026-01-01T08:00",
    "/reliability/drill?index=SAIDI-1&year=2025", "/reliability/months/2026-01", "/meter",
    "/reliability/forward", "/reliability/forward?base=kva&tie_from=Bus+155&tie_to=Bus+106",
]  # fmt: skip


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("width", [1440, 390])
def test_pages_load_clean_and_fit(window: Open, width: int, lang: str):
    one = window(width=width, lang=lang)
    (load, *_) = one.site.app.grid(NETWORK).network.tables["consumers"].column("consumer_id").to_pylist()
    for path in [*PAGES, f"/meter?q={load}"]:
        one.go(path)
        scroll, client = width_of(one)
        assert scroll <= client, f"{path} is {scroll} wide in {client}"
        assert one.page.locator("h1").count() == 1, path


def test_from_a_major_figure_to_its_event_and_customer_by_keyboard(window: Open):
    one = window()
    page = one.page
    one.go("/reliability?year=2025")
    told = page.locator(".tile a.big b").first.inner_text()
    page.locator(".tile a.big").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/reliability/drill**")
    assert page.locator(".headline b").inner_text() == told
    page.locator("table a[href*='/reliability/event']").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/reliability/event**")
    assert page.locator("ol.events li").count() >= 1
    page.go_back()
    page.locator("section[aria-labelledby=customers] tbody a").first.click()
    page.wait_for_url("**/meter**")
    assert page.locator(".story .happened").count() >= 1


def test_part_of_a_chapter_is_two_keys_away(window: Open):
    one = window()
    one.go("/")
    one.page.get_by_role("link", name="Plan", exact=True).click()
    one.page.get_by_role("navigation", name="Pages of this part").get_by_role("link", name="Savings").click()
    one.page.wait_for_url("**/savings/**")
    assert one.page.locator("nav.chapter a[aria-current=page]").inner_text() == "Savings"


def begun(site: Site) -> PlannedOutage:
    """An outage of the month nothing blocks, switched off when it was to be."""
    steps = (
        (Role.PLANNER, Command.BALANCE), (Role.VICE_DIRECTOR, Command.APPROVE), (Role.MARKETING, Command.NOTIFY),
        (Role.DISPATCHER, Command.PERMIT), (Role.CREW, Command.START),
    )  # fmt: skip
    for outage in reversed(site.app.planning.outages(NETWORK, month=MONTH, states=[State.MERGED])):
        try:
            for role, command in steps:
                with at(site.app, outage.period.start if command is Command.START else site.app.clock()):
                    site.app.planning.act(outage.outage_id, command, actor=Actor(f"browser {role.value}", role))
        except UnableToAdvance:
            continue
        return site.app.planning.outage(outage.outage_id)
    raise AssertionError("every outage is blocked")


def left(text: str) -> int:
    """Seconds of a countdown below an hour."""
    match = re.fullmatch(r"(\d+):(\d\d) min", text)
    assert match is not None, text
    return int(match[1]) * 60 + int(match[2])


def test_the_board_counts_down_and_says_a_new_alarm_aloud(window: Open):
    one = window(role="dispatcher")
    page, outage = one.page, begun(one.site)
    count = page.locator(f"[data-outage='{outage.outage_id}'] [data-due]")
    with at(one.site.app, outage.period.end - timedelta(minutes=24, seconds=30)):
        page.clock.install()
        one.go("/now")
        first = left(count.inner_text())
        assert 24 * 60 <= first <= 24 * 60 + 30
        page.clock.run_for(3_000)
        assert left(count.inner_text()) <= first - 3
        assert re.match(r"\(\d!\) ", page.title())
    with at(one.site.app, outage.period.end + timedelta(minutes=95)):
        page.clock.run_for(13_000)
        page.wait_for_selector(f"[data-risk=late][data-outage='{outage.outage_id}']")
        assert outage.outage_id in page.locator("[data-alarm]").inner_text()
        assert count.inner_text().startswith("+1 h 35 min")


def test_a_board_that_cannot_be_renewed_says_so(window: Open):
    one = window(role="dispatcher")
    page = one.page
    page.clock.install()
    one.go("/now")
    assert page.locator("[data-stale]").is_hidden()
    page.context.set_offline(True)
    page.clock.run_for(61_000)
    page.wait_for_selector("[data-stale]:not([hidden])")
    one.complaints.clear()


def test_the_board_is_read_without_scripts(window: Open, site: Site):
    one = window()
    browser = one.page.context.browser
    assert browser is not None
    plain = browser.new_context(java_script_enabled=False)
    page = plain.new_page()
    for path in ("/now", "/reliability?year=2025"):
        page.goto(site.url + path)
        assert page.locator("h1").inner_text()
    assert page.locator("svg .book0").count() > 10
    plain.close()
