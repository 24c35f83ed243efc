"""Zones of a month (停电区域): what isolating some equipment cuts off, who is held over which tie, how long switching takes.

    equipment ─► isolation ─► worked on │ carried ─► transfers on the highest load, by class of hours where that is too much
                                        └► minutes of the way out and back

Each is computed once, however many requests want it, and kept while the facts stay the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from everlit.grid import Grid, supply
from everlit.grid.compile import Bools
from everlit.kernel import Finding, Period, Policies
from everlit.planning.forecast import Forecast, Loads
from everlit.planning.problem import Horizon
from everlit.planning.switching_plan import switching_min
from everlit.switching import Isolation, UnableToIsolate, Window, isolate, transfer
from everlit.switching.limits import Limits

DAY_BEGINS_MIN = 7 * 60
NIGHT_BEGINS_MIN = 21 * 60
ALL_CLASSES = frozenset({0, 1, 2})
"""Classes of hours: working days, rest days, nights."""


@dataclass(frozen=True)
class Zone:
    """An isolated zone with its transfers, in sections of the grid; `out_min` and `back_min` of switching."""

    isolation: Isolation = field(repr=False)
    worked: frozenset[int]
    carried: frozenset[int]
    transfers: tuple["ZoneTransfer", ...] = ()
    out_min: float = 0.0
    back_min: float = 0.0

    @property
    def switching_min(self) -> float:
        """Minutes of an outage in which nobody works."""
        return self.out_min + self.back_min


@dataclass(frozen=True)
class ZoneTransfer:
    """A tie in use: what it restores, the live path behind it, the feeder that helps, the load it takes over."""

    tie: int
    restores: frozenset[int]
    path: tuple[int, ...]
    feeder: int
    load_kva: float
    room_kva: float
    classes: frozenset[int]


@dataclass(frozen=True)
class Setting:
    """What zones are computed on."""

    grid: Grid
    closed: Bools
    policies: Policies
    limits: Limits
    on: date
    rows: tuple[Loads, ...]
    """Highest load: of the month, of working days, of rest days, of nights; and no load at all. One row each."""


@dataclass
class ZoneCache:
    """Isolations and zones computed before on the same facts; planning a month again is then fast."""

    facts: str = ""
    isolations: dict[frozenset[int], Isolation | Sequence[Finding]] = field(default_factory=dict)
    zones: dict[tuple[frozenset[int], ...], Zone] = field(default_factory=dict)

    def of(self, facts: str) -> "ZoneCache":
        """This cache for these facts: emptied when they are others."""
        if facts != self.facts:
            self.facts = facts
            self.isolations.clear()
            self.zones.clear()
        return self


@dataclass
class Zones:
    """Finds zones on one setting."""

    setting: Setting
    cache: ZoneCache
    _windows: list[Window] = field(default_factory=list)

    def of(self, equipment_ids: Sequence[str]) -> Zone | Sequence[Finding]:
        """The zone of some equipment, or why it cannot be isolated; raises UnableToFindEquipment."""
        setting, cache = self.setting, self.cache
        wanted = frozenset(s for name in equipment_ids for s in setting.grid.equipment(name).sections)
        if wanted not in cache.isolations:
            cache.isolations[wanted] = _isolated(equipment_ids, setting)
        isolation = cache.isolations[wanted]
        if not isinstance(isolation, Isolation):
            return isolation
        key = tuple(map(frozenset, (isolation.work_sections, isolation.zone_sections, isolation.dead_sections)))
        if key not in cache.zones:
            cache.zones[key] = _zone(isolation, setting, self.windows)
        return cache.zones[key]

    @property
    def windows(self) -> Sequence[Window]:
        """One window a row of loads."""
        if not self._windows:
            setting = self.setting
            self._windows = [Window(setting.grid, setting.closed, *row, setting.limits) for row in setting.rows]
        return self._windows


# --------------------------------------------------------------------------------------------------- loads
def load_rows(grid: Grid, forecast: Forecast, horizon: Horizon) -> tuple[Loads, ...]:
    """Highest loads of the month and of its three classes of hours, every load at its own highest."""
    by_class: list[list[Loads]] = [[], [], []]
    for rests in (False, True):
        day = next((day for day in range(horizon.days) if horizon.rests(day) is rests), 0)
        midnight = datetime.combine(horizon.first + timedelta(days=day), time(), ZoneInfo(horizon.time_zone))
        p_kw, q_kvar = forecast.loads(grid, Period(midnight, midnight + timedelta(days=1)))
        clock = np.arange(len(p_kw)) * 15
        night = (clock >= NIGHT_BEGINS_MIN) | (clock < DAY_BEGINS_MIN)
        by_class[int(rests)].append((p_kw[~night], q_kvar[~night]))
        by_class[2].append((p_kw[night], q_kvar[night]))
    rows = [_highest(parts) for parts in by_class]
    nothing = np.zeros_like(rows[0][0])
    return (_highest(rows), *rows, (nothing, nothing))


def _highest(parts: Sequence[Loads]) -> Loads:
    p_kw, q_kvar = (np.concatenate([part[index] for part in parts]) for index in (0, 1))
    return p_kw.max(axis=0, keepdims=True), q_kvar.max(axis=0, keepdims=True)


# --------------------------------------------------------------------------------------------------- zones
def _isolated(equipment_ids: Sequence[str], setting: Setting) -> Isolation | Sequence[Finding]:
    try:
        return isolate(setting.grid, setting.closed, equipment_ids, limits=setting.limits)
    except UnableToIsolate as refusal:
        return refusal.findings


def _zone(isolation: Isolation, setting: Setting, windows: Sequence[Window]) -> Zone:
    """The zone with its transfers: what a transfer can split off and feed, even inside the cuts, is carried.

    Its switching is that of the longest of its plans, as it is not known yet which hours the work will get.
    """
    plans = _plans(isolation, setting, windows)
    transfers = _merged(plans)
    fed = frozenset(section for one in transfers for section in one.restores)
    worked = frozenset(isolation.zone_sections) - fed
    states = {plan.at_work.tobytes(): plan.at_work for plan in plans} or {b"": isolation.closed_after}
    ways = [switching_min(isolation, state, policies=setting.policies, on=setting.on) for state in states.values()]
    out_min, back_min = (max(way) for way in zip(*ways, strict=True))
    return Zone(isolation, worked, frozenset(isolation.dead_sections) - worked, transfers, out_min, back_min)


@dataclass(frozen=True)
class _Plan:
    """The optimal transfer on one row of loads, taken apart by tie, and the switch positions while people work."""

    at_work: Bools
    transfers: tuple[ZoneTransfer, ...] = ()

    @property
    def restored(self) -> frozenset[int]:
        return frozenset(section for one in self.transfers for section in one.restores)


def _plans(isolation: Isolation, setting: Setting, windows: Sequence[Window]) -> list[_Plan]:
    """One plan for always when it keeps everybody, else a plan for each class of hours; none where nobody is healthy."""
    grid, work = setting.grid, set(isolation.work_sections)
    healthy = [section for section in isolation.dead_sections if section not in work]
    if not healthy or not (grid.section_units[healthy].any() or grid.section_households[healthy].any()):
        return []
    always = _plan(isolation, setting, windows[0], ALL_CLASSES)
    left = [section for section in healthy if section not in always.restored]
    if not left or not grid.section_units[left].any():
        return [always]
    unloaded = _plan(isolation, setting, windows[4], ALL_CLASSES)
    if unloaded.restored <= always.restored:
        return [always]  # no load, however small, would change who can be reached
    return [_plan(isolation, setting, windows[1 + number], frozenset({number})) for number in range(3)]


def _merged(plans: Sequence[_Plan]) -> tuple[ZoneTransfer, ...]:
    """The transfers of all plans; one that several classes of hours allow is one with all of them."""
    merged: dict[tuple[int, frozenset[int]], ZoneTransfer] = {}
    for one in (one for plan in plans for one in plan.transfers):
        key = one.tie, one.restores
        classes = one.classes | (merged[key].classes if key in merged else frozenset())
        merged[key] = ZoneTransfer(one.tie, one.restores, one.path, one.feeder, one.load_kva, one.room_kva, classes)
    return tuple(merged.values())


def _plan(isolation: Isolation, setting: Setting, window: Window, classes: frozenset[int]) -> _Plan:
    """The optimal transfer on one row of loads."""
    grid, loads = setting.grid, (window.p_kw, window.q_kvar)
    made = transfer(
        grid, setting.closed, isolation, loads, setting.policies, on=setting.on, window=window, seconds=3.0,
        to_be_shown=False,
    )  # fmt: skip
    restored = frozenset(made.restored)
    if not restored:
        return _Plan(made.state)
    state = supply(grid, made.state)
    found = []
    for tie, _, _ in made.feeds:
        child = state.child_section(tie)
        restores = restored & set(state.sections_under(child).tolist())
        path, parent = [], int(state.parent_section[child])
        while parent >= 0:
            path.append(parent)
            parent = int(state.parent_section[parent])
        load_kva = _load_kva(grid, restores, window)
        room_kva = _room_kva(grid, setting.closed, tie, path[0], window)
        feeder = int(state.feeder[child])
        found.append(ZoneTransfer(tie, restores, tuple(path), feeder, load_kva, room_kva, classes))
    return _Plan(made.state, tuple(found))


def _load_kva(grid: Grid, sections: frozenset[int], window: Window) -> float:
    """Highest apparent load of some sections."""
    inside = np.zeros(grid.n_sections, np.bool_)
    inside[list(sections)] = True
    members = np.flatnonzero(inside[grid.section_of_node[grid.consumer_node]])
    p_kw, q_kvar = (part[:, members].sum(axis=1) for part in (window.p_kw, window.q_kvar))
    return float(np.hypot(p_kw, q_kvar).max(initial=0.0))


def _room_kva(grid: Grid, closed: Bools, tie: int, live: int, window: Window) -> float:
    """What the path to the live side of a tie can carry more; 0 when it is not fed as in the normal state."""
    ends = (int(grid.switch_from[tie]), int(grid.switch_to[tie]))
    node = ends[0] if grid.section_of_node[ends[0]] == live else ends[1]
    branches = []
    while grid.node_parent[node] >= 0:
        branches.append(int(grid.node_via[node]))
        node = int(grid.node_parent[node])
    path = np.array(branches, np.int32)
    switches = path[path >= grid.first_switch] - grid.first_switch
    if not closed[switches].all() or not len(path):
        return 0.0
    free_a = (window.factor[path] - window.share_before(path).max(axis=-1)) * window.rated_a[path]
    kv = np.maximum(grid.nominal_kv[grid.branch_from[path]], grid.nominal_kv[grid.branch_to[path]])
    return float(max(0.0, (np.sqrt(3) * kv * free_a).min()))
