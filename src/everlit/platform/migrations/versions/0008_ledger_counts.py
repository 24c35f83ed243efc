"""What happened counts for the repeat limits by the ledger alone: the table of past outages beside it goes.

Outages imported into it are brought into the ledger by their file (`everlit ledger import`).
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.drop_table("planning_history")


def downgrade() -> None:
    op.create_table(
        "planning_history",
        sa.Column("network", sa.String(100), primary_key=True),
        sa.Column("outage_id", sa.String(120), primary_key=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
    )
