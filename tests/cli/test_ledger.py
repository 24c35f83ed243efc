"""`everlit ledger …` as it is typed."""

import csv
import json

import pytest

from everlit.grid import load_network

HEADER = "event_id,subject,off,on,nature\n"
BAD = "S2,nobody,2026-05-03 08:00,2026-05-03 09:30,内部故障\n"
CASE = ("--network", "case33")


@pytest.fixture
def point():
    """Some load of the network."""
    return load_network("case33").tables["consumers"].column("consumer_id")[3].as_py()


def written(home, *rows):
    (home / "storm.csv").write_text(HEADER + "".join(rows), "utf-8")
    return home / "storm.csv"


def row(point, event="S1", on="09:30"):
    return f"{event},{point},2026-05-03 08:00,2026-05-03 {on},内部故障\n"


def test_import_ends_with_0_only_when_every_row_was_kept(everlit, home, point):
    done = everlit("ledger", "import", written(home, row(point)), *CASE, "--json")
    assert (done.code, done.json["kept"], done.json["recording"]["statements"]) == (0, 1, 1)
    again = everlit("ledger", "import", home / "storm.csv", *CASE, "--json")
    assert (again.code, again.json["recording"]["unchanged"], again.json["recording"]["batch"]) == (0, 1, 0)
    faulty = home / "faulty.csv"
    mixed = everlit("ledger", "import", written(home, row(point), BAD), *CASE, "--json", "--faulty", faulty)
    assert (mixed.code, mixed.json["refused"], mixed.json["kept"]) == (1, 1, 1)
    rows = list(csv.reader(faulty.read_text("utf-8-sig").splitlines()))
    assert rows[1][0] == "3" and "不在电网模型中" in rows[1][6]


def test_nothing_good_is_a_refusal_with_every_reason(everlit, home):
    refused = everlit("ledger", "import", written(home, BAD), *CASE, "--json")
    assert (refused.code, refused.json["refused"], refused.kinds) == (1, "UnableToRecord", ["ledger.subject.absent"])
    assert everlit("ledger", "import", home / "missing.csv", *CASE).code == 1
    (home / "noise.xlsx").write_bytes(b"PK noise")
    assert everlit("ledger", "import", home / "noise.xlsx", *CASE, "--json").kinds == ["ledger.file.unreadable"]


def test_people_read_what_was_wrong_in_their_language(everlit, home, point):
    shown = everlit("ledger", "import", written(home, row(point), BAD), *CASE, lang="zh")
    assert "第3行 subject:nobody 不在电网模型中。" in shown.err
    assert "1 of 2 rows kept 已登记" in shown.out


def test_the_story_events_correction_and_difference(everlit, home, point):
    everlit("ledger", "import", written(home, row(point)), *CASE)
    story = everlit("ledger", "show", point, *CASE, "--json").json
    assert [(spell["event"], spell["seconds"]) for spell in story["spells"]] == [("S1", 5400)]
    known = story["said"][0]["known_at"]
    words = ("ledger", "correct", "S1", "--reason", "crew log", *CASE)
    at = ("--subject", point, "--off", "2026-05-03T08:00", "--on", "2026-05-03T08:30")
    assert everlit(*words, *at, "--nature", "fault.external", "--actor", "Lin").code == 0
    (event,) = everlit("ledger", "events", "--year", 2026, *CASE, "--json").json
    assert (event["nature"], event["unit_hours"]) == ("fault.external", 0.5)
    one = everlit("ledger", "events", "--event", "S1", *CASE, "--json").json
    assert [said["actor"] for said in one["statements"]][1:] == ["Lin"]
    assert [len(parts) for parts in one["segments"].values()] == [1, 1]
    changed = everlit("ledger", "diff", "--known-at", known, "--year", 2026, *CASE, "--json").json
    assert (changed["customer_seconds"], changed["events"]) == (-3600, ["S1"])
    assert everlit("ledger", "correct", "S1", "--withdraw", "--reason", "a test", *CASE, "--json").code == 0
    assert everlit("ledger", "events", "--year", 2026, *CASE, "--json").json == []
    before = everlit("ledger", "events", "--year", 2026, "--known-at", known, *CASE, "--json").json
    assert [one["nature"] for one in before] == ["fault.internal"]
    shown = everlit("ledger", "show", point, *CASE).out
    assert "crew log" in shown and "a test" in shown
    for command in (
        ("events", "--year", 2026),
        ("events", "--event", "S1"),
        ("diff", "--known-at", known, "--year", 2026),
    ):
        assert everlit("ledger", *command, *CASE).code == 0


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("show", "nobody"), "subject.unknown"),
        (("events", "--event", "S9"), "event.unknown"),
        (("correct", "S9", "--reason", "why", "--withdraw"), "event.unknown"),
        (("correct", "S9", "--reason", " ", "--withdraw"), "ledger.reason"),
        (("correct", "S9", "--reason", "why", "--withdraw", "--role", "crew"), "ledger.role"),
        (("diff", "--known-at", "yesterday"), "time.invalid"),
    ],
)
def test_refusals(everlit, words, kind):
    refused = everlit("ledger", *words, *CASE, "--json")
    assert (refused.code, refused.kinds) == (1, [kind])
    assert json.loads(refused.out)["title"]["zh"]
