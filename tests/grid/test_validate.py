"""Every kind of bad input comes back as findings with its place, in two languages, and nothing is half-imported."""

import json
import os
import re
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everlit.grid import UnableToLoadNetwork, load_network
from everlit.grid.export import write_network
from everlit.grid.reading import Limits
from everlit.grid.synthetic import random_network, reference_utility
from everlit.grid.tables import shipped_networks
from everlit.grid.validate import validate_folder, validate_tables
from everlit.kernel import Severity
from tests.grid.first_feeder import FILES, edit, write

GBK = FILES["substations.csv"].encode("gbk")
NODES, LINES, LOADS = FILES["nodes.csv"], FILES["lines.csv"], FILES["consumers.csv"]
TWO_MORE = NODES + "X,10,,\nY,10,,\n"
COLOURED = NODES.replace("nominal_kv", "colour,nominal_kv").replace(",10,", ",red,10,").replace(",0.4,", ",,0.4,")
MANIFEST = '{"name": "first", "title": {"en": "First"}, "bounds": %s}'
ALL_SWAPPED = re.sub(r"(113\.\d+),(23\.\d+)", r"\2,\1", NODES).replace(",113.", ",83.")
SWAPPED = NODES.replace("C,10,113.310,23.100", "C,10,23.100,83.310").replace("113.", "83.")

