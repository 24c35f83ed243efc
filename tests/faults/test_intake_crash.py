"""Whoever was answered can rely on it: processes that end in every call of the disk and the database, or are killed at any moment.

A process takes batches of signals into the spool, notes down what was acknowledged to it, and drains now and then. It ends
in the middle of its n-th call (a write may have got half through), or is killed at a random moment while several threads
take and one drains. The next process drains: whatever was acknowledged is in the log exactly once; whatever was not is sent
again, as senders do, and in the end the log holds every signal once.
"""

import os
import random
import shutil
import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Thread

import pytest

from everlit.app import App
from everlit.faults.model import Signal, SignalKind
from everlit.kernel import Period
from everlit.platform.events import Actor
from tests.notices.test_fault_points import DIED, dies_at, watched
from tests.notices.walk import exit_code, in_a_process

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = Period(NOON - timedelta(hours=12), NOON + timedelta(hours=12))
WU = Actor("Wu", "dispatcher")
BATCHES = [[f"{batch}.{number}" for number in range(3)] for batch in range(4)]
THREADS = 3
LONGEST_S = 0.08


def gasp(name):
    return Signal("ams", name, SignalKind.POWER_OFF, f"c{name}", True, NOON, NOON)


class Desk:
    """A process at the intake of one store; the book says what was acknowledged, whoever wrote it."""

    def __init__(self, home: Path, url: str) -> None:
        self.book = home / "acknowledged"
        self.app = App.open(home, url=url, clock=lambda: NOON)
        self.app.faults.intake.spool.segment_bytes = 600

    def take(self, names) -> None:
        accepted = self.app.faults.accept("case33", [gasp(name) for name in names], actor=WU)
        assert len(accepted.receipts) == len(names)
        with self.book.open("a", encoding="ascii") as book:
            book.write("".join(f"{name}\n" for name in names))

    def drain(self):
        return self.app.faults.drain(actor=WU)

    def acknowledged(self) -> set[str]:
        return set(self.book.read_text(encoding="ascii").split()) if self.book.exists() else set()

    def stored(self) -> Counter[str]:
        return Counter(one.signal.source_id for one in self.app.faults.signals("case33", DAY))

    def close(self) -> None:
        self.app.engine.dispose()


def fragile(hit) -> None:
    """Tell `hit` before and after every call of the disk; between both a write has got half through."""
    write, fsync, truncate, turns = os.write, os.fsync, os.ftruncate, count()

    def half_and_rest(file, content) -> int:
        hit("before write")
        done = write(file, content[: len(content) // 2] if next(turns) % 2 == 0 else content)
        hit("written")
        return done

    def synced(file) -> None:
        hit("before fsync")
        fsync(file)
        hit("after fsync")

    def cut(file, length) -> None:
        hit("before truncate")
        truncate(file, length)

    os.write, os.fsync, os.ftruncate = half_and_rest, synced, cut


def worked(home: Path, url: str, number: int) -> int:
    """A process that takes what is not acknowledged yet, draining twice, and ends in its n-th call; its exit code."""

    def work() -> None:
        desk, hit = Desk(home, url), dies_at(number)
        watched(desk.app.engine, hit)
        fragile(hit)
        for turn, batch in enumerate(BATCHES):
            if not desk.acknowledged().issuperset(batch):
                desk.take(batch)
            if turn % 2:
                desk.drain()

    return exit_code(in_a_process(work))


def test_every_call_ends_the_process_once_and_nothing_acknowledged_is_lost(database_url, tmp_path):
    step = 1 if database_url.startswith("sqlite") else 7
    empty = tmp_path / "everlit.db"
    Desk(tmp_path, f"sqlite:///{empty}").close()
    for number in count(1, step):
        home = tmp_path / str(number)
        home.mkdir()
        url = database_url if step > 1 else f"sqlite:///{shutil.copy(empty, home)}"
        code = worked(home, url, number)
        assert code in (0, DIED), f"ended in another way at call {number}"
        desk = Desk(home, url)
        desk.drain()
        mine = desk.stored()
        assert desk.acknowledged() <= set(mine) and set(mine.values()) <= {1}, f"call {number}"
        assert worked(home, url, 10**9) == 0
        drained = desk.drain()
        assert not drained.findings and desk.app.faults.intake_state().backlog == 0
        assert desk.stored() == Counter(name for batch in BATCHES for name in batch), f"call {number}"
        desk.close()
        if code == 0:
            break
    assert number > 40, "there were calls to fail"


def busy(home: Path, url: str, life: int) -> int:
    """A process whose threads take signals without end while one drains; it says when it has begun."""
    heard, said = os.pipe()

    def work() -> None:
        desk = Desk(home, url)
        os.write(said, b".")

        def takes(thread: int) -> None:
            for number in count():
                desk.take([f"{life}.{thread}.{number}.{copy}" for copy in range(1 + number % 3)])

        for thread in range(THREADS):
            Thread(target=takes, args=(thread,), daemon=True).start()
        while True:
            desk.drain()

    process = in_a_process(work)
    os.close(said)
    os.read(heard, 1)
    os.close(heard)
    return process


@pytest.mark.parametrize("kills", [50, pytest.param(500, marks=pytest.mark.long)])
def test_kill_at_any_moment_loses_nothing_and_doubles_nothing(database_url, tmp_path, kills):
    rng, desk = random.Random(kills), Desk(tmp_path, database_url)
    for life in range(kills):
        process = busy(tmp_path, database_url, life)
        time.sleep(rng.uniform(0, LONGEST_S))
        os.kill(process, signal.SIGKILL)
        assert exit_code(process) == -signal.SIGKILL
        assert not desk.drain().findings
    told, stored = desk.acknowledged(), desk.stored()
    assert len(told) > 10 * kills, "they were at work when they were killed"
    assert told <= set(stored) and set(stored.values()) == {1}
    numbers = Counter(one.seq for one in desk.app.faults.signals("case33", DAY))
    assert set(numbers.values()) == {1} and len(numbers) == max(numbers), "no number twice, none left out"
    desk.close()
