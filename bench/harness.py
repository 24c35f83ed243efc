"""What every benchmark uses: a figure with its peer and its bar, paired timing, memory of a fresh process.

A figure alone says little: machines differ and sleep. So each is taken beside a **peer** that does the same job, in
turns (A B A B …), and the medians are compared. The **bar** is what was promised; `holds` says whether it was kept.
"""

import importlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Measurement:
    """One figure: what was measured, what a peer needs for the same, what was promised, and whether that holds."""

    name: str
    value: float
    unit: str
    peer: str | None
    peer_value: float | None
    ratio: float | None
    bar: str
    holds: bool

    def as_json(self) -> dict[str, Any]:
        """The figure as `./run bench --json` prints it."""
        return asdict(self)


def measured(
    name: str,
    value: float,
    unit: str,
    *,
    peer: str | None = None,
    peer_value: float | None = None,
    at_most: float | None = None,
    at_least: float | None = None,
    peer_needs_at_least: float | None = None,
    of_peer_at_most: float | None = None,
) -> Measurement:
    """Judge a figure by its bars; all that are given must hold.

    `at_most` and `at_least` bound the value itself. `peer_needs_at_least=50` says that the peer needs at least 50 times
    as much as we do; `of_peer_at_most=3` that we need at most 3 times what the peer needs. `ratio` is how many times as
    much the peer needs.

    >>> under = measured(
    ...     "trace.count", 3.0, "µs", peer="pandapower", peer_value=600_000.0, at_most=10, peer_needs_at_least=100_000
    ... )
    >>> under.ratio, under.bar, under.holds
    (200000.0, '≤ 10 µs; pandapower ≥ 100,000 ×', True)
    """
    ratio = None if peer_value is None else (peer_value / value if value else float("inf"))
    bars: list[tuple[str, bool]] = []
    if at_most is not None:
        bars.append((f"≤ {number(at_most)} {unit}", value <= at_most))
    if at_least is not None:
        bars.append((f"≥ {number(at_least)} {unit}", value >= at_least))
    if peer_needs_at_least is not None:
        bars.append((f"{peer} ≥ {number(peer_needs_at_least)} ×", ratio is not None and ratio >= peer_needs_at_least))
    if of_peer_at_most is not None:
        held = peer_value is not None and value <= of_peer_at_most * peer_value
        bars.append((f"≤ {number(of_peer_at_most)} × {peer}", held))
    return Measurement(
        name=name,
        value=value,
        unit=unit,
        peer=peer,
        peer_value=peer_value,
        ratio=ratio,
        bar="; ".join(text for text, _ in bars),
        holds=all(held for _, held in bars),
    )


def number(value: float) -> str:
    """A figure with four significant digits and thousands separated.

    >>> number(100_000), number(0.000123456), number(12.5)
    ('100,000', '0.0001235', '12.5')
    """
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


# ------------------------------------------------------------------------------------------------ timing


def seconds_of(function: Callable[[], object], *, rounds: int = 7, least_s: float = 0.02) -> float:
    """Median seconds of one call; short calls are repeated until a round lasts `least_s`."""
    repeat = repeats_for(function, least_s=least_s)
    return statistics.median(round_of(function, repeat) for _ in range(rounds))


