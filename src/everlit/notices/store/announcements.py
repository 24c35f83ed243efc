"""What was said about an event: versions, their times, and what a new version does to the messages of the older ones."""

from typing import Any

from sqlalchemy import Connection, delete, exists, func, insert, select, update
from sqlalchemy.sql.selectable import Select

from everlit.kernel import fingerprint
from everlit.notices.model import IN_DOUBT, Announcement, Spans, State
from everlit.notices.store.tables import announcements, outbox, spans


def newest_version(connection: Connection, event_id: str) -> int:
    """The newest version of what was said about an event, 0 when nothing was."""
    query = select(func.max(announcements.c.version)).where(announcements.c.event_id == event_id)
    return int(connection.execute(query).scalar() or 0)


def add_announcement(connection: Connection, made: Announcement) -> int:
    """Keep an announcement and return its number."""
    row = {
        "network": made.network,
        "event_id": made.event_id,
        "version": made.version,
        "kind": made.kind.value,
        "created_s": made.created_s,
        "not_after_s": made.not_after_s,
        "deadline_s": made.deadline_s,
        "body": dict(made.body),
    }
    query = insert(announcements).values(row).returning(announcements.c.announcement_id)
    return int(connection.execute(query).scalar_one())


def span_number(connection: Connection, told: Spans) -> int:
    """The number of some times; the same times have the same number in every event."""
    body = [list(span) for span in told]
    digest = fingerprint(body)
    number = connection.execute(select(spans.c.span_id).where(spans.c.digest == digest)).scalar()
    if number is None:
        query = insert(spans).values(digest=digest, body=body).returning(spans.c.span_id)
        number = connection.execute(query).scalar_one()
    return int(number)


def supersede(connection: Connection, event_id: str, *, now_s: int, before: int | None = None) -> int:
    """Take back what is queued about an event (before a version) and was not sent; returns how many."""
    query = update(outbox).where(
        outbox.c.announcement_id.in_(of_event(event_id, before=before)), outbox.c.state == State.QUEUED.value
    )
    values = {"state": State.SUPERSEDED.value, "due_s": now_s, "token": ""}
    return int(connection.execute(query.values(values)).rowcount)


def drop_if_empty(connection: Connection, announcement_id: int) -> None:
    """Forget an announcement that no message carries."""
    some = exists().where(outbox.c.announcement_id == announcement_id)
    query = delete(announcements).where(announcements.c.announcement_id == announcement_id, ~some)
    connection.execute(query)


def mark_stale(connection: Connection, event_id: str, version: int) -> None:
    """What is on its way to readers whom `version` tells something else is never tried again."""
    newer, theirs = outbox.alias("newer"), announcements.alias("theirs")
    corrected = exists().where(
        newer.c.account_no == outbox.c.account_no,
        newer.c.contact_no == outbox.c.contact_no,
        newer.c.announcement_id == theirs.c.announcement_id,
        theirs.c.event_id == event_id,
        theirs.c.version == version,
    )
    query = update(outbox).where(
        outbox.c.announcement_id.in_(of_event(event_id, before=version)),
        outbox.c.state.in_([state.value for state in IN_DOUBT]),
        corrected,
    )
    connection.execute(query.values(stale=True))


def of_event(event_id: str, *, before: int | None = None) -> Select[Any]:
    """The numbers of what was said about an event (before a version), as a query."""
    query = select(announcements.c.announcement_id).where(announcements.c.event_id == event_id)
    return query if before is None else query.where(announcements.c.version < before)
