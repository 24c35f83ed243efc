"""What an assessment stands on (评估依据). When any of it changes, the assessment is stale and carries no approval.

    positions   of every switch on the feeders involved: those that feed what goes dark, and those that could feed it
    rules       the numbers that can change the answer, as in force on the day of the outage; not who wrote them, no price
    the rest    network, forecast, requests, equipment, period, nature, code

A switch in another part of town makes nothing stale, and a row that is set back makes fresh again what stood on it.

Positions are those without the other outages: what an outage under way has operated counts as put back, as its ticket
puts it back. A switch somebody left in another position stays in it. Two outages that touch are held against each other
by the agreement (`agreement`), not by the state of one of them on the day when the other was computed.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np

from everlit import __version__
from everlit.grid import Grid, supply
from everlit.grid.compile import Bools, Ints
from everlit.kernel import Period, Policies, fingerprint
from everlit.planning.forecast import Forecast
from everlit.planning.model import Nature, WorkRequest
from everlit.switching.step import SWITCHED, Action

DECIDING = (
    "isolate.", "visible_break.", "loop.", "disconnector.", "fuse.", "break.", "step.", "minutes.", "travel.",
    "transfer.", "volt.", "plan.load_factor", "path.", "work.", "important.", "life_support", "rep.", "rel.sustained_min.dlt",
    "notice.planned", "notice.temporary", "notice.important", "notice.target_internal", "protected.", "budget.",
    "approve.ladder.", "approve.duration", "approve.households", "approve.night_from", "alt.",
)  # fmt: skip
"""Beginnings of the keys an assessment reads. A price (a row in yuan) is told with an alternative and decides nothing."""


def facts_fingerprint(
    requests: Sequence[WorkRequest],
    *,
    grid: Grid,
    closed: Bools,
    dark: Collection[int],
    equipment_ids: Sequence[str],
    period: Period,
    nature: Nature,
    forecast: Forecast,
    policies: Policies,
) -> str:
    """The name of the facts an assessment stands on. `dark` are the sections its isolation takes the supply
    from, those worked on included."""
    involved = switches_involved(grid, closed, dark)
    return fingerprint({
        "network": grid.network.fingerprint,
        "switches": np.packbits(closed[involved]).tobytes().hex(),
        "forecast": forecast.fingerprint,
        "policies": numbers(policies, on=period.start.date()),
        "requests": sorted(request.content_hash for request in requests),
        "equipment": sorted(equipment_ids),
        "period": period.as_json(),
        "nature": nature.value,
        "code": __version__,
    })  # fmt: skip


def switches_involved(grid: Grid, closed: Bools, dark: Collection[int]) -> Ints:
    """Every switch on the feeders that feed the dark sections or meet them at a switch, and on the way up to the sources.

    source ─ own feeder ─ dark ∙tie∙ helping feeder ─ source        all of this row, branches included
    """
    one, other, feeder = grid.switch_section_from, grid.switch_section_to, grid.normal_feeder
    inside = _marked(grid, dark)
    meets = inside[one] | inside[other]
    ends = {*dark, *one[meets].tolist(), *other[meets].tolist()}
    way = _marked(grid, _upward(supply(grid, closed).parent_section, ends))
    near = inside | (np.isin(feeder, np.unique(feeder[way])) & (feeder >= 0))
    above = feeder < 0
    feeding = above[one] & above[other] & (way[one] | way[other])
    return np.flatnonzero(near[one] | near[other] | feeding).astype(np.int32)


def _marked(grid: Grid, sections: Collection[int]) -> Bools:
    marked = np.zeros(grid.n_sections, np.bool_)
    marked[np.fromiter(sections, np.int64, len(sections))] = True
    return marked


def _upward(parent: Ints, sections: Collection[int]) -> set[int]:
    """Some sections and all that stand between them and their sources."""
    found: set[int] = set()
    for section in sections:
        while section >= 0 and section not in found:
            found.add(section)
            section = int(parent[section])
    return found


def numbers(policies: Policies, *, on: date) -> dict[str, list[Any]]:
    """What the rows an assessment reads say on a day: value, comparator, unit, hardness.

    >>> from everlit.planning.policies import DEFAULT_POLICIES
    >>> found = numbers(DEFAULT_POLICIES, on=date(2026, 6, 1))
    >>> found["notice.planned"], "alt.generator.kwh" in found, "delay.recurring" in found
    ([7.0, '>=', 'd', 'legal'], False, False)
    """
    keys = sorted({row.key for row in policies.rows if row.key.startswith(DECIDING)})
    rows = [policies.row(key, on=on) for key in keys if policies.all(key, on=on)]
    return {
        row.key: [row.value, row.comparator, row.unit, row.hardness.value]
        for row in rows
        if not row.unit.startswith("yuan")
    }


def put_back(grid: Grid, closed: Bools, tickets: Iterable[Mapping[str, Any]]) -> Bools:
    """Positions without what outages under way have operated; `tickets` as their assessments keep them."""
    there = closed.copy()
    for ticket in tickets:
        for step in reversed(ticket["out"]["steps"]):
            switch = grid.find(step["device"], "switches")
            if step["action"] in SWITCHED and switch >= 0:
                there[switch] = step["action"] == Action.OPEN
    return there


def dark_sections(grid: Grid, assessment: Mapping[str, Any]) -> list[int]:
    """The dark and the worked sections of a stored assessment; those the network no longer has are left out."""
    kept = assessment["isolation"]
    names = (name.removeprefix("sec:") for name in {*kept["dead_sections"], *kept["zone_sections"]})
    nodes = (grid.find(name, "nodes") for name in names)
    return [int(grid.section_of_node[node]) for node in nodes if node >= 0]


def announcement(period: Period, consumer_ids: Iterable[str]) -> str:
    """The name of what people are told: from when to when, and who."""
    start, end = (instant.timestamp() for instant in (period.start, period.end))
    return fingerprint({"start": start, "end": end, "loads": sorted(consumer_ids)})


def announced(assessment: Mapping[str, Any]) -> str:
    """What a stored assessment would have people told."""
    period = Period(datetime.fromisoformat(assessment["start"]), datetime.fromisoformat(assessment["end"]))
    return announcement(period, [row["consumer_id"] for row in assessment["households"]])
