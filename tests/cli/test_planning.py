"""`everlit plan …`, `policy …`, `demo --check`: a month from a file to a plan, and files that are none."""

import csv
import json

import pytest

MONTH = "2031-05"


@pytest.fixture
def filed(everlit, home):
    """A file of ten fictional requests on the 33-bus network."""
    file = home / "requests.csv"
    made = everlit("plan", "demo-requests", file, "--month", MONTH, "--network", "case33", "--count", 10, "--json")
    assert made.code == 0 and made.json == {"file": str(file), "requests": 10, "fictional": True}
    return file


def planned(everlit, file, *more):
    return everlit("plan", "month", "--requests", file, "--network", "case33", "--seconds", 2, *more)


def test_a_month_from_file_to_adopted_plan(everlit, filed):
    answer = planned(everlit, filed, "--adopt", "--json")
    assert answer.code == 0, answer.err
    plan = answer.json
    assert (plan["month"], plan["requests"]) == (MONTH, 10)
    assert plan["scheduled"] + len(plan["refused"]) == 10 and plan["gap"] >= 0
    hours = plan["savings"]
    assert hours["transferred"] <= hours["merged"] <= hours["as_requested"]
    requests = everlit("plan", "requests", "--network", "case33", "--month", MONTH, "--json").json
    assert len(requests) == 10 and sum(one["state"] == "merged" for one in requests) == plan["scheduled"]
    assert everlit("plan", "requests", "--network", "case33").out.count("\nR3105-") == 10


def test_the_same_file_twice_files_nothing_twice(everlit, filed):
    planned(everlit, filed)
    assert planned(everlit, filed, "--json").json["requests"] == 10


