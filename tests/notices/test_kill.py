"""kill -9 at random moments on the way from a request to a signed receipt: the next process looks and goes on.

One store after the other is walked through by a process that notes down what was acknowledged to it; it is killed after a
random time, again and again, until the path is at its end. The gateways outlive it.
"""

import os
import random
import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.notices.walk import BEGUN, VERBS, Copies, Walk, ended, exit_code, gateways, in_a_process, prepared

LONGEST_S = 0.5
"""A first life at most; later ones are longer, so that the path comes to its end on a slow machine too."""
HOUR = timedelta(hours=1)


@pytest.fixture
def copies(database_url, tmp_path) -> Iterator[Copies]:
    made = Copies(database_url, tmp_path)
    yield made
    for name in list(made.made):
        made.drop(str(made.url.set(database=name).render_as_string(hide_password=False)))


def begun(url: str, home: Path, books: Path, restarts: int) -> int:
    """A process that opens the store, says that it is there, and goes on where the one before was killed."""
    heard, said = os.pipe()

    def work() -> None:
        walk = Walk(url, home, gateways(books), BEGUN + restarts * HOUR)
        os.write(said, b".")
        for verb in VERBS:
            if not walk.done(verb):
                walk.do(verb)
            with (books / "acknowledged").open("a", encoding="utf-8") as book:
                book.write(f"{verb}\n")

    process = in_a_process(work)
    os.close(said)
    os.read(heard, 1)
    os.close(heard)
    return process


def walked(url: str, home: Path, books: Path, rng: random.Random) -> int:
    """One path to its end; returns how often its process was killed. What was acknowledged stays done."""
    acknowledged = books / "acknowledged"
    for restarts in range(1000):
        process = begun(url, home, books, restarts)
        time.sleep(rng.uniform(0, LONGEST_S * (1 + (restarts / 10) ** 2)))
        os.kill(process, signal.SIGKILL)
        code = exit_code(process)
        assert code in (0, -signal.SIGKILL)
        walk = Walk(url, home, gateways(books), BEGUN + (restarts + 1) * HOUR)
        said = set(acknowledged.read_text(encoding="utf-8").splitlines()) if acknowledged.exists() else set()
        assert all(walk.done(verb) for verb in said), "acknowledged and lost"
        if code == 0 or len(said) == len(VERBS):
            ended(walk)
            walk.app.engine.dispose()
            return restarts + (code != 0)
        walk.app.engine.dispose()
    raise AssertionError("the path never came to its end")


@pytest.mark.parametrize("kills", [50, pytest.param(500, marks=pytest.mark.long)])
def test_nothing_acknowledged_is_lost_and_nobody_is_told_twice(database_url, tmp_path, copies, kills) -> None:
    rng, killed = random.Random(kills), 0
    prepared(database_url, tmp_path)
    while killed < kills:
        url = copies.copy(database_url)
        killed += walked(url, tmp_path, Path(mkdtemp(dir=tmp_path)), rng)
        copies.drop(url)
