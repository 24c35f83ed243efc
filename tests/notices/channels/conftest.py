"""Channels are awaited in a thread of their own: a browser opened by other tests keeps a loop running in this one."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

RUN = asyncio.run


@pytest.fixture(autouse=True)
def _in_a_thread_of_its_own(monkeypatch):
    def run(awaited, **options):
        with ThreadPoolExecutor(1) as aside:
            return aside.submit(RUN, awaited, **options).result()

    monkeypatch.setattr(asyncio, "run", run)
