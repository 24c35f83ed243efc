"""The only place that builds things: the store, the networks in memory, the policies, the clock.

An `App` is opened on a data folder or a database URL. Compiled networks are kept by fingerprint, so that a new import
is seen at once and an old one costs nothing.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from everlit.grid import Grid, Network, compile_network, load_network
from everlit.grid.compile import Bools, Floats
from everlit.grid.state import positions
from everlit.grid.store import (
    SwitchOperation,
    network_versions,
    operations_until,
    record_operations,
    save_network,
    stored_network,
)
from everlit.grid.tables import shipped_networks
from everlit.kernel import Finding, Period, Refusal, Text
from everlit.metering.forecast import forecast, window_loads
from everlit.planning.service import Planning
from everlit.planning.switching_plan import SwitchingPlan, plan_switching
from everlit.platform.database import migrate, open_engine, reading, sqlite_url, writing
from everlit.platform.events import Actor
from everlit.switching import isolate, limits_of
from everlit.switching.transfer import Transfer, transfer

SYSTEM = Actor("everlit", "system")
LONGEST = timedelta(days=31)
"""The longest time a transfer or a ticket is computed for, quarter-hour by quarter-hour."""


class UnableToOpenStore(Refusal):
    """The database cannot be reached, or its address is none."""

    title = Text(en="The store could not be opened.", zh="数据库无法打开。")


def _unreachable(url: str, error: Exception) -> UnableToOpenStore:
    """The refusal, with the driver's words and without what stands before the @ of the address."""
    place, why = url.rpartition("@")[2], str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
    words = Text(en=f"The store at {place} cannot be opened: {why}", zh=f"无法打开数据库 {place}:{why}")
    return UnableToOpenStore(Finding("store.unreachable", place, words))


def now() -> datetime:
    """The system clock, UTC."""
    return datetime.now(UTC)


@dataclass
class App:
    """Everything one process of the product holds."""

    engine: Engine
    home: Path
    clock: Callable[[], datetime] = now
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    _grids: dict[str, Grid] = field(default_factory=dict)

    @classmethod
    def open(cls, home: Path | None = None, *, url: str | None = None, clock: Callable[[], datetime] = now) -> "App":
        """Open (and create or migrate) the store of a data folder, `$EVERLIT_HOME` or ./.everlit unless told."""
        home = Path(home or os.environ.get("EVERLIT_HOME") or ".everlit").resolve()
        home.mkdir(parents=True, exist_ok=True)
        url = url or os.environ.get("EVERLIT_DATABASE_URL") or sqlite_url(home)
        try:
            engine = open_engine(url)
            migrate(engine)
        except (SQLAlchemyError, ValueError) as error:
            raise _unreachable(url, error) from error
        return cls(engine, home, clock)

    def today(self) -> date:
        """The day it is where the utility is."""
        return self.clock().astimezone(self.zone).date()

    def import_network(self, network: Network, *, actor: Actor = SYSTEM) -> int:
        """Keep a validated network as its newest version."""
        with writing(self.engine) as connection:
            return save_network(connection, network, actor=actor, at=self.clock())

    def grid(self, name: str) -> Grid:
        """The newest version of a kept network, compiled; a shipped city is imported when first asked for."""
        with reading(self.engine) as connection:
            query = select(network_versions.c.fingerprint).where(network_versions.c.network == name)
            fingerprint = connection.execute(query.order_by(network_versions.c.version.desc()).limit(1)).scalar()
            if fingerprint in self._grids:
                return self._grids[fingerprint]
            if fingerprint is not None or name not in shipped_networks():
                return self._compiled(stored_network(connection, name))
        network = load_network(name)
        self.import_network(network)
        return self._compiled(network)

    def _compiled(self, network: Network) -> Grid:
        return self._grids.setdefault(network.fingerprint, compile_network(network))

    def closed(self, name: str, *, at: datetime | None = None, known_at: datetime | None = None) -> Bools:
        """Switch positions of a network at an instant (now unless told), as known then."""
        with reading(self.engine) as connection:
            operations = operations_until(connection, name, at=at or self.clock(), known_at=known_at)
        return positions(self.grid(name), operations, at=at or self.clock(), known_at=known_at)

    def operate(self, name: str, switch_id: str, *, closed: bool, actor: Actor, at: datetime | None = None) -> None:
        """Record that a switch was operated in the field."""
        self.grid(name).switch(switch_id)
        instant = self.clock()
        with writing(self.engine) as connection:
            operation = SwitchOperation(switch_id, closed, at or instant, instant)
            record_operations(connection, name, [operation], actor=actor, at=instant)

    @cached_property
    def planning(self) -> Planning:
        """The planning use cases on this store."""
        return Planning(self.engine, self.grid, self.closed, self.clock, zone=self.zone, time_zone=self.zone.key)

    def transfer(self, name: str, equipment: Sequence[str], period: Period) -> Transfer:
        """The optimal re-supply of everyone that isolating `equipment` in `period` cuts off, from the present state."""
        grid, closed, policies, on = self.grid(name), self.closed(name), self.planning.policies(), self._day(period)
        isolation = isolate(grid, closed, equipment, limits=limits_of(policies, on=on))
        loads = self._loads(name, period)
        return transfer(grid, closed, isolation, loads, policies, on=on, starts_at=period.start)

    def switching_plan(self, name: str, equipment: Sequence[str], period: Period) -> SwitchingPlan:
        """Isolation, transfer and the tickets there and back for an outage of `equipment` in `period`."""
        return plan_switching(
            self.grid(name),
            self.closed(name),
            equipment,
            period=period,
            loads=self._loads(name, period),
            policies=self.planning.policies(),
            on=self._day(period),
        )

    def _loads(self, name: str, period: Period) -> tuple[Floats, Floats]:
        grid = self.grid(name)
        p_kw, q_kvar, _ = window_loads(grid, forecast(grid.network), period, self.zone.key)
        return p_kw, q_kvar

    def _day(self, period: Period) -> date:
        return period.start.astimezone(self.zone).date()
