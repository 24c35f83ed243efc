"""The only place that builds things: the store, the networks in memory, the policies, the clock.

An `App` is opened on a data folder or a database URL. Compiled networks are kept by version, so that a new import is
seen at once and an old one costs nothing.
"""

import asyncio
import json
import logging
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from everlit.control.service import Control
from everlit.customers.service import Customers
from everlit.faults.intake import Intake
from everlit.faults.policies import FAULT_POLICIES
from everlit.faults.service import Faults
from everlit.faults.spool import Spool
from everlit.grid import Grid, Network, compile_network, load_network
from everlit.grid.compile import Bools, Floats
from everlit.grid.state import earthed, positions, stated, with_positions
from everlit.grid.store import (
    SwitchOperation,
    list_networks,
    newest_version,
    operations_until,
    record_operations,
    save_network,
    stored_network,
)
from everlit.grid.tables import shipped_networks
from everlit.kernel import Finding, Period, Refusal, Text
from everlit.ledger.service import Ledger
from everlit.metering.forecast import forecast, window_loads
from everlit.notices.channel import Opened
from everlit.notices.channels.configured import channels_from, unopened
from everlit.notices.reconcile import Reconciliation
from everlit.notices.sender import keep_sending, send_once
from everlit.notices.service import Notices
from everlit.planning.history import Past
from everlit.planning.lifecycle import Command
from everlit.planning.model import PlannedOutage, Role, State
from everlit.planning.policies import DEFAULT_POLICIES
from everlit.planning.service import Planning
from everlit.planning.service.refusals import only
from everlit.planning.switching_plan import SwitchingPlan, plan_switching
from everlit.platform.database import migrate, open_engine, reading, sqlite_url, writing
from everlit.platform.events import Actor
from everlit.policies import ASTRAY, Reactions, compare, compare_astray, tell
from everlit.reliability.budget import BudgetView
from everlit.reliability.calendar import month_period, months_of
from everlit.reliability.forward_effect import Asked, Risk, risk_of
from everlit.reliability.management import Management, told_with
from everlit.reliability.model import Book
from everlit.reliability.month_report import MonthReport
from everlit.reliability.service import Reliability
from everlit.switching import MissingTie, Reason, isolate, limits_of, rank_missing_ties
from everlit.switching.transfer import Transfer, transfer

SYSTEM = Actor("everlit", "system")
SHIPPED_POLICIES = DEFAULT_POLICIES.replaced(FAULT_POLICIES.rows)
"""Every threshold that ships."""
LOG = logging.getLogger("everlit")
LONGEST = timedelta(days=31)
"""The longest time a transfer or a ticket is computed for, quarter-hour by quarter-hour."""


OPERATORS = (Role.DISPATCHER.value, Role.CREW.value, SYSTEM.role)
"""Roles that record what was operated in the field."""

DRAIN_PAUSE_S = 1.0
"""Between two looks at the spool of signals."""
FIRST_INSTANT = datetime(2000, 1, 1, tzinfo=UTC)
TOLD_ALREADY = (State.NOTIFIED, State.PERMITTED, State.IN_PROGRESS, State.WORK_DONE, State.RESTORING)
GONE = (State.CANCELLED, State.REJECTED, State.POSTPONED)


class UnableToOpenStore(Refusal):
    """The database cannot be reached, or its address is none."""

    title = Text(en="The store could not be opened.", zh="数据库无法打开。")


def _unreachable(url: str, error: Exception) -> UnableToOpenStore:
    """The refusal, with the driver's words and without what stands before the @ of the address."""
    place, why = url.rpartition("@")[2], str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
    words = Text(en=f"The store at {place} cannot be opened: {why}", zh=f"无法打开数据库 {place}:{why}")
    return UnableToOpenStore(Finding("store.unreachable", place, words))


class UnableToOperate(Refusal):
    """An operation is recorded by who operates or directs it, when it has happened."""

    title = Text(en="The switch operation was not recorded.", zh="倒闸操作未登记。")


class UnableToReconcile(Refusal):
    """Nobody knows yet who was off."""

    title = Text(en="Who was told cannot be compared yet.", zh="尚不能进行到户核对。")


