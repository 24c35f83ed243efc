"""The year ahead as its page shows it (可靠性预测): with and without the limits of ties beside each other, feeders, load points.

Nothing is computed here: every figure comes from `reliability.forward`, every assumption is the rule it was read from.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from everlit.app import App
from everlit.kernel import Policy, Text
from everlit.reliability.failure_data import TABLE, assumed_rows
from everlit.reliability.forward import BASES, Forward, Promise, forward
from everlit.reliability.forward_effect import Effect
from everlit.reliability.forward_feeders import FeederYear, by_feeder, by_load_point
from everlit.reliability.model import Base
from everlit.web.feeder_map import FeederMap, feeder_map, shade
from everlit.web.month import feeder_titles

MOST_FEEDERS, MOST_POINTS = 12, 20
ROWS: tuple[tuple[str, Text, str, int, Callable[[Promise], float | None]], ...] = (
    ("SAIFI", Text("interruptions of a customer", "平均停电次数"), "1/a", 4, lambda one: one.saifi),
    ("SAIDI", Text("hours off of a customer", "平均停电时间"), "h/a", 4, lambda one: one.saidi_h),
    ("CAIDI", Text("hours of an interruption", "平均每次停电时间"), "h", 4, lambda one: one.caidi_h),
    ("ASAI", Text("availability", "平均供电可靠率"), "%", 5, lambda one: one.asai_percent),
)
"""Key, title, unit, digits and figure of each line of a table of indices."""


@dataclass(frozen=True, slots=True)
class Line:
    """One index: its figures in the columns of a table, in order."""

    key: str
    title: Text
    unit: str
    digits: int
    figures: tuple[float | None, ...]


@dataclass(frozen=True)
class YearAhead:
    """The present network with the limits of ties and without them, on one base where feeders are ranked."""

    base: Base
    limited: Forward
    free: Forward
    feeders: Sequence[FeederYear]
    titles: Sequence[Text]
    points: Sequence[dict[str, Any]]
    map: FeederMap | None
    rules: Sequence[Policy]
    own_rows: int

    @property
    def lines(self) -> list[Line]:
        """Each index on three bases, with and without limits."""
        return compared(self.limited, self.free)

    @property
    def promise(self) -> Promise:
        """The indices on the base asked for, ties within their limits."""
        return self.limited.promises[self.base]

    def shade(self, feeder: FeederYear) -> int:
        """How a feeder is drawn: against the whole network."""
        return shade(feeder.promise.saidi_h or 0.0, self.promise.saidi_h or 0.0)


def read_ahead(app: App, network: str, base: Base, years: tuple[Forward, Forward]) -> YearAhead:
    """Everything of the page but answers to questions; `years` as `two_years` gives them."""
    limited, free = years
    grid = app.grid(network)
    feeders = by_feeder(limited, base)
    whole = limited.promises[base].saidi_h or 0.0
    own = grid.network.tables.get(TABLE)
    return YearAhead(
        base,
        limited,
        free,
        feeders[:MOST_FEEDERS],
        feeder_titles(grid),
        by_load_point(limited, MOST_POINTS),
        feeder_map(grid, {one.row: one.promise.saidi_h or 0.0 for one in feeders}, whole=whole),
        assumed_rows(app.planning.policies(), on=app.today()),
        0 if own is None else own.num_rows,
    )


def two_years(app: App, network: str) -> tuple[Forward, Forward]:
    """A year with the limits of ties, and one as if ties carried anything."""
    limited, free = (forward(app.grid(network), **app.forward_asked(limited=one)) for one in (True, False))
    return limited, free


def compared(one: Forward, other: Forward) -> list[Line]:
    """Each index of two calculations, base by base."""
    promises = [year.promises[base] for base in BASES for year in (one, other)]
    return [Line(key, title, unit, digits, tuple(map(figure, promises))) for key, title, unit, digits, figure in ROWS]


@dataclass(frozen=True, slots=True)
class Worth:
    """A change of the network: the year before and after with the limits of ties, and what is saved without them."""

    effect: Effect
    free: Effect

    @property
    def lines(self) -> list[Line]:
        """Each index before and after on three bases."""
        return compared(self.effect.before, self.effect.after)

    def saved(self) -> list[tuple[Base, float, float]]:
        """Customer-hours a year is spared on each base, with the limits of ties and without."""
        return [(base, self.effect.saved(base).hours, self.free.saved(base).hours) for base in BASES]
