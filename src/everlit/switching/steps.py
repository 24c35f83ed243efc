"""Ordering the steps (编制操作票): from the goal positions to an operation ticket that is safe in every state on the way.

    out    transfer and isolate ─ withdraw ─ confirm generators ─ prove dead, earth, tag at each open point ─ permit
    back   permit returned ─ unearth, untag ─ insert ─ energise and transfer back ─ release generators

The switching part is searched over all safe orders (`route`): make-before-break where the loop test of the tie passes at that
time, else open first and close then, a cold transfer (冷倒) with its short interruption. A disconnector or fuse that may not
move under load brings in the load-breaking switches around it. When nothing is safe the refusal names predicate and step.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

import numpy as np

from everlit.grid import Grid, SwitchKind, supply
from everlit.grid.compile import Bools, Ints
from everlit.grid.compiled import UnableToFindEquipment
from everlit.kernel import Finding, Policies, Refusal, Text
from everlit.switching.blocks import blocks
from everlit.switching.chains import Link, merged
from everlit.switching.flows import Loads, StateFlows, nameplate
from everlit.switching.loop import Disturbed, HotTies
from everlit.switching.policies import NEWEST, Rulebook, rulebook
from everlit.switching.route import Draft, Route, Search, drafted
from everlit.switching.safety import BREAKS_LOAD, PREDICATES
from everlit.switching.scene import Scene, resolved, scene
from everlit.switching.simulate import Trace, rehearse
from everlit.switching.state import State
from everlit.switching.step import SWITCHED, Action, Phase, Step, double_name, is_remote
from everlit.switching.step_flow import StepFlows
from everlit.switching.ticket import TASKS, Direction, Ticket, Tickets
from everlit.switching.work import IsolationLike, Work, work_of

EXACT_SWITCHES = 10
"""Parts with more switches than this are ordered greedily."""
EXACT_LIMIT = 400
GREEDY_LIMIT = 400
"""Vertices expanded before a search is given up."""
MOST_HELPERS = 12
JOINT_SWITCHES = 6
"""Up to this many switches, parts whose woven order is not proven are searched all at once."""


class UnableToOrder(Refusal):
    """No safe order of the steps exists (or none was found within bounds); the findings name predicate and step."""

    title = Text(en="No safe order of switching steps was found.", zh="无法编制安全的操作顺序。")


@dataclass(frozen=True)
class Ask:
    """What is asked of an ordering."""

    grid: Grid
    start: Bools
    goal: Bools
    work: Work | None
    direction: Direction
    held: State | None
    rules: Rulebook
    hot_ties: HotTies
    limits: StepFlows

    @property
    def loads(self) -> Loads:
        """The loads the steps are judged on."""
        return self.hot_ties.flows.loads

    def rehearsed(self, steps: Iterable[Step], *, checked: bool) -> Trace:
        """The steps simulated from the start, with every predicate or with none."""
        return rehearse(
            self.grid, self.start, steps, rules=self.rules, loads=self.loads, hot_ties=self.hot_ties, state=self.held,
            limits=self.limits if checked else StepFlows(), predicates=PREDICATES if checked else (),
        )  # fmt: skip


def order_steps(
    grid: Grid,
    start: Bools,
    goal: Bools,
    *,
    work: Work | IsolationLike | None = None,
    direction: Direction = Direction.OUT,
    held: State | None = None,
    loads: Loads | None = None,
    policies: Policies | None = None,
    on: date = NEWEST,
    task: Text | None = None,
    disturbed: Disturbed = None,
) -> Ticket:
    """The ticket from positions `start` to `goal`; raises UnableToOrder.

    With `work` the way out ends with the permit, and the way back begins with its return: `held` is then the state the way
    out ended in (`simulate(…).final`). `loads` are the quarter-hours of the switching; without them nameplate loads
    decide what a device may break, and loading is not checked. `disturbed` are the feeders with an earth fault or an
    abnormal neutral: no tie of theirs is closed hot. Whatever was said, the ticket asks again before each hot closing.
    """
    _refuse_unknown(grid, disturbed)
    flows = StateFlows(grid, nameplate(grid) if loads is None else loads)
    limits = StepFlows(None if loads is None else flows)
    job = work if work is None or isinstance(work, Work) else work_of(work)
    ask = Ask(grid, start, goal, job, direction, held, rulebook(policies, on=on), HotTies(flows, disturbed), limits)
    return _ticket(ask, task)


def _refuse_unknown(grid: Grid, disturbed: Disturbed) -> None:
    strange = sorted(set(disturbed or ()) - set(grid.feeder_ids.to_pylist()))
    if strange:
        names = ", ".join(strange)
        text = Text(f"No feeders called {names}.", f"没有馈线 {names}。")
        raise UnableToFindEquipment(Finding("equipment.unknown", strange[0], text, {"feeders": strange}))


def order_job(
    grid: Grid,
    start: Bools,
    goal: Bools,
    *,
    work: Work | IsolationLike | None = None,
    loads: Loads | None = None,
    loads_back: Loads | None = None,
    policies: Policies | None = None,
    on: date = NEWEST,
    disturbed: Disturbed = None,
) -> Tickets:
    """The tickets of a job, out to `goal` and back to `start`; raises UnableToOrder. Arguments as in `order_steps`."""
    _refuse_unknown(grid, disturbed)
    rules, job = rulebook(policies, on=on), work if work is None or isinstance(work, Work) else work_of(work)
    flows = StateFlows(grid, nameplate(grid) if loads is None else loads)
    way_out = Ask(
        grid, start, goal, job, Direction.OUT, None, rules, HotTies(flows, disturbed),
        StepFlows(None if loads is None else flows),
    )  # fmt: skip
    out = _ticket(way_out, None)
    held = way_out.rehearsed(out.steps, checked=False).final
    if loads_back is not None:
        flows = StateFlows(grid, loads_back)
    limits = StepFlows(None if loads is None and loads_back is None else flows)
    back = Ask(grid, goal, start, job, Direction.BACK, held, rules, HotTies(flows, disturbed), limits)
    return Tickets(out, _ticket(back, None))


def _ticket(ask: Ask, task: Text | None) -> Ticket:
    order = _ordered(ask)
    timed = _timed(ask, order.steps)
    _prove(ask, timed)
    return Ticket(
        ask.direction, task or task_of(ask.direction, ask.work), timed, unit_min=order.units, household_min=order.households,
        proven=order.proven, examined=order.examined,
    )  # fmt: skip


def task_of(direction: Direction, work: Work | None) -> Text:
    """The task as the head of the ticket states it."""
    if work is None:
        return (
            Text("Change the supply of customers", "调整运行方式")
            if direction is Direction.OUT
            else Text("Restore the former supply", "恢复原运行方式")
        )
    general = TASKS[direction]
    return Text(f"{general.en}: {work.label}", f"{general.zh}：{work.label}")


@dataclass(frozen=True)
class Order:
    """The switching part: its steps, customers interrupted times minutes, whether proven least, vertices examined."""

    steps: tuple[Step, ...]
    units: float
    households: float
    proven: bool
    examined: int


# ------------------------------------------------------------------------------------------------- the whole ticket
def _ordered(ask: Ask) -> Order:
    """Steps without numbers and times."""
    if ask.direction is Direction.BACK:
        at = _scene(ask, _diff(ask))
        opening = () if ask.work is None else tuple(_return(at, at.begin(ask.held), ask.work))
        here = _after(at, at.begin(ask.held), opening)
        order = _switching(ask, here)
        return replace(order, steps=(*opening, *order.steps))
    order = _switching(ask, ask.held)
    at = _scene(ask, _diff(ask))
    done = _after(at, at.begin(ask.held), order.steps)
    closing = () if ask.work is None else tuple(_permit(at, done, ask.work))
    return replace(order, steps=(*order.steps, *closing))


def _diff(ask: Ask) -> frozenset[int]:
    return frozenset(np.flatnonzero(ask.start != ask.goal).tolist())


def _scene(ask: Ask, touched: Iterable[int]) -> Scene:
    guards = () if ask.work is None else ask.work.guards
    held = frozenset[int]() if ask.held is None else ask.held.tagged | ask.held.withdrawn
    return scene(
        ask.grid, ask.start, {*touched, *guards, *held}, rules=ask.rules, loads=ask.loads,
        hot_test=ask.hot_ties, flow_test=ask.limits, goal=ask.goal,
    )  # fmt: skip


def _after(at: Scene, state: State, steps: Iterable[Step]) -> State:
    for step in steps:
        state = at.after(state, resolved(at.grid, step))
    return state


# -------------------------------------------------------------------------------------------------- switching part
def _switching(ask: Ask, held: State | None) -> Order:
    """Parts of the network that do not touch each other are ordered alone and woven together; else all at once."""
    parts = _parts(ask)
    woven = _woven(ask, held, parts) if len(parts) > 1 else None
    if woven is not None and (woven.proven or len(_diff(ask)) > JOINT_SWITCHES):
        return woven
    route = _searched(ask, held)
    steps = tuple(_phased(ask, draft.step) for draft in route.end.route())
    return Order(steps, route.end.cost[0], route.end.cost[1], route.proven, route.examined)


def _parts(ask: Ask) -> list[frozenset[int]]:
    """Switches that differ, grouped: two belong together when a block that has no infeed of its own borders both."""
    joined = blocks(ask.grid, ask.start, _diff(ask))
    group = {switch: {switch} for switch in joined.touched}
    for block, switches in joined.at.items():
        if joined.sources[block] == 0:
            together = set().union(*(group[switch] for switch in switches))
            group.update(dict.fromkeys(together, together))
    return sorted({frozenset(members) for members in group.values()}, key=min)


def _woven(ask: Ask, held: State | None, parts: Sequence[frozenset[int]]) -> Order | None:
    """Each part searched alone from the start, then all merged; None where the parts disturb each other after all.

    No order can interrupt fewer than the parts do alone, so a merged order that costs no more is proven.
    """
    try:
        alone = [_searched(_part_of(ask, ask.start, part), held) for part in parts]
    except UnableToOrder:
        return None
    steps = tuple(
        _phased(ask, draft.step) for link in merged([_links(route) for route in alone]) for draft in link.content
    )
    if replace(ask, held=held).rehearsed(_clocked(steps), checked=True).violations:
        return None
    units, households = _cost(ask, held, steps)
    bound = [sum(route.end.cost[kind] for route in alone) for kind in (0, 1)]
    proven = bool(np.allclose([units, households], bound)) and all(route.proven for route in alone)
    return Order(steps, units, households, proven, sum(route.examined for route in alone))


def _part_of(ask: Ask, start: Bools, part: frozenset[int]) -> Ask:
    goal = start.copy()
    goal[list(part)] = ask.goal[list(part)]
    return replace(ask, start=start, goal=goal)


def _links(route: Route) -> list[Link[tuple[Draft, ...]]]:
    """The hops of a route, those of one parallel taken together."""
    links: list[Link[tuple[Draft, ...]]] = []
    drafts: tuple[Draft, ...] = ()
    before = _scalar(route.search.weight(route.search.start))
    for _, hop in route.end.hops():
        drafts += hop.drafts
        if hop.state.paralleled_since is None or hop.state.closed == route.end.state.closed:
            after = _scalar(route.search.weight(hop.state))
            links.append(Link(drafts, sum(draft.step.minutes for draft in drafts), before - after))
            drafts, before = (), after
    return links


def _scalar(weight: tuple[float, float]) -> float:
    """Units first, households second, as one number."""
    return weight[0] * 1e7 + weight[1]


def _clocked(steps: Sequence[Step]) -> list[Step]:
    """Steps with the minute each is done, travel left out."""
    minute, clocked = 0.0, []
    for step in steps:
        minute += step.minutes
        clocked.append(replace(step, at_min=minute))
    return clocked


def _cost(ask: Ask, held: State | None, steps: Sequence[Step]) -> tuple[float, float]:
    """Unit-minutes and household-minutes without supply, of those that are live before or after."""
    states = replace(ask, held=held).rehearsed(_clocked(steps), checked=False).states
    counted = states[0].energised | states[-1].energised
    units = households = 0.0
    for step, state in zip(steps, states, strict=False):
        dead = counted & ~state.energised
        units += step.minutes * float(ask.grid.section_units[dead].sum())
        households += step.minutes * float(ask.grid.section_households[dead].sum())
    return units, households


def _searched(ask: Ask, held: State | None) -> Route:
    """The search, first over the switches that differ, then with the load-breaking switches around refused devices."""
    differing, helpers = _diff(ask), frozenset[int]()
    while True:
        at = _scene(ask, differing | helpers)
        start = at.begin(held)
        goal = (start.closed - at.goal_open) | at.goal_closed
        switches = tuple(sorted(differing | helpers))
        search = Search(at, start, goal, switches)
        route = search.exact(limit=EXACT_LIMIT) if len(switches) <= EXACT_SWITCHES else None
        if route is None and (len(switches) > EXACT_SWITCHES or search.cut_short):
            search = Search(at, start, goal, switches, one_loop=True)
            route = search.greedy(limit=GREEDY_LIMIT)
        if route is not None:
            return route
        more = _helpers(ask, search.refused) - differing - helpers
        if not more or len(helpers) > MOST_HELPERS:
            raise UnableToOrder(*_nearest(search.refused, ask))
        helpers |= more


def _nearest(refused: dict[int, list[Finding]], ask: Ask) -> tuple[Finding, ...]:
    """Why it went no further, told of the states nearest to the goal."""
    if refused:
        return tuple(refused[min(refused)])
    subject = ask.grid.switch_id(min(_diff(ask), default=0))
    text = Text("The search was given up before any order was found.", "搜索在找到可行顺序之前终止。")
    return (Finding("order.given_up", subject, text),)


def _helpers(ask: Ask, refused: dict[int, list[Finding]]) -> frozenset[int]:
    """Load-breaking switches beside devices that may not move under load: what feeds them, and what they feed."""
    kinds = ("safety.disconnector_load", "safety.fuse_load", "safety.breaking_rating")
    stuck = {ask.grid.switch(each.subject) for found in refused.values() for each in found if each.kind in kinds}
    forests = [supply(ask.grid, ask.start), supply(ask.grid, ask.goal)]
    found: set[int] = set()
    for switch in stuck:
        for forest in forests:
            found.update(_beside(ask.grid, forest.parent_switch, forest.parent_section, switch))
    return frozenset(found)


def _beside(grid: Grid, parent_switch: Ints, parent: Ints, switch: int) -> Iterator[int]:
    ends = (int(grid.switch_section_from[switch]), int(grid.switch_section_to[switch]))
    below = next((end for end in ends if parent_switch[end] == switch), -1)
    section = int(parent[below]) if below >= 0 else max(ends, key=lambda end: int(parent_switch[end]))
    while parent_switch[section] >= 0:
        above = int(parent_switch[section])
        if grid.switch_kind[above] in BREAKS_LOAD and not grid.switch_locked[above]:
            yield above
            break
        section = int(parent[section])
    if below >= 0:
        fed = [int(each) for each in np.flatnonzero(parent == below)]
        under = [int(parent_switch[section]) for section in fed]
        usable = [
            each
            for each in under
            if grid.switch_kind[each] in (*BREAKS_LOAD, SwitchKind.FUSE) and not grid.switch_locked[each]
        ]
        if len(usable) <= 4:
            yield from usable


def _phased(ask: Ask, step: Step) -> Step:
    if ask.direction is Direction.BACK:
        return replace(step, phase=Phase.RESTORE)
    guards = () if ask.work is None else ask.work.guards
    guarding = step.action in SWITCHED and ask.grid.switch(step.device) in guards
    return replace(step, phase=Phase.ISOLATE if guarding else Phase.TRANSFER)


# ------------------------------------------------------------------------------------------ earths, tags, permits
def _permit(at: Scene, state: State, work: Work) -> Iterator[Step]:
    """Withdraw, confirm generators, then place by place prove dead, earth and tag; last the permit."""
    area = at.blocks.of_sections(work.sections)
    guarded = _guarded(at, state, area, work.guards)
    points = at.infeed_points(guarded, at.zone(guarded, area))
    places = _earth_places(at, points)
    for switch in _to_withdraw(at, guarded, area, places):
        yield replace(drafted(at, Action.WITHDRAW, at.grid.switch_id(switch)), phase=Phase.ISOLATE)
    seeds = area | {at.blocks.of_node(node) for _, node in places.values()}
    column = at.grid.network.tables["generators"].column("generator_id")
    for row in at.generators(guarded, at.zone(guarded, seeds)):
        yield replace(drafted(at, Action.GENERATOR_OFF, str(column[row].as_py())), phase=Phase.PERMIT)
    yield from _place_by_place(at, guarded, places)
    yield Step(
        Action.PERMIT, work.name, work.label, phase=Phase.PERMIT, minutes=at.rules.value("minutes.permit"),
        area=tuple(at.grid.section_name(section) for section in sorted(work.sections)),
    )  # fmt: skip


def _guarded(at: Scene, state: State, area: frozenset[int], guards: Iterable[int]) -> State:
    """The state with every tag hung: the guards, and any further open point that would leave a way in."""
    state = replace(state, tagged=state.tagged | {switch for switch in guards if not at.closed(state, switch)})
    while (switch := at.untagged_infeed(state, at.zone(state, area))) is not None:
        state = replace(state, tagged=state.tagged | {switch})
    return state


def _earth_places(at: Scene, points: Iterable[tuple[int, int]]) -> dict[int, tuple[str, int]]:
    """Where to earth inside each open point: an earthing switch of that section and voltage, else a portable earth."""
    grid, places = at.grid, {}
    for switch, block in points:
        ends = (int(grid.switch_from[switch]), int(grid.switch_to[switch]))
        inside = next(node for node in ends if at.blocks.of_node(node) == block)
        fixed = [
            (str(grid.earth_ids[row].as_py()), int(node))
            for row, node in enumerate(grid.earth_node)
            if grid.section_of_node[node] == grid.section_of_node[inside]
            and grid.nominal_kv[node] == grid.nominal_kv[inside]
        ]
        places[switch] = fixed[0] if fixed else (grid.node_id(inside), inside)
    return places


def _to_withdraw(at: Scene, state: State, area: frozenset[int], places: dict[int, tuple[str, int]]) -> list[int]:
    """Open breakers without a visible break that stand alone between an earth and an infeed (拉至检修位置)."""
    found: list[int] = []
    seeds = sorted(area | {at.blocks.of_node(node) for _, node in places.values()})
    while True:
        hidden = next((each for block in seeds if (each := at.hidden_infeed(state, block)) is not None), None)
        if hidden is None or SwitchKind(int(at.grid.switch_kind[hidden[0]])) is not SwitchKind.BREAKER:
            return found
        found.append(hidden[0])
        state = replace(state, withdrawn=state.withdrawn | {hidden[0]})


def _place_by_place(at: Scene, guarded: State, places: dict[int, tuple[str, int]]) -> Iterator[Step]:
    earthed: set[str] = set()
    for switch in sorted(guarded.tagged | set(places)):
        device, node = places.get(switch, ("", -1))
        if device and device not in earthed:
            earthed.add(device)
            name = double_name(at.grid, at.grid.switch_id(switch))
            portable = device == at.grid.node_id(node)
            kind = Text("portable earth", "接地线") if portable else Text("earthing switch", "接地刀闸")
            note = Text(f"{kind.en}, work side of {name}", f"{kind.zh}，{name} 工作侧")
            yield replace(
                drafted(at, Action.TEST, device),
                phase=Phase.PERMIT,
                note=Text(f"work side of {name}", f"{name} 工作侧"),
            )
            yield replace(drafted(at, Action.EARTH, device), phase=Phase.PERMIT, note=note)
        if switch in guarded.tagged:
            yield replace(drafted(at, Action.TAG, at.grid.switch_id(switch)), phase=Phase.PERMIT)


def _return(at: Scene, state: State, work: Work) -> Iterator[Step]:
    """The permit comes back, then every earth and tag goes, then withdrawn breakers return."""
    area = tuple(at.grid.section_name(section) for section in sorted(work.sections))
    minutes = at.rules.value("minutes.permit")
    yield Step(Action.RETURN, work.name, work.label, phase=Phase.RETURN, minutes=minutes, area=area)
    fixed = {int(node): str(at.grid.earth_ids[row].as_py()) for row, node in enumerate(at.grid.earth_node)}
    for node in sorted(state.earths):
        yield replace(drafted(at, Action.UNEARTH, fixed.get(node, at.grid.node_id(node))), phase=Phase.RETURN)
    for switch in sorted(state.tagged):
        yield replace(drafted(at, Action.UNTAG, at.grid.switch_id(switch)), phase=Phase.RETURN)
    for switch in sorted(state.withdrawn):
        yield replace(drafted(at, Action.INSERT, at.grid.switch_id(switch)), phase=Phase.RETURN)


# --------------------------------------------------------------------------------------------------------- timing
def _timed(ask: Ask, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Numbers and minutes: crews travel between manual steps, but stand ready before anybody waits for them.

    While customers who keep their supply are off, or two feeders are paralleled, nobody travels: whatever travel the
    steps of such a run need is done before its first step. Nor does anybody between the dispatcher's word and the closing
    it was asked for.
    """
    travel = _travel(ask, steps)
    waiting = _waiting(ask, steps)
    for index in range(len(steps) - 1, 0, -1):
        if waiting[index] or steps[index - 1].action is Action.UNDISTURBED:
            travel[index - 1], travel[index] = travel[index - 1] + travel[index], 0.0
    minute, timed = 0.0, []
    for number, (step, way) in enumerate(zip(steps, travel, strict=True), start=1):
        minute += way + step.minutes
        timed.append(replace(step, number=number, travel_min=way, at_min=round(minute, 6)))
    return tuple(timed)


