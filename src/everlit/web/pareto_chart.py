"""A Pareto list (帕累托): the parts of a sum, largest first, each with its share and the share of all up to it."""

from collections.abc import Iterable
from dataclasses import dataclass

from everlit.kernel import Text

MOST = 12


@dataclass(frozen=True, slots=True)
class Share:
    """One part: customer-hours, percent of the whole, percent of the largest (the bar), percent up to here, its link."""

    label: Text
    hours: float
    percent: float
    bar: float
    upto: float
    link: str


def pareto(parts: Iterable[tuple[Text, float, str]], *, most: int = MOST) -> list[Share]:
    """The parts with hours, largest first, at most so many.

    >>> [
    ...     (one.hours, one.percent, one.bar, one.upto)
    ...     for one in pareto([(Text("a", ""), 1.0, ""), (Text("b", ""), 3.0, "")])
    ... ]
    [(3.0, 75.0, 100.0, 75.0), (1.0, 25.0, 33.333333333333336, 100.0)]
    """
    ranked = sorted((part for part in parts if part[1] > 0), key=lambda part: (-part[1], part[0].en))
    whole, upto, found = sum(hours for _, hours, _ in ranked), 0.0, list[Share]()
    for label, hours, link in ranked[:most]:
        upto += hours
        found.append(
            Share(label, hours, 100 * hours / whole, 100 * hours / ranked[0][1], round(100 * upto / whole, 6), link)
        )
    return found
