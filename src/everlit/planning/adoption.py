"""A plan taken over (采用月计划): what stays of the outages already formed, so that planning anew does not undo what was done.

An outage whose requests the plan leaves together and where they are stays as it is: with its name, its assessment, the
length a planner gave it. One whose requests stay together at another time keeps its name and has to be assessed anew.
Only where requests join or part is an outage dissolved and another one formed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

from everlit.kernel import Period
from everlit.planning.model import Nature, PlannedOutage
from everlit.planning.month import SLOT_MIN

SLOT = timedelta(minutes=SLOT_MIN)


@dataclass(frozen=True, slots=True)
class Proposal:
    """One outage of the plan: its requests with their starts, and its period."""

    starts: Mapping[str, datetime]
    period: Period

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """The proposal in a package as plans are stored (`Package.as_json`)."""
        starts = {name: datetime.fromisoformat(row["starts"][name]) for name in row["request_ids"]}
        return cls(starts, Period(datetime.fromisoformat(row["start"]), datetime.fromisoformat(row["end"])))


@dataclass(frozen=True, slots=True)
class Adoption:
    """What a plan means for the outages that stand: left alone, set to another time, dissolved; and those to form."""

    kept: tuple[PlannedOutage, ...]
    moved: tuple[tuple[PlannedOutage, Proposal], ...]
    dissolved: tuple[PlannedOutage, ...]
    formed: tuple[Proposal, ...]


def adoption(standing: Iterable[PlannedOutage], proposals: Sequence[Proposal]) -> Adoption:
    """Hold the merged outages of a month against its plan.

    Requests merged by hand that share no section are several proposals; they stay one outage while the plan leaves all
    of them where they are.
    """
    kept, moved, dissolved, taken = [], [], [], set[int]()
    for outage in standing:
        names = set(outage.request_ids)
        mine = [at for at, one in enumerate(proposals) if not names.isdisjoint(one.starts)]
        together = _together([proposals[at] for at in mine])
        if together is None or set(together.starts) != names:
            dissolved.append(outage)
            continue
        if _same_time(outage, together):
            kept.append(outage)
        elif len(mine) == 1:
            moved.append((outage, together))
        else:
            dissolved.append(outage)
            continue
        taken.update(mine)
    left = tuple(one for at, one in enumerate(proposals) if at not in taken)
    return Adoption(tuple(kept), tuple(moved), tuple(dissolved), left)


def _together(proposals: Sequence[Proposal]) -> Proposal | None:
    if not proposals:
        return None
    starts = {name: start for one in proposals for name, start in one.starts.items()}
    first, last = min(one.period.start for one in proposals), max(one.period.end for one in proposals)
    return Proposal(starts, Period(first, last))


def _same_time(outage: PlannedOutage, planned: Proposal) -> bool:
    """Every request begins in the half hour it was planned for, and the outage is as long as the plan asks."""
    begun = all(timedelta(0) <= outage.start_of(name) - start < SLOT for name, start in planned.starts.items())
    return begun and outage.period.duration >= planned.period.duration


def replanned(outage: PlannedOutage, planned: Proposal, *, nature: Nature) -> PlannedOutage:
    """The outage at the time of the plan; what was computed of the old time stands no longer."""
    return replace(
        outage,
        period=planned.period,
        starts=tuple(planned.starts[name] for name in outage.request_ids),
        nature=nature,
        assessment="",
        approval=None,
        renotice=outage.renotice or bool(outage.noticed),
        version=outage.version + 1,
    )
