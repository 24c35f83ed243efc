"""Blocks (联动块): a ticket touches a handful of switches, and everything between them moves together.

    S1 ─/b1/─ a ─/s1/─ c ─ ∙t∙ ─ d ─/b2/─ S2      touching s1 and t leaves three blocks:
    └──── block 0 ────┘└ block 1 ┘└── block 2 ──┘

Who is live after any of the steps is then a question about a graph of a few vertices, whatever the size of the city;
the city itself is walked once, when the blocks are made.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow.compute as pc

from everlit.grid import Grid
from everlit.grid.compile import Bools, Floats, Ints
from everlit.grid.components import components


@dataclass(frozen=True)
class Blocks:
    """The blocks of a grid between the touched switches; everything else stands as in `start`."""

    grid: Grid
    start: Bools
    touched: tuple[int, ...]
    of_section: Ints
    count: int

    @cached_property
    def sources(self) -> Ints:
        """Infeeds in each block."""
        roots = self.of_section[self.grid.section_of_node[self.grid.source_nodes]]
        return np.bincount(roots, minlength=self.count).astype(np.int32)

    @cached_property
    def loops(self) -> Ints:
        """Independent loops that stand inside each block whatever the ticket does."""
        standing = self._standing(closed=True)
        edges = np.bincount(self.of_section[self.grid.switch_section_from[standing]], minlength=self.count)
        return (edges - np.bincount(self.of_section, minlength=self.count) + 1).astype(np.int32)

    @cached_property
    def at(self) -> Mapping[int, tuple[int, ...]]:
        """The touched switches at each block they join."""
        found: dict[int, list[int]] = defaultdict(list)
        for switch in self.touched:
            for block in set(self.ends(switch)):
                found[block].append(switch)
        return {block: tuple(switches) for block, switches in found.items()}

    @cached_property
    def standing_open(self) -> Mapping[int, tuple[int, ...]]:
        """The open switches no step touches, at each block they border."""
        found: dict[int, list[int]] = defaultdict(list)
        for switch in np.flatnonzero(self._standing(closed=False)).tolist():
            for block in set(self.ends(switch)):
                found[block].append(switch)
        return {block: tuple(switches) for block, switches in found.items()}

    @cached_property
    def generators(self) -> Mapping[int, tuple[int, ...]]:
        """Rows of the generators of each block: everything that could feed back (6.4)."""
        table = self.grid.network.tables["generators"]
        nodes = pc.index_in(table.column("node_id"), value_set=self.grid.node_ids).to_pylist()
        found: dict[int, list[int]] = defaultdict(list)
        for row, node in enumerate(nodes):
            found[self.of_node(node)].append(row)
        return {block: tuple(rows) for block, rows in found.items()}

    def _standing(self, *, closed: bool) -> Bools:
        one, other = self.grid.switch_section_from, self.grid.switch_section_to
        untouched = np.ones(self.grid.n_switches, np.bool_)
        untouched[list(self.touched)] = False
        return np.asarray(untouched & (self.start == closed) & (one != other))

    def ends(self, switch: int) -> tuple[int, int]:
        """The blocks a switch joins when closed."""
        one, other = self.grid.switch_section_from[switch], self.grid.switch_section_to[switch]
        return int(self.of_section[one]), int(self.of_section[other])

    def other_end(self, switch: int, block: int) -> int:
        """The block across a switch."""
        one, other = self.ends(switch)
        return other if one == block else one

    def of_node(self, node: int) -> int:
        """The block a node lies in."""
        return int(self.of_section[self.grid.section_of_node[node]])

    def of_sections(self, sections: Iterable[int]) -> frozenset[int]:
        """The blocks some sections lie in."""
        return frozenset(int(self.of_section[section]) for section in sections)

    def sums(self, values: Floats) -> Floats:
        """Sum of a per-section quantity over each block."""
        return np.bincount(self.of_section, values, self.count).astype(np.float64)


def blocks(grid: Grid, start: Bools, touched: Iterable[int]) -> Blocks:
    """Join all sections between closed switches nobody touches."""
    switches = tuple(sorted({int(switch) for switch in touched}))
    standing = start.copy()
    standing[list(switches)] = False
    one, other = grid.switch_section_from[standing], grid.switch_section_to[standing]
    of_section, count = components(grid.n_sections, one, other)
    return Blocks(grid, start, switches, of_section, count)


@dataclass(frozen=True)
class Islands:
    """The blocks joined by the touched switches that are closed: one answer per set of positions."""

    blocks: Blocks
    closed: frozenset[int]

    @cached_property
    def _members(self) -> Mapping[int, frozenset[int]]:
        found: dict[int, frozenset[int]] = {}
        for block in self.blocks.at:
            if block not in found:
                island = frozenset(self._reach(block))
                found.update(dict.fromkeys(island, island))
        return found

    def _reach(self, block: int, without: int = -1) -> Iterator[int]:
        seen, stack = {block}, [block]
        while stack:
            here = stack.pop()
            yield here
            for switch in self.blocks.at.get(here, ()):
                there = self.blocks.other_end(switch, here)
                if switch in self.closed and switch != without and there not in seen:
                    seen.add(there)
                    stack.append(there)

    def island(self, block: int) -> frozenset[int]:
        """All blocks joined to this one by closed switches."""
        return self._members.get(block, frozenset({block}))

    def sources(self, block: int) -> int:
        """Infeeds that reach this block."""
        return int(sum(self.blocks.sources[member] for member in self.island(block)))

    def live(self, block: int) -> bool:
        """True when an infeed reaches this block."""
        return self.sources(block) > 0

    def loops(self, block: int) -> int:
        """Independent loops of the island of this block."""
        island = self.island(block)
        inside = [switch for switch in self.closed if self.blocks.ends(switch)[0] in island]
        return len(inside) - len(island) + 1 + int(sum(self.blocks.loops[member] for member in island))

    def paralleled(self) -> frozenset[int]:
        """A block of each touched island that is fed twice: by a loop or by two infeeds."""
        islands = {min(self.island(block)) for block in self.blocks.at}
        return frozenset(block for block in islands if self.live(block) and self.sources(block) + self.loops(block) > 1)

    def beyond(self, switch: int) -> frozenset[int] | None:
        """The blocks a closed switch feeds, () when dead, None when it carries a loop or joins two infeeds."""
        one, other = self.blocks.ends(switch)
        if one == other:
            return None
        sides = [frozenset(self._reach(block, without=switch)) for block in (one, other)]
        if other in sides[0]:
            return None
        fed = [side for side in sides if not any(self.blocks.sources[block] for block in side)]
        return {0: None, 1: fed[0] if fed else None, 2: frozenset()}[len(fed)]

    def live_sections(self) -> Bools:
        """Energised or not, per section."""
        live = self.blocks.sources > 0
        for block in self.blocks.at:
            live[block] = self.live(block)
        return np.asarray(live[self.blocks.of_section])
