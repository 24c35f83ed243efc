"""`everlit network …`: in, checked, out again; bad tables are named by table, row and column and never half-imported."""

import pytest

from tests.grid.first_feeder import FILES, edit, write


def kept_networks(everlit):
    """What the store holds; shipped networks nobody asked for yet have no version."""
    return [one for one in everlit("network", "list", "--json").json if one["version"]]


def test_import_list_export_validate(everlit, home):
    folder = write(home / "feeder")
    assert everlit("network", "validate", folder).code == 0
    kept = everlit("network", "import", folder, "--json").json
    assert (kept["network"], kept["version"], kept["counts"]["switches"]) == ("first", 1, 4)
    [listed] = kept_networks(everlit)
    assert (listed["network"], listed["fingerprint"]) == ("first", kept["fingerprint"])
    for kind in ("csv", "parquet"):
        out = everlit("network", "export", "first", home / kind, "--format", kind, "--json")
        assert out.code == 0 and out.json["network"] == "first"
        report = everlit("network", "validate", home / kind, "--json")
        assert report.code == 0 and not [one for one in report.json["findings"] if one["severity"] == "error"]
        again = everlit("network", "import", home / kind, "--json").json
        assert again["fingerprint"] == kept["fingerprint"], "exported and imported again it is the same network"


def test_a_second_import_of_changed_tables_is_a_new_version(everlit, home):
    everlit("network", "import", write(home / "a"))
    changed = everlit("network", "import", write(home / "b", edit("lines.csv", "400,0.1", "410,0.1")), "--json")
    assert (changed.json["version"], changed.json["unchanged"]) == (2, False)


def test_present_positions_travel_with_the_network(everlit, home):
    everlit("network", "import", write(home / "a"))
    for switch, way in (("Q1", "--open"), ("E1", "--close")):
        assert everlit("network", "operate", "--network", "first", "--switch", switch, way, "--actor", "Li").code == 0
    dead = everlit("trace", "--network", "first", "--open", "CB1", "--json").json
    everlit("network", "export", "first", home / "out")
    assert (home / "out" / "positions.csv").read_text().splitlines()[1:] == ['"Q1",true', '"E1",false']
    renamed = (home / "out" / "network.json").read_text().replace('"first"', '"second"')
    (home / "out" / "network.json").write_text(renamed)
    everlit("network", "import", home / "out")
    assert everlit("trace", "--network", "second", "--open", "CB1", "--json").json == dead
    everlit("network", "export", "second", home / "again")
    assert (home / "again" / "positions.csv").read_text() == (home / "out" / "positions.csv").read_text()


def test_the_same_again_is_no_new_version_but_another_title_is(everlit, home):
    everlit("network", "import", write(home / "a"))
    again = everlit("network", "import", home / "a", "--json").json
    assert (again["version"], again["unchanged"]) == (1, True)
    titled = FILES["network.json"].replace("First feeder", "Pier feeder")
    assert everlit("network", "import", write(home / "b", {"network.json": titled}), "--json").json["version"] == 2
    [listed] = kept_networks(everlit)
    assert listed["title"]["en"] == "Pier feeder"


def test_a_network_that_takes_the_name_of_a_shipped_city_says_so(everlit, home):
    named = FILES["network.json"].replace('"first"', '"case33"')
    told = everlit("network", "import", write(home / "a", {"network.json": named}))
    assert told.code == 0 and "no longer the shipped city" in told.err
    assert "shipped" not in everlit("network", "import", "urban").err


@pytest.mark.parametrize("title", ["\\ud800", "\\u0000", "\\u001b[2J", "港口 🚢", "[bold]x[/]"])
def test_whatever_is_taken_can_be_listed_and_exported(everlit, home, title):
    named = FILES["network.json"].replace("First feeder", title)
    folder = write(home / "a", {"network.json": named})
    taken = everlit("network", "import", folder).code == 0
    assert taken == ("\\" not in title)
    assert everlit("network", "list").code == everlit("network", "list", "--json").code == 0
    if taken:
        assert everlit("network", "export", "first", home / "out").code == 0
        assert everlit("network", "validate", home / "out").code == 0


@pytest.mark.parametrize(
    "broken",
    [
        edit("lines.csv", "L2,B,C", "L2,B,Z"),
        edit("lines.csv", "400,0.1", "-400,0.1"),
        edit("lines.csv", "400,0.1", "NaN,0.1"),
        edit("lines.csv", "L2,B,C", "L1,B,C"),
        edit("switches.csv", "breaker", "catapult"),
        edit("nodes.csv", "113.300,23.100", "23.100,113.300"),
        {"nodes.csv": None},
        {"nodes.csv": b""},
        {"nodes.csv": b"\xff\xfe\x00\x00garbage"},
        {"network.json": "{"},
        {"lines.csv": FILES["lines.csv"].replace("L1", "L" * 100_000)},
    ],
)
def test_bad_tables_are_refused_with_findings_and_nothing_is_kept(everlit, home, broken):
    folder = write(home / "feeder", broken)
    report = everlit("network", "validate", folder, "--json")
    assert report.code == 1
    findings = [one for one in report.json["findings"] if one["severity"] == "error"]
    assert findings and all(one["message"]["en"] and one["message"]["zh"] for one in findings)
    refused = everlit("network", "import", folder, "--json")
    assert refused.code == 1 and refused.json["refused"] == "UnableToLoadNetwork" and refused.json["findings"]
    assert kept_networks(everlit) == []


def test_gbk_tables_are_read_or_refused_but_never_garbled(everlit, home):
    names = FILES["substations.csv"].encode("gbk")
    folder = write(home / "feeder", {"substations.csv": names})
    report = everlit("network", "validate", folder, "--json")
    assert any("GB" in one["message"]["en"] for one in report.json["findings"])


@pytest.mark.parametrize("name", ["atlantis", "../../etc", "/etc/passwd", "..", "", "a" * 5000, "urban\x00", "城市"])
@pytest.mark.parametrize("command", ["import", "validate"])
def test_a_folder_that_is_none_is_refused(everlit, command, name):
    answer = everlit("network", command, name, "--json")
    assert answer.code in (1, 2), answer
    if answer.code == 1:
        assert answer.json["findings"]


def test_an_earthing_switch_is_called_one(everlit, home):
    everlit("network", "import", write(home / "feeder"))
    told = everlit("trace", "--network", "first", "--close", "E1", "--json")
    assert told.code == 1 and told.kinds == ["equipment.earth"]


@pytest.mark.parametrize("name", ["atlantis", "../urban", "/etc/passwd", "a" * 5000])
def test_an_unknown_network_is_not_exported(everlit, home, name):
    answer = everlit("network", "export", name, home / "out", "--json")
    assert answer.code == 1 and answer.json["findings"] and not (home / "out").exists()


def test_an_export_that_cannot_be_written_is_refused(everlit, home):
    everlit("network", "import", write(home / "feeder"))
    (home / "file").write_text("in the way")
    answer = everlit("network", "export", "first", home / "file", "--json")
    assert answer.code == 1 and (home / "file").read_text() == "in the way"
    assert everlit("network", "export", "first", home / "out", "--format", "xlsx").code in (1, 2)
    assert not (home / "out").exists()
