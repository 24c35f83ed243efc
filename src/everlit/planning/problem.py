"""The month problem (月度停电计划问题): everything the month optimiser may know, as one frozen, JSON-able value.

A **job** is one work request that needs a **zone**: sections (开关区段) **worked** on, dead throughout, and sections
**carried**, healthy but cut off unless a **transfer** (转电) holds them. A section dead once serves every job in it, so
merging (一停多用) is not a move of the search but a property of the cost: a section's dead time on a day is the *union*
of the intervals that need it.

Time is a grid of slots. The **planning day** begins at an hour when nothing is ever off (07:00 unless told), so night
work belongs to the evening it starts in and no job crosses into the next day. A *start* is one integer:
day x slots + slot.

    day 0                          day 1
    07:00 ...... 22:00 ...... 07:00 ...... 22:00 ...... 07:00
    |  daylight  |   night   |   daylight  |   night   |

Cost is counted in **milli customer-hours** (毫时户), integers, so that every evaluator and solver agrees to the last
digit.
"""

from dataclasses import dataclass, field, fields
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from everlit.kernel import fingerprint

MILLI = 1000


@dataclass(frozen=True, slots=True)
class Horizon:
    """The month as a grid of slots; `rest_days` marks weekends and holidays, one flag a day."""

    first: date
    days: int
    slot_min: int = 30
    day_begins_min: int = 7 * 60
    time_zone: str = "Asia/Shanghai"
    rest_days: tuple[bool, ...] = ()

    @property
    def slots_per_day(self) -> int:
        """Slots in one planning day.

        >>> Horizon(first=date(2026, 6, 1), days=30).slots_per_day
        48
        """
        return 24 * 60 // self.slot_min

    def start(self, day: int, slot: int) -> int:
        """The start that stands for `slot` of `day`."""
        return day * self.slots_per_day + slot

    def day(self, start: int) -> int:
        """The planning day a start belongs to."""
        return start // self.slots_per_day

    def slot(self, start: int) -> int:
        """The slot within its planning day."""
        return start % self.slots_per_day

    def slot_at(self, clock: time) -> int:
        """The slot that begins at local `clock`; a slot boundary is expected.

        >>> Horizon(first=date(2026, 6, 1), days=30).slot_at(time(8, 30))
        3
        """
        minutes = (clock.hour * 60 + clock.minute - self.day_begins_min) % (24 * 60)
        return minutes // self.slot_min

    def instant(self, start: int) -> datetime:
        """The local instant of a start (aware).

        >>> Horizon(first=date(2026, 6, 1), days=30).instant(51).isoformat()
        '2026-06-02T08:30:00+08:00'
        """
        midnight = datetime.combine(self.first, time(0), ZoneInfo(self.time_zone))
        return midnight + timedelta(minutes=self.day_begins_min + start * self.slot_min)

    def at(self, instant: datetime) -> int:
        """The slot that holds an aware instant; negative before the horizon."""
        midnight = datetime.combine(self.first, time(0), ZoneInfo(self.time_zone))
        minutes = (instant - midnight) / timedelta(minutes=1) - self.day_begins_min
        return int(minutes // self.slot_min)

    def rests(self, day: int) -> bool:
        """True on a weekend or holiday."""
        return day < len(self.rest_days) and self.rest_days[day]


@dataclass(frozen=True, slots=True)
class Section:
    """What is lost while a section is off, who answers for it, and how often it was off before (domain 2.6).

    `recent_days` are days of earlier outages counted back from day 0 of the horizon: -1 is the day before.
    """

    section_id: str
    units: float = 0.0
    households: int = 0
    important: int = 0
    unit: str = ""
    year_outages: int = 0
    year_planned: int = 0
    recent_days: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Transfer:
    """One way to hold some carried sections from elsewhere: a tie and the feeder behind it.

    `needs`: sections that must be in service meanwhile (the path of the feeder that helps); any other zone that has one
    of them worked or carried blocks the transfer. `excludes`: zones that block it for another reason (they cut its path
    or lean on the same tie). `calendar`: index of the load calendar that says in which slots it fits, -1 for always.
    A transfer holds for a whole job or not at all (domain 3.3: for all t in the window).
    """

    transfer_id: str
    restores: tuple[int, ...]
    needs: tuple[int, ...] = ()
    excludes: tuple[int, ...] = ()
    calendar: int = -1


@dataclass(frozen=True, slots=True)
class Zone:
    """An isolated zone (停电区域): `worked` sections are dead, `carried` ones dead unless a transfer restores them."""

    zone_id: str
    worked: tuple[int, ...]
    carried: tuple[int, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    feeder: str = ""


@dataclass(frozen=True, slots=True)
class Crew:
    """Crews of one kind and unit: how many can work on each day."""

    crew_id: str
    capacity: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Precedence:
    """This job begins after `job` has ended, and at least `lag_days` planning days later."""

    job: int
    lag_days: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """One work request: what it needs, when it may be done, what it costs to move or to refuse it.

    It may start on days `earliest_day`..`latest_day` and lie within the daily `window` (first slot, slot after the
    last), or within the problem's night when `night_allowed`. Nothing new can be set before `notice_day` (legal notice,
    domain 3.1). A date already `published` was agreed and told: it may stay whatever window, rest day and notice say,
    and moving it costs `moved_price`. `wanted` is the start its department asked for.
    """

    job_id: str
    zone: int
    duration: int
    earliest_day: int
    latest_day: int
    window: tuple[int, int]
    night_allowed: bool = False
    rest_allowed: bool = True
    notice_day: int = 0
    crew: int = -1
    crew_count: int = 0
    after: tuple[Precedence, ...] = ()
    wanted: int | None = None
    published: int | None = None
    moved_price: int = 0
    refusal_price: int = 10_000_000
    department: str = ""


@dataclass(frozen=True, slots=True)
class Forbidden:
    """A protected period: no section of `sections` (empty: none at all) may be off in slots [`start`, `end`)."""

    name: str
    start: int
    end: int
    sections: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class DualSupply:
    """An important customer with two sources (双电源): sections `first` and `second` never dead together."""

    customer_id: str
    first: int
    second: int


@dataclass(frozen=True, slots=True)
class Concurrency:
    """Of `sites` (each a set of zones, counted once) at most `limit` are off at a time: per unit, feeder or substation.

    `departments`: only outages for jobs of these count; empty for all.
    """

    name: str
    sites: tuple[tuple[int, ...], ...]
    limit: int
    departments: tuple[str, ...] = ()

    def counts(self, job: Job) -> bool:
        """True when the rule is about the job."""
        return not self.departments or job.department in self.departments


@dataclass(frozen=True, slots=True)
class Budget:
    """Customer-hour budget (时户数预算) of one unit for the month, in MV-unit hours.

    It is no wall: more than it needs a higher approval, so what lies above it is paid for and marked.
    """

    unit: str
    limit_unit_hours: float


@dataclass(frozen=True, slots=True)
class RepeatLimits:
    """A section is off on at most so many days: in the year, planned in the year, in any rolling window (domain 2.6).

    `transfer_counts`: a cold changeover is an outage too (its minutes reach the rule's least duration).
    """

    year: int = 5
    planned_year: int = 3
    window: int = 3
    window_days: int = 60
    transfer_counts: bool = False


@dataclass(frozen=True, slots=True)
class Prices:
    """What an hour without supply costs, in customer-hours: per MV unit, per household, per important customer.

    `changeover_min` is the cold interruption of each change to and from a transfer: paid twice an outage.
    `night` and `rest_day` are paid once by a job that works then, `wanted_day` for every day between the wanted and the
    planned one, `over_budget` for every thousandth of an MV-unit hour above a budget, all in milli customer-hours.
    """

    unit: float = 1.0
    household: float = 0.0
    important: float = 0.0
    changeover_min: float = 10.0
    night: int = 0
    rest_day: int = 0
    wanted_day: int = 0
    over_budget: int = 0


@dataclass(frozen=True, slots=True)
class MonthProblem:
    """A whole month. References are positions in these tuples; ids are only for people."""

    horizon: Horizon
    sections: tuple[Section, ...]
    zones: tuple[Zone, ...]
    jobs: tuple[Job, ...]
    crews: tuple[Crew, ...] = ()
    calendars: tuple[tuple[bool, ...], ...] = ()
    forbidden: tuple[Forbidden, ...] = ()
    duals: tuple[DualSupply, ...] = ()
    concurrency: tuple[Concurrency, ...] = ()
    budgets: tuple[Budget, ...] = ()
    repeat: RepeatLimits = field(default_factory=RepeatLimits)
    prices: Prices = field(default_factory=Prices)
    night: tuple[int, int] = (30, 46)

    def job_of(self, job_id: str) -> int:
        """Position of the job with that id; KeyError when there is none."""
        for position, job in enumerate(self.jobs):
            if job.job_id == job_id:
                return position
        raise KeyError(job_id)

    def rate(self, section: Section) -> float:
        """Customer-hours an hour of darkness of `section` costs."""
        p = self.prices
        return p.unit * section.units + p.household * section.households + p.important * section.important

    def slot_cost(self, section: int) -> int:
        """Milli customer-hours of one dead slot."""
        return round(MILLI * self.rate(self.sections[section]) * self.horizon.slot_min / 60)

    def changeover_cost(self, section: int) -> int:
        """Milli customer-hours of the two cold changeovers of one transferred outage.

        >>> from everlit.planning.problem import *
        >>> one = MonthProblem(Horizon(date(2026, 6, 1), 1), (Section("s", units=50),), (), ())
        >>> one.changeover_cost(0)  # domain 3.3: 50 units, twice 10 minutes
        16667
        """
        return round(MILLI * self.rate(self.sections[section]) * 2 * self.prices.changeover_min / 60)

    def as_json(self) -> dict[str, Any]:
        """Plain lists and numbers; `MonthProblem.from_json` reads them back."""
        return {part.name: msgspec.to_builtins(getattr(self, part.name)) for part in fields(self)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "MonthProblem":
        """The problem that `as_json` wrote; msgspec.ValidationError when it is none."""
        return msgspec.convert(data, cls, strict=False)

    @property
    def fingerprint(self) -> str:
        """What a stored plan names as the problem it solves; the same before and after storage (1 and 1.0 are one)."""
        return fingerprint(MonthProblem.from_json(self.as_json()).as_json())
