"""Safety predicates (五防 and beyond, domain.md 6.1, 6.3, 6.4): small pure questions asked of every step on the way.

Each predicate sees one `Situation`, the state before a step, the step, the state after it, and answers with a finding or with
None. The table `PREDICATES` is the whole rulebook; together they keep one invariant: nobody can touch what may become live,
and nothing is switched that the device cannot bear. They divide the ground between them, so that each catches what no
other does.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from everlit.grid import SwitchKind
from everlit.kernel import Finding, Policy, Text
from everlit.switching.scene import Carried, Scene
from everlit.switching.state import Move, State
from everlit.switching.step import SWITCHED, Action, double_name

BREAKS_LOAD = (SwitchKind.BREAKER, SwitchKind.LOAD_BREAK_SWITCH, SwitchKind.RECLOSER, SwitchKind.SECTIONALISER)


@dataclass(frozen=True)
class Situation:
    """A step between two states of a scene."""

    scene: Scene
    before: State
    move: Move
    after: State

    @property
    def kind(self) -> SwitchKind:
        """Kind of the switch operated."""
        return SwitchKind(int(self.scene.grid.switch_kind[self.move.switch]))

    @property
    def switched(self) -> bool:
        """True when the step changes a switch position."""
        return self.move.action in SWITCHED

    @cached_property
    def carried(self) -> Carried:
        """What the device makes or breaks: the current in the state in which it is closed."""
        state = self.before if self.move.action == Action.OPEN else self.after
        return self.scene.carried(state, self.move.switch)

    @property
    def closes_between_live(self) -> bool:
        """True when a switch is closed whose two sides are both live."""
        if self.move.action != Action.CLOSE or self.move.switch in self.before.closed:
            return False
        return all(self.scene.live(self.before, block) for block in self.scene.blocks.ends(self.move.switch))

    def energised_now(self, block: int) -> bool:
        """True when the step makes this block live."""
        return self.scene.live(self.after, block) and not self.scene.live(self.before, block)


Test = Callable[[Situation], tuple[Text, dict[str, Any]] | None]


@dataclass(frozen=True, slots=True)
class Predicate:
    """One rule: its key, the clause it comes from, what it demands, and the test that answers why it is broken."""

    key: str
    clause: str
    title: Text
    test: Test

    def __call__(self, situation: Situation) -> Finding | None:
        """The finding, or None when the step keeps the rule."""
        answer = self.test(situation)
        if answer is None:
            return None
        message, evidence = answer
        return Finding(f"safety.{self.key}", situation.move.device, message, {"clause": self.clause, **evidence})


def check(situation: Situation, predicates: "Sequence[Predicate]") -> tuple[Finding, ...]:
    """Every finding of every predicate on one step."""
    found = (predicate(situation) for predicate in predicates)
    return tuple(finding for finding in found if finding is not None)


def _row(policy: Policy) -> dict[str, Any]:
    return {"policy": policy.key, "limit": policy.value, "unit": policy.unit, "confidence": policy.confidence}


# ------------------------------------------------------------------------- 1. no wrong operation (防误分误合)
def device_is_the_one_named(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """The double name read out is that of the device in the model."""
    if at.move.switch < 0 or not at.move.name:
        return None
    true_name = double_name(at.scene.grid, at.move.device)
    if at.move.name == true_name:
        return None
    text = Text(
        f"The step names {at.move.name}, the device is {true_name}.", f"步骤名称为{at.move.name}，设备为{true_name}。"
    )
    return text, {"named": at.move.name, "device": true_name}


def position_allows_it(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """The step changes something: nothing open is opened again, no earth is applied or lifted twice."""
    if at.before != at.after:
        return None
    return Text(f"{at.move.device} already is in that position.", f"{at.move.device} 已处于该位置。"), {
        "action": at.move.action.value
    }


def lock_is_respected(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """A device the network marks as locked is not operated."""
    if not at.switched or not at.scene.grid.switch_locked[at.move.switch]:
        return None
    return Text(f"{at.move.device} is locked and must not be operated.", f"{at.move.device} 已闭锁，禁止操作。"), {}


def tag_is_respected(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """A device tagged "do not close" is not closed."""
    if at.move.action != Action.CLOSE or at.move.switch not in at.before.tagged:
        return None
    return Text(f'{at.move.device} carries a "do not close" tag.', f"{at.move.device} 挂有“禁止合闸”牌。"), {}


def withdrawn_stays_open(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """A withdrawn breaker is not closed, and none is moved while it is closed."""
    name, rack = at.move.device, at.move.action in (Action.WITHDRAW, Action.INSERT)
    if at.move.action == Action.CLOSE and at.move.switch in at.before.withdrawn:
        return Text(f"{name} is withdrawn.", f"{name} 手车在检修位置。"), {}
    if rack and at.scene.closed(at.before, at.move.switch):
        return Text(f"{name} is closed and may not be moved.", f"{name} 在合位，禁止推拉手车。"), {}
    return None


# ----------------------------------------------------------------- 2. no disconnector under load (防带负荷拉合隔离开关)
def disconnector_is_without_load(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """A disconnector makes or breaks no load and no ring, only charging and no-load current within its limits."""
    if not at.switched or at.kind != SwitchKind.DISCONNECTOR:
        return None
    charging, magnetising = at.scene.row("disconnector.charging_a"), at.scene.row("disconnector.magnetising_a")
    carried = at.carried
    if (
        not carried.ring
        and carried.load_a == 0.0
        and charging.holds(carried.charging_a)
        and magnetising.holds(carried.magnetising_a)
    ):
        return None
    return _under_load(at, {**_row(charging), "magnetising_limit_a": magnetising.value})


def fuse_is_without_load(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """An MV drop-out fuse makes or breaks no more than its few amperes, and no ring."""
    if not at.switched or not _is_mv_fuse(at):
        return None
    limit, carried = at.scene.row("fuse.mv_load_a"), at.carried
    if not carried.ring and limit.holds(carried.total_a):
        return None
    return _under_load(at, _row(limit))


def _is_mv_fuse(at: Situation) -> bool:
    """A drop-out fuse; on low voltage it is a fuse-switch, which breaks its rated current."""
    kv = at.scene.grid.nominal_kv[at.scene.grid.switch_from[at.move.switch]]
    return at.kind == SwitchKind.FUSE and bool(kv >= 1.0)


def _under_load(at: Situation, limit: dict[str, Any]) -> tuple[Text, dict[str, Any]]:
    carried = at.carried
    amperes = {
        "load_a": round(carried.load_a, 3),
        "charging_a": round(carried.charging_a, 3),
        "magnetising_a": round(carried.magnetising_a, 3),
        "ring": carried.ring,
    }
    if carried.ring:
        return Text(
            f"{at.move.device} would make or break a ring current.", f"{at.move.device} 将拉合环流。"
        ), amperes | limit
    return (
        Text(
            f"{at.move.device} would make or break {carried.total_a:.1f} A; it may not under load.",
            f"{at.move.device} 将拉合 {carried.total_a:.1f} A 电流，不得带负荷操作。",
        ),
        amperes | limit,
    )


def breaking_stays_within_rating(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """A load-breaking device breaks no more than its rated current."""
    if at.move.action != Action.OPEN or at.kind == SwitchKind.DISCONNECTOR or _is_mv_fuse(at):
        return None
    rated_a, limit = float(at.scene.grid.switch_rated_a[at.move.switch]), at.scene.row("break.rating")
    if not rated_a > 0 or limit.holds(at.carried.total_a / rated_a):
        return None
    carried_a = at.carried.total_a
    text = Text(
        f"{at.move.device} would break {carried_a:.0f} A with a rating of {rated_a:.0f} A.",
        f"{at.move.device} 将开断 {carried_a:.0f} A，额定 {rated_a:.0f} A。",
    )
    return text, {"carried_a": round(carried_a, 1), "rated_a": rated_a, **_row(limit)}


# ------------------------------------------------------------------------------------- order of devices (操作顺序)
def source_side_goes_last(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """Around an open breaker the load-side disconnector opens first; the source-side one closes first (6.2)."""
    if not at.switched:
        return None
    opening = at.move.action == Action.OPEN
    mine, first = ("source", "load") if opening else ("load", "source")
    breaker, side = _side(at, at.move.switch)
    waiting = at.scene.goal_open & at.before.closed if opening else at.scene.goal_closed - at.before.closed
    partner = next((other for other in sorted(waiting) if _side(at, other) == (breaker, first)), None)
    if side != mine or partner is None:
        return None
    name = at.scene.grid.switch_id(partner)
    text = Text(
        f"{name} on the {first} side of the breaker goes before {at.move.device}.",
        f"应先操作{'负荷' if opening else '电源'}侧 {name}，再操作 {at.move.device}。",
    )
    return text, {"first": name}


def _side(at: Situation, switch: int) -> tuple[int, str]:
    """The breaker a disconnector shares an empty bay with, and its side of it; (-1, "") for anything else."""
    if at.scene.grid.switch_kind[switch] != SwitchKind.DISCONNECTOR:
        return -1, ""
    for bay in at.scene.blocks.ends(switch):
        others = [each for each in at.scene.switches_at(bay) if each != switch]
        breakers = [each for each in others if at.scene.grid.switch_kind[each] in BREAKS_LOAD]
        if len(others) == 1 and breakers:
            outside, beyond = at.scene.blocks.other_end(switch, bay), at.scene.blocks.other_end(breakers[0], bay)
            fed = at.scene.live(at.before, outside) and not at.scene.live(at.before, beyond)
            return breakers[0], "source" if fed else "load"
    return -1, ""


def low_voltage_goes_first(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """A transformer loses its LV side first and its HV side last; it gets the HV side first (6.2)."""
    if not at.switched:
        return None
    opening = at.move.action == Action.OPEN
    waiting = at.scene.goal_open & at.before.closed if opening else at.scene.goal_closed - at.before.closed
    high_low = (lambda other: (at.move.switch, other)) if opening else (lambda other: (other, at.move.switch))
    partner = next((other for other in sorted(waiting) if _feeds_through_transformer(at, *high_low(other))), None)
    if partner is None:
        return None
    name, side = at.scene.grid.switch_id(partner), ("LV", "低压") if opening else ("HV", "高压")
    text = Text(
        f"{name} on the {side[0]} side goes before {at.move.device}.",
        f"应先操作{side[1]}侧 {name}，再操作 {at.move.device}。",
    )
    return text, {"first": name}


def _feeds_through_transformer(at: Situation, high: int, low: int) -> bool:
    """True when the transformer between both switches has, or is to get, its supply through the high one alone."""
    kv, ends = at.scene.grid.nominal_kv[at.scene.grid.switch_from], at.scene.blocks.ends
    shared = set(ends(high)) & set(ends(low))
    if kv[low] >= kv[high] or not shared:
        return False
    if high not in at.before.closed:
        return not any(at.scene.live(at.before, block) for block in shared)
    return bool(shared & (at.scene.islands(at.before).beyond(high) or frozenset()))


# -------------------------------------------------------------------------------------- loop closing (合环, 6.3)
def both_sides_are_phased(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """Two live sides are joined only where every switch of the ring has a phase record (核相)."""
    if not at.closes_between_live:
        return None
    missing = [at.scene.grid.switch_id(switch) for switch in at.scene.unphased(at.before, at.move.switch)]
    if not missing:
        return None
    text = Text(
        f"{at.move.device} may not be closed hot: no phase record at {', '.join(missing)}.",
        f"{at.move.device} 禁止合环：{'、'.join(missing)} 无核相记录。",
    )
    return text, {"unphased": missing}


def vector_groups_agree(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """Two live sides are joined only where the vector groups on both paths turn alike (联结组别)."""
    if not at.closes_between_live:
        return None
    hours = at.scene.hours_apart(at.before, at.move.switch)
    if hours == 0:
        return None
    degrees = 30 * min(hours, 12 - hours)
    text = Text(
        f"The vector groups on both sides of {at.move.device} differ by {degrees}°.",
        f"{at.move.device} 两侧联结组别相差 {degrees}°,禁止合环。",
    )
    return text, {"degrees": degrees}


def loop_test_has_passed(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """Two live sides, phased and turned alike, are joined only where every check of the loop test passes at this time."""
    if not at.closes_between_live or at.scene.unphased(at.before, at.move.switch):
        return None
    if at.scene.hours_apart(at.before, at.move.switch):
        return None
    failed = at.scene.hot_test(at.scene, at.before, at.move.switch)
    if not failed:
        return None
    text = Text(
        f"{at.move.device} may not be closed hot: " + "; ".join(finding.message.en for finding in failed),
        f"{at.move.device} 不得合环：" + "；".join(finding.message.zh for finding in failed),
    )
    return text, {"failed": [finding.kind for finding in failed]}


def reclosing_is_off_while_paralleled(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """Reclosing of every feeder in the loop is disabled while two live sides are joined."""
    if at.move.action == Action.RECLOSING_ON:
        wanted, state = frozenset({at.move.feeder}), at.after
        if at.before.paralleled_since is None:
            return None
    elif at.closes_between_live:
        wanted, state = loop_feeders(at.scene, at.before, at.move.switch), at.before
    else:
        return None
    missing = sorted(wanted - state.reclosing_off)
    if not missing:
        return None
    names = [str(at.scene.grid.feeder_ids[feeder].as_py()) for feeder in missing]
    text = Text(f"Reclosing of {', '.join(names)} is still enabled.", f"{'、'.join(names)} 重合闸未停用。")
    return text, {"feeders": names}


def nothing_is_disturbed(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """Two live sides are joined only when the dispatcher has just said that neither has an earth fault."""
    if not at.closes_between_live or at.move.switch in at.before.undisturbed:
        return None
    return Text(
        f"Nobody confirmed that both sides of {at.move.device} are free of earth faults.",
        f"{at.move.device} 两侧有无接地故障未经调度确认。",
    ), {}


def loop_feeders(scene: Scene, state: State, switch: int) -> frozenset[int]:
    """The feeders on both sides of a switch."""
    feeder = scene.supply(state).feeder
    sections = (scene.grid.switch_section_from[switch], scene.grid.switch_section_to[switch])
    return frozenset(int(feeder[section]) for section in sections if feeder[section] >= 0)


def parallel_is_short(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """A parallel lasts no longer than its limit."""
    limit, since = at.scene.row("loop.max_time"), at.before.paralleled_since
    if since is None or limit.holds(at.move.at_min - since):
        return None
    lasted = at.move.at_min - since
    text = Text(f"Two live sides stay joined for {lasted:.0f} min.", f"合环运行 {lasted:.0f} 分钟，超过限值。")
    return text, {"minutes": lasted, **_row(limit)}


# --------------------------------------------------- 3, 4. earths and energising (防带电挂接地线, 防带接地线合闸)
def voltage_test_finds_nothing(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """A place is proven dead only where it is dead."""
    if at.move.action != Action.TEST or not at.scene.live(at.before, at.scene.blocks.of_node(at.move.node)):
        return None
    return Text(
        f"{at.move.device} is live, the test will show voltage.", f"{at.move.device} 带电，验电将显示有电。"
    ), {}


def earth_is_not_on_live(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """No earth is applied to what is live."""
    if at.move.action != Action.EARTH or not at.scene.live(at.before, at.scene.blocks.of_node(at.move.node)):
        return None
    return Text(f"{at.move.device} is live.", f"{at.move.device} 带电，禁止挂接地线。"), {}


def earth_is_proven_dead(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """An earth on what is dead follows a voltage test at the same place."""
    if at.move.action != Action.EARTH or at.move.node in at.before.tested:
        return None
    if at.scene.live(at.before, at.scene.blocks.of_node(at.move.node)):
        return None
    return Text(f"{at.move.device} was not proven dead.", f"{at.move.device} 未验电。"), {}


def earthed_is_behind_visible_breaks(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """Between an earth and every infeed stands a visible break, in every state."""
    for node in sorted(at.after.earths):
        block = at.scene.blocks.of_node(node)
        hidden = at.scene.hidden_infeed(at.after, block)
        if hidden is not None and not (node in at.before.earths and at.scene.hidden_infeed(at.before, block)):
            name, earth = at.scene.grid.switch_id(hidden[0]), at.scene.grid.node_id(node)
            text = Text(
                f"Between the earth at {earth} and an infeed only {name} is open, no visible break.",
                f"{earth} 接地与来电侧之间仅有 {name} 断开，无明显断开点。",
            )
            return text, {"switch": name, "earth": earth}
    return None


def nothing_earthed_becomes_live(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """No step energises onto an earth."""
    for node in sorted(at.before.earths):
        if at.energised_now(at.scene.blocks.of_node(node)):
            name = at.scene.grid.node_id(node)
            return Text(
                f"{at.move.device} would energise onto the earth at {name}.",
                f"{at.move.device} 将带接地线({name})合闸。",
            ), {"earth": name}
    return None


def generators_are_disconnected(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """What is joined to an earth or a permit holds no generator that nobody confirmed disconnected (反送电, 6.4)."""
    new = set(_feeding(at.scene, at.after)) - set(_feeding(at.scene, at.before))
    if not new:
        return None
    names = _generator_names(at, new)
    text = Text(
        f"{', '.join(names)} could feed back: not confirmed disconnected.",
        f"{'、'.join(names)} 可能反送电，未确认断开。",
    )
    return text, {"generators": names}


def _feeding(scene: Scene, state: State) -> tuple[int, ...]:
    """Generators that could feed into an earth or a permit area."""
    seeds = {scene.blocks.of_node(node) for node in state.earths}
    seeds |= {block for _, area in state.permits for block in scene.blocks.of_sections(area)}
    return scene.generators(state, scene.zone(state, seeds))


def _generator_names(at: Situation, rows: Iterable[int]) -> list[str]:
    column = at.scene.grid.network.tables["generators"].column("generator_id")
    return [str(column[row].as_py()) for row in sorted(rows)]


def island_is_known_dead(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """Nothing live is closed onto an island that a generator may be keeping alive (5.2)."""
    if at.move.action != Action.CLOSE:
        return None
    can_island = at.scene.grid.network.tables["generators"].column("can_island")
    waking = [
        block for block in at.scene.zone(at.after, at.scene.blocks.ends(at.move.switch)) if at.energised_now(block)
    ]
    awake = [row for row in at.scene.generators(at.before, waking) if can_island[row].as_py()]
    if not awake:
        return None
    names = _generator_names(at, awake)
    text = Text(
        f"{', '.join(names)} may keep the island alive: not confirmed disconnected.",
        f"{'、'.join(names)} 可能维持孤岛运行，未确认断开。",
    )
    return text, {"generators": names}


# ------------------------------------------------------------------------ 5. permits (防误入带电间隔, 工作许可)
def permit_area_is_dead(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """A permit is issued only for what is dead."""
    if at.move.action != Action.PERMIT:
        return None
    live = [
        section
        for section in sorted(at.move.area)
        if at.scene.live(at.before, int(at.scene.blocks.of_section[section]))
    ]
    if not live:
        return None
    names = [at.scene.grid.section_name(section) for section in live]
    return Text(f"{', '.join(names)} is live.", f"{'、'.join(names)} 带电，不得许可工作。"), {"live": names}


def permit_is_earthed_on_all_sides(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """While a permit is out, an earth of that voltage stands at every open point supply could come through (各来电侧)."""
    return _permits_guarded(at, _point_without_earth, ("No earth stands inside {}.", "{} 来电侧未接地。"))


def permit_is_tagged_on_all_sides(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """While a permit is out, a locked and tagged open point stands between it and every infeed."""
    return _permits_guarded(at, _point_without_tag, ("{} is not tagged.", "{} 未加锁挂牌。"))


def _permits_guarded(
    at: Situation, unguarded: Callable[[Scene, State, frozenset[int]], int | None], words: tuple[str, str]
) -> tuple[Text, dict[str, Any]] | None:
    """The first permit over a dead area that this step leaves unguarded at some open point."""
    for name, area in sorted(at.after.permits, key=lambda permit: permit[0]):
        members = at.scene.blocks.of_sections(area)
        switch = unguarded(at.scene, at.after, members)
        stood = (name, area) in at.before.permits and unguarded(at.scene, at.before, members) is not None
        if switch is not None and not stood and not any(at.scene.live(at.after, block) for block in members):
            point = at.scene.grid.switch_id(switch)
            text = Text(words[0].format(point), words[1].format(point))
            return text, {"permit": name, "switch": point}
    return None


def _point_without_tag(scene: Scene, state: State, members: frozenset[int]) -> int | None:
    return scene.untagged_infeed(state, scene.zone(state, members))


def _point_without_earth(scene: Scene, state: State, members: frozenset[int]) -> int | None:
    points = scene.infeed_points(state, scene.zone(state, members))
    return next((switch for switch, block in points if not _earthed_beside(scene, state, switch, block)), None)


def _earthed_beside(scene: Scene, state: State, switch: int, block: int) -> bool:
    grid = scene.grid
    ends = (int(grid.switch_from[switch]), int(grid.switch_to[switch]))
    inside = next(node for node in ends if scene.blocks.of_node(node) == block)
    return any(
        grid.section_of_node[earth] == grid.section_of_node[inside]
        and grid.nominal_kv[earth] == grid.nominal_kv[inside]
        for earth in state.earths
    )


def nothing_under_permit_becomes_live(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """No step energises what people may be touching."""
    for name, area in sorted(at.before.permits, key=lambda permit: permit[0]):
        if any(at.energised_now(block) for block in at.scene.blocks.of_sections(area)):
            text = Text(
                f"{at.move.device} would energise the area of permit {name}.",
                f"{at.move.device} 将使工作许可 {name} 范围带电。",
            )
            return text, {"permit": name}
    return None


# ------------------------------------------------------------------------------------- loading and voltage (3.3.3)
def flow_stays_within_limits(at: Situation) -> tuple[Text, dict[str, Any]] | None:
    """No branch is overloaded and no voltage leaves its band while switching."""
    if not at.switched:
        return None
    found = at.scene.flow_test(at.scene, at.after)
    if not found:
        return None
    text = Text("; ".join(finding.message.en for finding in found), "；".join(finding.message.zh for finding in found))
    return text, {"findings": [finding.as_json() for finding in found]}


PREDICATES: tuple[Predicate, ...] = (
    Predicate("device_name", "6.1.1, 6.2", Text("The device operated is the one named.", "设备双重名称相符"), device_is_the_one_named),
    Predicate("position", "6.1.1", Text("The position allows the step.", "设备位置允许操作"), position_allows_it),
    Predicate("locked", "6.1", Text("Locked devices are not operated.", "闭锁设备禁止操作"), lock_is_respected),
    Predicate("tagged", "6.1.4", Text("Tagged devices are not closed.", "挂牌设备禁止合闸"), tag_is_respected),
    Predicate("withdrawn", "6.1.1", Text("Withdrawn breakers stay open.", "手车在检修位置禁止合闸"), withdrawn_stays_open),
    Predicate("disconnector_load", "6.1.2", Text("No disconnector under load.", "防止带负荷拉合隔离开关"), disconnector_is_without_load),
    Predicate("fuse_load", "6.1.2", Text("No MV fuse under load.", "防止带负荷拉合跌落式熔断器"), fuse_is_without_load),
    Predicate("breaking_rating", "6.1.2", Text("Devices break no more than their rating.", "开断电流不超过额定"), breaking_stays_within_rating),
    Predicate("source_side_last", "6.2", Text("Load side before source side.", "先负荷侧后电源侧"), source_side_goes_last),
    Predicate("lv_first", "6.2", Text("LV side before HV side.", "先低压后高压"), low_voltage_goes_first),
    Predicate("phased", "6.3", Text("No parallel without a phase record.", "未核相禁止合环"), both_sides_are_phased),
    Predicate("vector_group", "6.1, 6.3", Text("No parallel of different vector groups.", "联结组别不同禁止合环"), vector_groups_agree),
    Predicate("loop_test", "6.3", Text("No parallel without a passed loop test.", "合环校核通过方可合环"), loop_test_has_passed),
    Predicate("reclosing_off", "6.3", Text("Reclosing is off while paralleled.", "合环期间停用重合闸"), reclosing_is_off_while_paralleled),
    Predicate("undisturbed", "6.3", Text("No parallel on an earth fault.", "接地故障时禁止合环"), nothing_is_disturbed),
    Predicate("parallel_time", "6.3", Text("Parallels are short.", "合环时间不超过限值"), parallel_is_short),
    Predicate("test_live", "6.1.3", Text("Voltage tests are made on dead parts.", "验电处应无电"), voltage_test_finds_nothing),
    Predicate("earth_live", "6.1.3", Text("No earth on live parts.", "防止带电挂接地线"), earth_is_not_on_live),
    Predicate("earth_tested", "6.1.3", Text("No earth without a voltage test.", "验电后方可接地"), earth_is_proven_dead),
    Predicate("earth_visible_break", "6.1.3", Text("Visible breaks around every earth.", "接地须有明显断开点"), earthed_is_behind_visible_breaks),
    Predicate("energise_earth", "6.1.4", Text("No energising onto an earth.", "防止带接地线合闸"), nothing_earthed_becomes_live),
    Predicate("back_feed", "6.4", Text("No back-feed into earth or permit.", "防止反送电"), generators_are_disconnected),
    Predicate("island", "5.2", Text("No closing onto a generator's island.", "禁止向孤岛合闸"), island_is_known_dead),
    Predicate("permit_dead", "6.1.5", Text("Permits only for dead parts.", "防止误入带电间隔"), permit_area_is_dead),
    Predicate("permit_earthed", "6.1.5", Text("Permits only between earths.", "各来电侧接地后方可许可"), permit_is_earthed_on_all_sides),
    Predicate("permit_tagged", "6.1.5", Text("Permits only between tagged open points.", "断开点挂牌后方可许可"), permit_is_tagged_on_all_sides),
    Predicate("energise_permit", "6.1.4", Text("No energising onto a permit.", "工作未终结禁止送电"), nothing_under_permit_becomes_live),
    Predicate("flow", "3.3.3, 7.1", Text("Loading and voltage stay within limits.", "负载与电压不越限"), flow_stays_within_limits),
)  # fmt: skip


def predicate(key: str) -> Predicate:
    """The predicate of that key; KeyError when there is none."""
    return {row.key: row for row in PREDICATES}[key]
