"""The year ahead on its page: the figures of the command, questions as links, assumptions open, refusals in words."""

import html
import re
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient

from everlit.app import App
from everlit.planning.service import Planning
from everlit.reliability.forward import forward
from everlit.reliability.forward_feeders import by_feeder
from everlit.reliability.forward_question import Change, Plan, risk, worth
from everlit.reliability.model import Base
from tests.web.planned import NETWORK

PATH = "/reliability/forward"


def page(client: TestClient, *, status: int = 200, **words: object) -> str:
    answer = client.get(f"{PATH}?{urlencode({'lang': 'en', 'network': NETWORK, **words})}")
    assert answer.status_code == status, answer.text[:600]
    return html.unescape(answer.text)


def tiles(text: str) -> dict[str, float]:
    """Headline figures by their name."""
    found = re.findall(r'class="name">(\w+) .*?class="big"><b>([\d.,]+)</b>', text, re.DOTALL)
    return {name: float(value.replace(",", "")) for name, value in found}


@pytest.mark.parametrize("base", ["units", "households", "kva"])
def test_the_headline_is_what_the_calculation_says(client: TestClient, app: App, base: str):
    year = forward(app.grid(NETWORK), **app.forward_asked())
    promise, told = year.promises[Base(base)], tiles(page(client, base=base))
    assert told["SAIFI"] == pytest.approx(promise.saifi, abs=5e-4)
    assert told["SAIDI"] == pytest.approx(promise.saidi_h, abs=5e-4)
    assert told["ASAI"] == pytest.approx(promise.asai_percent, abs=5e-4)
    assert told["ENS"] == pytest.approx(year.ens_kwh / 1000, abs=5e-3)


def test_limits_of_ties_stand_beside_none(client: TestClient, app: App):
    app.grid("rbts2")
    text = page(client, network="rbts2")
    assert text.count("if ties carried anything:") == 4
    assert "14.5545" in text, "the published CAIDI of households"
    assert "The network itself says" in text


def test_feeders_and_load_points_come_worst_first(client: TestClient, app: App):
    text = page(client)
    year = forward(app.grid(NETWORK), **app.forward_asked())
    feeders = by_feeder(year, Base.UNITS)
    where = text[text.index('id="where"') : text.index('id="points"')]
    told = [float(one.replace(",", "")) for one in re.findall(r'</svg> [^<]+</th><td class="num">([\d.,]+)', where)]
    assert told == sorted(told, reverse=True) and told == [round(one.promise.hours, 1) for one in feeders[:12]]
    points = re.findall(r'<td class="num"><b>([\d.]+)</b>', text[text.index('id="points"') :])
    assert float(points[0]) == pytest.approx(max(point.hours_per_year for point in year.load_points), abs=5e-5)


def test_a_tie_is_worth_what_the_calculation_says(client: TestClient, app: App):
    change = Change(tie=("Bus 155", "Bus 106"))
    saved = worth(app.grid(NETWORK), change, asked=app.forward_asked()).saved(Base.UNITS).hours
    text = page(client, tie_from="Bus 155", tie_to="Bus 106")
    told = re.search(r'class="saved"><li><b>([\d.,]+)</b>', text)
    assert told is not None and float(told[1].replace(",", "")) == pytest.approx(saved, abs=5e-3)
    assert saved > 0 and 'value="Bus 155"' in text


def test_a_plan_and_an_outage_have_their_risk(client: TestClient, app: App):
    plan = Plan(opened=("CB1",), closed=("T12",), hours=8)
    hours = risk(app.grid("rbts2"), plan, asked=app.forward_asked()).customer_hours[Base.HOUSEHOLDS]
    text = page(client, network="rbts2", open="CB1", close="T12", hours=8)
    assert f"{hours:+.4f}" in text and "in 8 h" in text
    outage = app.planning.outages(NETWORK)[0]
    shown = page(client, outage=outage.outage_id)
    assert f"{app.outage_risk(outage).customer_hours[Base.UNITS]:+.4f}" in shown
    assert "another network" in page(client, network="rbts2", outage=outage.outage_id, status=422)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ({"tie_from": "Bus 155"}, 422, "both its ends"),
        ({"tie_from": "Bus 155", "tie_to": "<script>alert(1)</script>"}, 404, "<script>alert(1)</script>"),
        ({"automate": "nobody"}, 404, "nobody"),
        ({"hours": "3"}, 422, "Name switches"),
        ({"open": "x", "hours": "many"}, 422, "not a number"),
        ({"open": "nobody", "hours": "nan"}, 422, "Name switches"),
        ({"outage": "none"}, 404, "none"),
    ],
)
def test_bad_questions_are_told_on_the_page(client: TestClient, words: dict[str, str], status: int, said: str):
    answer = client.get(f"{PATH}?{urlencode({'lang': 'en', 'network': NETWORK, **words})}")
    assert answer.status_code == status
    assert 'class="refused"' in answer.text and said in html.unescape(answer.text)
    assert "<script>alert" not in answer.text


def test_a_base_that_means_nothing_is_no_page(client: TestClient):
    assert client.get(f"{PATH}?base=power").status_code == client.get(f"{PATH}?base=x").status_code == 404


def test_assumptions_say_which_are_not_verified(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    text = page(client)
    assumed = text[text.index('id="assumed"') :]
    assert "rel.tie.load" in assumed and assumed.count("not verified") == 5
    assert "these rules alone decide" in assumed
    assert "可靠性预测" in page(client, lang="zh") and "计算依据" in page(client, lang="zh")


def test_another_rate_is_seen_at_once(client: TestClient, app: App, monkeypatch: pytest.MonkeyPatch):
    before, rows = tiles(page(client)), app.planning.policies()
    cable = replace(rows.row("rel.rate.cable", on=app.today()), value=0.5)
    monkeypatch.setattr(Planning, "policies", lambda _: rows.replaced([cable]))
    assert tiles(page(client))["SAIFI"] > before["SAIFI"]


def test_one_page_of_the_part_is_current(client: TestClient):
    (current,) = re.findall(r'<a href="([^"]+)" aria-current="page">', page(client))
    assert current == PATH
