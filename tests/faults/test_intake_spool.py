"""The spool alone: what is read back is what was acknowledged, through crashes, damage, other processes and full disks."""

import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest
from fastapi.testclient import TestClient

from everlit.api import create_api
from everlit.api.sending import draining, sending, together
from everlit.api.signals import create_intake
from everlit.app import App
from everlit.faults.spool import Spool, UnableToAccept
from everlit.faults.spool_lines import line_of
from everlit.platform.events import Actor
from tests.faults.test_intake import DISPATCHER, URL, said
from tests.notices.walk import exit_code, in_a_process

FIRST = "00000000000000000001.log"


def bodies(*names):
    return [f'{{"a":"{name}"}}'.encode() for name in names]


def everything(spool, most=1000):
    return [body for _, body in spool.read(after=0, most=most).records]


def test_a_torn_line_is_cut_and_its_number_used_again(tmp_path):
    assert list(Spool(tmp_path).append(bodies("a", "b"))) == [1, 2]
    whole = line_of(3, bodies("c")[0])
    for length in range(len(whole)):
        with (tmp_path / FIRST).open("ab") as file:
            file.write(whole[:length])
        fresh = Spool(tmp_path)
        assert fresh.committed() == 2 and everything(fresh) == bodies("a", "b")
    assert list(Spool(tmp_path).append(bodies("d"))) == [3]
    assert everything(Spool(tmp_path)) == bodies("a", "b", "d")


@pytest.mark.parametrize("damaged", [1, 2, 3])
def test_a_damaged_line_is_missed_by_its_number_and_nothing_else_is_lost(tmp_path, damaged):
    Spool(tmp_path).append(bodies("a", "b", "c"))
    path = tmp_path / FIRST
    lines = path.read_bytes().splitlines(keepends=True)
    lines[damaged - 1] = lines[damaged - 1].replace(b'"a":', b'"A":')
    path.write_bytes(b"".join(lines))
    spool = Spool(tmp_path)
    assert list(spool.append(bodies("d"))) == [4], "an acknowledged number is never given twice"
    read = spool.read(after=0, most=10)
    assert [number for number, _ in read.records] == [one for one in (1, 2, 3, 4) if one != damaged]
    assert read.missing == 1


def test_reading_goes_on_over_segments_in_pieces_of_any_size(tmp_path):
    spool = Spool(tmp_path, segment_bytes=100)
    names = [str(number) for number in range(40)]
    for name in names:
        spool.append(bodies(name))
    assert len(list(tmp_path.glob("*.log"))) > 5
    for most in (1, 3, 7, 40):
        reader, found, after = Spool(tmp_path), [], 0
        while (read := reader.read(after=after, most=most)).records:
            found += [body for _, body in read.records]
            after = read.last
            assert not read.missing
        assert found == bodies(*names)


def test_what_is_drained_and_old_is_swept_and_the_rest_stays(tmp_path):
    spool = Spool(tmp_path, segment_bytes=100)
    for number in range(40):
        spool.append(bodies(str(number)))
    assert spool.sweep(through=40, before=time.time() - 60) == 0
    assert spool.sweep(through=20, before=time.time() + 60) > 2
    assert everything(spool)[-20:] == bodies(*map(str, range(20, 40)))
    assert list(Spool(tmp_path).append(bodies("next"))) == [41]


def test_writers_that_wait_share_an_fsync(tmp_path, monkeypatch):
    spool, synced, real = Spool(tmp_path), [], os.fsync
    spool.append(bodies("first"))

    def slow(file):
        synced.append(file)
        time.sleep(0.02)
        real(file)

    monkeypatch.setattr("os.fsync", slow)
    numbers: list[int] = []
    threads = [
        threading.Thread(target=lambda name=str(n): numbers.extend(spool.append(bodies(name)))) for n in range(32)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(2, 34)) and len(synced) <= 8


def test_processes_share_a_folder(tmp_path):
    def writes(name):
        def work():
            spool = Spool(tmp_path, segment_bytes=2000)
            for number in range(100):
                spool.append(bodies(f"{name}{number}"))

        return work

    processes = [in_a_process(writes(name)) for name in "abc"]
    assert [exit_code(one) for one in processes] == [0, 0, 0]
    found = everything(Spool(tmp_path))
    assert sorted(found) == sorted(bodies(*(f"{name}{number}" for name in "abc" for number in range(100))))
    for name in "abc":
        assert [one for one in found if f':"{name}'.encode() in one] == bodies(*(f"{name}{n}" for n in range(100)))


def test_a_disk_that_is_really_full_refuses_and_goes_on_when_there_is_room(tmp_path):
    def work():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200, resource.RLIM_INFINITY))
        spool, kept, refused = Spool(tmp_path), [], []
        for number in range(20):
            try:
                spool.append(bodies(str(number)))
                kept.append(str(number))
            except UnableToAccept:
                refused.append(str(number))
        assert refused and 0 < len(kept) < 20
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        spool.append(bodies("room"))
        assert everything(spool) == bodies(*kept, "room")

    assert exit_code(in_a_process(work)) == 0


def test_the_server_drains_by_itself_and_the_intake_alone_does_not(tmp_path):
    app = App.open(tmp_path)
    with TestClient(create_intake(App.open(tmp_path, needed=False)), base_url="http://localhost") as intake:
        assert intake.post(URL, json=said(1), headers=DISPATCHER).status_code == 202
        assert intake.get("/api/networks").status_code == 404
        assert intake.get("/api/faults/intake").json()["backlog"] == 1
        beside = together(draining(app), sending(app))
        with TestClient(create_api(app, lifespan=beside), base_url="http://localhost") as client:
            deadline = time.monotonic() + 10
            while client.get("/api/faults/intake").json()["backlog"] and time.monotonic() < deadline:
                time.sleep(0.05)
        assert intake.get("/api/faults/intake").json()["backlog"] == 0


def test_the_intake_as_a_process_of_its_own_accepts_without_a_database(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    nowhere = {"EVERLIT_HOME": str(tmp_path), "EVERLIT_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    words = [sys.executable, "-m", "everlit", "serve", "--part", "intake", "--port", str(port)]
    with subprocess.Popen(words, env=os.environ | nowhere) as process:
        url = f"http://127.0.0.1:{port}"
        answer = None
        for _ in range(300):
            try:
                answer = httpx.post(url + URL, json=said(1), headers=DISPATCHER, timeout=10)
                break
            except httpx.ConnectError:
                time.sleep(0.1)
        state = httpx.get(url + "/api/faults/intake", timeout=10).json()
        process.kill()
    assert answer is not None and answer.status_code == 202
    assert state["accepting"] and state["taken"] == 1 and state["database_unreachable_since"]
    app = App.open(tmp_path, url=f"sqlite:///{tmp_path / 'later.db'}")
    assert app.faults.drain(actor=Actor("Wu", "dispatcher")).new == 1
