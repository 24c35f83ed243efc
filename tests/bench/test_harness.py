"""The harness judges honestly: bars that fail fail, turns alternate, memory is that of the fresh process."""

import json

import pytest

from bench import harness, report
from bench.harness import Benchmark, Measurement, UnableToMeasure, chosen, fresh_process, measured, paired


def allocate(megabytes: int) -> int:
    return len(bytes(bytearray(b"x") * (megabytes << 20)))


def no_such_luck() -> None:
    raise RuntimeError("broken on purpose")


@pytest.mark.parametrize(
    ("bars", "holds"),
    [
        ({"at_most": 10}, True),
        ({"at_most": 9.99}, False),
        ({"at_least": 10}, True),
        ({"at_least": 10.01}, False),
        ({"peer_needs_at_least": 4}, True),
        ({"peer_needs_at_least": 4.01}, False),
        ({"of_peer_at_most": 0.25}, True),
        ({"of_peer_at_most": 0.24}, False),
        ({"at_most": 10, "peer_needs_at_least": 5}, False),
    ],
)
def test_bars(bars, holds):
    assert measured("m", 10.0, "ms", peer="other", peer_value=40.0, **bars).holds is holds


def test_a_bar_over_a_missing_peer_does_not_hold():
    assert not measured("m", 1.0, "ms", peer="other", peer_needs_at_least=2).holds
    assert not measured("m", 1.0, "ms", peer="other", of_peer_at_most=2).holds


def test_turns_alternate_and_the_slower_is_slower():
    turns: list[str] = []

    def ours() -> None:
        turns.append("a")

    def peer() -> None:
        turns.append("b")
        sum(range(3000))

    ours_s, peer_s = paired(ours, peer, rounds=3, least_s=0.001)
    assert 0 < ours_s < peer_s
    last = "".join(turns).rstrip("b")
    assert last.endswith("a")
    assert "b" in last


def test_memory_is_that_of_the_fresh_process():
    hog = bytearray(b"x") * (300 << 20)
    small, large = (
        fresh_process("tests.bench.test_harness:allocate", 1),
        fresh_process("tests.bench.test_harness:allocate", 200),
    )
    del hog
    assert small.answer == 1 << 20
    assert small.peak_bytes < 250 << 20
    assert large.peak_bytes - small.peak_bytes > 190 << 20


def test_a_broken_benchmark_is_a_bar_that_does_not_hold():
    def breaks() -> Measurement:
        raise ValueError("no network")

    (figure,) = Benchmark(area="x", name="y", about="", function=breaks).run()
    assert not figure.holds
    assert "no network" in figure.bar
    with pytest.raises(UnableToMeasure, match="broken on purpose"):
        fresh_process("tests.bench.test_harness:no_such_luck")


def test_choice_by_area_and_by_name():
    every = [
        Benchmark(area=a, name=n, about="", function=list)
        for a, n in (("grid", "count"), ("grid", "live"), ("plan", "month"))
    ]
    assert [b.name for b in chosen(every, ["grid"])] == ["count", "live"]
    assert [b.name for b in chosen(every, ["mon"])] == ["month"]
    assert len(chosen(every, [])) == 3
    with pytest.raises(UnableToMeasure, match="grid/count"):
        chosen(every, ["absent"])


def test_json_has_exactly_the_promised_fields():
    figure = measured("m", 1.5, "ms", peer="other", peer_value=3.0, at_most=2)
    assert json.loads(report.as_json([figure])) == [
        {
            "name": "m",
            "value": 1.5,
            "unit": "ms",
            "peer": "other",
            "peer_value": 3.0,
            "ratio": 2.0,
            "bar": "≤ 2 ms",
            "holds": True,
        }
    ]


def test_page_shows_missed_bars(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "PAGE", tmp_path / "benchmarks.md")
    monkeypatch.setattr(report, "FIGURES", tmp_path / "benchmarks.json")
    report.write_page({"a": [measured("a", 3.0, "s", at_most=2)]})
    report.write_page({"b": [measured("b", 1.0, "s", at_most=2)]})
    page = report.PAGE.read_text()
    assert "2 figures, 1 below their bar" in page
    assert "| a | 3 s |  |  | ≤ 2 s | **no** |" in page
    assert "| b | 1 s |  |  | ≤ 2 s | yes |" in page


def test_two_benchmarks_of_one_name_are_refused(monkeypatch):
    monkeypatch.setattr(harness, "BENCHMARKS", {})
    harness.benchmark("twice")(list)
    with pytest.raises(ValueError, match="twice"):
        harness.benchmark("twice")(list)
