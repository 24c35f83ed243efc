"""The control room in headless Chromium: pages, study mode by keyboard, the board, the way to an approval."""

from datetime import datetime, timedelta

import pytest

from everlit.planning.model import PlannedOutage, State
from tests.browser.conftest import Open, Site, Window
from tests.web.planned import MONTH, NETWORK

PAGES = [
    "/", "/map", "/map?view=diagram", f"/board/{MONTH}", "/requests", "/requests/new", f"/savings/{MONTH}", "/policies",
    f"/review/{MONTH}",
]  # fmt: skip
LOADED = "!document.querySelector('[data-map]') || document.querySelector('[data-map][data-ready]')"


def width_of(window: Window) -> tuple[int, int]:
    found = window.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    return int(found[0]), int(found[1])


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("width", [1440, 390])
def test_every_page_loads_clean_and_fits(window: Open, width: int, lang: str):
    one = window(width=width, lang=lang)
    outage = one.site.app.planning.outages(NETWORK, month=MONTH)[0]
    request = outage.request_ids[0]
    for path in [*PAGES, f"/outages/{outage.outage_id}", f"/requests/{request}"]:
        one.go(path)
        one.page.wait_for_function(LOADED)
        scroll, client = width_of(one)
        assert scroll <= client, f"{path} is {scroll} wide in {client}"
        assert one.page.locator("h1").count() == 1, path
        sample = "停电" if lang == "zh" else "outage"
        assert one.page.evaluate(f"document.fonts.check('16px \"Noto Sans SC\"', '{sample}')"), path


def test_study_mode_by_keyboard_alone(window: Open):
    one = window()
    page = one.page
    one.go("/map?view=diagram")
    page.wait_for_selector(".oneline .switch")
    page.locator(".oneline .switch[tabindex='0']").first.focus()
    head = page.locator(".switch:focus").get_attribute("aria-label") or ""
    page.keyboard.press("ArrowRight")
    moved_on = page.locator(".switch:focus").get_attribute("aria-label") or ""
    assert moved_on and moved_on != head
    page.keyboard.press("Enter")
    page.wait_for_selector(".studying .study-panel .verdict")
    switch = moved_on.rsplit(":", 1)[0]
    grid = one.site.app.grid(NETWORK)
    assert grid.switch(switch) >= 0
    answer = page.request.post(f"{one.site.url}/api/networks/{NETWORK}/trace", data={"open": [switch]}).json()
    shown = page.locator(".study-panel dl.counts dd").all_inner_texts()
    assert shown[:2] == [f"{answer['dark']['units']:,}", f"{answer['dark']['households']:,}"]
    assert page.locator(".study-banner").is_visible()
    assert bool(one.site.app.closed(NETWORK)[grid.switch(switch)]), "nothing was operated"
    page.keyboard.press("Enter")
    page.wait_for_selector(".map-page:not(.studying)")


