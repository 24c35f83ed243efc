"""Requests files: what goes out comes back, and whatever comes in becomes requests or findings, never a crash."""

import csv
import io
import json
import os
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everlit.grid import compile_network
from everlit.grid.synthetic import random_network
from everlit.kernel import Severity
from everlit.planning.demo_month import UnableToMakeDemoMonth, demo_month
from everlit.planning.model import Department, UnableToReadRequest, WorkRequest
from everlit.planning.requests import (
    COLUMNS,
    MOST_FINDINGS,
    UnableToReadRequests,
    check_requests,
    read_requests,
    write_requests,
)
from tests.planning.drawn import NOON, request, two_feeders

GRID = compile_network(random_network(3, feeders=4, nodes=12))
MONTH = demo_month(GRID, month=date(2026, 6, 1), requests=40, seed=7)
GOOD = {
    "request_id": "R1",
    "department": "operations",
    "kind": "maintenance",
    "title_en": "overhaul",
    "equipment_ids": "lb; A1",
    "duration_min": "240",
    "earliest": "2026-06-10",
    "latest": "2026-06-14",
}


def csv_of(*rows, columns=COLUMNS, encoding="utf-8"):
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode(encoding)


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_what_is_written_is_read_back(tmp_path, ending):
    path = tmp_path / f"month.{ending}"
    write_requests(MONTH, path)
    batch = read_requests(path, grid=GRID)
    assert batch.requests == MONTH
    assert [finding for finding in batch.findings if finding.severity is Severity.ERROR] == []
    assert batch.checked == 40


def test_dates_mean_whole_local_days():
    one = WorkRequest.from_json(GOOD)
    assert one.earliest == datetime(2026, 6, 9, 16, tzinfo=UTC)
    assert one.latest == datetime(2026, 6, 14, 16, tzinfo=UTC)
    assert one.equipment_ids == ("lb", "A1")


def test_chinese_headers_words_and_gb18030():
    header = "申请编号,部门,工作类别,工作内容,停电设备,停电时长,最早开始,最晚结束"
    text = f"{header}\nR1,营销业扩,业扩,新用户接入,lb；A1,240,2026-06-10,2026-06-14\n"
    for encoding in ("utf-8", "utf-8-sig", "gb18030"):
        (one,) = read_requests(text.encode(encoding)).requests
        assert (
            one.department is Department.MARKETING
            and one.title.zh == "新用户接入"
            and one.equipment_ids == ("lb", "A1")
        )


@pytest.mark.parametrize(
    ("column", "value", "kind"),
    [
        ("duration_min", "-5", "request.range"),
        ("duration_min", "nan", "request.number"),
        ("duration_min", "1e999", "request.number"),
        ("duration_min", "four hours", "request.number"),
        ("duration_min", "12.5", "request.whole"),
        ("duration_min", "99999999", "request.range"),
        ("duration_min", "", "request.missing"),
        ("earliest", "2026-06-10T08:00", "request.time.naive"),
        ("earliest", "2026-02-30", "request.time.unreadable"),
        ("earliest", "9999-12-31T23:59-12:00", "request.time.year"),
        ("earliest", "2026-06-20", "request.window.order"),
        ("latest", "2026-06-09", "request.window.order"),
        ("department", "kitchen", "request.choice"),
        ("kind", "", "request.choice"),
        ("request_id", "x" * 500, "request.too_long"),
        ("request_id", "R\u202e1", "request.characters"),
        ("equipment_ids", "", "request.missing"),
        ("equipment_ids", ";".join(f"e{i}" for i in range(600)), "request.too_many"),
        ("crew_size", "0", "request.range"),
        ("window_from", "25:00", "request.clock"),
        ("live_line_possible", "perhaps", "request.flag"),
        ("precedence", "R1", "request.precedence.self"),
        ("generator_kw", "-1", "request.range"),
    ],
)
def test_a_bad_cell_is_named_with_row_and_column(column, value, kind):
    batch = read_requests(csv_of(GOOD | {"request_id": "R0"}, GOOD | {column: value}))
    assert [one.request_id for one in batch.requests] == ["R0"]
    assert batch.quarantined == 1
    found = [finding for finding in batch.findings if finding.kind == kind]
    assert found, batch.findings
    assert found[0].evidence["row"] == 3
    assert found[0].evidence["column"] in (column, "latest")
    assert found[0].message.zh and found[0].message.en != found[0].message.zh


def test_a_window_shorter_than_the_work_is_refused():
    batch = read_requests(csv_of(GOOD | {"duration_min": "9000"}))
    assert [finding.kind for finding in batch.findings] == ["request.window.short"]
    batch = read_requests(csv_of(GOOD | {"window_from": "08:00", "window_to": "10:00"}))
    assert [finding.kind for finding in batch.findings] == ["request.window.daily"]


def test_all_faults_of_a_row_are_told_at_once():
    bad = GOOD | {"duration_min": "-1", "department": "?", "earliest": "soon"}
    assert {finding.evidence["column"] for finding in read_requests(csv_of(bad)).findings} == {
        "duration_min",
        "department",
        "earliest",
    }


def test_duplicates():
    batch = read_requests(csv_of(GOOD, GOOD, GOOD | {"duration_min": "60"}))
    assert len(batch.requests) == 1
    assert [finding.severity for finding in batch.findings] == [Severity.NOTE, Severity.ERROR]


def test_unknown_equipment_is_quarantined():
    grid = two_feeders()
    batch = read_requests(csv_of(GOOD, GOOD | {"request_id": "R2", "equipment_ids": "lb;zz"}), grid=grid)
    assert [one.request_id for one in batch.requests] == ["R1"]
    assert batch.findings[0].evidence["unknown"] == ["zz"]
    assert check_requests([request("R9", "nothing")], grid=grid)[0].kind == "request.equipment.unknown"


