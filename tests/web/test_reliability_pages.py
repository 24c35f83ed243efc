"""Reliability on pages: every figure is a link to events and customers that come to it, months close, nothing is believed."""

import csv
import html
import io
import re
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from everlit.app import App
from everlit.ledger.columns import Interruptions
from everlit.platform.events import Actor
from everlit.reliability.calendar import year_period
from everlit.reliability.model import Base, Book
from everlit.web.day_calendar import year_of_days
from everlit.web.feeder_map import feeder_map
from everlit.web.trend_chart import scale
from everlit.web.years_kept import read_ahead
from tests.web.planned import NETWORK, at

LINK = re.compile(r'<a href="(/reliability/drill\?[^"]+)"[^>]*>(?:<b>)?([\d.,]+)(?:</b>)?</a>')
HEADLINE = r'class="headline"><b>([^<]+)</b>'
ENGINEER = Actor("Wang", "reliability")


def page(client: TestClient, path: str, **words: object) -> str:
    query = urlencode({"lang": "en", **words})
    answer = client.get(f"{path}{'&' if '?' in path else '?'}{query}")
    assert answer.status_code == 200, answer.text[:600]
    return answer.text


def found(pattern: str, text: str) -> str:
    """The first group of the first match; there is one."""
    match = re.search(pattern, text, re.DOTALL)
    assert match is not None, pattern
    return str(match[1])


def added(client: TestClient, link: str, rows: str) -> int:
    """What the events or customers of a figure add up to, by their file."""
    answer = client.get(link.replace("/drill?", "/drill.csv?") + f"&rows={rows}")
    assert answer.status_code == 200
    return sum(int(row["adds"]) for row in csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))


