"""Several independent orders carried out by one crew (操作序列合并): who goes when, so that fewest wait for fewest minutes.

Each chain is an order that must be kept; chains do not disturb each other, but while one is worked on, customers another has
switched off go on waiting. This is one machine with chains of jobs and weighted completion times, and it has an exact
answer: of all beginnings of all chains take the one that restores most, or costs least, per minute; and again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Content = TypeVar("Content")


@dataclass(frozen=True, slots=True)
class Link(Generic[Content]):
    """Part of a chain that is not to be interrupted: how long it takes, and whom it leaves supplied more than before."""

    content: Content
    minutes: float
    restores: float


def merged(chains: Sequence[Sequence[Link[Content]]]) -> list[Link[Content]]:
    """The links of all chains in the order that minimises dead customers times minutes.

    A chain that switches 10 off and one that switches 1 off: the smaller harm comes first and waits longer.

    >>> [link.content for link in merged([[Link("ten off", 5, -10)], [Link("one off", 5, -1)]])]
    ['one off', 'ten off']
    """
    left = [list(chain) for chain in chains if chain]
    order: list[Link[Content]] = []
    while left:
        _, length, index = max((*_best_beginning(chain), -index) for index, chain in enumerate(left))
        chain = left[-index]
        order.extend(chain[:length])
        del chain[:length]
        left = [chain for chain in left if chain]
    return order


def _best_beginning(chain: Sequence[Link[Content]]) -> tuple[float, int]:
    """The beginning of a chain that restores most per minute, and how many links it has."""
    minutes = restores = 0.0
    best = (-float("inf"), 0)
    for count, link in enumerate(chain, start=1):
        minutes, restores = minutes + link.minutes, restores + link.restores
        best = max(best, (restores / minutes, count))
    return best