# what is done to the files → the finding's kind, its table, row (file line) and column
ERRORS = [
    ({"network.json": None}, "manifest.missing", None, None, None),
    ({"network.json": "{"}, "manifest.invalid", None, None, None),
    ({"network.json": "[]"}, "manifest.invalid", None, None, None),
    ({"network.json": "[" * 100_000}, "manifest.invalid", None, None, None),
    ({"network.json": '{"name": NaN}'}, "manifest.invalid", None, None, None),
    ({"network.json": b"\xff\xfe{}"}, "manifest.encoding", None, None, None),
    ({"network.json": '{"name": "../../etc/passwd"}'}, "manifest.name", None, None, None),
    ({"network.json": '{"name": ""}'}, "manifest.name", None, None, None),
    ({"network.json": '{"name": 7}'}, "manifest.name", None, None, None),
    ({"network.json": '{"name": "a..b"}'}, "manifest.name", None, None, None),
    ({"network.json": '{"name": "a", "title": "A"}'}, "manifest.title", None, None, None),
    ({"network.json": '{"name": "a"}' + " " * (1 << 20)}, "manifest.too_large", None, None, None),
    ({"nodes.csv": None}, "table.missing", "nodes", None, None),
    ({"sources.csv": None}, "table.missing", "sources", None, None),
    ({"sources.csv": "source_id,node_id\n"}, "table.no_rows", "sources", None, None),
    ({"nodes.csv": ""}, "table.empty", "nodes", None, None),
    ({"nodes.parquet": "x"}, "table.twice", "nodes", None, None),
    ({"nodes.csv": None, "nodes.parquet": "PAR1 noise PAR1"}, "table.unreadable", "nodes", None, None),
    ({"nodes.csv": NODES.replace(",", ";")}, "table.separator", "nodes", None, None),
    ({"nodes.csv": NODES.replace("BUS,10", "BUS\0,10")}, "table.nul", "nodes", 2, None),
    ({"nodes.csv": NODES.encode("utf-16")}, "table.encoding", "nodes", None, None),
    ({"substations.csv": GBK}, "table.encoding", "substations", 2, None),
    ({"nodes.csv": NODES.encode() + b"\xff\xff\xff,10,,\n"}, "table.encoding", "nodes", 9, None),
    ({"nodes.csv": NODES + "X,10,113\n"}, "table.ragged", "nodes", 9, None),
    ({"nodes.csv": NODES + 'X,"10\n'}, "table.ragged", "nodes", 9, None),
    ({"nodes.csv": NODES.replace("nominal_kv", "kv")}, "column.missing", "nodes", None, "nominal_kv"),
    ({"nodes.csv": NODES.replace("lat_deg", "lon_deg")}, "column.twice", "nodes", None, "lon_deg"),
    (edit("nodes.csv", "A,10", "A,"), "value.missing", "nodes", 4, "nominal_kv"),
    (edit("nodes.csv", "A,10", "A,ten"), "value.number", "nodes", 4, "nominal_kv"),
    (edit("nodes.csv", "A,10", "A,0x0A"), "value.number", "nodes", 4, "nominal_kv"),
    (edit("nodes.csv", "A,10", 'A,"1,0"'), "value.number", "nodes", 4, "nominal_kv"),
    (edit("nodes.csv", "A,10", "A,nan"), "value.finite", "nodes", 4, "nominal_kv"),
    (edit("nodes.csv", "A,10", "A,-inf"), "value.finite", "nodes", 4, "nominal_kv"),
    (edit("nodes.csv", "A,10", "A,1e308"), "value.range", "nodes", 4, "nominal_kv"),
    (edit("lines.csv", "L2,B,C,400", "L2,B,C,-400"), "value.range", "lines", 3, "length_m"),
    (edit("nodes.csv", "113.305,23.100", "23.100,113.305"), "value.range", "nodes", 4, "lat_deg"),
    (edit("switches.csv", "CB1,breaker", "CB1,Breaker!"), "value.choice", "switches", 2, "kind"),
    (edit("switches.csv", "A,B,false", "A,B,maybe"), "value.flag", "switches", 3, "normal_open"),
    (edit("consumers.csv", "home,60", "home,1.5"), "value.integer", "consumers", 2, "households"),
    (edit("consumers.csv", "home,60", "home,1e300"), "value.integer", "consumers", 2, "households"),
    (edit("consumers.csv", "K1,M", "K\x071,M"), "value.control", "consumers", 2, "consumer_id"),
    (edit("consumers.csv", "K1,M", "K" * 501 + ",M"), "value.long", "consumers", 2, "consumer_id"),
    (edit("nodes.csv", "B,10", "A,10"), "id.duplicate", "nodes", 5, "node_id"),
    (edit("lines.csv", "L3,L", "CB1,L"), "id.shared", "switches", 2, "switch_id"),
    (edit("lines.csv", "L3,L,M", "L3,L,nowhere"), "ref.dangling", "lines", 4, "to_node_id"),
    (edit("lines.csv", "L3,L,M", "L3,,M"), "value.missing", "lines", 4, "from_node_id"),
    (edit("feeders.csv", "CB1", "CB9"), "ref.dangling", "feeders", 2, "head_switch_id"),
    (edit("consumers.csv", "home", "shop"), "ref.dangling", "consumers", 2, "profile_id"),
    (edit("usage_points.csv", "K1", "K9"), "ref.dangling", "usage_points", 2, "consumer_id"),
    (edit("lines.csv", "L3,L,M", "L3,L,L"), "branch.same_ends", "lines", 4, "to_node_id"),
    (edit("switches.csv", "_switch,A,B", "_switch,A,"), "value.missing", "switches", 3, "to_node_id"),
    (edit("switches.csv", "tor,B,", "tor,B,A"), "switch.earth_ends", "switches", 5, "to_node_id"),
    ({"feeders.csv": FILES["feeders.csv"] + "F2,Two,ST,CB1\n"}, "network.two_parents", "feeders", 3, "head_switch_id"),
    (edit("feeders.csv", "CB1", "E1"), "feeder.head_kind", "feeders", 2, "head_switch_id"),
    (edit("lines.csv", "L3,L,M,100,0.02,0.01", "L3,L,M,100,0,0"), "line.zero_impedance", "lines", 4, "r_ohm"),
    (edit("transformers.csv", "4,4.3", "1,43"), "transformer.losses", "transformers", 2, "pk_kw"),
    (edit("transformers.csv", "10,0.4", "0.4,10"), "transformer.sides", "transformers", 2, "hv_kv"),
    ({"profiles.csv": FILES["profiles.csv"] + "home,5,1,1\n"}, "profile.gap", "profiles", 2, "quarter_hour"),
    ({"profiles.csv": FILES["profiles.csv"] + "home,1,1,1\n"}, "profile.twice", "profiles", 2, "quarter_hour"),
    ({"nodes.csv": TWO_MORE, "lines.csv": LINES + "L9,X,Y,1,1,1,\n"}, "network.island", "nodes", 9, "node_id"),
    ({"nodes.csv": TWO_MORE, "consumers.csv": LOADS + "K2,X,1,0,,1\n"}, "network.island", "nodes", 9, "node_id"),
    (edit("nodes.csv", "M,0.4", "M,10"), "network.kv_mismatch", "lines", 4, "to_node_id"),
    (edit("nodes.csv", "H,10", "H,20"), "network.kv_mismatch", "switches", 2, "to_node_id"),
    (edit("transformers.csv", "10,0.4", "35,0.4"), "transformer.kv_mismatch", "transformers", 2, "hv_kv"),
    ({"positions.csv": "switch_id,open\nQ1,true\nQ9,true\n"}, "ref.dangling", "positions", 3, "switch_id"),
    ({"positions.csv": "switch_id,open\nQ1,true\nQ1,false\n"}, "id.duplicate", "positions", 3, "switch_id"),
    ({"positions.csv": "switch_id,open\nQ1,\n"}, "value.missing", "positions", 2, "open"),
    ({"nodes.csv": SWAPPED}, "place.swapped", "nodes", 6, "lon_deg"),
    ({"network.json": MANIFEST % "[83, 23, 84, 24]", "nodes.csv": ALL_SWAPPED}, "place.swapped", "nodes", 2, "lon_deg"),
    ({"network.json": MANIFEST % "[114, 24, 113, 23]"}, "manifest.bounds", None, None, None),
    ({"network.json": MANIFEST % '"China"'}, "manifest.bounds", None, None, None),
    ({"network.json": '{"name": "a", "title": {"en": "\\ud800"}}'}, "manifest.characters", None, None, None),
    ({"network.json": '{"name": "a", "note": [{"k\\u0000": 1}]}'}, "manifest.characters", None, None, None),
    ({"network.json": '{"name": "a", "title": {"zh": "\\u001b[2J"}}'}, "manifest.characters", None, None, None),
    ({"network.json": '{"name": "a", "title": {"zh": "城"}}'.encode("gbk")}, "manifest.encoding", None, None, None),
    (
        {"nodes.csv": NODES + "N,0.4,113.3,23.1\n", "lines.csv": LINES + "L9,M,N,9,1,1,\n",
         "transformers.csv": FILES["transformers.csv"] + "T2,A,N,400,10,0.4,4,4.3\n"},
        "network.two_parents", "transformers", 2, "lv_node_id",
    ),
]  # fmt: skip
WARNINGS = [
    ({"nodes.csv": COLOURED}, "column.unknown", "nodes", None, "colour"),
    ({"node.csv": "x\n"}, "folder.unknown_file", "node", None, None),
    (edit("switches.csv", "C,BUS,true", "C,BUS,false"), "network.loop", "switches", 4, "normal_open"),
    ({"lines.csv": LINES + "L4,L,M,100,0.02,0.01,200\n"}, "network.fixed_loop", "nodes", 5, "node_id"),
    (edit("switches.csv", "A,B,false", "A,B,true"), "network.dead", "nodes", 5, "node_id"),
    ({"nodes.csv": NODES + "X,10,,\n"}, "network.lone_node", "nodes", 9, "node_id"),
    (edit("nodes.csv", "A,10,113.305", "A,10,"), "place.half", "nodes", 4, "lon_deg"),
    (edit("nodes.csv", "A,10,113.305", "A,10,103.305"), "place.far", "nodes", 4, "lon_deg"),
    (edit("nodes.csv", "M,0.4,113.311", "M,0.4,113.321"), "customer.far", "consumers", 2, "node_id"),
    ({"consumers.csv": FILES["consumers.csv"] + "K2,BUS,1,0,,1\n"}, "customer.no_feeder", "consumers", 3, "node_id"),
]  # fmt: skip


