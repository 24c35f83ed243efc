"""Reliability in use: load the ledger as known at an instant, count, and keep what was reported.

The ledger says who was dead; the network version says who there is; the rules say what is long, often and major. A
month is closed in one transaction with its event, on figures computed from exactly what was known at that instant.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, select

from everlit.grid import Grid, compile_network
from everlit.grid.store import network_versions, stored_network
from everlit.kernel import Finding, Period, Policies, Text, fingerprint
from everlit.ledger.columns import Interruptions, subjects_of
from everlit.ledger.model import SubjectKind
from everlit.ledger.service import Ledger
from everlit.ledger.store import known_batch
from everlit.platform.database import reading, writing
from everlit.platform.events import Actor, aware, record
from everlit.reliability import store
from everlit.reliability.budget import BudgetView, budget_view
from everlit.reliability.calendar import begun, days_of, last_day, month_period, months_of, year_period
from everlit.reliability.closing import Basis, ClosedMonth, MonthStanding, UnableToCloseMonth, close, restated
from everlit.reliability.compared import MOST_TOLD, Compared, named
from everlit.reliability.customers import customers_by, in_force, time_weighted, weight_of
from everlit.reliability.days import DailySaidi, MajorDay, Threshold, daily_saidi, major_days, threshold
from everlit.reliability.drill import Drilled, UnableToDrill, chosen_formula, drill, interrupted, narrowed
from everlit.reliability.frequent import Frequent, dedicated_users, frequent
from everlit.reliability.indices import BOOKS, KIND, Counted, indices
from everlit.reliability.kept import Kept
from everlit.reliability.load import mean_load_w
from everlit.reliability.management import management
from everlit.reliability.model import Base, Book, By, Customers, Index, View
from everlit.reliability.month_report import MonthReport
from everlit.reliability.policies import limits_of
from everlit.reliability.sheet import Sheet
from everlit.reliability.tally import Whole

BEFORE = timedelta(days=1)
"""Read this long before a period as well: an interruption may have begun there with a first operation."""
CLOSERS = ("reliability", "department_head", "vice_director", "system")
"""Roles that close and restate a month."""
MOST_KEPT = 32
"""Years of daily values kept in memory, by book and state of knowledge."""
Hours = Mapping[tuple[str, str], float]
"""Customer-hours by unit and month."""


@dataclass
class Reliability:
    """The use cases of reliability on one store."""

    engine: Engine
    grid: Callable[[str], Grid]
    ledger: Ledger
    clock: Callable[[], datetime]
    zone: tzinfo
    policies: Callable[[], Policies]
    _days: dict[tuple[Any, ...], dict[date, float]] = field(default_factory=dict)
    _kept: Kept = field(default_factory=Kept)

    # -------------------------------------------------------------------------------------------- indices
    def indices(
        self,
        network: str,
        period: Period,
        *,
        bases: Sequence[Base] = tuple(Base),
        by: By | None = None,
        known_at: datetime | None = None,
        customers: Customers | None = None,
        view: View = View.ALL,
    ) -> Sheet:
        """Every index of a period on some bases, whole or in parts, as known at an instant (now unless told).

        `customers` says which customers divide; without it the rule in force does. `view` says which days of parts are
        told; every view is counted. Raises UnableToUsePeriod for a period that has not begun.
        """
        begun(period, now=self.clock())
        policies = self.policies()
        weighted = policies.value("rel.customers.weighted", on=last_day(period, self.zone)) == 1
        convention = customers or (Customers.TIME_WEIGHTED if weighted else Customers.PERIOD_END)
        major = self.major(network, period, known_at=known_at)
        counted: dict[Base, Counted] = {}
        for kind in SubjectKind:
            if mine := [base for base in bases if KIND[base] is kind]:
                rows = self._rows(network, period, kind, known_at)
                counted |= indices(
                    rows,
                    bases=mine,
                    period=period,
                    policies=policies,
                    zone=self.zone,
                    by=by,
                    major=major,
                    customers=self._customers(network, period, mine, by, convention, known_at),
                    convention=convention,
                    power_w=self._power(network, rows) if Base.POWER in mine else None,
                )
        counted = {base: counted[base] for base in bases}
        return Sheet(network, period, self.zone, known_at, convention, major, by, counted, view)

    def compared(
        self, network: str, period: Period, then: datetime | None, later: datetime | None = None, **asked: Any
    ) -> Compared:
        """Every figure of a period that differs between two states of knowledge, and what arrived between them.

        `asked` as for `indices`; raises UnableToCompare without `then`. Both sides are counted by the rules in force now.
        """
        first = named(then)
        before, after = (list(self.indices(network, period, known_at=at, **asked).rows()) for at in (first, later))
        arrived, count = self.ledger.arrived(network, period, first, later, most=MOST_TOLD)
        return Compared(network, period, first, later, len(after), restated(before, after), arrived, count)

    def drill(
        self,
        network: str,
        period: Period,
        key: str,
        *,
        book: Book,
        base: Base = Base.UNITS,
        view: View = View.ALL,
        by: By | None = None,
        part: str = "",
        known_at: datetime | None = None,
    ) -> tuple[Index, Drilled]:
        """An index, of the whole or of one part, with the interruptions it adds up; raises UnableToDrill."""
        sheet = self.indices(network, period, bases=[base], by=by, known_at=known_at)
        counted, row = sheet.counted[base], BOOKS.index(book)
        formula = chosen_formula(counted.formulas(book), key)
        rows = self._rows(network, period, KIND[base], known_at)
        weight = weight_of(rows.subjects, base, self._power(network, rows) if base is Base.POWER else None)
        number, mine, heavy, span = narrowed(rows, weight, period, by, part, counted.parts, self.zone)
        days = days_of(span, self.zone, major=sheet.major, books=BOOKS)[1]
        made = drill(
            interrupted(mine, days, counted.limits[row], book=row), formula, heavy, counted.limits[row], view=view
        )
        index = counted.index(key, book, view=view, part=number)
        if made.total != index.numerator:
            words = Text(en=f"{key} changed meanwhile: ask again.", zh=f"{key} 数据已变化,请重新查询。")
            raise UnableToDrill(Finding("index.stale", key, words))
        return index, made

    def management(
        self,
        network: str,
        period: Period,
        *,
        known_at: datetime | None = None,
        transferred_h: float | None = None,
        live_line_h: float | None = None,
    ) -> tuple[Index, ...]:
        """The management indices the ledger tells; what transfers and live work saved comes from planning."""
        rows, policies = self._rows(network, period, SubjectKind.MV_UNIT, known_at), self.policies()
        return management(rows, period=period, policies=policies, transferred_h=transferred_h, live_line_h=live_line_h)

    # ----------------------------------------------------------------------------------------- major days
    def days(
        self, network: str, year: int, *, book: Book, known_at: datetime | None = None
    ) -> tuple[Threshold, tuple[MajorDay, ...], DailySaidi]:
        """The limit of a year, its major event days, and the daily SAIDI of that year on MV statistic units."""
        daily = self._daily(network, year, book, known_at)
        limit = threshold(daily, year, book, policies=self.policies())
        return limit, major_days(daily, limit), {day: value for day, value in daily.items() if day.year == year}

    def major(self, network: str, period: Period, *, known_at: datetime | None = None) -> dict[Book, tuple[date, ...]]:
        """The major event days of each book in the local years a period touches."""
        years = range(period.start.astimezone(self.zone).year, last_day(period, self.zone).year + 1)
        found = {book: [self.days(network, year, book=book, known_at=known_at)[1] for year in years] for book in BOOKS}
        return {book: tuple(one.day for days in of_year for one in days) for book, of_year in found.items()}

    def _daily(self, network: str, year: int, book: Book, known_at: datetime | None) -> dict[date, float]:
        """Minutes per MV unit of every day since the ledger begins, in the years a limit looks back to and in `year`.

        Kept in memory for what is known: the years before are long, and change only when the ledger does.
        """
        policies, on = self.policies(), date(year, 12, 31)
        limits, split = limits_of(policies, book, on=on), policies.value("rel.med.midnight", on=on) == 1
        back = round(policies.value(f"rel.med.years.{book.value}", on=on))
        with reading(self.engine) as connection:
            batch = known_batch(connection, network, known_at)
        key = network, batch, self.grid(network).network.fingerprint, year, back, limits, split
        if key not in self._days:
            window = Period(year_period(year - back, self.zone).start, year_period(year, self.zone).end)
            rows = self._rows(network, window, SubjectKind.MV_UNIT, known_at)
            if len(self._days) >= MOST_KEPT:
                self._days.clear()
            self._days[key] = daily_saidi(rows, window, limits, self.zone, split=split)
        last = (known_at or self.clock()).astimezone(self.zone).date()
        return {day: value for day, value in self._days[key].items() if day <= last}

    # -------------------------------------------------------------------------------------------- repeats
    def repeats(self, network: str, *, at: datetime | None = None, known_at: datetime | None = None) -> Frequent:
        """Frequent users and feeders and the warning list, in the local year of `at` (now unless told) until then."""
        now = at or self.clock()
        year = now.astimezone(self.zone).year
        rows = self._rows(network, year_period(year, self.zone), SubjectKind.USAGE_POINT, known_at)
        major = [one.day for one in self.days(network, year, book=Book.DLT, known_at=known_at)[1]]
        own, known = rows.subjects.units > 0, dedicated_users(self.grid(network))
        own[: len(known)] |= known[: len(own)]
        return frequent(rows, now=now, policies=self.policies(), zone=self.zone, major=major, dedicated=own)

    # --------------------------------------------------------------------------------------------- budget
    def budget(
        self, network: str, year: int, *, allotted_h: Hours, committed_h: Hours, known_at: datetime | None = None
    ) -> BudgetView:
        """The budget of a year by unit and month; what was allotted and committed is told by planning."""
        period, policies = year_period(year, self.zone), self.policies()
        rows = self._rows(network, period, SubjectKind.MV_UNIT, known_at)
        used, fault = dict[tuple[str, str], float](), dict[tuple[str, str], float]()
        for month, span in months_of(period, self.zone):
            asked: dict[str, Any] = {"bases": [Base.UNITS], "policies": policies, "zone": self.zone, "by": By.UNIT}
            counted = indices(rows, period=span, **asked)[Base.UNITS]
            for number, part in enumerate(counted.parts):
                found = {one.key: one.value or 0.0 for one in counted.of(Book.DLT, part=number)}
                used[part.key, month], fault[part.key, month] = found["TH-S"], found["TH-F"]
        customers = customers_by(rows.subjects, weight_of(rows.subjects, Base.UNITS), By.UNIT)
        weighing = {unit: units for unit, units in customers.items() if units}
        return budget_view(
            year,
            weighing,
            used_h=used,
            fault_h=fault,
            allotted_h=allotted_h,
            committed_h=committed_h,
            policies=policies,
        )

    # ------------------------------------------------------------------------------------- months closed
    def close_month(
        self, network: str, month: str, *, actor: Actor, reason: str = "", known_at: datetime | None = None
    ) -> ClosedMonth:
        """Close a month, or restate a closed one with a reason; raises UnableToCloseMonth."""
        if actor.role not in CLOSERS:
            known = ", ".join(CLOSERS)
            en, zh = f"{actor.role} closes no month; known: {known}.", f"{actor.role} 不能封账;可用角色:{known}。"
            raise UnableToCloseMonth(Finding("month.role", actor.name, Text(en=en, zh=zh)))
        now, period = self.clock(), month_period(month, self.zone)
        sheet = self.indices(network, period, known_at=known_at or now)
        with writing(self.engine) as connection:
            before = store.closed_months(connection, network, months=[month])
            made = close(
                network,
                month,
                period,
                list(sheet.rows()),
                self._basis(network, sheet),
                before=before[-1] if before else None,
                actor=actor.name,
                reason=reason,
                known_at=known_at or now,
                now=now,
            )
            store.keep_month(connection, made)
            changes = len(restated(before[-1].figures, made.figures)) if before else 0
            body = {"version": made.version, "fingerprint": made.fingerprint, "reason": made.reason, "changes": changes}
            kind = "reliability.month.restated" if before else "reliability.month.closed"
            record(connection, actor=actor, at=now, kind=kind, subject=f"month:{network}/{month}", body=body)
        return made

    def month(self, network: str, month: str) -> MonthStanding:
        """How a month was reported, and what of it would be different now."""
        period = month_period(month, self.zone)
        with reading(self.engine) as connection:
            versions = store.closed_months(connection, network, months=[month])
        if not versions:
            return MonthStanding(month, (), ())
        convention = Customers(versions[-1].basis["customers"])
        now = self.indices(network, period, customers=convention)
        return MonthStanding(month, tuple(versions), restated(versions[-1].figures, now.rows()))

    def closed(self, network: str) -> list[ClosedMonth]:
        """Every version of every closed month of a network."""
        with reading(self.engine) as connection:
            return store.closed_months(connection, network)

    def report(
        self, network: str, month: str, *, allotted_h: Hours, committed_h: Hours, transferred_h: float | None = None
    ) -> MonthReport:
        """The report of a month: as reported when it is closed, else as known now. What planning knows is told.

        Raises UnableToUsePeriod for a month that has not begun.
        """
        period = begun(month_period(month, self.zone), now=self.clock())
        standing = self.month(network, month)
        year = period.start.astimezone(self.zone).year
        known_at = standing.versions[-1].known_at if standing.versions else None
        until = Period(year_period(year, self.zone).start, period.end)
        units: dict[str, Any] = {"bases": [Base.UNITS], "known_at": known_at}
        limit, major, daily = self.days(network, year, book=Book.DLT, known_at=known_at)
        return MonthReport(
            title=self.grid(network).network.title,
            month=month,
            sheet=self.indices(network, period, known_at=known_at),
            year=self.indices(network, until, **units),
            months=self.indices(network, until, by=By.MONTH, **units),
            causes=self.indices(network, period, by=By.CAUSE, **units),
            feeders=self.indices(network, period, by=By.FEEDER, **units),
            events=self.drill(network, period, "TH-1", book=Book.DLT, known_at=known_at)[1],
            daily=daily,
            limit=limit,
            major=major,
            budget=self.budget(network, year, allotted_h=allotted_h, committed_h=committed_h, known_at=known_at),
            management=self.management(network, period, known_at=known_at, transferred_h=transferred_h),
            frequent=self.repeats(network, at=min(period.end, self.clock()), known_at=known_at),
            standing=standing,
            provisional=self.clock() < period.end,
        )

    # ------------------------------------------------------------------------------------------ internals
    def _rows(self, network: str, period: Period, kind: SubjectKind, known_at: datetime | None) -> Interruptions:
        wider = Period(period.start - BEFORE, period.end)
        with reading(self.engine) as connection:
            batch = known_batch(connection, network, known_at)
        key = network, wider, kind, known_at, batch, self.grid(network).network.fingerprint
        return self._kept.get(key, lambda: self.ledger.interruptions(network, wider, kind=kind, known_at=known_at))

    def _customers(
        self,
        network: str,
        period: Period,
        bases: Sequence[Base],
        by: By | None,
        convention: Customers,
        known_at: datetime | None,
    ) -> dict[Base, dict[str, float]]:
        """Weights of the customers that divide, by base and part: whoever is gone counts above the line only."""
        with reading(self.engine) as connection:
            every = versions_of(connection, network)
            known = [one for one in every if known_at is None or one[1] <= known_at] or every[:1]
            relevant = in_force(known, period, convention)
            older = [version for version, _ in relevant if version != every[-1][0]]
            networks = {version: stored_network(connection, network, version=version) for version in older}
        weights: dict[Base, list[tuple[datetime, dict[str, float]]]] = {base: [] for base in bases}
        for version, since in relevant:
            grid = compile_network(networks[version]) if version in networks else self.grid(network)
            subjects = subjects_of(grid, KIND[bases[0]])
            for base in bases:
                weights[base].append((since, customers_by(subjects, weight_of(subjects, base), by)))
        return {base: time_weighted(found, period, tuple(found[-1][1])) for base, found in weights.items()}

    def _power(self, network: str, rows: Interruptions) -> Whole:
        """Mean load of every subject, W; those that are gone from the network count none."""
        load, everyone = mean_load_w(self.grid(network)), np.zeros(len(rows.subjects), np.int64)
        everyone[: len(load)] = load[: len(everyone)]
        return everyone

    def _basis(self, network: str, sheet: Sheet) -> Basis:
        policies, on = self.policies(), last_day(sheet.period, self.zone)
        keys = sorted({row.key for row in policies.rows if row.key.startswith("rel.")})
        rules = [policies.row(key, on=on).as_json() for key in keys if policies.all(key, on=on)]
        days = {book.value: [str(day) for day in days] for book, days in sheet.major.items()}
        return Basis(self.grid(network).network.fingerprint, fingerprint(rules), days, sheet.customers.value)


def versions_of(connection: Connection, network: str) -> list[tuple[int, datetime]]:
    """The versions of a network and since when they are known, oldest first."""
    query = select(network_versions.c.version, network_versions.c.imported_at)
    query = query.where(network_versions.c.network == network).order_by(network_versions.c.version)
    return [(int(row.version), aware(row.imported_at)) for row in connection.execute(query)]