def paired(
    ours: Callable[[], object], peer: Callable[[], object], *, rounds: int = 7, least_s: float = 0.02
) -> tuple[float, float]:
    """Median seconds of one call of ours and of the peer, measured in turns so that both see the same machine."""
    ours_repeat, peer_repeat = repeats_for(ours, least_s=least_s), repeats_for(peer, least_s=least_s)
    pairs = [(round_of(ours, ours_repeat), round_of(peer, peer_repeat)) for _ in range(rounds)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def repeats_for(function: Callable[[], object], *, least_s: float) -> int:
    """How many calls make a round of at least `least_s`; this also warms caches and compiles kernels."""
    function()
    repeat = 1
    while (took := round_of(function, repeat) * repeat) < least_s:
        repeat = max(repeat * 2, min(repeat * 100, int(1.2 * repeat * least_s / max(took, 1e-9))))
    return repeat


def round_of(function: Callable[[], object], repeat: int) -> float:
    """Mean seconds of a call over one round."""
    calls = range(repeat)
    began = time.perf_counter()
    for _ in calls:
        function()
    return (time.perf_counter() - began) / repeat


# ------------------------------------------------------------------------------------------------ memory


@dataclass(frozen=True, slots=True)
class Fresh:
    """What a function did in a process of its own: its answer, its seconds, the most memory the process ever held."""

    answer: Any
    seconds: float
    peak_bytes: int


CHILD = """
import importlib, json, sys, time
place, name = sys.argv[1].split(":")
words = json.loads(sys.argv[2])
function = getattr(importlib.import_module(place), name)
began = time.perf_counter()
answer = function(*words)
seconds = time.perf_counter() - began
peak = next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
print("\\n" + json.dumps({"answer": answer, "seconds": seconds, "peak_bytes": peak}))
"""


def fresh_process(target: str, *words: Any, timeout_s: float = 900) -> Fresh:
    """Call `module:function` with plain words in a new process and return its JSON answer, seconds and peak memory.

    The peak is the kernel's high-water mark of this process's own memory (VmHWM): unlike `ru_maxrss` it does not start
    from what the parent held.
    """
    done = subprocess.run(
        [sys.executable, "-c", CHILD, target, json.dumps(words)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        text=True,
        capture_output=True,
        timeout=timeout_s,
    )
    if done.returncode:
        raise UnableToMeasure(f"{target}: {done.stderr.strip()[-2000:]}")
    return Fresh(**json.loads(done.stdout.splitlines()[-1]))


class UnableToMeasure(Exception):
    """A benchmark could not be run at all; that is reported as a bar that does not hold."""


# ---------------------------------------------------------------------------------------------- registry

Result = Measurement | Iterable[Measurement]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A named function that measures."""

    area: str
    name: str
    about: str
    function: Callable[[], Result]

    def run(self) -> list[Measurement]:
        """Measure; a benchmark that breaks is a bar that does not hold, and says why."""
        try:
            result = self.function()
            return [result] if isinstance(result, Measurement) else list(result)
        except Exception as error:
            reason = f"could not be measured: {type(error).__name__}: {error}"[:400]
            return [Measurement(self.name, 0.0, "", None, None, None, reason, holds=False)]


BENCHMARKS: dict[str, Benchmark] = {}


def benchmark(name: str) -> Callable[[Callable[[], Result]], Callable[[], Result]]:
    """Register a function as a benchmark under its name, which `--only` takes."""

    def register(function: Callable[[], Result]) -> Callable[[], Result]:
        if name in BENCHMARKS:
            raise ValueError(f"two benchmarks are called {name}")
        area = function.__module__.rpartition(".")[2]
        about = (function.__doc__ or "").strip().partition("\n")[0]
        BENCHMARKS[name] = Benchmark(area=area, name=name, about=about, function=function)
        return function

    return register


def discover(folder: Path = Path(__file__).parent) -> tuple[Benchmark, ...]:
    """Import every area of the folder and return its benchmarks in order of area and definition."""
    for path in sorted(folder.glob("*.py")):
        if path.stem not in {"__init__", "__main__", "harness", "report"}:
            importlib.import_module(f"bench.{path.stem}")
    return tuple(BENCHMARKS.values())


def chosen(benchmarks: Sequence[Benchmark], only: Sequence[str]) -> tuple[Benchmark, ...]:
    """The benchmarks whose area or name is, or begins with, one of the words; all when there are none."""
    fitting = tuple(b for b in benchmarks if not only or any(b.area == w or b.name.startswith(w) for w in only))
    if not fitting:
        known = ", ".join(f"{b.area}/{b.name}" for b in benchmarks) or "none in this version"
        raise UnableToMeasure(f"no benchmark is called {', '.join(only) or 'anything'}; there are: {known}")
    return fitting
