"""Signals of faults, and how far each spool of them has been drained."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "faults_signals",
        sa.Column("spool", sa.String(32), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("network", sa.String(100), nullable=False),
        sa.Column("source", sa.String(120), nullable=False),
        sa.Column("source_id", sa.String(120), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("value", sa.Boolean, nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("offset_min", sa.SmallInteger, nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.UniqueConstraint("network", "source", "source_id"),
    )
    op.create_index("ix_faults_signals_occurred", "faults_signals", ["network", "occurred_at"])
    op.create_table(
        "faults_spools",
        sa.Column("spool", sa.String(32), primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("drained_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("faults_spools")
    op.drop_table("faults_signals")
