"""The transfer certificate (转供证明): for everybody who stays dark, the checked reason why.

    no_tie         nothing leads from the block to anything live
    tie_overload   over its tie the block would overload a branch: which, when, by how many ampere
    voltage        over its tie the voltage at some point would leave its limits: where, when, how far
    not_phased     the tie's phases were never checked (未核相)
    forbidden      a rule: locked, in a permit, promised elsewhere, no visible break towards the work …
    work           the work itself, and what no usable switch separates from it
    empty          nobody hangs there, so feeding it would be an operation for nothing

A claim is about the plan plus this block, with every switch named, so anybody can compute it again:
`check_certificate` does so from identities alone, with another power flow. Summed over many plans the certificates say
which tie is missing and what each short one costs (`rank_missing_ties`).
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from everlit.grid import Grid, supply
from everlit.grid.compile import Bools, Floats
from everlit.grid.judge import judge
from everlit.kernel import Finding, Policies, Text
from everlit.switching.area import LIVE, Area, Barred
from everlit.switching.graph import section_graph
from everlit.switching.limits import limits_of
from everlit.switching.policies import NEWEST
from everlit.switching.search import Plan
from everlit.switching.transfer import Transfer, state_of
from everlit.switching.window import Excess, Verdict, Window

RULES: Mapping[str, Text] = {
    "locked": Text("it is locked", "已闭锁"),
    "unusable": Text("it may not be operated now", "当前不可操作"),
    "avoided": Text("its feeder must not take load over", "其所属馈线不得转供"),
    "low_voltage": Text("low-voltage switches are not operated for a transfer", "转供不操作低压开关"),
    "no_load_make": Text("it cannot pick up load", "不能带负荷合闸"),
    "backfeed": Text("it would feed a transformer backwards", "将造成变压器反送电"),
    "no_visible_break": Text("the work would lie behind no visible break", "与作业区之间无明显断开点"),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one block stays dark, as far as one tie is concerned; `evidence` holds identities, figures and instants."""

    section: str
    sections: tuple[str, ...]
    kind: str
    message: Text
    units: int
    households: int
    hours: float
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The reason by identities."""
        return {
            "section": self.section,
            "sections": list(self.sections),
            "kind": self.kind,
            "message": self.message.as_json(),
            "units": self.units,
            "households": self.households,
            "hours": self.hours,
            "evidence": dict(self.evidence),
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "Reason":
        """The reason `as_json` wrote."""
        return cls(
            section=row["section"], sections=tuple(row["sections"]), kind=row["kind"], message=Text(**row["message"]),
            units=row["units"], households=row["households"], hours=row["hours"], evidence=row["evidence"],
        )  # fmt: skip


# ------------------------------------------------------------------------------------------- certify
def certify(plan: Transfer) -> tuple[Reason, ...]:
    """The reasons of everybody the plan leaves dark, block by block."""
    return tuple(_Clerk(plan).reasons())


@dataclass(frozen=True)
class _Clerk:
    """Writes the certificate of one plan: the blocks left dark, and what happens when each is fed in addition."""

    plan: Transfer

    @property
    def area(self) -> Area:
        return self.plan.area

    @property
    def grid(self) -> Grid:
        return self.plan.grid

    def reasons(self) -> Iterator[Reason]:
        area = self.area
        stuck = [piece for piece in range(area.n_pieces) if area.stuck[piece]]
        if stuck:
            yield self._reason(stuck, "work", _WORK, {})
        blocks = self._blocks()
        for block in blocks:
            if not sum(area.worth[piece] for piece in block):
                yield self._reason(block, "empty", _EMPTY, {})
                continue
            refused = [*self._tried(block, blocks), *self._ruled_out(block)]
            yield from refused or [self._reason(block, "no_tie", _NO_TIE, {})]

    def _blocks(self) -> list[list[int]]:
        """Pieces left dark, grouped by the closed switches between them."""
        area, fed = self.area, self.plan.plan.fed
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
            verdict = self.plan.window.judge(state_of(self.area, attempt.used, attempt.fed))
            yield self._verdict_reason(block, tie, attempt, verdict)

    def _entries(self, block: Sequence[int]) -> Iterator[int]:
        """Usable edges over which power may enter the block from what is live in the plan, also those it opened."""
        fed = self.plan.plan.fed
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
        area, plan = self.area, self.plan.plan
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
        changed = np.flatnonzero(state != self.plan.state)
        evidence: dict[str, Any] = {
            "tie": grid.switch_id(self.area.edges[self._root(tie, attempt)].switch),
            "over": grid.switch_id(self.area.edges[tie].switch),
            "close": [grid.switch_id(int(s)) for s in changed if state[s]],
            "open": [grid.switch_id(int(s)) for s in changed if not state[s]],
        }
        if any((one in attempt.fed) != (other in attempt.fed) for one, other in self.area.blind):
            return self._reason(
                block,
                "forbidden",
                _forbidden(evidence["tie"], "no_visible_break"),
                {**evidence, "rule": "no_visible_break"},
            )
        if not verdict.converged:
            return self._reason(block, "voltage", _collapse(evidence["tie"]), {**evidence, "collapse": True})
        if verdict.overload is not None:
            evidence |= self._measured(verdict.overload, "branch")
            evidence["short_a"] = round(verdict.overload.amount, 6)
            return self._reason(block, "tie_overload", _overload(evidence, self._clock(verdict.overload)), evidence)
        if verdict.voltage is not None:
            evidence |= self._measured(verdict.voltage, "node")
            evidence["voltage_pu"] = evidence["value"]
            return self._reason(block, "voltage", _voltage(evidence, self._clock(verdict.voltage)), evidence)
        return self._reason(block, "not_searched", _not_searched(evidence["tie"]), evidence)

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
        where = self.plan.window.name(excess)
        return {
            what: where, "step": excess.step, "at": self.plan.instant(excess.step),
            "value": round(excess.value, 9), "limit": round(excess.limit, 9),
        }  # fmt: skip

    def _clock(self, excess: Excess) -> str:
        """The quarter-hour as people say it."""
        instant = self.plan.instant(excess.step)
        return datetime.fromisoformat(instant).strftime("%H:%M") if self.plan.starts_at else f"#{instant}"

    def _ruled_out(self, block: Sequence[int]) -> Iterator[Reason]:
        """Ties of the block that a rule takes out."""
        area, fed, inside = self.area, self.plan.plan.fed, set(block)
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
        tie = self.grid.switch_id(barred.switch)
        if barred.rule == "not_phased":
            return self._reason(block, "not_phased", _not_phased(tie), {"tie": tie, "rule": "not_phased"})
        return self._reason(block, "forbidden", _forbidden(tie, barred.rule), {"tie": tie, "rule": barred.rule})

    def _reason(self, block: Sequence[int], kind: str, message: Text, evidence: Mapping[str, Any]) -> Reason:
        grid = self.grid
        lost = set(self.plan.isolation.dead_sections)
        sections = [int(s) for piece in block for s in self.area.sections[piece].tolist() if s in lost]
        names = sorted(grid.section_name(section) for section in sections)
        return Reason(
            section=names[0] if names else "", sections=tuple(names), kind=kind, message=message,
            units=int(grid.section_units[sections].sum()), households=int(grid.section_households[sections].sum()),
            hours=self.plan.hours, evidence=evidence,
        )  # fmt: skip


_WORK = Text("Under work, or not separable from it by any usable switch.", "处于作业范围内,或无可用开关与其隔开。")
_EMPTY = Text("Nobody is supplied from here.", "该处无用户。")
_NO_TIE = Text("No tie leads from here to anything live.", "该处无联络开关可通向带电侧。")


def _overload(evidence: Mapping[str, Any], clock: str) -> Text:
    tie, branch = evidence["tie"], evidence["branch"]
    value, limit, short = f"{evidence['value']:.1f}", f"{evidence['limit']:.1f}", f"{evidence['short_a']:.1f}"
    return Text(
        en=f"Tie {tie} is short by {short} A at {clock}: {branch} would carry {value} A of {limit} A allowed.",
        zh=f"联络开关 {tie} 在 {clock} 容量不足 {short} A:{branch} 将达 {value} A(允许 {limit} A)。",
    )


def _voltage(evidence: Mapping[str, Any], clock: str) -> Text:
    tie, node, value, limit = evidence["tie"], evidence["node"], f"{evidence['value']:.4f}", f"{evidence['limit']:.4f}"
    return Text(
        en=f"Over tie {tie} the voltage at {node} would be {value} pu at {clock} (limit {limit}).",
        zh=f"经联络开关 {tie} 转供时,{node} 在 {clock} 电压为 {value} pu(限值 {limit})。",
    )


def _collapse(tie: str) -> Text:
    return Text(
        en=f"Over tie {tie} the load is more than the feeder can carry at any voltage.",
        zh=f"经联络开关 {tie} 转供时潮流无解,超出馈线输送能力。",
    )


def _not_searched(tie: str) -> Text:
    return Text(
        en=f"Tie {tie} could carry it: the search ended at its time limit before.",
        zh=f"联络开关 {tie} 可转供:搜索因时限提前结束。",
    )


def _not_phased(tie: str) -> Text:
    return Text(en=f"The phases across tie {tie} were never checked.", zh=f"联络开关 {tie} 无核相记录。")


def _forbidden(tie: str, rule: str) -> Text:
    return Text(en=f"Switch {tie} may not be used: {RULES[rule].en}.", zh=f"开关 {tie} 不可使用:{RULES[rule].zh}。")


# --------------------------------------------------------------------------------------------- check
def check_certificate(
    grid: Grid,
    reasons: Iterable[Reason],
    *,
    closed: Bools,
    state: Bools,
    loads: tuple[Floats, Floats],
    policies: Policies | None = None,
) -> tuple[Finding, ...]:
    """Compute every claim again from identities and raw tables, the flows by Newton's method; empty when all hold.

    `closed` is the state before anybody switched, `state` the one of the plan.
    """
    limits = limits_of(policies, on=NEWEST)
    p_kw, q_kvar = np.atleast_2d(loads[0]), np.atleast_2d(loads[1])
    check = _Check(grid, closed, state, Window(grid, closed, p_kw, q_kvar, limits))
    return tuple(finding for reason in reasons for finding in check.claim(reason))


@dataclass(frozen=True)
class _Check:
    grid: Grid
    closed: Bools
    state: Bools
    window: Window

    def claim(self, reason: Reason) -> Iterator[Finding]:
        """What is wrong with a reason."""
        if reason.kind in ("tie_overload", "voltage"):
            yield from self._flow_claim(reason)
        elif reason.kind in ("not_phased", "forbidden"):
            yield from self._rule_claim(reason)
        elif reason.kind == "no_tie" and self._leads_out(reason):
            yield _wrong(reason, "A switch leads to a live section.", "存在通向带电侧的开关。", {})
        elif reason.kind == "empty" and (reason.units or reason.households):
            yield _wrong(reason, "Somebody is supplied from there.", "该处有用户。", {})
        elif reason.kind == "not_searched":
            yield _wrong(reason, "Not a reason: the search was cut short.", "搜索未完成,不构成理由。", {})

    def _sections(self, reason: Reason) -> list[int]:
        named = {self.grid.section_name(section): section for section in np.flatnonzero(self._dark).tolist()}
        return [int(named[name]) for name in reason.sections if name in named]

    @property
    def _dark(self) -> Bools:
        return np.asarray(supply(self.grid, self.closed).energised & ~supply(self.grid, self.state).energised)

    def _flow_claim(self, reason: Reason) -> Iterator[Finding]:
        grid, evidence = self.grid, reason.evidence
        state = self.state.copy()
        state[[grid.switch(each) for each in evidence["close"]]] = True
        state[[grid.switch(each) for each in evidence["open"]]] = False
        now, sections = supply(grid, state), self._sections(reason)
        if now.looped.any() or not sections or not now.energised[sections].all():
            yield _wrong(reason, "The claimed state does not feed the block radially.", "所述方式未能辐射供电。", {})
            return
        flow = judge(grid, state, self.window.p_kw, self.window.q_kvar)
        if evidence.get("collapse"):
            if flow.converged.all():
                yield _wrong(reason, "The flow has a solution.", "潮流有解。", {})
            return
        value, limit = self._computed(reason, flow)
        beyond = value > limit if reason.kind == "tie_overload" else value != limit
        if (
            not beyond
            or abs(value - evidence["value"]) > 1e-4 * abs(limit)
            or abs(limit - evidence["limit"]) > 1e-4 * abs(limit)
        ):
            figures = {"value": value, "limit": limit, "claimed": evidence["value"]}
            yield _wrong(reason, "The figures differ.", "数值不符。", figures)

    def _computed(self, reason: Reason, flow: Any) -> tuple[float, float]:
        """The value and limit of a claim, from the flow of the judge and the base flow."""
        grid, window, evidence, step = self.grid, self.window, reason.evidence, int(reason.evidence["step"])
        worse = window.limits.worsening
        if reason.kind == "tie_overload":
            branch = self._branch(str(evidence["branch"]))
            rated = float(window.rated_a[branch])
            factor, base = float(window.factor[branch]), float(window.base.branch_a[step, branch])
            limit = base + worse * rated if base > factor * rated else factor * rated
            return float(flow.branch_a[step, branch]), limit
        node = grid.node(str(evidence["node"]))
        value, base = float(flow.voltage_pu[step, node]), float(window.base.voltage_pu[step, node])
        low, high = (float(end[node]) for end in window.voltage_ends)
        low, high = min(low, base - worse) if base < low else low, base + worse if base > high else high
        return (value, low) if value < low else (value, high) if value > high else (value, value)

    def _branch(self, identity: str) -> int:
        thing = self.grid.equipment(identity)
        first = {"lines": 0, "transformers": self.grid.n_lines, "switches": self.grid.first_switch}[thing.kind]
        return first + thing.index

    def _rule_claim(self, reason: Reason) -> Iterator[Finding]:
        grid, rule = self.grid, reason.evidence["rule"]
        switch = grid.switch(str(reason.evidence["tie"]))
        kv = grid.nominal_kv[grid.switch_from[switch]]
        holds = {
            "not_phased": not grid.switch_phased[switch],
            "locked": bool(grid.switch_locked[switch]),
            "low_voltage": kv <= 1.0 and not self.window.limits.operate_lv,
        }.get(str(rule), True)
        ends = {int(grid.switch_section_from[switch]), int(grid.switch_section_to[switch])}
        if not holds or not ends & set(self._sections(reason)):
            yield _wrong(reason, "The rule does not apply to this switch.", "该规则不适用于此开关。", {"rule": rule})

    def _leads_out(self, reason: Reason) -> bool:
        """Whether any switch joins the block to something live, whatever the rules say of it."""
        graph, inside = section_graph(self.grid), set(self._sections(reason))
        live = supply(self.grid, self.state).energised
        return any(live[graph.across(s, section)] for section in inside for s in graph.at(section))


def _wrong(reason: Reason, en: str, zh: str, evidence: Mapping[str, Any]) -> Finding:
    return Finding("certificate.claim", reason.section, Text(en=en, zh=zh), {"kind": reason.kind, **evidence})


# -------------------------------------------------------------------------------------------- ranking
@dataclass(frozen=True, slots=True)
class MissingTie:
    """A place where network would have kept customers: a tie that is short, unphased or forbidden, or one not there.

    `short_a` is the most it was ever short by; hours are summed over the plans.
    """

    kind: str
    where: str
    plans: int
    customer_hours: float
    household_hours: float
    short_a: float

    def as_json(self) -> dict[str, Any]:
        """By identities."""
        return {
            "kind": self.kind, "where": self.where, "plans": self.plans, "short_a": round(self.short_a, 3),
            "customer_hours": round(self.customer_hours, 6), "household_hours": round(self.household_hours, 6),
        }  # fmt: skip


def rank_missing_ties(certificates: Iterable[Iterable[Reason]]) -> list[MissingTie]:
    """What the dark hours of many plans ask for, dearest first; each block counts once, for its nearest remedy."""
    sums: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0, 0.0])
    for reasons in certificates:
        by_block: dict[str, list[Reason]] = defaultdict(list)
        for reason in reasons:
            if reason.kind not in ("work", "empty", "not_searched"):
                by_block[reason.section].append(reason)
        for section, choices in by_block.items():
            nearest = min(choices, key=_distance)
            total = sums[nearest.kind, str(nearest.evidence.get("tie", section))]
            total[0] += 1
            total[1] += nearest.units * nearest.hours
            total[2] += nearest.households * nearest.hours
            total[3] = max(total[3], float(nearest.evidence.get("short_a", 0.0)))
    found = [
        MissingTie(kind, where, int(plans), units, households, short)
        for (kind, where), (plans, units, households, short) in sums.items()
    ]
    return sorted(found, key=lambda each: (-each.customer_hours, -each.household_hours, each.where))


def _distance(reason: Reason) -> tuple[int, float]:
    """How far a reason is from being remedied: a phase check, a rule, some ampere, a voltage, a new tie."""
    ladder = ("not_phased", "forbidden", "tie_overload", "voltage", "no_tie")
    return ladder.index(reason.kind), float(reason.evidence.get("short_a", 0.0))
