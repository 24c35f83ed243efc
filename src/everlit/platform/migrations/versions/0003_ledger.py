"""The ledger: batches, statements, the register of subjects, their dead intervals, and the same rows in columns."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def number(name: str, *, key: bool = False, big: bool = False) -> sa.Column[Any]:
    kind = sa.BigInteger if big else sa.Integer
    return sa.Column(name, kind, primary_key=key, autoincrement=False, nullable=False)


def words(name: str, length: int) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length), nullable=False)


def upgrade() -> None:
    op.create_table(
        "ledger_batches",
        number("number", key=True),
        words("network", 100),
        words("kind", 20),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        words("actor", 100),
        words("reason", 400),
    )
    op.create_index("ix_ledger_batches_network_known_at", "ledger_batches", ["network", "known_at"])
    op.create_table(
        "ledger_statements",
        number("number", key=True),
        number("batch"),
        words("network", 100),
        words("event_id", 120),
        words("nature", 40),
        words("cause", 40),
        words("source", 40),
        words("source_ref", 200),
        number("revision"),
        sa.Column("whole", sa.Boolean, nullable=False),
        words("content_hash", 64),
        number("rows"),
        number("starts_s", big=True),
        number("ends_s", big=True),
        sa.UniqueConstraint("network", "source", "source_ref", "revision"),
    )
    op.create_index("ix_ledger_statements_network_event_id", "ledger_statements", ["network", "event_id"])
    op.create_index("ix_ledger_statements_network_ends_s", "ledger_statements", ["network", "ends_s", "starts_s"])
    op.create_table(
        "ledger_subjects",
        number("number", key=True),
        words("network", 100),
        words("kind", 12),
        words("subject_id", 200),
        sa.UniqueConstraint("network", "kind", "subject_id"),
    )
    op.create_table(
        "ledger_intervals",
        number("subject", key=True),
        number("statement", key=True),
        number("starts_s", key=True, big=True),
        number("ends_s", big=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ledger_pieces",
        number("first_statement", key=True),
        number("last_statement"),
        words("network", 100),
        words("fingerprint", 64),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_ledger_pieces_network", "ledger_pieces", ["network"])


def downgrade() -> None:
    for table in ("ledger_pieces", "ledger_intervals", "ledger_subjects", "ledger_statements", "ledger_batches"):
        op.drop_table(table)
