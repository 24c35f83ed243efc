"""`everlit trace|isolate|transfer|reconfigure`: the questions, what they answer in JSON, and every way to ask badly."""

import pytest

WORK = ("--network", "case33", "--equipment", "l7")
TIMES = ("--from", "2026-12-01T08:00", "--to", "2026-12-01T10:00")


def opened(switches):
    return [word for switch in switches for word in ("--open", switch)]


def test_trace_says_who_goes_dark_and_operates_nothing(everlit):
    dark = everlit("trace", "--network", "case33", "--open", "s7", "--json")
    assert dark.code == 0 and dark.json["units"] == 11
    kept = everlit("trace", "--network", "case33", "--open", "s7", "--close", "s35", "--json").json
    assert kept["units"] == 0
    assert everlit("trace", "--network", "case33", "--open", "s7", "--json").json == dark.json


def test_trace_says_what_is_paralleled_who_is_fed_and_what_stands_around(everlit):
    tie = everlit("trace", "--network", "case33", "--close", "s33", "--json").json
    assert tie["units"] == 0 and len(tie["looped"]) > 1
    moved = everlit("trace", "--network", "case33", "--open", "s7", "--close", "s35", "--json").json
    assert moved["looped"] == [] and moved["dark"]["units"] == 0
    around = everlit("trace", "--network", "case33", "--around", "l7", "--json").json["bounding"]
    assert (sorted(around["closed"]), around["open"]) == (["s7", "s8"], ["s33"]), "l7 meets the tie s33 at its far end"
    assert "s7" in everlit("trace", "--network", "case33", "--around", "l7").out


def test_isolate_and_transfer(everlit):
    isolation = everlit("isolate", *WORK, "--json")
    assert isolation.code == 0 and isolation.json["to_open"]
    transfer = everlit("transfer", *WORK, *TIMES, "--json")
    assert transfer.code == 0
    assert transfer.json["isolation"]["to_open"] == isolation.json["to_open"]
    without = everlit("trace", "--network", "case33", *opened(isolation.json["to_open"]), "--json").json["units"]
    assert transfer.json["dark"]["units"] + transfer.json["kept"]["units"] == without
    assert everlit("transfer", *WORK, *TIMES).out


def test_ticket_says_every_step_there_and_back(everlit):
    work = ("ticket", "--network", "case33", "--equipment", "l7", *TIMES)
    told = everlit(*work, "--json")
    assert told.code == 0 and set(told.json) == {"out", "back"}
    steps = [(step["action"], step["device"]) for step in told.json["out"]["steps"]]
    assert steps[-1] == ("permit", "permit-l7") and ("open", "s7") in steps
    assert told.json["back"]["steps"][0]["action"] == "return"
    spoken = everlit(*work).out
    assert len([line for line in spoken.splitlines() if " min  " in line]) == sum(
        len(ticket["steps"]) for ticket in told.json.values()
    )
    assert everlit(*work, "--undisturbed").code == 0
    nowhere = everlit(*work, "--disturbed", "f99", "--json")
    assert (nowhere.code, nowhere.json["findings"][0]["kind"]) == (1, "equipment.unknown")


def test_reconfigure_finds_the_published_losses(everlit):
    answer = everlit("reconfigure", "--network", "case33", "--json").json
    assert answer["loss_kw_before"] == pytest.approx(202.677, abs=0.001)
    assert answer["loss_kw_after"] == pytest.approx(139.551, abs=0.001)
    assert {"loss_kw_before", "loss_kw_after", "open"} <= set(answer)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("trace", "--network", "case33", "--open", "s99"), "equipment.unknown"),
        (("trace", "--network", "case33", "--close", "../s1"), "equipment.unknown"),
        (("trace", "--network", "case33", "--open", "l7"), "equipment.unknown"),
        (("trace", "--network", "case33", "--open", "s7", "--close", "s7"), "switch.both_ways"),
        (("trace", "--network", "case33", "--open", "[/red]"), "equipment.unknown"),
        (("trace", "--network", "atlantis", "--open", "s1"), "network.unknown"),
        (("trace", "--network", "../../etc/passwd"), "network.unknown"),
        (("isolate", "--network", "case33", "--equipment", "x" * 10_000), "equipment.unknown"),
        (("transfer", *WORK, "--from", "yesterday", "--to", "2026-12-01T10:00"), "time.invalid"),
        (("transfer", *WORK, "--from", "2026-12-01T10:00", "--to", "2026-12-01T08:00"), "time.invalid"),
        (("transfer", *WORK, "--from", "2026-12-01T10:00", "--to", "2026-12-01T10:00"), "time.invalid"),
        (("transfer", *WORK, "--from", "9999-12-31T23:00-12:00", "--to", "9999-12-31T23:59-12:00"), "time.invalid"),
        (("transfer", *WORK, "--from", "2026-12-01T08:00", "--to", "2126-12-01T10:00"), "time.invalid"),
        (("transfer", *WORK, "--from", "0001-01-01T00:00", "--to", "0001-01-01T01:00"), "time.invalid"),
    ],
)
def test_a_question_about_nothing_is_refused_with_its_reason(everlit, words, kind):
    answer = everlit(*words, "--json")
    assert answer.code == 1
    assert answer.kinds == [kind]
    told = everlit(*words)
    assert told.code == 1 and told.out == "" and told.err


@pytest.mark.parametrize(
    "words",
    [
        ("isolate", "--network", "case33"),
        ("transfer", "--network", "case33", "--equipment", "l7"),
        ("trace", "--opened", "s7"),
        ("reconfigure", "--network", "case33", "--seed", "many"),
        ("reconfigure", "--network", "case33", "--seed", "99999999999999999999999"),
        ("reconfigure", "--network", "case33", "--seed", "-1"),
        ("teleport",),
        (),
    ],
)
def test_a_command_typed_wrongly_ends_with_2(everlit, words):
    assert everlit(*words).code == 2


def test_a_refusal_speaks_the_language_chosen(everlit):
    english = everlit("trace", "--network", "case33", "--open", "s99", lang="en")
    chinese = everlit("trace", "--network", "case33", "--open", "s99", lang="zh_CN.UTF-8")
    assert "No such equipment" in english.err and "没有" not in english.err
    assert "没有" in chinese.err and "No switches" not in chinese.err
    both = everlit("trace", "--network", "case33", "--open", "s99", "--json", lang="zh").json
    assert both["title"]["en"] and both["title"]["zh"]
