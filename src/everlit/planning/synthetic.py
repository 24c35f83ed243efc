"""A fictional month of any size (虚构月度需求): the same seed gives the same feeders, requests and rules.

Feeders are trunks of sections with branches and transformer areas (台区); their ends are tied to a neighbour:

    head ── trunk 0 ── trunk 1 ── trunk 2 ──/ tie ── the neighbour's trunk
              │          │          └ branch
            areas      areas

Work on a trunk section kills it and its areas and cuts off what lies behind, unless the tie holds that part. Requests
come from five departments and gather: a few busy feeders, campaigns of some days, several jobs in one place.
"""

import random
from dataclasses import dataclass
from datetime import date, timedelta

from everlit.planning.problem import (
    Budget,
    Concurrency,
    Crew,
    DualSupply,
    Forbidden,
    Horizon,
    Job,
    MonthProblem,
    Precedence,
    Prices,
    Section,
    Transfer,
    Zone,
)

DEPARTMENTS = ("operations", "construction", "metering", "marketing", "municipal")
HOURS = ((2, 3, 4, 6, 8), (4, 6, 8, 8), (2, 3, 4), (2, 4, 5), (3, 5, 7))
UNITS_PER_MONTH = 6


@dataclass(frozen=True, slots=True)
class _Feeder:
    """Positions of a feeder's sections and zones; `areas[k]` and `branches[k]` hang on trunk section k."""

    trunk: tuple[int, ...]
    branches: tuple[tuple[int, ...], ...]
    areas: tuple[tuple[int, ...], ...]


