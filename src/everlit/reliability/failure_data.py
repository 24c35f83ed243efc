"""What can fail, how often, and how long everything takes (故障率参数): the table of the network, else the policy rows.

    line         rate per km and year × length      repaired
    transformer  rate per year                      repaired, or replaced where a spare is in stock (备品)
    switch       perfect itself                     operated after a while: at once remotely, later by hand

A row of the table `failure_rates` comes before the policy row, value by value. Sources, busbars and switches do not
fail here: what stands above the network and inside its stations is not this calculation's subject.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from everlit.grid import Grid, SwitchKind
from everlit.grid.columns import Bools, Floats, Ints, flags, floats
from everlit.grid.identities import Identities
from everlit.kernel import Finding, Policies, Policy, Text
from everlit.reliability.policies import RELIABILITY_POLICIES, UnableToUseRule
from everlit.switching.policies import NEWEST

TABLE = "failure_rates"
LOW_VOLTAGE_KV = 1.0
SELF_ACTING = (SwitchKind.RECLOSER, SwitchKind.SECTIONALISER)


@dataclass(frozen=True, slots=True)
class Assumptions:
    """The policy rows as numbers: failures per km and year or per year, hours, and a factor on the load of ties."""

    cable: float
    overhead: float
    lv_cable: float
    lv_overhead: float
    transformer: float
    automated_h: float
    manual_h: float
    repair_line_h: float
    repair_transformer_h: float
    tie_load: float


KEYS = {
    "cable": "rel.rate.cable",
    "overhead": "rel.rate.overhead",
    "lv_cable": "rel.rate.lv_cable",
    "lv_overhead": "rel.rate.lv_overhead",
    "transformer": "rel.rate.transformer",
    "automated_h": "rel.operate.automated",
    "manual_h": "rel.operate.manual",
    "repair_line_h": "rel.repair.line",
    "repair_transformer_h": "rel.repair.transformer",
    "tie_load": "rel.tie.load",
}
"""The policy row of each assumption."""


def assumed_rows(policies: Policies | None = None, *, on: date = NEWEST) -> tuple[Policy, ...]:
    """The rows in force on a day, the caller's over the shipped ones; raises UnableToFindPolicy, UnableToUseRule below zero.

    >>> [row.key for row in assumed_rows() if not row.verified][-1]
    'rel.tie.load'
    """
    rows = RELIABILITY_POLICIES if policies is None else RELIABILITY_POLICIES.replaced(policies.rows)
    found = tuple(rows.row(key, on=on) for key in KEYS.values())
    for row in found:
        if row.value < 0:
            said = f"{row.value:g} {row.unit}"
            words = Text(en=f"{row.key} cannot be {said}.", zh=f"{row.key} 不能为 {said}。")
            raise UnableToUseRule(Finding("policy.unusable", row.key, words))
    return found


def assumptions(policies: Policies | None = None, *, on: date = NEWEST) -> Assumptions:
    """The rows in force as numbers; raises what `assumed_rows` raises.

    >>> assumptions().cable, assumptions().automated_h, assumptions().repair_line_h
    (0.09283, 0.557, 3.073)
    """
    rows = assumed_rows(policies, on=on)
    return Assumptions(**{name: row.value for name, row in zip(KEYS, rows, strict=True)})


@dataclass(frozen=True, slots=True)
class Components:
    """What can fail, lines first, then transformers: its section, failures per year, hours until it serves again."""

    section: Ints
    failures: Floats
    hours: Floats


def components_of(grid: Grid, assumed: Assumptions) -> Components:
    """Every line and transformer of `grid`; one that never fails has rate 0."""
    lines, transformers = grid.network.tables["lines"], grid.network.tables["transformers"]
    kinds = np.asarray(lines.column("kind").to_pylist(), dtype=np.str_)
    low = grid.nominal_kv[grid.branch_from[: grid.n_lines]] < LOW_VOLTAGE_KV
    per_km = np.where(
        kinds == "overhead",
        np.where(low, assumed.lv_overhead, assumed.overhead),
        np.where(low, assumed.lv_cable, assumed.cable),
    )
    failures = np.concatenate(
        [per_km * floats(lines, "length_m") / 1000, np.full(transformers.num_rows, assumed.transformer)]
    )
    repair = np.concatenate(
        [
            np.full(lines.num_rows, assumed.repair_line_h),
            np.full(transformers.num_rows, assumed.repair_transformer_h),
        ]
    )
    identities = [lines.column("line_id"), transformers.column("transformer_id")]
    own = _Own(grid, pa.chunked_array([chunk for column in identities for chunk in column.chunks], pa.string()))
    replaced = own.flags("spare")
    return Components(
        section=grid.section_of_node[grid.branch_from[: grid.first_switch]],
        failures=own.over("failures_per_year", failures),
        hours=np.where(replaced, own.over("replace_h", repair), own.over("repair_h", repair)),
    )


def operating_hours(grid: Grid, assumed: Assumptions) -> Floats:
    """Hours after a fault until each switch is operated; infinite for those that must not be.

    Remotely controlled switches are automated, and so are reclosers and sectionalisers, which act by themselves.
    """
    remote = _of_switches(grid, flags(grid.network.tables["switches"], "remote"))
    automated = remote | np.isin(grid.switch_kind, SELF_ACTING)
    hours = np.where(automated, assumed.automated_h, assumed.manual_h)
    hours = _Own(grid, grid.switch_ids).over("operate_h", hours)
    return np.where(grid.switch_locked, np.inf, hours)


def tie_limits_kw(grid: Grid) -> Floats:
    """Power each tie may take over by the table, infinite where nothing is said."""
    return _Own(grid, grid.switch_ids).over("transfer_kw", np.full(grid.n_switches, np.inf))


def average_load_kw(grid: Grid) -> Floats:
    """Average load of every consumer: its power times the mean of its load shape; generation is not netted."""
    consumers, profiles = grid.network.tables["consumers"], grid.network.tables["profiles"]
    names = profiles.column("profile_id").combine_chunks().dictionary_encode()
    codes = np.asarray(names.indices, dtype=np.int64)
    shapes = np.bincount(codes, floats(profiles, "p_factor"), len(names.dictionary))
    mean = np.append(shapes / np.maximum(np.bincount(codes, minlength=len(shapes)), 1), 1.0)
    shape = Identities(names.dictionary).rows(consumers.column("profile_id"))
    return np.asarray(np.maximum(floats(consumers, "p_kw") * mean[shape], 0.0))


def _of_switches(grid: Grid, values: Bools) -> Bools:
    """A column of the switches table without its earthing switches, in the order of the grid."""
    table = grid.network.tables["switches"]
    return values[Identities(table.column("switch_id")).rows(grid.switch_ids)]


class _Own:
    """What the network's own table says about the things of these identities."""

    def __init__(self, grid: Grid, identities: pa.Array | pa.ChunkedArray) -> None:
        self.table = grid.network.tables.get(TABLE)
        self.row: npt.NDArray[np.int32] = np.full(len(identities), -1, np.int32)
        if self.table is not None and self.table.num_rows:
            self.row = Identities(self.table.column("equipment_id")).rows(identities)

    def over(self, column: str, values: Floats) -> Floats:
        """`values`, replaced where the table has its own."""
        if self.table is None or not self.table.num_rows:
            return values
        own = np.where(self.row >= 0, floats(self.table, column)[self.row], np.nan)
        return np.where(np.isnan(own), values, own)

    def flags(self, column: str) -> Bools:
        """A flag of the table, False where it has no row."""
        if self.table is None or not self.table.num_rows:
            return np.zeros(len(self.row), np.bool_)
        return np.asarray((self.row >= 0) & flags(self.table, column)[self.row])
