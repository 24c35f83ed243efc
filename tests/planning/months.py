"""Random small months that use every rule of the problem, small enough for exhaustive search."""

import random
from datetime import date
from itertools import product

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
    RepeatLimits,
    Section,
    Transfer,
    Zone,
)


def small_month(seed, *, jobs=4, days=3, slot_min=120, tight=True):
    """A month of a few days and a few two-hour slots; every rule appears in some of the seeds."""
    rng = random.Random(seed)
    horizon = Horizon(
        date(2026, 6, 1), days, slot_min=slot_min, rest_days=tuple(rng.random() < 0.2 for _ in range(days))
    )
    sections = tuple(
        Section(
            f"s{i}",
            units=rng.choice([0, 1, 2, 5, 20]),
            households=rng.randrange(0, 300),
            important=int(rng.random() < 0.2),
            unit=rng.choice(["north", "south"]),
            year_outages=rng.choice([0, 0, 1, 3, 4]) if tight else 0,
            year_planned=rng.choice([0, 0, 1]) if tight else 0,
            recent_days=tuple(sorted(rng.sample(range(-70, 0), rng.choice([0, 0, 1, 2])))) if tight else (),
        )
        for i in range(6)
    )
    calendars = tuple(tuple(rng.random() < 0.8 for _ in range(days * horizon.slots_per_day)) for _ in range(2))
    zones = tuple(_zone(rng, number, len(sections)) for number in range(4))
    return MonthProblem(
        horizon=horizon,
        sections=sections,
        zones=zones,
        jobs=tuple(_job(rng, number, days, horizon.slots_per_day) for number in range(jobs)),
        crews=(
            Crew("crew", tuple(rng.choice([1, 2, 3]) for _ in range(days))),
            Crew("other", tuple(rng.choice([1, 2]) for _ in range(days))),
        ),
        calendars=calendars,
        forbidden=_forbidden(rng, days * horizon.slots_per_day),
        duals=(DualSupply("hospital", 0, 5),) if rng.random() < 0.4 else (),
        concurrency=(Concurrency("station", ((0, 1), (2,), (3,)), rng.choice([1, 2]), rng.choice([(), ("works",)])),)
        if rng.random() < 0.5
        else (),
        budgets=(Budget("north", rng.choice([30.0, 100.0, 300.0])),) if rng.random() < 0.5 else (),
        repeat=RepeatLimits(transfer_counts=rng.random() < 0.3),
        prices=Prices(
            unit=1.0,
            household=0.1,
            important=20.0,
            changeover_min=10.0,
            night=rng.choice([0, 900]),
            rest_day=rng.choice([0, 700]),
            wanted_day=rng.choice([0, 10, 2_000]),
            over_budget=rng.choice([0, 1, 3]),
        ),
        night=(7, 12),
    )


def _zone(rng, number, sections):
    chosen = rng.sample(range(sections), rng.choice([1, 2, 3]))
    worked = tuple(chosen[: rng.choice([1, 1, 2])])
    carried = tuple(chosen[len(worked) :])
    transfers = tuple(
        Transfer(
            f"t{number}{at}",
            restores=tuple(rng.sample(carried, rng.randint(1, len(carried)))),
            needs=tuple(rng.sample(range(sections), rng.choice([0, 1]))),
            excludes=tuple({rng.randrange(4)} - {number}) if rng.random() < 0.4 else (),
            calendar=rng.choice([-1, 0, 1]),
        )
        for at in range(rng.choice([0, 1, 1, 2]) if carried else 0)
    )
    return Zone(f"z{number}", worked, carried, transfers, feeder=f"f{number % 2}")


def _job(rng, number, days, slots):
    earliest = rng.randrange(days)
    duration = rng.choice([1, 2, 3])
    first = rng.choice([0, 1, 2])
    published = rng.randrange(days) * slots + first if rng.random() < 0.25 else None
    return Job(
        f"j{number}",
        zone=rng.randrange(4),
        duration=duration,
        earliest_day=earliest,
        latest_day=rng.randrange(earliest, days),
        window=(first, min(slots, first + duration + rng.choice([0, 1, 2]))),
        night_allowed=rng.random() < 0.2,
        rest_allowed=rng.random() < 0.7,
        notice_day=rng.choice([0, 0, 0, 1]),
        crew=rng.choice([-1, 0, 0, 1]),
        crew_count=rng.choice([1, 1, 2]),
        after=(Precedence(rng.randrange(number), rng.choice([0, 0, 1])),) if number and rng.random() < 0.3 else (),
        wanted=rng.choice([None, earliest * slots + first, (days + 3) * slots]),
        published=published,
        moved_price=rng.choice([0, 5_000, 40_000]),
        refusal_price=rng.choice([50_000, 500_000, 5_000_000]),
        department=rng.choice(["works", "tests"]),
    )


def _forbidden(rng, slots):
    if rng.random() < 0.6:
        return ()
    start = rng.randrange(slots)
    return (Forbidden("exam", start, start + rng.choice([1, 4, 12]), rng.choice([(), (0,), (1, 2)])),)


def every_plan(starts):
    """Every choice of one start (or none) a job."""
    return product(*[(*options, None) for options in starts])