def _travel(ask: Ask, steps: tuple[Step, ...]) -> list[float]:
    """Travel before each step: at every change of place between steps done on site."""
    minutes, near_m = ask.rules.value("minutes.travel"), ask.rules.value("travel.same_place_m")
    places = [_place(ask.grid, step) for step in steps]
    travel = [0.0] * len(steps)
    on_site = [index for index, place in enumerate(places) if place is not None]
    for before, here in pairwise([-1, *on_site]):
        if before < 0 or _metres(places[before], places[here]) > near_m:
            travel[here] = minutes
    return travel


def _metres(one: tuple[float, float, str] | None, other: tuple[float, float, str] | None) -> float:
    """Distance of two places as the crow flies; places without coordinates are one only when their node is."""
    if one is None or other is None or one[2] == other[2]:
        return 0.0
    if np.isnan([*one[:2], *other[:2]]).any():
        return np.inf
    east = (one[0] - other[0]) * np.cos(np.deg2rad(one[1]))
    return float(np.hypot(east, one[1] - other[1]) * 111_320)


SPOKEN = (
    Action.PERMIT, Action.RETURN, Action.RECLOSING_OFF, Action.RECLOSING_ON, Action.GENERATOR_OFF, Action.GENERATOR_ON,
    Action.UNDISTURBED,
)  # fmt: skip
"""Steps made by order or by telephone, without going anywhere."""


