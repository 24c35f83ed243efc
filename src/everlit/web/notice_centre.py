"""The notice centre (通知中心): what needs somebody now, how the queue stands on each channel, what was said last.

States of the outbox are shown in five groups, so that a row reads from left to right as a message goes:

    waits ─► may have been sent ─► reached            failed: not on this channel       replaced by a later word
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from everlit.app import App
from everlit.kernel import Finding, Refusal
from everlit.notices.channels.rehearsal import FictionalGateway
from everlit.notices.model import FAILED, IN_DOUBT, REACHED, Announcement, State
from everlit.notices.reasons import reason, tried
from everlit.notices.reconcile import Why

GROUPS: Mapping[str, tuple[State, ...]] = {
    "waiting": (State.QUEUED,),
    "doubt": IN_DOUBT,
    "reached": REACHED,
    "failed": FAILED,
    "replaced": (State.SUPERSEDED,),
}
GROUP_OF = {state.value: group for group, states in GROUPS.items() for state in states}
MOST_EVENTS = 40
SHARES = ("recall", "precision", "accuracy")


@dataclass(frozen=True, slots=True)
class Line:
    """How many messages of one channel stand in each group; seconds the oldest waiting one waits (None: none waits)."""

    channel: str
    counts: Mapping[str, int]
    oldest_s: int | None
    served: bool


@dataclass(frozen=True, slots=True)
class Spoken:
    """An event with the last word about it and how many messages stand in each group."""

    last: Announcement
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Desk:
    """The page: `unserved` are channels with waiting messages that no setting opens; `refusal` why settings make no sense;
    `rehearsal` that nothing leaves this machine; `shown` the group all events of the list have messages in."""

    alarms: Sequence[Finding]
    lines: tuple[Line, ...]
    failures: Sequence[Mapping[str, Any]]
    events: tuple[Spoken, ...]
    months: Sequence[Mapping[str, Any]]
    refusal: Refusal | None
    rehearsal: bool = False
    shown: str = ""

    @property
    def unserved(self) -> tuple[Line, ...]:
        """Channels with messages that wait for nothing."""
        return tuple(one for one in self.lines if not one.served and one.counts["waiting"])

    @property
    def totals(self) -> Mapping[str, int]:
        """Messages in each group over all channels."""
        return {group: sum(line.counts[group] for line in self.lines) for group in GROUPS}


def read_desk(app: App, network: str, *, shown: str = "") -> Desk:
    """Everything the notice centre shows of a network, now; events with messages in a group alone when one is `shown`."""
    shown = shown if shown in GROUPS else ""
    centre, refusal, channels = app.notices.centre(), None, {}
    try:
        channels = app.channels()
    except Refusal as caught:
        refusal = caught
    rehearsal = any(isinstance(channel, FictionalGateway) for channel in channels.values())
    overview = app.notices.overview(network, limit=MOST_EVENTS)
    names = [one["event_id"] for one in overview["events"]]
    last = {one.event_id: one for one in centre.announced(network, since=app.clock(), events=names)} if names else {}
    spoken = [Spoken(last[one["event_id"]], grouped(one["states"].items())) for one in overview["events"]]
    return Desk(
        app.notices.alarms(network),
        _lines(centre.queue(network), frozenset(channels)),
        _reasoned(centre.failures(network)),
        tuple(one for one in spoken if not shown or one.counts[shown]),
        app.notices.trend(network)[::-1],
        refusal,
        rehearsal,
        shown,
    )


def _reasoned(failures: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [{**row, "why": reason(row["detail"]) if row["detail"] else None} for row in failures]


def _lines(queue: Sequence[Mapping[str, Any]], opened: frozenset[str]) -> tuple[Line, ...]:
    found = []
    for channel in dict.fromkeys(row["channel"] for row in queue):
        rows = [row for row in queue if row["channel"] == channel]
        waits = [row["oldest_s"] for row in rows if row["oldest_s"] is not None]
        counts = grouped((row["state"], row["count"]) for row in rows)
        found.append(Line(channel, counts, max(waits, default=None), channel in opened))
    return tuple(found)


def grouped(states: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Counts of states as counts of groups.

    >>> grouped([("queued", 2), ("accepted", 3), ("delivered", 1), ("expired", 1)])
    {'waiting': 2, 'doubt': 0, 'reached': 4, 'failed': 1, 'replaced': 0}
    """
    found = dict.fromkeys(GROUPS, 0)
    for state, count in states:
        found[GROUP_OF[state]] += count
    return found


def read_event(app: App, event_id: str) -> dict[str, Any]:
    """Everything the page of one event shows; raises UnableToFindNotice when nothing was said about it."""
    status, centre = app.notices.status(event_id), app.notices.centre()
    network = status["announcements"][-1]["network"]
    versions = centre.words(event_id)
    kinds = dict.fromkeys((row["version"], row["kind"], row["channel"]) for row in status["counts"])
    counts = [
        (*key, grouped((row["state"], row["count"]) for row in status["counts"]
                       if (row["version"], row["kind"], row["channel"]) == key))
        for key in sorted(kinds, reverse=True)
    ]  # fmt: skip
    signed = {one["account_id"] for one in status["receipts"]}
    return {
        "event_id": event_id,
        "of_network": network,
        "newest": versions[0],
        "earlier": versions[1:],
        "counts": counts,
        "perhaps_twice": status["perhaps_twice"],
        "unsigned": _first_of_each(one for one in status["unsigned"] if one["account_id"] not in signed),
        "receipts": status["receipts"],
        "failures": _reasoned(centre.failures(network, event_id)),
        "undelivered": [(one, tried(one.tried)) for one in centre.undelivered(event_id)],
        "uncertain": centre.uncertain(event_id),
        "found": centre.reconciliation(event_id),
        "alarms": [one for one in app.notices.alarms(network) if one.subject == event_id],
        "printed": any(channel == "door" and groups["replaced"] < sum(groups.values())
                       for *_, channel, groups in counts),
        "whys": [why.value for why in Why],
    }  # fmt: skip


def _first_of_each(unsigned: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """One line for each account, however many versions it has not signed for."""
    return list({one["account_id"]: one for one in unsigned}.values())
