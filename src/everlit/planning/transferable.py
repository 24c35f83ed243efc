"""Feeders that can be transferred (可转供电率, domain rule 3.5): when one is lost at its head, do its ties keep everybody?

    source ──/head ✕/── whole feeder ∙tie∙ other feeder ─ source

A feeder passes when it has a tie (联络开关) and one arrangement of the switches keeps every MV unit and household of it
supplied within all limits, in the quarter-hour in which its forecast load (P90) is highest. Asked of the normal state:
what is switched today says nothing about the network.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

import numpy as np

from everlit.grid import Grid, supply
from everlit.grid.columns import Bools, Floats, Ints
from everlit.kernel import Period, Policies
from everlit.metering.forecast import is_weekend
from everlit.planning.forecast import Forecast, Loads
from everlit.switching import limits_of
from everlit.switching.isolate import Isolation
from everlit.switching.transfer import UnableToTransfer, transfer
from everlit.switching.window import Window


@dataclass(frozen=True, slots=True)
class FeederTransfer:
    """A feeder with load: whether it has a tie, whether it passes; MV units and households nobody could keep."""

    feeder_id: str
    tied: bool
    passes: bool
    units_left: int
    households_left: int


def transferable_feeders(
    grid: Grid, *, first: date, forecast: Forecast, policies: Policies, zone: tzinfo
) -> tuple[FeederTransfer, ...]:
    """Every feeder with load in the normal state, in the month that begins on `first`; by identity. Raises
    UnableToFindPolicy."""
    days = (next(day for day in _week(first) if is_weekend(day) is rests) for rests in (False, True))
    midnights = (datetime.combine(day, time(), zone) for day in days)
    parts = [forecast.loads(grid, Period(midnight, midnight + timedelta(days=1))) for midnight in midnights]
    loads = np.concatenate([p_kw for p_kw, _ in parts]), np.concatenate([q_kvar for _, q_kvar in parts])
    found = [_checked(grid, loads, feeder, peak, policies, first) for feeder, peak in _peaks(grid, loads[0])]
    return tuple(sorted(found, key=lambda one: one.feeder_id))


def _week(first: date) -> list[date]:
    return [first + timedelta(days=number) for number in range(7)]


def _peaks(grid: Grid, p_kw: Floats) -> Iterator[tuple[int, int]]:
    """Feeders with load, each with the row in which it is highest, the first of several."""
    feeder = grid.normal_feeder[grid.section_of_node[grid.consumer_node]]
    for one in range(len(grid.feeder_ids)):
        mine = feeder == one
        if grid.feeder_head[one] >= 0 and mine.any():
            yield one, int(np.argmax(p_kw[:, mine].sum(axis=1)))


def _checked(grid: Grid, loads: Loads, feeder: int, peak: int, policies: Policies, on: date) -> FeederTransfer:
    closed, name = grid.switch_normal_closed, str(grid.feeder_ids[feeder].as_py())
    lost = _without(grid, closed, feeder)
    dead = list(lost.dead_sections)
    nobody = int(grid.section_units[dead].sum()), int(grid.section_households[dead].sum())
    if not _tied(grid, closed, dead):
        return FeederTransfer(name, False, False, *nobody)
    limits, row = limits_of(policies, on=on), tuple(part[peak : peak + 1] for part in loads)
    try:
        window = Window(grid, closed, row[0], row[1], limits)
        made = transfer(
            grid, closed, lost, (row[0], row[1]), policies, on=on, unusable=lost.equipment_ids, window=window,
            to_be_shown=False,
        )  # fmt: skip
    except UnableToTransfer:
        return FeederTransfer(name, True, False, *nobody)
    return FeederTransfer(name, True, made.dark == (0, 0), *made.dark)


def _without(grid: Grid, closed: Bools, feeder: int) -> Isolation:
    """The feeder with its head open: nobody works on it, it is only not fed."""
    head = int(grid.feeder_head[feeder])
    without = closed.copy()
    without[head] = False
    dead = np.flatnonzero(supply(grid, closed).energised & ~supply(grid, without).energised)
    return Isolation(
        grid, (grid.switch_id(head),), closed, (head,), (), (), (), (), (), tuple(dead.tolist()), (), (), ()
    )


def _tied(grid: Grid, closed: Bools, dead: Sequence[int]) -> bool:
    """True when an open switch joins the dead sections to one that stays supplied."""
    inside = np.zeros(grid.n_sections, np.bool_)
    inside[dead] = True
    one, other = inside[grid.switch_section_from], inside[grid.switch_section_to]
    fed = supply(grid, closed).energised & ~inside
    ends: Ints = np.where(one, grid.switch_section_to, grid.switch_section_from)
    return bool(((one != other) & ~closed & fed[ends]).any())