def synthetic_month(seed: int, *, requests: int, first: date = date(2026, 6, 1), days: int = 30) -> MonthProblem:
    """A fictional month with so many requests.

    >>> month = synthetic_month(1, requests=40)
    >>> len(month.jobs), month.fingerprint == synthetic_month(1, requests=40).fingerprint
    (40, True)
    """
    rng = random.Random(seed)
    rest = tuple((first + timedelta(day)).weekday() >= 5 for day in range(days))
    horizon = Horizon(first, days, rest_days=rest)
    sections: list[Section] = []
    feeders = [_feeder(rng, number, sections) for number in range(max(4, requests // 6))]
    zones, places = _zones(rng, feeders)
    jobs = _jobs(rng, requests, horizon, places)
    return MonthProblem(
        horizon=horizon,
        sections=tuple(sections),
        zones=tuple(zones),
        jobs=tuple(jobs),
        crews=_crews(jobs, horizon),
        calendars=tuple(_calendar(horizon, kind) for kind in range(3)),
        forbidden=_forbidden(rng, horizon, len(sections)),
        duals=tuple(
            DualSupply(f"dual{at}", rng.choice(one.trunk), rng.choice(feeders[(at + 1) % len(feeders)].trunk))
            for at, one in enumerate(feeders)
            if at % 4 == 0
        ),
        concurrency=_concurrency(feeders, zones),
        budgets=_budgets(jobs, zones, sections),
        prices=Prices(
            unit=1.0, household=0.0, important=2.0, night=4_000, rest_day=2_000, wanted_day=10, over_budget=1
        ),
    )


def _feeder(rng: random.Random, number: int, sections: list[Section]) -> _Feeder:
    unit = f"unit{number % UNITS_PER_MONTH}"

    def add(name: str, units: int) -> int:
        history = rng.choices((0, 1, 2), (16, 3, 1))[0]
        recent = tuple(sorted(rng.sample(range(-90, 0), history)))
        important = int(rng.random() < 0.04)
        made = Section(f"f{number}/{name}", float(units), units * 85, important, unit, history, min(history, 1), recent)
        sections.append(made)
        return len(sections) - 1

    spans = rng.randint(3, 6)
    trunk = tuple(add(f"trunk{k}", rng.randint(1, 5)) for k in range(spans))
    branches = tuple(
        tuple(add(f"branch{k}.{b}", rng.randint(2, 6)) for b in range(rng.randint(0, 2))) for k in range(spans)
    )
    areas = tuple(tuple(add(f"area{k}.{a}", 1) for a in range(rng.randint(1, 4))) for k in range(spans))
    return _Feeder(trunk, branches, areas)


def _zones(rng: random.Random, feeders: list[_Feeder]) -> tuple[list[Zone], list[list[int]]]:
    """All zones a request may need, and per feeder which they are, the likely ones several times."""
    zones: list[Zone] = []
    places: list[list[int]] = []
    for number, feeder in enumerate(feeders):
        helper = feeders[(number + 1) % len(feeders)]
        calendar, mine = rng.choice((-1, -1, 0, 1, 2)), list[int]()
        base = len(zones)
        trunks = range(base, base + len(feeder.trunk))
        for k in range(len(feeder.trunk)):
            behind = tuple(s for j in range(k + 1, len(feeder.trunk)) for s in _hanging(feeder, j))
            beyond = tuple(zone for zone in trunks if zone > base + k)
            tie = Transfer(f"tie{number}", behind, helper.trunk[: rng.randint(1, 3)], beyond, calendar)
            zones.append(Zone(f"f{number}/t{k}", _hanging(feeder, k), behind, (tie,) if behind else (), f"f{number}"))
            mine += [base + k] * 2
        for k in range(len(feeder.trunk)):
            for section in (*feeder.branches[k], *feeder.areas[k]):
                mine += [len(zones)] * 2
                zones.append(Zone(f"f{number}/z{section}", (section,), feeder=f"f{number}"))
        places.append(mine)
    return zones, places


def _hanging(feeder: _Feeder, k: int) -> tuple[int, ...]:
    return (feeder.trunk[k], *feeder.branches[k], *feeder.areas[k])


def _jobs(rng: random.Random, requests: int, horizon: Horizon, places: list[list[int]]) -> list[Job]:
    """Campaigns: one place, some days, one to five jobs of different departments."""
    busy = [1 / (1 + rank) ** 0.4 for rank in range(len(places))]
    rng.shuffle(busy)
    jobs: list[Job] = []
    while len(jobs) < requests:
        feeder = rng.choices(range(len(places)), busy)[0]
        middle, campaign = rng.randrange(4, horizon.days - 2), rng.choice((1, 1, 2, 3, 4, 5))
        place = rng.choice(places[feeder])
        for _ in range(min(campaign, requests - len(jobs))):
            zone = place if rng.random() < 0.6 else rng.choice(places[feeder])
            jobs.append(_job(rng, len(jobs), horizon, zone, middle, feeder % UNITS_PER_MONTH))
            if campaign > 2 and rng.random() < 0.15 and len(jobs) > 1 and jobs[-1].zone == jobs[-2].zone:
                jobs[-1] = _after(jobs[-1], len(jobs) - 2, rng.choice((0, 1, 2)), horizon)
    return jobs


def _job(rng: random.Random, number: int, horizon: Horizon, zone: int, middle: int, unit: int) -> Job:
    department = rng.choices(range(5), (35, 25, 15, 15, 10))[0]
    duration = 2 * rng.choice(HOURS[department])
    spread = rng.choice((2, 4, 7, 12))
    earliest = max(0, middle - rng.randint(0, spread))
    latest = min(horizon.days - 1, max(earliest + spread, middle))
    window = rng.choice(((2, 22), (2, 22), (3, 20), (4, 22)))
    wanted = horizon.start(min(max(middle, earliest), latest), window[0])
    published = wanted if rng.random() < 0.06 else None
    return Job(
        job_id=f"R{number:04d}",
        zone=zone,
        duration=min(duration, window[1] - window[0]),
        earliest_day=earliest,
        latest_day=latest,
        window=window,
        night_allowed=rng.random() < 0.12,
        rest_allowed=rng.random() < 0.7,
        notice_day=0 if published is not None else 2,
        crew=unit * 2 + (department in (1, 4)),
        crew_count=rng.choice((1, 1, 1, 2)),
        wanted=wanted,
        published=published,
        moved_price=60_000 if published is not None else 0,
        refusal_price=5_000_000,
        department=DEPARTMENTS[department],
    )


def _after(job: Job, before: int, lag_days: int, horizon: Horizon) -> Job:
    from dataclasses import replace

    latest = min(horizon.days - 1, job.latest_day + lag_days + 2)
    return replace(job, after=(Precedence(before, lag_days),), latest_day=latest)


def _crews(jobs: list[Job], horizon: Horizon) -> tuple[Crew, ...]:
    """Capacity a little above the mean need of a working day, less on rest days."""
    made = []
    for crew in range(UNITS_PER_MONTH * 2):
        need = sum(job.crew_count for job in jobs if job.crew == crew)
        daily = max(3, round(2 * need / 20) + 1)
        made.append(
            Crew(f"crew{crew}", tuple(daily // 2 + 1 if horizon.rests(d) else daily for d in range(horizon.days)))
        )
    return tuple(made)


def _calendar(horizon: Horizon, kind: int) -> tuple[bool, ...]:
    """When a tie can carry the load: not in the evening peak; not on weekday middays either; or only at weekends."""
    fits = []
    for at in range(horizon.days * horizon.slots_per_day):
        day, slot = divmod(at, horizon.slots_per_day)
        evening, midday = 22 <= slot < 30, 8 <= slot < 12
        fits.append((not evening, not evening and (horizon.rests(day) or not midday), horizon.rests(day))[kind])
    return tuple(fits)


def _forbidden(rng: random.Random, horizon: Horizon, sections: int) -> tuple[Forbidden, ...]:
    """Three days of examinations: nothing near the schools is off."""
    day = horizon.days // 5
    schools = tuple(sorted(rng.sample(range(sections), max(1, sections // 15))))
    return (Forbidden("examinations", horizon.start(day, 0), horizon.start(day + 3, 0), schools),)


def _concurrency(feeders: list[_Feeder], zones: list[Zone]) -> tuple[Concurrency, ...]:
    """At most three of a substation's eight feeders have an outage at a time."""
    of_feeder: dict[str, list[int]] = {}
    for number, zone in enumerate(zones):
        of_feeder.setdefault(zone.feeder, []).append(number)
    names = list(of_feeder)
    return tuple(
        Concurrency(f"substation{at // 8}", tuple(tuple(of_feeder[name]) for name in names[at : at + 8]), 3)
        for at in range(0, len(feeders), 8)
    )


def _budgets(jobs: list[Job], zones: list[Zone], sections: list[Section]) -> tuple[Budget, ...]:
    """Six tenths of what the unit's requests would cost one by one."""
    asked: dict[str, float] = {}
    for job in jobs:
        zone = zones[job.zone]
        for section in {*zone.worked, *zone.carried}:
            hours = job.duration / 2
            asked[sections[section].unit] = asked.get(sections[section].unit, 0.0) + sections[section].units * hours
    return tuple(Budget(unit, round(0.6 * hours, 1)) for unit, hours in sorted(asked.items()))