def place(finding):
    return tuple(finding.evidence.get(key) for key in ("table", "row", "column"))


def taken(report):
    assert report.network is not None, report.errors
    return report.network.fingerprint


def test_the_first_feeder_is_valid(tmp_path):
    report = validate_folder(write(tmp_path))
    assert report.valid
    assert report.findings == ()
    assert report.counts["nodes"] == 7
    assert {"cells", "identities", "references", "islands", "loops", "places"} <= set(report.checked)
    assert load_network(tmp_path).fingerprint == taken(report)


@pytest.mark.parametrize(("changed", "kind", "table", "row", "column"), ERRORS)
def test_an_error_refuses_the_network_and_says_where(tmp_path, changed, kind, table, row, column):
    report = validate_folder(write(tmp_path, changed))
    found = [finding for finding in report.findings if finding.kind == kind]
    assert found, report.findings
    assert (table, row, column) in [
        tuple(
            value if wanted is not None else None for value, wanted in zip(place(f), (table, row, column), strict=True)
        )
        for f in found
    ]
    assert all(finding.severity is Severity.ERROR for finding in found)
    assert report.network is None
    assert not report.valid
    with pytest.raises(UnableToLoadNetwork) as refused:
        load_network(tmp_path)
    assert kind in {finding.kind for finding in refused.value.findings}
    check_words(report)


