"""The certificate computed again (转供证明复核): every claim from identities and raw tables, nothing of the search.

Blocks are the closed parts of what stays dark, beside the work and what no usable switch separates from it. Of every
block the certificate has to name each switch that leads to something live; where none of them can feed it, each tie
in reach over other dark blocks; where there is none, that there is none. So nobody dark is left out and no tie either.
A claim about a flow is solved, and the judge must confirm the solution.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np

from everlit.grid import Grid, Supply, supply
from everlit.grid.compile import Bools, Floats
from everlit.grid.flow import Flow
from everlit.grid.judge import judge
from everlit.kernel import Finding, Policies, Refusal, Text
from everlit.switching.dark_blocks import Block, DarkBlocks
from everlit.switching.isolate import Isolation
from everlit.switching.judgement import judgement
from everlit.switching.limits import limits_of
from everlit.switching.policies import NEWEST
from everlit.switching.reason import KINDS, Reason, said
from everlit.switching.window import Window, instant

FIGURE = 1e-6
"""How far a figure may be from what is computed, in A or pu, relative for large ones."""
FLOW_KINDS = ("tie_overload", "voltage", "not_searched")


def check_certificate(
    isolation: Isolation,
    reasons: Iterable[Reason],
    *,
    state: Bools,
    loads: tuple[Floats, Floats],
    policies: Policies | None = None,
    on: date = NEWEST,
    unusable: Iterable[str] = (),
    avoid_sections: Iterable[int] = (),
    starts_at: datetime | None = None,
    proven: bool = True,
) -> tuple[Finding, ...]:
    """What is wrong with a certificate; empty when all of it holds. Arguments as they were given to `transfer`.

    `state` is the one of the plan. A search that was cut short (not `proven`) may say so of a tie.
    """
    grid = isolation.grid
    p_kw, q_kvar = np.atleast_2d(loads[0]), np.atleast_2d(loads[1])
    window = Window(grid, isolation.closed_before, p_kw, q_kvar, limits_of(policies, on=on))
    banned = frozenset(grid.switch(identity) for identity in unusable)
    return checked(
        isolation, reasons, state=state, window=window, unusable=banned, avoid_sections=avoid_sections,
        starts_at=starts_at, proven=proven,
    )[1]  # fmt: skip


def checked(
    isolation: Isolation,
    reasons: Iterable[Reason],
    *,
    state: Bools,
    window: Window,
    unusable: Iterable[int] = (),
    avoid_sections: Iterable[int] = (),
    starts_at: datetime | None = None,
    proven: bool = True,
) -> tuple[tuple[Reason, ...], tuple[Finding, ...]]:
    """The reasons that hold, and what is wrong with the others and with the whole."""
    at = DarkBlocks(isolation, state, window.limits, frozenset(unusable), frozenset(avoid_sections))
    check = _Check(at, window, starts_at, proven)
    kept, findings = [], []
    for reason in reasons:
        wrong = list(check.claim(reason))
        findings.extend(wrong)
        if not wrong:
            kept.append(reason)
    return tuple(kept), (*findings, *check.missing(kept))


@dataclass(frozen=True)
class _Check:
    """The claims of one certificate, on the blocks of its plan."""

    at: DarkBlocks
    window: Window
    starts_at: datetime | None
    proven: bool

    @property
    def grid(self) -> Grid:
        return self.at.grid

    def missing(self, reasons: Iterable[Reason]) -> Iterator[Finding]:
        """Dark sections and ties about which nothing was said that holds."""
        told: dict[tuple[str, ...], Counter[str]] = {}
        for reason in reasons:
            told.setdefault(reason.sections, Counter()).update(_named(reason))
        stuck = self.at.names(self.at.stuck)
        if stuck and stuck not in told:
            yield _missing(stuck, "nothing", "无")
        for names, block in self.at.blocks.items():
            if names not in told:
                yield _missing(names, "nothing", "无")
            elif self.at.worth(block) and told[names] != self.at.asked(block):
                yield _missing(names, "not every tie, or one twice", "联络开关有缺漏或重复")

    # ------------------------------------------------------------------------------------------------ claims
    def claim(self, reason: Reason) -> Iterator[Finding]:
        """What is wrong with a reason; one that cannot be read is wrong."""
        try:
            yield from self._claim(reason)
        except (KeyError, IndexError, TypeError, ValueError, Refusal):
            yield _wrong(reason, "It names what is not there.", "引用了不存在的对象。")

    def _claim(self, reason: Reason) -> Iterator[Finding]:
        if reason.kind not in KINDS:
            yield _wrong(reason, "No such reason is known.", "未知的理由类别。")
            return
        block = self.at.stuck if reason.kind == "work" else self.at.blocks.get(reason.sections, frozenset())
        if not block or self.at.names(block) != reason.sections or reason.section != reason.sections[0]:
            yield _wrong(reason, "Its sections are no block left dark for this reason.", "所列区段与失电区块不符。")
            return
        yield from self._counts(reason, block)
        if said(reason.kind, reason.evidence) != reason.message:
            yield _wrong(reason, "Its words are not what its evidence says.", "文字与证据不符。")
        if reason.kind in ("work", "empty", "no_tie"):
            yield from self._plain(reason, block)
        elif reason.kind in FLOW_KINDS or (reason.kind == "forbidden" and "close" in reason.evidence):
            yield from self._state_claim(reason, block)
        else:
            yield from self._rule_claim(reason, block)

    def _counts(self, reason: Reason, block: Block) -> Iterator[Finding]:
        at = list(block)
        units, households = int(self.grid.section_units[at].sum()), int(self.grid.section_households[at].sum())
        figures = {"units": units, "households": households, "hours": self.window.hours}
        told = {"units": reason.units, "households": reason.households, "hours": reason.hours}
        if figures != told:
            yield _wrong(reason, "The customers or hours differ.", "户数或时长不符。", {**figures, "claimed": told})

    def _plain(self, reason: Reason, block: Block) -> Iterator[Finding]:
        """Claims without evidence."""
        if reason.evidence:
            yield _wrong(reason, "Evidence that says nothing.", "证据与理由无关。")
        if reason.kind == "empty" and self.at.worth(block):
            yield _wrong(reason, "Somebody is supplied from there.", "该处有用户。")
        if reason.kind == "no_tie" and (not self.at.worth(block) or self.at.asked(block)):
            yield _wrong(
                reason, "A switch leads to a live section, or nobody hangs there.", "存在联络开关或该处无用户。"
            )

    def _rule_claim(self, reason: Reason, block: Block) -> Iterator[Finding]:
        """A rule against one switch, whatever its flow would be."""
        switch, rule = self.grid.switch(reason.evidence["tie"]), str(reason.evidence["rule"])
        ends = self.at.graph.one[switch], self.at.graph.other[switch]
        dark = next((end for end in ends if end in self.at.dark), -1)
        holds = dark >= 0 and (
            self.at.rule(rule, switch, dark) or (rule == "backfeed" and self._too_low(switch, block))
        )
        unlike = (reason.kind == "not_phased") != (rule == "not_phased")
        if not holds or unlike or set(reason.evidence) != {"tie", "rule"}:
            yield _wrong(reason, "The rule does not apply to this switch.", "该规则不适用于此开关。", {"rule": rule})

    def _too_low(self, switch: int, block: Block) -> bool:
        """Whether power from a switch would have to rise through a transformer to reach the whole block."""
        start = {end for end in (self.at.graph.one[switch], self.at.graph.other[switch]) if end in self.at.dark}
        reached = self.at.flood(
            start, self.at.dark - self.at.inseparable,
            lambda at, there: self.at.kv(at) >= self.at.top_kv(there) and (self.at.state[at] or not self.at.fixed(at)),
        )  # fmt: skip
        return not block <= reached

    # ------------------------------------------------------------------------------------------------- flows
    def _state_claim(self, reason: Reason, block: Block) -> Iterator[Finding]:
        """A claim about the state in which the block is fed as well."""
        evidence, grid = reason.evidence, self.grid
        state = self.at.state.copy()
        close, open_ = ([grid.switch(each) for each in evidence[key]] for key in ("close", "open"))
        state[close], state[open_] = True, False
        fed = supply(grid, state)
        moved = set(np.flatnonzero(state != self.at.state).tolist())
        if not self._feeds(fed, block) or moved != {*close, *open_}:
            yield _wrong(reason, "The claimed state does not feed the block radially.", "所述方式未能辐射供电。")
            return
        if not self._leads(fed, block, grid.switch(evidence["tie"]), grid.switch(evidence["over"])):
            yield _wrong(reason, "The block is not fed over these switches.", "供电路径与所述开关不符。")
        if reason.kind == "forbidden":
            if evidence["rule"] != "no_visible_break" or not self._blind(fed) or set(evidence) != {*_WAY, "rule"}:
                yield _wrong(reason, "The rule does not apply to this switch.", "该规则不适用于此开关。")
        elif evidence.get("collapse"):
            if evidence["collapse"] is not True or set(evidence) != {*_WAY, "collapse"} or reason.kind != "voltage":
                yield _wrong(reason, "Evidence that says nothing.", "证据与理由无关。")
            if judge(grid, state, self.window.p_kw, self.window.q_kvar).converged.all():
                yield _wrong(reason, "The flow has a solution.", "潮流有解。")
        else:
            yield from self._flow_claim(reason, state)

    def _feeds(self, fed: Supply, block: Block) -> bool:
        """Whether a state feeds the block and all that the plan feeds, radially, and not the work."""
        return bool(
            not fed.looped.any()
            and fed.energised[list(block)].all()
            and fed.energised[self.at.now.energised].all()
            and not fed.energised[list(self.at.isolation.work_sections)].any()
        )

    def _leads(self, fed: Supply, block: Block, tie: int, over: int) -> bool:
        """Whether the block hangs on the live network over `tie`, and on what the plan feeds over `over`."""
        section, crossed = min(block), {}
        while section >= 0 and not self.at.isolated.energised[section]:
            above, switch = int(fed.parent_section[section]), int(fed.parent_switch[section])
            for key, live in (("tie", self.at.isolated.energised), ("over", self.at.now.energised)):
                if live[above] and not live[section]:
                    crossed[key] = switch
            section = above
        return crossed == {"tie": tie, "over": over}

    def _blind(self, fed: Supply) -> bool:
        """Whether an open switch that shows no break stands alone between a dead and a live part of the zone."""
        zone = np.zeros(self.grid.n_sections, np.bool_)
        zone[list(self.at.isolation.zone_sections)] = True
        one, other = self.grid.switch_section_from, self.grid.switch_section_to
        border = zone[one] & zone[other] & (fed.energised[one] != fed.energised[other])
        limits = self.window.limits
        shows = np.asarray(limits.visible_break) | limits.withdrawn_breaker
        return bool((border & ~shows[self.grid.switch_kind]).any())

    def _flow_claim(self, reason: Reason, state: Bools) -> Iterator[Finding]:
        """The figures of a solved state; for a tie not searched, that it keeps every limit."""
        flow = self.window.solve(state)
        if not judgement(self.window, state, flow).agrees:
            yield _wrong(reason, "The judge does not confirm the flow.", "潮流未获复核确认。")
            return
        if reason.kind == "not_searched":
            if self.proven or not self.window.verdict(flow).feasible or set(reason.evidence) != set(_WAY):
                yield _wrong(reason, "Not a reason: nothing was cut short, or a limit breaks.", "不构成理由。")
            return
        evidence = reason.evidence
        value, limit = self._computed(reason, flow)
        over = reason.kind == "tie_overload"
        figures: dict[str, float | str] = {
            "value": value,
            "limit": limit,
            "at": instant(int(evidence["step"]), self.starts_at),
        }
        extra = ("short_a", abs(evidence["value"] - evidence["limit"])) if over else ("voltage_pu", evidence["value"])
        figures[extra[0]] = extra[1]
        known = set(evidence) == {*_WAY, "branch" if over else "node", "step", *figures}
        beyond = value > limit if over else value != limit
        if not known or not beyond or not all(_close(evidence[key], of) for key, of in figures.items()):
            yield _wrong(reason, "The figures differ.", "数值不符。", {**figures, "claimed": dict(evidence)})

    def _computed(self, reason: Reason, flow: Flow) -> tuple[float, float]:
        """The value of a claim and the limit it breaks; the value twice where it breaks none."""
        grid, window, evidence, step = self.grid, self.window, reason.evidence, int(reason.evidence["step"])
        worse = window.limits.worsening
        if step < 0:
            raise IndexError(step)
        if reason.kind == "tie_overload":
            branch = self._branch(str(evidence["branch"]))
            rated, factor = float(window.rated_a[branch]), float(window.factor[branch])
            base = _current_a(window.base, branch, step)
            limit = base + worse * rated if base > factor * rated else factor * rated
            return _current_a(flow, branch, step), limit
        node = grid.node(str(evidence["node"]))
        value, base = _voltage_pu(flow, node, step), _voltage_pu(window.base, node, step)
        low, high = (float(end[node]) for end in window.voltage_ends)
        low, high = min(low, base - worse) if base < low else low, base + worse if base > high else high
        return (value, low) if value < low else (value, high) if value > high else (value, value)

    def _branch(self, identity: str) -> int:
        thing = self.grid.equipment(identity)
        first = {"lines": 0, "transformers": self.grid.n_lines, "switches": self.grid.first_switch}[thing.kind]
        return first + thing.index


_WAY = ("tie", "over", "close", "open")


def _named(reason: Reason) -> Iterator[str]:
    """The switch a reason is about."""
    if "tie" in reason.evidence:
        yield str(reason.evidence.get("over", reason.evidence["tie"]))


def _current_a(flow: Flow, branch: int, step: int) -> float:
    """Current of one branch of a flow of the whole network."""
    if branch >= flow.first_switch:
        found = np.flatnonzero(flow.switches == branch - flow.first_switch)
        return float(flow.switch_a[step, found[0]]) if len(found) else 0.0
    found = np.flatnonzero(flow.series == branch)
    return float(flow.series_a[step, found[0]]) if len(found) else 0.0


def _voltage_pu(flow: Flow, node: int, step: int) -> float:
    """Voltage of one node; what is dead counts as 1 pu, as in the limits."""
    place = int(flow.place[node])
    return float(flow.place_pu[step, place]) if place >= 0 else 1.0


def _close(claimed: Any, computed: float | str) -> bool:
    if isinstance(computed, str):
        return bool(claimed == computed)
    return bool(abs(claimed - computed) <= FIGURE * max(1.0, abs(computed)))


def _wrong(reason: Reason, en: str, zh: str, evidence: Mapping[str, Any] | None = None) -> Finding:
    return Finding("certificate.claim", reason.section, Text(en=en, zh=zh), {"kind": reason.kind, **(evidence or {})})


def _missing(names: tuple[str, ...], en: str, zh: str) -> Finding:
    text = Text(en=f"Of a dark block is said: {en}.", zh=f"失电区块的说明:{zh}。")
    return Finding("certificate.missing", names[0], text, {"sections": list(names)})
