"""Who was told, and whose meter really went dead (停电通知到户核对): precision, recall, lateness, and why not.

    told and dead          right
    dead, not told         missed: no contact · undelivered · late (the list, or the message) · step changed · wrong link
    told, not dead         needless: step changed · wrong link         "may be affected" is not counted as needless

Of darkness nobody planned nobody can be told before: there whoever hears while it lasts is told, and who never hears is
missed because it was off against the plan (astray).

What is dead comes from the ledger, by load; where a meter says something about its own account, the meter is believed.
`accuracy` is 停电信息到户准确率: (told ∩ dead) ÷ (told ∪ dead), domain rule 3.5.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

Longs = npt.NDArray[np.int64]
MOST_CASES = 500


class Why(StrEnum):
    """Why somebody was missed or told needlessly."""

    NO_CONTACT = "no_contact"
    UNDELIVERED = "undelivered"
    LATE = "late"
    STEP_CHANGED = "step_changed"
    WRONG_LINK = "wrong_link"
    ASTRAY = "astray"


@dataclass(frozen=True)
class Dead:
    """Interruptions of one event: load of each, half-open times in seconds since the epoch."""

    consumer_ids: Sequence[str]
    start_s: Longs
    end_s: Longs

    def began(self) -> dict[str, int]:
        """When each load first went dead."""
        first: dict[str, int] = {}
        for name, start in zip(self.consumer_ids, self.start_s.tolist(), strict=True):
            first[name] = min(start, first.get(name, start))
        return first

    def ended(self) -> dict[str, int]:
        """When each load was last back."""
        last: dict[str, int] = {}
        for name, end in zip(self.consumer_ids, self.end_s.tolist(), strict=True):
            last[name] = max(end, last.get(name, end))
        return last


@dataclass(frozen=True, slots=True)
class Addressed:
    """An account something was said to about the event: when it was first reached (0: not), whether only by the door,
    whether it was told that it will be dark (not: that it may be), whether that still stood."""

    account_id: str
    consumer_id: str
    reached_s: int
    door_only: bool
    certain: bool
    stands: bool = True


@dataclass(frozen=True, slots=True)
class Case:
    """One account that was missed or told needlessly."""

    account_id: str
    missed: bool
    why: Why

    def as_json(self) -> dict[str, Any]:
        """As the page shows it."""
        return {"account_id": self.account_id, "missed": self.missed, "why": self.why.value}


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The counts of one event, or of many added up, and the cases behind them; `unplanned` for darkness against a plan."""

    dead: int
    told: int
    right: int
    widened: int
    late: int
    late_h: float
    causes: Mapping[str, int]
    cases: tuple[Case, ...] = ()
    unplanned: bool = False

    @property
    def precision(self) -> float | None:
        """Share of the told that went dark."""
        return self.right / self.told if self.told else None

    @property
    def recall(self) -> float | None:
        """Share of the dark that were told before."""
        return self.right / self.dead if self.dead else None

    @property
    def accuracy(self) -> float | None:
        """停电信息到户准确率."""
        union = self.told + self.dead - self.right
        return self.right / union if union else None

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        shares = {"precision": self.precision, "recall": self.recall, "accuracy": self.accuracy}
        return {
            "dead": self.dead,
            "told": self.told,
            "right": self.right,
            "widened": self.widened,
            "late": self.late,
            "late_h": self.late_h,
            **{name: None if share is None else round(share, 6) for name, share in shares.items()},
            "causes": dict(self.causes),
            "cases": [case.as_json() for case in self.cases],
            "unplanned": self.unplanned,
        }


def reconcile(
    addressed: Iterable[Addressed],
    dead: Dead,
    *,
    recorded: Mapping[str, str],
    planned: Iterable[str],
    deadline_s: int | None = None,
    meters: Mapping[str, bool] | None = None,
    unplanned: bool = False,
) -> Reconciliation:
    """Compare. `recorded` gives the load of every account at a dead load, `planned` the loads the last plan had dark,
    `meters` whether an account's own meter went dead, where that is known; `unplanned` counts who heard while it lasted.

    >>> dead = Dead(["c1", "c2"], np.array([100, 100]), np.array([200, 200]))
    >>> said = [Addressed("A", "c1", 50, False, True), Addressed("B", "c3", 50, False, True)]
    >>> found = reconcile(said, dead, recorded={"A": "c1", "C": "c2"}, planned=["c1", "c3"], deadline_s=60)
    >>> found.precision, found.recall, found.accuracy, dict(found.causes)
    (0.5, 0.5, 0.3333333333333333, {'step_changed': 2})
    """
    began, plan, known = dead.began(), frozenset(planned), dict(meters or {})
    said = {one.account_id: one for one in addressed}
    dark = {account: began[load] for account, load in recorded.items() if load in began and known.get(account, True)}
    first = min(began.values(), default=0)
    dark |= {account: dark.get(account, first) for account, off in known.items() if off}
    ended = dead.ended() if unplanned else {}
    by = {account: ended.get(recorded.get(account, ""), began_s) for account, began_s in dark.items()}
    last = max(ended.values(), default=first)
    told = {name for name, one in said.items() if one.reached_s and one.stands and one.reached_s <= by.get(name, last)}
    right = told & dark.keys()
    otherwise = Why.ASTRAY if unplanned else Why.STEP_CHANGED
    missed = [Case(name, True, _missed(said.get(name), recorded.get(name, ""), plan, began, otherwise)) for name in
              sorted(dark.keys() - told)]  # fmt: skip
    sure = {name for name in told if said[name].certain}
    needless = [Case(name, False, _needless(said[name], began)) for name in sorted(sure - dark.keys())]
    hours = [
        (said[name].reached_s - deadline_s) / 3600
        for name in sorted(right)
        if deadline_s is not None and said[name].reached_s > deadline_s
    ]
    cases = (*missed, *needless)
    return Reconciliation(
        len(dark), len(right) + len(needless), len(right), len(told) - len(sure) - len(right - sure), len(hours),
        round(median(hours), 3) if hours else 0.0, dict(sorted(Counter(case.why.value for case in cases).items())),
        cases[:MOST_CASES], unplanned,
    )  # fmt: skip


def _missed(one: Addressed | None, load: str, plan: frozenset[str], began: Mapping[str, int], otherwise: Why) -> Why:
    """Why a dark account was not told in time; `otherwise` when it was in no plan."""
    if one is not None and one.stands:
        if one.reached_s:
            return Why.LATE
        return Why.NO_CONTACT if one.door_only else Why.UNDELIVERED
    if load not in began:
        return Why.WRONG_LINK
    return Why.LATE if load in plan else otherwise


def _needless(one: Addressed, began: Mapping[str, int]) -> Why:
    """Why an account that was told stayed live: its load did, or its load went dark and it hangs elsewhere."""
    return Why.WRONG_LINK if one.consumer_id in began else Why.STEP_CHANGED


def added_up(several: Iterable[Reconciliation], *, unplanned: bool = False) -> Reconciliation:
    """The counts of many events as one, for a month."""
    given = list(several)
    causes: Counter[str] = Counter()
    for one in given:
        causes.update(one.causes)
    late = sum(one.late for one in given)
    return Reconciliation(
        sum(one.dead for one in given), sum(one.told for one in given), sum(one.right for one in given),
        sum(one.widened for one in given), late,
        round(sum(one.late * one.late_h for one in given) / late, 3) if late else 0.0, dict(sorted(causes.items())),
        unplanned=unplanned,
    )  # fmt: skip
