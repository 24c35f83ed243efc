"""`everlit indices`, `everlit reliability …`: what a ledger amounts to, as it is typed."""

import csv

import pytest

from everlit.app import App
from tests.ledger.drawn import EDITOR, network, sheet
from tests.reliability.test_service import ROWS

HERE = ("--network", "drawn")
MAY = (*HERE, "--year", 2026, "--month", 5)


@pytest.fixture
def kept(home):
    """The drawn network with five interruptions of spring 2026."""
    app = App.open()
    app.import_network(network())
    app.ledger.import_file("drawn", sheet(*ROWS), actor=EDITOR)
    return app


def found(answer, key, *, base="units", book="dlt", view="all", part=""):
    (here,) = [one for one in answer.json["parts"] if one["key"] == part]
    return next(index for index in here["bases"][base][book][view] if index["key"] == key)


def test_indices_of_a_month_whole_and_in_parts(everlit, kept):
    whole = everlit("indices", *MAY, "--json")
    assert found(whole, "TH-1")["value"] == 8.5 and found(whole, "SAIDI", book="ieee")["unit"] == "min"
    parts = everlit("indices", *MAY, "--by", "unit", "--json")
    assert found(parts, "TH-1", part="east")["value"] == 5.5
    assert "8.5000" in everlit("indices", *MAY).out and "east" in everlit("indices", *MAY, "--by", "unit").out
    calm = ("--view", "without_major")
    assert (
        found(everlit("indices", *MAY, "--by", "unit", *calm, "--json"), "TH-1", part="east", view=calm[1])["value"]
        == 5.5
    )
    assert "without major event days" in everlit("indices", *MAY, *calm).out
    assert found(everlit("indices", *MAY, "--customers", "time_weighted", "--json"), "TH-1")["numerator"] == 30_600
    before = everlit("indices", *MAY, "--known-at", "2020-01-01T00:00Z", "--json")
    assert found(before, "TH-1")["numerator"] == 0 and before.json["known_at"].startswith("2020")


def test_the_same_figures_as_a_file(everlit, kept, home):
    assert everlit("indices", *MAY, "--out", home / "may.csv").code == 0
    rows = list(csv.DictReader((home / "may.csv").open(encoding="utf-8")))
    (hours,) = [row for row in rows if (row["base"], row["view"], row["key"]) == ("units", "all", "TH-1")]
    assert float(hours["value"]) == 8.5 and hours["title_zh"].startswith("停电时户数")
    assert everlit("indices", *MAY, "--out", home / "may.exe", "--json").kinds == ["format.unknown"]
    assert not (home / "may.exe").exists()


def test_a_month_is_closed_once_and_shown(everlit, kept, home):
    assert everlit("reliability", "month", "2026-05", *HERE).out == "2026-05: not closed 未封账\n"
    closed = everlit("reliability", "close-month", "2026-05", *HERE, "--actor", "Lin 林", "--json")
    assert closed.json["version"] == 1 and len(closed.json["fingerprint"]) == 64
    assert everlit("reliability", "close-month", "2026-05", *HERE, "--json").kinds == ["month.unchanged"]
    assert everlit("reliability", "close-month", "2026-05", *HERE, "--role", "crew", "--json").kinds == ["month.role"]
    kept.ledger.withdraw("drawn", "S2", reason="it never happened", actor=EDITOR)
    assert everlit("reliability", "close-month", "2026-05", *HERE, "--json").kinds == ["month.reason"]
    again = everlit("reliability", "close-month", "2026-05", *HERE, "--reason", "S2 never happened")
    assert again.code == 0 and "version 版本 2" in again.out
    assert "S2 never happened" in everlit("reliability", "month", "2026-05", *HERE).out
    assert everlit("reliability", "month", "2026-05", *HERE, "--json").json["changes"] == []