def test_one_bad_request_refuses_the_file_unless_told_to_skip_it(everlit, filed, home):
    planned(everlit, filed)
    rows = list(csv.DictReader(filed.read_text("utf-8").splitlines()))
    rows[0]["duration_min"] = str(int(rows[0]["duration_min"]) + 15)
    fresh = {**rows[1], "request_id": "R-new", "precedence": ""}
    with (home / "changed.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows([*rows, fresh])
    refused = planned(everlit, home / "changed.csv", "--json")
    assert refused.code == 1 and refused.json["findings"][0]["kind"] == "planning.request.changed"
    assert len(everlit("plan", "requests", "--network", "case33", "--json").json) == 10, "nothing of it was filed"
    skipped = planned(everlit, home / "changed.csv", "--skip-bad", "--json")
    assert skipped.code == 0 and skipped.json["submitted"]["accepted"] == ["R-new"]
    assert len(skipped.json["submitted"]["unchanged"]) == 9
    assert [one["kind"] for one in skipped.json["submitted"]["findings"]] == ["planning.request.changed"]


def test_demo_requests_are_the_same_for_the_same_seed(everlit, filed, home):
    for name in ("again.csv", "again.json"):
        everlit("plan", "demo-requests", home / name, "--month", MONTH, "--network", "case33", "--count", 10)
    assert (home / "again.csv").read_text() == filed.read_text()
    assert planned(everlit, home / "again.json", "--json").json["requests"] == 10


def test_assess_one_request(everlit, filed):
    planned(everlit, filed)
    answer = everlit("plan", "assess", "R3105-0001", "--network", "case33", "--json")
    assert answer.code == 0, answer.err
    made = answer.json
    assert made["assessment_id"] >= 1 and made["isolation"]["to_open"] and made["gates"]
    assert made["fingerprint"] and made["approver"]
    told = everlit("plan", "assess", "R3105-0001", "--network", "case33")
    assert told.code == 0 and "customer-hours" in told.out
    listed = everlit("plan", "assess", "R3105-0001", "--network", "case33", "--households", "--json").json
    assert len(listed["households"]) >= made["affected"]["households"] > 0 or made["affected"]["households"] == 0


def test_an_assessment_is_shown_by_its_number_its_request_and_its_outage(everlit, filed):
    planned(everlit, filed, "--adopt")
    outage = everlit("plan", "outages", "--network", "case33", "--json").json[0]["outage_id"]
    done = everlit("plan", "outage", outage, "assess", "--actor", "Li", "--json").json
    told = everlit("plan", "outage", outage, "assess", "--actor", "Li")
    number = str(done["assessment_id"])
    for name in (number, outage):
        shown = everlit("plan", "assessment", name, "--network", "case33", "--json").json
        assert shown["fingerprint"] == done["assessed"]["fingerprint"] and shown["households"] == []
    assert everlit("plan", "assessment", outage, "--households", "--json").json["households"]
    for text in (told.out, everlit("plan", "assessment", outage).out):
        for word in (
            "customer-hours",
            "household-hours",
            "kVA-hours",
            "not supplied",
            "repeats",
            "ticket",
            "notices due",
        ):
            assert word in text, word
    assert everlit("plan", "assessment", "nobody", "--network", "case33", "--json").code == 1


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_gates_are_told_in_the_language_chosen(everlit, filed, lang):
    planned(everlit, filed)
    told = everlit("plan", "assess", "R3105-0001", "--network", "case33", lang=lang)
    body = everlit("plan", "assess", "R3105-0001", "--network", "case33", "--json").json
    for gate in body["gates"]:
        if gate["outcome"] != "pass":
            assert gate["message"][lang][:12] in told.out.replace("\n", "")


@pytest.mark.parametrize(("lang", "words"), [("en", "Switching takes"), ("zh", "停送电操作需")])
def test_the_gate_that_keeps_an_outage_from_the_meeting_is_named(everlit, home, lang, words):
    ask = {"request_id": "S1", "department": "operations", "kind": "maintenance", "title_en": "fuse", "equipment_ids": "l17",
           "duration_min": 5, "earliest": "2031-05-10T08:00+08:00", "latest": "2031-05-10T18:00+08:00"}  # fmt: skip
    file = home / "short.json"
    file.write_text(json.dumps([ask]))
    common = ("--network", "case33", "--actor", "Li", "--json")
    assert everlit("plan", "month", "--requests", file, "--seconds", 1, *common).code == 0
    assert everlit("plan", "assess", "S1", *common).code == 0
    made = everlit("plan", "merge", "S1", "--from", "2031-05-10T08:00", "--to", "2031-05-10T08:05", *common).json
    assert everlit("plan", "outage", made["outage_id"], "assess", "--actor", "Li").code == 0
    refused = everlit("plan", "outage", made["outage_id"], "balance", "--actor", "Li", lang=lang)
    assert refused.code == 1 and words in refused.err and "path.time" in refused.err


def test_a_gbk_file_with_chinese_headers_is_read(everlit, home):
    text = (
        "申请编号,部门,工作类别,工作内容,停电设备,停电时长(分),最早开始,最晚结束\n"
        "检-1,运维检修,检修,更换开关,l7,120,2031-05-06T08:00+08:00,2031-05-20T18:00+08:00\n"
    )
    (home / "gbk.csv").write_bytes(text.encode("gbk"))
    answer = planned(everlit, home / "gbk.csv", "--json")
    assert answer.code == 0, answer.out + answer.err
    [kept] = everlit("plan", "requests", "--network", "case33", "--json").json
    assert (kept["request_id"], kept["title_zh"]) == ("检-1", "更换开关")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (None, "unreadable"), (b"", "header"), (b"\x00\x01\x02", "encoding"), (b"\xff\xff\xff", "encoding"),
        (b"a,b\n1,2\n", "header"), (b"{", "json"), (b'{"requests": 7}', "shape"), (b"[" * 5000, "json"),
    ],
)  # fmt: skip
def test_a_file_that_holds_no_requests_is_refused(everlit, home, content, kind):
    file = home / "requests.csv"
    if content is not None:
        file.write_bytes(content)
    answer = planned(everlit, file, "--json")
    assert answer.code == 1 and answer.kinds == [f"requests.{kind}"], answer.out
    assert everlit("plan", "requests", "--network", "case33", "--json").json == []


def test_bad_rows_are_told_and_the_good_ones_planned(everlit, home):
    good = {"request_id": "G1", "department": "operations", "kind": "maintenance", "title_en": "clean", "equipment_ids": ["l7"],
            "duration_min": 120, "earliest": "2031-05-06T08:00+08:00", "latest": "2031-05-20T18:00+08:00"}  # fmt: skip
    bad = [
        {**good, "request_id": "B1", "equipment_ids": ["../l7"]},
        {**good, "request_id": "B2", "duration_min": 10**30},
        {**good, "request_id": "B3", "earliest": "when it rains"},
        {**good, "request_id": "B4", "latest": "2031-05-06T08:30+08:00"},
        {**good, "request_id": "B5", "equipment_ids": []},
        "B6",
    ]
    (home / "mixed.json").write_text(json.dumps([good, *bad]))
    assert planned(everlit, home / "mixed.json", "--json").code == 1
    answer = planned(everlit, home / "mixed.json", "--skip-bad", "--json")
    assert answer.json["submitted"]["quarantined"] == len(bad)
    assert answer.code == 0 and answer.json["requests"] == 1
    for name in ("B1", "B2", "B3", "B4", "B5"):
        assert name in answer.err


def test_a_file_of_nothing_but_bad_rows_plans_nothing(everlit, home):
    (home / "bad.json").write_text('[{"request_id": "B1"}]')
    answer = planned(everlit, home / "bad.json", "--json")
    assert answer.code == 1 and answer.json["findings"][0]["subject"] == "B1"


