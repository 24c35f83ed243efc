"""What the notice centre shows (通知中心): how the queue stands, what failed and why, what was said in which words, to whom
in doubt. Addresses and names are not read here.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.sql.selectable import Select

from everlit.customers.store import accounts
from everlit.notices.content.compose import fill, said
from everlit.notices.content.sms import parts
from everlit.notices.content.texts import FORMS, LANGUAGES, READERS
from everlit.notices.model import FAILED, IN_DOUBT, Announcement, Spans, State, seconds
from everlit.notices.store.queue import announcement_of, kept_spans
from everlit.notices.store.tables import announcements, outbox, reconciliations
from everlit.notices.store.undelivered import Undelivered, undelivered
from everlit.platform.database import reading

BEHIND = timedelta(days=1)
"""The centre shows what is of use, or was until a day ago."""
MOST_FAILURES = 100
MOST_UNCERTAIN = 500
ANYBODY = "****"
"""Stands for the last four letters of an account's number."""


@dataclass(frozen=True, slots=True)
class Centre:
    """Reads of one store at the moment of its clock."""

    engine: Engine
    clock: Callable[[], datetime]
    zone: tzinfo

    def queue(self, network: str) -> list[dict[str, Any]]:
        """Messages of what is of use by channel and state; `oldest_s` is how long the oldest waiting one waits."""
        now = self.clock()
        columns = (outbox.c.channel, outbox.c.state)
        query = select(*columns, func.count().label("count"), func.min(outbox.c.queued_s).label("since"))
        query = query.where(outbox.c.announcement_id.in_(_current(network, now))).group_by(*columns).order_by(*columns)
        with reading(self.engine) as connection:
            rows = connection.execute(query).all()
        waits = (State.QUEUED, *IN_DOUBT)
        return [
            {
                "channel": row.channel, "state": row.state, "count": row.count,
                "oldest_s": max(seconds(now) - row.since, 0) if row.state in waits else None,
            }
            for row in rows
        ]  # fmt: skip

    def failures(self, network: str, event_id: str = "") -> list[dict[str, Any]]:
        """What could not be told and why, most frequent first: of an event, or of everything that is of use."""
        columns = (announcements.c.event_id, outbox.c.channel, outbox.c.state, outbox.c.detail)
        count = func.count()
        query = select(*columns, count.label("count"), func.min(accounts.c.account_id).label("account_id"))
        query = query.select_from(
            outbox.join(announcements, announcements.c.announcement_id == outbox.c.announcement_id).join(
                accounts, accounts.c.account_no == outbox.c.account_no, isouter=True
            )
        )
        about = announcements.c.event_id == event_id if event_id else outbox.c.announcement_id.in_(
            _current(network, self.clock())
        )  # fmt: skip
        query = query.where(about, outbox.c.state.in_([state.value for state in FAILED]))
        query = query.group_by(*columns).order_by(count.desc(), *columns).limit(MOST_FAILURES)
        with reading(self.engine) as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    def undelivered(self, event_id: str) -> list[Undelivered]:
        """Who cannot be told by any channel, by the last word about an event."""
        with reading(self.engine) as connection:
            return undelivered(connection, event_id)

    def words(self, event_id: str) -> list[dict[str, Any]]:
        """Every version of what was said about an event in its words, newest first: by language, form and reader."""
        with reading(self.engine) as connection:
            query = select(announcements).where(announcements.c.event_id == event_id)
            rows = connection.execute(query.order_by(announcements.c.announcement_id.desc())).all()
            return [self._worded(connection, announcement_of(row)) for row in rows]

    def _worded(self, connection: Connection, one: Announcement) -> dict[str, Any]:
        times = _times(connection, one.announcement_id)
        spans = times[0][0] if times else ()
        texts = one.body["texts"]
        shown = {language: {form: self._form(texts[language][form], language, spans) for form in FORMS}
                 for language in LANGUAGES}  # fmt: skip
        told = [
            {"when": {language: said(some, language=language, zone=self.zone) for language in LANGUAGES}, "readers": n}
            for some, n in times
        ]
        return {**one.as_json(), "texts": shown, "times": told}

    def _form(self, text: Mapping[str, str], language: str, spans: Spans) -> dict[str, Any]:
        slots = {"when": said(spans, language=language, zone=self.zone), "tail": ANYBODY, "count": "N"}
        filled = {reader: fill(text[reader], **slots) for reader in READERS}
        return {"title": text["title"], **filled, "sms_parts": parts(filled["reader"])}

    def uncertain(self, event_id: str) -> list[dict[str, Any]]:
        """Accounts that were told that they may be affected, because nobody is sure where they hang, by the last word."""
        columns = (
            accounts.c.account_id, accounts.c.consumer_id, accounts.c.link_probability, outbox.c.channel, outbox.c.state,
        )  # fmt: skip
        newest = select(func.max(announcements.c.version)).where(announcements.c.event_id == event_id).scalar_subquery()
        query = (
            select(*columns)
            .join_from(outbox, announcements, announcements.c.announcement_id == outbox.c.announcement_id)
            .join(accounts, accounts.c.account_no == outbox.c.account_no)
            .where(announcements.c.event_id == event_id, announcements.c.version == newest, ~outbox.c.certain)
            .order_by(accounts.c.account_id)
            .limit(MOST_UNCERTAIN)
        )
        with reading(self.engine) as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    def reconciliation(self, event_id: str) -> dict[str, Any] | None:
        """What comparing who was told with who was off found; None before that."""
        query = select(reconciliations).where(reconciliations.c.event_id == event_id)
        with reading(self.engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else {"event_id": event_id, "month": row.month, **row.body}

    def announced(self, network: str, *, since: datetime, events: Collection[str] = ()) -> list[Announcement]:
        """All versions of the events that were of use after an instant, or of some events."""
        lasting = select(announcements.c.event_id).where(
            announcements.c.network == network, announcements.c.not_after_s >= seconds(since)
        )
        about = announcements.c.event_id.in_(list(events) or lasting)
        query = select(announcements).where(announcements.c.network == network, about)
        with reading(self.engine) as connection:
            rows = connection.execute(query.order_by(announcements.c.announcement_id)).all()
        return [announcement_of(row) for row in rows]

    def loads(self, events: Sequence[str]) -> dict[str, list[str]]:
        """The loads whose accounts were told of each event."""
        query = (
            select(announcements.c.event_id, accounts.c.consumer_id)
            .join_from(outbox, announcements, announcements.c.announcement_id == outbox.c.announcement_id)
            .join(accounts, accounts.c.account_no == outbox.c.account_no)
            .where(announcements.c.event_id.in_(list(events)))
            .distinct()
        )
        found: dict[str, list[str]] = {}
        with reading(self.engine) as connection:
            for event_id, load in connection.execute(query):
                found.setdefault(event_id, []).append(load)
        return found


def _current(network: str, now: datetime) -> Select[Any]:
    """The numbers of announcements of a network that are of use, or were lately."""
    query = select(announcements.c.announcement_id).where(announcements.c.network == network)
    return query.where(announcements.c.not_after_s >= seconds(now - BEHIND))


def _times(connection: Connection, announcement_id: int) -> list[tuple[Spans, int]]:
    """The times an announcement tells, those of most readers first, with how many are told them."""
    count = func.count()
    query = select(outbox.c.span_id, count).where(outbox.c.announcement_id == announcement_id)
    rows = connection.execute(query.group_by(outbox.c.span_id).order_by(count.desc(), outbox.c.span_id)).all()
    return [(kept_spans(connection, number), int(many)) for number, many in rows]
