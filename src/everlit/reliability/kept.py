"""Interruptions kept in memory (台账缓存) while a page asks for the same year again and again.

What the ledger says of a period as known at an instant changes only with the next recording or with the network, which
are in the key: an answer never has to be forgotten because it is wrong, only because there is no room.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock

from everlit.ledger.columns import Interruptions

MOST_ROWS = 4_000_000
"""Dead intervals kept in all; a larger answer is not kept."""
MOST_ANSWERS = 64


@dataclass
class Kept:
    """Answers of the ledger by what was asked and what is known; the one not asked for longest goes first."""

    _answers: OrderedDict[Hashable, Interruptions] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def get(self, key: Hashable, ask: Callable[[], Interruptions]) -> Interruptions:
        """The answer kept under a key, else what `ask` says; several may ask at once."""
        with self._lock:
            found = self._answers.get(key)
        answer = ask() if found is None else found
        with self._lock:
            self._answers[key] = answer
            self._answers.move_to_end(key)
            while len(self._answers) > MOST_ANSWERS or sum(map(len, self._answers.values())) > MOST_ROWS:
                self._answers.popitem(last=False)
        return answer