@pytest.mark.parametrize("month", ["soon", "2031-13", "31-05", "2031-05-01", "0000-01", "99999-01", "2031-5"])
def test_a_month_that_is_none_is_refused(everlit, filed, month):
    answer = planned(everlit, filed, "--month", month, "--json")
    assert answer.code == 1 and answer.json["findings"], answer
    made = everlit("plan", "demo-requests", "x.csv", "--month", month, "--network", "case33", "--json")
    assert made.code == 1
    assert everlit("plan", "requests", "--network", "case33", "--month", month, "--json").code == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("plan", "assess", "nobody", "--network", "case33"), 1),
        (("plan", "assess", "../R1", "--network", "atlantis"), 1),
        (("plan", "requests", "--network", "atlantis"), 1),
        (("plan", "month", "--network", "case33"), 2),
        (("plan", "month", "--requests", "x.csv", "--seconds", "0"), 2),
        (("plan", "month", "--requests", "x.csv", "--seconds", "nan"), 2),
        (("plan", "demo-requests", "x.csv", "--month", "2031-05", "--count", "999999999999"), 2),
        (("plan", "demo-requests", "no/such/folder/x.csv", "--month", "2031-05", "--network", "case33"), 1),
        (("plan", "demo-requests", "/", "--month", "2031-05", "--network", "case33"), 1),
    ],
)
def test_what_cannot_be_done_is_refused(everlit, words, code):
    answer = everlit(*words, "--json")
    assert answer.code == code, answer


# --------------------------------------------------------------------------------------------------- rules


def test_a_rule_is_listed_and_replaced(everlit):
    rows = {one["key"]: one for one in everlit("policy", "list", "--json").json}
    assert rows["notice.planned"]["value"] == 7 and rows["notice.planned"]["verified"]
    assert any(not one["verified"] for one in rows.values())
    words = ("policy", "set", "notice.planned", "10", "--document", "our province", "--from", "2020-01-01")
    done = everlit(*words, "--confidence", "V1", "--actor", "zhao", "--role", "reliability", "--json")
    assert done.code == 0 and done.json["value"] == 10
    now = [one for one in everlit("policy", "list", "--json").json if one["key"] == "notice.planned"]
    assert [one["value"] for one in now if one["valid_to"] is None] == [10]
    assert "our province" in everlit("policy", "list").out.replace("\n", "")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("no.such.rule", "3"), 1), (("notice.planned", "nan"), 1), (("notice.planned", "inf"), 1),
        (("notice.planned", "many"), 2), (("notice.planned",), 2), (("notice.planned", "3", "--from", "soon"), 1),
        (("notice.planned", "3", "--role", "king"), 2), (("notice.planned", "3", "--confidence", "sure"), 1),
        (("budget.planned_share", "1.4"), 1), (("text.sms_parts", "0.5"), 1), (("rel.med.years.dlt", "1e9"), 1),
    ],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_is_refused(everlit, words, code):
    assert everlit("policy", "set", *words, "--json").code == code


def test_a_number_that_means_nothing_names_its_row(everlit):
    answer = everlit("policy", "set", "--json", "--", "rep.window60_days", "-3")
    assert answer.code == 1
    assert answer.kinds == ["policy.value"] and "rep.window60_days" in answer.err + answer.out
    held = [one["value"] for one in everlit("policy", "list", "--json").json if one["key"] == "rep.window60_days"]
    assert held == [60]


# ---------------------------------------------------------------------------------------------------- demo


def test_demo_check_prints_the_one_object_it_promises(everlit):
    answer = everlit("demo", "--check", "--city", "case33", "--requests", 4, "--seconds", 1)
    assert answer.code == 0, answer.err
    told = answer.json
    assert list(told) == ["city", "requests", "scheduled", "refused", "gap", "customer_hours", "seconds"]
    assert list(told["customer_hours"]) == ["as_requested", "merged", "transferred"]
    assert told["requests"] == 4 == told["scheduled"] + told["refused"]
    again = everlit("demo", "--check", "--city", "case33", "--requests", 4, "--seconds", 1).json
    assert {**again, "seconds": 0} == {**told, "seconds": 0}, "the second run finds the first one's plan"


@pytest.mark.parametrize("city", ["atlantis", "../urban"])
def test_a_city_that_does_not_exist(everlit, city):
    assert everlit("demo", "--check", "--city", city).code == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [(("--host", "0.0.0.0"), 1), (("--host", "example.org"), 1), (("--host", "::"), 1), (("--port", "99999"), 2)],
)
def test_the_server_listens_on_this_machine_only(everlit, words, code):
    assert everlit("serve", *words).code == code


def test_version(everlit):
    from everlit import __version__

    assert everlit("version").out.strip() == __version__
