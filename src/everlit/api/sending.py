"""Notices are sent beside the server (后台发送): the sender starts and ends with it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from fastapi import FastAPI

from everlit.app import App

GRACE_S = 20.0
"""Seconds a round may take to finish when the server stops. A message cut off in it is asked about later, not repeated."""
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def sending(app: App) -> Lifespan:
    """The life of a server that sends what is due; raises UnableToOpenChannels at once for settings that make no sense."""
    channels = app.channels()

    @asynccontextmanager
    async def life(_api: FastAPI) -> AsyncIterator[None]:
        stop = asyncio.Event()
        task = asyncio.create_task(app.keep_sending(channels, stop))
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait([task], timeout=GRACE_S)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    return life
