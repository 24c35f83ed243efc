"""A trend drawn (趋势图): years, or the months of one year; per place two bars, DL/T 836 and IEEE 1366 side by side.

Availability hangs from 100 %: what is drawn is what is missing of it, so that a longer bar is worse in every chart.
Drawn on the server; each bar is a link to the events its figure is made of.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from everlit.reliability.model import Index

HEIGHT = 170.0
LEFT, TOP, BOTTOM = 34.0, 12.0, 22.0


@dataclass(frozen=True, slots=True)
class Point:
    """One place of a trend: its label, and per book the figure with the link to what is in it."""

    label: str
    figures: tuple[tuple[Index, str], ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: place and size, the book's position, the figure drawn in it and its link."""

    x: float
    y: float
    width: float
    height: float
    book: int
    label: str
    figure: Index
    link: str


@dataclass(frozen=True, slots=True)
class Trend:
    """A chart: bars, labels below, lines across with their value, how many decimals these need."""

    bars: tuple[Bar, ...]
    labels: tuple[tuple[float, str], ...]
    ticks: tuple[tuple[float, float], ...]
    decimals: int
    box: tuple[float, float]


def drawn(index: Index) -> float:
    """What is drawn of a figure: hours of a duration, what is missing of an availability in %, else its value.

    >>> from everlit.kernel import Text
    >>> round(drawn(Index("ASAI", Text("", ""), "%", 876, 8760.0 * 10, complement=True)), 3)
    1.0
    >>> drawn(Index("SAIDI", Text("", ""), "min", 7200, 1.0, 60))
    2.0
    """
    if index.value is None:
        return 0.0
    if index.complement:
        return 100 - index.value
    return index.value / 60 if index.unit == "min" else index.value


def trend(points: Sequence[Point], *, width: float) -> Trend:
    """The chart of some points, in order, so many units wide."""
    high, step = scale(drawn(index) for point in points for index, _ in point.figures)
    each, ground, room = (width - LEFT) / max(len(points), 1), HEIGHT - BOTTOM, HEIGHT - BOTTOM - TOP
    bars, labels = list[Bar](), list[tuple[float, str]]()
    for number, point in enumerate(points):
        wide = each * 0.76 / max(len(point.figures), 1)
        for book, (index, link) in enumerate(point.figures):
            tall, left = room * drawn(index) / high, LEFT + (number + 0.12) * each + book * wide
            bars.append(Bar(left, ground - tall, wide * 0.92, tall, book, point.label, index, link))
        labels.append((LEFT + (number + 0.5) * each, point.label))
    ticks = tuple((ground - room * number * step / high, number * step) for number in range(round(high / step) + 1))
    return Trend(tuple(bars), tuple(labels), ticks, max(0, -floor(log10(step))), (width, HEIGHT))


def scale(values: Iterable[float]) -> tuple[float, float]:
    """The top of an axis and its step: 1, 2 or 5 times a power of ten, three to six steps.

    >>> scale([0.31, 2.61]), scale([]), scale([0.03])
    ((3.0, 0.5), (1.0, 0.2), (0.03, 0.005))
    """
    most = max(values, default=0.0)
    if most <= 0:
        return 1.0, 0.2
    power = 10.0 ** floor(log10(most))
    step = next(part * power for part in (0.1, 0.2, 0.5, 1.0, 2.0) if most / (part * power) <= 6)
    return round(ceil(round(most / step, 9)) * step, 12), step
