"""The event log, network versions and switch operations."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(80), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
    )
    op.create_index("ix_events_subject", "events", ["subject", "seq"])
    op.create_table(
        "network_versions",
        sa.Column("network", sa.String(100), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("manifest", sa.JSON, nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "network_tables",
        sa.Column("network", sa.String(100), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("parquet", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["network", "version"], ["network_versions.network", "network_versions.version"]),
    )
    op.create_table(
        "switch_operations",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("network", sa.String(100), nullable=False),
        sa.Column("switch_id", sa.String(200), nullable=False),
        sa.Column("closed", sa.Boolean, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_switch_operations_network_at", "switch_operations", ["network", "at"])


def downgrade() -> None:
    for table in ("switch_operations", "network_tables", "network_versions", "events"):
        op.drop_table(table)