@pytest.mark.parametrize(("changed", "kind", "table", "row", "column"), WARNINGS)
def test_a_warning_is_shown_and_the_network_taken(tmp_path, changed, kind, table, row, column):
    report = validate_folder(write(tmp_path, changed))
    assert (kind, table, row, column) in [(f.kind, *place(f)) for f in report.findings], report.findings
    assert report.valid
    assert {finding.severity for finding in report.findings} == {Severity.WARNING}
    assert load_network(tmp_path).name == "first"
    check_words(report)


def test_a_place_in_the_north_is_doubted_until_the_network_says_where_it_lies(tmp_path):
    north = re.sub(r"113\.(\d+),23\.", r"24.\1,61.", NODES)
    doubted = validate_folder(write(tmp_path / "a", {"nodes.csv": north}))
    assert [(f.kind, f.severity) for f in doubted.findings] == [("place.swapped", Severity.WARNING)] and doubted.valid
    named = validate_folder(write(tmp_path / "b", {"nodes.csv": north, "network.json": MANIFEST % "[20, 59, 32, 70]"}))
    assert named.findings == () and named.valid
    outside = validate_folder(write(tmp_path / "c", {"network.json": MANIFEST % "[20, 59, 32, 70]"}))
    assert {f.kind for f in outside.findings} == {"place.far"} and outside.valid


def test_a_folder_that_is_none_is_one_finding(tmp_path):
    assert [finding.kind for finding in validate_folder(tmp_path / "no").findings] == ["folder.missing"]


def test_a_table_that_cannot_be_read_is_not_also_a_hundred_dangling_references(tmp_path):
    for changed in ({"nodes.csv": NODES.encode("utf-16")}, {"nodes.csv": NODES.replace("node_id", "id")}):
        kinds = {finding.kind for finding in validate_folder(write(tmp_path, changed)).findings}
        assert "ref.dangling" not in kinds and kinds & {"table.encoding", "column.missing"}


def test_what_the_conversion_found_is_shown_at_every_check():
    found = {finding.kind: finding for finding in validate_folder("ortenau").findings}
    unmatched = found["convert.join.unmatched"]
    assert unmatched.subject == "T_idx_ZUSATZ" and unmatched.evidence["nearest_m"] > 30
    assert unmatched.severity is Severity.WARNING and "变压器" in unmatched.message.zh


