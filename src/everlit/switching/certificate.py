"""The transfer certificate (转供证明): for everybody who stays dark, the reason why, block by block and tie by tie.

A claim is about the plan plus this block, with every switch named, so anybody can compute it again:
`everlit.switching.certificate_check` does so from identities alone. Summed over many plans the certificates say which
tie is missing and what each short one costs (`everlit.switching.missing_ties`).
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np

from everlit.grid import Grid
from everlit.grid.compile import Bools
from everlit.switching.area import LIVE, Area, Barred
from everlit.switching.isolate import Isolation
from everlit.switching.reason import Reason, said
from everlit.switching.search import Plan, state_of
from everlit.switching.window import Excess, Verdict, Window, instant


def certify(
    isolation: Isolation, area: Area, plan: Plan, window: Window, *, starts_at: datetime | None = None
) -> tuple[Reason, ...]:
    """The reasons of everybody the plan leaves dark, block by block."""
    return tuple(_Clerk(isolation, area, plan, window, starts_at).reasons())


@dataclass(frozen=True)
class _Clerk:
    """Writes the certificate of one plan: the blocks left dark, and what happens when each is fed in addition."""

    isolation: Isolation
    area: Area
    plan: Plan
    window: Window
    starts_at: datetime | None

    @property
    def grid(self) -> Grid:
        return self.area.grid

    @cached_property
    def state(self) -> Bools:
        return state_of(self.area, self.plan.used, self.plan.fed)

    def reasons(self) -> Iterator[Reason]:
        area = self.area
        lost = set(self.isolation.dead_sections)
        stuck = [piece for piece in np.flatnonzero(area.stuck).tolist() if lost & set(area.sections[piece].tolist())]
        if stuck:
            yield self._reason(stuck, "work", {})
        blocks = self._blocks()
        for block in blocks:
            if not sum(area.worth[piece] for piece in block):
                yield self._reason(block, "empty", {})
                continue
            refused = [*self._tried(block, blocks), *self._ruled_out(block)]
            yield from refused or [self._reason(block, "no_tie", {})]

    def _blocks(self) -> list[list[int]]:
        """Pieces left dark, grouped by the closed switches between them."""
        area, fed = self.area, self.plan.fed
        left = [piece for piece in range(area.n_pieces) if piece not in fed and not area.stuck[piece]]
        blocks, seen = [], set()
        for start in left:
            if start not in seen:
                block = sorted(self._joined(start, set(left)))
                seen.update(block)
                blocks.append(block)
        return blocks

    def _joined(self, start: int, among: set[int]) -> set[int]:
        found, stack = {start}, [start]
        while stack:
            here = stack.pop()
            for index in self.area.at[here]:
                edge = self.area.edges[index]
                far = edge.far(here)
                if edge.closed and far in among and far not in found:
                    found.add(far)
                    stack.append(far)
        return found

    def _tried(self, block: Sequence[int], blocks: Sequence[Sequence[int]]) -> Iterator[Reason]:
        """What each usable tie of the block would do; through another dark block where it has none of its own."""
        entries = list(self._entries(block))
        ways = [(entry, [entry], list(block)) for entry in entries] or list(self._ways_through(block, blocks))
        for tie, crossing, pieces in ways:
            attempt = self._grown(crossing, set(pieces))
            if not attempt.fed.issuperset(block):
                yield self._barred(block, Barred(self.area.edges[tie].switch, block[0], LIVE, "backfeed"))
                continue
            verdict = self.window.judge(state_of(self.area, attempt.used, attempt.fed))
            yield self._verdict_reason(block, tie, attempt, verdict)

    def _entries(self, block: Sequence[int]) -> Iterator[int]:
        """Usable edges over which power may enter the block from what is live in the plan, also those it opened."""
        fed = self.plan.fed
        for piece in block:
            for index in self.area.at[piece]:
                edge = self.area.edges[index]
                far = edge.far(piece)
                if (far == LIVE or far in fed) and edge.enters(piece):
                    yield index

    def _ways_through(
        self, block: Sequence[int], blocks: Sequence[Sequence[int]]
    ) -> Iterator[tuple[int, list[int], list[int]]]:
        """Shortest way from each tie over other dark blocks: the tie, the switches to close, the pieces on the way."""
        home = {piece: number for number, each in enumerate(blocks) for piece in each}
        target = home[block[0]]
        came: dict[int, tuple[int, int]] = {target: (-1, -1)}
        queue = deque([target])
        while queue:
            here = queue.popleft()
            for tie in self._entries(blocks[here]) if here != target else ():
                crossing, pieces, at = [tie], list(blocks[here]), here
                while came[at][0] >= 0:
                    at, index = came[at]
                    crossing.append(index)
                    pieces.extend(blocks[at])
                yield tie, crossing, pieces
            for piece in blocks[here]:
                for index in self.area.at[piece]:
                    edge = self.area.edges[index]
                    far = edge.far(piece)
                    if not edge.closed and edge.enters(piece) and far in home and home[far] not in came:
                        came[home[far]] = (here, index)
                        queue.append(home[far])

    def _grown(self, crossing: Sequence[int], pieces: set[int]) -> Plan:
        """The plan with more pieces fed over these switches and whatever is closed behind them."""
        area, plan = self.area, self.plan
        used, fed = list(plan.used), set(plan.fed)
        for index in crossing:
            edge = area.edges[index]
            start = next((end for end in edge.ends if end in pieces and end not in fed), -1)
            if start < 0:
                continue
            used.append(index)
            fed.add(start)
            stack = [start]
            while stack:
                here = stack.pop()
                for each in area.at[here]:
                    far = area.edges[each].far(here)
                    if area.edges[each].closed and far in pieces and far not in fed and area.edges[each].enters(far):
                        used.append(each)
                        fed.add(far)
                        stack.append(far)
        return Plan(tuple(used), frozenset(fed), sum(area.worth[piece] for piece in fed), 0)

    def _verdict_reason(self, block: Sequence[int], tie: int, attempt: Plan, verdict: Verdict) -> Reason:
        grid = self.grid
        state = state_of(self.area, attempt.used, attempt.fed)
        changed = np.flatnonzero(state != self.state)
        evidence: dict[str, Any] = {
            "tie": grid.switch_id(self.area.edges[self._root(tie, attempt)].switch),
            "over": grid.switch_id(self.area.edges[tie].switch),
            "close": [grid.switch_id(int(s)) for s in changed if state[s]],
            "open": [grid.switch_id(int(s)) for s in changed if not state[s]],
        }
        if any((one in attempt.fed) != (other in attempt.fed) for one, other in self.area.blind):
            return self._reason(block, "forbidden", {**evidence, "rule": "no_visible_break"})
        if not verdict.converged:
            return self._reason(block, "voltage", {**evidence, "collapse": True})
        if verdict.overload is not None:
            evidence |= self._measured(verdict.overload, "branch")
            return self._reason(block, "tie_overload", {**evidence, "short_a": round(verdict.overload.amount, 6)})
        if verdict.voltage is not None:
            evidence |= self._measured(verdict.voltage, "node")
            return self._reason(block, "voltage", {**evidence, "voltage_pu": evidence["value"]})
        return self._reason(block, "not_searched", evidence)

    def _root(self, entry: int, attempt: Plan) -> int:
        """The tie from the live network through which an entry is fed."""
        fed_over = {}
        fed: set[int] = set()
        for index in attempt.used:
            edge = self.area.edges[index]
            piece = next(end for end in edge.ends if end >= 0 and end not in fed)
            fed.add(piece)
            fed_over[piece] = index
        index = entry
        while LIVE not in (edge := self.area.edges[index]).ends:
            index = next(fed_over[end] for end in edge.ends if fed_over[end] != index)
        return index

    def _measured(self, excess: Excess, what: str) -> dict[str, Any]:
        where = self.window.name(excess)
        return {
            what: where, "step": excess.step, "at": instant(excess.step, self.starts_at),
            "value": round(excess.value, 9), "limit": round(excess.limit, 9),
        }  # fmt: skip

    def _ruled_out(self, block: Sequence[int]) -> Iterator[Reason]:
        """Ties of the block that a rule takes out."""
        area, fed, inside = self.area, self.plan.fed, set(block)
        for each in area.barred:
            ends = {each.piece, each.other}
            if ends & inside and any(end == LIVE or end in fed for end in ends):
                yield self._barred(block, each)
        for piece in block:
            for index in area.at[piece]:
                edge = area.edges[index]
                if (edge.far(piece) == LIVE or edge.far(piece) in fed) and not edge.enters(piece):
                    yield self._barred(block, Barred(edge.switch, piece, edge.far(piece), "backfeed"))

    def _barred(self, block: Sequence[int], barred: Barred) -> Reason:
        kind = "not_phased" if barred.rule == "not_phased" else "forbidden"
        return self._reason(block, kind, {"tie": self.grid.switch_id(barred.switch), "rule": barred.rule})

    def _reason(self, block: Sequence[int], kind: str, evidence: Mapping[str, Any]) -> Reason:
        grid = self.grid
        lost = set(self.isolation.dead_sections)
        sections = [int(s) for piece in block for s in self.area.sections[piece].tolist() if s in lost]
        names = sorted(grid.section_name(section) for section in sections)
        return Reason(
            section=names[0] if names else "", sections=tuple(names), kind=kind, message=said(kind, evidence),
            units=int(grid.section_units[sections].sum()), households=int(grid.section_households[sections].sum()),
            hours=self.window.hours, evidence=evidence,
        )  # fmt: skip
