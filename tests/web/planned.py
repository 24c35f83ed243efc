"""A small real month to look at: the town of ortenau, a dozen fictional requests, planned, adopted and assessed, and three
years of fictional interruptions before it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from everlit.app import App
from everlit.kernel import Period
from everlit.ledger.synthetic import fictional_interruptions, file_of
from everlit.planning.demo_month import demo_month
from everlit.planning.model import Budget
from everlit.platform.events import Actor

NOW = datetime(2026, 11, 5, 1, tzinfo=UTC)
PAST = Period(datetime(2024, 1, 1, tzinfo=UTC), NOW)
NETWORK, MONTH = "ortenau", "2026-12"
PLANNER = Actor("Lin", "planner")


def planned_app(home: Path, *, requests: int = 12) -> App:
    """The store with its month; takes some seconds."""
    app = App.open(home, clock=lambda: NOW)
    grid, planning = app.grid(NETWORK), app.planning
    month = demo_month(grid, month=date(2026, 12, 1), requests=requests, seed=1)
    planning.submit(NETWORK, month, actor=PLANNER)
    for unit in sorted(set(grid.network.tables["feeders"].column("unit").to_pylist())):
        planning.set_budget(NETWORK, Budget(unit, MONTH, 500.0), actor=PLANNER)
    planning.plan_month(NETWORK, MONTH, actor=PLANNER, seconds=2.0, workers=1)
    for outage in planning.adopt_month(NETWORK, MONTH, actor=PLANNER):
        planning.assess_outage(outage.outage_id, actor=PLANNER)
    rows = fictional_interruptions(grid, PAST, seed=1)
    app.ledger.import_file(NETWORK, file_of(rows), actor=PLANNER, name="fictional.parquet")
    return app


@contextmanager
def at(app: App, instant: datetime) -> Iterator[None]:
    """The clock of an application and of all its services at an instant, for a while."""
    keepers: list[Any] = [app, app.planning, app.control, app.ledger, app.notices, app.reliability, app.customers]
    before = [one.clock for one in keepers]
    for one in keepers:
        one.clock = lambda: instant
    try:
        yield
    finally:
        for one, clock in zip(keepers, before, strict=True):
            one.clock = clock