def check_words(report):
    for finding in report.findings:
        assert finding.message.en.strip()
        assert any("\u4e00" <= letter <= "\u9fff" for letter in finding.message.zh), finding
    json.dumps(report.as_json(), allow_nan=False)


def test_gbk_is_named_and_told_what_to_do(tmp_path):
    report = validate_folder(write(tmp_path, {"substations.csv": GBK}))
    finding = next(finding for finding in report.findings if finding.kind == "table.encoding")
    assert finding.message.en == "substations.csv is GBK: save it as UTF-8."
    assert "GBK" in finding.message.zh


def test_western_text_is_not_taken_for_gbk(tmp_path):
    text = FILES["substations.csv"].replace("Harbour", "München").encode("latin-1", "replace")
    report = validate_folder(write(tmp_path, {"substations.csv": text}))
    finding = next(finding for finding in report.findings if finding.kind == "table.encoding")
    assert finding.message.en == "substations.csv is not UTF-8 at line 2: save it as UTF-8."


def test_a_loop_names_the_switch_that_closes_it(tmp_path):
    report = validate_folder(write(tmp_path, edit("switches.csv", "C,BUS,true", "C,BUS,false")))
    loop = next(finding for finding in report.findings if finding.kind == "network.loop")
    assert loop.evidence["closing"] in (["Q2"], ["CB1"], ["Q1"])


def test_byte_order_mark_crlf_blank_lines_and_spaces_are_fine(tmp_path):
    spaced = NODES.replace("\n", "\r\n").replace("A,10", "\r\n A , 10 ")
    report = validate_folder(write(tmp_path, {"nodes.csv": b"\xef\xbb\xbf" + spaced.encode()}))
    assert report.findings == ()
    assert taken(report) == taken(validate_folder(write(tmp_path / "plain")))


def test_rows_are_file_lines_also_behind_blank_and_ragged_lines(tmp_path):
    text = NODES.replace("A,10", "\n\nA,ten").replace("H,10", "too,short\nH,10")
    report = validate_folder(write(tmp_path, {"nodes.csv": text}))
    rows = {finding.kind: finding.evidence["row"] for finding in report.findings if "row" in finding.evidence}
    lines = text.split("\n")
    assert lines[rows["table.ragged"] - 1] == "too,short"
    assert lines[rows["value.number"] - 1].startswith("A,ten")


def test_chinese_flags_and_identities(tmp_path):
    changed = edit("switches.csv", "A,B,false", "A,B,否") | edit("feeders.csv", "F1,", "港口一线,")
    assert validate_folder(write(tmp_path, changed)).findings == ()


def test_a_folder_a_link_and_a_pipe_instead_of_a_file(tmp_path):
    write(tmp_path, {"nodes.csv": None, "lines.csv": None, "sources.csv": None})
    (tmp_path / "nodes.csv").mkdir()
    (tmp_path / "lines.csv").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "sources.csv")
    report = validate_folder(tmp_path)
    refused = {finding.evidence["table"] for finding in report.findings if finding.kind == "table.not_a_file"}
    assert refused == {"nodes", "lines", "sources"}


@pytest.mark.parametrize("path", ["nowhere", "file"])
def test_no_folder(tmp_path, path):
    (tmp_path / "file").write_text("x")
    assert validate_folder(tmp_path / path).findings[0].kind == "folder.missing"
    with pytest.raises(UnableToLoadNetwork):
        load_network(tmp_path / path)


def test_a_file_of_a_gigabyte_is_refused_at_once(tmp_path):
    write(tmp_path)
    with (tmp_path / "nodes.csv").open("r+b") as file:
        file.truncate(1_000_000_000)
    began = time.monotonic()
    report = validate_folder(tmp_path)
    assert time.monotonic() - began < 2
    assert "table.too_large" in {finding.kind for finding in report.errors}


def test_too_many_rows_are_refused(tmp_path):
    report = validate_folder(write(tmp_path), limits=Limits(max_rows=3))
    assert "table.too_large" in {finding.kind for finding in report.errors}


