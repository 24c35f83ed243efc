"""Weaving chains against every interleaving."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from everlit.switching.chains import Link, merged

LINKS = st.builds(
    lambda minutes, restores: Link(None, float(minutes), float(restores)), st.integers(1, 5), st.integers(-6, 6)
)
CHAINS = st.lists(st.lists(LINKS, max_size=3), max_size=3)


def interleavings(chains: list[list[Link]]) -> Iterator[list[Link]]:
    """Every order that keeps each chain."""
    if not any(chains):
        yield []
    for index, chain in enumerate(chains):
        if chain:
            rest = [*chains[:index], chain[1:], *chains[index + 1 :]]
            for order in interleavings(rest):
                yield [chain[0], *order]


def dead_minutes(order: list[Link]) -> float:
    """Customers dead (relative to the beginning) times minutes, until the last link is done."""
    dead = total = 0.0
    for link in order:
        total += dead * link.minutes
        dead -= link.restores
    return total


@given(chains=CHAINS)
def test_no_interleaving_is_better(chains: list[list[Link]]) -> None:
    found = merged(chains)
    assert dead_minutes(found) == min(dead_minutes(order) for order in interleavings(chains))
    for chain in chains:
        kept = [link for link in found if any(link is own for own in chain)]
        assert [id(link) for link in kept] == [id(link) for link in chain]
