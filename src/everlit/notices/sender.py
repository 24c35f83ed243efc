"""The sender (发送进程): what is due goes out, round by round, until somebody says stop.

    round ─► send and ask until nothing is due ─► pause ─► round …          stop: the round is finished, then it ends

Any number of senders may run on one store, because a message is claimed by a lease: one that a sender took and did not
mark is asked about, not sent again. A round that fails (the store cannot be reached) is followed by the next one.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress

from everlit.notices.channel import Opened
from everlit.notices.dispatch import Dispatcher

PAUSE_S = 2.0
"""Seconds between two looks at the outbox."""


Making = Callable[[Sequence[Opened]], Dispatcher]
"""Makes the runner of some channels with the rules of this moment."""


async def send_once(dispatcher: Making, channels: Sequence[Opened]) -> Counter[str]:
    """One round; returns how often each state was noted."""
    try:
        return await dispatcher(channels).run()
    finally:
        await _close(channels)


async def keep_sending(
    dispatcher: Making,
    channels: Sequence[Opened],
    stop: asyncio.Event,
    *,
    failed: Callable[[Exception], None],
    pause_s: float = PAUSE_S,
) -> None:
    """Rounds until `stop` is set. Each reads the rules anew; channels, their rest and their pace stay. What makes a round
    fail is handed to `failed`."""
    kept = dispatcher(channels)
    try:
        while not stop.is_set():
            try:
                fresh = dispatcher(channels)
                kept.outbox, kept.rules = fresh.outbox, fresh.rules
                await kept.run()
            except Exception as error:
                failed(error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause_s)
    finally:
        await _close(channels)


async def _close(channels: Sequence[Opened]) -> None:
    for channel in channels:
        await channel.close()