def _place(grid: Grid, step: Step) -> tuple[float, float, str] | None:
    """Where a step is done: coordinates and node, None when done from the control room."""
    if step.action in SPOKEN or (step.action in SWITCHED and is_remote(grid, grid.switch(step.device))):
        return None
    node = grid.equipment(step.device).nodes[0]
    table, row = grid.network.tables["nodes"], int(grid.node_row[node])
    lon, lat = (table.column(name)[row].as_py() for name in ("lon_deg", "lat_deg"))
    return (np.nan if lon is None else lon, np.nan if lat is None else lat, grid.node_id(node))


def _waiting(ask: Ask, steps: tuple[Step, ...]) -> list[bool]:
    """Before each step: does anybody wait, or are feeders paralleled?"""
    trace = ask.rehearsed(steps, checked=False)
    first, last = trace.states[0].energised, trace.states[-1].energised
    return [
        bool((first & last & ~state.energised).any()) or state.state.paralleled_since is not None
        for state in trace.states[:-1]
    ]


# ---------------------------------------------------------------------------------------------------------- proof
def _prove(ask: Ask, steps: tuple[Step, ...]) -> None:
    """The finished ticket, simulated with every predicate; raises UnableToOrder with whatever is found."""
    trace = ask.rehearsed(steps, checked=True)
    if trace.violations:
        raise UnableToOrder(*trace.violations)
    if not np.array_equal(trace.closed, ask.goal):
        text = Text("The steps do not lead to the positions wanted.", "操作步骤未达到目标方式。")
        raise UnableToOrder(Finding("order.goal", "ticket", text))
