"""Everything a monthly report (月度可靠性报告) stands on, computed by the rules beside it; `report` orders and words it."""

from collections.abc import Sequence
from dataclasses import dataclass

from everlit.kernel import Text
from everlit.reliability.budget import BudgetView
from everlit.reliability.closing import Figure, MonthStanding
from everlit.reliability.days import DailySaidi, MajorDay, Threshold
from everlit.reliability.drill import Drilled
from everlit.reliability.frequent import Frequent
from everlit.reliability.model import Index
from everlit.reliability.sheet import Sheet


@dataclass(frozen=True, eq=False)
class MonthReport:
    """Everything the report of a month shows: `year` is the local year until the month's end, the others are of the month."""

    title: Text
    month: str
    sheet: Sheet
    year: Sheet
    months: Sheet
    causes: Sheet
    feeders: Sheet
    events: Drilled
    daily: DailySaidi
    limit: Threshold
    major: tuple[MajorDay, ...]
    budget: BudgetView
    management: tuple[Index, ...]
    frequent: Frequent
    standing: MonthStanding
    provisional: bool = False
    """True while the month is not over: its figures still grow."""

    @property
    def figures(self) -> Sequence[Figure]:
        """The figures of the month: as reported when it is closed."""
        return self.standing.versions[-1].figures if self.standing.versions else list(self.sheet.rows())