@pytest.mark.parametrize("base", ["units", "households", "kva"])
def test_every_figure_of_the_table_is_the_sum_of_its_events_and_customers(client: TestClient, app: App, base: str):
    links = [
        (html.unescape(link), told) for link, told in LINK.findall(page(client, "/reliability", year=2025, base=base))
    ]
    table = [one for one in links if f"base={base}" in one[0] or (base == "units" and "base=" not in one[0])]
    assert len(table) > 25
    for link, told in table[:: max(1, len(table) // 20)]:
        opened = page(client, link)
        assert found(HEADLINE, opened) == told, link
        total = int(found(r"<p>(?:100 % − )?([\d,]+) ", opened).replace(",", ""))
        assert added(client, link, "events") == added(client, link, "customers") == total, link


def test_parts_of_a_chart_open_to_what_they_say(client: TestClient):
    text = page(client, "/reliability", year=2025)
    links = [html.unescape(link) for link in re.findall(r'href="(/reliability/drill\?[^"]+)"', text)]
    for kind in ("by=cause", "by=nature", "by=feeder", "by=month"):
        assert found(HEADLINE, page(client, next(link for link in links if kind in link)))
    hours = found(r'by=cause[^"]*"><span class="name">.*?<b>([\d.,]+)</b> h', text)
    first = next(link for link in links if "by=cause" in link)
    assert float(hours.replace(",", "")) == pytest.approx(added(client, first, "events") / 3600, abs=0.05)


def test_a_day_of_the_calendar_opens_to_its_minutes(client: TestClient, app: App):
    daily = app.reliability.days(NETWORK, 2025, book=Book.DLT)[2]
    worst = max(daily, key=lambda day: daily[day])
    text = page(client, "/reliability", year=2025)
    assert f"<title>{worst}: {daily[worst]:.2f} min" in text
    opened = page(client, "/reliability/drill", year=2025, index="SAIDI-4", day=worst)
    assert float(found(HEADLINE, opened)) * 60 == pytest.approx(daily[worst], abs=0.01)


def test_the_calendar_holds_every_day_once_and_marks_what_the_service_says(app: App):
    limit, major, daily = app.reliability.days(NETWORK, 2025, book=Book.DLT)
    shown = year_of_days(2025, daily, limit=limit.minutes, major=[one.day for one in major], last=date(2025, 12, 31))
    days = [one for month in shown.months for one in month.days]
    assert [one.day for one in days] == [date(2025, 1, 1) + timedelta(days=n) for n in range(365)]
    assert {one.day for one in days if one.major} == {one.day for one in major}
    assert all((one.shade == 5) == one.major for one in days)
    assert all(one.minutes == daily.get(one.day, 0.0) for one in days)


@given(st.lists(st.floats(1e-6, 1e9), min_size=1))
def test_an_axis_holds_every_value_in_a_few_round_steps(values):
    top, step = scale(values)
    assert top >= max(values) * (1 - 1e-9)
    assert 2 <= round(top / step) <= 7 and top <= 3 * max(values)


def test_the_map_shows_every_feeder_once_the_worst_on_top(app: App):
    grid = app.grid(NETWORK)
    drawn = feeder_map(grid, {0: 9.0, 1: 0.1}, whole=1.0)
    assert drawn is not None
    assert sorted(wire.feeder for wire in drawn.wires) == list(range(len(grid.feeder_ids)))
    assert drawn.wires[-1].feeder == 0 and drawn.wires[-1].shade == 4
    width, height = drawn.box
    places = [tuple(map(int, pair)) for wire in drawn.wires for pair in re.findall(r"[ML](\d+) (\d+)", wire.path)]
    assert places and all(0 <= x <= width and 0 <= y <= height for x, y in places)


@pytest.mark.parametrize(
    "query",
    [
        "year=1", "year=two", "base=power", "base=x", "view=x", "known=yesterday", "index=SAIDI-1&book=x",
        "index=SAIDI-1&by=x", "index=SAIDI-1&day=2025-02-30", "index=SAIDI-1&day=1-1-1",
    ],
)  # fmt: skip
def test_words_that_mean_nothing_are_no_page(client: TestClient, query: str):
    assert client.get(f"/reliability/drill?{query}").status_code == 404


@pytest.mark.parametrize(
    "query", ["index=%3Cscript%3E", "index=SAIDI-1&by=feeder&part=%3Cb%3E", "index=SAIDI-1&month=2025-13"]
)
def test_what_there_is_not_is_refused_in_words(client: TestClient, query: str):
    answer = client.get(f"/reliability/drill?{query}")
    assert answer.status_code in (404, 422) and "<script>" not in answer.text and "<b>&lt;" not in answer.text
    assert client.get("/reliability/event?event=%3Cscript%3E").status_code in (404, 422)


def test_before_anything_was_known_nothing_is_told(client: TestClient):
    text = page(client, "/reliability", year=2025, known="2025-06-01T00:00")
    assert "As the ledger knew it on 2025-06-01 00:00" in text
    tiles = text.split('class="sheet tiles"', 1)[1].split("</section>")[0]
    assert "0.0000" in tiles and "/reliability/drill" not in tiles


def test_a_year_without_anything_is_a_page_too(client: TestClient):
    assert "No interruption." in page(client, "/reliability", year=2019)


def test_a_year_to_come_is_no_year_without_interruption(client: TestClient):
    answer = client.get("/reliability", params={"network": NETWORK, "year": 2031, "lang": "en"})
    assert answer.status_code == 422 and "2031-01-01 has not come" in answer.text


def test_the_year_before_is_told_to_the_same_day(client: TestClient, app: App):
    now = app.clock()
    last = year_period(2025, app.zone)
    period = type(last)(last.start, last.start + (now - year_period(2026, app.zone).start))
    counted = app.reliability.indices(NETWORK, period, bases=[Base.UNITS]).counted[Base.UNITS]
    assert f"a year before, to the same day {counted.index('SAIDI-1', Book.DLT).value:.4f}" in page(
        client, "/reliability"
    )


def test_a_month_is_closed_corrected_and_restated(client: TestClient, app: App):
    place = "/reliability/months/2026-03"
    assert "not closed" in page(client, place)
    client.cookies.set("role", "crew")
    assert client.post(place).status_code == 422
    client.cookies.set("role", "reliability")
    assert client.post(place, follow_redirects=False).status_code == 303
    assert "Every figure is as it was reported." in page(client, place)
    period = year_period(2026, app.zone)
    event = next(
        one
        for one in app.ledger.events(NETWORK, period)
        if one.unit_hours > 1 and f"{one.start.astimezone(app.zone):%m}" == "03"
    )
    app.ledger.withdraw(NETWORK, event.event_id, reason="entered <twice>", actor=ENGINEER)
    changed = page(client, place)
    assert "TH-1" in changed and "What would be different now" in changed
    assert client.post(place, data={"reason": ""}).status_code == 422
    client.post(place, data={"reason": "entered <twice>"})
    assert "Version 2" in page(client, place) and "restated, version 2" in page(client, "/reliability")
    story = page(client, "/reliability/event", event=event.event_id)
    assert "entered &lt;twice&gt;" in story and "Nobody was off in it." in story


def test_files_and_report_are_where_the_page_says(client: TestClient):
    text = page(client, "/reliability")
    for link in {html.unescape(one) for one in re.findall(r'href="(/api/reliability/[^"]+)"', text)}:
        if "month" not in link or "2026-02" in link:
            assert client.get(link).status_code == 200, link


@pytest.mark.parametrize("known", ["0001-01-01T00:00", "9999-12-31T23:59"])
@pytest.mark.parametrize("path", ["/reliability", "/meter"])
def test_an_instant_no_calendar_reaches_is_no_page(client: TestClient, path: str, known: str):
    assert client.get(path, params={"known": known}).status_code == 404


def test_a_year_as_known_then_stands_beside_what_is_known_now(client: TestClient, app: App):
    then, year = app.clock() + timedelta(minutes=1), year_period(2024, app.zone)
    known = f"{then.astimezone(app.zone):%Y-%m-%dT%H:%M}"
    with at(app, then + timedelta(hours=1)):
        assert "Every figure is the same now." in page(client, "/reliability", year=2024, known=known)
        event = max(app.ledger.events(NETWORK, year), key=lambda one: one.unit_hours).event_id
        app.ledger.withdraw(NETWORK, event, reason="a line was taken for another", actor=ENGINEER)
        text = page(client, "/reliability", year=2024, known=known)
        before, after = (
            app.reliability.indices(NETWORK, year, bases=[Base.UNITS], known_at=when).counted[Base.UNITS]
            for when in (then, None)
        )
    assert "As known then, as known now" in text and "a line was taken for another" in text and event in text
    lost = [one.index("TH-1", Book.DLT).value or 0.0 for one in (before, after)]
    assert lost[0] > lost[1] and f"{round(round(lost[1], 6) - round(lost[0], 6), 6):+g}" in text


def test_what_was_read_ahead_asks_the_ledger_nothing_more(
    client: TestClient, app: App, monkeypatch: pytest.MonkeyPatch
):
    read_ahead(client.app, app, NETWORK)
    asked: list[object] = []
    settle = app.ledger.interruptions

    def noted(*place: Any, **named: Any) -> Interruptions:
        asked.append(place)
        return settle(*place, **named)

    monkeypatch.setattr(app.ledger, "interruptions", noted)
    page(client, "/reliability")
    assert asked == []
    app.reliability.indices(NETWORK, year_period(2021, app.zone))
    assert asked != [], "another year has to be asked for"


def test_a_month_that_is_not_over_is_provisional(client: TestClient):
    assert "provisional" in page(client, "/reliability/months/2026-11")
    assert "provisional" not in page(client, "/reliability/months/2026-10")