def speaker() -> Text:
    """Who notices say they come from."""
    zh, en = (os.environ.get(name) for name in ("EVERLIT_UTILITY_ZH", "EVERLIT_UTILITY_EN"))
    return Text(en=en or "Your power utility", zh=zh or "供电公司")


def _refused(operation: SwitchOperation, actor: Actor) -> list[Finding]:
    found = []
    if actor.role not in OPERATORS:
        words = Text(
            en=f"{actor.role} records no switch operations; known: {', '.join(OPERATORS)}.",
            zh=f"{actor.role} 不能登记倒闸操作；可用角色：{'、'.join(OPERATORS)}。",
        )
        found.append(Finding("operation.role", actor.name, words))
    if not FIRST_INSTANT <= operation.at <= operation.known_at:
        words = Text(
            en=f"{operation.at.isoformat()} is in the future, or before the year 2000.",
            zh=f"{operation.at.isoformat()} 晚于当前时间或早于2000年。",
        )
        found.append(Finding("operation.time", operation.switch_id, words))
    return found


def _waiting(name: str, folder: Path) -> dict[str, Any]:
    """A shipped network nobody has asked for yet, as `App.networks` lists it."""
    title = json.loads((folder / "network.json").read_text(encoding="utf-8")).get("title", {})
    row = {"network": name, "version": 0, "fingerprint": "", "title": title}
    return {**row, "imported_at": None, "counts": {}, "shipped": True}


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
    sender: Text = field(default_factory=speaker)
    hotline: str = field(default_factory=lambda: os.environ.get("EVERLIT_HOTLINE") or "95598")
    public_host: str = field(default_factory=lambda: os.environ.get("EVERLIT_UTILITY_HOST", ""))
    _grids: dict[tuple[str, int], Grid] = field(default_factory=dict)
    _compiling: Lock = field(default_factory=Lock)

    @classmethod
    def open(
        cls,
        home: Path | None = None,
        *,
        url: str | None = None,
        clock: Callable[[], datetime] = now,
        needed: bool = True,
    ) -> "App":
        """Open (and create or migrate) the store of a data folder, `$EVERLIT_HOME` or ./.everlit unless told; where the
        store is not `needed`, it may be out of reach and is left as it is."""
        home = Path(home or os.environ.get("EVERLIT_HOME") or ".everlit").resolve()
        home.mkdir(parents=True, exist_ok=True)
        url = url or os.environ.get("EVERLIT_DATABASE_URL") or sqlite_url(home)
        try:
            engine = open_engine(url)
            if needed:
                migrate(engine)
        except (SQLAlchemyError, ValueError) as error:
            raise _unreachable(url, error) from error
        return cls(engine, home, clock)

    def today(self) -> date:
        """The day it is where the utility is."""
        return self.clock().astimezone(self.zone).date()

    def import_network(self, network: Network, *, actor: Actor = SYSTEM) -> int:
        """Keep a validated network as its newest version; present positions it brings along count as operated now."""
        at = self.clock()
        with writing(self.engine) as connection:
            before = newest_version(connection, network.name)
            version = save_network(connection, network, actor=actor, at=at)
            if version != before:
                brought = [SwitchOperation(name, closed, at, at) for name, closed in stated(network).items()]
                record_operations(connection, network.name, brought, actor=actor, at=at)
        return version

    def exported(self, name: str) -> Network:
        """A network as it is now, with the positions of switches that are not in their normal one."""
        grid, now = self.grid(name), self.clock()
        operations = self.operations(name)
        return with_positions(grid, positions(grid, operations, at=now), earthed(grid, operations, at=now))

    def networks(self) -> list[dict[str, Any]]:
        """Newest version of every kept network, then the shipped ones nobody has asked for yet (version 0)."""
        with reading(self.engine) as connection:
            kept = list_networks(connection)
        shipped = shipped_networks()
        rows = [{**one.as_json(), "shipped": one.network in shipped} for one in kept]
        waiting = sorted(set(shipped) - {one.network for one in kept})
        return rows + [_waiting(name, shipped[name]) for name in waiting]

    def grid(self, name: str) -> Grid:
        """The newest version of a kept network, compiled; a shipped city is imported when first asked for."""
        with reading(self.engine) as connection:
            version = newest_version(connection, name)
            if (name, version) in self._grids:
                return self._grids[name, version]
            if version or name not in shipped_networks():
                return self._compiled(stored_network(connection, name), version)
        network = load_network(name)
        return self._compiled(network, self.import_network(network))

    def _compiled(self, network: Network, version: int) -> Grid:
        """A network compiled once, however many ask for it at the same time."""
        with self._compiling:
            if (network.name, version) not in self._grids:
                self._grids[network.name, version] = compile_network(network)
            return self._grids[network.name, version]

    def closed(self, name: str, *, at: datetime | None = None, known_at: datetime | None = None) -> Bools:
        """Switch positions of a network at an instant (now unless told), as known then."""
        with reading(self.engine) as connection:
            operations = operations_until(connection, name, at=at or self.clock(), known_at=known_at)
        return positions(self.grid(name), operations, at=at or self.clock(), known_at=known_at)

    def operate(
        self, name: str, switch_id: str, *, closed: bool, actor: Actor, at: datetime | None = None
    ) -> SwitchOperation:
        """Record that a switch or an earthing switch was operated in the field, now or at an earlier instant."""
        grid, instant = self.grid(name), self.clock()
        if grid.find(switch_id, "earths") < 0:
            grid.switch(switch_id)
        operation = SwitchOperation(switch_id, closed, at or instant, instant)
        if refused := _refused(operation, actor):
            raise UnableToOperate(*refused)
        with writing(self.engine) as connection:
            record_operations(connection, name, [operation], actor=actor, at=instant)
        return operation

    def operations(
        self, name: str, *, at: datetime | None = None, known_at: datetime | None = None
    ) -> list[SwitchOperation]:
        """Switch operations of a network up to an instant (now unless told), as known then."""
        self.grid(name)
        with reading(self.engine) as connection:
            return operations_until(connection, name, at=at or self.clock(), known_at=known_at)

    def missing_ties(self, name: str, month: str) -> list[MissingTie]:
        """The ties whose absence or weakness costs the outages of a month the most, dearest first."""
        standing = [one for one in self.planning.outages(name, month=month) if one.assessment and one.state not in GONE]
        bodies = (self.planning.assessment_of(outage_id=one.outage_id).body for one in standing)
        return rank_missing_ties([Reason.from_json(row) for row in body["certificate"]] for body in bodies)

    @cached_property
    def planning(self) -> Planning:
        """The planning use cases on this store."""
        return Planning(
            self.engine, self.grid, self.closed, self.clock, self._past, zone=self.zone, time_zone=self.zone.key,
            defaults=SHIPPED_POLICIES, reactions=self._react,
        )  # fmt: skip

    @cached_property
    def faults(self) -> Faults:
        """Signals taken in and faults located, on this store."""
        spool = Spool(Path(os.environ.get("EVERLIT_SPOOL") or self.home / "spool"))
        return Faults(
            self.grid, self.closed, self.planning.policies, self.clock, self.zone, self.engine,
            Intake(spool, self.clock), lambda: frozenset(row["network"] for row in self.networks()),
        )  # fmt: skip

    async def keep_draining(self, stop: asyncio.Event) -> None:
        """Drain the spool of signals every second until told to stop; a database out of reach is told once, and tried again."""
        told = False
        while not stop.is_set():
            try:
                await asyncio.to_thread(self.faults.drain, actor=SYSTEM)
                told = False
            except Refusal as refusal:
                if not told:
                    LOG.warning("signals wait in the spool: %s", refusal)
                told = True
            except Exception:
                LOG.warning("a round of draining signals failed", exc_info=True)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), DRAIN_PAUSE_S)

    def _past(self, name: str, period: Period) -> Past:
        """What the repeat limits read of the ledger; an outage on a major event day of DL/T 836 does not count."""
        return Past(self.ledger.interruptions(name, period), self.reliability.major(name, period)[Book.DLT])

    def _react(self, connection: Connection, kind: str, subject: str, body: Mapping[str, Any]) -> None:
        self._reactions()(connection, kind, subject, body)

    def _reactions(self) -> Reactions:
        return Reactions(self.notices, self.control, self.grid, self.sender, self.hotline)

    @cached_property
    def customers(self) -> Customers:
        """Accounts and contacts on this store."""
        return Customers(self.engine, self.grid, self.clock)

    @cached_property
    def notices(self) -> Notices:
        """Who is told what, on this store."""
        return Notices(self.engine, self.planning.policies, self.clock, self.zone)

    def channels(self) -> dict[str, Opened]:
        """The ways of telling people that the settings name; raises UnableToOpenChannels."""
        return channels_from(os.environ, clock=self.clock)

    def send_due(self) -> Counter[str]:
        """Send every notice that is due now; returns how often each state was noted."""
        return asyncio.run(send_once(self.notices.dispatcher, self._served(self.channels())))

    async def keep_sending(self, channels: Mapping[str, Opened], stop: asyncio.Event) -> None:
        """Send what is due over some channels until told to stop."""
        failed = partial(LOG.warning, "a round of sending notices failed: %s", exc_info=True)
        await keep_sending(self.notices.dispatcher, self._served(channels), stop, failed=failed)

    def _served(self, channels: Mapping[str, Opened]) -> list[Opened]:
        """Those channels, and stand-ins for the ones nobody opens: what waits there goes on to the reader's next one."""
        return [*channels.values(), *unopened(os.environ, channels)]

    def queue_notices(self, outage_id: str, *, actor: Actor) -> PlannedOutage:
        """Queue the notices of an outage as its final plan says; where people were told already, for whoever does not know
        it yet. Raises UnableToAdvance when it is not approved, or a gate says no, UnableToPlan for a role that tells
        nobody."""
        with writing(self.engine) as connection:
            outage = self.planning.outage(outage_id)
            again = outage.state in TOLD_ALREADY and not outage.renotice
            if again and self.clock() < outage.period.end:
                only(actor, "notices.queue")
                tell(self._reactions(), connection, outage)
                return outage
        return self.planning.act(outage_id, Command.NOTIFY, actor=actor)

    def reconcile(self, outage_id: str, *, actor: Actor) -> Reconciliation:
        """Compare once more who was told of an outage with who was off by the ledger, as it says now; of the darkness
        against its plan (its identity and /astray) with who was in it by the steps. Raises UnableToReconcile as long as
        the ledger has nothing of it, and where nobody was dead against the plan."""
        outage, against = self.planning.outage(outage_id.removesuffix(ASTRAY)), outage_id.endswith(ASTRAY)
        if not self.ledger.statements(outage.network, outage.outage_id):
            words = Text(f"{outage_id} is not in the ledger yet.", f"{outage_id} 尚未登记停电台账。")
            raise UnableToReconcile(Finding("notices.reconcile.state", outage_id, words))
        with writing(self.engine) as connection:
            compared = (compare_astray if against else compare)(self._reactions(), connection, outage, actor=actor)
        if compared is None:
            words = Text(f"Nobody was off against the plan of {outage_id}.", f"{outage_id} 没有计划外停电用户。")
            raise UnableToReconcile(Finding("notices.reconcile.nobody", outage_id, words))
        return compared

    @cached_property
    def ledger(self) -> Ledger:
        """The outage ledger on this store."""
        return Ledger(self.engine, self.grid, self.clock, self.zone, self.planning.policies)

    @cached_property
    def control(self) -> Control:
        """Outages while they are carried out, on this store."""
        return Control(self.engine, self.planning, self.ledger, self.grid, self.clock, reactions=self._react)

    @cached_property
    def reliability(self) -> Reliability:
        """Indices, major event days, repeats and closed months on this store."""
        return Reliability(self.engine, self.grid, self.ledger, self.clock, self.zone, self.planning.policies)

    def budget_year(self, name: str, year: int, *, known_at: datetime | None = None) -> BudgetView:
        """The customer-hour budget of a year: used as the ledger says, allotted and committed as planning says."""
        return self.reliability.budget(name, year, **self._hours_told(name, year), known_at=known_at)

    def management(
        self, name: str, period: Period, *, known_at: datetime | None = None, live_line_h: float | None = None
    ) -> Management:
        """The management indices of a period; what transfers avoided comes from planning, as known now.

        `live_line_h` are the customer-hours live-line works saved, where somebody knows them.
        """
        avoided = None
        if known_at is None:
            avoided = sum(self._transferred_h(name, month) for month, _ in months_of(period, self.zone))
        indices = self.reliability.management(
            name, period, known_at=known_at, transferred_h=avoided, live_line_h=live_line_h
        )
        return told_with(indices)

    def _transferred_h(self, name: str, month: str) -> float:
        """Customer-hours the transfers of a month's outages avoided, as planning tells them."""
        indices = self.planning.review_month(name, month).indices
        return sum(one.numerator for one in indices if one.key == "transferred")

    def month_report(self, name: str, month: str) -> MonthReport:
        """The reliability report of a month, with what planning knows of budgets and transfers."""
        period = month_period(month, self.zone)
        transferred = self._transferred_h(name, month)
        told = self._hours_told(name, period.start.astimezone(self.zone).year)
        return self.reliability.report(name, month, **told, transferred_h=transferred)

    def forward_asked(self, *, limited: bool = True) -> Asked:
        """How a year ahead is calculated by the rules in force today, with or without the limits of ties."""
        return Asked(policies=self.planning.policies(), on=self.today(), limited=limited)

    def outage_risk(self, outage: PlannedOutage, *, limited: bool = True) -> Risk:
        """What failures may cost more while people work: the state of the outage's isolation and transfer, for its period."""
        at_work = self.switching_plan(outage.network, outage.equipment_ids, outage.period).at_work
        asked = self.forward_asked(limited=limited)
        return risk_of(self.grid(outage.network), at_work, hours=outage.period.hours, asked=asked)

    def _hours_told(self, name: str, year: int) -> dict[str, dict[tuple[str, str], float]]:
        """Customer-hours allotted and committed by unit and month."""
        months = [f"{year}-{number:02d}" for number in range(1, 13)]
        found = [one for month in months for one in self.planning.budgets(name, month).values()]
        allotted = {(one.unit, one.month): one.allotted_h for one in found}
        return {"allotted_h": allotted, "committed_h": {(one.unit, one.month): one.committed_h for one in found}}

    def transfer(
        self,
        name: str,
        equipment: Sequence[str],
        period: Period,
        *,
        at: datetime | None = None,
        known_at: datetime | None = None,
    ) -> Transfer:
        """The optimal re-supply of everyone that isolating `equipment` in `period` cuts off, from the state at `at`."""
        grid, policies, on = self.grid(name), self.planning.policies(), self._day(period)
        closed = self.closed(name, at=at, known_at=known_at)
        isolation = isolate(grid, closed, equipment, limits=limits_of(policies, on=on))
        loads = self._loads(name, period)
        return transfer(grid, closed, isolation, loads, policies, on=on, starts_at=period.start)

    def switching_plan(
        self, name: str, equipment: Sequence[str], period: Period, *, disturbed: Sequence[str] | None = None
    ) -> SwitchingPlan:
        """Isolation, transfer and the tickets there and back for an outage of `equipment` in `period`.

        `disturbed` are feeders with an earth fault or an abnormal neutral, None while nobody has said.
        """
        return plan_switching(
            self.grid(name),
            self.closed(name),
            equipment,
            period=period,
            loads=self._loads(name, period),
            policies=self.planning.policies(),
            on=self._day(period),
            disturbed=None if disturbed is None else tuple(disturbed),
        )

    def _loads(self, name: str, period: Period) -> tuple[Floats, Floats]:
        grid = self.grid(name)
        p_kw, q_kvar, _ = window_loads(grid, forecast(grid.network), period, self.zone.key)
        return p_kw, q_kvar

    def _day(self, period: Period) -> date:
        return period.start.astimezone(self.zone).date()
