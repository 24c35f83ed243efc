"""What is given to planning (边界条件): rules, budgets, protected periods, the working calendar, emergency plans."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from everlit.kernel import Period, Policy
from everlit.planning import store
from everlit.planning.holidays import CalendarDay, WorkingCalendar, shipped_days, working_calendar
from everlit.planning.model import Budget, ProtectedPeriod
from everlit.planning.policies import protected_calendar
from everlit.planning.service.desk import Desk
from everlit.planning.service.periods import month_period
from everlit.planning.service.refusals import only
from everlit.planning.service.states import EXECUTED, FIXED
from everlit.platform.database import reading, writing
from everlit.platform.events import Actor


@dataclass
class Given:
    """Enters and reads what planning is given."""

    desk: Desk

    def set_policy(self, row: Policy, *, actor: Actor) -> None:
        """Put a local row in place of the shipped ones of its key."""
        only(actor, "policy.set")
        with writing(self.desk.engine) as connection:
            store.keep_policy(connection, row)
            self.desk.event(connection, actor, "policy.set", f"policy:{row.key}", row.as_json())

    def set_budget(self, network: str, budget: Budget, *, actor: Actor) -> None:
        """Allot customer-hours to a unit for a month."""
        only(actor, "budget.set")
        with writing(self.desk.engine) as connection:
            store.keep_budget(connection, network, budget)
            self.desk.event(connection, actor, "budget.set", f"network:{network}", budget.as_json())

    def budgets(self, network: str, month: str) -> dict[str, Budget]:
        """Budgets of a month with what is used and committed."""
        with reading(self.desk.engine) as connection:
            return self.budgets_in(connection, network, month)

    def protect(self, network: str, periods: Iterable[ProtectedPeriod], *, actor: Actor) -> None:
        """Enter protected periods: festivals, elections, weather warnings."""
        only(actor, "calendar.protected")
        entered = list(periods)
        with writing(self.desk.engine) as connection:
            store.keep_protected(connection, network, entered)
            body = {"periods": [one.as_json() for one in entered]}
            self.desk.event(connection, actor, "calendar.protected", f"network:{network}", body)

    def protected(self, network: str, period: Period) -> list[ProtectedPeriod]:
        """Protected periods that touch a period, those of the yearly calendar included."""
        with reading(self.desk.engine) as connection:
            return self.protected_in(connection, network, period)

    def protected_in(self, connection: Connection, network: str, period: Period) -> list[ProtectedPeriod]:
        """Protected periods that touch a period, within the caller's transaction."""
        return [*self._yearly(period), *store.protected_periods(connection, network, during=period)]

    def calendar(self) -> WorkingCalendar:
        """The days people rest: the shipped ones with those entered over them."""
        with reading(self.desk.engine) as connection:
            return self.working(connection)

    def set_days(self, days: Sequence[CalendarDay], *, actor: Actor) -> None:
        """Enter holidays, and days worked in their place."""
        only(actor, "calendar.days")
        with writing(self.desk.engine) as connection:
            store.keep_days(connection, days)
            body = {"days": [one.as_json() for one in days]}
            self.desk.event(connection, actor, "calendar.days", "calendar", body)

    def working(self, connection: Connection) -> WorkingCalendar:
        """The working calendar, within the caller's transaction."""
        return working_calendar(shipped_days(), store.calendar_days(connection))

    def approve_emergency_plan(self, network: str, name: str, *, actor: Actor) -> None:
        """Record that a customer or usage point has an approved emergency plan."""
        only(actor, "emergency_plan.approve")
        with writing(self.desk.engine) as connection:
            store.keep_emergency_plan(connection, network, name, at=self.desk.clock())
            self.desk.event(connection, actor, "emergency_plan.approved", f"customer:{name}", {"network": network})

    def _yearly(self, period: Period) -> list[ProtectedPeriod]:
        years = {period.start.astimezone(self.desk.zone).year, period.end.astimezone(self.desk.zone).year}
        yearly = [one for year in sorted(years) for one in protected_calendar(year)]
        return [one for one in yearly if one.period.overlaps(period)]

    def budgets_in(
        self, connection: Connection, network: str, month: str, leaving_out: Collection[str] = ()
    ) -> dict[str, Budget]:
        """Budgets of a month; used is what was executed, committed what is approved, each by its own assessment.

        Outages `leaving_out` are not counted: the one that is looked at, or those a month problem counts itself.
        """
        found = store.budgets(connection, network, month)
        used: dict[str, float] = {}
        committed: dict[str, float] = {}
        for outage in store.outages(connection, network, during=month_period(month, self.desk.zone), states=FIXED):
            stored = None if outage.outage_id in leaving_out else self.desk.own_assessment(connection, outage)
            if stored is None:
                continue
            part = used if outage.state in EXECUTED else committed
            for unit, hours in stored.body["unit_hours"].items():
                part[unit] = part.get(unit, 0.0) + float(hours)
        return {
            unit: replace(budget, used_h=round(used.get(unit, 0.0), 6), committed_h=round(committed.get(unit, 0.0), 6))
            for unit, budget in found.items()
        }
