"""What runs beside the server (后台任务): notices are sent and signals drained; both start and end with it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from functools import partial

from fastapi import FastAPI

from everlit.app import App

GRACE_S = 20.0
"""Seconds a round may take to finish when the server stops. A message cut off in it is asked about later, not repeated."""
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def sending(app: App) -> Lifespan:
    """The life of a server that sends what is due; raises UnableToOpenChannels at once for settings that make no sense."""
    return _running(partial(app.keep_sending, app.channels()))


def draining(app: App) -> Lifespan:
    """The life of a server that drains the spool of signals into the log."""
    return _running(app.keep_draining)


def together(*lives: Lifespan) -> Lifespan:
    """Several lives as one."""

    @asynccontextmanager
    async def life(api: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for one in lives:
                await stack.enter_async_context(one(api))
            yield

    return life


def _running(work: Callable[[asyncio.Event], Coroutine[None, None, None]]) -> Lifespan:
    @asynccontextmanager
    async def life(_api: FastAPI) -> AsyncIterator[None]:
        stop = asyncio.Event()
        task = asyncio.create_task(work(stop))
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait([task], timeout=GRACE_S)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    return life
