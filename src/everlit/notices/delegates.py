"""One message for somebody who receives for many (代收人): when the accounts behind it agree on the times, these; else
the whole announced period. A delegate is corrected when the times or the accounts behind the message have changed.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from everlit.notices.model import Spans


@dataclass(frozen=True, slots=True)
class Bundle:
    """What one delegate is told: the times, for which accounts, whether any of it is certain, how pressing."""

    contact_no: int
    spans: Spans
    account_nos: frozenset[int]
    certain: bool
    priority: int


@dataclass(frozen=True, slots=True)
class Delegation:
    """One account of one delegate that is told, with its times and priority."""

    contact_no: int
    account_no: int
    spans: Spans
    certain: bool
    priority: int


def bundles(rows: Iterable[Delegation], *, whole: Spans) -> list[Bundle]:
    """What every delegate is told, by contact number.

    >>> early, late = ((0, 60),), ((30, 90),)
    >>> rows = [Delegation(7, 1, early, True, 3), Delegation(7, 2, late, True, 0), Delegation(8, 1, early, False, 3)]
    >>> [(one.contact_no, one.spans, sorted(one.account_nos), one.priority) for one in bundles(rows, whole=((0, 90),))]
    [(7, ((0, 90),), [1, 2], 0), (8, ((0, 60),), [1], 3)]
    """
    grouped: dict[int, list[Delegation]] = defaultdict(list)
    for row in rows:
        grouped[row.contact_no].append(row)
    return [_bundle(number, mine, whole) for number, mine in sorted(grouped.items())]


def _bundle(contact_no: int, mine: list[Delegation], whole: Spans) -> Bundle:
    times = {row.spans for row in mine}
    return Bundle(
        contact_no,
        times.pop() if len(times) == 1 else whole,
        frozenset(row.account_no for row in mine),
        any(row.certain for row in mine),
        min(row.priority for row in mine),
    )


@dataclass(frozen=True, slots=True)
class News:
    """What delegates have to hear: the first word, a change, that it is off."""

    fresh: tuple[Bundle, ...]
    changed: tuple[Bundle, ...]
    cancelled: tuple[Bundle, ...]


def news(now: Iterable[Bundle], believed: Mapping[int, Bundle]) -> News:
    """The bundles now against what each delegate believes."""
    current = {bundle.contact_no: bundle for bundle in now}
    return News(
        tuple(bundle for number, bundle in current.items() if number not in believed),
        tuple(
            bundle
            for number, bundle in current.items()
            if number in believed and _told(believed[number]) != _told(bundle)
        ),
        tuple(bundle for number, bundle in believed.items() if number not in current),
    )


def _told(bundle: Bundle) -> tuple[Spans, frozenset[int]]:
    return bundle.spans, bundle.account_nos