def test_days_repeats_budget_and_drill_down(everlit, kept):
    answer = everlit("reliability", "days", *HERE, "--year", 2026, "--book", "ieee", "--json").json
    assert answer["threshold"]["minutes"] is None and answer["daily_min"]["2026-05-03"] == 82.5
    assert everlit("reliability", "days", *HERE, "--year", 2026).out.startswith("limit 界限值: –")
    repeats = everlit("reliability", "repeats", *HERE, "--json").json
    assert repeats["frequent_users"] == 0 and repeats["frequent_feeders"] == []
    assert "0 frequent users" in everlit("reliability", "repeats", *HERE).out
    budget = everlit("reliability", "budget", *HERE, "--year", 2026, "--json").json
    assert budget["total"]["used_h"] == 3.0 and "2026-05" in everlit("reliability", "budget", *HERE, "--year", 2026).out
    drilled = everlit("reliability", "drill", "SAIDI-F", *MAY, "--by", "feeder", "--part", "FA", "--json").json
    assert sum(row["adds"] for row in drilled["customers"]) == drilled["index"]["numerator"] == 19_800
    assert "S1" in everlit("reliability", "drill", "TH-1", *MAY).out


def test_management_indices_with_what_is_not_told(everlit, kept):
    told = everlit("reliability", "management", *HERE, "--month", "2026-05", "--json").json
    assert {one["key"] for one in told["indices"]} > {"temporary", "transferred"}
    assert [one["kind"] for one in told["untold"]] == ["management.live_line"]
    known = ("--month", "2026-05", "--live-line-hours", 1)
    assert everlit("reliability", "management", *HERE, *known, "--json").json["untold"] == []
    shown = everlit("reliability", "management", *HERE, "--month", "2026-05").out
    assert "not told" in shown and "management.live_line" in shown


def test_what_is_known_later_stands_beside_what_was_known_then(everlit, kept):
    then = kept.clock()
    kept.ledger.withdraw("drawn", "S2", reason="it never happened", actor=EDITOR)
    asked = ("indices", *MAY, "--known-at", then.isoformat(), "--compare", "now")
    told = everlit(*asked, "--json").json
    changes = {(one["base"], one["book"], one["view"], one["key"]): one["difference"] for one in told["changes"]}
    assert changes["units", "dlt", "all", "TH-1"] == -3.0
    assert everlit(*asked, "--out", "may.csv").code == 2
    shown = everlit(*asked).out
    assert "it never happened" in shown and "TH-1 units" in shown and "-3" in shown


def test_the_report_is_written_in_both_languages(everlit, kept, home):
    for lang in ("zh", "en"):
        answer = everlit("reliability", "report", home / f"{lang}.pdf", "--month", "2026-05", "--lang", lang, *HERE)
        assert answer.code == 0 and (home / f"{lang}.pdf").read_bytes().startswith(b"%PDF")
    assert everlit("reliability", "report", home / "x.pdf", "--month", "2026-05", "--lang", "fr", *HERE).code == 2


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("indices", "--network", "nowhere"), "network.unknown"),
        (("indices", *HERE, "--year", 1900), "year.invalid"),
        (("indices", *HERE, "--year", 0), "year.invalid"),
        (("indices", *HERE, "--known-at", "yesterday"), "time.invalid"),
        (("reliability", "close-month", "2026-13", *HERE), "month.invalid"),
        (("reliability", "month", "May", *HERE), "month.invalid"),
        (("reliability", "days", "--year", 3000, *HERE), "year.invalid"),
        (("reliability", "drill", "SADI", *MAY), "index.unknown"),
        (("reliability", "drill", "TH-1", *MAY, "--by", "unit", "--part", "north"), "part.unknown"),
        (("reliability", "report", "x.pdf", "--month", "2026-5", *HERE), "month.invalid"),
        (("reliability", "report", "x.pdf", "--month", "2099-01", *HERE), "period.future"),
        (("indices", "--year", "2099", *HERE), "period.future"),
        (("reliability", "management", "--month", "5", *HERE), "month.invalid"),
        (("indices", *MAY, "--compare", "now"), "indices.compare.known_at"),
        (("indices", *MAY, "--known-at", "2026-06-01", "--compare", "soon"), "time.invalid"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_its_finding(everlit, kept, words, kind):
    answer = everlit(*words, "--json")
    assert answer.code == 1 and answer.kinds == [kind], answer.out
