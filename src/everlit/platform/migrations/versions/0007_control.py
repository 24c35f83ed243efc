"""Steps of operation tickets as they were carried out."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "control_steps",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("outage_id", sa.String(120), nullable=False),
        sa.Column("way", sa.String(4), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("device", sa.String(200), nullable=False),
        sa.Column("left_out", sa.Boolean, nullable=False),
        sa.Column("note", sa.String(400), nullable=False),
    )
    op.create_index("ix_control_steps_outage", "control_steps", ["outage_id", "seq"])


def downgrade() -> None:
    op.drop_table("control_steps")
