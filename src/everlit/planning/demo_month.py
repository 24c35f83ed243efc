"""A made-up month of requests on a real network (演示月): five departments, real equipment, clustered as work is.

Work comes in programmes: a feeder is rebuilt, and the metering people, the marketing people and the street works all
want the same stretch within days of one another. So the generator draws programmes first, a stretch of one feeder and a
date each, then requests of different departments inside them. Everything but the equipment is fictional: crews, people
and dates. A seed and a month give the same requests on every machine.

>>> from everlit.grid import compile_network
>>> from everlit.grid.synthetic import random_network
>>> grid = compile_network(random_network(3, feeders=4, nodes=12))
>>> month = demo_month(grid, month=date(2026, 6, 1), requests=20, seed=7)
>>> len(month), month == demo_month(grid, month=date(2026, 6, 1), requests=20, seed=7)
(20, True)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import numpy as np
import numpy.typing as npt

from everlit.grid import Grid, SwitchKind
from everlit.kernel import Finding, Refusal, Text
from everlit.kernel.reading import CHINA
from everlit.planning.model import DailyWindow, Department, WorkKind, WorkRequest

Ints = npt.NDArray[np.int32]
LONG_WORK_MIN = 240
"""Longer work is offered longer hours: the switching before and after it has to lie in them too."""
USUAL_SWITCHING_MIN = 120
HIGHEST_MV_KV = 60.0
LOWEST_MV_KV = 1.0


class UnableToMakeDemoMonth(Refusal):
    """The network has no feeder with equipment to work on."""

    title = Text(en="No demonstration month can be made.", zh="无法生成演示月。")


@dataclass(frozen=True, slots=True)
class _Trade:
    """What one department typically asks for."""

    department: Department
    kind: WorkKind
    share: float
    minutes: tuple[int, ...]
    tables: tuple[str, ...]
    works: tuple[tuple[str, str], ...]
    crews: int
    people: tuple[int, int]
    live_line: float


_OPERATIONS = (
    ("overhaul", "检修"),
    ("replace worn fittings on", "消缺处理"),
    ("tighten hot joints on", "发热缺陷处理"),
)
_CONSTRUCTION = (("rebuild", "改造"), ("replace", "更换"), ("bring automation to", "自动化改造"))
_METERING = (("test instrument transformers at", "互感器试验"), ("routine test of", "预防性试验"))
_MARKETING = (("connect a new customer at", "新用户接入"), ("raise capacity at", "增容"))
_MUNICIPAL = (("move for road works", "市政迁改"), ("protect during street works", "道路施工保护停电"))
_ANY = ("lines", "switches", "transformers")
_AREAS = ("transformers", "transformers", "switches")
D, K = Department, WorkKind

TRADES: tuple[_Trade, ...] = (
    _Trade(D.OPERATIONS, K.MAINTENANCE, 0.36, (60, 90, 120, 180, 240), _ANY, _OPERATIONS, 3, (4, 10), 0.15),
    _Trade(D.CONSTRUCTION, K.CONSTRUCTION, 0.24, (150, 180, 240, 300, 360), _ANY, _CONSTRUCTION, 3, (8, 20), 0.08),
    _Trade(D.METERING, K.TEST, 0.14, (45, 60, 90, 120), _AREAS, _METERING, 2, (2, 5), 0.0),
    _Trade(D.MARKETING, K.NEW_CONNECTION, 0.16, (90, 120, 150, 180), (*_ANY, _AREAS[0]), _MARKETING, 2, (4, 8), 0.25),
    _Trade(
        D.MUNICIPAL, K.MUNICIPAL, 0.10, (120, 180, 240, 300), ("lines", "transformers"), _MUNICIPAL, 1, (6, 16), 0.05
    ),
)


@dataclass(frozen=True, slots=True)
class _Workable:
    """Equipment one may ask for, in the order of the feeder (label of its far node), with feeder and table."""

    identities: tuple[str, ...]
    tables: npt.NDArray[np.int8]
    place: Ints
    feeder: Ints


TABLES = ("lines", "switches", "transformers")


def demo_month(
    grid: Grid, *, month: date, requests: int = 300, seed: int = 1, zone: tzinfo = CHINA
) -> tuple[WorkRequest, ...]:
    """A month of fictional requests on the equipment of `grid`; raises UnableToMakeDemoMonth without feeders."""
    rng = np.random.default_rng([seed, month.year, month.month])
    medium, low = _workable(grid, LOWEST_MV_KV, HIGHEST_MV_KV), _workable(grid, 0.0, LOWEST_MV_KV)
    share = _low_voltage_share(grid, requests) if low.identities else 0.0
    if not medium.identities:
        text = Text(en="No feeder of the network has equipment to work on.", zh="电网中没有可检修的馈线设备。")
        raise UnableToMakeDemoMonth(Finding("demo.empty", grid.network.name, text))
    trades, teams = _deal(rng, requests), _teams(grid, requests)
    made: list[WorkRequest] = []
    for members in _programmes(rng, requests):
        workable = low if rng.random() < share else medium
        stretch = _stretch(rng, workable, len(members))
        centre = int(rng.integers(2, _days(month) - 2))
        before = ""
        for number in members:
            trade = TRADES[trades[number]]
            equipment = _pick(rng, workable, stretch, trade)
            made.append(_request(rng, grid, workable, trade, equipment, number, centre, month, zone, before, teams))
            before = made[-1].request_id if trade.department is Department.CONSTRUCTION else ""
    return tuple(sorted(made, key=lambda request: request.request_id))


def _days(month: date) -> int:
    after = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return (after - month.replace(day=1)).days


def _deal(rng: np.random.Generator, requests: int) -> npt.NDArray[np.int64]:
    shares = np.array([trade.share for trade in TRADES])
    return rng.choice(len(TRADES), size=requests, p=shares / shares.sum())


def _programmes(rng: np.random.Generator, requests: int) -> list[range]:
    """Requests dealt to programmes: many small ones, a few of a dozen."""
    programmes, done = [], 0
    while done < requests:
        size = min(1 + int(rng.geometric(0.32)), 14, requests - done)
        programmes.append(range(done, done + size))
        done += size
    return programmes


def _low_voltage_share(grid: Grid, requests: int) -> float:
    """A month with more requests than one and a half a transformer area is mostly work below the transformers."""
    areas = int((np.asarray(grid.network.tables["transformers"].column("mv_units")) > 0).sum())
    return min(0.6, max(0.0, 1 - 1.5 * areas / max(requests, 1)))


def _teams(grid: Grid, requests: int) -> tuple[int, ...]:
    """Teams of each trade in each unit, so that one has about nine days of work in the month."""
    units = len({_unit(grid, feeder) for feeder in range(len(grid.feeder_ids))}) or 1
    return tuple(max(trade.crews, round(requests * trade.share / (9 * units))) for trade in TRADES)


def _workable(grid: Grid, lowest_kv: float, highest_kv: float) -> _Workable:
    """Equipment of a voltage in service on a feeder: lines, closed switches, distribution transformers."""
    one, other = grid.branch_from, grid.branch_to
    place = np.maximum(one, other)
    feeder = grid.normal_feeder[grid.section_of_node[place]]
    kv = np.minimum(grid.nominal_kv[one], grid.nominal_kv[other])
    table = np.zeros(grid.n_branches, np.int8)
    table[grid.n_lines :] = 2
    table[grid.first_switch :] = 1
    transformer_kv = np.maximum(grid.nominal_kv[one], grid.nominal_kv[other])
    kv = np.where(table == 2, transformer_kv, kv)
    usable = (feeder >= 0) & (kv > lowest_kv) & (kv < highest_kv) & (place < grid.n_alive)
    switches = np.flatnonzero(table == 1)
    heads = grid.first_switch + grid.feeder_head[grid.feeder_head >= 0]
    closed = grid.switch_normal_closed & (grid.switch_kind != SwitchKind.FUSE)
    usable[switches] &= closed
    usable[heads] = False
    chosen = np.flatnonzero(usable)
    chosen = chosen[np.argsort(place[chosen], kind="stable")]
    return _Workable(_identities(grid, chosen), table[chosen], place[chosen], feeder[chosen])


def _identities(grid: Grid, branches: npt.NDArray[np.intp]) -> tuple[str, ...]:
    lines = grid.network.tables["lines"].column("line_id").to_pylist()
    transformers = grid.network.tables["transformers"].column("transformer_id").to_pylist()
    switches = grid.switch_ids.to_pylist()
    return tuple([*lines, *transformers, *switches][branch] for branch in branches.tolist())


def _stretch(rng: np.random.Generator, workable: _Workable, size: int) -> npt.NDArray[np.intp]:
    """A stretch of one feeder: neighbours in the order of supply."""
    start = int(rng.integers(len(workable.identities)))
    on_feeder = np.flatnonzero(workable.feeder == workable.feeder[start])
    at = int(np.searchsorted(on_feeder, start))
    reach = max(4, 2 * size)
    first = max(0, min(at - reach // 2, len(on_feeder) - reach))
    return on_feeder[first : first + reach]


def _pick(rng: np.random.Generator, workable: _Workable, stretch: npt.NDArray[np.intp], trade: _Trade) -> list[int]:
    """One or two neighbouring pieces of equipment of a kind the trade works on."""
    wanted = TABLES.index(trade.tables[int(rng.integers(len(trade.tables)))])
    fitting = stretch[workable.tables[stretch] == wanted]
    pool = fitting if len(fitting) else stretch
    first = int(rng.integers(len(pool)))
    several = trade.kind is WorkKind.CONSTRUCTION and len(pool) > first + 1 and rng.random() < 0.3
    return [int(pool[first]), int(pool[first + 1])] if several else [int(pool[first])]


def _request(
    rng: np.random.Generator, grid: Grid, workable: _Workable, trade: _Trade, equipment: Sequence[int], number: int,
    centre: int, month: date, zone: tzinfo, before: str, teams: Sequence[int],
) -> WorkRequest:  # fmt: skip
    identities = tuple(workable.identities[index] for index in equipment)
    feeder = int(workable.feeder[equipment[0]])
    minutes = int(rng.choice(trade.minutes))
    night = trade.department is Department.MUNICIPAL and rng.random() < 0.2
    hours = DailyWindow(8 * 60, 18 * 60) if minutes <= LONG_WORK_MIN else DailyWindow(7 * 60, 20 * 60)
    window = DailyWindow(21 * 60, 6 * 60) if night else hours
    last = _days(month) - (2 if night else 1)
    day = int(np.clip(centre + round(rng.normal(0, 1.5)), 0, last))
    first_day, last_day = max(0, day - int(rng.integers(1, 6))), min(last, day + int(rng.integers(3, 11)))
    clock = 21 * 60 + 30 * int(rng.integers(0, 3)) if night else int(rng.choice([480, 510, 540, 570, 600]))
    if not night and clock + minutes + USUAL_SWITCHING_MIN > window.to_minute:
        clock = window.from_minute
    midnight = datetime.combine(month.replace(day=1), time(), zone)
    en, zh = trade.works[int(rng.integers(len(trade.works)))]
    unit = _unit(grid, feeder)
    crew = f"{trade.department.value}-{unit or 'city'}-{int(rng.integers(1, teams[TRADES.index(trade)] + 1))}"
    after_freeze = rng.random() < 0.03
    lead_days = int(rng.integers(4, 9)) if after_freeze else int(rng.integers(12, 31))
    return WorkRequest(
        request_id=f"R{month:%y%m}-{number + 1:04d}",
        department=trade.department,
        kind=trade.kind,
        title=Text(f"{en} {identities[0]}"[:1].upper() + f"{en} {identities[0]}"[1:], f"{identities[0]} {zh}"),
        equipment_ids=identities,
        duration_min=minutes,
        earliest=(midnight + timedelta(days=first_day)).astimezone(UTC),
        latest=(midnight + timedelta(days=last_day + (2 if night else 1))).astimezone(UTC),
        wanted=(midnight + timedelta(days=day, minutes=clock)).astimezone(UTC),
        daily_window=window,
        crew=crew,
        crew_size=int(rng.integers(trade.people[0], trade.people[1] + 1)),
        precedence=(before,) if before and rng.random() < 0.25 else (),
        live_line_possible=bool(rng.random() < trade.live_line),
        generator_kw=float(rng.choice([0, 0, 0, 0, 0, 0, 0, 0, 200, 400])),
        priority=int(rng.choice([1, 2, 3, 4, 5], p=[0.06, 0.16, 0.5, 0.2, 0.08])),
        submitted_at=(midnight - timedelta(days=lead_days) + timedelta(hours=9)).astimezone(UTC),
        requester=f"{trade.department.value}-{int(rng.integers(1, 7)):02d}",
    )


def _unit(grid: Grid, feeder: int) -> str:
    return str(grid.network.tables["feeders"].column("unit")[feeder].as_py() or "")
