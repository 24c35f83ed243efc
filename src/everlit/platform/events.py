"""The event log (事件): every change is a fact with who, in which role, when, about what. Rows are only added.

An event's body carries ids, not objects. `seq` orders all events; a subject's history is its events in that order.
Nothing is recorded, and so nothing is changed, without the name of who acts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Connection, DateTime, Index, Integer, String, Table, insert, select

from everlit.kernel import Finding, Refusal, Text
from everlit.platform.database import metadata

LONGEST_NAME = 100

events = Table(
    "events",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", String(LONGEST_NAME), nullable=False),
    Column("role", String(40), nullable=False),
    Column("kind", String(80), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("body", JSON, nullable=False),
    Index("ix_events_subject", "subject", "seq"),
)


class UnableToAct(Refusal):
    """A change needs a person and a known role."""

    title = Text(en="Nobody was named for this change.", zh="未指明操作人。")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and in which role. Picked at entry until identities exist; `record` refuses an actor without a name."""

    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Event:
    """One recorded fact."""

    seq: int
    at: datetime
    actor: Actor
    kind: str
    subject: str
    body: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "seq": self.seq,
            "at": self.at.isoformat(),
            "actor": self.actor.name,
            "role": self.actor.role,
            "kind": self.kind,
            "subject": self.subject,
            "body": dict(self.body),
        }


def nameless(name: str) -> Finding | None:
    """Why a text is nobody's name; None when it is one.

    >>> nameless("Li"), nameless("  ").kind, nameless("x" * 101).kind
    (None, 'actor.name', 'actor.name')
    """
    if name.strip() and len(name) <= LONGEST_NAME and name.isprintable():
        return None
    words = Text(
        en=f"Name who acts, in at most {LONGEST_NAME} printable letters.",
        zh=f"请指明操作人，姓名最多{LONGEST_NAME}个可见字符。",
    )
    return Finding("actor.name", name[:LONGEST_NAME].strip() or "?", words)


def record(
    connection: Connection,
    *,
    actor: Actor,
    at: datetime,
    kind: str,
    subject: str,
    body: Mapping[str, Any] | None = None,
) -> int:
    """Append one event inside the caller's transaction and return its sequence number; raises UnableToAct."""
    if (reason := nameless(actor.name)) is not None:
        raise UnableToAct(reason)
    who = {"actor": actor.name, "role": actor.role}
    query = (
        insert(events).values(at=at, **who, kind=kind, subject=subject, body=dict(body or {})).returning(events.c.seq)
    )
    return int(connection.execute(query).scalar_one())


def history(
    connection: Connection, *, subject: str | None = None, after: int = 0, limit: int = 200, newest: bool = False
) -> list[Event]:
    """Events of one subject (or all) after a sequence number, oldest first unless `newest`."""
    query = select(events).where(events.c.seq > after).limit(limit)
    query = query.order_by(events.c.seq.desc() if newest else events.c.seq)
    if subject is not None:
        query = query.where(events.c.subject == subject)
    return [
        Event(row.seq, aware(row.at), Actor(row.actor, row.role), row.kind, row.subject, row.body)
        for row in connection.execute(query)
    ]


def aware(instant: datetime) -> datetime:
    """SQLite forgets the offset of what it keeps; everything kept is UTC."""
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
