"""Connections belong to the event loop that opened them: another loop gets new ones.

The outbox may run each batch in a loop of its own. A channel lives longer than that, so it keeps what is bound to a
loop in a `PerLoop` and never meets a connection of a loop that is closed.
"""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

Kept = TypeVar("Kept")


class PerLoop(Generic[Kept]):
    """One value for the running loop, made by `make` when it is first asked for."""

    def __init__(self, make: Callable[[], Kept]) -> None:
        self._make = make
        self._kept: tuple[asyncio.AbstractEventLoop, Kept] | None = None

    def get(self) -> Kept:
        """The value of the running loop."""
        loop = asyncio.get_running_loop()
        if self._kept is None or self._kept[0] is not loop:
            self._kept = (loop, self._make())
        return self._kept[1]

    def take(self) -> Kept | None:
        """The value of the running loop if there is one, to be closed; afterwards there is none."""
        kept, self._kept = self._kept, None
        return kept[1] if kept and kept[0] is asyncio.get_running_loop() else None
