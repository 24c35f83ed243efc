"""One decision under way: a version of an event, its announcements by kind, its times by number, who hears what.

The holders of accounts whose place is certain are the many and are decided in SQL (`fan_out`); accounts whose place is in
doubt and delegates by the same table in Python.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from everlit.notices.channel import Kind
from everlit.notices.delegates import Bundle, Delegation, bundles, news
from everlit.notices.model import Announcement, Happening, Spans
from everlit.notices.recipients import Concerned, spans_at
from everlit.notices.store import announcements, beliefs, doubt, fan_out
from everlit.notices.store.fan_out import When

Composed = Callable[[Happening, Kind, int], Mapping[str, Any]]


@dataclass
class Desk:
    """A decision. `composed` gives the body of an announcement, checked; `certain` from when a place counts as certain."""

    connection: Connection
    happening: Happening
    version: int
    when: When
    certain: float
    deadline_s: int | None
    composed: Composed
    numbers: dict[Kind, int] = field(default_factory=dict)
    spans: dict[Spans, int] = field(default_factory=dict)
    queued: Counter[str] = field(default_factory=Counter)

    def number(self, kind: Kind) -> int:
        """The announcement of a kind in this version; made when first asked for."""
        if kind not in self.numbers:
            said = self.happening
            made = Announcement(
                0, said.network, said.event_id, self.version, kind, self.when.now_s, self.when.not_after_s,
                self.deadline_s if kind is said.kind else None, self.composed(said, kind, self.version),
            )  # fmt: skip
            self.numbers[kind] = announcements.add_announcement(self.connection, made)
        return self.numbers[kind]

    def span(self, times: Spans) -> int:
        """The number of some times."""
        if times not in self.spans:
            self.spans[times] = announcements.span_number(self.connection, times)
        return self.spans[times]

    def told(self, kind: Kind, times: Callable[[Spans], Spans], *, waiting: bool) -> None:
        """A word to everybody who believes that supply is, or will be, off; with `waiting` to those as well whose first
        word has not left yet. Whoever would hear the same times once more hears nothing when it is a delay."""
        what = beliefs.believed(self.happening.event_id, before=self.version, waiting=waiting)
        for number, believed_times in beliefs.spans_in(self.connection, what):
            new = times(believed_times)
            if kind is Kind.DELAYED and new == believed_times:
                continue
            self.queued[kind] += fan_out.queue_told(
                self.connection, self.number(kind), what, believed_span=number, span_id=self.span(new), when=self.when
            )

    def close(self) -> None:
        """An announcement nobody gets was none; what is on its way and corrected is stale."""
        for number in self.numbers.values():
            announcements.drop_if_empty(self.connection, number)
        announcements.mark_stale(self.connection, self.happening.event_id, self.version)

    # ------------------------------------------------------------------------------------------------ holders
    def holders(self, *, spoken: bool) -> None:
        """The many. `spoken`: somebody was told about the event before."""
        said, connection, when = self.happening, self.connection, self.when
        loads: dict[int, tuple[str, ...]] = {}
        for group in said.groups:
            number = self.span(group.spans)
            loads[number] = loads.get(number, ()) + group.consumer_ids
        dark = fan_out.Dark(said.network, loads, self.certain)
        known = said.event_id if spoken else ""
        self.queued[said.kind] += fan_out.queue_dark(
            connection, self.number(said.kind), dark, when=when, event_id=known
        )  # fmt: skip
        for kind, queue in ((Kind.CHANGED, fan_out.queue_changed), (Kind.CANCELLED, fan_out.queue_cancelled)):
            if spoken:
                self.queued[kind] += queue(connection, self.number(kind), dark, when=when, event_id=known)

    def doubtful(self, concerned: Sequence[Concerned]) -> None:
        """Accounts whose place is in doubt."""
        told = beliefs.beliefs(self.connection, self.happening.event_id, doubtful_below=self.certain)
        believed = {one.account_no: (one.span_id, one.certain) for one in told}
        now = {one.account_no: (self.span(one.spans), one.certain) for one in concerned}
        self._queue(self.happening.kind, {number: what for number, what in now.items() if number not in believed})
        changed = {number: what for number, what in now.items() if believed.get(number, what) != what}
        self._queue(Kind.CHANGED, changed)
        self._queue(Kind.CANCELLED, {number: what for number, what in believed.items() if number not in now})

    def _queue(self, kind: Kind, told: Mapping[int, tuple[int, bool]]) -> None:
        rows = [doubt.Row(number, 0, span_id, certain) for number, (span_id, certain) in sorted(told.items())]
        self._put(kind, rows)

    def _put(self, kind: Kind, rows: Sequence[doubt.Row]) -> None:
        if rows:
            self.queued[kind] += doubt.queue_rows(self.connection, self.number(kind), rows, when=self.when)

    # ---------------------------------------------------------------------------------------------- delegates
    def delegates(self, concerned: Sequence[Concerned]) -> None:
        """Those who receive for several: one message for all accounts of each."""
        told = news(bundles(self._delegations(concerned), whole=self.happening.whole), self._believed())
        for kind, some in (
            (self.happening.kind, told.fresh),
            (Kind.CHANGED, told.changed),
            (Kind.CANCELLED, told.cancelled),
        ):
            rows = [
                doubt.Row(0, one.contact_no, self.span(one.spans), one.certain, one.priority, len(one.account_nos))
                for one in some
            ]
            self._put(kind, rows)
            if rows:
                doubt.cover(self.connection, self.number(kind), some)

    def _delegations(self, concerned: Sequence[Concerned]) -> list[Delegation]:
        said = self.happening
        unsure = {one.account_no: one for one in concerned}
        found = doubt.delegations_at(self.connection, said.network, said.groups, extra=unsure)
        spans_of = spans_at(said.groups, {load for _, _, load, _, _ in found})
        rows = []
        for contact_no, account_no, load, sure, priority in found:
            if account_no in unsure:
                one = unsure[account_no]
                rows.append(Delegation(contact_no, account_no, one.spans, one.certain, priority))
            elif sure >= self.certain and load in spans_of:
                rows.append(Delegation(contact_no, account_no, spans_of[load], True, priority))
        return rows

    def _believed(self) -> dict[int, Bundle]:
        told = beliefs.beliefs(self.connection, self.happening.event_id)
        if not told:
            return {}
        about = beliefs.covered_by(self.connection, told)
        times = dict(beliefs.spans_in(self.connection, beliefs.believed(self.happening.event_id)))
        return {
            one.contact_no: Bundle(one.contact_no, times[one.span_id], about[one.contact_no], one.certain, one.priority)
            for one in told
        }
