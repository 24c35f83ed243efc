"""The tables of notices. What is unique about a message: reader, event, kind, version (one announcement), channel."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    text,
)

from everlit.platform.database import metadata

_SEQ = BigInteger().with_variant(Integer, "sqlite")

spans = Table(
    "notices_spans",
    metadata,
    Column("span_id", _SEQ, primary_key=True, autoincrement=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("body", JSON, nullable=False),
)
announcements = Table(
    "notices_announcements",
    metadata,
    Column("announcement_id", _SEQ, primary_key=True, autoincrement=True),
    Column("network", String(100), nullable=False),
    Column("event_id", String(120), nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("created_s", BigInteger, nullable=False),
    Column("not_after_s", BigInteger, nullable=False),
    Column("deadline_s", BigInteger),
    Column("body", JSON, nullable=False),
    UniqueConstraint("event_id", "version", "kind"),
    Index("ix_notices_announcements_network_created_s", "network", "created_s"),
)
outbox = Table(
    "notices_outbox",
    metadata,
    Column("notice_id", _SEQ, primary_key=True, autoincrement=True),
    Column("announcement_id", BigInteger, nullable=False),
    Column("account_no", BigInteger, nullable=False),
    Column("contact_no", BigInteger, nullable=False),
    Column("channel", String(20), nullable=False),
    Column("span_id", BigInteger, nullable=False),
    Column("certain", Boolean, nullable=False),
    Column("stale", Boolean, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("accounts", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("attempts", SmallInteger, nullable=False),
    Column("doubled", SmallInteger, nullable=False),
    Column("queued_s", BigInteger, nullable=False),
    Column("due_s", BigInteger, nullable=False),
    Column("not_after_s", BigInteger, nullable=False),
    Column("doubt_s", BigInteger, nullable=False),
    Column("sent_s", BigInteger, nullable=False),
    Column("token", String(32), nullable=False),
    Column("receipt", String(200), nullable=False),
    Column("detail", String(200), nullable=False),
    UniqueConstraint("account_no", "contact_no", "announcement_id", "channel"),
    Index("ix_notices_outbox_announcement_id", "announcement_id", "state", "channel"),
)
READY, IN_FLIGHT = text("state = 'queued'"), text("state IN ('sending', 'unknown', 'confirming')")
"""Predicates of the partial indexes; a query must carry the same words to be served by them."""
RECEIVED = text("receipt <> ''")
Index("ix_notices_outbox_ready", outbox.c.channel, outbox.c.priority, outbox.c.due_s,
      sqlite_where=READY, postgresql_where=READY)  # fmt: skip
Index("ix_notices_outbox_in_flight", outbox.c.channel, outbox.c.due_s,
      sqlite_where=IN_FLIGHT, postgresql_where=IN_FLIGHT)  # fmt: skip
Index("ix_notices_outbox_receipt", outbox.c.receipt, sqlite_where=RECEIVED, postgresql_where=RECEIVED)
covered = Table(
    "notices_covered",
    metadata,
    Column("announcement_id", BigInteger, primary_key=True),
    Column("contact_no", BigInteger, primary_key=True),
    Column("account_no", BigInteger, primary_key=True),
    Index("ix_notices_covered_account_no", "account_no"),
)
receipts = Table(
    "notices_receipts",
    metadata,
    Column("receipt_id", _SEQ, primary_key=True, autoincrement=True),
    Column("notice_id", BigInteger, nullable=False),
    Column("signed_by", String(100), nullable=False),
    Column("signed_at", DateTime(timezone=True), nullable=False),
    Column("how", String(20), nullable=False),
    Column("note", String(400), nullable=False),
    Column("entered_by", String(100), nullable=False),
    Index("ix_notices_receipts_notice_id", "notice_id"),
)
reconciliations = Table(
    "notices_reconciliations",
    metadata,
    Column("event_id", String(120), primary_key=True),
    Column("network", String(100), nullable=False),
    Column("month", String(7), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("body", JSON, nullable=False),
    Index("ix_notices_reconciliations_network", "network", "month"),
)
TABLES: tuple[Table, ...] = (spans, announcements, outbox, covered, receipts, reconciliations)