def test_parquet_of_foreign_types(tmp_path):
    write(tmp_path, {"nodes.csv": None, "switches.csv": None})
    nodes = pa.table({"node_id": [1, 2], "nominal_kv": [["x"], ["y"]], "lon_deg": pa.array([None, None])})
    pyarrow.parquet.write_table(nodes, tmp_path / "nodes.parquet")
    switches = pa.table({"switch_id": ["CB1"], "kind": ["breaker"], "from_node_id": ["BUS"], "normal_open": [2.5]})
    pyarrow.parquet.write_table(switches, tmp_path / "switches.parquet")
    report = validate_folder(tmp_path)
    wrong = {finding.evidence["column"] for finding in report.findings if finding.kind == "column.type"}
    assert wrong == {"node_id", "nominal_kv", "normal_open"}


def test_parquet_as_other_programs_write_it(tmp_path):
    """Dictionaries, 32-bit numbers, large strings and flags as 0 and 1 are read as what they mean."""
    network = load_network(write(tmp_path / "csv"))
    folder = write(tmp_path / "odd", {"switches.csv": None, "lines.csv": None})
    switches = network.tables["switches"]
    kind = switches.column("kind").dictionary_encode()
    flags = switches.column("normal_open").cast(pa.int8())
    switches = switches.set_column(1, "kind", kind).set_column(4, "normal_open", flags)
    pyarrow.parquet.write_table(switches, folder / "switches.parquet")
    lines = network.tables["lines"]
    lines = lines.set_column(0, "line_id", lines.column("line_id").cast(pa.large_string()))
    lines = lines.set_column(3, "length_m", lines.column("length_m").cast(pa.int32()))
    pyarrow.parquet.write_table(lines, folder / "lines.parquet")
    assert load_network(folder).fingerprint == network.fingerprint


@pytest.mark.parametrize(("as_dictionary", "kind"), [(True, "value.long"), (False, "table.unreadable")])
def test_a_small_parquet_file_that_unpacks_to_gigabytes(tmp_path, as_dictionary, kind):
    """One long text a hundred thousand times: a few kilobytes on disk, two gigabytes when spelt out."""
    write(tmp_path, {"substations.csv": None})
    text = pa.DictionaryArray.from_arrays(pa.array(np.zeros(100_000, np.int32)), pa.array(["x" * 20_000]))
    table = pa.table({"substation_id": text, "name": text})
    path = tmp_path / "substations.parquet"
    pyarrow.parquet.write_table(table, path, compression="zstd", store_schema=as_dictionary)
    assert path.stat().st_size < 100_000
    report = validate_folder(tmp_path, limits=Limits(max_bytes=1 << 20))
    assert kind in {finding.kind for finding in report.errors if finding.evidence["table"] == "substations"}
    assert report.network is None


def test_warnings_never_hide_an_error(tmp_path):
    from everlit.grid.report import Findings
    from everlit.kernel import Finding, Text

    findings = Findings(limit=10)
    for number in range(20):
        findings.add(Finding("a", str(number), Text("a", "甲"), severity=Severity.WARNING))
    findings.add(Finding("b", "b", Text("b", "乙")))
    assert findings.failed
    assert "b" in {finding.kind for finding in findings.listed()}
    assert findings.more == {"a": 10}


def test_many_findings_are_counted_not_listed(tmp_path):
    rows = "".join(f"X{number},ten,,\n" for number in range(5000))
    report = validate_folder(write(tmp_path, {"nodes.csv": NODES + rows}))
    assert len(report.findings) <= 1001
    assert report.more["value.number"] == 4900
    assert report.findings[-1].kind == "findings.more"
    assert "4,900" in report.findings[-1].message.en