def test_find_equipment_and_see_who_goes_dark_on_the_map(window: Open):
    one = window()
    page = one.page
    head = str(one.site.app.grid(NETWORK).network.tables["feeders"].column("head_switch_id")[0].as_py())
    one.go("/map")
    page.wait_for_function(LOADED)
    page.get_by_role("combobox", name="Find equipment").fill(head)
    page.wait_for_selector("[role=option]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator(".card h2").inner_text() == head
    page.get_by_role("button", name="Try: open it").click()
    households = page.locator(".study-panel .verdict b").inner_text()
    assert int(households.replace(",", "")) > 100
    page.get_by_role("button", name="Leave study mode").click()
    page.wait_for_selector(".map-page:not(.studying)")


def test_work_on_a_line_proposes_a_transfer_with_its_certificate(window: Open):
    one = window()
    page = one.page
    outage = one.site.app.planning.outages(NETWORK, month=MONTH)[0]
    one.go(f"/map?view=diagram&equipment={outage.equipment_ids[0]}")
    page.get_by_role("button", name="Plan work on it").click()
    page.get_by_role("button", name="Compute isolation and transfer").click()
    page.wait_for_selector(".work-panel .verdict")
    assert page.locator(".work-panel .tried li").count() >= 1
    assert page.locator(".map-page.studying").count() == 1


def free_move(site: Site) -> tuple[PlannedOutage, datetime]:
    """An outage of the month and another start nothing stands against."""
    for outage in site.app.planning.outages(NETWORK, month=MONTH):
        for days in (1, -1, 2, -2, 3, 5):
            start = outage.period.start + timedelta(days=days)
            local = start.astimezone(site.app.zone)
            if f"{local:%Y-%m}" != MONTH or outage.state is not State.MERGED:
                continue
            if not site.app.planning.preview_move(outage.outage_id, start)["conflicts"]:
                return outage, local
    raise AssertionError("no outage of the month can be moved")


def test_a_typed_date_shows_what_changes_before_anything_is_saved(window: Open):
    one = window()
    page = one.page
    before, start = free_move(one.site)
    one.go(f"/board/{MONTH}")
    page.locator(f".chip[data-outage='{before.outage_id}']").focus()
    page.keyboard.press("Enter")
    page.locator("dialog input[name=start]").fill(f"{start:%Y-%m-%dT%H:%M}")
    assert page.locator("dialog .save").is_disabled()
    page.get_by_role("button", name="See what changes").click()
    page.wait_for_selector("dialog .consequences table")
    assert page.locator("dialog .consequences tbody tr").count() == 4
    assert one.site.app.planning.outage(before.outage_id) == before
    page.locator("dialog .save").click()
    page.wait_for_selector(f".cell[data-day='{start:%Y-%m-%d}'] .chip[data-outage='{before.outage_id}']")
    after = one.site.app.planning.outage(before.outage_id)
    assert after.period.start == start
    assert after.version == before.version + 1


def test_what_stands_against_a_date_is_said_and_it_cannot_be_saved(window: Open):
    one = window()
    page = one.page
    outage = one.site.app.planning.outages(NETWORK, month=MONTH)[0]
    latest = one.site.app.planning.request(NETWORK, outage.request_ids[0]).request.latest
    late = (latest + timedelta(days=30)).astimezone(one.site.app.zone)
    one.go(f"/board/{MONTH}")
    page.locator(f".chip[data-outage='{outage.outage_id}']").click()
    page.locator("dialog input[name=start]").fill(f"{late:%Y-%m-%dT08:00}")
    page.get_by_role("button", name="See what changes").click()
    page.wait_for_selector("dialog .consequences .refused li")
    assert page.locator("dialog .save").is_disabled()


def test_dragging_asks_first_too(window: Open):
    one = window()
    page = one.page
    one.go(f"/board/{MONTH}")
    chip = page.locator(".chip[data-outage]").last
    outage_id = chip.get_attribute("data-outage") or ""
    before = one.site.app.planning.outage(outage_id)
    row = chip.locator("xpath=ancestor::div[contains(@class,'row')]")
    chip.drag_to(row.locator(".cell[data-day='2026-12-15']"))
    page.wait_for_selector("dialog .consequences table")
    assert (page.locator("dialog input[name=start]").input_value() or "").startswith("2026-12-15")
    page.get_by_role("button", name="Leave it where it stands").click()
    assert one.site.app.planning.outage(outage_id) == before


def test_from_the_balance_meeting_to_a_refused_and_a_given_approval(window: Open):
    planner = window(role="planner", actor="Lin")
    planning = planner.site.app.planning
    merged = [one for one in planning.outages(NETWORK, month=MONTH) if one.state is State.MERGED and one.assessment]
    outage_id = merged[1].outage_id
    planner.go(f"/outages/{outage_id}")
    planner.page.get_by_role("button", name="Agree in the balance meeting").click()
    planner.page.wait_for_selector(".title .state.s-balanced")
    low = window(role="crew", actor="Chen")
    low.go(f"/outages/{outage_id}")
    assert low.page.get_by_role("button", name="Approve").count() == 0
    director = window(role="vice_director", actor="Zhou")
    director.go(f"/outages/{outage_id}")
    director.page.get_by_role("button", name="Approve").click()
    director.page.wait_for_selector(".title .state.s-approved, .refused")
    outage = planning.outage(outage_id)
    assert outage.state is State.APPROVED and outage.approval is not None and outage.approval.actor == "Zhou"
    assert "Zhou" in director.page.locator(".events").inner_text()


def test_the_pages_read_without_scripts(browser, site):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    outage = site.app.planning.outages(NETWORK, month=MONTH)[0]
    page.goto(f"{site.url}/outages/{outage.outage_id}?lang=en")
    assert page.locator("table").count() >= 2
    page.fill("input[name=actor]", "Lin")
    page.locator(".who button").click()
    assert page.locator("input[name=actor]").input_value() == "Lin"
    context.close()