def test_circles_of_precedence():
    rows = [
        GOOD | {"request_id": name, "precedence": before}
        for name, before in (("A", "B"), ("B", "C"), ("C", "B"), ("D", "A"), ("E", "Z"))
    ]
    batch = read_requests(csv_of(*rows))
    assert {finding.subject for finding in batch.findings if finding.kind == "request.precedence.circle"} == {"B", "C"}
    assert [one.request_id for one in batch.requests] == ["A", "D", "E"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "requests.header"),
        (b"\x00\x01\x02\xff", "requests.encoding"),
        (b"a,b\n1,2\n", "requests.header"),
        (b"{", "requests.json"),
        (b"[1, 2", "requests.json"),
        (b"[" * 100_000, "requests.json"),
        (b'{"rows": 1}', "requests.shape"),
        (b"[" + b"9" * 5000 + b"]", "requests.json"),
        ((",".join([*COLUMNS, "kind"]) + "\n").encode(), "requests.header"),
    ],
)
def test_what_is_no_requests_file_is_refused_whole(content, kind):
    with pytest.raises(UnableToReadRequests) as caught:
        read_requests(content)
    assert caught.value.findings[0].kind == kind


def test_a_missing_file_and_one_too_large_are_refused(tmp_path, monkeypatch):
    with pytest.raises(UnableToReadRequests):
        read_requests(tmp_path / "nothing.csv")
    monkeypatch.setattr("everlit.planning.requests.LARGEST_FILE_BYTES", 10)
    (tmp_path / "big.csv").write_bytes(csv_of(GOOD))
    with pytest.raises(UnableToReadRequests) as caught:
        read_requests(tmp_path / "big.csv")
    assert caught.value.findings[0].kind == "requests.too_large"


def test_a_hostile_file_does_not_make_an_endless_report():
    batch = read_requests(
        csv_of(*[GOOD | {"request_id": f"R{i}", "department": "?", "kind": "?"} for i in range(2000)])
    )
    assert batch.quarantined == 2000 and len(batch.findings) == MOST_FINDINGS


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(COLUMNS), JSON, max_size=len(COLUMNS)))
def test_any_json_object_is_read_or_refused_with_findings(cells):
    try:
        one = WorkRequest.from_json(cells)
    except UnableToReadRequest as refusal:
        kinds = [finding.as_json() for finding in refusal.findings]
        if not kinds:
            pytest.fail("refused without a finding")
        json.dumps(kinds).encode()
    else:
        assert WorkRequest.from_json(one.as_json()) == one


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(content):
    try:
        read_requests(content)
    except UnableToReadRequests as refusal:
        if not refusal.findings:
            pytest.fail("refused without a finding")


@given(st.sampled_from(COLUMNS), JSON)
def test_one_wild_cell_in_a_good_row(column, value):
    document = json.dumps([GOOD | {column: value}])
    batch = read_requests(document.encode("utf-8", "surrogatepass"))
    assert len(batch.requests) + batch.quarantined == 1
    assert len(batch.requests) == 1 or any(finding.severity is Severity.ERROR for finding in batch.findings)


def test_the_demo_month_is_plausible():
    assert {one.department for one in MONTH} == set(Department)
    assert len({one.request_id for one in MONTH}) == 40
    first, after = datetime(2026, 5, 31, 16, tzinfo=UTC), datetime(2026, 6, 30, 16, tzinfo=UTC)
    for one in MONTH:
        assert first <= one.earliest <= one.wanted < one.latest <= after
        assert one.submitted_at < one.earliest
        assert all(GRID.equipment(name) for name in one.equipment_ids)
    stretches = [GRID.normal_feeder[GRID.equipment(one.equipment_ids[0]).sections[-1]] for one in MONTH]
    assert len(set(stretches)) < len(MONTH) / 4, "work is clustered"


def test_another_seed_is_another_month_and_the_same_seed_the_same():
    assert demo_month(GRID, month=date(2026, 6, 1), requests=40, seed=8) != MONTH
    assert demo_month(GRID, month=date(2026, 6, 1), requests=40, seed=7) == MONTH
    assert len(demo_month(GRID, month=date(2027, 2, 1), requests=300)) == 300


def test_no_demo_month_without_feeders():
    grid = compile_network(random_network(1, feeders=1, nodes=1, transformers=False, ties=0, switch_density=0.0))
    if len(grid.feeder_ids) and grid.n_lines:
        assert len(demo_month(grid, month=date(2026, 6, 1), requests=3)) == 3
    from tests.planning.drawn import grid_of

    bare = grid_of({"nodes": [{"node_id": "S", "nominal_kv": 10.0}], "sources": [{"source_id": "s", "node_id": "S"}]})
    with pytest.raises(UnableToMakeDemoMonth):
        demo_month(bare, month=date(2026, 6, 1), requests=3)


def test_content_hash_follows_the_content():
    one = request()
    assert one.content_hash == request().content_hash
    assert replace(one, duration_min=361).content_hash != one.content_hash
    assert NOON.tzinfo is not None


@pytest.mark.parametrize(
    "make", [lambda _: Path("/dev/zero"), lambda folder: folder, lambda folder: pipe(folder / "p")]
)
def test_what_is_no_regular_file_is_not_read(tmp_path, make):
    with pytest.raises(UnableToReadRequests) as caught:
        read_requests(make(tmp_path))
    assert caught.value.findings[0].kind == "requests.unreadable"


def pipe(path):
    os.mkfifo(path)
    return path