def test_tables_in_memory_are_checked_by_the_same_rules(tmp_path):
    network = load_network(write(tmp_path))
    assert taken(validate_tables(network.tables, network.manifest)) == network.fingerprint
    broken = dict(network.tables)
    broken["lines"] = broken["lines"].set_column(3, "length_m", pa.array([1.0, -1.0, float("nan")]))
    kinds = {finding.kind for finding in validate_tables(broken, network.manifest).errors}
    assert kinds == {"value.range", "value.finite"}


@pytest.mark.parametrize("name", sorted(shipped_networks()))
def test_shipped_networks_are_valid(name):
    report = validate_folder(shipped_networks()[name])
    assert report.valid, report.errors
    check_words(report)


@pytest.mark.parametrize("seed", range(40))
def test_random_networks_are_valid(seed):
    network = random_network(seed, profiles=seed % 5 == 0)
    report = validate_tables(network.tables, network.manifest)
    assert report.valid, report.errors
    assert taken(report) == network.fingerprint


def test_a_large_network_is_checked_in_seconds():
    network = reference_utility(3, customers=100_000, feeders=90)
    validate_tables(network.tables, network.manifest)
    began = time.process_time()
    assert validate_tables(network.tables, network.manifest).valid
    assert time.process_time() - began < 8


# ------------------------------------------------------------------------------------------------ round trip


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("seed", range(12))
def test_import_export_import_is_the_identity(tmp_path, seed, suffix):
    network = random_network(seed, profiles=seed == 0)
    first = load_network(write_network(network, tmp_path / "first", format=suffix))
    assert first.fingerprint == network.fingerprint
    assert (first.name, first.title, first.manifest) == (network.name, network.title, network.manifest)
    write_network(first, tmp_path / "second", format=suffix)
    files = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert files == sorted(path.name for path in (tmp_path / "second").iterdir())
    for name in files:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


@given(st.lists(st.floats(-1e5, 1e5, allow_nan=False), min_size=3, max_size=3), st.text(max_size=20))
@settings(max_examples=40)
def test_any_number_and_name_survives_csv(tmp_path_factory, numbers, text):
    folder = tmp_path_factory.mktemp("csv")
    network = load_network(write(folder / "a"))
    tables = dict(network.tables)
    tables["lines"] = (
        tables["lines"].set_column(5, "x_ohm", pa.array(numbers)).set_column(9, "name", pa.array([text] * 3))
    )
    report = validate_tables(tables, network.manifest)
    if report.network is not None:
        assert load_network(write_network(report.network, folder / "b")).fingerprint == report.network.fingerprint
    else:
        kinds = {finding.kind for finding in report.errors}
        assert kinds <= {"value.control", "line.zero_impedance", "value.range"}


def test_nothing_is_overwritten(tmp_path):
    from everlit.grid.export import UnableToWriteNetwork

    network = random_network(1)
    write_network(network, tmp_path / "a")
    with pytest.raises(UnableToWriteNetwork):
        write_network(network, tmp_path / "a")
    (tmp_path / "file").write_text("x")
    with pytest.raises(UnableToWriteNetwork):
        write_network(network, tmp_path / "file")


# ------------------------------------------------------------------------------------------------------ fuzz


def check_any(folder):
    """Whatever stands in the folder: a report, and a network only when no error was found."""
    report = validate_folder(folder, limits=Limits(max_bytes=1 << 20))
    assert (report.network is not None) == report.valid
    check_words(report)


@settings(max_examples=100)
@given(st.data())
def test_mutated_csv_never_crashes(tmp_path_factory, data):
    name = data.draw(st.sampled_from(sorted(FILES)))
    content = bytearray(FILES[name].encode())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, max(0, len(content) - 1)))
        length = data.draw(st.integers(0, 8))
        content[at : at + length] = data.draw(st.one_of(st.binary(max_size=8), st.sampled_from(GARBAGE)))
    check_any(write(tmp_path_factory.mktemp("fuzz"), {name: bytes(content)}))


