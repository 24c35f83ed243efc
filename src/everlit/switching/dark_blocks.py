"""Dark blocks (失电区块): what a plan leaves dark, and which switches a certificate has to say something about.

Read from the raw tables alone, so that a certificate is not checked by what wrote it. Blocks are the closed parts of
what stays dark, beside the work and what no usable switch separates from it. Of every block each switch that leads to
something live is asked about; where none of them can feed it, each tie in reach over other dark blocks.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from everlit.grid import Grid, Supply, SwitchKind, supply
from everlit.grid.compile import Bools, Floats
from everlit.switching.area import section_weights
from everlit.switching.graph import SectionGraph, section_graph
from everlit.switching.isolate import Isolation
from everlit.switching.limits import Limits

LOW_VOLTAGE_KV = 1.0
RULES = ("locked", "unusable", "low_voltage", "not_phased", "no_load_make", "avoided", "backfeed")
"""Rules against a single switch, whatever the flow would be."""

Block = frozenset[int]


@dataclass(frozen=True)
class DarkBlocks:
    """The blocks of one plan, whose positions are `state`."""

    isolation: Isolation
    state: Bools
    limits: Limits
    unusable: frozenset[int] = frozenset()
    avoided: frozenset[int] = frozenset()

    @property
    def grid(self) -> Grid:
        """The network."""
        return self.isolation.grid

    @cached_property
    def graph(self) -> SectionGraph:
        """The switches at each section."""
        return section_graph(self.grid)

    @cached_property
    def isolated(self) -> Supply:
        """Supply with the isolation made, before anybody is fed again."""
        return supply(self.grid, self.isolation.closed_after)

    @cached_property
    def now(self) -> Supply:
        """Supply in the plan."""
        return supply(self.grid, self.state)

    @cached_property
    def dark(self) -> Block:
        """Sections that were live before anybody switched and are not in the plan."""
        was = supply(self.grid, self.isolation.closed_before).energised
        return frozenset(np.flatnonzero(was & ~self.now.energised).tolist())

    @cached_property
    def inseparable(self) -> Block:
        """The work, what was dead in its zone before, and all that closed switches nobody may operate join to them."""
        isolation = self.isolation
        dead = {*isolation.dead_sections, *isolation.zone_sections}
        seeds = {*isolation.work_sections, *(set(isolation.zone_sections) - set(isolation.dead_sections))}
        return self.flood(seeds, dead, lambda switch, _: bool(isolation.closed_after[switch]) and self.fixed(switch))

    @property
    def stuck(self) -> Block:
        """What stays dark because nothing separates it from the work."""
        return self.inseparable & self.dark

    @cached_property
    def blocks(self) -> dict[tuple[str, ...], Block]:
        """The closed parts of what stays dark beside the inseparable, by the names of their sections."""
        left, found = set(self.dark - self.inseparable), {}
        while left:
            block = self.flood({next(iter(left))}, left, lambda switch, _: bool(self.state[switch]))
            left -= block
            found[self.names(block)] = block
        return found

    def names(self, sections: Iterable[int]) -> tuple[str, ...]:
        """Names of sections, sorted."""
        return tuple(sorted(self.grid.section_name(section) for section in sections))

    def flood(self, seeds: Iterable[int], among: Iterable[int], passes: Callable[[int, int], bool]) -> Block:
        """Sections of `among` joined to the seeds over switches that pass from one section to the next."""
        seen, stack, inside = set(seeds), list(seeds), set(among)
        while stack:
            here = stack.pop()
            for switch in self.graph.at(here):
                there = self.graph.across(switch, here)
                if there in inside and there not in seen and passes(switch, there):
                    seen.add(there)
                    stack.append(there)
        return frozenset(seen)

    # ------------------------------------------------------------------------------------------------ rules
    def kv(self, switch: int) -> float:
        """Nominal voltage of a switch."""
        return float(self.grid.nominal_kv[self.grid.switch_from[switch]])

    def fixed(self, switch: int) -> bool:
        """Whether nobody may operate a switch."""
        return any(self.rule(rule, switch, -1) for rule in ("locked", "unusable", "low_voltage"))

    def rule(self, rule: str, switch: int, dark: int) -> bool:
        """Whether a rule applies to a switch, seen from the dark section it leads to (−1: none)."""
        grid, limits, is_open = self.grid, self.limits, not self.isolation.closed_after[switch]
        match rule:
            case "locked":
                return bool(grid.switch_locked[switch])
            case "unusable":
                return switch in self.unusable
            case "low_voltage":
                return not limits.operate_lv and self.kv(switch) <= LOW_VOLTAGE_KV
            case "not_phased":
                return is_open and not grid.switch_phased[switch]
        beyond = self.graph.across(switch, dark)
        outside = bool(self.isolated.energised[beyond])
        match rule:
            case "no_load_make":
                cannot = grid.switch_kind[switch] in (SwitchKind.DISCONNECTOR, SwitchKind.FUSE)
                return is_open and outside and cannot and not limits.disconnector_tie
            case "avoided":
                return outside and beyond in self.avoided
            case "backfeed":
                return self.kv(switch) < self.top_kv(dark)
        return False

    def _enters(self, switch: int, dark: int) -> bool:
        """Whether power may pass over a switch into a dark section."""
        return not any(self.rule(rule, switch, dark) for rule in RULES)

    def top_kv(self, section: int) -> float:
        """Highest voltage of what closed switches nobody may operate join to a section."""
        joined = self.flood(
            {section}, self.dark, lambda switch, _: bool(self.isolation.closed_after[switch]) and self.fixed(switch)
        )
        return float(self._section_kv[list(joined)].max())

    @cached_property
    def _section_kv(self) -> Floats:
        """Highest voltage in each section."""
        kv = np.zeros(self.grid.n_sections)
        np.maximum.at(kv, self.grid.section_of_node, self.grid.nominal_kv)
        return kv

    # ------------------------------------------------------------------------------------------- what is asked
    def _ties(self, block: Block) -> Iterator[tuple[int, int]]:
        """Switches from a block to what is live in the plan, each with the section of the block."""
        for section in sorted(block):
            for switch in self.graph.at(section):
                if self.now.energised[self.graph.across(switch, section)]:
                    yield switch, section

    def asked(self, block: Block) -> Counter[str]:
        """The switches about which the certificate must say something."""
        ties = list(self._ties(block))
        asked = Counter(self.grid.switch_id(switch) for switch, _ in ties)
        if not any(self._enters(*tie) for tie in ties):
            asked.update(self.grid.switch_id(switch) for switch in self._in_reach(block))
        return asked

    def _in_reach(self, block: Block) -> Iterator[int]:
        """Ties of other dark blocks over which power could come, from block to block."""
        home = {section: other for other in self.blocks.values() for section in other}
        seen, queue = {block}, deque([block])
        while queue:
            here = queue.popleft()
            if here is not block:
                yield from (switch for switch, section in self._ties(here) if self._enters(switch, section))
            for section in sorted(here):
                for switch in self.graph.at(section):
                    there = home.get(self.graph.across(switch, section))
                    if there is None or there in seen or self.state[switch] or not self._enters(switch, section):
                        continue
                    seen.add(there)
                    queue.append(there)

    def worth(self, block: Block) -> bool:
        """Whether anybody hangs at a block."""
        grid, at = self.grid, list(block)
        weight = section_weights(grid, self.limits)[at].sum()
        return bool(weight or grid.section_units[at].sum() or grid.section_households[at].sum())
