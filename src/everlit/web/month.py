"""One month as the pages show it (月度视图): outages with their requests, what each costs, what stands in the way.

Everything here is derived from what planning keeps; assessments never change, so their headlines are kept in memory.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from everlit.app import App
from everlit.grid import Grid
from everlit.kernel import Refusal, Text
from everlit.planning import store
from everlit.planning.model import PlannedOutage, State, WorkRequest
from everlit.planning.store import FiledRequest
from everlit.planning.switching_plan import switching_min
from everlit.platform.database import reading
from everlit.switching.isolate import isolate

GONE = (State.CANCELLED, State.REJECTED, State.POSTPONED)


@dataclass(frozen=True)
class Conflict:
    """What stands in the way of an outage, or what would be better."""

    kind: str
    message: Text
    other: str = ""


@dataclass(frozen=True)
class Row:
    """One outage on the board."""

    outage: PlannedOutage
    requests: tuple[WorkRequest, ...]
    feeders: tuple[int, ...]
    summary: Mapping[str, Any] | None
    assessment_id: int | None
    conflicts: list[Conflict] = field(default_factory=list)
    proposals: list[Conflict] = field(default_factory=list)

    @property
    def fresh(self) -> bool:
        """Whether the headline figures belong to the outage as it stands."""
        return self.summary is not None and self.summary["fingerprint"] == self.outage.assessment

    @property
    def units_h(self) -> float | None:
        """Customer-hours (时户), MV units."""
        return None if self.summary is None else float(self.summary["hours"]["units_h"])

    @property
    def households(self) -> int | None:
        """Households dark at some time."""
        return None if self.summary is None else int(self.summary["affected"]["households"])

    @property
    def blocked(self) -> list[Mapping[str, Any]]:
        """Gates that nobody can approve away."""
        return [] if self.summary is None else [gate for gate in self.summary["gates"] if gate["outcome"] == "block"]

    @property
    def departments(self) -> list[str]:
        """Who asked."""
        return sorted({request.department.value for request in self.requests})


@dataclass(frozen=True)
class Savings:
    """Customer-hours as requested → merged → transferred, over the outages that stand."""

    as_requested: float
    merged: float
    transferred: float
    proven_gap: float | None = None
    bound: float | None = None

    @property
    def saved(self) -> float:
        """Customer-hours not taken from anybody."""
        return self.as_requested - self.transferred

    @property
    def share(self) -> float:
        """Saved part of what was asked for."""
        return self.saved / self.as_requested if self.as_requested > 0 else 0.0


@dataclass(frozen=True)
class Month:
    """A month of one network."""

    key: str
    network: str
    days: tuple[date, ...]
    rows: tuple[Row, ...]
    requests: tuple[FiledRequest, ...]
    plan: Mapping[str, Any] | None
    alone: Mapping[str, float]

    @property
    def standing(self) -> tuple[Row, ...]:
        """Outages that are not rejected, postponed or cancelled."""
        return tuple(row for row in self.rows if row.outage.state not in GONE)

    @property
    def savings(self) -> Savings | None:
        """From the newest plan where there is one, else from the assessments."""
        if self.plan and "savings" in self.plan:
            figures, bound = self.plan["savings"], self.plan.get("bound") or {}
            value = bound.get("customer_hours", bound.get("value")) if isinstance(bound, Mapping) else None
            return Savings(
                float(figures["as_requested"]), float(figures["merged"]), float(figures["transferred"]),
                self.plan.get("gap"), value,
            )  # fmt: skip
        return self.assessed

    @property
    def assessed(self) -> Savings | None:
        """The same three figures from the assessments: every request alone, outages without transfer, outages."""
        known = [row for row in self.standing if row.summary is not None]
        if not known or not self.alone:
            return None
        asked = sum(self.asked_h(request.request_id) for row in known for request in row.requests)
        merged = sum(float(row.summary["hours_without_transfer"]["units_h"]) for row in known if row.summary)
        return Savings(asked, merged, sum(row.units_h or 0.0 for row in known))

    def asked_h(self, request_id: str) -> float:
        """Customer-hours of a request alone, nobody transferred."""
        return self.alone.get(request_id, 0.0)


def month_days(key: str) -> tuple[date, ...]:
    """The days of YYYY-MM; raises ValueError when it is none.

    >>> len(month_days("2026-12")), month_days("2028-02")[-1].day
    (31, 29)
    """
    first = date.fromisoformat(f"{key}-01")
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return tuple(first + timedelta(days=day) for day in range((after - first).days))


def beside(key: str, months: int) -> str:
    """The month so many months later.

    >>> beside("2026-12", 1), beside("2026-01", -1)
    ('2027-01', '2025-12')
    """
    year, month = map(int, key.split("-"))
    count = year * 12 + month - 1 + months
    return f"{count // 12:04d}-{count % 12 + 1:02d}"


def shown_first(app: App, network: str) -> str:
    """The month to show when none is named: that of the next outage, else of the newest request, else this month."""
    now = app.clock()
    outages = app.planning.outages(network)
    coming = [outage.period.start for outage in outages if outage.period.end > now]
    if coming or outages:
        start = min(coming) if coming else outages[-1].period.start
        return f"{start.astimezone(app.zone):%Y-%m}"
    requests = app.planning.requests(network)
    start = max((filed.request.earliest for filed in requests), default=now)
    return f"{start.astimezone(app.zone):%Y-%m}"


def planned_last(app: App, network: str) -> str:
    """The month people plan: the last one with outages, else the one shown first."""
    outages = app.planning.outages(network)
    if not outages:
        return shown_first(app, network)
    return f"{outages[-1].period.start.astimezone(app.zone):%Y-%m}"


Cache = dict[int, Mapping[str, Any]]


def read_month(app: App, network: str, key: str, *, cache: Cache, asked: bool = False) -> Month:
    """The month with everything the pages need; `asked` also says what every request alone would cost."""
    days = month_days(key)
    outages = app.planning.outages(network, month=key)
    requests = app.planning.requests(network, month=key)
    by_id = {filed.request.request_id: filed.request for filed in requests}
    for name in {name for outage in outages for name in outage.request_ids} - by_id.keys():
        by_id[name] = app.planning.request(network, name).request
    with reading(app.engine) as connection:
        plan = store.find_plan(connection, network, key)
        identities, found = store.assessment_summaries(connection, network, subjects="outage:", known=cache.keys())
    cache.update(found)
    headlines = {subject: (identity, cache[identity]) for subject, identity in identities.items()}
    grid = app.grid(network)
    rows = tuple(_row(grid, outage, by_id, headlines) for outage in outages)
    _find_conflicts(rows)
    _find_proposals(grid, rows)
    wanted = by_id.values() if asked or plan is None else ()
    alone = {request.request_id: asked_hours(app, network, request) for request in wanted}
    return Month(key, network, days, rows, tuple(requests), plan.body if plan else None, alone)


def asked_hours(app: App, network: str, request: WorkRequest) -> float:
    """Customer-hours of a request alone: everything its isolation cuts off, for its work and the switching around it."""
    grid, closed = app.grid(network), app.closed(network)
    known: dict[tuple[bytes, tuple[str, ...]], tuple[float, float]] = vars(grid).setdefault("_asked_units", {})
    case = (np.packbits(closed).tobytes(), request.equipment_ids)
    if case not in known:
        try:
            cut = isolate(grid, closed, request.equipment_ids)
            ways = switching_min(cut, cut.closed_after, policies=app.planning.policies(), on=app.today())
            known[case] = float(cut.units), sum(ways)
        except Refusal:
            known[case] = 0.0, 0.0
    units, switching = known[case]
    return units * (request.duration_min + switching) / 60


def _row(
    grid: Grid,
    outage: PlannedOutage,
    requests: Mapping[str, WorkRequest],
    headlines: Mapping[str, tuple[int, Mapping[str, Any]]],
) -> Row:
    identity, summary = headlines.get(f"outage:{outage.outage_id}", (None, None))
    asked = tuple(requests[name] for name in outage.request_ids)
    return Row(outage, asked, feeders_of(grid, outage.equipment_ids), summary, identity)


def feeders_of(grid: Grid, equipment_ids: Sequence[str]) -> tuple[int, ...]:
    """Normal feeders of equipment, ascending."""
    sections = [section for name in equipment_ids for section in grid.equipment(name).sections]
    return tuple(sorted({int(grid.normal_feeder[section]) for section in sections} - {-1}))


def _find_conflicts(rows: Sequence[Row]) -> None:
    """One crew in two places, outages outside the days offered, gates that block, figures out of date."""
    standing = [row for row in rows if row.outage.state not in GONE]
    for index, row in enumerate(standing):
        crews = {request.crew for request in row.requests if request.crew}
        for other in standing[index + 1 :]:
            shared = crews & {request.crew for request in other.requests if request.crew}
            if shared and row.outage.period.overlaps(other.outage.period):
                for mine, theirs in ((row, other), (other, row)):
                    mine.conflicts.append(_crew_conflict(sorted(shared)[0], theirs.outage.outage_id))
        row.conflicts.extend(_outside(row))
        row.conflicts.extend(Conflict("gate", Text(**gate["message"])) for gate in row.blocked)


def _crew_conflict(crew: str, other: str) -> Conflict:
    text = Text(f"{crew} also works in {other} at that time.", f"{crew} 同一时间也在 {other} 作业。")
    return Conflict("crew", text, other)


def _outside(row: Row) -> list[Conflict]:
    period = row.outage.period
    return [
        Conflict(
            "window",
            Text(f"{request.request_id} did not offer this time.", f"{request.request_id} 的可停时段不含此时间。"),
        )
        for request in row.requests
        if not (request.earliest <= period.start and period.end <= request.latest)
    ]


def _find_proposals(grid: Grid, rows: Sequence[Row]) -> None:
    """Two outages that leave the same customers dead, transfer or not, on different days could be one (一停多用)."""
    numbers = section_numbers(grid)
    dark: dict[str, tuple[Row, set[int]]] = {}
    for row in rows:
        if row.summary is not None and row.outage.state in (State.MERGED, State.BALANCED):
            names = row.summary["transfer"]["dead_sections"]
            dark[row.outage.outage_id] = row, {numbers[name] for name in names if name in numbers}
    by_section: dict[int, list[str]] = defaultdict(list)
    for name, (_, sections) in dark.items():
        for section in sections:
            if grid.section_units[section] > 0:
                by_section[section].append(name)
    shared: dict[tuple[str, str], float] = defaultdict(float)
    for section, names in by_section.items():
        for index, one in enumerate(names):
            for other in names[index + 1 :]:
                shared[one, other] += float(grid.section_units[section])
    for (one, other), units in shared.items():
        first, second = dark[one][0], dark[other][0]
        hours = units * min(first.outage.period.hours, second.outage.period.hours)
        for mine, theirs in ((first, second), (second, first)):
            mine.proposals.append(_proposal(theirs.outage, units, hours))


def _proposal(other: PlannedOutage, units: float, hours: float) -> Conflict:
    en = f"{units:.0f} MV units are dead in {other.outage_id} too: together up to {hours:.0f} customer-hours less"
    zh = f"与 {other.outage_id} 共同停电 {units:.0f} 中压户，合并最多可少 {hours:.0f} 时户"
    return Conflict("merge", Text(en, zh), other.outage_id)


def section_numbers(grid: Grid) -> Mapping[str, int]:
    """Sections by name; made once a grid."""
    known: dict[str, int] | None = vars(grid).get("_section_numbers")
    if known is None:
        known = {grid.section_name(section): section for section in range(grid.n_sections)}
        vars(grid)["_section_numbers"] = known
    return known


def unit_of(grid: Grid, feeder: int) -> str:
    """The operating unit of a feeder."""
    return str(grid.network.tables["feeders"].column("unit")[feeder].as_py() or "")


def feeder_titles(grid: Grid) -> list[Text]:
    """Names of the feeders in the order of the compiled grid."""
    rows = grid.network.tables["feeders"].to_pylist()
    return [Text(row["name"], row["name_zh"] or row["name"]) for row in rows]


def next_outages(rows: Sequence[Row], now: datetime, *, most: int = 6) -> list[Row]:
    """The outages that come next."""
    coming = [row for row in rows if row.outage.period.end > now and row.outage.state not in GONE]
    return sorted(coming, key=lambda row: row.outage.period.start)[:most]


def total_households(grid: Grid) -> int:
    """Households of the network."""
    return int(np.sum(grid.section_households))