GARBAGE = [
    b'"', b'""', b"\n", b"\r", b",", b",,", b"\0", b"\xff", b"\xef\xbb\xbf", b"nan", b"-inf", b"1e308", b"1e309", b"-0",
    b"9" * 30, "馈线".encode(), "馈线".encode("gbk"), b"BUS", b"true", b"=cmd()", b"../..", b"'", b";", b"\t", b"\x1a",
]  # fmt: skip


@settings(max_examples=60)
@given(st.data())
def test_mutated_parquet_never_crashes(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("fuzz")
    network = random_network(data.draw(st.integers(0, 3)), feeders=1, nodes=3)
    write_network(network, folder / "a", format="parquet")
    path = folder / "a" / f"{data.draw(st.sampled_from(['nodes', 'lines', 'switches', 'consumers']))}.parquet"
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    path.write_bytes(bytes(content))
    check_any(folder / "a")


@settings(max_examples=100)
@given(st.data())
def test_rewired_tables_never_crash(data):
    """Cells exchanged for others of the same kind: whatever topology comes out, it is judged."""
    network = random_network(data.draw(st.integers(0, 50)), feeders=2, nodes=3)
    tables = dict(network.tables)
    for _ in range(data.draw(st.integers(1, 5))):
        name = data.draw(st.sampled_from([name for name, table in tables.items() if table.num_rows]))
        column = data.draw(st.sampled_from(tables[name].column_names))
        values = tables[name].column(column).to_pylist()
        values[data.draw(st.integers(0, len(values) - 1))] = data.draw(st.sampled_from(values))
        index = tables[name].column_names.index(column)
        tables[name] = tables[name].set_column(index, column, pa.array(values, tables[name].schema.field(column).type))
    report = validate_tables(tables, network.manifest)
    assert (report.network is not None) == report.valid
    check_words(report)


def test_kinds_of_numbers():
    """The reader's number is what Python's float says it is, for everything written as a plain number."""
    from everlit.grid.cells import convert
    from everlit.grid.schema import TABLES

    words = ["1", "+1.5", "-.5", "1.", "1e3", "1E-3", "bad", "1_000", " 7 ", "１", "--1", "1e", ".", "", "0x1"]
    values, bad = convert(TABLES["lines"].column("x_ohm"), pa.chunked_array([pa.array(words)]))
    assert values.to_pylist()[:6] == [1.0, 1.5, -0.5, 1.0, 1000.0, 0.001]
    unreadable = np.concatenate([cells.rows for cells in bad if cells.kind == "value.number"])
    assert [words[row] for row in unreadable] == ["bad", "1_000", "１", "--1", "1e", ".", "0x1"]


def test_a_format_nobody_reads_is_refused(tmp_path):
    from everlit.grid.export import UnableToWriteNetwork

    with pytest.raises(UnableToWriteNetwork):
        write_network(random_network(1), tmp_path / "a", format="xlsx")
    assert not (tmp_path / "a").exists()


def test_identities_are_found_by_their_bytes():
    """The index against a dictionary: repeated, empty and unknown identities, also such as share a hash slot."""
    from everlit.grid.identities import Identities

    rng = np.random.default_rng(5)
    names = [f"馈线{number}" if number % 3 else f"n{number}" for number in rng.integers(0, 4000, 5000).tolist()]
    names[17], names[99] = "", ""
    index, first = Identities(pa.array(names)), {}
    for row, name in enumerate(names):
        first.setdefault(name, row)
    wanted = [*names, "nobody", "n", "馈"]
    assert index.rows(pa.array(wanted)).tolist() == [first.get(name, -1) if name else -1 for name in wanted]
    assert [index.find(name) for name in wanted[:50]] == [first[name] if name else -1 for name in wanted[:50]]
    again, before = index.repeated()
    stood = [(row, first[name]) for row, name in enumerate(names) if name and first[name] != row]
    assert list(zip(again.tolist(), before.tolist(), strict=True)) == stood
    assert Identities(pa.array([None, "a"]).slice(1)).find("a") == 0
    assert Identities(pa.array([], pa.string())).find("a") == -1
