"""What anybody may know of an outage: the noun that the feeds (iCalendar, CAP, ODIN) are made of.

It holds no customer and no address: when, where about, why, how many. Each version of an event is one `PublicOutage`;
`before` names the earlier versions, which a correction has to refer to.
"""

from dataclasses import dataclass
from datetime import datetime

from everlit.kernel import Period, Text
from everlit.notices.channel import Kind

NOBODY = Text("", "")
OVER = frozenset({Kind.RESTORED, Kind.RESTORED_EARLY})


@dataclass(frozen=True, slots=True)
class Place:
    """A point on the map, degrees in WGS 84."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Issued:
    """One version of an event and when it was made public."""

    version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class PublicOutage:
    """One version of one outage. `period.end` is the planned or estimated restoration, or the actual one when it is over.

    `affected` counts the customers without supply by this version, `at_first` those at the beginning, `served` all
    customers of the area; `tentative` says that the area may be affected, not that it will be.
    """

    event_id: str
    version: int
    kind: Kind
    issued: datetime
    period: Period
    title: Text
    body: Text
    area: Text
    cause: Text
    affected: int
    at_first: int | None = None
    served: int | None = None
    places: tuple[Place, ...] = ()
    instruction: Text = NOBODY
    contact: str = ""
    cause_kind: str = ""
    tentative: bool = False
    before: tuple[Issued, ...] = ()

    @property
    def cancelled(self) -> bool:
        """True when the outage will not take place."""
        return self.kind is Kind.CANCELLED

    @property
    def over(self) -> bool:
        """True when supply is back."""
        return self.kind in OVER

    def under_way(self, now: datetime) -> bool:
        """True when supply is interrupted at `now` as far as is known: a late restoration is no restoration."""
        return not self.cancelled and not self.over and self.period.start <= now
